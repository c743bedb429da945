//! The report for spreadsheets and scripts.
//!
//! Lives here: the columns, and which of them each kind of row fills. Not here: what the figures are (`figures`).

use std::collections::BTreeMap;

use serde::Serialize;

use crate::content::lto;
use crate::document::csv;
use crate::figures::{Call, Contract, Deployment, Outcome, Report, Run};

/// A row of any kind; columns that do not apply stay empty.
#[derive(Clone, Default, Serialize)]
struct Row<'a> {
    kind: &'static str,
    contract: &'a str,
    call: &'a str,
    signature: &'a str,
    generated: Option<bool>,
    /// From 1, in the order of the plan.
    run: Option<usize>,
    arguments: String,
    reverted: Option<bool>,
    gas: Option<u64>,
    transaction_gas: Option<u64>,
    l1_gas: Option<u64>,
    start_gas: Option<u64>,
    start_page_gas: Option<u64>,
    program_ink: Option<u64>,
    wasm_ink: Option<u64>,
    hostio_ink: Option<u64>,
    page_ink: Option<u64>,
    forfeited_ink: Option<u64>,
    rounding_ink: Option<u64>,
    floor_gas: Option<u64>,
    refund_gas: Option<u64>,
    unseen_gas: Option<u64>,
    start_pages: Option<u16>,
    peak_pages: Option<u16>,
    hostio: &'a str,
    hostio_calls: Option<u64>,
    built_bytes: Option<u64>,
    processed_bytes: Option<u64>,
    processed_limit_bytes: Option<u64>,
    code_bytes: Option<u64>,
    account_limit_bytes: Option<u64>,
    fragments_limit_bytes: Option<u64>,
    accounts: Option<u32>,
    deploy_gas: Option<u64>,
    activation_gas: Option<u64>,
    data_fee_wei: &'a str,
    uncached_start_gas: Option<u64>,
    cached_start_gas: Option<u64>,
    repeated_start_gas: Option<u64>,
    output: &'a str,
    /// Why there are no figures, why a function was not called, what the chain does not report, or what is lost without link-time
    /// optimisation.
    message: &'a str,
    chain: &'a str,
    arbos: u64,
    ink_per_gas: u32,
    toolchain: &'a str,
    gas_bench: &'a str,
}

pub(super) fn rows(report: &Report) -> String {
    let made = &report.made_with;
    let common = Row {
        chain: &made.chain,
        arbos: made.arbos,
        ink_per_gas: made.ink_per_gas,
        toolchain: &made.toolchain,
        gas_bench: &made.gas_bench,
        ..Row::default()
    };
    let unseen = made.unseen.iter().map(|message| Row {
        kind: "unseen",
        message,
        ..common.clone()
    });
    let missed: BTreeMap<_, _> = report
        .contracts
        .iter()
        .filter_map(|it| Some((it.name.as_str(), lto::in_report(report, it)?)))
        .collect();
    let contracts = report.contracts.iter().flat_map(|contract| {
        let missed = missed.get(contract.name.as_str());
        of_contract(contract, missed.map(String::as_str), &common)
    });
    csv(unseen.chain(contracts))
}

fn of_contract<'a>(
    contract: &'a Contract,
    missed_lto: Option<&'a str>,
    common: &Row<'a>,
) -> Vec<Row<'a>> {
    let common = Row {
        contract: &contract.name,
        ..common.clone()
    };
    let failures = contract
        .failures
        .iter()
        .map(|reason| failure(reason, &common));
    let deployment = contract.deployment.iter().map(|it| deployment(it, &common));
    let left_out = contract.left_out.iter().map(|reason| Row {
        kind: "left_out",
        message: reason,
        ..common.clone()
    });
    let missed_lto = missed_lto.map(|message| Row {
        kind: "missed_lto",
        message,
        ..common.clone()
    });
    let advice = contract.advice.iter().map(|advice| Row {
        kind: "advice",
        message: advice,
        ..common.clone()
    });
    let mut rows: Vec<_> = failures
        .chain(deployment)
        .chain(missed_lto)
        .chain(left_out)
        .chain(advice)
        .collect();
    for call in &contract.calls {
        rows.extend(of_call(call, &common));
    }
    rows
}

fn failure<'a>(reason: &'a str, common: &Row<'a>) -> Row<'a> {
    Row {
        kind: "failure",
        message: reason,
        ..common.clone()
    }
}

fn deployment<'a>(deployment: &'a Deployment, common: &Row<'a>) -> Row<'a> {
    let (sizes, start) = (deployment.sizes, deployment.start);
    Row {
        kind: "deployment",
        built_bytes: Some(sizes.built.0),
        processed_bytes: Some(sizes.processed.0),
        processed_limit_bytes: Some(sizes.processed_limit.0),
        code_bytes: Some(sizes.code.0),
        account_limit_bytes: Some(sizes.account_limit.0),
        fragments_limit_bytes: Some(sizes.fragments_limit.0),
        accounts: Some(sizes.accounts),
        deploy_gas: Some(deployment.deploy_gas.0),
        activation_gas: Some(deployment.activation_gas.0),
        data_fee_wei: &deployment.data_fee_wei,
        uncached_start_gas: Some(start.uncached.0),
        cached_start_gas: Some(start.cached.0),
        repeated_start_gas: start.repeated.map(|gas| gas.0),
        start_page_gas: Some(start.page_gas.0),
        start_pages: Some(start.pages.0),
        ..common.clone()
    }
}

fn of_call<'a>(call: &'a Call, common: &Row<'a>) -> Vec<Row<'a>> {
    let common = Row {
        call: &call.name,
        signature: &call.signature,
        generated: Some(call.generated),
        ..common.clone()
    };
    match &call.outcome {
        Outcome::Failure(reason) => vec![failure(reason, &common)],
        Outcome::Runs(runs) => {
            let numbered = runs.iter().zip(1..);
            numbered
                .flat_map(|(run, number)| of_run(run, number, &common))
                .collect()
        }
    }
}

fn of_run<'a>(run: &'a Run, number: usize, common: &Row<'a>) -> Vec<Row<'a>> {
    let common = Row {
        run: Some(number),
        arguments: run.arguments.join(", "),
        reverted: Some(run.reverted),
        ..common.clone()
    };
    let parts = &run.parts;
    let whole = Row {
        kind: "run",
        gas: Some(run.gas.0),
        transaction_gas: Some(parts.transaction.0),
        l1_gas: Some(parts.l1.0),
        start_gas: Some(parts.start.0),
        start_page_gas: Some(parts.start_pages.0),
        program_ink: Some(parts.program_ink().0),
        wasm_ink: Some(parts.wasm.0),
        hostio_ink: Some(parts.hostio_ink().0),
        page_ink: Some(parts.pages.0),
        forfeited_ink: Some(parts.forfeited.0),
        rounding_ink: Some(parts.rounding.0),
        floor_gas: Some(parts.floor.0),
        refund_gas: Some(parts.refund.0),
        unseen_gas: Some(parts.unseen.0),
        start_pages: Some(run.start_pages.0),
        peak_pages: Some(run.peak_pages.0),
        output: &run.output,
        ..common.clone()
    };
    let hostios = parts.hostios.iter().map(|(name, hostio)| Row {
        kind: "hostio",
        hostio: name,
        hostio_calls: Some(hostio.calls),
        hostio_ink: Some(hostio.ink.0),
        ..common.clone()
    });
    [whole].into_iter().chain(hostios).collect()
}
