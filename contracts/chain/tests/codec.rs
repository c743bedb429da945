//! Decoding and encoding of nested types.

use alloy_sol_types::{SolValue as _, sol};
use stylus_devnet::testing::*;

sol! {
    #![sol(all_derives)]
    interface Codec {
        struct Item {
            uint256 id;
            uint256 amount;
            string note;
        }
        struct Order {
            address maker;
            Item[] items;
            string memo;
        }

        function echo(Order[] orders) external view returns (Order[]);
        function total(Order[] orders) external view returns (uint256);
        function make(uint16 count, uint16 each) external view returns (Order[]);
        function unpack(bytes packed) external view returns (Order[]);

        error NotOrders();
    }
}

use Codec::*;

#[test]
fn orders_are_what_they_were() {
    let chain = Chain::new();
    let codec = chain.deploy(build!("../codec"));
    let made = codec.send(makeCall { count: 3, each: 4 });
    assert_gas!(made, "make, 3 orders of 4");
    let orders = made.returned;
    assert_eq!(orders.len(), 3);
    let echo = codec.send(echoCall {
        orders: orders.clone(),
    });
    assert_gas!(echo, "echo, 3 orders of 4");
    assert_eq!(echo.returned, orders);
    let packed: Bytes = orders.abi_encode().into();
    let part = packed.slice(..packed.len() - 32);
    assert_eq!(codec.call(unpackCall { packed }), orders);
    let _: NotOrders = codec.reverts_with(unpackCall { packed: part });
    let total = codec.call(totalCall { orders });
    assert_eq!(total, U256::from(3 * 3 * (1 + 2 + 3)));
}
