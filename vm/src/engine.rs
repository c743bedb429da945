//! The engine: native code for instrumented modules.
//!
//! Lives here: wasmtime's configuration and the compiled program. Not here: what a module must be (`activate`), how one
//! invocation of it goes (`run`).

use std::num::NonZeroUsize;
use std::sync::Arc;

use wasmtime::{
    InstanceAllocationStrategy, InstancePre, Linker, OptLevel, PoolingAllocationConfig,
};

use crate::activate;
use crate::config::Config;
use crate::frame::Frame;
use crate::guest::Exports;
use crate::hostio;
use crate::pages::Pages;
use crate::refusal::Refusal;

/// Native stack that a word of the depth checker's budget may take. The most that was seen is 24 bytes, in functions of
/// 900 live parameters; the rest is margin, which costs address space and no memory.
const NATIVE_BYTES_PER_WORD: usize = 256;

/// Native stack for any program, however small its budget.
const LEAST_NATIVE_STACK: usize = 1 << 20;

/// Instances that may live at once: the EVM's 1,024 nested calls and the outermost, for a few callers side by side.
const MAX_INSTANCES: u32 = 4 * 1025;

/// The engine cannot be had, or failed at something that is no program's fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// wasmtime refuses the machine or the configuration.
    #[error("the WebAssembly engine does not start: {0:#}")]
    Start(#[source] wasmtime::Error),
}

/// A module could not be made into a program.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompileError {
    /// The Stylus VM does not accept the module.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The engine does not accept what the VM does, which is a fault of this crate.
    #[error("the WebAssembly engine cannot compile the instrumented module: {0:#}")]
    Engine(#[source] wasmtime::Error),
}

/// Compiles modules; cheap to clone, and to be shared by all threads.
#[derive(Clone)]
pub struct Engine {
    wasmtime: wasmtime::Engine,
    linker: Arc<Linker<Frame>>,
    max_stack_depth: u32,
}

impl Engine {
    /// An engine for programs whose depth budget is at most that of `config`.
    ///
    /// # Errors
    /// Where wasmtime cannot work on this machine, such as without address space for its pool of memories.
    pub fn new(config: &Config) -> Result<Self, EngineError> {
        let max_stack_depth = config.stylus.max_stack_depth;
        let wasmtime =
            wasmtime::Engine::new(&settings(max_stack_depth)).map_err(EngineError::Start)?;
        let mut linker = Linker::new(&wasmtime);
        hostio::link(&mut linker).map_err(EngineError::Start)?;
        Ok(Self {
            wasmtime,
            linker: Arc::new(linker),
            max_stack_depth,
        })
    }

    /// Checks `wasm` as activation does and compiles it.
    ///
    /// # Errors
    /// The refusal of a module that a chain with `config` would not activate.
    pub fn compile(&self, wasm: &[u8], config: &Config) -> Result<Program, CompileError> {
        let (_, instrumented) = activate::check(wasm, config, Pages(0))?;
        let module = wasmtime::Module::new(&self.wasmtime, instrumented.wasm)
            .map_err(CompileError::Engine)?;
        let exports = Exports::of(&module).ok_or(Refusal::NoMemory)?;
        let instance = self
            .linker
            .instantiate_pre(&module)
            .map_err(CompileError::Engine)?;
        Ok(Program {
            instance,
            exports,
            max_stack_depth: self.max_stack_depth,
        })
    }
}

/// A compiled program; cheap to clone, and to be run any number of times on any thread.
#[derive(Clone)]
pub struct Program {
    pub(crate) instance: InstancePre<Frame>,
    pub(crate) exports: Exports,
    /// The largest depth budget that its engine has native stack for.
    pub(crate) max_stack_depth: u32,
}

/// Native stack, in bytes, that a depth budget of `words` can need.
pub(crate) fn native_stack(words: u32) -> usize {
    (words as usize * NATIVE_BYTES_PER_WORD).max(LEAST_NATIVE_STACK)
}

fn settings(max_stack_depth: u32) -> wasmtime::Config {
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

    let mut settings = wasmtime::Config::new();
    settings
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .cranelift_opt_level(OptLevel::Speed)
        .max_wasm_stack(native_stack(max_stack_depth))
        // Nothing runs asynchronously here, but wasmtime compares the two.
        .async_stack_size(native_stack(max_stack_depth) + (1 << 20))
        // A trap is an outcome here, not something to debug: no backtraces, with or without symbols.
        .wasm_backtrace_max_frames(None::<NonZeroUsize>);
    settings
}
