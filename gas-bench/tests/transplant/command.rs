//! The command: which files it writes, and what it says.

use std::fs;
use std::path::Path;

use stylus_cargo::postprocess;

use super::programs::{Mangling, Program};
use crate::support::run;

/// The output of the command in a folder with `token.wasm`; it must end with `code`.
fn said(folder: &Path, arguments: &[&str], code: i32) -> String {
    let output = run(folder, &[&["override"], arguments].concat());
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let said = text(output.stdout) + &text(output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    assert!(
        said.lines()
            .all(|line| line.chars().count() <= 100 || code != 0),
        "{said}"
    );
    said
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn folder(program: &Program) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("token.wasm"), program.wasm()).unwrap();
    folder
}

#[test]
fn files_are_written_where_they_are_asked_for() {
    let folder = folder(&Program::rust(Mangling::V0));
    let path = folder.path();
    let original = fs::read(path.join("token.wasm")).unwrap();

    let said_ = said(path, &["--list", "token.wasm"], 0);
    assert!(
        said_.starts_with("token.wasm carries wee_alloc, called by Rust's functions\n"),
        "{said_}"
    );
    assert!(said_.ends_with("It can be replaced.\n"), "{said_}");
    assert_eq!(files(path), ["token.wasm"]);

    let said_ = said(path, &["token.wasm"], 0);
    assert!(
        said_.starts_with("token-mini.wasm: MiniAlloc in the place of wee_alloc; "),
        "{said_}"
    );
    let mini = fs::read(path.join("token-mini.wasm")).unwrap();
    assert_eq!(postprocess(&mini).unwrap(), mini);
    assert_eq!(fs::read(path.join("token.wasm")).unwrap(), original);

    let said_ = said(path, &["token.wasm"], 1);
    assert_eq!(
        said_,
        "error: token-mini.wasm already exists; use --force to overwrite it, or --postfix\n"
    );
    said(
        path,
        &["--force", "--allocator", "mini", "-v", "token.wasm"],
        0,
    );
    said(
        path,
        &["--allocator", "reclaim", "--postfix", "-new", "token.wasm"],
        0,
    );
    assert_eq!(
        files(path),
        ["token-mini.wasm", "token-new.wasm", "token.wasm"]
    );
    assert_ne!(fs::read(path.join("token-new.wasm")).unwrap(), mini);

    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("token.wasm", path.join("token-link.wasm")).unwrap();
        let said_ = said(path, &["--force", "--postfix", "-link", "token.wasm"], 1);
        assert!(said_.contains("this command reads"), "{said_}");
        assert_eq!(fs::read(path.join("token.wasm")).unwrap(), original);
        fs::remove_file(path.join("token-link.wasm")).unwrap();
    }

    said(path, &["--inplace", "token.wasm"], 0);
    assert_eq!(fs::read(path.join("token.wasm")).unwrap(), mini);
    assert_eq!(fs::read(path.join("token.wasm.bak")).unwrap(), original);
    let said_ = said(path, &["--inplace", "token.wasm"], 1);
    assert_eq!(
        said_,
        "error: token.wasm.bak already exists and may be the original: move it away first\n"
    );
    assert_eq!(fs::read(path.join("token.wasm.bak")).unwrap(), original);
}

/// Theorem: a refusal leaves no file.
#[test]
fn what_is_refused_leaves_nothing() {
    let mut program = Program::rust(Mangling::V0);
    // The answer depends on the address of the block, which another allocator chooses differently.
    program.body += "(i32.store (i32.const 2040) (i32.load (i32.const 2048)))";
    let folder = folder(&program);
    let path = folder.path();
    fs::write(path.join("text.wasm"), "hello, world").unwrap();
    for (arguments, want) in [
        (
            vec!["text.wasm"],
            "error: text.wasm: it is not a wasm module (",
        ),
        (
            vec!["--list", "text.wasm"],
            "error: text.wasm: it is not a wasm module (",
        ),
        (
            vec!["absent.wasm"],
            "error: there is no file absent.wasm: name a compiled contract",
        ),
        (vec!["--measure", "0x", "token.wasm"], "error: token.wasm: "),
    ] {
        let said = said(path, &arguments, 1);
        assert!(said.starts_with(want), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert_eq!(files(path), ["text.wasm", "token.wasm"]);
    }
    for arguments in [
        vec![],
        vec!["--allocator", "std", "token.wasm"],
        vec!["--postfix", "", "token.wasm"],
        vec!["--postfix", "a/b", "token.wasm"],
        vec!["--list", "--inplace", "token.wasm"],
        vec!["--measure", "not a call", "token.wasm"],
    ] {
        said(path, &arguments, 2);
        assert_eq!(files(path), ["text.wasm", "token.wasm"]);
    }
}

#[test]
fn calls_are_measured_side_by_side() {
    let folder = folder(&Program::rust(Mangling::V0));
    let said = said(
        folder.path(),
        &["--measure", "0x", "--measure", "total()", "token.wasm"],
        0,
    );
    assert!(said.contains("total()"), "{said}");
    assert_eq!(files(folder.path()), ["token-mini.wasm", "token.wasm"]);
}
