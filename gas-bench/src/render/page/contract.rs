//! One contract on the page.
//!
//! Lives here: what it consists of, and in which order. Not here: each of these.

use maud::{Markup, html};

use super::words::{foreign, label, name};
use super::{Extras, Page, Since, calls, deployment, details, frame};
use crate::figures::Contract;
use crate::render::lto;
use crate::render::plot::{Bars, History};
use crate::words::printable;

/// The section of `contract`, which the identifier `anchor` leads to.
pub(super) fn section(
    page: &Page<'_>,
    contract: &Contract,
    anchor: &str,
    since: Option<&Since<'_>>,
) -> Markup {
    let ink_per_gas = page.report.made_with.ink_per_gas;
    let diff = since.and_then(|since| {
        let mut contracts = since.diff.contracts.iter();
        contracts.find(|diff| diff.name == contract.name)
    });
    let history = History::of(page.report, contract, page.baselines);
    html! {
        section.contract id=(anchor) {
            h2 { (name(&contract.name)) }
            p.plan {
                @match &contract.plan {
                    Some(plan) => { "Calls from " (foreign(plan)) }
                    None => "Calls from the exported ABI",
                }
            }
            @if !contract.failures.is_empty() {
                ul.box.failures {
                    @for reason in &contract.failures { li { strong { "FAILED" } " " (label(reason)) } }
                }
            }
            @if let Some(deployment) = &contract.deployment { (deployment::cards(deployment, diff)) }
            @if let Some(sentence) = lto::in_report(page.report, contract) { p.missed-lto { (printable(&sentence)) } }
            @if !contract.calls.is_empty() || diff.is_some_and(|diff| !diff.calls.is_empty()) {
                h3 { "Calls" }
                (calls::table(contract, since, diff))
            }
            @for left in &contract.left_out { p.left-out { "Not called: " (label(left)) } }
            @for advice in &contract.advice { p.left-out { "Cheaper: " (label(advice)) } }
            @if let Some(bars) = Bars::of(contract, ink_per_gas) {
                h3 { "Where the gas goes" }
                p.about { "Gas of each call, on average over its runs. For its parts, point at a bar or open the call below." }
                (legend(&bars))
                (bars.drawing())
            }
            @if let Some(table) = details::host_calls(contract) {
                h3 { "Host calls by kind" }
                (table)
            }
            @let opened: Vec<_> = contract.calls.iter().filter_map(|call| details::call(call, ink_per_gas)).collect();
            @if !opened.is_empty() {
                h3 { "Parts and runs of each call" }
                div.stack { @for call in opened { (call) } }
            }
            @if let Some(history) = history {
                h3 { "History" }
                p.about { (history.legend()) }
                div.panels { @for panel in history.drawings() { (panel) } }
            }
            @if let Some(extras) = page.extras.get(&contract.name) { (pictures(extras)) }
        }
    }
}

fn legend(bars: &Bars<'_>) -> Markup {
    html! {
        ul.legend {
            @for segment in bars.segments() { li { (details::swatch(segment)) (segment.title()) } }
            @if bars.has_refund() { li { span.swatch.of-refund {} "Refund, taken off the end" } }
        }
    }
}

fn pictures(extras: &Extras) -> Markup {
    html! {
        @if !extras.flame_graphs.is_empty() {
            h3 { "Flame graphs" }
            div.stack {
                @for (call, svg) in &extras.flame_graphs {
                    details {
                        summary { span.call-name { (name(call)) } }
                        (frame::picture(&format!("Flame graph of {}", label(call)), svg))
                    }
                }
            }
        }
        @if let Some(svg) = &extras.treemap {
            h3 { "Size of the code" }
            div.stack { details { summary { span.call-name { "Treemap" } } (frame::picture("Treemap of the code", svg)) } }
        }
    }
}
