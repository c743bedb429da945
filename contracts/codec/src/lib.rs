//! Decodes nested dynamic types, inspects them, and encodes them again: what calls cost before their own work begins.

#![allow(
    missing_docs,
    reason = "the SDK's macros make public items without documentation; ours have theirs"
)]
#![cfg_attr(
    feature = "contract-client-gen",
    allow(unused, reason = "a client is without the bodies that use the rest")
)]

extern crate alloc;
use alloc::{string::String, vec::Vec};

use alloy_sol_types::{SolValue, sol};
#[cfg(feature = "heap")]
use heap as _;
use stylus_sdk::{
    abi::Bytes,
    alloy_primitives::{Address, U256},
    prelude::*,
};

sol! {
    /// One line of an order.
    #[derive(AbiType, Debug, PartialEq)]
    struct Item {
        uint256 id;
        uint256 amount;
        string note;
    }

    /// Somebody's order.
    #[derive(AbiType, Debug, PartialEq)]
    struct Order {
        address maker;
        Item[] items;
        string memo;
    }

    #[derive(Debug)]
    error NotOrders();
}

/// Why a call reverts.
#[derive(SolidityError, Debug)]
pub enum Refusal {
    /// The bytes do not decode.
    Orders(NotOrders),
}

sol_storage! {
    /// A contract without state.
    #[entrypoint]
    pub struct Codec {}
}

#[public]
impl Codec {
    /// The same orders.
    pub fn echo(&self, orders: Vec<Order>) -> Vec<Order> {
        orders
    }

    /// The sum of all amounts, modulo 2^256.
    pub fn total(&self, orders: Vec<Order>) -> U256 {
        let items = orders.iter().flat_map(|order| &order.items);
        items.fold(U256::ZERO, |sum, item| sum.wrapping_add(item.amount))
    }

    /// The makers without duplicates, in order of first appearance.
    pub fn makers(&self, orders: Vec<Order>) -> Vec<Address> {
        let mut makers = Vec::new();
        for order in orders {
            if !makers.contains(&order.maker) {
                makers.push(order.maker);
            }
        }
        makers
    }

    /// `count` orders of `each` items.
    pub fn make(&self, count: u16, each: u16) -> Vec<Order> {
        let item = |id: u16| Item {
            id: U256::from(id),
            amount: U256::from(u32::from(id) * 3),
            note: String::from("as agreed"),
        };
        let order = |number: u16| Order {
            maker: Address::left_padding_from(&number.to_be_bytes()),
            items: (0..each).map(item).collect(),
            memo: String::from("to be delivered on the first working day of the month"),
        };
        (0..count).map(order).collect()
    }

    /// The orders in `packed`, an `abi.encode` of them, which is how contracts pass them on.
    pub fn unpack(&self, packed: Bytes) -> Result<Vec<Order>, Refusal> {
        Vec::abi_decode_validate(&packed).map_err(|_| NotOrders {}.into())
    }

    /// The byte strings, concatenated.
    pub fn concat(&self, parts: Vec<Bytes>) -> Bytes {
        parts.concat().into()
    }
}

#[cfg(test)]
mod tests {
    use stylus_sdk::{abi::Router, function_selector, testing::TestVM};

    use super::*;

    #[test]
    fn orders_are_what_they_were() {
        let codec = Codec::from(&TestVM::default());
        let orders = codec.make(3, 4);
        assert_eq!(codec.echo(orders.clone()), orders);
        assert_eq!(codec.total(orders.clone()), U256::from(3 * 3 * (1 + 2 + 3)));
        assert_eq!(codec.makers([orders.clone(), orders].concat()).len(), 3);
        assert_eq!(codec.total(Vec::new()), U256::ZERO);
    }

    #[test]
    fn packed_orders_are_whole_or_refused() {
        let codec = Codec::from(&TestVM::default());
        let orders = codec.make(2, 1);
        let packed = orders.abi_encode();
        let part = Bytes::copy_from_slice(&packed[..packed.len() - 32]);
        assert_eq!(codec.unpack(packed.into()).unwrap(), orders);
        assert!(matches!(codec.unpack(part), Err(Refusal::Orders(_))));
    }

    #[test]
    fn calldata_is_whole_or_refused() {
        let mut codec = Codec::from(&TestVM::default());
        let input = (codec.make(2, 1),).abi_encode_params();
        let selector = u32::from_be_bytes(function_selector!("total", Vec<Order>));
        let mut total = |input| <Codec as Router<Codec>>::route(&mut codec, selector, input);
        assert_eq!(total(&input), Some(Ok(U256::ZERO.abi_encode())));
        assert_eq!(total(&input[..input.len() - 32]), Some(Err(Vec::new())));
    }

    #[test]
    fn parts_are_put_together() {
        let codec = Codec::from(&TestVM::default());
        let parts = ["ab", "", "cde"].map(Bytes::from).into();
        assert_eq!(codec.concat(parts), Bytes::from("abcde"));
    }
}
