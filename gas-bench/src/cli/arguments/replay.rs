//! The arguments of `replay`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use alloy_primitives::{Address, B256};
use clap::Args;
use gas_bench::measure::LastOf;
use stylus_devnet::Fork;

use super::TextArguments;

const EXAMPLES: &str = "\
Examples:
  cargo gas-bench replay --rpc-url http://localhost:8547 \\
      0x5aeca744e0c1f6d7f68641aedd394ac4b6e18cbeac3f8b3c81056c0e51a61cf3
  cargo gas-bench replay --rpc-url http://localhost:8547 \\
      --code 0x0000000000000000000000000000000000000001=new.wasm \\
      0x5aeca744e0c1f6d7f68641aedd394ac4b6e18cbeac3f8b3c81056c0e51a61cf3
                                         what would it have cost with this build?
  cargo gas-bench replay --rpc-url http://localhost:8547 --names token.wasm --flame tx.svg \\
      0x5aeca744e0c1f6d7f68641aedd394ac4b6e18cbeac3f8b3c81056c0e51a61cf3
                                         where did its gas go, by the names of this build?
  cargo gas-bench replay --rpc-url http://localhost:8547 --last 20 \\
      --contract 0x0000000000000000000000000000000000000001
                                         a contract's last 20 transactions, as a table
  cargo gas-bench replay --rpc-url http://localhost:8547 --record tx.fork \\
      0x5aeca744e0c1f6d7f68641aedd394ac4b6e18cbeac3f8b3c81056c0e51a61cf3
  cargo gas-bench replay --replay tx.fork \\
      0x5aeca744e0c1f6d7f68641aedd394ac4b6e18cbeac3f8b3c81056c0e51a61cf3
                                         the same without a network

One transaction is shown function by function, like a call in `profile`; several make a table. Whatever precedes them in a block runs \
once.

The node must have the state before each transaction's block: take an archive node, or recent transactions.

Exit code: 0 when every transaction matched its receipt, 1 when one did not or nothing ran at the address of a --code, 2 for arguments \
that make no sense.";

/// The arguments of `replay`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ReplayArguments {
    /// The hash of a transaction; several make a table
    #[arg(value_name = "TX", required_unless_present = "contract", conflicts_with = "contract", value_parser = transaction)]
    pub(crate) transactions: Vec<B256>,

    /// The latest transactions sent to this contract, instead of named ones
    #[arg(long, value_name = "ADDRESS", value_parser = address, conflicts_with = "replay")]
    contract: Option<Address>,

    /// How many of the latest transactions
    #[arg(long, value_name = "COUNT", default_value_t = 10, conflicts_with = "transactions", value_parser = clap::value_parser!(u16).range(1..))]
    last: u16,

    /// How many blocks to search for them, from the newest back
    #[arg(long, value_name = "COUNT", default_value_t = 1_000, conflicts_with = "transactions", value_parser = clap::value_parser!(u64).range(1..))]
    blocks: u64,

    /// The URL of a node that has them, and the state before their blocks
    #[arg(long, value_name = "URL", required_unless_present = "replay")]
    rpc_url: Option<String>,

    /// Header for the node, as NAME=VALUE, such as one with a key; repeat for several
    #[arg(long = "header", value_name = "NAME=VALUE", value_parser = Fork::header)]
    headers: Vec<(String, String)>,

    /// Leave out the earlier transactions of the block
    #[arg(long)]
    pub(crate) alone: bool,

    /// Also replay with the compiled contract FILE.wasm at ADDRESS, and show both; repeat for several
    #[arg(long = "code", value_name = "ADDRESS=FILE.wasm", value_parser = program)]
    pub(crate) programs: Vec<(Address, PathBuf)>,

    /// Name the functions of programs by FILE.wasm, an unstripped build of the deployed code; repeat for several
    #[arg(long, value_name = "FILE.wasm", conflicts_with = "contract")]
    pub(crate) names: Vec<PathBuf>,

    /// How many functions and host calls of a program are listed by name
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    pub(crate) top: usize,

    /// Also draw the flame graph of the transaction's program to FILE (SVG)
    #[arg(long, value_name = "FILE", conflicts_with = "contract")]
    pub(crate) flame: Option<PathBuf>,

    /// Also write FILE for the viewer at speedscope.app
    #[arg(long, value_name = "FILE", conflicts_with = "contract")]
    pub(crate) speedscope: Option<PathBuf>,

    /// Write all data requested from the node to FILE, to replay without a network; for one block
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    record: Option<PathBuf>,

    /// Take everything from a recording, without a network
    #[arg(long, value_name = "FILE", conflicts_with_all = ["rpc_url", "headers"])]
    replay: Option<PathBuf>,

    /// How many seconds a request to the node can take
    #[arg(long, value_name = "SECONDS", default_value_t = 45, value_parser = clap::value_parser!(u64).range(1..))]
    timeout: u64,

    #[command(flatten)]
    pub(crate) report: TextArguments,
}

impl ReplayArguments {
    /// The files that are named to be read.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        let programs = self.programs.iter().map(|(_, file)| file);
        let files = programs.chain(&self.names).chain(&self.replay);
        files.map(PathBuf::as_path)
    }

    /// How many of a contract's latest transactions to replay, if any.
    pub(crate) fn last(&self) -> Option<LastOf> {
        Some(LastOf {
            contract: self.contract?,
            count: self.last.into(),
            most_blocks: self.blocks,
        })
    }

    /// The chain that the transactions are on.
    ///
    /// # Errors
    /// If an option for a single transaction is given with several, or a program has two replacements.
    pub(crate) fn fork(&self) -> anyhow::Result<Fork> {
        let tells_one = !self.names.is_empty() || self.flame.is_some() || self.speedscope.is_some();
        if tells_one && self.transactions.len() > 1 {
            anyhow::bail!(
                "--names, --flame and --speedscope take one transaction, not several: name one"
            );
        }
        let mut replaced = BTreeSet::new();
        let mut again = self.programs.iter().map(|(address, _)| address);
        if let Some(address) = again.find(|address| !replaced.insert(*address)) {
            anyhow::bail!(
                "there are two --code for {address}: give one, and replay again with the other"
            );
        }
        let fork = match (&self.rpc_url, &self.replay) {
            (Some(url), _) => Fork::url(url),
            (None, Some(file)) => Fork::replay(file),
            (None, None) => {
                anyhow::bail!("name a node with --rpc-url, or a recording with --replay")
            }
        };
        Ok(Fork {
            headers: self.headers.clone(),
            record: self.record.clone(),
            timeout: Duration::from_secs(self.timeout),
            ..fork
        })
    }
}

fn address(text: &str) -> Result<Address, String> {
    text.parse()
        .map_err(|_| format!("{text:?} is not an address: it has 20 bytes in hexadecimal digits"))
}

fn transaction(text: &str) -> Result<B256, String> {
    text.parse()
        .map_err(|_| "a transaction's hash has 32 bytes in hexadecimal digits".to_owned())
}

fn program(text: &str) -> Result<(Address, PathBuf), String> {
    let (address, file) = text
        .split_once('=')
        .ok_or("it is given as ADDRESS=FILE.wasm")?;
    Ok((self::address(address)?, file.into()))
}
