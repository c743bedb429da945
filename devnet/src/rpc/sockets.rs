//! WebSockets: requests that are answered in any order, and the events of subscriptions.
//!
//! Lives here: a socket from its handshake to its end. Not here: its frames (`frames`), its requests (`requests`), and how many sockets
//! there may be (`connections`).
//!
//! This is not the library's loop: that one knows no limit on the time that a message may take, and no ids but its own.

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::upgrade::Upgraded;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use jsonrpsee::server::{HttpBody, MethodResponse, StopHandle};
use jsonrpsee::types::error::reject_too_big_request;
use jsonrpsee::types::{ErrorObjectOwned, Id};
use soketto::handshake::http::Server as Handshake;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Semaphore, mpsc, watch};

use crate::rpc::connections::{Connection, Connections};
use crate::rpc::frames::{self, End, Reader, Received, Sent};
use crate::rpc::requests::{Events, Service};

/// The largest message.
const MOST_MESSAGE: u32 = 16 << 20;

/// The number that tells a client of a server that stops (RFC 6455).
const GOING_AWAY: u16 = 1_001;

/// How many answers and events may wait for a client that reads slowly.
const WAITING: usize = 1_024;

/// What the messages of a socket that are being answered may weigh together, and what each weighs at least, in KiB. Until there is room,
/// nothing more is read.
const ROOM: u32 = 64 << 10;
const LEAST: u32 = 64;

/// A socket's surroundings.
pub(super) struct Socket {
    pub(super) service: Service,
    pub(super) connection: Arc<Connection>,
    pub(super) connections: Connections,
    pub(super) stop: StopHandle,
}

/// Answers a handshake, and serves the socket that it leads to.
///
/// # Errors
/// If it is none.
pub(super) fn open(
    request: Request<Incoming>,
    socket: Socket,
) -> Result<Response<HttpBody>, soketto::handshake::Error> {
    let accepted = Handshake::new().receive_request(&request)?;
    tokio::spawn(async move {
        if let Ok(upgraded) = hyper::upgrade::on(request).await {
            serve(upgraded, socket).await;
        }
    });
    Ok(accepted.map(|()| HttpBody::empty()))
}

/// Serves a socket until its client leaves or has to, or the devnet stops.
async fn serve(upgraded: Upgraded, socket: Socket) {
    let (from, to) = tokio::io::split(TokioIo::new(upgraded));
    let (out, waiting) = mpsc::channel(WAITING);
    // Subscriptions end when this is dropped.
    let (open, ended) = watch::channel(());
    let stopped = socket.stop.clone().shutdown();
    let gone = socket.connection.gone();
    tokio::pin!(stopped, gone);
    let writing = write(to, waiting);
    tokio::pin!(writing);
    let mut reading = Box::pin(read(from, &socket, out, ended));
    tokio::select! {
        () = &mut writing => return,
        () = &mut gone => return,
        is_there = &mut reading => if !is_there {
            return;
        },
        () = &mut stopped => {}
    }
    // What has been received is still answered.
    drop((reading, open));
    tokio::select! {
        () = writing => {}
        () = gone => {}
    }
}

/// Reads until nothing more comes. Returns whether the client may still be there.
async fn read(
    from: impl AsyncRead + Unpin,
    socket: &Socket,
    out: mpsc::Sender<Sent>,
    ended: watch::Receiver<()>,
) -> bool {
    let Socket {
        service,
        connection,
        connections,
        ..
    } = socket;
    let mut reader = Reader::new(from, MOST_MESSAGE);
    let room = Arc::new(Semaphore::new(ROOM as usize));
    loop {
        let received = reader.next(|bytes| match bytes {
            0 => connections.message_begins(connection),
            bytes => connections.body_grows(connection, bytes),
        });
        let sent = match received.await {
            Ok(Received::Message(message)) => {
                connections.message_ends(connection);
                let weight = LEAST + (message.len() >> 10) as u32;
                let Ok(place) = room.clone().acquire_many_owned(weight).await else {
                    return false;
                };
                let (service, ended) = (service.clone(), ended.clone());
                let out = Out {
                    waiting: out.clone(),
                    connection: connection.clone(),
                    connections: connections.clone(),
                };
                tokio::spawn(async move {
                    let _place = place;
                    tokio::select! {
                        () = answer(&service, message, &out, ended) => {}
                        // Nobody waits for the answer any more.
                        () = out.waiting.closed() => {}
                    }
                });
                continue;
            }
            Ok(Received::Ping(content)) => out.send(Sent::Pong(content)).await,
            Err(end) => {
                if let End::TooLong = end {
                    let error: ErrorObjectOwned = reject_too_big_request(MOST_MESSAGE);
                    let error = MethodResponse::error(Id::Null, error).into_json();
                    let error: String = Box::<str>::from(error).into();
                    let _ = out.send(Sent::Text(Box::new(error))).await;
                }
                return match end.code() {
                    Some(code) => out.send(Sent::Close(code)).await.is_ok(),
                    None => false,
                };
            }
        };
        if sent.is_err() {
            return false;
        }
    }
}

/// Where a socket's texts wait for its client to read them.
#[derive(Clone)]
struct Out {
    waiting: mpsc::Sender<Sent>,
    connection: Arc<Connection>,
    connections: Connections,
}

impl Out {
    /// Sends a text. Returns whether the client may still be there.
    async fn send(&self, text: String) -> bool {
        let text = self.connections.answered(&self.connection, text.into());
        self.waiting.send(Sent::Text(Box::new(text))).await.is_ok()
    }
}

/// Answers a message, and starts what it has subscribed to.
async fn answer(service: &Service, message: Vec<u8>, out: &Out, ended: watch::Receiver<()>) {
    let answered = service.answer(&message).await;
    drop(message);
    if let Some(text) = answered.text
        && !out.send(text).await
    {
        return;
    }
    for events in answered.begun {
        tokio::spawn(forward(events, out.clone(), ended.clone()));
    }
}

/// Sends a subscription's events until it or its socket ends.
async fn forward(mut events: Events, out: Out, mut ended: watch::Receiver<()>) {
    loop {
        let event = tokio::select! {
            _ = ended.changed() => return,
            event = events.recv() => event,
        };
        let Some(event) = event else {
            return;
        };
        let sent = tokio::select! {
            _ = ended.changed() => return,
            sent = out.send(Box::<str>::from(event).into()) => sent,
        };
        if !sent {
            return;
        }
    }
}

/// Writes what waits, up to the frame that closes the socket.
async fn write(mut to: impl AsyncWrite + Unpin, mut waiting: mpsc::Receiver<Sent>) {
    while let Some(sent) = waiting.recv().await {
        let is_last = matches!(sent, Sent::Close(_));
        if frames::write(&mut to, sent).await.is_err() || is_last {
            return;
        }
    }
    // The devnet stops, and the client may be gone.
    let _ = frames::write(&mut to, Sent::Close(GOING_AWAY)).await;
}
