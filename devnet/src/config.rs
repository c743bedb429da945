//! What a devnet can be told, as plain data.
//!
//! Lives here: settings and their defaults. Not here: command lines, and what the settings do.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use alloy_primitives::{Address, U256};
use stylus_vm::ArbOs;

use crate::explain::{Artifacts, Coverage};

/// Where a block's timestamp comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Clock {
    /// The machine's clock, as on any chain.
    Wall,
    /// The genesis block has this time, in seconds since 1970, and every block is one second later than the one before: the
    /// same requests then give the same block hashes, too.
    Steps(u64),
}

/// When blocks are made, at the start; requests change it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mining {
    /// A block for every transaction, at once.
    Automatic,
    /// One every so often.
    Every(Duration),
    /// Where a request asks for one, and never else.
    Asked,
}

/// Which of the transactions that wait goes first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// The one that came first, as on Arbitrum.
    Arrival,
    /// The one that offers most for gas.
    Fees,
}

/// Where accounts besides the dev account come from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wallet {
    /// A phrase (BIP-39).
    pub mnemonic: String,
    /// The path (BIP-32) of an account but for its number, which comes last.
    pub derivation_path: String,
}

impl Default for Wallet {
    fn default() -> Self {
        Self {
            mnemonic: "test test test test test test test test test test test junk".into(),
            derivation_path: "m/44'/60'/0'/0/".into(),
        }
    }
}

/// Another chain to go on from: a node's, or one that was recorded.
#[derive(Clone, PartialEq, Eq)]
pub struct Fork {
    /// The URL of a node that has the chain.
    pub url: Option<String>,
    /// A recording to take it from, in place of a node.
    pub replay: Option<PathBuf>,
    /// The block to go on from; the newest, or the recording's, where none is named.
    pub block: Option<u64>,
    /// Headers for the node, such as one with a key: names and values.
    pub headers: Vec<(String, String)>,
    /// How often a question is asked again that failed for a reason that may pass.
    pub retries: u32,
    /// How long a question may take, all its attempts together; each gets a third of that.
    pub timeout: Duration,
    /// Questions in a second, where they are limited.
    pub requests_per_second: Option<u32>,
    /// The folder that answers are kept in, for the next fork of the same block: the user's cache, unless the node is on this machine, where
    /// asking again takes no time, and may be a test network, whose state changes without a block.
    pub cache: Option<PathBuf>,
    /// A file that all answers are written to when the devnet stops, to be replayed without a network.
    pub record: Option<PathBuf>,
}

impl Fork {
    /// The chain of a node.
    pub fn url(url: impl Into<String>) -> Self {
        let url = url.into();
        let caches = dirs::cache_dir().filter(|_| !crate::fork::is_near(&url));
        Self {
            url: Some(url),
            replay: None,
            block: None,
            headers: Vec::new(),
            retries: 5,
            timeout: Duration::from_secs(45),
            requests_per_second: None,
            cache: caches.map(|caches| caches.join("stylus-kit").join("forks")),
            record: None,
        }
    }

    /// A chain that was recorded. It needs no network, and has what was asked for when it was recorded.
    pub fn replay(recording: impl Into<PathBuf>) -> Self {
        Self {
            url: None,
            replay: Some(recording.into()),
            ..Self::url("")
        }
    }

    /// A header for the node, out of `NAME=VALUE` or `NAME: VALUE`.
    ///
    /// # Errors
    /// Where it is neither, in a sentence.
    pub fn header(text: &str) -> Result<(String, String), String> {
        let (name, value) = text
            .split_once(['=', ':'])
            .ok_or("a header is given as NAME=VALUE")?;
        Ok((name.trim().to_owned(), value.trim().to_owned()))
    }

    /// A name for where it is from, in which nothing is secret: the host of its node, or the recording.
    pub fn whom(&self) -> String {
        match &self.replay {
            Some(file) => format!("the recording {}", file.display()),
            None => crate::fork::host(self.url.as_deref().unwrap_or_default()),
        }
    }

    /// The same, from this block on.
    pub fn at(self, block: u64) -> Self {
        Self {
            block: Some(block),
            ..self
        }
    }
}

/// Neither the URL nor what headers say: both may hold keys.
impl fmt::Debug for Fork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fork")
            .field("replay", &self.replay)
            .field("block", &self.block)
            .finish_non_exhaustive()
    }
}

/// Everything a devnet can be told.
#[derive(Clone, Debug)]
pub struct Config {
    /// The address to listen at.
    pub host: IpAddr,
    /// The port to listen at; 0 takes any that is free.
    pub port: u16,
    /// Whether another machine may reach accounts whose keys are public. Without it only a loopback address is listened at.
    pub allow_public: bool,
    /// Origins of web pages that may send requests (CORS): none, `*`, or those listed.
    pub allow_origin: Vec<String>,
    /// Host names that requests may be addressed to besides loopback's and `host`.
    pub allow_host: Vec<String>,
    /// Another chain to go on from. Its own are then the chain's id, its ArbOS version and its prices, whatever else is said here.
    pub fork: Option<Fork>,
    /// An account that owns the chain from the start, besides those that own it anyway.
    pub chain_owner: Option<Address>,
    /// The chain's id.
    pub chain_id: u64,
    /// The ArbOS version the chain is born with, [`Config::FIRST_ARBOS`] at least.
    pub arbos: ArbOs,
    /// Gas that every activation burns on top, from ArbOS 59 on; [`u64::MAX`] pauses activations.
    pub activation_gas: u64,
    /// Further funded accounts besides the dev account.
    pub accounts: u32,
    /// Where these come from: the well-known test mnemonic, unless there is another.
    pub wallet: Wallet,
    /// Whether anybody may send transactions of every account.
    pub auto_impersonate: bool,
    /// Wei of each funded account.
    pub balance: U256,
    /// Only what `nitro --dev` has: no factory, deployer or cache manager, L1 price and chain owner as there.
    pub bare: bool,
    /// Wei per gas of every block.
    pub base_fee: u64,
    /// When blocks are made.
    pub mining: Mining,
    /// Which transaction goes first.
    pub order: Order,
    /// Gas that a block may hold; without it what Arbitrum's headers say, which limits nothing.
    pub gas_limit: Option<u64>,
    /// Bytes that a transaction may have; without it what a deployment of the largest code takes.
    pub max_transaction_size: Option<usize>,
    /// Where timestamps come from.
    pub clock: Clock,
    /// Bytes of code an account may hold.
    pub max_code_size: u32,
    /// The file that the chain is kept in: loaded from, if it exists, and written to with every change.
    pub state: Option<PathBuf>,
    /// A file that the chain is loaded from, and that stays as it is.
    pub load_state: Option<PathBuf>,
    /// A file that the chain is written to at the end.
    pub dump_state: Option<PathBuf>,
    /// How long a change may wait until it is written to the state's file; without it each is written before it is answered.
    pub state_interval: Option<Duration>,
    /// How long a call or a trace may take; without it, as long as its gas lasts.
    pub request_timeout: Option<Duration>,
    /// Blocks whose states are kept for calls on them, counted from the newest.
    pub history: usize,
    /// Where the log and tracers find the lines of programs that fail.
    pub artifacts: Artifacts,
    /// Programs whose blocks are counted.
    pub coverage: Coverage,
}

impl Config {
    /// The oldest ArbOS version that a chain here can be born with; what the EVM was before it is not here.
    pub const FIRST_ARBOS: ArbOs = ArbOs::LAST_STYLUS_2;
}

impl Default for Config {
    fn default() -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 8547,
            allow_public: false,
            allow_origin: Vec::new(),
            allow_host: Vec::new(),
            fork: None,
            chain_owner: None,
            chain_id: 412_346,
            arbos: ArbOs::ARBITRUM_ONE,
            activation_gas: 0,
            accounts: 10,
            // 1,000 ETH, what `nitro --dev` gives its account.
            balance: U256::from(1_000_000_000_000_000_000_000_u128),
            wallet: Wallet::default(),
            auto_impersonate: false,
            bare: false,
            base_fee: 100_000_000,
            mining: Mining::Automatic,
            order: Order::Arrival,
            gas_limit: None,
            max_transaction_size: None,
            clock: Clock::Wall,
            max_code_size: 24_576,
            state: None,
            load_state: None,
            dump_state: None,
            state_interval: None,
            // As in geth and Nitro.
            request_timeout: Some(Duration::from_secs(5)),
            history: 4_096,
            artifacts: Artifacts::default(),
            coverage: Coverage::default(),
        }
    }
}
