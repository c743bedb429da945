//! Where the gas goes, to the last part, and every run.
//!
//! Lives here: host calls by kind, and for each call its parts and its runs. Not here: the bars that show the same
//! (`plot::Bars`), averages of whole calls (`calls`).

use maud::{Markup, html};

use super::words::{count, figure, name, scroll, value};
use crate::figures::{Call, Contract, Run, Segment, Split, hostios};
use crate::words::{grouped_wide, share};

/// A row for each kind of host call, over all runs of all calls; nothing where there are none.
pub(super) fn host_calls(contract: &Contract) -> Option<Markup> {
    let kinds = hostios(contract.calls.iter().flat_map(Call::runs));
    let all = kinds
        .iter()
        .fold(0_u64, |sum, (_, kind)| sum.saturating_add(kind.ink.0));
    if kinds.is_empty() {
        return None;
    }
    Some(scroll(
        "Host calls by kind",
        &html! {
            table.narrow data-sort {
                thead {
                    tr {
                        th scope="col" { "Host call" }
                        th.number scope="col" { "Times" }
                        th.number scope="col" { "Ink" }
                        th.number scope="col" { "Ink each" }
                        th.number scope="col" { "Of all host calls" }
                    }
                }
                tbody {
                    @for (kind, hostio) in &kinds {
                        tr {
                            th scope="row" { (swatch(Segment::of_hostio(kind))) code { (name(kind)) } }
                            td.number { (figure(hostio.calls)) }
                            td.number { (figure(hostio.ink.0)) }
                            td.number { (hostio.ink.0.checked_div(hostio.calls).map(figure).unwrap_or_default()) }
                            td.number { (share(hostio.ink.0, all).unwrap_or_default()) }
                        }
                    }
                }
            }
        },
    ))
}

/// Parts and runs of a call, to be opened; nothing where there are none.
pub(super) fn call(call: &Call, ink_per_gas: u32) -> Option<Markup> {
    let split = Split::of(call, ink_per_gas)?;
    Some(html! {
        details.call {
            summary {
                span.call-name { (name(&call.name)) }
                span.quiet { (count(call.runs().len(), "run")) ", " (figure(split.total.0)) " gas" }
            }
            (scroll("Parts", &parts(&split)))
            (scroll("Runs", &runs(call.runs())))
        }
    })
}

fn parts(split: &Split) -> Markup {
    let paid = split.paid().0;
    html! {
        table.narrow {
            thead {
                tr {
                    th scope="col" { "Part, on average" }
                    th.number scope="col" { "Gas" }
                    th.number scope="col" { "Share" }
                    th.number scope="col" { "Ink" }
                    th.number scope="col" { "Times" }
                }
            }
            tbody {
                @for part in &split.parts {
                    tr {
                        th scope="row" {
                            (swatch(part.segment))
                            @if part.times.is_some() { code { (name(&part.name)) } } @else { (part.name) }
                        }
                        td.number { (figure(part.gas.0)) }
                        td.number { (share(part.gas.0, paid).unwrap_or_default()) }
                        td.number { (part.ink.map(|ink| figure(ink.0)).unwrap_or_default()) }
                        td.number { (part.times.map(tenths).unwrap_or_default()) }
                    }
                }
                @if split.refund.0 > 0 {
                    tr {
                        th scope="row" { span.swatch.of-refund {} "Refund" }
                        td.number { "−" (figure(split.refund.0)) }
                        td.number { "−" (share(split.refund.0, paid).unwrap_or_default()) }
                        td {} td {}
                    }
                }
            }
            tfoot {
                tr {
                    th scope="row" { "Total" }
                    td.number { strong { (figure(split.total.0)) } }
                    td {} td {} td {}
                }
            }
        }
    }
}

fn runs(runs: &[Run]) -> Markup {
    html! {
        table.runs {
            thead {
                tr {
                    th.number scope="col" { "Run" }
                    th scope="col" { "Arguments" }
                    th.number scope="col" { "Gas" }
                    th.number scope="col" { "Ink" }
                    th.number scope="col" { "Pages" }
                    th scope="col" { "Output" }
                }
            }
            tbody {
                @for (number, run) in (1..).zip(runs) {
                    tr {
                        th.number scope="row" { (number) }
                        td { @for argument in &run.arguments { div { (value(argument)) } } }
                        td.number { (figure(run.gas.0)) }
                        td.number { (figure(run.parts.program_ink().0)) }
                        td.number { (run.start_pages.0) " → " (run.peak_pages.0) }
                        td {
                            @if run.reverted { span.mark.reverts { "reverted" } " " }
                            @if !run.output.is_empty() { (value(&run.output)) }
                        }
                    }
                }
            }
        }
    }
}

/// A square of the colour that bars have for `segment`.
pub(super) fn swatch(segment: Segment) -> Markup {
    html! { span class={ "swatch " (segment.class()) } title=(segment.title()) {} }
}

/// A number of tenths, the tenth only where it is none.
fn tenths(tenths: u128) -> String {
    match tenths % 10 {
        0 => grouped_wide(tenths / 10),
        tenth => format!("{}.{tenth}", grouped_wide(tenths / 10)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_have_no_tenths() {
        for (number, text) in [(0, "0"), (20, "2"), (25, "2.5"), (12_345, "1,234.5")] {
            assert_eq!(tenths(number), text);
        }
    }
}
