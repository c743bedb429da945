//! Standard collections.

use alloy_sol_types::sol;
use stylus_devnet::testing::*;

sol! {
    interface SortAndMap {
        function sort(uint256[] numbers) external view returns (uint256[]);
        function histogram(uint32[] numbers) external view returns (uint32[] values, uint32[] counts);
        function median(uint16 count) external view returns (uint32);
        function thinOut(uint16 count) external view returns (uint32);
    }
}

use SortAndMap::*;

#[test]
fn sorted_is_sorted() {
    let chain = Chain::new();
    let contract = chain.deploy(build!("../sort-and-map"));
    let numbers: Vec<U256> = [9, 3, 7, 1, 7].map(U256::from).into();
    let sorted = contract.send(sortCall { numbers });
    assert_gas!(sorted, "sort, 5 numbers");
    assert_eq!(sorted.returned, [1, 3, 7, 7, 9].map(U256::from));
    assert_gas!(contract.send(medianCall { count: 100 }), "median, of 100");
    let left = contract.send(thinOutCall { count: 100 });
    assert_gas!(left, "thinOut, of 100");
    assert_eq!(left.returned, 50);
}

#[test]
fn counted_is_counted() {
    let chain = Chain::new();
    let contract = chain.deploy(build!("../sort-and-map"));
    let numbers = vec![7, 5, 7];
    let counted = contract.call(histogramCall { numbers });
    assert_eq!((counted.values, counted.counts), (vec![5, 7], vec![1, 2]));
}
