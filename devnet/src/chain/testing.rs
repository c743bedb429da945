//! What only a test network has: going back, setting the clock, and changing accounts without a transaction.
//!
//! Lives here: those functions. Not here: the names that tools call them by (`rpc`).

use alloy_primitives::{Address, B256, Bytes, U256};
use stylus_vm::Gas;

use crate::addresses::SEQUENCER;
use crate::arbos::l2_pricing;
use crate::chain::block::GAS_LIMIT;
use crate::chain::error::ChainError;
use crate::chain::pool::Pool;
use crate::chain::{Chain, GenesisError, Origin};
use crate::config::{Clock, Config, Mining};
use crate::state::State;
use crate::units::Price;

/// What a test has set for the blocks to come.
#[derive(Clone, Debug)]
pub(super) struct Controls {
    /// Whether a transaction is mined at once.
    pub(super) automine: bool,
    /// How many seconds block times are ahead of the clock; negative if behind.
    pub(super) time_offset: i64,
    /// The next block's time.
    pub(super) next_timestamp: Option<u64>,
    /// Seconds between the times of consecutive blocks.
    pub(super) time_step: Option<u64>,
    /// The gas limit of a block.
    pub(super) gas_limit: Gas,
    /// The beneficiary of blocks.
    pub(super) beneficiary: Address,
    /// What PREVRANDAO returns in the next block, if it is not Arbitrum's value.
    pub(super) next_random: Option<B256>,
}

impl Controls {
    /// Returns the controls of a chain before anything is set.
    pub(super) fn new(config: &Config) -> Self {
        Self {
            automine: config.mining == Mining::Automatic,
            time_offset: 0,
            next_timestamp: None,
            time_step: None,
            gas_limit: config.gas_limit.unwrap_or(GAS_LIMIT),
            beneficiary: SEQUENCER,
            next_random: None,
        }
    }

    /// Clears what was set for one block only, after a block that leaves the clock at this offset.
    pub(super) fn block_is_made(&mut self, time_offset: i64) {
        self.time_offset = time_offset;
        self.next_timestamp = None;
        self.next_random = None;
    }
}

/// The chain at an earlier point; its blocks are still those of the chain.
#[derive(Clone)]
pub(super) struct Snapshot {
    number: u64,
    state: State,
    pool: Pool,
    controls: Controls,
}

impl Chain {
    /// Whether a transaction is mined at once.
    pub(crate) fn automine(&self) -> bool {
        self.controls.automine
    }

    /// Sets whether a transaction is mined at once. Blocks of those that wait are the node's to make.
    pub(crate) fn set_automine(&mut self, on: bool) {
        self.controls.automine = on;
    }

    /// Remembers the chain as it is, and returns the snapshot's id.
    pub(crate) fn snapshot(&mut self) -> u64 {
        let id = self.next_snapshot;
        self.next_snapshot += 1;
        let snapshot = Snapshot {
            number: self.head().header.number,
            state: self.state().clone(),
            pool: self.pool.clone(),
            controls: self.controls.clone(),
        };
        self.snapshots.push((id, snapshot));
        id
    }

    /// The snapshots that can be reverted to, with the number and hash of their blocks.
    pub(crate) fn snapshots(&self) -> impl Iterator<Item = (u64, u64, B256)> {
        self.snapshots.iter().filter_map(|(id, snapshot)| {
            let block = self.block(snapshot.number.into())?;
            Some((*id, snapshot.number, block.hash))
        })
    }

    /// Reverts to a snapshot, which uses up this one and all later ones. Returns whether it existed.
    pub(crate) fn revert(&mut self, id: u64) -> bool {
        let Some(place) = self.snapshots.iter().position(|(known, _)| *known == id) else {
            return false;
        };
        let (_, snapshot) = self.snapshots.swap_remove(place);
        self.snapshots.truncate(place);
        self.cut(snapshot.number, snapshot.state);
        self.pool = snapshot.pool;
        // As with anvil and Hardhat, how blocks are made is a setting of the node and outlasts the chain.
        self.controls = Controls {
            automine: self.controls.automine,
            ..snapshot.controls
        };
        true
    }

    /// Removes the newest `depth` blocks. Waiting transactions keep waiting.
    ///
    /// # Errors
    /// If there are fewer blocks, or the state below them is gone.
    pub(crate) fn rollback(&mut self, depth: u64) -> Result<(), ChainError> {
        let head = self.head().header.number;
        let number = head
            .checked_sub(depth)
            .ok_or(ChainError::Depth { depth, head })?;
        let state = self.state_after(number)?;
        self.snapshots
            .retain(|(_, snapshot)| snapshot.number <= number);
        self.cut(number, state);
        Ok(())
    }

    /// Removes the blocks above `number` and sets the state after it to `state`.
    fn cut(&mut self, number: u64, state: State) {
        while self.head().header.number > number {
            let Some(block) = self.blocks.pop() else {
                break;
            };
            self.by_hash.remove(&block.hash);
            for transaction in &block.transactions {
                self.by_transaction.remove(&transaction.hash);
            }
        }
        self.written = self.written.min(self.blocks.len());
        self.states.split_off(&number);
        self.states.insert(number, state);
    }

    /// Begins a chain with these settings, optionally as a fork, whose node may be slow.
    ///
    /// # Errors
    /// As for [`Chain::new`].
    pub(crate) fn anew(
        config: Config,
        origin: Option<&Origin>,
        now: u64,
    ) -> Result<Self, GenesisError> {
        match origin {
            Some(origin) => Self::forked(config, origin.clone()),
            None => Self::new(config, now),
        }
    }

    /// Resets the chain to one that was begun anew: only compiled programs are kept.
    pub(crate) fn reset(&mut self, mut fresh: Self) {
        fresh.rules.programs = self.rules.programs.clone();
        fresh.resets = self.resets + 1;
        *self = fresh;
    }

    /// How often it was reset.
    pub(crate) fn resets(&self) -> u64 {
        self.resets
    }

    /// Moves the clock forward and returns how far it is ahead in total, in seconds.
    pub(crate) fn increase_time(&mut self, seconds: u64) -> i64 {
        let ahead = &mut self.controls.time_offset;
        *ahead = ahead.saturating_add_unsigned(seconds);
        *ahead
    }

    /// Sets the clock, which says `now`, to `time`; no block is earlier than its parent. Returns by how many seconds the clock has moved
    /// forward.
    pub(crate) fn set_time(&mut self, time: u64, now: u64) -> u64 {
        let now = self.clock(now);
        let before = now.saturating_add_signed(self.controls.time_offset);
        self.controls.time_offset = difference(time, now);
        self.controls.next_timestamp = None;
        time.saturating_sub(before)
    }

    /// Sets the next block's time, in seconds since 1970. Later blocks continue from there at the clock's pace.
    ///
    /// # Errors
    /// If it is before the last block's.
    pub(crate) fn set_next_timestamp(&mut self, time: u64) -> Result<(), ChainError> {
        let last = self.head().header.timestamp;
        if time < last {
            return Err(ChainError::TimeNotLater { asked: time, last });
        }
        self.controls.next_timestamp = Some(time);
        Ok(())
    }

    /// How many seconds block times are ahead of the clock once the next block is made, if that is at `now`: only the block's own time
    /// moves the clock, since a later request may set another.
    pub(super) fn next_time_offset(&self, now: u64) -> i64 {
        match self.controls.next_timestamp {
            Some(time) => difference(time, self.clock(now)),
            None => self.controls.time_offset,
        }
    }

    /// The time of the chain's own clock for the next block, before any offset, when the machine's clock says `now`.
    fn clock(&self, now: u64) -> u64 {
        match self.config.clock {
            Clock::Wall => now,
            Clock::Steps(start) => {
                let made = self.head().header.number - self.first();
                start.saturating_add(made + 1)
            }
        }
    }

    /// Makes every block this many seconds later than its parent, or as late as the clock says. Returns whether that is a change.
    pub(crate) fn set_time_step(&mut self, seconds: Option<u64>) -> bool {
        std::mem::replace(&mut self.controls.time_step, seconds) != seconds
    }

    /// Sets the gas limit of a block.
    pub(crate) fn set_gas_limit(&mut self, gas: Gas) {
        self.controls.gas_limit = gas;
    }

    /// Sets the beneficiary of the blocks to come.
    pub(crate) fn set_beneficiary(&mut self, address: Address) {
        self.controls.beneficiary = address;
    }

    /// The beneficiary of the blocks to come.
    pub(crate) fn beneficiary(&self) -> Address {
        self.controls.beneficiary
    }

    /// Sets what PREVRANDAO returns in the next block.
    pub(crate) fn set_next_random(&mut self, word: B256) {
        self.controls.next_random = Some(word);
    }

    /// Sets the next block's base fee; later ones follow the chain's own rules.
    pub(crate) fn set_next_base_fee(&mut self, price: Price) {
        let Ok(()) = l2_pricing::base_fee().set(self.state_mut(), price.word());
    }

    /// Sets the minimum base fee, as an owner would, and applies it from the next block on.
    pub(crate) fn set_min_gas_price(&mut self, price: Price) {
        let Ok(()) = l2_pricing::min_base_fee().set(self.state_mut(), price.word());
        self.set_next_base_fee(price);
    }

    /// Sets the chain's id.
    pub(crate) fn set_chain_id(&mut self, id: u64) {
        self.config.chain_id = id;
        self.rules.chain_id = id;
    }

    /// Drops a waiting transaction. Returns whether there was one.
    pub(crate) fn drop_transaction(&mut self, hash: B256) -> bool {
        let found = self.pool.find(hash).cloned();
        if let Some(transaction) = &found {
            self.pool.remove(transaction);
        }
        found.is_some()
    }

    /// Drops all waiting transactions, or those of one sender.
    pub(crate) fn drop_transactions(&mut self, sender: Option<Address>) {
        match sender {
            Some(sender) => self.pool.remove_sender(sender),
            None => self.pool = Pool::default(),
        }
    }

    /// Sets an account's balance, in wei.
    pub(crate) fn set_balance(&mut self, address: Address, balance: U256) {
        self.state_mut()
            .change(address, |account| account.balance = balance);
    }

    /// Adds wei to an account.
    pub(crate) fn add_balance(&mut self, address: Address, wei: U256) {
        self.state_mut().change(address, |account| {
            account.balance = account.balance.saturating_add(wei);
        });
    }

    /// Sets an account's nonce.
    pub(crate) fn set_nonce(&mut self, address: Address, nonce: u64) {
        self.state_mut()
            .change(address, |account| account.nonce = nonce);
        self.pool.settle(address, nonce);
    }

    /// Sets an account's code, a program's or the EVM's. A program still has to be activated.
    pub(crate) fn set_code(&mut self, address: Address, code: Bytes) {
        self.state_mut().set_code(address, code);
    }

    /// Sets a word of an account's storage.
    pub(crate) fn set_storage(&mut self, address: Address, slot: U256, value: B256) {
        self.state_mut().set_slot(address, slot, value.into());
    }

    /// Lets anyone send transactions from an account.
    pub(crate) fn impersonate(&mut self, address: Address) {
        self.impersonated.insert(address);
    }

    /// No longer lets anyone send transactions from an account.
    pub(crate) fn stop_impersonating(&mut self, address: Address) {
        self.impersonated.remove(&address);
    }

    /// Sets whether anyone can send transactions from every account.
    pub(crate) fn set_auto_impersonate(&mut self, on: bool) {
        self.impersonate_all = on;
    }

    /// Accounts that can send without a key, ordered by address; not those of [`Chain::set_auto_impersonate`].
    pub(crate) fn impersonated(&self) -> impl Iterator<Item = Address> {
        self.impersonated.iter().copied()
    }

    /// Whether anyone can send transactions from an account.
    pub(crate) fn is_impersonated(&self, address: Address) -> bool {
        self.impersonate_all || self.impersonated.contains(&address)
    }
}

/// By how many seconds `one` is later than `other`.
fn difference(one: u64, other: u64) -> i64 {
    let seconds = i128::from(one) - i128::from(other);
    i64::try_from(seconds).unwrap_or(i64::MAX)
}
