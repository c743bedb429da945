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

/// The version of [`SizeReport`]'s JSON shape: raised whenever a key changes its meaning or disappears.
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

/// The sizes of several contracts; also the content of a baseline file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SizeReport {
    /// [`SIZE_SCHEMA`] at the time of writing.
    pub size_schema: u32,
    /// What the bytes depend on apart from the sources.
    pub made_with: MadeWith,
    /// The contracts, sorted by name.
    pub contracts: BTreeMap<String, ContractSize>,
    /// By name, the contracts without figures and why: a sentence each.
    pub failures: BTreeMap<String, String>,
    /// By name, the contracts that ask for link-time optimisation but are built without it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub missed_lto: BTreeMap<String, MissedLto>,
}

/// The circumstances that the bytes depend on apart from the sources.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MadeWith {
    /// This program's version.
    pub gas_bench: String,
    /// The compiler, as `rustc --version` prints it.
    pub toolchain: String,
}

/// One contract.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ContractSize {
    /// How large it is at each step, and the limits.
    pub sizes: Sizes,
    /// The sections as cargo wrote them, including names and debug sections, in module order.
    pub built: Vec<Section>,
    /// The deployed sections, in module order.
    pub deployed: Vec<Section>,
    /// The crates of the deployed functions, the largest first.
    pub crates: Vec<CrateSize>,
    /// The deployed functions, the largest first.
    pub functions: Vec<Function>,
    /// The deployed data segments, in module order.
    pub data: Vec<Segment>,
}

/// A section of a module.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Section {
    /// Its name: as specified, or as a custom section states it.
    pub name: String,
    /// Whether it is a custom section, which has no effect on execution.
    pub custom: bool,
    /// Its whole size, including its id and its length.
    pub bytes: Bytes,
}

/// The functions of one crate.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CrateSize {
    /// The crate, or what [`origin`] returns if there is none.
    pub name: String,
    /// How many functions it has.
    pub functions: u64,
    /// Their size in total.
    pub bytes: Bytes,
}

/// A function.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Function {
    /// Its path, without the hash that distinguishes instances; `function[12]` if it has no name.
    pub name: String,
    /// The crate it belongs to, or what [`origin`] returns if there is none.
    #[serde(rename = "crate")]
    pub origin: String,
    /// Size of its body and of the length prefix.
    pub bytes: Bytes,
}

/// A data segment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Segment {
    /// The linker's name for it; `data[3]` if it has none.
    pub name: String,
    /// Size of its content, of its length and of its offset expression.
    pub bytes: Bytes,
}

/// The input is not a size report.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The input has another shape, or is damaged.
    #[error("this is not a size report: {0}; make it again")]
    Shape(#[from] serde_json::Error),
    /// A different version of this program wrote it.
    #[error(
        "this size report has schema {0}, this program reads schema {SIZE_SCHEMA}: make it again"
    )]
    Schema(u32),
    /// Its figures contradict each other.
    #[error("the parts of {0:?} do not add up in this size report: make it again")]
    Unsound(String),
}

impl SizeReport {
    /// Creates the report on `contracts`, with the reasons why others have none.
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

    /// Reads the report from a file that [`SizeReport::to_json`] wrote.
    ///
    /// # Errors
    /// If it is something else, has a different [`SIZE_SCHEMA`], or its parts do not add up.
    pub fn from_json(json: &[u8]) -> Result<Self, ReadError> {
        /// The part that every schema has.
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

    /// The report as a baseline file: indented, so that changing one figure changes one line.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self)
            .expect("maps have string keys and no value fails to serialise");
        text.push('\n');
        text
    }
}

impl ContractSize {
    /// Size of the module as cargo built it, including names and debug sections.
    pub fn with_names(&self) -> Bytes {
        sum([HEADER]
            .into_iter()
            .chain(self.built.iter().map(|it| it.bytes)))
    }

    /// Size of all deployed functions.
    pub fn code(&self) -> Bytes {
        sum(self.functions.iter().map(|function| function.bytes))
    }

    /// Size of all deployed data segments.
    pub fn segments(&self) -> Bytes {
        sum(self.data.iter().map(|segment| segment.bytes))
    }

    /// The bytes of the deployed module that are neither functions nor data segments.
    pub fn rest(&self) -> Bytes {
        let items = sum([self.code(), self.segments()]);
        Bytes(self.sizes.processed.0.saturating_sub(items.0))
    }

    /// Whether the theorem above holds, and no size exceeds that of a WebAssembly file.
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

    /// Whether the section `name` is its items plus a frame. A module without items can omit the section.
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
    /// Its name, marked so that no custom section passes for another.
    pub fn title(&self) -> String {
        if self.custom {
            format!("custom {}", self.name)
        } else {
            self.name.clone()
        }
    }
}

/// The crates of `functions`, the largest first.
pub fn crates(functions: &[Function]) -> Vec<CrateSize> {
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
    // Crates of equal size stay in the order of their names.
    crates.sort_by_key(|it| Reverse(it.bytes));
    crates
}

/// The sum of `parts`. A forged file can claim more than fits; the sum then saturates, and the mismatch is found.
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

    /// Theorem: no single figure can be changed undetected, except those that are not the sum of anything.
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
