//! Whether a node still has the block that was forked: one that was begun anew, or has replaced its newest blocks, answers for another
//! chain, under the same numbers.
//!
//! Lives here: when that is checked, and what follows. Not here: how the node is queried (`client`).

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use alloy_primitives::B256;
use serde_json::value::RawValue;

use crate::fork::source::{block, block_question};
use crate::fork::{Ask, Question, Refusal};
use crate::state::source::must_not_ask;

/// The time between two checks. Each takes a query, and goes along with others.
const APART: Duration = Duration::from_secs(5);

/// A node, and the block that it has to keep.
pub(super) struct Watched {
    node: Arc<dyn Ask>,
    apart: Duration,
    forked: OnceLock<(u64, B256)>,
    /// When the next check is due.
    due: Mutex<Instant>,
}

impl Watched {
    pub(super) fn new(node: Arc<dyn Ask>) -> Self {
        Self {
            node,
            apart: APART,
            forked: OnceLock::new(),
            due: Mutex::new(Instant::now() + APART),
        }
    }

    /// Names the block that was forked.
    pub(super) fn expect(&self, number: u64, hash: B256) {
        // There is only one.
        let _ = self.forked.set((number, hash));
    }

    /// The block to check now, if it is time. Nobody else checks it meanwhile.
    fn to_check(&self) -> Option<(u64, B256)> {
        let forked = self.forked.get().filter(|_| !must_not_ask())?;
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        if Instant::now() < *due {
            return None;
        }
        *due = Instant::now() + self.apart;
        Some(*forked)
    }
}

impl Ask for Watched {
    fn whom(&self) -> &str {
        self.node.whom()
    }

    fn ask_all(&self, questions: &[Question]) -> Vec<Result<Box<RawValue>, Refusal>> {
        let Some((number, hash)) = self.to_check() else {
            return self.node.ask_all(questions);
        };
        let all: Vec<_> = std::iter::once(block_question(number))
            .chain(questions.iter().cloned())
            .collect();
        let mut answers = self.node.ask_all(&all).into_iter();
        let is_other = match answers.next() {
            Some(Ok(answer)) => match block(&answer) {
                Some(block) => block.hash != hash,
                None => answer.get() == "null",
            },
            // Whoever asked for something else is told why there is no answer.
            Some(Err(_)) | None => false,
        };
        if !is_other {
            return answers.collect();
        }
        // It may be the one of several nodes behind a name that lags behind.
        *self.due.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        let refusal = Refusal::new(format!(
            "its block {number} is no longer the one that was forked, {hash}, so it answers for another chain: begin anew, with \
             anvil_reset or a restart"
        ));
        questions.iter().map(|_| Err(refusal.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fork::Form;
    use serde_json::json;

    /// A node whose block can be exchanged.
    struct Node(Mutex<&'static str>);

    impl Ask for Node {
        fn whom(&self) -> &'static str {
            "node"
        }

        fn ask_all(&self, questions: &[Question]) -> Vec<Result<Box<RawValue>, Refusal>> {
            let raw = |text: String| RawValue::from_string(text).unwrap();
            let of = |question: &Question| match &*question.method {
                "eth_getBlockByNumber" => match *self.0.lock().unwrap() {
                    "" => Err(Refusal::new("it is busy")),
                    "null" => Ok(raw("null".into())),
                    hash => {
                        let mut block = json!(alloy_consensus::Header::default());
                        block["hash"] = json!(hash);
                        Ok(raw(block.to_string()))
                    }
                },
                _ => Ok(raw("\"0x7\"".into())),
            };
            questions.iter().map(of).collect()
        }
    }

    /// Theorem: no answer of a node that has another block is passed on once that was checked, and all are again when it is back.
    #[test]
    fn another_chain_is_not_asked() {
        const OURS: &str = "0x0101010101010101010101010101010101010101010101010101010101010101";
        const OTHER: &str = "0x0202020202020202020202020202020202020202020202020202020202020202";
        let node = Arc::new(Node(Mutex::new(OURS)));
        let watched = Watched {
            apart: Duration::ZERO,
            due: Mutex::new(Instant::now()),
            ..Watched::new(node.clone())
        };
        let question = || Question {
            method: "eth_getBalance".into(),
            params: json!([]),
            form: Form::Word,
        };
        let check = |block: &'static str, is_answered: bool| {
            *node.0.lock().unwrap() = block;
            let answers = watched.ask_all(&[question(), question()]);
            assert_eq!(answers.len(), 2);
            for answer in answers {
                let expected = answer.as_ref().map(|answer| answer.get().to_owned());
                match expected {
                    Ok(answer) => assert!(is_answered && answer == "\"0x7\"", "{block}"),
                    Err(refusal) => {
                        assert!(
                            !is_answered && refusal.why.contains("its block 5"),
                            "{block}"
                        );
                    }
                }
            }
        };
        // Which block it is has to be found out first.
        check(OTHER, true);
        watched.expect(5, B256::repeat_byte(1));
        check(OURS, true);
        check(OTHER, false);
        check("null", false);
        check(OURS, true);
        check("", true);
    }
}
