//! A map of 150 boxes of 24 to 120 bytes, 6,000 times one replaced or removed.

use std::collections::BTreeMap;
use std::hint::black_box;

use workloads::{Random, mix};

workloads::workload!(run);

fn run() -> u64 {
    let mut random = Random::new(29);
    let mut map: BTreeMap<u32, Box<[u8]>> = BTreeMap::new();
    let mut sum = 0;
    for number in 0..6000u32 {
        let key = random.below(200);
        let gone = if number % 4 == 3 {
            map.remove(&key)
        } else {
            let size = 24 + random.below(97) as usize;
            map.insert(key, black_box(vec![number as u8; size]).into_boxed_slice())
        };
        sum = mix(sum, gone.map_or(0, |gone| gone.len() as u64));
    }
    sum
}
