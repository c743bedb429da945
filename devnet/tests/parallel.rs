//! Many clients at once.

use std::sync::Arc;

use alloy_primitives::{Address, U256, hex};
use serde_json::json;

use crate::contracts::{echo, program};
use crate::support::{Chain, DEV, Remote};

/// Theorem: 32 clients, each deploying and calling its own contracts, see the same as each would alone, and lose no
/// nonce.
#[test]
fn thirty_two_clients() {
    let chain = Arc::new(Chain::default());
    let url = chain.handle.url();
    let clients: Vec<_> = (0..32_u8)
        .map(|number| {
            let url = url.clone();
            std::thread::spawn(move || {
                let client = Client::new(&url, Address::repeat_byte(number + 1));
                client.live(number)
            })
        })
        .collect();
    let gas: Vec<u64> = clients
        .into_iter()
        .map(|client| client.join().unwrap())
        .collect();
    // The same contracts cost the same, however many clients there are.
    assert!(gas.iter().all(|used| *used == gas[0]), "{gas:?}");
}

/// Theorem: transactions that one account sends at once without nonces get one nonce each.
#[test]
fn nonces_that_are_left_open_are_given_out_once() {
    let chain = Chain::default();
    let url = chain.handle.url();
    let clients: Vec<_> = (0..16)
        .map(|number| {
            let client = Remote::new(&url);
            std::thread::spawn(move || {
                for sent in 0..25 {
                    let to = Address::with_last_byte(0xaa);
                    let mut request = json!({ "from": DEV, "to": to, "value": "0x1" });
                    if sent % 2 == 0 {
                        request["gas"] = json!("0x5208");
                    }
                    client
                        .ask("eth_sendTransaction", json!([request]))
                        .unwrap_or_else(|error| panic!("{number}, {sent}: {error:?}"));
                }
            })
        })
        .collect();
    clients.into_iter().for_each(|it| it.join().unwrap());
    let nonce = chain.rpc("eth_getTransactionCount", json!([DEV, "latest"]));
    assert_eq!(crate::support::quantity(&nonce), 16 * 25);
}

/// Theorem: when the pool is full, asking for its size takes no longer than usual.
#[test]
fn a_full_pool_keeps_nobody_waiting() {
    let chain = Chain::default();
    chain.rpc("evm_setAutomine", json!([false]));
    let request = json!([{ "from": DEV, "to": DEV, "value": "0x1", "gas": "0x5208" }]);
    let mut connection = crate::process::Connection::to(chain.handle.address());
    let one = crate::process::request("eth_sendTransaction", &request);
    for _ in 0..4 {
        let batch = vec![&*one; 5_000].join(",");
        let answer = connection.exchange(&format!("[{batch}]")).unwrap();
        assert!(!answer.contains("\"error\""), "{:.300}", answer);
    }
    let error = chain.ask("eth_sendTransaction", request).unwrap_err();
    assert!(error.message.contains("txpool is full"), "{error:?}");
    for _ in 0..100 {
        assert_eq!(
            chain.rpc("txpool_status", json!([])),
            json!({ "pending": "0x4e20", "queued": "0x0" })
        );
    }
    chain.rpc("evm_mine", json!([]));
    let block = chain.rpc("eth_getBlockByNumber", json!(["latest", false]));
    assert_eq!(block["transactions"].as_array().unwrap().len(), 20_000);
}

/// A client with its own account and connection.
struct Client {
    chain: Remote,
    account: Address,
}

impl Client {
    fn new(url: &str, account: Address) -> Self {
        let chain = Remote::new(url);
        chain.rpc("anvil_impersonateAccount", json!([account]));
        chain.rpc("anvil_setBalance", json!([account, "0x3635c9adc5dea00000"]));
        Self { chain, account }
    }

    /// Deploys two contracts and calls them; returns the gas of all calls.
    fn live(&self, number: u8) -> u64 {
        let evm = self.deploy(&hex!("602a60005260206000f3"));
        // A program that differs from all others: its constant is in its code.
        let source = program(&format!(
            "(drop (i32.const {})) (i32.const 0)",
            64 + number % 32
        ));
        let own = self.deploy(&stylus_vm::code::encode(&wat::parse_str(source).unwrap()));
        let same = self.deploy(&stylus_vm::code::encode(&wat::parse_str(echo()).unwrap()));
        let mut gas = 0;
        for program in [own, same] {
            let input = [&hex!("58c780c2")[..], program.into_word().as_slice()].concat();
            let request = json!({
                "from": self.account, "to": crate::support::ARB_WASM, "data": hex::encode_prefixed(input),
                "value": U256::from(1_000_000_000_000_000_000_u64), "gas": "0x1000000",
            });
            // Another client may have activated the same code before.
            let _ = self.chain.ask("eth_sendTransaction", json!([request]));
        }
        for _ in 0..5 {
            for (to, data) in [(evm, "0x"), (own, "0x01"), (same, "0x0102")] {
                let mined = self.send(
                    json!({ "from": self.account, "to": to, "data": data, "gas": "0x100000" }),
                );
                assert_eq!(mined["status"], "0x1", "client {number}");
                gas += crate::support::quantity(&mined["gasUsed"]);
            }
        }
        let nonce = self
            .chain
            .rpc("eth_getTransactionCount", json!([self.account, "latest"]));
        let blocks = crate::support::quantity(&nonce);
        assert!(
            (18..=20).contains(&blocks),
            "client {number} sent {blocks} transactions"
        );
        gas
    }

    fn deploy(&self, code: &[u8]) -> Address {
        let data = hex::encode_prefixed(stylus_vm::code::init_code(code));
        let receipt = self.send(json!({ "from": self.account, "data": data }));
        serde_json::from_value(receipt["contractAddress"].clone()).unwrap()
    }

    fn send(&self, request: serde_json::Value) -> serde_json::Value {
        let hash = self.chain.rpc("eth_sendTransaction", json!([request]));
        self.chain.rpc("eth_getTransactionReceipt", json!([hash]))
    }
}
