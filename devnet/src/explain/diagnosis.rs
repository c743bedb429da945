//! What an explanation means: the reason in a sentence, and the source lines that it concerns.
//!
//! Lives here: selecting what to report, and deriving it from host calls, input and lines. Not here: how it is displayed.
//!
//! Everything is derived from what was observed. If two reasons are possible, the sentence says so.

use std::collections::BTreeMap;

use alloy_dyn_abi::DynSolType;
use alloy_primitives::{Selector, U256, hex, keccak256};
use alloy_sol_types::{Panic, SolError as _};
use stylus_vm::explain::{Explanation, HostCall, Location, Position, Reason};
use stylus_vm::lines::{Lines, SourceFrame};
use stylus_vm::text::said;

use super::FailedCall;
use crate::testing::KnownErrors;
use crate::testing::gas::grouped;

/// Prefixes of the names of functions that a panic passes through.
const PANICKING: &[&str] = &[
    "core::panicking::",
    "std::panicking::",
    "__rustc::rust_begin_unwind",
    "rust_begin_unwind",
    "__rustc::rust_panic",
    "rust_panic",
    "alloc::alloc::handle_alloc_error",
    "alloc::raw_vec::handle_error",
    "std::alloc::rust_oom",
    "std::alloc::default_alloc_error_hook",
    "__rustc::__rust_alloc_error_handler",
];

/// Parts of the names of functions that the SDK's macros expand to.
const EXPANDED: &[&str] = &[
    "user_entrypoint",
    "__stylus_",
    " as stylus_sdk::",
    " as stylus_core::",
    " as alloy_sol_types::",
    "<impl alloy_sol_types::",
    "> for alloc::vec::Vec<u8>>::from",
];

/// The most lines that ran last.
const MOST_LINES: usize = 6;

/// The most operators of a block that are searched for a line.
const MOST_OPERATORS: usize = 64;

/// What is known of a contract's ABI; by default nothing.
#[derive(Clone, Default, Debug)]
pub struct Interface {
    /// Signatures by selector.
    functions: BTreeMap<Selector, String>,
    errors: KnownErrors,
}

impl Interface {
    /// Returns an interface of functions and errors with these signatures, such as `transfer(address,uint256)`.
    pub fn new(
        functions: impl IntoIterator<Item = String>,
        errors: impl IntoIterator<Item = String>,
    ) -> Self {
        let functions = functions.into_iter().map(|signature| {
            let hash = keccak256(&signature);
            (Selector::from_slice(&hash[..4]), signature)
        });
        let mut known = KnownErrors::default();
        for error in errors {
            known.learn(error.into());
        }
        Self {
            functions: functions.collect(),
            errors: known,
        }
    }

    /// Describes revert data: `Error(string)` and `Panic(uint256)`, this interface's errors, and those of the chain's own parts.
    pub fn error(&self, data: &[u8]) -> Option<String> {
        self.errors.words(data)
    }
}

/// A position in a source file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The path of the file, as passed to the compiler.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1, if it is known.
    pub column: Option<u32>,
    /// The name of the function.
    pub function: Option<String>,
}

impl Place {
    fn is_line_of(&self, other: &Self) -> bool {
        (self.line, &self.file) == (other.line, &other.file)
    }
}

/// What to report about a failed call.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Diagnosis {
    /// Why it failed, without a full stop.
    pub reason: String,
    /// The line in the contract's own source, outside the functions that panics pass through.
    pub place: Option<Place>,
    /// The contract's own lines that ran last, if the failing code's own line is not known: latest first, and each once. A method that
    /// returns an error is long over when the program ends.
    pub recent: Vec<Place>,
    /// Where the panic message places it, if that is another line.
    pub panicked_at: Option<Place>,
    /// The frames including inlined ones, innermost first.
    pub frames: Vec<SourceFrame>,
    /// Frames left out in the middle of a recursion.
    pub omitted_frames: usize,
    /// Why there are no lines, if a program ran.
    pub without_lines: Option<String>,
}

impl Diagnosis {
    /// Diagnoses a call with its program's lines and its contract's interface.
    pub fn of(call: &FailedCall, lines: Option<&Lines>, interface: &Interface) -> Self {
        let Some(explanation) = &call.explanation else {
            return Self {
                reason: evm(call, interface),
                ..Self::default()
            };
        };
        let frames: Vec<SourceFrame> = match lines {
            Some(lines) => explanation
                .frames
                .iter()
                .flat_map(|position| whole(lines, *position))
                .collect(),
            None => Vec::new(),
        };
        let machinery = frames.iter().rposition(|frame| {
            let name = frame.function.as_deref().unwrap_or_default();
            PANICKING
                .iter()
                .any(|panicking| name.starts_with(panicking))
        });
        let outside = &frames[machinery.map_or(0, |last| last + 1)..];
        let mut place = innermost_own(outside);
        let mut recent = Vec::new();
        // The compiler omits the line for code that belongs to several lines.
        if place.is_none()
            && let Some(lines) = lines
        {
            let failing = explanation.frames.first().into_iter();
            recent = last_own(lines, failing.chain(&explanation.recent));
            place = recent
                .first()
                .cloned()
                .or_else(|| outside.iter().find_map(own));
        }
        let said = explanation.panic.as_ref();
        let said = said.and_then(|panic| panic.location.as_ref());
        let panicked_at = said.filter(|said| !is_same(place.as_ref(), said));
        Self {
            reason: reason(call, explanation, interface),
            recent,
            panicked_at: panicked_at.map(|said| Place {
                file: said.file.clone(),
                line: said.line,
                column: Some(said.column),
                function: None,
            }),
            place,
            frames,
            omitted_frames: explanation.omitted_frames,
            without_lines: lines.is_none().then(|| {
                "lines are unknown: there is no build with debug information whose code is this program's"
                    .to_owned()
            }),
        }
    }

    /// Whether the line belongs to the code that ran last, because the failing code's own line is not known.
    pub const fn is_nearby(&self) -> bool {
        !self.recent.is_empty()
    }

    /// The frames in the contract's own source.
    pub fn own_frames(&self) -> impl Iterator<Item = Place> {
        self.frames.iter().filter_map(own)
    }
}

/// The frames of a position; at least one, which may have only the name of its function.
fn whole(lines: &Lines, position: Position) -> Vec<SourceFrame> {
    let frames = lines.frames(position);
    if !frames.is_empty() {
        return frames;
    }
    let name = lines.names().get(position.function);
    vec![SourceFrame {
        function: Some(
            name.map_or_else(|| format!("function[{}]", position.function), str::to_owned),
        ),
        file: None,
        line: None,
        column: None,
    }]
}

/// The place of a frame, if it has a line in a source outside registries and the standard library.
fn own(frame: &SourceFrame) -> Option<Place> {
    let file = frame.file.as_deref().filter(|file| is_own(file))?;
    Some(Place {
        file: file.to_owned(),
        line: frame.line?,
        column: frame.column,
        function: frame.function.clone(),
    })
}

/// Whether a source is the author's own, or that of a crate next to it: neither a registry's nor the standard library's.
pub fn is_own(file: &str) -> bool {
    let file = file.replace('\\', "/");
    let others = ["/registry/src/", "/git/checkouts/", "/rustlib/src/rust/"];
    !others.iter().any(|other| file.contains(other))
        && !file.starts_with("/rustc/")
        && !file.starts_with("library/")
        && !file.starts_with("/rust/deps/")
}

/// The contract's own lines in the code that ran last, latest first and each once: those that its author wrote, or else one of a macro.
fn last_own<'a>(lines: &Lines, blocks: impl IntoIterator<Item = &'a Position>) -> Vec<Place> {
    let places = blocks.into_iter().filter_map(|block| {
        let operators = lines.block(*block);
        let mut operators = operators.into_iter().take(MOST_OPERATORS);
        operators.find_map(|operator| innermost_own(&lines.frames(operator)))
    });
    let (mut written, mut expanded): (Vec<Place>, _) = (Vec::new(), None);
    for place in places {
        if is_expanded(place.function.as_deref().unwrap_or_default()) {
            expanded = expanded.or(Some(place));
        } else if !written.iter().any(|it| it.is_line_of(&place)) {
            written.push(place);
        }
        if written.len() == MOST_LINES {
            break;
        }
    }
    if written.is_empty() {
        written.extend(expanded);
    }
    written
}

/// Whether a function is what the SDK's macros make of a contract: the way from its entry to its methods, and that of their results back.
/// Whenever a method returns an error, this runs last, and tells nothing of it.
fn is_expanded(function: &str) -> bool {
    EXPANDED.iter().any(|part| function.contains(part))
}

/// The place of the innermost frame in the contract's own source, if it has a line; an outer frame would only be its caller.
fn innermost_own(frames: &[SourceFrame]) -> Option<Place> {
    let is_of_own = |frame: &&SourceFrame| frame.file.as_deref().is_some_and(is_own);
    frames.iter().find(is_of_own).and_then(own)
}

/// Whether a panic message names this place; it may give a shorter path for the file.
fn is_same(place: Option<&Place>, said: &Location) -> bool {
    place.is_some_and(|place| place.line == said.line && place.file.ends_with(&said.file))
}

/// Why a call that ran no program failed.
fn evm(call: &FailedCall, interface: &Interface) -> String {
    if let Some(refusal) = &call.refusal {
        return refusal.clone();
    }
    match call.ending.as_str() {
        "Revert" => match interface.error(&call.output) {
            Some(words) => format!("it reverted: {words}"),
            None if call.output.is_empty() => "it reverted without data".to_owned(),
            None => format!("it reverted with {}", shown(&call.output)),
        },
        ending => ended(ending),
    }
}

/// How a call or a create ended that ran no program, and what to do about it.
fn ended(ending: &str) -> String {
    let words = match ending {
        "OutOfGas"
        | "MemoryOOG"
        | "PrecompileOOG"
        | "InvalidOperandOOG"
        | "ReentrancySentryOOG" => "it ran out of gas",
        "OutOfFunds" => "it sent more wei than there was",
        "OverflowPayment" => "the recipient's balance would exceed 2^256 - 1 wei",
        "CallTooDeep" => "it was more than 1,024 calls deep",
        "OpcodeNotFound" | "InvalidFEOpcode" => {
            "it hit an invalid opcode, as happens when code is deployed without init code that returns it"
        }
        "StateChangeDuringStaticCall" | "CallNotAllowedInsideStatic" => "it wrote in a static call",
        "CreateCollision" => "that address already has a contract",
        "CreateContractSizeLimit" => {
            "its code has more bytes than an account may hold: make it smaller (`cargo gas-bench size` says what takes room), or allow \
             more with --max-code-size"
        }
        "CreateInitCodeSizeLimit" => {
            "its init code is more than twice as long as the longest code allowed"
        }
        "CreateContractStartingWithEF" => {
            "its code begins with 0xef but not with 0xeff00000, as a program's does: deploy programs with `cargo stylus deploy`"
        }
        ending => return format!("it ended with {ending}"),
    };
    words.to_owned()
}

/// Why a program failed.
fn reason(call: &FailedCall, explanation: &Explanation, interface: &Interface) -> String {
    let Some(reason) = &explanation.reason else {
        return match call.ending.as_str() {
            "OutOfGas" => "its return data cost more gas than there was".to_owned(),
            ending => format!("it ended with {ending}"),
        };
    };
    let panic = explanation.panic.as_ref();
    if let Some(message) = panic.and_then(|panic| panic.message.as_ref()) {
        return format!("it panicked: {message}");
    }
    if let Some(allocation) = explanation.allocation {
        return format!(
            "it asked its allocator for {} bytes, and had {} pages of memory",
            grouped(allocation.bytes.into()),
            allocation.pages
        );
    }
    if let Some(range) = explanation.out_of_range {
        return format!(
            "index out of bounds: the len is {} but the index is {}",
            range.len, range.index
        );
    }
    match reason {
        Reason::Revert if call.output.is_empty() => without_data(call, explanation, interface),
        Reason::Revert => match interface.error(&call.output) {
            Some(words) => format!("it reverted: {words}{}", of_nothing(call, explanation)),
            None => format!("it reverted with {}", shown(&call.output)),
        },
        Reason::Unreachable if panic.is_some() => "it panicked".to_owned(),
        Reason::Unreachable => "it aborted, as on a panic whose message is unknown".to_owned(),
        other => other.to_string(),
    }
}

/// What is behind the SDK's generic panic if the call before it returned nothing, preceded by a semicolon; otherwise empty.
fn of_nothing(call: &FailedCall, explanation: &Explanation) -> &'static str {
    const SUCCEEDED_WITHOUT_DATA: [u8; 5] = [0; 5];
    let is_generic = matches!(Panic::abi_decode(&call.output), Ok(panic) if panic.code.is_zero());
    let mut made = explanation.hostios.iter().rev();
    let last = made.find(|made| made.name.ends_with("call_contract"));
    match last {
        Some(last) if is_generic && last.outs[..] == SUCCEEDED_WITHOUT_DATA => {
            "; the contract that it called returned nothing, as an account without code does, and the SDK panics like this if it \
             cannot decode an answer"
        }
        _ => "",
    }
}

/// Why a program returned an error without data: derived from the host calls that the SDK's router makes, and from the input.
fn without_data(call: &FailedCall, explanation: &Explanation, interface: &Interface) -> String {
    let plain = "it returned an error without data";
    let looked_at = ["pay_for_memory_grow", "msg_reentrant"];
    let ending = ["storage_flush_cache", "write_result"];
    let made: Vec<&HostCall> = explanation
        .hostios
        .iter()
        .filter(|made| !looked_at.contains(&made.name.as_ref()))
        .filter(|made| !ending.contains(&made.name.as_ref()))
        .collect();
    let names: Vec<&str> = made.iter().map(|made| made.name.as_ref()).collect();
    let reentered = || {
        let asked = explanation.hostios.iter().rev();
        let mut asked = asked.filter(|made| made.name == "msg_reentrant");
        asked.next().is_some_and(|made| is_nonzero(&made.outs))
    };
    let selector = call.input.first_chunk::<4>().map(|it| Selector::from(*it));
    let function = selector.and_then(|selector| interface.functions.get(&selector));
    if explanation.omitted_hostios > 0 {
        return plain.to_owned();
    }
    match (names.as_slice(), selector, function) {
        ([], ..) if reentered() => {
            "it was entered again while it ran, which it does not allow (the SDK's feature `reentrant`)"
                .to_owned()
        }
        (["read_args"], None, _) if call.input_length == 0 => {
            "it was called without data, and has neither a receive nor a fallback function".to_owned()
        }
        (["read_args"], None, _) => format!(
            "{plain} for input too short for a selector, {} of 4 bytes",
            call.input_length
        ),
        (["read_args"], Some(selector), None) => {
            format!("it has no function with the selector {selector}")
        }
        (["read_args", "msg_value"], _, _) if is_nonzero(&made[1].outs) => {
            let what = function.map_or("a function", String::as_str);
            let value = U256::try_from_be_slice(&made[1].outs).unwrap_or(call.value);
            // A function that takes value can refuse some of it in the same way.
            format!(
                "{what}: {plain} after it looked at the {value} wei that were sent, as a function that is not payable does"
            )
        }
        (_, Some(_), Some(function)) => match malformed(function, call) {
            Some(why) => why,
            // A function that takes value can end so, too.
            None if names == ["read_args"] => format!(
                "{function}: {plain} before it looked at anything, as a contract without such a function does"
            ),
            None => format!("{function}: {plain}"),
        },
        (["read_args", "msg_value"], ..) => format!(
            "its arguments, {} bytes, do not decode, or it returned an error without data",
            call.input_length.saturating_sub(4)
        ),
        _ => plain.to_owned(),
    }
}

/// What is wrong with the arguments of a call to `function`, if they do not decode.
fn malformed(signature: &str, call: &FailedCall) -> Option<String> {
    let types = &signature[signature.find('(')?..];
    let given = call.input.get(4..)?;
    if call.input_length > call.input.len() {
        return None;
    }
    let tuple = DynSolType::parse(types).ok()?;
    let least = match &tuple {
        DynSolType::Tuple(types) => types.iter().map(DynSolType::minimum_words).sum::<usize>() * 32,
        _ => return None,
    };
    if given.len() < least {
        return Some(format!(
            "the arguments of {signature} are too short: {} bytes, of {least} at least",
            given.len()
        ));
    }
    match tuple.abi_decode_params(given) {
        Err(error) => Some(format!(
            "the arguments of {signature} do not decode: {error}"
        )),
        // If re-encoding gives something else, the input had bits set outside its types.
        Ok(value) if !given.starts_with(&value.abi_encode_params()) => Some(format!(
            "the arguments of {signature} have bits outside of their types"
        )),
        Ok(_) => None,
    }
}

fn is_nonzero(bytes: &[u8]) -> bool {
    bytes.iter().any(|byte| *byte != 0)
}

/// Shortens data that nothing can describe; if they are text, it comes first.
fn shown(data: &[u8]) -> String {
    /// An error with two words, which is whole; its ellipsis would say that there is more.
    const MOST: usize = 68;
    /// As much text as a panic's message usually is.
    const MOST_TEXT: usize = 200;
    let digits = match data.split_at_checked(MOST) {
        Some((head, [_, ..])) => format!("{}…", hex::encode_prefixed(head)),
        _ => hex::encode_prefixed(data),
    };
    match said(data) {
        Some(text) => {
            let head: String = text.chars().take(MOST_TEXT).collect();
            let more = if head.len() < text.len() { "…" } else { "" };
            format!("{head:?}{more} ({digits})")
        }
        None => digits,
    }
}
