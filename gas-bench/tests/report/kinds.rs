//! Contracts of all kinds: every one is measured as what it is, or it is said why not.
//!
//! Lives here: contracts that are built in a second, and modules that are not built at all. Not here: contracts on the SDK (`cases`).

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, UNIX_EPOCH};
use std::{fs, thread};

use gas_bench::cargo::{BuildSettings, Project};
use gas_bench::figures::{Contract, Report};
use gas_bench::measure;
use tempfile::TempDir;

use super::{run, text};

/// A contract that returns with as many pages as `PAGES` says, in a loop of so many steps.
const SOURCE: &str = r#"#![no_std]
    #![cfg_attr(main, no_main)]
    #[panic_handler]
    fn panic(_: &core::panic::PanicInfo) -> ! { core::arch::wasm32::unreachable() }
    #[link(wasm_import_module = "vm_hooks")]
    unsafe extern "C" { safe fn pay_for_memory_grow(pages: u32); }
    #[unsafe(no_mangle)]
    extern "C" fn user_entrypoint(_len: u32) -> u32 { for _ in 0..STEPS { pay_for_memory_grow(0); } 0 }"#;

const PLAN: &str = "[[call]]\ncall = 'f()'\n";

fn write(folder: &Path, path: &str, content: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn source(steps: &str) -> String {
    SOURCE.replace("STEPS", steps)
}

/// A workspace of these packages.
fn workspace(folder: &Path, members: &[&str]) {
    let quoted: Vec<_> = members.iter().map(|name| format!("'{name}'")).collect();
    write(
        folder,
        "Cargo.toml",
        &format!(
            "[workspace]\nresolver = '3'\nmembers = [{}]\n[profile.release]\npanic = 'abort'\nstrip = true\n",
            quoted.join(", ")
        ),
    );
    let packages = members
        .iter()
        .map(|name| format!("[[package]]\nname = '{name}'\nversion = '0.1.0'\n"));
    let packages: String = packages.collect();
    write(folder, "Cargo.lock", &format!("version = 4\n{packages}"));
}

/// A package of a workspace, whose contract takes so many steps.
fn package(folder: &Path, name: &str, target: &str, steps: &str) {
    write(
        folder,
        &format!("{name}/Cargo.toml"),
        &format!("[package]\nname = '{name}'\nversion = '0.1.0'\nedition = '2024'\n{target}"),
    );
    write(folder, &format!("{name}/Stylus.toml"), "[contract]\n");
    write(folder, &format!("{name}/src/lib.rs"), &source(steps));
    write(folder, &format!("{name}/gas-bench.toml"), PLAN);
}

const LIBRARY: &str = "[lib]\ncrate-type = ['cdylib']\n";

/// The figures of a report in `folder` that succeeds.
fn figures(folder: &Path, target: &Path, arguments: &[&str]) -> Vec<Contract> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-gas-bench"));
    command.args(["gas-bench", "report", "--format", "json"]);
    let output = command
        .args(arguments)
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", target)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let report: Report = serde_json::from_slice(&output.stdout).unwrap();
    report.contracts
}

fn gas(contract: &Contract) -> u64 {
    contract.calls[0].runs()[0].gas.0
}

/// Theorem: a figure is of the contract beside its name, whoever else has the same file's name, in the same folder for what is built.
#[test]
fn what_was_built_is_part_of_what_is_measured() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("target");
    let library = format!("{LIBRARY}name = 'contract'\n");
    let checkout = |name: &str, one: &str, two: &str| {
        let root = folder.path().join(name);
        workspace(&root, &["one", "two"]);
        package(&root, "one", &library, one);
        package(&root, "two", &library, two);
        root
    };
    let main = checkout("main", "10", "1000");
    let branch = checkout("branch", "2000", "20");
    let of = |root: &Path| {
        let contracts = figures(root, &target, &[]);
        (gas(&contracts[0]), gas(&contracts[1]))
    };
    let (cheap, dear) = of(&main);
    assert!(cheap < dear, "{cheap} {dear}");
    let (dearest, second) = of(&branch);
    assert!(dear < dearest && second < dear, "{dearest} {second}");
    assert_eq!(of(&main), (cheap, dear), "again");
    // What a profile says is part of it, too.
    let level = |level: &str| {
        let path = main.join("Cargo.toml");
        let manifest = fs::read_to_string(&path).unwrap();
        let manifest = manifest.split("opt-level").next().unwrap().to_owned();
        fs::write(path, format!("{manifest}opt-level = {level}\n")).unwrap();
        of(&main)
    };
    let (first, other) = (level("0"), level("3"));
    assert_ne!(first, other);
    assert_eq!(level("0"), first, "as before");
}

/// Theorem: sources are what is in them, however old they say that they are: a checkout that was moved to where another lay is measured,
/// and so is what it depends on.
#[test]
fn a_checkout_that_was_moved_is_measured() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let write_old = |path: &str, content: &str| {
        write(root, path, content);
        let file = fs::File::options().write(true).open(root.join(path));
        let old = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        file.unwrap().set_modified(old).unwrap();
    };
    workspace(root, &["it", "part"]);
    let library = format!("{LIBRARY}[dependencies]\npart = {{ path = '../part' }}\n");
    package(root, "it", &library, "part::STEPS");
    let lock = fs::read_to_string(root.join("Cargo.lock")).unwrap();
    let lock = lock.replacen("'0.1.0'\n", "'0.1.0'\ndependencies = ['part']\n", 1);
    write(root, "Cargo.lock", &lock);
    write(
        root,
        "part/Cargo.toml",
        "[package]\nname = 'part'\nversion = '0.1.0'\nedition = '2024'\n",
    );
    let part = |steps: &str| format!("#![no_std]\npub const STEPS: u32 = {steps};\n");
    write(root, "part/src/lib.rs", &part("1"));
    let of = || gas(&figures(root, &root.join("target"), &[])[0]);
    let cheap = of();
    write_old("part/src/lib.rs", &part("1000"));
    let dear = of();
    assert!(cheap < dear, "{cheap} {dear}");
    write_old("part/src/lib.rs", &part("1"));
    assert_eq!(of(), cheap);
    write_old("it/src/lib.rs", &source("2000"));
    assert!(dear < of());
}

/// Theorem: a contract is built with the settings of its own folder, wherever the command is started; a stack that nobody made smaller is
/// said to be one.
#[test]
fn a_member_has_settings_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    workspace(&root, &["large", "small"]);
    package(&root, "large", LIBRARY, "1");
    package(&root, "small", LIBRARY, "1");
    write(
        &root,
        "small/.cargo/config.toml",
        "[target.wasm32-unknown-unknown]\nrustflags = ['-Clink-arg=-zstack-size=32768']\n",
    );
    // A folder that a variable names lies where the command is started.
    let contracts = figures(
        folder.path(),
        Path::new("relative"),
        &["--manifest-path", "root/Cargo.toml"],
    );
    assert!(folder.path().join("relative/gas-bench").is_dir());
    assert!(!root.join("relative").exists() && !root.join("target").exists());
    let pages = |contract: &Contract| contract.deployment.as_ref().unwrap().start.pages.0;
    assert_eq!([pages(&contracts[0]), pages(&contracts[1])], [16, 1]);
    assert!(
        contracts[0].advice[0].contains("-zstack-size=32768"),
        "{:?}",
        contracts[0].advice
    );
    assert!(
        contracts[0].advice[0].contains("14007 gas"),
        "{:?}",
        contracts[0].advice
    );
    assert_eq!(contracts[1].advice, [""; 0]);

    // No variant of a comparison changes the stack.
    let compared = |package: &str| {
        let compare = ["compare", "--package", package];
        let little = ["--opt-level", "s", "--lto", "off", "--wasm-opt", "off"];
        let output = run(&root, &[&compare[..], &little].concat());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        text(&output.stdout)
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let cheaper = format!("cheaper: {}.", contracts[0].advice[0]);
    let large = compared("large");
    assert_eq!(large.matches(&cheaper).count(), 1, "{large}");
    let small = compared("small");
    assert!(!small.contains("cheaper: "), "{small}");
}

/// Theorem: a contract may be a program.
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
}

/// Theorem: functions whose selectors two standards share are planned as those of the one that the contract is of.
#[test]
fn a_token_is_planned_by_its_standard() {
    let folder = tempfile::tempdir().unwrap();
    workspace(folder.path(), &["coin", "nft"]);
    let shared = "0x095e_a7b3, 0x23b8_72dd, 0x42966c68, 0x01ff_c9a7";
    for (name, own) in [("coin", "0xdd62_ed3e"), ("nft", "0x6352_211e")] {
        package(folder.path(), name, LIBRARY, "1");
        fs::remove_file(folder.path().join(name).join("gas-bench.toml")).unwrap();
        let source = source("1")
            .replace(
                "safe fn pay",
                "safe fn read_args(to: &mut [u8; 256]); safe fn pay",
            )
            .replace("(_len: u32)", "(len: u32)")
            .replace(
                " 0 }",
                &format!(
                    "if len > 256 {{ return 1 }}
                    let mut data = [0; 256];
                    read_args(&mut data);
                    let selector = u32::from_be_bytes([data[0], data[1], data[2], data[3]]);
                    u32::from(![{shared}, {own}].contains(&selector)) }}"
                ),
            );
        write(folder.path(), &format!("{name}/src/lib.rs"), &source);
    }
    let planned = |name: &str| {
        let output = run(folder.path(), &["plan", "--package", name]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        fs::read_to_string(folder.path().join(name).join("gas-bench.toml")).unwrap()
    };
    let check = |plan: &str, returns: &str, minted: &str| {
        for call in [
            format!(
                "call = \"approve(address,uint256){returns}\"\nargs = [\"{{alice}}\", \"1\"]\n"
            ),
            format!("call = \"transferFrom(address,address,uint256){returns}\"\n"),
            "call = \"burn(uint256)\"\n".to_owned(),
            format!("# call = \"mint(address,uint256)\"\n# args = [{minted}]\n"),
        ] {
            assert!(plan.contains(&call), "{call}\nis not in\n{plan}");
        }
    };
    check(
        &planned("coin"),
        " returns (bool)",
        "\"{alice}\", \"1 ether\"",
    );
    check(&planned("nft"), "", "\"{deployer}\", \"1\"");
}

/// Theorem: what is measured is what `cargo stylus` deploys, to the byte, with its source paths, its hash and its `wasm-opt`.
#[test]
#[ignore = "needs cargo stylus and wasm-opt, which scripts/setup --for-tests installs; scripts/test runs it"]
fn what_is_measured_is_what_is_deployed() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let toolchain = include_str!("../../../rust-toolchain.toml");
    write(&root, "rust-toolchain.toml", toolchain);
    workspace(&root, &["plain", "optimised"]);
    write(&root, "Stylus.toml", "[workspace]\n[workspace.networks]\n");
    for name in ["plain", "optimised"] {
        package(&root, name, "[lib]\ncrate-type = ['lib', 'cdylib']\n", "3");
        // A panic names the file that it is in.
        let source = source("3").replace("{ for", "{ assert!(_len < 9000); for");
        write(&root, &format!("{name}/src/lib.rs"), &source);
    }
    let wasm_opt = gas_bench::cargo::WasmOpt::find(None).unwrap();
    let version: String = wasm_opt
        .version()
        .chars()
        .filter(char::is_ascii_digit)
        .take(3)
        .collect();
    write(
        &root,
        "optimised/Stylus.toml",
        &format!("[contract]\n[wasm-opt]\nversion = '{version}'\nflags = ['-Oz']\n"),
    );
    let project = Project::find(Some(&root.join("Cargo.toml")), &[]).unwrap();
    let cache = tools();
    let path = std::env::var("PATH").unwrap();
    for contract in &project.contracts {
        let ours =
            measure::prepare(&project, contract, &BuildSettings::default(), &|_| {}).unwrap();
        let init = root.join(format!("{}.hex", contract.name));
        let output = Command::new(cache.join("cargo-stylus-0.10.10/bin/cargo-stylus"))
            .args(["stylus", "get-initcode", "--output"])
            .arg(&init)
            .current_dir(&contract.folder)
            .env("CARGO_TARGET_DIR", root.join("theirs"))
            .env("PATH", format!("{path}:{}", cache.join("bin").display()))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        let theirs = alloy_primitives::hex::decode(fs::read_to_string(init).unwrap()).unwrap();
        // Behind the 43 bytes that return it. Another encoder of the same format may choose other words of the same length.
        let theirs = &theirs[43..];
        let config = stylus_vm::Config::default();
        let module = stylus_vm::code::parse(theirs, &config).unwrap();
        let module = module.decompress(&[], None, &config).unwrap();
        assert!(ours.artifact.wasm == module, "{}", contract.name);
        let difference = ours.artifact.code.len().abs_diff(theirs.len());
        assert!(
            difference <= 8,
            "{}: {difference} bytes of code",
            contract.name
        );
        let forgetful = BuildSettings {
            reproducible: true,
            ..BuildSettings::default()
        };
        let other = measure::prepare(&project, contract, &forgetful, &|_| {}).unwrap();
        assert!(other.artifact.wasm != ours.artifact.wasm);
    }
}

/// Where `scripts/setup` puts tools.
fn tools() -> PathBuf {
    let given = std::env::var_os("STYLUS_KIT_TOOLS").map(PathBuf::from);
    given.unwrap_or_else(|| std::env::home_dir().unwrap().join(".cache/stylus-kit"))
}

/// Theorem: who ends the command ends cargo and what cargo runs.
#[test]
#[cfg(unix)]
fn nothing_is_left_running() {
    let folder = tempfile::tempdir().unwrap();
    workspace(folder.path(), &["slow"]);
    package(folder.path(), "slow", LIBRARY, "1");
    write(
        folder.path(),
        "slow/build.rs",
        r#"fn main() {
            let folder = std::env::var("CARGO_MANIFEST_DIR").unwrap();
            std::fs::write(format!("{folder}/pid"), std::process::id().to_string()).unwrap();
            std::thread::sleep(std::time::Duration::from_secs(600));
        }"#,
    );
    let mut child = Command::new(env!("CARGO_BIN_EXE_cargo-gas-bench"))
        .args(["gas-bench", "report"])
        .current_dir(folder.path())
        .env("CARGO_TARGET_DIR", folder.path().join("target"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let pid = folder.path().join("slow/pid");
    let wait_for = |what: &dyn Fn() -> bool| {
        let waits = (0..2_400).take_while(|_| !what());
        let slept = waits.inspect(|_| thread::sleep(Duration::from_millis(50)));
        assert!(slept.count() < 2_400, "it takes too long");
    };
    wait_for(&|| fs::read_to_string(&pid).is_ok_and(|pid| !pid.is_empty()));
    let pid = fs::read_to_string(&pid).unwrap();
    let ended = Command::new("sh")
        .args(["-c", &format!("kill -s TERM {}", child.id())])
        .status();
    assert!(ended.unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(143));
    let is_there = || {
        let asked = Command::new("sh")
            .args(["-c", &format!("kill -0 {pid} 2>/dev/null")])
            .status();
        asked.unwrap().success()
    };
    wait_for(&|| !is_there());
}

/// A report on a package that cannot be built ends with an error of these words, and not of those.
#[track_caller]
fn check_error(folder: &TempDir, words: &[&str], not: &str) {
    let output = Command::new(env!("CARGO_BIN_EXE_cargo-gas-bench"))
        .args(["gas-bench", "report"])
        .current_dir(folder.path())
        .env("CARGO_TARGET_DIR", folder.path().join("target"))
        .env("RUST_BACKTRACE", "1")
        .output()
        .unwrap();
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    for word in words {
        assert!(stderr.contains(word), "{word} is not in {stderr}");
    }
    assert!(!stderr.contains(not), "{stderr}");
}

#[test]
fn errors_say_what_caused_them() {
    let folder = tempfile::tempdir().unwrap();
    workspace(folder.path(), &["it"]);
    package(folder.path(), "it", LIBRARY, "1");
    fs::remove_file(folder.path().join("Cargo.lock")).unwrap();
    check_error(
        &folder,
        &["Cargo.lock is missing or does not fit", "cargo metadata"],
        "cargo rustc",
    );

    workspace(folder.path(), &["it"]);
    package(
        folder.path(),
        "it",
        "[lib]\ncrate-type = ['cdylib', 'lib']\npath = 'src/lib.rs'\n[features]\nexport-abi = []\n[[bin]]\nname = 'it'\n",
        "1",
    );
    fs::remove_file(folder.path().join("it/gas-bench.toml")).unwrap();
    write(folder.path(), "it/src/lib.rs", "");
    write(
        folder.path(),
        "it/src/main.rs",
        "fn main() { panic!(\"no interface today\") }",
    );
    check_error(
        &folder,
        &["it panicked at ", "no interface today"],
        "details are omitted",
    );
    write(
        folder.path(),
        "it/src/main.rs",
        "fn main() { println!(\"garbage\") }",
    );
    check_error(
        &folder,
        &["what it exports as its ABI: it is not an interface in Solidity"],
        "nothing failed",
    );
}

/// A module that answers `name()` with nothing, `set(uint256)` by writing its number to a slot, the unknown `0x12345678` likewise, and
/// where `entries` says so anything else; what is not answered reverts. `first()` is answered only once somebody has set the number.
pub(crate) fn module(entries: bool) -> Vec<u8> {
    wat::parse_str(text_of_module(entries)).unwrap()
}

/// The same in text.
pub(crate) fn text_of_module(entries: bool) -> String {
    let store = "(call $store (i32.const 512) (i32.const 4)) (call $flush (i32.const 0)) (return (i32.const 0))";
    let selector = |selector: u32| {
        format!(
            "(i32.eq (local.get $s) (i32.const {}))",
            selector.swap_bytes()
        )
    };
    let entry = if entries {
        "(return (i32.const 0))"
    } else {
        ""
    };
    format!(
        r#"(module
            (import "vm_hooks" "read_args" (func $read (param i32)))
            (import "vm_hooks" "storage_load_bytes32" (func $load (param i32 i32)))
            (import "vm_hooks" "storage_cache_bytes32" (func $store (param i32 i32)))
            (import "vm_hooks" "storage_flush_cache" (func $flush (param i32)))
            (import "vm_hooks" "write_result" (func $write (param i32 i32)))
            (memory (export "memory") 1 1)
            (func (export "user_entrypoint") (param $len i32) (result i32) (local $s i32)
                (call $read (i32.const 0))
                (local.set $s (i32.load (i32.const 0)))
                (if (i32.ge_u (local.get $len) (i32.const 4)) (then
                    (if {} (then (return (i32.const 0))))
                    (if {} (then {store}))
                    (if {} (then {store}))
                    (if {} (then
                        (call $load (i32.const 512) (i32.const 544))
                        (call $write (i32.const 544) (i32.const 32))
                        (return (i64.eqz (i64.load (i32.const 568))))))))
                {entry}
                (i32.const 1)))"#,
        selector(0x06fd_de03),
        selector(0x60fe_47b1),
        selector(0x1234_5678),
        selector(0x3df4_ddf4),
    )
}

const ABI: &str = r#"[{"type":"function","name":"set","inputs":[{"name":"a","type":"uint256"}],"outputs":[],"stateMutability":"nonpayable"}]"#;

fn module_in(folder: &Path, entries: bool) -> PathBuf {
    let path = folder.join("token.wasm");
    fs::write(&path, module(entries)).unwrap();
    path
}

fn report_on(folder: &Path, arguments: &[&str]) -> (Option<i32>, Report) {
    let all = [
        &["report", "--format", "json", "--wasm", "token.wasm"],
        arguments,
    ]
    .concat();
    let output = run(folder, &all);
    let report = serde_json::from_slice(&output.stdout);
    (
        output.status.code(),
        report.unwrap_or_else(|_| panic!("{}", text(&output.stderr))),
    )
}

/// A report that was measured.
pub(crate) fn some_report() -> Report {
    let folder = tempfile::tempdir().unwrap();
    module_in(folder.path(), true);
    report_on(folder.path(), &[]).1
}

/// Theorem: of a module alone everything that it answers is measured, or it is said that it is not.
#[test]
fn nothing_is_left_out_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    module_in(folder.path(), false);
    write(folder.path(), "token.json", ABI);
    let (code, report) = report_on(folder.path(), &["--abi", "token.json"]);
    assert_eq!(code, Some(0));
    let contract = &report.contracts[0];
    let names: Vec<_> = contract
        .calls
        .iter()
        .map(|call| call.signature.as_str())
        .collect();
    assert_eq!(names, ["set(uint256)", "name()"]);
    let left_out = contract.left_out.join("\n");
    assert!(
        left_out.contains("0x12345678: the module answers") && left_out.contains("0x3df4ddf4"),
        "{left_out}"
    );

    // Without an interface, what standards know is called; entries are told from functions.
    module_in(folder.path(), true);
    let (code, report) = report_on(folder.path(), &[]);
    assert_eq!(code, Some(0));
    let names: Vec<_> = report.contracts[0]
        .calls
        .iter()
        .map(|call| call.name.as_str())
        .collect();
    assert_eq!(names, ["name", "no calldata", "fallback"]);

    // An interface of something else measures nothing of this.
    write(
        folder.path(),
        "other.sol",
        "interface IOther { function nobody() external; }",
    );
    let (_, report) = report_on(folder.path(), &["--abi", "other.sol"]);
    let contract = &report.contracts[0];
    assert!(contract.calls.iter().all(|call| call.name != "nobody"));
    assert!(
        contract
            .left_out
            .iter()
            .any(|left| left.starts_with("nobody(): ")),
        "{:?}",
        contract.left_out
    );

    for garbage in [
        "garbage",
        "",
        "[]",
        "{\"abi\":1}",
        "interface I {}",
        "interface I { function f(uint8[1000][1000][1000] memory a) external; }",
    ] {
        write(folder.path(), "garbage.abi", garbage);
        fs::write(
            folder.path().join("token.wasm"),
            wat::parse_str("(module)").unwrap(),
        )
        .unwrap();
        let output = run(
            folder.path(),
            &["report", "--wasm", "token.wasm", "--abi", "garbage.abi"],
        );
        assert_eq!(output.status.code(), Some(1), "{garbage}");
    }
}

/// Theorem: a plan's keys do what they say: another contract, time, value, calldata, and the entries that have no selector.
#[test]
fn plans_have_other_contracts_time_and_calldata() {
    let folder = tempfile::tempdir().unwrap();
    module_in(folder.path(), true);
    fs::write(folder.path().join("asset.wasm"), module(false)).unwrap();
    // Init code that leaves ten bytes: they return 42.
    write(
        folder.path(),
        "evm.bin",
        "600a600c600039600a6000f3602a60005260206000f3\n",
    );
    let plan = r#"
        [[contract]]
        name = "asset"
        wasm = "asset.wasm"
        [[contract]]
        name = "oracle"
        bytecode = "evm.bin"
        [[setup]]
        on = "asset"
        call = "set(uint256)"
        args = [7]
        [[call]]
        name = "asset, once set"
        on = "asset"
        call = "first() returns (uint256)"
        [[call]]
        name = "oracle"
        on = "oracle"
        call = "answer() returns (uint256)"
        [[call]]
        call = "receive()"
        value = "1 ether"
        [[call]]
        call = "fallback()"
        [[call]]
        name = "later"
        call = "set(uint256)"
        args = ["{now}"]
        wait = "2 days"
        [[call]]
        name = "raw"
        calldata = "0x12345678ff"
        [[call]]
        name = "of nobody"
        call = "nobody()"
    "#;
    write(folder.path(), "plan.toml", plan);
    let (code, report) = report_on(folder.path(), &["--plan", "plan.toml"]);
    let contract = &report.contracts[0];
    assert_eq!(code, Some(0), "{:?}", report.failures().collect::<Vec<_>>());
    let output = |name: &str| {
        let call = contract
            .calls
            .iter()
            .find(|call| call.name == name)
            .unwrap();
        (call.signature.clone(), call.runs()[0].output.clone())
    };
    assert_eq!(output("asset, once set").1, "7");
    assert_eq!(output("oracle").1, "42");
    assert_eq!(output("receive").0, "receive()");
    assert_eq!(output("fallback").0, "fallback()");
    assert_eq!(output("raw").0, "calldata 0x12345678ff");
    let later = contract
        .calls
        .iter()
        .find(|call| call.name == "later")
        .unwrap();
    let now: u64 = later.runs()[0].arguments[0].parse().unwrap();
    assert!(now >= 1_800_000_000 + 2 * 86_400, "{now}");
    let left_out = contract.left_out.join("\n");
    assert!(left_out.contains("name()"), "{left_out}");
    assert!(
        left_out.contains("nobody(): no function of the module has this selector"),
        "{left_out}"
    );
}
