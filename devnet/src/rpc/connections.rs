//! Connections: how many there may be, and how long each may block others.
//!
//! Lives here: the phase of each connection, and which one must close. Not here: what is sent over it (`server`).
//!
//! A client that sends a request byte by byte, or nothing at all, or does not read its answer, takes a place that others need. So
//! each phase has a time limit; and when all places are taken, the connection that has taken the longest gives way to a new one. A
//! connection whose request is being answered never gives way, nor does a WebSocket that has sent a whole message. The same holds for the
//! memory of requests that have not arrived in full. Where answers that nobody reads take too much memory, whoever has read nothing for
//! the longest must close.

use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use hyper::body::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::open_files;

/// The most connections at once. Half of them may be WebSockets, which may stay open indefinitely.
const MOST: usize = 1_024;

/// As many connections are let in even where the system allows hardly any open files.
const FEWEST: usize = 16;

/// Open files that the devnet needs besides its connections: its own, those it makes state files with, and connections to a forked node.
const OWN_FILES: u64 = 128;

/// Time limit of a request's head.
const HEAD: Duration = Duration::from_secs(10);

/// Time limit of a request's body, and the extension for each received [`PIECE`] of it.
const BODY: Duration = Duration::from_secs(10);

/// Bytes of a body.
const PIECE: u64 = 1 << 20;

/// The most bytes of unfinished requests, over all connections.
const MOST_UNFINISHED: u64 = 512 << 20;

/// The most bytes of answers that their clients have not read, over all connections: a few of the longest.
const MOST_UNREAD: u64 = 1 << 30;

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
    /// It is a WebSocket that has sent nothing yet.
    Fresh,
    /// It is a WebSocket, and part of its first message has arrived.
    First,
    /// It is a WebSocket between messages.
    Socket,
    /// It is a WebSocket, and part of a later message has arrived.
    Message,
}

/// All connections; cheap to clone.
#[derive(Clone)]
pub(super) struct Connections(Arc<Inner>);

struct Inner {
    began: Instant,
    /// How many there may be at once.
    places: usize,
    open: Mutex<Open>,
    /// Bytes of unfinished requests.
    unfinished: AtomicU64,
    /// Bytes of unread answers.
    unread: AtomicU64,
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
    /// Bytes of the unfinished request so far.
    body: AtomicU64,
    /// Bytes of answers that the client has not read.
    unread: AtomicU64,
    /// When the client stopped reading its answer; 0 if it has not.
    stalled: AtomicU64,
    gone: Notify,
}

/// An answer that its client has not read yet.
pub(super) struct Unread {
    text: Bytes,
    connection: Arc<Connection>,
    all: Connections,
}

impl AsRef<[u8]> for Unread {
    fn as_ref(&self) -> &[u8] {
        &self.text
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        let bytes = self.text.len() as u64;
        self.connection.unread.fetch_sub(bytes, Ordering::Relaxed);
        self.all.0.unread.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Connection {
    fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Relaxed) {
            0 => Phase::Idle,
            1 => Phase::Head,
            2 => Phase::Body,
            3 => Phase::Answer,
            4 => Phase::Fresh,
            5 => Phase::First,
            6 => Phase::Socket,
            _ => Phase::Message,
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
            Phase::Body | Phase::First | Phase::Message => {
                let pieces = self.body.load(Ordering::Relaxed) / PIECE;
                past(
                    since,
                    BODY * (1 + u32::try_from(pieces).unwrap_or(u32::MAX)),
                )
            }
            Phase::Idle | Phase::Answer | Phase::Fresh | Phase::Socket => false,
        }
    }

    /// Whether it is a WebSocket.
    fn is_socket(&self) -> bool {
        self.is_unused_socket() || matches!(self.phase(), Phase::Socket | Phase::Message)
    }

    /// Whether it is a WebSocket that has sent no whole message yet.
    fn is_unused_socket(&self) -> bool {
        matches!(self.phase(), Phase::Fresh | Phase::First)
    }
}

impl Connections {
    /// As many as the system allows open files for, up to [`MOST`].
    pub(super) fn new() -> Self {
        Self::with(places(open_files::allowed()))
    }

    fn with(places: usize) -> Self {
        Self(Arc::new(Inner {
            began: Instant::now(),
            places,
            open: Mutex::default(),
            unfinished: AtomicU64::new(0),
            unread: AtomicU64::new(0),
        }))
    }

    /// Accepts a connection. If all places are taken, the one that has blocked others the longest must close; `None` if all are
    /// being answered.
    pub(super) fn open(&self, stream: TcpStream) -> Option<(Watched, Arc<Connection>)> {
        let mut open = self.lock();
        if open.connections.len() >= self.0.places {
            // Connections in the middle of a request close before those that wait for the next.
            self.make_room(&mut open, |connection| match connection.phase() {
                Phase::Head | Phase::Body => Some(0),
                Phase::Idle => Some(1),
                Phase::Answer | Phase::Fresh | Phase::First | Phase::Socket | Phase::Message => {
                    None
                }
            })?;
        }
        let id = open.next;
        open.next += 1;
        let connection = Arc::new(Connection {
            phase: AtomicU8::new(Phase::Idle as u8),
            since: AtomicU64::new(self.now()),
            body: AtomicU64::new(0),
            unread: AtomicU64::new(0),
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

    /// Closes the connection of the lowest rank that has been in its phase the longest; `None` if none has a rank.
    fn make_room(&self, open: &mut Open, rank: impl Fn(&Connection) -> Option<u8>) -> Option<()> {
        self.close_first(open, |connection| {
            let since = connection.since.load(Ordering::Relaxed);
            Some((rank(connection)?, since))
        })
    }

    /// Closes the connection of the lowest rank; `None` if none has a rank.
    fn close_first<R: Ord>(
        &self,
        open: &mut Open,
        rank: impl Fn(&Connection) -> Option<R>,
    ) -> Option<()> {
        let ranked = open.connections.iter();
        let ranked = ranked.filter_map(|(id, connection)| Some((*id, rank(connection)?)));
        let (id, _) = ranked.min_by(|(_, one), (_, other)| one.cmp(other))?;
        let oldest = open.connections.remove(&id)?;
        self.forget(&oldest);
        oldest.gone.notify_one();
        Some(())
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
        self.enter(connection, Phase::Body);
    }

    /// More of a request's body or of a WebSocket's message has arrived. If all of them take too much memory, the oldest must close.
    pub(super) fn body_grows(&self, connection: &Connection, bytes: usize) {
        let bytes = bytes as u64;
        // In this order the sum is never below its parts, whoever forgets them meanwhile.
        let before = self.0.unfinished.fetch_add(bytes, Ordering::Relaxed);
        connection.body.fetch_add(bytes, Ordering::Relaxed);
        if before + bytes > MOST_UNFINISHED {
            let is_unfinished =
                |phase| matches!(phase, Phase::Body | Phase::First | Phase::Message);
            let rank = |it: &Connection| is_unfinished(it.phase()).then_some(0);
            self.make_room(&mut self.lock(), rank);
        }
    }

    /// An answer waits for its client until it is dropped. If all of them take too much memory, who reads nothing must close: the one that
    /// has read nothing for the longest, or, if all of them read, the one with the most to read.
    pub(super) fn answered(&self, connection: &Arc<Connection>, text: Bytes) -> Unread {
        let bytes = text.len() as u64;
        connection.unread.fetch_add(bytes, Ordering::Relaxed);
        let before = self.0.unread.fetch_add(bytes, Ordering::Relaxed);
        if before + bytes > MOST_UNREAD {
            let rank = |it: &Connection| {
                let unread = it.unread.load(Ordering::Relaxed);
                let stalled = it.stalled.load(Ordering::Relaxed);
                let rank = match stalled {
                    0 => (1, u64::MAX - unread),
                    since => (0, since),
                };
                (unread > 0).then_some(rank)
            };
            self.close_first(&mut self.lock(), rank);
        }
        Unread {
            text,
            connection: connection.clone(),
            all: self.clone(),
        }
    }

    /// No bytes of the connection's request count as unfinished any more.
    fn forget(&self, connection: &Connection) {
        let bytes = connection.body.swap(0, Ordering::Relaxed);
        self.0.unfinished.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// A request has fully arrived.
    pub(super) fn answer_begins(&self, connection: &Connection) {
        self.forget(connection);
        self.enter(connection, Phase::Answer);
    }

    /// A WebSocket's message begins.
    pub(super) fn message_begins(&self, connection: &Connection) {
        let phase = match connection.phase() {
            Phase::Fresh | Phase::First => Phase::First,
            _ => Phase::Message,
        };
        self.enter(connection, phase);
    }

    /// A WebSocket's message has fully arrived.
    pub(super) fn message_ends(&self, connection: &Connection) {
        self.forget(connection);
        self.enter(connection, Phase::Socket);
    }

    /// The answer is being sent.
    pub(super) fn answer_ends(&self, connection: &Connection) {
        self.enter(connection, Phase::Idle);
    }

    /// Turns the connection into a WebSocket if there is room for one more, or a socket that has sent no whole message and can give way.
    /// Returns whether there was.
    pub(super) fn becomes_socket(&self, connection: &Connection) -> bool {
        let mut open = self.lock();
        let sockets = open.connections.values().filter(|it| it.is_socket());
        let has_room = sockets.count() < self.0.places / 2
            || self
                .make_room(&mut open, |it| it.is_unused_socket().then_some(0))
                .is_some();
        if has_room {
            self.enter(connection, Phase::Fresh);
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
        self.all.forget(&self.connection);
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

/// How many connections there may be where the system allows so many open files; `None` stands for no limit.
fn places(files: Option<u64>) -> usize {
    let left = files.map_or(MOST as u64, |files| files.saturating_sub(OWN_FILES));
    usize::try_from(left).unwrap_or(MOST).clamp(FEWEST, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Some connections, in the order of their beginning, each a millisecond after the one before.
    async fn connect(all: &Connections, count: usize) -> Vec<(Watched, Arc<Connection>)> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut open = Vec::new();
        for place in 0..count {
            let stream = TcpStream::connect(address).await.unwrap();
            // Few may wait to be accepted.
            drop(listener.accept().await.unwrap());
            let (watched, connection) = all.open(stream).unwrap();
            connection.since.store(place as u64, Ordering::Relaxed);
            open.push((watched, connection));
        }
        open
    }

    async fn is_gone(connection: &Connection) -> bool {
        tokio::select! {
            biased;
            () = connection.gone() => true,
            () = std::future::ready(()) => false,
        }
    }

    fn block_on<T>(work: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build();
        runtime.unwrap().block_on(work)
    }

    #[test]
    fn few_open_files_mean_few_connections() {
        for (files, count) in [
            (None, 1_024),
            (Some(u64::MAX), 1_024),
            (Some(1_152), 1_024),
            (Some(1_024), 896),
            (Some(256), 128),
            (Some(64), 16),
            (Some(0), 16),
        ] {
            assert_eq!(places(files), count, "{files:?}");
        }
    }

    /// Theorem: a socket without a whole message gives way to a new one, and no other socket does.
    #[test]
    fn silent_sockets_give_way() {
        block_on(async {
            const SOCKETS: usize = MOST / 2;
            open_files::ask_for_more();
            let all = Connections::with(MOST);
            let open = connect(&all, SOCKETS).await;
            let sockets = open.iter().map(|(_, connection)| connection);
            for (place, socket) in sockets.clone().enumerate() {
                assert!(all.becomes_socket(socket));
                // All but two are used, and one of those is in the middle of its first message.
                match SOCKETS - place {
                    1 => {}
                    2 => all.message_begins(socket),
                    _ => all.message_ends(socket),
                }
                socket.since.store(place as u64, Ordering::Relaxed);
            }
            let late = connect(&all, 3).await;
            for ((_, socket), is_in) in late.iter().zip([true, true, false]) {
                assert_eq!(all.becomes_socket(socket), is_in);
                all.message_begins(socket);
                all.message_ends(socket);
            }
            for (place, socket) in sockets.enumerate() {
                assert_eq!(is_gone(socket).await, place >= SOCKETS - 2, "{place}");
            }
        });
    }

    /// Theorem: unfinished requests take so much memory in all; what has begun first gives way.
    #[test]
    fn unfinished_requests_take_no_more_memory() {
        const PART: usize = MOST_UNFINISHED as usize / 2;
        block_on(async {
            let all = Connections::with(MOST);
            let open = connect(&all, 4).await;
            let [(_, first), (_, second), (_, third), (_, fourth)] = &open[..] else {
                panic!("four are open");
            };
            assert!(all.becomes_socket(first));
            all.message_begins(first);
            all.body_begins(second);
            all.message_begins(third);
            for (place, it) in [first, second, third].into_iter().enumerate() {
                it.since.store(place as u64, Ordering::Relaxed);
            }
            all.body_grows(first, PART);
            all.body_grows(second, PART);
            assert!(!is_gone(first).await);
            all.body_grows(third, 1);
            assert!(is_gone(first).await && !is_gone(second).await);
            // What is finished or gone makes room.
            all.answer_begins(second);
            all.body_begins(fourth);
            all.body_grows(fourth, 2 * PART - 1);
            assert!(!is_gone(second).await && !is_gone(third).await);
            drop(open);
            assert_eq!(all.0.unfinished.load(Ordering::Relaxed), 0);
        });
    }

    /// Theorem: unread answers take so much memory in all; who has read nothing for the longest gives way, and then who has most to read.
    #[test]
    fn unread_answers_take_no_more_memory() {
        block_on(async {
            let all = Connections::with(MOST);
            let open = connect(&all, 4).await;
            let [(_, first), (_, second), (_, third), (_, fourth)] = &open[..] else {
                panic!("four are open");
            };
            let part = Bytes::from(vec![0; MOST_UNREAD as usize / 4]);
            let answer = |to: &Arc<Connection>, text: &Bytes| all.answered(to, text.clone());
            let read = answer(first, &part);
            let mut kept: Vec<Unread> = [second, third, third].map(|to| answer(to, &part)).into();
            third.stalled.store(2, Ordering::Relaxed);
            drop(read);
            kept.push(answer(fourth, &part));
            // Who has read everything, or nothing later than others, stays.
            fourth.stalled.store(3, Ordering::Relaxed);
            first.stalled.store(1, Ordering::Relaxed);
            assert!(!is_gone(third).await);
            kept.push(answer(second, &part));
            assert!(is_gone(third).await);
            third.unread.store(0, Ordering::Relaxed);
            fourth.stalled.store(0, Ordering::Relaxed);
            kept.push(answer(fourth, &part.slice(..1)));
            assert!(is_gone(second).await && !is_gone(fourth).await && !is_gone(first).await);
            third.unread.store(2 * part.len() as u64, Ordering::Relaxed);
            drop((kept, open));
            assert_eq!(all.0.unread.load(Ordering::Relaxed), 0);
        });
    }

    /// Theorem: a message has as much time as a body.
    #[test]
    fn messages_have_a_time_limit() {
        block_on(async {
            let all = Connections::with(MOST);
            let open = connect(&all, 1).await;
            let socket = &open[0].1;
            let limit = BODY.as_millis() as u64;
            let check = |now: u64, is_over: bool| {
                socket.since.store(0, Ordering::Relaxed);
                assert_eq!(socket.is_over(now), is_over, "{now} {:?}", socket.phase());
            };
            assert!(all.becomes_socket(socket));
            check(u64::MAX, false);
            all.message_begins(socket);
            check(limit, false);
            check(limit + 1, true);
            all.body_grows(socket, PIECE as usize);
            check(2 * limit, false);
            check(2 * limit + 1, true);
            all.message_ends(socket);
            check(u64::MAX, false);
        });
    }
}
