//! What several subjects start: our command, cargo, and a contract's module in the VM.
//!
//! Lives here: starting them. Not here: what they are given, and what must hold of what comes back.

use std::path::Path;
use std::process::{Command, Output};

use stylus_cargo::postprocess;
use stylus_vm::{Call, Config, EmptyHost, Engine, Gas, Pages, Report, activate};

/// Runs `cargo gas-bench` in `folder`, away from all other builds.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cargo-gas-bench"))
        // As cargo invokes its subcommands.
        .arg("gas-bench")
        .args(arguments)
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .output()
        .unwrap()
}

/// What a program wrote.
pub(crate) fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

/// Runs cargo in `folder`, which must succeed.
pub(crate) fn cargo(folder: &Path, arguments: &[&str]) {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let said = text(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
}

/// Runs a module as it was built, on an empty chain with the gas of a whole transaction.
pub(crate) fn call(module: &[u8], calldata: Vec<u8>) -> Report {
    let config = Config::default();
    let wasm = postprocess(module).unwrap();
    let activation = activate(&wasm, &config, Pages(0), Gas::MAX).unwrap();
    let engine = Engine::new(&config).unwrap();
    let program = engine.compile(&wasm, &config).unwrap();
    let call = Call {
        calldata: calldata.into(),
        ink: config.stylus.ink_price.gas_to_ink(Config::TRANSACTION_GAS),
        ..Call::default()
    };
    let mut host = EmptyHost::with_footprint(activation.footprint);
    program.run(&mut host, call).unwrap()
}

/// Whether a module contains a text, as its name section contains the names of functions.
pub(crate) fn mentions(module: &[u8], text: &str) -> bool {
    let mut windows = module.windows(text.len());
    windows.any(|window| window == text.as_bytes())
}
