//! A contract ready to be deployed.
//!
//! Lives here: its code, and how large it was at each step. Not here: rewriting modules (`stylus_vm::process`), which steps there are for
//! somebody's contract (`recipe`), deploying anything.

use std::path::PathBuf;

use stylus_vm::Bytes;
pub(super) use stylus_vm::process::NO_PROJECT;
pub use stylus_vm::process::{ProcessError as PostprocessError, process as postprocess};
use stylus_vm::process::{size_without_custom, with_project};

/// A contract ready to be deployed.
#[derive(Debug)]
pub struct Artifact {
    /// The module as it is deployed.
    pub wasm: Vec<u8>,
    /// What the account of the contract will hold: the compressed module behind its prefix.
    pub code: Vec<u8>,
    /// How large it was as cargo wrote it, without what is only for debuggers.
    pub built: Bytes,
    /// A file that may have its names and lines: they are its own if the code is.
    pub lines: Option<PathBuf>,
}

impl Artifact {
    /// Prepares a module for deployment that was built with the names of its functions, which are not counted.
    ///
    /// # Errors
    /// Where it is not a wasm module.
    pub fn of_named(named: &[u8]) -> Result<Self, PostprocessError> {
        Self::of_sources(named, NO_PROJECT)
    }

    /// The same of sources that have this hash.
    ///
    /// # Errors
    /// As for [`Self::of_named`].
    pub fn of_sources(named: &[u8], project: [u8; 32]) -> Result<Self, PostprocessError> {
        let size = Bytes(size_without_custom(named)? as u64);
        Ok(Self::of(with_project(&postprocess(named)?, project)?, size))
    }

    /// The same of a module that became `finished` since it was built, and is deployed as that is but for what it says of itself.
    ///
    /// # Errors
    /// As for [`Self::of_named`].
    pub fn as_it_is(
        built: &[u8],
        finished: &[u8],
        project: [u8; 32],
    ) -> Result<Self, PostprocessError> {
        let size = Bytes(size_without_custom(built)? as u64);
        Ok(Self::of(with_project(finished, project)?, size))
    }

    fn of(wasm: Vec<u8>, built: Bytes) -> Self {
        let code = stylus_vm::code::encode(&wasm);
        Self {
            wasm,
            code,
            built,
            lines: None,
        }
    }
}
