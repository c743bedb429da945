//! The sizes of the published edge cases, as vectors that are kept: nothing, a byte, a page and more, four pages, then 40
//! pseudo-random ones below a kibibyte, a page, or 12,800 bytes.

use std::hint::black_box;

workloads::workload!(run);

fn run() -> u64 {
    let mut kept = Vec::with_capacity(64);
    for size in [0, 1, 65_535, 65_536, 65_537, 4 * 65_536] {
        kept.push(black_box(Vec::<u8>::with_capacity(size)));
    }
    let mut x = 0u32;
    for _ in 0..40 {
        x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let size = match x % 4 {
            0 => x % 1024,
            1 => x % 65_536,
            2 => 0,
            _ => x % 12_800,
        };
        kept.push(black_box(Vec::with_capacity(size as usize)));
    }
    kept.iter().fold(0, |sum, vector| {
        workloads::mix(sum, vector.capacity() as u64)
    })
}
