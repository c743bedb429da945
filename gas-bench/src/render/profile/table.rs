//! The profile for a terminal.
//!
//! Lives here: lines, alignment, colour, and names cut to the room there is. Not here: what the cells say (the other files of
//! `profile`).

use comfy_table::{Cell, LineStyle, Table};

use super::grid::{About, Grid, Row};
use super::{allocations, spending, summary};
use crate::profile::CallProfile;
use crate::render::Colour;
use crate::render::terminal::{COLUMNS, Paint, STYLE, item, paint, right, room};
use crate::render::text::ellipsised;

pub(super) fn render(profile: &CallProfile, top: usize, colour: Colour) -> String {
    let mut text = String::new();
    let heading = ellipsised(&summary::heading(profile), COLUMNS);
    line(&mut text, &paint(&heading, Paint::Bold, colour));
    for sentence in summary::totals(profile) {
        text.push_str(&item(&sentence));
    }
    let run = &profile.profile;
    text.push('\n');
    table(&mut text, &spending::grid(run, top), colour);
    if let Some(grid) = allocations::grid(run, top) {
        text.push('\n');
        table(&mut text, &grid, colour);
    }
    for remark in allocations::remarks(run) {
        text.push_str(&item(&remark));
    }
    text.push('\n');
    for note in summary::notes(profile) {
        line(
            &mut text,
            &paint(item(&note).trim_end(), Paint::Dim, colour),
        );
    }
    text
}

fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

fn table(text: &mut String, grid: &Grid, colour: Colour) {
    let rows = || grid.rows.iter().chain([&grid.total]);
    let room = room_of(grid);
    let mut table = Table::new();
    table.load_style(STYLE.row_separator(LineStyle::none()));
    let header = grid.titles.iter().map(|title| right(title));
    table.set_header(header.chain([Cell::new(grid.names)]));
    for row in rows() {
        let name = ellipsised(words(row), room);
        let figures = row.figures.iter().map(|figure| right(figure));
        table.add_row(figures.chain([Cell::new(name)]));
    }
    // Between the last row and the end there is a border.
    let table = table.trim_fmt();
    let total = table.lines().count().saturating_sub(2);
    for (number, content) in table.lines().enumerate() {
        if number == total {
            line(text, &paint(content, Paint::Bold, colour));
        } else {
            line(text, content);
        }
    }
}

/// The room that figures leave to names: at the least that of their title.
fn room_of(grid: &Grid) -> usize {
    let rows = || grid.rows.iter().chain([&grid.total]);
    let widths = grid.titles.iter().enumerate().map(|(column, title)| {
        let figures = rows().filter_map(|row| row.figures.get(column));
        let widths = figures.map(|figure| figure.chars().count());
        widths.max().unwrap_or(0).max(title.len())
    });
    room(widths).max(grid.names.len())
}

fn words(row: &Row) -> &str {
    match &row.about {
        About::Name(text) | About::Words(text) => text,
    }
}
