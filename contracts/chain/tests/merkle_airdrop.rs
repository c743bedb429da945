//! An airdrop by Merkle tree, whose root the constructor takes.

use alloy_primitives::keccak256;
use alloy_sol_types::{SolValue as _, sol};
use stylus_devnet::testing::*;

sol! {
    #![sol(all_derives)]
    contract Airdrop {
        constructor(bytes32 root);
        function root() external view returns (bytes32);
        function balanceOf(address account) external view returns (uint256);
        function isClaimed(uint256 index) external view returns (bool);
        function claim(uint256 index, address account, uint256 amount, bytes32[] proof) external;

        event Claimed(uint256 indexed index, address account, uint256 amount);

        error AlreadyClaimed(uint256 index);
        error NotListed(uint256 index, address account, uint256 amount);
    }
}

use Airdrop::*;

/// The leaf of a tree that gives `amount` to `account`.
fn leaf(index: u64, account: Address, amount: u64) -> B256 {
    let content = (U256::from(index), account, U256::from(amount)).abi_encode();
    keccak256(keccak256(content))
}

#[test]
fn who_is_listed_claims_once() {
    let chain = Chain::new();
    let [alice, bob] = ["alice", "bob"].map(|name| chain.account(name));
    let leaves = [leaf(0, alice, 600), leaf(1, bob, 400)];
    let [low, high] = [leaves[0].min(leaves[1]), leaves[0].max(leaves[1])];
    let root = keccak256([low, high].concat());

    let airdrop = chain.deploy_with(build!("../merkle-airdrop"), constructorCall { root });
    assert_eq!(airdrop.call(rootCall {}), root);
    let claim = |amount: u64| claimCall {
        index: U256::ZERO,
        account: alice,
        amount: U256::from(amount),
        proof: vec![leaves[1]],
    };
    let error: NotListed = airdrop.reverts_with(claim(601));
    assert_eq!(error.amount, U256::from(601));
    let sent = airdrop.send(claim(600));
    assert_gas!(sent, "claim, a proof of 1");
    assert_eq!(sent.event::<Claimed>().amount, U256::from(600));
    assert_eq!(
        airdrop.call(balanceOfCall { account: alice }),
        U256::from(600)
    );
    assert!(airdrop.call(isClaimedCall { index: U256::ZERO }));
    let _: AlreadyClaimed = airdrop.reverts_with(claim(600));
}

/// Theorem: deployed without its constructor, the contract is another one, in which nobody is listed.
#[test]
fn nobody_is_listed_without_the_constructor() {
    let chain = Chain::new();
    let airdrop = chain.deploy(build!("../merkle-airdrop"));
    assert_eq!(airdrop.call(rootCall {}), B256::ZERO);
}
