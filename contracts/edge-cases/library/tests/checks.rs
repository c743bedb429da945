//! Tests each check against correct lists of blocks and lists with one fault.

use edge_cases_library::{
    checks::{self, Failed},
    record::Block,
    units::{Address, Bytes, PAGE, Pages},
};

const P: u32 = PAGE.0;

/// Address and size of each block.
type Blocks<'a> = &'a [(u32, u32)];

fn blocks(list: Blocks) -> Vec<Block> {
    list.iter()
        .map(|&(address, size)| Block {
            address: Address(address),
            size: Bytes(size),
        })
        .collect()
}

#[track_caller]
fn check(name: &str, found: Failed, expected: Failed) {
    assert_eq!(found, expected, "{name}");
}

/// Theorem: `sound` finds exactly the blocks that are null, misaligned, beyond memory, or overlapping.
#[test]
fn sound() {
    let top = u32::MAX;
    let cases: &[(&str, Blocks, usize, u32, Failed)] = &[
        ("no blocks", &[], 1, 1, Failed::NOTHING),
        ("side by side", &[(8, 8), (16, 8)], 8, 1, Failed::NOTHING),
        (
            "side by side, downwards",
            &[(16, 8), (8, 8)],
            8,
            1,
            Failed::NOTHING,
        ),
        (
            "one inside the other, but empty",
            &[(8, 8), (12, 0)],
            1,
            1,
            Failed::NOTHING,
        ),
        (
            "two empty in one place",
            &[(8, 0), (8, 0)],
            1,
            1,
            Failed::NOTHING,
        ),
        (
            "up to the end of memory",
            &[(8, P - 8)],
            1,
            1,
            Failed::NOTHING,
        ),
        (
            "up to the end of the address space",
            &[(1, top)],
            1,
            65_536,
            Failed::NOTHING,
        ),
        ("refused", &[(0, 8)], 8, 1, Failed::NULL),
        (
            "refused, and nobody's neighbour",
            &[(0, 16), (8, 8)],
            8,
            1,
            Failed::NULL,
        ),
        ("odd", &[(9, 8)], 2, 1, Failed::MISALIGNED),
        ("half aligned", &[(12, 8)], 8, 1, Failed::MISALIGNED),
        ("one byte too far", &[(8, P - 7)], 1, 1, Failed::OUTSIDE),
        ("around the end", &[(top, 2)], 1, 65_536, Failed::OUTSIDE),
        ("the same twice", &[(8, 8), (8, 8)], 8, 1, Failed::OVERLAP),
        ("one shared byte", &[(8, 8), (15, 8)], 1, 1, Failed::OVERLAP),
        (
            "one inside the other",
            &[(8, 8), (10, 2)],
            1,
            1,
            Failed::OVERLAP,
        ),
        (
            "one around the other",
            &[(10, 2), (8, 8)],
            1,
            1,
            Failed::OVERLAP,
        ),
        (
            "first and last",
            &[(8, 8), (16, 8), (15, 1)],
            1,
            1,
            Failed::OVERLAP,
        ),
    ];
    for &(name, list, alignment, memory, expected) in cases {
        check(
            name,
            checks::sound(&blocks(list), alignment, Pages(memory)),
            expected,
        );
    }
}

/// Theorem: `packed` accepts exactly a bump allocator's answers to the sequence.
#[test]
fn packed() {
    const RIGHT: [(u32, u32); 7] = [
        (100, 0),
        (100, 0),
        (100, P - 100),
        (P, 1),
        (P + 1, P - 1),
        (2 * P, 4 * P),
        (6 * P, 7),
    ];
    let with = |index: usize, block| {
        let mut list = RIGHT;
        list[index] = block;
        list
    };
    let cases: &[(&str, Blocks, u32, u32, Failed)] = &[
        ("as it must be", &RIGHT, 1, 7, Failed::NOTHING),
        (
            "nothing after the four pages",
            &RIGHT[..6],
            1,
            6,
            Failed::NOTHING,
        ),
        (
            "fewer than the fixed requests",
            &RIGHT[..5],
            1,
            2,
            Failed::NOT_PACKED,
        ),
        (
            "requests for nothing move",
            &with(1, (101, 0)),
            1,
            7,
            Failed::NOT_PACKED,
        ),
        (
            "the first page is not filled",
            &with(2, (100, P - 101)),
            1,
            7,
            Failed::NOT_PACKED,
        ),
        (
            "the lone byte leaves a gap",
            &with(3, (P + 1, 1)),
            1,
            7,
            Failed::NOT_PACKED,
        ),
        (
            "a gap in the end",
            &with(6, (6 * P + 1, 7)),
            1,
            7,
            Failed::NOT_PACKED,
        ),
        (
            "downwards",
            &with(6, (6 * P - 7, 7)),
            1,
            6,
            Failed::NOT_PACKED,
        ),
        (
            "a page too many in the end",
            &RIGHT,
            1,
            8,
            Failed::NOT_PACKED,
        ),
        (
            "a page too few in the end",
            &RIGHT,
            1,
            6,
            Failed::NOT_PACKED,
        ),
        (
            "another size of memory before",
            &RIGHT,
            2,
            7,
            Failed::NOT_PACKED,
        ),
    ];
    for &(name, list, before, memory, expected) in cases {
        check(
            name,
            checks::packed(&blocks(list), Pages(before), Pages(memory)),
            expected,
        );
    }
}

/// Theorem: `zeroed` checks both ends of a block and each page's distance from its beginning, and nothing else.
#[test]
fn zeroed() {
    let cases: &[(&str, Blocks, u32, Failed)] = &[
        ("before the block", &[(100, 10)], 99, Failed::NOTHING),
        ("first byte", &[(100, 10)], 100, Failed::NOT_ZEROED),
        ("last byte", &[(100, 10)], 109, Failed::NOT_ZEROED),
        ("behind the block", &[(100, 10)], 110, Failed::NOTHING),
        ("the only byte", &[(100, 1)], 100, Failed::NOT_ZEROED),
        ("an empty block", &[(100, 0)], 100, Failed::NOTHING),
        ("a refused block", &[(0, 10)], 9, Failed::NOTHING),
        (
            "a page further",
            &[(100, 3 * P)],
            100 + P,
            Failed::NOT_ZEROED,
        ),
        (
            "two pages further",
            &[(100, 3 * P)],
            100 + 2 * P,
            Failed::NOT_ZEROED,
        ),
        (
            "three pages further, behind the block",
            &[(100, 3 * P)],
            100 + 3 * P,
            Failed::NOTHING,
        ),
        (
            "the second block",
            &[(100, 10), (200, 10)],
            209,
            Failed::NOT_ZEROED,
        ),
        (
            "up to the end of the address space",
            &[(1, u32::MAX)],
            u32::MAX,
            Failed::NOT_ZEROED,
        ),
    ];
    for &(name, list, dirty, expected) in cases {
        let byte = |address| u8::from(address == Address(dirty));
        check(name, checks::zeroed(&blocks(list), byte), expected);
    }
}
