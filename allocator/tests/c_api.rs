//! The C interface with a C program: compiled by clang, linked into a wasm module, run there.
#![cfg(not(any(target_arch = "wasm32", miri)))]

#[path = "support/probe.rs"]
mod probe;
mod support;

use std::{fs, path::Path};

use support::tool;
use wasmtime::{Engine, Instance, Module, Store};

#[test]
#[ignore = "needs clang, which scripts/setup --for-tests installs; scripts/test runs it"]
fn a_c_program_gets_what_it_asks_for() {
    let object = Path::new(env!("CARGO_TARGET_TMPDIR")).join("exercise.o");
    let output = tool("clang")
        .args([
            "--target=wasm32-unknown-unknown",
            "-O2",
            "-fno-builtin",
            "-Wall",
            "-Werror",
            "-c",
        ])
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/probe/exercise.c"
        ))
        .arg("-o")
        .arg(&object)
        .output()
        .unwrap_or_else(|error| {
            panic!("clang does not run ({error}): scripts/setup --for-tests installs it")
        });
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let link = format!("-Clink-arg={}", object.display());
    let wasm = probe::build_with("probe-c", "3", &["--features", "c-api"], &link);
    fs::remove_file(&object).expect("clang has made it");

    let engine = Engine::default();
    let module = Module::new(&engine, wasm).expect("it is valid");
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).expect("it imports nothing");
    let run = instance
        .get_typed_func::<(), i32>(&mut store, "run")
        .expect("it is exported");
    let line = run.call(&mut store, ()).expect("it does not trap");
    assert_eq!(line, 0, "the check in this line of exercise.c");
    let memory = instance
        .get_memory(&mut store, "memory")
        .expect("it is exported");
    assert!(
        memory.size(&store) < 60,
        "{} pages: memory was not reused",
        memory.size(&store)
    );
}
