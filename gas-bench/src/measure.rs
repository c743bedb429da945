//! One case on a chain: the only file that calls the contract.
//!
//! Lives here: calls of the contract, the decoding of its answers, and what each set of conditions means on a chain. Not
//! here: building the contract (`artifact`), speaking to a node (`node`), arithmetic on figures (`content`).
//!
//! The contract reads its own ink off the meter and returns the difference, so that a call's answer is the figure, on any
//! node. What of it was for pages follows from the pages in the answer and the chain's own parameters.

use alloy_primitives::{Address, Bytes, keccak256};
use stylus_vm::{Config, Gas, Ink, PageCounters, Pages};

use crate::failure::{Cause, FailedChecks};
use crate::measurement::{Measurement, PageCount};
use crate::node::{CallError, Node};
use crate::suite::{Conditions, Function};

/// The gas that the contract is called with: as on chain the most that Arbitrum grants a transaction, else the most that
/// nodes grant a call, which is more than was ever published.
const fn gas(conditions: Conditions) -> Gas {
    match conditions {
        Conditions::OnChain => Gas(32_000_000),
        Conditions::Published => Gas(50_000_000),
    }
}

/// The contract on a chain.
pub struct Contract<'a> {
    node: &'a Node,
    address: Address,
    footprint: Pages,
    config: Config,
}

impl<'a> Contract<'a> {
    /// Deploys and activates the program whose account holds `code`.
    ///
    /// # Errors
    /// Where the chain refuses it.
    pub fn deploy(node: &'a Node, code: &[u8]) -> Result<Self, Cause> {
        let address = node.deploy(code)?;
        node.activate(address).map_err(|error| match error {
            CallError::Refused(reason) => {
                let reason = reason
                    .strip_prefix("program activation failed: ")
                    .unwrap_or(&reason);
                Cause::Refused(reason.to_owned())
            }
            CallError::Node(error) => error.into(),
        })?;
        Ok(Self {
            node,
            address,
            footprint: node.footprint(address)?,
            config: node.config()?,
        })
    }

    /// Calls each function once under `conditions`; between two of them `done` is told.
    ///
    /// # Errors
    /// Where the conditions cannot be had on this chain.
    pub fn measure(
        &mut self,
        conditions: Conditions,
        mut each: impl FnMut(Function, Result<Measurement, Cause>),
        before: impl Fn(Function),
    ) -> Result<(), Cause> {
        let usual = self.config.stylus;
        let free = !conditions.page_costs();
        if free {
            // The limit on open pages holds for free ones, too.
            self.set_pages(Pages(u16::MAX), Pages(u16::MAX))?;
        }
        for &function in Function::ALL {
            before(function);
            each(function, self.call(conditions, function));
        }
        if free {
            self.set_pages(usual.free_pages, usual.page_limit)?;
        }
        Ok(())
    }

    fn set_pages(&mut self, free: Pages, limit: Pages) -> Result<(), Cause> {
        self.node.set_pages(free, limit)?;
        let params = &mut self.config.stylus;
        (params.free_pages, params.page_limit) = (free, limit);
        Ok(())
    }

    fn call(&self, conditions: Conditions, function: Function) -> Result<Measurement, Cause> {
        let gas = gas(conditions);
        let input = calldata(function, conditions);
        let output = match self.node.call(self.address, input, gas) {
            Ok(output) => output,
            Err(CallError::Node(error)) => return Err(error.into()),
            Err(CallError::Refused(reason)) => return Err(refused(&reason, gas)),
        };
        let answer = Answer::decode(&output).ok_or(Cause::Answer {
            bytes: output.len(),
        })?;
        if let Some(failed) = FailedChecks::new(answer.failed) {
            return Err(Cause::Checks(failed));
        }
        Ok(Measurement {
            ink: answer.ink,
            gas: self.config.stylus.ink_price.ink_to_gas(answer.ink),
            page_gas: self.page_gas(answer.pages),
            pages: answer.pages,
        })
    }

    /// The price of growing from the footprint to `pages`, in whatever steps. What little grows before the contract
    /// begins to measure stays within the free pages.
    fn page_gas(&self, pages: PageCount) -> Gas {
        let counters = PageCounters {
            open: self.footprint,
            ever: self.footprint,
        };
        let pages = Pages(u16::try_from(pages.0).unwrap_or(u16::MAX));
        let memory = self.config.memory();
        memory.cost(pages.saturating_sub(self.footprint), counters)
    }
}

/// Why a call failed, by what nodes say of it.
fn refused(reason: &str, gas: Gas) -> Cause {
    const TRAPPED: &str = "execution reverted: the program failed: ";
    if let Some(trap) = reason.strip_prefix(TRAPPED) {
        return Cause::Trapped(trap.to_owned());
    }
    match reason {
        "execution reverted" => Cause::Reverted,
        "out of gas" => Cause::OutOfGas(gas),
        other => Cause::Failed(other.to_owned()),
    }
}

/// A Solidity call: the selector, then each argument as a word.
fn calldata(function: Function, conditions: Conditions) -> Bytes {
    let mut calldata = keccak256(function.signature())[..4].to_vec();
    for argument in [conditions.page_limit().0, conditions.packed().into()] {
        calldata.extend_from_slice(&[0; 28]);
        calldata.extend_from_slice(&argument.to_be_bytes());
    }
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
        for (function, conditions, selector, arguments) in [
            (
                Function::Alloc,
                Conditions::Published,
                "8aac7e51",
                ["10000", "0"],
            ),
            (
                Function::AllocZeroed,
                Conditions::OnChain,
                "15eba2c9",
                ["40", "1"],
            ),
        ] {
            let expected = [hex::decode(selector).unwrap(), words(&arguments)].concat();
            assert_eq!(calldata(function, conditions), expected, "{function:?}");
        }
    }
}
