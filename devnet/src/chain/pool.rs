//! Transactions that are not in a block yet: they wait for one, or for an earlier nonce.
//!
//! Lives here: their order. Not here: executing them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use alloy_consensus::Transaction as _;
use alloy_primitives::{Address, B256};
use imbl::OrdMap;

use crate::chain::error::SubmitError;
use crate::chain::transaction::Transaction;
use crate::config::Order;
use crate::units::Price;

/// The most transactions that can wait at once.
const CAPACITY: usize = 20_000;

/// The pool. Copies share what they have in common, so that a snapshot costs nothing.
#[derive(Clone, Default)]
pub(crate) struct Pool {
    senders: OrdMap<Address, OrdMap<u64, Waiting>>,
    /// The sender and nonce of each transaction.
    by_hash: OrdMap<B256, (Address, u64)>,
    /// How many have ever arrived.
    arrivals: u64,
}

/// What decides whose turn it is: the price if it counts, when the transaction arrived, and its sender and nonce.
type Turn = (Price, Reverse<(u64, Address, u64)>);

/// A transaction, and when it arrived.
#[derive(Clone, Debug)]
struct Waiting {
    arrival: u64,
    transaction: Arc<Transaction>,
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.transaction.hash == other.transaction.hash
    }
}

impl Eq for Waiting {}

/// How many transactions wait for a block, and how many for an earlier nonce.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct PoolStatus {
    pub(crate) ready: usize,
    pub(crate) later: usize,
}

impl Pool {
    /// Adds a transaction, or replaces one with the same nonce if the new one offers at least a tenth more.
    ///
    /// # Errors
    /// If it is already there, offers too little to replace another, or the pool is full.
    pub(crate) fn add(&mut self, transaction: Arc<Transaction>) -> Result<(), SubmitError> {
        let (sender, nonce) = (transaction.sender, transaction.envelope.nonce());
        let mut arrival = self.arrivals;
        if let Some(other) = self.get(sender, nonce) {
            if other.transaction.hash == transaction.hash {
                return Err(SubmitError::AlreadyKnown);
            }
            let Price(other_cap) = other.transaction.price_cap();
            let least = Price(other_cap.saturating_add(other_cap.div_ceil(10)));
            if transaction.price_cap() < least {
                return Err(SubmitError::Underpriced);
            }
            // It keeps the place of the one it replaces.
            arrival = other.arrival;
            let replaced = other.transaction.hash;
            self.by_hash.remove(&replaced);
        } else if self.len() >= CAPACITY {
            return Err(SubmitError::PoolFull { capacity: CAPACITY });
        }
        self.arrivals += 1;
        self.by_hash.insert(transaction.hash, (sender, nonce));
        let waiting = Waiting {
            arrival,
            transaction,
        };
        self.senders
            .entry(sender)
            .or_default()
            .insert(nonce, waiting);
        Ok(())
    }

    /// Removes all transactions of `sender` with a nonce below `next`: they are in a block, or can never be in one.
    pub(crate) fn settle(&mut self, sender: Address, next: u64) {
        let Some(mut waiting) = self.senders.remove(&sender) else {
            return;
        };
        while let Some((nonce, first)) = waiting.get_min()
            && *nonce < next
        {
            let (nonce, hash) = (*nonce, first.transaction.hash);
            self.by_hash.remove(&hash);
            waiting.remove(&nonce);
        }
        if !waiting.is_empty() {
            self.senders.insert(sender, waiting);
        }
    }

    /// Removes a transaction that can never be in a block.
    pub(crate) fn remove(&mut self, transaction: &Transaction) {
        if self.by_hash.remove(&transaction.hash).is_none() {
            return;
        }
        let sender = transaction.sender;
        if let Some(mut waiting) = self.senders.remove(&sender) {
            waiting.remove(&transaction.envelope.nonce());
            if !waiting.is_empty() {
                self.senders.insert(sender, waiting);
            }
        }
    }

    /// Removes all transactions of a sender.
    pub(crate) fn remove_sender(&mut self, sender: Address) {
        for (_, waiting) in self.senders.remove(&sender).unwrap_or_default() {
            self.by_hash.remove(&waiting.transaction.hash);
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.by_hash.len()
    }

    /// The transaction with a hash.
    pub(crate) fn find(&self, hash: B256) -> Option<&Arc<Transaction>> {
        let (sender, nonce) = self.by_hash.get(&hash)?;
        Some(&self.get(*sender, *nonce)?.transaction)
    }

    /// A sender's transaction with a nonce.
    pub(crate) fn of(&self, sender: Address, nonce: u64) -> Option<&Arc<Transaction>> {
        Some(&self.get(sender, nonce)?.transaction)
    }

    /// Returns all transactions by sender and nonce, and whether each is ready for a block. `next` returns an account's next nonce on
    /// chain.
    pub(crate) fn all(
        &self,
        next: impl Fn(Address) -> u64,
    ) -> impl Iterator<Item = (&Arc<Transaction>, bool)> {
        self.senders.iter().flat_map(move |(sender, waiting)| {
            let mut expected = next(*sender);
            waiting.iter().map(move |(nonce, waiting)| {
                let is_ready = *nonce == expected;
                if is_ready {
                    expected = expected.saturating_add(1);
                }
                (&waiting.transaction, is_ready)
            })
        })
    }

    /// Counts the transactions that are ready, and those that are not.
    pub(crate) fn status(&self, next: impl Fn(Address) -> u64) -> PoolStatus {
        let ready = self.all(next).filter(|(_, is_ready)| *is_ready).count();
        PoolStatus {
            ready,
            later: self.len() - ready,
        }
    }

    /// Returns a sender's transactions from a nonce on, up to the first gap.
    pub(crate) fn run(
        &self,
        sender: Address,
        nonce: u64,
    ) -> impl Iterator<Item = &Arc<Transaction>> {
        (nonce..).map_while(move |nonce| Some(&self.get(sender, nonce)?.transaction))
    }

    /// Returns the nonce after the waiting ones, for an account whose next one on chain is `next`.
    pub(crate) fn nonce_after(&self, sender: Address, next: u64) -> u64 {
        let Some(waiting) = self.senders.get(&sender) else {
            return next;
        };
        let mut after = next;
        for (nonce, _) in waiting.range(next..) {
            if *nonce != after {
                break;
            }
            after = after.saturating_add(1);
        }
        after
    }

    /// Whether anything can go into a block now.
    pub(crate) fn has_ready(&self, next: impl Fn(Address) -> u64) -> bool {
        let mut senders = self.senders.keys();
        senders.any(|sender| self.get(*sender, next(*sender)).is_some())
    }

    /// Returns what can go into a block now, in that order: by `order`, but with each sender's nonces in sequence.
    pub(crate) fn ready(
        &self,
        order: Order,
        next: impl Fn(Address) -> u64,
    ) -> Vec<Arc<Transaction>> {
        let mut first: BinaryHeap<Turn> = self
            .senders
            .keys()
            .filter_map(|sender| self.turn(order, *sender, next(*sender)))
            .collect();
        let mut ready = Vec::new();
        while let Some((_, Reverse((_, sender, nonce)))) = first.pop() {
            if let Some(waiting) = self.get(sender, nonce) {
                ready.push(waiting.transaction.clone());
            }
            // There is nothing after the highest possible nonce.
            let next = nonce.checked_add(1);
            first.extend(next.and_then(|next| self.turn(order, sender, next)));
        }
        ready
    }

    /// Returns how the pool differs from `before`: new transactions in order of arrival, and the hashes of those that are gone.
    pub(crate) fn changes(&self, before: &Self) -> (Vec<Arc<Transaction>>, Vec<B256>) {
        let (mut new, mut gone) = (Vec::new(), Vec::new());
        for change in before.by_hash.diff(&self.by_hash) {
            match change {
                imbl::ordmap::DiffItem::Add(hash, _) => new.push(*hash),
                imbl::ordmap::DiffItem::Remove(hash, _) => gone.push(*hash),
                imbl::ordmap::DiffItem::Update { .. } => {}
            }
        }
        let mut new: Vec<_> = new
            .into_iter()
            .filter_map(|hash| self.by_hash.get(&hash))
            .filter_map(|(sender, nonce)| self.get(*sender, *nonce))
            .collect();
        new.sort_unstable_by_key(|waiting| waiting.arrival);
        let new = new.into_iter().map(|waiting| waiting.transaction.clone());
        (new.collect(), gone)
    }

    /// The turn of a sender's transaction, if there is one with this nonce.
    fn turn(&self, order: Order, sender: Address, nonce: u64) -> Option<Turn> {
        let waiting = self.get(sender, nonce)?;
        let offered = match order {
            Order::Arrival => Price::ZERO,
            Order::Fees => waiting.transaction.price_cap(),
        };
        Some((offered, Reverse((waiting.arrival, sender, nonce))))
    }

    fn get(&self, sender: Address, nonce: u64) -> Option<&Waiting> {
        self.senders.get(&sender)?.get(&nonce)
    }
}
