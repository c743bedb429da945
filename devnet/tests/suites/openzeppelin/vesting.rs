//! A wallet whose contents become available to its owner gradually: ether and tokens.

use std::time::Duration;

use alloy_sol_types::sol;

use super::erc20::{self, *};
use super::*;

sol! {
    #![sol(all_derives)]
    interface Wallet {
        constructor(address beneficiary, uint64 start, uint64 duration);
        function owner() external view returns (address);
        function transferOwnership(address owner) external;
        function start() external view returns (uint256);
        function duration() external view returns (uint256);
        function end() external view returns (uint256);
        function released() external view returns (uint256);
        function released(address token) external view returns (uint256);
        function releasable() external view returns (uint256);
        function releasable(address token) external view returns (uint256);
        function release() external;
        function release(address token) external;
        function vestedAmount(uint64 timestamp) external view returns (uint256);
        function vestedAmount(address token, uint64 timestamp) external view returns (uint256);

        event EtherReleased(uint256 amount);
        event ERC20Released(address indexed token, uint256 amount);

        error OwnableUnauthorizedAccount(address account);
        error OwnableInvalidOwner(address owner);
        error ReleaseEtherFailed(string reason);
        error SafeErc20FailedOperation(address token);
        error InvalidToken(address token);
    }
}

use Wallet::*;

const YEAR: u64 = 365 * 86_400;

/// A wallet of Alice's that began `ago` seconds ago and lasts a year.
fn wallet(ago: u64) -> (Contract, u64, [Address; 3]) {
    let (chain, people) = chain(WalletErrors::SIGNATURES);
    let start = chain.timestamp() - ago;
    let constructor = Wallet::constructorCall {
        beneficiary: people[0],
        start,
        duration: YEAR,
    };
    let wallet = chain.deploy_with(module("vesting-wallet"), constructor);
    (wallet, start, people)
}

/// What is due at a time, out of a thousand.
fn due(start: u64, time: u64) -> u64 {
    1_000 * (time - start).min(YEAR) / YEAR
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn a_wallet_has_an_owner_and_a_schedule() {
    let (wallet, start, [alice, bob, _]) = wallet(0);
    assert_eq!(wallet.call(ownerCall {}), alice);
    assert_eq!(wallet.call(startCall {}), number(start));
    assert_eq!(wallet.call(durationCall {}), number(YEAR));
    assert_eq!(wallet.call(endCall {}), number(start + YEAR));
    let nobody = Wallet::constructorCall {
        beneficiary: Address::ZERO,
        start: 0,
        duration: 0,
    };
    let error = format!("OwnableInvalidOwner({})", Address::ZERO);
    not_constructed(wallet.sender().chain(), "vesting-wallet", nobody, error);
    let call = transferOwnershipCall { owner: bob };
    refused(
        &wallet.from(bob),
        call,
        format!("OwnableUnauthorizedAccount({bob})"),
    );
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn all_is_vested_in_the_end_and_nothing_before() {
    let (wallet, start, [alice, ..]) = wallet(0);
    let chain = wallet.sender().chain();
    let token = erc20::deployed(chain);
    token.send(mint(wallet.address(), 1_000));
    chain.from(alice).transfer(wallet.address(), number(1_000));
    for step in 0..64 {
        let timestamp = start + step * YEAR / 60;
        let expected = number(due(start, timestamp));
        assert_eq!(
            wallet.call(vestedAmount_0Call { timestamp }),
            expected,
            "{step}"
        );
        let of_token = vestedAmount_1Call {
            token: token.address(),
            timestamp,
        };
        assert_eq!(wallet.call(of_token), expected, "{step}");
    }
    let before = vestedAmount_0Call {
        timestamp: start - 1,
    };
    assert_eq!(wallet.call(before), U256::ZERO);
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn ether_is_released_as_it_is_due() {
    for quarters in [0, 1, 2, 4, 5] {
        let (wallet, start, [alice, bob, _]) = wallet(quarters * YEAR / 4);
        let chain = wallet.sender().chain();
        chain.from(bob).transfer(wallet.address(), number(1_000));
        let before = chain.balance(alice);
        let expected = number(due(start, chain.timestamp()));
        assert_eq!(wallet.call(releasable_0Call {}), expected);
        // Anyone can trigger the release.
        let sent = wallet.from(bob).send(release_0Call {});
        let amount = number(due(start, chain.timestamp()));
        assert_eq!(sent.event::<EtherReleased>(), EtherReleased { amount });
        assert_eq!(chain.balance(alice), before + amount);
        assert_eq!(chain.balance(wallet.address()), number(1_000) - amount);
        assert_eq!(wallet.call(released_0Call {}), amount);
        assert_eq!(wallet.call(releasable_0Call {}), U256::ZERO);
    }
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn tokens_are_released_as_they_are_due() {
    let (wallet, start, [alice, bob, _]) = wallet(0);
    let chain = wallet.sender().chain().clone();
    let erc20 = erc20::deployed(&chain);
    let token = erc20.address();
    erc20.send(mint(wallet.address(), 1_000));
    let mut sum = 0;
    for quarter in 1..=5 {
        chain.advance_time(Duration::from_secs(YEAR / 4));
        if quarter == 4 {
            // An activation lasts a year: anyone who waits for the end has to activate again.
            let expired = wallet.from(bob).fails(release_1Call { token });
            assert!(expired.to_string().contains("program expired"), "{expired}");
            for program in [&wallet, &erc20] {
                program.try_activate().unwrap();
            }
        }
        let sent = wallet.from(bob).send(release_1Call { token });
        let all = due(start, chain.timestamp());
        let released = ERC20Released {
            token,
            amount: number(all - sum),
        };
        assert_eq!(sent.event::<ERC20Released>(), released);
        assert_eq!(
            sent.event::<Transfer>(),
            moved(wallet.address(), alice, all - sum)
        );
        sum = all;
        balances(&erc20, [(alice, all), (wallet.address(), 1_000 - all)]);
        assert_eq!(wallet.call(released_1Call { token }), number(all));
        assert_eq!(wallet.call(releasable_1Call { token }), U256::ZERO);
    }
    assert_eq!(sum, 1_000);
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn what_cannot_be_released_stays() {
    let (wallet, _, [alice, bob, _]) = wallet(YEAR);
    let chain = wallet.sender().chain();
    let none = release_1Call { token: bob };
    refused(&wallet, none, format!("InvalidToken({bob})"));
    let token = erc20::deployed(chain);
    token.send(mint(wallet.address(), 1_000));
    token.send(pauseCall {});
    let halted = release_1Call {
        token: token.address(),
    };
    refused(
        &wallet,
        halted.clone(),
        format!("SafeErc20FailedOperation({})", token.address()),
    );
    assert_eq!(
        wallet.call(released_1Call {
            token: token.address()
        }),
        U256::ZERO
    );
    // An owner that does not accept ether.
    chain.from(bob).transfer(wallet.address(), number(1_000));
    wallet.from(alice).send(transferOwnershipCall {
        owner: token.address(),
    });
    refused(&wallet, release_0Call {}, "ReleaseEtherFailed(\"\")");
    assert_eq!(chain.balance(wallet.address()), number(1_000));
}
