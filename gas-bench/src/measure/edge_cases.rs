//! The allocators' own table: the published sequence of requests under each allocator, in a contract of this repository.
//!
//! Lives here: the builds and calls it consists of, and what each set of conditions means on a chain. Not here: building, deploying and
//! calling, which work as for any contract (`stylus-cargo`, `contract`), arithmetic on figures (`stylus-report`).
//!
//! The contract reads its own ink from the meter and returns the difference, so a call's answer is the figure, on any node. How much of
//! it paid for pages follows from the pages in the answer and the chain's own parameters. Under the published conditions it uses more gas
//! than any transaction has: so nothing is sent, and the call is only simulated.

use std::collections::BTreeMap;
use std::fmt;

use stylus_cargo::{Allocator, Artifact, BuildSettings, CargoError, ContractPackage, Project};
use stylus_plan::{Plan, Problem, Step};
use stylus_report::figures::PageCount;
use stylus_report::figures::edge_cases::{
    CONTRACT, Case, Conditions, Failure, Function, Measurement, Provenance, Results, Variant,
};
use stylus_vm::{Config, Gas, Ink, PageCounters, Pages};

use super::contract::{self, Bench};
use super::own::OwnError;
use crate::chain::{CallError, Node, NodeError, Target};
use crate::parallel;

/// Why a run ends before there is anything to report.
#[derive(Debug, thiserror::Error)]
pub enum EdgeCasesError {
    /// The folder of contracts is not usable.
    #[error(transparent)]
    Own(#[from] OwnError),
    /// The toolchain does not identify itself.
    #[error(transparent)]
    Cargo(#[from] CargoError),
    /// There is no chain to measure on.
    #[error(transparent)]
    Node(#[from] NodeError),
}

/// Receives the progress of a run; called from several threads.
type Observer<'a> = &'a (dyn Fn(Allocator, Doing<'_>) + Sync);

/// What is being done with an allocator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Doing<'a> {
    /// The build starts.
    Building,
    /// A crate of that build is finished.
    Compiled(&'a str),
    /// The build ended, successfully or not.
    Built,
    /// A case starts.
    Calling(Case),
    /// The case ended, successfully or not.
    Called(Case),
}

/// Builds the edge-case contract of `own`, this repository's contracts, with each of `allocators`, deploys it to `target` and measures it
/// under each of `conditions`. Failures of one allocator or case are part of the results.
///
/// # Errors
/// If nothing at all can be measured.
pub fn edge_cases(
    own: &Project,
    target: &Target,
    allocators: &[Allocator],
    conditions: &[Conditions],
    observer: Observer<'_>,
) -> Result<Results, EdgeCasesError> {
    let mut members = own.members.iter();
    let contract = members.find(|it| it.folder.ends_with(CONTRACT));
    let contract = contract.ok_or_else(|| OwnError::NotContracts(own.root.clone()))?;
    let node = Node::connect(target)?;
    let provenance = Provenance {
        toolchain: own.compiler()?,
        arbos: node.arbos()?,
        ink_price: node.config()?.stylus.ink_price,
    };
    drop(node);
    let measured = |allocator| {
        let variant = build(own, contract, allocator, observer).and_then(|artifact| {
            let told = |doing: Doing<'_>| observer(allocator, doing);
            measure(target, allocator, &artifact, conditions, &told)
                .map_err(|cause| cause.to_string())
        });
        let variant = variant.map_err(|reason| Failure {
            allocator,
            case: None,
            reason,
        });
        (allocator, variant)
    };
    // Page costs are set for the whole chain, so only separate chains are used at the same time.
    let variants = match target {
        Target::Embedded(_) => parallel::map(allocators.to_vec(), measured),
        Target::Endpoint { .. } => allocators.iter().copied().map(measured).collect(),
    };
    Ok(Results {
        provenance,
        conditions: conditions.to_vec(),
        variants: variants.into_iter().collect(),
    })
}

fn build(
    own: &Project,
    contract: &ContractPackage,
    allocator: Allocator,
    observer: Observer<'_>,
) -> Result<Artifact, String> {
    observer(allocator, Doing::Building);
    let settings = BuildSettings {
        features: vec![allocator.name().to_owned()],
        no_default_features: true,
        without_variables: true,
        // The table must be the same in every folder.
        reproducible: true,
        ..BuildSettings::default()
    };
    let on_crate = &mut |name: &str| observer(allocator, Doing::Compiled(name));
    let named = own.build(contract, &settings, on_crate);
    observer(allocator, Doing::Built);
    let named = named.map_err(|error| error.to_string())?;
    Artifact::of_named(&named).map_err(|error| error.to_string())
}

fn measure(
    target: &Target,
    allocator: Allocator,
    artifact: &Artifact,
    conditions: &[Conditions],
    observer: &dyn Fn(Doing<'_>),
) -> Result<Variant, CaseError> {
    let node = Node::connect(target).map_err(contract::BenchError::from)?;
    let bench = Bench::new(&node).map_err(contract::BenchError::from)?;
    let plan = Plan::default();
    let (deployed, deployment) = bench.deploy(artifact, &plan)?;
    let stage = bench.stage(&plan, &deployed, None)?;
    let mut cases = BTreeMap::new();
    for &conditions in conditions {
        let fit = Conditioned::new(&node, bench.config(), conditions);
        for &function in Function::ALL {
            let case = Case {
                conditions,
                function,
            };
            observer(Doing::Calling(case));
            let measured = fit.as_ref().map_err(CaseError::to_string).and_then(|fit| {
                let step = step(case).map_err(|problem| problem.to_string())?;
                let (_, request) = stage
                    .request(&step, &stage.words)
                    .map_err(|cause| cause.to_string())?;
                let gas = gas(conditions);
                let output = node.call(request, gas);
                fit.measurement(output, gas, deployment.start.pages)
                    .map_err(|cause| cause.to_string())
            });
            let measured = measured.map_err(|reason| Failure {
                allocator,
                case: Some(case),
                reason,
            });
            cases.insert(case, measured);
            observer(Doing::Called(case));
        }
        if let Ok(fit) = fit {
            fit.end()?;
        }
    }
    Ok(Variant {
        sizes: deployment.sizes,
        cases,
    })
}

/// The step that makes the call: the function, the limit for its sequence, and whether all allocators get the same requests.
fn step(case: Case) -> Result<Step, Box<Problem>> {
    let conditions = case.conditions;
    let arguments = [
        conditions.page_limit().0.to_string(),
        conditions.packed().to_string(),
    ];
    let call = Plan::default().own_call(case.function.signature(), &arguments);
    call.map(|call| call.step).map_err(Box::new)
}

/// The gas with which the contract is called: on chain, the most that Arbitrum allows per transaction; otherwise the most that nodes
/// allow per call, which exceeds every published figure.
const fn gas(conditions: Conditions) -> Gas {
    match conditions {
        Conditions::OnChain => Gas(32_000_000),
        Conditions::Published => Gas(50_000_000),
    }
}

/// A chain on which the conditions hold.
struct Conditioned<'a> {
    node: &'a Node,
    config: Config,
    /// The chain's original values.
    usual: Option<(Pages, Pages)>,
}

impl<'a> Conditioned<'a> {
    fn new(node: &'a Node, mut config: Config, conditions: Conditions) -> Result<Self, CaseError> {
        let params = &mut config.stylus;
        let mut usual = None;
        if !conditions.page_costs() {
            usual = Some((params.free_pages, params.page_limit));
            // The limit on open pages also applies to free ones.
            (params.free_pages, params.page_limit) = (Pages(u16::MAX), Pages(u16::MAX));
            set_pages(node, params.free_pages, params.page_limit)?;
        }
        Ok(Self {
            node,
            config,
            usual,
        })
    }

    /// Restores the chain's original values.
    fn end(self) -> Result<(), CaseError> {
        match self.usual {
            Some((free, limit)) => set_pages(self.node, free, limit),
            None => Ok(()),
        }
    }

    fn measurement(
        &self,
        output: Result<alloy_primitives::Bytes, CallError>,
        gas: Gas,
        footprint: Pages,
    ) -> Result<Measurement, CaseError> {
        let output = output.map_err(|error| match error {
            CallError::Node(error) => contract::BenchError::from(error).into(),
            CallError::Refused(reason) => refused(&reason, gas),
        })?;
        let answer = Answer::decode(&output).ok_or(CaseError::Answer {
            bytes: output.len(),
        })?;
        if let Some(failed) = FailedChecks::new(answer.failed) {
            return Err(CaseError::Checks(failed));
        }
        // The program grows from its footprint, in any number of steps. The little it grows before the contract starts to measure stays
        // within the free pages.
        let counters = PageCounters {
            open: footprint,
            ever: footprint,
        };
        let pages = Pages(u16::try_from(answer.pages.0).unwrap_or(u16::MAX));
        let grown = pages.saturating_sub(footprint);
        Ok(Measurement {
            ink: answer.ink,
            gas: self.config.stylus.ink_price.ink_to_gas(answer.ink),
            page_gas: self.config.memory().cost(grown, counters),
            pages: answer.pages,
        })
    }
}

fn set_pages(node: &Node, free: Pages, limit: Pages) -> Result<(), CaseError> {
    node.set_pages(free, limit).map_err(|error| match error {
        CallError::Refused(_) => CaseError::NotOwner(node.payer().address()),
        CallError::Node(error) => contract::BenchError::from(error).into(),
    })
}

/// Why a call failed, by the node's message.
fn refused(reason: &str, gas: Gas) -> CaseError {
    const TRAPPED: &str = "execution reverted: the program failed: ";
    if let Some(trap) = reason.strip_prefix(TRAPPED) {
        return CaseError::Trapped(trap.to_owned());
    }
    match reason {
        "execution reverted" => CaseError::Reverted,
        "out of gas" => CaseError::OutOfGas(gas),
        other => CaseError::Failed(other.to_owned()),
    }
}

/// Why a figure could not be measured.
#[derive(Debug, thiserror::Error)]
enum CaseError {
    /// The contract does not reach the chain, or the node misbehaves.
    #[error(transparent)]
    Bench(#[from] super::contract::BenchError),
    /// Page costs cannot be switched off on a chain that the account does not own.
    #[error(
        "page costs cannot be switched off: {0} does not own the chain; only the figures as on chain can be measured there"
    )]
    NotOwner(alloy_primitives::Address),
    /// The contract reverted.
    #[error("the call reverted; its answer should be (ink, pages, failed), never an error")]
    Reverted,
    /// The program hit a trap: a panic, an access out of bounds, an unreachable instruction.
    #[error("the call trapped ({0}); look for a panic or an allocation that was refused")]
    Trapped(String),
    /// The program used up its gas.
    #[error("the call ran out of its {0}; allocate less, or under a lower page limit")]
    OutOfGas(Gas),
    /// The program ended in a way its interface does not define.
    #[error("the call failed: {0}")]
    Failed(String),
    /// The answer is not what the contract's interface promises.
    #[error(
        "the answer has {bytes} bytes, not three words that fit (uint64, uint32, uint32); rebuild the contract"
    )]
    Answer {
        /// The length of the answer.
        bytes: usize,
    },
    /// The allocator failed its checks during the measurement.
    #[error("the allocator failed its checks ({0}); a figure for it would mean nothing")]
    Checks(FailedChecks),
}

/// The failed checks, as the contract reports them: a set of bits, never empty.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct FailedChecks(u32);

impl FailedChecks {
    const NAMES: [(u32, &str); 7] = [
        (1, "null returned"),
        (2, "misaligned block"),
        (4, "block not zeroed"),
        (8, "blocks overlap"),
        (16, "address other than a bump allocator's"),
        (32, "sequence not finished"),
        (64, "block outside the memory"),
    ];

    /// The checks in `bits`, or `None` if all passed.
    const fn new(bits: u32) -> Option<Self> {
        if bits == 0 { None } else { Some(Self(bits)) }
    }
}

impl fmt::Display for FailedChecks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut unnamed = self.0;
        let mut separator = "";
        for (bit, name) in Self::NAMES {
            if self.0 & bit != 0 {
                write!(f, "{separator}{name}")?;
                separator = ", ";
                unnamed &= !bit;
            }
        }
        if unnamed != 0 {
            write!(f, "{separator}unknown check {unnamed:#x}")?;
        }
        Ok(())
    }
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

/// A word's value, if it fits into 64 bits.
fn number(word: [u8; 32]) -> Option<u64> {
    let (high, low) = word.split_last_chunk::<8>()?;
    high.iter()
        .all(|&byte| byte == 0)
        .then(|| u64::from_be_bytes(*low))
}

#[cfg(test)]
mod tests {
    use alloy_primitives::hex;
    use stylus_plan::Words;

    use super::*;

    /// Words in hexadecimal, without leading zeros.
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
        // The selectors come from a different Keccak implementation.
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
            let case = Case {
                conditions,
                function,
            };
            let input = step(case).unwrap().input(&Words::new(BTreeMap::new()));
            assert_eq!(input.unwrap(), expected, "{function:?}");
        }
    }

    #[test]
    fn checks_are_named() {
        assert_eq!(FailedChecks::new(0), None);
        for (bits, text) in [
            (1, "null returned"),
            (6, "misaligned block, block not zeroed"),
            (0x48, "blocks overlap, block outside the memory"),
            (0x88, "blocks overlap, unknown check 0x80"),
            (0x80, "unknown check 0x80"),
        ] {
            assert_eq!(FailedChecks::new(bits).unwrap().to_string(), text);
        }
    }
}
