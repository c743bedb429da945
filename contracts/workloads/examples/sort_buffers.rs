//! 300 times a list of 20 to 600 pairs, collected, sorted stably, and summed.

use std::hint::black_box;

use workloads::{Random, mix};

workloads::workload!(run);

fn run() -> u64 {
    let mut random = Random::new(31);
    let mut sum = 0;
    for _ in 0..300 {
        let count = 20 + random.below(580);
        let mut pairs = Vec::new();
        for number in 0..count {
            pairs.push((random.below(500), number));
        }
        let mut pairs = black_box(pairs);
        pairs.sort_by_key(|&(key, _)| key);
        let (key, number) = pairs[pairs.len() / 2];
        sum = mix(sum, u64::from(key) << 32 | u64::from(number));
    }
    sum
}
