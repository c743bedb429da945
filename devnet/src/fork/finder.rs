//! Which block a transaction is in, and which transactions a contract was sent last, by a node of which no block is chosen yet.
//!
//! Lives here: these two questions, and how far back is looked. Not here: the blocks themselves (`mined`).

use alloy_primitives::{Address, B256, U64};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::config::Fork;
use crate::fork::client::Client;
use crate::fork::{Ask as _, ForkError, Form, Question, Refusal, newest, source, tag};
use crate::state::source::SourceError;

/// Blocks that are asked for at once.
const AT_ONCE: u64 = 16;

/// A node to be asked where things are.
pub(crate) struct Finder(Client);

/// Where a transaction is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    block_number: Option<U64>,
}

/// What is looked at of a block.
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
    /// Their hashes, in the order of the chain.
    pub transactions: Vec<B256>,
    /// The chain's newest block.
    pub newest: u64,
    /// Blocks that were looked at, from the newest back.
    pub blocks: u64,
}

/// A question whose answer is not kept.
fn passing(method: &str, params: Value) -> Question {
    Question {
        method: method.to_owned(),
        params,
        form: Form::Passing,
    }
}

impl Finder {
    /// Somebody to ask; nothing is asked yet.
    ///
    /// # Errors
    /// Where the settings name no node.
    pub(crate) fn new(fork: &Fork) -> Result<Self, ForkError> {
        Ok(Self(Client::new(fork)?))
    }

    /// The block that each of these transactions is in, or why that cannot be told.
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

    /// An answer in its form.
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

    /// The last `count` transactions that somebody signed and sent to a contract, in the last `most_blocks` blocks.
    ///
    /// # Errors
    /// Where the node does not answer, or answers nonsense.
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
                    // Arbitrum's own kinds are not replayed.
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
