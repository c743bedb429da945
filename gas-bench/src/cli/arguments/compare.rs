//! The arguments of `compare`.

use std::path::PathBuf;

use clap::Args;
use stylus_cargo::{Allocator, Hindrance, Lto, Mode, OptLevel, Variations, replaceable};
use stylus_vm::ArbOs;

use super::TextArguments;
use super::contracts::{ProjectArguments, arbos};

const EXAMPLES: &str = "\
Examples:
  cargo gas-bench compare                every allocator at every level, with and without wasm-opt
  cargo gas-bench compare --package erc20 --allocator mini,std
  cargo gas-bench compare --opt-level s,z --wasm-opt off
  cargo gas-bench compare --lto on,off --opt-level 3 --wasm-opt off
                                         the allocators with link-time optimisation and without
  cargo gas-bench compare --format markdown --out compare.md

The contract is built in a copy of its workspace, in which the package mini-alloc is replaced; your files and your lockfile stay as \
they are. A variant whose answers differ from your own build's has no figures.

Exit code: 0 when every variant has figures, 1 when one has none, 2 for arguments that make no sense.";

/// The arguments of `compare`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CompareArguments {
    #[command(flatten)]
    pub(crate) project: ProjectArguments,

    /// Build with this allocator, in addition to your own; several with commas [known: mini, mini-in-place, mini-outlined, mini-trap,
    /// reclaim, mini-upstream, wee, std, talc, lol; default: all]
    #[arg(long = "allocator", value_name = "NAME", value_parser = allocator, value_delimiter = ',')]
    allocators: Vec<Allocator>,

    /// Build at this level, in addition to your own; several with commas [default: 3, s, z]
    #[arg(long = "opt-level", value_name = "LEVEL", value_parser = level, value_delimiter = ',')]
    levels: Vec<OptLevel>,

    /// Build with link-time optimisation, `on`, or as with a library beside the cdylib, `off`, in addition to your own; both with a comma
    /// [default: on, if your profile asks for it and cargo leaves it out]
    #[arg(long = "lto", value_name = "WHETHER", value_parser = lto, value_delimiter = ',')]
    lto: Vec<Lto>,

    /// What wasm-opt does: off, Oz, O3, O4; several with commas [default: all]
    #[arg(long = "wasm-opt", value_name = "MODE", value_delimiter = ',')]
    modes: Vec<Mode>,

    /// Binaryen's wasm-opt, if it is not on PATH
    #[arg(long, value_name = "FILE")]
    pub(crate) wasm_opt_path: Option<PathBuf>,

    /// The ArbOS version of the embedded devnet; by default what Arbitrum One runs
    #[arg(long, value_name = "VERSION", value_parser = arbos)]
    pub(crate) arbos: Option<ArbOs>,

    #[command(flatten)]
    pub(crate) report: TextArguments,
}

impl CompareArguments {
    /// What to vary for a contract that can lack link-time optimisation.
    pub(crate) fn variations(&self, lto_hindrance: Option<&Hindrance>) -> Variations {
        let missed = lto_hindrance.map(|_| Lto::On);
        Variations {
            allocators: chosen(&self.allocators, &replaceable()),
            levels: chosen(&self.levels, OptLevel::ALL),
            lto: chosen(&self.lto, missed.as_slice()),
            modes: chosen(&self.modes, Mode::ALL),
        }
    }
}

/// The chosen values, or all of them.
fn chosen<T: Copy>(chosen: &[T], all: &[T]) -> Vec<T> {
    if chosen.is_empty() { all } else { chosen }.to_vec()
}

fn allocator(name: &str) -> Result<Allocator, String> {
    let known = replaceable();
    let found = known.iter().copied().find(|it| it.name() == name);
    found.ok_or_else(|| {
        let names: Vec<_> = known.iter().map(|it| it.name()).collect();
        format!("the known allocators are {}", names.join(", "))
    })
}

fn lto(name: &str) -> Result<Lto, String> {
    let found = Lto::ALL.into_iter().find(|it| it.name() == name);
    found.ok_or_else(|| "it is on or off".to_owned())
}

fn level(name: &str) -> Result<OptLevel, String> {
    let found = OptLevel::ALL.iter().copied().find(|it| it.name() == name);
    found.ok_or_else(|| "the levels are 3, s and z".to_owned())
}
