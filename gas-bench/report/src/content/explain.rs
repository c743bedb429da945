//! Why a call or a transaction failed.
//!
//! Lives here: the reason, the line, and the frames around it. Not here: finding them (`cargo-gas-bench`).

use serde::Serialize;

use crate::document::{Cell, Column, Content, Document, Rank, Row, Table, Text, csv, json};
use crate::figures::failure::{FailedFrame, Failure, Frame, LastHostio, SourceLine};

/// The most frames shown for a call, not counting the contract's own.
const MOST_FRAMES: usize = 40;

/// The output of `explain`.
#[derive(Clone, Copy, Debug)]
pub struct ExplainContent<'a> {
    /// The failure.
    pub failure: &'a Failure,
}

/// A call for programs and spreadsheets.
#[derive(Serialize)]
struct CallRow<'a> {
    depth: usize,
    address: String,
    function: &'a str,
    reason: &'a str,
    file: &'a str,
    line: Option<u32>,
    text: &'a str,
}

impl Content for ExplainContent<'_> {
    fn document(&self, _: bool) -> Document {
        let title = Text::from("Why it failed: ").and_name(&self.failure.what);
        let mut document = Document::new(title, &[]);
        let calls = &self.failure.calls;
        for (depth, call) in calls.iter().enumerate() {
            tell(&mut document, call, (depth, calls.len()));
        }
        if calls
            .iter()
            .any(|call| call.place.as_ref().is_some_and(|_| call.is_nearby))
        {
            document.notes([
                "The failure has no line of its own: an error was returned long before the end, or the compiler merged several lines. The \
                 line shown is the last of the contract's own lines that ran.",
            ]);
        }
        document
    }

    fn json(&self) -> String {
        json(self.failure)
    }

    fn csv(&self) -> String {
        csv(self.failure.calls.iter().enumerate().map(|(depth, call)| {
            let place = call.place.as_ref();
            CallRow {
                depth,
                address: call.address.to_string(),
                function: &call.function,
                reason: &call.reason,
                file: place.map_or("", |place| &place.file),
                line: place.map(|place| place.line),
                text: place.and_then(|place| place.text.as_deref()).unwrap_or(""),
            }
        }))
    }
}

/// Describes one of `count` calls that failed because of one another.
fn tell(document: &mut Document, call: &FailedFrame, (depth, count): (usize, usize)) {
    if count > 1 {
        let which = match depth {
            0 => Text::from("The transaction's call: "),
            _ => Text::from(format!("Within it, {depth} deep: ")),
        };
        document.heading(Rank::Vital, which.and_name(&name(call)));
    }
    let place = call.place.as_ref().map(|place| {
        let near = if call.is_nearby { "Near" } else { "At" };
        format!("{near} {}", shown(place))
    });
    let panicked_at = call.panicked_at.as_ref();
    let panicked_at = panicked_at.map(|place| format!("The panic itself is at {}", shown(place)));
    let reason = Some(format!("{}.", capitalised(&call.reason)));
    document.sentences(
        Rank::Vital,
        [reason, place, panicked_at].into_iter().flatten(),
    );
    document.sentences(Rank::Vital, call.without_lines.clone());
    if call.recent.len() > 1 {
        let columns = [
            Column::words("line"),
            Column::name("ran last, latest first"),
        ];
        let rows = call.recent.iter().map(|line| {
            let text = line.text.as_deref().unwrap_or_default();
            let place = format!("{}:{}", line.file, line.line);
            Row::plain([Cell::words(short(&place)), Cell::name(text)])
        });
        document.push(Rank::Main, Table::new("lines", columns, rows));
    }
    if !call.frames.is_empty() {
        let columns = [Column::words("line"), Column::name("function")];
        let rows = call.frames.iter().take(MOST_FRAMES).map(frame);
        document.push(Rank::Main, Table::new("frames", columns, rows));
        let what = "A star marks the contract's own source. A frame without a call of its own was inlined.";
        document.sentences(Rank::Detail, [what]);
    }
    if call.omitted_frames > 0 {
        let more = format!("{} more frames in between.", call.omitted_frames);
        document.sentences(Rank::Main, [more]);
    }
    if !call.hostios.is_empty() {
        let columns = [
            Column::name("last host calls"),
            Column::figure("ink"),
            Column::words("ended"),
        ];
        let rows = call.hostios.iter().map(hostio);
        document.push(Rank::Detail, Table::new("host calls", columns, rows));
    }
}

/// Capitalises the first letter of a sentence, unless that begins with a name, such as `transfer(address,uint256)`.
fn capitalised(text: &str) -> String {
    let word = text.split_whitespace().next().unwrap_or_default();
    let mut letters = text.chars();
    match letters.next() {
        Some(first) if word.chars().all(char::is_alphabetic) => {
            first.to_uppercase().chain(letters).collect()
        }
        _ => text.to_owned(),
    }
}

fn name(call: &FailedFrame) -> String {
    format!("{} {}", call.address, call.function)
}

fn shown(place: &SourceLine) -> String {
    let column = place
        .column
        .map_or_else(String::new, |column| format!(":{column}"));
    let text = place.text.as_ref();
    let text = text.map_or_else(String::new, |text| format!(": {text}"));
    format!("{}:{}{column}{text}", place.file, place.line)
}

fn frame(frame: &Frame) -> Row {
    let file = frame.file.as_deref().unwrap_or_default();
    let place = match frame.line {
        Some(line) => format!("{file}:{line}"),
        None => file.to_owned(),
    };
    let name = frame.function.as_deref().unwrap_or_default();
    Row::plain([Cell::words(short(&place)), Cell::starred(name, frame.own)])
}

/// The end of a place with a long path, which suffices for a library's. A terminal would cut off the end of more, and with it the line.
fn short(place: &str) -> String {
    const MOST: usize = 31;
    match place.char_indices().rev().nth(MOST) {
        Some((at, letter)) => format!("…{}", &place[at + letter.len_utf8()..]),
        None => place.to_owned(),
    }
}

fn hostio(hostio: &LastHostio) -> Row {
    let ended = if hostio.completed { "" } else { "the run" };
    Row::plain([
        Cell::name(&hostio.name),
        Cell::figure(hostio.ink.0),
        Cell::words(ended),
    ])
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{Address, Bytes};

    use super::*;
    use crate::document::{Colour, Format};
    use crate::figures::failure::FAILURE_SCHEMA;

    #[test]
    fn what_ran_last_is_listed() {
        let line = |line, text: &str| SourceLine {
            file: "src/lib.rs".to_owned(),
            line,
            column: None,
            text: Some(text.to_owned()),
        };
        let recent = vec![line(83, "self.hand_over(to)?;"), line(137, "let left = …")];
        let failure = Failure {
            schema: FAILURE_SCHEMA,
            what: "erc20: transfer".to_owned(),
            calls: vec![FailedFrame {
                address: Address::ZERO,
                function: "transfer()".to_owned(),
                reason: "it reverted".to_owned(),
                output: Bytes::new(),
                place: recent.first().cloned(),
                is_nearby: true,
                recent,
                panicked_at: None,
                frames: Vec::new(),
                omitted_frames: 0,
                hostios: Vec::new(),
                omitted_hostios: 0,
                without_lines: None,
            }],
        };
        let content = ExplainContent { failure: &failure };
        let text = content.write(Format::Table, Colour::Never);
        for shown in [
            "Near src/lib.rs:83: self.hand_over(to)?;",
            " src/lib.rs:83   self.hand_over(to)?;",
            " src/lib.rs:137  let left = …",
        ] {
            assert!(text.contains(shown), "{text}");
        }
    }

    #[test]
    fn places_keep_their_lines() {
        for (place, shown) in [
            ("src/lib.rs:7", "src/lib.rs:7"),
            (
                "/registry/sdk-0.10.10/src/abi/mod.rs:132",
                "…/sdk-0.10.10/src/abi/mod.rs:132",
            ),
            ("", ""),
        ] {
            assert_eq!(short(place), shown);
        }
    }

    #[test]
    fn sentences_begin_with_a_capital_and_names_stay() {
        for (text, said) in [
            ("it reverted: Not()", "It reverted: Not()"),
            ("index out of bounds", "Index out of bounds"),
            ("selfcall(): it reverted", "selfcall(): it reverted"),
            ("", ""),
        ] {
            assert_eq!(capitalised(text), said);
        }
    }
}
