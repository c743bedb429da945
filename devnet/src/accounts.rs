//! Accounts whose keys everybody knows.
//!
//! Lives here: the keys. Not here: what the accounts own (`chain::genesis`).

use alloy_primitives::{Address, B256, b256};
use alloy_signer_local::PrivateKeySigner;

/// The key of the account that `nitro --dev` funds.
const DEV_KEY: B256 = b256!("0xb6b15c8cb491557369f3c7d2c287b053eb229daa9c22138887752191c9520659");

/// The first keys of the mnemonic "test test test test test test test test test test test junk", at m/44'/60'/0'/0.
const TEST_KEYS: [B256; 10] = [
    b256!("0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"),
    b256!("0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"),
    b256!("0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a"),
    b256!("0x7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6"),
    b256!("0x47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a"),
    b256!("0x8b3a350cf5c34c9194ca85829a2df0ec3153be0318b5e2d3348e872092edffba"),
    b256!("0x92db14e403b83dfe3df233f83dfa3a0d7096f21ca9b0d6d6b8d88b2b4ec1564e"),
    b256!("0x4bbbf85ce3377467afe5d46f804f221813b2bb87f24d81f60f1fcdbf7cbf4356"),
    b256!("0xdbda1821b80551c9d65939329250298aa3472ba22feea921c0cf5d620ea67b97"),
    b256!("0x2a871d0798f97d79848a013d4936a73bf4cc922c825d33c1cf7073dff6d409c6"),
];

/// How many accounts there can be besides the dev account.
pub(crate) const LIMIT: u32 = TEST_KEYS.len() as u32;

/// The dev account and `further` others.
pub(crate) fn signers(further: u32) -> impl Iterator<Item = PrivateKeySigner> {
    std::iter::once(DEV_KEY)
        .chain(TEST_KEYS.into_iter().take(further as usize))
        .map(|key| PrivateKeySigner::from_bytes(&key).expect("the keys are valid"))
}

/// The addresses of `count` accounts besides the dev account.
pub(crate) fn further(count: u32) -> impl Iterator<Item = Address> {
    signers(count).skip(1).map(|signer| signer.address())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::addresses::DEV_ACCOUNT;

    #[test]
    fn the_keys_are_those_of_the_known_accounts() {
        let addresses: Vec<_> = signers(LIMIT).map(|signer| signer.address()).collect();
        assert_eq!(addresses[0], DEV_ACCOUNT);
        let known = alloy_primitives::address!("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
        let last = alloy_primitives::address!("0xa0Ee7A142d267C1f36714E4a8F75612F20a79720");
        assert_eq!((addresses[1], addresses[10]), (known, last));
    }
}
