//! A contract that borrows for one call, well-behaved or not.

extern crate alloc;

use alloy_primitives::{keccak256, Address, B256, U256};
use stylus_sdk::abi::Bytes;
use stylus_sdk::call::{self, Call};
use stylus_sdk::prelude::*;
use stylus_sdk::storage::StorageBool;

sol_interface! {
    interface IToken {
        function approve(address spender, uint256 value) external returns (bool);
        function balanceOf(address account) external view returns (uint256);
    }
}

alloy_sol_types::sol! {
    event Borrowed(address indexed initiator, uint256 fee, uint256 balance);
}

#[entrypoint]
#[storage]
struct Borrower {
    answers: StorageBool,
    approves: StorageBool,
}

#[public]
impl Borrower {
    /// Whether it answers as the standard requires, and whether it lets the lender take the loan back.
    #[constructor]
    fn constructor(&mut self, answers: bool, approves: bool) {
        self.answers.set(answers);
        self.approves.set(approves);
    }

    /// Calls the token with `data`, unless it is empty.
    fn on_flash_loan(
        &mut self,
        initiator: Address,
        token: Address,
        amount: U256,
        fee: U256,
        data: Bytes,
    ) -> Result<B256, Vec<u8>> {
        let this = self.vm().contract_address();
        let balance = IToken::new(token).balance_of(&*self, this)?;
        log(
            self.vm(),
            Borrowed {
                initiator,
                fee,
                balance,
            },
        );
        if self.approves.get() {
            IToken::new(token).approve(Call::new_in(self), token, amount + fee)?;
        }
        if !data.is_empty() {
            call::call(Call::new_in(self), token, &data)?;
        }
        Ok(match self.answers.get() {
            true => keccak256("ERC3156FlashBorrower.onFlashLoan"),
            false => B256::ZERO,
        })
    }
}
