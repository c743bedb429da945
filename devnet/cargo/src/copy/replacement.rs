//! The package that takes the place of `mini-alloc`.
//!
//! Lives here: its manifest and its source, for each allocator. Not here: where it is put, and how cargo is made to use it (`shim`).

use std::fs;
use std::io;
use std::path::Path;

use mini_alloc::SOURCES;

use crate::Allocator;

/// The package that is replaced.
pub(super) const NAME: &str = "mini-alloc";

/// A package's manifest.
pub(super) const MANIFEST: &str = "Cargo.toml";

/// The folder that holds everything added to a copy.
pub(super) const FOLDER: &str = ".gas-bench";

/// This project's package in its current state, under another name so that the replacement can depend on it.
const TODAY: &str = "mini-alloc-today";

/// Features of `mini-alloc`. Only those that are forwarded change anything on wasm32.
const FEATURES: &str = "c-api = [FORWARD/c-api]\nin-place = [FORWARD/in-place]\noutlined = [FORWARD/outlined]\n\
                        trap-on-oom = [FORWARD/trap-on-oom]\nwee_alloc = []\nbacktrace = []\nsources = []\n";

const LIBRARY: &str = include_str!("replacement/lib.txt");
const CHOSEN: &str = include_str!("replacement/chosen.txt");

/// What the replacement contains for an allocator.
struct Choice {
    /// The package that it comes from, as a line of a manifest; empty if no package needs to be added.
    dependency: &'static str,
    /// Its type.
    kind: &'static str,
    /// Its value, for the initialiser of a `static`.
    value: &'static str,
    /// Features of this project's package, as a manifest lists them.
    features: &'static str,
    /// Whether it is in the standard library.
    is_system: bool,
}

/// The allocators to choose from, in the order of rows. They are installed as in `contracts/heap`, and in the same versions.
const CHOICES: &[(Allocator, Choice)] = &[
    (Allocator::Mini, Choice::mini("")),
    (Allocator::MiniInPlace, Choice::mini("\"in-place\"")),
    (Allocator::MiniOutlined, Choice::mini("\"outlined\"")),
    (Allocator::MiniTrap, Choice::mini("\"trap-on-oom\"")),
    (
        Allocator::Reclaim,
        Choice::of(
            "",
            "mini_alloc_today::ReclaimAlloc",
            "mini_alloc_today::ReclaimAlloc::INIT",
        ),
    ),
    (
        Allocator::MiniUpstream,
        Choice::of(
            "mini-alloc-upstream = { package = \"mini-alloc\", version = \"=1.0.0\" }",
            "mini_alloc_upstream::MiniAlloc",
            "mini_alloc_upstream::MiniAlloc::INIT",
        ),
    ),
    (
        Allocator::Wee,
        Choice::of(
            "wee_alloc = \"=0.4.5\"",
            "wee_alloc::WeeAlloc<'static>",
            "wee_alloc::WeeAlloc::INIT",
        ),
    ),
    (
        Allocator::Std,
        Choice {
            is_system: true,
            ..Choice::of("", "std::alloc::System", "std::alloc::System")
        },
    ),
    (
        Allocator::Talc,
        Choice::of(
            "talc = \"=5.1.1\"",
            "talc::wasm::WasmDynamicTalc",
            "talc::wasm::new_wasm_dynamic_allocator()",
        ),
    ),
    (
        Allocator::Lol,
        Choice::of(
            "lol_alloc = \"=0.4.1\"",
            "lol_alloc::AssumeSingleThreaded<lol_alloc::FreeListAllocator>",
            // A contract has one thread.
            "unsafe { lol_alloc::AssumeSingleThreaded::new(lol_alloc::FreeListAllocator::new()) }",
        ),
    ),
];

impl Choice {
    const fn of(dependency: &'static str, kind: &'static str, value: &'static str) -> Self {
        Self {
            dependency,
            kind,
            value,
            features: "",
            is_system: false,
        }
    }

    /// This project's `MiniAlloc` with these features.
    const fn mini(features: &'static str) -> Self {
        Self {
            features,
            ..Self::of(
                "",
                "mini_alloc_today::MiniAlloc",
                "mini_alloc_today::MiniAlloc::INIT",
            )
        }
    }
}

/// The allocators that a contract can be given, in the order of rows.
pub fn replaceable() -> Vec<Allocator> {
    CHOICES.iter().map(|(allocator, _)| *allocator).collect()
}

/// Makes `folder` the package over `allocator`, with the given version, whatever else is in it: everything but the manifest goes into a
/// subfolder of its own.
///
/// # Errors
/// If nothing can be written, or the allocator is not one of [`replaceable`].
pub(super) fn write(folder: &Path, allocator: Allocator, version: &str) -> io::Result<()> {
    let (_, choice) = CHOICES
        .iter()
        .find(|(known, _)| *known == allocator)
        .ok_or(io::ErrorKind::Unsupported)?;
    let own = folder.join(FOLDER);
    let today = own.join("today");
    put(&folder.join(MANIFEST), &manifest(choice, version))?;
    put(&own.join("lib.rs"), &library(choice))?;
    put(&own.join("chosen.rs"), &chosen(choice))?;
    put(&today.join(MANIFEST), &todays_manifest())?;
    for (path, content) in SOURCES {
        put(&today.join(path), content)?;
    }
    Ok(())
}

fn put(file: &Path, content: &str) -> io::Result<()> {
    file.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write(file, content)
}

fn manifest(choice: &Choice, version: &str) -> String {
    let Choice {
        dependency,
        features,
        ..
    } = choice;
    let forward = forwarding(|feature| format!("\"{TODAY}/{feature}\""));
    format!(
        "[package]\nname = \"{NAME}\"\nversion = \"{version}\"\nedition = \"2021\"\nbuild = false\nautobins = false\n\
         autoexamples = false\nautotests = false\nautobenches = false\n\n[lib]\npath = \"{FOLDER}/lib.rs\"\n\n\
         [features]\n{forward}\n[dependencies]\n{TODAY} = {{ path = \"{FOLDER}/today\", features = [{features}] }}\n\n\
         [target.'cfg(target_arch = \"wasm32\")'.dependencies]\n{dependency}\n"
    )
}

/// [`FEATURES`], where a feature that is passed on enables what `on` says.
fn forwarding(on: impl Fn(&str) -> String) -> String {
    let line = |line: &str| match line.split_once(" = [FORWARD/") {
        Some((feature, _)) => format!("{feature} = [{}]\n", on(feature)),
        None => format!("{line}\n"),
    };
    FEATURES.lines().map(line).collect()
}

fn todays_manifest() -> String {
    let features = forwarding(|_| String::new());
    format!(
        "[package]\nname = \"{TODAY}\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n[features]\n{features}"
    )
}

fn library(choice: &Choice) -> String {
    LIBRARY.replace("SYSTEM", if choice.is_system { "all()" } else { "any()" })
}

fn chosen(choice: &Choice) -> String {
    CHOSEN
        .replace("TYPE", choice.kind)
        .replace("VALUE", choice.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = env!("CARGO_MANIFEST_DIR");

    fn read(path: &str) -> toml::Table {
        let path = Path::new(HERE).join("../..").join(path);
        fs::read_to_string(path).unwrap().parse().unwrap()
    }

    /// Theorem: a rival has the version with which it is measured against ours, in `contracts`.
    #[test]
    fn rivals_are_those_of_the_contracts() {
        let lock = read("contracts/Cargo.lock");
        let locked: Vec<_> = lock["package"]
            .as_array()
            .unwrap()
            .iter()
            .map(|package| {
                (
                    package["name"].as_str().unwrap(),
                    package["version"].as_str().unwrap(),
                )
            })
            .collect();
        for (allocator, choice) in CHOICES {
            let manifest: toml::Table = manifest(choice, "1.1.0").parse().unwrap();
            let rivals = manifest["target"]["cfg(target_arch = \"wasm32\")"]["dependencies"]
                .as_table()
                .unwrap();
            for (name, rival) in rivals {
                let part = |key: &str| rival.get(key).and_then(toml::Value::as_str);
                let version = part("version").or(rival.as_str()).unwrap();
                let version = version.strip_prefix('=').unwrap();
                let name = part("package").unwrap_or(name);
                assert!(
                    locked.contains(&(name, version)),
                    "{allocator}: {name} {version}"
                );
            }
        }
    }

    /// Theorem: whatever feature of ours a contract asks for, the replacement has it.
    #[test]
    fn features_are_ours() {
        let names = |manifest: &toml::Table| -> Vec<_> {
            let mut names: Vec<_> = manifest["features"]
                .as_table()
                .unwrap()
                .keys()
                .cloned()
                .collect();
            names.sort();
            names
        };
        let ours = names(&read("allocator/Cargo.toml"));
        for (_, choice) in CHOICES {
            let manifest: toml::Table = manifest(choice, "1.1.0").parse().unwrap();
            assert_eq!(names(&manifest), ours);
            assert_eq!(manifest["package"]["name"].as_str(), Some(NAME));
        }
        assert_eq!(names(&todays_manifest().parse().unwrap()), ours);
    }

    #[test]
    fn nothing_is_left_to_fill_in() {
        for (allocator, choice) in CHOICES {
            let text = library(choice) + &chosen(choice);
            for hole in ["SYSTEM", "TYPE", "VALUE"] {
                assert!(!text.contains(hole), "{allocator}: {text}");
            }
            let line = format!("static CHOSEN: {} = {};\n", choice.kind, choice.value);
            assert!(text.contains(&line), "{allocator}: {text}");
        }
    }
}
