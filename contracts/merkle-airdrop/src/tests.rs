//! The airdrop on the SDK's test machine, over a tree of four.

use stylus_sdk::{alloy_primitives::keccak256, testing::TestVM};

use super::*;

/// The account at `index` and its amount.
fn entry(index: u64) -> (Address, U256) {
    let account = Address::with_last_byte(index as u8 + 1);
    (account, U256::from(index * 100))
}

fn leaf(index: u64) -> B256 {
    let (account, amount) = entry(index);
    keccak256(keccak256((U256::from(index), account, amount).abi_encode()))
}

fn node(left: B256, right: B256) -> B256 {
    keccak256([left.min(right), left.max(right)].concat())
}

/// A deployed airdrop, and the proof of each entry.
fn airdrop() -> (TestVM, MerkleAirdrop, [Vec<B256>; 4]) {
    let vm = TestVM::default();
    let mut airdrop = MerkleAirdrop::from(&vm);
    let leaves = [0, 1, 2, 3].map(leaf);
    let pairs = [node(leaves[0], leaves[1]), node(leaves[2], leaves[3])];
    let root = node(pairs[0], pairs[1]);
    airdrop.constructor(root);
    assert_eq!(airdrop.root(), root);
    let proofs = [0, 1, 2, 3].map(|at: usize| vec![leaves[at ^ 1], pairs[(at / 2) ^ 1]]);
    (vm, airdrop, proofs)
}

#[test]
fn each_claims_once() {
    let (vm, mut airdrop, proofs) = airdrop();
    for (index, proof) in (0..).zip(proofs) {
        let (account, amount) = entry(index);
        let index = U256::from(index);
        assert!(!airdrop.is_claimed(index));
        let claimed = airdrop.claim(index, account, amount, proof.clone());
        assert!(claimed.is_ok());
        assert!(airdrop.is_claimed(index));
        let again = airdrop.claim(index, account, amount, proof);
        assert!(matches!(again, Err(Refusal::Claimed(_))));
        assert_eq!(airdrop.balance_of(account), amount);
    }
    assert!(!airdrop.is_claimed(U256::from(4)));
    assert_eq!(vm.get_emitted_logs().len(), 4);
}

#[test]
fn a_proof_is_for_one_entry() {
    let (vm, mut airdrop, [proof, others, ..]) = airdrop();
    let (account, amount) = entry(0);
    let zero = U256::ZERO;
    let reversed = proof.iter().copied().rev().collect();
    for refused in [
        airdrop.claim(U256::from(4), account, amount, proof.clone()),
        airdrop.claim(zero, entry(1).0, amount, proof.clone()),
        airdrop.claim(zero, account, amount + U256::ONE, proof.clone()),
        airdrop.claim(zero, account, amount, others),
        airdrop.claim(zero, account, amount, reversed),
        airdrop.claim(zero, account, amount, proof[..1].to_vec()),
        airdrop.claim(zero, account, amount, Vec::new()),
    ] {
        assert!(matches!(refused, Err(Refusal::Listed(_))));
    }
    assert!(!airdrop.is_claimed(zero));
    assert!(vm.get_emitted_logs().is_empty());
}

#[test]
fn each_index_has_a_bit_of_its_own() {
    let place = |index: u64| place(U256::from(index));
    assert_eq!(place(0), (U256::ZERO, 0));
    assert_eq!(place(255), (U256::ZERO, 255));
    assert_eq!(place(256), (U256::ONE, 0));
}
