//! Prepares a contract for a chain: its build, and a plan of what to call.
//!
//! Lives here: what is built and read for one contract. Not here: builds (`stylus-cargo`), plans (`stylus-plan`), comparing a plan with
//! what its modules answer (`held`), transactions (`contract`).

use std::io;
use std::path::{Path, PathBuf};

use alloy_primitives::hex;
use stylus_cargo::{
    Artifact, BuildError, BuildSettings, ContractPackage, PostprocessError, Project, RecipeError,
    finish, input,
};
use stylus_plan::{
    self, Code, Interface, InterfaceError, LeftOut, MadeOf, Other, Plan, PlanError, PlannedCall,
    Reverts,
};
use stylus_vm::ArbOs;
use stylus_vm::advice::{NEVER_CALLED, never_called};
use stylus_vm::code::is_stylus;
use stylus_vm::text::{self, NotText};

use super::{Event, Observer, held};

/// A built contract, and what to call in it.
#[derive(Debug)]
pub struct Prepared {
    /// The artifact to deploy.
    pub artifact: Artifact,
    /// The module as built, including its function names.
    pub named: Vec<u8>,
    /// What to call.
    pub plan: Plan,
    /// Whether neither a file nor an ABI says what that is: what standards have names for.
    pub by_standards: bool,
}

/// Why a contract was not built, or has no plan.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The plan is invalid.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Cargo produced no wasm, or the contract does not export its ABI.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// `Stylus.toml` asks for something impossible, or what cargo produced is not wasm.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// A file contains no module.
    #[error(transparent)]
    Postprocess(#[from] PostprocessError),
    /// A file cannot be read.
    #[error("{} cannot be read: {source}; name a file that can be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why it could not be read.
        source: io::Error,
    },
    /// A file is no module, or is damaged.
    #[error("{source}; {} is not a compiler's .wasm file: name one", path.display())]
    NotModule {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: PostprocessError,
    },
    /// A file holds what an account holds.
    #[error(
        "{} is a program as an account holds it, compressed and without names: name the .wasm file it was made from", .0.display()
    )]
    Deployed(PathBuf),
    /// A file looks like a module in text, but is not one.
    #[error("{} is {source}; correct it, or name the .wasm file", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: NotText,
    },
    /// The contract's exported ABI is invalid.
    #[error(
        "the ABI that it exports: {0}; write a {plan} beside the contract that says what to call",
        plan = stylus_plan::FILE
    )]
    Exported(#[source] InterfaceError),
    /// The contract's program cannot print its ABI.
    #[error(
        "{0}; write one as `cargo stylus new` does, or a {plan} beside the contract that says what to call",
        plan = stylus_plan::FILE
    )]
    Unprinted(#[source] BuildError),
    /// What prints the contract's ABI does not build, such as a dependency's code for the feature.
    #[error(
        "{0}; if it builds without the feature `export-abi`, write a {plan} beside the contract that says what to call",
        plan = stylus_plan::FILE
    )]
    AbiNotBuilt(#[source] BuildError),
    /// A file given as the interface is invalid.
    #[error("{}: {source}; correct it, or say with --plan FILE what to call", path.display())]
    Interface {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: InterfaceError,
    },
    /// A package named by the plan is not a contract of the workspace.
    #[error(
        "the plan's contract `{name}` names the package `{package}`, which is no contract of the workspace"
    )]
    NoPackage {
        /// The contract's name in the plan.
        name: String,
        /// The package.
        package: String,
    },
    /// A file that should contain init code has something else in it.
    #[error("{} holds no bytecode: it must be hexadecimal digits", .0.display())]
    Bytecode(PathBuf),
    /// Neither a plan nor an ABI says what to call.
    #[error(
        "there is nothing to call: write a {} beside its Cargo.toml, or give the package the feature `export-abi` and a program as `cargo stylus new` does",
        stylus_plan::FILE
    )]
    NoPlan,
    /// Neither a plan nor an interface says what to call in a module that is already built.
    #[error(
        "there is nothing to call, since the module answers no function of a standard: name its interface with --abi FILE, or what to \
         call with --plan FILE"
    )]
    NoInterface,
}

/// The files of a contract that is already built.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ModuleFiles {
    /// The contract's name in the report.
    pub name: String,
    /// The module.
    pub wasm: PathBuf,
    /// Its interface, in Solidity or JSON.
    pub abi: Option<PathBuf>,
    /// The plan, if not every function of the interface is to be called; the interface then has the names of errors.
    pub plan: Option<PathBuf>,
}

/// Builds a contract and determines what to call in it.
///
/// # Errors
/// If it does not build, or there is nothing to call.
pub fn prepare(
    project: &Project,
    contract: &ContractPackage,
    settings: &BuildSettings,
    observer: Observer<'_>,
) -> Result<Prepared, PrepareError> {
    observer(Event::Building(&contract.name));
    // Checked before the build, so that an error in the plan shows at once.
    let source = Source::of(project, contract, settings)?;
    build(project, contract, settings, source, observer)
}

/// [`prepare`], with a plan derived from `interface` even if there is a plan file.
pub(super) fn prepare_with(
    project: &Project,
    contract: &ContractPackage,
    settings: &BuildSettings,
    interface: Interface,
    observer: Observer<'_>,
) -> Result<Prepared, PrepareError> {
    let source = Source::Interface(Box::new(interface));
    build(project, contract, settings, source, observer)
}

fn build(
    project: &Project,
    contract: &ContractPackage,
    settings: &BuildSettings,
    mut source: Source,
    observer: Observer<'_>,
) -> Result<Prepared, PrepareError> {
    let on_crate = &mut |name: &str| observer(Event::Compiled(&contract.name, name));
    let built = project.build(contract, settings, on_crate)?;
    let finished = finish(project, contract, settings, built)?;
    let by_standards = source.is_nothing();
    let reverts = |planned: &PlannedCall| planned.reverts != Reverts::Never;
    if let Source::File(plan, interface) = &mut source
        && contract.exports_abi
        && plan.calls.iter().any(reverts)
    {
        // The calls have figures without it, but revert data is then shown undecoded.
        let text = project.ask(contract, settings, "abi");
        let read = text.map_err(|error| error.to_string());
        let read = read.and_then(|text| exported(&text).map_err(|error| error.to_string()));
        **interface = read.unwrap_or_else(|reason| {
            observer(Event::NoAbi(&contract.name, &reason));
            Interface::default()
        });
    }
    let plan = source.plan(&finished.artifact.wasm)?;
    Ok(Prepared {
        artifact: finished.artifact,
        named: finished.named,
        plan: with_code(plan, &|package| build_other(project, package, settings))?,
        by_standards,
    })
}

/// The plan of a contract that is built elsewhere: its file's, or one that calls every function it answers, for which it is built once as
/// it is.
///
/// # Errors
/// If the file is invalid, or there is nothing to call.
pub fn plan_of(
    project: &Project,
    contract: &ContractPackage,
    settings: &BuildSettings,
) -> Result<Plan, PrepareError> {
    match Source::of(project, contract, settings)? {
        Source::File(plan, _) => {
            with_code(*plan, &|package| build_other(project, package, settings))
        }
        source => Ok(build(project, contract, settings, source, &|_| {})?.plan),
    }
}

impl ModuleFiles {
    /// Reads the files.
    ///
    /// # Errors
    /// If a file cannot be read, or is invalid.
    pub(super) fn prepare(&self) -> Result<Prepared, PrepareError> {
        let interface = self.abi.as_deref().map(read_interface).transpose()?;
        let source = match (&self.plan, interface) {
            (Some(path), interface) => {
                let plan = stylus_plan::load(path)?;
                let plan = plan.ok_or_else(|| PrepareError::Unreadable {
                    path: path.clone(),
                    source: io::ErrorKind::NotFound.into(),
                })?;
                Source::File(Box::new(plan), Box::new(interface.unwrap_or_default()))
            }
            (None, Some(interface)) => Source::Interface(Box::new(interface)),
            (None, None) => Source::Nothing,
        };
        let by_standards = source.is_nothing();
        let (named, mut artifact) = read_module(&self.wasm)?;
        artifact.lines = Some(self.wasm.clone());
        let plan = source.plan(&artifact.wasm).map_err(|error| match error {
            PrepareError::NoPlan => PrepareError::NoInterface,
            other => other,
        })?;
        let no_package = |package: &str| {
            Err(PrepareError::NoPackage {
                name: package.to_owned(),
                package: package.to_owned(),
            })
        };
        Ok(Prepared {
            artifact,
            named,
            plan: with_code(plan, &no_package)?,
            by_standards,
        })
    }
}

/// The source of a plan.
enum Source {
    /// A file, which says what to call, and the interface as far as it is known, which has the names of errors and of other functions.
    File(Box<Plan>, Box<Interface>),
    Interface(Box<Interface>),
    Nothing,
}

impl Source {
    fn of(
        project: &Project,
        contract: &ContractPackage,
        settings: &BuildSettings,
    ) -> Result<Self, PrepareError> {
        if let Some(plan) = stylus_plan::load(&contract.folder.join(stylus_plan::FILE))? {
            return Ok(Self::File(Box::new(plan), Box::default()));
        }
        match contract.exports_abi {
            true => Ok(Self::Interface(Box::new(interface_of(
                project, contract, settings,
            )?))),
            false => Ok(Self::Nothing),
        }
    }

    const fn is_nothing(&self) -> bool {
        matches!(self, Self::Nothing)
    }

    /// Makes the plan, compared with what `deployed` answers.
    fn plan(self, deployed: &[u8]) -> Result<Plan, PrepareError> {
        let (mut plan, interface, is_file) = match self {
            Self::File(mut plan, interface) => {
                plan.errors.clone_from(&interface.errors);
                (*plan, *interface, true)
            }
            Self::Interface(interface) => {
                (stylus_plan::from_interface(&interface), *interface, false)
            }
            Self::Nothing => (Plan::default(), Interface::default(), false),
        };
        held::hold(&mut plan, &interface, is_file, deployed);
        let never_called = never_called(deployed).into_iter();
        plan.left_out.extend(never_called.map(|signature| LeftOut {
            signature,
            reason: NEVER_CALLED.to_owned(),
        }));
        let is_nothing = !is_file && interface == Interface::default();
        if is_nothing && plan.calls.is_empty() && plan.left_out.is_empty() {
            return Err(PrepareError::NoPlan);
        }
        Ok(plan)
    }
}

/// The interface that a contract exports.
pub(super) fn interface_of(
    project: &Project,
    contract: &ContractPackage,
    settings: &BuildSettings,
) -> Result<Interface, PrepareError> {
    let text = project
        .ask(contract, settings, "abi")
        .map_err(|error| match error {
            BuildError::NoMain { .. } => PrepareError::Unprinted(error),
            BuildError::Failed { .. } => PrepareError::AbiNotBuilt(error),
            other => other.into(),
        })?;
    let constructor = Interface::constructor_of(&project.ask(contract, settings, "constructor")?);
    let interface = exported(&text).map_err(PrepareError::Exported)?;
    Ok(Interface {
        constructor,
        ..interface
    })
}

/// Reads the ABI that a contract prints. It is empty for one with nothing but a constructor or a fallback, which the SDK does not export.
fn exported(text: &str) -> Result<Interface, InterfaceError> {
    match Interface::read(text) {
        Err(InterfaceError::Nothing) => Ok(Interface::default()),
        read => read,
    }
}

/// Adds to a plan the code of all the other contracts it needs.
fn with_code(
    mut plan: Plan,
    build: &dyn Fn(&str) -> Result<Artifact, PrepareError>,
) -> Result<Plan, PrepareError> {
    let mut left_out = Vec::new();
    let mut others = std::mem::take(&mut plan.others);
    for Other {
        name,
        made_of,
        code,
        ..
    } in &mut others
    {
        let artifact = match made_of {
            MadeOf::Bytecode(path) => {
                let text = read_text(path)?;
                let init = hex::decode(text.trim());
                let init = init.map_err(|_| PrepareError::Bytecode(path.clone()))?;
                *code = Some(Code::Evm(init.into()));
                continue;
            }
            MadeOf::Wasm(path) => read_module(path)?.1,
            MadeOf::Package(package) => build(package).map_err(|error| match error {
                PrepareError::NoPackage { package, .. } => PrepareError::NoPackage {
                    name: name.clone(),
                    package,
                },
                other => other,
            })?,
        };
        left_out.extend(held::unanswered_by(&plan, name, &artifact.wasm));
        *code = Some(Code::Program {
            length: artifact.wasm.len(),
            code: artifact.code,
        });
    }
    plan.others = others;
    plan.left_out.extend(left_out);
    Ok(plan)
}

fn build_other(
    project: &Project,
    package: &str,
    settings: &BuildSettings,
) -> Result<Artifact, PrepareError> {
    let contract = project.members.iter().find(|it| it.name == package);
    let contract = contract.ok_or_else(|| PrepareError::NoPackage {
        name: package.to_owned(),
        package: package.to_owned(),
    })?;
    // The features belong to the measured contract only.
    let settings = BuildSettings {
        reproducible: settings.reproducible,
        ..BuildSettings::default()
    };
    let built = project.build(contract, &settings, &mut |_| {})?;
    Ok(finish(project, contract, &settings, built)?.artifact)
}

fn read_text(path: &Path) -> Result<String, PrepareError> {
    input::text(path).map_err(|source| PrepareError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

/// Reads an interface in Solidity or JSON.
fn read_interface(path: &Path) -> Result<Interface, PrepareError> {
    Interface::read(&read_text(path)?).map_err(|source| PrepareError::Interface {
        path: path.to_owned(),
        source,
    })
}

/// Reads a module as binary, and what is deployed of it; handwritten modules are often text.
fn read_module(path: &Path) -> Result<(Vec<u8>, Artifact), PrepareError> {
    let module = input::bytes(path).map_err(|source| PrepareError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    let binary = text::binary(&module).map_err(|source| PrepareError::NotText {
        path: path.to_owned(),
        source,
    })?;
    if is_stylus(&binary, ArbOs::LAST) {
        return Err(PrepareError::Deployed(path.to_owned()));
    }
    let artifact = Artifact::of_named(&binary).map_err(|source| PrepareError::NotModule {
        path: path.to_owned(),
        source,
    })?;
    Ok((binary.into_owned(), artifact))
}
