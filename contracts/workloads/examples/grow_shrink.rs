//! 3,000 buffers of 200 to 8,191 bytes of which a few are used: shrunk to those, and the latest 24 kept.

use std::collections::VecDeque;
use std::hint::black_box;

use workloads::{Random, mix};

workloads::workload!(run, floor: 256);

fn run() -> u64 {
    let mut random = Random::new(13);
    let mut kept = VecDeque::with_capacity(24);
    let mut sum = 0;
    for number in 0..3000u32 {
        let room = 200 + random.below(7992) as usize;
        let mut buffer = black_box(Vec::with_capacity(room));
        let used = random.below(room as u32 / 8) as usize + 1;
        buffer.resize(used, number as u8);
        if kept.len() == 24 {
            let oldest: Option<Box<[u8]>> = kept.pop_front();
            sum = mix(sum, oldest.map_or(0, |bytes| bytes.len() as u64));
        }
        kept.push_back(black_box(buffer.into_boxed_slice()));
    }
    sum
}
