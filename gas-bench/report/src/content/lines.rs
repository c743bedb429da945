//! One call, profiled line by line.
//!
//! Lives here: lines and functions ordered by ink, and sources beside it. Not here: adding up (`figures::lines`).
//!
//! Theorem: the rows of each table add up to the total, however many are shown.

use std::cmp::Reverse;

use serde::Serialize;
use stylus_vm::Ink;

use crate::document::{
    Block, Cell, Column, Content, Document, Rank, Row, Table, Text, Tone, csv, json,
};
use crate::figures::lines::{AnnotatedSource, LineInk, LineProfile};
use crate::words::grouped;

/// The output of `profile --lines`.
#[derive(Clone, Copy, Debug)]
pub struct LinesContent<'a> {
    /// The figures.
    pub profile: &'a LineProfile,
    /// Sources to show with them.
    pub sources: &'a [AnnotatedSource],
    /// How many lines and functions are listed by name. The rest share one row.
    pub top: usize,
}

/// The figures, with sources beside them.
#[derive(Serialize)]
struct WithSources<'a> {
    #[serde(flatten)]
    profile: &'a LineProfile,
    sources: &'a [AnnotatedSource],
}

/// A line for programs and spreadsheets; entries without a line leave it empty.
#[derive(Serialize)]
struct LineRow<'a> {
    kind: &'static str,
    file: &'a str,
    line: Option<u32>,
    times: Option<u64>,
    ink: u64,
    hostio_ink: Option<u64>,
    with_inlined_ink: Option<u64>,
}

impl Content for LinesContent<'_> {
    fn document(&self, _: bool) -> Document {
        let Self {
            profile,
            sources,
            top,
        } = *self;
        let title = Text::name(&profile.contract)
            .and(": ")
            .and_name(&profile.call);
        let mut document = Document::new(title.and(", line by line"), &[]);
        let total = format!("{} ink in the program's run.", grouped(profile.ink.0));
        document.sentences(Rank::Vital, [total]);
        document.heading(Rank::Vital, "Lines");
        document.push(Rank::Vital, lines(profile, top));
        document.heading(Rank::Main, "Functions, inlined ones too");
        document.push(Rank::Main, functions(profile, top));
        for source in sources {
            let table = vec![Block::from(annotated(source))];
            document.push(Rank::Main, Block::Fold(Text::name(&source.file), table));
        }
        document.notes([
            "A line's ink is that of the operators that the compiler made of it; the fixed price of a metered block counts for the \
             operator that ends the block. With inlined: including everything inlined into the line. Times: how often the line's code \
             began, where it began most often.",
            "Nothing is estimated: blocks are counted, and operators have prices. The contract's own lines come first.",
        ]);
        document
    }

    fn json(&self) -> String {
        match self.sources {
            [] => json(self.profile),
            sources => json(&WithSources {
                profile: self.profile,
                sources,
            }),
        }
    }

    fn csv(&self) -> String {
        let LineProfile {
            without_line,
            forfeited,
            ..
        } = self.profile;
        let rows = self.profile.lines.iter().map(|line| LineRow {
            kind: if line.own { "own" } else { "library" },
            file: &line.file,
            line: Some(line.line),
            times: Some(line.times),
            ink: line.ink.0,
            hostio_ink: Some(line.hostios.0),
            with_inlined_ink: Some(line.with_inlined.0),
        });
        let rest = [("without line", *without_line), ("forfeited", *forfeited)];
        let rest = rest.map(|(kind, ink)| LineRow {
            kind,
            file: "",
            line: None,
            times: None,
            ink: ink.0,
            hostio_ink: None,
            with_inlined_ink: None,
        });
        csv(rows.chain(rest))
    }
}

/// The top `top` of the contract's own lines, and all others together.
fn lines(profile: &LineProfile, top: usize) -> Table {
    let share = |ink: Ink| Cell::Share {
        part: ink.0,
        whole: profile.ink.0,
    };
    let (mut own, libraries): (Vec<_>, Vec<_>) = profile.lines.iter().partition(|line| line.own);
    own.sort_by_key(|line| Reverse((line.ink, line.with_inlined)));
    let (shown, others) = own.split_at(top.min(own.len()));
    let mut rows: Vec<_> = shown
        .iter()
        .map(|line| {
            let figures = [line.ink, line.hostios, line.with_inlined];
            let [ink, hostios, with] = figures.map(|ink| Cell::figure(ink.0));
            let place = Cell::name(&format!("{}:{}", line.file, line.line));
            let times = Cell::figure(line.times);
            Row::plain([ink, share(line.ink), hostios, with, times, place])
        })
        .collect();
    let rest = |tone, ink: Ink, hostios: Ink, what: &str| {
        let nothing = || Cell::Nothing;
        let cells = [Cell::figure(ink.0), share(ink), Cell::figure(hostios.0)];
        Row::new(
            tone,
            cells
                .into_iter()
                .chain([nothing(), nothing(), Cell::words(what)]),
        )
    };
    let sum = |lines: &[&LineInk]| {
        let ink: Ink = lines.iter().map(|line| line.ink).sum();
        (ink, lines.iter().map(|line| line.hostios).sum::<Ink>())
    };
    for (lines, what) in [
        (others, "other lines of its own"),
        (&libraries[..], "lines of libraries"),
    ] {
        let (ink, hostios) = sum(lines);
        if ink > Ink::ZERO {
            rows.push(rest(Tone::Plain, ink, hostios, what));
        }
    }
    for (ink, what) in [
        (profile.without_line, "code without a line"),
        (
            profile.forfeited,
            "forfeited: too little to pay for the next step",
        ),
    ] {
        if ink > Ink::ZERO {
            rows.push(rest(Tone::Plain, ink, Ink::ZERO, what));
        }
    }
    let hostios = profile.lines.iter().map(|line| line.hostios).sum();
    rows.push(rest(
        Tone::Total,
        profile.ink,
        hostios,
        "all that the program used",
    ));
    let titles = ["ink", "share", "host calls", "with inlined", "times"];
    Table::named_last("lines", &titles, "line", rows)
}

/// The `top` functions by the ink they took themselves, and the others together.
fn functions(profile: &LineProfile, top: usize) -> Table {
    let mut all: Vec<_> = profile.functions.iter().collect();
    all.sort_by_key(|function| Reverse((function.ink, function.with_inlined)));
    let (shown, others) = all.split_at(top.min(all.len()));
    let mut rows: Vec<_> = shown
        .iter()
        .map(|function| {
            let [ink, with] = [function.ink, function.with_inlined].map(|ink| Cell::figure(ink.0));
            Row::plain([ink, with, Cell::name(&function.name)])
        })
        .collect();
    if !others.is_empty() {
        let ink: Ink = others.iter().map(|function| function.ink).sum();
        let about = Cell::counted(others.len() as u64, "other");
        rows.push(Row::plain([Cell::figure(ink.0), Cell::Nothing, about]));
    }
    if profile.forfeited > Ink::ZERO {
        let about = Cell::words("forfeited: too little to pay for the next step");
        rows.push(Row::plain([
            Cell::figure(profile.forfeited.0),
            Cell::Nothing,
            about,
        ]));
    }
    let about = Cell::words("all that the program used");
    rows.push(Row::new(
        Tone::Total,
        [Cell::figure(profile.ink.0), Cell::Nothing, about],
    ));
    Table::named_last("functions", &["ink", "with inlined"], "function", rows)
}

/// A source with what its lines took.
fn annotated(source: &AnnotatedSource) -> Table {
    let columns = [
        Column::figure("line"),
        Column::figure("ink"),
        Column::figure("times"),
        // A terminal shows no other title.
        Column::source(&source.file),
    ];
    let rows = source.lines.iter().map(|line| {
        Row::plain([
            Cell::figure(line.line),
            line.ink.map_or(Cell::Nothing, |ink| Cell::figure(ink.0)),
            line.times.map_or(Cell::Nothing, Cell::figure),
            Cell::name(&line.text),
        ])
    });
    Table::new("source", columns, rows)
}
