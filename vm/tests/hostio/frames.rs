//! Calls, creates and return data.

use alloy_primitives::{B256, Bytes, U256};
use stylus_vm::{
    Call, CallKind, Cause, Config, Engine, Failure, Gas, Host, Ink, InkPrice, MemoryAccount,
    MemoryHost, Outcome, Pages, activate,
};

use super::case::{Case, INK, TARGET, check_ink};

#[test]
fn ink_of_return_data_and_hashes() {
    let case = || {
        let mut case = Case::warm();
        case.answer(Gas(0), true, vec![0xAB; 10_000].into());
        case
    };
    let call = "(drop (call $static (i32.const 0) (i32.const 256) (i32.const 0) (i64.const 9) (i32.const 256)))";
    for (size, ink) in [
        (0, 73_113),
        (10, 73_113),
        (100, 75_153),
        (1_000, 102_153),
        (10_000, 372_153),
    ] {
        let read = format!(
            "(drop (call $read_return_data (i32.const 256) (i32.const 0) (i32.const {size})))"
        );
        check_ink(case, &[call, &read], ink);
    }
    for (len, ink) in [(10, 121_800), (100, 163_800), (1_000, 751_800)] {
        let keccak = format!("(call $keccak (i32.const 0) (i32.const {len}) (i32.const 2048))");
        check_ink(Case::default, &[&keccak], ink);
    }
}

#[test]
fn return_data_is_cut_at_its_end() {
    // Offset, size, bytes copied. If there is nothing to copy, even a pointer outside memory is fine.
    for (offset, size, dest, copied) in [
        (0, 3, 256, 3),
        (2, 9, 256, 3),
        (5, 1, 256, 0),
        (9, 9, 256, 0),
        (5, 9, 4_000_000_000_u32, 0),
    ] {
        let mut case = Case::warm();
        case.answer(Gas(0), false, Bytes::from_static(&[1, 2, 3, 4, 5]));
        let report = case.run(&format!(
            "(drop (call $static (i32.const 0) (i32.const 0) (i32.const 0) (i64.const 0) (i32.const 256)))
             (i32.store (i32.const 512)
                (call $read_return_data (i32.const {}) (i32.const {offset}) (i32.const {size})))
             (i32.store (i32.const 516) (call $return_data_size))
             (call $write_result (i32.const 512) (i32.const 8))",
            dest as i32
        ));
        assert_eq!(
            report.output,
            [copied, 0, 0, 0, 5, 0, 0, 0],
            "{size} bytes from {offset}"
        );
    }
}

fn call(data_len: u32, value: u32, gas: u64) -> String {
    format!(
        "(drop (call $call (i32.const 0) (i32.const 256) (i32.const {data_len}) (i32.const {value})
            (i64.const {}) (i32.const 400)))",
        gas as i64
    )
}

#[test]
fn ink_of_calls() {
    let callee = |spent, warm| {
        move || {
            let mut case = if warm { Case::warm() } else { Case::default() };
            case.answer(Gas(spent), true, Bytes::new());
            case
        }
    };
    let base = |len: u64| 83_193 + 2 * (16_381 + 55 * len.saturating_sub(32));
    // Upstream's own: burnArbGas(0) through a warm account spends three gas on its argument.
    check_ink(callee(3, true), &[&call(36, 128, u64::MAX)], 1_146_395);
    check_ink(callee(0, true), &[&call(0, 128, 0)], base(0) + 1_000_000);
    check_ink(callee(0, false), &[&call(0, 128, 0)], base(0) + 26_000_000);
    // With value: 9,000, and 25,000 if the target is empty. An unspent stipend comes back.
    check_ink(
        callee(0, true),
        &[&call(0, 64, 0)],
        base(0) + (100 + 9_000 + 25_000) * 10_000,
    );
    // The callee's use of the stipend is paid for, unlike in the EVM.
    check_ink(
        callee(1_000, true),
        &[&call(0, 64, 0)],
        base(0) + (100 + 9_000 + 25_000 + 1_000) * 10_000,
    );
}

#[test]
fn gas_given_to_a_callee() {
    let start = 83_193 + 2 * 16_381 + 2_450 + 5 + 1 + 3_800;
    let given = |gas: u64, value: u32, left: u64| {
        let mut case = Case {
            ink: Ink(left * 10_000 + start),
            ..Case::warm()
        };
        let account = MemoryAccount {
            nonce: 1,
            ..MemoryAccount::default()
        };
        case.host.accounts.insert(TARGET, account);
        case.run(&call(0, value, gas));
        case.calls().first().map(|request| request.gas)
    };
    assert_eq!(
        given(50, 128, 1_000_100),
        Some(Gas(50)),
        "no more than asked for"
    );
    assert_eq!(
        given(u64::MAX, 128, 64_100),
        Some(Gas(63_000)),
        "all but a 64th"
    );
    assert_eq!(
        given(u64::MAX, 128, 64_101),
        Some(Gas(63_000)),
        "rounded down"
    );
    assert_eq!(given(0, 64, 1_000_000), Some(Gas(2_300)), "the stipend");
    assert_eq!(
        given(0, 64, 9_100),
        Some(Gas(2_300)),
        "the stipend needs no gas of its own"
    );
    assert_eq!(given(0, 64, 9_099), None, "value that cannot be paid for");
}

#[test]
fn a_call_that_cannot_be_paid_for_takes_all_gas() {
    let start = 83_193 + 2 * 16_381 + 2_450 + 6 + 3_800;
    let report = Case {
        ink: Ink(2_599 * 10_000 + 9_000 + start),
        ..Case::default()
    }
    .run(&call(0, 128, 0));
    // Whole gas is passed on; the fraction pays for what follows.
    assert_eq!(
        (report.outcome, report.ink_left),
        (Outcome::Success, Ink(9_000 - 2_450 - 9 - 1 - 1))
    );
}

/// Theorem: a call warms an account exactly if there was gas for the call of a warm one, 100; so a following access costs 100
/// or 2,600.
#[test]
fn a_call_without_its_base_does_not_warm_its_target() {
    let body = call(0, 128, 0);
    let start = 83_193 + 2 * 16_381 + 2_450 + 6 + 3_800;
    for (gas, is_cold) in [(0, true), (99, true), (100, false), (2_599, false)] {
        let mut case = Case {
            ink: Ink(gas * 10_000 + 9_999 + start),
            ..Case::default()
        };
        let report = case.run(&body);
        assert_eq!(report.outcome, Outcome::Success, "{gas}");
        assert_eq!(
            case.host.load_account(TARGET).unwrap().is_cold,
            is_cold,
            "{gas} gas left"
        );
        assert!(
            case.calls().is_empty(),
            "{gas} gas do not pay for a cold call"
        );
    }
}

/// Theorem: 63/64 are computed in 64 bits, as upstream does: they wrap when 63 times the gas does.
#[test]
fn the_63_64ths_wrap_above_2_to_the_58() {
    // The most gas whose 63-fold is below 2^64, and one more.
    let most = u64::MAX / 63;
    for (rest, given) in [
        (most, most * 63 / 64),
        (most + 1, 0),
        (most + 2, 1),
        (most + 3, 2),
    ] {
        let mut case = Case::warm();
        case.config.stylus.ink_price = InkPrice::new(1).unwrap();
        // At one ink per gas, the base's 100 gas are 100 ink.
        case.ink = Ink(rest + 100 + 83_193 + 2 * 16_381 + 2_450 + 5 + 1 + 3_800);
        case.run(&call(0, 128, u64::MAX));
        assert_eq!(case.calls()[0].gas, Gas(given), "of {rest}");
    }
}

#[test]
fn status_and_requests_of_calls() {
    let status = |case: &mut Case, call: &str| {
        let report = case.run(&format!(
            "(i32.store (i32.const 512) {call}) (call $write_result (i32.const 512) (i32.const 1))"
        ));
        report.output
    };
    let plain = "(call $call (i32.const 0) (i32.const 63) (i32.const 1) (i32.const 64) (i64.const 5) (i32.const 400))";
    let mut case = Case::warm();
    case.answer(Gas(0), true, Bytes::new());
    assert_eq!(status(&mut case, plain), [0]);
    let request = &case.calls()[0];
    assert_eq!(
        (request.kind, request.target, request.value),
        (CallKind::Call, TARGET, U256::from(1))
    );
    assert_eq!(request.input, Bytes::from_static(&[7]));

    let mut case = Case::warm();
    assert_eq!(status(&mut case, plain), [2], "any failure is two");

    // Sending value from a static call fails without costing gas or asking the host.
    let mut case = Case::warm().in_static_call();
    assert_eq!(status(&mut case, plain), [2]);
    assert!(case.calls().is_empty());

    for (name, kind) in [
        ("$delegate", CallKind::Delegate),
        ("$static", CallKind::Static),
    ] {
        let call = format!(
            "(call {name} (i32.const 0) (i32.const 0) (i32.const 0) (i64.const 5) (i32.const 400))"
        );
        let mut case = Case::warm();
        status(&mut case, &call);
        assert_eq!(
            (case.calls()[0].kind, case.calls()[0].value),
            (kind, U256::ZERO)
        );
    }
}

pub(crate) const CREATE_1: &str =
    "(call $create1 (i32.const 256) (i32.const 33) (i32.const 64) (i32.const 512) (i32.const 600))";

pub(crate) const CREATE_2: &str = "(call $create2 (i32.const 256) (i32.const 33) (i32.const 64) (i32.const 96) (i32.const 512) (i32.const 600))";

#[test]
fn ink_of_creates() {
    let case = || {
        let mut case = Case::default();
        case.answer(Gas(500), true, Bytes::new());
        case
    };
    let data = 2 * (16_381 + 55);
    check_ink(case, &[CREATE_1], 83_193 + data + (32_000 + 500) * 10_000);
    // Two words are hashed; there is no other charge per word of init code.
    check_ink(
        case,
        &[CREATE_2],
        88_233 + data + (32_000 + 12 + 500) * 10_000,
    );
}

#[test]
fn requests_and_results_of_creates() {
    let mut case = Case::default();
    case.creates_at(TARGET);
    let report = case.run(&format!(
        "{CREATE_2}(call $write_result (i32.const 512) (i32.const 20))"
    ));
    assert_eq!(report.output, TARGET.to_vec());
    let request = &case.creates()[0];
    assert_eq!(
        (request.endowment, request.salt),
        (U256::from(1), Some(B256::with_last_byte(2)))
    );
    assert_eq!(request.code.len(), 33);

    // A 64th is kept back, computed from what is left after the base.
    let start = 83_193 + 2 * (16_381 + 55) + 2_450 + 5 + 3_800;
    let mut case = Case {
        ink: Ink((32_000 + 6_500) * 10_000 + start),
        ..Case::default()
    };
    case.run(CREATE_1);
    assert_eq!(case.creates()[0].gas, Gas(6_500 - 101));

    let mut case = Case {
        ink: Ink(31_999 * 10_000 + start),
        ..Case::default()
    };
    assert_eq!(
        case.run(CREATE_1).cause,
        Some(Cause::Hostio(Failure::CreateGas))
    );
}

/// Upstream's `write-args.wat`, called cold and uncached with four bytes, costs its caller 118,475,955 ink: one vector for
/// headers, blocks, host calls, the start's gas and rounding.
#[test]
fn a_call_of_write_args_costs_what_it_costs_in_nitro() {
    let wasm = wat::parse_str(
        r#"(module
            (import "vm_hooks" "read_args" (func $read_args (param i32)))
            (import "vm_hooks" "write_result" (func $return_data (param i32 i32)))
            (memory (export "memory") 1 1)
            (func $main (export "user_entrypoint") (param $arguments_len i32) (result i32)
                (call $read_args (i32.const 0))
                (call $return_data (i32.const 0) (local.get $arguments_len))
                i32.const 0))"#,
    )
    .unwrap();
    // As long as upstream's, names included: the size is part of the price of a start.
    assert_eq!(wasm.len(), 191);
    let config = Config::default();
    let activation = activate(&wasm, &config, Pages(0), Gas::MAX).unwrap();
    let program = Engine::new(&config)
        .unwrap()
        .compile(&wasm, &config)
        .unwrap();
    let input = Call {
        calldata: vec![1, 2, 3, 4].into(),
        ink: INK,
        ..Call::default()
    };
    let report = program.run(&mut MemoryHost::default(), input).unwrap();
    assert_eq!(
        (report.ink_used, &report.output[..]),
        (Ink(69_631), &[1, 2, 3, 4][..])
    );

    let execution = Gas(report.ink_used.0.div_ceil(10_000));
    let spent = activation.call_gas(&config, false) + execution;
    let callee = move || {
        let mut case = Case::default();
        case.answer(spent, true, vec![1, 2, 3, 4].into());
        case
    };
    check_ink(callee, &[&call(4, 128, u64::MAX)], 118_475_955);
}
