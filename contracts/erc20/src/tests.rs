//! The token on the SDK's test machine.

use stylus_sdk::testing::TestVM;

use super::*;

const ANN: Address = Address::repeat_byte(1);
const BOB: Address = Address::repeat_byte(2);

fn with(minted: u64) -> (TestVM, Erc20) {
    let vm = TestVM::default();
    let mut token = Erc20::from(&vm);
    vm.set_sender(ANN);
    token.mint(ANN, U256::from(minted)).unwrap();
    (vm, token)
}

/// Theorem: after any operations, the balances add up to the supply.
#[track_caller]
fn check(token: &Erc20, ann: u64, bob: u64) {
    assert_eq!(token.balance_of(ANN), U256::from(ann));
    assert_eq!(token.balance_of(BOB), U256::from(bob));
    assert_eq!(token.total_supply(), U256::from(ann + bob));
}

#[test]
fn tokens_move_from_who_has_them() {
    let (vm, mut token) = with(10);
    assert!(token.transfer(BOB, U256::from(4)).unwrap());
    check(&token, 6, 4);
    // To oneself: nothing is created or lost.
    token.transfer(ANN, U256::from(6)).unwrap();
    check(&token, 6, 4);
    assert_eq!(vm.get_emitted_logs().len(), 3);
}

#[test]
fn nobody_gives_what_he_has_not() {
    let (vm, mut token) = with(10);
    let refused = token.transfer(BOB, U256::from(11));
    assert!(matches!(
        refused,
        Err(Refusal::Balance(ERC20InsufficientBalance { sender: ANN, balance, needed }))
            if balance == U256::from(10) && needed == U256::from(11)
    ));
    check(&token, 10, 0);
    assert_eq!(vm.get_emitted_logs().len(), 1);
}

#[test]
fn nobody_receives_at_no_address() {
    let (_, mut token) = with(10);
    for refused in [
        token.transfer(Address::ZERO, U256::ONE).map(drop),
        token.mint(Address::ZERO, U256::ONE),
    ] {
        assert!(matches!(refused, Err(Refusal::Receiver(_))));
    }
}

#[test]
fn allowances_are_used_up_unless_they_have_no_end() {
    let (vm, mut token) = with(10);
    assert!(token.approve(BOB, U256::from(5)));
    vm.set_sender(BOB);
    token.transfer_from(ANN, BOB, U256::from(3)).unwrap();
    assert_eq!(token.allowance(ANN, BOB), U256::from(2));
    assert!(matches!(
        token.transfer_from(ANN, BOB, U256::from(3)),
        Err(Refusal::Allowance(_))
    ));
    vm.set_sender(ANN);
    token.approve(BOB, U256::MAX);
    vm.set_sender(BOB);
    token.transfer_from(ANN, BOB, U256::from(3)).unwrap();
    assert_eq!(token.allowance(ANN, BOB), U256::MAX);
    check(&token, 4, 6);
}

#[test]
fn there_is_a_last_token() {
    let (_, mut token) = with(1);
    assert!(matches!(
        token.mint(BOB, U256::MAX),
        Err(Refusal::Supply(_))
    ));
    token.mint(BOB, U256::MAX - U256::ONE).unwrap();
    assert_eq!(token.total_supply(), U256::MAX);
}
