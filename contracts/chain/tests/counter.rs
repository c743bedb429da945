//! The number in storage.

use alloy_sol_types::sol;
use stylus_devnet::testing::*;

sol! {
    interface Counter {
        function number() external view returns (uint256);
        function setNumber(uint256 number) external;
        function increment() external;
    }
}

use Counter::{incrementCall, numberCall, setNumberCall};

#[test]
fn it_counts() {
    let chain = Chain::new();
    let counter = chain.deploy(build!("../counter"));
    assert_gas!(counter.send(incrementCall {}), "increment, first");
    assert_gas!(counter.send(incrementCall {}), "increment, later");
    assert_eq!(counter.call(numberCall {}), U256::from(2));

    let before = chain.snapshot();
    counter.send(setNumberCall { number: U256::MAX });
    counter.send(incrementCall {});
    assert_eq!(counter.call(numberCall {}), U256::ZERO);
    chain.restore(before);
    assert_eq!(counter.call(numberCall {}), U256::from(2));
}

#[test]
fn it_takes_no_ether() {
    let chain = Chain::new();
    let counter = chain.deploy(build!("../counter"));
    let failure = counter.value(U256::ONE).fails(incrementCall {});
    assert!(failure.data.is_empty());
    assert_eq!(chain.balance(counter.address()), U256::ZERO);
}
