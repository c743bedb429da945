//! What has changed since the newest baseline.
//!
//! Lives here: a change as a mark in a table, and how many there are of each kind. Not here: comparing (`baseline::diff`).

use maud::{Markup, html};

use super::words::count;
use crate::figures::baseline::{Change, Cost, Diff, Incomparable, Standing};
use crate::render::plot::tone;
use crate::words::{grouped, percent};

/// What has become of a call: in per cents, and by how much over all runs.
pub(super) fn of_call(change: &Change<Cost>) -> Markup {
    mark(change, |cost| cost.gas.0)
}

/// What has become of anything that has an amount.
pub(super) fn mark<C: Copy>(change: &Change<C>, amount: impl Fn(C) -> u64) -> Markup {
    let text = match change {
        Change::Better { before, after } | Change::Worse { before, after } => {
            let (before, after) = (amount(*before), amount(*after));
            // Of what is nothing in per cents, the difference alone is told.
            let told = |percent: &String| percent.contains(|c| matches!(c, '1'..='9'));
            return html! {
                span class=(tone(change)) {
                    @if let Some(percent) = percent(before, after).filter(told) { strong { (percent) } " " }
                    span.by { (signed(before, after)) }
                }
            };
        }
        Change::Same { .. } => "same",
        Change::Changed { because, .. } => match because {
            Incomparable::Function => "other function",
            Incomparable::Runs => "other runs",
            Incomparable::Arguments => "other arguments",
            Incomparable::Reverts { newly: 1.., .. } => "newly reverts",
            Incomparable::Reverts { .. } => "no longer reverts",
        },
        Change::Added { .. } => "new",
        Change::Removed { .. } => "gone",
        Change::Broken { .. } => "broken",
        Change::Failing { .. } => "failing",
        Change::Fixed { .. } => "fixed",
    };
    html! { span class=(tone(change)) { (text) } }
}

/// How much more `after` is than `before`, with its sign, so that a difference reads as one without colour.
fn signed(before: u64, after: u64) -> String {
    let sign = if after < before { '−' } else { '+' };
    format!("{sign}{}", grouped(after.abs_diff(before)))
}

/// How many calls have changed how.
#[derive(Default)]
pub(super) struct Tally {
    worse: usize,
    better: usize,
    same: usize,
    reverting: usize,
    changed: usize,
    added: usize,
    removed: usize,
    broken: usize,
    failing: usize,
    fixed: usize,
    contracts_added: usize,
    contracts_removed: usize,
}

impl Tally {
    pub(super) fn of(diff: &Diff) -> Self {
        let mut tally = Self::default();
        for contract in &diff.contracts {
            match contract.standing {
                Standing::Added => tally.contracts_added += 1,
                Standing::Removed => tally.contracts_removed += 1,
                _ => {}
            }
            for call in &contract.calls {
                *match call.cost {
                    Change::Worse { .. } => &mut tally.worse,
                    Change::Better { .. } => &mut tally.better,
                    Change::Same { .. } => &mut tally.same,
                    Change::Changed {
                        because: Incomparable::Reverts { newly: 1.., .. },
                        ..
                    } => &mut tally.reverting,
                    Change::Changed { .. } => &mut tally.changed,
                    Change::Added { .. } => &mut tally.added,
                    Change::Removed { .. } => &mut tally.removed,
                    Change::Broken { .. } => &mut tally.broken,
                    Change::Failing { .. } => &mut tally.failing,
                    Change::Fixed { .. } => &mut tally.fixed,
                } += 1;
            }
        }
        tally
    }

    /// What there is any of, each with its class: the worst first.
    pub(super) fn words(&self) -> Vec<(&'static str, String)> {
        let calls = |class, number, what: &str| (number, class, format!("{number} {what}"));
        let contracts = |number, what: &str| {
            (
                number,
                "quiet",
                format!("{} {what}", count(number, "contract")),
            )
        };
        let words = [
            calls("failed", self.broken, "broken"),
            calls("failed", self.failing, "failing"),
            calls("failed", self.reverting, "newly reverting"),
            calls("worse", self.worse, "dearer"),
            calls("better", self.better, "cheaper"),
            calls("quiet", self.same, "the same"),
            calls("quiet", self.changed, "no longer comparable"),
            calls("quiet", self.added, "new"),
            calls("quiet", self.removed, "gone"),
            calls("quiet", self.fixed, "fixed"),
            contracts(self.contracts_added, "new"),
            contracts(self.contracts_removed, "gone"),
        ];
        let words = words.into_iter().filter(|(number, ..)| *number > 0);
        words.map(|(_, class, text)| (class, text)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::Bytes;

    fn check(change: Change<Bytes>, expected: &str) {
        assert_eq!(mark(&change, |size| size.0).into_string(), expected);
    }

    #[test]
    fn a_change_reads_without_colour() {
        let (before, after) = (Bytes(10_000), Bytes(10_120));
        check(
            Change::Worse { before, after },
            "<span class=\"worse\"><strong>+1.20%</strong> <span class=\"by\">+120</span></span>",
        );
        check(
            Change::Better {
                before: after,
                after: before,
            },
            "<span class=\"better\"><strong>−1.19%</strong> <span class=\"by\">−120</span></span>",
        );
        // So little that there is none of it in per cents.
        check(
            Change::Worse {
                before: Bytes(1_000_000),
                after: Bytes(1_000_001),
            },
            "<span class=\"worse\"><span class=\"by\">+1</span></span>",
        );
        let changed = |because| Change::Changed {
            before,
            after,
            because,
        };
        let reverts = |newly, no_longer| changed(Incomparable::Reverts { newly, no_longer });
        for (change, class, text) in [
            (Change::Same { before, after }, "quiet", "same"),
            (changed(Incomparable::Runs), "quiet", "other runs"),
            (reverts(1, 0), "failed", "newly reverts"),
            (reverts(0, 1), "quiet", "no longer reverts"),
            (Change::Added { after }, "quiet", "new"),
            (
                Change::Broken {
                    before,
                    reason: String::new(),
                },
                "failed",
                "broken",
            ),
        ] {
            check(change, &format!("<span class=\"{class}\">{text}</span>"));
        }
    }
}
