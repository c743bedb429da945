//! The server: HTTP and WebSocket on one port.
//!
//! Lives here: accepting connections, and a request's path to its method. Not here: who may connect (`admission`), for
//! how long (`connections`), methods (`methods`).

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use jsonrpsee::server::{HttpBody, ServerHandle, StopHandle, http, stop_channel, ws};
use tokio::net::{TcpListener, TcpStream};
use tower::Service as _;
use tower_http::cors::{AllowOrigin, Any, CorsLayer};

use crate::config::Config;
use crate::node::Node;
use crate::rpc::admission::Admission;
use crate::rpc::connections::{Connection, Connections};
use crate::rpc::methods;
use crate::rpc::requests::Service;
use crate::rpc::sockets::{self, Socket};

/// The largest request: the largest deployments take some hundreds of kilobytes, a state to load some megabytes.
const MOST_REQUEST: u32 = 64 << 20;
/// How often to look for connections whose time is up.
const SWEEP: Duration = Duration::from_secs(1);

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

/// Answers admitted requests over HTTP.
type Methodical = Box<dyn Fn(Request<Vec<u8>>) -> Answering + Send + Sync>;

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
    let service = Service::new(methods::module(node).into());
    let shared = Arc::new(Shared {
        methodical: methodical(service.clone(), &admission),
        service,
        admission,
        connections: Connections::new(),
    });
    tokio::spawn(accept(listener, shared, stop));
    Ok(Server { handle, address })
}

/// The path from a request over HTTP to its answer.
fn methodical(service: Service, admission: &Admission) -> Methodical {
    let answering = tower::service_fn(move |request: Request<Vec<u8>>| {
        let service = service.clone();
        async move { Ok::<_, Infallible>(answer(&service, &request).await) }
    });
    let whole = tower::ServiceBuilder::new()
        .option_layer(cors(admission))
        .service(answering);
    Box::new(move |request| {
        let mut whole = whole.clone();
        Box::pin(async move {
            let answered = whole.call(request).await;
            answered.unwrap_or_else(|error| refuse(StatusCode::INTERNAL_SERVER_ERROR, &error))
        })
    })
}

/// Answers the text that is posted.
async fn answer(service: &Service, request: &Request<Vec<u8>>) -> Answer {
    if request.method() != Method::POST {
        return http::response::method_not_allowed();
    }
    if !http::is_json(request.headers().get(header::CONTENT_TYPE)) {
        return http::response::unsupported_content_type();
    }
    match service.answer(request.body()).await.text {
        Some(text) => http::response::ok_response(text),
        None => {
            let mut answer = Response::new(HttpBody::empty());
            *answer.status_mut() = StatusCode::NO_CONTENT;
            answer
        }
    }
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

/// What all connections share.
struct Shared {
    admission: Admission,
    connections: Connections,
    service: Service,
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
            let (connection, stop) = (connection.clone(), stop.clone());
            service_fn(move |request| {
                let (shared, connection) = (shared.clone(), connection.clone());
                let stop = stop.clone();
                async move { Ok::<_, Infallible>(shared.answer(connection, stop, request).await) }
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
    async fn answer(
        &self,
        connection: Arc<Connection>,
        stop: StopHandle,
        request: Request<Incoming>,
    ) -> Answer {
        if let Err(stranger) = self.admission.check(request.uri(), request.headers()) {
            return refuse(StatusCode::FORBIDDEN, &stranger);
        }
        if ws::is_upgrade_request(&request) {
            return self.socket(connection, stop, request);
        }
        self.connections.body_begins(&connection);
        let (parts, body) = request.into_parts();
        let body = match self.body(&connection, &parts.headers, body).await {
            Ok(body) => body,
            Err(answer) => return answer,
        };
        self.connections.answer_begins(&connection);
        let answer = (self.methodical)(Request::from_parts(parts, body)).await;
        let (head, text) = answer.into_parts();
        // It is in memory already, in one piece, and nothing that could fail makes it.
        let text = text.collect().await.map(|text| text.to_bytes());
        let text = self
            .connections
            .answered(&connection, text.unwrap_or_default());
        self.connections.answer_ends(&connection);
        let text = Full::new(Bytes::from_owner(text));
        Answer::from_parts(head, HttpBody::new(text))
    }

    /// Turns the connection into a WebSocket, or says why not.
    fn socket(
        &self,
        connection: Arc<Connection>,
        stop: StopHandle,
        request: Request<Incoming>,
    ) -> Answer {
        if !self.connections.becomes_socket(&connection) {
            return refuse(StatusCode::SERVICE_UNAVAILABLE, &"too many WebSockets");
        }
        let socket = Socket {
            service: self.service.of_socket(),
            connection,
            connections: self.connections.clone(),
            stop,
        };
        let opened = sockets::open(request, socket);
        opened.unwrap_or_else(|error| refuse(StatusCode::BAD_REQUEST, &error))
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
        Ok(whole)
    }
}

/// An answer with one sentence.
fn refuse(status: StatusCode, why: &dyn std::fmt::Display) -> Answer {
    let mut answer = Response::new(HttpBody::from(format!("{why}\n")));
    *answer.status_mut() = status;
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    answer.headers_mut().insert(header::CONTENT_TYPE, text);
    answer
}
