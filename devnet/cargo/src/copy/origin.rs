//! Where a contract's `mini-alloc` comes from.
//!
//! Lives here: reading that from cargo's output. Not here: putting something else in its place (`shim`).

use std::path::{Path, PathBuf};

use super::replacement::NAME;
use crate::input;

/// Cargo's names for its default registry.
const CRATES_IO: [&str; 2] = [
    "registry+https://github.com/rust-lang/crates.io-index",
    concat!("sparse", "+https://index.crates.io/"),
];

/// One `mini-alloc` that a contract is built with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Origin {
    /// Its version.
    pub(super) version: String,
    /// Where it comes from.
    pub(super) place: Place,
}

/// Where a package comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// A folder.
    Folder(PathBuf),
    /// A registry or a repository, as a lockfile writes it, without a commit.
    Source(String),
}

impl Origin {
    /// Every `mini-alloc` that a contract is built with, from its lockfile and from the output of `cargo tree --prefix none --format {p}`.
    pub(super) fn all(tree: &str, lockfile: &str) -> Vec<Self> {
        let sources = locked(lockfile);
        let mut origins = Vec::new();
        for line in tree.lines() {
            let origin = Self::of_line(line, &sources);
            origins.extend(origin.filter(|it| !origins.contains(it)));
        }
        origins
    }

    /// Reads `mini-alloc v1.0.0`, followed in parentheses by a folder, a repository or a registry other than the default one.
    fn of_line(line: &str, sources: &[(String, String)]) -> Option<Self> {
        let rest = line.strip_prefix(NAME)?.strip_prefix(" v")?;
        let (version, from) = rest.split_once(' ').unwrap_or((rest, ""));
        let from = from.strip_prefix('(').and_then(|from| from.split_once(')'));
        let from = from.map_or("", |(from, _)| from);
        let place = if Path::new(from).is_absolute() {
            Place::Folder(from.into())
        } else {
            let is_repository = from.contains("://");
            let (_, source) = sources.iter().find(|(locked, source)| {
                locked == version && source.starts_with("git+") == is_repository
            })?;
            Place::Source(source.clone())
        };
        Some(Self {
            version: version.to_owned(),
            place,
        })
    }

    /// Whether it is `mini-alloc` 1.0.0 as published.
    pub(super) fn is_upstream(&self) -> bool {
        let is_published = |source: &String| CRATES_IO.contains(&source.as_str());
        self.version == "1.0.0"
            && matches!(&self.place, Place::Source(source) if is_published(source))
    }

    /// Its package ID specification, by which cargo's commands name it.
    pub(super) fn spec(&self) -> String {
        match &self.place {
            Place::Folder(_) => format!("{NAME}@{}", self.version),
            Place::Source(source) => format!("{source}#{NAME}@{}", self.version),
        }
    }

    /// The tables of cargo's `patch` that may need an entry for another package to be used instead. A package from a repository or a folder
    /// may be there because the author has patched the registry.
    pub(super) fn patched_tables(&self) -> Vec<String> {
        let published = "crates-io".to_owned();
        let source = match &self.place {
            Place::Folder(_) => return vec![published],
            Place::Source(source) if CRATES_IO.contains(&source.as_str()) => {
                return vec![published];
            }
            Place::Source(source) => source,
        };
        // For a sparse registry, the kind is part of its address.
        let repository = source.strip_prefix("git+");
        let url = repository.or_else(|| source.strip_prefix("registry+"));
        let url = url.unwrap_or(source);
        let url = url.split(['?', '#']).next().unwrap_or(url);
        let own = serde_json::Value::from(url).to_string();
        match repository {
            Some(_) => vec![own, published],
            None => vec![own],
        }
    }
}

/// The version and the source of each `mini-alloc` in a lockfile that is not from a folder.
fn locked(lockfile: &str) -> Vec<(String, String)> {
    let lockfile: toml::Table = input::tables(lockfile).unwrap_or_default();
    let packages = lockfile.get("package").and_then(toml::Value::as_array);
    let locked = |package: &toml::Value| {
        let text = |key: &str| package.get(key)?.as_str();
        let source = text("source").filter(|_| text("name") == Some(NAME))?;
        let commitless = source.split('#').next().unwrap_or(source);
        Some((text("version")?.to_owned(), commitless.to_owned()))
    };
    packages.into_iter().flatten().filter_map(locked).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A registry that does not exist.
    const ELSEWHERE: &str = concat!("sparse", "+https://registry.example/");

    const LOCKFILE: &str = r#"
version = 4
[[package]]
name = "other"
version = "1.0.0"
source = "registry+https://elsewhere.example/index"
[[package]]
name = "mini-alloc"
version = "1.0.0"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "b6"
[[package]]
name = "mini-alloc"
version = "1.0.0"
source = "git+https://git.example/sdk?branch=main#0123456789"
[[package]]
name = "mini-alloc"
version = "1.1.0"
[[package]]
name = "mini-alloc"
version = "2.0.0"
source = "{elsewhere}"
"#;

    #[track_caller]
    fn check(tree: &str, expected: &[(&str, &str, &[&str])]) {
        let lockfile = LOCKFILE.replace("{elsewhere}", ELSEWHERE);
        let found: Vec<_> = Origin::all(tree, &lockfile)
            .iter()
            .map(|origin| {
                (
                    origin.version.clone(),
                    origin.spec(),
                    origin.patched_tables(),
                )
            })
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(version, spec, tables)| {
                let tables = tables.iter().map(|table| (*table).to_owned());
                ((*version).to_owned(), (*spec).to_owned(), tables.collect())
            })
            .collect();
        assert_eq!(found, expected, "{tree}");
    }

    /// A folder's path as cargo writes it on this system.
    #[cfg(not(windows))]
    const FOLDER: &str = "/a b/mini-alloc";
    #[cfg(windows)]
    const FOLDER: &str = r"\\server\a b\mini-alloc";

    #[test]
    fn origins_are_read_from_the_tree() {
        check("", &[]);
        check("mini-alloc-other v1.0.0\nstylus-sdk v0.10.10\n", &[]);
        let registry = "registry+https://github.com/rust-lang/crates.io-index#mini-alloc@1.0.0";
        check(
            "words v0.1.0 (/a)\nmini-alloc v1.0.0\nx v1.0.0\nmini-alloc v1.0.0 (*)\n",
            &[("1.0.0", registry, &["crates-io"])],
        );
        check(
            &format!("mini-alloc v1.1.0 ({FOLDER})\n"),
            &[("1.1.0", "mini-alloc@1.1.0", &["crates-io"])],
        );
        check(
            "mini-alloc v1.0.0 (https://git.example/sdk?branch=main#01234567)\nmini-alloc v2.0.0 (registry `x`)\n",
            &[
                (
                    "1.0.0",
                    "git+https://git.example/sdk?branch=main#mini-alloc@1.0.0",
                    &["\"https://git.example/sdk\"", "crates-io"],
                ),
                (
                    "2.0.0",
                    &format!("{ELSEWHERE}#mini-alloc@2.0.0"),
                    &[&format!("\"{ELSEWHERE}\"")],
                ),
            ],
        );
    }

    #[test]
    fn the_published_one_is_known() {
        let local = format!("mini-alloc v1.0.0 ({FOLDER})");
        for (tree, is_upstream) in [
            ("mini-alloc v1.0.0", true),
            ("mini-alloc v1.0.0 (https://git.example/sdk#0123)", false),
            (local.as_str(), false),
            ("mini-alloc v2.0.0", false),
        ] {
            let origins = Origin::all(tree, LOCKFILE);
            assert_eq!(origins[0].is_upstream(), is_upstream, "{tree}");
        }
    }
}
