//! Runs calls one after another, in blocks made for them and thrown away (`eth_simulateV1`).
//!
//! Lives here: the order of blocks, the gas that they share, and what a call leaves for the next. Not here: running one (`view`), JSON
//! (`rpc`).

use std::sync::Arc;

use alloy_consensus::{TxEip1559, TxEip7702, TypedTransaction};
use alloy_rpc_types_eth::BlockOverrides;
use alloy_rpc_types_eth::state::StateOverride;
use revm::Inspector;
use revm::context_interface::JournalTr as _;
use revm::interpreter::interpreter::EthInterpreter;
use revm::interpreter::{CallInputs, CallOutcome, CreateInputs, CreateOutcome};
use revm_inspectors::transfer::TransferInspector;
use stylus_vm::Gas;

use crate::arbos::{self, sends};
use crate::chain::block::{Block, Receipt, Sealing, bloom};
use crate::chain::commitment::commit;
use crate::chain::environment::Purpose;
use crate::chain::production::begin;
use crate::chain::request::{CALL_GAS, Ending, Executed, Request};
use crate::chain::transaction::Transaction;
use crate::chain::view::{OverrideError, View};
use crate::evm::{Context, Interrupted, Invalid, RecentPrograms};
use crate::trace::HostioInspector;
use crate::units::Price;

/// The most blocks in one simulation, including those that fill gaps.
pub(crate) const MOST_BLOCKS: u64 = 256;

/// A block that was asked for.
pub(crate) struct AskedBlock {
    pub(crate) block: BlockOverrides,
    pub(crate) accounts: StateOverride,
    pub(crate) calls: Vec<Request>,
}

/// What applies to all blocks.
#[derive(Clone, Copy)]
pub(crate) struct Options {
    /// Whether calls have to be valid transactions.
    pub(crate) validation: bool,
    /// Whether transfers of ether are logged.
    pub(crate) transfers: bool,
}

/// A block that was made, and the results of its calls.
pub(crate) struct SimulatedBlock {
    pub(crate) block: Block,
    pub(crate) executed: Vec<Executed>,
}

/// Why a simulation fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SimulateError {
    #[error("block numbers must be in order: {asked} <= {last}")]
    Number { asked: u64, last: u64 },
    #[error("block timestamps must be in order: {asked} <= {last}")]
    Time { asked: u64, last: u64 },
    #[error("too many blocks: {MOST_BLOCKS} at most")]
    Blocks,
    #[error("block gas limit reached: {} >= {}", .asked.0, .left.0)]
    BlockGas { asked: Gas, left: Gas },
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error(transparent)]
    Override(#[from] OverrideError),
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

impl View {
    /// Runs blocks on top of `parent`, whose state this view holds.
    ///
    /// # Errors
    /// If a block or a call is invalid, or it was interrupted.
    pub(crate) fn simulate(
        mut self,
        parent: Arc<Block>,
        blocks: Vec<AskedBlock>,
        options: Options,
    ) -> Result<Vec<SimulatedBlock>, SimulateError> {
        let mut parent = parent;
        let first = parent.header.number;
        let mut gas_left = CALL_GAS;
        let mut made = Vec::new();
        for asked in blocks {
            let last = parent.header.number;
            let number = asked.block.number.map(|number| number.saturating_to());
            let number = number.unwrap_or(last + 1);
            if number <= last {
                let asked = number;
                return Err(SimulateError::Number { asked, last });
            }
            if number - first > MOST_BLOCKS {
                return Err(SimulateError::Blocks);
            }
            // The blocks in between are empty.
            for number in last + 1..number {
                let empty = AskedBlock {
                    block: BlockOverrides::default(),
                    accounts: StateOverride::default(),
                    calls: Vec::new(),
                };
                made.push(self.next(&mut parent, number, empty, options, &mut gas_left)?);
            }
            made.push(self.next(&mut parent, number, asked, options, &mut gas_left)?);
        }
        Ok(made)
    }

    /// Makes the next block, with this number, and replaces `parent` with it.
    fn next(
        &mut self,
        parent: &mut Arc<Block>,
        number: u64,
        asked: AskedBlock,
        options: Options,
        gas_left: &mut Gas,
    ) -> Result<SimulatedBlock, SimulateError> {
        self.interrupt.check()?;
        let AskedBlock {
            mut block,
            accounts,
            calls,
        } = asked;
        let last = parent.header.timestamp;
        let time = block.time.unwrap_or(last.saturating_add(1));
        if time <= last {
            return Err(SimulateError::Time { asked: time, last });
        }
        let l1_number = parent
            .l1_number
            .saturating_add(number.saturating_sub(parent.header.number));
        self.arbos = begin(&mut self.state, Some(parent), time, l1_number);
        self.recent = RecentPrograms::default();
        self.settings.number = number;
        self.settings.l1_number = l1_number;
        // Here contracts see the block's own number, as on the chain.
        block.number = None;
        block.time = Some(time);
        self.override_block(&block)?;
        self.override_state(&accounts)?;
        if block.base_fee.is_none() && !options.validation {
            self.settings.base_fee = Price::ZERO;
        }

        let (mut transactions, mut receipts, mut executed) = (Vec::new(), Vec::new(), Vec::new());
        let (mut used, mut commitment) = (Gas::ZERO, parent.header.state_root);
        for mut call in calls {
            self.interrupt.check()?;
            let room = self.settings.gas_limit - used;
            let gas = call.gas.unwrap_or(room.min(*gas_left));
            if gas > room {
                return Err(SimulateError::BlockGas {
                    asked: gas,
                    left: room,
                });
            }
            // A call has at most the gas that is left of the whole simulation's.
            let gas = gas.min(*gas_left);
            let nonce = self.state.nonce(call.from);
            call.nonce.get_or_insert(nonce);
            let result = self.simulate_call(&call, gas, options)?;
            let (outcome, changes) = (result.executed, result.changes);
            self.recent = result.recent;
            commitment = commit(commitment, &changes);
            self.state.apply(changes);
            used += outcome.gas_used;
            *gas_left = gas_left.saturating_sub(outcome.gas_used);
            let transaction = self.transaction(&call, gas);
            receipts.push(Receipt {
                status: outcome.ending == Ending::Success,
                gas_used: outcome.gas_used,
                cumulative_gas_used: used,
                poster_gas: Gas::ZERO,
                effective_gas_price: self.settings.base_fee,
                logs_bloom: bloom(&outcome.logs),
                logs: outcome.logs.clone(),
                contract: transaction.created(),
                reason: None,
                output: outcome.output.clone(),
            });
            transactions.push(Arc::new(transaction));
            executed.push(outcome);
        }
        let Ok(sent) = sends::size().get(&mut self.state);
        let Ok(root) = sends::root(&mut self.state);
        let Ok(collects_tips) = arbos::collect_tips().get(&mut self.state);
        let sealing = Sealing {
            parent: Some(parent.clone()),
            number,
            l1_number,
            timestamp: time,
            base_fee: self.settings.base_fee,
            gas_limit: self.settings.gas_limit,
            beneficiary: self.settings.beneficiary,
            arbos: self.arbos,
            sends: (sent, root),
            collects_tips,
            state_root: commitment,
        };
        let block = Block::seal(sealing, transactions, receipts);
        self.state.remember_block(number, block.hash);
        *parent = Arc::new(block.clone());
        Ok(SimulatedBlock { block, executed })
    }

    fn simulate_call(
        &self,
        call: &Request,
        gas: Gas,
        options: Options,
    ) -> Result<CallResult, SimulateError> {
        let purpose = match options.validation {
            true => {
                self.check_payer(call)?;
                Purpose::Transaction
            }
            false => Purpose::Call,
        };
        let transfers = Transfers(TransferInspector::new(false).with_logs(true));
        let (executed, mut machine) =
            self.run_inspected(call, gas, purpose, transfers, options.transfers)?;
        let context = machine.context();
        Ok(CallResult {
            executed,
            changes: context.journaled_state.finalize(),
            recent: std::mem::take(&mut context.chain.block.recent),
        })
    }

    /// Checks that a call could be a transaction: its sender has no code, and it offers the base fee.
    fn check_payer(&self, call: &Request) -> Result<(), Invalid> {
        let (address, offered, base_fee) = (call.from, call.price(), self.settings.base_fee);
        if self.state.has_contract(address) {
            return Err(Invalid::NotEoa(address));
        }
        if offered < base_fee {
            return Err(Invalid::BaseFee {
                address,
                offered,
                base_fee,
            });
        }
        Ok(())
    }

    /// Returns the transaction that a call would be if it were signed.
    fn transaction(&self, call: &Request, gas: Gas) -> Transaction {
        let chain_id = self.rules.chain_id;
        let (nonce, max_fee) = (call.nonce.unwrap_or_default(), call.price());
        let tip = call.max_priority_fee_per_gas.unwrap_or_default();
        let delegates = (!call.authorization_list.is_empty()).then(|| call.to.to().copied());
        let typed: TypedTransaction = match delegates.flatten() {
            Some(to) => TxEip7702 {
                chain_id,
                nonce,
                gas_limit: gas.0,
                max_fee_per_gas: max_fee.0,
                max_priority_fee_per_gas: tip.0,
                to,
                value: call.value,
                access_list: call.access_list.clone(),
                authorization_list: call.authorization_list.clone(),
                input: call.input.clone(),
            }
            .into(),
            None => TxEip1559 {
                chain_id,
                nonce,
                gas_limit: gas.0,
                max_fee_per_gas: max_fee.0,
                max_priority_fee_per_gas: tip.0,
                to: call.to,
                value: call.value,
                access_list: call.access_list.clone(),
                input: call.input.clone(),
            }
            .into(),
        };
        Transaction::unsigned(typed, call.from)
    }
}

struct CallResult {
    executed: Executed,
    changes: revm::state::EvmState,
    /// Programs that its block has called so far.
    recent: RecentPrograms,
}

/// Logs every transfer of ether.
struct Transfers(TransferInspector);

impl Inspector<Context, EthInterpreter> for Transfers {
    fn call(&mut self, context: &mut Context, inputs: &mut CallInputs) -> Option<CallOutcome> {
        self.0.call(context, inputs)
    }

    fn create(
        &mut self,
        context: &mut Context,
        inputs: &mut CreateInputs,
    ) -> Option<CreateOutcome> {
        self.0.create(context, inputs)
    }
}

impl HostioInspector for Transfers {}

#[cfg(test)]
mod tests {
    use alloy_eips::BlockId;
    use alloy_primitives::{Address, B256, U256, address};

    use super::*;
    use crate::addresses::DEV_ACCOUNT;
    use crate::chain::Chain;
    use crate::config::Config;

    const FRIEND: Address = address!("0x00000000000000000000000000000000000000aa");

    fn transfer(value: u64) -> Request {
        Request {
            from: DEV_ACCOUNT,
            to: FRIEND.into(),
            value: U256::from(value),
            ..Request::default()
        }
    }

    fn asked(number: Option<u64>, time: Option<u64>, calls: Vec<Request>) -> AskedBlock {
        let block = BlockOverrides {
            number: number.map(U256::from),
            time,
            ..BlockOverrides::default()
        };
        AskedBlock {
            block,
            accounts: StateOverride::default(),
            calls,
        }
    }

    fn run(
        blocks: Vec<AskedBlock>,
        validation: bool,
    ) -> Result<Vec<SimulatedBlock>, SimulateError> {
        let chain = Chain::new(Config::default(), 1_000).unwrap();
        let view = chain.view(BlockId::latest(), 1_000).unwrap();
        let options = Options {
            validation,
            transfers: true,
        };
        view.simulate(chain.head(), blocks, options)
    }

    #[test]
    fn calls_go_on_from_one_another() {
        let blocks = vec![
            asked(None, None, vec![transfer(1), transfer(2)]),
            asked(Some(4), Some(2_000), vec![transfer(3)]),
        ];
        let made = run(blocks, false).unwrap();
        let headers: Vec<_> = made.iter().map(|it| &it.block.header).collect();
        let numbers: Vec<_> = headers.iter().map(|header| header.number).collect();
        assert_eq!(numbers, [1, 2, 3, 4]);
        assert_eq!(headers[3].timestamp, 2_000);
        assert_eq!(headers[1].parent_hash, made[0].block.hash);
        let nonces = made[0].block.transactions.iter();
        let nonces: Vec<_> = nonces
            .map(|tx| alloy_consensus::Transaction::nonce(&tx.envelope))
            .collect();
        assert_eq!(nonces, [0, 1]);
        let log = &made[3].executed[0].logs[0];
        assert_eq!(log.data.data[..], B256::with_last_byte(3)[..]);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let check = |blocks: Vec<AskedBlock>, validation, expected: &str| {
            let error = run(blocks, validation).err().unwrap().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check(
            vec![asked(Some(0), None, vec![])],
            false,
            "numbers must be in order",
        );
        check(
            vec![asked(None, Some(1_000), vec![])],
            false,
            "timestamps must be in order",
        );
        check(
            vec![asked(Some(300), None, vec![])],
            false,
            "too many blocks",
        );
        check(
            vec![asked(None, None, vec![transfer(1)])],
            true,
            "less than block base fee",
        );
        let mut late = transfer(1);
        (late.nonce, late.gas_price) = (Some(7), Some(Price(1_000_000_000)));
        check(vec![asked(None, None, vec![late])], true, "nonce too high");
    }
}
