//! A block of the other chain with all that is needed to carry it out once more: its header, its transactions, their receipts.
//!
//! Lives here: those, out of a node's answers, each checked as far as it can be. Not here: carrying them out (`chain::rerun`).

use std::sync::Arc;

use alloy_consensus::TxEnvelope;
use alloy_primitives::{Address, B256, Log, U64, U256};
use alloy_rpc_types_eth::Log as RpcLog;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::chain::{RerunBlock, Transaction};
use crate::fork::{Forked, PastError, tag};
use crate::state::source::SourceError;

/// The kinds of transactions that Arbitrum has besides Ethereum's.
const DEPOSIT: u64 = 0x64;
const INTERNAL: u64 = 0x6a;

/// A transaction of a block.
#[derive(Clone, Debug)]
pub(crate) enum Mined {
    /// One that somebody signed.
    Sent(Arc<Transaction>),
    /// What ArbOS does at the start of each block.
    Start(B256),
    /// Ether that came from L1.
    Deposit {
        hash: B256,
        to: Address,
        value: U256,
    },
    /// Another message.
    Message { hash: B256, kind: &'static str },
}

impl Mined {
    pub(crate) fn hash(&self) -> B256 {
        match self {
            Self::Sent(sent) => sent.hash,
            Self::Start(hash) | Self::Deposit { hash, .. } | Self::Message { hash, .. } => *hash,
        }
    }
}

/// What a receipt says.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) success: bool,
    pub(crate) gas: u64,
    pub(crate) poster_gas: u64,
    pub(crate) logs: Vec<Log>,
    pub(crate) contract: Option<Address>,
}

/// A block.
pub(crate) struct MinedBlock {
    pub(crate) environment: RerunBlock,
    pub(crate) transactions: Vec<(Mined, Told)>,
}

/// What cannot be replayed for want of what a node says.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MinedError {
    #[error(transparent)]
    Source(SourceError),
    #[error("transaction {0} is in no block of that chain: check the hash and the URL")]
    Unknown(B256),
    #[error(
        "transaction {transaction} is of block {block}, and the recording is of the state before block {recorded}"
    )]
    Elsewhere {
        transaction: B256,
        block: u64,
        recorded: u64,
    },
    #[error("what the node says of {what} makes no sense: {why}")]
    Nonsense { what: String, why: String },
}

/// Where a transaction is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    block_number: Option<U64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToldHeader {
    number: U64,
    timestamp: U64,
    base_fee_per_gas: Option<U256>,
    gas_limit: U64,
    miner: Address,
    l1_block_number: Option<U64>,
    transactions: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToldReceipt {
    transaction_hash: B256,
    status: U64,
    gas_used: U64,
    gas_used_for_l1: Option<U64>,
    logs: Vec<RpcLog>,
    contract_address: Option<Address>,
}

impl Forked {
    /// The block after the one that was forked.
    ///
    /// # Errors
    /// Where it cannot be had, or what is said of it makes no sense.
    pub(crate) fn mined_block(&self) -> Result<MinedBlock, MinedError> {
        let number = self.number() + 1;
        let what = format!("block {number}");
        let answer = self.asked("eth_getBlockByNumber", json!([tag(number), true]))?;
        let header: ToldHeader = parse(&answer, &what)?;
        let answer = self.asked("eth_getBlockReceipts", json!([tag(number)]))?;
        let receipts: Vec<ToldReceipt> = parse(&answer, &format!("the receipts of {what}"))?;
        if receipts.len() != header.transactions.len() || header.number.to::<u64>() != number {
            let why = "it is another block, or has another number of receipts".into();
            return Err(MinedError::Nonsense { what, why });
        }
        let mut transactions = Vec::with_capacity(receipts.len());
        for (transaction, receipt) in header.transactions.into_iter().zip(receipts) {
            let hash = receipt.transaction_hash;
            transactions.push((mined(transaction, hash)?, told(receipt)));
        }
        let base_fee = header.base_fee_per_gas.unwrap_or_default();
        Ok(MinedBlock {
            environment: RerunBlock {
                number,
                l1_number: header.l1_block_number.map_or(number, |number| number.to()),
                timestamp: header.timestamp.to(),
                base_fee: base_fee.saturating_to(),
                gas_limit: header.gas_limit.to(),
                beneficiary: header.miner,
            },
            transactions,
        })
    }

    /// Why a transaction is not in that block.
    pub(crate) fn elsewhere(&self, transaction: B256) -> MinedError {
        let found = || {
            let answer = self.asked("eth_getTransactionByHash", json!([transaction]))?;
            let found: Option<Place> = parse(&answer, &format!("transaction {transaction}"))?;
            Ok(found.and_then(|found| found.block_number))
        };
        match found() {
            Ok(Some(block)) => MinedError::Elsewhere {
                transaction,
                block: block.to(),
                recorded: self.number() + 1,
            },
            Ok(None) => MinedError::Unknown(transaction),
            Err(error) => error,
        }
    }

    fn asked(&self, method: &str, params: Value) -> Result<Box<RawValue>, MinedError> {
        self.past(method, params).map_err(|error| match error {
            PastError::Source(error) => MinedError::Source(error),
            PastError::Told { code, message, .. } => MinedError::Source(SourceError {
                what: format!("{method} of block {}", self.number() + 1),
                whom: self.from().to_owned(),
                why: format!("it answered with the error {message:?} ({code})"),
            }),
        })
    }
}

fn parse<T: serde::de::DeserializeOwned>(answer: &RawValue, what: &str) -> Result<T, MinedError> {
    serde_json::from_str(answer.get()).map_err(|error| MinedError::Nonsense {
        what: what.to_owned(),
        why: error.to_string(),
    })
}

/// A transaction out of what a node says of it, whose hash has to be the one that its receipt names.
fn mined(told: Value, hash: B256) -> Result<Mined, MinedError> {
    let nonsense = |why: String| MinedError::Nonsense {
        what: format!("transaction {hash}"),
        why,
    };
    #[derive(Deserialize)]
    struct Kind {
        #[serde(rename = "type", default)]
        kind: U64,
        from: Address,
        to: Option<Address>,
        #[serde(default)]
        value: U256,
    }
    let kind: Kind =
        serde_json::from_value(told.clone()).map_err(|error| nonsense(error.to_string()))?;
    Ok(match kind.kind.to::<u64>() {
        0..=4 => {
            let envelope: TxEnvelope =
                serde_json::from_value(told).map_err(|error| nonsense(error.to_string()))?;
            // Its price for L1 data depends on its bytes, which are these if their hash is.
            if *envelope.tx_hash() != hash {
                return Err(nonsense("its fields have another hash".into()));
            }
            Mined::Sent(Arc::new(Transaction::known(envelope, kind.from)))
        }
        DEPOSIT => Mined::Deposit {
            hash,
            to: kind.to.unwrap_or_default(),
            value: kind.value,
        },
        INTERNAL => Mined::Start(hash),
        0x65 | 0x66 => Mined::Message {
            hash,
            kind: "a message that nobody signed",
        },
        0x68 => Mined::Message {
            hash,
            kind: "the redeem of a retryable",
        },
        0x69 => Mined::Message {
            hash,
            kind: "the submission of a retryable",
        },
        other => return Err(nonsense(format!("it is of the unknown type {other:#x}"))),
    })
}

fn told(receipt: ToldReceipt) -> Told {
    Told {
        success: receipt.status == U64::from(1),
        gas: receipt.gas_used.to(),
        poster_gas: receipt.gas_used_for_l1.map_or(0, |gas| gas.to()),
        logs: receipt.logs.into_iter().map(|log| log.inner).collect(),
        contract: receipt.contract_address,
    }
}
