//! Fungible tokens: one with a cap, which holders can burn, and which can be paused.

use alloy_sol_types::sol;

use super::*;

sol! {
    #![sol(all_derives)]
    interface Token {
        constructor(string name, string symbol, uint256 cap);
        function name() external view returns (string);
        function symbol() external view returns (string);
        function decimals() external view returns (uint8);
        function cap() external view returns (uint256);
        function totalSupply() external view returns (uint256);
        function balanceOf(address account) external view returns (uint256);
        function transfer(address to, uint256 value) external returns (bool);
        function allowance(address owner, address spender) external view returns (uint256);
        function approve(address spender, uint256 value) external returns (bool);
        function transferFrom(address from, address to, uint256 value) external returns (bool);
        function mint(address account, uint256 value) external;
        function burn(uint256 value) external;
        function burnFrom(address account, uint256 value) external;
        function paused() external view returns (bool);
        function pause() external;
        function unpause() external;

        event Transfer(address indexed from, address indexed to, uint256 value);
        event Approval(address indexed owner, address indexed spender, uint256 value);
        event Paused(address account);
        event Unpaused(address account);

        error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed);
        error ERC20InvalidSender(address sender);
        error ERC20InvalidReceiver(address receiver);
        error ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed);
        error ERC20InvalidSpender(address spender);
        error ERC20InvalidApprover(address approver);
        error ERC20ExceededCap(uint256 increasedSupply, uint256 cap);
        error ERC20InvalidCap(uint256 cap);
        error EnforcedPause();
        error ExpectedPause();
    }
}

pub(super) use Token::*;

fn constructor(cap: U256) -> Token::constructorCall {
    Token::constructorCall {
        name: "Test Token".into(),
        symbol: "TTK".into(),
        cap,
    }
}

/// Deploys one without a cap, on a chain that may already have others.
pub(super) fn deployed(chain: &Chain) -> Contract {
    let token = chain.deploy_with(module("erc20"), constructor(U256::MAX));
    token.with_errors(TokenErrors::SIGNATURES)
}

/// A token with a cap of a thousand, of which Alice has ten.
fn token() -> (Contract, [Address; 3]) {
    let (chain, people) = chain(TokenErrors::SIGNATURES);
    let token = chain.deploy_with(module("erc20"), constructor(number(1_000)));
    token.send(mint(people[0], 10));
    (token, people)
}

pub(super) fn mint(account: Address, value: u64) -> mintCall {
    let value = number(value);
    mintCall { account, value }
}

pub(super) fn transfer(to: Address, value: u64) -> transferCall {
    let value = number(value);
    transferCall { to, value }
}

pub(super) fn take(from: Address, to: Address, value: u64) -> transferFromCall {
    let value = number(value);
    transferFromCall { from, to, value }
}

pub(super) fn approve(spender: Address, value: U256) -> approveCall {
    approveCall { spender, value }
}

pub(super) fn moved(from: Address, to: Address, value: u64) -> Transfer {
    let value = number(value);
    Transfer { from, to, value }
}

#[track_caller]
pub(super) fn balances<const N: usize>(token: &Contract, expected: [(Address, u64); N]) {
    let actual = expected.map(|(account, _)| token.call(balanceOfCall { account }));
    assert_eq!(actual, expected.map(|(_, balance)| number(balance)));
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn it_has_a_name_and_a_limit() {
    let (token, _) = token();
    assert_eq!(token.call(nameCall {}), "Test Token");
    assert_eq!(token.call(symbolCall {}), "TTK");
    assert_eq!(token.call(decimalsCall {}), 10);
    assert_eq!(token.call(capCall {}), number(1_000));
    interfaces(&token, &[0x01ff_c9a7, 0x3637_2b07, 0xa219_a025]);
    not_constructed(
        token.sender().chain(),
        "erc20",
        constructor(U256::ZERO),
        "ERC20InvalidCap(0)",
    );
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn it_is_minted_up_to_the_limit() {
    let (token, [alice, bob, _]) = token();
    let sent = token.send(mint(bob, 990));
    assert_eq!(sent.event::<Transfer>(), moved(Address::ZERO, bob, 990));
    assert_eq!(token.call(totalSupplyCall {}), number(1_000));
    refused(&token, mint(alice, 1), "ERC20ExceededCap(1001, 1000)");
    let error = format!("ERC20InvalidReceiver({})", Address::ZERO);
    refused(&token, mint(Address::ZERO, 0), error);
    balances(&token, [(alice, 10), (bob, 990)]);
}

/// A panic in a contract is a trap, and a trap gives no reason.
#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn a_supply_that_overflows_traps() {
    let (chain, [alice, ..]) = chain(TokenErrors::SIGNATURES);
    let token = deployed(&chain);
    let all = mintCall {
        account: alice,
        value: U256::MAX,
    };
    token.send(all);
    refused_in_silence(&token, mint(alice, 1));
    assert_eq!(token.call(totalSupplyCall {}), U256::MAX);
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn it_goes_from_one_to_another() {
    let (token, [alice, bob, _]) = token();
    let sent = token.from(alice).send(transfer(bob, 4));
    assert!(sent.returned);
    assert_eq!(sent.event::<Transfer>(), moved(alice, bob, 4));
    // A transfer of zero, and to oneself.
    assert_eq!(
        token.from(bob).send(transfer(alice, 0)).event::<Transfer>(),
        moved(bob, alice, 0)
    );
    token.from(alice).send(transfer(alice, 6));
    balances(&token, [(alice, 6), (bob, 4)]);
    let error = format!("ERC20InsufficientBalance({alice}, 6, 7)");
    refused(&token.from(alice), transfer(bob, 7), error);
    let error = format!("ERC20InvalidReceiver({})", Address::ZERO);
    refused(&token.from(alice), transfer(Address::ZERO, 1), error);
    assert_eq!(token.call(totalSupplyCall {}), number(10));
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn others_take_what_they_may() {
    let (token, [alice, bob, carol]) = token();
    let allowance = || {
        token.call(allowanceCall {
            owner: alice,
            spender: bob,
        })
    };
    let sent = token.from(alice).send(approve(bob, number(5)));
    assert!(sent.returned);
    let approval = Approval {
        owner: alice,
        spender: bob,
        value: number(5),
    };
    assert_eq!(sent.event::<Approval>(), approval);
    let sent = token.from(bob).send(take(alice, carol, 2));
    assert!(sent.returned);
    assert_eq!(sent.event::<Transfer>(), moved(alice, carol, 2));
    // Spending an allowance is not logged.
    assert_eq!(sent.events::<Approval>(), []);
    assert_eq!(allowance(), number(3));
    balances(&token, [(alice, 8), (bob, 0), (carol, 2)]);

    let error = format!("ERC20InsufficientAllowance({bob}, 3, 4)");
    refused(&token.from(bob), take(alice, carol, 4), error);
    token.from(alice).send(approve(bob, number(9)));
    let error = format!("ERC20InsufficientBalance({alice}, 8, 9)");
    refused(&token.from(bob), take(alice, carol, 9), error);
    let error = format!("ERC20InvalidReceiver({})", Address::ZERO);
    refused(&token.from(bob), take(alice, Address::ZERO, 1), error);
    let error = format!("ERC20InvalidSpender({})", Address::ZERO);
    refused(&token.from(alice), approve(Address::ZERO, number(1)), error);
    let error = format!("ERC20InvalidApprover({})", Address::ZERO);
    refused(&token.from(bob), take(Address::ZERO, carol, 0), error);
    assert_eq!(allowance(), number(9));

    // An unlimited allowance is not used up.
    token.from(alice).send(approve(bob, U256::MAX));
    token.from(bob).send(take(alice, carol, 8));
    assert_eq!(allowance(), U256::MAX);
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn it_is_burnt_by_holders_and_by_those_who_may() {
    let (token, [alice, bob, _]) = token();
    let burn = |value| burnCall {
        value: number(value),
    };
    let burn_from = |value| burnFromCall {
        account: alice,
        value: number(value),
    };
    let sent = token.from(alice).send(burn(1));
    assert_eq!(sent.event::<Transfer>(), moved(alice, Address::ZERO, 1));
    let error = format!("ERC20InsufficientBalance({alice}, 9, 10)");
    refused(&token.from(alice), burn(10), error);
    let error = format!("ERC20InsufficientAllowance({bob}, 0, 1)");
    refused(&token.from(bob), burn_from(1), error);
    token.from(alice).send(approve(bob, number(20)));
    let error = format!("ERC20InsufficientBalance({alice}, 9, 10)");
    refused(&token.from(bob), burn_from(10), error);
    token.from(bob).send(burn_from(5));
    assert_eq!(token.call(totalSupplyCall {}), number(4));
    assert_eq!(
        token.call(allowanceCall {
            owner: alice,
            spender: bob
        }),
        number(15)
    );
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn it_is_halted_and_goes_on() {
    let (token, [alice, bob, _]) = token();
    refused(&token, unpauseCall {}, "ExpectedPause()");
    token.from(alice).send(approve(bob, number(5)));
    let sent = token.from(bob).send(pauseCall {});
    assert_eq!(sent.event::<Paused>(), Paused { account: bob });
    assert!(token.call(pausedCall {}));
    let one = U256::ONE;
    refused(&token, pauseCall {}, "EnforcedPause()");
    refused(&token, mint(alice, 1), "EnforcedPause()");
    refused(&token.from(alice), transfer(bob, 1), "EnforcedPause()");
    refused(&token.from(bob), take(alice, bob, 1), "EnforcedPause()");
    refused(
        &token.from(alice),
        burnCall { value: one },
        "EnforcedPause()",
    );
    refused(
        &token.from(bob),
        burnFromCall {
            account: alice,
            value: one,
        },
        "EnforcedPause()",
    );
    let sent = token.send(unpauseCall {});
    assert_eq!(sent.events::<Unpaused>().len(), 1);
    token.from(bob).send(take(alice, bob, 1));
    balances(&token, [(alice, 9), (bob, 1)]);
}
