//! Flags by which the compiler forgets where the sources are: the same sources then make the same module, and so the same gas, in every
//! folder and for every user.
//!
//! Lives here: those flags, and how they come to those that an author's `.cargo/config.toml` has. Not here: running cargo with them.
//!
//! Cargo takes its flags from one table alone: those of the target if it has any, else those of every build. So ours are added to each table
//! that has some: whichever cargo takes, it has the author's and ours.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs};

use super::TARGET;

/// The table that cargo takes where no other has flags.
const BUILD: &str = "build";

/// Arguments of cargo's `--config` for a contract in `folder`, of the workspace in `root`.
pub(super) fn without_paths(folder: &Path, root: &Path) -> Vec<String> {
    let home = cargo_home();
    let prefixes = [(home.as_deref(), "/cargo"), (Some(root), "/contract")];
    let flags: Vec<_> = prefixes
        .into_iter()
        .filter_map(|(from, to)| Some(format!("--remap-path-prefix={}={to}", from?.display())))
        .collect();
    // As a list of strings is written in JSON, it is in TOML.
    let flags = serde_json::Value::from(flags);
    let mut tables: BTreeSet<String> = files(folder)
        .iter()
        .filter_map(|file| fs::read_to_string(file).ok()?.parse().ok())
        .flat_map(|table| with_flags(&table))
        .collect();
    tables.insert(BUILD.to_owned());
    let variable = TARGET.to_uppercase().replace('-', "_");
    if env::var_os(format!("CARGO_TARGET_{variable}_RUSTFLAGS")).is_some() {
        tables.insert(format!("target.{TARGET}"));
    }
    let tables = tables.iter();
    tables
        .map(|table| format!("{table}.rustflags={flags}"))
        .collect()
}

/// The tables of a file that have flags, as keys.
fn with_flags(file: &toml::Table) -> Vec<String> {
    let targets = file.get("target").and_then(toml::Value::as_table);
    let of_targets = targets.into_iter().flatten();
    of_targets
        .filter(|(_, table)| table.get("rustflags").is_some())
        // In quotes, since a condition is not a bare key.
        .map(|(name, _)| format!("target.{}", toml::Value::from(name.as_str())))
        .collect()
}

/// The files that cargo takes its settings from where it is started in `folder`.
fn files(folder: &Path) -> Vec<PathBuf> {
    let above = folder.ancestors().map(|above| above.join(".cargo"));
    let places = above.chain(cargo_home());
    places
        .flat_map(|place| ["config.toml", "config"].map(|name| place.join(name)))
        .filter(|file| file.is_file())
        .collect()
}

/// The folder that cargo keeps for its user, where crates are.
fn cargo_home() -> Option<PathBuf> {
    let given = env::var_os("CARGO_HOME").map(PathBuf::from);
    given.or_else(|| Some(env::home_dir()?.join(".cargo")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tables that get flags in a folder with these settings, besides what the user's own have.
    #[track_caller]
    fn check(settings: &str, expected: &[&str]) {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        fs::create_dir_all(&inner).unwrap();
        fs::create_dir(folder.path().join(".cargo")).unwrap();
        fs::write(folder.path().join(".cargo/config.toml"), settings).unwrap();
        let arguments = without_paths(&inner, folder.path());
        for table in expected {
            let start = format!("{table}.rustflags=[\"--remap-path-prefix=");
            let argument = arguments.iter().find(|it| it.starts_with(&start));
            let argument = argument.unwrap_or_else(|| panic!("{table}: {arguments:?}"));
            // Cargo reads it as TOML.
            let read: toml::Table = argument.parse().unwrap();
            assert_eq!(read.len(), 1);
        }
    }

    #[test]
    fn whichever_table_cargo_takes_has_the_flags() {
        check("", &["build"]);
        check("[build]\nrustflags = ['-Cx']", &["build"]);
        check(
            "[target.wasm32-unknown-unknown]\nrustflags = ['-Cx']",
            &["build", "target.\"wasm32-unknown-unknown\""],
        );
        check(
            "[target.'cfg(target_arch = \"wasm32\")']\nrustflags = ['-Cx']\n[target.x]\nlinker = 'y'",
            &["build", "target.'cfg(target_arch = \"wasm32\")'"],
        );
        check("nonsense", &["build"]);
    }
}
