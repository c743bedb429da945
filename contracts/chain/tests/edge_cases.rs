//! A sequence of awkward allocation requests.

use alloy_sol_types::sol;
use stylus_devnet::testing::*;

sol! {
    #![sol(all_derives)]
    interface EdgeCases {
        function alloc(uint32 pageLimit, bool packed) external view returns (uint64 ink, uint32 pages, uint32 failed);
        function allocZeroed(uint32 pageLimit, bool packed) external view returns (uint64 ink, uint32 pages, uint32 failed);

        error PageLimitTooHigh(uint32 pageLimit, uint32 highest);
    }
}

use EdgeCases::*;

#[test]
fn every_request_is_answered_well() {
    let chain = Chain::new();
    let contract = chain.deploy(build!("../edge-cases"));
    let (limit, packed) = (8, true);
    let alloc = contract.send(allocCall {
        pageLimit: limit,
        packed,
    });
    assert_gas!(alloc, "alloc, 8 pages");
    let zeroed = contract.send(allocZeroedCall {
        pageLimit: limit,
        packed,
    });
    assert_gas!(zeroed, "allocZeroed, 8 pages");
    assert_eq!((alloc.returned.failed, zeroed.returned.failed), (0, 0));
    let error: PageLimitTooHigh = contract.reverts_with(allocCall {
        pageLimit: u32::MAX,
        packed,
    });
    assert!(error.highest < error.pageLimit);
}
