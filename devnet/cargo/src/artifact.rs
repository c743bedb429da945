//! A contract ready to be deployed.
//!
//! Lives here: its code, and its size at each step. Not here: rewriting modules (`stylus_vm::process`), which steps a contract goes through
//! (`recipe`), deploying anything.

use std::path::PathBuf;

use stylus_vm::Bytes;
pub(crate) use stylus_vm::process::NO_PROJECT;
pub use stylus_vm::process::{ProcessError as PostprocessError, process as postprocess};
use stylus_vm::process::{size_without_custom, with_project};

/// A contract ready to be deployed.
#[derive(Debug)]
pub struct Artifact {
    /// The module as it is deployed.
    pub wasm: Vec<u8>,
    /// What the account of the contract will hold: the compressed module behind its prefix.
    pub code: Vec<u8>,
    /// Its size as cargo wrote it, without custom sections.
    pub built: Bytes,
    /// A file that may hold its names and lines: they apply if its code is the same.
    pub lines: Option<PathBuf>,
}

impl Artifact {
    /// Prepares for deployment a module that was built with function names, which do not count towards its size.
    ///
    /// # Errors
    /// If it is not a wasm module.
    pub fn of_named(named: &[u8]) -> Result<Self, PostprocessError> {
        Self::of_sources(named, NO_PROJECT)
    }

    /// [`Self::of_named`], for sources with the hash `project`.
    ///
    /// # Errors
    /// As for [`Self::of_named`].
    pub fn of_sources(named: &[u8], project: [u8; 32]) -> Result<Self, PostprocessError> {
        let size = Bytes(size_without_custom(named)? as u64);
        Ok(Self::of(with_project(&postprocess(named)?, project)?, size))
    }

    /// Prepares for deployment a module that later became `finished`: deploys `finished` as it is, except that the hash `project` replaces
    /// its custom sections.
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
