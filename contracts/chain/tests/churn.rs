//! Blocks that come and go.

use alloy_sol_types::sol;
use stylus_devnet::testing::*;

sol! {
    interface Churn {
        function ring(uint32 rounds, uint32 live, uint32 size) external view returns (uint32);
        function stack(uint32 rounds, uint32 live, uint32 size) external view returns (uint32);
        function sentences(uint32 rounds) external view returns (uint32);
    }
}

use Churn::*;

#[test]
fn blocks_go_in_their_order() {
    let chain = Chain::new();
    let churn = chain.deploy(build!("../churn"));
    let ring = churn.send(ringCall {
        rounds: 5,
        live: 2,
        size: 10,
    });
    assert_gas!(ring, "ring, 5 blocks");
    assert_eq!(ring.returned, (1 + 2) * 256);
    let stack = churn.send(stackCall {
        rounds: 3,
        live: 2,
        size: 4,
    });
    assert_gas!(stack, "stack, 3 times 2");
    assert_eq!(stack.returned, 2 * (1 + 2) * 257);
    let length = churn.call(sentencesCall { rounds: 2 });
    assert_eq!(length as usize, "0 1 2 3 4 5 6 7".len());
}

/// Pages become more and more expensive, so that unbounded memory uses up all the gas there is.
#[test]
fn memory_has_an_end() {
    let chain = Chain::new();
    let churn = chain.deploy(build!("../churn"));
    let failure = churn.fails(ringCall {
        rounds: 2,
        live: 2,
        size: u32::MAX / 2,
    });
    assert!(failure.data.is_empty());
    assert_eq!(failure.reason.as_deref(), Some("out of gas"));
}
