//! Owners and roles.

use alloy_primitives::keccak256;
use alloy_sol_types::sol;

use super::*;

sol! {
    #![sol(all_derives)]
    interface Owned {
        constructor(address owner);
        function owner() external view returns (address);
        function pendingOwner() external view returns (address);
        function transferOwnership(address owner) external;
        function acceptOwnership() external;
        function renounceOwnership() external;

        event OwnershipTransferStarted(address indexed previous, address indexed next);
        event OwnershipTransferred(address indexed previous, address indexed next);

        error OwnableUnauthorizedAccount(address account);
        error OwnableInvalidOwner(address owner);
    }

    interface Roles {
        constructor(address admin);
        function hasRole(bytes32 role, address account) external view returns (bool);
        function onlyRole(bytes32 role) external view;
        function getRoleAdmin(bytes32 role) external view returns (bytes32);
        function setRoleAdmin(bytes32 role, bytes32 admin) external;
        function grantRole(bytes32 role, address account) external;
        function revokeRole(bytes32 role, address account) external;
        function renounceRole(bytes32 role, address confirmation) external;
        function getRoleMember(bytes32 role, uint256 index) external view returns (address);
        function getRoleMemberCount(bytes32 role) external view returns (uint256);
        function getRoleMembers(bytes32 role) external view returns (address[] memory);

        event RoleAdminChanged(bytes32 indexed role, bytes32 indexed previous, bytes32 indexed next);
        event RoleGranted(bytes32 indexed role, address indexed account, address indexed sender);
        event RoleRevoked(bytes32 indexed role, address indexed account, address indexed sender);

        error AccessControlUnauthorizedAccount(address account, bytes32 role);
        error AccessControlBadConfirmation();
        error AccessControlEnumerableOutOfBounds(bytes32 role, uint256 index);
    }
}

use Owned::*;
use Roles::*;

fn owned(name: &str) -> (Contract, [Address; 3]) {
    let (chain, people) = chain(OwnedErrors::SIGNATURES);
    let constructor = Owned::constructorCall { owner: people[0] };
    (chain.deploy_with(module(name), constructor), people)
}

fn transferred(previous: Address, next: Address) -> OwnershipTransferred {
    OwnershipTransferred { previous, next }
}

fn to(owner: Address) -> transferOwnershipCall {
    transferOwnershipCall { owner }
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn somebody_is_the_owner_from_the_beginning() {
    for name in ["ownable", "ownable-two-step"] {
        let (contract, [alice, ..]) = owned(name);
        assert_eq!(contract.call(ownerCall {}), alice);
        let nobody = Owned::constructorCall {
            owner: Address::ZERO,
        };
        let error = format!("OwnableInvalidOwner({})", Address::ZERO);
        not_constructed(contract.sender().chain(), name, nobody, error);
    }
    interfaces(&owned("ownable").0, &[0x01ff_c9a7, 0x0e08_3076]);
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn the_owner_passes_it_on() {
    let (contract, [alice, bob, _]) = owned("ownable");
    refused(
        &contract.from(bob),
        to(bob),
        format!("OwnableUnauthorizedAccount({bob})"),
    );
    let nobody = format!("OwnableInvalidOwner({})", Address::ZERO);
    refused(&contract.from(alice), to(Address::ZERO), nobody);
    let sent = contract.from(alice).send(to(bob));
    assert_eq!(
        sent.event::<OwnershipTransferred>(),
        transferred(alice, bob)
    );
    assert_eq!(contract.call(ownerCall {}), bob);
    refused(
        &contract.from(alice),
        to(alice),
        format!("OwnableUnauthorizedAccount({alice})"),
    );
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn the_owner_gives_it_up() {
    for name in ["ownable", "ownable-two-step"] {
        let (contract, [alice, bob, _]) = owned(name);
        let error = format!("OwnableUnauthorizedAccount({bob})");
        refused(&contract.from(bob), renounceOwnershipCall {}, error);
        let sent = contract.from(alice).send(renounceOwnershipCall {});
        assert_eq!(
            sent.event::<OwnershipTransferred>(),
            transferred(alice, Address::ZERO)
        );
        assert_eq!(contract.call(ownerCall {}), Address::ZERO);
    }
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn in_two_steps_the_next_one_has_to_accept() {
    let (contract, [alice, bob, carol]) = owned("ownable-two-step");
    refused(
        &contract.from(bob),
        to(bob),
        format!("OwnableUnauthorizedAccount({bob})"),
    );
    let sent = contract.from(alice).send(to(bob));
    let started = OwnershipTransferStarted {
        previous: alice,
        next: bob,
    };
    assert_eq!(sent.event::<OwnershipTransferStarted>(), started);
    assert_eq!(sent.events::<OwnershipTransferred>(), []);
    assert_eq!(contract.call(ownerCall {}), alice);
    assert_eq!(contract.call(pendingOwnerCall {}), bob);

    let error = format!("OwnableUnauthorizedAccount({carol})");
    refused(&contract.from(carol), acceptOwnershipCall {}, error);
    let sent = contract.from(bob).send(acceptOwnershipCall {});
    assert_eq!(
        sent.event::<OwnershipTransferred>(),
        transferred(alice, bob)
    );
    assert_eq!(contract.call(ownerCall {}), bob);
    assert_eq!(contract.call(pendingOwnerCall {}), Address::ZERO);

    // A transfer that nobody has accepted is cancelled by another one, by one to the zero address, and by renouncing.
    contract.from(bob).send(to(carol));
    contract.from(bob).send(to(Address::ZERO));
    let error = format!("OwnableUnauthorizedAccount({carol})");
    refused(&contract.from(carol), acceptOwnershipCall {}, error);
    contract.from(bob).send(to(alice));
    contract.from(bob).send(renounceOwnershipCall {});
    assert_eq!(contract.call(pendingOwnerCall {}), Address::ZERO);
    let error = format!("OwnableUnauthorizedAccount({alice})");
    refused(&contract.from(alice), acceptOwnershipCall {}, error);
}

/// The role that administers all others.
const ADMIN: B256 = B256::ZERO;

fn roles() -> (Contract, [Address; 3], B256) {
    let (chain, people) = chain(RolesErrors::SIGNATURES);
    let constructor = Roles::constructorCall { admin: people[0] };
    let contract = chain.deploy_with(module("access-control"), constructor);
    (contract, people, keccak256("WRITER"))
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn roles_are_granted_and_revoked_by_their_admins() {
    let (contract, [alice, bob, carol], role) = roles();
    let has = |account| contract.call(hasRoleCall { role, account });
    assert!(contract.call(hasRoleCall {
        role: ADMIN,
        account: alice
    }));
    assert_eq!(contract.call(getRoleAdminCall { role }), ADMIN);
    assert!(!has(bob));

    let (grant, revoke) = (
        grantRoleCall { role, account: bob },
        revokeRoleCall { role, account: bob },
    );
    let error = format!("AccessControlUnauthorizedAccount({carol}, {ADMIN})");
    refused(&contract.from(carol), grant.clone(), &error);
    refused(&contract.from(carol), revoke.clone(), &error);

    let sent = contract.from(alice).send(grant.clone());
    let granted = RoleGranted {
        role,
        account: bob,
        sender: alice,
    };
    assert_eq!(sent.event::<RoleGranted>(), granted);
    assert!(has(bob));
    // Granting it again changes nothing, and logs nothing.
    assert_eq!(contract.from(alice).send(grant).logs, []);

    contract.from(bob).call(onlyRoleCall { role });
    let error = format!("AccessControlUnauthorizedAccount({carol}, {role})");
    refused(&contract.from(carol), onlyRoleCall { role }, error);

    let sent = contract.from(alice).send(revoke.clone());
    let revoked = RoleRevoked {
        role,
        account: bob,
        sender: alice,
    };
    assert_eq!(sent.event::<RoleRevoked>(), revoked);
    assert!(!has(bob));
    assert_eq!(contract.from(alice).send(revoke).logs, []);
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn a_role_can_have_another_admin() {
    let (contract, [alice, bob, carol], role) = roles();
    let other = keccak256("EDITOR");
    let sent = contract
        .from(alice)
        .send(setRoleAdminCall { role, admin: other });
    let changed = RoleAdminChanged {
        role,
        previous: ADMIN,
        next: other,
    };
    assert_eq!(sent.event::<RoleAdminChanged>(), changed);
    assert_eq!(contract.call(getRoleAdminCall { role }), other);
    let grant = grantRoleCall {
        role,
        account: carol,
    };
    let error = format!("AccessControlUnauthorizedAccount({alice}, {other})");
    refused(&contract.from(alice), grant.clone(), error);
    contract.from(alice).send(grantRoleCall {
        role: other,
        account: bob,
    });
    contract.from(bob).send(grant);
    assert!(contract.call(hasRoleCall {
        role,
        account: carol
    }));
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn a_role_is_given_up_by_whoever_has_it() {
    let (contract, [alice, bob, carol], role) = roles();
    contract
        .from(alice)
        .send(grantRoleCall { role, account: bob });
    let renounce = renounceRoleCall {
        role,
        confirmation: bob,
    };
    refused(
        &contract.from(carol),
        renounce.clone(),
        "AccessControlBadConfirmation()",
    );
    let sent = contract.from(bob).send(renounce.clone());
    let revoked = RoleRevoked {
        role,
        account: bob,
        sender: bob,
    };
    assert_eq!(sent.event::<RoleRevoked>(), revoked);
    assert_eq!(contract.from(bob).send(renounce).logs, []);
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn those_who_have_a_role_are_listed() {
    let (contract, [alice, bob, carol], role) = roles();
    assert_eq!(contract.call(getRoleMembersCall { role: ADMIN }), [alice]);
    for account in [bob, carol, alice] {
        contract.from(alice).send(grantRoleCall { role, account });
    }
    assert_eq!(
        contract.call(getRoleMembersCall { role }),
        [bob, carol, alice]
    );
    // The last member takes the place of the one that leaves.
    contract
        .from(alice)
        .send(revokeRoleCall { role, account: bob });
    assert_eq!(contract.call(getRoleMemberCountCall { role }), number(2));
    let member = |index| getRoleMemberCall {
        role,
        index: number(index),
    };
    assert_eq!(contract.call(member(0)), alice);
    assert_eq!(contract.call(member(1)), carol);
    let error = format!("AccessControlEnumerableOutOfBounds({role}, 2)");
    refused(&contract, member(2), error);
}
