//! An invented report with everything in it that a report can have.
//!
//! Lives here: its contracts and its baselines. Not here: checks of its rendering (`page`).

use std::collections::BTreeMap;

use stylus_report::content::Pictures;
use stylus_report::figures::{
    Bytes, Call, Contract, Deployment, Hostio, MadeWith, Outcome, Parts, Report, Run, SCHEMA,
    Sizes, StartGas,
};
use stylus_vm::{Gas, Ink, Pages};

pub(crate) const INK_PER_GAS: u32 = 10_000;

/// Text that would be a script and an attribute if it were not escaped, and invalid XML if it were kept.
pub(crate) const HOSTILE: &str = "<script>alert(\"1\")</script>&'\u{1}\u{202e}\u{ffff}";

fn made_with(toolchain: &str, unseen: &[&str]) -> MadeWith {
    MadeWith {
        gas_bench: "0.1.0".to_owned(),
        toolchain: toolchain.to_owned(),
        reproducible: false,
        chain: "embedded devnet".to_owned(),
        arbos: 51,
        ink_per_gas: INK_PER_GAS,
        unseen: unseen.iter().map(|&sentence| sentence.to_owned()).collect(),
    }
}

/// A run whose parts add up, as in every real run.
fn run(arguments: &[&str], output: &str, mut parts: Parts) -> Run {
    let ink = parts.program_ink().0 % u64::from(INK_PER_GAS);
    parts.rounding = Ink((u64::from(INK_PER_GAS) - ink) % u64::from(INK_PER_GAS));
    Run {
        arguments: arguments
            .iter()
            .map(|&argument| argument.to_owned())
            .collect(),
        gas: parts.total(INK_PER_GAS).unwrap(),
        start_pages: Pages(1),
        peak_pages: Pages(1 + u16::from(parts.pages > Ink(0)) * 2),
        parts,
        reverted: false,
        output: output.to_owned(),
    }
}

fn parts(calldata: u64, wasm: u64, hostios: &[(&str, u64, u64)]) -> Parts {
    let hostios = hostios.iter().map(|&(name, calls, ink)| {
        let hostio = Hostio {
            calls,
            ink: Ink(ink),
        };
        (name.to_owned(), hostio)
    });
    Parts {
        transaction: Gas(21_000 + calldata),
        start: Gas(1_788),
        wasm: Ink(wasm),
        hostios: hostios.collect(),
        ..Parts::default()
    }
}

fn call(name: &str, signature: &str, runs: Vec<Run>) -> Call {
    Call {
        name: name.to_owned(),
        signature: signature.to_owned(),
        generated: false,
        outcome: Outcome::Runs(runs),
    }
}

fn failed(name: &str, signature: &str, reason: &str) -> Call {
    Call {
        name: name.to_owned(),
        signature: signature.to_owned(),
        generated: true,
        outcome: Outcome::Failure(reason.to_owned()),
    }
}

fn deployment(code: u64, accounts: u32) -> Deployment {
    Deployment {
        sizes: Sizes {
            built: Bytes(code * 37 / 10),
            processed: Bytes(code * 31 / 10),
            code: Bytes(code),
            account_limit: Bytes(24_576),
            fragments_limit: Bytes(98_304),
            processed_limit: Bytes(131_072),
            accounts,
        },
        deploy_gas: Gas(code * 203 + 53_000),
        activation_gas: Gas(14_212_300 + code),
        data_fee_wei: format!("{}000000000", code * 3_801),
        start: StartGas {
            uncached: Gas(18_644),
            cached: Gas(1_788),
            repeated: Some(Gas(1_788)),
            pages: Pages(1),
            page_gas: Gas(0),
        },
    }
}

/// The calls of the token when its instructions cost `work` per cent of their final cost.
fn token(work: u64) -> Vec<Call> {
    let common = [
        ("read_args", 1, 17_644),
        ("msg_value", 1, 13_440),
        ("write_result", 1, 17_640),
    ];
    let with = |wasm: u64, more: &[(&str, u64, u64)]| {
        parts(1_100, wasm * work / 100, &[&common[..], more].concat())
    };
    let transfers = (0..12_u64).map(|index| {
        let first = if index == 0 { 171_000_000 } else { 0 };
        let hostios = [
            ("storage_load_bytes32", 2, 42_020_000),
            ("storage_cache_bytes32", 2, 360_000),
            ("storage_flush_cache", 1, 100_840_000 + first),
            ("emit_log", 1, 18_812_300),
            ("native_keccak256", 3, 652_800),
        ];
        let amount = (index + 1).pow(9).to_string();
        run(
            &["0x00000000000000000000000000000000000000b0", &amount],
            "true",
            with(1_264_311 + index * 40_111, &hostios),
        )
    });
    let mut burn = with(
        911_000,
        &[
            ("storage_load_bytes32", 2, 42_020_000),
            ("storage_flush_cache", 1, 100_840_000),
            ("emit_log", 1, 18_812_300),
        ],
    );
    burn.refund = Gas(4_800);
    let mut reverting = run(
        &[
            "0x00000000000000000000000000000000000000b0",
            "340282366920938463463374607431768211455",
        ],
        "InsufficientBalance(0x00000000000000000000000000000000000000a0, 0, 340282366920938463463374607431768211455)",
        with(700_000, &[("storage_load_bytes32", 1, 21_010_000)]),
    );
    reverting.reverted = true;
    let through = with(
        2_500_000,
        &[
            ("call_contract", 2, 310_450_000),
            ("static_call_contract", 1, 8_400_000),
            ("read_return_data", 3, 91_500),
            ("storage_load_bytes32", 1, 21_010_000),
        ],
    );
    let mut metadata = with(9_400_500, &[("pay_for_memory_grow", 2, 16_800)]);
    metadata.pages = Ink(20_480_000);
    metadata.start_pages = Gas(1_000);
    vec![
        call("transfer", "transfer(address,uint256)", transfers.collect()),
        call(
            "transfer too much",
            "transfer(address,uint256)",
            vec![reverting.clone(), {
                let mut run = reverting;
                run.reverted = false;
                run
            }],
        ),
        call("burn", "burn(uint256)", vec![run(&["1000000"], "", burn)]),
        call(
            "swap through a pair",
            "swapExactTokensForTokens(uint256,uint256,address[],address,uint256)",
            vec![run(
                &[
                    "1",
                    "0",
                    "[0x00000000000000000000000000000000000000b0, 0x00000000000000000000000000000000000000c0]",
                    "0x00000000000000000000000000000000000000a0",
                    "1893456000",
                ],
                "[1, 1]",
                through,
            )],
        ),
        call(
            "metadata",
            "tokenURI(uint256)",
            vec![run(
                &["7"],
                &format!("data:application/json;base64,{}", "eyJuYW1lIjoi".repeat(20)),
                metadata,
            )],
        ),
        call(
            "balance_of",
            "balanceOf(address)",
            vec![run(
                &["0x00000000000000000000000000000000000000a0"],
                "1000000",
                with(240_000, &[("storage_load_bytes32", 1, 21_010_000)]),
            )],
        ),
    ]
}

fn contract(name: &str, deployment: Option<Deployment>, calls: Vec<Call>) -> Contract {
    Contract {
        name: name.to_owned(),
        by_standards: false,
        plan: Some(format!("{name}/gas-bench.toml")),
        deployment,
        calls,
        left_out: vec!["function strange(Order<1>[] orders): nobody knows it".to_owned()],
        advice: Vec::new(),
        failures: Vec::new(),
    }
}

/// A contract whose name, calls and outcomes were chosen to break a page.
fn hostile() -> Contract {
    let long = "x".repeat(200);
    let mut parts = parts(160, 3_000_000, &[(HOSTILE, 1, 5_000_000)]);
    parts.l1 = Gas(7_300);
    parts.floor = Gas(2_010);
    parts.unseen = Gas(1_200);
    parts.forfeited = Ink(4_000_000);
    let mut named = call(
        HOSTILE,
        &format!("{HOSTILE}(uint256)"),
        vec![run(&[HOSTILE, &long], HOSTILE, parts.clone())],
    );
    named.generated = true;
    let mut contract = contract(
        HOSTILE,
        Some(deployment(41_337, 2)),
        vec![
            named,
            call(&long, &format!("{long}()"), vec![run(&[], "", parts)]),
            failed(&format!("{long}y"), "f()", HOSTILE),
        ],
    );
    contract.plan = None;
    if let Some(deployment) = &mut contract.deployment {
        deployment.start.repeated = None;
        deployment.data_fee_wei = HOSTILE.to_owned();
    }
    contract
}

/// A contract that is not on the chain.
fn refused() -> Contract {
    let mut refused = contract("refused", None, Vec::new());
    refused.failures = vec![
        "the module imports forward__set_trailing_data, which is not a host call of Stylus: remove what needs it".to_owned(),
    ];
    refused
}

/// The report itself.
pub(crate) fn report() -> Report {
    let mut calls = token(100);
    let mut generated = call(
        "approve",
        "approve(address,uint256)",
        vec![run(
            &["0x0000000000000000000000000000000000000001", "1"],
            "true",
            parts(
                900,
                800_000,
                &[
                    ("storage_flush_cache", 1, 221_000_000),
                    ("emit_log", 1, 18_812_300),
                ],
            ),
        )],
    );
    generated.generated = true;
    calls.push(generated);
    calls.push(failed("permit", "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)",
        "the call reverts with SignatureExpired(): give it arguments that do not, or say `reverts = true`"));
    Report {
        schema: SCHEMA,
        made_with: made_with(
            "rustc 1.95.0 (59807616e 2026-04-14)",
            &["The parent chain's fee is not told apart."],
        ),
        contracts: vec![
            contract("erc20", Some(deployment(17_215, 1)), calls),
            hostile(),
            refused(),
        ],
        missed_lto: BTreeMap::new(),
    }
}

/// Earlier reports, the oldest first, made with other compilers.
pub(crate) fn baselines() -> Vec<(String, Report)> {
    let report = |toolchain: &str, work: u64, code: u64| Report {
        schema: SCHEMA,
        made_with: made_with(toolchain, &[]),
        contracts: vec![contract("erc20", Some(deployment(code, 1)), token(work))],
        missed_lto: BTreeMap::new(),
    };
    let mut oldest = report("rustc 1.93.0", 240, 19_988);
    // One call did not exist yet.
    oldest.contracts[0].calls.remove(3);
    let middle = report("rustc 1.94.1", 240, 18_020);
    let mut newest = report("rustc 1.94.1", 92, 17_001);
    let calls = &mut newest.contracts[0].calls;
    // One call was more expensive, one had different arguments, one is gone, one succeeded.
    if let Outcome::Runs(runs) = &mut calls[2].outcome {
        runs[0].gas = Gas(runs[0].gas.0 + 3_000);
        runs[0].parts.transaction = Gas(runs[0].parts.transaction.0 + 3_000);
    }
    if let Outcome::Runs(runs) = &mut calls[5].outcome {
        runs[0].arguments = vec!["0x0000000000000000000000000000000000000000".to_owned()];
    }
    let mut others = calls.clone();
    others[5].name = "sweep".to_owned();
    others[4].name = "permit".to_owned();
    calls.extend(others.drain(4..));
    vec![
        ("v1.0.0".to_owned(), oldest),
        ("v1.1.0".to_owned(), middle),
        ("main".to_owned(), newest),
    ]
}

/// Pictures with the same identifiers in each, as other tools draw them.
pub(crate) fn pictures() -> BTreeMap<String, Pictures> {
    let svg = |name: &str| {
        format!(
            "<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1200\" height=\"310\"><text id=\"title\">{name}</text></svg>"
        )
    };
    let extras = Pictures {
        flame_graphs: vec![
            ("transfer".to_owned(), svg("transfer")),
            (HOSTILE.to_owned(), svg("burn")),
        ],
        treemap: Some(svg("treemap")),
    };
    BTreeMap::from([("erc20".to_owned(), extras)])
}
