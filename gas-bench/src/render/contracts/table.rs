//! The report for a terminal.
//!
//! Lives here: the order of its parts, alignment and colour. Not here: what the cells say (the other files of `contracts`).

use comfy_table::{
    Cell as Field, CellAlignment, ColumnConstraint, LineStyle, Row as Line, Table, TableStyle,
    Width,
};

use super::grid::{Cell, Grid, Remark, Tone};
use super::split::Cause;
use super::{calls, changes, deployment, hostios, split, summary};
use crate::figures::baseline::{ContractDiff, Diff};
use crate::figures::{Contract, Report};
use crate::render::terminal::{COLUMNS, Paint, STYLE, item, paint};
use crate::render::{Colour, Digits, FAILED, NOTHING};
use crate::words::{ellipsised, grouped_wide, printable, shortened, sign};

/// The longest name in a title or sentence, in characters.
const NAME_MAX: usize = 60;

/// The room that names are left before figures lose digits, in columns.
const NAMES_MIN: u16 = 10;

/// The widest that a column of texts may be beside the names, in characters.
const TEXT_MAX: usize = 36;

/// From here on figures have few digits where all of them do not fit.
const MANY: u128 = 10_000_000;

/// Tables follow each other here: a line below the titles is enough.
const PLAIN: TableStyle = STYLE
    .top_border(LineStyle::none())
    .row_separator(LineStyle::none())
    .bottom_border(LineStyle::none());

pub(super) fn render(report: &Report, diff: Option<&Diff>, colour: Colour) -> String {
    let mut page = Page {
        text: String::new(),
        colour,
    };
    for note in diff.iter().flat_map(|diff| &diff.notes) {
        page.paragraph(note, Some(Paint::Bold));
    }
    page.title(&summary::heading(report));
    for line in diff.map(summary::comparison).unwrap_or_default() {
        page.paragraph(&line, None);
    }
    page.paragraph(&summary::totals(report), None);
    let causes = split::causes(report);
    for contract in &report.contracts {
        let diff = diff.and_then(|diff| diff.contract(&contract.name));
        page.contract(report, contract, diff, &causes);
    }
    for contract in diff.iter().flat_map(|diff| diff.removed()) {
        page.text.push('\n');
        page.title(&format!("{}: removed", name(&contract.name)));
        page.grid(&changes::grid(&contract.calls));
    }
    page.text.push('\n');
    for note in summary::notes(report) {
        page.paragraph(&note, Some(Paint::Dim));
    }
    page.text
}

/// What has been written so far.
struct Page {
    text: String,
    colour: Colour,
}

impl Page {
    fn contract(
        &mut self,
        report: &Report,
        contract: &Contract,
        diff: Option<&ContractDiff>,
        causes: &[Cause],
    ) {
        let (calls, ink_per_gas) = (&contract.calls, report.made_with.ink_per_gas);
        self.text.push('\n');
        let source = summary::source(contract);
        self.title(&format!("{}: {source}", name(&contract.name)));
        let own = contract.failures.iter().map(|reason| Remark {
            about: contract.name.clone(),
            text: reason.clone(),
        });
        self.failures(&own.collect::<Vec<_>>());
        if let Some(diff) = diff {
            self.grid(&changes::grid(&diff.calls));
            self.remarks(&changes::reasons(&diff.calls));
        }
        if let Some(deployment) = &contract.deployment {
            self.grid(&deployment::grid(deployment, diff));
        }
        self.remarks(&summary::missed_lto(report, contract));
        self.grid(&calls::grid(calls));
        self.failures(&calls::failures(calls));
        self.grid(&split::grid(calls, causes, ink_per_gas, false));
        self.remarks(&split::other(calls, ink_per_gas));
        self.grid(&hostios::grid(calls));
        self.grid(&calls::returned(calls));
        self.remarks(&calls::remarks(contract));
    }

    fn title(&mut self, title: &str) {
        let title = shortened(title, COLUMNS);
        self.line(&paint(&title, Paint::Bold, self.colour));
    }

    fn paragraph(&mut self, text: &str, how: Option<Paint>) {
        let item = item(text);
        let item = item.trim_end();
        match how {
            None => self.line(item),
            Some(how) => self.line(&paint(item, how, self.colour)),
        }
    }

    fn remarks(&mut self, remarks: &[Remark]) {
        for Remark { about, text } in remarks {
            self.paragraph(&format!("{}: {}", name(about), printable(text)), None);
        }
    }

    fn failures(&mut self, failures: &[Remark]) {
        for Remark { about, text } in failures {
            let sentence = format!("{FAILED}: {}: {}", name(about), printable(text));
            self.paragraph(&sentence, Some(Paint::Red));
        }
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// A table without rows is none.
    fn grid(&mut self, grid: &Grid) {
        if grid.rows.is_empty() {
            return;
        }
        self.text.push('\n');
        // Above the rows are the titles and a line.
        let titles = grid
            .columns
            .iter()
            .map(|column| column.title.split('\n').count());
        let above = titles.max().unwrap_or(0) + 1;
        for (number, line) in arranged(grid).lines().enumerate() {
            let row = number.checked_sub(above).and_then(|row| grid.rows.get(row));
            let line = line.trim_end();
            let line = match row.map(|row| row.tone) {
                None | Some(Tone::Plain) => line.to_owned(),
                Some(Tone::Better) => paint(line, Paint::Green, self.colour),
                Some(Tone::Worse) => paint(line, Paint::Red, self.colour),
            };
            self.line(&line);
        }
    }
}

fn name(text: &str) -> String {
    shortened(&printable(text), NAME_MAX)
}

/// `grid` in no more columns than a terminal has: long names lose their middle, and where that is not enough, figures lose
/// digits.
fn arranged(grid: &Grid) -> Table {
    let whole = usize::MAX;
    let mut table = filled(grid, Digits::All, whole);
    let mut digits = Digits::All;
    if room(&table) < NAMES_MIN {
        digits = Digits::Few;
        table = filled(grid, digits, whole);
    }
    let room = room(&table);
    let is_narrow = |width: &u16| *width <= room;
    if table
        .column_max_content_widths()
        .first()
        .is_none_or(is_narrow)
    {
        return table;
    }
    table = filled(grid, digits, room.into());
    if let Some(names) = table.column_mut(0) {
        let width = Width::Fixed(room + names.padding_width());
        names.set_constraint(ColumnConstraint::Absolute(width));
    }
    table
}

/// The width that all columns but the first leave to it.
fn room(table: &Table) -> u16 {
    let columns = table.column_iter();
    // What stands where columns meet is as wide as a character.
    let between = columns.map(|column| column.padding_width() + 1);
    let others = table.column_max_content_widths().into_iter().skip(1);
    let taken = between.chain(others).fold(0, u16::saturating_add);
    let columns = u16::try_from(COLUMNS + 1).unwrap_or(u16::MAX);
    // A column without any width would not end.
    columns.saturating_sub(taken).max(1)
}

/// The names of a grid's rows in `room` columns each. Names that are not the same do not look so either.
fn names(grid: &Grid, digits: Digits, room: usize) -> Vec<String> {
    /// What tells names apart that are the same once they are cut.
    const MARK: usize = 4;
    let whole = grid.rows.iter().map(|row| row.cells.first());
    let whole: Vec<_> = whole
        .map(|cell| cell.map_or_else(String::new, |cell| words(cell, digits)))
        .collect();
    let cut: Vec<_> = whole.iter().map(|name| ellipsised(name, room)).collect();
    let looks_like_another = |index: usize| {
        // A cell ends with an ellipsis where its name was longer than any cell.
        let is_whole = !whole[index].ends_with('…');
        let mut others = (0..cut.len()).filter(|other| *other != index);
        others.any(|other| cut[other] == cut[index] && (whole[other] != whole[index] || !is_whole))
    };
    (0..cut.len())
        .map(|index| match looks_like_another(index) {
            true => format!(
                "{} #{}",
                ellipsised(&whole[index], room.saturating_sub(MARK)),
                index + 1
            ),
            false => cut[index].clone(),
        })
        .collect()
}

fn filled(grid: &Grid, digits: Digits, room: usize) -> Table {
    let mut names = names(grid, digits, room).into_iter();
    let mut table = Table::new();
    table.load_style(PLAIN);
    table.set_header(grid.columns.iter().map(|column| column.title));
    for row in &grid.rows {
        let fields = row.cells.iter().enumerate().map(|(index, cell)| {
            let words = match index {
                0 => names.next().unwrap_or_default(),
                _ => shortened(&words(cell, digits), TEXT_MAX),
            };
            // Names are cut where the room ends, not where a word does.
            Field::new(words).set_delimiter('\0')
        });
        let mut line = Line::from(fields.collect::<Vec<_>>());
        line.max_height(1);
        table.add_row(line);
    }
    for (column, described) in table.column_iter_mut().zip(&grid.columns) {
        column.set_padding((1, 0));
        if described.right {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn words(cell: &Cell, digits: Digits) -> String {
    match cell {
        Cell::Foreign {
            text,
            starred: false,
        } => text.clone(),
        Cell::Foreign {
            text,
            starred: true,
        } => format!("* {text}"),
        Cell::Own(text) => text.clone(),
        Cell::Figure(value) => {
            let sign = if *value < 0 { "−" } else { "" };
            format!("{sign}{}", figure(value.unsigned_abs(), digits))
        }
        Cell::Difference(value) => {
            let sign = sign(*value);
            format!("{sign}{}", figure(value.unsigned_abs(), digits))
        }
        Cell::Failed => FAILED.to_owned(),
        Cell::Nothing => NOTHING.to_owned(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "few digits are shown")]
fn figure(value: u128, digits: Digits) -> String {
    match digits {
        Digits::Few if value >= MANY => format!("{:.2e}", value as f64),
        Digits::Few | Digits::All => grouped_wide(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_lose_digits_only_where_they_must() {
        for (value, all, few) in [
            (9_999_999, "9,999,999", "9,999,999"),
            (10_000_000, "10,000,000", "1.00e7"),
            (u64::MAX.into(), "18,446,744,073,709,551,615", "1.84e19"),
        ] {
            assert_eq!(figure(value, Digits::All), all);
            assert_eq!(figure(value, Digits::Few), few);
        }
    }
}
