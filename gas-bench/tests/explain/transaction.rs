//! Transactions of a node, explained by the build that they ran, and without one.
//!
//! Lives here: names and bytes of reverts. Not here: lines and reasons of panics (`explain`).

use std::path::Path;

use alloy_primitives::hex;
use serde_json::Value;
use stylus_cargo::{BuildSettings, Project, finish};
use stylus_devnet::Devnet;
use stylus_devnet::testing::{CallError, Module};

use crate::support::{run, text};

/// Reverts with `TooSmall(0, 1000, 1)`.
const CONTRACT: &str = r#"#![cfg_attr(target_arch = "wasm32", no_std)]
#[cfg(target_arch = "wasm32")]
mod contract {
    #[panic_handler]
    fn panic(_: &core::panic::PanicInfo) -> ! { core::arch::wasm32::unreachable() }
    #[link(wasm_import_module = "vm_hooks")]
    unsafe extern "C" {
        safe fn pay_for_memory_grow(pages: u32);
        fn write_result(data: *const u8, len: usize);
    }
    #[unsafe(no_mangle)]
    extern "C" fn user_entrypoint(_len: u32) -> u32 {
        pay_for_memory_grow(0);
        let mut words = [0; 100];
        words[..4].copy_from_slice(&[SELECTOR]);
        (words[66], words[67], words[99]) = (3, 232, 1);
        unsafe { write_result(words.as_ptr(), words.len()) }
        1
    }
}"#;

const MAIN: &str = r#"fn main() {
    println!("interface IIt {{ function deposit(bytes32 key) external; error TooSmall(uint256 sent, uint256 least, uint256 fee); }}");
}"#;

const MANIFEST: &str = "[package]\nname = 'it'\nversion = '0.1.0'\nedition = '2024'\n[features]\nexport-abi = []\n\
    [lib]\nname = 'itself'\ncrate-type = ['cdylib']\n[[bin]]\nname = 'it'\npath = 'src/main.rs'\nrequired-features = ['export-abi']\n\
    [profile.release]\npanic = 'abort'\n";

fn selector(signature: &str) -> [u8; 4] {
    *alloy_primitives::keccak256(signature)
        .first_chunk()
        .unwrap()
}

fn write_project(folder: &Path) {
    let bytes = selector("TooSmall(uint256,uint256,uint256)").map(|byte| byte.to_string());
    let contract = CONTRACT.replace("SELECTOR", &bytes.join(", "));
    for (path, content) in [
        ("Cargo.toml", MANIFEST),
        (
            "Cargo.lock",
            "version = 4\n[[package]]\nname = 'it'\nversion = '0.1.0'\n",
        ),
        ("Stylus.toml", "[contract]\n"),
        ("src/lib.rs", &contract),
        ("src/main.rs", MAIN),
    ] {
        crate::report::kinds::write(folder, path, content);
    }
}

/// Theorem: whoever explains a transaction gets all that it returned; who built the program that ran also gets the names.
#[test]
fn transactions_are_told_by_the_names_of_their_build() {
    let folder = tempfile::tempdir().unwrap();
    let (own, other) = (folder.path().join("own"), folder.path().join("other"));
    write_project(&own);
    std::fs::create_dir(&other).unwrap();
    let project = Project::find(Some(&own.join("Cargo.toml")), &[]).unwrap();
    let settings = BuildSettings::default();
    let contract = &project.contracts[0];
    let built = project.build(contract, &settings, &mut |_| {}).unwrap();
    let finished = finish(&project, contract, &settings, built).unwrap();

    let devnet = Devnet::builder().port(0).start().unwrap();
    let chain = devnet.chain();
    let deployed = chain.deploy(Module::from_wasm(&finished.artifact.wasm).unwrap());
    let input = [&selector("deposit(bytes32)")[..], &[7; 32]].concat();
    let sender = chain.from(chain.dev()).gas_limit(stylus_vm::Gas(1_000_000));
    let Err(CallError::Failed(failure)) = sender.try_send(deployed.address(), input) else {
        panic!("it was to revert")
    };
    let hash = failure.receipt.unwrap().hash.to_string();
    let url = devnet.url();

    let explain = |folder: &Path, more: &[&str]| {
        let arguments = [&["explain", &hash, "--endpoint", &url], more].concat();
        let output = run(folder, &arguments);
        let said = text(&output.stderr).to_owned();
        assert_eq!(output.status.code(), Some(0), "{said}");
        (text(&output.stdout).to_owned(), said)
    };
    let call = |folder: &Path| {
        let (told, _) = explain(folder, &["--format", "json"]);
        let told: Value = serde_json::from_str(&told).unwrap();
        told["calls"][0].clone()
    };
    let (named, bare) = (call(&own), call(&other));
    assert_eq!(named["function"], "deposit(bytes32)");
    assert_eq!(named["reason"], "it reverted: TooSmall(0, 1000, 1)");
    assert_eq!(
        bare["function"],
        hex::encode_prefixed(selector("deposit(bytes32)"))
    );
    let all = bare["output"].as_str().unwrap();
    assert_eq!(
        (all.len(), &all[..10]),
        (
            202,
            &*hex::encode_prefixed(selector("TooSmall(uint256,uint256,uint256)"))
        )
    );
    let (_, remark) = explain(&other, &[]);
    assert!(remark.contains("there is none: "), "{remark}");
    let (_, remark) = explain(&own, &[]);
    assert_eq!(remark, "");

    // A package that is named has to be there.
    let named = ["explain", &hash, "--endpoint", &url, "-p", "it"];
    assert_eq!(run(&other, &named).status.code(), Some(1));
}
