//! Nodes that fail in every way that nodes do: the errors that clients see, and that nothing wrong is kept.
//!
//! Lives here: a node in front of another, which fails on demand. Not here: what forks do while all is well.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alloy_primitives::{B256, U256};
use serde_json::{Value, json};
use stylus_devnet::{Config, Devnet, Fork};

use crate::fork::forking;
use crate::fork::history::History;
use crate::support::{Chain, config};

/// What a node does instead of answering.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Fault {
    /// It answers.
    None,
    /// It takes the request and closes the connection.
    Dies,
    /// It never answers.
    Hangs,
    /// It closes the connection in the middle of an answer.
    BreaksOff,
    /// It answers with this status and this text.
    Says(u16, &'static str),
}

/// A node that fails on demand, and the requests it has received.
pub(crate) struct Faulty {
    pub(crate) url: String,
    fault: Arc<Mutex<Fault>>,
    asked: Arc<Mutex<Vec<String>>>,
    /// Answers to give instead of the other node's, by method and parameters.
    instead: Arc<Mutex<HashMap<String, Value>>>,
}

impl Faulty {
    /// Starts a node in front of another.
    pub(crate) fn before(origin: &Chain) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let to = origin.handle.address();
        let fault = Arc::new(Mutex::new(Fault::None));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let instead = Arc::new(Mutex::new(HashMap::new()));
        let (shared, noted, other) = (fault.clone(), asked.clone(), instead.clone());
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (fault, asked, instead) = (shared.clone(), noted.clone(), other.clone());
                std::thread::spawn(move || {
                    // A client that has disconnected is not a failure of the test.
                    let _ = serve(client.unwrap(), to, &fault, &asked, &instead);
                });
            }
        });
        Self {
            url: format!("http://127.0.0.1:{port}"),
            fault,
            asked,
            instead,
        }
    }

    /// Sets an answer to give instead of the other node's.
    pub(crate) fn answer(&self, method: &str, params: &Value, answer: Value) {
        let mut instead = self.instead.lock().unwrap();
        instead.insert(format!("{method} {params}"), answer);
    }

    pub(crate) fn set(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
    }

    /// The requests it has received since the last call.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

fn serve(
    client: TcpStream,
    to: std::net::SocketAddr,
    fault: &Mutex<Fault>,
    asked: &Mutex<Vec<String>>,
    instead: &Mutex<HashMap<String, Value>>,
) -> std::io::Result<()> {
    let mut from = BufReader::new(client.try_clone()?);
    let mut client = client;
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if from.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        from.read_exact(&mut body)?;
        let question: Value = serde_json::from_slice(&body).unwrap();
        let text = format!(
            "{} {}",
            question["method"].as_str().unwrap(),
            question["params"]
        );
        let own = instead.lock().unwrap().get(&text).cloned();
        asked.lock().unwrap().push(text);
        if let Some(result) = own {
            let answer = json!({ "jsonrpc": "2.0", "id": 1, "result": result });
            say(&mut client, 200, answer.to_string().as_bytes())?;
            continue;
        }
        let fault = *fault.lock().unwrap();
        match fault {
            Fault::None => {
                let mut node = TcpStream::connect(to)?;
                write!(
                    node,
                    "POST / HTTP/1.1\r\nHost: {to}\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
                )?;
                node.write_all(&body)?;
                let mut answer = Vec::new();
                node.read_to_end(&mut answer)?;
                let head = answer
                    .windows(4)
                    .position(|four| four == b"\r\n\r\n")
                    .unwrap();
                say(&mut client, 200, &answer[head + 4..])?;
            }
            Fault::Dies => return Ok(()),
            Fault::Hangs => std::thread::sleep(Duration::from_secs(60)),
            Fault::BreaksOff => {
                write!(
                    client,
                    "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{{\"jsonrpc\""
                )?;
                return Ok(());
            }
            Fault::Says(status, text) => say(&mut client, status, text.as_bytes())?,
        }
    }
}

fn say(client: &mut TcpStream, status: u16, body: &[u8]) -> std::io::Result<()> {
    write!(
        client,
        "HTTP/1.1 {status} Some\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )?;
    client.write_all(body)
}

pub(crate) const FAULTS: &[(Fault, &str)] = &[
    (Fault::Dies, "it broke off"),
    (Fault::Hangs, "it did not answer within 1 seconds"),
    (Fault::BreaksOff, "it broke off"),
    (Fault::Says(429, ""), "it limits the rate of questions"),
    (Fault::Says(503, ""), "it answered HTTP 503"),
    (
        Fault::Says(401, "who are you?"),
        "it answered HTTP 401: check the URL and its key",
    ),
    (Fault::Says(302, ""), "it redirects"),
    (
        Fault::Says(200, "<html>busy</html>"),
        "its answer is not JSON-RPC: \"<html>busy</html>\"",
    ),
    (
        Fault::Says(200, r#"{"jsonrpc":"2.0","id":1,"result":null}"#),
        "it answered null",
    ),
    (
        Fault::Says(200, r#"{"jsonrpc":"2.0","id":1,"result":{"a":[1]}}"#),
        r#"its answer is not what was asked for: {"a":[1]}"#,
    ),
    (
        Fault::Says(
            200,
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32005,"message":"slow down"}}"#,
        ),
        "it limits the rate of questions",
    ),
    (
        Fault::Says(
            200,
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"missing trie node abc"}}"#,
        ),
        "use the URL of an archive node",
    ),
    (
        Fault::Says(
            200,
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no such method"}}"#,
        ),
        "it answered with the error \"no such method\"",
    ),
];

/// Settings for a fork of a node at a block, other than usual.
pub(crate) fn forking_with(url: &str, block: u64, change: impl FnOnce(Fork) -> Fork) -> Config {
    let settings = forking(url, block);
    Config {
        fork: settings.fork.map(change),
        ..settings
    }
}

/// A fork of a faulty node, without retries; each attempt has one second.
pub(crate) fn forked(faulty: &Faulty, block: u64) -> Chain {
    Chain::start(forking_with(&faulty.url, block, |fork| Fork {
        timeout: Duration::from_secs(3),
        ..fork
    }))
}

/// Theorem: whatever the node does in the middle of something, the error says what was requested from whom and why there is no answer, the
/// chain is unchanged, and the same request works when the node is back.
#[test]
fn a_node_that_fails_fails_what_needs_it_and_nothing_else() {
    let history = History::new(11);
    let faulty = Faulty::before(&history.chain);
    let counter = history.counter();
    for (fault, why) in FAULTS {
        let fork = forked(&faulty, history.head());
        fork.rpc("evm_mine", json!([]));
        let head = fork.rpc("eth_getBlockByNumber", json!(["latest", false]));
        faulty.set(*fault);
        let asked: [(&str, Value); 6] = [
            ("eth_call", json!([{ "to": counter }, "latest"])),
            (
                "eth_sendTransaction",
                json!([{ "from": crate::support::DEV, "to": counter, "gas": "0x30d40" }]),
            ),
            (
                "anvil_reorg",
                json!([1, [[{ "from": crate::support::DEV, "to": counter, "gas": "0x30d40" }, 0]]]),
            ),
            ("anvil_setBalance", json!([history.contracts()[4], "0x1"])),
            (
                "eth_getStorageAt",
                json!([history.contracts()[0], "0x0", "latest"]),
            ),
            ("eth_getCode", json!([history.contracts()[5], "latest"])),
        ];
        for (method, params) in asked {
            let refusal = fork.ask(method, params).unwrap_err();
            let host = faulty.url.strip_prefix("http://").unwrap();
            assert!(
                refusal.message.contains(why) && refusal.message.contains(&format!("from {host}")),
                "{method} under {fault:?}: {}",
                refusal.message
            );
        }
        faulty.set(Fault::None);
        // Nothing has happened, and nothing wrong was accepted.
        assert_eq!(
            fork.rpc("eth_getBlockByNumber", json!(["latest", false])),
            head
        );
        for account in history.accounts() {
            let balance = |chain: &Chain| chain.rpc("eth_getBalance", json!([account, "latest"]));
            assert_eq!(
                balance(&fork),
                balance(&history.chain),
                "{account} after {fault:?}"
            );
        }
        let count = fork.word(counter, &[]);
        assert!(
            fork.send(json!({ "to": counter, "gas": "0x30d40" }))
                .is_success()
        );
        assert_eq!(fork.word(counter, &[]), count + U256::ONE);
    }
}

/// A temporary failure is retried, as often as the settings say.
#[test]
fn a_node_that_comes_back_is_asked_again() {
    let history = History::new(1);
    let faulty = Faulty::before(&history.chain);
    let retried = |fork| Fork { retries: 5, ..fork };
    let fork = Chain::start(forking_with(&faulty.url, history.head(), retried));
    for fault in [Fault::Dies, Fault::Says(429, ""), Fault::Says(502, "")] {
        faulty.set(fault);
        let account = B256::from(U256::from(7));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while faulty.asked().is_empty() {
                    std::thread::yield_now();
                }
                faulty.set(Fault::None);
            });
            let address = alloy_primitives::Address::from_word(account);
            fork.rpc("eth_getBalance", json!([address, "latest"]));
        });
        fork.rpc(
            "anvil_reset",
            json!([{ "forking": { "blockNumber": history.head() } }]),
        );
        faulty.asked();
    }
}

/// Each account, slot and hash is requested once, whoever needs it and however often.
#[test]
fn everything_is_asked_for_once() {
    let history = History::new(11);
    let faulty = Faulty::before(&history.chain);
    let fork = forked(&faulty, history.head());
    for _ in 0..3 {
        fork.word(history.counter(), &[]);
        fork.send(json!({ "to": history.counter() }));
        fork.rpc(
            "eth_getStorageAt",
            json!([history.contracts()[0], "0x0", "latest"]),
        );
    }
    fork.rpc("evm_revert", json!([fork.rpc("evm_snapshot", json!([]))]));
    fork.word(history.counter(), &[]);
    let mut asked = faulty.asked();
    asked.sort_unstable();
    let twice = asked.windows(2).find(|pair| pair[0] == pair[1]);
    assert_eq!(twice, None);
    assert!(
        asked
            .iter()
            .any(|question| question.starts_with("eth_getStorageAt"))
    );
}

/// A run that needs many words does not wait for each: after a few, the node is asked which ones the run needs; a node that cannot tell is
/// not asked again.
#[test]
fn many_words_are_asked_for_at_once() {
    let origin = Chain::start(config());
    // Loads slots 0 to 99.
    let reads = origin.deploy(&alloy_primitives::hex!("5f5b80545060010180606411600157"));
    let faulty = Faulty::before(&origin);
    let fork = forked(&faulty, 1);
    faulty.asked();
    let call = || fork.call(reads, &[]).unwrap();
    call();
    let asked = faulty.asked();
    let lists = asked
        .iter()
        .position(|question| question.starts_with("eth_createAccessList"));
    let slots = |asked: &[String]| {
        asked
            .iter()
            .filter(|it| it.starts_with("eth_getStorageAt"))
            .count()
    };
    let place = lists.unwrap();
    assert_eq!((slots(&asked[..place]), slots(&asked[place..])), (3, 97));
    call();
    assert_eq!(faulty.asked(), [""; 0]);
}

/// Theorem: a node that does not answer keeps only those waiting who need something of it that is not known yet.
#[test]
fn a_node_that_hangs_stops_nobody_else() {
    let history = History::new(11);
    let faulty = Faulty::before(&history.chain);
    let patient = |fork| Fork {
        timeout: Duration::from_secs(30),
        ..fork
    };
    let fork = Chain::start(forking_with(&faulty.url, history.head(), patient));
    // The newest block is its own.
    fork.rpc("evm_mine", json!([]));
    let known = history.counter();
    let asked: [(&str, Value); 6] = [
        ("eth_blockNumber", json!([])),
        ("eth_getBalance", json!([known, "latest"])),
        ("eth_getLogs", json!([{ "fromBlock": "latest" }])),
        ("eth_call", json!([{ "to": known }])),
        ("txpool_status", json!([])),
        ("anvil_setNonce", json!([known, "0x1"])),
    ];
    let ask = || {
        let each = asked.iter();
        let answers = each.map(|(method, params)| fork.rpc(method, params.clone()));
        answers.collect::<Vec<_>>()
    };
    let known = ask();
    let dump = fork.rpc("anvil_dumpState", json!([]));
    faulty.asked();
    faulty.set(Fault::Hangs);
    let unknown =
        |number: u64| alloy_primitives::Address::from_word(B256::from(U256::from(number)));
    let mut waiting: Vec<(&str, Value)> = (1_000..1_040)
        .map(|number| ("eth_getBalance", json!([unknown(number), "latest"])))
        .collect();
    waiting.extend((2_000..2_060).map(|number| ("eth_call", json!([{ "to": unknown(number) }]))));
    let first = json!([{ "forking": { "blockNumber": 1 } }]);
    waiting.extend([("anvil_reset", first), ("anvil_loadState", json!([dump]))]);
    let ended = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for (method, params) in &waiting {
            scope.spawn(|| {
                let _ = fork.ask(method, params.clone());
                ended.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            });
        }
        while faulty.asked.lock().unwrap().len() < 60 {
            std::thread::yield_now();
        }
        assert_eq!(ask(), known);
        assert_eq!(ended.load(std::sync::atomic::Ordering::Relaxed), 0);
    });
}

/// A transaction needs nothing of the node beyond the accounts and words that it reads: its hash is no word to ask for where nobody
/// may filter transactions.
#[test]
fn a_transaction_of_what_is_known_needs_no_node() {
    let history = History::new(11);
    let faulty = Faulty::before(&history.chain);
    let fork = forked(&faulty, history.head());
    let sent = json!({ "to": history.counter(), "gas": "0x30d40" });
    assert!(fork.send(sent.clone()).is_success());
    faulty.asked();
    faulty.set(Fault::Dies);
    assert!(fork.send(sent).is_success());
    assert_eq!(faulty.asked(), [""; 0]);
}

/// What is wrong with a node's answer about its past is told in few words, however long that answer is.
#[test]
fn a_long_answer_that_is_nonsense_is_not_repeated() {
    let history = History::new(1);
    let faulty = Faulty::before(&history.chain);
    let fork = forked(&faulty, history.head());
    let long: &'static str = format!(
        r#"{{"jsonrpc":"2.0","id":1,"result":"{}"}}"#,
        "é".repeat(10_000)
    )
    .leak();
    faulty.set(Fault::Says(200, long));
    let logs = json!([{ "fromBlock": "0x0" }]);
    let refusal = fork.ask("eth_getLogs", logs).unwrap_err().message;
    assert!(refusal.contains("answers nonsense: invalid type: string"));
    assert!(refusal.len() < 1_000, "{} bytes", refusal.len());
}

/// Theorem: a limit on the rate makes what needs many words slow. It fails neither that nor what others need meanwhile and afterwards,
/// although all of it together takes longer than a query may.
#[test]
fn a_low_rate_fails_nothing() {
    let origin = Chain::start(config());
    // Loads slots 0 to 99.
    let reads = origin.deploy(&alloy_primitives::hex!("5f5b80545060010180606411600157"));
    let slow = |fork| Fork {
        timeout: Duration::from_millis(1_500),
        requests_per_second: Some(40),
        ..fork
    };
    let fork = Chain::start(forking_with(&origin.handle.url(), 1, slow));
    let balance = |byte: u8| {
        let address = alloy_primitives::Address::repeat_byte(byte);
        fork.rpc("eth_getBalance", json!([address, "latest"]))
    };
    std::thread::scope(|scope| {
        let call = scope.spawn(|| fork.call(reads, &[]).unwrap());
        balance(1);
        call.join().unwrap();
    });
    balance(2);
}

/// Answers are kept on this machine, and the next fork of the block requests none of them again.
#[test]
fn the_next_fork_of_a_block_asks_for_little() {
    let history = History::new(11);
    let faulty = Faulty::before(&history.chain);
    let folder = tempfile::tempdir().unwrap();
    let cached = || {
        let kept = |fork| Fork {
            cache: Some(folder.path().into()),
            ..fork
        };
        Chain::start(forking_with(&faulty.url, history.head(), kept))
    };
    let first = cached();
    let count = first.word(history.counter(), &[]);
    assert!(faulty.asked().len() > 20);
    // While the first has the file open, another can read it.
    assert_eq!(cached().word(history.counter(), &[]), count);
    assert_eq!(faulty.asked().len(), 2, "the chain's id, and the block");
    drop(first);
    let file = std::fs::read_dir(folder.path())
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    assert!(
        name.starts_with("412346-") && !name.contains("127"),
        "{name}"
    );
    // Cut-off or damaged entries are requested again.
    let bytes = std::fs::read(&file).unwrap();
    for damaged in [
        bytes[..bytes.len() - 3].to_vec(),
        bytes[..9].to_vec(),
        vec![7; 4_000],
    ] {
        std::fs::write(&file, damaged).unwrap();
        assert_eq!(cached().word(history.counter(), &[]), count);
        assert!(faulty.asked().len() > 2);
        assert_eq!(cached().word(history.counter(), &[]), count);
        assert_eq!(faulty.asked().len(), 2);
    }
}

/// Keys in a URL or a header appear in no error, no file name, and no output that shows settings.
#[test]
fn keys_are_not_told() {
    const KEY: &str = "s3cr3tk3y0f0ur5";
    let history = History::new(1);
    let faulty = Faulty::before(&history.chain);
    let url = format!("{}/v2/{KEY}?token={KEY}1", faulty.url);
    let folder = tempfile::tempdir().unwrap();
    let settings = forking_with(&url, history.head(), |fork| Fork {
        headers: vec![("Authorization".into(), format!("Bearer {KEY}2"))],
        cache: Some(folder.path().into()),
        timeout: Duration::from_secs(3),
        ..fork
    });
    assert!(!format!("{settings:?}").contains(KEY));
    let fork = Chain::start(settings.clone());
    let told = |text: String| assert!(!text.contains(KEY), "{text}");
    let echo = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"key s3cr3tk3y0f0ur5 and s3cr3tk3y0f0ur52 are wrong"}}"#;
    for fault in [
        Fault::Dies,
        Fault::Hangs,
        Fault::Says(401, KEY),
        Fault::Says(200, echo),
    ] {
        faulty.set(fault);
        told(
            fork.ask("eth_getBalance", json!([history.counter(), "latest"]))
                .unwrap_err()
                .message,
        );
        told(
            fork.ask("eth_getBlockByNumber", json!(["0x0", false]))
                .unwrap_err()
                .message,
        );
        told(Devnet::start(settings.clone()).unwrap_err().to_string());
    }
    for method in ["anvil_nodeInfo", "anvil_metadata"] {
        told(fork.rpc(method, json!([])).to_string());
    }
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        told(path.display().to_string());
        told(String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned());
    }
}

/// Impossible settings are refused before anything is sent.
#[test]
fn settings_that_cannot_be() {
    let check = |fork: Fork, expected: &str| {
        let error = Devnet::start(Config {
            fork: Some(Fork {
                retries: 0,
                cache: None,
                timeout: Duration::from_secs(3),
                ..fork
            }),
            ..config()
        });
        let error = error.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check(Fork::url("nonsense"), "is not a node's");
    check(Fork::url("ws://localhost:1"), "is not a node's");
    check(Fork::url("http://127.0.0.1:9"), "it cannot be reached");
    let header = |name: &str, value: &str| Fork {
        headers: vec![(name.into(), value.into())],
        ..Fork::url("http://127.0.0.1:9")
    };
    check(header("no header", "x"), "the header \"no header\"");
    check(header("x", "a\nb"), "the header \"x\"");
    check(
        Fork {
            url: None,
            ..Fork::url("")
        },
        "needs the URL of a node",
    );
    if !cfg!(feature = "https") {
        check(
            Fork::url("https://localhost:1"),
            "build with the feature `https`",
        );
    }
}
