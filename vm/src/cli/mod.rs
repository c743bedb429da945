//! The command line's parts: its arguments, and one file a command.
//!
//! Lives here: arguments and what the commands share. Not here: anything of the VM.

pub(crate) mod check;
pub(crate) mod input;
pub(crate) mod run;
pub(crate) mod style;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use stylus_vm::{ArbOs, Config, InkPrice, Pages};

/// The Stylus VM: would a chain take this program, and what does a call of it cost?
#[derive(Parser)]
#[command(version, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  stylus-vm check contract.wasm
  stylus-vm check --arbos 51 target/wasm32-unknown-unknown/release/*.wasm
  stylus-vm run contract.wasm --calldata 0x6d4ce63c
  stylus-vm run --json --ink 20000000000 *.wasm
  wasm-tools smith < seed | stylus-vm check -";

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Say whether a chain would activate a program, what that costs and what the program occupies
    Check(Check),
    /// Call a program once, on a chain where nothing exists, and say how it ended and what it cost
    Run(Run),
}

#[derive(Args)]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Args)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The input, in hex
    #[arg(long, value_name = "HEX", default_value = "", value_parser = input::hex)]
    pub(crate) calldata: alloy_primitives::Bytes,
    /// The ink given: 10,000 buy one gas; by default what the 32,000,000 gas of a whole transaction buy
    #[arg(long, value_name = "INK", default_value_t = InkPrice::DEFAULT.gas_to_ink(Config::TRANSACTION_GAS).0)]
    pub(crate) ink: u64,
    /// The words of stack given; by default what the chain gives
    #[arg(long, value_name = "WORDS")]
    pub(crate) max_depth: Option<u32>,
    /// Print one line of JSON a file, and nothing else
    #[arg(long)]
    pub(crate) json: bool,
}

/// How a command went, worst last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// Every file is as it should be.
    Good,
    /// A program was refused, or did not succeed.
    Bad,
    /// A file could not be read, or a run has no outcome.
    Unusable,
}

impl From<Verdict> for ExitCode {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Good => Self::SUCCESS,
            Verdict::Bad => Self::FAILURE,
            // clap ends with the same code on arguments that it does not understand.
            Verdict::Unusable => Self::from(2),
        }
    }
}

/// Says what is wrong with one file; the others are still looked at.
pub(crate) fn unusable(error: &anyhow::Error) -> Verdict {
    anstream::eprintln!("{} {error:#}", style::error("error:"));
    Verdict::Unusable
}

#[derive(Args)]
pub(crate) struct Common {
    /// Modules as `.wasm` or `.wat`; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// The chain's ArbOS version, 30 to 61; by default what Arbitrum One runs
    #[arg(long, value_name = "VERSION", default_value_t = ArbOs::ARBITRUM_ONE.number())]
    arbos: u16,
    /// The pages a transaction may hold; by default what ArbOS gives
    #[arg(long, value_name = "PAGES")]
    page_limit: Option<u16>,
    /// The pages a transaction holds for nothing; by default what ArbOS gives
    #[arg(long, value_name = "PAGES")]
    free_pages: Option<u16>,
}

impl Common {
    /// The chain that the arguments describe.
    pub(crate) fn config(&self) -> anyhow::Result<Config> {
        let mut config = Config::at(ArbOs::new(self.arbos).context("--arbos")?);
        let params = &mut config.stylus;
        params.page_limit = self.page_limit.map_or(params.page_limit, Pages);
        params.free_pages = self.free_pages.map_or(params.free_pages, Pages);
        Ok(config)
    }
}
