//! Settings given one by one, and the chain or devnet built from them.
//!
//! Lives here: the builder. Not here: the settings themselves (`config`), and starting (`devnet`).

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::U256;
use stylus_vm::ArbOs;

use crate::config::{Clock, Config, Fork, Mining};
use crate::devnet::{self, Devnet, Handle, StartError};
use crate::node::{Event, Listener};
use crate::testing::Chain;

/// The shortest request timeout on a fork.
const PATIENCE: Duration = Duration::from_secs(60);

/// Builds a chain: [`Devnet::builder`] starts from the command's defaults, [`Chain::builder`] from what a test wants.
///
/// Settings without a method here are set with [`Builder::configure`].
///
/// ```
/// use stylus_devnet::{ArbOs, Devnet};
///
/// let devnet = Devnet::builder().port(0).arbos(ArbOs::LAST_STYLUS_2).start()?;
/// assert_eq!(devnet.arbos(), ArbOs::LAST_STYLUS_2);
/// # Ok::<(), stylus_devnet::StartError>(())
/// ```
#[must_use = "`start` or `chain` makes something of it"]
pub struct Builder {
    config: Config,
    listener: Option<Listener>,
}

impl Builder {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            config,
            listener: None,
        }
    }

    /// Changes any setting: `builder.configure(|config| config.history = 10)`.
    pub fn configure(mut self, set: impl FnOnce(&mut Config)) -> Self {
        set(&mut self.config);
        self
    }

    /// The port to listen on; 0 picks any free one.
    pub fn port(self, port: u16) -> Self {
        self.configure(|config| config.port = port)
    }

    /// The chain to fork. Raises the request timeout to a minute at least, since requests have to wait for that chain's node.
    ///
    /// ```
    /// use stylus_devnet::testing::*;
    /// use stylus_devnet::{Devnet, Fork};
    ///
    /// let live = Devnet::builder().port(0).start()?;
    /// live.chain().mine(3);
    /// let fork = Chain::builder().fork(Fork::url(live.url()).at(2)).chain()?;
    /// assert_eq!(fork.block_number(), 2);
    /// # Ok::<(), stylus_devnet::StartError>(())
    /// ```
    pub fn fork(self, fork: Fork) -> Self {
        self.configure(|config| {
            config.request_timeout = config.request_timeout.map(|limit| limit.max(PATIENCE));
            config.fork = Some(fork);
        })
    }

    /// The chain's id.
    pub fn chain_id(self, id: u64) -> Self {
        self.configure(|config| config.chain_id = id)
    }

    /// The ArbOS version that the chain starts with.
    pub fn arbos(self, version: ArbOs) -> Self {
        self.configure(|config| config.arbos = version)
    }

    /// Where timestamps come from.
    pub fn clock(self, clock: Clock) -> Self {
        self.configure(|config| config.clock = clock)
    }

    /// When blocks are made.
    pub fn mining(self, mining: Mining) -> Self {
        self.configure(|config| config.mining = mining)
    }

    /// How many funded accounts there are in addition to the dev account.
    pub fn accounts(self, count: u32) -> Self {
        self.configure(|config| config.accounts = count)
    }

    /// The balance of each funded account, in wei.
    pub fn balance(self, wei: U256) -> Self {
        self.configure(|config| config.balance = wei)
    }

    /// The base fee of every block, in wei per gas.
    pub fn base_fee(self, wei: u64) -> Self {
        self.configure(|config| config.base_fee = wei)
    }

    /// The file in which the chain is kept.
    pub fn state(self, file: impl Into<PathBuf>) -> Self {
        self.configure(|config| config.state = Some(file.into()))
    }

    /// The listener, which is told what happens on the chain.
    pub fn listener(mut self, listener: impl Fn(Event) + Send + Sync + 'static) -> Self {
        self.listener = Some(Arc::new(listener));
        self
    }

    /// Starts a devnet: the chain, with a server in front of it.
    ///
    /// # Errors
    /// As for [`Devnet::start`].
    pub fn start(self) -> Result<Handle, StartError> {
        Devnet::start_with(self.config, self.listener)
    }

    /// Builds the chain alone, in this process: nothing listens, and the clock makes no blocks.
    ///
    /// # Errors
    /// If the settings ask for the impossible, or a state file holds something else.
    pub fn chain(self) -> Result<Chain, StartError> {
        Ok(Chain::of(devnet::open(&self.config, self.listener)?))
    }
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
