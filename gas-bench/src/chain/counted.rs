//! Devnets on which programs count what they do.
//!
//! Lives here: starting them. Not here: what the counts come to (`figures::coverage`).

use std::net::SocketAddr;

use stylus_devnet::explain::{Artifacts, Coverage};
use stylus_devnet::{ArbOs, Config, Devnet, Handle};

use super::{Node, NodeError, embedded};
use crate::plan;

impl Node {
    /// Connects to an embedded chain, on which the programs of `coverage` count.
    ///
    /// # Errors
    /// Where there is none.
    pub(crate) fn connect_counted(
        arbos: ArbOs,
        fork: Option<&plan::Fork>,
        coverage: Coverage,
    ) -> Result<Self, NodeError> {
        let config = embedded(arbos, fork)?;
        Self::start(Config { coverage, ..config })
    }
}

/// Starts a devnet for somebody else's requests, on which the programs of `coverage` count.
///
/// # Errors
/// Where it does not start.
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
        // The first call of a program has it compiled.
        request_timeout: None,
        ..Config::default()
    };
    Ok(Devnet::start(config)?)
}
