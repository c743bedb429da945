//! Who allocated memory, how much, and how far memory grew.
//!
//! Lives here: callers of the allocator, and remarks where figures do not suffice. Not here: the ink that allocation took (`spending`).

use std::cmp::Reverse;
use std::collections::BTreeMap;

use stylus_vm::profile::{Allocations, Allocator, AllocatorCall, MemorySize, Profile};

use crate::document::{Cell, Row, Table, Tone};
use crate::picture::names;
use crate::words::{counted, grouped};

/// The most memory growths that are listed one by one.
const GROWTHS_MAX: usize = 8;

/// What one or several callers requested.
#[derive(Clone, Copy, Default)]
pub(super) struct Asked {
    /// How many calls, in the order of [`AllocatorCall::ALL`].
    pub(super) calls: [u64; 4],
    /// Bytes of new blocks, and of resized blocks at their new size.
    pub(super) bytes: u64,
    /// Bytes of freed blocks.
    pub(super) returned: u64,
}

impl Asked {
    fn add(&mut self, other: Self) {
        for (count, more) in self.calls.iter_mut().zip(other.calls) {
            *count = count.saturating_add(more);
        }
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.returned = self.returned.saturating_add(other.returned);
    }

    fn row(self, tone: Tone, about: Cell) -> Row {
        let figures = [self.bytes, self.returned].into_iter().chain(self.calls);
        Row::new(tone, figures.map(Cell::unless_zero).chain([about]))
    }
}

impl From<&Allocator> for Asked {
    fn from(allocator: &Allocator) -> Self {
        let mut asked = Self::default();
        let kinds = AllocatorCall::ALL.into_iter().zip(&mut asked.calls);
        for (kind, count) in kinds {
            if kind == allocator.call {
                *count = allocator.calls;
            }
        }
        match allocator.call {
            AllocatorCall::Deallocate => asked.returned = allocator.bytes,
            AllocatorCall::Allocate | AllocatorCall::AllocateZeroed | AllocatorCall::Reallocate => {
                asked.bytes = allocator.bytes
            }
        }
        asked
    }
}

/// What each caller requested, by its position among the functions.
pub(super) fn by_caller(allocations: &Allocations) -> BTreeMap<usize, Asked> {
    let mut callers: BTreeMap<usize, Asked> = BTreeMap::new();
    for allocator in &allocations.calls {
        callers
            .entry(allocator.caller)
            .or_default()
            .add(allocator.into());
    }
    callers
}

/// The `top` callers by bytes requested, and the others together; empty if no caller was seen.
pub(super) fn table(profile: &Profile, top: usize) -> Table {
    let names = names::functions(profile);
    let callers = by_caller(&profile.allocations);
    let mut callers: Vec<_> = callers
        .into_iter()
        .map(|(caller, asked)| {
            let name = names.get(caller).map_or("(not listed)", String::as_str);
            (name, asked)
        })
        .collect();
    callers.sort_by_key(|(name, asked)| (Reverse((asked.bytes, asked.returned)), *name));
    let (shown, others) = callers.split_at(top.min(callers.len()));
    let shown = shown.iter();
    let shown = shown.map(|(name, asked)| asked.row(Tone::Plain, Cell::name(name)));
    let mut rows: Vec<_> = shown.collect();
    if !others.is_empty() {
        let about = Cell::counted(others.len() as u64, "other");
        rows.push(sum(others).row(Tone::Plain, about));
    }
    if !rows.is_empty() {
        let about = Cell::words("all that was seen");
        rows.push(sum(&callers).row(Tone::Total, about));
    }
    let titles = [
        "bytes asked",
        "returned",
        "alloc",
        "zeroed",
        "realloc",
        "dealloc",
    ];
    Table::named_last("callers of the allocator", &titles, "who allocated", rows)
}

fn sum(callers: &[(&str, Asked)]) -> Asked {
    callers
        .iter()
        .fold(Asked::default(), |mut sum, (_, asked)| {
            sum.add(*asked);
            sum
        })
}

/// Further remarks, a sentence or two each.
pub(super) fn remarks(profile: &Profile) -> Vec<String> {
    let allocations = &profile.allocations;
    let mut remarks = Vec::new();
    if allocations.seen.is_empty() {
        remarks.push(
            "No allocations were seen: the allocator's functions were inlined, are not used, or have no names in this module. Only how \
             memory grew is known, not who allocated how much."
                .to_owned(),
        );
    } else {
        remarks.push(format!(
            "At most {} alive at once, {} at the end{}.",
            counted(allocations.peak_bytes, "byte"),
            grouped(allocations.live_bytes),
            if allocations.unseen.is_empty() {
                ""
            } else {
                ", by what is seen"
            },
        ));
        remarks.extend(unseen(&allocations.unseen));
    }
    remarks.extend(growth(&profile.memory));
    remarks
}

/// What follows if some of the allocator's functions no longer exist as functions.
fn unseen(calls: &[AllocatorCall]) -> Option<String> {
    let consequence = |call: &AllocatorCall| match call {
        AllocatorCall::Allocate => "alloc (blocks from it are not counted)",
        AllocatorCall::AllocateZeroed => "alloc_zeroed (blocks from it are not counted)",
        AllocatorCall::Reallocate => {
            "realloc (blocks that it resizes count with their former size)"
        }
        AllocatorCall::Deallocate => "dealloc (blocks that it frees count as alive)",
    };
    let consequences: Vec<_> = calls.iter().map(consequence).collect();
    (!calls.is_empty()).then(|| {
        format!(
            "Not seen, because inlined, unused or without a name: {}.",
            consequences.join(", ")
        )
    })
}

/// When memory grew, as noticed at the next call or return.
fn growth(sizes: &[MemorySize]) -> Option<String> {
    let grown = sizes.get(1..).filter(|grown| !grown.is_empty())?;
    let told = grown.iter().take(GROWTHS_MAX).map(|size| {
        let (pages, ink) = (counted(size.pages, "page"), grouped(size.ink_used.0));
        format!("to {pages} after {ink} ink")
    });
    let told: Vec<_> = told.collect();
    let more = match grown.len().saturating_sub(GROWTHS_MAX) {
        0 => String::new(),
        more => format!(", and {} after that", counted(more as u64, "time")),
    };
    Some(format!("Memory grew {}{more}.", told.join(", ")))
}

#[cfg(test)]
mod tests {
    use stylus_vm::Ink;

    use super::*;

    fn check_growth(pages: &[u64], expected: Option<&str>) {
        let sizes = (0..).zip(pages).map(|(number, pages)| MemorySize {
            ink_used: Ink(number * 1_000),
            pages: *pages,
        });
        let sizes: Vec<_> = sizes.collect();
        assert_eq!(growth(&sizes).as_deref(), expected);
    }

    #[test]
    fn growth_is_told_step_by_step_and_not_without_end() {
        check_growth(&[], None);
        check_growth(&[3], None);
        check_growth(
            &[1, 2, 4],
            Some("Memory grew to 2 pages after 1,000 ink, to 4 pages after 2,000 ink."),
        );
        let ten: Vec<_> = (1..=10).collect();
        let told = (2..=9).map(|pages| format!("to {pages} pages after {},000 ink", pages - 1));
        let told: Vec<_> = told.collect();
        let told = format!("Memory grew {}, and 1 time after that.", told.join(", "));
        check_growth(&ten, Some(&told));
    }

    #[test]
    fn what_is_not_seen_has_its_consequence() {
        assert_eq!(unseen(&[]), None);
        for call in AllocatorCall::ALL {
            let text = unseen(&[call]).unwrap();
            assert!(text.contains("(blocks "), "{text}");
        }
    }
}
