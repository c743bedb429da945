//! 5 MB in blocks of 1 to 12 KiB, 8 alive, dropped at random.

use workloads::churn::{Order, run};

workloads::workload!(churn);

fn churn() -> u64 {
    run(800, 8, Order::Random, |random| {
        1024 + random.below(11 * 1024) as usize
    })
}
