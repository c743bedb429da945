//! 4 MB in blocks of 500 bytes, in batches of 20, the newest dropped first.

use workloads::churn::{Order, run};

workloads::workload!(churn);

fn churn() -> u64 {
    run(8400, 20, Order::Last, |random| {
        let _ = random;
        500
    })
}
