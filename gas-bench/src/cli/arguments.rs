//! The command line.
//!
//! Lives here: options, their help, and their defaults. Not here: acting on them.

mod compare;
mod contracts;
mod coverage;
mod explain;
mod replay;
mod report;
mod transplant;

use std::env;
use std::path::PathBuf;

use clap::builder::PossibleValue;
use clap::{Parser, Subcommand, ValueEnum};
use stylus_cargo::{Allocator, OptLevel, replaceable};
use stylus_report::document::Format;

pub(crate) use compare::CompareArguments;
use contracts::ChainArguments;
pub(crate) use coverage::CoverageArguments;
pub(crate) use explain::ExplainArguments;
pub(crate) use replay::ReplayArguments;
pub(crate) use report::{
    PlanArguments, ProfileArguments, ReportArguments, ReportFormat, SizeArguments,
};
pub(crate) use transplant::OverrideArguments;

const EXAMPLES: &str = "\
Examples:
  cargo gas-bench                                   the published allocators, as a table
  cargo gas-bench --all                             the rivals beside them
  cargo gas-bench --allocator mini,talc             only these two
  cargo gas-bench --format markdown --out gas.md    for a pull request
  cargo gas-bench --format json                     for a program
  cargo gas-bench league                            every allocator under every workload
  cargo gas-bench --endpoint http://localhost:8547 --private-key-path dev.key
                                                    on a node that runs already, and has to be
                                                    one for development: figures as published
                                                    are without page costs

Exit code: 0 when every figure was measured, 1 when one was not, 2 for arguments that make no sense.";

const LEAGUE_EXAMPLES: &str = "\
Examples:
  cargo gas-bench league                                  all of them, as Markdown
  cargo gas-bench league --calls --out LEAGUE.md --chart LEAGUE.svg
  cargo gas-bench league --allocator mini,mini-upstream --opt-level z --format json";

/// What an allocation costs on a Stylus chain: builds the edge-cases contract with each allocator, deploys it, calls it, and
/// compares gas, ink, pages and size
#[derive(Parser, Debug)]
#[command(name = "cargo gas-bench", bin_name = "cargo gas-bench", version, after_help = EXAMPLES,
    args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// Measure this allocator; several with commas [known: mini, wee, std, mini-upstream, talc, lol]
    #[arg(
        long = "allocator",
        value_name = "NAME",
        conflicts_with = "all",
        value_delimiter = ','
    )]
    chosen: Vec<Allocator>,

    /// Measure every known allocator, not only the three of the published table
    #[arg(long)]
    all: bool,

    #[command(flatten)]
    pub(crate) report: TextArguments,

    #[command(flatten)]
    pub(crate) chain: ChainArguments,

    /// The folder that has edge-cases/ [default: contracts/ here or in the nearest folder above]
    #[arg(long, value_name = "DIR")]
    pub(crate) contracts: Option<PathBuf>,
}

/// A command other than measuring the edge cases.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Compare every allocator under every workload at every optimisation level
    League(LeagueArguments),
    /// Report the gas of your own contracts, function by function
    Report(ReportArguments),
    /// Write a starter gas-bench.toml: every function that a contract answers, tried out
    Plan(PlanArguments),
    /// Profile one call function by function: where its ink went, and who allocated
    Profile(ProfileArguments),
    /// Explain why a call, or a transaction on a chain, fails: the reason, and the line of source
    Explain(ExplainArguments),
    /// Show which lines of your contracts run, in the deployed code: in the calls of a plan, or in your own tests
    Coverage(CoverageArguments),
    /// Build a contract with other allocators, opt-levels and wasm-opt: which is best for it
    Compare(CompareArguments),
    /// Show where the bytes of your contracts are
    Size(SizeArguments),
    /// Give a compiled contract another allocator, without its sources
    Override(OverrideArguments),
    /// Replay a chain's transactions: do they match their receipts, and what would they have cost with another build?
    Replay(ReplayArguments),
}

/// How a report is written, and where.
#[derive(clap::Args, Debug)]
pub(crate) struct TextArguments {
    /// How to report
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: TextFormat,

    /// Write the report to FILE, whole or not at all, instead of printing it
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// How every report is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TextFormat(pub(crate) Format);

impl ValueEnum for TextFormat {
    fn value_variants<'a>() -> &'a [Self] {
        const ALL: &[TextFormat] = &[
            TextFormat(Format::Table),
            TextFormat(Format::Markdown),
            TextFormat(Format::Json),
            TextFormat(Format::Csv),
            TextFormat(Format::Html),
        ];
        ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, help) = match self.0 {
            Format::Table => ("table", "For a terminal, at most 100 columns wide"),
            Format::Markdown => (
                "markdown",
                "For a pull request's comment or a job's summary",
            ),
            Format::Json => ("json", "For programs, with a schema version"),
            Format::Csv => ("csv", "For spreadsheets"),
            Format::Html => ("html", "One page with pictures, which needs nothing else"),
        };
        Some(PossibleValue::new(name).help(help))
    }
}

/// The arguments of `league`.
#[derive(clap::Args, Debug)]
#[command(after_help = LEAGUE_EXAMPLES)]
pub(crate) struct LeagueArguments {
    /// Measure this allocator, in addition to the floor; several with commas [known: mini, mini-in-place, reclaim, mini-upstream,
    /// lol-leaking, lol, wee, std, talc, rlsf, wasmalloc, picoalloc]
    #[arg(long = "allocator", value_name = "NAME", value_parser = contender, value_delimiter = ',')]
    chosen: Vec<Allocator>,

    /// Build at this level; several with commas
    #[arg(
        long = "opt-level",
        value_name = "LEVEL",
        value_enum,
        value_delimiter = ','
    )]
    levels: Vec<Level>,

    /// How to report
    #[arg(long, value_enum, default_value = "markdown")]
    pub(crate) format: TextFormat,

    /// Begin the report with the cost of whole calls: every contract other than the workloads, with every allocator it can be built with.
    /// Takes half an hour more
    #[arg(long)]
    pub(crate) calls: bool,

    /// Write the report to FILE, whole or not at all, instead of printing it
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    /// Also draw the bar chart to FILE
    #[arg(long, value_name = "FILE")]
    pub(crate) chart: Option<PathBuf>,

    /// The folder that has edge-cases/ and workloads/ [default: contracts/ here or in the nearest folder above]
    #[arg(long, value_name = "DIR")]
    pub(crate) contracts: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
enum Level {
    #[value(name = "3")]
    Three,
    S,
    Z,
}

impl LeagueArguments {
    /// The allocators to measure, each once, in the order of the table.
    pub(crate) fn allocators(&self) -> Vec<Allocator> {
        self.wanted(Allocator::LEAGUE.to_vec())
    }

    /// The allocators to build contracts with: those chosen, or all that a contract can be given.
    pub(crate) fn in_contracts(&self) -> Vec<Allocator> {
        self.wanted(replaceable())
    }

    /// Those of `known` that were chosen, or all of them if none was.
    fn wanted(&self, mut known: Vec<Allocator>) -> Vec<Allocator> {
        known.retain(|allocator| self.chosen.is_empty() || self.chosen.contains(allocator));
        known
    }

    /// The levels to build at, each once, in the order of the table.
    pub(crate) fn levels(&self) -> Vec<OptLevel> {
        let all = [
            (Level::Three, OptLevel::Three),
            (Level::S, OptLevel::S),
            (Level::Z, OptLevel::Z),
        ];
        all.into_iter()
            .filter(|(level, _)| self.levels.is_empty() || self.levels.contains(level))
            .map(|(_, level)| level)
            .collect()
    }
}

/// Parses the name of an allocator of the league.
fn contender(name: &str) -> Result<Allocator, String> {
    let known = || {
        Allocator::LEAGUE
            .iter()
            .map(|allocator| allocator.name())
            .collect::<Vec<_>>()
            .join(", ")
    };
    Allocator::LEAGUE
        .iter()
        .copied()
        .find(|allocator| allocator.name() == name)
        .ok_or_else(|| format!("the known allocators are {}", known()))
}

impl Arguments {
    /// Parses the process's arguments. Help, and invalid arguments, end the process.
    pub(crate) fn read() -> Self {
        let mut words: Vec<_> = env::args_os().collect();
        // When run as a subcommand, cargo passes the subcommand's name first.
        if words.get(1).is_some_and(|word| word == "gas-bench") {
            words.remove(1);
        }
        Self::parse_from(words)
    }

    /// The allocators to measure, each once, in the order of the report.
    pub(crate) fn allocators(&self) -> Vec<Allocator> {
        let wanted = match (self.all, self.chosen.as_slice()) {
            (true, _) => Allocator::ALL,
            (false, []) => Allocator::PUBLISHED,
            (false, chosen) => chosen,
        };
        Allocator::ALL
            .iter()
            .copied()
            .filter(|allocator| wanted.contains(allocator))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn options_choose_allocators_in_the_order_of_the_report() {
        for (words, allocators) in [
            (vec![], Allocator::PUBLISHED),
            (vec!["--all"], Allocator::ALL),
            (vec!["--allocator", "lol"], &[Allocator::Lol]),
            (
                vec![
                    "--allocator",
                    "talc",
                    "--allocator=mini",
                    "--allocator",
                    "talc",
                ],
                &[Allocator::Mini, Allocator::Talc],
            ),
        ] {
            let arguments = Arguments::try_parse_from(["x"].iter().chain(&words)).unwrap();
            assert_eq!(arguments.allocators(), allocators, "{words:?}");
        }
    }

    /// Theorem: an option is an option wherever it stands, and a negative number is an argument.
    #[test]
    fn options_may_follow_the_arguments_of_a_call() {
        for (words, is_valid) in [
            (&["over(int8)", "-5", "-p", "token"][..], true),
            (&["over(string)", "--package=token", "--", "-p"], true),
            (&["over(int8)", "-5", "--wasm", "token.wasm"], false),
        ] {
            for command in ["profile", "explain"] {
                let words = [&["x", command], words].concat();
                assert_eq!(Arguments::try_parse_from(words).is_ok(), is_valid);
            }
        }
    }

    /// Theorem: every command that a help text gives as an example is valid, with all of its options.
    #[test]
    fn examples_are_commands() {
        let command = Arguments::command();
        let all = command.get_subcommands().chain([&command]);
        let helps = all.flat_map(|it| {
            it.get_after_help()
                .into_iter()
                .chain(it.get_after_long_help())
        });
        let helps: Vec<_> = helps.map(ToString::to_string).collect();
        let helps: Vec<_> = helps
            .iter()
            .map(|help| help.replace(" \\\n     ", ""))
            .collect();
        let lines = helps.iter().flat_map(|help| help.lines());
        let mut count = 0;
        for line in lines.filter_map(|line| line.strip_prefix("  cargo gas-bench")) {
            // An example's description follows it, sometimes after a single space.
            let line = line.split("  ").next().unwrap();
            let mut is_quoted = false;
            let words = line.split(|letter| {
                is_quoted ^= letter == '\'';
                letter == ' ' && !is_quoted
            });
            let words: Vec<_> = words
                .map(|word| word.trim_matches('\''))
                .filter(|word| !word.is_empty())
                .collect();
            let options = words.iter().rposition(|word| word.starts_with('-'));
            let least = options.map_or(words.len(), |at| at + 1);
            let is_one =
                |words: &[&str]| Arguments::try_parse_from(["x"].iter().chain(words)).is_ok();
            let mut lengths = least..=words.len();
            assert!(lengths.any(|length| is_one(&words[..length])), "{line}");
            count += 1;
        }
        assert!(count > 30, "{count}");
    }

    /// Theorem: clap breaks no line of an example, and each paragraph is one line, so that it is broken where the terminal ends.
    #[test]
    fn help_fits_a_terminal() {
        const COLUMNS: usize = 100;
        let command = Arguments::command();
        for it in command.get_subcommands().chain([&command]) {
            let help = it.get_after_help().map(ToString::to_string);
            let help = help.unwrap_or_default();
            for (line, next) in help.lines().zip(help.lines().skip(1)) {
                let is_example = line.starts_with(' ');
                assert!(!is_example || line.chars().count() <= COLUMNS, "{line}");
                let is_broken = !is_example && !line.is_empty() && !next.is_empty();
                assert!(!is_broken || line == "Examples:", "{line}");
            }
        }
    }

    #[test]
    fn help_is_consistent_and_names_every_allocator() {
        Arguments::command().debug_assert();
        let help = Arguments::command().render_help().to_string();
        for allocator in Allocator::ALL {
            assert!(help.contains(allocator.name()), "{allocator}");
        }
        for name in ["league", "compare"] {
            let refused = Arguments::try_parse_from(["x", name, "--allocator", "none"]);
            let refusal = refused.unwrap_err().to_string();
            let (_, known) = refusal.split_once("allocators are ").unwrap();
            let known = known.lines().next().unwrap();
            let mut command = Arguments::command();
            let it = command.find_subcommand_mut(name).unwrap();
            let argument = it
                .get_arguments()
                .find(|it| it.get_long() == Some("allocator"));
            let help = argument.unwrap().get_help().unwrap().to_string();
            assert!(help.contains(known), "{known}: {help}");
        }
    }
}
