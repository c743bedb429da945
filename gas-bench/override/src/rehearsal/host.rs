//! The chain of a rehearsal: who calls whom on it, and how to say what a contract does there.
//!
//! Lives here: the environment, and effects as words. Not here: the chain itself (`stylus_vm::MemoryHost`), running the contract
//! (`rehearsal`).

use alloy_primitives::{Address, U256, hex};
use stylus_vm::{
    Answer, CallKind, CallRequest, CreateRequest, Effect, Environment, Gas, MemoryHost,
};

/// The most bytes that are shown.
const MOST_BYTES: usize = 8;

/// A chain of one contract, on which calls of others fail.
pub(super) fn chain() -> MemoryHost {
    MemoryHost {
        answer: Some(Answer::default()),
        ..MemoryHost::default()
    }
}

/// What others can see of an effect: not how much gas was sent along, which depends on what was spent before.
pub(super) fn visible(effect: Effect) -> Effect {
    match effect {
        Effect::Call(request) => Effect::Call(CallRequest {
            gas: Gas::ZERO,
            ..request
        }),
        Effect::Create(request) => Effect::Create(CreateRequest {
            gas: Gas::ZERO,
            ..request
        }),
        Effect::Write { .. } | Effect::Log { .. } => effect,
    }
}

/// What a contract does, beginning with a verb.
pub(super) fn said(effect: &Effect) -> String {
    match effect {
        Effect::Write { key, value } => {
            let (key, value) = (digits(key.as_slice()), digits(value.as_slice()));
            format!("writes {value} to slot {key}")
        }
        Effect::Log { topics, data } => {
            let under: String = topics
                .iter()
                .map(|topic| format!(" {}", digits(topic.as_slice())))
                .collect();
            format!("logs {} under {} topics{under}", digits(data), topics.len())
        }
        Effect::Call(CallRequest {
            kind,
            target,
            value,
            input,
            ..
        }) => {
            let how = match kind {
                CallKind::Call | CallKind::Static => "calls",
                CallKind::Delegate => "delegates to",
            };
            let wei = match value.is_zero() {
                true => String::new(),
                false => format!(" and {value} wei"),
            };
            format!("{how} {target} with {}{wei}", digits(input))
        }
        Effect::Create(request) => format!("creates a contract of {}", digits(&request.code)),
    }
}

/// The beginning of `bytes` in hexadecimal digits.
pub(super) fn digits(bytes: &[u8]) -> String {
    match bytes {
        [] => "nothing".to_owned(),
        bytes if bytes.len() <= MOST_BYTES => hex::encode_prefixed(bytes),
        bytes => format!("{}…", hex::encode_prefixed(&bytes[..MOST_BYTES])),
    }
}

/// What the contract can know without asking: as on a new devnet, where its creator calls it.
pub(super) fn environment(caller: Address) -> Environment {
    Environment {
        contract: caller.create(0),
        sender: caller,
        origin: caller,
        gas_price: U256::from(100_000_000_u32),
        base_fee: U256::from(100_000_000_u32),
        block_number: 1,
        block_timestamp: 1_700_000_000,
        block_gas_limit: 1 << 50,
        chain_id: 412_346,
        ..Environment::default()
    }
}
