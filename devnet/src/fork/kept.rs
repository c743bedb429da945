//! Answers that are kept: on this machine, for the next fork of the same block, and in recordings, for use without a network.
//!
//! Lives here: both files, and looking there first. Not here: where the rest comes from (`client`).
//!
//! A cache file is appended to, one answer at a time, by the process that opened it first; others only read it. A recording is written as a
//! whole, compressed, in the order of the queries' hashes, so that the same run gives the same bytes.

use std::collections::{BTreeMap, HashMap};
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use alloy_primitives::B256;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::config::Fork;
use crate::fork::{Ask, Key, Question, Refusal};
use crate::store::{StoreError, device, follow, frame, next, read_whole};

/// What a cache file begins with; the number changes with the format.
const CACHE: &[u8] = b"stylus-devnet fork 1\n";

/// What a recording begins with; likewise.
const RECORDING: &[u8] = b"stylus-devnet recording 1\n";

/// What the recordings of every version begin with.
const RECORDING_KIND: &[u8] = b"stylus-devnet recording ";

/// The most bytes of a cache file, and of an unpacked recording.
const MOST_BYTES: u64 = 1 << 30;

/// The compression quality of a recording: it takes a second per megabyte.
const QUALITY: u32 = 9;

/// Answers by their queries.
type Answers = HashMap<Key, Box<RawValue>>;

fn lock<T>(behind: &Mutex<T>) -> MutexGuard<'_, T> {
    behind.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Encodes a query's answer as both files hold it.
fn entry(key: &Key, answer: &RawValue) -> Vec<u8> {
    [key.as_slice(), answer.get().as_bytes()].concat()
}

/// Decodes what [`entry`] has encoded.
fn parse(entry: &[u8]) -> Option<(Key, Box<RawValue>)> {
    let (key, text) = entry.split_first_chunk()?;
    let text = String::from_utf8(text.to_vec()).ok()?;
    Some((*key, RawValue::from_string(text).ok()?))
}

/// Answers from a file, in front of a source for all others.
pub(super) struct Cached {
    below: Arc<dyn Ask>,
    known: RwLock<Answers>,
    /// The file to append to, unless another process does.
    file: Mutex<Option<File>>,
}

impl Cached {
    /// Opens the file for a chain's block in a folder. If that fails, nothing is kept.
    pub(super) fn open(
        below: Arc<dyn Ask>,
        folder: &Path,
        chain_id: u64,
        (number, hash): (u64, B256),
    ) -> Self {
        // A block that was replaced by another one has a separate file.
        let name = format!("{chain_id}-{number}-{}.cache", &hash.to_string()[2..18]);
        let opened = Self::read(folder, &folder.join(name));
        let (known, file) = opened.unwrap_or_default();
        Self {
            below,
            known: RwLock::new(known),
            file: Mutex::new(file),
        }
    }

    fn read(folder: &Path, path: &Path) -> io::Result<(Answers, Option<File>)> {
        std::fs::create_dir_all(folder)?;
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)?;
        let is_ours = file.try_lock().is_ok();
        let total = file.metadata()?.len();
        let mut from = BufReader::new(&file);
        let mut start = Vec::new();
        (&mut from)
            .take(CACHE.len() as u64)
            .read_to_end(&mut start)?;
        let mut answers = Answers::new();
        let mut at = 0;
        if start == CACHE && total <= MOST_BYTES {
            at = CACHE.len() as u64;
            // Nothing after a damaged or incomplete record is trusted.
            while let Ok(Some(read)) = next(&mut from, at, total) {
                at += (crate::store::HEAD + read.len()) as u64;
                answers.extend(parse(&read));
            }
        }
        if !is_ours {
            return Ok((answers, None));
        }
        if at < total {
            file.set_len(at)?;
        }
        if at == 0 {
            file.write_all(CACHE)?;
        }
        Ok((answers, Some(file)))
    }

    fn keep(&self, key: Key, answer: &RawValue) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(key, answer.to_owned());
        drop(known);
        let mut file = lock(&self.file);
        if let Some(open) = &mut *file {
            let framed = frame(&entry(&key, answer));
            // A full disk is no reason to stop; the answer is known.
            if framed.and_then(|framed| open.write_all(&framed)).is_err() {
                *file = None;
            }
        }
    }
}

impl Ask for Cached {
    fn whom(&self) -> &str {
        self.below.whom()
    }

    fn ask_all(&self, questions: &[Question]) -> Vec<Result<Box<RawValue>, Refusal>> {
        let keys: Vec<Option<Key>> = questions
            .iter()
            .map(|question| question.is_lasting().then(|| question.key()))
            .collect();
        let mut answers: Vec<_> = {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            let known = |key: &Option<Key>| Some(Ok(known.get(key.as_ref()?)?.clone()));
            keys.iter().map(known).collect()
        };
        let unknown: Vec<usize> = (0..questions.len())
            .filter(|place| answers[*place].is_none())
            .collect();
        let asked: Vec<_> = unknown
            .iter()
            .map(|place| questions[*place].clone())
            .collect();
        let found = match asked.is_empty() {
            true => Vec::new(),
            false => self.below.ask_all(&asked),
        };
        for (place, answer) in unknown.into_iter().zip(found) {
            if let (Ok(answer), Some(key)) = (&answer, keys[place])
                && questions[place].is_answered_by(answer)
            {
                self.keep(key, answer);
            }
            answers[place] = Some(answer);
        }
        answers
            .into_iter()
            .map(|answer| answer.unwrap_or_else(|| Err(Refusal::new("there is no answer"))))
            .collect()
    }
}

/// Records every answer that passes through, for a recording.
pub(super) struct Recorder {
    below: RwLock<Arc<dyn Ask>>,
    whom: String,
    block: u64,
    answers: Mutex<BTreeMap<Key, Box<RawValue>>>,
}

impl Recorder {
    pub(super) fn new(below: Arc<dyn Ask>, block: u64) -> Self {
        Self {
            whom: below.whom().to_owned(),
            below: RwLock::new(below),
            block,
            answers: Mutex::default(),
        }
    }

    /// The source behind the recorder.
    pub(super) fn below(&self) -> Arc<dyn Ask> {
        let below = self.below.read().unwrap_or_else(PoisonError::into_inner);
        below.clone()
    }

    /// Replaces the source behind the recorder.
    pub(super) fn over(&self, below: Arc<dyn Ask>) {
        *self.below.write().unwrap_or_else(PoisonError::into_inner) = below;
    }

    /// Writes a chain's recording, which is either complete or absent, or goes to a device.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn save(&self, path: &Path, chain_id: u64) -> io::Result<()> {
        let head = serde_json::to_vec(&Head {
            chain_id,
            block: self.block,
        })?;
        let path = follow(path)?;
        if let Some(device) = device(&path)? {
            return self.write(&head, device);
        }
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let mut builder = tempfile::Builder::new();
        readable(&mut builder);
        let mut file = builder.tempfile_in(folder.unwrap_or(Path::new(".")))?;
        self.write(&head, &mut file)?;
        file.persist(&path)?;
        Ok(())
    }

    fn write(&self, head: &[u8], mut out: impl io::Write) -> io::Result<()> {
        out.write_all(RECORDING)?;
        let mut packed = brotli::CompressorWriter::new(out, 1 << 16, QUALITY, 22);
        packed.write_all(&frame(head)?)?;
        for (key, answer) in &*lock(&self.answers) {
            packed.write_all(&frame(&entry(key, answer))?)?;
        }
        packed.flush()
    }
}

/// Temporary files are for their owner only; a recording is for whom the umask says.
#[cfg(unix)]
fn readable(builder: &mut tempfile::Builder<'_, '_>) {
    use std::os::unix::fs::PermissionsExt as _;
    builder.permissions(std::fs::Permissions::from_mode(0o666));
}

/// Elsewhere a new file has its folder's permissions.
#[cfg(not(unix))]
fn readable(_: &mut tempfile::Builder<'_, '_>) {}

impl Ask for Recorder {
    fn whom(&self) -> &str {
        &self.whom
    }

    fn ask_all(&self, questions: &[Question]) -> Vec<Result<Box<RawValue>, Refusal>> {
        let answers = self.below().ask_all(questions);
        let mut noted = lock(&self.answers);
        for (question, answer) in questions.iter().zip(&answers) {
            if let Ok(answer) = answer
                && question.is_answered_by(answer)
            {
                noted.insert(question.key(), answer.clone());
            }
        }
        answers
    }
}

/// What a recording was made of.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    chain_id: u64,
    block: u64,
}

/// Why a file cannot be used as the recording.
#[derive(Debug, thiserror::Error)]
pub(super) enum RecordingError {
    #[error("{0}")]
    File(#[from] io::Error),
    #[error("it is not a recording of a fork")]
    Foreign,
    #[error("its format is {0:?}, which this version does not know: record it again")]
    Version(String),
    #[error("it is damaged: record it again")]
    Damaged,
    #[error("it is longer than {} MiB", MOST_BYTES >> 20)]
    TooLong,
    #[error("it records block {have}, not block {want}")]
    Block { have: u64, want: u64 },
}

/// All answers, from a file.
pub(super) struct Recording {
    name: String,
    block: u64,
    answers: Answers,
}

impl Recording {
    /// Reads a recording, which has to be of block `wanted`, if given.
    ///
    /// # Errors
    /// If it cannot be read, or is not a recording.
    pub(super) fn open(path: &PathBuf, wanted: Option<u64>) -> Result<Self, RecordingError> {
        let is_ours = |start: &[u8]| start.starts_with(RECORDING_KIND);
        let bytes = read_whole(path, MOST_BYTES, is_ours)?.ok_or(RecordingError::TooLong)?;
        let Some(packed) = bytes.strip_prefix(RECORDING) else {
            return Err(match bytes.starts_with(RECORDING_KIND) {
                true => {
                    let line = bytes
                        .split(|byte| *byte == b'\n')
                        .next()
                        .unwrap_or_default();
                    RecordingError::Version(String::from_utf8_lossy(line).into_owned())
                }
                false => RecordingError::Foreign,
            });
        };
        let mut text = Vec::new();
        let unpacked = brotli::Decompressor::new(packed, 1 << 16);
        unpacked
            .take(MOST_BYTES + 1)
            .read_to_end(&mut text)
            .map_err(|_| RecordingError::Damaged)?;
        let total = text.len() as u64;
        if total > MOST_BYTES {
            return Err(RecordingError::TooLong);
        }
        let mut from = text.as_slice();
        let mut at = 0;
        let mut frame = || -> Result<Option<Vec<u8>>, RecordingError> {
            let read = next(&mut from, at, total);
            let read = read.map_err(|_: StoreError| RecordingError::Damaged)?;
            match read {
                Some(read) => {
                    at += (crate::store::HEAD + read.len()) as u64;
                    Ok(Some(read))
                }
                None if at == total => Ok(None),
                None => Err(RecordingError::Damaged),
            }
        };
        let head = frame()?.ok_or(RecordingError::Damaged)?;
        let head: Head = serde_json::from_slice(&head).map_err(|_| RecordingError::Damaged)?;
        if let Some(want) = wanted.filter(|want| *want != head.block) {
            let have = head.block;
            return Err(RecordingError::Block { have, want });
        }
        let mut answers = Answers::new();
        while let Some(read) = frame()? {
            let (key, answer) = parse(&read).ok_or(RecordingError::Damaged)?;
            answers.insert(key, answer);
        }
        Ok(Self {
            name: Fork::replay(path).whom(),
            block: head.block,
            answers,
        })
    }

    /// The block it was made of.
    pub(super) fn block(&self) -> u64 {
        self.block
    }
}

impl Ask for Recording {
    fn whom(&self) -> &str {
        &self.name
    }

    fn ask_all(&self, questions: &[Question]) -> Vec<Result<Box<RawValue>, Refusal>> {
        let found = questions.iter().map(|question| {
            let known = self.answers.get(&question.key()).cloned();
            known.ok_or_else(|| {
                Refusal::new(
                    "it was not asked for when this was recorded: make the recording again, with all that is to be replayed",
                )
            })
        });
        found.collect()
    }
}
