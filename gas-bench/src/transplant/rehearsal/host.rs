//! A chain of one contract, which remembers what that did.
//!
//! Lives here: its storage, and the record of a call. Not here: running the contract (`rehearsal`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::mem;

use alloy_primitives::{Address, B256, Bytes, U256, hex};
use stylus_vm::{
    Access, Account, CallKind, CallReply, CallRequest, CreateReply, CreateRequest, EmptyHost,
    Environment, Host, HostFault, PageCounters, Pages, Stored,
};

use crate::node::Account as Sender;

/// Digits of a word that are shown.
const MOST_BYTES: usize = 8;

/// Something that a contract did, and others can see.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect {
    /// A slot of its storage was written.
    Write {
        /// The slot.
        key: B256,
        /// What it has now.
        value: B256,
    },
    /// A log was emitted.
    Log {
        /// Its topics.
        topics: Vec<B256>,
        /// Its data.
        data: Bytes,
    },
    /// Another contract was called.
    Call {
        /// How.
        kind: CallKind,
        /// Whose code.
        target: Address,
        /// Wei.
        value: U256,
        /// Calldata.
        input: Bytes,
    },
    /// A contract was to be created.
    Create {
        /// Init code.
        code: Bytes,
        /// Wei.
        endowment: U256,
        /// The salt of CREATE2.
        salt: Option<B256>,
    },
}

/// As what a contract does, a verb first.
impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write { key, value } => {
                let (key, value) = (digits(key.as_slice()), digits(value.as_slice()));
                write!(f, "writes {value} to slot {key}")
            }
            Self::Log { topics, data } => {
                write!(f, "logs {} under {} topics", digits(data), topics.len())?;
                topics
                    .iter()
                    .try_for_each(|topic| write!(f, " {}", digits(topic.as_slice())))
            }
            Self::Call {
                kind,
                target,
                value,
                input,
            } => {
                let how = match kind {
                    CallKind::Call | CallKind::Static => "calls",
                    CallKind::Delegate => "delegates to",
                };
                write!(f, "{how} {target} with {}", digits(input))?;
                match value.is_zero() {
                    true => Ok(()),
                    false => write!(f, " and {value} wei"),
                }
            }
            Self::Create { code, .. } => write!(f, "creates a contract of {}", digits(code)),
        }
    }
}

/// The beginning of `bytes` in hexadecimal digits.
pub(super) fn digits(bytes: &[u8]) -> String {
    match bytes {
        [] => "nothing".to_owned(),
        bytes if bytes.len() <= MOST_BYTES => hex::encode_prefixed(bytes),
        bytes => format!("{}…", hex::encode_prefixed(&bytes[..MOST_BYTES])),
    }
}

/// What the contract can know without asking: as on the embedded devnet in its first block.
pub(super) fn environment() -> Environment {
    Environment {
        contract: contract(),
        sender: sender(),
        origin: sender(),
        gas_price: U256::from(100_000_000_u32),
        base_fee: U256::from(100_000_000_u32),
        block_number: 1,
        block_timestamp: 1_700_000_000,
        block_gas_limit: 1 << 50,
        chain_id: 412_346,
        ..Environment::default()
    }
}

/// Where the contract is.
pub(super) fn contract() -> Address {
    sender().create(0)
}

/// Who calls it.
pub(super) fn sender() -> Address {
    Sender::named("deployer").address()
}

/// The chain.
#[derive(Default)]
pub(super) struct Chain {
    /// What nothing else exists on.
    empty: EmptyHost,
    storage: BTreeMap<B256, B256>,
    /// As it was when the call began.
    original: BTreeMap<B256, B256>,
    transient: BTreeMap<B256, B256>,
    warm: BTreeSet<B256>,
    known: BTreeSet<Address>,
    effects: Vec<Effect>,
}

impl Chain {
    /// A transaction begins, whose program begins with `footprint` pages.
    pub(super) fn begin(&mut self, footprint: Pages) {
        self.empty = EmptyHost::with_footprint(footprint);
        self.original.clone_from(&self.storage);
        self.transient.clear();
        self.warm.clear();
        self.known = BTreeSet::from([sender(), contract()]);
    }

    /// It ends: what it wrote stays if it did well. Tells what was done.
    pub(super) fn end(&mut self, well: bool) -> Vec<Effect> {
        if !well {
            self.storage.clone_from(&self.original);
        }
        mem::take(&mut self.effects)
    }
}

impl Host for Chain {
    fn page_counters(&mut self) -> &mut PageCounters {
        self.empty.page_counters()
    }

    fn load_storage(&mut self, key: B256) -> Result<Access<B256>, HostFault> {
        Ok(Access {
            value: self.storage.get(&key).copied().unwrap_or_default(),
            is_cold: self.warm.insert(key),
        })
    }

    fn store_storage(&mut self, key: B256, value: B256) -> Result<Stored, HostFault> {
        self.effects.push(Effect::Write { key, value });
        let current = self.storage.insert(key, value).unwrap_or_default();
        Ok(Stored {
            original: self.original.get(&key).copied().unwrap_or_default(),
            current,
            is_cold: self.warm.insert(key),
        })
    }

    fn refund(&mut self, gas: i64) {
        self.empty.refund(gas);
    }

    fn load_transient(&mut self, key: B256) -> Result<B256, HostFault> {
        Ok(self.transient.get(&key).copied().unwrap_or_default())
    }

    fn store_transient(&mut self, key: B256, value: B256) -> Result<(), HostFault> {
        self.transient.insert(key, value);
        Ok(())
    }

    fn load_account(&mut self, address: Address) -> Result<Access<Account>, HostFault> {
        let account = self.empty.load_account(address)?;
        Ok(Access {
            is_cold: self.known.insert(address),
            ..account
        })
    }

    fn code(&mut self, address: Address) -> Result<Bytes, HostFault> {
        self.empty.code(address)
    }

    fn call(&mut self, request: CallRequest) -> Result<CallReply, HostFault> {
        self.effects.push(Effect::Call {
            kind: request.kind,
            target: request.target,
            value: request.value,
            input: request.input.clone(),
        });
        self.empty.call(request)
    }

    fn create(&mut self, request: CreateRequest) -> Result<CreateReply, HostFault> {
        self.effects.push(Effect::Create {
            code: request.code.clone(),
            endowment: request.endowment,
            salt: request.salt,
        });
        self.empty.create(request)
    }

    fn log(&mut self, topics: Vec<B256>, data: Bytes) -> Result<(), HostFault> {
        self.effects.push(Effect::Log { topics, data });
        Ok(())
    }
}
