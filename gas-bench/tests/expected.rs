//! Expected results, in files that `BLESS=1 cargo test` rewrites.
//!
//! Lives here: comparing with such a file, and what holds for every table. Not here: what the files contain.

use std::fs;
use std::path::Path;

use stylus_devnet::testing::gas::is_blessed;

/// Checks that the file at `path`, relative to the crate's folder, holds `text`; with `BLESS`, writes `text` to it first.
#[track_caller]
pub(crate) fn check(path: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if is_blessed() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    let differs = text
        .lines()
        .zip(expected.lines())
        .find(|(now, then)| now != then);
    assert!(
        text == expected,
        "{path} has changed; BLESS=1 accepts it. First difference, now and then: {differs:#?}"
    );
}

/// Checks that no line of `table` is wider than a terminal of 100 columns.
#[track_caller]
pub(crate) fn check_width(table: &str) {
    for line in table.lines() {
        assert!(line.chars().count() <= 100, "too wide: {line}");
    }
}
