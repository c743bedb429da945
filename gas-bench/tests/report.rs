//! Reports on contracts as their authors ask for them.
//!
//! Lives here: what must hold for the repository's own contracts, on every chain, and what a report says if something is wrong. Not here:
//! what a report looks like (`contracts`, `page`), one contract on a chain (unit tests of `report`), contracts of other kinds (`report/`).

mod alone;
mod cases;
pub(crate) mod kinds;
mod mutants;
mod programs;
mod settings;
mod ways;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gas_bench::chain::Target;
use gas_bench::measure;
use stylus_cargo::{BuildSettings, Project};
use stylus_devnet::testing::gas::is_blessed;
use stylus_devnet::{Config, Devnet};
use stylus_report::content::overview;
use stylus_report::document::Format;
use stylus_report::figures::Report;
use stylus_vm::ArbOs;
use tempfile::TempDir;

use crate::contracts::written;
use crate::support::{run, text};

fn contracts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts")
}

fn measure(only: &[&str], target: &Target) -> Report {
    let only: Vec<_> = only.iter().map(|name| (*name).to_owned()).collect();
    let project = Project::find(Some(&contracts().join("Cargo.toml")), &only).unwrap();
    // The README's figures are the same wherever the checkout is.
    let settings = BuildSettings {
        reproducible: true,
        ..BuildSettings::default()
    };
    let reported = measure::run(&project, target, &settings, false, &|_| {});
    reported.unwrap().report
}

/// Theorem: the contracts' plans run to their end, the parts of every run add up to its receipt, and a second run produces the same bytes.
/// The README shows the result (`BLESS=1` rewrites it).
#[test]
fn the_contracts_are_living_benchmarks() {
    let target = Target::Embedded(ArbOs::ARBITRUM_ONE);
    let report = measure(&[], &target);
    assert_eq!(report.failures().collect::<Vec<_>>(), [""; 0]);
    assert_eq!(report.contracts.len(), 11);
    for contract in &report.contracts {
        assert!(contract.plan.is_some(), "{} has a plan", contract.name);
        for run in contract.calls.iter().flat_map(|call| call.runs()) {
            let total = run.parts.total(report.made_with.ink_per_gas);
            assert_eq!(total, Some(run.gas), "{}", contract.name);
        }
    }
    assert_eq!(measure(&[], &target).to_json(), report.to_json());

    const BEGIN: &str = "<!-- overview: `cargo gas-bench report --manifest-path contracts/Cargo.toml --reproducible --format overview` -->\n";
    const END: &str = "<!-- end of overview -->";
    let path = contracts().join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let fresh = format!("{before}{BEGIN}\n{}\n{END}{after}", overview(&report));
    if is_blessed() {
        fs::write(&path, &fresh).unwrap();
    } else {
        assert_eq!(
            readme, fresh,
            "contracts/README.md is stale; BLESS=1 rewrites it"
        );
    }
}

/// Theorem: a node that runs elsewhere gives the same figures as the embedded one.
#[test]
fn a_node_elsewhere_gives_the_same_figures() {
    let devnet = Devnet::start(Config {
        port: 0,
        ..Config::default()
    })
    .unwrap();
    let (_, key) = devnet.accounts()[0];
    let endpoint = Target::Endpoint {
        url: devnet.url(),
        key,
    };
    let elsewhere = measure(&["counter", "merkle-airdrop"], &endpoint);
    let here = measure(
        &["counter", "merkle-airdrop"],
        &Target::Embedded(ArbOs::ARBITRUM_ONE),
    );
    let without_fee = |report: &Report| {
        let mut contracts = report.contracts.clone();
        for deployment in contracts.iter_mut().filter_map(|it| it.deployment.as_mut()) {
            // It rises with each activation of any program on a chain, and falls again over time.
            deployment.data_fee_wei.clear();
        }
        contracts
    };
    assert_eq!(without_fee(&elsewhere), without_fee(&here));
    assert!(elsewhere.made_with.chain.starts_with("stylus-devnet/"));
}

/// Creates a workspace of two contracts: `good`, of a few lines, and `other`, with this source and plan.
fn workspace(source: &str, plan: &str) -> TempDir {
    const GOOD: &str = r#"#![no_std]
        #[panic_handler]
        fn panic(_: &core::panic::PanicInfo) -> ! { core::arch::wasm32::unreachable() }
        #[link(wasm_import_module = "vm_hooks")]
        unsafe extern "C" { safe fn pay_for_memory_grow(pages: u32); }
        #[unsafe(no_mangle)]
        extern "C" fn user_entrypoint(len: u32) -> u32 { pay_for_memory_grow(0); u32::from(len > 4) }"#;
    let folder = tempfile::tempdir().unwrap();
    let mut files = vec![
        (
            "Cargo.toml".to_owned(),
            "[workspace]\nresolver = '3'\nmembers = ['good', 'other']\n[profile.release]\npanic = 'abort'\n".to_owned(),
        ),
        (
            "Cargo.lock".to_owned(),
            "version = 4\n[[package]]\nname = 'good'\nversion = '0.1.0'\n[[package]]\nname = 'other'\nversion = '0.1.0'\n"
                .to_owned(),
        ),
    ];
    let source = source.replace("GOOD", GOOD);
    for (name, source, plan) in [
        ("good", GOOD, "[[call]]\ncall = 'f()'\n"),
        ("other", &source, plan),
    ] {
        files.extend([
            (
                format!("{name}/Cargo.toml"),
                format!(
                    "[package]\nname = '{name}'\nversion = '0.1.0'\nedition = '2024'\n[lib]\ncrate-type = ['cdylib']\n"
                ),
            ),
            (format!("{name}/Stylus.toml"), "[contract]\n".to_owned()),
            (format!("{name}/src/lib.rs"), source.to_owned()),
            (format!("{name}/gas-bench.toml"), plan.to_owned()),
        ]);
    }
    for (path, content) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

/// Checks that `other` has no figures, for a reason that contains `words`, that `good` has some, and that every format shows both.
#[track_caller]
fn check_failure(source: &str, plan: &str, words: &str) {
    let folder = workspace(source, plan);
    // The command runs in one format only, the most elaborate.
    let output = run(folder.path(), &["report", "--format", "html"]);
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    let errors: Vec<_> = stderr
        .lines()
        .filter(|line| line.starts_with("error: "))
        .collect();
    assert_eq!(errors.len(), 1, "{stderr}");
    assert!(errors[0].starts_with("error: other"), "{}", errors[0]);
    assert!(errors[0].contains(words), "{words} is not in {}", errors[0]);

    let project = Project::find(Some(&folder.path().join("Cargo.toml")), &[]).unwrap();
    let target = Target::Embedded(ArbOs::ARBITRUM_ONE);
    let reported = measure::run(&project, &target, &BuildSettings::default(), false, &|_| {});
    let report = reported.unwrap().report;
    for (format, written, mark) in [
        ("html", text(&output.stdout).to_owned(), "failed"),
        ("table", written(&report, None, Format::Table), "FAILED"),
        (
            "markdown",
            written(&report, None, Format::Markdown),
            "FAILED",
        ),
        ("json", written(&report, None, Format::Json), "\"failure"),
        ("csv", written(&report, None, Format::Csv), "failure,"),
        ("overview", overview(&report), "FAILED"),
    ] {
        let shows = written.contains("good") && written.contains(mark);
        assert!(shows, "{format}: {written}");
    }
}

/// Theorem: where nothing is known that could be called, no command sends its reader to another that knows as little.
#[test]
fn what_nobody_can_name_is_planned_by_hand() {
    // It answers a selector that nobody has a name for.
    let source = r#"#![no_std]
        #[panic_handler]
        fn panic(_: &core::panic::PanicInfo) -> ! { core::arch::wasm32::unreachable() }
        #[link(wasm_import_module = "vm_hooks")]
        unsafe extern "C" { safe fn pay_for_memory_grow(pages: u32); fn read_args(into: *mut u32); }
        #[unsafe(no_mangle)]
        extern "C" fn user_entrypoint(len: u32) -> u32 {
            pay_for_memory_grow(0);
            let mut calldata = [0; 256];
            if len > 1024 { return 1; }
            unsafe { read_args(calldata.as_mut_ptr()) };
            u32::from(calldata[0] != 0x1234_5678)
        }"#;
    let folder = workspace(source, CALL);
    fs::remove_file(folder.path().join("other/gas-bench.toml")).unwrap();
    let library = fs::read(folder.path().join("other/src/lib.rs")).unwrap();
    // To many file systems this is the library.
    fs::write(folder.path().join("other/src/LIB.RS"), library).unwrap();
    for file in ["other/src/lib.rs", "other/src/LIB.RS"] {
        let over = ["plan", "--package", "other", "--force", "--out", file];
        let words = format!("error: this command reads {file}; name another file");
        check_refusal(&folder, &over, 1, &words);
    }
    for (command, said) in [
        (
            "report",
            "nothing was called, so there are no figures: write a gas-bench.toml that says what to call",
        ),
        (
            "plan",
            "nothing is known to call: it exports no ABI and answers no function of a standard, only the selector \
             0x78563412; write a gas-bench.toml by hand",
        ),
    ] {
        let output = run(folder.path(), &[command, "--package", "other"]);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        let said = format!("error: other: {said}");
        assert!(stderr.lines().any(|line| line == said), "{stderr}");
    }
}

/// Theorem: of a contract whose program prints no ABI, what it answers is called; one that has no `main`, or none that builds, is told so,
/// with a plan too, if the ABI would name its errors.
#[test]
fn programs_that_print_no_abi_are_no_riddle() {
    let folder = workspace("GOOD", CALL);
    let other = folder.path().join("other");
    fs::remove_file(other.join("gas-bench.toml")).unwrap();
    let manifest = fs::read_to_string(other.join("Cargo.toml")).unwrap();
    let manifest = format!("{manifest}[features]\nexport-abi = []\n");
    fs::write(other.join("Cargo.toml"), manifest).unwrap();
    // The contract itself is nothing on this machine.
    let source = fs::read_to_string(other.join("src/lib.rs")).unwrap();
    let source = format!("#![cfg(target_arch = \"wasm32\")]\n{source}");
    fs::write(other.join("src/lib.rs"), source).unwrap();
    for (program, code, said) in [
        ("fn main() {}", 0, "measured other"),
        (
            "#![no_main]",
            1,
            "error: other: it has no `main` that prints its ABI, with the feature `export-abi`; ",
        ),
        (
            "fn main() { absent() }",
            1,
            "shows the whole error; if it builds without the feature `export-abi`, write a gas-bench.toml beside the contract that says \
             what to call",
        ),
    ] {
        fs::write(other.join("src/main.rs"), program).unwrap();
        let output = run(folder.path(), &["report", "--package", "other"]);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{stderr}");
        assert!(stderr.lines().any(|line| line.contains(said)), "{stderr}");
    }
    let plan = format!("{CALL}args = [1]\nreverts = true\n");
    fs::write(other.join("gas-bench.toml"), plan).unwrap();
    let output = run(folder.path(), &["report", "--package", "other"]);
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    let said = "other: reverts are shown as data, because the ABI that would name them cannot be printed: it does not build: ";
    assert!(
        stderr.lines().any(|line| line.starts_with(said)),
        "{stderr}"
    );
}

const CALL: &str = "[[call]]\ncall = 'f(uint8)'\n";

#[test]
fn a_contract_that_does_not_build_says_where() {
    check_failure(
        "GOOD\nfn f() { missing() }",
        "[[call]]\ncall = 'f()'\n",
        "it does not build: cannot find function `missing` in this scope (other/src/lib.rs line 8)",
    );
}

#[test]
fn a_mistake_in_a_plan_says_where() {
    check_failure(
        "GOOD",
        "[[call]]\ncall = 'f()'\nargz = []\n",
        "gas-bench.toml line 3: unknown field `argz`",
    );
    check_failure(
        "GOOD",
        &format!("{CALL}args = [1, 2]\n"),
        "gas-bench.toml line 1: `f(uint8)` takes 1 argument but is given 2",
    );
}

#[test]
fn a_call_that_reverts_says_which() {
    check_failure(
        "GOOD",
        &format!("{CALL}args = [1]\n"),
        "other, f: the call reverts (gas-bench.toml line 1): ",
    );
}

#[test]
fn a_program_that_the_chain_refuses_says_why() {
    check_failure(
        "#![no_std]\n#[panic_handler]\nfn panic(_: &core::panic::PanicInfo) -> ! { loop {} }",
        "[[call]]\ncall = 'f()'\n",
        "other: the chain refuses the program: ",
    );
}

/// Checks that the run ends with `code` and an error that contains `words`, and prints no report.
#[track_caller]
fn check_refusal(folder: &TempDir, arguments: &[&str], code: i32, words: &str) {
    let output = run(folder.path(), arguments);
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
    assert_eq!(text(&output.stdout), "", "{arguments:?}");
    assert!(stderr.contains(words), "{words} is not in {stderr}");
}

#[test]
fn arguments_that_make_no_sense_are_refused_before_anything_is_built() {
    let folder = workspace("GOOD", CALL);
    fs::write(folder.path().join("broken.json"), "{\"schema\": 1,\n]").unwrap();
    // The byte order mark in front is not part of the text.
    fs::write(folder.path().join("marked.json"), "\u{feff}{\"schema\": ]").unwrap();
    for (arguments, code, words) in [
        (
            &["report", "--package", "nobody"][..],
            1,
            "there is no contract `nobody` in ",
        ),
        (
            &["report", "--manifest-path", "absent/Cargo.toml"],
            1,
            "absent/Cargo.toml",
        ),
        (
            &["report", "--baseline", "main"],
            1,
            "there is no baseline at ",
        ),
        (
            &["report", "--baseline", "./broken.json"],
            1,
            "line 2 column 1",
        ),
        (&["report", "--save", "../x/y"], 1, "cannot be written"),
        (&["report", "--check"], 2, "--baseline"),
        (
            &[
                "report",
                "--baseline",
                "x",
                "--check",
                "--tolerance",
                "much",
            ],
            2,
            "much",
        ),
        (&["report", "--arbos", "7"], 2, "ArbOS"),
        (
            &["report", "--endpoint", "http://localhost:1"],
            2,
            "--private-key-path",
        ),
        (
            &["report", "--out", "absent/report.md"],
            1,
            "absent/report.md cannot be written: ",
        ),
        (
            &["size", "--baseline", "./marked.json"],
            1,
            "line 1 column 12",
        ),
        (
            &["size", "--baseline", "main"],
            1,
            "there is no baseline at ",
        ),
        (
            &[
                "size",
                "--baseline",
                "./broken.json",
                "--out",
                "broken.json",
            ],
            1,
            "broken.json; name another file to write to",
        ),
        (
            &["size", "--save", "./a", "--out", "a"],
            1,
            "a is named for two of the files",
        ),
        (
            &["profile", "f", "--flame", "a", "--speedscope", "A"],
            1,
            "A is named for two of the files",
        ),
        (
            &["compare", "--allocator", "jemalloc"],
            2,
            "the known allocators are ",
        ),
        (
            &["compare", "--opt-level", "9"],
            2,
            "the levels are 3, s and z",
        ),
        (
            &["compare", "--wasm-opt", "O9"],
            2,
            "the known modes of wasm-opt are off, Oz, O3, O4",
        ),
    ] {
        check_refusal(&folder, arguments, code, words);
    }
    assert!(!folder.path().join("target").exists(), "nothing was built");
    let empty = tempfile::tempdir().unwrap();
    check_refusal(&empty, &["report"], 1, "Cargo.toml");
}

#[test]
fn profiles_are_of_calls_that_there_are() {
    let folder = workspace("GOOD", "[[call]]\ncall = 'g()'\n");
    for (arguments, code, words) in [
        (
            &["profile", "h"][..],
            2,
            "there is no call `h`; there are `good::f`, `other::g`",
        ),
        (
            &["profile", "good::f", "--run", "2"],
            2,
            "good, f: there is no run 2 of 1; count from 1",
        ),
        (
            &["profile", "g", "1"],
            2,
            "other: `g()` takes no argument but is given 1",
        ),
    ] {
        check_refusal(&folder, arguments, code, words);
    }
    let output = run(folder.path(), &["profile", "f", "--flame", "f.svg"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("user_entrypoint"));
    assert!(
        fs::read_to_string(folder.path().join("f.svg"))
            .unwrap()
            .contains("user_entrypoint")
    );
    // What cannot be a target folder.
    fs::remove_dir_all(folder.path().join("target")).unwrap();
    fs::write(folder.path().join("target"), "").unwrap();
    let words = "make it a folder you may write to";
    check_refusal(&folder, &["profile", "g"], 1, words);
}

/// Theorem: with `--check`, the exit code is 3 if a call costs more than in the baseline, beyond the tolerance, and 0 otherwise.
#[test]
fn regressions_are_an_exit_code() {
    let folder = workspace("GOOD", "[[call]]\ncall = 'f()'\n");
    let report = |arguments: &[&str]| {
        let output = run(folder.path(), &[&["report"], arguments].concat());
        (output.status.code(), text(&output.stderr).to_owned())
    };
    assert_eq!(report(&["--save", "main"]).0, Some(0));
    let check = ["--baseline", "main", "--check"];
    assert_eq!(report(&check).0, Some(0));
    let path = folder.path().join("other/src/lib.rs");
    let source = fs::read_to_string(&path).unwrap();
    let dearer = source.replace(
        "pay_for_memory_grow(0);",
        "for _ in 0..100 { pay_for_memory_grow(0); }",
    );
    fs::write(&path, dearer).unwrap();
    let (code, stderr) = report(&check);
    assert_eq!(code, Some(3), "{stderr}");
    assert!(stderr.contains("error: other, f"), "{stderr}");
    assert_eq!(
        report(&["--baseline", "main"]).0,
        Some(0),
        "only where it is asked for"
    );
    assert_eq!(
        report(&["--baseline", "main", "--check", "--tolerance", "50%"]).0,
        Some(0)
    );
}

/// Theorem: the action's step, as in action.yml, reports on a pull request against the base branch's baseline; a regression fails the job
/// only if that is asked for.
#[test]
fn the_action_reports_on_a_pull_request() {
    let action = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = fs::read_to_string(action.join("action.yml")).unwrap();
    let step = manifest
        .lines()
        .find_map(|line| line.trim().strip_prefix("run: "))
        .unwrap();
    let folder = workspace("GOOD", "[[call]]\ncall = 'f()'\n");
    let git = |folder: &Path, arguments: &[&str]| {
        let identity = ["-c", "user.name=x", "-c", "user.email=x"];
        let ended = Command::new("git")
            .args(identity)
            .args(arguments)
            .current_dir(folder)
            .output()
            .unwrap();
        assert!(
            ended.status.success(),
            "{arguments:?}: {}",
            text(&ended.stderr)
        );
    };
    let saved = run(
        folder.path(),
        &["report", "--reproducible", "--save", "main"],
    );
    assert_eq!(saved.status.code(), Some(0), "{}", text(&saved.stderr));
    git(
        folder.path(),
        &["init", "--quiet", "--initial-branch", "main"],
    );
    git(
        folder.path(),
        &[
            "add",
            "Cargo.toml",
            "Cargo.lock",
            "good",
            "other",
            "gas-baselines",
        ],
    );
    git(folder.path(), &["commit", "--quiet", "--message", "base"]);
    let work = tempfile::tempdir().unwrap();
    let checkout = work.path().join("checkout");
    git(
        work.path(),
        &[
            "clone",
            "--quiet",
            folder.path().to_str().unwrap(),
            "checkout",
        ],
    );

    let built = ("GAS_BENCH", env!("CARGO_BIN_EXE_cargo-gas-bench"));
    // Only the base branch's repository is known to be in order, as in a container, where the checkout is another user's.
    let trusted = work.path().join("gitconfig");
    let base = folder.path().display();
    let settings = format!("[safe]\ndirectory = {base}\ndirectory = {base}/.git\n");
    fs::write(&trusted, settings).unwrap();
    let run_step = |fail: &str, program: &[(&str, &str)]| {
        let (summary, outputs) = (work.path().join("summary.md"), work.path().join("outputs"));
        let _ = fs::remove_file(&summary);
        let _ = fs::remove_file(&outputs);
        let ended = Command::new("bash")
            .args(["-c", step])
            .current_dir(&checkout)
            .env("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
            .env("GIT_CONFIG_GLOBAL", &trusted)
            .env("GITHUB_ACTION_PATH", action)
            .env("GITHUB_BASE_REF", "main")
            .env("GITHUB_STEP_SUMMARY", &summary)
            .env("GITHUB_OUTPUT", &outputs)
            .env("RUNNER_TEMP", work.path())
            .env("CARGO_TARGET_DIR", folder.path().join("target"))
            .env("MANIFEST_PATH", "Cargo.toml")
            .env("BASELINE", "gas-baselines/main.json")
            .env("TOLERANCE", "0.5%")
            .env("FAIL_ON_REGRESSION", fail)
            .env("ARGUMENTS", "")
            .envs(program.iter().copied())
            .output()
            .unwrap();
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let said = text(&ended.stderr).to_owned();
        (ended.status.code(), read(&summary), read(&outputs), said)
    };
    let (code, summary, outputs, said) = run_step("false", &[built]);
    assert_eq!(code, Some(0), "{said}");
    assert!(summary.contains("0 worse"), "{summary}");
    assert!(outputs.contains("verdict=same-or-better\n"), "{outputs}");

    let path = checkout.join("other/src/lib.rs");
    let source = fs::read_to_string(&path).unwrap();
    let dearer = source.replace("grow(0); u32", "grow(0); pay_for_memory_grow(9); u32");
    fs::write(&path, dearer).unwrap();
    let (code, summary, outputs, said) = run_step("false", &[built]);
    assert_eq!(code, Some(0), "{said}");
    assert!(summary.contains("1 worse"), "{summary}");
    assert!(outputs.contains("verdict=regression\n"), "{outputs}");
    let comment = outputs
        .lines()
        .find_map(|line| line.strip_prefix("comment="));
    assert_eq!(fs::read_to_string(comment.unwrap()).unwrap(), summary);
    assert_eq!(run_step("true", &[built]).0, Some(3));
    let lines = ("ARGUMENTS", "--package good\n--package nowhere\n");
    let (code, _, _, said) = run_step("true", &[built, lines]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("no contract `nowhere`"), "{said}");

    // Without a release's program, one is built for this machine, whatever is set for contracts.
    let stubs = work.path().join("stubs");
    fs::create_dir(&stubs).unwrap();
    let build = format!(
        "#!/bin/sh
        [ -z \"$CARGO_BUILD_TARGET\" ] && [ \"$PWD\" = '{}' ] || exit 101
        mkdir -p \"$CARGO_TARGET_DIR/release\" && ln -sf '{}' \"$CARGO_TARGET_DIR/release\"",
        action.join("action").display(),
        built.1
    );
    for (name, content) in [("rustup", "#!/bin/sh\n"), ("cargo", build.as_str())] {
        let stub = stubs.join(name);
        fs::write(&stub, content).unwrap();
        let made = Command::new("chmod").arg("+x").arg(&stub).status();
        assert!(made.unwrap().success());
    }
    let path = format!("{}:{}", stubs.display(), std::env::var("PATH").unwrap());
    let building = [
        ("PATH", path.as_str()),
        ("CARGO_BUILD_TARGET", "wasm32-unknown-unknown"),
    ];
    let (code, _, outputs, said) = run_step("true", &building);
    assert_eq!(code, Some(3), "{said}");
    assert!(outputs.contains("verdict=regression\n"), "{outputs}");

    // A release's program is used instead of a built one, if it has the checksum that the release names.
    let server = format!("file://{}", work.path().display());
    let release = [
        ("GITHUB_SERVER_URL", server.as_str()),
        ("ACTION_REPOSITORY", "somebody/kit"),
        ("ACTION_REF", "v1"),
    ];
    let downloads = work.path().join("somebody/kit/releases/download/v1");
    pack_program(&downloads, built.1);
    let (code, _, outputs, said) = run_step("true", &release);
    assert_eq!(code, Some(3), "{said}");
    assert!(outputs.contains("verdict=regression\n"), "{outputs}");
    for entry in fs::read_dir(&downloads).unwrap() {
        let path = entry.unwrap().path();
        if path.extension() == Some("gz".as_ref()) {
            fs::write(path, "somebody else's").unwrap();
        }
    }
    let (code, _, _, said) = run_step("true", &release);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("not the file that the release names"),
        "{said}"
    );
}

/// Creates a release's archives for every system that the action knows, each with a program that starts `program`, and their checksums.
fn pack_program(folder: &Path, program: &str) {
    let script = format!(
        "set -e; mkdir -p '{0}'; cd '{0}'
        for target in x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu x86_64-apple-darwin aarch64-apple-darwin; do
            name=cargo-gas-bench-$target; mkdir $name
            printf '#!/bin/sh\\nexec \"{program}\" \"$@\"\\n' >$name/cargo-gas-bench; chmod +x $name/cargo-gas-bench
            tar -czf $name.tar.gz $name; rm -r $name
            if command -v sha256sum >/dev/null; then sum=sha256sum; else sum='shasum -a 256'; fi
            $sum $name.tar.gz >$name.tar.gz.sha256
        done",
        folder.display()
    );
    let ended = Command::new("bash").args(["-c", &script]).output().unwrap();
    assert!(ended.status.success(), "{}", text(&ended.stderr));
}
