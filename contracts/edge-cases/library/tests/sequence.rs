//! The sequence over arithmetic heaps, up to the end of a 32-bit address space.

use edge_cases_library::{
    checks::{self, Failed},
    model::Model,
    record::{Block, Record},
    sequence::{self, ALIGNMENT, Heap, Packed, PageLimit},
    units::{Address, Bytes, PAGE, Pages},
};

/// Runs the sequence and makes the checks that hold for the kind of heap.
#[track_caller]
fn check(base: u32, memory: u32, header: u32, limit: u32, expected: Failed) -> Model<true> {
    let mut heap = Model::<true>::new(Address(base), Pages(memory), Bytes(header));
    let limit = PageLimit::new(Pages(limit)).expect("the cases stay below the highest limit");
    let finished = sequence::run(&mut heap, limit);

    let blocks = heap.record().blocks();
    let mut failed = checks::sound(blocks, ALIGNMENT, heap.in_use());
    if header == 0 {
        failed |= checks::packed(blocks, Pages(memory), heap.in_use());
    }
    failed.unless(finished, Failed::UNFINISHED);
    assert_eq!(
        failed, expected,
        "base {base}, {memory} pages, header {header}, {limit:?}"
    );
    heap
}

/// Theorem: a bump allocator meets every request of the sequence, wherever its heap begins and whatever the limit; memory ends
/// below the size that the limit's VM permits.
#[test]
fn a_bump_allocator_meets_every_request() {
    for base in [1, 1024, 32_768, 33_728, 40_001, 65_500, 65_535] {
        for limit in 0..=256 {
            check(base, 1, 0, limit, Failed::NOTHING);
        }
        let on_chain = check(base, 1, 0, 64, Failed::NOTHING);
        assert!(on_chain.in_use() <= Pages(128), "{:?}", on_chain.in_use());
        for limit in [1024, 4096, 32_768, 65_535, 65_536] {
            let heap = check(base, 1, 0, limit, Failed::NOTHING);
            assert!(heap.in_use() < PageLimit::HIGHEST, "{:?}", heap.in_use());
        }
    }
    for memory in [2, 17] {
        check(memory * PAGE.0 - 1, memory, 0, 64, Failed::NOTHING);
        check(memory * PAGE.0 - 1, memory, 0, 65_536, Failed::NOTHING);
    }
}

/// Theorem: the sequence asks nothing impossible of an allocator that puts a header before each block.
#[test]
fn headers_are_no_failure() {
    for header in [1, 4, 8, 16] {
        for limit in [64, 1024, 65_536] {
            check(32_768, 1, header, limit, Failed::NOTHING);
        }
    }
}

/// Theorem: the sequence is the published one; these are its first blocks in a heap that begins at 1,000, computed by
/// hand.
#[test]
fn begins_as_documented() {
    let heap = check(1000, 1, 0, 65_536, Failed::NOTHING);
    let page = PAGE.0;
    // The first pseudo-random number; mod 4 it is 3.
    let random = 1_013_904_223 % (200 * page);
    let expected = [0, 0, page - 1000, 1, page - 1, 4 * page, 0, random];
    let sizes: Vec<u32> = heap
        .record()
        .blocks()
        .iter()
        .map(|block| block.size.0)
        .collect();
    assert_eq!(sizes[..expected.len()], expected);
}

/// Theorem: a request of the third kind asks for what is left, and then for as many bytes as that block's address.
#[test]
fn what_is_left_then_its_address() {
    let heap = check(1000, 1, 0, 65_536, Failed::NOTHING);
    let blocks = heap.record().blocks();
    let doubled = blocks[6..].windows(2).any(|pair| {
        let fills_a_page = (pair[0].address.0 + pair[0].size.0).is_multiple_of(PAGE.0);
        fills_a_page && pair[1].size.0 == pair[0].address.0
    });
    assert!(doubled, "{blocks:?}");
}

/// Theorem: a heap that never grows ends the sequence when the record is full, and the result says that it did not finish.
#[test]
fn a_heap_that_cannot_grow_ends() {
    let mut heap = Stuck(Record::new());
    let limit = PageLimit::new(Pages(64)).expect("64 pages exist");
    assert!(!sequence::run(&mut heap, limit));
    let noted = heap.0.blocks().len();
    assert!(
        (Record::CAPACITY - 3..=Record::CAPACITY).contains(&noted),
        "{noted}"
    );
    let failed = checks::sound(heap.0.blocks(), ALIGNMENT, heap.in_use());
    assert_eq!(failed, Failed::NULL | Failed::OUTSIDE);
}

/// Theorem: with `packed`, any heap gets the requests that a bump allocator gets if its heap begins in the middle of its only page.
#[test]
fn packed_requests_are_a_bump_allocators() {
    let sizes = |blocks: &[Block]| blocks.iter().map(|block| block.size).collect::<Vec<_>>();
    for limit in [8, 64, 256] {
        let bump = check(PAGE.0 / 2, 1, 0, limit, Failed::NOTHING);
        let limit = PageLimit::new(Pages(limit)).expect("so many pages exist");
        for header in [0, 8] {
            let mut heap = Model::<false>::new(Address(9), Pages(3), Bytes(header));
            assert!(sequence::run(&mut Packed::new(&mut heap), limit));
            assert_eq!(sizes(heap.record().blocks()), sizes(bump.record().blocks()));
        }
        let mut stuck = Stuck(Record::new());
        assert!(sequence::run(&mut Packed::new(&mut stuck), limit));
        assert_eq!(sizes(stuck.0.blocks()), sizes(bump.record().blocks()));
    }
}

/// A heap that refuses everything.
struct Stuck(Record);

impl Heap for Stuck {
    fn request(&mut self, size: Bytes) -> Address {
        self.0.note(Block {
            address: Address::NULL,
            size,
        });
        Address::NULL
    }

    fn in_use(&self) -> Pages {
        Pages(1)
    }

    fn record(&self) -> &Record {
        &self.0
    }
}

/// Theorem: limits are those of a 32-bit address space, and the largest requests scale with them.
#[test]
fn limits() {
    let cases: &[(u32, Option<(u32, u32)>)] = &[
        (0, Some((0, 1))),
        (1, Some((0, 200))),
        (7, Some((3, 1_400))),
        (64, Some((32, 12_800))),
        (65_536, Some((32_768, 200 * PAGE.0))),
        (65_537, None),
        (u32::MAX, None),
    ];
    for &(pages, expected) in cases {
        let limit = PageLimit::new(Pages(pages));
        let found = limit.map(|limit| (limit.half().0, limit.largest().0));
        assert_eq!(found, expected, "{pages} pages");
    }
}
