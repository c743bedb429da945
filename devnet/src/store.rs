//! The file in which a chain is kept: a line that identifies it, then records one after another, each with its checksum.
//!
//! Lives here: the file, who can have it open, and what happens to it when a process dies. Not here: what a record holds (`chain::record`).
//!
//! Every change is appended before it is answered, in one write, so that a process that is killed loses at most the change in progress: a
//! record cut off at the end counts as never written. When the file has doubled, a new one is written next to it and takes its place, so
//! that there is always either the old one or the new one. It is not a database because the whole chain is in memory and the file is read
//! once, front to back, at the start; a tree of pages would add its writes to each change and never be queried.

use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::{self, BufReader, BufWriter, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::chain::{Chain, Dump, DumpError, Mark, Reader, RecordError, Whole, Written};

/// What the file begins with; the number changes with the format.
const MAGIC: &[u8] = b"stylus-devnet state 2\n";

/// What the file of every version begins with.
const KIND: &[u8] = b"stylus-devnet state ";

/// Bytes in front of a record: its length, its checksum, and the checksum of those two.
pub(crate) const HEAD: usize = 12;

/// Bytes up to which the file is never rewritten.
const SMALL: u64 = 16 << 20;

/// Bytes of records that are decoded in parallel.
const AT_ONCE: usize = 8 << 20;

/// The most bytes that are read of what is not a file, and may never end.
const MOST_STREAMED: u64 = 1 << 30;

/// Bytes that show of which kind a file is, whatever its version.
const SHOWS_KIND: u64 = 64;

/// What is wrong with a chain without its end.
const CUT_OFF: &str = "it is cut off";

/// The most links that are followed in a row.
const MOST_LINKS: usize = 40;

/// Why a chain cannot be kept in a file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("the file cannot be used: {0}")]
    File(#[from] io::Error),
    #[error("another devnet is using it")]
    Locked,
    #[error("it is a device, a pipe or a socket, and a chain is kept in a file")]
    Special,
    #[error("it is a pipe or a socket, which may have no reader by then: name a file or a device")]
    Unreadable,
    #[error("it is longer than {} MiB, the limit for what is not a file", MOST_STREAMED >> 20)]
    Endless,
    #[error("it was not written by a devnet")]
    Foreign,
    #[error("its format is {0:?}, which this version does not know")]
    Version(String),
    #[error("it is damaged at byte {at}: {why}")]
    Damaged { at: u64, why: &'static str },
    #[error("it is damaged at byte {at}: {error}")]
    Record { at: u64, error: RecordError },
    #[error(transparent)]
    Chain(#[from] RecordError),
    #[error("it cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Dump(#[from] DumpError),
}

/// The file, while a chain is kept in it.
pub(crate) struct StateFile {
    /// The file itself, with all links resolved.
    path: PathBuf,
    /// Held open and locked.
    file: File,
    /// Bytes that hold whole records.
    length: u64,
    /// Bytes when it was last rewritten.
    compact: u64,
    /// The state of the chain that the records describe.
    mark: Mark,
    interval: Option<Duration>,
    written_at: Instant,
}

impl StateFile {
    /// Opens or creates the file, and loads its chain into `chain`.
    ///
    /// # Errors
    /// If the file cannot be written, is used by another process, or holds anything but a whole chain; it is left unchanged.
    pub(crate) fn open(
        path: &Path,
        chain: &mut Chain,
        interval: Option<Duration>,
    ) -> Result<Self, StoreError> {
        let path = follow(path)?;
        let file = lock(&path)?;
        // Left by a process that was killed while rewriting the file. Nobody else can be doing that now.
        let _ = std::fs::remove_file(beside(&path));
        let mut store = Self {
            length: file.metadata()?.len(),
            compact: 0,
            mark: chain.mark(),
            path,
            file,
            interval,
            written_at: Instant::now(),
        };
        let mut start = Vec::new();
        (&store.file)
            .take(MAGIC.len() as u64)
            .read_to_end(&mut start)?;
        let is_old = start.first() == Some(&b'{');
        if start.is_empty() {
            store.begin(&chain.whole())?;
        } else if start == MAGIC {
            let written = store.load(chain.config().chain_id)?;
            if written.is_beginning() {
                store.begin(&chain.whole())?;
            } else {
                whole(&written, store.length)?;
                chain.restore(written)?;
                store.file.set_len(store.length)?;
            }
        } else if is_old {
            store.file.seek(SeekFrom::Start(0))?;
            let dump: Dump = serde_json::from_reader(BufReader::new(&store.file))?;
            chain.restore(dump.written(chain.config().chain_id)?)?;
        } else if MAGIC.starts_with(&start) {
            // The process was killed during its first write, as above if it was not completed.
            store.begin(&chain.whole())?;
        } else if start.starts_with(KIND) {
            let line = start.split(|byte| *byte == b'\n').next().unwrap_or(&start);
            let line = String::from_utf8_lossy(line).into_owned();
            return Err(StoreError::Version(line));
        } else {
            return Err(StoreError::Foreign);
        }
        store.mark = chain.mark();
        if is_old || store.has_doubled() {
            store.rewrite(&chain.whole())?;
        }
        Ok(store)
    }

    /// Writes down the changes, unless they can wait.
    ///
    /// # Errors
    /// If it cannot be written; the next call tries again.
    pub(crate) fn record(&mut self, chain: &mut Chain) -> io::Result<()> {
        match self.interval {
            Some(interval) if self.written_at.elapsed() < interval => Ok(()),
            _ => self.flush(chain),
        }
    }

    /// Writes down the changes.
    ///
    /// # Errors
    /// If it cannot be written; the next call tries again.
    pub(crate) fn flush(&mut self, chain: &mut Chain) -> io::Result<()> {
        self.written_at = Instant::now();
        let Some(record) = chain.record_since(&self.mark) else {
            return Ok(());
        };
        let framed = frame(&record)?;
        // Whatever a failed attempt left behind is not a record.
        self.file.set_len(self.length)?;
        self.file.seek(SeekFrom::Start(self.length))?;
        self.file.write_all(&framed)?;
        self.length += framed.len() as u64;
        self.mark = chain.mark();
        Ok(())
    }

    /// Writes down the changes, rewrites the file if it has doubled, and syncs it to disk.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn close(&mut self, chain: &mut Chain) -> io::Result<()> {
        self.flush(chain)?;
        match self.has_doubled() {
            true => self.rewrite(&chain.whole()),
            false => self.file.sync_all(),
        }
    }

    /// Writes down a chain that has nothing to do with the previous one.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn begin_anew(&mut self, chain: &mut Chain) -> io::Result<()> {
        self.rewrite(&chain.whole())?;
        self.mark = chain.mark();
        Ok(())
    }

    fn has_doubled(&self) -> bool {
        self.length > SMALL.max(2 * self.compact)
    }

    /// Writes the beginning of the file, which is empty.
    fn begin(&mut self, whole: &Whole) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        let mut text = Vec::new();
        write_whole(whole, &mut text)?;
        self.file.write_all(&text)?;
        self.length = text.len() as u64;
        self.compact = self.length;
        Ok(())
    }

    /// Writes a new file next to this one, and replaces this one with it.
    fn rewrite(&mut self, whole: &Whole) -> io::Result<()> {
        let beside = beside(&self.path);
        let rewritten = self.rewrite_at(whole, &beside);
        leave_nothing(rewritten, &beside)
    }

    fn rewrite_at(&mut self, whole: &Whole, beside: &Path) -> io::Result<()> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(beside)?;
        file.try_lock()?;
        file.set_permissions(self.file.metadata()?.permissions())?;
        fill(whole, &file)?;
        std::fs::rename(beside, &self.path)?;
        if let Some(folder) = self.path.parent() {
            // Some systems cannot do this; the file is complete either way.
            let _ = File::open(folder).and_then(|folder| folder.sync_all());
        }
        self.length = file.metadata()?.len();
        self.compact = self.length;
        self.file = file;
        Ok(())
    }

    /// Reads all records up to one that is cut off at the end.
    fn load(&mut self, chain_id: u64) -> Result<Written, StoreError> {
        let mut from = BufReader::with_capacity(1 << 20, &self.file);
        from.seek(SeekFrom::Start(MAGIC.len() as u64))?;
        let (written, end) = read_records(from, self.length, chain_id)?;
        self.length = end;
        self.compact = end / 2;
        Ok(written)
    }
}

impl Drop for StateFile {
    fn drop(&mut self) {
        // A program that this process is just starting has a copy of the file for a moment, and the lock with it.
        let _ = self.file.unlock();
    }
}

/// Reads the records after the first line, up to byte `total`. Returns what they add up to, and the byte at which the last whole one ends.
fn read_records(
    mut from: impl Read,
    total: u64,
    chain_id: u64,
) -> Result<(Written, u64), StoreError> {
    let mut reader = Reader::new(chain_id);
    let mut at = MAGIC.len() as u64;
    let mut is_end = false;
    while !is_end {
        // Enough at once to keep all processors busy, but no more, since a chain may be large.
        let (mut records, mut places, mut bytes) = (Vec::new(), Vec::new(), 0);
        while bytes < AT_ONCE {
            let Some(record) = next(&mut from, at, total)? else {
                is_end = true;
                break;
            };
            places.push(at);
            bytes += record.len();
            at += (HEAD + record.len()) as u64;
            records.push(record);
        }
        reader.read(&records).map_err(|(index, error)| {
            let at = places[index];
            StoreError::Record { at, error }
        })?;
    }
    Ok((reader.finish(), at))
}

/// Returns the block at which the chain in a file was forked, if it is a fork. Problems with the file are reported when it is opened.
pub(crate) fn forked_block(path: &Path) -> Option<u64> {
    // What is read of a pipe would be missing later.
    let total = std::fs::metadata(path)
        .ok()
        .filter(Metadata::is_file)?
        .len();
    let mut from = BufReader::new(File::open(path).ok()?);
    let mut start = Vec::new();
    (&mut from)
        .take(MAGIC.len() as u64)
        .read_to_end(&mut start)
        .ok()?;
    let at = MAGIC.len() as u64;
    let first = (start == MAGIC).then(|| next(&mut from, at, total))?;
    crate::chain::forked_block(&first.ok()??)
}

/// Loads the chain in a file into `chain`; the file is not changed.
///
/// # Errors
/// If the file cannot be read, or holds anything else.
pub(crate) fn load(path: &Path, chain: &mut Chain) -> Result<(), StoreError> {
    let is_ours = |start: &[u8]| start.starts_with(b"{") || start.starts_with(KIND);
    let bytes = read_whole(path, MOST_STREAMED, is_ours)?.ok_or(StoreError::Endless)?;
    let written = read_dump(&bytes, chain.config().chain_id)?;
    Ok(chain.restore(written)?)
}

/// Reads a file, or no more than its start if `is_ours` does not know that. `None` if it is no regular file and has more than `most` bytes.
///
/// # Errors
/// If it cannot be read.
pub(crate) fn read_whole(
    path: &Path,
    most: u64,
    is_ours: impl FnOnce(&[u8]) -> bool,
) -> io::Result<Option<Vec<u8>>> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    let most = match metadata.is_file() {
        true => u64::MAX,
        false => most,
    };
    let mut bytes = Vec::new();
    (&mut file).take(SHOWS_KIND).read_to_end(&mut bytes)?;
    if is_ours(&bytes) {
        bytes.reserve(usize::try_from(metadata.len()).unwrap_or(0));
        let rest = most.saturating_sub(bytes.len() as u64).saturating_add(1);
        file.take(rest).read_to_end(&mut bytes)?;
    }
    Ok((bytes.len() as u64 <= most).then_some(bytes))
}

/// Checks that a file can be written at `path` later, so that the problem does not appear only at the end.
///
/// # Errors
/// If it cannot.
pub(crate) fn check_place(path: &Path) -> Result<(), StoreError> {
    let path = follow(path)?;
    let last = path.as_os_str().as_encoded_bytes().last();
    if path.is_dir() || last.is_none_or(|byte| std::path::is_separator(char::from(*byte))) {
        let error = io::Error::new(io::ErrorKind::IsADirectory, "it is a folder");
        return Err(error.into());
    }
    if device(&path)?.is_some() {
        return Ok(());
    }
    if let Ok(file) = File::open(&path) {
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(StoreError::Locked);
        }
        let _ = file.unlock();
    }
    let beside = beside(&path);
    File::create(&beside)?;
    Ok(std::fs::remove_file(&beside)?)
}

#[cfg(unix)]
fn is_stream(metadata: &Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    let kind = metadata.file_type();
    kind.is_fifo() || kind.is_socket()
}

#[cfg(not(unix))]
fn is_stream(_: &Metadata) -> bool {
    false
}

/// Writes a chain to a file, which is either complete or absent, or to a device.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn save(path: &Path, whole: &Whole) -> io::Result<()> {
    let path = follow(path)?;
    if let Some(mut device) = device(&path)? {
        return write_whole(whole, &mut device);
    }
    let beside = beside(&path);
    let saved = File::create(&beside)
        .and_then(|file| fill(whole, &file))
        .and_then(|()| std::fs::rename(&beside, &path));
    leave_nothing(saved, &beside)
}

/// Opens what is at a path if it must stay there: a device. A file is replaced.
///
/// # Errors
/// If it cannot be written, or is a pipe or a socket, which has come there since the start.
pub(crate) fn device(path: &Path) -> io::Result<Option<File>> {
    match std::fs::metadata(path) {
        Ok(metadata) if is_stream(&metadata) => Err(io::Error::other(StoreError::Unreadable)),
        Ok(metadata) if !metadata.is_file() => OpenOptions::new().write(true).open(path).map(Some),
        _ => Ok(None),
    }
}

/// Writes a whole chain to an empty file, and syncs it to disk.
fn fill(whole: &Whole, file: &File) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, file);
    write_whole(whole, &mut out)?;
    out.into_inner().map_err(|error| error.into_error())?;
    file.sync_all()
}

/// Removes the file begun next to another if it did not replace it.
fn leave_nothing(written: io::Result<()>, beside: &Path) -> io::Result<()> {
    if written.is_err() {
        // The first error is more useful than a second one.
        let _ = std::fs::remove_file(beside);
    }
    written
}

/// Returns a chain as `anvil_dumpState` gives it: the bytes of a whole file, as long as they are at most `most` and `may_go_on` returns
/// true.
///
/// # Errors
/// If there are more bytes, or it must not go on.
pub(crate) fn dump(
    whole: &Whole,
    most: usize,
    may_go_on: impl Fn() -> bool,
) -> io::Result<Vec<u8>> {
    struct Bounded<F> {
        bytes: Vec<u8>,
        most: usize,
        may_go_on: F,
    }
    impl<F: Fn() -> bool> io::Write for Bounded<F> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if !(self.may_go_on)() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            if self.bytes.len() + bytes.len() > self.most {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            self.bytes.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut out = Bounded {
        bytes: Vec::new(),
        most,
        may_go_on,
    };
    write_whole(whole, &mut out)?;
    Ok(out.bytes)
}

/// Reads the chain from bytes that [`dump`] returned, in this version or an earlier one.
///
/// # Errors
/// If they hold anything else.
pub(crate) fn read_dump(bytes: &[u8], chain_id: u64) -> Result<Written, StoreError> {
    if bytes.starts_with(b"{") {
        let dump: Dump = serde_json::from_slice(bytes)?;
        return Ok(dump.written(chain_id)?);
    }
    let Some(from) = bytes.strip_prefix(MAGIC) else {
        return Err(StoreError::Foreign);
    };
    let total = bytes.len() as u64;
    let (written, at) = read_records(from, total, chain_id)?;
    if at < total {
        return Err(StoreError::Damaged { at, why: CUT_OFF });
    }
    whole(&written, at)?;
    Ok(written)
}

/// Checks that what was read up to byte `at` is all of a chain.
fn whole(written: &Written, at: u64) -> Result<(), StoreError> {
    match written.is_whole {
        true => Ok(()),
        false => Err(StoreError::Damaged { at, why: CUT_OFF }),
    }
}

fn write_whole(whole: &Whole, out: &mut impl io::Write) -> io::Result<()> {
    out.write_all(MAGIC)?;
    whole.records(|record| out.write_all(&frame(record)?))
}

/// Returns a record with its length and checksums in front.
pub(crate) fn frame(record: &[u8]) -> io::Result<Vec<u8>> {
    let length = u32::try_from(record.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
    let mut framed = Vec::with_capacity(HEAD + record.len());
    framed.extend(length.to_le_bytes());
    framed.extend(crc32fast::hash(record).to_le_bytes());
    framed.extend(crc32fast::hash(&framed).to_le_bytes());
    framed.extend(record);
    Ok(framed)
}

/// Reads the record at byte `at` of `total`; `None` if the file ends there, or a write was cut off.
pub(crate) fn next(
    from: &mut impl Read,
    at: u64,
    total: u64,
) -> Result<Option<Vec<u8>>, StoreError> {
    let left = total - at;
    if left < HEAD as u64 {
        return Ok(None);
    }
    let mut head = [0; HEAD];
    from.read_exact(&mut head)?;
    let word = |place: usize| {
        let mut word = [0; 4];
        word.copy_from_slice(&head[place..place + 4]);
        u32::from_le_bytes(word)
    };
    // After a power failure, a file system can leave zeros where it had reserved space: nothing else follows then.
    if head == [0; HEAD] {
        if has_only_zeros(from.take(left - HEAD as u64))? {
            return Ok(None);
        }
        let why = "there are zeros where a record begins, and data after them";
        return Err(StoreError::Damaged { at, why });
    }
    if word(8) != crc32fast::hash(&head[..8]) {
        let why = "the checksum of a record's head is wrong";
        return Err(StoreError::Damaged { at, why });
    }
    let length = u64::from(word(0));
    if length > left - HEAD as u64 {
        return Ok(None);
    }
    let mut record = Vec::with_capacity(length as usize);
    from.take(length).read_to_end(&mut record)?;
    if crc32fast::hash(&record) != word(4) {
        let why = "the checksum of a record is wrong";
        return Err(StoreError::Damaged { at, why });
    }
    Ok(Some(record))
}

/// Whether only zeros are left to read.
fn has_only_zeros(mut from: impl Read) -> io::Result<bool> {
    let mut bytes = [0; 8192];
    loop {
        match from.read(&mut bytes)? {
            0 => return Ok(true),
            read if bytes[..read].iter().all(|byte| *byte == 0) => {}
            _ => return Ok(false),
        }
    }
}

/// Resolves the links at `path` to the file that it means, which need not exist: links stay links.
pub(crate) fn follow(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match std::fs::read_link(&path) {
            Ok(target) => {
                let folder = path.parent().unwrap_or(Path::new("")).to_owned();
                path = folder.join(target);
            }
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many links lead from one to another"))
}

/// Where the new file is written.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    path.with_file_name(name)
}

/// Opens the file for this process alone.
fn lock(path: &Path) -> Result<File, StoreError> {
    loop {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        if !file.metadata()?.is_file() {
            return Err(StoreError::Special);
        }
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::Locked),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        // The previous owner may have put another file in its place since it was opened.
        if is_at(&file, path)? {
            return Ok(file);
        }
    }
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let (open, named) = (file.metadata()?, std::fs::metadata(path)?);
    Ok((open.dev(), open.ino()) == (named.dev(), named.ino()))
}

#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    /// A file is read whole however long it is, anything else up to a limit, and what is foreign not beyond its start.
    #[cfg(unix)]
    #[test]
    fn reading_is_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let check = |length: usize, is_pipe: bool, is_ours: bool, read: Option<usize>| {
            let path = folder.path().join(format!("{length} {is_pipe} {is_ours}"));
            let bytes = vec![b'x'; length];
            let writer = match is_pipe {
                true => {
                    let made = std::process::Command::new("mkfifo").arg(&path).status();
                    assert!(made.unwrap().success());
                    let path = path.clone();
                    // A reader that has seen enough closes it.
                    Some(std::thread::spawn(move || {
                        drop(std::fs::write(path, bytes));
                    }))
                }
                false => {
                    std::fs::write(&path, bytes).unwrap();
                    None
                }
            };
            let bytes = read_whole(&path, 1_000, |_| is_ours).unwrap();
            assert_eq!(bytes.map(|bytes| bytes.len()), read, "{}", path.display());
            writer
                .map_or(Ok(()), std::thread::JoinHandle::join)
                .unwrap();
        };
        check(5_000, false, true, Some(5_000));
        check(5_000, false, false, Some(64));
        check(5_000, true, false, Some(64));
        check(5_000, true, true, None);
        check(1_001, true, true, None);
        check(1_000, true, true, Some(1_000));
        check(10, true, true, Some(10));
    }

    #[test]
    fn a_dump_ends_when_it_may_not_go_on() {
        let whole = Chain::new(Config::default(), 0).unwrap().whole();
        let bytes = dump(&whole, usize::MAX, || true).unwrap();
        assert!(dump(&whole, bytes.len() - 1, || true).is_err());
        let left = std::cell::Cell::new(2);
        let error = dump(&whole, usize::MAX, || left.replace(left.get() - 1) > 0).unwrap_err();
        assert_eq!((error.kind(), left.get()), (io::ErrorKind::TimedOut, -1));
    }

    /// Nobody else has to wait for a copy of a closed file, as a program has one while it is started.
    #[test]
    fn a_closed_file_is_free() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let open = || StateFile::open(&path, &mut Chain::new(Config::default(), 0).unwrap(), None);
        let file = open().unwrap();
        let _copy = file.file.try_clone().unwrap();
        assert!(matches!(open(), Err(StoreError::Locked)));
        drop(file);
        open().unwrap();
    }
}
