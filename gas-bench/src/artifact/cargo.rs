//! What cargo says while it builds, reduced to what this crate wants to know.
//!
//! Lives here: following one cargo process and picking the first error out of its output. Not here: which command is
//! run and where (`workspace`).

use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use serde::Deserialize;

/// Why cargo did not succeed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Diagnosis {
    /// No standard library for the target.
    MissingTarget,
    /// The first error reported.
    Error(String),
}

/// Runs `cargo build --message-format=json`, telling `on_artifact` each file that is done and the name of its crate.
pub(crate) fn build(
    command: &mut Command,
    on_artifact: &mut dyn FnMut(&str, &Path),
) -> io::Result<Result<(), Diagnosis>> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    // Both pipes are drained at once: cargo would stand still as soon as the neglected one is full.
    let (diagnosis, stderr) = thread::scope(|scope| {
        let stderr = scope.spawn(|| {
            let mut text = Vec::new();
            stderr
                .map_or(Ok(0), |mut pipe| pipe.read_to_end(&mut text))
                .map(|_| text)
        });
        let mut diagnosis = None;
        for line in stdout
            .into_iter()
            .flat_map(|pipe| BufReader::new(pipe).lines())
        {
            match Line::parse(&line?) {
                Line::CompilerArtifact { target, filenames } => {
                    for file in filenames {
                        on_artifact(&target.name, &file);
                    }
                }
                Line::CompilerMessage { message } if diagnosis.is_none() => {
                    diagnosis = message.diagnose();
                }
                Line::CompilerMessage { .. } | Line::Other => {}
            }
        }
        let stderr = stderr
            .join()
            .unwrap_or_else(|_| Err(io::ErrorKind::Other.into()))?;
        io::Result::Ok((diagnosis, stderr))
    })?;
    if child.wait()?.success() {
        return Ok(Ok(()));
    }
    let reported = || Diagnosis::Error(first_error(&String::from_utf8_lossy(&stderr)));
    Ok(Err(diagnosis.unwrap_or_else(reported)))
}

/// The first error in what cargo or rustc wrote for readers, with its innermost cause, on one line.
pub(crate) fn first_error(stderr: &str) -> String {
    let mut lines = stderr
        .lines()
        .map(str::trim)
        .skip_while(|line| !line.starts_with("error"));
    let Some(error) = lines.next() else {
        let last = stderr.lines().map(str::trim).rfind(|line| !line.is_empty());
        return last.unwrap_or("it gives no reason").to_owned();
    };
    let error = error.trim_start_matches("error: ");
    match lines
        .skip_while(|&line| line != "Caused by:")
        .filter(|line| !line.is_empty())
        .last()
    {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_owned(),
    }
}

/// One line of `--message-format=json`.
#[derive(Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Line {
    CompilerArtifact {
        target: CrateTarget,
        filenames: Vec<PathBuf>,
    },
    CompilerMessage {
        message: Diagnostic,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct CrateTarget {
    name: String,
}

/// A message of the compiler.
#[derive(Deserialize)]
struct Diagnostic {
    level: String,
    message: String,
    spans: Vec<Span>,
    children: Vec<Self>,
}

#[derive(Deserialize)]
struct Span {
    is_primary: bool,
    file_name: String,
    line_start: u64,
}

impl Line {
    /// A line that is none of cargo's, such as a build script's, says nothing.
    fn parse(line: &str) -> Self {
        serde_json::from_str(line).unwrap_or(Self::Other)
    }
}

impl Diagnostic {
    /// What an error means for the build; `None` for warnings.
    fn diagnose(&self) -> Option<Diagnosis> {
        if self.level != "error" {
            return None;
        }
        if self
            .children
            .iter()
            .any(|child| child.message.contains("target may not be installed"))
        {
            return Some(Diagnosis::MissingTarget);
        }
        let place = self.spans.iter().find(|span| span.is_primary);
        let place = place.map(|span| format!(" ({} line {})", span.file_name, span.line_start));
        Some(Diagnosis::Error(format!(
            "{}{}",
            self.message,
            place.unwrap_or_default()
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_error_is_one_line() {
        for (stderr, error) in [
            ("", "it gives no reason"),
            ("Killed\n\n", "Killed"),
            ("warning: x\nerror: no such feature\n", "no such feature"),
            (
                "error[E0425]: cannot find value\nerror: aborting\n",
                "error[E0425]: cannot find value",
            ),
            (
                "    Updating index\nerror: failed to parse manifest at `Cargo.toml`\n\nCaused by:\n  bad table\n\n\
                 Caused by:\n  TOML parse error\n",
                "failed to parse manifest at `Cargo.toml`: TOML parse error",
            ),
        ] {
            assert_eq!(first_error(stderr), error, "{stderr:?}");
        }
    }

    #[test]
    fn compiler_messages_are_diagnosed() {
        let error = |text: &str| Some(Diagnosis::Error(text.to_owned()));
        for (line, diagnosis) in [
            ("not json", None),
            (r#"{"reason":"build-finished","success":false}"#, None),
            (
                r#"{"reason":"compiler-message","message":{"level":"warning","message":"unused","spans":[],
                "children":[]}}"#,
                None,
            ),
            (
                r#"{"reason":"compiler-message","message":{"level":"error","message":"can't find crate for `core`",
                "spans":[],"children":[{"level":"note","message":"the `wasm32-unknown-unknown` target may not be installed",
                "spans":[],"children":[]}]}}"#,
                Some(Diagnosis::MissingTarget),
            ),
            (
                r#"{"reason":"compiler-message","message":{"level":"error","message":"mismatched types","spans":[
                {"is_primary":false,"file_name":"a.rs","line_start":1},
                {"is_primary":true,"file_name":"b.rs","line_start":7}],"children":[]}}"#,
                error("mismatched types (b.rs line 7)"),
            ),
        ] {
            let found = match Line::parse(line) {
                Line::CompilerMessage { message } => message.diagnose(),
                Line::CompilerArtifact { .. } | Line::Other => None,
            };
            assert_eq!(found, diagnosis, "{line}");
        }
    }
}
