//! 200 lines of text by `format!`, joined, with numbers and nested debug output in them.

use std::fmt::Write;
use std::hint::black_box;

workloads::workload!(run);

fn run() -> u64 {
    let mut lines = Vec::new();
    for number in 0..200u32 {
        let pair = black_box((number, Some(number as u8)));
        lines.push(format!("token {number:>6}: {pair:?} of {:#x}", number * 31));
    }
    let mut text = lines.join("\n");
    let _ = write!(text, "\n{} lines", lines.len());
    text.bytes()
        .fold(0, |sum, byte| workloads::mix(sum, u64::from(byte)))
}
