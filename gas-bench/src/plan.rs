//! What to call in a contract: data that a file beside it holds, or that its ABI suggests.
//!
//! Lives here: a plan, and what its lines come to once addresses are known. Not here: reading the file (`plan::file`), making
//! arguments up (`plan::generate`), values of Solidity's types (`plan::value`), sending anything (`report`).

mod file;
mod generate;
mod value;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use alloy_dyn_abi::{JsonAbiExt as _, Specifier as _};
use alloy_json_abi::{Function, Param};
use alloy_primitives::{Address, Bytes, Selector, U256};

pub use file::{FILE, load};
pub use generate::from_abi;
pub(crate) use value::shown_output;
use value::{Argument, ValueError};

/// The function that makes a contract what it is, once (the SDK's name for it).
const CONSTRUCTOR: &str = "stylus_constructor";

/// A plan cannot be carried out as it is written.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The file is there and cannot be read.
    #[error("{} cannot be read: {source}; make it a file that you may read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Something in the file is wrong.
    #[error("{} line {line}: {problem}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong and what would be right.
        problem: Problem,
    },
}

/// What is wrong with a line of a plan.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Problem {
    /// Not TOML, or a key that means nothing.
    #[error("{0}")]
    Syntax(String),
    /// Not a function.
    #[error(
        "`{text}` is no function: {reason}; write it like `transfer(address,uint256) returns (bool)`"
    )]
    Signature {
        /// What stands there.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Arguments of types that are not said.
    #[error(
        "the constructor's arguments have no types; add a line like `signature = \"constructor(address,uint256)\"`"
    )]
    ConstructorTypes,
    /// Too many or too few arguments.
    #[error("`{function}` takes {takes} and is given {given}")]
    Count {
        /// The function.
        function: String,
        /// How many it takes, in words.
        takes: String,
        /// How many there are.
        given: usize,
    },
    /// An argument that is none of its type.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// Not an amount.
    #[error("`{0}` is no amount; write it like `0.1 ether`, `5 gwei` or a number of wei")]
    Amount(String),
    /// Not a sender.
    #[error("`{0}` is no sender; write an account's name in lower-case letters, or an address")]
    Sender(String),
    /// Not a range.
    #[error("`{0}` is no range; write it like `1..=10` or `0..100 step 10`, or list the values")]
    Range(String),
    /// A variable that cannot have the name.
    #[error(
        "`{0}` cannot be a variable's name: it has to be a lower-case word and not an account's that is used"
    )]
    Variable(String),
    /// Too much of a good thing.
    #[error("`{name}` makes {runs} runs, of {MOST_RUNS} at most; use shorter ranges")]
    Runs {
        /// The call.
        name: String,
        /// How many runs it makes.
        runs: u64,
    },
    /// The name is taken.
    #[error("there are two calls `{0}`; give each a `name` of its own")]
    Twice(String),
    /// A plan without a call.
    #[error("there is no [[call]]; add one, or remove the file and the exported ABI is used")]
    Empty,
}

/// The most runs that one call makes: more say nothing new.
const MOST_RUNS: u64 = 1_000;

/// What to call in one contract.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Plan {
    /// The file that it is from, if it is from one.
    pub path: Option<PathBuf>,
    /// What the contract is made with, where it has a constructor.
    pub constructor: Option<Step>,
    /// What is sent before each call, on a contract of the call's own.
    pub setup: Vec<Step>,
    /// What is measured.
    pub calls: Vec<PlannedCall>,
    /// Functions that are left out, and why: a sentence each.
    pub left_out: Vec<LeftOut>,
}

/// A function that is not called.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeftOut {
    /// How the ABI writes it.
    pub signature: String,
    /// Why: a sentence.
    pub reason: String,
}

/// One transaction of a plan.
#[derive(Clone, PartialEq, Debug)]
pub struct Step {
    /// What is called.
    pub function: Function,
    /// With what.
    arguments: Vec<Argument>,
    /// By whom.
    pub from: Sender,
    /// With how many wei.
    pub value: U256,
    /// Where it stands; 0 where nowhere.
    line: usize,
}

/// Who sends a transaction.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Sender {
    /// Whoever deploys the contract.
    #[default]
    Deployer,
    /// An account made up for the purpose, by name.
    Named(String),
    /// An account whose key nobody needs to know.
    Address(Address),
}

/// One call to be measured.
#[derive(Clone, PartialEq, Debug)]
pub struct PlannedCall {
    /// What it is called: unique in the plan.
    pub name: String,
    /// What is sent.
    pub step: Step,
    /// Variables and their values; every combination is a run, the last variable changing fastest.
    variables: Vec<(String, Vec<String>)>,
    /// How often each combination is sent.
    repeat: u32,
    /// Whether it may revert: it must where the plan says so, and may where the arguments are made up.
    pub reverts: Reverts,
    /// What is sent before, besides the plan's own setup.
    pub setup: Vec<Step>,
    /// Whether the arguments were made up.
    pub generated: bool,
}

/// What a call is expected to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Reverts {
    /// Succeed.
    #[default]
    Never,
    /// Revert.
    Always,
    /// Nobody knows.
    Perhaps,
}

/// What words in braces stand for while a step is carried out.
#[derive(Clone, Debug, Default)]
pub struct Words {
    addresses: BTreeMap<String, Address>,
    variables: BTreeMap<String, String>,
}

impl Words {
    /// Words for these addresses.
    pub fn new(addresses: BTreeMap<String, Address>) -> Self {
        Self {
            addresses,
            variables: BTreeMap::new(),
        }
    }

    /// The same with the values of one run's variables.
    #[must_use]
    pub fn with(&self, variables: &BTreeMap<String, String>) -> Self {
        Self {
            addresses: self.addresses.clone(),
            variables: variables.clone(),
        }
    }

    fn get(&self, word: &str) -> Option<String> {
        let variable = self.variables.get(word).cloned();
        variable.or_else(|| Some(self.addresses.get(word)?.to_checksum(None)))
    }
}

/// The word for the contract's own address.
pub const CONTRACT: &str = "contract";

/// The word for the deployer's address.
pub const DEPLOYER: &str = "deployer";

impl Step {
    /// The calldata, once all words are known.
    ///
    /// # Errors
    /// Where an argument is none of its type.
    pub fn input(&self, words: &Words) -> Result<Bytes, Problem> {
        let given = self.arguments.len();
        let inputs = &self.function.inputs;
        if given != inputs.len() {
            return Err(Problem::Count {
                function: self.function.signature(),
                takes: count(inputs.len()),
                given,
            });
        }
        let values = inputs
            .iter()
            .zip(&self.arguments)
            .map(|(input, argument)| {
                let ty = resolve(input, &self.function)?;
                Ok(argument.value(&ty, words)?)
            })
            .collect::<Result<Vec<_>, Problem>>()?;
        let data = self.function.abi_encode_input_raw(&values);
        let data = data.map_err(|error| Problem::Signature {
            text: self.function.signature(),
            reason: error.to_string(),
        })?;
        Ok([self.selector().as_slice(), &data].concat().into())
    }

    /// What the calldata begins with.
    fn selector(&self) -> Selector {
        if self.function.name != CONSTRUCTOR {
            return self.function.selector();
        }
        // The SDK knows one constructor, whatever it takes.
        let bare = Function {
            inputs: Vec::new(),
            ..self.function.clone()
        };
        bare.selector()
    }

    /// The function as a reader knows it.
    pub fn signature(&self) -> String {
        let signature = self.function.signature();
        signature.replacen(CONSTRUCTOR, "constructor", 1)
    }

    /// The line that it stands in, where it stands in a file.
    pub(crate) fn line(&self) -> Option<usize> {
        (self.line > 0).then_some(self.line)
    }

    /// The arguments as they are written, words replaced.
    pub fn shown_arguments(&self, words: &Words) -> Vec<String> {
        let shown = |argument: &Argument| argument.shown(words);
        self.arguments.iter().map(shown).collect()
    }

    /// Every word that stands for an account in it.
    fn words(&self) -> impl Iterator<Item = String> {
        let sender = match &self.from {
            Sender::Named(name) => Some(name.clone()),
            Sender::Deployer | Sender::Address(_) => None,
        };
        sender
            .into_iter()
            .chain(self.arguments.iter().flat_map(Argument::words))
    }
}

fn count(number: usize) -> String {
    match number {
        0 => "no argument".to_owned(),
        1 => "1 argument".to_owned(),
        many => format!("{many} arguments"),
    }
}

fn resolve(input: &Param, function: &Function) -> Result<alloy_dyn_abi::DynSolType, Problem> {
    input.resolve().map_err(|error| Problem::Signature {
        text: function.signature(),
        reason: error.to_string(),
    })
}

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
    /// A call that the plan does not have, on a contract as the plan sets it up.
    ///
    /// # Errors
    /// Where `signature` is no function, or the arguments are none of its types.
    pub fn own_call(&self, signature: &str, arguments: &[String]) -> Result<PlannedCall, Problem> {
        let step = Step {
            function: file::function(signature)?,
            arguments: arguments.iter().cloned().map(Argument::Text).collect(),
            from: Sender::Deployer,
            value: U256::ZERO,
            line: 0,
        };
        let call = PlannedCall {
            name: step.function.name.clone(),
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

    /// The names of all made-up accounts that the plan speaks of, and a call that need not be the plan's own.
    pub fn accounts(&self, call: Option<&PlannedCall>) -> Vec<String> {
        let own = self.steps();
        let mut names: Vec<_> = own
            .chain(call.map(|call| (&call.step, Some(call))))
            .flat_map(|(step, call)| {
                let variables = call.map_or(&[][..], |call| &call.variables);
                step.words().filter(move |word| {
                    let is_variable = variables.iter().any(|(name, _)| name == word);
                    !is_variable && word != CONTRACT && word != DEPLOYER
                })
            })
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// Every step, with the call whose own it is.
    fn steps(&self) -> impl Iterator<Item = (&Step, Option<&PlannedCall>)> {
        let shared = self.constructor.iter().chain(&self.setup);
        let of_calls = self.calls.iter().flat_map(|call| {
            let setup = call.setup.iter().map(|step| (step, None));
            setup.chain([(&call.step, Some(call))])
        });
        shared.map(|step| (step, None)).chain(of_calls)
    }

    /// Looks at every step before anything is built or sent: the words in it stand for some address or other.
    fn check(&self) -> Result<(), (usize, Problem)> {
        let names = self.accounts(None).into_iter();
        let names = names.chain([CONTRACT, DEPLOYER].map(str::to_owned));
        let words = Words::new(names.map(|name| (name, Address::ZERO)).collect());
        let mut seen = std::collections::BTreeSet::new();
        // A constructor is a row of the report, too.
        seen.extend(self.constructor.iter().map(|_| "constructor"));
        for call in &self.calls {
            let line = call.step.line;
            if !seen.insert(call.name.as_str()) {
                return Err((line, Problem::Twice(call.name.clone())));
            }
            let runs = call.count();
            if runs > MOST_RUNS {
                let name = call.name.clone();
                return Err((line, Problem::Runs { name, runs }));
            }
        }
        for (step, call) in self.steps() {
            let runs = call.map_or_else(|| vec![BTreeMap::new()], PlannedCall::runs);
            for run in runs {
                step.input(&words.with(&run))
                    .map_err(|problem| (step.line, problem))?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deployer => f.write_str(DEPLOYER),
            Self::Named(name) => f.write_str(name),
            Self::Address(address) => address.fmt(f),
        }
    }
}
