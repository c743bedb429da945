//! What only a test network has: going back, setting the clock, and changing accounts without a transaction.
//!
//! Lives here: those. Not here: the names that tools call them by (`rpc`).

use alloy_primitives::{Address, B256, Bytes, U256};

use crate::chain::Chain;
use crate::chain::error::ChainError;
use crate::chain::pool::Pool;
use crate::state::State;

/// The chain as it was once; its blocks are the chain's still.
#[derive(Clone)]
pub(super) struct Snapshot {
    number: u64,
    state: State,
    pool: Pool,
    automine: bool,
    time_offset: u64,
    next_timestamp: Option<u64>,
}

impl Chain {
    /// Whether a transaction is put into a block at once.
    pub(crate) fn automine(&self) -> bool {
        self.automine
    }

    /// Sets that. Turning it on does not by itself make a block of what waits.
    pub(crate) fn set_automine(&mut self, on: bool) {
        self.automine = on;
    }

    /// Remembers the chain as it is and returns the number to go back with.
    pub(crate) fn snapshot(&mut self) -> u64 {
        let id = self.next_snapshot;
        self.next_snapshot += 1;
        let snapshot = Snapshot {
            number: self.head().header.number,
            state: self.state().clone(),
            pool: self.pool.clone(),
            automine: self.automine,
            time_offset: self.time_offset,
            next_timestamp: self.next_timestamp,
        };
        self.snapshots.push((id, snapshot));
        id
    }

    /// Goes back to a snapshot, which is used up with all later ones. Returns whether there was one.
    pub(crate) fn revert(&mut self, id: u64) -> bool {
        let Some(place) = self.snapshots.iter().position(|(known, _)| *known == id) else {
            return false;
        };
        let (_, snapshot) = self.snapshots.swap_remove(place);
        self.snapshots.truncate(place);
        while self.head().header.number > snapshot.number {
            let Some(block) = self.blocks.pop() else {
                break;
            };
            self.by_hash.remove(&block.hash);
            for transaction in &block.transactions {
                self.by_transaction.remove(&transaction.hash);
            }
        }
        self.written = self.written.min(self.blocks.len());
        self.states.split_off(&snapshot.number);
        self.states.insert(snapshot.number, snapshot.state);
        self.pool = snapshot.pool;
        self.automine = snapshot.automine;
        self.time_offset = snapshot.time_offset;
        self.next_timestamp = snapshot.next_timestamp;
        true
    }

    /// Puts the clock forward and returns by how much it is ahead in all, in seconds.
    pub(crate) fn increase_time(&mut self, seconds: u64) -> u64 {
        self.time_offset = self.time_offset.saturating_add(seconds);
        self.time_offset
    }

    /// Sets the next block's time, in seconds since 1970. Later blocks go on from there at `now`'s pace.
    ///
    /// # Errors
    /// Where it is not later than the last block's.
    pub(crate) fn set_next_timestamp(&mut self, time: u64, now: u64) -> Result<(), ChainError> {
        let last = self.head().header.timestamp;
        if time <= last {
            return Err(ChainError::TimeNotLater { asked: time, last });
        }
        self.next_timestamp = Some(time);
        self.time_offset = self.time_offset.max(time.saturating_sub(now));
        Ok(())
    }

    /// Sets an account's wei.
    pub(crate) fn set_balance(&mut self, address: Address, balance: U256) {
        self.state_mut()
            .change(address, |account| account.balance = balance);
    }

    /// Sets an account's nonce.
    pub(crate) fn set_nonce(&mut self, address: Address, nonce: u64) {
        self.state_mut()
            .change(address, |account| account.nonce = nonce);
        self.pool.settle(address, nonce);
    }

    /// Gives an account code, a program's or the EVM's. A program still has to be activated.
    pub(crate) fn set_code(&mut self, address: Address, code: Bytes) {
        self.state_mut().set_code(address, code);
    }

    /// Sets a word of an account's storage.
    pub(crate) fn set_storage(&mut self, address: Address, slot: U256, value: B256) {
        self.state_mut().set_slot(address, slot, value.into());
    }

    /// Lets anybody send transactions of an account.
    pub(crate) fn impersonate(&mut self, address: Address) {
        self.impersonated.insert(address);
    }

    /// Takes that back.
    pub(crate) fn stop_impersonating(&mut self, address: Address) {
        self.impersonated.remove(&address);
    }

    /// Lets anybody send transactions of every account, or takes that back.
    pub(crate) fn set_auto_impersonate(&mut self, on: bool) {
        self.impersonate_all = on;
    }

    /// Whether anybody may send transactions of an account.
    pub(crate) fn is_impersonated(&self, address: Address) -> bool {
        self.impersonate_all || self.impersonated.contains(&address)
    }
}
