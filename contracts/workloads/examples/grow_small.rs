//! 4,000 times a vector of bytes grown to 400 by pieces of 50, the one before still alive; some 4 MB.

use std::hint::black_box;

workloads::workload!(run);

fn run() -> u64 {
    let mut sum = 0;
    let mut before = Vec::new();
    for number in 0..4000u32 {
        let mut bytes = Vec::new();
        for piece in 0..8u8 {
            bytes.extend_from_slice(&black_box([piece ^ number as u8; 50]));
        }
        sum = workloads::mix(sum, u64::from(bytes[399]) + before.len() as u64);
        before = black_box(bytes);
    }
    sum
}
