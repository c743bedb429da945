//! The chain as a file holds it: its blocks, and the newest state.
//!
//! Lives here: the format, its version, and going back from it. Not here: files, and how they are written whole (`node`).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use alloy_consensus::{Header, TxEnvelope};
use alloy_eips::eip2718::Decodable2718 as _;
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256};
use serde::{Deserialize, Serialize};

use crate::arbos;
use crate::chain::Chain;
use crate::chain::block::{Block, Receipt};
use crate::chain::genesis::install_precompiles;
use crate::chain::pool::Pool;
use crate::chain::transaction::Transaction;
use crate::state::State;

/// What the format calls itself; a change of the format changes the number.
const SCHEMA: &str = "stylus-devnet state 1";

/// A whole chain.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Dump {
    schema: String,
    chain_id: u64,
    time_offset: u64,
    blocks: Vec<DumpedBlock>,
    accounts: BTreeMap<Address, DumpedAccount>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct DumpedBlock {
    header: Header,
    l1_number: u64,
    transactions: Vec<DumpedTransaction>,
    receipts: Vec<Receipt>,
    size: usize,
}

/// A transaction as it was sent. An impersonated account's signature tells nothing of the sender.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct DumpedTransaction {
    raw: Bytes,
    sender: Address,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct DumpedAccount {
    nonce: u64,
    balance: U256,
    #[serde(default, skip_serializing_if = "is_empty")]
    code: Bytes,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    storage: BTreeMap<U256, U256>,
}

fn is_empty(code: &Bytes) -> bool {
    code.is_empty()
}

/// A dump that cannot be gone back to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DumpError {
    #[error("it is of the format {0:?}, and this version reads {SCHEMA:?} alone")]
    Schema(String),
    #[error("it is of chain {have}, and this is chain {want}: start with --chain-id {have}")]
    ChainId { have: u64, want: u64 },
    #[error("its blocks are not numbered from 0 without a gap")]
    Numbers,
    #[error("block {block} holds a transaction that cannot be decoded: {error}")]
    Transaction {
        block: u64,
        error: alloy_eips::eip2718::Eip2718Error,
    },
}

impl Chain {
    /// The chain, to be kept. Transactions that wait are not part of it, nor are snapshots.
    pub(crate) fn dump(&self) -> Dump {
        let blocks = self.blocks.iter().map(|block| DumpedBlock {
            header: block.header.clone(),
            l1_number: block.l1_number,
            transactions: block
                .transactions
                .iter()
                .map(|tx| DumpedTransaction {
                    raw: tx.encoded(),
                    sender: tx.sender,
                })
                .collect(),
            receipts: block.receipts.clone(),
            size: block.size,
        });
        let state = self.state();
        let accounts = state.accounts().map(|(address, account)| {
            let has_code = account.code_hash != KECCAK256_EMPTY;
            let dumped = DumpedAccount {
                nonce: account.nonce,
                balance: account.balance,
                code: if has_code {
                    state.code(*address)
                } else {
                    Bytes::new()
                },
                storage: account
                    .storage
                    .iter()
                    .map(|(slot, value)| (*slot, *value))
                    .collect(),
            };
            (*address, dumped)
        });
        Dump {
            schema: SCHEMA.into(),
            chain_id: self.config.chain_id,
            time_offset: self.time_offset,
            blocks: blocks.collect(),
            accounts: accounts.collect(),
        }
    }

    /// Becomes the chain that was dumped.
    ///
    /// # Errors
    /// Where the dump is not one of this chain; nothing has changed then.
    pub(crate) fn load(&mut self, dump: Dump) -> Result<(), DumpError> {
        if dump.schema != SCHEMA {
            return Err(DumpError::Schema(dump.schema));
        }
        if dump.chain_id != self.config.chain_id {
            let (have, want) = (dump.chain_id, self.config.chain_id);
            return Err(DumpError::ChainId { have, want });
        }
        let mut blocks = Vec::with_capacity(dump.blocks.len());
        for (number, block) in (0..).zip(dump.blocks) {
            if block.header.number != number || block.transactions.len() != block.receipts.len() {
                return Err(DumpError::Numbers);
            }
            blocks.push(Arc::new(restore(block)?));
        }
        if blocks.is_empty() {
            return Err(DumpError::Numbers);
        }
        let mut state = State::default();
        for (address, account) in dump.accounts {
            state.set_code(address, account.code);
            state.change(address, |restored| {
                restored.nonce = account.nonce;
                restored.balance = account.balance;
                for (slot, value) in account.storage {
                    restored.set_slot(slot, value);
                }
            });
        }
        // A file from before prices were part of the state, or from before some precompile was.
        let last = blocks
            .last()
            .and_then(|block| block.header.base_fee_per_gas);
        arbos::complete(&mut state, last.unwrap_or(self.config.base_fee));
        let version = arbos::version(&mut state);
        install_precompiles(&mut state, version);
        for block in blocks.iter().rev().take(256).rev() {
            state.remember_block(block.header.number, block.hash);
        }

        self.blocks.clear();
        self.by_hash = HashMap::new();
        self.by_transaction = HashMap::new();
        self.states.clear();
        self.snapshots.clear();
        self.pool = Pool::default();
        self.time_offset = dump.time_offset;
        self.next_timestamp = None;
        for block in blocks {
            self.append(block, state.clone());
        }
        // The states before the last are not known.
        let newest = self.states.pop_last();
        self.states = newest.into_iter().collect();
        Ok(())
    }
}

fn restore(block: DumpedBlock) -> Result<Block, DumpError> {
    let number = block.header.number;
    let decode = |transaction: DumpedTransaction| {
        let envelope = TxEnvelope::decode_2718_exact(&transaction.raw).map_err(|error| {
            DumpError::Transaction {
                block: number,
                error,
            }
        })?;
        Ok(Arc::new(Transaction::known(envelope, transaction.sender)))
    };
    let hash: B256 = block.header.hash_slow();
    Ok(Block {
        transactions: block
            .transactions
            .into_iter()
            .map(decode)
            .collect::<Result<_, _>>()?,
        header: block.header,
        hash,
        l1_number: block.l1_number,
        receipts: block.receipts,
        size: block.size,
    })
}
