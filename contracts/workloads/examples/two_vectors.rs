//! Two vectors that grow in turn to 2,000 numbers each, so that neither is the last block when it must grow.

use std::hint::black_box;

workloads::workload!(run);

fn run() -> u64 {
    let (mut odd, mut even) = (Vec::new(), Vec::new());
    for number in 0..2000u32 {
        even.push(black_box(2 * number));
        odd.push(black_box(2 * number + 1));
    }
    workloads::mix(u64::from(odd[1000]), u64::from(even[1999]))
}
