//! An in-memory chain around one program, sufficient for tests, rehearsals and the command line.
//!
//! Lives here: accounts, storage, transient storage, logs, and warm accesses, over any number of transactions. Not here:
//! running a second program, or anything that only a real chain has; if a program asks for that, the host says so instead of
//! inventing an answer.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};

use crate::host::{
    Access, Account, CallKind, CallReply, CallRequest, CreateReply, CreateRequest, Environment,
    Host, HostFault, Step, Stored,
};
use crate::ink::Gas;
use crate::pages::{PageCounters, Pages};

/// The low halves of the precompiles' addresses, which are warm in every transaction: Ethereum's up to Prague and P-256, then
/// Arbitrum's own.
const PRECOMPILES: [std::ops::RangeInclusive<u64>; 4] =
    [0x01..=0x11, 0x64..=0x74, 0xff..=0xff, 0x100..=0x100];

/// An externally visible effect of a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect {
    /// A write to its storage.
    Write {
        /// The slot.
        key: B256,
        /// Its new value.
        value: B256,
    },
    /// A log was emitted.
    Log {
        /// Its topics.
        topics: Vec<B256>,
        /// Its data.
        data: Bytes,
    },
    /// A call of another contract.
    Call(CallRequest),
    /// A create.
    Create(CreateRequest),
}

/// An account in memory. An account in the map exists, even if it is empty.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct MemoryAccount {
    /// Its balance, in wei.
    pub balance: U256,
    /// Transactions sent, or contracts created.
    pub nonce: u64,
    /// Code. This host cannot run it.
    pub code: Bytes,
}

/// An answer to any call or create; by default, a failure that uses no gas.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Answer {
    /// Whether the call succeeds.
    pub success: bool,
    /// Gas used; at most what the call gets.
    pub gas_used: Gas,
    /// Return data.
    pub output: Bytes,
    /// The address that a create returns.
    pub created: Option<Address>,
}

/// A request that an in-memory chain cannot answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unanswerable {
    /// A call of an account with code.
    #[error("the program calls the contract {0}, but no other code runs here")]
    Contract(Address),
    /// A call of a precompile.
    #[error("the program calls the precompile {0}, which only a chain has")]
    Precompile(Address),
    /// A create.
    #[error("the program creates a contract, but no other code runs here")]
    Create,
}

/// An in-memory chain: a program reads what a test set or what it wrote itself, and accesses are cold or warm as on a chain.
/// Every field can be set at any time.
///
/// A call of an account without code moves its value and succeeds. A call or create that would run other code is a
/// [`HostFault`] that holds an [`Unanswerable`], unless there is an [`Answer`].
#[derive(Clone, Debug, Default)]
pub struct MemoryHost {
    /// The page counters of the transaction.
    pub pages: PageCounters,
    /// The acting contract.
    pub contract: Address,
    /// All accounts that exist.
    pub accounts: BTreeMap<Address, MemoryAccount>,
    /// The contract's storage. Missing slots are zero.
    pub storage: BTreeMap<B256, B256>,
    /// Values, before this transaction, of the slots that it wrote.
    pub original: BTreeMap<B256, B256>,
    /// The contract's transient storage.
    pub transient: BTreeMap<B256, B256>,
    /// Warm slots (EIP-2929).
    pub warm_slots: BTreeSet<B256>,
    /// Warm accounts other than precompiles.
    pub warm_accounts: BTreeSet<Address>,
    /// The transaction's refund (EIP-3529), which a chain caps at a fifth of its gas.
    pub refund: i64,
    /// What the program did in this transaction, in order.
    pub effects: Vec<Effect>,
    /// How calls and creates end.
    pub answer: Option<Answer>,
    /// Traced host calls, if tracing is on.
    pub steps: Option<Vec<Step>>,
    /// Balances, before this transaction, of the accounts whose balances it changed.
    pub original_balances: BTreeMap<Address, U256>,
}

impl MemoryHost {
    /// The host in a transaction whose only program starts with `footprint` pages, already paid for.
    pub fn with_footprint(footprint: Pages) -> Self {
        Self {
            pages: PageCounters {
                open: footprint,
                ever: footprint,
            },
            ..Self::default()
        }
    }

    /// Begins a transaction that calls the program, which starts with `footprint` pages, already paid for. As on a chain the
    /// sender, the contract, the beneficiary and precompiles are warm. The value has been received.
    pub fn begin(&mut self, environment: &Environment, footprint: Pages) {
        let Environment {
            contract,
            sender,
            coinbase,
            value,
            ..
        } = *environment;
        self.pages = Self::with_footprint(footprint).pages;
        self.contract = contract;
        self.forget_transaction();
        self.warm_accounts.extend([sender, contract, coinbase]);
        if !value.is_zero() {
            let balance = self.balance(contract).saturating_add(value);
            self.set_balance(contract, balance);
        }
    }

    /// Ends the transaction, and keeps its changes only if it went `well`. Returns its effects in order.
    pub fn end(&mut self, well: bool) -> Vec<Effect> {
        if !well {
            self.storage.append(&mut self.original);
            for (address, balance) in mem::take(&mut self.original_balances) {
                self.accounts.entry(address).or_default().balance = balance;
            }
        }
        let effects = mem::take(&mut self.effects);
        self.forget_transaction();
        effects
    }

    fn forget_transaction(&mut self) {
        self.original.clear();
        self.original_balances.clear();
        self.transient.clear();
        self.warm_slots.clear();
        self.warm_accounts.clear();
        self.effects.clear();
        self.refund = 0;
    }

    fn balance(&self, address: Address) -> U256 {
        self.accounts
            .get(&address)
            .map_or(U256::ZERO, |account| account.balance)
    }

    fn set_balance(&mut self, address: Address, balance: U256) {
        let account = self.accounts.entry(address).or_default();
        let before = mem::replace(&mut account.balance, balance);
        self.original_balances.entry(address).or_insert(before);
    }

    /// Sends `value` if the contract has it; returns whether it did.
    fn send(&mut self, target: Address, value: U256) -> bool {
        let Some(rest) = self.balance(self.contract).checked_sub(value) else {
            return false;
        };
        if !value.is_zero() {
            self.set_balance(self.contract, rest);
            let received = self.balance(target).saturating_add(value);
            self.set_balance(target, received);
        }
        true
    }

    fn answered(answer: &Answer, given: Gas) -> CallReply {
        CallReply {
            success: answer.success,
            gas_left: given.saturating_sub(answer.gas_used),
            output: answer.output.clone(),
        }
    }
}

/// Whether `address` is a precompile on some Arbitrum chain.
fn is_precompile(address: Address) -> bool {
    let (high, low) = address.split_at(12);
    let low = u64::from_be_bytes(low.try_into().expect("an address has twenty bytes"));
    high.iter().all(|byte| *byte == 0) && PRECOMPILES.iter().any(|range| range.contains(&low))
}

impl Host for MemoryHost {
    fn page_counters(&mut self) -> &mut PageCounters {
        &mut self.pages
    }

    fn load_storage(&mut self, key: B256) -> Result<Access<B256>, HostFault> {
        Ok(Access {
            value: self.storage.get(&key).copied().unwrap_or_default(),
            is_cold: self.warm_slots.insert(key),
        })
    }

    fn store_storage(&mut self, key: B256, value: B256) -> Result<Stored, HostFault> {
        self.effects.push(Effect::Write { key, value });
        let current = self.storage.insert(key, value).unwrap_or_default();
        Ok(Stored {
            original: *self.original.entry(key).or_insert(current),
            current,
            is_cold: self.warm_slots.insert(key),
        })
    }

    fn refund(&mut self, gas: i64) {
        self.refund += gas;
    }

    fn load_transient(&mut self, key: B256) -> Result<B256, HostFault> {
        Ok(self.transient.get(&key).copied().unwrap_or_default())
    }

    fn store_transient(&mut self, key: B256, value: B256) -> Result<(), HostFault> {
        self.transient.insert(key, value);
        Ok(())
    }

    fn load_account(&mut self, address: Address) -> Result<Access<Account>, HostFault> {
        let value = match self.accounts.get(&address) {
            Some(account) => Account {
                balance: account.balance,
                code_hash: keccak256(&account.code),
                is_empty: *account == MemoryAccount::default(),
            },
            None => Account {
                is_empty: true,
                ..Account::default()
            },
        };
        Ok(Access {
            value,
            is_cold: !is_precompile(address) && self.warm_accounts.insert(address),
        })
    }

    fn code(&mut self, address: Address) -> Result<Bytes, HostFault> {
        let account = self.accounts.get(&address);
        Ok(account.map_or_else(Bytes::new, |account| account.code.clone()))
    }

    fn call(&mut self, request: CallRequest) -> Result<CallReply, HostFault> {
        let CallRequest {
            kind,
            target,
            value,
            gas,
            ..
        } = request;
        self.effects.push(Effect::Call(request));
        if let Some(answer) = &self.answer {
            return Ok(Self::answered(answer, gas));
        }
        if is_precompile(target) {
            return Err(HostFault(Unanswerable::Precompile(target).into()));
        }
        if !self.code(target)?.is_empty() {
            return Err(HostFault(Unanswerable::Contract(target).into()));
        }
        Ok(CallReply {
            success: kind != CallKind::Call || self.send(target, value),
            gas_left: gas,
            output: Bytes::new(),
        })
    }

    fn create(&mut self, request: CreateRequest) -> Result<CreateReply, HostFault> {
        let gas = request.gas;
        self.effects.push(Effect::Create(request));
        let Some(answer) = &self.answer else {
            return Err(HostFault(Unanswerable::Create.into()));
        };
        let CallReply {
            gas_left, output, ..
        } = Self::answered(answer, gas);
        Ok(CreateReply {
            address: answer.created,
            gas_left,
            output,
        })
    }

    fn log(&mut self, topics: Vec<B256>, data: Bytes) -> Result<(), HostFault> {
        self.effects.push(Effect::Log { topics, data });
        Ok(())
    }

    fn is_tracing(&self) -> bool {
        self.steps.is_some()
    }

    fn trace(&mut self, step: Step) {
        if let Some(steps) = &mut self.steps {
            steps.push(step);
        }
    }
}
