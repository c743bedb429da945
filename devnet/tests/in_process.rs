//! A chain without a server, as contract tests use it: what it does, and what it says when something goes wrong.
//!
//! Lives here: everything except building a crate, which the contracts' own tests cover (`contracts/chain`).

use std::cell::RefCell;
use std::time::Duration;

use alloy_primitives::{U256, address, hex, keccak256};
use alloy_sol_types::{SolCall as _, SolError as _, SolEvent as _, sol};
use serde_json::json;
use stylus_devnet::testing::*;
use stylus_devnet::{ArbOs, Config, Devnet, Mining};

use crate::contracts::{evm_forward, forward, path, program};
use crate::support::Remote;

sol! {
    #![sol(all_derives)]
    contract Thing {
        constructor(uint256 first, uint256 second);
        function get() external view returns (uint256);
        function put(bytes text) external returns (bytes);
        error Refused(address who, uint256 amount);
    }

    interface Told {
        function nothing() external;
        event Made();
        // Has the selector of every constructor, so that a program can return its input as this error.
        error stylus_constructor();
    }

    interface ArbOwner {
        function setWasmFreePages(uint16 pages) external;
        function setWasmActivationGas(uint64 gas) external;
    }
}

use Thing::{Refused, ThingErrors, constructorCall, getCall, putCall};
use Told::{Made, ToldErrors};

const ARB_OWNER: Address = address!("0x0000000000000000000000000000000000000070");

/// A program that runs `body` in every call.
fn module(body: &str) -> Module {
    Module::from_wasm(&wat::parse_str(program(body)).unwrap()).unwrap()
}

/// Returns its whole input.
fn echo() -> Module {
    module("(call $write_result (i32.const 1024) (local.get $len)) (i32.const 0)")
}

/// The message of a panic.
#[track_caller]
fn panic_of(act: impl FnOnce() + std::panic::UnwindSafe) -> String {
    let panic = std::panic::catch_unwind(act).unwrap_err();
    match panic.downcast::<String>() {
        Ok(said) => *said,
        Err(said) => (*said.downcast::<&str>().unwrap()).to_owned(),
    }
}

#[test]
fn the_same_calls_make_the_same_chain() {
    let play = || {
        let chain = Chain::new();
        let bob = chain.account("bob");
        let contract = chain.deploy(echo());
        let sent = chain
            .from(bob)
            .try_send(contract.address(), Bytes::from("x"))
            .unwrap();
        chain.advance_time(Duration::from_secs(60));
        (
            contract.deployment(),
            sent.receipt,
            chain.timestamp(),
            chain.balance(bob),
        )
    };
    assert_eq!(play(), play());
}

#[test]
fn deploying_takes_what_its_transactions_take() {
    let chain = Chain::new();
    let before = chain.block_number();
    let first = chain.deploy(echo());
    let deployment = first.deployment().unwrap();
    assert_eq!(
        chain.block_number(),
        before + 2,
        "one to create it, one to activate it"
    );
    assert_eq!(deployment.code_size, chain.code(first.address()).len());
    assert!(deployment.data_fee > U256::ZERO && deployment.gas > Gas(1_000_000));
    // The same code is already active, in another account.
    let second = chain.deploy(echo());
    assert_ne!(first.address(), second.address());
    let cheaper = second.deployment().unwrap();
    assert_eq!(
        (chain.block_number(), cheaper.data_fee),
        (before + 3, U256::ZERO)
    );
    assert!(cheaper.gas < deployment.gas);
}

/// Returns the first word of its constructor's arguments; needs 7 wei sent along.
const CONSTRUCTED: &str = r#"
    (if (i32.eq (i32.load (i32.const 1024)) (i32.const 0x8d258555))
        (then
            (call $value (i32.const 512))
            (if (i32.ne (i32.load8_u (i32.const 543)) (i32.const 7)) (then (return (i32.const 1))))
            (call $cache (i32.const 256) (i32.const 1028))
            (call $flush (i32.const 0))
            (return (i32.const 0))))
    (call $load (i32.const 256) (i32.const 288))
    (call $write_result (i32.const 288) (i32.const 32))
    (i32.const 0)"#;

#[test]
fn constructors_run_once_with_what_is_sent_along() {
    let chain = Chain::new();
    let alice = chain.account("alice");
    let arguments = || constructorCall {
        first: U256::from(42),
        second: U256::from(43),
    };
    let before = chain.balance(alice);
    let seven = chain.from(alice).value(U256::from(7));
    let contract = seven.deploy_with(module(CONSTRUCTED), arguments());
    assert_eq!(contract.call(getCall {}), U256::from(42));
    assert_eq!(chain.balance(contract.address()), U256::from(7));
    let deployment = contract.deployment().unwrap();
    let fees = U256::from(deployment.gas.0) * U256::from(chain.gas_price());
    let spent = before - chain.balance(alice);
    assert_eq!(spent, U256::from(7) + deployment.data_fee + fees);

    let error = chain
        .from(alice)
        .try_deploy_with(module(CONSTRUCTED), arguments())
        .unwrap_err();
    assert!(matches!(error, DeployError::Constructor(_)), "{error:?}");
    assert!(error.to_string().starts_with("its constructor failed: "));
}

#[test]
fn what_a_constructor_logs_and_refuses_is_told() {
    let chain = Chain::new().with_errors(ToldErrors::SIGNATURES);
    let topic = || constructorCall {
        first: Made::SIGNATURE_HASH.into(),
        second: U256::ZERO,
    };
    let logging = "(call $log (i32.const 1028) (i32.const 32) (i32.const 1)) (i32.const 0)";
    let contract = chain.deploy_with(module(logging), topic());
    let receipt = contract.deployment().unwrap().receipt;
    assert_eq!(receipt.events_of::<Made>(contract.address()), [Made {}]);
    assert_eq!(receipt.events_of::<Made>(chain.dev()), []);

    let refusing = "(call $write_result (i32.const 1024) (i32.const 4)) (i32.const 1)";
    let dev = chain.from(chain.dev());
    let error = dev.try_deploy_with(module(refusing), topic()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "its constructor failed: it reverted with stylus_constructor()"
    );
}

/// Checks the message of a call that fails.
#[track_caller]
fn check_failure(contract: &Contract, words: &str) {
    let call = || putCall {
        text: Bytes::from("x"),
    };
    let sent = contract.fails(call());
    assert_eq!(sent.to_string(), words);
    assert!(sent.gas_used() > Gas(21_000));
    assert_eq!(contract.try_call(call()).unwrap_err().to_string(), words);
    let said = panic_of(std::panic::AssertUnwindSafe(|| {
        contract.send(call());
    }));
    let (address, sender) = (contract.address(), contract.sender().address());
    assert_eq!(
        said,
        format!("`put(bytes)` of {address}, called by {sender}: {words}")
    );
}

#[test]
fn failures_say_why() {
    let chain = Chain::new();
    let trapped = chain.deploy(module("unreachable"));
    check_failure(
        &trapped,
        "it failed: the program failed: wasm trap: wasm `unreachable` instruction executed",
    );
    let silent = chain.deploy(module("(i32.const 1)"));
    check_failure(
        &silent,
        "it reverted without data, as a contract on stylus-sdk does where it has no such function or takes no ether",
    );
    let endless = chain.deploy(module("(loop $l (br $l)) (i32.const 0)"));
    check_failure(&endless.gas_limit(Gas(100_000)), "it failed: out of gas");

    // Reverts with the content of `put`'s calldata: the bytes after its selector, offset and length.
    let reverter = module("(call $write_result (i32.const 1092) (i32.const 68)) (i32.const 1)");
    let reverter = chain.deploy(reverter);
    let who = chain.account("bob");
    let refused = Refused {
        who,
        amount: U256::from(5),
    };
    let call = || putCall {
        text: refused.abi_encode().into(),
    };
    let failure = reverter.fails(call());
    assert_eq!(failure.error(), Some(refused.clone()));
    let unknown = failure.to_string();
    assert!(unknown.starts_with("it reverted with 0x") && unknown.contains("`with_errors`"));
    let reverter = reverter.with_errors(ThingErrors::SIGNATURES);
    let words = format!("it reverted with Refused({who}, 5)");
    assert_eq!(reverter.fails(call()).to_string(), words);
    assert_eq!(reverter.reverts_with::<Refused>(call()), refused);
}

/// Theorem: whatever panics names the line of the test.
#[test]
fn panics_name_the_tests_line() {
    thread_local! {
        static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
    }
    let others = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PLACE.set(panic.location().map(|place| place.file().to_owned()));
        others(panic);
    }));
    let chain = Chain::new();
    let silent = chain.deploy(module("(i32.const 1)"));
    let bare = Module::from_wasm(&wat::parse_str("(module)").unwrap()).unwrap();
    let none = || constructorCall {
        first: U256::ZERO,
        second: U256::ZERO,
    };
    let poor = chain.from(Address::repeat_byte(9));
    let checks: [&dyn Fn(); 9] = [
        &|| drop(silent.send(getCall {})),
        &|| _ = silent.call(getCall {}),
        &|| _ = silent.reverts_with::<Refused>(getCall {}),
        &|| drop(chain.deploy(echo()).fails(getCall {})),
        &|| drop(chain.deploy(&bare)),
        &|| drop(chain.deploy_with(&bare, none())),
        &|| drop(poor.transfer(chain.dev(), U256::ONE)),
        &|| drop(poor.create(hex!("fe"))),
        &|| drop(Package::at("/nowhere").module()),
    ];
    for (number, check) in checks.into_iter().enumerate() {
        panic_of(std::panic::AssertUnwindSafe(check));
        let place = PLACE.take().unwrap();
        assert!(place.ends_with("in_process.rs"), "{number}: {place}");
    }
}

#[test]
fn what_was_to_fail_and_does_not_is_told() {
    let chain = Chain::new();
    let echo = chain.deploy(echo());
    let said = panic_of(std::panic::AssertUnwindSafe(|| {
        echo.fails(getCall {});
    }));
    assert!(
        said.ends_with("should fail, but succeeds and returns 0x6d4ce63c"),
        "{said}"
    );
    let error = echo.try_call(getCall {}).unwrap_err();
    let said = error.to_string();
    assert!(
        said.contains("is not what `get()` is declared to return"),
        "{said}"
    );
    let silent = chain.deploy(module("(i32.const 1)"));
    let said = panic_of(std::panic::AssertUnwindSafe(|| {
        silent.reverts_with::<Refused>(getCall {});
    }));
    let words = "should revert with Refused(address,uint256), but it reverted without data";
    assert!(said.contains(words), "{said}");
}

#[test]
fn a_program_that_is_refused_says_why() {
    let chain = Chain::new();
    let bare = Module::from_wasm(&wat::parse_str("(module)").unwrap()).unwrap();
    let error = chain.from(chain.dev()).try_deploy(bare).unwrap_err();
    assert!(matches!(error, DeployError::Activate(_)), "{error:?}");
    let said = error.to_string();
    assert!(
        said.starts_with("it cannot be activated: ") && said.contains("activation failed"),
        "{said}"
    );
    // With a constructor, the deployer's call is refused.
    let bare = Module::from_wasm(&wat::parse_str("(module)").unwrap()).unwrap();
    let none = constructorCall {
        first: U256::ZERO,
        second: U256::ZERO,
    };
    let error = chain
        .from(chain.dev())
        .try_deploy_with(bare, none)
        .unwrap_err();
    assert!(matches!(error, DeployError::Activate(_)), "{error:?}");

    let small = Chain::builder().configure(|config| config.max_code_size = 100);
    let small = small.chain().unwrap();
    let error = small.from(small.dev()).try_deploy(echo()).unwrap_err();
    assert!(
        matches!(error, DeployError::TooLarge { limit: 100, .. }),
        "{error:?}"
    );

    let owner = chain.contract(ARB_OWNER);
    owner.send(ArbOwner::setWasmActivationGasCall { gas: u64::MAX });
    let paused = chain.from(chain.dev()).try_deploy(echo()).unwrap_err();
    assert!(matches!(paused, DeployError::Activate(_)), "{paused:?}");
}

#[test]
fn anybody_sends() {
    let chain = Chain::new();
    let contract = chain.deploy(echo());
    let bob = chain.account("bob");
    chain.set_balance(contract.address(), U256::from(10_u64.pow(18)));
    let before = chain.balance(bob);
    chain.from(contract.address()).transfer(bob, U256::from(3));
    assert_eq!(chain.balance(bob), before + U256::from(3));
    let poor = Address::repeat_byte(9);
    let error = chain.from(poor).try_send(bob, Bytes::new()).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("the chain rejects it: insufficient funds"),
        "{error}"
    );
}

/// Who deploys needs what it costs, and not what is sent along to be on the safe side.
#[test]
fn who_has_little_deploys() {
    let chain = Chain::new();
    let alice = chain.account("alice");
    let little = U256::from(10_u64.pow(16));
    let arguments = constructorCall {
        first: U256::from(1),
        second: U256::from(2),
    };
    chain.set_balance(alice, little);
    let echo = chain.from(alice).deploy(echo());
    assert!(echo.deployment().unwrap().data_fee < little);
    chain.set_balance(alice, little);
    let contract = chain
        .from(alice)
        .value(U256::from(7))
        .deploy_with(module(CONSTRUCTED), arguments);
    assert_eq!(chain.balance(contract.address()), U256::from(7));
}

/// Whoever else sends from an account meanwhile: each gets the contract that its own transaction made.
#[test]
fn many_deploy_from_one_account_at_once() {
    let chain = Chain::new();
    let modules: Vec<Module> = (0..8)
        .map(|answer| module(&format!("(i32.const {answer}) (drop) (i32.const 0)")))
        .collect();
    let codes: Vec<(Bytes, Bytes)> = std::thread::scope(|scope| {
        let threads: Vec<_> = modules
            .iter()
            .map(|module| {
                let chain = &chain;
                scope.spawn(move || {
                    let made = chain.deploy(module);
                    let bare = chain.from(chain.dev()).create(hex!("60016000f3"));
                    (chain.code(made.address()), chain.code(bare.address()))
                })
            })
            .collect();
        let joined = threads.into_iter().map(|thread| thread.join());
        joined.map(Result::unwrap).collect()
    });
    for (module, (code, bare)) in modules.iter().zip(codes) {
        assert_eq!(code, stylus_vm::code::encode(module.wasm()));
        assert_eq!(bare[..], [0]);
    }
}

#[test]
fn a_chain_goes_back_and_apart() {
    let chain = Chain::new();
    let bob = chain.account("bob");
    let slot = U256::from(5);
    let first = chain.snapshot();
    chain.set_storage(bob, slot, B256::with_last_byte(1));
    let second = chain.snapshot();
    let fork = chain.fork();
    chain.set_storage(bob, slot, B256::with_last_byte(2));
    fork.set_storage(bob, slot, B256::with_last_byte(3));
    fork.mine(2);
    assert_eq!(chain.storage(bob, slot), B256::with_last_byte(2));
    assert_eq!((chain.block_number(), fork.block_number()), (0, 2));
    chain.restore(first);
    assert_eq!(chain.storage(bob, slot), B256::ZERO);
    let said = panic_of(std::panic::AssertUnwindSafe(|| chain.restore(second)));
    assert!(said.starts_with("the snapshot is gone"), "{said}");
    assert_eq!(fork.storage(bob, slot), B256::with_last_byte(3));
    // A snapshot of the same number, but of another chain.
    let (third, _) = (chain.snapshot(), fork.snapshot());
    let said = panic_of(std::panic::AssertUnwindSafe(|| fork.restore(third)));
    assert!(said.ends_with("or it belongs to another chain"), "{said}");
    assert_eq!(fork.block_number(), 2);
}

#[test]
fn what_is_taken_back_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let open = || {
        let builder = Chain::builder().state(folder.path().join("chain"));
        builder.chain().unwrap()
    };
    let chain = open();
    chain.mine(2);
    let before = chain.snapshot();
    chain.mine(3);
    chain.restore(before);
    drop(chain);
    let chain = open();
    assert_eq!(chain.block_number(), 2);
    chain.mine(1);
    drop(chain);
    assert_eq!(open().block_number(), 3);
}

#[test]
fn intervals_have_a_length() {
    let check = |set: fn(&mut Config), words: &str| {
        let error = Devnet::builder().port(0).configure(set).start();
        let said = error.unwrap_err().to_string();
        assert!(said.starts_with(words), "{said}");
    };
    check(
        |config| config.mining = Mining::Every(Duration::ZERO),
        "`mining` is a zero interval: `Mining::Automatic`",
    );
    check(
        |config| config.state_interval = Some(Duration::ZERO),
        "`state_interval` is a zero interval: `None`",
    );
}

/// What a test would stumble over gets a sentence that says what to do.
#[test]
fn mistakes_are_told() {
    let check = |error: CallError, words: &str| {
        let said = error.to_string();
        assert!(said.contains(words), "{said}");
    };
    let chain = Chain::new();
    let nobody = chain.contract(chain.account("nobody"));
    check(
        nobody.try_call(getCall {}).unwrap_err(),
        "there is no contract at 0x",
    );
    check(
        nobody.try_send(getCall {}).unwrap_err(),
        "nothing ran, since there is no contract at",
    );
    let nothing = nobody.try_send(Told::nothingCall {});
    check(nothing.map(|_| ()).unwrap_err(), "for `nothing()`");
    let trap = chain.from(chain.dev()).try_deploy_with(
        module("unreachable"),
        constructorCall {
            first: U256::ZERO,
            second: U256::ZERO,
        },
    );
    let said = trap.unwrap_err().to_string();
    assert!(
        said.starts_with("its constructor failed: it failed: it aborted"),
        "{said}"
    );
    check(nobody.try_activate().unwrap_err(), "`cargo stylus deploy`");
    let echo = chain.deploy(echo());
    check(
        echo.try_activate().unwrap_err(),
        "it reverted with ProgramUpToDate(): it is active, and nothing has to be done",
    );
    let rich = Address::repeat_byte(7);
    chain.set_balance(rich, U256::MAX);
    let dev = chain.from(chain.dev());
    check(
        dev.clone()
            .value(U256::ONE)
            .try_send(rich, Bytes::new())
            .unwrap_err(),
        "the recipient's balance would exceed 2^256 - 1 wei",
    );
    let all = constructorCall {
        first: U256::ZERO,
        second: U256::ZERO,
    };
    let error = dev
        .value(U256::MAX)
        .try_deploy_with(module("(i32.const 0)"), all);
    let said = error.unwrap_err().to_string();
    assert!(said.contains("overflow payment"), "{said}");
    let waits = Chain::builder().mining(Mining::Asked).chain().unwrap();
    let error = waits.from(waits.dev()).try_send(rich, Bytes::new());
    check(error.unwrap_err(), "`Chain::mine` makes one");
}

#[test]
fn time_passes_as_a_test_says() {
    let chain = Chain::new();
    assert_eq!(
        (chain.block_number(), chain.timestamp()),
        (0, 1_800_000_000)
    );
    chain.advance_time(Duration::from_secs(86_400));
    let later = chain.timestamp();
    assert!(
        (86_400..86_403).contains(&(later - 1_800_000_000)),
        "{later}"
    );
    chain.mine(1);
    assert_eq!(chain.timestamp(), later + 1);
    // An activation lasts a year.
    let contract = chain.deploy(echo());
    let call = || putCall { text: Bytes::new() };
    assert!(
        contract.try_call(call()).is_err(),
        "the echo of a call is not an encoded answer"
    );
    chain.advance_time(Duration::from_secs(366 * 86_400));
    let said = contract.fails(call()).to_string();
    assert!(said.contains("expired"), "{said}");
    contract.try_activate().unwrap();
    assert!(
        contract
            .sender()
            .try_send(contract.address(), Bytes::new())
            .is_ok()
    );
}

/// Theorem: a stack of two megabytes, which test threads have, is enough for calls as deep as gas allows.
#[test]
fn deep_calls_need_no_large_thread() {
    let chain = Chain::builder()
        .arbos(ArbOs::LAST_STYLUS_2)
        .chain()
        .unwrap();
    // Pages cost so much that programs would never get this deep: make them free.
    chain
        .contract(ARB_OWNER)
        .send(ArbOwner::setWasmFreePagesCall { pages: 60_000 });
    let wasm = wat::parse_str(forward("call")).unwrap();
    let program = chain.deploy(Module::from_wasm(&wasm).unwrap());
    let evm = chain
        .from(chain.dev())
        .create(stylus_vm::code::init_code(&evm_forward()));
    let run = || {
        for pair in [[program.address(), evm.address()], [program.address(); 2]] {
            let mut along: Vec<Address> = pair.into_iter().cycle().take(150).collect();
            along.push(Address::with_last_byte(4)); // the identity precompile
            let (first, rest) = along.split_first().unwrap();
            let output = program.sender().try_call(*first, path(rest, b"deep"));
            assert_eq!(output.unwrap()[..], b"deep"[..]);
        }
    };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(2 << 20);
        thread.spawn_scoped(scope, run).unwrap().join().unwrap();
    });
}

#[test]
fn a_server_speaks_of_the_same_chain() {
    let chain = Chain::new();
    let contract = chain.deploy(echo());
    let server = chain.serve().unwrap();
    let remote = Remote::new(&server.url());
    let request = json!([{ "to": contract.address(), "input": "0x1234" }, "latest"]);
    assert_eq!(remote.rpc("eth_call", request.clone()), "0x1234");
    let bob = chain.account("bob");
    let transfer = json!([{ "to": bob, "value": "0x5" }]);
    let before = chain.balance(bob);
    remote.rpc("eth_sendTransaction", transfer);
    assert_eq!(chain.balance(bob), before + U256::from(5));
    // A named account has no key: a client must be allowed to send from it.
    let taken = json!([{ "from": bob, "to": bob }]);
    assert!(remote.ask("eth_sendTransaction", taken).is_err());
    remote.rpc("evm_setAutomine", json!([false]));
    let waiting = contract.sender().try_send(bob, Bytes::new()).unwrap_err();
    assert_eq!(waiting, CallError::Waiting);
    chain.mine(1);
    assert_eq!(chain.nonce(chain.dev()), remote_nonce(&remote, chain.dev()));

    // The chain outlives its server, and can get another.
    server.stop().unwrap();
    chain.mine(1);
    let again = chain.serve().unwrap();
    assert_eq!(Remote::new(&again.url()).rpc("eth_call", request), "0x1234");
}

fn remote_nonce(remote: &Remote, account: Address) -> u64 {
    crate::support::quantity(&remote.rpc("eth_getTransactionCount", json!([account, "latest"])))
}

#[test]
fn a_devnet_has_its_chain_at_hand() {
    let devnet = Devnet::builder().port(0).start().unwrap();
    let chain = devnet.chain();
    let contract = chain.deploy(echo());
    let remote = Remote::new(&devnet.url());
    let code = remote.rpc("eth_getCode", json!([contract.address(), "latest"]));
    assert_eq!(code, hex::encode_prefixed(chain.code(contract.address())));
    let listed: Vec<Address> = devnet
        .accounts()
        .iter()
        .map(|(address, _)| *address)
        .collect();
    assert_eq!(chain.accounts(), listed);
    // A client's filter goes back with the chain.
    let before = chain.snapshot();
    let filter = remote.rpc("eth_newBlockFilter", json!([]));
    chain.mine(2);
    chain.restore(before);
    assert_eq!(
        remote.rpc("eth_getFilterChanges", json!([filter])),
        json!([])
    );
}

#[test]
fn gas_is_asserted_to_the_unit() {
    let chain = Chain::new();
    let bob = chain.account("bob");
    let sent = chain.from(bob).transfer(chain.dev(), U256::ONE);
    assert_gas!(sent, 21_000);
    assert_gas!(sent.receipt, Gas(21_000));
    assert_gas!(sent, 20_800, within 1 %);
    assert_gas!(sent, 20_999, within 1 gas,);
    let said = panic_of(|| assert_gas!(Gas(21_000), 20_999));
    assert_eq!(said, "it took 21,000 gas, but 20,999 is expected (+1)");
    let said = panic_of(|| assert_gas!(Gas(20_000), 21_000, within 4 %));
    assert_eq!(
        said,
        "it took 20,000 gas, but 21,000 is expected (-1,000, beyond 4 %)"
    );
    let call = getCall {};
    assert_eq!(call.abi_encode(), keccak256("get()")[..4]);
}

#[test]
fn packages_that_are_no_contracts_say_so() {
    let check = |folder: &str, words: &str| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/").to_owned() + folder;
        let error = Package::at(folder).build().unwrap_err();
        let said = error.to_string();
        assert!(said.contains(words), "{said}");
    };
    check("nowhere", "there is no package in");
    check("tests", "there is no package in");
    check(".", "stylus-devnet has no library of the type `cdylib`");
    check("../contracts", "its Cargo.toml is a workspace's");
}
