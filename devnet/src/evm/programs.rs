//! Compiled programs and known activations, kept for as long as the process lives.
//!
//! Lives here: two caches that save work and change no result. Not here: whether a program is active, which only the state
//! tells.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use alloy_primitives::B256;
use lru::LruCache;
use stylus_vm::profile::Names;
use stylus_vm::{
    Activation, ArbOs, CompileError, Config, Engine, EngineError, Gas, Pages, ProfiledProgram,
    Program, Refusal, activate,
};

/// Programs kept compiled: some 2 MB each at their largest.
const COMPILED: NonZeroUsize = NonZeroUsize::new(64).expect("64 is not zero");

/// Activations remembered: an estimate tries the same one a dozen times.
const ACTIVATIONS: NonZeroUsize = NonZeroUsize::new(256).expect("256 is not zero");

/// What an activation depends on besides the gas at hand.
type ActivationKey = (B256, ArbOs, Pages, Pages, u32, bool);

/// The caches, shared by all transactions and calls of a chain.
pub(crate) struct Programs {
    /// Made at the first program, so that a chain without one starts at once; and again where an owner has allowed programs
    /// more stack than it was made for.
    engine: Mutex<Option<Engine>>,
    compiled: Mutex<LruCache<(B256, ArbOs), Program>>,
    activations: Mutex<LruCache<ActivationKey, Result<Activation, Refusal>>>,
}

/// Why a program could not be had ready to run. None of it is the program's own doing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProgramError {
    #[error("no engine to run programs: {0}")]
    Engine(#[from] EngineError),
    #[error("a program that was activated does not compile: {0}")]
    Compile(#[from] CompileError),
}

impl Default for Programs {
    fn default() -> Self {
        Self {
            engine: Mutex::new(None),
            compiled: Mutex::new(LruCache::new(COMPILED)),
            activations: Mutex::new(LruCache::new(ACTIVATIONS)),
        }
    }
}

impl Programs {
    /// What activating `wasm` comes to, for an account whose code has the hash `code_hash`, with gas without end. The caller
    /// compares [`Activation::gas`] with what is there.
    pub(crate) fn activation(
        &self,
        code_hash: B256,
        wasm: &[u8],
        config: &Config,
        open_pages: Pages,
    ) -> Result<Activation, Refusal> {
        let limit = config.stylus.page_limit;
        let size = config.stylus.max_wasm_size;
        let key = (
            code_hash,
            config.arbos,
            limit,
            open_pages,
            size,
            config.debug,
        );
        let known = lock(&self.activations).get(&key).cloned();
        known.unwrap_or_else(|| {
            let activation = activate(wasm, config, open_pages, Gas::MAX);
            lock(&self.activations).put(key, activation.clone());
            activation
        })
    }

    /// The program of an activated account whose code has the hash `code_hash`; `wasm` is asked for where it is not at hand.
    pub(crate) fn program<E: From<ProgramError>>(
        &self,
        code_hash: B256,
        config: &Config,
        wasm: impl FnOnce() -> Result<Vec<u8>, E>,
    ) -> Result<Program, E> {
        let key = (code_hash, config.arbos);
        let depth = config.stylus.max_stack_depth;
        let known = lock(&self.compiled).get(&key).cloned();
        if let Some(program) = known.filter(|program| program.max_stack_depth() >= depth) {
            return Ok(program);
        }
        let wasm = wasm()?;
        let engine = self.engine(depth).map_err(ProgramError::from)?;
        let config = as_activated(config);
        let program = engine.compile(&wasm, &config).map_err(ProgramError::from)?;
        lock(&self.compiled).put(key, program.clone());
        Ok(program)
    }

    /// The program of `wasm`, to be run with its functions recorded under `names`. Nothing of it is kept here.
    pub(crate) fn profiled(
        &self,
        wasm: &[u8],
        config: &Config,
        names: Names,
    ) -> Result<ProfiledProgram, ProgramError> {
        let engine = self.engine(config.stylus.max_stack_depth)?;
        let config = as_activated(config);
        Ok(engine.compile_for_profile(wasm, &config, Some(names))?)
    }

    /// An engine with native stack for a depth budget of `words`.
    fn engine(&self, words: u32) -> Result<Engine, EngineError> {
        let mut engine = lock(&self.engine);
        if let Some(engine) = engine.as_ref().filter(|it| it.max_stack_depth() >= words) {
            return Ok(engine.clone());
        }
        let mut config = Config::at(ArbOs::LAST);
        config.stylus.max_stack_depth = words.max(config.stylus.max_stack_depth);
        Ok(engine.insert(Engine::with_user_cache(&config)?).clone())
    }
}

/// What an owner has made of the parameters since the activation does not change a program.
fn as_activated(config: &Config) -> Config {
    Config {
        debug: config.debug,
        ..Config::at(config.arbos)
    }
}

/// The cache behind a lock. A panic elsewhere leaves it whole: every entry is complete when it is put in.
fn lock<T>(cache: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    cache.lock().unwrap_or_else(PoisonError::into_inner)
}
