//! Finds which lines of contracts run when their plans are carried out, or when an external test suite is.
//!
//! Lives here: the chain they run on, and the order of the steps. Not here: transactions (`contract`), adding up
//! (`stylus_report::figures`), words and rows (`stylus_report::content`).

use std::net::SocketAddr;
use std::path::PathBuf;

use stylus_cargo::{Artifact, BuildSettings, ContractPackage, PostprocessError, Project, finish};
use stylus_devnet::explain::{self, Artifacts, ArtifactsError, Coverage, is_own};
use stylus_devnet::{ArbOs, Handle};
use stylus_report::figures::coverage::{
    COVERAGE_SCHEMA, ContractCoverage, CoverageError, CoverageReport, Ran, cover,
};
use stylus_vm::explain::Counts;

use super::contract::{Bench, BenchError, shown_file, source};
use super::{Event, Observer, PrepareError, prepare};
use crate::chain::{Node, NodeError, listen};

/// Why it is unknown which lines of a contract ran: one sentence.
#[derive(Debug, thiserror::Error)]
enum ContractError {
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    #[error(transparent)]
    Module(#[from] PostprocessError),
    #[error(transparent)]
    Node(#[from] NodeError),
    #[error(transparent)]
    Bench(#[from] BenchError),
    #[error(transparent)]
    Coverage(#[from] CoverageError),
    #[error(
        "no program with its code ran: nothing was deployed and called, or a different build was; deploy what `cargo stylus` builds from \
         the same sources and features, without wasm-opt"
    )]
    NeverRan,
}

/// Why no devnet can be started for external tests: one sentence.
#[derive(Debug, thiserror::Error)]
pub enum CoveringError {
    /// No contract can be built.
    #[error("no contract can be built: {0}")]
    Nothing(String),
    /// The builds cannot be read.
    #[error(transparent)]
    Artifacts(#[from] ArtifactsError),
    /// A build is not a module.
    #[error(transparent)]
    Module(#[from] PostprocessError),
    /// The chain cannot be started.
    #[error(transparent)]
    Node(#[from] NodeError),
}

/// Builds the contracts of a project, carries out their plans on an embedded devnet of version `arbos`, and reports which lines ran.
pub fn coverage(
    project: &Project,
    arbos: ArbOs,
    settings: &BuildSettings,
    observer: Observer<'_>,
) -> CoverageReport {
    let mut report = CoverageReport {
        schema: COVERAGE_SCHEMA,
        ran: Ran::Plans,
        contracts: Vec::new(),
        failures: Vec::new(),
    };
    for contract in &project.contracts {
        let name = &contract.name;
        let covered = || -> Result<_, ContractError> {
            let prepared = prepare(project, contract, settings, observer)?;
            observer(Event::Built(name));
            let artifact = &prepared.artifact;
            let coverage = Coverage::of_modules([artifact.wasm.as_slice()])?;
            let fork = prepared.plan.fork.as_ref();
            let node = Node::connect_counted(arbos, fork, coverage.clone())?;
            let failures = Bench::new(&node)?.cover_calls(&prepared, &coverage)?;
            let counts = coverage.take(&artifact.wasm);
            let lines = artifact.lines.as_deref();
            let lines = lines.and_then(|lines| explain::Artifact::read(lines, &artifact.wasm));
            Ok((told(name, &counts, lines)?, failures))
        };
        match covered() {
            Ok((contract, failures)) => {
                report.contracts.push(contract);
                let failures = failures.into_iter().map(|it| (name.clone(), it));
                report.failures.extend(failures);
            }
            Err(cause) => report.failures.push((name.clone(), cause.to_string())),
        }
        observer(Event::Measured(name));
    }
    report
}

/// Which lines of a contract ran, by its block counts.
fn told(
    name: &str,
    counts: &Counts,
    artifact: Option<explain::Artifact>,
) -> Result<ContractCoverage, ContractError> {
    let lines = artifact.and_then(|artifact| artifact.lines.ok());
    let lines = lines.ok_or(BenchError::NoLines)?;
    if counts.is_empty() {
        return Err(ContractError::NeverRan);
    }
    let mut contract = cover(name, counts, &lines, is_own)?;
    for file in &mut contract.files {
        file.shown = shown_file(&file.file);
        let text = source(&file.file).filter(|_| file.own);
        file.text = text.map_or_else(Vec::new, |text| text.lines().map(str::to_owned).collect());
    }
    Ok(contract)
}

/// Builds a contract that external tests call.
fn build(
    project: &Project,
    contract: &ContractPackage,
    settings: &BuildSettings,
    observer: Observer<'_>,
) -> Result<Artifact, PrepareError> {
    observer(Event::Building(&contract.name));
    let on_crate = &mut |name: &str| observer(Event::Compiled(&contract.name, name));
    let built = project.build(contract, settings, on_crate)?;
    Ok(finish(project, contract, settings, built)?.artifact)
}

/// A devnet on which external tests run, and on which a project's programs count their blocks.
pub struct Covering {
    devnet: Handle,
    coverage: Coverage,
    built: Vec<Built>,
    failures: Vec<(String, String)>,
}

struct Built {
    name: String,
    wasm: Vec<u8>,
    lines: Option<PathBuf>,
}

impl Covering {
    /// Builds the contracts of a project, and starts a devnet of version `arbos` at an address; port 0 means any free port.
    ///
    /// # Errors
    /// If no contract can be built, or the devnet does not start.
    pub fn begin(
        project: &Project,
        at: SocketAddr,
        arbos: ArbOs,
        settings: &BuildSettings,
        observer: Observer<'_>,
    ) -> Result<Self, CoveringError> {
        let (mut built, mut failures) = (Vec::new(), Vec::new());
        for contract in &project.contracts {
            let name = &contract.name;
            match build(project, contract, settings, observer) {
                Ok(artifact) => built.push(Built {
                    name: name.clone(),
                    wasm: artifact.wasm,
                    lines: artifact.lines,
                }),
                Err(cause) => failures.push((name.clone(), cause.to_string())),
            }
            observer(Event::Built(name));
        }
        if built.is_empty() {
            let causes = failures.iter().map(|(name, why)| format!("{name}: {why}"));
            return Err(CoveringError::Nothing(
                causes.collect::<Vec<_>>().join("; "),
            ));
        }
        let coverage = Coverage::of_modules(built.iter().map(|it| it.wasm.as_slice()))?;
        let artifacts = Artifacts::open(&project.lines_dir())?;
        Ok(Self {
            devnet: listen(at, arbos, artifacts, coverage.clone())?,
            coverage,
            built,
            failures,
        })
    }

    /// Where the devnet listens.
    pub fn url(&self) -> String {
        self.devnet.url()
    }

    /// Stops the devnet, and reports which lines ran since it began.
    pub fn finish(self) -> CoverageReport {
        drop(self.devnet);
        let mut report = CoverageReport {
            schema: COVERAGE_SCHEMA,
            ran: Ran::Requests,
            contracts: Vec::new(),
            failures: self.failures,
        };
        for Built { name, wasm, lines } in self.built {
            let counts = self.coverage.take(&wasm);
            let artifact = lines.and_then(|lines| explain::Artifact::read(&lines, &wasm));
            match told(&name, &counts, artifact) {
                Ok(contract) => report.contracts.push(contract),
                Err(cause) => report.failures.push((name, cause.to_string())),
            }
        }
        report
    }
}
