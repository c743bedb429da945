//! A comparison in every format.
//!
//! Lives here: snapshots under `tests/snapshots/compare`, which `BLESS=1 cargo test` rewrites. Not here: anything that builds.

use stylus_cargo::{Allocator, Hindrance, Lto, Mode, OptLevel, Variant};
use stylus_report::content::ComparisonContent;
use stylus_report::document::{Colour, Content as _, Format};
use stylus_report::figures::Bytes;
use stylus_report::figures::comparison::{
    CallFigures, Comparison, Measured, Total, VariantFigures,
};
use stylus_vm::{Gas, Ink};

use crate::expected::{self, check_width};

/// Checks that `text` is the snapshot `name`.
fn check(name: &str, text: &str) {
    expected::check(&format!("tests/snapshots/compare/{name}"), text);
}

fn written(comparison: &Comparison, format: Format, colour: Colour) -> String {
    let comparisons = std::slice::from_ref(comparison);
    ComparisonContent { comparisons }.write(format, colour)
}

fn table(comparison: &Comparison, colour: Colour) -> String {
    written(comparison, Format::Table, colour)
}

fn markdown(comparison: &Comparison) -> String {
    written(comparison, Format::Markdown, Colour::Never)
}

fn csv(comparison: &Comparison) -> String {
    written(comparison, Format::Csv, Colour::Never)
}

fn json(comparison: &Comparison) -> String {
    written(comparison, Format::Json, Colour::Never)
}

/// A comparison of the first `variants` variants with `calls` calls each, with varied figures.
fn invented(variants: usize, calls: usize) -> Comparison {
    let allocators = [
        None,
        Some(Allocator::Mini),
        Some(Allocator::MiniUpstream),
        Some(Allocator::Wee),
    ];
    let levels = [None, Some(OptLevel::S), Some(OptLevel::Z)];
    let all = allocators.iter().flat_map(|&allocator| {
        levels.iter().flat_map(move |&level| {
            Mode::ALL.iter().map(move |&wasm_opt| Variant {
                allocator,
                level,
                lto: None,
                wasm_opt,
            })
        })
    });
    let names = [
        "transfer",
        "mint to a holder that is new",
        "balanceOf",
        "aVeryLongNameOfOneWord",
        "approve|*it*",
    ];
    let measured = |(index, variant): (usize, Variant)| {
        let number = index as u64;
        let call = |call: usize| CallFigures {
            name: if call < names.len() {
                names[call].to_owned()
            } else {
                format!("call number {call}")
            },
            total: Ok(Total {
                gas: Gas(1_000_000 * (call as u64 + 1) + 997 * (number % 7)),
                cached_gas: Gas(990_000 * (call as u64 + 1) + 997 * (number % 5)),
                ink: Ink(123_456_789 + number),
                runs: 2,
            }),
        };
        let figures = VariantFigures {
            code: Bytes(5_000 + 31 * number),
            account_limit: Bytes(24_576),
            accounts: 1,
            deploy_gas: Gas(1_234_567 + number),
            activation_gas: Gas(3_456_789 - number),
            calls: (0..calls).map(call).collect(),
        };
        Measured {
            variant,
            outcome: Ok(figures),
            same_as: None,
        }
    };
    Comparison {
        contract: "erc20".to_owned(),
        own_level: "3".to_owned(),
        lto_hindrance: None,
        wasm_opt: Some("wasm-opt version 108".to_owned()),
        variants: all.take(variants).enumerate().map(measured).collect(),
        left_out: Vec::new(),
        advice: std::collections::BTreeSet::new(),
    }
}

/// A comparison in which everything that can go wrong has gone wrong.
fn troubled() -> Comparison {
    let mut comparison = invented(8, 3);
    comparison.left_out = vec!["there is no wasm-opt -O9".to_owned()];
    for index in [5, 6, 7] {
        comparison.variants[index].outcome =
            Err("it does not build: expected `Vec<u8>` *here*".to_owned());
    }
    comparison.variants[3].same_as = Some(comparison.variants[2].variant);
    let figures = comparison.variants[1].outcome.as_mut().unwrap();
    figures.code = Bytes(25_000);
    figures.accounts = 2;
    figures.calls[1].total = Err("it ran out of gas".to_owned());
    comparison
}

#[test]
fn every_format_has_its_snapshot() {
    let plain = invented(12, 4);
    check("table.txt", &table(&plain, Colour::Never));
    check("table-few.txt", &table(&invented(4, 9), Colour::Never));
    check("report.md", &markdown(&plain));
    check("report.csv", &csv(&plain));
    check("page.html", &written(&plain, Format::Html, Colour::Never));
    check("report.json", &json(&invented(2, 1)));
}

/// The comparison of a contract whose author asks for link-time optimisation and does not get it.
fn without_lto() -> Comparison {
    let mut comparison = invented(3, 2);
    let lto = Some(Lto::On);
    let mini = Some(Allocator::Mini);
    for (index, allocator, lto) in [(1, None, lto), (2, mini, lto)] {
        let variant = &mut comparison.variants[index];
        variant.variant = Variant {
            allocator,
            lto,
            ..Variant::TODAY
        };
        let figures = variant.outcome.as_mut().unwrap();
        figures.code = Bytes(3_000 + index as u64);
    }
    comparison.lto_hindrance = Some(Hindrance {
        crate_types: vec!["lib".to_owned()],
        ignored_profile: None,
    });
    comparison
}

#[test]
fn what_is_lost_without_link_time_optimisation_is_said() {
    let comparison = without_lto();
    check("lto.txt", &table(&comparison, Colour::Never));
    check("lto.md", &markdown(&comparison));
    check("lto.csv", &csv(&comparison));
    check("lto.json", &json(&comparison));
}

#[test]
fn failures_are_seen_in_every_format() {
    let troubled = troubled();
    check("failed.txt", &table(&troubled, Colour::Never));
    check("failed.md", &markdown(&troubled));
    check("failed.csv", &csv(&troubled));
    check("failed.json", &json(&troubled));
}

/// Theorem: whatever is compared, the table fits a terminal and no figure is cut off.
#[test]
fn every_table_fits() {
    for variants in 0..=48 {
        for calls in [0, 1, 2, 3, 5, 8, 13, 40] {
            let comparison = invented(variants, calls);
            let table = table(&comparison, Colour::Never);
            check_width(&table);
            let words: Vec<_> = table
                .split_whitespace()
                .map(|word| word.trim_start_matches('*'))
                .collect();
            for (index, measured) in comparison.variants.iter().enumerate() {
                let figures = measured.outcome.as_ref().unwrap();
                let code = grouped(figures.code.0);
                assert!(
                    words.contains(&code.as_str()),
                    "variant {index} of {variants}: {code}"
                );
                for call in &figures.calls {
                    let gas = grouped(call.total.as_ref().unwrap().gas.0);
                    assert!(
                        words.contains(&gas.as_str()),
                        "variant {index} of {variants}: {gas}"
                    );
                }
            }
        }
    }
}

fn grouped(value: u64) -> String {
    let mut text = String::new();
    for (index, digit) in value.to_string().chars().rev().enumerate() {
        if index > 0 && index % 3 == 0 {
            text.insert(0, ',');
        }
        text.insert(0, digit);
    }
    text
}

/// Theorem: colour adds escape sequences and changes nothing else.
#[test]
fn colour_changes_no_word() {
    for comparison in [invented(12, 4), invented(4, 9), troubled()] {
        let mut bare = String::new();
        let coloured = table(&comparison, Colour::Ansi);
        let mut parts = coloured.split("\x1b[");
        bare.push_str(parts.next().unwrap());
        for part in parts {
            bare.push_str(part.split_once('m').unwrap().1);
        }
        assert_ne!(bare, coloured);
        assert_eq!(bare, table(&comparison, Colour::Never));
    }
}

#[test]
fn a_comment_is_never_too_long() {
    let few = markdown(&invented(48, 40));
    assert!(
        few.contains("call number 39"),
        "as much as there is room for"
    );
    let many = markdown(&invented(48, 400));
    assert!(many.len() < 65_536, "{}", many.len());
    assert!(many.contains("Left out here, but in the other formats: the gas of each call."));
}
