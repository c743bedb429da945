//! Contracts that are programs and not libraries.
//!
//! Lives here: what their reports and comparisons have and leave out. Not here: other kinds of packages (`kinds`).

use std::fs;

use super::kinds::{figures, package, source, workspace, write};
use crate::support::{run, text};

/// Theorem: a contract can be a binary crate.
#[test]
fn a_program_is_a_contract() {
    let folder = tempfile::tempdir().unwrap();
    workspace(folder.path(), &["program"]);
    package(folder.path(), "program", "", "3");
    let main = source("3").replace("#![cfg_attr(main, no_main)]", "#![no_main]");
    write(folder.path(), "program/src/main.rs", &main);
    fs::remove_file(folder.path().join("program/src/lib.rs")).unwrap();
    let contracts = figures(folder.path(), &folder.path().join("target"), &[]);
    assert_eq!(contracts[0].calls[0].runs().len(), 1);

    // It has no crate types to choose from.
    let compare = ["compare", "--opt-level", "s,z", "--wasm-opt", "off"];
    let output = run(
        folder.path(),
        &[&compare[..], &["--lto", "on,off"]].concat(),
    );
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let said = text(&output.stdout);
    let left_out = "link-time optimisation on and off: the contract is a program";
    assert!(said.contains(left_out), "{said}");

    // What fails under every variant is told once.
    let plan = "[[call]]\ncall = 'f()'\nreverts = true\n";
    write(folder.path(), "program/gas-bench.toml", plan);
    let output = run(folder.path(), &compare);
    assert_eq!(output.status.code(), Some(1));
    let errors = text(&output.stderr);
    assert_eq!(errors.matches("error: ").count(), 1, "{errors}");
    assert!(errors.contains("program: f (today) and "), "{errors}");
}
