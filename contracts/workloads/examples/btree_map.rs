//! A `BTreeMap` with 1,000 insertions, and a removal after every third.

use std::collections::BTreeMap;

use workloads::{Random, mix};

workloads::workload!(run);

fn run() -> u64 {
    let mut random = Random::new(1);
    let mut map = BTreeMap::new();
    for number in 0..1000u32 {
        map.insert(random.below(4096), number);
        if number % 3 == 0 {
            map.remove(&random.below(4096));
        }
    }
    map.iter().fold(0, |sum, (&key, &value)| {
        mix(mix(sum, u64::from(key)), u64::from(value))
    })
}
