//! The probes: wasm modules with one of our allocators and its methods exported. They are built here, but not run.
#![allow(dead_code, reason = "each test binary uses a part of this")]

use std::{env, fs, path::PathBuf, process::Command};

/// Compiles a probe as contracts are compiled, and returns its bytes. Cargo does nothing if there is nothing to do.
pub(crate) fn build(probe: &str, level: &str) -> Vec<u8> {
    build_with(probe, level, &[], "")
}

/// Compiles the probe of `MiniAlloc` with the feature `in-place`.
pub(crate) fn build_in_place(level: &str) -> Vec<u8> {
    build_with("probe", level, &["--features", "in-place"], "")
}

/// Compiles the probe of `MiniAlloc` with the features `outlined` and `trap-on-oom`.
pub(crate) fn build_trapping(level: &str) -> Vec<u8> {
    build_with("probe", level, &["--features", "outlined,trap-on-oom"], "")
}

/// Compiles a probe with more arguments for cargo, and flags for the compiler.
pub(crate) fn build_with(probe: &str, level: &str, arguments: &[&str], flags: &str) -> Vec<u8> {
    // Flags and features produce other files under the same names, so each combination has its own folder.
    let variant = if flags.is_empty() { "" } else { "-flags" };
    let folder = format!("probes-{level}{variant}{}", arguments.concat());
    let target_dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(folder);
    let output = Command::new(env!("CARGO"))
        .args([
            "build",
            "--release",
            "--example",
            probe,
            "--target",
            "wasm32-unknown-unknown",
        ])
        .args([
            "--manifest-path",
            concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
        ])
        .args(arguments)
        .env("RUSTFLAGS", flags)
        .arg("--target-dir")
        .arg(&target_dir)
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", level)
        .env("CARGO_PROFILE_RELEASE_LTO", "true")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1")
        .env("CARGO_PROFILE_RELEASE_PANIC", "abort")
        .env("CARGO_PROFILE_RELEASE_STRIP", "debuginfo")
        .output()
        .expect("cargo runs, for it is running this test");
    assert!(
        output.status.success(),
        "building the {probe} at opt-level {level} failed; is the target installed \
         (rustup target add wasm32-unknown-unknown)?\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let wasm = format!(
        "wasm32-unknown-unknown/release/examples/{}.wasm",
        probe.replace('-', "_")
    );
    fs::read(target_dir.join(wasm)).expect("cargo has put the probe there")
}
