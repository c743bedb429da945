//! The table of methods.
//!
//! Lives here: every supported name and its method; the README's list is generated from it. Not here: the
//! methods.

use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::B256;
use jsonrpsee::types::{ErrorObjectOwned, Params};
use jsonrpsee::{Extensions, RpcModule};
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;

use crate::bounded::to_json;
use crate::evm::Interrupt;
use crate::node::Node;
use crate::rpc::arguments::Arguments;
use crate::rpc::error::RpcError;
use crate::rpc::lanes::{Lane, MOST_AWAITED};
use crate::rpc::requests::Arrival;
use crate::rpc::{
    border, filters, flat, json, logs, mining, otterscan, pool, prove, raw, read, run, send, sign,
    simulate, subscribe, testing, tokens,
};
use crate::state::source::{attempt, from_what_is_known};

/// A method's answer.
pub(super) type Answer = Result<Value, RpcError>;

/// A method's potentially long answer: text, which takes less memory than any other form.
pub(super) type Text = Result<Box<RawValue>, RpcError>;

/// How long to wait for a receipt by default, as in geth; and at most.
const SYNC: Duration = Duration::from_secs(20);
const MOST_SYNC: Duration = Duration::from_secs(60);

/// How a method is answered, which decides where it runs.
#[derive(Clone, Copy)]
enum Method {
    /// It returns one word of some state or block, as quickly as `Quick`; on a fork another node may have to be asked for it.
    Read(fn(&Node, &Arguments<'_>) -> Answer),
    /// It is answered on the thread it arrives on: it takes no longer than copying a state, and its answer is short.
    Quick(fn(&Node, &Arguments<'_>) -> Answer),
    /// It reads data that may be long, of a block, a transaction or an account.
    Lookup(fn(&Node, &Arguments<'_>, &Interrupt) -> Text),
    /// It goes through the chain, its state or its pool.
    Search(fn(&Node, &Arguments<'_>, &Interrupt) -> Text),
    /// It runs a call, which is short more often than not.
    Call(fn(&Node, &Arguments<'_>, &Interrupt) -> Text),
    /// It runs something that may be long.
    Question(fn(&Node, &Arguments<'_>, &Interrupt) -> Text),
    /// It changes the chain.
    Change(fn(&Node, &Arguments<'_>) -> Answer),
    /// It produces blocks.
    Production(fn(&Node, &Arguments<'_>, &Interrupt) -> Answer),
    /// It sends a transaction and answers with the receipt, once there is one.
    Synced(fn(&Node, &Arguments<'_>, &Interrupt) -> Answer),
}

use Method::{Call, Change, Lookup, Production, Question, Quick, Read, Search, Synced};

/// Each method, with the names that it answers to.
const METHODS: &[(&[&str], Method)] = &[
    (
        &["eth_accounts", "eth_requestAccounts"],
        Quick(sign::accounts),
    ),
    (&["eth_blobBaseFee"], Quick(read::no_blobs)),
    (&["eth_blockNumber"], Quick(read::block_number)),
    (&["eth_call"], Call(run::call)),
    (&["eth_chainId"], Quick(read::chain_id)),
    (&["eth_coinbase"], Quick(read::coinbase)),
    (&["eth_config"], Quick(read::config)),
    (&["eth_createAccessList"], Call(run::access_list)),
    (&["eth_estimateGas"], Call(run::estimate)),
    (&["eth_feeHistory"], Search(read::fee_history)),
    (&["eth_fillTransaction"], Question(send::fill_transaction)),
    (&["eth_gasPrice"], Quick(read::gas_price)),
    (&["eth_getAccountInfo"], Lookup(read::account_info)),
    (&["eth_getBalance"], Read(read::balance)),
    (
        &["eth_getBlockByHash", "eth_getBlockByNumber"],
        Lookup(read::block),
    ),
    (&["eth_getBlockReceipts"], Lookup(read::block_receipts)),
    (
        &[
            "eth_getBlockTransactionCountByHash",
            "eth_getBlockTransactionCountByNumber",
        ],
        Read(read::transaction_count_of_block),
    ),
    (&["eth_getCode"], Lookup(read::code)),
    (&["eth_getFilterChanges"], Lookup(filters::changes)),
    (&["eth_getFilterLogs"], Search(filters::logs)),
    (
        &[
            "eth_getHeaderByHash",
            "eth_getHeaderByNumber",
            "erigon_getHeaderByNumber",
        ],
        Lookup(read::header),
    ),
    (&["eth_getLogs"], Search(logs::logs)),
    (&["eth_getAccount"], Search(prove::account)),
    (&["eth_getProof"], Search(prove::proof)),
    (&["eth_simulateV1"], Question(simulate::simulate)),
    (
        &["eth_getRawTransactionByHash", "debug_getRawTransaction"],
        Lookup(raw::transaction),
    ),
    (
        &[
            "eth_getRawTransactionByBlockHashAndIndex",
            "eth_getRawTransactionByBlockNumberAndIndex",
        ],
        Lookup(raw::transaction_in_block),
    ),
    (&["eth_getStorageAt"], Read(read::storage)),
    (&["eth_getStorageValues"], Lookup(read::storage_values)),
    (
        &[
            "eth_getTransactionByBlockHashAndIndex",
            "eth_getTransactionByBlockNumberAndIndex",
        ],
        Lookup(read::transaction_in_block),
    ),
    (&["eth_getTransactionByHash"], Lookup(read::transaction)),
    (
        &["eth_getTransactionBySenderAndNonce"],
        Search(pool::by_sender_and_nonce),
    ),
    (&["eth_getTransactionCount"], Read(read::nonce)),
    (&["eth_getTransactionReceipt"], Lookup(read::receipt)),
    (
        &[
            "eth_getUncleByBlockHashAndIndex",
            "eth_getUncleByBlockNumberAndIndex",
        ],
        Quick(read::no_uncle),
    ),
    (
        &[
            "eth_getUncleCountByBlockHash",
            "eth_getUncleCountByBlockNumber",
        ],
        Read(read::uncle_count),
    ),
    (&["eth_hashrate"], Quick(read::hash_rate)),
    (&["eth_maxPriorityFeePerGas"], Quick(read::tip)),
    (&["eth_mining", "eth_syncing"], Quick(read::no)),
    (&["eth_newBlockFilter"], Quick(filters::new_blocks)),
    (&["eth_newFilter"], Quick(filters::new_logs)),
    (
        &["eth_newPendingTransactionFilter"],
        Quick(filters::new_transactions),
    ),
    (&["eth_protocolVersion"], Quick(read::protocol_version)),
    (&["eth_sendRawTransaction"], Production(send::raw)),
    (&["eth_sendRawTransactionSync"], Synced(send::raw)),
    (&["eth_sendTransaction"], Production(send::transaction)),
    (&["eth_sendTransactionSync"], Synced(send::transaction)),
    (&["eth_sendUnsignedTransaction"], Production(send::unsigned)),
    (&["eth_sign"], Quick(sign::sign)),
    (&["eth_signTransaction"], Question(send::sign_transaction)),
    (
        &[
            "eth_signTypedData",
            "eth_signTypedData_v3",
            "eth_signTypedData_v4",
        ],
        Lookup(sign::sign_typed_data),
    ),
    (&["eth_uninstallFilter"], Quick(filters::uninstall)),
    (&["net_listening"], Quick(read::yes)),
    (&["net_peerCount"], Quick(read::peer_count)),
    (&["net_version", "eth_networkId"], Quick(read::network)),
    (&["personal_sign"], Quick(sign::personal_sign)),
    (&["rpc_modules"], Quick(read::modules)),
    (&["txpool_content"], Search(pool::content)),
    (&["txpool_contentFrom"], Search(pool::content_from)),
    (&["txpool_inspect"], Search(pool::inspect)),
    (&["txpool_status"], Quick(pool::status)),
    (&["web3_clientVersion"], Quick(read::client_version)),
    (&["web3_sha3"], Lookup(read::sha3)),
    (&["debug_getRawBlock"], Lookup(raw::block)),
    (&["debug_getRawHeader"], Lookup(raw::header)),
    (&["debug_getRawReceipts"], Lookup(raw::receipts)),
    (
        &["debug_traceBlockByHash", "debug_traceBlockByNumber"],
        Question(run::trace_block),
    ),
    (&["debug_traceCall"], Question(run::trace_call)),
    (
        &["debug_traceTransaction"],
        Question(run::trace_transaction),
    ),
    (&["trace_block"], Question(flat::block)),
    (&["trace_filter"], Question(flat::filter)),
    (&["trace_transaction"], Question(flat::transaction)),
    (&["ots_getApiLevel"], Quick(otterscan::level)),
    (
        &["ots_getBlockDetails", "ots_getBlockDetailsByHash"],
        Lookup(otterscan::block_details),
    ),
    (
        &["ots_getBlockTransactions"],
        Lookup(otterscan::block_transactions),
    ),
    (&["ots_getContractCreator"], Question(otterscan::creator)),
    (
        &["ots_getInternalOperations"],
        Question(otterscan::internal),
    ),
    (
        &["ots_getTransactionBySenderAndNonce"],
        Search(otterscan::by_sender_and_nonce),
    ),
    (&["ots_getTransactionError"], Lookup(otterscan::error)),
    (&["ots_hasCode"], Read(otterscan::has_code)),
    (
        &["ots_searchTransactionsAfter"],
        Search(otterscan::search_after),
    ),
    (
        &["ots_searchTransactionsBefore"],
        Search(otterscan::search_before),
    ),
    (&["ots_traceTransaction"], Question(otterscan::trace)),
    (
        &["anvil_addBalance", "hardhat_addBalance"],
        Change(testing::add_balance),
    ),
    (
        &[
            "anvil_autoImpersonateAccount",
            "hardhat_autoImpersonateAccount",
        ],
        Change(testing::auto_impersonate),
    ),
    (
        &["anvil_dealERC20", "hardhat_dealERC20"],
        Production(tokens::deal),
    ),
    (
        &["anvil_setERC20Allowance", "hardhat_setERC20Allowance"],
        Production(tokens::set_allowance),
    ),
    (
        &["anvil_dropAllTransactions", "hardhat_dropAllTransactions"],
        Change(mining::drop_all),
    ),
    (&["anvil_dropTransaction"], Change(mining::drop_transaction)),
    (
        &["hardhat_dropTransaction"],
        Change(mining::drops_transaction),
    ),
    (
        &[
            "anvil_removePoolTransactions",
            "hardhat_removePoolTransactions",
        ],
        Change(mining::drop_of_sender),
    ),
    (
        &["anvil_dumpState", "hardhat_dumpState"],
        Search(testing::dump_state),
    ),
    (
        &["anvil_loadState", "hardhat_loadState"],
        Change(testing::load_state),
    ),
    (
        &["anvil_getAutomine", "hardhat_getAutomine"],
        Quick(mining::automine),
    ),
    (
        &[
            "anvil_setAutomine",
            "hardhat_setAutomine",
            "evm_setAutomine",
        ],
        Change(mining::set_automine),
    ),
    (
        &["anvil_getIntervalMining", "hardhat_getIntervalMining"],
        Quick(mining::interval),
    ),
    (
        &[
            "anvil_setIntervalMining",
            "hardhat_setIntervalMining",
            "evm_setIntervalMining",
        ],
        Change(mining::set_interval),
    ),
    (
        &["anvil_impersonateAccount", "hardhat_impersonateAccount"],
        Change(testing::impersonate),
    ),
    (
        &[
            "anvil_stopImpersonatingAccount",
            "hardhat_stopImpersonatingAccount",
        ],
        Change(testing::stop_impersonating),
    ),
    (
        &[
            "anvil_increaseTime",
            "hardhat_increaseTime",
            "evm_increaseTime",
        ],
        Change(mining::increase_time),
    ),
    (
        &["anvil_setTime", "hardhat_setTime", "evm_setTime"],
        Change(mining::set_time),
    ),
    (
        &[
            "anvil_setNextBlockTimestamp",
            "hardhat_setNextBlockTimestamp",
            "evm_setNextBlockTimestamp",
        ],
        Change(mining::set_next_timestamp),
    ),
    (
        &[
            "anvil_setBlockTimestampInterval",
            "hardhat_setBlockTimestampInterval",
            "evm_setBlockTimestampInterval",
        ],
        Change(mining::set_time_step),
    ),
    (
        &[
            "anvil_removeBlockTimestampInterval",
            "hardhat_removeBlockTimestampInterval",
            "evm_removeBlockTimestampInterval",
        ],
        Change(mining::remove_time_step),
    ),
    (
        &["anvil_metadata", "hardhat_metadata"],
        Quick(testing::metadata),
    ),
    (&["anvil_nodeInfo"], Quick(testing::node_info)),
    (
        &["anvil_mine", "hardhat_mine"],
        Production(mining::mine_many),
    ),
    (&["evm_mine"], Production(mining::mine)),
    (
        &["anvil_mine_detailed", "evm_mine_detailed"],
        Production(mining::mine_detailed),
    ),
    (&["anvil_reorg", "hardhat_reorg"], Production(mining::reorg)),
    (&["anvil_reset", "hardhat_reset"], Change(mining::reset)),
    (
        &["anvil_rollback", "hardhat_rollback"],
        Change(mining::rollback),
    ),
    (
        &["anvil_snapshot", "hardhat_snapshot", "evm_snapshot"],
        Change(mining::snapshot),
    ),
    (
        &["anvil_revert", "hardhat_revert", "evm_revert"],
        Change(mining::revert),
    ),
    (
        &["anvil_setBalance", "hardhat_setBalance"],
        Change(testing::set_balance),
    ),
    (
        &[
            "anvil_setBlockGasLimit",
            "hardhat_setBlockGasLimit",
            "evm_setBlockGasLimit",
        ],
        Change(mining::set_gas_limit),
    ),
    (
        &["anvil_setChainId", "hardhat_setChainId"],
        Change(testing::set_chain_id),
    ),
    (
        &["anvil_setCode", "hardhat_setCode"],
        Change(testing::set_code),
    ),
    (
        &["anvil_setCoinbase", "hardhat_setCoinbase"],
        Change(mining::set_coinbase),
    ),
    (
        &["anvil_setLoggingEnabled", "hardhat_setLoggingEnabled"],
        Change(testing::set_logging),
    ),
    (
        &["anvil_setMinGasPrice", "hardhat_setMinGasPrice"],
        Change(mining::set_min_gas_price),
    ),
    (
        &[
            "anvil_setNextBlockBaseFeePerGas",
            "hardhat_setNextBlockBaseFeePerGas",
        ],
        Change(mining::set_next_base_fee),
    ),
    (
        &["anvil_setNonce", "hardhat_setNonce", "evm_setAccountNonce"],
        Change(testing::set_nonce),
    ),
    (
        &["anvil_setPrevRandao", "hardhat_setPrevRandao"],
        Change(mining::set_random),
    ),
    (&["anvil_setRpcUrl"], Quick(testing::no_other_node)),
    (
        &["anvil_setStorageAt", "hardhat_setStorageAt"],
        Change(testing::set_storage),
    ),
];

/// The table in the server's form.
pub(super) fn module(node: Node) -> RpcModule<Node> {
    let mut module = RpcModule::new(node);
    let all = METHODS
        .iter()
        .flat_map(|(names, method)| names.iter().map(move |name| (*name, method)));
    for (name, method) in all {
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
                    let answer = match long {
                        Read(method) if node.forked().is_none() => Arguments::parse(&params)
                            .and_then(|arguments| method(&node, &arguments))
                            .and_then(|answer| Ok(to_json(&answer)?)),
                        Synced(_) => synced(node.clone(), (name, long), params, &extensions).await,
                        _ => elsewhere(node.clone(), (name, long), params, &extensions).await,
                    };
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

/// Answers on a lane, or on this thread if the request is quick.
async fn elsewhere(
    node: Node,
    (name, method): (&'static str, Method),
    params: Params<'static>,
    extensions: &Extensions,
) -> Text {
    // The requests of a batch share one deadline.
    let arrived = extensions
        .get::<Arrival>()
        .map_or_else(Instant::now, |arrival| arrival.0);
    let lane = match method {
        Quick(_) | Read(_) | Lookup(_) => Lane::Lookups,
        Search(_) => Lane::Searches,
        Call(_) | Question(_) => Lane::Questions,
        Change(_) | Production(_) | Synced(_) => Lane::Changes,
    };
    let may_try = matches!(method, Read(_) | Lookup(_) | Search(_) | Call(_));
    let lanes = node.lanes().clone();
    let tries = lanes.tries().filter(|_| may_try).and_then(|tries| {
        let likeness = tries.likeness(name, params.as_str().unwrap_or_default())?;
        Some((tries, likeness))
    });
    let work =
        Arc::new(move |interrupt: &Interrupt| answer(&node, (name, method), &params, interrupt));
    if lane == Lane::Changes {
        return lanes.run(lane, arrived, move |it| work(it)).await;
    }
    // On a fork, whoever has to wait for the forked chain's node waits where nobody else needs the place.
    let known = {
        let work = work.clone();
        move |it: &Interrupt| from_what_is_known(|| work(it)).transpose()
    };
    let answer = match tries.and_then(|(tries, likeness)| tries.run(likeness, &known)) {
        Some(tried) => tried,
        None => lanes.run(lane, arrived, known).await,
    };
    match answer? {
        Some(answer) => Ok(answer),
        None => {
            lanes
                .run(lane.upstream(), arrived, move |it| work(it))
                .await
        }
    }
}

/// Answers on this thread, however long that takes.
fn answer(
    node: &Node,
    (name, method): (&str, Method),
    params: &Params<'_>,
    interrupt: &Interrupt,
) -> Text {
    let answer = || {
        let arguments = Arguments::parse(params)?;
        if let Some(answer) = border::answer(node, name, &arguments)? {
            return Ok(answer);
        }
        let short = match method {
            Lookup(method) | Search(method) | Call(method) | Question(method) => {
                return method(node, &arguments, interrupt);
            }
            Quick(method) | Read(method) | Change(method) => method(node, &arguments)?,
            Production(method) | Synced(method) => method(node, &arguments, interrupt)?,
        };
        Ok(to_json(&short)?)
    };
    // Whatever the result: if a word that it read was unavailable, it is no answer.
    attempt(answer)?
}

/// Sends a transaction and waits for its receipt without holding a place on a lane.
async fn synced(
    node: Node,
    method: (&'static str, Method),
    params: Params<'static>,
    extensions: &Extensions,
) -> Text {
    let asked = Arguments::parse(&params)?.number(1, "timeout")?;
    let limit = asked.map_or(SYNC, Duration::from_millis).min(MOST_SYNC);
    let mut blocks = node.blocks();
    let sent = elsewhere(node.clone(), method, params, extensions).await?;
    let hash: B256 = serde_json::from_str(sent.get()).map_err(RpcError::internal)?;
    let receipt = || {
        let (block, index) = node.chain().transaction(hash)?;
        Some(to_json(&json::receipt(&block, index)))
    };
    if let Some(receipt) = receipt() {
        return Ok(receipt?);
    }
    let Some(_until_the_end) = node.lanes().wait() else {
        return Err(RpcError::not_waited_for(hash, MOST_AWAITED));
    };
    let mined = async {
        loop {
            if let Some(receipt) = receipt() {
                return Some(receipt);
            }
            // After missing some, it checks again too.
            if let Err(RecvError::Closed) = blocks.recv().await {
                return None;
            }
        }
    };
    match tokio::time::timeout(limit, mined).await {
        Ok(Some(receipt)) => Ok(receipt?),
        Ok(None) | Err(_) => Err(RpcError::not_mined(hash, limit)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;
    use crate::devnet::open;
    use crate::evm::Interrupted;

    /// Theorem: frequent requests have a lane that no search of the whole chain uses.
    #[test]
    fn short_reads_and_searches_do_not_mix() {
        let is_search = |name: &str| {
            let found = METHODS.iter().find(|(names, _)| names.contains(&name));
            match found.unwrap().1 {
                Search(_) => true,
                Lookup(_) => false,
                _ => panic!("{name} is neither"),
            }
        };
        for name in [
            "eth_getTransactionReceipt",
            "eth_getTransactionByHash",
            "eth_getBlockByNumber",
            "eth_getCode",
            "eth_getFilterChanges",
        ] {
            assert!(!is_search(name), "{name}");
        }
        for name in [
            "anvil_dumpState",
            "eth_feeHistory",
            "eth_getLogs",
            "eth_getFilterLogs",
            "eth_getProof",
            "ots_searchTransactionsBefore",
            "txpool_content",
        ] {
            assert!(is_search(name), "{name}");
        }
    }

    /// The README lists exactly the supported methods.
    #[test]
    fn the_readme_lists_every_method() {
        let readme = include_str!("../../README.md");
        let list = readme.split("<!-- methods -->").nth(1).unwrap();
        let mut listed: Vec<&str> = list.split('`').skip(1).step_by(2).collect();
        listed.sort_unstable();
        let names = METHODS.iter().flat_map(|(names, _)| names.iter().copied());
        let mut names: Vec<&str> = names.collect();
        names.extend(["eth_subscribe", "eth_unsubscribe"]);
        names.sort_unstable();
        assert_eq!(listed, names);
    }

    /// Logs nothing, as often as the first word of its input says.
    const LOGGER: &str = "0x6000355b60006000a0600190038060035700";

    fn ask(node: &Node, name: &str, params: &str, interrupt: &Interrupt) -> Text {
        let found = METHODS.iter().find(|(names, _)| names.contains(&name));
        answer(
            node,
            (name, found.unwrap().1),
            &Params::new(Some(params)),
            interrupt,
        )
    }

    /// Theorem: what reads much can be given up, loses nothing by that, and answers when it has the time.
    #[test]
    fn long_reads_can_be_given_up() {
        let node = open(&Config::default(), None).unwrap();
        let now = |name: &str, params: &str| {
            let answer = ask(&node, name, params, &Interrupt::default());
            answer.unwrap_or_else(|error| panic!("{name}: {}", error.message()))
        };
        let sender = now("eth_accounts", "[]");
        let sender = sender.get().split('"').nth(1).unwrap();
        let logger = "0x00000000000000000000000000000000000000e1";
        now("anvil_setCode", &format!(r#"["{logger}","{LOGGER}"]"#));
        let filter = now("eth_newFilter", "[{}]");
        let send = |length: usize| {
            let input = format!("{:064x}{}", 200, "00".repeat(length));
            let transaction = format!(
                r#"{{"from":"{sender}","to":"{logger}","gas":"0x1312d00","data":"0x{input}"}}"#
            );
            now("eth_sendTransaction", &format!("[{transaction}]"))
        };
        let hash = send(50_000);
        now("evm_setAutomine", "[false]");
        send(50_000);
        for (name, params) in [
            ("eth_getFilterChanges", format!("[{filter}]")),
            ("eth_getFilterLogs", format!("[{filter}]")),
            ("eth_getLogs", "[{}]".into()),
            ("eth_getTransactionReceipt", format!("[{hash}]")),
            ("eth_getTransactionByHash", format!("[{hash}]")),
            ("eth_getBlockReceipts", r#"["latest"]"#.into()),
            ("eth_getBlockByNumber", r#"["latest",true]"#.into()),
            ("debug_getRawBlock", r#"["latest"]"#.into()),
            ("debug_getRawReceipts", r#"["latest"]"#.into()),
            ("debug_getRawTransaction", format!("[{hash}]")),
            ("ots_getBlockTransactions", r#"["latest",0,25]"#.into()),
            (
                "ots_searchTransactionsBefore",
                format!(r#"["{logger}",0,25]"#),
            ),
            ("txpool_content", "[]".into()),
            ("txpool_contentFrom", format!(r#"["{sender}"]"#)),
        ] {
            let interrupt = Interrupt::after(8);
            let given_up = ask(&node, name, &params, &interrupt);
            assert!(given_up.is_err(), "{name}");
            assert_eq!(interrupt.reason(), Some(Interrupted::Long), "{name}");
            let whole = now(name, &params);
            assert!(whole.get().len() > 1_000, "{name}: {}", whole.get());
        }
        assert_eq!(
            now("eth_getFilterChanges", &format!("[{filter}]")).get(),
            "[]"
        );
    }
}
