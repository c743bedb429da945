//! Fungible tokens that are approved by signature, stand for another, or answer in odd ways.

use alloy_primitives::keccak256;
use alloy_signer::SignerSync;
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::{Eip712Domain, SolStruct, sol};

use super::erc20::{self, *};
use super::*;

sol! {
    #![sol(all_derives)]
    interface Permitted {
        function DOMAIN_SEPARATOR() external view returns (bytes32);
        function nonces(address owner) external view returns (uint256);
        function permit(address owner, address spender, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;

        error ERC2612ExpiredSignature(uint256 deadline);
        error ERC2612InvalidSigner(address signer, address owner);
        error ECDSAInvalidSignature();
        error ECDSAInvalidSignatureS(bytes32 s);
    }

    struct Permit {
        address owner;
        address spender;
        uint256 value;
        uint256 nonce;
        uint256 deadline;
    }

    interface Wrapper {
        constructor(address underlying);
        function underlying() external view returns (address);
        function depositFor(address account, uint256 value) external returns (bool);
        function withdrawTo(address account, uint256 value) external returns (bool);
        function recover(address account) external returns (uint256);

        error ERC20InvalidUnderlying(address token);
        error SafeErc20FailedOperation(address token);
    }

    interface Careful {
        function safeTransfer(address token, address to, uint256 value) external;
        function safeTransferFrom(address token, address from, address to, uint256 value) external;
        function trySafeTransfer(address token, address to, uint256 value) external returns (bool);
        function trySafeTransferFrom(address token, address from, address to, uint256 value) external returns (bool);
        function safeIncreaseAllowance(address token, address spender, uint256 value) external;
        function safeDecreaseAllowance(address token, address spender, uint256 value) external;
        function forceApprove(address token, address spender, uint256 value) external;
        function transferAndCallRelaxed(address token, address to, uint256 value, bytes data) external;

        error SafeErc20FailedOperation(address token);
        error SafeErc20FailedDecreaseAllowance(address spender, uint256 current, uint256 requested);
    }

    interface Odd {
        constructor(uint8 manner);
        event Transferred(address from, address to, uint256 value, bytes data);
    }
}

use Careful::{
    forceApproveCall, safeDecreaseAllowanceCall, safeIncreaseAllowanceCall, safeTransferCall,
    safeTransferFromCall, transferAndCallRelaxedCall, trySafeTransferCall, trySafeTransferFromCall,
};
use Permitted::*;
use Wrapper::*;

/// A token, an account with a key, and a permit that it signs unless the test changes it.
struct Signing {
    token: Contract,
    signer: PrivateKeySigner,
    permit: Permit,
}

impl Signing {
    fn new() -> Self {
        let (chain, [alice, ..]) = chain(PermittedErrors::SIGNATURES);
        let token = chain.deploy(module("erc20-permit"));
        let signer = PrivateKeySigner::from_bytes(&keccak256("somebody")).unwrap();
        let permit = Permit {
            owner: signer.address(),
            spender: alice,
            value: number(10),
            nonce: U256::ZERO,
            deadline: U256::MAX,
        };
        Self {
            token: token.with_errors(TokenErrors::SIGNATURES),
            signer,
            permit,
        }
    }

    fn domain(&self) -> Eip712Domain {
        alloy_sol_types::eip712_domain! {
            name: "Permitted",
            version: "1",
            chain_id: self.token.sender().chain().chain_id(),
            verifying_contract: self.token.address(),
        }
    }

    /// The call with the signed permit.
    fn call(&self) -> permitCall {
        let permit = self.permit.clone();
        let hash = permit.eip712_signing_hash(&self.domain());
        let signature = self.signer.sign_hash_sync(&hash).unwrap();
        permitCall {
            owner: permit.owner,
            spender: permit.spender,
            value: permit.value,
            deadline: permit.deadline,
            v: 27 + u8::from(signature.v()),
            r: signature.r().into(),
            s: signature.s().into(),
        }
    }
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn a_signature_approves_once() {
    let mut signing = Signing::new();
    let (token, owner) = (signing.token.clone(), signing.permit.owner);
    let separator = token.call(DOMAIN_SEPARATORCall {});
    assert_eq!(separator, signing.domain().separator());

    let sent = token.send(signing.call());
    let approval = Approval {
        owner,
        spender: signing.permit.spender,
        value: number(10),
    };
    assert_eq!(sent.event::<Approval>(), approval);
    assert_eq!(token.call(noncesCall { owner }), U256::ONE);
    let spender = signing.permit.spender;
    assert_eq!(token.call(allowanceCall { owner, spender }), number(10));

    // Signed with another nonce, it counts as another account's signature.
    let error = token.reverts_with::<ERC2612InvalidSigner>(signing.call());
    assert_eq!(error.owner, owner);
    assert_ne!(error.signer, owner);
    // A revert does not use up the nonce.
    signing.permit.nonce = U256::ONE;
    token.send(signing.call());
    assert_eq!(token.call(noncesCall { owner }), number(2));
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn a_signature_expires() {
    let mut signing = Signing::new();
    let now = signing.token.sender().chain().timestamp();
    signing.permit.deadline = number(now);
    refused(
        &signing.token,
        signing.call(),
        format!("ERC2612ExpiredSignature({now})"),
    );
    // The transaction's block is a second later, which is still in time.
    let chain = signing.token.sender().chain();
    signing.permit.deadline = number(chain.timestamp() + 1);
    signing.token.send(signing.call());
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn a_signature_is_the_owners_and_in_its_one_form() {
    let signing = Signing::new();
    let signer = signing.permit.owner;
    let call = signing.call();
    let other = permitCall {
        owner: signing.permit.spender,
        ..call.clone()
    };
    let error = signing.token.reverts_with::<ERC2612InvalidSigner>(other);
    assert_ne!(error.signer, signer);
    // The same signature in the malleated form that anyone can compute.
    let order = alloy_primitives::uint!(
        0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256
    );
    let s = B256::from(order - U256::from_be_bytes(call.s.0));
    let other = permitCall {
        v: 55 - call.v,
        s,
        ..call.clone()
    };
    refused(
        &signing.token,
        other,
        format!("ECDSAInvalidSignatureS({s})"),
    );
    let other = permitCall {
        v: 1,
        ..call.clone()
    };
    refused(&signing.token, other, "ECDSAInvalidSignature()");
    // No account's signature: the precompile returns nothing, and reading an address from that panics.
    refused_in_silence(
        &signing.token,
        permitCall {
            r: B256::ZERO,
            ..call
        },
    );
}

/// A token that stands for another, of which Alice has ten and allows it to take all.
fn wrapped() -> (Contract, Contract, [Address; 3]) {
    let (chain, people) = chain(WrapperErrors::SIGNATURES);
    let underlying = erc20::deployed(&chain);
    let constructor = Wrapper::constructorCall {
        underlying: underlying.address(),
    };
    let wrapper = chain.deploy_with(module("erc20-wrapper"), constructor);
    underlying.send(mint(people[0], 10));
    let approval = approve(wrapper.address(), U256::MAX);
    underlying.from(people[0]).send(approval);
    (wrapper, underlying, people)
}

fn deposit(account: Address, value: u64) -> depositForCall {
    let value = number(value);
    depositForCall { account, value }
}

fn withdraw(account: Address, value: u64) -> withdrawToCall {
    let value = number(value);
    withdrawToCall { account, value }
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn a_wrapper_gives_one_for_each() {
    let (wrapper, underlying, [alice, bob, _]) = wrapped();
    assert_eq!(wrapper.call(underlyingCall {}), underlying.address());
    // Read from the underlying token.
    assert_eq!(wrapper.call(decimalsCall {}), 10);
    let this = wrapper.address();
    let sent = wrapper.from(alice).send(deposit(bob, 7));
    assert!(sent.returned);
    assert_eq!(
        sent.events_of::<Transfer>(underlying.address()),
        [moved(alice, this, 7)]
    );
    assert_eq!(
        sent.events_of::<Transfer>(this),
        [moved(Address::ZERO, bob, 7)]
    );
    balances(&underlying, [(alice, 3), (this, 7)]);
    balances(&wrapper, [(alice, 0), (bob, 7)]);

    let sent = wrapper.from(bob).send(withdraw(alice, 5));
    assert_eq!(
        sent.events_of::<Transfer>(this),
        [moved(bob, Address::ZERO, 5)]
    );
    assert_eq!(
        sent.events_of::<Transfer>(underlying.address()),
        [moved(this, alice, 5)]
    );
    balances(&underlying, [(alice, 8), (this, 2)]);
    assert_eq!(wrapper.call(totalSupplyCall {}), number(2));
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn a_wrapper_refuses_what_it_does_not_hold() {
    let (wrapper, underlying, [alice, bob, _]) = wrapped();
    let (this, other) = (wrapper.address(), underlying.address());
    // It sends one of the transactions itself.
    let chain = wrapper.sender().chain();
    chain.set_balance(this, U256::from(1e18));
    let failed = format!("SafeErc20FailedOperation({other})");
    refused(&wrapper.from(bob), deposit(bob, 1), &failed);
    refused(&wrapper.from(alice), deposit(alice, 11), &failed);
    refused(
        &wrapper.from(alice),
        deposit(this, 1),
        format!("ERC20InvalidReceiver({this})"),
    );
    refused(
        &wrapper.from(this),
        deposit(alice, 1),
        format!("ERC20InvalidSender({this})"),
    );
    let nobody = format!("ERC20InvalidReceiver({})", Address::ZERO);
    refused(&wrapper.from(alice), deposit(Address::ZERO, 1), nobody);
    wrapper.from(alice).send(deposit(alice, 5));
    refused(
        &wrapper.from(alice),
        withdraw(this, 1),
        format!("ERC20InvalidReceiver({this})"),
    );
    let error = format!("ERC20InsufficientBalance({alice}, 5, 6)");
    refused(&wrapper.from(alice), withdraw(alice, 6), error);
    refused(&wrapper.from(alice), withdraw(Address::ZERO, 1), &failed);
    balances(&wrapper, [(alice, 5)]);
    balances(&underlying, [(alice, 5), (this, 5)]);
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn a_wrapper_gives_out_what_was_sent_to_it_by_mistake() {
    let (wrapper, underlying, [alice, bob, _]) = wrapped();
    let recover = || recoverCall { account: bob };
    assert_eq!(wrapper.send(recover()).returned, U256::ZERO);
    wrapper.from(alice).send(deposit(alice, 2));
    underlying.from(alice).send(transfer(wrapper.address(), 3));
    assert_eq!(wrapper.send(recover()).returned, number(3));
    balances(&wrapper, [(alice, 2), (bob, 3)]);
}

/// How the odd token answers.
const SILENT: u8 = 0;
const REFUSING: u8 = 1;
const REVERTING: u8 = 2;
const CAUTIOUS: u8 = 3;

/// A careful contract, and a token that is not, or does not exist.
struct Care {
    careful: Contract,
    token: Address,
    error: String,
    bob: Address,
    carol: Address,
}

fn care(manner: Option<u8>) -> Care {
    let (chain, [_, bob, carol]) = chain(Careful::CarefulErrors::SIGNATURES);
    let careful = chain.deploy(module("safe-erc20"));
    let token = match manner {
        Some(manner) => {
            let constructor = Odd::constructorCall { manner };
            chain
                .deploy_with(module("odd-token"), constructor)
                .address()
        }
        None => carol,
    };
    let error = format!("SafeErc20FailedOperation({token})");
    Care {
        careful,
        token,
        error,
        bob,
        carol,
    }
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn tokens_that_say_no_or_nothing_are_handled_with_care() {
    let value = U256::ONE;
    let check = |manner: Option<u8>, is_good: bool| {
        let Care {
            careful,
            token,
            error,
            bob,
            carol,
        } = care(manner);
        let this = careful.address();
        let passed = |from, to, receipt: &Receipt| {
            let event = Odd::Transferred {
                from,
                to,
                value,
                data: Bytes::new(),
            };
            assert_eq!(receipt.events_of::<Odd::Transferred>(token), [event]);
        };
        let (give, take) = (
            safeTransferCall {
                token,
                to: bob,
                value,
            },
            safeTransferFromCall {
                token,
                from: carol,
                to: bob,
                value,
            },
        );
        let (attempt, attempt_from) = (
            trySafeTransferCall {
                token,
                to: bob,
                value,
            },
            trySafeTransferFromCall {
                token,
                from: carol,
                to: bob,
                value,
            },
        );
        let approval = forceApproveCall {
            token,
            spender: bob,
            value,
        };
        match is_good {
            true => {
                passed(this, bob, &careful.send(give));
                passed(carol, bob, &careful.send(take));
                careful.send(approval);
            }
            false => {
                refused(&careful, give, &error);
                refused(&careful, take, &error);
                refused(&careful, approval, &error);
            }
        }
        assert_eq!(careful.send(attempt).returned, is_good);
        assert_eq!(careful.send(attempt_from).returned, is_good);
    };
    check(Some(SILENT), true);
    check(Some(CAUTIOUS), true);
    check(Some(REFUSING), false);
    check(Some(REVERTING), false);
    // If there is no contract, a call succeeds and returns nothing.
    check(None, false);
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn allowances_grow_shrink_and_are_forced() {
    for manner in [SILENT, CAUTIOUS] {
        let Care {
            careful,
            token,
            bob: spender,
            ..
        } = care(Some(manner));
        let odd = careful.sender().contract(token);
        let owner = careful.address();
        let allowance = || odd.call(allowanceCall { owner, spender });
        let value = number(5);
        careful.send(safeIncreaseAllowanceCall {
            token,
            spender,
            value,
        });
        careful.send(safeIncreaseAllowanceCall {
            token,
            spender,
            value,
        });
        assert_eq!(allowance(), number(10));
        careful.send(safeDecreaseAllowanceCall {
            token,
            spender,
            value,
        });
        assert_eq!(allowance(), number(5));
        let more = safeDecreaseAllowanceCall {
            token,
            spender,
            value: number(6),
        };
        refused(
            &careful,
            more,
            format!("SafeErc20FailedDecreaseAllowance({spender}, 5, 6)"),
        );
        careful.send(forceApproveCall {
            token,
            spender,
            value: number(7),
        });
        assert_eq!(allowance(), number(7));
        let all = safeIncreaseAllowanceCall {
            token,
            spender,
            value: U256::MAX,
        };
        refused_in_silence(&careful, all);
    }
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn those_who_have_code_are_called_besides() {
    let Care {
        careful,
        token,
        bob,
        ..
    } = care(Some(CAUTIOUS));
    let value = U256::ONE;
    let call = |to| transferAndCallRelaxedCall {
        token,
        to,
        value,
        data: vec![1, 2].into(),
    };
    let data = |receipt: &Receipt| receipt.event::<Odd::Transferred>().data;
    assert_eq!(data(&careful.send(call(bob))), Bytes::new());
    assert_eq!(data(&careful.send(call(token))), Bytes::from([1, 2]));
    let Care {
        careful,
        token,
        error,
        ..
    } = care(Some(REFUSING));
    let call = transferAndCallRelaxedCall {
        token,
        to: token,
        value,
        data: Bytes::new(),
    };
    refused(&careful, call, error);
}
