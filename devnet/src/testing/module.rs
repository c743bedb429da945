//! A module as it is deployed.
//!
//! Lives here: from the bytes of a compiler to those. Not here: how cargo makes the former (`package`), and the rewriting itself
//! (`stylus_vm::process`).

use std::fmt;
use std::sync::Arc;

use stylus_vm::process::{ProcessError, process};

/// A program's module, rewritten as `cargo stylus` does before it deploys one. Cloning is cheap.
///
/// ```
/// use stylus_devnet::testing::*;
///
/// let error = Module::from_wasm(b"no module").unwrap_err();
/// assert!(error.to_string().starts_with("it is not a wasm module"));
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Module(Arc<[u8]>);

/// The bytes are not a module.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct ModuleError(#[from] ProcessError);

impl Module {
    /// The module that a compiler wrote, in WebAssembly's binary format.
    ///
    /// # Errors
    /// Where it is none.
    pub fn from_wasm(built: &[u8]) -> Result<Self, ModuleError> {
        Ok(Self(process(built)?.into()))
    }

    /// Its bytes as they are deployed, before they are compressed.
    pub fn wasm(&self) -> &[u8] {
        &self.0
    }
}

impl From<&Self> for Module {
    fn from(module: &Self) -> Self {
        module.clone()
    }
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Module({} bytes)", self.0.len())
    }
}
