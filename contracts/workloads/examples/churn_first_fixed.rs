//! 4 MB in blocks of 1,000 bytes, 16 alive, the oldest dropped first.

use workloads::churn::{Order, run};

workloads::workload!(churn);

fn churn() -> u64 {
    run(4200, 16, Order::First, |random| {
        let _ = random;
        1000
    })
}
