//! Signatures and proofs.

use alloy_primitives::{b256, keccak256};
use alloy_signer::SignerSync;
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::sol;

use super::*;

sol! {
    #![sol(all_derives)]
    interface Signatures {
        function recover(bytes32 hash, uint8 v, bytes32 r, bytes32 s) external view returns (address);
        function verify(bytes32 hash, bytes32 r, bytes32 s, bytes32 x, bytes32 y) external view returns (bool);

        error ECDSAInvalidSignature();
        error ECDSAInvalidSignatureS(bytes32 s);
    }

    interface Proofs {
        function verify(bytes32[] proof, bytes32 root, bytes32 leaf) external view returns (bool);
        function verifyMany(bytes32[] proof, bool[] flags, bytes32 root, bytes32[] leaves) external view returns (bool);
    }
}

use Proofs::verifyManyCall;
use Signatures::{SignaturesErrors, recoverCall};

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn a_signer_is_recovered() {
    let (chain, _) = chain(SignaturesErrors::SIGNATURES);
    let contract = chain.deploy(module("ecdsa"));
    let hash = keccak256("hello");
    for key in ["one", "two", "three", "four"] {
        let signer = PrivateKeySigner::from_bytes(&keccak256(key)).unwrap();
        let signature = signer.sign_hash_sync(&hash).unwrap();
        let good = recoverCall {
            hash,
            v: 27 + u8::from(signature.v()),
            r: signature.r().into(),
            s: signature.s().into(),
        };
        assert_eq!(contract.call(good.clone()), signer.address());
        let other = contract.try_call(recoverCall {
            v: 55 - good.v,
            ..good.clone()
        });
        assert_ne!(other.ok(), Some(signer.address()));
        let other = contract.call(recoverCall {
            hash: keccak256("other"),
            ..good.clone()
        });
        assert_ne!(other, signer.address());
        for v in [0, 1] {
            refused(
                &contract,
                recoverCall { v, ..good.clone() },
                "ECDSAInvalidSignature()",
            );
        }
        // The precompile returns nothing for these, and reading an address from that panics.
        for v in [26, 29, 255] {
            refused_in_silence(&contract, recoverCall { v, ..good.clone() });
        }
        refused_in_silence(
            &contract,
            recoverCall {
                r: B256::ZERO,
                ..good.clone()
            },
        );
        let half = alloy_primitives::uint!(
            0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0_U256
        );
        let s = B256::from(half + U256::ONE);
        refused(
            &contract,
            recoverCall { s, ..good.clone() },
            format!("ECDSAInvalidSignatureS({s})"),
        );
        let _: Address = contract.call(recoverCall {
            s: half.into(),
            ..good
        });
    }
}

/// RIP-7212's precompile, with one of geth's test vectors.
#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn the_other_curve_is_verified() {
    let (chain, _) = chain(&[]);
    let contract = chain.deploy(module("ecdsa"));
    let good = Signatures::verifyCall {
        hash: b256!("4cee90eb86eaa050036147a12d49004b6b9c72bd725d39d4785011fe190f0b4d"),
        r: b256!("a73bd4903f0ce3b639bbbf6e8e80d16931ff4bcf5993d58468e8fb19086e8cac"),
        s: b256!("36dbcd03009df8c59286b162af3bd7fcc0450c9aa81be5d10d312af6c66b1d60"),
        x: b256!("4aebd3099c618202fcfe16ae7770b0c49ab5eadf74b754204a3bb6060e44eff3"),
        y: b256!("7618b065f9832de4ca6ca971a7a1adc826d0f7c00181a5fb2ddf79ae00b4e10e"),
    };
    assert!(contract.call(good.clone()));
    for other in [
        Signatures::verifyCall {
            hash: B256::ZERO,
            ..good.clone()
        },
        Signatures::verifyCall {
            r: good.s,
            ..good.clone()
        },
        Signatures::verifyCall {
            x: good.y,
            ..good.clone()
        },
        Signatures::verifyCall {
            s: B256::repeat_byte(0x80),
            ..good.clone()
        },
    ] {
        assert!(!contract.call(other));
    }
}

/// The parent of two nodes, in either order.
fn above(one: B256, other: B256) -> B256 {
    let (low, high) = if one < other {
        (one, other)
    } else {
        (other, one)
    };
    keccak256([low, high].concat())
}

/// The leaves of a tree, the nodes above each pair, and its root.
fn tree() -> ([B256; 4], [B256; 2], B256) {
    let leaves = ["a", "b", "c", "d"].map(keccak256);
    let [a, b, c, d] = leaves;
    let pairs = [above(a, b), above(c, d)];
    (leaves, pairs, above(pairs[0], pairs[1]))
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn a_leaf_is_proven() {
    let (chain, _) = chain(&[]);
    let contract = chain.deploy(module("merkle-proofs"));
    let ([a, b, c, d], [left, right], root) = tree();
    let check = |proof: &[B256], leaf, expected| {
        let call = Proofs::verifyCall {
            proof: proof.to_vec(),
            root,
            leaf,
        };
        assert_eq!(contract.call(call), expected);
    };
    check(&[b, right], a, true);
    check(&[c, left], d, true);
    check(&[right], left, true);
    check(&[], root, true);
    check(&[b, right], c, false);
    check(&[right, b], a, false);
    check(&[b], a, false);
    check(&[b, right, a], a, false);
    check(&[], a, false);
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn many_leaves_are_proven_at_once() {
    let (chain, _) = chain(&[]);
    let contract = chain.deploy(module("merkle-proofs"));
    let ([a, b, c, d], [_, right], root) = tree();
    let call = |proof: &[B256], flags: &[bool], leaves: &[B256]| verifyManyCall {
        proof: proof.to_vec(),
        flags: flags.to_vec(),
        root,
        leaves: leaves.to_vec(),
    };
    let check = |call, expected| assert_eq!(contract.call(call), expected);
    check(call(&[right], &[true, false], &[a, b]), true);
    check(call(&[b, d], &[false, false, true], &[a, c]), true);
    check(call(&[], &[true, true, true], &[a, b, c, d]), true);
    check(call(&[root], &[], &[]), true);
    check(call(&[right], &[true, false], &[a, c]), false);
    let check = |call, name: &str| {
        let failure = contract.fails(call);
        assert_eq!(failure.data, Bytes::copy_from_slice(name.as_bytes()));
    };
    check(call(&[], &[true, false], &[a, b]), "InvalidTotalHashes");
    check(
        call(&[right, c], &[true, false], &[a, b]),
        "InvalidTotalHashes",
    );
    check(call(&[a, b, c], &[false, true], &[]), "NoLeaves");
    check(call(&[b], &[true], &[a]), "InvalidRootChild");
    check(call(&[], &[false], &[a, b]), "InvalidProofLength");
}
