//! 4 MB in blocks of 16 to 1,039 bytes, 64 alive, dropped at random.

use workloads::churn::{Order, run};

workloads::workload!(churn);

fn churn() -> u64 {
    run(8000, 64, Order::Random, |random| {
        16 + random.below(1024) as usize
    })
}
