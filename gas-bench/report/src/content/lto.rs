//! What a contract loses if it asks for link-time optimisation and does not get it.
//!
//! Lives here: the one sentence about it. Not here: where a report puts it, and where its figures come from (`report::lto`, `compare`).

use stylus_cargo::Hindrance;

use crate::figures::lto::{MissedLto, OnChain, Outcome};
use crate::figures::{Bytes, Contract, Report};
use crate::words::{grouped, percent};

/// A quantity without link-time optimisation, and with it.
#[derive(Clone, Copy)]
struct Pair {
    without: u64,
    with: u64,
}

/// Everything that is compared: each quantity, and what it measures.
pub(crate) struct Quantities(Vec<(Pair, String)>);

impl Quantities {
    /// Starts with the size of the code.
    pub(crate) fn of_code(without: Bytes, with: Bytes) -> Self {
        Self(Vec::new()).and(without.0, with.0, "bytes of code")
    }

    /// Adds another quantity.
    pub(crate) fn and(mut self, without: u64, with: u64, what: &str) -> Self {
        self.0.push((Pair { without, with }, what.to_owned()));
        self
    }

    /// Adds the calls that both have, with the gas of each.
    pub(crate) fn and_calls(self, calls: &[(u64, u64)]) -> Self {
        let sum = |of: fn(&(u64, u64)) -> u64| calls.iter().map(of).fold(0, u64::saturating_add);
        let what = match calls.len() {
            0 => return self,
            1 => "gas of its call".to_owned(),
            count => format!("gas of its {count} calls together"),
        };
        self.and(sum(|it| it.0), sum(|it| it.1), &what)
    }

    /// Whether the contract would be worse with it, judged by the last quantity that differs, since calls outweigh one-time costs.
    fn is_worse(&self) -> bool {
        let differs = |(pair, _): &&(Pair, String)| pair.without != pair.with;
        let decisive = self.0.iter().rfind(differs);
        decisive.is_some_and(|(pair, _)| pair.with > pair.without)
    }

    /// The quantities that are larger without it, or smaller, as parts of a sentence.
    fn listed(&self, is_loss: bool) -> Option<String> {
        let of_kind = self.0.iter().filter(|(pair, _)| match is_loss {
            true => pair.without > pair.with,
            false => pair.without < pair.with,
        });
        let parts: Vec<_> = of_kind.map(|(pair, what)| pair.part(what)).collect();
        match parts.as_slice() {
            [] => None,
            [one] => Some(one.clone()),
            [first @ .., last] => Some(format!("{} and {last}", first.join(", "))),
        }
    }
}

impl Pair {
    fn part(self, what: &str) -> String {
        let change =
            percent(self.with, self.without).map_or_else(String::new, |it| format!(", {it}"));
        format!(
            "{} {what} ({} instead of {}{change})",
            grouped(self.without.abs_diff(self.with)),
            grouped(self.without),
            grouped(self.with)
        )
    }
}

/// The sentence about a contract with this much code, including more figures if it was measured.
pub(crate) fn sentence(missed: &MissedLto, code: Bytes, contract: Option<&Contract>) -> String {
    match &missed.outcome {
        Outcome::Unknown(reason) => format!(
            "{}; what that costs this contract is not known: {}",
            because(&missed.hindrance),
            reason.trim_end_matches('.')
        ),
        Outcome::WithLto(with) => {
            let quantities = Quantities::of_code(code, with.code);
            let today = contract.and_then(OnChain::of);
            let quantities = match (today, &with.chain) {
                (Some(today), Some(with)) => on_chain(quantities, &today, with),
                _ => quantities,
            };
            weighed(&missed.hindrance, &quantities)
        }
    }
}

/// The sentence about one of a report's contracts; `None` if it has link-time optimisation, or does not ask for it.
pub(crate) fn in_report(report: &Report, contract: &Contract) -> Option<String> {
    let missed = report.missed_lto.get(&contract.name)?;
    let code = contract.deployment.as_ref()?.sizes.code;
    Some(sentence(missed, code, Some(contract)))
}

fn on_chain(quantities: Quantities, today: &OnChain, with: &OnChain) -> Quantities {
    let of = |call: &str| with.calls.iter().find(|it| it.name == call);
    let calls: Vec<_> = today
        .calls
        .iter()
        .filter_map(|call| Some((call.gas.0, of(&call.name)?.gas.0)))
        .collect();
    quantities
        .and(
            today.activation_gas.0,
            with.activation_gas.0,
            "gas of its activation",
        )
        .and(
            today.start.uncached.0,
            with.start.uncached.0,
            "gas of each start",
        )
        .and(
            today.start.cached.0,
            with.start.cached.0,
            "gas of each cached start",
        )
        .and_calls(&calls)
}

/// The sentence for these figures.
pub(crate) fn weighed(hindrance: &Hindrance, quantities: &Quantities) -> String {
    let because = because(hindrance);
    let remedy = remedy(hindrance);
    match (quantities.listed(true), quantities.listed(false)) {
        (None, None) => format!("{because}, which makes no difference to this contract"),
        (Some(losses), None) => format!("{because}, which costs this contract {losses}; {remedy}"),
        (None, Some(gains)) => format!(
            "{because}, which saves this contract {gains}: link-time optimisation would make it worse, so leave it off"
        ),
        (Some(losses), Some(gains)) if quantities.is_worse() => format!(
            "{because}, which costs this contract {losses}, but saves it {gains}: link-time optimisation would make it worse, so leave it \
             off"
        ),
        (Some(losses), Some(gains)) => {
            format!(
                "{because}, which costs this contract {losses}, though it saves {gains}; {remedy}"
            )
        }
    }
}

fn because(hindrance: &Hindrance) -> String {
    let reason = match (hindrance.crate_types.as_slice(), &hindrance.ignored_profile) {
        ([], None) => String::new(),
        ([], Some(manifest)) => in_manifest(manifest),
        (types, None) => beside(types),
        (types, Some(manifest)) => format!("{}, and {}", in_manifest(manifest), beside(types)),
    };
    format!("the profile asks for link-time optimisation, but cargo leaves it out because {reason}")
}

fn beside(types: &[String]) -> String {
    let types: Vec<_> = types.iter().map(|it| format!("`{it}`")).collect();
    format!(
        "the crate types include {} beside `cdylib`",
        types.join(" and ")
    )
}

fn in_manifest(manifest: &str) -> String {
    format!("it ignores the profiles of workspace members, such as that in {manifest}")
}

fn remedy(hindrance: &Hindrance) -> &'static str {
    match (hindrance.crate_types.is_empty(), &hindrance.ignored_profile) {
        (_, None) => "make the contract a package whose library is a `cdylib` and nothing else",
        (true, Some(_)) => "move the profile into the workspace's Cargo.toml",
        (false, Some(_)) => {
            "move the profile into the workspace's Cargo.toml, and make the contract a package whose library is a `cdylib` and nothing \
             else"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hindrance(types: &[&str], manifest: Option<&str>) -> Hindrance {
        Hindrance {
            crate_types: types.iter().map(|it| (*it).to_owned()).collect(),
            ignored_profile: manifest.map(str::to_owned),
        }
    }

    #[track_caller]
    fn check(code: (u64, u64), activation: (u64, u64), calls: &[(u64, u64)], expected: &str) {
        let quantities = Quantities::of_code(Bytes(code.0), Bytes(code.1))
            .and(activation.0, activation.1, "gas of its activation")
            .and_calls(calls);
        let said = weighed(&hindrance(&["lib"], None), &quantities);
        let (because, rest) = said.split_once(" beside `cdylib`, which ").unwrap();
        assert_eq!(
            because,
            "the profile asks for link-time optimisation, but cargo leaves it out because the crate types include `lib`"
        );
        assert_eq!(rest, expected);
    }

    #[test]
    fn losses_and_gains_are_told_apart() {
        check(
            (4_329, 2_507),
            (1_000, 1_000),
            &[],
            "costs this contract 1,822 bytes of code (4,329 instead of 2,507, +72.68%); make the contract a package whose \
             library is a `cdylib` and nothing else",
        );
        check(
            (4_329, 2_507),
            (1_100, 1_000),
            &[(30, 20), (40, 50), (9, 5)],
            "costs this contract 1,822 bytes of code (4,329 instead of 2,507, +72.68%), 100 gas of its activation (1,100 \
             instead of 1,000, +10.00%) and 4 gas of its 3 calls together (79 instead of 75, +5.33%); make the contract a \
             package whose library is a `cdylib` and nothing else",
        );
        check(
            (100, 110),
            (9, 10),
            &[(7, 8)],
            "saves this contract 10 bytes of code (100 instead of 110, −9.09%), 1 gas of its activation (9 instead of 10, \
             −10.00%) and 1 gas of its call (7 instead of 8, −12.50%): link-time optimisation would make it worse, so leave it off",
        );
        check(
            (1, 1),
            (2, 2),
            &[(3, 3)],
            "makes no difference to this contract",
        );
    }

    #[test]
    fn calls_outweigh_what_is_paid_once() {
        check(
            (110, 100),
            (10, 10),
            &[(50, 100)],
            "costs this contract 10 bytes of code (110 instead of 100, +10.00%), but saves it 50 gas of its call (50 instead of \
             100, −50.00%): link-time optimisation would make it worse, so leave it off",
        );
        check(
            (100, 110),
            (10, 10),
            &[(100, 50)],
            "costs this contract 50 gas of its call (100 instead of 50, +100.00%), though it saves 10 bytes of code (100 \
             instead of 110, −9.09%); make the contract a package whose library is a `cdylib` and nothing else",
        );
    }

    #[test]
    fn what_is_in_the_way_is_named_with_what_to_do() {
        let said = |hindrance: &Hindrance| {
            let missed = MissedLto {
                hindrance: hindrance.clone(),
                outcome: Outcome::Unknown("it does not build: no.".to_owned()),
            };
            sentence(&missed, Bytes(1), None)
        };
        assert_eq!(
            said(&hindrance(&["lib", "rlib"], None)),
            "the profile asks for link-time optimisation, but cargo leaves it out because the crate types include `lib` and `rlib` beside \
             `cdylib`; what that costs this contract is not known: it does not build: no"
        );
        let both = hindrance(&["lib"], Some("a/Cargo.toml"));
        assert_eq!(
            because(&both),
            "the profile asks for link-time optimisation, but cargo leaves it out because it ignores the profiles of workspace members, \
             such as that in a/Cargo.toml, and the crate types include `lib` beside `cdylib`"
        );
        assert!(remedy(&both).starts_with("move the profile"));
        let own = hindrance(&[], Some("a/Cargo.toml"));
        assert!(because(&own).ends_with("such as that in a/Cargo.toml"));
        assert_eq!(
            remedy(&own),
            "move the profile into the workspace's Cargo.toml"
        );
    }
}
