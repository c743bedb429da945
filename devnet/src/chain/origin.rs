//! The chain that a fork goes on from, and how it begins.
//!
//! Lives here: what has to be known of the other chain, and what is put on top before the first block. Not here: where that comes from
//! (`fork`), and the state beneath (`state::source`).

use std::sync::Arc;

use alloy_primitives::U256;

use crate::accounts;
use crate::addresses::L1_PRICER_FUNDS;
use crate::arbos;
use crate::chain::block::Block;
use crate::chain::environment::Rules;
use crate::chain::genesis::{self, GenesisError};
use crate::chain::{Chain, record};
use crate::config::{Clock, Config};
use crate::state::State;
use crate::state::source::{Beneath, attempt};

/// Another chain at one block.
#[derive(Clone)]
pub(crate) struct Origin {
    pub(crate) chain_id: u64,
    /// The block, without its transactions: whoever wants those asks elsewhere.
    pub(crate) block: Arc<Block>,
    pub(crate) beneath: Arc<Beneath>,
    /// Whether it has an ArbOS state of its own.
    pub(crate) is_arbitrum: bool,
    /// Whether it was configured for debugging.
    pub(crate) debug: bool,
    /// Bytes of code that an account may hold, where it says so.
    pub(crate) max_code_size: Option<u32>,
}

impl Origin {
    /// What tells it from any other.
    pub(super) fn id(&self) -> record::OriginId {
        (self.block.header.number, self.block.hash)
    }
}

impl Chain {
    /// A chain that goes on from another. What that says of itself holds: its id, and on an Arbitrum chain its version, its parameters
    /// and its prices. On a chain that is only Ethereum's, the settings hold.
    ///
    /// # Errors
    /// Where the settings ask for what cannot be, or the other chain does not answer.
    pub(crate) fn forked(mut config: Config, origin: Origin) -> Result<Self, GenesisError> {
        let header = &origin.block.header;
        config.chain_id = origin.chain_id;
        if let Clock::Steps(_) = config.clock {
            config.clock = Clock::Steps(header.timestamp);
        }
        if let Some(size) = origin.max_code_size {
            config.max_code_size = size;
        }
        let rules = Rules {
            chain_id: origin.chain_id,
            max_code_size: config.max_code_size,
            debug: origin.debug || !origin.is_arbitrum,
            artifacts: config.artifacts.clone(),
            coverage: config.coverage.clone(),
            programs: Default::default(),
        };
        let state = attempt(|| on_top(&mut config, &rules, &origin))??;
        let block = origin.block.clone();
        Ok(Self::begin(config, rules, Some(origin), block, state))
    }
}

/// The state after the block that is forked, with what the settings put on top of it.
fn on_top(config: &mut Config, rules: &Rules, origin: &Origin) -> Result<State, GenesisError> {
    let signers = accounts::signers(config)?;
    let mut state = State::over(origin.beneath.clone());
    let header = &origin.block.header;
    // Looked at below one by one, and after every transaction.
    let mut accounts: Vec<_> = signers.iter().map(|signer| signer.address()).collect();
    if origin.is_arbitrum {
        let (Ok(network), Ok(infra)) = (
            arbos::network_fee_account().get(&mut state),
            arbos::infra_fee_account().get(&mut state),
        );
        accounts.extend([network, infra, L1_PRICER_FUNDS]);
    }
    origin.beneath.read_accounts_ahead(&accounts)?;
    match origin.is_arbitrum {
        true => {
            config.arbos = arbos::version(&mut state);
            if let Some(owner) = config.chain_owner {
                arbos::add_chain_owner(&mut state, owner);
            }
        }
        false => {
            config.base_fee = header.base_fee_per_gas.unwrap_or(config.base_fee);
            genesis::arbitrum(&mut state, config)?;
            state = genesis::conveniences(state, config, rules, header.timestamp)?;
        }
    }
    // Who has plenty keeps it, so that the block that was forked is here as it was there.
    let plenty = config.balance / U256::from(2);
    for signer in signers {
        let address = signer.address();
        if state.account(address).balance < plenty {
            state.change(address, |account| account.balance = config.balance);
        }
    }
    Ok(state)
}
