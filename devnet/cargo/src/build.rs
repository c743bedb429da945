//! Cargo at work on a contract.
//!
//! Lives here: what a build is, and the one way to run it, as `cargo stylus` does; and what a contract prints of its ABI. Not here: what
//! cargo says meanwhile (`messages`), nor what happens to the module afterwards (`recipe`, `artifact`).

use std::collections::BTreeMap;
use std::env;
use std::fs::{self, File};
use std::io;
#[cfg(unix)]
use std::os::unix::fs::symlink as link;
use std::path::{Path, PathBuf};
use std::process::Command;

use stylus_vm::process::without_debug;

use super::messages::{Diagnosis, Failure, follow};
use super::project::build_dir;
use super::shelf::Shelf;
use super::toolchain::is_chosen_below;
use super::{
    BuildTarget, CargoError, ContractPackage, CrateTypes, OptLevel, Project, TARGET, Toolchain,
    changed, flags, process,
};

/// The folder, among those of a workspace, that contracts are built in.
pub(super) const REPORT: &str = "report";

/// The folder, among those of a workspace, of programs that print a contract's ABI.
const ABI: &str = "abi";

/// The folder of the profile that contracts are built with.
const PROFILE: &str = "release";

/// The first LLVM whose linker keeps a section that it is told to, whatever else it strips.
const LLVM_KEEPS_SECTIONS: u32 = 17;

/// Variables that are meant for builds other than a contract's: flags for this machine's compiler, say, or those of a coverage tool.
const OF_OTHER_BUILDS: [&str; 8] = [
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_INCREMENTAL",
    "CARGO_BUILD_INCREMENTAL",
    "RUSTC_WORKSPACE_WRAPPER",
    "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER",
];

/// The sections with names and lines.
const KEPT_SECTIONS: [&str; 6] = [
    "name",
    ".debug_abbrev",
    ".debug_info",
    ".debug_line",
    ".debug_ranges",
    ".debug_str",
];

/// How linkers say that a program has no `main`: GNU's, LLVM's and Apple's.
const NO_MAIN: [&str; 3] = [
    "undefined reference to `main'",
    "undefined symbol: main",
    "\"_main\", referenced from",
];

/// A folder to build in cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be used: {source}; make it a folder you may write to", path.display())]
pub struct TargetDirError {
    /// The folder.
    pub path: PathBuf,
    /// Why it cannot be used.
    pub source: io::Error,
}

/// Cargo built no wasm for the contract.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The toolchain cannot compile to wasm.
    #[error("the toolchain has no {TARGET} target; run `rustup target add {TARGET}{}`", .0.argument())]
    MissingTarget(Toolchain),
    /// Cargo would have to write the lockfile first.
    #[error(
        "Cargo.lock is missing or does not fit Cargo.toml, and is left as it is, as `cargo stylus` leaves it; write it with \
         `cd {} && cargo metadata --format-version 1 >/dev/null`, and commit it",
        quoted(folder)
    )]
    Lockfile {
        /// Where cargo was started.
        folder: PathBuf,
    },
    /// A crate does not compile, or cargo does not get that far.
    #[error("it does not build: {message}; `{command}` shows the whole error")]
    Failed {
        /// The first error reported.
        message: String,
        /// The command that repeats it.
        command: String,
        /// All that the compiler, or cargo, says about it.
        said: String,
    },
    /// Its program cannot print its ABI.
    #[error(
        "it has no `main` that prints its ABI, with the feature `export-abi`; `{command}` shows the whole error"
    )]
    NoMain {
        /// The command that repeats it.
        command: String,
    },
    /// Cargo does not run.
    #[error("the build cannot be run: {0}; check that cargo works")]
    Io(#[from] io::Error),
    /// The target folder cannot be used.
    #[error(transparent)]
    TargetDir(#[from] TargetDirError),
    /// Cargo succeeded but the wasm is not where it belongs.
    #[error("the build left no wasm at {}: {source}; check the crate's `crate-type`", path.display())]
    NoWasm {
        /// Where it was expected.
        path: PathBuf,
        /// What is wrong with it.
        source: io::Error,
    },
}

/// What a build depends on in addition to the sources.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct BuildSettings {
    /// Features to enable.
    pub features: Vec<String>,
    /// Whether the default features are disabled.
    pub no_default_features: bool,
    /// The kinds of library to build, instead of the manifest's.
    pub crate_types: Option<CrateTypes>,
    /// Whether to ask for link-time optimisation although the workspace does not.
    pub asks_for_lto: bool,
    /// The profile's `opt-level`, instead of the author's.
    pub level: Option<OptLevel>,
    /// Whether to leave out variables that say how something else is built, such as a test or this program: they would make a different
    /// contract, and flags among them replace the workspace's own.
    pub without_variables: bool,
    /// Whether the compiler hides where the sources are, so that the same sources make the same contract in every folder. What `cargo
    /// stylus` deploys names the folders.
    pub reproducible: bool,
}

impl BuildSettings {
    /// Cargo's arguments for features, these and one `more`.
    pub fn feature_arguments(&self, more: Option<&str>) -> Vec<String> {
        let features: Vec<_> = self
            .features
            .iter()
            .map(String::as_str)
            .chain(more)
            .collect();
        let mut arguments = Vec::new();
        if !features.is_empty() {
            arguments.extend(["--features".to_owned(), features.join(",")]);
        }
        if self.no_default_features {
            arguments.push("--no-default-features".to_owned());
        }
        arguments
    }

    /// Arguments that apply only to the contract itself.
    fn kinds(&self) -> Vec<String> {
        let mut arguments = Vec::new();
        if let Some(types) = self.crate_types {
            arguments.extend(["--crate-type", types.name()].map(str::to_owned));
        }
        if self.asks_for_lto {
            arguments.extend(["--config", "profile.release.lto=true"].map(str::to_owned));
        }
        arguments
    }
}

/// Which targets of a package to build.
#[derive(Clone, Copy, Debug)]
pub enum Targets<'a> {
    /// The contract, with the names of its functions and its lines.
    Contract(&'a BuildTarget),
    /// Every example, as the profile says.
    Examples,
}

/// One run of cargo that leaves modules.
#[derive(Debug)]
pub struct Build<'a> {
    /// What decides the toolchain.
    pub toolchain: Toolchain,
    /// Where cargo is started: the package's folder.
    pub folder: &'a Path,
    /// The package's name.
    pub package: &'a str,
    /// Which of its targets to build.
    pub targets: Targets<'a>,
    /// How to build them.
    pub settings: &'a BuildSettings,
    /// Further settings of cargo, as its arguments.
    pub more: &'a [String],
    /// Flags for the compiler, in addition to those of the workspace.
    pub flags: &'a [String],
    /// The folder to build into. The caller holds its lock.
    pub into: &'a Path,
}

impl Build<'_> {
    /// Runs cargo, which reuses what it has built of the same `made_of`; without one, contracts are linked again. Returns the modules by
    /// the names of their crates.
    ///
    /// # Errors
    /// If cargo fails.
    pub fn run(
        &self,
        made_of: Option<&str>,
        on_crate: &mut dyn FnMut(&str),
    ) -> Result<BTreeMap<String, PathBuf>, BuildError> {
        let arguments = self.arguments();
        if let Targets::Contract(target) = self.targets {
            let module = target.module();
            // Several packages can have libraries of the same name.
            let made_of = made_of.map(|more| self.made_of(&arguments, more));
            let shelf = Shelf::new(self.into, self.release(), self.package, &module);
            shelf.lay_out(made_of.as_deref())?;
        }
        let mut modules = BTreeMap::new();
        let ended = follow(&mut self.command(&arguments), &mut |name, file| {
            on_crate(name);
            if file.extension().is_some_and(|ending| ending == "wasm") {
                modules.insert(name.replace('-', "_"), file.to_owned());
            }
        })?;
        ended.map_err(|failure| failed(failure, self.toolchain, self.folder, &arguments))?;
        Ok(modules)
    }

    /// Cargo with `arguments`, and with what a user who repeats the command need not give.
    fn command(&self, arguments: &[String]) -> Command {
        let mut command = self.toolchain.cargo(self.folder);
        command
            .args(arguments)
            .args(self.more)
            .arg("--message-format=json")
            .arg("--target-dir")
            .arg(self.into)
            // Otherwise a workspace's settings could move it elsewhere.
            .env("CARGO_BUILD_BUILD_DIR", self.into);
        if self.settings.without_variables {
            for name in OF_OTHER_BUILDS {
                command.env_remove(name);
            }
        }
        if !self.flags.is_empty() {
            flags::add(
                &mut command,
                self.folder,
                self.flags,
                self.settings.without_variables,
            );
        }
        if let Some(level) = self.settings.level {
            command.env(OptLevel::VARIABLE, level.name());
        }
        if let Targets::Contract(_) = self.targets {
            // For the last crate alone: as a setting of the profile it would give every crate different symbols, and so a different order,
            // and have each rebuilt. What is inlined from the others or generic in them is compiled here, and has lines, too.
            command.args(["--", "-C", "debuginfo=1", "-C", "strip=none"]);
            // Up to 1.83, cargo's own flag follows this one; then the linker is told what to keep.
            match self.toolchain.llvm(self.folder) {
                Some(version) if version < LLVM_KEEPS_SECTIONS => {
                    command.env("CARGO_PROFILE_RELEASE_STRIP", "none");
                }
                _ => {
                    for section in KEPT_SECTIONS {
                        command.args(["-C", &format!("link-arg=--keep-section={section}")]);
                    }
                }
            }
        }
        command
    }

    /// Like [`Self::run`], for a contract; returns its module.
    ///
    /// # Errors
    /// If cargo fails or leaves no wasm.
    pub fn module(
        &self,
        target: &BuildTarget,
        made_of: Option<&str>,
        on_crate: &mut dyn FnMut(&str),
    ) -> Result<Vec<u8>, BuildError> {
        let mut modules = self.run(made_of, on_crate)?;
        let module = target.module();
        let path = modules.remove(&module.replace('-', "_"));
        let path = path.unwrap_or_else(|| self.release().join(format!("{module}.wasm")));
        fs::read(&path).map_err(|source| BuildError::NoWasm { path, source })
    }

    fn arguments(&self) -> Vec<String> {
        let mut arguments: Vec<String> = match self.targets {
            Targets::Contract(BuildTarget::Library(_)) => vec!["rustc".into(), "--lib".into()],
            Targets::Contract(BuildTarget::Program(name)) => {
                vec!["rustc".into(), "--bin".into(), name.clone()]
            }
            Targets::Examples => vec!["build".into(), "--examples".into()],
        };
        let fixed = ["--locked", "--release", "--target", TARGET, "--package"];
        arguments.extend(fixed.map(str::to_owned));
        arguments.push(self.package.to_owned());
        arguments.extend(self.settings.feature_arguments(None));
        arguments.extend(self.settings.kinds());
        arguments
    }

    /// The folder to which cargo writes what it builds for the chain.
    fn release(&self) -> PathBuf {
        self.into.join(TARGET).join(PROFILE)
    }

    /// The file in which cargo lists what a module was made of.
    fn dependencies(&self, module: &str) -> PathBuf {
        self.release().join(format!("{module}.d"))
    }

    /// Everything that decides which of several modules of one name is meant.
    fn made_of(&self, arguments: &[String], more: &str) -> String {
        let decides = |name: &str| {
            ["CARGO_PROFILE_", "CARGO_BUILD_", "CARGO_TARGET_"]
                .iter()
                .any(|prefix| name.starts_with(prefix))
                || ["RUSTUP_TOOLCHAIN", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"].contains(&name)
        };
        let variables = env::vars_os().filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            decides(&name).then(|| format!("{name}={}", value.to_string_lossy()))
        });
        let mut lines: Vec<_> = variables.collect();
        lines.sort();
        lines.push(self.folder.display().to_string());
        lines.push(arguments.join(" "));
        lines.push(format!("{:?}", self.settings));
        lines.push(self.toolchain.compiler(self.folder).unwrap_or_default());
        lines.push(more.to_owned());
        let files = flags::settings(self.folder);
        lines.extend(files.iter().map(ToString::to_string));
        lines.join("\n")
    }
}

impl Project {
    /// The compiler in use, as it names itself; all of them, separated by commas, if members choose their own.
    ///
    /// # Errors
    /// If there is no compiler.
    pub fn compiler(&self) -> Result<String, CargoError> {
        let (own, others): (Vec<_>, Vec<_>) = self
            .contracts
            .iter()
            .partition(|contract| is_chosen_below(&self.root, &contract.folder));
        let mut names = Vec::new();
        if !others.is_empty() || own.is_empty() {
            names.push(self.toolchain.compiler(match others.as_slice() {
                [only] => &only.folder,
                // The folder whose settings apply if no single contract does.
                _ => &self.root,
            })?);
        }
        for contract in own {
            match contract.toolchain.compiler(&contract.folder) {
                Ok(name) if names.contains(&name) => {}
                Ok(name) => names.push(name),
                Err(error) if self.contracts.len() == 1 => return Err(error),
                // The build of that one reports it, and the others have figures.
                Err(_) => {}
            }
        }
        Ok(names.join(", "))
    }

    /// Builds a contract as `cargo stylus` does in its folder, but keeps the names of its functions, and stores its lines elsewhere:
    /// neither is part of what is deployed.
    ///
    /// # Errors
    /// If cargo fails or leaves no wasm.
    pub fn build(
        &self,
        contract: &ContractPackage,
        settings: &BuildSettings,
        on_crate: &mut dyn FnMut(&str),
    ) -> Result<Vec<u8>, BuildError> {
        let into = self.build_dir(REPORT);
        let _alone = lock(&into)?;
        share_host_builds(&self.target_dir, &self.root, &into)?;
        changed::forget(&into, &self.profiles(contract)).map_err(TargetDirError::of(&into))?;
        // After a profile was changed and changed back, cargo takes the module in between for fresh.
        let manifests = [&self.root, &contract.folder].map(|folder| folder.join("Cargo.toml"));
        let manifests = manifests.map(|path| fs::read_to_string(path).unwrap_or_default());
        let build = Build {
            toolchain: contract.toolchain,
            folder: &contract.folder,
            package: &contract.name,
            targets: Targets::Contract(&contract.target),
            settings,
            more: &[],
            flags: &self.hidden(settings),
            into: &into,
        };
        let wasm = build.module(&contract.target, Some(&manifests.join("\n")), on_crate)?;
        changed::remember(&into, &build.dependencies(&contract.target.module()))?;
        self.keep_lines(&wasm)?;
        // Bytes that are not a module are reported where they are used.
        Ok(without_debug(&wasm).unwrap_or(wasm))
    }

    /// Builds the examples of a package, and returns the module of each by its name.
    ///
    /// # Errors
    /// If cargo fails or leaves no wasm.
    pub fn build_examples(
        &self,
        package: &str,
        settings: &BuildSettings,
    ) -> Result<BTreeMap<String, Vec<u8>>, BuildError> {
        let into = self.build_dir("examples");
        // Until the files are read, no other variant may be linked to the same names.
        let _alone = lock(&into)?;
        let build = Build {
            toolchain: self.toolchain,
            folder: &self.root,
            package,
            targets: Targets::Examples,
            settings,
            more: &[],
            flags: &self.hidden(settings),
            into: &into,
        };
        let read = |(name, path): (String, PathBuf)| match fs::read(&path) {
            Ok(wasm) => Ok((name, wasm)),
            Err(source) => Err(BuildError::NoWasm { path, source }),
        };
        build
            .run(None, &mut |_| {})?
            .into_iter()
            .map(read)
            .collect()
    }

    /// The flags by which the compiler hides where the sources are, if it should.
    fn hidden(&self, settings: &BuildSettings) -> Vec<String> {
        match settings.reproducible {
            true => flags::remapped(&self.root),
            false => Vec::new(),
        }
    }

    /// What a contract prints about itself when it is asked for `what`: its `abi` or its `constructor`.
    ///
    /// # Errors
    /// If it does not build for this machine, or fails.
    pub fn ask(
        &self,
        contract: &ContractPackage,
        settings: &BuildSettings,
        what: &str,
    ) -> Result<String, BuildError> {
        let mut arguments: Vec<String> =
            ["run", "--locked", "--quiet", "--package", &contract.name]
                .map(str::to_owned)
                .into();
        arguments.extend(settings.feature_arguments(Some("export-abi")));
        let host = contract.toolchain.host(&contract.folder);
        arguments.extend(host.map(|host| format!("--target={host}")));
        let built = self.build_dir(REPORT);
        let alone = lock(&built)?;
        changed::forget(&built, &self.profiles(contract)).map_err(TargetDirError::of(&built))?;
        drop(alone);
        let mut command = contract.toolchain.cargo(&contract.folder);
        command
            .args(&arguments)
            .arg("--target-dir")
            .arg(self.build_dir(ABI))
            .env(
                "CARGO_BUILD_BUILD_DIR",
                host_builds(&self.target_dir, &self.root, ABI),
            )
            // The first lines of a panic say enough about it.
            .env("RUST_BACKTRACE", "0")
            .args(["--", what]);
        let output = process::output(&mut command)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let stderr = String::from_utf8_lossy(&output.stderr);
        arguments.extend(["--".to_owned(), what.to_owned()]);
        if NO_MAIN.iter().any(|words| stderr.contains(words)) {
            let command = command_line(&contract.folder, &arguments);
            return Err(BuildError::NoMain { command });
        }
        Err(failed(
            Failure::of(&stderr),
            contract.toolchain,
            &contract.folder,
            &arguments,
        ))
    }

    /// The folders that cargo builds in, for the chain and for this machine.
    fn profiles(&self, contract: &ContractPackage) -> [PathBuf; 4] {
        let report = self.build_dir(REPORT);
        // Before 1.91 cargo knows one folder only.
        let abi = [
            self.build_dir(ABI),
            host_builds(&self.target_dir, &self.root, ABI),
        ];
        let host = contract.toolchain.host(&contract.folder);
        let host = host.unwrap_or_default();
        let [own, shared] = abi.map(|folder| folder.join(&host).join("debug"));
        [
            report.join(TARGET).join(PROFILE),
            report.join(PROFILE),
            own,
            shared,
        ]
    }
}

impl TargetDirError {
    /// Tells that `path` cannot be used.
    pub(super) fn of(path: &Path) -> impl Fn(io::Error) -> Self {
        |source| Self {
            path: path.to_owned(),
            source,
        }
    }
}

/// A call of cargo as a shell takes it, whatever the folder's name.
fn command_line(folder: &Path, arguments: &[String]) -> String {
    let arguments = arguments.iter().map(String::as_str);
    // A shell has no way to write a zero byte, and no argument has one.
    let arguments = shlex::try_join(arguments).unwrap_or_default();
    format!("cd {} && cargo {arguments}", quoted(folder))
}

fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    shlex::try_quote(&path).map_or_else(|_| path.clone(), std::borrow::Cow::into_owned)
}

/// The error for cargo's failure with `arguments` in a folder.
fn failed(
    failure: Failure,
    toolchain: Toolchain,
    folder: &Path,
    arguments: &[String],
) -> BuildError {
    match failure.diagnosis {
        Diagnosis::MissingTarget => BuildError::MissingTarget(toolchain),
        Diagnosis::Lockfile => BuildError::Lockfile {
            folder: folder.to_owned(),
        },
        Diagnosis::Error(message) => BuildError::Failed {
            message,
            command: command_line(folder, arguments),
            said: failure.said,
        },
    }
}

/// Locks a folder for building, until the file is dropped.
///
/// # Errors
/// If the folder cannot be used.
pub fn lock(folder: &Path) -> Result<File, TargetDirError> {
    let locked = || {
        fs::create_dir_all(folder)?;
        let file = File::create(folder.join("gas-bench.lock"))?;
        file.lock()?;
        Ok(file)
    };
    locked().map_err(TargetDirError::of(folder))
}

/// Lets cargo find in `into` what it has built of a workspace for this machine, and the other way round: the SDK's macros and what they are
/// made of, which take longer than a contract. The lock on these is cargo's, and lies with them. A folder that is there already stays as it
/// is; where no link can be made, both are built in.
///
/// # Errors
/// If the folders cannot be used.
pub(super) fn share_host_builds(
    target_dir: &Path,
    root: &Path,
    into: &Path,
) -> Result<(), TargetDirError> {
    let from = host_builds(target_dir, root, REPORT);
    let [from, into] = [&from, into].map(|folder| folder.join(PROFILE));
    fs::create_dir_all(&from).map_err(TargetDirError::of(&from))?;
    // One that leads elsewhere was made before the project was moved.
    if fs::read_link(&into).is_ok_and(|to| to != from) {
        fs::remove_file(&into).map_err(TargetDirError::of(&into))?;
    }
    let _ = link(&from, &into);
    Ok(())
}

/// Where cargo has compiled things for this machine, or where it does so for `what`: the author's target folder, unless it lies elsewhere and
/// so may be that of several checkouts, each with macros of the same name.
fn host_builds(target_dir: &Path, root: &Path, what: &str) -> PathBuf {
    match target_dir.starts_with(root) {
        true => target_dir.to_owned(),
        false => build_dir(target_dir, root).join(what),
    }
}

/// Elsewhere links are not everybody's.
#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn builds_for_this_machine_are_shared() {
        let folder = tempfile::tempdir().unwrap();
        let [from, own, new] = ["from", "own", "new"].map(|name| folder.path().join(name));
        fs::create_dir_all(own.join("release")).unwrap();
        fs::create_dir_all(&new).unwrap();
        let share = |from: &Path, into: &Path| share_host_builds(from, folder.path(), into);
        for into in [&own, &new, &new] {
            share(&from, into).unwrap();
        }
        fs::write(from.join("release/macro"), "").unwrap();
        assert!(new.join("release/macro").exists() && !own.join("release/macro").exists());
        // After `cargo clean` of what is linked to, and after it was moved.
        fs::remove_dir_all(&from).unwrap();
        share(&from, &new).unwrap();
        assert!(fs::read_dir(new.join("release")).is_ok());
        let moved = folder.path().join("moved");
        fs::rename(&from, &moved).unwrap();
        share(&moved, &new).unwrap();
        fs::write(moved.join("release/macro"), "").unwrap();
        assert!(new.join("release/macro").exists() && !from.exists());
        // Of a target folder that is not the workspace's own, those of its reports are shared.
        let root = folder.path().join("root");
        let report = build_dir(&moved, &root).join(REPORT);
        for into in [&report, &from] {
            fs::create_dir_all(into).unwrap();
            share_host_builds(&moved, &root, into).unwrap();
        }
        fs::write(report.join("release/other"), "").unwrap();
        assert!(from.join("release/other").exists() && !new.join("release/other").exists());
    }

    #[test]
    fn commands_are_words_for_a_shell() {
        let check = |folder: &str, expected: &str| {
            let arguments = ["run".to_owned(), "--config".to_owned(), "a = 1".to_owned()];
            assert_eq!(command_line(Path::new(folder), &arguments), expected);
        };
        check("/a/b", "cd /a/b && cargo run --config 'a = 1'");
        check(
            "/my contracts",
            "cd '/my contracts' && cargo run --config 'a = 1'",
        );
    }

    /// Theorem: how a test is built does not affect the contract that it builds, and the author's own variables apply where they are meant.
    #[test]
    fn variables_of_other_builds_are_left_out() {
        for without_variables in [false, true] {
            let settings = BuildSettings {
                without_variables,
                ..BuildSettings::default()
            };
            let build = Build {
                toolchain: Toolchain::Ours,
                folder: Path::new("."),
                package: "it",
                targets: Targets::Examples,
                settings: &settings,
                more: &[],
                flags: &[],
                into: Path::new("target"),
            };
            let command = build.command(&build.arguments());
            let is_removed = |name: &str| command.get_envs().any(|it| it == (name.as_ref(), None));
            let removed = OF_OTHER_BUILDS.iter().filter(|name| is_removed(name));
            let expected = if without_variables { 8 } else { 0 };
            assert_eq!(removed.count(), expected);
        }
    }
}
