//! Each reason for which an allocator stays where it is, and what is said about one.

use alloy_primitives::{Address, Bytes};
use stylus_override::{Donor, Family, Refusal, Role, Substitute, inspect, rehearsal, transplant};
use stylus_vm::profile::AllocatorCall;

use super::programs::{Mangling, Program, STATE};

/// What is said of `wasm`, by `inspect` or, if that finds nothing amiss, by `transplant`.
fn refusal(wasm: &[u8]) -> String {
    let donor = Donor::compile(Substitute::Mini).unwrap();
    let refused = transplant(wasm, &donor).unwrap_err();
    match inspect(wasm) {
        Ok(inspection) => assert_eq!(inspection.refusal(), Some(refused.clone())),
        Err(same) => assert_eq!(same, refused),
    }
    refused.to_string()
}

fn check(change: impl FnOnce(&mut Program), want: &str) {
    let mut program = Program::rust(Mangling::Demangled);
    change(&mut program);
    assert_eq!(refusal(&program.wasm()), want, "{}", program.text());
}

#[test]
fn refusals_say_what_is_wrong() {
    check(
        |it| it.body += "(drop (memory.grow (i32.const 1)))",
        "others grow memory: `main` does, and it is not part of the allocator",
    );
    check(
        |it| it.more += "(func $grow_it (export \"more\") (drop (memory.grow (i32.const 1))))",
        "others grow memory: `grow_it` does, and it is not part of the allocator",
    );
    check(
        |it| it.body += &format!("(i32.store (i32.const {STATE}) (i32.const 1))"),
        "its allocator may have been inlined: `main` contains the number 1040, the address of one of the allocator's variables; build it with \
         another `opt-level` or without `lto`",
    );
    check(
        |it| it.body += &format!("(i32.store offset={STATE} (i32.const 0) (i32.const 1))"),
        "its allocator was inlined: `main` uses the allocator's variable at 1040; build it with another `opt-level` or without `lto`",
    );
    check(
        |it| it.body += "(drop (call $\"wee_alloc::grow\" (i32.const 0)))",
        "its allocator was inlined: `main` calls `wee_alloc::grow` itself; build it with another `opt-level` or without `lto`",
    );
    check(
        |it| {
            it.allocator = it
                .allocator
                .replace("__rust_", "our_")
                .replace("wee_alloc::", "our_")
        },
        "its allocator is unknown: `our_grow` grows memory, but no function is named like Rust's or C's allocators",
    );
    let unknown = |it: &mut Program| {
        it.allocator = it
            .allocator
            .replace("__rustc::__rust_", "our_")
            .replace("wee_alloc::", "our_");
        it.more += "(func $our_start (export \"more\") (drop (memory.grow (i32.const 1))))";
    };
    // Such as AssemblyScript's, which no setting of cargo concerns.
    check(
        unknown,
        "its allocator is unknown: `our_grow` and `our_start` grow memory, but no function is named like Rust's or C's allocators",
    );
    check(
        |it| {
            unknown(it);
            it.more += "(func $\"core::fmt::write\")";
        },
        "its allocator was inlined by link-time optimisation: no function of a known interface obtains memory any more, and of those that \
         grow it there is `our_grow` and `our_start`; build it with CARGO_PROFILE_RELEASE_LTO=off, or change the allocator in its sources",
    );
    check(
        |it| it.allocator = it.allocator.replace("__rust_", "our_"),
        "its allocator was inlined by link-time optimisation: no function of a known interface obtains memory any more, and of those that \
         grow it there is `wee_alloc::grow` alone; build it with CARGO_PROFILE_RELEASE_LTO=off, or change the allocator in its sources",
    );
    check(
        |it| {
            it.allocator = it
                .allocator
                .replace("__rust_", "our_")
                .replace("(memory.grow (local.get 0))", "(local.get 0)")
        },
        "it has no allocator: no function is named like those of Rust's or C's allocators, and none grows memory",
    );
    check(
        |it| it.more += "(func $malloc (param i64) (result i32) (i32.const 0))",
        "`malloc` has the name of an allocator's function but not its type; only allocators for wasm32 with Rust's or C's interface \
         can be replaced",
    );
}

#[test]
fn the_state_of_c_is_its_own() {
    let mut program = Program::c();
    program.more += "(func $mallopt (param i32 i32) (result i32) (i32.const 1))";
    program.body += "(drop (call $mallopt (i32.const 1) (i32.const 1)))";
    assert_eq!(
        refusal(&program.wasm()),
        "it uses `mallopt`, which works on the state of C's allocator and cannot be replaced"
    );
}

#[test]
fn modules_have_to_be_programs() {
    for (wasm, want) in [
        (b"hello, world".to_vec(), "it is not a wasm module ("),
        (
            wat::parse_str("(module)").unwrap(),
            "it is not a Stylus program: ",
        ),
        (
            wat::parse_str(Program::c().text().replace("vm_hooks", "env")).unwrap(),
            "it is not a Stylus program: ",
        ),
    ] {
        let got = refusal(&wasm);
        assert!(got.starts_with(want), "{got}");
        assert_eq!(got.lines().count(), 1);
    }
    let named = Program::c().wasm();
    let stripped = stylus_vm::process::process(&named).unwrap();
    assert_eq!(
        refusal(&stripped),
        "its functions have no names, and an allocator is recognised by those; build it with CARGO_PROFILE_RELEASE_STRIP=debuginfo, or \
         make another compiler keep them"
    );
    let fixed = Program::c().text().replace(
        "(memory (export \"memory\") 1)",
        "(memory (export \"memory\") 1 1)",
    );
    assert_eq!(
        refusal(&wat::parse_str(fixed).unwrap()),
        "its memory cannot grow, so the new heap would have to fit where the old one was; link it without a maximum"
    );
}

/// Theorem: constants are nobody's variables, whichever segment they are in.
#[test]
fn constants_may_be_shared() {
    const READ: &str = "(drop (i32.load (i32.const 1032)))";
    let mut program = Program::rust(Mangling::V0);
    let dealloc = format!(
        "(func $\"{}\" (param i32 i32 i32)",
        Mangling::V0.of("__rust_dealloc")
    );
    program.allocator = program
        .allocator
        .replace(&dealloc, &format!("{dealloc} {READ}"));
    program.body += READ;
    assert!(program.allocator.contains(READ));
    for before in ["", "(data \"passive\")"] {
        program.more = format!("{before} (data $.rodata (i32.const 1032) \"shared\")");
        let found = inspect(&program.wasm()).unwrap();
        assert_eq!(found.refusal(), None, "{before}");
    }
    program.more.clear();
    let found = inspect(&program.wasm()).unwrap();
    assert!(matches!(found.refusal(), Some(Refusal::Inlined(_))));
}

/// Theorem: where a table ends does not count as use of the variable behind it; another number there may be one, and a load is.
#[test]
fn ends_of_tables_are_nobodys_variables() {
    let check = |body: &str, want: Option<&str>| {
        let mut program = Program::rust(Mangling::V0);
        program.more = format!(
            "(data $.rodata (i32.const 1032) \"8 bytes!\")
             (func $rounds (local $i i32) {body})"
        );
        program.body += "(call $rounds)";
        let found = inspect(&program.wasm()).unwrap();
        let refused = found.refusal().map(|it| it.to_string());
        match want {
            None => assert_eq!(refused, None, "{body}"),
            Some(want) => assert!(refused.unwrap().contains(want), "{body}"),
        }
    };
    let end = format!("(i32.const {STATE})");
    // Counted up to from below zero, as keccak's constants are, and compared with.
    let below_zero = "(local.set $i (i32.const -8))";
    let load = format!("(drop (i64.load (i32.add (local.get $i) {end})))");
    check(&format!("{below_zero} {load}"), None);
    let from_begin = "(local.set $i (i32.const 1032))";
    let compare = format!("(br_if 0 (i32.eq (local.get $i) {end}))");
    check(&format!("{from_begin} {compare}"), None);
    let perhaps = "may have been inlined: `rounds` contains the number 1040, the address of one of the allocator's variables";
    // Of no table, or kept.
    check(&load, Some(perhaps));
    check(&compare, Some(perhaps));
    let keep = format!("(local.set $i {end})");
    check(&format!("{from_begin} {compare} {keep}"), Some(perhaps));
    let access = "(drop (i32.load offset=1040 (i32.const 0)))";
    check(
        &format!("{from_begin} {compare} {access}"),
        Some("was inlined: `rounds` uses the allocator's variable at 1040"),
    );
}

/// A program as optimisers leave it: it calls the method of its allocator itself, and passes the allocator, whose address is that of a
/// variable, an alignment and a size; and Rust's function in front of the method, which hands on `order`. It stores `number`.
fn with_method(order: &str, number: &str) -> Vec<u8> {
    const METHOD: &str =
        "$\"<mini_alloc::imp::MiniAlloc as core::alloc::global::GlobalAlloc>::alloc\"";
    let text = format!(
        r#"(module
            (import "vm_hooks" "pay_for_memory_grow" (func $pay (param i32)))
            (import "vm_hooks" "write_result" (func $write (param i32 i32)))
            (memory (export "memory") 1)
            (data (i32.const 1024) "\00\10\00\00")
            (func $__rust_alloc (param i32 i32) (result i32)
                (call {METHOD} (i32.const 1024) {order}))
            (func {METHOD} (param $self i32) (param $align i32) (param $size i32) (result i32) (local $at i32)
                (local.set $at (i32.and
                    (i32.add (i32.load (i32.const 1024)) (i32.sub (local.get $align) (i32.const 1)))
                    (i32.sub (i32.const 0) (local.get $align))))
                (i32.store (i32.const 1024) (i32.add (local.get $at) (local.get $size)))
                (if (i32.gt_u (i32.load (i32.const 1024)) (i32.const 60000)) (then (drop (memory.grow (i32.const 1)))))
                (local.get $at))
            (func $user_entrypoint (export "user_entrypoint") (param i32) (result i32) (local $one i32) (local $two i32)
                (call $pay (i32.const 0))
                (local.set $one (call $__rust_alloc (i32.const 40) (i32.const 8)))
                (local.set $two (call {METHOD} (i32.const 1024) (i32.const 16) (i32.const 32)))
                (i32.store (local.get $one) {number})
                (i32.store (local.get $two) (i32.const 9))
                (i32.store offset=4 (local.get $one) (i32.and (local.get $two) (i32.const 15)))
                (call $write (local.get $one) (i32.const 8))
                (i32.const 0)))"#
    );
    wat::parse_str(text).unwrap()
}

/// Theorem: methods that are called without the function in front of them are replaced like it, unless they take what a donor's do not.
#[test]
fn methods_are_entries() {
    let right = "(local.get 1) (local.get 0)";
    let module = with_method(right, "(i32.const 7)");
    let found = inspect(&module).unwrap();
    assert_eq!(found.refusal(), None);
    let roles: Vec<_> = found.entries.values().map(|entry| entry.role).collect();
    let call = AllocatorCall::Allocate;
    assert_eq!(roles, [Role::Rust(call), Role::Method(call)]);
    check_taken_out(&module);
    // As where a list of free blocks begins in the allocator itself, and the function that goes through it was inlined.
    let inlined = refusal(&with_method(
        right,
        "(i32.load (local.tee $one (i32.const 1024)))",
    ));
    assert!(
        inlined.contains("`user_entrypoint` contains the number 1024"),
        "{inlined}"
    );
    let swapped = refusal(&with_method("(local.get 0) (local.get 1)", "(i32.const 7)"));
    assert!(
        swapped.contains("has the name of an allocator's function but not its type"),
        "{swapped}"
    );
}

/// MiniAlloc can be put into `module`, which has the SDK's allocator, and answers alike. ReclaimAlloc cannot, since somebody may rely on
/// zeros without saying so.
fn check_taken_out(module: &[u8]) {
    let donor = Donor::compile(Substitute::Mini).unwrap();
    let done = transplant(module, &donor).unwrap();
    let calls = [Bytes::new(), Bytes::from([1])].map(rehearsal::Call::raw);
    let both = rehearsal::rehearse(&done.original, &done.wasm, Address::ZERO, &calls).unwrap();
    assert_eq!(both.calls.len(), 2);
    let reclaim = Donor::compile(Substitute::Reclaim).unwrap();
    let refused = transplant(module, &reclaim).unwrap_err().to_string();
    assert!(
        refused.ends_with("choose mini, whose memory is always zero"),
        "{refused}"
    );
}

/// Theorem: ReclaimAlloc gets the size of what is freed only if that is one: the old function uses it, or each call ends with a constant
/// alignment, which would not be there either. MiniAlloc does without.
#[test]
fn ignored_sizes_are_not_believed() {
    const USED: &str = "(memory.fill (local.get 0) (i32.const 221) (local.get 1))";
    const GARBAGE: &str = "(local.get $it))\n    (memory.fill";
    let reclaim = Donor::compile(Substitute::Reclaim).unwrap();
    let mini = Donor::compile(Substitute::Mini).unwrap();
    for (used, align, is_refused) in [
        (USED, "(local.get $it)", false),
        ("", "(local.get $it)", true),
        ("", "(i32.const 12)", true),
        ("", "(i32.const 8)", false),
    ] {
        let mut program = Program::rust(Mangling::V0);
        let passed = GARBAGE.replace("(local.get $it)", align);
        program.allocator = program.allocator.replace(USED, used);
        program.allocator = program.allocator.replace(GARBAGE, &passed);
        let wasm = program.wasm();
        let refused = transplant(&wasm, &reclaim).err();
        let is_it = matches!(refused, Some(Refusal::Sizes(_)));
        assert_eq!(
            (is_it, refused.is_some()),
            (is_refused, is_refused),
            "{refused:?}"
        );
        assert!(transplant(&wasm, &mini).is_ok());
    }
}

/// A program as link-time optimisation leaves it: there is no function in front of the allocator's methods, and they have lost parameters.
/// It calls them with these arguments.
fn with_bare_methods(parameters: &str, first: &str, second: &str) -> Vec<u8> {
    const METHODS: &str = "<mini_alloc::imp::MiniAlloc as core::alloc::global::GlobalAlloc>::";
    let text = format!(
        r#"(module
            (import "vm_hooks" "pay_for_memory_grow" (func $pay (param i32)))
            (import "vm_hooks" "write_result" (func $write (param i32 i32)))
            (memory (export "memory") 1)
            (data (i32.const 1024) "\00\10\00\00")
            (func $"{METHODS}alloc" (param {parameters}) (result i32) (local $at i32)
                (local.set $at (i32.load (i32.const 1024)))
                (i32.store (i32.const 1024) (i32.add (local.get $at) (i32.const 64)))
                (if (i32.gt_u (local.get $at) (i32.const 60000)) (then (drop (memory.grow (i32.const 1)))))
                (local.get $at))
            (func $"{METHODS}dealloc" (param i32 i32))
            (func (export "user_entrypoint") (param i32) (result i32) (local $one i32) (local $two i32)
                (call $pay (i32.const 0))
                (local.set $one (call $"{METHODS}alloc" {first}))
                (local.set $two (call $"{METHODS}alloc" {second}))
                (i32.store (local.get $one) (i32.const 7))
                (i32.store (local.get $two) (i32.const 9))
                (call $"{METHODS}dealloc" (local.get $two) (i32.const 8))
                (call $write (local.get $one) (i32.const 8))
                (i32.const 0)))"#
    );
    wat::parse_str(text).unwrap()
}

/// Theorem: methods that link-time optimisation took parameters from are replaced where calls show which are left; where they do not, or
/// nothing is left to be called, that is said.
#[test]
fn what_link_time_optimisation_leaves_is_an_entry() {
    let ordered = (
        "(i32.const 8) (i32.const 40)",
        "(i32.const 1) (local.get 0)",
    );
    let module = with_bare_methods("i32 i32", ordered.0, ordered.1);
    let found = inspect(&module).unwrap();
    assert_eq!(
        (found.allocator, found.refusal()),
        (Some("mini-alloc"), None)
    );
    let roles: Vec<_> = found.entries.values().map(|entry| entry.role).collect();
    assert_eq!(roles, [Role::Bare(AllocatorCall::Allocate), Role::Forget]);
    check_taken_out(&module);

    let lost = "has lost parameters, and no call shows which; build it with CARGO_PROFILE_RELEASE_LTO=off or, if it \
                already is, change the allocator in its sources";
    for (parameters, first, second) in [
        // Either may be the alignment, or a size comes first, or there is one alone.
        (
            "i32 i32",
            "(i32.const 8) (i32.const 16)",
            "(i32.const 4) (i32.const 4)",
        ),
        ("i32 i32", "(i32.const 40) (i32.const 8)", ordered.1),
        ("i32", "(i32.const 40)", "(i32.const 8)"),
    ] {
        let refused = refusal(&with_bare_methods(parameters, first, second));
        assert!(refused.ends_with(lost), "{refused}");
    }
    let text = r#"(module
        (import "vm_hooks" "pay_for_memory_grow" (func (param i32)))
        (memory (export "memory") 1)
        (func $"mini_alloc::imp::take" (drop (memory.grow (i32.const 1))))
        (func $main (export "user_entrypoint") (param i32) (result i32) (call $"mini_alloc::imp::take") (i32.const 0)))"#;
    assert_eq!(
        refusal(&wat::parse_str(text).unwrap()),
        "its allocator was inlined by link-time optimisation: no function of a known interface obtains memory any more, and of those that \
         grow it there is `mini_alloc::imp::take` alone; build it with CARGO_PROFILE_RELEASE_LTO=off, or change the allocator in its \
         sources"
    );
}

/// A damaged custom section is called one.
#[test]
fn custom_sections_are_no_reason_to_call_it_no_module() {
    let sound = Program::c().wasm();
    let nameless = [&sound[..], &[0, 2, 9, b'x']].concat();
    let refused = refusal(&nameless);
    assert!(
        refused.starts_with("its custom section at byte "),
        "{refused}"
    );
    // What is in one is nobody's business.
    let names = [&sound[..], &[0, 7, 4], &b"name"[..], &[1, 99]].concat();
    assert_eq!(inspect(&names).unwrap().refusal(), None);
}

/// Theorem: Rust's allocator is found by its names of every age, and what is said of it is what it is.
#[test]
fn allocators_are_found() {
    for mangling in Mangling::ALL {
        let found = inspect(&Program::rust(mangling).wasm()).unwrap();
        assert_eq!(found.allocator, Some("wee_alloc"));
        assert_eq!(
            found.families().into_iter().collect::<Vec<_>>(),
            [Family::Rust]
        );
        let entries: Vec<_> = found
            .entries
            .values()
            .map(|entry| (entry.role, entry.callers))
            .collect();
        use AllocatorCall::{Allocate, AllocateZeroed, Deallocate, Reallocate};
        let want =
            [Allocate, AllocateZeroed, Deallocate, Reallocate].map(|call| (Role::Rust(call), 1));
        assert_eq!(entries, want, "{mangling:?}");
        assert_eq!(found.functions.len(), 5);
        assert_eq!(found.data.map(|(address, _)| address), Some(STATE));
        assert_eq!(found.refusal(), None);
    }
    let found = inspect(&Program::c().wasm()).unwrap();
    assert_eq!(
        (found.allocator, found.families().len(), found.entries.len()),
        (None, 1, 4)
    );
    assert_eq!(found.refusal(), None::<Refusal>);
}
