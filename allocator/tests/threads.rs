//! With threads the crate must not compile, and must say why.
#![cfg(not(any(target_arch = "wasm32", miri)))]

use std::{env, path::PathBuf, process::Command};

#[test]
fn atomics_are_refused() {
    let output = Command::new(env!("CARGO"))
        .args(["check", "--lib", "--target", "wasm32-unknown-unknown"])
        .args([
            "--manifest-path",
            concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
        ])
        .arg("--target-dir")
        .arg(PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("threads"))
        .env("RUSTFLAGS", "-Ctarget-feature=+atomics,+bulk-memory")
        // The feature is unstable: a stable compiler takes the flag but hides it from `cfg`, and ships no threads.
        .env("RUSTC_BOOTSTRAP", "1")
        .output()
        .expect("cargo runs, for it is running this test");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{stderr}");
    assert!(stderr.contains("unsound with threads"), "{stderr}");
}
