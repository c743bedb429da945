//! The profile for a terminal.
//!
//! Lives here: lines, alignment, colour, and names cut to the room there is. Not here: what the cells say (the other files of
//! `profile`).

use super::grid::{About, Grid, Row};
use super::{allocations, spending, summary};
use crate::figures::profile::CallProfile;
use crate::render::Colour;
use crate::render::terminal::{COLUMNS, Paint, beside, item, paint, room_beside};
use crate::words::ellipsised;

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
    let figures = rows().map(|row| row.figures.as_slice());
    // At the least that of their title.
    let room = room_beside(grid.titles, figures).max(grid.names.len());
    let rows = rows().map(|row| (row.figures.as_slice(), ellipsised(words(row), room)));
    let table = beside(grid.titles, grid.names, rows);
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

fn words(row: &Row) -> &str {
    match &row.about {
        About::Name(text) | About::Words(text) => text,
    }
}
