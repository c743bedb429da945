//! How long a fork's first transactions take, compared with foundry's `anvil` on a fork of the same node.
//!
//! Lives here: a chain to fork, the connection to it, the load and the table. The node's answers are delayed by 5 ms, like those from
//! another city; each figure is for a fork that has just begun and has nothing cached, from a request to its answer.
//!
//! `STYLUS_KIT_TOOLS` names the folder where `scripts/setup --for-tests` has put anvil; without it only the devnet is measured. Run it with
//! `cargo bench -p stylus-devnet --bench fork`.

#![allow(
    clippy::unwrap_used,
    reason = "a benchmark that cannot run has nothing to say"
)]
#![allow(clippy::print_stdout, reason = "a benchmark's output is its purpose")]

mod node;

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use alloy_primitives::{Address, B256, U256, address, hex, keccak256};
use serde_json::json;

use node::{Client, Node, anvil, median};

/// Rounds of each measurement, each with its own fork; the table shows the median.
const ROUNDS: usize = 5;

/// The delay of the node's answers.
const LATENCY: Duration = Duration::from_millis(5);

const READS: u64 = 1_000;

/// `transfer(address,uint256)` as in a Solidity token, with its balances in a mapping at slot 0, and its event.
const TOKEN: [u8; 93] = hex!(
    "335f5260405f2080546024358082106059578091038255"
    "6004355f5260405f208054820190555f52"
    "60043533"
    "7fddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
    "60205fa360015f5260205ff3"
    "5b5f5ffd"
);

/// Adds up the words in its first [`READS`] slots.
const READER: [u8; 25] = hex!("5f5f5b815401906001019081" "6103e811600257" "5f5260205ff3");

const TOKEN_AT: Address = address!("0x00000000000000000000000000000000000000bb");
const READER_AT: Address = address!("0x00000000000000000000000000000000000000cc");

/// The first account of each node: both need tokens before the fork.
const SENDERS: [Address; 2] = [
    address!("0x3f1Eae7D46d88F08fc2F8ed27FCb2AB183EB2d0E"),
    address!("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"),
];

/// Puts both contracts and their storage on the chain to fork.
fn prepare(port: u16) {
    let mut client = Client::new(port);
    for (to, code) in [(TOKEN_AT, TOKEN.as_slice()), (READER_AT, &READER)] {
        client.result("anvil_setCode", &json!([to, hex::encode_prefixed(code)]));
    }
    let mut set = |to: Address, slot: B256, value: u64| {
        let word = B256::from(U256::from(value));
        client.result("anvil_setStorageAt", &json!([to, slot, word]));
    };
    for sender in SENDERS {
        let key = [sender.into_word(), B256::ZERO].concat();
        set(TOKEN_AT, keccak256(key), 1_000_000);
    }
    for slot in 0..READS {
        set(READER_AT, B256::from(U256::from(slot)), slot + 1);
    }
    client.result("evm_mine", &json!([]));
}

/// The connection to a node, which delays every answer by [`LATENCY`] and counts the connections and the requests over it.
struct Way {
    port: u16,
    questions: Arc<AtomicU64>,
}

impl Way {
    fn to(node: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let questions = Arc::new(AtomicU64::new(0));
        let counted = questions.clone();
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                let node = TcpStream::connect(("127.0.0.1", node)).unwrap();
                let counted = counted.clone();
                for stream in [&client, &node] {
                    stream.set_nodelay(true).unwrap();
                }
                let (from, to) = (client.try_clone().unwrap(), node.try_clone().unwrap());
                std::thread::spawn(move || ask(from, to, &counted));
                answer(node, client);
            }
        });
        Self { port, questions }
    }
}

/// Forwards requests at once.
fn ask(mut from: TcpStream, mut to: TcpStream, counted: &AtomicU64) {
    let mut bytes = vec![0; 1 << 16];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        // Each request starts a new chunk: the client waits for the answer before the next one.
        let posts = bytes[..count].windows(5).filter(|part| *part == b"POST ");
        counted.fetch_add(posts.count() as u64, Ordering::Relaxed);
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// Forwards answers when they are due.
fn answer(mut from: TcpStream, mut to: TcpStream) {
    let (sender, due) = mpsc::channel::<(Instant, Vec<u8>)>();
    std::thread::spawn(move || {
        let mut bytes = vec![0; 1 << 16];
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            let portion = (Instant::now() + LATENCY, bytes[..count].to_vec());
            if sender.send(portion).is_err() {
                break;
            }
        }
    });
    std::thread::spawn(move || {
        for (when, portion) in due {
            std::thread::sleep(when.saturating_duration_since(Instant::now()));
            if to.write_all(&portion).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
}

/// The measurements of forks of one kind.
struct Figures {
    ready_us: u64,
    transfer_us: u64,
    transfer_questions: u64,
    reads_us: u64,
    reads_questions: u64,
}

/// How long `work` takes, in microseconds, and how many requests to the node it causes.
fn timed(way: &Way, work: impl FnOnce()) -> (u64, u64) {
    let (began, before) = (Instant::now(), way.questions.load(Ordering::Relaxed));
    work();
    let time = u64::try_from(began.elapsed().as_micros()).unwrap();
    (time, way.questions.load(Ordering::Relaxed) - before)
}

fn measure(program: &PathBuf, node: u16, keeps_nothing: &str) -> Figures {
    let way = Way::to(node);
    let url = format!("http://127.0.0.1:{}", way.port);
    let flags = ["--fork-url", &url, keeps_nothing];
    let mut ready = Vec::new();
    let (mut transfers, mut reads) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let fork = Node::start_with(program, &flags);
        ready.push(u64::try_from(fork.ready.as_micros()).unwrap());
        let mut client = Client::new(fork.port);
        transfers.push(timed(&way, || transfer(&mut client)));
        drop(fork);
        let fork = Node::start_with(program, &flags);
        let mut client = Client::new(fork.port);
        reads.push(timed(&way, || read(&mut client)));
    }
    let median_of = |figures: &[(u64, u64)], which: fn(&(u64, u64)) -> u64| {
        median(figures.iter().map(which).collect())
    };
    Figures {
        ready_us: median(ready),
        transfer_us: median_of(&transfers, |it| it.0),
        transfer_questions: median_of(&transfers, |it| it.1),
        reads_us: median_of(&reads, |it| it.0),
        reads_questions: median_of(&reads, |it| it.1),
    }
}

/// Sends tokens and waits for the receipt.
fn transfer(client: &mut Client) {
    let from = client.result("eth_accounts", &json!([]))[0].clone();
    let to = Address::repeat_byte(0x77).into_word();
    let amount = B256::from(U256::from(5));
    let data = [&hex!("a9059cbb")[..], &to[..], &amount[..]].concat();
    let transaction = json!([{
        "from": from, "to": TOKEN_AT, "data": hex::encode_prefixed(data), "gas": "0x186a0",
        "maxFeePerGas": "0x77359400", "maxPriorityFeePerGas": "0x0",
    }]);
    let hash = client.result("eth_sendTransaction", &transaction);
    let receipt = loop {
        let receipt = client.result("eth_getTransactionReceipt", &json!([hash]));
        if !receipt.is_null() {
            break receipt;
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    assert_eq!(receipt["status"], "0x1");
    assert_eq!(receipt["logs"].as_array().unwrap().len(), 1);
}

/// Adds up the words of a thousand slots.
fn read(client: &mut Client) {
    let sum = client.result("eth_call", &json!([{ "to": READER_AT }, "latest"]));
    let sum: U256 = serde_json::from_value(sum).unwrap();
    assert_eq!(sum, U256::from(READS * (READS + 1) / 2));
}

fn main() {
    let devnet = PathBuf::from(env!("CARGO_BIN_EXE_stylus-devnet"));
    let origin = Node::start(&devnet);
    prepare(origin.port);
    let ours = measure(&devnet, origin.port, "--no-fork-cache");
    let theirs = anvil().map(|anvil| measure(&anvil, origin.port, "--no-storage-caching"));
    if theirs.is_none() {
        println!("anvil is not there: scripts/setup --for-tests gets it");
    }
    println!(
        "forks of a node that is {} ms away\n{:<44} {:>12} {:>12} {:>8}",
        LATENCY.as_millis(),
        "",
        "devnet",
        "anvil",
        "ratio"
    );
    let line = |what: &str, figure: fn(&Figures) -> u64| {
        let ours = figure(&ours);
        match theirs.as_ref().map(figure) {
            Some(theirs) => println!(
                "{what:<44} {ours:>12} {theirs:>12} {:>6} %",
                ours * 100 / theirs.max(1)
            ),
            None => println!("{what:<44} {ours:>12} {:>12}", "–"),
        }
    };
    line("ready, µs", |it| it.ready_us);
    line("the first ERC-20 transfer, µs", |it| it.transfer_us);
    line("  questions to the node", |it| it.transfer_questions);
    line("a call that reads 1,000 slots, µs", |it| it.reads_us);
    line("  questions to the node", |it| it.reads_questions);
}
