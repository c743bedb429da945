//! A document for a terminal, at most 100 columns wide.
//!
//! Lives here: lines, alignment, colour, and what is shortened if space is tight: first the middle of long names, then the digits of
//! large figures; a matrix is transposed or split instead. Not here: what is said.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ops::Range;

use comfy_table::{
    Cell as Field, CellAlignment, LineStyle, Row as Line, Table as Layout, TableStyle,
};

use super::table::{Cell, Kind, Row, Table, Tone};
use super::{Block, Colour, Document, FAILED, Item, NOTHING, Rank, Span, Text};
use crate::words::{columns, ellipsised, printable, shortened};

/// The terminal width that everything fits.
const COLUMNS: usize = 100;

/// A line below the titles; none between columns.
const STYLE: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// What a column takes in addition to its content: a space before it, and the separator.
const AROUND: usize = 2;

/// The longest name in a title or a sentence, in columns.
const NAME_MAX: usize = 60;

/// The room left for names before figures lose digits, in columns.
const NAMES_MIN: usize = 10;

/// The maximum widths, in columns, of a text column other than the names, of a row name in a matrix, and of a word in a title.
const TEXT_MAX: usize = 32;
const HEAD_MAX: usize = 40;
const WORD_MAX: usize = 20;

/// From here on, figures are written with few digits if all digits do not fit.
const MANY: u128 = 10_000_000;

/// The mark of the best.
const BEST: char = '*';

#[derive(Clone, Copy)]
enum Paint {
    Bold,
    Dim,
    Red,
    Green,
}

pub(super) fn write(document: &Document, colour: Colour) -> String {
    let mut page = Page {
        text: String::new(),
        colour,
    };
    page.title(&document.title);
    for (_, block) in document.up_to(Rank::Fine) {
        page.block(block);
    }
    page.text
}

/// The output so far.
struct Page {
    text: String,
    colour: Colour,
}

impl Page {
    fn block(&mut self, block: &Block) {
        match block {
            Block::Heading(text) => {
                self.text.push('\n');
                self.title(text);
            }
            Block::Sentence(text) => self.paragraph(&said(text, NAME_MAX), None),
            Block::Verdict(text) => {
                self.text.push('\n');
                let lines = unmarked(&said(text, NAME_MAX));
                self.line(&paint(&lines, Paint::Bold, self.colour));
            }
            Block::List(list) => {
                for it in &list.items {
                    self.item(it, list.tone);
                }
            }
            Block::Table(table) => self.table(table),
            Block::Fold(_, blocks) => blocks.iter().for_each(|block| self.block(block)),
            Block::Notes(notes) => {
                self.text.push('\n');
                for note in notes {
                    self.paragraph(&said(note, NAME_MAX), Some(Paint::Dim));
                }
            }
            Block::Picture(_) => {}
        }
    }

    fn title(&mut self, text: &Text) {
        // Names are shortened, and our own words go on in the next line.
        let title = match said(text, COLUMNS) {
            whole if columns(&whole) <= COLUMNS => whole,
            _ => unmarked(&said(text, NAME_MAX)),
        };
        self.line(&paint(&title, Paint::Bold, self.colour));
    }

    fn item(&mut self, Item { about, text }: &Item, tone: Tone) {
        let mut sentence = String::new();
        if tone == Tone::Worse {
            let _ = write!(sentence, "{FAILED}: ");
        }
        if !about.is_empty() {
            let _ = write!(sentence, "{}: ", said(about, NAME_MAX));
        }
        sentence.push_str(&printable(text));
        self.paragraph(&sentence, (tone == Tone::Worse).then_some(Paint::Red));
    }

    fn paragraph(&mut self, text: &str, how: Option<Paint>) {
        let item = item(text);
        match how {
            None => self.line(&item),
            Some(how) => self.line(&paint(&item, how, self.colour)),
        }
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// A table without rows is left out.
    fn table(&mut self, table: &Table) {
        if table.rows.is_empty() {
            return;
        }
        for part in &parts(&table.undrawn()) {
            self.text.push('\n');
            self.part(part);
        }
    }

    /// Each row is one line, below the titles and the line that separates them.
    fn part(&mut self, part: &Part<'_>) {
        let rows = part.table.rows.iter().zip(&part.words);
        let lines: Vec<_> = part.layout.lines().collect();
        let (above, lines) = lines.split_at(lines.len().saturating_sub(rows.len()));
        for line in above {
            self.line(line.trim_end());
        }
        let width = above.last().map_or(0, |line| columns(line));
        for (number, (line, (row, cells))) in lines.iter().zip(rows).enumerate() {
            if row.is_parted && number > 0 {
                self.line(&"╌".repeat(width));
            }
            let line = line.trim_end();
            let line = match row.tone {
                Tone::Plain => self.painted(line, row, cells),
                Tone::Better => paint(line, Paint::Green, self.colour),
                Tone::Worse => paint(line, Paint::Red, self.colour),
                Tone::Total => paint(line, Paint::Bold, self.colour),
            };
            self.line(&line);
        }
    }

    /// A line with each cell in its own colour. Each cell is searched for behind the one before it.
    fn painted(&self, line: &str, row: &Row, cells: &[String]) -> String {
        let (mut painted, mut rest) = (String::new(), line);
        for (cell, words) in row.cells.iter().zip(cells) {
            let Some(at) = rest.find(words.as_str()) else {
                continue;
            };
            let (before, behind) = rest.split_at(at);
            painted.push_str(before);
            match cell {
                Cell::Best(_) => painted.push_str(&paint(words, Paint::Green, self.colour)),
                Cell::Failed => painted.push_str(&paint(words, Paint::Red, self.colour)),
                _ => painted.push_str(words),
            }
            rest = &behind[words.len()..];
        }
        painted + rest
    }
}

/// A sentence in as many lines as it needs, without the mark of an item.
fn unmarked(sentence: &str) -> String {
    let lines = item(sentence);
    lines.trim_start_matches("· ").replace("\n  ", "\n")
}

/// `text`, with its names limited to so many columns.
fn said(text: &Text, room: usize) -> String {
    let spans = text.0.iter().map(|span| match span {
        Span::Words(words) | Span::Code(words) => printable(words),
        Span::Name(name) => ellipsised(&printable(name), room),
    });
    spans.collect()
}

/// An item of a list, in lines that fit a terminal; words longer than a line are broken.
fn item(text: &str) -> String {
    let mut item = String::from("·");
    let mut column = 1;
    for word in breakable(text).split_whitespace() {
        let width = 1 + columns(word);
        if column > 1 && column + width > COLUMNS {
            item.push_str("\n ");
            column = 1;
        }
        item.push(' ');
        item.push_str(word);
        column += width;
    }
    item
}

/// `text` with spaces inserted into words longer than a line.
fn breakable(text: &str) -> String {
    /// The length of a line, without the item's mark.
    const WORD_MAX: usize = COLUMNS - 2;
    let mut breakable = String::new();
    let mut length = 0;
    for character in text.chars() {
        let width = columns(character.encode_utf8(&mut [0; 4]));
        length = if character.is_whitespace() {
            0
        } else {
            length + width
        };
        if length > WORD_MAX {
            breakable.push(' ');
            length = width;
        }
        breakable.push(character);
    }
    breakable
}

/// `text` with its escape sequences. They are inserted once everything is aligned, since a layout would count them.
fn paint(text: &str, how: Paint, colour: Colour) -> String {
    let code = match (colour, how) {
        (Colour::Never, _) => return text.to_owned(),
        (Colour::Ansi, Paint::Bold) => 1,
        (Colour::Ansi, Paint::Dim) => 2,
        (Colour::Ansi, Paint::Red) => 31,
        (Colour::Ansi, Paint::Green) => 32,
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

/// Columns of a table that fit a terminal, and the words of their cells.
struct Part<'a> {
    table: Cow<'a, Table>,
    words: Vec<Vec<String>>,
    layout: Layout,
}

/// A table in one part, or a matrix in as few as possible.
fn parts(table: &Table) -> Vec<Part<'static>> {
    let once = table.once();
    if !table.is_matrix {
        return vec![arranged(once)];
    }
    let (upright, lying) = (cut(&once), cut(&table.turned()));
    // Whichever orientation needs fewer parts.
    let parts = if lying.len() < upright.len() {
        lying
    } else {
        upright
    };
    let parts = parts.into_iter();
    parts
        .map(|part| Part::new(Cow::Owned(part), Digits::All, HEAD_MAX))
        .collect()
}

/// `matrix` in parts that fit a terminal, each with its heads and at least one more column.
fn cut(matrix: &Table) -> Vec<Table> {
    let part = Part::new(Cow::Borrowed(matrix), Digits::All, HEAD_MAX);
    let widths: Vec<_> = part.widths().map(|width| width + AROUND).collect();
    let (heads, others) = widths.split_at(matrix.heads());
    let room = (COLUMNS + 1).saturating_sub(heads.iter().sum());
    let mut ranges = Vec::new();
    let (mut begin, mut used) = (0, 0);
    for (index, width) in others.iter().enumerate() {
        if index > begin && used + width > room {
            ranges.push(begin..index);
            (begin, used) = (index, 0);
        }
        used += width;
    }
    ranges.push(begin..others.len());
    let of = |range: &Range<usize>| {
        let is_in = |index: usize| index < heads.len() || range.contains(&(index - heads.len()));
        let columns = (0..matrix.columns.len()).filter(|&index| is_in(index));
        let columns: Vec<_> = columns.collect();
        let rows = matrix.rows.iter().map(|row| Row {
            cells: columns
                .iter()
                .filter_map(|&index| row.cells.get(index).cloned())
                .collect(),
            ..*row
        });
        let titles = columns.iter().map(|&index| matrix.columns[index].clone());
        matrix.with(titles.collect(), rows.collect())
    };
    ranges.iter().map(of).collect()
}

/// `table` in no more columns than a terminal has: long names lose their middle, and if that is not enough, figures lose digits.
fn arranged(table: Table) -> Part<'static> {
    let part = |digits, room| Part::new(Cow::Owned(table.clone()), digits, room);
    let (mut digits, mut whole) = (Digits::All, part(Digits::All, usize::MAX));
    let title = columns(&table.columns[table.names()].title);
    if whole.room() < NAMES_MIN.max(title) {
        digits = Digits::Few;
        whole = part(digits, usize::MAX);
    }
    let room = whole.room();
    let names = whole.table.names();
    let is_narrow = whole.widths().nth(names).is_none_or(|width| width <= room);
    if is_narrow { whole } else { part(digits, room) }
}

/// How large figures are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Digits {
    All,
    Few,
}

impl<'a> Part<'a> {
    /// The table with names shortened to `room` columns each.
    fn new(table: Cow<'a, Table>, digits: Digits, room: usize) -> Self {
        let names = names(&table, digits, room);
        let words = table.rows.iter().zip(names).map(|(row, name)| {
            let mut words: Vec<_> = row
                .cells
                .iter()
                .map(|cell| words(cell, digits, TEXT_MAX))
                .collect();
            words[table.names()] = name;
            words
        });
        let words: Vec<Vec<String>> = words.collect();
        let layout = layout(&table, &words, room);
        Self {
            table,
            words,
            layout,
        }
    }

    fn widths(&self) -> impl Iterator<Item = usize> {
        self.layout
            .column_max_content_widths()
            .into_iter()
            .map(usize::from)
    }

    /// The width that the other columns leave for the names: at least one, since a layout without any would not end.
    fn room(&self) -> usize {
        let names = self.table.names();
        let others = self
            .widths()
            .enumerate()
            .filter(|(index, _)| *index != names);
        let taken: usize = others.map(|(_, width)| width + AROUND).sum();
        (COLUMNS + 1).saturating_sub(taken + AROUND).max(1)
    }
}

/// The names of a table's rows. Different names stay distinguishable.
fn names(table: &Table, digits: Digits, room: usize) -> Vec<String> {
    /// The width of what distinguishes names that are equal once shortened.
    const MARK: usize = 5;
    let in_room = |row: &Row, room| {
        let cell = row.cells.get(table.names());
        cell.map_or_else(String::new, |cell| words(cell, digits, room))
    };
    let cut: Vec<_> = table.rows.iter().map(|row| in_room(row, room)).collect();
    if room == usize::MAX {
        return cut;
    }
    // The whole names, grouped by their shortened form.
    let mut alike = BTreeMap::<&str, BTreeSet<String>>::new();
    for (row, cut) in table.rows.iter().zip(&cut) {
        alike
            .entry(cut)
            .or_default()
            .insert(in_room(row, usize::MAX));
    }
    let rows = table.rows.iter().zip(&cut).zip(1..);
    rows.map(|((row, cut), number)| match alike[cut.as_str()].len() {
        1 => cut.clone(),
        _ => format!("{} #{number}", in_room(row, room.saturating_sub(MARK))),
    })
    .collect()
}

fn layout(table: &Table, words: &[Vec<String>], room: usize) -> Layout {
    let titles = table.columns.iter().enumerate().map(|(index, column)| {
        let cells = words.iter().filter_map(|row| row.get(index));
        let width = cells.map(|words| columns(words)).max();
        let title = printable_lines(&column.title);
        match column.kind {
            Kind::Figure => titled(&title, width.unwrap_or(0)),
            Kind::Name if !table.is_matrix => shortened(&title, room),
            // The file's name, which ends a path.
            Kind::Source => ellipsised(&printable(&column.title), room),
            _ => title,
        }
    });
    let titles: Vec<_> = titles.collect();
    let height = titles
        .iter()
        .map(|title| title.lines().count())
        .max()
        .unwrap_or(0);
    let mut layout = Layout::new();
    layout.load_style(STYLE);
    // All titles end on the line above the rows.
    layout.set_header(titles.iter().map(|title| {
        let above = height.saturating_sub(title.lines().count().max(1));
        format!("{}{title}", "\n".repeat(above))
    }));
    for row in words {
        // Names are cut at the end of the room, not at a word boundary.
        let fields = row
            .iter()
            .map(|words| Field::new(words).set_delimiter('\0'));
        let mut line = Line::from(fields.collect::<Vec<_>>());
        line.max_height(1);
        layout.add_row(line);
    }
    for (column, described) in layout.column_iter_mut().zip(&table.columns) {
        column.set_padding((1, 0));
        if described.kind == Kind::Figure {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    layout
}

/// A title that keeps its own line breaks.
fn printable_lines(title: &str) -> String {
    let lines = title
        .split('\n')
        .map(|line| shortened(&printable(line), HEAD_MAX));
    lines.collect::<Vec<_>>().join("\n")
}

/// `title` in at most two lines, unless it has its own line breaks, as narrow as possible above cells of this width.
fn titled(title: &str, width: usize) -> String {
    let words: Vec<_> = title
        .split(' ')
        .map(|word| shortened(word, WORD_MAX))
        .collect();
    let whole = title.to_owned();
    if title.contains('\n') || columns(title) <= width + 2 {
        return whole;
    }
    let halves = (1..words.len()).map(|at| [words[..at].join(" "), words[at..].join(" ")]);
    let width_of = |halves: &[String; 2]| halves.iter().map(|half| columns(half)).max();
    let narrowest = halves.min_by_key(width_of);
    narrowest.map_or_else(|| words.concat(), |halves| halves.join("\n"))
}

fn words(cell: &Cell, digits: Digits, room: usize) -> String {
    match cell {
        Cell::Name {
            text,
            is_starred,
            words,
        } => {
            let star = if *is_starred { "* " } else { "" };
            let space = if words.is_empty() { "" } else { " " };
            let taken = (star.len() + space.len()).saturating_add(columns(words));
            let name = printable(text);
            let name = if name.is_empty() { NOTHING } else { &name };
            let name = ellipsised(name, room.saturating_sub(taken));
            format!("{star}{name}{space}{words}")
        }
        Cell::Best(cell) => format!("{BEST}{}", words(cell, digits, room)),
        Cell::Figure(value) if digits == Digits::Few => {
            few(value.unsigned_abs(), *value < 0, &cell.plain())
        }
        Cell::Difference { before, after } if digits == Digits::Few => few(
            after.abs_diff(*before).into(),
            after < before,
            &cell.plain(),
        ),
        Cell::Values(values) if values.iter().all(String::is_empty) => NOTHING.to_owned(),
        _ => shortened(&printable(&cell.plain()), room),
    }
}

/// A figure with few digits if it has many.
#[expect(clippy::cast_precision_loss, reason = "few digits are shown")]
fn few(value: u128, is_negative: bool, whole: &str) -> String {
    let sign = if is_negative { "−" } else { "" };
    match value {
        MANY.. => format!("{sign}{:.2e}", value as f64),
        _ => whole.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::Column;
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

    #[test]
    fn titles_are_as_narrow_as_they_may_be() {
        for (title, width, lines) in [
            ("calls", 3, "calls"),
            ("host calls", 6, "host\ncalls"),
            ("host calls", 8, "host calls"),
            ("of the programs' ink", 6, "of the\nprograms' ink"),
            ("as today\noff", 2, "as today\noff"),
            ("", 0, ""),
        ] {
            assert_eq!(titled(title, width), lines);
        }
    }

    /// Theorem: a title that is too long for a line goes on in the next, and loses no figure.
    #[test]
    fn titles_keep_their_figures() {
        let mut page = Page {
            text: String::new(),
            colour: Colour::Never,
        };
        page.title(&Text::name(&"n".repeat(300)).and(": 10,000 ink = 1 gas,".repeat(5)));
        assert_eq!(page.text.matches("10,000").count(), 5, "{}", page.text);
        assert!(
            page.text
                .lines()
                .all(|line| line.chars().count() <= COLUMNS)
        );
    }

    /// Theorem: nothing is wider than a terminal, whatever the width of its characters.
    #[test]
    fn wide_characters_fit() {
        let name = "余额查询函数的名字".repeat(20);
        let mut page = Page {
            text: String::new(),
            colour: Colour::Never,
        };
        page.title(&Text::name(&name).and(": calls"));
        page.item(&Item::new(Text::name(&name), name.as_str()), Tone::Worse);
        let titles = ["gas", "ink"].map(Column::figure);
        let heads = [Column::name(&name)].into_iter().chain(titles);
        let row = |name: &str| {
            Row::plain([
                Cell::name(name),
                Cell::figure(1_234_567),
                Cell::figure(7_u64),
            ])
        };
        let rows = [row(&name), row(&format!("{name}{name}")), row("name")];
        page.table(&Table::new("calls", heads, rows));
        assert!(page.text.contains("1,234,567"), "{}", page.text);
        for line in page.text.lines() {
            assert!(columns(line) <= COLUMNS, "{line}");
        }
    }

    #[test]
    fn figures_lose_digits_only_where_they_must() {
        for (value, all, few) in [
            (9_999_999, "9,999,999", "9,999,999"),
            (10_000_000, "10,000,000", "1.00e7"),
            (-10_000_000, "−10,000,000", "−1.00e7"),
            (u64::MAX.into(), "18,446,744,073,709,551,615", "1.84e19"),
        ] {
            assert_eq!(words(&Cell::Figure(value), Digits::All, 40), all);
            assert_eq!(words(&Cell::Figure(value), Digits::Few, 40), few);
        }
    }
}
