//! Produces a report on contracts, from their manifest to their figures.
//!
//! Lives here: the order of a report, and what runs concurrently. Not here: one contract (`contract`), the arithmetic of one transaction
//! (`account`), text (`stylus-report`).

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError, mpsc};

use stylus_cargo::{Artifact, BuildSettings, CargoError, PostprocessError, Project};
use stylus_plan::Plan;
use stylus_report::figures::lto::MissedLto;
use stylus_report::figures::profile::CallProfile;
use stylus_report::figures::{Contract, MadeWith, Report, SCHEMA};
use stylus_vm::process::NO_PROJECT;
use stylus_vm::profile::Names;

use crate::chain::{Node, NodeError, Target};
use crate::parallel;

use super::contract::{Bench, Sight};
use super::lto::Counterpart;
use super::prepare::{ModuleFiles, PrepareError, Prepared, prepare};

/// Why a report without a call is not a success.
const NOTHING_CALLED: &str = "nothing was called, so there are no figures";

/// Deploys a module that includes its function names to a new chain, and carries out `plan`.
pub fn measure_module(target: &Target, name: &str, named: &[u8], plan: &Plan) -> Contract {
    measure_sources(target, name, named, NO_PROJECT, plan)
}

/// [`measure_module`], deployed with the hash of the sources that it was built from.
pub fn measure_sources(
    target: &Target,
    name: &str,
    named: &[u8],
    hash: [u8; 32],
    plan: &Plan,
) -> Contract {
    let measured = || -> Result<Contract, MeasureError> {
        let artifact = Artifact::of_sources(named, hash)?;
        let node = Node::connect_on(target, plan.fork.as_ref())?;
        let (contract, _) = Bench::new(&node)?.measure(name, &artifact, plan, None);
        Ok(contract)
    };
    measured().unwrap_or_else(|error| Figures::failed(name, &error).contract)
}

/// Why a module cannot be measured at all.
#[derive(Debug, thiserror::Error)]
enum MeasureError {
    #[error(transparent)]
    Postprocess(#[from] PostprocessError),
    #[error(transparent)]
    Node(#[from] NodeError),
}

/// Why a report ends before it contains anything.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The toolchain does not identify itself.
    #[error(transparent)]
    Cargo(#[from] CargoError),
    /// There is no chain to measure on.
    #[error(transparent)]
    Node(#[from] NodeError),
}

/// Progress of a report.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event<'a> {
    /// The build of a contract starts.
    Building(&'a str),
    /// A second build starts, with the link-time optimisation that the contract asks for and does not get.
    Optimising(&'a str),
    /// A crate of that build is finished.
    Compiled(&'a str, &'a str),
    /// A contract with a plan has no ABI that names errors, and why.
    NoAbi(&'a str, &'a str),
    /// The build ended, successfully or not.
    Built(&'a str),
    /// The contract was measured, or could not be.
    Measured(&'a str),
}

/// Receives the progress of a report; called from several threads.
pub type Observer<'a> = &'a (dyn Fn(Event<'_>) + Sync);

/// A report, and its by-products.
#[derive(Debug)]
pub struct Reported {
    /// The figures.
    pub report: Report,
    /// By contract, if requested.
    pub details: BTreeMap<String, Details>,
}

/// What pictures need in addition to the figures.
#[derive(Debug)]
pub struct Details {
    /// Profiles, function by function, of the first run of each call.
    pub profiles: Vec<CallProfile>,
    /// The module as built, including its function names.
    pub named: Vec<u8>,
    /// The module as deployed, decompressed.
    pub deployed: Vec<u8>,
}

/// What a report covers.
#[derive(Clone, Copy, Debug)]
enum Subject<'a> {
    /// The contracts of a project.
    Project(&'a Project, &'a BuildSettings),
    /// A module that is already built.
    Module(&'a ModuleFiles),
}

impl Subject<'_> {
    /// The names of its contracts.
    fn names(&self) -> Vec<&str> {
        match self {
            Self::Project(project, _) => {
                let names = project.contracts.iter().map(|it| it.name.as_str());
                names.collect()
            }
            Self::Module(files) => vec![&files.name],
        }
    }

    /// Prepares the contract number `index` for deployment.
    fn prepare(&self, index: usize, observer: Observer<'_>) -> Result<Prepared, PrepareError> {
        match self {
            Self::Project(project, settings) => {
                prepare(project, &project.contracts[index], settings, observer)
            }
            Self::Module(files) => files.prepare(),
        }
    }

    /// That contract with the link-time optimisation that it asks for and does not get.
    fn counterpart(&self, index: usize, observer: Observer<'_>) -> Option<Counterpart> {
        match self {
            Self::Project(project, settings) => {
                Counterpart::build(project, &project.contracts[index], settings, observer)
            }
            Self::Module(_) => None,
        }
    }

    /// A hint on how to specify what to call.
    const fn how_to_call(&self) -> &'static str {
        match self {
            // `cargo gas-bench plan` would find as little.
            Self::Project(..) => "write a gas-bench.toml that says what to call",
            Self::Module(ModuleFiles { abi: Some(_), .. }) => {
                "the module answers no function of that --abi, so name its own, or what to call with --plan FILE"
            }
            Self::Module(_) => {
                "name its interface with --abi FILE, or what to call with --plan FILE"
            }
        }
    }

    /// The folder that paths are relative to.
    fn root(&self) -> &Path {
        match self {
            Self::Project(project, _) => &project.root,
            Self::Module(files) => files.wasm.parent().unwrap_or(&files.wasm),
        }
    }
}

/// Builds the contracts of `project`, deploys each to `target` and carries out its plan. Failures of one contract or call are part of the
/// report. With `detailed`, it includes what pictures need.
///
/// # Errors
/// If nothing at all can be measured.
pub fn run(
    project: &Project,
    target: &Target,
    settings: &BuildSettings,
    detailed: bool,
    observer: Observer<'_>,
) -> Result<Reported, ReportError> {
    of(
        Subject::Project(project, settings),
        target,
        detailed,
        observer,
    )
}

/// Reports on a module that is already built.
///
/// # Errors
/// As for [`run`].
pub fn run_module(
    files: &ModuleFiles,
    target: &Target,
    detailed: bool,
    observer: Observer<'_>,
) -> Result<Reported, ReportError> {
    of(Subject::Module(files), target, detailed, observer)
}

fn of(
    subject: Subject<'_>,
    target: &Target,
    detailed: bool,
    observer: Observer<'_>,
) -> Result<Reported, ReportError> {
    let mut made_with = made_with(subject, target)?;
    let forks = Mutex::new(BTreeMap::new());
    let measured = match target {
        Target::Embedded(_) => pipeline(subject, observer, &|name, prepared, missed| {
            let fork = prepared.plan.fork.as_ref();
            let node = Node::connect_on(target, fork)?;
            if let Some(told) = node.forked() {
                let rules = (node.arbos()?, node.config()?.stylus.ink_price.ink_per_gas());
                let mut forks = forks.lock().unwrap_or_else(PoisonError::into_inner);
                forks.insert(told, rules);
            }
            let measure_missed = |contract: &Contract| {
                let Some(missed) = missed else {
                    return Ok(None);
                };
                // A new chain gives it the same addresses, whose zero bytes cost less.
                let node = Node::connect_on(target, fork)?;
                let bench = Bench::new(&node)?;
                Ok(Some(missed.measure(&bench, contract, &prepared.plan)))
            };
            measure(&node, name, prepared, detailed, measure_missed)
        }),
        // One account sends everything, so nothing runs in parallel.
        Target::Endpoint { .. } => {
            let node = Mutex::new(Node::connect(target)?);
            pipeline(subject, observer, &|name, prepared, missed| {
                let node = node.lock().unwrap_or_else(PoisonError::into_inner);
                // The account there pays only for the contract itself, not for its counterpart.
                let weigh_missed = |_: &Contract| Ok(missed.map(Counterpart::weigh));
                measure(&node, name, prepared, detailed, weigh_missed)
            })
        }
    };
    let mut contracts = Vec::new();
    let mut details = BTreeMap::new();
    let mut sights = Vec::new();
    let mut missed_lto = BTreeMap::new();
    for figures in measured {
        missed_lto.extend(
            figures
                .missed
                .map(|missed| (figures.contract.name.clone(), missed)),
        );
        details.extend(
            figures
                .details
                .map(|details| (figures.contract.name.clone(), details)),
        );
        contracts.push(figures.contract);
        sights.extend(figures.sight);
    }
    made_with.unseen = unseen(sights.into_iter().min());
    let forks = forks.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, (arbos, ink_per_gas))) = forks.first_key_value() {
        (made_with.arbos, made_with.ink_per_gas) = (*arbos, *ink_per_gas);
        let told: Vec<_> = forks.into_keys().collect();
        made_with.chain = format!("embedded devnet on {}", told.join(", "));
    }
    Ok(Reported {
        report: Report {
            schema: SCHEMA,
            made_with,
            contracts,
            missed_lto,
        },
        details,
    })
}

fn made_with(subject: Subject<'_>, target: &Target) -> Result<MadeWith, ReportError> {
    let (toolchain, reproducible) = match subject {
        Subject::Project(project, settings) => (project.compiler()?, settings.reproducible),
        Subject::Module(_) => ("a module that was built already".to_owned(), false),
    };
    let node = Node::connect(target)?;
    Ok(MadeWith {
        gas_bench: env!("CARGO_PKG_VERSION").to_owned(),
        toolchain,
        reproducible,
        chain: match target {
            Target::Embedded(_) => "embedded devnet".to_owned(),
            Target::Endpoint { .. } => node.name()?,
        },
        arbos: node.arbos()?,
        ink_per_gas: node.config()?.stylus.ink_price.ink_per_gas(),
        unseen: Vec::new(),
    })
}

/// The results of one contract.
struct Figures {
    contract: Contract,
    missed: Option<MissedLto>,
    sight: Option<Sight>,
    details: Option<Details>,
}

impl Figures {
    fn failed(name: &str, error: &dyn std::error::Error) -> Self {
        Self {
            contract: Contract {
                name: name.to_owned(),
                failures: vec![error.to_string()],
                ..Contract::default()
            },
            missed: None,
            sight: None,
            details: None,
        }
    }
}

fn measure(
    node: &Node,
    name: &str,
    prepared: &Prepared,
    detailed: bool,
    missed: impl FnOnce(&Contract) -> Result<Option<MissedLto>, NodeError>,
) -> Result<Figures, NodeError> {
    let bench = Bench::new(node)?;
    let names = detailed.then(|| Names::of_module(&prepared.named));
    let Prepared { artifact, plan, .. } = prepared;
    let (contract, profiles) = bench.measure(name, artifact, plan, names.as_ref());
    let details = detailed.then(|| Details {
        profiles,
        named: prepared.named.clone(),
        deployed: artifact.wasm.clone(),
    });
    Ok(Figures {
        missed: missed(&contract)?,
        contract,
        sight: bench.sight(),
        details,
    })
}

/// Measures a built contract, and its counterpart with link-time optimisation if it lacks that.
type Measure<'a> =
    &'a (dyn Fn(&str, &Prepared, Option<Counterpart>) -> Result<Figures, NodeError> + Sync);

/// Builds the contracts one after another, since cargo builds one at a time, and meanwhile measures those already built.
fn pipeline(subject: Subject<'_>, observer: Observer<'_>, measure: Measure<'_>) -> Vec<Figures> {
    let names = subject.names();
    let names = names.as_slice();
    let (send, receive) = mpsc::channel();
    let receive = Mutex::new(receive);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for (index, name) in names.iter().enumerate() {
                let prepared = subject.prepare(index, observer);
                let missed = prepared
                    .is_ok()
                    .then(|| subject.counterpart(index, observer))
                    .flatten();
                observer(Event::Built(name));
                // Fails only if no receiver is left, and then nobody waits.
                let _ = send.send((index, prepared, missed));
            }
        });
        let work = |_| {
            let mut done = Vec::new();
            loop {
                let next = receive
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .recv();
                let Ok((index, prepared, missed)) = next else {
                    return done;
                };
                let name = names[index];
                let figures = match &prepared {
                    Ok(prepared) => measure(name, prepared, missed)
                        .map(|figures| described(figures, subject, prepared))
                        .unwrap_or_else(|error| Figures::failed(name, &error)),
                    Err(error) => Figures::failed(name, error),
                };
                observer(Event::Measured(name));
                done.push((index, figures));
            }
        };
        let workers = parallel::workers(names.len());
        let mut done: Vec<_> = parallel::map((0..workers).collect(), work)
            .into_iter()
            .flatten()
            .collect();
        done.sort_by_key(|(index, _)| *index);
        done.into_iter().map(|(_, figures)| figures).collect()
    })
}

/// Adds to the figures what their plan says.
fn described(mut figures: Figures, subject: Subject<'_>, prepared: &Prepared) -> Figures {
    let plan = &prepared.plan;
    let root = subject.root();
    let relative = |path: &Path| {
        let path = path.strip_prefix(root).unwrap_or(path);
        path.display().to_string()
    };
    figures.contract.plan = plan.path.as_deref().map(relative);
    figures.contract.by_standards = prepared.by_standards;
    figures.contract.left_out = plan.left_out.iter().map(ToString::to_string).collect();
    let contract = &mut figures.contract;
    // Arbitrum One would not accept what was measured.
    let was_taken = contract.deployment.is_some();
    if let Some(reason) = plan.debug_only.as_ref().filter(|_| was_taken) {
        contract.failures.push(format!(
            "only chains configured for debugging, like this one, take the program: {reason}"
        ));
    }
    // An empty report counts as a failure.
    if contract.calls.is_empty() && contract.failures.is_empty() {
        contract
            .failures
            .push(format!("{NOTHING_CALLED}: {}", subject.how_to_call()));
    }
    figures
}

/// What a chain does not report at this level of detail.
fn unseen(sight: Option<Sight>) -> Vec<String> {
    let repeated = "it cannot show what a second start in the same block costs";
    let sentences: &[&str] = match sight {
        None | Some(Sight::Everything) => &[],
        Some(Sight::Hostios) => &[
            "it has no stylusGasTracer: the loss in rounding ink to gas counts as wasm, refunds are subtracted there, and the peak of \
             pages is the number paid for",
            repeated,
        ],
        Some(Sight::Receipts) => &[
            "it does not trace programs (debug_traceTransaction with stylusTracer), so it does not show what a program spent its gas on",
            repeated,
        ],
    };
    sentences
        .iter()
        .map(|&sentence| sentence.to_owned())
        .collect()
}
