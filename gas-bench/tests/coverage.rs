//! Which lines ran, in every format, for invented figures and for a contract.
//!
//! Lives here: snapshots under `tests/snapshots/coverage`, which `BLESS=1 cargo test` rewrites; that other tools read the tracefiles; and
//! that lines of a contract which did not run are not reported as run.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{fs, thread};

use alloy_primitives::{Address, hex};
use alloy_provider::{DynProvider, Provider as _, ProviderBuilder};
use alloy_sol_types::{SolCall, sol};
use gas_bench::measure::{Covering, coverage};
use lcov::{Reader, Record};
use serde_json::{Value, json};
use stylus_cargo::{BuildSettings, Project, finish};
use stylus_devnet::ArbOs;
use stylus_devnet::explain::Artifact;
use stylus_report::content::{CoverageContent, tracefile};
use stylus_report::document::{Colour, Content as _, Format};
use stylus_report::figures::coverage::{
    BranchCoverage, COVERAGE_SCHEMA, ContractCoverage, CoverageReport, FileCoverage,
    FunctionCoverage, LineCoverage, Ran, cover,
};
use stylus_vm::code::init_code;
use stylus_vm::explain::{BlockRuns, Counts, Position, Stop};

use tokio::runtime::{Builder, Runtime};

use crate::expected::{self, check_width};

sol! {
    function indexes(uint32 n) external view returns (uint32);
    function divides(uint32 n, uint32 by) external view returns (uint32);
    function failsInAnotherFile(uint32 n) external view returns (uint32);
    function activateProgram(address program) external payable returns (uint16 version, uint256 dataFee);
}

/// Checks that `text` is the snapshot `name`.
#[track_caller]
fn check(name: &str, text: &str) {
    expected::check(&format!("tests/snapshots/coverage/{name}"), text);
}

fn file(name: &str, own: bool, lines: &[(u32, u64, u32, u32)]) -> FileCoverage {
    FileCoverage {
        file: format!("/projects/vault/{name}"),
        shown: name.to_owned(),
        own,
        lines: lines
            .iter()
            .map(|&(line, times, copies, copies_run)| LineCoverage {
                line,
                times,
                copies,
                copies_run,
            })
            .collect(),
        functions: Vec::new(),
        branches: Vec::new(),
        text: Vec::new(),
    }
}

/// A vault with a function that nobody calls, an `if` that only went one way, and a name that is a formula, a tag and two lines at once.
fn invented() -> CoverageReport {
    let mut own = file(
        "src/lib.rs",
        true,
        &[
            (3, 7, 3, 2),
            (4, 7, 1, 1),
            (5, 0, 1, 0),
            (9, 0, 1, 0),
            (10, 0, 1, 0),
            (14, 2, 1, 1),
        ],
    );
    own.text = "\
use stylus_sdk::prelude::*;

pub fn take(n: u64) -> u64 {
    if n > 1_000 {
        panic!(\"<b>too</b> much\");
    }
    n
}
pub fn never() {
    loop {}

}

\tfn last() {}"
        .lines()
        .map(str::to_owned)
        .collect();
    let function = |name: &str, line, times| FunctionCoverage {
        name: name.to_owned(),
        line,
        times,
    };
    own.functions = vec![
        function("vault::take", 3, 7),
        function("vault::never<A, B>", 9, 0),
        function("=vault::\n<i>last</i>", 14, 2),
    ];
    let branch = |number, straight, aside| BranchCoverage {
        line: 4,
        number,
        straight,
        aside,
    };
    own.branches = vec![branch(0, 7, 0), branch(1, 3, 4), branch(2, 0, 0)];
    let other = file("src/<other>.rs", true, &[(1, 1, 1, 1)]);
    let library = file(
        "registry/alloc.rs",
        false,
        &[(100, 5, 2, 1), (101, 0, 1, 0)],
    );
    CoverageReport {
        schema: COVERAGE_SCHEMA,
        ran: Ran::Plans,
        contracts: vec![ContractCoverage {
            name: "vault-2".to_owned(),
            files: vec![own, other, library],
            without_line: 12,
        }],
        failures: vec![("vault-2".to_owned(), "give: the call reverts".to_owned())],
    }
}

#[test]
fn every_format_is_as_expected() {
    let report = invented();
    let content = |libraries| CoverageContent {
        report: &report,
        libraries,
    };
    let text = content(false).write(Format::Table, Colour::Never);
    check_width(&text);
    check("table.txt", &text);
    let text = content(true).write(Format::Table, Colour::Never);
    check_width(&text);
    check("libraries.txt", &text);
    for (name, format) in [
        ("report.md", Format::Markdown),
        ("coverage.csv", Format::Csv),
        ("coverage.json", Format::Json),
        ("page.html", Format::Html),
    ] {
        check(name, &content(false).write(format, Colour::Never));
    }
    check("lcov.info", &tracefile(&report, false));
}

/// Theorem: a tracefile has every line, function and branch once, its sums match them, and other tools can read it.
#[test]
fn tracefiles_are_read_by_others() {
    let report = invented();
    let text = tracefile(&report, true);
    check_tracefile(&text, &report);
    assert!(!tracefile(&report, false).contains("registry"));
    let mut crowded = report.clone();
    crowded.contracts.push(crowded.contracts[0].clone());
    check_tracefile(&tracefile(&crowded, true), &crowded);
    assert_eq!(
        tracefile(
            &CoverageReport {
                contracts: Vec::new(),
                ..report
            },
            true
        ),
        ""
    );
}

fn check_tracefile(text: &str, report: &CoverageReport) {
    let mut files = report.contracts.iter().flat_map(|contract| &contract.files);
    let mut file = None;
    let (mut lines, mut hit, mut branches, mut gone) = (0, 0, 0, 0);
    for record in Reader::new(text.as_bytes()) {
        match record.unwrap() {
            Record::SourceFile { path } => {
                let next = files.next().unwrap();
                assert_eq!(path, Path::new(&next.file));
                file = Some(next);
                (lines, hit, branches, gone) = (0, 0, 0, 0);
            }
            Record::LineData { line, count, .. } => {
                let there = &file.unwrap().lines[lines];
                assert_eq!((there.line, there.times), (line, count));
                lines += 1;
                hit += usize::from(count > 0);
            }
            Record::BranchData { taken, .. } => {
                branches += 1;
                gone += usize::from(taken > Some(0));
            }
            Record::LinesFound { found } => assert_eq!(found as usize, lines),
            Record::LinesHit { hit: said } => assert_eq!(said as usize, hit),
            Record::BranchesFound { found } => assert_eq!(found as usize, branches),
            Record::BranchesHit { hit: said } => assert_eq!(said as usize, gone),
            Record::EndOfRecord => assert_eq!(lines, file.unwrap().lines.len()),
            _ => {}
        }
    }
    assert!(files.next().is_none());
    // The library that wrote it is not the only reader: each line is one of these kinds, and no name breaks a line.
    let kinds = [
        "TN", "SF", "FN", "FNDA", "FNF", "FNH", "BRDA", "BRF", "BRH", "DA", "LF", "LH",
    ];
    for line in text.lines() {
        let (kind, rest) = line.split_once(':').unwrap_or((line, ""));
        assert!(kinds.contains(&kind) || line == "end_of_record", "{line}");
        let fields = rest.split(',').count();
        let least = BTreeMap::from([("DA", 2), ("BRDA", 4), ("FN", 2), ("FNDA", 2)]);
        assert!(fields >= least.get(kind).copied().unwrap_or(1), "{line}");
    }
}

fn contracts() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts");
    folder.canonicalize().unwrap()
}

fn project(package: &str) -> Project {
    let manifest = contracts().join("Cargo.toml");
    Project::find(Some(&manifest), &[package.to_owned()]).unwrap()
}

/// The counts of the lines of a file in `contracts/`.
fn lines_of(contract: &ContractCoverage, name: &str) -> BTreeMap<u32, u64> {
    let file = contract.files(true).find(|file| file.file.ends_with(name));
    let lines = file.unwrap().lines.iter();
    lines.map(|line| (line.line, line.times)).collect()
}

/// The lines of the failing contract that end with a comment naming their function.
fn lines_that_say(name: &str) -> BTreeMap<String, u32> {
    let text = fs::read_to_string(contracts().join(name)).unwrap();
    let said = (1..).zip(text.lines()).filter_map(|(line, text)| {
        let (_, function) = text.split_once("// fails: ")?;
        Some((function.to_owned(), line))
    });
    said.collect()
}

/// Theorem: lines whose code was called ran, in transactions and in calls alike, up to where it failed; no other lines did.
#[test]
fn lines_ran_if_their_code_did() {
    let project = project("failing");
    let settings = BuildSettings::default();
    let any = ([127, 0, 0, 1], 0).into();
    let arbos = ArbOs::ARBITRUM_ONE;
    let covering = Covering::begin(&project, any, arbos, &settings, &|_| {}).unwrap();
    let contract = &project.contracts[0];
    let built = project.build(contract, &settings, &mut |_| {}).unwrap();
    let artifact = finish(&project, contract, &settings, built)
        .unwrap()
        .artifact;
    let node = Client::new(covering.url());
    let program = node.deploy(&artifact.code);
    let indexes = |n| indexesCall { n }.abi_encode();
    node.call(&program, &indexes(1));
    node.call(&program, &indexes(2));
    // It fails in the division, after other code of the same line and block.
    node.call(&program, &dividesCall { n: 1, by: 0 }.abi_encode());
    let input = failsInAnotherFileCall { n: 7 }.abi_encode();
    let receipt = node.send(json!({ "to": program, "data": hex::encode_prefixed(input) }));
    assert_eq!(receipt["status"], "0x0");
    let report = covering.finish();
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    let [told] = &report.contracts[..] else {
        panic!("{report:?}");
    };
    let lines = lines_of(told, "failing/src/lib.rs");
    let ran = ["indexes", "divides"];
    for (function, line) in lines_that_say("cases/failing/src/lib.rs") {
        match ran.contains(&function.as_str()) {
            true => assert!(lines[&line] > 0, "{function}"),
            false => assert_eq!(lines.get(&line).copied().unwrap_or(0), 0, "{function}"),
        }
    }
    let line = lines_that_say("cases/failing/src/lib.rs")["indexes"];
    assert_eq!(lines[&line], 2);
    let deep = lines_of(told, "failing/src/deep.rs");
    let said = lines_that_say("cases/failing/src/deep.rs");
    assert!(deep[&said["failsInAnotherFile"]] > 0);
    assert_eq!(deep[&said["recurses"]], 0);
    // Only the functions that were called ran.
    let own: Vec<_> = told.files(true).flat_map(|file| &file.functions).collect();
    let times = |name: &str| {
        let named = own.iter().filter(|function| function.name.ends_with(name));
        named.map(|function| function.times).sum::<u64>()
    };
    assert_eq!((times("::indexes"), times("::divides")), (2, 1));
    assert_eq!((times("::removes"), times("::borrows_twice")), (0, 0));
    check_tracefile(&tracefile(&report, true), &report);

    stops(&artifact.wasm, artifact.lines.as_deref().unwrap());
}

/// Theorem: nothing after the operator at which a run ended ran, and a run that could not pay for a block did not go the other way.
fn stops(wasm: &[u8], lines: &Path) {
    let lines = Artifact::read(lines, wasm).unwrap().lines.unwrap();
    // A block of several lines, and one with a branch.
    let mut operators = Vec::new();
    for function in lines.functions() {
        operators.extend(lines.function(function));
    }
    let blocks = || operators.split_inclusive(|operator| operator.ends_block);
    let line = |at: usize, block: &[stylus_vm::lines::SourceOperator]| {
        let frame = block.get(at)?.frames.last()?;
        Some((frame.file.clone()?, frame.line?))
    };
    let times = |counts: &Counts, (file, line): &(String, u32)| {
        let told = cover("failing", counts, &lines, |_| true).unwrap();
        let file = told.files.iter().find(|it| it.file == *file).unwrap();
        file.lines.iter().find(|it| it.line == *line).unwrap().times
    };
    let begun = |first: Position, count, stops| Counts {
        blocks: vec![BlockRuns { first, count }],
        stops,
        ..Counts::default()
    };
    let mut checked = 0;
    for block in blocks() {
        let last = block.len() - 1;
        let (Some(first), Some(second)) = (line(0, block), line(last, block)) else {
            continue;
        };
        let of_second = |at: usize| {
            let mut frames = block[at].frames.iter();
            frames.any(|it| it.file.as_ref() == Some(&second.0) && it.line == Some(second.1))
        };
        if first == second || (0..last).any(of_second) {
            continue;
        }
        let (at, stop) = (block[0].position, block[last - 1].position);
        let stop = |count| Stop {
            at: stop,
            count,
            is_paid: true,
        };
        assert_eq!(times(&begun(at, 3, vec![]), &second), 3);
        assert_eq!(times(&begun(at, 3, vec![stop(1)]), &second), 2);
        assert_eq!(times(&begun(at, 3, vec![stop(3)]), &second), 0);
        assert_eq!(times(&begun(at, 3, vec![stop(3)]), &first), 3);
        checked += 1;
        if checked == 3 {
            break;
        }
    }
    assert_eq!(checked, 3);
    let forks = |block: &&[stylus_vm::lines::SourceOperator]| {
        block
            .last()
            .is_some_and(|last| last.forks && line(0, block).is_some())
    };
    let block = blocks().find(forks).unwrap();
    let (at, last) = (block[0].position, block[block.len() - 1].position);
    let behind = Position {
        operator: last.operator + 1,
        ..last
    };
    let ways = |counts: &Counts| {
        let told = cover("failing", counts, &lines, |_| true).unwrap();
        let branches = told.files.iter().flat_map(|file| file.branches.clone());
        let gone = branches.filter(|it| it.straight + it.aside > 0);
        gone.map(|it| (it.straight, it.aside)).collect::<Vec<_>>()
    };
    assert_eq!(ways(&begun(at, 5, vec![])), [(0, 5)]);
    let unpaid = |count| Stop {
        at: behind,
        count,
        is_paid: false,
    };
    assert_eq!(ways(&begun(at, 5, vec![unpaid(2)])), [(0, 3)]);
    assert_eq!(ways(&begun(at, 5, vec![unpaid(5)])), []);
    // A block of a different module.
    let foreign = begun(
        Position {
            function: u32::MAX,
            operator: 0,
        },
        1,
        vec![],
    );
    assert!(cover("failing", &foreign, &lines, |_| true).is_err());
}

/// Theorem: the calls of a plan ran, each as often as the plan says, and a report's trial calls do not count.
#[test]
fn plans_cover_what_they_call() {
    let project = project("counter");
    let report = coverage(
        &project,
        ArbOs::ARBITRUM_ONE,
        &BuildSettings::default(),
        &|_| {},
    );
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    let told = &report.contracts[0];
    let own: Vec<_> = told.files(true).flat_map(|file| &file.functions).collect();
    let times = |name: &str| {
        let named = own.iter().filter(|function| function.name.ends_with(name));
        named.map(|function| function.times).max()
    };
    // Runs and their setup: 1 + 3 + 1 of `increment`, 1 + 1 + 1 of `setNumber`, 1 of `number`.
    assert_eq!(times("user_entrypoint"), Some(9));
    assert!(told.files(true).all(|file| file.lines_run().run > 0));
    let content = CoverageContent {
        report: &report,
        libraries: true,
    };
    assert!(
        content
            .write(Format::Html, Colour::Never)
            .contains("wrapping_add")
    );
}

/// The command, on the counter, with these arguments.
fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-gas-bench"));
    command
        .args(["gas-bench", "coverage", "--package", "counter"])
        .args(arguments)
        .current_dir(contracts())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Theorem: external tests find the devnet, and the command fails if they do.
#[test]
fn tests_of_others_find_the_devnet() {
    for (script, is_good) in [
        ("echo \"it is $ETH_RPC_URL\"", true),
        ("echo \"it is $ETH_RPC_URL\" && exit 7", false),
    ] {
        let ended = command(&["--", "sh", "-c", script]).output().unwrap();
        let told = String::from_utf8_lossy(&ended.stderr);
        assert!(told.contains("it is http://127.0.0.1:"), "{told}");
        // In either case nothing of the contract ran, which is itself a failure.
        assert!(told.contains("no program with its code ran"), "{told}");
        assert_eq!(told.contains("the tests fail"), !is_good, "{told}");
        assert_eq!(ended.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&ended.stdout).starts_with("Coverage"));
    }
}

/// Theorem: an interrupt ends a listening devnet, and the report covers what ran until then.
#[cfg(unix)]
#[test]
fn an_interrupt_tells_what_ran() {
    let mut running = command(&["--listen", "127.0.0.1:0"]).spawn().unwrap();
    let stderr = BufReader::new(running.stderr.take().unwrap());
    let mut lines = stderr.lines().map(Result::unwrap);
    let url = lines.find_map(|line| {
        let (_, url) = line.split_once("listening at ")?;
        Some(url.split(';').next()?.to_owned())
    });
    let node = Client::new(url.unwrap());
    assert_eq!(node.ask("eth_chainId", json!([])), json!("0x64aba"));
    let id = running.id().to_string();
    let killed = Command::new("kill").args(["-INT", &id]).status().unwrap();
    assert!(killed.success());
    let ended = running.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&ended.stdout).starts_with("Coverage"));
}

/// Theorem: one signal, sent to the command alone, ends it and its tests with all their children.
#[cfg(unix)]
#[test]
fn a_signal_ends_the_tests() {
    let folder = tempfile::tempdir().unwrap();
    for signal in ["INT", "TERM"] {
        let pid = folder.path().join(signal);
        let script = format!(
            "sleep 600 & echo $! > {0}.new; mv {0}.new {0}; wait",
            pid.display()
        );
        let running = command(&["--", "sh", "-c", &script]).spawn().unwrap();
        wait_for(&|| pid.exists());
        let send = |signal: &str, pid: &str| {
            let script = format!("kill -s {signal} {pid} 2>/dev/null");
            let sent = Command::new("sh").args(["-c", &script]).status();
            sent.unwrap().success()
        };
        assert!(send(signal, &running.id().to_string()));
        let ended = running.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&ended.stdout).starts_with("Coverage"));
        let pid = fs::read_to_string(&pid).unwrap();
        wait_for(&|| !send("0", pid.trim()));
    }
}

/// Waits until something is so.
#[track_caller]
fn wait_for(what: &dyn Fn() -> bool) {
    let waits = (0..12_000).take_while(|_| !what());
    let slept = waits.inspect(|_| thread::sleep(Duration::from_millis(50)));
    assert!(slept.count() < 12_000, "it takes too long");
}

/// An external test: a client that knows nothing of coverage.
struct Client {
    provider: DynProvider,
    runtime: Runtime,
}

impl Client {
    fn new(url: String) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let builder = ProviderBuilder::default();
        let provider = builder.connect_http(url.parse().unwrap()).erased();
        Self { provider, runtime }
    }

    #[track_caller]
    fn ask(&self, method: &'static str, parameters: Value) -> Value {
        let asked = async {
            let asked = self
                .provider
                .raw_request::<_, Value>(method.into(), parameters);
            asked.await
        };
        // A reverted request is an error, but it ran.
        self.runtime.block_on(asked).unwrap_or(Value::Null)
    }

    fn send(&self, mut request: Value) -> Value {
        let accounts = self.ask("eth_accounts", json!([]));
        request["from"] = accounts[0].clone();
        request["gas"] = json!("0x1e84800");
        let hash = self.ask("eth_sendTransaction", json!([request]));
        self.ask("eth_getTransactionReceipt", json!([hash]))
    }

    fn deploy(&self, code: &[u8]) -> Value {
        let data = hex::encode_prefixed(init_code(code));
        let program = self.send(json!({ "data": data }))["contractAddress"].clone();
        let address: Address = program.as_str().unwrap().parse().unwrap();
        let activate = hex::encode_prefixed(activateProgramCall { program: address }.abi_encode());
        let wasm = "0x0000000000000000000000000000000000000071";
        let value = "0x2386f26fc10000";
        let receipt = self.send(json!({ "to": wasm, "data": activate, "value": value }));
        assert_eq!(receipt["status"], "0x1");
        program
    }

    fn call(&self, program: &Value, input: &[u8]) {
        let request = json!({ "to": program, "data": hex::encode_prefixed(input) });
        self.ask("eth_call", json!([request, "latest"]));
    }
}
