//! The arguments of `replay`.

use std::path::PathBuf;
use std::time::Duration;

use alloy_primitives::{Address, B256};
use clap::Args;
use stylus_devnet::Fork;

use super::TextArguments;

const EXAMPLES: &str = "\
Examples:
  cargo gas-bench replay 0x5aeca744e0c1f6d7f68641aedd394ac4b6e18cbeac3f8b3c81056c0e51a61cf3 --rpc-url http://localhost:8547
  cargo gas-bench replay 0x5aeca744e0c1f6d7f68641aedd394ac4b6e18cbeac3f8b3c81056c0e51a61cf3 --rpc-url http://localhost:8547
      --code 0x0000000000000000000000000000000000000001=new.wasm   what would it have cost with this build?
  cargo gas-bench replay 0x5aeca744e0c1f6d7f68641aedd394ac4b6e18cbeac3f8b3c81056c0e51a61cf3 --rpc-url http://localhost:8547 --record tx.fork
  cargo gas-bench replay 0x5aeca744e0c1f6d7f68641aedd394ac4b6e18cbeac3f8b3c81056c0e51a61cf3 --replay tx.fork                      the same without a network

Several transactions make a table.

The node has to keep the state of the block before the transaction's: an archive node, or one that is
recent enough.

Exit code: 0 when every transaction came to its receipt, 1 when one did not, 2 for arguments that make
no sense.";

/// The arguments of `replay`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ReplayArguments {
    /// The hash of a transaction; several make a table
    #[arg(value_name = "TX", required = true, value_parser = transaction)]
    pub(crate) transactions: Vec<B256>,

    /// The URL of a node that has them, and the state before their blocks
    #[arg(long, value_name = "URL", required_unless_present = "replay")]
    rpc_url: Option<String>,

    /// Header for the node, as NAME=VALUE, such as one with a key; repeat for several
    #[arg(long = "header", value_name = "NAME=VALUE", value_parser = Fork::header)]
    headers: Vec<(String, String)>,

    /// Leave out the earlier transactions of the block
    #[arg(long)]
    pub(crate) alone: bool,

    /// Run them once more with the compiled contract FILE.wasm at ADDRESS, and show both; repeat for several
    #[arg(long = "code", value_name = "ADDRESS=FILE.wasm", value_parser = program)]
    pub(crate) programs: Vec<(Address, PathBuf)>,

    /// Write all that was asked for to FILE, to be replayed without a network; of one transaction
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    record: Option<PathBuf>,

    /// Take everything from a recording, and ask nobody
    #[arg(long, value_name = "FILE", conflicts_with_all = ["rpc_url", "headers"])]
    replay: Option<PathBuf>,

    /// Seconds that a question to the node may take
    #[arg(long, value_name = "SECONDS", default_value_t = 45, value_parser = clap::value_parser!(u64).range(1..))]
    timeout: u64,

    #[command(flatten)]
    pub(crate) report: TextArguments,
}

impl ReplayArguments {
    /// Where the transactions are.
    ///
    /// # Errors
    /// Where several would be written to one recording.
    pub(crate) fn fork(&self) -> anyhow::Result<Fork> {
        if self.record.is_some() && self.transactions.len() > 1 {
            anyhow::bail!("a recording is of one block's state: record one transaction at a time");
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

fn transaction(text: &str) -> Result<B256, String> {
    text.parse()
        .map_err(|_| "a transaction's hash has 32 bytes in hexadecimal digits".to_owned())
}

fn program(text: &str) -> Result<(Address, PathBuf), String> {
    let (address, file) = text
        .split_once('=')
        .ok_or("it is given as ADDRESS=FILE.wasm")?;
    let address = address.parse().map_err(|_| {
        format!("{address:?} is not an address: it has 20 bytes in hexadecimal digits")
    })?;
    Ok((address, file.into()))
}
