//! The test that the devnet's README shows, word for word.

use alloy_sol_types::sol;
use stylus_devnet::testing::*;

sol! {
    #![sol(all_derives)]
    interface Token {
        function balanceOf(address owner) external view returns (uint256);
        function transfer(address to, uint256 value) external returns (bool);
        function mint(address to, uint256 value) external;
        event Transfer(address indexed from, address indexed to, uint256 value);
        error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed);
    }
}

#[test]
fn tokens_move() {
    let chain = Chain::new();
    let [alice, bob] = ["alice", "bob"].map(|name| chain.account(name));
    let token = chain.deploy(build!("../erc20")).with_errors(Token::TokenErrors::SIGNATURES);
    token.send(Token::mintCall { to: alice, value: U256::from(10) });

    let give = |value: u64| Token::transferCall { to: bob, value: U256::from(value) };
    let sent = token.from(alice).send(give(4));
    assert!(sent.returned);
    assert_eq!(sent.event::<Token::Transfer>().to, bob);
    assert_gas!(sent, "transfer, new holder");

    let error = token.from(alice).reverts_with::<Token::ERC20InsufficientBalance>(give(7));
    assert_eq!(error.balance, U256::from(6));
}
