//! Theorem: endless recursion runs out of the depth budget, never out of native stack, whatever its frames hold.
//!
//! Lives here: recursive functions with the largest possible native frames for their words of depth. Not here: the size of
//! a frame in words, which `metering` checks.
//!
//! A frame's words bound the operands that the protocol's walk of the body sees, plus declared locals. They exclude three
//! things that a native frame may hold: results of pure operators that the compiler computes once for two uses, results
//! that it hoists out of a loop, and operands that a block has taken as its parameters, which the walk forgets while the
//! block is open.

use std::fmt::Write;

use stylus_vm::{Call, Config, EmptyHost, Engine, Ink, Outcome, Pages};

/// Depth budgets, in words, from the smallest to the largest that a chain ever had; and how many values a frame hides from
/// the depth checker. The deepest run's use of this machine's memory limits their number: eight bytes for each value, one
/// frame for each eight words.
const LIMITS: [(u32, usize); 4] = [(1, 500), (100, 4_000), (22_000, 4_000), (262_144, 1_000)];

/// `count` times `text`.
fn times(count: usize, text: &str) -> String {
    text.repeat(count)
}

/// Adds `count` products of parameter 0 to local 1, each by a different constant, so that all differ.
fn products(count: usize) -> String {
    let mut code = String::from("local.get 1 ");
    for factor in (3..).step_by(2).take(count) {
        write!(code, "local.get 0 i64.const {factor} i64.mul i64.xor ").unwrap();
    }
    code + "local.set 1 "
}

/// A function `$f` from i64 to i64 that only calls itself.
fn plain() -> String {
    "(func $f (param i64) (result i64) (call $f (local.get 0)))".into()
}

/// Two functions that call each other through the table.
fn mutual() -> String {
    "(type $step (func (param i64) (result i64)))
     (table 2 2 funcref)
     (elem (i32.const 0) $f $g)
     (func $f (type $step) (call_indirect (type $step) (local.get 0) (i32.const 1)))
     (func $g (type $step) (i64.add (i64.const 1)
        (call_indirect (type $step) (local.get 0) (i32.const 0))))"
        .into()
}

/// 900 parameters, all of them needed after the call.
fn parameters() -> String {
    const COUNT: usize = 900;
    let all: String = (0..COUNT)
        .map(|local| format!("local.get {local} "))
        .collect();
    format!(
        "(func $many (param {params}) (result i64) {all} call $many {all} {sum})
         (func $f (param i64) (result i64) {first} call $many)",
        params = times(COUNT, "i64 "),
        sum = times(COUNT, "i64.xor "),
        first = times(COUNT, "local.get 0 "),
    )
}

/// 900 results.
fn results() -> String {
    const COUNT: usize = 900;
    format!(
        "(func $many (param i64) (result {results}) (call $many (local.get 0)))
         (func $f (param i64) (result i64) (call $many (local.get 0)) {sum})",
        results = times(COUNT, "i64 "),
        sum = times(COUNT - 1, "i64.xor "),
    )
}

/// As many locals as a function may declare, all of them needed after the call.
fn locals() -> String {
    const COUNT: usize = 348;
    let (mut before, mut after) = (String::new(), String::new());
    for local in 1..=COUNT {
        let factor = 2 * local + 1;
        write!(
            before,
            "(local.set {local} (i64.mul (local.get 0) (i64.const {factor})))"
        )
        .unwrap();
        write!(after, "(i64.xor (local.get {local}))").unwrap();
    }
    let locals = times(COUNT, "i64 ");
    format!(
        "(func $f (param i64) (result i64) (local {locals}) {before} (call $f (local.get 1)) {after})"
    )
}

/// The same products before and after the call.
fn computed_twice(count: usize) -> String {
    let products = products(count / 2);
    format!(
        "(func $f (param i64) (result i64) (local i64)
            {products} (local.set 1 (call $f (local.get 1))) {products} local.get 1)"
    )
}

/// Loop-invariant products in a loop, after the call.
fn out_of_a_loop(count: usize) -> String {
    let products = products(count);
    format!(
        "(func $f (param i64) (result i64) (local i64)
            loop (local.set 1 (call $f (local.get 1))) {products} (br_if 0 (i64.eqz (local.get 1))) end
            local.get 1)"
    )
}

/// Values that nested blocks have taken as parameters, four per block, while the innermost makes the call.
fn taken_by_blocks(count: usize) -> String {
    let blocks = count / 4;
    let mut open = String::new();
    for value in 0..4 * blocks {
        write!(
            open,
            "(i64.load offset={} (i32.const 0)) ",
            8 * value % 65_536
        )
        .unwrap();
        if value % 4 == 3 {
            open += "block (type $takes) ";
        }
    }
    let close = times(
        blocks,
        &(times(4, "local.get 1 i64.xor local.set 1 ") + "end "),
    );
    format!(
        "(type $takes (func (param i64 i64 i64 i64)))
         (func $f (param i64) (result i64) (local i64)
            {open} (local.set 1 (call $f (local.get 0))) {close} local.get 1)"
    )
}

/// The program that calls `$f` of `functions` with an argument unknown to the compiler.
fn module(functions: &str) -> Vec<u8> {
    let text = format!(
        r#"(module {functions}
            (memory (export "memory") 2 2)
            (func (export "user_entrypoint") (param i32) (result i32)
                (i64.eqz (call $f (i64.extend_i32_u (i32.add (local.get 0) (i32.const 7)))))))"#
    );
    wat::parse_str(text).unwrap()
}

#[test]
fn recursion_without_end_runs_out_of_depth_at_every_limit() {
    let mut differences = Vec::new();
    for (limit, hidden) in LIMITS {
        let mut config = Config::at(stylus_vm::ArbOs::LAST_STYLUS_2);
        config.stylus.max_stack_depth = limit;
        let engine = Engine::new(&config).unwrap();
        let mut check = |name, functions: String| {
            let program = engine.compile(&module(&functions), &config).unwrap();
            let call = Call {
                ink: Ink(u64::MAX),
                ..Call::default()
            };
            let report = program.run(&mut EmptyHost::with_footprint(Pages(2)), call);
            match report {
                Ok(report) if report.outcome == Outcome::OutOfStack => {}
                Ok(report) => differences.push(format!("{limit}, {name}: {:?}", report.outcome)),
                Err(fault) => differences.push(format!("{limit}, {name}: {fault}")),
            }
        };
        check("plain", plain());
        check("mutual", mutual());
        check("parameters", parameters());
        check("results", results());
        check("locals", locals());
        check("computed twice", computed_twice(hidden));
        check("out of a loop", out_of_a_loop(hidden));
        check("taken by blocks", taken_by_blocks(hidden));
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
