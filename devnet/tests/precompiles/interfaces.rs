//! Every function of every published interface, at every supported version.
//!
//! Lives here: that each exists, and from which version on. Not here: what it does. The list is `interfaces.txt`.

use alloy_primitives::{Address, U256, address, hex};
use serde_json::json;

use crate::precompiles::data;
use crate::support::{Chain, DEV, config_at};

const INTERFACES: &str = include_str!("interfaces.txt");

const FILTERED_MANAGER: Address = address!("0x0000000000000000000000000000000000000074");

/// Enough words for the arguments of any function; zero is a valid offset.
const ARGUMENTS: usize = 12;

struct Row {
    address: Address,
    name: String,
    signature: &'static str,
    since: u16,
    until: Option<u16>,
}

fn rows() -> Vec<Row> {
    let row = |line: &'static str| {
        let mut parts = line.split(' ');
        let mut next = || parts.next().unwrap();
        let address = U256::from_str_radix(&next()[2..], 16).unwrap();
        let (precompile, signature) = (next(), next());
        let since = next().parse().unwrap();
        Row {
            address: Address::from_word(address.into()),
            name: format!("{precompile}.{}", signature.split('(').next().unwrap()),
            signature,
            since,
            until: parts.next().map(|until| until.parse().unwrap()),
        }
    };
    INTERFACES
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(row)
        .collect()
}

/// Theorem: at every version each function answers, or fails with its own message; before its first version and after its last, the
/// message gives its versions.
#[test]
fn every_function_of_every_interface_is_known() {
    let rows = rows();
    assert_eq!(rows.len(), 201);
    for arbos in [51, 59, 60, 61] {
        let chain = Chain::start(config_at(arbos));
        for row in &rows {
            let call = data(row.signature, &[U256::ZERO; ARGUMENTS]);
            let call = hex::encode_prefixed(call);
            let request = json!([{ "from": DEV, "to": row.address, "data": call }, "latest"]);
            let answer = chain.ask("eth_call", request);
            if row.address == FILTERED_MANAGER && arbos < 60 {
                assert_eq!(answer, Ok(json!("0x")), "{} is nothing yet", row.name);
                continue;
            }
            let words = answer.err().map(|error| error.message).unwrap_or_default();
            let at = format!("{} at ArbOS {arbos}: {words}", row.name);
            for never in ["has no function", "not of its types", "out of gas"] {
                assert!(!words.contains(never), "{at}");
            }
            let name = &row.name;
            let expected = match row.until {
                _ if arbos < row.since => {
                    let since = row.since;
                    Some(format!(
                        "{name} exists from ArbOS {since} on, and this chain is at {arbos}"
                    ))
                }
                Some(until) if arbos > until => Some(format!(
                    "{name} exists up to ArbOS {until} only, and this chain is at {arbos}"
                )),
                _ => None,
            };
            match expected {
                Some(expected) => assert!(words.ends_with(&expected), "{at}"),
                None => assert!(!words.contains(" exists "), "{at}"),
            }
            // A failure without a reason is not an answer.
            assert_ne!(words, "execution reverted", "{at}");
        }
    }
}

/// Two of them are empty accounts until their version, even when an upgrade brings it.
#[test]
fn a_precompile_comes_with_its_version() {
    let code =
        |chain: &Chain, address: Address| chain.rpc("eth_getCode", json!([address, "latest"]));
    let native = address!("0x0000000000000000000000000000000000000073");
    let chain = Chain::start(config_at(51));
    assert_eq!(code(&chain, native), json!("0xfe"));
    assert_eq!(code(&chain, FILTERED_MANAGER), json!("0x"));
    let upgrade = data(
        "scheduleArbOSUpgrade(uint64,uint64)",
        &[U256::from(60), U256::ZERO],
    );
    super::act(&chain, crate::support::ARB_OWNER, &upgrade);
    assert_eq!(code(&chain, FILTERED_MANAGER), json!("0x"));
    chain.rpc("evm_mine", json!([]));
    assert_eq!(code(&chain, FILTERED_MANAGER), json!("0xfe"));
}

/// A function that no interface has is reported as missing, and takes all gas.
#[test]
fn a_function_of_no_interface() {
    let chain = Chain::default();
    for row in rows() {
        let (name, _) = row.name.split_once('.').unwrap();
        let error = super::refusal(&chain, row.address, &hex!("00000001"));
        let words = format!("{name} has no function 0x00000001");
        assert!(error.message.ends_with(&words), "{}", error.message);
    }
}
