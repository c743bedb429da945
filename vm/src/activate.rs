//! Activation: would a chain accept this module as a program, at what cost, and what will each call cost?
//!
//! Lives here: the order of the checks, the activation charges and the estimates that are stored with a program. Not
//! here: the checks themselves (`module`, `limits`, `instrument`), the chain's fees around them.

use crate::config::{ArbOs, Config, StylusParams};
use crate::ink::Gas;
use crate::instrument::{ADDED_GLOBALS, Instrumented, instrument};
use crate::limits;
use crate::module::Module;
use crate::pages::Pages;
use crate::prices::{cached_start, native, prover, start};
use crate::refusal::Refusal;

/// What the chain stores with a program, and what activating it used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Activation {
    /// Gas used by checking and translating the module, without the precompile's own.
    pub gas: Gas,
    /// The estimate behind the gas of each uncached call.
    pub init_cost: u16,
    /// The estimate behind the gas of each cached call.
    pub cached_init_cost: u16,
    /// Estimated bytes of native code; the data fee pays for them.
    pub asm_estimate: u32,
    /// Pages of memory that each call starts with.
    pub footprint: Pages,
}

impl Activation {
    /// Gas that ArbWasm burns before it looks at a module, on top of [`Self::gas`] (Nitro, `precompiles/ArbWasm.go`).
    pub const PRECOMPILE_GAS: Gas = Gas(1_659_168);

    /// Whether a transaction can pay for it.
    pub fn is_affordable(&self) -> bool {
        self.gas.saturating_add(Self::PRECOMPILE_GAS) <= Config::TRANSACTION_GAS
    }

    /// Gas to start the program in a call, by Stylus version; `cached` if the chain's cache holds it.
    pub fn call_gas(&self, config: &Config, cached: bool) -> Gas {
        let params = &config.stylus;
        let cached_gas = Gas(u64::from(params.min_cached_init_gas) * 32)
            .saturating_add(share(self.cached_init_cost, params.cached_cost_scalar));
        if cached {
            return cached_gas;
        }
        let init_gas = Gas(u64::from(params.min_init_gas) * 128)
            .saturating_add(share(self.init_cost, params.init_cost_scalar));
        // Version 1 counted the cached cost within the init cost.
        if params.version == 1 {
            init_gas
        } else {
            init_gas.saturating_add(cached_gas)
        }
    }
}

/// `cost` scaled by units of 2 %, rounded up.
fn share(cost: u16, scalar: u8) -> Gas {
    Gas((u64::from(cost) * u64::from(scalar) * 2).div_ceil(100))
}

/// Activates `wasm`, the decompressed module, with at most `gas` to spend and `open_pages` held by the transaction.
///
/// # Errors
/// Why the chain refuses the module; the chain then takes all of `gas`.
pub fn activate(
    wasm: &[u8],
    config: &Config,
    open_pages: Pages,
    gas: Gas,
) -> Result<Activation, Refusal> {
    let (module, instrumented, estimates) = check(wasm, config, open_pages)?;
    let gas = charge(&module, &instrumented, config, gas)?;
    Ok(Activation { gas, ..estimates })
}

/// Decodes, instruments and checks, in the order that decides which refusal a module with several faults gets. The
/// returned activation has no gas charged yet.
pub(crate) fn check<'a>(
    wasm: &'a [u8],
    config: &Config,
    open_pages: Pages,
) -> Result<(Module<'a>, Instrumented, Activation), Refusal> {
    let version = config.stylus.version;
    if version > StylusParams::LAST_VERSION {
        return Err(Refusal::StylusVersion { version });
    }
    let module = Module::decode(wasm, config)?;
    limits::check(
        &module,
        config,
        config.stylus.page_limit.saturating_sub(open_pages),
    )?;
    let instrumented = instrument(&module, version)?;
    // The estimates must fit their stored widths, whatever activation costs.
    let estimates = estimate(&module, config)?;
    Ok((module, instrumented, estimates))
}

/// Charges gas for the prover's work, item by item. Returns what was spent.
fn charge(
    module: &Module<'_>,
    instrumented: &Instrumented,
    config: &Config,
    limit: Gas,
) -> Result<Gas, Refusal> {
    let payload: u64 = module
        .data
        .iter()
        .map(|segment| segment.data.len() as u64)
        .sum();
    let mut items = vec![
        ("functions", prover::FUNCTION, module.functions.len() as u64),
        ("data", prover::SEGMENT_BYTE, payload),
        ("elements", prover::SEGMENT_BYTE, encoded_elements(module)),
        ("memory", prover::PAGE, footprint(module)),
        ("operators", prover::OPERATOR, instrumented.operators),
    ];
    if config.arbos >= ArbOs::CHARGING_FIXES {
        items.insert(0, ("the wasm's bytes", prover::BYTE, module.size as u64));
    }
    let mut left = limit;
    for (item, rate, count) in items {
        let price = prover::MICROSECOND.saturating_mul(rate.of(count));
        left = left.checked_sub(price).ok_or(Refusal::OutOfGas { item })?;
    }
    Ok(limit - left)
}

/// The estimates; each term is rounded down separately.
fn estimate(module: &Module<'_>, config: &Config) -> Result<Activation, Refusal> {
    let functions = module.functions.len() as u64;
    let signature = |type_index: &u32| {
        let ty = module.types.get(*type_index as usize);
        ty.map_or(0, |ty| (ty.params().len() + ty.results().len()) as u64)
    };
    let types: u64 = module.functions.iter().map(signature).sum();
    let wasm = module.size as u64;
    let globals = module.globals.len() as u64 + u64::from(ADDED_GLOBALS);
    let data = module.data.iter().map(|segment| segment.range.len() as u64);
    let data = data.sum::<u64>() + encoded_elements(module);
    let pages = footprint(module);

    let asm = native::BASE
        + native::FUNCTION.of(functions)
        + native::TYPE.of(types)
        + native::BYTE.of(wasm);
    let cached = cached_start::FUNCTION.of(functions)
        + cached_start::TYPE.of(types)
        + cached_start::BYTE.of(wasm)
        + cached_start::GLOBAL.of(globals)
        + cached_start::SEGMENT_BYTE.of(data)
        + cached_start::PAGE.of(pages);
    let base = if config.stylus.version == 1 {
        cached
    } else {
        0
    };
    let init = base + start::FUNCTION.of(functions) + start::TYPE.of(types) + start::BYTE.of(wasm);

    let stored =
        |what, cost: u64| u16::try_from(cost).map_err(|_| Refusal::CostTooLarge { what, cost });
    Ok(Activation {
        gas: Gas::ZERO,
        init_cost: stored("init cost", init)?,
        cached_init_cost: stored("cached init cost", cached)?,
        asm_estimate: asm.try_into().unwrap_or(u32::MAX),
        footprint: Pages(pages as u16),
    })
}

/// Encoded bytes of all element segments.
fn encoded_elements(module: &Module<'_>) -> u64 {
    module
        .elements
        .iter()
        .map(|element| element.range.len() as u64)
        .sum()
}

/// Initial pages; `limits` has checked that they are few.
fn footprint(module: &Module<'_>) -> u64 {
    module.memory.map_or(0, |memory| memory.initial)
}
