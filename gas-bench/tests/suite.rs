//! The actual edge-cases contract: built with every allocator and run as on chain.
//!
//! Lives here: what must hold of the figures on every machine. Not here: the figures themselves, which change with every compiler.

use std::path::Path;

use gas_bench::chain::Target;
use gas_bench::measure::edge_cases;
use gas_bench::measure::own_contracts;
use stylus_cargo::Allocator;
use stylus_report::figures::edge_cases::{Case, Conditions, Function, Measurement, Results};
use stylus_vm::{ArbOs, Ink, InkPrice};

fn measure(conditions: Conditions) -> Results {
    let contracts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts");
    let own = own_contracts(Some(&contracts)).unwrap();
    let results = edge_cases(
        &own,
        &Target::Embedded(ArbOs::ARBITRUM_ONE),
        Allocator::ALL,
        &[conditions],
        &|_, _| (),
    )
    .unwrap();
    let failures: Vec<_> = results.failures().map(ToString::to_string).collect();
    assert_eq!(failures, [""; 0]);
    results
}

fn figure(results: &Results, allocator: Allocator, function: Function) -> Measurement {
    let case = Case {
        conditions: results.conditions[0],
        function,
    };
    results
        .measurement(allocator, case)
        .expect("no failures were listed")
}

/// Checks that MiniAlloc itself spends less than every other allocator, and at most 5 % more for zeroed memory. Compared with mini-alloc
/// 1.0.0, which the compiler copies to every place that allocates, it is the program that must be smaller: a start pays for size, and the
/// start is not among these figures.
fn check_reference(results: &Results) {
    for &function in Function::ALL {
        let mini = figure(results, Allocator::Mini, function);
        for &rival in Allocator::ALL {
            let theirs = figure(results, rival, function);
            let copied = [Allocator::Mini, Allocator::MiniUpstream].contains(&rival);
            assert!(
                copied || own_ink(mini) < own_ink(theirs),
                "{function:?}: {mini:?}, {rival} {theirs:?}"
            );
        }
    }
    let size = |allocator| results.sizes(allocator).expect("it was built").processed;
    assert!(size(Allocator::Mini) < size(Allocator::MiniUpstream));
    let Ink(plain) = own_ink(figure(results, Allocator::Mini, Function::Alloc));
    let Ink(zeroed) = own_ink(figure(results, Allocator::Mini, Function::AllocZeroed));
    assert!(
        zeroed * 20 <= plain * 21,
        "alloc {plain} ink, alloc_zeroed {zeroed} ink"
    );
}

/// What an allocator spent itself, without the price of pages. The number of pages depends on the sequence as much as on the allocator:
/// it requests as many bytes as the addresses it was given.
fn own_ink(measurement: Measurement) -> Ink {
    let for_pages = InkPrice::DEFAULT.gas_to_ink(measurement.page_gas);
    measurement
        .ink
        .checked_sub(for_pages)
        .expect("pages are part of the whole")
}

/// Theorem: on chain every allocator passes its checks; MiniAlloc itself spends less ink than any other except 1.0.0, and its program is
/// smaller than that of 1.0.0; zeroed memory costs it at most 5 % more; and a second run agrees to the last ink and byte.
#[test]
fn what_must_hold_on_chain() {
    let results = measure(Conditions::OnChain);
    check_reference(&results);

    let again = measure(Conditions::OnChain);
    for &allocator in Allocator::ALL {
        assert_eq!(
            results.sizes(allocator),
            again.sizes(allocator),
            "{allocator}"
        );
        for &function in Function::ALL {
            assert_eq!(
                figure(&results, allocator, function),
                figure(&again, allocator, function)
            );
        }
    }
}

/// Theorem: the same holds under the conditions of the published table, where an allocator that zeroes by writing costs more than a
/// thousand times as much as MiniAlloc.
#[test]
fn what_must_hold_as_published() {
    let results = measure(Conditions::Published);
    check_reference(&results);

    let Ink(mini) = own_ink(figure(&results, Allocator::Mini, Function::AllocZeroed));
    for writes in [Allocator::Wee, Allocator::Std] {
        let Ink(theirs) = own_ink(figure(&results, writes, Function::AllocZeroed));
        assert!(theirs > 1_000 * mini, "{writes}: {theirs} ink, {mini} ink");
    }
}

/// Theorem: a node that is already running, with only what `nitro --dev` offers, gives the figures that an embedded devnet gives, and
/// keeps its own page costs.
#[test]
fn a_node_that_runs_already_gives_the_same_figures() {
    let contracts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts");
    let own = own_contracts(Some(&contracts)).unwrap();
    let config = stylus_devnet::Config {
        port: 0,
        bare: true,
        arbos: stylus_devnet::ArbOs::ARBITRUM_ONE,
        request_timeout: None,
        ..stylus_devnet::Config::default()
    };
    let devnet = stylus_devnet::Devnet::start(config).unwrap();
    let (_, key) = devnet.accounts()[0];
    let url = devnet.url();
    let measure = |target: &Target| {
        edge_cases(
            &own,
            target,
            &[Allocator::Mini],
            Conditions::ALL,
            &|_, _| (),
        )
        .unwrap()
    };
    let (there, here) = (
        measure(&Target::Endpoint { url, key }),
        measure(&Target::Embedded(ArbOs::ARBITRUM_ONE)),
    );
    for &conditions in Conditions::ALL {
        for &function in Function::ALL {
            let case = Case {
                conditions,
                function,
            };
            let figure = there.measurement(Allocator::Mini, case);
            let failures: Vec<_> = there.failures().map(ToString::to_string).collect();
            assert!(figure.is_some(), "{case}: {failures:?}");
            let embedded = here.measurement(Allocator::Mini, case);
            assert_eq!(figure, embedded, "{case}");
        }
    }
}
