//! Flags for the compiler, in addition to those that a workspace sets for itself.
//!
//! Lives here: the flags that hide where sources are, and which of cargo's settings more flags must be added to. Not here: running
//! cargo with them (`build`).
//!
//! Cargo takes its flags from one table alone: the target's if it has any, or else that of every build. Adding flags to the wrong table
//! disables the author's own.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::cargo_platform::{Cfg, Platform};

use super::TARGET;
use crate::input;

/// The table of cargo's settings that flags are taken from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Table {
    /// The target's table.
    Target,
    /// The table of every build, if the target's has no flags.
    Build,
}

/// `flags` as an argument of cargo's `--config`, which adds them to those that `table` has.
pub(super) fn setting(table: Table, flags: &[String]) -> String {
    // A JSON array of strings is also one in TOML.
    let flags = serde_json::Value::from(flags.to_vec());
    match table {
        Table::Target => format!("target.{TARGET}.rustflags={flags}"),
        Table::Build => format!("build.rustflags={flags}"),
    }
}

/// Adds `flags` to those that cargo takes when it is started in `folder`, with or without those of variables.
pub(super) fn add(command: &mut Command, folder: &Path, flags: &[String], without_variables: bool) {
    // The flags of a variable replace all others.
    let variable = |name| env::var_os(name).filter(|_| !without_variables);
    if let Some(given) = variable("CARGO_ENCODED_RUSTFLAGS") {
        let mut all = given;
        for flag in flags {
            all.push("\u{1f}");
            all.push(flag);
        }
        command.env("CARGO_ENCODED_RUSTFLAGS", all);
    } else if let Some(given) = variable("RUSTFLAGS") {
        let given = given.to_string_lossy().into_owned();
        let given = given.split_whitespace().map(str::to_owned);
        let all: Vec<_> = given.chain(flags.iter().cloned()).collect();
        command.env("CARGO_ENCODED_RUSTFLAGS", all.join("\u{1f}"));
    } else {
        command.arg("--config");
        command.arg(setting(table_of(folder), flags));
    }
}

/// The flags by which the compiler hides where cargo keeps crates, and the folder around `root`.
pub(super) fn remapped(root: &Path) -> Vec<String> {
    let home = cargo_home();
    let prefixes = [(home.as_deref(), "/cargo"), (root.parent(), "/kit")];
    prefixes
        .into_iter()
        .filter_map(|(from, to)| Some(remap(from?, to)))
        .collect()
}

/// The flag by which the compiler writes `to` where it would write `from`. If several fit, it takes the last.
pub fn remap(from: &Path, to: &str) -> String {
    format!("--remap-path-prefix={}={to}", from.display())
}

/// The folder that cargo keeps for its user.
pub fn cargo_home() -> Option<PathBuf> {
    let given = env::var_os("CARGO_HOME").map(PathBuf::from);
    given.or_else(|| Some(env::home_dir()?.join(".cargo")))
}

/// Cargo's settings when it is started in `folder`, in order of precedence. Cargo itself will complain about those that cannot be read.
pub(super) fn settings(folder: &Path) -> Vec<toml::Table> {
    let above = folder.ancestors().map(|above| above.join(".cargo"));
    let mut places: Vec<_> = above.collect();
    places.extend(cargo_home().filter(|home| !places.contains(home)));
    // If a folder has both names, cargo takes the older.
    let file = |place: &PathBuf| {
        let names = ["config", "config.toml"].map(|name| place.join(name));
        names.into_iter().find(|file| file.is_file())
    };
    let files = places.iter().filter_map(file);
    files
        .filter_map(|file| input::tables(&input::text(&file).ok()?).ok())
        .collect()
}

/// Whether a target is named for all builds when cargo is started in `folder`.
pub(super) fn is_target_named(folder: &Path) -> bool {
    let is_named = |table: &toml::Table| {
        let build = table.get("build");
        build.is_some_and(|build| build.get("target").is_some())
    };
    env::var_os("CARGO_BUILD_TARGET").is_some() || settings(folder).iter().any(is_named)
}

/// The table whose flags cargo takes when it is started in `folder`.
pub(super) fn table_of(folder: &Path) -> Table {
    let is_set = |name: &str| env::var_os(name).is_some();
    choose(&settings(folder), &is_set, &|expression| {
        let known = known_to_compiler(folder);
        expression
            .parse::<Platform>()
            .is_ok_and(|platform| platform.matches(TARGET, &known))
    })
}

/// Chooses the table, by all settings, by which variables `is_set`, and by whether an expression `is_met` by the target.
fn choose(
    settings: &[toml::Table],
    is_set: &dyn Fn(&str) -> bool,
    is_met: &dyn Fn(&str) -> bool,
) -> Table {
    let mut of_targets = settings
        .iter()
        .filter_map(|table| table.get("target")?.as_table())
        .flatten()
        .filter(|(_, target)| target.get("rustflags").is_some());
    let of_builds = |table: &toml::Table| {
        table
            .get("build")
            .is_some_and(|build| build.get("rustflags").is_some())
    };
    let variable = format!(
        "CARGO_TARGET_{}_RUSTFLAGS",
        TARGET.to_uppercase().replace('-', "_")
    );
    let has_target = is_set(&variable)
        || of_targets.any(|(name, _)| name == TARGET || name.starts_with("cfg(") && is_met(name));
    let has_build = is_set("CARGO_BUILD_RUSTFLAGS") || settings.iter().any(of_builds);
    if has_build && !has_target {
        Table::Build
    } else {
        Table::Target
    }
}

/// What the compiler says of the target; nothing if it does not run.
fn known_to_compiler(folder: &Path) -> Vec<Cfg> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc"));
    let output = Command::new(rustc)
        .args(["--print", "cfg", "--target", TARGET])
        .current_dir(folder)
        .output();
    let text = output.map(|output| output.stdout).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    text.lines().filter_map(|line| line.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(settings: &[&str], set: &str, table: Table) {
        let settings: Vec<_> = settings.iter().map(|text| text.parse().unwrap()).collect();
        let found = choose(&settings, &|name| name == set, &|expression| {
            expression == "cfg(wasm)"
        });
        assert_eq!(found, table, "{settings:?} {set}");
    }

    #[test]
    fn flags_are_added_to_the_table_that_cargo_takes() {
        let build = "[build]\nrustflags = ['-Cx']\n";
        let target = "[target.wasm32-unknown-unknown]\nrustflags = ['-Cy']\n";
        check(&[], "", Table::Target);
        check(&[build], "", Table::Build);
        check(&[target], "", Table::Target);
        check(&[build, target], "", Table::Target);
        check(
            &[build, "[target.wasm32-unknown-unknown]\nlinker = 'x'"],
            "",
            Table::Build,
        );
        check(
            &[build, "[target.x86_64-unknown-linux-gnu]\nrustflags = []"],
            "",
            Table::Build,
        );
        check(
            &[build, "[target.'cfg(wasm)']\nrustflags = []"],
            "",
            Table::Target,
        );
        check(
            &[build, "[target.'cfg(unix)']\nrustflags = []"],
            "",
            Table::Build,
        );
        check(&[], "CARGO_BUILD_RUSTFLAGS", Table::Build);
        check(
            &[build],
            "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS",
            Table::Target,
        );
        check(&["build = 1", "target = 'x'"], "", Table::Target);
    }

    /// Theorem: what is passed to cargo is read back as the flags themselves, whatever is in them.
    #[test]
    fn settings_are_toml() {
        let flags = [
            remap(Path::new("/with \\ and \"b\""), "/"),
            remap(Path::new("/a"), ""),
        ];
        let read: toml::Table = setting(Table::Build, &flags).parse().unwrap();
        let read: Vec<_> = read["build"]["rustflags"]
            .as_array()
            .unwrap()
            .iter()
            .map(|flag| flag.as_str().unwrap())
            .collect();
        assert_eq!(read, flags);
    }

    #[test]
    fn the_compiler_knows_its_target() {
        let known = known_to_compiler(Path::new("."));
        let wasm: Platform = "cfg(target_family = \"wasm\")".parse().unwrap();
        assert!(wasm.matches(TARGET, &known));
    }
}
