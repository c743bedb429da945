//! Contracts under the settings of their authors' machines.
//!
//! Lives here: settings of cargo that are not about contracts, or about everything that is built. Not here: what a package consists of
//! (`kinds`).

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use super::kinds::{LIBRARY, figures, package, workspace, write};

/// Writes a program that prints an interface with one function.
fn prints(root: &Path, function: &str) {
    let program = format!("fn main() {{ println!(\"interface One {{{{ {function} }}}}\") }}");
    write(root, "one/src/main.rs", &program);
}

/// Theorem: what prints a contract's ABI runs on this machine, even if cargo's settings name the contract's target for all builds, and is
/// built anew when the contract has changed, however old its files are.
#[test]
fn the_abi_is_printed_whatever_target_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (root, target) = (folder.path(), folder.path().join("target"));
    workspace(root, &["one"]);
    let manifest = format!(
        "{LIBRARY}[features]\nexport-abi = []\n[[bin]]\nname = 'one'\nrequired-features = ['export-abi']\n"
    );
    package(root, "one", &manifest, "10");
    fs::remove_file(root.join("one/gas-bench.toml")).unwrap();
    let library = root.join("one/src/lib.rs");
    let text = fs::read_to_string(&library).unwrap();
    let text = format!("#![cfg(not(feature = \"export-abi\"))]\n{text}");
    let mut time = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    for (setting, name) in [
        ("'wasm32-unknown-unknown'", "f"),
        ("['wasm32-unknown-unknown']", "g"),
    ] {
        let settings = format!("[build]\ntarget = {setting}\n");
        write(root, ".cargo/config.toml", &settings);
        write(root, "one/src/lib.rs", &format!("{text}// {name}\n"));
        prints(root, &format!("function {name}() external;"));
        for file in [&library, &root.join("one/src/main.rs")] {
            let file = File::options().write(true).open(file).unwrap();
            file.set_modified(time).unwrap();
        }
        let contracts = figures(root, &target, &[]);
        assert_eq!(contracts[0].calls[0].signature, format!("{name}()"));
        time -= Duration::from_secs(1_000);
    }
}
