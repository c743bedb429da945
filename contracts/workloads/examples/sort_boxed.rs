//! 300 boxed items, sorted stably by one key and then by another.

use std::hint::black_box;

use workloads::{Random, mix};

workloads::workload!(run);

struct Item {
    key: u32,
    name: [u8; 12],
}

fn run() -> u64 {
    let mut random = Random::new(3);
    let mut items: Vec<Box<Item>> = (0..300)
        .map(|_| {
            black_box(Box::new(Item {
                key: random.below(1000),
                name: [random.below(256) as u8; 12],
            }))
        })
        .collect();
    items.sort_by_key(|item| item.key);
    items.sort_by_key(|item| item.name);
    items
        .iter()
        .fold(0, |sum, item| mix(sum, u64::from(item.key)))
}
