//! Accounts that send transactions: those generated for a run, and those that a node impersonates for anybody.
//!
//! Lives here: keys and addresses by name, and how an account gets its funds. Not here: what is sent (`measure`).

use alloy_network::{EthereumWallet, NetworkTransactionBuilder as _, TransactionBuilder as _};
use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_provider::Provider as _;
use alloy_rpc_types_eth::TransactionRequest;
use alloy_signer_local::PrivateKeySigner;
use serde::Deserialize;
use serde_json::{Value, json};
use stylus_vm::Gas;

use super::{
    CallError, NODE_INTERFACE, Node, NodeError, PATIENCE, failed, gasEstimateL1ComponentCall,
};

/// Gas that each transaction offers: the most that Arbitrum allows per transaction (ArbOS 50).
pub(crate) const GAS_LIMIT: Gas = Gas(32_000_000);

/// How long to wait before requesting a receipt again.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(20);

/// An account that can send transactions.
#[derive(Clone, Debug)]
pub(crate) enum Account {
    /// An account whose key is known here.
    Key(PrivateKeySigner),
    /// An account for which the node signs, as development nodes do.
    Impersonated(Address),
}

impl Account {
    /// The account that a name in a plan stands for: its key is the hash of the name, so its address is the same on every chain. Anybody
    /// can use it.
    pub(crate) fn named(name: &str) -> Self {
        let key = keccak256(format!("gas-bench: {name}"));
        let signer = PrivateKeySigner::from_bytes(&key);
        Self::Key(
            signer.expect("no name's hash is beyond the group's order, which one in 2^128 is"),
        )
    }

    pub(crate) fn address(&self) -> Address {
        match self {
            Self::Key(signer) => signer.address(),
            Self::Impersonated(address) => *address,
        }
    }
}

/// A transaction in a block, reduced to what matters here.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Receipt {
    pub(crate) transaction_hash: B256,
    status: alloy_primitives::U64,
    gas_used: alloy_primitives::U64,
    /// Gas for posting on the parent chain; only Arbitrum nodes report it.
    #[serde(default)]
    gas_used_for_l1: alloy_primitives::U64,
    pub(crate) contract_address: Option<Address>,
    pub(crate) logs: Vec<Log>,
}

/// A log of a contract.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Log {
    pub(crate) address: Address,
    pub(crate) topics: Vec<B256>,
    pub(crate) data: alloy_primitives::Bytes,
}

impl Receipt {
    pub(crate) fn succeeded(&self) -> bool {
        self.status.to::<u64>() == 1
    }

    pub(crate) fn gas(&self) -> Gas {
        Gas(self.gas_used.to())
    }

    pub(crate) fn l1_gas(&self) -> Gas {
        Gas(self.gas_used_for_l1.to())
    }
}

impl Node {
    /// The account that pays for everything.
    pub(crate) fn payer(&self) -> Account {
        Account::Key(self.signer.clone())
    }

    /// Enables an account to send transactions worth `value` in total: funds it with that, and with what their gas can cost.
    ///
    /// # Errors
    /// If the payer cannot pay, or the node does not allow impersonation.
    pub(crate) fn prepare(
        &self,
        account: &Account,
        transactions: u64,
        value: U256,
    ) -> Result<(), CallError> {
        let price = U256::from(self.max_fee()?);
        let fees = price * U256::from(GAS_LIMIT.0) * U256::from(transactions);
        let needed = value.saturating_add(fees);
        if let Account::Impersonated(address) = account {
            self.raw::<Value>("anvil_impersonateAccount", json!([address]))?;
            self.raw::<Value>("anvil_setBalance", json!([address, needed]))?;
            return Ok(());
        }
        let request = TransactionRequest::default()
            .with_to(account.address())
            .with_value(needed);
        let receipt = self.submit(&self.payer(), request)?;
        match receipt.succeeded() {
            true => Ok(()),
            false => Err(CallError::Refused("the transaction failed".into())),
        }
    }

    /// Sends a transaction from an account and waits until it is in a block.
    ///
    /// # Errors
    /// If the chain does not accept it, or the node is at fault. A transaction that fails is in a block, too.
    pub(crate) fn submit(
        &self,
        account: &Account,
        request: TransactionRequest,
    ) -> Result<Receipt, CallError> {
        let hash = self.submit_unmined(account, request)?;
        self.receipt(hash)
    }

    /// Sends a transaction from an account without waiting.
    pub(crate) fn submit_unmined(
        &self,
        account: &Account,
        request: TransactionRequest,
    ) -> Result<B256, CallError> {
        let from = account.address();
        let fee = self.max_fee()?;
        let gas = self.offered(&request)?;
        let request = request
            .with_from(from)
            .with_gas_limit(gas.0)
            .with_max_fee_per_gas(fee)
            .with_max_priority_fee_per_gas(0);
        let signer = match account {
            Account::Impersonated(_) => {
                return self.raw("eth_sendTransaction", json!([request]));
            }
            Account::Key(signer) => signer,
        };
        self.runtime.block_on(async {
            let nonce = self.provider.get_transaction_count(from).pending();
            let nonce = nonce.await.map_err(failed)?;
            let chain = self.provider.get_chain_id().await.map_err(failed)?;
            let wallet = EthereumWallet::new(signer.clone());
            let signed = request
                .with_nonce(nonce)
                .with_chain_id(chain)
                .build(&wallet)
                .await
                .map_err(|error| CallError::Refused(error.to_string()))?;
            let pending = self.provider.send_tx_envelope(signed).await;
            Ok(*pending.map_err(failed)?.tx_hash())
        })
    }

    /// Gas that a transaction offers. Arbitrum's limit is for what runs. What posting it to the parent chain takes comes on top, and for a
    /// deployment that can be more, where gas is cheap and the parent chain dear, as on a development node. It is offered twice, as its
    /// price may have risen until then.
    fn offered(&self, request: &TransactionRequest) -> Result<Gas, NodeError> {
        let is_deployment = request.to.is_none_or(|to| to.is_create());
        let Some(code) = request.input.input().filter(|_| is_deployment) else {
            return Ok(GAS_LIMIT);
        };
        let question = gasEstimateL1ComponentCall {
            to: Address::ZERO,
            contractCreation: true,
            data: code.clone(),
        };
        let posting = self.ask(
            NODE_INTERFACE,
            "NodeInterface.gasEstimateL1Component",
            &question,
        )?;
        Ok(GAS_LIMIT.saturating_add(Gas(posting.gasEstimateForL1.saturating_mul(2))))
    }

    /// Waits for the receipt of a transaction.
    pub(crate) fn receipt(&self, hash: B256) -> Result<Receipt, CallError> {
        let mut patience = PATIENCE.as_millis() / PAUSE.as_millis();
        loop {
            let receipt =
                self.raw::<Option<Receipt>>("eth_getTransactionReceipt", json!([hash]))?;
            if let Some(receipt) = receipt {
                return Ok(receipt);
            }
            if patience == 0 {
                let seconds = PATIENCE.as_secs();
                return Err(NodeError::Transport(format!(
                    "transaction {hash} is not in a block after {seconds} seconds"
                ))
                .into());
            }
            patience -= 1;
            std::thread::sleep(PAUSE);
        }
    }

    /// The most that a transaction offers per gas: twice the current price, which can rise.
    fn max_fee(&self) -> Result<u128, CallError> {
        let price = async { self.provider.get_gas_price().await };
        let price = self.runtime.block_on(price).map_err(failed)?;
        Ok(price.saturating_mul(2).max(1))
    }

    /// Sends a request for which alloy has no method.
    pub(crate) fn raw<T: serde::de::DeserializeOwned>(
        &self,
        method: &'static str,
        parameters: Value,
    ) -> Result<T, CallError> {
        let asked = async {
            self.provider
                .raw_request::<_, Value>(method.into(), parameters)
                .await
        };
        let answer = self.runtime.block_on(asked).map_err(failed)?;
        serde_json::from_value(answer).map_err(|error| {
            NodeError::Answer {
                question: method,
                answer: error.to_string(),
            }
            .into()
        })
    }
}
