//! 2,200 times a vector grown from 1 to 2 to 4 KiB and dropped; some 15 MB.

use std::hint::black_box;

workloads::workload!(run, floor: 256);

fn run() -> u64 {
    let mut sum = 0;
    for number in 0..2200u32 {
        let mut bytes: Vec<u8> = Vec::with_capacity(1024);
        bytes.push(number as u8);
        let mut bytes = black_box(bytes);
        bytes.reserve_exact(2048 - 1);
        bytes.push(black_box(number as u8));
        bytes.reserve_exact(4096 - 2);
        bytes = black_box(bytes);
        sum = workloads::mix(sum, u64::from(bytes[1]) + bytes.capacity() as u64);
    }
    sum
}
