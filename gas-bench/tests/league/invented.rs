//! The league table in every format, on invented figures.
//!
//! Lives here: snapshots under `tests/snapshots/league`, which `BLESS=1 cargo test` rewrites. Not here: anything that builds or runs a
//! program.

use std::collections::BTreeMap;

use stylus_cargo::{Allocator, OptLevel, Variant};
use stylus_report::content::LeagueContent;
use stylus_report::document::{Colour, Content as _, Format};
use stylus_report::figures::comparison::{
    CallFigures, Comparison, Measured, Total, VariantFigures,
};
use stylus_report::figures::league::{Calls, Entry, League, WorkloadFigures};
use stylus_report::figures::{Bytes, PageCount};
use stylus_vm::{Gas, Ink};

use crate::expected::{self, check_width};

/// Two workloads, which some allocators do not complete.
fn invented() -> League {
    let workloads = [
        ("ring", "A ring of `Vec<u8>`."),
        ("sort_boxed", "300 boxes."),
    ];
    let workloads = workloads.map(|(name, what)| (name.to_owned(), what.to_owned()));
    let mut figures = BTreeMap::new();
    for (number, (workload, _)) in (1_u64..).zip(&workloads) {
        for &level in OptLevel::ALL {
            let allocators = [&Allocator::Floor].into_iter().chain(Allocator::LEAGUE);
            for (rank, &allocator) in (0_u64..).zip(allocators) {
                let work = 1_000_000 * number + 12_345 * rank;
                let entry = Entry {
                    workload: workload.clone(),
                    level,
                    allocator,
                };
                let of_entry = WorkloadFigures {
                    work: Ink(work),
                    gas: (rank % 6 != 5).then_some(Gas(work / 100)),
                    pages: PageCount(2),
                    processed: Bytes(8_000 + rank),
                    code: Bytes(4_000 + rank),
                    result: 1,
                };
                figures.insert(entry, of_entry);
            }
        }
    }
    League {
        toolchain: "rustc 1.95.0 (0123456789 2026-04-14)".to_owned(),
        workloads: workloads.into(),
        figures,
    }
}

#[test]
fn every_format_has_its_snapshot() {
    let league = &invented();
    let content = LeagueContent {
        league,
        calls: None,
    };
    for (format, name) in [
        (Format::Table, "table.txt"),
        (Format::Markdown, "file.markdown"),
        (Format::Json, "league.json"),
        (Format::Csv, "league.csv"),
        (Format::Html, "page.html"),
    ] {
        let text = content.write(format, Colour::Never);
        if format == Format::Table {
            check_width(&text);
        }
        expected::check(&format!("tests/snapshots/league/{name}"), &text);
    }
}

/// A contract at its own level, with one call, under each of `allocators`.
fn contract(name: &str, allocators: &[Allocator]) -> Comparison {
    let call = CallFigures {
        name: "call".to_owned(),
        total: Ok(Total {
            gas: Gas(20_002),
            cached_gas: Gas(10_002),
            ink: Ink(3),
            runs: 2,
        }),
    };
    let figures = VariantFigures {
        code: Bytes(5_000),
        account_limit: Bytes(24_576),
        accounts: 1,
        deploy_gas: Gas(4),
        activation_gas: Gas(5),
        calls: vec![call],
    };
    let measured = |&allocator: &Allocator| Measured {
        variant: Variant {
            allocator: Some(allocator),
            ..Variant::TODAY
        },
        outcome: Ok(figures.clone()),
        same_as: None,
    };
    Comparison {
        contract: name.to_owned(),
        own_level: OptLevel::Three.name().to_owned(),
        lto_hindrance: None,
        wasm_opt: None,
        variants: allocators.iter().map(measured).collect(),
        left_out: Vec::new(),
        advice: std::collections::BTreeSet::new(),
    }
}

/// Theorem: an allocator's cost is shown if it is the only one requested, and left out if the others have no figures beside it.
#[test]
fn a_figure_stands_alone_only_where_one_is_asked_for() {
    use Allocator::{Mini, Reclaim};
    let check = |contracts: &[(&str, &[Allocator])], told: &[&str]| {
        let contracts = contracts
            .iter()
            .map(|(name, allocators)| contract(name, allocators));
        let calls = Calls {
            contracts: contracts.collect(),
        };
        let content = LeagueContent {
            league: &invented(),
            calls: Some(&calls),
        };
        let text = content.write(Format::Markdown, Colour::Never);
        let start = text.find("Opt-level 3, uncached").unwrap();
        let rows: Vec<_> = text[start..]
            .lines()
            .skip(2)
            .take_while(|line| !line.is_empty())
            .collect();
        let names = rows
            .iter()
            .skip(2)
            .map(|row| row.split('|').nth(1).unwrap().trim());
        assert_eq!(names.collect::<Vec<_>>(), told);
    };
    check(
        &[("one", &[Reclaim]), ("two", &[Reclaim])],
        &["`one`", "`two`"],
    );
    check(
        &[("one", &[Reclaim, Mini]), ("two", &[Reclaim])],
        &["`one`"],
    );
}
