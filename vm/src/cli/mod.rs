//! The command line's parts: its arguments, and one file per command.
//!
//! Lives here: arguments and code that the commands share. Not here: anything of the VM.

pub(crate) mod check;
pub(crate) mod input;
pub(crate) mod process;
pub(crate) mod run;
pub(crate) mod style;
pub(crate) mod test;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use alloy_primitives::{Address, B256, U256};
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
  stylus-vm check --explain target/wasm32-unknown-unknown/release/contract.wasm
  stylus-vm check --arbos 51 target/wasm32-unknown-unknown/release/*.wasm
  stylus-vm process target/wasm32-unknown-unknown/release/contract.wasm --out contract.wasm
  stylus-vm run contract.wasm --calldata 0x6d4ce63c
  stylus-vm run --json --ink 20000000000 *.wasm
  stylus-vm test vectors.jsonl contract.wasm
  wasm-tools smith < seed | stylus-vm check -";

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Say whether a chain would activate a program, what that costs and what the program occupies
    Check(Check),
    /// Write a module that a compiler made as `cargo stylus` would deploy it: re-encoded, without names, with an empty project hash
    Process(Process),
    /// Call a program once, on a chain where nothing exists, and say how it ended and what it cost
    Run(Run),
    /// Run a program against many calls and their expected answers
    Test(Test),
}

#[derive(Args)]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Say how far the module is from every limit, and what in it is unusual for Rust
    #[arg(long)]
    pub(crate) explain: bool,
}

#[derive(Args)]
pub(crate) struct Process {
    /// The module as `.wasm` or `.wat`; `-` is standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Where the result goes; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(Args)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The input, in hex
    #[arg(long, value_name = "HEX", default_value = "", value_parser = input::hex)]
    pub(crate) calldata: alloy_primitives::Bytes,
    /// The ink given: 10,000 buy one gas; by default what the 32,000,000 gas of a whole transaction buy
    #[arg(long, value_name = "INK", default_value_t = TRANSACTION_INK)]
    pub(crate) ink: u64,
    /// The words of stack given; by default what the chain gives
    #[arg(long, value_name = "WORDS")]
    pub(crate) max_depth: Option<u32>,
    /// Who calls; by default nobody, as everything in the environment is zero
    #[arg(long, value_name = "ADDRESS", default_value_t, value_parser = input::address)]
    pub(crate) sender: Address,
    /// Wei sent along, in decimal or in hex with 0x
    #[arg(long, value_name = "WEI", default_value = "0", value_parser = input::word)]
    pub(crate) value: U256,
    /// What a slot of the program's storage holds, both in decimal or in hex with 0x. Repeatable; all others are zero
    #[arg(long, value_name = "SLOT=WORD", value_parser = input::slot)]
    pub(crate) storage: Vec<(B256, B256)>,
    /// Print one line of JSON a file, and nothing else
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
#[command(after_help = TEST_HELP)]
pub(crate) struct Test {
    /// Vectors as JSON, one a line or an array of them; `-` is standard input
    #[arg(value_name = "VECTORS")]
    pub(crate) vectors: PathBuf,
    /// The program as `.wasm` or `.wat`; `-` is standard input
    #[arg(value_name = "WASM")]
    pub(crate) wasm: PathBuf,
    #[command(flatten)]
    pub(crate) chain: Chain,
    /// The ink of a vector that names none; by default what the 32,000,000 gas of a whole transaction buy
    #[arg(long, value_name = "INK", default_value_t = TRANSACTION_INK)]
    pub(crate) ink: u64,
    /// How many of the vectors that differ are shown
    #[arg(long, value_name = "COUNT", default_value_t = 10)]
    pub(crate) show: usize,
    /// Print one line of JSON a vector, and nothing else
    #[arg(long)]
    pub(crate) json: bool,
}

const TEST_HELP: &str = r#"A vector is a JSON object, all numbers and words in decimal or in quotes in hex with 0x:
  name      what it is called in the report
  calldata  the input, in hex
  output    the output of a call that succeeds, in hex; or else
  reverts   true, or the data of a call that reverts; a trap is a revert without data
  sender    who calls                            (the zero address)
  value     wei sent along                       (0)
  ink       ink given                            (--ink)
  storage   an object: slot to word              (all slots are zero)
  max_ink   the most ink that the call may use   (no limit)

Each runs in a transaction of its own, on a chain where nothing else exists. The exit code is 0 where all agree, 1
where one differs or the program is refused, 2 where something cannot be used.

Examples:
  stylus-vm test vectors.jsonl target/wasm32-unknown-unknown/release/contract.wasm
  generate-vectors | stylus-vm test - contract.wasm
  stylus-vm test --json vectors.jsonl contract.wasm | jq 'select(.agrees | not)'

  {"name": "zero", "calldata": "0xd09de08a", "storage": {"0": "0xff"}, "output": "", "max_ink": 60000000}"#;

/// What the 32,000,000 gas of a whole transaction buy.
const TRANSACTION_INK: u64 = InkPrice::DEFAULT.gas_to_ink(Config::TRANSACTION_GAS).0;

/// The result of a command, worst last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// Every file is in order.
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
            // The same code as clap's for arguments that it does not understand.
            Verdict::Unusable => Self::from(2),
        }
    }
}

/// A shell's exit code for a process that wrote to a pipe after its reader had closed it.
const NOBODY_READS: u8 = 141;

/// The exit code for an error that ends a command, which it reports first.
pub(crate) fn ended(error: &anyhow::Error) -> ExitCode {
    match is_of_pipe(error) {
        true => ExitCode::from(NOBODY_READS),
        false => unusable(error).into(),
    }
}

/// Whether the reader of the output has closed the pipe: it has what it wanted.
pub(crate) fn is_of_pipe(error: &anyhow::Error) -> bool {
    let mut causes = error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>());
    causes.any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

/// Reports what is wrong with one file; the command goes on to the others.
pub(crate) fn unusable(error: &anyhow::Error) -> Verdict {
    anstream::eprintln!("{} {error:#}", style::error("error:"));
    Verdict::Unusable
}

#[derive(Args)]
pub(crate) struct Common {
    /// Modules as `.wasm` or `.wat`; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) chain: Chain,
}

#[derive(Args)]
pub(crate) struct Chain {
    /// The chain's ArbOS version, 30 to 61; by default what Arbitrum One runs
    #[arg(long, value_name = "VERSION", default_value_t = ArbOs::ARBITRUM_ONE.number())]
    arbos: u16,
    /// The pages a transaction may hold; by default what ArbOS gives
    #[arg(long, value_name = "PAGES")]
    page_limit: Option<u16>,
    /// The pages a transaction holds for free; by default what ArbOS gives
    #[arg(long, value_name = "PAGES")]
    free_pages: Option<u16>,
}

impl Chain {
    /// The chain that the arguments describe.
    pub(crate) fn config(&self) -> anyhow::Result<Config> {
        let mut config = Config::at(ArbOs::new(self.arbos).context("--arbos")?);
        let params = &mut config.stylus;
        params.page_limit = self.page_limit.map_or(params.page_limit, Pages);
        params.free_pages = self.free_pages.map_or(params.free_pages, Pages);
        Ok(config)
    }
}
