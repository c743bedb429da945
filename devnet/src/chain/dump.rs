//! The chain as version 0.1.0's files and `anvil_dumpState` hold it: one JSON object with all blocks and the newest state.
//!
//! Lives here: reading that format. Not here: what is written today (`record`).

use std::collections::BTreeMap;
use std::sync::Arc;

use alloy_consensus::proofs::calculate_transaction_root;
use alloy_consensus::{Header, TxEnvelope};
use alloy_eips::eip2718::Decodable2718 as _;
use alloy_primitives::{Address, Bytes, U256};
use serde::Deserialize;

use crate::chain::block::{Block, Receipt, size};
use crate::chain::record::{RecordError, Written};
use crate::chain::transaction::Transaction;
use crate::state::State;

/// The format's name for itself.
const SCHEMA: &str = "stylus-devnet state 1";

/// A whole chain.
#[derive(Debug, Deserialize)]
pub(crate) struct Dump {
    schema: String,
    chain_id: u64,
    time_offset: u64,
    blocks: Vec<DumpedBlock>,
    accounts: BTreeMap<Address, DumpedAccount>,
}

#[derive(Debug, Deserialize)]
struct DumpedBlock {
    header: Header,
    l1_number: u64,
    transactions: Vec<DumpedTransaction>,
    receipts: Vec<Receipt>,
}

/// A transaction as it was sent. The sender is separate, since it does not follow from an impersonated account's signature.
#[derive(Debug, Deserialize)]
struct DumpedTransaction {
    raw: Bytes,
    sender: Address,
}

#[derive(Debug, Deserialize)]
struct DumpedAccount {
    nonce: u64,
    balance: U256,
    #[serde(default)]
    code: Bytes,
    #[serde(default)]
    storage: BTreeMap<U256, U256>,
}

/// Why a dump cannot be restored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DumpError {
    #[error("its format is {0:?}, and this version reads {SCHEMA:?} and its own")]
    Schema(String),
    #[error(transparent)]
    Record(#[from] RecordError),
}

impl Dump {
    /// Returns the dumped chain, which has to have the id `want`.
    ///
    /// # Errors
    /// If it is not a dump of this chain, or its blocks are inconsistent.
    pub(crate) fn written(self, want: u64) -> Result<Written, DumpError> {
        if self.schema != SCHEMA {
            return Err(DumpError::Schema(self.schema));
        }
        let have = self.chain_id;
        if have != want {
            return Err(RecordError::ChainId { have, want }.into());
        }
        let mut blocks: Vec<Arc<Block>> = Vec::with_capacity(self.blocks.len());
        for block in self.blocks {
            let (number, expected) = (block.header.number, blocks.len() as u64);
            if number != expected {
                return Err(RecordError::Number { number, expected }.into());
            }
            let parent = blocks.last().map(|block| block.hash);
            if block.header.parent_hash != parent.unwrap_or_default() {
                return Err(RecordError::Link(number).into());
            }
            blocks.push(Arc::new(restore(block)?));
        }
        let mut state = State::default();
        for (address, account) in self.accounts {
            state.set_code(address, account.code);
            state.change(address, |restored| {
                restored.nonce = account.nonce;
                restored.balance = account.balance;
                for (slot, value) in account.storage {
                    restored.set_slot(slot, value);
                }
            });
        }
        Ok(Written {
            origin: None,
            time_offset: self.time_offset,
            blocks,
            state,
            waiting: Vec::new(),
            is_whole: true,
        })
    }
}

/// Restores a block, which has no checksum other than its header's roots.
fn restore(block: DumpedBlock) -> Result<Block, RecordError> {
    let number = block.header.number;
    let decode = |transaction: DumpedTransaction| {
        let envelope = TxEnvelope::decode_2718_exact(&transaction.raw).map_err(|error| {
            RecordError::Transaction {
                block: number,
                error,
            }
        })?;
        Ok(Arc::new(Transaction::known(envelope, transaction.sender)))
    };
    let transactions = block.transactions.into_iter().map(decode);
    let transactions: Vec<_> = transactions.collect::<Result<_, RecordError>>()?;
    if transactions.len() != block.receipts.len() {
        return Err(RecordError::Receipts(number));
    }
    let envelopes: Vec<_> = transactions.iter().map(|tx| &tx.envelope).collect();
    let size = size(&block.header, &transactions);
    let block = Block {
        hash: block.header.hash_slow(),
        header: block.header,
        l1_number: block.l1_number,
        transactions: transactions.clone(),
        receipts: block.receipts,
        size,
    };
    let is_whole = block.header.transactions_root == calculate_transaction_root(&envelopes)
        && block.header.receipts_root == block.receipts_root();
    match is_whole {
        true => Ok(block),
        false => Err(RecordError::Roots(number)),
    }
}
