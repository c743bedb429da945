//! Replays transactions of a chain.
//!
//! Lives here: choosing transactions and programs, and turning the results into figures. Not here: replaying (`stylus_devnet::replay`),
//! words (`content`).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use alloy_primitives::{Address, B256};
use stylus_cargo::{Artifact, PostprocessError, input};
use stylus_devnet::Fork;
use stylus_devnet::explain::{Artifacts, ArtifactsError};
use stylus_devnet::replay::{
    self, Difference, LastTransactions, Options, Outcome, ReplayError, Replayed,
};
use stylus_plan::dispatch::standard;
use stylus_report::figures::profile::{CallProfile, PROFILE_SCHEMA};
use stylus_report::figures::replay::{
    Deviation, Ended, ProgramProfile, REPLAY_SCHEMA, ReplayedTransaction, Replays, Search,
};
use stylus_vm::InkPrice;

use super::account;
use crate::chain::{GasTrace, ProgramTrace};

/// What to replay.
#[derive(Clone, Debug)]
pub struct ReplayCommand {
    /// The transactions.
    pub transactions: Vec<B256>,
    /// A contract whose latest transactions to replay in addition.
    pub last: Option<LastOf>,
    /// The chain they are on.
    pub fork: Fork,
    /// Whether to skip the earlier transactions of their blocks.
    pub alone: bool,
    /// Compiled contracts that replace deployed ones.
    pub programs: Vec<(Address, PathBuf)>,
    /// Compiled contracts with function names.
    pub names: Vec<PathBuf>,
}

/// The latest transactions of a contract.
#[derive(Clone, Copy, Debug)]
pub struct LastOf {
    /// The contract.
    pub contract: Address,
    /// How many to replay.
    pub count: usize,
    /// The most blocks to search.
    pub most_blocks: u64,
}

/// Why nothing is replayed: one sentence.
#[derive(Debug, thiserror::Error)]
pub enum ReplayFailure {
    /// A file cannot be read.
    #[error("{path} cannot be read: {source}; name a compiled contract")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why it could not be read.
        source: std::io::Error,
    },
    /// A file is not a module.
    #[error("{path}: {source}")]
    Module {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: PostprocessError,
    },
    /// A file of names cannot be used.
    #[error(transparent)]
    Names(#[from] ArtifactsError),
    /// The search for a contract's transactions failed.
    #[error(transparent)]
    Search(#[from] ReplayError),
    /// The search found no transactions.
    #[error(
        "{contract} was sent no transaction in the blocks from {oldest} to {newest}: {}",
        match .oldest {
            0 => "there are no older blocks, so check the address",
            _ => "look further back with --blocks",
        }
    )]
    NoTransaction {
        /// The contract.
        contract: Address,
        /// The oldest of the blocks that were searched.
        oldest: u64,
        /// The newest of those blocks.
        newest: u64,
    },
    /// The transactions cannot be replayed together.
    #[error(transparent)]
    Together(#[from] Arc<ReplayError>),
}

/// Replays transactions. One that cannot be replayed counts as a failure among the figures; a single transaction is also profiled
/// function by function.
///
/// # Errors
/// If a compiled contract cannot be used, no transactions are found, or they cannot be recorded together.
pub fn replay(command: &ReplayCommand) -> Result<Replays, ReplayFailure> {
    let mut programs = Vec::with_capacity(command.programs.len());
    for (address, path) in &command.programs {
        let named = input::bytes(path).map_err(|source| ReplayFailure::Unreadable {
            path: path.clone(),
            source,
        })?;
        let artifact = Artifact::of_named(&named).map_err(|source| ReplayFailure::Module {
            path: path.clone(),
            source,
        })?;
        programs.push((*address, artifact.wasm));
    }
    let search = command.last.map(|last| search(&command.fork, last));
    let (search, found) = search.transpose()?.unzip();
    let transactions = [command.transactions.clone(), found.unwrap_or_default()].concat();
    let (artifacts, codes) = Artifacts::of_files(&command.names)?;
    let names: BTreeMap<_, _> = codes
        .iter()
        .copied()
        .zip(command.names.iter().map(|path| file_name(path)))
        .collect();
    let options = Options {
        alone: command.alone,
        programs,
        // Several transactions are shown as a table, without profiles.
        traced: transactions.len() == 1,
        artifacts,
    };
    let programs = command.programs.iter();
    let mut replays = Replays {
        replay_schema: REPLAY_SCHEMA,
        chain: command.fork.whom(),
        alone: command.alone,
        programs: programs
            .map(|(address, path)| (*address, file_name(path)))
            .collect(),
        uncalled: Vec::new(),
        search,
        strangers: Vec::new(),
        transactions: Vec::new(),
        failures: Default::default(),
    };
    let mut strangers = names.clone();
    let mut uncalled: BTreeSet<_> = replays.programs.keys().copied().collect();
    let all = replay::transactions(&command.fork, &transactions, &options)?;
    for (hash, replayed) in transactions.iter().zip(all) {
        match replayed {
            Ok(replayed) => {
                let (mut figures, trace) = (figures(&replayed), trace(&replayed));
                match &replayed.called {
                    Some(called) => uncalled.retain(|it| !called.contains(it)),
                    // What cannot be told is not said.
                    None => uncalled.clear(),
                }
                if let Some(trace) = trace {
                    tell(&mut figures, trace, &names, &mut strangers);
                }
                replays.transactions.push(figures);
            }
            Err(error) => {
                uncalled.clear();
                replays.failures.insert(*hash, error.to_string());
            }
        }
    }
    replays.uncalled = uncalled.into_iter().collect();
    if options.traced {
        replays.strangers = strangers.into_values().collect();
    }
    Ok(replays)
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

/// Searches for the latest transactions of a contract.
fn search(fork: &Fork, last: LastOf) -> Result<(Search, Vec<B256>), ReplayFailure> {
    let LastOf {
        contract,
        count,
        most_blocks,
    } = last;
    let LastTransactions {
        transactions,
        newest,
        blocks,
    } = replay::last_transactions(fork, contract, count, most_blocks)?;
    if transactions.is_empty() {
        return Err(ReplayFailure::NoTransaction {
            contract,
            oldest: (newest + 1).saturating_sub(blocks),
            newest,
        });
    }
    let search = Search {
        contract,
        wanted: count,
        found: transactions.len(),
        newest,
        blocks,
    };
    Ok((search, transactions))
}

/// Where the gas of a transaction went, if that was requested.
fn trace(replayed: &Replayed) -> Option<Result<GasTrace, String>> {
    let told = replayed.trace.as_ref()?;
    Some(
        told.as_ref()
            .map_err(Clone::clone)
            .and_then(|told| serde_json::from_str(told.get()).map_err(|error| error.to_string())),
    )
}

/// Adds the profiles of a transaction's programs, each with the names from the file that has its code, and removes those files from
/// `strangers`.
fn tell(
    figures: &mut ReplayedTransaction,
    trace: Result<GasTrace, String>,
    names: &BTreeMap<B256, String>,
    strangers: &mut BTreeMap<B256, String>,
) {
    let trace = match trace {
        Ok(trace) => trace,
        Err(why) => {
            figures.no_profile = Some(why);
            return;
        }
    };
    let profile = |program: &ProgramTrace, is_own: bool| {
        let run = program.profile.clone()?;
        let price = InkPrice::new(program.ink_per_gas)?;
        let mut parts = account::frame(program, &run, price);
        let mut gas = account::frame_gas(program);
        if is_own {
            parts.l1 = figures.here.l1_gas;
            // What was paid before the frame, whatever the transaction's bytes, access list and authorizations contribute.
            parts.transaction = trace.gas_spent.saturating_sub(parts.l1 + gas);
            parts.refund = trace.refund;
            let spent = trace.gas_spent.saturating_sub(trace.refund);
            parts.floor += trace.floor_gas.saturating_sub(spent);
            gas = figures.here.gas;
        }
        let selector = program.selector;
        let known = selector.and_then(|selector| standard(selector, &BTreeSet::new()));
        let signature = match (known, selector) {
            (Some(function), _) => function.signature(),
            (None, Some(selector)) => selector.to_string(),
            (None, None) => "no function".to_owned(),
        };
        let profile = CallProfile {
            schema: PROFILE_SCHEMA,
            contract: program.address.to_string(),
            call: signature.clone(),
            signature,
            arguments: Vec::new(),
            ink_per_gas: program.ink_per_gas,
            gas,
            parts,
            profile: run,
        };
        let names = program.code_hash.and_then(|code| names.get(&code).cloned());
        Some(profile.check().map(|()| ProgramProfile {
            depth: program.depth,
            names,
            profile,
        }))
    };
    let own = trace.program.iter().filter_map(|it| profile(it, true));
    let inner = trace.inner.iter().filter_map(|it| profile(it, false));
    let profiles: Result<Vec<_>, _> = own.chain(inner).collect();
    match profiles {
        Ok(profiles) => figures.profiles = profiles,
        Err(error) => figures.no_profile = Some(error.to_string()),
    }
    figures.more_profiles = trace.more_inner;
    // The transaction's own profile covers all of its gas, so it comes first.
    figures
        .profiles
        .sort_by_key(|it| (it.depth > 0, Reverse(it.profile.gas)));
    for program in trace.program.iter().chain(&trace.inner) {
        if let Some(code) = program.code_hash {
            strangers.remove(&code);
        }
    }
}

fn figures(replayed: &Replayed) -> ReplayedTransaction {
    let told = |differences: &[Difference]| differences.iter().map(ToString::to_string).collect();
    let behaviour = replayed.with_programs.as_ref().map(|with| {
        let all = with.differences(&replayed.here);
        // Gas is what the replay compares; whether the behaviour is the same is a separate question.
        let is_behaviour =
            |it: &Difference| !matches!(it, Difference::Gas { .. } | Difference::PosterGas { .. });
        let behaviour: Vec<_> = all.into_iter().filter(is_behaviour).collect();
        told(&behaviour)
    });
    ReplayedTransaction {
        transaction: replayed.transaction,
        block: replayed.block,
        index: replayed.index,
        from: replayed.from,
        to: replayed.to,
        there: ended(&replayed.there),
        here: ended(&replayed.here),
        differences: told(&replayed.differences()),
        deviates: replayed
            .deviates
            .as_ref()
            .map(|(transaction, differences)| Deviation {
                transaction: *transaction,
                differences: told(differences),
            }),
        with_programs: replayed.with_programs.as_ref().map(ended),
        behaves_otherwise: behaviour.unwrap_or_default(),
        profiles: Vec::new(),
        more_profiles: 0,
        no_profile: None,
    }
}

fn ended(outcome: &Outcome) -> Ended {
    Ended {
        success: outcome.success,
        gas: outcome.gas,
        l1_gas: outcome.poster_gas,
        logs: outcome.logs.len(),
        reason: outcome.reason.clone(),
    }
}
