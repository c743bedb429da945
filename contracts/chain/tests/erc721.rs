//! The non-fungible token.

use alloy_sol_types::sol;
use stylus_devnet::testing::*;

sol! {
    #![sol(all_derives)]
    interface Token {
        function ownerOf(uint256 id) external view returns (address);
        function tokenURI(uint256 id) external view returns (string);
        function approve(address approved, uint256 id) external;
        function setApprovalForAll(address operator, bool approved) external;
        function transferFrom(address from, address to, uint256 id) external;
        function mint(address to) external returns (uint256);

        event Transfer(address indexed from, address indexed to, uint256 indexed id);

        error ERC721NonexistentToken(uint256 id);
        error ERC721InsufficientApproval(address operator, uint256 id);
    }
}

use Token::*;

#[test]
fn tokens_go_where_their_owners_let_them() {
    let chain = Chain::new();
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| chain.account(name));
    let token = chain.deploy(build!("../erc721"));
    let minted = token.send(mintCall { to: alice });
    assert_gas!(minted, "mint, new owner");
    let id = minted.returned;
    let event = minted.event::<Transfer>();
    assert_eq!((event.from, event.to, event.id), (Address::ZERO, alice, id));

    let take = transferFromCall {
        from: alice,
        to: bob,
        id,
    };
    let error: ERC721InsufficientApproval = token.from(carol).reverts_with(take.clone());
    assert_eq!((error.operator, error.id), (carol, id));
    token.from(alice).send(setApprovalForAllCall {
        operator: carol,
        approved: true,
    });
    assert_gas!(token.from(carol).send(take), "transferFrom, by an operator");
    assert_eq!(token.call(ownerOfCall { id }), bob);
    assert_gas!(
        token.from(bob).send(approveCall {
            approved: alice,
            id
        }),
        "approve"
    );
}

#[test]
fn nobody_owns_what_is_not_there() {
    let chain = Chain::new();
    let token = chain.deploy(build!("../erc721"));
    let id = U256::from(99);
    let error: ERC721NonexistentToken = token.reverts_with(ownerOfCall { id });
    assert_eq!(error.id, id);
    let failed = token.with_errors(TokenErrors::SIGNATURES);
    let failed = failed.try_call(tokenURICall { id }).unwrap_err();
    assert_eq!(
        failed.to_string(),
        "it reverted with ERC721NonexistentToken(99)"
    );
}
