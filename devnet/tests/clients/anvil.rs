//! A fork of foundry's `anvil`, whose chain is an Ethereum chain, not an Arbitrum chain.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use alloy_primitives::{Address, U256, hex};
use serde_json::{Value, json};

use super::tool::tools;
use crate::contracts::{forward, path};
use crate::fork::forking;
use crate::support::{Chain, Remote, quantity};

/// Adds one to the word in slot 0, logs it and returns it.
const COUNTER: [u8; 20] = hex!("5f54600101805f555f5260aa60205fa160205ff3");

struct Anvil {
    child: Child,
    url: String,
}

impl Drop for Anvil {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Anvil {
    fn start() -> Self {
        let program = tools()
            // Not the wrapper script, which does not stop what it has started.
            .join("foundry-1.7.1/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil");
        let mut child = Command::new(program)
            .args(["--port", "0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap()).lines();
        let listening = |line: &String| line.contains("Listening on ");
        let line = out.by_ref().map(Result::unwrap).find(listening).unwrap();
        // The pipe stays open, so that the process can go on writing.
        std::thread::spawn(move || out.count());
        let url = line.replace("Listening on ", "http://");
        Self { child, url }
    }
}

/// An EVM chain continues as an Arbitrum chain: its contracts and accounts exist, programs are deployed next to them and call them, and
/// requests about the past get anvil's answers.
#[test]
#[ignore = "needs anvil: scripts/test runs it"]
fn an_evm_chain_goes_on_with_programs() {
    let anvil = Anvil::start();
    let there = Remote::new(&anvil.url);
    let from = there.rpc("eth_accounts", json!([]))[0].clone();
    let send = |mut request: Value| -> Value {
        request["from"] = from.clone();
        let hash = there.rpc("eth_sendTransaction", json!([request]));
        // It is mined a little after the answer.
        loop {
            let receipt = there.rpc("eth_getTransactionReceipt", json!([hash]));
            if !receipt.is_null() {
                return receipt;
            }
        }
    };
    let init = hex::encode_prefixed(stylus_vm::code::init_code(&COUNTER));
    let counter: Address =
        serde_json::from_value(send(json!({ "data": init }))["contractAddress"].clone()).unwrap();
    for _ in 0..3 {
        send(json!({ "to": counter }));
    }
    let head = quantity(&there.rpc("eth_blockNumber", json!([])));
    assert_eq!(head, 4);

    let fork = Chain::start(forking(&anvil.url, head));
    assert_eq!(fork.rpc("eth_chainId", json!([])), json!("0x7a69"));
    assert_eq!(fork.word(counter, &[]), U256::from(4));
    // An older block of the same chain.
    let older = Chain::start(forking(&anvil.url, head - 1));
    assert_eq!(older.word(counter, &[]), U256::from(3));
    for (method, params) in [
        ("eth_getBlockByNumber", json!(["0x2", true])),
        ("eth_getBlockReceipts", json!(["0x3"])),
        ("eth_getBalance", json!([from, "0x2"])),
        ("eth_getBalance", json!([from, "0x4"])),
        (
            "eth_getLogs",
            json!([{ "fromBlock": "0x0", "toBlock": "0x4" }]),
        ),
    ] {
        assert_eq!(
            fork.rpc(method, params.clone()),
            there.rpc(method, params),
            "{method}"
        );
    }
    let program = fork.program(&forward("call"));
    let input = path(&[counter], &[]);
    let sent = fork.send(json!({ "to": program, "data": hex::encode_prefixed(&input) }));
    assert!(sent.is_success());
    assert_eq!(fork.word(counter, &[]), U256::from(5));
    // anvil's accounts belong to this chain too, with their balances there.
    let sent = fork.send(json!({ "from": from, "to": counter }));
    assert!(sent.is_success(), "{:?}", sent.receipt);
    let logs = fork.rpc(
        "eth_getLogs",
        json!([{ "fromBlock": "0x0", "address": counter }]),
    );
    assert_eq!(logs.as_array().unwrap().len(), 5);
    // None of it has reached anvil.
    assert_eq!(quantity(&there.rpc("eth_blockNumber", json!([]))), head);
}
