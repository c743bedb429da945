//! One call, profiled function by function.
//!
//! Lives here: what was called, its total cost, and what to know about the figures. Not here: who spent the ink (`spending`), who
//! allocated (`allocations`), rows (`csv`), the data and its sums (`figures::profile`).

mod allocations;
mod csv;
mod spending;

use std::fmt::Write as _;

use stylus_vm::profile::Profile;
use stylus_vm::{Gas, Ink};

use crate::document::{Content, Document, Drawing, Picture, Rank, json};
use crate::figures::profile::CallProfile;
use crate::picture::{flame_graph, names, outside};
use crate::words::{counted, grouped};

/// The output of `profile`.
#[derive(Clone, Copy, Debug)]
pub struct ProfileContent<'a> {
    /// The figures.
    pub profile: &'a CallProfile,
    /// How many functions and host calls are listed by name in each table. The rest share one row, so that every column adds up.
    pub top: usize,
}

impl Content for ProfileContent<'_> {
    fn document(&self, is_page: bool) -> Document {
        let Self { profile, top } = *self;
        let mut document = Document::new(heading(profile), &[]);
        document.sentences(Rank::Vital, totals(profile));
        spent(&mut document, profile, top, is_page);
        document.notes(notes(profile));
        document
    }

    fn json(&self) -> String {
        json(self.profile)
    }

    /// A row for each function and host call.
    fn csv(&self) -> String {
        csv::rows(self.profile)
    }
}

/// Who spent the ink of a call, and who allocated.
pub(super) fn spent(document: &mut Document, profile: &CallProfile, top: usize, is_page: bool) {
    let run = &profile.profile;
    document.heading(Rank::Vital, "Ink");
    document.push(Rank::Vital, spending::table(run, top));
    // A call that spent nothing has no graph.
    if let Some(Ok(svg)) = is_page.then(|| flame_graph(profile)) {
        let graph = Picture {
            title: "Flame graph".to_owned(),
            caption: "The wider a frame, the more ink it took, including everything it called."
                .to_owned(),
            drawing: Drawing::Framed(svg),
        };
        document.push(Rank::Page, graph);
    }
    document.heading(Rank::Vital, "Memory");
    document.push(Rank::Vital, allocations::table(run, top));
    document.sentences(Rank::Vital, allocations::remarks(run));
}

/// What was called, and its name in the plan if that says more.
pub(super) fn heading(profile: &CallProfile) -> String {
    let CallProfile {
        call, signature, ..
    } = profile;
    let mut text = format!("{}: {signature}", profile.contract);
    // Raw calldata is its own name.
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

/// Its cost: gas of the whole transaction, ink and memory of the program's run.
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
        "Self ink was spent in the function itself; total ink includes everything it called. A recursive call counts once."
            .to_owned(),
    ];
    if !profile.profile.allocations.calls.is_empty() {
        notes.push(
            "Bytes asked: those of new blocks, and of resized blocks at their new size.".to_owned(),
        );
    }
    if profile.profile.truncated {
        notes.push(
            "The call tree was too large to keep whole. In the flame graph and the speedscope file, what the missing calls spent counts \
             for their callers; the tables are complete."
                .to_owned(),
        );
    }
    notes
}
