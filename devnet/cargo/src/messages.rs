//! What cargo says while it builds, reduced to what this crate wants to know.
//!
//! Lives here: following one cargo process and picking the first error out of its output. Not here: which command is
//! run and where (`build`).

use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use serde::Deserialize;

use super::process::Running;

/// The most characters of a program's complaint that are reported.
const MOST_CHARACTERS: usize = 500;

/// The most characters that are kept of everything said about a failure.
const MOST_SAID: usize = 50_000;

/// What the lines begin with that say what cargo is doing.
const DOING: [&str; 7] = [
    "Blocking",
    "Compiling",
    "Downloaded",
    "Downloading",
    "Finished",
    "Locking",
    "Updating",
];

/// Cargo did not succeed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Failure {
    pub(super) diagnosis: Diagnosis,
    /// Everything that was said about it, for reading in full.
    pub(super) said: String,
}

/// Why cargo did not succeed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Diagnosis {
    /// No standard library for the target.
    MissingTarget,
    /// The lockfile is missing, or does not fit the manifests.
    Lockfile,
    /// The first error reported.
    Error(String),
}

/// Runs `cargo build --message-format=json`, passing `on_artifact` the name of the crate and the path of each file that is done.
pub(super) fn follow(
    command: &mut Command,
    on_artifact: &mut dyn FnMut(&str, &Path),
) -> io::Result<Result<(), Failure>> {
    let mut running = Running::start(
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped()),
    )?;
    let child = running.child();
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    // Both pipes are drained at once: cargo would stall as soon as the neglected one is full.
    let (reported, stderr) = thread::scope(|scope| {
        let stderr = scope.spawn(|| {
            let mut text = Vec::new();
            stderr
                .map_or(Ok(0), |mut pipe| pipe.read_to_end(&mut text))
                .map(|_| text)
        });
        let mut reported: Option<Failure> = None;
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
                Line::CompilerMessage { message } => {
                    if let Some(diagnosis) = message.diagnose() {
                        let said = String::new();
                        let failure = reported.get_or_insert(Failure { diagnosis, said });
                        failure.say(&message.rendered.unwrap_or(message.message));
                    }
                }
                Line::Other => {}
            }
        }
        let stderr = stderr
            .join()
            .unwrap_or_else(|_| Err(io::ErrorKind::Other.into()))?;
        io::Result::Ok((reported, stderr))
    })?;
    if running.wait()?.success() {
        return Ok(Ok(()));
    }
    let of_cargo = || Failure::of(&String::from_utf8_lossy(&stderr));
    Ok(Err(reported.unwrap_or_else(of_cargo)))
}

impl Failure {
    /// The failure that cargo, or what it ran, describes in its output for readers.
    pub(super) fn of(stderr: &str) -> Self {
        let mut failure = Self {
            diagnosis: match stderr.contains("--locked was passed") {
                true => Diagnosis::Lockfile,
                false => Diagnosis::Error(first_error(stderr)),
            },
            said: String::new(),
        };
        for line in stderr.lines() {
            let is_doing = |doing: &&str| line.trim_start().starts_with(*doing);
            if !DOING.iter().any(is_doing) {
                failure.say(line);
            }
        }
        failure
    }

    fn say(&mut self, more: &str) {
        if self.said.len() < MOST_SAID {
            let more: String = more.trim_end().chars().take(MOST_SAID).collect();
            self.said.push_str(&more);
            self.said.push('\n');
        }
    }
}

/// The first error in what cargo or rustc wrote for readers, with its causes, on one line; or the panic of what cargo ran.
pub fn first_error(stderr: &str) -> String {
    let mut lines = stderr.lines().map(str::trim_end);
    let found = lines.find(|line| line.starts_with("error") || is_panic(line));
    let Some(error) = found else {
        let last = stderr.lines().map(str::trim).rfind(|line| !line.is_empty());
        return shortened(last.unwrap_or("it gives no reason"));
    };
    if let Some((_, place)) = error.split_once(PANIC).filter(|_| is_panic(error)) {
        // The message is on the line below the place.
        let message = lines.next().unwrap_or_default().trim();
        return shortened(&format!("it panicked at {place} {message}"));
    }
    let mut told = error.trim_start_matches("error: ").to_owned();
    let mut has_cause = false;
    // Lines that belong to the error are indented, or say what to do, up to an empty line; then come the causes, the innermost last.
    let lines: Vec<&str> = lines.collect();
    let mut paragraphs = lines.split(|line| line.is_empty());
    let details = paragraphs.next().unwrap_or_default();
    let rest: Vec<&[&str]> = paragraphs.collect();
    let causes = rest.iter().position(|it| it.first() == Some(&"Caused by:"));
    if let Some(first) = causes {
        let mut causes: Vec<Vec<&str>> = Vec::new();
        for paragraph in &rest[first..] {
            match paragraph {
                ["Caused by:", cause @ ..] => causes.push(cause.to_vec()),
                // An indented paragraph continues the cause, such as with what the compiler said.
                more if more.first().is_some_and(|line| line.starts_with(' ')) => {
                    if let Some(last) = causes.last_mut() {
                        last.extend_from_slice(more);
                    }
                }
                _ => break,
            }
        }
        let innermost = causes.len().saturating_sub(1);
        for (level, cause) in causes.iter().enumerate() {
            let lines = cause
                .iter()
                .map(|line| line.trim())
                .filter(|line| is_told(line));
            let said: Vec<_> = match level == innermost {
                true => lines.collect(),
                false => lines.take(1).collect(),
            };
            if !said.is_empty() {
                has_cause = true;
                told = format!("{told}: {}", said.join(" "));
            }
        }
    }
    if told.starts_with(LINKING) {
        let mut notes: Vec<String> = Vec::new();
        for line in details {
            match (line.trim().strip_prefix("= note: "), notes.last_mut()) {
                (Some(note), _) => notes.push(note.trim().to_owned()),
                (None, Some(note)) => *note = format!("{note} {}", line.trim()),
                (None, None) => {}
            }
        }
        told.push_str(&said_by_linker(notes.iter().map(String::as_str)));
    } else if !has_cause && !error.starts_with("error[") {
        // Lines after a colon that are not indented say which files are meant, and the next ones what to do about them.
        let is_indented = details.first().is_some_and(|line| line.starts_with(' '));
        let is_begun = error.ends_with(':') && !is_indented;
        let advice = rest.first().filter(|_| is_begun);
        for line in details.iter().chain(advice.copied().unwrap_or_default()) {
            let is_more = is_begun || line.starts_with(' ') || line.starts_with("help:");
            let line = line.trim();
            if is_more && is_told(line) && !line.starts_with("-->") {
                told = format!("{told} {line}");
            }
        }
    }
    shortened(&told)
}

/// How the compiler's error begins if it has started a linker in vain.
const LINKING: &str = "linking with ";

/// What the linker itself says, by the notes on such an error. The compiler begins with the command, which hides the rest.
fn said_by_linker<'a>(mut notes: impl Iterator<Item = &'a str>) -> String {
    let is_command = |note: &str| note.contains("\" \"") || note.starts_with("some arguments are ");
    let said = notes.find(|note| !is_command(note)).unwrap_or_default();
    let words: Vec<_> = said.split_whitespace().collect();
    match words.is_empty() {
        true => String::new(),
        false => format!(": {}", shortened(&words.join(" "))),
    }
}

/// What stands between the name of a thread and the place where it panicked.
const PANIC: &str = " panicked at ";

fn is_panic(line: &str) -> bool {
    line.starts_with("thread '") && line.contains(PANIC)
}

/// Whether a line is prose: not an excerpt of a file, nor a mark below one.
fn is_told(line: &str) -> bool {
    let behind_number = line
        .trim_start_matches(|it: char| it.is_ascii_digit())
        .trim_start();
    !behind_number.starts_with('|') && line.chars().any(char::is_alphanumeric)
}

fn shortened(text: &str) -> String {
    let mut characters = text.trim().chars();
    let head: String = characters.by_ref().take(MOST_CHARACTERS).collect();
    match characters.next() {
        None => head,
        Some(_) => format!("{head}…"),
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
    /// As the compiler would have written it for readers.
    #[serde(default)]
    rendered: Option<String>,
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
    /// Parses a line. One that is not cargo's, such as a build script's, says nothing.
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
        let notes = self.children.iter().map(|child| child.message.as_str());
        let by_linker = match self.message.starts_with(LINKING) {
            true => said_by_linker(notes),
            false => String::new(),
        };
        let place = place.unwrap_or_default();
        Some(Diagnosis::Error(format!(
            "{}{place}{by_linker}",
            self.message
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
                "failed to parse manifest at `Cargo.toml`: bad table: TOML parse error",
            ),
            (
                "error: failed to parse manifest at `/x/Cargo.toml`\n\nCaused by:\n  feature `edition2024` is required\n\n  \
                 The package requires the Cargo feature called `edition2024`.\n  See https://doc.rust-lang.org for more.\n",
                "failed to parse manifest at `/x/Cargo.toml`: feature `edition2024` is required The package requires the Cargo \
                 feature called `edition2024`. See https://doc.rust-lang.org for more.",
            ),
            (
                "error: rustc 1.71.0 is not supported by the following package:\n  a@0.1.0 requires rustc 1.85\n\nsomething else",
                "rustc 1.71.0 is not supported by the following package: a@0.1.0 requires rustc 1.85",
            ),
            (
                "error: toolchain '1.91' is not installed\nhelp: run `rustup toolchain install 1.91` to install it\n",
                "toolchain '1.91' is not installed help: run `rustup toolchain install 1.91` to install it",
            ),
            (
                "error: failed to run `rustc` to learn about target-specific information\n\nCaused by:\n  process didn't exit \
                 successfully: `rustc -`\n  --- stderr\n  error: Could not find specification for target\n",
                "failed to run `rustc` to learn about target-specific information: process didn't exit successfully: `rustc -` \
                 --- stderr error: Could not find specification for target",
            ),
            (
                "error: failed to parse manifest\n\nCaused by:\n  TOML parse error at line 3, column 1\n    |\n  3 | nonsense\n    \
                 | ^\n  key with no value\n",
                "failed to parse manifest: TOML parse error at line 3, column 1 key with no value",
            ),
            (
                "error: current package believes it's in a workspace when it's not:\ncurrent:   /w/a/Cargo.toml\nworkspace: /w/Cargo.toml\n\n\
                 this may be fixable by adding `a` to the array\nAlternatively, keep it out\n\nmore\n",
                "current package believes it's in a workspace when it's not: current:   /w/a/Cargo.toml workspace: /w/Cargo.toml this may be \
                 fixable by adding `a` to the array Alternatively, keep it out",
            ),
            (
                "error: linking with `cc` failed: exit status: 1\n  |\n  = note:  \"cc\" \"-m64\" \"/x/y.o\"\n  = note: some arguments are \
                 omitted. use `--verbose` to show all linker arguments\n  = note: xcrun: error: invalid active developer path\n          \
                 missing xcrun\n          \n\nerror: could not compile `x`\n",
                "linking with `cc` failed: exit status: 1: xcrun: error: invalid active developer path missing xcrun",
            ),
            (
                "\nthread 'main' (7) panicked at src/main.rs:3:5:\nno interface today\nstack backtrace:\n   0: std\nnote: Some \
                 details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.\n",
                "it panicked at src/main.rs:3:5: no interface today",
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
            (
                r#"{"reason":"compiler-message","message":{"level":"error","message":"linking with `cc` failed: exit status: 1",
                "spans":[],"children":[{"level":"note","message":" \"cc\" \"-m64\"","spans":[],"children":[]},
                {"level":"note","message":"some arguments are omitted.","spans":[],"children":[]},
                {"level":"note","message":"ld: no space\n  left","spans":[],"children":[]}]}}"#,
                error("linking with `cc` failed: exit status: 1: ld: no space left"),
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
