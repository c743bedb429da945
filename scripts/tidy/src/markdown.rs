//! Every path and link in every Markdown file resolves within the checkout. Addresses elsewhere are not visited; what
//! ARCHITECTURE.md promises beyond that is checked in [`crate::architecture`].

use crate::{Finding, Tree};

/// Folders in which the documents may name things although no checkout holds them.
const ABSENT: &[(&str, &str)] = &[
    ("target/", "where cargo builds"),
    ("contracts/target/", "where cargo builds the contracts"),
];

/// Endings by which a word without a slash is known as the name of a file.
const FILE_ENDINGS: &[&str] = &[
    ".rs", ".md", ".toml", ".lock", ".json", ".wat", ".wasm", ".sh",
];

/// Finds every dead path, link or heading.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts(".md") {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for line in lines(text) {
            let mut dead = Vec::new();
            if line.fenced {
                dead.extend(commands(line.text).filter(|command| !tree.contains(command)));
            } else {
                dead.extend(
                    links(line.text).filter(|link| !link_resolves(tree, path, folder, link)),
                );
                dead.extend(spans(line.text).filter(|span| !span_resolves(tree, folder, span)));
            }
            findings.extend(dead.into_iter().map(|dead| {
                Finding::new(
                    path,
                    line.number,
                    format!("`{dead}` leads nowhere in this checkout"),
                )
            }));
        }
    }
    findings
}

/// One line of a document.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line<'a> {
    /// From 1.
    pub(crate) number: usize,
    /// Whether it is within a fenced block.
    pub(crate) fenced: bool,
    /// Without its end.
    pub(crate) text: &'a str,
}

/// The lines of a document, without the fences themselves.
pub(crate) fn lines(document: &str) -> impl Iterator<Item = Line<'_>> {
    let mut fenced = false;
    document
        .lines()
        .enumerate()
        .filter_map(move |(index, text)| {
            if text.trim_start().starts_with("```") {
                fenced = !fenced;
                return None;
            }
            Some(Line {
                number: index + 1,
                fenced,
                text,
            })
        })
}

/// The inline code of a line: what stands between single backticks.
pub(crate) fn spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// The commands of this project that a line of a fenced block calls.
fn commands(line: &str) -> impl Iterator<Item = &str> {
    line.split_whitespace()
        .filter(|word| word.starts_with("scripts/") || word.starts_with(".ci/"))
}

/// Where the links of a line lead: `[text](here)` and `[text]: here`.
fn links(line: &str) -> impl Iterator<Item = &str> {
    let inline = line
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    let definition = line
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("]: "));
    inline.chain(definition.map(|(_, target)| target.trim()))
}

fn link_resolves(tree: &Tree, document: &str, folder: &str, link: &str) -> bool {
    // `crate::Item` is rustdoc's to check, in documents that are also a crate's documentation.
    if link.contains("://") || link.contains("::") {
        return true;
    }
    let (target, heading) = link.split_once('#').unwrap_or((link, ""));
    let target = if target.is_empty() {
        Some(document.to_owned())
    } else {
        joined(folder, target)
    };
    let Some(target) = target.filter(|target| tree.contains(target)) else {
        return false;
    };
    heading.is_empty()
        || tree
            .text(&target)
            .is_some_and(|text| has_heading(text, heading))
}

/// Whether a document has the heading to which the hosting site gives this anchor.
fn has_heading(document: &str, anchor: &str) -> bool {
    lines(document)
        .filter(|line| !line.fenced && line.text.starts_with('#'))
        .any(|line| {
            let heading = line.text.trim_start_matches('#').trim().to_lowercase();
            let kept = heading
                .chars()
                .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            kept.map(|c| if c == ' ' { '-' } else { c })
                .eq(anchor.chars())
        })
}

/// Inline code that looks like a path must be one: from the root, from the document, or the end of one further in.
fn span_resolves(tree: &Tree, folder: &str, span: &str) -> bool {
    // `path::test`: which tests there are is checked where tests are promised.
    let path = span.split_once("::").map_or(span, |(path, _)| path);
    if !looks_like_path(path) {
        return true;
    }
    alternatives(path).iter().all(|path| {
        ABSENT
            .iter()
            .any(|(absent, _)| format!("{path}/").starts_with(absent))
            || tree.contains_ending(path.trim_end_matches('/'))
            || joined(folder, path).is_some_and(|path| tree.contains(&path))
    })
}

fn looks_like_path(span: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-/{},".contains(c);
    span.chars().all(allowed)
        && span.contains(|c: char| c.is_ascii_alphabetic())
        && !span.starts_with('/')
        && (span.contains('/') || FILE_ENDINGS.iter().any(|e| span.ends_with(e) && span != *e))
}

/// `a/{b,c}.rs` is `a/b.rs` and `a/c.rs`.
fn alternatives(path: &str) -> Vec<String> {
    let braces = path
        .split_once('{')
        .and_then(|(head, rest)| Some((head, rest.split_once('}')?)));
    match braces {
        Some((head, (choices, tail))) => choices
            .split(',')
            .flat_map(|choice| alternatives(&format!("{head}{choice}{tail}")))
            .collect(),
        None => vec![path.to_owned()],
    }
}

/// A path relative to a folder, from the root; `None` if it leaves the checkout.
fn joined(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use crate::testing;

    /// One line in `a/doc.md`, beside a few files.
    fn check(text: &str, resolves: bool) {
        let files = [
            ("a/doc.md", text),
            ("a/near.rs", ""),
            ("a/b/deep.rs", ""),
            ("far.md", "# The first: heading\n"),
            ("scripts/test", ""),
        ];
        let expected: &[&str] = if resolves { &[] } else { &["a/doc.md:1"] };
        testing::check(super::check, &files, expected);
    }

    #[test]
    fn links_lead_somewhere() {
        check("[x](near.rs) and [y](../far.md)", true);
        check("[x](b/) and [y](b)", true);
        check("[x](https://example.org/gone.md)", true);
        check("[x](crate::Thing)", true);
        check("[x](gone.rs)", false);
        check("[x](near.rs) and [y](gone.rs)", false);
        check("[x](../../far.md)", false);
        check("[x]: ../far.md", true);
        check("[x]: ../gone.md", false);
    }

    #[test]
    fn anchors_name_headings() {
        check("[x](../far.md#the-first-heading)", true);
        check("[x](../far.md#the-second-heading)", false);
        check("[x](#nowhere)", false);
    }

    #[test]
    fn paths_in_inline_code_exist() {
        check(
            "`near.rs`, `deep.rs`, `b/deep.rs`, `a/b/deep.rs`, `a/b/`, `../far.md`",
            true,
        );
        check("`b/{deep,gone}.rs`", false);
        check("`a/{near,b/deep}.rs`", true);
        check("`gone.rs`", false);
        check("`a/gone`", false);
        check("`eep.rs`", false);
        check("`b/deep.rs::a_test`", true);
        check("`b/gone.rs::a_test`", false);
        check(
            "`target/`, `.rs`, `N / A`, `1/2`, `cargo test`, `--format`, `/dev/null`",
            true,
        );
    }

    #[test]
    fn commands_in_blocks_exist() {
        let block = |command: &str| format!("\n```console\n$ {command}\n```\n");
        let expect = |command: &str, expected: &[&str]| {
            let files = [("doc.md", block(command)), ("scripts/test", String::new())];
            let files = files.each_ref().map(|(path, text)| (*path, text.as_str()));
            testing::check(super::check, &files, expected);
        };
        expect("scripts/test", &[]);
        expect("FOO=1 scripts/test --help # `gone.rs`", &[]);
        expect("scripts/gone", &["doc.md:3"]);
    }
}
