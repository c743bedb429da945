//! The functions of a standard, forwarded to a field: with stylus-sdk 0.9 a contract has to write out what it inherits.
//!
//! Lives here: what several contracts forward unchanged. Users of a macro import the names in it.

#![no_std]

/// The functions of an ERC-20, forwarded to the contract's field `erc20`.
#[macro_export]
macro_rules! erc20 {
    ($contract:ident) => {
        #[public]
        impl IErc20 for $contract {
            type Error = Vec<u8>;

            fn total_supply(&self) -> U256 {
                self.erc20.total_supply()
            }

            fn balance_of(&self, account: Address) -> U256 {
                self.erc20.balance_of(account)
            }

            fn transfer(&mut self, to: Address, value: U256) -> Result<bool, Vec<u8>> {
                Ok(self.erc20.transfer(to, value)?)
            }

            fn allowance(&self, owner: Address, spender: Address) -> U256 {
                self.erc20.allowance(owner, spender)
            }

            fn approve(&mut self, spender: Address, value: U256) -> Result<bool, Vec<u8>> {
                Ok(self.erc20.approve(spender, value)?)
            }

            fn transfer_from(
                &mut self,
                from: Address,
                to: Address,
                value: U256,
            ) -> Result<bool, Vec<u8>> {
                Ok(self.erc20.transfer_from(from, to, value)?)
            }
        }
    };
}

/// The functions of an ERC-721, forwarded to the contract's field `erc721`; the contract has more interfaces.
#[macro_export]
macro_rules! erc721 {
    ($contract:ident $(, $more:ident)*) => {
        #[public]
        impl IErc721 for $contract {
            type Error = Vec<u8>;

            fn balance_of(&self, owner: Address) -> Result<U256, Vec<u8>> {
                Ok(self.erc721.balance_of(owner)?)
            }

            fn owner_of(&self, token_id: U256) -> Result<Address, Vec<u8>> {
                Ok(self.erc721.owner_of(token_id)?)
            }

            fn safe_transfer_from(
                &mut self,
                from: Address,
                to: Address,
                token_id: U256,
            ) -> Result<(), Vec<u8>> {
                Ok(self.erc721.safe_transfer_from(from, to, token_id)?)
            }

            #[selector(name = "safeTransferFrom")]
            fn safe_transfer_from_with_data(
                &mut self,
                from: Address,
                to: Address,
                token_id: U256,
                data: Bytes,
            ) -> Result<(), Vec<u8>> {
                Ok(self
                    .erc721
                    .safe_transfer_from_with_data(from, to, token_id, data)?)
            }

            fn transfer_from(
                &mut self,
                from: Address,
                to: Address,
                token_id: U256,
            ) -> Result<(), Vec<u8>> {
                Ok(self.erc721.transfer_from(from, to, token_id)?)
            }

            fn approve(&mut self, to: Address, token_id: U256) -> Result<(), Vec<u8>> {
                Ok(self.erc721.approve(to, token_id)?)
            }

            fn set_approval_for_all(
                &mut self,
                operator: Address,
                approved: bool,
            ) -> Result<(), Vec<u8>> {
                Ok(self.erc721.set_approval_for_all(operator, approved)?)
            }

            fn get_approved(&self, token_id: U256) -> Result<Address, Vec<u8>> {
                Ok(self.erc721.get_approved(token_id)?)
            }

            fn is_approved_for_all(&self, owner: Address, operator: Address) -> bool {
                self.erc721.is_approved_for_all(owner, operator)
            }
        }

        #[public]
        impl IErc165 for $contract {
            fn supports_interface(&self, interface: B32) -> bool {
                self.erc721.supports_interface(interface) $(|| <Self as $more>::interface_id() == interface)*
            }
        }
    };
}

/// The functions of an ERC-1155, forwarded to the contract's field `erc1155`.
#[macro_export]
macro_rules! erc1155 {
    ($contract:ident) => {
        #[public]
        impl IErc1155 for $contract {
            type Error = Vec<u8>;

            fn balance_of(&self, account: Address, id: U256) -> U256 {
                self.erc1155.balance_of(account, id)
            }

            fn balance_of_batch(
                &self,
                accounts: Vec<Address>,
                ids: Vec<U256>,
            ) -> Result<Vec<U256>, Vec<u8>> {
                Ok(self.erc1155.balance_of_batch(accounts, ids)?)
            }

            fn set_approval_for_all(
                &mut self,
                operator: Address,
                approved: bool,
            ) -> Result<(), Vec<u8>> {
                Ok(self.erc1155.set_approval_for_all(operator, approved)?)
            }

            fn is_approved_for_all(&self, account: Address, operator: Address) -> bool {
                self.erc1155.is_approved_for_all(account, operator)
            }

            fn safe_transfer_from(
                &mut self,
                from: Address,
                to: Address,
                id: U256,
                value: U256,
                data: Bytes,
            ) -> Result<(), Vec<u8>> {
                Ok(self.erc1155.safe_transfer_from(from, to, id, value, data)?)
            }

            fn safe_batch_transfer_from(
                &mut self,
                from: Address,
                to: Address,
                ids: Vec<U256>,
                values: Vec<U256>,
                data: Bytes,
            ) -> Result<(), Vec<u8>> {
                Ok(self
                    .erc1155
                    .safe_batch_transfer_from(from, to, ids, values, data)?)
            }
        }

        #[public]
        impl IErc165 for $contract {
            fn supports_interface(&self, interface: B32) -> bool {
                self.erc1155.supports_interface(interface)
            }
        }
    };
}
