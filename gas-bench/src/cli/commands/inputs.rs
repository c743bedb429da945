//! What a command reads and what it already writes, so that it does not write over either.
//!
//! Lives here: telling a run's own inputs and outputs from files that a report may replace. Not here: reading them, writing reports
//! (`stylus_report::output`).

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::bail;
use stylus_cargo::{MARK, Project};
use stylus_plan::FILE;
use stylus_report::output::OutputFile;

/// Files of a project that commands read, besides those that end in `rs`.
const READ: [&str; 5] = [
    "Cargo.toml",
    "Cargo.lock",
    "rust-toolchain.toml",
    MARK,
    FILE,
];

/// What a command reads.
#[derive(Clone, Default)]
pub(super) struct Inputs<'a> {
    project: Option<&'a Project>,
    files: Vec<&'a Path>,
    /// A plan that is named.
    plan: Option<&'a Path>,
    /// Where files will lie that are not written yet.
    begun: Vec<PathBuf>,
}

impl<'a> Inputs<'a> {
    /// The files of a project, if there is one.
    pub(super) fn of(project: impl Into<Option<&'a Project>>) -> Self {
        Self {
            project: project.into(),
            ..Self::default()
        }
    }

    /// What this plan names, too.
    pub(super) const fn with_plan(mut self, plan: Option<&'a Path>) -> Self {
        self.plan = plan;
        self
    }

    /// These files, too.
    pub(super) fn and(mut self, files: impl IntoIterator<Item = &'a Path>) -> Self {
        self.files.extend(files);
        self
    }

    /// Begins a file before anything is measured, so that one that cannot be written, or that the command reads, is reported at once.
    pub(super) fn begin(&mut self, path: Option<&Path>) -> anyhow::Result<Option<OutputFile>> {
        path.map(|path| self.begin_at(path)).transpose()
    }

    /// [`Inputs::begin`], for a file that is written in any case.
    pub(super) fn begin_at(&mut self, path: &Path) -> anyhow::Result<OutputFile> {
        self.spare(path)?;
        Ok(OutputFile::begin(path)?)
    }

    /// Refuses to write a file that the command reads, or that was to be written already.
    pub(super) fn spare(&mut self, path: &Path) -> anyhow::Result<()> {
        if self.have(path) {
            bail!(
                "this command reads {}; name another file to write to",
                path.display()
            );
        }
        let place = place(path);
        if self.begun.contains(&place) {
            bail!(
                "{} is named for two of the files that this command writes; name another for one of them",
                path.display()
            );
        }
        self.begun.push(place);
        Ok(())
    }

    fn have(&self, path: &Path) -> bool {
        // A file that does not exist yet is not read either.
        let Some(path) = found(path) else {
            return false;
        };
        let is_it = |file: &Path| found(file).is_some_and(|file| file == path);
        let contracts = self.project.iter().flat_map(|project| &project.contracts);
        let mut plans = contracts
            .map(|contract| contract.folder.join(FILE))
            .chain(self.plan.map(Path::to_owned));
        // What is wrong with a plan is reported where it is read.
        let is_of_plan = |plan: PathBuf| {
            let plan = stylus_plan::load(&plan).ok().flatten();
            plan.is_some_and(|plan| plan.files().any(is_it))
        };
        self.files.iter().copied().any(is_it)
            || self
                .project
                .is_some_and(|project| is_source(project, &path))
            || plans.any(is_of_plan)
    }
}

/// A path as it is compared: to many file systems, names that differ in case alone are one.
fn folded(path: &Path) -> PathBuf {
    PathBuf::from(path.to_string_lossy().to_lowercase())
}

/// Where a file lies, without links, if there is one.
fn found(path: &Path) -> Option<PathBuf> {
    path.canonicalize().ok().as_deref().map(folded)
}

/// Where a file lies, or will lie in its folder.
fn place(path: &Path) -> PathBuf {
    let in_folder = || {
        let folder = Path::new(".").join(path.parent()?);
        Some(folded(&folder.canonicalize().ok()?.join(path.file_name()?)))
    };
    let place = found(path).or_else(in_folder);
    place.unwrap_or_else(|| folded(path))
}

/// Whether a file that was [`found`] belongs to the sources or settings of a project.
fn is_source(project: &Project, path: &Path) -> bool {
    let is_inside = |folder: &Path| found(folder).is_some_and(|it| path.starts_with(it));
    let folders = project.contracts.iter().map(|it| it.folder.as_path());
    let is_read = path.extension() == Some(OsStr::new("rs"))
        || READ.iter().any(|name| path.ends_with(name.to_lowercase()));
    is_read && folders.chain([project.root.as_path()]).any(is_inside)
}
