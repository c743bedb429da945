//! Commands of foundry's `cast` against a devnet.

use stylus_devnet::Handle;

use super::tool::{KEY, Said, devnet, tools};

/// Runs a command of cast.
pub(crate) fn run(arguments: &[&str]) -> Said {
    let program = tools().join("foundry-1.7.1/node_modules/.bin/cast");
    super::tool::run(&program, arguments, &std::env::temp_dir(), &[])
}

/// Sends a transaction of the dev account; returns its hash.
pub(crate) fn send(devnet: &Handle, to: &str, function: &[&str]) -> String {
    let url = devnet.url();
    let mut arguments = vec![
        "send",
        "--json",
        "--rpc-url",
        &url,
        "--private-key",
        KEY,
        to,
    ];
    arguments.extend(function);
    let receipt: serde_json::Value =
        serde_json::from_str(run(&arguments).says("").text.trim()).unwrap();
    assert_eq!(receipt["status"], "0x1", "{receipt}");
    receipt["transactionHash"].as_str().unwrap().to_owned()
}

/// Calls a function; its arguments follow its signature after spaces.
pub(crate) fn call(devnet: &Handle, to: &str, function: &str) -> String {
    let url = devnet.url();
    let mut arguments = vec!["call", "--rpc-url", &url, to];
    arguments.extend(function.split(' '));
    run(&arguments).says("").text.trim().to_owned()
}

#[test]
#[ignore = "needs cast: scripts/test runs it"]
fn cast_reads_sends_and_calls() {
    let devnet = devnet();
    let url = devnet.url();
    let friend = "0x00000000000000000000000000000000000000AA";
    let check = |arguments: &[&str], expected: &str| {
        let mut all = arguments.to_vec();
        all.extend(["--rpc-url", &url]);
        assert_eq!(
            run(&all).says("").text.trim(),
            expected,
            "cast {arguments:?}"
        );
    };
    check(&["chain-id"], "412346");
    check(&["block-number"], "0");
    check(&["gas-price"], "100000000");
    check(
        &["nonce", "0x3f1Eae7D46d88F08fc2F8ed27FCb2AB183EB2d0E"],
        "0",
    );
    let hash = send(&devnet, friend, &["--value", "1ether"]);
    check(&["balance", friend, "--ether"], "1.000000000000000000");
    check(&["receipt", &hash, "gasUsed"], "21000");
    check(&["tx", &hash, "value"], "1000000000000000000");
    check(&["block", "latest", "--field", "number"], "1");
    check(&["estimate", friend, "--value", "1"], "21000");
    check(&["rpc", "eth_syncing"], "false");
    // EVM code by hand: returns 42.
    let sent = run(&[
        "send",
        "--json",
        "--rpc-url",
        &url,
        "--private-key",
        KEY,
        "--create",
        "0x69602a60005260206000f3600052600a6016f3",
    ]);
    let receipt: serde_json::Value = serde_json::from_str(sent.says("").text.trim()).unwrap();
    let contract = receipt["contractAddress"].as_str().unwrap();
    assert_eq!(call(&devnet, contract, "answer()(uint256)"), "42");
    let logs = run(&["logs", "--rpc-url", &url, "--from-block", "0"]).says("");
    assert_eq!(logs.text.trim(), "");
}
