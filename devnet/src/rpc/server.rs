//! The server: HTTP and WebSocket on one port.
//!
//! Lives here: accepting connections, and a request's path to its method. Not here: who may connect (`admission`), for
//! how long (`connections`), methods (`methods`).

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use jsonrpsee::server::middleware::rpc::RpcServiceBuilder;
use jsonrpsee::server::{
    BatchRequestConfig, HttpBody, IdProvider, MethodResponse, Methods, Server as HttpServer,
    ServerConfig, ServerHandle, StopHandle, http, stop_channel, ws,
};
use jsonrpsee::types::error::reject_too_big_batch_request;
use jsonrpsee::types::{Id, SubscriptionId};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tower::Service as _;
use tower_http::cors::{AllowOrigin, Any, CorsLayer};

use crate::bounded::MOST_ANSWER;
use crate::config::Config;
use crate::node::Node;
use crate::rpc::admission::Admission;
use crate::rpc::batches::{self, BATCH, Batches};
use crate::rpc::connections::{Connection, Connections};
use crate::rpc::{ids, methods};

/// The largest request: the largest deployments take some hundreds of kilobytes, a state to load some megabytes.
const MOST_REQUEST: u32 = 64 << 20;
/// The largest message over WebSocket.
const MOST_MESSAGE: u32 = 16 << 20;
/// How often to look for connections whose time is up.
const SWEEP: Duration = Duration::from_secs(1);

/// When a request, or its batch, arrived.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival(pub(super) Instant);

/// Marks a request that arrived over HTTP, which has no way to notify the client later.
#[derive(Clone, Copy, Debug)]
pub(super) struct Once;

/// The server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address is in use or unavailable.
    #[error("cannot listen at {address}: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's error.
        error: std::io::Error,
    },
    /// An allowed host is not a host name.
    #[error("{0:?} is not a host name")]
    Host(String),
    /// An allowed origin is not an origin.
    #[error("{0:?} is not an origin: one looks like https://example.org")]
    Origin(String),
}

/// A running server.
pub(crate) struct Server {
    handle: ServerHandle,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Stops accepting requests. Those already received are still answered.
    pub(crate) fn stop(&self) {
        // It may have stopped already.
        let _ = self.handle.stop();
    }

    /// Resolves when everything has been answered.
    pub(crate) fn stopped(&self) -> impl Future<Output = ()> + Send + use<> {
        self.handle.clone().stopped()
    }
}

type Answer = Response<HttpBody>;
type Answering = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// Answers admitted requests; the flag tells whether one asks for a WebSocket.
type Methodical = Box<dyn Fn(Request<HttpBody>, bool) -> Answering + Send + Sync>;

/// Starts answering requests to `node`.
///
/// # Errors
/// If the address is unavailable, or a setting is invalid.
pub(crate) async fn start(config: &Config, node: Node) -> Result<Server, ServerError> {
    let admission = Admission::new(config)?;
    let address = SocketAddr::new(config.host, config.port);
    let listen = |error| ServerError::Listen { address, error };
    let listener = TcpListener::bind(address).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let (stop, handle) = stop_channel();
    let shared = Arc::new(Shared {
        methodical: methodical(methods::module(node).into(), &admission, stop.clone()),
        admission,
        connections: Connections::default(),
    });
    tokio::spawn(accept(listener, shared, stop));
    Ok(Server { handle, address })
}

/// The path through jsonrpsee from a request to a method, one for each transport.
fn methodical(methods: Methods, admission: &Admission, stop: StopHandle) -> Methodical {
    let http = tower::ServiceBuilder::new().option_layer(cors(admission));
    let service = |most_request| {
        let settings = ServerConfig::builder()
            .max_request_body_size(most_request)
            .max_response_body_size(MOST_ANSWER as u32 + (1 << 20))
            // Connections are counted elsewhere.
            .max_connections(u32::MAX)
            .set_batch_request_config(BatchRequestConfig::Limit(BATCH as u32))
            .set_id_provider(Numbers::default())
            .build();
        HttpServer::builder()
            .set_config(settings)
            .set_rpc_middleware(RpcServiceBuilder::new().layer_fn(Batches))
            .set_http_middleware(http.clone())
            .to_service_builder()
    };
    let (plain, socket) = (service(MOST_REQUEST), service(MOST_MESSAGE));
    Box::new(move |request, is_socket| {
        let service = if is_socket { &socket } else { &plain };
        let mut service = service.clone().build(methods.clone(), stop.clone());
        Box::pin(async move {
            let answered = service.call(request).await;
            answered.unwrap_or_else(|error| refuse(StatusCode::INTERNAL_SERVER_ERROR, &error))
        })
    })
}

/// Lets web pages of the allowed origins read answers; none by default.
fn cors(admission: &Admission) -> Option<CorsLayer> {
    let layer = CorsLayer::new().allow_headers(Any).allow_methods(Any);
    let Some(origins) = admission.origins() else {
        return Some(layer.allow_origin(Any));
    };
    if origins.is_empty() {
        return None;
    }
    // They have been parsed once already.
    let origins = origins.iter().filter_map(|origin| origin.parse().ok());
    Some(layer.allow_origin(AllowOrigin::list(origins)))
}

/// Subscription ids, which Ethereum clients expect in hexadecimal.
#[derive(Debug, Default)]
struct Numbers(AtomicU64);

impl IdProvider for Numbers {
    fn next_id(&self) -> SubscriptionId<'static> {
        let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        SubscriptionId::Str(format!("{number:#x}").into())
    }
}

/// What all connections share.
struct Shared {
    admission: Admission,
    connections: Connections,
    methodical: Methodical,
}

/// Accepts connections until the server stops.
async fn accept(listener: TcpListener, shared: Arc<Shared>, stop: StopHandle) {
    let stopped = stop.clone().shutdown();
    tokio::pin!(stopped);
    let mut sweeps = tokio::time::interval(SWEEP);
    loop {
        tokio::select! {
            () = &mut stopped => return,
            _ = sweeps.tick() => shared.connections.sweep(),
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => welcome(stream, &shared, &stop),
                // For lack of descriptors, for example: some connection will end.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            },
        }
    }
}

/// Serves a connection, if there is a place for it.
fn welcome(stream: TcpStream, shared: &Arc<Shared>, stop: &StopHandle) {
    // Without it answers wait for one another; it only makes them faster.
    let _ = stream.set_nodelay(true);
    let Some((stream, connection)) = shared.connections.open(stream) else {
        return;
    };
    let (shared, stop) = (shared.clone(), stop.clone());
    tokio::spawn(async move {
        let answering = {
            let connection = connection.clone();
            service_fn(move |request| {
                let (shared, connection) = (shared.clone(), connection.clone());
                async move { Ok::<_, Infallible>(shared.answer(&connection, request).await) }
            })
        };
        let served = http1::Builder::new()
            .serve_connection(TokioIo::new(stream), answering)
            .with_upgrades();
        tokio::pin!(served);
        let stopped = stop.shutdown();
        tokio::select! {
            _ = &mut served => return,
            () = connection.gone() => return,
            () = stopped => served.as_mut().graceful_shutdown(),
        }
        tokio::select! {
            _ = served => {}
            () = connection.gone() => {}
        }
    });
}

impl Shared {
    /// Answers a request, or says why not.
    async fn answer(&self, connection: &Connection, request: Request<Incoming>) -> Answer {
        if let Err(stranger) = self.admission.check(request.uri(), request.headers()) {
            return refuse(StatusCode::FORBIDDEN, &stranger);
        }
        if ws::is_upgrade_request(&request) {
            return match self.connections.becomes_socket(connection) {
                true => (self.methodical)(request.map(HttpBody::new), true).await,
                false => refuse(StatusCode::SERVICE_UNAVAILABLE, &"too many WebSockets"),
            };
        }
        self.connections.body_begins(connection);
        let (mut parts, body) = request.into_parts();
        let body = match self.body(connection, &parts.headers, body).await {
            Ok(body) => body,
            Err(answer) => return answer,
        };
        self.connections.answer_begins(connection);
        parts.extensions.insert(Once);
        let (body, id) = match ids::replace(&body) {
            Some((body, id)) => (body, Some(id)),
            None => (body, None),
        };
        let request = Request::from_parts(parts, HttpBody::from(body));
        let mut answer = (self.methodical)(request, false).await;
        if let Some(id) = id {
            answer = with_id(answer, &id).await;
        }
        // A notification gets no answer. The library writes `null`, and nothing else that short.
        if answer.body().size_hint().exact() == Some(4) {
            answer = Response::new(HttpBody::empty());
            *answer.status_mut() = StatusCode::NO_CONTENT;
        }
        self.connections.answer_ends(connection);
        answer
    }

    /// A request's whole body.
    async fn body(
        &self,
        connection: &Connection,
        headers: &HeaderMap,
        mut body: Incoming,
    ) -> Result<Vec<u8>, Answer> {
        let too_long = || http::response::too_large(MOST_REQUEST);
        let length = headers.get(header::CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if length.is_some_and(|length| length > u64::from(MOST_REQUEST)) {
            return Err(too_long());
        }
        let mut whole = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| refuse(StatusCode::BAD_REQUEST, &error))?;
            let Ok(piece) = frame.into_data() else {
                continue;
            };
            self.connections.body_grows(connection, piece.len());
            if whole.len() + piece.len() > MOST_REQUEST as usize {
                return Err(too_long());
            }
            whole.extend_from_slice(&piece);
        }
        if batches::is_too_long(&whole) {
            let error = reject_too_big_batch_request(BATCH);
            let answer = MethodResponse::error(Id::Null, error);
            return Err(http::response::from_method_response(answer));
        }
        Ok(whole)
    }
}

/// An answer with its request's original id.
async fn with_id(answer: Answer, id: &[u8]) -> Answer {
    let (mut parts, body) = answer.into_parts();
    let body = match body.collect().await {
        Ok(whole) => ids::restore(&whole.to_bytes(), id),
        Err(error) => return refuse(StatusCode::INTERNAL_SERVER_ERROR, &error),
    };
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, HttpBody::from(body))
}

/// An answer with one sentence.
fn refuse(status: StatusCode, why: &dyn std::fmt::Display) -> Answer {
    let mut answer = Response::new(HttpBody::from(format!("{why}\n")));
    *answer.status_mut() = status;
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    answer.headers_mut().insert(header::CONTENT_TYPE, text);
    answer
}
