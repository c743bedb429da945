//! The arguments of `explain`.

use clap::Args;
use gas_bench::chain::Target;
use stylus_vm::ArbOs;

use super::TextArguments;
use super::contracts::{ProjectArguments, arbos};
use super::report::RunArguments;

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  cargo gas-bench explain transfer                  a call of gas-bench.toml, or an ABI's function
  cargo gas-bench explain erc20::transfer --run 2   of one contract of several; its second run
  cargo gas-bench explain 'mint(address,uint256)' '{alice}' 1000
  cargo gas-bench explain --endpoint http://localhost:8547 \\
      0x5c504ed432cb51138bcf09aa5e8a410dd4a1e204ef84bfed1be16dfba1b22060
                                                    a transaction on a stylus-devnet: its lines are
                                                    those of the contracts that were built here

Exit code: 0 with an explanation, 1 without, 2 for arguments that make no sense.";

/// The arguments of `explain`.
#[derive(Args, Debug)]
#[command(after_help = EXPLAIN_EXAMPLES)]
pub(crate) struct ExplainArguments {
    /// The call: a name from gas-bench.toml, a function of the ABI, or a signature; CONTRACT::CALL if several contracts have it. Or the
    /// hash of a transaction
    #[arg(value_name = "CALL|TRANSACTION")]
    pub(crate) what: String,

    #[command(flatten)]
    pub(crate) run: RunArguments,

    #[command(flatten)]
    pub(crate) project: ProjectArguments,

    /// The stylus-devnet that has the transaction
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,

    /// The ArbOS version of the embedded devnet that a call is made on; by default what Arbitrum One runs
    #[arg(long, value_name = "VERSION", conflicts_with = "endpoint", value_parser = arbos)]
    arbos: Option<ArbOs>,

    #[command(flatten)]
    pub(crate) report: TextArguments,
}

impl ExplainArguments {
    /// The chain that a call is made on.
    pub(crate) fn target(&self) -> Target {
        Target::Embedded(self.arbos.unwrap_or(ArbOs::ARBITRUM_ONE))
    }
}
