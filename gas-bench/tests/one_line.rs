//! One line in somebody's `Cargo.toml` puts this allocator under a contract on the registry's `stylus-sdk`, whose source and
//! lockfile are otherwise its author's.
#![allow(clippy::unwrap_used, reason = "a panic here is a failing test")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use alloy_sol_types::{SolCall, sol};
use gas_bench::artifact::postprocess;
use stylus_vm::{Call, Config, EmptyHost, Engine, Gas, Ink, Outcome, Pages, activate};

sol! {
    function reverse(string text) external view returns (string);
    function squares(uint32 count) external view returns (uint256[]);
}

const MANIFEST: &str = r#"
[package]
name = "words"
version = "0.1.0"
edition = "2021"

[lib]
crate-type = ["cdylib"]

[features]
default = []
export-abi = ["stylus-sdk/export-abi"]
contract-client-gen = []

[dependencies]
stylus-sdk = "0.10"

[profile.release]
codegen-units = 1
lto = true
panic = "abort"
strip = "debuginfo"

[workspace]
"#;

fn cargo(folder: &Path, arguments: &[&str]) {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(folder)
        .env(
            "CARGO_TARGET_DIR",
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("one-line"),
        )
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn build(folder: &Path) -> Vec<u8> {
    cargo(
        folder,
        &[
            "build",
            "--release",
            "--locked",
            "--target",
            "wasm32-unknown-unknown",
        ],
    );
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("one-line");
    fs::read(target.join("wasm32-unknown-unknown/release/words.wasm")).unwrap()
}

/// Ink of a call, and what it returned.
fn run(wasm: &[u8], calldata: Vec<u8>) -> (Ink, Vec<u8>) {
    let config = Config::default();
    let wasm = postprocess(wasm).unwrap();
    let activation = activate(&wasm, &config, Pages(0), Gas::MAX).unwrap();
    let program = Engine::new(&config)
        .unwrap()
        .compile(&wasm, &config)
        .unwrap();
    let call = Call {
        calldata: calldata.into(),
        ink: config.stylus.ink_price.gas_to_ink(Gas(32_000_000)),
        ..Call::default()
    };
    let mut host = EmptyHost::with_footprint(activation.footprint);
    let report = program.run(&mut host, &config, call).unwrap();
    assert_eq!(report.outcome, Outcome::Success);
    (report.ink_used, report.output)
}

/// Whether a module has the text in it, as its name section has the names of functions.
fn mentions(wasm: &[u8], text: &str) -> bool {
    wasm.windows(text.len())
        .any(|window| window == text.as_bytes())
}

#[test]
fn a_patch_line_changes_the_allocator_and_makes_calls_cheaper() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let project = tempfile::tempdir().unwrap();
    let folder = project.path();
    fs::create_dir(folder.join("src")).unwrap();
    fs::copy(
        here.join("tests/one_line/contract.rs"),
        folder.join("src/lib.rs"),
    )
    .unwrap();
    // The versions of the SDK and of all it brings are those of the repository's own contracts.
    fs::copy(
        here.join("../contracts/Cargo.lock"),
        folder.join("Cargo.lock"),
    )
    .unwrap();
    fs::write(folder.join("Cargo.toml"), MANIFEST).unwrap();
    cargo(folder, &["update", "--workspace"]);
    let before = build(folder);

    let allocator: PathBuf = here.join("../allocator").canonicalize().unwrap();
    let line = format!(
        "\n[patch.crates-io]\nmini-alloc = {{ path = {:?} }}\n",
        allocator.display().to_string()
    );
    fs::write(folder.join("Cargo.toml"), format!("{MANIFEST}{line}")).unwrap();
    cargo(folder, &["update", "--package", "mini-alloc"]);
    let after = build(folder);

    // As the compiler mangles a path of ours; mini-alloc 1.0.0 has no such module.
    let ours = "mini_alloc4heap";
    assert!(
        !mentions(&before, ours) && mentions(&after, ours),
        "the allocator in use"
    );
    for calldata in [
        reverseCall {
            text: "not a byte is copied that need not be".repeat(5),
        }
        .abi_encode(),
        squaresCall { count: 60 }.abi_encode(),
    ] {
        let ((ink_before, said_before), (ink_after, said_after)) =
            (run(&before, calldata.clone()), run(&after, calldata));
        assert_eq!(said_before, said_after);
        assert!(
            ink_after < ink_before,
            "{ink_after:?} against {ink_before:?}"
        );
    }
}
