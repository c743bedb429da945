//! The report for a terminal.
//!
//! Lives here: lines, alignment, colour, and names cut to the room there is. Not here: what is said (the other files of
//! `size`).

use super::blocks::{About, Block, Detail, Grid, Row, Tone};
use crate::render::terminal::{COLUMNS, Paint, beside, item, paint, room_beside};
use crate::render::{Colour, FAILED};
use crate::words::{ellipsised, printable};

pub(super) fn render(blocks: &[Block], colour: Colour) -> String {
    let mut text = String::new();
    for block in blocks {
        match block {
            Block::Heading(heading) => {
                let heading = ellipsised(heading, COLUMNS);
                line(&mut text, &paint(&heading, Paint::Bold, colour));
            }
            Block::Sentence(sentence) => text.push_str(&item(sentence)),
            Block::Failure { name, reason } => {
                let sentence = format!("{FAILED}: {}: {}", printable(name), printable(reason));
                line(
                    &mut text,
                    &paint(item(&sentence).trim_end(), Paint::Red, colour),
                );
            }
            Block::Contract { name, says } => {
                let title = titled(&printable(name), says, COLUMNS);
                line(&mut text, "");
                line(&mut text, &paint(&title, Paint::Bold, colour));
            }
            Block::Grid(grid) => table(&mut text, grid, colour),
            Block::Notes(notes) => {
                line(&mut text, "");
                for note in notes {
                    line(&mut text, &paint(item(note).trim_end(), Paint::Dim, colour));
                }
            }
        }
    }
    text
}

fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// `name`, and what is said about it, in `room` characters.
fn titled(name: &str, says: &str, room: usize) -> String {
    if says.is_empty() {
        return ellipsised(name, room);
    }
    let words = says.chars().count() + 2;
    format!("{}: {says}", ellipsised(name, room.saturating_sub(words)))
}

/// A table without rows is none.
fn table(text: &mut String, grid: &Grid, colour: Colour) {
    if grid.rows.is_empty() {
        return;
    }
    if grid.detail != Detail::Steps {
        line(text, "");
    }
    let (what, titles) = grid.titles.split_last().unwrap_or((&"", &[]));
    let room = room_beside(titles, grid.rows.iter().map(|row| row.figures.as_slice()));
    let rows = grid
        .rows
        .iter()
        .map(|row| (row.figures.as_slice(), words(row, room)));
    let table = beside(titles, what, rows);
    /// The border, the titles, and the border below them.
    const ABOVE: usize = 3;
    for (number, content) in table.trim_fmt().lines().enumerate() {
        let row = number.checked_sub(ABOVE).and_then(|row| grid.rows.get(row));
        let how = match row.map(|row| row.tone) {
            None | Some(Tone::Plain) => {
                line(text, content);
                continue;
            }
            Some(Tone::Better) => Paint::Green,
            Some(Tone::Worse) => Paint::Red,
            Some(Tone::Total) => Paint::Bold,
        };
        line(text, &paint(content, how, colour));
    }
}

fn words(row: &Row, room: usize) -> String {
    match &row.about {
        About::Words(words) => ellipsised(words, room),
        About::Name { text, words } if words.is_empty() => ellipsised(&printable(text), room),
        About::Name { text, words } => {
            let name = room.saturating_sub(1 + words.chars().count());
            format!("{} {words}", ellipsised(&printable(text), name))
        }
    }
}
