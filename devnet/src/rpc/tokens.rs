//! Test methods that write to a token's storage (ERC-20), whatever its layout.
//!
//! Lives here: finding the slot of an amount. Not here: running calls (`chain`).

use alloy_eips::BlockId;
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::{SolCall as _, sol};
use serde_json::Value;

use crate::chain::{Ending, Request, View};
use crate::evm::Interrupt;
use crate::node::Node;
use crate::rpc::arguments::Arguments;
use crate::rpc::error::RpcError;
use crate::rpc::methods::Answer;

sol! {
    function balanceOf(address account) external view returns (uint256);
    function allowance(address owner, address spender) external view returns (uint256);
}

/// The most slots of a getter that are tried.
const MOST_SLOTS: usize = 64;

/// Gives an account an amount of a token.
pub(super) fn deal(node: &Node, arguments: &Arguments<'_>, interrupt: &Interrupt) -> Answer {
    let (account, token, amount): (Address, Address, U256) = (
        arguments.required(0, "address")?,
        arguments.required(1, "token")?,
        arguments.required(2, "balance")?,
    );
    let getter = balanceOfCall { account };
    write(node, token, getter.abi_encode(), amount, interrupt)
}

/// Lets an account spend an amount of another's token.
pub(super) fn set_allowance(
    node: &Node,
    arguments: &Arguments<'_>,
    interrupt: &Interrupt,
) -> Answer {
    let (owner, spender): (Address, Address) = (
        arguments.required(0, "owner")?,
        arguments.required(1, "spender")?,
    );
    let (token, amount): (Address, U256) = (
        arguments.required(2, "token")?,
        arguments.required(3, "amount")?,
    );
    let getter = allowanceCall { owner, spender };
    write(node, token, getter.abi_encode(), amount, interrupt)
}

/// Writes `amount` to the slot that `getter` of a token reads.
fn write(
    node: &Node,
    token: Address,
    getter: Vec<u8>,
    amount: U256,
    interrupt: &Interrupt,
) -> Answer {
    let view = node.view(BlockId::pending())?.until(interrupt);
    let request = Request {
        to: token.into(),
        input: getter.into(),
        ..Request::default()
    };
    let (touched, _) = view.access_list(&request)?;
    let slots = touched.0.iter().flat_map(|item| {
        let keys = item.storage_keys.iter();
        keys.map(|slot| (item.address, *slot))
    });
    for (account, slot) in slots.take(MOST_SLOTS) {
        interrupt.check()?;
        if is_in(&view, &request, (account, slot), amount)? {
            node.change_account(account, |chain| {
                chain.set_storage(account, slot.into(), amount.into());
            });
            return Ok(Value::Null);
        }
    }
    Err(RpcError::refused(format!(
        "cannot find the slot in which {token} keeps that amount: write it with anvil_setStorageAt"
    )))
}

/// Whether a call returns `amount` when it is in a slot.
fn is_in(
    view: &View,
    request: &Request,
    (account, slot): (Address, B256),
    amount: U256,
) -> Result<bool, RpcError> {
    let executed = view.with_slot(account, slot.into(), amount).call(request)?;
    let is_given = executed.output.get(..32) == Some(&amount.to_be_bytes::<32>());
    Ok(executed.ending == Ending::Success && is_given)
}
