//! The EVM's instructions where Arbitrum's differ.
//!
//! Lives here: one instruction. Not here: everything that is Ethereum's.

use revm::bytecode::opcode::SELFDESTRUCT;
use revm::context_interface::Host as _;
use revm::handler::instructions::EthInstructions;
use revm::interpreter::interpreter::EthInterpreter;
use revm::interpreter::interpreter_types::InputsTr as _;
use revm::interpreter::{
    Instruction, InstructionContext, InstructionExecResult, InstructionResult,
};

use crate::evm::{Context, SPEC};

/// Ethereum's, with SELFDESTRUCT reverting where it would destroy a program (a delegate call from one into EVM code).
pub(crate) fn instructions() -> EthInstructions<EthInterpreter, Context> {
    let mut instructions = EthInstructions::new_mainnet_with_spec(SPEC);
    let gas = instructions.gas_table()[usize::from(SELFDESTRUCT)];
    instructions.insert_instruction(SELFDESTRUCT, Instruction::new(selfdestruct), gas);
    instructions
}

fn selfdestruct(context: InstructionContext<'_, Context, EthInterpreter>) -> InstructionExecResult {
    let acting = context.interpreter.input.target_address();
    let code = context.host.load_account_code(acting);
    if code.is_some_and(|code| code.data.starts_with(&[0xEF, 0xF0])) {
        return Err(InstructionResult::Revert);
    }
    revm::interpreter::instructions::host::selfdestruct(context)
}
