//! What must hold for the allocators in every workload, and that LEAGUE.md shows what is measured.

mod invented;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::OnceLock;

use gas_bench::measure::own_contracts;
use gas_bench::measure::{self, whole_calls};
use stylus_cargo::{Allocator, Lto, OptLevel, Project, replaceable};
use stylus_report::content::LeagueContent;
use stylus_report::document::{Colour, Content as _, Format};
use stylus_report::figures::comparison::{Comparison, Heat};
use stylus_report::figures::league::{Build, Calls, League, WorkloadFigures, average};
use stylus_report::picture::league_chart;
use stylus_vm::Gas;

use crate::expected;

/// The whole league, measured once.
fn league() -> &'static League {
    static LEAGUE: OnceLock<League> = OnceLock::new();
    LEAGUE.get_or_init(|| {
        let contracts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts");
        let own = own_contracts(Some(&contracts.canonicalize().unwrap())).unwrap();
        measure::league(&own, Allocator::LEAGUE, OptLevel::ALL, &|_, _| ()).unwrap()
    })
}

/// Every program with `allocator`: its name, its level, its figures.
fn programs(
    allocator: Allocator,
) -> impl Iterator<Item = (&'static str, OptLevel, WorkloadFigures)> {
    let league = league();
    league.workloads.keys().flat_map(move |workload| {
        OptLevel::ALL.iter().map(move |&level| {
            let figures = league.figures(workload, level, allocator).unwrap();
            (workload.as_str(), level, figures)
        })
    })
}

/// LEAGUE.md, with these whole calls.
fn markdown(calls: Option<&Calls>) -> String {
    let league = league();
    LeagueContent { league, calls }.write(Format::Markdown, Colour::Never)
}

#[test]
fn the_table_and_the_chart_are_what_is_measured() {
    let measured = markdown(None);
    let (head, tail) = measured.split_at(measured.find(WORKLOADS).unwrap());
    expected::check("LEAGUE.md", &[head, &recorded(), tail].concat());
    expected::check("LEAGUE.svg", &league_chart(league()));
}

/// The heading of the section after whole calls.
const WORKLOADS: &str = "## Workloads\n";

/// The section of LEAGUE.md on whole calls.
fn recorded() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("LEAGUE.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (begin, end) = (text.find("## Whole calls\n"), text.find(WORKLOADS));
    let (begin, end) = (begin.unwrap(), end.unwrap());
    text[begin..end].to_owned()
}

/// The contracts, found as any user's are.
fn contracts() -> Project {
    let contracts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts/Cargo.toml");
    Project::find(Some(&contracts.canonicalize().unwrap()), &[]).unwrap()
}

/// Contracts whose calls all work with either allocator.
const COMPARED: &[&str] = &[
    "churn",
    "codec",
    "counter",
    "erc20",
    "erc721",
    "growth",
    "merkle_airdrop",
    "signatures",
    "sort_and_map",
    "strings",
];

/// Theorem: with link-time optimisation at opt-level 3, no call of any contract costs more with `MiniAlloc` than with mini-alloc 1.0.0,
/// whether or not the chain has the program in its cache, and no activation does.
#[test]
fn no_call_is_dearer_than_with_mini_alloc_1() {
    no_call_is_dearer(&[Build {
        level: OptLevel::Three,
        lto: None,
    }]);
}

/// The same at the other levels and without link-time optimisation, except for a five-hundredth at level z without it: there rustc decides
/// anew, whatever changes among the crates, which of the SDK's generic functions several of them share, and these are not inlined.
#[test]
#[ignore = "long: 180 builds of contracts; scripts/test --long runs it"]
fn long_no_call_of_any_build_is_dearer_than_with_mini_alloc_1() {
    let builds = OptLevel::ALL.iter().flat_map(|&level| {
        Lto::ALL.map(|lto| Build {
            level,
            lto: Some(lto),
        })
    });
    no_call_is_dearer(&builds.collect::<Vec<_>>());
}

fn no_call_is_dearer(builds: &[Build]) {
    let levels: BTreeSet<_> = builds.iter().map(|build| build.level).collect();
    let lto: BTreeSet<_> = builds.iter().filter_map(|build| build.lto).collect();
    let (levels, lto): (Vec<_>, Vec<_>) = (levels.into_iter().collect(), lto.into_iter().collect());
    let both = [Allocator::Mini, Allocator::MiniUpstream];
    let calls = whole_calls(&contracts(), &both, &levels, &lto, &|_, _| ()).unwrap();
    // The contracts compared in every build. Not edge_cases, whose answer is the cost of its allocator.
    let compared = |contract: &&Comparison| {
        builds.iter().all(|&build| {
            both.iter().all(|&allocator| {
                let figures = Calls::figures(contract, build, allocator);
                figures.is_some_and(|figures| average(figures, Heat::Cached).is_some())
            })
        })
    };
    let compared = calls.contracts.iter().filter(compared);
    let compared: Vec<_> = compared.map(|it| it.contract.as_str()).collect();
    let failures: Vec<_> = calls
        .contracts
        .iter()
        .flat_map(Comparison::failures)
        .collect();
    assert_eq!(compared, COMPARED, "{failures:#?}");
    let shares = |build: Build| build.level == OptLevel::Z && build.lto == Some(Lto::Off);
    let allowed = |build: Build, of: Gas| if shares(build) { of.0 / 500 } else { 0 };
    let mut dearer = calls.dearer(builds, Allocator::Mini, Allocator::MiniUpstream);
    dearer.retain(|call| call.gas.0 > allowed(call.build, call.of));
    assert!(dearer.is_empty(), "{dearer:#?}");
    let contracts = calls.contracts.iter();
    for contract in contracts.filter(|it| COMPARED.contains(&it.contract.as_str())) {
        for &build in builds {
            let gas = |allocator| {
                Calls::figures(contract, build, allocator)
                    .unwrap()
                    .activation_gas
            };
            let (ours, theirs) = (gas(Allocator::Mini), gas(Allocator::MiniUpstream));
            let what = format!("{}, {build:?}", contract.contract);
            let most = theirs.0 + allowed(build, theirs);
            assert!(ours.0 <= most, "{what}: {ours:?}, {theirs:?}");
        }
    }
}

#[test]
#[ignore = "long: 300 builds of contracts; scripts/test --long runs it"]
fn long_the_table_of_whole_calls_is_what_is_measured() {
    let measured = whole_calls(&contracts(), &replaceable(), OptLevel::ALL, &[], &|_, _| ());
    expected::check("LEAGUE.md", &markdown(Some(&measured.unwrap())));
}

/// This is the variant for programs that allocate a lot.
#[test]
fn mini_alloc_in_place_has_a_third_of_the_overhead_at_most() {
    let average = league()
        .average_share(OptLevel::ALL, Allocator::MiniInPlace)
        .unwrap();
    assert!(average <= 3500, "{average} of 10,000");
}

/// The cost of a metered block, in ink, from Nitro's schedule.
const BLOCK: i128 = 2_450;

/// In workloads that do little but allocate, an allocation costs less than one metered block more than with the floor, everything included.
/// Each is listed with its number of allocations. (At opt-level z the compiler calls what it otherwise inlines.)
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

/// On average: compression makes individual programs differ by tens of bytes for no reason. At s and z the compiler spends what is saved on
/// inlining the allocation in more places; LEAGUE.md shows the result.
#[test]
fn mini_alloc_adds_at_most_100_bytes_to_mini_alloc_1() {
    let at_3 = programs(Allocator::Mini).filter(|(_, level, _)| *level == OptLevel::Three);
    let added: Vec<_> = at_3
        .map(|(workload, level, mini)| {
            let upstream = league()
                .figures(workload, level, Allocator::MiniUpstream)
                .unwrap();
            i128::from(mini.code.0) - i128::from(upstream.code.0)
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

/// Whether a workload allocates at least four times what is alive at a time, which is what `ReclaimAlloc` is for.
fn reuses(workload: &str) -> bool {
    let begins = [
        "churn",
        "grow_",
        "turns",
        "map",
        "scratch",
        "ring",
        "sort_buffers",
    ];
    begins.iter().any(|begin| workload.starts_with(begin))
}

/// Other projects' allocators that reuse memory. (If everything ever asked for fits into two pages, one that leaks is cheaper.)
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
        for rival in rivals() {
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
