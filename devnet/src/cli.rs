//! The command line of `stylus-devnet`.
//!
//! Lives here: flags, their help, and the settings they stand for. Not here: what the settings do. Flags that anvil also has share anvil's
//! name.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use alloy_primitives::{Address, U256};
use anyhow::{Context as _, anyhow, bail};
use clap::{Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use stylus_devnet::explain::{Artifacts, Coverage};
use stylus_devnet::{ArbOs, Clock, Config, Fork, Gas, Mining, Order, Wallet};

/// Wei per ether.
const ETHER: u64 = 1_000_000_000_000_000_000;

const EXAMPLES: &str = "\
Examples:
  stylus-devnet                                 # then: cargo stylus check
  stylus-devnet --port 0 --silent               # any free port
  stylus-devnet --state chain.json              # goes on where it stopped
  stylus-devnet --bare                          # what `nitro --dev` gives, for set-up scripts
  stylus-devnet --arbos 51                      # ApeChain's rules, say, instead of Arbitrum One's
  stylus-devnet --activation-gas 18446744073709551615   # activations paused, as on Arbitrum One
  stylus-devnet --timestamp 1700000000          # the same requests give the same block hashes
  stylus-devnet --fork-url http://localhost:8547           # goes on from that chain's newest block
  stylus-devnet --fork-url $RPC --fork-record one.fork     # and once more without a network: --fork-replay one.fork
  cargo stylus deploy --no-verify --private-key 0xb6b15c8cb491557369f3c7d2c287b053eb229daa9c22138887752191c9520659";

/// A local Arbitrum Stylus chain in one process. `cargo stylus`, cast, ethers, viem and alloy work against it.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// Port to listen on; 0 picks any free one.
    #[arg(
        short,
        long,
        default_value_t = 8547,
        value_name = "PORT",
        env = "STYLUS_DEVNET_PORT"
    )]
    port: u16,

    /// Address to listen on.
    #[arg(
        long,
        default_value = "127.0.0.1",
        value_name = "IP",
        env = "STYLUS_DEVNET_HOST"
    )]
    host: IpAddr,

    /// Lets other machines reach the chain, although everybody knows its keys.
    #[arg(long)]
    i_know_these_keys_are_public: bool,

    /// Web origins that may send requests (CORS): `*`, or one such as https://example.org. Repeatable; none by default.
    #[arg(
        long,
        value_name = "ORIGIN",
        env = "STYLUS_DEVNET_ALLOW_ORIGIN",
        value_delimiter = ','
    )]
    allow_origin: Vec<String>,

    /// Host names that requests can be addressed to, in addition to this machine's. Repeatable; `*` for any.
    #[arg(
        long,
        value_name = "NAME",
        env = "STYLUS_DEVNET_ALLOW_HOST",
        value_delimiter = ','
    )]
    allow_host: Vec<String>,

    /// Funded accounts in addition to the dev account, 1,000 at most.
    #[arg(
        short,
        long,
        default_value_t = 10,
        value_name = "COUNT",
        env = "STYLUS_DEVNET_ACCOUNTS"
    )]
    accounts: u32,

    /// Mnemonic of these accounts [default: "test test … junk"].
    #[arg(short, long, value_name = "PHRASE", env = "STYLUS_DEVNET_MNEMONIC")]
    mnemonic: Option<String>,

    /// Derivation path of these accounts, without their index [default: m/44'/60'/0'/0/].
    #[arg(long, value_name = "PATH", env = "STYLUS_DEVNET_DERIVATION_PATH")]
    derivation_path: Option<String>,

    /// Ether of each funded account.
    #[arg(
        long,
        default_value_t = 1_000,
        value_name = "ETH",
        env = "STYLUS_DEVNET_BALANCE"
    )]
    balance: u64,

    /// Lets anyone send transactions from any account.
    #[arg(long, visible_alias = "auto-unlock")]
    auto_impersonate: bool,

    /// Forks another chain: the URL of one of its nodes. Accounts, code and storage are fetched when they are first needed; the chain id,
    /// ArbOS version, prices and programs are that chain's.
    #[arg(
        short,
        long,
        value_name = "URL",
        visible_alias = "rpc-url",
        env = "STYLUS_DEVNET_FORK_URL",
        hide_env_values = true,
        help_heading = "Fork"
    )]
    fork_url: Option<String>,

    /// Block to fork at [default: the newest]. An older one takes an archive node.
    #[arg(
        long,
        value_name = "NUMBER",
        env = "STYLUS_DEVNET_FORK_BLOCK_NUMBER",
        help_heading = "Fork"
    )]
    fork_block_number: Option<u64>,

    /// Header for the node, as NAME=VALUE or NAME: VALUE, for example with an API key. Repeatable.
    #[arg(
        long = "fork-header",
        visible_alias = "fork-headers",
        value_name = "NAME=VALUE",
        value_parser = Fork::header,
        env = "STYLUS_DEVNET_FORK_HEADER",
        hide_env_values = true,
        help_heading = "Fork"
    )]
    fork_headers: Vec<(String, String)>,

    /// How often to retry a query to the node that failed for a temporary reason [default: 5].
    #[arg(
        long,
        value_name = "COUNT",
        visible_alias = "retries",
        env = "STYLUS_DEVNET_FORK_RETRIES",
        help_heading = "Fork"
    )]
    fork_retries: Option<u32>,

    /// Seconds that a query to the node can take, over all attempts [default: 45]; each attempt gets a third of that.
    #[arg(
        long,
        value_name = "SECONDS",
        value_parser = clap::value_parser!(u64).range(1..),
        env = "STYLUS_DEVNET_FORK_TIMEOUT",
        help_heading = "Fork"
    )]
    fork_timeout: Option<u64>,

    /// The most queries per second, for a node that limits them.
    #[arg(
        long,
        value_name = "COUNT",
        value_parser = clap::value_parser!(u32).range(1..),
        env = "STYLUS_DEVNET_FORK_RPS",
        help_heading = "Fork"
    )]
    fork_rps: Option<u32>,

    /// Neither keeps answers in the user's cache folder nor reads them from there.
    #[arg(long, visible_alias = "no-storage-caching", help_heading = "Fork")]
    no_fork_cache: bool,

    /// File to which everything fetched is written at the end, so that the fork can be replayed without a network.
    #[arg(
        long,
        value_name = "FILE",
        env = "STYLUS_DEVNET_FORK_RECORD",
        requires = "fork_url",
        help_heading = "Fork"
    )]
    fork_record: Option<PathBuf>,

    /// Replays a fork that --fork-record has written; contacts no node.
    #[arg(
        long,
        value_name = "FILE",
        env = "STYLUS_DEVNET_FORK_REPLAY",
        conflicts_with_all = ["fork_url", "fork_record"],
        help_heading = "Fork"
    )]
    fork_replay: Option<PathBuf>,

    /// Account that owns the chain from the start. Useful on a fork, whose owners' keys are not at hand.
    #[arg(long, value_name = "ADDRESS", env = "STYLUS_DEVNET_CHAIN_OWNER")]
    chain_owner: Option<Address>,

    /// The chain's id.
    #[arg(
        long,
        default_value_t = 412_346,
        value_name = "ID",
        env = "STYLUS_DEVNET_CHAIN_ID"
    )]
    chain_id: u64,

    /// Seconds between blocks, such as 2 or 0.25. By default, every transaction gets a block of its own at once.
    #[arg(
        short,
        long,
        value_name = "SECONDS",
        value_parser = block_time,
        env = "STYLUS_DEVNET_BLOCK_TIME"
    )]
    block_time: Option<Duration>,

    /// Makes only the blocks that requests ask for.
    #[arg(long, visible_alias = "no-mine", conflicts_with = "block_time")]
    no_mining: bool,

    /// Which waiting transaction goes first: the one that arrived first, as on Arbitrum, or the one that offers most.
    #[arg(
        long,
        value_name = "ORDER",
        default_value = "fifo",
        env = "STYLUS_DEVNET_ORDER"
    )]
    order: OrderName,

    /// ArbOS version, 51 to 61 [default: 61, what Arbitrum One runs; 59 with --bare, as `nitro --dev`].
    #[arg(long, value_name = "VERSION", env = "STYLUS_DEVNET_ARBOS")]
    arbos: Option<u16>,

    /// Gas that every activation burns in addition, from ArbOS 59 on; 18446744073709551615 pauses activations, as on Arbitrum One since
    /// October 2026.
    #[arg(
        long,
        default_value_t = 0,
        value_name = "GAS",
        env = "STYLUS_DEVNET_ACTIVATION_GAS"
    )]
    activation_gas: u64,

    /// Only what `nitro --dev` has: no CREATE2 factory, StylusDeployer or cache manager, and L1 data at 50 gwei.
    #[arg(long)]
    bare: bool,

    /// Wei per gas of every block.
    #[arg(
        long,
        default_value_t = 100_000_000,
        value_name = "WEI",
        visible_alias = "block-base-fee-per-gas",
        env = "STYLUS_DEVNET_BASE_FEE"
    )]
    base_fee: u64,

    /// Gas limit of a block [default: 2^50, as in every Arbitrum header, which limits nothing].
    #[arg(long, value_name = "GAS", env = "STYLUS_DEVNET_GAS_LIMIT")]
    gas_limit: Option<u64>,

    /// The most bytes of code that an account can hold.
    #[arg(
        long,
        default_value_t = 24_576,
        value_name = "BYTES",
        visible_alias = "code-size-limit",
        env = "STYLUS_DEVNET_MAX_CODE_SIZE"
    )]
    max_code_size: u32,

    /// The most bytes in a transaction [default: 128 KiB]; Arbitrum One's sequencer takes 95,000.
    #[arg(long, value_name = "BYTES", env = "STYLUS_DEVNET_MAX_TRANSACTION_SIZE")]
    max_transaction_size: Option<usize>,

    /// Time of the first block, in seconds since 1970. Every block is then one second after its parent, whatever the clock says.
    #[arg(long, value_name = "SECONDS", env = "STYLUS_DEVNET_TIMESTAMP")]
    timestamp: Option<u64>,

    /// File in which the chain is kept: loaded if it exists, and written with every change.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["load_state", "dump_state"],
        env = "STYLUS_DEVNET_STATE"
    )]
    state: Option<PathBuf>,

    /// File from which the chain is loaded; it is not changed.
    #[arg(long, value_name = "FILE", env = "STYLUS_DEVNET_LOAD_STATE")]
    load_state: Option<PathBuf>,

    /// File to which the chain is written at the end.
    #[arg(long, value_name = "FILE", env = "STYLUS_DEVNET_DUMP_STATE")]
    dump_state: Option<PathBuf>,

    /// Writes changes to the file every so many seconds. By default, each is written to the --state file before it is answered.
    #[arg(
        short = 'i',
        long,
        value_name = "SECONDS",
        env = "STYLUS_DEVNET_STATE_INTERVAL"
    )]
    state_interval: Option<u64>,

    /// Seconds that a call or trace can take [default: 5; 60 on a fork, which has to wait for its node]; 0 for as long as its gas lasts. A
    /// transaction can take twelve times as long.
    #[arg(long, value_name = "SECONDS", env = "STYLUS_DEVNET_REQUEST_TIMEOUT")]
    request_timeout: Option<u64>,

    /// How many of the newest blocks keep their states for calls and traces.
    #[arg(
        long,
        default_value_t = 4_096,
        value_name = "BLOCKS",
        env = "STYLUS_DEVNET_HISTORY"
    )]
    history: usize,

    /// The same as --history, under anvil's name; without a number, only the newest.
    #[arg(long, value_name = "BLOCKS", num_args = 0..=1, default_missing_value = "1", conflicts_with = "history")]
    prune_history: Option<usize>,

    /// Folder of contracts built with debug information, such as a workspace's target/gas-bench: failures of a program are then reported
    /// with its source lines.
    #[arg(long, value_name = "FOLDER", env = "STYLUS_DEVNET_ARTIFACTS")]
    artifacts: Option<PathBuf>,

    /// File to which accounts and settings are written, as JSON.
    #[arg(long, value_name = "FILE", env = "STYLUS_DEVNET_CONFIG_OUT")]
    pub(crate) config_out: Option<PathBuf>,

    /// Prints everything as JSON, one object per line.
    #[arg(long, conflicts_with = "silent")]
    pub(crate) json: bool,

    /// Prints a line for every request.
    #[arg(short, long)]
    pub(crate) verbose: bool,

    /// Prints only errors that end the devnet or keep it from saving its state.
    #[arg(
        long,
        visible_alias = "quiet",
        short_alias = 'q',
        conflicts_with = "verbose"
    )]
    pub(crate) silent: bool,
}

/// What to do instead of starting a devnet.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Prints a shell completion script: `stylus-devnet completions bash > …/bash_completion.d/stylus-devnet`.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

/// Anvil's names for orders.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum OrderName {
    Fifo,
    Fees,
}

impl Arguments {
    /// The ArbOS version that was asked for, if any.
    pub(crate) fn arbos(&self) -> Option<u16> {
        self.arbos
    }

    /// The chain to fork, if any.
    fn fork(&self) -> anyhow::Result<Option<Fork>> {
        let fork = match (&self.fork_url, &self.fork_replay) {
            (Some(url), _) => Fork::url(url),
            (None, Some(recording)) => Fork::replay(recording),
            (None, None) => {
                let asked = [
                    ("--fork-block-number", self.fork_block_number.is_some()),
                    ("--fork-header", !self.fork_headers.is_empty()),
                    ("--fork-retries", self.fork_retries.is_some()),
                    ("--fork-timeout", self.fork_timeout.is_some()),
                    ("--fork-rps", self.fork_rps.is_some()),
                    ("--no-fork-cache", self.no_fork_cache),
                ];
                if let Some((flag, _)) = asked.iter().find(|(_, is_given)| *is_given) {
                    bail!("{flag} needs --fork-url: the node of the chain to go on from");
                }
                return Ok(None);
            }
        };
        Ok(Some(Fork {
            block: self.fork_block_number,
            headers: self.fork_headers.clone(),
            retries: self.fork_retries.unwrap_or(fork.retries),
            timeout: self.fork_timeout.map_or(fork.timeout, Duration::from_secs),
            requests_per_second: self.fork_rps,
            cache: fork.cache.filter(|_| !self.no_fork_cache),
            record: self.fork_record.clone(),
            url: fork.url,
            replay: fork.replay,
        }))
    }

    /// The settings.
    pub(crate) fn config(self) -> anyhow::Result<Config> {
        let fork = self.fork()?;
        let usual = if fork.is_some() { 60 } else { 5 };
        let request_timeout = self.request_timeout.unwrap_or(usual);
        let default = match self.bare {
            true => ArbOs::NITRO_DEV,
            false => ArbOs::ARBITRUM_ONE,
        };
        let version = self.arbos.unwrap_or(default.number());
        let (first, last) = (Config::FIRST_ARBOS.number(), ArbOs::LAST.number());
        if !(first..=last).contains(&version) {
            bail!("ArbOS {version} is not supported: choose a version from {first} to {last}");
        }
        let arbos = ArbOs::new(version)?;
        if self.activation_gas > 0 && arbos < ArbOs::STYLUS_3 {
            let since = ArbOs::STYLUS_3.number();
            bail!("--activation-gas needs ArbOS {since} or a later one");
        }
        let balance = U256::from(self.balance).checked_mul(U256::from(ETHER));
        if self.state_interval.is_some() && self.state.is_none() && self.dump_state.is_none() {
            bail!("--state-interval needs --state or --dump-state");
        }
        if self.state_interval == Some(0) {
            bail!(
                "--state-interval has to be at least 1 second: leave it out to have every change written at once"
            );
        }
        let artifacts = match &self.artifacts {
            // The text has the cause in it, which the chain of causes would repeat.
            Some(folder) => Artifacts::open(folder).map_err(|error| anyhow!("{error}"))?,
            None => Artifacts::default(),
        };
        let usual = Wallet::default();
        Ok(Config {
            host: self.host,
            port: self.port,
            allow_public: self.i_know_these_keys_are_public,
            allow_origin: self.allow_origin,
            allow_host: self.allow_host,
            fork,
            chain_owner: self.chain_owner,
            chain_id: self.chain_id,
            arbos,
            activation_gas: Gas(self.activation_gas),
            accounts: self.accounts,
            wallet: Wallet {
                mnemonic: self.mnemonic.unwrap_or(usual.mnemonic),
                derivation_path: self.derivation_path.unwrap_or(usual.derivation_path),
            },
            auto_impersonate: self.auto_impersonate,
            balance: balance.context("--balance is more ether than can be written")?,
            bare: self.bare,
            base_fee: self.base_fee,
            mining: match self.block_time {
                Some(period) => Mining::Every(period),
                None if self.no_mining => Mining::Asked,
                None => Mining::Automatic,
            },
            order: match self.order {
                OrderName::Fifo => Order::Arrival,
                OrderName::Fees => Order::Fees,
            },
            gas_limit: self.gas_limit.map(Gas),
            max_transaction_size: self.max_transaction_size,
            clock: self.timestamp.map_or(Clock::Wall, Clock::Steps),
            max_code_size: self.max_code_size,
            state: self.state,
            load_state: self.load_state,
            dump_state: self.dump_state,
            state_interval: self.state_interval.map(Duration::from_secs),
            request_timeout: (request_timeout > 0).then(|| Duration::from_secs(request_timeout)),
            history: self.prune_history.unwrap_or(self.history),
            artifacts,
            coverage: Coverage::default(),
        })
    }
}

/// Parses the seconds between blocks.
fn block_time(text: &str) -> Result<Duration, &'static str> {
    let period = text.parse().ok().map(Duration::try_from_secs_f64);
    match period {
        Some(Ok(period)) if !period.is_zero() => Ok(period),
        _ => Err("it has to be a number of seconds above 0, such as 2 or 0.25"),
    }
}

/// Rounds down to whole ether.
pub(crate) fn ether(wei: U256) -> U256 {
    wei / U256::from(ETHER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_between_blocks_is_a_fraction_of_seconds_above_zero() {
        let check = |text, millis: Option<u64>| {
            assert_eq!(
                block_time(text).ok(),
                millis.map(Duration::from_millis),
                "{text}"
            );
        };
        check("2", Some(2_000));
        check("0.25", Some(250));
        check("1e3", Some(1_000_000));
        for refused in ["0", "-1", "1e-10", "nan", "inf", "1e30", "1s", ""] {
            check(refused, None);
        }
    }
}
