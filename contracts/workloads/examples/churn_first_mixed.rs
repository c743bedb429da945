//! 4 MB in blocks of 8 to 1,031 bytes, 48 alive, the oldest dropped first.

use workloads::churn::{Order, run};

workloads::workload!(churn);

fn churn() -> u64 {
    run(8200, 48, Order::First, |random| {
        8 + random.below(1024) as usize
    })
}
