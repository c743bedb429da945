//! The gas expected of a transaction: a number, or an entry in a file beside the tests.
//!
//! Lives here: [`assert_gas!`](crate::assert_gas), the baseline file, and what is within tolerance. Not here: what used the gas
//! (`outcome`).

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::{env, fmt};

use alloy_primitives::{hex, keccak256};
use stylus_vm::Gas;

use super::GasUsed;

/// Asserts how much gas a transaction used.
///
/// - `assert_gas!(sent, 54_257)`: exactly this much.
/// - `assert_gas!(sent, "a name")`: as much as the file `gas.toml` in the package's folder has under that name, in the table of the test's
///   module. `BLESS=1 cargo test` writes it.
/// - `…, within 1 %)` and `…, within 200 gas)`: up to that much more or less. A file can set a default for all of its entries:
///   `tolerance = "1 %"` above its tables.
///
/// The first argument can be a [`Sent`](crate::testing::Sent), a [`Receipt`](crate::testing::Receipt), a
/// [`Failure`](crate::testing::Failure) of a transaction, or [`Gas`] itself; the second decides what is expected.
///
/// ```
/// use stylus_devnet::testing::*;
///
/// let chain = Chain::new();
/// let sent = chain.from(chain.dev()).transfer(chain.account("bob"), U256::ONE);
/// assert_gas!(sent, 21_000);
/// assert_gas!(sent, 20_900, within 1 %);
/// assert_gas!(sent, Gas(20_800), within 200 gas);
/// ```
#[macro_export]
macro_rules! assert_gas {
    ($used:expr, $expected:expr $(,)?) => {
        $crate::testing::gas::check(&$used, $expected, None, $crate::__gas_place!())
    };
    ($used:expr, $expected:expr, within $percent:literal % $(,)?) => {{
        let tolerance = $crate::testing::gas::Tolerance::Percent($percent);
        $crate::testing::gas::check(&$used, $expected, Some(tolerance), $crate::__gas_place!())
    }};
    ($used:expr, $expected:expr, within $gas:literal gas $(,)?) => {{
        let tolerance = $crate::testing::gas::Tolerance::Gas($crate::testing::Gas($gas));
        $crate::testing::gas::check(&$used, $expected, Some(tolerance), $crate::__gas_place!())
    }};
}

/// Where the macro is used.
#[doc(hidden)]
#[macro_export]
macro_rules! __gas_place {
    () => {
        $crate::testing::gas::Place {
            folder: env!("CARGO_MANIFEST_DIR"),
            module: module_path!(),
        }
    };
}

/// The file of baselines in a package's folder.
const FILE: &str = "gas.toml";

/// What precedes the entries.
const HEAD: &str = "# Gas of transactions, by the names that `assert_gas!` gives them. `BLESS=1 cargo test` writes it anew.\n";

/// The key above the tables that applies to all of them.
const TOLERANCE: &str = "tolerance";

/// By how much gas can differ from what is expected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tolerance {
    /// This percentage of what is expected.
    Percent(u32),
    /// This much gas.
    Gas(Gas),
}

/// What is expected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expected<'a> {
    /// This much.
    Exactly(Gas),
    /// What a file has under this name.
    Named(&'a str),
}

/// Where an assertion is.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The package's folder.
    pub folder: &'static str,
    /// The path of the test's module.
    pub module: &'static str,
}

/// A baseline file that cannot be used, or does not match.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BaselineError {
    /// It cannot be read or written.
    #[error("{} cannot be used: {source}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// Why it cannot be used.
        source: io::Error,
    },
    /// It is not what this module writes.
    #[error("{} cannot be read: {reason}; correct it, or delete it and write it anew with BLESS=1", file.display())]
    Malformed {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no entry of that name.
    #[error("{} has no entry for `{name}` in [{module}]; it took {} gas: run the test with BLESS=1 to record that", file.display(), used.0)]
    Missing {
        /// The file.
        file: PathBuf,
        /// The table's name.
        module: String,
        /// The entry's name.
        name: String,
        /// The gas that would be written.
        used: Gas,
    },
    /// The transaction used more or less gas.
    #[error("{0}")]
    Differs(Difference),
}

/// Gas that differs from what is expected.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// The entry's name, if it is from a file.
    pub name: Option<String>,
    /// The gas that was used.
    pub used: Gas,
    /// What is expected.
    pub expected: Gas,
    /// By how much it was allowed to differ.
    pub tolerance: Tolerance,
}

impl Tolerance {
    /// No tolerance.
    pub const EXACT: Self = Self::Gas(Gas::ZERO);

    /// Whether `used` is close enough to `expected`.
    pub fn allows(self, expected: Gas, used: Gas) -> bool {
        let difference = u128::from(expected.0.abs_diff(used.0));
        match self {
            Self::Percent(percent) => {
                100 * difference <= u128::from(percent) * u128::from(expected.0)
            }
            Self::Gas(most) => difference <= u128::from(most.0),
        }
    }
}

impl fmt::Display for Tolerance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percent(percent) => write!(f, "{percent} %"),
            Self::Gas(gas) => write!(f, "{} gas", grouped(gas.0)),
        }
    }
}

/// Parses `1 %` or `200 gas`.
impl FromStr for Tolerance {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text
            .strip_suffix('%')
            .and_then(|number| Some(Self::Percent(number.trim().parse().ok()?)))
            .or_else(|| {
                let number = text.strip_suffix("gas")?.trim().parse().ok()?;
                Some(Self::Gas(Gas(number)))
            });
        parsed.ok_or_else(|| format!("a tolerance looks like \"1 %\" or \"200 gas\", not {text:?}"))
    }
}

impl From<u64> for Expected<'_> {
    fn from(gas: u64) -> Self {
        Self::Exactly(Gas(gas))
    }
}

impl From<Gas> for Expected<'_> {
    fn from(gas: Gas) -> Self {
        Self::Exactly(gas)
    }
}

impl<'a> From<&'a str> for Expected<'a> {
    fn from(name: &'a str) -> Self {
        Self::Named(name)
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (used, expected) = (self.used.0, self.expected.0);
        if let Some(name) = &self.name {
            write!(f, "`{name}`: ")?;
        }
        let sign = if used > expected { '+' } else { '-' };
        write!(
            f,
            "it took {} gas, but {} is expected ({sign}{}",
            grouped(used),
            grouped(expected),
            grouped(used.abs_diff(expected))
        )?;
        match self.tolerance {
            Tolerance::EXACT => f.write_str(")")?,
            tolerance => write!(f, ", beyond {tolerance})")?,
        }
        match self.name {
            Some(_) => write!(f, "; if that is meant, record it with BLESS=1"),
            None => Ok(()),
        }
    }
}

/// Formats a number in groups of three digits.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Implements `assert_gas!`.
///
/// # Panics
/// If the gas is not what is expected.
#[doc(hidden)]
#[track_caller]
pub fn check<'a>(
    used: &impl GasUsed,
    expected: impl Into<Expected<'a>>,
    tolerance: Option<Tolerance>,
    place: Place,
) {
    let used = used.gas_used();
    let checked = match expected.into() {
        Expected::Exactly(expected) => {
            compare(None, expected, used, tolerance.unwrap_or(Tolerance::EXACT))
        }
        Expected::Named(name) => {
            let file = Path::new(place.folder).join(FILE);
            match is_blessed() {
                true => bless(&file, place.module, name, used),
                false => look_up(&file, place.module, name, used, tolerance),
            }
        }
    };
    if let Err(error) = checked {
        panic!("{error}");
    }
}

/// Whether expected figures are to be written rather than compared with: whether the variable `BLESS` is neither empty nor `0`.
pub fn is_blessed() -> bool {
    env::var_os("BLESS").is_some_and(|it| !it.is_empty() && it != "0")
}

fn compare(
    name: Option<&str>,
    expected: Gas,
    used: Gas,
    tolerance: Tolerance,
) -> Result<(), BaselineError> {
    match tolerance.allows(expected, used) {
        true => Ok(()),
        false => Err(BaselineError::Differs(Difference {
            name: name.map(str::to_owned),
            used,
            expected,
            tolerance,
        })),
    }
}

/// The content of a file: entries by module and name.
#[derive(Default)]
struct Baseline {
    tolerance: Option<Tolerance>,
    entries: BTreeMap<String, BTreeMap<String, Gas>>,
}

impl Baseline {
    /// Reads a file; empty if it does not exist.
    fn read(file: &Path) -> Result<Self, BaselineError> {
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(unusable(file, source)),
        };
        Self::parse(&text).map_err(|reason| BaselineError::Malformed {
            file: file.to_owned(),
            reason,
        })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let table: toml::Table = text
            .parse()
            .map_err(|error: toml::de::Error| error.message().to_owned())?;
        let mut baseline = Self::default();
        for (key, value) in table {
            if let (TOLERANCE, Some(text)) = (key.as_str(), value.as_str()) {
                baseline.tolerance = Some(text.parse()?);
                continue;
            }
            let wrong =
                |name: &str| format!("[{key}] gives {name:?} a value that is not an amount of gas");
            let entries = value
                .as_table()
                .ok_or_else(|| format!("{key:?} is not a table of entries"))?
                .iter()
                .map(|(name, gas)| {
                    let gas = gas.as_integer().and_then(|gas| u64::try_from(gas).ok());
                    Ok((name.clone(), Gas(gas.ok_or_else(|| wrong(name))?)))
                });
            let entries = entries.collect::<Result<_, String>>()?;
            baseline.entries.insert(key, entries);
        }
        Ok(baseline)
    }

    fn text(&self) -> Result<String, toml::ser::Error> {
        let mut text = HEAD.to_owned();
        if let Some(tolerance) = self.tolerance {
            text.push_str(&format!("{TOLERANCE} = \"{tolerance}\"\n").replace(',', ""));
        }
        text.push('\n');
        text.push_str(&toml::to_string(&self.entries)?);
        Ok(text)
    }
}

fn unusable(file: &Path, source: io::Error) -> BaselineError {
    BaselineError::Io {
        file: file.to_owned(),
        source,
    }
}

/// Compares the gas with a file's entry.
fn look_up(
    file: &Path,
    module: &str,
    name: &str,
    used: Gas,
    tolerance: Option<Tolerance>,
) -> Result<(), BaselineError> {
    let baseline = Baseline::read(file)?;
    let entry = baseline.entries.get(module).and_then(|it| it.get(name));
    let expected = entry.ok_or_else(|| BaselineError::Missing {
        file: file.to_owned(),
        module: module.to_owned(),
        name: name.to_owned(),
        used,
    })?;
    let tolerance = tolerance.or(baseline.tolerance).unwrap_or(Tolerance::EXACT);
    compare(Some(name), *expected, used, tolerance)
}

/// Writes an entry and keeps all others, even if others are written at the same time.
fn bless(file: &Path, module: &str, name: &str, used: Gas) -> Result<(), BaselineError> {
    let failed = |source| unusable(file, source);
    let _alone = lock(file).map_err(failed)?;
    let mut baseline = Baseline::read(file)?;
    let entries = baseline.entries.entry(module.to_owned()).or_default();
    if entries.insert(name.to_owned(), used) == Some(used) {
        return Ok(());
    }
    let text = baseline.text().map_err(|error| BaselineError::Malformed {
        file: file.to_owned(),
        reason: error.to_string(),
    })?;
    // A new file is written first and then replaces the old one, so that nobody reads half a file.
    let draft = file.with_extension("toml.new");
    fs::write(&draft, text).map_err(failed)?;
    fs::rename(&draft, file).map_err(failed)?;
    Ok(())
}

/// Acquires the right to rewrite a file, among all threads and processes, until it is dropped. The lock is a separate file, because this
/// one is replaced.
fn lock(file: &Path) -> io::Result<File> {
    let name = keccak256(file.as_os_str().as_encoded_bytes());
    let name = format!("stylus-devnet-{}.lock", hex::encode(&name[..8]));
    let lock = File::create(env::temp_dir().join(name))?;
    lock.lock()?;
    Ok(lock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, used: u64, expected: Result<(), &str>) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE);
        fs::write(&file, text).unwrap();
        let found = look_up(&file, "it", "a call", Gas(used), None);
        match (found, expected) {
            (Ok(()), Ok(())) => {}
            (Err(error), Err(words)) => {
                let error = error.to_string();
                assert!(error.contains(words) && !error.contains('\n'), "{error}");
            }
            (found, _) => panic!("{text}: {found:?}"),
        }
    }

    #[test]
    fn a_file_says_what_is_expected() {
        let exact = "[it]\n'a call' = 21000\n";
        check(exact, 21_000, Ok(()));
        check(
            exact,
            21_001,
            Err(
                "`a call`: it took 21,001 gas, but 21,000 is expected (+1); if that is meant, record it with BLESS=1",
            ),
        );
        let near = &format!("tolerance = '1 %'\n{exact}");
        check(near, 21_210, Ok(()));
        check(near, 20_790, Ok(()));
        check(near, 20_789, Err("21,000 is expected (-211, beyond 1 %)"));
        let far = &format!("tolerance = '1000 gas'\n{exact}");
        check(far, 22_000, Ok(()));
        check(far, 22_001, Err("(+1,001, beyond 1,000 gas)"));
        check(
            "",
            1,
            Err("has no entry for `a call` in [it]; it took 1 gas: run the test with BLESS=1"),
        );
        check("[that]\n'a call' = 1", 1, Err("has no entry for `a call`"));
        check("[it\n", 1, Err("cannot be read: "));
        check("[it]\n'a call' = 'much'", 1, Err("not an amount of gas"));
        check("[it]\n'a call' = -1", 1, Err("not an amount of gas"));
        check(
            "tolerance = 'some'",
            1,
            Err("a tolerance looks like \"1 %\""),
        );
        check("it = 1", 1, Err("is not a table"));
    }

    /// Theorem: everything written is read back, whoever writes it and in whatever order.
    #[test]
    fn entries_are_written_side_by_side() {
        let folder = tempfile::tempdir().unwrap();
        let file = &folder.path().join(FILE);
        fs::write(file, "tolerance = '1000 gas'\n").unwrap();
        std::thread::scope(|scope| {
            for thread in 0..8_u64 {
                scope.spawn(move || {
                    for entry in 0..8 {
                        let (module, name) = (
                            format!("m::{}", thread % 3),
                            format!("{thread} \"{entry}\""),
                        );
                        bless(file, &module, &name, Gas(thread * entry)).unwrap();
                    }
                });
            }
        });
        let baseline = Baseline::read(file).unwrap();
        assert_eq!(baseline.tolerance, Some(Tolerance::Gas(Gas(1_000))));
        assert_eq!(
            baseline.entries.values().map(BTreeMap::len).sum::<usize>(),
            64
        );
        for thread in 0..8 {
            let (module, name) = (format!("m::{}", thread % 3), format!("{thread} \"7\""));
            look_up(
                file,
                &module,
                &name,
                Gas(7 * thread),
                Some(Tolerance::EXACT),
            )
            .unwrap();
        }
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "nothing is left behind"
        );
    }

    #[test]
    fn a_tolerance_is_of_what_is_expected() {
        for (tolerance, expected, used, allowed) in [
            (Tolerance::EXACT, 5, 5, true),
            (Tolerance::EXACT, 5, 6, false),
            (Tolerance::Percent(0), 5, 5, true),
            (Tolerance::Percent(10), 100, 110, true),
            (Tolerance::Percent(10), 100, 89, false),
            (Tolerance::Percent(u32::MAX), u64::MAX, 0, true),
        ] {
            assert_eq!(
                tolerance.allows(Gas(expected), Gas(used)),
                allowed,
                "{tolerance} {expected} {used}"
            );
        }
    }
}
