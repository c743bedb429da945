//! Profiles one call of one contract.
//!
//! Lives here: choosing the call, and the order of the steps. Not here: transactions (`contract`), text and pictures
//! (`stylus-report`).

use std::collections::BTreeSet;

use stylus_cargo::{BuildSettings, Project};
use stylus_plan::{PlannedCall, Problem};
use stylus_report::figures::lines::{AnnotatedSource, LineProfile};
use stylus_report::figures::profile::CallProfile;

use super::contract::{Bench, BenchError, shown_file, source};
use super::{Observer, PrepareError, Prepared, held, prepare};
use crate::chain::{Node, NodeError, Target};

/// Which call to profile.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProfileCommand {
    /// Its name in the plan, preceded by the contract's name and two colons if several contracts have it; or a signature.
    pub call: String,
    /// Arguments that replace the plan's, if any.
    pub arguments: Vec<String>,
    /// Which of its runs to profile, counted from 1.
    pub run: usize,
}

/// What a chain reports about a call.
#[derive(Debug)]
pub struct Told<T> {
    /// The result.
    pub what: T,
    /// Why the call might not have reached the function requested: a sentence each.
    pub warnings: Vec<String>,
}

/// Why there is no profile: one sentence.
#[derive(Debug, thiserror::Error)]
pub enum ProfileFailure {
    /// The contract does not build, or has no plan.
    #[error("{contract}: {source}")]
    Prepare {
        /// The contract.
        contract: String,
        /// Why it could not be prepared.
        source: Box<PrepareError>,
    },
    /// No contract has the call.
    #[error("there is no call `{call}`; there are {known}")]
    NoSuchCall {
        /// The call requested.
        call: String,
        /// The calls that exist.
        known: String,
    },
    /// Several contracts have the call.
    #[error("`{call}` is a call of {contracts}; write {first}::{call}")]
    Several {
        /// The call requested.
        call: String,
        /// The contracts that have it.
        contracts: String,
        /// The first of them.
        first: String,
    },
    /// Several functions have the name.
    #[error("`{call}` is a call of {signatures}; write `{first}`")]
    Overloaded {
        /// The call requested.
        call: String,
        /// The signatures that it can mean.
        signatures: String,
        /// How the first of them is requested.
        first: String,
    },
    /// No chosen contract has the name.
    #[error("there is no contract `{contract}` to call; there are {known}")]
    NoSuchContract {
        /// The contract requested.
        contract: String,
        /// The contracts that are chosen.
        known: String,
    },
    /// The signature or an argument is invalid.
    #[error("{contract}: {problem}")]
    Arguments {
        /// The contract.
        contract: String,
        /// What is wrong.
        problem: Box<Problem>,
    },
    /// The call has fewer runs than the one requested.
    #[error("{contract}, {call}: there is no run {run} of {count}; count from 1")]
    NoSuchRun {
        /// The contract.
        contract: String,
        /// The call.
        call: String,
        /// The run requested.
        run: usize,
        /// How many runs the call has.
        count: usize,
    },
    /// The call has no figures.
    #[error("{contract}, {call}: {reason}")]
    Call {
        /// The contract.
        contract: String,
        /// The call.
        call: String,
        /// Why it has none.
        reason: String,
    },
    /// No source with that name ran, or its file is missing.
    #[error("there is no source `{wanted}` to annotate; code of {known} ran")]
    NoSource {
        /// The source requested.
        wanted: String,
        /// The sources that ran.
        known: String,
    },
    /// No chain can be reached.
    #[error(transparent)]
    Node(#[from] NodeError),
}

impl ProfileFailure {
    /// Whether the command names no one call, or gives it other arguments than it takes.
    pub const fn is_of_arguments(&self) -> bool {
        matches!(
            self,
            Self::NoSuchCall { .. }
                | Self::NoSuchContract { .. }
                | Self::Several { .. }
                | Self::Overloaded { .. }
                | Self::Arguments { .. }
                | Self::NoSuchRun { .. }
        )
    }
}

/// Builds what is needed, makes the call and profiles it function by function.
///
/// # Errors
/// If there is no such call, or it has no figures.
pub fn profile(
    project: &Project,
    target: &Target,
    settings: &BuildSettings,
    command: &ProfileCommand,
    observer: Observer<'_>,
) -> Result<Told<CallProfile>, ProfileFailure> {
    with_call(
        project,
        target,
        settings,
        command,
        observer,
        |bench, name, ready, planned| bench.profile_call(name, ready, planned, command.run),
    )
}

/// Builds what is needed, makes the call and profiles it line by line. With `annotate`, the result includes sources: all of the
/// contract's own, or those whose names end with the given text.
///
/// # Errors
/// As for [`profile`], and if the build has no lines.
pub fn profile_lines(
    project: &Project,
    target: &Target,
    settings: &BuildSettings,
    command: &ProfileCommand,
    annotate: Option<&str>,
    observer: Observer<'_>,
) -> Result<Told<(LineProfile, Vec<AnnotatedSource>)>, ProfileFailure> {
    let Told {
        what: profile,
        warnings,
    } = with_call(
        project,
        target,
        settings,
        command,
        observer,
        |bench, name, ready, planned| bench.lines_call(name, ready, planned, command.run),
    )?;
    let Some(wanted) = annotate else {
        return Ok(Told {
            what: (profile.with_files(shown_file), Vec::new()),
            warnings,
        });
    };
    let mut sources = Vec::new();
    for (file, own) in profile.files() {
        let is_wanted = if wanted.is_empty() {
            own
        } else {
            file.ends_with(wanted)
        };
        if is_wanted && let Some(text) = source(file) {
            sources.push(profile.annotate(file, shown_file(file), &text));
        }
    }
    match sources.is_empty() {
        true => Err(ProfileFailure::NoSource {
            wanted: wanted.to_owned(),
            known: profile
                .files()
                .iter()
                .map(|(file, _)| shown_file(file))
                .collect::<Vec<_>>()
                .join(", "),
        }),
        false => Ok(Told {
            what: (profile.with_files(shown_file), sources),
            warnings,
        }),
    }
}

/// Builds what is needed, chooses the call, and runs `tell` with the contract's name, the contract and the call.
pub(super) fn with_call<T>(
    project: &Project,
    target: &Target,
    settings: &BuildSettings,
    command: &ProfileCommand,
    observer: Observer<'_>,
    tell: impl FnOnce(&Bench<'_>, &str, &Prepared, &PlannedCall) -> Result<T, BenchError>,
) -> Result<Told<T>, ProfileFailure> {
    let (package, wanted) = match command.call.split_once("::") {
        Some((package, call)) => (Some(package), call),
        None => (None, command.call.as_str()),
    };
    let contracts: Vec<_> = project
        .contracts
        .iter()
        .filter(|contract| package.is_none_or(|package| contract.name == package))
        .collect();
    if let (Some(package), []) = (package, &contracts[..]) {
        let known = project.contracts.iter().map(|it| format!("`{}`", it.name));
        return Err(ProfileFailure::NoSuchContract {
            contract: package.to_owned(),
            known: known.collect::<Vec<_>>().join(", "),
        });
    }
    let mut prepared = Vec::new();
    for contract in &contracts {
        let ready = prepare(project, contract, settings, observer);
        let ready = ready.map_err(|source| ProfileFailure::Prepare {
            contract: contract.name.clone(),
            source: Box::new(source),
        })?;
        prepared.push((contract.name.as_str(), ready));
    }
    let (name, ready, planned) = choose(&prepared, wanted, command)?;
    let node = Node::connect_on(target, ready.plan.fork.as_ref())?;
    let bench = Bench::new(&node)?;
    let what = tell(&bench, name, ready, &planned);
    let what = what.map_err(|cause| {
        let (contract, call) = (name.to_owned(), planned.name.clone());
        match cause {
            BenchError::NoSuchRun { run, count } => ProfileFailure::NoSuchRun {
                contract,
                call,
                run,
                count,
            },
            cause => ProfileFailure::Call {
                contract,
                call,
                reason: cause.to_string(),
            },
        }
    })?;
    let unmeant = held::unmeant_by(&planned, &ready.artifact.wasm);
    Ok(Told {
        what,
        warnings: unmeant.iter().map(ToString::to_string).collect(),
    })
}

type Chosen<'a> = (&'a str, &'a Prepared, PlannedCall);

/// Finds the call requested.
fn choose<'a>(
    prepared: &'a [(&'a str, Prepared)],
    wanted: &str,
    command: &ProfileCommand,
) -> Result<Chosen<'a>, ProfileFailure> {
    let has_call = |planned: &PlannedCall| {
        planned.name == wanted
            || planned.step.name() == wanted
            || planned.step.signature() == wanted
    };
    let mut overloads = BTreeSet::new();
    let found: Vec<_> = prepared
        .iter()
        .filter_map(|(name, ready)| {
            let calls = &ready.plan.calls;
            // The name of a call takes precedence over a function that several calls use.
            let named = calls.iter().find(|planned| planned.name == wanted);
            let call = named.or_else(|| {
                let meant = || calls.iter().filter(|planned| has_call(planned));
                overloads.extend(meant().map(|planned| planned.step.signature()));
                meant().next()
            })?;
            Some((*name, ready, call.clone()))
        })
        .collect();
    if let ([_], Some(first), 2..) = (&found[..], overloads.first(), overloads.len()) {
        let signatures = overloads.iter().map(|it| format!("`{it}`"));
        return Err(ProfileFailure::Overloaded {
            call: wanted.to_owned(),
            signatures: signatures.collect::<Vec<_>>().join(", "),
            first: match command.call.strip_suffix(wanted) {
                Some(contract) => format!("{contract}{first}"),
                None => first.clone(),
            },
        });
    }
    match <[_; 1]>::try_from(found) {
        Ok([(name, ready, planned)]) if command.arguments.is_empty() => Ok((name, ready, planned)),
        Ok([(name, ready, planned)]) => {
            let signature = match planned.step.function() {
                Some(function) => function.full_signature(),
                None => planned.step.signature(),
            };
            own(name, ready, &signature, command)
        }
        Err(found) if found.is_empty() => match prepared {
            // A call that no plan has can still be made on the only contract.
            [(name, ready)] if wanted.contains('(') => own(name, ready, wanted, command),
            _ => Err(ProfileFailure::NoSuchCall {
                call: wanted.to_owned(),
                known: known(prepared),
            }),
        },
        Err(found) => {
            let names: Vec<_> = found.iter().map(|(name, ..)| *name).collect();
            Err(ProfileFailure::Several {
                call: wanted.to_owned(),
                contracts: names.join(", "),
                first: names.first().copied().unwrap_or_default().to_owned(),
            })
        }
    }
}

/// A call with arguments from the command line.
fn own<'a>(
    name: &'a str,
    ready: &'a Prepared,
    signature: &str,
    command: &ProfileCommand,
) -> Result<Chosen<'a>, ProfileFailure> {
    let planned = ready.plan.own_call(signature, &command.arguments);
    let planned = planned.map_err(|problem| ProfileFailure::Arguments {
        contract: name.to_owned(),
        problem: Box::new(problem),
    })?;
    Ok((name, ready, planned))
}

fn known(prepared: &[(&str, Prepared)]) -> String {
    let calls = prepared.iter().flat_map(|(name, ready)| {
        let calls = ready.plan.calls.iter();
        calls.map(move |planned| match prepared {
            [_] => format!("`{}`", planned.name),
            _ => format!("`{name}::{}`", planned.name),
        })
    });
    let calls: Vec<_> = calls.collect();
    match calls.as_slice() {
        [] => "none".to_owned(),
        calls => calls.join(", "),
    }
}
