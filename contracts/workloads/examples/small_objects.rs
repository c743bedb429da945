//! 2,000 boxes of 4, 8, 16 and 24 bytes, made and dropped at once.

use std::hint::black_box;

workloads::workload!(run);

fn run() -> u64 {
    let mut sum = 0;
    for number in 0..500u64 {
        let word = black_box(Box::new(number as u32));
        let long = black_box(Box::new(number));
        let pair = black_box(Box::new([number; 2]));
        let triple = black_box(Box::new([number; 3]));
        sum = workloads::mix(sum, u64::from(*word) + *long + pair[1] + triple[2]);
    }
    sum
}
