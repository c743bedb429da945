//! The arguments of `report`, `plan`, `profile` and `size`: commands that examine contracts as they are.

use std::path::{Path, PathBuf};

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use gas_bench::measure::{ModuleFiles, ProfileCommand};
use stylus_report::document::Format;
use stylus_report::figures::baseline::Tolerance;

use super::contracts::{ChainArguments, ProjectArguments};
use super::{TextArguments, TextFormat};

const REPORT_EXAMPLES: &str = "\
Examples:
  cargo gas-bench report                   the contract in this folder, or all of a workspace
  cargo gas-bench report --manifest-path contracts/Cargo.toml --package erc20
  cargo gas-bench report --save main       keep the figures in gas-baselines/main.json
  cargo gas-bench report --baseline main   what has changed since
  cargo gas-bench report --baseline main --check --tolerance 0.5%
  cargo gas-bench report --format html --out report.html --baseline v1 --baseline main
  cargo gas-bench report --svg plots       the plots as files, too
  cargo gas-bench report --wasm token.wasm --abi token.json
                                           a module of any language, and its ABI
  cargo gas-bench report --endpoint http://localhost:8547 --private-key-path dev.key

gas-bench.toml beside a contract's Cargo.toml says what to call. Without it, every function of the exported ABI is called once with \
made-up arguments, and so is every other function that the module answers and a standard has a name for. `cargo gas-bench plan` writes a \
file to start from.

Exit code: 0 when everything was measured, 1 when something was not, nothing was, or --check had nothing to compare, 2 for arguments that \
make no sense, 3 when --check found a regression.";

const PLAN_EXAMPLES: &str = "\
Examples:
  cargo gas-bench plan                   gas-bench.toml beside this folder's Cargo.toml
  cargo gas-bench plan --package erc20   of one contract of several
  cargo gas-bench plan --out draft.toml --force

The plan has the contract's constructor and every function that it answers, with made-up arguments, and says which calls revert with them \
and why. A report with it succeeds; edit the plan to make its figures worth something.

Exit code: 0 when every plan was written, 1 when one was not, 2 for arguments that make no sense.";

const PROFILE_EXAMPLES: &str = "\
Examples:
  cargo gas-bench profile transfer                  a call of gas-bench.toml, or an ABI's function
  cargo gas-bench profile erc20::transfer --run 2   of one contract of several; its second run
  cargo gas-bench profile 'mint(address,uint256)' '{alice}' 1000
  cargo gas-bench profile transfer --flame flame.svg --speedscope profile.json
  cargo gas-bench profile transfer --format json --out profile.json
  cargo gas-bench profile transfer --lines          by lines of source, inlined functions too
  cargo gas-bench profile transfer --lines --flame f.svg
                                                    inlined functions and lines as a flame graph
  cargo gas-bench profile transfer --lines --annotate=lib.rs
                                                    the source with ink beside each line

Exit code: 0 with a profile, 1 without, 2 for arguments that make no sense.";

const SIZE_EXAMPLES: &str = "\
Examples:
  cargo gas-bench size                   bytes by section, crate and function, after each step
  cargo gas-bench size --package erc20 --top 50
  cargo gas-bench size --save main       keep the sizes in gas-baselines/main.size.json
  cargo gas-bench size --baseline main   what has grown since
  cargo gas-bench size --svg plots       treemaps as files, too

Exit code: 0 when every contract was built, 1 when one was not, 2 for arguments that make no sense.";

/// The arguments of `report`.
#[derive(Args, Debug)]
#[command(after_help = REPORT_EXAMPLES)]
pub(crate) struct ReportArguments {
    #[command(flatten)]
    pub(crate) project: ProjectArguments,

    #[command(flatten)]
    pub(crate) chain: ChainArguments,

    /// How to report
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: ReportFormat,

    /// Write the report to FILE, whole or not at all, instead of printing it
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    /// Keep the figures as a baseline: a name, or a file
    #[arg(long, value_name = "NAME")]
    pub(crate) save: Option<String>,

    /// Compare with a baseline: a name, or a file; if there are several, the last is compared with, and the others are history
    #[arg(long = "baseline", value_name = "NAME")]
    pub(crate) baselines: Vec<String>,

    /// Exit with 3 if something has got worse than the baseline
    #[arg(long, requires = "baselines")]
    pub(crate) check: bool,

    /// How much worse is still acceptable, such as 0.5%
    #[arg(long, value_name = "PERCENT", requires = "check", default_value = "0%")]
    pub(crate) tolerance: Tolerance,

    /// Also write plots, flame graphs and treemaps into DIR
    #[arg(long, value_name = "DIR")]
    pub(crate) svg: Option<PathBuf>,

    /// Report on the module in FILE, from any language, instead of building contracts
    #[arg(long, value_name = "FILE", conflicts_with_all = ["manifest_path", "packages", "features", "no_default_features", "reproducible"])]
    wasm: Option<PathBuf>,

    /// Its interface: an ABI in JSON, alone or in a compiler's artifact, or Solidity; beside a plan it names errors
    #[arg(long, value_name = "FILE", requires = "wasm")]
    abi: Option<PathBuf>,

    /// What to call in it, as in a gas-bench.toml
    #[arg(long, value_name = "FILE", requires = "wasm")]
    plan: Option<PathBuf>,
}

impl ReportArguments {
    /// The files that are named to be read, apart from baselines.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        let files = [&self.wasm, &self.abi, &self.plan];
        let files = files.into_iter().filter_map(|it| it.as_deref());
        files.chain(self.chain.key_file())
    }

    /// The plan, if one is named.
    pub(crate) fn plan(&self) -> Option<&Path> {
        self.plan.as_deref()
    }

    /// The module to report on, if one is given.
    pub(crate) fn module(&self) -> Option<ModuleFiles> {
        let wasm = self.wasm.clone()?;
        let name = wasm
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned());
        Some(ModuleFiles {
            name: name.unwrap_or_else(|| "module".to_owned()),
            wasm,
            abi: self.abi.clone(),
            plan: self.plan.clone(),
        })
    }
}

/// The arguments of `plan`.
#[derive(Args, Debug)]
#[command(after_help = PLAN_EXAMPLES)]
pub(crate) struct PlanArguments {
    #[command(flatten)]
    pub(crate) project: ProjectArguments,

    #[command(flatten)]
    pub(crate) chain: ChainArguments,

    /// Write the plan to FILE instead of the contract's gas-bench.toml
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    /// Replace an existing file
    #[arg(long)]
    pub(crate) force: bool,
}

/// How a report on contracts is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ReportFormat {
    /// In a format that every report has.
    Told(Format),
    /// One line per contract.
    Overview,
}

impl ValueEnum for ReportFormat {
    fn value_variants<'a>() -> &'a [Self] {
        const ALL: &[ReportFormat] = &[
            ReportFormat::Told(Format::Table),
            ReportFormat::Told(Format::Markdown),
            ReportFormat::Told(Format::Json),
            ReportFormat::Told(Format::Csv),
            ReportFormat::Told(Format::Html),
            ReportFormat::Overview,
        ];
        ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            Self::Told(format) => TextFormat(*format).to_possible_value(),
            Self::Overview => Some(
                PossibleValue::new("overview")
                    .help("One line per contract, for a README (Markdown)"),
            ),
        }
    }
}

/// Which run of a call.
#[derive(Args, Debug)]
pub(crate) struct RunArguments {
    /// Arguments for the call, instead of the plan's; behind `--` if one of them begins with a dash and is no number
    #[arg(
        value_name = "ARGUMENT",
        conflicts_with = "run",
        allow_negative_numbers = true
    )]
    arguments: Vec<String>,

    /// Which of its runs, counted from 1
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    run: usize,
}

impl RunArguments {
    /// That run of `call`.
    pub(crate) fn of(&self, call: &str) -> ProfileCommand {
        ProfileCommand {
            call: call.to_owned(),
            arguments: self.arguments.clone(),
            run: self.run,
        }
    }
}

/// The arguments of `profile`.
#[derive(Args, Debug)]
#[command(after_help = PROFILE_EXAMPLES)]
pub(crate) struct ProfileArguments {
    /// The call: a name from gas-bench.toml, a function of the ABI, or a signature; CONTRACT::CALL if several contracts have it
    #[arg(value_name = "CALL")]
    pub(crate) call: String,

    #[command(flatten)]
    pub(crate) run: RunArguments,

    #[command(flatten)]
    pub(crate) project: ProjectArguments,

    #[command(flatten)]
    pub(crate) chain: ChainArguments,

    /// How many functions and host calls are listed by name
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    pub(crate) top: usize,

    #[command(flatten)]
    pub(crate) report: TextArguments,

    /// Also draw the flame graph to FILE (SVG)
    #[arg(long, value_name = "FILE")]
    pub(crate) flame: Option<PathBuf>,

    /// Also write FILE for the viewer at speedscope.app
    #[arg(long, value_name = "FILE")]
    pub(crate) speedscope: Option<PathBuf>,

    /// Profile line by line instead of function by function; pictures show only the program's run, with inlined functions and lines
    #[arg(long)]
    pub(crate) lines: bool,

    /// Print the sources of the contract with what each line took, or those whose names end with NAME
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "", require_equals = true, requires = "lines")]
    pub(crate) annotate: Option<String>,
}

/// The arguments of `size`.
#[derive(Args, Debug)]
#[command(after_help = SIZE_EXAMPLES)]
pub(crate) struct SizeArguments {
    #[command(flatten)]
    pub(crate) project: ProjectArguments,

    /// How many functions are listed by name, for each contract
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    pub(crate) top: usize,

    #[command(flatten)]
    pub(crate) report: TextArguments,

    /// Keep the sizes as a baseline: a name, or a file
    #[arg(long, value_name = "NAME")]
    pub(crate) save: Option<String>,

    /// Compare with a baseline: a name, or a file
    #[arg(long, value_name = "NAME")]
    pub(crate) baseline: Option<String>,

    /// Also draw a treemap of each contract into DIR
    #[arg(long, value_name = "DIR")]
    pub(crate) svg: Option<PathBuf>,
}
