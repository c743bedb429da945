//! The state that a chain starts with.
//!
//! Lives here: which accounts hold what before the first block, in both modes: with everything at hand, or with only what `nitro --dev`
//! gives. Not here: the words of the ArbOS state (`arbos`).

use alloy_primitives::{Bytes, U256, hex};
use revm::context_interface::JournalTr as _;
use revm::inspector::NoOpInspector;
use stylus_vm::ArbOs;

use crate::accounts::{self, AccountsError};
use crate::addresses::{
    ARBOS_STATE, CACHE_MANAGER, CREATE2_FACTORY, CREATE2_FACTORY_SIGNER, DEV_ACCOUNT,
    STYLUS_DEPLOYER,
};
use crate::arbos;
use crate::chain::environment::{self, BlockSettings, Purpose, Rules};
use crate::chain::transaction::{DecodeError, Transaction};
use crate::config::Config;
use crate::evm::{Machine, execute};
use crate::natives::{self, Native};
use crate::precompiles;
use crate::state::source::SourceError;
use crate::state::{Account, State};
use crate::units::Price;

/// The published transaction that deploys the CREATE2 factory at its address on any chain that accepts transactions without replay
/// protection (hash 0xeddf9e61…33d26).
const FACTORY_TRANSACTION: [u8; 167] = hex!(
    "f8a58085174876e800830186a08080b853604580600e600039806000f350fe7fffffffffffffffffffffffffffffffffffffffffffffffffff"
    "ffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf31ba0222222222222222222222222"
    "2222222222222222222222222222222222222222a02222222222222222222222222222222222222222222222222222222222222222"
);

/// The wei that the factory's transaction needs its signer to have: 100,000 gas at 100 gwei.
const FACTORY_FEE: u64 = 10_000_000_000_000_000;

/// Wei per unit of L1 data with which Nitro starts: 50 gwei, until an owner sets it.
const INITIAL_L1_PRICE: u64 = 50_000_000_000;

/// Why a chain cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum GenesisError {
    /// The accounts cannot be created.
    #[error(transparent)]
    Accounts(#[from] AccountsError),
    /// An ArbOS version that only the VM supports.
    #[error("a chain cannot start at ArbOS {0}: choose version {first} or a later one", first = Config::FIRST_ARBOS.number())]
    TooOld(u16),
    /// The CREATE2 factory could not be deployed.
    #[error("the CREATE2 factory cannot be deployed: {0}")]
    Factory(String),
    /// The node of the forked chain does not answer.
    #[error(transparent)]
    Source(#[from] SourceError),
}

/// Returns the state before the first block, at `time`, in seconds since 1970.
///
/// # Errors
/// If the settings ask for the impossible.
pub(crate) fn state(config: &Config, rules: &Rules, time: u64) -> Result<State, GenesisError> {
    let signers = accounts::signers(config)?;
    let mut state = State::default();
    arbitrum(&mut state, config)?;
    for signer in signers {
        state.change(signer.address(), |account| account.balance = config.balance);
    }
    conveniences(state, config, rules, time)
}

/// Turns a state into an Arbitrum chain's: adds the precompiles and the ArbOS state.
///
/// # Errors
/// If the version is too old.
pub(super) fn arbitrum(state: &mut State, config: &Config) -> Result<(), GenesisError> {
    if config.arbos < Config::FIRST_ARBOS {
        return Err(GenesisError::TooOld(config.arbos.number()));
    }
    install_precompiles(state, config.arbos);
    let l1_price = if config.bare { INITIAL_L1_PRICE } else { 0 };
    // The ArbOS state must not be empty, or the EVM would drop it.
    state.change(ARBOS_STATE, |account| {
        *account = Account {
            nonce: 1,
            ..Account::default()
        }
    });
    arbos::initialise(
        state,
        config.arbos,
        alloy_primitives::Address::ZERO,
        U256::from(l1_price),
        config.chain_id,
        config.base_fee.into(),
    );
    let Ok(()) = arbos::activation_gas().set(state, config.activation_gas.0);
    if let Some(owner) = config.chain_owner {
        arbos::add_chain_owner(state, owner);
    }
    Ok(())
}

/// Adds what everyone wants at hand, unless the chain is to be bare: an owner with a known key, and the contracts that tools look for. On a
/// fork, contracts that are already there stay.
///
/// # Errors
/// If the factory cannot be deployed.
pub(super) fn conveniences(
    mut state: State,
    config: &Config,
    rules: &Rules,
    time: u64,
) -> Result<State, GenesisError> {
    if config.bare {
        return Ok(state);
    }
    arbos::add_chain_owner(&mut state, DEV_ACCOUNT);
    for native in [Native::StylusDeployer, Native::CacheManager] {
        let address = match native {
            Native::StylusDeployer => STYLUS_DEPLOYER,
            Native::CacheManager => CACHE_MANAGER,
        };
        if state.code(address).is_empty() {
            state.set_code(address, natives::marker(native));
            state.change(address, |account| account.nonce = 1);
        }
    }
    arbos::add_cache_manager(&mut state, CACHE_MANAGER);
    match state.code(CREATE2_FACTORY).is_empty() {
        true => deploy_factory(state, config, rules, time),
        false => Ok(state),
    }
}

/// Gives the precompiles of an ArbOS version their byte of code, unless they already have it.
pub(super) fn install_precompiles(state: &mut State, arbos: ArbOs) {
    for address in precompiles::addresses(arbos) {
        if state.code(address).is_empty() {
            state.set_code(address, Bytes::from(precompiles::PRECOMPILE_CODE));
        }
    }
}

/// Sends the factory's published transaction, as a script would.
fn deploy_factory(
    mut state: State,
    config: &Config,
    rules: &Rules,
    time: u64,
) -> Result<State, GenesisError> {
    state.change(CREATE2_FACTORY_SIGNER, |account| {
        account.balance = U256::from(FACTORY_FEE)
    });
    let failed = |error: String| GenesisError::Factory(error);
    let transaction = Transaction::decode(&FACTORY_TRANSACTION)
        .map_err(|error: DecodeError| failed(error.to_string()))?;
    let block = BlockSettings::of(0, 0, time, Price::ZERO);
    let context = environment::context(rules, state, config.arbos, block, Purpose::Transaction);
    let mut machine = Machine::new(context, NoOpInspector, false);
    machine.context().tx = transaction.environment(false);
    let result = execute(&mut machine).map_err(|error| failed(error.to_string()))?;
    if !result.is_success() {
        return Err(failed(format!("{result:?}")));
    }
    let journal = &mut machine.context().journaled_state;
    let changes = journal.finalize();
    let mut state = std::mem::take(&mut journal.database);
    state.apply(changes);
    Ok(state)
}
