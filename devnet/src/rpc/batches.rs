//! The path of requests from a connection to their methods.
//!
//! Lives here: batches, whose requests share one deadline and one limit on their answers, and refusing subscriptions over HTTP. Not
//! here: methods.

use std::future::Future;

use jsonrpsee::BatchResponseBuilder;
use jsonrpsee::core::middleware::{Batch, BatchEntry, Notification};
use jsonrpsee::server::MethodResponse;
use jsonrpsee::server::middleware::rpc::RpcServiceT;
use jsonrpsee::types::{ErrorCode, ErrorObject, Request};
use tokio::time::Instant;

use crate::bounded::MOST_ANSWER;
use crate::rpc::server::{Arrival, Once};

/// The most requests in a batch.
pub(super) const BATCH: usize = 10_000;

/// A service in front of the methods `S`.
#[derive(Clone, Debug)]
pub(super) struct Batches<S>(pub(super) S);

impl<S> RpcServiceT for Batches<S>
where
    S: RpcServiceT<
            MethodResponse = MethodResponse,
            NotificationResponse = MethodResponse,
            BatchResponse = MethodResponse,
        > + Clone
        + Send
        + Sync
        + 'static,
{
    type MethodResponse = MethodResponse;
    type NotificationResponse = MethodResponse;
    type BatchResponse = MethodResponse;

    fn call<'a>(&self, request: Request<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let is_once = request.extensions.get::<Once>().is_some();
        let service = self.0.clone();
        async move {
            if is_once && ["eth_subscribe", "eth_unsubscribe"].contains(&&*request.method) {
                let code = ErrorCode::MethodNotFound.code();
                let words = "subscriptions need a WebSocket: connect to the same port with ws://";
                return MethodResponse::error(
                    request.id.into_owned(),
                    ErrorObject::borrowed(code, words, None),
                );
            }
            service.call(request).await
        }
    }

    fn batch<'a>(&self, batch: Batch<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let service = self.clone();
        async move {
            let arrival = Arrival(Instant::now());
            let mut answers = BatchResponseBuilder::new_with_limit(MOST_ANSWER);
            let mut was_told = false;
            for entry in batch {
                let answer = match entry {
                    Ok(BatchEntry::Call(mut request)) => {
                        request.extensions_mut().insert(arrival);
                        service.call(request).await
                    }
                    Ok(BatchEntry::Notification(notification)) => {
                        was_told = true;
                        service.notification(notification).await;
                        continue;
                    }
                    Err(error) => {
                        let (error, id) = error.into_parts();
                        MethodResponse::error(id, error)
                    }
                };
                if let Err(too_long) = answers.append(answer) {
                    return too_long;
                }
                // The answer may have been computed on this thread, which others wait for, too.
                tokio::task::yield_now().await;
            }
            match was_told && answers.is_empty() {
                true => MethodResponse::notification(),
                false => MethodResponse::from_batch(answers.finish()),
            }
        }
    }

    fn notification<'a>(
        &self,
        notification: Notification<'a>,
    ) -> impl Future<Output = MethodResponse> + Send + 'a {
        self.0.notification(notification)
    }
}

/// Whether a body is a batch of more than [`BATCH`] requests, without parsing it.
pub(super) fn is_too_long(body: &[u8]) -> bool {
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
}
