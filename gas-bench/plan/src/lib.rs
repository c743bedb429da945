//! What to call in a contract: a plan, read from a file beside the contract or derived from its ABI.
//!
//! Lives here: a plan, its calls, and what both need before anything is sent. Not here: one transaction (`step`), reading the file
//! (`file`), interfaces (`interface`), generating arguments (`generate`), values of Solidity types (`value`,
//! `types`), sending transactions (`cargo-gas-bench`).
#![doc = include_str!("../README.md")]

mod call;
pub mod dispatch;
mod file;
mod generate;
mod interface;
mod step;
mod types;
mod value;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use alloy_json_abi::Function;
use alloy_primitives::{Address, Bytes, Selector};

use stylus_cargo::input::MOST_BRACKETS;

pub use call::{CallError, call};
pub use file::{FILE, load};
pub use generate::constructor_with_made_up_arguments;
pub use generate::from_interface;
pub use interface::{Declared, Interface, InterfaceError};
pub use step::selector;
pub use step::{Sender, Sends, Step};
pub use value::Argument;
use value::ValueError;

/// The function that initialises a contract, once (the SDK's name for it).
const CONSTRUCTOR: &str = "stylus_constructor";

/// A plan that cannot be carried out as written.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The file exists but cannot be read.
    #[error("{} cannot be read: {source}; make it a file that you may read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why it could not be read.
        source: std::io::Error,
    },
    /// Something in the file is wrong.
    #[error("{} line {line}: {}", path.display(), brief(problem))]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong, and what would be right.
        problem: Problem,
    },
}

/// What is wrong, without the middle of what it quotes if that has no end: the advice stands behind it.
fn brief(problem: &Problem) -> String {
    const KEPT: usize = 1_000;
    let said: Vec<char> = problem.to_string().chars().collect();
    match said.len() > 2 * KEPT {
        true => said[..KEPT]
            .iter()
            .chain(&['…'])
            .chain(&said[said.len() - KEPT..])
            .collect(),
        false => said.into_iter().collect(),
    }
}

/// What is wrong with a line of a plan.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Problem {
    /// The file is not TOML, or has an unknown key.
    #[error("{0}")]
    Syntax(String),
    /// The file has more opening brackets than the parser is given.
    #[error("the plan has more than {MOST_BRACKETS} opening brackets; divide it")]
    Brackets,
    /// A function signature is malformed.
    #[error(
        "`{text}` is not a function: {reason}; write it like `transfer(address,uint256) returns (bool)`"
    )]
    Signature {
        /// The text as written.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The constructor has arguments without declared types.
    #[error(
        "the constructor's arguments have no types; add a line like `signature = \"constructor(address,uint256)\"`"
    )]
    ConstructorTypes,
    /// A call has too many or too few arguments.
    #[error("`{function}` takes {takes} but is given {given}")]
    Count {
        /// The function.
        function: String,
        /// How many arguments it takes, in words.
        takes: String,
        /// How many it is given.
        given: usize,
    },
    /// An argument does not fit its type.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// The text is not an amount.
    #[error("`{0}` is not an amount; write it like `0.1 ether`, `5 gwei` or a number of wei")]
    Amount(String),
    /// The text is not a sender.
    #[error("`{0}` is not a sender; write an account's name in lower-case letters, or an address")]
    Sender(String),
    /// The text is not a time span.
    #[error("`{0}` is not a span of time; write it like `90 seconds`, `1 hour` or `30 days`")]
    Wait(String),
    /// The text is not calldata.
    #[error("`{0}` is not calldata; write it in hexadecimal digits, such as `0x1234`")]
    Calldata(String),
    /// A call has both a function with arguments and raw calldata.
    #[error(
        "`calldata` is sent as it stands: write it alone or with `call = \"fallback()\"`, without `args`"
    )]
    Both,
    /// A call has neither a function nor calldata.
    #[error("it says neither what to `call` nor which `calldata` to send")]
    Neither,
    /// A call names another contract that the plan does not define.
    #[error("there is no [[contract]] `{0}` in this plan, and it is not an address")]
    NoContract(String),
    /// The plan names both kinds of chain to fork from.
    #[error("a plan starts from a `fork` or from a `record`, not from both")]
    TwoForks,
    /// Another contract has a wrong name, or not exactly one source of code.
    #[error(
        "a [[contract]] has a `name` of its own in lower-case letters, and one of `package`, `wasm` and `bytecode`"
    )]
    Contract,
    /// Two other contracts have the same name.
    #[error("there are two [[contract]] `{0}`; give each a `name` of its own")]
    ContractTwice(String),
    /// The text is not a range.
    #[error("`{0}` is not a range; write it like `1..=10` or `0..100 step 10`, or list the values")]
    Range(String),
    /// The text cannot be a variable's name.
    #[error(
        "`{0}` cannot be a variable's name: it must be a lower-case word that is not the name of an account in use"
    )]
    Variable(String),
    /// A variable stands in none of the call's arguments.
    #[error(
        "no argument of the call has the variable `{0}`: write it in braces into one, or remove it and use `repeat` for several runs"
    )]
    Unused(String),
    /// A call makes no run.
    #[error("`repeat = 0` makes no run; write a larger number, or remove the call")]
    NoRun,
    /// A call makes too many runs.
    #[error(
        "`{0}` makes more than {MOST_RUNS} runs; use shorter ranges, a larger `step` or a smaller `repeat`"
    )]
    Runs(String),
    /// A call's name has no end.
    #[error("the call's name has more than {MOST_LETTERS} bytes; give it a shorter `name`")]
    LongName,
    /// Two calls have the same name.
    #[error("there are two calls `{0}`; give each a `name` of its own")]
    Twice(String),
    /// The plan has no call.
    #[error("there is no [[call]]; add one, or remove the file to use the exported ABI")]
    Empty,
}

/// The most bytes of a call's name: every table and plot has it.
const MOST_LETTERS: usize = 1_000;

/// The most runs one call can make: more would show nothing new.
const MOST_RUNS: u64 = 1_000;

/// The calls to make in one contract.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Plan {
    /// The file it was read from, if any.
    pub path: Option<PathBuf>,
    /// Other contracts it needs, in the order of their deployment.
    pub others: Vec<Other>,
    /// The constructor's step, if there is a constructor.
    pub constructor: Option<Step>,
    /// Steps sent before each call; every call gets its own contract.
    pub setup: Vec<Step>,
    /// The calls to measure.
    pub calls: Vec<PlannedCall>,
    /// Functions left out, and why: a sentence each.
    pub left_out: Vec<LeftOut>,
    /// Why only a chain configured for debugging accepts the contract, if that is so.
    pub debug_only: Option<String>,
    /// The signatures of the contract's errors, as far as it declares them.
    pub errors: Vec<String>,
    /// The chain that an embedded devnet forks, if any.
    pub fork: Option<Fork>,
}

/// Another chain to fork, so that the plan's calls can reach its contracts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fork {
    /// A node serves it.
    Node {
        /// Its URL, or `$NAME` for the value of the environment variable NAME, which keeps keys out of the plan.
        url: String,
        /// The block to fork at; the newest if `None`.
        block: Option<u64>,
    },
    /// A recording holds it.
    Recording(PathBuf),
}

/// A contract that the plan needs in addition to the measured one.
#[derive(Clone, PartialEq, Debug)]
pub struct Other {
    /// Its name in the plan, which stands for its address.
    pub name: String,
    /// Where its code comes from.
    pub made_of: MadeOf,
    /// The constructor's step, if there is a constructor.
    pub constructor: Option<Step>,
    /// The code to deploy, once it is built.
    pub code: Option<Code>,
}

/// The code to deploy for one of a plan's other contracts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Code {
    /// A compressed program behind its prefix, and its decompressed length in bytes.
    Program {
        /// The code as stored in accounts.
        code: Vec<u8>,
        /// Bytes of the module.
        length: usize,
    },
    /// Init code for the EVM, without constructor arguments.
    Evm(Bytes),
}

/// Where a contract's code comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MadeOf {
    /// A package of the same workspace.
    Package(String),
    /// A module, in a file.
    Wasm(PathBuf),
    /// EVM init code as hexadecimal digits, in a file.
    Bytecode(PathBuf),
}

/// A function that is not called.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeftOut {
    /// The function as the ABI writes it.
    pub signature: String,
    /// Why: a sentence.
    pub reason: String,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.signature, self.reason)
    }
}

/// One call to measure.
#[derive(Clone, PartialEq, Debug)]
pub struct PlannedCall {
    /// Its name, unique within the plan.
    pub name: String,
    /// The transaction to send.
    pub step: Step,
    /// Variables and their values; every combination is a run, the last variable changing fastest.
    variables: Vec<(String, Vec<String>)>,
    /// How often each combination is sent.
    repeat: u32,
    /// Whether it reverts: a call must if the plan says so, and can if its arguments were generated.
    pub reverts: Reverts,
    /// Steps sent before it, in addition to the plan's own setup.
    pub setup: Vec<Step>,
    /// Whether the arguments were generated.
    pub generated: bool,
}

/// The expected outcome of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Reverts {
    /// It succeeds.
    #[default]
    Never,
    /// It reverts.
    Always,
    /// It does either.
    Perhaps,
}

/// The values of words in braces while a step is carried out.
#[derive(Clone, Debug, Default)]
pub struct Words {
    addresses: BTreeMap<String, Address>,
    variables: BTreeMap<String, String>,
    now: u64,
}

impl Words {
    /// Creates words for these addresses.
    pub fn new(addresses: BTreeMap<String, Address>) -> Self {
        Self {
            addresses,
            variables: BTreeMap::new(),
            now: 0,
        }
    }

    /// The address for which a word stands.
    pub fn address(&self, word: &str) -> Option<Address> {
        self.addresses.get(word).copied()
    }

    /// A copy with a different time, in seconds since 1970.
    #[must_use]
    pub fn at(&self, now: u64) -> Self {
        Self {
            now,
            ..self.clone()
        }
    }

    /// A copy with the values of one run's variables.
    #[must_use]
    pub fn with(&self, variables: &BTreeMap<String, String>) -> Self {
        Self {
            addresses: self.addresses.clone(),
            variables: variables.clone(),
            now: self.now,
        }
    }

    /// Whether a word stands for an address rather than a variable or the time.
    fn is_account(&self, word: &str) -> bool {
        self.addresses.contains_key(word) && !self.variables.contains_key(word)
    }

    fn get(&self, word: &str) -> Option<String> {
        let variable = self.variables.get(word).cloned();
        let variable = variable.or_else(|| (word == NOW).then(|| self.now.to_string()));
        variable.or_else(|| Some(self.addresses.get(word)?.to_checksum(None)))
    }
}

/// The word for the measured contract's address.
pub const CONTRACT: &str = "contract";

/// The word for the deployer's address.
pub const DEPLOYER: &str = "deployer";

/// The word for the time of the last block before a step, in seconds since 1970.
pub const NOW: &str = "now";

impl PlannedCall {
    /// The variables of each run, in order.
    pub fn runs(&self) -> Vec<BTreeMap<String, String>> {
        let mut runs = vec![BTreeMap::new()];
        for (name, values) in &self.variables {
            runs = runs
                .into_iter()
                .flat_map(|run| {
                    values.iter().map(move |value| {
                        let mut run = run.clone();
                        run.insert(name.clone(), value.clone());
                        run
                    })
                })
                .collect();
        }
        runs.into_iter()
            .flat_map(|run| std::iter::repeat_n(run, self.repeat as usize))
            .collect()
    }

    fn count(&self) -> u64 {
        let combinations = self.variables.iter().map(|(_, values)| values.len() as u64);
        combinations.fold(u64::from(self.repeat), u64::saturating_mul)
    }
}

impl Plan {
    /// Creates a call that is not in the plan, on a contract set up by the plan.
    ///
    /// # Errors
    /// If `signature` is not a function, or the arguments do not fit its types.
    pub fn own_call(&self, signature: &str, arguments: &[String]) -> Result<PlannedCall, Problem> {
        let arguments = arguments.iter().cloned().map(Argument::Text).collect();
        let step = Step::new(Sends::of(signature, arguments)?);
        let call = PlannedCall {
            name: step.name(),
            step,
            variables: Vec::new(),
            repeat: 1,
            reverts: Reverts::Perhaps,
            setup: Vec::new(),
            generated: false,
        };
        let plan = Self {
            calls: vec![call.clone()],
            ..self.clone()
        };
        plan.check().map_err(|(_, problem)| problem)?;
        Ok(call)
    }

    /// The names of all generated accounts in the plan, and in an extra call that need not belong to it.
    pub fn accounts(&self, call: Option<&PlannedCall>) -> Vec<String> {
        let own = self.steps();
        let mut names: Vec<_> = own
            .chain(call.map(|call| (&call.step, Some(call))))
            .flat_map(|(step, call)| {
                let variables = call.map_or(&[][..], |call| &call.variables);
                step.words().filter(move |word| {
                    let is_variable = variables.iter().any(|(name, _)| name == word);
                    !is_variable && !self.is_reserved(word)
                })
            })
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// Every function that the plan calls in the contract `on`, or in the measured contract if `on` is `None`.
    pub fn functions(&self, on: Option<&str>) -> impl Iterator<Item = &Function> {
        let own = self.constructor.iter().chain(&self.setup).chain(
            self.calls
                .iter()
                .flat_map(|call| call.setup.iter().chain([&call.step])),
        );
        own.filter(move |step| step.on.as_deref() == on)
            .filter_map(Step::function)
    }

    /// The selectors with which raw calldata sent to the measured contract begins.
    pub fn raw_selectors(&self) -> impl Iterator<Item = Selector> {
        let calls = self.calls.iter().filter(|call| call.step.on.is_none());
        calls.filter_map(|call| call.step.raw_selector())
    }

    /// The files that it names.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        let recording = match &self.fork {
            Some(Fork::Recording(file)) => Some(file.as_path()),
            _ => None,
        };
        let of_others = self.others.iter().filter_map(|it| match &it.made_of {
            MadeOf::Wasm(file) | MadeOf::Bytecode(file) => Some(file.as_path()),
            MadeOf::Package(_) => None,
        });
        of_others.chain(recording)
    }

    /// Leaves out the calls for which `reason` returns a reason.
    pub fn leave_out(&mut self, reason: &dyn Fn(&Function) -> Option<String>) {
        let left_out = &mut self.left_out;
        self.calls.retain(|call| {
            let reason = call.step.function().and_then(reason);
            let is_kept = reason.is_none();
            left_out.extend(reason.map(|reason| LeftOut {
                signature: call.step.signature(),
                reason,
            }));
            is_kept
        });
    }

    /// The other contract that the plan calls `name`.
    fn other(&self, name: &str) -> Option<&Other> {
        self.others.iter().find(|it| it.name == name)
    }

    /// Whether a word stands for something other than an account.
    fn is_reserved(&self, word: &str) -> bool {
        [CONTRACT, DEPLOYER, NOW].contains(&word) || self.others.iter().any(|it| it.name == word)
    }

    /// Every step; the one that a call measures comes with that call.
    fn steps(&self) -> impl Iterator<Item = (&Step, Option<&PlannedCall>)> {
        let of_others = self.others.iter().filter_map(|it| it.constructor.as_ref());
        let shared = of_others.chain(&self.constructor).chain(&self.setup);
        let of_calls = self.calls.iter().flat_map(|call| {
            let setup = call.setup.iter().map(|step| (step, None));
            setup.chain([(&call.step, Some(call))])
        });
        shared.map(|step| (step, None)).chain(of_calls)
    }

    /// Checks every step before anything is built or sent: each word in it must stand for some address.
    fn check(&self) -> Result<(), (usize, Problem)> {
        let accounts = self.accounts(None);
        let names = accounts.iter().cloned();
        let names = names.chain([CONTRACT, DEPLOYER].map(str::to_owned));
        let names = names.chain(self.others.iter().map(|it| it.name.clone()));
        let words = Words::new(names.map(|name| (name, Address::ZERO)).collect());
        let mut seen = std::collections::BTreeSet::new();
        // A constructor also takes a row in the report.
        seen.extend(self.constructor.iter().map(|_| "constructor"));
        for call in &self.calls {
            let line = call.step.line;
            if call.name.len() > MOST_LETTERS {
                return Err((line, Problem::LongName));
            }
            if !seen.insert(call.name.as_str()) {
                return Err((line, Problem::Twice(call.name.clone())));
            }
            // A word has one meaning in the whole plan.
            let is_sender =
                |name: &str| matches!(&call.step.from, Sender::Named(from) if from == name);
            let is_taken = |name: &str| {
                is_sender(name) || self.is_reserved(name) || accounts.iter().any(|it| it == name)
            };
            if let Some((name, _)) = call.variables.iter().find(|(name, _)| is_taken(name)) {
                return Err((line, Problem::Variable(name.clone())));
            }
            if call.count() > MOST_RUNS {
                return Err((line, Problem::Runs(call.name.clone())));
            }
        }
        for (step, call) in self.steps() {
            let is_known = |on: &String| self.other(on).is_some() || on.parse::<Address>().is_ok();
            if let Some(on) = step.on.as_ref().filter(|on| !is_known(on)) {
                return Err((step.line, Problem::NoContract(on.clone())));
            }
            if let Sender::Named(name) = &step.from
                && self.other(name).is_some()
            {
                return Err((step.line, Problem::Sender(name.clone())));
            }
            let runs = call.map_or_else(|| vec![BTreeMap::new()], PlannedCall::runs);
            for run in runs {
                step.input(&words.with(&run))
                    .map_err(|problem| (step.line, problem))?;
            }
        }
        Ok(())
    }
}
