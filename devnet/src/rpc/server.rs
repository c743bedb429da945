//! The server: HTTP and WebSocket on one port.
//!
//! Lives here: limits, and who may speak to it. Not here: methods.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jsonrpsee::server::middleware::http::{AuthorityError, HostFilterLayer};
use jsonrpsee::server::{
    BatchRequestConfig, IdProvider, Server as HttpServer, ServerConfig, ServerHandle,
};
use jsonrpsee::types::SubscriptionId;
use tower_http::cors::{AllowOrigin, Any, CorsLayer};

use crate::config::Config;
use crate::node::Node;
use crate::rpc::methods;

/// The largest request: the largest deployments take some hundreds of kilobytes, a state to load some megabytes.
const MOST_REQUEST: u32 = 64 << 20;
/// The largest answer, which a dumped state may be.
const MOST_ANSWER: u32 = 256 << 20;
/// The most connections at once.
const CONNECTIONS: u32 = 1_024;
/// The most requests in a batch.
const BATCH: u32 = 10_000;

/// A server that cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address is taken, or cannot be had.
    #[error("cannot listen at {address}: {error}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        error: std::io::Error,
    },
    /// An allowed host that is none.
    #[error("{0:?} is not a host name")]
    Host(String),
    /// An allowed origin that is none.
    #[error("{0:?} is not an origin: one looks like https://example.org")]
    Origin(String),
}

/// A server that runs.
pub(crate) struct Server {
    pub(crate) handle: ServerHandle,
    pub(crate) address: SocketAddr,
}

/// Starts answering requests to `node`.
///
/// # Errors
/// Where the address cannot be listened at, or a setting is not what it should be.
pub(crate) async fn start(config: &Config, node: Node) -> Result<Server, ServerError> {
    let http = tower::ServiceBuilder::new()
        // A page that has its own name resolve to this machine is stopped here.
        .layer(hosts(config)?)
        .option_layer(cors(config)?);
    let settings = ServerConfig::builder()
        .max_request_body_size(MOST_REQUEST)
        .max_response_body_size(MOST_ANSWER)
        .max_connections(CONNECTIONS)
        .set_batch_request_config(BatchRequestConfig::Limit(BATCH))
        .set_tcp_no_delay(true)
        .set_id_provider(Numbers::default())
        // A client that connects and says nothing does not hold a place for long.
        .set_first_request_timeout(Some(Duration::from_secs(30)))
        .build();
    let address = SocketAddr::new(config.host, config.port);
    let listen = |error| ServerError::Listen { address, error };
    let server = HttpServer::builder()
        .set_config(settings)
        .set_http_middleware(http)
        .build(address)
        .await
        .map_err(listen)?;
    let address = server.local_addr().map_err(listen)?;
    let handle = server.start(methods::module(node));
    Ok(Server { handle, address })
}

/// Numbers of subscriptions, which Ethereum's clients expect in hexadecimal.
#[derive(Debug, Default)]
struct Numbers(AtomicU64);

impl IdProvider for Numbers {
    fn next_id(&self) -> SubscriptionId<'static> {
        let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        SubscriptionId::Str(format!("{number:#x}").into())
    }
}

/// Lets requests through that name this machine, or a host that is allowed.
fn hosts(config: &Config) -> Result<HostFilterLayer, ServerError> {
    let mut names = vec![
        "localhost:*".to_owned(),
        "127.0.0.1:*".into(),
        "[::1]:*".into(),
    ];
    if !config.host.is_unspecified() {
        names.push(
            SocketAddr::new(config.host, 0)
                .to_string()
                .replace(":0", ":*"),
        );
    }
    for host in &config.allow_host {
        if host == "*" {
            return Ok(HostFilterLayer::disable());
        }
        names.push(if host.contains(':') {
            host.clone()
        } else {
            format!("{host}:*")
        });
    }
    let named = names.clone();
    HostFilterLayer::new(names.iter().map(String::as_str)).map_err(|_: AuthorityError| {
        // The first four are fine; what is wrong is among those allowed.
        ServerError::Host(named.last().cloned().unwrap_or_default())
    })
}

/// Lets web pages of the allowed origins send requests; none by default.
fn cors(config: &Config) -> Result<Option<CorsLayer>, ServerError> {
    if config.allow_origin.is_empty() {
        return Ok(None);
    }
    let layer = CorsLayer::new().allow_headers(Any).allow_methods(Any);
    if config.allow_origin.iter().any(|origin| origin == "*") {
        return Ok(Some(layer.allow_origin(Any)));
    }
    let origins = config.allow_origin.iter().map(|origin| {
        origin
            .parse()
            .map_err(|_| ServerError::Origin(origin.clone()))
    });
    let origins = origins.collect::<Result<Vec<_>, _>>()?;
    Ok(Some(layer.allow_origin(AllowOrigin::list(origins))))
}
