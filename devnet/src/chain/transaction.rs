//! A transaction as the chain keeps it: what was signed, and by whom.
//!
//! Lives here: decoding, and conversion for the machine. Not here: whether it can be in a block (`pool`, `evm`).

use alloy_consensus::transaction::SignerRecoverable as _;
use alloy_consensus::{
    SignableTransaction as _, Transaction as _, TxEnvelope, Typed2718 as _, TypedTransaction,
};
use alloy_eips::eip2718::{Decodable2718 as _, Encodable2718 as _};
use alloy_primitives::{Address, B256, Bytes, Signature, U256};
use revm::context::TxEnv;
use revm::context_interface::either::Either;
use revm::context_interface::transaction::TransactionType;

use crate::units::Price;

/// A transaction with its signer.
#[derive(Clone, Debug)]
pub(crate) struct Transaction {
    /// What was signed, with the signature; a made-up one for an impersonated account.
    pub(crate) envelope: TxEnvelope,
    /// Who signed it.
    pub(crate) sender: Address,
    /// The hash of its bytes.
    pub(crate) hash: B256,
}

/// Why bytes are not a transaction that this chain accepts.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DecodeError {
    #[error("the transaction cannot be decoded: {0}")]
    Encoding(#[from] alloy_eips::eip2718::Eip2718Error),
    #[error("the transaction is followed by {0} bytes that do not belong to it")]
    Trailing(usize),
    #[error("the signature is invalid: {0}")]
    Signature(#[from] alloy_consensus::crypto::RecoveryError),
    #[error("transaction type not supported: Arbitrum has no blobs")]
    Blob,
}

impl Transaction {
    /// Decodes the bytes that `eth_sendRawTransaction` takes.
    ///
    /// # Errors
    /// If they are not exactly one signed transaction of a type that Arbitrum supports.
    pub(crate) fn decode(raw: &[u8]) -> Result<Self, DecodeError> {
        let mut rest = raw;
        let envelope = TxEnvelope::decode_2718(&mut rest)?;
        if !rest.is_empty() {
            return Err(DecodeError::Trailing(rest.len()));
        }
        if envelope.is_eip4844() {
            return Err(DecodeError::Blob);
        }
        let sender = envelope.recover_signer()?;
        Ok(Self::known(envelope, sender))
    }

    /// Returns a transaction of an account whose key is not known here.
    pub(crate) fn unsigned(transaction: TypedTransaction, sender: Address) -> Self {
        // The sender is part of the signature, so that the transactions of two accounts never share a hash.
        let signature = Signature::new(U256::from_be_slice(sender.as_slice()), U256::ONE, false);
        let envelope = match transaction {
            TypedTransaction::Legacy(tx) => tx.into_signed(signature).into(),
            TypedTransaction::Eip2930(tx) => tx.into_signed(signature).into(),
            TypedTransaction::Eip1559(tx) => tx.into_signed(signature).into(),
            TypedTransaction::Eip4844(tx) => tx.into_signed(signature).into(),
            TypedTransaction::Eip7702(tx) => tx.into_signed(signature).into(),
        };
        Self::known(envelope, sender)
    }

    /// Returns a transaction whose signer is already known.
    pub(crate) fn known(envelope: TxEnvelope, sender: Address) -> Self {
        let hash = *envelope.tx_hash();
        Self {
            envelope,
            sender,
            hash,
        }
    }

    /// The signed bytes as they were sent.
    pub(crate) fn encoded(&self) -> Bytes {
        self.envelope.encoded_2718().into()
    }

    /// The address of the contract that it creates, if it does.
    pub(crate) fn created(&self) -> Option<Address> {
        let creates = self.envelope.is_create();
        creates.then(|| self.sender.create(self.envelope.nonce()))
    }

    /// The most that it pays for gas.
    pub(crate) fn price_cap(&self) -> Price {
        Price(self.envelope.max_fee_per_gas())
    }

    /// What it offers for gas at a base fee, including the tip.
    pub(crate) fn offered_price(&self, base_fee: Price) -> Price {
        let base_fee = base_fee.in_header();
        Price(self.envelope.effective_gas_price(Some(base_fee)))
    }

    /// Converts it for the machine. If nobody collects tips, nobody pays them.
    pub(crate) fn environment(&self, tips_are_collected: bool) -> TxEnv {
        let tx = &self.envelope;
        let tip = match tips_are_collected {
            // A gas price of the older types is offered in full.
            true => tx
                .max_priority_fee_per_gas()
                .unwrap_or(tx.max_fee_per_gas()),
            false => 0,
        };
        let authorizations = tx.authorization_list().unwrap_or_default();
        let tx_type = match tx.ty() {
            // A gas price of the older types is a limit like any other, and the tip goes up to it.
            0 | 1 => TransactionType::Eip1559 as u8,
            ty => ty,
        };
        TxEnv {
            tx_type,
            caller: self.sender,
            gas_limit: tx.gas_limit(),
            gas_price: tx.max_fee_per_gas(),
            gas_priority_fee: Some(tip),
            kind: tx.kind(),
            value: tx.value(),
            data: tx.input().clone(),
            nonce: tx.nonce(),
            chain_id: tx.chain_id(),
            access_list: tx.access_list().cloned().unwrap_or_default(),
            authorization_list: authorizations.iter().cloned().map(Either::Left).collect(),
            ..TxEnv::default()
        }
    }
}

#[cfg(test)]
impl crate::chain::Chain {
    /// A transaction of the dev account's on this chain: the rest of it is `asked`.
    pub(in crate::chain) fn of_dev_account(
        &self,
        nonce: u64,
        asked: alloy_consensus::TxEip1559,
    ) -> Transaction {
        let asked = TypedTransaction::Eip1559(alloy_consensus::TxEip1559 {
            chain_id: self.config().chain_id,
            nonce,
            max_fee_per_gas: 1_000_000_000,
            ..asked
        });
        Transaction::unsigned(asked, crate::addresses::DEV_ACCOUNT)
    }
}
