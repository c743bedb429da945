//! The command as a process: its log, which may have no reader, and how it ends.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;

use serde_json::json;

use crate::process::{Process, request};

/// Lines of the log that a batch makes.
const BATCH: usize = 5_000;

/// Has the devnet log [`BATCH`] lines, about 400 KB together.
fn log(devnet: &Process) {
    let refused = request("hardhat_setNextBlockBaseFeePerGas", &json!([]));
    let batch = format!("[{}]", vec![refused; BATCH].join(","));
    devnet.connect().exchange(&batch).unwrap();
}

/// Theorem: a log that nobody reads holds up neither the chain nor the end; one that is read late is complete up to a mebibyte, and says
/// how many lines are missing beyond that.
#[cfg(unix)]
#[test]
fn nobody_has_to_read_the_log() {
    let check = |batches: usize, is_read: bool, is_complete: bool| {
        let (devnet, pipe) = Process::logging(&["--verbose"]);
        (0..batches).for_each(|_| log(&devnet));
        let mut connection = devnet.connect();
        connection.rpc("evm_mine", &json!([]));
        assert_eq!(connection.rpc("eth_blockNumber", &json!([])), "0x1");
        // One that is not read stays open until the end.
        let mut pipe = Some(pipe);
        let read = pipe.take_if(|_| is_read);
        let (caught_up, has_caught_up) = channel();
        let reader = read.map(|pipe| {
            std::thread::spawn(move || {
                let mut text = String::new();
                let mut said = 0;
                for line in BufReader::new(pipe).lines() {
                    let line = line.unwrap();
                    said += usize::from(line.contains("BaseFee"));
                    if said == batches * BATCH || line.contains("are missing here") {
                        let _ = caught_up.send(());
                    }
                    text.extend([&line, "\n"]);
                }
                text
            })
        });
        // Until the reader has caught up, the last line may be missing, too.
        if reader.is_some() {
            has_caught_up.recv().unwrap();
        }
        let (status, _) = devnet.signal("TERM");
        assert!(status.success(), "{batches} batches: {status}");
        let Some(text) = reader.map(|reader| reader.join().unwrap()) else {
            return;
        };
        let said = text.lines().filter(|line| line.contains("BaseFee")).count();
        let gap = text.lines().find(|line| line.contains("are missing here"));
        assert_eq!(gap.is_none(), is_complete, "{batches} batches: {gap:?}");
        assert_eq!(said == batches * BATCH, is_complete, "{said} lines");
        assert_eq!(text.lines().last(), Some("stopping"));
    };
    check(1, false, true);
    check(5, false, false);
    check(1, true, true);
    check(5, true, false);
}

/// Makes a pipe with a name.
#[cfg(unix)]
pub(crate) fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// A start that takes long, for a node that never answers or a pipe into which nobody writes, ends as soon as it is asked to.
#[cfg(unix)]
#[test]
fn a_start_can_be_ended() {
    let check = |arguments: &[&str], has_begun: &dyn Fn()| {
        for (number, signal) in [(1, "HUP"), (2, "INT"), (3, "QUIT"), (15, "TERM")] {
            let devnet = Process::begin(arguments, Stdio::inherit());
            has_begun();
            let (status, _) = devnet.signal(signal);
            assert_eq!(status.code(), Some(128 + number), "{arguments:?}, {signal}");
        }
    };
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    check(&["--fork-url", &url, "--no-fork-cache"], &|| {
        std::mem::forget(silent.accept().unwrap());
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    pipe(&path);
    // It is open for writing, too, as soon as somebody reads it.
    check(&["--load-state", path.to_str().unwrap()], &|| {
        std::mem::forget(std::fs::OpenOptions::new().write(true).open(&path).unwrap());
    });
}
