//! Which functions a compiled contract answers, whatever its interface says.
//!
//! Lives here: reading selectors off a module. Not here: what functions they belong to (`dispatch::standards`), what becomes of them in
//! a report (`report`).
//!
//! A dispatcher compares calldata with constants, and compilers write comparisons in many forms: as chains, as a search in halves, as
//! subtractions, in either byte order. So every constant that something is compared with is a candidate, in all of these forms, and each
//! is tried: a selector is answered where the program does something else than for both of its neighbours. A constant that is no selector
//! leads to where its neighbours lead.

mod standards;

use std::collections::BTreeSet;

use alloy_primitives::{B256, Bytes, Selector, U256};
use stylus_vm::{
    Access, Account, Activation, ArbOs, Call, CallReply, CallRequest, CompileError, Config,
    CreateReply, CreateRequest, EmptyHost, Engine, EngineError, Environment, Fault, Gas, Host,
    HostFault, Outcome, PageCounters, Pages, Program, Refusal, Step, Stored, activate,
};
use wasmparser::{BinaryReaderError, Operator, Parser, Payload};

pub use standards::standard;

/// The selector that the SDK knows a constructor by: that of `stylus_constructor()`.
pub const CONSTRUCTOR: Selector = alloy_primitives::fixed_bytes!("5585258d");

/// Gas for one try: more than a dispatcher takes, and few enough for a program that does not end.
const TRY_GAS: Gas = Gas(5_000_000);

/// The most constants that are tried. A program of the largest size that chains take has fewer comparisons.
const MOST_CANDIDATES: usize = 20_000;

/// Zero words behind a selector: arguments for most functions, so that their decoders come to an end.
const ARGUMENT_WORDS: usize = 16;

/// Host calls that a program makes before it knows what it is asked, and after it has refused.
const ROUTINE: [&str; 8] = [
    "user_entrypoint",
    "user_returned",
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
    /// Whether it does something without calldata.
    pub answers_nothing: bool,
    /// Whether it does something for a selector that no function has.
    pub answers_anything: bool,
}

/// A module of which nobody can say what it answers.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    /// The bytes are no module.
    #[error("it is not a wasm module: {0}")]
    NotWasm(#[from] BinaryReaderError),
    /// No chain takes it.
    #[error("a chain refuses it: {0}")]
    Refused(#[from] Refusal),
    /// It cannot be run.
    #[error("the VM cannot be started: {0}")]
    Engine(#[from] EngineError),
    /// It cannot be run.
    #[error("it cannot be compiled: {0}")]
    Compile(#[from] CompileError),
    /// A run without an outcome.
    #[error("it cannot be run: {0}")]
    Run(#[from] Fault),
    /// Too many constants.
    #[error("it compares with more than {MOST_CANDIDATES} constants")]
    TooMany,
}

/// What `deployed` answers, a module as a chain has it. The selectors in `known` are tried, too, whether or not it shows them.
///
/// # Errors
/// Where it cannot be run, or has too many constants.
pub fn read(deployed: &[u8], known: &BTreeSet<Selector>) -> Result<Dispatch, DispatchError> {
    let mut candidates = candidates(deployed)?;
    candidates.extend(known.iter().map(|selector| u32::from_be_bytes(selector.0)));
    let bench = Bench::new(deployed)?;
    let mut selectors = BTreeSet::new();
    for number in candidates {
        let here = bench.of_selector(number)?;
        let differs = |other: u32| Ok::<_, Fault>(bench.of_selector(other)? != here);
        let selector = Selector::from(number.to_be_bytes());
        // The SDK's dispatcher knows a constructor's selector whether or not there is one.
        let is_none = selector == CONSTRUCTOR && !here.does_something();
        if !is_none && differs(number.wrapping_add(1))? && differs(number.wrapping_sub(1))? {
            selectors.insert(selector);
        }
    }
    let wei = U256::ONE;
    let does_something = |calldata: &[u8]| -> Result<bool, Fault> {
        let paid = bench.run(calldata, wei)?.does_something();
        Ok(paid || bench.run(calldata, U256::ZERO)?.does_something())
    };
    let unknown = (1..).map(|number: u32| number.wrapping_mul(0x9e37_79b9));
    let unknown = unknown
        .map(|number| Selector::from(number.to_be_bytes()))
        .find(|selector| !selectors.contains(selector))
        .unwrap_or_default();
    Ok(Dispatch {
        answers_nothing: does_something(&[])?,
        answers_anything: does_something(unknown.as_slice())?,
        selectors,
    })
}

/// Every constant that a module may compare a selector with.
fn candidates(module: &[u8]) -> Result<BTreeSet<u32>, DispatchError> {
    let mut found = BTreeSet::new();
    for payload in Parser::new(0).parse_all(module) {
        let Payload::CodeSectionEntry(body) = payload? else {
            continue;
        };
        let mut constant = None;
        for operator in body.get_operators_reader()? {
            let operator = operator?;
            if is_comparison(&operator)
                && let Some(number) = constant
            {
                let number: u32 = number;
                for number in [number, number.wrapping_neg()] {
                    found.extend([number, number.swap_bytes()]);
                }
            }
            constant = match operator {
                Operator::I32Const { value } => Some(value as u32),
                Operator::I64Const { value } => u32::try_from(value as u64)
                    .ok()
                    .or_else(|| i32::try_from(value).ok().map(|value| value as u32)),
                // The other operand may stand between the two.
                Operator::LocalGet { .. } | Operator::LocalTee { .. } => constant,
                _ => None,
            };
            if found.len() > MOST_CANDIDATES {
                return Err(DispatchError::TooMany);
            }
        }
    }
    Ok(found)
}

/// Whether an operator tells two numbers apart.
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

/// The contract on a chain where nothing else exists.
struct Bench {
    program: Program,
    config: Config,
    activation: Activation,
}

/// What a program did with one calldata, as far as it tells calldata apart.
#[derive(PartialEq, Eq)]
struct Trace {
    outcome: Outcome,
    output: Vec<u8>,
    /// Ink, which any other path through the program differs in.
    ink: u64,
    hostios: Vec<&'static str>,
}

impl Trace {
    fn does_something(&self) -> bool {
        self.outcome == Outcome::Success || self.hostios.iter().any(|name| !ROUTINE.contains(name))
    }
}

impl Bench {
    fn new(deployed: &[u8]) -> Result<Self, DispatchError> {
        let config = Config::at(ArbOs::LAST);
        let activation = activate(deployed, &config, Pages(0), Gas::MAX)?;
        let program = Engine::new(&config)?.compile(deployed, &config)?;
        Ok(Self {
            program,
            config,
            activation,
        })
    }

    fn of_selector(&self, number: u32) -> Result<Trace, Fault> {
        let mut calldata = number.to_be_bytes().to_vec();
        calldata.resize(4 + 32 * ARGUMENT_WORDS, 0);
        self.run(&calldata, U256::ZERO)
    }

    fn run(&self, calldata: &[u8], value: U256) -> Result<Trace, Fault> {
        let mut host = Listener {
            empty: EmptyHost::with_footprint(self.activation.footprint),
            hostios: Vec::new(),
        };
        let call = Call {
            calldata: Bytes::copy_from_slice(calldata),
            ink: self.config.stylus.ink_price.gas_to_ink(TRY_GAS),
            environment: Environment {
                value,
                ..Environment::default()
            },
        };
        let report = self.program.run(&mut host, &self.config, call)?;
        Ok(Trace {
            outcome: report.outcome,
            output: report.output,
            ink: report.ink_used.0,
            hostios: host.hostios,
        })
    }
}

/// A chain on which nothing exists, and which remembers the names of host calls.
struct Listener {
    empty: EmptyHost,
    hostios: Vec<&'static str>,
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
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::fixed_bytes;

    use super::*;

    /// A program that reads a selector into `$s`, big-endian, and goes on with `body`; what falls through reverts.
    fn program(body: &str) -> Vec<u8> {
        let text = format!(
            r#"(module
                (import "vm_hooks" "read_args" (func $read (param i32)))
                (import "vm_hooks" "write_result" (func $write (param i32 i32)))
                (import "vm_hooks" "storage_cache_bytes32" (func $store (param i32 i32)))
                (memory (export "memory") 1 1)
                (func (export "user_entrypoint") (param $len i32) (result i32) (local $s i32)
                    (call $read (i32.const 0))
                    (local.set $s (i32.load (i32.const 0)))
                    {body}
                    (i32.const 1)))"#
        );
        wat::parse_str(text).unwrap()
    }

    fn check(body: &str, selectors: &[Selector], entries: (bool, bool)) {
        let found = read(&program(body), &BTreeSet::new()).unwrap();
        let selectors: BTreeSet<_> = selectors.iter().copied().collect();
        assert_eq!(found.selectors, selectors, "{body}");
        assert_eq!(
            (found.answers_nothing, found.answers_anything),
            entries,
            "{body}"
        );
    }

    const A: Selector = fixed_bytes!("06fdde03");
    const B: Selector = fixed_bytes!("a9059cbb");

    /// Theorem: a selector is found in whatever form it is compared, and a constant that is none is not.
    #[test]
    fn selectors_are_found_in_every_form() {
        let done = "(then (return (i32.const 0)))";
        check("", &[], (false, false));
        check(
            &format!("(if (i32.eq (local.get $s) (i32.const 0x03defd06)) {done})"),
            &[Selector::from([6, 0xfd, 0xde, 3])],
            (false, false),
        );
        check(
            &format!("(if (i32.eqz (i32.sub (local.get $s) (i32.const 0x03defd06))) {done})"),
            &[A],
            (false, false),
        );
        check(
            &format!("(if (i32.eqz (i32.add (local.get $s) (i32.const 0xfc2102fa))) {done})"),
            &[A],
            (false, false),
        );
        check(
            &format!(
                "(if (i64.eq (i64.extend_i32_u (local.get $s)) (i64.const 0x03defd06)) {done})"
            ),
            &[A],
            (false, false),
        );
        // A search in halves over big-endian numbers, as a compiler orders cases.
        let search = format!(
            "(local.set $s (i32.or (i32.or (i32.shl (local.get $s) (i32.const 24))
                (i32.shl (i32.and (local.get $s) (i32.const 0xff00)) (i32.const 8)))
                (i32.or (i32.and (i32.shr_u (local.get $s) (i32.const 8)) (i32.const 0xff00)) (i32.shr_u (local.get $s) (i32.const 24)))))
             (if (i32.lt_u (local.get $s) (i32.const 0xa9059cbb))
                (then (if (i32.eq (local.get $s) (i32.const 0x06fdde03)) {done}))
                (else (if (i32.eq (local.get $s) (i32.const 0xa9059cbb)) {done})))"
        );
        check(&search, &[A, B], (false, false));
        // A length and an address that something is compared with are no selectors.
        check(
            "(if (i32.gt_u (local.get $len) (i32.const 123456789)) (then (return (i32.const 0))))
             (if (i32.eq (i32.const 7) (i32.const 0x06fdde03)) (then (return (i32.const 0))))",
            &[],
            (false, false),
        );
    }

    #[test]
    fn what_is_answered_without_a_selector_is_known() {
        let one = "(call $store (i32.const 32) (i32.const 32)) (return (i32.const 0))";
        check(
            &format!("(if (i32.eqz (local.get $len)) (then {one}))"),
            &[],
            (true, false),
        );
        check(
            &format!("(if (local.get $len) (then {one}))"),
            &[],
            (false, true),
        );
        // A refusal in words is one.
        check(
            "(call $write (i32.const 0) (i32.const 4))",
            &[],
            (false, false),
        );
    }

    #[test]
    fn what_cannot_be_run_is_an_error() {
        for module in [&b""[..], b"\0asm", &wat::parse_str("(module)").unwrap()] {
            assert!(read(module, &BTreeSet::new()).is_err());
        }
        let endless = program("(loop (br 0))");
        assert_eq!(
            read(&endless, &BTreeSet::new()).unwrap(),
            Dispatch::default()
        );
    }
}
