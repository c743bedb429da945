//! Faults planted in the allocators that only grow, and the tests that find them: a test that no fault makes fail proves nothing.
//!
//! Lives here: the faults, as changes of the source, and the tests of `simulated.rs` that must fail. Each fault is built and run in a copy
//! of the crate.
#![cfg(not(any(target_arch = "wasm32", miri)))]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A change in a file of `src`, and a test that finds it.
struct Mutation {
    fault: &'static str,
    file: &'static str,
    before: &'static str,
    after: &'static str,
    found_by: &'static str,
}

const MUTATIONS: &[Mutation] = &[
    Mutation {
        fault: "alignment is skipped",
        file: "compact.rs",
        before: "let first = next & align.wrapping_neg();",
        after: "let first = next & align.max(0);",
        found_by: "scripts",
    },
    Mutation {
        fault: "a block may end two pages on",
        file: "compact.rs",
        before: "if next ^ after >= PAGE_SIZE {",
        after: "if next ^ after >= 2 * PAGE_SIZE {",
        found_by: "model",
    },
    Mutation {
        fault: "somebody else's pages are taken for the heap's",
        file: "compact.rs",
        before: "if is_grown && next",
        after: "if !is_grown && next",
        found_by: "scripts",
    },
    Mutation {
        fault: "initial memory is passed over",
        file: "compact.rs",
        before: "let is_grown = end != ",
        after: "let is_grown = 0 != ",
        found_by: "initial_memory_is_used_before_more_is_asked_for",
    },
    Mutation {
        fault: "a refusal keeps the new state",
        file: "compact.rs",
        before: "let spare = after",
        after: "self.taken.set(after.wrapping_add(base)); let spare = after",
        found_by: "scripts",
    },
    Mutation {
        fault: "the memory grows by a page too many",
        file: "compact.rs",
        before: "self.pages.grow(lacking(spare, after))",
        after: "self.pages.grow(lacking(spare.wrapping_sub(65_536), after))",
        found_by: "scripts",
    },
    Mutation {
        fault: "the heap begins inside the static data",
        file: "compact.rs",
        before: "let base = self.pages.first().0;",
        after: "let base = self.pages.first().0.wrapping_sub(16);",
        found_by: "scripts",
    },
    Mutation {
        fault: "the last page of the address space is handed out",
        file: "compact.rs",
        before: "(after < PAGE_SIZE) as u32",
        after: "(after < 1) as u32",
        found_by: "scripts_next_to_4_gib",
    },
    Mutation {
        fault: "a block that moves loses its last byte",
        file: "compact.rs",
        before: "let kept = layout.size().min(new_size);",
        after: "let kept = layout.size().min(new_size).saturating_sub(1);",
        found_by: "scripts",
    },
    Mutation {
        fault: "any block grows in place",
        file: "heap.rs",
        before: "if after.min(more) == 0 {",
        after: "if after.min(0) == 0 {",
        found_by: "scripts",
    },
    Mutation {
        fault: "in place, a refusal keeps the new state",
        file: "heap.rs",
        before: "            self.set_last(last);\n            Addr(0)",
        after: "            let _ = last;\n            Addr(0)",
        found_by: "scripts",
    },
    Mutation {
        fault: "in place, a block before someone else's pages is not copied",
        file: "heap.rs",
        before: "if new > first {",
        after: "if new < first {",
        found_by: "scripts",
    },
];

/// Why no access fails: the checkout can be read, and cargo's folder for tests can be written.
const WRITABLE: &str = "the checkout and the target folder are there";

/// Creates a copy of the crate with what `simulated.rs` needs, and with nothing to download.
fn copy() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let copy = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("mutations");
    for folder in ["src", "src/checked", "tests/support"] {
        let to = copy.join(folder);
        fs::create_dir_all(&to).expect(WRITABLE);
        for entry in fs::read_dir(here.join(folder)).expect(WRITABLE) {
            let entry = entry.expect(WRITABLE);
            if entry.path().is_file() {
                fs::copy(entry.path(), to.join(entry.file_name())).expect(WRITABLE);
            }
        }
    }
    for file in ["README.md", "tests/simulated.rs"] {
        fs::copy(here.join(file), copy.join(file)).expect(WRITABLE);
    }
    let manifest = "[package]\nname = \"mini-alloc\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n[features]\nwee_alloc = []\n\
                    in-place = []\noutlined = []\ntrap-on-oom = []\nc-api = []\nbacktrace = []\n\n[workspace]\n";
    fs::write(copy.join("Cargo.toml"), manifest).expect(WRITABLE);
    copy
}

/// Whether the tests of `simulated.rs` pass in a copy of the crate: all, or one of them.
fn passes(copy: &Path, test: Option<&str>) -> bool {
    let output = Command::new(env!("CARGO"))
        .args(["test", "--test", "simulated", "--manifest-path"])
        .arg(copy.join("Cargo.toml"))
        .args(["--", "--exact"])
        .args(test)
        .env("CARGO_TARGET_DIR", copy.join("target"))
        .output()
        .expect("cargo runs, for it is running this test");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.contains("running ") && !text.contains("running 0 "),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.status.success()
}

/// Theorem: nothing fails without a fault, and each fault makes the test named beside it fail.
#[test]
fn each_fault_is_found() {
    let copy = copy();
    assert!(passes(&copy, None));
    for mutation in MUTATIONS {
        let file = copy.join("src").join(mutation.file);
        let source = fs::read_to_string(&file).unwrap();
        let fault = mutation.fault;
        assert_eq!(source.matches(mutation.before).count(), 1, "{fault}");
        fs::write(&file, source.replace(mutation.before, mutation.after)).unwrap();
        let passes = passes(&copy, Some(mutation.found_by));
        fs::write(&file, source).unwrap();
        assert!(!passes, "{fault}: {} does not find it", mutation.found_by);
    }
}
