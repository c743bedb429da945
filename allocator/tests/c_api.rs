//! The C interface with C programs: compiled by clang, linked into a wasm module, and run there. One of them uses a third-party JSON
//! library.
#![cfg(not(any(target_arch = "wasm32", miri)))]

#[path = "support/probe.rs"]
mod probe;
mod support;

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use support::tool;
use wasmtime::{Engine, Instance, Module, Store};

const PROBES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/probe");

/// Where scripts/setup has put the JSON library's sources.
fn library() -> PathBuf {
    let tools = env::var_os("STYLUS_KIT_TOOLS").unwrap_or_default();
    let folder = Path::new(&tools).join("yyjson");
    assert!(
        folder.join("yyjson.c").exists(),
        "no yyjson in {}: scripts/setup --for-tests puts it into the folder that STYLUS_KIT_TOOLS names",
        folder.display()
    );
    folder
}

/// Compiles a C file, with the headers in `probe/libc` and in `headers`.
fn compile(source: &Path, headers: &Path, arguments: &[&str]) -> PathBuf {
    let name = source.file_stem().expect("it is a file");
    let object = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(name)
        .with_extension("o");
    let output = tool("clang")
        .args([
            "--target=wasm32-unknown-unknown",
            "-O2",
            "-ffunction-sections",
            "-c",
        ])
        .args(arguments)
        .arg(format!("-I{PROBES}/libc"))
        .arg("-I")
        .arg(headers)
        .arg(source)
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
    object
}

/// Runs a function of the module in an instance of its own: it must answer 0, with fewer than `most` pages of memory afterwards.
fn check(engine: &Engine, module: &Module, function: &str, most: u64) {
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, module, &[]).expect("it imports nothing");
    let run = instance
        .get_typed_func::<(), i32>(&mut store, function)
        .expect("it is exported");
    let line = run.call(&mut store, ()).expect("it does not trap");
    assert_eq!(line, 0, "the check in this line of what `{function}` calls");
    let memory = instance
        .get_memory(&mut store, "memory")
        .expect("it is exported");
    let pages = memory.size(&store);
    assert!(
        pages < most,
        "{pages} pages after `{function}`: memory was not reused"
    );
}

#[test]
#[ignore = "needs clang and yyjson, which scripts/setup --for-tests installs; scripts/test runs it"]
fn c_programs_get_what_they_ask_for() {
    let (library, own) = (library(), Path::new(PROBES));
    let strict = ["-fno-builtin", "-Wall", "-Werror"];
    let objects = [
        compile(&own.join("exercise.c"), own, &strict),
        compile(&own.join("json.c"), &library, &strict),
        compile(&library.join("yyjson.c"), &library, &[]),
    ];
    let link: Vec<_> = objects
        .iter()
        .map(|object| format!("-Clink-arg={}", object.display()))
        .collect();
    let wasm = probe::build_with("probe-c", "3", &["--features", "c-api"], &link.join(" "));
    for object in objects {
        fs::remove_file(&object).expect("clang has made it");
    }
    let engine = Engine::default();
    let module = Module::new(&engine, wasm).expect("it is valid");
    check(&engine, &module, "run", 60);
    check(&engine, &module, "documents", 30);
}
