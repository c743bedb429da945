//! What it costs to have a contract on a chain.
//!
//! Lives here: sizes beside their limits, the gas of deployment, and the price of a start. Not here: what its calls cost
//! (`calls`).

use maud::{Markup, html};

use super::change::mark;
use super::words::{figure, label};
use crate::figures::baseline::ContractDiff;
use crate::figures::{Bytes, Deployment, Sizes, StartGas};
use crate::words::share;

/// The cards of a contract; `diff` is what has changed since the newest baseline.
pub(super) fn cards(deployment: &Deployment, diff: Option<&ContractDiff>) -> Markup {
    html! {
        div.cards {
            (sizes(&deployment.sizes, diff))
            (gas(deployment, diff))
            (start(&deployment.start))
        }
    }
}

/// What of its limit the code takes: of an account, or of all fragments once it needs more than one.
pub(super) fn share_of_limit(sizes: &Sizes) -> Option<String> {
    let limit = if sizes.accounts > 1 {
        sizes.fragments_limit
    } else {
        sizes.account_limit
    };
    share(sizes.code.0, limit.0)
}

fn sizes(sizes: &Sizes, diff: Option<&ContractDiff>) -> Markup {
    let code = diff.and_then(|diff| diff.code.as_ref());
    html! {
        section.card {
            h3 { "Size" }
            (meter("Code", sizes.code, sizes.account_limit, Limit::of_account(sizes)))
            @if let Some(code) = code { div.since { (mark(code, |size| size.0)) } }
            // A chain without fragments has no limit of its own for them.
            @if sizes.fragments_limit > sizes.account_limit {
                (meter("Code, in fragments", sizes.code, sizes.fragments_limit, Limit::Strict))
            }
            (meter("Decompressed", sizes.processed, sizes.processed_limit, Limit::Strict))
            dl.values { (row("WASM as built", &figure(sizes.built.0), "bytes", None)) }
        }
    }
}

/// A term and its amount, with a remark below.
fn row(term: &str, amount: &str, unit: &str, remark: Option<Markup>) -> Markup {
    html! {
        div {
            dt { (term) }
            dd { (amount) " " small { (unit) } }
            @if let Some(remark) = remark { dd.since { (remark) } }
        }
    }
}

/// What it means to be above a limit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Limit {
    /// It is refused.
    Strict,
    /// It is cut into fragments.
    Soft,
}

impl Limit {
    const fn of_account(sizes: &Sizes) -> Self {
        if sizes.accounts > 1 {
            Self::Soft
        } else {
            Self::Strict
        }
    }
}

/// How much of a limit is taken.
fn meter(what: &str, size: Bytes, most: Bytes, limit: Limit) -> Markup {
    let percent = u128::from(size.0) * 100 / u128::from(most.0.max(1));
    let class = match percent {
        ..90 => "",
        _ if size > most && limit == Limit::Strict => "over",
        _ => "near",
    };
    html! {
        div.meter {
            div.what { span { (what) } span { (share(size.0, most.0).unwrap_or_default()) } }
            div.track { div class={ "fill " (class) } style={ "width:" (percent.min(100)) "%" } {} }
            div.limit { (figure(size.0)) " of " (figure(most.0)) " bytes" }
        }
    }
}

fn gas(deployment: &Deployment, diff: Option<&ContractDiff>) -> Markup {
    let activation = diff.and_then(|diff| diff.activation_gas.as_ref());
    let accounts = deployment.sizes.accounts;
    let kind = if accounts > 1 { "fragments" } else { "account" };
    let wei = &deployment.data_fee_wei;
    html! {
        section.card {
            h3 { "Deployment" }
            dl.values {
                (row("Deploy", &figure(deployment.deploy_gas.0), "gas", None))
                (row(
                    "Activate",
                    &figure(deployment.activation_gas.0),
                    "gas",
                    activation.map(|activation| mark(activation, |gas| gas.0)),
                ))
                @match ether(wei) {
                    Some(ether) => (row("Data fee", &ether, "ETH", Some(html! { (grouped_digits(wei)) " wei" }))),
                    None => (row("Data fee", &label(wei), "wei", None)),
                }
                (row("Code in", &figure(accounts.into()), kind, None))
            }
        }
    }
}

/// Digits, however many, with a comma after every thousand.
fn grouped_digits(digits: &str) -> String {
    let mut text = String::new();
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `wei` as a decimal fraction of ether, exactly; none where it is no decimal number.
fn ether(wei: &str) -> Option<String> {
    const DECIMALS: usize = 18;
    if wei.is_empty() || !wei.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let padded = format!("{wei:0>width$}", width = DECIMALS + 1);
    let (whole, fraction) = padded.split_at(padded.len() - DECIMALS);
    let fraction = fraction.trim_end_matches('0');
    Some(match fraction {
        "" => whole.to_owned(),
        fraction => format!("{whole}.{fraction}"),
    })
}

fn start(start: &StartGas) -> Markup {
    let most = start.uncached.max(start.cached).0;
    let times = [
        ("Uncached", Some(start.uncached)),
        ("Cached", Some(start.cached)),
        ("Again in the block", start.repeated),
    ];
    html! {
        section.card {
            h3 { "Start of a call" }
            @for (what, gas) in times {
                div.meter {
                    div.what {
                        span { (what) }
                        @match gas {
                            Some(gas) => span { (figure(gas.0)) " " small { "gas" } },
                            None => span.quiet { "not known" },
                        }
                    }
                    @if let Some(gas) = gas {
                        @let percent = u128::from(gas.0) * 100 / u128::from(most.max(1));
                        div.track { div.fill.start style={ "width:" (percent.min(100)) "%" } {} }
                    }
                }
            }
            dl.values {
                (row("Footprint", &figure(start.pages.0.into()), if start.pages.0 == 1 { "page" } else { "pages" }, None))
                (row("Gas for it", &figure(start.page_gas.0), "gas", None))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fees_are_exact() {
        for (wei, digits, in_ether) in [
            ("0", "0", "0"),
            ("93214000000000", "93,214,000,000,000", "0.000093214"),
            ("1000000000000000000", "1,000,000,000,000,000,000", "1"),
            ("1", "1", "0.000000000000000001"),
            (
                "123456789012345678901234567890",
                "123,456,789,012,345,678,901,234,567,890",
                "123456789012.34567890123456789",
            ),
        ] {
            assert_eq!(grouped_digits(wei), digits);
            assert_eq!(ether(wei).as_deref(), Some(in_ether));
        }
        for no_number in ["", "none", "-1", "1.5", "١"] {
            assert_eq!(ether(no_number), None);
        }
    }
}
