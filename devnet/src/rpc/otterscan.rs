//! Methods for the block explorer Otterscan.
//!
//! Lives here: `ots_*`. Not here: blocks and transactions in the usual form (`json`), frames (`flat`).

use alloy_consensus::Transaction as _;
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_rpc_types_trace::parity::{Action, CallType, CreationMethod};
use serde_json::{Value, json};

use crate::bounded::{to_json, to_json_until, weigh};
use crate::chain::Block;
use crate::evm::Interrupt;
use crate::node::Node;
use crate::rpc::arguments::Arguments;
use crate::rpc::error::RpcError;
use crate::rpc::methods::{Answer, Text};
use crate::rpc::{flat, json, pool, read};

/// The version of these methods.
const LEVEL: u32 = 8;

/// Some bytes of a log's JSON.
const LOG: usize = 512;

/// The most transactions per page.
const MOST_ON_PAGE: u64 = 1_000;

pub(super) fn level(_: &Node, _: &Arguments<'_>) -> Answer {
    Ok(json!(LEVEL))
}

pub(super) fn has_code(node: &Node, arguments: &Arguments<'_>) -> Answer {
    let (address, view) = read::account_at(node, arguments)?;
    Ok(json!(
        view.state().account(address).code_hash != alloy_primitives::KECCAK256_EMPTY
    ))
}

/// A block's header with the total fees of its transactions.
pub(super) fn block_details(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Text {
    let Some(block) = node.chain().block(arguments.required(0, "block")?) else {
        return Ok(to_json(&())?);
    };
    let fee = |receipt: &crate::chain::Receipt| receipt.effective_gas_price.fee(receipt.gas_used);
    let fees: U256 = block.receipts.iter().map(fee).sum();
    let nothing = U256::ZERO;
    Ok(to_json_until(
        interrupt,
        &json!({
            "block": counted(&block),
            "issuance": { "blockReward": nothing, "uncleReward": nothing, "issuance": nothing },
            "totalFees": fees,
        }),
    )?)
}

/// A block's header with how many transactions it has.
fn counted(block: &Block) -> Value {
    let mut header = json!(json::header(block));
    if let Some(header) = header.as_object_mut() {
        header.insert("transactionCount".into(), json!(block.transactions.len()));
        header.insert("uncles".into(), json!([]));
    }
    header
}

/// A page of a block's transactions, counted from the last.
pub(super) fn block_transactions(
    node: &Node,
    arguments: &Arguments<'_>,
    interrupt: &Interrupt,
) -> Text {
    let id = arguments.required(0, "block")?;
    let block = node.chain().known_block(id)?;
    let (page, size) = (
        arguments.number(1, "page")?.unwrap_or(0),
        arguments
            .number(2, "page size")?
            .unwrap_or(25)
            .min(MOST_ON_PAGE),
    );
    let count = block.transactions.len();
    let after = usize::try_from(page.saturating_mul(size)).unwrap_or(usize::MAX);
    let end = count.saturating_sub(after);
    let places = end.saturating_sub(size as usize)..end;
    let (transactions, receipts) = lines(&block, places, interrupt)?;
    let mut whole = counted(&block);
    if let Some(whole) = whole.as_object_mut() {
        whole.insert("transactions".into(), json!(transactions));
    }
    Ok(to_json_until(
        interrupt,
        &json!({ "fullblock": whole, "receipts": receipts }),
    )?)
}

/// Transactions of a block with their receipts.
fn lines(
    block: &Block,
    places: impl Iterator<Item = usize>,
    interrupt: &Interrupt,
) -> Result<(Vec<Value>, Vec<Value>), RpcError> {
    let mut lines = (Vec::new(), Vec::new());
    for index in places {
        // Both are made whole before they are cut.
        let input = block.transactions[index].envelope.input().len();
        weigh(interrupt, input + LOG * block.receipts[index].logs.len())?;
        lines.0.push(short(block, index));
        lines.1.push(receipt(block, index));
    }
    Ok(lines)
}

/// A transaction whose input is cut after the selector.
fn short(block: &Block, index: usize) -> Value {
    let mut transaction = json!(json::mined(block, index));
    let input = block.transactions[index].envelope.input();
    let selector = Bytes::copy_from_slice(&input[..input.len().min(4)]);
    if let Some(transaction) = transaction.as_object_mut() {
        transaction.insert("input".into(), json!(selector));
    }
    transaction
}

/// A receipt without its logs, with the time.
fn receipt(block: &Block, index: usize) -> Value {
    let mut receipt = json!(json::receipt(block, index));
    if let Some(receipt) = receipt.as_object_mut() {
        receipt.insert("logs".into(), Value::Null);
        receipt.insert("logsBloom".into(), Value::Null);
        receipt.insert("timestamp".into(), json!(block.header.timestamp));
    }
    receipt
}

/// Transactions from or to an address in blocks before a given one, the newest first.
pub(super) fn search_before(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Text {
    search(node, arguments, interrupt, false)
}

/// Transactions from or to an address in blocks after a given one.
pub(super) fn search_after(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Text {
    search(node, arguments, interrupt, true)
}

fn search(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt, is_after: bool) -> Text {
    let address: Address = arguments.required(0, "address")?;
    let from = arguments.number(1, "block")?.unwrap_or(0);
    let size = arguments
        .number(2, "page size")?
        .unwrap_or(25)
        .min(MOST_ON_PAGE) as usize;
    let mut blocks = {
        let chain = node.chain();
        match (from, is_after) {
            // 0 stands for either end.
            (0, _) => chain.blocks(0, u64::MAX),
            (from, true) => chain.blocks(from.saturating_add(1), u64::MAX),
            (from, false) => chain.blocks(0, from - 1),
        }
    };
    let concerns = |block: &Block, index: usize| {
        let (tx, receipt) = (&block.transactions[index], &block.receipts[index]);
        tx.sender == address
            || tx.envelope.to() == Some(address)
            || receipt.contract == Some(address)
    };
    if !is_after {
        blocks.reverse();
    }
    let (mut transactions, mut receipts) = (Vec::new(), Vec::new());
    let mut reached_end = true;
    for block in &blocks {
        interrupt.check()?;
        let places = (0..block.transactions.len()).filter(|index| concerns(block, *index));
        let (these, their) = lines(block, places, interrupt)?;
        transactions.extend(these);
        receipts.extend(their);
        // A block is never split over two pages.
        if transactions.len() >= size {
            reached_end = false;
            break;
        }
    }
    if is_after {
        transactions.reverse();
        receipts.reverse();
    }
    let (first, last) = match is_after {
        true => (reached_end, from == 0),
        false => (from == 0, reached_end),
    };
    Ok(to_json_until(
        interrupt,
        &json!({
            "txs": transactions, "receipts": receipts, "firstPage": first, "lastPage": last,
        }),
    )?)
}

/// The hash of a sender's transaction with a given nonce.
pub(super) fn by_sender_and_nonce(
    node: &Node,
    arguments: &Arguments<'_>,
    interrupt: &Interrupt,
) -> Text {
    let sender: Address = arguments.required(0, "address")?;
    let nonce = arguments.number(1, "nonce")?.unwrap_or(0);
    let blocks = node.chain().blocks(0, u64::MAX);
    let found = pool::mined_of(&blocks, sender, nonce, interrupt)?;
    Ok(to_json_until(
        interrupt,
        &found.map(|(block, index)| block.transactions[index].hash),
    )?)
}

/// The transaction that created a contract, and the account in it that did.
pub(super) fn creator(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Text {
    let address: Address = arguments.required(0, "address")?;
    let blocks = node.chain().blocks(0, u64::MAX);
    for block in blocks.iter().filter(|block| !block.transactions.is_empty()) {
        interrupt.check()?;
        // The state is checked first: the frames of all transactions take far longer.
        if node
            .view(block.hash.into())?
            .state()
            .code(address)
            .is_empty()
        {
            continue;
        }
        for transaction in &block.transactions {
            let Some(text) = flat::of_transaction(node, transaction.hash, interrupt)? else {
                continue;
            };
            let frames = flat::frames_of(&text)?;
            if let Some(frame) = frames.iter().find(|it| flat::created(it) == Some(address)) {
                let creator = match &frame.trace.action {
                    Action::Create(create) => create.from,
                    _ => transaction.sender,
                };
                return Ok(to_json_until(
                    interrupt,
                    &json!({ "hash": transaction.hash, "creator": creator }),
                )?);
            }
        }
        break;
    }
    Ok(to_json(&())?)
}

/// A failed transaction's revert data.
pub(super) fn error(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Text {
    let hash: B256 = arguments.required(0, "transaction hash")?;
    let found = node.chain().transaction(hash);
    let output = found.and_then(|(block, index)| {
        let receipt = &block.receipts[index];
        (!receipt.status).then(|| receipt.output.clone())
    });
    Ok(to_json_until(interrupt, &output.unwrap_or_default())?)
}

/// The frames of a transaction, each with its depth.
pub(super) fn trace(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Text {
    each_frame(node, arguments, interrupt, |frame| {
        let depth = frame.trace.trace_address.len();
        let output = frame
            .trace
            .result
            .as_ref()
            .map(|result| result.output().clone());
        let output = output.unwrap_or_default();
        Some(match &frame.trace.action {
            Action::Call(call) => {
                let name = match call.call_type {
                    CallType::StaticCall => "STATICCALL",
                    CallType::DelegateCall => "DELEGATECALL",
                    CallType::CallCode => "CALLCODE",
                    _ => "CALL",
                };
                json!({
                    "type": name, "depth": depth, "from": call.from, "to": call.to,
                    "value": call.value, "input": call.input, "output": output,
                })
            }
            Action::Create(create) => json!({
                "type": "CREATE", "depth": depth, "from": create.from, "to": created(frame),
                "value": create.value, "input": create.init, "output": output,
            }),
            Action::Selfdestruct(end) => json!({
                "type": "SELFDESTRUCT", "depth": depth, "from": end.address,
                "to": end.refund_address, "value": end.balance, "input": "0x", "output": "0x",
            }),
            Action::Reward(_) => return None,
        })
    })
}

/// Ether moved within a transaction, and contracts created in it.
pub(super) fn internal(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Text {
    each_frame(node, arguments, interrupt, |frame| {
        if frame.trace.trace_address.is_empty() || frame.trace.error.is_some() {
            return None;
        }
        let (kind, from, to, value) = match &frame.trace.action {
            Action::Call(call) if !call.value.is_zero() => (0, call.from, call.to, call.value),
            Action::Call(_) | Action::Reward(_) => return None,
            Action::Selfdestruct(end) => (1, end.address, end.refund_address, end.balance),
            Action::Create(create) => {
                let is_second = create.creation_method == CreationMethod::Create2;
                let kind = if is_second { 3 } else { 2 };
                (kind, create.from, created(frame), create.value)
            }
        };
        Some(json!({ "type": kind, "from": from, "to": to, "value": value }))
    })
}

type Frame = alloy_rpc_types_trace::parity::LocalizedTransactionTrace;

/// The contract that a frame created; none has the zero address.
fn created(frame: &Frame) -> Address {
    flat::created(frame).unwrap_or_default()
}

fn each_frame(
    node: &Node,
    arguments: &Arguments<'_>,
    interrupt: &Interrupt,
    show: impl Fn(&Frame) -> Option<Value>,
) -> Text {
    let hash: B256 = arguments.required(0, "transaction hash")?;
    let Some(text) = flat::of_transaction(node, hash, interrupt)? else {
        return Ok(to_json(&())?);
    };
    let shown: Vec<Value> = flat::frames_of(&text)?.iter().filter_map(show).collect();
    Ok(to_json_until(interrupt, &shown)?)
}
