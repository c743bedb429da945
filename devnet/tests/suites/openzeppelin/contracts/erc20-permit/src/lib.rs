//! A token whose holders approve by signature.

extern crate alloc;

use alloy_primitives::{Address, B256, U256};
use openzeppelin_stylus::token::erc20::extensions::permit::Erc20Permit;
use openzeppelin_stylus::token::erc20::{Erc20, IErc20};
use openzeppelin_stylus::utils::cryptography::eip712::IEip712;
use openzeppelin_stylus::utils::nonces::{INonces, Nonces};
use stylus_sdk::prelude::*;

#[storage]
struct Domain {}

impl IEip712 for Domain {
    const NAME: &'static str = "Permitted";
    const VERSION: &'static str = "1";
}

#[entrypoint]
#[storage]
struct Token {
    erc20: Erc20,
    nonces: Nonces,
    permits: Erc20Permit<Domain>,
}

#[public]
#[implements(IErc20<Error = Vec<u8>>, INonces)]
impl Token {
    fn mint(&mut self, account: Address, value: U256) -> Result<(), Vec<u8>> {
        Ok(self.erc20._mint(account, value)?)
    }

    #[selector(name = "DOMAIN_SEPARATOR")]
    fn domain_separator(&self) -> B256 {
        self.permits.domain_separator()
    }

    #[allow(clippy::too_many_arguments)]
    fn permit(
        &mut self,
        owner: Address,
        spender: Address,
        value: U256,
        deadline: U256,
        v: u8,
        r: B256,
        s: B256,
    ) -> Result<(), Vec<u8>> {
        let (erc20, nonces) = (&mut self.erc20, &mut self.nonces);
        Ok(self
            .permits
            .permit(owner, spender, value, deadline, v, r, s, erc20, nonces)?)
    }
}

standards::erc20!(Token);

#[public]
impl INonces for Token {
    fn nonces(&self, owner: Address) -> U256 {
        self.nonces.nonces(owner)
    }
}
