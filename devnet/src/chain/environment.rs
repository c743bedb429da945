//! The machine's surroundings: which block a transaction is in, and which rules apply.
//!
//! Lives here: building revm's context from the chain's data. Not here: running anything in it.

use alloy_primitives::{B256, U256};
use revm::context::{BlockEnv, CfgEnv, Journal, TxEnv};
use revm::context_interface::JournalTr as _;
use revm::context_interface::block::BlobExcessGasAndPrice;
use stylus_vm::{ArbOs, Gas, Pages};

use crate::addresses::SEQUENCER;
use crate::arbos;
use crate::chain::block::GAS_LIMIT;
use crate::evm::{
    BlockScope, ChainScope, Context, Interrupt, MOST_PAGES, Programs, RecentPrograms, SPEC, Scope,
    TransactionScope,
};
use crate::explain::{Artifacts, Coverage};
use crate::state::State;
use crate::units::Price;

/// What a block's transactions can see of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockSettings {
    pub(crate) number: u64,
    pub(crate) l1_number: u64,
    /// Seconds since 1970.
    pub(crate) timestamp: u64,
    pub(crate) base_fee: Price,
    /// What PREVRANDAO returns; 1 on Arbitrum.
    pub(crate) random: B256,
    pub(crate) gas_limit: Gas,
    pub(crate) beneficiary: alloy_primitives::Address,
}

impl BlockSettings {
    /// Returns the settings of a block as this chain makes them.
    pub(crate) fn of(number: u64, l1_number: u64, timestamp: u64, base_fee: Price) -> Self {
        Self {
            number,
            l1_number,
            timestamp,
            base_fee,
            random: B256::with_last_byte(1),
            gas_limit: GAS_LIMIT,
            beneficiary: SEQUENCER,
        }
    }
}

/// What stays the same for the lifetime of a chain.
#[derive(Clone)]
pub(crate) struct Rules {
    pub(crate) chain_id: u64,
    pub(crate) max_code_size: u32,
    /// Whether it was configured for debugging.
    pub(crate) debug: bool,
    /// Where to find the source lines of programs.
    pub(crate) artifacts: Artifacts,
    /// Collects coverage of the programs that count.
    pub(crate) coverage: Coverage,
    pub(crate) programs: Programs,
}

/// What a run is for, which decides what is checked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Purpose {
    /// It is a transaction.
    Transaction,
    /// It estimates what a transaction would cost: as little is checked as in a call, but the gas is the same as in a transaction.
    Estimate,
    /// It answers a call.
    Call,
}

/// Pages that the programs of one transaction can hold: as many as an owner has set, but never fewer than [`MOST_PAGES`].
pub(crate) fn most_pages(state: &mut State) -> Pages {
    MOST_PAGES.max(arbos::params(state).page_limit)
}

/// Builds the context of a run on `state`.
pub(crate) fn context(
    rules: &Rules,
    mut state: State,
    arbos: ArbOs,
    block: BlockSettings,
    purpose: Purpose,
) -> Context {
    let is_transaction = purpose == Purpose::Transaction;
    let most_pages = most_pages(&mut state);
    let mut cfg = CfgEnv::new().with_spec_and_mainnet_gas_params(SPEC);
    cfg.chain_id = rules.chain_id;
    // The chain has checked it before a transaction gets here; one without replay protection has no chain id.
    cfg.tx_chain_id_check = false;
    cfg.limit_contract_code_size = Some(rules.max_code_size as usize);
    cfg.limit_contract_initcode_size = Some(2 * rules.max_code_size as usize);
    cfg.disable_nonce_check = !is_transaction;
    // The sender has been checked before: an impersonated account may have code.
    cfg.disable_eip3607 = true;
    // Off until an owner turns it on.
    cfg.disable_eip7623 = !calldata_price(&mut state);
    // Programs are exempt; the machine refuses the rest.
    cfg.disable_eip3541 = true;
    cfg.disable_priority_fee_check = true;
    // Arbitrum's own limit, which refunds the gas above it, is enforced by the handler.
    cfg.tx_gas_limit_cap = Some(Gas::MAX.0);

    let mut journal = Journal::new(state);
    journal.set_spec_id(SPEC);
    revm::Context {
        block: BlockEnv {
            // NUMBER returns the L1 block's number.
            number: U256::from(block.l1_number),
            beneficiary: block.beneficiary,
            timestamp: U256::from(block.timestamp),
            gas_limit: block.gas_limit.0,
            basefee: block.base_fee.in_header(),
            difficulty: U256::ONE,
            prevrandao: Some(block.random),
            blob_excess_gas_and_price: Some(BlobExcessGasAndPrice {
                excess_blob_gas: 0,
                blob_gasprice: 1,
            }),
            ..BlockEnv::default()
        },
        tx: TxEnv::default(),
        cfg,
        journaled_state: journal,
        chain: Scope {
            chain: ChainScope {
                programs: rules.programs.clone(),
                debug: rules.debug,
                max_code_size: rules.max_code_size,
                artifacts: rules.artifacts.clone(),
                coverage: rules.coverage.clone(),
            },
            block: BlockScope {
                number: block.number,
                l1_number: block.l1_number,
                base_fee: block.base_fee,
                arbos,
                most_pages,
                runs_retries: false,
                recent: RecentPrograms::default(),
            },
            transaction: TransactionScope::default(),
            is_simulation: purpose == Purpose::Call,
            is_onchain: is_transaction,
            interrupt: Interrupt::default(),
            moved: Default::default(),
        },
        local: Default::default(),
        error: Ok(()),
    }
}

/// Whether calldata has a floor price (EIP-7623).
pub(crate) fn calldata_price(state: &mut State) -> bool {
    let Ok(on) = arbos::calldata_price_increase(state);
    on
}
