//! 4 MB in blocks of 700 bytes, 32 alive, dropped at random.

use workloads::churn::{Order, run};

workloads::workload!(churn);

fn churn() -> u64 {
    run(6000, 32, Order::Random, |random| {
        let _ = random;
        700
    })
}
