//! Explains why a contract's transaction failed, as far as its chain and its build show.
//!
//! Lives here: querying both and combining their answers. Not here: what an explanation means (`stylus_devnet::explain`).

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use alloy_primitives::{Address, B256, Selector, hex};
use stylus_devnet::explain::{Artifact, Diagnosis, FailedCall, Interface, Place, chain_of};
use stylus_plan::{Plan, PlannedCall, selector};
use stylus_report::figures::failure::{
    FAILURE_SCHEMA, FailedFrame, Failure, Frame, LastHostio, SourceLine,
};
use stylus_vm::lines::SourceFrame;

use super::stage::Stage;
use super::{Bench, BenchError, Sight, error_text};
use crate::chain::{CallError, Node, Receipt};
use crate::measure::Prepared;

/// The largest source file, in bytes, from which a line is read.
const MOST_SOURCE: u64 = 4 << 20;

/// What is known about one contract's build.
pub(in crate::measure) struct Explainer {
    interface: Interface,
    functions: BTreeMap<Selector, String>,
    wasm: Vec<u8>,
    /// A file that can contain its line information.
    lines: Option<PathBuf>,
    /// The contents of that file, read on first use.
    artifact: OnceCell<Option<Artifact>>,
}

impl Explainer {
    /// Collects what is known about a contract with the module `wasm`, which `plan` calls, and whose lines can be in a file.
    pub(in crate::measure) fn new(wasm: &[u8], lines: Option<&Path>, plan: &Plan) -> Self {
        let functions: BTreeMap<_, _> = plan
            .functions(None)
            .map(|function| (selector(function), function.signature()))
            .collect();
        Self {
            interface: Interface::new(functions.values().cloned(), plan.errors.iter().cloned()),
            functions,
            wasm: wasm.to_vec(),
            lines: lines.map(Path::to_owned),
            artifact: OnceCell::new(),
        }
    }

    /// Revert data in words, if its error is known.
    pub(in crate::measure) fn error(&self, data: &[u8]) -> Option<String> {
        self.interface.error(data)
    }

    pub(super) fn artifact(&self) -> Option<&Artifact> {
        let read = || Artifact::read(self.lines.as_deref()?, &self.wasm);
        self.artifact.get_or_init(read).as_ref()
    }
}

impl Bench<'_> {
    /// Why a transaction failed, in a sentence, if the chain explains it.
    pub(super) fn why(&self, stage: &Stage<'_>, receipt: &Receipt) -> Option<String> {
        if self.sight.get() < Some(Sight::Everything) {
            return None;
        }
        let known = BTreeMap::from([(stage.contract, stage.explainer)]);
        let told = explained(self.node, "", receipt.transaction_hash, &known);
        // Without an explanation, the node's own message remains.
        told.ok()?.sentence()
    }

    /// Deploys a contract, carries out one call of its plan, and explains why its run number `run`, counted from 1, fails.
    ///
    /// # Errors
    /// If the run does not fail, or the chain does not explain.
    pub(in crate::measure) fn explain_call(
        &self,
        name: &str,
        prepared: &Prepared,
        planned: &PlannedCall,
        run: usize,
    ) -> Result<Failure, BenchError> {
        let (deployed, _) = self.deploy(&prepared.artifact, &prepared.plan)?;
        let stage = self.stage(&prepared.plan, &deployed, Some(planned))?;
        let receipt = self.submit_run(&stage, planned, run)?;
        if receipt.succeeded() {
            return Err(BenchError::DoesNotFail);
        }
        let known = BTreeMap::from([(stage.contract, stage.explainer)]);
        let what = format!("{name}: {}", planned.name);
        let told = explained(self.node, &what, receipt.transaction_hash, &known);
        told.map_err(|error| BenchError::NoExplainer(error_text(&error)))
    }

    /// Sends the runs of a call up to number `run`, counted from 1, and returns the receipt of that run.
    pub(super) fn submit_run(
        &self,
        stage: &Stage<'_>,
        planned: &PlannedCall,
        run: usize,
    ) -> Result<Receipt, BenchError> {
        let runs = planned.runs();
        let count = runs.len();
        let mut last = None;
        for variables in runs.iter().take(run) {
            let words = self.wait(&planned.step, &stage.words.with(variables))?;
            let (account, request) = stage.request(&planned.step, &words)?;
            last = Some(self.submit(&account, request, "")?);
        }
        match last {
            Some(receipt) if run <= count => Ok(receipt),
            _ => Err(BenchError::NoSuchRun { run, count }),
        }
    }
}

/// Explains why a transaction failed; `known` has what is known about the programs it called, by address.
///
/// # Errors
/// If the node does not explain.
pub(in crate::measure) fn failure(
    node: &Node,
    what: &str,
    transaction: B256,
    known: &BTreeMap<Address, Explainer>,
) -> Result<Failure, CallError> {
    let known: BTreeMap<_, _> = known.iter().map(|(address, it)| (*address, it)).collect();
    explained(node, what, transaction, &known)
}

/// Like [`failure`], but with borrowed explainers.
pub(super) fn explained(
    node: &Node,
    what: &str,
    transaction: B256,
    known: &BTreeMap<Address, &Explainer>,
) -> Result<Failure, CallError> {
    let names: Vec<_> = known
        .iter()
        .filter_map(|(address, it)| Some((*address, &it.artifact()?.names)))
        .collect();
    let failures = node.trace_failures(transaction, &names)?;
    let chain = chain_of(&failures, |failure| failure.depth);
    let frame = |call: &&FailedCall| frame(call, known.get(&call.code).copied());
    Ok(Failure {
        schema: FAILURE_SCHEMA,
        what: what.to_owned(),
        calls: chain.iter().map(frame).collect(),
    })
}

fn frame(call: &FailedCall, known: Option<&Explainer>) -> FailedFrame {
    let nothing = Interface::default();
    let interface = known.map_or(&nothing, |it| &it.interface);
    let lines = known.and_then(Explainer::artifact);
    let lines = lines.and_then(|artifact| artifact.lines.as_ref().ok());
    let diagnosis = Diagnosis::of(call, lines, interface);
    let selector = call.input.first_chunk::<4>().map(|it| Selector::from(*it));
    let function = selector.map(|selector| {
        let signature = known.and_then(|it| it.functions.get(&selector));
        signature.map_or_else(|| hex::encode_prefixed(selector), String::clone)
    });
    let own: Vec<Place> = diagnosis.own_frames().collect();
    let is_nearby = diagnosis.is_nearby();
    // Braces that end a function run, too, and what an attribute derives.
    let says_something = |it: &SourceLine| {
        let text = it.text.as_deref();
        text.is_none_or(|text| text.contains(char::is_alphanumeric) && !text.starts_with("#["))
    };
    let recent = diagnosis.recent.iter().map(line);
    let recent: Vec<_> = recent.filter(says_something).collect();
    let told = call.explanation.as_ref();
    FailedFrame {
        address: call.address,
        function: function.unwrap_or_default(),
        frames: diagnosis
            .frames
            .iter()
            .map(|it| of_source(it, &own))
            .collect(),
        omitted_frames: diagnosis.omitted_frames,
        reason: diagnosis.reason,
        output: call.output.clone(),
        place: recent
            .first()
            .cloned()
            .or_else(|| diagnosis.place.as_ref().map(line)),
        is_nearby,
        recent,
        panicked_at: diagnosis.panicked_at.as_ref().map(line),
        hostios: told.map_or_else(Vec::new, |told| {
            let hostio = |made: &stylus_vm::explain::HostCall| LastHostio {
                name: made.name.to_string(),
                ink: made.ink,
                completed: made.completed,
            };
            told.hostios.iter().map(hostio).collect()
        }),
        omitted_hostios: told.map_or(0, |told| told.omitted_hostios),
        without_lines: diagnosis.without_lines,
    }
}

fn of_source(frame: &SourceFrame, own: &[Place]) -> Frame {
    let is_own =
        |place: &&Place| Some(&place.file) == frame.file.as_ref() && Some(place.line) == frame.line;
    Frame {
        function: frame.function.clone(),
        own: own.iter().find(is_own).is_some(),
        file: frame.file.as_deref().map(shown_file),
        line: frame.line,
    }
}

fn line(place: &Place) -> SourceLine {
    SourceLine {
        file: shown_file(&place.file),
        line: place.line,
        column: place.column,
        text: text_of(&place.file, place.line),
    }
}

/// A file's name relative to the working directory, if it lies inside.
pub(in crate::measure) fn shown_file(file: &str) -> String {
    let folder = env::current_dir().ok();
    let inside = folder.and_then(|folder| {
        Path::new(file)
            .strip_prefix(folder)
            .ok()
            .map(Path::to_owned)
    });
    inside.map_or_else(|| file.to_owned(), |inside| inside.display().to_string())
}

/// A line of a source file, if the file exists and is not too large; shortened.
fn text_of(file: &str, line: u32) -> Option<String> {
    const MOST_CHARACTERS: usize = 160;
    let text = source(file)?;
    let line = text.lines().nth(line.checked_sub(1)? as usize)?;
    Some(line.trim().chars().take(MOST_CHARACTERS).collect())
}

/// A source file's text, if it exists and is not too large.
pub(in crate::measure) fn source(file: &str) -> Option<String> {
    let size = fs::metadata(file).ok().filter(|it| it.is_file())?.len();
    (size <= MOST_SOURCE).then(|| fs::read_to_string(file).ok())?
}
