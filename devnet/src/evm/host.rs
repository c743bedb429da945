//! The chain as one Stylus program sees it: `stylus_vm`'s host over revm's journal and frames.
//!
//! Lives here: answering host calls. Not here: their prices (`stylus_vm`), and the frame around the program (`program`).

use alloy_primitives::{Address, B256, Bytes, Log, U256};
use revm::context_interface::CreateScheme;
use revm::context_interface::JournalTr as _;
use revm::interpreter::{CallInputs, CallScheme, CallValue, CreateInputs, FrameInput};
use stylus_vm::{
    Access, Account, CallKind, CallReply, CallRequest, CreateReply, CreateRequest, Environment,
    Host, HostFault, PageCounters, Step, Stored,
};

use crate::evm::machine::{Fault, Machine, reply};
use crate::evm::native::Reply;
use crate::evm::{Context, Interrupt};
use crate::trace::HostioInspector;

/// Stands in for a fault that the machine holds until the program has unwound.
#[derive(Debug, thiserror::Error)]
#[error("a call within the program broke the machine")]
struct Broken;

/// The host of one invocation.
pub(super) struct ProgramHost<'a, I> {
    machine: &'a mut Machine<I>,
    environment: Environment,
    refund: i64,
}

impl<'a, I: HostioInspector> ProgramHost<'a, I> {
    pub(super) fn new(machine: &'a mut Machine<I>, environment: Environment) -> Self {
        Self {
            machine,
            environment,
            refund: 0,
        }
    }

    /// The refund that the program has earned, including its calls' refunds.
    pub(super) fn refund(&self) -> i64 {
        self.refund
    }

    fn context(&mut self) -> &mut Context {
        self.machine.context()
    }

    /// Stores the machine's fault; the error that the program sees only unwinds it.
    fn broken(&mut self, fault: Fault) -> HostFault {
        self.machine.fault = Some(fault);
        HostFault(Box::new(Broken))
    }

    fn run(&mut self, frame: FrameInput) -> Result<Reply, HostFault> {
        let result = self.machine.child(frame);
        let reply = result.map(reply).map_err(|fault| self.broken(fault))?;
        self.refund += reply.refund;
        Ok(reply)
    }

    fn inputs(&mut self, request: CallRequest) -> Result<CallInputs, Fault> {
        let inputs = self
            .machine
            .call_inputs(request.target, request.input, request.gas)?;
        let Environment {
            contract,
            sender,
            value,
            is_static,
            ..
        } = self.environment;
        Ok(match request.kind {
            CallKind::Call => CallInputs {
                caller: contract,
                value: CallValue::Transfer(request.value),
                is_static,
                ..inputs
            },
            CallKind::Delegate => CallInputs {
                target_address: contract,
                caller: sender,
                value: CallValue::Apparent(value),
                scheme: CallScheme::DelegateCall,
                is_static,
                ..inputs
            },
            CallKind::Static => CallInputs {
                caller: contract,
                scheme: CallScheme::StaticCall,
                is_static: true,
                ..inputs
            },
        })
    }
}

fn word(value: U256) -> B256 {
    value.into()
}

/// Unwraps a result of the state, which cannot fail.
fn unfailing<T>(result: Result<T, std::convert::Infallible>) -> T {
    result.unwrap_or_else(|never| match never {})
}

impl<I: HostioInspector> Host for ProgramHost<'_, I> {
    fn page_counters(&mut self) -> &mut PageCounters {
        &mut self.context().chain.transaction.pages
    }

    fn load_storage(&mut self, key: B256) -> Result<Access<B256>, HostFault> {
        let contract = self.environment.contract;
        let loaded = unfailing(self.context().journaled_state.sload(contract, key.into()));
        Ok(Access {
            value: word(loaded.data),
            is_cold: loaded.is_cold,
        })
    }

    fn store_storage(&mut self, key: B256, value: B256) -> Result<Stored, HostFault> {
        let contract = self.environment.contract;
        let journal = &mut self.context().journaled_state;
        let stored = unfailing(journal.sstore(contract, key.into(), value.into()));
        Ok(Stored {
            original: word(stored.data.original_value),
            current: word(stored.data.present_value),
            is_cold: stored.is_cold,
        })
    }

    fn refund(&mut self, gas: i64) {
        self.refund += gas;
    }

    fn load_transient(&mut self, key: B256) -> Result<B256, HostFault> {
        let contract = self.environment.contract;
        Ok(word(
            self.context().journaled_state.tload(contract, key.into()),
        ))
    }

    fn store_transient(&mut self, key: B256, value: B256) -> Result<(), HostFault> {
        let contract = self.environment.contract;
        self.context()
            .journaled_state
            .tstore(contract, key.into(), value.into());
        Ok(())
    }

    fn load_account(&mut self, address: Address) -> Result<Access<Account>, HostFault> {
        let loaded = unfailing(self.context().journaled_state.load_account(address));
        let info = &loaded.data.info;
        let is_empty = info.is_empty();
        let code_hash = if is_empty {
            B256::ZERO
        } else {
            info.code_hash()
        };
        let value = Account {
            balance: info.balance,
            code_hash,
            is_empty,
        };
        Ok(Access {
            value,
            is_cold: loaded.is_cold,
        })
    }

    fn code(&mut self, address: Address) -> Result<Bytes, HostFault> {
        let journal = &mut self.context().journaled_state;
        let loaded = unfailing(journal.load_account_with_code(address));
        let code = loaded.data.info.code.as_ref();
        Ok(code.map(|code| code.original_bytes()).unwrap_or_default())
    }

    fn call(&mut self, request: CallRequest) -> Result<CallReply, HostFault> {
        let inputs = self.inputs(request).map_err(|fault| self.broken(fault))?;
        let reply = self.run(FrameInput::Call(Box::new(inputs)))?;
        Ok(CallReply {
            success: reply.success,
            gas_left: reply.gas_left,
            output: reply.output,
        })
    }

    fn create(&mut self, request: CreateRequest) -> Result<CreateReply, HostFault> {
        let scheme = match request.salt {
            Some(salt) => CreateScheme::Create2 { salt: salt.into() },
            None => CreateScheme::Create,
        };
        let caller = self.environment.contract;
        let (value, code, gas) = (request.endowment, request.code, request.gas.0);
        let inputs = CreateInputs::new(caller, scheme, value, code, gas, 0);
        let reply = self.run(FrameInput::Create(Box::new(inputs)))?;
        Ok(CreateReply {
            address: reply.address,
            gas_left: reply.gas_left,
            output: if reply.reverted {
                reply.output
            } else {
                Bytes::new()
            },
        })
    }

    fn log(&mut self, topics: Vec<B256>, data: Bytes) -> Result<(), HostFault> {
        let log = Log::new_unchecked(self.environment.contract, topics, data);
        self.context().journaled_state.log(log.clone());
        // revm notifies inspectors only of the logs that instructions emit.
        if let Some((inspector, context)) = self.machine.inspector() {
            inspector.log(context, log);
        }
        Ok(())
    }

    fn go_on(&mut self) -> Result<(), HostFault> {
        let interrupt = &self.machine.context().chain.interrupt;
        interrupt.spend(Interrupt::TICK);
        self.machine.go_on().map_err(|fault| self.broken(fault))
    }

    fn is_tracing(&self) -> bool {
        self.machine.is_tracing()
    }

    fn trace(&mut self, step: Step) {
        let contract = self.environment.contract;
        let depth = self.machine.depth();
        if let Some((inspector, _)) = self.machine.inspector() {
            inspector.hostio(depth, contract, step, self.refund);
        }
    }
}
