//! Balances, code and code hashes.

use super::case::{Case, check_ink};

const CODE_SIZE: &str = "(drop (call $code_size (i32.const 0)))";

const CODE: &str = "(drop (call $code (i32.const 0) (i32.const 0) (i32.const 10) (i32.const 256)))";

const BALANCE: &str = "(call $balance (i32.const 0) (i32.const 256))";

const CODEHASH: &str = "(call $codehash (i32.const 0) (i32.const 256))";

#[test]
fn ink_of_account_reads() {
    check_ink(Case::default, &[CODE_SIZE], 33_068_073);
    check_ink(Case::warm, &[CODE_SIZE], 8_068_073);
    check_ink(Case::default, &[CODEHASH], 26_078_153);
    check_ink(Case::default, &[CODEHASH, BALANCE], 1_078_153);
    check_ink(|| Case::with_code(120), &[CODE], 33_075_753);
    // Reading the last account's code again is free, except an absent one's from ArbOS 40 on.
    check_ink(|| Case::with_code(120), &[CODE, CODE_SIZE], 68_073);
    check_ink(Case::default, &[CODE_SIZE, CODE_SIZE], 8_068_073);
    check_ink(|| Case::at(39), &[CODE_SIZE, CODE_SIZE], 68_073);
    // A chain that allows twice the code charges twice for reading it.
    let doubled = || {
        let mut case = Case::default();
        case.config.max_code_size = 49_152;
        case
    };
    check_ink(doubled, &[CODE_SIZE], 40_068_073);
}
