//! scratch
use stylus_vm::*;
use std::fmt::Write;
use std::time::Instant;

fn module(body: &str) -> Vec<u8> {
    wat::parse_str(format!(r#"(module {body} (memory (export "memory") 1 1))"#)).unwrap()
}
fn products(n: usize) -> String {
    let mut s = String::new();
    for k in 0..n { write!(s, "(local.set 1 (i64.xor (local.get 1) (i64.mul (local.get 0) (i64.const {}))))", 3 + 2 * k).unwrap(); }
    s
}
fn chain(n: usize) -> String {
    let mut s = String::from("local.get 1 ");
    for k in 0..n { write!(s, "local.get 0 i64.const {} i64.mul i64.xor ", 3 + 2 * k).unwrap(); }
    s + "local.set 1 "
}
const MAIN: &str = r#"(func (export "user_entrypoint") (param i32) (result i32) (drop (call $f (i64.extend_i32_u (i32.add (local.get 0) (i32.const 7))))) i32.const 0)"#;
fn licm(n: usize) -> Vec<u8> {
    module(&format!("(func $f (param i64) (result i64) (local i64) loop (local.set 1 (call $f (local.get 1))) {} (br_if 0 (i64.eqz (local.get 1))) end local.get 1) {MAIN}", chain(n)))
}
fn gvn(n: usize) -> Vec<u8> {
    module(&format!("(func $f (param i64) (result i64) (local i64) {c} (local.set 1 (call $f (local.get 1))) {c} local.get 1) {MAIN}", c = chain(n)))
}
fn hidden(n: usize, p: usize) -> Vec<u8> {
    // n blocks of p params each
    let mut s = String::new();
    let ty = format!("(type $t (func (param {})))", "i64 ".repeat(p));
    for k in 0..n { for j in 0..p { write!(s, "(i64.load offset={} (i32.const 0)) ", 8 * ((k * p + j) % 8000)).unwrap(); } s += "block (type $t) "; }
    s += "(local.set 1 (call $f (local.get 0)))";
    for _ in 0..n { for _ in 0..p { s += "local.get 1 i64.xor local.set 1 "; } s += "end "; }
    module(&format!("{ty} (func $f (param i64) (result i64) (local i64) {s} local.get 1) {MAIN}"))
}
fn plain() -> Vec<u8> {
    module(&format!("(func $f (param i64) (result i64) (call $f (local.get 0))) {MAIN}"))
}
fn run(engine: &Engine, program: &Program, depth: u32) -> String {
    let _ = engine;
    let mut config = Config::default();
    config.stylus.max_stack_depth = depth;
    match program.run(&mut EmptyHost::with_footprint(Pages(1)), &config, Call { ink: Ink(u64::MAX), ..Call::default() }) {
        Ok(r) => format!("{:?}", r.outcome),
        Err(e) => format!("FAULT {e}"),
    }
}
#[test]
fn measure() {
    let mut config = Config::default();
    config.stylus.max_stack_depth = 262_144;
    let engine = Engine::new(&config).unwrap();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("plain", plain()),
        ("licm 1000", licm(1000)), ("licm 4000", licm(4000)), ("licm 16000", licm(16000)),
        ("gvn 1000", gvn(1000)), ("gvn 8000", gvn(8000)),
        ("hidden 1000x1", hidden(1000, 1)), ("hidden 3000x1", hidden(3000, 1)), ("hidden 600x10", hidden(600, 10)),("hidden 100x80", hidden(100, 80)),
    ];
    for (name, wasm) in cases {
        let t = Instant::now();
        let program = match engine.compile(&wasm, &config) { Ok(p) => p, Err(e) => { println!("{name}: {} bytes refused {e}", wasm.len()); continue; } };
        let compiled = t.elapsed();
        let (mut lo, mut hi) = (1, 262_144);
        if run(&engine, &program, hi).starts_with("FAULT") {
            while lo < hi { let mid = (lo + hi) / 2; if run(&engine, &program, mid).starts_with("FAULT") { hi = mid } else { lo = mid + 1 } }
            println!("{name}: {} bytes, compile {compiled:?}, native fault at {lo} words of 64 MiB: {} bytes a word", wasm.len(), (64 << 20) / lo);
        } else { println!("{name}: compile {compiled:?} {}", run(&engine, &program, hi)); }
    }
}
