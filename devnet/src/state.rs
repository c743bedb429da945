//! The world state at one moment: accounts, their storage and code, and the hashes of past blocks.
//!
//! Lives here: a map whose copies share what they have in common, so that every block keeps its state and a call runs on one without a
//! lock. On a fork it holds what differs from the chain beneath (`source`). Not here: what the words in storage mean (`arbos`), and what
//! changes them.

pub(crate) mod source;

use std::convert::Infallible;
use std::sync::Arc;

use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256};
use imbl::OrdMap;
use imbl::ordmap::DiffItem;
use revm::bytecode::Bytecode;
use revm::database_interface::Database;
use revm::state::{AccountInfo, EvmState};

use crate::state::source::{Beneath, has_failed};

/// The state. Cloning costs a few reference counts.
#[derive(Clone, Default)]
pub(crate) struct State {
    accounts: OrdMap<Address, Arc<Account>>,
    codes: OrdMap<B256, Bytecode>,
    hashes: OrdMap<u64, B256>,
    /// The source of everything that is not held here.
    beneath: Option<Arc<Beneath>>,
}

/// An account. One that is empty as defined by EIP-161 and has no storage is not kept, unless it hides one beneath.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) nonce: u64,
    /// Wei.
    pub(crate) balance: U256,
    /// Keccak of the code; that of the empty string if there is none.
    pub(crate) code_hash: B256,
    pub(crate) storage: OrdMap<U256, U256>,
    /// Whether slots that are not held here are those of the account beneath.
    pub(crate) is_over: bool,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            nonce: 0,
            balance: U256::ZERO,
            code_hash: KECCAK256_EMPTY,
            storage: OrdMap::new(),
            is_over: false,
        }
    }
}

/// What an account's code is to the EVM: a delegation (EIP-7702) if it has exactly that form, and otherwise instructions. Code that is not
/// deployed, but set, begins with anything.
pub(crate) fn bytecode(code: Bytes) -> Bytecode {
    Bytecode::new_raw_checked(code.clone()).unwrap_or_else(|_| Bytecode::new_legacy(code))
}

/// How an account differs from before.
#[derive(Clone, Debug)]
pub(crate) struct AccountChange {
    pub(crate) address: Address,
    /// What it is now, without its storage; `None` if it is gone, or is again as it is beneath.
    pub(crate) now: Option<AccountHead>,
    /// Slots that differ, zero if they are gone.
    pub(crate) slots: Vec<(U256, U256)>,
}

/// An account without its storage.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AccountHead {
    pub(crate) nonce: u64,
    pub(crate) balance: U256,
    pub(crate) code_hash: B256,
    pub(crate) is_over: bool,
}

impl AccountHead {
    pub(crate) fn of(account: &Account) -> Self {
        Self {
            nonce: account.nonce,
            balance: account.balance,
            code_hash: account.code_hash,
            is_over: account.is_over,
        }
    }
}

impl AccountChange {
    fn new(address: Address, before: Option<&Account>, now: &Account) -> Self {
        let nothing = OrdMap::new();
        let storage = before.map_or(&nothing, |account| &account.storage);
        let slots = storage.diff(&now.storage).map(|change| match change {
            DiffItem::Add(slot, value)
            | DiffItem::Update {
                new: (slot, value), ..
            } => (*slot, *value),
            DiffItem::Remove(slot, _) => (*slot, U256::ZERO),
        });
        Self {
            address,
            now: Some(AccountHead::of(now)),
            slots: slots.collect(),
        }
    }

    fn gone(address: Address) -> Self {
        Self {
            address,
            now: None,
            slots: Vec::new(),
        }
    }
}

impl Account {
    fn is_nothing(&self) -> bool {
        self.nonce == 0
            && self.balance.is_zero()
            && self.code_hash == KECCAK256_EMPTY
            && self.storage.is_empty()
    }
}

impl State {
    /// Returns a state that does not differ yet from the one beneath.
    pub(crate) fn over(beneath: Arc<Beneath>) -> Self {
        Self {
            beneath: Some(beneath),
            ..Self::default()
        }
    }

    /// Returns a state of these accounts and codes.
    pub(crate) fn of(
        accounts: impl IntoIterator<Item = (Address, Account)>,
        codes: impl IntoIterator<Item = (B256, Bytes)>,
    ) -> Self {
        let accounts = accounts.into_iter();
        let codes = codes.into_iter();
        Self {
            accounts: accounts
                .map(|(address, account)| (address, Arc::new(account)))
                .collect(),
            codes: codes.map(|(hash, code)| (hash, bytecode(code))).collect(),
            hashes: OrdMap::new(),
            beneath: None,
        }
    }

    /// Puts the state on top of another, if there is one.
    pub(crate) fn on(self, beneath: Option<Arc<Beneath>>) -> Self {
        Self { beneath, ..self }
    }

    /// The chain beneath, on a fork.
    pub(crate) fn beneath(&self) -> Option<&Arc<Beneath>> {
        self.beneath.as_ref()
    }

    /// All accounts, ordered by address; on a fork, those that differ from what is beneath.
    pub(crate) fn accounts(&self) -> impl Iterator<Item = (&Address, &Account)> {
        self.accounts
            .iter()
            .map(|(address, account)| (address, &**account))
    }

    /// Finds an account, here or beneath.
    fn find(&self, address: Address) -> Option<Arc<Account>> {
        match (self.accounts.get(&address), &self.beneath) {
            (Some(account), _) => Some(account.clone()),
            (None, Some(beneath)) => beneath.account(address),
            (None, None) => None,
        }
    }

    /// Returns an account, or an empty one. On a fork, its storage is what differs from that beneath.
    pub(crate) fn account(&self, address: Address) -> Arc<Account> {
        self.find(address).unwrap_or_default()
    }

    /// An account's next nonce.
    pub(crate) fn nonce(&self, address: Address) -> u64 {
        self.find(address).map_or(0, |account| account.nonce)
    }

    /// An account's code.
    pub(crate) fn code(&self, address: Address) -> Bytes {
        let account = self.find(address);
        let code = account.map(|account| self.code_at(address, &account));
        code.map(|code| code.original_bytes()).unwrap_or_default()
    }

    /// Returns the code of an account that was found.
    fn code_at(&self, address: Address, account: &Account) -> Bytecode {
        let code = self.code_of(account.code_hash);
        match &self.beneath {
            // The account was changed here before a restart, and its code has not been fetched since.
            Some(beneath) if code.is_empty() && account.code_hash != KECCAK256_EMPTY => {
                beneath.account(address);
                beneath.code(account.code_hash).unwrap_or_default()
            }
            _ => code,
        }
    }

    /// Whether an account has code of its own, which a delegation is not (EIP-7702).
    pub(crate) fn has_contract(&self, address: Address) -> bool {
        self.find(address)
            .map(|account| self.code_at(address, &account))
            .is_some_and(|code| !code.is_empty() && !code.is_eip7702())
    }

    /// Returns an account in revm's format, including its code.
    pub(crate) fn info(&self, address: Address) -> Option<AccountInfo> {
        let account = self.find(address)?;
        // An account that only hides another does not exist.
        let is_there = account.is_over || !account.is_nothing();
        is_there.then(|| AccountInfo {
            balance: account.balance,
            nonce: account.nonce,
            code_hash: account.code_hash,
            code: Some(self.code_at(address, &account)),
            ..AccountInfo::default()
        })
    }

    /// Returns the code with a hash, empty if there is none.
    pub(crate) fn code_of(&self, hash: B256) -> Bytecode {
        let beneath = || self.beneath.as_ref().and_then(|it| it.code(hash));
        let known = self.codes.get(&hash).cloned();
        known.or_else(beneath).unwrap_or_default()
    }

    /// Returns a word of an account's storage.
    pub(crate) fn slot(&self, address: Address, slot: U256) -> U256 {
        let account = self.accounts.get(&address);
        if let Some(value) = account.and_then(|account| account.storage.get(&slot)) {
            return *value;
        }
        match &self.beneath {
            Some(beneath) if account.is_none_or(|account| account.is_over) => {
                beneath.slot(address, slot)
            }
            _ => U256::ZERO,
        }
    }

    /// Whether a word of an account's storage was written here: on a fork, others are its node's.
    pub(crate) fn has_slot(&self, address: Address, slot: U256) -> bool {
        let account = self.accounts.get(&address);
        account.is_some_and(|account| account.storage.contains_key(&slot))
    }

    /// Changes an account, creating it if necessary. One that cannot be read stays as it is.
    pub(crate) fn change(&mut self, address: Address, change: impl FnOnce(&mut Account)) {
        let Some(beneath) = &self.beneath else {
            let mut account = self.accounts.remove(&address).unwrap_or_default();
            change(Arc::make_mut(&mut account));
            if !account.is_nothing() {
                self.accounts.insert(address, account);
            }
            return;
        };
        let here = self.accounts.get(&address).cloned();
        let is_here = here.is_some();
        let before = here.or_else(|| beneath.account(address));
        if has_failed() {
            return;
        }
        // An account that does not exist can still have storage.
        let before = before.unwrap_or_else(|| {
            Arc::new(Account {
                is_over: true,
                ..Account::default()
            })
        });
        let mut account = before.clone();
        change(Arc::make_mut(&mut account));
        if is_here || account != before {
            self.accounts.insert(address, account);
        }
    }

    /// Writes a word of an account's storage.
    pub(crate) fn set_slot(&mut self, address: Address, slot: U256, value: U256) {
        self.change(address, |account| account.set_slot(slot, value));
    }

    /// Sets an account's code, of any kind.
    pub(crate) fn set_code(&mut self, address: Address, code: Bytes) {
        let hash = if code.is_empty() {
            KECCAK256_EMPTY
        } else {
            keccak256(&code)
        };
        if !code.is_empty() {
            self.codes.insert(hash, bytecode(code));
        }
        self.change(address, |account| account.code_hash = hash);
    }

    /// Applies the changes of a transaction. Returns the addresses of the accounts that were touched.
    pub(crate) fn apply(&mut self, changes: EvmState) {
        for (address, changed) in changes {
            if !changed.is_touched() {
                continue;
            }
            let before = self.find(address).map(|account| account.code_hash);
            if let Some(code) = &changed.info.code
                && !code.is_empty()
                && before != Some(changed.info.code_hash)
                && !self.codes.contains_key(&changed.info.code_hash)
            {
                self.codes.insert(changed.info.code_hash, code.clone());
            }
            self.change(address, |account| {
                if changed.is_selfdestructed() {
                    *account = Account::default();
                    return;
                }
                if changed.is_created() {
                    account.storage = OrdMap::new();
                    account.is_over = false;
                }
                account.nonce = changed.info.nonce;
                account.balance = changed.info.balance;
                account.code_hash = changed.info.code_hash;
                for (slot, value) in changed.changed_storage_slots() {
                    account.set_slot(*slot, value.present_value);
                }
            });
        }
    }

    /// Returns how accounts differ from those of `before`, without visiting what both states share.
    pub(crate) fn account_changes(&self, before: &Self) -> impl Iterator<Item = AccountChange> {
        before
            .accounts
            .diff(&self.accounts)
            .flat_map(|change| match change {
                DiffItem::Add(address, now) => vec![AccountChange::new(*address, None, now)],
                DiffItem::Update {
                    old: (_, before),
                    new: (address, now),
                } if now.goes_on_from(before) => {
                    vec![AccountChange::new(*address, Some(before), now)]
                }
                DiffItem::Update {
                    new: (address, now),
                    ..
                } => vec![
                    AccountChange::gone(*address),
                    AccountChange::new(*address, None, now),
                ],
                DiffItem::Remove(address, _) => vec![AccountChange::gone(*address)],
            })
    }

    /// Returns the code with a hash, unless only the chain beneath has it.
    pub(crate) fn own_code(&self, hash: B256) -> Option<Bytes> {
        self.codes.get(&hash).map(Bytecode::original_bytes)
    }

    /// Returns code that `before` does not have.
    pub(crate) fn new_codes(&self, before: &Self) -> impl Iterator<Item = Bytes> {
        before
            .codes
            .diff(&self.codes)
            .filter_map(|change| match change {
                DiffItem::Add(_, code) => Some(code.original_bytes()),
                DiffItem::Update { .. } | DiffItem::Remove(..) => None,
            })
    }

    /// Stores the hash of a block, for the BLOCKHASH instruction.
    pub(crate) fn remember_block(&mut self, number: u64, hash: B256) {
        self.hashes.insert(number, hash);
        // BLOCKHASH and ArbSys look 256 blocks back.
        if let Some(old) = number.checked_sub(256) {
            self.hashes.remove(&old);
        }
    }

    /// Returns the hash of a block among the last 256.
    pub(crate) fn past_block(&self, number: u64) -> Option<B256> {
        let known = self.hashes.get(&number).copied();
        known.or_else(|| {
            let beneath = self.beneath.as_ref()?;
            let (newest, _) = self.hashes.get_max()?;
            let is_near = newest.checked_sub(number).is_some_and(|back| back < 256);
            is_near.then(|| beneath.block_hash(number))
        })
    }
}

impl Account {
    /// Whether the slots of both are enough to say how this account follows from `before`: no slot has reverted to its value beneath.
    fn goes_on_from(&self, before: &Self) -> bool {
        match (self.is_over, before.is_over) {
            (false, false) => true,
            (true, true) => before
                .storage
                .keys()
                .all(|slot| self.storage.contains_key(slot)),
            _ => false,
        }
    }

    pub(crate) fn set_slot(&mut self, slot: U256, value: U256) {
        if value.is_zero() && !self.is_over {
            self.storage.remove(&slot);
        } else {
            self.storage.insert(slot, value);
        }
    }
}

impl Database for State {
    type Error = Infallible;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, Infallible> {
        Ok(self.info(address))
    }

    fn code_by_hash(&mut self, code_hash: B256) -> Result<Bytecode, Infallible> {
        Ok(self.code_of(code_hash))
    }

    fn storage(&mut self, address: Address, index: U256) -> Result<U256, Infallible> {
        Ok(self.slot(address, index))
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, Infallible> {
        Ok(self.past_block(number).unwrap_or_default())
    }
}
