//! What one contract costs in other builds.
//!
//! Lives here: the order of everything. Not here: the tables (`matrix`), the recommendation (`advice`), the averages (`summary`), keys
//! (`json`) and rows (`csv`), building and measuring (`stylus-cargo`, `cargo-gas-bench`).

mod advice;
mod csv;
mod json;
mod matrix;
mod summary;
#[cfg(test)]
mod testing;

use crate::document::{Block, Content, Document, Rank, Text, Tone};
use crate::figures::comparison::Comparison;
use crate::words::counted;
use summary::Summary;

/// What each rank contains.
const DETAILS: &[(Rank, &str)] = &[(Rank::Detail, "the gas of each call")];

/// The output of `compare`.
#[derive(Clone, Copy, Debug)]
pub struct ComparisonContent<'a> {
    /// The figures, by contract.
    pub comparisons: &'a [Comparison],
}

impl Content for ComparisonContent<'_> {
    fn document(&self, _: bool) -> Document {
        let title = match self.comparisons {
            [one] => title(one),
            several => format!("{} contracts, each in several variants", several.len()).into(),
        };
        let mut document = Document::new(title, DETAILS);
        for comparison in self.comparisons {
            if self.comparisons.len() > 1 {
                document.heading(Rank::Vital, self::title(comparison));
            }
            let summary = Summary::new(comparison);
            document.push(Rank::Vital, matrix::of_contract(&summary));
            document.push(Rank::Detail, matrix::of_calls(&summary));
            document.list(Rank::Vital, Tone::Worse, matrix::failures(&summary));
            document.notes(matrix::notes(&summary));
            let advice = advice::sentence(&summary);
            document.push(Rank::Vital, Block::Verdict(advice.into()));
        }
        document
    }

    /// A document for each contract.
    fn json(&self) -> String {
        self.comparisons.iter().map(json::told).collect()
    }

    /// A row for each call of each variant, or for a variant without calls.
    fn csv(&self) -> String {
        csv::told(self.comparisons)
    }
}

fn title(comparison: &Comparison) -> Text {
    let variants = counted(comparison.variants.len() as u64, "variant");
    Text::name(&comparison.contract).and(format!(" in {variants}"))
}
