//! 3,000 vectors of random kinds, grown to a random length by pieces of eight, 40 alive, dropped at random.

use std::hint::black_box;

use workloads::{Random, mix};

workloads::workload!(run, floor: 256);

enum Any {
    Bytes(Vec<u8>),
    Numbers(Vec<u64>),
    Words(Vec<[u8; 32]>),
}

impl Any {
    fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Numbers(numbers) => numbers.len(),
            Self::Words(words) => words.len(),
        }
    }
}

fn grown<T: Copy>(value: T, pieces: u32) -> Vec<T> {
    let mut values = Vec::new();
    for _ in 0..pieces {
        values.extend_from_slice(&black_box([value; 8]));
    }
    values
}

fn run() -> u64 {
    let mut random = Random::new(17);
    let mut kept = Vec::with_capacity(40);
    let mut sum = 0;
    for number in 0..3000u32 {
        if kept.len() == 40 {
            let gone: Any = kept.swap_remove(random.below(40) as usize);
            sum = mix(sum, gone.len() as u64);
        }
        let pieces = random.below(20);
        kept.push(black_box(match random.below(3) {
            0 => Any::Bytes(grown(number as u8, pieces)),
            1 => Any::Numbers(grown(u64::from(number), pieces)),
            _ => Any::Words(grown([number as u8; 32], pieces)),
        }));
    }
    sum
}
