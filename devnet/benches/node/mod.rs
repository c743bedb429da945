//! What the benchmarks measure: a node's process, and an HTTP client for it.
//!
//! Lives here: starting a node, sending requests, finding anvil. Not here: loads and tables.

#![allow(
    dead_code,
    reason = "each benchmark is a program of its own and uses a part"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A node's process.
pub(crate) struct Node {
    child: Child,
    pub(crate) port: u16,
    pub(crate) ready: Duration,
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Node {
    /// Starts a node and waits for its first answer.
    pub(crate) fn start(program: &PathBuf) -> Self {
        Self::start_with(program, &[])
    }

    pub(crate) fn start_with(program: &PathBuf, flags: &[&str]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let began = Instant::now();
        let child = Command::new(program)
            .args(["--port", &port.to_string(), "--silent"])
            .args(flags)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::sleep(Duration::from_micros(500));
        }
        Client::new(port).ask(r#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}"#);
        Self {
            child,
            port,
            ready: began.elapsed(),
        }
    }

    /// KiB of memory that the process holds.
    pub(crate) fn memory_kib(&self) -> u64 {
        self.status_kib("VmRSS:")
    }

    /// The peak memory of the process, in KiB.
    pub(crate) fn peak_kib(&self) -> u64 {
        self.status_kib("VmHWM:")
    }

    fn status_kib(&self, key: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))
            .unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with(key));
        line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
            .unwrap_or(0)
    }
}

/// A persistent connection.
pub(crate) struct Client(BufReader<TcpStream>);

impl Client {
    pub(crate) fn new(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufReader::new(stream))
    }

    pub(crate) fn ask(&mut self, body: &str) -> String {
        let request = format!(
            "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.0.get_mut().write_all(request.as_bytes()).unwrap();
        let mut length = 0;
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut answer = vec![0; length];
        self.0.read_exact(&mut answer).unwrap();
        String::from_utf8(answer).unwrap()
    }

    /// Sends a request and returns its result, which must exist.
    pub(crate) fn result(&mut self, method: &str, params: &serde_json::Value) -> serde_json::Value {
        let body =
            serde_json::json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let answer: serde_json::Value = serde_json::from_str(&self.ask(&body.to_string())).unwrap();
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }
}

/// Foundry's anvil, if `scripts/setup --for-tests` has put it into the folder that `STYLUS_KIT_TOOLS` names.
pub(crate) fn anvil() -> Option<PathBuf> {
    let tools = PathBuf::from(std::env::var_os("STYLUS_KIT_TOOLS")?);
    let anvil = tools.join("foundry-1.7.1/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil");
    anvil.exists().then_some(anvil)
}

pub(crate) fn median(mut figures: Vec<u64>) -> u64 {
    figures.sort_unstable();
    figures[figures.len() / 2]
}
