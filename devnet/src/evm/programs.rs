//! Compiled programs and known activations, kept for the lifetime of the process.
//!
//! Lives here: caches that save work and change no result. Not here: whether a program is active, which only the state says.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use alloy_primitives::B256;
use lru::LruCache;
use stylus_vm::explain::ExplainedProgram;
use stylus_vm::lines::code_hash;
use stylus_vm::profile::Names;
use stylus_vm::{
    Activation, ArbOs, CompileError, Config, Engine, EngineError, Gas, Pages, ProfiledProgram,
    Program, Refusal, StackDepth, activate, check_compiles,
};

use crate::evm::interrupt::{Interrupt, Interrupted};

/// Programs kept compiled: about 2 MB each at most.
const COMPILED: NonZeroUsize = NonZeroUsize::new(64).expect("64 is not zero");

/// Programs kept compiled for explanations: a test suite calls few of them, and so does a transaction.
const EXPLAINED: NonZeroUsize = NonZeroUsize::new(16).expect("16 is not zero");

/// Activations kept: an estimate tries the same one a dozen times.
const ACTIVATIONS: NonZeroUsize = NonZeroUsize::new(256).expect("256 is not zero");

/// Programs compiled at once; each uses as many threads as there are processors.
const AT_ONCE: usize = 2;

/// How often a waiting thread, and a running program, checks whether it may go on.
const GLANCE: Duration = Duration::from_millis(20);

/// What an activation depends on, apart from the gas available.
type ActivationKey = (B256, ArbOs, Pages, Pages, u32, bool);

/// What a compiled program depends on.
type ProgramKey = (B256, ArbOs);

/// The caches, shared by all transactions and calls of a chain; cheap to clone.
#[derive(Clone)]
pub(crate) struct Programs(Arc<Inner>);

struct Inner {
    /// Created for the first program, so that a chain without programs starts at once, and again when an owner has allowed programs more
    /// stack than it was created for.
    engine: Mutex<Option<Engine>>,
    compiled: Mutex<LruCache<ProgramKey, Program>>,
    /// Each for one depth budget.
    explained: Mutex<LruCache<(ProgramKey, u32), Explained>>,
    activations: Mutex<LruCache<ActivationKey, Result<Activation, Refusal>>>,
    /// Programs being compiled, so that each is compiled only once.
    compiling: Mutex<Compiling>,
    /// Notified whenever a compilation is done.
    done: Condvar,
}

/// Programs being compiled, each for one depth budget.
type Compiling = HashMap<(ProgramKey, u32), Arc<Compilation>>;

/// A compilation, running or finished.
type Compilation = OnceLock<Result<Program, Arc<ProgramError>>>;

/// A program compiled for explanations: it reports what its blocks did and why it failed.
#[derive(Clone)]
pub(crate) struct Explained {
    pub(crate) program: ExplainedProgram,
    /// The hash that identifies its module's code.
    pub(crate) code: B256,
}

/// Why a program could not be made ready to run. The program itself causes none of these.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProgramError {
    #[error("the WebAssembly engine does not start: {0}")]
    Engine(#[from] EngineError),
    #[error("a program that was activated does not compile: {0}")]
    Compile(#[from] CompileError),
    #[error(transparent)]
    StackDepth(#[from] StackDepth),
    #[error("the compiler has panicked")]
    Panic,
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

impl Default for Programs {
    fn default() -> Self {
        Self(Arc::new(Inner {
            engine: Mutex::new(None),
            compiled: Mutex::new(LruCache::new(COMPILED)),
            explained: Mutex::new(LruCache::new(EXPLAINED)),
            activations: Mutex::new(LruCache::new(ACTIVATIONS)),
            compiling: Mutex::default(),
            done: Condvar::new(),
        }))
    }
}

impl Programs {
    /// Returns the result of activating `wasm` with unlimited gas, for an account whose code has the hash `code_hash`. The caller compares
    /// [`Activation::gas`] with the gas available.
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
        let known = lock(&self.0.activations).get(&key).cloned();
        known.unwrap_or_else(|| {
            // Otherwise a program that can be activated but never run would be noticed too late.
            let activation = activate(wasm, config, open_pages, Gas::MAX).and_then(|activation| {
                check_compiles(wasm, &as_activated(config))?;
                Ok(activation)
            });
            lock(&self.0.activations).put(key, activation.clone());
            activation
        })
    }

    /// Returns the program of an activated account whose code has the hash `code_hash`, under `config`; calls `wasm` if it is not cached. A separate thread
    /// compiles it, once for all callers, each of which waits until it is done or its `interrupt` is raised.
    pub(crate) fn program<E: From<Arc<ProgramError>>>(
        &self,
        code_hash: B256,
        config: &Config,
        interrupt: &Interrupt,
        wasm: impl FnOnce() -> Result<Vec<u8>, E>,
    ) -> Result<Program, E> {
        let key = (code_hash, config.arbos);
        let depth = config.stylus.max_stack_depth;
        let known = lock(&self.0.compiled).get(&key).cloned();
        if let Some(Ok(program)) = known.map(|program| program.under(config)) {
            return Ok(program);
        }
        let key = (key, depth);
        let wasm = wasm()?;
        let mut compiling = lock(&self.0.compiling);
        let mut compilation = None;
        loop {
            let found = compilation.or_else(|| compiling.get(&key).cloned());
            if let Some(result) = found.as_ref().and_then(|found| found.get()) {
                return Ok(shared(result.clone()?.under(config))?);
            }
            compilation = found.or_else(|| {
                let is_free = compiling.len() < AT_ONCE;
                is_free.then(|| self.compile(key, &wasm, config, &mut compiling))
            });
            interrupt
                .check()
                .map_err(|why| Arc::new(ProgramError::from(why)))?;
            compiling = self
                .0
                .done
                .wait_timeout(compiling, GLANCE)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Starts compiling a program.
    fn compile(
        &self,
        key: (ProgramKey, u32),
        wasm: &[u8],
        config: &Config,
        compiling: &mut Compiling,
    ) -> Arc<Compilation> {
        let compilation = Arc::new(Compilation::new());
        compiling.insert(key, compilation.clone());
        let (programs, wasm, config) = (self.clone(), wasm.to_vec(), as_activated(config));
        let told = compilation.clone();
        let compile = move || {
            let compile = || Ok(programs.engine(key.1)?.compile(&wasm, &config)?);
            let compiled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(compile));
            let compiled = compiled.unwrap_or(Err(ProgramError::Panic));
            if let Ok(program) = &compiled {
                lock(&programs.0.compiled).put(key.0, program.clone());
            }
            let _ = told.set(compiled.map_err(Arc::new));
            lock(&programs.0.compiling).remove(&key);
            programs.0.done.notify_all();
        };
        let thread = std::thread::Builder::new().name("stylus-compiler".into());
        if thread.spawn(compile).is_err() {
            // No thread could be started. The waiting callers try again, when there may be one.
            compiling.remove(&key);
            self.0.done.notify_all();
        }
        compilation
    }

    /// Compiles `wasm` to record its functions under `names` when it runs. The result is not cached here.
    pub(crate) fn profiled(
        &self,
        wasm: &[u8],
        config: &Config,
        names: Names,
    ) -> Result<ProfiledProgram, ProgramError> {
        let engine = self.engine(config.stylus.max_stack_depth)?;
        let program = engine.compile_for_profile(wasm, &as_activated(config), Some(names))?;
        Ok(program.under(config)?)
    }

    /// Compiles `wasm` for explanations. `names` identify its panics. The result is not cached here.
    pub(crate) fn explained(
        &self,
        wasm: &[u8],
        config: &Config,
        names: Names,
    ) -> Result<Explained, ProgramError> {
        let engine = self.engine(config.stylus.max_stack_depth)?;
        let program = engine.compile_to_explain(wasm, &as_activated(config), Some(names))?;
        Ok(Explained {
            program: program.under(config)?,
            code: code_hash(wasm).unwrap_or_default(),
        })
    }

    /// Like [`Self::explained`], for the account whose code has the hash `code_hash`, with the names that `names` returns for its module.
    /// The result is cached, as compiled programs are: a transaction may run one program thousands of times, and each run would unpack the
    /// module and read the file with its names.
    pub(crate) fn explained_account<E: From<Arc<ProgramError>>>(
        &self,
        code_hash: B256,
        config: &Config,
        wasm: impl FnOnce() -> Result<Vec<u8>, E>,
        names: impl FnOnce(&[u8]) -> Names,
    ) -> Result<Explained, E> {
        let key = ((code_hash, config.arbos), config.stylus.max_stack_depth);
        let known = lock(&self.0.explained).get(&key).cloned();
        if let Some(Explained { program, code }) = known {
            let program = shared(program.under(config))?;
            return Ok(Explained { program, code });
        }
        // This does not wait for another caller's compiler, since such a wait would have no deadline.
        let wasm = wasm()?;
        let program = self.explained(&wasm, config, names(&wasm));
        let program = program.map_err(Arc::new)?;
        lock(&self.0.explained).put(key, program.clone());
        Ok(program)
    }

    /// Returns an engine with native stack for a depth budget of `words`.
    fn engine(&self, words: u32) -> Result<Engine, EngineError> {
        let mut engine = lock(&self.0.engine);
        if let Some(engine) = engine.as_ref().filter(|it| it.max_stack_depth() >= words) {
            return Ok(engine.clone());
        }
        let mut config = Config::at(ArbOs::LAST);
        // In powers of two, so that raising it step by step does not create an engine per step.
        let words = words.checked_next_power_of_two().unwrap_or(u32::MAX);
        config.stylus.max_stack_depth = words.max(config.stylus.max_stack_depth);
        let made = engine.insert(Engine::with_user_cache(&config)?).clone();
        tick(made.clone(), Arc::downgrade(&self.0));
        Ok(made)
    }
}

/// Makes programs check their flags now and then, as long as the chain exists.
fn tick(engine: Engine, chain: Weak<Inner>) {
    let thread = std::thread::Builder::new().name("stylus-clock".into());
    // Without such a thread, programs run until their ink is used up.
    let _ = thread.spawn(move || {
        while chain.strong_count() > 0 {
            std::thread::sleep(GLANCE);
            engine.tick();
        }
    });
}

/// The configuration to compile a program under: parameters that an owner has changed since the activation do not affect whether it is
/// accepted. How deep it may go is for its runs to say.
pub(super) fn as_activated(config: &Config) -> Config {
    let mut activated = Config::at(config.arbos);
    activated.stylus.max_wasm_size = u32::MAX;
    activated.debug = config.debug;
    activated.stylus.max_stack_depth = config.stylus.max_stack_depth;
    activated
}

/// A program under a configuration, as those get it who wait for a compiler. (Engines are made deep enough for it.)
fn shared<P>(program: Result<P, StackDepth>) -> Result<P, Arc<ProgramError>> {
    program.map_err(|error| Arc::new(error.into()))
}

/// Locks a cache. A panic elsewhere leaves it intact: every entry is complete when it is inserted.
fn lock<T>(cache: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    cache.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Theorem: if a transaction runs a program many times, its module is requested only once for explanations.
    #[test]
    fn a_module_is_unpacked_once_to_be_explained() {
        let programs = Programs::default();
        let config = Config::default();
        let wasm = wat::parse_str(
            r#"(module (memory (export "memory") 0 0)
                (func (export "user_entrypoint") (param i32) (result i32) (i32.const 0)))"#,
        );
        let wasm = wasm.unwrap();
        let mut asked = 0;
        for _ in 0..3 {
            let explained = programs.explained_account(
                B256::ZERO,
                &config,
                || {
                    asked += 1;
                    Ok::<_, Arc<ProgramError>>(wasm.clone())
                },
                |_| Names::default(),
            );
            assert_eq!(explained.unwrap().code, code_hash(&wasm).unwrap());
        }
        assert_eq!(asked, 1);
    }
}
