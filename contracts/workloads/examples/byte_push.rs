//! A vector grown byte by byte to 20,000, from nothing.

use std::hint::black_box;

workloads::workload!(run);

fn run() -> u64 {
    let mut bytes = Vec::new();
    for number in 0..20_000u32 {
        bytes.push(black_box(number as u8));
    }
    workloads::mix(u64::from(bytes[1234]), bytes.len() as u64)
}
