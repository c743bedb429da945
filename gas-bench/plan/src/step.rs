//! One transaction of a plan: what is sent, to whom, and by whom.
//!
//! Lives here: a step, and its calldata once words are known. Not here: reading steps (`file`), generating them (`generate`),
//! sending them (`cargo-gas-bench`).

use std::fmt;

use alloy_dyn_abi::JsonAbiExt as _;
use alloy_json_abi::{Function, Param};
use alloy_primitives::{Address, Bytes, Selector, U256, hex};

use super::types::{self, TypeError};
use super::value::{Argument, shown_output};
use super::{CONSTRUCTOR, DEPLOYER, NOW, Problem, Words};

/// Solidity's name for the entry point without calldata.
const RECEIVE: &str = "receive()";

/// Solidity's name for the entry point for calldata that matches no function.
const FALLBACK: &str = "fallback()";

/// The same entry point if it takes the calldata as an argument.
const FALLBACK_OF_BYTES: &str = "fallback(bytes)";

/// The name whose selector is sent to match no function.
const NO_FUNCTION: &str = "noFunctionHasThisName()";

/// How many bytes of raw calldata a name shows.
const SHOWN_BYTES: usize = 8;

/// One transaction of a plan.
#[derive(Clone, PartialEq, Debug)]
pub struct Step {
    /// What is sent.
    pub sends: Sends,
    /// The receiver among the plan's other contracts; the measured contract if `None`.
    pub on: Option<String>,
    /// The sender.
    pub from: Sender,
    /// The value in wei.
    pub value: U256,
    /// How many seconds after the previous step.
    pub wait: u64,
    /// Its line in the plan; 0 if it is not from a file.
    pub(super) line: usize,
}

/// The contents of a transaction.
#[derive(Clone, PartialEq, Debug)]
pub enum Sends {
    /// A function and its arguments.
    Function(Box<Function>, Vec<Argument>),
    /// Empty calldata, for `receive`.
    Receive,
    /// Calldata that matches no function.
    Fallback(Bytes),
    /// Raw calldata.
    Raw(Bytes),
}

/// Who sends a transaction.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Sender {
    /// The account that deploys the contract.
    #[default]
    Deployer,
    /// A generated account, by name.
    Named(String),
    /// An account whose key is not needed.
    Address(Address),
}

impl Sends {
    /// Parses `text` as Solidity means it, called with `arguments`: `receive()` and `fallback()` are not functions there, and have no
    /// selector.
    pub(super) fn of(text: &str, arguments: Vec<Argument>) -> Result<Self, Problem> {
        let bare: String = text.split_whitespace().collect();
        let entry = if is_entry(&bare) {
            bare
        } else {
            // Modifiers behind an entry point do not make it a function.
            let function = function(text)?;
            let signature = function.signature();
            if !is_entry(&signature) {
                return Ok(Self::Function(Box::new(function), arguments));
            }
            signature
        };
        match arguments.len() {
            0 if entry == RECEIVE => Ok(Self::Receive),
            0 => Ok(Self::fallback()),
            given => Err(Problem::Count {
                function: entry,
                takes: "no arguments; `calldata` says what to send".to_owned(),
                given,
            }),
        }
    }

    /// A selector that no function has.
    pub(super) fn fallback() -> Self {
        let selector = alloy_primitives::keccak256(NO_FUNCTION);
        Self::Fallback(Bytes::copy_from_slice(&selector[..4]))
    }
}

/// Whether Solidity means an entry point rather than a function by this signature.
fn is_entry(signature: &str) -> bool {
    [RECEIVE, FALLBACK, FALLBACK_OF_BYTES].contains(&signature)
}

/// Parses a function as Solidity writes it.
pub(super) fn function(text: &str) -> Result<Function, Problem> {
    let refuse = |reason: String| Problem::Signature {
        text: text.to_owned(),
        reason,
    };
    let of_type = |error: TypeError| refuse(error.to_string());
    types::check_text(text).map_err(of_type)?;
    let function = Function::parse(text).map_err(|error| {
        let error = error.to_string();
        let first = error.lines().rfind(|line| {
            let line = line.trim();
            !line.is_empty() && line.chars().any(char::is_alphabetic)
        });
        refuse(first.unwrap_or("it cannot be read").trim().to_owned())
    })?;
    types::check_function(&function).map_err(of_type)?;
    Ok(function)
}

impl Step {
    /// A transaction from the deployer to the measured contract.
    pub(super) fn new(sends: Sends) -> Self {
        Self {
            sends,
            on: None,
            from: Sender::Deployer,
            value: U256::ZERO,
            wait: 0,
            line: 0,
        }
    }

    /// A copy sent to another of the plan's contracts.
    #[must_use]
    pub fn on(&self, name: &str) -> Self {
        Self {
            on: Some(name.to_owned()),
            ..self.clone()
        }
    }

    /// The calldata, once all words are known.
    ///
    /// # Errors
    /// If an argument does not fit its type.
    pub fn input(&self, words: &Words) -> Result<Bytes, Problem> {
        let (function, data) = self.encoded(words)?;
        Ok(match function {
            Some(function) => [selector(function).as_slice(), &data].concat().into(),
            None => data,
        })
    }

    /// The encoded arguments alone, as they follow EVM init code.
    ///
    /// # Errors
    /// As for [`Self::input`].
    pub fn encoded_arguments(&self, words: &Words) -> Result<Bytes, Problem> {
        Ok(self.encoded(words)?.1)
    }

    fn encoded(&self, words: &Words) -> Result<(Option<&Function>, Bytes), Problem> {
        let (function, arguments) = match &self.sends {
            Sends::Function(function, arguments) => (function, arguments),
            Sends::Receive => return Ok((None, Bytes::new())),
            Sends::Fallback(data) | Sends::Raw(data) => return Ok((None, data.clone())),
        };
        let given = arguments.len();
        let inputs = &function.inputs;
        if given != inputs.len() {
            return Err(Problem::Count {
                function: self.signature(),
                takes: count(inputs.len()),
                given,
            });
        }
        let refuse = |reason: String| Problem::Signature {
            text: self.signature(),
            reason,
        };
        let values = inputs
            .iter()
            .zip(arguments)
            .map(|(input, argument)| {
                let ty = types::resolve(input).map_err(|error| refuse(error.to_string()))?;
                Ok(argument.value(&ty, words)?)
            })
            .collect::<Result<Vec<_>, Problem>>()?;
        let data = function.abi_encode_input_raw(&values);
        let data = data.map_err(|error| refuse(error.to_string()))?;
        Ok((Some(function), data.into()))
    }

    /// The function, if the step calls one.
    pub fn function(&self) -> Option<&Function> {
        match &self.sends {
            Sends::Function(function, _) => Some(function),
            Sends::Receive | Sends::Fallback(_) | Sends::Raw(_) => None,
        }
    }

    /// Whether it sends empty calldata for `receive`.
    pub const fn is_receive(&self) -> bool {
        matches!(self.sends, Sends::Receive)
    }

    /// Whether it sends a selector that no function has, and nothing else.
    pub fn is_fallback(&self) -> bool {
        self.sends == Sends::fallback()
    }

    /// The selector of raw calldata, if it has one.
    pub fn raw_selector(&self) -> Option<Selector> {
        match &self.sends {
            Sends::Raw(data) => Some(Selector::from(*data.first_chunk()?)),
            Sends::Function(..) | Sends::Receive | Sends::Fallback(_) => None,
        }
    }

    /// The selector of calldata for the fallback, if it has one.
    pub fn fallback_selector(&self) -> Option<Selector> {
        match &self.sends {
            Sends::Fallback(data) => Some(Selector::from(*data.first_chunk()?)),
            Sends::Function(..) | Sends::Receive | Sends::Raw(_) => None,
        }
    }

    /// Its name if the plan gives none.
    pub fn name(&self) -> String {
        match &self.sends {
            Sends::Function(function, _) => function.name.clone(),
            Sends::Receive => "receive".to_owned(),
            Sends::Fallback(_) => "fallback".to_owned(),
            Sends::Raw(_) => self.signature(),
        }
    }

    /// The function as readers know it.
    pub fn signature(&self) -> String {
        match &self.sends {
            Sends::Function(function, _) if function.name == CONSTRUCTOR => {
                function.signature().replacen(CONSTRUCTOR, "constructor", 1)
            }
            Sends::Function(function, _) => function.signature(),
            Sends::Receive => RECEIVE.to_owned(),
            Sends::Fallback(_) => FALLBACK.to_owned(),
            Sends::Raw(data) if data.len() > SHOWN_BYTES => {
                format!("calldata {}…", hex::encode_prefixed(&data[..SHOWN_BYTES]))
            }
            Sends::Raw(data) => format!("calldata {}", hex::encode_prefixed(data)),
        }
    }

    /// The output, formatted by the function's types if they are known.
    pub fn shown_output(&self, output: &[u8]) -> String {
        match self.function() {
            Some(function) => shown_output(function, output),
            None if output.is_empty() => String::new(),
            None => hex::encode_prefixed(output),
        }
    }

    /// Its line, if it comes from a file.
    pub fn line(&self) -> Option<usize> {
        (self.line > 0).then_some(self.line)
    }

    /// The arguments as written, with words replaced.
    pub fn shown_arguments(&self, words: &Words) -> Vec<String> {
        match &self.sends {
            Sends::Function(_, arguments) => arguments.iter().map(|it| it.shown(words)).collect(),
            Sends::Receive => Vec::new(),
            Sends::Fallback(data) | Sends::Raw(data) => vec![hex::encode_prefixed(data)],
        }
    }

    /// The keys that describe this step in a plan file, a line each.
    pub fn toml(&self) -> Vec<String> {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let call = |text: &str| format!("call = {}", quoted(text));
        let data = |data: &Bytes| format!("calldata = {}", quoted(&hex::encode_prefixed(data)));
        match &self.sends {
            // A function that has the name of an entry point keeps its selector only if written as calldata.
            Sends::Function(function, _) if is_entry(&function.signature()) => {
                self.input(&Words::default()).iter().map(data).collect()
            }
            Sends::Function(function, _) => {
                let outputs: Vec<_> = function.outputs.iter().map(Param::selector_type).collect();
                let returns = match outputs.is_empty() {
                    true => String::new(),
                    false => format!(" returns ({})", outputs.join(",")),
                };
                let arguments = self.toml_arguments();
                let arguments = arguments.map(|arguments| format!("args = {arguments}"));
                let call = call(&format!("{}{returns}", function.signature()));
                [call].into_iter().chain(arguments).collect()
            }
            Sends::Receive => vec![call(RECEIVE)],
            Sends::Fallback(bytes) => vec![call(FALLBACK), data(bytes)],
            Sends::Raw(bytes) => vec![data(bytes)],
        }
    }

    /// Its arguments as a plan file writes them, if it has any.
    pub fn toml_arguments(&self) -> Option<String> {
        match &self.sends {
            Sends::Function(_, arguments) if !arguments.is_empty() => {
                let arguments: Vec<_> = arguments.iter().map(Argument::toml).collect();
                Some(format!("[{}]", arguments.join(", ")))
            }
            _ => None,
        }
    }

    /// Whether its arguments use the current time.
    pub fn asks_for_time(&self) -> bool {
        self.words().any(|word| word == NOW)
    }

    /// Every word in it that stands for an account.
    pub(super) fn words(&self) -> impl Iterator<Item = String> {
        let sender = match &self.from {
            Sender::Named(name) => Some(name.clone()),
            Sender::Deployer | Sender::Address(_) => None,
        };
        let arguments = match &self.sends {
            Sends::Function(_, arguments) => arguments.as_slice(),
            Sends::Receive | Sends::Fallback(_) | Sends::Raw(_) => &[],
        };
        sender
            .into_iter()
            .chain(arguments.iter().flat_map(Argument::words))
    }
}

/// The selector with which calldata for a function begins.
pub fn selector(function: &Function) -> Selector {
    if function.name != CONSTRUCTOR {
        return function.selector();
    }
    // The SDK has one constructor selector, whatever the parameters.
    let bare = Function {
        inputs: Vec::new(),
        ..function.clone()
    };
    bare.selector()
}

fn count(number: usize) -> String {
    match number {
        0 => "no argument".to_owned(),
        1 => "1 argument".to_owned(),
        many => format!("{many} arguments"),
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

#[cfg(test)]
mod tests {
    use super::super::{Interface, file, generate};
    use super::*;

    /// Theorem: a step, written to a file, is read back as the same calldata, even if a function is named like an entry point.
    #[test]
    fn what_is_written_is_read_again() {
        let interface = "interface I { function receive() external; function fallback(bytes calldata it) external; \
                         function set(uint8 it) external returns (bool); receive() external payable; fallback() external; }";
        let plan = generate::from_interface(&Interface::read(interface).unwrap());
        assert_eq!(plan.calls.len(), 5);
        for planned in &plan.calls {
            let text = format!("[[call]]\n{}\n", planned.step.toml().join("\n"));
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), &text).unwrap();
            let read = file::load(file.path()).unwrap().unwrap();
            let words = Words::default();
            let (written, read) = (planned.step.input(&words), read.calls[0].step.input(&words));
            assert_eq!(written, read, "{text}");
        }
    }
}
