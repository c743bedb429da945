//! Transactions executed again, compared with their receipts.

use std::collections::BTreeSet;
use std::sync::Arc;

use alloy_primitives::{Address, B256, U256, hex};
use serde_json::{Value, json};
use stylus_devnet::Fork;
use stylus_devnet::replay::{
    Difference, Options, ReplayError, Replayed, last_transactions, transaction, transactions,
};

use crate::contracts::{echo, program};
use crate::fork::faults::Faulty;
use crate::fork::history::History;
use crate::support::{Chain, DEV, config, config_at, quantity};

fn node(chain: &Chain) -> Fork {
    Fork::url(chain.handle.url())
}

fn replay(chain: &Chain, hash: B256) -> Result<Replayed, Arc<ReplayError>> {
    transaction(&node(chain), hash, &Options::default())
}

#[track_caller]
fn exact(chain: &Chain, hash: B256) -> Replayed {
    let replayed = replay(chain, hash).unwrap();
    let differences: Vec<String> = replayed
        .differences()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(differences, [""; 0], "{hash}");
    assert_eq!(replayed.deviates, None);
    replayed
}

fn hashes(chain: &Chain, blocks: impl Iterator<Item = u64>) -> Vec<B256> {
    blocks
        .flat_map(|number| {
            let block = chain.rpc(
                "eth_getBlockByNumber",
                json!([format!("{number:#x}"), false]),
            );
            let hashes: Vec<B256> = serde_json::from_value(block["transactions"].clone()).unwrap();
            hashes
        })
        .collect()
}

/// Theorem: each of more than 200 transactions of every kind reproduces its receipt, in status, gas and logs.
#[test]
fn every_transaction_comes_to_its_receipt() {
    let history = History::new(220);
    let all = hashes(&history.chain, 1..=history.head());
    assert!(all.len() > 220);
    let replayed: Vec<_> = all
        .iter()
        .map(|hash| exact(&history.chain, *hash))
        .collect();
    // All kinds are present: some failed, some created contracts, some emitted logs.
    let count = |is: fn(&Replayed) -> bool| replayed.iter().filter(|it| is(it)).count();
    assert!(count(|it| !it.there.success) > 50);
    assert!(count(|it| it.there.contract.is_some()) > 30);
    assert!(count(|it| !it.there.logs.is_empty()) > 60);
}

/// Gas for L1 data, tips, and the rules of an older version follow the chain.
#[test]
fn prices_and_rules_are_the_chains() {
    for version in [51, 59, 60, 61] {
        let chain = Chain::start(config_at(version));
        let owner = |signature: &str, value: u64| {
            let selector = &alloy_primitives::keccak256(signature)[..4];
            let input = [selector, &U256::from(value).to_be_bytes::<32>()].concat();
            let to = crate::support::ARB_OWNER;
            assert!(
                chain
                    .send(json!({ "to": to, "data": hex::encode_prefixed(input) }))
                    .is_success()
            );
        };
        owner("setL1PricePerUnit(uint256)", 30_000_000_000);
        owner("setWasmFreePages(uint16)", 0);
        if version >= 60 {
            owner("setCollectTips(bool)", 1);
        }
        let echo = chain.program(&echo());
        let sent = chain.send(json!({
            "to": echo, "data": hex::encode_prefixed([7; 300]), "maxFeePerGas": "0xbebc200", "maxPriorityFeePerGas": "0x5f5e100",
        }));
        let replayed = exact(&chain, sent.hash);
        assert!(replayed.there.poster_gas.0 > 1_000, "{:?}", replayed.there);
    }
}

/// A chain whose newest block has four transactions to two programs that depend on one another; also returns their hashes and the programs.
fn dependent() -> (Chain, [B256; 4], [Address; 2]) {
    let chain = Chain::start(config());
    let history_of = |wat: &str| chain.program(wat);
    let (echo, store) = (
        history_of(&echo()),
        history_of(&program(
            "(call $cache (i32.const 0) (i32.const 1024)) (call $flush (i32.const 0)) (i32.const 0)",
        )),
    );
    chain.rpc("anvil_setAutomine", json!([false]));
    let send = |to: Address, nonce: u64, word: u64| -> B256 {
        let data = hex::encode_prefixed(U256::from(word).to_be_bytes::<32>());
        let asked = json!([{ "from": DEV, "to": to, "data": data, "gas": "0x80000", "nonce": format!("{nonce:#x}") }]);
        serde_json::from_value(chain.rpc("eth_sendTransaction", asked)).unwrap()
    };
    let nonce = quantity(&chain.rpc("eth_getTransactionCount", json!([DEV, "latest"])));
    let sent = [
        send(store, nonce, 7),
        send(echo, nonce + 1, 1),
        // Its slot is no longer empty, and its program was called in this block before.
        send(store, nonce + 2, 9),
        send(echo, nonce + 3, 2),
    ];
    chain.rpc("evm_mine", json!([]));
    (chain, sent, [store, echo])
}

/// The transactions of a block depend on one another; without the earlier ones, the last one has another outcome.
#[test]
fn a_block_is_carried_out_in_its_order() {
    let (chain, sent, _) = dependent();
    for (place, hash) in sent.iter().enumerate() {
        let replayed = exact(&chain, *hash);
        assert_eq!(replayed.index, place as u64);
    }
    let alone = Options {
        alone: true,
        ..Options::default()
    };
    // Its nonce is too high for the state before the block.
    let error = transaction(&node(&chain), sent[2], &alone).unwrap_err();
    assert!(error.to_string().contains("nonce too high"), "{error}");
    assert!(
        transaction(&node(&chain), sent[0], &alone)
            .unwrap()
            .is_exact()
    );
}

/// What users' transactions would have cost with another build of the program that they call.
#[test]
fn another_program_is_put_in_its_place() {
    let chain = Chain::start(config());
    let address = chain.program(&echo());
    let sent = chain.send(json!({ "to": address, "data": "0x010203", "gas": "0x100000" }));
    let dear = program(
        "(memory.fill (i32.const 4096) (i32.const 1) (i32.const 20000))
        (call $write_result (i32.const 1024) (local.get $len)) (i32.const 0)",
    );
    let with = |wat: &str| {
        let options = Options {
            programs: vec![(address, wat::parse_str(wat).unwrap())],
            ..Options::default()
        };
        transaction(&node(&chain), sent.hash, &options)
    };
    let same = with(&echo()).unwrap();
    assert!(same.is_exact());
    assert_eq!(same.with_programs, Some(same.here.clone()));
    let other = with(&dear).unwrap();
    assert!(other.is_exact());
    let outcome = other.with_programs.unwrap();
    assert!(outcome.success && outcome.gas > other.here.gas);
    let broken = with(&program("(unreachable)")).unwrap();
    let differences = broken.with_programs.unwrap().differences(&broken.here);
    assert_eq!(
        differences[0],
        Difference::Status {
            there: true,
            here: false
        }
    );
    let refused = with("(module)").unwrap_err().to_string();
    assert!(refused.contains("would not be activated"), "{refused}");
}

/// A recording replays with the original stopped.
#[test]
fn a_recording_replays_without_the_chain() {
    let history = History::new(22);
    let folder = tempfile::tempdir().unwrap();
    let all = hashes(&history.chain, history.begun() + 1..=history.head());
    let recorded: Vec<_> = all
        .iter()
        .map(|hash| {
            let file = folder.path().join(hash.to_string());
            let fork = Fork {
                record: Some(file.clone()),
                ..node(&history.chain)
            };
            let replayed = transaction(&fork, *hash, &Options::default()).unwrap();
            assert!(std::fs::metadata(&file).unwrap().len() < 20_000);
            (*hash, file, replayed.here)
        })
        .collect();
    drop(history);
    for (hash, file, here) in &recorded {
        let replayed = transaction(&Fork::replay(file), *hash, &Options::default()).unwrap();
        assert!(replayed.is_exact());
        assert_eq!(&replayed.here, here);
    }
    let (hash, ..) = &recorded[0];
    let (_, other, _) = &recorded[5];
    let error = transaction(&Fork::replay(other), *hash, &Options::default()).unwrap_err();
    assert!(
        error.to_string().contains("it was not asked for"),
        "{error}"
    );
}

#[test]
fn what_cannot_be_replayed() {
    let chain = Chain::start(config());
    let error = replay(&chain, B256::repeat_byte(7))
        .unwrap_err()
        .to_string();
    assert!(error.contains("it is in no block of that chain"), "{error}");
    // A false receipt is detected.
    let sent = chain.send(json!({ "to": Address::repeat_byte(0x77), "value": "0x1" }));
    let replayed = exact(&chain, sent.hash);
    let mut lie = replayed.there.clone();
    lie.gas.0 += 1;
    assert_eq!(replayed.here.differences(&lie).len(), 1);
    // What a test has since changed by hand is not part of any earlier block.
    let hand = |params: Value| chain.rpc("anvil_setBalance", params);
    hand(json!([DEV, "0x0"]));
    assert!(replay(&chain, sent.hash).unwrap().is_exact());
}

/// Several transactions of one block run together: everything is requested once, and each has the same outcome as alone.
#[test]
fn several_of_a_block_are_one_run() {
    let (chain, sent, _) = dependent();
    let earlier = hashes(&chain, 1..=2);
    let counted = Faulty::before(&chain);
    let fork = Fork::url(&counted.url);
    let unknown = B256::repeat_byte(7);
    // In any order, including one that does not exist and one given twice.
    let wanted = [sent[3], unknown, sent[0], sent[2], sent[3]];
    let all = transactions(&fork, &wanted, &Options::default()).unwrap();
    for (hash, replayed) in wanted.iter().zip(&all) {
        match replayed {
            Ok(replayed) => {
                assert_eq!(replayed.transaction, *hash);
                assert!(replayed.is_exact());
                assert_eq!(replayed.here, exact(&chain, *hash).here);
            }
            Err(error) => {
                assert_eq!(*hash, unknown);
                assert!(error.to_string().contains("in no block"), "{error}");
            }
        }
    }
    let asked = counted.asked();
    let blocks = asked
        .iter()
        .filter(|it| it.starts_with("eth_getBlockReceipts"));
    assert_eq!(blocks.count(), 1);
    let state: Vec<_> = asked
        .iter()
        .filter(|it| it.starts_with("eth_getStorageAt"))
        .collect();
    let different: BTreeSet<_> = state.iter().collect();
    assert_eq!(state.len(), different.len());
    assert!(state.len() > 3);

    // Alone, each meets the state before the block.
    let alone = Options {
        alone: true,
        ..Options::default()
    };
    let all = transactions(&fork, &sent, &alone).unwrap();
    assert!(all[0].as_ref().unwrap().is_exact());
    for replayed in &all[1..] {
        let error = replayed.as_ref().unwrap_err().to_string();
        assert!(error.contains("nonce too high"), "{error}");
    }

    // One file holds one block, not two.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("block.fork");
    let recording = Fork {
        record: Some(file.clone()),
        ..node(&chain)
    };
    let two_blocks = [sent[0], earlier[0]];
    let error = transactions(&recording, &two_blocks, &Options::default()).unwrap_err();
    assert!(error.to_string().contains("in 2 blocks"), "{error}");
    assert!(!file.exists());
    transactions(&recording, &sent, &Options::default()).unwrap();
    drop(chain);
    let recorded = Fork::replay(&file);
    let all = transactions(&recorded, &sent, &Options::default()).unwrap();
    assert!(all.iter().all(|it| it.as_ref().unwrap().is_exact()));
    let error = last_transactions(&recorded, Address::ZERO, 1, 1).unwrap_err();
    assert!(error.to_string().contains("cannot be searched"), "{error}");
}

#[test]
fn the_last_of_a_contract_are_found() {
    let (chain, sent, [store, echo]) = dependent();
    let counted = Faulty::before(&chain);
    let fork = Fork::url(&counted.url);
    let last = |contract, count, blocks| last_transactions(&fork, contract, count, blocks).unwrap();
    for (contract, count, expected) in [
        (store, 1, vec![sent[2]]),
        (store, 9, vec![sent[0], sent[2]]),
        (echo, 2, vec![sent[1], sent[3]]),
        (Address::repeat_byte(0x55), 1, vec![]),
    ] {
        assert_eq!(last(contract, count, 1_000).transactions, expected);
    }
    // The search ends when enough are found, at its bound, and at the chain's beginning.
    let head = quantity(&chain.rpc("eth_blockNumber", json!([])));
    assert_eq!(last(store, 2, 1_000).blocks, 1);
    for _ in 0..20 {
        chain.rpc("evm_mine", json!([]));
    }
    counted.asked();
    let found = last(store, 2, 18);
    assert_eq!((found.blocks, found.transactions.len()), (18, 0));
    let asked = counted.asked();
    let blocks = asked
        .iter()
        .filter(|it| it.starts_with("eth_getBlockByNumber"));
    assert_eq!(blocks.count(), 18);
    let found = last(store, 2, 21);
    assert_eq!((found.blocks, found.newest), (21, head + 20));
    assert_eq!(found.transactions, [sent[0], sent[2]]);
    assert_eq!(last(store, 9, u64::MAX).blocks, head + 21);
}
