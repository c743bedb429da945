//! Transactions that are not in a block yet: they wait for one, or for an earlier nonce.
//!
//! Lives here: the order they go in. Not here: executing them.

use std::collections::HashMap;
use std::sync::Arc;

use alloy_consensus::Transaction as _;
use alloy_primitives::Address;

use crate::chain::error::SubmitError;
use crate::chain::transaction::Transaction;

/// The most transactions that wait at once.
const CAPACITY: usize = 20_000;

/// The pool, in the order of arrival.
#[derive(Clone, Default)]
pub(crate) struct Pool(Vec<Arc<Transaction>>);

impl Pool {
    /// Adds a transaction, or puts it in the place of one with the same nonce that offers at least a tenth less.
    ///
    /// # Errors
    /// Where it is there already, offers too little to replace one, or the pool is full.
    pub(crate) fn add(&mut self, transaction: Arc<Transaction>) -> Result<(), SubmitError> {
        let nonce = transaction.envelope.nonce();
        let same = |other: &&mut Arc<Transaction>| {
            other.sender == transaction.sender && other.envelope.nonce() == nonce
        };
        if let Some(other) = self.0.iter_mut().find(same) {
            if other.hash == transaction.hash {
                return Err(SubmitError::AlreadyKnown);
            }
            let offered = |tx: &Transaction| tx.envelope.max_fee_per_gas();
            if offered(&transaction) < offered(other).saturating_add(offered(other).div_ceil(10)) {
                return Err(SubmitError::Underpriced);
            }
            *other = transaction;
            return Ok(());
        }
        if self.0.len() >= CAPACITY {
            return Err(SubmitError::PoolFull { capacity: CAPACITY });
        }
        self.0.push(transaction);
        Ok(())
    }

    /// Everything, in the order of arrival.
    pub(crate) fn all(&self) -> &[Arc<Transaction>] {
        &self.0
    }

    /// The nonce that follows those that wait, for an account whose next one on chain is `next`.
    pub(crate) fn nonce_after(&self, sender: Address, next: u64) -> u64 {
        let mut nonces: Vec<_> = self.of(sender).map(|tx| tx.envelope.nonce()).collect();
        nonces.sort_unstable();
        nonces.into_iter().fold(
            next,
            |next, nonce| if nonce == next { next + 1 } else { next },
        )
    }

    /// Takes out what can go into a block now, in the order in which it can: by arrival, but no nonce before its turn.
    /// `next` tells an account's next nonce on chain.
    pub(crate) fn take_ready(&mut self, next: impl Fn(Address) -> u64) -> Vec<Arc<Transaction>> {
        let mut nonces: HashMap<Address, u64> = HashMap::new();
        let mut ready = Vec::new();
        loop {
            let before = ready.len();
            self.0.retain(|transaction| {
                let nonce = nonces
                    .entry(transaction.sender)
                    .or_insert_with(|| next(transaction.sender));
                let is_next = transaction.envelope.nonce() == *nonce;
                if is_next {
                    *nonce += 1;
                    ready.push(transaction.clone());
                }
                // One whose nonce is used up can never be mined.
                !is_next && transaction.envelope.nonce() > *nonce
            });
            if ready.len() == before {
                return ready;
            }
        }
    }

    fn of(&self, sender: Address) -> impl Iterator<Item = &Arc<Transaction>> {
        self.0
            .iter()
            .filter(move |transaction| transaction.sender == sender)
    }
}
