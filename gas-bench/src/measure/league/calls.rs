//! Measures what whole calls of contracts cost with each allocator, which is what an author pays.
//!
//! Lives here: which builds are measured. Not here: building and measuring one contract (`compare`), the figures as data
//! (`figures::league`).

use stylus_cargo::{
    Allocator, BuildSettings, CopiesError, Lto, OptLevel, Project, Subject, Variant, Variations,
    WasmOpt,
};
use stylus_report::figures::league::Calls;
use stylus_vm::ArbOs;

use crate::chain::Target;
use crate::measure::compare::{VariantEvent, compare};
use crate::measure::{PrepareError, measure_module, plan_of};

/// Why the calls of a contract cannot be measured.
#[derive(Debug, thiserror::Error)]
#[error("{contract}")]
pub struct CallsError {
    /// The contract.
    contract: String,
    source: Box<Reason>,
}

#[derive(Debug, thiserror::Error)]
enum Reason {
    #[error(transparent)]
    Plan(#[from] PrepareError),
    #[error(transparent)]
    Copies(#[from] CopiesError),
}

/// Builds the contracts of `project` with each of `allocators`, which are [`replaceable`](stylus_cargo::replaceable), at each of `levels`,
/// with the authors' own link-time optimisation and also with each of `lto`, and measures the calls of their plans. Contracts whose
/// allocator cannot be replaced are left out.
///
/// # Errors
/// If a contract cannot be rebuilt at all. A failure under one allocator only means no figures for it.
pub fn whole_calls(
    project: &Project,
    allocators: &[Allocator],
    levels: &[OptLevel],
    lto: &[Lto],
    progress: &(dyn Fn(&str, Variant) + Sync),
) -> Result<Calls, CallsError> {
    let settings = Variations {
        allocators: allocators.to_vec(),
        levels: levels.to_vec(),
        lto: lto.to_vec(),
        modes: Vec::new(),
    };
    let target = Target::Embedded(ArbOs::ARBITRUM_ONE);
    let mut contracts = Vec::new();
    for contract in &project.contracts {
        let error = |source| CallsError {
            contract: contract.name.clone(),
            source: Box::new(source),
        };
        let build = BuildSettings::default();
        let plan = plan_of(project, contract, &build).map_err(|source| error(source.into()))?;
        let measure = |module: &[u8]| measure_module(&target, &contract.name, module, &plan);
        let comparison = compare(
            &Subject::of(project, contract, &build),
            &settings,
            || WasmOpt::find(None),
            &measure,
            &|event| {
                if let VariantEvent::Building(variant) = event {
                    progress(&contract.name, variant);
                }
            },
        )
        .map_err(|source| error(source.into()))?;
        if comparison.left_out.is_empty() {
            contracts.push(comparison);
        }
    }
    Ok(Calls { contracts })
}
