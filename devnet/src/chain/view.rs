//! The chain at one block, to read and to run on. Nothing here changes the chain, and any number of views can be used at once.
//!
//! Lives here: calls, access lists, traces, and applying overrides to a state. Not here: estimates (`estimate`), the chain.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use alloy_primitives::{Address, B256, TxKind, U256};
use alloy_rpc_types_eth::state::{AccountOverride, StateOverride};
use alloy_rpc_types_eth::{AccessList, AccessListItem, BlockOverrides};
use revm::bytecode::Bytecode;
use revm::context_interface::{JournalTr as _, Transaction as _};
use revm::inspector::NoOpInspector;
use revm::state::AccountStatus;
use serde_json::value::RawValue;
use stylus_vm::{ArbOs, Gas, Pages};

use crate::addresses::{ARBOS_STATE, NODE_INTERFACE, SEQUENCER};
use crate::arbos::{self, l1_pricing};
use crate::chain::environment::{self, BlockSettings, Purpose, Rules};
use crate::chain::request::{CALL_GAS, Executed, Request};
use crate::evm::{Context, Interrupt, Invalid, Machine, RecentPrograms, TransactionError, execute};
use crate::state::State;
use crate::trace::{HostioInspector, TraceError, Tracer, Tracing};
use crate::units::Price;

/// A state, and the block whose rules apply to it.
#[derive(Clone)]
pub(crate) struct View {
    pub(super) rules: Rules,
    pub(super) state: State,
    pub(super) settings: BlockSettings,
    pub(super) arbos: ArbOs,
    /// Pages that the chain allows, which no override changes.
    pub(super) most_pages: Pages,
    /// Precompiles that overrides have moved.
    pub(super) moved: Arc<BTreeMap<Address, Option<Address>>>,
    /// Programs that the block has called before what runs next.
    pub(super) recent: RecentPrograms,
    pub(super) interrupt: Interrupt,
}

/// How many blocks' hashes a contract can ask for.
const MOST_HASHES: usize = 256;

/// Overrides that contradict themselves, or exceed a limit.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum OverrideError {
    #[error("account {0} has both 'state' and 'stateDiff'")]
    BothStates(Address),
    #[error("account {0} is not a precompile")]
    NotPrecompile(Address),
    #[error("account {0} has already been overridden")]
    Twice(Address),
    #[error("{0} block hashes are given; the limit is {MOST_HASHES}")]
    Hashes(usize),
}

impl View {
    /// Returns the view with an interrupt: whatever runs on it ends when `interrupt` is raised.
    pub(crate) fn until(mut self, interrupt: &Interrupt) -> Self {
        self.interrupt = interrupt.clone();
        self
    }

    /// The state itself.
    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    /// Returns a copy with another word in a slot.
    pub(crate) fn with_slot(&self, address: Address, slot: U256, value: U256) -> Self {
        let mut view = self.clone();
        view.state.set_slot(address, slot, value);
        view
    }

    /// Changes accounts for the following runs.
    ///
    /// # Errors
    /// If an account is given two storages at once.
    pub(crate) fn override_state(&mut self, accounts: &StateOverride) -> Result<(), OverrideError> {
        for (address, account) in accounts {
            self.move_precompile(*address, account, accounts)?;
        }
        for (address, account) in accounts {
            self.override_account(*address, account)?;
        }
        Ok(())
    }

    /// An overridden address is no longer a precompile, as in geth; another address can take its place.
    fn move_precompile(
        &mut self,
        address: Address,
        with: &AccountOverride,
        all: &StateOverride,
    ) -> Result<(), OverrideError> {
        let is_precompile =
            address != NODE_INTERFACE && crate::precompiles::is_precompile(&address, self.arbos);
        let mut moved = BTreeMap::new();
        if let Some(to) = with.move_precompile_to {
            if !is_precompile {
                return Err(OverrideError::NotPrecompile(address));
            }
            if all.contains_key(&to) || self.moved.contains_key(&to) {
                return Err(OverrideError::Twice(to));
            }
            moved.insert(to, Some(address));
        }
        if is_precompile {
            moved.insert(address, None);
        }
        if !moved.is_empty() {
            Arc::make_mut(&mut self.moved).append(&mut moved);
        }
        Ok(())
    }

    fn override_account(
        &mut self,
        address: Address,
        with: &AccountOverride,
    ) -> Result<(), OverrideError> {
        if with.state.is_some() && with.state_diff.is_some() {
            return Err(OverrideError::BothStates(address));
        }
        if let Some(code) = &with.code {
            self.state.set_code(address, code.clone());
        }
        self.state.change(address, |account| {
            if let Some(balance) = with.balance {
                account.balance = balance;
            }
            if let Some(nonce) = with.nonce {
                account.nonce = nonce;
            }
            if with.state.is_some() {
                account.storage = Default::default();
                account.is_over = false;
            }
            let slots = with.state.iter().chain(&with.state_diff).flatten();
            for (slot, value) in slots {
                account.set_slot((*slot).into(), (*value).into());
            }
        });
        Ok(())
    }

    /// Changes the block for the following runs. The number is the L1 block's, which is what contracts see.
    ///
    /// # Errors
    /// If more block hashes are given than a contract can ask for.
    pub(crate) fn override_block(&mut self, block: &BlockOverrides) -> Result<(), OverrideError> {
        let hashes = block.block_hash.iter().flatten();
        let given = hashes.count();
        if given > MOST_HASHES {
            return Err(OverrideError::Hashes(given));
        }
        let settings = &mut self.settings;
        if let Some(number) = block.number {
            settings.l1_number = number.saturating_to();
        }
        settings.timestamp = block.time.unwrap_or(settings.timestamp);
        settings.gas_limit = block.gas_limit.map_or(settings.gas_limit, Gas);
        settings.beneficiary = block.coinbase.unwrap_or(settings.beneficiary);
        // On Arbitrum, PREVRANDAO is the difficulty, whatever the random word.
        if let Some(difficulty) = block.difficulty {
            settings.random = difficulty.into();
        }
        if let Some(base_fee) = block.base_fee {
            settings.base_fee = Price::base_fee(base_fee);
        }
        for (number, hash) in block.block_hash.iter().flatten() {
            self.state.remember_block(*number, *hash);
        }
        Ok(())
    }

    /// The gas that a call gets when it asks for `asked`.
    pub(super) fn call_gas(&self, asked: Option<Gas>) -> Gas {
        let most = CALL_GAS.min(self.settings.gas_limit);
        asked.unwrap_or(most).min(most)
    }

    /// Runs a call.
    ///
    /// # Errors
    /// If it cannot be run at all.
    pub(crate) fn call(&self, request: &Request) -> Result<Executed, Invalid> {
        let gas = self.call_gas(request.gas);
        let (executed, _) = self.run(request, gas, Purpose::Call, NoOpInspector)?;
        Ok(executed)
    }

    /// Runs a call and returns which accounts and slots it touched, in addition to those that the request already lists.
    ///
    /// # Errors
    /// If it cannot be run at all.
    pub(crate) fn access_list(&self, request: &Request) -> Result<(AccessList, Executed), Invalid> {
        let gas = self.call_gas(request.gas);
        let (executed, mut machine) = self.run(request, gas, Purpose::Call, NoOpInspector)?;
        let touched = machine.context().journaled_state.finalize();
        let transaction = &machine.context().chain.transaction;
        let to = match request.to {
            TxKind::Call(to) => to,
            // The machine takes the account's own nonce, whatever the request's.
            TxKind::Create => request.from.create(self.state.account(request.from).nonce),
        };
        let authorities = request.authorization_list.iter();
        let authorities: Vec<Address> = authorities
            .filter_map(|signed| signed.recover_authority().ok())
            .collect();
        let code = touched
            .get(&to)
            .and_then(|account| account.info.code.as_ref());
        let delegate = code.and_then(Bytecode::eip7702_address);
        // These are warm without being listed, as in geth.
        let is_warm = |address: &Address| {
            [request.from, to, SEQUENCER].contains(address)
                || delegate == Some(*address)
                || authorities.contains(address)
                || transaction.created.contains(address)
                || crate::precompiles::is_precompile(address, self.arbos)
        };
        let mut slots: BTreeMap<Address, BTreeSet<B256>> = BTreeMap::new();
        for AccessListItem {
            address,
            storage_keys,
        } in &request.access_list.0
        {
            slots.entry(*address).or_default().extend(storage_keys);
        }
        for (address, account) in touched {
            let is_left_cold = account.status.contains(AccountStatus::Cold)
                && transaction.left_cold.contains(&address);
            if address != ARBOS_STATE && !is_left_cold {
                let keys = account.storage.keys().map(|slot| B256::from(*slot));
                slots.entry(address).or_default().extend(keys);
            }
        }
        let items = slots
            .into_iter()
            .filter(|(address, keys)| !keys.is_empty() || !is_warm(address))
            .map(|(address, keys)| AccessListItem {
                address,
                storage_keys: keys.into_iter().collect(),
            });
        Ok((AccessList(items.collect()), executed))
    }

    /// Runs a call under a tracer.
    ///
    /// # Errors
    /// If it cannot be run, or the tracer cannot trace it.
    pub(crate) fn trace_call(
        &self,
        request: &Request,
        tracer: &Tracer,
    ) -> Result<Box<RawValue>, TraceError> {
        let gas = self.call_gas(request.gas);
        let context = self.context(request, gas, Purpose::Call);
        let traced = trace(context, tracer).map_err(|error| {
            TraceError::Invalid(Invalid::of(
                error,
                &self.interrupt,
                request.from,
                request.price(),
                self.settings.base_fee,
            ))
        })?;
        traced.0
    }

    /// Runs `request` with `gas` as its limit.
    pub(super) fn run<I: HostioInspector>(
        &self,
        request: &Request,
        gas: Gas,
        purpose: Purpose,
        inspector: I,
    ) -> Result<(Executed, Machine<I>), Invalid> {
        self.run_inspected(request, gas, purpose, inspector, false)
    }

    /// Like [`Self::run`]; if `inspecting`, the inspector is notified of every step.
    pub(super) fn run_inspected<I: HostioInspector>(
        &self,
        request: &Request,
        gas: Gas,
        purpose: Purpose,
        inspector: I,
        inspecting: bool,
    ) -> Result<(Executed, Machine<I>), Invalid> {
        let context = self.context(request, gas, purpose);
        let base_fee = Price::from(context.block.basefee);
        let mut machine = Machine::new(context, inspector, inspecting);
        let result = execute(&mut machine).map_err(|error| {
            let price = request.price();
            Invalid::of(error, &self.interrupt, request.from, price, base_fee)
        })?;
        let reason = machine.context().chain.transaction.reason.take();
        Ok((Executed::new(result, reason), machine))
    }

    fn context(&self, request: &Request, gas: Gas, purpose: Purpose) -> Context {
        let price = request.price();
        let mut settings = self.settings;
        // As in Nitro, a call with no gas price sees no base fee.
        if price == Price::ZERO {
            settings.base_fee = Price::ZERO;
        }
        let mut context = environment::context(
            &self.rules,
            self.state.clone(),
            self.arbos,
            settings,
            purpose,
        );
        let Ok(tips) = arbos::collect_tips().get(&mut context.journaled_state.database);
        context.tx = request.environment(gas, self.nonce(request), tips);
        let paid = Price(context.tx.effective_gas_price(settings.base_fee.0));
        context.chain.interrupt = self.interrupt.clone();
        context.chain.block.most_pages = self.most_pages;
        context.chain.block.recent = self.recent.clone();
        context.chain.moved = self.moved.clone();
        context.chain.block.base_fee = self.settings.base_fee;
        context.chain.transaction.gas_price = paid;
        context.chain.transaction.poster.gas = match purpose {
            // The transaction will pay for its bytes, whatever the request offers.
            Purpose::Estimate => self.poster_gas_of_transaction(request),
            Purpose::Call | Purpose::Transaction => self.poster_gas(request, settings.base_fee),
        };
        context
    }

    /// The nonce of a run: the account's next, unless the request sets another.
    fn nonce(&self, request: &Request) -> u64 {
        request
            .nonce
            .unwrap_or_else(|| self.state.account(request.from).nonce)
    }

    /// The poster gas of a transaction like `request`, with a margin.
    pub(super) fn poster_gas_of_transaction(&self, request: &Request) -> Gas {
        padded(self.poster_gas(request, self.settings.base_fee))
    }

    /// The poster gas of a transaction like `request`, including its signature's bytes.
    fn poster_gas(&self, request: &Request, base_fee: Price) -> Gas {
        let mut state = self.state.clone();
        let (Ok(price), Ok(level)) = (
            l1_pricing::price_per_unit().get(&mut state),
            arbos::brotli_level().get(&mut state),
        );
        if price.is_zero() || base_fee == Price::ZERO {
            return Gas::ZERO;
        }
        // Like Nitro's estimate: the transaction's other fields are as long and as random as possible.
        let mut bytes: Vec<u8> = (0_u8..=159).map(|n| n.wrapping_mul(167) ^ 0x5a).collect();
        bytes.extend_from_slice(&request.input);
        l1_pricing::poster(&bytes, level, price, base_fee).gas
    }
}

/// Adds a tenth, as Nitro's estimate does: the transaction's actual bytes may be longer.
fn padded(gas: Gas) -> Gas {
    gas.saturating_add(gas / 10)
}

/// Runs a context's transaction under a tracer. Returns the trace, and the context to continue with.
pub(super) fn trace(
    context: Context,
    tracer: &Tracer,
) -> Result<(Result<Box<RawValue>, TraceError>, Context), TransactionError> {
    let mut before = context.journaled_state.database.clone();
    let tracing = Tracing::new(tracer, &context.chain.interrupt);
    let mut machine = Machine::new(context, tracing, true);
    let result = execute(&mut machine)?;
    let changes = machine.context().journaled_state.finalize();
    let (tracing, mut context) = machine.into_parts();
    let reason = context.chain.transaction.reason.take();
    let told = tracing.finish(&result, &changes, &mut before, reason.as_ref());
    context.journaled_state.database.apply(changes);
    Ok((told, context))
}

#[cfg(test)]
mod tests {
    use alloy_consensus::TxEip1559;
    use alloy_primitives::{Bytes, address, hex};

    use super::*;
    use crate::addresses::{ARB_OWNER, ARB_WASM};
    use crate::chain::{Chain, Ending};
    use crate::config::Config;

    const PROGRAM: Address = address!("0x00000000000000000000000000000000000000aa");

    /// Calls the address in its input with its input and all gas, and returns one more than that returned.
    const COUNTER: &str = r#"(module
        (import "vm_hooks" "read_args" (func $read_args (param i32)))
        (import "vm_hooks" "write_result" (func $write_result (param i32 i32)))
        (import "vm_hooks" "static_call_contract" (func $call (param i32 i32 i32 i64 i32) (result i32)))
        (import "vm_hooks" "read_return_data" (func $read (param i32 i32 i32) (result i32)))
        (memory (export "memory") 1 1)
        (func (export "user_entrypoint") (param $len i32) (result i32)
            (call $read_args (i32.const 0))
            (drop (call $call (i32.const 12) (i32.const 0) (local.get $len) (i64.const -1) (i32.const 64)))
            (drop (call $read (i32.const 96) (i32.const 0) (i32.const 32)))
            (i32.store8 (i32.const 127) (i32.add (i32.load8_u (i32.const 127)) (i32.const 1)))
            (if (i32.eqz (i32.load8_u (i32.const 127)))
                (then (i32.store8 (i32.const 126) (i32.add (i32.load8_u (i32.const 126)) (i32.const 1)))))
            (call $write_result (i32.const 96) (i32.const 32))
            (i32.const 0)))"#;

    fn send(chain: &mut Chain, nonce: u64, to: Address, value: u128, input: Vec<u8>) {
        let sent = TxEip1559 {
            gas_limit: 20_000_000,
            to: to.into(),
            value: U256::from(value),
            input: input.into(),
            ..TxEip1559::default()
        };
        let sent = chain.of_dev_account(nonce, sent);
        chain.check(&sent).unwrap();
        let mut draft = chain.draft(1, &Interrupt::default());
        draft.add(sent.into()).unwrap();
        let block = chain.seal(draft);
        assert!(block.receipts[0].status, "{:?}", block.receipts);
    }

    /// Frames from 0 to 1,024 run and the next one does not, on a thread with a small stack.
    #[test]
    fn a_thousand_frames_deep() {
        let deep = || {
            let mut chain = Chain::new(Config::default(), 1).unwrap();
            let program = wat::parse_str(COUNTER).unwrap();
            chain.set_code(PROGRAM, stylus_vm::code::encode(&program).into());
            let activate = [&hex!("58c780c2")[..], PROGRAM.into_word().as_slice()].concat();
            send(&mut chain, 0, ARB_WASM, 10_u128.pow(18), activate);
            // Otherwise memory would become too expensive long before, and then hit its limit.
            for (nonce, setter) in
                (1..).zip(["setWasmFreePages(uint16)", "setWasmPageLimit(uint16)"])
            {
                let selector = &alloy_primitives::keccak256(setter)[..4];
                let set = [selector, &U256::from(60_000).to_be_bytes::<32>()].concat();
                send(&mut chain, nonce, ARB_OWNER, 0, set);
            }

            let view = chain.view(alloy_eips::BlockId::latest(), 1).unwrap();
            let request = Request {
                to: PROGRAM.into(),
                input: Bytes::copy_from_slice(PROGRAM.into_word().as_slice()),
                ..Request::default()
            };
            let (executed, _) = view
                .run(&request, Gas::MAX / 20_000, Purpose::Call, NoOpInspector)
                .unwrap();
            assert_eq!(executed.ending, Ending::Success);
            U256::from_be_slice(&executed.output)
        };
        let thread = std::thread::Builder::new().stack_size(1 << 20);
        assert_eq!(
            thread.spawn(deep).unwrap().join().unwrap(),
            U256::from(1_025)
        );
    }
}
