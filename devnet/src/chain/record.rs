//! The chain in writing: records of changes, each relative to those before it.
//!
//! Lives here: what a record holds and how it is written, and a chain in the form of records. Not here: files and their checksums
//! (`store`), the format of earlier versions (`dump`).
//!
//! A record says how many of the earlier blocks stay, which ones follow, and how accounts, code and waiting transactions have changed. So a
//! transaction, a return to a snapshot and a balance set by hand are all written in the same way, and a whole chain consists of records,
//! too.

mod reading;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::sync::Arc;

use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256};
use alloy_rlp::{Encodable, Header as RlpHeader};

pub(crate) use reading::{Reader, Written, forked_block};

use crate::arbos;
use crate::chain::block::{Block, Receipt};
use crate::chain::genesis::install_precompiles;
use crate::chain::pool::Pool;
use crate::chain::transaction::Transaction;
use crate::chain::{Chain, Origin};
use crate::state::source::Beneath;
use crate::state::{Account, AccountChange, AccountHead, State};
use crate::units::Price;

/// Blocks in one record of a whole chain.
const BLOCKS: usize = 256;

/// Stands at the end of the first record: a record without content marks the end of the whole chain.
const HAS_END: u8 = 1;

/// Accounts and slots in one record of a whole chain.
const WORDS: usize = 4_096;

/// Why a text is not a chain.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordError {
    #[error("it belongs to chain {have}, but this is chain {want}: start with --chain-id {have}")]
    ChainId { have: u64, want: u64 },
    #[error("a record cannot be read: {0}")]
    Encoding(#[from] alloy_rlp::Error),
    #[error("block {number} is where block {expected} should be")]
    Number { number: u64, expected: u64 },
    #[error("block {0} does not follow from the one before it")]
    Link(u64),
    #[error("block {0} has different numbers of receipts and transactions")]
    Receipts(u64),
    #[error("block {block} holds a transaction that cannot be decoded: {error}")]
    Transaction {
        block: u64,
        error: alloy_eips::eip2718::Eip2718Error,
    },
    #[error("a pending transaction cannot be decoded: {0}")]
    Waiting(alloy_eips::eip2718::Eip2718Error),
    #[error("transaction {0} is in two blocks")]
    Twice(B256),
    #[error("block {0} does not hold what its header says")]
    Roots(u64),
    #[error("it holds no block")]
    Empty,
    #[error(
        "it belongs to a fork of block {number} ({hash}): start with --fork-url or --fork-replay of that chain, and --fork-block-number {number}"
    )]
    Origin { number: u64, hash: B256 },
    #[error("it belongs to a chain that is not a fork: start without a fork")]
    NoOrigin,
}

/// What tells a forked chain apart from any other: the number and the hash of the block.
pub(crate) type OriginId = (u64, B256);

/// The part of a chain that has already been written down.
#[derive(Clone)]
pub(crate) struct Mark {
    blocks: usize,
    state: State,
    pool: Pool,
    time_offset: i64,
}

impl Chain {
    /// Remembers the chain as it is now, for later comparison.
    pub(crate) fn mark(&mut self) -> Mark {
        self.written = self.blocks.len();
        Mark {
            blocks: self.written,
            state: self.state().clone(),
            pool: self.pool.clone(),
            time_offset: self.controls.time_offset,
        }
    }

    /// Returns the record of what has changed since `mark`, if anything has.
    pub(crate) fn record_since(&self, mark: &Mark) -> Option<Vec<u8>> {
        let (new, gone) = self.pool.changes(&mark.pool);
        let state = self.state();
        let accounts: Vec<_> = state.account_changes(&mark.state).collect();
        // Blocks that are taken back need not have changed anything.
        let is_same = self.written == self.blocks.len()
            && self.written == mark.blocks
            && self.controls.time_offset == mark.time_offset
            && new.is_empty()
            && gone.is_empty()
            && accounts.is_empty();
        if is_same {
            return None;
        }
        let codes: Vec<Bytes> = state.new_codes(&mark.state).collect();
        let record = Record {
            keep: self.written as u64,
            time_offset: self.controls.time_offset.cast_unsigned(),
            blocks: &self.blocks[self.written..],
            codes: &codes,
            accounts: &accounts,
            gone: &gone,
            waiting: &new,
        };
        Some(record.encode())
    }

    /// Copies everything that is written down of a chain, at little cost.
    pub(crate) fn whole(&self) -> Whole {
        Whole {
            chain_id: self.config.chain_id,
            origin: self.origin.as_ref().map(Origin::id),
            time_offset: self.controls.time_offset.cast_unsigned(),
            blocks: self.blocks.clone(),
            state: self.state().clone(),
            pool: self.pool.clone(),
        }
    }

    /// Becomes the chain that was written down. Snapshots are not part of it.
    ///
    /// # Errors
    /// If a transaction is in two blocks; nothing has changed then.
    pub(crate) fn restore(&mut self, written: Written) -> Result<(), RecordError> {
        let Written {
            origin,
            time_offset,
            blocks,
            state,
            waiting,
            is_whole: _,
        } = written;
        let Some(newest) = blocks.last() else {
            return Err(RecordError::Empty);
        };
        match (origin, self.origin.as_ref().map(Origin::id)) {
            (Some((number, hash)), here) if here != Some((number, hash)) => {
                return Err(RecordError::Origin { number, hash });
            }
            (None, Some(_)) => return Err(RecordError::NoOrigin),
            _ => {}
        }
        let price = newest.header.base_fee_per_gas;
        let price = price.unwrap_or(self.config.base_fee);
        let mut state = whole(state, self.state().beneath(), price.into());
        let newest = newest.header.number;
        let mut by_transaction = HashMap::with_capacity(blocks.len());
        for block in &blocks {
            for (index, transaction) in block.transactions.iter().enumerate() {
                let place = (block.header.number, index);
                if by_transaction.insert(transaction.hash, place).is_some() {
                    return Err(RecordError::Twice(transaction.hash));
                }
            }
        }
        for block in &blocks[blocks.len().saturating_sub(256)..] {
            state.remember_block(block.header.number, block.hash);
        }
        self.by_hash = blocks
            .iter()
            .map(|block| (block.hash, block.header.number))
            .collect();
        self.by_transaction = by_transaction;
        self.blocks = blocks;
        // The states before the last are not known.
        self.states = BTreeMap::from([(newest, state)]);
        self.first_state = newest;
        self.snapshots.clear();
        self.pool = Pool::default();
        for transaction in waiting {
            // What was waiting then waits again; what no longer can is dropped, as when it waits too long.
            let _ = self.pool.add(transaction);
        }
        self.controls.block_is_made(time_offset.cast_signed());
        self.written = 0;
        Ok(())
    }
}

/// Puts a state that was written down on what is beneath, and adds what it lacks if it was saved before that was kept, or before some
/// precompile existed.
fn whole(state: State, beneath: Option<&Arc<Beneath>>, price: Price) -> State {
    let mut state = state.on(beneath.cloned());
    arbos::complete(&mut state, price);
    let version = arbos::version(&mut state);
    install_precompiles(&mut state, version);
    state
}

impl Written {
    /// Fetches in advance what the state needs of the chain beneath, so that nobody who holds the chain waits for it.
    pub(crate) fn read_ahead(&self, beneath: Option<&Arc<Beneath>>) {
        if beneath.is_some() {
            whole(self.state.clone(), beneath, Price::ZERO);
        }
    }
}

/// A chain to be written down as a whole.
pub(crate) struct Whole {
    chain_id: u64,
    origin: Option<OriginId>,
    time_offset: u64,
    blocks: Vec<Arc<Block>>,
    state: State,
    pool: Pool,
}

impl Whole {
    /// Passes to `write` the records that add up to the chain; the first one identifies it, and the last one is empty.
    ///
    /// # Errors
    /// Any error of `write`.
    pub(crate) fn records(&self, mut write: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let mut head = alloy_rlp::encode(self.chain_id);
        if let Some((number, hash)) = self.origin {
            number.encode(&mut head);
            hash.encode(&mut head);
        }
        HAS_END.encode(&mut head);
        write(&head)?;
        let empty = Record {
            keep: 0,
            time_offset: self.time_offset,
            blocks: &[],
            codes: &[],
            accounts: &[],
            gone: &[],
            waiting: &[],
        };
        let mut keep = 0;
        for blocks in self.blocks.chunks(BLOCKS) {
            write(
                &Record {
                    keep,
                    blocks,
                    ..empty
                }
                .encode(),
            )?;
            keep += blocks.len() as u64;
        }
        let mut part = Part::default();
        let mut known = HashSet::from([KECCAK256_EMPTY]);
        for (address, account) in self.state.accounts() {
            if known.insert(account.code_hash)
                && let Some(code) = self.state.own_code(account.code_hash)
            {
                part.words += 1 + code.len() / 32;
                part.codes.push(code);
            }
            part.add(*address, account);
            for (slot, value) in &account.storage {
                if part.words >= WORDS {
                    write(&part.record(keep, &empty))?;
                    part = Part::default();
                    part.add(*address, account);
                }
                part.slot(*slot, *value);
            }
            if part.words >= WORDS {
                write(&part.record(keep, &empty))?;
                part = Part::default();
            }
        }
        write(&part.record(keep, &empty))?;
        let (waiting, _) = self.pool.changes(&Pool::default());
        for waiting in waiting.chunks(BLOCKS) {
            write(
                &Record {
                    keep,
                    waiting,
                    ..empty
                }
                .encode(),
            )?;
        }
        // What is cut off before it lacks accounts, although every record in it is right.
        write(&[])
    }
}

/// Accounts being collected into one record of a whole chain.
#[derive(Default)]
struct Part {
    words: usize,
    codes: Vec<Bytes>,
    accounts: Vec<AccountChange>,
}

impl Part {
    fn add(&mut self, address: Address, account: &Account) {
        self.words += 4;
        self.accounts.push(AccountChange {
            address,
            now: Some(AccountHead::of(account)),
            slots: Vec::new(),
        });
    }

    fn slot(&mut self, slot: U256, value: U256) {
        self.words += 2;
        if let Some(account) = self.accounts.last_mut() {
            account.slots.push((slot, value));
        }
    }

    fn record(&self, keep: u64, empty: &Record<'_>) -> Vec<u8> {
        let (codes, accounts) = (&*self.codes, &*self.accounts);
        Record {
            keep,
            codes,
            accounts,
            ..*empty
        }
        .encode()
    }
}

/// A record to be written.
#[derive(Clone, Copy)]
struct Record<'a> {
    keep: u64,
    time_offset: u64,
    blocks: &'a [Arc<Block>],
    codes: &'a [Bytes],
    accounts: &'a [AccountChange],
    gone: &'a [B256],
    waiting: &'a [Arc<Transaction>],
}

/// Writes a list: encodes its items first, since their length comes in front.
fn list(out: &mut Vec<u8>, items: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    items(out);
    let mut head = Vec::with_capacity(9);
    RlpHeader {
        list: true,
        payload_length: out.len() - start,
    }
    .encode(&mut head);
    out.splice(start..start, head);
}

impl Record<'_> {
    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.keep.encode(&mut out);
        self.time_offset.encode(&mut out);
        list(&mut out, |out| {
            self.blocks.iter().for_each(|block| put_block(out, block));
        });
        list(&mut out, |out| {
            self.codes.iter().for_each(|code| code.encode(out));
        });
        list(&mut out, |out| {
            for account in self.accounts {
                put_account(out, account);
            }
        });
        list(&mut out, |out| {
            self.gone.iter().for_each(|hash| hash.encode(out));
        });
        list(&mut out, |out| {
            for transaction in self.waiting {
                put_transaction(out, transaction);
            }
        });
        out
    }
}

fn put_account(out: &mut Vec<u8>, account: &AccountChange) {
    list(out, |out| {
        account.address.encode(out);
        if let Some(head) = &account.now {
            if head.is_over {
                // An empty list marks an account over one beneath: no nonce is a list.
                list(out, |_| {});
            }
            head.nonce.encode(out);
            head.balance.encode(out);
            if head.code_hash == KECCAK256_EMPTY {
                Bytes::new().encode(out);
            } else {
                head.code_hash.encode(out);
            }
            for (slot, value) in &account.slots {
                slot.encode(out);
                value.encode(out);
            }
        }
    });
}

fn put_transaction(out: &mut Vec<u8>, transaction: &Transaction) {
    // The sender does not follow from an impersonated account's signature.
    transaction.sender.encode(out);
    transaction.encoded().encode(out);
}

fn put_block(out: &mut Vec<u8>, block: &Block) {
    block.header.encode(out);
    block.l1_number.encode(out);
    (block.size as u64).encode(out);
    list(out, |out| {
        for transaction in &block.transactions {
            put_transaction(out, transaction);
        }
    });
    list(out, |out| {
        for receipt in &block.receipts {
            put_receipt(out, receipt);
        }
    });
}

fn put_receipt(out: &mut Vec<u8>, receipt: &Receipt) {
    receipt.status.encode(out);
    receipt.gas_used.0.encode(out);
    receipt.poster_gas.0.encode(out);
    receipt.effective_gas_price.in_header().encode(out);
    list(out, |out| {
        receipt.logs.iter().for_each(|log| log.encode(out));
    });
    let contract = receipt.contract.as_ref();
    Bytes::from(contract.map_or(Vec::new(), |it| it.to_vec())).encode(out);
    let reason = receipt.reason.as_deref().unwrap_or_default();
    reason.encode(out);
    receipt.output.encode(out);
}
