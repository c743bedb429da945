//! Reports on input other than SDK contracts: modules from any compiler, and files as editors leave them.
//!
//! Lives here: what is reported about a module that is already built. Not here: contracts that are built (`kinds`, `cases`).
//!
//! `modules/` has what AssemblyScript, clang, Zig and an older SDK make of the sources beside them; each source says how.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use stylus_report::figures::{Report, baseline};
use tempfile::TempDir;

use super::alone;
use crate::support::{run, text};

/// A folder with the modules.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/report/modules");
    for entry in fs::read_dir(modules).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
    }
    folder
}

fn report(folder: &TempDir, arguments: &[&str]) -> (Output, Option<Report>) {
    let all = [&["report", "--format", "json"], arguments].concat();
    let output = run(folder.path(), &all);
    let report = serde_json::from_slice(&output.stdout).ok();
    (output, report)
}

/// Checks that a report on a module ends with `code`, calls exactly the functions `called`, and says that each selector of `not_called`
/// is not called.
#[track_caller]
fn check(folder: &TempDir, arguments: &[&str], code: i32, called: &[&str], not_called: &[&str]) {
    let (output, report) = report(folder, arguments);
    assert_eq!(output.status.code(), Some(code), "{}", text(&output.stderr));
    let report = report.unwrap();
    let contract = &report.contracts[0];
    let signatures: Vec<_> = contract
        .calls
        .iter()
        .map(|call| call.signature.as_str())
        .collect();
    assert_eq!(signatures, called);
    assert_eq!(contract.left_out.len(), not_called.len(), "{contract:?}");
    for selector in not_called {
        let mut left_out = contract.left_out.iter();
        assert!(left_out.any(|it| it.starts_with(selector)), "{contract:?}");
    }
    for run in contract.calls.iter().flat_map(|call| call.runs()) {
        let total = run.parts.total(report.made_with.ink_per_gas);
        assert_eq!(total, Some(run.gas));
    }
}

/// Theorem: every function of a module from any compiler is called or reported as not called, with an interface and without.
#[test]
fn modules_of_other_compilers_are_measured_whole() {
    let folder = folder();
    fs::write(
        folder.path().join("counter.sol"),
        "interface ICounter { function number() external view returns (uint256); function increment() external; }",
    )
    .unwrap();
    let standards = [
        "totalSupply()",
        "mint(address,uint256)",
        "balanceOf(address)",
    ];
    check(
        &folder,
        &["--wasm", "token.wasm"],
        0,
        &standards,
        &["0x55241077"],
    );
    check(
        &folder,
        &["--wasm", "counter.wasm", "--abi", "counter.sol"],
        0,
        &["number()", "increment()", "calldata 0x"],
        &["0x3fb5c1cb", "0xcafebabe"],
    );
    check(
        &folder,
        &["--wasm", "allocating.wasm", "--abi", "counter.sol"],
        0,
        &["number()", "increment()"],
        &["0x3fb5c1cb"],
    );
    // None of its functions is known: nothing is measured, and that is not a success.
    check(
        &folder,
        &["--wasm", "allocating.wasm"],
        1,
        &[],
        &["0x3fb5c1cb", "0x8381f58a", "0xd09de08a"],
    );
}

/// Theorem: of a module that answers nothing before it is initialised, the report says what nobody calls.
#[test]
fn what_initialises_a_module_that_answers_nothing_is_said() {
    let folder = folder();
    let text = r#"(module
        (memory (export "memory") 1 1)
        (func (export "_start_it") (i32.store (i32.const 8) (i32.const 1)))
        (func (export "user_entrypoint") (param i32) (result i32) (i32.eqz (i32.load (i32.const 8)))))"#;
    fs::write(folder.path().join("mute.wat"), text).unwrap();
    check(&folder, &["--wasm", "mute.wat"], 1, &[], &["_start_it"]);
    let text = text.replace("(i32.store (i32.const 8) (i32.const 1))", "");
    fs::write(folder.path().join("mute.wat"), text).unwrap();
    let nothing = "there is nothing to call, since the module answers no function of a standard";
    check_error(&folder, &["--wasm", "mute.wat"], nothing);
}

/// Theorem: what an older SDK leaves out of its ABI is called if a standard defines it, and otherwise reported as not called; so is a
/// constructor.
#[test]
fn what_an_abi_does_not_inherit_is_not_forgotten() {
    check(
        &folder(),
        &["--wasm", "vault.wasm", "--abi", "vault.sol"],
        0,
        &[
            "mint(uint256)",
            "balanceOf(address)",
            "transfer(address,uint256)",
        ],
        &[
            "0xfa80f52b: the module answers",
            "constructor: it does not run",
        ],
    );
}

/// Theorem: a module in text works as a module, for a report, for a plan's other contracts and for `override`.
#[test]
fn modules_in_text_are_modules() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("it.wat"), alone::text_of_module(false)).unwrap();
    fs::write(path("it.wasm"), alone::module(false)).unwrap();
    let figures = |arguments: &[&str]| {
        let (output, report) = report(&folder, arguments);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        report.unwrap().contracts
    };
    assert_eq!(
        figures(&["--wasm", "it.wat"]),
        figures(&["--wasm", "it.wasm"])
    );
    let plan =
        "[[contract]]\nname = 'other'\nwasm = 'it.wat'\n[[call]]\non = 'other'\ncall = 'name()'\n";
    fs::write(path("plan.toml"), plan).unwrap();
    figures(&["--wasm", "it.wasm", "--plan", "plan.toml"]);
    let listed = run(folder.path(), &["override", "--list", "it.wat"]);
    let said = text(&listed.stderr);
    assert!(said.contains("it has no allocator: "), "{said}");

    fs::write(path("it.wat"), "(modul").unwrap();
    let place = "it.wat is not WebAssembly text: expected valid module field (at 1:2)";
    check_error(&folder, &["--wasm", "it.wat"], place);
    let listed = run(folder.path(), &["override", "--list", "it.wat"]);
    assert!(text(&listed.stderr).contains(place));
}

/// Checks that a report fails, and that the last line on standard error contains `words`.
#[track_caller]
fn check_error(folder: &TempDir, arguments: &[&str], words: &str) {
    let (output, _) = report(folder, arguments);
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    let last = stderr.lines().last().unwrap();
    assert!(
        last.starts_with("error: ") && last.contains(words),
        "{last}"
    );
}

/// Theorem: a plot that cannot be written takes no figures with it.
#[test]
fn plots_are_not_worth_the_figures() {
    let folder = folder();
    fs::create_dir_all(folder.path().join("plots/token-split.svg")).unwrap();
    let arguments = ["--wasm", "token.wasm", "--svg", "plots", "--save", "main"];
    check_error(
        &folder,
        &arguments,
        "plots/token-split.svg cannot be written: ",
    );
    assert!(report(&folder, &arguments).1.is_some());
    assert!(folder.path().join("gas-baselines/main.json").exists());
}

/// Theorem: a mistake in a plan is told in short, whatever the plan has in its place.
#[test]
fn words_without_end_are_told_in_short() {
    let folder = folder();
    let long = "n".repeat(20_000);
    for (plan, words) in [
        (
            format!("call = 'f()'\nname = '{long}'\n"),
            "give it a shorter `name`",
        ),
        (
            format!("call = '{long}()'\n"),
            "write it like `transfer(address,uint256)",
        ),
        (
            format!("call = 'f()'\n{long} = 1\n"),
            "expected one of `name`",
        ),
        (
            "call = 'f(uint64)'\nargs = ['{n}']\nrepeat = 3\nfor = { n = '0..500' }\n".to_owned(),
            "use shorter ranges, a larger `step` or a smaller `repeat`",
        ),
    ] {
        fs::write(folder.path().join("plan.toml"), format!("[[call]]\n{plan}")).unwrap();
        let arguments = ["--wasm", "token.wasm", "--plan", "plan.toml"];
        check_error(&folder, &arguments, words);
        let (output, _) = report(&folder, &arguments);
        assert!(output.stderr.len() < 4_000, "{}", text(&output.stderr));
    }
}

/// Theorem: no report takes the place of what it is made from.
#[test]
fn what_is_read_is_not_written_over() {
    let folder = folder();
    let plan =
        "[[contract]]\nname = 'other'\nwasm = 'other.wasm'\n[[call]]\ncall = 'totalSupply()'\n";
    fs::write(folder.path().join("plan.toml"), plan).unwrap();
    let token = folder.path().join("token.wasm");
    let token = fs::read(token).unwrap();
    // Where case makes no difference, the last of these is the first.
    for name in ["other.wasm", "Token.wasm"] {
        fs::write(folder.path().join(name), &token).unwrap();
    }
    let of_plan = ["--wasm", "token.wasm", "--plan", "plan.toml"];
    for (option, out, is_refused) in [
        ("--out", "token.wasm", true),
        ("--out", "./plan.toml", true),
        ("--out", "other.wasm", true),
        ("--out", "Token.wasm", true),
        ("--out", "counter.wasm", false),
        ("--save", "./token.wasm", true),
        ("--save", "./plan.toml", true),
    ] {
        let before = fs::read(folder.path().join(out)).unwrap();
        let (output, _) = report(&folder, &[&of_plan[..], &[option, out]].concat());
        let said = text(&output.stderr);
        let words = format!("error: this command reads {out}; name another file");
        assert_eq!(said.starts_with(&words), is_refused, "{said}");
        let after = fs::read(folder.path().join(out)).unwrap();
        assert_eq!(before == after, is_refused, "{out}");
    }
}

/// Theorem: no output takes the place of another one of the same run.
#[test]
fn outputs_are_files_of_their_own() {
    let folder = folder();
    fs::create_dir(folder.path().join("gas-baselines")).unwrap();
    let hash = format!("{:#066x}", 1);
    for (arguments, named) in [
        (
            &[
                "report",
                "--wasm",
                "token.wasm",
                "--save",
                "main",
                "--out",
                "gas-baselines/main.json",
            ][..],
            "gas-baselines/main.json",
        ),
        (
            &[
                "replay",
                "--rpc-url",
                "http://localhost:1",
                &hash,
                "--flame",
                "a.svg",
                "--speedscope",
                "./a.svg",
            ],
            "./a.svg",
        ),
        (
            &[
                "replay",
                "--rpc-url",
                "http://localhost:1",
                &hash,
                "--out",
                "a.fork",
                "--record",
                "a.fork",
            ],
            "a.fork",
        ),
        (&["league", "--out", "a", "--chart", "a"], "a"),
    ] {
        let output = run(folder.path(), arguments);
        let words = format!(
            "error: {named} is named for two of the files that this command writes; name another for one of them\n"
        );
        assert_eq!(text(&output.stderr), words);
        assert_eq!(output.status.code(), Some(1));
    }
}

/// Theorem: a run without figures leaves a baseline as it was.
#[test]
fn figures_that_are_missing_are_no_baseline() {
    let folder = folder();
    let plan = "[[call]]\ncall = 'totalSupply()'\n";
    fs::write(folder.path().join("plan.toml"), plan).unwrap();
    fs::write(folder.path().join("bad.wasm"), "not a module").unwrap();
    for (module, error) in [
        ("token.wasm", None),
        (
            "bad.wasm",
            Some("error: no baseline was saved because bad has no figures"),
        ),
    ] {
        let arguments = ["--wasm", module, "--plan", "plan.toml", "--save", "main"];
        let (output, _) = report(&folder, &arguments);
        let said = text(&output.stderr);
        assert!(error.is_none_or(|error| said.contains(error)), "{said}");
        let kept = baseline::load(&folder.path().join("gas-baselines/main.json")).unwrap();
        assert_eq!(kept.contracts[0].name, "token");
    }
}

/// Theorem: a failure is told as far as it is known, and not as what it resembles.
#[test]
fn failures_are_told_as_far_as_they_are_known() {
    let folder = folder();
    // A function that takes value, but not that little.
    let payable = r#"(module
        (import "vm_hooks" "read_args" (func $read_args (param i32)))
        (import "vm_hooks" "msg_value" (func $msg_value (param i32)))
        (memory (export "memory") 1 1)
        (func (export "user_entrypoint") (param i32) (result i32)
            (call $read_args (i32.const 0))
            (if (result i32) (i32.lt_u (local.get 0) (i32.const 4)) (then (i32.const 1)) (else
                (call $msg_value (i32.const 64))
                (i32.lt_u (i32.load8_u (i32.const 95)) (i32.const 10))))))"#;
    fs::write(folder.path().join("payable.wat"), payable).unwrap();
    // A router that knows no function.
    let empty = r#"(module
        (import "vm_hooks" "read_args" (func $read_args (param i32)))
        (memory (export "memory") 1 1)
        (func (export "user_entrypoint") (param i32) (result i32) (call $read_args (i32.const 0)) (i32.const 1)))"#;
    fs::write(folder.path().join("empty.wat"), empty).unwrap();
    for (module, plan, expected) in [
        (
            "empty.wat",
            "call = 'buy()'\n",
            "buy(): it returned an error without data before it looked at anything, as a contract without such a function does",
        ),
        (
            "payable.wat",
            "call = 'buy()'\nvalue = 5\n",
            "buy(): it returned an error without data after it looked at the 5 wei that were sent, as a function that is not payable does",
        ),
        (
            "payable.wat",
            "calldata = '0x01'\n",
            "it returned an error without data for input too short for a selector, 1 of 4 bytes",
        ),
        (
            "payable.wat",
            "call = 'buy()'\nvalue = 15\nwait = '366 days'\n",
            "program expired: it was activated ",
        ),
    ] {
        fs::write(folder.path().join("plan.toml"), format!("[[call]]\n{plan}")).unwrap();
        let arguments = ["--wasm", module, "--plan", "plan.toml"];
        check_error(&folder, &arguments, expected);
    }
}

/// A program whose calls do nothing, with `more` before its entry point.
fn program(more: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
            (import "vm_hooks" "read_args" (func (param i32)))
            (memory (export "memory") 1 1)
            {more}
            (func (export "user_entrypoint") (param i32) (result i32) (i32.const 1)))"#
    );
    wat::parse_str(text).unwrap()
}

#[test]
fn what_cannot_be_measured_says_what_to_do() {
    let folder = folder();
    let module = folder.path().join("it.wasm");
    let report = ["--wasm", "it.wasm"];
    fs::write(&module, program("")).unwrap();
    check_error(
        &folder,
        &report,
        "name its interface with --abi FILE, or what to call with --plan FILE",
    );
    // The magic bytes of another format, behind which there seems to be a section.
    fs::write(&module, b"\x7fELF\x02\x01\x01\0\0\xff\xff\xff\xff\x0f").unwrap();
    check_error(&folder, &report, "it is not a wasm module: ");
    let advice = "; it.wasm is not a compiler's .wasm file: name one";
    check_error(&folder, &report, advice);
    // What an account holds: a whole program, and a fragment of one.
    for code in [b"\xef\xf0\0\0program", b"\xef\xf0\x01program."] {
        fs::write(&module, code).unwrap();
        check_error(
            &folder,
            &report,
            "it.wasm is a program as an account holds it, compressed and without names: name the .wasm file it was made from",
        );
    }
    fs::write(&module, program("")).unwrap();
    fs::write(folder.path().join("it.sol"), "garbage").unwrap();
    check_error(
        &folder,
        &["--wasm", "it.wasm", "--abi", "it.sol"],
        "it.sol: it is not an interface in Solidity: unexpected end of input, expected ident; correct it, or say with --plan FILE",
    );
    // The embedded chain is configured for debugging, and accepts what Arbitrum One refuses.
    fs::write(&module, program("(func $init) (start $init)")).unwrap();
    fs::write(
        folder.path().join("plan.toml"),
        "[[call]]\ncalldata = '0x00'\nreverts = true\n",
    )
    .unwrap();
    check_error(
        &folder,
        &["--wasm", "it.wasm", "--plan", "plan.toml"],
        "only chains configured for debugging, like this one, take the program: the module has a start function",
    );
    // Programs of SDK 0.4 import what has since been removed.
    let old = "(import \"vm_hooks\" \"memory_grow\" (func (param i32)))";
    fs::write(
        &module,
        wat::parse_str(format!(
            "(module {old} (memory (export \"memory\") 1)
        (func (export \"user_entrypoint\") (param i32) (result i32) (i32.const 0)))"
        ))
        .unwrap(),
    )
    .unwrap();
    check_error(&folder, &report, "it became `pay_for_memory_grow`");
    let nameless = [&program("")[..], &[0, 2, 9, b'x']].concat();
    fs::write(&module, nameless).unwrap();
    check_error(&folder, &report, "custom section at byte ");
}

/// Theorem: if a module expects initialisation by a call that no chain makes, the report says so, whatever determines the calls.
#[test]
fn an_exported_start_that_nobody_calls_is_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let plan = "[[call]]\ncalldata = '0x00'\nreverts = true\n";
    fs::write(folder.path().join("plan.toml"), plan).unwrap();
    let left_out = |body: &str| {
        let start =
            format!("(global $ready (mut i32) (i32.const 0)) (func (export \"_start\") {body})");
        fs::write(folder.path().join("it.wasm"), program(&start)).unwrap();
        let (output, report) = report(&folder, &["--wasm", "it.wasm", "--plan", "plan.toml"]);
        assert_eq!(output.status.code(), Some(0));
        report.unwrap().contracts.remove(0).left_out
    };
    let said = left_out("(global.set $ready (i32.const 1))");
    assert!(
        matches!(said.as_slice(), [only] if only.starts_with("_start: it is exported") && only.contains("no chain calls it")),
        "{said:?}"
    );
    assert_eq!(left_out(""), [""; 0]);
}

/// Theorem: the report says so if a call of `receive` might not be one, and if a call of `fallback` is not one.
#[test]
fn a_receive_that_is_none_is_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let plan = "[[call]]\ncall = 'receive() external payable'\nreverts = true\n[[call]]\ncall = 'fallback()'\nreverts = true\n\
                [[call]]\ncall = 'name()'\n";
    fs::write(folder.path().join("plan.toml"), plan).unwrap();
    let left_out = |module: Vec<u8>| {
        fs::write(folder.path().join("it.wasm"), module).unwrap();
        let (_, report) = report(&folder, &["--wasm", "it.wasm", "--plan", "plan.toml"]);
        report.unwrap().contracts.remove(0).left_out.join("\n")
    };
    let refuses = left_out(alone::module(false));
    assert!(
        refuses.contains("receive(): the module does nothing without calldata"),
        "{refuses}"
    );
    assert!(
        refuses.contains("fallback(): the module does nothing for a selector"),
        "{refuses}"
    );
    let falls_back = left_out(alone::module(true));
    assert!(
        falls_back.contains("the figures may be those of its fallback")
            && !falls_back.contains("fallback(): "),
        "{falls_back}"
    );
}

/// Theorem: the report says so if no function has a step's selector, whether the step is measured or sets up, with a fallback and
/// without; and raw calldata counts for the function that answers it.
#[test]
fn a_selector_of_no_function_is_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let left_out = |plan: &str, falls_back: bool| {
        fs::write(folder.path().join("plan.toml"), plan).unwrap();
        fs::write(folder.path().join("it.wasm"), alone::module(falls_back)).unwrap();
        let (_, report) = report(&folder, &["--wasm", "it.wasm", "--plan", "plan.toml"]);
        report.unwrap().contracts.remove(0).left_out.join("\n")
    };
    let named = "[[call]]\ncall = 'name()'\n";
    let misspelt = format!("{named}[[call]]\ncall = 'nane()'\nreverts = true\n");
    let refused =
        "nane(): no function of the module has this selector: what is measured is its refusal";
    assert!(left_out(&misspelt, false).contains(refused));
    let set_up = format!("[[setup]]\ncall = 'nane()'\n{named}");
    let ran =
        "nane(): no function of the module has this selector: what the set-up runs is its fallback";
    assert!(left_out(&set_up, true).contains(ran));
    let written = "[[call]]\ncalldata = '0x06fdde03'\n";
    assert!(!left_out(written, false).contains("name()"));
    let taken = "[[call]]\ncall = 'fallback()'\ncalldata = '0x06fdde03'\n";
    assert!(
        left_out(taken, false)
            .contains("the module has a function for name(): the figures are that function's")
    );
}

/// Theorem: text is read correctly, whatever mark an editor puts in front of it, and in the encoding in which a shell redirects it.
#[test]
fn text_is_read_as_editors_and_shells_leave_it() {
    let report = alone::some_report();
    let utf8 = |text: &str| format!("\u{feff}{text}").into_bytes();
    let utf16 = |text: &str| -> Vec<u8> {
        let units = format!("\u{feff}{text}").encode_utf16().collect::<Vec<_>>();
        units.into_iter().flat_map(u16::to_le_bytes).collect()
    };
    for marked in [&utf8 as &dyn Fn(&str) -> Vec<u8>, &utf16] {
        let folder = folder();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, marked(text)).unwrap();
            path
        };
        let loaded = baseline::load(&write("main.json", &report.to_json())).unwrap();
        assert_eq!(loaded, report);
        let path = write("gas-bench.toml", "[[call]]\ncall = 'f()'\n");
        assert_eq!(stylus_plan::load(&path).unwrap().unwrap().calls.len(), 1);
        write("it.wat", &alone::text_of_module(false));
        let (_, report) = self::report(&folder, &["--wasm", "it.wat"]);
        assert_eq!(report.unwrap().contracts[0].calls.len(), 1);
        let abi = "interface I { function number() external; function increment() external; }";
        write("it.sol", abi);
        check(
            &folder,
            &["--wasm", "allocating.wasm", "--abi", "it.sol"],
            0,
            &["number()", "increment()"],
            &["0x3fb5c1cb"],
        );
    }
    let folder = folder();
    let path = folder.path().join("main.json");
    fs::write(&path, [0xff, 0xfe, b'{']).unwrap();
    let error = baseline::load(&path).unwrap_err().to_string();
    assert!(
        error.contains("cannot be read: it is not text, neither in UTF-8 nor in UTF-16; "),
        "{error}"
    );
}

/// Rust from before cargo passed its own `strip` to the compiler ahead of ours. The lowest that the allocator supports is, too.
const OLD: &str = "1.71.0";

/// Theorem: under an old toolchain functions keep their names, and what it does not support is reported as the cause.
#[test]
#[ignore = "needs Rust 1.71.0 with wasm32-unknown-unknown; scripts/test installs it"]
fn old_toolchains_keep_names_and_tell_causes() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, content: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    };
    let manifest = |edition: &str| {
        format!(
            "[package]\nname = 'old'\nversion = '0.1.0'\nedition = '{edition}'\n[lib]\ncrate-type = ['cdylib']\n\
             [profile.release]\npanic = 'abort'\nstrip = true\n"
        )
    };
    write(
        "Cargo.lock",
        "version = 3\n[[package]]\nname = 'old'\nversion = '0.1.0'\n",
    );
    write("Stylus.toml", "[contract]\n");
    write("gas-bench.toml", "[[call]]\ncall = 'f()'\n");
    write(
        "src/lib.rs",
        "#![no_std]
        #[panic_handler]
        fn panic(_: &core::panic::PanicInfo) -> ! { core::arch::wasm32::unreachable() }
        #[link(wasm_import_module = \"vm_hooks\")]
        extern \"C\" { fn pay_for_memory_grow(pages: u32); }
        #[inline(never)]
        fn worker() { unsafe { pay_for_memory_grow(0) } }
        #[no_mangle]
        pub extern \"C\" fn user_entrypoint(_: u32) -> u32 { worker(); 0 }",
    );
    let command = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_cargo-gas-bench"))
            .arg("gas-bench")
            .args(arguments)
            .current_dir(folder.path())
            .env("RUSTUP_TOOLCHAIN", OLD)
            // Cargo has set these variables to the toolchain of this process, which is a different one.
            .env_remove("CARGO")
            .env_remove("RUSTC")
            .env("CARGO_TARGET_DIR", folder.path().join("target"))
            .output()
            .unwrap()
    };
    write("Cargo.toml", &manifest("2021"));
    let profiled = command(&["profile", "f", "--format", "json"]);
    assert!(profiled.status.success(), "{}", text(&profiled.stderr));
    assert!(
        text(&profiled.stdout).contains("old::worker"),
        "{}",
        text(&profiled.stdout)
    );
    write("Cargo.toml", &manifest("2024"));
    let refused = command(&["report"]);
    assert_eq!(refused.status.code(), Some(1));
    let stderr = text(&refused.stderr);
    assert!(
        stderr.contains("this version of Cargo is older than the `2024` edition"),
        "{stderr}"
    );
}
