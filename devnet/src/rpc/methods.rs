//! The table of methods.
//!
//! Lives here: every name that is answered, and by what; the README's list is made of it. Not here: the answers.

use jsonrpsee::RpcModule;
use jsonrpsee::types::ErrorObjectOwned;
use serde_json::Value;

use crate::node::Node;
use crate::rpc::arguments::Arguments;
use crate::rpc::error::RpcError;
use crate::rpc::{filters, logs, read, run, send, subscribe, testing};

/// What a method answers.
pub(super) type Answer = Result<Value, RpcError>;

type Method = fn(&Node, &Arguments<'_>) -> Answer;

/// Names and what answers them; some have several names.
const METHODS: &[(&str, Method)] = &[
    ("eth_accounts", send::accounts),
    ("eth_blobBaseFee", read::no_blobs),
    ("eth_blockNumber", read::block_number),
    ("eth_call", run::call),
    ("eth_chainId", read::chain_id),
    ("eth_coinbase", read::coinbase),
    ("eth_createAccessList", run::access_list),
    ("eth_estimateGas", run::estimate),
    ("eth_feeHistory", read::fee_history),
    ("eth_gasPrice", read::gas_price),
    ("eth_getBalance", read::balance),
    ("eth_getBlockByHash", read::block),
    ("eth_getBlockByNumber", read::block),
    ("eth_getBlockReceipts", read::block_receipts),
    (
        "eth_getBlockTransactionCountByHash",
        read::transaction_count_of_block,
    ),
    (
        "eth_getBlockTransactionCountByNumber",
        read::transaction_count_of_block,
    ),
    ("eth_getCode", read::code),
    ("eth_getFilterChanges", filters::changes),
    ("eth_getFilterLogs", filters::logs),
    ("eth_getLogs", logs::logs),
    ("eth_getProof", read::no_proofs),
    ("eth_getStorageAt", read::storage),
    (
        "eth_getTransactionByBlockHashAndIndex",
        read::transaction_in_block,
    ),
    (
        "eth_getTransactionByBlockNumberAndIndex",
        read::transaction_in_block,
    ),
    ("eth_getTransactionByHash", read::transaction),
    ("eth_getTransactionCount", read::nonce),
    ("eth_getTransactionReceipt", read::receipt),
    ("eth_getUncleCountByBlockHash", read::uncle_count),
    ("eth_getUncleCountByBlockNumber", read::uncle_count),
    ("eth_maxPriorityFeePerGas", read::tip),
    ("eth_mining", read::no),
    ("eth_newBlockFilter", filters::new_blocks),
    ("eth_newFilter", filters::new_logs),
    ("eth_newPendingTransactionFilter", filters::new_transactions),
    ("eth_protocolVersion", read::protocol_version),
    ("eth_sendRawTransaction", send::raw),
    ("eth_sendTransaction", send::transaction),
    ("eth_sign", send::sign),
    ("eth_signTransaction", send::sign_transaction),
    ("eth_syncing", read::no),
    ("eth_uninstallFilter", filters::uninstall),
    ("net_listening", read::yes),
    ("net_peerCount", read::peer_count),
    ("net_version", read::network),
    ("personal_sign", send::personal_sign),
    ("rpc_modules", read::modules),
    ("txpool_content", read::pool),
    ("txpool_status", read::pool_status),
    ("web3_clientVersion", read::client_version),
    ("web3_sha3", read::sha3),
    ("debug_traceCall", run::trace_call),
    ("debug_traceTransaction", run::trace_transaction),
    ("anvil_autoImpersonateAccount", testing::auto_impersonate),
    ("anvil_dumpState", testing::dump_state),
    ("anvil_impersonateAccount", testing::impersonate),
    ("anvil_loadState", testing::load_state),
    ("anvil_mine", testing::mine_many),
    ("anvil_nodeInfo", testing::node_info),
    ("anvil_setBalance", testing::set_balance),
    ("anvil_setCode", testing::set_code),
    ("anvil_setNonce", testing::set_nonce),
    ("anvil_setStorageAt", testing::set_storage),
    (
        "anvil_stopImpersonatingAccount",
        testing::stop_impersonating,
    ),
    ("hardhat_impersonateAccount", testing::impersonate),
    ("hardhat_mine", testing::mine_many),
    ("hardhat_setBalance", testing::set_balance),
    ("hardhat_setCode", testing::set_code),
    ("hardhat_setNonce", testing::set_nonce),
    ("hardhat_setStorageAt", testing::set_storage),
    (
        "hardhat_stopImpersonatingAccount",
        testing::stop_impersonating,
    ),
    ("evm_increaseTime", testing::increase_time),
    ("evm_mine", testing::mine),
    ("evm_revert", testing::revert),
    ("evm_setAutomine", testing::set_automine),
    ("evm_setNextBlockTimestamp", testing::set_next_timestamp),
    ("evm_snapshot", testing::snapshot),
];

/// The table as the server takes it.
pub(super) fn module(node: Node) -> RpcModule<Node> {
    let mut module = RpcModule::new(node);
    for (name, method) in METHODS {
        module
            .register_method(name, move |params, node, _| {
                let answer =
                    Arguments::parse(&params).and_then(|arguments| method(node, &arguments));
                node.report(name, answer.as_ref().err());
                answer.map_err(ErrorObjectOwned::from)
            })
            .expect("no name stands twice in the table");
    }
    subscribe::register(&mut module);
    module
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
