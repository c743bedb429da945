//! Words about a module's allocator and its replacement.
//!
//! Lives here: text for a terminal. Not here: finding the allocator (`transplant`).

use std::fmt::Write as _;

use crate::figures::Bytes;
use crate::words::{grouped, printable, shortened};
use stylus_override::{Family, Inlined, Inspection, Transplant};

/// What `inspection` found in the module `name`; if `in_full`, with the names of all its functions.
pub fn inspection(name: &str, inspection: &Inspection, in_full: bool) -> String {
    let mut text = format!(
        "{} carries {}, called by {} functions\n",
        printable(name),
        allocator(inspection),
        families(inspection),
    );
    let mut line = |what: &str, value: &str| {
        let _ = writeln!(text, "  {what:<14} {value}");
    };
    for (index, entry) in inspection.entries.values().enumerate() {
        let callers = counted(entry.callers, "other calls it", "others call it");
        let what = if index == 0 { "entry points" } else { "" };
        line(what, &format!("{:<20} {callers}", plain(&entry.name)));
    }
    let functions = counted(inspection.functions.len(), "function", "functions");
    let code = format!("{functions} of {} bytes", grouped(inspection.code.0));
    line("code", &code);
    if in_full {
        for function in inspection.functions.values() {
            line("", &name_of(function));
        }
    }
    let data = match inspection.data {
        Some((address, Bytes(length))) => {
            format!(
                "{} bytes from address {}",
                grouped(length),
                grouped(u64::from(address))
            )
        }
        None => "none at an address that it names".to_owned(),
    };
    line("data", &data);
    let heap = match inspection.heap_base {
        Some(base) => format!("from address {}", grouped(u64::from(base))),
        None => "its start is unknown (__heap_base is not exported)".to_owned(),
    };
    line("heap", &heap);
    let inlined = inspection.inlined.iter().map(in_words);
    for (what, places) in [
        ("inlined into", inlined.collect::<Vec<_>>()),
        ("memory grown", grown(inspection)),
    ] {
        for (index, place) in places.iter().enumerate() {
            line(if index == 0 { what } else { "" }, place);
        }
        if places.is_empty() {
            line(what, "nobody else");
        }
    }
    match inspection.refusal() {
        None => text.push_str("It can be replaced.\n"),
        Some(refusal) => {
            let refusal = printable(&refusal.to_string());
            let _ = writeln!(text, "It cannot be replaced: {refusal}.");
        }
    }
    text
}

/// The result of a transplant, in one line.
pub fn transplant(name: &str, transplant: &Transplant, new: &str) -> String {
    let before = transplant.original.len() as u64;
    let after = transplant.wasm.len() as u64;
    let difference = match after.cmp(&before) {
        std::cmp::Ordering::Less => format!("{} fewer", grouped(before - after)),
        std::cmp::Ordering::Equal => "as many as before".to_owned(),
        std::cmp::Ordering::Greater => format!("{} more", grouped(after - before)),
    };
    format!(
        "{name}: {new} in the place of {}; {} bytes, {difference}\n",
        allocator(&transplant.removed),
        grouped(after),
    )
}

/// The remaining lines.
pub fn details(transplant: &Transplant) -> String {
    let out = counted(transplant.removed_functions, "function", "functions");
    format!(
        "  out            {out}\n  in             {} bytes of functions\n  state          at address {}\n  heap           from \
         address {}\n",
        grouped(transplant.added.0),
        grouped(u64::from(transplant.state)),
        grouped(u64::from(transplant.heap_base)),
    )
}

fn allocator(inspection: &Inspection) -> &'static str {
    inspection
        .allocator
        .unwrap_or("an allocator without a known name")
}

fn families(inspection: &Inspection) -> String {
    let families = inspection
        .families()
        .into_iter()
        .map(|family| match family {
            Family::Rust => "Rust's",
            Family::C => "C's",
        });
    families.collect::<Vec<_>>().join(" and ")
}

fn grown(inspection: &Inspection) -> Vec<String> {
    inspection
        .growers
        .iter()
        .map(|name| format!("by {}", name_of(name)))
        .collect()
}

fn in_words(inlined: &Inlined) -> String {
    match inlined {
        Inlined::Call { name, callee } => {
            format!("{} (calls {})", name_of(name), name_of(callee))
        }
        Inlined::Variable { name, address } => format!(
            "{} (uses address {})",
            name_of(name),
            grouped(u64::from(*address))
        ),
        Inlined::Number { name, address } => format!(
            "{}, perhaps (has the number {})",
            name_of(name),
            grouped(u64::from(*address))
        ),
    }
}

/// The last part of a path: the rest is the compiler's.
fn plain(name: &str) -> &str {
    name.rsplit("::").next().unwrap_or(name)
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        grouped(count as u64),
        if count == 1 { one } else { many }
    )
}

/// A name short enough that its line stays under 100 columns, even with two names on it.
fn name_of(function: &str) -> String {
    const MOST: usize = 36;
    shortened(&printable(function), MOST)
}
