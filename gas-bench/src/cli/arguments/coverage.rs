//! The arguments of `coverage`.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use stylus_vm::ArbOs;

use super::TextArguments;
use super::contracts::{ProjectArguments, arbos};

const COVERAGE_EXAMPLES: &str = "\
Examples:
  cargo gas-bench coverage                       the calls of gas-bench.toml, or all of the ABI
  cargo gas-bench coverage --package erc20 --lcov lcov.info
                                                 for editors, genhtml and services
  cargo gas-bench coverage --format html --out coverage.html
                                                 the sources, with each line's count
  cargo gas-bench coverage -- npx hardhat test   tests, which find a devnet at $ETH_RPC_URL
  cargo gas-bench coverage --listen 127.0.0.1:8547
                                                 the same of whatever is sent there, until Ctrl-C
  cargo gas-bench coverage --listen 127.0.0.1:8547 -- cargo test

Programs are recognised by their code, so tests must deploy what `cargo stylus` builds from the same sources and features. Transactions, \
calls and estimates all count.

Exit code: 0 when everything ran and was reported, 1 when something was not or the tests failed, 2 for arguments that make no sense.";

/// The arguments of `coverage`.
#[derive(Args, Debug)]
#[command(after_help = COVERAGE_EXAMPLES)]
pub(crate) struct CoverageArguments {
    #[command(flatten)]
    pub(crate) project: ProjectArguments,

    /// The ArbOS version of the devnet; by default what Arbitrum One runs
    #[arg(long, value_name = "VERSION", value_parser = arbos)]
    arbos: Option<ArbOs>,

    /// Instead of the plans' calls, count what is sent to a devnet at this address, until it is interrupted or COMMAND has ended
    #[arg(long, value_name = "HOST:PORT", num_args = 0..=1, default_missing_value = "127.0.0.1:8547")]
    listen: Option<SocketAddr>,

    /// List libraries file by file, in the tracefile too
    #[arg(long)]
    pub(crate) libraries: bool,

    /// Also write FILE as an lcov tracefile
    #[arg(long, value_name = "FILE")]
    pub(crate) lcov: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) report: TextArguments,

    /// Tests to run instead of the plans' calls; they find a devnet at the URL in ETH_RPC_URL
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

impl CoverageArguments {
    /// The version of the devnet.
    pub(crate) fn arbos(&self) -> ArbOs {
        self.arbos.unwrap_or(ArbOs::ARBITRUM_ONE)
    }

    /// Where the devnet listens, if it is for external tests.
    pub(crate) fn listen(&self) -> Option<SocketAddr> {
        let any = || SocketAddr::from(([127, 0, 0, 1], 0));
        self.listen.or_else(|| (!self.command.is_empty()).then(any))
    }
}
