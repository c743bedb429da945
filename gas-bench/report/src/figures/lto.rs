//! Link-time optimisation that a contract's author asks for and does not get.
//!
//! Lives here: the reason, and what the contract would be with it, as data. Not here: finding it out (`stylus-cargo`), building and
//! measuring (`measure::lto`), the sentence about it (`content::lto`).

use serde::{Deserialize, Serialize};
use stylus_cargo::Hindrance;
use stylus_vm::{Bytes, Gas};

use super::{Contract, StartGas};

/// A contract that asks for link-time optimisation and is built without it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MissedLto {
    /// Why cargo leaves it out.
    pub hindrance: Hindrance,
    /// What the contract would be with it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// Figures or a reason.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The figures with it.
    WithLto(WithLto),
    /// Why the figures are unknown: one sentence.
    Unknown(String),
}

/// The figures of a contract with link-time optimisation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct WithLto {
    /// Compressed, as stored in accounts.
    pub code: Bytes,
    /// What it costs on a chain; `None` if it was not put on one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<OnChain>,
}

/// What a contract costs on a chain.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OnChain {
    /// Gas of the transaction that activated it.
    pub activation_gas: Gas,
    /// What each call pays before the program starts.
    pub start: StartGas,
    /// The calls that have figures, in the order of the plan.
    pub calls: Vec<CallGas>,
}

/// All runs of a call.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CallGas {
    /// The call's name in the plan.
    pub name: String,
    /// Gas of their receipts.
    pub gas: Gas,
}

impl OnChain {
    /// Collects the figures of a contract that reached a chain.
    pub fn of(contract: &Contract) -> Option<Self> {
        let deployment = contract.deployment.as_ref()?;
        let calls = contract
            .calls
            .iter()
            .filter(|call| call.failure().is_none());
        Some(Self {
            activation_gas: deployment.activation_gas,
            start: deployment.start,
            calls: calls
                .map(|call| CallGas {
                    name: call.name.clone(),
                    gas: call.total_gas(),
                })
                .collect(),
        })
    }
}
