//! 4 MB in blocks of 8 to 1,031 bytes, in batches of 40, the newest dropped first.

use workloads::churn::{Order, run};

workloads::workload!(churn);

fn churn() -> u64 {
    run(8200, 40, Order::Last, |random| {
        8 + random.below(1024) as usize
    })
}
