//! 1,500 lines of text, built with `push_str` and `format!`; the latest eight are kept.

use std::collections::VecDeque;
use std::hint::black_box;

workloads::workload!(run);

fn run() -> u64 {
    let mut lines = VecDeque::new();
    let mut sum = 0;
    for number in 0..1500u32 {
        let mut line = String::new();
        line.push_str("transfer ");
        line.push_str(&format!(
            "{:05} of {}",
            number * 31,
            black_box(number) % 1000
        ));
        for word in 0..number % 6 {
            line.push_str(&format!(", then {word:#x}"));
        }
        if lines.len() == 8 {
            let oldest: String = lines.pop_front().unwrap_or_default();
            sum = workloads::mix(sum, oldest.len() as u64);
        }
        lines.push_back(black_box(line));
    }
    sum
}
