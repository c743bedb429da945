//! The path from a request's text to its methods, and from their answers to the text that is sent back.
//!
//! Lives here: single requests and batches, ids, notifications, and which errors say that a text is no request. Not here: how texts arrive
//! (`server`, `sockets`), methods (`methods`).

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jsonrpsee::Extensions;
use jsonrpsee::server::{
    BoundedSubscriptions, ConnectionId, IdProvider, MethodCallback, MethodResponse, MethodSink,
    Methods, SubscriptionState,
};
use jsonrpsee::types::error::{
    reject_too_big_batch_request, reject_too_big_batch_response, reject_too_many_subscriptions,
};
use jsonrpsee::types::{
    ErrorCode, ErrorObject, ErrorObjectOwned, Id, Params, SubscriptionId, TwoPointZero,
};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};
use serde_json::value::RawValue;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::bounded::MOST_ANSWER;
use crate::rpc::subscribe::Allowance;

/// The most requests in a batch.
const BATCH: usize = 10_000;

/// The most subscriptions of a WebSocket.
const SUBSCRIPTIONS: u32 = 1_024;

/// How many events of a subscription may wait for its socket.
const EVENTS: usize = 16;

/// The most bytes of an answer, with its envelope.
const MOST_WHOLE: usize = MOST_ANSWER + (1 << 20);

/// When a request, or its batch, arrived.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival(pub(super) Instant);

/// Answers requests; cheap to clone.
#[derive(Clone)]
pub(super) struct Service {
    methods: Methods,
    ids: Arc<Numbers>,
    /// Absent over HTTP, which has no way to notify a client later.
    subscriber: Option<Subscriber>,
}

/// What a WebSocket may still subscribe to.
#[derive(Clone)]
struct Subscriber {
    connection: ConnectionId,
    places: BoundedSubscriptions,
    allowance: Allowance,
}

/// The events of a subscription.
pub(super) type Events = mpsc::Receiver<Box<RawValue>>;

/// What a request led to.
#[derive(Default)]
pub(super) struct Answered {
    /// Nothing for notifications.
    pub(super) text: Option<String>,
    /// The subscriptions that it began: their events come after the answer.
    pub(super) begun: Vec<Events>,
}

/// Numbers for sockets, and for subscriptions, whose clients expect them in hexadecimal.
#[derive(Debug, Default)]
struct Numbers(AtomicU64);

impl Numbers {
    fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }
}

impl IdProvider for Numbers {
    fn next_id(&self) -> SubscriptionId<'static> {
        SubscriptionId::Str(format!("{:#x}", self.next()).into())
    }
}

/// A request, or a notification if it has no id.
#[derive(Deserialize)]
struct Member<'a> {
    #[serde(rename = "jsonrpc")]
    _version: TwoPointZero,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
}

/// What is read of a text that is no request, so that its error has its id.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
}

/// A value that may be null, which is not the same as none.
fn present<'de, D: Deserializer<'de>>(value: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(value).map(Some)
}

/// Whether a value can be an id: a number, a text or null.
fn is_id(value: &RawValue) -> bool {
    let first = value.get().as_bytes().first();
    value.get() == "null"
        || first.is_some_and(|byte| byte.is_ascii_digit() || b"-\"".contains(byte))
}

/// The id as the library knows it, which is only numbers of 64 bits and texts; null for others.
fn known(id: &RawValue) -> Id<'_> {
    serde_json::from_str(id.get()).unwrap_or(Id::Null)
}

/// An answer's text, with the id as its request has it.
fn with_id(id: &RawValue, answer: MethodResponse) -> String {
    const BEFORE: &str = r#"{"jsonrpc":"2.0","id":"#;
    let text = String::from(Box::<str>::from(answer.into_json()));
    let rest = text.strip_prefix(BEFORE);
    match rest.and_then(|rest| rest.strip_prefix("null")) {
        Some(rest) if id.get() != "null" => [BEFORE, id.get(), rest].concat(),
        _ => text,
    }
}

/// The text of an error.
fn error(id: &RawValue, why: impl Into<ErrorObjectOwned>) -> String {
    with_id(id, MethodResponse::error(known(id), why.into()))
}

impl Answered {
    fn only(text: String) -> Self {
        Self {
            text: Some(text),
            begun: Vec::new(),
        }
    }
}

impl Service {
    /// Over HTTP.
    pub(super) fn new(methods: Methods) -> Self {
        Self {
            methods,
            ids: Arc::default(),
            subscriber: None,
        }
    }

    /// Over a new WebSocket.
    pub(super) fn of_socket(&self) -> Self {
        let number = usize::try_from(self.ids.next()).unwrap_or(usize::MAX);
        Self {
            subscriber: Some(Subscriber {
                connection: ConnectionId(number),
                places: BoundedSubscriptions::new(SUBSCRIPTIONS),
                allowance: Allowance::default(),
            }),
            ..self.clone()
        }
    }

    /// Answers a text, whatever it is.
    pub(super) async fn answer(&self, body: &[u8]) -> Answered {
        let arrival = Arrival(Instant::now());
        match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'{') => match serde_json::from_slice::<Member<'_>>(body) {
                Ok(member) => self.one(member, arrival).await,
                Err(_) => Answered::only(refused(body)),
            },
            Some(b'[') => self.batch(body, arrival).await,
            _ => Answered::only(error(RawValue::NULL, ErrorCode::ParseError)),
        }
    }

    /// Answers the requests of a batch one after another; they share one deadline and one limit on their answers.
    async fn batch(&self, body: &[u8], arrival: Arrival) -> Answered {
        let refuse = |why: ErrorObjectOwned| Answered::only(error(RawValue::NULL, why));
        if is_too_long(body) {
            return refuse(reject_too_big_batch_request(BATCH));
        }
        let Ok(members) = serde_json::from_slice::<Vec<&RawValue>>(body) else {
            return refuse(ErrorCode::ParseError.into());
        };
        if members.is_empty() {
            return refuse(ErrorCode::InvalidRequest.into());
        }
        let (mut text, mut all) = (String::from("["), Vec::new());
        for member in members {
            let answered = match serde_json::from_str::<Member<'_>>(member.get()) {
                Ok(member) => self.one(member, arrival).await,
                Err(_) => Answered::only(refused(member.get().as_bytes())),
            };
            all.extend(answered.begun);
            if let Some(answer) = answered.text {
                if text.len() + answer.len() > MOST_ANSWER {
                    return refuse(reject_too_big_batch_response(MOST_ANSWER));
                }
                if text.len() > 1 {
                    text.push(',');
                }
                text.push_str(&answer);
            }
            // The answer may have been computed on this thread, which others wait for, too.
            tokio::task::yield_now().await;
        }
        text.push(']');
        Answered {
            text: (text.len() > 2).then_some(text),
            begun: all,
        }
    }

    /// Answers a request, or does what a notification says.
    async fn one(&self, member: Member<'_>, arrival: Arrival) -> Answered {
        let Some(id) = member.id else {
            // Nobody would know the number of a subscription that a notification begins.
            let _ = self.call(Id::Null, &member, arrival).await;
            return Answered::default();
        };
        if !is_id(id) {
            return Answered::only(error(RawValue::NULL, ErrorCode::InvalidRequest));
        }
        let (answer, begun) = self.call(known(id), &member, arrival).await;
        Answered {
            text: Some(with_id(id, answer)),
            begun: begun.into_iter().collect(),
        }
    }

    /// Calls the method, and returns the events of the subscription if that is what it began.
    async fn call(
        &self,
        id: Id<'_>,
        member: &Member<'_>,
        arrival: Arrival,
    ) -> (MethodResponse, Option<Events>) {
        let params = Params::new(member.params.map(RawValue::get));
        let mut extensions = Extensions::new();
        extensions.insert(arrival);
        let connection = self.subscriber.as_ref().map(|it| it.connection);
        let answer = match (self.methods.method(&member.method), &self.subscriber) {
            (None, _) => MethodResponse::error(id, ErrorCode::MethodNotFound),
            (Some(MethodCallback::Sync(method)), _) => method(id, params, MOST_WHOLE, extensions),
            (Some(MethodCallback::Async(method)), _) => {
                let (id, params) = (id.into_owned(), params.into_owned());
                let connection = connection.unwrap_or_default();
                method(id, params, connection, MOST_WHOLE, extensions).await
            }
            (Some(MethodCallback::Subscription(_) | MethodCallback::Unsubscription(_)), None) => {
                let words = "subscriptions need a WebSocket: connect to the same port with ws://";
                let code = ErrorCode::MethodNotFound.code();
                MethodResponse::error(id, ErrorObject::borrowed(code, words, None))
            }
            (Some(MethodCallback::Unsubscription(method)), Some(subscriber)) => {
                method(id, params, subscriber.connection, MOST_WHOLE, extensions)
            }
            (Some(MethodCallback::Subscription(method)), Some(subscriber)) => {
                let Some(place) = subscriber.places.acquire() else {
                    let error = reject_too_many_subscriptions(SUBSCRIPTIONS);
                    return (MethodResponse::error(id, error), None);
                };
                extensions.insert(subscriber.allowance.clone());
                let (sender, mut events) = mpsc::channel(EVENTS);
                let state = SubscriptionState {
                    conn_id: subscriber.connection,
                    id_provider: &*self.ids,
                    subscription_permit: place,
                };
                let sink = MethodSink::new_with_limit(sender, MOST_WHOLE as u32);
                let answer = method(id, params, sink, state, extensions).await;
                // The library sends the answer ahead of the events, too.
                let _ = events.recv().await;
                let begun = answer.is_success().then_some(events);
                return (answer, begun);
            }
        };
        (answer, None)
    }
}

/// The error for a text that is no request.
fn refused(text: &[u8]) -> String {
    if serde_json::from_slice::<IgnoredAny>(text).is_err() || std::str::from_utf8(text).is_err() {
        return error(RawValue::NULL, ErrorCode::ParseError);
    }
    let head = serde_json::from_slice::<Head<'_>>(text).ok();
    let id = head.and_then(|head| head.id).filter(|id| is_id(id));
    error(id.unwrap_or(RawValue::NULL), ErrorCode::InvalidRequest)
}

/// Whether a body is a batch of more than [`BATCH`] requests, without parsing it.
fn is_too_long(body: &[u8]) -> bool {
    let mut bytes = body.iter().skip_while(|byte| byte.is_ascii_whitespace());
    if bytes.next() != Some(&b'[') {
        return false;
    }
    let (mut depth, mut commas) = (0_usize, 0_usize);
    let mut is_text = false;
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' if is_text => {
                bytes.next();
            }
            b'"' => is_text = !is_text,
            _ if is_text => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                commas += 1;
                if commas >= BATCH {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use jsonrpsee::RpcModule;

    use super::*;

    fn check(body: &str, expected: bool) {
        let shown: String = body.chars().take(40).collect();
        assert_eq!(is_too_long(body.as_bytes()), expected, "{shown}");
    }

    #[test]
    fn long_batches_are_known_by_their_commas() {
        let many = |item: &str, count: usize| format!(" [{}]", vec![item; count].join(","));
        check(&many("0", BATCH), false);
        check(&many("0", BATCH + 1), true);
        check(&many(r#"{"a":[1,2,3],"b":"],\"[,"}"#, BATCH), false);
        check(&many(r#"{"a":[1,2,3],"b":"],\"[,"}"#, BATCH + 1), true);
        check(&format!("{{\"a\":{}}}", many("0", BATCH + 1)), false);
        check("", false);
        check("[\"\\", false);
    }

    fn answer(text: &[u8]) -> Option<String> {
        let mut methods = RpcModule::new(());
        methods
            .register_method(
                "echo",
                |params, (), _| -> Result<String, ErrorObjectOwned> {
                    Ok(params.as_str().unwrap_or("none").to_owned())
                },
            )
            .unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let service = Service::new(methods.into());
        runtime.unwrap().block_on(service.answer(text)).text
    }

    fn check_answer(text: &str, expected: &str) {
        assert_eq!(
            answer(text.as_bytes()).unwrap_or_default(),
            expected,
            "{text}"
        );
    }

    fn refusal(id: &str, code: i32, words: &str) -> String {
        format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":{code},"message":"{words}"}}}}"#)
    }

    /// Theorem: whatever a request's id, its answer has it, alone and in a batch.
    #[test]
    fn ids_come_back_as_they_are() {
        let ids = [
            "0",
            "18446744073709551615",
            "18446744073709551616",
            "-1",
            "1.5",
            "1e3",
            "-0.5E-2",
            "null",
            r#""-1""#,
            r#""ä""#,
        ];
        let request = |id: &str| {
            format!(r#"{{"jsonrpc":"2.0", "id" : {id}, "params":["id"], "method":"echo"}}"#)
        };
        let expected = |id: &str| format!(r#"{{"jsonrpc":"2.0","id":{id},"result":"[\"id\"]"}}"#);
        for id in ids {
            check_answer(&request(id), &expected(id));
            let unknown = request(id).replace("echo", "other");
            check_answer(&unknown, &refusal(id, -32_601, "Method not found"));
            let incomplete = request(id).replace("method", "way");
            check_answer(&incomplete, &refusal(id, -32_600, "Invalid request"));
        }
        let batch = |of: &dyn Fn(&str) -> String| format!("[{}]", ids.map(of).join(","));
        check_answer(&batch(&request), &batch(&expected));
    }

    #[test]
    fn what_is_no_request_is_refused() {
        let invalid = refusal("null", -32_600, "Invalid request");
        let unread = refusal("null", -32_700, "Parse error");
        for id in ["{}", "[]", "[1]", "true", "false", r#"1,"id":2"#] {
            let request = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"echo"}}"#);
            check_answer(&request, &invalid);
            check_answer(&format!("[{request}]"), &format!("[{invalid}]"));
        }
        check_answer("[]", &invalid);
        check_answer("[1]", &format!("[{invalid}]"));
        check_answer("{}", &invalid);
        for text in ["", " ", "1", "{", "[", "[{]"] {
            check_answer(text, &unread);
        }
        for text in [
            &b"{\"jsonrpc\":\"2.0\",\"id\":\"\xff\",\"method\":\"echo\"}"[..],
            b"\xff\xfe",
        ] {
            assert_eq!(answer(text).unwrap(), unread);
        }
        let notification = r#"{"jsonrpc":"2.0","method":"echo"}"#;
        check_answer(notification, "");
        check_answer(&format!("[{notification},{notification}]"), "");
        check_answer(&format!("[{notification},1]"), &format!("[{invalid}]"));
    }
}
