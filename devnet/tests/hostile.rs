//! Malicious or senseless requests: each gets an answer with the right number, and leaves the chain unchanged.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use alloy_primitives::{Address, Bytes, address};
use alloy_sol_types::{SolCall, sol};
use serde_json::{Value, json};
use stylus_devnet::Config;

use crate::process::Process;
use crate::support::{ARB_OWNER, Chain, DEV, config};

sol! {
    function overwriteContractCode(address target, bytes newCode) external returns (bytes oldCode);
}

const ARB_DEBUG: Address = address!("0x00000000000000000000000000000000000000ff");

/// Sends raw bytes and returns the status line and the body of the answer.
fn exchange(chain: &Chain, request: &[u8]) -> (String, String) {
    let mut stream = TcpStream::connect(chain.handle.address()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    // A server that has already answered may have closed its side.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    (
        head.lines().next().unwrap_or("").to_owned(),
        body.to_owned(),
    )
}

fn post(host: &str, body: &str, more: &str) -> Vec<u8> {
    format!(
        "POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n{more}\r\n{body}",
        body.len()
    )
    .into_bytes()
}

const NUMBER: &str = r#"{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber"}"#;

/// Posts a body and compares the error's number.
fn check(chain: &Chain, body: &str, code: i64) {
    let (status, answer) = exchange(chain, &post("localhost", body, ""));
    // Bytes that are not JSON may not be an HTTP request either.
    let is_json = code != -32_700;
    assert!(
        status.contains("200") || (!is_json && status.contains("400")),
        "{body}: {status}"
    );
    let answer: Value =
        serde_json::from_str(&answer).unwrap_or_else(|_| panic!("{body}: {answer}"));
    assert_eq!(answer["error"]["code"], code, "{body}: {answer}");
}

/// Theorem: only exactly a delegation's form is one (EIP-7702). All other code that begins like it are instructions, and the first is invalid,
/// whoever set it; afterwards there are blocks as before.
#[test]
fn code_that_is_almost_a_delegation() {
    let chain = Chain::default();
    let to = Address::repeat_byte(0xce);
    let overwrite = |code: &[u8]| {
        SolCall::abi_encode(&overwriteContractCodeCall {
            target: to,
            newCode: code.to_vec().into(),
        })
    };
    let delegation = [&[0xef, 0x01, 0x00][..], &[0; 20]].concat();
    let version = [&[0xef, 0x01, 0x01][..], &[0; 20]].concat();
    let long = [&delegation[..], &[0]].concat();
    for code in [
        &delegation[..2],
        &delegation[..3],
        &delegation[..22],
        &version,
        &long,
    ] {
        let bytes = Bytes::copy_from_slice(code);
        let call = |overrides: Value| {
            let call = chain.ask("eth_call", json!([{ "to": to }, "latest", overrides]));
            let message = call.unwrap_err().message;
            assert!(message.contains("invalid opcode"), "{bytes}: {message}");
        };
        call(json!({ to.to_string(): { "code": bytes } }));
        chain.rpc("anvil_setCode", json!([to, bytes]));
        call(json!({}));
        chain.rpc("anvil_setCode", json!([to, "0x00"]));
        let input = Bytes::from(overwrite(code));
        let sent = json!({ "to": ARB_DEBUG, "data": input, "gas": "0x1000000" });
        assert!(chain.send(sent).is_success(), "{bytes}");
        assert_eq!(
            chain.rpc("eth_getCode", json!([to, "latest"])),
            json!(bytes)
        );
        call(json!({}));
        assert!(
            !chain
                .send(json!({ "to": to, "gas": "0x10000" }))
                .is_success()
        );
    }
    chain.rpc("anvil_setCode", json!([to, Bytes::from(delegation)]));
    assert_eq!(chain.rpc("eth_call", json!([{ "to": to }])), "0x");
}

#[test]
fn nonsense_is_answered() {
    let chain = Chain::default();
    for (body, code) in [
        ("", -32_700),
        ("{", -32_700),
        ("[]", -32_600),
        ("null", -32_700),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"eth_nothing"}"#,
            -32_601,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"eth_call","params":{}}"#,
            -32_602,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"eth_call","params":[]}"#,
            -32_602,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"eth_call","params":[{"to":"0x12"}]}"#,
            -32_602,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"eth_call","params":[{"gas":"0xffffffffffffffffffff"}]}"#,
            -32_602,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"eth_getBalance","params":["0xzz","latest"]}"#,
            -32_602,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"eth_getBalance","params":["0x3f1Eae7D46d88F08fc2F8ed27FCb2AB183EB2d0E","later"]}"#,
            -32_602,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"eth_getBlockByNumber","params":["0xffffffffffffffffffffff",false]}"#,
            -32_602,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"eth_sendRawTransaction","params":["0x"]}"#,
            -32_602,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"eth_sendRawTransaction","params":["0x02f8"]}"#,
            -32_602,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"eth_getLogs","params":[{"fromBlock":"0x9","toBlock":"0x1"}]}"#,
            -32_602,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"anvil_setRpcUrl","params":[]}"#,
            -32_004,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"debug_traceCall","params":[{},"latest",{"tracerConfig":{"a":1e999}}]}"#,
            -32_602,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"evm_increaseTime","params":["0xfffffffffffffffffff"]}"#,
            -32_602,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"anvil_mine","params":["0xffffffff"]}"#,
            -32_602,
        ),
    ] {
        check(&chain, body, code);
    }
    // After all that the chain still runs, unchanged.
    assert_eq!(chain.rpc("eth_blockNumber", json!([])), "0x0");
}

#[test]
fn parameters_may_be_absent_empty_or_null() {
    let chain = Chain::default();
    for params in ["", r#","params":[]"#, r#","params":null"#] {
        let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"eth_chainId"{params}}}"#);
        let (_, answer) = exchange(&chain, &post("localhost", &body, ""));
        assert!(answer.contains("0x64aba"), "{body}: {answer}");
    }
    let batch = format!("[{NUMBER},{NUMBER}]");
    let (_, answer) = exchange(&chain, &post("localhost", &batch, ""));
    assert_eq!(
        serde_json::from_str::<Vec<Value>>(&answer).unwrap().len(),
        2
    );
}

#[test]
fn only_this_machine_is_spoken_to() {
    let chain = Chain::default();
    for (host, is_answered) in [
        ("localhost", true),
        ("127.0.0.1:8547", true),
        ("localhost:1", true),
        ("evil.example", false),
        ("localhost.evil.example:8547", false),
    ] {
        let (status, answer) = exchange(&chain, &post(host, NUMBER, ""));
        assert_eq!(
            status.contains("200"),
            is_answered,
            "{host}: {status} {answer}"
        );
    }
    let allowing = Chain::start(Config {
        allow_host: vec!["devnet.test".into()],
        ..config()
    });
    let (status, _) = exchange(&allowing, &post("devnet.test:80", NUMBER, ""));
    assert!(status.contains("200"), "{status}");
}

/// A WebSocket request from a page.
fn upgrade(host: &str, origin: &str) -> Vec<u8> {
    format!(
        "GET / HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nOrigin: {origin}\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    .into_bytes()
}

/// The head of an answer; what follows a WebSocket's never ends.
fn head(chain: &Chain, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(chain.handle.address()).unwrap();
    stream.write_all(request).unwrap();
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).is_ok() {
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

/// Theorem: one rule holds for both transports, and a refusal names the flag that would allow the request.
#[test]
fn web_pages_are_let_in_only_when_asked_for() {
    let usual = Chain::default();
    let open = Chain::start(Config {
        allow_origin: vec!["https://page.example".into()],
        ..config()
    });
    for (chain, origin, is_let_in) in [
        (&usual, "https://page.example", false),
        (&usual, "null", false),
        (&open, "https://page.example", true),
        (&open, "https://evil.example", false),
        (&open, "null", false),
    ] {
        let line = format!("Origin: {origin}\r\n");
        let (status, answer) = exchange(chain, &post("localhost", NUMBER, &line));
        let socket = head(chain, &upgrade("localhost", origin));
        if is_let_in {
            assert!(status.contains("200"), "{origin}: {status}");
            assert!(socket.starts_with("HTTP/1.1 101"), "{origin}: {socket}");
        } else {
            assert!(status.contains("403"), "{origin}: {status}");
            assert!(
                answer.contains(&format!("--allow-origin {origin}")),
                "{answer}"
            );
            assert!(socket.starts_with("HTTP/1.1 403"), "{origin}: {socket}");
        }
    }
    let answer = head(
        &open,
        &post("localhost", NUMBER, "Origin: https://page.example\r\n"),
    );
    let answer = answer.to_lowercase();
    assert!(
        answer.contains("access-control-allow-origin: https://page.example"),
        "{answer}"
    );
    let socket = head(&usual, &upgrade("evil.example", "http://localhost"));
    assert!(socket.starts_with("HTTP/1.1 403"), "{socket}");
    let (_, answer) = exchange(&usual, &post("evil.example", NUMBER, ""));
    assert!(answer.contains("--allow-host evil.example"), "{answer}");
}

/// Theorem: clients that keep half-sent requests open, or send nothing, lock nobody out, even where the system allows few open files.
#[test]
fn trickled_requests_lock_nobody_out() {
    stylus_devnet::open_files::ask_for_more();
    for (open_files, clients) in [(64, 200), (2_048, 1_200)] {
        let devnet = Process::limited(open_files);
        let slow: Vec<TcpStream> = (0..clients)
            .filter_map(|number| {
                let mut stream = TcpStream::connect(devnet.address()).ok()?;
                let request = post("localhost", NUMBER, "");
                let part = match number % 3 {
                    0 => &request[..30],
                    1 => &request[..request.len() - 5],
                    _ => &[],
                };
                // It may have given way already.
                let _ = stream.write_all(part);
                Some(stream)
            })
            .collect();
        let count = slow.len();
        assert!(count > clients * 5 / 6, "{count} of {clients} connections");
        assert_eq!(devnet.connect().rpc("eth_blockNumber", &json!([])), "0x0");
    }
}

#[test]
fn long_batches_and_subscriptions_over_http_are_refused() {
    let chain = Chain::default();
    let batch = format!("[{}]", vec![NUMBER; 10_001].join(","));
    let (_, answer) = exchange(&chain, &post("localhost", &batch, ""));
    assert!(answer.contains("-32010"), "{answer}");
    let subscribe = r#"{"jsonrpc":"2.0","id":1,"method":"eth_subscribe","params":["newHeads"]}"#;
    check(&chain, subscribe, -32_601);
    let (_, answer) = exchange(&chain, &post("localhost", &format!("[{subscribe}]"), ""));
    assert!(answer.contains("ws://"), "{answer}");
}

/// Questions that geth refuses are refused with geth's text.
#[test]
fn questions_that_ask_too_much() {
    let chain = Chain::start(Config {
        request_timeout: None,
        ..config()
    });
    let check = |method, params, code: i64, part: &str| {
        let error = chain.ask(method, params).unwrap_err();
        assert_eq!(error.code, code, "{}", error.message);
        assert!(error.message.contains(part), "{}", error.message);
    };
    let history = |percentiles: Value| json!(["0x2", "latest", percentiles]);
    let invalid = "invalid reward percentile";
    for percentiles in [
        json!([101]),
        json!([-1]),
        json!([50, 25]),
        json!([10, 10]),
        json!(vec![0; 101]),
    ] {
        check("eth_feeHistory", history(percentiles), -32_602, invalid);
    }
    chain.rpc("eth_feeHistory", history(json!([0, 12.5, 100])));
    check(
        "eth_getLogs",
        json!([{ "address": (0..1_001).map(|n| format!("0x{n:040x}")).collect::<Vec<_>>() }]),
        -32_602,
        "exceed max addresses or topics",
    );
    check(
        "eth_call",
        json!([{ "to": DEV, "chainId": "0x5" }]),
        -32_000,
        "chainId does not match node's (have=5, want=412346)",
    );
    check(
        "eth_estimateGas",
        json!([{ "data": "0x5b600056", "gas": "0x100000" }]),
        -32_000,
        "gas required exceeds allowance (1048576)",
    );
    check(
        "debug_traceCall",
        json!([{ "data": "0x5b600056" }, "latest", {}]),
        -32_000,
        "the trace is longer than an answer may be",
    );
    let blake2 = json!([{ "to": "0x0000000000000000000000000000000000000009" }]);
    let refused = chain.ask("eth_call", blake2).unwrap_err();
    assert_eq!(
        refused.message,
        "precompile error: wrong input length for blake2"
    );
    // The block's gas, and not a question's usual amount.
    let gas =
        json!([{ "data": "0x5a60005260206000f3" }, "latest", {}, { "gasLimit": "0x1000000" }]);
    let left: alloy_primitives::U256 = serde_json::from_value(chain.rpc("eth_call", gas)).unwrap();
    assert!(
        left < alloy_primitives::U256::from(0x100_0000)
            && left > alloy_primitives::U256::from(0xFF_0000)
    );
}

/// Theorem: blobs that clients send along are refused by every method that takes a transaction, and reading them ends no thread.
#[test]
fn blobs_are_refused() {
    let chain = Chain::default();
    let blobs = |count| vec![format!("0x{}", "00".repeat(131_072)); count];
    for count in [1, 6] {
        let asked = json!({
            "from": DEV,
            "to": DEV,
            "blobVersionedHashes": vec![format!("0x01{}", "00".repeat(31)); count],
            "blobs": blobs(count),
            "maxFeePerBlobGas": "0x1",
        });
        for method in [
            "eth_call",
            "eth_estimateGas",
            "eth_createAccessList",
            "eth_sendTransaction",
            "debug_traceCall",
        ] {
            let error = chain.ask(method, json!([asked])).unwrap_err();
            let message = error.message;
            assert!(
                message.contains("Arbitrum has no blobs"),
                "{method}: {message}"
            );
        }
    }
}

#[test]
fn large_and_half_open_requests_do_no_harm() {
    let chain = Chain::default();
    let huge = format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        100_u64 << 20
    );
    let (status, _) = exchange(&chain, huge.as_bytes());
    assert!(status.contains("413"), "{status}");
    // Connections that send nothing, or half of something.
    let silent: Vec<TcpStream> = (0..50)
        .map(|n| {
            let mut stream = TcpStream::connect(chain.handle.address()).unwrap();
            let part = &post("localhost", NUMBER, "")[..n * 2];
            stream.write_all(part).unwrap();
            stream
        })
        .collect();
    assert_eq!(chain.rpc("eth_blockNumber", json!([])), "0x0");
    drop(silent);
    assert_eq!(chain.rpc("eth_blockNumber", json!([])), "0x0");
    // A large batch within the limit, and code that is far too large.
    let code = format!("0x{}", "00".repeat(200_000));
    let error = chain
        .try_send(json!({ "data": code, "gas": "0x1000000" }))
        .unwrap_err();
    assert!(
        error.message.contains("oversized data"),
        "{}",
        error.message
    );
}

/// Theorem: a transaction that no block can hold is refused in the same words whether its block is made at once, or it would have to wait
/// for one or for an earlier nonce.
#[test]
fn transactions_that_cannot_be() {
    let chain = Chain::default();
    let check = |request: Value, part: &str| {
        for (automine, nonce) in [(true, "0x0"), (false, "0x0"), (true, "0x1")] {
            chain.rpc("evm_setAutomine", json!([automine]));
            let mut request = request.clone();
            request
                .as_object_mut()
                .unwrap()
                .insert("nonce".into(), json!(nonce));
            let error = chain.try_send(request).unwrap_err();
            assert!(
                error.message.contains(part),
                "{} lacks {part:?}",
                error.message
            );
        }
    };
    let to = "0x00000000000000000000000000000000000000aa";
    check(
        json!({ "to": to, "value": "0xffffffffffffffffffffffffffff", "gas": "0x5208" }),
        "insufficient funds for gas * price + value",
    );
    check(
        json!({ "to": to, "gas": "0x5207" }),
        "intrinsic gas too low: have 20999, want 21000",
    );
    check(
        json!({ "data": format!("0x{}", "00".repeat(50_000)), "gas": "0x989680" }),
        "max initcode size exceeded",
    );
    check(
        json!({ "to": to, "gas": "0x5208", "maxFeePerGas": "0x1" }),
        "max fee per gas less than block base fee",
    );
    check(
        json!({ "to": to, "gas": "0x5208", "maxFeePerGas": "0x5f5e100", "maxPriorityFeePerGas": "0x5f5e101" }),
        "max priority fee",
    );
    check(
        json!({ "to": to, "data": "0x01", "input": "0x02" }),
        "differ",
    );
    // Calldata has a floor price once an owner says so: ArbOwner.setCalldataPriceIncrease(true).
    let input = format!("0x8eb911d9{:064x}", 1);
    assert!(
        chain
            .send(json!({ "to": ARB_OWNER, "data": input }))
            .is_success()
    );
    for (nonce, gas) in [("0x1", "0x61a8"), ("0x2", "0x61a8")] {
        let data = format!("0x{}", "ff".repeat(200));
        let error = chain
            .try_send(json!({ "to": to, "gas": gas, "data": data, "nonce": nonce }))
            .unwrap_err();
        let want = "intrinsic gas too low: have 25000, want 29000";
        assert_eq!(error.message, want, "nonce {nonce}");
    }
    assert_eq!(
        chain.rpc("txpool_status", json!([])),
        json!({ "pending": "0x0", "queued": "0x0" })
    );
    assert_eq!(chain.rpc("eth_blockNumber", json!([])), "0x1");
}

/// Requests that arrive while a devnet stops are answered, or their connection is closed; it stops in any case.
#[test]
fn requests_during_shutdown() {
    let Chain { handle, .. } = Chain::default();
    let address = handle.address();
    let clients: Vec<_> = (0..8)
        .map(|_| {
            std::thread::spawn(move || {
                let mut answers = 0;
                loop {
                    let Ok(mut stream) = TcpStream::connect(address) else {
                        return answers;
                    };
                    stream
                        .set_read_timeout(Some(Duration::from_secs(10)))
                        .unwrap();
                    let mut answer = String::new();
                    let sent = stream.write_all(&post("localhost", NUMBER, ""));
                    if sent.is_err()
                        || stream.read_to_string(&mut answer).is_err()
                        || answer.is_empty()
                    {
                        return answers;
                    }
                    assert!(
                        answer.contains("200 OK") && answer.contains("0x0"),
                        "{answer}"
                    );
                    answers += 1;
                }
            })
        })
        .collect();
    // Until all of them are running.
    let chain = crate::support::Remote::new(&handle.url());
    (0..50).for_each(|_| drop(chain.rpc("eth_blockNumber", json!([]))));
    handle.stop().unwrap();
    let answers: u32 = clients
        .into_iter()
        .map(|client| client.join().unwrap())
        .sum();
    assert!(answers > 0);
}

/// Feeds the decoder of raw transactions bytes that are almost valid.
pub(crate) fn fuzz_raw_transaction(chain: &Chain, bytes: &[u8]) {
    let raw = alloy_primitives::hex::encode_prefixed(bytes);
    // An error is an answer; without one, `ask` would panic.
    let _ = chain.ask("eth_sendRawTransaction", json!([raw]));
}

/// Feeds the decoder of requests bytes that are almost valid.
pub(crate) fn fuzz_request(chain: &Chain, bytes: &[u8]) {
    let body = String::from_utf8_lossy(bytes);
    let (status, _) = exchange(chain, &post("localhost", &body, ""));
    assert!(status.starts_with("HTTP/1.1"), "{body}: {status}");
}

/// Theorem: no bytes silence the server.
#[test]
fn mutants_are_answered() {
    let chain = Chain::default();
    let raw = alloy_primitives::hex!(
        "f8a58085174876e800830186a08080b853604580600e600039806000f350fe7fffffffffffffffffffffffffffffffffffffffffffffffff"
        "ffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf31ba022222222222222222222"
        "22222222222222222222222222222222222222222222a02222222222222222222222222222222222222222222222222222222222222222"
    );
    let request = br#"{"jsonrpc":"2.0","id":1,"method":"eth_call","params":[{"to":"0x0000000000000000000000000000000000000071","input":"0xa996e0c2"},"latest"]}"#;
    let mut random = 0x2545_f491_u32;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        random as usize
    };
    for _ in 0..300 {
        for (seed, is_raw) in [(&raw[..], true), (&request[..], false)] {
            let mut bytes = seed.to_vec();
            for _ in 0..1 + next() % 4 {
                let at = next() % bytes.len();
                match next() % 3 {
                    0 => bytes[at] = next() as u8,
                    1 => bytes.truncate(at.max(1)),
                    _ => bytes.insert(at, next() as u8),
                }
            }
            match is_raw {
                true => fuzz_raw_transaction(&chain, &bytes),
                false => fuzz_request(&chain, &bytes),
            }
        }
    }
    assert_eq!(chain.rpc("eth_chainId", json!([])), "0x64aba");
}

/// Theorem: clients that wait for transactions which never come leave connections to others: only a limited number can wait, and the rest
/// get an error at once, with the transaction's hash.
#[test]
fn those_who_wait_for_a_transaction_leave_room() {
    const MOST: usize = 256;
    const TOO_MANY: usize = 40;
    let devnet = Process::start(&[]);
    let (sender, told) = std::sync::mpsc::channel();
    for nonce in 1..=MOST + TOO_MANY {
        let (sender, mut client) = (sender.clone(), devnet.connect());
        std::thread::spawn(move || {
            let gap = json!({ "from": DEV, "to": DEV, "nonce": format!("{nonce:#x}") });
            // The rest get their answers when the devnet is gone.
            let _ = client
                .try_ask("eth_sendTransactionSync", &json!([gap, 60_000]))
                .map(|answer| sender.send(answer));
        });
    }
    for _ in 0..TOO_MANY {
        let (code, sentence) = told.recv().unwrap().unwrap_err();
        assert_eq!(code, 4, "{sentence}");
        assert!(
            sentence.contains("256 transactions are waited for"),
            "{sentence}"
        );
    }
    let mut client = devnet.connect();
    assert_eq!(client.rpc("eth_blockNumber", &json!([])), "0x0");
    // The first nonce closes the gap: all of them are mined, and all waiting clients get their answers.
    let first = json!([{ "from": DEV, "to": DEV, "nonce": "0x0" }]);
    client.rpc("eth_sendTransaction", &first);
    for _ in 0..MOST {
        assert_eq!(told.recv().unwrap().unwrap()["status"], "0x1");
    }
}
