//! What must hold of the allocators in every workload, and that LEAGUE.md says what is measured.
use std::path::Path;
use std::sync::OnceLock;

use gas_bench::artifact::Workspace;
use gas_bench::league::{self, Figures, League};
use gas_bench::suite::{Allocator, OptLevel};

use crate::expected;

/// All of it, measured once.
fn league() -> &'static League {
    static LEAGUE: OnceLock<League> = OnceLock::new();
    LEAGUE.get_or_init(|| {
        let contracts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts");
        let workspace = Workspace::find(Some(&contracts.canonicalize().unwrap())).unwrap();
        league::run(&workspace, Allocator::LEAGUE, OptLevel::ALL, &|_, _| ()).unwrap()
    })
}

/// Every program with `allocator`: its name, its level, its figures.
fn programs(allocator: Allocator) -> impl Iterator<Item = (&'static str, OptLevel, Figures)> {
    let league = league();
    league.workloads.keys().flat_map(move |workload| {
        OptLevel::ALL.iter().map(move |&level| {
            let figures = league.figures(workload, level, allocator).unwrap();
            (workload.as_str(), level, figures)
        })
    })
}

#[test]
fn the_table_and_the_chart_are_what_is_measured() {
    expected::check("LEAGUE.md", &league::markdown(league()));
    expected::check("LEAGUE.svg", &league::chart(league()));
}

/// Of the form that is made for programs that allocate much.
#[test]
fn mini_alloc_in_place_has_a_third_of_the_overhead_at_most() {
    let average = league()
        .average_share(OptLevel::ALL, Allocator::MiniInPlace)
        .unwrap();
    assert!(average <= 3500, "{average} of 10,000");
}

/// What a metered block costs, in ink; from Nitro's schedule.
const BLOCK: i128 = 2_450;

/// The workloads that do little else than allocate, and how often they do: each allocation has no metered block more than with the
/// floor, all else included. (At opt-level z the compiler calls what it otherwise inlines.)
#[test]
fn an_allocation_costs_less_than_a_metered_block_more_than_the_floors() {
    for (workload, allocations) in [
        ("vec_drop", 1000),
        ("small_objects", 2000),
        ("tree", 500),
        ("churn_first_fixed", 4200),
    ] {
        for level in [OptLevel::Three, OptLevel::S] {
            let overhead = league()
                .overhead(workload, level, Allocator::MiniInPlace)
                .unwrap();
            assert!(
                overhead < BLOCK * allocations,
                "{workload} at opt-level {level}: {overhead}"
            );
        }
    }
}

/// On average: compression makes single programs differ by tens of bytes for no reason. At s and z the compiler spends what is saved
/// on inlining the allocation in more places, and LEAGUE.md says what that comes to.
#[test]
fn mini_alloc_adds_at_most_100_bytes_to_mini_alloc_1() {
    let at_3 = programs(Allocator::Mini).filter(|(_, level, _)| *level == OptLevel::Three);
    let added: Vec<_> = at_3
        .map(|(workload, level, mini)| {
            let upstream = league()
                .figures(workload, level, Allocator::MiniUpstream)
                .unwrap();
            i128::from(mini.sizes.code.0) - i128::from(upstream.sizes.code.0)
        })
        .collect();
    let average = added.iter().sum::<i128>() / added.len() as i128;
    assert!(average <= 100, "{average}: {added:?}");
}

#[test]
fn mini_alloc_never_takes_more_than_mini_alloc_1() {
    for (workload, level, mini) in programs(Allocator::MiniInPlace) {
        let upstream = league()
            .figures(workload, level, Allocator::MiniUpstream)
            .unwrap();
        let what = format!("{workload} at opt-level {level}");
        assert!(mini.work <= upstream.work, "{what}: ink");
        assert!(
            upstream
                .gas
                .is_none_or(|most| mini.gas.is_some_and(|gas| gas <= most)),
            "{what}: gas"
        );
        assert!(mini.pages <= upstream.pages, "{what}: pages");
    }
}

/// The workloads that allocate at least four times what is alive at a time, which `ReclaimAlloc` is for.
fn reuses(workload: &str) -> bool {
    let begins = ["churn", "grow_", "turns", "map", "scratch", "ring"];
    begins.iter().any(|begin| workload.starts_with(begin))
}

/// The one program of those in which a rival takes less gas: std 0.4 % less.
const LOST: (&str, OptLevel, Allocator) = ("grow_large", OptLevel::Z, Allocator::Std);

/// The allocators of others that reuse. (Where all that is ever asked for fits into two pages, one that leaks is cheaper.)
fn rivals() -> impl Iterator<Item = Allocator> {
    let others = [
        Allocator::Mini,
        Allocator::MiniInPlace,
        Allocator::Reclaim,
        Allocator::MiniUpstream,
        Allocator::LolLeaking,
    ];
    Allocator::LEAGUE
        .iter()
        .copied()
        .filter(move |rival| !others.contains(rival))
}

#[test]
fn reclaim_alloc_is_the_cheapest_where_much_is_reused() {
    let reusing = programs(Allocator::Reclaim).filter(|(workload, ..)| reuses(workload));
    for (workload, level, reclaim) in reusing {
        for rival in rivals().filter(|&rival| (workload, level, rival) != LOST) {
            let gas = league().figures(workload, level, rival).unwrap().gas;
            assert!(
                gas.is_none_or(|gas| reclaim.gas.unwrap() < gas),
                "{workload} at opt-level {level}: {rival} takes {gas:?}, ReclaimAlloc {:?}",
                reclaim.gas
            );
        }
    }
}

#[test]
fn reclaim_alloc_takes_at_most_a_page_more_than_any_rival() {
    let reusing = programs(Allocator::Reclaim).filter(|(workload, ..)| reuses(workload));
    for (workload, level, reclaim) in reusing {
        let pages = rivals().map(|rival| league().figures(workload, level, rival).unwrap().pages.0);
        let best = pages.min().unwrap();
        assert!(
            reclaim.pages.0 <= best + 1,
            "{workload} at opt-level {level}: {} pages, {best} at best",
            reclaim.pages.0
        );
    }
}

#[test]
fn reclaim_alloc_takes_less_than_half_of_the_best_rivals_gas_for_the_ring() {
    let gas = |allocator| {
        league()
            .figures("ring", OptLevel::Three, allocator)
            .unwrap()
            .gas
    };
    let best = rivals().filter_map(gas).min().unwrap();
    let mine = gas(Allocator::Reclaim).unwrap();
    assert!(2 * mine.0 <= best.0, "{mine:?} against {best:?}");
}
