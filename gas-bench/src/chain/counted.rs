//! Devnets on which programs count their blocks.
//!
//! Lives here: starting them. Not here: what the counts mean (`stylus_report::figures`).

use std::net::SocketAddr;

use stylus_devnet::explain::{Artifacts, Coverage};
use stylus_devnet::{ArbOs, Config, Devnet, Handle};

use super::{Node, NodeError, embedded};

impl Node {
    /// Connects to an embedded chain on which the programs of `coverage` count.
    ///
    /// # Errors
    /// If the chain cannot be started.
    pub(crate) fn connect_counted(
        arbos: ArbOs,
        fork: Option<&stylus_plan::Fork>,
        coverage: Coverage,
    ) -> Result<Self, NodeError> {
        let config = embedded(arbos, fork)?;
        Self::start(Config { coverage, ..config })
    }
}

/// Starts a devnet for external requests, on which the programs of `coverage` count.
///
/// # Errors
/// If it does not start.
pub(crate) fn listen(
    at: SocketAddr,
    arbos: ArbOs,
    artifacts: Artifacts,
    coverage: Coverage,
) -> Result<Handle, NodeError> {
    let config = Config {
        host: at.ip(),
        port: at.port(),
        arbos,
        artifacts,
        coverage,
        // The first call of a program compiles it.
        request_timeout: None,
        ..Config::default()
    };
    Ok(Devnet::start(config)?)
}
