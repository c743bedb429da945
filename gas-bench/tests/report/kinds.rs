//! Contracts of all kinds: each is measured as what it is, or the report says why not.
//!
//! Lives here: contracts that build in a second. Not here: modules that are already built (`alone`), contracts on the SDK (`cases`).

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, UNIX_EPOCH};
use std::{fs, thread};

use gas_bench::chain::Target;
use gas_bench::measure;
use gas_bench::measure::compare::compare;
use stylus_cargo::{
    Artifact, BuildSettings, Mode, Project, Subject, Variations, WasmOpt, sources_hash,
};
use stylus_report::figures::{Contract, Report};
use stylus_vm::ArbOs;
use tempfile::TempDir;

use crate::support::{cargo, run, text};

/// A contract that returns after a loop of `STEPS` steps.
const SOURCE: &str = r#"#![no_std]
    #![cfg_attr(main, no_main)]
    #[panic_handler]
    fn panic(_: &core::panic::PanicInfo) -> ! { core::arch::wasm32::unreachable() }
    #[link(wasm_import_module = "vm_hooks")]
    unsafe extern "C" { safe fn pay_for_memory_grow(pages: u32); }
    #[unsafe(no_mangle)]
    extern "C" fn user_entrypoint(_len: u32) -> u32 { for _ in 0..STEPS { pay_for_memory_grow(0); } 0 }"#;

const PLAN: &str = "[[call]]\ncall = 'f()'\n";

pub(crate) fn write(folder: &Path, path: &str, content: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

pub(crate) fn source(steps: &str) -> String {
    SOURCE.replace("STEPS", steps)
}

/// Creates a workspace of these packages.
pub(crate) fn workspace(folder: &Path, members: &[&str]) {
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

/// Creates a package of a workspace, whose contract takes `steps` steps.
pub(crate) fn package(folder: &Path, name: &str, target: &str, steps: &str) {
    write(
        folder,
        &format!("{name}/Cargo.toml"),
        &format!("[package]\nname = '{name}'\nversion = '0.1.0'\nedition = '2024'\n{target}"),
    );
    write(folder, &format!("{name}/Stylus.toml"), "[contract]\n");
    write(folder, &format!("{name}/src/lib.rs"), &source(steps));
    write(folder, &format!("{name}/gas-bench.toml"), PLAN);
}

pub(crate) const LIBRARY: &str = "[lib]\ncrate-type = ['cdylib']\n";

/// The figures of a report in `folder`, which must succeed.
pub(crate) fn figures(folder: &Path, target: &Path, arguments: &[&str]) -> Vec<Contract> {
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

/// Theorem: what the author's own cargo has compiled for this machine is not compiled again for a report: neither what a contract's build
/// needs, nor what the program that prints its ABI is made of.
#[cfg(unix)]
#[test]
fn what_the_author_has_compiled_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let (root, target) = (folder.path(), folder.path().join("target"));
    workspace(root, &["one", "made"]);
    let manifest = format!(
        "{LIBRARY}[dependencies]\nmade = {{ path = '../made' }}\n[features]\nexport-abi = []\n\
         [[bin]]\nname = 'one'\nrequired-features = ['export-abi']\n"
    );
    package(root, "one", &manifest, "10");
    fs::remove_file(root.join("one/gas-bench.toml")).unwrap();
    let library = format!("#![cfg(not(feature = \"export-abi\"))]\n{}", source("10"));
    write(root, "one/src/lib.rs", &library);
    write(
        root,
        "one/src/main.rs",
        "fn main() { println!(\"interface One {{ function f() external; }}\") }",
    );
    package(root, "made", "build = 'build.rs'\n", "10");
    fs::remove_file(root.join("made/Stylus.toml")).unwrap();
    write(root, "made/src/lib.rs", "#![no_std]\n");
    write(root, "made/build.rs", "fn main() {}\n");
    let lock = fs::read_to_string(root.join("Cargo.lock")).unwrap();
    let lock = lock.replace(
        "name = 'one'\nversion = '0.1.0'\n",
        "name = 'one'\nversion = '0.1.0'\ndependencies = ['made']\n",
    );
    write(root, "Cargo.lock", &lock);
    let into = target.display().to_string();
    let wasm = "wasm32-unknown-unknown";
    for own in [
        &[
            "build",
            "--release",
            "--lib",
            "--target",
            wasm,
            "--package",
            "one",
        ][..],
        &["build", "--package", "made"],
    ] {
        cargo(root, &[own, &["--target-dir", &into]].concat());
    }
    figures(root, &target, &[]);
    for profile in ["release", "debug"] {
        let built = fs::read_dir(target.join(profile).join("build")).unwrap();
        let programs = built.map(|it| it.unwrap().path().join("build-script-build"));
        assert_eq!(programs.filter(|it| it.exists()).count(), 1, "{profile}");
    }
    // The programs themselves stay apart from the author's.
    assert!(!target.join("debug/one").exists());
    let mut reports = fs::read_dir(target.join("gas-bench")).unwrap();
    let reports = reports.next().unwrap().unwrap().path();
    assert!(reports.join("abi/debug/one").exists());
    assert!(!reports.join("abi/debug/deps").exists());
    assert_eq!(
        reports.join("report/release").canonicalize().unwrap(),
        target.join("release").canonicalize().unwrap()
    );
}

/// Theorem: a figure belongs to the contract beside its name, even if others use the same file name in the same target folder.
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
    // A profile's settings also count.
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

/// Theorem: sources are judged by their content, however old their timestamps are: a checkout that was moved to another's place is
/// measured, and so are its dependencies.
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

/// Theorem: a contract is built with the settings of its own folder, wherever the command is started; a stack of default size is
/// reported.
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
    // A folder given by a variable is relative to where the command is started.
    let contracts = figures(
        folder.path(),
        Path::new("relative"),
        &["--manifest-path", "root/Cargo.toml"],
    );
    assert!(folder.path().join("relative/gas-bench").is_dir());
    assert!(!root.join("relative").exists() && !root.join("target").exists());
    let pages = |contract: &Contract| contract.deployment.as_ref().unwrap().start.pages.0;
    assert_eq!([pages(&contracts[0]), pages(&contracts[1])], [16, 1]);
    let advice = &contracts[0].advice[0];
    for words in ["-zstack-size=32768", "14,007 gas"] {
        assert!(advice.contains(words), "{advice}");
    }
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
    // It is built where no other workspace builds, although others may share the target folder.
    let built = |into: &Path| into.join("compare").is_dir();
    let folders = fs::read_dir(root.join("target/gas-bench")).unwrap();
    let folders = folders.filter(|folder| built(&folder.as_ref().unwrap().path()));
    assert_eq!(folders.count(), 1);
    assert!(!root.join("target/gas-bench-compare").exists());
}

/// Theorem: a toolchain chosen by a member's own file builds that member, whether the workspace or the member is named.
#[test]
fn a_member_has_a_toolchain_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    let ours = include_str!("../../../rust-toolchain.toml");
    write(&root, "rust-toolchain.toml", ours);
    workspace(&root, &["here", "there"]);
    for name in ["here", "there"] {
        package(&root, name, LIBRARY, "1");
    }
    write(
        &root,
        "there/rust-toolchain.toml",
        "[toolchain]\nchannel = '1.0.0'\n",
    );
    // As rustup starts a cargo subcommand in a folder.
    let active = |folder: &Path| {
        let mut command = Command::new("rustup");
        command
            .args(["show", "active-toolchain"])
            .env_remove("RUSTUP_TOOLCHAIN");
        let output = command.current_dir(folder).output().unwrap();
        text(&output.stdout)
            .split_whitespace()
            .next()
            .unwrap()
            .to_owned()
    };
    let report = |from: &Path, manifest: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_cargo-gas-bench"))
            .args(["gas-bench", "report", "--manifest-path", manifest])
            .current_dir(from)
            .env("CARGO_TARGET_DIR", folder.path().join("target"))
            .env("RUSTUP_TOOLCHAIN", active(from))
            .env("RUSTUP_AUTO_INSTALL", "0")
            .output()
            .unwrap();
        (
            text(&output.stdout).to_owned(),
            text(&output.stderr).to_owned(),
        )
    };
    let (table, errors) = report(&root, "Cargo.toml");
    assert!(table.contains("here"), "{errors}");
    assert!(
        errors.contains("there: ") && errors.contains("1.0.0"),
        "{errors}"
    );
    for (from, manifest) in [
        (folder.path(), "root/there/Cargo.toml"),
        (&root, "there/Cargo.toml"),
    ] {
        let (_, errors) = report(from, manifest);
        assert!(errors.contains("1.0.0"), "{errors}");
    }
}

/// Theorem: a profile of a call that no function answers says so.
#[test]
fn a_profile_of_a_refusal_is_said_to_be_one() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    workspace(root, &["it"]);
    package(root, "it", LIBRARY, "1");
    // It answers `f()`.
    let source = source("1")
        .replace("safe fn pay", "fn read_args(to: *mut u8); safe fn pay")
        .replace("(_len: u32) -> u32 {", "(len: u32) -> u32 { let mut selector = [0; 4]; if len >= 4 { unsafe { read_args(selector.as_mut_ptr()) } }")
        .replace(" 0 }", " (u32::from_be_bytes(selector) != 0x2612_1ff0).into() }");
    write(root, "it/src/lib.rs", &source);
    let words =
        "nobody(): no function of the module has this selector: what is measured is its refusal";
    for (call, is_answered) in [("f()", true), ("nobody()", false)] {
        let output = run(root, &["profile", call]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let stderr = text(&output.stderr);
        assert_eq!(stderr.contains(words), !is_answered, "{stderr}");
    }
}

/// Theorem: functions whose selectors two standards share are planned as functions of the standard that the contract follows.
#[test]
fn a_token_is_planned_by_its_standard() {
    let folder = tempfile::tempdir().unwrap();
    workspace(folder.path(), &["coin", "endless", "nft"]);
    let shared = "0x095e_a7b3, 0x23b8_72dd, 0x42966c68, 0x01ff_c9a7";
    for (name, own) in [
        ("coin", "0xdd62_ed3e"),
        ("endless", "0xdd62_ed3e"),
        ("nft", "0x6352_211e"),
    ] {
        let burns_all = name == "endless";
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
                    while {burns_all} && selector == 0x42966c68 {{ core::hint::black_box(len); }}
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

    // A report with a plan succeeds, even if a call has no figures.
    let plan = planned("endless");
    for part in [
        "\n# With these arguments it has no figures: the call runs out of its ",
        "\n# [[call]]\n# call = \"burn(uint256)\"\n",
    ] {
        assert!(plan.contains(part), "{part}\nis not in\n{plan}");
    }
    let output = run(folder.path(), &["report", "--package", "endless"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

/// Theorem: `profile` and `explain` take a name that means one call, and otherwise say which there are.
#[test]
fn a_call_is_named_without_doubt() {
    let folder = tempfile::tempdir().unwrap();
    workspace(folder.path(), &["one", "two"]);
    for name in ["one", "two"] {
        package(folder.path(), name, LIBRARY, "1");
    }
    let plan = "[[call]]\nname = 'number'\ncall = 'set(uint256)'\nargs = ['1']\n\
        [[call]]\nname = 'owner'\ncall = 'set(address)'\nargs = ['{alice}']\n";
    write(folder.path(), "two/gas-bench.toml", plan);
    for (call, code, words) in [
        ("f", 0, ""),
        ("owner", 0, ""),
        ("two::set(address)", 0, ""),
        (
            "set",
            2,
            "`set` is a call of `set(address)`, `set(uint256)`; write `set(address)`",
        ),
        ("two::set", 2, "write `two::set(address)`"),
        ("nobody", 2, "there is no call `nobody`; there are `one::f`"),
        (
            "other::set",
            2,
            "there is no contract `other` to call; there are `one`, `two`",
        ),
    ] {
        let output = run(folder.path(), &["profile", call]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{call}: {said}");
        assert!(said.contains(words), "{call}: {said}");
    }
}

/// Theorem: what is measured is what `cargo stylus` deploys, byte for byte, with its source paths, its hash and its `wasm-opt`.
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
        // A panic names its source file.
        let source = source("3").replace("{ for", "{ assert!(_len < 9000); for");
        write(&root, &format!("{name}/src/lib.rs"), &source);
    }
    let wasm_opt = WasmOpt::find(None).unwrap();
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
        // Skips the 43 bytes that return it. Another encoder of the same format can choose a different encoding of the same length.
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

        // A comparison's own build is identical.
        let hash = sources_hash(&project, contract, &BuildSettings::default()).unwrap();
        let subject = Subject::of(&project, contract, &BuildSettings::default());
        let measure = |module: &[u8]| {
            let compared = Artifact::of_sources(module, hash).unwrap().wasm;
            assert!(compared == ours.artifact.wasm, "{}", contract.name);
            let target = Target::Embedded(ArbOs::ARBITRUM_ONE);
            measure::measure_sources(&target, &contract.name, module, hash, &ours.plan)
        };
        let is_optimised = contract.name == "optimised";
        let alone = Variations {
            modes: is_optimised.then_some(Mode::O3).into_iter().collect(),
            ..Variations::default()
        };
        let compared = compare(&subject, &alone, || WasmOpt::find(None), &measure, &|_| {});
        let compared = compared.unwrap();
        assert!(compared.today().is_some() && compared.variants.len() == 1);
        let says = |left: &String| left.contains("the one in the contract's Stylus.toml, `-Oz`");
        assert_eq!(compared.left_out.iter().any(says), is_optimised);
    }
}

/// Where `scripts/setup` installs tools.
fn tools() -> PathBuf {
    let given = std::env::var_os("STYLUS_KIT_TOOLS").map(PathBuf::from);
    given.unwrap_or_else(|| std::env::home_dir().unwrap().join(".cache/stylus-kit"))
}

/// Theorem: ending the command ends cargo and what cargo runs, and removes the copy that is built in.
#[test]
#[cfg(unix)]
fn nothing_is_left() {
    check_ended(&["report"]);
    check_ended(&["compare", "--opt-level", "3", "--wasm-opt", "off"]);
}

/// Checks that a command that is ended while a contract is built leaves nothing running, and no temporary file.
#[cfg(unix)]
#[track_caller]
fn check_ended(command: &[&str]) {
    use std::os::unix::process::CommandExt;

    let folder = tempfile::tempdir().unwrap();
    workspace(folder.path(), &["slow"]);
    package(folder.path(), "slow", LIBRARY, "1");
    write(
        folder.path(),
        "slow/build.rs",
        r#"fn main() {
            std::fs::write(std::env::var("SLOW_PID").unwrap(), std::process::id().to_string()).unwrap();
            std::thread::sleep(std::time::Duration::from_secs(600));
        }"#,
    );
    let pid = folder.path().join("pid");
    let temporary = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_cargo-gas-bench"))
        .arg("gas-bench")
        .args(command)
        .process_group(0)
        .current_dir(folder.path())
        .env("CARGO_TARGET_DIR", folder.path().join("target"))
        .env("SLOW_PID", &pid)
        .env("TMPDIR", temporary.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let wait_for = |what: &dyn Fn() -> bool| {
        let waits = (0..2_400).take_while(|_| !what());
        let slept = waits.inspect(|_| thread::sleep(Duration::from_millis(50)));
        assert!(slept.count() < 2_400, "it takes too long");
    };
    wait_for(&|| fs::read_to_string(&pid).is_ok_and(|pid| !pid.is_empty()));
    let pid = fs::read_to_string(&pid).unwrap();
    // As of an impatient user's Ctrl-C, its group gets the signal again and again.
    let kills = format!("while kill -s TERM -- -{}; do :; done", child.id());
    let kills = Command::new("sh")
        .args(["-c", &kills])
        .stderr(Stdio::null())
        .spawn();
    assert_eq!(child.wait().unwrap().code(), Some(143));
    assert!(kills.unwrap().wait().unwrap().success());
    let is_there = || {
        let asked = Command::new("sh")
            .args(["-c", &format!("kill -0 {pid} 2>/dev/null")])
            .status();
        asked.unwrap().success()
    };
    wait_for(&|| !is_there());
    let copies = fs::read_dir(temporary.path()).unwrap();
    let copies = copies.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let copies: Vec<_> = copies
        .filter(|it| it.starts_with("gas-bench-compare"))
        .collect();
    assert_eq!(copies, [""; 0], "{command:?}");
}

/// Checks that a report on a package that cannot be built ends with an error that contains `words` and not `not`.
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
        &["the ABI that it exports: it is not an interface in Solidity"],
        "nothing failed",
    );
}
