//! What only a test network has: going back, setting the clock, and changing accounts without a transaction.
//!
//! Lives here: those. Not here: the names that tools call them by (`rpc`).

use alloy_primitives::{Address, B256, Bytes, U256};

use crate::addresses::SEQUENCER;
use crate::arbos::l2_pricing;
use crate::chain::block::GAS_LIMIT;
use crate::chain::error::ChainError;
use crate::chain::pool::Pool;
use crate::chain::{Chain, GenesisError, Origin};
use crate::config::{Clock, Config, Mining};
use crate::state::State;

/// What a test has set for the blocks to come.
#[derive(Clone, Debug)]
pub(super) struct Controls {
    /// Whether a transaction is put into a block at once.
    pub(super) automine: bool,
    /// Seconds that block times are ahead of the clock, or behind it.
    pub(super) time_offset: i64,
    /// The next block's time.
    pub(super) next_timestamp: Option<u64>,
    /// Seconds from a block's time to the next one's.
    pub(super) time_step: Option<u64>,
    /// Gas that a block may hold.
    pub(super) gas_limit: u64,
    /// The beneficiary of blocks.
    pub(super) beneficiary: Address,
    /// What PREVRANDAO gives in the next block, where it is not what it is on Arbitrum.
    pub(super) next_random: Option<B256>,
}

impl Controls {
    /// Those of a chain that nobody has set anything on.
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

    /// What holds for one block holds no more once there is one.
    pub(super) fn block_is_made(&mut self) {
        self.next_timestamp = None;
        self.next_random = None;
    }
}

/// The chain as it was once; its blocks are the chain's still.
#[derive(Clone)]
pub(super) struct Snapshot {
    number: u64,
    state: State,
    pool: Pool,
    controls: Controls,
}

impl Chain {
    /// Whether a transaction is put into a block at once.
    pub(crate) fn automine(&self) -> bool {
        self.controls.automine
    }

    /// Sets that. Turning it on does not by itself make a block of what waits.
    pub(crate) fn set_automine(&mut self, on: bool) {
        self.controls.automine = on;
    }

    /// Remembers the chain as it is and returns the number to go back with.
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

    /// The snapshots that can be gone back to, with the number and hash of their blocks.
    pub(crate) fn snapshots(&self) -> impl Iterator<Item = (u64, u64, B256)> {
        self.snapshots.iter().filter_map(|(id, snapshot)| {
            let block = self.block(snapshot.number.into())?;
            Some((*id, snapshot.number, block.hash))
        })
    }

    /// Goes back to a snapshot, which is used up with all later ones. Returns whether there was one.
    pub(crate) fn revert(&mut self, id: u64) -> bool {
        let Some(place) = self.snapshots.iter().position(|(known, _)| *known == id) else {
            return false;
        };
        let (_, snapshot) = self.snapshots.swap_remove(place);
        self.snapshots.truncate(place);
        self.cut(snapshot.number, snapshot.state);
        self.pool = snapshot.pool;
        self.controls = snapshot.controls;
        true
    }

    /// Takes the newest blocks off, `depth` of them. What waits goes on waiting.
    ///
    /// # Errors
    /// Where there are not so many, or the state under them is gone.
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

    /// Takes off the blocks above `number`, after which the state is `state`.
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

    /// Begins anew, with these settings, from a fork if there is one: nothing is left but what was compiled.
    ///
    /// # Errors
    /// As for [`Chain::new`].
    pub(crate) fn reset(
        &mut self,
        config: Config,
        origin: Option<&Origin>,
        now: u64,
    ) -> Result<(), GenesisError> {
        let mut fresh = match origin {
            Some(origin) => Self::forked(config, origin.clone())?,
            None => Self::new(config, now)?,
        };
        fresh.rules.programs = self.rules.programs.clone();
        fresh.resets = self.resets + 1;
        *self = fresh;
        Ok(())
    }

    /// How often it was begun anew.
    pub(crate) fn resets(&self) -> u64 {
        self.resets
    }

    /// Puts the clock forward and returns by how much it is ahead in all, in seconds.
    pub(crate) fn increase_time(&mut self, seconds: u64) -> i64 {
        let ahead = &mut self.controls.time_offset;
        *ahead = ahead.saturating_add_unsigned(seconds);
        *ahead
    }

    /// Has the clock, which says `now`, say `time`; no block is earlier than the one before it. Returns by how many seconds it is put
    /// forward.
    pub(crate) fn set_time(&mut self, time: u64, now: u64) -> u64 {
        let now = self.clock(now);
        let before = now.saturating_add_signed(self.controls.time_offset);
        self.controls.time_offset = difference(time, now);
        self.controls.next_timestamp = None;
        time.saturating_sub(before)
    }

    /// Sets the next block's time, in seconds since 1970. Later blocks go on from there at `now`'s pace.
    ///
    /// # Errors
    /// Where it is before the last block's.
    pub(crate) fn set_next_timestamp(&mut self, time: u64, now: u64) -> Result<(), ChainError> {
        let last = self.head().header.timestamp;
        if time < last {
            return Err(ChainError::TimeNotLater { asked: time, last });
        }
        let now = self.clock(now);
        let controls = &mut self.controls;
        controls.next_timestamp = Some(time);
        controls.time_offset = controls.time_offset.max(difference(time, now));
        Ok(())
    }

    /// What the chain's own clock says for the next block, if nobody has set it, where the machine's says `now`.
    fn clock(&self, now: u64) -> u64 {
        match self.config.clock {
            Clock::Wall => now,
            Clock::Steps(start) => {
                let made = self.head().header.number - self.first();
                start.saturating_add(made + 1)
            }
        }
    }

    /// Has every block be so many seconds later than the one before, or as late as the clock says. Returns whether that was otherwise.
    pub(crate) fn set_time_step(&mut self, seconds: Option<u64>) -> bool {
        std::mem::replace(&mut self.controls.time_step, seconds) != seconds
    }

    /// Sets the gas that a block may hold.
    pub(crate) fn set_gas_limit(&mut self, gas: u64) {
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

    /// Sets what PREVRANDAO gives in the next block.
    pub(crate) fn set_next_random(&mut self, word: B256) {
        self.controls.next_random = Some(word);
    }

    /// Sets the next block's wei per gas; what follows goes by the chain's own rules.
    pub(crate) fn set_next_base_fee(&mut self, wei: u64) {
        let Ok(()) = l2_pricing::base_fee().set(self.state_mut(), U256::from(wei));
    }

    /// Sets the least wei per gas, as an owner would, and has it hold from the next block on.
    pub(crate) fn set_min_gas_price(&mut self, wei: u64) {
        let Ok(()) = l2_pricing::min_base_fee().set(self.state_mut(), U256::from(wei));
        self.set_next_base_fee(wei);
    }

    /// Sets the chain's id.
    pub(crate) fn set_chain_id(&mut self, id: u64) {
        self.config.chain_id = id;
        self.rules.chain_id = id;
    }

    /// Drops a transaction that waits. Returns whether it did.
    pub(crate) fn drop_transaction(&mut self, hash: B256) -> bool {
        let found = self.pool.find(hash).cloned();
        if let Some(transaction) = &found {
            self.pool.remove(transaction);
        }
        found.is_some()
    }

    /// Drops everything that waits, or what waits of one sender.
    pub(crate) fn drop_transactions(&mut self, sender: Option<Address>) {
        match sender {
            Some(sender) => self.pool.remove_sender(sender),
            None => self.pool = Pool::default(),
        }
    }

    /// Sets an account's wei.
    pub(crate) fn set_balance(&mut self, address: Address, balance: U256) {
        self.state_mut()
            .change(address, |account| account.balance = balance);
    }

    /// Gives an account so many wei more.
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

    /// Accounts that send without a key, in the order of their addresses; not those of [`Chain::set_auto_impersonate`].
    pub(crate) fn impersonated(&self) -> impl Iterator<Item = Address> {
        self.impersonated.iter().copied()
    }

    /// Whether anybody may send transactions of an account.
    pub(crate) fn is_impersonated(&self, address: Address) -> bool {
        self.impersonate_all || self.impersonated.contains(&address)
    }
}

/// By how many seconds `one` is later than `other`.
fn difference(one: u64, other: u64) -> i64 {
    let seconds = i128::from(one) - i128::from(other);
    i64::try_from(seconds).unwrap_or(i64::MAX)
}
