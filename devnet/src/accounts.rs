//! Accounts whose keys everybody knows.
//!
//! Lives here: the keys. Not here: what the accounts own (`chain::genesis`).

use alloy_primitives::{B256, b256};
use alloy_signer::k256::ecdsa::SigningKey;
use alloy_signer_local::PrivateKeySigner;
use hmac::{Hmac, Mac as _};
use sha2::Sha512;

use crate::config::{Config, Wallet};

/// The key of the account that `nitro --dev` funds.
const DEV_KEY: B256 = b256!("0xb6b15c8cb491557369f3c7d2c287b053eb229daa9c22138887752191c9520659");

/// The first keys of the default wallet, listed because deriving them takes time.
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

/// How many words a phrase can have, and how many rounds of hashing turn it into a seed (BIP-39).
const WORDS: [usize; 5] = [12, 15, 18, 21, 24];
const ROUNDS: u32 = 2_048;

/// The index bit of a hardened child, which cannot be derived without the private key (BIP-32).
const HARDENED: u32 = 1 << 31;

/// The most accounts there can be in addition to the dev account.
const LIMIT: u32 = 1_000;

/// Why the accounts cannot be created.
#[derive(Debug, thiserror::Error)]
pub enum AccountsError {
    /// More accounts than the limit.
    #[error("{0} accounts are asked for; the limit is {LIMIT}")]
    TooMany(u32),
    /// Not a phrase of BIP-39.
    #[error("the mnemonic is invalid: it has 12, 15, 18, 21 or 24 words of English")]
    Mnemonic,
    /// Not a derivation path.
    #[error("the derivation path is invalid: one looks like m/44'/60'/0'/0/")]
    Path,
}

fn signer(key: &B256) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(key).expect("the keys are valid")
}

/// Returns the signers of the dev account and of the accounts that the settings ask for.
///
/// # Errors
/// If the settings ask for the impossible.
pub(crate) fn signers(config: &Config) -> Result<Vec<PrivateKeySigner>, AccountsError> {
    let Config {
        accounts, wallet, ..
    } = config;
    if *accounts > LIMIT {
        return Err(AccountsError::TooMany(*accounts));
    }
    let is_usual = *wallet == Wallet::default();
    let further =
        (0..*accounts).map(
            |number| match TEST_KEYS.get(number as usize).filter(|_| is_usual) {
                Some(key) => Ok(signer(key)),
                None => derive(wallet, number),
            },
        );
    std::iter::once(Ok(signer(&DEV_KEY)))
        .chain(further)
        .collect()
}

/// Derives the key of a wallet's account.
fn derive(wallet: &Wallet, number: u32) -> Result<PrivateKeySigner, AccountsError> {
    let words: Vec<&str> = wallet.mnemonic.split_whitespace().collect();
    if !WORDS.contains(&words.len()) || !wallet.mnemonic.is_ascii() {
        return Err(AccountsError::Mnemonic);
    }
    let path = wallet.derivation_path.trim_end_matches('/');
    let path = path.strip_prefix("m/").ok_or(AccountsError::Path)?;
    let mut key = ExtendedKey::of(&seed(&words.join(" ")))?;
    for step in path.split('/') {
        let hardened = step.strip_suffix(['\'', 'h']);
        let index: u32 = hardened
            .unwrap_or(step)
            .parse()
            .map_err(|_| AccountsError::Path)?;
        key = key.child(index | if hardened.is_some() { HARDENED } else { 0 })?;
    }
    key = key.child(number)?;
    Ok(PrivateKeySigner::from_signing_key(key.key))
}

/// HMAC-SHA512.
fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 64] {
    let mut mac = Hmac::<Sha512>::new_from_slice(key).expect("a key may have any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

/// Computes the seed of a phrase (BIP-39): PBKDF2 with one block.
fn seed(phrase: &str) -> [u8; 64] {
    let mut round = hmac(phrase.as_bytes(), &[b"mnemonic", &1_u32.to_be_bytes()]);
    let mut seed = round;
    for _ in 1..ROUNDS {
        round = hmac(phrase.as_bytes(), &[&round]);
        seed.iter_mut()
            .zip(round)
            .for_each(|(sum, byte)| *sum ^= byte);
    }
    seed
}

/// A key that others are derived from (BIP-32).
struct ExtendedKey {
    key: SigningKey,
    chain: [u8; 32],
}

impl ExtendedKey {
    fn of(seed: &[u8]) -> Result<Self, AccountsError> {
        let (key, chain) = halves(hmac(b"Bitcoin seed", &[seed]));
        let key = SigningKey::from_slice(&key).map_err(|_| AccountsError::Path)?;
        Ok(Self { key, chain })
    }

    fn child(&self, index: u32) -> Result<Self, AccountsError> {
        let end = index.to_be_bytes();
        let mixed = match index >= HARDENED {
            true => hmac(&self.chain, &[&[0], &self.key.to_bytes(), &end]),
            false => {
                let public = self.key.verifying_key().to_encoded_point(true);
                hmac(&self.chain, &[public.as_bytes(), &end])
            }
        };
        let (added, chain) = halves(mixed);
        // One in 2^127 is not a valid key; nobody has ever seen one.
        let added = SigningKey::from_slice(&added).map_err(|_| AccountsError::Path)?;
        let sum = **self.key.as_nonzero_scalar() + **added.as_nonzero_scalar();
        let key = SigningKey::from_bytes(&sum.to_bytes()).map_err(|_| AccountsError::Path)?;
        Ok(Self { key, chain })
    }
}

fn halves(bytes: [u8; 64]) -> ([u8; 32], [u8; 32]) {
    let word = |at: usize| B256::from_slice(&bytes[at..at + 32]).0;
    (word(0), word(32))
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{Address, address};

    use super::*;
    use crate::addresses::DEV_ACCOUNT;

    fn addresses(accounts: u32, wallet: Wallet) -> Vec<Address> {
        let config = Config {
            accounts,
            wallet,
            ..Config::default()
        };
        let signers = signers(&config).unwrap();
        signers.iter().map(PrivateKeySigner::address).collect()
    }

    #[test]
    fn the_keys_are_those_of_the_known_accounts() {
        let addresses = addresses(11, Wallet::default());
        assert_eq!(addresses[0], DEV_ACCOUNT);
        let known = address!("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
        let last = address!("0xa0Ee7A142d267C1f36714E4a8F75612F20a79720");
        let derived = address!("0xBcd4042DE499D14e55001CcbB24a551F3b954096");
        assert_eq!(
            (addresses[1], addresses[10], addresses[11]),
            (known, last, derived)
        );
    }

    #[test]
    fn keys_at_hand_are_those_that_are_derived() {
        for (number, key) in (0..).zip(&TEST_KEYS) {
            assert_eq!(derive(&Wallet::default(), number).unwrap(), signer(key));
        }
    }

    #[test]
    fn another_wallet_has_other_accounts() {
        let wallet = Wallet {
            mnemonic: "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about".into(),
            ..Wallet::default()
        };
        let known = address!("0x9858EfFD232B4033E47d90003D41EC34EcaEda94");
        assert_eq!(addresses(1, wallet), [DEV_ACCOUNT, known]);
        let wrong = Config {
            wallet: Wallet {
                mnemonic: "test test".into(),
                ..Wallet::default()
            },
            ..Config::default()
        };
        assert!(matches!(signers(&wrong), Err(AccountsError::Mnemonic)));
    }
}
