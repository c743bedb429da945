//! Test suites in the languages that authors use, each for a client that they use: ethers, viem, web3.py, @arbitrum/sdk, Hardhat 2 and 3
//! with the plugins that most projects have, and forge. Also the devnet itself, as npm installs it.
//!
//! Lives here: running them, one devnet each. What they expect is in `suites/`, and so are the clients' versions. Ignored by default, since
//! the clients have to be installed: `scripts/setup --for-tests` does so, and `scripts/test` then runs these.

mod openzeppelin;

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
        for (project, of) in [
            ("", ""),
            ("hardhat", ""),
            ("forge", ""),
            ("hardhat3", "hardhat3"),
        ] {
            let modules = installed().join(of).join("node_modules");
            let beside = folder.path().join(project).join("node_modules");
            std::os::unix::fs::symlink(modules, beside).unwrap();
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

    /// Returns the path of a file with Bank.sol, compiled.
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
            copy_file(&path, &beside);
        }
    }
}

fn copy_file(from: &Path, to: &Path) {
    std::fs::copy(from, to).unwrap();
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
#[ignore = "needs @arbitrum/sdk: scripts/test runs it"]
fn arbitrum_sdk() {
    javascript("arbitrum.cjs");
}

#[test]
#[ignore = "needs Hardhat: scripts/test runs it"]
fn hardhat_2_with_its_plugins() {
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
        .says("10 passing");
}

#[test]
#[ignore = "needs Hardhat: scripts/test runs it"]
fn hardhat_3_with_its_plugins() {
    let suites = Suites::new();
    let arguments = [
        "node_modules/.bin/hardhat",
        "--config",
        "hardhat.config.mjs",
        "--network",
        "devnet",
        "run",
        "--no-compile",
        "suite.mjs",
    ];
    let variables = [
        ("DEVNET_URL", &*suites.devnet.url()),
        ("BANK_ARTIFACT", &suites.artifact()),
    ];
    // It needs a newer Node.js than most machines have.
    suites
        .run(
            "../node_modules/node/bin/node",
            &arguments,
            "hardhat3",
            &variables,
        )
        .says("ok - Ignition");
}

/// Theorem: forge deploys, runs a script that sends, and tests on a fork of the devnet.
#[test]
#[ignore = "needs forge: scripts/test runs it"]
fn forge() {
    let suites = Suites::new();
    let project = suites.folder.path().join("forge");
    std::fs::create_dir(project.join("src")).unwrap();
    copy_file(
        &suites.folder.path().join("Bank.sol"),
        &project.join("src/Bank.sol"),
    );
    let url = suites.devnet.url();
    let forge = |arguments: &[&str], variables: &[(&str, &str)]| {
        suites.run("node_modules/.bin/forge", arguments, "forge", variables)
    };
    let sending = ["--rpc-url", &url, "--private-key", tool::KEY, "--broadcast"];
    let create = ["create", "src/Bank.sol:Bank"].iter().chain(&sending);
    let create: Vec<_> = create
        .chain(&["--constructor-args", "created"])
        .copied()
        .collect();
    let bank = forge(&create, &[])
        .says("Deployed to: ")
        .after("Deployed to: ");
    forge(&["test"], &[("DEVNET_URL", &url), ("BANK", &bank)]).says("1 tests passed, 0 failed");
    let script: Vec<_> = ["script", "script/Deploy.s.sol"]
        .iter()
        .chain(&sending)
        .copied()
        .collect();
    forge(&script, &[]).says("ONCHAIN EXECUTION COMPLETE & SUCCESSFUL");
}

/// Theorem: what npm installs starts its system's program with the same arguments, passes signals on, and says what is missing.
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
    // An archive like a release's, except that its program stays where cargo put it.
    let packed = "name=stylus-devnet-$(uname -m)-unknown-linux-gnu; mkdir $name
        printf '#!/bin/sh\\nexec \"%s\" \"$@\"\\n' \"$PROGRAM\" >$name/stylus-devnet; chmod +x $name/stylus-devnet
        tar -czf $name.tar.gz $name
        bash \"$0/../scripts/release\" npm \"$PWD/$name.tar.gz\"
        printf '{}' >package.json
        npm install --offline --no-audit --no-fund target/dist/npm/*.tgz";
    shell(packed, env!("CARGO_BIN_EXE_stylus-devnet")).says("added 2 packages");
    let version = concat!("stylus-devnet ", env!("CARGO_PKG_VERSION"));
    shell("npx stylus-devnet --version", "").says(version);
    let ended = "timeout --preserve-status --foreground -s TERM 3 node node_modules/.bin/stylus-devnet --port 0";
    shell(ended, "").says("stopping");
    let missing = "rm -r node_modules/stylus-devnet-linux-*; npx stylus-devnet";
    shell(missing, "").fails_with("is not installed: install without --omit=optional");
}
