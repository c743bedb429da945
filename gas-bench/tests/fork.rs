//! Reports on a fork: set-up calls and measured calls reach contracts that are live on another chain.

use std::path::Path;
use std::process::{Command, Output};

use alloy_primitives::{Address, address, hex};
use stylus_devnet::{Clock, Devnet, Fork, Handle};

/// Adds one to the word in slot 0 and returns it.
const COUNTER: &[u8] = &hex!("600f600c600039600f6000f35f54600101805f555f5260205ff3");

/// The dev account, which pays.
const DEV: Address = address!("0x3f1Eae7D46d88F08fc2F8ed27FCb2AB183EB2d0E");

/// The variables that name a proxy, as a company's machines and containers have them.
const PROXIES: [&str; 3] = ["http_proxy", "HTTP_PROXY", "ALL_PROXY"];

/// Calls the address at the start of its input, and returns what that returns.
fn forward() -> Vec<u8> {
    wat::parse_str(
        r#"(module
            (import "vm_hooks" "read_args" (func $read_args (param i32)))
            (import "vm_hooks" "write_result" (func $write_result (param i32 i32)))
            (import "vm_hooks" "call_contract" (func $call (param i32 i32 i32 i32 i64 i32) (result i32)))
            (import "vm_hooks" "read_return_data" (func $read (param i32 i32 i32) (result i32)))
            (memory (export "memory") 1 1)
            (func (export "user_entrypoint") (param $len i32) (result i32)
                (call $read_args (i32.const 1024))
                (drop (call $call (i32.const 1024) (i32.const 1044) (i32.const 0) (i32.const 512) (i64.const -1) (i32.const 260)))
                (call $write_result (i32.const 2048) (call $read (i32.const 2048) (i32.const 0) (i32.const 32)))
                (i32.const 0)))"#,
    )
    .unwrap()
}

/// A devnet with a counter whose value is 3.
fn live() -> (Handle, Address) {
    let devnet = Devnet::builder()
        .port(0)
        .clock(Clock::Steps(1_700_000_000))
        .start()
        .unwrap();
    let chain = devnet.chain();
    let sender = chain.from(chain.dev());
    let counter = sender.create(COUNTER.to_vec()).address();
    for _ in 0..3 {
        sender.try_send(counter, []).unwrap();
    }
    (devnet, counter)
}

fn report(arguments: &[&str], url: &str, folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cargo-gas-bench"))
        .args([
            "report",
            "--wasm",
            "forward.wasm",
            "--plan",
            "gas-bench.toml",
            "--format",
            "json",
        ])
        .args(arguments)
        .current_dir(folder)
        .env("LIVE_CHAIN", url)
        // Nobody serves it: it is for none of these chains.
        .envs(PROXIES.map(|name| (name, "http://127.0.0.1:1")))
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .output()
        .unwrap()
}

fn figures(output: &Output) -> serde_json::Value {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_plan_meets_what_is_live() {
    let (devnet, counter) = live();
    let block = devnet.chain().block_number();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("forward.wasm"), forward()).unwrap();
    let plan = |top: &str| {
        let plan = format!(
            "{top}\n[[setup]]\non = '{counter}'\ncalldata = '0x'\n[[call]]\nname = 'through'\ncalldata = '{counter}'\n"
        );
        std::fs::write(folder.join("gas-bench.toml"), plan).unwrap();
    };
    plan(&format!(
        "fork = {{ url = '$LIVE_CHAIN', block = {block} }}"
    ));
    let json = figures(&report(&[], &devnet.url(), folder));
    let host = devnet.url().replace("http://", "");
    let expected = format!("embedded devnet on block {block} of {host}");
    assert_eq!(json["made_with"]["chain"], expected);
    let call = &json["contracts"][0]["calls"][0];
    assert_eq!(call["name"], "through");
    // Neither a new account nor a fresh slot: the call reached the live counter, which continues counting.
    let gas = call["runs"][0]["gas"].clone();
    assert!(gas.as_u64().unwrap() < 45_000, "{call}");

    // Recorded once, by the devnet that measures, and then replayed without the chain.
    let recorder = Devnet::builder()
        .port(0)
        .clock(Clock::Steps(0))
        .configure(|config| config.chain_owner = Some(DEV))
        .fork(Fork {
            record: Some(folder.join("live.fork")),
            ..Fork::url(devnet.url()).at(block)
        })
        .start()
        .unwrap();
    let key = hex::encode_prefixed(recorder.accounts()[0].1);
    std::fs::write(folder.join("dev.key"), key).unwrap();
    let endpoint = recorder.url();
    let measured = ["--endpoint", &endpoint, "--private-key-path", "dev.key"];
    plan("");
    let there = figures(&report(&measured, "", folder));
    assert_eq!(there["contracts"][0]["calls"][0]["runs"][0]["gas"], gas);
    recorder.stop().unwrap();
    drop(devnet);
    plan("record = 'live.fork'");
    let here = figures(&report(&[], "", folder));
    assert_eq!(here["contracts"], json["contracts"]);

    let check = |top: &str, expected: &str| {
        plan(top);
        let output = report(&[], "http://127.0.0.1:9", folder);
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        assert!(
            !output.status.success() && text.contains(expected),
            "{text}"
        );
    };
    check("record = 'none.fork'", "none.fork cannot be used");
    check("record = 'x'\nfork = { url = 'y' }", "not from both");
    check(
        "fork = { url = '$NO_SUCH_CHAIN' }",
        "but that variable is not set",
    );
    check(
        "fork = { url = 'http://u:p4ssw0rd@[::1]:x' }",
        "is not a node's",
    );
}
