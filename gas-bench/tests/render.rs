//! The report in every format, on invented results.
//!
//! Lives here: snapshots under `tests/snapshots`, which `BLESS=1 cargo test` rewrites. Not here: anything that runs a
//! contract.

use std::collections::BTreeMap;

use stylus_cargo::Allocator;
use stylus_report::content::AllocatorsContent;
use stylus_report::document::{Colour, Content as _, Format};
use stylus_report::figures::edge_cases::{
    Case, Conditions, Failure, Function, Measurement, Provenance, Results, Variant,
};
use stylus_report::figures::{Bytes, PageCount, Sizes};
use stylus_vm::{Gas, Ink, InkPrice};

use crate::expected::{self, check_width};

fn render(results: &Results, format: Format, colour: Colour) -> String {
    AllocatorsContent { results }.write(format, colour)
}

/// Checks that the report on `results` is the snapshot `name`.
fn check(name: &str, results: &Results, format: Format, colour: Colour) -> String {
    let report = render(results, format, colour);
    expected::check(&format!("tests/snapshots/{name}"), &report);
    report
}

/// Ink of alloc and alloc_zeroed as published, and of both as on chain, of realistic magnitude.
fn invented(allocator: Allocator) -> [u64; 4] {
    match allocator {
        Allocator::Mini => [2_034_567, 2_034_999, 412_345_678, 412_345_999],
        Allocator::Wee => [4_914_880, 243_012_345_678, 414_000_000, 1_214_000_000],
        Allocator::Std => [3_456_789, 121_012_345_678, 413_000_000, 913_000_000],
        Allocator::MiniUpstream => [2_052_549, 2_052_600, 412_999_999, 413_000_000],
        Allocator::Talc => [5_000_000, 9_999_999_999, 500_000_000, 600_000_000],
        Allocator::Lol => [2_500_000, 10_000_000_000, 412_800_000, 412_900_000],
        other => panic!("the edge cases are not measured with {other}"),
    }
}

fn variant(allocator: Allocator) -> Variant {
    let cases = Conditions::ALL.iter().flat_map(|&conditions| {
        Function::ALL.iter().map(move |&function| Case {
            conditions,
            function,
        })
    });
    let cases = cases.zip(invented(allocator)).map(|(case, ink)| {
        let PageCount(limit) = case.conditions.page_limit();
        let measurement = Measurement {
            ink: Ink(ink),
            gas: InkPrice::DEFAULT.ink_to_gas(Ink(ink)),
            page_gas: if case.conditions.page_costs() {
                Gas(31_006)
            } else {
                Gas(0)
            },
            pages: PageCount(limit / 2 + 1),
        };
        (case, Ok(measurement))
    });
    let size = 13_725 + 1_000 * allocator as u64;
    let sizes = Sizes {
        built: Bytes(size),
        processed: Bytes(size - 100),
        code: Bytes(size / 2),
        account_limit: Bytes(24_576),
        fragments_limit: Bytes(24_576),
        processed_limit: Bytes(131_072),
        accounts: 1,
    };
    Variant {
        sizes,
        cases: cases.collect(),
    }
}

fn results(allocators: &[Allocator]) -> Results {
    Results {
        provenance: Provenance {
            toolchain: "rustc 1.95.0 (0123456789 2026-04-14)".to_owned(),
            arbos: 51,
            ink_price: InkPrice::DEFAULT,
        },
        conditions: Conditions::ALL.to_vec(),
        variants: allocators
            .iter()
            .map(|&allocator| (allocator, Ok(variant(allocator))))
            .collect(),
    }
}

/// One allocator that was never built, one case that failed, and the rest in order.
fn with_failures() -> Results {
    let mut results = results(Allocator::PUBLISHED);
    let case = Case {
        conditions: Conditions::OnChain,
        function: Function::AllocZeroed,
    };
    let failure = |allocator, case, reason: &str| Failure {
        allocator,
        case,
        reason: reason.to_owned(),
    };
    let trap = "the call trapped (the program tried to write in a static call); look for a panic or an allocation that was refused";
    results
        .variants
        .insert(Allocator::Wee, Err(failure(Allocator::Wee, None, trap)));
    let checks = "the allocator failed its checks (block not zeroed, blocks overlap); a figure for it would mean nothing";
    let failed = BTreeMap::from([(case, Err(failure(Allocator::Std, Some(case), checks)))]);
    let std = results
        .variants
        .get_mut(&Allocator::Std)
        .unwrap()
        .as_mut()
        .unwrap();
    std.cases.extend(failed);
    results
}

#[test]
fn published_allocators() {
    let results = results(Allocator::PUBLISHED);
    check_width(&check("table.txt", &results, Format::Table, Colour::Never));
    check("report.md", &results, Format::Markdown, Colour::Never);
    check("report.json", &results, Format::Json, Colour::Never);
    check("report.csv", &results, Format::Csv, Colour::Never);
    check("report.html", &results, Format::Html, Colour::Never);
}

#[test]
fn all_allocators_fit_a_terminal() {
    check_width(&check(
        "table-all.txt",
        &results(Allocator::ALL),
        Format::Table,
        Colour::Never,
    ));
}

#[test]
fn without_the_reference_there_is_no_ratio() {
    let results = results(&[Allocator::Talc]);
    let table = check("table-one.txt", &results, Format::Table, Colour::Never);
    check_width(&table);
    assert!(!table.contains('×'));
}

#[test]
fn failures_are_seen_in_every_format() {
    let results = with_failures();
    assert_eq!(results.failures().count(), 2);
    check_width(&check("failed.txt", &results, Format::Table, Colour::Never));
    check("failed.md", &results, Format::Markdown, Colour::Never);
    check("failed.json", &results, Format::Json, Colour::Never);
    check("failed.csv", &results, Format::Csv, Colour::Never);
}

/// Theorem: colour adds escape sequences and changes nothing else.
#[test]
fn colour_only_adds_escapes() {
    let results = with_failures();
    let coloured = render(&results, Format::Table, Colour::Ansi);
    let mut plain = coloured.clone();
    for escape in ["\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[0m"] {
        assert!(coloured.contains(escape), "{escape:?}");
        plain = plain.replace(escape, "");
    }
    assert_eq!(plain, render(&results, Format::Table, Colour::Never));
}
