//! Signatures of messages.

use alloy_primitives::{b256, hex, keccak256};
use alloy_sol_types::sol;
use stylus_devnet::testing::*;

sol! {
    #![sol(all_derives)]
    interface Signatures {
        function recover(bytes32 hash, uint8 v, bytes32 r, bytes32 s) external view returns (address);
        function sign(bytes message, uint8 v, bytes32 r, bytes32 s) external returns (uint256);
        function hashChain(bytes32 seed, uint32 rounds) external view returns (bytes32);

        error NoSignature(bytes32 hash);
        error AlreadySigned(bytes32 hash, address signer);
    }
}

use Signatures::*;

/// The hash that a wallet signs for `hello` (EIP-191); `R` and `S` are from its signature.
const HASH: B256 = b256!("0x50b2c43fd39106bafbba0da34fc430e1f91e3c96ea2acee2bc34119f92b37750");
const R: B256 = b256!("0x765556d15ab6588bcf6e93a752a70055cb63b0ea0c105bbf0ad80ba22c822056");
const S: B256 = b256!("0x57eb06685329eb456bae0ca45b32e17e0e4f09003cc91dcd9376bd0e57331f1c");

#[test]
fn a_signature_counts_once() {
    let chain = Chain::new();
    let signatures = chain.deploy(build!("../signatures"));
    let recovered = signatures.send(recoverCall {
        hash: HASH,
        v: 27,
        r: R,
        s: S,
    });
    assert_gas!(recovered, "recover");
    let sign = signCall {
        message: hex!("68656c6c6f").into(),
        v: 27,
        r: R,
        s: S,
    };
    let signed = signatures.send(sign.clone());
    assert_gas!(signed, "sign, 5 bytes");
    assert_eq!(signed.returned, U256::ONE);
    let error: AlreadySigned = signatures.reverts_with(sign.clone());
    assert_eq!((error.hash, error.signer), (HASH, recovered.returned));
    let _: NoSignature = signatures.reverts_with(signCall { v: 99, ..sign });
}

#[test]
fn hashes_are_the_chains_own() {
    let chain = Chain::new();
    let signatures = chain.deploy(build!("../signatures"));
    let seed = B256::with_last_byte(7);
    let hashed = signatures.send(hashChainCall { seed, rounds: 2 });
    assert_gas!(hashed, "hashChain, 2");
    assert_eq!(hashed.returned, keccak256(keccak256(seed)));
}
