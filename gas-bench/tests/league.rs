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

/// Measures the league at some levels.
fn measured(levels: &[OptLevel]) -> League {
    let contracts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts");
    let own = own_contracts(Some(&contracts.canonicalize().unwrap())).unwrap();
    measure::league(&own, Allocator::LEAGUE, levels, &|_, _| ()).unwrap()
}

/// The league at opt-level 3, a third of the programs, measured once.
fn at_3() -> &'static League {
    static LEAGUE: OnceLock<League> = OnceLock::new();
    LEAGUE.get_or_init(|| measured(&[OptLevel::Three]))
}

/// The league at all levels, measured once.
fn at_all() -> &'static League {
    static LEAGUE: OnceLock<League> = OnceLock::new();
    LEAGUE.get_or_init(|| measured(OptLevel::ALL))
}

/// Every program with `allocator`: its name, its level, its figures.
fn programs(
    league: &League,
    allocator: Allocator,
) -> impl Iterator<Item = (&str, OptLevel, WorkloadFigures)> {
    league.workloads.keys().flat_map(move |workload| {
        league.levels().into_iter().map(move |level| {
            let figures = league.figures(workload, level, allocator).unwrap();
            (workload.as_str(), level, figures)
        })
    })
}

/// LEAGUE.md, with these whole calls.
fn markdown(league: &League, calls: Option<&Calls>) -> String {
    LeagueContent { league, calls }.write(Format::Markdown, Colour::Never)
}

/// LEAGUE.md as it is in the repository.
fn published() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("LEAGUE.md");
    std::fs::read_to_string(path).unwrap()
}

/// A document's text from one heading up to another.
fn between<'a>(text: &'a str, heading: &str, next: &str) -> &'a str {
    let (begin, end) = (text.find(heading), text.find(next));
    &text[begin.unwrap()..end.unwrap_or(text.len())]
}

#[test]
fn what_the_table_says_of_level_3_is_what_is_measured() {
    let measured = markdown(at_3(), None);
    let section = |text| {
        between(text, "## Opt-level 3\n", "## Opt-level s\n")
            .trim()
            .to_owned()
    };
    assert_eq!(section(&published()), section(&measured));
}

/// The theorems below about workloads hold at every level, and all of LEAGUE.md but whole calls is what is measured.
#[test]
#[ignore = "long: 884 programs more; scripts/test --long runs it"]
fn long_every_level_is_as_level_3() {
    let measured = markdown(at_all(), None);
    let (head, tail) = measured.split_at(measured.find(WORKLOADS).unwrap());
    let published = published();
    let calls = between(&published, "## Whole calls\n", WORKLOADS);
    expected::check("LEAGUE.md", &[head, calls, tail].concat());
    expected::check("LEAGUE.svg", &league_chart(at_all()));
    THEOREMS.iter().for_each(|theorem| theorem(at_all()));
}

/// What must hold of a league, at whatever levels it has.
const THEOREMS: &[fn(&League)] = &[
    in_place_has_a_third_of_the_overhead,
    an_allocation_costs_less_than_a_block_more,
    in_place_never_takes_more,
    reclaim_is_the_cheapest,
    reclaim_takes_a_page_more_at_most,
];

/// The heading of the section after whole calls.
const WORKLOADS: &str = "## Workloads\n";

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
    expected::check("LEAGUE.md", &markdown(at_all(), Some(&measured.unwrap())));
}

#[test]
fn mini_alloc_in_place_has_a_third_of_the_overhead_at_most() {
    in_place_has_a_third_of_the_overhead(at_3());
}

/// This is the variant for programs that allocate a lot.
fn in_place_has_a_third_of_the_overhead(league: &League) {
    let average = league.average_share(&league.levels(), Allocator::MiniInPlace);
    assert!(average.unwrap() <= 3500, "{average:?} of 10,000");
}

/// The cost of a metered block, in ink, from Nitro's schedule.
const BLOCK: i128 = 2_450;

#[test]
fn an_allocation_costs_less_than_a_metered_block_more_than_the_floors() {
    an_allocation_costs_less_than_a_block_more(at_3());
}

/// In workloads that do little but allocate, an allocation costs less than one metered block more than with the floor, everything included.
/// Each is listed with its number of allocations. (At opt-level z the compiler calls what it otherwise inlines.)
fn an_allocation_costs_less_than_a_block_more(league: &League) {
    for (workload, allocations) in [
        ("vec_drop", 1000),
        ("small_objects", 2000),
        ("tree", 500),
        ("churn_first_fixed", 4200),
    ] {
        let levels = league.levels().into_iter();
        for level in levels.filter(|&level| level != OptLevel::Z) {
            let overhead = league
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
    let added: Vec<_> = programs(at_3(), Allocator::Mini)
        .map(|(workload, level, mini)| {
            let upstream = at_3()
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
    in_place_never_takes_more(at_3());
}

fn in_place_never_takes_more(league: &League) {
    for (workload, level, mini) in programs(league, Allocator::MiniInPlace) {
        let upstream = league
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
    reclaim_is_the_cheapest(at_3());
}

fn reclaim_is_the_cheapest(league: &League) {
    let reusing = programs(league, Allocator::Reclaim).filter(|(workload, ..)| reuses(workload));
    for (workload, level, reclaim) in reusing {
        for rival in rivals() {
            let gas = league.figures(workload, level, rival).unwrap().gas;
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
    reclaim_takes_a_page_more_at_most(at_3());
}

fn reclaim_takes_a_page_more_at_most(league: &League) {
    let reusing = programs(league, Allocator::Reclaim).filter(|(workload, ..)| reuses(workload));
    for (workload, level, reclaim) in reusing {
        let pages = rivals().map(|rival| league.figures(workload, level, rival).unwrap().pages.0);
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
        at_3()
            .figures("ring", OptLevel::Three, allocator)
            .unwrap()
            .gas
    };
    let best = rivals().filter_map(gas).min().unwrap();
    let mine = gas(Allocator::Reclaim).unwrap();
    assert!(2 * mine.0 <= best.0, "{mine:?} against {best:?}");
}
