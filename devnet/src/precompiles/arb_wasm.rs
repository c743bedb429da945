//! ArbWasm (0x71): activating programs, and what the chain stores about them.
//!
//! Lives here: its functions. Not here: checking a module (`stylus_vm`), where its entry is stored (`arbos`).

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::sol;
use stylus_vm::code::{self, Code, CodeError};
use stylus_vm::{Activation, ArbOs, Config, Gas, Refusal};

use crate::arbos::{self, Entry, ProgramError};
use crate::evm::Reason;
use crate::precompiles::call::{Call, Stop};
use crate::precompiles::table::{Function, functions};

sol! {
    #![sol(all_derives)]
    /// Nitro's interface.
    interface ArbWasm {
        function activateProgram(address program) external payable returns (uint16 version, uint256 dataFee);
        function codehashKeepalive(bytes32 codehash) external payable;
        function stylusVersion() external view returns (uint16);
        function codehashVersion(bytes32 codehash) external view returns (uint16);
        function codehashAsmSize(bytes32 codehash) external view returns (uint32);
        function programVersion(address program) external view returns (uint16);
        function programInitGas(address program) external view returns (uint64 gas, uint64 gasWhenCached);
        function programMemoryFootprint(address program) external view returns (uint16);
        function programTimeLeft(address program) external view returns (uint64);
        function inkPrice() external view returns (uint32);
        function maxStackDepth() external view returns (uint32);
        function freePages() external view returns (uint16);
        function pageGas() external view returns (uint16);
        function pageRamp() external view returns (uint64);
        function pageLimit() external view returns (uint16);
        function minInitGas() external view returns (uint64 gas, uint64 cached);
        function initCostScalar() external view returns (uint64);
        function expiryDays() external view returns (uint16);
        function keepaliveDays() external view returns (uint16);
        function blockCacheSize() external view returns (uint16);
        function activationGas() external view returns (uint64);

        event ProgramActivated(bytes32 indexed codehash, bytes32 moduleHash, address program, uint256 dataFee, uint16 version);
        event ProgramLifetimeExtended(bytes32 indexed codehash, uint256 dataFee);

        error ProgramNotWasm();
        error ProgramNotActivated();
        error ProgramNeedsUpgrade(uint16 version, uint16 stylusVersion);
        error ProgramExpired(uint64 ageInSeconds);
        error ProgramUpToDate();
        error ProgramKeepaliveTooSoon(uint64 ageInSeconds);
        error ProgramInsufficientValue(uint256 have, uint256 want);
    }
}

use ArbWasm::*;

/// The result of `pageRamp`; nothing is computed from it.
const PAGE_RAMP: u64 = 620_674_314;

pub(super) const FUNCTIONS: &[Function] = functions! {
    Payable 30 activateProgramCall => |call, it| activate(call, it.program);
    Payable 30 codehashKeepaliveCall => |call, it| keep_alive(call, it.codehash);
    View 30 stylusVersionCall => |call, _| Ok(call.params()?.stylus.version);
    View 30 codehashVersionCall => |call, it| Ok(active(call, it.codehash)?.0.version);
    View 30 codehashAsmSizeCall => |call, it| Ok(active(call, it.codehash)?.0.asm_kib.saturating_mul(1024));
    View 30 programVersionCall => |call, it| Ok(active_at(call, it.program)?.0.version);
    View 30 programInitGasCall => |call, it| {
        let (entry, config) = active_at(call, it.program)?;
        let start = start(&entry);
        let (gas, cached) = (start.call_gas(&config, false), start.call_gas(&config, true));
        Ok(programInitGasReturn { gas: gas.0, gasWhenCached: cached.0 })
    };
    View 30 programMemoryFootprintCall => |call, it| Ok(active_at(call, it.program)?.0.footprint.0);
    View 30 programTimeLeftCall => |call, it| {
        let (entry, config) = active_at(call, it.program)?;
        Ok(arbos::lifetime(&config).saturating_sub(arbos::age(&entry, call.now())))
    };
    View 30 inkPriceCall => |call, _| Ok(call.params()?.stylus.ink_price.ink_per_gas());
    View 30 maxStackDepthCall => |call, _| Ok(call.params()?.stylus.max_stack_depth);
    View 30 freePagesCall => |call, _| Ok(call.params()?.stylus.free_pages.0);
    View 30 pageGasCall => |call, _| Ok(call.params()?.stylus.page_gas);
    View 30 pageRampCall => |call, _| call.params().map(|_| PAGE_RAMP);
    View 30 pageLimitCall => |call, _| Ok(call.params()?.stylus.page_limit.0);
    View 32 minInitGasCall => |call, _| {
        let params = call.params()?.stylus;
        let (gas, cached) = (params.min_init_gas, params.min_cached_init_gas);
        Ok(minInitGasReturn { gas: u64::from(gas) * 128, cached: u64::from(cached) * 32 })
    };
    View 30 initCostScalarCall => |call, _| Ok(u64::from(call.params()?.stylus.init_cost_scalar) * 2);
    View 30 expiryDaysCall => |call, _| Ok(call.params()?.stylus.expiry_days);
    View 30 keepaliveDaysCall => |call, _| Ok(call.params()?.stylus.keepalive_days);
    View 30 blockCacheSizeCall => |call, _| Ok(call.params()?.stylus.block_cache_size);
    View 59 activationGasCall => |call, _| arbos::activation_gas().get(call);
};

/// The cost of starting a program, from its entry.
fn start(entry: &Entry) -> Activation {
    Activation {
        gas: Gas::ZERO,
        init_cost: entry.init_cost,
        cached_init_cost: entry.cached_init_cost,
        asm_estimate: 0,
        footprint: entry.footprint,
    }
}

/// The entry of a callable program, read and paid for.
pub(super) fn active(call: &mut Call<'_>, codehash: B256) -> Result<(Entry, Config), Stop> {
    let config = call.params()?;
    call.pay_reads(1)?;
    let now = call.now();
    let entry =
        arbos::active_program(&mut call.free(), codehash, &config, now).map_err(inactive)?;
    Ok((entry, config))
}

/// The error for a program that may not be called.
pub(super) fn inactive(error: ProgramError) -> Stop {
    match error {
        ProgramError::NotActivated => Stop::error(&ProgramNotActivated {}),
        ProgramError::NeedsUpgrade { version, current } => Stop::error(&ProgramNeedsUpgrade {
            version,
            stylusVersion: current,
        }),
        ProgramError::Expired { age } => Stop::error(&ProgramExpired { ageInSeconds: age }),
    }
}

fn active_at(call: &mut Call<'_>, program: Address) -> Result<(Entry, Config), Stop> {
    let codehash = call.code_hash(program)?;
    active(call, codehash)
}

fn activate(call: &mut Call<'_>, program: Address) -> Result<activateProgramReturn, Stop> {
    if call.arbos() >= ArbOs::STYLUS_3 {
        let gas = arbos::activation_gas().get(call)?;
        call.burn(Gas(gas))?;
    }
    call.burn(Activation::PRECOMPILE_GAS)?;

    let code = call.code(program);
    let code_hash = keccak256(&code);
    let config = call.params()?;
    call.pay_reads(1)?;
    let now = call.now();
    // An expired program, or one of an old version, may be activated again.
    if arbos::active_program(&mut call.free(), code_hash, &config, now).is_ok() {
        return Err(Stop::error(&ProgramUpToDate {}));
    }
    let before = arbos::program(&mut call.free(), code_hash);
    let wasm = module(call, &code, &config)?;

    let open = call.context.chain.transaction.pages.open;
    let programs = call.context.chain.chain.programs.clone();
    let activation = programs
        .activation(code_hash, &wasm, &config, open)
        .map_err(|refusal| Stop::Burn(Reason::NotActivated(explain(&refusal))))?;
    call.burn(activation.gas)?;
    if before.cached {
        call.pay_reads(1)?;
    }
    call.pay_writes(1)?;
    let module_hash = stand_in(code_hash, config.stylus.version);
    arbos::set_module_hash(&mut call.free(), code_hash, module_hash);
    let fee = data_fee(call, activation.asm_estimate)?;
    call.pay_writes(1)?;
    let entry = Entry {
        version: config.stylus.version,
        init_cost: activation.init_cost,
        cached_init_cost: activation.cached_init_cost,
        footprint: activation.footprint,
        activated_at: arbos::hours_since_epoch(now),
        asm_kib: activation.asm_estimate.div_ceil(1024),
        cached: before.cached,
    };
    arbos::set_program(&mut call.free(), code_hash, &entry);

    pay_fee(call, fee)?;
    call.emit(&ProgramActivated {
        codehash: code_hash,
        moduleHash: module_hash,
        program,
        dataFee: fee,
        version: entry.version,
    })?;
    Ok(activateProgramReturn {
        version: entry.version,
        dataFee: fee,
    })
}

fn keep_alive(call: &mut Call<'_>, codehash: B256) -> Result<codehashKeepaliveReturn, Stop> {
    let (entry, config) = active(call, codehash)?;
    let now = call.now();
    let age = arbos::age(&entry, now);
    if age < u64::from(config.stylus.keepalive_days) * 86_400 {
        return Err(Stop::error(&ProgramKeepaliveTooSoon { ageInSeconds: age }));
    }
    let fee = data_fee(call, entry.asm_kib.saturating_mul(1024))?;
    call.pay_writes(1)?;
    let entry = Entry {
        activated_at: arbos::hours_since_epoch(now),
        ..entry
    };
    arbos::set_program(&mut call.free(), codehash, &entry);
    pay_fee(call, fee)?;
    call.emit(&ProgramLifetimeExtended {
        codehash,
        dataFee: fee,
    })?;
    Ok(codehashKeepaliveReturn {})
}

/// The fee for keeping native code, in wei; updates the pricer.
fn data_fee(call: &mut Call<'_>, bytes: u32) -> Result<U256, Stop> {
    call.pay_reads(5)?;
    let now = call.now();
    let mut pricer = arbos::data_pricer(&mut call.free());
    let fee = pricer.update(bytes, now);
    call.pay_write(U256::from(pricer.demand))?;
    call.pay_write(U256::from(pricer.last_update))?;
    arbos::set_data_pricer(&mut call.free(), &pricer);
    Ok(fee)
}

/// Deducts the fee from the value sent and returns the rest.
fn pay_fee(call: &mut Call<'_>, fee: U256) -> Result<(), Stop> {
    let network = arbos::network_fee_account().get(call)?;
    let have = call.value;
    let Some(rest) = have.checked_sub(fee) else {
        return Err(Stop::error(&ProgramInsufficientValue { have, want: fee }));
    };
    call.pay_out(network, fee)?;
    call.pay_out(call.caller, rest)
}

/// The module in an account's code, or spread over several accounts.
fn module(call: &mut Call<'_>, code: &[u8], config: &Config) -> Result<Vec<u8>, Stop> {
    let refuse = |error: CodeError| match error {
        // Before ArbOS 60 only an empty account returns this error.
        CodeError::NotWasm if code.is_empty() || config.arbos >= ArbOs::FRAGMENTS => {
            Stop::error(&ProgramNotWasm {})
        }
        error => Stop::Plain(Reason::NotActivated(error.to_string())),
    };
    let parsed = code::parse(code, config).map_err(refuse)?;
    parsed.check(config).map_err(refuse)?;
    let mut accounts: Vec<Bytes> = Vec::new();
    if let Code::Root { fragments, .. } = &parsed {
        for address in fragments {
            let (account, is_cold) = call.warmed_code(*address);
            let most = code::fragment_read_gas(config.max_code_size as usize, is_cold);
            if call.gas_left < most {
                return Err(Stop::OutOfGas);
            }
            call.burn(code::fragment_read_gas(account.len(), is_cold))?;
            accounts.push(account);
        }
    }
    let slices = accounts.iter().map(|account| code::fragment(account));
    let slices = slices.collect::<Result<Vec<_>, _>>().map_err(refuse)?;
    parsed.decompress(&slices, None, config).map_err(refuse)
}

/// Why a module is refused, and what its author can do. `cargo stylus` takes any text with the name of the host call that
/// pays for memory to mean that the entry point is missing, so the text must avoid it.
fn explain(refusal: &Refusal) -> String {
    let what = match refusal {
        Refusal::NoPayForMemoryGrow { .. } => {
            "the module's memory can grow and nothing pays for it, as no host call for that is imported".to_owned()
        }
        other => other.to_string(),
    };
    match refusal.advice() {
        Some(advice) => format!("{what}: {advice}"),
        None => what,
    }
}

/// The stand-in for the module's hash in the event and the state.
fn stand_in(code_hash: B256, version: u16) -> B256 {
    let mut bytes = code_hash.to_vec();
    bytes.extend_from_slice(&version.to_be_bytes());
    keccak256(bytes)
}
