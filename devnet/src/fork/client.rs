//! Queries to a node over HTTP, from threads that wait for the answer.
//!
//! Lives here: connections, retries, the rate limit, deadlines, and what a failure may reveal: a host's name, and never a key in a URL or a
//! header. Not here: what is queried (`source`), and which answers are kept (`kept`).

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{StatusCode, Url};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::{Mutex, Semaphore, SemaphorePermit, mpsc};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use crate::config::Fork;
use crate::fork::{Ask, ForkError, Question, Refusal, ToldError};
use crate::state::source::must_not_ask;

/// The most bytes of an answer.
const MOST_BYTES: usize = 64 << 20;

/// The most queries in flight: a distant node's answers take long, however fast it is.
const AT_ONCE: usize = 64;

/// How many queries of one list are queued at once like everybody's. Of what long lists have more, only so many are together, and no more
/// than a second's if the rate is limited: others are served between them.
const FEW: usize = 4;
const OF_LONG_LISTS: usize = AT_ONCE / 2;

/// The pause before a query is retried for the first time; it doubles each time.
const PAUSE: Duration = Duration::from_millis(250);

/// The longest such pause, whatever the node asks for.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Each attempt gets this fraction of a query's time.
const ATTEMPTS: u32 = 3;

/// The most characters of a refusal's text that are shown.
const MOST_TEXT: usize = 300;

/// The length from which on a part of a URL may be a key.
const KEY: usize = 8;

/// A node's error codes for too many requests (EIP-1474, and what providers made of it).
const RATE_CODES: [i64; 3] = [-32_005, -32_029, 429];

/// A node that any number of threads can query at once.
pub(super) struct Client {
    jobs: mpsc::UnboundedSender<Job>,
    host: String,
}

/// A query in flight.
struct Job {
    body: String,
    /// Whether it is one of many that somebody asks at once.
    is_of_long_list: bool,
    reply: SyncSender<Result<Box<RawValue>, Refusal>>,
}

/// What all queries share.
struct Node {
    client: reqwest::Client,
    url: Url,
    /// What must not be revealed.
    secrets: Vec<String>,
    retries: u32,
    timeout: Duration,
    places: Semaphore,
    /// Places in the queue for them.
    long_lists: Semaphore,
    /// The time between two queries, if their rate is limited, and when the next one may start.
    apart: Option<Duration>,
    next: Mutex<Instant>,
}

/// A failed attempt.
struct Failure {
    why: String,
    /// Whether to retry, and after which pause, if the node names one.
    retry: Option<Option<Duration>>,
    /// The error that the node returned.
    told: Option<ToldError>,
}

impl Failure {
    fn lasting(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            retry: None,
            told: None,
        }
    }

    fn passing(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            retry: Some(None),
            told: None,
        }
    }
}

impl Client {
    /// Returns a client for the node in the settings. Nothing is sent yet.
    ///
    /// # Errors
    /// If the URL or a header is invalid, or no thread can be started.
    pub(super) fn new(settings: &Fork) -> Result<Self, ForkError> {
        let url = settings.url.as_deref().unwrap_or_default();
        let url: Url = url.parse().map_err(|_| ForkError::Url)?;
        let host = host_of(&url).ok_or(ForkError::Url)?;
        match url.scheme() {
            "http" => {}
            "https" if cfg!(feature = "https") => {}
            "https" => return Err(ForkError::Https),
            _ => return Err(ForkError::Url),
        }
        let mut headers = HeaderMap::new();
        for (name, value) in &settings.headers {
            let invalid = || ForkError::Header(name.clone());
            let mut given = HeaderValue::from_str(value).map_err(|_| invalid())?;
            given.set_sensitive(true);
            headers.insert(HeaderName::try_from(name).map_err(|_| invalid())?, given);
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let mut client = reqwest::Client::builder()
            .default_headers(headers)
            // A key must not follow a redirect to wherever a node sends it.
            .redirect(reqwest::redirect::Policy::none());
        if url.scheme() == "http" {
            // A proxy from the environment is for the network, not for a node on this machine.
            client = client.no_proxy();
        }
        let client = client
            .build()
            .map_err(|error| ForkError::Client(error.without_url().to_string()))?;
        let rate = settings.requests_per_second.filter(|rate| *rate > 0);
        let node = Node {
            client,
            secrets: secrets(&url, settings),
            url,
            retries: settings.retries,
            timeout: settings.timeout,
            places: Semaphore::new(AT_ONCE),
            long_lists: Semaphore::new(
                rate.map_or(OF_LONG_LISTS, |rate| OF_LONG_LISTS.min(rate as usize)),
            ),
            apart: rate.map(|rate| Duration::from_secs(1) / rate),
            next: Mutex::new(Instant::now()),
        };
        let (jobs, taken) = mpsc::unbounded_channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = runtime.map_err(ForkError::Threads)?;
        std::thread::Builder::new()
            .name("stylus-fork".into())
            .spawn(move || runtime.block_on(serve(Arc::new(node), taken)))
            .map_err(ForkError::Threads)?;
        Ok(Self { jobs, host })
    }
}

impl Ask for Client {
    fn whom(&self) -> &str {
        &self.host
    }

    fn ask_all(&self, questions: &[Question]) -> Vec<Result<Box<RawValue>, Refusal>> {
        let gone = || Refusal::new("the thread that asks has ended");
        if must_not_ask() {
            let refusal = || Err(Refusal::new("it was not asked"));
            return questions.iter().map(|_| refusal()).collect();
        }
        let asked: Vec<_> = questions
            .iter()
            .enumerate()
            .map(|(place, question)| {
                let (reply, answer) = sync_channel(1);
                let job = Job {
                    body: question.body(),
                    is_of_long_list: place >= FEW,
                    reply,
                };
                self.jobs.send(job).map(|()| answer)
            })
            .collect();
        asked
            .into_iter()
            .map(|answer| match answer {
                // Every query has a deadline, so there is always an answer.
                Ok(answer) => answer.recv().unwrap_or_else(|_| Err(gone())),
                Err(_) => Err(gone()),
            })
            .collect()
    }
}

/// A time in whole seconds, for a message.
fn seconds(time: Duration) -> u128 {
    time.as_millis().div_ceil(1_000)
}

/// The part of a URL that may be shown: the rest may hold keys.
pub(crate) fn host(url: &str) -> String {
    let url = Url::parse(url).ok();
    url.as_ref()
        .and_then(host_of)
        .unwrap_or_else(|| "the node".to_owned())
}

fn host_of(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

/// Whether a URL points to this machine.
pub(crate) fn is_near(url: &str) -> bool {
    let url = Url::parse(url).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Returns the parts of a URL and of headers that may be keys.
fn secrets(url: &Url, settings: &Fork) -> Vec<String> {
    let path = url.path_segments().into_iter().flatten();
    let queries = url.query_pairs().map(|(_, value)| value.into_owned());
    let headers = settings.headers.iter();
    let mut secrets: Vec<String> = path
        .filter(|part| part.len() >= KEY)
        .map(str::to_owned)
        .chain(queries)
        .chain(headers.flat_map(|(_, value)| value.split_whitespace().map(str::to_owned)))
        .chain(url.password().map(str::to_owned))
        .chain(Some(url.username().to_owned()))
        .filter(|secret| secret.len() >= 4)
        .collect();
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets
}

/// Serves queries until nobody is left to want an answer.
async fn serve(node: Arc<Node>, mut jobs: mpsc::UnboundedReceiver<Job>) {
    while let Some(job) = jobs.recv().await {
        let node = node.clone();
        tokio::spawn(async move {
            let answer = node.ask(&job).await;
            // The caller may have left.
            let _ = job
                .reply
                .send(answer.map_err(|failure| node.refusal(failure)));
        });
    }
}

impl Node {
    /// Sends a query until there is an answer, a permanent failure, or no more time.
    async fn ask(&self, job: &Job) -> Result<Box<RawValue>, Failure> {
        let deadline = Instant::now() + self.timeout;
        let _among_others = match job.is_of_long_list {
            true => Some(timeout_at(deadline, self.long_lists.acquire()).await),
            false => None,
        };
        let mut pause = PAUSE;
        let mut left = self.retries;
        loop {
            let Ok(place) = timeout_at(deadline, self.turn()).await else {
                return Err(Failure::lasting(format!(
                    "it was not asked within {} seconds, behind too many other questions: raise --fork-timeout, or --fork-rps if it is set",
                    seconds(self.timeout)
                )));
            };
            let begun = Instant::now();
            let until = deadline.min(begun + self.timeout / ATTEMPTS);
            let failure = match timeout_at(until, self.attempt(&job.body)).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(failure)) => failure,
                Err(_) => Failure::passing(format!(
                    "it did not answer within {} seconds",
                    seconds(until - begun)
                )),
            };
            drop(place);
            let wait = match failure.retry {
                Some(asked) if left > 0 => asked.unwrap_or(pause).min(LONGEST_PAUSE),
                _ => return Err(failure),
            };
            if Instant::now() + wait >= deadline {
                return Err(failure);
            }
            sleep(wait).await;
            pause *= 2;
            left -= 1;
        }
    }

    /// Waits until a query may be sent, as far as others and the rate are concerned.
    async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed.
        let place = self.places.acquire().await.ok();
        if let Some(apart) = self.apart {
            // Whoever gives up while waiting takes nobody's turn.
            let mut next = self.next.lock().await;
            sleep_until(*next).await;
            *next = Instant::now() + apart;
        }
        place
    }

    async fn attempt(&self, body: &str) -> Result<Box<RawValue>, Failure> {
        let request = self.client.post(self.url.clone()).body(body.to_owned());
        let mut response = request.send().await.map_err(|error| unreached(&error))?;
        let status = response.status();
        if status.is_redirection() {
            return Err(Failure::lasting(
                "it redirects: give the URL that it leads to",
            ));
        }
        if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
            let after = response.headers().get(RETRY_AFTER);
            let after = after.and_then(|after| after.to_str().ok()?.parse().ok());
            let why = match status {
                StatusCode::TOO_MANY_REQUESTS => {
                    "it limits the rate of questions (HTTP 429): ask fewer a second with --fork-rps"
                        .into()
                }
                other => format!("it answered HTTP {}", other.as_u16()),
            };
            return Err(Failure {
                why,
                retry: Some(after.map(Duration::from_secs)),
                told: None,
            });
        }
        let mut text = Vec::new();
        while let Some(part) = response.chunk().await.map_err(|error| unreached(&error))? {
            if text.len() + part.len() > MOST_BYTES {
                return Err(Failure::lasting(format!(
                    "its answer is longer than {} MiB",
                    MOST_BYTES >> 20
                )));
            }
            text.extend_from_slice(&part);
        }
        read(status, &text)
    }

    /// Converts a failure so that it reveals no secrets.
    fn refusal(&self, failure: Failure) -> Refusal {
        Refusal {
            why: self.without_secrets(&failure.why),
            told: failure.told.map(|told| ToldError {
                message: self.without_secrets(&told.message),
                ..told
            }),
        }
    }

    fn without_secrets(&self, text: &str) -> String {
        let mut told = text.to_owned();
        for secret in &self.secrets {
            told = told.replace(secret, "…");
        }
        let told: String = told.chars().filter(|letter| !letter.is_control()).collect();
        match told.char_indices().nth(MOST_TEXT) {
            Some((end, _)) => format!("{}…", &told[..end]),
            None => told,
        }
    }
}

/// A JSON-RPC answer.
#[derive(Deserialize)]
struct Answer {
    #[serde(default, deserialize_with = "present")]
    result: Option<Box<RawValue>>,
    error: Option<AnswerError>,
}

/// Accepts `null`, which is an answer, too.
fn present<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(from).map(Some)
}

#[derive(Deserialize)]
struct AnswerError {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    message: String,
    data: Option<serde_json::Value>,
}

/// Interprets a response.
fn read(status: StatusCode, text: &[u8]) -> Result<Box<RawValue>, Failure> {
    let answer: Result<Answer, _> = serde_json::from_slice(text);
    match answer {
        Ok(Answer {
            error: Some(error), ..
        }) => Err(refused(error)),
        Ok(Answer {
            result: Some(result),
            ..
        }) if status.is_success() => Ok(result),
        _ if !status.is_success() => Err(Failure::lasting(format!(
            "it answered HTTP {}: check the URL and its key",
            status.as_u16()
        ))),
        _ => {
            let start = String::from_utf8_lossy(&text[..text.len().min(64)]);
            Err(Failure::lasting(format!(
                "its answer is not JSON-RPC: {start:?}"
            )))
        }
    }
}

/// Interprets a node's error.
fn refused(error: AnswerError) -> Failure {
    let text = error.message.to_lowercase();
    let is_rate = RATE_CODES.contains(&error.code)
        || ["rate limit", "too many requests", "request limit"]
            .iter()
            .any(|words| text.contains(words));
    if is_rate {
        return Failure::passing(format!(
            "it limits the rate of questions ({:?}): ask fewer a second with --fork-rps",
            error.message
        ));
    }
    let is_gone = [
        "missing trie node",
        "not available",
        "unavailable",
        "header not found",
        "pruned",
        "archive",
        "is not kept",
        "is not known",
    ];
    if is_gone.iter().any(|words| text.contains(words)) {
        return Failure::lasting(format!(
            "it does not keep the state of that block, so use the URL of an archive node, or a newer block ({:?})",
            error.message
        ));
    }
    Failure {
        why: format!(
            "it answered with the error {:?} ({})",
            error.message, error.code
        ),
        retry: None,
        told: Some(ToldError {
            code: error.code,
            message: error.message,
            data: error.data.and_then(|data| data.as_str().map(str::to_owned)),
        }),
    }
}

/// The failure of a request that did not reach the node or broke off; without the URL.
fn unreached(error: &reqwest::Error) -> Failure {
    let mut cause: &(dyn std::error::Error + 'static) = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    // Only the outermost error names the URL.
    let inner = match cause.is::<reqwest::Error>() {
        true => String::new(),
        false => format!(" ({cause})"),
    };
    Failure::passing(match error.is_connect() {
        true => format!("it cannot be reached{inner}"),
        false => format!("it broke off{inner}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_no_key() {
        for (url, expected) in [
            ("http://localhost:8547", "localhost:8547"),
            ("https://arb1.example/v2/KEY?x=KEY", "arb1.example"),
            ("https://user:KEY@localhost", "localhost"),
        ] {
            assert_eq!(host(url), expected);
        }
    }
}
