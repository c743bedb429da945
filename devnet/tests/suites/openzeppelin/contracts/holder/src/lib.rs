//! A contract that accepts every token: OpenZeppelin's two holders.

extern crate alloc;

use alloy_primitives::{aliases::B32, Address, U256};
use openzeppelin_stylus::token::erc1155::utils::Erc1155Holder;
use openzeppelin_stylus::token::erc1155::IErc1155Receiver;
use openzeppelin_stylus::token::erc721::utils::Erc721Holder;
use openzeppelin_stylus::token::erc721::IErc721Receiver;
use openzeppelin_stylus::utils::introspection::erc165::IErc165;
use stylus_sdk::abi::Bytes;
use stylus_sdk::prelude::*;

#[entrypoint]
#[storage]
struct Holder {
    erc721: Erc721Holder,
    erc1155: Erc1155Holder,
}

#[public]
#[implements(IErc721Receiver, IErc1155Receiver, IErc165)]
impl Holder {}

#[public]
impl IErc721Receiver for Holder {
    #[selector(name = "onERC721Received")]
    fn on_erc721_received(
        &mut self,
        operator: Address,
        from: Address,
        id: U256,
        data: Bytes,
    ) -> Result<B32, Vec<u8>> {
        self.erc721.on_erc721_received(operator, from, id, data)
    }
}

#[public]
impl IErc1155Receiver for Holder {
    #[selector(name = "onERC1155Received")]
    fn on_erc1155_received(
        &mut self,
        operator: Address,
        from: Address,
        id: U256,
        value: U256,
        data: Bytes,
    ) -> Result<B32, Vec<u8>> {
        self.erc1155
            .on_erc1155_received(operator, from, id, value, data)
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
        self.erc1155
            .on_erc1155_batch_received(operator, from, ids, values, data)
    }
}

#[public]
impl IErc165 for Holder {
    fn supports_interface(&self, interface: B32) -> bool {
        self.erc1155.supports_interface(interface)
    }
}
