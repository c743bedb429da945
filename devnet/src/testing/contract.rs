//! A contract and its functions, with the types that `sol!` generates from an interface.
//!
//! Lives here: typed calls. Not here: transactions as bytes, and deploying (`sender`).

use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::{SolCall, SolError};
use stylus_vm::Gas;

use super::outcome::{CallError, Failure, Sent};
use super::sender::{Deployment, Sender};
use crate::state::source::attempt;

/// A contract on a chain, and who calls it. Cloning is cheap.
///
/// Functions that send or call panic where a test would otherwise have to unwrap, with a sentence that says what failed and why; their
/// `try_` variants return an error instead.
///
/// ```
/// use alloy_sol_types::sol;
/// use stylus_devnet::testing::*;
///
/// sol! {
///     interface ArbOwner {
///         function addChainOwner(address owner) external;
///     }
///     interface ArbOwnerPublic {
///         function isChainOwner(address owner) external view returns (bool);
///     }
/// }
///
/// let chain = Chain::new();
/// let alice = chain.account("alice");
/// let owner = chain.contract(address!("0x0000000000000000000000000000000000000070"));
/// let public = chain.contract(address!("0x000000000000000000000000000000000000006b"));
///
/// assert!(!public.call(ArbOwnerPublic::isChainOwnerCall { owner: alice }));
/// owner.from(alice).fails(ArbOwner::addChainOwnerCall { owner: alice });
/// owner.send(ArbOwner::addChainOwnerCall { owner: alice });
/// assert!(public.call(ArbOwnerPublic::isChainOwnerCall { owner: alice }));
/// ```
#[derive(Clone, Debug)]
#[must_use = "it calls nothing by itself"]
pub struct Contract {
    sender: Sender,
    address: Address,
    deployment: Option<Deployment>,
}

impl Contract {
    pub(super) fn new(sender: Sender, address: Address, deployment: Option<Deployment>) -> Self {
        Self {
            sender,
            address,
            deployment,
        }
    }

    pub(super) fn deployed(mut self, deployment: Deployment) -> Self {
        self.deployment = Some(deployment);
        self
    }

    /// The contract's address.
    pub fn address(&self) -> Address {
        self.address
    }

    /// The sender of its calls.
    pub fn sender(&self) -> &Sender {
        &self.sender
    }

    /// The cost of its deployment; `None` for a contract that already existed.
    pub fn deployment(&self) -> Option<Deployment> {
        self.deployment.clone()
    }

    /// Returns the same contract, called by another account, whose key need not be known.
    pub fn from(&self, sender: Address) -> Self {
        self.with(self.sender.as_somebody(sender))
    }

    /// Returns the same contract, with wei sent along with each call.
    pub fn value(&self, wei: U256) -> Self {
        self.with(self.sender.clone().value(wei))
    }

    /// Returns the same contract, with a gas limit for each call.
    pub fn gas_limit(&self, gas: Gas) -> Self {
        self.with(self.sender.clone().gas_limit(gas))
    }

    /// Describes failures with these errors, on the whole chain; see [`Chain::with_errors`](crate::testing::Chain::with_errors).
    pub fn with_errors(self, signatures: &[&'static str]) -> Self {
        self.sender.chain().learn_errors(signatures);
        self
    }

    fn with(&self, sender: Sender) -> Self {
        Self {
            sender,
            ..self.clone()
        }
    }

    /// Calls a function in a transaction, in a block of its own.
    ///
    /// # Panics
    /// If it fails.
    #[track_caller]
    pub fn send<C: SolCall>(&self, call: C) -> Sent<C::Return> {
        // A closure would be where the panic is reported, here and in all functions like this.
        match self.try_send(call) {
            Ok(sent) => sent,
            Err(error) => self.broken::<C>(&error),
        }
    }

    /// Like [`Contract::send`], but returns an error.
    ///
    /// # Errors
    /// If the chain does not accept it, it fails, or its return value does not match the declaration.
    pub fn try_send<C: SolCall>(&self, call: C) -> Result<Sent<C::Return>, CallError> {
        let sent = self.sender.try_send(self.address, call.abi_encode())?;
        Ok(Sent {
            returned: self.decode::<C>(sent.returned)?,
            receipt: sent.receipt,
        })
    }

    /// Calls a function on the newest block without changing anything.
    ///
    /// # Panics
    /// If it fails.
    #[track_caller]
    pub fn call<C: SolCall>(&self, call: C) -> C::Return {
        match self.try_call(call) {
            Ok(returned) => returned,
            Err(error) => self.broken::<C>(&error),
        }
    }

    /// Like [`Contract::call`], but returns an error.
    ///
    /// # Errors
    /// If it cannot be run, fails, or its return value does not match the declaration.
    pub fn try_call<C: SolCall>(&self, call: C) -> Result<C::Return, CallError> {
        self.decode::<C>(self.sender.try_call(self.address, call.abi_encode())?)
    }

    /// Calls a function in a transaction that has to fail, and returns the failure.
    ///
    /// # Panics
    /// If it succeeds, or the chain does not accept it.
    #[track_caller]
    pub fn fails<C: SolCall>(&self, call: C) -> Failure {
        match self.sender.try_send(self.address, call.abi_encode()) {
            Err(CallError::Failed(failure)) => *failure,
            Err(error) => self.broken::<C>(&error),
            Ok(sent) => panic!(
                "{} should fail, but succeeds and returns {}",
                self.shown::<C>(),
                sent.returned
            ),
        }
    }

    /// Calls a function in a transaction that has to revert with an error of this type, and returns the error:
    /// `token.reverts_with::<Token::Refused>(call)`.
    ///
    /// # Panics
    /// If it succeeds, or fails in another way.
    #[track_caller]
    pub fn reverts_with<E: SolError>(&self, call: impl SolCall) -> E {
        let shown = self.shown_as(signature(&call));
        let failure = self.fails(call);
        match failure.error() {
            Some(error) => error,
            None => panic!("{shown} should revert with {}, but {failure}", E::SIGNATURE),
        }
    }

    /// Activates the program, or activates it again if its activation has expired or the chain's Stylus version is newer.
    ///
    /// # Errors
    /// If the chain refuses it.
    pub fn try_activate(&self) -> Result<Sent<Bytes>, CallError> {
        self.sender.activate(self.address)
    }

    fn decode<C: SolCall>(&self, output: Bytes) -> Result<C::Return, CallError> {
        let (signature, address) = (C::SIGNATURE, self.address);
        // Like Solidity, which looks for code where nothing is returned: a function that returns nothing would seem to have run.
        if output.is_empty() && self.is_nothing() {
            return Err(CallError::NoContract { signature, address });
        }
        C::abi_decode_returns(&output).map_err(|_| CallError::Undecodable { signature, output })
    }

    /// Whether there is no code at its address.
    fn is_nothing(&self) -> bool {
        let code = attempt(|| self.sender.chain().node().newest().code(self.address));
        code.is_ok_and(|code| code.is_empty())
    }

    #[track_caller]
    fn broken<C: SolCall>(&self, error: &CallError) -> ! {
        panic!("{}: {error}", self.shown::<C>())
    }

    fn shown<C: SolCall>(&self) -> String {
        self.shown_as(C::SIGNATURE)
    }

    fn shown_as(&self, signature: &str) -> String {
        let (address, sender) = (self.address, self.sender.address());
        format!("`{signature}` of {address}, called by {sender}")
    }
}

fn signature<C: SolCall>(_: &C) -> &'static str {
    C::SIGNATURE
}
