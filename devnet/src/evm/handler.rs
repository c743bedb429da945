//! A transaction from validation to fees: revm's handler with Arbitrum's rules.
//!
//! Lives here: poster gas, the cap on a transaction's gas, refunds, and who receives the fees. Not here: frames (`machine`), and what a
//! transaction is to the chain (`chain`).

use std::cell::Cell;
use std::convert::Infallible;

use alloy_primitives::{Bytes, U256};
use revm::context::result::{EVMError, ExecutionResult, HaltReason, InvalidTransaction};
use revm::context_interface::journaled_state::account::JournaledAccountTr as _;
use revm::context_interface::{
    Block as _, Cfg as _, ContextTr as _, JournalTr as _, Transaction as _,
};
use revm::handler::{FrameResult, Handler, pre_execution};
use revm::interpreter::interpreter_action::FrameInit;
use revm::interpreter::{
    CallOutcome, CreateOutcome, FrameInput, Gas as EvmGas, GasTracker, InitialAndFloorGas,
    InstructionResult, InterpreterResult,
};
use stylus_vm::{ArbOs, Gas};

use crate::addresses::L1_PRICER_FUNDS;
use crate::arbos::l1_pricing::Poster;
use crate::arbos::{self, Journal, l1_pricing, l2_pricing};
use crate::evm::machine::Machine;
use crate::evm::{Interrupted, Reason, peek};
use crate::state::source::{self, Run};
use crate::trace::HostioInspector;
use crate::units::Price;

/// Why a transaction is invalid.
pub(crate) type TransactionError = EVMError<Infallible, InvalidTransaction>;

/// Runs the context's transaction on `machine`; its changes stay in the journal.
///
/// # Errors
/// If the transaction cannot be part of any block, the machine is broken, or something read before the run is unavailable.
pub(crate) fn execute<I: HostioInspector>(
    machine: &mut Machine<I>,
) -> Result<ExecutionResult, TransactionError> {
    let mut handler = ArbitrumHandler::new();
    let context = machine.context();
    if context.journaled_state.database.beneath().is_some() {
        let tx = &context.tx;
        source::running(Run {
            from: tx.caller,
            to: tx.kind,
            value: tx.value,
            input: tx.data.clone(),
        });
    }
    let result = handler.run(machine);
    check_reads()?;
    result
}

/// Checks what [`execute`] checks of the context's transaction before it runs anything. The machine is of no further use.
///
/// # Errors
/// As for [`execute`].
pub(crate) fn check<I: HostioInspector>(machine: &mut Machine<I>) -> Result<(), TransactionError> {
    let checked = ArbitrumHandler::new().validate(machine);
    check_reads()?;
    checked.map(drop)
}

/// Checks that everything that was read of a forked chain was available.
fn check_reads() -> Result<(), TransactionError> {
    if source::has_failed() {
        return Err(EVMError::Custom(Interrupted::Forked.to_string()));
    }
    Ok(())
}

struct ArbitrumHandler<I> {
    /// Gas held back because the transaction may not use it; returned at the end.
    held: Cell<Gas>,
    inspector: std::marker::PhantomData<I>,
}

impl<I> ArbitrumHandler<I> {
    fn new() -> Self {
        Self {
            held: Cell::new(Gas::ZERO),
            inspector: std::marker::PhantomData,
        }
    }
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
        let limit = Gas(context.tx.gas_limit);
        let poster = context.chain.transaction.poster.gas;
        let initial = Gas(gas.initial_regular_gas()).saturating_add(poster);
        if initial > limit {
            return Err(InvalidTransaction::CallGasCostMoreThanGasLimit {
                initial_gas: initial.0,
                gas_limit: limit.0,
            }
            .into());
        }
        gas.set_initial_regular_gas(initial.0);
        pre_execution::validate_against_state_and_deduct_caller(context)
    }

    fn tx_gas(&self, machine: &mut Machine<I>, initial: &InitialAndFloorGas) -> GasTracker {
        let context = machine.context();
        let limit = Gas(context.tx.gas_limit);
        let initial = Gas(initial.initial_regular_gas());
        let remaining = limit.saturating_sub(initial);
        let scope = &context.chain;
        let (arbos, poster, is_simulation) = (
            scope.block.arbos,
            scope.transaction.poster.gas,
            scope.is_simulation,
        );
        // Before ArbOS 50 the limit is the block's, and intrinsic gas does not count towards it.
        let intrinsic = match arbos >= ArbOs::STACK_CLAMP {
            true => initial.saturating_sub(poster),
            false => Gas::ZERO,
        };
        let usable = match is_simulation {
            true => remaining,
            false => {
                let Ok(most) = l2_pricing::most_gas(&mut Journal(context), arbos);
                remaining.min(most.saturating_sub(intrinsic))
            }
        };
        self.held.set(remaining - usable);
        GasTracker::new(limit.0, usable.0, 0)
    }

    fn run_exec_loop(
        &mut self,
        machine: &mut Machine<I>,
        first: FrameInit,
    ) -> Result<FrameResult, TransactionError> {
        if machine.context().chain.transaction.is_filtered {
            return Ok(filtered(machine, first));
        }
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
        gas.set_remaining(self.held.get().0);
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
        let poster_gas = context.chain.transaction.poster.gas;
        let quotient = context.cfg.gas_params().max_refund_quotient();
        let gas = result.gas_mut();
        gas.record_refund(delegations);
        // Gas paid for L1 earns no refund.
        let used = Gas(gas.limit())
            .saturating_sub(Gas(gas.remaining()))
            .saturating_sub(poster_gas);
        let most = i64::try_from((used / quotient).0).unwrap_or(i64::MAX);
        gas.set_refund(gas.refunded().clamp(0, most));
        Ok(())
    }

    fn reward_beneficiary(
        &self,
        machine: &mut Machine<I>,
        result: &mut FrameResult,
    ) -> Result<(), TransactionError> {
        let context = machine.context();
        let base_fee = Price::from(context.block.basefee());
        let price = Price(context.tx.effective_gas_price(base_fee.0));
        let is_paid = context.chain.transaction.redeemer.is_some();
        if price == Price::ZERO || is_paid || context.cfg().is_fee_charge_disabled() {
            return Ok(());
        }
        let gas = result.gas();
        let refunded = Gas(u64::try_from(gas.refunded()).unwrap_or(0));
        let used = Gas(gas.limit())
            .saturating_sub(Gas(gas.remaining()))
            .saturating_sub(refunded);
        let Poster { units, gas } = context.chain.transaction.poster;
        let poster = gas.min(used);
        let mut words = Journal(context);
        let Ok(network) = arbos::network_fee_account().get(&mut words);
        let Ok(infra) = arbos::infra_fee_account().get(&mut words);
        let Ok(least) = l2_pricing::min_base_fee().get(&mut words);
        let for_l1 = price.fee(poster);
        if poster > Gas::ZERO {
            let Ok(()) = l1_pricing::collect(&mut words, units, for_l1);
        }
        // The tip and everything above the minimum base fee always go to the network.
        let for_infra = match infra.is_zero() {
            true => U256::ZERO,
            false => Price::base_fee(least).min(base_fee).fee(used - poster),
        };
        let for_network = price.fee(used - poster) - for_infra;
        let funds = [network, infra, L1_PRICER_FUNDS];
        peek::unwarmed(context, &funds, |journal| {
            journal.balance_incr(network, for_network)?;
            if !for_infra.is_zero() {
                journal.balance_incr(infra, for_infra)?;
            }
            if poster > Gas::ZERO {
                journal.balance_incr(L1_PRICER_FUNDS, for_l1)?;
            }
            Ok(())
        })
    }
}

/// Ends a filtered transaction: all its gas is used, its nonce is used, and nothing else has happened.
fn filtered<I: HostioInspector>(machine: &mut Machine<I>, first: FrameInit) -> FrameResult {
    let context = machine.context();
    context.chain.transaction.reason = Some(Reason::Refused("the transaction is filtered".into()));
    let limit = match &first.frame_input {
        FrameInput::Call(call) => Gas(call.gas_limit),
        FrameInput::Create(create) => Gas(create.gas_limit()),
        FrameInput::Empty => Gas::ZERO,
    };
    let mut gas = EvmGas::new(limit.0);
    gas.spend_all();
    let result = InterpreterResult::new(InstructionResult::PrecompileError, Bytes::new(), gas);
    match first.frame_input {
        FrameInput::Create(create) => {
            // A call's nonce is used before it runs, a create's when it begins.
            let caller = create.caller();
            let Ok(mut account) = context.journaled_state.load_account_mut(caller);
            account.data.bump_nonce();
            FrameResult::Create(CreateOutcome::new(result, None))
        }
        FrameInput::Call(_) | FrameInput::Empty => {
            FrameResult::Call(CallOutcome::new(result, 0..0))
        }
    }
}
