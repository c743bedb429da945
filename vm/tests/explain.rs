//! Why a run failed, and where.
//!
//! Theorem: explaining changes nothing. On every recorded module a run that is explained ends like a plain one, to the last ink.

use stylus_vm::explain::{
    Explanation, FailedAllocation, OutOfRange, Position, Reason, block_prices,
};
use stylus_vm::{
    Call, Config, EmptyHost, Engine, Gas, Ink, MemoryHost, Outcome, Pages, Report, activate,
};

use crate::vectors;

fn run(engine: &Engine, wasm: &[u8], config: &Config, call: &Call) -> (Report, Explanation) {
    let footprint = activate(wasm, config, Pages(0), Gas::MAX)
        .unwrap()
        .footprint;
    let host = || EmptyHost::with_footprint(footprint);
    let plain = engine.compile(wasm, config).unwrap();
    let plain = plain.run(&mut host(), call.clone()).unwrap();
    let explained = engine.compile_to_explain(wasm, config, None).unwrap();
    let (report, explanation) = explained.run(&mut host(), call.clone()).unwrap();
    assert_eq!(plain, report);
    assert_eq!(
        explanation.reason.is_some(),
        report.outcome != Outcome::Success
    );
    check_sum(wasm, config, &report, &explanation);
    (report, explanation)
}

/// Theorem: blocks, bytes moved and host calls add up to the ink used, except for what did not suffice at the end.
fn check_sum(wasm: &[u8], config: &Config, report: &Report, explanation: &Explanation) {
    let prices = block_prices(wasm, config).unwrap();
    let price = |first: Position| {
        let block = prices.iter().find(|block| block.first == first).unwrap();
        block.operators.iter().copied().sum::<Ink>()
    };
    let counts = &explanation.counts;
    let blocks = counts
        .blocks
        .iter()
        .map(|runs| price(runs.first).0 * runs.count);
    let rest = counts.bulks.iter().chain(&counts.hostios);
    let sum = blocks.sum::<u64>() + rest.map(|spent| spent.ink.0).sum::<u64>();
    match report.outcome {
        Outcome::OutOfInk => assert!(sum <= report.ink_used.0, "{sum} {report:?}"),
        _ => assert_eq!(Ink(sum), report.ink_used, "{report:?}"),
    }
}

#[test]
fn every_recorded_module_is_explained_without_a_trace() {
    let modules = vectors::modules();
    let engine = Engine::new(&Config::default()).unwrap();
    let mut runs = 0;
    for (file, config, call) in vectors::runs() {
        run(&engine, &modules[&file], &config, &call);
        runs += 1;
    }
    assert!(runs > 1_000, "{runs} runs");
}

/// A program whose entry point calls `$fail` and is otherwise sound: function 4 calls function 3.
fn program(fail: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
        (import "vm_hooks" "pay_for_memory_grow" (func $pay (param i32)))
        (import "vm_hooks" "storage_cache_bytes32" (func $cache (param i32 i32)))
        (import "vm_hooks" "write_result" (func $write (param i32 i32)))
        (memory (export "memory") 1)
        (table 2 funcref)
        (type $plain (func))
        (func $fail (result i32) {fail})
        (func (export "user_entrypoint") (param i32) (result i32)
            nop
            (if (result i32) (local.get 0) (then (i32.const 0)) (else (call $fail)))))"#
    );
    wat::parse_str(text).unwrap()
}

fn check(fail: &str, expected: &Reason, operators: &[(u32, u32)]) -> Explanation {
    check_with(fail, 100_000_000, expected, operators)
}

fn check_with(fail: &str, ink: u64, expected: &Reason, operators: &[(u32, u32)]) -> Explanation {
    let config = Config::default();
    let engine = Engine::new(&config).unwrap();
    let call = Call {
        ink: Ink(ink),
        ..Call::default()
    };
    let (_, explanation) = run(&engine, &program(fail), &config, &call);
    assert_eq!(explanation.reason.as_ref(), Some(expected), "{fail}");
    let frames: Vec<_> = explanation
        .frames
        .iter()
        .map(|frame| (frame.function, frame.operator))
        .collect();
    assert_eq!(frames, operators, "{fail}");
    explanation
}

/// The entry point's call of `$fail`.
const CALL: (u32, u32) = (4, 5);

#[test]
fn traps_are_told_with_their_operator() {
    check("nop unreachable", &Reason::Unreachable, &[(3, 1), CALL]);
    check(
        "(i32.div_u (i32.const 1) (i32.const 0))",
        &Reason::DivisionByZero,
        &[(3, 2), CALL],
    );
    check(
        "(i32.div_s (i32.const 0x80000000) (i32.const -1))",
        &Reason::IntegerOverflow,
        &[(3, 2), CALL],
    );
    check(
        "(i32.load (i32.const 65536))",
        &Reason::MemoryOutOfBounds,
        &[(3, 1), CALL],
    );
    check(
        "(memory.copy (i32.const 0) (i32.const 65535) (i32.const 2)) i32.const 0",
        &Reason::MemoryOutOfBounds,
        &[(3, 3), CALL],
    );
    check(
        "(call_indirect (type $plain) (i32.const 1)) i32.const 0",
        &Reason::IndirectCall,
        &[(3, 1), CALL],
    );
    check(
        "(call_indirect (type $plain) (i32.const 9)) i32.const 0",
        &Reason::IndirectCall,
        &[(3, 1), CALL],
    );
}

#[test]
fn budgets_are_told_with_what_they_did_not_suffice_for() {
    let endless = Reason::OutOfInk { hostio: None };
    // The block that could not be paid for begins after `loop`.
    check("(loop (br 0)) i32.const 0", &endless, &[(3, 1), CALL]);
    let deep: Vec<_> = std::iter::repeat_n((3, 0), 63).chain([CALL]).collect();
    let explanation = check("(call $fail)", &Reason::OutOfStack, &deep);
    assert!(explanation.omitted_frames > 1_000);
    let asked = Some(500);
    check(
        "(memory.grow (i32.const 500))",
        &Reason::OutOfPages { asked },
        &[(3, 1), CALL],
    );
    check(
        "(memory.grow (i32.const 70000))",
        &Reason::OutOfPages { asked: None },
        &[(3, 1), CALL],
    );
}

#[test]
fn host_calls_are_told_in_order() {
    let write = "(call $cache (i32.const 0) (i32.const 32)) ".repeat(40);
    let revert = "(call $write (i32.const 0) (i32.const 4)) i32.const 1";
    let explanation = check(&format!("{write} {revert}"), &Reason::Revert, &[]);
    assert_eq!(explanation.hostios.len(), 32);
    assert_eq!(explanation.omitted_hostios, 9);
    let last = explanation.hostios.last().unwrap();
    assert_eq!((last.name.as_ref(), last.completed), ("write_result", true));
    let out_of_bounds = Reason::Hostio {
        name: "write_result".to_owned(),
        what: "the program passed 2 bytes at 0xffff, outside of its memory of 65536 bytes"
            .to_owned(),
        is_static: false,
    };
    let fail = "(call $write (i32.const 65535) (i32.const 2)) i32.const 0";
    let explanation = check(fail, &out_of_bounds, &[(3, 2), CALL]);
    assert!(!explanation.hostios.last().unwrap().completed);
    let dear = Reason::OutOfInk {
        hostio: Some("storage_cache_bytes32".to_owned()),
    };
    check_with(
        &format!("{write} i32.const 0"),
        25_000,
        &dear,
        &[(3, 2), CALL],
    );
}

#[test]
fn a_write_in_a_static_call_is_told() {
    let config = Config::default();
    let engine = Engine::new(&config).unwrap();
    let flush = r#"(module
        (import "vm_hooks" "storage_cache_bytes32" (func $cache (param i32 i32)))
        (import "vm_hooks" "storage_flush_cache" (func $flush (param i32)))
        (memory (export "memory") 1 1)
        (data (i32.const 32) "\01")
        (func (export "user_entrypoint") (param i32) (result i32)
            (call $cache (i32.const 0) (i32.const 32))
            (call $flush (i32.const 0))
            i32.const 0))"#;
    let wasm = wat::parse_str(flush).unwrap();
    let mut call = Call {
        ink: Ink(100_000_000),
        ..Call::default()
    };
    call.environment.is_static = true;
    let program = engine.compile_to_explain(&wasm, &config, None).unwrap();
    let mut host = MemoryHost::default();
    let (_, explanation) = program.run(&mut host, call).unwrap();
    let Some(Reason::Hostio {
        name, is_static, ..
    }) = &explanation.reason
    else {
        panic!("{explanation:?}");
    };
    assert_eq!((name.as_str(), *is_static), ("storage_flush_cache", true));
    assert_eq!(
        explanation.frames,
        [Position {
            function: 2,
            operator: 4
        }]
    );
}

/// A panic's arguments in memory, in core's layout since 1.93: the template lies at 1056, its arguments at 1100 and the location at 1040.
#[test]
fn a_panic_is_read_from_memory() {
    let text = r#"(module
        (memory (export "memory") 1 1)
        (table 4 funcref)
        (type $format (func (param i32 i32) (result i32)))
        (type $write (func (param i32 i32 i32) (result i32)))
        (elem (i32.const 1) $name $trap)
        (data (i32.const 1024) "src/lib.rs\00")
        (data (i32.const 1040) "\00\04\00\00\0a\00\00\00\07\00\00\00\03\00\00\00")
        (data (i32.const 1056) "\04say \c0\03 - \c0\00")
        (data (i32.const 1100) "\00\05\00\00\01\00\00\00\00\06\00\00\02\00\00\00")
        (data (i32.const 1280) "hello")
        (func $name (type $format)
            (call_indirect (type $write)
                (i32.load (local.get 1)) (local.get 0) (i32.const 5)
                (i32.load offset=12 (i32.load offset=4 (local.get 1)))))
        (func $trap (type $format) unreachable)
        (func $core::panicking::panic_fmt (param i32 i32 i32) unreachable)
        (func (export "user_entrypoint") (param i32) (result i32)
            (call $core::panicking::panic_fmt (i32.const 1056) (i32.const 1100) (i32.const 1040))
            i32.const 0))"#;
    let config = Config::default();
    let engine = Engine::new(&config).unwrap();
    let call = Call {
        ink: Ink(100_000_000),
        ..Call::default()
    };
    let told = |text: &str| {
        let (report, explanation) = run(&engine, &wat::parse_str(text).unwrap(), &config, &call);
        assert_eq!(report.outcome, Outcome::Failure);
        explanation.panic
    };
    let panic = told(text).unwrap();
    assert_eq!(panic.message.as_deref(), Some("say hello - {}"));
    let location = panic.location.unwrap();
    assert_eq!(
        (location.file.as_str(), location.line, location.column),
        ("src/lib.rs", 7, 3)
    );
    // What makes no sense is left out, and nothing else is lost.
    for (good, bad) in [
        (r"\04say \c0\03 - \c0\00", r"\04say \c0\03 - \90\00"),
        ("panic_fmt (i32.const 1056)", "panic_fmt (i32.const -1)"),
        (
            "(i32.const 1100) (i32.const 1040))",
            "(i32.const -2) (i32.const 1040))",
        ),
        (r"src/lib.rs\00", r"src/\ff\fe\fd.rs\00"),
    ] {
        let panic = told(&text.replacen(good, bad, 1)).unwrap();
        assert!(panic.message.is_none() || panic.location.is_none(), "{bad}");
    }
    assert_eq!(
        told(&text.replace(
            "(i32.const 1056) (i32.const 1100) (i32.const 1040)",
            "(i32.const -1) (i32.const -1) (i32.const -1)"
        )),
        None
    );
    // A program of another language may have a function of that name.
    let other = text
        .replace("panic_fmt (param i32 i32 i32)", "panic_fmt (param i64)")
        .replace(
            "(i32.const 1056) (i32.const 1100) (i32.const 1040)",
            "(i64.const 5)",
        );
    assert_eq!(told(&other), None);
}

#[test]
fn a_failed_allocation_and_an_index_are_told_by_parameters() {
    let text = r#"(module
        (memory (export "memory") 3 3)
        (func $rust_oom (param i32 i32) unreachable)
        (func $core::panicking::panic_bounds_check (param i32 i32) unreachable)
        (func (export "user_entrypoint") (param i32) (result i32)
            (if (local.get 0)
                (then (call $rust_oom (i32.const 8) (i32.const 4096)))
                (else (call $core::panicking::panic_bounds_check (i32.const 7) (i32.const 3))))
            i32.const 0))"#;
    let config = Config::default();
    let engine = Engine::new(&config).unwrap();
    let wasm = wat::parse_str(text).unwrap();
    let told = |calldata: &[u8]| {
        let call = Call {
            ink: Ink(100_000_000),
            calldata: calldata.to_vec().into(),
            ..Call::default()
        };
        let (_, explanation) = run(&engine, &wasm, &config, &call);
        (explanation.allocation, explanation.out_of_range)
    };
    let allocation = FailedAllocation {
        bytes: 4_096,
        pages: 3,
    };
    assert_eq!(told(&[1]), (Some(allocation), None));
    assert_eq!(told(&[]), (None, Some(OutOfRange { index: 7, len: 3 })));
}

#[test]
fn a_stack_in_memory_that_is_used_up_is_told() {
    let text = r#"(module
        (memory (export "memory") 1 1)
        (global $sp (mut i32) (i32.const 64))
        (func $deeper
            (global.set $sp (i32.sub (global.get $sp) (i32.const 48)))
            (i32.store (global.get $sp) (i32.const 1))
            (call $deeper))
        (func (export "user_entrypoint") (param i32) (result i32) (call $deeper) i32.const 0))"#;
    let config = Config::default();
    let engine = Engine::new(&config).unwrap();
    let call = Call {
        ink: Ink(100_000_000),
        ..Call::default()
    };
    let (_, explanation) = run(&engine, &wat::parse_str(text).unwrap(), &config, &call);
    assert_eq!(explanation.reason, Some(Reason::MemoryStack));
    assert_eq!(explanation.frames.len(), 3);
}

#[test]
fn what_ran_last_is_first() {
    let explanation = check(
        "(if (i32.const 1) (then nop)) (if (i32.const 0) (then nop)) unreachable",
        &Reason::Unreachable,
        &[(3, 8), CALL],
    );
    let recent: Vec<_> = explanation
        .recent
        .iter()
        .map(|block| (block.function, block.operator))
        .collect();
    // Not the second `nop`, whose block is (3, 6).
    assert_eq!(recent, [(3, 8), (3, 4), (3, 2), (3, 0), (4, 5), (4, 0)]);
}
