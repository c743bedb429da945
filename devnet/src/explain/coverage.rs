//! What programs did, block by block, over all that a chain ran.
//!
//! Lives here: which programs count, and the sums. Not here: counting (`stylus_vm`), and what the sums mean.
//!
//! A program that counts is compiled for explanations, and runs instead of the plain one: outcome, ink and hashes are the same.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use alloy_primitives::B256;
use stylus_vm::explain::Counts;
use stylus_vm::lines::code_hash;
use stylus_vm::process::ProcessError;

/// The most account codes that are remembered: programs beyond that are not counted.
const MOST_CODES: usize = 65_536;

/// Programs whose blocks are counted in every transaction and call; by default none. Cheap to clone: all clones share the same sums.
#[derive(Clone, Default, Debug)]
pub struct Coverage(Option<Arc<Mutex<Sums>>>);

#[derive(Debug)]
struct Sums {
    /// By the hash of the module's code.
    modules: BTreeMap<B256, Counts>,
    /// Which of them an account has, by the hash of the account's code; `None` if it has another one.
    accounts: HashMap<B256, Option<B256>>,
}

impl Coverage {
    /// Counts the programs that have the same code as one of `modules`, whoever deploys them.
    ///
    /// # Errors
    /// If one of them is not a wasm module.
    pub fn of_modules<'a>(
        modules: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Self, ProcessError> {
        let hashes = modules.into_iter().map(code_hash);
        let none = |hash: Result<_, _>| Ok::<_, ProcessError>((hash?, Counts::default()));
        let modules = hashes.map(none).collect::<Result<_, _>>()?;
        let accounts = HashMap::new();
        Ok(Self(Some(Arc::new(Mutex::new(Sums { modules, accounts })))))
    }

    /// Returns what the programs with a module's code have done since the last call.
    pub fn take(&self, module: &[u8]) -> Counts {
        let hash = code_hash(module).ok();
        let sums = self.sums();
        let taken = sums.zip(hash).and_then(|(mut sums, hash)| {
            let counts = sums.modules.get_mut(&hash)?;
            Some(std::mem::take(counts))
        });
        taken.unwrap_or_default()
    }

    /// Returns which of the modules an account has whose code has the hash `account`. Calls `wasm` for its module if that is not known.
    pub(crate) fn module_of<E>(
        &self,
        account: B256,
        wasm: impl FnOnce() -> Result<Vec<u8>, E>,
    ) -> Result<Option<B256>, E> {
        let Some(sums) = self.sums() else {
            return Ok(None);
        };
        if let Some(known) = sums.accounts.get(&account) {
            return Ok(*known);
        }
        drop(sums);
        let hash = code_hash(&wasm()?).ok();
        let Some(mut sums) = self.sums() else {
            return Ok(None);
        };
        if sums.accounts.len() >= MOST_CODES {
            return Ok(None);
        }
        let found = hash.filter(|hash| sums.modules.contains_key(hash));
        sums.accounts.insert(account, found);
        Ok(found)
    }

    /// Adds a finished run of a module.
    pub(crate) fn add(&self, module: B256, counts: &Counts) {
        if let Some(mut sums) = self.sums()
            && let Some(sum) = sums.modules.get_mut(&module)
        {
            sum.add(counts);
        }
    }

    fn sums(&self) -> Option<MutexGuard<'_, Sums>> {
        // Every sum is complete before and after each change.
        let sums = self.0.as_deref()?;
        Some(sums.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
