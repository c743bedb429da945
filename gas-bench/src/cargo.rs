//! Cargo and post-processing: from a manifest to a module ready to deploy.
//!
//! Lives here: copies of workspaces with another allocator (`copy`), `wasm-opt`, and what `cargo stylus` makes of a module (`recipe`,
//! `artifact`). Not here: packages and their builds (`stylus-cargo`, re-exported here), what to call in a contract (`plan`), any chain.

mod allocator;
mod artifact;
mod copy;
mod hash;
mod own;
mod recipe;
mod variant;
mod wasm_opt;

pub use stylus_cargo::process::end_all;
pub use stylus_cargo::{
    BuildError, BuildSettings, BuildTarget, CargoError, ContractPackage, CrateTypes, Hindrance,
    OptLevel, Project, ProjectError, Toolchain,
};

pub use allocator::{Allocator, UnknownAllocator};
pub use artifact::{Artifact, PostprocessError, postprocess};
pub use copy::{
    Copies, CopiesError, CopyError, ScratchError, ShimError, SourcesError, Subject, VariantError,
    replaceable,
};
pub use own::{CONTRACT, OwnError, own_contracts};
pub use recipe::{Finished, RecipeError, finish};
pub use variant::{Lto, Variant, Variations};
pub use wasm_opt::{FindError, Mode, OptimiseError, UnknownMode, WasmOpt};
