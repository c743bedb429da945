//! A devnet and a client for it.
//!
//! Lives here: sending requests and transactions, deploying programs. Not here: any expectation.

use std::sync::Arc;

use alloy_primitives::{Address, B256, Bytes, U256, address, hex};
use alloy_provider::{DynProvider, Provider as _, ProviderBuilder};
use serde_json::{Value, json};
use stylus_devnet::{ArbOs, Clock, Config, Devnet, Event, Handle};
use tokio::runtime::Runtime;

pub(crate) const DEV: Address = address!("0x3f1Eae7D46d88F08fc2F8ed27FCb2AB183EB2d0E");
pub(crate) const ARB_OWNER: Address = address!("0x0000000000000000000000000000000000000070");
pub(crate) const ARB_WASM: Address = address!("0x0000000000000000000000000000000000000071");
pub(crate) const ARB_WASM_CACHE: Address = address!("0x0000000000000000000000000000000000000072");

/// The time at which every test's chain begins.
pub(crate) const START: u64 = 1_800_000_000;

/// Settings of a test's chain: any free port, and a clock that is independent of the machine's.
pub(crate) fn config() -> Config {
    Config {
        port: 0,
        clock: Clock::Steps(START),
        ..Config::default()
    }
}

/// Settings with another ArbOS version.
pub(crate) fn config_at(arbos: u16) -> Config {
    Config {
        arbos: ArbOs::new(arbos).unwrap(),
        ..config()
    }
}

/// A test's own chain, and a client for it.
pub(crate) struct Chain {
    remote: Remote,
    pub(crate) handle: Handle,
}

/// A client of any chain.
pub(crate) struct Remote {
    runtime: Runtime,
    provider: DynProvider,
}

/// An answer that is an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: i64,
    pub(crate) message: String,
    pub(crate) data: Option<Value>,
}

/// The fields of a transaction's receipt that tests read.
#[derive(Clone, Debug)]
pub(crate) struct Mined {
    pub(crate) hash: B256,
    pub(crate) receipt: Value,
}

impl Mined {
    pub(crate) fn gas(&self) -> u64 {
        quantity(&self.receipt["gasUsed"])
    }

    pub(crate) fn is_success(&self) -> bool {
        self.receipt["status"] == "0x1"
    }

    pub(crate) fn contract(&self) -> Address {
        serde_json::from_value(self.receipt["contractAddress"].clone()).unwrap()
    }
}

/// The number in a JSON quantity.
pub(crate) fn quantity(value: &Value) -> u64 {
    let word: U256 = serde_json::from_value(value.clone()).unwrap();
    u64::try_from(word).unwrap()
}

impl Default for Chain {
    fn default() -> Self {
        Self::start(config())
    }
}

impl Remote {
    pub(crate) fn new(url: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let provider = ProviderBuilder::new().connect_http(url.parse().unwrap());
        Self {
            runtime,
            provider: provider.erased(),
        }
    }

    /// Sends a request.
    pub(crate) fn ask(&self, method: &'static str, params: Value) -> Result<Value, Refusal> {
        let answer = self
            .provider
            .raw_request::<Value, Value>(method.into(), params);
        self.runtime.block_on(answer).map_err(|error| {
            let error = error
                .as_error_resp()
                .unwrap_or_else(|| panic!("{method}: {error}"));
            let data = error
                .data
                .as_ref()
                .map(|data| serde_json::from_str(data.get()).unwrap());
            Refusal {
                code: error.code,
                message: error.message.to_string(),
                data,
            }
        })
    }

    /// Sends a request that must succeed.
    pub(crate) fn rpc(&self, method: &'static str, params: Value) -> Value {
        let shown = params.to_string();
        self.ask(method, params)
            .unwrap_or_else(|error| panic!("{method} {shown}: {error:?}"))
    }
}

impl std::ops::Deref for Chain {
    type Target = Remote;

    fn deref(&self) -> &Remote {
        &self.remote
    }
}

impl Chain {
    pub(crate) fn start(config: Config) -> Self {
        Self::start_with(config, |_| {})
    }

    /// Starts a chain with an observer of its events.
    pub(crate) fn start_with(
        config: Config,
        listener: impl Fn(Event) + Send + Sync + 'static,
    ) -> Self {
        let handle = Devnet::start_with(config, Some(Arc::new(listener))).unwrap();
        Self {
            remote: Remote::new(&handle.url()),
            handle,
        }
    }

    /// Sends a transaction from the dev account; the node fills in what `request` leaves open.
    pub(crate) fn try_send(&self, mut request: Value) -> Result<Mined, Refusal> {
        let fields = request.as_object_mut().unwrap();
        fields.entry("from").or_insert(json!(DEV));
        let hash = self.ask("eth_sendTransaction", json!([request]))?;
        let receipt = self.rpc("eth_getTransactionReceipt", json!([hash]));
        Ok(Mined {
            hash: serde_json::from_value(hash).unwrap(),
            receipt,
        })
    }

    pub(crate) fn send(&self, request: Value) -> Mined {
        self.try_send(request).unwrap()
    }

    /// Calls a contract from no particular account.
    pub(crate) fn call(&self, to: Address, input: &[u8]) -> Result<Bytes, Refusal> {
        let request = json!([{ "to": to, "input": hex::encode_prefixed(input) }, "latest"]);
        let output = self.ask("eth_call", request)?;
        Ok(serde_json::from_value(output).unwrap())
    }

    /// Deploys code unchanged.
    pub(crate) fn deploy(&self, code: &[u8]) -> Address {
        let mined =
            self.send(json!({ "data": hex::encode_prefixed(stylus_vm::code::init_code(code)) }));
        assert!(mined.is_success(), "{:?}", mined.receipt);
        mined.contract()
    }

    /// Deploys and activates a program.
    pub(crate) fn program(&self, wat: &str) -> Address {
        self.wasm(&wat::parse_str(wat).unwrap())
    }

    /// Deploys and activates a module.
    pub(crate) fn wasm(&self, wasm: &[u8]) -> Address {
        let address = self.deploy(&stylus_vm::code::encode(wasm));
        match self.activate(address) {
            Ok(activated) => assert!(activated.is_success(), "{:?}", activated.receipt),
            // The same code may have been activated before.
            Err(refusal) => assert_eq!(
                refusal.message,
                "execution reverted: error ProgramUpToDate()"
            ),
        }
        address
    }

    pub(crate) fn activate(&self, program: Address) -> Result<Mined, Refusal> {
        let input = [&hex!("58c780c2")[..], program.into_word().as_slice()].concat();
        let value = U256::from(1_000_000_000_000_000_000_u64);
        self.try_send(
            json!({ "to": ARB_WASM, "data": hex::encode_prefixed(input), "value": value }),
        )
    }

    /// The host calls of a mined transaction.
    pub(crate) fn trace(&self, mined: &Mined) -> Vec<Value> {
        let trace = self.rpc(
            "debug_traceTransaction",
            json!([mined.hash, { "tracer": "stylusTracer" }]),
        );
        trace.as_array().unwrap().clone()
    }

    /// Calls a getter that returns one word.
    pub(crate) fn word(&self, to: Address, input: &[u8]) -> U256 {
        U256::from_be_slice(&self.call(to, input).unwrap())
    }
}

/// A transaction's gas before anything runs: its base and its calldata.
pub(crate) fn intrinsic(input: &[u8]) -> u64 {
    21_000
        + input
            .iter()
            .map(|byte| if *byte == 0 { 4 } else { 16 })
            .sum::<u64>()
}
