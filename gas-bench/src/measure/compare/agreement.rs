//! Checks whether variants are still the same contract.
//!
//! Lives here: comparing the answers of calls, and modules with each other. Not here: building and measuring (`compare`).

use stylus_cargo::{Allocator, Mode, Variant};
use stylus_report::figures::comparison::{Measured, VariantFigures};
use stylus_report::figures::{Call, Contract, Run};

/// A variant behaves differently from the author's own build, so its figures are meaningless.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Disagreement {
    /// A call has a different answer.
    #[error(
        "{call} {got}, but today's build {want}: a build is broken, or the answer depends on gas or addresses"
    )]
    Answer {
        /// The call and its run.
        call: String,
        /// What the variant does.
        got: String,
        /// What the author's own build does.
        want: String,
    },
    /// A call fails.
    #[error("{call} works in today's build but not here: {reason}")]
    Fails {
        /// The call.
        call: String,
        /// Why it fails.
        reason: String,
    },
    /// A call has a different number of runs.
    #[error("{call} has {got} runs, but {want} in today's build: the calls must be the same")]
    Runs {
        /// The call.
        call: String,
        /// How many runs the variant has.
        got: usize,
        /// How many runs the author's own build has.
        want: usize,
    },
    /// The contract does not use the allocator.
    #[error(
        "its module does not change with the allocator: the contract never allocates, or has a global allocator other than mini-alloc's"
    )]
    NoAllocator,
}

/// A variant with its deployed module and its figures.
pub(super) type Outcome = (Variant, Result<(Vec<u8>, Contract), String>);

/// The figures of all variants, the author's own build first. A variant that behaves like a different contract has none.
pub(super) fn judge(outcomes: Vec<Outcome>) -> Vec<Measured> {
    let today = outcomes
        .first()
        .and_then(|(_, outcome)| Some(&outcome.as_ref().ok()?.1));
    let idle = idle_builds(&outcomes);
    let measured = |index: usize, (variant, outcome): &Outcome| {
        let module = |outcome: &Outcome| Some(outcome.1.as_ref().ok()?.0.clone());
        let own = outcome.as_ref().ok().map(|(module, _)| module.clone());
        let same = outcomes[..index]
            .iter()
            .find(|before| own.is_some() && module(before) == own);
        let figures = outcome.clone().and_then(|(_, contract)| {
            if variant.allocator.is_some() && idle.contains(&without_allocator(*variant)) {
                return Err(Disagreement::NoAllocator.to_string());
            }
            if let Some(found) = today.and_then(|today| disagreement(today, &contract)) {
                return Err(found.to_string());
            }
            figures(&contract)
        });
        Measured {
            variant: *variant,
            outcome: figures,
            same_as: same.map(|(variant, _)| *variant),
        }
    };
    let all = outcomes.iter().enumerate();
    all.map(|(index, outcome)| measured(index, outcome))
        .collect()
}

/// The figures of a contract that reached a chain, or why it did not.
fn figures(contract: &Contract) -> Result<VariantFigures, String> {
    match &contract.deployment {
        Some(deployment) => Ok(VariantFigures::new(contract, deployment)),
        None => Err(match contract.failures.as_slice() {
            [] => "it was not deployed, for no known reason: measure it alone".to_owned(),
            failures => failures.join("; "),
        }),
    }
}

/// The variant's build, ignoring its allocator and its mode.
fn without_allocator(variant: Variant) -> Variant {
    Variant {
        allocator: None,
        wasm_opt: Mode::Off,
        ..variant
    }
}

/// The variant's allocator without features, which may make no difference: `outlined` makes none where nothing is inlined across crates.
fn plain(variant: Variant) -> Option<Allocator> {
    use Allocator::{Mini, MiniInPlace, MiniOutlined, MiniTrap};
    variant.allocator.map(|allocator| match allocator {
        MiniInPlace | MiniOutlined | MiniTrap => Mini,
        other => other,
    })
}

/// The builds in which two allocators yield the same module, so that neither can be in use.
fn idle_builds(outcomes: &[Outcome]) -> Vec<Variant> {
    let replaced: Vec<_> = outcomes
        .iter()
        .filter(|(variant, _)| variant.allocator.is_some() && variant.wasm_opt == Mode::Off)
        .filter_map(|(variant, outcome)| Some((variant, &outcome.as_ref().ok()?.0)))
        .collect();
    let is_idle = |(one, module): &(&Variant, &Vec<u8>)| {
        replaced.iter().any(|(other, same)| {
            let is_alike = without_allocator(**one) == without_allocator(**other);
            is_alike && plain(**one) != plain(**other) && module == same
        })
    };
    let idle = replaced.iter().filter(|it| is_idle(it));
    idle.map(|(variant, _)| without_allocator(**variant))
        .collect()
}

/// The first difference in what two builds do, among the calls that succeed in the first.
pub(crate) fn disagreement(today: &Contract, variant: &Contract) -> Option<Disagreement> {
    // A build that was not deployed has its own reason.
    variant.deployment.as_ref()?;
    today.calls.iter().find_map(|call| {
        let other = variant.calls.iter().find(|other| other.name == call.name);
        difference(call, other)
    })
}

fn difference(today: &Call, variant: Option<&Call>) -> Option<Disagreement> {
    let name = || today.name.clone();
    let want = today.runs();
    if want.is_empty() {
        return None;
    }
    if let Some(reason) = variant.and_then(Call::failure) {
        return Some(Disagreement::Fails {
            call: name(),
            reason: reason.to_owned(),
        });
    }
    let got = variant.map_or(&[][..], Call::runs);
    if got.len() != want.len() {
        return Some(Disagreement::Runs {
            call: name(),
            got: got.len(),
            want: want.len(),
        });
    }
    let mut pairs = want.iter().zip(got).enumerate();
    let (index, (want, got)) = pairs.find(|(_, (want, got))| answer(want) != answer(got))?;
    Some(Disagreement::Answer {
        call: if today.runs().len() == 1 {
            name()
        } else {
            format!("{}, run {}", today.name, index + 1)
        },
        got: shown(got),
        want: shown(want),
    })
}

fn answer(run: &Run) -> (bool, &str) {
    (run.reverted, &run.output)
}

fn shown(run: &Run) -> String {
    match (run.reverted, run.output.as_str()) {
        (true, "") => "reverts".to_owned(),
        (true, output) => format!("reverts with {output}"),
        (false, "") => "returns nothing".to_owned(),
        (false, output) => format!("returns {output}"),
    }
}
