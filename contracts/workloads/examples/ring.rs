//! The ring buffer: 6,000 blocks of 16 to 2,063 bytes, of which the latest 32 are alive; some 6 MB in all.

use workloads::churn::{Order, run};

workloads::workload!(ring);

fn ring() -> u64 {
    run(6000, 32, Order::First, |random| {
        16 + random.below(2048) as usize
    })
}
