//! Gives the programs with the floor, which never grows its memory, all of it from the beginning.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let wasm = std::env::var_os("CARGO_CFG_TARGET_ARCH").is_some_and(|arch| arch == "wasm32");
    if wasm && std::env::var_os("CARGO_FEATURE_FLOOR").is_some() {
        // 120 pages: a program may begin with 128 at most.
        println!("cargo::rustc-link-arg=--initial-memory=7864320");
    }
}
