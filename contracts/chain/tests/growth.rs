//! Vectors that grow step by step.

use alloy_sol_types::sol;
use stylus_devnet::testing::*;

sol! {
    interface Growth {
        function one(uint32 count) external view returns (uint32);
        function oneWithCapacity(uint32 count) external view returns (uint32);
        function two(uint32 count) external view returns (uint32);
        function rows(uint32 rows) external view returns (uint32);
    }
}

use Growth::*;

#[test]
fn nothing_is_lost_on_the_way() {
    let chain = Chain::new();
    let growth = chain.deploy(build!("../growth"));
    let count = 10_000;
    let one = growth.send(oneCall { count });
    let at_once = growth.send(oneWithCapacityCall { count });
    assert_eq!(one.returned, at_once.returned);
    assert!(one.gas > at_once.gas);
    assert_gas!(one, "one, of 10,000");
    assert_gas!(at_once, "oneWithCapacity, of 10,000");
    let two = growth.send(twoCall { count });
    assert_gas!(two, "two, of 10,000");
    assert_eq!(two.returned, 255 * count);
    let rows = growth.send(rowsCall { rows: 100 });
    assert_gas!(rows, "rows, of 100");
}
