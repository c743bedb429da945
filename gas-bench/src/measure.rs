//! Measuring: from a built contract to the figures of its calls.
//!
//! Lives here: what is built and deployed in which order, and how a transaction's gas breaks down. `pipeline` produces a report,
//! `contract` measures one contract on a chain, `account` adds up one transaction; `compare`, `league` and `edge_cases` measure many
//! builds in the same way. Not here: text and pictures.

mod account;
pub mod compare;
mod contract;
mod coverage;
mod edge_cases;
mod explain;
mod held;
mod league;
mod lto;
mod own;
mod pipeline;
mod prepare;
mod profile;
mod replay;
pub mod size;
mod sizes;
mod starter;

pub use coverage::{Covering, CoveringError, coverage};
pub use edge_cases::{Doing, EdgeCasesError, edge_cases};
pub use explain::{ExplainError, explain_call, explain_transaction};
pub use league::{CallsError, EntryError, LeagueError, league, whole_calls};
pub use own::{OwnError, own_contracts};
pub use pipeline::{
    Details, Event, Observer, ReportError, Reported, measure_module, measure_sources, run,
    run_module,
};
pub use prepare::{ModuleFiles, PrepareError, Prepared, plan_of, prepare};
pub use profile::{ProfileCommand, ProfileFailure, Told, profile, profile_lines};
pub use replay::{LastOf, ReplayCommand, ReplayFailure, replay};
pub use sizes::sizes;
pub use starter::{StarterError, starter};
