//! Measures one contract on a chain: deploys it, and calls it as its plan says.
//!
//! Lives here: the order of transactions, and their results. Not here: building the contract (`stylus-cargo`), what to call
//! (`stylus-plan`), the arithmetic of one transaction (`account`), several contracts (`pipeline`).
//!
//! Every call of a plan gets its own deployment, so the order of the calls does not matter. The runs of one call follow each other on the
//! same deployment.

mod coverage;
mod explain;
mod lines;
mod stage;

use std::cell::Cell;

use alloy_network::TransactionBuilder as _;
use alloy_primitives::{Address, B256, U256, hex};
use alloy_rpc_types_eth::TransactionRequest;
use stylus_vm::layout::large_stack;
use stylus_vm::profile::Names;
use stylus_vm::{Config, Gas, PageCounters, Refusal};

use super::Prepared;
use super::account::{AccountError, Told, account};
use super::sizes;
use crate::chain::{
    self, Account, Answer, CallError, GasTrace, Node, NodeError, Receipt, Step as HostStep,
};
pub(super) use explain::{Explainer, failure, shown_file, source};
use stage::Stage;
use stylus_cargo::Artifact;
use stylus_plan::{Plan, PlannedCall, Problem, Reverts, Step, Words};
use stylus_report::figures::lines::LinesError;
use stylus_report::figures::profile::{CallProfile, PROFILE_SCHEMA, ProfileError};
use stylus_report::figures::{Call, Contract, Deployment, Outcome, Run, StartGas};
use stylus_report::words::grouped;

/// How many characters of a run's output are kept.
const OUTPUT_CHARACTERS: usize = 200;

/// How much a node reports about a transaction.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Sight {
    /// The receipt.
    Receipts,
    /// The receipt and the host calls.
    Hostios,
    /// The receipt, the host calls and everything else.
    Everything,
}

/// Why a contract, or one call of it, has no figures.
#[derive(Debug, thiserror::Error)]
pub(super) enum BenchError {
    #[error("the chain refuses the program: {0}")]
    Activation(String),
    #[error(
        "{} bytes of code are more than the chain allows, {accounts} accounts of {} bytes; make the contract smaller",
        grouped(*bytes as u64),
        grouped(*limit as u64)
    )]
    TooLarge {
        bytes: usize,
        accounts: u8,
        limit: usize,
    },
    #[error("{step} fails{place}: {reason}")]
    Setup {
        step: String,
        place: String,
        reason: String,
    },
    #[error("the call reverts{place}: {reason}; write `reverts = true` if it is meant to")]
    Reverts { place: String, reason: String },
    #[error("the constructor has failed")]
    NotConstructed,
    #[error("the call should revert{place} but does not")]
    DoesNotRevert { place: String },
    #[error("the call runs out of its {} gas{place}{why}; make it do less", grouped(gas.0))]
    OutOfGas {
        gas: Gas,
        place: String,
        /// The reason, preceded by a colon, if known.
        why: String,
    },
    #[error("the call does not fail")]
    DoesNotFail,
    #[error(
        "this chain does not explain failures: {0}; leave out --endpoint, or name a stylus-devnet"
    )]
    NoExplainer(String),
    #[error("the chain rejects the transaction{place}: {reason}")]
    NotTaken { place: String, reason: String },
    #[error("there is no run {run} of {count}; count from 1")]
    NoSuchRun { run: usize, count: usize },
    #[error(
        "this chain does not tell functions apart; leave out --endpoint, or name a stylus-devnet"
    )]
    NoProfiler,
    #[error(
        "lines are unknown: no build with debug information has this program's code; leave out wasm-opt"
    )]
    NoLines,
    #[error("the program did not run, so there is nothing to show")]
    NotRun,
    #[error("this chain's clock cannot be moved: {0}; leave out `wait` or --endpoint")]
    Clock(String),
    #[error("the plan's contract `{name}` could not be deployed: {reason}")]
    Other { name: String, reason: String },
    #[error(transparent)]
    Lines(#[from] LinesError),
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Profile(#[from] ProfileError),
    #[error(transparent)]
    Plan(#[from] Problem),
    #[error(transparent)]
    Account(#[from] AccountError),
    #[error(transparent)]
    Node(#[from] NodeError),
}

/// A chain to measure contracts on.
pub(super) struct Bench<'a> {
    node: &'a Node,
    config: Config,
    /// What this node reports; determined with the first transaction.
    sight: Cell<Option<Sight>>,
}

/// A contract that can be deployed repeatedly, and the other contracts its plan needs.
pub(super) struct Deployed {
    /// The code that an account is given: the whole program, or its root.
    code: Vec<u8>,
    start: StartGas,
    /// Init code of the other contracts, in the plan's order.
    others: Vec<Vec<u8>>,
    explainer: Explainer,
}

/// One measured transaction, and what else is known of it.
struct Measured {
    run: Run,
    transaction: B256,
    contract: Address,
}

impl<'a> Bench<'a> {
    /// Creates a bench on `node`.
    ///
    /// # Errors
    /// If the node does not answer.
    pub(super) fn new(node: &'a Node) -> Result<Self, NodeError> {
        Ok(Self {
            node,
            config: node.config()?,
            sight: Cell::new(None),
        })
    }

    /// The chain's rules.
    pub(super) const fn config(&self) -> Config {
        self.config
    }

    /// What the node reports, once that is known.
    pub(super) fn sight(&self) -> Option<Sight> {
        self.sight.get()
    }

    /// Deploys a contract and carries out its plan. Failures are part of the figures. With `names`, the first run of each call is also
    /// profiled function by function.
    pub(super) fn measure(
        &self,
        name: &str,
        artifact: &Artifact,
        plan: &Plan,
        names: Option<&Names>,
    ) -> (Contract, Vec<CallProfile>) {
        let mut contract = Contract {
            name: name.to_owned(),
            ..Contract::default()
        };
        let (deployed, deployment) = match self.deploy(artifact, plan) {
            Ok(deployed) => deployed,
            Err(cause) => {
                contract.failures.push(cause.to_string());
                return (contract, Vec::new());
            }
        };
        contract.deployment = Some(deployment);
        let stack = large_stack(&artifact.wasm, self.config.memory());
        contract
            .advice
            .extend(stack.map(|stack| stack.sentence(grouped)));
        let mut is_constructed = true;
        if let Some(step) = &plan.constructor {
            let run = self.stage(plan, &deployed, None).and_then(|stage| {
                let place = place(plan, step, &[]);
                let measured = self.run(&stage, step, &stage.words, Reverts::Never, &place)?;
                Ok(vec![measured.run])
            });
            let run = run.map_err(|error| match error {
                // No plan can allow this.
                BenchError::Reverts { place, reason } => BenchError::Setup {
                    step: "the constructor".to_owned(),
                    place,
                    reason,
                },
                other => other,
            });
            is_constructed = run.is_ok();
            contract.calls.push(call("constructor", step, false, run));
        }
        let mut profiles = Vec::new();
        for planned in &plan.calls {
            let runs = match is_constructed {
                true => self.call(plan, &deployed, planned),
                // Each would fail for the same reason, in a paragraph of its own.
                false => Err(BenchError::NotConstructed),
            };
            if let (Ok(runs), Some(names)) = (&runs, names)
                && let Some(first) = runs.first()
            {
                // A call with figures but without a profile only lacks a picture.
                profiles.extend(self.profile(name, planned, first, names));
            }
            let runs = runs.map(|runs| runs.into_iter().map(|measured| measured.run).collect());
            let PlannedCall {
                name,
                step,
                generated,
                ..
            } = planned;
            contract.calls.push(call(name, step, *generated, runs));
        }
        (contract, profiles)
    }

    /// Deploys a contract, carries out one call of its plan, and profiles its run number `run`, counted from 1, function by function.
    ///
    /// # Errors
    /// If the contract or the call has no figures, or the chain cannot profile.
    pub(super) fn profile_call(
        &self,
        name: &str,
        prepared: &Prepared,
        planned: &PlannedCall,
        run: usize,
    ) -> Result<CallProfile, BenchError> {
        let (deployed, _) = self.deploy(&prepared.artifact, &prepared.plan)?;
        let runs = self.call(&prepared.plan, &deployed, planned)?;
        let count = runs.len();
        let measured = run.checked_sub(1).and_then(|at| runs.get(at));
        let measured = measured.ok_or(BenchError::NoSuchRun { run, count })?;
        let names = Names::of_module(&prepared.named);
        self.profile(name, planned, measured, &names)
    }

    /// Profiles one run function by function.
    fn profile(
        &self,
        contract: &str,
        planned: &PlannedCall,
        measured: &Measured,
        names: &Names,
    ) -> Result<CallProfile, BenchError> {
        if self.sight.get() != Some(Sight::Everything) {
            return Err(BenchError::NoProfiler);
        }
        let functions = Some((measured.contract, names));
        let trace = self.node.trace_gas(measured.transaction, functions);
        let trace = trace.map_err(|error| error.unexpected("stylusGasTracer"))?;
        let profile = trace.program.and_then(|program| program.profile);
        let profile = CallProfile {
            schema: PROFILE_SCHEMA,
            contract: contract.to_owned(),
            call: planned.name.clone(),
            signature: planned.step.signature(),
            arguments: measured.run.arguments.clone(),
            ink_per_gas: self.config.stylus.ink_price.ink_per_gas(),
            gas: measured.run.gas,
            parts: measured.run.parts.clone(),
            profile: profile.ok_or(BenchError::NotRun)?,
        };
        profile.check()?;
        Ok(profile)
    }

    /// Puts a contract on the chain for the first time.
    pub(super) fn deploy(
        &self,
        artifact: &Artifact,
        plan: &Plan,
    ) -> Result<(Deployed, Deployment), BenchError> {
        let (code, parts) = self.code(&artifact.code, artifact.wasm.len())?;
        let mut deploy_gas = parts.iter().map(Receipt::gas).sum::<Gas>();
        let receipt = self.create(&code)?;
        deploy_gas += receipt.gas();
        let address = created(&receipt)?;
        let (activation, fee) = self
            .node
            .activate_once(address)
            .map_err(|error| match error {
                CallError::Refused(reason) => {
                    let told = reason.strip_prefix("program activation failed: ");
                    BenchError::Activation(told.unwrap_or(&reason).to_owned())
                }
                CallError::Node(error) => error.into(),
            })?;
        if self.sight.get().is_none() {
            self.sight.set(Some(self.look(activation.transaction_hash)));
        }
        let start = self.start(address)?;
        let deployment = Deployment {
            sizes: sizes::of_artifact(artifact, &self.config),
            deploy_gas,
            activation_gas: activation.gas(),
            data_fee_wei: fee.to_string(),
            start,
        };
        let others = plan.others.iter().map(|other| {
            self.other(other.code.as_ref())
                .map_err(|cause| BenchError::Other {
                    name: other.name.clone(),
                    reason: cause.to_string(),
                })
        });
        let deployed = Deployed {
            code,
            start,
            others: others.collect::<Result<_, _>>()?,
            explainer: Explainer::new(&artifact.wasm, artifact.lines.as_deref(), plan),
        };
        Ok((deployed, deployment))
    }

    /// Returns the code that an account is given for `code`, whose decompressed length is `length`, and the receipts of the transactions
    /// that created its fragments.
    fn code(&self, code: &[u8], length: usize) -> Result<(Vec<u8>, Vec<Receipt>), BenchError> {
        let limit = self.config.max_code_size as usize;
        if code.len() <= limit {
            return Ok((code.to_vec(), Vec::new()));
        }
        let allowed = self.config.stylus.max_fragment_count;
        let too_large = BenchError::TooLarge {
            bytes: code.len(),
            accounts: allowed.max(1),
            limit,
        };
        let Ok(fragments) = stylus_vm::code::split(code, limit) else {
            return Err(too_large);
        };
        if fragments.len() > usize::from(allowed) {
            return Err(too_large);
        }
        let (addresses, receipts) = match self.node.is_own() {
            true => self.timeless(&fragments)?,
            false => self.fragments(&self.node.payer(), &fragments)?,
        };
        let length = u32::try_from(length).map_err(|_| too_large)?;
        Ok((stylus_vm::code::root(length, &addresses), receipts))
    }

    /// Creates an account for each fragment of a program, from `account`. Returns their addresses, and the receipts.
    fn fragments(
        &self,
        account: &Account,
        fragments: &[Vec<u8>],
    ) -> Result<(Vec<Address>, Vec<Receipt>), BenchError> {
        let receipts = fragments
            .iter()
            .map(|fragment| self.create_from(account, fragment))
            .collect::<Result<Vec<_>, _>>()?;
        let addresses = receipts.iter().map(created);
        Ok((addresses.collect::<Result<_, _>>()?, receipts))
    }

    /// The same on a chain of our own, where it takes no time and no nonce of the payer's: builds that need different numbers of fragments
    /// get the same address and the same clock, and so give the same answers. The accounts are created and that is undone, apart from
    /// their code.
    fn timeless(&self, fragments: &[Vec<u8>]) -> Result<(Vec<Address>, Vec<Receipt>), BenchError> {
        let unexpected = |error: CallError| error.unexpected("a fragment's account");
        let account = Account::named("fragments");
        let before = self.node.snapshot().map_err(unexpected)?;
        self.node
            .prepare(&account, fragments.len() as u64, U256::ZERO)
            .map_err(unexpected)?;
        let (addresses, receipts) = self.fragments(&account, fragments)?;
        self.node.restore(before).map_err(unexpected)?;
        for (address, fragment) in addresses.iter().zip(fragments) {
            self.node.set_code(*address, fragment).map_err(unexpected)?;
        }
        Ok((addresses, receipts))
    }

    fn create(&self, code: &[u8]) -> Result<Receipt, BenchError> {
        self.create_from(&self.node.payer(), code)
    }

    fn create_from(&self, account: &Account, code: &[u8]) -> Result<Receipt, BenchError> {
        let request =
            TransactionRequest::default().with_deploy_code(stylus_vm::code::init_code(code));
        self.submit(account, request, "")
    }

    /// Determines what this node reports about a transaction.
    fn look(&self, transaction: B256) -> Sight {
        if self.node.trace_gas(transaction, None).is_ok() {
            Sight::Everything
        } else if self.node.trace_hostios(transaction).is_ok() {
            Sight::Hostios
        } else {
            Sight::Receipts
        }
    }

    /// What each call of a program pays before it starts.
    fn start(&self, program: Address) -> Result<StartGas, BenchError> {
        let [uncached, cached] = self.node.start_gas(program)?;
        let pages = self.node.footprint(program)?;
        Ok(StartGas {
            uncached,
            cached,
            repeated: self.repeated_start(program),
            pages,
            page_gas: self.config.memory().cost(pages, PageCounters::default()),
        })
    }

    /// What the second call in one block pays, on a development node. Two calls are sent; whether the program rejects them does not
    /// matter.
    fn repeated_start(&self, program: Address) -> Option<Gas> {
        if self.sight.get() != Some(Sight::Everything) {
            return None;
        }
        let automine = |on: bool| {
            let parameters = serde_json::json!([on]);
            self.node
                .raw::<serde_json::Value>("evm_setAutomine", parameters)
        };
        automine(false).ok()?;
        let call = || {
            let request = TransactionRequest::default().with_to(program);
            self.node.submit_unmined(&self.node.payer(), request)
        };
        let sent = call().and_then(|_| call());
        let mined = self
            .node
            .raw::<serde_json::Value>("evm_mine", serde_json::json!([]));
        automine(true).ok()?;
        mined.ok()?;
        let trace = self.node.trace_gas(sent.ok()?, None).ok()?;
        Some(trace.program?.start_gas)
    }

    fn call(
        &self,
        plan: &Plan,
        deployed: &Deployed,
        planned: &PlannedCall,
    ) -> Result<Vec<Measured>, BenchError> {
        let stage = self.stage(plan, deployed, Some(planned))?;
        planned
            .runs()
            .iter()
            .map(|variables| {
                let words = stage.words.with(variables);
                let shown: Vec<_> = variables
                    .iter()
                    .map(|(name, value)| format!("{name} = {value}"))
                    .collect();
                let place = place(plan, &planned.step, &shown);
                self.run(&stage, &planned.step, &words, planned.reverts, &place)
            })
            .collect()
    }

    /// Sends one transaction and breaks its gas down.
    fn run(
        &self,
        stage: &Stage<'_>,
        step: &Step,
        words: &Words,
        reverts: Reverts,
        place: &str,
    ) -> Result<Measured, BenchError> {
        let words = &self.wait(step, words)?;
        let (account, request) = stage.request(step, words)?;
        let calldata = request.input.input().cloned().unwrap_or_default();
        // A receipt has neither output nor reason; the same call made just before has both.
        let answer = self.node.ask_as(request.clone())?;
        let receipt = self.submit(&account, request, place)?;
        let steps = self.steps(&receipt)?;
        let trace = self.trace(&receipt)?;
        let outcome = trace.as_ref().and_then(|trace| trace.program.as_ref());
        let ran_out = outcome.is_some_and(|program| program.outcome.starts_with("outOf"));
        let reverted = !receipt.succeeded();
        let place = || place.to_owned();
        match (reverted, reverts) {
            _ if ran_out => {
                let why = self.why(stage, &receipt);
                return Err(BenchError::OutOfGas {
                    gas: receipt.gas(),
                    place: place(),
                    why: why.map_or_else(String::new, |why| format!(": {why}")),
                });
            }
            (true, Reverts::Never) => {
                return Err(BenchError::Reverts {
                    place: place(),
                    reason: self.why(stage, &receipt).unwrap_or_else(|| reason(&answer)),
                });
            }
            (false, Reverts::Always) => return Err(BenchError::DoesNotRevert { place: place() }),
            _ => {}
        }
        let told = Told {
            receipt: &receipt,
            calldata: &calldata,
            offered: chain::GAS_LIMIT,
            steps: steps.as_deref(),
            trace: trace.as_ref(),
            start: stage.start,
            ink_price: self.config.stylus.ink_price,
        };
        let account = self::account(&told)?;
        let output = match &answer {
            Answer::Returns(output) => step.shown_output(output),
            Answer::Fails { reason, data } if data.is_empty() => reason.clone(),
            Answer::Fails { data, .. } => {
                let words = stage.explainer.error(data);
                words.unwrap_or_else(|| hex::encode_prefixed(data))
            }
        };
        Ok(Measured {
            run: Run {
                arguments: step.shown_arguments(words),
                gas: receipt.gas(),
                parts: account.parts,
                start_pages: account.start_pages,
                peak_pages: account.peak_pages,
                reverted,
                output: shorten(&output),
            },
            transaction: receipt.transaction_hash,
            contract: stage.contract,
        })
    }

    fn submit(
        &self,
        account: &Account,
        request: TransactionRequest,
        place: &str,
    ) -> Result<Receipt, BenchError> {
        self.node
            .submit(account, request)
            .map_err(|error| match error {
                CallError::Refused(reason) => BenchError::NotTaken {
                    place: place.to_owned(),
                    reason,
                },
                CallError::Node(error) => error.into(),
            })
    }

    fn steps(&self, receipt: &Receipt) -> Result<Option<Vec<HostStep>>, BenchError> {
        if self.sight.get() < Some(Sight::Hostios) {
            return Ok(None);
        }
        let steps = self.node.trace_hostios(receipt.transaction_hash);
        Ok(Some(
            steps.map_err(|error| error.unexpected("stylusTracer"))?,
        ))
    }

    fn trace(&self, receipt: &Receipt) -> Result<Option<GasTrace>, BenchError> {
        if self.sight.get() < Some(Sight::Everything) {
            return Ok(None);
        }
        let trace = self.node.trace_gas(receipt.transaction_hash, None);
        Ok(Some(
            trace.map_err(|error| error.unexpected("stylusGasTracer"))?,
        ))
    }
}

/// The result of one line of a plan.
fn call(name: &str, step: &Step, generated: bool, runs: Result<Vec<Run>, BenchError>) -> Call {
    Call {
        name: name.to_owned(),
        signature: step.signature(),
        generated,
        outcome: match runs {
            Ok(runs) => Outcome::Runs(runs),
            Err(cause) => Outcome::Failure(cause.to_string()),
        },
    }
}

/// Where something failed, in words that follow a verb: the file's line, and the run's variables.
fn place(plan: &Plan, step: &Step, variables: &[String]) -> String {
    let file = plan.path.as_deref().and_then(|path| path.file_name());
    let line = file
        .zip(step.line())
        .map(|(file, line)| format!("{} line {line}", file.to_string_lossy()));
    let parts: Vec<_> = line.into_iter().chain(variables.iter().cloned()).collect();
    match parts.is_empty() {
        true => String::new(),
        false => format!(" ({})", parts.join(", ")),
    }
}

fn created(receipt: &Receipt) -> Result<Address, NodeError> {
    let address = receipt.contract_address.filter(|_| receipt.succeeded());
    address.ok_or(NodeError::Answer {
        question: "a deployment",
        answer: "no contract's address".into(),
    })
}

/// Why a transaction failed, if the same call made just before or after gives the reason.
fn reason(answer: &Answer) -> String {
    match answer {
        Answer::Fails { reason, data } if data.is_empty() => reason.clone(),
        Answer::Fails { reason, data } => {
            shorten(&format!("{reason}, {}", hex::encode_prefixed(data)))
        }
        Answer::Returns(_) => "the transaction failed".to_owned(),
    }
}

fn error_text(error: &CallError) -> String {
    match error {
        CallError::Refused(reason) => reason.clone(),
        CallError::Node(error) => error.to_string(),
    }
}

/// Shortens an output to what a reader can use.
fn shorten(output: &str) -> String {
    let mut characters = output.chars();
    let head: String = characters.by_ref().take(OUTPUT_CHARACTERS).collect();
    match characters.count() {
        0 => head,
        more => format!("{head}… ({more} characters more)"),
    }
}

#[cfg(test)]
mod tests;
