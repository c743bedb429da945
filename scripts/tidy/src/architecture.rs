//! Holds ARCHITECTURE.md to its word: every invariant names a test that exists, and the files that it lists for `unsafe`
//! are the files that use it. The document is the only place where either list is written.

use crate::rust::{is_word, split};
use crate::words::has_word;
use crate::{Finding, Tree, markdown};

const DOCUMENT: &str = "ARCHITECTURE.md";
const INVARIANTS: &str = "## Invariants";
const UNSAFE: &str = "## Where unsafe code may stand";
const LAYERS: &str = "## Layers";

/// The files of a crate that are above all its layers: they declare them.
const ROOTS: [&str; 2] = ["lib.rs", "main.rs"];

/// Every item of the numbered list under "Invariants" names, as `` `file.rs::test` ``, at least one test, and each test
/// it names exists.
pub fn check_invariants(tree: &Tree) -> Vec<Finding> {
    let items = section_items(tree, INVARIANTS, |line| {
        let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        digits > 0 && line[digits..].starts_with(". ")
    });
    let mut findings = not_empty(&items, INVARIANTS);
    for (number, item) in items {
        let tests: Vec<(&str, &str)> = markdown::spans(&item)
            .filter_map(|span| span.split_once("::"))
            .filter(|(file, _)| file.ends_with(".rs"))
            .collect();
        if tests.is_empty() {
            findings.push(Finding::new(
                DOCUMENT,
                number,
                "the invariant names no `file.rs::test`",
            ));
        }
        for (file, test) in tests
            .iter()
            .filter(|(file, test)| !has_test(tree, file, test))
        {
            findings.push(Finding::new(
                DOCUMENT,
                number,
                format!("there is no test `{file}::{test}`"),
            ));
        }
    }
    findings
}

/// The list under "Where unsafe code may stand" gives a reason for each file; it names all files whose code says
/// `unsafe`, and no others.
pub fn check_unsafe(tree: &Tree) -> Vec<Finding> {
    let items = section_items(tree, UNSAFE, |line| line.starts_with("- "));
    let mut findings = not_empty(&items, UNSAFE);
    let mut listed = Vec::new();
    for (number, item) in &items {
        let Some((path, reason)) = item
            .strip_prefix("- `")
            .and_then(|rest| rest.split_once('`'))
        else {
            findings.push(Finding::new(
                DOCUMENT,
                *number,
                "the item does not begin with a file",
            ));
            continue;
        };
        if !reason.contains(char::is_alphabetic) {
            findings.push(Finding::new(
                DOCUMENT,
                *number,
                format!("`{path}` has no reason"),
            ));
        }
        if !tree.text(path).is_some_and(uses_unsafe) {
            let what = format!("`{path}` has no unsafe code, or is not a file: strike it");
            findings.push(Finding::new(DOCUMENT, *number, what));
        }
        listed.push(path);
    }
    for (path, text) in tree.texts(".rs").filter(|(path, _)| !listed.contains(path)) {
        if uses_unsafe(text) {
            let what = format!("unsafe code in a file that {DOCUMENT} does not list for it");
            findings.push(Finding::new(path, 0, what));
        }
    }
    findings
}

/// The list under "Layers" has all folders of the crates that it names one of, each above those that use it: the code of a layer names no
/// layer of its crate below its own. What another crate may use is what its manifest says.
pub fn check_layers(tree: &Tree) -> Vec<Finding> {
    let items = section_items(tree, LAYERS, |line| line.starts_with("- "));
    let mut findings = not_empty(&items, LAYERS);
    let layers: Vec<(&str, &str)> = items
        .iter()
        .filter_map(|(number, item)| {
            let (path, _) = item.strip_prefix("- `")?.split_once('`')?;
            let layer = path
                .trim_end_matches('/')
                .trim_end_matches(".rs")
                .rsplit_once('/');
            let layer = layer.filter(|layer| {
                tree.texts(".rs")
                    .any(|(path, _)| layer_of(path) == Some(*layer))
            });
            if layer.is_none() {
                let what = format!("`{path}` is not a part of a crate: strike it");
                findings.push(Finding::new(DOCUMENT, *number, what));
            }
            layer
        })
        .collect();
    let place =
        |sources: &str, name: &str| layers.iter().position(|known| *known == (sources, name));
    for (path, text) in tree.texts(".rs") {
        let Some((sources, name)) = layer_of(path) else {
            continue;
        };
        if !layers.iter().any(|(known, _)| *known == sources) {
            continue;
        }
        let Some(own) = place(sources, name) else {
            let what = format!("`{sources}/{name}` is not a layer of {DOCUMENT}");
            findings.push(Finding::new(path, 0, what));
            continue;
        };
        for (line, used) in named_of_crate(&split(text).code) {
            if place(sources, &used).is_some_and(|used| used > own) {
                let what = format!("`{name}` stands before `{used}` and may not use it");
                findings.push(Finding::new(path, line, what));
            }
        }
    }
    findings
}

/// The folder of a crate's sources that a file lies in, and the layer there: a folder, or a file beside the crate's roots, which are above
/// all layers.
fn layer_of(path: &str) -> Option<(&str, &str)> {
    let (package, rest) = path.split_once("/src/")?;
    let sources = &path[..package.len() + "/src".len()];
    let first = rest.split('/').next()?.trim_end_matches(".rs");
    (!ROOTS.contains(&rest)).then_some((sources, first))
}

/// What follows `crate::` in code, one by one if it is a list, with the line it begins on.
fn named_of_crate(code: &str) -> Vec<(usize, String)> {
    const CRATE: &str = "crate::";
    let word = |text: &str| -> String { text.chars().take_while(|&it| is_word(it)).collect() };
    let mut named = Vec::new();
    for (at, _) in code.match_indices(CRATE) {
        let line = code[..at].lines().count().max(1);
        let rest = &code[at + CRATE.len()..];
        let Some(list) = rest.strip_prefix('{') else {
            named.push((line, word(rest)));
            continue;
        };
        let mut depth = 0_usize;
        let mut begins = true;
        for (offset, letter) in list.char_indices() {
            match letter {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => begins = true,
                letter if is_word(letter) && begins => {
                    named.push((line, word(&list[offset..])));
                    begins = false;
                }
                _ => {}
            }
        }
    }
    named
}

fn uses_unsafe(source: &str) -> bool {
    split(source)
        .code
        .lines()
        .any(|line| has_word(line, "unsafe"))
}

/// A list that is not found must not pass for one that holds.
fn not_empty(items: &[(usize, String)], heading: &str) -> Vec<Finding> {
    match items {
        [] => vec![Finding::new(
            DOCUMENT,
            0,
            format!("there is no list under '{heading}'"),
        )],
        _ => Vec::new(),
    }
}

/// The items of the list under `heading`, each joined to one line, with the number of its first line.
fn section_items(tree: &Tree, heading: &str, begins: fn(&str) -> bool) -> Vec<(usize, String)> {
    let mut items: Vec<(usize, String)> = Vec::new();
    let lines = markdown::lines(tree.text(DOCUMENT).unwrap_or_default());
    let section = lines
        .skip_while(|l| l.text != heading)
        .skip(1)
        .take_while(|l| !l.text.starts_with("## "));
    let mut inside = false;
    for line in section {
        if begins(line.text) {
            items.push((line.number, line.text.to_owned()));
            inside = true;
        } else if line.text.starts_with("  ") && inside {
            if let Some((_, item)) = items.last_mut() {
                item.push(' ');
                item.push_str(line.text.trim());
            }
        } else {
            inside = false;
        }
    }
    items
}

/// Whether a file has a function of this name that is marked as a test.
fn has_test(tree: &Tree, file: &str, test: &str) -> bool {
    let Some(source) = tree.text(file) else {
        return false;
    };
    let code = split(source).code;
    let lines: Vec<&str> = code.lines().map(str::trim).collect();
    let header = format!("fn {test}(");
    lines.iter().enumerate().any(|(number, line)| {
        // Attributes and comments stand directly above.
        let above = lines[..number]
            .iter()
            .rev()
            .take_while(|l| l.is_empty() || l.starts_with('#'));
        has_word(line, &header) && above.into_iter().any(|l| *l == "#[test]")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

    fn document(heading: &str, list: &str) -> String {
        format!(
            "# Title\n\n1. Not this.\n\n{heading}\n\n{list}\n\n## After\n\n1. Nor this.\n- Nor that.\n"
        )
    }

    fn check_list(list: &str, expected: &[&str]) {
        let source = "#[test]\n// why\n#[ignore = \"x\"]\nfn holds() {}\n\nfn helper() {}\n// fn said() {}\n";
        let document = document(INVARIANTS, list);
        check(
            check_invariants,
            &[(DOCUMENT, &document), ("a/t.rs", source)],
            expected,
        );
    }

    #[test]
    fn invariants_name_tests_that_exist() {
        check_list("1. True, by `a/t.rs::holds`.", &[]);
        check_list(
            "1. True,\n   by `a/t.rs::holds`.\n2. Also: `a/t.rs::holds`.",
            &[],
        );
        check_list("1. True.", &["ARCHITECTURE.md:7"]);
        check_list(
            "1. By `a/t.rs::holds`.\n2. By `tests`.",
            &["ARCHITECTURE.md:8"],
        );
        check_list("1. By `a/t.rs::gone`.", &["ARCHITECTURE.md:7"]);
        check_list("1. By `a/t.rs::helper`.", &["ARCHITECTURE.md:7"]);
        check_list("1. By `a/t.rs::said`.", &["ARCHITECTURE.md:7"]);
        check_list("1. By `a/t.rs::hold`.", &["ARCHITECTURE.md:7"]);
        check_list(
            "1. By `gone.rs::holds` and `a/t.rs::holds`.",
            &["ARCHITECTURE.md:7"],
        );
        check_list("None yet.", &["ARCHITECTURE.md:0"]);
        check(check_invariants, &[], &["ARCHITECTURE.md:0"]);
    }

    fn check_files(list: &str, source: &str, expected: &[&str]) {
        let document = document(UNSAFE, list);
        check(
            check_unsafe,
            &[(DOCUMENT, &document), ("a/b.rs", source)],
            expected,
        );
    }

    #[test]
    fn unsafe_code_is_listed_with_a_reason() {
        check_files(
            "- `a/b.rs`: it implements an unsafe trait.",
            "unsafe impl X for Y {}",
            &[],
        );
        check_files(
            "- `a/b.rs`",
            "unsafe impl X for Y {}",
            &["ARCHITECTURE.md:7"],
        );
        check_files(
            "- `a/b.rs`: why.",
            "// unsafe\n#![deny(unsafe_code)]",
            &["ARCHITECTURE.md:7"],
        );
        check_files("- `gone.rs`: why.", "", &["ARCHITECTURE.md:7"]);
        check_files("- why.", "", &["ARCHITECTURE.md:7"]);
        check_files(
            "- `gone.rs`: why.",
            "unsafe { f() }",
            &["ARCHITECTURE.md:7", "a/b.rs:0"],
        );
        check_files("None.", "", &["ARCHITECTURE.md:0"]);
    }

    fn check_order(path: &str, source: &str, expected: &[&str]) {
        let list = "- `gas-bench/src/words.rs`: numbers.\n- `gas-bench/src/cargo/`: builds.\n- `gas-bench/src/render/`: text.\n\
                    - `report/src/render.rs`: text of its own.";
        let document = document(LAYERS, list);
        let files = [
            (DOCUMENT, document.as_str()),
            ("gas-bench/src/words.rs", ""),
            ("gas-bench/src/cargo/build.rs", ""),
            ("gas-bench/src/render.rs", "use crate::words::grouped;"),
            ("gas-bench/src/lib.rs", "pub use crate::render::render;"),
            ("report/src/render.rs", "use crate::cargo;"),
            (path, source),
        ];
        check(check_layers, &files, expected);
    }

    #[test]
    fn layers_use_what_stands_before_them() {
        let path = "gas-bench/src/cargo/lto.rs";
        let finding = ["gas-bench/src/cargo/lto.rs:1"];
        check_order(path, "use crate::words::grouped;", &[]);
        check_order(path, "use crate::cargo::Project;", &[]);
        check_order(path, "// use crate::render::render;", &[]);
        check_order(path, "use crate::render::render;", &finding);
        check_order(path, "use crate::{words, render::{a, b}};", &finding);
        check_order(path, "use crate::{\n    words,\n    render,\n};", &finding);
        check_order(
            path,
            "let x = 1;\nf(crate::render::y);",
            &["gas-bench/src/cargo/lto.rs:2"],
        );
        check_order("gas-bench/src/odd.rs", "", &["gas-bench/src/odd.rs:0"]);
        check_order("vm/src/run.rs", "use crate::render;", &[]);
        check(
            check_layers,
            &[(
                DOCUMENT,
                &document(LAYERS, "- `gas-bench/src/gone/`: nothing."),
            )],
            &["ARCHITECTURE.md:7"],
        );
        check(check_layers, &[], &["ARCHITECTURE.md:0"]);
    }
}
