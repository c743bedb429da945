//! The fungible token.

use alloy_sol_types::sol;
use stylus_devnet::testing::*;

sol! {
    #![sol(all_derives)]
    interface Token {
        function name() external view returns (string);
        function totalSupply() external view returns (uint256);
        function balanceOf(address owner) external view returns (uint256);
        function transfer(address to, uint256 value) external returns (bool);
        function approve(address spender, uint256 value) external returns (bool);
        function transferFrom(address from, address to, uint256 value) external returns (bool);
        function mint(address to, uint256 value) external;

        event Transfer(address indexed from, address indexed to, uint256 value);

        error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed);
        error ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed);
        error ERC20InvalidReceiver(address receiver);
    }
}

use Token::*;

/// A chain on which Alice has ten tokens.
fn token() -> (Chain, Contract, [Address; 2]) {
    let chain = Chain::new();
    let [alice, bob] = ["alice", "bob"].map(|name| chain.account(name));
    let token = chain.deploy(build!("../erc20"));
    let token = token.with_errors(TokenErrors::SIGNATURES);
    let sent = token.send(mintCall {
        to: alice,
        value: U256::from(10),
    });
    assert_gas!(sent, "mint, new holder");
    (chain, token, [alice, bob])
}

#[test]
fn tokens_move_from_who_has_them() {
    let (_chain, token, [alice, bob]) = token();
    let give = |value: u64| transferCall {
        to: bob,
        value: U256::from(value),
    };
    let sent = token.from(alice).send(give(4));
    assert!(sent.returned);
    let told = Transfer {
        from: alice,
        to: bob,
        value: U256::from(4),
    };
    assert_eq!(sent.event::<Transfer>(), told);
    assert_gas!(sent, "transfer, new holder");
    assert_gas!(token.from(alice).send(give(1)), "transfer, known holder");
    assert_eq!(token.call(balanceOfCall { owner: bob }), U256::from(5));
    assert_eq!(token.call(totalSupplyCall {}), U256::from(10));
    assert_eq!(token.call(nameCall {}), "Stylus Kit Token");
}

#[test]
fn nobody_gives_what_he_has_not() {
    let (_chain, token, [alice, bob]) = token();
    let call = transferCall {
        to: bob,
        value: U256::from(11),
    };
    let failure = token.from(alice).fails(call.clone());
    assert_eq!(
        failure.to_string(),
        format!("it reverted with ERC20InsufficientBalance({alice}, 10, 11)")
    );
    assert_gas!(failure, "transfer, too much");
    let error = token
        .from(alice)
        .reverts_with::<ERC20InsufficientBalance>(call);
    assert_eq!(error.needed, U256::from(11));
    let call = mintCall {
        to: Address::ZERO,
        value: U256::ONE,
    };
    let _: ERC20InvalidReceiver = token.reverts_with(call);
}

#[test]
fn allowances_are_used_up() {
    let (_chain, token, [alice, bob]) = token();
    let take = transferFromCall {
        from: alice,
        to: bob,
        value: U256::from(3),
    };
    let value = U256::from(5);
    let approved = token.from(alice).send(approveCall {
        spender: bob,
        value,
    });
    assert_gas!(approved, "approve");
    assert_gas!(token.from(bob).send(take.clone()), "transferFrom");
    let error = token
        .from(bob)
        .reverts_with::<ERC20InsufficientAllowance>(take);
    assert_eq!(error.allowance, U256::from(2));
}
