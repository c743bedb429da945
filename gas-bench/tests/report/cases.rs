//! Unusual contracts on the SDK: `contracts/cases`.
//!
//! Lives here: what their reports must say. Not here: contracts that need no SDK (`kinds`).

use std::fs;
use std::process::Command;

use stylus_report::figures::{Contract, Report};

use super::contracts;
use crate::support::text;

fn report() -> Report {
    let output = Command::new(env!("CARGO_BIN_EXE_cargo-gas-bench"))
        .args([
            "gas-bench",
            "report",
            "--reproducible",
            "--format",
            "json",
            "--manifest-path",
        ])
        .arg(contracts().join("Cargo.toml"))
        .args(["-p", "capped", "-p", "odd-names"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The signature, the output and the revert flag of each call.
fn calls(contract: &Contract) -> Vec<(&str, &str, bool)> {
    let calls = contract.calls.iter().map(|call| {
        let run = &call.runs()[0];
        (call.signature.as_str(), run.output.as_str(), run.reverted)
    });
    calls.collect()
}

/// Theorem: every function that a contract answers, inherited or not, is either called by its own name or reported as not called; entry
/// points without a selector and the constructor are included. A starter plan runs the constructor, and its report succeeds.
#[test]
fn every_function_is_called_by_its_own_name() {
    let report = report();
    let [capped, odd] = report.contracts.as_slice() else {
        panic!("{report:?}");
    };
    assert_eq!(
        calls(odd),
        [
            ("storageUsed()", "0", false),
            ("setSlot(uint256)", "", false),
            ("setHash(uint256,uint256)", "", false),
            ("calldataLen(bytes)", "4", false),
            ("returnsMemory(uint256[])", "2, []", false),
            ("calldata 0x", "", false),
            ("fallback()", "", false),
        ]
    );
    assert_eq!(odd.left_out, [""; 0]);

    let known: Vec<_> = capped
        .calls
        .iter()
        .map(|call| call.signature.as_str())
        .collect();
    assert_eq!(
        known,
        [
            "mint(address,uint256)",
            "totalSupply()",
            "balanceOf(address)",
            "spare(address)"
        ]
    );
    assert!(
        capped.calls[0].runs()[0].reverted,
        "nothing may be minted yet"
    );
    let left_out = capped.left_out.join("\n");
    assert!(
        left_out.contains("constructor(uint256): it does not run"),
        "{left_out}"
    );
    assert_eq!(capped.left_out.len(), 1, "{left_out}");
}

#[test]
fn a_plan_to_begin_with_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gas-bench.toml");
    let plan = |more: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_cargo-gas-bench"))
            .args([
                "gas-bench",
                "plan",
                "--reproducible",
                "-p",
                "capped",
                "--manifest-path",
            ])
            .arg(contracts().join("Cargo.toml"))
            .arg("--out")
            .arg(&file)
            .args(more)
            .output()
            .unwrap()
    };
    let output = plan(&[]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let written = fs::read_to_string(&file).unwrap();
    for part in [
        "[constructor]\nsignature = \"constructor(uint256)\"\nargs = [\"1\"]\n",
        "[[call]]\ncall = \"mint(address,uint256)\"\nargs = [\"{alice}\", \"1\"]\n",
        "[[call]]\ncall = \"totalSupply() returns (uint256)\"\n",
    ] {
        assert!(written.contains(part), "{part}\nis not in\n{written}");
    }
    assert!(!written.contains("reverts = true"), "{written}");
    assert!(stylus_plan::load(&file).unwrap().is_some());
    let again = plan(&[]);
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("already exists"));
}
