//! What it costs to have a contract on a chain, and to start it there.
//!
//! Lives here: sizes beside their limits, gas, and the fee for data. Not here: what calls cost beyond the start (`calls`).

use alloy_primitives::U256;
use alloy_primitives::utils::format_units;

use super::changes::tone;
use crate::document::{Cell, Column, Row, Table, Tone};
use crate::figures::baseline::{Change, ContractDiff};
use crate::figures::{Bytes, Deployment, Sizes};
use crate::words::{grouped, percent, share};

/// A row for each quantity; with a diff, also its earlier value.
pub(super) fn table(deployment: &Deployment, diff: Option<&ContractDiff>) -> Table {
    let mut columns = vec![
        Column::name("deployment"),
        Column::figure(""),
        Column::figure("of limit"),
        Column::words(""),
    ];
    if diff.is_some() {
        columns.extend(["baseline", "difference", "%"].map(Column::figure));
    }
    let quantities = sizes(deployment.sizes).into_iter().chain(gas(deployment));
    Table::new(
        "quantities",
        columns,
        quantities.map(|quantity| quantity.row(diff)),
    )
}

/// The most important of it, in one line.
pub(super) fn title(deployment: &Deployment, diff: Option<&ContractDiff>) -> String {
    let change = |compared: Option<Compared>| {
        let Compared { before, after, .. } = compared?;
        Some(format!(" ({})", percent(before, after)?))
    };
    let code = diff.and_then(|diff| change(compared(diff.code.as_ref(), |bytes| bytes.0)));
    let activation =
        diff.and_then(|diff| change(compared(diff.activation_gas.as_ref(), |gas| gas.0)));
    format!(
        "Deployment: {} bytes compressed{}, {}; {} gas to activate{}",
        grouped(deployment.sizes.code.0),
        code.unwrap_or_default(),
        of(deployment.sizes.code, deployment.sizes.account_limit),
        grouped(deployment.activation_gas.0),
        activation.unwrap_or_default(),
    )
}

/// One amount: its name, value, limit, and a note.
struct Quantity {
    name: &'static str,
    value: Option<u64>,
    limit: Option<(Bytes, Bytes)>,
    note: String,
    /// Selects its change from the diff.
    change: fn(&ContractDiff) -> Option<Compared>,
}

/// What an amount was and is, and how the change is highlighted.
struct Compared {
    before: u64,
    after: u64,
    tone: Tone,
}

impl Quantity {
    fn new(name: &'static str, value: impl Into<Option<u64>>, note: impl Into<String>) -> Self {
        Self {
            name,
            value: value.into(),
            limit: None,
            note: note.into(),
            change: |_| None,
        }
    }

    /// Adds `size` and its `limit`.
    fn limited(self, size: Bytes, limit: Bytes) -> Self {
        Self {
            limit: Some((size, limit)),
            note: format!("of {} {}", grouped(limit.0), self.note),
            ..self
        }
    }

    fn row(self, diff: Option<&ContractDiff>) -> Row {
        let nothing = || Cell::words("");
        let share = |(part, whole): (Bytes, Bytes)| Cell::Share {
            part: part.0,
            whole: whole.0,
        };
        let mut cells = vec![
            Cell::words(self.name),
            self.value.map_or_else(nothing, Cell::figure),
            self.limit.map_or_else(nothing, share),
            Cell::words(self.note.trim_end()),
        ];
        let mut tone = Tone::Plain;
        match diff.map(self.change) {
            None => {}
            Some(None) => cells.extend([(); 3].map(|()| nothing())),
            Some(Some(compared)) => {
                tone = compared.tone;
                cells.push(Cell::figure(compared.before));
                cells.extend(Cell::compared(compared.before, compared.after));
            }
        }
        Row::new(tone, cells)
    }
}

fn compared<A: Copy>(change: Option<&Change<A>>, amount: fn(A) -> u64) -> Option<Compared> {
    let change = change?;
    let (before, after) = change.compared()?;
    Some(Compared {
        before: amount(before),
        after: amount(after),
        tone: tone(change),
    })
}

/// The share of its limit that a size takes.
fn of(size: Bytes, limit: Bytes) -> String {
    let share = share(size.0, limit.0).map_or_else(String::new, |share| share + " ");
    format!("{share}of {}", grouped(limit.0))
}

fn sizes(sizes: Sizes) -> Vec<Quantity> {
    let (holder, accounts) = match sizes.accounts {
        1 => ("in one account", "whole"),
        _ => ("in an account", "in fragments"),
    };
    let code = Quantity {
        change: |diff| compared(diff.code.as_ref(), |bytes| bytes.0),
        ..Quantity::new("bytes compressed", sizes.code.0, holder)
    };
    vec![
        Quantity::new("bytes as built", sizes.built.0, ""),
        Quantity::new("bytes processed", sizes.processed.0, "")
            .limited(sizes.processed, sizes.processed_limit),
        code.limited(sizes.code, sizes.account_limit),
        Quantity::new("", None, "in fragments").limited(sizes.code, sizes.fragments_limit),
        Quantity::new("accounts", u64::from(sizes.accounts), accounts),
    ]
}

fn gas(deployment: &Deployment) -> Vec<Quantity> {
    let start = deployment.start;
    let activation = Quantity {
        change: |diff| compared(diff.activation_gas.as_ref(), |gas| gas.0),
        ..Quantity::new("gas to activate", deployment.activation_gas.0, "")
    };
    let repeated = match start.repeated {
        Some(_) => "again in the block",
        None => "again in the block: not known",
    };
    let pages = format!("{} at the start", start.pages);
    vec![
        Quantity::new("gas to deploy", deployment.deploy_gas.0, ""),
        activation,
        Quantity::new("fee for data", None, fee(&deployment.data_fee_wei)),
        Quantity::new("gas to start", start.uncached.0, "uncached"),
        Quantity::new("gas to start", start.cached.0, "cached"),
        Quantity::new("gas to start", start.repeated.map(|gas| gas.0), repeated),
        Quantity::new("gas for pages", start.page_gas.0, pages),
    ]
}

/// Wei in the most readable unit, exactly; unchanged if it is not a number.
fn fee(wei: &str) -> String {
    /// Ether is the unit from a millionth of an ether on.
    const ETHER: U256 = U256::from_limbs([1_000_000_000_000, 0, 0, 0]);
    /// Gwei is the unit from a thousandth of a gwei on.
    const GWEI: U256 = U256::from_limbs([1_000_000, 0, 0, 0]);
    let Ok(amount) = U256::from_str_radix(wei, 10) else {
        return format!("{wei} wei");
    };
    let (unit, name) = match amount {
        amount if amount >= ETHER => ("ether", "ETH"),
        amount if amount >= GWEI => ("gwei", "gwei"),
        _ => return format!("{amount} wei"),
    };
    match format_units(amount, unit) {
        Ok(text) => format!(
            "{} {name}",
            text.trim_end_matches('0').trim_end_matches('.')
        ),
        Err(_) => format!("{amount} wei"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fees_are_exact() {
        for (wei, text) in [
            ("0", "0 wei"),
            ("999999", "999999 wei"),
            ("1000000", "0.001 gwei"),
            ("999999999999", "999.999999999 gwei"),
            ("1000000000000", "0.000001 ETH"),
            ("123456789012345678", "0.123456789012345678 ETH"),
            ("20000000000000000000", "20 ETH"),
            ("none", "none wei"),
        ] {
            assert_eq!(fee(wei), text);
        }
    }
}
