//! Blocks aligned to 16 to 4,096 bytes between small ones of 1 to 7.

use std::hint::black_box;

workloads::workload!(run);

#[derive(Clone, Copy)]
#[repr(align(16))]
struct By16([u8; 40]);

#[derive(Clone, Copy)]
#[repr(align(256))]
struct By256([u8; 300]);

#[derive(Clone, Copy)]
#[repr(align(4096))]
struct By4096([u8; 8]);

fn run() -> u64 {
    let mut sum = 0;
    for number in 0..24u8 {
        let small = black_box(vec![number; usize::from(number % 7) + 1]);
        let a = black_box(Box::new(By16([number; 40])));
        let b = black_box(Box::new(By256([number; 300])));
        let c = black_box(Box::new(By4096([number; 8])));
        let aligned = (&raw const *a as usize % 16)
            + (&raw const *b as usize % 256)
            + (&raw const *c as usize % 4096);
        sum = workloads::mix(
            sum,
            aligned as u64 + u64::from(small[0] ^ a.0[39] ^ b.0[299] ^ c.0[7]),
        );
    }
    sum
}
