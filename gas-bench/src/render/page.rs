//! A report as one page of HTML, for a pull request's attachment or a shelf of artefacts.
//!
//! Lives here: the page as a whole: its head, what failed, what has changed, the way to each contract. Not here: a contract
//! (`contract` and what it is put together from), pictures (`plot`), comparing (`baseline`).
//!
//! The page is one file and asks nobody for anything, which its content security policy enforces. It is complete without
//! scripts; with them its tables can be sorted. It holds no date and no random number: the same report, the same bytes.

mod calls;
mod change;
mod contract;
mod deployment;
mod details;
mod frame;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::plot;
use crate::figures::baseline::{Diff, diff};
use crate::figures::{Contract, Report};
use change::Tally;
use words::{count, foreign, name};

const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = include_str!("page/sort.js");

/// What the page may load: nothing but what stands in it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; \
                      base-uri 'none'; form-action 'none'";

/// What a page is made from.
#[derive(Clone, Debug)]
pub struct Page<'a> {
    /// The figures.
    pub report: &'a Report,
    /// Earlier ones by name, the oldest first: the last is what the figures are compared with.
    pub baselines: &'a [(String, Report)],
    /// Pictures of contracts, by the contract's name.
    pub extras: BTreeMap<String, Extras>,
}

/// Pictures of a contract that are made from more than its figures. Each is a whole SVG document, which may have scripts and
/// identifiers of its own.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Extras {
    /// Where calls spend their ink, by the name of the call.
    pub flame_graphs: Vec<(String, String)>,
    /// What the contract's code consists of.
    pub treemap: Option<String>,
}

/// The page, ending in a line feed.
pub fn render(page: &Page<'_>) -> String {
    let report = page.report;
    let newest = page.baselines.last();
    let since = newest.map(|(name, baseline)| Since {
        name,
        diff: diff(baseline, report),
    });
    let anchors = anchors(&report.contracts);
    let contracts = || report.contracts.iter().zip(&anchors);
    let title = match &*report.contracts {
        [contract] => format!("Gas report: {}", words::label(&contract.name)),
        contracts => format!("Gas report: {}", count(contracts.len(), "contract")),
    };
    let html = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(plot::STYLE)) (PreEscaped(STYLE)) }
            }
            body {
                header { (head(report, since.as_ref())) }
                main {
                    (failures(contracts()))
                    @if let Some(since) = &since { (comparison(since)) }
                    @if report.contracts.len() > 1 { (overview(contracts())) }
                    @for (contract, anchor) in contracts() {
                        (contract::section(page, contract, anchor, since.as_ref()))
                    }
                }
                footer { (notes()) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    let mut text = html.into_string();
    text.push('\n');
    text
}

/// What has changed since the newest baseline.
struct Since<'a> {
    name: &'a str,
    diff: Diff,
}

/// An identifier for each contract: its name as far as an address holds it, and a number where that is taken.
fn anchors(contracts: &[Contract]) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let anchors = contracts.iter().map(|contract| {
        let plain = |c: char| {
            if c.is_ascii_alphanumeric() || c == '_' {
                c
            } else {
                '-'
            }
        };
        let name: String = contract.name.chars().take(64).map(plain).collect();
        let name = format!("contract-{}", name.to_ascii_lowercase());
        let numbered = (2..).map(|number| format!("{name}-{number}"));
        let mut names = [name.clone()].into_iter().chain(numbered);
        let free = names.find(|name| !taken.contains(name));
        let free = free.expect("there are more numbers than contracts");
        taken.insert(free.clone());
        free
    });
    anchors.collect()
}

fn head(report: &Report, since: Option<&Since<'_>>) -> Markup {
    let made = &report.made_with;
    let calls: usize = report.contracts.iter().map(|it| it.calls.len()).sum();
    let facts = [
        ("Chain", made.chain.clone()),
        ("ArbOS", made.arbos.to_string()),
        ("Toolchain", made.toolchain.clone()),
        (
            "Source paths",
            match made.reproducible {
                true => "forgotten".to_owned(),
                false => "as deployed".to_owned(),
            },
        ),
        (
            "1 gas",
            format!("{} ink", crate::words::grouped(made.ink_per_gas.into())),
        ),
        ("gas-bench", made.gas_bench.clone()),
    ];
    html! {
        h1 { "Gas report" }
        p.lead {
            (count(report.contracts.len(), "contract")) ", " (count(calls, "call"))
            @if let Some(since) = since { ", compared with " strong { (name(since.name)) } }
        }
        dl.facts {
            @for (term, fact) in &facts { div { dt { (term) } dd { (foreign(fact)) } } }
        }
        @if !made.unseen.is_empty() {
            ul.unseen { @for sentence in &made.unseen { li { (words::label(sentence)) } } }
        }
    }
}

/// Everything that has no figure, first of all.
fn failures<'a>(contracts: impl Iterator<Item = (&'a Contract, &'a String)>) -> Markup {
    let failures: Vec<_> = contracts
        .flat_map(|(contract, anchor)| {
            let own = contract.failures.iter().map(|reason| (None, &**reason));
            let calls = contract.calls.iter();
            let of_calls = calls.filter_map(|call| Some((Some(&*call.name), call.failure()?)));
            own.chain(of_calls)
                .map(move |(call, reason)| (contract, anchor, call, reason))
        })
        .collect();
    if failures.is_empty() {
        return Markup::default();
    }
    html! {
        section.box.failures role="alert" {
            h2 { "FAILED: " (count(failures.len(), "figure")) " missing" }
            ul {
                @for (contract, anchor, call, reason) in &failures {
                    li {
                        a href={ "#" (anchor) } { (name(&contract.name)) }
                        @if let Some(call) = call { ", " strong { (name(call)) } }
                        ": " (words::label(reason))
                    }
                }
            }
        }
    }
}

/// What has changed, in one line, and what has to be known before it is believed.
fn comparison(since: &Since<'_>) -> Markup {
    let tally = Tally::of(&since.diff);
    html! {
        section.box.comparison {
            h2 { "Since " (name(since.name)) }
            @let words = tally.words();
            p {
                @if words.is_empty() { "No call to compare" }
                @for (index, (class, text)) in words.into_iter().enumerate() {
                    @if index > 0 { ", " }
                    span class=(class) { (text) }
                }
            }
            @if !since.diff.notes.is_empty() {
                ul { @for note in &since.diff.notes { li { (words::label(note)) } } }
            }
        }
    }
}

/// A row for each contract, which is also the way to it.
fn overview<'a>(contracts: impl Iterator<Item = (&'a Contract, &'a String)>) -> Markup {
    html! {
        nav aria-label="Contracts" {
            h2 { "Contracts" }
            (words::scroll("Contracts", &html! {
                table data-sort {
                    thead {
                        tr {
                            th scope="col" { "Contract" }
                            th.number scope="col" { "Code, bytes" }
                            th.number scope="col" { "Of the limit" }
                            th.number scope="col" { "Deploy gas" }
                            th.number scope="col" { "Activation gas" }
                            th.number scope="col" { "Calls" }
                            th.number scope="col" { "Failed" }
                        }
                    }
                    tbody { @for (contract, anchor) in contracts { (overview_row(contract, anchor)) } }
                }
            }))
        }
    }
}

fn overview_row(contract: &Contract, anchor: &str) -> Markup {
    let failed = contract.failures().count();
    html! {
        tr {
            th scope="row" { a href={ "#" (anchor) } { (name(&contract.name)) } }
            @match &contract.deployment {
                Some(deployment) => {
                    td.number { (words::figure(deployment.sizes.code.0)) }
                    td.number { (deployment::share_of_limit(&deployment.sizes).unwrap_or_default()) }
                    td.number { (words::figure(deployment.deploy_gas.0)) }
                    td.number { (words::figure(deployment.activation_gas.0)) }
                }
                None => {
                    td.number.failed { "not deployed" }
                    @for _ in 0..3 { td.number.quiet { "–" } }
                }
            }
            td.number { (contract.calls.len()) }
            td.number.failed[failed > 0] { (failed) }
        }
    }
}

/// How to read the page.
fn notes() -> Markup {
    let notes = [
        (
            "Gas",
            "what the receipt says: 21,000 and calldata, the start of the program, and what it spends.",
        ),
        (
            "Ink",
            "what the program itself spends: WASM instructions, host calls and pages of memory that it grows.",
        ),
        (
            "Average",
            "the mean of all runs of a call. Parts of an average add up to it: they are rounded by largest remainder.",
        ),
        (
            "Pages",
            "64 KiB of memory each: those that the program begins with, and the most it had.",
        ),
        (
            "Host calls",
            "with what they had other contracts do, and without memory that they made grow.",
        ),
        (
            "Start",
            "what a call pays before the program begins: less where the chain has it in its cache, and less again in the same block.",
        ),
        (
            "Other",
            "what was forfeited by running out, lost as ink became whole gas, added to reach the floor, or not told apart by the chain.",
        ),
        (
            "Generated",
            "nobody chose the arguments: they were made up to fit the types.",
        ),
    ];
    html! {
        details {
            summary { "What the figures mean" }
            dl.notes { @for (term, note) in notes { dt { (term) } dd { (note) } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_plain_and_unique() {
        let contract = |name: &str| Contract {
            name: name.to_owned(),
            plan: None,
            deployment: None,
            calls: Vec::new(),
            left_out: Vec::new(),
            advice: Vec::new(),
            failures: Vec::new(),
        };
        let names = [
            "erc20", "ERC20", "erc20-2", "a b\"<c>", "größe", "", "erc20",
        ];
        let contracts: Vec<_> = names.into_iter().map(contract).collect();
        assert_eq!(
            anchors(&contracts),
            [
                "contract-erc20",
                "contract-erc20-2",
                "contract-erc20-2-2",
                "contract-a-b--c-",
                "contract-gr--e",
                "contract-",
                "contract-erc20-3"
            ]
        );
    }
}
