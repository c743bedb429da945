//! The chain that a fork starts from, and how the fork begins.
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

/// Another chain at a certain block.
#[derive(Clone)]
pub(crate) struct Origin {
    pub(crate) chain_id: u64,
    /// The block, without its transactions, which have to be fetched elsewhere.
    pub(crate) block: Arc<Block>,
    pub(crate) beneath: Arc<Beneath>,
    /// Whether it has its own ArbOS state.
    pub(crate) is_arbitrum: bool,
    /// Whether it is configured for debugging.
    pub(crate) debug: bool,
    /// The most bytes of code that an account can hold, if the chain says so.
    pub(crate) max_code_size: Option<u32>,
}

impl Origin {
    /// What tells it apart from any other.
    pub(super) fn id(&self) -> record::OriginId {
        (self.block.header.number, self.block.hash)
    }
}

impl Chain {
    /// Returns a fork of another chain. The other chain decides its id and, if it is an Arbitrum chain, its version, parameters and prices.
    /// If it is a plain Ethereum chain, the settings apply.
    ///
    /// # Errors
    /// If the settings ask for the impossible, or the other chain's node does not answer.
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

/// Returns the state after the forked block, with what the settings put on top of it.
fn on_top(config: &mut Config, rules: &Rules, origin: &Origin) -> Result<State, GenesisError> {
    let signers = accounts::signers(config)?;
    let mut state = State::over(origin.beneath.clone());
    let header = &origin.block.header;
    // These are read below one by one, and after every transaction.
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
    // Accounts that have plenty keep their balance, so that the forked block is the same here as there.
    let plenty = config.balance / U256::from(2);
    for signer in signers {
        let address = signer.address();
        if state.account(address).balance < plenty {
            state.change(address, |account| account.balance = config.balance);
        }
    }
    Ok(state)
}
