//! A contract whose functions fail, each in its own way. The line that an explanation has to name ends with a comment that says whose
//! it is: `// fails: function`.
//!
//! The functions stand in several traits, because the SDK compares the selectors of each block by pairs, and the compiler computes both anew
//! for each pair: in one block, these would take a minute to compile.

#![allow(
    missing_docs,
    reason = "the SDK's macros make public items without documentation; ours have theirs"
)]
#![allow(
    clippy::unwrap_used,
    clippy::out_of_bounds_indexing,
    reason = "this is what the contract is for"
)]

extern crate alloc;

mod deep;

use alloc::{string::String, vec, vec::Vec};
use core::cell::RefCell;
use core::hint::black_box;

use alloy_sol_types::sol;
use heap as _;
use stylus_sdk::{
    abi::Bytes,
    alloy_primitives::{Address, U256},
    call::{call, static_call},
    prelude::*,
    stylus_core::calls::errors::Error,
};

sol! {
    #![sol(extra_derives(Debug))]
    error TooMuch(address who, uint256 asked, uint256 there);
}

/// Why a call reverts.
#[derive(SolidityError, Debug)]
pub enum Refusal {
    /// More than there is.
    TooMuch(TooMuch),
}

sol_storage! {
    /// A number, which only a static call must not write.
    #[entrypoint]
    pub struct Failing {
        uint256 number;
    }
}

/// What panics by its own words.
#[public]
pub trait Panics {
    fn says_plainly(&self);
    fn says_values(&self, n: u32);
    fn cannot_be(&self, n: u32) -> u32;
    fn asserts(&self, n: u32);
    fn asserts_with_words(&self, n: u32);
    fn asserts_equality(&self, n: u32);
}

#[public]
impl Panics for Failing {
    fn says_plainly(&self) {
        panic!("the pump is off"); // fails: saysPlainly
    }

    fn says_values(&self, n: u32) {
        let name = String::from("pump");
        panic!("{name} {n:>4} is {:?}, not {:#x}", Some(n), 255); // fails: saysValues
    }

    fn cannot_be(&self, n: u32) -> u32 {
        match n {
            1_000 => 1,
            _ => unreachable!("{n} cannot be"), // fails: cannotBe
        }
    }

    fn asserts(&self, n: u32) {
        assert!(n > 1_000); // fails: asserts
    }

    fn asserts_with_words(&self, n: u32) {
        assert!(n > 1_000, "{n} is too few"); // fails: assertsWithWords
    }

    fn asserts_equality(&self, n: u32) {
        assert_eq!(n, 1_000, "not the same"); // fails: assertsEquality
    }
}

/// What takes out a value that is not there.
#[public]
pub trait Unwraps {
    fn unwraps_none(&self, n: u32) -> u32;
    fn expects_none(&self, n: u32) -> u32;
    fn unwraps_error(&self, text: String) -> u32;
    fn expects_error(&self, text: String) -> u32;
    fn fails_in_a_closure(&self, n: u32) -> u32;
    fn borrows_twice(&self, n: u32) -> u32;
}

#[public]
impl Unwraps for Failing {
    fn unwraps_none(&self, n: u32) -> u32 {
        n.checked_sub(1_000_000).unwrap() // fails: unwrapsNone
    }

    fn expects_none(&self, n: u32) -> u32 {
        n.checked_sub(1_000_000).expect("a million") // fails: expectsNone
    }

    fn unwraps_error(&self, text: String) -> u32 {
        text.parse::<u32>().unwrap() // fails: unwrapsError
    }

    fn expects_error(&self, text: String) -> u32 {
        text.parse::<u32>().expect("digits") // fails: expectsError
    }

    fn fails_in_a_closure(&self, n: u32) -> u32 {
        let all = black_box(vec![9, 8, 1]);
        all.iter()
            .map(|each: &u32| each.checked_sub(n).unwrap()) // fails: failsInAClosure
            .sum()
    }

    fn borrows_twice(&self, n: u32) -> u32 {
        let cell = black_box(RefCell::new(n));
        let first = cell.borrow_mut();
        let second = cell.borrow_mut(); // fails: borrowsTwice
        *first + *second
    }
}

/// What reaches beyond the end of something.
#[public]
pub trait Bounds {
    fn indexes(&self, n: u32) -> u32;
    fn slices_far(&self, n: u32) -> u32;
    fn slices_backwards(&self, n: u32) -> u32;
    fn cuts_a_letter(&self, text: String, n: u32) -> u32;
    fn removes(&self, n: u32) -> u32;
    fn copies(&self, n: u32) -> u32;
}

#[public]
impl Bounds for Failing {
    fn indexes(&self, n: u32) -> u32 {
        let all = black_box(vec![1, 2, 3]);
        all[n as usize] // fails: indexes
    }

    fn slices_far(&self, n: u32) -> u32 {
        let all = black_box(vec![1, 2, 3]);
        all[1..n as usize].iter().sum() // fails: slicesFar
    }

    fn slices_backwards(&self, n: u32) -> u32 {
        let all = black_box(vec![1, 2, 3]);
        all[n as usize..1].iter().sum() // fails: slicesBackwards
    }

    fn cuts_a_letter(&self, text: String, n: u32) -> u32 {
        text[..n as usize].len() as u32 // fails: cutsALetter
    }

    fn removes(&self, n: u32) -> u32 {
        let mut all = black_box(vec![1, 2, 3]);
        all.remove(n as usize) // fails: removes
    }

    fn copies(&self, n: u32) -> u32 {
        let mut all = black_box([0_u8; 4]);
        let some = black_box(vec![1_u8; n as usize]);
        all.copy_from_slice(&some); // fails: copies
        all.len() as u32
    }
}

/// What has no result.
#[public]
pub trait Arithmetic {
    fn adds_strictly(&self, n: u32) -> u32;
    fn divides(&self, n: u32, by: u32) -> u32;
    fn takes_a_rest(&self, n: u32, by: u32) -> u32;
    fn divides_the_least(&self, by: i32) -> i32;
    fn divides_words(&self, n: U256, by: U256) -> U256;
    fn narrows_a_word(&self, n: U256) -> u8;
}

#[public]
impl Arithmetic for Failing {
    fn adds_strictly(&self, n: u32) -> u32 {
        n.strict_add(u32::MAX) // fails: addsStrictly
    }

    fn divides(&self, n: u32, by: u32) -> u32 {
        n / by // fails: divides
    }

    fn takes_a_rest(&self, n: u32, by: u32) -> u32 {
        n % by // fails: takesARest
    }

    fn divides_the_least(&self, by: i32) -> i32 {
        i32::MIN / by // fails: dividesTheLeast
    }

    fn divides_words(&self, n: U256, by: U256) -> U256 {
        n / by // fails: dividesWords
    }

    fn narrows_a_word(&self, n: U256) -> u8 {
        n.to::<u8>() // fails: narrowsAWord
    }
}

/// What takes more than there is.
#[public]
pub trait Exhaustion {
    fn asks_for_more_than_there_can_be(&self, n: u32) -> u32;
    fn grows_too_far(&self, n: u32) -> u32;
    fn recurses(&self, n: u32) -> u32;
    fn never_ends(&self, n: u32) -> u32;
}

#[public]
impl Exhaustion for Failing {
    fn asks_for_more_than_there_can_be(&self, n: u32) -> u32 {
        let all: Vec<u64> = black_box(Vec::with_capacity(n as usize)); // fails: asksForMoreThanThereCanBe
        all.capacity() as u32
    }

    fn grows_too_far(&self, n: u32) -> u32 {
        let all: Vec<u8> = black_box(Vec::with_capacity(n as usize)); // fails: growsTooFar
        all.capacity() as u32
    }

    fn recurses(&self, n: u32) -> u32 {
        deep::recurse(n)
    }

    fn never_ends(&self, n: u32) -> u32 {
        let mut n = n;
        while black_box(n) != 0 {
            n = n.wrapping_add(2) | 1; // fails: neverEnds
        }
        n
    }
}

#[public]
#[implements(Panics, Unwraps, Bounds, Arithmetic, Exhaustion)]
impl Failing {
    pub fn fails_in_another_file(&self, n: u32) -> u32 {
        deep::third(n)
    }

    pub fn reverts(&self, asked: U256) -> Result<U256, Refusal> {
        let who = self.vm().contract_address();
        let there = self.number.get();
        Err(Refusal::TooMuch(TooMuch { who, asked, there })) // fails: reverts
    }

    pub fn returns_nothing(&self, n: u32) -> Result<u32, Vec<u8>> {
        if n < 1_000 { Err(Vec::new()) } else { Ok(n) }
    }

    pub fn takes_an_address(&self, who: Address, n: U256) -> U256 {
        n + U256::from(who.as_slice()[0])
    }

    pub fn writes(&mut self, n: U256) {
        self.number.set(n);
    }

    /// Calls `target` without letting it write.
    pub fn asks(&self, target: Address, data: Bytes) -> u32 {
        let answer = static_call(self.vm(), Call::new(), target, &data);
        answer.expect("an answer").len() as u32 // fails: asks
    }

    /// Calls `target` and passes on what it reverts with.
    pub fn passes_on(&mut self, target: Address, data: Bytes) -> Result<u32, Vec<u8>> {
        let context = Call::new_mutating(self);
        match call(self.vm(), context, target, &data) {
            Ok(answer) => Ok(answer.len() as u32),
            Err(Error::Revert(data)) => Err(data),
            Err(_) => Err(Vec::new()),
        }
    }
}
