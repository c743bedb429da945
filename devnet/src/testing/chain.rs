//! A chain in this process: who owns it, what time it is there, and what its accounts hold.
//!
//! Lives here: everything about a chain as a whole. Not here: sending and calling (`sender`, `contract`), and the results (`outcome`).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use alloy_eips::BlockId;
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};

use super::errors::KnownErrors;
use super::outcome::{CallError, Executed, Receipt, Sent};
use super::sender::Sender;
use super::{Contract, Module};
use crate::addresses::DEV_ACCOUNT;
use crate::builder::Builder;
use crate::chain::Request;
use crate::config::{Clock, Config};
use crate::devnet::{self, Handle, SaveError, StartError};
use crate::evm::Interrupt;
use crate::explain::{Diagnosis, FailedCall};
use crate::node::Node;
use crate::state::source::attempt;

/// When a chain begins, in seconds since 1970: in 2027, on every machine.
const START: u64 = 1_800_000_000;

/// Wei of an account created by name: 1,000 ETH.
const BALANCE: U256 = U256::from_limbs([0x35c9_adc5_dea0_0000, 0x36, 0, 0]);

/// A chain in this process, with everything that a devnet has except the server. Clones are the same chain; [`Chain::fork`] makes a new
/// one.
///
/// It starts within milliseconds and depends on no clock: the same calls make the same blocks, at the same times, with the same gas. Each
/// test can have its own chain, on any thread.
///
/// A fork ([`Builder::fork`]) queries a node when something is first needed. If the node does not answer, functions that return errors
/// return one; all others panic, naming what was requested and from where.
///
/// ```
/// use std::time::Duration;
/// use stylus_devnet::testing::*;
///
/// let chain = Chain::new();
/// let (alice, bob) = (chain.account("alice"), chain.account("bob"));
/// let sent = chain.from(alice).transfer(bob, U256::from(5));
/// assert_eq!(sent.gas, Gas(21_000));
///
/// let before = chain.timestamp();
/// chain.advance_time(Duration::from_secs(3_600));
/// assert!(chain.timestamp() >= before + 3_600);
/// ```
#[derive(Clone)]
pub struct Chain {
    node: Node,
    errors: Arc<Mutex<KnownErrors>>,
}

/// A chain at an earlier point; [`Chain::restore`] goes back to it.
#[derive(PartialEq, Eq, Debug)]
#[must_use = "a chain goes back to it only where it is restored"]
pub struct Snapshot {
    /// The node's, which is no other's in this process.
    chain: u64,
    number: u64,
}

impl Default for Chain {
    fn default() -> Self {
        Self::new()
    }
}

impl Chain {
    /// Returns a chain with Arbitrum One's rules. Its first block has the same fixed timestamp everywhere.
    pub fn new() -> Self {
        Self::builder().chain().expect("the defaults can be")
    }

    /// Returns a builder for a chain with other settings.
    ///
    /// ```
    /// use stylus_devnet::ArbOs;
    /// use stylus_devnet::testing::*;
    ///
    /// let chain = Chain::builder().arbos(ArbOs::LAST_STYLUS_2).chain()?;
    /// assert_eq!(chain.arbos(), ArbOs::LAST_STYLUS_2);
    /// # Ok::<(), stylus_devnet::StartError>(())
    /// ```
    pub fn builder() -> Builder {
        Builder::new(Config {
            port: 0,
            clock: Clock::Steps(START),
            // A measurement must not depend on how long a machine takes.
            request_timeout: None,
            ..Config::default()
        })
    }

    /// Explains why a transaction failed: its failed calls, in the order in which they ended, each with its diagnosis. Source lines come
    /// from [`Config::artifacts`]. Empty for a transaction that did not fail or does not exist.
    pub fn explain(&self, transaction: B256) -> Vec<(FailedCall, Diagnosis)> {
        let replay = self.node.chain().replay(transaction);
        let failures = replay.map(|replay| replay.failures(&Interrupt::default()));
        failures.ok().and_then(Result::ok).unwrap_or_default()
    }

    pub(crate) fn of(node: Node) -> Self {
        Self {
            node,
            errors: Arc::default(),
        }
    }

    pub(super) fn node(&self) -> &Node {
        &self.node
    }

    /// Returns a separate chain that begins as this one is now. The state is not copied: prepare a chain once, and fork it for each test.
    ///
    /// ```
    /// use stylus_devnet::testing::*;
    ///
    /// let chain = Chain::new();
    /// let other = chain.fork();
    /// other.mine(3);
    /// assert_eq!((chain.block_number(), other.block_number()), (0, 3));
    /// ```
    pub fn fork(&self) -> Self {
        let errors = self.known_errors(|errors| errors.clone());
        Self {
            node: self.node.fork(),
            errors: Arc::new(Mutex::new(errors)),
        }
    }

    /// Starts a server in front of this chain, on any free port, for clients that speak JSON-RPC, such as alloy's providers. It stops when
    /// the handle is dropped; the chain stays usable.
    ///
    /// ```
    /// use stylus_devnet::testing::*;
    ///
    /// let chain = Chain::new();
    /// let server = chain.serve()?;
    /// assert!(server.url().starts_with("http://127.0.0.1:"));
    /// # Ok::<(), stylus_devnet::StartError>(())
    /// ```
    ///
    /// # Errors
    /// If no threads or no port are available.
    pub fn serve(&self) -> Result<Handle, StartError> {
        let config = Config {
            port: 0,
            state: None,
            state_interval: None,
            dump_state: None,
            ..self.node.chain().config().clone()
        };
        let node = self.node.for_server(config.request_timeout);
        devnet::serve(config, node)
    }

    /// The host that the chain was forked from, or the recording, and the last block that is not its own; `None` if it is not a fork.
    pub fn forked(&self) -> Option<(String, u64)> {
        let forked = self.node.forked()?;
        Some((forked.from().to_owned(), forked.number()))
    }

    /// Writes the recording of a fork, if its settings ask for one: all answers of its node so far. A devnet does so when it stops.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn save_recording(&self) -> Result<(), SaveError> {
        self.node.forked().map_or(Ok(()), |forked| forked.save())
    }

    /// The ArbOS version in force.
    pub fn arbos(&self) -> stylus_vm::ArbOs {
        self.node.chain().arbos()
    }

    /// The chain's id.
    pub fn chain_id(&self) -> u64 {
        self.node.chain().config().chain_id
    }

    /// The number of the newest block.
    pub fn block_number(&self) -> u64 {
        self.node.chain().head().header.number
    }

    /// The time of the newest block, in seconds since 1970.
    pub fn timestamp(&self) -> u64 {
        self.node.chain().head().header.timestamp
    }

    /// Wei per gas of the next block.
    pub fn gas_price(&self) -> u64 {
        self.node.chain().gas_price().in_header()
    }

    /// Reads or changes something that may have to be fetched from another node.
    #[track_caller]
    fn with<T>(&self, act: impl FnOnce(&Node) -> T) -> T {
        match attempt(|| act(&self.node)) {
            Ok(done) => done,
            Err(error) => panic!("{error}"),
        }
    }

    /// Moves the clock forward and makes a block at the new time, so that calls see it, too.
    pub fn advance_time(&self, by: Duration) {
        self.node.change(|chain| chain.increase_time(by.as_secs()));
        self.mine(1);
    }

    /// Makes empty blocks.
    pub fn mine(&self, blocks: u64) {
        for _ in 0..blocks {
            let mined = self.with(|node| node.mine_all(&Interrupt::default()));
            mined.expect("nobody raises the flag");
        }
    }

    /// Remembers the chain as it is now.
    ///
    /// ```
    /// use stylus_devnet::testing::*;
    ///
    /// let chain = Chain::new();
    /// let bob = chain.account("bob");
    /// let before = chain.snapshot();
    /// chain.set_balance(bob, U256::ZERO);
    /// chain.restore(before);
    /// assert!(chain.balance(bob) > U256::ZERO);
    /// ```
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            chain: self.node.id(),
            number: self.node.change(|chain| chain.snapshot()),
        }
    }

    /// Goes back to a snapshot, which uses up this one and all later ones.
    ///
    /// # Panics
    /// If it was already used up, possibly by an earlier one, or is of another chain.
    #[track_caller]
    pub fn restore(&self, snapshot: Snapshot) {
        let is_ours = snapshot.chain == self.node.id();
        let revert = || self.node.go_back(|chain| chain.revert(snapshot.number));
        assert!(
            is_ours && revert(),
            "the snapshot is gone: an earlier one was restored, or it belongs to another chain"
        );
    }

    /// The account that `nitro --dev` funds. It owns this chain and is the default sender.
    pub fn dev(&self) -> Address {
        DEV_ACCOUNT
    }

    /// The funded accounts with well-known keys; the dev account first. [`Handle::accounts`] returns the keys.
    pub fn accounts(&self) -> Vec<Address> {
        self.node.signers().map(|signer| signer.address()).collect()
    }

    /// Returns the account named `name`: the same address on every chain. If it has nothing and has not sent anything, it gets 1,000 ETH.
    #[track_caller]
    pub fn account(&self, name: &str) -> Address {
        let address = Address::from_word(keccak256(format!("stylus-devnet: {name}")));
        let is_new = |chain: &crate::chain::Chain| {
            let account = chain.newest().account(address);
            account.nonce == 0 && account.balance.is_zero()
        };
        self.with(|node| {
            node.change_account(address, |chain| {
                if is_new(chain) {
                    chain.set_balance(address, BALANCE);
                }
            });
        });
        address
    }

    /// Returns a sender of transactions: any address, with or without a known key; even a contract's.
    pub fn from(&self, sender: Address) -> Sender {
        Sender::new(self.clone(), sender)
    }

    /// Deploys a program from the dev account; see [`Sender::deploy`].
    ///
    /// # Panics
    /// As for [`Sender::deploy`].
    #[track_caller]
    pub fn deploy(&self, module: impl Into<Module>) -> Contract {
        self.from(self.dev()).deploy(module)
    }

    /// Deploys a program from the dev account and runs its constructor; see [`Sender::deploy_with`].
    ///
    /// # Panics
    /// As for [`Sender::deploy_with`].
    #[track_caller]
    pub fn deploy_with(
        &self,
        module: impl Into<Module>,
        constructor: impl alloy_sol_types::SolConstructor,
    ) -> Contract {
        self.from(self.dev()).deploy_with(module, constructor)
    }

    /// Returns a contract that already exists, such as a precompile.
    pub fn contract(&self, address: Address) -> Contract {
        self.from(self.dev()).contract(address)
    }

    /// An account's balance, in wei.
    #[track_caller]
    pub fn balance(&self, address: Address) -> U256 {
        self.with(|node| node.newest().account(address).balance)
    }

    /// An account's next nonce.
    #[track_caller]
    pub fn nonce(&self, address: Address) -> u64 {
        self.with(|node| node.newest().nonce(address))
    }

    /// An account's code.
    #[track_caller]
    pub fn code(&self, address: Address) -> Bytes {
        self.with(|node| node.newest().code(address))
    }

    /// A word of an account's storage.
    #[track_caller]
    pub fn storage(&self, address: Address, slot: U256) -> B256 {
        self.with(|node| node.newest().slot(address, slot).into())
    }

    /// Sets an account's balance, in wei.
    #[track_caller]
    pub fn set_balance(&self, address: Address, wei: U256) {
        self.with(|node| node.change_account(address, |chain| chain.set_balance(address, wei)));
    }

    /// Sets a word of an account's storage.
    #[track_caller]
    pub fn set_storage(&self, address: Address, slot: U256, value: B256) {
        self.with(|node| {
            node.change_account(address, |chain| chain.set_storage(address, slot, value))
        });
    }

    /// Sets an account's code. A program still has to be activated: [`Contract::try_activate`].
    #[track_caller]
    pub fn set_code(&self, address: Address, code: impl Into<Bytes>) {
        let code = code.into();
        self.with(|node| node.change_account(address, |chain| chain.set_code(address, code)));
    }

    /// Describes failures with these errors: `Token::TokenErrors::SIGNATURES` for an interface `Token` in `sol!`. A constructor's errors
    /// have to be known before it runs.
    ///
    /// ```
    /// use alloy_sol_types::sol;
    /// use stylus_devnet::testing::*;
    ///
    /// sol! {
    ///     interface Token {
    ///         error InvalidCap(uint256 cap);
    ///     }
    /// }
    ///
    /// let chain = Chain::new().with_errors(Token::TokenErrors::SIGNATURES);
    /// # let _ = chain;
    /// ```
    pub fn with_errors(self, signatures: &[&'static str]) -> Self {
        self.learn_errors(signatures);
        self
    }

    pub(super) fn learn_errors(&self, signatures: &[&'static str]) {
        self.known_errors(|errors| {
            for &signature in signatures {
                errors.learn(signature.into());
            }
        });
    }

    /// Reads or changes the errors that describe reverts.
    pub(super) fn known_errors<T>(&self, act: impl FnOnce(&mut KnownErrors) -> T) -> T {
        act(&mut self.errors.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Runs a call on the newest block.
    pub(super) fn execute(&self, request: &Request) -> Result<Executed, CallError> {
        self.attempt(|node| {
            let view = node.view(BlockId::latest());
            let view = view.map_err(|error| CallError::Refused(error.to_string()))?;
            let executed = view.call(request);
            Ok(Executed::of_call(
                executed.map_err(|error| CallError::Refused(error.to_string()))?,
            ))
        })
    }

    /// Does something that may have to query another node, and can fail anyway.
    pub(super) fn attempt<T>(
        &self,
        act: impl FnOnce(&Node) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        let done = attempt(|| act(&self.node));
        done.unwrap_or_else(|error| Err(CallError::Refused(error.to_string())))
    }

    /// Returns the receipt of a transaction, and how it ended.
    pub(super) fn outcome(&self, hash: B256) -> Result<Executed, CallError> {
        let chain = self.node.chain();
        let (block, index) = chain.transaction(hash).ok_or(CallError::Waiting)?;
        let receipt = block.receipts.get(index).ok_or(CallError::Waiting)?;
        Ok(Executed::of_receipt(
            receipt,
            Receipt {
                hash,
                block: block.header.number,
                gas: receipt.gas_used,
                poster_gas: receipt.poster_gas,
                contract: receipt.contract,
                logs: receipt.logs.clone(),
            },
        ))
    }
}

impl std::fmt::Debug for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chain")
            .field("block", &self.block_number())
            .finish_non_exhaustive()
    }
}

/// A transaction whose output is not decoded.
pub(super) type Plain = Sent<Bytes>;
