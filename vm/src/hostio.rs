//! Host calls: the one table of everything that a program can import, and how each is entered.
//!
//! Lives here: names, signatures and the functions behind them, plus what all of them share: paying, and reaching the
//! guest and the chain. Not here: what a call does (one file per family), what it costs (`prices`).
//!
//! Each call works in the order that the protocol lists, because a program that runs out of ink or passes a bad pointer
//! half-way has paid for what came before. A failure refunds nothing.

mod account;
mod block;
mod call;
mod console;
mod crypto;
mod io;
mod log;
mod math;
mod message;
mod meter;
mod storage;
mod transaction;

use alloy_primitives::{Address, B256, U256};
use wasmparser::ValType;
use wasmtime::{Caller, Linker};

use crate::config::ArbOs;
use crate::frame::{Frame, Stop, Watcher};
use crate::guest::{Guest, GuestMemory, Reserve};
use crate::host::{Host, Step};
use crate::ink::{Gas, Ink};
use crate::prices;
use crate::profile::record::{Moment, Recorder};
use crate::stack::Waiting;

/// The type of an import.
#[derive(Clone, Copy)]
pub(crate) struct Signature {
    pub(crate) params: &'static [ValType],
    pub(crate) results: &'static [ValType],
}

macro_rules! host_type {
    (i32) => {
        u32
    };
    (i64) => {
        u64
    };
    (f32) => {
        f32
    };
    (f64) => {
        f64
    };
}

macro_rules! wasm_type {
    (i32) => {
        ValType::I32
    };
    (i64) => {
        ValType::I64
    };
    (f32) => {
        ValType::F32
    };
    (f64) => {
        ValType::F64
    };
}

/// Generates from one table both the signatures that activation checks and the functions that a run links.
macro_rules! hostios {
    (
        $signatures:ident, $link:ident, $module:literal:
        $($name:ident ( $($arg:ident: $param:ident),* ) $(-> $result:ident)? = $answer:path;)*
    ) => {
        /// Every import of the module, with its type.
        const $signatures: &[(&str, Signature)] = &[$(
            (stringify!($name), Signature {
                params: &[$(wasm_type!($param)),*],
                results: &[$(wasm_type!($result))?],
            }),
        )*];

        /// Adds every import of the module to `linker`.
        fn $link(linker: &mut Linker<Frame>) -> wasmtime::Result<()> {
            $(linker.func_wrap(
                $module,
                stringify!($name),
                |caller: Caller<'_, Frame>, $($arg: host_type!($param),)* metered: u64| {
                    enter(stringify!($name), caller, metered, |hostio| $answer(hostio, $($arg),*))
                },
            )?;)*
            Ok(())
        }
    };
}

hostios! { VM_HOOKS, link_vm_hooks, "vm_hooks":
    read_args(ptr: i32) = io::read_args;
    write_result(ptr: i32, len: i32) = io::write_result;
    exit_early(status: i32) = io::exit_early;
    read_return_data(dest: i32, offset: i32, size: i32) -> i32 = io::read_return_data;
    return_data_size() -> i32 = io::return_data_size;

    storage_load_bytes32(key: i32, dest: i32) = storage::load;
    storage_cache_bytes32(key: i32, value: i32) = storage::cache;
    storage_flush_cache(clear: i32) = storage::flush;
    transient_load_bytes32(key: i32, dest: i32) = storage::transient_load;
    transient_store_bytes32(key: i32, value: i32) = storage::transient_store;

    call_contract(target: i32, data: i32, len: i32, value: i32, gas: i64, ret_len: i32) -> i32 = call::call;
    delegate_call_contract(target: i32, data: i32, len: i32, gas: i64, ret_len: i32) -> i32 = call::delegate_call;
    static_call_contract(target: i32, data: i32, len: i32, gas: i64, ret_len: i32) -> i32 = call::static_call;
    create1(code: i32, len: i32, endowment: i32, contract: i32, revert_len: i32) = call::create1;
    create2(code: i32, len: i32, endowment: i32, salt: i32, contract: i32, revert_len: i32) = call::create2;

    emit_log(data: i32, len: i32, topics: i32) = log::emit;

    account_balance(address: i32, dest: i32) = account::balance;
    account_code(address: i32, offset: i32, size: i32, dest: i32) -> i32 = account::code;
    account_code_size(address: i32) -> i32 = account::code_size;
    account_codehash(address: i32, dest: i32) = account::code_hash;

    evm_gas_left() -> i64 = meter::gas_left;
    evm_ink_left() -> i64 = meter::ink_left;
    pay_for_memory_grow(pages: i32) = meter::pay_for_memory_grow;

    block_basefee(dest: i32) = block::base_fee;
    chainid() -> i64 = block::chain_id;
    block_coinbase(dest: i32) = block::coinbase;
    block_gas_limit() -> i64 = block::gas_limit;
    block_number() -> i64 = block::number;
    block_timestamp() -> i64 = block::timestamp;

    contract_address(dest: i32) = message::contract;
    msg_reentrant() -> i32 = message::reentrant;
    msg_sender(dest: i32) = message::sender;
    msg_value(dest: i32) = message::value;
    tx_gas_price(dest: i32) = transaction::gas_price;
    tx_ink_price() -> i32 = transaction::ink_price;
    tx_origin(dest: i32) = transaction::origin;

    math_div(value: i32, divisor: i32) = math::div;
    math_mod(value: i32, modulus: i32) = math::modulo;
    math_pow(value: i32, exponent: i32) = math::pow;
    math_add_mod(value: i32, addend: i32, modulus: i32) = math::add_mod;
    math_mul_mod(value: i32, multiplier: i32, modulus: i32) = math::mul_mod;
    native_keccak256(input: i32, len: i32, output: i32) = crypto::keccak256;
}

hostios! { CONSOLE, link_console, "console":
    log_txt(text: i32, len: i32) = console::log_text;
    log_i32(value: i32) = console::log_i32;
    log_i64(value: i64) = console::log_i64;
    log_f32(value: f32) = console::log;
    log_f64(value: f64) = console::log;
    tee_i32(value: i32) -> i32 = console::tee_i32;
    tee_i64(value: i64) -> i64 = console::tee_i64;
    tee_f32(value: f32) -> f32 = console::tee;
    tee_f64(value: f64) -> f64 = console::tee;
}

/// The type of the import `module`.`name`, if it exists; the console exists only on debug chains.
pub(crate) fn signature(module: &str, name: &str, debug: bool) -> Option<Signature> {
    let table = match module {
        "vm_hooks" => VM_HOOKS,
        "console" if debug => CONSOLE,
        _ => return None,
    };
    table
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, signature)| *signature)
}

/// Adds every host call to `linker`. Activation decides which imports a program may have.
pub(crate) fn link(linker: &mut Linker<Frame>) -> wasmtime::Result<()> {
    link_vm_hooks(linker)?;
    link_console(linker)
}

/// A host call's answer together with the meter's count, in the form that the program receives.
trait Answer {
    type WithCount;

    fn with_count(self, metered: u64) -> Self::WithCount;
}

impl Answer for () {
    type WithCount = u64;

    fn with_count(self, metered: u64) -> u64 {
        metered
    }
}

macro_rules! answers {
    ($($number:ty)*) => {$(
        impl Answer for $number {
            type WithCount = (Self, u64);

            fn with_count(self, metered: u64) -> (Self, u64) {
                (self, metered)
            }
        }
    )*};
}

answers!(u32 u64 f32 f64);

/// Runs one host call with the meter's count; a reason to end the program is left in the frame for the run to find.
#[inline]
fn enter<R: Answer>(
    name: &'static str,
    mut caller: Caller<'_, Frame>,
    metered: u64,
    answer: impl FnOnce(&mut Hostio<'_>) -> Result<R, Stop>,
) -> wasmtime::Result<R::WithCount> {
    let frame = caller.data_mut();
    let Some(Guest { memory, .. }) = frame.guest else {
        return Err(wasmtime::Error::msg("a host call before the run began"));
    };
    let is_watched = frame.is_tracing || frame.watcher.is_some();
    let mut hostio = Hostio {
        ink: frame.reserve.join(metered),
        memory,
        caller,
        step: None,
    };
    if is_watched {
        hostio.begin(name);
    }
    let answer = answer(&mut hostio);
    if is_watched {
        hostio.end(matches!(answer, Ok(_) | Err(Stop::Exit(_))));
    }
    let (metered, reserve) = Reserve::split(hostio.ink);
    hostio.frame().reserve = reserve;
    match answer {
        Ok(answer) => Ok(answer.with_count(metered)),
        Err(stop) => Err(hostio.stop(stop, metered)),
    }
}

/// One running host call.
struct Hostio<'a> {
    caller: Caller<'a, Frame>,
    memory: GuestMemory,
    /// Ink left.
    ink: Ink,
    /// The trace record of the call, if someone is listening. Reading and writing buffers adds to it automatically.
    step: Option<Box<Step>>,
}

impl Hostio<'_> {
    fn frame(&mut self) -> &mut Frame {
        self.caller.data_mut()
    }

    fn host(&mut self) -> &mut dyn Host {
        self.frame().host()
    }

    /// Counts the program's native stack for as long as it waits for a call that it makes.
    fn wait(&mut self) -> Waiting {
        let guest = self.frame().guest;
        let left = guest.map_or(0, |guest| guest.stack_left(&mut self.caller));
        let frame = self.frame();
        let used = u64::from(frame.words.saturating_sub(left));
        Waiting::begin(used.saturating_mul(frame.bytes_per_word))
    }

    /// Ends the program. Its meter gets the count back here, because no more of its own code will run.
    #[cold]
    fn stop(&mut self, stop: Stop, metered: u64) -> wasmtime::Error {
        if let Some(guest) = self.frame().guest {
            guest.set_metered(&mut self.caller, metered);
        }
        self.frame().stop = Some(stop);
        // The run reads the reason from the frame; the error only unwinds the program.
        wasmtime::Error::msg("stopped by a host call")
    }

    /// Informs the recorder, in a profiled run.
    fn record(&mut self, event: impl FnOnce(&mut Recorder, Ink)) {
        let now = Moment::of(self.ink, self.memory, &self.caller);
        if let Some(recorder) = self.frame().recorder() {
            recorder.memory(now);
            event(recorder, now.ink_left);
        }
    }

    /// Begins recording the call, in a watched run.
    #[cold]
    fn begin(&mut self, name: &'static str) {
        let frame = self.frame();
        if frame.is_tracing || matches!(frame.watcher, Some(Watcher::Calls(_))) {
            self.step = Some(Box::new(Step {
                name,
                args: Vec::new(),
                outs: Vec::new(),
                start_ink: self.ink,
                end_ink: Ink::ZERO,
            }));
        }
        self.record(|recorder, ink_left| recorder.enter_hostio(name, ink_left));
    }

    /// Ends recording the call, in a watched run; a failed call is not traced.
    #[cold]
    fn end(&mut self, is_whole: bool) {
        self.record(Recorder::leave);
        let Some(mut step) = self.step.take() else {
            return;
        };
        step.end_ink = self.ink;
        let frame = self.frame();
        if let Some(Watcher::Calls(calls)) = &mut frame.watcher {
            calls.note(&step, is_whole);
        }
        if frame.is_tracing && is_whole {
            self.host().trace(*step);
        }
    }

    /// Adds to the call's trace record what reading and writing buffers does not.
    fn tell(&mut self, tell: impl FnOnce(&mut Step)) {
        if let Some(step) = &mut self.step {
            tell(step);
        }
    }

    fn since(&mut self, version: ArbOs) -> bool {
        self.frame().config.arbos >= version
    }

    fn gas_left(&mut self) -> Gas {
        let ink = self.ink;
        self.frame().config.stylus.ink_price.ink_to_gas(ink)
    }

    /// Spends `ink`; having exactly that much suffices.
    fn pay(&mut self, ink: Ink) -> Result<(), Stop> {
        self.ink = self.ink.checked_sub(ink).ok_or(Stop::OutOfInk)?;
        Ok(())
    }

    /// Spends the ink that `gas` is worth.
    fn buy(&mut self, gas: Gas) -> Result<(), Stop> {
        let price = self.frame().config.stylus.ink_price;
        self.pay(price.gas_to_ink(gas))
    }

    /// Checks that `gas` would be affordable without spending it.
    fn require(&mut self, gas: Gas) -> Result<(), Stop> {
        let price = self.frame().config.stylus.ink_price;
        self.ink
            .checked_sub(price.gas_to_ink(gas))
            .map(|_| ())
            .ok_or(Stop::OutOfInk)
    }

    fn read(&mut self, ptr: u32, len: u32) -> Result<Vec<u8>, Stop> {
        let bytes = self.memory.read(&self.caller, ptr, len)?.to_vec();
        self.tell(|step| step.args.extend_from_slice(&bytes));
        Ok(bytes)
    }

    fn read_array<const N: usize>(&mut self, ptr: u32) -> Result<[u8; N], Stop> {
        let bytes = self.memory.read_array(&self.caller, ptr)?;
        self.tell(|step| step.args.extend_from_slice(&bytes));
        Ok(bytes)
    }

    fn read_bytes32(&mut self, ptr: u32) -> Result<B256, Stop> {
        self.read_array(ptr).map(B256::new)
    }

    fn read_word(&mut self, ptr: u32) -> Result<U256, Stop> {
        self.read_array::<32>(ptr).map(U256::from_be_bytes)
    }

    fn read_address(&mut self, ptr: u32) -> Result<Address, Stop> {
        self.read_array(ptr).map(Address::new)
    }

    fn write(&mut self, ptr: u32, bytes: &[u8]) -> Result<(), Stop> {
        self.memory.write(&mut self.caller, ptr, bytes)?;
        self.tell(|step| step.outs.extend_from_slice(bytes));
        Ok(())
    }

    fn write_word(&mut self, ptr: u32, word: U256) -> Result<(), Stop> {
        self.write(ptr, &word.to_be_bytes::<32>())
    }

    /// Returns a number to the guest.
    fn answer<const N: usize, T: Copy>(
        &mut self,
        number: T,
        bytes: impl Fn(T) -> [u8; N],
    ) -> Result<T, Stop> {
        self.tell(|step| step.outs.extend_from_slice(&bytes(number)));
        Ok(number)
    }

    /// Writes a number for the guest itself, in its own byte order.
    fn write_u32(&mut self, ptr: u32, number: u32) -> Result<(), Stop> {
        self.write(ptr, &number.to_le_bytes())
    }

    /// The gas for asking the chain. Before [`ArbOs::CHARGING_FIXES`], chains took its price in ink for gas, without converting it.
    fn evm_api_gas(&mut self) -> Gas {
        if self.since(ArbOs::CHARGING_FIXES) {
            self.frame()
                .config
                .stylus
                .ink_price
                .ink_to_gas(prices::EVM_API)
        } else {
            Gas(prices::EVM_API.0)
        }
    }
}
