//! Baselines on disk, what has changed since, and which changes are too much.
//!
//! Lives here: the boundaries of `stylus_report::figures::baseline`. Not here: how a diff is shown.

use std::fs;
use std::path::{Path, PathBuf};

use stylus_report::figures::baseline::{
    self, Change, ContractDiff, Cost, Diff, Incomparable, Standing, Tolerance, diff,
};
use stylus_report::figures::{Bytes, Call, Contract, Outcome, Parts, Report, Run};
use stylus_vm::{Gas, Ink};

use super::invented::{
    broken, call, contract, deployment, everything, failed_call, parts, report, run,
};

/// A run that costs `gas` and nothing else.
fn costing(gas: u64) -> Run {
    run(Parts {
        transaction: Gas(gas),
        ..Parts::default()
    })
}

fn runs(gas: &[u64]) -> Call {
    call("f", gas.iter().map(|gas| costing(*gas)).collect())
}

fn of(calls: Vec<Call>) -> Report {
    report(vec![contract("c", calls)])
}

fn cost(gas: &[u64]) -> Cost {
    Cost {
        runs: gas.len() as u64,
        gas: Gas(gas.iter().sum()),
        ink: Ink(0),
    }
}

#[test]
fn names_are_no_paths() {
    let folder = Path::new("workspace");
    for (name, path) in [
        ("main", "workspace/gas-baselines/main.json"),
        ("v1.2_rc-3", "workspace/gas-baselines/v1.2_rc-3.json"),
        ("main.json", "main.json"),
        ("./main", "./main"),
        ("../other/main.json", "../other/main.json"),
        ("/tmp/x", "/tmp/x"),
    ] {
        assert_eq!(
            baseline::path_of(name, folder).unwrap(),
            PathBuf::from(path)
        );
    }
    let long = "x".repeat(101);
    for name in [
        "", ".", "..", ".hidden", "a b", "a\nb", "a\0b", "größe", "C:x", "a.size", &long,
    ] {
        let sentence = baseline::path_of(name, folder).unwrap_err().to_string();
        assert!(
            sentence.contains("cannot be a baseline's name: use "),
            "{sentence}"
        );
        assert!(!sentence.contains('\n'), "{sentence}");
    }
}

#[test]
fn what_was_saved_is_loaded() {
    let dir = tempfile::tempdir().unwrap();
    let path = baseline::path_of("main", dir.path()).unwrap();
    for report in [everything(), report(vec![])] {
        baseline::save(&report, &path).unwrap();
        assert_eq!(baseline::load(&path).unwrap(), report);
        assert_eq!(fs::read_to_string(&path).unwrap(), report.to_json());
    }
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn what_cannot_be_saved_says_so() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("gas-baselines"), "a file").unwrap();
    for path in [
        baseline::path_of("main", dir.path()).unwrap(),
        dir.path().join("absent/main.json"),
        dir.path().to_owned(),
    ] {
        let sentence = baseline::save(&everything(), &path)
            .unwrap_err()
            .to_string();
        assert!(sentence.contains(" cannot be written: "), "{sentence}");
        assert!(sentence.contains("give --save "), "{sentence}");
    }
}

/// Checks that a file with `content` is not loaded, and that the error contains `part` and the file's path.
fn check_load(content: &[u8], part: &str) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("main.json");
    fs::write(&path, content).unwrap();
    let sentence = baseline::load(&path).unwrap_err().to_string();
    assert!(sentence.contains(part), "{sentence}");
    assert!(sentence.contains("main.json "), "{sentence}");
    assert!(!sentence.contains('\n'), "{sentence}");
}

#[test]
fn a_file_that_is_no_baseline_says_why() {
    check_load(
        b"",
        "not a baseline: EOF while parsing a value at line 1 column 0",
    );
    check_load(b"{\n  \"schema\": x", "at line 2 column 13");
    check_load(b"<<<<<<< HEAD\n", "expected value at line 1 column 1");
    check_load(b"\xff", "it is not text, neither in UTF-8 nor in UTF-16");
    check_load(b"[]", "not a baseline: ");
    check_load(
        br#"{"schema": 1}"#,
        "missing field `made_with` at line 1 column 13",
    );
    check_load(
        br#"{"schema": 99}"#,
        "has schema 99, this program reads schema 1: make it again",
    );
    let dir = tempfile::tempdir().unwrap();
    let sentence = |path: &Path| baseline::load(path).unwrap_err().to_string();
    let absent = sentence(&dir.path().join("main.json"));
    assert!(absent.starts_with("there is no baseline at "), "{absent}");
    let folder = sentence(dir.path());
    assert!(folder.contains(" cannot be read: "), "{folder}");
}

#[test]
fn figures_that_contradict_each_other_are_not_trusted() {
    let check = |report: Report, part| check_load(report.to_json().as_bytes(), part);
    check(
        report(vec![contract("a", vec![]), contract("a", vec![])]),
        "the contract a is in it twice",
    );
    check(of(vec![runs(&[1]), runs(&[1])]), "c, f is in it twice");
    check(of(vec![runs(&[])]), "c, f has no run");
    let gas_of_others = Run {
        gas: Gas(6),
        ..costing(5)
    };
    check(
        of(vec![call("f", vec![gas_of_others])]),
        "the parts of c, f do not add up to its gas",
    );
    let overflowing = Run {
        parts: Parts {
            wasm: Ink(u64::MAX),
            pages: Ink(u64::MAX),
            rounding: Ink(1),
            ..Parts::default()
        },
        ..costing(5)
    };
    check(
        of(vec![call("f", vec![overflowing])]),
        "the parts of c, f do not add up to its gas",
    );
    let mut free = of(vec![runs(&[1])]);
    free.made_with.ink_per_gas = 0;
    check(free, "the parts of c, f do not add up to its gas");
}

/// Checks what becomes of the one call of a contract.
fn check_call(before: Option<Call>, after: Option<Call>, expected: Change<Cost>) {
    let calls = |call: Option<Call>| of(call.into_iter().collect());
    let diff = diff(&calls(before), &calls(after));
    assert_eq!(diff.contracts[0].calls[0].cost, expected);
}

#[test]
fn a_call_becomes_one_of_nine_things() {
    let (before, after) = (cost(&[100, 100]), cost(&[100, 99]));
    let ran = |gas: &[u64]| Some(runs(gas));
    let failed = || Some(failed_call("f", "because"));
    let reason = || "because".to_owned();
    check_call(
        ran(&[100, 100]),
        ran(&[100, 99]),
        Change::Better { before, after },
    );
    check_call(
        ran(&[100, 100]),
        ran(&[99, 101]),
        Change::Same {
            before,
            after: before,
        },
    );
    check_call(
        ran(&[100, 99]),
        ran(&[100, 100]),
        Change::Worse {
            before: after,
            after: before,
        },
    );
    check_call(
        ran(&[100, 100]),
        ran(&[100]),
        Change::Changed {
            before,
            after: cost(&[100]),
            because: Incomparable::Runs,
        },
    );
    check_call(None, ran(&[7]), Change::Added { after: cost(&[7]) });
    check_call(
        ran(&[7]),
        None,
        Change::Removed {
            before: Some(cost(&[7])),
        },
    );
    check_call(failed(), None, Change::Removed { before: None });
    check_call(
        ran(&[7]),
        failed(),
        Change::Broken {
            before: cost(&[7]),
            reason: reason(),
        },
    );
    for before in [failed(), None] {
        check_call(before, failed(), Change::Failing { reason: reason() });
    }
    check_call(failed(), ran(&[7]), Change::Fixed { after: cost(&[7]) });
}

/// Checks why `before` and `after`, which cost less, cannot be compared.
fn check_incomparable(before: &[Run], after: &[Run], expected: Incomparable) {
    let diff = diff(
        &of(vec![call("f", before.to_vec())]),
        &of(vec![call("f", after.to_vec())]),
    );
    match &diff.contracts[0].calls[0].cost {
        Change::Changed { because, .. } => assert_eq!(*because, expected),
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_the_same_question_has_a_better_answer() {
    let reverting = |gas| Run {
        reverted: true,
        ..costing(gas)
    };
    let other = Run {
        arguments: vec![],
        ..costing(5)
    };
    let (ten, five) = (costing(10), costing(5));
    check_incomparable(
        std::slice::from_ref(&ten),
        &[other],
        Incomparable::Arguments,
    );
    check_incomparable(
        &[ten.clone(), ten.clone()],
        std::slice::from_ref(&five),
        Incomparable::Runs,
    );
    let reverts = |newly, no_longer| Incomparable::Reverts { newly, no_longer };
    check_incomparable(std::slice::from_ref(&ten), &[reverting(5)], reverts(1, 0));
    check_incomparable(&[reverting(10)], std::slice::from_ref(&five), reverts(0, 1));
    check_incomparable(&[ten, reverting(10)], &[reverting(5), five], reverts(1, 1));
    let mut renamed = runs(&[5]);
    renamed.signature = "g()".into();
    let diff = diff(&of(vec![runs(&[10])]), &of(vec![renamed]));
    assert!(matches!(
        diff.contracts[0].calls[0].cost,
        Change::Changed {
            because: Incomparable::Function,
            ..
        }
    ));
}

#[test]
fn a_contract_takes_its_calls_with_it() {
    let whole = || contract("c", vec![runs(&[7])]);
    let check =
        |before: &[Contract], after: &[Contract], standing: Standing, call: Change<Cost>| {
            let diff = diff(&report(before.to_vec()), &report(after.to_vec()));
            let ContractDiff {
                standing: found,
                calls,
                ..
            } = &diff.contracts[0];
            assert_eq!(*found, standing);
            assert_eq!(calls[0].cost, call);
        };
    let reason = broken("c").failures[0].clone();
    let (before, after) = (cost(&[7]), cost(&[7]));
    check(
        &[whole()],
        &[whole()],
        Standing::Kept,
        Change::Same { before, after },
    );
    check(&[], &[whole()], Standing::Added, Change::Added { after });
    check(
        &[whole()],
        &[],
        Standing::Removed,
        Change::Removed {
            before: Some(before),
        },
    );
    check(
        &[whole()],
        &[broken("c")],
        Standing::Broken {
            reason: reason.clone(),
        },
        Change::Broken {
            before,
            reason: reason.clone(),
        },
    );
    check(
        &[broken("c")],
        &[whole()],
        Standing::Fixed,
        Change::Fixed { after },
    );
    let still = diff(&report(vec![broken("c")]), &report(vec![broken("c")]));
    assert_eq!(still.contracts[0].standing, Standing::Failing { reason });
    assert_eq!(still.contracts[0].code, None);
}

#[test]
fn deployments_are_compared_by_code_and_activation() {
    let with = |code, activation| {
        let mut contract = contract("c", vec![]);
        let mut deployment = deployment(code);
        deployment.activation_gas = Gas(activation);
        contract.deployment = Some(deployment);
        report(vec![contract])
    };
    let diff = diff(&with(100, 10), &with(99, 11));
    let contract = &diff.contracts[0];
    let (before, after) = (Bytes(100), Bytes(99));
    assert_eq!(contract.code, Some(Change::Better { before, after }));
    let (before, after) = (Gas(10), Gas(11));
    assert_eq!(
        contract.activation_gas,
        Some(Change::Worse { before, after })
    );
}

#[test]
fn other_circumstances_are_told_first() {
    let before = everything();
    let notes = |change: fn(&mut Report)| {
        let mut after = everything();
        change(&mut after);
        diff(&before, &after).notes
    };
    assert_eq!(notes(|_| {}), [""; 0]);
    assert_eq!(
        notes(|report| report.made_with.toolchain = "rustc 1.96.0".into()),
        [
            "A different toolchain makes different wasm: the baseline was made with rustc 1.95.0 (0123456789 2026-04-14), \
             this report with rustc 1.96.0."
        ]
    );
    let all = notes(|report| {
        let made = &mut report.made_with;
        made.chain = "a node".into();
        made.ink_per_gas = 1;
        made.arbos = 60;
        made.toolchain = "rustc 1.96.0".into();
        made.gas_bench = "9".into();
    });
    let first = ["toolchain", "ArbOS", "price of ink", "chain", "version"];
    assert_eq!(all.len(), first.len());
    for (note, word) in all.iter().zip(first) {
        assert!(note.contains(word), "{note}");
    }
}

#[test]
fn tolerances_are_per_cents() {
    for (text, shown) in [
        ("0", "0.00%"),
        ("0%", "0.00%"),
        ("0.00", "0.00%"),
        ("0.5%", "0.50%"),
        ("1.25 %", "1.25%"),
        (" 10% ", "10.00%"),
        ("0.05%", "0.05%"),
        ("1000%", "1000.00%"),
    ] {
        assert_eq!(text.parse::<Tolerance>().unwrap().to_string(), shown);
    }
    for text in [
        "",
        "%",
        "0.5",
        "5",
        "-1%",
        "+1%",
        "0.125%",
        ".5%",
        "5.%",
        "1e3%",
        "0.5%%",
        "NaN%",
        "inf%",
        "½%",
        "99999999999999%",
    ] {
        let sentence = text.parse::<Tolerance>().unwrap_err().to_string();
        assert!(
            sentence.contains(" is not a tolerance: write it in per cent "),
            "{sentence}"
        );
    }
}

#[test]
fn tolerance_is_exact() {
    let check = |tolerance: &str, before, after, exceeded| {
        let tolerance: Tolerance = tolerance.parse().unwrap();
        assert_eq!(
            tolerance.exceeded(before, after),
            exceeded,
            "{before} to {after} by {tolerance}"
        );
    };
    check("0", 0, 0, false);
    check("0", 0, 1, true);
    check("100%", 0, 1, true);
    check("0", 5, 5, false);
    check("0", 5, 4, false);
    check("0", 5, 6, true);
    check("0.5%", 20_000, 20_100, false);
    check("0.5%", 20_000, 20_101, true);
    check("0.5%", u64::MAX, u64::MAX, false);
    check("0", u64::MAX - 1, u64::MAX, true);
    check("0.01%", u64::MAX / 2, u64::MAX, true);
}

/// Checks the regressions of `diff`, as sentences.
fn check_regressions(diff: &Diff, tolerance: &str, expected: &[&str]) {
    let regressions = diff.regressions(tolerance.parse().unwrap());
    let sentences: Vec<_> = regressions.iter().map(ToString::to_string).collect();
    assert_eq!(sentences, expected);
}

#[test]
fn regressions_say_which() {
    let worse = diff(&of(vec![runs(&[20_000])]), &of(vec![runs(&[20_101])]));
    let sentence = "c, f: 20,101 gas in 1 run, +0.51% against the baseline's 20,000";
    check_regressions(&worse, "0", &[sentence]);
    check_regressions(&worse, "0.5%", &[sentence]);
    check_regressions(&worse, "0.51%", &[]);

    let mut heavy = of(vec![]);
    heavy.contracts[0].deployment = Some(deployment(10_000));
    heavy.contracts[0]
        .deployment
        .as_mut()
        .unwrap()
        .activation_gas = Gas(3_000_000);
    check_regressions(
        &diff(&of(vec![]), &heavy),
        "1%",
        &[
            "c: 10,000 bytes of code, +1.26% against the baseline's 9,876",
            "c: 3,000,000 gas to activate it, +41.28% against the baseline's 2,123,456",
        ],
    );

    let reverting = Run {
        reverted: true,
        ..costing(5)
    };
    check_regressions(
        &diff(
            &of(vec![runs(&[10])]),
            &of(vec![call("f", vec![reverting])]),
        ),
        "100%",
        &["c, f: 1 of its runs revert that did not in the baseline"],
    );
}

#[test]
fn what_fails_only_now_is_a_regression_at_any_tolerance() {
    let whole = of(vec![runs(&[7]), call("g", vec![costing(7)])]);
    let failed = of(vec![
        failed_call("f", "because"),
        call("g", vec![costing(7)]),
    ]);
    check_regressions(
        &diff(&whole, &failed),
        "1000%",
        &["c, f: it fails and did not in the baseline: because"],
    );
    check_regressions(&diff(&failed, &failed), "0", &[]);
    check_regressions(&diff(&failed, &whole), "0", &[]);
    let gone = report(vec![broken("c")]);
    let reason = &gone.contracts[0].failures[0];
    check_regressions(
        &diff(&whole, &gone),
        "1000%",
        &[&format!(
            "c: it fails and did not in the baseline: {reason}"
        )],
    );
    check_regressions(&diff(&gone, &whole), "0", &[]);
}

#[test]
fn new_and_removed_calls_are_no_regressions() {
    let few = of(vec![runs(&[7])]);
    let many = of(vec![runs(&[7]), call("g", vec![run(parts(9))])]);
    let none = report(vec![]);
    for (before, after) in [(&few, &many), (&many, &few), (&none, &many), (&many, &none)] {
        check_regressions(&diff(before, after), "0", &[]);
    }
    let failing = of(vec![runs(&[7]), failed_call("g", "because")]);
    check_regressions(&diff(&few, &failing), "0", &[]);
    // They compare nothing, unless some call stays.
    for (before, after, compares) in [
        (&few, &many, true),
        (&none, &many, false),
        (&many, &none, false),
    ] {
        assert_eq!(!diff(before, after).compares_nothing(), compares);
    }
    assert!(matches!(
        failing.contracts[0].calls[1].outcome,
        Outcome::Failure(_)
    ));
}

#[test]
fn what_was_not_chosen_is_not_removed() {
    let all = report(
        ["a", "b", "c"]
            .map(|name| contract(name, vec![runs(&[7])]))
            .to_vec(),
    );
    let mut diff = diff(&all, &report(vec![contract("a", vec![runs(&[7])])]));
    // `a` is in both, and `c` is gone from the workspace.
    diff.leave_out(|name| ["a", "b"].contains(&name));
    let names: Vec<_> = diff.contracts.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["a", "c"]);
    let removed: Vec<_> = diff.removed().map(|it| it.name.as_str()).collect();
    assert_eq!(removed, ["c"]);
    let note = diff.notes.last().unwrap();
    assert!(
        note.ends_with("not compared with the baseline: b."),
        "{note}"
    );
}
