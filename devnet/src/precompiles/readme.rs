//! The README's list of precompiles, generated from the table and from measured calls.
//!
//! Lives here: the list, compared with the README, or written if `BLESS` is set. Not here: tests of the gas of single functions
//! (the crate's tests).

use std::fmt::Write as _;

use alloy_eips::BlockId;
use alloy_primitives::{Address, Bytes, U256, address, keccak256};
use stylus_vm::{Config as VmConfig, Gas};

use crate::addresses::{ARB_FILTERED_TRANSACTIONS_MANAGER, ARB_OWNER, NODE_INTERFACE, SEQUENCER};
use crate::arbos::{self, Entry, Slot, Words, address_table, native_token_owners, retryables};
use crate::chain::{Chain, Ending, Request, View};
use crate::config::Config;
use crate::precompiles::table::{Function, NODE, PRECOMPILES, Precompile};
use crate::testing::gas::{grouped, is_blessed};

const MARK: &str = "<!-- precompiles -->";
const NOW: u64 = 1_800_000_000;
/// The address of an activated program, and of one that is not activated.
const ACTIVE: Address = address!("0x00000000000000000000000000000000000000aa");
const NEW: Address = address!("0x00000000000000000000000000000000000000bb");
const ETHER: u128 = 1_000_000_000_000_000_000;
/// Gas of a transaction, and per byte of its data.
const TRANSACTION: Gas = Gas(21_000);
const ZERO_BYTE: Gas = Gas(4);
const BYTE: Gas = Gas(16);
/// Columns per line.
const WIDTH: usize = 120;

/// The README lists exactly the functions of all precompiles, with their measured gas.
#[test]
fn the_readme_lists_every_precompile() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let parts: Vec<&str> = readme.split(MARK).collect();
    let [before, listed, after] = parts[..] else {
        panic!("the README has not got two marks {MARK}");
    };
    let list = format!("\n{}", list());
    if is_blessed() {
        std::fs::write(path, [before, MARK, &list, MARK, after].concat()).unwrap();
        return;
    }
    assert_eq!(
        listed, list,
        "with BLESS=1 this test writes the README's list"
    );
}

fn list() -> String {
    let chain = chain();
    let view = chain.view(BlockId::latest(), NOW + 1).unwrap();
    let precompiles = PRECOMPILES.iter().chain([&NODE]);
    precompiles
        .map(|precompile| wrapped(&paragraph(&view, precompile)))
        .collect()
}

fn paragraph(view: &View, precompile: &Precompile) -> String {
    let address = U256::from_be_slice(precompile.address.as_slice());
    let mut text = format!("- **{}**, {address:#x}", precompile.name);
    if precompile.since > 30 {
        write!(text, ", from ArbOS {} on", precompile.since).unwrap();
    }
    text.push_str(match precompile.address {
        ARB_OWNER => ", free of gas for owners",
        ARB_FILTERED_TRANSACTIONS_MANAGER => ", free of gas for filterers, 1,600 for anybody else",
        NODE_INTERFACE => ", in `eth_call` alone",
        _ => "",
    });
    let functions: Vec<String> = precompile
        .functions()
        .map(|function| entry(view, precompile, function))
        .collect();
    match functions.is_empty() {
        true => text.push_str(": no functions"),
        false => write!(text, ": {}", functions.join(", ")).unwrap(),
    }
    text
}

/// A function's name, its gas or outcome, and its versions if they differ from its precompile's.
fn entry(view: &View, precompile: &Precompile, function: &Function) -> String {
    let mut text = format!("`{}`", function.name());
    if let Some(until) = function.until {
        return format!("{text} (up to ArbOS {until})");
    }
    let is_measured = ![ARB_OWNER, ARB_FILTERED_TRANSACTIONS_MANAGER, NODE_INTERFACE]
        .contains(&precompile.address);
    match call(view, precompile, function) {
        Outcome::Unavailable => text.push_str(" (not here)"),
        Outcome::Success(gas) if is_measured => write!(text, " {}", grouped(gas.0)).unwrap(),
        Outcome::Revert(gas) if is_measured => write!(text, " {} (fails)", grouped(gas.0)).unwrap(),
        Outcome::Halt if is_measured => text.push_str(" (fails)"),
        _ => {}
    }
    if function.since > precompile.since.max(30) {
        write!(text, " (from {})", function.since).unwrap();
    }
    text
}

enum Outcome {
    Success(Gas),
    Revert(Gas),
    Halt,
    Unavailable,
}

fn call(view: &View, precompile: &Precompile, function: &Function) -> Outcome {
    let mut input = function.selector.to_vec();
    for word in arguments(function) {
        input.extend(word.to_be_bytes::<32>());
    }
    let takes_value = ["activateProgram", "codehashKeepalive"].contains(&function.name());
    let request = Request {
        to: precompile.address.into(),
        value: U256::from(if takes_value { ETHER } else { 0 }),
        input: Bytes::from(input.clone()),
        ..Request::default()
    };
    let executed = view.call(&request).unwrap();
    let data: Gas = input
        .iter()
        .map(|byte| if *byte == 0 { ZERO_BYTE } else { BYTE })
        .sum();
    let gas = executed.gas_used - TRANSACTION - data;
    let words = String::from_utf8_lossy(&executed.output);
    // Functions that the chain itself answers are not called here.
    if words.contains("not available on this devnet") && !words.contains("within another call") {
        return Outcome::Unavailable;
    }
    match executed.ending {
        Ending::Success => Outcome::Success(gas),
        Ending::Revert => Outcome::Revert(gas),
        Ending::Halt(_) => Outcome::Halt,
    }
}

/// The shortest arguments with which a function works; mostly zeros.
fn arguments(function: &Function) -> Vec<U256> {
    let active = U256::from_be_slice(ACTIVE.as_slice());
    let new = U256::from_be_slice(NEW.as_slice());
    match function.name() {
        "programVersion"
        | "programInitGas"
        | "programMemoryFootprint"
        | "programTimeLeft"
        | "cacheProgram" => {
            vec![active]
        }
        "codehashVersion" | "codehashAsmSize" | "codehashKeepalive" | "codehashIsCached"
        | "evictCodehash" => {
            vec![keccak256(code(0)).into()]
        }
        "activateProgram" | "register" => vec![new],
        "getFeeCollector" => vec![U256::from_be_slice(SEQUENCER.as_slice())],
        // The RLP of the first index.
        "decompress" => vec![
            U256::from(64),
            U256::ZERO,
            U256::ONE,
            U256::from(0x80) << 248,
        ],
        _ => zeros(function.signature),
    }
}

/// Zeros of a function's types; dynamic ones are empty.
fn zeros(signature: &str) -> Vec<U256> {
    let inside = signature
        .split_once('(')
        .map_or("", |(_, rest)| &rest[..rest.len() - 1]);
    let mut types = vec![String::new()];
    let mut depth = 0;
    for letter in inside.chars() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                types.push(String::new());
                continue;
            }
            _ => {}
        }
        types.last_mut().unwrap().push(letter);
    }
    types.retain(|name| !name.is_empty());
    let has_length = |name: &String| name == "bytes" || name == "string" || name.ends_with("[]");
    let mut tail = types.len();
    let mut words = Vec::new();
    for name in &types {
        let is_long = has_length(name);
        words.push(U256::from(if is_long { 32 * tail } else { 0 }));
        tail += usize::from(is_long);
    }
    words.resize(tail, U256::ZERO);
    words
}

/// A chain with some of everything, and one block: the zero address owns it and its native token.
fn chain() -> Chain {
    let mut chain = Chain::new(Config::default(), NOW).unwrap();
    let draft = chain.draft(NOW + 1, &crate::evm::Interrupt::default());
    chain.seal(draft);
    chain.set_balance(Address::ZERO, U256::from(10 * ETHER));
    chain.set_code(ACTIVE, code(0));
    chain.set_code(NEW, code(1));
    let stylus = VmConfig::at(chain.config().arbos).stylus;
    let mut words = Written(&mut chain);
    let days = 24 * (u32::from(stylus.keepalive_days) + 1);
    let entry = Entry {
        version: stylus.version,
        activated_at: arbos::hours_since_epoch(NOW) - days,
        asm_kib: 1,
        ..Entry::default()
    };
    arbos::set_program(&mut words, keccak256(code(0)), &entry);
    arbos::add_chain_owner(&mut words, Address::ZERO);
    let Ok(_) = address_table::register(&mut words, Address::ZERO);
    let Ok(_) = native_token_owners().add(&mut words, Address::ZERO);
    let Ok(()) = retryables::create(
        &mut words,
        Default::default(),
        NOW + 1_000,
        &Default::default(),
    );
    chain
}

/// The `number`th program that does nothing.
fn code(number: u8) -> Bytes {
    let wat = format!(
        r#"(module (memory (export "memory") 0 0) (func (export "user_entrypoint") (param i32) (result i32) (i32.const {number})))"#
    );
    stylus_vm::code::encode(&wat::parse_str(wat).unwrap()).into()
}

/// The words of a chain's state.
struct Written<'a>(&'a mut Chain);

impl Words for Written<'_> {
    fn word(&mut self, slot: Slot) -> U256 {
        let view = self.0.view(BlockId::latest(), NOW + 1).unwrap();
        view.state().slot(slot.account, slot.key)
    }

    fn set_word(&mut self, slot: Slot, value: U256) {
        self.0.set_storage(slot.account, slot.key, value.into());
    }
}

/// A list paragraph, wrapped into lines.
fn wrapped(paragraph: &str) -> String {
    let mut text = String::new();
    let mut column = 0;
    for word in paragraph.split(' ') {
        if column > 0 && column + 1 + word.len() > WIDTH {
            text.push_str("\n ");
            column = 1;
        }
        if column > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += word.len();
    }
    text.push('\n');
    text
}
