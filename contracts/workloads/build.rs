//! Gives programs with the floor, which never grows memory, all their memory at the start.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let wasm = std::env::var_os("CARGO_CFG_TARGET_ARCH").is_some_and(|arch| arch == "wasm32");
    if wasm && std::env::var_os("CARGO_FEATURE_FLOOR").is_some() {
        // 120 pages: a program may start with 128 at most.
        println!("cargo::rustc-link-arg=--initial-memory=7864320");
    }
}
