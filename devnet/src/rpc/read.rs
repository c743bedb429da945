//! Methods that read the chain.
//!
//! Lives here: blocks, transactions, receipts, accounts, prices. Not here: running anything (`run`), logs (`logs`).

use std::collections::BTreeMap;

use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{Address, B256, Bytes, U64, U256, keccak256};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::bounded::{Each, to_json, to_json_until, weigh};
use crate::chain::View;
use crate::evm::Interrupt;
use crate::node::Node;
use crate::precompiles;
use crate::rpc::arguments::{Arguments, WHOLE};
use crate::rpc::error::RpcError;
use crate::rpc::methods::{Answer, Text};
use crate::rpc::{border, json};

/// The client's name. Test tools use a test network's methods if it contains `anvil` or `hardhat`, and refuse otherwise.
pub(super) const CLIENT_VERSION: &str =
    concat!("anvil/v1.7.1/stylus-devnet/v", env!("CARGO_PKG_VERSION"));

/// The most accounts and slots in one request for their words.
const MOST_WORDS: usize = 1_024;

/// The most blocks in a fee history, as in geth.
const MOST_HISTORY: u64 = 1_024;

/// The most percentiles in a request, as in geth.
const MOST_PERCENTILES: usize = 100;

pub(super) fn chain_id(node: &Node, _: &Arguments<'_>) -> Answer {
    Ok(json!(U64::from(node.chain().config().chain_id)))
}

pub(super) fn network(node: &Node, _: &Arguments<'_>) -> Answer {
    Ok(json!(node.chain().config().chain_id.to_string()))
}

pub(super) fn block_number(node: &Node, _: &Arguments<'_>) -> Answer {
    Ok(json!(U64::from(node.chain().head().header.number)))
}

pub(super) fn gas_price(node: &Node, _: &Arguments<'_>) -> Answer {
    Ok(json!(U64::from(node.chain().gas_price().in_header())))
}

/// Always zero: nobody collects tips.
pub(super) fn tip(_: &Node, _: &Arguments<'_>) -> Answer {
    Ok(json!(U64::ZERO))
}

pub(super) fn coinbase(node: &Node, _: &Arguments<'_>) -> Answer {
    Ok(json!(node.chain().beneficiary()))
}

/// The current rules (EIP-7910). They change if an owner has scheduled an upgrade, which fork ids do not show.
pub(super) fn config(node: &Node, _: &Arguments<'_>) -> Answer {
    let chain = node.chain();
    let genesis = chain.block(BlockId::earliest());
    let precompiles: BTreeMap<_, _> = precompiles::names(chain.arbos()).collect();
    let current = json!({
        "activationTime": genesis.map_or(0, |block| block.header.timestamp),
        "blobSchedule": { "baseFeeUpdateFraction": 0, "max": 0, "target": 0 },
        "chainId": U64::from(chain.config().chain_id),
        "forkId": "0x00000000",
        "precompiles": precompiles,
        "systemContracts": {},
    });
    Ok(json!({ "current": current, "next": null, "last": null }))
}

/// Always zero: there is no mining by work.
pub(super) fn hash_rate(_: &Node, _: &Arguments<'_>) -> Answer {
    Ok(json!(U64::ZERO))
}

pub(super) fn no(_: &Node, _: &Arguments<'_>) -> Answer {
    Ok(json!(false))
}

pub(super) fn yes(_: &Node, _: &Arguments<'_>) -> Answer {
    Ok(json!(true))
}

/// Always null: blocks have no uncles.
pub(super) fn no_uncle(_: &Node, _: &Arguments<'_>) -> Answer {
    Ok(Value::Null)
}

pub(super) fn peer_count(_: &Node, _: &Arguments<'_>) -> Answer {
    Ok(json!(U64::ZERO))
}

/// The version of Ethereum nodes since 2020; nobody uses it here.
pub(super) fn protocol_version(_: &Node, _: &Arguments<'_>) -> Answer {
    Ok(json!(U64::from(65)))
}

pub(super) fn client_version(_: &Node, _: &Arguments<'_>) -> Answer {
    Ok(json!(CLIENT_VERSION))
}

pub(super) fn modules(_: &Node, _: &Arguments<'_>) -> Answer {
    let names = [
        "anvil", "debug", "erigon", "eth", "evm", "hardhat", "net", "ots", "personal", "rpc",
        "trace", "txpool", "web3",
    ];
    Ok(names
        .into_iter()
        .map(|name| (name.to_owned(), json!("1.0")))
        .collect())
}

pub(super) fn sha3(_: &Node, arguments: &Arguments<'_>, _: &Interrupt) -> Text {
    let data: Bytes = arguments.required_up_to(WHOLE, 0, "data")?;
    Ok(to_json(&keccak256(data))?)
}

pub(super) fn no_blobs(_: &Node, _: &Arguments<'_>) -> Answer {
    Err(RpcError::not_supported("Arbitrum has no blobs"))
}

/// An account, and the state to find it in: the block's.
pub(super) fn account_at(
    node: &Node,
    arguments: &Arguments<'_>,
) -> Result<(Address, View), RpcError> {
    let address = arguments.required(0, "address")?;
    Ok((address, node.view(arguments.block(1)?)?))
}

pub(super) fn balance(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let (address, view) = account_at(node, arguments)?;
    Ok(json!(view.state().account(address).balance))
}

/// An account in one answer, as in anvil.
pub(super) fn account_info(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Text {
    let (address, view) = account_at(node, arguments)?;
    let account = view.state().account(address);
    let code = view.state().code(address);
    weigh(interrupt, code.len())?;
    Ok(to_json(&json!({
        "balance": account.balance,
        "nonce": U64::from(account.nonce),
        "code": code,
    }))?)
}

/// Words of many accounts.
pub(super) fn storage_values(
    node: &Node,
    arguments: &Arguments<'_>,
    interrupt: &Interrupt,
) -> Text {
    let asked: BTreeMap<Address, Vec<U256>> = arguments.required(0, "slots by address")?;
    let count: usize = asked.values().map(Vec::len).sum();
    if count.max(asked.len()) > MOST_WORDS {
        return Err(RpcError::parameters(format!(
            "{count} slots of {} accounts are asked for; the limit is {MOST_WORDS}",
            asked.len()
        )));
    }
    let view = node.view(arguments.block(1)?)?;
    let words = |address: Address, slots: Vec<U256>| -> Vec<B256> {
        let word = |slot| B256::from(view.state().slot(address, slot));
        slots.into_iter().map(word).collect()
    };
    let found: BTreeMap<Address, Vec<B256>> = asked
        .into_iter()
        .map(|(address, slots)| (address, words(address, slots)))
        .collect();
    Ok(to_json_until(interrupt, &found)?)
}

pub(super) fn code(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Text {
    let (address, view) = account_at(node, arguments)?;
    let code = view.state().code(address);
    weigh(interrupt, code.len())?;
    Ok(to_json(&code)?)
}

pub(super) fn storage(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let address: Address = arguments.required(0, "address")?;
    let slot: U256 = arguments.required(1, "slot")?;
    let view = node.view(arguments.block(2)?)?;
    Ok(json!(B256::from(view.state().slot(address, slot))))
}

pub(super) fn nonce(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let address: Address = arguments.required(0, "address")?;
    let block = arguments.block(1)?;
    let nonce = match block.is_pending() {
        true => {
            node.read_ahead(address);
            node.chain().pending_nonce(address)
        }
        false => node.view(block)?.state().account(address).nonce,
    };
    Ok(json!(U64::from(nonce)))
}

pub(super) fn block(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Text {
    let id: BlockId = arguments.required(0, "block")?;
    let is_full = arguments
        .optional(1, "whether transactions are wanted whole")?
        .unwrap_or(false);
    let block = node.chain().block(id);
    Ok(to_json_until(
        interrupt,
        &block.as_deref().map(|block| json::block(block, is_full)),
    )?)
}

/// A block without its transactions.
pub(super) fn header(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Text {
    let block = node.chain().block(arguments.required(0, "block")?);
    Ok(to_json_until(
        interrupt,
        &block.map(|block| json::header(&block)),
    )?)
}

pub(super) fn block_receipts(
    node: &Node,
    arguments: &Arguments<'_>,
    interrupt: &Interrupt,
) -> Text {
    let block = node.chain().block(arguments.required(0, "block")?);
    let all = block.as_ref().map(|block| {
        let receipts = 0..block.receipts.len();
        Each(receipts.map(|index| json::receipt(block, index)))
    });
    Ok(to_json_until(interrupt, &all)?)
}

pub(super) fn transaction_count_of_block(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let block = node.chain().block(arguments.required(0, "block")?);
    Ok(json!(
        block.map(|block| U64::from(block.transactions.len()))
    ))
}

pub(super) fn uncle_count(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let block = node.chain().block(arguments.required(0, "block")?);
    Ok(json!(block.map(|_| U64::ZERO)))
}

pub(super) fn transaction_in_block(
    node: &Node,
    arguments: &Arguments<'_>,
    interrupt: &Interrupt,
) -> Text {
    let block = node.chain().block(arguments.required(0, "block")?);
    let index = arguments.number(1, "index")?.unwrap_or(0);
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    let found = block.filter(|block| index < block.transactions.len());
    Ok(to_json_until(
        interrupt,
        &found.map(|block| json::mined(&block, index)),
    )?)
}

pub(super) fn transaction(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Text {
    let hash: B256 = arguments.required(0, "transaction hash")?;
    let (mined, pool) = {
        let chain = node.chain();
        (chain.transaction(hash), chain.pool())
    };
    let found = match mined {
        Some((block, index)) => Some(json::mined(&block, index)),
        None => pool.find(hash).map(|waiting| json::waiting(waiting)),
    };
    Ok(to_json_until(interrupt, &found)?)
}

pub(super) fn receipt(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Text {
    let hash: B256 = arguments.required(0, "transaction hash")?;
    let found = node.chain().transaction(hash);
    let found = found.as_ref();
    Ok(to_json_until(
        interrupt,
        &found.map(|(block, index)| json::receipt(block, *index)),
    )?)
}

/// A fee history as another node returns it.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FeeHistory {
    oldest_block: U64,
    base_fee_per_gas: Vec<U64>,
    /// As text, so that another node's digits stay unchanged.
    gas_used_ratio: Vec<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reward: Option<Vec<Vec<U256>>>,
}

/// Refuses percentiles that geth refuses.
fn check_percentiles(percentiles: &[f64]) -> Result<(), RpcError> {
    let invalid = |why: String| RpcError::parameters(format!("invalid reward percentile: {why}"));
    if percentiles.len() > MOST_PERCENTILES {
        return Err(invalid(format!("over the query limit {MOST_PERCENTILES}")));
    }
    if let Some(out) = percentiles.iter().find(|it| !(0.0..=100.0).contains(*it)) {
        return Err(invalid(format!("{out} is not within 0 and 100")));
    }
    for (place, pair) in percentiles.windows(2).enumerate() {
        if pair[0] >= pair[1] {
            let (one, other) = (pair[0], pair[1]);
            let next = place + 1;
            return Err(invalid(format!("#{place}:{one} >= #{next}:{other}")));
        }
    }
    Ok(())
}

pub(super) fn fee_history(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Text {
    let count = arguments.number(0, "block count")?.unwrap_or(1);
    let newest: BlockNumberOrTag = arguments.required(1, "newest block")?;
    let percentiles: Option<Vec<f64>> = arguments.optional(2, "percentiles")?;
    // Of no blocks and for no percentiles, geth says this.
    if count == 0 {
        return Ok(to_json(
            &json!({ "oldestBlock": U64::ZERO, "gasUsedRatio": null }),
        )?);
    }
    let count = count.min(MOST_HISTORY);
    let percentiles = percentiles.filter(|percentiles| !percentiles.is_empty());
    check_percentiles(percentiles.as_deref().unwrap_or_default())?;
    let forked = node.forked();
    let before = |number: u64| forked.as_ref().filter(|forked| number <= forked.number());
    let (first, last, blocks, price) = {
        let chain = node.chain();
        let last = match newest {
            BlockNumberOrTag::Number(number) if before(number).is_some() => number,
            BlockNumberOrTag::Earliest if before(0).is_some() => 0,
            newest => chain.known_block(newest.into())?.header.number,
        };
        let first = (last + 1).saturating_sub(count);
        let own = before(first).map_or(first, |forked| forked.number() + 1);
        (first, last, chain.blocks(own, last), chain.gas_price())
    };
    let mut past = FeeHistory::default();
    if let Some(forked) = before(first) {
        let to = last.min(forked.number());
        let asked = json!([U64::from(to + 1 - first), U64::from(to), percentiles]);
        past = border::past(forked, "eth_feeHistory", asked)?;
        if to == last {
            return Ok(to_json_until(interrupt, &past)?);
        }
        // The next block there is not the next block here.
        past.base_fee_per_gas.truncate(past.gas_used_ratio.len());
    }
    let fee = |block: &crate::chain::Block| U64::from(block.header.base_fee_per_gas.unwrap_or(0));
    let mut fees = past.base_fee_per_gas;
    fees.extend(blocks.iter().map(|block| fee(block)));
    // The next block's, too, which is like the others.
    fees.push(U64::from(price.in_header()));
    // No block comes near Arbitrum's limit; a block may come near one that a test has set.
    let ratio = |block: &crate::chain::Block| {
        to_json(&(block.header.gas_used as f64 / block.header.gas_limit.max(1) as f64))
    };
    let mut ratios = past.gas_used_ratio;
    for block in &blocks {
        ratios.push(ratio(block)?);
    }
    let reward = percentiles.map(|percentiles| {
        let mut rewards = past.reward.unwrap_or_default();
        rewards.extend(vec![vec![U256::ZERO; percentiles.len()]; blocks.len()]);
        rewards
    });
    Ok(to_json_until(
        interrupt,
        &FeeHistory {
            oldest_block: U64::from(first),
            base_fee_per_gas: fees,
            gas_used_ratio: ratios,
            reward,
        },
    )?)
}
