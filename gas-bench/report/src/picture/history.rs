//! What each call cost, from report to report.
//!
//! Lives here: a small panel for each call, with its own scale. Not here: which costs can be compared (`baseline::diff`).

use std::cmp::Ordering;
use std::fmt::Write as _;

use maud::{Markup, html};
use stylus_vm::Gas;

use super::{TITLE_MAX, document, label, sound};
use crate::figures::baseline::{CallDiff, Change, diff};
use crate::figures::{Call, Contract, Report};
use crate::words::{grouped, percent};

/// The size of a panel, and of the gap between two in a file.
const PANEL: (usize, usize) = (229, 112);
const GAP: usize = 16;
const COLUMNS: usize = 3;

/// Where the lines are within a panel.
const LEFT: usize = 6;
const RIGHT: usize = PANEL.0 - 6;
const TOP: usize = 30;
const BOTTOM: usize = 72;

/// Above the panels, in a file: the title and a line of explanation.
const TITLE: usize = 56;

/// The most characters of a call's name beside its change, and of a report's name.
const NAME_MAX: usize = 22;
const REPORT_MAX: usize = 16;

/// The label of the report itself, after its baselines.
const NOW: &str = "now";

/// The panels of a contract.
pub(crate) struct History<'a> {
    contract: &'a str,
    steps: Vec<Step<'a>>,
    /// The calls that have figures to compare, by name.
    calls: Vec<&'a str>,
}

/// A report, and what has changed since the previous one.
struct Step<'a> {
    name: &'a str,
    contract: Option<&'a Contract>,
    /// How its circumstances differ from the previous report's, a sentence each.
    notes: Vec<String>,
    calls: Vec<CallDiff>,
}

/// What a call cost in one report.
struct Point<'a> {
    step: &'a Step<'a>,
    x: usize,
    gas: Gas,
    y: usize,
    /// Why there is no line from the previous point: the two cannot be compared.
    apart: Option<String>,
}

impl<'a> History<'a> {
    /// The history of `contract`; `None` if no call has figures in two reports.
    pub(crate) fn of(
        report: &'a Report,
        contract: &'a Contract,
        baselines: &'a [(String, Report)],
    ) -> Option<Self> {
        let older = baselines.iter().map(|(name, report)| (&**name, report));
        let mut before = None;
        let steps = older.chain([(NOW, report)]).map(|(name, report)| {
            let step = Step::of(name, report, before, &contract.name);
            before = Some(report);
            step
        });
        let steps: Vec<_> = steps.collect();
        let has_two = |name: &&str| steps.iter().filter_map(|step| step.gas(name)).count() > 1;
        let calls = contract.calls.iter().map(|call| &*call.name);
        let calls: Vec<_> = calls.filter(has_two).collect();
        (!calls.is_empty()).then_some(Self {
            contract: &contract.name,
            steps,
            calls,
        })
    }

    /// The panels as a file.
    pub(super) fn document(&self) -> String {
        let rows = self.calls.len().div_ceil(COLUMNS);
        let content = html! {
            text.title x="0" y="16" { (label(self.contract, TITLE_MAX)) ": gas of each call, report after report" }
            text.small.quiet x="0" y="36" { (self.legend()) }
            @for (index, call) in self.calls.iter().enumerate() {
                @let (column, row) = (index % COLUMNS, index / COLUMNS);
                (self.panel(call, column * (PANEL.0 + GAP), TITLE + row * (PANEL.1 + GAP)))
            }
        };
        let about = format!(
            "Gas of each call of {}, report after report",
            label(self.contract, TITLE_MAX)
        );
        document(TITLE + rows * (PANEL.1 + GAP), &about, &content)
    }

    /// The panels as part of a page that has the title.
    pub(crate) fn inline(&self) -> String {
        let panels = self.calls.iter().map(|call| self.panel(call, 0, 0));
        html! { div.panels { @for panel in panels { (panel) } } }.into_string()
    }

    /// What a reader must know about every panel.
    pub(crate) fn legend(&self) -> &'static str {
        if self.steps.iter().all(|step| step.notes.is_empty()) {
            "Gas of all runs of a call. Each panel has its own scale."
        } else {
            "Gas of all runs of a call. Each panel has its own scale. Dashed: made differently from here on."
        }
    }

    fn panel(&self, call: &str, x: usize, y: usize) -> Markup {
        let points = self.points(call);
        let ends = points.first().zip(points.last());
        let fails = self.steps.last().is_some_and(|step| step.fails(call));
        let (class, outcome) = match ends {
            _ if fails => ("failed", "FAILED".to_owned()),
            Some((first, last)) if points.iter().all(|point| point.apart.is_none()) => {
                change(first.gas, last.gas)
            }
            _ => ("quiet", "changed".to_owned()),
        };
        html! {
            svg.plot.panel xmlns="http://www.w3.org/2000/svg" x=(x) y=(y) width=(PANEL.0) height=(PANEL.1)
                viewBox={ "0 0 " (PANEL.0) " " (PANEL.1) } role="img" aria-label={ (label(call, TITLE_MAX)) ": " (outcome) } {
                title { (sound(call)) }
                text.name x="0" y="12" { (label(call, NAME_MAX)) }
                text class=(class) x=(PANEL.0) y="12" text-anchor="end" { (outcome) }
                line.grid x1="0" x2=(PANEL.0) y1=(BOTTOM + 8) y2=(BOTTOM + 8) {}
                (self.breaks())
                path.line d=(line(&points)) {}
                @for point in &points { (point.dot()) }
                @if let Some((first, last)) = ends {
                    text.small.quiet x="0" y=(BOTTOM + 23) { (label(first.step.name, REPORT_MAX)) }
                    text.small x="0" y=(BOTTOM + 37) { (grouped(first.gas.0)) }
                    text.small.quiet x=(PANEL.0) y=(BOTTOM + 23) text-anchor="end" { (label(last.step.name, REPORT_MAX)) }
                    text.small x=(PANEL.0) y=(BOTTOM + 37) text-anchor="end" { (grouped(last.gas.0)) }
                }
            }
        }
    }

    /// A line between two reports made under different circumstances.
    fn breaks(&self) -> Markup {
        let steps = self.steps.iter().enumerate().skip(1);
        html! {
            @for (index, step) in steps.filter(|(_, step)| !step.notes.is_empty()) {
                @let x = (self.x(index - 1) + self.x(index)) / 2;
                line.change x1=(x) x2=(x) y1=(TOP - 8) y2=(BOTTOM + 8) { title { (sound(&step.notes.join(" "))) } }
            }
        }
    }

    /// The horizontal position of the report `index`.
    fn x(&self, index: usize) -> usize {
        LEFT + (RIGHT - LEFT) * index / self.steps.len().saturating_sub(1).max(1)
    }

    /// The reports that have figures for `call`.
    fn points(&self, call: &str) -> Vec<Point<'_>> {
        let figures = self.steps.iter().enumerate();
        let figures = figures.filter_map(|(index, step)| Some((index, step, step.gas(call)?)));
        let figures: Vec<_> = figures.collect();
        let gas = || figures.iter().map(|(.., gas)| u128::from(gas.0));
        let scale = Scale::of(gas().min().unwrap_or(0), gas().max().unwrap_or(0));
        let mut before = None;
        let points = figures.into_iter().map(|(index, step, gas)| {
            let apart = before.and_then(|before| match step.change(call) {
                _ if before + 1 != index => Some("no figures in between".to_owned()),
                Some(Change::Changed { because, .. }) => Some(because.to_string()),
                _ => None,
            });
            before = Some(index);
            Point {
                step,
                x: self.x(index),
                gas,
                y: scale.y(gas.0.into()),
                apart,
            }
        });
        points.collect()
    }
}

impl<'a> Step<'a> {
    fn of(name: &'a str, report: &'a Report, before: Option<&Report>, contract: &str) -> Self {
        let diff = before.map(|before| diff(before, report));
        let (notes, contracts) =
            diff.map_or_else(Default::default, |diff| (diff.notes, diff.contracts));
        let calls = contracts.into_iter().find(|diff| diff.name == contract);
        Self {
            name,
            contract: report.contracts.iter().find(|it| it.name == contract),
            notes,
            calls: calls.map(|diff| diff.calls).unwrap_or_default(),
        }
    }

    fn call(&self, name: &str) -> Option<&'a Call> {
        self.contract?.calls.iter().find(|call| call.name == name)
    }

    /// Gas of all runs, if there are any.
    fn gas(&self, call: &str) -> Option<Gas> {
        let call = self.call(call)?;
        (!call.runs().is_empty()).then(|| call.total_gas())
    }

    fn fails(&self, call: &str) -> bool {
        self.call(call).is_some_and(|call| call.failure().is_some())
    }

    fn change(&self, call: &str) -> Option<&Change<crate::figures::baseline::Cost>> {
        let diff = self.calls.iter().find(|diff| diff.name == call)?;
        Some(&diff.cost)
    }
}

impl Point<'_> {
    fn dot(&self) -> Markup {
        html! {
            circle.dot cx=(self.x) cy=(self.y) r="4" {
                title {
                    (sound(self.step.name)) ": " (grouped(self.gas.0)) " gas"
                    @if let Some(apart) = &self.apart { "; " (apart) }
                }
            }
        }
    }
}

/// Lines between points that can be compared.
fn line(points: &[Point<'_>]) -> String {
    let mut line = String::new();
    for (index, point) in points.iter().enumerate() {
        let command = if index == 0 || point.apart.is_some() {
            'M'
        } else {
            'L'
        };
        let _ = write!(line, "{command}{} {}", point.x, point.y);
    }
    line
}

/// The change from `first` to `last`, with its class.
fn change(first: Gas, last: Gas) -> (&'static str, String) {
    let class = match last.cmp(&first) {
        Ordering::Less => "better",
        Ordering::Equal => "quiet",
        Ordering::Greater => "worse",
    };
    let text = percent(first.0, last.0).unwrap_or_else(|| grouped(last.0));
    (class, text)
}

/// A scale of gas from the bottom of a panel to its top.
struct Scale {
    least: u128,
    span: u128,
}

impl Scale {
    /// A scale around `least` and `most`. It spans at least a twentieth of `most`, so that small differences look small.
    fn of(least: u128, most: u128) -> Self {
        let span = (most - least).max(most / 20).max(1);
        Self {
            least: least.saturating_sub((span - (most - least)) / 2),
            span,
        }
    }

    fn y(&self, gas: u128) -> usize {
        let height = (gas - self.least) * (BOTTOM - TOP) as u128 / self.span;
        BOTTOM - usize::try_from(height).map_or(0, |height| height.min(BOTTOM - TOP))
    }
}
