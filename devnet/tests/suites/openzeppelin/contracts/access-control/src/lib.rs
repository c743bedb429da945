//! Roles, who has them, and who grants them.

extern crate alloc;

use alloy_primitives::{Address, B256, U256};
use openzeppelin_stylus::access::control::extensions::enumerable::{
    self, AccessControlEnumerable, IAccessControlEnumerable,
};
use openzeppelin_stylus::access::control::{AccessControl, Error, IAccessControl};
use stylus_sdk::prelude::*;

#[entrypoint]
#[storage]
struct Roles {
    access: AccessControl,
    members: AccessControlEnumerable,
}

#[public]
#[implements(IAccessControl<Error = Error>, IAccessControlEnumerable<Error = enumerable::Error>)]
impl Roles {
    #[constructor]
    fn constructor(&mut self, admin: Address) {
        self.members._grant_role(
            AccessControl::DEFAULT_ADMIN_ROLE.into(),
            admin,
            &mut self.access,
        );
    }

    fn get_role_members(&self, role: B256) -> Vec<Address> {
        self.members.get_role_members(role)
    }

    fn set_role_admin(&mut self, role: B256, admin: B256) -> Result<(), Error> {
        self.access
            .only_role(AccessControl::DEFAULT_ADMIN_ROLE.into())?;
        self.access._set_role_admin(role, admin);
        Ok(())
    }
}

#[public]
impl IAccessControl for Roles {
    type Error = Error;

    fn has_role(&self, role: B256, account: Address) -> bool {
        self.access.has_role(role, account)
    }

    fn only_role(&self, role: B256) -> Result<(), Error> {
        self.access.only_role(role)
    }

    fn get_role_admin(&self, role: B256) -> B256 {
        self.access.get_role_admin(role)
    }

    fn grant_role(&mut self, role: B256, account: Address) -> Result<(), Error> {
        self.access.only_role(self.access.get_role_admin(role))?;
        self.members._grant_role(role, account, &mut self.access);
        Ok(())
    }

    fn revoke_role(&mut self, role: B256, account: Address) -> Result<(), Error> {
        self.access.only_role(self.access.get_role_admin(role))?;
        self.members._revoke_role(role, account, &mut self.access);
        Ok(())
    }

    fn renounce_role(&mut self, role: B256, confirmation: Address) -> Result<(), Error> {
        self.access.renounce_role(role, confirmation)
    }
}

#[public]
impl IAccessControlEnumerable for Roles {
    type Error = enumerable::Error;

    fn get_role_member(&self, role: B256, index: U256) -> Result<Address, enumerable::Error> {
        self.members.get_role_member(role, index)
    }

    fn get_role_member_count(&self, role: B256) -> U256 {
        self.members.get_role_member_count(role)
    }
}
