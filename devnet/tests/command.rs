//! The command as a process: its log, which may have no reader.

use std::io::Read as _;

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
        let reader = read.map(|mut pipe| {
            std::thread::spawn(move || {
                let mut text = String::new();
                pipe.read_to_string(&mut text).unwrap();
                text
            })
        });
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
