//! The comparison for a terminal.
//!
//! Lives here: which way the matrix lies, where it is cut, marks and colour. Not here: what is in its cells (`matrix`).

use std::fmt::Write as _;
use std::ops::Range;

use comfy_table::{Cell as TableCell, ColumnConstraint, Table, Width};

use super::advice;
use super::matrix::{self, Cell, Quantity, Tone};
use super::summary::Summary;
use crate::figures::comparison::Comparison;
use crate::render::terminal::{COLUMNS, Paint, STYLE, item, paint, right};
use crate::render::{Colour, FAILED};
use crate::words::{printable, shortened};

/// The widest line of a title.
const TITLE: usize = 14;

/// The widest name of a row.
const NAME: usize = 40;

/// What a column takes besides its content: a blank on either side, and one between it and the next.
const AROUND: usize = 3;

/// The mark of the best.
const BEST: char = '*';

/// Cells with words around them: some columns that stand in every part of it, and others that may be in any.
struct Grid {
    heads: Vec<String>,
    titles: Vec<String>,
    /// Groups of rows; a line is drawn between two.
    groups: Vec<Vec<Row>>,
}

/// What a row is called, a word for each head, and what is in it.
struct Row {
    names: Vec<String>,
    cells: Vec<Cell>,
}

/// The comparison, in lines that fit a terminal.
pub(super) fn render(comparison: &Comparison, colour: Colour) -> String {
    let summary = Summary::new(comparison);
    let (of_contract, of_calls) = (matrix::of_contract(&summary), matrix::of_calls(&summary));
    let lying = by_quantity(comparison, [&of_contract, &of_calls]);
    let quantities: Vec<_> = of_contract.into_iter().chain(of_calls).collect();
    let upright = by_variant(comparison, &quantities);
    // Whichever way has to be cut less often.
    let is_lying = lying.cut().len() < upright.cut().len();
    let grid = if is_lying { lying } else { upright };
    let title = format!(
        "{} in {} variants",
        printable(&comparison.contract),
        comparison.variants.len()
    );
    let mut text = format!("{}\n", paint(&title, Paint::Bold, colour));
    for block in grid.cut() {
        let lines = grid.table(&block).trim_fmt();
        let _ = writeln!(text, "\n{}", painted(&lines, colour));
    }
    text.push('\n');
    for (about, reason) in matrix::failures(&summary) {
        let failure = item(&printable(&format!("{FAILED}: {about}: {reason}")));
        text.push_str(&failure.replace(FAILED, &paint(FAILED, Paint::Red, colour)));
    }
    let line = if is_lying { "row" } else { "column" };
    let mut notes = vec![format!("{BEST}: the best of its {line}.")];
    notes.extend(matrix::notes(&summary));
    for note in notes {
        let note = item(&printable(&note));
        let _ = writeln!(text, "{}", paint(note.trim_end(), Paint::Dim, colour));
    }
    let advice = item(&advice::sentence(&summary));
    let advice = advice.trim_start_matches("· ").replace("\n  ", "\n");
    let _ = writeln!(text, "\n{}", paint(advice.trim_end(), Paint::Bold, colour));
    text
}

/// A row for each variant, those of an allocator together.
fn by_variant(comparison: &Comparison, quantities: &[Quantity<'_>]) -> Grid {
    let mut groups: Vec<Vec<Row>> = Vec::new();
    let mut last = None;
    for (index, measured) in comparison.variants.iter().enumerate() {
        let cells = quantities.iter().filter_map(|it| it.cells.get(index));
        let mut row = Row {
            names: matrix::parts(comparison, measured.variant),
            cells: cells.cloned().collect(),
        };
        match groups.last_mut() {
            Some(group) if last == Some(measured.variant.allocator) => {
                // Said once for all of them.
                row.names[0].clear();
                group.push(row);
            }
            _ => groups.push(vec![row]),
        }
        last = Some(measured.variant.allocator);
    }
    Grid {
        heads: matrix::heads(comparison)
            .iter()
            .map(|part| part.replace("opt-", "opt-\n"))
            .collect(),
        titles: quantities.iter().map(|it| title(it.name)).collect(),
        groups,
    }
}

/// A row for each quantity, those of the contract and those of calls together.
fn by_quantity(comparison: &Comparison, groups: [&[Quantity<'_>]; 2]) -> Grid {
    let titles = comparison.variants.iter().map(|measured| {
        let mut parts = matrix::parts(comparison, measured.variant);
        // The allocator's name is the one that may be long.
        parts[0] = title(&parts[0]);
        parts.join("\n")
    });
    let row = |it: &Quantity<'_>| Row {
        names: vec![shortened(&printable(it.name), NAME)],
        cells: it.cells.clone(),
    };
    let groups = groups.map(|quantities| quantities.iter().map(row).collect::<Vec<_>>());
    Grid {
        heads: vec![matrix::heads(comparison).join("\n")],
        titles: titles.collect(),
        groups: groups
            .into_iter()
            .filter(|group| !group.is_empty())
            .collect(),
    }
}

/// Somebody's words in short lines.
fn title(name: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in printable(name).split_whitespace() {
        let word = shortened(word, TITLE);
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(&word) <= TITLE => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines.join("\n")
}

fn width(text: &str) -> usize {
    let widths = text.lines().map(|line| line.chars().count());
    widths.max().unwrap_or(0)
}

fn shown(cell: &Cell) -> String {
    match cell.tone {
        Tone::Best => format!("{BEST}{}", cell.text),
        Tone::Plain | Tone::Failed => cell.text.clone(),
    }
}

impl Grid {
    fn rows(&self) -> impl Iterator<Item = &Row> {
        self.groups.iter().flatten()
    }

    fn head_widths(&self) -> Vec<usize> {
        let heads = self.heads.iter().enumerate();
        heads
            .map(|(index, head)| {
                let names = self.rows().filter_map(|row| row.names.get(index));
                names.map(|name| width(name)).fold(width(head), usize::max)
            })
            .collect()
    }

    fn widths(&self) -> Vec<usize> {
        let titles = self.titles.iter().enumerate();
        titles
            .map(|(index, title)| {
                let cells = self.rows().filter_map(|row| row.cells.get(index));
                cells
                    .map(|cell| width(&shown(cell)))
                    .fold(width(title), usize::max)
            })
            .collect()
    }

    /// The columns of each part that fits a terminal, at least one.
    fn cut(&self) -> Vec<Range<usize>> {
        let heads: usize = self.head_widths().iter().map(|width| width + AROUND).sum();
        let room = COLUMNS.saturating_sub(heads);
        let mut blocks = Vec::new();
        let (mut begin, mut used) = (0, 0);
        for (index, width) in self.widths().into_iter().enumerate() {
            let width = width + AROUND;
            if index > begin && used + width > room {
                blocks.push(begin..index);
                (begin, used) = (index, 0);
            }
            used += width;
        }
        blocks.push(begin..self.titles.len());
        blocks
    }

    /// Some of the columns, behind the heads.
    fn table(&self, block: &Range<usize>) -> Table {
        let mut table = Table::new();
        table.load_style(STYLE);
        let titles = &self.titles[block.clone()];
        let heads = self.heads.iter().map(TableCell::new);
        table.set_header(heads.chain(titles.iter().map(|title| right(title))));
        for group in &self.groups {
            let column = |of: &dyn Fn(&Row) -> String| {
                let lines: Vec<_> = group.iter().map(of).collect();
                lines.join("\n")
            };
            let names = (0..self.heads.len()).map(|index| {
                TableCell::new(column(&|row| {
                    row.names.get(index).cloned().unwrap_or_default()
                }))
            });
            let cells = block.clone().map(|index| {
                right(&column(&|row| {
                    row.cells.get(index).map(shown).unwrap_or_default()
                }))
            });
            table.add_row(names.chain(cells));
        }
        let all = self.widths();
        let widths = self
            .head_widths()
            .into_iter()
            .chain(all[block.clone()].to_vec());
        for (column, width) in table.column_iter_mut().zip(widths) {
            let width = u16::try_from(width).unwrap_or(u16::MAX);
            let width = width.saturating_add(column.padding_width());
            column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width)));
        }
        table
    }
}

/// A table with its marks in colour.
fn painted(lines: &str, colour: Colour) -> String {
    let word = |word: &str| {
        if word == FAILED {
            paint(word, Paint::Red, colour)
        } else if word.starts_with(BEST) {
            paint(word, Paint::Green, colour)
        } else {
            word.to_owned()
        }
    };
    let lines = lines.lines().map(|line| {
        let words: Vec<_> = line.split(' ').map(word).collect();
        words.join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}
