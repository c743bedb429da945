//! How a case runs: a program around a few host calls, on an in-memory chain whose callees answer as configured.
//!
//! Lives here: the program's imports and data, and the check of a call's cost. Not here: any expectation.

use alloy_primitives::{Address, Bytes, address};
use stylus_vm::{
    Answer, ArbOs, Call, CallRequest, Config, CreateRequest, Effect, Engine, Environment, Fault,
    Gas, Ink, MemoryAccount, MemoryHost, Outcome, Report,
};

pub(crate) const TARGET: Address = address!("0x6900000000000000000000000000000000000069");

/// The initial memory of every case: an address at 0, words at 32 (key), 64 (1), 96 (2), 128 (zero); free from 256 on.
pub(crate) const DATA: &str = r#"
    (data (i32.const 0) "\69\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\69")
    (data (i32.const 63) "\07")
    (data (i32.const 95) "\01")
    (data (i32.const 127) "\02")
"#;

pub(crate) const IMPORTS: &str = r#"
    (import "vm_hooks" "read_args" (func $read_args (param i32)))
    (import "vm_hooks" "write_result" (func $write_result (param i32 i32)))
    (import "vm_hooks" "exit_early" (func $exit_early (param i32)))
    (import "vm_hooks" "storage_load_bytes32" (func $load (param i32 i32)))
    (import "vm_hooks" "storage_cache_bytes32" (func $cache (param i32 i32)))
    (import "vm_hooks" "storage_flush_cache" (func $flush (param i32)))
    (import "vm_hooks" "transient_load_bytes32" (func $tload (param i32 i32)))
    (import "vm_hooks" "transient_store_bytes32" (func $tstore (param i32 i32)))
    (import "vm_hooks" "call_contract" (func $call (param i32 i32 i32 i32 i64 i32) (result i32)))
    (import "vm_hooks" "delegate_call_contract" (func $delegate (param i32 i32 i32 i64 i32) (result i32)))
    (import "vm_hooks" "static_call_contract" (func $static (param i32 i32 i32 i64 i32) (result i32)))
    (import "vm_hooks" "create1" (func $create1 (param i32 i32 i32 i32 i32)))
    (import "vm_hooks" "create2" (func $create2 (param i32 i32 i32 i32 i32 i32)))
    (import "vm_hooks" "read_return_data" (func $read_return_data (param i32 i32 i32) (result i32)))
    (import "vm_hooks" "return_data_size" (func $return_data_size (result i32)))
    (import "vm_hooks" "emit_log" (func $log (param i32 i32 i32)))
    (import "vm_hooks" "account_balance" (func $balance (param i32 i32)))
    (import "vm_hooks" "account_code" (func $code (param i32 i32 i32 i32) (result i32)))
    (import "vm_hooks" "account_code_size" (func $code_size (param i32) (result i32)))
    (import "vm_hooks" "account_codehash" (func $codehash (param i32 i32)))
    (import "vm_hooks" "math_pow" (func $pow (param i32 i32)))
    (import "vm_hooks" "native_keccak256" (func $keccak (param i32 i32 i32)))
    (import "vm_hooks" "pay_for_memory_grow" (func $pay_for_memory_grow (param i32)))
"#;

/// Plenty, and a whole number of gas.
pub(crate) const INK: Ink = Ink(1_000_000_000_000);

pub(crate) struct Case {
    pub(crate) config: Config,
    pub(crate) environment: Environment,
    pub(crate) host: MemoryHost,
    pub(crate) ink: Ink,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            config: Config::default(),
            environment: Environment::default(),
            // Every call fails and uses nothing.
            host: MemoryHost {
                answer: Some(Answer::default()),
                ..MemoryHost::default()
            },
            ink: INK,
        }
    }
}

impl Case {
    pub(crate) fn at(arbos: u16) -> Self {
        Self {
            config: Config::at(ArbOs::new(arbos).unwrap()),
            ..Self::default()
        }
    }

    pub(crate) fn warm() -> Self {
        let mut case = Self::default();
        case.host.warm_accounts.insert(TARGET);
        case
    }

    pub(crate) fn with_code(bytes: usize) -> Self {
        let mut case = Self::default();
        let account = MemoryAccount {
            code: vec![0xCC; bytes].into(),
            ..MemoryAccount::default()
        };
        case.host.accounts.insert(TARGET, account);
        case
    }

    /// The gas that every callee uses, whether it succeeds, and what it returns.
    pub(crate) fn answer(&mut self, gas_used: Gas, success: bool, output: Bytes) {
        self.host.answer = Some(Answer {
            success,
            gas_used,
            output,
            created: None,
        });
    }

    /// The address that every create returns.
    pub(crate) fn creates_at(&mut self, address: Address) {
        let answer = self.host.answer.get_or_insert_default();
        answer.created = Some(address);
    }

    /// The calls that were made.
    pub(crate) fn calls(&self) -> Vec<&CallRequest> {
        let effects = self.host.effects.iter();
        effects
            .filter_map(|effect| match effect {
                Effect::Call(request) => Some(request),
                _ => None,
            })
            .collect()
    }

    /// The creates that were made.
    pub(crate) fn creates(&self) -> Vec<&CreateRequest> {
        let effects = self.host.effects.iter();
        effects
            .filter_map(|effect| match effect {
                Effect::Create(request) => Some(request),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn in_static_call(mut self) -> Self {
        self.environment.is_static = true;
        self
    }

    pub(crate) fn try_run(&mut self, body: &str) -> Result<Report, Fault> {
        let wat = format!(
            r#"(module {IMPORTS} (memory (export "memory") 1 1) {DATA}
                (func (export "user_entrypoint") (param i32) (result i32) {body} (i32.const 0)))"#
        );
        let engine = Engine::new(&self.config).unwrap();
        let program = engine
            .compile(&wat::parse_str(wat).unwrap(), &self.config)
            .unwrap();
        let call = Call {
            ink: self.ink,
            environment: self.environment.clone(),
            ..Call::default()
        };
        program.run(&mut self.host, call)
    }

    pub(crate) fn run(&mut self, body: &str) -> Report {
        self.try_run(body).unwrap()
    }
}

/// Runs each of `calls` once, in order, and checks what the last of them costs beyond its wasm operators.
pub(crate) fn check_ink(mut case: impl FnMut() -> Case, calls: &[&str], expected: u64) {
    let (last, before) = calls.split_last().unwrap();
    // The last call has a block of its own: constants, the call, and perhaps a drop in the next block.
    let constants = last.matches(".const").count() as u64;
    let dropped = if last.starts_with("(drop") { 9 } else { 0 };
    let operators = 2_450 + constants + 3_800 + dropped;
    let without = case().run(&before.concat());
    let with = case().run(&calls.concat());
    for report in [&without, &with] {
        assert_eq!(
            report.outcome,
            Outcome::Success,
            "{calls:?}: {:?}",
            report.cause
        );
    }
    assert_eq!(
        with.ink_used.0 - without.ink_used.0 - operators,
        expected,
        "ink of {last}"
    );
}
