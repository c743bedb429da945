//! Forks without a network: recorded once, replayed with the original gone.

use std::path::Path;

use alloy_primitives::B256;
use serde_json::{Value, json};
use stylus_devnet::{Config, Devnet, Fork};

use crate::fork::forking;
use crate::fork::history::History;
use crate::support::{Chain, config};

fn replaying(file: &Path) -> Config {
    Config {
        fork: Some(Fork::replay(file)),
        ..config()
    }
}

fn recording(history: &History, at: u64, file: &Path) -> Chain {
    let settings = forking(&history.chain.handle.url(), at);
    Chain::start(Config {
        fork: settings.fork.map(|fork| Fork {
            record: Some(file.into()),
            ..fork
        }),
        ..settings
    })
}

/// Theorem: actions on a recorded fork have the same results on a replayed one, down to the blocks' hashes, with the original stopped; and
/// what was not requested then is refused.
#[test]
fn a_recording_needs_no_network() {
    let history = History::new(44);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("one.fork");
    let (at, head) = (history.begun(), history.head());
    let origin = &history.chain;
    let raw: Vec<Value> = (at + 1..=head)
        .map(|number| {
            let asked = json!([format!("{number:#x}"), "0x0"]);
            origin.rpc("eth_getRawTransactionByBlockNumberAndIndex", asked)
        })
        .collect();
    let act = |chain: &Chain| -> Vec<Value> {
        let mut told = vec![
            chain.rpc("eth_getBlockByNumber", json!(["0x1", true])),
            chain.rpc(
                "eth_getLogs",
                json!([{ "fromBlock": "0x0", "toBlock": "latest" }]),
            ),
        ];
        for raw in &raw {
            chain.rpc("eth_sendRawTransaction", json!([raw]));
            told.push(chain.rpc("eth_getBlockReceipts", json!(["latest"])));
            told.push(chain.rpc("eth_getBlockByNumber", json!(["latest", false])));
        }
        told
    };
    let recorded = recording(&history, at, &file);
    let expected = act(&recorded);
    assert_eq!(
        expected.last().unwrap()["hash"],
        origin.rpc("eth_getBlockByNumber", json!(["latest", false]))["hash"]
    );
    recorded.handle.stop().unwrap();
    // Recording the same again gives the same file.
    let again = folder.path().join("again.fork");
    let recorded = recording(&history, at, &again);
    act(&recorded);
    recorded.handle.stop().unwrap();
    let bytes = std::fs::read(&file).unwrap();
    assert_eq!(bytes, std::fs::read(&again).unwrap());
    assert!(bytes.len() < 40_000, "{} bytes", bytes.len());
    // Whoever may read other files may read it, such as another user who runs the tests.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode();
        let other = folder.path().join("other");
        std::fs::write(&other, "").unwrap();
        assert_eq!(mode(&file), mode(&other));
    }

    let unknown = history.contracts()[3];
    drop(history);
    let replayed = Chain::start(replaying(&file));
    assert_eq!(act(&replayed), expected);
    for (method, params) in [
        (
            "eth_getStorageAt",
            json!([unknown, B256::repeat_byte(5), "latest"]),
        ),
        ("eth_getBlockByNumber", json!(["0x2", true])),
        ("eth_getBalance", json!([unknown, "0x1"])),
    ] {
        let refusal = replayed.ask(method, params).unwrap_err();
        let expected = "it was not asked for when this was recorded";
        assert!(refusal.message.contains(expected), "{}", refusal.message);
        assert!(refusal.message.contains("one.fork"), "{}", refusal.message);
    }
}

#[test]
fn what_is_no_recording() {
    let history = History::new(1);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("one.fork");
    recording(&history, history.head(), &file)
        .handle
        .stop()
        .unwrap();
    let whole = std::fs::read(&file).unwrap();
    let check = |bytes: &[u8], expected: &str| {
        std::fs::write(&file, bytes).unwrap();
        let error = Devnet::start(replaying(&file)).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check(b"", "it is not a recording of a fork");
    check(
        b"stylus-devnet state 2\n",
        "it is not a recording of a fork",
    );
    check(
        b"stylus-devnet recording 9\nabc",
        "its format is \"stylus-devnet recording 9\"",
    );
    for length in [26, 27, whole.len() / 2, whole.len() - 1] {
        check(&whole[..length], "it is damaged");
    }
    for place in [30, whole.len() / 2] {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x40;
        check(&bytes, "it is damaged");
    }
    std::fs::write(&file, &whole).unwrap();
    let other = Config {
        fork: Some(Fork::replay(&file).at(7_777)),
        ..config()
    };
    let error = Devnet::start(other).unwrap_err().to_string();
    assert!(error.contains("not block 7777"), "{error}");
    std::fs::remove_file(&file).unwrap();
    let error = Devnet::start(replaying(&file)).unwrap_err().to_string();
    assert!(error.contains("one.fork cannot be used"), "{error}");
}
