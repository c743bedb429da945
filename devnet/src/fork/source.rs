//! A chain's state at a block as JSON-RPC queries, and the form that their answers must have.
//!
//! Lives here: these queries. Not here: how a query gets to a node (`client`), and which answers are kept (`kept`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use alloy_consensus::Header;
use alloy_primitives::{Address, B256, Bytes, U64, U256};
use alloy_rpc_types_eth::AccessList;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::arbos;
use crate::chain::Block;
use crate::fork::{About, Ask, ForkError, Form, Question, ask, tag};
use crate::state::State;
use crate::state::source::{Beneath, Found, Run, Source, SourceError, Touched, attempt};

/// The most characters of a wrong answer that are shown.
const MOST_TEXT: usize = 80;

/// The most slots, or accounts, requested at once in advance.
const MOST_AHEAD: usize = 4_096;

/// The most bytes of a chain's configuration; a longer one is ignored.
const MOST_CONFIG: u64 = 64 << 10;

/// The state of a node's chain at a block.
pub(super) struct NodeSource {
    asked: Arc<dyn Ask>,
    number: u64,
    /// Whether the node has failed to tell what a run needs.
    cannot_tell: AtomicBool,
}

impl NodeSource {
    pub(super) fn new(asked: Arc<dyn Ask>, number: u64) -> Self {
        Self {
            asked,
            number,
            cannot_tell: AtomicBool::new(false),
        }
    }

    fn question(&self, method: &str, form: Form, mut params: Vec<Value>) -> Question {
        params.push(tag(self.number));
        Question {
            method: method.into(),
            params: params.into(),
            form,
        }
    }

    fn slot_question(&self, address: Address, slot: U256) -> Question {
        let slot = B256::from(slot);
        self.question(
            "eth_getStorageAt",
            Form::Word,
            vec![json!(address), json!(slot)],
        )
    }

    /// Sends several queries, and parses each answer with `read`.
    fn ask_all<T>(
        &self,
        questions: &[Question],
        what: impl Fn(usize) -> String,
        mut read: impl FnMut(usize, &RawValue) -> Option<T>,
    ) -> Vec<Result<T, SourceError>> {
        let answers = self.asked.ask_all(questions);
        let each = answers.into_iter().enumerate().map(|(place, answer)| {
            let what = || format!("{} at block {}", what(place), self.number);
            let answer = answer.map_err(|refusal| SourceError {
                what: what(),
                whom: self.asked.whom().to_owned(),
                why: refusal.why,
            })?;
            read(place, &answer).ok_or_else(|| nonsense(self.asked.whom(), what(), &answer))
        });
        each.collect()
    }
}

impl Source for NodeSource {
    fn accounts(&self, addresses: &[Address]) -> Vec<Result<Found, SourceError>> {
        const PARTS: [&str; 3] = ["the balance", "the nonce", "the code"];
        let of = |address: &Address| {
            let of = |method, form| self.question(method, form, vec![json!(address)]);
            [
                of("eth_getBalance", Form::Word),
                of("eth_getTransactionCount", Form::Word),
                of("eth_getCode", Form::Data),
            ]
        };
        let questions: Vec<_> = addresses.iter().flat_map(of).collect();
        let mut found = vec![Found::default(); addresses.len()];
        let told = self.ask_all(
            &questions,
            |place| {
                let (account, part) = (place / PARTS.len(), place % PARTS.len());
                format!("{} of {}", PARTS[part], addresses[account])
            },
            |place, answer| {
                let account = &mut found[place / PARTS.len()];
                match place % PARTS.len() {
                    0 => account.balance = word(answer)?,
                    1 => account.nonce = number(answer)?,
                    _ => account.code = data(answer)?,
                }
                Some(())
            },
        );
        let mut told = told.into_iter();
        let whole = |found| {
            let parts: Vec<_> = told.by_ref().take(PARTS.len()).collect();
            let parts: Result<Vec<()>, _> = parts.into_iter().collect();
            parts.map(|_| found)
        };
        found.into_iter().map(whole).collect()
    }

    fn slots(&self, slots: &[(Address, U256)]) -> Vec<Result<U256, SourceError>> {
        let questions: Vec<_> = slots
            .iter()
            .map(|(address, slot)| self.slot_question(*address, *slot))
            .collect();
        let what = |place: usize| format!("slot {:#x} of {}", slots[place].1, slots[place].0);
        self.ask_all(&questions, what, |_, answer| word(answer))
    }

    fn block_hash(&self, number: u64) -> Result<B256, SourceError> {
        let what = || format!("the hash of block {number}");
        let question = block_question(number);
        let answer = ask(&*self.asked, &question, what)?;
        let block = block(&answer);
        let block = block.ok_or_else(|| nonsense(self.asked.whom(), what(), &answer))?;
        Ok(block.hash)
    }

    /// The node runs it, too, but only on the state beneath: with the changes on top, the run may need other slots.
    fn touched(&self, run: &Run) -> Touched {
        if self.cannot_tell.load(Ordering::Relaxed) {
            return Touched::default();
        }
        let call = json!({
            "from": run.from, "to": run.to.to(), "value": run.value, "data": run.input,
        });
        let question = self.question("eth_createAccessList", Form::Passing, vec![call]);
        let told = self.asked.ask(&question).ok();
        let told: Option<ToldAccess> =
            told.and_then(|answer| serde_json::from_str(answer.get()).ok());
        let Some(told) = told else {
            self.cannot_tell.store(true, Ordering::Relaxed);
            return Touched::default();
        };
        let items = &told.access_list.0;
        let accounts = items.iter().map(|item| item.address);
        let slots = items.iter().flat_map(|item| {
            let keys = item.storage_keys.iter();
            keys.map(|slot| (item.address, (*slot).into()))
        });
        Touched {
            accounts: accounts.take(MOST_AHEAD).collect(),
            slots: slots.take(MOST_AHEAD).collect(),
        }
    }
}

/// What a call touches, according to a node.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToldAccess {
    access_list: AccessList,
}

/// Parses a word, with or without leading zeros.
pub(super) fn word(answer: &RawValue) -> Option<U256> {
    let text: String = serde_json::from_str(answer.get()).ok()?;
    let digits = text.strip_prefix("0x")?;
    let is_one = !digits.is_empty() && digits.len() <= 64;
    is_one.then(|| U256::from_str_radix(digits, 16).ok())?
}

/// Parses a number.
pub(super) fn number(answer: &RawValue) -> Option<u64> {
    u64::try_from(word(answer)?).ok()
}

/// Parses bytes.
pub(super) fn data(answer: &RawValue) -> Option<Bytes> {
    serde_json::from_str(answer.get()).ok()
}

/// The part of a node's block that a chain on top needs.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToldBlock {
    pub(super) hash: B256,
    #[serde(flatten)]
    header: Header,
    l1_block_number: Option<U64>,
    size: Option<U256>,
}

/// Parses a block.
pub(super) fn block(answer: &RawValue) -> Option<ToldBlock> {
    serde_json::from_str(answer.get()).ok()
}

/// The error for an answer that is not what was requested.
pub(super) fn nonsense(whom: &str, what: String, answer: &RawValue) -> SourceError {
    let text = answer.get();
    let shown: String = text.chars().take(MOST_TEXT).collect();
    SourceError {
        what,
        whom: whom.to_owned(),
        why: match text {
            "null" => "it answered null".into(),
            _ => format!("its answer is not what was asked for: {shown}"),
        },
    }
}

/// The query for a block, without its transactions.
pub(super) fn block_question(number: u64) -> Question {
    Question {
        method: "eth_getBlockByNumber".into(),
        params: json!([tag(number), false]),
        form: Form::Block,
    }
}

/// Returns the chain's id.
///
/// # Errors
/// If it is unavailable.
pub(super) fn chain_id(asked: &dyn Ask) -> Result<u64, SourceError> {
    let what = || "the chain's id".to_owned();
    let question = Question {
        method: "eth_chainId".into(),
        params: json!([]),
        form: Form::Past,
    };
    let answer = ask(asked, &question, what)?;
    number(&answer).ok_or_else(|| nonsense(asked.whom(), what(), &answer))
}

/// Returns the block to fork, without transactions; `None` if it does not exist.
///
/// # Errors
/// If it is unavailable.
pub(super) fn block_at(asked: &dyn Ask, number: u64) -> Result<Option<Block>, SourceError> {
    let what = || format!("block {number}");
    let answer = ask(asked, &block_question(number), what)?;
    if answer.get() == "null" {
        return Ok(None);
    }
    let told = block(&answer).filter(|told| told.header.number == number);
    let told = told.ok_or_else(|| nonsense(asked.whom(), what(), &answer))?;
    Ok(Some(Block {
        hash: told.hash,
        l1_number: told.l1_block_number.map_or(number, |number| number.to()),
        size: told.size.map_or(0, |size| size.saturating_to()),
        header: told.header,
        transactions: Vec::new(),
        receipts: Vec::new(),
    }))
}

/// Reads ahead what every block needs, all at once, and determines what kind of chain it is.
///
/// # Errors
/// If something is unavailable, or the rules of the chain's version are not implemented here.
pub(super) fn ahead(beneath: &Arc<Beneath>, whom: &str, number: u64) -> Result<About, ForkError> {
    let mut state = State::over(beneath.clone());
    let Ok(version) = attempt(|| arbos::version_word().get(&mut state))?;
    if version != 0 {
        let slots = arbos::read_by_every_block();
        let slots: Vec<_> = slots.iter().map(|slot| (slot.account, slot.key)).collect();
        beneath.read_ahead(&slots)?;
        // What varies in number: the constraints of the prices, and the tree of messages to L1, whose root is in every header.
        attempt(|| {
            let _ = arbos::sends::root(&mut state);
        })?;
    }
    attempt(|| About::of(&mut state, whom, number))?
}

impl About {
    /// Whether a chain has a configuration that can be read.
    pub(super) fn has_config(state: &mut State) -> bool {
        let Ok(length) = arbos::chain_config().len(state);
        (1..=MOST_CONFIG).contains(&length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    #[test]
    fn what_is_a_word() {
        let check = |text: &str, expected: Option<u64>| {
            assert_eq!(word(&raw(text)), expected.map(U256::from), "{text}");
        };
        check(r#""0x0""#, Some(0));
        check(r#""0x10""#, Some(16));
        check(&format!("\"0x{:064x}\"", 7), Some(7));
        check(&format!("\"0x{:065x}\"", 7), None);
        for wrong in ["null", "7", r#""""#, r#""0x""#, r#""7""#, r#""0xg""#, "{}"] {
            check(wrong, None);
        }
    }
}
