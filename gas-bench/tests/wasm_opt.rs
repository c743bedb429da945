//! Binaryen's `wasm-opt`, and a program that only resembles it.
//!
//! Lives here: the arguments it is given, and that its output is still a contract. Not here: which variants it is used for (`compare`).

use stylus_cargo::{FindError, Mode, UnknownMode, WasmOpt, postprocess};
use stylus_vm::Outcome;
use wasmparser::{Parser, Payload};

use crate::support::call;

/// A contract that returns what it computes from eight bytes; with `fill`, it first clears them in bulk.
fn contract(fill: &str) -> Vec<u8> {
    let text = format!(
        r#"(module $contract
            (import "vm_hooks" "write_result" (func $write_result (param i32 i32)))
            (import "vm_hooks" "pay_for_memory_grow" (func $pay (param i32)))
            (memory (export "memory") 1)
            (data (i32.const 64) "\81\02\03\04\05\06\07\88")
            (@custom ".debug_info" "x")
            (func $mix (param $at i32) (result i64)
                (i64.mul (i64.extend_i32_s (i32.extend8_s (i32.load8_u (local.get $at)))) (i64.const 0x0101_0001)))
            (func $entry (export "user_entrypoint") (param i32) (result i32)
                (local $at i32) (local $sum i64)
                (call $pay (i32.const 0))
                (loop $again
                    (local.set $sum (i64.add (i64.rotl (local.get $sum) (i64.const 3))
                        (call $mix (i32.add (i32.const 64) (local.get $at)))))
                    (br_if $again (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (i32.const 8))))
                {fill}
                (i64.store (i32.const 128) (i64.add (local.get $sum) (i64.load (i32.const 64))))
                (call $write_result (i32.const 128) (i32.const 8))
                (i32.const 0)))"#
    );
    wat::parse_str(text).unwrap()
}

const FILL: &str = "(memory.fill (i32.const 64) (i32.const 0) (i32.const 7))";

fn output(module: &[u8]) -> Vec<u8> {
    let report = call(module, Vec::new());
    assert_eq!(report.outcome, Outcome::Success);
    report.output
}

fn custom(module: &[u8]) -> Vec<String> {
    let sections = Parser::new(0).parse_all(module);
    let names = sections.filter_map(|payload| match payload.unwrap() {
        Payload::CustomSection(section) => Some(section.name().to_owned()),
        _ => None,
    });
    names.collect()
}

/// Theorem: whatever is done with a module, a chain accepts the result, which behaves as before.
#[test]
#[ignore = "needs Binaryen's wasm-opt, which scripts/setup --for-tests installs; scripts/test runs it"]
fn a_contract_stays_a_contract() {
    let program = WasmOpt::find(None).unwrap();
    for fill in ["", FILL] {
        let module = contract(fill);
        for &mode in Mode::ALL {
            let named = program.run(&module, mode, true).unwrap();
            assert_eq!(output(&named), output(&module), "{mode}");
            assert_eq!(custom(&named), ["name"], "{mode}");
            let bare = program.run(&module, mode, false).unwrap();
            assert!(custom(&bare).is_empty(), "{mode}");
            assert_eq!(
                postprocess(&named).unwrap(),
                postprocess(&bare).unwrap(),
                "names change nothing: {mode}"
            );
            let again = program.run(&module, mode, true).unwrap();
            assert_eq!(again, named, "{mode}");
        }
    }
}

#[test]
#[ignore = "needs Binaryen's wasm-opt, which scripts/setup --for-tests installs; scripts/test runs it"]
fn what_no_chain_takes_is_refused_with_a_reason() {
    let program = WasmOpt::find(None).unwrap();
    let module = wat::parse_str("(module (func (result v128) (v128.const i64x2 1 2)))").unwrap();
    let error = program
        .run(&module, Mode::O3, true)
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("wasm-opt -O3 fails: "), "{error}");
    assert!(
        error.ends_with("; leave it off, or take a newer Binaryen"),
        "{error}"
    );
    assert!(!error.contains('\n') && error.len() < 200, "{error}");
}

#[test]
fn modes_are_parsed_back() {
    for &mode in Mode::ALL {
        assert_eq!(mode.name().parse(), Ok(mode));
        assert_eq!(mode.to_string().parse(), Ok(mode));
    }
    for unknown in ["", "o3", "O5", "--O3", "on"] {
        assert_eq!(unknown.parse::<Mode>(), Err(UnknownMode), "{unknown:?}");
    }
}

#[test]
fn a_program_that_is_not_there_is_an_error() {
    let error = WasmOpt::find(Some("/nowhere/wasm-opt".as_ref())).unwrap_err();
    assert!(matches!(error, FindError::NotRun { .. }), "{error}");
    assert!(
        error
            .to_string()
            .starts_with("/nowhere/wasm-opt does not run: "),
        "{error}"
    );
}

#[cfg(unix)]
mod told {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    use stylus_cargo::OptimiseError;
    use tempfile::TempDir;

    use super::*;

    /// A program that turns any module into the text of its arguments, and fails if one of them is `-O4`.
    fn pretender() -> (TempDir, WasmOpt) {
        let folder = tempfile::tempdir().unwrap();
        let program: PathBuf = folder.path().join("wasm-opt");
        let script = "#!/bin/sh\n[ \"$1\" = --version ] && { echo 'wasm-opt version 1'; exit; }\nto=$3\nshift 3\n\
                      case \"$*\" in *-O4*) echo '[noise]' >&2; echo 'Fatal: no good' >&2; exit 1;; esac\nprintf '%s' \"$*\" >\"$to\"\n";
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
        // If another test is spawning a process, that process can briefly hold the file open.
        let mut tries = std::iter::repeat_with(|| WasmOpt::find(Some(&program))).take(1_000);
        let found = tries.find_map(Result::ok).unwrap();
        (folder, found)
    }

    #[track_caller]
    fn check(fill: &str, mode: Mode, names: bool, told: &str) {
        let (_folder, program) = pretender();
        let said = program.run(&contract(fill), mode, names).unwrap();
        assert_eq!(String::from_utf8(said).unwrap(), told);
    }

    #[test]
    fn it_is_told_what_chains_take_and_no_more() {
        let basic = "--mvp-features --enable-sign-ext --enable-mutable-globals";
        check("", Mode::O3, false, &format!("-O3 {basic}"));
        check("", Mode::Oz, true, &format!("-Oz {basic} -g"));
        check(
            FILL,
            Mode::O3,
            false,
            &format!("-O3 {basic} --enable-bulk-memory"),
        );
    }

    #[test]
    fn its_complaint_is_one_sentence() {
        let (_folder, program) = pretender();
        assert_eq!(program.version(), "wasm-opt version 1");
        let error = program.run(&contract(""), Mode::O4, true).unwrap_err();
        assert_eq!(
            error.to_string(),
            "wasm-opt -O4 fails: no good; leave it off, or take a newer Binaryen"
        );
        let error = program.run(b"no module", Mode::O3, true).unwrap_err();
        assert!(matches!(error, OptimiseError::NotWasm(_)), "{error}");
    }

    #[test]
    fn off_is_not_even_asked() {
        let (_folder, program) = pretender();
        let module = program.run(&contract(""), Mode::Off, false).unwrap();
        assert_eq!(
            postprocess(&module).unwrap(),
            postprocess(&contract("")).unwrap()
        );
        assert!(custom(&module).is_empty());
    }
}

/// Theorem: a recipe's flags are passed on, and the result is still a contract that behaves the same.
#[test]
#[ignore = "needs Binaryen's wasm-opt, which scripts/setup --for-tests installs; scripts/test runs it"]
fn flags_of_a_recipe_are_handed_on() {
    let program = WasmOpt::find(None).unwrap();
    // This run strips nothing, and wasm-opt would try to parse the fake debug section; so the module is post-processed first.
    let module = postprocess(&contract("")).unwrap();
    let flags = ["-Oz".to_owned(), "--enable-sign-ext".to_owned()];
    let made = program.run_with(&module, &flags).unwrap();
    assert!(made.len() < module.len());
    assert_eq!(output(&made), output(&module));
    let error = program.run_with(&module, &["--no-such-flag".to_owned()]);
    let error = error.unwrap_err().to_string();
    assert!(
        error.starts_with("wasm-opt --no-such-flag fails: "),
        "{error}"
    );
}
