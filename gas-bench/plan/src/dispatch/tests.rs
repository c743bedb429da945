//! Dispatchers in every form that compilers emit, and programs without one.

use alloy_primitives::fixed_bytes;

use super::*;

/// A program that reads a selector into `$s`, big-endian, and continues with `body`; falling through reverts.
fn program(body: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
            (import "vm_hooks" "read_args" (func $read (param i32)))
            (import "vm_hooks" "write_result" (func $write (param i32 i32)))
            (import "vm_hooks" "storage_cache_bytes32" (func $store (param i32 i32)))
            (import "vm_hooks" "storage_flush_cache" (func $flush (param i32)))
            (import "vm_hooks" "exit_early" (func $exit (param i32)))
            (memory (export "memory") 1 1)
            (data (i32.const 1024) "table\06\fd\de\03\ca\fe\ba\be")
            (func (export "user_entrypoint") (param $len i32) (result i32) (local $s i32) (local $wanted i32)
                (call $read (i32.const 0))
                (local.set $s (i32.load (i32.const 0)))
                {body}
                (i32.const 1)))"#
    );
    wat::parse_str(text).unwrap()
}

fn check(body: &str, selectors: &[Selector], entries: (bool, bool)) {
    let found = read(&program(body), &BTreeSet::new()).unwrap();
    let selectors: BTreeSet<_> = selectors.iter().copied().collect();
    assert_eq!(found.selectors, selectors, "{body}");
    assert_eq!(
        (found.answers_nothing, found.answers_anything),
        entries,
        "{body}"
    );
}

const A: Selector = fixed_bytes!("06fdde03");
const B: Selector = fixed_bytes!("a9059cbb");

/// Theorem: a selector is found in whatever form it is compared, and no other constant is found.
#[test]
fn selectors_are_found_in_every_form() {
    let done = "(then (return (i32.const 0)))";
    check("", &[], (false, false));
    check(
        &format!("(if (i32.eq (local.get $s) (i32.const 0x03defd06)) {done})"),
        &[Selector::from([6, 0xfd, 0xde, 3])],
        (false, false),
    );
    check(
        &format!("(if (i32.eqz (i32.sub (local.get $s) (i32.const 0x03defd06))) {done})"),
        &[A],
        (false, false),
    );
    check(
        &format!("(if (i32.eqz (i32.add (local.get $s) (i32.const 0xfc2102fa))) {done})"),
        &[A],
        (false, false),
    );
    check(
        &format!("(if (i64.eq (i64.extend_i32_u (local.get $s)) (i64.const 0x03defd06)) {done})"),
        &[A],
        (false, false),
    );
    // A binary search over big-endian numbers, in the order in which a compiler sorts cases.
    let search = format!(
        "(local.set $s (i32.or (i32.or (i32.shl (local.get $s) (i32.const 24))
            (i32.shl (i32.and (local.get $s) (i32.const 0xff00)) (i32.const 8)))
            (i32.or (i32.and (i32.shr_u (local.get $s) (i32.const 8)) (i32.const 0xff00)) (i32.shr_u (local.get $s) (i32.const 24)))))
         (if (i32.lt_u (local.get $s) (i32.const 0xa9059cbb))
            (then (if (i32.eq (local.get $s) (i32.const 0x06fdde03)) {done}))
            (else (if (i32.eq (local.get $s) (i32.const 0xa9059cbb)) {done})))"
    );
    check(&search, &[A, B], (false, false));
    // Unoptimised code keeps its constants in variables.
    check(
        &format!(
            "(local.set $wanted (i32.const 0x03defd06))
             (if (i32.eq (local.get $s) (local.get $wanted)) {done})"
        ),
        &[A],
        (false, false),
    );
    // A table, of bytes in calldata order.
    check(
        &format!("(if (i32.eq (local.get $s) (i32.load (i32.const 1029))) {done})"),
        &[A],
        (false, false),
    );
    // What the source compares as four bytes, compilers compare byte by byte: one after the other, or as a search among the first bytes.
    let byte = |place: usize, of: Selector| {
        format!(
            "(i32.eq (i32.load8_u (i32.const {place})) (i32.const {}))",
            of[place]
        )
    };
    let rest = |of: Selector| {
        format!(
            "(if {} (then (if {} (then (if {} {done})))))",
            byte(1, of),
            byte(2, of),
            byte(3, of)
        )
    };
    let next = fixed_bytes!("07fdde03");
    let chain: String = [A, B, next]
        .map(|it| format!("(if {} (then {}))", byte(0, it), rest(it)))
        .concat();
    check(&chain, &[A, B, next], (false, false));
    check(
        &format!(
            "(if (i32.lt_u (i32.load8_u (i32.const 0)) (i32.const 0xa9))
                (then (if {} (then {}))) (else (if {} (then {}))))",
            byte(0, A),
            rest(A),
            byte(0, B),
            rest(B)
        ),
        &[A, B],
        (false, false),
    );
    // Some programs check the length first.
    for length in [4, 36, 68] {
        check(
            &format!(
                "(if (i32.ne (local.get $len) (i32.const {length})) (then (return (i32.const 1))))
                 (if (i32.eq (local.get $s) (i32.const 0x03defd06)) {done})"
            ),
            &[A],
            (false, false),
        );
    }
    // Whatever the selector, the output contains it.
    check(
        &format!(
            "(call $write (i32.const 0) (i32.const 4))
             (if (i32.gt_u (local.get $s) (i32.const 123456789)) (then (return (i32.const 1))))
             (if (i32.eq (local.get $s) (i32.const 0x03defd06)) {done})"
        ),
        &[A],
        (false, false),
    );
    // A length and an address used in comparisons are not selectors.
    check(
        "(if (i32.gt_u (local.get $len) (i32.const 123456789)) (then (return (i32.const 0))))
         (if (i32.eq (i32.const 7) (i32.const 0x06fdde03)) (then (return (i32.const 0))))",
        &[],
        (false, false),
    );
}

/// Theorem: the bytes that a program counts with are not taken for bytes that it compares.
#[test]
fn what_is_counted_with_is_not_compared() {
    let add = |place: usize| {
        format!("(local.set $s (i32.add (local.get $s) (i32.load8_u (i32.const {place}))))")
    };
    let sum: String = (0..4).map(add).collect();
    let counts = format!(
        "(local.set $s (i32.const 1)) {sum}
         (loop
            (local.set $s (i32.sub (local.get $s) (i32.const 1)))
            (br_if 0 (local.get $s)))"
    );
    let bench = Bench::new(&program(&counts), Config::at(ArbOs::LAST)).unwrap();
    assert_eq!(bench.spelled().unwrap(), (BTreeSet::new(), true));
}

/// Theorem: one selector of a table, named by an interface, reveals the others in the table, whatever else the code compares with.
#[test]
fn a_table_is_read_where_one_of_it_is_known() {
    let entry =
        |place: &str| format!("(if (i32.eq (local.get $s) {place}) (then (return (i32.const 0))))");
    let body: String = [
        "(i32.load (i32.const 1029))",
        "(i32.load (i32.const 1033))",
        "(i32.const 0xbb9c05a9)",
    ]
    .map(entry)
    .concat();
    let found = read(&program(&body), &[A].into()).unwrap();
    assert_eq!(
        found.selectors,
        [A, B, fixed_bytes!("cafebabe")].into_iter().collect()
    );
}

/// Theorem: a standard's function is found however the program computes its selector; and if part of that computation cannot be read, the
/// result says that there may be more.
#[test]
fn selectors_that_are_computed_are_said_to_be() {
    let found = |body: &str| {
        let found = read(&program(body), &BTreeSet::new()).unwrap();
        (found.selectors.len(), found.may_answer_more)
    };
    let is = |number: &str| {
        format!("(if (i32.eq (local.get $s) {number}) (then (return (i32.const 0))))")
    };
    // The selector of `symbol()`.
    let computed = is("(i32.mul (i32.const 3) (i32.const 366910855))");
    let in_table = is("(i32.load (i32.const 1029))");
    let in_code = is("(i32.const 0x03defd06)");
    assert_eq!(found(&computed), (1, true));
    assert_eq!(found(&in_table), (1, false));
    assert_eq!(found(&in_code), (1, false));
    // If a program answers everything, the words of a table are not all tried.
    let fallback = "(call $store (i32.const 32) (i32.const 32)) (return (i32.const 0))";
    assert_eq!(found(&format!("{in_table} {fallback}")), (1, true));
    assert_eq!(found(&format!("{in_code} {fallback}")), (1, false));
    assert_eq!(found(fallback), (0, false));
}

#[test]
fn what_is_answered_without_a_selector_is_known() {
    let one = "(call $store (i32.const 32) (i32.const 32)) (return (i32.const 0))";
    check(
        &format!("(if (i32.eqz (local.get $len)) (then {one}))"),
        &[],
        (true, false),
    );
    check(
        &format!("(if (local.get $len) (then {one}))"),
        &[],
        (false, true),
    );
    // The selector of a constructor that does not exist.
    check(
        &format!(
            "(if (i32.eq (local.get $s) (i32.const 0x8d258555)) (then (local.set $s (i32.const 0)))) {one}"
        ),
        &[],
        (true, true),
    );
    // A revert with a message is a refusal, too, wherever the program ends with it.
    let refusal = "(call $write (i32.const 0) (i32.const 4))";
    for end in ["", "(call $exit (i32.const 1))"] {
        check(&format!("{refusal} {end}"), &[], (false, false));
    }
}

#[test]
fn what_only_debugging_chains_take_is_read_and_said() {
    let plain = read(&program(""), &BTreeSet::new()).unwrap();
    assert_eq!(plain.debug_only, None);
    let text = |start: &str| {
        format!(
            r#"(module
            (import "vm_hooks" "read_args" (func $read (param i32)))
            (memory (export "memory") 1 1)
            (func $init) {start}
            (func (export "user_entrypoint") (param $len i32) (result i32)
                (call $read (i32.const 0))
                (i32.ne (i32.load (i32.const 0)) (i32.const 0x03defd06))))"#
        )
    };
    let module = wat::parse_str(text("(start $init)")).unwrap();
    let found = read(&module, &BTreeSet::new()).unwrap();
    assert_eq!(found.selectors, [A].into());
    let reason = found.debug_only.unwrap();
    assert!(reason.contains("start function"), "{reason}");
}

/// Theorem: it is detected if a program treats calldata of no function like empty calldata.
#[test]
fn a_fallback_that_takes_nothing_for_calldata_is_known() {
    let is_anything = |body: &str| {
        read(&program(body), &BTreeSet::new())
            .unwrap()
            .nothing_is_anything
    };
    let one = "(call $store (i32.const 32) (i32.const 32)) (return (i32.const 0))";
    assert!(is_anything(one));
    assert!(!is_anything(&format!(
        "(if (i32.eqz (local.get $len)) (then {one}))"
    )));
    // The program can pass on the calldata, and can do more for a selector.
    let other = "(i32.store (i32.const 32) (local.get $len))";
    assert!(is_anything(&format!("{other} {one}")));
    let more = "(if (i32.ge_u (local.get $len) (i32.const 4)) (then (call $store (i32.const 64) (i32.const 64))))";
    assert!(is_anything(&format!("{more} {one}")));
    // A different host call is a different function.
    let more = "(if (i32.eqz (local.get $len)) (then (call $store (i32.const 64) (i32.const 64))))";
    assert!(!is_anything(&format!("{more} {one}")));
}

#[test]
fn what_cannot_be_run_is_an_error() {
    for module in [&b""[..], b"\0asm", &wat::parse_str("(module)").unwrap()] {
        assert!(read(module, &BTreeSet::new()).is_err());
    }
    let endless = program("(loop (br 0))");
    assert_eq!(
        read(&endless, &BTreeSet::new()).unwrap(),
        Dispatch::default()
    );
    let comparison =
        |constant: u32| format!("(drop (i32.eq (local.get $len) (i32.const {constant})))");
    let comparisons: String = (0..400).map(|n| comparison(LARGE + n)).collect();
    let endless = program(&format!("{comparisons} (loop (br 0))"));
    let read = read(&endless, &BTreeSet::new());
    assert!(matches!(read, Err(DispatchError::TooLong)), "{read:?}");
}

/// Theorem: what a chain asks for its disk does not count as time. A fallback that writes slots is tried with all constants.
#[test]
fn storage_takes_no_time() {
    let comparison =
        |constant: u32| format!("(drop (i32.eq (local.get $len) (i32.const {constant})))");
    let comparisons: String = (0..100).map(|n| comparison(LARGE + n)).collect();
    // A slot of each key from 64 to 83, for 22,100 gas.
    let writes = "(i32.store (i32.const 96) (i32.const 1))
        (local.set $wanted (i32.const 64))
        (loop
            (call $store (local.get $wanted) (i32.const 96))
            (local.set $wanted (i32.add (local.get $wanted) (i32.const 1)))
            (br_if 0 (i32.lt_u (local.get $wanted) (i32.const 84))))
        (call $flush (i32.const 0))
        (return (i32.const 0))";
    check(
        &format!(
            "{comparisons}
             (if (i32.eq (local.get $s) (i32.const 0x03defd06)) (then (return (i32.const 0))))
             {writes}"
        ),
        &[A],
        (true, true),
    );
}

/// Theorem: a program that goes by the length of its calldata answers selectors that no function has, if arguments follow.
#[test]
fn lengths_are_answered() {
    let of_length = |length: u32| {
        let body = format!(
            "(if (i32.eq (local.get $len) (i32.const {length})) (then (return (i32.const 0))))"
        );
        let found = read(&program(&body), &BTreeSet::new()).unwrap();
        (found.answers_anything, found.answers_arguments)
    };
    assert_eq!(of_length(4), (true, true));
    assert_eq!(of_length(36), (false, true));
    assert_eq!(of_length(35), (false, false));
}
