//! Runs every rule over the checkout itself. The rules, and the tests that each of them can fail, are in `src`.

use std::path::Path;

use tidy::{Finding, Tree, architecture, layout, licences, markdown, packages, privacy, words};

#[track_caller]
fn check(rule: fn(&Tree) -> Vec<Finding>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let tree = Tree::read(&root).expect("the checkout can be read");
    let findings: Vec<String> = rule(&tree).iter().map(Finding::to_string).collect();
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

#[test]
fn the_root_is_a_table_of_contents() {
    check(layout::check_root);
}

#[test]
fn every_source_opens_with_its_purpose() {
    check(layout::check_module_docs);
}

#[test]
fn no_source_is_overlong() {
    check(layout::check_length);
}

#[test]
fn lints_are_set_once() {
    check(layout::check_lints);
}

#[test]
fn packages_can_be_published() {
    check(packages::check);
}

#[test]
fn words_stand_where_they_may() {
    check(words::check);
}

#[test]
fn paths_and_links_resolve() {
    check(markdown::check);
}

#[test]
fn invariants_name_their_tests() {
    check(architecture::check_invariants);
}

#[test]
fn unsafe_code_is_where_the_architecture_says() {
    check(architecture::check_unsafe);
}

#[test]
fn layers_use_what_stands_before_them() {
    check(architecture::check_layers);
}

#[test]
fn nothing_private_is_in_the_files() {
    check(privacy::check);
}

#[test]
fn licences_are_allowed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let config = std::fs::read_to_string(root.join(".cargo/deny.toml"))
        .expect("the configuration can be read");
    // What is built here: other systems' crates, and those of features that are off, need not be downloaded for a test.
    let mut command = cargo_metadata::MetadataCommand::new();
    command.current_dir(&root).other_options(
        ["--locked", "--filter-platform", &host()]
            .map(str::to_owned)
            .to_vec(),
    );
    let metadata = command.exec().expect("cargo knows its own workspace");
    let packages: Vec<_> = metadata
        .packages
        .iter()
        .map(|package| licences::Package {
            name: &package.name,
            licence: package.license.as_deref(),
            known: package
                .source
                .as_ref()
                .is_none_or(cargo_metadata::Source::is_crates_io),
        })
        .collect();
    let findings = licences::check(&config, &packages).expect("the configuration can be read");
    let findings: Vec<_> = findings.iter().map(Finding::to_string).collect();
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

/// The name of the system that this is.
fn host() -> String {
    let output = std::process::Command::new("rustc").arg("-vV").output();
    let output = output.expect("what built this is there");
    let text = String::from_utf8(output.stdout).expect("it speaks ASCII");
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.expect("it says where it runs").to_owned()
}
