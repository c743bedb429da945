//! What is said before and after the tables, and the order of everything.
//!
//! Lives here: headings, the meaning of the figures. Not here: the figures of any one contract (`content`, `changes`).

use super::blocks::{Block, counted};
use super::{changes, content};
use crate::figures::Sizes;
use crate::figures::size::{ContractDiff, SizeDiff, SizeReport, UNNAMED};
use crate::render::lto;
use crate::words::{grouped, percent, printable, share};

/// The report; with a diff, what has changed, and the figures of what has nothing to be compared with.
pub(super) fn blocks(report: &SizeReport, diff: Option<&SizeDiff>, top: usize) -> Vec<Block> {
    let mut blocks = vec![Block::Heading(heading(report))];
    blocks.extend(
        diff.iter()
            .flat_map(|diff| comparison(diff))
            .map(Block::Sentence),
    );
    let failures = report.failures.iter().map(|(name, reason)| Block::Failure {
        name: name.clone(),
        reason: reason.clone(),
    });
    blocks.extend(failures);
    for (name, contract) in &report.contracts {
        let changed = diff.and_then(|diff| diff.contracts.get(name));
        let says = match (diff, changed) {
            (None, _) => "",
            (Some(_), None) => "added",
            (Some(_), Some(changed)) if is_same(changed) => "no change",
            (Some(_), Some(_)) => "against the baseline",
        };
        blocks.push(Block::Contract {
            name: name.clone(),
            says,
        });
        let grids = match changed {
            None => content::grids(contract, top),
            Some(changed) => changes::grids(changed, top),
        };
        let missed = report.missed_lto.get(name);
        blocks.extend(missed.map(|missed| {
            let sentence = lto::sentence(missed, contract.sizes.code, None);
            Block::Sentence(printable(&format!("{sentence}.")))
        }));
        blocks.extend(grids.into_iter().map(Block::Grid));
    }
    for name in diff.iter().flat_map(|diff| diff.removed.keys()) {
        blocks.push(Block::Contract {
            name: name.clone(),
            says: "removed",
        });
    }
    blocks.push(Block::Notes(notes(report, diff)));
    blocks
}

fn heading(report: &SizeReport) -> String {
    format!(
        "Size of {}, {}",
        counted(report.contracts.len() as u64, "contract"),
        compiler(&report.made_with.toolchain),
    )
}

/// The commit and its date would only widen the line.
fn compiler(toolchain: &str) -> String {
    printable(toolchain.split(" (").next().unwrap_or_default())
}

fn is_same(diff: &ContractDiff) -> bool {
    let kinds = [&diff.sections, &diff.crates, &diff.functions, &diff.data];
    diff.before == diff.after
        && kinds
            .into_iter()
            .all(crate::figures::size::Changes::is_empty)
}

/// The totals of what both reports have, and what else may be behind a difference.
fn comparison(diff: &SizeDiff) -> Vec<String> {
    let step = |of: fn(&Sizes) -> u64, name: &str| {
        let contracts = || diff.contracts.values();
        let add = |sum: u64, bytes: u64| sum.saturating_add(bytes);
        let before = contracts().map(|it| of(&it.before)).fold(0, add);
        let after = contracts().map(|it| of(&it.after)).fold(0, add);
        let change = percent(before, after).map_or_else(String::new, |it| format!(" ({it})"));
        format!("{name} {} → {}{change}", grouped(before), grouped(after))
    };
    let mut sentences = vec![format!(
        "Bytes of {} against the baseline: {}, {}, {}.",
        counted(diff.contracts.len() as u64, "contract"),
        step(|sizes| sizes.built.0, "built"),
        step(|sizes| sizes.processed.0, "post-processed"),
        step(|sizes| sizes.code.0, "compressed"),
    )];
    let (before, after) = (&diff.before.toolchain, &diff.after.toolchain);
    if before != after {
        sentences.push(format!(
            "The baseline was made with {}, this with {}: what differs may be the compilers' doing.",
            printable(before),
            printable(after),
        ));
    }
    sentences
}

fn notes(report: &SizeReport, diff: Option<&SizeDiff>) -> Vec<String> {
    let mut notes = vec![
        "built: as cargo wrote it. post-processed: as cargo stylus prepares it and the VM decompresses it. compressed: with \
         brotli, behind the prefix of a program, as accounts hold it."
            .to_owned(),
        "Sections, crates and functions are those of the post-processed module. It is compressed as a whole, so that none of \
         them has compressed bytes of its own."
            .to_owned(),
        "What was inlined counts for the function it was inlined into. A method counts for the crate of its type; where the \
         type is a reference, a primitive or a generic one, for the crate of the trait."
            .to_owned(),
    ];
    if diff.is_some() {
        notes.push(
            "×2: two functions of this name, as instances of a generic one are, added together. same: as many bytes as before."
                .to_owned(),
        );
    }
    for (name, contract) in &report.contracts {
        let all = contract.code();
        let unnamed = contract.crates.iter().find(|it| it.name == UNNAMED);
        if let Some(unnamed) = unnamed {
            notes.push(format!(
                "{} of the code of {} has no names: it is built without a name section.",
                share(unnamed.bytes.0, all.0).unwrap_or_default(),
                printable(name),
            ));
        }
    }
    notes
}
