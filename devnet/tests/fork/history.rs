//! A chain with a past: transactions of every kind, one per block.
//!
//! Lives here: the chain. Not here: any expectation.

use alloy_eips::eip7702::Authorization;
use alloy_primitives::{Address, B256, U256, hex};
use alloy_signer::SignerSync as _;
use alloy_signer_local::PrivateKeySigner;
use serde_json::json;

use crate::contracts::{evm_forward, forward, path, program};
use crate::support::{Chain, DEV, Mined, quantity};

/// Adds one to the word in slot 0, logs it and returns it.
const COUNTER: [u8; 24] = hex!("5f54600101805f555f5260aa60205fa160205ff3fefefefe");
/// Reverts with a word.
const REVERTS: [u8; 8] = hex!("5f545f5260205ffd");
/// Never ends.
const ENDLESS: [u8; 3] = hex!("5b5f56");

/// Stores the input's word in slot 0, and logs it.
fn store() -> String {
    program(
        "(i32.store (i32.const 0) (i32.const 0)) (call $cache (i32.const 0) (i32.const 1024)) (call $flush (i32.const 0))
        (i64.store (i32.const 512) (i64.const 0)) (i64.store (i32.const 520) (i64.const 0)) (i64.store (i32.const 528) (i64.const 0))
        (i64.store (i32.const 536) (i64.const 7))
        (i64.store (i32.const 544) (i64.load (i32.const 1048)))
        (call $log (i32.const 512) (i32.const 40) (i32.const 1)) (i32.const 0)",
    )
}

/// Traps.
fn traps() -> String {
    program("(unreachable)")
}

/// A program that differs from all others.
fn unique(number: usize) -> String {
    program(&format!(
        "(i32.store (i32.const 64) (i32.const {number})) (call $write_result (i32.const 64) (i32.const 4)) (i32.const 0)"
    ))
}

/// The chain, and the contracts on it.
pub(crate) struct History {
    pub(crate) chain: Chain,
    store: Address,
    counter: Address,
    reverts: Address,
    endless: Address,
    traps: Address,
    evm: Address,
    stylus: Address,
    begun: u64,
}

impl History {
    /// A chain with this many transactions, made after the contracts that they call.
    pub(crate) fn new(transactions: usize) -> Self {
        let chain = Chain::default();
        let mut history = Self {
            store: chain.program(&store()),
            counter: chain.deploy(&COUNTER),
            reverts: chain.deploy(&REVERTS),
            endless: chain.deploy(&ENDLESS),
            traps: chain.program(&traps()),
            evm: chain.deploy(&evm_forward()),
            stylus: chain.program(&forward("call")),
            begun: 0,
            chain,
        };
        history.begun = history.head();
        let mut number = 0;
        while history.head() < history.begun + transactions as u64 {
            history.act(number);
            number += 1;
        }
        history
    }

    /// The newest block.
    pub(crate) fn head(&self) -> u64 {
        quantity(&self.chain.rpc("eth_blockNumber", json!([])))
    }

    /// The block before the first transaction.
    pub(crate) fn begun(&self) -> u64 {
        self.begun
    }

    /// An EVM contract that counts.
    pub(crate) fn counter(&self) -> Address {
        self.counter
    }

    /// All contracts that are called; programs first.
    pub(crate) fn contracts(&self) -> [Address; 6] {
        [
            self.store,
            self.counter,
            self.reverts,
            self.traps,
            self.evm,
            self.stylus,
        ]
    }

    /// All accounts that may own something.
    pub(crate) fn accounts(&self) -> Vec<Address> {
        let funded = self.chain.handle.accounts().into_iter();
        funded
            .map(|(address, _)| address)
            .chain(self.contracts())
            .chain([Address::ZERO, Address::repeat_byte(0x77)])
            .collect()
    }

    /// Sends a transaction; which kind depends on its number.
    fn act(&self, number: usize) {
        let chain = &self.chain;
        let word = hex::encode_prefixed(B256::from(U256::from(number + 1)));
        let accounts = chain.handle.accounts();
        let (somebody, _) = accounts[1 + number % 10];
        let with_gas = |to: Address, data: &str, gas: u64| -> Mined {
            chain.send(json!({ "to": to, "data": data, "gas": format!("{gas:#x}") }))
        };
        match number % 11 {
            0 => drop(with_gas(self.store, &word, 1_000_000)),
            1 => drop(chain.send(json!({ "from": somebody, "to": self.counter }))),
            2 => {
                let along = path(&[self.stylus, self.evm, self.counter], &[]);
                drop(with_gas(self.evm, &hex::encode_prefixed(along), 2_000_000));
            }
            3 => {
                let along = path(&[self.evm, self.reverts], &[]);
                drop(with_gas(self.stylus, &hex::encode_prefixed(along), 1_000_000));
            }
            4 => drop(with_gas(self.endless, "0x", 60_000 + number as u64)),
            5 => drop(chain.send(json!({ "data": hex::encode_prefixed(stylus_vm::code::init_code(&COUNTER)) }))),
            6 => self.delegate(number),
            7 => drop(chain.send(json!({ "from": somebody, "to": Address::repeat_byte(0x77), "value": format!("{number:#x}") }))),
            8 => drop(chain.program(&unique(number))),
            9 => drop(with_gas(self.traps, "0x", 500_000)),
            _ => {
                // Through an account that may have been delegated to a program by now.
                let (account, _) = accounts[1 + (number / 11) % 10];
                let list = json!([{ "address": self.store, "storageKeys": [B256::ZERO] }]);
                drop(chain.send(json!({
                    "to": account, "data": word, "gas": "0x100000", "value": "0x5", "accessList": list, "from": DEV,
                })));
            }
        }
    }

    /// Delegates an account to a program (EIP-7702), in a transaction from the dev account.
    fn delegate(&self, number: usize) {
        let place = 1 + (number / 11) % 10;
        let (account, key) = self.chain.handle.accounts()[place];
        let nonce = quantity(
            &self
                .chain
                .rpc("eth_getTransactionCount", json!([account, "latest"])),
        );
        let signer = PrivateKeySigner::from_bytes(&key).unwrap();
        let authorization = Authorization {
            chain_id: U256::from(412_346),
            address: self.store,
            nonce,
        };
        let signature = signer
            .sign_hash_sync(&authorization.signature_hash())
            .unwrap();
        let word = hex::encode_prefixed(B256::from(U256::from(number)));
        let sent = self.chain.send(json!({
            "to": account, "data": word, "gas": "0x100000",
            "authorizationList": [authorization.into_signed(signature)],
        }));
        assert!(sent.is_success(), "{:?}", sent.receipt);
    }
}
