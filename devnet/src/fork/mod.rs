//! Another chain's state and history, from a node or from a recording, for a fork at one of its blocks.
//!
//! Lives here: opening a fork, which block it starts at, and passing on queries about the forked chain's blocks. In its files: the queries
//! that a state makes (`source`), a node over HTTP (`client`), one that now has another chain (`watched`), the answers kept on disk
//! (`kept`), a block to execute again (`mined`), finding blocks (`finder`). Not here: what lies on top (`state`), which requests go to the
//! node (`rpc::border`).
//!
//! Why no crate for it: `foundry-fork-db` is made for the revm of foundry's releases (41, two before ours), keeps all of a database behind
//! one channel, and its cache is a JSON file that is always rewritten as a whole. alloy's layers help a client of a node, not a state: its
//! cache is an LRU over the answers of one provider that does not wait for a query in flight, its HTTP transport reads answers of any
//! length, and its errors show the URL. What is left is `reqwest`, which alloy's transport uses, too; the rest here sets bounds.

mod client;
mod finder;
mod kept;
mod mined;
mod source;
mod watched;

pub(crate) use client::{host, is_near};
pub(crate) use finder::Finder;
pub use finder::LastTransactions;
pub(crate) use mined::{Mined, MinedError, Told};

use std::path::PathBuf;
use std::sync::Arc;

use alloy_eips::BlockNumberOrTag;
use alloy_primitives::keccak256;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use stylus_vm::ArbOs;

use crate::arbos;
use crate::chain::Origin;
use crate::config::{Config, Fork};
use crate::devnet::SaveError;
use crate::fork::client::Client;
use crate::fork::kept::{Cached, Recorder, Recording, RecordingError};
use crate::fork::source::NodeSource;
use crate::fork::watched::Watched;
use crate::state::State;
use crate::state::source::{Beneath, SourceError};

/// Why a chain cannot be forked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ForkError {
    /// Not the URL of a node.
    #[error("the URL to fork is not a node's; one looks like http://localhost:8547")]
    Url,
    /// TLS is not part of this build.
    #[error(
        "this build speaks only plain http, but the URL to fork is https: build with the feature `https`"
    )]
    Https,
    /// A header is invalid.
    #[error(
        "the header {0:?} for the node to fork is not a header; one looks like Authorization=Bearer …"
    )]
    Header(String),
    /// The settings name neither a node nor a recording.
    #[error("a fork needs the URL of a node, or a recording")]
    Nothing,
    /// The HTTP client cannot be set up.
    #[error("cannot make an HTTP client for the node to fork: {0}")]
    Client(String),
    /// No thread can be started.
    #[error("cannot start the thread that queries the node to fork: {0}")]
    Threads(#[source] std::io::Error),
    /// The node does not answer.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The node has no such block.
    #[error("{whom} has no block {number} to fork")]
    NoBlock {
        /// The host's name.
        whom: String,
        /// The block.
        number: u64,
    },
    /// Its ArbOS version's rules are not implemented here.
    #[error(
        "block {number} of {whom} is of ArbOS {version}, and this devnet knows the rules of {first} to {last} alone: fork a block of one \
         of these",
        first = Config::FIRST_ARBOS.number(), last = ArbOs::LAST.number()
    )]
    ArbOs {
        /// The host's name.
        whom: String,
        /// The block.
        number: u64,
        /// Its ArbOS version.
        version: u64,
    },
    /// A recording that cannot be used.
    #[error("the recording {path} cannot be used: {reason}")]
    Recording {
        /// The file.
        path: PathBuf,
        /// Why it cannot be used.
        reason: String,
    },
}

/// A JSON-RPC query.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    method: String,
    params: Value,
    form: Form,
}

/// What an answer has to be, and whether it is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    /// A number or a word, which never changes.
    Word,
    /// Bytes, which never change.
    Data,
    /// A block, which never changes.
    Block,
    /// Something that changes: never kept.
    Passing,
    /// Anything about the past; kept only in recordings.
    Past,
}

impl Question {
    fn body(&self) -> String {
        json!({ "jsonrpc": "2.0", "id": 1, "method": self.method, "params": self.params })
            .to_string()
    }

    /// The key it is kept under: half a hash is enough to avoid collisions.
    fn key(&self) -> Key {
        let text = format!("{}\n{}", self.method, self.params);
        let hash = keccak256(text);
        let (half, _) = hash.split_first_chunk().expect("a hash has 32 bytes");
        *half
    }

    /// Whether its answer never changes.
    fn is_lasting(&self) -> bool {
        matches!(self.form, Form::Word | Form::Data | Form::Block)
    }

    /// Whether an answer has the right form, so that it may be kept.
    fn is_answered_by(&self, answer: &RawValue) -> bool {
        match self.form {
            Form::Word => source::word(answer).is_some(),
            Form::Data => source::data(answer).is_some(),
            Form::Block => source::block(answer).is_some(),
            Form::Past => true,
            Form::Passing => false,
        }
    }
}

/// The key of a kept query.
type Key = [u8; 16];

/// Why there is no answer; contains no secrets.
#[derive(Clone, Debug)]
struct Refusal {
    why: String,
    /// The node's own error, if it answered with one.
    told: Option<ToldError>,
}

/// An error returned by a node.
#[derive(Clone, Debug)]
struct ToldError {
    code: i64,
    message: String,
    data: Option<String>,
}

impl Refusal {
    fn new(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            told: None,
        }
    }
}

/// Why there is no answer about the past.
#[derive(Clone, Debug)]
pub(crate) enum PastError {
    /// The node returned an error, which is also the answer here.
    Told {
        code: i32,
        message: String,
        data: Option<String>,
    },
    /// There is no answer.
    Source(SourceError),
}

/// Anything that answers queries.
trait Ask: Send + Sync {
    /// The name of its source, without secrets.
    fn whom(&self) -> &str;

    /// Sends all queries at once, and waits for all answers.
    fn ask_all(&self, questions: &[Question]) -> Vec<Result<Box<RawValue>, Refusal>>;

    /// Sends one query.
    fn ask(&self, question: &Question) -> Result<Box<RawValue>, Refusal> {
        let mut answers = self.ask_all(std::slice::from_ref(question));
        answers
            .pop()
            .unwrap_or_else(|| Err(Refusal::new("there is no answer")))
    }
}

/// Sends a query; if there is no answer, the error says what was requested and where.
fn ask(
    ask: &dyn Ask,
    question: &Question,
    what: impl FnOnce() -> String,
) -> Result<Box<RawValue>, SourceError> {
    ask.ask(question).map_err(|refusal| SourceError {
        what: what(),
        whom: ask.whom().to_owned(),
        why: refusal.why,
    })
}

/// A forked chain: where its state comes from, and where queries about its blocks go.
pub(crate) struct Forked {
    origin: Origin,
    asked: Arc<dyn Ask>,
    /// Records the answers, and the file they go to.
    recorder: Option<(Arc<Recorder>, PathBuf)>,
    /// Where it is from, without secrets.
    from: String,
}

impl Forked {
    /// Finds the block to fork and prepares to query it.
    ///
    /// # Errors
    /// If that is impossible, or the node does not answer.
    pub(crate) fn open(settings: &Fork) -> Result<Arc<Self>, ForkError> {
        let mut watched = None;
        let (mut asked, number): (Arc<dyn Ask>, u64) = match &settings.replay {
            Some(path) => {
                let recording = Recording::open(path, settings.block);
                let recording =
                    recording.map_err(|error: RecordingError| ForkError::Recording {
                        path: path.clone(),
                        reason: error.to_string(),
                    })?;
                let number = recording.block();
                (Arc::new(recording), number)
            }
            None if settings.url.is_none() => return Err(ForkError::Nothing),
            None => {
                let client: Arc<dyn Ask> = Arc::new(Client::new(settings)?);
                let number = match settings.block {
                    Some(number) => number,
                    None => newest(&*client)?,
                };
                let watch = Arc::new(Watched::new(client));
                watched = Some(watch.clone());
                (watch, number)
            }
        };
        // A recording has to include these, too, so they go through the recorder.
        let mut recorder = None;
        if settings.record.is_some() {
            let new = Arc::new(Recorder::new(asked.clone(), number));
            asked = new.clone();
            recorder = Some(new);
        }
        let chain_id = source::chain_id(&*asked)?;
        let block = source::block_at(&*asked, number)?.ok_or_else(|| ForkError::NoBlock {
            whom: asked.whom().to_owned(),
            number,
        })?;
        if let Some(watched) = watched {
            watched.expect(number, block.hash);
        }
        if let Some(folder) = settings
            .cache
            .as_ref()
            .filter(|_| settings.replay.is_none())
        {
            let below: Arc<dyn Ask> = match &recorder {
                Some(recorder) => recorder.below(),
                None => asked.clone(),
            };
            let cached = Cached::open(below, folder, chain_id, (number, block.hash));
            let cached: Arc<dyn Ask> = Arc::new(cached);
            match &recorder {
                Some(recorder) => recorder.over(cached),
                None => asked = cached,
            }
        }
        let whom = asked.whom().to_owned();
        let source = NodeSource::new(asked.clone(), number);
        let beneath = Arc::new(Beneath::new(Box::new(source)));
        let about = source::ahead(&beneath, &whom, number)?;
        Ok(Arc::new(Self {
            origin: Origin {
                chain_id,
                block: Arc::new(block),
                beneath,
                is_arbitrum: about.is_arbitrum,
                debug: about.debug,
                max_code_size: about.max_code_size,
            },
            asked,
            recorder: recorder.zip(settings.record.clone()),
            from: whom,
        }))
    }

    /// What a chain on top starts from.
    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The last block that is not this chain's own.
    pub(crate) fn number(&self) -> u64 {
        self.origin.block.header.number
    }

    /// The host that it is from, or the recording.
    pub(crate) fn from(&self) -> &str {
        &self.from
    }

    /// Sends a query about the past.
    ///
    /// # Errors
    /// If there is no answer, or the answer is an error.
    pub(crate) fn past(&self, method: &str, params: Value) -> Result<Box<RawValue>, PastError> {
        let question = Question {
            method: method.to_owned(),
            params,
            form: Form::Past,
        };
        self.asked
            .ask(&question)
            .map_err(|refusal| match refusal.told {
                Some(ToldError {
                    code,
                    message,
                    data,
                }) => PastError::Told {
                    code: i32::try_from(code).unwrap_or(i32::MIN),
                    message,
                    data,
                },
                None => PastError::Source(SourceError {
                    what: format!("{method} about blocks up to {}", self.number()),
                    whom: self.asked.whom().to_owned(),
                    why: refusal.why,
                }),
            })
    }

    /// Writes the recording, if the settings ask for one: all answers so far.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn save(&self) -> Result<(), SaveError> {
        let Some((recorder, path)) = &self.recorder else {
            return Ok(());
        };
        let saved = recorder.save(path, self.origin.chain_id);
        saved.map_err(|error| SaveError {
            path: path.clone(),
            error,
        })
    }
}

/// Returns the number of a node's newest block.
fn newest(node: &dyn Ask) -> Result<u64, SourceError> {
    let question = Question {
        method: "eth_blockNumber".into(),
        params: json!([]),
        form: Form::Passing,
    };
    let what = || "the newest block's number".to_owned();
    let answer = ask(node, &question, what)?;
    source::number(&answer).ok_or_else(|| source::nonsense(node.whom(), what(), &answer))
}

/// A block's number in JSON-RPC form.
fn tag(number: u64) -> Value {
    json!(BlockNumberOrTag::Number(number))
}

/// What has to be known of a chain before another forks it.
struct About {
    is_arbitrum: bool,
    debug: bool,
    max_code_size: Option<u32>,
}

impl About {
    /// Reads it from the state.
    fn of(state: &mut State, whom: &str, number: u64) -> Result<Self, ForkError> {
        let Ok(version) = arbos::version_word().get(state);
        let known = u16::try_from(version).ok();
        let known = known.and_then(|version| ArbOs::new(version).ok());
        if version != 0 && known.is_none_or(|version| version < Config::FIRST_ARBOS) {
            return Err(ForkError::ArbOs {
                whom: whom.to_owned(),
                number,
                version,
            });
        }
        // A devnet stores none, and always allows debugging.
        let config = match Self::has_config(state) {
            true => arbos::chain_config().get(state).unwrap_or_default(),
            false => Vec::new(),
        };
        let config: Value = serde_json::from_slice(&config).unwrap_or_default();
        let arbitrum = &config["arbitrum"];
        let size = arbitrum["MaxCodeSize"].as_u64().filter(|size| *size > 0);
        Ok(Self {
            is_arbitrum: version != 0,
            debug: arbitrum["AllowDebugPrecompiles"].as_bool().unwrap_or(true),
            max_code_size: size.and_then(|size| u32::try_from(size).ok()),
        })
    }
}
