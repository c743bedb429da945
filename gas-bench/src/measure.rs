//! One case in the Stylus VM: the only file that runs programs.
//!
//! Lives here: calls of the contract, the decoding of its answers, and the configuration that each set of conditions
//! means. Not here: building the contract (`artifact`), arithmetic on figures (`render`).

use alloy_primitives::{Bytes, keccak256};
use stylus_vm::{
    Activation, Call, CompileError, Config, EmptyHost, Engine, EngineError, Gas, Ink, Outcome,
    PageCounters, Pages, Program,
};

use crate::failure::{Cause, FailedChecks};
use crate::measurement::{Measurement, PageCount};
use crate::suite::{Conditions, Function};

/// The gas that the contract is called with: as on chain the most that Arbitrum One grants a transaction, else some ten
/// times the most that was ever published, so that a contract which never ends is noticed.
const fn gas(conditions: Conditions) -> Gas {
    match conditions {
        Conditions::OnChain => Gas(32_000_000),
        Conditions::Published => Gas(1_000_000_000),
    }
}

/// The chain's rules under `conditions`.
pub fn config(conditions: Conditions) -> Config {
    let mut config = Config::default();
    if !conditions.page_costs() {
        config.stylus.free_pages = Pages(u16::MAX);
    }
    config
}

/// An engine for contracts under any conditions.
///
/// # Errors
/// Where the machine cannot run one.
pub fn engine() -> Result<Engine, EngineError> {
    // Conditions differ in the price of memory, which an engine does not depend on.
    Engine::with_user_cache(&config(Conditions::OnChain))
}

/// The contract, loaded under one set of conditions.
pub struct Contract {
    program: Program,
    footprint: Pages,
    config: Config,
    conditions: Conditions,
}

impl Contract {
    /// Loads `wasm` as an activation would.
    ///
    /// # Errors
    /// Where the VM refuses it.
    pub fn load(engine: &Engine, wasm: &[u8], conditions: Conditions) -> Result<Self, Cause> {
        let config = config(conditions);
        let Activation { footprint, .. } =
            stylus_vm::activate(wasm, &config, Pages(0), Gas::MAX).map_err(Box::new)?;
        let program = engine.compile(wasm, &config).map_err(|error| match error {
            CompileError::Refused(refusal) => Cause::Refused(Box::new(refusal)),
            error => Cause::Compile(Box::new(error)),
        })?;
        Ok(Self {
            program,
            footprint,
            config,
            conditions,
        })
    }

    /// Calls `function` once, in a fresh instance.
    ///
    /// # Errors
    /// Where there is no figure to return; the cause says why.
    pub fn measure(&self, function: Function) -> Result<Measurement, Cause> {
        let price = self.config.stylus.ink_price;
        let ink = price.gas_to_ink(gas(self.conditions));
        let calldata = calldata(function, self.conditions.page_limit());
        let call = Call {
            calldata,
            ink,
            ..Call::default()
        };
        let mut host = EmptyHost::with_footprint(self.footprint);
        let report = self
            .program
            .run(&mut host, &self.config, call)
            .map_err(Box::new)?;
        match report.outcome {
            Outcome::Success => {}
            Outcome::Revert => return Err(Cause::Reverted),
            Outcome::Failure => return Err(Cause::Trapped(report.cause)),
            Outcome::OutOfInk => return Err(Cause::OutOfInk(ink)),
            Outcome::OutOfStack => return Err(Cause::OutOfStack),
        }
        let answer = Answer::decode(&report.output).ok_or(Cause::Answer {
            bytes: report.output.len(),
        })?;
        if let Some(failed) = FailedChecks::new(answer.failed) {
            return Err(Cause::Checks(failed));
        }
        Ok(Measurement {
            ink: answer.ink,
            gas: price.ink_to_gas(answer.ink),
            page_gas: self.page_gas(host.pages.open),
            pages: answer.pages,
        })
    }

    /// The price of growing from the footprint to `pages`, in whatever steps. What little grows before the contract
    /// begins to measure stays within the free pages.
    fn page_gas(&self, pages: Pages) -> Gas {
        let counters = PageCounters {
            open: self.footprint,
            ever: self.footprint,
        };
        self.config
            .stylus
            .memory()
            .cost(pages.saturating_sub(self.footprint), counters)
    }
}

/// A Solidity call: the selector, then the argument as a word.
fn calldata(function: Function, page_limit: PageCount) -> Bytes {
    let mut calldata = keccak256(function.signature())[..4].to_vec();
    calldata.extend_from_slice(&[0; 28]);
    calldata.extend_from_slice(&page_limit.0.to_be_bytes());
    calldata.into()
}

/// What the contract's functions return: (uint64 ink, uint32 pages, uint32 failed).
#[derive(PartialEq, Eq, Debug)]
struct Answer {
    ink: Ink,
    pages: PageCount,
    failed: u32,
}

impl Answer {
    fn decode(output: &[u8]) -> Option<Self> {
        let (words, []) = output.as_chunks::<32>() else {
            return None;
        };
        let &[ink, pages, failed] = words else {
            return None;
        };
        Some(Self {
            ink: Ink(number(ink)?),
            pages: PageCount(number(pages)?.try_into().ok()?),
            failed: number(failed)?.try_into().ok()?,
        })
    }
}

/// A word's value where it fits 64 bits.
fn number(word: [u8; 32]) -> Option<u64> {
    let (high, low) = word.split_last_chunk::<8>()?;
    high.iter()
        .all(|&byte| byte == 0)
        .then(|| u64::from_be_bytes(*low))
}

#[cfg(test)]
mod tests {
    use alloy_primitives::hex;

    use super::*;

    /// Words as hexadecimal digits, leading zeros left out.
    fn words(digits: &[&str]) -> Vec<u8> {
        let padded: String = digits.iter().map(|word| format!("{word:0>64}")).collect();
        hex::decode(padded).unwrap()
    }

    #[test]
    fn answers_are_three_words_that_fit() {
        let answer = |ink, pages, failed| {
            Some(Answer {
                ink: Ink(ink),
                pages: PageCount(pages),
                failed,
            })
        };
        for (output, decoded) in [
            (
                words(&["1f51e5", "8021", "0"]),
                answer(2_052_581, 32_801, 0),
            ),
            (
                words(&["ffffffffffffffff", "ffffffff", "ffffffff"]),
                answer(u64::MAX, u32::MAX, u32::MAX),
            ),
            (words(&["10000000000000000", "1", "0"]), None),
            (words(&["1", "100000000", "0"]), None),
            (words(&["1", "1", "100000000"]), None),
            (words(&["1", "1"]), None),
            (words(&["1", "1", "0", "0"]), None),
            (words(&["1", "1", "0"])[1..].to_vec(), None),
            (Vec::new(), None),
        ] {
            assert_eq!(Answer::decode(&output), decoded, "{output:?}");
        }
    }

    #[test]
    fn calls_are_abi_encoded() {
        // Selectors from another implementation of Keccak.
        for (function, page_limit, selector, word) in [
            (Function::Alloc, 65_536, "b5c91877", "10000"),
            (Function::AllocZeroed, 64, "ae290ff6", "40"),
        ] {
            let expected = [hex::decode(selector).unwrap(), words(&[word])].concat();
            assert_eq!(
                calldata(function, PageCount(page_limit)),
                expected,
                "{function:?}"
            );
        }
    }
}
