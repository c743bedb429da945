//! A contract as its author has it: on the registry's `stylus-sdk`, which brings the registry's `mini-alloc`. Copied into a
//! package of its own by the test.
#![cfg_attr(not(any(test, feature = "export-abi")), no_main)]
extern crate alloc;

use alloc::{string::String, vec::Vec};

use stylus_sdk::{alloy_primitives::U256, prelude::*};

sol_storage! {
    #[entrypoint]
    pub struct Words {
        uint256 calls;
    }
}

#[public]
impl Words {
    /// The words of a text in reverse, each twice.
    pub fn reverse(&self, text: String) -> String {
        let words: Vec<String> = text.split(' ').rev().map(|word| word.repeat(2)).collect();
        words.join(" ")
    }

    /// The numbers up to one, squared.
    pub fn squares(&self, count: u32) -> Vec<U256> {
        (0..count).map(|number| U256::from(number) * U256::from(number)).collect()
    }
}
