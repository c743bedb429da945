//! A transaction from its validation to its fees: revm's handler with Arbitrum's rules.
//!
//! Lives here: poster gas, the cap on a transaction's gas, refunds and who gets the fees. Not here: frames (`machine`), and
//! what a transaction is to the chain (`chain`).

use std::cell::Cell;
use std::convert::Infallible;

use alloy_primitives::U256;
use revm::context::result::{EVMError, ExecutionResult, HaltReason, InvalidTransaction};
use revm::context_interface::{Block as _, Cfg as _, ContextTr as _, JournalTr as _};
use revm::handler::{FrameResult, Handler, pre_execution};
use revm::interpreter::interpreter_action::FrameInit;
use revm::interpreter::{GasTracker, InitialAndFloorGas};
use stylus_vm::ArbOs;

use crate::addresses::L1_PRICER_FUNDS;
use crate::arbos::{self, Journal};
use crate::evm::machine::Machine;
use crate::trace::HostioInspector;

/// Why a transaction is not one at all.
pub(crate) type TransactionError = EVMError<Infallible, InvalidTransaction>;

/// The most gas that a transaction may use (ArbOS 50; Nitro's initial per-transaction limit).
const TRANSACTION_GAS: u64 = stylus_vm::Config::TRANSACTION_GAS.0;

/// Runs the context's transaction on `machine`; what it changed stays in the journal.
///
/// # Errors
/// Where the transaction may not be part of any block, or the machine is broken.
pub(crate) fn execute<I: HostioInspector>(
    machine: &mut Machine<I>,
) -> Result<ExecutionResult, TransactionError> {
    let mut handler = ArbitrumHandler {
        held: Cell::new(0),
        inspector: std::marker::PhantomData,
    };
    let result = handler.run(machine);
    let scope = &mut machine.context().chain;
    scope.pages = Default::default();
    scope.acting.clear();
    result
}

struct ArbitrumHandler<I> {
    /// Gas held back because a transaction may not use it; given back at the end.
    held: Cell<u64>,
    inspector: std::marker::PhantomData<I>,
}

impl<I: HostioInspector> Handler for ArbitrumHandler<I> {
    type Evm = Machine<I>;
    type Error = TransactionError;
    type HaltReason = HaltReason;

    fn validate_against_state_and_deduct_caller(
        &self,
        machine: &mut Machine<I>,
        gas: &mut InitialAndFloorGas,
    ) -> Result<(), TransactionError> {
        let context = machine.context();
        let gas_limit = context.tx.gas_limit;
        let initial_gas = gas
            .initial_regular_gas()
            .saturating_add(context.chain.poster_gas);
        if initial_gas > gas_limit {
            return Err(InvalidTransaction::CallGasCostMoreThanGasLimit {
                initial_gas,
                gas_limit,
            }
            .into());
        }
        gas.set_initial_regular_gas(initial_gas);
        pre_execution::validate_against_state_and_deduct_caller(context)
    }

    fn tx_gas(&self, machine: &mut Machine<I>, initial: &InitialAndFloorGas) -> GasTracker {
        let context = machine.context();
        let gas_limit = context.tx.gas_limit;
        let remaining = gas_limit.saturating_sub(initial.initial_regular_gas());
        let scope = &context.chain;
        let usable = match scope.arbos >= ArbOs::STACK_CLAMP && !scope.is_simulation {
            true => {
                let intrinsic = initial
                    .initial_regular_gas()
                    .saturating_sub(scope.poster_gas);
                remaining.min(TRANSACTION_GAS.saturating_sub(intrinsic))
            }
            false => remaining,
        };
        self.held.set(remaining - usable);
        GasTracker::new(gas_limit, usable, 0)
    }

    fn run_exec_loop(
        &mut self,
        machine: &mut Machine<I>,
        first: FrameInit,
    ) -> Result<FrameResult, TransactionError> {
        Ok(machine.run_frames(first)?)
    }

    fn last_frame_result(
        &mut self,
        machine: &mut Machine<I>,
        result: &mut FrameResult,
        gas: &mut GasTracker,
    ) -> Result<(), TransactionError> {
        let _ = machine;
        let ended = result.instruction_result();
        let (left, refund) = (result.gas().remaining(), result.gas().refunded());
        gas.set_remaining(self.held.get());
        if ended.is_ok_or_revert() {
            gas.erase_cost(left);
        }
        if ended.is_ok() {
            gas.record_refund(refund);
        }
        *result.gas_mut().tracker_mut() = *gas;
        Ok(())
    }

    fn refund(
        &self,
        machine: &mut Machine<I>,
        result: &mut FrameResult,
        delegations: i64,
    ) -> Result<(), TransactionError> {
        let context = machine.context();
        let poster_gas = context.chain.poster_gas;
        let quotient = context.cfg.gas_params().max_refund_quotient();
        let gas = result.gas_mut();
        gas.record_refund(delegations);
        // What was paid for L1 earns nothing back.
        let used = gas
            .limit()
            .saturating_sub(gas.remaining())
            .saturating_sub(poster_gas);
        let most = i64::try_from(used / quotient).unwrap_or(i64::MAX);
        gas.set_refund(gas.refunded().clamp(0, most));
        Ok(())
    }

    fn reward_beneficiary(
        &self,
        machine: &mut Machine<I>,
        result: &mut FrameResult,
    ) -> Result<(), TransactionError> {
        let context = machine.context();
        let price = u128::from(context.block.basefee());
        if price == 0 || context.cfg().is_fee_charge_disabled() {
            return Ok(());
        }
        let gas = result.gas();
        let refunded = u64::try_from(gas.refunded()).unwrap_or(0);
        let used = gas
            .limit()
            .saturating_sub(gas.remaining())
            .saturating_sub(refunded);
        let poster = context.chain.poster_gas.min(used);
        let network = arbos::network_fee_account(&mut Journal(context));
        let fee = |gas: u64| U256::from(gas) * U256::from(price);
        let journal = context.journal_mut();
        journal.balance_incr(network, fee(used - poster))?;
        if poster > 0 {
            journal.balance_incr(L1_PRICER_FUNDS, fee(poster))?;
        }
        Ok(())
    }
}
