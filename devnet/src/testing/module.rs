//! A module as it is deployed.
//!
//! Lives here: from the bytes of a compiler to those. Not here: how cargo makes the former (`package`), and the rewriting itself
//! (`stylus_vm::process`).

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use stylus_vm::code;
use stylus_vm::process::{ProcessError, process};

/// A program's module, rewritten as `cargo stylus` does before it deploys one. Cloning is cheap.
///
/// ```
/// use stylus_devnet::testing::*;
///
/// let error = Module::from_wasm(b"no module").unwrap_err();
/// assert!(error.to_string().starts_with("it is not a wasm module"));
/// ```
#[derive(Clone)]
pub struct Module(Arc<Shared>);

/// What all clones of a module share.
struct Shared {
    wasm: Vec<u8>,
    /// What its account holds. To compress it takes longer than to run it, and a module is deployed in many tests.
    code: OnceLock<Vec<u8>>,
}

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
        Ok(Self(Arc::new(Shared {
            wasm: process(built)?,
            code: OnceLock::new(),
        })))
    }

    /// Its bytes as they are deployed, before they are compressed.
    pub fn wasm(&self) -> &[u8] {
        &self.0.wasm
    }

    /// The code of an account that is this program.
    pub(super) fn code(&self) -> &[u8] {
        self.0.code.get_or_init(|| code::encode(self.wasm()))
    }
}

impl PartialEq for Module {
    fn eq(&self, other: &Self) -> bool {
        self.wasm() == other.wasm()
    }
}

impl Eq for Module {}

impl Hash for Module {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.wasm().hash(state);
    }
}

impl From<&Self> for Module {
    fn from(module: &Self) -> Self {
        module.clone()
    }
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Module({} bytes)", self.wasm().len())
    }
}
