//! Rows for spreadsheets.
//!
//! Lives here: what every CSV of a report has in common. Not here: which rows there are.
//!
//! A spreadsheet treats a cell that begins with `=`, `+`, `-` or `@` as a formula and evaluates it, whoever wrote it. Names and messages
//! come from other people; figures are exempt.

use ::csv::{ReaderBuilder, Writer};
use serde::Serialize;

use crate::words::printable;

/// The rows as CSV below their column names. Without rows there are no column names.
pub(crate) fn csv<R: Serialize>(rows: impl IntoIterator<Item = R>) -> String {
    let mut writer = Writer::from_writer(Vec::new());
    for row in rows {
        writer
            .serialize(row)
            .expect("all rows have the same columns, and memory takes them");
    }
    let bytes = writer
        .into_inner()
        .expect("what is written to memory is written");
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .from_reader(bytes.as_slice());
    let mut writer = Writer::from_writer(Vec::new());
    for record in reader.records() {
        let record = record.expect("what was just written is CSV");
        writer
            .write_record(record.iter().map(harmless))
            .expect("a record has as many fields as before, and memory takes them");
    }
    let bytes = writer
        .into_inner()
        .expect("what is written to memory is written");
    String::from_utf8(bytes).expect("every field is text")
}

/// A cell that no spreadsheet treats as a formula, and no terminal as a command.
fn harmless(cell: &str) -> String {
    let cell = printable(cell);
    let is_figure = cell.parse::<i128>().is_ok() || cell.parse::<f64>().is_ok();
    match cell.starts_with(['=', '+', '-', '@']) && !is_figure {
        true => format!("'{cell}"),
        false => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_others_are_harmless() {
        for (cell, shown) in [
            ("transfer", "transfer"),
            ("=1+1", "'=1+1"),
            ("+cmd|'/C calc'!A0", "'+cmd|'/C calc'!A0"),
            ("-new", "'-new"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-5", "-5"),
            ("-0.5", "-0.5"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("a\nb", "a\\nb"),
            ("\u{202e}txt", "\\u{202e}txt"),
            ("\t=1", "\\t=1"),
        ] {
            assert_eq!(harmless(cell), shown);
        }
        assert_eq!(csv([("a,b", 1), ("=x", -2)]), "\"a,b\",1\n'=x,-2\n");
        assert_eq!(csv(Vec::<(&str, u8)>::new()), "");
    }
}
