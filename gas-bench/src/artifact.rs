//! From an allocator's name to the wasm that a chain would be given.
//!
//! Lives here: the contract's code and its sizes at each step. Not here: finding and building the contract
//! (`artifact::workspace`), rewriting modules (`artifact::postprocess`), deploying anything (`measure`).

mod cargo;
pub(crate) mod flags;
mod postprocess;
pub(crate) mod release;
mod workspace;

pub(crate) use cargo::{Diagnosis, build as follow, first_error};
pub use postprocess::{PostprocessError, postprocess};
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
        Self::of_size(built, Bytes::of(built))
    }

    /// The same of a module that was built with the names of its functions, which are not counted.
    ///
    /// # Errors
    /// As for [`Self::new`].
    pub fn of_named(named: &[u8]) -> Result<Self, PostprocessError> {
        Self::of_size(named, postprocess::size_without_custom(named)?)
    }

    fn of_size(built: &[u8], size: Bytes) -> Result<Self, PostprocessError> {
        let wasm = postprocess(built)?;
        let code = stylus_vm::code::encode(&wasm);
        let sizes = Sizes {
            built: size,
            processed: Bytes::of(&wasm),
            code: Bytes::of(&code),
        };
        Ok(Self { wasm, code, sizes })
    }
}
