//! What has changed between two size reports.
//!
//! Lives here: matching the parts of one report to those of the other, and by how much they differ. Not here: percentages and words
//! (`content`), whether any of it is too much.
//!
//! Theorem: the changes add up. In every table of a contract, the bytes before plus all differences are the bytes after; for sections,
//! that is the whole module.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::Serialize;

use super::{ContractSize, HEADER, MadeWith, SIZE_SCHEMA, SizeReport, UNNAMED, sum};
use crate::figures::{Bytes, Sizes};

/// What has changed between two size reports.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct SizeDiff {
    /// [`SIZE_SCHEMA`] at the time of writing.
    pub size_schema: u32,
    /// What the earlier bytes depend on.
    pub before: MadeWith,
    /// What the later bytes depend on.
    pub after: MadeWith,
    /// The contracts that both reports have, by name.
    pub contracts: BTreeMap<String, ContractDiff>,
    /// Contracts that only the later report has.
    pub added: BTreeMap<String, Sizes>,
    /// Contracts that only the earlier report has.
    pub removed: BTreeMap<String, Sizes>,
    /// By name, the contracts without figures now and why: a sentence each.
    pub failures: BTreeMap<String, String>,
}

/// What has changed in one contract.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ContractDiff {
    /// How large it was at each step.
    pub before: Sizes,
    /// How large it is now.
    pub after: Sizes,
    /// The deployed sections, and the header.
    pub sections: Changes,
    /// The crates.
    pub crates: Changes,
    /// The functions. Functions of one name, such as instances of a generic one, count as one; so do all functions without a name, since
    /// nothing distinguishes them.
    pub functions: Changes,
    /// The data segments; several of one name count as one.
    pub data: Changes,
}

/// What has changed in the parts of one kind, each list with the largest difference first.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Changes {
    /// New parts.
    pub added: Vec<Change>,
    /// Parts that are gone.
    pub removed: Vec<Change>,
    /// Parts larger than before.
    pub grown: Vec<Change>,
    /// Parts smaller than before.
    pub shrunk: Vec<Change>,
    /// All parts that take as many bytes as before.
    pub unchanged: Amount,
}

/// One part before and after.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Change {
    /// The part's name.
    pub name: String,
    /// A function's crate.
    #[serde(rename = "crate", skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// What it took; zero if it is new.
    pub before: Amount,
    /// What it takes; zero if it is gone.
    pub after: Amount,
}

/// How many parts share a name, and how large they are together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Amount {
    /// How many; counts functions in the change of a function or a crate.
    pub count: u64,
    /// How large they are together.
    pub bytes: Bytes,
}

impl Amount {
    /// Adds both.
    pub fn and(self, other: Self) -> Self {
        Self {
            count: self.count.saturating_add(other.count),
            bytes: sum([self.bytes, other.bytes]),
        }
    }
}

impl Changes {
    /// The totals before and after, including the unchanged parts.
    pub fn total(&self) -> (Amount, Amount) {
        let lists = [&self.added, &self.removed, &self.grown, &self.shrunk];
        let changes = lists.into_iter().flatten();
        changes.fold(
            (self.unchanged, self.unchanged),
            |(before, after), change| (before.and(change.before), after.and(change.after)),
        )
    }

    /// Whether every part takes as many bytes as before.
    pub fn is_empty(&self) -> bool {
        let lists = [&self.added, &self.removed, &self.grown, &self.shrunk];
        lists.into_iter().all(Vec::is_empty)
    }
}

/// What has changed from `before` to `after`.
pub fn diff(before: &SizeReport, after: &SizeReport) -> SizeDiff {
    let both = after.contracts.iter().filter_map(|(name, after)| {
        Some((name.clone(), contract(before.contracts.get(name)?, after)))
    });
    let only = |these: &SizeReport, others: &SizeReport| {
        let these = these.contracts.iter();
        let only = these.filter(|(name, _)| !others.contracts.contains_key(*name));
        only.map(|(name, contract)| (name.clone(), contract.sizes))
            .collect()
    };
    let mut removed: BTreeMap<_, _> = only(before, after);
    // A contract that could not be measured is still there.
    removed.retain(|name, _| !after.failures.contains_key(name));
    SizeDiff {
        size_schema: SIZE_SCHEMA,
        before: before.made_with.clone(),
        after: after.made_with.clone(),
        contracts: both.collect(),
        added: only(after, before),
        removed,
        failures: after.failures.clone(),
    }
}

fn contract(before: &ContractSize, after: &ContractSize) -> ContractDiff {
    let both = [before, after];
    ContractDiff {
        before: before.sizes,
        after: after.sizes,
        sections: changes(both.map(|contract| {
            let header = ("header".to_owned(), None, one(HEADER));
            let parts = contract.deployed.iter();
            let parts = parts.map(|it| (it.title(), None, one(it.bytes)));
            [header].into_iter().chain(parts)
        })),
        crates: changes(both.map(|contract| {
            let parts = contract.crates.iter();
            parts.map(|it| {
                let amount = Amount {
                    count: it.functions,
                    bytes: it.bytes,
                };
                (it.name.clone(), None, amount)
            })
        })),
        functions: changes(both.map(|contract| {
            let parts = contract.functions.iter();
            parts.map(|it| {
                let name = if it.origin == UNNAMED {
                    UNNAMED
                } else {
                    &it.name
                };
                (name.to_owned(), Some(it.origin.clone()), one(it.bytes))
            })
        })),
        data: changes(both.map(|contract| {
            let parts = contract.data.iter();
            parts.map(|it| (it.name.clone(), None, one(it.bytes)))
        })),
    }
}

const fn one(bytes: Bytes) -> Amount {
    Amount { count: 1, bytes }
}

/// A part's name, its crate if it has one, and its amount.
type Part = (String, Option<String>, Amount);

fn changes(sides: [impl Iterator<Item = Part>; 2]) -> Changes {
    let mut parts = BTreeMap::<(String, Option<String>), [Amount; 2]>::new();
    for (side, these) in sides.into_iter().enumerate() {
        for (name, origin, amount) in these {
            let amounts = parts.entry((name, origin)).or_default();
            amounts[side] = amounts[side].and(amount);
        }
    }
    let mut changes = Changes::default();
    for ((name, origin), [before, after]) in parts {
        let list = match (before.count, after.count) {
            (0, _) => &mut changes.added,
            (_, 0) => &mut changes.removed,
            _ if before.bytes < after.bytes => &mut changes.grown,
            _ if before.bytes > after.bytes => &mut changes.shrunk,
            _ => {
                changes.unchanged = changes.unchanged.and(after);
                continue;
            }
        };
        list.push(Change {
            name,
            origin,
            before,
            after,
        });
    }
    for list in [
        &mut changes.added,
        &mut changes.removed,
        &mut changes.grown,
        &mut changes.shrunk,
    ] {
        // Equal differences stay in the order of the names.
        list.sort_by_key(|change| Reverse(change.before.bytes.0.abs_diff(change.after.bytes.0)));
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::size::Function;
    use crate::figures::size::tests::{contract as example, report};

    /// The example with different functions.
    fn with(functions: &[(&str, &str, u64)]) -> ContractSize {
        let functions = functions.iter().map(|&(name, origin, bytes)| Function {
            name: name.to_owned(),
            origin: origin.to_owned(),
            bytes: Bytes(bytes),
        });
        let mut contract = example();
        contract.functions = functions.collect();
        contract.crates = crate::figures::size::crates(&contract.functions);
        contract
    }

    /// Checks the theorem above for the functions and crates of two contracts. Returns the functions' changes, as `name before after`,
    /// each with its count unless that is one.
    fn check(before: &[(&str, &str, u64)], after: &[(&str, &str, u64)]) -> [Vec<String>; 4] {
        let diff = contract(&with(before), &with(after));
        let total = |these: &[(&str, &str, u64)]| Amount {
            count: these.len() as u64,
            bytes: Bytes(these.iter().map(|it| it.2).sum()),
        };
        for changes in [&diff.functions, &diff.crates] {
            assert_eq!(
                changes.total(),
                (total(before), total(after)),
                "{changes:?}"
            );
        }
        let Changes {
            added,
            removed,
            grown,
            shrunk,
            ..
        } = diff.functions;
        [added, removed, grown, shrunk].map(|list| list.iter().map(words).collect())
    }

    fn words(change: &Change) -> String {
        let amount = |amount: Amount| match amount.count {
            0 => "-".to_owned(),
            1 => amount.bytes.0.to_string(),
            count => format!("{}/{count}", amount.bytes.0),
        };
        format!(
            "{} {} {}",
            change.name,
            amount(change.before),
            amount(change.after)
        )
    }

    #[test]
    fn functions_are_added_removed_grown_or_shrunk() {
        let before = [
            ("a::same", "a", 10),
            ("a::grown", "a", 20),
            ("a::grown_more", "a", 20),
            ("b::shrunk", "b", 30),
            ("b::removed", "b", 40),
        ];
        let after = [
            ("a::same", "a", 10),
            ("a::grown", "a", 21),
            ("a::grown_more", "a", 25),
            ("b::shrunk", "b", 5),
            ("c::added", "c", 7),
        ];
        assert_eq!(
            check(&before, &after),
            [
                vec!["c::added - 7"],
                vec!["b::removed 40 -"],
                vec!["a::grown_more 20 25", "a::grown 20 21"],
                vec!["b::shrunk 30 5"],
            ]
        );
        assert_eq!(check(&before, &before), [const { Vec::<String>::new() }; 4]);
    }

    #[test]
    fn functions_of_one_name_are_one() {
        let before = [
            ("core::f", "core", 10),
            ("core::f", "core", 20),
            ("function[3]", UNNAMED, 5),
            ("function[9]", UNNAMED, 6),
        ];
        let after = [
            ("core::f", "core", 40),
            ("function[3]", UNNAMED, 6),
            ("function[4]", UNNAMED, 9),
            ("function[5]", UNNAMED, 1),
        ];
        assert_eq!(
            check(&before, &after),
            [
                vec![],
                vec![],
                vec!["core::f 30/2 40", "unnamed functions 11/2 16/3"],
                vec![],
            ]
        );
    }

    #[test]
    fn contracts_come_and_go() {
        let names = |contracts: &BTreeMap<String, Sizes>| -> Vec<String> {
            contracts.keys().cloned().collect()
        };
        let before = report(&[
            ("gone", example()),
            ("kept", example()),
            ("broken", example()),
        ]);
        let mut after = report(&[("kept", example()), ("new", example())]);
        after
            .failures
            .insert("broken".to_owned(), "it does not build".to_owned());
        let diff = diff(&before, &after);
        assert_eq!(names(&diff.added), ["new"]);
        assert_eq!(names(&diff.removed), ["gone"]);
        assert_eq!(diff.failures, after.failures);
        let kept: Vec<_> = diff.contracts.into_iter().collect();
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0].0, "kept");
        let all = &kept[0].1;
        for changes in [&all.sections, &all.crates, &all.functions, &all.data] {
            assert!(changes.is_empty(), "{changes:?}");
        }
        let (before, after) = all.sections.total();
        assert_eq!(before, after);
        assert_eq!(after.bytes, all.after.processed);
    }
}
