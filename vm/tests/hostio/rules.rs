//! Logs, memory, arithmetic, and rules for all host calls: writing in static calls, bad arguments, broken hosts.

use alloy_primitives::{Address, B256};
use stylus_vm::{
    Call, Cause, Config, Effect, Engine, Environment, Failure, Gas, Ink, MemoryHost, Outcome,
    PageCounters, Pages, Report,
};

use super::case::{Case, INK, check_ink};
use super::frames::{CREATE_1, CREATE_2};
use super::storage::{CACHE_ONE, FLUSH};

#[test]
fn ink_of_math_pow() {
    for (bytes, ink) in [(1, 61_520), (2, 79_020), (10, 219_020), (32, 604_020)] {
        let first = 256 + 32 - bytes;
        // The exponent is read before it is paid for; a preceding store places a byte where it must begin.
        let body = "(call $pow (i32.const 96) (i32.const 256))".to_string();
        let store = format!("(i32.store8 (i32.const {first}) (i32.const 1))");
        let with = Case::default().run(&format!("{store}{body}"));
        let without = Case::default().run(&store);
        assert_eq!(
            with.ink_used.0 - without.ink_used.0 - 2_450 - 2 - 3_800,
            ink,
            "{bytes}-byte exponent"
        );
    }
}

#[test]
fn ink_of_logs() {
    let log = |len: u32, topics: u32| {
        format!("(call $log (i32.const 256) (i32.const {len}) (i32.const {topics}))")
    };
    for (topics, payload, ink) in [
        (0, 0, 3_834_454),
        (0, 10, 4_634_454),
        (0, 100, 11_838_194),
        (1, 100, 15_589_954),
        (2, 100, 19_341_714),
        (3, 100, 23_093_474),
        (4, 100, 26_845_234),
    ] {
        check_ink(Case::default, &[&log(payload + 32 * topics, topics)], ink);
    }
}

#[test]
fn logs_are_split_into_topics_and_data() {
    let mut case = Case::default();
    case.run("(call $log (i32.const 32) (i32.const 70) (i32.const 2))");
    let word = |last: u8| B256::with_last_byte(last);
    let log = Effect::Log {
        topics: vec![word(7), word(1)],
        data: vec![0; 6].into(),
    };
    assert_eq!(case.host.effects, [log]);
}

#[test]
fn ink_of_memory() {
    let at = |arbos| {
        let mut case = Case::at(arbos);
        case.host.pages = PageCounters {
            open: Pages(1),
            ever: Pages(1),
        };
        case
    };
    let case = || at(61);
    for (arbos, pages, ink) in [
        (61, 0, 8_400),
        (61, 1, 0),
        (61, 100, 9_320_660_000),
        // Sixteen bits counted before ArbOS 59.
        (58, 65_536, 8_400),
        (58, 65_537, 0),
    ] {
        check_ink(
            || at(arbos),
            &[&format!("(call $pay_for_memory_grow (i32.const {pages}))")],
            ink,
        );
    }
    for pages in [65_536, 65_537] {
        let mut case = at(59);
        let report = case.run(&format!("(call $pay_for_memory_grow (i32.const {pages}))"));
        assert_eq!(report.outcome, Outcome::OutOfInk, "{pages} pages");
        assert_eq!(case.host.pages.ever, Pages(1), "they are not counted");
    }
    let report = case().run("(call $pay_for_memory_grow (i32.const 128))");
    assert_eq!(
        report.outcome,
        Outcome::OutOfInk,
        "129 pages can never be paid for"
    );
}

#[test]
fn writing_is_refused_in_static_calls() {
    let store = format!("{CACHE_ONE}{FLUSH}");
    for body in [
        store.as_str(),
        "(call $tstore (i32.const 32) (i32.const 64))",
        "(call $log (i32.const 0) (i32.const 0) (i32.const 0))",
        CREATE_1,
        CREATE_2,
    ] {
        let report = Case::default().in_static_call().run(body);
        assert_eq!(report.cause, Some(Cause::Hostio(Failure::Static)), "{body}");
    }
    // Caching writes nothing, and neither does flushing without dirty slots.
    for body in [CACHE_ONE, FLUSH] {
        assert_eq!(
            Case::default().in_static_call().run(body).outcome,
            Outcome::Success,
            "{body}"
        );
    }
}

#[test]
fn bad_arguments_fail_and_keep_ink() {
    for body in [
        "(call $load (i32.const 65505) (i32.const 0))",
        "(call $cache (i32.const 0) (i32.const -1))",
        "(call $log (i32.const 0) (i32.const 0) (i32.const 5))",
        "(call $log (i32.const 0) (i32.const 31) (i32.const 1))",
        "(call $write_result (i32.const 65537) (i32.const 0))",
        "(call $balance (i32.const 65517) (i32.const 0))",
    ] {
        let report = Case::default().run(body);
        assert_eq!(report.outcome, Outcome::Failure, "{body}");
        assert!(report.ink_left > Ink(INK.0 / 2), "{body}");
        assert!(report.output.is_empty(), "{body}");
    }
    let at_the_very_end = "(call $write_result (i32.const 65536) (i32.const 0))";
    assert_eq!(
        Case::default().run(at_the_very_end).outcome,
        Outcome::Success
    );
}

#[test]
fn a_broken_host_is_no_outcome() {
    let mut case = Case::default();
    case.host.answer = None;
    let fault = case.try_run(CREATE_1).unwrap_err();
    assert_eq!(
        fault.to_string(),
        "the host failed: the program creates a contract, but no other code runs here"
    );
}

/// Theorem: ink is counted up to 2^64 − 1, whether a program or its host calls spend it.
#[test]
fn ink_is_counted_to_its_end() {
    let pay = "(call $pay_for_memory_grow (i32.const 0))";
    let used = Case::default().run(pay).ink_used;
    for ink in [u64::MAX, 1 << 63, (1 << 63) - 1, (1 << 63) - 2] {
        let mut case = Case {
            ink: Ink(ink),
            ..Case::default()
        };
        let report = case.run(pay);
        assert_eq!(report.ink_used, used, "{ink}");
        assert_eq!(report.ink_left, Ink(ink - used.0), "{ink}");
        // An unaffordable charge takes all of it.
        let report = case.run("(call $pay_for_memory_grow (i32.const 200))");
        assert_eq!(report.outcome, Outcome::OutOfInk, "{ink}");
        assert_eq!(report.ink_used, Ink(ink), "{ink}");
    }
}

/// Theorem: an operator whose price is 2^64 − 1 is affordable with exactly that amount, in the very first block, and leaves
/// nothing; with less, ink runs out.
#[test]
fn the_highest_price_can_be_paid_once() {
    const FLOAT: &str = "(drop (f32.const 1))";
    let run = |ink, body: &str| {
        let mut case = Case {
            ink: Ink(ink),
            ..Case::default()
        };
        let report = case.run(body);
        (report.outcome, report.ink_left.0)
    };
    assert_eq!(run(u64::MAX, FLOAT), (Outcome::Success, 0));
    assert_eq!(run(u64::MAX - 1, FLOAT), (Outcome::OutOfInk, 0));
    assert_eq!(run(1 << 63, FLOAT), (Outcome::OutOfInk, 0));
    // Nothing is left for the block after it, or for it after any other block.
    assert_eq!(
        run(u64::MAX, &format!("{FLOAT} (block)")),
        (Outcome::OutOfInk, 0)
    );
    assert_eq!(
        run(u64::MAX, &format!("(block) {FLOAT}")),
        (Outcome::OutOfInk, 0)
    );
    // A host call in that block runs, with nothing to pay for it.
    let pays = format!("{FLOAT} (call $pay_for_memory_grow (i32.const 0))");
    assert_eq!(run(u64::MAX, &pays), (Outcome::OutOfInk, 0));
    let exits = format!("{FLOAT} (call $exit_early (i32.const 0))");
    assert_eq!(run(u64::MAX, &exits), (Outcome::Success, 0));
    assert_eq!(
        run(u64::MAX, &format!("{FLOAT} unreachable")),
        (Outcome::Failure, 0)
    );
    // Before the block is paid for, all of it is there.
    let mut case = Case {
        ink: Ink::MAX,
        ..Case::default()
    };
    case.config.stylus.max_stack_depth = 1;
    let report = case.run(FLOAT);
    assert_eq!(
        (report.outcome, report.ink_used),
        (Outcome::OutOfStack, Ink(0))
    );
}

/// Runs a module unchanged, plain and profiled, with the same result.
fn run_module(wat: &str, environment: Environment) -> Report {
    let config = Config::default();
    let engine = Engine::new(&config).unwrap();
    let wasm = wat::parse_str(wat).unwrap();
    let call = Call {
        ink: INK,
        environment,
        ..Call::default()
    };
    let program = engine.compile(&wasm, &config).unwrap();
    let mut host = MemoryHost::default();
    let report = program.run(&mut host, call.clone()).unwrap();
    let program = engine.compile_for_profile(&wasm, &config, None).unwrap();
    let mut host = MemoryHost::default();
    let (profiled, _) = program.run(&mut host, call).unwrap();
    assert_eq!(profiled, report);
    report
}

/// Theorem: a host call does and costs the same whether a program calls it directly or through a table, among its own functions;
/// only the operator's price differs.
#[test]
fn host_calls_through_a_table() {
    let run = |calls: [&str; 4]| {
        let [sender, ink_left, own, result] = calls;
        let wat = format!(
            r#"(module
                (import "vm_hooks" "msg_sender" (func $sender (param i32)))
                (import "vm_hooks" "evm_ink_left" (func $ink_left (result i64)))
                (import "vm_hooks" "write_result" (func $result (param i32 i32)))
                (memory (export "memory") 1 1)
                (table 8 8 funcref)
                (elem (i32.const 2) $result $own $sender $ink_left $own)
                (func $own (result i32) (i32.const 40))
                (func (export "user_entrypoint") (param i32) (result i32)
                    (i32.const 12) {sender}
                    {ink_left} drop
                    (i32.store (i32.const 32) ({own}))
                    (i32.const 0) (i32.const 36) {result}
                    (i32.const 0)))"#
        );
        let environment = Environment {
            sender: Address::repeat_byte(0xAB),
            ..Environment::default()
        };
        run_module(&wat, environment)
    };
    let direct = run([
        "(call $sender)",
        "(call $ink_left)",
        "call $own",
        "(call $result)",
    ]);
    let indirect = run([
        "(call_indirect (param i32) (i32.const 4))",
        "(call_indirect (result i64) (i32.const 5))",
        "call_indirect (result i32) (i32.const 6)",
        "(call_indirect (param i32 i32) (i32.const 2))",
    ]);
    assert_eq!(direct.outcome, Outcome::Success);
    let output = [&[0; 12][..], &[0xAB; 20], &[40, 0, 0, 0]].concat();
    assert_eq!((&direct.output, &indirect.output), (&output, &output));
    // 13,610 and 650 for each of three parameters, one more constant, and no 3,800.
    let dearer = 4 * (13_610 + 1 - 3_800) + 3 * 650;
    assert_eq!(indirect.ink_used.0 - direct.ink_used.0, dearer);
}

/// A host call can be the entry point itself if it has the right type: here for the account at address 0.
#[test]
fn a_host_call_as_the_entry_point() {
    let report = run_module(
        r#"(module
            (import "vm_hooks" "account_code_size" (func $size (param i32) (result i32)))
            (memory (export "memory") 1 1)
            (export "user_entrypoint" (func $size)))"#,
        Environment::default(),
    );
    let got = (report.outcome, report.ink_used);
    assert_eq!(got, (Outcome::Success, Ink(33_068_073)));
}

/// Theorem: a call returns the remaining gas, but no more than the return data leaves of what it was given.
#[test]
fn return_data_has_a_price() {
    let returns = |bytes: u32| format!("(call $write_result (i32.const 0) (i32.const {bytes}))");
    let gas_back = |arbos, bytes, given| {
        let mut case = Case::at(arbos);
        case.ink = Ink(1_000 * 10_000);
        let report = case.run(&returns(bytes));
        assert_eq!(report.outcome, Outcome::Success);
        report.gas_back(Gas(given), &case.config)
    };
    // 32 KiB are 1,024 words: 3,072 gas and 2,048 for the square; the run leaves 634 of a thousand gas.
    for (arbos, bytes, given, back) in [
        (51, 0, 1_000, Some(995)),
        (51, 32_768, 10_000, Some(634)),
        (51, 32_768, 5_600, Some(480)),
        (51, 32_768, 5_120, Some(0)),
        (51, 32_768, 5_119, None),
        (30, 32_768, 5_119, Some(634)),
    ] {
        assert_eq!(
            gas_back(arbos, bytes, given),
            back.map(Gas),
            "{bytes} bytes of {given} gas"
        );
    }
    let report = Case::default().run("(call $pay_for_memory_grow (i32.const 200))");
    assert_eq!(
        report.gas_back(Gas(9), &Case::default().config),
        Some(Gas::ZERO)
    );
}

/// Upstream's `depth.wat` has a frame of nine words: three of value stack, two locals and four. Exactly one frame left is an
/// overflow.
#[test]
fn frames_of_nine_words() {
    let wasm = wat::parse_str(
        r#"(module (memory (export "memory") 1 1)
            (func $f (export "user_entrypoint") (param i32) (result i32) (local i32 i32)
                (if (local.get 0)
                    (then (drop (call $f (i32.sub (local.get 0) (i32.const 1))))))
                i32.const 0))"#,
    )
    .unwrap();
    let mut config = Config::default();
    let engine = Engine::new(&config).unwrap();
    let program = engine.compile(&wasm, &config).unwrap();
    // The calldata's length is the first frame's parameter: how many more frames to enter.
    for (words, more, outcome) in [
        (9, 0, Outcome::OutOfStack),
        (10, 0, Outcome::Success),
        (18, 1, Outcome::OutOfStack),
        (19, 1, Outcome::Success),
        (28, 2, Outcome::Success),
    ] {
        config.stylus.max_stack_depth = words;
        let call = Call {
            calldata: vec![0; more].into(),
            ink: INK,
            ..Call::default()
        };
        let program = program.under(&config).unwrap();
        let report = program.run(&mut MemoryHost::default(), call);
        assert_eq!(report.unwrap().outcome, outcome, "{words} words");
    }
}
