//! Two vectors that grow by turns to a random length of up to 600 numbers each and are dropped, the older first; 150 times.

use std::hint::black_box;

use workloads::{Random, mix};

workloads::workload!(run);

fn run() -> u64 {
    let mut random = Random::new(11);
    let mut sum = 0;
    for _ in 0..150 {
        let (mut odd, mut even) = (Vec::new(), Vec::new());
        for number in 0..random.below(600) {
            even.push(black_box(2 * number));
            odd.push(black_box(2 * number + 1));
        }
        sum = mix(sum, even.last().map_or(0, |&last| u64::from(last)));
        drop(even);
        sum = mix(sum, odd.last().map_or(0, |&last| u64::from(last)));
    }
    sum
}
