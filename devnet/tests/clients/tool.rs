//! Running a program and reading its output.
//!
//! Lives here: where programs are, and the devnet they connect to. Not here: any of them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use stylus_devnet::{Config, Devnet, Handle};

/// The key of the dev account.
pub(crate) const KEY: &str = "0xb6b15c8cb491557369f3c7d2c287b053eb229daa9c22138887752191c9520659";

/// The folder where `scripts/setup` puts tools.
pub(crate) fn tools() -> PathBuf {
    let folder = std::env::var_os("STYLUS_KIT_TOOLS");
    folder
        .expect("STYLUS_KIT_TOOLS names the folder with the tools, as scripts/test sets it")
        .into()
}

/// A devnet of the test's own.
pub(crate) fn devnet() -> Handle {
    devnet_of(Config::default())
}

/// A devnet with other settings, at any free port.
pub(crate) fn devnet_of(config: Config) -> Handle {
    Devnet::start(Config { port: 0, ..config }).unwrap()
}

/// A program's output on both streams, without colours.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) is_success: bool,
    pub(crate) text: String,
}

impl Said {
    pub(crate) fn new(output: &Output) -> Self {
        let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
        let text = String::from_utf8_lossy(&text);
        let mut plain = String::new();
        let mut rest = &*text;
        while let Some(start) = rest.find("\u{1b}[") {
            plain.push_str(&rest[..start]);
            let end = rest[start..]
                .find('m')
                .map_or(rest.len(), |end| start + end + 1);
            rest = &rest[end..];
        }
        plain.push_str(rest);
        Self {
            is_success: output.status.success(),
            text: plain,
        }
    }

    /// The text after `label`, up to the next space.
    pub(crate) fn after(&self, label: &str) -> String {
        let at = self
            .text
            .rfind(label)
            .unwrap_or_else(|| panic!("no {label:?} in {}", self.text));
        let rest = &self.text[at + label.len()..];
        rest.split_whitespace()
            .next()
            .unwrap()
            .trim_matches('"')
            .to_owned()
    }

    /// Itself, if the program succeeded and printed `part`.
    #[track_caller]
    pub(crate) fn says(self, part: &str) -> Self {
        assert!(
            self.is_success && self.text.contains(part),
            "no {part:?} in {}",
            self.text
        );
        self
    }

    /// Itself, if the program failed and printed `part`.
    #[track_caller]
    pub(crate) fn fails_with(self, part: &str) -> Self {
        assert!(
            !self.is_success && self.text.contains(part),
            "no {part:?} in {}",
            self.text
        );
        self
    }
}

/// Runs a program in a folder.
pub(crate) fn run(
    program: &Path,
    arguments: &[&str],
    folder: &Path,
    environment: &[(&str, &str)],
) -> Said {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .envs(environment.iter().copied())
        .output();
    Said::new(&output.unwrap_or_else(|error| panic!("{}: {error}", program.display())))
}
