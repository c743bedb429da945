//! The arguments of `override`, a reserved word in Rust.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr as _;

use clap::Args;
use gas_bench::chain;
use stylus_override::Substitute;
use stylus_override::rehearsal::Call;

use super::TextFormat;

const EXAMPLES: &str = "\
Examples:
  cargo gas-bench override --list token.wasm      which allocator it carries, and whether that can
                                                  be replaced
  cargo gas-bench override token.wasm             writes token-mini.wasm beside it
  cargo gas-bench override --allocator reclaim --postfix -new token.wasm
  cargo gas-bench override --inplace token.wasm   keeps the original as token.wasm.bak
  cargo gas-bench override --measure 'mint(address,uint256) {bob} 5' --measure 0x18160ddd token.wasm
                                                  runs both on these calls, and writes only if they
                                                  do the same

The module needs the names of its functions, which `CARGO_PROFILE_RELEASE_STRIP=debuginfo cargo build …` keeps. The new file is the module \
as `cargo stylus` would deploy it. Use this to measure, or to rescue a module; if you have the sources, build them with the other \
allocator.

Exit code: 0 on success, 1 when the module was refused or something differs, 2 for arguments that make no sense.";

/// The arguments of `override`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct OverrideArguments {
    /// The compiled contract
    #[arg(value_name = "FILE.wasm")]
    pub(crate) file: PathBuf,

    /// Only show which allocator the contract carries, and change nothing
    #[arg(long, conflicts_with_all = ["allocator", "postfix", "inplace", "force", "calls"])]
    pub(crate) list: bool,

    /// The allocator to put in: mini, reclaim
    #[arg(long, value_name = "NAME", default_value = "mini", value_parser = Substitute::from_str)]
    pub(crate) allocator: Substitute,

    /// The ending of the new file's name, before its extension [default: a dash and the allocator's name]
    #[arg(long, value_name = "P", value_parser = postfix, allow_hyphen_values = true)]
    postfix: Option<String>,

    /// Change the file itself, and keep the original in FILE.wasm.bak
    #[arg(long, conflicts_with = "postfix")]
    pub(crate) inplace: bool,

    /// Overwrite an existing file
    #[arg(long, conflicts_with = "inplace")]
    pub(crate) force: bool,

    /// Run both on CALL, a function and its arguments or calldata in hexadecimal digits, and write nothing if the outcome, an
    /// output, a log, a storage write or a call of another contract differs; repeat for several, which run one after the other
    #[arg(long = "measure", value_name = "CALL", value_parser = call)]
    pub(crate) calls: Vec<Call>,

    /// How to report on these calls
    #[arg(long, value_enum, default_value = "table", requires = "calls")]
    pub(crate) format: TextFormat,

    /// Describe in full what was done
    #[arg(long, short)]
    pub(crate) verbose: bool,
}

impl OverrideArguments {
    /// The file to write.
    pub(crate) fn out(&self) -> PathBuf {
        if self.inplace {
            return self.file.clone();
        }
        let postfix = match &self.postfix {
            Some(postfix) => postfix.clone(),
            None => format!("-{}", self.allocator.name()),
        };
        let stem = self.file.file_stem().unwrap_or_default();
        let mut name = OsString::from(stem);
        name.push(postfix);
        name.push(".wasm");
        self.file.with_file_name(name)
    }

    /// Where the original is saved.
    pub(crate) fn backup(&self) -> PathBuf {
        let mut name = OsString::from(&self.file);
        name.push(".bak");
        name.into()
    }
}

fn call(text: &str) -> Result<Call, stylus_plan::CallError> {
    stylus_plan::call(text, chain::address_of)
}

fn postfix(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err(
            "the new file needs a name of its own; to change the old one, use --inplace".to_owned(),
        );
    }
    if text.contains(std::path::is_separator) {
        return Err("it must be part of a file name, not a path".to_owned());
    }
    Ok(text.to_owned())
}
