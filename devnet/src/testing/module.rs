//! A module in the form in which it is deployed.
//!
//! Lives here: getting there from a compiler's output. Not here: how cargo produces that (`package`), and the rewriting itself
//! (`stylus_vm::process`).

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use stylus_vm::code;
use stylus_vm::process::{ProcessError, process};

/// A program's module, rewritten as `cargo stylus` does before a deployment. Cloning is cheap.
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
    /// The code of its account. Compressing a module takes longer than running it, and many tests deploy the same one.
    code: OnceLock<Vec<u8>>,
}

/// The bytes are not a module.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct ModuleError(#[from] ProcessError);

impl Module {
    /// Takes a module that a compiler wrote, in WebAssembly's binary format.
    ///
    /// # Errors
    /// If it is not a module.
    pub fn from_wasm(built: &[u8]) -> Result<Self, ModuleError> {
        Ok(Self(Arc::new(Shared {
            wasm: process(built)?,
            code: OnceLock::new(),
        })))
    }

    /// The bytes that are deployed, before compression.
    pub fn wasm(&self) -> &[u8] {
        &self.0.wasm
    }

    /// The code of an account that holds this program.
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
