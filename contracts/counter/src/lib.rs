//! A number in storage: the least that a contract does, and so the least that a call costs.

#![allow(
    missing_docs,
    reason = "the SDK's macros make public items without documentation; ours have theirs"
)]

extern crate alloc;

#[cfg(feature = "heap")]
use heap as _;
use stylus_sdk::{alloy_primitives::U256, prelude::*};

sol_storage! {
    /// The number.
    #[entrypoint]
    pub struct Counter {
        uint256 number;
    }
}

#[public]
impl Counter {
    /// The number.
    pub fn number(&self) -> U256 {
        self.number.get()
    }

    /// Replaces it.
    pub fn set_number(&mut self, number: U256) {
        self.number.set(number);
    }

    /// Adds one; the highest number wraps to zero.
    pub fn increment(&mut self) {
        self.number.set(self.number.get().wrapping_add(U256::ONE));
    }
}

#[cfg(test)]
mod tests {
    use stylus_sdk::{abi::Router, function_selector, testing::TestVM};

    use super::*;

    #[test]
    fn it_counts() {
        let mut counter = Counter::from(&TestVM::default());
        assert_eq!(counter.number(), U256::ZERO);
        counter.increment();
        assert_eq!(counter.number(), U256::ONE);
        counter.set_number(U256::MAX);
        counter.increment();
        assert_eq!(counter.number(), U256::ZERO);
    }

    #[test]
    fn it_takes_no_ether() {
        let vm = TestVM::default();
        let mut counter = Counter::from(&vm);
        let selector = u32::from_be_bytes(function_selector!("increment"));
        let mut increment = || <Counter as Router<Counter>>::route(&mut counter, selector, &[]);
        assert_eq!(increment(), Some(Ok(Vec::new())));
        vm.set_value(U256::ONE);
        assert_eq!(increment(), Some(Err(Vec::new())));
        assert_eq!(counter.number(), U256::ONE);
    }
}
