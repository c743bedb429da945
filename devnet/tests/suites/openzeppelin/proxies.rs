//! Contracts that run others' code: by an address in their storage, by a beacon, and by their own upgrade.

use alloy_sol_types::sol;

use super::erc20::*;
use super::*;

sol! {
    #![sol(all_derives)]
    interface Proxy {
        constructor(address implementation, bytes data);
        function implementation() external view returns (address);
        function getBeacon() external view returns (address);
        function DOMAIN_SEPARATOR() external view returns (bytes32);
        function maxFlashLoan(address token) external view returns (uint256);

        event Upgraded(address indexed implementation);
        event BeaconUpgraded(address indexed beacon);

        error ERC1967InvalidImplementation(address implementation);
        error ERC1967InvalidBeacon(address beacon);
        error ERC1967NonPayable();
        error FailedCallWithReason(bytes reason);
        error FailedCall();
    }

    interface Beacon {
        constructor(address implementation, address owner);
        function upgradeTo(address implementation) external;
        function owner() external view returns (address);

        error BeaconInvalidImplementation(address implementation);
        error OwnableUnauthorizedAccount(address account);
    }

    interface Upgradeable {
        constructor(address owner);
        function initialize(address owner) external;
        function owner() external view returns (address);
        function proxiableUUID() external view returns (bytes32);
        function UPGRADE_INTERFACE_VERSION() external view returns (string);
        function upgradeToAndCall(address implementation, bytes data) external payable;

        error UUPSUnauthorizedCallContext();
        error OwnableUnauthorizedAccount(address account);
    }
}

use Proxy::{
    BeaconUpgraded, DOMAIN_SEPARATORCall, ProxyErrors, Upgraded, getBeaconCall, implementationCall,
    maxFlashLoanCall,
};
use Upgradeable::{
    UPGRADE_INTERFACE_VERSIONCall, initializeCall, ownerCall, proxiableUUIDCall,
    upgradeToAndCallCall,
};

/// The slot in which ERC-1967 stores an implementation.
const IMPLEMENTATION: U256 = alloy_primitives::uint!(
    0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc_U256
);

fn constructor(implementation: Address, data: impl Into<Bytes>) -> Proxy::constructorCall {
    Proxy::constructorCall {
        implementation,
        data: data.into(),
    }
}

/// A chain with two tokens that keep their balances in the same slots.
fn tokens() -> (Chain, [Address; 2], [Address; 3]) {
    let (chain, people) = chain(ProxyErrors::SIGNATURES);
    let chain = chain
        .with_errors(TokenErrors::SIGNATURES)
        .with_errors(Beacon::BeaconErrors::SIGNATURES)
        .with_errors(Upgradeable::UpgradeableErrors::SIGNATURES);
    let tokens = ["erc20-permit", "erc20-flash-mint"];
    let tokens = tokens.map(|name| chain.deploy(module(name)).address());
    (chain, tokens, people)
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn a_proxy_does_what_another_says_with_what_is_its_own() {
    let (chain, [token, _], [alice, bob, _]) = tokens();
    let minted = mint(alice, 1_000).abi_encode();
    let proxy = chain.deploy_with(module("proxy"), constructor(token, minted));
    let receipt = proxy.deployment().unwrap().receipt;
    let this = proxy.address();
    assert_eq!(
        receipt.events_of::<Upgraded>(this),
        [Upgraded {
            implementation: token
        }]
    );
    assert_eq!(
        receipt.events_of::<Transfer>(this),
        [moved(Address::ZERO, alice, 1_000)]
    );
    assert_eq!(proxy.call(implementationCall {}), token);
    assert_eq!(chain.storage(this, IMPLEMENTATION), token.into_word());

    let sent = proxy.from(alice).send(transfer(bob, 300));
    assert_eq!(sent.events_of::<Transfer>(this), [moved(alice, bob, 300)]);
    balances(&proxy, [(alice, 700), (bob, 300)]);
    // The implementation itself holds none of it, and has another address.
    let other = chain.contract(token);
    balances(&other, [(alice, 0), (bob, 0)]);
    assert_ne!(
        proxy.call(DOMAIN_SEPARATORCall {}),
        other.call(DOMAIN_SEPARATORCall {})
    );
    // Its errors are passed on unchanged.
    let error = format!("ERC20InsufficientBalance({alice}, 700, 701)");
    refused(&proxy.from(alice), transfer(bob, 701), error);
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn a_proxy_wants_somebody_to_do_as() {
    let (chain, [token, _], [alice, ..]) = tokens();
    let nobody = constructor(alice, Bytes::new());
    not_constructed(
        &chain,
        "proxy",
        nobody,
        format!("ERC1967InvalidImplementation({alice})"),
    );
    let failing = mint(Address::ZERO, 1).abi_encode();
    let reason = ERC20InvalidReceiver {
        receiver: Address::ZERO,
    };
    let reason = Bytes::from(alloy_sol_types::SolError::abi_encode(&reason));
    let failing = constructor(token, failing);
    not_constructed(
        &chain,
        "proxy",
        failing,
        format!("FailedCallWithReason({reason})"),
    );
    // Ether is for the initial call; without one, nobody could get it out again.
    let idle = constructor(token, Bytes::new());
    let sender = chain.from(chain.dev()).value(U256::ONE);
    let deployed = sender.try_deploy_with(module("proxy"), idle);
    assert_eq!(
        deployed.unwrap_err().to_string(),
        "its constructor failed: it reverted with ERC1967NonPayable()"
    );
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn a_beacon_turns_all_its_proxies() {
    let (chain, [first, second], [alice, bob, _]) = tokens();
    let made = |implementation| Beacon::constructorCall {
        implementation,
        owner: alice,
    };
    not_constructed(
        &chain,
        "beacon",
        made(bob),
        format!("BeaconInvalidImplementation({bob})"),
    );
    let beacon = chain.deploy_with(module("beacon"), made(first));
    assert_eq!(beacon.call(Beacon::ownerCall {}), alice);
    let none = constructor(bob, Bytes::new());
    not_constructed(
        &chain,
        "beacon-proxy",
        none,
        format!("ERC1967InvalidBeacon({bob})"),
    );

    let proxies = [10, 20].map(|value| {
        let minted = mint(bob, value).abi_encode();
        let constructor = constructor(beacon.address(), minted);
        chain.deploy_with(module("beacon-proxy"), constructor)
    });
    for proxy in &proxies {
        let receipt = proxy.deployment().unwrap().receipt;
        let told = BeaconUpgraded {
            beacon: beacon.address(),
        };
        assert_eq!(receipt.events_of::<BeaconUpgraded>(proxy.address()), [told]);
        assert_eq!(proxy.call(getBeaconCall {}), beacon.address());
        assert_eq!(proxy.call(implementationCall {}), first);
        refused_in_silence(
            proxy,
            maxFlashLoanCall {
                token: proxy.address(),
            },
        );
    }

    let upgrade = |implementation| Beacon::upgradeToCall { implementation };
    refused(
        &beacon.from(bob),
        upgrade(second),
        format!("OwnableUnauthorizedAccount({bob})"),
    );
    refused(
        &beacon.from(alice),
        upgrade(bob),
        format!("BeaconInvalidImplementation({bob})"),
    );
    let sent = beacon.from(alice).send(upgrade(second));
    assert_eq!(sent.event::<Upgraded>().implementation, second);
    for (proxy, value) in proxies.iter().zip([10, 20]) {
        assert_eq!(proxy.call(implementationCall {}), second);
        balances(proxy, [(bob, value)]);
        let most = proxy.call(maxFlashLoanCall {
            token: proxy.address(),
        });
        assert_eq!(most, U256::MAX - number(value));
    }
}

/// Two copies of the same token, and a proxy that runs the first, owned by Alice.
fn upgradeable() -> (Contract, [Contract; 2], Address, [Address; 3]) {
    let (chain, [other, _], people) = tokens();
    let owner = people[0];
    let made = || chain.deploy_with(module("uups-token"), Upgradeable::constructorCall { owner });
    let logic = [made(), made()];
    let data = initializeCall { owner }.abi_encode();
    let proxy = chain.deploy_with(module("proxy"), constructor(logic[0].address(), data));
    (proxy, logic, other, people)
}

fn upgrade(implementation: Address, data: impl Into<Bytes>) -> upgradeToAndCallCall {
    upgradeToAndCallCall {
        implementation,
        data: data.into(),
    }
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn an_owner_upgrades_by_way_of_the_proxy() {
    let (proxy, [first, second], _, [alice, bob, _]) = upgradeable();
    assert_eq!(proxy.call(ownerCall {}), alice);
    assert_eq!(proxy.call(UPGRADE_INTERFACE_VERSIONCall {}), "5.0.0");
    proxy.send(mint(bob, 10));
    let next = second.address();
    let by_bob = upgrade(next, Bytes::new());
    refused(
        &proxy.from(bob),
        by_bob,
        format!("OwnableUnauthorizedAccount({bob})"),
    );
    let sent = proxy
        .from(alice)
        .send(upgrade(next, mint(alice, 5).abi_encode()));
    assert_eq!(sent.event::<Upgraded>().implementation, next);
    assert_eq!(proxy.call(implementationCall {}), next);
    balances(&proxy, [(alice, 5), (bob, 10)]);
    balances(&second, [(alice, 0)]);
    proxy
        .from(alice)
        .send(upgrade(first.address(), Bytes::new()));
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn what_a_proxy_may_do_its_logic_may_not() {
    let (proxy, [first, second], other, [alice, ..]) = upgradeable();
    let slot = B256::from(IMPLEMENTATION);
    assert_eq!(first.call(proxiableUUIDCall {}), slot);
    refused(
        &proxy,
        proxiableUUIDCall {},
        "UUPSUnauthorizedCallContext()",
    );
    let to = |implementation| upgrade(implementation, Bytes::new());
    refused(
        &first.from(alice),
        to(second.address()),
        "UUPSUnauthorizedCallContext()",
    );
    refused(
        &first,
        initializeCall { owner: alice },
        "UUPSUnauthorizedCallContext()",
    );
    // Neither an account without code, nor a contract that is no UUPS implementation.
    for implementation in [alice, other, proxy.address()] {
        let error = format!("ERC1967InvalidImplementation({implementation})");
        refused(&proxy.from(alice), to(implementation), error);
    }
    let failing = upgrade(second.address(), mint(Address::ZERO, 1).abi_encode());
    let failure = proxy.from(alice).fails(failing);
    assert!(
        failure.error::<Proxy::FailedCallWithReason>().is_some(),
        "{failure}"
    );
    assert_eq!(proxy.call(implementationCall {}), first.address());
}
