//! A call of one of Arbitrum's precompiles: what it may do, and what each step costs.
//!
//! Lives here: the rules that all of them share: gas, mutability, errors. Not here: what any of them does.
//!
//! Figures are those of Nitro's `precompiles` and `arbos/storage`.

use alloy_primitives::{Address, B256, Bytes, Log, U256};
use alloy_sol_types::{SolCall, SolError, SolEvent};
use revm::context_interface::JournalTr as _;
use stylus_vm::{ArbOs, Config};

use crate::arbos::{self, Journal, Slot, Words};
use crate::evm::Context;

/// Gas for opening the ArbOS state, and for reading a word of it.
const READ: u64 = 800;
/// Gas for writing a word.
const WRITE: u64 = 20_000;
/// Gas for writing a word that becomes zero.
const WRITE_ZERO: u64 = 5_000;
/// Gas for the Stylus parameters, all at once.
const PARAMS: u64 = 100;
/// Gas for an account's code hash, cold or not.
const CODE_HASH: u64 = 2_600;
/// Gas for a word of arguments or results.
const COPY_WORD: u64 = 3;
/// Gas for a log and for each of its topics.
const LOG: u64 = 375;
/// Gas for a byte of a log.
const LOG_BYTE: u64 = 8;

/// Why a precompile ends without a result.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Stop {
    /// There is not enough gas; all of it is gone.
    OutOfGas,
    /// An error with data; what gas is left stays.
    Error(Bytes),
    /// An error without data; what gas is left stays.
    Plain(String),
    /// An error that takes all gas.
    Burn(String),
}

impl Stop {
    /// A custom error of an interface.
    pub(super) fn error(error: &impl SolError) -> Self {
        Self::Error(error.abi_encode().into())
    }
}

/// Who may call a function, and how.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Mutability {
    /// Anybody, anyhow; it does not look at the state.
    Pure,
    /// Not by delegate call.
    View,
    /// Not in a static call either.
    Write,
    /// With value, too.
    Payable,
}

/// A call while it runs.
pub(super) struct Call<'a> {
    pub(super) context: &'a mut Context,
    /// The precompile.
    pub(super) address: Address,
    pub(super) caller: Address,
    pub(super) value: U256,
    pub(super) input: Bytes,
    pub(super) is_static: bool,
    /// Whether it runs on behalf of another account.
    pub(super) is_delegate: bool,
    pub(super) gas_left: u64,
    /// Whether gas is counted at all; owners pay for nothing.
    pub(super) is_free: bool,
}

impl Words for Call<'_> {
    fn word(&mut self, slot: Slot) -> U256 {
        Journal(self.context).word(slot)
    }

    fn set_word(&mut self, slot: Slot, value: U256) {
        Journal(self.context).set_word(slot, value);
    }
}

impl Call<'_> {
    /// The first four bytes.
    pub(super) fn selector(&self) -> Option<[u8; 4]> {
        self.input.first_chunk().copied()
    }

    /// Runs the function `C`, whose rules are `mutability` and existence since `since`.
    pub(super) fn function<C: SolCall>(
        &mut self,
        mutability: Mutability,
        since: u16,
        run: impl FnOnce(&mut Self, C) -> Result<C::Return, Stop>,
    ) -> Result<Bytes, Stop> {
        let name = C::SIGNATURE;
        let refused = |why: &str| Err(Stop::Burn(format!("{name} {why}")));
        if self.context.chain.arbos.number() < since {
            return refused(&format!("exists from ArbOS {since} on"));
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
        let arguments = self.input.slice(4..);
        if mutability > Mutability::Pure {
            self.burn(READ)?;
        }
        self.copy(arguments.len())?;
        let Ok(call) = C::abi_decode_raw(&arguments) else {
            return refused("was called with arguments that are not of its types");
        };
        let returned = run(self, call)?;
        let output = C::abi_encode_returns(&returned);
        self.copy(output.len())?;
        Ok(output.into())
    }

    /// Spends gas.
    pub(super) fn burn(&mut self, gas: u64) -> Result<(), Stop> {
        if !self.is_free {
            self.gas_left = self.gas_left.checked_sub(gas).ok_or(Stop::OutOfGas)?;
        }
        Ok(())
    }

    /// Pays for copying bytes in or out.
    pub(super) fn copy(&mut self, bytes: usize) -> Result<(), Stop> {
        self.burn(COPY_WORD * bytes.div_ceil(32) as u64)
    }

    /// Pays for reading a number of words.
    pub(super) fn pay_reads(&mut self, words: u64) -> Result<(), Stop> {
        self.burn(READ.saturating_mul(words))
    }

    /// Pays for writing words that do not become zero.
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
        let (debug, most_code) = (self.context.chain.debug, self.context.chain.max_code_size);
        arbos::vm_config(&mut Journal(self.context), debug, most_code)
    }

    /// The ArbOS version in force.
    pub(super) fn arbos(&self) -> ArbOs {
        self.context.chain.arbos
    }

    /// The block's time, in seconds since 1970.
    pub(super) fn now(&self) -> u64 {
        self.context.block.timestamp.saturating_to()
    }

    /// An account's code hash, zero where there is no account.
    pub(super) fn code_hash(&mut self, address: Address) -> Result<B256, Stop> {
        self.burn(CODE_HASH)?;
        let Ok(account) = self.context.journaled_state.load_account(address);
        let info = &account.data.info;
        Ok(if info.is_empty() {
            B256::ZERO
        } else {
            info.code_hash()
        })
    }

    /// An account's code, and whether the account was cold; it is warm now.
    pub(super) fn code(&mut self, address: Address) -> (Bytes, bool) {
        let Ok(account) = self.context.journaled_state.load_account_with_code(address);
        let code = account.data.info.code.as_ref();
        (
            code.map(|code| code.original_bytes()).unwrap_or_default(),
            account.is_cold,
        )
    }

    /// Emits an event.
    pub(super) fn emit(&mut self, event: &impl SolEvent) -> Result<(), Stop> {
        let data = event.encode_log_data();
        let topics = data.topics().len() as u64;
        self.burn(LOG * (1 + topics) + LOG_BYTE * data.data.len() as u64)?;
        self.context.journaled_state.log(Log {
            address: self.address,
            data,
        });
        Ok(())
    }

    /// Moves wei from the precompile to an account.
    pub(super) fn pay_out(&mut self, to: Address, amount: U256) -> Result<(), Stop> {
        let Ok(failed) = self
            .context
            .journaled_state
            .transfer(self.address, to, amount);
        match failed {
            None => Ok(()),
            Some(error) => Err(Stop::Plain(format!(
                "cannot pay {amount} wei to {to}: {error:?}"
            ))),
        }
    }
}

/// The functions of a precompile: how each may be called, since which ArbOS, its type, what it does.
macro_rules! functions {
    ($($mutability:ident $since:literal $function:ty => $run:expr;)*) => {
        /// Runs the function that is called; `None` where there is none.
        pub(super) fn run(call: &mut Call<'_>) -> Option<Result<Bytes, Stop>> {
            match call.selector()? {
                $(<$function as alloy_sol_types::SolCall>::SELECTOR => {
                    Some(call.function::<$function>(Mutability::$mutability, $since, $run))
                })*
                _ => None,
            }
        }
    };
}
pub(super) use functions;
