//! 500 numbers made into strings, and appended to one.

use std::hint::black_box;

workloads::workload!(run);

fn run() -> u64 {
    let mut text = String::new();
    for number in 0..500u32 {
        text += &black_box((number * 7919).to_string());
    }
    text.bytes()
        .fold(0, |sum, byte| workloads::mix(sum, u64::from(byte)))
}
