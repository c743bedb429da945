//! Binaryen's `wasm-opt`.
//!
//! Lives here: finding it, and running it on a module. Not here: which modules it is given (`recipe`, `copy`), whether a chain accepts the
//! result.

use std::env;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;

use crate::{first_error, process};
use wasm_encoder::{Module, RawSection};
use wasmparser::{BinaryReaderError, Operator, Parser, Payload};

/// The program's name.
const PROGRAM: &str = "wasm-opt";

/// What `wasm-opt` does with a module after the compiler.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Mode {
    /// Nothing.
    Off,
    /// `wasm-opt -Oz`: for size.
    Oz,
    /// `wasm-opt -O3`: for speed.
    O3,
    /// `wasm-opt -O4`: for speed, however long it takes.
    O4,
}

/// No mode goes by this name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the known modes of wasm-opt are off, Oz, O3, O4")]
pub struct UnknownMode;

impl Mode {
    /// Every mode, in the order of rows.
    pub const ALL: &[Self] = &[Self::Off, Self::Oz, Self::O3, Self::O4];

    /// Its name on the command line and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Oz => "Oz",
            Self::O3 => "O3",
            Self::O4 => "O4",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            mode => write!(f, "-{}", mode.name()),
        }
    }
}

impl FromStr for Mode {
    type Err = UnknownMode;

    fn from_str(name: &str) -> Result<Self, UnknownMode> {
        let name = name.strip_prefix('-').unwrap_or(name);
        let mut modes = Self::ALL.iter().copied();
        modes.find(|mode| mode.name() == name).ok_or(UnknownMode)
    }
}

/// There is no `wasm-opt` that runs.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// It is in none of the places searched.
    #[error(
        "there is no {PROGRAM} on PATH or in {}: install Binaryen (Debian: apt install binaryen), or name the program",
        .0.display()
    )]
    NotFound(PathBuf),
    /// It is there but does not run.
    #[error("{} does not run: {message}; name a {PROGRAM} that does", program.display())]
    NotRun {
        /// The program.
        program: PathBuf,
        /// The error.
        message: String,
    },
}

/// `wasm-opt` produces no module.
#[derive(Debug, thiserror::Error)]
pub enum OptimiseError {
    /// The bytes are not a module.
    #[error("what was built is not a wasm module: {0}; check the crate's `crate-type`")]
    NotWasm(#[from] BinaryReaderError),
    /// The module cannot be passed to the program.
    #[error("{PROGRAM} cannot be run: {0}; make room for temporary files")]
    Io(#[from] io::Error),
    /// The program does not accept the module.
    #[error("{PROGRAM} {flags} fails: {message}; leave it off, or take a newer Binaryen")]
    Failed {
        /// The flags that were asked for.
        flags: String,
        /// The first error that it reports.
        message: String,
    },
}

/// A `wasm-opt` that runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WasmOpt {
    program: PathBuf,
    version: String,
}

impl WasmOpt {
    /// Finds the program: `given`, or else the one on `PATH`, or else one in the user's cache folder.
    ///
    /// # Errors
    /// If there is none, or it does not run.
    pub fn find(given: Option<&Path>) -> Result<Self, FindError> {
        let cache = cache();
        let found = given.map(Path::to_owned).or_else(|| {
            let path = env::var_os("PATH").unwrap_or_default();
            let mut folders: Vec<_> = env::split_paths(&path).collect();
            folders.extend(cached(&cache));
            let programs = folders.iter().map(|folder| {
                folder
                    .join(PROGRAM)
                    .with_extension(env::consts::EXE_EXTENSION)
            });
            programs.into_iter().find(|program| program.is_file())
        });
        let program = found.ok_or(FindError::NotFound(cache))?;
        match version(&program) {
            Ok(version) => Ok(Self { program, version }),
            Err(message) => Err(FindError::NotRun { program, message }),
        }
    }

    /// Its version, as the program reports it.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Runs the program on `module`. Of the custom sections only function names are kept, and those only if `names` is set.
    ///
    /// # Errors
    /// If it does not accept the module.
    pub fn run(&self, module: &[u8], mode: Mode, names: bool) -> Result<Vec<u8>, OptimiseError> {
        let module = without_custom(module, names)?;
        if mode == Mode::Off {
            return Ok(module);
        }
        let mut arguments = vec![format!("-{}", mode.name())];
        // The features that a chain accepts, whatever the module declares: what is not enabled is not produced.
        arguments.extend(
            [
                "--mvp-features",
                "--enable-sign-ext",
                "--enable-mutable-globals",
            ]
            .map(str::to_owned),
        );
        if has_bulk_memory(&module)? {
            arguments.push(self.bulk_memory().to_owned());
        }
        if names {
            arguments.push("-g".to_owned());
        }
        self.execute(&module, &arguments, &mode.to_string())
    }

    /// Runs the program on `module` as it is, with the author's own `flags`.
    ///
    /// # Errors
    /// If it does not accept the module or the flags.
    pub fn run_with(&self, module: &[u8], flags: &[String]) -> Result<Vec<u8>, OptimiseError> {
        self.execute(module, flags, &flags.join(" "))
    }

    /// The flag for copying and filling memory. With the older one the program writes a data count, which no chain accepts, and which
    /// `cargo stylus` leaves in the output of `wasm-opt`.
    fn bulk_memory(&self) -> &'static str {
        /// The first version that is sure to know the newer flag.
        const KNOWS_BOTH: u32 = 121;
        let digits = self.version.split_whitespace();
        let number = digits.filter_map(|word| word.parse::<u32>().ok()).next();
        match number.is_some_and(|number| number >= KNOWS_BOTH) {
            true => "--enable-bulk-memory-opt",
            false => "--enable-bulk-memory",
        }
    }

    fn execute(
        &self,
        module: &[u8],
        arguments: &[String],
        flags: &str,
    ) -> Result<Vec<u8>, OptimiseError> {
        let folder = tempfile::tempdir()?;
        let (from, to) = (
            folder.path().join("in.wasm"),
            folder.path().join("out.wasm"),
        );
        fs::write(&from, module)?;
        let mut command = Command::new(&self.program);
        command.arg(&from).arg("-o").arg(&to).args(arguments);
        let output = process::output(&mut command)?;
        if output.status.success() {
            return Ok(fs::read(&to)?);
        }
        Err(OptimiseError::Failed {
            flags: flags.to_owned(),
            message: complaint(&output.stderr),
        })
    }
}

/// The folder in which `scripts/setup` keeps this project's tools.
fn cache() -> PathBuf {
    let given = env::var_os("XDG_CACHE_HOME").filter(|folder| !folder.is_empty());
    let caches = given
        .map(PathBuf::from)
        .or_else(|| Some(env::home_dir()?.join(".cache")));
    caches.unwrap_or_default().join("stylus-kit")
}

/// The folders with programs in the cache: that of all tools, then those of Binaryen releases, the last name first.
fn cached(cache: &Path) -> Vec<PathBuf> {
    let releases = fs::read_dir(cache).into_iter().flatten().flatten();
    let mut releases: Vec<_> = releases
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("binaryen"))
        .map(|entry| entry.path().join("bin"))
        .collect();
    releases.sort();
    releases.push(cache.join("bin"));
    releases.reverse();
    releases
}

fn version(program: &Path) -> Result<String, String> {
    let output = Command::new(program)
        .arg("--version")
        .output()
        .map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(complaint(&output.stderr));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().next().unwrap_or_default().trim().to_owned())
}

/// The program's error message, on one line.
fn complaint(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let fatal = text.lines().find_map(|line| {
        let (_, message) = line.split_once("Fatal: ")?;
        Some(message.trim().to_owned())
    });
    fatal.unwrap_or_else(|| first_error(&text))
}

/// The module without custom sections, except function names if `names` is set. With debug sections in it, `wasm-opt` would do less.
fn without_custom(module: &[u8], names: bool) -> Result<Vec<u8>, BinaryReaderError> {
    let mut rest = Module::new();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        let is_kept = match &payload {
            Payload::CustomSection(section) => names && section.name() == "name",
            _ => true,
        };
        if let Some((id, range)) = payload.as_section().filter(|_| is_kept) {
            rest.section(&RawSection {
                id,
                data: &module[range],
            });
        }
    }
    Ok(rest.finish())
}

/// Whether the module has bulk memory instructions.
fn has_bulk_memory(module: &[u8]) -> Result<bool, BinaryReaderError> {
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::CodeSectionEntry(body) = payload? {
            for operator in body.get_operators_reader()? {
                if matches!(
                    operator?,
                    Operator::MemoryCopy { .. }
                        | Operator::MemoryFill { .. }
                        | Operator::MemoryInit { .. }
                        | Operator::DataDrop { .. }
                ) {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}
