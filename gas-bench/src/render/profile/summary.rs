//! What is said before and after the tables.
//!
//! Lives here: what was called, what it cost in all, and what to know about the figures. Not here: the figures of any one function.

use std::fmt::Write as _;

use stylus_vm::profile::Profile;
use stylus_vm::{Gas, Ink};

use super::grid::counted;
use super::{names, outside, spending};
use crate::figures::profile::CallProfile;
use crate::words::grouped;

/// What was called, and the plan's name for it where that says more.
pub(super) fn heading(profile: &CallProfile) -> String {
    let CallProfile {
        call, signature, ..
    } = profile;
    let mut text = format!("{}: {signature}", profile.contract);
    // Calldata that is sent as it stands is its own name.
    let is_named = profile
        .arguments
        .iter()
        .all(|it| signature.ends_with(&format!(" {it}")));
    if !is_named {
        let _ = write!(text, " with {}", profile.arguments.join(", "));
    }
    let function = signature.split('(').next().unwrap_or_default();
    if call != signature && call != function {
        let _ = write!(text, ", planned as \"{call}\"");
    }
    names::shown(&text)
}

/// What it cost: gas of the whole transaction, ink and memory of the program's run.
pub(super) fn totals(profile: &CallProfile) -> [String; 3] {
    [gas(profile), ink(profile), memory(&profile.profile)]
}

fn gas(profile: &CallProfile) -> String {
    let parts = &profile.parts;
    let run = spending::spent(&profile.profile).saturating_add(parts.rounding);
    let run = grouped(outside::in_gas(profile, run).0);
    let before = outside::before(profile).into_iter().map(worded);
    let after = outside::after(profile).into_iter().map(worded);
    let run = [format!("{run} for the program's run")];
    let all: Vec<_> = before.chain(run).chain(after).collect();
    let mut text = format!("{} gas: {}", grouped(profile.gas.0), all.join(", "));
    if parts.refund > Gas::ZERO {
        let _ = write!(text, ", less a refund of {}", grouped(parts.refund.0));
    }
    text + "."
}

fn ink(profile: &CallProfile) -> String {
    let run = &profile.profile;
    let mut text = format!(
        "{} ink in the run, {} to the gas: {} in functions, {} in host calls",
        grouped(spending::spent(run).0),
        grouped(profile.ink_per_gas.into()),
        grouped(spending::by_functions(run).0),
        grouped(spending::by_hostios(run).0),
    );
    if run.forfeited > Ink::ZERO {
        let _ = write!(text, ", {} forfeited", grouped(run.forfeited.0));
    }
    let rounding = profile.parts.rounding;
    if rounding > Ink::ZERO {
        let _ = write!(
            text,
            "; rounding to whole gas takes {} more",
            grouped(rounding.0)
        );
    }
    text + "."
}

fn memory(run: &Profile) -> String {
    let sizes = || run.memory.iter().map(|size| size.pages);
    format!(
        "{} of memory at the start, {} at the peak.",
        counted(sizes().next().unwrap_or(0), "page"),
        grouped(sizes().max().unwrap_or(0)),
    )
}

fn worded(part: outside::Part) -> String {
    format!("{} for {}", grouped(part.gas.0), part.label)
}

/// What to know about the figures.
pub(super) fn notes(profile: &CallProfile) -> Vec<String> {
    let mut notes = vec![
        "Self ink is what was spent in a function itself, total ink with all that it called; a recursive call counts once."
            .to_owned(),
    ];
    if !profile.profile.allocations.calls.is_empty() {
        notes.push(
            "Bytes asked are those of new blocks, and of resized blocks at their new size."
                .to_owned(),
        );
    }
    if profile.profile.truncated {
        notes.push(
            "The call tree was too large to be kept whole. What calls beyond its bound spent is their callers' own in the flame \
             graph and for speedscope; the tables are complete."
                .to_owned(),
        );
    }
    notes
}
