//! The EVM instructions in which Arbitrum differs.
//!
//! Lives here: two instructions. Not here: everything that is the same on Ethereum.

use revm::bytecode::opcode::{BLOCKHASH, SELFDESTRUCT};
use revm::context_interface::Host as _;
use revm::handler::instructions::EthInstructions;
use revm::interpreter::interpreter::EthInterpreter;
use revm::interpreter::interpreter_types::InputsTr as _;
use revm::interpreter::{
    Instruction, InstructionContext, InstructionExecResult, InstructionResult,
};

use crate::arbos::{Journal, block_hashes};
use crate::evm::{Context, SPEC};

/// Returns Ethereum's instructions, except that SELFDESTRUCT reverts where it would destroy a program (in a delegate call from one into EVM
/// code), and BLOCKHASH takes L1 block numbers if the chain keeps their hashes.
pub(crate) fn instructions() -> EthInstructions<EthInterpreter, Context> {
    let mut instructions = EthInstructions::new_mainnet_with_spec(SPEC);
    let gas = instructions.gas_table()[usize::from(SELFDESTRUCT)];
    instructions.insert_instruction(SELFDESTRUCT, Instruction::new(selfdestruct), gas);
    let gas = instructions.gas_table()[usize::from(BLOCKHASH)];
    instructions.insert_instruction(BLOCKHASH, Instruction::new(block_hash), gas);
    instructions
}

fn block_hash(context: InstructionContext<'_, Context, EthInterpreter>) -> InstructionExecResult {
    let asked = context.interpreter.stack.top().map(|number| *number);
    let asked = asked.ok_or(InstructionResult::StackUnderflow)?;
    match block_hashes::block_hash(&mut Journal(context.host), asked) {
        Some(hash) => {
            if let Some(top) = context.interpreter.stack.top() {
                *top = hash.into();
            }
            Ok(())
        }
        None => revm::interpreter::instructions::host::blockhash(context),
    }
}

fn selfdestruct(context: InstructionContext<'_, Context, EthInterpreter>) -> InstructionExecResult {
    let acting = context.interpreter.input.target_address();
    let code = context.host.load_account_code(acting);
    if code.is_some_and(|code| code.data.starts_with(&[0xEF, 0xF0])) {
        return Err(InstructionResult::Revert);
    }
    revm::interpreter::instructions::host::selfdestruct(context)
}
