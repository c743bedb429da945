//! How large contracts are, and the limits.
//!
//! Lives here: building contracts only for their size, and the limits. Not here: where the bytes are (`size`), what putting them on a
//! chain costs (`contract`).

use std::collections::BTreeMap;

use stylus_cargo::{
    Artifact, BuildSettings, CargoError, ContractPackage, Finished, Project, finish,
};
use stylus_report::figures::size::{ContractSize, MadeWith, SizeReport};
use stylus_report::figures::{Bytes, Sizes};
use stylus_vm::Config;

use super::lto::Counterpart;
use super::{Event, Observer, PrepareError};
use crate::measure::size::{SizeError, measure};

/// Why a contract's bytes cannot be attributed.
#[derive(Debug, thiserror::Error)]
enum ContractError {
    #[error(transparent)]
    Build(#[from] PrepareError),
    #[error(transparent)]
    Size(#[from] SizeError),
}

/// Builds the contracts of `project` and reports where their bytes are, along with the limits of `chain`. Failures of one contract are
/// part of the report.
///
/// # Errors
/// If the toolchain does not identify itself.
pub fn sizes(
    project: &Project,
    settings: &BuildSettings,
    chain: &Config,
    observer: Observer<'_>,
) -> Result<SizeReport, CargoError> {
    let made_with = MadeWith {
        gas_bench: env!("CARGO_PKG_VERSION").to_owned(),
        toolchain: project.compiler()?,
    };
    let mut contracts = BTreeMap::new();
    let mut failures = BTreeMap::new();
    let mut missed_lto = BTreeMap::new();
    for contract in &project.contracts {
        let name = contract.name.clone();
        match one(project, contract, settings, chain, observer) {
            Ok(size) => {
                let missed = Counterpart::build(project, contract, settings, observer);
                missed_lto.extend(missed.map(|missed| (name.clone(), missed.weigh())));
                contracts.insert(name, size);
            }
            Err(cause) => {
                failures.insert(name, cause.to_string());
            }
        }
        observer(Event::Built(&contract.name));
    }
    Ok(SizeReport {
        missed_lto,
        ..SizeReport::new(made_with, contracts, failures)
    })
}

fn one(
    project: &Project,
    contract: &ContractPackage,
    settings: &BuildSettings,
    chain: &Config,
    observer: Observer<'_>,
) -> Result<ContractSize, ContractError> {
    observer(Event::Building(&contract.name));
    let on_crate = &mut |name: &str| observer(Event::Compiled(&contract.name, name));
    let built = project.build(contract, settings, on_crate);
    let built = built.map_err(PrepareError::from)?;
    let finished = finish(project, contract, settings, built);
    let Finished { artifact, named } = finished.map_err(PrepareError::from)?;
    let sizes = of_artifact(&artifact, chain);
    Ok(measure(&named, &artifact.wasm, sizes)?)
}

/// How large a contract is at each step, and the limits of `chain`.
pub(super) fn of_artifact(artifact: &Artifact, chain: &Config) -> Sizes {
    let account = chain.max_code_size as usize;
    let accounts = match artifact.code.len() <= account {
        true => 1,
        false => {
            stylus_vm::code::split(&artifact.code, account).map_or(1, |fragments| fragments.len())
        }
    };
    Sizes {
        built: artifact.built,
        processed: Bytes::of(&artifact.wasm),
        code: Bytes::of(&artifact.code),
        account_limit: Bytes(account as u64),
        fragments_limit: Bytes(account as u64 * u64::from(chain.stylus.max_fragment_count.max(1))),
        processed_limit: Bytes(chain.stylus.max_wasm_size.into()),
        accounts: u32::try_from(accounts).unwrap_or(u32::MAX),
    }
}
