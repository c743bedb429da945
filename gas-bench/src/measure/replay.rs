//! Transactions of a chain, carried out once more.
//!
//! Lives here: which, with which programs, and figures out of what came of them. Not here: carrying them out (`stylus_devnet::replay`), words
//! (`content`).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use alloy_primitives::{Address, B256};
use stylus_cargo::input;
use stylus_devnet::Fork;
use stylus_devnet::explain::{Artifacts, ArtifactsError};
use stylus_devnet::replay::{
    self, Difference, LastTransactions, Options, Outcome, ReplayError, Replayed,
};
use stylus_vm::InkPrice;

use super::account;
use crate::cargo::{Artifact, PostprocessError};
use crate::chain::{GasTrace, ProgramTrace};
use crate::figures::profile::{CallProfile, PROFILE_SCHEMA};
use crate::figures::replay::{
    Deviation, Ended, ProgramProfile, REPLAY_SCHEMA, ReplayedTransaction, Replays, Search,
};
use crate::plan::dispatch::standard;

/// What to replay.
#[derive(Clone, Debug)]
pub struct ReplayCommand {
    /// The transactions.
    pub transactions: Vec<B256>,
    /// And the last of a contract's.
    pub last: Option<LastOf>,
    /// Where they are.
    pub fork: Fork,
    /// Whether to leave out the earlier transactions of their blocks.
    pub alone: bool,
    /// Compiled contracts to put in the place of others.
    pub programs: Vec<(Address, PathBuf)>,
    /// Compiled contracts with names.
    pub names: Vec<PathBuf>,
}

/// A contract's last transactions.
#[derive(Clone, Copy, Debug)]
pub struct LastOf {
    /// The contract.
    pub contract: Address,
    /// How many.
    pub count: usize,
    /// The most blocks to look at.
    pub most_blocks: u64,
}

/// Why nothing is replayed: one sentence.
#[derive(Debug, thiserror::Error)]
pub enum ReplayFailure {
    /// It cannot be read.
    #[error("{path} cannot be read: {source}; name a compiled contract")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// It is not a module.
    #[error("{path}: {source}")]
    Module {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: PostprocessError,
    },
    /// A file of names cannot be used.
    #[error(transparent)]
    Names(#[from] ArtifactsError),
    /// A contract's transactions cannot be looked for.
    #[error(transparent)]
    Search(#[from] ReplayError),
    /// There are none.
    #[error(
        "{contract} was sent no transaction in the last {blocks} blocks, up to {newest}: look further back with --blocks"
    )]
    NoTransaction {
        /// The contract.
        contract: Address,
        /// How many blocks were looked at.
        blocks: u64,
        /// The newest of them.
        newest: u64,
    },
    /// They cannot be replayed together.
    #[error(transparent)]
    Together(#[from] Arc<ReplayError>),
}

/// Replays transactions. One that cannot be replayed is a failure among the figures; a single one is told function by function.
///
/// # Errors
/// Where a compiled contract cannot be used, no transactions are found, or they cannot be recorded together.
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
        // Of several there is a table.
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
        search,
        strangers: Vec::new(),
        transactions: Vec::new(),
        failures: Default::default(),
    };
    let mut strangers = names.clone();
    let all = replay::transactions(&command.fork, &transactions, &options)?;
    for (hash, replayed) in transactions.iter().zip(all) {
        match replayed {
            Ok(replayed) => {
                let (mut figures, trace) = (figures(&replayed), trace(&replayed));
                if let Some(trace) = trace {
                    tell(&mut figures, trace, &names, &mut strangers);
                }
                replays.transactions.push(figures);
            }
            Err(error) => {
                replays.failures.insert(*hash, error.to_string());
            }
        }
    }
    if options.traced {
        replays.strangers = strangers.into_values().collect();
    }
    Ok(replays)
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

/// A contract's last transactions.
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
            blocks,
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

/// Where the gas of a transaction went, if that was asked for.
fn trace(replayed: &Replayed) -> Option<Result<GasTrace, String>> {
    let told = replayed.trace.as_ref()?;
    Some(
        told.as_ref()
            .map_err(Clone::clone)
            .and_then(|told| serde_json::from_str(told.get()).map_err(|error| error.to_string())),
    )
}

/// Adds the profiles of a transaction's programs, each under the names of the file that has its code, and takes those files out of
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
            // What was paid before the frame, however the transaction's bytes, access list and authorizations come to it.
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
    // The transaction's own comes to all of its gas.
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
        // What it costs is what is compared; whether it does the same is another question.
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
