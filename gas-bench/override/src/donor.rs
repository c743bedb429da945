//! The allocator that replaces another, compiled.
//!
//! Lives here: which ones there are, and having rustc compile one. Not here: what the compiler's object file means (`donor::object`), nor
//! putting it into a module (`graft`).
//!
//! It is compiled when needed, from the sources that this program carries and by the compiler in use where it runs: no compiled code is
//! kept anywhere, and the same compiler makes the same donor. The object file is taken before linking, because it says what every address
//! and every index stands for.

mod object;

use std::env;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str::FromStr;

pub use object::ObjectError;
pub(crate) use object::{Address, Code, Object, Reference, Slot};

use mini_alloc::SOURCES;

/// What is added to the allocator's crate so that it is a program's global allocator and its functions can be called by name.
const ROOT: &str = include_str!("donor/root.txt");

/// The file of the allocator's crate that [`ROOT`] is added to.
const LIBRARY: &str = "src/lib.rs";

/// What contracts are compiled for.
const TARGET: &str = "wasm32-unknown-unknown";

/// The compiler's arguments. The level is that of a contract that cares about gas.
const ARGUMENTS: [&str; 18] = [
    "--edition",
    "2021",
    "--crate-name",
    "donor",
    "--crate-type",
    "cdylib",
    "--target",
    TARGET,
    "--cfg",
    "feature=\"c-api\"",
    "--cap-lints",
    "allow",
    "-Copt-level=3",
    "-Cpanic=abort",
    "-Ccodegen-units=1",
    "-Ctarget-feature=+bulk-memory",
    "--emit",
    "obj",
];

/// There is no allocator to replace another with.
#[derive(Debug, thiserror::Error)]
pub enum DonorError {
    /// The folder for temporary files cannot be written to.
    #[error("the allocator's sources cannot be written to {}: {source}; set TMPDIR to a folder that you may write to", folder.display())]
    Scratch {
        /// The folder.
        folder: PathBuf,
        /// Why it cannot be written to.
        source: io::Error,
    },
    /// The compiler cannot be started.
    #[error("the allocator is compiled by {}, which cannot be run: {source}; install Rust (https://rustup.rs)", program.display())]
    NoCompiler {
        /// The compiler.
        program: PathBuf,
        /// Why it cannot be started.
        source: io::Error,
    },
    /// The compiler does not compile it.
    #[error(
        "rustc cannot compile the allocator: {0}; is the target installed (rustup target add {TARGET})?"
    )]
    Compiler(String),
    /// The compiler's output cannot be put into another module.
    #[error(
        "rustc's output for the allocator cannot be put into a module: {0}; choose another toolchain with RUSTUP_TOOLCHAIN"
    )]
    Object(#[from] ObjectError),
}

/// An allocator that can take another's place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Substitute {
    /// `MiniAlloc`.
    Mini,
    /// `ReclaimAlloc`.
    Reclaim,
}

/// No allocator that can be put into a compiled contract goes by this name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the allocators to put in are mini, reclaim")]
pub struct UnknownSubstitute;

impl Substitute {
    /// All of them.
    pub const ALL: &[Self] = &[Self::Mini, Self::Reclaim];

    /// Its name on a command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mini => "mini",
            Self::Reclaim => "reclaim",
        }
    }

    /// Its type in `mini-alloc`, and its name for readers.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Mini => "MiniAlloc",
            Self::Reclaim => "ReclaimAlloc",
        }
    }
}

impl fmt::Display for Substitute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}

impl FromStr for Substitute {
    type Err = UnknownSubstitute;

    fn from_str(name: &str) -> Result<Self, UnknownSubstitute> {
        let mut all = Self::ALL.iter().copied();
        all.find(|it| it.name() == name).ok_or(UnknownSubstitute)
    }
}

/// An allocator of this project, compiled and ready to be put into modules.
#[derive(Debug)]
pub struct Donor {
    /// Which allocator it is.
    pub allocator: Substitute,
    pub(crate) object: Object,
}

impl Donor {
    /// Compiles an allocator, which takes less than a second.
    ///
    /// # Errors
    /// If there is no compiler for wasm32.
    pub fn compile(allocator: Substitute) -> Result<Self, DonorError> {
        let scratch = |source| DonorError::Scratch {
            folder: env::temp_dir(),
            source,
        };
        let folder = tempfile::Builder::new()
            .prefix("stylus-override-")
            .tempdir()
            .map_err(scratch)?;
        write(folder.path(), allocator.title()).map_err(scratch)?;
        let compiled = folder.path().join("donor.o");
        run(folder.path(), &compiled)?;
        let bytes = fs::read(&compiled).map_err(scratch)?;
        Ok(Self {
            allocator,
            object: Object::parse(&bytes)?,
        })
    }
}

fn write(folder: &Path, name: &str) -> io::Result<()> {
    for (path, content) in SOURCES {
        let file = folder.join(path);
        file.parent().map_or(Ok(()), fs::create_dir_all)?;
        if *path == LIBRARY {
            fs::write(
                file,
                [content, ROOT.replace("NAME", name).as_str()].concat(),
            )?;
        } else {
            fs::write(file, content)?;
        }
    }
    Ok(())
}

/// Runs the compiler that the current folder chooses: a toolchain file there counts.
fn run(folder: &Path, compiled: &Path) -> Result<(), DonorError> {
    let program = env::var_os("RUSTC").map_or_else(|| PathBuf::from("rustc"), PathBuf::from);
    let mut command = Command::new(&program);
    command.args(ARGUMENTS).arg("-o").arg(compiled);
    command.arg(folder.join(LIBRARY)).stdin(Stdio::null());
    let output = command
        .output()
        .map_err(|source| DonorError::NoCompiler { program, source })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let mut lines = said.lines().map(str::trim);
    let error = lines.clone().find(|line| line.starts_with("error"));
    let told = error.or_else(|| lines.rfind(|line| !line.is_empty()));
    let told = told.unwrap_or("it gives no reason");
    Err(DonorError::Compiler(
        told.trim_start_matches("error: ").to_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Theorem: each allocator has every function by which a module may call one; otherwise it would not be a donor.
    #[test]
    fn either_can_be_compiled() {
        for &allocator in Substitute::ALL {
            assert_eq!(Donor::compile(allocator).unwrap().allocator, allocator);
        }
    }

    #[test]
    fn names_are_parsed_back() {
        for &allocator in Substitute::ALL {
            assert_eq!(allocator.name().parse(), Ok(allocator));
        }
        assert_eq!("wee".parse::<Substitute>(), Err(UnknownSubstitute));
    }
}
