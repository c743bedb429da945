//! One contract on a chain: deployed, and called as its plan says.
//!
//! Lives here: the order of transactions, and what each comes to. Not here: building the contract (`project`), what to call
//! (`plan`), the arithmetic of one transaction (`report::account`), several contracts (`report`).
//!
//! Every call of a plan begins on a deployment of its own, so that their order decides nothing. The runs of one call follow each
//! other on it.

use std::cell::Cell;
use std::collections::BTreeMap;

use alloy_network::TransactionBuilder as _;
use alloy_primitives::{Address, B256, Bytes, U256, hex};
use alloy_rpc_types_eth::TransactionRequest;
use stylus_vm::profile::Names;
use stylus_vm::{Gas, InkPrice, MemoryModel, PageCounters};

use super::Prepared;
use super::account::{AccountError, Told, account};
use crate::artifact::Artifact;
use crate::figures::{Call, Contract, Deployment, Outcome, Run, Sizes, StartGas};
use crate::measurement::Bytes as Size;
use crate::node::{
    self, Account, Answer, CallError, GasTrace, Node, NodeError, Receipt, Step as HostStep,
};
use crate::plan::{CONTRACT, DEPLOYER, Plan, PlannedCall, Problem, Reverts, Sender, Step, Words};
use crate::profile::{CallProfile, PROFILE_SCHEMA, ProfileError};

/// The most bytes of code that one account holds (EIP-170).
const ACCOUNT_LIMIT: usize = 24_576;

/// The most fragments that a program is cut into (Arbitrum One since ArbOS 61).
const MOST_FRAGMENTS: u8 = 4;

/// The most bytes that a decompressed program has (Nitro's initial `MaxWasmSize`).
const PROCESSED_LIMIT: u64 = 131_072;

/// The most characters of a run's output that are kept.
const OUTPUT_CHARACTERS: usize = 200;

/// How much of a transaction a node tells.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Sight {
    /// The receipt.
    Receipts,
    /// And the host calls.
    Hostios,
    /// And everything else.
    Everything,
}

/// Why a contract, or one call of it, has no figures.
#[derive(Debug, thiserror::Error)]
pub(super) enum Cause {
    #[error("the chain refuses the program: {0}")]
    Activation(String),
    #[error(
        "{bytes} bytes of code do not fit {MOST_FRAGMENTS} accounts of {ACCOUNT_LIMIT} bytes; make the contract smaller"
    )]
    TooLarge { bytes: usize },
    #[error("{step} fails{place}: {reason}")]
    Setup {
        step: String,
        place: String,
        reason: String,
    },
    #[error("the call reverts{place}: {reason}; write `reverts = true` if it is meant to")]
    Reverts { place: String, reason: String },
    #[error("the call was to revert{place} and does not")]
    DoesNotRevert { place: String },
    #[error("the call runs out of its {gas}{place}; ask less of it")]
    OutOfGas { gas: Gas, place: String },
    #[error("the chain does not take the transaction{place}: {reason}")]
    NotTaken { place: String, reason: String },
    #[error("the call has {count} runs, and not number {run}; count from 1")]
    NoSuchRun { run: usize, count: usize },
    #[error(
        "this chain does not tell functions apart; leave --endpoint out, or name a stylus-devnet"
    )]
    NoProfiler,
    #[error("the program was not run, so that there is nothing to tell")]
    NotRun,
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
    ink_price: InkPrice,
    memory: MemoryModel,
    /// What this node tells; found out with the first transaction.
    sight: Cell<Option<Sight>>,
}

/// A contract that can be deployed again and again.
struct Deployed {
    /// What an account is given: all of the program, or its root.
    code: Vec<u8>,
    start: StartGas,
}

/// A contract with its accounts, for one call.
struct Stage<'a> {
    plan: &'a Plan,
    contract: Address,
    accounts: BTreeMap<Sender, Account>,
    words: Words,
    start: StartGas,
}

/// One transaction that was measured, and what else is known of it.
struct Measured {
    run: Run,
    transaction: B256,
    contract: Address,
}

impl<'a> Bench<'a> {
    /// A bench on `node`.
    ///
    /// # Errors
    /// Where the node does not answer.
    pub(super) fn new(node: &'a Node) -> Result<Self, NodeError> {
        Ok(Self {
            node,
            ink_price: node.ink_price()?,
            memory: node.memory()?,
            sight: Cell::new(None),
        })
    }

    /// What the node tells, as far as that was found out.
    pub(super) fn sight(&self) -> Option<Sight> {
        self.sight.get()
    }

    /// Deploys a contract and carries out its plan. What fails is part of the figures. With `names` the first run of each call is
    /// told function by function, too.
    pub(super) fn measure(
        &self,
        name: &str,
        artifact: &Artifact,
        plan: &Plan,
        names: Option<&Names>,
    ) -> (Contract, Vec<CallProfile>) {
        let mut contract = Contract {
            name: name.to_owned(),
            plan: None,
            deployment: None,
            calls: Vec::new(),
            left_out: Vec::new(),
            failures: Vec::new(),
        };
        let (deployed, deployment) = match self.deploy(artifact) {
            Ok(deployed) => deployed,
            Err(cause) => {
                contract.failures.push(cause.to_string());
                return (contract, Vec::new());
            }
        };
        contract.deployment = Some(deployment);
        if let Some(step) = &plan.constructor {
            let run = self.stage(plan, &deployed, None).and_then(|stage| {
                let measured = self.run(&stage, step, &stage.words, Reverts::Never, "")?;
                Ok(vec![measured.run])
            });
            contract.calls.push(call("constructor", step, false, run));
        }
        let mut profiles = Vec::new();
        for planned in &plan.calls {
            let runs = self.call(plan, &deployed, planned);
            if let (Ok(runs), Some(names)) = (&runs, names)
                && let Some(first) = runs.first()
            {
                // What has figures but no profile lacks a picture, and nothing else.
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

    /// Deploys a contract, carries out one call of its plan, and tells its run number `run`, counted from 1, function by function.
    ///
    /// # Errors
    /// Where the contract or the call has no figures, or the chain does not tell.
    pub(super) fn profile_call(
        &self,
        name: &str,
        prepared: &Prepared,
        planned: &PlannedCall,
        run: usize,
    ) -> Result<CallProfile, Cause> {
        let (deployed, _) = self.deploy(&prepared.artifact)?;
        let runs = self.call(&prepared.plan, &deployed, planned)?;
        let count = runs.len();
        let measured = run.checked_sub(1).and_then(|at| runs.get(at));
        let measured = measured.ok_or(Cause::NoSuchRun { run, count })?;
        let names = Names::of_module(&prepared.named);
        self.profile(name, planned, measured, &names)
    }

    /// One run, told function by function.
    fn profile(
        &self,
        contract: &str,
        planned: &PlannedCall,
        measured: &Measured,
        names: &Names,
    ) -> Result<CallProfile, Cause> {
        if self.sight.get() != Some(Sight::Everything) {
            return Err(Cause::NoProfiler);
        }
        let functions = Some((measured.contract, names));
        let trace = self.node.trace_gas(measured.transaction, functions);
        let trace = trace.map_err(|error| error.unexpected("stylusGasTracer"))?;
        let profile = trace.program.and_then(|program| program.profile);
        let profile = CallProfile {
            schema: PROFILE_SCHEMA,
            contract: contract.to_owned(),
            call: planned.name.clone(),
            signature: planned.step.function.signature(),
            arguments: measured.run.arguments.clone(),
            ink_per_gas: self.ink_price.ink_per_gas(),
            gas: measured.run.gas,
            parts: measured.run.parts.clone(),
            profile: profile.ok_or(Cause::NotRun)?,
        };
        profile.check()?;
        Ok(profile)
    }

    /// Puts a contract on the chain for the first time.
    fn deploy(&self, artifact: &Artifact) -> Result<(Deployed, Deployment), Cause> {
        let (code, parts) = self.code(artifact)?;
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
                    Cause::Activation(told.unwrap_or(&reason).to_owned())
                }
                CallError::Node(error) => error.into(),
            })?;
        if self.sight.get().is_none() {
            self.sight.set(Some(self.look(activation.transaction_hash)));
        }
        let start = self.start(address)?;
        let deployment = Deployment {
            sizes: sizes(artifact, parts.len()),
            deploy_gas,
            activation_gas: activation.gas(),
            data_fee_wei: fee.to_string(),
            start,
        };
        Ok((Deployed { code, start }, deployment))
    }

    /// What an account is to hold, and the transactions that created what it names.
    fn code(&self, artifact: &Artifact) -> Result<(Vec<u8>, Vec<Receipt>), Cause> {
        let code = &artifact.code;
        if code.len() <= ACCOUNT_LIMIT {
            return Ok((code.clone(), Vec::new()));
        }
        let too_large = Cause::TooLarge { bytes: code.len() };
        let Ok(fragments) = stylus_vm::code::split(code, ACCOUNT_LIMIT) else {
            return Err(too_large);
        };
        if fragments.len() > usize::from(MOST_FRAGMENTS) {
            return Err(too_large);
        }
        // Whoever does not own the chain has to do with what it allows.
        match self.node.allow_fragments(MOST_FRAGMENTS) {
            Ok(()) | Err(CallError::Refused(_)) => {}
            Err(CallError::Node(error)) => return Err(error.into()),
        }
        let receipts = fragments
            .iter()
            .map(|fragment| self.create(fragment))
            .collect::<Result<Vec<_>, _>>()?;
        let addresses = receipts
            .iter()
            .map(created)
            .collect::<Result<Vec<_>, _>>()?;
        let length = u32::try_from(artifact.wasm.len()).map_err(|_| too_large)?;
        Ok((stylus_vm::code::root(length, &addresses), receipts))
    }

    fn create(&self, code: &[u8]) -> Result<Receipt, Cause> {
        let request = TransactionRequest::default().with_deploy_code(node::init(code));
        self.submit(&self.node.payer(), request, "")
    }

    /// What this node tells of a transaction.
    fn look(&self, transaction: B256) -> Sight {
        if self.node.trace_gas(transaction, None).is_ok() {
            Sight::Everything
        } else if self.node.trace_hostios(transaction).is_ok() {
            Sight::Hostios
        } else {
            Sight::Receipts
        }
    }

    /// What each call of a program pays before it begins.
    fn start(&self, program: Address) -> Result<StartGas, Cause> {
        let [uncached, cached] = self.node.start_gas(program)?;
        let pages = self.node.footprint(program)?;
        Ok(StartGas {
            uncached,
            cached,
            repeated: self.repeated_start(program),
            pages,
            page_gas: self.memory.cost(pages, PageCounters::default()),
        })
    }

    /// What the second call in one block pays, on a node for development: two calls that the program refuses at once, or not.
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

    /// A fresh deployment with all that a call needs.
    fn stage<'p>(
        &self,
        plan: &'p Plan,
        deployed: &Deployed,
        planned: Option<&PlannedCall>,
    ) -> Result<Stage<'p>, Cause> {
        let contract = created(&self.create(&deployed.code)?)?;
        let payer = self.node.payer();
        let mut addresses = BTreeMap::from([
            (CONTRACT.to_owned(), contract),
            (DEPLOYER.to_owned(), payer.address()),
        ]);
        for name in plan.accounts(planned) {
            let address = Account::named(&name).address();
            addresses.insert(name, address);
        }
        let mut stage = Stage {
            plan,
            contract,
            accounts: BTreeMap::from([(Sender::Deployer, payer)]),
            words: Words::new(addresses),
            start: deployed.start,
        };
        let Some(planned) = planned else {
            return Ok(stage);
        };
        let setup = plan.setup.iter().chain(&planned.setup);
        let steps: Vec<(&Step, u64)> = setup
            .map(|step| (step, 1))
            .chain([(&planned.step, planned.runs().len() as u64)])
            .collect();
        self.fund(&mut stage, &steps)?;
        let constructor = plan.constructor.iter();
        for step in constructor.chain(&plan.setup).chain(&planned.setup) {
            self.set_up(&stage, step)?;
        }
        Ok(stage)
    }

    /// Makes every sender able to send what it is to send.
    fn fund(&self, stage: &mut Stage<'_>, steps: &[(&Step, u64)]) -> Result<(), Cause> {
        let mut needs: BTreeMap<Sender, (u64, U256)> = BTreeMap::new();
        for (step, times) in steps {
            let (transactions, value) = needs.entry(step.from.clone()).or_default();
            *transactions += times;
            *value = value.saturating_add(step.value.saturating_mul(U256::from(*times)));
        }
        for (sender, (transactions, value)) in needs {
            let account = match &sender {
                Sender::Deployer => continue,
                Sender::Named(name) => Account::named(name),
                Sender::Address(address) => Account::Impersonated(*address),
            };
            self.node
                .prepare(&account, transactions, value)
                .map_err(|error| Cause::Setup {
                    step: format!("giving funds to {sender}"),
                    place: String::new(),
                    reason: error_text(&error),
                })?;
            stage.accounts.insert(sender, account);
        }
        Ok(())
    }

    fn set_up(&self, stage: &Stage<'_>, step: &Step) -> Result<(), Cause> {
        let name = step.function.signature();
        let failed = |reason| Cause::Setup {
            step: format!("the setup call {name}"),
            place: place(stage.plan, step, &[]),
            reason,
        };
        let (account, request) = stage.request(step, &stage.words)?;
        let receipt = self.submit(&account, request.clone(), "")?;
        match receipt.succeeded() {
            true => Ok(()),
            false => Err(failed(reason(&self.node.ask_as(request)?))),
        }
    }

    fn call(
        &self,
        plan: &Plan,
        deployed: &Deployed,
        planned: &PlannedCall,
    ) -> Result<Vec<Measured>, Cause> {
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

    /// Sends one transaction and takes it apart.
    fn run(
        &self,
        stage: &Stage<'_>,
        step: &Step,
        words: &Words,
        reverts: Reverts,
        place: &str,
    ) -> Result<Measured, Cause> {
        let (account, request) = stage.request(step, words)?;
        let calldata = request.input.input().cloned().unwrap_or_default();
        // A receipt has neither a result nor a reason; the same question just before has.
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
                return Err(Cause::OutOfGas {
                    gas: receipt.gas(),
                    place: place(),
                });
            }
            (true, Reverts::Never) => {
                return Err(Cause::Reverts {
                    place: place(),
                    reason: reason(&answer),
                });
            }
            (false, Reverts::Always) => return Err(Cause::DoesNotRevert { place: place() }),
            _ => {}
        }
        let told = Told {
            receipt: &receipt,
            calldata: &calldata,
            offered: node::GAS_LIMIT,
            steps: steps.as_deref(),
            trace: trace.as_ref(),
            start: stage.start,
            ink_price: self.ink_price,
        };
        let account = self::account(&told)?;
        let output = match &answer {
            Answer::Returns(output) => crate::plan::shown_output(&step.function, output),
            Answer::Fails { reason, data } if data.is_empty() => reason.clone(),
            Answer::Fails { data, .. } => hex::encode_prefixed(data),
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
    ) -> Result<Receipt, Cause> {
        self.node
            .submit(account, request)
            .map_err(|error| match error {
                CallError::Refused(reason) => Cause::NotTaken {
                    place: place.to_owned(),
                    reason,
                },
                CallError::Node(error) => error.into(),
            })
    }

    fn steps(&self, receipt: &Receipt) -> Result<Option<Vec<HostStep>>, Cause> {
        if self.sight.get() < Some(Sight::Hostios) {
            return Ok(None);
        }
        let steps = self.node.trace_hostios(receipt.transaction_hash);
        Ok(Some(
            steps.map_err(|error| error.unexpected("stylusTracer"))?,
        ))
    }

    fn trace(&self, receipt: &Receipt) -> Result<Option<GasTrace>, Cause> {
        if self.sight.get() < Some(Sight::Everything) {
            return Ok(None);
        }
        let trace = self.node.trace_gas(receipt.transaction_hash, None);
        Ok(Some(
            trace.map_err(|error| error.unexpected("stylusGasTracer"))?,
        ))
    }
}

impl Stage<'_> {
    /// A step as a transaction, and who sends it.
    fn request(&self, step: &Step, words: &Words) -> Result<(Account, TransactionRequest), Cause> {
        let account = match self.accounts.get(&step.from) {
            Some(account) => account.clone(),
            // Only a constructor's sender was not prepared: the deployer, who is always there.
            None => return Err(Problem::Sender(step.from.to_string()).into()),
        };
        let input: Bytes = step.input(words)?;
        let request = TransactionRequest::default()
            .with_from(account.address())
            .with_to(self.contract)
            .with_value(step.value)
            .with_input(input);
        Ok((account, request))
    }
}

/// What a line of a plan came to.
fn call(name: &str, step: &Step, generated: bool, runs: Result<Vec<Run>, Cause>) -> Call {
    Call {
        name: name.to_owned(),
        signature: step.function.signature(),
        generated,
        outcome: match runs {
            Ok(runs) => Outcome::Runs(runs),
            Err(cause) => Outcome::Failure(cause.to_string()),
        },
    }
}

/// Where something went wrong, in words that follow a verb: the file's line, and the run's variables.
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

fn sizes(artifact: &Artifact, fragments: usize) -> Sizes {
    Sizes {
        built: artifact.sizes.built,
        processed: artifact.sizes.processed,
        code: artifact.sizes.code,
        account_limit: Size(ACCOUNT_LIMIT as u64),
        fragments_limit: Size(ACCOUNT_LIMIT as u64 * u64::from(MOST_FRAGMENTS)),
        processed_limit: Size(PROCESSED_LIMIT),
        accounts: u32::try_from(fragments).unwrap_or(u32::MAX).max(1),
    }
}

/// Why a transaction failed, as far as the same question just before or after it has the reason.
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

/// Not more of an output than a reader can use.
fn shorten(output: &str) -> String {
    let mut characters = output.chars();
    let head: String = characters.by_ref().take(OUTPUT_CHARACTERS).collect();
    match characters.count() {
        0 => head,
        more => format!("{head}… ({more} characters more)"),
    }
}

#[cfg(test)]
mod tests {
    use stylus_vm::ArbOs;

    use super::*;
    use crate::node::Target;
    use crate::plan;

    /// Counts its calls in a slot, grows by as many pages as its input's last byte says, returns its input; reverts where that
    /// byte is 99, and never ends where it is 98.
    const PROGRAM: &str = r#"(module
        (import "vm_hooks" "read_args" (func $read_args (param i32)))
        (import "vm_hooks" "write_result" (func $write_result (param i32 i32)))
        (import "vm_hooks" "storage_load_bytes32" (func $load (param i32 i32)))
        (import "vm_hooks" "storage_cache_bytes32" (func $cache (param i32 i32)))
        (import "vm_hooks" "storage_flush_cache" (func $flush (param i32)))
        (import "vm_hooks" "pay_for_memory_grow" (func $pay_for_memory_grow (param i32)))
        (memory (export "memory") 1)
        (func (export "user_entrypoint") (param $len i32) (result i32) (local $byte i32)
            (call $pay_for_memory_grow (i32.const 0))
            (call $read_args (i32.const 1024))
            (local.set $byte (i32.load8_u (i32.add (i32.const 1023) (local.get $len))))
            (if (i32.eq (local.get $byte) (i32.const 98)) (then (loop $forever (br $forever))))
            (call $load (i32.const 0) (i32.const 32))
            (i32.store8 (i32.const 63) (i32.add (i32.const 1) (i32.load8_u (i32.const 63))))
            (call $cache (i32.const 0) (i32.const 32))
            (call $flush (i32.const 0))
            (drop (memory.grow (local.get $byte)))
            (call $write_result (i32.const 1028) (i32.sub (local.get $len) (i32.const 4)))
            (i32.eq (local.get $byte) (i32.const 99))))"#;

    fn artifact(wat: &str) -> Artifact {
        Artifact::new(&wat::parse_str(wat).unwrap()).unwrap()
    }

    fn plan_of(text: &str) -> Plan {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(plan::FILE);
        std::fs::write(&path, text).unwrap();
        plan::load(&path).unwrap().unwrap()
    }

    fn measure(sight: Option<Sight>, wat: &str, plan: &str) -> Contract {
        let node = Node::connect(&Target::Embedded(ArbOs::LAST)).unwrap();
        let bench = Bench::new(&node).unwrap();
        bench.sight.set(sight);
        bench.measure("it", &artifact(wat), &plan_of(plan), None).0
    }

    const PLAN: &str = r#"
        [[setup]]
        call = "grow(uint256)"
        args = [1]
        from = "alice"
        [[call]]
        call = "grow(uint256) returns (uint256)"
        args = ["{n}"]
        from = "bob"
        for = { n = "0..8 step 3" }
        repeat = 2
        [[call]]
        name = "from an address"
        call = "grow(uint256)"
        args = [5]
        from = "0x00000000000000000000000000000000000000aa"
        [[call]]
        name = "reverting"
        call = "grow(uint256)"
        args = [99]
        reverts = true
    "#;

    /// Theorem: what a node tells less of is the same where it tells it, and parts add up to the receipt on every node.
    #[test]
    fn nodes_that_tell_less_tell_the_same() {
        let whole = measure(Some(Sight::Everything), PROGRAM, PLAN);
        let hostios = measure(Some(Sight::Hostios), PROGRAM, PLAN);
        let receipts = measure(Some(Sight::Receipts), PROGRAM, PLAN);
        for contract in [&whole, &hostios, &receipts] {
            assert_eq!(contract.failures().collect::<Vec<_>>(), [""; 0]);
        }
        let price = InkPrice::DEFAULT.ink_per_gas();
        let mut runs = 0;
        for (index, call) in whole.calls.iter().enumerate() {
            for (run, of_whole) in call.runs().iter().enumerate() {
                runs += 1;
                let of_hostios = &hostios.calls[index].runs()[run];
                let of_receipts = &receipts.calls[index].runs()[run];
                // What is lost as ink becomes whole gas cannot be told from instructions there.
                let mut of_hostios = of_hostios.clone();
                let parts = &mut of_hostios.parts;
                parts.rounding = of_whole.parts.rounding;
                parts.wasm = parts.wasm - parts.rounding;
                assert_eq!(&of_hostios, of_whole, "{}", call.name);
                assert_eq!(of_receipts.gas, of_whole.gas);
                assert!(of_receipts.parts.unseen > Gas::ZERO);
                for told in [of_whole, &of_hostios, of_receipts] {
                    assert_eq!(told.parts.total(price), Some(told.gas));
                }
            }
        }
        assert_eq!(runs, 6 + 1 + 1);
    }

    #[test]
    fn calls_start_anew_and_their_runs_follow_each_other() {
        let contract = measure(None, PROGRAM, PLAN);
        let grow = &contract.calls[0];
        let outputs: Vec<_> = grow.runs().iter().map(|run| run.output.as_str()).collect();
        assert_eq!(outputs, ["0", "0", "3", "3", "6", "6"]);
        let peaks: Vec<_> = grow.runs().iter().map(|run| run.peak_pages.0).collect();
        assert_eq!(peaks, [1, 1, 4, 4, 7, 7]);
        // The setup has written the slot already: no run pays for the first write.
        let flush = |run: &Run| run.parts.hostios["storage_flush_cache"].ink;
        assert!(
            grow.runs()
                .iter()
                .all(|run| flush(run) == flush(&grow.runs()[0]))
        );
        assert!(contract.calls[2].runs()[0].reverted);
        let start = contract.deployment.unwrap().start;
        assert_eq!(start.repeated, Some(start.cached));
        assert!(
            grow.runs()
                .iter()
                .all(|run| run.parts.start == start.uncached)
        );
    }

    fn check_failure(plan: &str, expected: &str) {
        let contract = measure(None, PROGRAM, plan);
        let failures: Vec<_> = contract.failures().collect();
        assert_eq!(failures.len(), 1, "{failures:?}");
        assert!(
            failures[0].contains(expected),
            "{} has no {expected}",
            failures[0]
        );
        assert!(!failures[0].contains('\n'), "{}", failures[0]);
    }

    #[test]
    fn what_goes_wrong_is_said_with_its_line() {
        let call = "[[call]]\ncall = \"grow(uint256)\"\n";
        check_failure(
            &format!("{call}args = [99]\n"),
            "it, grow: the call reverts (gas-bench.toml line 1): ",
        );
        check_failure(
            &format!("{call}args = [1]\nreverts = true\n"),
            "the call was to revert (gas-bench.toml line 1) and does not",
        );
        check_failure(
            &format!("{call}args = [\"{{n}}\"]\nfor = {{ n = [1, 98] }}\n"),
            "the call runs out of its 32000000 gas (gas-bench.toml line 1, n = 98)",
        );
        check_failure(
            &format!("[[setup]]\ncall = \"grow(uint256)\"\nargs = [99]\n{call}args = [1]\n"),
            "the setup call grow(uint256) fails (gas-bench.toml line 1): ",
        );
        let refused = measure(None, "(module (memory (export \"memory\") 1))", PLAN);
        let refused: Vec<_> = refused.failures().collect();
        assert!(
            refused[0].starts_with("it: the chain refuses the program: "),
            "{refused:?}"
        );
    }

    /// Theorem: a program of more than 24 KB is cut into fragments, and runs as any other.
    #[test]
    fn large_programs_are_cut_into_fragments() {
        // Bytes that no compression makes smaller, as digits in text; the segment is never read.
        let mut state = 1_u64;
        let noise: String = (0..30_000)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                format!("\\{:02x}", state >> 56)
            })
            .collect();
        let data = format!("(data (i32.const 4096) \"{noise}\"))");
        let large = PROGRAM.trim_end().strip_suffix(')').unwrap().to_owned() + &data;
        let contract = measure(None, &large, PLAN);
        assert_eq!(contract.failures().collect::<Vec<_>>(), [""; 0]);
        assert_eq!(contract.deployment.unwrap().sizes.accounts, 2);
    }
}
