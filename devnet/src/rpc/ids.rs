//! Request ids that JSON-RPC allows but the server's library does not: numbers that are negative, fractional, or above 64
//! bits.
//!
//! Lives here: replacing such a number with text, and restoring it. Not here: the request itself.

use serde::Deserialize;
use serde_json::value::RawValue;

/// Replaces such a number.
const STAND_IN: &[u8] = br#""a number of another kind""#;

/// Bytes at either end of a request in which its id is searched, so that long requests are not read twice.
const ENDS: usize = 512;

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
}

/// The request with text for its id, and the id, if that is such a number.
pub(super) fn replace(body: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (start, end) = (
        &body[..body.len().min(ENDS)],
        &body[body.len().saturating_sub(ENDS)..],
    );
    if !may_be_odd(start) && !may_be_odd(end) {
        return None;
    }
    let head: Head<'_> = serde_json::from_slice(body).ok()?;
    let id = head.id?.get().as_bytes();
    if !is_odd(id) {
        return None;
    }
    let at = id.as_ptr() as usize - body.as_ptr() as usize;
    let replaced = [&body[..at], STAND_IN, &body[at + id.len()..]].concat();
    Some((replaced, id.to_vec()))
}

/// The answer with `id` restored.
pub(super) fn restore(answer: &[u8], id: &[u8]) -> Vec<u8> {
    let mut places = answer.windows(STAND_IN.len());
    match places.position(|place| place == STAND_IN) {
        Some(at) => [&answer[..at], id, &answer[at + STAND_IN.len()..]].concat(),
        None => answer.to_vec(),
    }
}

/// Whether a piece of a request might contain such an id.
fn may_be_odd(piece: &[u8]) -> bool {
    let keys = piece.windows(4).enumerate();
    keys.filter(|(_, key)| *key == br#""id""#).any(|(at, _)| {
        let rest = piece[at + 4..].trim_ascii_start();
        let Some(rest) = rest.strip_prefix(b":") else {
            return false;
        };
        let rest = rest.trim_ascii_start();
        let length = rest.iter().take_while(|byte| is_of_number(**byte)).count();
        is_odd(&rest[..length])
    })
}

fn is_of_number(byte: u8) -> bool {
    byte.is_ascii_digit() || b"+-.eE".contains(&byte)
}

/// Whether a number's text does not fit 64 bits.
fn is_odd(text: &[u8]) -> bool {
    let is_number = !text.is_empty() && text.iter().all(|byte| is_of_number(*byte));
    let text = std::str::from_utf8(text).unwrap_or_default();
    is_number && text.parse::<u64>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(id: &str, is_replaced: bool) {
        let body = format!(r#"{{"jsonrpc":"2.0", "id" : {id}, "params":["id"], "method":"x"}}"#);
        let replaced = replace(body.as_bytes());
        assert_eq!(replaced.is_some(), is_replaced, "{body}");
        if let Some((replaced, found)) = replaced {
            assert_eq!(found, id.as_bytes());
            assert_eq!(restore(&replaced, &found), body.as_bytes());
        }
    }

    #[test]
    fn numbers_of_every_kind_come_back() {
        for id in ["-1", "1.5", "18446744073709551616", "1e3", "-0.5E-2"] {
            check(id, true);
        }
        for id in [
            "0",
            "18446744073709551615",
            "\"-1\"",
            "null",
            "[]",
            "{\"id\":-1}",
        ] {
            check(id, false);
        }
    }
}
