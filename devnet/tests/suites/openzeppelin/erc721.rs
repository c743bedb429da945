//! Non-fungible tokens that can be counted, burnt and paused.

use alloy_sol_types::sol;

use super::*;

sol! {
    #![sol(all_derives)]
    interface Token {
        function balanceOf(address owner) external view returns (uint256);
        function ownerOf(uint256 id) external view returns (address);
        function safeTransferFrom(address from, address to, uint256 id) external;
        function safeTransferFrom(address from, address to, uint256 id, bytes data) external;
        function transferFrom(address from, address to, uint256 id) external;
        function approve(address to, uint256 id) external;
        function setApprovalForAll(address operator, bool approved) external;
        function getApproved(uint256 id) external view returns (address);
        function isApprovedForAll(address owner, address operator) external view returns (bool);
        function totalSupply() external view returns (uint256);
        function tokenByIndex(uint256 index) external view returns (uint256);
        function tokenOfOwnerByIndex(address owner, uint256 index) external view returns (uint256);
        function mint(address to, uint256 id) external;
        function safeMint(address to, uint256 id, bytes data) external;
        function burn(uint256 id) external;
        function pause() external;
        function unpause() external;

        event Transfer(address indexed from, address indexed to, uint256 indexed id);
        event Approval(address indexed owner, address indexed approved, uint256 indexed id);
        event ApprovalForAll(address indexed owner, address indexed operator, bool approved);

        error ERC721InvalidOwner(address owner);
        error ERC721NonexistentToken(uint256 id);
        error ERC721IncorrectOwner(address sender, uint256 id, address owner);
        error ERC721InvalidSender(address sender);
        error ERC721InvalidReceiver(address receiver);
        error ERC721InsufficientApproval(address operator, uint256 id);
        error ERC721InvalidApprover(address approver);
        error ERC721InvalidOperator(address operator);
        error InvalidReceiverWithReason(string reason);
        error ERC721OutOfBoundsIndex(address owner, uint256 index);
        error EnforcedPause();
    }

    interface Receiver {
        constructor(uint8 manner);
        event Received(address operator, address from, uint256[] ids, uint256[] values, bytes data);
    }
}

pub(super) use Receiver::Received;
pub(super) use Token::*;

/// How a receiver answers.
pub(super) const TAKING: u8 = 0;
pub(super) const REFUSING: u8 = 1;
pub(super) const REVERTING: u8 = 2;
pub(super) const SILENT: u8 = 3;
pub(super) const PANICKING: u8 = 4;

pub(super) fn receiver(chain: &Chain, manner: u8) -> Address {
    let constructor = Receiver::constructorCall { manner };
    chain.deploy_with(module("receiver"), constructor).address()
}

/// Deploys one, on a chain that may already have others.
pub(super) fn deployed(chain: &Chain) -> Contract {
    let token = chain.deploy(module("erc721"));
    token.with_errors(TokenErrors::SIGNATURES)
}

/// A contract with tokens 1 to 3, which belong to Alice.
fn token() -> (Contract, [Address; 3]) {
    let (chain, people) = chain(&[]);
    let token = deployed(&chain);
    for id in 1..=3 {
        token.send(mint(people[0], id));
    }
    (token, people)
}

pub(super) fn mint(to: Address, id: u64) -> mintCall {
    let id = number(id);
    mintCall { to, id }
}

pub(super) fn give(from: Address, to: Address, id: u64) -> transferFromCall {
    let id = number(id);
    transferFromCall { from, to, id }
}

fn give_safely(from: Address, to: Address, id: u64) -> safeTransferFrom_0Call {
    let id = number(id);
    safeTransferFrom_0Call { from, to, id }
}

pub(super) fn moved(from: Address, to: Address, id: u64) -> Transfer {
    let id = number(id);
    Transfer { from, to, id }
}

pub(super) fn approve(to: Address, id: u64) -> approveCall {
    let id = number(id);
    approveCall { to, id }
}

pub(super) fn owner(id: u64) -> ownerOfCall {
    ownerOfCall { id: number(id) }
}

pub(super) fn all_for(operator: Address, approved: bool) -> setApprovalForAllCall {
    setApprovalForAllCall { operator, approved }
}

/// An owner's tokens, in order.
fn owned(token: &Contract, owner: Address) -> Vec<u64> {
    let balance = token.call(balanceOfCall { owner }).to::<u64>();
    let at = |index| {
        token.call(tokenOfOwnerByIndexCall {
            owner,
            index: number(index),
        })
    };
    (0..balance).map(|index| at(index).to()).collect()
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn a_token_is_made_once() {
    let (token, [alice, bob, _]) = token();
    let sent = token.send(mint(bob, 4));
    assert_eq!(sent.event::<Transfer>(), moved(Address::ZERO, bob, 4));
    assert_eq!(token.call(owner(4)), bob);
    refused(
        &token,
        mint(alice, 4),
        format!("ERC721InvalidSender({})", Address::ZERO),
    );
    let nobody = Address::ZERO;
    refused(
        &token,
        mint(nobody, 5),
        format!("ERC721InvalidReceiver({nobody})"),
    );
    refused(&token, owner(5), "ERC721NonexistentToken(5)");
    let of_nobody = balanceOfCall { owner: nobody };
    refused(&token, of_nobody, format!("ERC721InvalidOwner({nobody})"));
    interfaces(&token, &[0x01ff_c9a7, 0x80ac_58cd, 0x780e_9d63]);
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn a_token_is_given_by_its_owner_and_by_those_who_may() {
    let (token, [alice, bob, carol]) = token();
    let sent = token.from(alice).send(give(alice, bob, 1));
    assert_eq!(sent.event::<Transfer>(), moved(alice, bob, 1));
    assert_eq!(token.call(owner(1)), bob);

    refused(
        &token.from(bob),
        give(alice, bob, 2),
        format!("ERC721InsufficientApproval({bob}, 2)"),
    );
    refused(
        &token.from(alice),
        give(alice, bob, 9),
        "ERC721NonexistentToken(9)",
    );
    refused(
        &token.from(alice),
        give(carol, bob, 2),
        format!("ERC721IncorrectOwner({carol}, 2, {alice})"),
    );
    let nobody = Address::ZERO;
    refused(
        &token.from(alice),
        give(alice, nobody, 2),
        format!("ERC721InvalidReceiver({nobody})"),
    );

    // An approval for one token, which ends with its transfer.
    let sent = token.from(alice).send(approve(carol, 2));
    let approval = Approval {
        owner: alice,
        approved: carol,
        id: number(2),
    };
    assert_eq!(sent.event::<Approval>(), approval);
    let approved = |id| token.call(getApprovedCall { id: number(id) });
    assert_eq!(approved(2), carol);
    token.from(carol).send(give(alice, bob, 2));
    assert_eq!(approved(2), nobody);
    refused(
        &token,
        getApprovedCall { id: number(9) },
        "ERC721NonexistentToken(9)",
    );
    refused(
        &token.from(carol),
        approve(carol, 2),
        format!("ERC721InvalidApprover({carol})"),
    );

    // An approval for all, until it is revoked.
    let sent = token.from(bob).send(all_for(carol, true));
    let all = ApprovalForAll {
        owner: bob,
        operator: carol,
        approved: true,
    };
    assert_eq!(sent.event::<ApprovalForAll>(), all);
    let is_approved = || {
        token.call(isApprovedForAllCall {
            owner: bob,
            operator: carol,
        })
    };
    assert!(is_approved());
    token.from(carol).send(approve(alice, 2));
    token.from(carol).send(give(bob, carol, 1));
    token.from(bob).send(all_for(carol, false));
    assert!(!is_approved());
    refused(
        &token.from(carol),
        give(bob, carol, 2),
        format!("ERC721InsufficientApproval({carol}, 2)"),
    );
    token.from(alice).send(give(bob, alice, 2));
    refused(
        &token,
        all_for(nobody, true),
        format!("ERC721InvalidOperator({nobody})"),
    );
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn whoever_has_code_is_asked() {
    let (token, [alice, bob, _]) = token();
    let chain = token.sender().chain();
    token.from(alice).send(give_safely(alice, bob, 1));
    let taking = receiver(chain, TAKING);
    let with_data = safeTransferFrom_1Call {
        from: bob,
        to: taking,
        id: number(1),
        data: Bytes::from([0xde, 0xad, 0xca, 0xfe]),
    };
    token.from(bob).send(approve(alice, 1));
    let sent = token.from(alice).send(with_data.clone());
    let received = Received {
        operator: alice,
        from: bob,
        ids: vec![number(1)],
        values: Vec::new(),
        data: with_data.data,
    };
    assert_eq!(sent.event::<Received>(), received);
    assert_eq!(token.call(owner(1)), taking);
    // Without the check, any account can be given one.
    let refusing = receiver(chain, REFUSING);
    token.from(alice).send(give(alice, refusing, 2));

    let make = |to| safeMintCall {
        to,
        id: number(8),
        data: Bytes::new(),
    };
    let check = |manner, error: &str| {
        let to = receiver(chain, manner);
        let error = error.replace('?', &to.to_string());
        refused(&token.from(alice), give_safely(alice, to, 3), &error);
        refused(&token, make(to), &error);
    };
    check(REFUSING, "ERC721InvalidReceiver(?)");
    check(REVERTING, "InvalidReceiverWithReason(\"not for me\")");
    check(SILENT, "ERC721InvalidReceiver(?)");
    check(PANICKING, "ERC721InvalidReceiver(?)");
    // A contract without the callback.
    let this = token.address();
    refused(
        &token.from(alice),
        give_safely(alice, this, 3),
        format!("ERC721InvalidReceiver({this})"),
    );
    token.send(make(taking));
    let holder = chain.deploy(module("holder"));
    interfaces(&holder, &[0x01ff_c9a7, 0x4e23_12e0]);
    token
        .from(alice)
        .send(give_safely(alice, holder.address(), 3));
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn tokens_are_counted() {
    let (token, [alice, bob, _]) = token();
    let at = |index| tokenByIndexCall {
        index: number(index),
    };
    assert_eq!(owned(&token, alice), [1, 2, 3]);
    token.from(alice).send(give(alice, bob, 1));
    // The last token takes the place of the one that is gone.
    assert_eq!(owned(&token, alice), [3, 2]);
    assert_eq!(owned(&token, bob), [1]);
    token.from(alice).send(give(alice, alice, 3));
    assert_eq!(owned(&token, alice), [3, 2]);
    token.from(bob).send(burnCall { id: number(1) });
    assert_eq!(token.call(totalSupplyCall {}), number(2));
    assert_eq!(
        [token.call(at(0)), token.call(at(1))],
        [number(3), number(2)]
    );
    refused(
        &token,
        at(2),
        format!("ERC721OutOfBoundsIndex({}, 2)", Address::ZERO),
    );
    let none = tokenOfOwnerByIndexCall {
        owner: bob,
        index: U256::ZERO,
    };
    refused(&token, none, format!("ERC721OutOfBoundsIndex({bob}, 0)"));
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn a_token_is_burnt_by_those_who_may() {
    let (token, [alice, bob, _]) = token();
    let burn = |id| burnCall { id: number(id) };
    refused(
        &token.from(bob),
        burn(1),
        format!("ERC721InsufficientApproval({bob}, 1)"),
    );
    token.from(alice).send(approve(bob, 1));
    let sent = token.from(bob).send(burn(1));
    assert_eq!(sent.event::<Transfer>(), moved(alice, Address::ZERO, 1));
    refused(&token, owner(1), "ERC721NonexistentToken(1)");
    refused(&token.from(alice), burn(1), "ERC721NonexistentToken(1)");
    token.from(alice).send(all_for(bob, true));
    token.from(bob).send(burn(2));
    assert_eq!(owned(&token, alice), [3]);
    // It can be minted again.
    token.send(mint(bob, 1));
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn tokens_are_halted() {
    let (token, [alice, bob, _]) = token();
    token.send(pauseCall {});
    refused(&token, mint(bob, 4), "EnforcedPause()");
    refused(&token.from(alice), give(alice, bob, 1), "EnforcedPause()");
    refused(
        &token.from(alice),
        give_safely(alice, bob, 1),
        "EnforcedPause()",
    );
    refused(
        &token.from(alice),
        burnCall { id: number(1) },
        "EnforcedPause()",
    );
    token.from(alice).send(approve(bob, 1));
    token.send(unpauseCall {});
    token.from(bob).send(give(alice, bob, 1));
}
