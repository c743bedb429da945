//! Cargo, for contracts: from a manifest to the module that `cargo stylus` would deploy, to builds of the same contract in other ways, and
//! to what it prints of its ABI.
//!
//! Lives here: packages (`project`), one way to run cargo (`toolchain`, `process`), one to read what it says (`messages`), one description
//! of a build (`build`), its flags (`flags`), and making sure that nothing is built or linked twice, or taken for something else (`shelf`,
//! `changed`). What `cargo stylus` makes of a module (`recipe`, `artifact`), with `wasm_opt`; a contract's other builds (`variant`), in
//! copies of its workspace (`copy`), with another `allocator`. Not here: what to call in a contract, any chain.
//!
//! Everything that builds a contract, for its tests or for a report, builds it here, and so into one folder: the crates that it depends on
//! are compiled once for all.

mod allocator;
mod artifact;
mod build;
mod changed;
mod copy;
pub mod flags;
mod hash;
pub mod input;
mod level;
mod lines;
mod lto;
mod messages;
pub mod process;
mod project;
mod recipe;
pub mod release;
mod shelf;
mod toolchain;
mod variant;
mod wasm_opt;

pub use allocator::{Allocator, UnknownAllocator};
pub use artifact::{Artifact, PostprocessError, postprocess};
pub use build::{Build, BuildError, BuildSettings, TargetDirError, Targets, lock};
pub use copy::{
    Copies, CopiesError, CopyError, ScratchError, ShimError, SourcesError, Subject, VariantError,
    remove_copies, replaceable,
};
pub use level::OptLevel;
pub use lto::{CrateTypes, Hindrance};
pub use messages::first_error;
pub use project::{BuildTarget, ContractPackage, MARK, Project, ProjectError};
pub use recipe::{Finished, RecipeError, finish, sources_hash};
pub use toolchain::{CargoError, Toolchain};
pub use variant::{Lto, Variant, Variations};
pub use wasm_opt::{FindError, Mode, OptimiseError, UnknownMode, WasmOpt};

/// What contracts are compiled for.
pub const TARGET: &str = "wasm32-unknown-unknown";
