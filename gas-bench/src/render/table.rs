//! The report for a terminal.
//!
//! Lives here: lines, alignment and colour. Not here: what the cells say (`render`).

use std::fmt::Write as _;

use comfy_table::{Cell, ColumnConstraint, Table, Width};

use super::terminal::{Paint, STYLE, item, paint, right};
use super::{Colour, Digits, FAILED, Section, allocators, heading, notes, sections};
use crate::figures::edge_cases::Results;

/// The most allocators whose figures fit a terminal with all their digits.
const COLUMNS_IN_FULL: usize = 4;

/// The width of the longest name of a function or quantity.
const FIRST_COLUMN: u16 = 12;

pub(super) fn render(results: &Results, colour: Colour) -> String {
    let digits = if results.variants.len() > COLUMNS_IN_FULL {
        Digits::Few
    } else {
        Digits::All
    };
    let titles: Vec<_> = allocators(results)
        .map(|allocator| allocator.title())
        .collect();
    let sections = sections(results, digits);
    let width = widest(&sections, &titles);
    let mut text = format!("{}\n", paint(&heading(results), Paint::Bold, colour));
    for section in sections {
        let table = table(&section, &titles, width).trim_fmt();
        let table = table.replace(FAILED, &paint(FAILED, Paint::Red, colour));
        let _ = write!(
            text,
            "\n{}\n{table}\n",
            paint(&section.title, Paint::Bold, colour)
        );
    }
    text.push('\n');
    for failure in results.failures() {
        let item = item(&format!("{FAILED}: {failure}"));
        text.push_str(&item.replace(FAILED, &paint(FAILED, Paint::Red, colour)));
    }
    for note in notes(results, digits) {
        let _ = writeln!(
            text,
            "{}",
            paint(item(&note).trim_end(), Paint::Dim, colour)
        );
    }
    text
}

/// The width of the widest value or word of a title, so that columns stand under each other in all tables.
fn widest(sections: &[Section], titles: &[&str]) -> u16 {
    let rows = sections
        .iter()
        .flat_map(|section| &section.groups)
        .flat_map(|group| &group.rows);
    let cells = rows.flat_map(|row| &row.cells).map(String::as_str);
    let words = titles.iter().flat_map(|title| title.split(' '));
    let width = cells
        .chain(words)
        .map(|text| text.chars().count())
        .max()
        .unwrap_or(0);
    u16::try_from(width).unwrap_or(u16::MAX)
}

fn table(section: &Section, titles: &[&str], width: u16) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE);
    // A title of two words takes two lines, so that no column is wider than its figures.
    let header = titles.iter().map(|title| right(&title.replace(' ', "\n")));
    table.set_header([Cell::new("")].into_iter().chain(header));
    for group in &section.groups {
        let names = group.rows.iter().map(|row| format!("  {}", row.name));
        let names: Vec<_> = [group.name.to_owned()].into_iter().chain(names).collect();
        let columns = (0..titles.len()).map(|column| {
            let cells = group.rows.iter().filter_map(|row| row.cells.get(column));
            right(&cells.map(|cell| format!("\n{cell}")).collect::<String>())
        });
        table.add_row([Cell::new(names.join("\n"))].into_iter().chain(columns));
    }
    for (index, column) in table.column_iter_mut().enumerate() {
        let content = if index == 0 { FIRST_COLUMN } else { width };
        column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(
            content + column.padding_width(),
        )));
    }
    table
}
