//! The release profile that cargo uses.
//!
//! Lives here: which of the places for a setting has the last word. Not here: what a setting means to the caller.

use std::env;
use std::path::Path;

use super::flags;
use crate::input;

/// A setting of the release profile, as text, for a workspace in `root` when cargo is started in `folder`: the environment's, or else that
/// of cargo's own settings, or else the workspace's. `None` if none of them has it.
pub fn setting(root: &Path, folder: &Path, name: &str) -> Option<String> {
    env::var(variable(name)).ok().or_else(|| {
        let settings = flags::settings(folder);
        settings
            .iter()
            .find_map(|table| in_table(table, name))
            .or_else(|| in_manifest(&root.join("Cargo.toml"), name))
    })
}

/// What a manifest says, whether or not cargo heeds it. One that cannot be read says nothing: cargo will complain about it.
pub(super) fn in_manifest(path: &Path, name: &str) -> Option<String> {
    let table = input::tables(&input::text(path).ok()?).ok()?;
    in_table(&table, name)
}

/// Whether a value of `lto` asks for optimisation across crates.
pub fn is_lto(value: &str) -> bool {
    // Without a value, or with `false`, each crate is optimised on its own.
    !["false", "off", "n", "no", "none"].contains(&value)
}

/// The environment variable that takes precedence over all files.
pub(super) fn variable(name: &str) -> String {
    let name = name.to_uppercase().replace('-', "_");
    format!("CARGO_PROFILE_RELEASE_{name}")
}

fn in_table(table: &toml::Table, name: &str) -> Option<String> {
    match table.get("profile")?.get("release")?.get(name)? {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(answer) => Some(answer.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn settings_are_read_from_profiles() {
        for (text, name, value) in [
            ("[profile.release]\nopt-level = 3", "opt-level", Some("3")),
            ("[profile.release]\nopt-level = 's'", "opt-level", Some("s")),
            ("profile.release.opt-level = 'z'", "opt-level", Some("z")),
            ("[profile.release]\nlto = true", "opt-level", None),
            ("[profile.release]\nlto = true", "lto", Some("true")),
            ("[profile.release]\nlto = 'thin'", "lto", Some("thin")),
            ("[profile.dev]\nlto = true", "lto", None),
            ("profile = 1", "lto", None),
        ] {
            let table = text.parse().unwrap();
            assert_eq!(in_table(&table, name).as_deref(), value, "{text}");
        }
    }

    #[test]
    fn what_is_nearer_goes_before() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let lto = || setting(root, root, "lto");
        assert_eq!(lto(), None);
        let manifest = root.join("Cargo.toml");
        fs::write(&manifest, "[profile.release]\nlto = true\n").unwrap();
        assert_eq!(lto().as_deref(), Some("true"));
        fs::create_dir(root.join(".cargo")).unwrap();
        let settings = "[profile.release]\nlto = 'off'\n";
        fs::write(root.join(".cargo/config.toml"), settings).unwrap();
        assert_eq!(lto().as_deref(), Some("off"));
        assert_eq!(in_manifest(&manifest, "lto").as_deref(), Some("true"));
        assert_eq!(variable("opt-level"), "CARGO_PROFILE_RELEASE_OPT_LEVEL");
    }

    #[test]
    fn what_asks_for_optimisation_across_crates() {
        for (value, asks) in [
            ("true", true),
            ("fat", true),
            ("thin", true),
            ("false", false),
            ("off", false),
        ] {
            assert_eq!(is_lto(value), asks, "{value}");
        }
    }
}
