//! Blocks and receipts as the chain keeps them.
//!
//! Lives here: plain data, and how a header is put together. Not here: executing transactions, and JSON.

use std::sync::Arc;

use alloy_consensus::proofs::{calculate_receipt_root, calculate_transaction_root};
use alloy_consensus::{Eip658Value, Header, ReceiptEnvelope, ReceiptWithBloom, TxType};
use alloy_primitives::{Address, B64, B256, Bloom, Bytes, Log, U256, logs_bloom};
use alloy_rlp::{Encodable as _, Header as RlpHeader};
use serde::Deserialize;
use stylus_vm::{ArbOs, Gas};

use crate::chain::transaction::Transaction;
use crate::units::Price;

/// The gas limit of a block in every Arbitrum header: it limits nothing.
pub(crate) const GAS_LIMIT: Gas = Gas(1 << 50);

/// A block.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) header: Header,
    /// The header's hash.
    pub(crate) hash: B256,
    /// The L1 block number that ArbOS has in it.
    pub(crate) l1_number: u64,
    pub(crate) transactions: Vec<Arc<Transaction>>,
    /// One per transaction.
    pub(crate) receipts: Vec<Receipt>,
    /// The length of the block's encoding, in bytes.
    pub(crate) size: usize,
}

/// The result of a transaction.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub(crate) struct Receipt {
    /// Whether it succeeded.
    pub(crate) status: bool,
    /// Gas, including poster gas.
    pub(crate) gas_used: Gas,
    /// Gas of the block up to and including it.
    pub(crate) cumulative_gas_used: Gas,
    /// Gas for its bytes on L1.
    pub(crate) poster_gas: Gas,
    /// The price paid.
    pub(crate) effective_gas_price: Price,
    pub(crate) logs: Vec<Log>,
    pub(crate) logs_bloom: Bloom,
    /// The contract that it created, or would have created.
    pub(crate) contract: Option<Address>,
    /// Why it failed, if the machine has words for it.
    pub(crate) reason: Option<String>,
    /// What it returned or reverted with.
    pub(crate) output: Bytes,
}

/// What a header needs in addition to the block's transactions.
pub(crate) struct Sealing {
    pub(crate) parent: Option<Arc<Block>>,
    pub(crate) number: u64,
    pub(crate) l1_number: u64,
    pub(crate) timestamp: u64,
    pub(crate) base_fee: Price,
    pub(crate) gas_limit: Gas,
    pub(crate) beneficiary: Address,
    pub(crate) arbos: ArbOs,
    /// How many messages to L1 there are so far, and the root over them.
    pub(crate) sends: (u64, B256),
    /// Whether tips are paid.
    pub(crate) collects_tips: bool,
    /// What stands for the state root: see `commitment`.
    pub(crate) state_root: B256,
}

impl Block {
    /// How many messages to L1 had been sent at its end, according to its header.
    pub(crate) fn send_count(&self) -> u64 {
        let count = self.header.mix_hash.first_chunk().copied();
        count.map_or(0, u64::from_be_bytes)
    }

    /// The root over those messages.
    pub(crate) fn send_root(&self) -> B256 {
        B256::try_from(&self.header.extra_data[..]).unwrap_or_default()
    }

    /// Makes a block of executed transactions.
    pub(crate) fn seal(
        sealing: Sealing,
        transactions: Vec<Arc<Transaction>>,
        receipts: Vec<Receipt>,
    ) -> Self {
        let envelopes: Vec<_> = transactions.iter().map(|tx| &tx.envelope).collect();
        let mut bloom = Bloom::ZERO;
        for receipt in &receipts {
            bloom |= receipt.logs_bloom;
        }
        let header = Header {
            parent_hash: sealing
                .parent
                .as_ref()
                .map(|parent| parent.hash)
                .unwrap_or_default(),
            beneficiary: sealing.beneficiary,
            state_root: sealing.state_root,
            transactions_root: calculate_transaction_root(&envelopes),
            receipts_root: receipts_root(&transactions, &receipts),
            logs_bloom: bloom,
            difficulty: U256::ONE,
            number: sealing.number,
            gas_limit: sealing.gas_limit.0,
            gas_used: receipts
                .last()
                .map_or(0, |receipt| receipt.cumulative_gas_used.0),
            timestamp: sealing.timestamp,
            extra_data: sealing.sends.1.into(),
            mix_hash: mix_hash(&sealing),
            nonce: B64::ZERO,
            base_fee_per_gas: Some(sealing.base_fee.in_header()),
            ..Header::default()
        };
        Self {
            hash: header.hash_slow(),
            size: size(&header, &transactions),
            header,
            l1_number: sealing.l1_number,
            transactions,
            receipts,
        }
    }

    /// Its receipts in the form that the receipts root covers.
    pub(crate) fn envelopes(&self) -> impl Iterator<Item = ReceiptEnvelope> + Clone {
        let both = self.transactions.iter().zip(&self.receipts);
        both.map(|(tx, receipt)| receipt.envelope(tx.envelope.tx_type()))
    }

    /// The root over the receipts.
    pub(crate) fn receipts_root(&self) -> B256 {
        receipts_root(&self.transactions, &self.receipts)
    }
}

/// The length of a block's encoding, in bytes: a list of the header, the list of transactions and that of uncles.
pub(super) fn size(header: &Header, transactions: &[Arc<Transaction>]) -> usize {
    let list = |payload_length| {
        let head = RlpHeader {
            list: true,
            payload_length,
        };
        head.length_with_payload()
    };
    let transactions = transactions.iter().map(|tx| tx.envelope.length()).sum();
    let no_uncles = 0;
    list(header.length() + list(transactions) + list(no_uncles))
}

fn receipts_root(transactions: &[Arc<Transaction>], receipts: &[Receipt]) -> B256 {
    let both = transactions.iter().zip(receipts);
    let encoded: Vec<_> = both
        .map(|(tx, receipt)| receipt.envelope(tx.envelope.tx_type()))
        .collect();
    calculate_receipt_root(&encoded)
}

/// Packs what Arbitrum keeps instead of a random number: messages sent, the L1 block number, the ArbOS version, whether tips are paid.
fn mix_hash(sealing: &Sealing) -> B256 {
    let mut mix = [0; 32];
    mix[..8].copy_from_slice(&sealing.sends.0.to_be_bytes());
    mix[8..16].copy_from_slice(&sealing.l1_number.to_be_bytes());
    mix[16..24].copy_from_slice(&u64::from(sealing.arbos.number()).to_be_bytes());
    mix[25] = sealing.collects_tips.into();
    mix.into()
}

impl Receipt {
    /// The receipt in the form that the receipts root covers.
    fn envelope(&self, tx_type: TxType) -> ReceiptEnvelope {
        let receipt = ReceiptWithBloom {
            receipt: alloy_consensus::Receipt {
                status: Eip658Value::Eip658(self.status),
                cumulative_gas_used: self.cumulative_gas_used.0,
                logs: self.logs.clone(),
            },
            logs_bloom: self.logs_bloom,
        };
        match tx_type {
            TxType::Legacy => ReceiptEnvelope::Legacy(receipt),
            TxType::Eip2930 => ReceiptEnvelope::Eip2930(receipt),
            TxType::Eip1559 => ReceiptEnvelope::Eip1559(receipt),
            TxType::Eip4844 => ReceiptEnvelope::Eip4844(receipt),
            TxType::Eip7702 => ReceiptEnvelope::Eip7702(receipt),
        }
    }
}

/// Computes the bloom filter over a transaction's logs.
pub(crate) fn bloom(logs: &[Log]) -> Bloom {
    logs_bloom(logs)
}
