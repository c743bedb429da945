//! Storage through the cache, and transient storage.

use alloy_primitives::B256;
use stylus_vm::{Cause, Failure, Ink, Outcome};

use super::case::{Case, check_ink};

pub(crate) const LOAD: &str = "(call $load (i32.const 32) (i32.const 256))";

pub(crate) const CACHE_ONE: &str = "(call $cache (i32.const 32) (i32.const 64))";

const CACHE_TWO: &str = "(call $cache (i32.const 32) (i32.const 96))";

pub(crate) const FLUSH: &str = "(call $flush (i32.const 0))";

const FLUSH_AND_CLEAR: &str = "(call $flush (i32.const 1))";

fn existing_slot() -> Case {
    let mut case = Case::default();
    let value = B256::with_last_byte(9);
    case.host.storage.insert(B256::with_last_byte(7), value);
    case
}

#[test]
fn ink_of_storage() {
    check_ink(Case::default, &[LOAD], 21_068_480);
    check_ink(Case::default, &[LOAD, LOAD], 18_480);
    check_ink(Case::default, &[LOAD, FLUSH_AND_CLEAR, LOAD], 1_068_480);
    check_ink(Case::default, &[CACHE_ONE], 18_480);
    check_ink(Case::default, &[CACHE_ONE, FLUSH], 221_068_073);
    check_ink(existing_slot, &[CACHE_ONE, FLUSH], 50_068_073);
    check_ink(
        Case::default,
        &[CACHE_ONE, FLUSH, CACHE_TWO, FLUSH],
        1_068_073,
    );
    // Writing a value that is known to be there makes nothing dirty.
    check_ink(Case::default, &[CACHE_ONE, FLUSH, CACHE_ONE, FLUSH], 68_073);
    check_ink(Case::default, &[FLUSH], 68_073);
    // Before ArbOS 32 a flush was free and asking the chain cost 59,673 gas.
    check_ink(|| Case::at(31), &[CACHE_ONE, FLUSH], 68_073);
    check_ink(|| Case::at(31), &[LOAD], 18_480 + (2_100 + 59_673) * 10_000);
}

#[test]
fn many_storage_accesses_cost_more() {
    let calls = |call, count| vec![call; count];
    for (count, fee) in [(32, 0), (33, 2), (128, 2), (129, 10)] {
        check_ink(Case::default, &calls(LOAD, count), 18_480 + fee * 10_000);
    }
    for (count, fee) in [(8, 0), (9, 7), (64, 7), (65, 10)] {
        check_ink(
            Case::default,
            &calls(CACHE_ONE, count),
            18_480 + fee * 10_000,
        );
    }
}

#[test]
fn ink_of_transient_storage() {
    check_ink(
        Case::default,
        &["(call $tload (i32.const 32) (i32.const 256))"],
        1_078_153,
    );
    check_ink(
        Case::default,
        &["(call $tstore (i32.const 32) (i32.const 64))"],
        1_078_153,
    );
}

#[test]
fn refunds_follow_eip_3529() {
    let (zero, one, nine) = (B256::ZERO, B256::with_last_byte(1), B256::with_last_byte(9));
    let key = B256::with_last_byte(7);
    let cache_zero = "(call $cache (i32.const 32) (i32.const 128))";
    for (original, current, body, refund) in [
        (nine, nine, cache_zero, 4_800),
        (nine, zero, CACHE_ONE, -4_800),
        (one, zero, CACHE_ONE, 2_800 - 4_800),
        (one, nine, CACHE_ONE, 2_800),
        (zero, nine, cache_zero, 19_900),
        (zero, zero, CACHE_ONE, 0),
    ] {
        let mut case = Case::default();
        case.host.storage.insert(key, current);
        case.host.original.insert(key, original);
        case.run(&format!("{body}{FLUSH}"));
        assert_eq!(case.host.refund, refund, "{original} {current} {body}");
    }
}

#[test]
fn the_very_last_gas_can_be_spent_on_a_flush() {
    let body = format!("{CACHE_ONE}{FLUSH}");
    let needed = Case::default().run(&body).ink_used;
    let run = |arbos, ink| {
        let report = Case {
            ink,
            ..Case::at(arbos)
        }
        .run(&body);
        (report.outcome, report.cause)
    };
    assert_eq!(run(51, needed), (Outcome::Success, None));
    let short = needed - Ink(10_000);
    assert_eq!(run(51, short), (Outcome::OutOfInk, None));
    assert_eq!(
        run(49, short),
        (Outcome::Failure, Some(Cause::Hostio(Failure::FlushGas)))
    );
}

#[test]
fn unflushed_writes_are_lost_and_reads_see_the_cache() {
    let mut case = existing_slot();
    let body = format!("{CACHE_TWO}{LOAD}(call $write_result (i32.const 256) (i32.const 32))");
    assert_eq!(case.run(&body).output, B256::with_last_byte(2).to_vec());
    assert_eq!(
        case.host.storage[&B256::with_last_byte(7)],
        B256::with_last_byte(9)
    );
}
