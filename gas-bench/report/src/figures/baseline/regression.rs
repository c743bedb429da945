//! What has got worse by more than the tolerance.
//!
//! Lives here: the tolerance, and the check that CI runs. Not here: the comparison itself (`diff`), exit codes (`main`).

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use stylus_vm::Gas;

use super::diff::{Change, ContractDiff, Cost, Diff, Incomparable, Standing};
use crate::figures::Bytes;
use crate::words::{grouped, percent};

/// How much more something can cost before it is a regression, in hundredths of a per cent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Tolerance(u32);

/// The text is not a tolerance.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "{0:?} is not a tolerance: write it in per cent with two decimals at most, as in 0.5% or 0"
)]
pub struct ToleranceError(String);

impl Tolerance {
    /// 100 %, in hundredths of a per cent.
    const WHOLE: u128 = 10_000;

    /// Whether `after` exceeds `before` by more than this. An increase from zero always does.
    ///
    /// Theorem: exactly where `after / before > 1 + tolerance` in rational numbers.
    pub fn exceeded(self, before: u64, after: u64) -> bool {
        let allowed = u128::from(before) * (Self::WHOLE + u128::from(self.0));
        u128::from(after) * Self::WHOLE > allowed
    }
}

impl FromStr for Tolerance {
    type Err = ToleranceError;

    fn from_str(text: &str) -> Result<Self, ToleranceError> {
        let error = || ToleranceError(text.to_owned());
        let (number, is_percent) = match text.trim().strip_suffix('%') {
            Some(number) => (number.trim_end(), true),
            None => (text.trim(), false),
        };
        let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
        let digits =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(decimals) || decimals.len() > 2 {
            return Err(error());
        }
        let hundredths = format!("{whole}{decimals:0<2}")
            .parse()
            .map_err(|_| error())?;
        // Without the sign a number could also be a ratio; zero is zero in any unit.
        if hundredths > 0 && !is_percent {
            return Err(error());
        }
        Ok(Self(hundredths))
    }
}

/// The tolerance in per cent, in a form that parses again.
impl fmt::Display for Tolerance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}%", self.0 / 100, self.0 % 100)
    }
}

/// One thing that has got worse by more than the tolerance.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Regression {
    /// The contract concerned.
    pub contract: String,
    /// The call; `None` if the regression is of the contract as a whole.
    pub call: Option<String>,
    /// How it got worse.
    pub loss: Loss,
}

/// How something got worse.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// All runs of a call cost more.
    Gas {
        /// The cost before.
        before: Cost,
        /// The cost after.
        after: Cost,
    },
    /// The compressed code is larger.
    Code {
        /// The size before.
        before: Bytes,
        /// The size after.
        after: Bytes,
    },
    /// Activation costs more.
    Activation {
        /// The cost before.
        before: Gas,
        /// The cost after.
        after: Gas,
    },
    /// How many runs revert now and did not before.
    Reverts(u64),
    /// It fails now and did not before: why, in one sentence.
    Fails(String),
}

impl fmt::Display for Regression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.contract)?;
        if let Some(call) = &self.call {
            write!(f, ", {call}")?;
        }
        let more = |before, after| {
            let share = percent(before, after).map_or_else(String::new, |share| share + " ");
            format!("{share}against the baseline's {}", grouped(before))
        };
        match &self.loss {
            Loss::Gas { before, after } => {
                let runs = if after.runs == 1 { "run" } else { "runs" };
                let figure = grouped(after.gas.0);
                let more = more(before.gas.0, after.gas.0);
                write!(f, ": {figure} gas in {} {runs}, {more}", after.runs)
            }
            Loss::Code { before, after } => {
                let more = more(before.0, after.0);
                write!(f, ": {} bytes of code, {more}", grouped(after.0))
            }
            Loss::Activation { before, after } => {
                let more = more(before.0, after.0);
                write!(f, ": {} gas to activate it, {more}", grouped(after.0))
            }
            Loss::Reverts(newly) => {
                write!(
                    f,
                    ": {newly} of its runs revert that did not in the baseline"
                )
            }
            Loss::Fails(reason) => write!(f, ": it fails and did not in the baseline: {reason}"),
        }
    }
}

impl Diff {
    /// Everything that has got worse by more than `tolerance`, in the order of the contracts and calls. Whatever the tolerance, a new
    /// failure or a newly reverting run is included; anything new or otherwise incomparable is not.
    pub fn regressions(&self, tolerance: Tolerance) -> Vec<Regression> {
        self.contracts
            .iter()
            .flat_map(|contract| of_contract(contract, tolerance))
            .collect()
    }
}

fn of_contract(contract: &ContractDiff, tolerance: Tolerance) -> Vec<Regression> {
    let regression = |call: Option<&str>, loss| Regression {
        contract: contract.name.clone(),
        call: call.map(str::to_owned),
        loss,
    };
    let broken = match &contract.standing {
        Standing::Broken { reason } => Some(reason),
        _ => None,
    };
    let mut regressions = Vec::new();
    if let Some(reason) = broken {
        regressions.push(regression(None, Loss::Fails(reason.clone())));
    }
    if let Some(Change::Worse { before, after }) = contract.code
        && tolerance.exceeded(before.0, after.0)
    {
        regressions.push(regression(None, Loss::Code { before, after }));
    }
    if let Some(Change::Worse { before, after }) = contract.activation_gas
        && tolerance.exceeded(before.0, after.0)
    {
        regressions.push(regression(None, Loss::Activation { before, after }));
    }
    for call in &contract.calls {
        let loss = match &call.cost {
            Change::Worse { before, after } if tolerance.exceeded(before.gas.0, after.gas.0) => {
                Loss::Gas {
                    before: *before,
                    after: *after,
                }
            }
            Change::Changed {
                because: Incomparable::Reverts { newly, .. },
                ..
            } if *newly > 0 => Loss::Reverts(*newly),
            // A contract that does not build takes all its calls with it; one sentence says so.
            Change::Broken { reason, .. } if broken != Some(reason) => Loss::Fails(reason.clone()),
            _ => continue,
        };
        regressions.push(regression(Some(&call.name), loss));
    }
    regressions
}
