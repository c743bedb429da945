//! Modules without sources, and the plans derived from what they answer.
//!
//! Lives here: a module in text with a known dispatcher, and what a report on it says. Not here: modules of real compilers (`ways`),
//! contracts that are built (`kinds`).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use stylus_report::figures::Report;

use super::kinds::write;
use crate::support::{run, text};

/// A module that answers `name()` with nothing, `set(uint256)` by writing its number to a slot, the unknown `0x12345678` likewise, and,
/// if `entries`, anything else; it reverts for everything it does not answer. `first()` is answered only once the number has been set.
pub(crate) fn module(entries: bool) -> Vec<u8> {
    wat::parse_str(text_of_module(entries)).unwrap()
}

/// The module as text.
pub(crate) fn text_of_module(entries: bool) -> String {
    let store = "(call $store (i32.const 512) (i32.const 4)) (call $flush (i32.const 0)) (return (i32.const 0))";
    let selector = |selector: u32| {
        format!(
            "(i32.eq (local.get $s) (i32.const {}))",
            selector.swap_bytes()
        )
    };
    let entry = if entries {
        "(return (i32.const 0))"
    } else {
        ""
    };
    format!(
        r#"(module
            (import "vm_hooks" "read_args" (func $read (param i32)))
            (import "vm_hooks" "storage_load_bytes32" (func $load (param i32 i32)))
            (import "vm_hooks" "storage_cache_bytes32" (func $store (param i32 i32)))
            (import "vm_hooks" "storage_flush_cache" (func $flush (param i32)))
            (import "vm_hooks" "write_result" (func $write (param i32 i32)))
            (memory (export "memory") 1 1)
            (func (export "user_entrypoint") (param $len i32) (result i32) (local $s i32)
                (call $read (i32.const 0))
                (local.set $s (i32.load (i32.const 0)))
                (if (i32.ge_u (local.get $len) (i32.const 4)) (then
                    (if {} (then (return (i32.const 0))))
                    (if {} (then {store}))
                    (if {} (then {store}))
                    (if {} (then
                        (call $load (i32.const 512) (i32.const 544))
                        (call $write (i32.const 544) (i32.const 32))
                        (return (i64.eqz (i64.load (i32.const 568))))))))
                {entry}
                (i32.const 1)))"#,
        selector(0x06fd_de03),
        selector(0x60fe_47b1),
        selector(0x1234_5678),
        selector(0x3df4_ddf4),
    )
}

const ABI: &str = r#"[{"type":"function","name":"set","inputs":[{"name":"a","type":"uint256"}],"outputs":[],"stateMutability":"nonpayable"}]"#;

fn module_in(folder: &Path, entries: bool) -> PathBuf {
    let path = folder.join("token.wasm");
    fs::write(&path, module(entries)).unwrap();
    path
}

fn report_on(folder: &Path, arguments: &[&str]) -> (Option<i32>, Report) {
    let all = [
        &["report", "--format", "json", "--wasm", "token.wasm"],
        arguments,
    ]
    .concat();
    let output = run(folder, &all);
    let report = serde_json::from_slice(&output.stdout);
    (
        output.status.code(),
        report.unwrap_or_else(|_| panic!("{}", text(&output.stderr))),
    )
}

/// A measured report.
pub(crate) fn some_report() -> Report {
    let folder = tempfile::tempdir().unwrap();
    module_in(folder.path(), true);
    report_on(folder.path(), &[]).1
}

/// Theorem: everything that a module without sources answers is either measured or reported as not measured.
#[test]
fn nothing_is_left_out_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    module_in(folder.path(), false);
    write(folder.path(), "token.json", ABI);
    let (code, report) = report_on(folder.path(), &["--abi", "token.json"]);
    assert_eq!(code, Some(0));
    let contract = &report.contracts[0];
    let names: Vec<_> = contract
        .calls
        .iter()
        .map(|call| call.signature.as_str())
        .collect();
    assert_eq!(names, ["set(uint256)", "name()"]);
    let left_out = contract.left_out.join("\n");
    assert!(
        left_out.contains("0x12345678: the module answers") && left_out.contains("0x3df4ddf4"),
        "{left_out}"
    );

    // Without an interface, functions known from standards are called; entry points are distinguished from functions.
    module_in(folder.path(), true);
    let (code, report) = report_on(folder.path(), &[]);
    assert_eq!(code, Some(0));
    let names: Vec<_> = report.contracts[0]
        .calls
        .iter()
        .map(|call| call.name.as_str())
        .collect();
    assert_eq!(names, ["name", "no calldata", "fallback"]);

    // The interface of something else measures nothing of this module.
    write(
        folder.path(),
        "other.sol",
        "interface IOther { function nobody() external; }",
    );
    let (_, report) = report_on(folder.path(), &["--abi", "other.sol"]);
    let contract = &report.contracts[0];
    assert!(contract.calls.iter().all(|call| call.name != "nobody"));
    assert!(
        contract
            .left_out
            .iter()
            .any(|left| left.starts_with("nobody(): ")),
        "{:?}",
        contract.left_out
    );

    for garbage in [
        "garbage",
        "",
        "[]",
        "{\"abi\":1}",
        "interface I {}",
        "interface I { function f(uint8[1000][1000][1000] memory a) external; }",
    ] {
        write(folder.path(), "garbage.abi", garbage);
        fs::write(
            folder.path().join("token.wasm"),
            wat::parse_str("(module)").unwrap(),
        )
        .unwrap();
        let output = run(
            folder.path(),
            &["report", "--wasm", "token.wasm", "--abi", "garbage.abi"],
        );
        assert_eq!(output.status.code(), Some(1), "{garbage}");
    }
}

/// Theorem: the keys of a plan do what they say: another contract, time, value, calldata, and the entry points without a selector.
#[test]
fn plans_have_other_contracts_time_and_calldata() {
    let folder = tempfile::tempdir().unwrap();
    module_in(folder.path(), true);
    fs::write(folder.path().join("asset.wasm"), module(false)).unwrap();
    // Init code that deploys ten bytes, which return 42.
    write(
        folder.path(),
        "evm.bin",
        "600a600c600039600a6000f3602a60005260206000f3\n",
    );
    let plan = r#"
        [[contract]]
        name = "asset"
        wasm = "asset.wasm"
        [[contract]]
        name = "oracle"
        bytecode = "evm.bin"
        [[setup]]
        on = "asset"
        call = "set(uint256)"
        args = [7]
        [[call]]
        name = "asset, once set"
        on = "asset"
        call = "first() returns (uint256)"
        [[call]]
        name = "oracle"
        on = "oracle"
        call = "answer() returns (uint256)"
        [[call]]
        call = "receive()"
        value = "1 ether"
        [[call]]
        call = "fallback()"
        [[call]]
        name = "later"
        call = "set(uint256)"
        args = ["{now}"]
        wait = "2 days"
        [[call]]
        name = "raw"
        calldata = "0x12345678ff"
        [[call]]
        name = "of nobody"
        call = "nobody()"
        [[call]]
        name = "of nobody there"
        on = "asset"
        call = "nobody()"
        reverts = true
    "#;
    write(folder.path(), "plan.toml", plan);
    let (code, report) = report_on(folder.path(), &["--plan", "plan.toml"]);
    let contract = &report.contracts[0];
    assert_eq!(code, Some(0), "{:?}", report.failures().collect::<Vec<_>>());
    let output = |name: &str| {
        let call = contract
            .calls
            .iter()
            .find(|call| call.name == name)
            .unwrap();
        (call.signature.clone(), call.runs()[0].output.clone())
    };
    assert_eq!(output("asset, once set").1, "7");
    assert_eq!(output("oracle").1, "42");
    assert_eq!(output("receive").0, "receive()");
    assert_eq!(output("fallback").0, "fallback()");
    assert_eq!(output("raw").0, "calldata 0x12345678ff");
    let later = contract
        .calls
        .iter()
        .find(|call| call.name == "later")
        .unwrap();
    let now: u64 = later.runs()[0].arguments[0].parse().unwrap();
    assert!(now >= 1_800_000_000 + 2 * 86_400, "{now}");
    let left_out = contract.left_out.join("\n");
    assert!(left_out.contains("name()"), "{left_out}");
    assert!(
        left_out.contains("nobody(): no function of the module has this selector"),
        "{left_out}"
    );
    let words =
        "nobody(): no function of `asset` has this selector: what is measured is its refusal";
    assert!(left_out.contains(words), "{left_out}");
}

/// Theorem: a check that compared nothing fails, and a name that no baseline can have is an argument that makes no sense.
#[test]
fn a_check_has_something_to_compare() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    module_in(folder, false);
    fs::copy(folder.join("token.wasm"), folder.join("coin.wasm")).unwrap();
    let check = |arguments: &[&str], code: i32, words: &str| {
        let output = run(folder, &[&["report"], arguments].concat());
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
    };
    check(&["--wasm", "token.wasm", "--save", "main"], 0, "");
    let compared = ["--baseline", "main", "--check"];
    check(&[&["--wasm", "token.wasm"], &compared[..]].concat(), 0, "");
    check(
        &[&["--wasm", "coin.wasm"], &compared[..]].concat(),
        1,
        "--check compared nothing, because the baseline main has none of this report's calls",
    );
    for option in ["--save", "--baseline"] {
        for name in ["a b", ""] {
            check(
                &["--wasm", "token.wasm", option, name],
                2,
                "cannot be a baseline's name",
            );
        }
    }
}

/// Theorem: a report says what it knows its calls from, and an ABI beside a plan gives errors their names.
#[test]
fn a_plan_and_an_abi_say_different_things() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // Reverts with `TooSmall(1)` for any call.
    let module = format!(
        r#"(module
            (import "vm_hooks" "write_result" (func $write (param i32 i32)))
            (memory (export "memory") 1 1)
            (data (i32.const 0) "{}")
            (data (i32.const 35) "\01")
            (func (export "user_entrypoint") (param i32) (result i32)
                (call $write (i32.const 0) (i32.const 36))
                (i32.const 1)))"#,
        alloy_primitives::keccak256("TooSmall(uint256)")[..4]
            .iter()
            .map(|byte| format!("\\{byte:02x}"))
            .collect::<String>()
    );
    fs::write(folder.join("small.wat"), module).unwrap();
    let name = |selector: u32| selector.swap_bytes().to_string();
    let strange = text_of_module(false).replace(&name(0x06fd_de03), &name(0x1122_3344));
    fs::write(folder.join("strange.wat"), strange).unwrap();
    write(
        folder,
        "small.sol",
        "interface I { function put(uint256 n) external; error TooSmall(uint256 least); }",
    );
    write(
        folder,
        "plan.toml",
        "[[call]]\ncall = 'put(uint256)'\nargs = ['1']\nreverts = true\n",
    );
    let frob = alloy_primitives::keccak256("frob(uint8)")[..4].to_vec();
    let frob = name(u32::from_be_bytes(frob.try_into().unwrap()));
    let frobs = text_of_module(false).replace(&name(0x1234_5678), &frob);
    fs::write(folder.join("frobs.wat"), frobs).unwrap();
    write(
        folder,
        "frobs.sol",
        "interface I { function set(uint256 n) external; function frob(uint8 n) external; }",
    );
    write(
        folder,
        "set.toml",
        "[[call]]\ncall = 'set(uint256)'\nargs = ['1']\n",
    );
    write(
        folder,
        "other.sol",
        "interface IOther { function nobody() external; }",
    );
    write(
        folder,
        "anything.wat",
        r#"(module (memory (export "memory") 1 1) (func (export "user_entrypoint") (param i32) (result i32) (i32.const 0)))"#,
    );
    module_in(folder, false);
    for (arguments, code, words) in [
        (
            &["small.wat", "--plan", "plan.toml", "--abi", "small.sol"][..],
            0,
            &["calls from plan.toml", "TooSmall(1)"][..],
        ),
        (
            &["small.wat", "--plan", "plan.toml"],
            0,
            &["calls from plan.toml", "0x"],
        ),
        (
            &["frobs.wat", "--plan", "set.toml", "--abi", "frobs.sol"],
            0,
            &[
                "name(), frob(uint8), 0x3df4ddf4: the module answers this, but the plan does not call it",
            ],
        ),
        (
            &["strange.wat", "--abi", "other.sol"],
            1,
            &[
                "the module answers no function of that --abi, so name its own, or what to call with --plan FILE",
            ],
        ),
        (
            &["anything.wat"],
            0,
            &["the module does not show which selectors it answers, so there may be more"],
        ),
        (
            &["token.wasm"],
            0,
            &[
                "calls that standards have names for",
                "; write its signature into a plan",
            ],
        ),
    ] {
        let output = run(folder, &[&["report", "--wasm"], arguments].concat());
        let said = text(&output.stdout);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        let line = said.split_whitespace().collect::<Vec<_>>().join(" ");
        for words in words {
            assert!(line.contains(words), "{words}: {said}");
        }
    }
}

/// Theorem: a revert whose data are text is shown as that text; what a report stores stays as it was returned.
#[test]
fn reverts_are_shown_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let module = |before: &str, data: &str, length: usize| {
        format!(
            r#"(module
                (import "vm_hooks" "write_result" (func $write (param i32 i32)))
                (import "vm_hooks" "static_call_contract"
                    (func $call (param i32 i32 i32 i64 i32) (result i32)))
                (memory (export "memory") 1 1)
                (data (i32.const 0) "{data}")
                (func (export "user_entrypoint") (param i32) (result i32)
                    {before}
                    (call $write (i32.const 0) (i32.const {length}))
                    (i32.const 1)))"#
        )
    };
    let ask = "(drop (call $call (i32.const 64) (i32.const 0) (i32.const 0) (i64.const 9000) (i32.const 96)))";
    let panic = "\\4e\\48\\7b\\71";
    for (file, before, data, length) in [
        ("text.wat", "", "not the owner", 13),
        ("bytes.wat", "", "not the owner\\00", 14),
        ("selector.wat", "", "NotO", 4),
        ("nobody.wat", ask, panic, 36),
        ("panics.wat", "", panic, 36),
    ] {
        write(folder, file, &module(before, data, length));
    }
    write(folder, "plan.toml", "[[call]]\ncall = 'f()'\n");
    write(
        folder,
        "reverts.toml",
        "[[call]]\ncall = 'f()'\nreverts = true\n",
    );
    const NOBODY: &str = "returned nothing, as an account without code does";
    for (file, plan, format, words, not) in [
        (
            "text.wat",
            "plan.toml",
            "table",
            "it reverted with \"not the owner\" (0x6e6f7420746865206f776e6572)",
            NOBODY,
        ),
        ("bytes.wat", "plan.toml", "table", "with 0x6e6f", "\"not"),
        (
            "selector.wat",
            "plan.toml",
            "table",
            "with 0x4e6f744f",
            "\"NotO",
        ),
        ("nobody.wat", "plan.toml", "table", NOBODY, "assert"),
        ("panics.wat", "plan.toml", "table", "generic panic", NOBODY),
        (
            "text.wat",
            "reverts.toml",
            "markdown",
            "\"not the owner\" 0x6e6f7420746865206f776e6572",
            NOBODY,
        ),
        (
            "text.wat",
            "reverts.toml",
            "json",
            "\"output\": \"0x6e6f7420746865206f776e6572\"",
            "not the owner",
        ),
    ] {
        let arguments = ["report", "--wasm", file, "--plan", plan, "--format", format];
        let output = run(folder, &arguments);
        let said = text(&output.stdout);
        let line = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(line.contains(words), "{words}: {said}");
        assert!(!line.contains(not), "{not}: {said}");
    }
}

/// Theorem: there is colour where the environment wants it, even in a pipe, and nowhere if it wants none.
#[test]
fn the_environment_says_where_colour_is() {
    let folder = tempfile::tempdir().unwrap();
    module_in(folder.path(), true);
    for (variables, is_coloured) in [
        (&[][..], false),
        (&[("CLICOLOR_FORCE", "1")], true),
        (&[("CLICOLOR_FORCE", "")], false),
        (&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_cargo-gas-bench"))
            .args(["gas-bench", "report", "--wasm", "token.wasm"])
            .current_dir(folder.path())
            .env_remove("CLICOLOR_FORCE")
            .env_remove("NO_COLOR")
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        let said = text(&output.stdout);
        assert_eq!(
            said.contains('\u{1b}'),
            is_coloured,
            "{variables:?}: {said}"
        );
    }
}
