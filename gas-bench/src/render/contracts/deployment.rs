//! What it takes to have a contract on a chain, and to start it there.
//!
//! Lives here: sizes beside their limits, gas, and the fee for data. Not here: what calls cost beyond the start (`calls`).

use alloy_primitives::U256;
use alloy_primitives::utils::format_units;

use super::grid::{Cell, Column, Grid, Row, Tone};
use crate::figures::baseline::{Change, ContractDiff};
use crate::figures::{Bytes, Deployment, Sizes};
use crate::words::{grouped, percent, share};

/// A row for each quantity; with a diff, also what it was.
pub(super) fn grid(deployment: &Deployment, diff: Option<&ContractDiff>) -> Grid {
    let mut columns = vec![
        Column::left("deployment"),
        Column::right(""),
        Column::left(""),
    ];
    if diff.is_some() {
        columns.extend(["baseline", "difference", "%"].map(Column::right));
    }
    let mut rows = sizes(deployment.sizes);
    rows.extend(gas(deployment));
    Grid {
        columns,
        rows: rows
            .into_iter()
            .map(|quantity| quantity.row(diff))
            .collect(),
    }
}

/// What matters most of it, in a line.
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

/// One amount: what it is called, how much, and what to say about it.
struct Quantity {
    name: &'static str,
    value: Option<u64>,
    note: String,
    /// Which of the changes is its own.
    change: fn(&ContractDiff) -> Option<Compared>,
}

/// What an amount was and is, and how that is coloured.
struct Compared {
    before: u64,
    after: u64,
    tone: Tone,
}

impl Quantity {
    fn new(name: &'static str, value: u64, note: impl Into<String>) -> Self {
        Self {
            name,
            value: Some(value),
            note: note.into(),
            change: |_| None,
        }
    }

    fn row(self, diff: Option<&ContractDiff>) -> Row {
        let value = self.value.map_or_else(|| Cell::own(""), Cell::figure);
        let mut cells = vec![Cell::own(self.name), value, Cell::own(self.note)];
        let mut tone = Tone::Plain;
        match diff.map(self.change) {
            None => {}
            Some(None) => cells.extend([(); 3].map(|()| Cell::own(""))),
            Some(Some(compared)) => {
                let Compared { before, after, .. } = compared;
                tone = compared.tone;
                cells.extend([
                    Cell::figure(before),
                    Cell::difference(before, after),
                    Cell::percent(before, after),
                ]);
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
        tone: Tone::of(change),
    })
}

/// What share of its limit a size is.
fn of(size: Bytes, limit: Bytes) -> String {
    let share = share(size.0, limit.0).map_or_else(String::new, |share| share + " ");
    format!("{share}of {}", grouped(limit.0))
}

fn sizes(sizes: Sizes) -> Vec<Quantity> {
    let holder = if sizes.accounts == 1 {
        "in one account"
    } else {
        "in an account"
    };
    let code = Quantity {
        change: |diff| compared(diff.code.as_ref(), |bytes| bytes.0),
        ..Quantity::new(
            "bytes compressed",
            sizes.code.0,
            format!("{} {holder}", of(sizes.code, sizes.account_limit)),
        )
    };
    let fragments = Quantity {
        value: None,
        ..Quantity::new(
            "",
            0,
            format!("{} in fragments", of(sizes.code, sizes.fragments_limit)),
        )
    };
    let accounts = if sizes.accounts == 1 {
        "whole"
    } else {
        "in fragments"
    };
    vec![
        Quantity::new("bytes as built", sizes.built.0, ""),
        Quantity::new(
            "bytes processed",
            sizes.processed.0,
            of(sizes.processed, sizes.processed_limit),
        ),
        code,
        fragments,
        Quantity::new("accounts", sizes.accounts.into(), accounts),
    ]
}

fn gas(deployment: &Deployment) -> Vec<Quantity> {
    let start = deployment.start;
    let activation = Quantity {
        change: |diff| compared(diff.activation_gas.as_ref(), |gas| gas.0),
        ..Quantity::new("gas to activate", deployment.activation_gas.0, "")
    };
    let fee = Quantity {
        value: None,
        ..Quantity::new("fee for data", 0, fee(&deployment.data_fee_wei))
    };
    let repeated = match start.repeated {
        Some(gas) => Quantity::new("gas to start", gas.0, "again in the same block"),
        None => Quantity {
            value: None,
            ..Quantity::new("gas to start", 0, "again in the same block: not known")
        },
    };
    let pages = format!("{} at the start", start.pages);
    vec![
        Quantity::new("gas to deploy", deployment.deploy_gas.0, ""),
        activation,
        fee,
        Quantity::new("gas to start", start.uncached.0, "uncached"),
        Quantity::new("gas to start", start.cached.0, "cached"),
        repeated,
        Quantity::new("gas for pages", start.page_gas.0, pages),
    ]
}

/// Wei in the unit in which it reads best, exactly; as it stands where it is no number.
fn fee(wei: &str) -> String {
    /// From a millionth of it on, ether is the unit.
    const ETHER: U256 = U256::from_limbs([1_000_000_000_000, 0, 0, 0]);
    /// And from a thousandth of it on, gwei.
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
