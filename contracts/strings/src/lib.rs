//! Builds strings from strings and numbers: many small blocks, and some that grow.

#![allow(
    missing_docs,
    reason = "the SDK's macros make public items without documentation; ours have theirs"
)]
#![cfg_attr(
    feature = "contract-client-gen",
    allow(unused, reason = "a client is without the bodies that use the rest")
)]

extern crate alloc;
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

#[cfg(feature = "heap")]
use heap as _;
use stylus_sdk::{alloy_primitives::U256, prelude::*};

sol_storage! {
    /// A contract without state.
    #[entrypoint]
    pub struct Strings {}
}

#[public]
impl Strings {
    /// The words, separated by `between`.
    pub fn join(&self, words: Vec<String>, between: String) -> String {
        words.join(&between)
    }

    /// The parts of `text` between occurrences of `at`.
    pub fn split(&self, text: String, at: String) -> Vec<String> {
        text.split(at.as_str()).map(String::from).collect()
    }

    // The tables for all of Unicode's capital and small letters would make the contract too large for one account.
    /// In capital letters, for ASCII letters only.
    pub fn upper(&self, text: String) -> String {
        text.to_ascii_uppercase()
    }

    /// The letters in reverse order.
    pub fn reverse(&self, text: String) -> String {
        text.chars().rev().collect()
    }

    /// Whether it reads the same in both directions, ignoring case and everything between the letters.
    pub fn is_palindrome(&self, text: String) -> bool {
        let letters: Vec<char> = text
            .to_ascii_lowercase()
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect();
        letters.iter().eq(letters.iter().rev())
    }

    /// A sentence about each number below `count`.
    pub fn count(&self, count: u16) -> String {
        let mut text = String::new();
        for number in 0..count {
            text += &format!("{number} is {number:#x}; ");
        }
        text
    }

    /// In decimal digits, grouped by thousands.
    pub fn decimal(&self, number: U256) -> String {
        let digits = number.to_string();
        let mut text = String::new();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use stylus_sdk::testing::TestVM;

    use super::*;

    #[test]
    fn strings_are_made() {
        let strings = Strings::from(&TestVM::default());
        let text = |text: &str| String::from(text);
        let words: Vec<String> = ["a", "", "ß"].map(String::from).into();
        let joined = strings.join(words.clone(), text(", "));
        assert_eq!(joined, "a, , ß");
        assert_eq!(strings.split(joined.clone(), text(", ")), words);
        assert_eq!(strings.upper(joined.clone()), "A, , ß");
        assert_eq!(strings.reverse(joined), "ß , ,a");
        assert!(strings.is_palindrome(text("A man, a plan, a canal: Panama")));
        assert!(!strings.is_palindrome(text("ab")));
        assert_eq!(strings.count(2), "0 is 0x0; 1 is 0x1; ");
        assert_eq!(strings.decimal(U256::from(1_234_567)), "1,234,567");
        assert_eq!(strings.decimal(U256::ZERO), "0");
    }
}
