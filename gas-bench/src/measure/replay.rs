//! Transactions of a chain, carried out once more.
//!
//! Lives here: which, with which programs, and figures out of what came of them. Not here: carrying them out (`stylus_devnet::replay`), words
//! (`content`).

use std::path::PathBuf;

use alloy_primitives::{Address, B256};
use stylus_devnet::Fork;
use stylus_devnet::replay::{Difference, Options, Outcome, Replayed, transaction};

use crate::cargo::{Artifact, PostprocessError};
use crate::figures::replay::{Deviation, Ended, REPLAY_SCHEMA, ReplayedTransaction, Replays};

/// What to replay.
#[derive(Clone, Debug)]
pub struct ReplayCommand {
    /// The transactions.
    pub transactions: Vec<B256>,
    /// Where they are.
    pub fork: Fork,
    /// Whether to leave out the earlier transactions of their blocks.
    pub alone: bool,
    /// Compiled contracts to put in the place of others.
    pub programs: Vec<(Address, PathBuf)>,
}

/// A compiled contract that cannot be used: one sentence.
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
}

/// Replays transactions one after another. One that cannot be replayed is a failure among the figures.
///
/// # Errors
/// Where a compiled contract cannot be used.
pub fn replay(command: &ReplayCommand) -> Result<Replays, ReplayFailure> {
    let mut programs = Vec::with_capacity(command.programs.len());
    for (address, path) in &command.programs {
        let named = std::fs::read(path).map_err(|source| ReplayFailure::Unreadable {
            path: path.clone(),
            source,
        })?;
        let artifact = Artifact::of_named(&named).map_err(|source| ReplayFailure::Module {
            path: path.clone(),
            source,
        })?;
        programs.push((*address, artifact.wasm));
    }
    let options = Options {
        alone: command.alone,
        programs,
    };
    let names = command.programs.iter().map(|(address, path)| {
        let name = path.file_name().unwrap_or(path.as_os_str());
        (*address, name.to_string_lossy().into_owned())
    });
    let mut replays = Replays {
        replay_schema: REPLAY_SCHEMA,
        chain: command.fork.whom(),
        alone: command.alone,
        programs: names.collect(),
        transactions: Vec::new(),
        failures: Default::default(),
    };
    for hash in &command.transactions {
        match transaction(&command.fork, *hash, &options) {
            Ok(replayed) => replays.transactions.push(figures(&replayed)),
            Err(error) => {
                replays.failures.insert(*hash, error.to_string());
            }
        }
    }
    Ok(replays)
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
