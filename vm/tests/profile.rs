//! Where ink goes: what a profiled run records.
//!
//! Theorem: profiling changes nothing. On every recorded module a profiled run ends like a plain one, to the last ink, and its
//! parts add up to the ink used.

use stylus_vm::profile::{AllocatorCall, Callee, Profile};
use stylus_vm::{Call, Config, EmptyHost, Engine, Ink, Outcome, Pages, Report, activate};

use crate::vectors;

fn run(engine: &Engine, wasm: &[u8], config: &Config, call: &Call) -> (Report, Profile) {
    let footprint = activate(wasm, config, Pages(0), stylus_vm::Gas::MAX)
        .unwrap()
        .footprint;
    let host = || EmptyHost::with_footprint(footprint);
    let plain = engine.compile(wasm, config).unwrap();
    let plain = plain.run(&mut host(), call.clone()).unwrap();
    let profiled = engine.compile_for_profile(wasm, config, None).unwrap();
    let (report, profile) = profiled.run(&mut host(), call.clone()).unwrap();
    assert_eq!(plain, report);
    (report, profile)
}

fn check_sums(report: &Report, profile: &Profile, what: &str) {
    let tree: Ink = profile.tree.iter().map(|node| node.self_ink).sum();
    let functions: Ink = profile
        .functions
        .iter()
        .map(|function| function.self_ink)
        .sum();
    let hostios: Ink = profile.hostios.iter().map(|hostio| hostio.ink).sum();
    assert_eq!(
        tree + profile.forfeited,
        report.ink_used,
        "{what}: the tree"
    );
    assert_eq!(
        functions + hostios,
        tree,
        "{what}: functions and host calls"
    );
}

#[test]
fn every_recorded_module_is_profiled_without_a_trace() {
    let modules = vectors::modules();
    let engine = Engine::new(&Config::default()).unwrap();
    let mut runs = 0;
    for (file, config, call) in vectors::runs() {
        let (report, profile) = run(&engine, &modules[&file], &config, &call);
        check_sums(&report, &profile, &file);
        runs += 1;
    }
    assert!(runs > 1_000, "{runs} runs");
}

/// A small program with an allocator and functions that end in every possible way.
const PROGRAM: &str = r#"(module
    (import "vm_hooks" "msg_reentrant" (func $reentrant (result i32)))
    (import "vm_hooks" "pay_for_memory_grow" (func $pay (param i32)))
    (memory (export "memory") 1)
    (func $__rust_alloc (param i32 i32) (result i32) i32.const 64)
    (func $__rust_dealloc (param i32 i32 i32))
    (func $__rust_realloc (param i32 i32 i32 i32) (result i32) i32.const 64)
    (func $two (param i32) (result i32 i64) local.get 0 i64.const 7)
    (func $by_branch (result i32) i32.const 1 br 0)
    (func $by_return (result i32) i32.const 1 return)
    (func $twice (drop (call $reentrant)) (drop (call $reentrant)))
    (func $countdown (param i32)
        (if (local.get 0) (then (call $countdown (i32.sub (local.get 0) (i32.const 1))))))
    (func $main (export "user_entrypoint") (param i32) (result i32)
        (drop (call $by_branch))
        (drop (call $by_return))
        (drop (drop (call $two (i32.const 3))))
        (call $twice)
        (call $countdown (i32.const 3))
        (drop (call $__rust_alloc (i32.const 100) (i32.const 1)))
        (drop (call $__rust_alloc (i32.const 50) (i32.const 1)))
        (drop (call $__rust_realloc (i32.const 64) (i32.const 50) (i32.const 1) (i32.const 80)))
        (call $__rust_dealloc (i32.const 64) (i32.const 100) (i32.const 1))
        (drop (memory.grow (i32.const 2)))
        (call $twice)
        i32.const 0))"#;

fn profile_program(ink: u64) -> (Report, Profile) {
    let config = Config::at(stylus_vm::ArbOs::new(51).unwrap());
    let engine = Engine::new(&config).unwrap();
    let wasm = wat::parse_str(PROGRAM).unwrap();
    let call = Call {
        ink: Ink(ink),
        ..Call::default()
    };
    run(&engine, &wasm, &config, &call)
}

#[test]
fn functions_and_host_calls_are_counted() {
    let (report, profile) = profile_program(1_000_000_000);
    assert_eq!(report.outcome, Outcome::Success);
    check_sums(&report, &profile, "program");
    let calls = |name: &str| {
        let mut found = profile
            .functions
            .iter()
            .filter(|function| function.name == name);
        found.next().map(|function| function.calls)
    };
    for (name, expected) in [
        ("main", Some(1)),
        ("two", Some(1)),
        ("by_branch", Some(1)),
        ("by_return", Some(1)),
        ("twice", Some(2)),
        ("countdown", Some(4)),
        ("__rust_alloc", Some(2)),
        ("absent", None),
    ] {
        assert_eq!(calls(name), expected, "{name}");
    }
    let hostios: Vec<_> = profile
        .hostios
        .iter()
        .map(|hostio| (hostio.name.as_ref(), hostio.calls, hostio.ink))
        .collect();
    assert_eq!(
        hostios,
        [
            ("msg_reentrant", 4, Ink(4 * 8_400)),
            // One page is free beyond the footprint's, the other costs a thousand gas.
            ("pay_for_memory_grow", 1, Ink(10_000_000)),
        ]
    );
}

#[test]
fn totals_hold_what_was_called_and_recursion_once() {
    let (report, profile) = profile_program(1_000_000_000);
    let function = |name: &str| {
        profile
            .functions
            .iter()
            .find(|function| function.name == name)
    };
    assert_eq!(function("main").unwrap().total_ink, report.ink_used);
    let twice = function("twice").unwrap();
    assert_eq!(twice.total_ink, twice.self_ink + Ink(4 * 8_400));
    let countdown = function("countdown").unwrap();
    assert_eq!(
        countdown.total_ink, countdown.self_ink,
        "it calls nothing but itself"
    );
    // In the tree, each level of the recursion is a node of its own.
    let position = profile
        .functions
        .iter()
        .position(|function| function.name == "countdown");
    let callee = Callee::Function(position.unwrap());
    assert_eq!(
        profile
            .tree
            .iter()
            .filter(|node| node.callee == callee)
            .count(),
        4
    );
}

#[test]
fn allocations_and_memory_are_seen() {
    let (_, profile) = profile_program(1_000_000_000);
    let allocations = &profile.allocations;
    assert_eq!(
        allocations.seen,
        ["__rust_alloc", "__rust_dealloc", "__rust_realloc"]
    );
    assert_eq!(allocations.unseen, [AllocatorCall::AllocateZeroed]);
    let calls: Vec<_> = allocations
        .calls
        .iter()
        .map(|by| (by.call, by.calls, by.bytes))
        .collect();
    assert_eq!(
        calls,
        [
            (AllocatorCall::Allocate, 2, 150),
            (AllocatorCall::Reallocate, 1, 80),
            (AllocatorCall::Deallocate, 1, 100),
        ]
    );
    assert_eq!((allocations.peak_bytes, allocations.live_bytes), (180, 80));
    let pages: Vec<_> = profile.memory.iter().map(|size| size.pages).collect();
    assert_eq!(pages, [1, 3]);
}

/// Theorem: a block counts as one request, however many of the allocator's functions it passes, attributed to the user of the
/// standard library and not to the library; even if link-time optimisation has dropped parameters of the allocator's method.
#[test]
fn a_block_is_asked_for_once_and_by_its_user() {
    check_asked(
        "i32 i32 i32",
        "(i32.const 0) (local.get 1) (local.get 0)",
        "(i32.const 0) (i32.const 8) (i32.const 30)",
    );
    check_asked(
        "i32 i32",
        "(local.get 1) (local.get 0)",
        "(i32.const 8) (i32.const 30)",
    );
    check_asked("i32", "(local.get 0)", "(i32.const 30)");
}

/// Checks a method with these `parameters`, which Rust's function in front of it calls with `front`, and a contract with `own`.
#[track_caller]
fn check_asked(parameters: &str, front: &str, own: &str) {
    const METHOD: &str = "$\"<a::Bump as core::alloc::global::GlobalAlloc>::alloc\"";
    let text = format!(
        r#"(module
            (memory (export "memory") 1 1)
            (func {METHOD} (param {parameters}) (result i32) (i32.const 64))
            (func $__rust_alloc (param i32 i32) (result i32) (call {METHOD} {front}))
            (func $"alloc::raw_vec::RawVecInner<A>::finish_grow" (drop (call $__rust_alloc (i32.const 100) (i32.const 4))))
            (func $"<alloc::vec::Vec<T> as core::clone::Clone>::clone" (call $"alloc::raw_vec::RawVecInner<A>::finish_grow"))
            (func $"token::mint" (call $"<alloc::vec::Vec<T> as core::clone::Clone>::clone"))
            (func $main (export "user_entrypoint") (param i32) (result i32)
                (call $"token::mint")
                (drop (call {METHOD} {own}))
                (i32.const 0)))"#
    );
    let config = Config::default();
    let engine = Engine::new(&config).unwrap();
    let call = Call {
        ink: Ink(1_000_000_000),
        ..Call::default()
    };
    let wasm = wat::parse_str(text).unwrap();
    let (_, profile) = run(&engine, &wasm, &config, &call);
    let asked = profile.allocations.calls.iter().map(|by| {
        let name = profile.functions[by.caller].name.as_str();
        (name, by.call, by.calls, by.bytes)
    });
    let mut asked: Vec<_> = asked.collect();
    asked.sort_by_key(|(name, ..)| *name);
    let call = AllocatorCall::Allocate;
    assert_eq!(
        asked,
        [("main", call, 1, 30), ("token::mint", call, 1, 100)]
    );
    assert_eq!(profile.allocations.peak_bytes, 130);
}

#[test]
fn what_ink_was_not_enough_for_is_forfeited() {
    let (whole, _) = profile_program(1_000_000_000);
    for short in [1, 10_000, 5_000_000, whole.ink_used.0 / 2] {
        let (report, profile) = profile_program(whole.ink_used.0 - short);
        assert_eq!(report.outcome, Outcome::OutOfInk, "{short}");
        check_sums(&report, &profile, "program");
        assert!(profile.forfeited > Ink::ZERO, "{short}");
    }
}
