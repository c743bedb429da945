//! A chain saved in a file, and what may happen to the process and to the file.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use alloy_primitives::{Address, address, hex};
use serde_json::{Value, json};
use stylus_devnet::{ArbOs, Config, Devnet, Fork, Mining, StartError};

use crate::contracts::echo;
use crate::costly::DEV;
use crate::process::{Connection, Process};
use crate::support::{Chain, config, quantity};

const FRIEND: Address = address!("0x00000000000000000000000000000000000000aa");

fn kept(path: &Path) -> Config {
    Config {
        state: Some(path.to_owned()),
        ..config()
    }
}

fn pay(chain: &Chain) {
    let mined = chain.send(json!({ "to": FRIEND, "value": "0x1" }));
    assert!(mined.is_success());
}

fn balance(chain: &Chain) -> Value {
    chain.rpc("eth_getBalance", json!([FRIEND, "latest"]))
}

/// A folder, and a path in it that does not exist yet.
fn nowhere() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.state");
    (folder, path)
}

/// Everything that a client can read of a chain's past.
fn history(chain: &Chain) -> Vec<Value> {
    let head = quantity(&chain.rpc("eth_blockNumber", json!([])));
    let blocks = 0..=head;
    let of = |number: u64, method| chain.rpc(method, json!([format!("{number:#x}"), true]));
    blocks
        .flat_map(|number| {
            [
                of(number, "eth_getBlockByNumber"),
                of(number, "eth_getBlockReceipts"),
            ]
        })
        .collect()
}

/// Theorem: a loaded chain answers like the saved one, whatever happened on it.
#[test]
fn what_is_kept_is_found() {
    let (_folder, path) = nowhere();
    let (program, before) = {
        let chain = Chain::start(kept(&path));
        let program = chain.program(&echo());
        chain.rpc(
            "anvil_setStorageAt",
            json!([FRIEND, "0x1", format!("0x{:064x}", 7)]),
        );
        pay(&chain);
        let snapshot = chain.rpc("evm_snapshot", json!([]));
        chain.rpc(
            "anvil_setStorageAt",
            json!([FRIEND, "0x1", format!("0x{:064x}", 8)]),
        );
        chain.rpc("anvil_setCode", json!([FRIEND, "0x00"]));
        pay(&chain);
        chain.rpc("evm_revert", json!([snapshot]));
        chain.send(json!({ "to": program, "data": "0x01" }));
        // A failed transaction, and one with logs, would differ only in their receipts.
        chain.send(json!({ "to": program, "data": "0x", "gas": "0x5300" }));
        chain.rpc("evm_increaseTime", json!([1_000]));
        chain.rpc("evm_mine", json!([]));
        (program, history(&chain))
    };
    for round in 0..2 {
        let chain = Chain::start(kept(&path));
        assert_eq!(history(&chain), before, "round {round}");
        assert_eq!(balance(&chain), json!("0x1"));
        assert_eq!(
            chain.rpc("eth_getStorageAt", json!([FRIEND, "0x1", "latest"])),
            json!(format!("0x{:064x}", 7))
        );
        assert_eq!(chain.rpc("eth_getCode", json!([FRIEND, "latest"])), "0x");
        assert_eq!(&chain.call(program, b"here").unwrap()[..], &b"here"[..]);
        let error = chain
            .ask("eth_getBalance", json!([FRIEND, "0x1"]))
            .unwrap_err();
        assert!(
            error.message.contains("was loaded at block"),
            "{}",
            error.message
        );
    }
    let chain = Chain::start(kept(&path));
    let time = |chain: &Chain| {
        quantity(&chain.rpc("eth_getBlockByNumber", json!(["latest", false]))["timestamp"])
    };
    let last = time(&chain);
    pay(&chain);
    assert!(time(&chain) > last);
}

/// Theorem: transactions that wait for a block or for a nonce are saved too.
#[test]
fn what_waits_is_kept() {
    let (_folder, path) = nowhere();
    let send = |chain: &Chain, nonce: &str| {
        let request =
            json!({ "from": DEV, "to": FRIEND, "value": "0x1", "nonce": nonce, "gas": "0x5208" });
        chain.rpc("eth_sendTransaction", json!([request]))
    };
    {
        let chain = Chain::start(kept(&path));
        send(&chain, "0x2");
        send(&chain, "0x1");
    }
    let chain = Chain::start(kept(&path));
    assert_eq!(
        chain.rpc("txpool_status", json!([])),
        json!({ "pending": "0x0", "queued": "0x2" })
    );
    send(&chain, "0x0");
    assert_eq!(balance(&chain), json!("0x3"));
    drop(chain);
    let chain = Chain::start(kept(&path));
    assert_eq!(
        chain.rpc("txpool_status", json!([])),
        json!({ "pending": "0x0", "queued": "0x0" })
    );
}

/// Theorem: a chain whose transactions are mined at once begins with those that a file has waiting for a block.
#[test]
fn what_waited_for_a_request_is_mined() {
    let (_folder, path) = nowhere();
    let send = |chain: &Chain| {
        let request = json!({ "from": DEV, "to": FRIEND, "value": "0x1", "gas": "0x5208" });
        chain.rpc("eth_sendTransaction", json!([request]))
    };
    {
        let chain = Chain::start(Config {
            mining: Mining::Asked,
            ..kept(&path)
        });
        (0..2).for_each(|_| drop(send(&chain)));
        assert_eq!(balance(&chain), json!("0x0"));
    }
    let chain = Chain::start(kept(&path));
    assert_eq!(balance(&chain), json!("0x2"));
    send(&chain);
    assert_eq!(balance(&chain), json!("0x3"));
}

/// Files that the first version wrote are loaded, and from then on saved in the current format.
#[test]
fn the_first_version_s_files_are_loaded() {
    let (_folder, path) = nowhere();
    let old = include_str!("state-1.json");
    fs::write(&path, old).unwrap();
    {
        let chain = Chain::start(kept(&path));
        assert_eq!(chain.rpc("eth_blockNumber", json!([])), json!("0x3"));
        assert_eq!(balance(&chain), json!("0x7"));
        // The size in the file is a few bytes too small.
        let genesis = chain.rpc("eth_getBlockByNumber", json!(["0x0", false]));
        assert_eq!(genesis["size"], json!("0x225"));
    }
    assert!(
        fs::read(&path)
            .unwrap()
            .starts_with(b"stylus-devnet state 2\n")
    );
    assert_eq!(balance(&Chain::start(kept(&path))), json!("0x7"));

    // A broken one is refused and left unchanged.
    let mut chain: Value = serde_json::from_str(old).unwrap();
    let check = |text: String, part: &str| {
        fs::write(&path, &text).unwrap();
        let error = Devnet::start(kept(&path)).unwrap_err().to_string();
        assert!(error.contains(part), "{error} lacks {part:?}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    };
    check(old.replace("state 1", "state 99"), "state 99");
    check(old.replace("412346", "5"), "--chain-id 5");
    check("{}".into(), "missing field");
    let parent = chain["blocks"][2]["header"]["parentHash"].take();
    chain["blocks"][2]["header"]["parentHash"] = json!(format!("0x{:064x}", 1));
    check(chain.to_string(), "block 2 does not follow");
    chain["blocks"][2]["header"]["parentHash"] = parent;
    let raw = chain["blocks"][1]["transactions"][0]["raw"].clone();
    chain["blocks"][2]["transactions"][0]["raw"] = raw;
    check(
        chain.to_string(),
        "block 2 does not hold what its header says",
    );
}

/// Where the records of a file begin.
fn heads(file: &[u8]) -> Vec<usize> {
    let mut heads = Vec::new();
    let mut at = "stylus-devnet state 2\n".len();
    while at < file.len() {
        heads.push(at);
        let length = u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
        at += 12 + length as usize;
    }
    heads
}

/// Theorem: a file with any byte changed, or truncated anywhere, is refused, or is an earlier state of the chain.
#[test]
fn damage_is_found() {
    let (_folder, path) = nowhere();
    {
        let chain = Chain::start(kept(&path));
        (0..5).for_each(|_| pay(&chain));
    }
    let whole = fs::read(&path).unwrap();
    let load = || {
        Devnet::start(kept(&path))
            .map(drop)
            .map_err(|it| it.to_string())
    };
    let mut refused = 0;
    for at in (0..whole.len()).step_by(whole.len() / 97) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        fs::write(&path, &damaged).unwrap();
        match load() {
            Err(error) => {
                assert!(error.contains("chain.state"), "{error}");
                assert_eq!(fs::read(&path).unwrap(), damaged, "byte {at}");
                refused += 1;
            }
            Ok(()) => panic!("byte {at} of {} may be anything", whole.len()),
        }
    }
    assert!(refused > 90);
    // A file system that lost power leaves zeros at the end; zeros with anything after them are damage.
    let heads = heads(&whole);
    assert!(heads.len() > 5);
    for at in heads {
        let mut blank = whole.clone();
        blank[at..at + 12].fill(0);
        fs::write(&path, &blank).unwrap();
        let error = load().unwrap_err();
        assert!(error.contains(&format!("damaged at byte {at}")), "{error}");
        assert_eq!(fs::read(&path).unwrap(), blank, "byte {at}");
        blank[at..].fill(0);
        fs::write(&path, &blank).unwrap();
        load().unwrap();
    }
    // Also where a process was killed during its first write: then there is no block to lose.
    for at in (0..60).chain((60..whole.len()).step_by(whole.len() / 53)) {
        fs::write(&path, &whole[..at]).unwrap();
        let chain = Chain::start(kept(&path));
        let paid = chain.rpc("eth_blockNumber", json!([]));
        assert_eq!(balance(&chain), paid, "cut off at {at}");
        pay(&chain);
    }
    for (text, part) in [
        ("stylus-devnet state 3\nwhatever", "state 3"),
        ("a shopping list", "it was not written by a devnet"),
    ] {
        fs::write(&path, text).unwrap();
        let error = load().unwrap_err();
        assert!(error.contains(part), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

/// Theorem: of a chain that was written as a whole, no part passes for one, even if it ends with a record.
#[test]
fn a_part_of_a_chain_is_refused() {
    let (_folder, path) = nowhere();
    let chain = Chain::start(config());
    pay(&chain);
    let dump = chain.rpc("anvil_dumpState", json!([]));
    let whole = hex::decode(dump.as_str().unwrap()).unwrap();
    let heads = heads(&whole);
    // What identifies the chain, its blocks, its accounts, its end.
    assert!(heads.len() > 3);
    for at in heads.into_iter().chain([whole.len() - 1]) {
        let part = &whole[..at];
        let loaded = chain.ask("anvil_loadState", json!([hex::encode_prefixed(part)]));
        let error = loaded.unwrap_err().message;
        assert!(error.contains("it is cut off"), "byte {at}: {error}");
        fs::write(&path, part).unwrap();
        match Devnet::start(kept(&path)) {
            // There is no block to lose yet.
            Ok(_) => assert!(fs::read(&path).unwrap().len() > at),
            Err(error) => {
                assert!(
                    error.to_string().contains("it is cut off"),
                    "byte {at}: {error}"
                );
                assert_eq!(fs::read(&path).unwrap(), part, "byte {at}");
            }
        }
    }
    assert_eq!(balance(&chain), json!("0x1"));
}

#[test]
fn a_file_that_cannot_be_used_is_found_out_at_once() {
    let (folder, path) = nowhere();
    let error = Devnet::start(kept(&folder.path().join("none/chain")))
        .unwrap_err()
        .to_string();
    assert!(error.contains("cannot be used"), "{error}");
    let error = Devnet::start(kept(folder.path())).unwrap_err().to_string();
    assert!(error.contains("cannot be used"), "{error}");
    // Two devnets on one file.
    let first = Chain::start(kept(&path));
    let error = Devnet::start(kept(&path)).unwrap_err().to_string();
    assert!(error.contains("another devnet is using it"), "{error}");
    pay(&first);
    drop(first);
    assert_eq!(balance(&Chain::start(kept(&path))), json!("0x1"));
}

/// Whether the final output can be written is checked at the start, and the check leaves nothing behind.
#[test]
fn an_output_that_cannot_be_written_is_found_out_at_once() {
    let (folder, path) = nowhere();
    let dumped = |path: &Path| Config {
        dump_state: Some(path.to_owned()),
        ..config()
    };
    let recorded = |path: &Path| Config {
        fork: Some(Fork {
            record: Some(path.to_owned()),
            ..Fork::url("http://127.0.0.1:1")
        }),
        ..config()
    };
    let below = folder.path().join("none/chain");
    let slash = folder.path().join("none/");
    for place in [&below, &slash, folder.path()] {
        for config in [dumped(place), recorded(place)] {
            let error = Devnet::start(config).unwrap_err();
            assert!(matches!(error, StartError::Output { .. }), "{error}");
            assert!(error.to_string().contains("at the end"), "{error}");
        }
    }
    // Another devnet's chain.
    let first = Chain::start(kept(&path));
    let error = Devnet::start(dumped(&path)).unwrap_err().to_string();
    assert!(error.contains("another devnet is using it"), "{error}");
    drop(first);
    fs::remove_file(&path).unwrap();
    let running = Devnet::start(dumped(&path)).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    running.stop().unwrap();
    assert!(path.exists());
}

/// What is no file stays what it is: a device is written to, and a pipe or a socket is refused, since nobody may be reading it by the end.
#[cfg(unix)]
#[test]
fn an_output_that_is_no_file_stays_what_it_is() {
    use std::os::unix::fs::FileTypeExt as _;
    let (folder, path) = nowhere();
    let dumped = || Config {
        dump_state: Some(path.clone()),
        ..config()
    };
    let refused = |config: Config, part: &str| {
        let error = Devnet::start(config).unwrap_err().to_string();
        assert!(error.contains(part), "{error} lacks {part:?}");
    };
    crate::command::pipe(&path);
    refused(dumped(), "it is a pipe or a socket");
    refused(kept(&path), "a chain is kept in a file");
    assert!(fs::symlink_metadata(&path).unwrap().file_type().is_fifo());
    fs::remove_file(&path).unwrap();
    let socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
    refused(dumped(), "it is a pipe or a socket");
    assert!(fs::symlink_metadata(&path).unwrap().file_type().is_socket());
    drop(socket);
    // One that takes everything, and one that is full; whoever is not root cannot make any.
    for (minor, has_room) in [("3", true), ("7", false)] {
        fs::remove_file(&path).unwrap();
        let mut make = std::process::Command::new("mknod");
        let made = make.arg(&path).args(["c", "1", minor]).output().unwrap();
        if !made.status.success() || fs::OpenOptions::new().write(true).open(&path).is_err() {
            return;
        }
        let running = Devnet::start(dumped()).unwrap();
        assert_eq!(running.stop().is_ok(), has_room);
        let kind = fs::symlink_metadata(&path).unwrap().file_type();
        assert!(kind.is_char_device(), "1 {minor}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

/// A chain is loaded from a pipe, and from what never ends no more is read than shows what it is.
#[cfg(unix)]
#[test]
fn a_state_is_loaded_from_a_pipe() {
    let (folder, path) = nowhere();
    pay(&Chain::start(kept(&path)));
    let whole = fs::read(&path).unwrap();
    let pipe = folder.path().join("pipe");
    crate::command::pipe(&pipe);
    let load = |bytes: Vec<u8>, is_endless: bool| {
        let to = pipe.clone();
        let writer = std::thread::spawn(move || {
            let mut to = fs::OpenOptions::new().write(true).open(to).unwrap();
            while std::io::Write::write_all(&mut to, &bytes).is_ok() && is_endless {}
        });
        let started = Devnet::start(Config {
            load_state: Some(pipe.clone()),
            ..config()
        });
        writer.join().unwrap();
        started.map_err(|error| error.to_string())
    };
    let loaded = load(whole, false).unwrap();
    let remote = crate::support::Remote::new(&loaded.url());
    assert_eq!(remote.rpc("eth_blockNumber", json!([])), json!("0x1"));
    let error = load(vec![0; 4_096], true).unwrap_err();
    assert!(error.contains("it was not written by a devnet"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_dump_follows_a_link() {
    let (folder, path) = nowhere();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink("chain.state", &link).unwrap();
    let chain = Config {
        dump_state: Some(link.clone()),
        ..config()
    };
    Devnet::start(chain).unwrap().stop().unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(fs::symlink_metadata(&path).unwrap().is_file());
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link() {
    let (folder, path) = nowhere();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink("chain.state", &link).unwrap();
    pay(&Chain::start(kept(&link)));
    pay(&Chain::start(kept(&link)));
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(balance(&Chain::start(kept(&path))), json!("0x2"));
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

#[test]
fn a_state_of_another_version_says_so() {
    let (_folder, path) = nowhere();
    let text = path.to_str().unwrap();
    drop(Process::start(&["--state", text, "--arbos", "60"]));
    let devnet = Process::start(&["--state", text, "--arbos", "51"]);
    assert!(devnet.banner.contains("ArbOS 60"), "{}", devnet.banner);
    let info = devnet.connect().rpc("anvil_nodeInfo", &json!([]));
    assert_eq!(info["arbOSVersion"], 60);
    drop(devnet);
    let handle = Devnet::start(Config {
        arbos: ArbOs::new(51).unwrap(),
        ..kept(&path)
    });
    assert_eq!(handle.unwrap().arbos().number(), 60);
}

/// Sends until the process is gone; returns how many transactions were answered.
fn send_until_the_end(mut connection: Connection) -> u64 {
    let request = json!([{ "from": DEV, "to": FRIEND, "value": "0x1", "gas": "0x5208" }]);
    let mut answered = 0;
    loop {
        match connection.try_ask("eth_sendTransaction", &request) {
            Ok(answer) => {
                answer.unwrap();
                answered += 1;
            }
            Err(_) => return answered,
        }
    }
}

/// Kills a process under load after a while and starts the next one; returns how many of the answered transactions it has, and
/// how many were answered.
fn killed(path: &Path, arguments: &[&str], after: Duration) -> (u64, u64) {
    let arguments = [arguments, &["--state", path.to_str().unwrap()]].concat();
    let had = |devnet: &Process| {
        let balance = devnet
            .connect()
            .rpc("eth_getBalance", &json!([FRIEND, "latest"]));
        quantity(&balance)
    };
    let devnet = Process::start(&arguments);
    let before = had(&devnet);
    let clients: Vec<_> = (0..3)
        .map(|_| {
            let connection = devnet.connect();
            std::thread::spawn(move || send_until_the_end(connection))
        })
        .collect();
    std::thread::sleep(after);
    devnet.kill();
    let answered: u64 = clients.into_iter().map(|it| it.join().unwrap()).sum();
    let devnet = Process::start(&arguments);
    let after = had(&devnet) - before;
    (after, answered)
}

/// Theorem: a process killed at any moment has kept every transaction that it had answered.
///
/// `STYLUS_KILLS` sets the number of kills.
#[test]
fn a_kill_loses_nothing() {
    let kills = std::env::var("STYLUS_KILLS").ok();
    let kills: u64 = kills.and_then(|kills| kills.parse().ok()).unwrap_or(5);
    let (folder, path) = nowhere();
    for kill in 0..kills {
        let after = Duration::from_micros(20_000 + kill * 7_919 % 180_000);
        let (kept, answered) = killed(&path, &[], after);
        assert!(
            kept >= answered,
            "kill {kill}: {answered} were answered and {kept} are there"
        );
    }
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

/// Theorem: every signal that ends a process does so soon, and loses nothing, even while a write may wait and questions run.
#[cfg(unix)]
#[test]
fn every_signal_saves() {
    for (number, signal) in ["INT", "TERM", "HUP", "QUIT"].into_iter().enumerate() {
        let (_folder, path) = nowhere();
        let arguments = ["--state", path.to_str().unwrap(), "--state-interval", "600"];
        let devnet = Process::start(&arguments);
        let mut connection = devnet.connect();
        let request = json!([{ "from": DEV, "to": FRIEND, "value": "0x1", "gas": "0x5208" }]);
        connection.rpc("eth_sendTransaction", &request);
        let mut busy = devnet.connect();
        let endless = json!([{ "data": "0x5b600056", "gas": "0x2faf080" }]);
        busy.send(&crate::process::request("eth_estimateGas", &endless))
            .unwrap();
        let (status, took) = devnet.signal(signal);
        assert!(status.success(), "SIG{signal}: {status}");
        assert!(took < Duration::from_secs(10), "SIG{signal} takes {took:?}");
        let devnet = Process::start(&arguments);
        let balance = devnet
            .connect()
            .rpc("eth_getBalance", &json!([FRIEND, "latest"]));
        assert_eq!(balance, json!("0x1"), "signal {number}");
    }
}

/// With an interval, a kill loses the changes since the last write, and no more.
#[test]
fn an_interval_bounds_what_a_kill_loses() {
    let (_folder, path) = nowhere();
    let arguments = ["--state", path.to_str().unwrap(), "--state-interval", "1"];
    let devnet = Process::start(&arguments);
    let mut connection = devnet.connect();
    let request = json!([{ "from": DEV, "to": FRIEND, "value": "0x1", "gas": "0x5208" }]);
    connection.rpc("eth_sendTransaction", &request);
    std::thread::sleep(Duration::from_millis(2_500));
    devnet.kill();
    let devnet = Process::start(&arguments);
    let balance = devnet
        .connect()
        .rpc("eth_getBalance", &json!([FRIEND, "latest"]));
    assert_eq!(balance, json!("0x1"));
}

#[test]
fn a_dump_is_loaded_into_another_chain() {
    let (one, other) = (Chain::default(), Chain::default());
    let program = one.program(&echo());
    pay(&one);
    let dump = one.rpc("anvil_dumpState", json!([]));
    assert_eq!(other.rpc("anvil_loadState", json!([dump])), true);
    assert_eq!(balance(&other), json!("0x1"));
    assert_eq!(history(&other), history(&one));
    assert_eq!(&other.call(program, b"too").unwrap()[..], &b"too"[..]);
    // Those of the first version are, too.
    let old = hex::encode_prefixed(include_str!("state-1.json"));
    assert_eq!(other.rpc("anvil_loadState", json!([old])), true);
    assert_eq!(balance(&other), json!("0x7"));
    let cut = &dump.as_str().unwrap()[..dump.as_str().unwrap().len() - 20];
    for nothing in ["0x7b7d", "0x", "0x00", cut] {
        let error = other.ask("anvil_loadState", json!([nothing])).unwrap_err();
        assert!(
            error.message.contains("the state cannot be loaded"),
            "{}",
            error.message
        );
        assert_eq!(balance(&other), json!("0x7"));
    }
}

/// Theorem: what cannot be saved is told, even where nothing else is.
#[cfg(unix)]
#[test]
fn silence_does_not_hide_what_is_lost() {
    let (_folder, path) = nowhere();
    // Files of the devnet may have 4 KiB, a little more than its first block takes.
    let limited = "trap '' XFSZ; ulimit -f 4; exec \"$@\"";
    let mut devnet = Command::new("bash")
        .args(["-c", limited, "bash", env!("CARGO_BIN_EXE_stylus-devnet")])
        .args(["--port", "0", "--silent", "--block-time", "1", "--state"])
        .arg(path)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let log = BufReader::new(devnet.stderr.take().unwrap());
    let first = log.lines().next();
    devnet.kill().unwrap();
    devnet.wait().unwrap();
    let first = first.unwrap().unwrap();
    assert!(first.contains("cannot save the state"), "{first}");
}
