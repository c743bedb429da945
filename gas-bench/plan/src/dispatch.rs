//! Finds the functions that a compiled contract answers, whatever its interface says.
//!
//! Lives here: reading selectors from a module. Not here: the functions they belong to (`dispatch::standards`), how a report uses them
//! (`cargo-gas-bench`).
//!
//! A dispatcher compares calldata with constants, and compilers write these comparisons in many forms: as chains, binary searches or
//! subtractions, through variables, in either byte order, and some compare with a table. So every constant that is an operand of a
//! comparison is a candidate, every large constant is one wherever it occurs, and, if there has to be a table, so is every word of the
//! data. Each is tried: a selector is answered if the program does something different than for both of its neighbours. A constant that
//! is not a selector takes the same path as its neighbours. Each is tried with calldata of several lengths, since some programs check the
//! length first.
//!
//! Compilers also compare byte by byte what the source compares as four bytes, so that no constant is as long as a selector. If the
//! selectors are nowhere, they are spelled: of each byte, the values are followed that the program tells apart from those around them.

mod standards;

use std::cell::Cell;
use std::collections::BTreeSet;

use alloy_primitives::{B256, Bytes, Selector, U256};
use stylus_vm::{
    Access, Account, Activation, ArbOs, Call, CallReply, CallRequest, CompileError, Config,
    CreateReply, CreateRequest, EmptyHost, Engine, EngineError, Environment, Fault, Gas, Host,
    HostFault, Ink, Outcome, PageCounters, Pages, Program, Refusal, Step, Stored, activate,
};
use wasmparser::{BinaryReaderError, Operator, Parser, Payload};

pub use standards::{is_nft, standard};

/// The selector by which the SDK identifies a constructor: that of `stylus_constructor()`.
pub const CONSTRUCTOR: Selector = alloy_primitives::fixed_bytes!("5585258d");

/// Gas for one try: more than a dispatcher takes, and little enough for a program that does not terminate.
const TRY_GAS: Gas = Gas(5_000_000);

/// Gas for one try at a calldata length with which the program does not terminate unless it knows the selector.
const SHORT_TRY_GAS: Gas = Gas(250_000);

/// Gas for all tries together, so that a program that has many constants and terminates for none of them does not take hours.
const MOST_GAS: Gas = Gas(500_000_000);

/// What a host call on storage or accounts counts for at most, among all tries: as much as a warm read. The rest of its price is for a
/// chain's disk, and takes no time here: with it, a fallback that writes two slots would use up [`MOST_GAS`] in a small contract.
const MOST_STATE_GAS: Gas = Gas(100);

/// The host calls on storage and accounts, by the beginnings of their names.
const STATE: [&str; 3] = ["storage_", "transient_", "account_"];

/// The most constants to try. A program of the largest size that chains accept has fewer comparisons.
const MOST_CANDIDATES: usize = 20_000;

/// Constants from here on are rarely lengths, offsets or flags, and so can be selectors wherever they occur.
const LARGE: u32 = 1 << 16;

/// The most values of a byte next to each other that are followed though the program treats them alike: the first bytes of selectors are
/// neighbours at times, and what a search for a byte excludes at once are more.
const MOST_ALIKE: usize = 8;

/// The most costs that comparing a byte can have. A hundred functions have eighty first bytes, each of which can cost more than the one
/// before.
const MOST_COSTS: usize = 128;

/// The most beginnings of selectors to follow, each of which takes 256 tries. A contract of a hundred functions has five hundred.
const MOST_BEGINNINGS: usize = 1_000;

/// How many zero words follow a selector, tried one after the other: enough arguments for most functions, so that their decoders finish,
/// then fewer, for programs that accept no byte more than their arguments.
const ARGUMENT_WORDS: [usize; 6] = [16, 0, 1, 2, 3, 4];

/// Host calls that a program makes before it knows the request, and after it has refused it.
const ROUTINE: [&str; 9] = [
    "user_entrypoint",
    "user_returned",
    "exit_early",
    "msg_reentrant",
    "pay_for_memory_grow",
    "read_args",
    "msg_value",
    "storage_flush_cache",
    "write_result",
];

/// What a compiled contract answers.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Dispatch {
    /// The selectors, in their order.
    pub selectors: BTreeSet<Selector>,
    /// Whether it does something when called without calldata.
    pub answers_nothing: bool,
    /// Whether it does something for a selector that no function has.
    pub answers_anything: bool,
    /// Whether it does so at least if words of zeros follow the selector, as for a program that goes by the length of its calldata.
    pub answers_arguments: bool,
    /// Whether it answers a selector that was found by its name alone, or more than was tried, so that more such selectors can exist.
    pub may_answer_more: bool,
    /// Whether it handles empty calldata, and does so with the same host calls as calldata that matches no function.
    pub nothing_is_anything: bool,
    /// Why a chain refuses it unless configured for debugging, if that is so.
    pub debug_only: Option<String>,
}

/// A module whose selectors cannot be determined.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    /// The bytes are not a module.
    #[error("it is not a wasm module: {0}")]
    NotWasm(#[from] BinaryReaderError),
    /// No chain accepts it.
    #[error("a chain refuses it: {0}")]
    Refused(#[from] Refusal),
    /// The VM cannot be started.
    #[error("the VM cannot be started: {0}")]
    Engine(#[from] EngineError),
    /// The module cannot be compiled.
    #[error("it cannot be compiled: {0}")]
    Compile(#[from] CompileError),
    /// A run has no outcome.
    #[error("it cannot be run: {0}")]
    Run(#[from] Fault),
    /// The module has too many constants.
    #[error("it compares with more than {MOST_CANDIDATES} constants")]
    TooMany,
    /// The tries take too long.
    #[error("it takes more than {} gas to try every constant that it compares with", MOST_GAS.0)]
    TooLong,
}

/// Finds what `deployed` answers, a module as stored on a chain. The selectors in `known` and those of standards are tried even if the
/// module does not contain them.
///
/// # Errors
/// If it cannot be run, or has too many constants to try.
pub fn read(deployed: &[u8], known: &BTreeSet<Selector>) -> Result<Dispatch, DispatchError> {
    let mut config = Config::at(ArbOs::LAST);
    let debug_only = activate(deployed, &config, Pages(0), Gas::MAX).err();
    config.debug = debug_only.is_some();
    let bench = Bench::new(deployed, config)?;
    let constants = candidates(deployed)?;
    let known = known.iter().copied().chain(standards::selectors());
    let known = known
        .map(|selector| u32::from_be_bytes(selector.0))
        .filter(|number| !constants.contains(number));
    let elsewhere = bench.answered(known.collect())?;
    let mut found = bench.answered(constants)?;
    // A selector that is not a constant of the code is in a table. A lookup in a table refuses what is not in it.
    let has_table = found.is_empty() || !elsewhere.is_empty();
    let mut table = BTreeSet::new();
    let mut unknown = bench.unknown.iter();
    let answers_arguments = unknown.any(|(_, trace)| trace.does_something());
    if has_table && !answers_arguments {
        table = words(deployed)?;
        found.extend(bench.answered(table.clone())?);
    }
    let mut may_answer_more = !elsewhere.is_subset(&table);
    if found.is_empty() || may_answer_more {
        let (spelled, is_all) = bench.spelled()?;
        found.extend(bench.answered(spelled)?);
        let explained = table.union(&found).copied().collect();
        may_answer_more = !is_all || !elsewhere.is_subset(&explained);
    }
    found.extend(elsewhere);
    let found = found.into_iter();
    let selectors: BTreeSet<_> = found.map(|it| Selector::from(it.to_be_bytes())).collect();
    let wei = U256::ONE;
    let does_something = |calldata: &[u8]| -> Result<bool, DispatchError> {
        let paid = bench.run(calldata, wei, TRY_GAS)?.does_something();
        Ok(paid || bench.run(calldata, U256::ZERO, TRY_GAS)?.does_something())
    };
    let mut unknown = unlikely().map(|number| Selector::from(number.to_be_bytes()));
    let unknown = unknown.find(|selector| !selectors.contains(selector));
    let unknown = unknown.unwrap_or_default();
    let nothing = bench.run(&[], U256::ZERO, TRY_GAS)?;
    // A fallback that looks for a selector treats fewer than four bytes like none. What it passes on can contain the calldata.
    let byte = bench.run(&unknown[..1], U256::ZERO, TRY_GAS)?;
    Ok(Dispatch {
        nothing_is_anything: nothing.does_something() && nothing.calls_the_same(&byte),
        debug_only: debug_only.as_ref().map(sentence),
        answers_nothing: does_something(&[])?,
        answers_anything: does_something(unknown.as_slice())?,
        answers_arguments,
        may_answer_more,
        selectors,
    })
}

/// A refusal, and what to do about it.
fn sentence(refusal: &Refusal) -> String {
    match refusal.advice() {
        Some(advice) => format!("{refusal}: {advice}"),
        None => refusal.to_string(),
    }
}

/// Numbers that nobody chose as a selector.
fn unlikely() -> impl Iterator<Item = u32> {
    (1..).map(|number: u32| number.wrapping_mul(0x9e37_79b9))
}

/// Every constant with which a module can compare a selector.
fn candidates(module: &[u8]) -> Result<BTreeSet<u32>, DispatchError> {
    let mut found = BTreeSet::new();
    for payload in Parser::new(0).parse_all(module) {
        let Payload::CodeSectionEntry(body) = payload? else {
            continue;
        };
        let mut constant = None;
        for operator in body.get_operators_reader()? {
            let operator = operator?;
            let mut add = |number: u32| {
                for number in [number, number.wrapping_neg()] {
                    found.extend([number, number.swap_bytes()]);
                }
            };
            if let Some(number) = constant.filter(|_| is_comparison(&operator)) {
                add(number);
            }
            constant = match operator {
                Operator::I32Const { value } => Some(value as u32),
                Operator::I64Const { value } => u32::try_from(value as u64)
                    .ok()
                    .or_else(|| i32::try_from(value).ok().map(|value| value as u32)),
                // The other operand can stand between the two.
                Operator::LocalGet { .. } | Operator::LocalTee { .. } => constant,
                _ => None,
            };
            if let Some(number) = constant.filter(|number| *number >= LARGE) {
                add(number);
            }
            if found.len() > MOST_CANDIDATES {
                return Err(DispatchError::TooMany);
            }
        }
    }
    Ok(found)
}

/// Every word of a module's data, in either byte order.
fn words(module: &[u8]) -> Result<BTreeSet<u32>, DispatchError> {
    let mut found = BTreeSet::new();
    for payload in Parser::new(0).parse_all(module) {
        let Payload::DataSection(segments) = payload? else {
            continue;
        };
        for segment in segments {
            let words = segment?.data.windows(4);
            let words = words.filter_map(|word| word.try_into().ok().map(u32::from_be_bytes));
            let words = words.filter(|word| *word != 0);
            found.extend(words.flat_map(|word| [word, word.swap_bytes()]));
            if found.len() > MOST_CANDIDATES {
                return Err(DispatchError::TooMany);
            }
        }
    }
    Ok(found)
}

/// Whether an operator compares two numbers.
const fn is_comparison(operator: &Operator<'_>) -> bool {
    use Operator as O;
    matches!(
        operator,
        O::I32Eq
            | O::I32Ne
            | O::I32LtS
            | O::I32LtU
            | O::I32GtS
            | O::I32GtU
            | O::I32LeS
            | O::I32LeU
            | O::I32GeS
            | O::I32GeU
            | O::I32Sub
            | O::I32Add
            | O::I32Xor
            | O::I64Eq
            | O::I64Ne
            | O::I64LtS
            | O::I64LtU
            | O::I64GtS
            | O::I64GtU
            | O::I64LeS
            | O::I64LeU
            | O::I64GeS
            | O::I64GeU
            | O::I64Sub
            | O::I64Add
            | O::I64Xor
    )
}

/// The contract, on a chain where nothing else exists.
struct Bench {
    program: Program,
    config: Config,
    activation: Activation,
    /// For each of [`ARGUMENT_WORDS`], the gas of one try, and what the program does for a selector that no function has.
    unknown: Vec<(Gas, Trace)>,
    /// Gas spent on all tries so far.
    spent: Cell<Gas>,
}

/// What a program did with one calldata, as far as that distinguishes calldata.
#[derive(PartialEq, Eq)]
struct Trace {
    outcome: Outcome,
    output: Vec<u8>,
    /// Ink used, which differs for any other path through the program.
    ink: u64,
    hostios: Vec<&'static str>,
}

impl Trace {
    /// Whether this differs from both neighbours. If the neighbours' outputs differ, the output contains the calldata and is ignored.
    fn differs_from(&self, below: &Self, above: &Self) -> bool {
        let is_echo = below.output != above.output;
        let differs = |other: &Self| {
            self.outcome != other.outcome
                || self.ink != other.ink
                || self.hostios != other.hostios
                || (!is_echo && self.output != other.output)
        };
        differs(below) && differs(above)
    }

    /// Whether both end alike, after the same host calls, whatever their arguments.
    fn calls_the_same(&self, other: &Self) -> bool {
        (self.outcome, &self.hostios) == (other.outcome, &other.hostios)
    }

    fn does_something(&self) -> bool {
        self.outcome == Outcome::Success || self.hostios.iter().any(|name| !ROUTINE.contains(name))
    }
}

impl Bench {
    fn new(deployed: &[u8], config: Config) -> Result<Self, DispatchError> {
        let activation = activate(deployed, &config, Pages(0), Gas::MAX)?;
        let program = Engine::new(&config)?.compile(deployed, &config)?;
        let mut bench = Self {
            program,
            config,
            activation,
            unknown: Vec::new(),
            spent: Cell::new(Gas(0)),
        };
        let number = unlikely().next().unwrap_or_default();
        for words in ARGUMENT_WORDS {
            let mut gas = TRY_GAS;
            let mut trace = bench.of_selector(number, words, gas)?;
            if trace.outcome == Outcome::OutOfInk {
                gas = SHORT_TRY_GAS;
                trace = bench.of_selector(number, words, gas)?;
            }
            bench.unknown.push((gas, trace));
        }
        Ok(bench)
    }

    /// The candidates that are selectors of functions.
    fn answered(&self, candidates: BTreeSet<u32>) -> Result<BTreeSet<u32>, DispatchError> {
        let mut found = BTreeSet::new();
        for number in candidates {
            if self.answers(number)? {
                found.insert(number);
            }
        }
        Ok(found)
    }

    /// What begins with bytes that the program tells apart, one after the other, and whether that is all, as far as half of [`MOST_GAS`] and
    /// [`MOST_BEGINNINGS`] go.
    fn spelled(&self) -> Result<(BTreeSet<u32>, bool), DispatchError> {
        let mut found = BTreeSet::new();
        let mut firsts = BTreeSet::new();
        let mut count = 0;
        for (words, (gas, unknown)) in ARGUMENT_WORDS.into_iter().zip(&self.unknown) {
            if unknown.outcome == Outcome::OutOfInk {
                continue;
            }
            let used = self.config.stylus.ink_price.ink_to_gas(Ink(unknown.ink));
            // A function that is found may take long, and tells nothing by it.
            let gas = (*gas).min(Gas(used.0 + SHORT_TRY_GAS.0));
            let mut beginnings = BTreeSet::from([0]);
            for shift in [24, 16, 8, 0] {
                let mut longer = BTreeSet::new();
                for beginning in beginnings {
                    count += 1;
                    let is_much = self.spent.get().0 + used.0 * 256 > MOST_GAS.0 / 2;
                    if is_much || count > MOST_BEGINNINGS {
                        return Ok((found, false));
                    }
                    longer.extend(self.told_apart(beginning, shift, words, gas)?);
                }
                if shift == 24 {
                    // With calldata of another length they lead to the same functions.
                    longer.retain(|first| firsts.insert(*first));
                }
                beginnings = longer;
            }
            found.extend(beginnings);
        }
        Ok((found, true))
    }

    /// `beginning` with each next byte that the program tells apart from those around it; with none if it counts with the byte.
    fn told_apart(
        &self,
        beginning: u32,
        shift: u32,
        words: usize,
        gas: Gas,
    ) -> Result<Vec<u32>, DispatchError> {
        let rest = unlikely().next().unwrap_or_default() & ((1 << shift) - 1);
        let tries = (0..=255).map(|byte| {
            let longer = beginning | byte << shift;
            // What it returns can contain the calldata, and so differ for every byte.
            let trace = self.of_selector(longer | rest, words, gas)?;
            Ok((longer, (trace.outcome, trace.ink, trace.hostios)))
        });
        let tries = tries.collect::<Result<Vec<_>, DispatchError>>()?;
        let costs: BTreeSet<_> = tries.iter().map(|(_, (_, ink, _))| ink).collect();
        if costs.len() > MOST_COSTS {
            return Ok(Vec::new());
        }
        let alike = tries.chunk_by(|(_, one), (_, next)| one == next);
        let few = alike.filter(|alike| alike.len() <= MOST_ALIKE);
        Ok(few.flatten().map(|(longer, _)| *longer).collect())
    }

    /// Whether a function has this selector.
    fn answers(&self, number: u32) -> Result<bool, DispatchError> {
        for (words, (gas, unknown)) in ARGUMENT_WORDS.into_iter().zip(&self.unknown) {
            let here = self.of_selector(number, words, *gas)?;
            // Settles most candidates.
            if here == *unknown {
                continue;
            }
            // The SDK's dispatcher recognises a constructor's selector whether or not there is a constructor, and continues with the
            // fallback.
            let is_none = !here.does_something() || here.calls_the_same(unknown);
            if number.to_be_bytes() == CONSTRUCTOR.0 && is_none {
                continue;
            }
            let below = self.of_selector(number.wrapping_sub(1), words, *gas)?;
            let above = self.of_selector(number.wrapping_add(1), words, *gas)?;
            if here.differs_from(&below, &above) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn of_selector(&self, number: u32, words: usize, gas: Gas) -> Result<Trace, DispatchError> {
        let mut calldata = number.to_be_bytes().to_vec();
        calldata.resize(4 + 32 * words, 0);
        self.run(&calldata, U256::ZERO, gas)
    }

    fn run(&self, calldata: &[u8], value: U256, gas: Gas) -> Result<Trace, DispatchError> {
        let mut host = Listener {
            empty: EmptyHost::with_footprint(self.activation.footprint),
            hostios: Vec::new(),
            most: self.config.stylus.ink_price.gas_to_ink(MOST_STATE_GAS),
            timeless: Ink(0),
        };
        let call = Call {
            calldata: Bytes::copy_from_slice(calldata),
            ink: self.config.stylus.ink_price.gas_to_ink(gas),
            environment: Environment {
                value,
                ..Environment::default()
            },
        };
        let report = self.program.run(&mut host, call)?;
        let used = report.ink_used.saturating_sub(host.timeless);
        let used = self.config.stylus.ink_price.ink_to_gas(used);
        self.spent.set(Gas(self.spent.get().0 + used.0));
        if self.spent.get() > MOST_GAS {
            return Err(DispatchError::TooLong);
        }
        Ok(Trace {
            outcome: report.outcome,
            output: report.output,
            ink: report.ink_used.0,
            hostios: host.hostios,
        })
    }
}

/// A chain on which nothing exists, and which records host calls.
struct Listener {
    empty: EmptyHost,
    hostios: Vec<&'static str>,
    /// [`MOST_STATE_GAS`].
    most: Ink,
    /// What such calls cost beyond that.
    timeless: Ink,
}

impl Host for Listener {
    fn page_counters(&mut self) -> &mut PageCounters {
        self.empty.page_counters()
    }

    fn load_storage(&mut self, key: B256) -> Result<Access<B256>, HostFault> {
        self.empty.load_storage(key)
    }

    fn store_storage(&mut self, key: B256, value: B256) -> Result<Stored, HostFault> {
        self.empty.store_storage(key, value)
    }

    fn refund(&mut self, gas: i64) {
        self.empty.refund(gas);
    }

    fn load_transient(&mut self, key: B256) -> Result<B256, HostFault> {
        self.empty.load_transient(key)
    }

    fn store_transient(&mut self, key: B256, value: B256) -> Result<(), HostFault> {
        self.empty.store_transient(key, value)
    }

    fn load_account(
        &mut self,
        address: alloy_primitives::Address,
    ) -> Result<Access<Account>, HostFault> {
        self.empty.load_account(address)
    }

    fn code(&mut self, address: alloy_primitives::Address) -> Result<Bytes, HostFault> {
        self.empty.code(address)
    }

    fn call(&mut self, request: CallRequest) -> Result<CallReply, HostFault> {
        self.empty.call(request)
    }

    fn create(&mut self, request: CreateRequest) -> Result<CreateReply, HostFault> {
        self.empty.create(request)
    }

    fn log(&mut self, topics: Vec<B256>, data: Bytes) -> Result<(), HostFault> {
        self.empty.log(topics, data)
    }

    fn is_tracing(&self) -> bool {
        true
    }

    fn trace(&mut self, step: Step) {
        self.hostios.push(step.name);
        if STATE.iter().any(|it| step.name.starts_with(it)) {
            let price = step.start_ink.saturating_sub(step.end_ink);
            self.timeless += price.saturating_sub(self.most);
        }
    }
}

#[cfg(test)]
mod tests;
