//! The arguments of `report`.

use clap::Args;

use super::contracts::{ChainArguments, ProjectArguments};

/// The arguments of `report`.
#[derive(Args, Debug)]
pub(crate) struct ReportArguments {
    #[command(flatten)]
    pub(crate) project: ProjectArguments,

    #[command(flatten)]
    pub(crate) chain: ChainArguments,
}
