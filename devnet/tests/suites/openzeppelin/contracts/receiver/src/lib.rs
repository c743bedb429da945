//! A contract that is asked whether it accepts a token.

extern crate alloc;

use alloy_primitives::{aliases::B32, Address, U256};
use stylus_sdk::abi::Bytes;
use stylus_sdk::prelude::*;
use stylus_sdk::storage::StorageU8;

/// Returns a wrong value.
const REFUSING: u8 = 1;
/// Reverts with a reason.
const REVERTING: u8 = 2;
/// Reverts without a reason.
const SILENT: u8 = 3;
/// Panics.
const PANICKING: u8 = 4;

alloy_sol_types::sol! {
    event Received(address operator, address from, uint256[] ids, uint256[] values, bytes data);
}

#[entrypoint]
#[storage]
struct Receiver {
    manner: StorageU8,
}

impl Receiver {
    fn received(
        &self,
        yes: [u8; 4],
        operator: Address,
        from: Address,
        ids: Vec<U256>,
        values: Vec<U256>,
        data: Bytes,
    ) -> Result<B32, Vec<u8>> {
        log(
            self.vm(),
            Received {
                operator,
                from,
                ids,
                values,
                data: data.0.into(),
            },
        );
        match self.manner.get().to() {
            REFUSING => Ok(B32::ZERO),
            REVERTING => Err(b"not for me".to_vec()),
            SILENT => Err(Vec::new()),
            PANICKING => panic!("never"),
            _ => Ok(yes.into()),
        }
    }
}

#[public]
impl Receiver {
    #[constructor]
    fn constructor(&mut self, manner: u8) {
        self.manner.set(manner.try_into().expect("a small number"));
    }

    #[selector(name = "onERC721Received")]
    fn on_erc721_received(
        &mut self,
        operator: Address,
        from: Address,
        id: U256,
        data: Bytes,
    ) -> Result<B32, Vec<u8>> {
        let yes = stylus_sdk::function_selector!("onERC721Received", Address, Address, U256, Bytes);
        self.received(yes, operator, from, vec![id], Vec::new(), data)
    }

    #[selector(name = "onERC1155Received")]
    fn on_erc1155_received(
        &mut self,
        operator: Address,
        from: Address,
        id: U256,
        value: U256,
        data: Bytes,
    ) -> Result<B32, Vec<u8>> {
        let yes = stylus_sdk::function_selector!(
            "onERC1155Received",
            Address,
            Address,
            U256,
            U256,
            Bytes
        );
        self.received(yes, operator, from, vec![id], vec![value], data)
    }

    #[selector(name = "onERC1155BatchReceived")]
    fn on_erc1155_batch_received(
        &mut self,
        operator: Address,
        from: Address,
        ids: Vec<U256>,
        values: Vec<U256>,
        data: Bytes,
    ) -> Result<B32, Vec<u8>> {
        let yes = stylus_sdk::function_selector!(
            "onERC1155BatchReceived",
            Address,
            Address,
            Vec<U256>,
            Vec<U256>,
            Bytes
        );
        self.received(yes, operator, from, ids, values, data)
    }
}
