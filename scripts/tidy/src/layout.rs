//! Rules about files as such: what lies in the root, how a source begins, how long it may be, where lints are set. What the files contain
//! is the business of the other modules.

use crate::{Finding, Tree};

/// The visible entries of the root, each with what it is there for. The root is the table of contents.
const ROOT: &[(&str, &str)] = &[
    ("ARCHITECTURE.md", "the map and the invariants"),
    ("CHANGELOG.md", "what changes for users"),
    ("CONTRIBUTING.md", "how to work on it"),
    ("Cargo.lock", "the same dependencies for everyone"),
    ("Cargo.toml", "members, versions, lints"),
    ("LICENSE-APACHE", "licence"),
    ("LICENSE-MIT", "licence"),
    ("README.md", "what, for whom, how"),
    ("allocator", "the global allocator"),
    ("contracts", "contracts, each also a benchmark"),
    ("devnet", "a local chain"),
    ("gas-bench", "measures and renders"),
    ("rust-toolchain.toml", "the one toolchain"),
    ("scripts", "the commands, and these rules"),
    ("vm", "the Stylus VM"),
];

/// More entries than this can no longer be taken in at a glance, whatever [`ROOT`] lists.
const ROOT_ENTRIES_MAX: usize = 15;

/// A file is one noun or one phase; beyond this it is certainly two.
const RUST_LINES_MAX: usize = 700;

/// The root holds the entries listed above and no others.
pub fn check_root(tree: &Tree) -> Vec<Finding> {
    let entries = tree.root_entries();
    let visible: Vec<&str> = entries
        .into_iter()
        .filter(|e| !e.starts_with('.'))
        .collect();
    let mut findings = Vec::new();
    for entry in visible
        .iter()
        .filter(|e| !ROOT.iter().any(|(listed, _)| listed == *e))
    {
        findings.push(Finding::new(
            entry,
            0,
            "is not an entry that tidy lists for the root",
        ));
    }
    for (entry, purpose) in ROOT.iter().filter(|(e, _)| !visible.contains(e)) {
        findings.push(Finding::new(
            entry,
            0,
            format!("is missing from the root: {purpose}"),
        ));
    }
    if visible.len() > ROOT_ENTRIES_MAX {
        let what = format!(
            "the root has {} entries, of {ROOT_ENTRIES_MAX} at most",
            visible.len()
        );
        findings.push(Finding::new(".", 0, what));
    }
    findings
}

/// Every Rust file, tests included, opens by saying what lives in it.
pub fn check_module_docs(tree: &Tree) -> Vec<Finding> {
    tree.texts(".rs")
        .filter(|(_, text)| {
            !text
                .lines()
                .next()
                .is_some_and(|l| l.len() > 4 && l.starts_with("//! "))
        })
        .map(|(path, _)| Finding::new(path, 1, "opens without a `//!` that says what lives here"))
        .collect()
}

/// No Rust file is longer than a file about one thing needs to be.
pub fn check_length(tree: &Tree) -> Vec<Finding> {
    tree.texts(".rs")
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > RUST_LINES_MAX)
        .map(|(path, lines)| {
            Finding::new(
                path,
                lines,
                format!("has {lines} lines, of {RUST_LINES_MAX} at most: split it"),
            )
        })
        .collect()
}

/// Lints are set in one table per workspace, and every package uses that one.
pub fn check_lints(tree: &Tree) -> Vec<Finding> {
    const WORKSPACES: [&str; 3] = [
        "Cargo.toml",
        "contracts/Cargo.toml",
        "devnet/tests/suites/openzeppelin/contracts/Cargo.toml",
    ];
    let mut findings = Vec::new();
    for (path, text) in tree.texts("Cargo.toml") {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for (number, line) in lines.iter().enumerate() {
            let shared = line.starts_with("[workspace.lints");
            if line.starts_with("[lints.") || (shared && !WORKSPACES.contains(&path)) {
                let what = "sets lints of its own: the table is in the workspace's manifest";
                findings.push(Finding::new(path, number + 1, what));
            }
        }
        let takes_table = lines
            .windows(2)
            .any(|l| l == ["[lints]", "workspace = true"]);
        // A package that is its own workspace, as a fuzzer has to be, has no table to take.
        let is_alone = lines.contains(&"[workspace]");
        if lines.contains(&"[package]") && !takes_table && !is_alone {
            findings.push(Finding::new(
                path,
                0,
                "lacks `[lints]` with `workspace = true`",
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

    /// A root that is as it should be, and `more`.
    fn root_and(more: &[&'static str]) -> Vec<(&'static str, &'static str)> {
        ROOT.iter()
            .map(|(entry, _)| *entry)
            .chain(more.iter().copied())
            .map(|e| (e, ""))
            .collect()
    }

    #[test]
    fn the_root_is_what_is_listed() {
        check(check_root, &root_and(&[]), &[]);
        check(check_root, &root_and(&[".gitignore", ".ci/run"]), &[]);
        // The root is as full as it may be: one more entry is also one too many.
        check(
            check_root,
            &root_and(&["notes.txt"]),
            &["notes.txt:0", ".:0"],
        );
        check(
            check_root,
            &root_and(&["notes.txt"])[1..],
            &["notes.txt:0", "ARCHITECTURE.md:0"],
        );
        check(check_root, &root_and(&[])[1..], &["ARCHITECTURE.md:0"]);
    }

    #[test]
    fn sources_open_with_their_purpose() {
        check(
            check_module_docs,
            &[("a.rs", "//! What lives here.\n"), ("b.md", "")],
            &[],
        );
        for text in [
            "",
            "\n//! Late.",
            "// Not a doc.",
            "use x;",
            "//!",
            "//! ",
            "#![no_std]\n//! Late.",
        ] {
            check(check_module_docs, &[("a.rs", text)], &["a.rs:1"]);
        }
    }

    #[test]
    fn length_has_a_limit() {
        check(
            check_length,
            &[("a.rs", &"x\n".repeat(RUST_LINES_MAX))],
            &[],
        );
        check(
            check_length,
            &[("a.rs", &"x\n".repeat(RUST_LINES_MAX + 1))],
            &["a.rs:701"],
        );
        check(
            check_length,
            &[("a.md", &"x\n".repeat(RUST_LINES_MAX + 1))],
            &[],
        );
    }

    #[test]
    fn lints_come_from_the_workspace() {
        let member = "[package]\nname = \"a\"\n\n[lints]\nworkspace = true\n";
        check(
            check_lints,
            &[
                ("Cargo.toml", "[workspace.lints.rust]\n"),
                ("a/Cargo.toml", member),
            ],
            &[],
        );
        check(
            check_lints,
            &[("contracts/Cargo.toml", "[workspace.lints.rust]\n")],
            &[],
        );
        check(
            check_lints,
            &[("a/Cargo.toml", "[package]\n")],
            &["a/Cargo.toml:0"],
        );
        check(
            check_lints,
            &[("a/Cargo.toml", "[workspace.lints.clippy]\n")],
            &["a/Cargo.toml:1"],
        );
        check(
            check_lints,
            &[("a/Cargo.toml", "[package]\n[workspace]\n")],
            &[],
        );
        let own = "[package]\n[lints.rust]\nx = \"deny\"\n";
        check(
            check_lints,
            &[("a/Cargo.toml", own)],
            &["a/Cargo.toml:2", "a/Cargo.toml:0"],
        );
    }
}
