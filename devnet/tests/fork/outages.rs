//! Blocks on a fork whose node does not answer for one of the transactions: what waits, and that nothing else does.
//!
//! Lives here: blocks of transactions that were sent while the node answered. Not here: what is refused at once (`faults`).

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use alloy_primitives::{Address, B256, hex};
use serde_json::{Value, json};
use stylus_devnet::{Event, Fork};

use crate::fork::faults::{FAULTS, Fault, Faulty, forked, forking_with};
use crate::support::{Chain, DEV, config};

/// A chain with a contract that counts in slot 0, calls a program, and loads the slot that its input names.
struct Origin {
    faulty: Faulty,
    head: u64,
    contract: Address,
    chain: Chain,
}

impl Origin {
    fn new() -> Self {
        let chain = Chain::start(config());
        let program = chain.program(
            r#"(module (memory (export "memory") 1 1) (func (export "user_entrypoint") (param i32) (result i32) (i32.const 0)))"#,
        );
        let code = [
            &hex!("5f546001015f555f5f5f5f5f73")[..],
            program.as_slice(),
            &hex!("5af1505f35545000"),
        ];
        let contract = chain.deploy(&code.concat());
        let head = crate::support::quantity(&chain.rpc("eth_blockNumber", json!([])));
        Self {
            faulty: Faulty::before(&chain),
            head,
            contract,
            chain,
        }
    }

    /// Makes known on a fork what the senders' transactions need that load slot 0, and stops making blocks of them.
    fn prepare(&self, fork: &Chain) {
        for from in self.senders() {
            fork.send(self.load(from, 0));
        }
        fork.rpc("evm_setAutomine", json!([false]));
    }

    /// Two accounts that the devnet signs for.
    fn senders(&self) -> [Value; 2] {
        let accounts = self.chain.rpc("eth_accounts", json!([]));
        [json!(DEV), accounts[1].clone()]
    }

    fn load(&self, from: Value, slot: u8) -> Value {
        json!({ "from": from, "to": self.contract, "gas": "0x30d40", "data": B256::with_last_byte(slot) })
    }

    /// Sends two transactions of the first account, of which the first needs what is unknown, and then one of the second account.
    fn send_three(&self, fork: &Chain) -> [Value; 3] {
        let [first, second] = self.senders();
        [
            self.load(first.clone(), 7),
            self.load(first, 0),
            self.load(second, 0),
        ]
        .map(|sent| fork.rpc("eth_sendTransaction", json!([sent])))
    }
}

/// The newest block, with its transactions' hashes.
fn newest(fork: &Chain) -> Value {
    fork.rpc("eth_getBlockByNumber", json!(["latest", false]))
}

fn waiting(fork: &Chain) -> Value {
    fork.rpc("txpool_status", json!([]))["pending"].clone()
}

/// Theorem: a transaction that needs what the node does not say waits, and its sender's later ones with it; the block is the same as if it
/// had not been sent. When the node is back, they are in the next block.
#[test]
fn a_block_is_made_without_what_waits_for_the_node() {
    let origin = Origin::new();
    let alone = forked(&origin.faulty, origin.head);
    origin.prepare(&alone);
    let [_, second] = origin.senders();
    alone.rpc(
        "eth_sendTransaction",
        json!([origin.load(second.clone(), 0)]),
    );
    alone.rpc("evm_mine", json!([]));
    for (fault, _) in FAULTS {
        let fork = forked(&origin.faulty, origin.head);
        origin.prepare(&fork);
        let [unknown, later, ready] = origin.send_three(&fork);
        // What was read of it for the first one must not pass for known.
        let same = json!([origin.load(second.clone(), 7)]);
        let same = fork.rpc("eth_sendTransaction", same);
        origin.faulty.set(*fault);
        fork.rpc("evm_mine", json!([]));
        assert_eq!(newest(&fork)["transactions"], json!([ready]), "{fault:?}");
        assert_eq!(newest(&fork), newest(&alone), "{fault:?}");
        assert_eq!(waiting(&fork), "0x3", "{fault:?}");
        origin.faulty.set(Fault::None);
        fork.rpc("evm_mine", json!([]));
        let all = json!([unknown, later, same]);
        assert_eq!(newest(&fork)["transactions"], all, "{fault:?}");
    }
}

/// A block of what is known needs no node, nor does an empty one.
#[test]
fn blocks_of_what_is_known_need_no_node() {
    let origin = Origin::new();
    let fork = forked(&origin.faulty, origin.head);
    origin.faulty.set(Fault::Dies);
    fork.rpc("anvil_mine", json!(["0x12c"]));
    assert_eq!(
        newest(&fork)["number"],
        json!(format!("{:#x}", origin.head + 300))
    );
}

/// Blocks that are due at intervals are made while a transaction waits for the node, and the log says so once.
#[test]
fn blocks_at_intervals_go_on() {
    let origin = Origin::new();
    let (sender, told) = std::sync::mpsc::channel();
    let fork = Chain::start_with(
        forking_with(&origin.faulty.url, origin.head, |fork| fork),
        move |event| {
            if let Event::Waiting(reason) = event {
                sender.send(reason).unwrap();
            }
        },
    );
    origin.prepare(&fork);
    let [unknown, later, ready] = origin.send_three(&fork);
    origin.faulty.set(Fault::Says(503, ""));
    let receipt = |hash: &Value| fork.rpc("eth_getTransactionReceipt", json!([hash]));
    let number = || crate::support::quantity(&fork.rpc("eth_blockNumber", json!([])));
    let begun = number();
    fork.rpc("anvil_setIntervalMining", json!([1]));
    while number() < begun + 3 {
        std::thread::yield_now();
    }
    assert!(receipt(&ready).is_object());
    assert!(receipt(&unknown).is_null());
    let reason = told.recv().unwrap();
    assert!(
        reason.contains(unknown.as_str().unwrap()) && reason.contains("it answered HTTP 503"),
        "{reason}"
    );
    origin.faulty.set(Fault::None);
    while receipt(&later).is_null() {
        std::thread::yield_now();
    }
    assert!(receipt(&unknown).is_object());
    assert!(told.try_recv().is_err());
}

/// Theorem: while the node is asked for a block's transactions, others can change the chain.
#[test]
fn nobody_else_waits_for_a_block_that_waits_for_the_node() {
    let origin = Origin::new();
    let patient = |fork| Fork {
        timeout: Duration::from_secs(15),
        ..fork
    };
    let fork = Chain::start(forking_with(&origin.faulty.url, origin.head, patient));
    origin.prepare(&fork);
    let [unknown, later, ready] = origin.send_three(&fork);
    origin.faulty.asked();
    origin.faulty.set(Fault::Hangs);
    let has_ended = AtomicBool::new(false);
    let client = || crate::support::Remote::new(&fork.handle.url());
    let stranger =
        json!([{ "from": DEV, "to": Address::repeat_byte(7), "gas": "0x5208", "nonce": "0x99" }]);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            client().rpc("evm_mine", json!([]));
            has_ended.store(true, Ordering::Relaxed);
        });
        scope.spawn(|| {
            let sent = client().ask("eth_sendTransaction", stranger.clone());
            assert!(sent.unwrap_err().message.contains("it did not answer"));
        });
        let mut asked = HashSet::new();
        while asked.len() < 2 {
            let new = origin.faulty.asked();
            asked.extend(
                new.iter()
                    .map(|it| it.split(' ').next().unwrap().to_owned()),
            );
            std::thread::yield_now();
        }
        fork.rpc("anvil_dropTransaction", json!([unknown]));
        assert!(!has_ended.load(Ordering::Relaxed));
    });
    assert_eq!(newest(&fork)["transactions"], json!([ready]));
    assert!(
        fork.rpc("eth_getTransactionByHash", json!([later]))
            .is_object()
    );
}

/// Where each transaction has its own block, those that are ready do not wait for one that waits for the node. A reorganisation, which has to
/// include its transactions, is refused.
#[test]
fn blocks_of_one_transaction_each_go_on() {
    let origin = Origin::new();
    let fork = forked(&origin.faulty, origin.head);
    origin.prepare(&fork);
    let [unknown, later, ready] = origin.send_three(&fork);
    origin.faulty.set(Fault::Dies);
    let [first, second] = origin.senders();
    let before = newest(&fork);
    let reorganised = json!([1, [[origin.load(second.clone(), 7), 0]]]);
    let refusal = fork.ask("anvil_reorg", reorganised).unwrap_err();
    assert!(refusal.message.contains("it broke off"), "{refusal:?}");
    assert_eq!(newest(&fork), before);
    fork.rpc("evm_setAutomine", json!([true]));
    assert_eq!(newest(&fork)["transactions"], json!([ready]));
    assert_eq!(waiting(&fork), "0x2");
    origin.faulty.set(Fault::None);
    // What comes next makes it try again.
    fork.send(origin.load(second, 0));
    while waiting(&fork) != "0x0" {
        std::thread::yield_now();
    }
    for hash in [unknown, later] {
        let receipt = fork.rpc("eth_getTransactionReceipt", json!([hash]));
        assert_eq!(
            receipt["from"],
            first.to_string().to_lowercase().trim_matches('"')
        );
    }
}
