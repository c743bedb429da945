//! This chain's contracts that are written in Rust and can call and create: the frame around one.
//!
//! Lives here: what such a contract is given, and how the machine runs it. Not here: the contracts (`natives`).

use alloy_primitives::{Address, B256, Bytes, U256};
use stylus_vm::Gas;

use crate::evm::Context;
use crate::evm::machine::Fault;

/// The machine as a native contract sees it.
pub(crate) trait Machine {
    /// The journal and everything else that needs no separate frame.
    fn context(&mut self) -> &mut Context;

    /// Calls `to` from the account `from` with `gas`, for which the contract has to be charged separately.
    ///
    /// # Errors
    /// If the machine is broken; this applies to every method.
    fn call(
        &mut self,
        from: Address,
        to: Address,
        value: U256,
        input: Bytes,
        gas: Gas,
    ) -> Result<Reply, Fault>;

    /// Creates a contract from the account `from`, with CREATE2 if there is a salt.
    fn create(
        &mut self,
        from: Address,
        code: Bytes,
        value: U256,
        salt: Option<B256>,
        gas: Gas,
    ) -> Result<Reply, Fault>;
}

/// How a call or create ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reply {
    /// Whether it succeeded.
    pub(crate) success: bool,
    /// Whether it reverted, rather than ran out of gas or worse.
    pub(crate) reverted: bool,
    /// What it returned or reverted with.
    pub(crate) output: Bytes,
    /// The new contract.
    pub(crate) address: Option<Address>,
    /// Gas not used.
    pub(crate) gas_left: Gas,
    /// The refund it earned, if it succeeded; the caller's frame passes it on.
    pub(crate) refund: i64,
}

/// A call to a native contract.
#[derive(Clone, Debug)]
pub(crate) struct NativeCall {
    /// The account it acts for.
    pub(crate) address: Address,
    /// The caller.
    pub(crate) caller: Address,
    /// Wei sent along; the contract already has it.
    pub(crate) value: U256,
    /// Calldata.
    pub(crate) input: Bytes,
    /// The gas available.
    pub(crate) gas: Gas,
    /// Whether writing is forbidden.
    pub(crate) is_static: bool,
}

/// How a native contract ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NativeEnding {
    /// It succeeded.
    Success,
    /// It reverted with the error in the output.
    Revert,
    /// It ran out of gas, which is all used.
    OutOfGas,
}

/// The result of a native contract.
#[derive(Clone, Debug)]
pub(crate) struct NativeReply {
    pub(crate) ending: NativeEnding,
    pub(crate) output: Bytes,
    pub(crate) gas_left: Gas,
    /// The sum of its calls' refunds.
    pub(crate) refund: i64,
}
