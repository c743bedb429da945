//! The order of a comparison, and what it finds out about its variants.
//!
//! Lives here: builds that are mere numbers, and contracts that were never deployed. Not here: cargo (`builds`).

use std::collections::BTreeMap;
use std::sync::Mutex;

use gas_bench::measure::compare::{VariantEvent, run};
use stylus_cargo::{Allocator, Mode, OptLevel, Variant, VariantError, Variations};
use stylus_report::figures::comparison::Measured;
use stylus_report::figures::{Call, Contract};
use wasm_encoder::{CustomSection, Module, TypeSection};

use super::{contract, failing, runs};

/// A module that stands for a number: it has that many types, 40 at most.
fn module(number: u8) -> Vec<u8> {
    let mut types = TypeSection::new();
    for _ in 0..number {
        types.ty().function([], []);
    }
    let mut module = Module::new();
    module.section(&types);
    module.section(&CustomSection {
        name: "name".into(),
        data: (&[][..]).into(),
    });
    module.finish()
}

fn number(module: &[u8]) -> u8 {
    // After the header, the section's ID and its size comes the number of types.
    module[10]
}

/// The result of a build with an allocator and at a level.
type Built<'a> = (Option<Allocator>, Option<OptLevel>, Result<u8, &'a str>);

/// Runs a comparison whose builds produce these modules, which are measured as these contracts. Optimising adds 20.
fn compare(
    settings: &Variations,
    builds: &[Built<'_>],
    contracts: &[(u8, Contract)],
) -> Vec<Measured> {
    let contracts: BTreeMap<_, _> = contracts.iter().cloned().collect();
    run(
        settings,
        &|Variant {
              allocator, level, ..
          }| {
            let mut builds = builds.iter();
            let (_, _, built) = builds
                .find(|(other, at, _)| *other == allocator && *at == level)
                .unwrap();
            built.map(module).map_err(|message| VariantError::Failed {
                message: message.to_owned(),
            })
        },
        &|built, _| Ok(module(number(built) + 20)),
        &|module| contracts[&number(module)].clone(),
        &|_| {},
    )
}

/// Every variant with the gas of its call `f`, or why it has none.
fn outcomes(measured: &[Measured]) -> Vec<(String, Result<u64, String>)> {
    let outcome = |measured: &Measured| {
        let total = measured.outcome.clone().and_then(|figures| {
            let call = figures.calls.into_iter().find(|call| call.name == "f");
            call.unwrap().total
        });
        (measured.variant.to_string(), total.map(|total| total.gas.0))
    };
    measured.iter().map(outcome).collect()
}

#[test]
fn every_variant_is_built_once_for_all_modes_and_measured_once_for_all_alike() {
    let settings = Variations {
        allocators: vec![Allocator::Mini, Allocator::Std, Allocator::Mini],
        levels: vec![OptLevel::S],
        lto: Vec::new(),
        modes: vec![Mode::Off, Mode::O3, Mode::Oz],
    };
    let (built, measured) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    let events = Mutex::new(Vec::new());
    let variants = run(
        &settings,
        &|Variant {
              allocator, level, ..
          }| {
            built.lock().unwrap().push((allocator, level));
            let number = match allocator {
                None => 1,
                Some(Allocator::Mini) => 2,
                Some(_) => 3,
            };
            Ok(module(number + if level.is_some() { 10 } else { 0 }))
        },
        // Both modes produce the same module from any build.
        &|built, _| Ok(module(number(built) + 20)),
        &|module| {
            measured.lock().unwrap().push(number(module));
            contract(5_000, vec![runs("f", &[(u64::from(number(module)), "")])])
        },
        &|event| events.lock().unwrap().push(event),
    );
    let mut built = built.into_inner().unwrap();
    built.sort();
    let (mini, std, s) = (
        Some(Allocator::Mini),
        Some(Allocator::Std),
        Some(OptLevel::S),
    );
    assert_eq!(
        built,
        [
            (None, None),
            (None, s),
            (mini, None),
            (mini, s),
            (std, None),
            (std, s)
        ]
    );
    let mut measured = measured.into_inner().unwrap();
    measured.sort_unstable();
    assert_eq!(measured, [1, 2, 3, 11, 12, 13, 21, 22, 23, 31, 32, 33]);
    let found: Vec<_> = outcomes(&variants);
    let found: Vec<_> = found
        .iter()
        .map(|(name, gas)| (name.as_str(), gas.clone().unwrap()))
        .collect();
    assert_eq!(
        found[..9],
        [
            ("today", 1),
            ("wasm-opt -O3", 21),
            ("wasm-opt -Oz", 21),
            ("opt-level s", 11),
            ("opt-level s and wasm-opt -O3", 31),
            ("opt-level s and wasm-opt -Oz", 31),
            ("MiniAlloc", 2),
            ("wasm-opt -O3 and MiniAlloc", 22),
            ("wasm-opt -Oz and MiniAlloc", 22),
        ]
    );
    assert_eq!(variants.len(), settings.variants());
    let same: Vec<_> = variants
        .iter()
        .map(|it| it.same_as.map(|it| it.to_string()))
        .collect();
    assert_eq!(
        same[..4],
        [None, None, Some("wasm-opt -O3".to_owned()), None]
    );
    let events = events.into_inner().unwrap();
    let done = events
        .iter()
        .filter(|event| matches!(event, VariantEvent::Done(_)));
    assert_eq!(done.count(), variants.len(), "progress comes to its end");
    assert!(events.contains(&VariantEvent::Building(Variant::TODAY)));
    assert_eq!(events[0], VariantEvent::Planned(18));
}

/// Checks the outcome of opt-level s with the calls `other`, compared with the author's own build with the calls `today`.
#[track_caller]
fn check(today: Vec<Call>, other: Vec<Call>, expected: Result<u64, &str>) {
    let settings = Variations {
        levels: vec![OptLevel::S],
        ..Variations::default()
    };
    let measured = compare(
        &settings,
        &[(None, None, Ok(1)), (None, Some(OptLevel::S), Ok(2))],
        &[(1, contract(5_000, today)), (2, contract(4_000, other))],
    );
    assert!(
        measured[0].outcome.is_ok(),
        "today's build is never another contract"
    );
    let (_, found) = outcomes(&measured).pop().unwrap();
    assert_eq!(
        found.as_ref().map_err(String::as_str),
        expected.as_ref().map_err(|it| *it)
    );
}

/// Theorem: a variant that answers differently has no figures.
#[test]
fn what_is_another_contract_has_no_figures() {
    let f = |answers: &[(u64, &str)]| vec![runs("f", answers)];
    check(
        f(&[(100, "1"), (200, "!no")]),
        f(&[(90, "1"), (190, "!no")]),
        Ok(280),
    );
    check(
        f(&[(100, "1")]),
        f(&[(90, "2")]),
        Err(
            "f returns 2, but today's build returns 1: a build is broken, or the answer depends on gas or addresses",
        ),
    );
    check(
        f(&[(100, "1"), (100, "")]),
        f(&[(90, "1"), (90, "!")]),
        Err(
            "f, run 2 reverts, but today's build returns nothing: a build is broken, or the answer depends on gas or addresses",
        ),
    );
    check(
        f(&[(100, "!a")]),
        f(&[(90, "!b")]),
        Err(
            "f reverts with b, but today's build reverts with a: a build is broken, or the answer depends on gas or addresses",
        ),
    );
    check(
        f(&[(100, "1")]),
        vec![failing("f", "it ran out of gas")],
        Err("f works in today's build but not here: it ran out of gas"),
    );
    check(
        f(&[(100, "1")]),
        vec![],
        Err("f has 0 runs, but 1 in today's build: the calls must be the same"),
    );
}

#[test]
fn a_call_that_fails_today_may_work_elsewhere() {
    check(
        vec![failing("f", "it ran out of gas")],
        vec![runs("f", &[(90, "1")])],
        Ok(90),
    );
    check(
        vec![failing("f", "it ran out of gas")],
        vec![failing("f", "it trapped")],
        Err("it trapped"),
    );
}

#[test]
fn what_fails_for_one_variant_is_its_own_outcome() {
    let settings = Variations {
        allocators: vec![Allocator::Wee],
        levels: vec![OptLevel::Z],
        lto: Vec::new(),
        modes: vec![Mode::O3],
    };
    let (wee, z) = (Some(Allocator::Wee), Some(OptLevel::Z));
    let refused = Contract {
        deployment: None,
        advice: Vec::new(),
        failures: vec!["the chain refuses it".to_owned()],
        ..contract(0, vec![])
    };
    let works = |gas| contract(5_000, vec![runs("f", &[(gas, "1")])]);
    let measured = compare(
        &settings,
        &[
            (None, None, Ok(1)),
            (None, z, Err("no such item")),
            (wee, None, Ok(2)),
            (wee, z, Ok(3)),
        ],
        &[
            (1, refused.clone()),
            (21, works(10)),
            (2, works(20)),
            (22, works(21)),
            (3, works(30)),
            (23, refused),
        ],
    );
    let failed = "it does not build: no such item; correct that, or leave this variant out";
    let expected = [
        ("today", Err("the chain refuses it")),
        ("wasm-opt -O3", Ok(10)),
        ("opt-level z", Err(failed)),
        ("opt-level z and wasm-opt -O3", Err(failed)),
        ("WeeAlloc", Ok(20)),
        ("wasm-opt -O3 and WeeAlloc", Ok(21)),
        ("opt-level z and WeeAlloc", Ok(30)),
        (
            "opt-level z, wasm-opt -O3 and WeeAlloc",
            Err("the chain refuses it"),
        ),
    ];
    let expected = expected.map(|(name, gas)| (name.to_owned(), gas.map_err(str::to_owned)));
    assert_eq!(outcomes(&measured), expected);
}

/// Theorem: if two allocators produce the same module, neither is in use, and no figure says that one is.
#[test]
fn an_allocator_that_is_not_in_use_has_no_figures() {
    let settings = Variations {
        allocators: vec![Allocator::Mini, Allocator::Wee],
        levels: vec![OptLevel::S],
        lto: Vec::new(),
        modes: vec![],
    };
    let (mini, wee, s) = (
        Some(Allocator::Mini),
        Some(Allocator::Wee),
        Some(OptLevel::S),
    );
    let measured = compare(
        &settings,
        &[
            (None, None, Ok(1)),
            (None, s, Ok(2)),
            (mini, None, Ok(3)),
            (mini, s, Ok(2)),
            (wee, None, Ok(3)),
            (wee, s, Ok(4)),
        ],
        &[1, 2, 3, 4].map(|it| (it, contract(5_000, vec![runs("f", &[(u64::from(it), "")])]))),
    );
    let idle = "its module does not change with the allocator: the contract never allocates, or has a global allocator other than \
                mini-alloc's";
    let expected = [
        ("today", Ok(1)),
        ("opt-level s", Ok(2)),
        ("MiniAlloc", Err(idle)),
        // The same as the author's own build, whose allocator may be this one.
        ("opt-level s and MiniAlloc", Ok(2)),
        ("WeeAlloc", Err(idle)),
        ("opt-level s and WeeAlloc", Ok(4)),
    ];
    let expected = expected.map(|(name, gas)| (name.to_owned(), gas.map_err(str::to_owned)));
    assert_eq!(outcomes(&measured), expected);
}

/// Theorem: that a feature of an allocator makes no difference is no sign that the allocator is not in use.
#[test]
fn features_may_make_no_difference() {
    let settings = Variations {
        allocators: vec![Allocator::Mini, Allocator::MiniOutlined, Allocator::Wee],
        levels: vec![],
        lto: Vec::new(),
        modes: vec![],
    };
    let [mini, outlined, wee] =
        [Allocator::Mini, Allocator::MiniOutlined, Allocator::Wee].map(Some);
    let measured = compare(
        &settings,
        &[
            (None, None, Ok(1)),
            (mini, None, Ok(2)),
            (outlined, None, Ok(2)),
            (wee, None, Ok(3)),
        ],
        &[1, 2, 3].map(|it| (it, contract(5_000, vec![runs("f", &[(u64::from(it), "")])]))),
    );
    let expected = [
        ("today", Ok(1)),
        ("MiniAlloc", Ok(2)),
        ("MiniAlloc outlined", Ok(2)),
        ("WeeAlloc", Ok(3)),
    ];
    let expected = expected.map(|(name, gas)| (name.to_owned(), gas.map_err(str::to_owned)));
    assert_eq!(outcomes(&measured), expected);
}
