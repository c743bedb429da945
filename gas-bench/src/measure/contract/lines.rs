//! Profiles one call of a contract line by line.
//!
//! Lives here: requesting the counts of each block from the chain. Not here: what they mean (`figures::lines`).

use stylus_devnet::explain::is_own;
use stylus_plan::PlannedCall;
use stylus_report::figures::lines::{LineProfile, add_up};
use stylus_vm::explain::block_prices;

use super::{Bench, BenchError, Sight};
use crate::measure::Prepared;

impl Bench<'_> {
    /// Deploys a contract, carries out one call of its plan, and profiles its run number `run`, counted from 1, line by line.
    ///
    /// # Errors
    /// If the contract or the call has no figures, its build has no lines, or the chain does not count.
    pub(in crate::measure) fn lines_call(
        &self,
        name: &str,
        prepared: &Prepared,
        planned: &PlannedCall,
        run: usize,
    ) -> Result<LineProfile, BenchError> {
        let (deployed, _) = self.deploy(&prepared.artifact, &prepared.plan)?;
        if self.sight.get() != Some(Sight::Everything) {
            return Err(BenchError::NoProfiler);
        }
        let artifact = deployed.explainer.artifact();
        let lines = artifact.and_then(|artifact| artifact.lines.as_ref().ok());
        let lines = lines.ok_or(BenchError::NoLines)?;
        let stage = self.stage(&prepared.plan, &deployed, Some(planned))?;
        let receipt = self.submit_run(&stage, planned, run)?;
        let trace = self.node.trace_counts(receipt.transaction_hash);
        let trace = trace.map_err(|error| error.unexpected("stylusGasTracer"))?;
        let program = trace.program.ok_or(BenchError::NotRun)?;
        let prices = block_prices(&prepared.artifact.wasm, &self.config)?;
        Ok(add_up(
            (name, &planned.name),
            program.ink_used,
            &trace.counts,
            &prices,
            lines,
            is_own,
        )?)
    }
}
