//! The allocator's function in contracts: identified as the one in which memory grows, and proved like the probe's. What the compiler has
//! inlined around its calls, including `realloc`'s copying, is not examined, nor are the copies that it makes at opt-level 3 without the
//! feature `outlined`.

use std::{env, fs, path::PathBuf, process::Command};

use crate::module::Program;
use crate::rule::{Call, State};
use crate::theorem::{Claim, Paths};
use crate::{check_start, prove, LEVELS};

const CONTRACTS: [&str; 2] = ["counter", "erc20"];

/// Builds contracts as their authors do, apart from the level and the allocator's feature `outlined`, with link-time optimisation.
fn build(level: &str) -> impl Iterator<Item = (&'static str, Program)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../contracts");
    let target_dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("contracts");
    let mut command = Command::new(env!("CARGO"));
    command
        .current_dir(folder)
        .args(["build", "--release", "--locked", "--lib"])
        .args(["--no-default-features", "--features", "heap/mini-outlined"])
        .args(["--target", "wasm32-unknown-unknown", "--target-dir"])
        .arg(&target_dir)
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", level)
        // These would replace the flags of the contracts' own configuration.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    for contract in CONTRACTS {
        command.args(["--package", contract]);
    }
    let output = command
        .output()
        .expect("cargo runs, for it is running this test");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let folder = target_dir.join("wasm32-unknown-unknown/release");
    CONTRACTS.into_iter().map(move |contract| {
        let wasm = fs::read(folder.join(contract).with_extension("wasm"));
        (
            contract,
            Program::new(&wasm.expect("cargo has put it there")),
        )
    })
}

/// Theorem: in these contracts memory grows in a single function, no other function loads or stores the word of state, and that function is
/// proved.
#[test]
#[ignore = "long: builds two contracts at three levels, and needs z3; scripts/test --long runs it"]
fn long_contracts_allocate_by_a_function_that_is_proved() {
    for level in LEVELS {
        for (contract, program) in build(level) {
            let what = format!("{contract}, opt-level {level}");
            let growing = program.growing();
            let [function] = growing[..] else {
                panic!("{what}: memory grows in {growing:?}");
            };
            let claim = Claim::of(&program, function, contract, Call::Take, State::Taken);
            assert_eq!(program.touching(claim.state), [function], "{what}");
            check_start(&claim);
            prove(&claim, Paths::Short, &what);
        }
    }
}
