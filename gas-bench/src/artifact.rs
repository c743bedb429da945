//! From an allocator's name to the wasm that a chain would be given.
//!
//! Lives here: the contract's code and its sizes at each step. Not here: finding and building the contract
//! (`artifact::workspace`), rewriting modules (`stylus_vm::process`), deploying anything (`measure`).

mod cargo;
pub(crate) mod flags;
pub(crate) mod process;
pub(crate) mod release;
mod workspace;

pub(crate) use cargo::{Diagnosis, build as follow, diagnosis_of, first_error};
pub use process::end_all;
pub(crate) use stylus_vm::process::{Kept, size_without_custom, with_project};
pub use stylus_vm::process::{
    NO_PROJECT, ProcessError as PostprocessError, process as postprocess,
};
pub(crate) use workspace::TARGET;
pub use workspace::{BuildError, Workspace, WorkspaceError};

use crate::measurement::{Bytes, Sizes};

/// A contract ready to be deployed.
#[derive(Debug)]
pub struct Artifact {
    /// The module as it is deployed.
    pub wasm: Vec<u8>,
    /// What the account of the contract will hold: the compressed module behind its prefix.
    pub code: Vec<u8>,
    /// How large it was at each step.
    pub sizes: Sizes,
}

impl Artifact {
    /// Prepares a module that cargo built for deployment.
    ///
    /// # Errors
    /// Where `built` is not a wasm module.
    pub fn new(built: &[u8]) -> Result<Self, PostprocessError> {
        Ok(Self::of(postprocess(built)?, Bytes::of(built)))
    }

    /// The same of a module that was built with the names of its functions, which are not counted.
    ///
    /// # Errors
    /// As for [`Self::new`].
    pub fn of_named(named: &[u8]) -> Result<Self, PostprocessError> {
        Self::of_sources(named, NO_PROJECT)
    }

    /// The same of sources that have this hash.
    ///
    /// # Errors
    /// As for [`Self::new`].
    pub fn of_sources(named: &[u8], project: [u8; 32]) -> Result<Self, PostprocessError> {
        let size = Bytes(size_without_custom(named)? as u64);
        Ok(Self::of(with_project(&postprocess(named)?, project)?, size))
    }

    /// The same of a module that became `finished` since it was built, and is deployed as that is but for what it says of itself.
    ///
    /// # Errors
    /// As for [`Self::new`].
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
        let sizes = Sizes {
            built,
            processed: Bytes::of(&wasm),
            code: Bytes::of(&code),
        };
        Self { wasm, code, sizes }
    }
}
