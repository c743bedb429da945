//! Methods that send transactions.
//!
//! Lives here: from a request to a signed transaction. Not here: what happens to it then (`chain`), and signing anything else
//! (`sign`).

use alloy_consensus::{
    SignableTransaction, Transaction as _, TxEip1559, TxEip2930, TxEip7702, TxLegacy,
    TypedTransaction,
};
use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{Address, Bytes, Signature, U256};
use alloy_rpc_types_eth::TransactionRequest;
use alloy_signer::SignerSync as _;
use alloy_signer_local::PrivateKeySigner;
use serde_json::json;
use stylus_vm::Gas;

use crate::bounded::to_json;
use crate::chain::{Chain, Request, Transaction};
use crate::evm::Interrupt;
use crate::node::Node;
use crate::rpc::arguments::{Arguments, CALL};
use crate::rpc::error::RpcError;
use crate::rpc::methods::{Answer, Text};
use crate::rpc::run::{is_of_chain, request};
use crate::rpc::sign::signer;

pub(super) fn raw(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Answer {
    let raw: Bytes = arguments.required_up_to(CALL, 0, "signed transaction")?;
    let transaction = Transaction::decode(&raw)?;
    node.read_accounts_of(transaction.sender, transaction.envelope.to());
    let hash = node.send(interrupt, |chain| {
        chain.check_sender(transaction.sender)?;
        Ok::<_, RpcError>(transaction)
    })?;
    Ok(json!(hash))
}

pub(super) fn transaction(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Answer {
    let asked = arguments.required_up_to(CALL, 0, "transaction")?;
    let unsigned = Unsigned::of(node, asked, interrupt)?;
    unsigned.send(node, interrupt)
}

pub(super) fn sign_transaction(
    node: &Node,
    arguments: &Arguments<'_>,
    interrupt: &Interrupt,
) -> Text {
    let asked = arguments.required_up_to(CALL, 0, "transaction")?;
    let transaction = Unsigned::of(node, asked, interrupt)?.sign(&node.chain())?;
    let shown = json!({ "raw": transaction.encoded(), "tx": transaction.envelope });
    Ok(to_json(&shown)?)
}

/// The transaction with all defaults filled in, unsigned.
pub(super) fn fill_transaction(
    node: &Node,
    arguments: &Arguments<'_>,
    interrupt: &Interrupt,
) -> Text {
    let asked = arguments.required_up_to(CALL, 0, "transaction")?;
    let unsigned = Unsigned::by(node, asked, interrupt, |_| Ok(None))?;
    let from = unsigned.filled.from;
    let typed = unsigned.typed(&node.chain())?;
    // As in geth, the missing signature is all zeros.
    let nothing = Signature::new(U256::ZERO, U256::ZERO, false);
    let filled = Transaction::known(typed.into_envelope(nothing), from);
    let mut tx = json!(filled.envelope);
    if let Some(tx) = tx.as_object_mut() {
        tx.insert("from".into(), json!(from));
    }
    Ok(to_json(&json!({ "raw": filled.encoded(), "tx": tx }))?)
}

/// Sends a transaction from the account that it names.
pub(super) fn unsigned(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Answer {
    let asked = arguments.required_up_to(CALL, 0, "transaction")?;
    let unsigned = Unsigned::by(node, asked, interrupt, |_| Ok(None))?;
    unsigned.send(node, interrupt)
}

/// A transaction without its signature and, unless the request has one, its nonce.
pub(super) struct Unsigned<'a> {
    asked: TransactionRequest,
    filled: Request,
    gas_limit: Gas,
    /// The signer; `None` for an impersonated account.
    signer: Option<&'a PrivateKeySigner>,
}

impl<'a> Unsigned<'a> {
    /// Fills in what a request leaves open. The account's own key signs, unless the account is impersonated.
    pub(super) fn of(
        node: &'a Node,
        asked: TransactionRequest,
        interrupt: &Interrupt,
    ) -> Result<Self, RpcError> {
        Self::by(node, asked, interrupt, |from| {
            match node.chain().is_impersonated(from) {
                true => Ok(None),
                false => signer(node, from).map(Some),
            }
        })
    }

    /// Like [`Self::of`], with the key that `signer` returns.
    fn by(
        node: &'a Node,
        asked: TransactionRequest,
        interrupt: &Interrupt,
        signer: impl FnOnce(Address) -> Result<Option<&'a PrivateKeySigner>, RpcError>,
    ) -> Result<Self, RpcError> {
        is_of_chain(node, &asked)?;
        let mut filled = request(asked.clone())?;
        filled.from = match asked.from {
            Some(from) => from,
            None => {
                let first = node.signers().next().map(PrivateKeySigner::address);
                first.ok_or_else(|| RpcError::parameters("'from' is missing"))?
            }
        };
        let signer = signer(filled.from)?;
        if asked.nonce.is_none() {
            node.read_ahead(filled.from);
        }
        let pending = BlockId::Number(BlockNumberOrTag::Pending);
        let gas_limit = match asked.gas {
            Some(gas) => Gas(gas),
            None => node.view(pending)?.until(interrupt).estimate(&filled)?,
        };
        Ok(Self {
            asked,
            filled,
            gas_limit,
            signer,
        })
    }

    /// Sends it, with the next nonce. Returns its hash.
    fn send(self, node: &Node, interrupt: &Interrupt) -> Answer {
        let (from, to) = (self.filled.from, self.filled.to.to().copied());
        node.read_accounts_of(from, to);
        let hash = node.send(interrupt, |chain| self.sign(chain))?;
        Ok(json!(hash))
    }

    /// The signed transaction, with the next nonce on `chain`.
    pub(super) fn sign(self, chain: &Chain) -> Result<Transaction, RpcError> {
        let sender = self.filled.from;
        let signer = self.signer;
        let typed = self.typed(chain)?;
        let Some(signer) = signer else {
            return Ok(Transaction::unsigned(typed, sender));
        };
        chain.check_sender(sender)?;
        let signature: Signature = signer
            .sign_hash_sync(&typed.signature_hash())
            .map_err(RpcError::refused)?;
        Ok(Transaction::known(typed.into_envelope(signature), sender))
    }

    fn typed(self, chain: &Chain) -> Result<TypedTransaction, RpcError> {
        let Self {
            asked,
            filled,
            gas_limit: Gas(gas_limit),
            ..
        } = self;
        let ty = asked.transaction_type;
        let pending = || chain.pending_nonce(filled.from);
        let nonce = asked.nonce.unwrap_or_else(pending);
        let (chain_id, base_fee) = (chain.config().chain_id, chain.gas_price());
        let max_fee = asked.max_fee_per_gas.unwrap_or(2 * base_fee.0);
        let (to, value, input) = (filled.to, filled.value, filled.input);
        let access_list = filled.access_list;
        let tip = asked.max_priority_fee_per_gas.unwrap_or(0);
        let has_price = ty.is_none() && asked.gas_price.is_some();
        // A gas price of the older kind together with an access list has its own type (EIP-2930).
        let is_listed = ty == Some(1) || (has_price && asked.access_list.is_some());
        let is_legacy = ty == Some(0) || has_price;
        let gas_price = asked.gas_price.unwrap_or(base_fee.0);
        Ok(if !filled.authorization_list.is_empty() || ty == Some(4) {
            let to = *to
                .to()
                .ok_or_else(|| RpcError::parameters("a delegation needs 'to'"))?;
            TxEip7702 {
                chain_id,
                nonce,
                gas_limit,
                max_fee_per_gas: max_fee,
                max_priority_fee_per_gas: tip,
                to,
                value,
                access_list,
                authorization_list: filled.authorization_list,
                input,
            }
            .into()
        } else if is_listed {
            TxEip2930 {
                chain_id,
                nonce,
                gas_price,
                gas_limit,
                to,
                value,
                access_list,
                input,
            }
            .into()
        } else if is_legacy {
            TxLegacy {
                chain_id: Some(chain_id),
                nonce,
                gas_price,
                gas_limit,
                to,
                value,
                input,
            }
            .into()
        } else {
            TxEip1559 {
                chain_id,
                nonce,
                gas_limit,
                max_fee_per_gas: max_fee,
                max_priority_fee_per_gas: tip,
                to,
                value,
                access_list,
                input,
            }
            .into()
        })
    }
}
