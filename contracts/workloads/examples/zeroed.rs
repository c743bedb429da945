//! 100 zeroed buffers of 1,000 bytes, each written to in one place.

use std::hint::black_box;

workloads::workload!(run);

fn run() -> u64 {
    let mut sum = 0;
    for number in 0..100usize {
        let mut buffer = black_box(vec![0u8; 1000]);
        buffer[number] = 1;
        sum = workloads::mix(sum, u64::from(buffer[number / 2]));
    }
    sum
}
