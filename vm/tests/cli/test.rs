//! `stylus-vm test`: which vectors agree, what it says of those that do not, and what is not a vector.

use std::path::Path;

use serde_json::{Value, json};

use super::{module, stylus_vm, text};

/// A program that returns its calldata with a byte of slot 0 added to its last byte, and counts its calls in slot 1. By the
/// first byte it reverts with the calldata (1), traps (2), spends all its ink (3), reads the sender, value and a balance (4),
/// or calls a precompile (5).
fn program() -> Vec<u8> {
    module(
        r#"(local $kind i32)
           (call $args (i32.const 256))
           (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
           (local.set $kind (i32.load8_u (i32.const 256)))
           (if (i32.eq (local.get $kind) (i32.const 2)) (then unreachable))
           (if (i32.eq (local.get $kind) (i32.const 3)) (then (loop $forever (br $forever))))
           (if (i32.eq (local.get $kind) (i32.const 4))
             (then
               (call $sender (i32.const 512))
               (call $value (i32.const 532))
               (call $address (i32.const 600))
               (call $balance (i32.const 600) (i32.const 564))
               (call $result (i32.const 512) (i32.const 84))
               (return (i32.const 0))))
           (if (i32.eq (local.get $kind) (i32.const 5))
             (then
               (i32.store8 (i32.const 19) (i32.const 1))
               (drop (call $call (i32.const 0) (i32.const 0) (i32.const 0) (i64.const 9) (i32.const 32)))))
           (call $load (i32.const 64) (i32.const 96))
           (i32.store8
             (i32.add (i32.const 255) (local.get 0))
             (i32.add
               (i32.load8_u (i32.add (i32.const 255) (local.get 0)))
               (i32.load8_u (i32.const 127))))
           (i32.store8 (i32.const 159) (i32.const 1))
           (call $load (i32.const 128) (i32.const 160))
           (i32.store8 (i32.const 191) (i32.add (i32.load8_u (i32.const 191)) (i32.const 1)))
           (call $cache (i32.const 128) (i32.const 160))
           (call $flush (i32.const 0))
           (call $result (i32.const 256) (local.get 0))
           (i32.eq (local.get $kind) (i32.const 1))"#,
        r#"(import "vm_hooks" "read_args" (func $args (param i32)))
           (import "vm_hooks" "write_result" (func $result (param i32 i32)))
           (import "vm_hooks" "storage_load_bytes32" (func $load (param i32 i32)))
           (import "vm_hooks" "storage_cache_bytes32" (func $cache (param i32 i32)))
           (import "vm_hooks" "storage_flush_cache" (func $flush (param i32)))
           (import "vm_hooks" "msg_sender" (func $sender (param i32)))
           (import "vm_hooks" "msg_value" (func $value (param i32)))
           (import "vm_hooks" "contract_address" (func $address (param i32)))
           (import "vm_hooks" "account_balance" (func $balance (param i32 i32)))
           (import "vm_hooks" "static_call_contract"
             (func $call (param i32 i32 i32 i64 i32) (result i32)))"#,
    )
}

/// Runs `vectors`, from a file, with `more` arguments: exit code, output, errors.
fn run(vectors: &str, more: &[&str]) -> (i32, String, String) {
    let folder = tempfile::tempdir().unwrap();
    run_in(folder.path(), vectors, more)
}

fn run_in(folder: &Path, vectors: &str, more: &[&str]) -> (i32, String, String) {
    std::fs::write(folder.join("v.jsonl"), vectors).unwrap();
    std::fs::write(folder.join("p.wat"), program()).unwrap();
    let arguments = [&["test", "v.jsonl", "p.wat"], more].concat();
    let output = stylus_vm(&arguments, folder, b"");
    let code = output.status.code().unwrap();
    (code, text(&output.stdout), text(&output.stderr))
}

/// Runs one vector with `fields` in addition to its name; checks the exit code and a part of the report.
fn check(fields: &str, code: i32, said: &str) {
    let (got, out, err) = run(&format!(r#"{{"name": "it", {fields}}}"#), &[]);
    assert_eq!((got, err.as_str()), (code, ""), "{fields}\n{out}");
    assert!(
        out.contains(said),
        "{said}\nis not said of {fields}:\n{out}"
    );
}

#[test]
fn vectors_agree_or_differ() {
    check(
        r#""calldata": "0x0007", "output": "0x0007""#,
        0,
        "1 of 1 vectors agree",
    );
    check(r#""calldata": "", "output": """#, 0, "1 of 1 vectors agree");
    check(
        r#""calldata": "0007", "output": "0x0008""#,
        1,
        "line 1, it\n  expected    success with 0x0008 (2 bytes)\n  got         success with 0x0007 (2 bytes)\n",
    );
    check(
        r#""calldata": "0x0007", "reverts": true"#,
        1,
        "expected    revert\n",
    );
    // Reverts: with any data, with the right one, with another; a trap has none.
    check(r#""calldata": "0x0107", "reverts": true"#, 0, "1 of 1");
    check(r#""calldata": "0x0107", "reverts": "0x0107""#, 0, "1 of 1");
    check(
        r#""calldata": "0x0107", "reverts": "0x""#,
        1,
        "expected    revert with nothing",
    );
    check(
        r#""calldata": "0x0107", "output": "0x0107""#,
        1,
        "got         revert with 0x0107",
    );
    check(r#""calldata": "0x02", "reverts": true"#, 0, "1 of 1");
    check(r#""calldata": "0x02", "reverts": """#, 0, "1 of 1");
    check(
        r#""calldata": "0x02", "output": """#,
        1,
        "wasm `unreachable` instruction executed",
    );
    // Running out of ink is not a revert.
    check(
        r#""calldata": "0x03", "ink": 100000000, "reverts": true"#,
        1,
        "got         out of ink",
    );
}

/// Theorem: the program finds exactly what its vector sets, and nothing of another vector.
#[test]
fn vectors_set_the_scene() {
    for storage in [
        r#"{"0": "5"}"#,
        r#"{"0": 5}"#,
        r#"{"0x0": "0x05"}"#,
        r#"{"0x0000000000000000000000000000000000000000000000000000000000000000": "0x5", "1": "0x9"}"#,
    ] {
        let fields = format!(r#""calldata": "0x0007", "storage": {storage}, "output": "0x000c""#);
        check(&fields, 0, "1 of 1");
    }
    let sender = "ab".repeat(20);
    for value in ["4096", "\"0x1000\"", "\"4096\""] {
        let fields = format!(
            r#""calldata": "04", "sender": "0x{sender}", "value": {value}, "output": "0x{sender}{0:064x}{0:064x}""#,
            4096
        );
        check(&fields, 0, "1 of 1");
    }
    let vector = r#"{"name": "same", "calldata": "0007", "output": "0007"}"#;
    let (code, out, _) = run(&format!("{vector}\n{vector}\n"), &["--json"]);
    assert_eq!(code, 0, "{out}");
    let ink: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["ink_used"].clone())
        .collect();
    assert_eq!(ink[0], ink[1]);
}

/// Theorem: storage costs the same as on a chain: a new slot 20,000 gas more than one that is dirty already, and so on.
#[test]
fn ink_is_a_chains() {
    let ink = |storage: &str| {
        let vector = format!(
            r#"{{"name": "it", "calldata": "0007", "storage": {storage}, "reverts": true}}"#
        );
        let (_, out, _) = run(&vector, &["--json"]);
        let line: Value = serde_json::from_str(&out).unwrap();
        line["ink_used"].as_u64().unwrap()
    };
    // Slot 1 is loaded cold (2,100), then written warm: from zero 20,000, from another value 2,900.
    let (new, old) = (ink("{}"), ink(r#"{"1": "0x05"}"#));
    assert_eq!(new - old, (20_000 - 2_900) * 10_000);
    assert!(new > (2 * 2_100 + 20_000) * 10_000, "{new}");
    check(
        &format!(r#""calldata": "0007", "output": "0007", "max_ink": {new}"#),
        0,
        "1 of 1",
    );
    check(
        &format!(
            r#""calldata": "0007", "output": "0007", "max_ink": {}"#,
            new - 1
        ),
        1,
        "expected    at most ",
    );
}

#[test]
fn what_needs_other_code_has_no_outcome() {
    let said = "the program calls the precompile 0x0000000000000000000000000000000000000001";
    check(r#""calldata": "0x05", "reverts": true"#, 2, said);
    let (code, out, _) = run(
        r#"{"name": "it", "calldata": "0x05", "reverts": true}"#,
        &["--json"],
    );
    assert_eq!(code, 2);
    let line: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(line["agrees"], false);
    assert!(line["error"].as_str().unwrap().contains(said), "{out}");
}

#[test]
fn reports_count_and_show_the_first() {
    let mut vectors = String::new();
    for byte in 0..200_u8 {
        let answer = if byte % 10 == 9 { 0 } else { byte };
        vectors += &format!(
            "{{\"name\": \"byte {byte}\", \"calldata\": \"00{byte:02x}\", \"output\": \"00{answer:02x}\"}}\n\n"
        );
    }
    let (code, out, err) = run(&vectors, &[]);
    assert_eq!((code, err.as_str()), (1, ""));
    // Every second line is empty; line numbers are those of the file.
    assert!(out.starts_with("line 19, byte 9\n"), "{out}");
    assert!(out.contains("line 199, byte 99\n"), "{out}");
    assert!(!out.contains("byte 109"), "{out}");
    assert!(out.contains("and 10 more; --show 20 shows all\n"), "{out}");
    assert!(
        out.contains("v.jsonl: 180 of 200 vectors agree, 20 differ\n"),
        "{out}"
    );
    let (_, out, _) = run(&vectors, &["--show", "20"]);
    assert!(
        out.contains("byte 199\n") && !out.contains("more;"),
        "{out}"
    );

    let (code, out, _) = run(&vectors, &["--json"]);
    assert_eq!(code, 1);
    let lines: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 200);
    let names: Vec<_> = lines.iter().map(|line| line["name"].clone()).collect();
    assert_eq!(
        names,
        (0..200)
            .map(|byte| json!(format!("byte {byte}")))
            .collect::<Vec<_>>()
    );
    let differing = &lines[9];
    assert_eq!(
        (
            &differing["line"],
            &differing["agrees"],
            &differing["outcome"],
            &differing["output"]
        ),
        (&json!(19), &json!(false), &json!("success"), &json!("0009"))
    );
    assert_eq!(
        differing["differences"],
        json!([{ "what": "output", "expected": "0000" }])
    );
    assert!(lines[8].get("differences").is_none());
}

#[test]
fn long_outputs_show_where_they_differ() {
    let input = format!("00{}", "11".repeat(299));
    let mut expected = input.clone();
    expected.replace_range(2 * 200..2 * 200 + 2, "22");
    check(
        &format!(r#""calldata": "{input}", "output": "{expected}""#),
        1,
        "(300 bytes, bytes 160 to 256, the first that differs is 200)",
    );
}

#[test]
fn arrays_and_formatted_objects_are_vectors_too() {
    let vector = "{\n  \"name\": \"it\",\n  \"calldata\": \"0007\",\n  \"output\": \"0008\"\n}";
    for text in [
        format!("[{vector}, {vector}]"),
        format!("\u{feff}[\n{vector}\n,\n{vector}\n]\n"),
        format!("{vector}\n{vector}"),
        format!("{vector}{vector}\r\n"),
    ] {
        let (code, out, err) = run(&text, &[]);
        assert_eq!((code, err.as_str()), (1, ""), "{text}");
        assert!(out.contains("0 of 2 vectors agree, 2 differ"), "{out}");
    }
    let (_, out, _) = run(&format!("[\n{vector}\n,\n{vector}\n]\n"), &[]);
    assert!(
        out.contains("line 2, it") && out.contains("line 8, it"),
        "{out}"
    );
}

/// Checks the message for a file that holds `vectors`: nothing runs, and the exit code is 2.
fn check_unusable(vectors: &str, said: &str) {
    let (code, out, err) = run(vectors, &[]);
    assert_eq!((code, out.as_str()), (2, ""), "{vectors}\n{err}");
    assert!(
        err.contains(said),
        "{said}\nis not said of {vectors}:\n{err}"
    );
}

#[test]
fn what_is_no_vector_is_said_by_line_and_key() {
    let good = r#"{"name": "it", "calldata": "00", "output": "00"}"#;
    let second = |fields: &str, said: &str| {
        let vectors = format!("{good}\n{{\"name\": \"it\", {fields}}}\n{good}");
        check_unusable(&vectors, &format!("error: v.jsonl: line 2: {said}\n"));
    };
    second(
        r#""calldta": "00", "output": "00""#,
        "unknown key `calldta`; the keys are name, calldata, sender, value, ink, storage, output, reverts, max_ink",
    );
    second(r#""output": "00""#, "`calldata` is missing");
    second(
        r#""calldata": "00""#,
        "neither `output` nor `reverts` says what is expected; give one",
    );
    second(
        r#""calldata": "00", "output": "", "reverts": true"#,
        "both `output` and `reverts` say what is expected; give one",
    );
    second(
        r#""calldata": "0", "output": """#,
        "`calldata`: 0 is not bytes in hex",
    );
    second(
        r#""calldata": "00", "output": "zz""#,
        "`output`: zz is not bytes in hex",
    );
    second(
        r#""calldata": 7, "output": """#,
        "`calldata`: invalid type: integer `7`, expected bytes in hex",
    );
    second(
        r#""calldata": "00", "reverts": false"#,
        "`reverts`: false is not true, or the revert data in hex",
    );
    second(
        r#""calldata": "00", "output": "", "sender": "0x12""#,
        "`sender`: 0x12 is not an address of 20 bytes in hex",
    );
    second(
        r#""calldata": "00", "output": "", "output": """#,
        "`output` stands twice",
    );
    let number = "a number of at most 256 bits, in hex with 0x or in decimal, in quotes where it needs more than 64";
    second(
        r#""calldata": "00", "output": "", "value": -1"#,
        &format!("`value`: invalid type: integer `-1`, expected {number}"),
    );
    second(
        r#""calldata": "00", "output": "", "value": 100000000000000000000000"#,
        &format!("`value`: invalid type: floating point `1e+23`, expected {number}"),
    );
    second(
        r#""calldata": "00", "output": "", "value": "1_0""#,
        &format!("`value`: 1_0 is not {number}"),
    );
    second(
        r#""calldata": "00", "output": "", "ink": "0x10000000000000000""#,
        "`ink`: 0x10000000000000000 is not a number of ink, at most 2^64 - 1",
    );
    second(
        r#""calldata": "00", "output": "", "storage": {"1": "0xx"}"#,
        &format!("`storage`: `1`: 0xx is not {number}"),
    );
    second(
        r#""calldata": "00", "output": "", "storage": {"0010": "1"}"#,
        "`storage`: the slot 0010 is not a number of at most 256 bits, in hex with 0x or in decimal",
    );
    second(
        r#""calldata": "00", "output": "", "storage": {"1": "1", "0x01": "2"}"#,
        "`storage`: the slot 0x01 stands twice",
    );
    second(
        r#""calldata": "00", "output": "", "storage": [1]"#,
        "`storage`: invalid type: sequence, expected an object of slots and the words they hold",
    );
    check_unusable(
        &format!("{good}\n{{\"name\": \n{good}"),
        "line 2: in line 3, `name`: invalid type: map, expected text",
    );
    check_unusable(
        &format!("{good}\n{{\"name\": \n"),
        "line 2: in line 3, `name`: EOF while parsing a value",
    );
    check_unusable(
        &format!("{good}\n{{\"name\": it}}\n"),
        "line 2: `name`: expected value",
    );
    check_unusable(
        &format!("{good}\n7\n"),
        "line 2: invalid type: integer `7`, expected a vector",
    );
    check_unusable(
        &format!("[{good}\n{good}]"),
        "line 2: `,` or `]` is missing after a vector",
    );
    check_unusable(&format!("[{good},\n"), "line 2: the array has no end");
    check_unusable(
        &format!("[{good}]\n{good}"),
        "line 2: something follows the array",
    );
    check_unusable("\n \n", "v.jsonl holds no vectors");
    check_unusable("[]", "v.jsonl holds no vectors");
    // It reads all lines, and reports only some of the errors.
    let many = "{}\n".repeat(25);
    check_unusable(&many, "line 10: ");
    check_unusable(&many, "and 15 more lines that are not vectors");
}

#[test]
fn files_and_arguments_of_test() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let good = r#"{"name": "it", "calldata": "00", "output": "00"}"#;
    std::fs::write(path.join("p.wat"), program()).unwrap();
    std::fs::write(path.join("refused.wat"), "(module)").unwrap();
    std::fs::write(path.join("v.jsonl"), good).unwrap();
    std::fs::write(path.join("bytes"), [0xff, 0xfe, 0x00]).unwrap();
    let run = |arguments: &[&str], stdin: &[u8], code, out: &str, err: &str| {
        let output = stylus_vm(&[&["test"], arguments].concat(), path, stdin);
        let got = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{arguments:?} {got:?}");
        assert!(
            got.0.contains(out) && got.1.contains(err),
            "{arguments:?} {got:?}"
        );
    };
    run(
        &["-", "p.wat"],
        good.as_bytes(),
        0,
        "-: 1 of 1 vectors agree",
        "",
    );
    run(&["v.jsonl", "-"], &program(), 0, "v.jsonl: 1 of 1", "");
    run(&["-", "-"], b"", 2, "", "cannot both be standard input");
    run(
        &["absent", "p.wat"],
        b"",
        2,
        "",
        "absent cannot be read: No such file",
    );
    run(
        &["bytes", "p.wat"],
        b"",
        2,
        "",
        "bytes is not text, neither in UTF-8 nor in UTF-16",
    );
    run(
        &["v.jsonl", "absent"],
        b"",
        2,
        "",
        "absent cannot be read: No such file",
    );
    run(
        &["v.jsonl", "refused.wat"],
        b"",
        1,
        "exports no function user_entrypoint",
        "",
    );
    run(&["v.jsonl"], b"", 2, "", "<WASM>");
    run(
        &["--help"],
        b"",
        0,
        "generate-vectors | stylus-vm test - contract.wasm",
        "",
    );
}
