//! Suites in the languages that authors write theirs in, each of a client as its users have it: ethers, viem, web3.py, and Hardhat with
//! its network-helpers.
//!
//! Lives here: running them, one devnet each. What they expect is in `suites/`, and so are the clients' versions. Ignored by default, since
//! the clients have to be installed: `scripts/setup --for-tests` does so, and `scripts/test` then runs these.

use std::path::{Path, PathBuf};
use std::process::Command;

use stylus_devnet::{Config, Devnet, Handle};
use tempfile::TempDir;

use crate::clients::tool::tools;

/// Loads the word at its storage's first slot and returns it.
const PROGRAM: &str = r#"(module
    (import "vm_hooks" "storage_load_bytes32" (func $load (param i32 i32)))
    (import "vm_hooks" "write_result" (func $write_result (param i32 i32)))
    (memory (export "memory") 1 1)
    (func (export "user_entrypoint") (param i32) (result i32)
        (call $load (i32.const 0) (i32.const 32))
        (call $write_result (i32.const 32) (i32.const 32))
        (i32.const 0)))"#;

/// The suites beside the clients they require, and a devnet to run on.
struct Suites {
    folder: TempDir,
    devnet: Handle,
}

impl Suites {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suites");
        copy(&sources, folder.path());
        // Hardhat refuses to run from anywhere but its project's own modules.
        for project in [folder.path().to_owned(), folder.path().join("hardhat")] {
            std::os::unix::fs::symlink(
                installed().join("node_modules"),
                project.join("node_modules"),
            )
            .unwrap();
        }
        let devnet = Devnet::start(Config {
            port: 0,
            ..Config::default()
        })
        .unwrap();
        Self { folder, devnet }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Bank.sol, compiled.
    fn artifact(&self) -> PathBuf {
        let written = self.path("bank.json");
        let output = Command::new("node")
            .arg(self.path("artifact.cjs"))
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        std::fs::write(&written, output.stdout).unwrap();
        written
    }

    /// A suite has to end well, and to have checked something.
    #[track_caller]
    fn passes(&self, command: &mut Command, passed: &str) {
        let output = command
            .env("STYLUS_PROGRAM", creation(PROGRAM))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success() && said.contains(passed), "{said}");
    }
}

/// Where `scripts/setup` has put the clients.
fn installed() -> PathBuf {
    tools().join("suites")
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let beside = to.join(path.file_name().unwrap());
        if path.is_dir() {
            std::fs::create_dir(&beside).unwrap();
            copy(&path, &beside);
        } else {
            std::fs::copy(&path, &beside).unwrap();
        }
    }
}

/// The code of a transaction that creates an account with a program.
fn creation(program: &str) -> String {
    let code = stylus_vm::code::encode(&wat::parse_str(program).unwrap());
    let length = u16::try_from(code.len()).unwrap();
    // PUSH2 length, DUP1, PUSH1 10, PUSH0, CODECOPY, PUSH0, RETURN: 10 bytes.
    let [high, low] = length.to_be_bytes();
    let header = [0x61, high, low, 0x80, 0x60, 10, 0x5f, 0x39, 0x5f, 0xf3];
    alloy_primitives::hex::encode_prefixed([header.as_slice(), &code].concat())
}

fn javascript(script: &str) {
    let suites = Suites::new();
    let mut command = Command::new("node");
    suites.passes(
        command.arg(suites.path(script)).arg(suites.devnet.url()),
        "ok - ",
    );
}

#[test]
#[ignore = "needs ethers: scripts/test runs it"]
fn ethers() {
    javascript("ethers.cjs");
}

#[test]
#[ignore = "needs viem: scripts/test runs it"]
fn viem() {
    javascript("viem.cjs");
}

#[test]
#[ignore = "needs web3.py: scripts/test runs it"]
fn web3_py() {
    let suites = Suites::new();
    let mut command = Command::new("python3");
    command
        .arg(suites.path("web3_suite.py"))
        .arg(suites.devnet.url())
        .arg(suites.artifact());
    suites.passes(
        command.env("PYTHONPATH", installed().join("python")),
        "ok - ",
    );
}

#[test]
#[ignore = "needs Hardhat: scripts/test runs it"]
fn hardhat_with_network_helpers() {
    let suites = Suites::new();
    let mut command = Command::new("node");
    command
        .args([
            "node_modules/hardhat/internal/cli/bootstrap.js",
            "test",
            "--no-compile",
        ])
        .current_dir(suites.path("hardhat"))
        .stdin(std::process::Stdio::null())
        .env("DEVNET_URL", suites.devnet.url())
        .env("BANK_ARTIFACT", suites.artifact());
    suites.passes(&mut command, "8 passing");
}
