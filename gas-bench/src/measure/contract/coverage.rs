//! One contract, whose calls count.
//!
//! Lives here: carrying out a plan for nothing but what its programs do. Not here: what that comes to (`figures::coverage`).

use stylus_devnet::explain::Coverage;

use super::{Bench, BenchError, Deployed, place};
use crate::measure::Prepared;
use crate::plan::{Plan, PlannedCall, Reverts};

impl Bench<'_> {
    /// Deploys a contract and carries out its plan on a chain where the programs of `coverage` count. What goes wrong is told, a
    /// sentence each.
    ///
    /// # Errors
    /// Where the contract cannot be deployed.
    pub(in crate::measure) fn cover_calls(
        &self,
        prepared: &Prepared,
        coverage: &Coverage,
    ) -> Result<Vec<String>, BenchError> {
        let Prepared { artifact, plan, .. } = prepared;
        let (deployed, _) = self.deploy(artifact, plan)?;
        // What was tried out to know what a call begins with is none of the plan's calls.
        coverage.take(&artifact.wasm);
        let mut failures = Vec::new();
        for planned in &plan.calls {
            if let Err(cause) = self.cover_call(plan, &deployed, planned) {
                failures.push(format!("{}: {cause}", planned.name));
            }
        }
        if plan.calls.is_empty() {
            // A constructor alone is something, too.
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
