//! Invented reports, with everything in them that a report can have.
//!
//! Lives here: figures of realistic magnitude, and some unrealistic ones. Not here: what is made of them.

use std::collections::BTreeMap;

use stylus_report::figures::{
    Bytes, Call, Contract, Deployment, Hostio, MadeWith, Outcome, Parts, Report, Run, SCHEMA,
    Sizes, StartGas,
};
use stylus_vm::{Gas, Ink, Pages};

pub(crate) const INK_PER_GAS: u32 = 10_000;

/// A run whose gas is the sum of `parts`, rounded up to whole gas.
pub(crate) fn run(mut parts: Parts) -> Run {
    let price = u64::from(INK_PER_GAS);
    let rest = parts.program_ink().0 % price;
    parts.rounding = Ink((price - rest) % price);
    Run {
        arguments: vec![
            "0x00000000000000000000000000000000000000a1".into(),
            "7".into(),
        ],
        gas: parts.total(INK_PER_GAS).unwrap(),
        parts,
        start_pages: Pages(2),
        peak_pages: Pages(5),
        reverted: false,
        output: "true".into(),
    }
}

/// Parts of an ordinary call, with `wasm` ink for instructions.
pub(crate) fn parts(wasm: u64) -> Parts {
    let hostio = |calls, ink| Hostio {
        calls,
        ink: Ink(ink),
    };
    Parts {
        transaction: Gas(21_656),
        start: Gas(8_832),
        start_pages: Gas(0),
        wasm: Ink(wasm),
        hostios: BTreeMap::from([
            ("storage_load_bytes32".into(), hostio(2, 42_123_456)),
            ("storage_flush_cache".into(), hostio(1, 200_845_678)),
            ("read_args".into(), hostio(1, 10_408)),
            ("write_result".into(), hostio(1, 10_408)),
            ("native_keccak256".into(), hostio(3, 1_213_500)),
        ]),
        pages: Ink(30_020_000),
        ..Parts::default()
    }
}

pub(crate) fn call(name: &str, runs: Vec<Run>) -> Call {
    Call {
        name: name.into(),
        signature: format!("{}(address,uint256)", name.split(' ').next().unwrap_or("")),
        generated: false,
        outcome: Outcome::Runs(runs),
    }
}

pub(crate) fn failed_call(name: &str, reason: &str) -> Call {
    Call {
        outcome: Outcome::Failure(reason.into()),
        ..call(name, vec![])
    }
}

pub(crate) fn deployment(code: u64) -> Deployment {
    Deployment {
        sizes: Sizes {
            built: Bytes(41_234),
            processed: Bytes(24_567),
            code: Bytes(code),
            account_limit: Bytes(24_576),
            fragments_limit: Bytes(98_304),
            processed_limit: Bytes(131_072),
            accounts: u32::try_from(code.div_ceil(24_576)).unwrap(),
        },
        deploy_gas: Gas(200 * code + 53_000),
        activation_gas: Gas(2_123_456),
        data_fee_wei: "117000000000123".into(),
        start: StartGas {
            uncached: Gas(8_832),
            cached: Gas(1_432),
            repeated: Some(Gas(132)),
            pages: Pages(2),
            page_gas: Gas(0),
        },
    }
}

pub(crate) fn contract(name: &str, calls: Vec<Call>) -> Contract {
    Contract {
        name: name.into(),
        by_standards: false,
        plan: Some(format!("{name}/gas-bench.toml")),
        deployment: Some(deployment(9_876)),
        calls,
        left_out: vec![
            "function strange(Order[] orders): the exported ABI does not say what `Order[]` is"
                .into(),
        ],
        advice: Vec::new(),
        failures: vec![],
    }
}

/// A contract with nothing but the reason for its failure.
pub(crate) fn broken(name: &str) -> Contract {
    Contract {
        plan: None,
        deployment: None,
        left_out: Vec::new(),
        advice: Vec::new(),
        failures: vec![
            "cargo cannot build it: error[E0308]: mismatched types, expected `U256`, found `u64 | u32`; \
             see what `cargo build` says"
                .into(),
        ],
        ..contract(name, vec![])
    }
}

pub(crate) fn report(contracts: Vec<Contract>) -> Report {
    Report {
        schema: SCHEMA,
        made_with: MadeWith {
            gas_bench: "0.1.0".into(),
            toolchain: "rustc 1.95.0 (0123456789 2026-04-14)".into(),
            reproducible: false,
            chain: "embedded devnet".into(),
            arbos: 51,
            ink_per_gas: INK_PER_GAS,
            unseen: vec![],
        },
        contracts,
        missed_lto: BTreeMap::new(),
    }
}

/// A name too long for any line, and one that would end a table cell.
pub(crate) const LONG: usize = 200;
pub(crate) const STROKE: &str = "burn `all` | @everyone #1\n<b>";

/// Two contracts that are complete except for one call, and one that does not build; calls with one run and with many, reverts, generated
/// arguments, empty places, names of all kinds, and a chain that does not report everything.
pub(crate) fn everything() -> Report {
    let reverted = Run {
        reverted: true,
        output: "Error(\"ERC20: |not| enough\\n\")".into(),
        ..run(Parts {
            hostios: BTreeMap::new(),
            pages: Ink(0),
            ..parts(123_456)
        })
    };
    let refunded = run(Parts {
        refund: Gas(4_800),
        floor: Gas(120),
        forfeited: Ink(123_456),
        ..parts(55_555_555)
    });
    let nothing = Run {
        output: String::new(),
        peak_pages: Pages(2),
        ..run(Parts {
            transaction: Gas(21_064),
            start: Gas(8_832),
            ..Parts::default()
        })
    };
    let on_parent = run(Parts {
        l1: Gas(1_234),
        unseen: Gas(77),
        ..parts(3_000_000_000)
    });
    let erc20 = contract(
        "erc20",
        vec![
            call("transfer", vec![run(parts(41_234_567))]),
            call(
                "transfer to many",
                vec![
                    run(parts(41_234_567)),
                    run(parts(99_234_567)),
                    reverted.clone(),
                    run(parts(50_000_001)),
                ],
            ),
            Call {
                generated: true,
                ..call("approve", vec![reverted])
            },
            call("clear", vec![refunded]),
            call("empty", vec![nothing]),
            failed_call(
                "mint",
                "it reverted with `NotOwner()`, which the plan does not allow; call it as the owner",
            ),
        ],
    );
    let odd = Contract {
        plan: None,
        deployment: Some(Deployment {
            start: StartGas {
                repeated: None,
                ..deployment(0).start
            },
            ..deployment(31_000)
        }),
        ..contract(
            "odd-names",
            vec![
                call(STROKE, vec![on_parent.clone()]),
                Call {
                    generated: true,
                    ..call(&"long".repeat(LONG / 4), vec![on_parent])
                },
            ],
        )
    };
    let mut report = report(vec![erc20, broken("nft"), odd]);
    report.made_with.unseen =
        vec!["This chain does not tell what its own part of the gas is for.".into()];
    report
}

/// A baseline for [`everything`] such that a diff has every kind of change.
pub(crate) fn before() -> Report {
    let mut report = everything();
    report.made_with.toolchain = "rustc 1.90.0 (9876543210 2025-09-14)".into();
    report.made_with.arbos = 40;
    let erc20 = &mut report.contracts[0];
    // In order: better now, different runs, reverting now, same, new, failing only now.
    erc20.calls[0] = call("transfer", vec![run(parts(51_234_567))]);
    erc20.calls[1] = call("transfer to many", vec![run(parts(41_234_567))]);
    erc20.calls[2] = call("approve", vec![run(parts(123_456))]);
    erc20.calls[2].generated = true;
    erc20.calls.remove(4);
    erc20.calls[4] = call("mint", vec![run(parts(1))]);
    erc20.calls.push(call("gone", vec![run(parts(2))]));
    erc20.deployment = Some(deployment(9_000));
    report.contracts[1] = contract("nft", vec![call("mint", vec![run(parts(3))])]);
    let odd = &mut report.contracts[2];
    // Worse now, fixed now.
    odd.calls[0] = call(STROKE, vec![run(parts(2_900_000_000))]);
    let name = odd.calls[1].name.clone();
    odd.calls[1] = failed_call(&name, "it ran out of gas; give it more");
    odd.deployment = Some(deployment(32_000));
    let gone = contract("gone", vec![call("any", vec![run(parts(1))])]);
    report.contracts.push(gone);
    report
}
