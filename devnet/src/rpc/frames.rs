//! Messages over a WebSocket (RFC 6455), in the frames that they come and go in.
//!
//! Lives here: reading and writing them. Not here: what they say (`requests`), and how long a client may take (`connections`).

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// The most bytes that are read at once, and that a message takes before any more of it has arrived.
const PIECE: usize = 64 << 10;

/// The most bytes of a frame that is not part of a message.
const MOST_CONTROL: u64 = 125;

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// What a client has sent.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Received {
    Message(Vec<u8>),
    Ping(Vec<u8>),
}

/// Why nothing more is read.
#[derive(Debug)]
pub(super) enum End {
    /// The client has closed the socket.
    Closed,
    /// The client breaks the protocol.
    Invalid,
    /// A message is longer than it may be.
    TooLong,
    /// The connection is gone.
    Gone,
}

impl From<io::Error> for End {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

impl End {
    /// The number that tells a client why; `None` if nobody is there.
    pub(super) fn code(&self) -> Option<u16> {
        match self {
            Self::Closed => Some(1_000),
            Self::Invalid => Some(1_002),
            Self::TooLong => Some(1_009),
            Self::Gone => None,
        }
    }
}

/// What is sent to a client.
pub(super) enum Sent {
    Text(Box<dyn AsRef<[u8]> + Send + Sync>),
    Pong(Vec<u8>),
    Close(u16),
}

/// The beginning of a frame.
struct Head {
    is_last: bool,
    kind: u8,
    length: u64,
    mask: [u8; 4],
}

impl Head {
    async fn read(from: &mut (impl AsyncRead + Unpin)) -> Result<Self, End> {
        let mut start = [0; 2];
        from.read_exact(&mut start).await?;
        let [first, second] = start;
        // No extension has been agreed upon, and clients have to mask.
        if first & 0x70 != 0 || second & 0x80 == 0 {
            return Err(End::Invalid);
        }
        let length = match second & 0x7f {
            126 => u64::from(from.read_u16().await?),
            127 => from.read_u64().await?,
            short => u64::from(short),
        };
        let mut mask = [0; 4];
        from.read_exact(&mut mask).await?;
        Ok(Self {
            is_last: first & 0x80 != 0,
            kind: first & 0x0f,
            length,
            mask,
        })
    }
}

/// A client's messages.
pub(super) struct Reader<R> {
    from: R,
    most: u64,
    /// What has arrived of a message.
    message: Option<Vec<u8>>,
}

impl<R: AsyncRead + Unpin> Reader<R> {
    /// Reads messages of at most `most` bytes.
    pub(super) fn new(from: R, most: u32) -> Self {
        Self {
            from,
            most: most.into(),
            message: None,
        }
    }

    /// The next message or ping. `grows` hears of every piece of a message: a first one of no bytes when it begins.
    ///
    /// # Errors
    /// If there is none.
    pub(super) async fn next(&mut self, mut grows: impl FnMut(usize)) -> Result<Received, End> {
        loop {
            let head = Head::read(&mut self.from).await?;
            match (head.kind, &self.message) {
                (TEXT | BINARY, None) => {
                    grows(0);
                    self.message = Some(Vec::new());
                }
                (CONTINUATION, Some(_)) => {}
                (CLOSE, _) => return Err(End::Closed),
                (PING | PONG, _) if head.is_last && head.length <= MOST_CONTROL => {
                    let mut content = Vec::new();
                    self.read(&head, &mut content, |_| {}).await?;
                    if head.kind == PING {
                        return Ok(Received::Ping(content));
                    }
                    continue;
                }
                _ => return Err(End::Invalid),
            }
            let mut message = self.message.take().unwrap_or_default();
            if (message.len() as u64).saturating_add(head.length) > self.most {
                return Err(End::TooLong);
            }
            self.read(&head, &mut message, &mut grows).await?;
            if head.is_last {
                return Ok(Received::Message(message));
            }
            self.message = Some(message);
        }
    }

    /// Appends a frame's content.
    async fn read(
        &mut self,
        head: &Head,
        into: &mut Vec<u8>,
        mut grows: impl FnMut(usize),
    ) -> Result<(), End> {
        let start = into.len();
        let end = start + usize::try_from(head.length).map_err(|_| End::TooLong)?;
        while into.len() < end {
            let from = into.len();
            into.resize(end.min(from + PIECE), 0);
            self.from.read_exact(&mut into[from..]).await?;
            grows(into.len() - from);
        }
        for (byte, mask) in into[start..].iter_mut().zip(head.mask.iter().cycle()) {
            *byte ^= mask;
        }
        Ok(())
    }
}

/// Sends one frame.
///
/// # Errors
/// If the connection is gone.
pub(super) async fn write(to: &mut (impl AsyncWrite + Unpin), sent: Sent) -> io::Result<()> {
    let code;
    let (kind, content) = match &sent {
        Sent::Text(text) => (TEXT, (**text).as_ref()),
        Sent::Pong(content) => (PONG, &content[..]),
        Sent::Close(number) => {
            code = number.to_be_bytes();
            (CLOSE, &code[..])
        }
    };
    let mut head = vec![0x80 | kind];
    match (u8::try_from(content.len()), u16::try_from(content.len())) {
        (Ok(short @ 0..=125), _) => head.push(short),
        (_, Ok(length)) => {
            head.push(126);
            head.extend(length.to_be_bytes());
        }
        _ => {
            head.push(127);
            head.extend((content.len() as u64).to_be_bytes());
        }
    }
    to.write_all(&head).await?;
    to.write_all(content).await?;
    to.flush().await
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A client's frame, masked.
    fn frame(first: u8, content: &[u8]) -> Vec<u8> {
        let mut frame = vec![first];
        match content.len() {
            short @ 0..=125 => frame.push(0x80 | short as u8),
            length => {
                frame.push(0x80 | 126);
                frame.extend(u16::try_from(length).unwrap().to_be_bytes());
            }
        }
        let mask = [1, 2, 3, 4];
        frame.extend(mask);
        frame.extend(content.iter().zip(mask.iter().cycle()).map(|(a, b)| a ^ b));
        frame
    }

    /// Reads messages of up to 1,000 bytes to their end: what they are, its number, and the bytes that were heard of.
    fn read(frames: &[Vec<u8>]) -> (Vec<Received>, Option<u16>, usize) {
        let bytes = frames.concat();
        let (mut all, mut heard) = (Vec::new(), 0);
        let mut reader = Reader::new(&bytes[..], 1_000);
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let end = runtime.unwrap().block_on(async {
            loop {
                match reader.next(|bytes| heard += bytes).await {
                    Ok(received) => all.push(received),
                    Err(end) => return end,
                }
            }
        });
        (all, end.code(), heard)
    }

    fn check(frames: &[Vec<u8>], messages: &[&[u8]], pings: usize, code: Option<u16>) {
        let (all, ended, heard) = read(frames);
        let pinged = all.iter().filter(|it| matches!(it, Received::Ping(_)));
        assert_eq!(pinged.count(), pings, "{frames:?}");
        let read: Vec<&[u8]> = all
            .iter()
            .filter_map(|it| match it {
                Received::Message(message) => Some(&message[..]),
                Received::Ping(_) => None,
            })
            .collect();
        assert_eq!((&read[..], ended), (messages, code), "{frames:?}");
        assert!(heard >= messages.concat().len(), "{frames:?}");
    }

    #[test]
    fn messages_come_in_pieces() {
        let long = [7; 1_000];
        check(
            &[frame(0x81, b"abc"), frame(0x82, &long)],
            &[b"abc", &long],
            0,
            None,
        );
        let pieces = [
            frame(1, b"a"),
            frame(0x89, b"?"),
            frame(0, b""),
            frame(0x8a, b"!"),
            frame(0x80, b"bc"),
        ];
        check(&pieces, &[b"abc"], 1, None);
        check(
            &[frame(0x81, b""), frame(0x88, b"")],
            &[b""],
            0,
            Some(1_000),
        );
    }

    #[test]
    fn what_breaks_the_protocol_ends_it() {
        for bad in [
            vec![0x81, 0],
            frame(0xc1, b""),
            frame(0x83, b""),
            frame(0x80, b"a"),
            frame(0x09, b""),
            frame(0x89, &[0; 126]),
            [frame(1, b"a"), frame(0x81, b"b")].concat(),
        ] {
            check(&[bad], &[], 0, Some(1_002));
        }
        check(&[frame(0x81, &[0; 1_001])], &[], 0, Some(1_009));
        check(
            &[frame(1, &[0; 600]), frame(0x80, &[0; 600])],
            &[],
            0,
            Some(1_009),
        );
        let huge = [&[0x81, 0xff][..], &u64::MAX.to_be_bytes(), &[0; 4]].concat();
        check(&[huge], &[], 0, Some(1_009));
    }

    #[test]
    fn lengths_are_written_in_their_shortest_form() {
        for (length, head) in [
            (0, &[0x81, 0][..]),
            (125, &[0x81, 125]),
            (126, &[0x81, 126, 0, 126]),
            (65_536, &[0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            let mut written = Vec::new();
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            let sent = Sent::Text(Box::new("x".repeat(length)));
            runtime
                .unwrap()
                .block_on(write(&mut written, sent))
                .unwrap();
            assert_eq!(&written[..head.len()], head);
            assert_eq!(written.len(), head.len() + length);
        }
    }
}
