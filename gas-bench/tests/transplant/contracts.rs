//! The effect of `override` on the example contracts.
//!
//! They are built with a library beside the cdylib, like those of `cargo stylus new` and most contracts on chains: with link-time
//! optimisation the allocator is inlined, and `override` says so. Otherwise they are built as their release profile says;
//! `CARGO_PROFILE_RELEASE_OPT_LEVEL=s cargo test --workspace --test gas_bench transplant::` runs the same test at another level, and must
//! pass as well.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

use alloy_primitives::Address;
use gas_bench::chain::Target;
use gas_bench::measure::{measure_module, plan_of};
use stylus_cargo::{Allocator, BuildSettings, ContractPackage, CrateTypes, Project};
use stylus_override::rehearsal::{Call, rehearse};
use stylus_override::{Donor, Substitute, transplant};
use stylus_plan::{CONTRACT, DEPLOYER, Plan, Step, Words};
use stylus_report::figures::{Contract, Run};
use stylus_vm::{ArbOs, Gas};

/// How much dearer a contract with a transplanted allocator can be than one built with it: 2 %.
const DEARER: u64 = 50;

/// How much cheaper it can be: 3 %. The transplanted allocator answers a request itself, which the standard library's function passes on to
/// the built one.
const CHEAPER: u64 = 33;

/// How many contracts are measured at once; one is built at a time.
const WORKERS: usize = 2;

fn contracts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts")
}

fn build(project: &Project, contract: &ContractPackage, allocator: &str) -> Vec<u8> {
    let settings = BuildSettings {
        features: vec![format!("heap/{allocator}")],
        no_default_features: true,
        crate_types: Some(CrateTypes::LibAndCdylib),
        // Like the reports on the same contracts, which share the compiled crates.
        reproducible: true,
        ..BuildSettings::default()
    };
    project.build(contract, &settings, &mut |_| {}).unwrap()
}

fn runs(contract: &Contract) -> Vec<(&str, &Run)> {
    assert_eq!(contract.failures().collect::<Vec<_>>(), [""; 0]);
    contract
        .calls
        .iter()
        .flat_map(|call| call.runs().iter().map(|run| (call.name.as_str(), run)))
        .collect()
}

/// Everything that a plan sends, as consecutive calls. Addresses only need to be the same on both sides.
fn calls(plan: &Plan) -> Vec<Call> {
    let names = plan.accounts(None).into_iter();
    let names = names.chain([CONTRACT, DEPLOYER].map(str::to_owned));
    let words = Words::new(names.zip((1..).map(Address::with_last_byte)).collect());
    let call = |step: &Step, words: &Words| Call {
        name: step.signature(),
        input: step.input(words).unwrap(),
    };
    let before = plan.constructor.iter().chain(&plan.setup);
    let mut calls: Vec<_> = before.map(|step| call(step, &words)).collect();
    for planned in &plan.calls {
        calls.extend(planned.setup.iter().map(|step| call(step, &words)));
        let runs = planned.runs().into_iter();
        calls.extend(runs.map(|run| call(&planned.step, &words.with(&run))));
    }
    calls
}

fn assert_close(got: Gas, want: Gas, what: &str) {
    let is_close = got.0 <= want.0 + want.0 / DEARER && got.0 >= want.0 - want.0 / CHEAPER;
    assert!(is_close, "{what}: {got} where a build takes {want}");
}

/// Theorem: a contract built with WeeAlloc or with the standard library's allocator and then given MiniAlloc answers every call of its
/// plan as before, and costs what it would cost if built with MiniAlloc: each call, its activation and its start.
#[test]
fn contracts_cost_what_they_would_built_anew() {
    let project = Project::find(Some(&contracts().join("Cargo.toml")), &[]).unwrap();
    let donor = Donor::compile(Substitute::Mini).unwrap();
    assert_eq!(project.contracts.len(), 11);
    let queue = Mutex::new(project.contracts.iter());
    let next = || queue.lock().unwrap().next();
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some(contract) = next() {
                    check(&project, contract, &donor);
                }
            });
        }
    });
}

/// The same theorem with ReclaimAlloc, for the contract it is meant for.
#[test]
fn reclaim_costs_what_it_would_built_anew() {
    let project =
        Project::find(Some(&contracts().join("Cargo.toml")), &["churn".to_owned()]).unwrap();
    let donor = Donor::compile(Substitute::Reclaim).unwrap();
    check(&project, &project.contracts[0], &donor);
}

fn check(project: &Project, contract: &ContractPackage, donor: &Donor) {
    let plan = plan_of(project, contract, &BuildSettings::default()).unwrap();
    let target = Target::Embedded(ArbOs::ARBITRUM_ONE);
    let measure = |wasm: &[u8]| measure_module(&target, &contract.name, wasm, &plan);
    let rebuilt = measure(&build(project, contract, donor.allocator.name()));
    for allocator in [Allocator::Wee, Allocator::Std] {
        let what = format!("{} with {} for {allocator}", contract.name, donor.allocator);
        let named = build(project, contract, allocator.name());
        let done = transplant(&named, donor).unwrap_or_else(|refusal| panic!("{what}: {refusal}"));
        let (before, after) = (measure(&done.original), measure(&done.wasm));
        // This one returns what its allocator costs and how far it can grow, which is meant to change.
        let answers_cost = contract.name == "edge_cases";
        if !answers_cost
            && let Err(difference) =
                rehearse(&done.original, &done.wasm, Address::ZERO, &calls(&plan))
        {
            panic!("{what}: {difference}");
        }
        let (before, after_) = (runs(&before), runs(&after));
        let rebuilt_ = runs(&rebuilt);
        assert_eq!(
            (before.len(), after_.len()),
            (rebuilt_.len(), rebuilt_.len())
        );
        let all = before.into_iter().zip(after_).zip(rebuilt_);
        for (((call, before), (_, after)), (_, rebuilt)) in all {
            assert_eq!(before.reverted, after.reverted, "{what}: {call}");
            if !answers_cost {
                assert_eq!(before.output, after.output, "{what}: {call}");
            }
            assert_close(after.gas, rebuilt.gas, &format!("{what}: {call}"));
        }
        let (after, rebuilt) = (
            after.deployment.unwrap(),
            rebuilt.deployment.as_ref().unwrap(),
        );
        assert_close(
            after.activation_gas,
            rebuilt.activation_gas,
            &format!("{what}: activation"),
        );
        assert_close(
            after.start.uncached,
            rebuilt.start.uncached,
            &format!("{what}: start"),
        );
    }
}
