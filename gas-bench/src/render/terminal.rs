//! What all reports for a terminal have in common.
//!
//! Lives here: its width, the look of tables, paragraphs and colour. Not here: what is written in them.

use comfy_table::{Cell, CellAlignment, LineStyle, Table, TableStyle};

use super::Colour;

/// The width of a terminal that everything fits.
pub(super) const COLUMNS: usize = 100;

/// Lines above and below, and between groups of rows; none between columns.
pub(super) const STYLE: TableStyle = TableStyle::new()
    .top_border(LineStyle::none().fill('─').junction('─'))
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .row_separator(LineStyle::none().fill('╌').junction('╌'))
    .bottom_border(LineStyle::none().fill('─').junction('─'));

/// What a column takes besides its content: a space on either side.
const PADDING: usize = 2;

/// What is between two columns.
const SEPARATOR: usize = 1;

/// The room that names have at the least, in characters.
const NAME_MIN: usize = 8;

/// A paragraph of a list, in lines that fit a terminal; words that no line holds are broken.
pub(super) fn item(text: &str) -> String {
    let mut item = String::from("·");
    let mut column = 1;
    for word in breakable(text).split_whitespace() {
        let width = 1 + word.chars().count();
        if column > 1 && column + width > COLUMNS {
            item.push_str("\n ");
            column = 1;
        }
        item.push(' ');
        item.push_str(word);
        column += width;
    }
    item.push('\n');
    item
}

/// `text` with spaces in words that no line holds.
fn breakable(text: &str) -> String {
    /// A line, without the mark of a paragraph.
    const WORD_MAX: usize = COLUMNS - 2;
    let mut breakable = String::new();
    let mut length = 0;
    for character in text.chars() {
        length = if character.is_whitespace() {
            0
        } else {
            length + 1
        };
        if length > WORD_MAX {
            breakable.push(' ');
            length = 1;
        }
        breakable.push(character);
    }
    breakable
}

/// The room that columns of figures under `titles` leave to a last column of names.
pub(super) fn room_beside<'a>(
    titles: &[&str],
    rows: impl Iterator<Item = &'a [String]> + Clone,
) -> usize {
    let widths = titles.iter().enumerate().map(|(column, title)| {
        let figures = rows.clone().filter_map(|row| row.get(column));
        let lengths = figures.map(|figure| figure.chars().count());
        let width = lengths.chain([title.chars().count()]).max().unwrap_or(0);
        width + PADDING + SEPARATOR
    });
    COLUMNS
        .saturating_sub(PADDING + widths.sum::<usize>())
        .max(NAME_MIN)
}

/// A table of figures under `titles`, and of what they are about under `names`: no line between its rows.
pub(super) fn beside<'a>(
    titles: &[&str],
    names: &str,
    rows: impl Iterator<Item = (&'a [String], String)>,
) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE.row_separator(LineStyle::none()));
    let header = titles.iter().map(|title| right(title));
    table.set_header(header.chain([Cell::new(names)]));
    for (figures, name) in rows {
        let figures = figures.iter().map(|figure| right(figure));
        table.add_row(figures.chain([Cell::new(name)]));
    }
    table
}

pub(super) fn right(content: &str) -> Cell {
    Cell::new(content).set_alignment(CellAlignment::Right)
}

#[derive(Clone, Copy)]
pub(super) enum Paint {
    Bold,
    Dim,
    Red,
    Green,
}

/// `text` with its escape sequences. They are put in once everything is aligned, since a layout would count them.
pub(super) fn paint(text: &str, how: Paint, colour: Colour) -> String {
    let code = match (colour, how) {
        (Colour::Never, _) => return text.to_owned(),
        (Colour::Ansi, Paint::Bold) => 1,
        (Colour::Ansi, Paint::Dim) => 2,
        (Colour::Ansi, Paint::Red) => 31,
        (Colour::Ansi, Paint::Green) => 32,
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_break_where_a_line_ends() {
        let long = "x".repeat(250);
        for (text, words) in [
            ("a few words", &[1, 3, 5][..]),
            (&long, &[98, 98, 54]),
            (&format!("ab {long} c"), &[2, 98, 98, 54, 1]),
        ] {
            let broken = breakable(text);
            let lengths: Vec<_> = broken.split(' ').map(str::len).collect();
            assert_eq!(lengths, words);
        }
    }
}
