//! The output of each command, as a document, as rows and as JSON.
//!
//! Lives here: figures in their order, with the words around them; a file for each command. Not here: measuring, comparing (`baseline`),
//! how output is written (`document`) or drawn (`picture`), files, terminals. Every content is pure: the same figures give the same
//! bytes.

mod allocators;
mod comparison;
mod coverage;
mod explain;
mod league;
mod lines;
pub(crate) mod lto;
mod profile;
mod rehearsal;
mod replay;
mod report;
mod size;
pub mod transplant;

pub use allocators::AllocatorsContent;
pub use comparison::ComparisonContent;
pub use coverage::{CoverageContent, tracefile};
pub use explain::ExplainContent;
pub use league::LeagueContent;
pub use lines::LinesContent;
pub use profile::ProfileContent;
pub use rehearsal::RehearsalContent;
pub use replay::ReplayContent;
pub use report::{Pictures, ReportContent, overview};
pub use size::SizeContent;
