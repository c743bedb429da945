//! Builds a contract that asks for link-time optimisation and does not get it, as it would be with it.
//!
//! Lives here: building such a contract a second time, and measuring the result. Not here: whether it gets the optimisation
//! (`stylus-cargo`), the figures as data (`figures::lto`).

use stylus_cargo::{
    Artifact, BuildSettings, ContractPackage, CrateTypes, Hindrance, Project, finish,
};
use stylus_plan::Plan;
use stylus_report::figures::lto::{MissedLto, OnChain, Outcome, WithLto};
use stylus_report::figures::{Bytes, Contract};

use super::compare::disagreement;
use super::contract::Bench;
use super::{Event, Observer, PrepareError};

/// A contract as it would be with link-time optimisation.
#[derive(Debug)]
pub(super) struct Counterpart {
    hindrance: Hindrance,
    /// The artifact, or one sentence that says why there is none.
    artifact: Result<Artifact, String>,
}

impl Counterpart {
    /// Builds it. `None` if the contract already has link-time optimisation, or does not ask for it.
    pub(super) fn build(
        project: &Project,
        contract: &ContractPackage,
        settings: &BuildSettings,
        observer: Observer<'_>,
    ) -> Option<Self> {
        // A user who chooses the crate types knows the consequences.
        if settings.crate_types.is_some() {
            return None;
        }
        let hindrance = project.lto_hindrance(contract)?;
        observer(Event::Optimising(&contract.name));
        let settings = BuildSettings {
            crate_types: Some(CrateTypes::Cdylib),
            asks_for_lto: hindrance.ignored_profile.is_some(),
            ..settings.clone()
        };
        let on_crate = &mut |name: &str| observer(Event::Compiled(&contract.name, name));
        let mut artifact = || -> Result<Artifact, PrepareError> {
            let built = project.build(contract, &settings, on_crate)?;
            Ok(finish(project, contract, &settings, built)?.artifact)
        };
        Some(Self {
            hindrance,
            artifact: artifact().map_err(|error| error.to_string()),
        })
    }

    /// Its size in bytes.
    pub(super) fn weigh(self) -> MissedLto {
        let outcome = match self.artifact {
            Ok(artifact) => Outcome::WithLto(WithLto {
                code: Bytes::of(&artifact.code),
                chain: None,
            }),
            Err(reason) => Outcome::Unknown(reason),
        };
        MissedLto {
            hindrance: self.hindrance,
            outcome,
        }
    }

    /// Its size in bytes, and its costs on a chain if `today` was measured there.
    pub(super) fn measure(self, bench: &Bench<'_>, today: &Contract, plan: &Plan) -> MissedLto {
        let outcome = match &self.artifact {
            Ok(artifact) => measured(bench, artifact, today, plan),
            Err(reason) => Outcome::Unknown(reason.clone()),
        };
        MissedLto {
            hindrance: self.hindrance,
            outcome,
        }
    }
}

fn measured(bench: &Bench<'_>, artifact: &Artifact, today: &Contract, plan: &Plan) -> Outcome {
    let (contract, _) = bench.measure(&today.name, artifact, plan, None);
    if let Some(found) = disagreement(today, &contract) {
        return Outcome::Unknown(found.to_string());
    }
    match OnChain::of(&contract) {
        Some(chain) => Outcome::WithLto(WithLto {
            code: Bytes::of(&artifact.code),
            chain: Some(chain),
        }),
        None => Outcome::Unknown(contract.failures.join("; ")),
    }
}
