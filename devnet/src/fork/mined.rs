//! A block of the forked chain with all that is needed to execute it again: its header, its transactions, their receipts.
//!
//! Lives here: parsing these from a node's answers, each checked as far as possible. Not here: executing them (`chain::rerun`).

use std::sync::Arc;

use alloy_consensus::TxEnvelope;
use alloy_primitives::{Address, B256, Bytes, Log, U64, U256};
use alloy_rpc_types_eth::Log as RpcLog;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use stylus_vm::Gas;

use crate::arbos::messages::{
    CONTRACT, Message, MessageCall, RETRY, Retry, SUBMISSION, Submission, UNSIGNED, Unsigned,
};
use crate::chain::{Included, RerunBlock, Transaction};
use crate::fork::{Forked, PastError, tag};
use crate::state::source::SourceError;
use crate::units::Price;

/// Arbitrum's transaction types in addition to Ethereum's.
const DEPOSIT: u64 = 0x64;
const INTERNAL: u64 = 0x6a;

/// A transaction of a block.
#[derive(Clone, Debug)]
pub(crate) enum Mined {
    /// A transaction with a receipt to compare with.
    Sent(Included),
    /// ArbOS's work at the start of each block.
    Start(B256),
    /// Ether from L1.
    Deposit {
        hash: B256,
        to: Address,
        value: U256,
    },
}

impl Mined {
    pub(crate) fn hash(&self) -> B256 {
        match self {
            Self::Sent(sent) => sent.hash(),
            Self::Start(hash) | Self::Deposit { hash, .. } => *hash,
        }
    }
}

/// A receipt's content.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) success: bool,
    pub(crate) gas: Gas,
    pub(crate) poster_gas: Gas,
    pub(crate) logs: Vec<Log>,
    pub(crate) contract: Option<Address>,
}

/// A block to execute again.
pub(crate) struct MinedBlock {
    pub(crate) environment: RerunBlock,
    pub(crate) transactions: Vec<(Mined, Told)>,
}

/// Why a node's answers do not allow a replay.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MinedError {
    #[error(transparent)]
    Source(SourceError),
    #[error("transaction {0} is in no block of that chain: check the hash and the URL")]
    Unknown(B256),
    #[error(
        "transaction {transaction} is in block {block}, but the recording holds the state before block {recorded}"
    )]
    Elsewhere {
        transaction: B256,
        block: u64,
        recorded: u64,
    },
    #[error("the node's answer about {what} makes no sense: {why}")]
    Nonsense { what: String, why: String },
}

/// The block of a transaction.
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
    /// Returns the block after the one that was forked.
    ///
    /// # Errors
    /// If it is unavailable, or the node's data makes no sense.
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
            let chain_id = self.origin().chain_id;
            transactions.push((mined(transaction, hash, chain_id)?, told(receipt)));
        }
        let base_fee = header.base_fee_per_gas.unwrap_or_default();
        Ok(MinedBlock {
            environment: RerunBlock {
                number,
                l1_number: header.l1_block_number.map_or(number, |number| number.to()),
                timestamp: header.timestamp.to(),
                base_fee: Price::base_fee(base_fee),
                gas_limit: Gas(header.gas_limit.to()),
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

/// Parses a transaction from a node's data. Its hash has to be the one in its receipt.
fn mined(told: Value, hash: B256, chain_id: u64) -> Result<Mined, MinedError> {
    let nonsense = |why: String| MinedError::Nonsense {
        what: format!("transaction {hash}"),
        why,
    };
    let message = |message: Message| match message.hash(chain_id) == hash {
        true => Ok(Mined::Sent(Included::Message(hash, Arc::new(message)))),
        false => Err(nonsense("its fields have another hash".into())),
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
    fn of<T: serde::de::DeserializeOwned>(told: Value, hash: B256) -> Result<T, MinedError> {
        serde_json::from_value(told).map_err(|error| MinedError::Nonsense {
            what: format!("transaction {hash}"),
            why: error.to_string(),
        })
    }
    let kind: Kind = of(told.clone(), hash)?;
    Ok(match kind.kind.to::<u64>() {
        0..=4 => {
            let envelope: TxEnvelope = of(told, hash)?;
            // Its price for L1 data depends on its bytes, which are correct if their hash is.
            if *envelope.tx_hash() != hash {
                return Err(nonsense("its fields have another hash".into()));
            }
            let transaction = Transaction::known(envelope, kind.from);
            Mined::Sent(Included::Signed(Arc::new(transaction)))
        }
        DEPOSIT => Mined::Deposit {
            hash,
            to: kind.to.unwrap_or_default(),
            value: kind.value,
        },
        INTERNAL => Mined::Start(hash),
        kind if kind == u64::from(UNSIGNED) || kind == u64::from(CONTRACT) => {
            let told: ToldUnsigned = of(told, hash)?;
            let request = told.request_id.ok_or(told.nonce.to());
            message(Message::Unsigned(Unsigned {
                request,
                call: told.call(),
            }))?
        }
        kind if kind == u64::from(SUBMISSION) => {
            let told: ToldSubmission = of(told, hash)?;
            message(Message::Submission(told.submission()))?
        }
        kind if kind == u64::from(RETRY) => {
            let told: ToldRetry = of(told, hash)?;
            message(Message::Retry(told.retry()))?
        }
        other => return Err(nonsense(format!("it is of the unknown type {other:#x}"))),
    })
}

/// A node's data about a call from L1. Some types have a fee cap, others a gas price.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToldUnsigned {
    from: Address,
    to: Option<Address>,
    max_fee_per_gas: Option<U256>,
    gas_price: Option<U256>,
    gas: U64,
    #[serde(default)]
    value: U256,
    #[serde(default)]
    input: Bytes,
    #[serde(default)]
    nonce: U64,
    request_id: Option<B256>,
}

impl ToldUnsigned {
    fn call(&self) -> MessageCall {
        let fee_cap = self.max_fee_per_gas.or(self.gas_price);
        MessageCall {
            from: self.from,
            fee_cap: fee_cap.unwrap_or_default(),
            gas: Gas(self.gas.to()),
            to: self.to,
            value: self.value,
            data: self.input.clone(),
        }
    }
}

/// A node's data about a message as it arrives; the fields of its call have different names.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToldSubmission {
    request_id: B256,
    from: Address,
    l1_base_fee: U256,
    deposit_value: U256,
    max_fee_per_gas: U256,
    gas: U64,
    retry_to: Option<Address>,
    #[serde(default)]
    retry_value: U256,
    #[serde(default)]
    retry_data: Bytes,
    beneficiary: Address,
    max_submission_fee: U256,
    refund_to: Address,
}

impl ToldSubmission {
    fn submission(self) -> Submission {
        Submission {
            request: self.request_id,
            l1_base_fee: self.l1_base_fee,
            deposit: self.deposit_value,
            max_submission_fee: self.max_submission_fee,
            fee_refund: self.refund_to,
            beneficiary: self.beneficiary,
            call: MessageCall {
                from: self.from,
                fee_cap: self.max_fee_per_gas,
                gas: Gas(self.gas.to()),
                to: self.retry_to,
                value: self.retry_value,
                data: self.retry_data,
            },
        }
    }
}

/// A node's data about a try.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToldRetry {
    #[serde(flatten)]
    call: ToldUnsigned,
    ticket_id: B256,
    refund_to: Address,
    max_refund: U256,
    submission_fee_refund: U256,
}

impl ToldRetry {
    fn retry(self) -> Retry {
        Retry {
            nonce: self.call.nonce.to(),
            ticket: self.ticket_id,
            refund_to: self.refund_to,
            max_refund: self.max_refund,
            submission_fee_refund: self.submission_fee_refund,
            call: self.call.call(),
        }
    }
}

fn told(receipt: ToldReceipt) -> Told {
    Told {
        success: receipt.status == U64::from(1),
        gas: Gas(receipt.gas_used.to()),
        poster_gas: Gas(receipt.gas_used_for_l1.map_or(0, |gas| gas.to())),
        logs: receipt.logs.into_iter().map(|log| log.inner).collect(),
        contract: receipt.contract_address,
    }
}
