//! The engine: native code for instrumented modules.
//!
//! Lives here: wasmtime's configuration and the compiled program. Not here: what a module must be (`activate`), how one invocation
//! runs (`run`).

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
use crate::explain::ExplainedProgram;
use crate::frame::Frame;
use crate::guest::Exports;
use crate::hostio;
use crate::instrument::{Burden, Instrumented, instrument_for_profile, instrument_to_explain};
use crate::module::Module;
use crate::pages::Pages;
use crate::profile::{Names, record};
use crate::refusal::Refusal;
use crate::run::ProfiledProgram;

/// Native stack, in bytes, that one word of the depth checker's budget can take. A compiler also keeps values on the stack that no word
/// pays for, such as those it hoists out of loops: the most that deliberate attempts have reached is 16,008 bytes a word
/// (`tests/theorems/depth.rs` shows how). A program uses memory only as deep as it goes, though some systems insist on being able to
/// provide all of it.
const NATIVE_BYTES_PER_WORD: usize = 20 * 1024;

/// Minimum native stack of any program, however small its budget.
const LEAST_NATIVE_STACK: usize = 1 << 20;

/// Maximum native stack of any program, however large its budget: enough for the 262,144 words that chains began with. A program
/// that goes beyond it has no outcome ([`crate::Fault::NativeStack`]).
const MOST_NATIVE_STACK: usize = 6 << 30;

/// Instances that can live at once in a pool: the EVM's 1,024 nested calls, the outermost, and a few in parallel. Each takes 4 GiB
/// of address space, and no memory until used.
const MAX_INSTANCES: u32 = 1_100;

/// The most operators, before instrumentation, that a function can have for the usual compiler to get it: its time grows with their square.
/// No compiler-generated function comes near this.
const USUAL_OPERATORS: u64 = 16_384;

/// The most values that a function's blocks can carry as parameters and results for the usual compiler to get it. Compilers write blocks
/// with at most one result.
const USUAL_CARRIED: u64 = 2_048;

/// The most such values that are compiled at all, in any one function and in all functions together: the time of both compilers grows with
/// their square.
const MOST_CARRIED: u64 = 65_536;

/// The most locals times control-flow paths in a function that the usual compiler gets: about two seconds of compiling.
const USUAL_JOINED: u64 = 262_144;

/// The most locals times loops, counting for each the loops around it, that the usual compiler gets: a few tenths of a second, beyond which
/// the time grows faster than their square. No compiler-generated function nests loops like that.
const USUAL_NESTED: u64 = 1_048_576;

/// How many functions at the limits above a module can add up to for the usual compiler to get it, since it compiles every one. The largest
/// contracts add up to a seventh of one.
const USUAL_FUNCTIONS: u64 = 4;

/// The most locals times control-flow paths that are compiled at all, in any one function and in all functions together: about ten seconds,
/// and a quarter of a gigabyte.
const MOST_JOINED: u64 = 16 << 20;

/// The most locals times loops, counting for each the loops around it, that are compiled at all, in any one function and in all functions
/// together: about ten seconds.
const MOST_NESTED: u64 = 256 << 20;

/// Compiled programs kept in memory: one of the largest modules takes a megabyte or two.
const CACHE_PROGRAMS: NonZeroUsize = NonZeroUsize::new(128).expect("it is not zero");

/// Programs compiled to be explained that are kept in memory: each has a table of all its operators.
const CACHE_EXPLAINED: NonZeroUsize = NonZeroUsize::new(16).expect("it is not zero");

/// The most frames in a backtrace: the number of the smallest frames, of four words, that fit any depth budget.
const MOST_FRAMES: NonZeroUsize = NonZeroUsize::new(1 << 18).expect("it is not zero");

/// Bytes of compiled programs kept on disk.
const CACHE_BYTES: u64 = 512 << 20;

/// The engine is unavailable, or failed through no fault of the program.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The machine or the configuration is not supported by wasmtime.
    #[error("the WebAssembly engine does not start: {0:#}")]
    Start(#[source] wasmtime::Error),
    /// The folder for compiled programs cannot be used.
    #[error("the cache of compiled programs cannot be used: {0:#}")]
    Cache(#[source] wasmtime::Error),
}

/// A module could not be compiled into a program.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompileError {
    /// The Stylus VM refuses the module.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A chain would accept the module, but compiling it would take minutes. Only code written for that purpose gets there.
    #[error(
        "a function carries {carried} values through blocks, but this VM compiles functions with at most {MOST_CARRIED}"
    )]
    TooComplex {
        /// Parameters and results of all blocks of the worst function.
        carried: u64,
    },
    /// A chain would accept the module, but compiling it would take minutes. Only code written for that purpose gets there.
    #[error(
        "a function has {joined} locals times paths through it, but this VM compiles functions with at most {MOST_JOINED}"
    )]
    TooEntangled {
        /// Locals times branch targets in the worst function.
        joined: u64,
    },
    /// A chain would accept the module, but compiling it would take minutes. Only code written for that purpose gets there.
    #[error(
        "a function has {nested} locals times nested loops, but this VM compiles functions with at most {MOST_NESTED}"
    )]
    TooNested {
        /// Locals times loops, counting for each the loops around it, in the worst function.
        nested: u64,
    },
    /// A chain would accept the module, and each of its functions can be compiled, but all of them together would take minutes. Only code
    /// written for that purpose gets there.
    #[error(
        "the functions together have {count} {what}, but this VM compiles modules with at most {limit}"
    )]
    TooManyTogether {
        /// What there is too much of.
        what: &'static str,
        /// How much of it there is.
        count: u64,
        /// How much there may be.
        limit: u64,
    },
    /// The engine was created for less depth than the configuration asks for.
    #[error(transparent)]
    StackDepth(#[from] StackDepth),
    /// A module that this VM accepts is refused by wasmtime, which is a bug in this crate.
    #[error("the WebAssembly engine cannot compile the instrumented module: {0:#}")]
    Engine(#[source] wasmtime::Error),
}

/// Programs compiled with their functions' names, each with the names that the caller gave, if any.
type NamedPrograms<P> = Mutex<LruCache<Key, (Option<Names>, P)>>;

/// Compiles modules; cheap to clone, and meant to be shared by all threads.
#[derive(Clone)]
pub struct Engine {
    /// For code that compilers generate.
    usual: Arc<Native>,
    /// For functions that would keep the usual compiler busy for minutes; created when first needed.
    careful: Arc<OnceLock<Native>>,
    /// For programs that are to be explained; created when first needed.
    explaining: Arc<OnceLock<Native>>,
    /// For runs that find the pool of the usual one full.
    unpooled: Arc<Unpooled>,
    /// The on-disk cache of compiled programs, if any.
    cache: Option<Cache>,
    /// Recently compiled programs, by content.
    programs: Arc<Mutex<LruCache<Key, Program>>>,
    /// Programs recently compiled for profiling, with the names that they were given.
    profiled: Arc<NamedPrograms<ProfiledProgram>>,
    /// Programs recently compiled to be explained, likewise.
    explained: Arc<NamedPrograms<ExplainedProgram>>,
    max_stack_depth: u32,
}

/// What a compiled program depends on: its bytes, and the settings that decide whether it is refused.
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
    /// It keeps recently compiled programs in memory, by content.
    ///
    /// # Errors
    /// If wasmtime does not work on this machine.
    pub fn new(config: &Config) -> Result<Self, EngineError> {
        Self::build(config, None)
    }

    /// Like [`Self::new`], but also keeps compiled programs in `folder`, shared by all processes that name it. It ignores files of other
    /// wasmtime versions there, and removes old files once the folder holds more than 512 MiB.
    ///
    /// # Errors
    /// As for [`Self::new`], and if the folder cannot be used.
    pub fn with_cache(config: &Config, folder: &Path) -> Result<Self, EngineError> {
        let mut cache = CacheConfig::new();
        cache
            .with_directory(folder)
            .with_files_total_size_soft_limit(CACHE_BYTES);
        let cache = Cache::new(cache).map_err(EngineError::Cache)?;
        Self::build(config, Some(cache))
    }

    /// Like [`Self::with_cache`] with this user's cache folder, or without a folder if that one cannot be used.
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
        // A pool starts programs fastest and needs 4.5 TiB of address space. A process may lack that, because of its limits or
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
            explaining: Arc::default(),
            unpooled: Arc::new(Unpooled {
                native: OnceLock::new(),
                cache: cache.clone(),
                max_stack_depth: config.stylus.max_stack_depth,
            }),
            cache,
            programs: Arc::new(Mutex::new(LruCache::new(CACHE_PROGRAMS))),
            profiled: Arc::new(Mutex::new(LruCache::new(CACHE_PROGRAMS))),
            explained: Arc::new(Mutex::new(LruCache::new(CACHE_EXPLAINED))),
            max_stack_depth: config.stylus.max_stack_depth,
        })
    }

    /// The largest depth budget, in words, that this engine's programs have native stack for.
    pub fn max_stack_depth(&self) -> u32 {
        self.max_stack_depth
    }

    /// Checks `wasm` as activation does and compiles it, unless it did so recently. The program runs under `config`.
    ///
    /// # Errors
    /// The refusal, if a chain with `config` would not activate the module; and if `config` asks for more depth than this engine was
    /// created for.
    pub fn compile(&self, wasm: &[u8], config: &Config) -> Result<Program, CompileError> {
        let key = Key::new(wasm, config);
        if let Some(program) = lock(&self.programs).get(&key) {
            return Ok(program.under(config)?);
        }
        let (_, instrumented, _) = activate::check(wasm, config, Pages(0))?;
        let program = self.translate(&instrumented, config)?;
        lock(&self.programs).put(key, program.clone());
        Ok(program)
    }

    /// Checks `wasm` as activation does and compiles it for profiling, unless it did so recently with the same names. Functions go by the
    /// given names, or else by the module's own.
    ///
    /// # Errors
    /// As for [`Self::compile`].
    pub fn compile_for_profile(
        &self,
        wasm: &[u8],
        config: &Config,
        names: Option<Names>,
    ) -> Result<ProfiledProgram, CompileError> {
        let program = compile_named(&self.profiled, wasm, config, names, |module, names| {
            let instrumented = instrument_for_profile(module, config.stylus.version, &names)?;
            let program = self.translate(&instrumented, config)?;
            Ok(ProfiledProgram { program, names })
        })?;
        Ok(program.under(config)?)
    }

    /// Checks `wasm` as activation does and compiles it to be explained, unless it did so recently with the same names. The given names, or
    /// else the module's own, identify the functions that panics end in; without names, an explanation has no panic message.
    ///
    /// # Errors
    /// As for [`Self::compile`].
    pub fn compile_to_explain(
        &self,
        wasm: &[u8],
        config: &Config,
        names: Option<Names>,
    ) -> Result<ExplainedProgram, CompileError> {
        let program = compile_named(&self.explained, wasm, config, names, |module, names| {
            let instrumented = instrument_to_explain(module, config.stylus.version, &names)?;
            bearable(&instrumented)?;
            let linked = Linked::new(self.explaining()?, &instrumented.wasm)?;
            let program = self.program(linked, None, &instrumented, config)?;
            let imports = module.imports.len() as u32;
            Ok(ExplainedProgram::new(program, instrumented.chart, imports))
        })?;
        Ok(program.under(config)?)
    }

    /// Makes every running program ask its host soon whether to go on. Nothing else ends a program before its ink runs out.
    pub fn tick(&self) {
        self.usual.engine.increment_epoch();
        for other in [&*self.careful, &self.explaining, &self.unpooled.native] {
            if let Some(other) = other.get() {
                other.engine.increment_epoch();
            }
        }
    }

    /// Compiles an instrumented module with the compiler that suits it.
    fn translate(
        &self,
        instrumented: &Instrumented,
        config: &Config,
    ) -> Result<Program, CompileError> {
        bearable(instrumented)?;
        if !is_usual(instrumented) {
            let linked = Linked::new(self.careful()?, &instrumented.wasm)?;
            return self.program(linked, None, instrumented, config);
        }
        let linked = Linked::new(&self.usual, &instrumented.wasm)?;
        let spare = Arc::new(Spare {
            unpooled: self.unpooled.clone(),
            wasm: instrumented.wasm.clone(),
            linked: OnceLock::new(),
        });
        self.program(linked, Some(spare), instrumented, config)
    }

    /// The program that a compiled module is.
    fn program(
        &self,
        linked: Linked,
        spare: Option<Arc<Spare>>,
        instrumented: &Instrumented,
        config: &Config,
    ) -> Result<Program, CompileError> {
        StackDepth::check(self.max_stack_depth, config)?;
        Ok(Program {
            linked,
            spare,
            bytes_per_word: bytes_per_word(instrumented.largest),
            begins_with_highest_price: instrumented.begins_with_highest_price,
            max_stack_depth: self.max_stack_depth,
            config: *config,
        })
    }

    /// The compiler whose time grows hardly faster than its input. Its code is slower.
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

    /// The compiler of programs that are to be explained: the careful one again, since each program runs a few times and not thousands. Its
    /// traps have backtraces, and its modules can have a second memory. It has no pool, which would reserve that memory for every other
    /// instance too.
    fn explaining(&self) -> Result<&Native, CompileError> {
        if let Some(native) = self.explaining.get() {
            return Ok(native);
        }
        let mut settings = settings(self.max_stack_depth);
        settings
            .cranelift_opt_level(OptLevel::None)
            .cranelift_regalloc_algorithm(RegallocAlgorithm::SinglePass)
            .wasm_multi_memory(true)
            .generate_address_map(true)
            .wasm_backtrace_max_frames(Some(MOST_FRAMES));
        let native = wasmtime::Engine::new(&settings).and_then(Native::new);
        let native = native.map_err(CompileError::Engine)?;
        Ok(self.explaining.get_or_init(|| native))
    }
}

/// Locks a cache. A panic elsewhere leaves it intact.
fn lock<T>(cache: &Mutex<LruCache<Key, T>>) -> MutexGuard<'_, LruCache<Key, T>> {
    cache.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Checks `wasm` as activation does and compiles it with the given names, or else its own, unless it did so recently with the same names.
fn compile_named<P: Clone>(
    cache: &NamedPrograms<P>,
    wasm: &[u8],
    config: &Config,
    given: Option<Names>,
    compile: impl FnOnce(&Module<'_>, Names) -> Result<P, CompileError>,
) -> Result<P, CompileError> {
    let key = Key::new(wasm, config);
    if let Some((known, program)) = lock(cache).get(&key)
        && *known == given
    {
        return Ok(program.clone());
    }
    let (module, _, _) = activate::check(wasm, config, Pages(0))?;
    let own = || module.function_names.iter().copied().collect();
    let program = compile(&module, given.clone().unwrap_or_else(own))?;
    lock(cache).put(key, (given, program.clone()));
    Ok(program)
}

/// Whether the usual compiler finishes a module in time.
fn is_usual(Instrumented { worst, all, .. }: &Instrumented) -> bool {
    // Where the time grows with the square, the sum of the squares is at most the worst function's value times the total.
    let squares = |worst: u64, all: u64, limit: u64| {
        worst.saturating_mul(all) <= USUAL_FUNCTIONS * limit * limit
    };
    worst.operators <= USUAL_OPERATORS
        && worst.carried <= USUAL_CARRIED
        && worst.joined <= USUAL_JOINED
        && worst.nested <= USUAL_NESTED
        && squares(worst.operators, all.operators, USUAL_OPERATORS)
        && squares(worst.carried, all.carried, USUAL_CARRIED)
        && all.joined <= USUAL_FUNCTIONS * USUAL_JOINED
        && all.nested <= USUAL_FUNCTIONS * USUAL_NESTED
}

/// Checks that some compiler here can compile a module in time.
///
/// # Errors
/// If none can.
fn bearable(Instrumented { worst, all, .. }: &Instrumented) -> Result<(), CompileError> {
    let (carried, joined, nested) = (worst.carried, worst.joined, worst.nested);
    if carried > MOST_CARRIED {
        return Err(CompileError::TooComplex { carried });
    }
    if joined > MOST_JOINED {
        return Err(CompileError::TooEntangled { joined });
    }
    if nested > MOST_NESTED {
        return Err(CompileError::TooNested { nested });
    }
    for (what, count, limit) in burdens(all) {
        if count > limit {
            return Err(CompileError::TooManyTogether { what, count, limit });
        }
    }
    Ok(())
}

/// What all functions together ask of a compiler, each with its limit.
pub(crate) const fn burdens(all: &Burden) -> [(&'static str, u64, u64); 3] {
    [
        ("values that blocks carry", all.carried, MOST_CARRIED),
        ("locals times paths through them", all.joined, MOST_JOINED),
        ("locals times nested loops", all.nested, MOST_NESTED),
    ]
}

/// Checks, without compiling it, that a module which a chain with `config` activates can be compiled here.
///
/// # Errors
/// If compiling it would take minutes, or if the chain would not activate it.
pub fn check_compiles(wasm: &[u8], config: &Config) -> Result<(), Refusal> {
    let (_, instrumented, _) = activate::check(wasm, config, Pages(0))?;
    bearable(&instrumented).map_err(|error| Refusal::Uncompilable {
        why: error.to_string().into(),
    })
}

/// A compiler, and the host calls that its programs are linked with.
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

/// A module's native code, linked with the host calls.
#[derive(Clone)]
pub(crate) struct Linked {
    pub(crate) instance: InstancePre<Frame>,
    pub(crate) exports: Exports,
}

impl Linked {
    fn new(native: &Native, wasm: &[u8]) -> Result<Self, CompileError> {
        let module = wasmtime::Module::new(&native.engine, wasm).map_err(CompileError::Engine)?;
        let exports = Exports::of(&module).ok_or(Refusal::NoMemory)?;
        let instance = native.linker.instantiate_pre(&module);
        let instance = instance.map_err(CompileError::Engine)?;
        Ok(Self { instance, exports })
    }
}

/// The usual compiler without a pool; created when first needed.
struct Unpooled {
    native: OnceLock<Native>,
    cache: Option<Cache>,
    max_stack_depth: u32,
}

impl Unpooled {
    fn native(&self) -> Result<&Native, CompileError> {
        if let Some(native) = self.native.get() {
            return Ok(native);
        }
        let mut settings = settings(self.max_stack_depth);
        settings.cache(self.cache.clone());
        let native = wasmtime::Engine::new(&settings).and_then(Native::new);
        let native = native.map_err(CompileError::Engine)?;
        Ok(self.native.get_or_init(|| native))
    }
}

/// A program once more, for runs that find the pool full: a few that nest deeply can take all of it, and whoever runs beside them must not
/// fail because of that. An instance outside of the pool takes a few system calls more, and costs the same ink.
pub(crate) struct Spare {
    unpooled: Arc<Unpooled>,
    wasm: Vec<u8>,
    linked: OnceLock<Result<Linked, CompileError>>,
}

impl Spare {
    /// The linked code, compiled when first needed, by one of those who need it.
    pub(crate) fn linked(&self) -> Result<&Linked, &CompileError> {
        let link = || Linked::new(self.unpooled.native()?, &self.wasm);
        self.linked.get_or_init(link).as_ref()
    }
}

/// A compiled program; cheap to clone, and runnable any number of times on any thread.
#[derive(Clone)]
pub struct Program {
    pub(crate) linked: Linked,
    /// For when the pool is full, if there is one.
    pub(crate) spare: Option<Arc<Spare>>,
    /// The most native stack, in bytes, that a word of depth can take.
    pub(crate) bytes_per_word: u64,
    /// Whether the first block of the entry point costs 2^64 − 1 ink.
    pub(crate) begins_with_highest_price: bool,
    /// The largest depth budget that its engine has native stack for.
    pub(crate) max_stack_depth: u32,
    /// What it runs under. Its depth budget is at most that one.
    pub(crate) config: Config,
}

/// The engine was created for less depth than a configuration asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "the engine has native stack for a depth of {available} words and the configuration asks for {wanted}: create it for a \
     configuration with the larger depth"
)]
pub struct StackDepth {
    /// The engine's largest depth budget.
    pub available: u32,
    /// The depth budget of the configuration.
    pub wanted: u32,
}

impl StackDepth {
    fn check(available: u32, config: &Config) -> Result<(), Self> {
        let wanted = config.stylus.max_stack_depth;
        match wanted <= available {
            true => Ok(()),
            false => Err(Self { available, wanted }),
        }
    }
}

impl Program {
    /// The same program under another configuration, such as the one that a chain has after an owner changed its ink price. What was
    /// decided when it was compiled stays decided: nothing is checked or compiled again.
    ///
    /// # Errors
    /// If the engine was created for less depth.
    pub fn under(&self, config: &Config) -> Result<Self, StackDepth> {
        StackDepth::check(self.max_stack_depth, config)?;
        Ok(Self {
            config: *config,
            ..self.clone()
        })
    }

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

/// The most native stack, in bytes, that a word of depth can take in a module whose largest function has this many operators, whatever
/// compiles it: a value on the stack for each operator, in a frame of at least four words, plus what any frame takes.
fn bytes_per_word(operators: u64) -> u64 {
    (64 + 2 * operators).min(NATIVE_BYTES_PER_WORD as u64)
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
        // Up to this size, clearing a used page is cheaper than returning it to the system.
        .linear_memory_keep_resident(64 * 1024)
        .table_keep_resident(64 * 1024);
    pool
}

fn settings(max_stack_depth: u32) -> wasmtime::Config {
    let mut settings = wasmtime::Config::new();
    settings
        .cranelift_opt_level(OptLevel::Speed)
        // Loops check a counter at each turn, so that another thread can stop them; ink is counted all the same.
        .epoch_interruption(true)
        .max_wasm_stack(native_stack(max_stack_depth))
        // Nothing runs asynchronously here, but wasmtime compares the two sizes.
        .async_stack_size(native_stack(max_stack_depth) + (1 << 20))
        // A trap is an outcome here and not something to debug: no backtraces, with or without symbols.
        .wasm_backtrace_max_frames(None::<NonZeroUsize>);
    settings
}
