//! Damaged input: plans, interfaces, baselines and modules.
//!
//! Lives here: that none of it crashes the process, and that nothing results that was not in the input. Not here: the message for any
//! particular error.
//!
//! `GAS_BENCH_MUTANTS` sets how many there are of each: 50,000 for a long run, a few for everyday use.

use std::collections::BTreeSet;
use std::fs;

use stylus_cargo::{Artifact, postprocess};
use stylus_plan::{Interface, dispatch};
use stylus_report::document::Colour;
use stylus_report::figures::baseline;

use super::alone;
use crate::contracts::{csv, markdown, table};

/// How many mutants there are by default.
const FEW: u64 = 2_000;

fn mutants() -> u64 {
    let asked = std::env::var("GAS_BENCH_MUTANTS").ok();
    asked.and_then(|count| count.parse().ok()).unwrap_or(FEW)
}

/// Random numbers with a long period (Knuth's constants).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }
}

/// `text` with one to four changes: a piece removed, doubled, moved or repeated many times, a byte replaced, or meaningful words
/// inserted.
fn mutant(text: &[u8], words: &[&str], dice: &mut Dice) -> Vec<u8> {
    let mut text = text.to_vec();
    for _ in 0..=dice.below(4) {
        let from = dice.below(text.len());
        let to = from + dice.below((text.len() - from).min(40));
        let piece: Vec<_> = text[from..to].to_vec();
        match dice.below(6) {
            0 => drop(text.drain(from..to)),
            1 => drop(text.splice(from..from, piece)),
            2 => {
                let at = dice.below(text.len());
                drop(text.splice(at..at, piece));
            }
            3 => {
                let times = 1 << dice.below(10);
                drop(text.splice(from..from, piece.repeat(times)));
            }
            4 if !text.is_empty() => text[from] = u8::try_from(dice.below(256)).unwrap(),
            _ => {
                let word = words[dice.below(words.len())];
                drop(text.splice(from..to, word.bytes()));
            }
        }
    }
    text
}

const PLAN: &str = r#"
[[contract]]
name = "asset"
wasm = "asset.wasm"
constructor = { signature = "constructor(uint256)", args = [1] }
[constructor]
signature = "constructor(address,(uint8,string)[])"
args = ["{asset}", [[1, "x"]]]
value = "1 ether"
[[setup]]
call = "mint(address,uint256)"
args = ["{alice}", 1000]
from = "minter"
wait = "1 day"
[[call]]
name = "several"
call = "transfer(address to, uint256 value, uint8 more) external returns (bool)"
args = ["{bob}", "{n}", "{m}"]
for = { n = "1..=10 step 3", m = [1, "2"] }
repeat = 2
[[call]]
call = "fallback()"
calldata = "0x1234"
reverts = true
"#;

const PLAN_WORDS: &[&str] = &[
    "uint256[100000000]",
    "[]",
    "((((((((",
    "{n}",
    "{",
    "}}",
    "99999999999999999999",
    "[[call]]",
    "receive()",
    "\u{202e}",
    "\u{1b}[31m",
    "0..340282366920938463463374607431768211455",
    "repeat = 4294967295",
    "\"\"\"",
    "{now}",
    "uint8[1000][1000][1000]",
];

const INTERFACE: &str = "
// SPDX-License-Identifier: MIT
pragma solidity ^0.8.23;
interface IToken is IErc20 {
    struct Order { address who; uint256[2] amounts; }
    enum Kind { A, B }
    function total() external view returns (uint256);
    function transfer(address to, uint256 storage_value) external returns (bool);
    function many(bytes32[2] memory a, (uint8,string)[] calldata b, Order[] memory c, Kind d) external payable;
    error Refused(address);
    fallback() external;
}";

const INTERFACE_WORDS: &[&str] = &[
    "uint256[100000000]",
    "[]",
    "[",
    "(",
    ")",
    "{",
    "}",
    ";",
    "!!!!!!!!",
    "function",
    "struct S { S s; }",
    "mapping(uint => uint)",
    "\u{0}",
    "\u{202e}",
    "/*",
    "\"",
    "Order[9][9][9]",
    "returns (uint8[1000][1000][1000] memory)",
];

/// Theorem: whatever a plan, an interface or a baseline contains, it is used, or refused in one sentence.
#[test]
fn damaged_texts_are_used_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut dice = Dice(1);
    let path = folder.path().join("gas-bench.toml");
    for _ in 0..mutants() {
        let text = mutant(PLAN.as_bytes(), PLAN_WORDS, &mut dice);
        fs::write(&path, &text).unwrap();
        match stylus_plan::load(&path) {
            Ok(plan) => assert!(!plan.unwrap().calls.is_empty()),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    for _ in 0..mutants() {
        let text = mutant(INTERFACE.as_bytes(), INTERFACE_WORDS, &mut dice);
        let text = String::from_utf8_lossy(&text);
        if let Ok(interface) = Interface::read(&text) {
            let plan = stylus_plan::from_interface(&interface);
            for call in &plan.calls {
                // Every call must occur in the text.
                assert!(text.contains(&call.step.name()), "{}\n{text}", call.name);
            }
        }
    }
    let report = folder.path().join("report.json");
    let sound = alone::some_report().to_json();
    let words = [
        "18446744073709551615",
        "-1",
        "null",
        "[]",
        "{}",
        "1e99",
        "\"runs\"",
        "\u{feff}",
        "\\u202e",
    ];
    for _ in 0..mutants() {
        fs::write(&report, mutant(sound.as_bytes(), &words, &mut dice)).unwrap();
        if let Ok(read) = baseline::load(&report) {
            for run in read
                .contracts
                .iter()
                .flat_map(|it| &it.calls)
                .flat_map(|call| call.runs())
            {
                assert_eq!(run.parts.total(read.made_with.ink_per_gas), Some(run.gas));
            }
            let diff = baseline::diff(&read, &read);
            for text in [
                table(&read, Some(&diff), Colour::Never),
                markdown(&read, Some(&diff)),
                csv(&read),
            ] {
                assert!(
                    !text.chars().any(|it| it.is_control() && it != '\n'),
                    "{text:?}"
                );
            }
        }
    }
}

/// Theorem: whatever bytes a module has, it is read or refused.
#[test]
fn damaged_modules_are_read_or_refused() {
    let module = alone::module(true);
    let mut dice = Dice(2);
    for _ in 0..mutants() {
        let damaged = mutant(&module, &["\0", "\u{7f}", "\0asm", "name"], &mut dice);
        let _ = stylus_override::inspect(&damaged);
        let _ = Artifact::of_named(&damaged);
        if let Ok(processed) = postprocess(&damaged)
            && let Ok(found) = dispatch::read(&processed, &BTreeSet::new())
        {
            assert!(found.selectors.len() <= 8, "{found:?}");
        }
    }
}
