//! Suites in the languages that authors write theirs in, each of a client as its users have it: ethers, viem, web3.py, and Hardhat with
//! its network-helpers. And the devnet itself, as npm installs it.
//!
//! Lives here: running them, one devnet each. What they expect is in `suites/`, and so are the clients' versions. Ignored by default, since
//! the clients have to be installed: `scripts/setup --for-tests` does so, and `scripts/test` then runs these.

use std::path::{Path, PathBuf};

use alloy_primitives::hex;
use stylus_devnet::Handle;
use tempfile::TempDir;

use crate::clients::tool::{self, Said, devnet, tools};

/// What the ethers suite deploys.
const PROGRAM: &str = include_str!("slot.wat");

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
        Self {
            folder,
            devnet: devnet(),
        }
    }

    /// Runs a program in a folder of the suites.
    fn run(
        &self,
        program: &str,
        arguments: &[&str],
        folder: &str,
        variables: &[(&str, &str)],
    ) -> Said {
        tool::run(
            Path::new(program),
            arguments,
            &self.folder.path().join(folder),
            variables,
        )
    }

    /// Bank.sol, compiled: the path of a file.
    fn artifact(&self) -> String {
        let written = self.folder.path().join("bank.json");
        let written = written.display().to_string();
        self.run("node", &["artifact.cjs", &written], "", &[])
            .says("");
        written
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

/// Runs a suite in JavaScript, which has to succeed and to have checked something.
#[track_caller]
fn javascript(script: &str) {
    let suites = Suites::new();
    let program = stylus_vm::code::encode(&wat::parse_str(PROGRAM).unwrap());
    let program = hex::encode_prefixed(stylus_vm::code::init_code(&program));
    let variables = [("STYLUS_PROGRAM", program.as_str())];
    suites
        .run("node", &[script, &suites.devnet.url()], "", &variables)
        .says("ok - ");
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
    let arguments = ["web3_suite.py", &suites.devnet.url(), &suites.artifact()];
    let modules = installed().join("python").display().to_string();
    suites
        .run("python3", &arguments, "", &[("PYTHONPATH", &modules)])
        .says("ok - ");
}

#[test]
#[ignore = "needs Hardhat: scripts/test runs it"]
fn hardhat_with_network_helpers() {
    let suites = Suites::new();
    let arguments = [
        "node_modules/hardhat/internal/cli/bootstrap.js",
        "test",
        "--no-compile",
    ];
    let variables = [
        ("DEVNET_URL", &*suites.devnet.url()),
        ("BANK_ARTIFACT", &suites.artifact()),
    ];
    suites
        .run("node", &arguments, "hardhat", &variables)
        .says("8 passing");
}

/// Theorem: what npm installs starts the program of its system with the same arguments, passes signals on, and says what is missing.
#[test]
#[ignore = "needs npm: scripts/test runs it"]
fn what_npm_installs_starts_the_devnet() {
    let folder = tempfile::tempdir().unwrap();
    let shell = |script: &str, program: &str| {
        let dist = folder.path().join("target").display().to_string();
        let variables = [("CARGO_TARGET_DIR", dist.as_str()), ("PROGRAM", program)];
        tool::run(
            Path::new("bash"),
            &["-euc", script, env!("CARGO_MANIFEST_DIR")],
            folder.path(),
            &variables,
        )
    };
    // An archive of a release, but that its program is where cargo left it.
    let packed = "name=stylus-devnet-$(uname -m)-unknown-linux-gnu; mkdir $name
        printf '#!/bin/sh\\nexec \"%s\" \"$@\"\\n' \"$PROGRAM\" >$name/stylus-devnet; chmod +x $name/stylus-devnet
        tar -czf $name.tar.gz $name
        bash \"$0/../scripts/release\" npm \"$PWD/$name.tar.gz\"
        npm init --yes >/dev/null
        npm install --offline --no-audit --no-fund target/dist/npm/*.tgz";
    shell(packed, env!("CARGO_BIN_EXE_stylus-devnet")).says("added 2 packages");
    let version = concat!("stylus-devnet ", env!("CARGO_PKG_VERSION"));
    shell("npx stylus-devnet --version", "").says(version);
    let ended = "timeout --preserve-status --foreground -s TERM 3 node node_modules/.bin/stylus-devnet --port 0";
    shell(ended, "").says("stopping");
    let missing = "rm -r node_modules/stylus-devnet-linux-*; npx stylus-devnet";
    shell(missing, "").fails_with("is not installed: install without --omit=optional");
}
