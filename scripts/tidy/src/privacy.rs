//! What reveals somebody's machine, mailbox or mirror stays out of the project. Words that are merely out of place are in [`crate::words`].

use crate::{Finding, Tree};

/// Beginnings of paths that exist on one machine only.
const PRIVATE_PATHS: &[(&str, &str)] = &[
    ("/home/", "somebody's home folder"),
    ("/root/", "somebody's home folder"),
    ("/Users/", "somebody's home folder"),
    ("/work/", "somebody's working folder"),
    ("/opt/", "somebody's installation"),
    ("C:\\", "somebody's drive"),
];

/// Settings that make a checkout depend on a mirror which others cannot reach.
const MIRRORS: &[(&str, &str)] = &[
    ("replace-with", "Cargo's source replacement"),
    ("[source.", "Cargo's source replacement"),
    ("[registries.", "a registry of one's own"),
    ("index-url", "a Python index"),
    ("sparse+http", "a registry named by its address"),
];

/// The only place from which a lockfile may take a package.
const PUBLIC_REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// This file names what it forbids.
const EXEMPT: &str = "scripts/tidy/src/privacy.rs";

/// Finds every private path, e-mail address, mirror, and package from elsewhere than the public registry.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts("").filter(|(path, _)| *path != EXEMPT) {
        for (number, line) in text.lines().enumerate() {
            if let Some(what) = private(path, line) {
                findings.push(Finding::new(path, number + 1, what));
            }
        }
    }
    findings
}

fn private(path: &str, line: &str) -> Option<String> {
    for (needle, what) in PRIVATE_PATHS {
        // `x/home/` is somewhere in the project or in an address.
        let starts = |(at, _): (usize, &str)| !line[..at].ends_with(is_path_character);
        if line.match_indices(needle).any(starts) {
            return Some(format!("`{needle}` is {what}"));
        }
    }
    for (needle, what) in MIRRORS {
        if line.contains(needle) {
            return Some(format!("`{needle}` is {what}"));
        }
    }
    if let Some(address) = line
        .split(|c| !is_address_character(c))
        .find(|w| is_address(w))
    {
        return Some(format!("`{address}` is an e-mail address"));
    }
    if path.ends_with(".lock") {
        let source = line.trim().strip_prefix("source = \"")?.strip_suffix('"')?;
        return (source != PUBLIC_REGISTRY)
            .then(|| format!("`{source}` is not the public registry"));
    }
    None
}

fn is_path_character(c: char) -> bool {
    c.is_alphanumeric() || "._-~}".contains(c)
}

fn is_address_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._%+-@".contains(c)
}

/// Whether a word is `name@host.tld`. A version, as in `package@1.2.3`, has no letters at its end.
fn is_address(word: &str) -> bool {
    let Some((name, host)) = word.trim_end_matches('.').split_once('@') else {
        return false;
    };
    let Some((domain, ending)) = host.rsplit_once('.') else {
        return false;
    };
    !name.is_empty()
        && !domain.is_empty()
        && ending.len() >= 2
        && ending.chars().all(|c| c.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn check(path: &str, line: &str, clean: bool) {
        let place = format!("{path}:1");
        let expected: &[&str] = if clean { &[] } else { &[&place] };
        testing::check(super::check, &[(path, line)], expected);
    }

    #[test]
    fn private_paths_are_found() {
        check("a.md", "see /home/ann/x", false);
        check("a.rs", "let p = \"/root/x\";", false);
        check("a.toml", "path = \"/work/x\"", false);
        check(
            "a.md",
            "the folder src/work/ and https://x.example/home/",
            true,
        );
        check("a.md", "${XDG_CACHE_HOME:-~/.cache}/root/", true);
    }

    #[test]
    fn mailboxes_are_found() {
        check("a.toml", "authors = [\"A <a.b@example.org>\"]", false);
        check("a.md", "write to ann@example.com.", false);
        check("a.md", "`npm i x@1.2.3` or @scope/x or a @ b.c", true);
    }

    #[test]
    fn mirrors_are_found() {
        check(".cargo/config.toml", "replace-with = \"mirror\"", false);
        check(
            "Cargo.lock",
            "source = \"registry+https://mirror.example/index\"",
            false,
        );
        check(
            "Cargo.lock",
            "source = \"git+https://github.com/a/b#1\"",
            false,
        );
        check(
            "Cargo.lock",
            &format!("source = \"{PUBLIC_REGISTRY}\""),
            true,
        );
    }
}
