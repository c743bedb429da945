//! Who sends, with how much ether and gas; and deploying.
//!
//! Lives here: transactions as bytes, and how a module becomes a program. Not here: typed functions (`contract`).

use std::sync::Arc;

use alloy_consensus::{TxEip1559, TypedTransaction};
use alloy_primitives::{Address, Bytes, TxKind, U256};
use alloy_sol_types::{SolCall as _, SolConstructor, SolInterface as _};
use stylus_vm::{Gas, code};

use super::chain::{Chain, Plain};
use super::outcome::{CallError, Executed, Failure, Receipt, Sent};
use super::{Contract, Module};
use crate::addresses::{ARB_WASM, STYLUS_DEPLOYER};
use crate::chain::{Request, SubmitError, Transaction};
use crate::evm::Interrupt;
use crate::explain::chain_of;
use crate::natives::StylusDeployer::{self, StylusDeployerErrors};
use crate::precompiles::ArbWasm;

/// The default gas limit of a transaction: the most that Arbitrum grants one (ArbOS 50).
const GAS_LIMIT: Gas = Gas(32_000_000);

/// What a transaction pays for gas at most, in prices of the next block.
const FEE_MARGIN: u128 = 2;

/// The most wei sent along with an activation, of which the chain returns what it does not need: 1 ETH.
const ACTIVATION_VALUE: U256 = U256::from_limbs([1_000_000_000_000_000_000, 0, 0, 0]);

/// The selector of every stylus-sdk constructor, whatever its parameters: that of `stylus_constructor()`.
const CONSTRUCTOR: [u8; 4] = [0x55, 0x85, 0x25, 0x8d];

/// An account that sends transactions, and what it sends along. Its key is not needed.
///
/// ```
/// use stylus_devnet::testing::*;
///
/// let chain = Chain::new();
/// let (alice, bob) = (chain.account("alice"), chain.account("bob"));
/// let all = chain.balance(alice);
/// let error = chain.from(alice).value(all).try_send(bob, Bytes::new()).unwrap_err();
/// assert!(error.to_string().contains("insufficient funds for gas * price + value"));
/// ```
#[derive(Clone, Debug)]
#[must_use = "it sends nothing by itself"]
pub struct Sender {
    chain: Chain,
    address: Address,
    value: U256,
    gas_limit: Gas,
}

/// Why a program could not be deployed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeployError {
    /// Its code is larger than an account can hold.
    #[error(
        "its compressed code has {bytes} bytes, and an account may hold {limit}: make it smaller (`cargo gas-bench size` says what takes \
         room), or allow more with `configure(|config| config.max_code_size = …)`"
    )]
    TooLarge {
        /// The size of its code, in bytes.
        bytes: usize,
        /// How many bytes an account can hold.
        limit: u32,
    },
    /// The account could not be created.
    #[error("it cannot be created: {0}")]
    Create(#[source] CallError),
    /// The chain does not activate the program.
    #[error("it cannot be activated: {0}")]
    Activate(#[source] CallError),
    /// The constructor failed.
    #[error("its constructor failed: {0}")]
    Constructor(#[source] CallError),
}

/// The cost of a deployment.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Deployment {
    /// Gas of its transactions: creating the account, activating the program, and its constructor if it has one.
    pub gas: Gas,
    /// Wei that the chain charged for the activation.
    pub data_fee: U256,
    /// The size of the account's code, in bytes.
    pub code_size: usize,
    /// The receipt of the last of its transactions, with the constructor's logs.
    pub receipt: Arc<Receipt>,
}

impl Sender {
    pub(super) fn new(chain: Chain, address: Address) -> Self {
        Self {
            chain,
            address,
            value: U256::ZERO,
            gas_limit: GAS_LIMIT,
        }
    }

    /// The account's address.
    pub fn address(&self) -> Address {
        self.address
    }

    /// The chain it sends on.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    pub(super) fn as_somebody(&self, address: Address) -> Self {
        Self {
            address,
            ..self.clone()
        }
    }

    /// Sets the wei to send along.
    pub fn value(mut self, wei: U256) -> Self {
        self.value = wei;
        self
    }

    /// Sets the gas limit of transactions and calls: by default 32,000,000, the most that Arbitrum grants a transaction.
    pub fn gas_limit(mut self, gas: Gas) -> Self {
        self.gas_limit = gas;
        self
    }

    /// Returns a contract that already exists, called by this account.
    pub fn contract(&self, address: Address) -> Contract {
        Contract::new(self.clone(), address, None)
    }

    /// Transfers wei to an account.
    ///
    /// # Panics
    /// If it fails, or the balance does not suffice.
    #[track_caller]
    pub fn transfer(&self, to: Address, wei: U256) -> Sent<Bytes> {
        match self.clone().value(wei).try_send(to, Bytes::new()) {
            Ok(sent) => sent,
            Err(error) => panic!("the transfer of {wei} wei to {to}: {error}"),
        }
    }

    /// Sends a transaction with these bytes as its input, and waits for its block.
    ///
    /// # Errors
    /// If the chain does not accept it, or it fails.
    pub fn try_send(&self, to: Address, input: impl Into<Bytes>) -> Result<Sent<Bytes>, CallError> {
        self.submit(TxKind::Call(to), input.into())
    }

    /// Calls a contract with these bytes as its input, without changing anything.
    ///
    /// # Errors
    /// If it cannot be run, or fails.
    pub fn try_call(&self, to: Address, input: impl Into<Bytes>) -> Result<Bytes, CallError> {
        let request = Request {
            from: self.address,
            to: TxKind::Call(to),
            gas: Some(self.gas_limit),
            value: self.value,
            input: input.into(),
            ..Request::default()
        };
        let executed = self.chain.execute(&request)?;
        Ok(self.output(executed)?.0)
    }

    /// Creates an EVM contract from its init code.
    ///
    /// # Panics
    /// If the contract cannot be created.
    #[track_caller]
    pub fn create(&self, init_code: impl Into<Bytes>) -> Contract {
        match self.submit(TxKind::Create, init_code.into()) {
            Ok(sent) => self.plain().contract(created(&sent)),
            Err(error) => panic!("the contract cannot be created: {error}"),
        }
    }

    /// Deploys a program as `cargo stylus deploy` does: creates its account, and activates it unless the same code is already active.
    ///
    /// # Panics
    /// If the chain refuses it, with the reason.
    #[track_caller]
    pub fn deploy(&self, module: impl Into<Module>) -> Contract {
        match self.try_deploy(module) {
            Ok(deployed) => deployed,
            Err(error) => panic!("the program is not deployed: {error}"),
        }
    }

    /// Like [`Sender::deploy`], but also runs the constructor in the same transaction, as `cargo stylus deploy` does through the
    /// StylusDeployer: the constructor's `msg_sender` is the deployer, its `tx_origin` this account. Wei sent along goes to the
    /// constructor.
    ///
    /// # Panics
    /// If the chain refuses it or the constructor fails, with the reason.
    #[track_caller]
    pub fn deploy_with(
        &self,
        module: impl Into<Module>,
        constructor: impl SolConstructor,
    ) -> Contract {
        match self.try_deploy_with(module, constructor) {
            Ok(deployed) => deployed,
            Err(error) => panic!("the program is not deployed: {error}"),
        }
    }

    /// Like [`Sender::deploy`], but returns an error.
    ///
    /// # Errors
    /// If the chain refuses the program.
    pub fn try_deploy(&self, module: impl Into<Module>) -> Result<Contract, DeployError> {
        let module = module.into();
        let code = self.code(&module)?;
        let created_by = self
            .plain()
            .submit(TxKind::Create, code::init_code(code).into())
            .map_err(DeployError::Create)?;
        let contract = self.plain().contract(created(&created_by));
        let activated = match contract.try_activate() {
            Ok(activated) => Some(activated),
            Err(CallError::Failed(failure)) if is_up_to_date(&failure) => None,
            Err(error) => return Err(DeployError::Activate(error)),
        };
        let created = created_by.receipt;
        Ok(contract.deployed(match activated {
            Some(activated) => deployment(Some(created), activated.receipt, code.len()),
            None => deployment(None, created, code.len()),
        }))
    }

    /// Like [`Sender::deploy_with`], but returns an error.
    ///
    /// # Errors
    /// If the chain refuses the program, or the constructor fails.
    pub fn try_deploy_with(
        &self,
        module: impl Into<Module>,
        constructor: impl SolConstructor,
    ) -> Result<Contract, DeployError> {
        let module = module.into();
        let code = self.code(&module)?;
        let call = StylusDeployer::deployCall {
            bytecode: code::init_code(code).into(),
            initData: [&CONSTRUCTOR[..], &constructor.abi_encode()]
                .concat()
                .into(),
            initValue: self.value,
            // No salt: the deployer's own nonce decides the address.
            salt: Default::default(),
        };
        let sender = self.plain();
        let sender = sender.value(self.value.saturating_add(self.for_activation(self.value)));
        let input = call.abi_encode();
        let sent = sender
            .try_send(STYLUS_DEPLOYER, input)
            .map_err(|error| self.deploy_error(error))?;
        let event = sent.event::<StylusDeployer::ContractDeployed>();
        let contract = self.plain().contract(event.deployedContract);
        Ok(contract.deployed(deployment(None, sent.receipt, code.len())))
    }

    /// Determines which part of a deployment failed.
    fn deploy_error(&self, error: CallError) -> DeployError {
        let CallError::Failed(mut failure) = error else {
            return DeployError::Create(error);
        };
        match StylusDeployerErrors::abi_decode(&failure.data) {
            Ok(StylusDeployerErrors::ContractInitializationError(inner)) => {
                failure.words = self.words(&inner.data);
                failure.reason = self.reason_below(failure.receipt.as_ref());
                failure.data = inner.data;
                DeployError::Constructor(CallError::Failed(failure))
            }
            Ok(StylusDeployerErrors::ContractDeploymentError(_)) => {
                failure.words = None;
                failure.data = Bytes::new();
                DeployError::Create(CallError::Failed(failure))
            }
            _ => DeployError::Activate(CallError::Failed(failure)),
        }
    }

    /// Why the innermost call of a failed transaction failed. The chain keeps only why its own call did, and that is the deployer's.
    fn reason_below(&self, receipt: Option<&Receipt>) -> Option<String> {
        let failures = self.chain.explain(receipt?.hash);
        let chain = chain_of(&failures, |(call, _)| call.depth);
        chain.last().map(|(_, diagnosis)| diagnosis.reason.clone())
    }

    /// Returns the code that a module's account will hold.
    fn code<'a>(&self, module: &'a Module) -> Result<&'a [u8], DeployError> {
        let code = module.code();
        let limit = self.chain.node().chain().config().max_code_size;
        match code.len() > limit as usize {
            true => Err(DeployError::TooLarge {
                bytes: code.len(),
                limit,
            }),
            false => Ok(code),
        }
    }

    /// Returns the same account, sending no wei along.
    fn plain(&self) -> Self {
        self.clone().value(U256::ZERO)
    }

    pub(super) fn submit(&self, to: TxKind, input: Bytes) -> Result<Plain, CallError> {
        let hash = self.chain.attempt(|node| {
            node.read_ahead(self.address);
            let sent = node.send(&Interrupt::default(), |chain| {
                let transaction = TypedTransaction::from(TxEip1559 {
                    chain_id: chain.config().chain_id,
                    nonce: chain.pending_nonce(self.address),
                    gas_limit: self.gas_limit.0,
                    max_fee_per_gas: FEE_MARGIN * chain.gas_price().0,
                    max_priority_fee_per_gas: 0,
                    to,
                    value: self.value,
                    access_list: Default::default(),
                    input,
                });
                Ok::<_, SubmitError>(Transaction::unsigned(transaction, self.address))
            });
            sent.map_err(|error| CallError::Refused(error.to_string()))
        })?;
        let (returned, receipt) = self.output(self.chain.outcome(hash)?)?;
        Ok(Sent {
            returned,
            receipt: receipt.ok_or(CallError::Waiting)?,
        })
    }

    fn output(&self, executed: Executed) -> Result<(Bytes, Option<Receipt>), CallError> {
        executed.output(|data| self.words(data))
    }

    fn words(&self, data: &[u8]) -> Option<String> {
        self.chain.known_errors(|errors| errors.words(data))
    }

    /// Wei to send along with an activation beside `value`: no more than what is left when all gas is paid for.
    fn for_activation(&self, value: U256) -> U256 {
        let price = FEE_MARGIN * u128::from(self.chain.gas_price());
        let gas = U256::from(self.gas_limit.0) * U256::from(price);
        let balance = self.chain.balance(self.address);
        ACTIVATION_VALUE.min(balance.saturating_sub(value).saturating_sub(gas))
    }

    /// Activates a program.
    pub(super) fn activate(&self, program: Address) -> Result<Plain, CallError> {
        let input = ArbWasm::activateProgramCall { program }.abi_encode();
        let sender = self.plain().value(self.for_activation(U256::ZERO));
        // Called first, so that a refusal uses no gas and makes no block.
        sender.try_call(ARB_WASM, input.clone())?;
        sender.try_send(ARB_WASM, input)
    }
}

/// The account that a creation made. Others may have sent from the same account meanwhile, so its nonce does not tell.
fn created(creation: &Receipt) -> Address {
    let created = creation.contract;
    created.expect("a creation that succeeded has made an account")
}

/// Whether an activation was refused because the program is already active.
fn is_up_to_date(failure: &Failure) -> bool {
    failure.error::<ArbWasm::ProgramUpToDate>().is_some()
}

/// Computes the cost of a deployment with one or two transactions.
fn deployment(first: Option<Receipt>, last: Receipt, code_size: usize) -> Deployment {
    let receipts = || first.iter().chain([&last]);
    let activated = receipts().flat_map(|receipt| receipt.events::<ArbWasm::ProgramActivated>());
    Deployment {
        gas: Gas(receipts().map(|receipt| receipt.gas.0).sum()),
        data_fee: activated.map(|event| event.dataFee).sum(),
        code_size,
        receipt: Arc::new(last),
    }
}
