//! Where the bytes of a contract went: by section, by crate, by function.
//!
//! Lives here: the results as data, the version of their shape, and the sums that hold within them. Not here: taking a
//! module apart (`measure::size`), whose code a function is (`size::origin`), comparing two results (`size::diff`), shares
//! and words (`content`).
//!
//! Theorem: the parts add up to the file. A deployed module is its [`HEADER`] and its sections, each with its id and its
//! length; the code section is its functions, each with its length, and a frame of [`FRAME`] bytes; so is the data section
//! with its segments.

mod diff;
mod origin;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::figures::lto::MissedLto;
use crate::figures::{Bytes, Sizes};

pub use diff::{Amount, Change, Changes, ContractDiff, SizeDiff, diff};
pub use origin::{
    ALLOCATOR_SHIM, COMPILER_BUILTINS, CONTRACT, PANIC_RUNTIME, UNMANGLED, UNNAMED, demangled,
    last_segment, origin,
};

/// The version of the shape of [`SizeReport`] as JSON: raised whenever a key changes its meaning or disappears.
pub const SIZE_SCHEMA: u32 = 1;

/// What every module begins with: the magic number and the version of the format.
pub const HEADER: Bytes = Bytes(8);

/// Bytes of a section that belong to none of its items: its id, its length and the number of items, of which the latter two
/// take one to five bytes each.
pub const FRAME: RangeInclusive<u64> = 3..=11;

/// The name of the section that holds the functions.
pub const CODE: &str = "code";

/// The name of the section that holds the data segments.
pub const DATA: &str = "data";

/// The bytes of some contracts, which is also what a baseline's file holds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SizeReport {
    /// [`SIZE_SCHEMA`] at the time.
    pub size_schema: u32,
    /// What the bytes depend on besides the sources.
    pub made_with: MadeWith,
    /// The contracts, by name.
    pub contracts: BTreeMap<String, ContractSize>,
    /// By name of the contract that there are no figures for: why, a sentence each.
    pub failures: BTreeMap<String, String>,
    /// By name, those that ask for link-time optimisation and are built without.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub missed_lto: BTreeMap<String, MissedLto>,
}

/// The circumstances that the bytes depend on besides the sources.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MadeWith {
    /// This program's version.
    pub gas_bench: String,
    /// The compiler, as `rustc --version` names itself.
    pub toolchain: String,
}

/// One contract.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ContractSize {
    /// How large it is at each step, and how large it may be.
    pub sizes: Sizes,
    /// The sections as cargo wrote them, with names and debug sections, in the order of the module.
    pub built: Vec<Section>,
    /// The sections that are deployed, in the order of the module.
    pub deployed: Vec<Section>,
    /// The crates whose functions are deployed, the largest first.
    pub crates: Vec<CrateSize>,
    /// The functions that are deployed, the largest first.
    pub functions: Vec<Function>,
    /// The data segments that are deployed, in the order of the module.
    pub data: Vec<Segment>,
}

/// A section of a module.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Section {
    /// What it is called: by the specification, or by itself where it is a custom one.
    pub name: String,
    /// Whether it is a custom section, which has no meaning to the machine.
    pub custom: bool,
    /// All of it, its id and its length included.
    pub bytes: Bytes,
}

/// The functions of one crate.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CrateSize {
    /// The crate, or what [`origin`] says where there is none.
    pub name: String,
    /// How many there are.
    pub functions: u64,
    /// All of them.
    pub bytes: Bytes,
}

/// A function.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Function {
    /// Its path, without the hash that tells instances apart; `function[12]` where it has no name.
    pub name: String,
    /// The crate it belongs to, or what [`origin`] says where there is none.
    #[serde(rename = "crate")]
    pub origin: String,
    /// Its body and the length in front.
    pub bytes: Bytes,
}

/// A data segment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Segment {
    /// What the linker calls it; `data[3]` where it has no name.
    pub name: String,
    /// Its content, the length, and where it is put.
    pub bytes: Bytes,
}

/// What was read is not a report on sizes.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is something else, or was damaged.
    #[error("this is not a size report: {0}; make it again")]
    Shape(#[from] serde_json::Error),
    /// Another version of this program wrote it.
    #[error(
        "this size report has schema {0}, this program reads schema {SIZE_SCHEMA}: make it again"
    )]
    Schema(u32),
    /// Its figures contradict each other.
    #[error("the parts of {0:?} do not add up in this size report: make it again")]
    Unsound(String),
}

impl SizeReport {
    /// The report on `contracts`, and why there is none on others.
    pub fn new(
        made_with: MadeWith,
        contracts: BTreeMap<String, ContractSize>,
        failures: BTreeMap<String, String>,
    ) -> Self {
        Self {
            size_schema: SIZE_SCHEMA,
            made_with,
            contracts,
            failures,
            missed_lto: BTreeMap::new(),
        }
    }

    /// The report in a file that [`SizeReport::to_json`] made.
    ///
    /// # Errors
    /// Where it is something else, of another [`SIZE_SCHEMA`], or its parts do not add up.
    pub fn from_json(json: &[u8]) -> Result<Self, ReadError> {
        /// What every schema has.
        #[derive(Deserialize)]
        struct Version {
            size_schema: u32,
        }
        let Version { size_schema } = serde_json::from_slice(json)?;
        if size_schema != SIZE_SCHEMA {
            return Err(ReadError::Schema(size_schema));
        }
        let report: Self = serde_json::from_slice(json)?;
        let unsound = report.contracts.iter().find(|(_, it)| !it.adds_up());
        match unsound {
            Some((name, _)) => Err(ReadError::Unsound(name.clone())),
            None => Ok(report),
        }
    }

    /// The report as the file that a baseline is: indented, so that a change of one figure is a change of one line.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self)
            .expect("maps have string keys and no value fails to serialise");
        text.push('\n');
        text
    }
}

impl ContractSize {
    /// The module as cargo built it, with names and debug sections.
    pub fn with_names(&self) -> Bytes {
        sum([HEADER]
            .into_iter()
            .chain(self.built.iter().map(|it| it.bytes)))
    }

    /// All functions that are deployed.
    pub fn code(&self) -> Bytes {
        sum(self.functions.iter().map(|function| function.bytes))
    }

    /// All data segments that are deployed.
    pub fn segments(&self) -> Bytes {
        sum(self.data.iter().map(|segment| segment.bytes))
    }

    /// What of the deployed module is neither a function nor a data segment.
    pub fn rest(&self) -> Bytes {
        let items = sum([self.code(), self.segments()]);
        Bytes(self.sizes.processed.0.saturating_sub(items.0))
    }

    /// Whether the theorem above holds, and no size is larger than a file of WebAssembly.
    pub fn adds_up(&self) -> bool {
        let sections = self.deployed.iter().map(|section| section.bytes);
        self.sizes.processed == sum([HEADER].into_iter().chain(sections))
            && self.is_framed(CODE, self.code(), self.functions.is_empty())
            && self.is_framed(DATA, self.segments(), self.data.is_empty())
            && self.crates == crates(&self.functions)
            && self.is_small()
    }

    fn is_small(&self) -> bool {
        let sizes = self.sizes;
        let all = [
            self.with_names(),
            sizes.built,
            sizes.processed,
            sizes.code,
            sizes.account_limit,
            sizes.fragments_limit,
            sizes.processed_limit,
        ];
        all.into_iter().all(|size| u32::try_from(size.0).is_ok())
    }

    /// Whether the section `name` is its items and a frame. A module without items may do without the section.
    fn is_framed(&self, name: &str, items: Bytes, empty: bool) -> bool {
        let mut sections = self
            .deployed
            .iter()
            .filter(|it| !it.custom && it.name == name);
        match (sections.next(), sections.next()) {
            (None, _) => empty,
            (Some(section), None) => {
                let frame = section.bytes.0.checked_sub(items.0);
                frame.is_some_and(|frame| FRAME.contains(&frame))
            }
            (Some(_), Some(_)) => false,
        }
    }
}

impl Section {
    /// What it is called, so that no custom section passes for another.
    pub fn title(&self) -> String {
        if self.custom {
            format!("custom {}", self.name)
        } else {
            self.name.clone()
        }
    }
}

/// The crates of `functions`, the largest first.
pub(crate) fn crates(functions: &[Function]) -> Vec<CrateSize> {
    let mut by_name = BTreeMap::<&str, (u64, Bytes)>::new();
    for function in functions {
        let (count, bytes) = by_name.entry(&function.origin).or_default();
        *count += 1;
        *bytes = sum([*bytes, function.bytes]);
    }
    let crates = by_name
        .into_iter()
        .map(|(name, (functions, bytes))| CrateSize {
            name: name.to_owned(),
            functions,
            bytes,
        });
    let mut crates: Vec<_> = crates.collect();
    // Crates of one size stay in the order of their names.
    crates.sort_by_key(|it| Reverse(it.bytes));
    crates
}

/// All of `parts`. A file that somebody made up may say more than fits; the sum is then wrong, and found to be.
fn sum(parts: impl IntoIterator<Item = Bytes>) -> Bytes {
    let total = |sum: u64, part: Bytes| sum.saturating_add(part.0);
    Bytes(parts.into_iter().fold(0, total))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(name: &str, bytes: u64) -> Section {
        Section {
            name: name.to_owned(),
            custom: false,
            bytes: Bytes(bytes),
        }
    }

    /// A module with two functions of 40 and 60 bytes and a segment of 20.
    pub(super) fn contract() -> ContractSize {
        let function = |name: &str, bytes| Function {
            name: name.to_owned(),
            origin: origin(name).to_owned(),
            bytes: Bytes(bytes),
        };
        let functions = vec![function("a::f", 60), function("core::g", 40)];
        ContractSize {
            sizes: Sizes {
                built: Bytes(139),
                processed: Bytes(139),
                code: Bytes(100),
                account_limit: Bytes(24_576),
                fragments_limit: Bytes(98_304),
                processed_limit: Bytes(131_072),
                accounts: 1,
            },
            built: vec![section("code", 103), section("data", 23)],
            deployed: vec![
                section("type", 5),
                section("code", 103),
                section("data", 23),
            ],
            crates: crates(&functions),
            functions,
            data: vec![Segment {
                name: ".rodata".to_owned(),
                bytes: Bytes(20),
            }],
        }
    }

    pub(super) fn report(contracts: &[(&str, ContractSize)]) -> SizeReport {
        let made_with = MadeWith {
            gas_bench: "0.1.0".to_owned(),
            toolchain: "rustc 1.95.0".to_owned(),
        };
        let contracts = contracts.iter();
        let contracts = contracts.map(|(name, contract)| ((*name).to_owned(), contract.clone()));
        SizeReport::new(made_with, contracts.collect(), BTreeMap::new())
    }

    #[test]
    fn what_is_kept_is_read_again() {
        let report = report(&[("erc20", contract())]);
        let json = report.to_json();
        assert_eq!(SizeReport::from_json(json.as_bytes()).unwrap(), report);
    }

    #[test]
    fn the_largest_crates_come_first() {
        let crates = contract().crates;
        let names: Vec<_> = crates.iter().map(|it| (&*it.name, it.bytes.0)).collect();
        assert_eq!(names, [("a", 60), ("core", 40)]);
    }

    /// Theorem: no single figure can be changed without being found out, but for those that nothing is the sum of.
    #[test]
    fn what_does_not_add_up_is_refused() {
        let changes: [fn(&mut ContractSize); 9] = [
            |it| it.sizes.processed.0 += 1,
            |it| it.deployed[0].bytes.0 += 1,
            |it| it.functions[0].bytes.0 += 1,
            |it| it.functions[0].bytes.0 = u64::MAX,
            |it| it.crates[0].functions += 1,
            |it| it.data[0].bytes.0 += 1,
            |it| it.data.clear(),
            |it| it.deployed[1].custom = true,
            |it| it.sizes.code.0 = u64::MAX,
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let mut changed = contract();
            change(&mut changed);
            let json = report(&[("erc20", contract()), ("token", changed)]).to_json();
            let error = SizeReport::from_json(json.as_bytes()).unwrap_err();
            assert!(
                matches!(&error, ReadError::Unsound(name) if name == "token"),
                "{number}: {error}"
            );
        }
    }

    #[test]
    fn other_files_are_refused() {
        for (json, sentence) in [
            ("", "this is not a size report: "),
            (
                "{}",
                "this is not a size report: missing field `size_schema`",
            ),
            (
                r#"{"schema": 1}"#,
                "this is not a size report: missing field `size_schema`",
            ),
            (
                r#"{"size_schema": 1}"#,
                "this is not a size report: missing field `made_with`",
            ),
            (
                r#"{"size_schema": 9}"#,
                "this size report has schema 9, this program reads schema 1: make it again",
            ),
        ] {
            let error = SizeReport::from_json(json.as_bytes())
                .unwrap_err()
                .to_string();
            assert!(error.starts_with(sentence), "{json}: {error}");
        }
    }
}
