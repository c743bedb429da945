//! A document as GitHub Markdown, for a pull request comment or a job summary.
//!
//! Lives here: Markdown that survives any content, limited to the length of a comment. Not here: what is said.

use std::fmt::Write as _;

use super::table::{Cell, Kind, Row, Table, Tone};
use super::{Block, Document, Drawing, FAILED, List, MEANING, NOTHING, Picture, Rank, Span, Text};
use crate::words::{ellipsised, grouped, printable, shortened};

/// The most characters of a report. GitHub accepts 65,536 in a comment, and a poster can add a heading or a mark.
const CHARACTERS_MAX: usize = 60_000;

/// A table with more rows is folded.
const ROWS_MAX: usize = 20;

/// How much there is room for.
#[derive(Clone, Copy)]
struct Room {
    most: Rank,
    /// The longest name, and the longest sentence in a list, in characters.
    name: usize,
    sentence: usize,
    /// The most list items, the most table rows, and the number of rows from which a table is folded.
    items: usize,
    rows: usize,
    folded: usize,
}

impl Room {
    const fn of(most: Rank) -> Self {
        Self {
            most,
            name: 120,
            sentence: 400,
            items: usize::MAX,
            rows: usize::MAX,
            folded: ROWS_MAX + 1,
        }
    }

    /// The room of a file.
    const fn without_end() -> Self {
        Self {
            sentence: usize::MAX,
            folded: usize::MAX,
            ..Self::of(Rank::Fine)
        }
    }

    /// Every text has a maximum length, so this always fits.
    const LEAST: Self = Self {
        most: Rank::Vital,
        name: 60,
        sentence: 80,
        items: 25,
        rows: 50,
        folded: usize::MAX,
    };
}

pub(super) fn write(document: &Document) -> String {
    if document.is_file {
        return told(document, Room::without_end());
    }
    let mut ranks = vec![Rank::Fine];
    ranks.extend([Rank::Detail, Rank::Main].into_iter().filter(|most| {
        let mut details = document.details.iter();
        details.any(|(rank, _)| rank > most)
    }));
    let rooms = ranks.into_iter().map(Room::of);
    let mut told = rooms.map(|room| told(document, room));
    let fits = |text: &String| text.chars().count() <= CHARACTERS_MAX;
    told.find(fits)
        .unwrap_or_else(|| self::told(document, Room::LEAST))
}

/// A table on its own.
pub(crate) fn markdown_table(table: &Table) -> String {
    let page = Page {
        text: String::new(),
        room: Room::of(Rank::Fine),
        level: "##",
    };
    page.lines(table, &table.rows)
}

fn told(document: &Document, room: Room) -> String {
    let mut page = Page {
        text: String::new(),
        room,
        level: if document.is_file { "#" } else { "##" },
    };
    page.block(&format!("{} {}", page.level, page.said(&document.title)));
    let left_out = document
        .details
        .iter()
        .filter(|(rank, _)| *rank > room.most);
    let left_out: Vec<_> = left_out.map(|(_, what)| *what).collect();
    if !left_out.is_empty() {
        page.block(&format!(
            "This report does not fit into a GitHub comment. Left out here, but in the other formats: {}.",
            left_out.join(", ")
        ));
    }
    for (_, block) in document.up_to(room.most) {
        page.part(block);
    }
    page.text
}

/// The output so far: blocks separated by empty lines.
struct Page {
    text: String,
    room: Room,
    /// The mark of the title; a heading has one more.
    level: &'static str,
}

impl Page {
    fn part(&mut self, block: &Block) {
        match block {
            Block::Heading(text) => self.block(&format!("{}# {}", self.level, self.said(text))),
            Block::Sentence(text) => self.block(&self.said(text)),
            Block::Verdict(text) => self.block(&format!("**{}**", self.said(text))),
            Block::List(list) => self.list(list),
            Block::Table(table) => self.table(table),
            Block::Fold(title, blocks) => {
                let mut inner = Self {
                    text: String::new(),
                    ..*self
                };
                blocks.iter().for_each(|block| inner.part(block));
                self.folded(&self.said(title), &inner.text);
            }
            Block::Notes(notes) => {
                let notes = notes.iter().map(|note| format!("- {}\n", self.said(note)));
                self.folded(MEANING, &notes.collect::<String>());
            }
            Block::Picture(Picture {
                title,
                drawing: Drawing::Filed(name, _),
                ..
            }) => self.block(&format!("![{}]({name})", prose(title))),
            Block::Picture(_) => {}
        }
    }

    fn block(&mut self, block: &str) {
        if block.is_empty() {
            return;
        }
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(block.trim_end());
        self.text.push('\n');
    }

    fn folded(&mut self, title: &str, content: &str) {
        if !content.is_empty() {
            self.block(&format!("<details><summary>{title}</summary>"));
            self.block(content);
            self.block("</details>");
        }
    }

    fn list(&mut self, List { tone, items }: &List) {
        let failed = match tone {
            Tone::Worse => format!("**{FAILED}** "),
            _ => String::new(),
        };
        let lines = items.iter().take(self.room.items).map(|item| {
            let text = prose(&shortened(&printable(&item.text), self.room.sentence));
            match item.about.is_empty() {
                true => format!("- {failed}{text}\n"),
                false => format!("- {failed}{}: {text}\n", self.said(&item.about)),
            }
        });
        self.block(&lines.collect::<String>());
        self.rest(items.len().saturating_sub(self.room.items));
    }

    /// A table without rows is left out; one with many is folded.
    fn table(&mut self, table: &Table) {
        let table = &table.once();
        let rows = &table.rows[..table.rows.len().min(self.room.rows)];
        let text = self.lines(table, rows);
        match rows.len() {
            0 => return,
            count if count < self.room.folded => self.block(&text),
            count => self.folded(&format!("{count} {}", table.about), &text),
        }
        self.rest(table.rows.len() - rows.len());
    }

    fn lines(&self, table: &Table, rows: &[Row]) -> String {
        let titles = table.columns.iter().map(|column| {
            let title = shortened(&printable(&column.title), self.room.name);
            format!(" {} |", prose(&title))
        });
        let rules = table.columns.iter().map(|column| match column.kind {
            Kind::Figure => "---:|",
            _ => "---|",
        });
        let rows = rows.iter().map(|row| self.row(row));
        format!(
            "|{}\n|{}\n{}",
            titles.collect::<String>(),
            rules.collect::<String>(),
            rows.collect::<String>()
        )
    }

    fn row(&self, row: &Row) -> String {
        let mut text = String::from("|");
        for (index, cell) in row.cells.iter().enumerate() {
            let is_last = index + 1 == row.cells.len();
            let words = self.words(cell);
            // Two pairs of asterisks around nothing would show as asterisks.
            let words = match row.tone {
                Tone::Total if !words.is_empty() => format!("**{words}**"),
                Tone::Better if is_last => format!("🟢 {words}"),
                Tone::Worse if is_last => format!("🔴 {words}"),
                _ => words,
            };
            let _ = write!(text, " {words} |");
        }
        text + "\n"
    }

    /// How many items were not listed.
    fn rest(&mut self, count: usize) {
        if count > 0 {
            self.block(&format!("And {} more.", grouped(count as u64)));
        }
    }

    fn words(&self, cell: &Cell) -> String {
        // In a table, this is the one escape that also works inside a code span.
        let code = |text: &str| self.code(text).replace('|', "\\|");
        match cell {
            Cell::Name {
                text,
                is_starred,
                words,
            } => {
                let star = if *is_starred { "\\* " } else { "" };
                format!("{star}{} {}", code(text), prose(words))
                    .trim_end()
                    .to_owned()
            }
            Cell::Values(values) if values.iter().all(String::is_empty) => NOTHING.to_owned(),
            Cell::Values(_) => code(&cell.plain()),
            Cell::Best(cell) => format!("**{}**", self.words(cell)),
            Cell::Said(text) => self.said(text),
            Cell::Failed => format!("**{FAILED}**"),
            cell => prose(&printable(&cell.plain())),
        }
    }

    fn said(&self, text: &Text) -> String {
        let spans = text.0.iter().map(|span| match span {
            Span::Words(words) => prose(&printable(words)),
            Span::Name(name) => self.code(name),
            Span::Code(code) => format!("`{}`", printable(code)),
        });
        spans.collect()
    }

    /// Foreign text verbatim: nothing in a code span is a link, a mention or an element.
    fn code(&self, text: &str) -> String {
        match ellipsised(&printable(text), self.room.name) {
            words if words.is_empty() => NOTHING.to_owned(),
            words => format!("`{}`", words.replace('`', "'")),
        }
    }
}

/// Escapes text so that it starts no element, link, formula, emphasis or line, and mentions nobody.
fn prose(text: &str) -> String {
    let mut prose = String::new();
    for character in text.chars() {
        match character {
            '<' => prose.push_str("&lt;"),
            '&' => prose.push_str("&amp;"),
            '$' => prose.push_str("&#36;"),
            // Inside a code span, other escapes would be visible.
            '`' => prose.push('\''),
            // An empty comment after the sign prevents a notification.
            '@' | '#' => prose.extend([character].into_iter().chain("<!-- -->".chars())),
            '[' | ']' | '~' | '*' | '_' | '|' | '\\' => prose.extend(['\\', character]),
            _ => prose.push(character),
        }
    }
    prose
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_names() {
        let page = Page {
            text: String::new(),
            room: Room::of(Rank::Fine),
            level: "##",
        };
        for (text, markdown) in [
            ("transfer", "`transfer`"),
            ("a|b", "`a|b`"),
            ("`rm`", "`'rm'`"),
            ("two\nlines", "`two\\nlines`"),
            ("", "–"),
        ] {
            assert_eq!(page.code(text), markdown);
        }
        assert_eq!(page.words(&Cell::starred("a|b", true)), "\\* `a\\|b`");
    }

    #[test]
    fn reasons_stay_text() {
        for (text, markdown) in [
            ("21,000 gas", "21,000 gas"),
            ("<b>&amp;", "&lt;b>&amp;amp;"),
            ("ask @all in #1", "ask @<!-- -->all in #<!-- -->1"),
            ("[a](b) ~~c~~ $x$", "\\[a\\](b) \\~\\~c\\~\\~ &#36;x&#36;"),
            ("a|b `c`", "a\\|b 'c'"),
            ("expected `Vec<u8>`", "expected 'Vec&lt;u8>'"),
            ("*and* __more__", "\\*and\\* \\_\\_more\\_\\_"),
        ] {
            assert_eq!(prose(text), markdown);
        }
    }
}
