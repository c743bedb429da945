//! A devnet in a separate process, whose memory tests can read and which they can kill.
//!
//! Lives here: starting it, requests over one connection, and signals. Not here: any expectation.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long anything may take before it counts as hanging.
pub(crate) const HANG: Duration = Duration::from_secs(60);

const PROGRAM: &str = env!("CARGO_BIN_EXE_stylus-devnet");

/// A devnet's process, killed on drop.
pub(crate) struct Process {
    child: Child,
    address: SocketAddr,
    /// Its output before it listens.
    pub(crate) banner: String,
}

impl Process {
    /// Starts one that listens at any free port.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::begin(arguments, Stdio::inherit()).listening()
    }

    /// Starts one with a pipe for its log. Returns the pipe, too.
    pub(crate) fn logging(arguments: &[&str]) -> (Self, ChildStderr) {
        let mut process = Self::begin(arguments, Stdio::piped());
        let log = process.child.stderr.take().unwrap();
        (process.listening(), log)
    }

    /// Starts one that may have so many files open, connections among them.
    pub(crate) fn limited(open_files: u32) -> Self {
        let limited = format!("ulimit -n {open_files} && exec \"$0\" \"$@\"");
        let mut command = Command::new("sh");
        command.args(["-c", &limited, PROGRAM]);
        Self::run(command, &[], Stdio::inherit()).listening()
    }

    /// Starts one that may never listen.
    pub(crate) fn begin(arguments: &[&str], log: Stdio) -> Self {
        Self::run(Command::new(PROGRAM), arguments, log)
    }

    fn run(mut command: Command, arguments: &[&str], log: Stdio) -> Self {
        let child = command
            .args(["--port", "0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        Self {
            child,
            address: ([0, 0, 0, 0], 0).into(),
            banner: String::new(),
        }
    }

    /// Waits until it listens.
    fn listening(self) -> Self {
        let mut process = self;
        let mut lines = BufReader::new(process.child.stdout.take().unwrap());
        loop {
            let before = process.banner.len();
            let read = lines.read_line(&mut process.banner).unwrap();
            assert!(read > 0, "it ends before it listens");
            let line = process.banner[before..].trim();
            if let Some(address) = line.strip_prefix("Listening at http://") {
                process.address = address.parse().unwrap();
                return process;
            }
        }
    }

    /// Where it listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// A new connection.
    pub(crate) fn connect(&self) -> Connection {
        Connection::to(self.address)
    }

    /// Bytes of memory that it holds now, and its peak.
    pub(crate) fn memory(&self) -> (u64, u64) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let of = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name)).unwrap();
            let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
            kib << 10
        };
        (of("VmRSS:"), of("VmHWM:"))
    }

    /// Resets the peak.
    pub(crate) fn forget_peak(&self) {
        std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5").unwrap();
    }

    pub(crate) fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Kills it at once.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends a signal by name and waits for the end; returns how long that took.
    pub(crate) fn signal(mut self, name: &str) -> (ExitStatus, Duration) {
        let began = Instant::now();
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status, began.elapsed());
            }
            assert!(began.elapsed() < HANG, "SIG{name} does not end it");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A persistent connection.
pub(crate) struct Connection(BufReader<TcpStream>);

impl Connection {
    pub(crate) fn to(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(HANG)).unwrap();
        Self(BufReader::new(stream))
    }

    /// Sends a request without waiting for the answer.
    pub(crate) fn send(&mut self, body: &str) -> std::io::Result<()> {
        let head = format!(
            "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let stream = self.0.get_mut();
        stream.write_all(head.as_bytes())?;
        stream.write_all(body.as_bytes())
    }

    /// The answer's text.
    pub(crate) fn receive(&mut self) -> std::io::Result<String> {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line)? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut answer = vec![0; length];
        self.0.read_exact(&mut answer)?;
        Ok(String::from_utf8(answer).unwrap())
    }

    /// Sends a request's text and returns the answer's.
    pub(crate) fn exchange(&mut self, body: &str) -> std::io::Result<String> {
        self.send(body)?;
        self.receive()
    }

    /// Sends a request; the error's number and sentence if the answer is an error.
    pub(crate) fn ask(&mut self, method: &str, params: &Value) -> Result<Value, (i64, String)> {
        self.try_ask(method, params)
            .unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// The same when the other side may be gone.
    pub(crate) fn try_ask(
        &mut self,
        method: &str,
        params: &Value,
    ) -> std::io::Result<Result<Value, (i64, String)>> {
        let answer = self.exchange(&request(method, params))?;
        let answer: Value = serde_json::from_str(&answer).unwrap_or_else(|_| {
            let shown: String = answer.chars().take(200).collect();
            panic!("{method}: {shown}")
        });
        Ok(match answer.get("error") {
            None => Ok(answer["result"].clone()),
            Some(error) => Err((
                error["code"].as_i64().unwrap(),
                error["message"].as_str().unwrap().to_owned(),
            )),
        })
    }

    /// Sends a request that must succeed.
    pub(crate) fn rpc(&mut self, method: &str, params: &Value) -> Value {
        self.ask(method, params)
            .unwrap_or_else(|error| panic!("{method}: {error:?}"))
    }
}

/// A request's text.
pub(crate) fn request(method: &str, params: &Value) -> String {
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string()
}
