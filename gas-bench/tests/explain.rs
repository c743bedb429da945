//! A contract that fails in every possible way, and the explanations.
//!
//! Lives here: the reasons. The lines are those of its sources that end with `// fails: function`.

mod transaction;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::{SolCall, sol};
use gas_bench::chain::Target;
use gas_bench::measure::{ProfileCommand, explain_call, profile_lines};
use serde_json::Value;
use stylus_cargo::{BuildSettings, Finished, OptLevel, Project, postprocess};
use stylus_devnet::explain::{
    Artifact, Artifacts, Diagnosis, FailedCall, Interface, Place, chain_of, paragraph,
};
use stylus_devnet::testing::{CallError, Chain, Contract, Module};
use stylus_report::content::{ExplainContent, LinesContent};
use stylus_report::document::{Colour, Content as _, Format};
use stylus_report::figures::lines::{LineInk, LineProfile};
use stylus_report::picture::{flame_graph_of_lines, speedscope_of_lines};
use stylus_vm::explain::Position;
use stylus_vm::lines::{Lines, code_hash};
use stylus_vm::{ArbOs, Gas, Ink};

sol! {
    error TooMuch(address who, uint256 asked, uint256 there);
    function saysPlainly() external view;
    function saysValues(uint32 n) external view;
    function unwrapsNone(uint32 n) external view returns (uint32);
    function expectsNone(uint32 n) external view returns (uint32);
    function unwrapsError(string text) external view returns (uint32);
    function expectsError(string text) external view returns (uint32);
    function indexes(uint32 n) external view returns (uint32);
    function slicesFar(uint32 n) external view returns (uint32);
    function slicesBackwards(uint32 n) external view returns (uint32);
    function cutsALetter(string text, uint32 n) external view returns (uint32);
    function addsStrictly(uint32 n) external view returns (uint32);
    function divides(uint32 n, uint32 by) external view returns (uint32);
    function takesARest(uint32 n, uint32 by) external view returns (uint32);
    function dividesTheLeast(int32 by) external view returns (int32);
    function dividesWords(uint256 n, uint256 by) external view returns (uint256);
    function narrowsAWord(uint256 n) external view returns (uint8);
    function borrowsTwice(uint32 n) external view returns (uint32);
    function asserts(uint32 n) external view;
    function assertsWithWords(uint32 n) external view;
    function assertsEquality(uint32 n) external view;
    function cannotBe(uint32 n) external view returns (uint32);
    function asksForMoreThanThereCanBe(uint32 n) external view returns (uint32);
    function growsTooFar(uint32 n) external view returns (uint32);
    function recurses(uint32 n) external view returns (uint32);
    function neverEnds(uint32 n) external view returns (uint32);
    function removes(uint32 n) external view returns (uint32);
    function copies(uint32 n) external view returns (uint32);
    function failsInAClosure(uint32 n) external view returns (uint32);
    function failsInAnotherFile(uint32 n) external view returns (uint32);
    function reverts(uint256 asked) external view returns (uint256);
    function returnsNothing(uint32 n) external view returns (uint32);
    function takesAnAddress(address who, uint256 n) external view returns (uint256);
    function writes(uint256 n) external;
    function asks(address target, bytes data) external view returns (uint32);
    function passesOn(address target, bytes data) external returns (uint32);
}

fn contracts() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts");
    folder.canonicalize().unwrap()
}

/// The failing contract, built at an optimisation level.
struct Built {
    finished: Finished,
    artifacts: Artifacts,
    lines: PathBuf,
}

fn build(level: OptLevel) -> Built {
    let manifest = contracts().join("Cargo.toml");
    let project = Project::find(Some(&manifest), &["failing".to_owned()]).unwrap();
    let contract = &project.contracts[0];
    let settings = BuildSettings {
        level: Some(level),
        ..BuildSettings::default()
    };
    let built = project.build(contract, &settings, &mut |_| {}).unwrap();
    let finished = stylus_cargo::finish(&project, contract, &settings, built).unwrap();
    let lines = finished.artifact.lines.clone().unwrap();
    let artifacts = Artifacts::open(&project.lines_dir()).unwrap();
    Built {
        finished,
        artifacts,
        lines,
    }
}

/// The file and line in which each function fails.
fn places() -> BTreeMap<String, (String, u32)> {
    let mut places = BTreeMap::new();
    for name in ["lib.rs", "deep.rs"] {
        let path = contracts().join("cases/failing/src").join(name);
        for (line, text) in (1..).zip(fs::read_to_string(path).unwrap().lines()) {
            if let Some((_, function)) = text.split_once("// fails: ") {
                places.insert(function.to_owned(), (format!("/src/{name}"), line));
            }
        }
    }
    places
}

/// A chain with the contract on it.
struct Case {
    chain: Chain,
    contract: Contract,
    other: Contract,
    interface: Interface,
    places: BTreeMap<String, (String, u32)>,
    lines: PathBuf,
    wasm: Vec<u8>,
    /// Wrong explanations.
    wrong: RefCell<Vec<String>>,
}

impl Case {
    fn new(built: &Built) -> Self {
        let artifacts = built.artifacts.clone();
        let chain = Chain::builder()
            .configure(|config| {
                config.artifacts = artifacts;
                // Optimised for size and without inlining, the many functions exceed one account.
                config.max_code_size *= 2;
            })
            .chain()
            .unwrap();
        let wasm = built.finished.artifact.wasm.clone();
        let module = || Module::from_wasm(&wasm).unwrap();
        let functions = [
            revertsCall::SIGNATURE,
            takesAnAddressCall::SIGNATURE,
            writesCall::SIGNATURE,
        ];
        let errors = ["TooMuch(address,uint256,uint256)".to_owned()];
        Self {
            contract: chain.deploy(module()),
            other: chain.deploy(module()),
            chain,
            interface: Interface::new(functions.map(str::to_owned), errors),
            places: places(),
            lines: built.lines.clone(),
            wasm,
            wrong: RefCell::default(),
        }
    }

    /// The explanation of a transaction that fails: its calls that failed because of one another.
    fn fail(
        &self,
        to: Address,
        input: Vec<u8>,
        value: u64,
        gas: u64,
    ) -> Vec<(FailedCall, Diagnosis)> {
        let sender = self.chain.from(self.chain.dev());
        let sender = sender.value(U256::from(value)).gas_limit(Gas(gas));
        let failure = match sender.try_send(to, input) {
            Err(CallError::Failed(failure)) => failure,
            other => panic!("{other:?}"),
        };
        let told = self.chain.explain(failure.receipt.unwrap().hash);
        let chain = chain_of(&told, |(call, _)| call.depth);
        chain.into_iter().cloned().collect()
    }

    /// Checks that a call fails for this reason, in the line marked with the function's name.
    #[track_caller]
    fn check<C: SolCall>(&self, call: C, reason: &str) {
        let input = call.abi_encode();
        let told = self.fail(self.contract.address(), input, 0, 20_000_000);
        assert_eq!(told.len(), 1, "{told:?}");
        self.check_place(&told[0].1, C::SIGNATURE, reason);
    }

    fn check_place(&self, diagnosis: &Diagnosis, signature: &str, reason: &str) {
        let (name, _) = signature.split_once('(').unwrap();
        let (file, line) = &self.places[name];
        let place = diagnosis.place.as_ref();
        let is_right = place.is_some_and(|it| it.file.ends_with(file) && it.line == *line);
        if !is_right || !diagnosis.reason.contains(reason) {
            let told = format!(
                "{name}: {}: {place:?}: {:#?}",
                diagnosis.reason, diagnosis.frames
            );
            self.wrong.borrow_mut().push(told);
        }
    }

    /// Checks that the lines that ran last are the function's, around the marked one, and none of what the SDK's macros expand to.
    fn check_recent(&self, diagnosis: &Diagnosis, signature: &str) {
        let (name, _) = signature.split_once('(').unwrap();
        let (file, line) = &self.places[name];
        let recent = &diagnosis.recent;
        let is_right = |it: &Place| it.file.ends_with(file) && it.line.abs_diff(*line) < 4;
        if recent.is_empty() || !recent.iter().all(is_right) {
            let told = format!("{name}: ran last: {recent:#?}");
            self.wrong.borrow_mut().push(told);
        }
    }

    /// Checks that a call with this input reverts without data, for this reason.
    #[track_caller]
    fn check_silent(&self, input: &[u8], value: u64, reason: &str) {
        let told = self.fail(self.contract.address(), input.to_vec(), value, 20_000_000);
        let [(call, _)] = &told[..] else {
            panic!("{told:?}");
        };
        assert!(call.output.is_empty());
        let artifact = Artifact::read(&self.lines, &self.wasm).unwrap();
        let lines = artifact.lines.unwrap();
        let diagnosis = Diagnosis::of(call, Some(&lines), &self.interface);
        if !diagnosis.reason.contains(reason) {
            let told = format!("{reason}: {}: {call:?}", diagnosis.reason);
            self.wrong.borrow_mut().push(told);
        }
    }
}

fn check_all(level: OptLevel) {
    let built = build(level);
    let case = Case::new(&built);
    case.check(saysPlainlyCall {}, "it panicked: the pump is off");
    case.check(
        saysValuesCall { n: 7 },
        "it panicked: pump    7 is Some(7), not 0xff",
    );
    case.check(
        unwrapsNoneCall { n: 1 },
        "called `Option::unwrap()` on a `None` value",
    );
    case.check(expectsNoneCall { n: 1 }, "it panicked: a million");
    let text = || "seven".to_owned();
    case.check(
        unwrapsErrorCall { text: text() },
        "called `Result::unwrap()` on an `Err` value: ParseIntError { kind: InvalidDigit }",
    );
    case.check(
        expectsErrorCall { text: text() },
        "it panicked: digits: ParseIntError { kind: InvalidDigit }",
    );
    case.check(
        indexesCall { n: 9 },
        "index out of bounds: the len is 3 but the index is 9",
    );
    case.check(
        slicesFarCall { n: 9 },
        "range end index 9 out of range for slice of length 3",
    );
    case.check(
        slicesBackwardsCall { n: 2 },
        "slice index starts at 2 but ends at 1",
    );
    case.check(
        cutsALetterCall {
            text: "é!".to_owned(),
            n: 1,
        },
        // Newer compilers add whose bytes these are.
        "byte index 1 is not a char boundary; it is inside 'é' (bytes 0..2",
    );
    case.check(addsStrictlyCall { n: 1 }, "attempt to add with overflow");
    case.check(dividesCall { n: 1, by: 0 }, "attempt to divide by zero");
    case.check(
        takesARestCall { n: 1, by: 0 },
        "attempt to calculate the remainder with a divisor of zero",
    );
    case.check(
        dividesTheLeastCall { by: -1 },
        "attempt to divide with overflow",
    );
    let (one, zero) = (U256::ONE, U256::ZERO);
    case.check(dividesWordsCall { n: one, by: zero }, "it panicked: ");
    case.check(narrowsAWordCall { n: U256::from(256) }, "it panicked: ");
    case.check(borrowsTwiceCall { n: 1 }, "already borrowed");
    case.check(assertsCall { n: 1 }, "assertion failed: n > 1_000");
    case.check(assertsWithWordsCall { n: 1 }, "it panicked: 1 is too few");
    case.check(
        assertsEqualityCall { n: 1 },
        "assertion `left == right` failed: not the same",
    );
    case.check(cannotBeCall { n: 1 }, "1 cannot be");
    case.check(
        asksForMoreThanThereCanBeCall { n: u32::MAX },
        "capacity overflow",
    );
    case.check(
        growsTooFarCall { n: 60 << 20 },
        "ink did not suffice for 960 more pages of memory",
    );
    case.check(
        recursesCall { n: u32::MAX },
        "the stack that the program has in its memory is used up",
    );
    case.check(
        removesCall { n: 3 },
        "removal index (is 3) should be < len (is 3)",
    );
    case.check(copiesCall { n: 3 }, "it panicked: ");
    case.check(
        failsInAClosureCall { n: 8 },
        "called `Option::unwrap()` on a `None` value",
    );
    case.check(failsInAnotherFileCall { n: 7 }, "attempt to divide by zero");
    let input = neverEndsCall { n: 1 }.abi_encode();
    let told = case.fail(case.contract.address(), input, 0, 1_000_000);
    // The ink decides which block of the loop could not be paid for: its head, or its body.
    let (place, body) = (told[0].1.place.clone().unwrap(), case.places["neverEnds"].1);
    assert!((body - 1..=body).contains(&place.line), "{place:?}");
    assert_eq!(told[0].1.reason, "ink ran out");

    without_data(&case);
    across_contracts(&case);
    hostile(&built);
    let wrong = case.wrong.into_inner();
    assert!(wrong.is_empty(), "{level:?}: {}", wrong.join("\n"));
    check_plain(&built, level);
}

/// Theorem: line information changes no byte of what is deployed. The contract is identical to a plain release build, without any of our
/// flags.
fn check_plain(built: &Built, level: OptLevel) {
    let folder = built.lines.parent().and_then(Path::parent).unwrap();
    let ended = Command::new("cargo")
        .args([
            "build",
            "--release",
            "--locked",
            "--lib",
            "--package",
            "failing",
        ])
        .args(["--target", "wasm32-unknown-unknown", "--target-dir"])
        .arg(folder)
        .env("CARGO_BUILD_BUILD_DIR", folder)
        .env(OptLevel::VARIABLE, level.name())
        .current_dir(contracts())
        .status()
        .unwrap();
    assert!(ended.success());
    let plain = folder.join("wasm32-unknown-unknown/release/failing.wasm");
    let plain = postprocess(&fs::read(plain).unwrap()).unwrap();
    let ours = postprocess(&built.finished.artifact.wasm).unwrap();
    assert!(plain == ours, "{level:?}");
}

/// Theorem: lines and functions each add up to the ink of the run, and what ran includes lines of the contract's own.
fn check_lines() {
    let manifest = contracts().join("Cargo.toml");
    let project = Project::find(Some(&manifest), &["failing".to_owned()]).unwrap();
    let target = Target::Embedded(ArbOs::ARBITRUM_ONE);
    let told = |call: &str, arguments: &[&str]| {
        let command = ProfileCommand {
            call: call.to_owned(),
            arguments: arguments.iter().map(|it| (*it).to_owned()).collect(),
            run: 1,
        };
        let settings = BuildSettings::default();
        let told = profile_lines(
            &project,
            &target,
            &settings,
            &command,
            Some("failing/src/lib.rs"),
            &|_| {},
        );
        told.unwrap().what
    };
    let places = places();
    for (call, arguments, function) in [
        ("indexes", &[][..], "indexes"),
        ("takesAnAddress", &[], ""),
        ("indexes(uint32)", &["9"], "indexes"),
    ] {
        let (profile, sources) = told(call, arguments);
        let lines: Ink = profile.lines.iter().map(|line| line.ink).sum();
        assert_eq!(
            lines + profile.without_line + profile.forfeited,
            profile.ink,
            "{call}"
        );
        let functions: Ink = profile.functions.iter().map(|function| function.ink).sum();
        assert_eq!(functions + profile.forfeited, profile.ink, "{call}");
        assert!(
            profile
                .lines
                .iter()
                .all(|line| line.ink <= line.with_inlined)
        );
        assert!(profile.lines.iter().any(|line| line.own), "{call}");
        if let Some((file, line)) = places.get(function) {
            let is_it = |it: &&LineInk| it.file.ends_with(file) && it.line == *line;
            assert!(profile.lines.iter().find(is_it).is_some(), "{call}");
        }
        check_pictures(&profile);
        let [source] = &sources[..] else {
            panic!("{sources:?}");
        };
        let content = LinesContent {
            profile: &profile,
            sources: &sources,
            top: 10,
        };
        let text = content.write(Format::Table, Colour::Never);
        assert!(text.contains("all that the program used") && text.contains("sol_storage!"));
        assert!(
            text.contains(" times  ") && text.contains("lib.rs\n"),
            "{text}"
        );
        // As `explain` names it.
        let markdown = content.write(Format::Markdown, Colour::Never);
        let path = contracts().join("cases/failing/src/lib.rs:");
        assert!(markdown.contains(path.to_str().unwrap()), "{markdown}");
        assert!(source.lines.iter().any(|line| line.ink.is_some()));
        let csv = content.write(Format::Csv, Colour::Never);
        assert_eq!(csv.lines().count(), profile.lines.len() + 3);
        assert!(
            content
                .write(Format::Html, Colour::Never)
                .contains("sol_storage!")
        );
        assert!(
            content
                .write(Format::Json, Colour::Never)
                .contains("\"sources\"")
        );
    }
}

/// Theorem: pictures of lines show all the ink of the run, inlined functions and host calls by name, and source lines.
fn check_pictures(profile: &LineProfile) {
    let stacks: Ink = profile.stacks.iter().map(|stack| stack.ink).sum();
    assert_eq!(stacks + profile.forfeited, profile.ink);
    let file: Value = serde_json::from_str(&speedscope_of_lines(profile)).unwrap();
    assert_eq!(file["profiles"][0]["endValue"], profile.ink.0);
    let frames = file["shared"]["frames"].as_array().unwrap();
    let is_line = |it: &Value| it["line"].is_u64() && it["file"].as_str().unwrap().starts_with('/');
    assert!(frames.iter().any(is_line));
    let flame = flame_graph_of_lines(profile).unwrap();
    assert!(flame.contains("host: read_args") && flame.contains("Router"));
    let inlined = profile.stacks.iter().filter(|it| it.functions.len() > 2);
    assert!(inlined.count() > 0);
}

/// Theorem: `explain` says what a test is told, in every format.
fn check_command() {
    let manifest = contracts().join("Cargo.toml");
    let project = Project::find(Some(&manifest), &["failing".to_owned()]).unwrap();
    let target = Target::Embedded(ArbOs::ARBITRUM_ONE);
    let explain = |arguments: &[&str]| {
        let command = ProfileCommand {
            call: "indexes(uint32)".to_owned(),
            arguments: arguments.iter().map(|it| (*it).to_owned()).collect(),
            run: 1,
        };
        explain_call(
            &project,
            &target,
            &BuildSettings::default(),
            &command,
            &|_| {},
        )
    };
    let failure = explain(&["9"]).unwrap();
    let content = ExplainContent { failure: &failure };
    for format in [
        Format::Table,
        Format::Markdown,
        Format::Json,
        Format::Csv,
        Format::Html,
    ] {
        let text = content.write(format, Colour::Never);
        assert!(text.contains("index out of bounds: the len is 3"), "{text}");
        assert!(text.contains("n as usize"), "{text}");
    }
    let succeeds = explain(&["1"]).unwrap_err().to_string();
    assert!(succeeds.ends_with("the call does not fail"), "{succeeds}");
}

fn without_data(case: &Case) {
    case.check_silent(&[], 0, "it was called without data");
    case.check_silent(
        &[1, 2],
        0,
        "it returned an error without data for input too short for a selector, 2 of 4 bytes",
    );
    case.check_silent(
        &[1, 2, 3, 4],
        0,
        "it has no function with the selector 0x01020304",
    );
    let writes = writesCall { n: U256::ONE }.abi_encode();
    case.check_silent(
        &writes,
        5,
        "writes(uint256): it returned an error without data after it looked at the 5 wei that were sent, as a function that is not payable \
         does",
    );
    case.check_silent(
        &writes[..20],
        0,
        "the arguments of writes(uint256) are too short: 16 bytes, of 32 at least",
    );
    let mut dirty = takesAnAddressCall {
        who: Address::ZERO,
        n: U256::ONE,
    }
    .abi_encode();
    dirty[4] = 1;
    case.check_silent(
        &dirty,
        0,
        "the arguments of takesAnAddress(address,uint256)",
    );
    let nothing = returnsNothingCall { n: 1 }.abi_encode();
    case.check_silent(&nothing, 0, "or it returned an error without data");
    // Revert data is decoded into words.
    let input = revertsCall {
        asked: U256::from(7),
    }
    .abi_encode();
    let told = case.fail(case.contract.address(), input, 0, 20_000_000);
    let words = case.interface.error(&told[0].0.output).unwrap();
    assert_eq!(words, format!("TooMuch({}, 7, 0)", case.contract.address()));
    case.check_recent(&told[0].1, revertsCall::SIGNATURE);
    let logged = paragraph(&told);
    let later = |line: &&str| line.trim().starts_with("before that ");
    let recent = told[0].1.recent.len();
    assert_eq!(logged.lines().filter(later).count() + 1, recent, "{logged}");
}

fn across_contracts(case: &Case) {
    let (contract, other) = (case.contract.address(), case.other.address());
    // A write in a static call, after which its caller fails, too.
    let data: Bytes = writesCall { n: U256::ONE }.abi_encode().into();
    let input = asksCall {
        target: other,
        data,
    }
    .abi_encode();
    let told = case.fail(contract, input, 0, 20_000_000);
    let [(_, outer), (call, inner)] = &told[..] else {
        panic!("{told:?}");
    };
    case.check_place(outer, asksCall::SIGNATURE, "it panicked: an answer");
    assert_eq!(call.code, other);
    assert!(
        inner.reason.contains("tried to write in a static call"),
        "{inner:?}"
    );
    // Three deep, through the other contract and back.
    let data: Bytes = indexesCall { n: 5 }.abi_encode().into();
    let data: Bytes = passesOnCall {
        target: contract,
        data,
    }
    .abi_encode()
    .into();
    let input = passesOnCall {
        target: other,
        data,
    }
    .abi_encode();
    let third = case.chain.deploy(Module::from_wasm(&case.wasm).unwrap());
    let told = case.fail(third.address(), input, 0, 20_000_000);
    assert_eq!(
        told.iter().map(|(call, _)| call.depth).collect::<Vec<_>>(),
        [0, 1, 2]
    );
    case.check_place(
        &told[2].1,
        indexesCall::SIGNATURE,
        "the len is 3 but the index is 5",
    );
}

/// Malformed debug information does not cause a panic.
fn hostile(built: &Built) {
    let whole = fs::read(&built.lines).unwrap();
    let lines = Lines::of_module(&whole).unwrap();
    let good = Position {
        function: 60,
        operator: 1,
    };
    assert!(!lines.frames(good).is_empty());
    for position in [(0, 0), (60, u32::MAX), (u32::MAX, 0)] {
        let (function, operator) = position;
        assert!(lines.frames(Position { function, operator }).is_empty());
    }
    let start = whole
        .windows(12)
        .position(|it| it == b".debug_abbre")
        .unwrap();
    let mut seed = 1_u64;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    let mut read = 0;
    for _ in 0..60 {
        let mut damaged = whole.clone();
        for _ in 0..1 + random() % 2_000 {
            let at = start + 20 + random() as usize % (whole.len() - start - 20);
            damaged[at] = random() as u8;
        }
        if let Ok(lines) = Lines::of_module(&damaged) {
            read += 1;
            for function in 30..90 {
                for operator in [0, 3, 40, 400] {
                    let _ = lines.frames(Position { function, operator });
                }
            }
        }
    }
    assert!(read > 10, "{read}");
    let bare = &built.finished.named;
    assert!(Lines::of_module(bare).is_err());
    assert_eq!(code_hash(bare).unwrap(), code_hash(&whole).unwrap());
    assert_eq!(
        code_hash(&built.finished.artifact.wasm).unwrap(),
        code_hash(&whole).unwrap()
    );
}

/// Each test holds this: one of them builds the contract without gas-bench, in the same folder.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn failures_are_told_with_their_lines() {
    let _alone = alone();
    check_all(OptLevel::Three);
}

#[test]
fn ink_is_told_by_line_and_failures_by_command() {
    let _alone = alone();
    check_lines();
    check_command();
}

#[test]
#[ignore = "builds the contract at two more levels"]
fn long_failures_are_told_with_their_lines_at_other_levels() {
    let _alone = alone();
    check_all(OptLevel::S);
    check_all(OptLevel::Z);
}
