//! The settings of a devnet, as plain data.
//!
//! Lives here: settings and their defaults. Not here: command lines, and what the settings do.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use alloy_primitives::{Address, U256};
use stylus_vm::{ArbOs, Gas};

use crate::explain::{Artifacts, Coverage};

/// Where a block's timestamp comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Clock {
    /// The machine's clock.
    Wall,
    /// The genesis block has this time, in seconds since 1970, and every block is one second later than its parent: the same requests then
    /// also give the same block hashes.
    Steps(u64),
}

/// When blocks are made at the start; requests can change it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mining {
    /// A block for every transaction, at once.
    Automatic,
    /// A block at this interval.
    Every(Duration),
    /// Only when a request asks for one.
    Asked,
}

impl Mining {
    /// The interval between blocks that are made without anybody's request.
    pub(crate) fn interval(self) -> Option<Duration> {
        match self {
            Self::Every(period) => Some(period),
            Self::Automatic | Self::Asked => None,
        }
    }
}

/// Which waiting transaction goes first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// The one that arrived first, as on Arbitrum.
    Arrival,
    /// The one that offers the highest gas price.
    Fees,
}

/// Where the accounts other than the dev account come from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wallet {
    /// The mnemonic (BIP-39).
    pub mnemonic: String,
    /// The derivation path (BIP-32) of an account without its index, which comes last.
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

/// Another chain to fork: a node's, or a recorded one.
#[derive(Clone, PartialEq, Eq)]
pub struct Fork {
    /// The URL of a node that has the chain.
    pub url: Option<String>,
    /// A recording to use instead of a node.
    pub replay: Option<PathBuf>,
    /// The block to fork at; by default the newest, or the recording's.
    pub block: Option<u64>,
    /// Headers for the node, for example with an API key: names and values.
    pub headers: Vec<(String, String)>,
    /// How often to retry a query that failed for a temporary reason.
    pub retries: u32,
    /// How long a query can take, over all its attempts; each gets a third of that.
    pub timeout: Duration,
    /// The most queries per second, if the node limits them.
    pub requests_per_second: Option<u32>,
    /// The folder in which answers are kept for the next fork of the same block: the user's cache, unless the node is on this machine.
    /// There, asking again takes no time, and the node may be a test network, whose state changes without a block.
    pub cache: Option<PathBuf>,
    /// A file to which all answers are written when the devnet stops, to be replayed without a network.
    pub record: Option<PathBuf>,
}

impl Fork {
    /// Forks the chain of a node.
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

    /// Replays a recorded fork. It needs no network, and holds only what was asked for while it was recorded.
    pub fn replay(recording: impl Into<PathBuf>) -> Self {
        Self {
            url: None,
            replay: Some(recording.into()),
            ..Self::url("")
        }
    }

    /// Parses a header for the node, `NAME=VALUE` or `NAME: VALUE`.
    ///
    /// # Errors
    /// If it is neither; the error is a sentence.
    pub fn header(text: &str) -> Result<(String, String), String> {
        let (name, value) = text
            .split_once(['=', ':'])
            .ok_or("a header is given as NAME=VALUE")?;
        Ok((name.trim().to_owned(), value.trim().to_owned()))
    }

    /// Where the chain is from, without any secrets: the host of its node, or the recording.
    pub fn whom(&self) -> String {
        match &self.replay {
            Some(file) => format!("the recording {}", file.display()),
            None => crate::fork::host(self.url.as_deref().unwrap_or_default()),
        }
    }

    /// The same chain, forked at this block.
    pub fn at(self, block: u64) -> Self {
        Self {
            block: Some(block),
            ..self
        }
    }
}

/// Shows neither the URL nor the headers: both may hold keys.
impl fmt::Debug for Fork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fork")
            .field("replay", &self.replay)
            .field("block", &self.block)
            .finish_non_exhaustive()
    }
}

/// All settings of a devnet.
#[derive(Clone, Debug)]
pub struct Config {
    /// The address to listen on.
    pub host: IpAddr,
    /// The port to listen on; 0 picks any free one.
    pub port: u16,
    /// Whether other machines may reach accounts whose keys are public. Otherwise only a loopback address is allowed.
    pub allow_public: bool,
    /// Origins of web pages that may send requests (CORS): none, `*`, or those listed.
    pub allow_origin: Vec<String>,
    /// Host names that requests can be addressed to, in addition to loopback's and `host`.
    pub allow_host: Vec<String>,
    /// The chain to fork. Its chain id, ArbOS version and prices then override those set here.
    pub fork: Option<Fork>,
    /// An account that owns the chain from the start, in addition to the usual owners.
    pub chain_owner: Option<Address>,
    /// The chain's id.
    pub chain_id: u64,
    /// The ArbOS version that the chain starts with, [`Config::FIRST_ARBOS`] at least.
    pub arbos: ArbOs,
    /// Gas that every activation burns in addition, from ArbOS 59 on; [`Gas::MAX`] pauses activations.
    pub activation_gas: Gas,
    /// How many funded accounts there are in addition to the dev account.
    pub accounts: u32,
    /// Where these come from: by default, the well-known test mnemonic.
    pub wallet: Wallet,
    /// Whether anyone may send transactions from any account.
    pub auto_impersonate: bool,
    /// The balance of each funded account, in wei.
    pub balance: U256,
    /// Whether the chain has only what `nitro --dev` has: no factory, deployer or cache manager, and its L1 price and chain owner.
    pub bare: bool,
    /// The base fee of every block, in wei per gas.
    pub base_fee: u64,
    /// When blocks are made.
    pub mining: Mining,
    /// Which waiting transaction goes first.
    pub order: Order,
    /// The gas limit of a block; by default that of Arbitrum's headers, which limits nothing.
    pub gas_limit: Option<Gas>,
    /// The most bytes in a transaction; by default enough to deploy the largest code.
    pub max_transaction_size: Option<usize>,
    /// Where timestamps come from.
    pub clock: Clock,
    /// The most bytes of code that an account can hold.
    pub max_code_size: u32,
    /// The file in which the chain is kept: loaded if it exists, and written with every change.
    pub state: Option<PathBuf>,
    /// A file from which the chain is loaded; it is not changed.
    pub load_state: Option<PathBuf>,
    /// A file to which the chain is written at the end.
    pub dump_state: Option<PathBuf>,
    /// How long a change can wait before it is written to the state file; by default each is written before it is answered.
    pub state_interval: Option<Duration>,
    /// How long a call or a trace can take; `None` for as long as its gas lasts.
    pub request_timeout: Option<Duration>,
    /// How many of the newest blocks keep their states for calls.
    pub history: usize,
    /// Where the log and tracers find the source lines of programs that fail.
    pub artifacts: Artifacts,
    /// Programs whose executed blocks are counted.
    pub coverage: Coverage,
}

impl Config {
    /// The oldest ArbOS version that a chain can start with here; the EVM rules before it are not implemented.
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
            activation_gas: Gas::ZERO,
            accounts: 10,
            // 1,000 ETH, as `nitro --dev` gives its account.
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
