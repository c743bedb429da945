//! Compiled programs and known activations, kept for as long as the process lives.
//!
//! Lives here: caches that save work and change no result. Not here: whether a program is active, which only the state
//! tells.

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
    Program, Refusal, activate, check_compiles,
};

use crate::evm::interrupt::{Interrupt, Interrupted};

/// Programs kept compiled: some 2 MB each at their largest.
const COMPILED: NonZeroUsize = NonZeroUsize::new(64).expect("64 is not zero");

/// Programs kept compiled that tell of themselves: a test suite calls few, and so does a transaction.
const EXPLAINED: NonZeroUsize = NonZeroUsize::new(16).expect("16 is not zero");

/// Activations remembered: an estimate tries the same one a dozen times.
const ACTIVATIONS: NonZeroUsize = NonZeroUsize::new(256).expect("256 is not zero");

/// Programs compiled at once; each takes as many threads as there are processors.
const AT_ONCE: usize = 2;

/// How often somebody who waits, and a program that runs, looks whether it may go on.
const GLANCE: Duration = Duration::from_millis(20);

/// What an activation depends on besides the gas at hand.
type ActivationKey = (B256, ArbOs, Pages, Pages, u32, bool);

/// What a compiled program depends on.
type ProgramKey = (B256, ArbOs);

/// The caches, shared by all transactions and calls of a chain; cheap to clone.
#[derive(Clone)]
pub(crate) struct Programs(Arc<Inner>);

struct Inner {
    /// Made at the first program, so that a chain without one starts at once; and again where an owner has allowed programs
    /// more stack than it was made for.
    engine: Mutex<Option<Engine>>,
    compiled: Mutex<LruCache<ProgramKey, Program>>,
    /// Each for a depth budget.
    explained: Mutex<LruCache<(ProgramKey, u32), Explained>>,
    activations: Mutex<LruCache<ActivationKey, Result<Activation, Refusal>>>,
    /// Programs that are being compiled, so that each is compiled once.
    compiling: Mutex<Compiling>,
    /// Told whenever one is done.
    done: Condvar,
}

/// Programs that are being compiled, each for a depth budget.
type Compiling = HashMap<(ProgramKey, u32), Arc<Compilation>>;

/// A program that is being compiled, or was.
type Compilation = OnceLock<Result<Program, Arc<ProgramError>>>;

/// A program that tells of itself: what its blocks did, and why it failed.
#[derive(Clone)]
pub(crate) struct Explained {
    pub(crate) program: ExplainedProgram,
    /// What identifies its module's code.
    pub(crate) code: B256,
}

/// Why a program could not be had ready to run. None of it is the program's own doing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProgramError {
    #[error("no engine to run programs: {0}")]
    Engine(#[from] EngineError),
    #[error("a program that was activated does not compile: {0}")]
    Compile(#[from] CompileError),
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
        let known = lock(&self.0.activations).get(&key).cloned();
        known.unwrap_or_else(|| {
            // What could be activated and never run would be found out too late.
            let activation = activate(wasm, config, open_pages, Gas::MAX).and_then(|activation| {
                check_compiles(wasm, &as_activated(config))?;
                Ok(activation)
            });
            lock(&self.0.activations).put(key, activation.clone());
            activation
        })
    }

    /// The program of an activated account whose code has the hash `code_hash`; `wasm` is asked for where it is not at hand. It
    /// is compiled on a thread of its own, once whoever asks, and waited for until `interrupt` is raised.
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
        if let Some(program) = known.filter(|program| program.max_stack_depth() >= depth) {
            return Ok(program);
        }
        let key = (key, depth);
        let wasm = wasm()?;
        let mut compiling = lock(&self.0.compiling);
        let mut compilation = None;
        loop {
            let found = compilation.or_else(|| compiling.get(&key).cloned());
            if let Some(result) = found.as_ref().and_then(|found| found.get()) {
                return Ok(result.clone()?);
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

    /// Begins to compile a program.
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
            // No thread to be had: whoever waits asks again, and there may be one then.
            compiling.remove(&key);
            self.0.done.notify_all();
        }
        compilation
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

    /// The program of `wasm`, to be run so that it tells of itself. Its panics are known by `names`. Nothing of it is kept here.
    pub(crate) fn explained(
        &self,
        wasm: &[u8],
        config: &Config,
        names: Names,
    ) -> Result<Explained, ProgramError> {
        let engine = self.engine(config.stylus.max_stack_depth)?;
        let config = as_activated(config);
        Ok(Explained {
            program: engine.compile_to_explain(wasm, &config, Some(names))?,
            code: code_hash(wasm).unwrap_or_default(),
        })
    }

    /// The same of an account whose code has the hash `code_hash`, under the names that `names` finds for its module. It is kept, as
    /// what is compiled is in the engine: a transaction may run one program thousands of times, and each would unpack its module and
    /// read the file of its names.
    pub(crate) fn explained_account<E: From<Arc<ProgramError>>>(
        &self,
        code_hash: B256,
        config: &Config,
        wasm: impl FnOnce() -> Result<Vec<u8>, E>,
        names: impl FnOnce(&[u8]) -> Names,
    ) -> Result<Explained, E> {
        let key = ((code_hash, config.arbos), config.stylus.max_stack_depth);
        let known = lock(&self.0.explained).get(&key).cloned();
        if let Some(program) = known {
            return Ok(program);
        }
        // Nobody waits for another's compiler: a wait would have no deadline.
        let wasm = wasm()?;
        let program = self.explained(&wasm, config, names(&wasm));
        let program = program.map_err(Arc::new)?;
        lock(&self.0.explained).put(key, program.clone());
        Ok(program)
    }

    /// An engine with native stack for a depth budget of `words`.
    fn engine(&self, words: u32) -> Result<Engine, EngineError> {
        let mut engine = lock(&self.0.engine);
        if let Some(engine) = engine.as_ref().filter(|it| it.max_stack_depth() >= words) {
            return Ok(engine.clone());
        }
        let mut config = Config::at(ArbOs::LAST);
        // By powers of two, so that somebody who raises it step by step does not get an engine for each.
        let words = words.checked_next_power_of_two().unwrap_or(u32::MAX);
        config.stylus.max_stack_depth = words.max(config.stylus.max_stack_depth);
        let made = engine.insert(Engine::with_user_cache(&config)?).clone();
        tick(made.clone(), Arc::downgrade(&self.0));
        Ok(made)
    }
}

/// Has programs look at their flags now and then, for as long as there is a chain.
fn tick(engine: Engine, chain: Weak<Inner>) {
    let thread = std::thread::Builder::new().name("stylus-clock".into());
    // Without a thread for it programs run until their ink is used up.
    let _ = thread.spawn(move || {
        while chain.strong_count() > 0 {
            std::thread::sleep(GLANCE);
            engine.tick();
        }
    });
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Theorem: the module of a program that a transaction runs many times is asked for once to tell of itself.
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
