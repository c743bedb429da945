//! Non-fungible tokens with names, and URIs that describe them.

extern crate alloc;

use alloy_primitives::{aliases::B32, Address, U256};
use openzeppelin_stylus::token::erc721::extensions::{
    Erc721Metadata, Erc721UriStorage, IErc721Metadata,
};
use openzeppelin_stylus::token::erc721::{Erc721, IErc721};
use openzeppelin_stylus::utils::introspection::erc165::IErc165;
use stylus_sdk::abi::Bytes;
use stylus_sdk::prelude::*;

#[entrypoint]
#[storage]
struct Token {
    erc721: Erc721,
    metadata: Erc721Metadata,
    uris: Erc721UriStorage,
}

#[public]
#[implements(IErc721<Error = Vec<u8>>, IErc721Metadata<Error = Vec<u8>>, IErc165)]
impl Token {
    #[constructor]
    fn constructor(&mut self, name: String, symbol: String, base_uri: String) {
        self.metadata.constructor(name, symbol);
        self.metadata.base_uri.set_str(base_uri);
    }

    fn mint(&mut self, to: Address, id: U256) -> Result<(), Vec<u8>> {
        Ok(self.erc721._mint(to, id)?)
    }

    #[selector(name = "setTokenURI")]
    fn set_token_uri(&mut self, id: U256, uri: String) {
        self.uris._set_token_uri(id, uri);
    }
}

standards::erc721!(Token, IErc721Metadata);

#[public]
impl IErc721Metadata for Token {
    type Error = Vec<u8>;

    fn name(&self) -> String {
        self.metadata.name()
    }

    fn symbol(&self) -> String {
        self.metadata.symbol()
    }

    #[selector(name = "tokenURI")]
    fn token_uri(&self, id: U256) -> Result<String, Vec<u8>> {
        Ok(self.uris.token_uri(id, &self.erc721, &self.metadata)?)
    }
}
