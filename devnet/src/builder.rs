//! Settings said one by one, and the chain or the devnet that they make.
//!
//! Lives here: the builder. Not here: what there is to set (`config`), and starting (`devnet`).

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::U256;
use stylus_vm::ArbOs;

use crate::config::{Clock, Config, Fork, Mining};
use crate::devnet::{self, Devnet, Handle, StartError};
use crate::node::{Event, Listener};
use crate::testing::Chain;

/// What a request may take at least on a fork.
const PATIENCE: Duration = Duration::from_secs(60);

/// A chain in the making: [`Devnet::builder`] begins with what the command begins with, [`Chain::builder`] with what a test wants.
///
/// What has no method of its own here is set by [`Builder::configure`].
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

    /// Sets anything: `builder.configure(|config| config.history = 10)`.
    pub fn configure(mut self, set: impl FnOnce(&mut Config)) -> Self {
        set(&mut self.config);
        self
    }

    /// The port to listen at; 0 takes any that is free.
    pub fn port(self, port: u16) -> Self {
        self.configure(|config| config.port = port)
    }

    /// Another chain to go on from. Requests may then take a minute at least, since its node has to be waited for.
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

    /// The ArbOS version that the chain is born with.
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

    /// Funded accounts besides the dev account.
    pub fn accounts(self, count: u32) -> Self {
        self.configure(|config| config.accounts = count)
    }

    /// Wei of each funded account.
    pub fn balance(self, wei: U256) -> Self {
        self.configure(|config| config.balance = wei)
    }

    /// Wei per gas of every block.
    pub fn base_fee(self, wei: u64) -> Self {
        self.configure(|config| config.base_fee = wei)
    }

    /// The file that the chain is kept in.
    pub fn state(self, file: impl Into<PathBuf>) -> Self {
        self.configure(|config| config.state = Some(file.into()))
    }

    /// Whoever is told of what happens on the chain.
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

    /// The chain alone, in this process: nothing listens, and no block is made by the clock.
    ///
    /// # Errors
    /// Where the settings ask for what cannot be, or a state's file holds something else.
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
