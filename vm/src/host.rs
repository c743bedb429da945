//! What a program can ask of the chain around it: one trait, and the plain data that it passes.
//!
//! Lives here: the seam between this VM and any chain. Not here: prices (a host tells whether something was cold, not
//! what that costs), guest memory, and any chain.

use std::error::Error;

use alloy_primitives::{Address, B256, Bytes, U256};

use crate::ink::{Gas, Ink};
use crate::pages::PageCounters;

/// The host itself is broken, such as its database; the program is not to blame. It ends the run without an outcome.
#[derive(Debug, thiserror::Error)]
#[error("the host failed: {0}")]
pub struct HostFault(#[source] pub Box<dyn Error + Send + Sync>);

/// What an invocation of a program knows without asking the host: all zero by default.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// The acting contract, whose storage and balance apply: the delegator in a delegate call.
    pub contract: Address,
    /// The caller.
    pub sender: Address,
    /// Wei sent along; the parent's in a delegate call.
    pub value: U256,
    /// The transaction's signer.
    pub origin: Address,
    /// Wei per gas that the transaction pays, tip included.
    pub gas_price: U256,
    /// The block's base fee in wei.
    pub base_fee: U256,
    /// The block's beneficiary.
    pub coinbase: Address,
    /// The L1 block number that ArbOS knows.
    pub block_number: u64,
    /// Seconds since 1970.
    pub block_timestamp: u64,
    /// The header's gas limit.
    pub block_gas_limit: u64,
    /// The chain's id.
    pub chain_id: u64,
    /// Whether the acting contract is already running further up the call stack.
    pub reentrant: bool,
    /// Whether writing is forbidden.
    pub is_static: bool,
}

/// An answer, and whether it was the first access in the transaction (EIP-2929).
#[derive(Clone, Copy, Debug, Default)]
pub struct Access<T> {
    /// The answer.
    pub value: T,
    /// Whether the slot or account was cold; it is warm now.
    pub is_cold: bool,
}

/// What a host found when it wrote a storage slot.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stored {
    /// The slot's value at the beginning of the transaction.
    pub original: B256,
    /// The slot's value just before the write.
    pub current: B256,
    /// Whether the slot was cold; it is warm now.
    pub is_cold: bool,
}

/// All of an account except its code.
#[derive(Clone, Copy, Debug, Default)]
pub struct Account {
    /// Its balance, in wei.
    pub balance: U256,
    /// The hash of its code; zero if the account does not exist.
    pub code_hash: B256,
    /// Whether it is empty by EIP-161: no code, no nonce, no balance.
    pub is_empty: bool,
}

/// The three ways to call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallKind {
    /// Runs on the callee's storage, and can send value.
    Call,
    /// The callee's code on the caller's storage, with the caller's sender and value.
    Delegate,
    /// Without writing anything.
    Static,
}

/// A call that a program makes. The program can pay for it, except for the stipend, which is charged with the callee's
/// gas.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CallRequest {
    /// The kind of call.
    pub kind: CallKind,
    /// The account whose code runs.
    pub target: Address,
    /// Wei; zero except for [`CallKind::Call`].
    pub value: U256,
    /// All the gas that the callee gets, including a stipend.
    pub gas: Gas,
    /// The calldata.
    pub input: Bytes,
}

/// How a call ended.
#[derive(Clone, Debug, Default)]
pub struct CallReply {
    /// Whether it succeeded; failures of all kinds count the same.
    pub success: bool,
    /// Unused gas; all of it if depth or balance prevented the call.
    pub gas_left: Gas,
    /// Return data of a success or a revert, otherwise empty.
    pub output: Bytes,
}

/// A contract that a program creates.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CreateRequest {
    /// Init code.
    pub code: Bytes,
    /// Wei for the new contract.
    pub endowment: U256,
    /// The salt of CREATE2; `None` for CREATE.
    pub salt: Option<B256>,
    /// All the gas that the init code gets.
    pub gas: Gas,
}

/// How a create ended.
#[derive(Clone, Debug, Default)]
pub struct CreateReply {
    /// The new contract, or `None` if the create failed.
    pub address: Option<Address>,
    /// Unused gas.
    pub gas_left: Gas,
    /// Return data if the init code reverted, otherwise empty.
    pub output: Bytes,
}

/// A host call that a program made, in the form that Nitro's tracer reports. Numbers are big-endian.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// The call's name; `user_entrypoint` and `user_returned` mark the program's start and end.
    pub name: &'static str,
    /// The program's arguments, with the contents of buffers in place of pointers.
    pub args: Vec<u8>,
    /// The results.
    pub outs: Vec<u8>,
    /// Ink left before the call's first charge.
    pub start_ink: Ink,
    /// Ink left after its last charge.
    pub end_ink: Ink,
}

/// The chain, as one invocation of a program sees it.
///
/// Everything acts on behalf of [`Environment::contract`]. The VM calls no method that [`Environment::is_static`]
/// forbids.
pub trait Host {
    /// The transaction's page counters, which live outside the journal.
    fn page_counters(&mut self) -> &mut PageCounters;

    /// Reads a storage slot and warms it.
    ///
    /// # Errors
    /// If the host itself is broken; the same holds for every method.
    fn load_storage(&mut self, key: B256) -> Result<Access<B256>, HostFault>;

    /// Writes a storage slot and warms it. The price is charged afterwards: if it cannot be paid, the invocation fails
    /// and its writes are undone.
    fn store_storage(&mut self, key: B256, value: B256) -> Result<Stored, HostFault>;

    /// Adds to the transaction's refund (EIP-3529); a negative amount reduces it.
    fn refund(&mut self, gas: i64);

    /// Reads transient storage (EIP-1153).
    fn load_transient(&mut self, key: B256) -> Result<B256, HostFault>;

    /// Writes transient storage (EIP-1153).
    fn store_transient(&mut self, key: B256, value: B256) -> Result<(), HostFault>;

    /// Reads an account and warms it.
    fn load_account(&mut self, address: Address) -> Result<Access<Account>, HostFault>;

    /// An account's code; the 23-byte designator if the account delegates (EIP-7702).
    fn code(&mut self, address: Address) -> Result<Bytes, HostFault>;

    /// Runs a call to its end.
    fn call(&mut self, request: CallRequest) -> Result<CallReply, HostFault>;

    /// Runs a create to its end.
    fn create(&mut self, request: CreateRequest) -> Result<CreateReply, HostFault>;

    /// Emits a log of at most four topics.
    fn log(&mut self, topics: Vec<B256>, data: Bytes) -> Result<(), HostFault>;

    /// Decides whether the program goes on; called after each [`crate::Engine::tick`].
    ///
    /// # Errors
    /// If it must stop: the run then has no outcome.
    fn go_on(&mut self) -> Result<(), HostFault> {
        Ok(())
    }

    /// Whether to call [`Host::trace`]. Asked once, when a run begins.
    fn is_tracing(&self) -> bool {
        false
    }

    /// Records a completed host call; failed ones are not reported.
    fn trace(&mut self, step: Step) {
        let _ = step;
    }

    /// Shows a line that a program on a debug chain wrote to its console.
    fn console(&mut self, line: &str) {
        let _ = line;
    }
}

/// An empty chain: storage reads zero and forgets writes, every account is absent, every call fails. It serves to measure
/// what a program does on its own.
#[derive(Clone, Debug, Default)]
pub struct EmptyHost {
    /// The page counters of the only transaction.
    pub pages: PageCounters,
}

impl EmptyHost {
    /// The host in a transaction whose only program starts with `footprint` pages, already paid for.
    pub fn with_footprint(footprint: crate::Pages) -> Self {
        Self {
            pages: PageCounters {
                open: footprint,
                ever: footprint,
            },
        }
    }
}

impl Host for EmptyHost {
    fn page_counters(&mut self) -> &mut PageCounters {
        &mut self.pages
    }

    fn load_storage(&mut self, _key: B256) -> Result<Access<B256>, HostFault> {
        Ok(Access {
            value: B256::ZERO,
            is_cold: true,
        })
    }

    fn store_storage(&mut self, _key: B256, _value: B256) -> Result<Stored, HostFault> {
        Ok(Stored {
            is_cold: true,
            ..Stored::default()
        })
    }

    fn refund(&mut self, _gas: i64) {}

    fn load_transient(&mut self, _key: B256) -> Result<B256, HostFault> {
        Ok(B256::ZERO)
    }

    fn store_transient(&mut self, _key: B256, _value: B256) -> Result<(), HostFault> {
        Ok(())
    }

    fn load_account(&mut self, _address: Address) -> Result<Access<Account>, HostFault> {
        Ok(Access {
            value: Account {
                is_empty: true,
                ..Account::default()
            },
            is_cold: true,
        })
    }

    fn code(&mut self, _address: Address) -> Result<Bytes, HostFault> {
        Ok(Bytes::new())
    }

    fn call(&mut self, request: CallRequest) -> Result<CallReply, HostFault> {
        Ok(CallReply {
            gas_left: request.gas,
            ..CallReply::default()
        })
    }

    fn create(&mut self, request: CreateRequest) -> Result<CreateReply, HostFault> {
        Ok(CreateReply {
            gas_left: request.gas,
            ..CreateReply::default()
        })
    }

    fn log(&mut self, _topics: Vec<B256>, _data: Bytes) -> Result<(), HostFault> {
        Ok(())
    }
}
