//! One line in an author's `Cargo.toml` changes a contract on the registry's `stylus-sdk`, whose source and lockfile otherwise stay the
//! same: it puts this allocator under the contract, or makes cargo optimise it at link time.
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{env, fs};

use alloy_sol_types::{SolCall, sol};
use gas_bench::chain::Target;
use gas_bench::measure;
use stylus_cargo::{BuildSettings, CrateTypes, Project};
use stylus_report::document::Colour;
use stylus_report::figures::Report;
use stylus_report::figures::lto::Outcome as LtoOutcome;

use stylus_vm::{ArbOs, Outcome};

use crate::contracts::{csv, markdown, table};
use crate::support::{call, cargo, mentions};

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
strip = true
opt-level = 3

[workspace]
"#;

/// What `cargo stylus new` writes.
const TEMPLATE: &str = r#"
[package]
name = "template"
version = "0.1.0"
edition = "2021"

[lib]
crate-type = ["lib", "cdylib"]

[features]
default = ["mini-alloc"]
export-abi = ["stylus-sdk/export-abi"]
debug = ["stylus-sdk/debug"]
mini-alloc = ["stylus-sdk/mini-alloc"]
contract-client-gen = []

[dependencies]
stylus-sdk = "0.10"

[profile.release]
codegen-units = 1
strip = true
lto = true
panic = "abort"
opt-level = 3

[workspace]
"#;

/// A package with a given manifest. All packages share one folder, so that the SDK is compiled once; therefore only one exists at a time.
struct Package {
    folder: PathBuf,
    _alone: MutexGuard<'static, ()>,
}

static FOLDER: Mutex<()> = Mutex::new(());

fn package(manifest: &str) -> Package {
    let alone = FOLDER.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("one-line");
    fs::create_dir_all(folder.join("src")).unwrap();
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (source, library) = (
        fs::read(here.join("tests/one_line/contract.rs")).unwrap(),
        folder.join("src/lib.rs"),
    );
    // A file that is not written again is not compiled again.
    if fs::read(&library).ok().as_ref() != Some(&source) {
        fs::write(library, source).unwrap();
    }
    // The SDK and its dependencies have the versions of the repository's own contracts.
    fs::copy(
        here.join("../contracts/Cargo.lock"),
        folder.join("Cargo.lock"),
    )
    .unwrap();
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    cargo(&folder, &["update", "--workspace"]);
    Package {
        folder,
        _alone: alone,
    }
}

fn find(folder: &Path) -> Project {
    Project::find(Some(&folder.join("Cargo.toml")), &[]).unwrap()
}

fn build(folder: &Path) -> Vec<u8> {
    let project = find(folder);
    let settings = BuildSettings::default();
    let built = project.build(&project.contracts[0], &settings, &mut |_| {});
    built.unwrap()
}

fn measure(folder: &Path, crate_types: Option<CrateTypes>) -> Report {
    let settings = BuildSettings {
        crate_types,
        ..BuildSettings::default()
    };
    let target = Target::Embedded(ArbOs::ARBITRUM_ONE);
    let reported = measure::run(&find(folder), &target, &settings, false, &|_| {});
    reported.unwrap().report
}

/// Runs a call, and returns its output.
fn run(wasm: &[u8], calldata: Vec<u8>) -> Vec<u8> {
    let report = call(wasm, calldata);
    assert_eq!(report.outcome, Outcome::Success);
    report.output
}

#[test]
fn a_patch_line_changes_the_allocator_and_makes_calls_cheaper() {
    // At 3 the allocator is copied to its callers, and its name is nowhere.
    let manifest = MANIFEST.replace("opt-level = 3", "opt-level = \"s\"");
    let package = package(&manifest);
    let folder = package.folder.as_path();
    let plan = "[[call]]\ncall = 'reverse(string) returns (string)'\nargs = ['not a byte is copied that need not be']\n\
                [[call]]\ncall = 'squares(uint32) returns (uint256[])'\nargs = ['60']\n";
    fs::write(folder.join("gas-bench.toml"), plan).unwrap();
    let before = build(folder);
    let paid_before = measure(folder, None);

    let allocator = Path::new(env!("CARGO_MANIFEST_DIR")).join("../allocator");
    let allocator = allocator.canonicalize().unwrap();
    let line = format!(
        "\n[patch.crates-io]\nmini-alloc = {{ path = {:?} }}\n",
        allocator.display().to_string()
    );
    fs::write(folder.join("Cargo.toml"), format!("{manifest}{line}")).unwrap();
    cargo(folder, &["update", "--package", "mini-alloc"]);
    let after = build(folder);
    let paid_after = measure(folder, None);

    // A path of ours, as the compiler mangles it; mini-alloc 1.0.0 has no such module.
    let ours = "mini_alloc4wasm4take";
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
        assert_eq!(run(&before, calldata.clone()), run(&after, calldata));
    }
    let calls = |report: &Report| report.contracts[0].calls.clone();
    for (before, after) in calls(&paid_before).iter().zip(&calls(&paid_after)) {
        let (before, after) = (before.total_gas(), after.total_gas());
        assert!(after < before, "{after:?} against {before:?}");
    }
}

/// Theorem: the report on a contract with the manifest of the SDK's template says what the contract loses without link-time optimisation,
/// and compares with exactly what is measured when it is built as a cdylib alone.
#[test]
fn a_contract_of_the_template_is_told_what_it_loses() {
    let package = package(TEMPLATE);
    let folder = package.folder.as_path();
    let plan = "[[call]]\ncall = 'squares(uint32) returns (uint256[])'\nargs = ['60']\n";
    fs::write(folder.join("gas-bench.toml"), plan).unwrap();
    let today = measure(folder, None);
    assert_eq!(today.failures().collect::<Vec<_>>(), [""; 0]);
    let missed = &today.missed_lto["template"];
    assert_eq!(missed.hindrance.crate_types, ["lib"]);
    let LtoOutcome::WithLto(with) = &missed.outcome else {
        panic!("{missed:?}")
    };

    let alone = measure(folder, Some(CrateTypes::Cdylib));
    assert!(alone.missed_lto.is_empty());
    let deployment = alone.contracts[0].deployment.as_ref().unwrap();
    let chain = with.chain.as_ref().unwrap();
    assert_eq!(
        (with.code, chain.activation_gas, chain.start),
        (
            deployment.sizes.code,
            deployment.activation_gas,
            deployment.start
        )
    );
    assert_eq!(chain.calls[0].gas, alone.contracts[0].calls[0].total_gas());

    let own = today.contracts[0].deployment.as_ref().unwrap();
    assert!(with.code < own.sizes.code, "{missed:?}");
    let text = csv(&today);
    let reason =
        "because the crate types include `lib` beside `cdylib`, which costs this contract ";
    assert!(text.contains(reason), "{text}");
    for text in [table(&today, None, Colour::Never), markdown(&today, None)] {
        assert!(text.contains("link-time optimisation"), "{text}");
    }
}
