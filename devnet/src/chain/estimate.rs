//! How much gas a transaction needs: the lowest limit with which it does the same as with plenty of gas.
//!
//! Lives here: the search. Not here: running (`view`).
//!
//! Clients use the figure as the limit without adding to it, so it must never be too low. A program can ignore the failure of a call, for
//! lack of gas or because the callee found too little left, and still succeed; such a run does not count as doing the same.

use revm::inspector::NoOpInspector;
use stylus_vm::Gas;

use crate::chain::environment::Purpose;
use crate::chain::error::EstimateError;
use crate::chain::request::{Ending, Executed, Request};
use crate::chain::view::View;
use crate::evm::{FailedFrames, Invalid};
use crate::trace::OUT_OF_GAS;
use crate::units::Price;

/// Gas of a plain transfer.
const TRANSFER: Gas = Gas(21_000);

/// One run: what it did, and which of its frames failed.
struct Probe {
    executed: Executed,
    failed: FailedFrames,
}

impl View {
    /// Returns the lowest gas limit with which `request` does the same as with the highest.
    ///
    /// # Errors
    /// If it fails with any limit, or cannot be run at all.
    pub(crate) fn estimate(&self, request: &Request) -> Result<Gas, EstimateError> {
        let most = self.most_gas(request)?;
        let reference = match self.probe(request, most) {
            Err(Invalid::IntrinsicGas { .. }) => return Err(EstimateError::Allowance(most)),
            other => other?,
        };
        match &reference.executed.ending {
            Ending::Success => {}
            Ending::Halt(words) if words == OUT_OF_GAS => {
                return Err(EstimateError::Allowance(most));
            }
            _ => return Err(EstimateError::Failed(Box::new(reference.executed))),
        }
        let suffices = |gas: Gas| match self.probe(request, gas) {
            Ok(probe) => Ok(probe.executed.ending == Ending::Success
                && probe.failed.are_within(&reference.failed)),
            Err(Invalid::IntrinsicGas { .. }) => Ok(false),
            Err(error) => Err(error),
        };

        let used = reference.executed.gas_used;
        // Usually a transaction needs no more than it used.
        if used <= most && suffices(used)? {
            return Ok(used);
        }
        let (mut low, mut high) = (used.max(TRANSFER) - Gas(1), most);
        // Because of refunds and the 63/64 rule a limit may have to exceed the gas used, but seldom by much.
        let likely = used.saturating_add(used / 4).saturating_add(Gas(5_000));
        if likely < high {
            match suffices(likely)? {
                true => high = likely,
                false => low = likely,
            }
        }
        while low + Gas(1) < high {
            let middle = low + (high - low) / 2;
            match suffices(middle)? {
                true => high = middle,
                false => low = middle,
            }
        }
        Ok(high)
    }

    /// Returns the highest possible limit: the least of what the request asks for, what the node allows and what the sender can pay.
    fn most_gas(&self, request: &Request) -> Result<Gas, EstimateError> {
        let most = self.call_gas(request.gas.filter(|gas| *gas >= TRANSFER));
        let price = request.price();
        if price == Price::ZERO {
            return Ok(most);
        }
        let balance = self.state().account(request.from).balance;
        let left = balance.checked_sub(request.value).ok_or(Invalid::Funds {
            address: request.from,
            have: balance,
            want: request.value,
        })?;
        Ok(most.min(price.buys(left)))
    }

    fn probe(&self, request: &Request, gas: Gas) -> Result<Probe, Invalid> {
        let (executed, mut machine) = self.run(request, gas, Purpose::Estimate, NoOpInspector)?;
        let failed = std::mem::take(&mut machine.context().chain.transaction.failed);
        Ok(Probe { executed, failed })
    }
}
