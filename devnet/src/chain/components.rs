//! NodeInterface's `gasEstimateComponents`: an estimate, and the part of it that pays for L1.
//!
//! Lives here: the only NodeInterface method that needs a search, which no call can do. Not here: the other methods
//! (`precompiles::node_interface`), the search (`estimate`).

use alloy_primitives::{Bytes, TxKind};
use alloy_sol_types::SolCall as _;

use crate::addresses::NODE_INTERFACE;
use crate::arbos::l1_pricing;
use crate::chain::error::EstimateError;
use crate::chain::request::{Ending, Executed, Request};
use crate::chain::view::View;
use crate::precompiles::NodeInterface::{gasEstimateComponentsCall, gasEstimateComponentsReturn};

impl View {
    /// Answers a call that asks for an estimate; returns `None` for any other call.
    ///
    /// # Errors
    /// If the request to estimate fails.
    pub(crate) fn components(&self, request: &Request) -> Result<Option<Executed>, EstimateError> {
        if request.to != TxKind::Call(NODE_INTERFACE) {
            return Ok(None);
        }
        let Ok(asked) = gasEstimateComponentsCall::abi_decode(&request.input) else {
            return Ok(None);
        };
        let inner = Request {
            to: if asked.contractCreation {
                TxKind::Create
            } else {
                asked.to.into()
            },
            input: asked.data,
            ..request.clone()
        };
        let gas = self.estimate(&inner)?;
        let Ok(l1_price) = l1_pricing::price_per_unit().get(&mut self.state.clone());
        let answer = gasEstimateComponentsReturn {
            gasEstimate: gas.0,
            gasEstimateForL1: self.poster_gas_of_transaction(&inner).0,
            baseFee: self.settings.base_fee.word(),
            l1BaseFeeEstimate: l1_price,
        };
        let output: Bytes = gasEstimateComponentsCall::abi_encode_returns(&answer).into();
        Ok(Some(Executed {
            ending: Ending::Success,
            gas_used: gas,
            output,
            logs: Vec::new(),
            reason: None,
        }))
    }
}
