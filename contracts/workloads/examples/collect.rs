//! Vectors of which nobody knows the length beforehand: 60 times a filtered list, a list of lists, and its concatenation.

use std::hint::black_box;

use workloads::{Random, mix};

workloads::workload!(run);

fn run() -> u64 {
    let mut random = Random::new(9);
    let mut sum = 0;
    for _ in 0..60 {
        let numbers: Vec<u32> = (0..60)
            .map(|_| random.below(100))
            .filter(|number| number % 3 > 0)
            .collect();
        let lists: Vec<Vec<u32>> = black_box(&numbers).chunks(7).map(<[u32]>::to_vec).collect();
        let all = black_box(lists).concat();
        sum = all
            .iter()
            .fold(sum, |sum, &number| mix(sum, u64::from(number)));
    }
    sum
}
