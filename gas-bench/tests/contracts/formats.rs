//! Whether all formats agree on where gas went.
//!
//! Lives here: reading a split back from a table, a comment, a plot and a page. Not here: what any of them looks like (snapshots).

use std::collections::BTreeMap;

use stylus_report::document::{Colour, Format};
use stylus_report::figures::{Hostio, Parts, Report};
use stylus_report::picture;
use stylus_vm::{Gas, Ink};

use super::invented::{INK_PER_GAS, call, contract, report, run};
use super::{figure, markdown, table, written};

/// The columns of a table, and the colours of a picture that each one covers.
const CAUSES: [(&str, &[&str]); 6] = [
    ("transaction", &["Transaction"]),
    ("start", &["Start"]),
    ("wasm", &["WASM"]),
    (
        "host calls",
        &["Host: storage", "Host: calls", "Host: logs", "Host: other"],
    ),
    ("pages", &["Pages"]),
    ("other", &["Other", "Refund"]),
];

/// Parts of an arbitrary run: nothing in it is round.
fn any_parts(draw: &mut impl FnMut(u64) -> u64) -> Parts {
    let names = [
        "storage_load_bytes32",
        "call_contract",
        "emit_log",
        "read_args",
    ];
    let mut hostios = BTreeMap::new();
    for name in names {
        let calls = draw(3);
        let ink = Ink(draw(90_000_000));
        if calls > 0 {
            hostios.insert(name.to_owned(), Hostio { calls, ink });
        }
    }
    Parts {
        transaction: Gas(21_000 + draw(5_000)),
        start: Gas(draw(9_000)),
        start_pages: Gas(draw(3) * 1_000),
        wasm: Ink(draw(300_000_000)),
        hostios,
        pages: Ink(draw(30_000_000)),
        forfeited: Ink(draw(2) * draw(9_999)),
        floor: Gas(draw(2) * draw(999)),
        refund: Gas(draw(2) * draw(4_800)),
        ..Parts::default()
    }
}

/// The row of each call in the comment's table of parts: its causes and the total.
fn of_comment(text: &str) -> Vec<Vec<i128>> {
    let mut lines = text.lines();
    let titles = lines.find(|line| line.starts_with("| gas, average |"));
    let titles = titles.unwrap().split('|').map(str::trim);
    let causes = CAUSES.iter().map(|(cause, _)| *cause);
    let expected: Vec<_> = ["", "gas, average"].into_iter().chain(causes).collect();
    assert!(titles.collect::<Vec<_>>().starts_with(&expected));
    let rows = lines.skip(1).take_while(|line| line.starts_with('|'));
    let cells = |row: &str| {
        let cells = row.split('|').map(str::trim);
        cells.skip(2).take(CAUSES.len() + 1).map(figure).collect()
    };
    rows.map(cells).collect()
}

/// The same rows of a terminal's table.
fn of_table(text: &str) -> Vec<Vec<i128>> {
    let mut lines = text.lines();
    assert!(lines.by_ref().any(|line| line.starts_with(" gas, average")));
    assert!(lines.by_ref().any(|line| line.starts_with('─')));
    let rows = lines.take_while(|line| line.starts_with(' '));
    let cells = |row: &str| row.split_whitespace().skip(1).map(figure).collect();
    rows.map(cells).collect()
}

/// The sums, by cause, of parts with these titles, and their total.
fn added_up(parts: &[(String, i128)]) -> Vec<i128> {
    let of = |titles: &[&str]| {
        let own = parts
            .iter()
            .filter(|(title, _)| titles.contains(&title.as_str()));
        own.map(|(_, gas)| gas).sum()
    };
    let causes = CAUSES.iter().map(|(_, titles)| of(titles));
    causes.chain([of(&["Total"])]).collect()
}

/// The figures in the tooltips of a plot's bars, in the order of the bars.
fn of_plot(svg: &str) -> Vec<Vec<i128>> {
    let stories = svg.split("<title>").skip(1);
    let stories = stories.map(|story| story.split("</title>").next().unwrap());
    // Pieces of a bar have their own titles.
    let stories = stories.filter(|story| story.contains("\nTotal: "));
    let parts = |story: &str| {
        let lines = story.lines().skip(1).map(|line| {
            let (title, gas) = line.rsplit_once(": ").unwrap();
            (title.to_owned(), figure(gas.split(' ').next().unwrap()))
        });
        added_up(&lines.collect::<Vec<_>>())
    };
    stories.map(parts).collect()
}

/// The figures in the page's tables of parts, in the order of the calls.
fn of_page(html: &str) -> Vec<Vec<i128>> {
    let tables = html.split("part, on average").skip(1);
    let tables = tables.map(|table| table.split("</table>").next().unwrap());
    let text = |cell: &str| {
        let words = cell
            .split('<')
            .map(|part| part.split_once('>').map_or(part, |(_, it)| it));
        words.collect::<String>()
    };
    // A part's purpose follows its name, and then its gas.
    let parts = |table: &str| {
        let rows = table.split("<tr>").skip(1).map(|row| {
            let cells: Vec<_> = row
                .split("<td")
                .skip(1)
                .map(|cell| text(&format!("<td{cell}")))
                .collect();
            (cells[0].trim().to_owned(), figure(cells[1].trim()))
        });
        added_up(&rows.collect::<Vec<_>>())
    };
    tables.map(parts).collect()
}

/// Theorem: whatever the runs of a call are, its parts add up to its total in every format, and are the same in all of them.
#[test]
fn all_formats_divide_gas_alike() {
    let mut state = 1_u64;
    let mut draw = |below: u64| {
        // Knuth's constants: any sequence without a short period will do.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below.max(1)
    };
    // The length of a comment is limited.
    for _ in 0..8 {
        let calls = (0..40).map(|number| {
            let runs = (0..=draw(4)).map(|_| run(any_parts(&mut draw)));
            call(&format!("call-{number}"), runs.collect())
        });
        check(&report(vec![contract("c", calls.collect())]));
    }
}

fn check(report: &Report) {
    let contract = &report.contracts[0];
    let comment = of_comment(&markdown(report, None));
    assert_eq!(comment.len(), contract.calls.len());
    for row in &comment {
        let (total, parts) = row.split_last().unwrap();
        assert_eq!(parts.iter().sum::<i128>(), *total, "{row:?}");
    }
    assert_eq!(of_table(&table(report, None, Colour::Never)), comment);
    let svg = picture::split_bars(contract, INK_PER_GAS).unwrap();
    assert_eq!(of_plot(&svg), comment);
    let page = written(report, None, Format::Html);
    assert_eq!(of_page(&page), comment);
}
