//! Reports on contracts in every text format, with and without a baseline, on invented figures.
//!
//! Lives here: snapshots under `tests/snapshots`, which `BLESS=1 cargo test` rewrites, and what must hold of any report. Not
//! here: anything that runs a contract.

mod baselines;
mod formats;
mod invented;

use std::collections::BTreeMap;

use stylus_report::content::ReportContent;
use stylus_report::document::{Colour, Content as _, Format};
use stylus_report::figures::baseline::{Diff, diff};
use stylus_report::figures::{Bytes, Call, Outcome, Parts, Report};
use stylus_vm::{Gas, Ink};

use invented::{LONG, STROKE, before, call, contract, everything, failed_call, parts, report, run};

use crate::expected::{self, check_width};

/// Checks that `text` is the snapshot `name`.
fn check(name: &str, text: &str) {
    expected::check(&format!("tests/snapshots/{name}"), text);
}

/// `report` in `format`.
pub(crate) fn written(report: &Report, diff: Option<&Diff>, format: Format) -> String {
    coloured(report, diff, format, Colour::Never)
}

fn coloured(report: &Report, diff: Option<&Diff>, format: Format, colour: Colour) -> String {
    let content = ReportContent {
        report,
        diff,
        baselines: &[],
        pictures: &BTreeMap::new(),
    };
    content.write(format, colour)
}

pub(crate) fn table(report: &Report, diff: Option<&Diff>, colour: Colour) -> String {
    coloured(report, diff, Format::Table, colour)
}

pub(crate) fn markdown(report: &Report, diff: Option<&Diff>) -> String {
    written(report, diff, Format::Markdown)
}

pub(crate) fn csv(report: &Report) -> String {
    written(report, None, Format::Csv)
}

fn json(report: &Report, diff: Option<&Diff>) -> String {
    written(report, diff, Format::Json)
}

fn compared() -> Diff {
    diff(&before(), &everything())
}

#[test]
fn a_terminal_shows_everything() {
    let text = table(&everything(), None, Colour::Never);
    check_width(&text);
    check("contracts.txt", &text);
    let text = table(&everything(), Some(&compared()), Colour::Never);
    check_width(&text);
    check("contracts.diff.txt", &text);
}

#[test]
fn a_page_shows_everything() {
    let text = written(&everything(), Some(&compared()), Format::Html);
    check("contracts.diff.html", &text);
}

#[test]
fn a_comment_shows_everything() {
    check("contracts.md", &markdown(&everything(), None));
    check(
        "contracts.diff.md",
        &markdown(&everything(), Some(&compared())),
    );
}

#[test]
fn programs_get_everything() {
    check("contracts.csv", &csv(&everything()));
    check("contracts.json", &json(&everything(), None));
    check(
        "contracts.diff.json",
        &json(&everything(), Some(&compared())),
    );
}

/// Parses the figure `word`.
fn figure(word: &str) -> i128 {
    word.replace(',', "").replace('−', "-").parse().unwrap()
}

/// Checks that in every row of every gas split in `table` the parts add up to the total, and that there are `rows` rows.
fn check_sums(table: &str, causes: usize, rows: usize) {
    let mut found = 0;
    let mut lines = table.lines();
    while lines.by_ref().any(|line| line.starts_with(" gas, average")) {
        // The border below the titles, which can have a second line.
        assert!(lines.by_ref().any(|line| line.starts_with('─')));
        for line in lines.by_ref().take_while(|line| line.starts_with(' ')) {
            let mut figures: Vec<_> = line
                .split_whitespace()
                .rev()
                .map_while(|word| {
                    word.starts_with(|first: char| first == '−' || first.is_ascii_digit())
                        .then(|| figure(word))
                })
                .collect();
            figures.truncate(causes + 1);
            assert_eq!(figures.len(), causes + 1, "{line}");
            assert_eq!(figures[1..].iter().sum::<i128>(), figures[0], "{line}");
            found += 1;
        }
    }
    assert_eq!(found, rows);
}

/// Theorem: in every rendered row the parts add up to the total.
#[test]
fn parts_add_up_in_every_row() {
    check_sums(&table(&everything(), None, Colour::Never), 7, 7);
    // Two runs with odd parts, so that no average is whole.
    let uneven = |ink: u64| {
        let runs = vec![
            run(parts(ink)),
            run(parts(3 * ink + 1)),
            run(Parts {
                transaction: Gas(21_001),
                ..Parts::default()
            }),
        ];
        call("uneven", runs)
    };
    let calls: Vec<_> = (0..200).map(|step| uneven(1 + 12_347 * step)).collect();
    check_sums(
        &table(&report(vec![contract("c", calls)]), None, Colour::Never),
        6,
        200,
    );
}

/// Theorem: rows of different calls begin differently, however much their names are shortened.
#[test]
fn names_that_are_cut_stay_apart() {
    let name = |middle: &str| format!("{}{middle}{}", "a".repeat(LONG), "z".repeat(LONG));
    let calls = ["one", "two"].map(|middle| call(&name(middle), vec![run(parts(1))]));
    let report = report(vec![contract("c", calls.into())]);
    let text = table(&report, None, Colour::Never);
    let rows = text.lines().filter(|line| line.starts_with(" aaa"));
    let names: Vec<_> = rows.map(|row| row.trim().split("  ").next()).collect();
    assert!(names.len() >= 4 && names.len() % 2 == 0, "{text}");
    for pair in names.chunks(2) {
        assert_ne!(pair[0], pair[1], "{text}");
    }
}

/// Reports with figures and names of any size fit into a terminal.
#[test]
fn no_line_is_too_wide() {
    let huge = |amount| {
        let run = stylus_report::figures::Run {
            gas: Gas(amount),
            output: "x".repeat(1_000),
            start_pages: stylus_vm::Pages(u16::MAX),
            peak_pages: stylus_vm::Pages(u16::MAX),
            reverted: true,
            ..run(Parts {
                l1: Gas(1),
                ..parts(1)
            })
        };
        let all = Parts {
            transaction: Gas(amount),
            l1: Gas(amount),
            start: Gas(amount),
            start_pages: Gas(amount),
            wasm: Ink(amount),
            pages: Ink(amount),
            forfeited: Ink(amount),
            floor: Gas(amount),
            refund: Gas(amount),
            ..parts(amount)
        };
        let run = stylus_report::figures::Run { parts: all, ..run };
        let mut contract = contract(
            &"c".repeat(LONG),
            vec![
                call(&"n".repeat(LONG), vec![run.clone(), run]),
                failed_call("f", &"r".repeat(1_000)),
            ],
        );
        contract.plan = Some("p".repeat(LONG));
        let deployment = contract.deployment.as_mut().unwrap();
        deployment.sizes.code = Bytes(amount);
        deployment.sizes.account_limit = Bytes(0);
        deployment.sizes.fragments_limit = Bytes(amount);
        deployment.activation_gas = Gas(amount);
        deployment.data_fee_wei = "9".repeat(LONG);
        let mut report = report(vec![contract]);
        report.made_with.chain = "chain ".repeat(LONG);
        report.made_with.unseen = vec!["u".repeat(LONG)];
        report
    };
    for amount in [0, 1, 31_999_999, u64::MAX] {
        check_width(&table(&huge(amount), None, Colour::Never));
        for before in [0, 1, u64::MAX] {
            let diff = diff(&huge(before), &huge(amount));
            check_width(&table(&huge(amount), Some(&diff), Colour::Never));
            assert!(!table(&huge(amount), Some(&diff), Colour::Never).contains("NaN"));
        }
    }
}

#[test]
fn colour_is_all_that_it_adds() {
    let coloured = table(&everything(), Some(&compared()), Colour::Ansi);
    let mut plain = coloured.clone();
    for code in ["1", "2", "31", "32", "0"] {
        let escape = format!("\x1b[{code}m");
        assert!(plain.contains(&escape), "{escape:?}");
        plain = plain.replace(&escape, "");
    }
    assert_eq!(
        plain,
        table(&everything(), Some(&compared()), Colour::Never)
    );
    for line in coloured.lines().filter(|line| line.contains("better")) {
        assert!(!line.contains("\x1b[31m"), "{line}");
    }
}

/// Every failure is in every format.
#[test]
fn failures_are_in_every_format() {
    let report = everything();
    for reason in ["it reverted with ", "cargo cannot build it"] {
        for text in [
            table(&report, None, Colour::Never),
            table(&report, Some(&compared()), Colour::Never),
            markdown(&report, None),
            csv(&report),
            json(&report, None),
            json(&report, Some(&compared())),
        ] {
            assert!(text.contains(reason), "{reason}: {text}");
        }
    }
    let once = table(&report, None, Colour::Never);
    assert_eq!(once.matches("FAILED: nft: cargo").count(), 1, "{once}");
}

/// Checks that every row of every table has as many cells as the table has titles.
fn check_cells(markdown: &str) {
    let mut columns = None;
    for line in markdown.lines() {
        if !line.starts_with('|') {
            columns = None;
            continue;
        }
        let cells = line.replace("\\|", "").matches('|').count();
        assert_eq!(*columns.get_or_insert(cells), cells, "{line}");
    }
}

#[test]
fn names_end_no_cell_and_call_nobody() {
    for text in [
        markdown(&everything(), None),
        markdown(&everything(), Some(&compared())),
    ] {
        check_cells(&text);
        assert!(!text.contains("<b>\n"), "{text}");
        assert!(!text.contains(STROKE), "{text}");
        let folded = text.matches("<details>").count();
        assert!(folded > 0);
        assert_eq!(folded, text.matches("</details>").count());
    }
}

/// A report of `contracts` with `calls` each; the last call of each fails.
fn large(contracts: usize, calls: usize) -> Report {
    let contracts = (0..contracts).map(|number| {
        let calls = (0..calls)
            .map(|number| call(&format!("call {number}"), vec![run(parts(number as u64))]));
        let failed = failed_call("broken", &"<why> ".repeat(100));
        contract(
            &format!("contract-{number}"),
            calls.chain([failed]).collect(),
        )
    });
    report(contracts.collect())
}

#[test]
fn a_comment_holds_the_report() {
    for (contracts, calls, left_out) in [
        (2, 3, None),
        (10, 25, Some("other formats: where the gas goes, ")),
        (
            40,
            100,
            Some("other formats: most calls, where the gas goes, "),
        ),
        (
            1,
            3_000,
            Some("other formats: most calls, where the gas goes, "),
        ),
    ] {
        let after = large(contracts, calls);
        let mut before = large(contracts, calls);
        for contract in &mut before.contracts {
            contract.calls.pop();
            contract.calls.push(call("broken", vec![run(parts(1))]));
        }
        let text = markdown(&after, Some(&diff(&before, &after)));
        assert!(text.chars().count() <= 60_000, "{}", text.chars().count());
        check_cells(&text);
        let sentence = "This report does not fit into a GitHub comment. ";
        assert_eq!(text.contains(sentence), left_out.is_some(), "{text}");
        assert!(text.contains(left_out.unwrap_or("host call")), "{text}");
        assert!(text.contains("&lt;why> "), "{text}");
    }
}

/// Whatever names, reasons and circumstances consist of, a comment has room for the report.
#[test]
fn a_comment_holds_any_report() {
    for odd in ["@", "|", "<", "&", "\u{202e}", "\n", "`", "名"] {
        let odd = odd.repeat(500);
        let named = |report: &mut Report| {
            for contract in &mut report.contracts {
                contract.name += &odd;
                for call in &mut contract.calls {
                    call.name += &odd;
                    if let Outcome::Failure(reason) = &mut call.outcome {
                        reason.clone_from(&odd);
                    }
                }
            }
        };
        let (mut before, mut after) = (large(30, 30), large(30, 30));
        for contract in &mut before.contracts {
            for call in &mut contract.calls {
                call.outcome = Outcome::Runs(vec![run(parts(1))]);
            }
        }
        named(&mut before);
        named(&mut after);
        after.made_with.toolchain.clone_from(&odd);
        after.made_with.chain.clone_from(&odd);
        let text = markdown(&after, Some(&diff(&before, &after)));
        assert!(text.chars().count() <= 60_000, "{}", text.chars().count());
        check_cells(&text);
        assert!(text.contains("newly failed"), "{text}");
    }
}

#[test]
fn csv_has_a_row_for_everything() {
    let text = csv(&everything());
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let titles = reader.headers().unwrap().clone();
    let column = |name: &str| titles.iter().position(|title| title == name).unwrap();
    let mut kinds = BTreeMap::<String, usize>::new();
    let mut ink = 0_u64;
    for row in reader.records() {
        let row = row.unwrap();
        let number = |name: &str| row[column(name)].parse::<u64>().unwrap_or(0);
        *kinds.entry(row[0].to_owned()).or_default() += 1;
        match &row[0] {
            // The kinds of host calls of a run follow it directly and add up to what it says.
            "run" => {
                assert_eq!(ink, 0);
                ink = number("hostio_ink");
            }
            "hostio" => ink -= number("hostio_ink"),
            _ => {}
        }
    }
    assert_eq!(ink, 0);
    let runs = everything();
    let runs = runs.contracts.iter().flat_map(|contract| &contract.calls);
    let hostios: usize = runs
        .flat_map(Call::runs)
        .map(|run| run.parts.hostios.len())
        .sum();
    let kinds: Vec<_> = kinds
        .iter()
        .map(|(kind, count)| (kind.as_str(), *count))
        .collect();
    assert_eq!(
        kinds,
        [
            ("deployment", 2),
            ("failure", 2),
            ("hostio", hostios),
            ("left_out", 2),
            ("run", 10),
            ("unseen", 1)
        ]
    );
}

#[test]
fn a_report_with_its_diff_is_a_baseline_too() {
    let text = json(&everything(), Some(&compared()));
    let read: Report = serde_json::from_str(&text).unwrap();
    assert_eq!(read, everything());
    assert_eq!(json(&everything(), None), everything().to_json());
}

#[test]
fn the_same_report_is_the_same_bytes() {
    for _ in 0..2 {
        let (report, diff) = (everything(), compared());
        assert_eq!(
            markdown(&report, Some(&diff)),
            markdown(&everything(), Some(&compared()))
        );
        assert_eq!(csv(&report), csv(&everything()));
    }
}

#[test]
fn nothing_is_a_report_too() {
    let nothing = report(vec![]);
    let diff = diff(&nothing, &nothing);
    check_width(&table(&nothing, Some(&diff), Colour::Never));
    check_cells(&markdown(&nothing, Some(&diff)));
    assert_eq!(csv(&nothing), "");
}
