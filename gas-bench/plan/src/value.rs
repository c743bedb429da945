//! Values of Solidity types, as a plan writes them.
//!
//! Lives here: arguments, the words in braces within them, and their values under a type. Not here: which function they are for (`step`),
//! and where they are in a file (`file`).

use alloy_dyn_abi::{DynSolType, DynSolValue, FunctionExt as _};
use alloy_json_abi::Function;
use alloy_primitives::hex;

use super::{Words, types};

/// An argument that does not fit its type.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ValueError {
    /// The text does not parse as the type.
    #[error("`{text}` does not fit {ty}: {reason}")]
    Text {
        /// The text as written.
        text: String,
        /// The expected type.
        ty: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A list where none belongs, or of a different length.
    #[error("a list of {length} does not fit {ty}")]
    List {
        /// How many elements it has.
        length: usize,
        /// The expected type.
        ty: String,
    },
    /// A word in braces has no meaning.
    #[error(
        "`{{{0}}}` stands for nothing: it is neither a variable of `for` nor a lower-case name of an account"
    )]
    Word(String),
    /// An account where a number belongs, as when two arguments are swapped.
    #[error("`{{{word}}}` is an address, and {ty} is a number")]
    Account {
        /// The account.
        word: String,
        /// The expected type.
        ty: String,
    },
    /// A brace is not closed.
    #[error("`{0}` has a brace that is not closed; write `{{{{` for the character itself")]
    Brace(String),
}

/// An argument as written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Argument {
    /// Text, a number or a Boolean.
    Text(String),
    /// A list of arguments: an array or a tuple.
    List(Vec<Self>),
}

impl Argument {
    /// Converts the argument to a value of type `ty`.
    pub(super) fn value(&self, ty: &DynSolType, words: &Words) -> Result<DynSolValue, ValueError> {
        if let DynSolType::Uint(_) | DynSolType::Int(_) = ty {
            self.refuse_accounts(ty, words)?;
        }
        match (self, ty) {
            (Self::Text(text), _) => parse(&replace(text, words)?, ty),
            (Self::List(items), DynSolType::Array(inner)) => {
                let values = items.iter().map(|item| item.value(inner, words));
                Ok(DynSolValue::Array(values.collect::<Result<_, _>>()?))
            }
            (Self::List(items), DynSolType::FixedArray(inner, length))
                if *length == items.len() =>
            {
                let values = items.iter().map(|item| item.value(inner, words));
                Ok(DynSolValue::FixedArray(values.collect::<Result<_, _>>()?))
            }
            (Self::List(items), DynSolType::Tuple(types)) if types.len() == items.len() => {
                let values = items.iter().zip(types);
                let values = values.map(|(item, ty)| item.value(ty, words));
                Ok(DynSolValue::Tuple(values.collect::<Result<_, _>>()?))
            }
            (Self::List(items), _) => Err(ValueError::List {
                length: items.len(),
                ty: ty.to_string(),
            }),
        }
    }

    /// An address would parse as a number, since both can be hexadecimal digits.
    fn refuse_accounts(&self, ty: &DynSolType, words: &Words) -> Result<(), ValueError> {
        let account = self.words().into_iter().find(|word| words.is_account(word));
        account.map_or(Ok(()), |word| {
            let ty = ty.to_string();
            Err(ValueError::Account { word, ty })
        })
    }

    /// The argument with its words replaced, as far as they are known.
    pub(super) fn shown(&self, words: &Words) -> String {
        match self {
            Self::Text(text) => replace(text, words).unwrap_or_else(|_| text.clone()),
            Self::List(items) => {
                let items: Vec<_> = items.iter().map(|item| item.shown(words)).collect();
                format!("[{}]", items.join(", "))
            }
        }
    }

    /// The argument as a plan file writes it.
    pub fn toml(&self) -> String {
        match self {
            // TOML strings can be written as in JSON.
            Self::Text(text) => serde_json::Value::from(text.as_str()).to_string(),
            Self::List(items) => {
                let items: Vec<_> = items.iter().map(Self::toml).collect();
                format!("[{}]", items.join(", "))
            }
        }
    }

    /// The words in braces.
    pub(super) fn words(&self) -> Vec<String> {
        match self {
            Self::Text(text) => pieces(text)
                .into_iter()
                .flatten()
                .filter_map(|piece| match piece {
                    Piece::Word(word) => Some(word.to_owned()),
                    Piece::Text(_) => None,
                })
                .collect(),
            Self::List(items) => items.iter().flat_map(Self::words).collect(),
        }
    }
}

fn parse(text: &str, ty: &DynSolType) -> Result<DynSolValue, ValueError> {
    match ty {
        // Taken verbatim: the file handles quotes, and any text is a valid string.
        DynSolType::String => Ok(DynSolValue::String(text.to_owned())),
        _ => ty.coerce_str(text).map_err(|error| ValueError::Text {
            text: text.to_owned(),
            ty: ty.to_string(),
            reason: one_line(&error.to_string()),
        }),
    }
}

/// Reduces an error of several lines, such as a parser's with a mark below the position, to one line without the marks.
fn one_line(text: &str) -> String {
    let lines = text.lines().map(str::trim);
    let lines: Vec<_> = lines
        .filter(|line| line.chars().any(char::is_alphanumeric))
        .collect();
    lines
        .last()
        .map_or_else(String::new, |line| (*line).to_owned())
}

/// A function's output, formatted by its types if it states them and they fit, otherwise in hexadecimal.
pub(super) fn shown_output(function: &Function, output: &[u8]) -> String {
    // A decoder allocates what a type claims before it looks at the data.
    if !output.is_empty() && types::check_function(function).is_err() {
        return hex::encode_prefixed(output);
    }
    match function.abi_decode_output(output) {
        Ok(values) if !values.is_empty() => {
            let values: Vec<_> = values.iter().map(shown).collect();
            values.join(", ")
        }
        _ if output.is_empty() => String::new(),
        _ => hex::encode_prefixed(output),
    }
}

fn shown(value: &DynSolValue) -> String {
    let list = |values: &[DynSolValue], open: char, close: char| {
        let values: Vec<_> = values.iter().map(shown).collect();
        format!("{open}{}{close}", values.join(", "))
    };
    match value {
        DynSolValue::Bool(truth) => truth.to_string(),
        DynSolValue::Int(number, _) => number.to_string(),
        DynSolValue::Uint(number, _) => number.to_string(),
        DynSolValue::FixedBytes(word, size) => hex::encode_prefixed(&word[..*size]),
        DynSolValue::Address(address) => address.to_checksum(None),
        DynSolValue::Function(function) => hex::encode_prefixed(function),
        DynSolValue::Bytes(bytes) => hex::encode_prefixed(bytes),
        DynSolValue::String(text) => format!("{text:?}"),
        DynSolValue::Array(values) | DynSolValue::FixedArray(values) => list(values, '[', ']'),
        DynSolValue::Tuple(values) | DynSolValue::CustomStruct { tuple: values, .. } => {
            list(values, '(', ')')
        }
    }
}

enum Piece<'a> {
    Text(&'a str),
    Word(&'a str),
}

/// Splits a text with words in braces; a doubled brace stands for the character.
fn pieces(text: &str) -> Result<Vec<Piece<'_>>, ValueError> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        pieces.push(Piece::Text(&rest[..at]));
        let (brace, behind) = rest[at..].split_at(1);
        if behind.starts_with(brace) {
            pieces.push(Piece::Text(brace));
            rest = &behind[1..];
            continue;
        }
        let word = behind
            .split_once('}')
            .filter(|_| brace == "{")
            .ok_or_else(|| ValueError::Brace(text.to_owned()))?;
        pieces.push(Piece::Word(word.0));
        rest = word.1;
    }
    pieces.push(Piece::Text(rest));
    Ok(pieces)
}

fn replace(text: &str, words: &Words) -> Result<String, ValueError> {
    pieces(text)?
        .into_iter()
        .map(|piece| match piece {
            Piece::Text(text) => Ok(text.to_owned()),
            Piece::Word(word) => words
                .get(word)
                .ok_or_else(|| ValueError::Word(word.to_owned())),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use alloy_primitives::{Address, U256};

    use super::*;

    fn words() -> Words {
        let alice = ("alice".to_owned(), Address::repeat_byte(0xa1));
        Words::new([alice].into()).with(&BTreeMap::from([("n".to_owned(), "7".to_owned())]))
    }

    fn check(argument: &Argument, ty: &str, expected: Result<DynSolValue, &str>) {
        let ty: DynSolType = ty.parse().unwrap();
        let value = argument.value(&ty, &words());
        let value = value.map_err(|error| error.to_string());
        match expected {
            Ok(expected) => assert_eq!(value, Ok(expected)),
            Err(part) => {
                let error = value.unwrap_err();
                assert!(error.contains(part) && !error.contains('\n'), "{error}");
            }
        }
    }

    fn text(text: &str) -> Argument {
        Argument::Text(text.to_owned())
    }

    #[test]
    fn arguments_are_read_by_their_types() {
        let number = |value| DynSolValue::Uint(U256::from(value), 256);
        let word = |value: &str| DynSolValue::String(value.to_owned());
        check(&text("5"), "uint256", Ok(number(5_u64)));
        check(&text("{n}"), "uint256", Ok(number(7)));
        check(&text("0.1 gwei"), "uint256", Ok(number(100_000_000)));
        check(&text("5"), "string", Ok(word("5")));
        check(&text("a {{b}} {n}"), "string", Ok(word("a {b} 7")));
        check(
            &text("{alice}"),
            "address",
            Ok(DynSolValue::Address(Address::repeat_byte(0xa1))),
        );
        check(
            &Argument::List(vec![text("a, b"), text("\"c\"")]),
            "string[]",
            Ok(DynSolValue::Array(vec![word("a, b"), word("\"c\"")])),
        );
        check(
            &Argument::List(vec![text("{n}"), Argument::List(vec![text("true")])]),
            "(uint256,bool[1])",
            Ok(DynSolValue::Tuple(vec![
                number(7),
                DynSolValue::FixedArray(vec![DynSolValue::Bool(true)]),
            ])),
        );
    }

    #[test]
    fn what_is_no_value_is_said_in_one_line() {
        check(
            &text("five"),
            "uint256",
            Err("`five` does not fit uint256: "),
        );
        check(&text("256"), "uint8", Err("`256` does not fit uint8: "));
        check(
            &text("0x12"),
            "address",
            Err("`0x12` does not fit address: "),
        );
        check(&text("{bob}"), "address", Err("`{bob}` stands for nothing"));
        check(
            &text("{alice}"),
            "uint256",
            Err("`{alice}` is an address, and uint256 is a number"),
        );
        check(&text("{bob"), "address", Err("is not closed"));
        check(&text("}"), "string", Err("is not closed"));
        let two = Argument::List(vec![text("1"), text("2")]);
        check(
            &two,
            "uint256[3]",
            Err("a list of 2 does not fit uint256[3]"),
        );
        check(&two, "uint256", Err("a list of 2 does not fit uint256"));
    }
}
