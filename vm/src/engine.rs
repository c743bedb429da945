//! The engine: native code for instrumented modules.
//!
//! Lives here: wasmtime's configuration and the compiled program. Not here: what a module must be (`activate`), how one
//! invocation of it goes (`run`).

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use alloy_primitives::{B256, keccak256};
use lru::LruCache;
use wasmtime::{
    Cache, CacheConfig, InstanceAllocationStrategy, InstancePre, Linker, OptLevel,
    PoolingAllocationConfig, RegallocAlgorithm,
};

use crate::activate;
use crate::config::{ArbOs, Config};
use crate::frame::Frame;
use crate::guest::Exports;
use crate::hostio;
use crate::instrument::{Burden, Instrumented, instrument_for_profile};
use crate::pages::Pages;
use crate::profile::{Names, record};
use crate::refusal::Refusal;
use crate::run::ProfiledProgram;

/// Native stack that a word of the depth checker's budget may take. A compiler keeps values on the stack that no word was
/// paid for, such as those it moves out of loops: 16,008 bytes a word are the most that was reached on purpose
/// (`tests/theorems/depth.rs` has the ways). Memory is used as far as a program goes, though some systems want to see that
/// they could give all of it.
const NATIVE_BYTES_PER_WORD: usize = 20 * 1024;

/// Native stack for any program, however small its budget.
const LEAST_NATIVE_STACK: usize = 1 << 20;

/// Native stack for any program, however large its budget: enough for the 262,144 words that chains began with. A program
/// that gets beyond has no outcome ([`crate::Fault::NativeStack`]).
const MOST_NATIVE_STACK: usize = 6 << 30;

/// Instances that may live at once in a pool: the EVM's 1,024 nested calls and the outermost, and some side by side. Each
/// takes 4 GiB of address space, and no memory until it is used.
const MAX_INSTANCES: u32 = 1_100;

/// Operators of one function, as it comes, up to which it is compiled as usual: the usual compiler's time grows with their
/// square. No function that a compiler wrote was ever near.
const USUAL_OPERATORS: u64 = 16_384;

/// Values that a function's blocks carry as parameters and results, up to which it is compiled as usual. Compilers write
/// blocks with a result at most.
const USUAL_CARRIED: u64 = 2_048;

/// The most such values of any function that is compiled at all: both compilers' time grows with their square.
const MOST_CARRIED: u64 = 65_536;

/// Locals times ways that control may take through a function, up to which it is compiled as usual: some two seconds.
const USUAL_JOINED: u64 = 262_144;

/// Locals times loops and the loops around each, up to which a function is compiled as usual: some tenths of a second, and then it
/// grows faster than their square. No function that a compiler wrote nests loops like that.
const USUAL_NESTED: u64 = 1_048_576;

/// The most locals times ways of any function that is compiled at all: some ten seconds, and a quarter of a gigabyte.
const MOST_JOINED: u64 = 16 << 20;

/// Compiled programs kept in memory: a module of the largest size takes a megabyte or two.
const CACHE_PROGRAMS: NonZeroUsize = NonZeroUsize::new(128).expect("it is not zero");

/// Bytes of compiled programs kept on disk.
const CACHE_BYTES: u64 = 512 << 20;

/// The engine cannot be had, or failed at something that is no program's fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// wasmtime refuses the machine or the configuration.
    #[error("the WebAssembly engine does not start: {0:#}")]
    Start(#[source] wasmtime::Error),
    /// The folder for compiled programs cannot be used.
    #[error("the cache of compiled programs cannot be used: {0:#}")]
    Cache(#[source] wasmtime::Error),
}

/// A module could not be made into a program.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompileError {
    /// The Stylus VM does not accept the module.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A chain would take the module, but compiling it would take minutes, which only code made for that purpose does.
    #[error(
        "a function carries {carried} values through blocks and this VM compiles functions with at most {MOST_CARRIED}"
    )]
    TooComplex {
        /// Parameters and results of all blocks of the worst function.
        carried: u64,
    },
    /// A chain would take the module, but compiling it would take minutes, which only code made for that purpose does.
    #[error(
        "a function has {joined} locals times ways through it and this VM compiles functions with at most {MOST_JOINED}"
    )]
    TooEntangled {
        /// Locals times targets of branches of the worst function.
        joined: u64,
    },
    /// The engine does not accept what the VM does, which is a fault of this crate.
    #[error("the WebAssembly engine cannot compile the instrumented module: {0:#}")]
    Engine(#[source] wasmtime::Error),
}

/// A program to be profiled, and the names that were given for it.
type Profiled = (Option<Names>, ProfiledProgram);

/// Compiles modules; cheap to clone, and to be shared by all threads.
#[derive(Clone)]
pub struct Engine {
    /// For code as compilers write it.
    usual: Arc<Native>,
    /// For functions that would keep the usual compiler busy for minutes; made when there is one.
    careful: Arc<OnceLock<Native>>,
    /// Where compiled programs are kept on disk, if they are.
    cache: Option<Cache>,
    /// Programs compiled lately, by content.
    programs: Arc<Mutex<LruCache<Key, Program>>>,
    /// The same to be profiled, with the names that were given.
    profiled: Arc<Mutex<LruCache<Key, Profiled>>>,
    max_stack_depth: u32,
}

/// What a compiled program depends on: its bytes, and what decides whether they are refused.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    wasm: B256,
    arbos: ArbOs,
    stylus_version: u16,
    debug: bool,
    page_limit: Pages,
    max_wasm_size: u32,
}

impl Key {
    fn new(wasm: &[u8], config: &Config) -> Self {
        Self {
            wasm: keccak256(wasm),
            arbos: config.arbos,
            stylus_version: config.stylus.version,
            debug: config.debug,
            page_limit: config.stylus.page_limit,
            max_wasm_size: config.stylus.max_wasm_size,
        }
    }
}

impl Engine {
    /// An engine for programs whose depth budget is at most that of `config`.
    ///
    /// It keeps the programs that it compiled lately in memory, by content.
    ///
    /// # Errors
    /// Where wasmtime cannot work on this machine.
    pub fn new(config: &Config) -> Result<Self, EngineError> {
        Self::build(config, None)
    }

    /// The same, keeping compiled programs in `folder` too, for all processes that name it. What another version of
    /// wasmtime left there is not used, and old files are removed once it holds more than 512 MiB.
    ///
    /// # Errors
    /// As for [`Self::new`], and where the folder cannot be used.
    pub fn with_cache(config: &Config, folder: &Path) -> Result<Self, EngineError> {
        let mut cache = CacheConfig::new();
        cache
            .with_directory(folder)
            .with_files_total_size_soft_limit(CACHE_BYTES);
        let cache = Cache::new(cache).map_err(EngineError::Cache)?;
        Self::build(config, Some(cache))
    }

    /// The same with the folder that the system has for this user's caches; where that cannot be used, without one.
    ///
    /// # Errors
    /// As for [`Self::new`].
    pub fn with_user_cache(config: &Config) -> Result<Self, EngineError> {
        let folder = dirs::cache_dir().map(|caches| caches.join("stylus-kit").join("programs"));
        if let Some(folder) = folder
            && let Ok(engine) = Self::with_cache(config, &folder)
        {
            return Ok(engine);
        }
        Self::new(config)
    }

    fn build(config: &Config, cache: Option<Cache>) -> Result<Self, EngineError> {
        let mut settings = settings(config.stylus.max_stack_depth);
        settings.cache(cache.clone());
        // A pool starts programs fastest and needs 4.5 TiB of address space. A process may not have that, by its limits or
        // because it holds many engines; then each program gets its memory when it starts.
        settings.allocation_strategy(InstanceAllocationStrategy::Pooling(pool()));
        let wasmtime = wasmtime::Engine::new(&settings)
            .or_else(|_| {
                settings.allocation_strategy(InstanceAllocationStrategy::OnDemand);
                wasmtime::Engine::new(&settings)
            })
            .map_err(EngineError::Start)?;
        Ok(Self {
            usual: Arc::new(Native::new(wasmtime).map_err(EngineError::Start)?),
            careful: Arc::default(),
            cache,
            programs: Arc::new(Mutex::new(LruCache::new(CACHE_PROGRAMS))),
            profiled: Arc::new(Mutex::new(LruCache::new(CACHE_PROGRAMS))),
            max_stack_depth: config.stylus.max_stack_depth,
        })
    }

    /// The largest depth budget, in words, that its programs have native stack for.
    pub fn max_stack_depth(&self) -> u32 {
        self.max_stack_depth
    }

    /// Checks `wasm` as activation does and compiles it, unless that was done lately.
    ///
    /// # Errors
    /// The refusal of a module that a chain with `config` would not activate.
    pub fn compile(&self, wasm: &[u8], config: &Config) -> Result<Program, CompileError> {
        let key = Key::new(wasm, config);
        if let Some(program) = lock(&self.programs).get(&key) {
            return Ok(program.clone());
        }
        let (_, instrumented, _) = activate::check(wasm, config, Pages(0))?;
        let program = self.translate(&instrumented)?;
        lock(&self.programs).put(key, program.clone());
        Ok(program)
    }

    /// Checks `wasm` as activation does and compiles it to be profiled, under the names of functions that it brings itself
    /// unless others are given; unless that was done lately, with the same names.
    ///
    /// # Errors
    /// As for [`Self::compile`].
    pub fn compile_for_profile(
        &self,
        wasm: &[u8],
        config: &Config,
        names: Option<Names>,
    ) -> Result<ProfiledProgram, CompileError> {
        let key = Key::new(wasm, config);
        if let Some((known, program)) = lock(&self.profiled).get(&key)
            && *known == names
        {
            return Ok(program.clone());
        }
        let given = names.clone();
        let (module, _, _) = activate::check(wasm, config, Pages(0))?;
        let names = names.unwrap_or_else(|| module.function_names.iter().copied().collect());
        let instrumented = instrument_for_profile(&module, config.stylus.version, &names)?;
        let program = self.translate(&instrumented)?;
        let program = ProfiledProgram { program, names };
        lock(&self.profiled).put(key, (given, program.clone()));
        Ok(program)
    }

    /// Has every program that runs ask its host, soon, whether it may go on. Nothing else ends one before its ink does.
    pub fn tick(&self) {
        self.usual.engine.increment_epoch();
        if let Some(careful) = self.careful.get() {
            careful.engine.increment_epoch();
        }
    }

    /// Native code for an instrumented module.
    fn translate(&self, instrumented: &Instrumented) -> Result<Program, CompileError> {
        bearable(&instrumented.burden)?;
        let Burden {
            operators,
            carried,
            joined,
            nested,
        } = instrumented.burden;
        let usual = operators <= USUAL_OPERATORS
            && carried <= USUAL_CARRIED
            && joined <= USUAL_JOINED
            && nested <= USUAL_NESTED;
        let native = if usual { &*self.usual } else { self.careful()? };
        let module = wasmtime::Module::new(&native.engine, &instrumented.wasm)
            .map_err(CompileError::Engine)?;
        let exports = Exports::of(&module).ok_or(Refusal::NoMemory)?;
        let instance = native
            .linker
            .instantiate_pre(&module)
            .map_err(CompileError::Engine)?;
        Ok(Program {
            instance,
            exports,
            begins_with_highest_price: instrumented.begins_with_highest_price,
            max_stack_depth: self.max_stack_depth,
        })
    }

    /// The compiler whose time grows hardly faster than what it is given. Its code is slower.
    fn careful(&self) -> Result<&Native, CompileError> {
        if let Some(native) = self.careful.get() {
            return Ok(native);
        }
        let mut settings = settings(self.max_stack_depth);
        settings
            .cache(self.cache.clone())
            .cranelift_opt_level(OptLevel::None)
            .cranelift_regalloc_algorithm(RegallocAlgorithm::SinglePass);
        let native = wasmtime::Engine::new(&settings).and_then(Native::new);
        let native = native.map_err(CompileError::Engine)?;
        Ok(self.careful.get_or_init(|| native))
    }
}

/// A cache. A panic elsewhere leaves it as whole as it was.
fn lock<T>(cache: &Mutex<LruCache<Key, T>>) -> MutexGuard<'_, LruCache<Key, T>> {
    cache.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a module can be compiled in time, by any compiler here.
///
/// # Errors
/// Where it cannot.
fn bearable(burden: &Burden) -> Result<(), CompileError> {
    let Burden {
        carried, joined, ..
    } = *burden;
    if carried > MOST_CARRIED {
        return Err(CompileError::TooComplex { carried });
    }
    if joined > MOST_JOINED {
        return Err(CompileError::TooEntangled { joined });
    }
    Ok(())
}

/// Whether a module that a chain with `config` activates can be compiled here, told by what is in it.
///
/// # Errors
/// Where it cannot: that would take minutes. And where it would not be activated.
pub fn check_compiles(wasm: &[u8], config: &Config) -> Result<(), Refusal> {
    let (_, instrumented, _) = activate::check(wasm, config, Pages(0))?;
    bearable(&instrumented.burden).map_err(|error| Refusal::Uncompilable {
        why: error.to_string().into(),
    })
}

/// A compiler, and what its programs are linked with.
struct Native {
    engine: wasmtime::Engine,
    linker: Linker<Frame>,
}

impl Native {
    fn new(engine: wasmtime::Engine) -> wasmtime::Result<Self> {
        let mut linker = Linker::new(&engine);
        hostio::link(&mut linker)?;
        record::link(&mut linker)?;
        Ok(Self { engine, linker })
    }
}

/// A compiled program; cheap to clone, and to be run any number of times on any thread.
#[derive(Clone)]
pub struct Program {
    pub(crate) instance: InstancePre<Frame>,
    pub(crate) exports: Exports,
    /// Whether the first block of the entry point costs 2^64 − 1 ink.
    pub(crate) begins_with_highest_price: bool,
    /// The largest depth budget that its engine has native stack for.
    pub(crate) max_stack_depth: u32,
}

impl Program {
    /// The largest depth budget, in words, that it has native stack for.
    pub fn max_stack_depth(&self) -> u32 {
        self.max_stack_depth
    }
}

/// Native stack, in bytes, that a depth budget of `words` can need.
pub(crate) fn native_stack(words: u32) -> usize {
    let needed = words as usize * NATIVE_BYTES_PER_WORD;
    needed.clamp(LEAST_NATIVE_STACK, MOST_NATIVE_STACK)
}

fn pool() -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_core_instances(MAX_INSTANCES)
        .total_memories(MAX_INSTANCES)
        .total_tables(MAX_INSTANCES)
        .max_memories_per_module(1)
        .max_tables_per_module(1)
        // The limits of activation: 32,768 globals of at most 16 bytes, and 4,096 table entries.
        .max_core_instance_size(1 << 20)
        .table_elements(4_096)
        // Clearing a used page by hand is cheaper than giving it back to the system, up to here.
        .linear_memory_keep_resident(64 * 1024)
        .table_keep_resident(64 * 1024);
    pool
}

fn settings(max_stack_depth: u32) -> wasmtime::Config {
    let mut settings = wasmtime::Config::new();
    settings
        .cranelift_opt_level(OptLevel::Speed)
        // A loop looks at a counter at each turn, so that somebody else can end it; ink is counted all the same.
        .epoch_interruption(true)
        .max_wasm_stack(native_stack(max_stack_depth))
        // Nothing runs asynchronously here, but wasmtime compares the two.
        .async_stack_size(native_stack(max_stack_depth) + (1 << 20))
        // A trap is an outcome here, not something to debug: no backtraces, with or without symbols.
        .wasm_backtrace_max_frames(None::<NonZeroUsize>);
    settings
}
