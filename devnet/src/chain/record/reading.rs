//! Reading records.
//!
//! Lives here: decoding records, in parallel, and what they add up to. Not here: what they hold, and how they are written (the module
//! above).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use alloy_consensus::{Header, TxEnvelope};
use alloy_eips::eip2718::Decodable2718 as _;
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, Log, U256, keccak256};
use alloy_rlp::{Buf as _, Decodable, Header as RlpHeader};
use rayon::prelude::*;
use stylus_vm::Gas;

use crate::chain::block::{Block, Receipt, bloom, size};
use crate::chain::record::{OriginId, RecordError};
use crate::chain::transaction::Transaction;
use crate::state::{Account, AccountChange, AccountHead, State};

/// What the first record says.
struct First {
    chain_id: u64,
    origin: Option<OriginId>,
    /// Whether a record without content follows where the whole chain ends. Earlier builds wrote none.
    has_end: bool,
}

impl First {
    fn of(mut record: &[u8]) -> Result<Self, RecordError> {
        let from = &mut record;
        let chain_id = u64::decode(from)?;
        let origin = match from.len() {
            0..=1 => None,
            _ => Some((u64::decode(from)?, B256::decode(from)?)),
        };
        Ok(Self {
            chain_id,
            origin,
            has_end: !from.is_empty(),
        })
    }
}

/// Returns the block at which a chain was forked, from its first record, if it is a fork.
pub(crate) fn forked_block(record: &[u8]) -> Option<u64> {
    let (number, _) = First::of(record).ok()?.origin?;
    Some(number)
}

/// Reads a list, item by item.
fn items<'a, T, E: From<alloy_rlp::Error>, C: FromIterator<T>>(
    from: &mut &'a [u8],
    mut item: impl FnMut(&mut &'a [u8]) -> Result<T, E>,
) -> Result<C, E> {
    let mut inner = RlpHeader::decode_bytes(from, true)?;
    std::iter::from_fn(|| (!inner.is_empty()).then(|| item(&mut inner))).collect()
}

/// A chain that was read from records.
pub(crate) struct Written {
    pub(in crate::chain) origin: Option<OriginId>,
    pub(in crate::chain) time_offset: u64,
    pub(in crate::chain) blocks: Vec<Arc<Block>>,
    pub(in crate::chain) state: State,
    pub(in crate::chain) waiting: Vec<Arc<Transaction>>,
    /// Whether the chain was written to its end. If not, accounts are missing.
    pub(crate) is_whole: bool,
}

impl Written {
    /// Whether nothing can have followed the first block: then not even the first write of a new chain was completed.
    pub(crate) fn is_beginning(&self) -> bool {
        !self.is_whole && self.blocks.len() <= 1
    }
}

/// Adds up records.
pub(crate) struct Reader {
    chain_id: u64,
    is_begun: bool,
    /// Whether the end of a whole chain is still to come.
    lacks_end: bool,
    origin: Option<OriginId>,
    time_offset: u64,
    blocks: Vec<Arc<Block>>,
    codes: HashMap<B256, Bytes>,
    accounts: HashMap<Address, Reading>,
    waiting: Vec<Arc<Transaction>>,
}

/// An account while records are being read.
struct Reading {
    head: AccountHead,
    storage: HashMap<U256, U256>,
}

impl Reader {
    /// Returns a reader for records of the chain with this id.
    pub(crate) fn new(chain_id: u64) -> Self {
        Self {
            chain_id,
            is_begun: false,
            lacks_end: true,
            origin: None,
            time_offset: 0,
            blocks: Vec::new(),
            codes: HashMap::new(),
            accounts: HashMap::new(),
            waiting: Vec::new(),
        }
    }

    /// Adds the next records, which are decoded in parallel.
    ///
    /// # Errors
    /// If one is not of this chain, or does not follow from those before it: its index, and why.
    pub(crate) fn read(&mut self, records: &[Vec<u8>]) -> Result<(), (usize, RecordError)> {
        let mut skip = 0;
        if !self.is_begun
            && let Some(first) = records.first()
        {
            self.begin(first).map_err(|error| (0, error))?;
            skip = 1;
        }
        let decoded: Vec<_> = records[skip..]
            .par_iter()
            .map(|record| {
                (!record.is_empty())
                    .then(|| Decoded::of(record))
                    .transpose()
            })
            .collect();
        for (at, record) in (skip..).zip(decoded) {
            match record.map_err(|error| (at, error))? {
                Some(record) => self.add(record).map_err(|error| (at, error))?,
                None => self.lacks_end = false,
            }
        }
        Ok(())
    }

    /// The first record identifies the chain.
    fn begin(&mut self, record: &[u8]) -> Result<(), RecordError> {
        let First {
            chain_id: have,
            origin,
            has_end,
        } = First::of(record)?;
        if have != self.chain_id {
            let want = self.chain_id;
            return Err(RecordError::ChainId { have, want });
        }
        self.origin = origin;
        self.lacks_end = has_end;
        self.is_begun = true;
        Ok(())
    }

    fn add(&mut self, record: Decoded) -> Result<(), RecordError> {
        self.time_offset = record.time_offset;
        self.blocks
            .truncate(usize::try_from(record.keep).unwrap_or(usize::MAX));
        for block in record.blocks {
            let (first, number) = (self.origin, block.header.number);
            let expected = first.map_or(0, |(first, _)| first) + self.blocks.len() as u64;
            if number != expected {
                return Err(RecordError::Number { number, expected });
            }
            let parent = self.blocks.last().map(|block| block.hash);
            let follows = match (parent, first) {
                (None, Some((_, hash))) => block.hash == hash,
                (parent, _) => block.header.parent_hash == parent.unwrap_or_default(),
            };
            if !follows {
                return Err(RecordError::Link(number));
            }
            self.blocks.push(block);
        }
        self.codes.extend(record.codes);
        for account in record.accounts {
            self.account(account);
        }
        if !record.gone.is_empty() {
            self.waiting.retain(|tx| !record.gone.contains(&tx.hash));
        }
        self.waiting.extend(record.waiting);
        Ok(())
    }

    fn account(
        &mut self,
        AccountChange {
            address,
            now,
            slots,
        }: AccountChange,
    ) {
        let Some(head) = now else {
            self.accounts.remove(&address);
            return;
        };
        let reading = self.accounts.entry(address).or_insert_with(|| Reading {
            head,
            storage: HashMap::new(),
        });
        reading.head = head;
        for (slot, value) in slots {
            match value.is_zero() && !head.is_over {
                true => reading.storage.remove(&slot),
                false => reading.storage.insert(slot, value),
            };
        }
    }

    /// What the records add up to.
    pub(crate) fn finish(self) -> Written {
        let accounts = self.accounts.into_iter().map(|(address, account)| {
            let AccountHead {
                nonce,
                balance,
                code_hash,
                is_over,
            } = account.head;
            let restored = Account {
                nonce,
                balance,
                code_hash,
                storage: account.storage.into_iter().collect(),
                is_over,
            };
            (address, restored)
        });
        let state = State::of(accounts, self.codes);
        Written {
            is_whole: !self.lacks_end && !self.blocks.is_empty(),
            origin: self.origin,
            time_offset: self.time_offset,
            blocks: self.blocks,
            state,
            waiting: self.waiting,
        }
    }
}

/// A record decoded on its own.
struct Decoded {
    keep: u64,
    time_offset: u64,
    blocks: Vec<Arc<Block>>,
    codes: Vec<(B256, Bytes)>,
    accounts: Vec<AccountChange>,
    gone: HashSet<B256>,
    waiting: Vec<Arc<Transaction>>,
}

impl Decoded {
    fn of(mut record: &[u8]) -> Result<Self, RecordError> {
        let from = &mut record;
        Ok(Self {
            keep: u64::decode(from)?,
            time_offset: u64::decode(from)?,
            blocks: items(from, block)?,
            codes: items(from, |from| {
                let code = Bytes::decode(from)?;
                Ok::<_, RecordError>((keccak256(&code), code))
            })?,
            accounts: items(from, account)?,
            gone: items(from, |from| Ok::<_, RecordError>(B256::decode(from)?))?,
            waiting: items(from, |from| transaction(from, None))?,
        })
    }
}

fn block(from: &mut &[u8]) -> Result<Arc<Block>, RecordError> {
    let before = *from;
    let header = Header::decode(from)?;
    let hash = keccak256(&before[..before.len() - from.len()]);
    let number = header.number;
    let l1_number = u64::decode(from)?;
    // What earlier versions wrote is a few bytes too small.
    let _written_size = u64::decode(from)?;
    let transactions: Vec<_> = items(from, |from| transaction(from, Some(number)))?;
    let mut gas = Gas::ZERO;
    let mut receipts: Vec<Receipt> = items(from, |from| {
        let receipt = receipt(from, gas)?;
        gas = receipt.cumulative_gas_used;
        Ok::<_, RecordError>(receipt)
    })?;
    if transactions.len() != receipts.len() {
        return Err(RecordError::Receipts(number));
    }
    match &mut *receipts {
        // The header's bloom combines all of them, so here it is this one.
        [only] => only.logs_bloom = header.logs_bloom,
        several => several
            .iter_mut()
            .for_each(|receipt| receipt.logs_bloom = bloom(&receipt.logs)),
    }
    let size = size(&header, &transactions);
    Ok(Arc::new(Block {
        header,
        hash,
        l1_number,
        transactions,
        receipts,
        size,
    }))
}

fn account(from: &mut &[u8]) -> Result<AccountChange, RecordError> {
    let mut inner = RlpHeader::decode_bytes(from, true)?;
    let from = &mut inner;
    let mut change = AccountChange {
        address: Address::decode(from)?,
        now: None,
        slots: Vec::new(),
    };
    if from.is_empty() {
        return Ok(change);
    }
    let is_over = from.first() == Some(&alloy_rlp::EMPTY_LIST_CODE);
    if is_over {
        from.advance(1);
    }
    change.now = Some(AccountHead {
        is_over,
        nonce: u64::decode(from)?,
        balance: U256::decode(from)?,
        code_hash: match from.first() {
            Some(&alloy_rlp::EMPTY_STRING_CODE) => {
                from.advance(1);
                KECCAK256_EMPTY
            }
            _ => B256::decode(from)?,
        },
    });
    while !from.is_empty() {
        change
            .slots
            .push((U256::decode(from)?, U256::decode(from)?));
    }
    Ok(change)
}

/// Decodes a transaction of this block, or a waiting one.
fn transaction(from: &mut &[u8], block: Option<u64>) -> Result<Arc<Transaction>, RecordError> {
    let sender = Address::decode(from)?;
    let raw = RlpHeader::decode_bytes(from, false)?;
    let envelope = TxEnvelope::decode_2718_exact(raw).map_err(|error| match block {
        Some(block) => RecordError::Transaction { block, error },
        None => RecordError::Waiting(error),
    })?;
    Ok(Arc::new(Transaction::known(envelope, sender)))
}

fn receipt(from: &mut &[u8], gas_before: Gas) -> Result<Receipt, RecordError> {
    let status = bool::decode(from)?;
    let gas_used = Gas(u64::decode(from)?);
    let poster_gas = Gas(u64::decode(from)?);
    let effective_gas_price = u64::decode(from)?.into();
    let logs = items(from, |from| Ok::<_, RecordError>(Log::decode(from)?))?;
    let contract = RlpHeader::decode_bytes(from, false)?;
    let reason = String::decode(from)?;
    Ok(Receipt {
        status,
        gas_used,
        cumulative_gas_used: gas_before.saturating_add(gas_used),
        poster_gas,
        effective_gas_price,
        logs,
        logs_bloom: Default::default(),
        contract: Address::try_from(contract).ok(),
        reason: (!reason.is_empty()).then_some(reason),
        output: Bytes::decode(from)?,
    })
}
