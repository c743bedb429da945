//! The command line from its users' view.
//!
//! Lives here: its output and exit codes; `test` has a file of its own. Not here: what the VM does (`conformance`, `hostio`).

mod test;

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::vectors;

fn stylus_vm(arguments: &[&str], folder: &std::path::Path, stdin: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_stylus-vm"))
        .args(arguments)
        .current_dir(folder)
        .env("XDG_CACHE_HOME", folder.join("cache"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that rejects its arguments ends without reading.
    match child.stdin.take().unwrap().write_all(stdin) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => panic!("{error}"),
        _ => {}
    }
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A module whose entry point has `body`, and with `more` in addition.
fn module(body: &str, more: &str) -> Vec<u8> {
    format!(
        r#"(module {more} (memory (export "memory") 1 1)
            (func (export "user_entrypoint") (param i32) (result i32) {body}))"#
    )
    .into_bytes()
}

/// Runs on standard input; checks the exit code, and that each stream contains the expected text, or nothing if none is expected.
fn check(arguments: &[&str], stdin: &[u8], code: i32, stdout: &str, stderr: &str) {
    let folder = tempfile::tempdir().unwrap();
    let output = stylus_vm(arguments, folder.path(), stdin);
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    let what = format!("{arguments:?}\n--- stdout\n{out}\n--- stderr\n{err}");
    assert_eq!(output.status.code(), Some(code), "{what}");
    for (stream, expected) in [(&out, stdout), (&err, stderr)] {
        assert!(stream.contains(expected), "{expected}\nis not in\n{what}");
        assert_eq!(stream.is_empty(), expected.is_empty(), "{what}");
    }
    assert!(!out.contains('\x1b'), "colours are for terminals: {what}");
}

#[test]
fn good_programs() {
    let good = module("i32.const 0", "");
    check(&["check", "-"], &good, 0, "-: would be activated", "");
    check(&["check", "-"], &good, 0, "start of a call  9213 gas", "");
    check(
        &["check", "--arbos", "30", "-"],
        &good,
        0,
        "start of a call  9245 gas",
        "",
    );
    check(&["run", "-"], &good, 0, "2452 ink (0 gas)", "");
    let binary = wat::parse_bytes(&good).unwrap().into_owned();
    check(&["run", "-"], &binary, 0, "-: success", "");
}

/// How far a module is from each limit, for one that would be activated and for one that would not.
#[test]
fn limits_are_told() {
    let explain = ["check", "--explain", "-"];
    let good = module("i32.const 0", "");
    for said in [
        "0.7 %  1 of 128 pages of memory at the start",
        "of 10485760 bytes of native code, as estimated (Nitro's nodes)",
        "it holds nothing but what",
    ] {
        check(&explain, &good, 0, said, "");
    }
    let started = module("i32.const 0", "(func $init) (start $init)");
    check(&explain, &started, 1, "noticed: a start function", "");
    check(&explain, b"hello", 1, "name the .wasm file", "");
}

/// A chain owner's page settings, by flag.
#[test]
fn pages_as_an_owner_set_them() {
    let growing = br#"(module
        (import "vm_hooks" "pay_for_memory_grow" (func (param i32)))
        (memory (export "memory") 1)
        (func (export "user_entrypoint") (param i32) (result i32)
            (drop (memory.grow (i32.const 9))) (i32.const 0)))"#;
    let run = |more: &[&str], code, said| {
        let arguments = [&["run"], more, &["-"]].concat();
        check(&arguments, growing, code, said, "");
    };
    run(&[], 0, "success");
    run(&["--page-limit", "10"], 0, "success");
    run(&["--page-limit", "9"], 1, "out of ink");
    run(&["--page-limit", "9", "--arbos", "58"], 0, "success");
    // Two blocks and the operators in them; nothing for pages.
    run(&["--free-pages", "10"], 0, "pages at the end   10");
    run(&["--free-pages", "2"], 0, "80030512 ink (8003 gas)");
}

/// A module that a chain would accept but no transaction could pay for.
#[test]
fn an_activation_that_costs_too_much() {
    // Each loop is two blocks, and each block is metered.
    let function = format!("(func {})", "(loop)".repeat(2_500));
    let large = module("i32.const 0", &function.repeat(33));
    let said = "cannot be activated, which costs more than the 32000000 gas of a transaction";
    check(&["check", "-"], &large, 1, said, "");
}

/// The environment and storage given to a call, as a program returns them: sender, value, slot 7.
#[test]
fn runs_are_given_an_environment() {
    let program = module(
        r#"(call $sender (i32.const 12)) (call $value (i32.const 32))
           (i32.store8 (i32.const 95) (i32.const 7)) (call $load (i32.const 64) (i32.const 64))
           (call $result (i32.const 0) (i32.const 96)) i32.const 0"#,
        r#"(import "vm_hooks" "msg_sender" (func $sender (param i32)))
           (import "vm_hooks" "msg_value" (func $value (param i32)))
           (import "vm_hooks" "storage_load_bytes32" (func $load (param i32 i32)))
           (import "vm_hooks" "write_result" (func $result (param i32 i32)))"#,
    );
    let sender = format!("0x{}", "ab".repeat(20));
    for (value, storage) in [("4096", "7=0xff"), ("0x1000", "0x07=255")] {
        check(
            &[
                "run",
                "--sender",
                &sender,
                "--value",
                value,
                "--storage",
                storage,
                "-",
            ],
            &program,
            0,
            &format!(
                "{}{}{:064x}{:064x}",
                "0".repeat(24),
                &sender[2..],
                4096,
                255
            ),
            "",
        );
    }
}

#[test]
fn bad_endings() {
    let trap = module("unreachable", "");
    check(
        &["run", "-"],
        &trap,
        1,
        "-: failure: wasm trap: wasm `unreachable` instruction executed",
        "",
    );
    check(
        &["run", "-"],
        &module("i32.const 1", ""),
        1,
        "-: revert",
        "",
    );
    check(
        &["run", "--ink", "2451", "-"],
        &module("i32.const 0", ""),
        1,
        "-: out of ink",
        "",
    );
    check(
        &["run", "--max-depth", "6", "-"],
        &module("i32.const 0", ""),
        1,
        "-: out of stack",
        "",
    );
    let endless = module("call $f i32.const 0", "(func $f call $f)");
    for words in ["1", "22000", "262144", "4294967295"] {
        check(
            &["run", "--max-depth", words, "--ink", "1000000000", "-"],
            &endless,
            1,
            "-: out of ",
            "",
        );
    }
    // As data, no ending is good or bad.
    check(
        &["run", "--json", "-"],
        &trap,
        0,
        r#""outcome":"failure""#,
        "",
    );
}

#[test]
fn refusals_say_why_where_and_what_to_do() {
    for (body, more, sentence, advice) in [
        (
            "f32.const 0 f32.sqrt drop i32.const 0",
            "",
            "the floating-point operator `F32Sqrt`",
            "fixed point",
        ),
        (
            "i32.const 0",
            "(func $start) (start $start)",
            "the module has a start function (at byte 0x",
            "initialise there: in Rust, build as a cdylib",
        ),
        (
            "i32.const 0",
            r#"(import "env" "abort" (func (param i32 i32 i32 i32)))"#,
            "the Stylus VM offers no import env.abort",
            "compile AssemblyScript with `--use abort=`",
        ),
        (
            "i32.const 0",
            r#"(import "env" "table" (table 1 funcref))"#,
            "the import env.table is not a function",
            "link the program whole",
        ),
        (
            "i32.const 0",
            r#"(import "vm_hooks" "nope" (func))"#,
            "the Stylus VM offers no import vm_hooks.nope",
            "find the dependency",
        ),
        (
            "i32.const 0",
            r#"(import "console" "log_i32" (func (param i32)))"#,
            "offers no import console.log_i32",
            "without the SDK's `debug` feature",
        ),
        (
            "i32.const 0 i32.const 0 i32.const 0 memory.init 0 i32.const 0",
            "(data \"x\")",
            "may not have a data count section (at byte 0x",
            "`stylus-vm process`",
        ),
        (
            "i32.const 0",
            r#"(import "vm_hooks" "memory_grow" (func (param i32)))"#,
            "offers no import vm_hooks.memory_grow",
            "it became `pay_for_memory_grow`",
        ),
        (
            "i32.const 0",
            r#"(import "vm_hooks" "storage_store_bytes32" (func (param i32 i32)))"#,
            "offers no import vm_hooks.storage_store_bytes32",
            "stylus-sdk 0.5 or later",
        ),
    ] {
        let wat = module(body, more);
        check(&["check", "-"], &wat, 1, sentence, "");
        check(&["check", "-"], &wat, 1, advice, "");
        check(&["run", "-"], &wat, 1, sentence, "");
    }
    let wide = br#"(module (memory (export "memory") i64 1 1))"#;
    check(&["check", "-"], wide, 1, "build for wasm32", "");
    let growable = br#"(module (memory (export "memory") 1)
        (func (export "user_entrypoint") (param i32) (result i32) i32.const 0))"#;
    check(
        &["check", "-"],
        growable,
        1,
        "does not import vm_hooks.pay_for_memory_grow",
        "",
    );
    let large = br#"(module (memory (export "memory") 200 200)
        (func (export "user_entrypoint") (param i32) (result i32) i32.const 0))"#;
    check(
        &["check", "-"],
        large,
        1,
        "begins with 200 pages and 128 pages are allowed",
        "",
    );
    check(
        &["check", "-"],
        b"(module)",
        1,
        "exports no function user_entrypoint",
        "",
    );
}

#[test]
fn what_cannot_be_used() {
    let good = module("i32.const 0", "");
    check(
        &["check", "absent.wasm"],
        b"",
        2,
        "",
        "error: absent.wasm cannot be read: No such file",
    );
    check(
        &["check", "-"],
        b"(module",
        2,
        "",
        "error: - is not WebAssembly text: expected `)` (at 1:8)",
    );
    // Reading a file without an end stops at a limit.
    check(
        &["check", "-"],
        &vec![0; (64 << 20) + 1],
        2,
        "",
        "- has more than 67108864 bytes, and no program has as many",
    );
    check(&["run", "--calldata", "0xzz", "-"], &good, 2, "", "not hex");
    check(
        &["run", "--arbos", "70", "-"],
        &good,
        2,
        "",
        "choose a version from 30 to 61",
    );
    check(
        &["run", "--ink", "lots", "-"],
        &good,
        2,
        "",
        "invalid digit",
    );
    for (option, value, said) in [
        ("--sender", "0x12", "not an address of 20 bytes in hex"),
        ("--value", "0xzz", "not a number of at most 256 bits"),
        ("--value", "1_000", "not a number of at most 256 bits"),
        (
            "--storage",
            "7",
            "not a slot and a word with `=` between them",
        ),
        (
            "--storage",
            "7=x",
            "`x` is not a number of at most 256 bits",
        ),
        (
            "--storage",
            "007=1",
            "`007` is not a number of at most 256 bits",
        ),
    ] {
        check(&["run", option, value, "-"], &good, 2, "", said);
    }
    check(&["check"], b"", 2, "", "required arguments");
    // The other files are still checked.
    check(
        &["check", "absent.wasm", "-"],
        &good,
        2,
        "-: would be activated",
        "absent.wasm",
    );
    check(
        &["run", "--json", "absent.wasm", "-"],
        &good,
        2,
        r#"{"file":"-","#,
        "absent.wasm",
    );
}

/// Theorem: compiler output is refused where a chain would refuse it, with what it would get once processed, and `process` writes
/// the processed module.
#[test]
fn what_a_compiler_made_is_processed() {
    let folder = tempfile::tempdir().unwrap();
    let text = r#"(module (memory (export "memory") 17 17) (global (mut i32) (i32.const 1048576)) (data (i32.const 1048576) "x")
        (func (export "user_entrypoint") (param i32) (result i32) (i32.const 0)))"#;
    let plain = wat::parse_str(text).unwrap();
    // An unneeded data count before the code.
    let code = plain.windows(2).position(|it| it == [10, 6]).unwrap();
    let counted = [&plain[..code], &[12, 1, 1], &plain[code..]].concat();
    std::fs::write(folder.path().join("raw.wasm"), &counted).unwrap();
    let run = |arguments: &[&str]| {
        let output = stylus_vm(arguments, folder.path(), b"");
        (output.status.code(), text_of(&output))
    };
    let (code, said) = run(&["check", "raw.wasm"]);
    assert_eq!(code, Some(1));
    for part in [
        "raw.wasm: refused: a Stylus program may not have a data count section",
        "raw.wasm, as `stylus-vm process` and `cargo stylus` make it: would be activated",
        "  cheaper: every call begins with 1048576 bytes of stack: with `-C link-arg=-zstack-size=32768` (in Zig, `--stack 32768`) it \
         begins with 15 pages fewer and costs 15008 gas less\n",
    ] {
        assert!(said.contains(part), "{part}\nis not in\n{said}");
    }
    assert_eq!(
        run(&["process", "raw.wasm", "--out", "done.wasm"]).0,
        Some(0)
    );
    let (code, said) = run(&["check", "done.wasm"]);
    assert_eq!(
        (code, said.matches("cheaper: every call").count()),
        (Some(0), 1),
        "{said}"
    );
    let small = text.replace("17 17", "1 1").replace("1048576", "32768");
    std::fs::write(folder.path().join("small.wat"), small).unwrap();
    let (code, said) = run(&["check", "small.wat"]);
    assert_eq!(
        (code, said.contains("cheaper: ")),
        (Some(0), false),
        "{said}"
    );
    let printed = stylus_vm(&["process", "raw.wasm", "--out", "-"], folder.path(), b"");
    assert_eq!(
        printed.stdout,
        std::fs::read(folder.path().join("done.wasm")).unwrap()
    );
    // If the processed module is refused too, that is reported; a section that cannot be processed is named.
    let floats = module("f32.const 0 f32.sqrt drop i32.const 0", "");
    let floats = wat::parse_bytes(&floats).unwrap();
    let code = floats.windows(2).position(|it| it == [10, 13]).unwrap();
    let counted = [&floats[..code], &[12, 1, 0], &floats[code..]].concat();
    let nameless = [&plain[..], &[0, 2, 9, b'x']].concat();
    for (wasm, part) in [
        (
            counted,
            "it.wasm, as `stylus-vm process` and `cargo stylus` make it: refused: the floating-point operator `F32Sqrt`",
        ),
        (nameless, "  why: its custom section at byte "),
    ] {
        std::fs::write(folder.path().join("it.wasm"), wasm).unwrap();
        let (code, said) = run(&["check", "it.wasm"]);
        assert_eq!(code, Some(1));
        assert!(said.contains(part), "{part}\nis not in\n{said}");
    }
    let (code, said) = run(&["process", "absent.wasm", "--out", "x.wasm"]);
    assert_eq!(code, Some(2), "{said}");
    std::fs::write(folder.path().join("bad.wasm"), "nothing").unwrap();
    assert_eq!(run(&["process", "bad.wasm", "--out", "x.wasm"]).0, Some(2));
    assert!(!folder.path().join("x.wasm").exists());
}

fn text_of(output: &Output) -> String {
    text(&output.stdout) + &text(&output.stderr)
}

/// Theorem: closing the pipe causes no error message.
#[test]
#[cfg(unix)]
fn nobody_has_to_read_to_the_end() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("it.wat"), module("i32.const 0", "")).unwrap();
    let files = "it.wat ".repeat(500);
    for command in ["check", "run", "run --json"] {
        let script = format!(
            "{} {command} {files} | head -n 1",
            env!("CARGO_BIN_EXE_stylus-vm")
        );
        let output = Command::new("sh")
            .args(["-c", &script])
            .current_dir(folder.path())
            .env("XDG_CACHE_HOME", folder.path().join("cache"))
            .output()
            .unwrap();
        assert_eq!(text(&output.stderr), "", "{command}");
    }
}

/// Theorem: `run --json` prints the record's own lines, letter for letter, except for the text of a refusal.
#[test]
fn json_lines_are_the_records() {
    let folder = tempfile::tempdir().unwrap();
    for (file, wasm) in vectors::modules() {
        std::fs::write(folder.path().join(file), wasm).unwrap();
    }
    let given = |line: &Value| {
        line["run"]["ink"] == 20_000_000_000_u64 && line["run"]["calldata"] == ""
            || line["run"].is_null()
    };
    let at_default_depth =
        |line: &Value| line["run"].is_null() || line["run"]["max_depth"] == 22_000;
    let lines: Vec<_> = vectors::expected()
        .into_iter()
        .filter(|line| given(line) && at_default_depth(line))
        .collect();
    let mut arguments = vec!["run", "--arbos", "51", "--json", "--ink", "20000000000"];
    arguments.extend(lines.iter().map(|line| line["file"].as_str().unwrap()));
    let output = stylus_vm(&arguments, folder.path(), b"");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));

    let recorded: std::collections::HashMap<_, _> = include_str!("vectors/expected.jsonl")
        .lines()
        .map(|text| {
            (
                serde_json::from_str::<Value>(text).unwrap().to_string(),
                text,
            )
        })
        .collect();
    let printed = text(&output.stdout);
    assert_eq!(printed.lines().count(), lines.len());
    for (printed, expected) in printed.lines().zip(&lines) {
        let refused = |line: &Value| line["activation"]["error"].is_string();
        let actual: Value = serde_json::from_str(printed).unwrap();
        if refused(expected) {
            assert!(
                refused(&actual) && actual["file"] == expected["file"],
                "{printed}"
            );
        } else {
            assert_eq!(
                Some(&printed),
                recorded.get(&expected.to_string()),
                "{expected}"
            );
        }
    }
    assert!(lines.len() > 200, "{} lines", lines.len());
}
