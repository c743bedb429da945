//! Random but well-informed requests: every method, with calls, overrides, filters and tracers of the right form, and an occasional
//! wrong one.
//!
//! Lives here: making them, and what no answer may be. Not here: deliberately expensive requests (`costly`).
//!
//! `STYLUS_FUZZ_REQUESTS=1000000 cargo test --workspace --test devnet fuzz` is a long run; `STYLUS_FUZZ_SEED` starts a different one.

use std::time::{Duration, Instant};

use alloy_primitives::hex;
use serde_json::{Value, json};

use crate::costly::{ASKING, DEV, ENDLESS, ENDLESS_EVM, LAVISH, methods, prepare};
use crate::process::{Connection, Process, request};

/// Requests of a short run.
const SHORT: u64 = 1_500;

/// The most bytes that a request may use, including its answer.
const MEMORY: u64 = 768 << 20;

/// How long one may take, when a call may take a second and a transaction twelve.
const PATIENCE: Duration = Duration::from_secs(30);

/// What comes on top for a method that waits for a block, which costs nothing and lasts a minute at most.
const WAITING: Duration = Duration::from_secs(60);

/// Pseudo-random numbers, determined by a seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize].clone()
    }

    fn bytes(&mut self, most: u64) -> String {
        let length = match self.below(8) {
            0 => 0,
            1 => self.below(most),
            _ => self.below(80),
        };
        let bytes: Vec<u8> = (0..length).map(|_| self.next() as u8).collect();
        hex::encode_prefixed(bytes)
    }

    fn number(&mut self) -> Value {
        match self.below(8) {
            0 => json!("0xffffffffffffffff"),
            1 => json!(self.below(1 << 53)),
            2 => json!("0x0"),
            3 => json!(format!("{:#x}", self.next())),
            4 => json!(format!("0x{}", "f".repeat(64))),
            _ => json!(format!("{:#x}", self.below(300))),
        }
    }

    fn word(&mut self) -> Value {
        match self.below(3) {
            0 => json!(format!("0x{:064x}", self.below(8))),
            1 => json!(format!("0x{}", "f".repeat(64))),
            _ => json!(format!(
                "0x{:016x}{:016x}{:032x}",
                self.next(),
                self.next(),
                self.next()
            )),
        }
    }

    fn address(&mut self) -> Value {
        match self.below(4) {
            0 => json!(format!("0x{:040x}", self.below(0x102))),
            1 => json!(DEV),
            2 => json!("0xa4b05fffffffffffffffffffffffffffffffffff"),
            _ => json!(self.pick(&[ENDLESS, ENDLESS_EVM, LAVISH, ASKING])),
        }
    }

    fn block(&mut self, hash: &Value) -> Value {
        match self.below(7) {
            0 => self.number(),
            1 => json!({ "blockHash": hash }),
            2 => json!({ "blockNumber": self.number() }),
            _ => json!(self.pick(&["latest", "pending", "earliest", "safe", "finalized"])),
        }
    }

    fn call(&mut self) -> Value {
        let mut call = json!({});
        let fields = call.as_object_mut().unwrap();
        let mut put = |name: &str, value: Value| drop(fields.insert(name.to_owned(), value));
        if !self.once_in(4) {
            put("to", self.address());
        }
        if !self.once_in(3) {
            put("from", json!(DEV));
        }
        if self.once_in(2) {
            put("data", self.input());
        }
        if self.once_in(2) {
            // Seldom much, so that a run has many requests.
            let gas = match self.below(6) {
                0 => self.number(),
                _ => json!(format!("{:#x}", 21_000 + self.below(3_000_000))),
            };
            put("gas", gas);
        }
        for name in [
            "value",
            "gasPrice",
            "maxFeePerGas",
            "nonce",
            "chainId",
            "type",
        ] {
            if self.once_in(8) {
                put(name, self.number());
            }
        }
        if self.once_in(8) {
            let list = json!([{ "address": self.address(), "storageKeys": [self.word()] }]);
            put("accessList", list);
        }
        call
    }

    /// A call's input: a function of a precompile, or code, or noise.
    fn input(&mut self) -> Value {
        const SELECTORS: [&str; 12] = [
            "58c780c2", "516b4e0f", "a996e0c2", "b0bc0ed2", "7ae7e6b8", "f1b5b3b4", "d4865806",
            "26ef7f68", "cc23ef36", "41b247a8", "ee7a6f74", "c94e6eeb",
        ];
        const CODES: [&str; 6] = [
            "0x5b600056",
            "0x6210000051505b600060006210000060006000600a5af150600656",
            "0x60006000fd",
            "0xfe",
            "0x5a60005260206000f3",
            "0x600060006000600060405af1",
        ];
        match self.below(4) {
            0 => json!(self.pick(&CODES)),
            1 => json!(self.bytes(4_000)),
            _ => {
                let words = (0..self.below(4)).map(|_| self.word());
                let words: Vec<String> = words
                    .map(|word| word.as_str().unwrap()[2..].to_owned())
                    .collect();
                json!(format!("0x{}{}", self.pick(&SELECTORS), words.concat()))
            }
        }
    }

    fn overrides(&mut self) -> Value {
        let mut accounts = serde_json::Map::new();
        for _ in 0..self.below(4) {
            let mut account = serde_json::Map::new();
            for name in ["balance", "nonce"] {
                if self.once_in(3) {
                    account.insert(name.into(), self.number());
                }
            }
            if self.once_in(3) {
                account.insert("code".into(), self.input());
            }
            for name in ["state", "stateDiff"] {
                if self.once_in(3) {
                    let slots = (0..self.below(4)).map(|_| {
                        let slot = self.word();
                        (slot.as_str().unwrap().to_owned(), self.word())
                    });
                    account.insert(name.into(), Value::Object(slots.collect()));
                }
            }
            let address = self.address().as_str().unwrap().to_owned();
            accounts.insert(address, Value::Object(account));
        }
        Value::Object(accounts)
    }

    fn block_overrides(&mut self) -> Value {
        let mut block = serde_json::Map::new();
        for name in ["number", "time", "gasLimit", "baseFeePerGas"] {
            if self.once_in(3) {
                block.insert(name.into(), self.number());
            }
        }
        Value::Object(block)
    }

    fn tracer(&mut self) -> Value {
        let name = self.pick(&[
            "stylusTracer",
            "stylusGasTracer",
            "callTracer",
            "flatCallTracer",
            "prestateTracer",
            "4byteTracer",
            "noopTracer",
            "other",
        ]);
        let config = match name {
            "stylusGasTracer" => json!({
                "functions": self.once_in(2), "failures": self.once_in(2), "counts": self.once_in(2),
            }),
            "callTracer" => json!({ "withLog": self.once_in(2), "onlyTopCall": self.once_in(2) }),
            "prestateTracer" => json!({ "diffMode": self.once_in(2) }),
            _ => Value::Null,
        };
        match self.below(3) {
            0 => json!({
                "enableMemory": self.once_in(2), "disableStack": self.once_in(2),
                "disableStorage": self.once_in(2), "limit": self.below(50),
            }),
            1 => json!({ "tracer": name, "tracerConfig": config }),
            _ => json!({
                "tracer": name, "tracerConfig": config,
                "stateOverrides": self.overrides(), "blockOverrides": self.block_overrides(),
            }),
        }
    }

    fn filter(&mut self, hash: &Value) -> Value {
        let mut filter = json!({ "fromBlock": self.block(hash), "toBlock": self.block(hash) });
        if self.once_in(3) {
            filter["address"] = self.address();
        }
        if self.once_in(3) {
            filter["topics"] = json!([Value::Null, [self.word(), self.word()]]);
        }
        if self.once_in(6) {
            filter = json!({ "blockHash": hash });
        }
        filter
    }

    /// Any value.
    fn anything(&mut self, hash: &Value) -> Value {
        match self.below(9) {
            0 => Value::Null,
            1 => json!(self.once_in(2)),
            2 => json!(-1),
            3 => json!(1.5),
            4 => json!([self.number(), []]),
            5 => json!("0x"),
            6 => json!("nonsense"),
            7 => self.block(hash),
            _ => self.call(),
        }
    }

    /// A request's parameters, about half of them of the right kind.
    fn params(&mut self, method: &str, hash: &Value) -> Value {
        let block = self.block(hash);
        let mut params = match method {
            "eth_call" | "eth_estimateGas" | "eth_createAccessList" => {
                vec![self.call(), block, self.overrides(), self.block_overrides()]
            }
            "debug_traceCall" => vec![self.call(), block, self.tracer()],
            "debug_traceTransaction" => vec![hash.clone(), self.tracer()],
            "eth_sendTransaction" | "eth_signTransaction" => vec![self.call()],
            "eth_sendTransactionSync" => vec![self.call(), json!(self.below(50))],
            "eth_sendRawTransactionSync" => vec![json!(self.bytes(300)), json!(self.below(50))],
            "eth_sendRawTransaction" | "anvil_loadState" => vec![json!(self.bytes(300))],
            "eth_getLogs" | "eth_newFilter" => vec![self.filter(hash)],
            "eth_subscribe" => vec![json!("logs"), self.filter(hash)],
            "eth_feeHistory" => vec![self.number(), block, json!([self.below(120), 50, 99.5])],
            "eth_getBalance" | "eth_getCode" | "eth_getTransactionCount" => {
                vec![self.address(), block]
            }
            "eth_getStorageAt" => vec![self.address(), self.number(), block],
            "eth_getBlockByHash" | "eth_getTransactionByHash" | "eth_getTransactionReceipt" => {
                vec![hash.clone(), json!(true)]
            }
            "eth_getBlockByNumber" => vec![block, json!(self.once_in(2))],
            "anvil_setBalance" | "hardhat_setBalance" | "anvil_setNonce" | "hardhat_setNonce" => {
                vec![self.address(), self.number()]
            }
            "anvil_setCode" | "hardhat_setCode" => vec![self.address(), self.input()],
            "anvil_setStorageAt" | "hardhat_setStorageAt" => {
                vec![self.address(), self.number(), self.word()]
            }
            "anvil_mine" | "hardhat_mine" => {
                vec![json!(self.below(20)), json!(self.below(1_000))]
            }
            "evm_increaseTime" => vec![json!(self.below(1_000))],
            "web3_sha3" => vec![json!(self.bytes(9_000))],
            "eth_sign" => vec![json!(DEV), json!(self.bytes(100))],
            "personal_sign" => vec![json!(self.bytes(100)), json!(DEV)],
            "evm_setAutomine" | "anvil_autoImpersonateAccount" => vec![json!(!self.once_in(4))],
            "evm_mine" => Vec::new(),
            _ => vec![block, self.number()],
        };
        if self.once_in(5) {
            let at = self.below(params.len() as u64 + 1) as usize;
            let anything = self.anything(hash);
            match self.below(3) {
                0 => params.truncate(at),
                1 => params.insert(at, anything),
                _ if at < params.len() => params[at] = anything,
                _ => {}
            }
        }
        Value::Array(params)
    }
}

/// Theorem: no request ends the process, stays unanswered, gets an internal error, or takes more time or memory than allowed.
#[test]
fn fuzz() {
    let of = |name: &str| std::env::var(name).ok()?.parse().ok();
    let requests: u64 = of("STYLUS_FUZZ_REQUESTS").unwrap_or(SHORT);
    let seed: u64 = of("STYLUS_FUZZ_SEED").unwrap_or(0x2545_F491_4F6C_DD1D);
    let mut random = Random(seed.max(1));
    let mut devnet = Process::start(&["--request-timeout", "1"]);
    let mut connection = devnet.connect();
    let mut hash = prepare(&mut connection);
    let methods = methods();
    for number in 0..requests {
        let method = random.pick(&methods);
        let params = random.params(method, &hash);
        let body = request(method, &params);
        let shown = format!("request {number} of seed {seed}: {body}");
        let patience = match method.ends_with("Sync") {
            true => PATIENCE + WAITING,
            false => PATIENCE,
        };
        check(&mut devnet, &mut connection, &body, &shown, patience);
        // Endless chains are not the aim, nor are chains that mine nothing.
        if number % 500 == 499 {
            devnet = Process::start(&["--request-timeout", "1"]);
            connection = devnet.connect();
            hash = prepare(&mut connection);
        }
    }
}

fn check(
    devnet: &mut Process,
    connection: &mut Connection,
    body: &str,
    shown: &str,
    patience: Duration,
) {
    let held = devnet.memory().0;
    devnet.forget_peak();
    let began = Instant::now();
    let answer = connection.exchange(body);
    let took = began.elapsed();
    assert!(devnet.is_alive(), "{shown} ends the process");
    let answer = answer.unwrap_or_else(|error| panic!("{shown}: {error}"));
    let answer: Value =
        serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{shown}: {error}"));
    let code = answer["error"]["code"].as_i64();
    assert_ne!(code, Some(-32_603), "{shown}: {answer}");
    assert!(took < patience, "{shown} takes {took:?}");
    let taken = devnet.memory().1.saturating_sub(held);
    assert!(taken < MEMORY, "{shown} takes {} MiB", taken >> 20);
}
