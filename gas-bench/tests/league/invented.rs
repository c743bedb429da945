//! The league table in every format, on figures that nobody measured.
//!
//! Lives here: snapshots under `tests/snapshots/league`, which `BLESS=1 cargo test` rewrites. Not here: anything that builds or runs a
//! program.

use std::collections::BTreeMap;

use gas_bench::cargo::{Allocator, OptLevel};
use gas_bench::content::LeagueContent;
use gas_bench::document::{Colour, Content as _, Format};
use gas_bench::figures::league::{Entry, League, WorkloadFigures};
use gas_bench::figures::{Bytes, PageCount};
use stylus_vm::{Gas, Ink};

use crate::expected::{self, check_width};

/// Two workloads, of which some allocators do not come to the end.
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
