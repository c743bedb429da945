//! 6,000 blocks aligned to 8, 16, 64, 512 and 4,096 bytes, 24 alive, dropped at random.

use std::hint::black_box;

use workloads::{Random, mix};

workloads::workload!(run, floor: 256);

#[repr(align(64))]
struct By64([u8; 200]);

#[repr(align(512))]
struct By512([u8; 40]);

#[repr(align(4096))]
struct By4096([u8; 100]);

enum Any {
    By8(Box<[u64; 5]>),
    By16(Box<[u128; 9]>),
    By64(Box<By64>),
    By512(Box<By512>),
    By4096(Box<By4096>),
}

impl Any {
    fn new(kind: u32, byte: u8) -> Self {
        match kind {
            0..4 => Self::By8(Box::new([u64::from(byte); 5])),
            4..8 => Self::By16(Box::new([u128::from(byte); 9])),
            8..11 => Self::By64(Box::new(By64([byte; 200]))),
            11..13 => Self::By512(Box::new(By512([byte; 40]))),
            _ => Self::By4096(Box::new(By4096([byte; 100]))),
        }
    }

    /// A byte of it, and how far it is from where it must be.
    fn look(&self) -> u64 {
        let (byte, at, align) = match self {
            Self::By8(block) => (block[4] as u8, &raw const block[0] as usize, 8),
            Self::By16(block) => (block[8] as u8, &raw const block[0] as usize, 16),
            Self::By64(block) => (block.0[199], &raw const block.0[0] as usize, 64),
            Self::By512(block) => (block.0[39], &raw const block.0[0] as usize, 512),
            Self::By4096(block) => (block.0[99], &raw const block.0[0] as usize, 4096),
        };
        (at % align) as u64 * 256 + u64::from(byte)
    }
}

fn run() -> u64 {
    let mut random = Random::new(19);
    let mut kept = Vec::with_capacity(24);
    let mut sum = 0;
    for number in 0..6000u32 {
        if kept.len() == 24 {
            let gone: Any = kept.swap_remove(random.below(24) as usize);
            sum = mix(sum, gone.look());
        }
        kept.push(black_box(Any::new(random.below(14), number as u8)));
    }
    sum
}
