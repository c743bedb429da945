//! 1,000 times a vector of 100 bytes, made and dropped.

use std::hint::black_box;

workloads::workload!(run);

fn run() -> u64 {
    let mut sum = 0;
    for number in 0..1000u32 {
        let vector = black_box(vec![number as u8; 100]);
        sum = workloads::mix(sum, u64::from(vector[99]));
    }
    sum
}
