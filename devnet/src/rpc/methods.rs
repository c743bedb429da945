//! The table of methods.
//!
//! Lives here: every name that is answered, and by what; the README's list is made of it. Not here: the answers.

use jsonrpsee::types::{ErrorObjectOwned, Params};
use jsonrpsee::{Extensions, RpcModule};
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::time::Instant;

use crate::bounded::to_json;
use crate::evm::Interrupt;
use crate::node::Node;
use crate::rpc::arguments::Arguments;
use crate::rpc::error::RpcError;
use crate::rpc::lanes::Lane;
use crate::rpc::server::Arrival;
use crate::rpc::{filters, logs, read, run, send, subscribe, testing};

/// What a method answers.
pub(super) type Answer = Result<Value, RpcError>;

/// What a method answers that may have much to say: text, which takes less memory than any other form.
pub(super) type Text = Result<Box<RawValue>, RpcError>;

/// How a method is answered, which decides where.
#[derive(Clone, Copy)]
enum Method {
    /// Where it arrives: it takes no longer than copying a state, and its answer is short.
    Quick(fn(&Node, &Arguments<'_>) -> Answer),
    /// It reads what may be long.
    Lookup(fn(&Node, &Arguments<'_>, &Interrupt) -> Text),
    /// It runs something.
    Question(fn(&Node, &Arguments<'_>, &Interrupt) -> Text),
    /// It changes the chain.
    Change(fn(&Node, &Arguments<'_>) -> Answer),
    /// It makes blocks.
    Production(fn(&Node, &Arguments<'_>, &Interrupt) -> Answer),
}

use Method::{Change, Lookup, Production, Question, Quick};

/// Names and what answers them; some have several names.
const METHODS: &[(&str, Method)] = &[
    ("eth_accounts", Quick(send::accounts)),
    ("eth_blobBaseFee", Quick(read::no_blobs)),
    ("eth_blockNumber", Quick(read::block_number)),
    ("eth_call", Question(run::call)),
    ("eth_chainId", Quick(read::chain_id)),
    ("eth_coinbase", Quick(read::coinbase)),
    ("eth_createAccessList", Question(run::access_list)),
    ("eth_estimateGas", Question(run::estimate)),
    ("eth_feeHistory", Lookup(read::fee_history)),
    ("eth_gasPrice", Quick(read::gas_price)),
    ("eth_getBalance", Quick(read::balance)),
    ("eth_getBlockByHash", Lookup(read::block)),
    ("eth_getBlockByNumber", Lookup(read::block)),
    ("eth_getBlockReceipts", Lookup(read::block_receipts)),
    (
        "eth_getBlockTransactionCountByHash",
        Quick(read::transaction_count_of_block),
    ),
    (
        "eth_getBlockTransactionCountByNumber",
        Quick(read::transaction_count_of_block),
    ),
    ("eth_getCode", Lookup(read::code)),
    ("eth_getFilterChanges", Lookup(filters::changes)),
    ("eth_getFilterLogs", Lookup(filters::logs)),
    ("eth_getLogs", Lookup(logs::logs)),
    ("eth_getProof", Quick(read::no_proofs)),
    ("eth_getStorageAt", Quick(read::storage)),
    (
        "eth_getTransactionByBlockHashAndIndex",
        Lookup(read::transaction_in_block),
    ),
    (
        "eth_getTransactionByBlockNumberAndIndex",
        Lookup(read::transaction_in_block),
    ),
    ("eth_getTransactionByHash", Lookup(read::transaction)),
    ("eth_getTransactionCount", Quick(read::nonce)),
    ("eth_getTransactionReceipt", Lookup(read::receipt)),
    ("eth_getUncleCountByBlockHash", Quick(read::uncle_count)),
    ("eth_getUncleCountByBlockNumber", Quick(read::uncle_count)),
    ("eth_maxPriorityFeePerGas", Quick(read::tip)),
    ("eth_mining", Quick(read::no)),
    ("eth_newBlockFilter", Quick(filters::new_blocks)),
    ("eth_newFilter", Quick(filters::new_logs)),
    (
        "eth_newPendingTransactionFilter",
        Quick(filters::new_transactions),
    ),
    ("eth_protocolVersion", Quick(read::protocol_version)),
    ("eth_sendRawTransaction", Production(send::raw)),
    ("eth_sendTransaction", Production(send::transaction)),
    ("eth_sign", Quick(send::sign)),
    ("eth_signTransaction", Question(send::sign_transaction)),
    ("eth_syncing", Quick(read::no)),
    ("eth_uninstallFilter", Quick(filters::uninstall)),
    ("net_listening", Quick(read::yes)),
    ("net_peerCount", Quick(read::peer_count)),
    ("net_version", Quick(read::network)),
    ("personal_sign", Quick(send::personal_sign)),
    ("rpc_modules", Quick(read::modules)),
    ("txpool_content", Lookup(read::pool)),
    ("txpool_status", Quick(read::pool_status)),
    ("web3_clientVersion", Quick(read::client_version)),
    ("web3_sha3", Lookup(read::sha3)),
    ("debug_traceCall", Question(run::trace_call)),
    ("debug_traceTransaction", Question(run::trace_transaction)),
    (
        "anvil_autoImpersonateAccount",
        Change(testing::auto_impersonate),
    ),
    ("anvil_dumpState", Lookup(testing::dump_state)),
    ("anvil_impersonateAccount", Change(testing::impersonate)),
    ("anvil_loadState", Change(testing::load_state)),
    ("anvil_mine", Production(testing::mine_many)),
    ("anvil_nodeInfo", Quick(testing::node_info)),
    ("anvil_setBalance", Change(testing::set_balance)),
    ("anvil_setCode", Change(testing::set_code)),
    ("anvil_setNonce", Change(testing::set_nonce)),
    ("anvil_setStorageAt", Change(testing::set_storage)),
    (
        "anvil_stopImpersonatingAccount",
        Change(testing::stop_impersonating),
    ),
    ("hardhat_impersonateAccount", Change(testing::impersonate)),
    ("hardhat_mine", Production(testing::mine_many)),
    ("hardhat_setBalance", Change(testing::set_balance)),
    ("hardhat_setCode", Change(testing::set_code)),
    ("hardhat_setNonce", Change(testing::set_nonce)),
    ("hardhat_setStorageAt", Change(testing::set_storage)),
    (
        "hardhat_stopImpersonatingAccount",
        Change(testing::stop_impersonating),
    ),
    ("evm_increaseTime", Change(testing::increase_time)),
    ("evm_mine", Production(testing::mine)),
    ("evm_revert", Change(testing::revert)),
    ("evm_setAutomine", Change(testing::set_automine)),
    (
        "evm_setNextBlockTimestamp",
        Change(testing::set_next_timestamp),
    ),
    ("evm_snapshot", Change(testing::snapshot)),
];

/// The table as the server takes it.
pub(super) fn module(node: Node) -> RpcModule<Node> {
    let mut module = RpcModule::new(node);
    for (name, method) in METHODS {
        let registered = match *method {
            Quick(method) => module.register_method(name, move |params, node, _| {
                let answer =
                    Arguments::parse(&params).and_then(|arguments| method(node, &arguments));
                node.report(name, answer.as_ref().err());
                answer.map_err(ErrorObjectOwned::from)
            }),
            long => module.register_async_method(name, move |params, node, extensions| {
                let node = Node::clone(&node);
                async move {
                    let answer = elsewhere(node.clone(), long, params, &extensions).await;
                    node.report(name, answer.as_ref().err());
                    answer.map_err(ErrorObjectOwned::from)
                }
            }),
        };
        registered.expect("no name stands twice in the table");
    }
    subscribe::register(&mut module);
    module
}

/// Answers on a lane.
async fn elsewhere(
    node: Node,
    method: Method,
    params: Params<'static>,
    extensions: &Extensions,
) -> Text {
    // The requests of a batch have one deadline.
    let arrived = extensions
        .get::<Arrival>()
        .map_or_else(Instant::now, |arrival| arrival.0);
    let lane = match method {
        Quick(_) | Lookup(_) => Lane::Lookups,
        Question(_) => Lane::Questions,
        Change(_) | Production(_) => Lane::Changes,
    };
    let lanes = node.lanes().clone();
    let work = move |interrupt: &Interrupt| {
        let arguments = Arguments::parse(&params)?;
        let short = match method {
            Lookup(method) | Question(method) => return method(&node, &arguments, interrupt),
            Quick(method) | Change(method) => method(&node, &arguments)?,
            Production(method) => method(&node, &arguments, interrupt)?,
        };
        Ok(to_json(&short)?)
    };
    lanes.run(lane, arrived, work).await
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The README lists the methods that there are, and no others.
    #[test]
    fn the_readme_lists_every_method() {
        let readme = include_str!("../../README.md");
        let list = readme.split("<!-- methods -->").nth(1).unwrap();
        let mut listed: Vec<&str> = list.split('`').skip(1).step_by(2).collect();
        listed.sort_unstable();
        let mut names: Vec<&str> = METHODS.iter().map(|(name, _)| *name).collect();
        names.extend(["eth_subscribe", "eth_unsubscribe"]);
        names.sort_unstable();
        assert_eq!(listed, names);
    }
}
