//! ArbRetryableTx (0x6e): messages from L1 that can be retried.
//!
//! Lives here: its functions. Not here: retryables (`arbos::retryables`). None arrive from L1 here; those that a test writes into the state
//! can be read, kept alive and cancelled. They are tried only in blocks of other chains that are executed again.

use alloy_primitives::{B256, U256};
use alloy_sol_types::sol;
use stylus_vm::Gas;

use crate::arbos::constraints;
use crate::arbos::messages::{MessageCall, RedeemScheduled, Retry};
use crate::arbos::retryables::{self, LIFETIME, Retryable};
use crate::precompiles::call::{Call, Stop};
use crate::precompiles::table::{Function, functions};

sol! {
    #![sol(all_derives)]
    /// Nitro's interface.
    interface ArbRetryableTx {
        function redeem(bytes32 ticketId) external returns (bytes32);
        function getLifetime() external view returns (uint256);
        function getTimeout(bytes32 ticketId) external view returns (uint256);
        function keepalive(bytes32 ticketId) external returns (uint256);
        function getBeneficiary(bytes32 ticketId) external view returns (address);
        function cancel(bytes32 ticketId) external;
        function getCurrentRedeemer() external view returns (address);
        function submitRetryable(bytes32 requestId, uint256 l1BaseFee, uint256 deposit, uint256 callvalue, uint256 gasFeeCap, uint64 gasLimit, uint256 maxSubmissionFee, address feeRefundAddress, address beneficiary, address retryTo, bytes retryData) external;

        event LifetimeExtended(bytes32 indexed ticketId, uint256 newTimeout);
        event Canceled(bytes32 indexed ticketId);

        error NoTicketWithID();
        error NotCallable();
    }
}

use ArbRetryableTx::*;

/// Gas per word of a redeemed retryable (Nitro uses SLOAD's original price).
const REDEEM_WORD: Gas = Gas(50);

/// Gas per word of a retryable kept alive: a hundredth of a new word.
const KEEP_WORD: Gas = Gas(20_000 / 100);

/// Gas for the log of a scheduled try: four topics and four words.
const SCHEDULED: Gas = Gas(375 * 5 + 8 * 128);

/// Gas for the result, a word.
const RESULT: Gas = Gas(3);

/// Gas for removing a retryable from the queue later (Nitro).
const REAP: Gas = Gas(58_000);

pub(super) const FUNCTIONS: &[Function] = functions! {
    Write 0 redeemCall => |call, it| {
        let words = match find(call, it.ticketId)? {
            Some(retryable) => retryable.words(call)?,
            None => 0,
        };
        call.burn(REDEEM_WORD.saturating_mul(words))?;
        let retryable = open(call, it.ticketId)?;
        if !call.context.chain.block.runs_retries {
            return Err(call.unavailable("it schedules no retry: retryables come from L1"));
        }
        schedule(call, it.ticketId, retryable)
    };
    View 0 getLifetimeCall => |_, _| Ok(U256::from(LIFETIME));
    View 0 getTimeoutCall => |call, it| {
        Ok(U256::from(open(call, it.ticketId)?.timeout(call)?))
    };
    Write 0 keepaliveCall => |call, it| {
        let words = open(call, it.ticketId)?.words(call)?;
        call.burn(KEEP_WORD.saturating_mul(words))?;
        // Nitro looks it up again.
        let retryable = open(call, it.ticketId)?;
        let timeout = retryable.timeout(call)?;
        if timeout > call.now().saturating_add(LIFETIME) {
            return Err(Stop::plain("timeout too far into the future"));
        }
        retryable.keep_alive(call, it.ticketId)?;
        call.burn(REAP)?;
        let timeout = U256::from(timeout.saturating_add(LIFETIME));
        call.emit(&LifetimeExtended { ticketId: it.ticketId, newTimeout: timeout })?;
        Ok(timeout)
    };
    View 0 getBeneficiaryCall => |call, it| open(call, it.ticketId)?.beneficiary().get(call);
    Write 0 cancelCall => |call, it| {
        let retryable = open(call, it.ticketId)?;
        let beneficiary = retryable.beneficiary().get(call)?;
        if call.caller != beneficiary {
            return Err(Stop::plain("only the beneficiary may cancel a retryable"));
        }
        // Nitro reads its timeout and its beneficiary again before deleting it.
        call.pay_reads(2)?;
        let escrow = retryables::escrow(it.ticketId);
        let value = call.balance(escrow);
        call.pay(escrow, beneficiary, value)?;
        retryable.clear(call)?;
        call.emit(&Canceled { ticketId: it.ticketId })?;
        Ok(cancelReturn {})
    };
    // Zero, except while a retry of another chain is executed again.
    View 0 getCurrentRedeemerCall => |call, _| {
        Ok(call.context.chain.transaction.redeemer.unwrap_or_default())
    };
    Write 0 submitRetryableCall => |_, _| Err(Stop::error(&NotCallable {}));
};

/// Schedules a try, and gives it all remaining gas.
fn schedule(call: &mut Call<'_>, id: B256, retryable: Retryable) -> Result<B256, Stop> {
    let nonce = retryable.count_try(call)?;
    let content = retryable.content(call)?;
    let pool = pool_cost(call);
    let kept = SCHEDULED + pool + RESULT;
    let donated = call.gas_left.checked_sub(kept).ok_or(Stop::OutOfGas)?;
    let retry = Retry {
        nonce,
        ticket: id,
        refund_to: call.caller,
        max_refund: U256::MAX,
        submission_fee_refund: U256::ZERO,
        call: MessageCall {
            from: content.from,
            fee_cap: call.context.chain.block.base_fee.word(),
            gas: donated,
            to: content.to,
            value: content.value,
            data: content.calldata.into(),
        },
    };
    let hash = retry.hash(call.context.cfg.chain_id);
    call.emit(&RedeemScheduled {
        ticketId: id,
        retryTxHash: hash,
        sequenceNum: retry.nonce,
        donatedGas: donated.0,
        gasDonor: call.caller,
        maxRefund: retry.max_refund,
        submissionFeeRefund: retry.submission_fee_refund,
    })?;
    call.burn(donated)?;
    call.burn(pool)?;
    Ok(hash)
}

/// Gas for deducting the gas of a try from the chain's backlog, which has one number per constraint.
fn pool_cost(call: &mut Call<'_>) -> Gas {
    const READ: Gas = Gas(800);
    const WORD: Gas = Gas(800 + 20_000);
    if call.is_at(60) {
        return WORD;
    }
    let Ok(constraints) = constraints::all(&mut call.free());
    match constraints.len() as u64 {
        0 => READ + WORD,
        several => READ.saturating_mul(2) + WORD.saturating_mul(several),
    }
}

fn find(call: &mut Call<'_>, id: B256) -> Result<Option<Retryable>, Stop> {
    let (now, arbos) = (call.now(), call.arbos());
    retryables::open(call, id, now, arbos)
}

fn open(call: &mut Call<'_>, id: B256) -> Result<Retryable, Stop> {
    find(call, id)?.ok_or_else(|| Stop::error(&NoTicketWithID {}))
}
