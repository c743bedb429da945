//! How fast the VM is: compiling, calling, and metered code compared with the same code in plain wasmtime.
//!
//! Lives here: measurements, not tests. `cargo bench -p stylus-vm` runs them all, and `cargo bench -p stylus-vm -- call`
//! those with that word in their name. README.md has figures.

#![allow(clippy::unwrap_used, reason = "a panic here is a failing benchmark")]

use std::sync::atomic::{AtomicU64, Ordering};

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use stylus_vm::{Call, Config, EmptyHost, Engine, Ink, Outcome, Pages, Program, activate};
use wasmtime::{Instance, Module, Store};

fn main() {
    divan::main();
}

/// A module with one page of memory, an entry point with `body`, and `functions`.
fn module(functions: &str, body: &str) -> Vec<u8> {
    let wat = format!(
        r#"(module {functions} (memory (export "memory") 1 1)
            (func (export "user_entrypoint") (param i32) (result i32)
                (local $i i32) (local $sum i32) {body}))"#
    );
    wat::parse_str(wat).unwrap()
}

/// Almost as many bytes as a program may have: small functions full of conditions.
fn large() -> Vec<u8> {
    let conditions = "(if (i32.lt_u (local.get 0) (local.get 1))
            (then (local.set 0 (i32.add (local.get 0) (i32.const 7))))
            (else (local.set 1 (i32.xor (local.get 1) (local.get 0)))))"
        .repeat(16);
    let function = format!("(func (param i32 i32) (result i32) {conditions} local.get 0)");
    module(&function.repeat(320), "i32.const 0")
}

/// `wasm` with a custom section that no other call has used, so that no cache knows it.
fn unseen(wasm: &[u8]) -> Vec<u8> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed).to_le_bytes();
    let section = [&[0, 10, 1, b'n'][..], &count].concat();
    [wasm, &section].concat()
}

mod compile {
    use super::*;

    /// What activation does without native code: validation, instrumentation, estimates.
    #[divan::bench]
    fn activation_of_a_large_module(bencher: Bencher) {
        let (wasm, config) = (large(), Config::default());
        assert!((110_000..=131_072).contains(&wasm.len()), "{}", wasm.len());
        bencher
            .bench(|| activate(black_box(&wasm), &config, Pages(0), stylus_vm::Gas::MAX).unwrap());
    }

    /// Validation, instrumentation and native code.
    #[divan::bench(sample_count = 10, sample_size = 1)]
    fn large_module(bencher: Bencher) {
        let (wasm, config) = (large(), Config::default());
        let engine = Engine::new(&config).unwrap();
        bencher
            .with_inputs(|| unseen(&wasm))
            .bench_refs(|wasm| engine.compile(wasm, &config).unwrap());
    }

    /// The same again: found by content, in memory.
    #[divan::bench]
    fn large_module_again(bencher: Bencher) {
        let (wasm, config) = (large(), Config::default());
        let engine = Engine::new(&config).unwrap();
        engine.compile(&wasm, &config).unwrap();
        bencher.bench(|| engine.compile(black_box(&wasm), &config).unwrap());
    }

    /// The same in another process: found by content, on disk.
    #[divan::bench(sample_count = 10, sample_size = 1)]
    fn large_module_from_disk(bencher: Bencher) {
        let (wasm, config) = (large(), Config::default());
        let folder = tempfile::tempdir().unwrap();
        let engine = || Engine::with_cache(&config, folder.path()).unwrap();
        engine().compile(&wasm, &config).unwrap();
        bencher
            .with_inputs(engine)
            .bench_refs(|engine| engine.compile(&wasm, &config).unwrap());
    }
}

mod call {
    use super::*;

    fn small() -> Program {
        let config = Config::default();
        let engine = Engine::new(&config).unwrap();
        let wasm = module("", "i32.const 0");
        engine.compile(&wasm, &config).unwrap()
    }

    /// A whole call of a small program, including instantiation, on one thread and on two.
    #[divan::bench(threads = [1, 2], sample_size = 1_000)]
    fn warm(bencher: Bencher) {
        let program = small();
        bencher
            .counter(ItemsCount::new(1_usize))
            .bench(|| run(&program));
    }
}

fn run(program: &Program) -> Outcome {
    let call = Call {
        ink: Ink(u64::MAX),
        ..Call::default()
    };
    let mut host = EmptyHost::with_footprint(Pages(1));
    program.run(&mut host, call).unwrap().outcome
}

/// A hundred thousand calls of one host call in a loop; `items` are calls, and the loop is included.
mod hostcall {
    use super::*;

    const CALLS: usize = 100_000;

    const HOSTIOS: &str = r#"
        (import "vm_hooks" "msg_sender" (func $sender (param i32)))
        (import "vm_hooks" "evm_ink_left" (func $ink_left (result i64)))
        (import "vm_hooks" "native_keccak256" (func $keccak (param i32 i32 i32)))
        (import "vm_hooks" "read_args" (func $args (param i32)))
        (import "vm_hooks" "storage_load_bytes32" (func $load (param i32 i32)))
        (import "vm_hooks" "storage_cache_bytes32" (func $cache (param i32 i32)))
        (import "vm_hooks" "emit_log" (func $log (param i32 i32 i32)))"#;

    const CALL: [(&str, &str); 8] = [
        ("nothing", "(nop)"),
        ("evm_ink_left", "(drop (call $ink_left))"),
        ("msg_sender", "(call $sender (i32.const 0))"),
        (
            "keccak of 64 bytes",
            "(call $keccak (i32.const 0) (i32.const 64) (i32.const 64))",
        ),
        ("read_args of 100 bytes", "(call $args (i32.const 0))"),
        ("storage hit", "(call $load (i32.const 0) (i32.const 32))"),
        (
            "storage write",
            "(call $cache (i32.const 0) (i32.const 32))",
        ),
        (
            "emit_log of 100 words",
            "(call $log (i32.const 0) (i32.const 3200) (i32.const 1))",
        ),
    ];

    #[divan::bench(args = CALL.map(|(name, _)| name), sample_count = 50, sample_size = 1)]
    fn in_a_loop(bencher: Bencher, name: &str) {
        let (_, call) = CALL.iter().find(|(known, _)| *known == name).unwrap();
        let wasm = module(
            HOSTIOS,
            &format!(
                "(loop $again {call} (br_if $again (i32.lt_u
                    (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const {CALLS}))))
                 i32.const 0"
            ),
        );
        let config = Config::default();
        let engine = Engine::new(&config).unwrap();
        let program = engine.compile(&wasm, &config).unwrap();
        bencher.counter(ItemsCount::new(CALLS)).bench(|| {
            let call = Call {
                ink: Ink(u64::MAX / 2),
                calldata: vec![0; 100].into(),
                ..Call::default()
            };
            let mut host = EmptyHost::with_footprint(Pages(1));
            let report = program.run(&mut host, call).unwrap();
            assert_eq!(report.outcome, Outcome::Success);
        });
    }
}

/// The same work metered by this VM and plain in wasmtime.
mod metering {
    use super::*;

    const WORK: [&str; 4] = ["loop", "bytes", "recursion", "branches"];

    fn work(name: &str) -> Vec<u8> {
        match name {
            "loop" => module(
                "",
                "(loop $again
                    (local.set $sum (i32.add (local.get $sum) (i32.mul (local.get $i) (i32.const 3))))
                    (br_if $again (i32.lt_u
                        (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 20000000))))
                 (i32.and (local.get $sum) (i32.const 0))",
            ),
            "bytes" => module(
                "",
                "(loop $again
                    (i32.store8 (i32.and (local.get $i) (i32.const 65535))
                        (i32.add (i32.load8_u (i32.and (i32.mul (local.get $i) (i32.const 7)) (i32.const 65535)))
                            (i32.const 1)))
                    (br_if $again (i32.lt_u
                        (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 10000000))))
                 i32.const 0",
            ),
            "recursion" => module(
                "(func $fib (param i32) (result i32)
                    (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))
                        (then (local.get 0))
                        (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
                            (call $fib (i32.sub (local.get 0) (i32.const 2)))))))",
                "(i32.and (call $fib (i32.const 32)) (i32.const 0))",
            ),
            _ => module(
                "",
                "(loop $again
                    (if (i32.and (local.get $i) (i32.const 1))
                        (then (if (i32.and (local.get $i) (i32.const 6))
                            (then (local.set $sum (i32.add (local.get $sum) (local.get $i))))
                            (else (local.set $sum (i32.xor (local.get $sum) (local.get $i))))))
                        (else (if (i32.and (local.get $sum) (i32.const 4))
                            (then (local.set $sum (i32.shr_u (local.get $sum) (i32.const 1))))
                            (else (local.set $sum (i32.sub (local.get $sum) (local.get $i)))))))
                    (br_if $again (i32.lt_u
                        (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 20000000))))
                 (i32.and (local.get $sum) (i32.const 0))",
            ),
        }
    }

    #[divan::bench(args = WORK, sample_count = 10, sample_size = 1)]
    fn metered(bencher: Bencher, name: &str) {
        let config = Config::default();
        let engine = Engine::new(&config).unwrap();
        let program = engine.compile(&work(name), &config).unwrap();
        bencher.bench(|| assert_eq!(run(&program), Outcome::Success));
    }

    #[divan::bench(args = WORK, sample_count = 10, sample_size = 1)]
    fn plain(bencher: Bencher, name: &str) {
        let engine = wasmtime::Engine::default();
        let module = Module::new(&engine, work(name)).unwrap();
        bencher.bench(|| {
            let mut store = Store::new(&engine, ());
            let instance = Instance::new(&mut store, &module, &[]).unwrap();
            let entrypoint = instance.get_typed_func::<u32, u32>(&mut store, "user_entrypoint");
            assert_eq!(entrypoint.unwrap().call(&mut store, 0).unwrap(), 0);
        });
    }
}
