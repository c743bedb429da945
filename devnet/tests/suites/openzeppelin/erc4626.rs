//! A vault: shares in its holdings of another token.

use alloy_sol_types::sol;

use super::erc20::{self, *};
use super::*;

sol! {
    #![sol(all_derives)]
    interface Vault {
        constructor(string name, string symbol, address asset, uint8 offset);
        function asset() external view returns (address);
        function totalAssets() external view returns (uint256);
        function convertToShares(uint256 assets) external view returns (uint256);
        function convertToAssets(uint256 shares) external view returns (uint256);
        function maxDeposit(address receiver) external view returns (uint256);
        function previewDeposit(uint256 assets) external view returns (uint256);
        function deposit(uint256 assets, address receiver) external returns (uint256);
        function maxMint(address receiver) external view returns (uint256);
        function previewMint(uint256 shares) external view returns (uint256);
        function mint(uint256 shares, address receiver) external returns (uint256);
        function maxWithdraw(address owner) external view returns (uint256);
        function previewWithdraw(uint256 assets) external view returns (uint256);
        function withdraw(uint256 assets, address receiver, address owner) external returns (uint256);
        function maxRedeem(address owner) external view returns (uint256);
        function previewRedeem(uint256 shares) external view returns (uint256);
        function redeem(uint256 shares, address receiver, address owner) external returns (uint256);

        event Deposit(address indexed sender, address indexed owner, uint256 assets, uint256 shares);
        event Withdraw(address indexed sender, address indexed receiver, address indexed owner, uint256 assets, uint256 shares);

        error ERC4626ExceededMaxWithdraw(address owner, uint256 assets, uint256 max);
        error ERC4626ExceededMaxRedeem(address owner, uint256 shares, uint256 max);
        error InvalidAsset(address asset);
        error SafeErc20FailedOperation(address token);
    }
}

use Vault::{
    Deposit, Withdraw, convertToAssetsCall, convertToSharesCall, depositCall, maxDepositCall,
    maxMintCall, maxRedeemCall, maxWithdrawCall, previewDepositCall, previewMintCall,
    previewRedeemCall, previewWithdrawCall, redeemCall, totalAssetsCall, withdrawCall,
};

/// A vault over a token, of which Alice has a thousand and allows it to take all; `offset` is how many more digits a share has.
fn vault(offset: u8) -> (Contract, Contract, [Address; 3]) {
    let (chain, people) = chain(Vault::VaultErrors::SIGNATURES);
    let asset = erc20::deployed(&chain);
    let vault = chain.deploy_with(module("erc4626"), constructor(asset.address(), offset));
    asset.send(erc20::mint(people[0], 1_000));
    asset
        .from(people[0])
        .send(approve(vault.address(), U256::MAX));
    (vault, asset, people)
}

fn constructor(asset: Address, offset: u8) -> Vault::constructorCall {
    Vault::constructorCall {
        name: "Vault".into(),
        symbol: "V".into(),
        asset,
        offset,
    }
}

fn put(assets: u64, receiver: Address) -> depositCall {
    let assets = number(assets);
    depositCall { assets, receiver }
}

fn mint(shares: u64, receiver: Address) -> Vault::mintCall {
    let shares = number(shares);
    Vault::mintCall { shares, receiver }
}

fn withdraw(assets: u64, receiver: Address, owner: Address) -> withdrawCall {
    let assets = number(assets);
    withdrawCall {
        assets,
        receiver,
        owner,
    }
}

fn redeem(shares: u64, receiver: Address, owner: Address) -> redeemCall {
    let shares = number(shares);
    redeemCall {
        shares,
        receiver,
        owner,
    }
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn a_vault_is_a_token_over_another() {
    let (vault, asset, [alice, ..]) = vault(3);
    assert_eq!(vault.call(nameCall {}), "Vault");
    assert_eq!(vault.call(symbolCall {}), "V");
    assert_eq!(vault.call(decimalsCall {}), 13);
    assert_eq!(vault.call(Vault::assetCall {}), asset.address());
    assert_eq!(vault.call(totalAssetsCall {}), U256::ZERO);
    let (receiver, owner) = (alice, alice);
    assert_eq!(vault.call(maxDepositCall { receiver }), U256::MAX);
    assert_eq!(vault.call(maxMintCall { receiver }), U256::MAX);
    assert_eq!(vault.call(maxWithdrawCall { owner }), U256::ZERO);
    assert_eq!(vault.call(maxRedeemCall { owner }), U256::ZERO);

    // Over something that is not a token, it has eighteen digits and cannot report its assets.
    let chain = vault.sender().chain();
    let vault = chain.deploy_with(module("erc4626"), constructor(alice, 0));
    assert_eq!(vault.call(decimalsCall {}), 18);
    refused(&vault, totalAssetsCall {}, format!("InvalidAsset({alice})"));
    refused(
        &vault.from(alice),
        put(1, alice),
        format!("InvalidAsset({alice})"),
    );
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn what_comes_in_becomes_shares() {
    let (vault, asset, [alice, bob, _]) = vault(2);
    let this = vault.address();
    assert_eq!(
        vault.call(previewDepositCall { assets: number(10) }),
        number(1_000)
    );
    let sent = vault.from(alice).send(put(10, bob));
    assert_eq!(sent.returned, number(1_000));
    let deposit = Deposit {
        sender: alice,
        owner: bob,
        assets: number(10),
        shares: number(1_000),
    };
    assert_eq!(sent.event::<Deposit>(), deposit);
    assert_eq!(
        sent.events_of::<Transfer>(asset.address()),
        [moved(alice, this, 10)]
    );
    assert_eq!(
        sent.events_of::<Transfer>(this),
        [moved(Address::ZERO, bob, 1_000)]
    );

    assert_eq!(
        vault.call(previewMintCall {
            shares: number(150)
        }),
        number(2)
    );
    let sent = vault.from(alice).send(mint(150, alice));
    assert_eq!(sent.returned, number(2));
    balances(&asset, [(alice, 988), (this, 12)]);
    balances(&vault, [(alice, 150), (bob, 1_000)]);
    assert_eq!(vault.call(totalAssetsCall {}), number(12));
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn shares_become_what_went_in() {
    let (vault, asset, [alice, bob, carol]) = vault(0);
    let this = vault.address();
    vault.from(alice).send(put(100, alice));
    let owner = alice;
    assert_eq!(vault.call(maxWithdrawCall { owner }), number(100));
    assert_eq!(vault.call(maxRedeemCall { owner }), number(100));
    assert_eq!(
        vault.call(previewWithdrawCall { assets: number(30) }),
        number(30)
    );
    let sent = vault.from(alice).send(withdraw(30, bob, alice));
    assert_eq!(sent.returned, number(30));
    let withdrawn = Withdraw {
        sender: alice,
        receiver: bob,
        owner: alice,
        assets: number(30),
        shares: number(30),
    };
    assert_eq!(sent.event::<Withdraw>(), withdrawn);
    assert_eq!(
        sent.events_of::<Transfer>(this),
        [moved(alice, Address::ZERO, 30)]
    );
    assert_eq!(
        sent.events_of::<Transfer>(asset.address()),
        [moved(this, bob, 30)]
    );

    // Another account does so with an allowance of shares.
    let error = format!("ERC20InsufficientAllowance({carol}, 0, 20)");
    refused(&vault.from(carol), redeem(20, carol, alice), error);
    vault.from(alice).send(approve(carol, number(25)));
    assert_eq!(
        vault.call(previewRedeemCall { shares: number(20) }),
        number(20)
    );
    assert_eq!(
        vault.from(carol).send(redeem(20, carol, alice)).returned,
        number(20)
    );
    let error = format!("ERC20InsufficientAllowance({carol}, 5, 6)");
    refused(&vault.from(carol), withdraw(6, carol, alice), error);
    balances(&asset, [(alice, 900), (bob, 30), (carol, 20), (this, 50)]);

    let error = format!("ERC4626ExceededMaxWithdraw({alice}, 51, 50)");
    refused(&vault.from(alice), withdraw(51, alice, alice), error);
    let error = format!("ERC4626ExceededMaxRedeem({alice}, 51, 50)");
    refused(&vault.from(alice), redeem(51, alice, alice), error);
}

/// Donations to the vault belong to all shareholders, and what does not divide stays in the vault.
#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn gains_are_shared_and_rounding_is_the_vaults() {
    let (vault, asset, [alice, bob, _]) = vault(0);
    vault.from(alice).send(put(100, alice));
    asset.from(alice).send(transfer(vault.address(), 50));
    // 101 shares, including the virtual one that nobody owns, over 151.
    let (assets, shares) = (number(10), number(10));
    assert_eq!(vault.call(convertToSharesCall { assets }), number(6));
    assert_eq!(vault.call(convertToAssetsCall { shares }), number(14));
    assert_eq!(vault.call(previewDepositCall { assets }), number(6));
    assert_eq!(vault.call(previewMintCall { shares }), number(15));
    assert_eq!(vault.call(previewWithdrawCall { assets }), number(7));
    assert_eq!(vault.call(previewRedeemCall { shares }), number(14));
    assert_eq!(vault.call(maxWithdrawCall { owner: alice }), number(149));
    assert_eq!(vault.from(alice).send(put(10, bob)).returned, number(6));
    assert_eq!(
        vault.from(alice).send(redeem(100, alice, alice)).returned,
        number(150)
    );
    balances(&vault, [(alice, 0), (bob, 6)]);
    balances(&asset, [(alice, 990), (vault.address(), 10)]);
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn a_vault_takes_no_more_than_it_may() {
    let (vault, asset, [alice, bob, _]) = vault(0);
    let failed = format!("SafeErc20FailedOperation({})", asset.address());
    refused(&vault.from(bob), put(1, bob), &failed);
    refused(&vault.from(alice), put(1_001, alice), &failed);
    refused(&vault.from(alice), mint(1_001, alice), &failed);
    let nobody = format!("ERC20InvalidReceiver({})", Address::ZERO);
    refused(&vault.from(alice), put(1, Address::ZERO), nobody);
    // The product of the two totals overflows and panics.
    let all = depositCall {
        assets: U256::MAX,
        receiver: alice,
    };
    refused(&vault.from(alice), all, &failed);
    asset.send(pauseCall {});
    refused(&vault.from(alice), put(1, alice), &failed);
}
