//! How fast a devnet answers, compared with foundry's `anvil`, the fastest node in common use.
//!
//! Lives here: the load and the table. Every figure is that of a whole process, reached over HTTP by the same client.
//!
//! `STYLUS_KIT_TOOLS` names the folder where `scripts/setup --for-tests` has put anvil; without it only the devnet is measured. Run
//! it with `cargo bench -p stylus-devnet`.

#![allow(
    clippy::unwrap_used,
    reason = "a benchmark that cannot run has nothing to say"
)]
#![allow(clippy::print_stdout, reason = "a benchmark's output is its purpose")]

mod node;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use alloy_primitives::{U256, hex};

use node::{Client, Node, anvil, median};

/// Rounds of each measurement; the table shows the median.
const ROUNDS: usize = 5;
const CONNECTIONS: usize = 8;
const CALLS: usize = 20_000;
/// Clients that send different requests at once, and the requests of each.
const MIXED_CLIENTS: usize = 32;
const MIXED_REQUESTS: usize = 500;
const TRANSACTIONS: usize = 1_000;
const QUICK_QUESTIONS: usize = 1_000;
/// Blocks of the chain that is loaded from its file, each with one transaction that writes [`LOGS`] logs.
const BLOCKS: usize = 300_000;
const LOGS: usize = 4;

/// Adds one to the number in its storage at 0 and returns it, as a Solidity getter might.
const EVM_CONTRACT: [u8; 12] = hex!("5f545f5260205ff300000000");

/// The same as a program.
const PROGRAM: &str = include_str!("../tests/slot.wat");

/// Requests per second over this many connections.
fn rate(port: u16, connections: usize, requests: usize, body: &str) -> u64 {
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..connections {
            scope.spawn(|| {
                let mut client = Client::new(port);
                for _ in 0..requests / connections {
                    let answer = client.ask(body);
                    assert!(!answer.contains("\"error\""), "{answer}");
                }
            });
        }
    });
    per_second(requests, began.elapsed())
}

fn per_second(count: usize, time: Duration) -> u64 {
    count as u64 * 1_000_000 / u64::try_from(time.as_micros()).unwrap().max(1)
}

/// Plain transfers per second: one client sends them one after another and then waits for the last one's receipt.
fn transfers(port: u16) -> u64 {
    let mut client = Client::new(port);
    let from = client.result("eth_accounts", &serde_json::json!([]))[0].clone();
    let nonce = client.result(
        "eth_getTransactionCount",
        &serde_json::json!([from, "latest"]),
    );
    let first: U256 = serde_json::from_value(nonce).unwrap();
    let began = Instant::now();
    let mut last = serde_json::Value::Null;
    for n in 0..TRANSACTIONS {
        let transaction = serde_json::json!([{
            "from": from, "to": "0x00000000000000000000000000000000000000aa", "value": "0x1", "gas": "0x5208",
            "nonce": first + U256::from(n), "maxFeePerGas": "0x77359400", "maxPriorityFeePerGas": "0x0",
        }]);
        last = client.result("eth_sendTransaction", &transaction);
    }
    // A node may answer before it produces the block.
    let receipt = loop {
        let receipt = client.result("eth_getTransactionReceipt", &serde_json::json!([last]));
        if !receipt.is_null() {
            break receipt;
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    assert_eq!(receipt["status"], "0x1");
    per_second(TRANSACTIONS, began.elapsed())
}

fn call_of(to: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"eth_call","params":[{{"to":"{to}"}},"latest"]}}"#)
}

/// Requests per second from many clients with different requests: each calls a contract, and between calls asks for the block, a
/// balance, the fees and the newest logs, as a test suite does.
fn mixed(port: u16, contract: &str) -> u64 {
    let request = |method: &str, params: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":[{params}]}}"#)
    };
    let bodies = [
        call_of(contract),
        request("eth_blockNumber", ""),
        request("eth_getBalance", &format!(r#""{contract}","latest""#)),
        request("eth_feeHistory", r#""0x8","latest",[50]"#),
        request("eth_getBlockByNumber", r#""latest",true"#),
        request(
            "eth_getLogs",
            r#"{"fromBlock":"latest","toBlock":"latest"}"#,
        ),
    ];
    let began = Instant::now();
    std::thread::scope(|scope| {
        for first in 0..MIXED_CLIENTS {
            let bodies = &bodies;
            scope.spawn(move || {
                let mut client = Client::new(port);
                for request in first..first + MIXED_REQUESTS {
                    let answer = client.ask(&bodies[request % bodies.len()]);
                    assert!(!answer.contains("\"error\""), "{answer}");
                }
            });
        }
    });
    per_second(MIXED_CLIENTS * MIXED_REQUESTS, began.elapsed())
}

/// The time in microseconds within which 99 of 100 `eth_blockNumber`s are answered while as many clients as in [`mixed`] have
/// running calls that end only when their gas does.
fn beside_endless(port: u16) -> u64 {
    // An empty loop.
    let endless = r#"{"jsonrpc":"2.0","id":1,"method":"eth_call","params":[{"to":"0x00000000000000000000000000000000000000cc"},"latest",
        {"0x00000000000000000000000000000000000000cc":{"code":"0x5b5f56"}}]}"#;
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..MIXED_CLIENTS {
            scope.spawn(|| {
                let mut client = Client::new(port);
                while !is_over.load(Ordering::Relaxed) {
                    client.ask(endless);
                }
            });
        }
        std::thread::sleep(Duration::from_secs(1));
        let mut client = Client::new(port);
        let mut times: Vec<u64> = (0..QUICK_QUESTIONS)
            .map(|_| {
                let began = Instant::now();
                client.result("eth_blockNumber", &serde_json::json!([]));
                u64::try_from(began.elapsed().as_micros()).unwrap()
            })
            .collect();
        is_over.store(true, Ordering::Relaxed);
        times.sort_unstable();
        times[times.len() * 99 / 100]
    })
}

/// A long chain, kept in a file.
struct Kept {
    /// From the process's start to its first answer, with the whole chain loaded.
    loaded_us: u64,
    held_kib: u64,
    peak_kib: u64,
    file_bytes: u64,
}

/// Makes a chain of [`BLOCKS`] blocks in a file, and loads it again.
fn keep(program: &PathBuf) -> Kept {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain");
    let flags = ["--state", path.to_str().unwrap()];
    let node = Node::start_with(program, &flags);
    let address = "0x00000000000000000000000000000000000000bb";
    // PUSH1 1, PUSH0, PUSH0, LOG1; STOP at the end.
    let code = [hex!("60015f5fa1").repeat(LOGS), vec![0]].concat();
    place(node.port, address, &code, false);
    let mut client = Client::new(node.port);
    let from = client.result("eth_accounts", &serde_json::json!([]))[0].clone();
    let sending = serde_json::json!({
        "jsonrpc": "2.0", "id": 1, "method": "eth_sendTransaction", "params": [{ "from": from, "to": address, "gas": "0x186a0" }],
    });
    let batch = serde_json::Value::Array(vec![sending; 1_000]).to_string();
    for _ in 0..BLOCKS / 1_000 {
        assert!(!client.ask(&batch).contains("\"error\""));
    }
    drop(node);
    let (mut times, mut held_kib, mut peak_kib) = (Vec::new(), 0, 0);
    for _ in 0..3 {
        let node = Node::start_with(program, &flags);
        let number = Client::new(node.port).result("eth_blockNumber", &serde_json::json!([]));
        assert_eq!(number, format!("{BLOCKS:#x}"));
        times.push(u64::try_from(node.ready.as_micros()).unwrap());
        held_kib = node.memory_kib();
        peak_kib = node.peak_kib();
    }
    Kept {
        loaded_us: median(times),
        held_kib,
        peak_kib,
        file_bytes: std::fs::metadata(&path).unwrap().len(),
    }
}

/// Puts code at an address, and activates it if it is a program.
fn place(port: u16, to: &str, code: &[u8], is_program: bool) {
    let mut client = Client::new(port);
    client.result(
        "anvil_setCode",
        &serde_json::json!([to, hex::encode_prefixed(code)]),
    );
    if is_program {
        let from = client.result("eth_accounts", &serde_json::json!([]))[0].clone();
        let input = format!("0x58c780c2{:0>64}", &to[2..]);
        let transaction = serde_json::json!([{
            "from": from, "to": "0x0000000000000000000000000000000000000071", "value": "0xde0b6b3a7640000", "data": input,
        }]);
        client.result("eth_sendTransaction", &transaction);
    }
}

/// Calls of a program per second on a devnet without builds to look up lines in, and on one that has the program's build. Rounds alternate,
/// so that whatever else the machine does affects both.
fn without_and_with_builds(program: &PathBuf) -> [u64; 2] {
    let folder = tempfile::tempdir().unwrap();
    let module = wat::parse_str(PROGRAM).unwrap();
    std::fs::write(folder.path().join("program.wasm"), &module).unwrap();
    let flags = ["--artifacts", folder.path().to_str().unwrap()];
    let nodes = [Node::start(program), Node::start_with(program, &flags)];
    let address = "0x00000000000000000000000000000000000000bb";
    for node in &nodes {
        place(node.port, address, &stylus_vm::code::encode(&module), true);
    }
    let body = call_of(address);
    let rounds = (0..ROUNDS).map(|_| {
        let rate = |node: &Node| rate(node.port, CONNECTIONS, CALLS, &body);
        [rate(&nodes[0]), rate(&nodes[1])]
    });
    let rounds: Vec<_> = rounds.collect();
    [0, 1].map(|which| median(rounds.iter().map(|round| round[which]).collect()))
}

/// The measurements of one node.
struct Figures {
    ready_us: u64,
    calls: u64,
    contract: u64,
    mixed: u64,
    beside_us: u64,
    transfers: u64,
    memory_kib: u64,
}

fn measure(program: &PathBuf, is_devnet: bool) -> Figures {
    let ready = (0..ROUNDS).map(|_| u64::try_from(Node::start(program).ready.as_micros()).unwrap());
    let ready_us = median(ready.collect());
    let node = Node::start(program);
    let address = "0x00000000000000000000000000000000000000bb";
    let code = match is_devnet {
        true => stylus_vm::code::encode(&wat::parse_str(PROGRAM).unwrap()),
        false => EVM_CONTRACT.to_vec(),
    };
    place(node.port, address, &code, is_devnet);
    let median_rate = |body: String| {
        median(
            (0..ROUNDS)
                .map(|_| rate(node.port, CONNECTIONS, CALLS, &body))
                .collect(),
        )
    };
    let calls = median_rate(call_of("0x00000000000000000000000000000000000000aa"));
    let contract = median_rate(call_of(address));
    let mixed = median((0..ROUNDS).map(|_| mixed(node.port, address)).collect());
    let beside_us = median((0..ROUNDS).map(|_| beside_endless(node.port)).collect());
    let transfers = median((0..10).map(|_| transfers(node.port)).collect());
    Figures {
        ready_us,
        calls,
        contract,
        mixed,
        beside_us,
        transfers,
        memory_kib: node.memory_kib(),
    }
}

fn main() {
    let devnet = PathBuf::from(env!("CARGO_BIN_EXE_stylus-devnet"));
    let kept = keep(&devnet);
    println!(
        "a chain of {BLOCKS} blocks and {} logs, a file of {} MiB, is loaded in {} ms; memory then {} MiB, {} at most",
        BLOCKS * LOGS,
        kept.file_bytes >> 20,
        kept.loaded_us / 1_000,
        kept.held_kib >> 10,
        kept.peak_kib >> 10,
    );
    let [without, with] = without_and_with_builds(&devnet);
    println!(
        "eth_call of a program, per second: {without} without builds, {with} with --artifacts ({} %)",
        with * 100 / without.max(1)
    );
    let ours = measure(&devnet, true);
    let theirs = anvil().map(|anvil| measure(&anvil, false));
    println!("{:<44} {:>12} {:>12} {:>8}", "", "devnet", "anvil", "ratio");
    let line = |what: &str, ours: u64, theirs: Option<u64>| match theirs {
        Some(theirs) => println!(
            "{what:<44} {ours:>12} {theirs:>12} {:>6} %",
            ours * 100 / theirs.max(1)
        ),
        None => println!("{what:<44} {ours:>12} {:>12}", "–"),
    };
    let of = |figure: fn(&Figures) -> u64| theirs.as_ref().map(figure);
    line("ready, µs", ours.ready_us, of(|it| it.ready_us));
    line(
        "eth_call of nothing, per second",
        ours.calls,
        of(|it| it.calls),
    );
    line(
        "eth_call of a program / an EVM contract",
        ours.contract,
        of(|it| it.contract),
    );
    line(
        "requests of 32 mixed clients, per second",
        ours.mixed,
        of(|it| it.mixed),
    );
    line(
        "eth_blockNumber beside 32 endless calls, µs",
        ours.beside_us,
        of(|it| it.beside_us),
    );
    line(
        "transfers of one client, per second",
        ours.transfers,
        of(|it| it.transfers),
    );
    line(
        "memory after 10,000 blocks, KiB",
        ours.memory_kib,
        of(|it| it.memory_kib),
    );
}
