//! The command as its users see it: arguments in, sentences and exit codes out.
//!
//! Lives here: failures and their messages, on tiny contracts built on the spot. Not here: measuring the actual contract (`suite`), nor
//! the look of a report (`render`).

use std::fs;

use tempfile::TempDir;

use crate::support::{run, text};

/// A folder with no contracts in or above it.
fn empty_folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// A folder with a contract of this source, which must do without any allocator.
fn folder_with(source: &str) -> TempDir {
    let folder = empty_folder();
    for (path, content) in [
        (
            "Cargo.toml",
            "[workspace]\nmembers = ['edge-cases']\n[profile.release]\npanic = 'abort'\n",
        ),
        (
            "Cargo.lock",
            "version = 4\n[[package]]\nname = 'edge-cases'\nversion = '0.1.0'\n",
        ),
        (
            ".cargo/config.toml",
            "[target.wasm32-unknown-unknown]\nrustflags = ['-Ctarget-feature=-reference-types']\n",
        ),
        (
            "edge-cases/Cargo.toml",
            "[package]\nname = 'edge-cases'\nversion = '0.1.0'\nedition = '2024'\n[features]\nmini = []\nwee = []\n\
             [lib]\ncrate-type = ['cdylib']\n",
        ),
        ("edge-cases/Stylus.toml", "[contract]\n"),
        ("edge-cases/src/lib.rs", source),
    ] {
        let path = folder.path().join("contracts").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

/// A contract whose entry point has this body.
fn contract(body: &str) -> TempDir {
    folder_with(&format!(
        r#"#![no_std]
        #[panic_handler]
        fn panic(_: &core::panic::PanicInfo) -> ! {{ core::arch::wasm32::unreachable() }}
        #[link(wasm_import_module = "vm_hooks")]
        unsafe extern "C" {{
            safe fn pay_for_memory_grow(pages: u32);
            fn write_result(data: *const u8, len: usize);
        }}
        /// Answers (ink, pages, failed), each below 256.
        #[allow(dead_code)]
        fn answer(ink: u8, pages: u8, failed: u8) -> u32 {{
            let mut words = [0; 96];
            (words[31], words[63], words[95]) = (ink, pages, failed);
            unsafe {{ write_result(words.as_ptr(), words.len()) }}
            0
        }}
        #[unsafe(no_mangle)]
        extern "C" fn user_entrypoint(_len: u32) -> u32 {{
            pay_for_memory_grow(0);
            {body}
        }}"#
    ))
}

/// Checks that the run in `folder` ends with `code` and an error that contains `words`, and reports nothing.
fn check_refusal(folder: &TempDir, arguments: &[&str], code: i32, words: &str) {
    let output = run(folder.path(), arguments);
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
    assert_eq!(text(&output.stdout), "", "{arguments:?}");
    assert!(
        stderr.starts_with("error: ") && stderr.contains(words),
        "{arguments:?}: {stderr}"
    );
    assert!(
        !folder.path().join("target").exists(),
        "{arguments:?} must not build"
    );
}

/// Checks that MiniAlloc's figures in `folder` are missing for a reason that contains `words`; the report says so and is otherwise
/// complete.
fn check_failure(folder: &TempDir, words: &str) {
    let out = folder.path().join("report.json");
    for arguments in [
        &["--allocator=mini"][..],
        &["--allocator=mini", "--format=json", "--out=report.json"],
    ] {
        let output = run(folder.path(), arguments);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{words}: {stderr}");
        let errors: Vec<_> = stderr
            .lines()
            .filter(|line| line.starts_with("error: "))
            .collect();
        assert!(!errors.is_empty(), "{words}: {stderr}");
        for error in errors {
            assert!(
                error.starts_with("error: edge-cases with MiniAlloc"),
                "{error}"
            );
            assert!(error.contains(words), "{words} is not in: {error}");
        }
        let stdout = text(&output.stdout);
        if out.exists() {
            assert_eq!(stdout, "");
            let report: serde_json::Value =
                serde_json::from_slice(&fs::read(&out).unwrap()).unwrap();
            assert!(
                report
                    .to_string()
                    .contains("\"failure\":\"edge-cases with MiniAlloc")
            );
        } else {
            assert!(
                stdout.contains("FAILED") && stdout.contains("edge-cases with MiniAlloc"),
                "{stdout}"
            );
        }
    }
}

#[test]
fn arguments_that_make_no_sense_are_refused_before_anything_is_built() {
    let good = contract("answer(1, 2, 0)");
    let known = "the known allocators are mini, wee, std, mini-upstream, talc, lol";
    for (arguments, code, words) in [
        (&["--allocator", "jemalloc"][..], 2, known),
        (&["--allocator", "mini,jemalloc"], 2, known),
        (&["--allocator"], 2, "--allocator <NAME>"),
        (
            &["--arbos", "50"],
            2,
            "choose an ArbOS version from 51 to 61",
        ),
        (
            &["report", "--arbos", "62"],
            2,
            "choose an ArbOS version from 51 to 61",
        ),
        (&["--all", "--allocator", "mini"], 2, "--all"),
        (&["--format", "xml"], 2, "table, markdown, json"),
        (&["surprise"], 2, "surprise"),
        (
            &["--contracts", "elsewhere"],
            1,
            "elsewhere has no edge-cases/Cargo.toml",
        ),
        (
            &["--out", "absent/report.md"],
            1,
            "absent/report.md cannot be written: ",
        ),
        (
            &["--out", "contracts"],
            1,
            "contracts cannot be written: it is not a regular file",
        ),
    ] {
        check_refusal(&good, arguments, code, words);
    }
    check_refusal(
        &empty_folder(),
        &[],
        1,
        "there is no contracts/edge-cases/Cargo.toml in ",
    );
}

#[test]
fn manifests_that_cargo_refuses_end_the_run() {
    let folder = contract("answer(1, 2, 0)");
    fs::write(folder.path().join("contracts/Cargo.toml"), "[workspace\n").unwrap();
    check_refusal(&folder, &[], 1, "unclosed table");
}

#[test]
fn contracts_that_cannot_be_measured_say_why() {
    for (body, words) in [
        (
            "missing",
            "it does not build: cannot find value `missing` in this scope (edge-cases/src/lib.rs line ",
        ),
        ("1", "the call reverted"),
        (
            "panic!()",
            "the call trapped (wasm trap: wasm `unreachable` instruction executed)",
        ),
        ("0", "the answer has 0 bytes"),
        (
            "answer(1, 2, 9)",
            "the allocator failed its checks (null returned, blocks overlap)",
        ),
    ] {
        check_failure(&contract(body), words);
    }
    let no_entry_point =
        "#![no_std]\n#[panic_handler]\nfn panic(_: &core::panic::PanicInfo) -> ! { loop {} }";
    check_failure(
        &folder_with(no_entry_point),
        "the chain refuses the program",
    );
    check_failure(
        &folder_with("compile_error!(\"no\");"),
        "it does not build: no (edge-cases/src/lib.rs line 1)",
    );
}

#[test]
fn a_missing_target_is_named() {
    let folder = contract("answer(1, 2, 0)");
    // A toolchain without any standard library also lacks the target's.
    let config = "[target.wasm32-unknown-unknown]\nrustflags = ['--sysroot=/nonexistent']\n";
    fs::write(folder.path().join("contracts/.cargo/config.toml"), config).unwrap();
    // The toolchain that was chosen, as by `cargo +nightly`, and not the one that rustup would take.
    let chosen = std::env::var("RUSTUP_TOOLCHAIN").map(|name| format!(" --toolchain {name}"));
    let advice = format!(
        "run `rustup target add wasm32-unknown-unknown{}`",
        chosen.unwrap_or_default()
    );
    check_failure(&folder, &advice);
}

#[test]
fn locked_versions_are_insisted_on() {
    let folder = contract("answer(1, 2, 0)");
    fs::remove_file(folder.path().join("contracts/Cargo.lock")).unwrap();
    check_failure(&folder, "Cargo.lock is missing or does not fit Cargo.toml");
}

/// Theorem: a report is of the sources as they are, whatever was built earlier in the same folder.
#[test]
fn reports_go_to_standard_output_or_to_the_file_and_are_never_stale() {
    let folder =
        contract("if cfg!(feature = \"wee\") { answer(222, 3, 0) } else { answer(111, 3, 0) }");
    let ink = |arguments: &[&str]| {
        let arguments = [&["--format=json"], arguments].concat();
        let output = run(folder.path(), &arguments);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let report = match fs::read(folder.path().join("report.json")) {
            Ok(report) => {
                assert_eq!(text(&output.stdout), "");
                report
            }
            Err(_) => output.stdout,
        };
        let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
        let results = report["results"].as_array().unwrap();
        results
            .iter()
            .map(|result| result["ink"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(ink(&["--allocator=mini"]), [111; 4]);
    assert_eq!(
        ink(&["--allocator=wee", "--allocator=mini"]),
        [111, 111, 111, 111, 222, 222, 222, 222]
    );
    assert_eq!(ink(&["--allocator=wee"]), [222; 4]);
    assert_eq!(ink(&["--allocator=mini"]), [111; 4]);

    let source = folder.path().join("contracts/edge-cases/src/lib.rs");
    let changed = fs::read_to_string(&source).unwrap().replace("111", "112");
    fs::write(&source, changed).unwrap();
    assert_eq!(ink(&["--allocator=mini", "--out=report.json"]), [112; 4]);
}

#[test]
fn help_shows_examples_and_the_version_is_told() {
    let folder = empty_folder();
    for (argument, words) in [
        ("--help", "Examples:\n  cargo gas-bench  "),
        ("--version", "cargo gas-bench 0."),
    ] {
        let output = run(folder.path(), &[argument]);
        assert_eq!(output.status.code(), Some(0));
        assert!(
            text(&output.stdout).contains(words),
            "{}",
            text(&output.stdout)
        );
    }
}
