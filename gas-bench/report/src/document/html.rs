//! A document as one HTML page, to attach to a pull request or keep as an artefact.
//!
//! Lives here: elements, and what only a page has: links to sections, pictures, folds. Not here: what is said.
//!
//! The page is one file and loads nothing external, which its content security policy enforces. It is complete without scripts; with them
//! its tables can be sorted. It works on a desktop and a phone, in light and dark mode, and on paper.

mod frame;

use std::collections::{BTreeMap, BTreeSet};

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::table::{Cell, Kind, Row, Table, Tone};
use super::{
    Block, Document, Drawing, FAILED, Item, List, MEANING, NOTHING, Picture, Rank, Span, Text,
};
use crate::picture;
use crate::words::{printable, shortened};

const STYLE: &str = include_str!("html/style.css");
const SCRIPT: &str = include_str!("html/sort.js");

/// What the page can load: nothing that it does not contain.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; \
                      base-uri 'none'; form-action 'none'";

/// The most characters of a name or sentence in running text, and of a name in a table.
const LABEL_MAX: usize = 400;
const NAME_MAX: usize = 64;

/// The most characters of a folded value, and of an opened one.
const VALUE_MAX: usize = 72;
const OPEN_MAX: usize = 4_096;

pub(super) fn write(document: &Document) -> String {
    let page = Page::of(document);
    let blocks: Vec<_> = document.up_to(Rank::Page).collect();
    let is_heading = |(_, block): &&(Rank, Block)| matches!(block, Block::Heading(_));
    let head = blocks.iter().position(is_heading).unwrap_or(blocks.len());
    let (head, body) = blocks.split_at(head);
    let sections = body.chunk_by(|_, next| !is_heading(next));
    let html = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (plain(&document.title)) }
                style { (PreEscaped(picture::STYLE)) (PreEscaped(STYLE)) }
            }
            body {
                header { h1 { (said(&document.title)) } }
                main {
                    @for (rank, block) in head { (page.block(*rank, block, true)) }
                    @for (section, anchor) in sections.zip(&page.anchors) {
                        section id=(anchor) { @for (rank, block) in section { (page.block(*rank, block, false)) } }
                    }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    let mut text = html.into_string();
    text.push('\n');
    text
}

/// Links to the sections of a page.
struct Page {
    /// An identifier for each section, in order.
    anchors: Vec<String>,
    /// The identifiers by the name that a section is about.
    by_name: BTreeMap<String, String>,
}

impl Page {
    fn of(document: &Document) -> Self {
        let headings = document
            .up_to(Rank::Page)
            .filter_map(|(_, block)| match block {
                Block::Heading(text) => Some(text),
                _ => None,
            });
        let headings: Vec<_> = headings.collect();
        let names = headings.iter().map(|heading| about(heading));
        let anchors = anchors(names.clone());
        let by_name = names.map(str::to_owned).zip(anchors.iter().cloned()).rev();
        Self {
            by_name: by_name.collect(),
            anchors,
        }
    }

    /// A block; blocks before the first section link to the sections.
    fn block(&self, rank: Rank, block: &Block, leads: bool) -> Markup {
        html! {
            @match block {
                Block::Heading(text) => h2 { (said(text)) },
                Block::Sentence(text) => p { (said(text)) },
                Block::Verdict(text) => p.verdict { (said(text)) },
                Block::List(list) => (self.list(list, leads)),
                Block::Table(table) => (self.table(table, leads)),
                Block::Fold(title, blocks) => details open[rank < Rank::Page] {
                    summary { (said(title)) }
                    @for block in blocks { (self.block(rank, block, leads)) }
                },
                Block::Notes(notes) => details.notes {
                    summary { (MEANING) }
                    @for note in notes { p { (said(note)) } }
                },
                Block::Picture(picture) => (drawn(picture)),
            }
        }
    }

    fn list(&self, List { tone, items }: &List, leads: bool) -> Markup {
        let item = |Item { about, text }: &Item| {
            html! {
                li {
                    @if *tone == Tone::Worse { strong { (FAILED) } " " }
                    @for span in &about.0 { (self.span(span, leads)) }
                    @if !about.is_empty() { ": " }
                    (shortened(&printable(text), LABEL_MAX))
                }
            }
        };
        html! {
            @if *tone == Tone::Worse && !items.is_empty() {
                ul.failures role="alert" { @for it in items { (item(it)) } }
            } @else if !items.is_empty() {
                ul { @for it in items { (item(it)) } }
            }
        }
    }

    fn span(&self, span: &Span, leads: bool) -> Markup {
        match span {
            Span::Name(text) if leads => self.link(text, &name(text)),
            span => said_span(span),
        }
    }

    /// A link to the section about `text`, if there is one.
    fn link(&self, text: &str, shown: &Markup) -> Markup {
        match self.by_name.get(text) {
            Some(anchor) => html! { a href={ "#" (anchor) } { (shown) } },
            None => shown.clone(),
        }
    }

    /// A table: names come first, since they stay in view while the rest scrolls; totals come last. A table without rows is left out.
    fn table(&self, table: &Table, leads: bool) -> Markup {
        let table = table.undrawn();
        let names = table.names();
        let is_source = table.columns.get(names).map(|column| column.kind) == Some(Kind::Source);
        let first = (!is_source).then_some(names);
        let others = (0..table.columns.len()).filter(|index| Some(*index) != first);
        let order: Vec<_> = first.into_iter().chain(others).collect();
        let (sums, rows): (Vec<_>, Vec<_>) =
            table.rows.iter().partition(|row| row.tone == Tone::Total);
        let row = |row: &Row| {
            html! {
                tr class=[class_of(row)] {
                    @for (place, cell) in order.iter().filter_map(|&index| row.cells.get(index)).enumerate() {
                        @let kind = table.columns[order[place]].kind;
                        @let class = cell_class(cell, kind);
                        @if kind == Kind::Source { td.source { code { (printable(&cell.plain())) } } }
                        @else if place == 0 { th scope="row" class=[class] { (self.cell(cell, leads)) } }
                        @else { td class=[class] { (self.cell(cell, leads)) } }
                    }
                }
            }
        };
        let content = html! {
            table data-sort {
                thead {
                    tr {
                        @for column in order.iter().map(|&index| &table.columns[index]) {
                            th scope="col" class=[(column.kind == Kind::Figure).then_some("number")] {
                                (shortened(&printable(&column.title), NAME_MAX))
                            }
                        }
                    }
                }
                tbody { @for it in rows { (row(it)) } }
                @if !sums.is_empty() { tfoot { @for it in sums { (row(it)) } } }
            }
        };
        html! { @if !table.rows.is_empty() { (scroll(table.about, &content)) } }
    }

    fn cell(&self, cell: &Cell, leads: bool) -> Markup {
        match cell {
            Cell::Name {
                text,
                is_starred,
                words,
            } => {
                let shown = name(text);
                html! {
                    @if *is_starred { "* " }
                    @if leads { (self.link(text, &shown)) } @else { (shown) }
                    @if !words.is_empty() { " " small { (words) } }
                }
            }
            Cell::Values(values) if values.iter().all(String::is_empty) => html! { (NOTHING) },
            Cell::Values(values) => html! { @for it in values { div { (value(it)) } } },
            Cell::Best(cell) => html! { strong { (self.cell(cell, leads)) } },
            Cell::Share { part, whole } => {
                let percent = (u128::from(*part) * 100).checked_div((*whole).into());
                html! {
                    (cell.plain())
                    @if let Some(percent) = percent {
                        div.track { div.over[percent > 100] style={ "width:" (percent.min(100)) "%" } {} }
                    }
                }
            }
            Cell::Said(text) => said(text),
            cell => html! { (printable(&cell.plain())) },
        }
    }
}

/// The name that a heading is about, or the whole heading.
fn about(heading: &Text) -> &str {
    let mut names = heading.0.iter().filter_map(|span| match span {
        Span::Name(name) => Some(name.as_str()),
        Span::Words(_) | Span::Code(_) => None,
    });
    let words = || match heading.0.first() {
        Some(Span::Words(words)) => words.as_str(),
        _ => "",
    };
    names.next().unwrap_or_else(words)
}

/// An identifier for each name: the part of it that an address can hold, and a number if that is taken.
fn anchors<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let anchors = names.map(|name| {
        let plain = |c: char| match c {
            '_' => c,
            c if c.is_ascii_alphanumeric() => c.to_ascii_lowercase(),
            _ => '-',
        };
        let name: String = name.chars().take(64).map(plain).collect();
        let name = format!("about-{name}");
        let numbered = (2..).map(|number| format!("{name}-{number}"));
        let mut names = [name.clone()].into_iter().chain(numbered);
        let free = names.find(|name| taken.insert(name.clone()));
        free.expect("there are more numbers than names")
    });
    anchors.collect()
}

fn class_of(row: &Row) -> Option<&'static str> {
    match (row.tone, row.is_parted) {
        (Tone::Better, _) => Some("better"),
        (Tone::Worse, _) => Some("worse"),
        (_, true) => Some("parted"),
        (Tone::Plain | Tone::Total, false) => None,
    }
}

fn cell_class(cell: &Cell, kind: Kind) -> Option<&'static str> {
    match cell {
        Cell::Failed => Some("number failed"),
        Cell::Best(_) => Some("number better"),
        _ => (kind == Kind::Figure).then_some("number"),
    }
}

fn drawn(picture: &Picture) -> Markup {
    let title = shortened(&printable(&picture.title), LABEL_MAX);
    match &picture.drawing {
        Drawing::Inline(drawing) => html! {
            h3 { (title) }
            p.about { (picture.caption) }
            (PreEscaped(drawing))
        },
        Drawing::Framed(svg) | Drawing::Filed(_, svg) => html! {
            details {
                summary { (title) }
                p.about { (picture.caption) }
                (frame::picture(&title, svg))
            }
        },
    }
}

fn plain(text: &Text) -> String {
    let spans = text.0.iter().map(|span| match span {
        Span::Words(words) | Span::Name(words) | Span::Code(words) => {
            shortened(&printable(words), LABEL_MAX)
        }
    });
    spans.collect()
}

fn said(text: &Text) -> Markup {
    html! { @for span in &text.0 { (said_span(span)) } }
}

fn said_span(span: &Span) -> Markup {
    match span {
        Span::Words(words) => html! { (printable(words)) },
        Span::Name(text) => name(text),
        Span::Code(text) => html! { code { (text) } },
    }
}

/// A foreign name; if it is too long to show, a tooltip has all of it.
fn name(text: &str) -> Markup {
    let whole = printable(text);
    let short = shortened(&whole, NAME_MAX);
    html! {
        @if short == whole { code { (short) } } @else { code title=(shortened(&whole, LABEL_MAX)) { (short) } }
    }
}

/// A foreign value: a long one is shown by its beginning, and whole once it is opened.
fn value(text: &str) -> Markup {
    let whole = shortened(&printable(text), OPEN_MAX);
    let short = shortened(&whole, VALUE_MAX);
    html! {
        @if short == whole {
            code { (short) }
        } @else {
            details.value { summary { code { (short) } } code { (whole) } }
        }
    }
}

/// A box that scrolls if its content is wider than the screen, including by keyboard.
fn scroll(about: &str, content: &Markup) -> Markup {
    html! { div.scroll role="region" aria-label=(about) tabindex="0" { (content) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_others_is_escaped_and_shortened() {
        let long = "x".repeat(100);
        for (markup, expected) in [
            (
                name("a<b>\"&'"),
                "<code>a&lt;b&gt;&quot;&amp;'</code>".to_owned(),
            ),
            (name("two\nlines"), "<code>two\\nlines</code>".to_owned()),
            (
                name(&long),
                format!("<code title=\"{long}\">{}…</code>", "x".repeat(63)),
            ),
            (value("1"), "<code>1</code>".to_owned()),
            (
                value(&long),
                format!(
                    "<details class=\"value\"><summary><code>{}…</code></summary><code>{long}</code></details>",
                    "x".repeat(71)
                ),
            ),
        ] {
            assert_eq!(markup.into_string(), expected);
        }
    }

    #[test]
    fn anchors_are_plain_and_unique() {
        let names = [
            "erc20", "ERC20", "erc20-2", "a b\"<c>", "größe", "", "erc20",
        ];
        assert_eq!(
            anchors(names.into_iter()),
            [
                "about-erc20",
                "about-erc20-2",
                "about-erc20-2-2",
                "about-a-b--c-",
                "about-gr--e",
                "about-",
                "about-erc20-3"
            ]
        );
    }
}
