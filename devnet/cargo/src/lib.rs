//! Cargo, for contracts: from a manifest to the module that a compiler makes of it, and to what the contract prints of its ABI.
//!
//! Lives here: packages (`project`), one way to run cargo (`toolchain`, `process`), one to read what it says (`messages`), one description
//! of a build (`build`), its flags (`flags`), and making sure that nothing is built or linked twice, or taken for something else (`shelf`,
//! `changed`). Not here: what becomes of a module afterwards, any chain.
//!
//! Everything that builds a contract, for its tests or for a report, builds it here, and so into one folder: the crates that it depends on
//! are compiled once for all.

mod build;
mod changed;
pub mod flags;
pub mod input;
mod level;
mod lines;
mod lto;
mod messages;
pub mod process;
mod project;
pub mod release;
mod shelf;
mod toolchain;

pub use build::{Build, BuildError, BuildSettings, Targets, lock};
pub use level::OptLevel;
pub use lto::{CrateTypes, Hindrance};
pub use messages::first_error;
pub use project::{BuildTarget, ContractPackage, MARK, Project, ProjectError};
pub use toolchain::{CargoError, Toolchain};

/// What contracts are compiled for.
pub const TARGET: &str = "wasm32-unknown-unknown";
