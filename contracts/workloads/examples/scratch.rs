//! Scratch buffers: 8,000 times one or two of 100 to 600 bytes, filled, read and dropped, with a box that outlives them; some 4 MB,
//! of which 1.5 KB are alive.

use std::collections::VecDeque;
use std::hint::black_box;

use workloads::{Random, mix};

workloads::workload!(run, floor: 256);

fn run() -> u64 {
    let mut random = Random::new(23);
    let mut kept = VecDeque::with_capacity(8);
    let mut sum = 0;
    for number in 0..8000u32 {
        let input = black_box(vec![number as u8; 100 + random.below(500) as usize]);
        if kept.len() == 8 {
            sum = mix(sum, kept.pop_front().map_or(0, |sum: Box<u64>| *sum));
        }
        if number % 2 == 0 {
            let mut output = Vec::new();
            for chunk in input.chunks(64) {
                output.extend_from_slice(black_box(chunk));
            }
            sum = mix(sum, u64::from(output[output.len() / 2]));
        }
        kept.push_back(black_box(Box::new(sum)));
    }
    sum
}
