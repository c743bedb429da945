//! Counts the blocks that one contract's calls run.
//!
//! Lives here: carrying out a plan only for its block counts. Not here: what the counts mean (`stylus_report::figures`).

use stylus_devnet::explain::Coverage;
use stylus_plan::{Plan, PlannedCall, Reverts};

use super::{Bench, BenchError, Deployed, place};
use crate::measure::Prepared;

impl Bench<'_> {
    /// Deploys a contract and carries out its plan on a chain where the programs of `coverage` count. Returns what failed, a sentence
    /// each.
    ///
    /// # Errors
    /// If the contract cannot be deployed.
    pub(in crate::measure) fn cover_calls(
        &self,
        prepared: &Prepared,
        coverage: &Coverage,
    ) -> Result<Vec<String>, BenchError> {
        let Prepared { artifact, plan, .. } = prepared;
        let (deployed, _) = self.deploy(artifact, plan)?;
        // The trial calls that determine the start gas are not the plan's.
        coverage.take(&artifact.wasm);
        let mut failures = Vec::new();
        for planned in &plan.calls {
            if let Err(cause) = self.cover_call(plan, &deployed, planned) {
                failures.push(format!("{}: {cause}", planned.name));
            }
        }
        if plan.calls.is_empty() {
            // A constructor alone counts, too.
            let stage = self.stage(plan, &deployed, None)?;
            if let Some(step) = &plan.constructor {
                let (account, request) = stage.request(step, &stage.words)?;
                self.submit(&account, request, "")?;
            }
        }
        Ok(failures)
    }

    fn cover_call(
        &self,
        plan: &Plan,
        deployed: &Deployed,
        planned: &PlannedCall,
    ) -> Result<(), BenchError> {
        let stage = self.stage(plan, deployed, Some(planned))?;
        for variables in planned.runs() {
            let words = self.wait(&planned.step, &stage.words.with(&variables))?;
            let (account, request) = stage.request(&planned.step, &words)?;
            let place = place(plan, &planned.step, &[]);
            let receipt = self.submit(&account, request, &place)?;
            match (receipt.succeeded(), planned.reverts) {
                (false, Reverts::Never) => {
                    let why = self.why(&stage, &receipt);
                    return Err(BenchError::Reverts {
                        place,
                        reason: why.unwrap_or_else(|| "the transaction failed".to_owned()),
                    });
                }
                (true, Reverts::Always) => return Err(BenchError::DoesNotRevert { place }),
                _ => {}
            }
        }
        Ok(())
    }
}
