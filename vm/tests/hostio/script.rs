//! A chain written down for a test: what it holds, what was done to it, and how calls end.
//!
//! Lives here: the scripted host. Not here: any expectation.

use std::collections::{HashMap, HashSet};

use alloy_primitives::{Address, B256, Bytes, U256};
use stylus_vm::{
    Access, Account, CallReply, CallRequest, CreateReply, CreateRequest, Gas, Host, HostFault,
    PageCounters, Step, Stored,
};

/// The host. Everything not scripted is absent, zero and cold.
#[derive(Default)]
pub(crate) struct Script {
    pub(crate) pages: PageCounters,
    /// Slots with the value they had when the transaction began, and have now.
    pub(crate) slots: HashMap<B256, (B256, B256)>,
    pub(crate) transient: HashMap<B256, B256>,
    pub(crate) warm_slots: HashSet<B256>,
    pub(crate) accounts: HashMap<Address, (Account, Bytes)>,
    pub(crate) warm_accounts: HashSet<Address>,
    pub(crate) refund: i64,
    pub(crate) logs: Vec<(Vec<B256>, Bytes)>,
    pub(crate) calls: Vec<CallRequest>,
    pub(crate) creates: Vec<CreateRequest>,
    /// What every callee spends of its gas, whether it succeeds, and what it returns.
    pub(crate) callee: (Gas, bool, Bytes),
    /// The address every create ends with.
    pub(crate) created: Option<Address>,
    /// Whether every storage read breaks the host.
    pub(crate) broken: bool,
    /// Host calls that were told, where they are asked for.
    pub(crate) steps: Option<Vec<Step>>,
}

impl Script {
    fn slot(&self, key: B256) -> (B256, B256) {
        self.slots.get(&key).copied().unwrap_or_default()
    }
}

impl Host for Script {
    fn page_counters(&mut self) -> &mut PageCounters {
        &mut self.pages
    }

    fn load_storage(&mut self, key: B256) -> Result<Access<B256>, HostFault> {
        if self.broken {
            return Err(HostFault("the disk is on fire".into()));
        }
        Ok(Access {
            value: self.slot(key).1,
            is_cold: self.warm_slots.insert(key),
        })
    }

    fn store_storage(&mut self, key: B256, value: B256) -> Result<Stored, HostFault> {
        let (original, current) = self.slot(key);
        self.slots.insert(key, (original, value));
        Ok(Stored {
            original,
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
        let absent = Account {
            balance: U256::ZERO,
            code_hash: B256::ZERO,
            is_empty: true,
        };
        let value = self
            .accounts
            .get(&address)
            .map_or(absent, |(account, _)| *account);
        Ok(Access {
            value,
            is_cold: self.warm_accounts.insert(address),
        })
    }

    fn code(&mut self, address: Address) -> Result<Bytes, HostFault> {
        Ok(self
            .accounts
            .get(&address)
            .map(|(_, code)| code.clone())
            .unwrap_or_default())
    }

    fn call(&mut self, request: CallRequest) -> Result<CallReply, HostFault> {
        let (spent, success, output) = self.callee.clone();
        let gas_left = request.gas.saturating_sub(spent);
        self.calls.push(request);
        Ok(CallReply {
            success,
            gas_left,
            output,
        })
    }

    fn create(&mut self, request: CreateRequest) -> Result<CreateReply, HostFault> {
        let (spent, _, output) = self.callee.clone();
        let gas_left = request.gas.saturating_sub(spent);
        self.creates.push(request);
        Ok(CreateReply {
            address: self.created,
            gas_left,
            output,
        })
    }

    fn log(&mut self, topics: Vec<B256>, data: Bytes) -> Result<(), HostFault> {
        self.logs.push((topics, data));
        Ok(())
    }

    fn is_tracing(&self) -> bool {
        self.steps.is_some()
    }

    fn trace(&mut self, step: Step) {
        self.steps
            .iter_mut()
            .for_each(|steps| steps.push(step.clone()));
    }
}
