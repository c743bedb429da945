//! What a host learns of host calls: names, bytes passed and returned, and ink.
//!
//! The bytes are those of Nitro's tracer; numbers are big-endian.

use alloy_primitives::{Address, hex};
use stylus_vm::{Gas, Outcome, Step};

use super::case::{Case, TARGET};

const ADDRESS: &str = "6900000000000000000000000000000000000069";

/// A word with this last byte.
fn word(last: u8) -> String {
    format!("{last:064x}")
}

/// The steps of a run of `body`, without those of its beginning and end.
fn steps(mut case: Case, body: &str) -> Vec<Step> {
    case.host.steps = Some(Vec::new());
    case.run(body);
    let mut steps = case.host.steps.take().unwrap();
    let begin = steps.remove(0);
    let end = steps.pop().unwrap();
    assert_eq!(
        (begin.name, hex::encode(&begin.args)),
        ("user_entrypoint", "00000000".into())
    );
    assert_eq!(
        (end.name, hex::encode(&end.outs)),
        ("user_returned", "00000000".into())
    );
    assert_eq!(
        [begin.start_ink, begin.end_ink, end.start_ink, end.end_ink],
        [case.ink; 4],
        "the beginning and the end show all the ink there was"
    );
    steps
}

/// Checks the step of the last host call of `body`.
fn check_in(case: Case, body: &str, name: &str, args: &str, outs: &str) {
    let steps = steps(case, body);
    let last = steps
        .last()
        .unwrap_or_else(|| panic!("{body} told nothing"));
    let told = (last.name, hex::encode(&last.args), hex::encode(&last.outs));
    assert_eq!(told, (name, args.to_owned(), outs.to_owned()), "{body}");
    // Only memory within the free pages costs nothing.
    assert!(last.start_ink >= last.end_ink, "{body} gains ink");
    // Steps follow one another.
    assert!(
        steps
            .windows(2)
            .all(|pair| pair[0].end_ink >= pair[1].start_ink),
        "{body}"
    );
}

fn check(body: &str, name: &str, args: &str, outs: &str) {
    check_in(Case::default(), body, name, args, outs);
}

#[test]
fn every_family_tells_its_bytes() {
    check("(call $read_args (i32.const 256))", "read_args", "", "");
    check(
        "(call $write_result (i32.const 62) (i32.const 2))",
        "write_result",
        "0007",
        "",
    );
    check(
        "(call $load (i32.const 32) (i32.const 256))",
        "storage_load_bytes32",
        &word(7),
        &word(0),
    );
    check(
        "(call $cache (i32.const 32) (i32.const 64))",
        "storage_cache_bytes32",
        &(word(7) + &word(1)),
        "",
    );
    check(
        "(call $flush (i32.const 5))",
        "storage_flush_cache",
        "01",
        "",
    );
    check(
        "(call $flush (i32.const 0))",
        "storage_flush_cache",
        "00",
        "",
    );
    check(
        "(call $tload (i32.const 32) (i32.const 256))",
        "transient_load_bytes32",
        &word(7),
        &word(0),
    );
    check(
        "(call $tstore (i32.const 32) (i32.const 64))",
        "transient_store_bytes32",
        &(word(7) + &word(1)),
        "",
    );
    check(
        "(call $log (i32.const 32) (i32.const 33) (i32.const 1))",
        "emit_log",
        &format!("00000001{}00", word(7)),
        "",
    );
    check(
        "(call $balance (i32.const 0) (i32.const 256))",
        "account_balance",
        ADDRESS,
        &word(0),
    );
    check(
        "(call $codehash (i32.const 0) (i32.const 256))",
        "account_codehash",
        ADDRESS,
        &word(0),
    );
    check(
        "(drop (call $code_size (i32.const 0)))",
        "account_code_size",
        ADDRESS,
        "00000000",
    );
    check_in(
        Case::with_code(3),
        "(drop (call $code (i32.const 0) (i32.const 1) (i32.const 9) (i32.const 256)))",
        "account_code",
        &format!("{ADDRESS}0000000100000009"),
        "cccc",
    );
    check(
        "(call $pow (i32.const 96) (i32.const 64))",
        "math_pow",
        &(word(2) + &word(1)),
        &word(2),
    );
    let digest = hex::encode(alloy_primitives::keccak256([7]));
    check(
        "(call $keccak (i32.const 63) (i32.const 1) (i32.const 256))",
        "native_keccak256",
        "07",
        &digest,
    );
    // Sixteen bits of the argument are shown, which before ArbOS 59 were all that counted.
    check_in(
        Case::at(58),
        "(call $pay_for_memory_grow (i32.const 65537))",
        "pay_for_memory_grow",
        "0001",
        "",
    );
    check(
        "(drop (call $return_data_size))",
        "return_data_size",
        "",
        "00000000",
    );
    check(
        "(drop (call $read_return_data (i32.const 256) (i32.const 1) (i32.const 2)))",
        "read_return_data",
        "0000000100000002",
        "",
    );
}

#[test]
fn calls_and_creations_tell_their_bytes() {
    let case = || {
        let mut case = Case::default();
        case.answer(Gas(0), false, vec![1, 2, 3].into());
        case.creates_at(Address::repeat_byte(0xAB));
        case
    };
    let gas = "0000000000000005";
    let data = "(i32.const 63) (i32.const 1)";
    check_in(
        case(),
        &format!(
            "(drop (call $call (i32.const 0) {data} (i32.const 128) (i64.const 5) (i32.const 256)))"
        ),
        "call_contract",
        &format!("{ADDRESS}{gas}{}07", word(0)),
        "0000000302",
    );
    for (name, told) in [
        ("delegate", "delegate_call_contract"),
        ("static", "static_call_contract"),
    ] {
        check_in(
            case(),
            &format!("(drop (call ${name} (i32.const 0) {data} (i64.const 5) (i32.const 256)))"),
            told,
            &format!("{ADDRESS}{gas}07"),
            "0000000302",
        );
    }
    let created = "ab".repeat(20);
    check_in(
        case(),
        "(call $create1 (i32.const 63) (i32.const 1) (i32.const 64) (i32.const 256) (i32.const 300))",
        "create1",
        &format!("{}07", word(1)),
        &format!("{created}00000003"),
    );
    check_in(
        case(),
        "(call $create2 (i32.const 63) (i32.const 1) (i32.const 64) (i32.const 96) (i32.const 256) (i32.const 300))",
        "create2",
        &format!("{}{}07", word(1), word(2)),
        &format!("{created}00000003"),
    );
    assert_eq!(hex::encode(TARGET), ADDRESS);
}

/// An early exit is reported, though it returns nothing; failed calls are not.
#[test]
fn ends_are_told_as_they_are() {
    let mut case = Case::default();
    case.host.steps = Some(Vec::new());
    let report = case.run("(call $exit_early (i32.const 3))");
    assert_eq!(report.outcome, Outcome::Revert);
    let steps = case.host.steps.take().unwrap();
    let told: Vec<_> = steps
        .iter()
        .map(|step| (step.name, hex::encode(&step.args), hex::encode(&step.outs)))
        .collect();
    let expected = [
        ("user_entrypoint", "00000000", ""),
        ("exit_early", "00000003", ""),
        ("user_returned", "", "00000003"),
    ];
    assert_eq!(
        told,
        expected.map(|(name, args, outs)| (name, args.to_owned(), outs.to_owned()))
    );

    let mut case = Case::default();
    case.host.steps = Some(Vec::new());
    let report =
        case.run("(call $read_args (i32.const 0)) (call $load (i32.const -1) (i32.const 0))");
    assert_eq!(report.outcome, Outcome::Failure);
    let names: Vec<_> = case
        .host
        .steps
        .take()
        .unwrap()
        .into_iter()
        .map(|step| step.name)
        .collect();
    assert_eq!(names, ["user_entrypoint", "read_args"]);
}
