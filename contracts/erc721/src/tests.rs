//! The collection on the SDK's test machine.

use stylus_sdk::testing::TestVM;

use super::*;

const ANN: Address = Address::repeat_byte(1);
const BOB: Address = Address::repeat_byte(2);
const EVE: Address = Address::repeat_byte(3);

/// A collection in which Ann has token 1.
fn collection() -> (TestVM, Erc721, U256) {
    let vm = TestVM::default();
    let mut tokens = Erc721::from(&vm);
    vm.set_sender(ANN);
    let id = tokens.mint(ANN).unwrap();
    assert_eq!(id, U256::ONE);
    (vm, tokens, id)
}

/// Checks the token's owner, and the balances of Ann and Bob.
#[track_caller]
fn check(tokens: &Erc721, id: U256, owner: Address, ann: u64, bob: u64) {
    assert_eq!(tokens.owner_of(id).unwrap(), owner);
    assert_eq!(tokens.balance_of(ANN), U256::from(ann));
    assert_eq!(tokens.balance_of(BOB), U256::from(bob));
}

#[test]
fn a_token_has_one_owner() {
    let (vm, mut tokens, id) = collection();
    check(&tokens, id, ANN, 1, 0);
    tokens.transfer_from(ANN, BOB, id).unwrap();
    check(&tokens, id, BOB, 0, 1);
    assert_eq!(tokens.mint(ANN).unwrap(), U256::from(2));
    check(&tokens, id, BOB, 1, 1);
    assert_eq!(vm.get_emitted_logs().len(), 3);
}

#[test]
fn tokens_do_not_move_otherwise() {
    let (vm, mut tokens, id) = collection();
    let nobodys = tokens.transfer_from(BOB, EVE, id);
    assert!(matches!(nobodys, Err(Refusal::Owner(_))));
    vm.set_sender(BOB);
    let anothers = tokens.transfer_from(ANN, BOB, id);
    assert!(matches!(anothers, Err(Refusal::Approval(_))));
    check(&tokens, id, ANN, 1, 0);
    let nowhere = tokens.mint(Address::ZERO);
    assert!(matches!(nowhere, Err(Refusal::Receiver(_))));
}

#[test]
fn what_was_never_minted_is_nobodys() {
    let (_, mut tokens, _) = collection();
    let id = U256::from(2);
    for refused in [
        tokens.owner_of(id).map(drop),
        tokens.get_approved(id).map(drop),
        tokens.token_uri(id).map(drop),
        tokens.approve(BOB, id),
        tokens.transfer_from(ANN, BOB, id),
    ] {
        assert!(matches!(refused, Err(Refusal::Token(_))));
    }
}

#[test]
fn an_approval_ends_with_the_transfer() {
    let (vm, mut tokens, id) = collection();
    tokens.approve(EVE, id).unwrap();
    assert_eq!(tokens.get_approved(id).unwrap(), EVE);
    vm.set_sender(EVE);
    tokens.transfer_from(ANN, BOB, id).unwrap();
    check(&tokens, id, BOB, 0, 1);
    assert_eq!(tokens.get_approved(id).unwrap(), Address::ZERO);
    let again = tokens.transfer_from(BOB, EVE, id);
    assert!(matches!(again, Err(Refusal::Approval(_))));
}

#[test]
fn an_operator_moves_all() {
    let (vm, mut tokens, id) = collection();
    vm.set_sender(EVE);
    let not_yet = tokens.approve(EVE, id);
    assert!(matches!(not_yet, Err(Refusal::Approval(_))));
    vm.set_sender(ANN);
    tokens.set_approval_for_all(EVE, true);
    assert!(tokens.is_approved_for_all(ANN, EVE));
    vm.set_sender(EVE);
    tokens.approve(EVE, id).unwrap();
    tokens.transfer_from(ANN, BOB, id).unwrap();
    check(&tokens, id, BOB, 0, 1);
}

#[test]
fn addresses_are_made_of_numbers() {
    let (_, tokens, id) = collection();
    let address = tokens.token_uri(id).unwrap();
    assert_eq!(address, "https://example.org/kit/1.json");
}
