//! One contract under every allocator and in several builds.
//!
//! Lives here: the order of a comparison, and its figures as data. Not here: building (`compare::builds`), measuring, which whoever
//! calls hands in, text (`content`).
//!
//! The author's files are only read: everything is built in a copy. Theorem: every variant that has figures does what the author's
//! own build does, in every call that both were measured in.

mod agreement;
mod builds;
mod cargo;
mod copy;
mod origin;
mod replacement;
mod scratch;
mod shim;
mod sources;
mod wasm_opt;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use stylus_vm::{Gas, Ink};

use crate::artifact::postprocess;
use crate::figures::{self, Contract, Deployment, StartGas};
use crate::lto::Hindrance;
use crate::measurement::Bytes;
use crate::parallel;
use crate::project::{BuildSettings, ContractPackage, CrateTypes, Project};
use crate::suite::{Allocator, OptLevel};

pub use agreement::Disagreement;
pub(crate) use agreement::disagreement;
pub use builds::{Builds, PrepareError, VariantError};
pub use cargo::CargoError;
pub use copy::CopyError;
pub use scratch::ScratchError;
pub use shim::ShimError;
pub use sources::SourcesError;
pub use wasm_opt::{FindError, Mode, OptimiseError, UnknownMode, WasmOpt};

/// The version of the shape of a comparison as JSON: raised whenever a key changes its meaning or disappears.
pub const SCHEMA: u32 = 1;

/// A contract, as its author builds it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subject {
    /// The folder of its package.
    pub folder: PathBuf,
    /// The name of its package.
    pub package: String,
    /// Features to switch on.
    pub features: Vec<String>,
    /// Whether the default features are off.
    pub no_default_features: bool,
    /// The kinds of library it is built as, instead of the manifest's.
    pub crate_types: Option<CrateTypes>,
    /// Why cargo leaves the link-time optimisation out that its author asks for; none where it does not, or nobody asks.
    pub lto_hindrance: Option<Hindrance>,
    /// The cargo to build it with.
    pub cargo: PathBuf,
}

/// What is varied. The author's own build is always there, and first.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Settings {
    /// The allocators besides the author's own, of [`allocators`].
    pub allocators: Vec<Allocator>,
    /// The optimisation levels besides the author's own.
    pub levels: Vec<OptLevel>,
    /// With or without link-time optimisation, besides what the author has.
    pub lto: Vec<Lto>,
    /// What `wasm-opt` does, besides nothing.
    pub modes: Vec<Mode>,
}

/// Whether a contract is optimised across crates when it is linked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Lto {
    /// It is, whatever its crate types are.
    On,
    /// It is not, as with the crate types that `cargo stylus new` writes.
    Off,
}

/// One way to build a contract.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Variant {
    /// What is in the place of `mini-alloc`; none for what the author has.
    pub allocator: Option<Allocator>,
    /// The profile's `opt-level`; none for the author's.
    pub level: Option<OptLevel>,
    /// Link-time optimisation; none for what the author has.
    pub lto: Option<Lto>,
    /// What is done with the module afterwards.
    pub wasm_opt: Mode,
}

/// What came of one variant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Measured {
    /// How it was built.
    pub variant: Variant,
    /// Its figures, or one sentence why there are none.
    pub outcome: Result<Figures, String>,
    /// The first variant with the same module, byte for byte as it is deployed.
    pub same_as: Option<Variant>,
}

/// The figures of one variant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Figures {
    /// Compressed, as accounts hold it.
    pub code: Bytes,
    /// The most bytes of code that one account holds.
    pub account_limit: Bytes,
    /// The accounts that hold it: one, or the fragments it had to be cut into.
    pub accounts: u32,
    /// Gas of the transactions that created its code.
    pub deploy_gas: Gas,
    /// Gas of the transaction that activated it.
    pub activation_gas: Gas,
    /// Every call, in the order of the plan.
    pub calls: Vec<CallFigures>,
}

/// All runs of one call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CallFigures {
    /// What the plan calls it.
    pub name: String,
    /// What all runs used, or one sentence why there is no figure.
    pub total: Result<Total, String>,
}

/// What all runs of a call used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Total {
    /// Gas of the receipts: each call finds the program outside of the chain's cache.
    pub gas: Gas,
    /// The same with the start of a program that is in the cache.
    pub cached_gas: Gas,
    /// Ink that the program itself spent.
    pub ink: Ink,
    /// How many runs.
    pub runs: u64,
}

/// How a call finds the program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Heat {
    /// Not in the chain's cache, as the first call in a block does.
    Uncached,
    /// In it, or again in the same block, which costs the same.
    Cached,
}

/// A contract's variants, side by side.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Comparison {
    /// The name of its package.
    pub contract: String,
    /// The `opt-level` of the author's own profile.
    pub own_level: String,
    /// Why the author's own build lacks the link-time optimisation that it asks for.
    pub lto_hindrance: Option<Hindrance>,
    /// The `wasm-opt` in use, as it names itself.
    pub wasm_opt: Option<String>,
    /// The author's own build, then the others: by allocator, level and mode.
    pub variants: Vec<Measured>,
    /// What was asked for and is not here, a sentence each.
    pub left_out: Vec<String>,
    /// What would make every variant cheaper, a sentence each.
    pub advice: BTreeSet<String>,
}

/// What a comparison is doing, for whoever shows progress. The variants come in any order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// There will be so many variants.
    Planned(usize),
    /// Cargo begins to build a module; `wasm-opt` comes later.
    Building(Variant),
    /// A variant is measured.
    Measuring(Variant),
    /// It has figures, or a reason why not.
    Done(Variant),
}

/// Watches a comparison. Called from several threads.
pub type Observer<'a> = &'a (dyn Fn(Event) + Sync);

/// Builds the module of a variant, whose mode is none yet, and keeps the names of its functions.
pub type Build<'a> = &'a (dyn Fn(Variant) -> Result<Vec<u8>, VariantError> + Sync);

/// Makes another module of one.
pub type Optimise<'a> = &'a (dyn Fn(&[u8], Mode) -> Result<Vec<u8>, OptimiseError> + Sync);

/// Deploys and calls a module that has the names of its functions.
pub type Measure<'a> = &'a (dyn Fn(&[u8]) -> Contract + Sync);

/// The allocators that a contract can be given, in the order of rows.
pub fn allocators() -> Vec<Allocator> {
    replacement::allocators()
}

/// Compares a contract's variants, built in a copy of its workspace, and measured by `measure`. Without a `mini-alloc` to replace, or
/// without a `wasm-opt`, which is looked for where a variant needs it, those that do are left out, and that is said.
///
/// # Errors
/// Where there can be no copy.
pub fn compare(
    subject: &Subject,
    settings: &Settings,
    wasm_opt: impl FnOnce() -> Result<WasmOpt, FindError>,
    measure: Measure<'_>,
    observer: Observer<'_>,
) -> Result<Comparison, PrepareError> {
    let builds = Builds::prepare(subject)?;
    let mut settings = settings.clone();
    let mut left_out = Vec::new();
    // The author's own level is there already.
    settings
        .levels
        .retain(|level| level.name() != builds.level());
    if let Err(error) = builds.check_allocator()
        && !settings.allocators.is_empty()
    {
        settings.allocators.clear();
        left_out.push(error.to_string());
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
    // The stack is what no variant changes.
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

/// Builds, optimises and measures every variant: one build for all modes. While one variant is measured, the next is
/// built. What fails for one variant is its outcome.
pub fn run(
    settings: &Settings,
    build: Build<'_>,
    optimise: Optimise<'_>,
    measure: Measure<'_>,
    observer: Observer<'_>,
) -> Vec<Measured> {
    observer(Event::Planned(settings.variants()));
    let modes = settings.modes();
    // Many variants make one module; it is measured once.
    let known = Mutex::new(BTreeMap::new());
    let measured = |variant, module: &[u8]| {
        let lock = || known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(contract) = lock().get(module) {
            return Contract::clone(contract);
        }
        observer(Event::Measuring(variant));
        let contract = measure(module);
        lock().insert(module.to_vec(), contract.clone());
        contract
    };
    let outcomes = parallel::map(settings.builds(), |plain| {
        let variant = |wasm_opt| Variant { wasm_opt, ..plain };
        observer(Event::Building(plain));
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
            observer(Event::Done(variant(mode)));
            (variant(mode), outcome)
        };
        modes.iter().map(outcome).collect::<Vec<_>>()
    });
    agreement::judge(outcomes.into_iter().flatten().collect())
}

/// `own` and then the others, each once.
fn with_own<T: PartialEq>(own: T, others: impl Iterator<Item = T>) -> Vec<T> {
    let mut all = vec![own];
    for other in others {
        if !all.contains(&other) {
            all.push(other);
        }
    }
    all
}

impl Subject {
    /// A contract of a project, built as `build` says.
    pub fn of(project: &Project, contract: &ContractPackage, build: &BuildSettings) -> Self {
        Self {
            folder: contract.folder.clone(),
            package: contract.name.clone(),
            features: build.features.clone(),
            no_default_features: build.no_default_features,
            crate_types: build.crate_types,
            lto_hindrance: project
                .lto_hindrance(contract)
                .filter(|_| build.crate_types.is_none()),
            cargo: project.cargo.clone(),
        }
    }

    /// What cargo is told about features.
    fn arguments(&self) -> Vec<String> {
        let mut arguments = Vec::new();
        if !self.features.is_empty() {
            arguments.extend(["--features".to_owned(), self.features.join(",")]);
        }
        if self.no_default_features {
            arguments.push("--no-default-features".to_owned());
        }
        arguments
    }
}

impl Settings {
    /// What cargo has to build, the author's own first. All builds with an allocator follow each other, and of these all of a level.
    fn builds(&self) -> Vec<Variant> {
        let allocators = with_own(None, self.allocators.iter().copied().map(Some));
        let levels = with_own(None, self.levels.iter().copied().map(Some));
        let lto = with_own(None, self.lto.iter().copied().map(Some));
        let mut builds = Vec::new();
        for &allocator in &allocators {
            for &level in &levels {
                builds.extend(lto.iter().map(|&lto| Variant {
                    allocator,
                    level,
                    lto,
                    ..Variant::TODAY
                }));
            }
        }
        builds
    }

    /// What is done with each of them, nothing first.
    fn modes(&self) -> Vec<Mode> {
        with_own(Mode::Off, self.modes.iter().copied())
    }

    /// How many variants there are.
    pub fn variants(&self) -> usize {
        self.builds().len() * self.modes().len()
    }
}

impl Lto {
    /// Both.
    pub const ALL: [Self; 2] = [Self::On, Self::Off];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
        }
    }

    /// The crate types that bring it about.
    pub const fn crate_types(self) -> CrateTypes {
        match self {
            Self::On => CrateTypes::Cdylib,
            Self::Off => CrateTypes::LibAndCdylib,
        }
    }
}

/// What must be done to have it.
impl fmt::Display for Lto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::On => "link-time optimisation",
            Self::Off => "a library beside the cdylib",
        })
    }
}

impl Variant {
    /// The author's own build.
    pub const TODAY: Self = Self {
        allocator: None,
        level: None,
        lto: None,
        wasm_opt: Mode::Off,
    };

    /// In how many ways it differs from the author's own build.
    pub fn changes(self) -> usize {
        let changes = [
            self.allocator.is_some(),
            self.level.is_some(),
            self.lto.is_some(),
            self.wasm_opt != Mode::Off,
        ];
        changes.into_iter().filter(|&changes| changes).count()
    }
}

/// What must be done to have it; `today` where nothing must.
impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let allocator = self.allocator.map(|allocator| allocator.to_string());
        let level = self.level.map(|level| format!("opt-level {level}"));
        let mode = (self.wasm_opt != Mode::Off).then(|| format!("wasm-opt {}", self.wasm_opt));
        let lto = self.lto.map(|lto| lto.to_string());
        let parts: Vec<_> = [level, lto, mode, allocator]
            .into_iter()
            .flatten()
            .collect();
        match parts.as_slice() {
            [] => f.write_str("today"),
            [one] => f.write_str(one),
            [first @ .., last] => write!(f, "{} and {last}", first.join(", ")),
        }
    }
}

impl Figures {
    /// The figures of a contract that got onto a chain.
    fn new(contract: &Contract, deployment: &Deployment) -> Self {
        Self {
            code: deployment.sizes.code,
            account_limit: deployment.sizes.account_limit,
            accounts: deployment.sizes.accounts,
            deploy_gas: deployment.deploy_gas,
            activation_gas: deployment.activation_gas,
            calls: contract
                .calls
                .iter()
                .map(|call| CallFigures::new(call, &deployment.start))
                .collect(),
        }
    }

    /// What all runs of a call used, where there is such a call and it has figures.
    pub fn total(&self, call: &str) -> Option<Total> {
        let call = self.calls.iter().find(|known| known.name == call)?;
        call.total.as_ref().ok().copied()
    }

    /// Whether one account holds all of it.
    pub fn fits(&self) -> bool {
        self.accounts <= 1 && self.code <= self.account_limit
    }
}

impl Heat {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Uncached, Self::Cached];
}

/// In the words of a table.
impl fmt::Display for Heat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Uncached => "uncached",
            Self::Cached => "cached",
        })
    }
}

impl Total {
    /// Gas of all runs with the program found like this.
    pub const fn gas_when(&self, heat: Heat) -> Gas {
        match heat {
            Heat::Uncached => self.gas,
            Heat::Cached => self.cached_gas,
        }
    }
}

impl CallFigures {
    fn new(call: &figures::Call, start: &StartGas) -> Self {
        Self {
            name: call.name.clone(),
            total: match call.failure() {
                Some(reason) => Err(reason.to_owned()),
                None => Ok(Total {
                    gas: call.total_gas(),
                    cached_gas: call.total_cached_gas(start),
                    ink: call.total_ink(),
                    runs: call.runs().len() as u64,
                }),
            },
        }
    }
}

impl Comparison {
    /// The figures of the author's own build, where it has any.
    pub fn today(&self) -> Option<&Figures> {
        let today = self.variants.first()?;
        today.outcome.as_ref().ok()
    }

    /// The figures of a variant, where it was measured and has any.
    pub fn figures(&self, variant: Variant) -> Option<&Figures> {
        let mut variants = self.variants.iter();
        let measured = variants.find(|measured| measured.variant == variant)?;
        measured.outcome.as_ref().ok()
    }

    /// Every variant without figures, and every call without them in a variant that has some: which, and why.
    pub fn failures(&self) -> impl Iterator<Item = (Variant, Option<&str>, &str)> {
        self.variants.iter().flat_map(|measured| {
            let (whole, calls) = match &measured.outcome {
                Err(reason) => (Some((measured.variant, None, reason.as_str())), &[][..]),
                Ok(figures) => (None, figures.calls.as_slice()),
            };
            let of_calls = calls.iter().filter_map(|call| {
                let reason = call.total.as_ref().err()?;
                Some((measured.variant, Some(call.name.as_str()), reason.as_str()))
            });
            whole.into_iter().chain(of_calls)
        })
    }
}
