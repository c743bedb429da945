//! The rules of the project that rustc, clippy and rustfmt do not know. Each module is one kind of rule: data with the reason beside it,
//! and a pure function from a [`Tree`] to [`Finding`]s, tested here on small invented trees. What does not belong here: anything that reads
//! the disk, except [`tree`]; the run over the real checkout is `tests/tidy.rs`.

pub mod architecture;
pub mod layout;
pub mod licences;
pub mod markdown;
pub mod packages;
pub mod privacy;
mod rust;
pub mod tree;
pub mod words;

pub use tree::Tree;

/// One place where a rule does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file, relative to the root of the checkout.
    pub path: String,
    /// The line, from 1, or 0 for the file as a whole.
    pub line: usize,
    /// What is wrong and what to do about it.
    pub what: String,
}

impl Finding {
    fn new(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            what: what.into(),
        }
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.what),
            line => write!(f, "{}:{line}: {}", self.path, self.what),
        }
    }
}

#[cfg(test)]
mod testing {
    //! What the modules' own tests share.

    use crate::{Finding, Tree};

    /// Runs one rule over an invented tree and compares where it complains, as `path:line`.
    pub(crate) fn check(
        rule: fn(&Tree) -> Vec<Finding>,
        files: &[(&str, &str)],
        expected: &[&str],
    ) {
        let findings = rule(&Tree::invented(files));
        let found: Vec<String> = findings
            .iter()
            .map(|f| format!("{}:{}", f.path, f.line))
            .collect();
        assert_eq!(found, expected, "in {files:#?}\nit found {findings:#?}");
    }
}
