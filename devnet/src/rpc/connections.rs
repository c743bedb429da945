//! Connections: how many there may be, and how long each may block others.
//!
//! Lives here: the phase of each connection, and which one must close. Not here: what is sent over it (`server`).
//!
//! A client that sends a request byte by byte, or nothing at all, or does not read its answer, takes a place that others need. So
//! each phase has a time limit; and when all places are taken, the connection that has taken the longest gives way to a new one. A
//! connection whose request is being answered never gives way.

use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// The most connections at once.
const MOST: usize = 1_024;

/// How many of them may be WebSockets, which may stay open indefinitely.
const MOST_SOCKETS: usize = 512;

/// Time limit of a request's head.
const HEAD: Duration = Duration::from_secs(10);

/// Time limit of a request's body, and the extension for each received [`PIECE`] of it.
const BODY: Duration = Duration::from_secs(10);

/// Bytes of a body.
const PIECE: u64 = 1 << 20;

/// How long a client may read nothing of its answer.
const STALL: Duration = Duration::from_secs(30);

/// The phase of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
enum Phase {
    /// Between requests, or before the first.
    Idle,
    /// Part of a request's head has arrived.
    Head,
    /// The head and part of the body have arrived.
    Body,
    /// The request is being answered.
    Answer,
    /// It is a WebSocket.
    Socket,
}

/// All connections; cheap to clone.
#[derive(Clone)]
pub(super) struct Connections(Arc<Inner>);

struct Inner {
    began: Instant,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    next: u64,
    connections: HashMap<u64, Arc<Connection>>,
}

/// One open connection.
pub(super) struct Connection {
    phase: AtomicU8,
    /// When the phase began, in milliseconds since the server started.
    since: AtomicU64,
    /// Bytes of the body so far.
    body: AtomicU64,
    /// When the client stopped reading its answer; 0 if it has not.
    stalled: AtomicU64,
    gone: Notify,
}

impl Connection {
    fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Relaxed) {
            0 => Phase::Idle,
            1 => Phase::Head,
            2 => Phase::Body,
            3 => Phase::Answer,
            _ => Phase::Socket,
        }
    }

    /// Resolves when the connection must close.
    pub(super) async fn gone(&self) {
        self.gone.notified().await;
    }

    /// Whether its time is up at `now`.
    fn is_over(&self, now: u64) -> bool {
        let past =
            |since: u64, limit: Duration| u128::from(now.saturating_sub(since)) > limit.as_millis();
        let stalled = self.stalled.load(Ordering::Relaxed);
        if stalled > 0 && past(stalled, STALL) {
            return true;
        }
        let since = self.since.load(Ordering::Relaxed);
        match self.phase() {
            Phase::Head => past(since, HEAD),
            Phase::Body => {
                let pieces = self.body.load(Ordering::Relaxed) / PIECE;
                past(
                    since,
                    BODY * (1 + u32::try_from(pieces).unwrap_or(u32::MAX)),
                )
            }
            Phase::Idle | Phase::Answer | Phase::Socket => false,
        }
    }
}

impl Default for Connections {
    fn default() -> Self {
        Self(Arc::new(Inner {
            began: Instant::now(),
            open: Mutex::default(),
        }))
    }
}

impl Connections {
    /// Accepts a connection. If all places are taken, the one that has blocked others the longest must close; `None` if all are
    /// being answered.
    pub(super) fn open(&self, stream: TcpStream) -> Option<(Watched, Arc<Connection>)> {
        let mut open = self.lock();
        if open.connections.len() >= MOST {
            // Connections in the middle of a request close before those that wait for the next.
            let rank = |phase| match phase {
                Phase::Head | Phase::Body => Some(0),
                Phase::Idle => Some(1),
                Phase::Answer | Phase::Socket => None,
            };
            let (id, _) = open
                .connections
                .iter()
                .filter_map(|(id, connection)| {
                    let since = connection.since.load(Ordering::Relaxed);
                    Some((*id, (rank(connection.phase())?, since)))
                })
                .min_by_key(|(_, key)| *key)?;
            if let Some(oldest) = open.connections.remove(&id) {
                oldest.gone.notify_one();
            }
        }
        let id = open.next;
        open.next += 1;
        let connection = Arc::new(Connection {
            phase: AtomicU8::new(Phase::Idle as u8),
            since: AtomicU64::new(self.now()),
            body: AtomicU64::new(0),
            stalled: AtomicU64::new(0),
            gone: Notify::new(),
        });
        open.connections.insert(id, connection.clone());
        let watched = Watched {
            stream,
            id,
            connection: connection.clone(),
            all: self.clone(),
        };
        Some((watched, connection))
    }

    /// Closes connections whose time is up; call it periodically.
    pub(super) fn sweep(&self) {
        let now = self.now();
        for connection in self.lock().connections.values() {
            if connection.is_over(now) {
                connection.gone.notify_one();
            }
        }
    }

    /// A request's head has arrived.
    pub(super) fn body_begins(&self, connection: &Connection) {
        connection.body.store(0, Ordering::Relaxed);
        self.enter(connection, Phase::Body);
    }

    /// More of a request's body has arrived.
    pub(super) fn body_grows(&self, connection: &Connection, bytes: usize) {
        connection.body.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// A request has fully arrived.
    pub(super) fn answer_begins(&self, connection: &Connection) {
        self.enter(connection, Phase::Answer);
    }

    /// The answer is being sent.
    pub(super) fn answer_ends(&self, connection: &Connection) {
        self.enter(connection, Phase::Idle);
    }

    /// Turns the connection into a WebSocket if there is room for one more. Returns whether there was.
    pub(super) fn becomes_socket(&self, connection: &Connection) -> bool {
        let open = self.lock();
        let sockets = open
            .connections
            .values()
            .filter(|it| it.phase() == Phase::Socket);
        let has_room = sockets.count() < MOST_SOCKETS;
        if has_room {
            self.enter(connection, Phase::Socket);
        }
        has_room
    }

    fn enter(&self, connection: &Connection, phase: Phase) {
        connection.since.store(self.now(), Ordering::Relaxed);
        connection.phase.store(phase as u8, Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        // One millisecond ahead, so that no moment is 0.
        1 + u64::try_from(self.0.began.elapsed().as_millis()).unwrap_or(u64::MAX - 1)
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream that records reads and writes. Dropping it frees its place.
pub(super) struct Watched {
    stream: TcpStream,
    id: u64,
    connection: Arc<Connection>,
    all: Connections,
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.all.lock().connections.remove(&self.id);
    }
}

impl Watched {
    /// Records whether the client reads what it is sent.
    fn wrote<T>(&self, written: Poll<T>) -> Poll<T> {
        let stalled = &self.connection.stalled;
        match &written {
            Poll::Ready(_) => stalled.store(0, Ordering::Relaxed),
            Poll::Pending if stalled.load(Ordering::Relaxed) == 0 => {
                stalled.store(self.all.now(), Ordering::Relaxed);
            }
            Poll::Pending => {}
        }
        written
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, into))?;
        if into.filled().len() > before && self.connection.phase() == Phase::Idle {
            self.all.enter(&self.connection, Phase::Head);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.wrote(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, pieces);
        self.wrote(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
