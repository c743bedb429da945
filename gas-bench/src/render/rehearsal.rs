//! What calls cost before and after, for a terminal.
//!
//! Lives here: the table. Not here: running anything (`stylus_override::rehearsal`).

use stylus_override::rehearsal::{Rehearsal, Rehearsed};
use stylus_vm::Outcome;

use super::Colour;
use super::terminal::{Paint, beside, paint, room_beside};
use crate::words::{ellipsised, grouped, percent, printable};

/// Titles of the columns before the call's.
const TITLES: [&str; 5] = ["gas, original", "result", "difference", "pages", "outcome"];

/// The table, at most 100 columns wide, and a line about what is not in it.
pub fn table(rehearsal: &Rehearsal, colour: Colour) -> String {
    let rows: Vec<_> = rehearsal.calls.iter().map(figures).collect();
    let room = room_beside(&TITLES, rows.iter().map(<[_; 5]>::as_slice));
    let names = rehearsal
        .calls
        .iter()
        .map(|call| ellipsised(&printable(&call.name), room));
    let table = beside(
        &TITLES,
        "call",
        rows.iter().map(<[_; 5]>::as_slice).zip(names),
    );
    let note = "The program alone: the transaction and the program's start come on top.";
    format!(
        "{}\n{}\n",
        table.trim_fmt(),
        paint(note, Paint::Dim, colour)
    )
}

fn figures(call: &Rehearsed) -> [String; 5] {
    let (before, after) = (call.before, call.after);
    let pages = match before.pages == after.pages {
        true => after.pages.to_string(),
        false => format!("{} → {}", before.pages, after.pages),
    };
    [
        grouped(before.gas.0),
        grouped(after.gas.0),
        percent(before.gas.0, after.gas.0).unwrap_or_default(),
        pages,
        outcome(call.outcome).to_owned(),
    ]
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
    use stylus_override::rehearsal::Cost;
    use stylus_vm::{Gas, Ink};

    use super::*;

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
        let text = table(&rehearsal, Colour::Never);
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
