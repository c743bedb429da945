//! The in-memory chain: what is cold on it, what a transaction leaves behind, and what it cannot answer.

use alloy_primitives::{Address, B256, Bytes, U256, address};
use stylus_vm::{Effect, Environment, Fault, Host, MemoryAccount, MemoryHost, Pages, Unanswerable};

use super::case::{Case, TARGET, check_ink};
use super::storage::{CACHE_ONE, FLUSH, LOAD};

const CALL_WITH_VALUE: &str = "(drop (call $call (i32.const 0) (i32.const 256) (i32.const 0) (i32.const 64) (i64.const 0) (i32.const 400)))";

const BALANCE: &str = "(call $balance (i32.const 0) (i32.const 256))";

/// A case at the beginning of a transaction in `environment`.
fn begun(environment: Environment) -> Case {
    let mut case = Case::default();
    case.host.begin(&environment, Pages(1));
    case.environment = environment;
    case
}

/// Theorem: all parties to a transaction, and precompiles, are warm from the beginning.
#[test]
fn what_is_warm_in_every_transaction() {
    const COLD: u64 = 26_078_153;
    const WARM: u64 = 1_078_153;
    let zero = Environment::default;
    check_ink(|| begun(zero()), &[BALANCE], COLD);
    let sender = || Environment {
        sender: TARGET,
        ..zero()
    };
    check_ink(|| begun(sender()), &[BALANCE], WARM);
    let contract = || Environment {
        contract: TARGET,
        ..zero()
    };
    check_ink(|| begun(contract()), &[BALANCE], WARM);
    let coinbase = || Environment {
        coinbase: TARGET,
        ..zero()
    };
    check_ink(|| begun(coinbase()), &[BALANCE], WARM);
    for (precompile, is_cold) in [
        (0x01, false),
        (0x12, true),
        (0x6b, false),
        (0x75, true),
        (0x100, false),
    ] {
        let mut bytes = [0; 20];
        bytes[18..].copy_from_slice(&u16::to_be_bytes(precompile));
        let account = MemoryHost::default().load_account(bytes.into()).unwrap();
        assert_eq!(account.is_cold, is_cold, "{precompile:#x}");
    }
}

/// Theorem: a successful transaction's changes stay, any other's do not, and the next one finds nothing warm or
/// transient.
#[test]
fn transactions_stay_or_leave_nothing() {
    let (key, one, nine) = (
        B256::with_last_byte(7),
        B256::with_last_byte(1),
        B256::with_last_byte(9),
    );
    let body = format!("{CACHE_ONE}{FLUSH}(call $tstore (i32.const 32) (i32.const 64))");
    let environment = Environment {
        contract: address!("0x5757575757575757575757575757575757575757"),
        value: U256::from(5),
        ..Environment::default()
    };
    let contract = environment.contract;
    for (well, value, balance) in [(true, one, 5), (false, nine, 0)] {
        let mut case = Case::default();
        case.host.storage.insert(key, nine);
        case.host.begin(&environment, Pages(1));
        case.run(&body);
        assert_eq!(case.host.transient[&key], one);
        assert_eq!(case.host.end(well), [Effect::Write { key, value: one }]);
        assert_eq!(case.host.storage[&key], value);
        assert_eq!(case.host.accounts[&contract].balance, U256::from(balance));
        case.host.begin(&environment, Pages(1));
        assert_eq!(case.host.load_transient(key).unwrap(), B256::ZERO);
        assert!(case.host.load_storage(key).unwrap().is_cold);
        // A slot's original value is what the previous transaction left.
        assert_eq!(case.host.store_storage(key, one).unwrap().original, value);
    }
}

#[test]
fn storage_is_warm_once_it_was_touched() {
    let twice = format!("{LOAD}(call $flush (i32.const 1)){LOAD}");
    let (once, both) = (Case::default().run(LOAD), Case::default().run(&twice));
    let again = both.ink_used - once.ink_used;
    // Two more calls, in two more blocks.
    let operators = 2 * (2_450 + 3_800) + 3;
    assert_eq!(again.0, 1_068_480 + 68_073 + operators);
}

/// Theorem: value moves to an account without code if there is enough; other code does not run, and an error says so.
#[test]
fn calls_of_accounts() {
    let run = |balance: u64, code: &'static [u8]| {
        let mut case = Case::default();
        case.host.answer = None;
        case.host.contract = case.environment.contract;
        let account = |balance, code| MemoryAccount {
            balance: U256::from(balance),
            code: Bytes::from_static(code),
            ..MemoryAccount::default()
        };
        case.host
            .accounts
            .insert(Address::ZERO, account(balance, &[]));
        case.host.accounts.insert(TARGET, account(2, code));
        let result = case.try_run(CALL_WITH_VALUE);
        let left = [Address::ZERO, TARGET].map(|who| case.host.accounts[&who].balance);
        (result, left.map(|balance| balance.to::<u64>()))
    };
    let (result, balances) = run(3, &[]);
    assert!(result.is_ok());
    assert_eq!(balances, [2, 3]);
    let (result, balances) = run(0, &[]);
    assert!(result.is_ok());
    assert_eq!(balances, [0, 2]);

    let (result, _) = run(3, &[0xFE]);
    let Err(Fault::Host(fault)) = result else {
        panic!("{result:?}");
    };
    let reason = fault.0.downcast_ref::<Unanswerable>();
    assert_eq!(reason, Some(&Unanswerable::Contract(TARGET)));
}
