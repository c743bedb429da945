//! Non-fungible tokens that have descriptions, are minted in one batch, or stand for those of another contract; also royalties.

use alloy_sol_types::sol;

use super::erc721::{self, *};
use super::*;

sol! {
    #![sol(all_derives)]
    interface Described {
        constructor(string name, string symbol, string baseUri);
        function name() external view returns (string);
        function symbol() external view returns (string);
        function tokenURI(uint256 id) external view returns (string);
        function setTokenURI(uint256 id, string uri) external;

        event MetadataUpdate(uint256 id);
    }

    interface Consecutive {
        constructor(address[] receivers, uint256[] amounts, uint256 first, uint256 most);

        event ConsecutiveTransfer(uint256 indexed first, uint256 last, address indexed from, address indexed to);

        error ERC721ExceededMaxBatchMint(uint256 size, uint256 most);
        error ERC721ForbiddenBatchMint();
    }

    interface Wrapper {
        constructor(address underlying);
        function underlying() external view returns (address);
        function depositFor(address account, uint256[] ids) external returns (bool);
        function withdrawTo(address account, uint256[] ids) external returns (bool);
        function onERC721Received(address operator, address from, uint256 id, bytes data) external returns (bytes4);

        error ERC721UnsupportedToken(address token);
    }

    interface Royalties {
        constructor(uint256 denominator);
        function royaltyInfo(uint256 id, uint256 price) external view returns (address receiver, uint256 amount);
        function setDefault(address receiver, uint256 numerator) external;
        function deleteDefault() external;
        function setToken(uint256 id, address receiver, uint256 numerator) external;
        function resetToken(uint256 id) external;

        error ERC2981InvalidDefaultRoyalty(uint256 numerator, uint256 denominator);
        error ERC2981InvalidDefaultRoyaltyReceiver(address receiver);
        error ERC2981InvalidTokenRoyalty(uint256 id, uint256 numerator, uint256 denominator);
        error ERC2981InvalidTokenRoyaltyReceiver(uint256 id, address receiver);
    }
}

use Consecutive::{ConsecutiveErrors, ConsecutiveTransfer};
use Described::{MetadataUpdate, nameCall, setTokenURICall, symbolCall, tokenURICall};
use Royalties::*;
use Wrapper::{
    WrapperErrors, depositForCall, onERC721ReceivedCall, underlyingCall, withdrawToCall,
};

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn tokens_have_names_and_addresses() {
    let (chain, [alice, ..]) = chain(TokenErrors::SIGNATURES);
    let constructor = |base: &str| Described::constructorCall {
        name: "Test Token".into(),
        symbol: "TTK".into(),
        baseUri: base.into(),
    };
    let token = chain.deploy_with(
        module("erc721-metadata"),
        constructor("https://it.example/"),
    );
    token.send(mint(alice, 1));
    token.send(mint(alice, 2));
    assert_eq!(token.call(nameCall {}), "Test Token");
    assert_eq!(token.call(symbolCall {}), "TTK");
    interfaces(&token, &[0x01ff_c9a7, 0x80ac_58cd, 0x5b5e_139f]);
    let uri = |id| tokenURICall { id: number(id) };
    assert_eq!(token.call(uri(1)), "https://it.example/1");
    let set = setTokenURICall {
        id: number(2),
        uri: "the/second?with=a&name=that%20is%20longer%20than%20a%20word".into(),
    };
    let sent = token.send(set.clone());
    assert_eq!(sent.event::<MetadataUpdate>().id, number(2));
    assert_eq!(
        token.call(uri(2)),
        format!("https://it.example/{}", set.uri)
    );
    refused(&token, uri(9), "ERC721NonexistentToken(9)");
    // Without a common base, each token has its own complete URI, or none.
    let token = chain.deploy_with(module("erc721-metadata"), constructor(""));
    token.send(mint(alice, 1));
    assert_eq!(token.call(uri(1)), "");
    token.send(setTokenURICall {
        id: number(1),
        uri: "ipfs://1".into(),
    });
    assert_eq!(token.call(uri(1)), "ipfs://1");
}

/// The first id that is minted in a batch.
const FIRST: u64 = 5;

fn batches(receivers: &[Address], amounts: &[u64]) -> Consecutive::constructorCall {
    Consecutive::constructorCall {
        receivers: receivers.to_vec(),
        amounts: amounts.iter().copied().map(number).collect(),
        first: number(FIRST),
        most: number(5_000),
    }
}

/// Alice has 5 to 9, Bob 10 to 1009.
fn consecutive() -> (Contract, [Address; 3]) {
    let (chain, people) = chain(ConsecutiveErrors::SIGNATURES);
    let constructor = batches(&people[..2], &[5, 1_000]);
    let token = chain.deploy_with(module("erc721-consecutive"), constructor);
    (token.with_errors(TokenErrors::SIGNATURES), people)
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn many_are_made_in_one_go() {
    let (token, [alice, bob, carol]) = consecutive();
    for (id, expected) in [(5, alice), (9, alice), (10, bob), (500, bob), (1_009, bob)] {
        assert_eq!(token.call(owner(id)), expected, "{id}");
    }
    for id in [4, 1_010] {
        refused(&token, owner(id), format!("ERC721NonexistentToken({id})"));
    }
    let balance = |owner| token.call(balanceOfCall { owner });
    assert_eq!(
        [balance(alice), balance(bob), balance(carol)],
        [number(5), number(1_000), U256::ZERO]
    );

    let chain = token.sender().chain();
    let most = batches(&[alice], &[5_001]);
    not_constructed(
        chain,
        "erc721-consecutive",
        most,
        "ERC721ExceededMaxBatchMint(5001, 5000)",
    );
    let nobody = batches(&[Address::ZERO], &[1]);
    let error = format!("ERC721InvalidReceiver({})", Address::ZERO);
    not_constructed(chain, "erc721-consecutive", nobody, error);
    // A batch of zero tokens mints none.
    let none = batches(&[Address::ZERO], &[0]);
    let token = chain.deploy_with(module("erc721-consecutive"), none);
    refused(&token, owner(FIRST), "ERC721NonexistentToken(5)");
}

/// What a constructor logs is in its deployment's receipt.
#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn what_is_made_in_one_go_is_told_in_one_event() {
    let (token, [alice, bob, _]) = consecutive();
    let receipt = token.deployment().unwrap().receipt;
    let batch = |first, last, to| ConsecutiveTransfer {
        first: number(first),
        last: number(last),
        from: Address::ZERO,
        to,
    };
    let told = receipt.events_of::<ConsecutiveTransfer>(token.address());
    assert_eq!(told, [batch(5, 9, alice), batch(10, 1_009, bob)]);
    assert_eq!(receipt.events_of::<Transfer>(token.address()), []);
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn one_of_many_goes_its_own_way() {
    let (token, [alice, bob, carol]) = consecutive();
    let sent = token.from(bob).send(give(bob, carol, 500));
    assert_eq!(sent.event::<Transfer>(), moved(bob, carol, 500));
    let owners = [499, 500, 501].map(|id| token.call(owner(id)));
    assert_eq!(owners, [bob, carol, bob]);
    refused(
        &token.from(alice),
        give(bob, alice, 501),
        format!("ERC721InsufficientApproval({alice}, 501)"),
    );
    token.from(bob).send(approve(alice, 501));
    token.from(alice).send(give(bob, alice, 501));

    let burn = |id| burnCall { id: number(id) };
    for id in [5, 500] {
        let had = token.call(owner(id));
        assert_eq!(
            token.send(burn(id)).event::<Transfer>(),
            moved(had, Address::ZERO, id)
        );
        refused(&token, owner(id), format!("ERC721NonexistentToken({id})"));
        refused(&token, burn(id), format!("ERC721NonexistentToken({id})"));
    }
    assert_eq!(token.call(owner(6)), alice);
    // Single tokens afterwards: new ones, and those that were burnt.
    token.send(mint(carol, 1_010));
    token.send(mint(carol, 500));
    assert_eq!(token.call(owner(500)), carol);
    refused(
        &token,
        mint(carol, 6),
        format!("ERC721InvalidSender({})", Address::ZERO),
    );
}

/// Tokens that stand for others, of which 1 to 3 belong to Alice, who allows it to take all.
fn wrapped() -> (Contract, Contract, [Address; 3]) {
    let (chain, people) = chain(WrapperErrors::SIGNATURES);
    let underlying = erc721::deployed(&chain);
    let constructor = Wrapper::constructorCall {
        underlying: underlying.address(),
    };
    let wrapper = chain.deploy_with(module("erc721-wrapper"), constructor);
    for id in 1..=3 {
        underlying.send(mint(people[0], id));
    }
    underlying
        .from(people[0])
        .send(all_for(wrapper.address(), true));
    (wrapper, underlying, people)
}

fn ids(ids: &[u64]) -> Vec<U256> {
    ids.iter().copied().map(number).collect()
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn a_wrapper_has_what_it_stands_for() {
    let (wrapper, underlying, [alice, bob, _]) = wrapped();
    let (this, other) = (wrapper.address(), underlying.address());
    assert_eq!(wrapper.call(underlyingCall {}), other);
    let deposit = |list: &[u64]| depositForCall {
        account: bob,
        ids: ids(list),
    };
    let sent = wrapper.from(alice).send(deposit(&[1, 2]));
    assert!(sent.returned);
    assert_eq!(
        sent.events_of::<Transfer>(other),
        [moved(alice, this, 1), moved(alice, this, 2)]
    );
    let nobody = Address::ZERO;
    assert_eq!(
        sent.events_of::<Transfer>(this),
        [moved(nobody, bob, 1), moved(nobody, bob, 2)]
    );
    assert_eq!(
        [underlying.call(owner(1)), wrapper.call(owner(1))],
        [this, bob]
    );

    // All or nothing.
    let failure = wrapper.from(alice).fails(deposit(&[3, 9]));
    let reason = failure.error::<InvalidReceiverWithReason>().unwrap().reason;
    // The reason holds the bytes of the other contract's error, as far as they are text.
    assert!(reason.ends_with('\t'), "{reason:?}");
    assert_eq!(underlying.call(owner(3)), alice);

    let withdraw = |list: &[u64]| withdrawToCall {
        account: alice,
        ids: ids(list),
    };
    let error = format!("ERC721InsufficientApproval({alice}, 1)");
    refused(&wrapper.from(alice), withdraw(&[1]), error);
    let sent = wrapper.from(bob).send(withdraw(&[2]));
    assert_eq!(sent.events_of::<Transfer>(other), [moved(this, alice, 2)]);
    assert_eq!(sent.events_of::<Transfer>(this), [moved(bob, nobody, 2)]);
    refused(
        &wrapper.from(bob),
        withdraw(&[2]),
        "ERC721NonexistentToken(2)",
    );
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn a_wrapper_takes_what_is_sent_to_it() {
    let (wrapper, underlying, [alice, bob, _]) = wrapped();
    let this = wrapper.address();
    let send = safeTransferFrom_0Call {
        from: alice,
        to: this,
        id: number(3),
    };
    let sent = underlying.from(alice).send(send);
    assert_eq!(
        sent.events_of::<Transfer>(this),
        [moved(Address::ZERO, alice, 3)]
    );
    assert_eq!(
        [underlying.call(owner(3)), wrapper.call(owner(3))],
        [this, alice]
    );
    let feigned = onERC721ReceivedCall {
        operator: bob,
        from: bob,
        id: number(1),
        data: Bytes::new(),
    };
    refused(
        &wrapper.from(bob),
        feigned,
        format!("ERC721UnsupportedToken({bob})"),
    );
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn royalties_are_a_part_of_the_price() {
    let (chain, [alice, bob, _]) = chain(RoyaltiesErrors::SIGNATURES);
    let constructor = Royalties::constructorCall {
        denominator: number(10_000),
    };
    let royalties = chain.deploy_with(module("royalties"), constructor);
    interfaces(&royalties, &[0x01ff_c9a7, 0x2a55_205a]);
    let of = |id, price| {
        let call = royaltyInfoCall {
            id: number(id),
            price: number(price),
        };
        let due = royalties.call(call);
        (due.receiver, due.amount.to::<u64>())
    };
    let token = |id, receiver, numerator| setTokenCall {
        id: number(id),
        receiver,
        numerator: number(numerator),
    };
    let default = |receiver, numerator| setDefaultCall {
        receiver,
        numerator: number(numerator),
    };
    assert_eq!(of(1, 1_000), (Address::ZERO, 0));
    royalties.send(default(alice, 250));
    royalties.send(token(2, bob, 10_000));
    assert_eq!([of(1, 1_000), of(2, 1_000)], [(alice, 25), (bob, 1_000)]);
    // What does not divide goes to the seller.
    assert_eq!(of(1, 39), (alice, 0));
    royalties.send(resetTokenCall { id: number(2) });
    assert_eq!(of(2, 1_000), (alice, 25));
    royalties.send(deleteDefaultCall {});
    assert_eq!(of(2, 1_000), (Address::ZERO, 0));

    let nobody = Address::ZERO;
    refused(
        &royalties,
        default(alice, 10_001),
        "ERC2981InvalidDefaultRoyalty(10001, 10000)",
    );
    refused(
        &royalties,
        default(nobody, 1),
        format!("ERC2981InvalidDefaultRoyaltyReceiver({nobody})"),
    );
    refused(
        &royalties,
        token(1, alice, 10_001),
        "ERC2981InvalidTokenRoyalty(1, 10001, 10000)",
    );
    refused(
        &royalties,
        token(1, nobody, 1),
        format!("ERC2981InvalidTokenRoyaltyReceiver(1, {nobody})"),
    );
}
