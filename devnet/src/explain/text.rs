//! A failed transaction as the log shows it.
//!
//! Lives here: one paragraph of text. Not here: its content (`diagnosis`).

use std::fmt::Write as _;
use std::path::Path;

use super::{Diagnosis, FailedCall, Place, chain_of};

/// The most frames shown per call.
const MOST_FRAMES: usize = 12;

/// The most host calls shown per call.
const MOST_HOSTIOS: usize = 8;

/// Describes a transaction's failed calls, given in the order in which they ended: those that caused one another, outermost first, one line
/// per fact.
pub fn paragraph(failures: &[(FailedCall, Diagnosis)]) -> String {
    let mut text = String::new();
    for (call, diagnosis) in chain_of(failures, |(call, _)| call.depth) {
        // Writing to a string cannot fail.
        let _ = tell(&mut text, call, diagnosis);
    }
    text.truncate(text.trim_end().len());
    text
}

fn tell(text: &mut String, call: &FailedCall, diagnosis: &Diagnosis) -> std::fmt::Result {
    let indent = "  ".repeat(call.depth.min(16) + 1);
    let selector = call
        .input
        .get(..4)
        .map(alloy_primitives::hex::encode_prefixed);
    let selector = selector.map_or_else(String::new, |selector| format!(" {selector}"));
    let reason = printable(&diagnosis.reason);
    // The address of what was to be created is not known.
    let whom = match call.code.is_zero() {
        true => "a creation".to_owned(),
        false => call.address.to_string(),
    };
    writeln!(text, "{indent}{whom}{selector}: {reason}")?;
    if let Some(place) = &diagnosis.place {
        let nearby = if diagnosis.is_nearby() { "near" } else { "at" };
        writeln!(text, "{indent}  {nearby} {}", shown(place))?;
    }
    for place in diagnosis.recent.iter().skip(1) {
        writeln!(text, "{indent}  before that {}", shown(place))?;
    }
    if let Some(place) = &diagnosis.panicked_at {
        writeln!(text, "{indent}  the panic itself is at {}", shown(place))?;
    }
    let own: Vec<Place> = diagnosis.own_frames().collect();
    let outer = own
        .iter()
        .skip_while(|frame| Some(*frame) != diagnosis.place.as_ref());
    for frame in outer.skip(1).take(MOST_FRAMES) {
        writeln!(text, "{indent}  in {}", shown(frame))?;
    }
    if let Some(explanation) = &call.explanation {
        let skipped = explanation.hostios.len().saturating_sub(MOST_HOSTIOS);
        let last = explanation.hostios.iter().skip(skipped);
        let last: Vec<&str> = last.map(|made| made.name.as_ref()).collect();
        if !last.is_empty() {
            writeln!(text, "{indent}  last host calls: {}", last.join(", "))?;
        }
    }
    Ok(())
}

/// Formats a place so that editors find it: relative to the current folder, if it is inside.
fn shown(place: &Place) -> String {
    let folder = std::env::current_dir().ok();
    let file = Path::new(&place.file);
    let inside = folder.and_then(|folder| Some(file.strip_prefix(folder).ok()?.to_owned()));
    let file = inside.as_deref().unwrap_or(file).display();
    let column = place
        .column
        .map_or_else(String::new, |column| format!(":{column}"));
    let function = place.function.as_ref();
    let function = function.map_or_else(String::new, |name| format!("  {name}"));
    printable(&format!("{file}:{}{column}{function}", place.line))
}

/// Puts foreign text on one line and removes what a terminal would act on.
fn printable(text: &str) -> String {
    let plain = |letter: char| match letter {
        '\n' => '⏎',
        letter if letter.is_control() => '\u{fffd}',
        letter => letter,
    };
    text.chars().map(plain).collect()
}
