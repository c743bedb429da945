//! A `Vec<u128>` and a `Vec<u64>` of half a kibibyte by turns, 4,000 times, while one small box lives.

use std::hint::black_box;

workloads::workload!(run);

fn run() -> u64 {
    let small = black_box(Box::new(7u64));
    let mut sum = *small;
    drop(black_box(Vec::<u64>::with_capacity(64)));
    for number in 0..4000u64 {
        let mut amounts: Vec<u128> = black_box(Vec::with_capacity(32));
        amounts.push(u128::from(number));
        let mut ids: Vec<u64> = black_box(Vec::with_capacity(64));
        ids.push(number);
        drop(amounts);
        sum = workloads::mix(sum, ids[0]);
    }
    sum
}
