//! Which block a transaction is in, and which transactions were last sent to a contract, from a node for which no block is chosen yet.
//!
//! Lives here: these two queries, and how far back they search. Not here: the blocks themselves (`mined`).

use alloy_primitives::{Address, B256, U64};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::config::Fork;
use crate::fork::client::Client;
use crate::fork::{Ask as _, ForkError, Form, Question, Refusal, newest, source, tag};
use crate::state::source::SourceError;

/// Blocks requested at once.
const AT_ONCE: u64 = 16;

/// A node to search.
pub(crate) struct Finder(Client);

/// The block of a transaction.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    block_number: Option<U64>,
}

/// The part of a block that is searched.
#[derive(Deserialize)]
struct Listed {
    transactions: Vec<ListedTransaction>,
}

#[derive(Deserialize)]
struct ListedTransaction {
    hash: B256,
    to: Option<Address>,
    #[serde(rename = "type", default)]
    kind: U64,
}

/// The last transactions to a contract, as far as they were found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LastTransactions {
    /// Their hashes, in chain order.
    pub transactions: Vec<B256>,
    /// The chain's newest block.
    pub newest: u64,
    /// How many blocks were searched, from the newest back.
    pub blocks: u64,
}

/// A query whose answer is not kept.
fn passing(method: &str, params: Value) -> Question {
    Question {
        method: method.to_owned(),
        params,
        form: Form::Passing,
    }
}

impl Finder {
    /// Returns a finder; nothing is sent yet.
    ///
    /// # Errors
    /// If the settings name no valid node.
    pub(crate) fn new(fork: &Fork) -> Result<Self, ForkError> {
        Ok(Self(Client::new(fork)?))
    }

    /// Returns the block of each of these transactions, or why it is unknown.
    pub(crate) fn blocks_of(&self, transactions: &[B256]) -> Vec<Result<u64, SourceError>> {
        let question = |hash: &B256| passing("eth_getTransactionByHash", json!([hash]));
        let questions: Vec<_> = transactions.iter().map(question).collect();
        let answers = self.0.ask_all(&questions);
        let block = |(hash, answer)| {
            let what = format!("transaction {hash}");
            let place: Option<Place> = self.read(&what, answer)?;
            let number = place.and_then(|place| place.block_number);
            let number = number.ok_or_else(|| SourceError {
                what,
                whom: self.0.whom().to_owned(),
                why: "it is in no block of that chain, so check the hash and the URL".into(),
            })?;
            Ok(number.to())
        };
        transactions.iter().zip(answers).map(block).collect()
    }

    /// Parses an answer.
    fn read<T: serde::de::DeserializeOwned>(
        &self,
        what: &str,
        answer: Result<Box<RawValue>, Refusal>,
    ) -> Result<T, SourceError> {
        let whom = self.0.whom();
        let answer = answer.map_err(|refusal| SourceError {
            what: what.to_owned(),
            whom: whom.to_owned(),
            why: refusal.why,
        })?;
        serde_json::from_str(answer.get())
            .map_err(|_| source::nonsense(whom, what.to_owned(), &answer))
    }

    /// Returns the last `count` transactions that were signed and sent to a contract, in the last `most_blocks` blocks.
    ///
    /// # Errors
    /// If the node does not answer, or its answer makes no sense.
    pub(crate) fn last_of(
        &self,
        contract: Address,
        count: usize,
        most_blocks: u64,
    ) -> Result<LastTransactions, ForkError> {
        let client = &self.0;
        let newest = newest(client)?;
        let mut found = Vec::new();
        let mut blocks = 0;
        while found.len() < count && blocks < most_blocks && blocks <= newest {
            let next = AT_ONCE.min(most_blocks - blocks).min(newest - blocks + 1);
            let numbers: Vec<u64> = (blocks..blocks + next).map(|back| newest - back).collect();
            let questions: Vec<Question> = numbers
                .iter()
                .map(|number| passing("eth_getBlockByNumber", json!([tag(*number), true])))
                .collect();
            for (number, answer) in numbers.iter().zip(client.ask_all(&questions)) {
                let listed: Listed = self.read(&format!("block {number}"), answer)?;
                let sent = listed.transactions.into_iter().rev().filter(|it| {
                    // Arbitrum's own types are not replayed.
                    it.to == Some(contract) && it.kind <= U64::from(4)
                });
                found.extend(sent.map(|it| it.hash));
                blocks += 1;
                if found.len() >= count {
                    break;
                }
            }
        }
        found.truncate(count);
        found.reverse();
        Ok(LastTransactions {
            transactions: found,
            newest,
            blocks,
        })
    }
}
