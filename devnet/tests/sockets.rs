//! WebSockets: subscriptions, and requests as over HTTP.
//!
//! Lives here: a client for them. Not here: what methods answer (`methods`, `requests`).

use std::io::{Read as _, Write as _};

use alloy_primitives::Address;
use serde_json::{Value, json};

use crate::contracts::program;
use crate::process::Connection;
use crate::support::{Chain, quantity};

/// A hand-written WebSocket: as much of RFC 6455 as short texts need.
struct Socket(std::net::TcpStream);

impl Socket {
    fn open(chain: &Chain) -> Self {
        let mut stream = std::net::TcpStream::connect(chain.handle.address()).unwrap();
        stream
            .set_read_timeout(Some(std::time::Duration::from_secs(20)))
            .unwrap();
        let request = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                       Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        stream.write_all(request.as_bytes()).unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        assert!(
            head.starts_with(b"HTTP/1.1 101"),
            "{}",
            String::from_utf8_lossy(&head)
        );
        Self(stream)
    }

    fn send(&mut self, text: &str) {
        let length = u16::try_from(text.len()).unwrap().to_be_bytes();
        // Masked with zeros, which changes nothing.
        let frame = [&[0x81, 0xFE], &length[..], &[0; 4], text.as_bytes()].concat();
        self.0.write_all(&frame).unwrap();
    }

    fn receive(&mut self) -> Value {
        serde_json::from_str(&self.receive_text()).unwrap()
    }

    fn receive_text(&mut self) -> String {
        let mut head = [0; 2];
        self.0.read_exact(&mut head).unwrap();
        assert_eq!(head[0], 0x81, "a text in one piece");
        let length = match head[1] {
            126 => {
                let mut length = [0; 2];
                self.0.read_exact(&mut length).unwrap();
                u16::from_be_bytes(length).into()
            }
            short => usize::from(short),
        };
        let mut text = vec![0; length];
        self.0.read_exact(&mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    fn subscribe(&mut self, what: &str) -> Value {
        self.send(&format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"eth_subscribe","params":{what}}}"#
        ));
        self.receive()
    }
}

#[test]
fn subscribers_are_told() {
    let chain = Chain::default();
    let logger = logger(&chain);
    let mut heads = Socket::open(&chain);
    let mut logs = Socket::open(&chain);
    assert!(heads.subscribe(r#"["newHeads"]"#)["result"].is_string());
    assert!(logs.subscribe(&format!(r#"["logs",{{"address":"{logger}"}}]"#))["result"].is_string());
    let refused = Socket::open(&chain).subscribe(r#"["weather"]"#);
    assert_eq!(refused["error"]["code"], -32_602);
    let mined = chain.send(json!({ "to": logger, "data": "0x07" }));
    let head = heads.receive();
    assert_eq!(head["method"], "eth_subscription");
    assert_eq!(head["params"]["result"]["hash"], mined.receipt["blockHash"]);
    assert_eq!(logs.receive()["params"]["result"], mined.receipt["logs"][0]);
}

/// A contract that logs its input with a topic of zeros.
fn logger(chain: &Chain) -> Address {
    chain.program(&program(
        "(call $log (i32.const 992) (i32.add (local.get $len) (i32.const 32)) (i32.const 1)) (i32.const 0)",
    ))
}

/// The numbers of the blocks of logs.
fn blocks(logs: &Value) -> Vec<u64> {
    let logs = logs.as_array().unwrap().iter();
    logs.map(|log| quantity(&log["blockNumber"])).collect()
}

/// Theorem: whoever is told of logs is told of those in the blocks that he asked for.
#[test]
fn new_logs_are_of_the_blocks_asked_for() {
    let chain = Chain::default();
    let logger = logger(&chain);
    let begun = quantity(&chain.rpc("eth_blockNumber", json!([])));
    let at = |block: u64| format!("{:#x}", begun + block);
    let cases = [
        (json!({}), vec![1, 2, 3, 4]),
        (json!({ "fromBlock": at(2) }), vec![2, 3, 4]),
        (
            json!({ "fromBlock": at(3), "toBlock": "latest" }),
            vec![3, 4],
        ),
        (json!({ "fromBlock": at(2), "toBlock": at(3) }), vec![2, 3]),
        (
            json!({ "fromBlock": "earliest", "toBlock": at(1) }),
            vec![1],
        ),
        (
            json!({ "fromBlock": "latest", "toBlock": "pending" }),
            vec![1, 2, 3, 4],
        ),
    ];
    let installed: Vec<_> = cases
        .into_iter()
        .map(|(filter, expected)| {
            let id = chain.rpc("eth_newFilter", json!([filter]));
            let mut socket = Socket::open(&chain);
            let subscribed = socket.subscribe(&json!(["logs", filter]).to_string());
            assert!(subscribed["result"].is_string(), "{filter}: {subscribed}");
            (filter, expected, id, socket)
        })
        .collect();
    for _ in 0..4 {
        chain.send(json!({ "to": logger, "data": "0x01" }));
    }
    for (filter, expected, id, mut socket) in installed {
        let expected: Vec<u64> = expected.into_iter().map(|block| begun + block).collect();
        let polled = chain.rpc("eth_getFilterChanges", json!([id]));
        assert_eq!(blocks(&polled), expected, "{filter}");
        let told = expected
            .iter()
            .map(|_| socket.receive()["params"]["result"].take());
        assert_eq!(blocks(&told.collect()), expected, "{filter}");
    }
    for method in ["eth_newFilter", "eth_subscribe"] {
        let filter = json!({ "fromBlock": "0x5", "toBlock": "0x1" });
        let refused = match method {
            "eth_subscribe" => {
                Socket::open(&chain).subscribe(&json!(["logs", filter]).to_string())["error"].take()
            }
            _ => json!({ "message": chain.ask(method, json!([filter])).unwrap_err().message }),
        };
        assert_eq!(refused["message"], "invalid block range params", "{method}");
    }
}

/// Theorem: a subscription names no more than a filter, and those of one socket no more than ten of them together.
#[test]
fn subscriptions_are_limited() {
    let chain = Chain::default();
    let mut socket = Socket::open(&chain);
    let naming = |count: u64| {
        let named = (0..count).map(|number| Address::left_padding_from(&number.to_be_bytes()));
        json!(["logs", { "address": named.collect::<Vec<_>>() }]).to_string()
    };
    let mut check = |count: u64, expected: Option<(i64, &str)>| {
        let answer = socket.subscribe(&naming(count));
        match expected {
            None => assert!(answer["result"].is_string(), "{count}: {answer}"),
            Some((code, words)) => {
                let (error, message) = (&answer["error"], answer["error"]["message"].as_str());
                assert_eq!(error["code"], code, "{count}: {answer}");
                assert!(message.unwrap().contains(words), "{count}: {answer}");
            }
        }
    };
    check(1_001, Some((-32_602, "exceed max addresses or topics")));
    for _ in 0..10 {
        check(1_000, None);
    }
    check(
        1,
        Some((-32_005, "may name 10000 addresses and topics in all")),
    );
    check(0, None);
    let refused = Socket::open(&chain).subscribe(&naming(1));
    assert!(refused["result"].is_string(), "another socket: {refused}");
}

/// Theorem: what is sent gets the answer that it gets over HTTP, whatever it is.
#[test]
fn requests_are_answered_as_over_http() {
    let chain = Chain::default();
    let (mut socket, mut http) = (Socket::open(&chain), Connection::to(chain.handle.address()));
    let mut check = |text: &str| {
        socket.send(text);
        let answer = socket.receive_text();
        assert_eq!(answer, http.exchange(text).unwrap(), "{text}");
        answer
    };
    let with = |id: &str| format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"eth_chainId"}}"#);
    for id in [
        "1",
        "-1",
        "1.5",
        "1e3",
        "18446744073709551616",
        "\"x\"",
        "null",
    ] {
        let answer = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":"0x64aba"}}"#);
        assert_eq!(check(&with(id)), answer);
        assert_eq!(check(&format!("[{}]", with(id))), format!("[{answer}]"));
    }
    for id in ["{}", "[]", "true"] {
        let answer = check(&with(id));
        assert!(
            answer.contains(r#""id":null,"error":{"code":-32600"#),
            "{answer}"
        );
    }
    for text in ["", "{", "[]", "[1]", "7"] {
        check(text);
    }
}

/// Theorem: the answer to a request in a batch comes once, in the batch's, and a subscription's events come after it.
#[test]
fn a_batch_subscribes() {
    let chain = Chain::default();
    let mut socket = Socket::open(&chain);
    socket.send(
        r#"[{"jsonrpc":"2.0","id":1,"method":"eth_subscribe","params":["newHeads"]},
            {"jsonrpc":"2.0","method":"evm_mine"},
            {"jsonrpc":"2.0","id":-2,"method":"eth_blockNumber"}]"#,
    );
    let answers = socket.receive();
    let subscription = &answers[0]["result"];
    assert!(subscription.is_string(), "{answers}");
    assert_eq!(
        (&answers[1]["id"], &answers[1]["result"]),
        (&json!(-2), &json!("0x1"))
    );
    assert_eq!(answers.as_array().unwrap().len(), 2, "{answers}");
    let told = socket.receive();
    assert_eq!(told["params"]["subscription"], *subscription);
    assert_eq!(told["params"]["result"]["number"], "0x1");
    socket.send(&crate::process::request(
        "eth_unsubscribe",
        &json!([subscription]),
    ));
    assert_eq!(socket.receive()["result"], true);
}
