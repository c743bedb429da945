//! The contract on the SDK's test machine, which has no precompiles: the tests supply their answers.

use stylus_sdk::{
    alloy_primitives::{b256, eip191_hash_message, keccak256},
    testing::TestVM,
};

use super::*;

const ANN: Address = Address::repeat_byte(1);
const BOB: Address = Address::repeat_byte(2);
const HASH: B256 = B256::repeat_byte(7);
const R: B256 = B256::repeat_byte(8);
const S: B256 = B256::repeat_byte(9);

/// Makes `signer` sign `hash` with this `v` and `s`, and always the same `r`. The machine keeps only the last answer.
fn prepare(vm: &TestVM, hash: B256, v: u8, s: B256, signer: Option<Address>) {
    let output = signer.map_or(Vec::new(), |signer| signer.into_word().to_vec());
    let input = [hash, B256::with_last_byte(v), R, s].concat();
    vm.mock_static_call(ECRECOVER, input, Ok(output));
}

#[test]
fn the_signer_is_whom_the_precompile_names() {
    let vm = TestVM::default();
    let contract = Signatures::from(&vm);
    prepare(&vm, HASH, 27, S, Some(ANN));
    assert_eq!(contract.recover(HASH, 27, R, S).unwrap(), ANN);
    prepare(&vm, HASH, 28, S, None);
    let refused = contract.recover(HASH, 28, R, S);
    assert!(matches!(refused, Err(Refusal::Nobody(_))));
}

#[test]
fn a_signature_has_no_mirror_image() {
    let vm = TestVM::default();
    let contract = Signatures::from(&vm);
    let half = B256::from(HALF_ORDER);
    let above = B256::from(HALF_ORDER + U256::ONE);
    prepare(&vm, HASH, 27, half, Some(ANN));
    assert_eq!(contract.recover(HASH, 27, R, half).unwrap(), ANN);
    prepare(&vm, HASH, 27, above, Some(ANN));
    let refused = contract.recover(HASH, 27, R, above);
    assert!(matches!(refused, Err(Refusal::Nobody(_))));
}

#[test]
fn each_signer_counts_once() {
    let vm = TestVM::default();
    let mut contract = Signatures::from(&vm);
    let message = || Bytes::from("hello");
    let hash = eip191_hash_message("hello");
    prepare(&vm, hash, 27, S, Some(ANN));
    assert_eq!(contract.sign(message(), 27, R, S).unwrap(), U256::ONE);
    let again = contract.sign(message(), 27, R, S);
    assert!(matches!(again, Err(Refusal::Again(_))));
    prepare(&vm, hash, 28, S, Some(BOB));
    assert_eq!(contract.sign(message(), 28, R, S).unwrap(), U256::from(2));
}

#[test]
fn half_is_half_of_the_order() {
    // From SEC 2, section 2.4.1.
    let order = b256!("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
    assert_eq!(U256::from_be_bytes(order.0) / U256::from(2), HALF_ORDER);
}

#[test]
fn hashes_are_keccak() {
    let contract = Signatures::from(&TestVM::default());
    assert_eq!(contract.hash_zeros(0), keccak256([]));
    assert_eq!(contract.hash_zeros(100), keccak256([0; 100]));
    assert_eq!(contract.hash_chain(HASH, 0), HASH);
    assert_eq!(contract.hash_chain(HASH, 2), keccak256(keccak256(HASH)));
}
