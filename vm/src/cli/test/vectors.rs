//! Test vectors: a program's calls and their expected outcomes, as JSON.
//!
//! Lives here: the format, and error sentences for all deviations from it. Not here: running a vector (`cli::test`).

use std::collections::BTreeMap;
use std::fmt;

use alloy_primitives::{Address, B256, Bytes, U256, hex};
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use stylus_vm::Ink;

use crate::cli::input;

/// The keys of a vector, in the order that messages list them.
const KEYS: [&str; 9] = [
    "name", "calldata", "sender", "value", "ink", "storage", "output", "reverts", "max_ink",
];

/// One call and its expected outcome.
#[derive(Debug)]
pub(crate) struct Vector {
    /// The line where it begins, counted from one.
    pub(crate) line: usize,
    pub(crate) name: String,
    pub(crate) calldata: Bytes,
    pub(crate) sender: Option<Address>,
    pub(crate) value: U256,
    pub(crate) ink: Option<Ink>,
    pub(crate) storage: BTreeMap<B256, B256>,
    pub(crate) expected: Expected,
    pub(crate) max_ink: Option<Ink>,
}

/// How a call must end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Expected {
    /// It succeeds, with this output.
    Output(Bytes),
    /// It reverts, with this data or with any.
    Revert(Option<Bytes>),
}

/// Text that is not a file of vectors.
#[derive(PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line}: {what}")]
pub(crate) struct VectorError {
    /// The line, counted from one.
    pub(crate) line: usize,
    what: String,
}

/// The vectors in `text`: one after the other, usually one per line, or a JSON array of them.
///
/// # Errors
/// Every error, as far as reading can continue after it, in line order.
pub(crate) fn parse(text: &str) -> Result<Vec<Vector>, Vec<VectorError>> {
    // An editor may have left a byte order mark.
    let mut reader = Reader::new(text.strip_prefix('\u{feff}').unwrap_or(text));
    let mut vectors = Vec::new();
    let mut errors = Vec::new();
    while let Some(vector) = reader.next() {
        match vector {
            Ok(vector) => vectors.push(vector),
            Err(error) => errors.push(error),
        }
    }
    match errors.is_empty() {
        true => Ok(vectors),
        false => Err(errors),
    }
}

/// Reads a text vector by vector and keeps track of the line.
struct Reader<'a> {
    rest: &'a str,
    line: usize,
    in_array: bool,
    /// Whether a vector of the array has been read.
    is_behind_vector: bool,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        let mut reader = Self {
            rest: text,
            line: 1,
            in_array: false,
            is_behind_vector: false,
        };
        reader.skip_space();
        reader.in_array = reader.take("[");
        reader
    }

    /// Consumes `bytes` of the remaining text.
    fn advance(&mut self, bytes: usize) {
        let (taken, rest) = self.rest.split_at(bytes);
        self.line += taken.matches('\n').count();
        self.rest = rest;
    }

    fn skip_space(&mut self) {
        let rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
        self.advance(self.rest.len() - rest.len());
    }

    fn take(&mut self, token: &str) -> bool {
        let is_there = self.rest.starts_with(token);
        if is_there {
            self.advance(token.len());
        }
        is_there
    }

    fn next(&mut self) -> Option<Result<Vector, VectorError>> {
        self.skip_space();
        if self.in_array
            && let Some(end) = self.next_of_array()
        {
            return end;
        }
        if self.rest.is_empty() {
            return None;
        }
        self.is_behind_vector = true;
        let mut values = serde_json::Deserializer::from_str(self.rest).into_iter::<Line>();
        let result = values.next()?;
        let end = values.byte_offset();
        let line = self.line;
        Some(match result {
            Ok(Line(vector)) => {
                self.advance(end);
                Ok(Vector { line, ..vector })
            }
            Err(error) => Err(self.wrong(&error)),
        })
    }

    /// Reads the punctuation of an array. Returns something if no vector follows.
    fn next_of_array(&mut self) -> Option<Option<Result<Vector, VectorError>>> {
        if self.is_behind_vector && !self.rest.starts_with(']') && !self.take(",") {
            return Some(self.end_of_array("`,` or `]` is missing after a vector"));
        }
        self.skip_space();
        if self.take("]") {
            self.in_array = false;
            self.skip_space();
            let is_clean = self.rest.is_empty();
            return Some(match is_clean {
                true => None,
                false => self.end_of_array("something follows the array"),
            });
        }
        match self.rest.is_empty() {
            true => Some(self.end_of_array("the array has no end")),
            false => None,
        }
    }

    fn end_of_array(&mut self, what: &str) -> Option<Result<Vector, VectorError>> {
        let error = VectorError {
            line: self.line,
            what: what.to_owned(),
        };
        self.rest = "";
        self.in_array = false;
        Some(Err(error))
    }

    /// The error of the vector that begins here. If each has its own line, reading can continue with the next.
    fn wrong(&mut self, error: &serde_json::Error) -> VectorError {
        let line = self.line;
        let text = error.to_string();
        // Errors give the position in a format of their own.
        let what = match text.rfind(" at line ") {
            Some(place) => text[..place].to_owned(),
            None => text,
        };
        let what = match error.classify() {
            serde_json::error::Category::Data => what,
            _ => format!("not JSON: {what} at column {}", error.column()),
        };
        // For a vector without an end, the place to mend is its beginning.
        let what = match error.line() {
            0 | 1 => what,
            further => format!("in line {}, {what}", line + further - 1),
        };
        match self.in_array {
            true => {
                self.rest = "";
                self.in_array = false;
            }
            false => {
                let end = self.rest.find('\n').map_or(self.rest.len(), |end| end + 1);
                self.advance(end);
            }
        }
        VectorError { line, what }
    }
}

/// A vector without its line number.
struct Line(Vector);

impl<'de> Deserialize<'de> for Line {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(LineVisitor).map(Self)
    }
}

struct LineVisitor;

impl<'de> Visitor<'de> for LineVisitor {
    type Value = Vector;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a vector, an object with `name`, `calldata` and `output` or `reverts`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vector, A::Error> {
        let mut fields = Fields::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "name" => fill(&key, &mut fields.name, map.next_value::<Text>())?,
                "calldata" => fill(&key, &mut fields.calldata, map.next_value::<Data>())?,
                "sender" => fill(&key, &mut fields.sender, map.next_value::<Sender>())?,
                "value" => fill(&key, &mut fields.value, map.next_value::<Word>())?,
                "ink" => fill(&key, &mut fields.ink, map.next_value::<Amount>())?,
                "storage" => fill(&key, &mut fields.storage, map.next_value::<Slots>())?,
                "output" => fill(&key, &mut fields.output, map.next_value::<Data>())?,
                "reverts" => fill(&key, &mut fields.reverts, map.next_value::<Reverts>())?,
                "max_ink" => fill(&key, &mut fields.max_ink, map.next_value::<Amount>())?,
                _ => {
                    let known = KEYS.join(", ");
                    let what = format!("unknown key `{}`; the keys are {known}", shown(&key));
                    return Err(de::Error::custom(what));
                }
            }
        }
        fields.vector().map_err(de::Error::custom)
    }
}

/// Stores the value of `key`, which may appear only once.
fn fill<T, E: de::Error>(key: &str, field: &mut Option<T>, value: Result<T, E>) -> Result<(), E> {
    // An error that passes here a second time already has its place; only the outermost is reported.
    let value = value.map_err(|error| {
        let text = error.to_string();
        let what = text.rfind(" at line ").map_or(&*text, |at| &text[..at]);
        E::custom(format_args!("`{key}`: {what}"))
    })?;
    match field.replace(value) {
        Some(_) => Err(E::custom(format_args!("`{key}` stands twice"))),
        None => Ok(()),
    }
}

#[derive(Default)]
struct Fields {
    name: Option<Text>,
    calldata: Option<Data>,
    sender: Option<Sender>,
    value: Option<Word>,
    ink: Option<Amount>,
    storage: Option<Slots>,
    output: Option<Data>,
    reverts: Option<Reverts>,
    max_ink: Option<Amount>,
}

impl Fields {
    fn vector(self) -> Result<Vector, &'static str> {
        let expected = match (self.output, self.reverts) {
            (Some(Data(output)), None) => Expected::Output(output),
            (None, Some(Reverts(data))) => Expected::Revert(data),
            (None, None) => {
                return Err("neither `output` nor `reverts` says what is expected; give one");
            }
            (Some(_), Some(_)) => {
                return Err("both `output` and `reverts` say what is expected; give one");
            }
        };
        Ok(Vector {
            line: 0,
            name: self.name.ok_or("`name` is missing")?.0,
            calldata: self.calldata.ok_or("`calldata` is missing")?.0,
            sender: self.sender.map(|Sender(address)| address),
            value: self.value.map_or(U256::ZERO, |Word(value)| value),
            ink: self.ink.map(|Amount(ink)| Ink(ink)),
            storage: self
                .storage
                .map_or_else(BTreeMap::new, |Slots(slots)| slots),
            expected,
            max_ink: self.max_ink.map(|Amount(ink)| Ink(ink)),
        })
    }
}

/// Parses `$type` from a JSON value with the given functions; the sentence says what the value must be.
macro_rules! value {
    ($type:ident($inner:ty), $must_be:literal $(, $visit:ident($from:ty) = $make:expr)+) => {
        struct $type($inner);

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Value;
                impl Visitor<'_> for Value {
                    type Value = $type;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($must_be)
                    }

                    $(fn $visit<E: de::Error>(self, from: $from) -> Result<$type, E> {
                        let make: fn($from) -> Option<$inner> = $make;
                        make(from).map($type).ok_or_else(|| {
                            E::custom(format_args!("{} is not {}", shown(&from.to_string()), $must_be))
                        })
                    })+
                }
                deserializer.deserialize_any(Value)
            }
        }
    };
}

value!(
    Text(String),
    "text",
    visit_str(&str) = |text| Some(text.to_owned())
);

value!(
    Data(Bytes),
    "bytes in hex",
    visit_str(&str) = |text| hex::decode(text).ok().map(Bytes::from)
);

value!(
    Sender(Address),
    "an address of 20 bytes in hex",
    visit_str(&str) = |text| input::address(text).ok()
);

value!(
    Word(U256),
    "a number of at most 256 bits, in hex with 0x or in decimal, in quotes where it needs more than 64",
    visit_str(&str) = |text| input::word(text).ok(),
    visit_u64(u64) = |number| Some(U256::from(number))
);

value!(
    Amount(u64),
    "a number of ink, at most 2^64 - 1",
    visit_str(&str) = |text| input::word(text).ok()?.try_into().ok(),
    visit_u64(u64) = Some
);

value!(
    Reverts(Option<Bytes>),
    "true, or the revert data in hex",
    visit_bool(bool) = |reverts| reverts.then_some(None),
    visit_str(&str) = |text| hex::decode(text).ok().map(|data| Some(Bytes::from(data)))
);

/// Slots and their values.
struct Slots(BTreeMap<B256, B256>);

impl<'de> Deserialize<'de> for Slots {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Slots;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of slots and the words they hold")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Slots, A::Error> {
                let mut slots = BTreeMap::new();
                while let Some(text) = map.next_key::<String>()? {
                    let Ok(slot) = input::word(&text) else {
                        let what = format!(
                            "the slot {} is not a number of at most 256 bits, in hex with 0x or in decimal",
                            shown(&text)
                        );
                        return Err(de::Error::custom(what));
                    };
                    let mut held = None;
                    fill(&shown(&text), &mut held, map.next_value::<Word>())?;
                    let Word(value) = held.expect("it was filled");
                    if slots.insert(B256::from(slot), B256::from(value)).is_some() {
                        return Err(de::Error::custom(format_args!(
                            "the slot {} stands twice",
                            shown(&text)
                        )));
                    }
                }
                Ok(Slots(slots))
            }
        }
        deserializer.deserialize_any(Object)
    }
}

/// Text from a file, made displayable in a sentence.
fn shown(text: &str) -> String {
    const MOST: usize = 80;
    let mut shown: String = text
        .chars()
        .take(MOST)
        .flat_map(char::escape_debug)
        .collect();
    if text.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    shown
}
