//! Parses a call from a command line, as in `override --measure`.
//!
//! Lives here: parsing. Not here: Solidity types (`types`) and values (`value`), what is done with the call.

use std::collections::BTreeMap;

use alloy_primitives::{Address, hex};
use stylus_override::rehearsal::Call;

use super::{CONTRACT, DEPLOYER, Plan, Problem, Words};

/// The text is not a call.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CallError {
    /// The text begins with `0x` but is not hexadecimal.
    #[error(
        "`{text}` is not calldata: {reason}; write an even number of hexadecimal digits behind 0x"
    )]
    Digits {
        /// The text as written.
        text: String,
        /// What is wrong with it.
        reason: hex::FromHexError,
    },
    /// The text is neither hexadecimal nor a function.
    #[error(
        "`{0}` is not a call; write calldata like 0x18160ddd, or a function and its arguments like `transfer(address,uint256) {{bob}} 5`"
    )]
    Form(String),
    /// The function is malformed, or its arguments do not fit it.
    #[error(transparent)]
    Function(#[from] Problem),
}

/// Parses a call: either calldata, `0x18160ddd`, or a function as Solidity writes it, followed by its arguments separated by spaces:
/// `transfer(address,uint256) {bob} 5`. An argument that contains spaces must be in quotes, brackets or parentheses. A word in braces is
/// the address of the account with that name in reports.
///
/// `account` returns the address of a named account; the deployer created the contract with its first transaction.
///
/// # Errors
/// If the text is neither.
pub fn call(text: &str, account: impl Fn(&str) -> Address) -> Result<Call, CallError> {
    let text = text.trim();
    if text.starts_with("0x") {
        let input = hex::decode(text).map_err(|reason| CallError::Digits {
            text: text.to_owned(),
            reason,
        })?;
        return Ok(Call {
            name: text.to_owned(),
            input: input.into(),
        });
    }
    let (signature, rest) = split(text).ok_or_else(|| CallError::Form(text.to_owned()))?;
    let plan = Plan::default();
    let call = plan.own_call(signature, &arguments(rest))?;
    let names = plan.accounts(Some(&call)).into_iter();
    let mut addresses: BTreeMap<_, _> = names
        .map(|name| {
            let address = account(&name);
            (name, address)
        })
        .collect();
    let deployer = account(DEPLOYER);
    addresses.insert(CONTRACT.to_owned(), deployer.create(0));
    addresses.insert(DEPLOYER.to_owned(), deployer);
    Ok(Call {
        name: call.step.signature(),
        input: call.step.input(&Words::new(addresses))?,
    })
}

/// Splits the text after the function's parameters.
fn split(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0_usize;
    for (at, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(text.split_at(at + 1));
                }
            }
            _ => {}
        }
    }
    None
}

/// Splits the arguments at spaces outside quotes, brackets and parentheses. Quotes around a whole argument are not part of it.
fn arguments(text: &str) -> Vec<String> {
    let mut arguments = Vec::new();
    let mut current = String::new();
    let mut depth = 0_usize;
    let mut is_quoted = false;
    for character in text.chars() {
        match character {
            '"' => is_quoted = !is_quoted,
            '[' | '(' if !is_quoted => depth += 1,
            ']' | ')' if !is_quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if character.is_whitespace() && depth == 0 && !is_quoted {
            arguments.push(std::mem::take(&mut current));
        } else {
            current.push(character);
        }
    }
    arguments.push(current);
    let whole = |argument: &String| !argument.is_empty();
    let bare = |argument: String| {
        let inner = argument
            .strip_prefix('"')
            .and_then(|it| it.strip_suffix('"'));
        inner.map_or(argument.clone(), str::to_owned)
    };
    arguments.into_iter().filter(whole).map(bare).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Call, CallError> {
        call(text, |name| Address::left_padding_from(name.as_bytes()))
    }

    fn check(text: &str, name: &str, arguments: &str) {
        let call = read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(call.name, name);
        assert_eq!(
            hex::encode(&call.input[4..]),
            arguments.replace(char::is_whitespace, ""),
            "{text}"
        );
    }

    #[test]
    fn calls_are_read() {
        let word = |number: u32| format!("{number:064x}");
        check("total()", "total()", "");
        check("  set(uint256)   5 ", "set(uint256)", &word(5));
        check(
            "set(uint256,bool) 5 true",
            "set(uint256,bool)",
            &(word(5) + &word(1)),
        );
        let list = word(32) + &word(3) + &word(1) + &word(2) + &word(3);
        check("sort(uint256[]) [1, 2, 3]", "sort(uint256[])", &list);
        check(
            "f((uint256,uint256)) (1, 2)",
            "f((uint256,uint256))",
            &(word(1) + &word(2)),
        );
        let text = word(32) + &word(9) + &hex::encode("two words") + &"0".repeat(46);
        check("say(string) \"two words\"", "say(string)", &text);
        let bob = Address::left_padding_from(b"bob");
        check(
            "pay(address) {bob}",
            "pay(address)",
            &hex::encode(bob.into_word()),
        );
        let call = read("0x18160ddd").unwrap();
        assert_eq!((call.name.as_str(), call.input.len()), ("0x18160ddd", 4));
        assert_eq!(read("0x").unwrap().input.len(), 0);
    }

    #[test]
    fn what_is_no_call_is_said_in_a_sentence() {
        for (text, want) in [
            ("0x123", "`0x123` is not calldata: "),
            (
                "total",
                "`total` is not a call; write calldata like 0x18160ddd, or ",
            ),
            ("", "`` is not a call; "),
            (")(", "`)(` is not a call; "),
            (
                "set(uint256)",
                "`set(uint256)` takes 1 argument but is given 0",
            ),
            ("set(uint256) x", "`x` does not fit uint256: "),
            ("set(number) 1", "`set(number)` is not a function: "),
        ] {
            let said = read(text).unwrap_err().to_string();
            assert!(said.starts_with(want), "{said}");
            assert_eq!(said.lines().count(), 1, "{said}");
        }
    }
}
