//! Compares one contract under every allocator and in several builds.
//!
//! Lives here: the order of a comparison, and whether variants are the same contract (`agreement`). Not here: building (`stylus-cargo`),
//! measuring, which the caller passes in, text (`content::comparison`).
//!
//! The author's files are only read: everything is built in a copy. Theorem: every variant that has figures behaves like the author's own
//! build, in every call for which both were measured.

mod agreement;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use stylus_cargo::{
    BuildTarget, Copies, CopiesError, FindError, Mode, OptimiseError, Subject, Variant,
    VariantError, Variations, WasmOpt, postprocess,
};
use stylus_report::figures::Contract;
use stylus_report::figures::comparison::{Comparison, Measured};

use crate::parallel;

pub use agreement::Disagreement;
pub(super) use agreement::disagreement;

/// Progress of a comparison. The variants come in any order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VariantEvent {
    /// This many variants are planned.
    Planned(usize),
    /// Cargo starts to build a module; `wasm-opt` runs later.
    Building(Variant),
    /// Measuring a variant starts.
    Measuring(Variant),
    /// A variant has figures, or a reason for having none.
    Done(Variant),
}

/// Receives the progress of a comparison; called from several threads.
pub type Observer<'a> = &'a (dyn Fn(VariantEvent) + Sync);

/// Builds the module of a variant without `wasm-opt`, and keeps its function names.
pub type Build<'a> = &'a (dyn Fn(Variant) -> Result<Vec<u8>, VariantError> + Sync);

/// Optimises a module.
pub type Optimise<'a> = &'a (dyn Fn(&[u8], Mode) -> Result<Vec<u8>, OptimiseError> + Sync);

/// Deploys and calls a module that includes its function names.
pub type Measure<'a> = &'a (dyn Fn(&[u8]) -> Contract + Sync);

/// Compares a contract's variants, built in a copy of its workspace and measured by `measure`. If there is no `mini-alloc` to replace, or
/// no `wasm-opt`, which is searched for only if a variant needs it, the variants that require it are left out, and the comparison says
/// so.
///
/// # Errors
/// If no copy can be made.
pub fn compare(
    subject: &Subject,
    settings: &Variations,
    wasm_opt: impl FnOnce() -> Result<WasmOpt, FindError>,
    measure: Measure<'_>,
    observer: Observer<'_>,
) -> Result<Comparison, CopiesError> {
    let builds = Copies::prepare(subject)?;
    let mut settings = settings.clone();
    let mut left_out = Vec::new();
    // The author's own level is included already.
    settings
        .levels
        .retain(|level| level.name() != builds.level());
    if let Err(error) = builds.check_allocator()
        && !settings.allocators.is_empty()
    {
        settings.allocators.clear();
        left_out.push(error.to_string());
    }
    if let BuildTarget::Program(_) = subject.target
        && !settings.lto.is_empty()
    {
        settings.lto.clear();
        left_out.push(
            "link-time optimisation on and off: the contract is a program, and cargo links those as their profile says"
                .to_owned(),
        );
    }
    if let Some(flags) = builds.own_flags()
        && !settings.modes.is_empty()
    {
        settings.modes.clear();
        left_out.push(format!(
            "wasm-opt modes: every variant has the one in the contract's Stylus.toml, `{flags}`"
        ));
    }
    let is_optimising = settings.modes.iter().any(|&mode| mode != Mode::Off);
    let wasm_opt = match is_optimising.then(wasm_opt).transpose() {
        Ok(program) => program,
        Err(error) => {
            left_out.push(error.to_string());
            settings.modes.clear();
            None
        }
    };
    // No variant changes the stack.
    let advice = Mutex::new(BTreeSet::new());
    let optimise = |module: &[u8], mode| match &wasm_opt {
        Some(program) => program.run(module, mode, true),
        None => Ok(module.to_vec()),
    };
    let variants = run(
        &settings,
        &|variant| builds.build(variant),
        &optimise,
        &|module| {
            let contract = measure(module);
            let mut advice = advice.lock().unwrap_or_else(PoisonError::into_inner);
            advice.extend(contract.advice.iter().cloned());
            contract
        },
        observer,
    );
    let advice = advice.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(Comparison {
        contract: subject.package.clone(),
        own_level: builds.level().to_owned(),
        lto_hindrance: subject.lto_hindrance.clone(),
        wasm_opt: wasm_opt
            .as_ref()
            .map(|program| program.version().to_owned()),
        variants,
        left_out,
        advice,
    })
}

/// Builds, optimises and measures every variant: one build for all modes. While one variant is measured, the next is built. If something
/// fails for one variant, that is its outcome.
pub fn run(
    settings: &Variations,
    build: Build<'_>,
    optimise: Optimise<'_>,
    measure: Measure<'_>,
    observer: Observer<'_>,
) -> Vec<Measured> {
    observer(VariantEvent::Planned(settings.variants()));
    let modes = settings.modes();
    // Variants often yield the same module; it is measured once.
    let known = Mutex::new(BTreeMap::new());
    let measured = |variant, module: &[u8]| {
        let lock = || known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(contract) = lock().get(module) {
            return Contract::clone(contract);
        }
        observer(VariantEvent::Measuring(variant));
        let contract = measure(module);
        lock().insert(module.to_vec(), contract.clone());
        contract
    };
    let outcomes = parallel::map(settings.builds(), |plain| {
        let variant = |wasm_opt| Variant { wasm_opt, ..plain };
        observer(VariantEvent::Building(plain));
        let built = build(plain).map_err(|error| error.to_string());
        let outcome = |&mode: &Mode| {
            let outcome = built.clone().and_then(|module| {
                let module = match mode {
                    Mode::Off => module,
                    mode => optimise(&module, mode).map_err(|error| error.to_string())?,
                };
                let deployed = postprocess(&module).map_err(|error| error.to_string())?;
                Ok((deployed, measured(variant(mode), &module)))
            });
            observer(VariantEvent::Done(variant(mode)));
            (variant(mode), outcome)
        };
        modes.iter().map(outcome).collect::<Vec<_>>()
    });
    agreement::judge(outcomes.into_iter().flatten().collect())
}
