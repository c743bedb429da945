//! The URIs that describe multi-tokens.

extern crate alloc;

use alloy_primitives::{aliases::B32, U256};
use openzeppelin_stylus::token::erc1155::extensions::{
    Erc1155MetadataUri, Erc1155UriStorage, IErc1155MetadataUri,
};
use openzeppelin_stylus::utils::introspection::erc165::IErc165;
use stylus_sdk::prelude::*;

#[entrypoint]
#[storage]
struct Descriptions {
    metadata: Erc1155MetadataUri,
    uris: Erc1155UriStorage,
}

#[public]
#[implements(IErc1155MetadataUri, IErc165)]
impl Descriptions {
    #[constructor]
    fn constructor(&mut self, uri: String) {
        self.metadata.constructor(uri);
    }

    #[selector(name = "setTokenURI")]
    fn set_token_uri(&mut self, id: U256, uri: String) {
        self.uris.set_token_uri(id, uri, &self.metadata);
    }

    #[selector(name = "setBaseURI")]
    fn set_base_uri(&mut self, uri: String) {
        self.uris.set_base_uri(uri);
    }
}

#[public]
impl IErc1155MetadataUri for Descriptions {
    fn uri(&self, id: U256) -> String {
        self.uris.uri(id, &self.metadata)
    }
}

#[public]
impl IErc165 for Descriptions {
    fn supports_interface(&self, interface: B32) -> bool {
        self.metadata.supports_interface(interface)
    }
}
