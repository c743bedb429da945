//! Where the gas of each call went, as bars.
//!
//! Lives here: one stacked bar for each call, on the scale of the most expensive. Not here: how gas is divided (`figures`).
//!
//! A bar fills the available width while text keeps its size: bars are drawn in their own units, and everything else is placed in per
//! cent. So a phone and a desktop show the same picture.

use std::collections::BTreeSet;

use maud::{Markup, html};
use stylus_vm::Gas;

use super::{TITLE_MAX, WIDTH, document, label, sound};
use crate::figures::{Call, Contract, Segment, Split};
use crate::words::{grouped, share};

/// The units of a bar as wide as the plot.
const UNITS: u64 = 10_000;

/// A segment narrower than this is not separated from its neighbour: only the line between them would remain.
const PARTED: u64 = 50;

/// From one call to the next: a line of text with a bar below it.
const ROW: usize = 42;
const BAR: usize = 14;

/// Above the bars: the numbers of the axis.
const AXIS: usize = 24;

/// Above the axis, in a file: the title, then lines of the legend.
const TITLE: usize = 36;
const LEGEND_ROW: usize = 20;
const LEGEND_COLUMN: usize = 116;
const LEGEND_COLUMNS: usize = WIDTH / LEGEND_COLUMN;

/// The most characters of a call's name that fit on one line with its gas on a phone.
const NAME_MAX: usize = 32;

/// The bars of a contract.
pub(crate) struct Bars<'a> {
    name: &'a str,
    rows: Vec<(&'a Call, Option<Split>)>,
    axis: Axis,
}

impl<'a> Bars<'a> {
    /// The bars of `contract`; `None` if it has no calls.
    pub(crate) fn of(contract: &'a Contract, ink_per_gas: u32) -> Option<Self> {
        let split = |call| (call, Split::of(call, ink_per_gas));
        let rows: Vec<_> = contract.calls.iter().map(split).collect();
        if rows.is_empty() {
            return None;
        }
        let paid = rows.iter().filter_map(|(_, split)| split.as_ref());
        let axis = Axis::up_to(paid.map(Split::paid).max().unwrap_or_default());
        Some(Self {
            name: &contract.name,
            rows,
            axis,
        })
    }

    /// The segments of the bars, in order.
    fn segments(&self) -> BTreeSet<Segment> {
        let splits = self.rows.iter().filter_map(|(_, split)| split.as_ref());
        let segments = splits.flat_map(Split::segments);
        segments
            .filter(|(_, gas)| *gas > Gas::ZERO)
            .map(|(segment, _)| segment)
            .collect()
    }

    /// Whether there is any refund, which the legend then states.
    fn has_refund(&self) -> bool {
        let mut splits = self.rows.iter().filter_map(|(_, split)| split.as_ref());
        splits.any(|split| split.refund > Gas::ZERO)
    }

    /// The bars as a file, with a title and a legend.
    pub(super) fn document(&self) -> String {
        let legend = self.legend();
        let top = TITLE + legend.len().div_ceil(LEGEND_COLUMNS) * LEGEND_ROW;
        let content = html! {
            text.title x="0" y="16" { (label(self.name, TITLE_MAX)) ": where the gas of each call goes" }
            @for (index, (class, title)) in legend.into_iter().enumerate() {
                @let (x, y) = (index % LEGEND_COLUMNS * LEGEND_COLUMN, TITLE + index / LEGEND_COLUMNS * LEGEND_ROW);
                rect class=(class) x=(x) y=(y) width="12" height="12" rx="2" {}
                text.small x=(x + 17) y=(y + 10) { (title) }
            }
            (self.plot(top))
        };
        document(top + self.height(), &self.describe(), &content)
    }

    /// The bars as part of a page that has the title.
    pub(crate) fn inline(&self) -> String {
        let drawing = html! {
            ul.legend { @for (class, title) in self.legend() { li { span class={ "swatch " (class) } {} (title) } } }
            svg.plot.bars xmlns="http://www.w3.org/2000/svg" width=(WIDTH) height=(self.height())
                role="img" aria-label=(self.describe()) {
                (self.plot(0))
            }
        };
        drawing.into_string()
    }

    fn describe(&self) -> String {
        format!(
            "Where the gas of each call of {} goes, on average over its runs",
            label(self.name, TITLE_MAX)
        )
    }

    fn height(&self) -> usize {
        AXIS + self.rows.len() * ROW
    }

    fn legend(&self) -> Vec<(&'static str, &'static str)> {
        let segments = self.segments().into_iter();
        let refund = self.has_refund().then_some(("of-refund", "Refund"));
        segments
            .map(|segment| (segment.class(), segment.title()))
            .chain(refund)
            .collect()
    }

    /// The axis and the bars, starting `top` units down.
    fn plot(&self, top: usize) -> Markup {
        let bottom = top + self.height();
        html! {
            @for (percent, gas) in self.axis.ticks() {
                @let (anchor, x) = match percent {
                    0 => ("start", "0".to_owned()),
                    100 => ("end", "100%".to_owned()),
                    _ => ("middle", format!("{percent}%")),
                };
                line.grid x1=(x) x2=(x) y1=(top + 16) y2=(bottom - 6) {}
                text.small.quiet x=(x) y=(top + 11) text-anchor=(anchor) { (grouped(gas.0)) }
            }
            @for (index, (call, split)) in self.rows.iter().enumerate() {
                (self.row(top + AXIS + index * ROW, call, split.as_ref()))
            }
        }
    }

    fn row(&self, y: usize, call: &Call, split: Option<&Split>) -> Markup {
        html! {
            g {
                title { (story(call, split)) }
                text x="0" y=(y + 13) {
                    tspan.name { (label(&call.name, NAME_MAX)) }
                    @if call.runs().iter().any(|run| run.reverted) { tspan.quiet { " reverts" } }
                }
                @match split {
                    None => text.failed x="100%" y=(y + 13) text-anchor="end" { "FAILED" },
                    Some(split) => {
                        text x="100%" y=(y + 13) text-anchor="end" { (grouped(split.total.0)) }
                        svg x="0" y=(y + 18) width="100%" height=(BAR + 4)
                            viewBox={ "0 0 " (UNITS) " " (BAR + 4) } preserveAspectRatio="none" {
                            (self.bar(split))
                        }
                    }
                }
            }
        }
    }

    fn bar(&self, split: &Split) -> Markup {
        let mut sum = Gas::ZERO;
        let segments = split.segments().into_iter().map(|(segment, gas)| {
            let from = self.axis.units(sum);
            sum = sum.saturating_add(gas);
            (segment, gas, from, self.axis.units(sum) - from)
        });
        let segments: Vec<_> = segments.filter(|(.., width)| *width > 0).collect();
        let gaps = segments.windows(2).filter_map(|pair| match pair {
            [(.., before), (_, _, x, after)] => (*before.min(after) >= PARTED).then_some(*x),
            _ => None,
        });
        let gaps: Vec<_> = gaps.collect();
        let (total, paid) = (self.axis.units(split.total), self.axis.units(split.paid()));
        html! {
            @for (segment, gas, x, width) in &segments {
                rect class=(segment.class()) x=(x) y="0" width=(width) height=(BAR) {
                    title { (segment.title()) ": " (of_paid(*gas, split)) }
                }
            }
            @for x in &gaps {
                line.gap x1=(x) x2=(x) y1="0" y2=(BAR) vector-effect="non-scaling-stroke" {}
            }
            @if paid > total {
                rect.of-refund x=(total) y=(BAR + 1) width=(paid - total) height="3" {
                    title { "Refund: −" (grouped(split.refund.0)) " gas" }
                }
            }
        }
    }
}

/// What the bar of a call shows, in words.
fn story(call: &Call, split: Option<&Split>) -> String {
    let mut lines = vec![sound(&call.name)];
    match split {
        None => lines.push(format!(
            "FAILED: {}",
            sound(call.failure().unwrap_or_default())
        )),
        Some(split) => {
            let segments = split.segments().into_iter();
            let segments = segments.filter(|(_, gas)| *gas > Gas::ZERO);
            lines.extend(
                segments
                    .map(|(segment, gas)| format!("{}: {}", segment.title(), of_paid(gas, split))),
            );
            if split.refund > Gas::ZERO {
                lines.push(format!("Refund: −{} gas", grouped(split.refund.0)));
            }
            lines.push(format!("Total: {} gas", grouped(split.total.0)));
        }
    }
    lines.join("\n")
}

fn of_paid(gas: Gas, split: &Split) -> String {
    let share = share(gas.0, split.paid().0).unwrap_or_default();
    format!("{} gas, {share}", grouped(gas.0))
}

/// A scale that ends in a round number.
struct Axis {
    step: u64,
    steps: u64,
}

impl Axis {
    /// The scale whose end is nearest above `most`, in four or five steps, so that their percentages are whole.
    fn up_to(most: Gas) -> Self {
        const LEADING: [u64; 10] = [1, 2, 3, 4, 5, 6, 8, 10, 15, 25];
        let mut power = 1_u64;
        loop {
            let axes = LEADING.into_iter().flat_map(|leading| {
                let step = leading.saturating_mul(power);
                [4, 5].map(|steps| Self { step, steps })
            });
            let fitting = axes.filter(|axis| axis.end() >= most.0);
            if let Some(axis) = fitting.min_by_key(Self::end) {
                return axis;
            }
            // The end saturates in time, and the largest number is large enough for any gas.
            power = power.saturating_mul(10);
        }
    }

    fn end(&self) -> u64 {
        self.step.saturating_mul(self.steps)
    }

    /// How far `gas` is from the left, in [`UNITS`].
    fn units(&self, gas: Gas) -> u64 {
        let units = u128::from(gas.0) * u128::from(UNITS) / u128::from(self.end());
        u64::try_from(units).map_or(UNITS, |units| units.min(UNITS))
    }

    /// Each mark, in per cent from the left, and its gas.
    fn ticks(&self) -> impl Iterator<Item = (u64, Gas)> {
        (0..=self.steps).map(|index| {
            let gas = self.step.saturating_mul(index);
            (100 * index / self.steps, Gas(gas))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_in_a_round_number() {
        for (most, step, steps) in [
            (0, 1, 4),
            (4, 1, 4),
            (5, 1, 5),
            (21_064, 6_000, 4),
            (54_321, 15_000, 4),
            (60_001, 15_000, 5),
            (100_000, 25_000, 4),
            (1_234_567, 250_000, 5),
            (u64::MAX, u64::MAX, 4),
        ] {
            let axis = Axis::up_to(Gas(most));
            let end = axis.end();
            assert!(end >= most, "{end} for {most}");
            if most < u64::MAX {
                assert_eq!((axis.step, axis.steps), (step, steps), "{most}");
                assert!(end <= most.max(3) * 3 / 2, "{end} for {most}");
            }
            assert_eq!(axis.units(Gas(end)), UNITS);
        }
    }
}
