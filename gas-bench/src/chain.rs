//! A Stylus chain, accessed over ordinary JSON-RPC: the embedded devnet, or whatever answers at a URL.
//!
//! Lives here: connecting, deploying, calls and settings. Not here: who sends (`chain::account`), what a node reports about transactions
//! afterwards (`chain::trace`), which contract is measured and how (`measure`).

mod account;
mod counted;
mod trace;

use std::time::Duration;

use alloy_network::{EthereumWallet, TransactionBuilder as _};
use alloy_primitives::{Address, B256, Bytes, U64, U256, address};
use alloy_provider::{DynProvider, Provider as _, ProviderBuilder};
use alloy_rpc_types_eth::TransactionRequest;
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::{SolCall, SolEvent as _, sol};
use stylus_devnet::{ArbOs, Clock, Config, Devnet, Fork, Handle, StartError};
use stylus_vm::{Config as VmConfig, Gas, Pages, StylusParams};
use tokio::runtime::{Builder, Runtime};

pub(crate) use account::{Account, GAS_LIMIT, Receipt};
pub(crate) use counted::listen;
pub(crate) use trace::{GasTrace, ProgramTrace, Step};

sol! {
    function activateProgram(address program) external payable returns (uint16 version, uint256 dataFee);
    function programMemoryFootprint(address program) external view returns (uint16);
    function programInitGas(address program) external view returns (uint64 gas, uint64 gasWhenCached);
    event ProgramActivated(bytes32 indexed codehash, bytes32 moduleHash, address program, uint256 dataFee, uint16 version);
    function arbOSVersion() external view returns (uint256);
    function gasEstimateL1Component(address to, bool contractCreation, bytes data) external payable returns (uint64 gasEstimateForL1, uint256 baseFee, uint256 l1BaseFeeEstimate);
    function becomeChainOwner() external;
    function setWasmFreePages(uint16 pages) external;
    function setWasmPageLimit(uint16 limit) external;
}

const ARB_SYS: Address = address!("0x0000000000000000000000000000000000000064");
const ARB_OWNER: Address = address!("0x0000000000000000000000000000000000000070");
const ARB_WASM: Address = address!("0x0000000000000000000000000000000000000071");
const NODE_INTERFACE: Address = address!("0x00000000000000000000000000000000000000c8");
const ARBOS_STATE: Address = address!("0xA4B05FffffFffFFFFfFFfffFfffFFfffFfFfFFFF");

/// The address of the account that a name in a plan stands for, the same on every chain.
pub fn address_of(name: &str) -> Address {
    Account::named(name).address()
}

/// Where the Stylus parameters lie in the storage of [`ARBOS_STATE`]: key 0 of its subspaces 8 (programs) and 0 (parameters), derived as
/// in Nitro's `arbos/storage`.
const STYLUS_PARAMS: U256 = U256::from_be_bytes(alloy_primitives::hex!(
    "fb3a65ee2a3cc0d9ce98ddab7e30ebb719b46a87b8706ff1bf3aef1dcfb0e300"
));
/// Where a chain stores the gas that every activation burns: key 0 of subspaces 8 and 5.
const ACTIVATION_GAS: U256 = U256::from_be_bytes(alloy_primitives::hex!(
    "d6e0f573b510103b170857a1dc1215a71f2b5b33dd994da95b2667a3119eb600"
));

/// The account that pays on an embedded devnet.
const DEV_ACCOUNT: Address = address!("0x3f1Eae7D46d88F08fc2F8ed27FCb2AB183EB2d0E");

const ARB_DEBUG: Address = address!("0x00000000000000000000000000000000000000ff");

/// The offset of `arbOSVersion`.
const BEFORE_NITRO: u64 = 55;

/// Wei sent along with an activation; the excess over the fee is returned.
const ACTIVATION_VALUE: u64 = 10_000_000_000_000_000;

/// How long to wait for a transaction to be included in a block.
const PATIENCE: Duration = Duration::from_secs(120);

/// Where the embedded devnet's clock starts: figures do not depend on it, and so no run does.
const START: u64 = 1_800_000_000;

/// The chain to measure on.
#[derive(Clone, Debug)]
pub enum Target {
    /// A devnet in this process, a new one per variant, started with this ArbOS version.
    Embedded(ArbOs),
    /// A node at a URL.
    Endpoint {
        /// Its URL.
        url: String,
        /// The key of an account that pays there.
        key: B256,
    },
}

/// A node that cannot be used, or misbehaves.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The embedded devnet does not start.
    #[error("the embedded devnet did not start: {0}")]
    Start(#[from] StartError),
    /// The async runtime cannot be started.
    #[error("cannot wait for the network: {0}")]
    Runtime(#[from] std::io::Error),
    /// The text is not a URL.
    #[error("{0:?} is not a URL; one looks like http://localhost:8547")]
    Url(String),
    /// An environment variable is not set.
    #[error(
        "the plan forks the node in ${0}, but that variable is not set: set it to the node's URL"
    )]
    Variable(String),
    /// TLS is not part of this build.
    #[error(
        "this build speaks only plain http, but {0:?} asks for https: install it with \
         `cargo install --path gas-bench --features https`"
    )]
    Https(String),
    /// The text is not a key.
    #[error("the private key is invalid: it must be 32 bytes in hexadecimal digits")]
    Key,
    /// The node does not answer.
    #[error("the node does not answer: {0}; check that it runs and that the URL is right")]
    Transport(String),
    /// The chain's ArbOS version is unknown here.
    #[error(
        "the chain runs ArbOS {0}, but this gas-bench only knows the prices of {first} to {last}: use a newer one",
        first = ArbOs::FIRST.number(), last = ArbOs::LAST.number()
    )]
    ArbOs(u64),
    /// The node gives a nonsensical answer.
    #[error("the node answers nonsense to {question}: {answer}")]
    Answer {
        /// What was asked.
        question: &'static str,
        /// What came back.
        answer: String,
    },
}

/// Why a call or transaction failed.
#[derive(Debug)]
pub enum CallError {
    /// The chain refused it, with this reason.
    Refused(String),
    /// The node is at fault.
    Node(NodeError),
}

impl From<NodeError> for CallError {
    fn from(error: NodeError) -> Self {
        Self::Node(error)
    }
}

impl CallError {
    /// Treats a refusal as a node error, for requests that no chain refuses.
    pub(crate) fn unexpected(self, question: &'static str) -> NodeError {
        match self {
            Self::Refused(answer) => NodeError::Answer { question, answer },
            Self::Node(error) => error,
        }
    }
}

/// The expected outcome of a transaction.
pub(crate) enum Answer {
    /// It succeeds and returns this data.
    Returns(Bytes),
    /// It fails.
    Fails {
        /// Why, in the node's words.
        reason: String,
        /// The data it returns nevertheless, as a revert does.
        data: Bytes,
    },
}

/// A connection to a chain, with an account to pay.
pub struct Node {
    provider: DynProvider,
    signer: PrivateKeySigner,
    runtime: Runtime,
    /// The devnet, if it is ours; it lives as long as the connection.
    devnet: Option<Handle>,
}

/// The settings of a fork.
fn beneath(fork: &stylus_plan::Fork) -> Result<Fork, NodeError> {
    Ok(match fork {
        stylus_plan::Fork::Recording(file) => Fork::replay(file),
        stylus_plan::Fork::Node { url, block } => {
            let url = match url.strip_prefix('$') {
                Some(name) => {
                    std::env::var(name).map_err(|_| NodeError::Variable(name.to_owned()))?
                }
                None => url.clone(),
            };
            Fork {
                block: *block,
                ..Fork::url(url)
            }
        }
    })
}

/// The settings of a devnet in this process.
fn embedded(arbos: ArbOs, fork: Option<&stylus_plan::Fork>) -> Result<Config, NodeError> {
    let fork = fork.map(beneath).transpose()?;
    Ok(Config {
        port: 0,
        arbos,
        clock: Clock::Steps(START),
        // Figures do not depend on how long a machine takes.
        request_timeout: None,
        chain_owner: fork.is_some().then_some(DEV_ACCOUNT),
        fork,
        ..Config::default()
    })
}

impl Node {
    /// Connects to a chain, starting it first if it is the embedded one.
    ///
    /// # Errors
    /// If the chain cannot be started or reached.
    pub fn connect(target: &Target) -> Result<Self, NodeError> {
        Self::connect_on(target, None)
    }

    /// Connects to a chain; an embedded one forks `fork`, if given.
    ///
    /// # Errors
    /// If the chain cannot be started or reached.
    pub fn connect_on(
        target: &Target,
        fork: Option<&stylus_plan::Fork>,
    ) -> Result<Self, NodeError> {
        match target {
            Target::Embedded(arbos) => Self::start(embedded(*arbos, fork)?),
            Target::Endpoint { url, key } => Self::speak(url.clone(), *key, None),
        }
    }

    /// Starts a devnet and connects to it.
    fn start(config: Config) -> Result<Self, NodeError> {
        let is_fork = config.fork.is_some();
        let devnet = Devnet::start(config)?;
        if is_fork {
            // The measured programs are activated whether or not the forked chain has paused activations.
            devnet
                .chain()
                .set_storage(ARBOS_STATE, ACTIVATION_GAS, B256::ZERO);
        }
        let (_, key) = devnet.accounts().into_iter().next().ok_or(NodeError::Key)?;
        Self::speak(devnet.url(), key, Some(devnet))
    }

    /// Connects to the node at `url`.
    fn speak(url: String, key: B256, devnet: Option<Handle>) -> Result<Self, NodeError> {
        let signer = PrivateKeySigner::from_bytes(&key).map_err(|_| NodeError::Key)?;
        if !cfg!(feature = "https") && url.starts_with("https:") {
            return Err(NodeError::Https(url));
        }
        let is_plain = url.starts_with("http:");
        let parsed = url.parse().map_err(|_| NodeError::Url(url))?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let provider = {
            let _within = runtime.enter();
            // The nonce is requested each time: one counted here would move on even after a refused transaction.
            let builder = ProviderBuilder::default()
                .with_gas_estimation()
                .with_simple_nonce_management()
                .fetch_chain_id()
                .wallet(EthereumWallet::new(signer.clone()));
            builder
                .with_reqwest(parsed, |client| {
                    // A proxy from the environment is for the network, not for a node on this machine, such as our own.
                    let client = if is_plain { client.no_proxy() } else { client };
                    client.build().unwrap_or_default()
                })
                .erased()
        };
        Ok(Self {
            provider,
            signer,
            runtime,
            devnet,
        })
    }

    /// What an embedded chain was forked from, in words; `None` if it is not a fork.
    pub(crate) fn forked(&self) -> Option<String> {
        let (whom, block) = self.devnet.as_ref()?.chain().forked()?;
        Some(format!("block {block} of {whom}"))
    }

    /// The chain's ArbOS version.
    ///
    /// # Errors
    /// If the node is at fault; the same holds for every question.
    pub fn arbos(&self) -> Result<u64, NodeError> {
        let version: u64 = self
            .ask(ARB_SYS, "ArbSys.arbOSVersion", &arbOSVersionCall {})?
            .saturating_to();
        Ok(version.saturating_sub(BEFORE_NITRO))
    }

    /// The chain's rules and Stylus parameters. No chain reports how much code an account can hold; the usual limit is assumed.
    pub fn config(&self) -> Result<VmConfig, NodeError> {
        let version = self.arbos()?;
        let arbos = u16::try_from(version).ok().map(ArbOs::new);
        let Some(Ok(arbos)) = arbos else {
            return Err(NodeError::ArbOs(version));
        };
        let question = "eth_getStorageAt";
        let word = self
            .raw(
                question,
                serde_json::json!([ARBOS_STATE, STYLUS_PARAMS, "latest"]),
            )
            .map_err(|error| error.unexpected(question))?;
        Ok(VmConfig {
            stylus: StylusParams::from_word(word, arbos),
            ..VmConfig::at(arbos)
        })
    }

    /// Pages with which a program starts.
    pub fn footprint(&self, program: Address) -> Result<Pages, NodeError> {
        let question = programMemoryFootprintCall { program };
        self.ask(ARB_WASM, "ArbWasm.programMemoryFootprint", &question)
            .map(Pages)
    }

    /// Gas that each call pays to start an active program, uncached and cached.
    pub(crate) fn start_gas(&self, program: Address) -> Result<[Gas; 2], NodeError> {
        let question = programInitGasCall { program };
        let answer = self.ask(ARB_WASM, "ArbWasm.programInitGas", &question)?;
        Ok([Gas(answer.gas), Gas(answer.gasWhenCached)])
    }

    /// The node's name for itself. A devnet prefixes a name that test tools recognise; it is removed.
    pub(crate) fn name(&self) -> Result<String, NodeError> {
        let question = "web3_clientVersion";
        let name: String = self
            .raw(question, serde_json::json!([]))
            .map_err(|error| error.unexpected(question))?;
        let own = name.find("stylus-devnet/").unwrap_or_default();
        Ok(name[own..].to_owned())
    }

    /// Activates a program that is not yet active; returns the receipt, and the data fee in wei.
    ///
    /// # Errors
    /// If the chain refuses it, or the node is at fault.
    pub(crate) fn activate_once(&self, program: Address) -> Result<(Receipt, U256), CallError> {
        let request = TransactionRequest::default()
            .with_to(ARB_WASM)
            .with_input(activateProgramCall { program }.abi_encode())
            .with_value(U256::from(ACTIVATION_VALUE));
        // Called first, since only the response to a call contains the reason of a refusal.
        let asked = request.clone().with_from(self.signer.address());
        let asked = async { self.provider.call(asked).await };
        match self.runtime.block_on(asked).map_err(failed) {
            Ok(_) => {}
            Err(CallError::Refused(reason)) if reason.contains("ProgramUpToDate()") => {}
            Err(error) => return Err(error),
        }
        let receipt = self.submit(&self.payer(), request)?;
        let fee = receipt
            .logs
            .iter()
            .filter(|log| log.address == ARB_WASM)
            .find_map(|log| {
                let topics = log.topics.iter().copied();
                ProgramActivated::decode_raw_log(topics, &log.data).ok()
            })
            .map(|activated| activated.dataFee);
        Ok((receipt, fee.unwrap_or_default()))
    }

    /// Activates a program unless the same code is already active.
    ///
    /// # Errors
    /// If the chain refuses it, or the node is at fault.
    pub fn activate(&self, program: Address) -> Result<(), CallError> {
        let request = TransactionRequest::default()
            .with_to(ARB_WASM)
            .with_input(activateProgramCall { program }.abi_encode())
            .with_value(U256::from(ACTIVATION_VALUE));
        match self.send(request) {
            Err(CallError::Refused(reason)) if reason.contains("ProgramUpToDate()") => Ok(()),
            other => other,
        }
    }

    /// Sets how many pages are free and how many are allowed, as the chain's owner: on a development chain anybody can become the owner.
    ///
    /// # Errors
    /// If the sender is not the owner and cannot become it.
    pub fn set_pages(&self, free: Pages, limit: Pages) -> Result<(), CallError> {
        self.act_as_owner(setWasmFreePagesCall { pages: free.0 }.abi_encode())?;
        self.act_as_owner(setWasmPageLimitCall { limit: limit.0 }.abi_encode())
    }

    fn act_as_owner(&self, call: Vec<u8>) -> Result<(), CallError> {
        let set = TransactionRequest::default()
            .with_to(ARB_OWNER)
            .with_input(call);
        let become_owner = TransactionRequest::default()
            .with_to(ARB_DEBUG)
            .with_input(becomeChainOwnerCall {}.abi_encode());
        match self.send(set.clone()) {
            Err(CallError::Refused(_)) => {
                self.send(become_owner)?;
                self.send(set)
            }
            done => done,
        }
    }

    /// Returns the output of a call that can offer more gas than a transaction.
    ///
    /// # Errors
    /// If the call fails, or the node is at fault.
    pub(crate) fn call(&self, request: TransactionRequest, gas: Gas) -> Result<Bytes, CallError> {
        let request = request.with_gas_limit(gas.0);
        let call = async { self.provider.call(request.clone()).await };
        self.runtime
            .block_on(call)
            .map_err(|error| match failed(error) {
                CallError::Refused(reason) => CallError::Refused(self.told(&request, reason)),
                node => node,
            })
    }

    /// Advances the chain's clock by `seconds`, on a development node.
    ///
    /// # Errors
    /// If the node does not support it, or is at fault.
    pub(crate) fn advance(&self, seconds: u64) -> Result<(), CallError> {
        self.raw::<serde_json::Value>("evm_increaseTime", serde_json::json!([seconds]))?;
        self.raw::<serde_json::Value>("evm_mine", serde_json::json!([]))?;
        Ok(())
    }

    /// Whether the chain is one in this process, which can be changed at will.
    pub(crate) const fn is_own(&self) -> bool {
        self.devnet.is_some()
    }

    /// Keeps the chain's state as it is now, clock and nonces included, on a development node.
    ///
    /// # Errors
    /// If the node does not support it, or is at fault; the same holds for the next two.
    pub(crate) fn snapshot(&self) -> Result<serde_json::Value, CallError> {
        self.raw("evm_snapshot", serde_json::json!([]))
    }

    /// Returns to a state that was kept.
    pub(crate) fn restore(&self, snapshot: serde_json::Value) -> Result<(), CallError> {
        match self.raw("evm_revert", serde_json::json!([snapshot]))? {
            true => Ok(()),
            false => Err(CallError::Refused("the snapshot is not there".to_owned())),
        }
    }

    /// Puts code at an address, without a transaction.
    pub(crate) fn set_code(&self, address: Address, code: &[u8]) -> Result<(), CallError> {
        let code = Bytes::copy_from_slice(code);
        self.raw::<serde_json::Value>("anvil_setCode", serde_json::json!([address, code]))
            .map(drop)
    }

    /// The time of the last block, in seconds since 1970.
    ///
    /// # Errors
    /// If the node is at fault.
    pub(crate) fn now(&self) -> Result<u64, NodeError> {
        #[derive(serde::Deserialize)]
        struct Block {
            timestamp: U64,
        }
        let question = "eth_getBlockByNumber";
        let block: Block = self
            .raw(question, serde_json::json!(["latest", false]))
            .map_err(|error| error.unexpected(question))?;
        Ok(block.timestamp.to())
    }

    /// Simulates a transaction.
    ///
    /// # Errors
    /// If the node is at fault.
    pub(crate) fn ask_as(&self, request: TransactionRequest) -> Result<Answer, NodeError> {
        let request = request.with_gas_limit(GAS_LIMIT.0);
        let call = async { self.provider.call(request.clone()).await };
        let error = match self.runtime.block_on(call) {
            Ok(output) => return Ok(Answer::Returns(output)),
            Err(error) => error,
        };
        let response = error.as_error_resp();
        let data = response.and_then(|response| response.as_revert_data());
        match failed(error) {
            CallError::Refused(reason) => Ok(Answer::Fails {
                reason: self.told(&request, reason),
                data: data.unwrap_or_default(),
            }),
            CallError::Node(error) => Err(error),
        }
    }

    /// Sends a transaction and waits until it is in a block.
    fn send(&self, request: TransactionRequest) -> Result<(), CallError> {
        let request = request.with_from(self.signer.address());
        self.runtime.block_on(async {
            let pending = self
                .provider
                .send_transaction(request)
                .await
                .map_err(failed)?;
            let receipt = pending.with_timeout(Some(PATIENCE)).get_receipt().await;
            let receipt = receipt.map_err(|error| NodeError::Transport(error.to_string()))?;
            match receipt.status() {
                true => Ok(()),
                false => Err(CallError::Refused("the transaction failed".into())),
            }
        })
    }

    /// Calls a precompile.
    fn ask<C: SolCall>(
        &self,
        to: Address,
        question: &'static str,
        call: &C,
    ) -> Result<C::Return, NodeError> {
        let request = TransactionRequest::default()
            .with_to(to)
            .with_input(call.abi_encode());
        let answer = self
            .runtime
            .block_on(async { self.provider.call(request).await });
        let answer = answer.map_err(|error| failed(error).unexpected(question))?;
        C::abi_decode_returns(&answer).map_err(|_| NodeError::Answer {
            question,
            answer: answer.to_string(),
        })
    }
}

/// Converts an error: an error response is a refusal, anything else is the node's fault.
fn failed(error: alloy_provider::transport::TransportError) -> CallError {
    match error.as_error_resp() {
        Some(response) => CallError::Refused(response.message.to_string()),
        None => CallError::Node(NodeError::Transport(error.to_string())),
    }
}
