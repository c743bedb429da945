//! What calls cost before and after a module gets another allocator.
//!
//! Lives here: the table and its rows. Not here: running anything (`transplant::rehearsal`).

use serde::Serialize;
use stylus_vm::Outcome;

use crate::document::{Cell, Column, Content, Document, Rank, Row, Table, csv, json};
use stylus_override::rehearsal::{Rehearsal, Rehearsed};

/// The output of `override --measure`.
#[derive(Clone, Copy, Debug)]
pub struct RehearsalContent<'a> {
    /// The figures.
    pub rehearsal: &'a Rehearsal,
}

/// A call for programs and spreadsheets.
#[derive(Serialize)]
struct CallReport<'a> {
    call: &'a str,
    outcome: &'static str,
    original_gas: u64,
    gas: u64,
    original_ink: u64,
    ink: u64,
    original_pages: u32,
    pages: u32,
}

impl RehearsalContent<'_> {
    fn calls(&self) -> impl Iterator<Item = CallReport<'_>> {
        self.rehearsal.calls.iter().map(|call| CallReport {
            call: &call.name,
            outcome: outcome(call.outcome),
            original_gas: call.before.gas.0,
            gas: call.after.gas.0,
            original_ink: call.before.ink.0,
            ink: call.after.ink.0,
            original_pages: call.before.pages,
            pages: call.after.pages,
        })
    }
}

impl Content for RehearsalContent<'_> {
    fn document(&self, _: bool) -> Document {
        let mut document = Document::new("Calls before and after", &[]);
        let columns = [
            Column::name("call"),
            Column::figure("original gas"),
            Column::figure("gas"),
            Column::figure("difference"),
            Column::figure("%"),
            Column::figure("pages"),
            Column::words("outcome"),
        ];
        let rows = self.rehearsal.calls.iter().map(row);
        document.push(Rank::Vital, Table::new("calls", columns, rows));
        document.notes(["The program alone: the transaction and the program's start come on top."]);
        document
    }

    fn json(&self) -> String {
        json(&self.calls().collect::<Vec<_>>())
    }

    fn csv(&self) -> String {
        csv(self.calls())
    }
}

fn row(call: &Rehearsed) -> Row {
    let (before, after) = (call.before, call.after);
    let pages = match before.pages == after.pages {
        true => after.pages.to_string(),
        false => format!("{} → {}", before.pages, after.pages),
    };
    let figures = [Cell::figure(before.gas.0), Cell::figure(after.gas.0)];
    let compared = Cell::compared(before.gas.0, after.gas.0);
    let rest = [Cell::words(pages), Cell::words(outcome(call.outcome))];
    let name = [Cell::name(&call.name)].into_iter();
    Row::plain(name.chain(figures).chain(compared).chain(rest))
}

const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Success => "succeeds",
        Outcome::Revert => "reverts",
        Outcome::Failure => "traps",
        Outcome::OutOfInk => "out of ink",
        Outcome::OutOfStack => "out of stack",
    }
}

#[cfg(test)]
mod tests {
    use stylus_vm::{Gas, Ink};

    use super::*;
    use crate::document::{Colour, Format};
    use stylus_override::rehearsal::Cost;

    #[test]
    fn figures_stand_beside_each_other() {
        let cost = |gas: u64, pages| Cost {
            ink: Ink(gas * 10_000),
            gas: Gas(gas),
            pages,
        };
        let call = |name: &str, before, after| Rehearsed {
            name: name.to_owned(),
            outcome: Outcome::Success,
            before,
            after,
        };
        let rehearsal = Rehearsal {
            calls: vec![
                call("mint(address,uint256)", cost(24_000, 1), cost(23_760, 1)),
                call(&"x".repeat(200), cost(0, 12), cost(1_000_000, 9)),
            ],
        };
        let rehearsal = &rehearsal;
        let text = RehearsalContent { rehearsal }.write(Format::Table, Colour::Never);
        assert!(
            text.lines().all(|line| line.chars().count() <= 100),
            "{text}"
        );
        let words: Vec<Vec<&str>> = text
            .lines()
            .map(|line| line.split_whitespace().collect())
            .collect();
        let has = |row: &[&str]| {
            words
                .iter()
                .any(|words| words.windows(row.len()).any(|it| it == row))
        };
        assert!(
            has(&["24,000"]) && has(&["−1.00%"]) && has(&["mint(address,uint256)"]),
            "{text}"
        );
        assert!(has(&["12", "→", "9"]) && has(&["1,000,000"]), "{text}");
    }
}
