//! The command line of `stylus-devnet`.
//!
//! Lives here: flags, their help, and the settings they mean. Not here: what settings do. Where a flag is the same as
//! anvil's it has anvil's name.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use alloy_primitives::U256;
use anyhow::{Context as _, bail};
use clap::Parser;
use stylus_devnet::{ArbOs, Clock, Config};

/// Wei in an ether.
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
  cargo stylus deploy --no-verify --private-key 0xb6b15c8cb491557369f3c7d2c287b053eb229daa9c22138887752191c9520659

Forking another chain is out of scope.";

/// A local Arbitrum Stylus chain in one process. `cargo stylus`, cast, ethers, viem and alloy work against it.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Port to listen at; 0 takes any that is free.
    #[arg(short, long, default_value_t = 8547, value_name = "PORT")]
    port: u16,

    /// Address to listen at.
    #[arg(long, default_value = "127.0.0.1", value_name = "IP")]
    host: IpAddr,

    /// Lets other machines reach the chain, although everybody knows its keys.
    #[arg(long)]
    i_know_these_keys_are_public: bool,

    /// Web origins that may send requests (CORS): `*`, or one like https://example.org. Repeatable; none by default.
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Vec<String>,

    /// Host names that requests may be addressed to, besides this machine's. Repeatable; `*` for any.
    #[arg(long, value_name = "NAME")]
    allow_host: Vec<String>,

    /// Funded accounts besides the dev account: those of the mnemonic "test test … junk", 10 at most.
    #[arg(short, long, default_value_t = 10, value_name = "COUNT")]
    accounts: u32,

    /// Ether of each funded account.
    #[arg(long, default_value_t = 1_000, value_name = "ETH")]
    balance: u64,

    /// The chain's id.
    #[arg(long, default_value_t = 412_346, value_name = "ID")]
    chain_id: u64,

    /// Seconds between blocks. Without it every transaction is put into a block of its own, at once.
    #[arg(short, long, value_name = "SECONDS")]
    block_time: Option<u64>,

    /// ArbOS version, 51 to 61 [default: 61, what Arbitrum One runs; 59 with --bare, as `nitro --dev`].
    #[arg(long, value_name = "VERSION")]
    arbos: Option<u16>,

    /// Gas that every activation burns on top, from ArbOS 59 on; 18446744073709551615 pauses activations, as Arbitrum One has
    /// since October 2026.
    #[arg(long, default_value_t = 0, value_name = "GAS")]
    activation_gas: u64,

    /// Only what `nitro --dev` has: no CREATE2 factory, StylusDeployer or cache manager, and L1 data at 50 gwei.
    #[arg(long)]
    bare: bool,

    /// Wei per gas of every block.
    #[arg(long, default_value_t = 100_000_000, value_name = "WEI")]
    base_fee: u64,

    /// Bytes of code that an account may hold.
    #[arg(long, default_value_t = 24_576, value_name = "BYTES")]
    max_code_size: u32,

    /// Time of the first block, in seconds since 1970. Every block is then one second after the one before, whatever the
    /// clock says.
    #[arg(long, value_name = "SECONDS")]
    timestamp: Option<u64>,

    /// File that the chain is kept in: loaded from, if it exists, and written to with every change.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,

    /// Writes changes to the state's file once in so many seconds. Without it each is written before it is answered.
    #[arg(long, value_name = "SECONDS", requires = "state")]
    state_interval: Option<u64>,

    /// Seconds that a call or trace may take; 0 for as long as its gas lasts. A transaction may take twelve times as long.
    #[arg(long, default_value_t = 5, value_name = "SECONDS")]
    request_timeout: u64,

    /// Newest blocks whose states can still be called and traced.
    #[arg(long, default_value_t = 4_096, value_name = "BLOCKS")]
    history: usize,

    /// Shows a line for every request.
    #[arg(short, long)]
    pub(crate) verbose: bool,

    /// Shows nothing but errors that end the devnet.
    #[arg(long, conflicts_with = "verbose")]
    pub(crate) silent: bool,
}

impl Arguments {
    /// The ArbOS version that is asked for, if one is.
    pub(crate) fn arbos(&self) -> Option<u16> {
        self.arbos
    }

    /// The settings.
    pub(crate) fn config(self) -> anyhow::Result<Config> {
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
        if self.block_time == Some(0) {
            bail!("--block-time has to be at least 1 second");
        }
        if self.state_interval == Some(0) {
            bail!(
                "--state-interval has to be at least 1 second: leave it out to have every change written at once"
            );
        }
        Ok(Config {
            host: self.host,
            port: self.port,
            allow_public: self.i_know_these_keys_are_public,
            allow_origin: self.allow_origin,
            allow_host: self.allow_host,
            chain_id: self.chain_id,
            arbos,
            activation_gas: self.activation_gas,
            accounts: self.accounts,
            balance: balance.context("--balance is more ether than can be written")?,
            bare: self.bare,
            base_fee: self.base_fee,
            block_time: self.block_time.map(Duration::from_secs),
            clock: self.timestamp.map_or(Clock::Wall, Clock::Steps),
            max_code_size: self.max_code_size,
            state: self.state,
            state_interval: self.state_interval.map(Duration::from_secs),
            request_timeout: (self.request_timeout > 0)
                .then(|| Duration::from_secs(self.request_timeout)),
            history: self.history,
        })
    }
}

/// Whole ether.
pub(crate) fn ether(wei: U256) -> U256 {
    wei / U256::from(ETHER)
}
