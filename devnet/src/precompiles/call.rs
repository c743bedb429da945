//! A call of an Arbitrum precompile: what it may do, and what each step costs.
//!
//! Lives here: the rules that all precompiles share: gas, mutability, errors. Not here: their functions, and the list of them
//! (`table`).
//!
//! Figures are those of Nitro's `precompiles` and `arbos/storage`. A call pays as Nitro's code reads, writes and hashes, step by
//! step: totals follow from the steps and are recorded only in tests and the README, which a test measures.

use alloy_primitives::{Address, B256, Bytes, Log, U256, hex};
use alloy_sol_types::{Revert, SolCall, SolError, SolEvent};
use revm::context_interface::JournalTr as _;
use revm::context_interface::journaled_state::account::JournaledAccountTr as _;
use stylus_vm::{ArbOs, Config, Gas};

use crate::arbos::{self, Journal, Slot, Store, Words as _};
use crate::evm::{Context, Reason, peek};
use crate::precompiles::table::{Function, Precompile};

/// Gas for opening the ArbOS state, and for reading a word of it.
const READ: Gas = Gas(800);
/// Gas for writing a word.
const WRITE: Gas = Gas(20_000);
/// Gas for setting a word to zero.
const WRITE_ZERO: Gas = Gas(5_000);
/// Gas for all Stylus parameters together.
const PARAMS: Gas = Gas(100);
/// Gas for an account's code hash, cold or warm.
const CODE_HASH: Gas = Gas(2_600);
/// Gas per word of arguments or results.
const COPY_WORD: Gas = Gas(3);
/// Gas for a hash, and for each word hashed.
const KECCAK: Gas = Gas(30);
const KECCAK_WORD: Gas = Gas(6);
/// Gas for a log and for each of its topics.
const LOG: Gas = Gas(375);
/// Gas per byte of a log.
const LOG_BYTE: Gas = Gas(8);

/// The most words of the ArbOS state that one call may read and write, even free of charge: enough for the longest possible list
/// (65,536 members), and quick.
const MOST_WORDS: u32 = 1 << 17;

/// Why a precompile ends without a result.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Stop {
    /// Out of gas; all of it is lost.
    OutOfGas,
    /// An error with data; the remaining gas is kept.
    Error(Bytes),
    /// An error without data; the remaining gas is kept.
    Plain(Reason),
    /// An error that takes all gas.
    Burn(Reason),
}

impl Stop {
    /// A custom error of an interface.
    pub(super) fn error(error: &impl SolError) -> Self {
        Self::Error(error.abi_encode().into())
    }

    /// An error that Nitro describes but hides from clients; this chain shows it.
    pub(super) fn plain(words: impl Into<String>) -> Self {
        Self::Plain(Reason::Refused(words.into()))
    }

    /// Like [`Self::plain`], for an error that takes all gas.
    pub(super) fn burn(words: impl Into<String>) -> Self {
        Self::Burn(Reason::Refused(words.into()))
    }
}

/// Who may call a function, and how.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Mutability {
    /// Callable in any way; does not read the state.
    Pure,
    /// Not callable by delegate call.
    View,
    /// Not callable by static call either.
    Write,
    /// Also accepts value.
    Payable,
}

/// A running call.
pub(super) struct Call<'a> {
    pub(super) context: &'a mut Context,
    pub(super) precompile: &'static Precompile,
    /// The called function, once known.
    pub(super) function: Option<&'static Function>,
    pub(super) caller: Address,
    pub(super) value: U256,
    pub(super) input: Bytes,
    pub(super) is_static: bool,
    /// Whether it runs on behalf of another account.
    pub(super) is_delegate: bool,
    pub(super) gas_left: Gas,
    /// Whether gas is not counted; owners pay nothing.
    pub(super) is_free: bool,
    /// Words of the ArbOS state read and written so far.
    pub(super) words: u32,
}

impl Store for Call<'_> {
    type Refused = Stop;

    fn read(&mut self, slot: Slot) -> Result<U256, Stop> {
        self.step()?;
        self.burn(READ)?;
        Ok(self.free().word(slot))
    }

    fn write(&mut self, slot: Slot, value: U256) -> Result<(), Stop> {
        self.step()?;
        self.burn(if value.is_zero() { WRITE_ZERO } else { WRITE })?;
        self.free().set_word(slot, value);
        Ok(())
    }

    fn keccak(&mut self, parts: &[&[u8]]) -> Result<B256, Stop> {
        let bytes: usize = parts.iter().map(|part| part.len()).sum();
        self.burn(KECCAK + KECCAK_WORD.saturating_mul(bytes.div_ceil(32) as u64))?;
        Ok(arbos::keccak(parts))
    }
}

impl Call<'_> {
    /// The first four bytes of the input.
    pub(super) fn selector(&self) -> Option<[u8; 4]> {
        self.input.first_chunk().copied()
    }

    /// Finds the called function and runs it, if it may be called in this way.
    pub(super) fn dispatch(&mut self) -> Result<Bytes, Stop> {
        let precompile = self.precompile.name;
        let Some(selector) = self.selector() else {
            let words = format!("{precompile} was called without a function");
            return Err(Stop::burn(words));
        };
        let Some(function) = self.precompile.function(selector) else {
            let selector = hex::encode_prefixed(selector);
            let words = format!("{precompile} has no function {selector}");
            return Err(Stop::burn(words));
        };
        self.function = Some(function);
        let name = function.name();
        let refused = |why: &str| Err(Stop::burn(format!("{precompile}.{name} {why}")));
        let (arbos, mutability) = (self.arbos().number(), function.mutability);
        if arbos < function.since {
            let since = function.since;
            return refused(&format!(
                "exists from ArbOS {since} on, and this chain is at {arbos}"
            ));
        }
        if let Some(until) = function.until
            && arbos > until
        {
            return refused(&format!(
                "exists up to ArbOS {until} only, and this chain is at {arbos}"
            ));
        }
        if mutability < Mutability::Payable && !self.value.is_zero() {
            return refused("takes no value");
        }
        if mutability >= Mutability::Write && self.is_static {
            return refused("writes, and the call is static");
        }
        if mutability >= Mutability::View && self.is_delegate {
            return refused("cannot be called by delegate call");
        }
        (function.run)(self)
    }

    /// Runs the function `C`: decodes its arguments, encodes its result, and charges for both.
    pub(super) fn answer<C: SolCall>(
        &mut self,
        run: impl FnOnce(&mut Self, C) -> Result<C::Return, Stop>,
    ) -> Result<Bytes, Stop> {
        let arguments = self.input.slice(4..);
        if self.mutability() > Mutability::Pure {
            self.burn(READ)?;
        }
        self.copy(arguments.len())?;
        // As in Nitro, a number outside its type's range is refused.
        let Ok(call) = C::abi_decode_raw_validate(&arguments) else {
            let name = self.name();
            return Err(Stop::burn(format!(
                "{name} was called with arguments that are not of its types: {}",
                C::SIGNATURE
            )));
        };
        let returned = run(self, call)?;
        let output = C::abi_encode_returns(&returned);
        self.copy(output.len())?;
        Ok(output.into())
    }

    /// The error of a function that a chain without L1 cannot support; it says so, and why.
    pub(super) fn unavailable(&self, why: &str) -> Stop {
        let text = format!("{} is not available on this devnet: {why}", self.name());
        Stop::error(&Revert::from(text))
    }

    /// The function's name, prefixed by its precompile's.
    fn name(&self) -> String {
        let function = self.function.map_or("", Function::name);
        format!("{}.{function}", self.precompile.name)
    }

    fn mutability(&self) -> Mutability {
        self.function
            .map_or(Mutability::Pure, |function| function.mutability)
    }

    /// The words of the ArbOS state, free of charge.
    pub(super) fn free(&mut self) -> Journal<'_> {
        Journal(self.context)
    }

    /// Spends gas.
    pub(super) fn burn(&mut self, gas: Gas) -> Result<(), Stop> {
        if !self.is_free {
            self.gas_left = self.gas_left.checked_sub(gas).ok_or(Stop::OutOfGas)?;
        }
        Ok(())
    }

    /// Counts a word read or written.
    fn step(&mut self) -> Result<(), Stop> {
        self.words += 1;
        match self.words <= MOST_WORDS {
            true => Ok(()),
            false => Err(Stop::plain(format!(
                "{} would read and write more than {MOST_WORDS} words of the ArbOS state",
                self.name()
            ))),
        }
    }

    /// Pays for copying bytes in or out.
    pub(super) fn copy(&mut self, bytes: usize) -> Result<(), Stop> {
        self.burn(COPY_WORD.saturating_mul(bytes.div_ceil(32) as u64))
    }

    /// Pays for reading a number of words.
    pub(super) fn pay_reads(&mut self, words: u64) -> Result<(), Stop> {
        self.burn(READ.saturating_mul(words))
    }

    /// Pays for writing words to nonzero values.
    pub(super) fn pay_writes(&mut self, words: u64) -> Result<(), Stop> {
        self.burn(WRITE.saturating_mul(words))
    }

    /// Pays for writing a word.
    pub(super) fn pay_write(&mut self, value: U256) -> Result<(), Stop> {
        self.burn(if value.is_zero() { WRITE_ZERO } else { WRITE })
    }

    /// The chain's rules and parameters.
    pub(super) fn params(&mut self) -> Result<Config, Stop> {
        self.burn(PARAMS)?;
        Ok(self.config())
    }

    /// The chain's rules and parameters, already paid for.
    pub(super) fn config(&mut self) -> Config {
        let (debug, most_code) = (
            self.context.chain.chain.debug,
            self.context.chain.chain.max_code_size,
        );
        arbos::vm_config(&mut self.free(), debug, most_code)
    }

    /// The current ArbOS version.
    pub(super) fn arbos(&self) -> ArbOs {
        self.context.chain.block.arbos
    }

    /// Whether the current ArbOS version is at least this one.
    pub(super) fn is_at(&self, arbos: u16) -> bool {
        self.arbos().number() >= arbos
    }

    /// The block's time, in seconds since 1970.
    pub(super) fn now(&self) -> u64 {
        self.context.block.timestamp.saturating_to()
    }

    /// An account's code hash, zero if the account does not exist.
    pub(super) fn code_hash(&mut self, address: Address) -> Result<B256, Stop> {
        self.burn(CODE_HASH)?;
        let info = peek::info(self.context, address);
        Ok(if info.is_empty() {
            B256::ZERO
        } else {
            info.code_hash()
        })
    }

    /// An account's code.
    pub(super) fn code(&self, address: Address) -> Bytes {
        peek::code(self.context, address)
    }

    /// An account's code, and whether the account was cold; it is warm now.
    pub(super) fn warmed_code(&mut self, address: Address) -> (Bytes, bool) {
        let Ok(account) = self.context.journaled_state.load_account_with_code(address);
        let code = account.data.info.code.as_ref();
        (
            code.map(|code| code.original_bytes()).unwrap_or_default(),
            account.is_cold,
        )
    }

    /// An account's wei.
    pub(super) fn balance(&self, address: Address) -> U256 {
        peek::info(self.context, address).balance
    }

    /// Emits an event.
    pub(super) fn emit(&mut self, event: &impl SolEvent) -> Result<(), Stop> {
        if self.mutability() <= Mutability::View {
            let name = self.name();
            return Err(Stop::plain(format!("{name} is a view and may not log")));
        }
        self.log(event)
    }

    /// Emits an event that is not the function's own.
    pub(super) fn log(&mut self, event: &impl SolEvent) -> Result<(), Stop> {
        let data = event.encode_log_data();
        let topics = data.topics().len() as u64;
        let bytes = data.data.len() as u64;
        self.burn(LOG.saturating_mul(1 + topics) + LOG_BYTE.saturating_mul(bytes))?;
        self.context.journaled_state.log(Log {
            address: self.precompile.address,
            data,
        });
        Ok(())
    }

    /// Moves wei from the precompile to an account.
    pub(super) fn pay_out(&mut self, to: Address, amount: U256) -> Result<(), Stop> {
        self.pay(self.precompile.address, to, amount)
    }

    /// Moves wei from one account to another.
    pub(super) fn pay(&mut self, from: Address, to: Address, amount: U256) -> Result<(), Stop> {
        let Ok(failed) = peek::unwarmed(self.context, &[from, to], |journal| {
            journal.transfer(from, to, amount)
        });
        match failed {
            None => Ok(()),
            Some(error) => Err(Stop::plain(format!(
                "cannot pay {amount} wei to {to}: {error:?}"
            ))),
        }
    }

    /// Mints wei. Returns whether the account can hold them.
    pub(super) fn mint(&mut self, to: Address, amount: U256) -> bool {
        peek::unwarmed(self.context, &[to], |journal| {
            let Ok(mut account) = journal.load_account_mut(to);
            account.data.incr_balance(amount)
        })
    }

    /// Burns wei. Returns whether the account has them.
    pub(super) fn destroy(&mut self, from: Address, amount: U256) -> bool {
        peek::unwarmed(self.context, &[from], |journal| {
            let Ok(mut account) = journal.load_account_mut(from);
            account.data.decr_balance(amount)
        })
    }
}
