//! The page of an invented report, and its plots.
//!
//! Lives here: snapshots under `tests/snapshots/page`, which `BLESS=1 cargo test` rewrites, and what must be true of every page.
//! Not here: the report (`invented`).

mod invented;

use std::collections::{BTreeMap, BTreeSet};

use invented::{HOSTILE, INK_PER_GAS, baselines, pictures, report};
use stylus_report::content::{Pictures, ReportContent};
use stylus_report::document::{Colour, Content as _, Format};
use stylus_report::figures::baseline::diff;
use stylus_report::figures::{Contract, Report};
use stylus_report::picture;

use crate::expected;

/// Checks that `text` is the snapshot `name`.
fn check(name: &str, text: &str) {
    expected::check(&format!("tests/snapshots/page/{name}"), text);
}

fn page(
    report: &Report,
    baselines: &[(String, Report)],
    pictures: &BTreeMap<String, Pictures>,
) -> String {
    let diff = baselines.last().map(|(_, before)| diff(before, report));
    let content = ReportContent {
        report,
        diff: diff.as_ref(),
        baselines,
        pictures,
    };
    content.write(Format::Html, Colour::Never)
}

fn whole_page() -> String {
    page(&report(), &baselines(), &pictures())
}

/// The values of `attribute` in the page itself, excluding the contents of frames.
fn values<'a>(page: &'a str, attribute: &str) -> Vec<&'a str> {
    let start = format!(" {attribute}=\"");
    let parts = page.split(&start).skip(1);
    parts.map(|part| part.split('"').next().unwrap()).collect()
}

/// Checks that elements are closed in the reverse order of opening, attributes are quoted, and no character is forbidden.
fn check_xml(svg: &str) {
    let mut open = Vec::new();
    for (number, part) in svg.split('<').enumerate().skip(1) {
        let (tag, text) = part.split_once('>').unwrap();
        assert!(!text.contains('>'), "{text}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "element {number}");
        } else {
            assert!(tag.matches('"').count().is_multiple_of(2), "{tag}");
            open.push(tag.split([' ', '\n']).next().unwrap());
        }
    }
    assert!(open.is_empty(), "{open:?}");
    for entity in svg.split('&').skip(1) {
        let known = ["amp;", "lt;", "gt;", "quot;"];
        assert!(
            known.iter().any(|name| entity.starts_with(name)),
            "{entity}"
        );
    }
    let forbidden = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{fffe}' | '\u{ffff}');
    assert!(!svg.contains(forbidden));
}

#[test]
fn everything_on_one_page() {
    check("page.html", &whole_page());
}

#[test]
fn one_contract_and_nothing_to_compare_it_with() {
    let mut report = report();
    report.contracts.truncate(1);
    report.contracts[0].calls.truncate(1);
    report.made_with.unseen.clear();
    let page = page(&report, &[], &BTreeMap::new());
    assert!(!page.contains("FAILED"));
    check("small.html", &page);
}

#[test]
fn plots_are_files() {
    let report = report();
    let baselines = baselines();
    for (contract, file) in report.contracts.iter().zip(["token", "hostile", "refused"]) {
        let bars = picture::split_bars(contract, INK_PER_GAS);
        assert_eq!(bars.is_some(), !contract.calls.is_empty(), "{file}");
        let history = picture::history(&report, contract, &baselines);
        assert_eq!(history.is_some(), file == "token");
        for (kind, svg) in [("bars", bars), ("history", history)] {
            if let Some(svg) = svg {
                check_xml(&svg);
                check(&format!("{file}-{kind}.svg"), &svg);
            }
        }
    }
}

#[test]
fn thirty_calls_have_a_bar_each() {
    let Contract { calls, .. } = report().contracts.remove(0);
    let thirty = (0..30).map(|index| {
        let mut call = calls[index % 6].clone();
        call.name = format!("{} {index}", call.name);
        call
    });
    let mut contract = report().contracts.remove(0);
    contract.calls = thirty.collect();
    let svg = picture::split_bars(&contract, INK_PER_GAS).unwrap();
    check_xml(&svg);
    assert_eq!(svg.matches("Total: ").count(), 30);
}

#[test]
fn the_page_asks_nobody_for_anything() {
    let page = whole_page();
    let addresses = page.replace("=\"http://www.w3.org/2000/svg\"", "");
    // Frames hold documents, escaped.
    let addresses = addresses.replace("=&quot;http://www.w3.org/2000/svg&quot;", "");
    for word in [
        "http:", "https:", "//", "url(", "@import", "<link", "<img", " src=",
    ] {
        for (at, _) in addresses.match_indices(word) {
            let found: String = addresses[at..].chars().take(40).collect();
            // Only comments in the script contain two slashes.
            assert!(found.starts_with("// "), "{found}");
        }
    }
}

#[test]
fn names_stay_text() {
    let page = whole_page();
    assert!(!page.contains("<script>alert"));
    assert!(!page.contains(HOSTILE));
    assert_eq!(
        page.matches("<script>").count(),
        1,
        "the page has one script of its own"
    );
    for forbidden in ['\u{1}', '\u{202e}'] {
        assert!(!page.contains(forbidden));
    }
}

#[test]
fn identifiers_are_unique_and_links_lead_to_them() {
    let page = whole_page();
    let ids = values(&page, "id");
    let unique: BTreeSet<_> = ids.iter().collect();
    assert_eq!(ids.len(), 3, "one for each contract");
    assert_eq!(unique.len(), ids.len());
    for link in values(&page, "href") {
        assert!(ids.contains(&link.strip_prefix('#').unwrap()), "{link}");
    }
}

#[test]
fn every_failure_is_told() {
    let report = report();
    let page = whole_page();
    assert_eq!(report.failures().count(), 3);
    // Each failure is in the list at the top; that of a call is also in each of its cells, in its comparison, and in place of its bar.
    let (calls, cells) = (2, 7);
    assert_eq!(page.matches("<strong>FAILED</strong>").count(), 3);
    assert!(
        page.matches("FAILED").count() >= 3 + calls * (cells + 2),
        "{page}"
    );
    assert!(page.contains("SignatureExpired()"));
}

/// Theorem: the gas of a bar's segments, less the refund, adds up to the total beside it.
#[test]
fn bars_add_up() {
    let report: Report = report();
    for contract in &report.contracts {
        let svg = picture::split_bars(contract, INK_PER_GAS).unwrap_or_default();
        for story in svg.split("<g><title>").skip(1) {
            let (story, _) = story.split_once("</title>").unwrap();
            if story.contains("FAILED") {
                continue;
            }
            let gas = |line: &str| -> i64 {
                let (_, figure) = line.rsplit_once(": ").unwrap();
                let (figure, _) = figure.split_once(" gas").unwrap();
                figure.replace(',', "").replace('−', "-").parse().unwrap()
            };
            let mut lines: Vec<_> = story.lines().skip(1).map(gas).collect();
            let total = lines.pop();
            assert_eq!(Some(lines.iter().sum()), total, "{story}");
        }
    }
}
