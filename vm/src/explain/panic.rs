//! A Rust panic's message and location, from the arguments of the function that all panics end in.
//!
//! Lives here: how core lays out a `Location` and `fmt::Arguments` on wasm32, and letting the guest format its own values. Not here: who
//! called that function with what (`instrument::count`).
//!
//! Rust does not guarantee these layouts. Every pointer is checked and every length bounded, and what makes no sense is left out: a message
//! then has `{}` in place of a value, or there is no message.
//!
//! - `Location`: the file's pointer and length, line, column.
//! - `fmt::Arguments` since Rust 1.93: a template and a word. An odd word is twice the length of the template, plus one, and the template
//!   is the message. Otherwise the word points to the arguments, each a value's pointer and its formatter's place in the table, and the
//!   template is a series of bytes: 0 ends it, up to 0x7F is the length of a piece, 0x80 has that length in two more bytes, and from 0xC0
//!   on are arguments, with bits for what follows: flags (1), width (2), precision (4), the argument's position (8).
//! - Before: a pointer to pieces, arguments and formats, each a pointer and a length.

use std::sync::{Arc, Mutex, PoisonError};

use wasmtime::{Caller, Func, Ref, Store, Table};

use crate::frame::Frame;
use crate::guest::{Guest, GuestMemory};

/// The most bytes of a message.
const MOST_MESSAGE: usize = 4_096;

/// The most bytes of a file's name.
const MOST_FILE: u32 = 1_024;

/// The most bytes of a template.
const MOST_TEMPLATE: u32 = 4_096;

/// Ink for each value that the guest formats: more than any readable message takes.
const FORMATTING_INK: u64 = 100_000_000;

/// Words of stack for formatting a value.
const FORMATTING_STACK: u32 = 16_384;

/// Where the guest's formatter and its table of methods go: below everything that linkers place in memory, at the end of the stack, which a
/// program that has not overflowed has not reached.
const FORMATTER: u32 = 64;
const METHODS: u32 = 96;

/// The flags of a formatter for `{}`: a space to fill with, and no alignment.
const PLAIN: u32 = 0xE000_0020;

/// Where in its source a program panicked.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Location {
    /// The file, as the compiler was given it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

/// A Rust panic.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Panic {
    /// Its message; `{}` stands for a value that could not be formatted.
    pub message: Option<String>,
    /// Where it says it happened, which may be in a library.
    pub location: Option<Location>,
}

/// The arguments of a message.
#[derive(Clone, Copy)]
pub(super) enum Arguments {
    /// Both words, since Rust 1.93.
    Template(u32, u32),
    /// Where the arguments are, before Rust 1.93.
    Pieces(u32),
}

/// Reads a panic in the memory of a run that has ended.
pub(super) fn read(
    store: &mut Store<Frame>,
    table: Option<Table>,
    arguments: Arguments,
    location: u32,
) -> Option<Panic> {
    let guest = store.data().guest?;
    let location = read_location(store, guest.memory, location);
    // From here on no host call is answered.
    store.data_mut().guest = None;
    let mut message = Message {
        store,
        guest,
        table,
        text: String::new(),
    };
    let read = match arguments {
        Arguments::Template(template, arguments) => message.template(template, arguments),
        Arguments::Pieces(at) => message.pieces(at),
    };
    let message = read.map(|()| message.text);
    (message.is_some() || location.is_some()).then_some(Panic { message, location })
}

fn word(store: &Store<Frame>, memory: GuestMemory, at: u32) -> Option<u32> {
    memory.read_array(store, at).ok().map(u32::from_le_bytes)
}

fn words<const N: usize>(store: &Store<Frame>, memory: GuestMemory, at: u32) -> Option<[u32; N]> {
    let mut words = [0; N];
    for (position, place) in (0..).zip(&mut words) {
        *place = word(store, memory, at.checked_add(4 * position)?)?;
    }
    Some(words)
}

fn read_location(store: &Store<Frame>, memory: GuestMemory, at: u32) -> Option<Location> {
    let [file, len, line, column] = words(store, memory, at)?;
    if len == 0 || len > MOST_FILE || line == 0 && column != 0 {
        return None;
    }
    let file = memory.read(store, file, len).ok()?;
    let file = std::str::from_utf8(file).ok()?;
    let is_plain = !file.chars().any(char::is_control);
    is_plain.then(|| Location {
        file: file.to_owned(),
        line,
        column,
    })
}

/// A message in the making.
struct Message<'s> {
    store: &'s mut Store<Frame>,
    guest: Guest,
    table: Option<Table>,
    text: String,
}

impl Message<'_> {
    /// The message of a template and its arguments.
    fn template(&mut self, template: u32, arguments: u32) -> Option<()> {
        if arguments & 1 == 1 {
            return self.piece(template, arguments >> 1);
        }
        let mut at = template;
        let mut argument = 0_u32;
        let end = template.checked_add(MOST_TEMPLATE)?;
        while at < end && self.text.len() < MOST_MESSAGE {
            let kind = self.byte(&mut at)?;
            match kind {
                0 => return Some(()),
                1..=0x7F => {
                    self.piece(at, kind.into())?;
                    at = at.checked_add(kind.into())?;
                }
                0x80 => {
                    let len = self.half(&mut at)?.into();
                    self.piece(at, len)?;
                    at = at.checked_add(len)?;
                }
                0xC0.. => {
                    let has = |bit: u8| kind & (1 << bit) != 0;
                    let mut format = Format::default();
                    if has(0) {
                        format.flags = word(self.store, self.guest.memory, at)?;
                        at = at.checked_add(4)?;
                    }
                    let width = if has(1) { self.half(&mut at)? } else { 0 };
                    let precision = if has(2) { self.half(&mut at)? } else { 0 };
                    // Width and precision can be arguments themselves; their values are then not looked up.
                    format.width = if has(4) { 0 } else { width };
                    format.precision = if has(5) { 0 } else { precision };
                    if has(3) {
                        argument = self.half(&mut at)?.into();
                    }
                    self.argument(arguments, argument, format)?;
                    argument += 1;
                }
                _ => return None,
            }
        }
        Some(())
    }

    /// The message whose pieces and arguments are described at `at`. Formats are not read.
    fn pieces(&mut self, at: u32) -> Option<()> {
        let [pieces, count, arguments, values] = words(self.store, self.guest.memory, at)?;
        for position in 0..count.max(values).min(64) {
            if position < count {
                let place = pieces.checked_add(8 * position)?;
                let [text, len] = words(self.store, self.guest.memory, place)?;
                self.piece(text, len)?;
            }
            if position < values {
                self.argument(arguments, position, Format::default())?;
            }
        }
        Some(())
    }

    fn byte(&mut self, at: &mut u32) -> Option<u8> {
        let [byte] = self.guest.memory.read_array(&*self.store, *at).ok()?;
        *at = at.checked_add(1)?;
        Some(byte)
    }

    fn half(&mut self, at: &mut u32) -> Option<u16> {
        let bytes = self.guest.memory.read_array(&*self.store, *at).ok()?;
        *at = at.checked_add(2)?;
        Some(u16::from_le_bytes(bytes))
    }

    /// Appends a piece of text from the guest's memory.
    fn piece(&mut self, at: u32, len: u32) -> Option<()> {
        let bytes = self.guest.memory.read(&*self.store, at, len).ok()?;
        let shown = &bytes[..bytes.len().min(MOST_MESSAGE)];
        let text = std::str::from_utf8(bytes)
            .map(|_| String::from_utf8_lossy(shown).into_owned())
            .ok()?;
        self.text.push_str(&text);
        Some(())
    }

    /// Appends the argument at `position`, formatted by the guest.
    fn argument(&mut self, arguments: u32, position: u32, format: Format) -> Option<()> {
        let place = arguments.checked_add(position.checked_mul(8)?)?;
        let [value, formatter] = words(self.store, self.guest.memory, place)?;
        let text = self.formatted(value, formatter, format);
        self.text.push_str(text.as_deref().unwrap_or("{}"));
        Some(())
    }

    /// What the guest's function at `formatter` in its table makes of `value`.
    fn formatted(&mut self, value: u32, formatter: u32, format: Format) -> Option<String> {
        let table = self.table?;
        let Ref::Func(Some(function)) = table.get(&mut *self.store, formatter.into())? else {
            return None;
        };
        let function = function.typed::<(u32, u32), u32>(&*self.store).ok()?;
        let written = Arc::new(Mutex::new(String::new()));
        let methods = self.methods(table, &written)?;
        let formatter = [FORMATTER, METHODS, format.flags];
        let mut bytes: Vec<u8> = formatter
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .collect();
        // Nothing is written there: the first word is only passed on to the methods.
        bytes.extend(format.width.to_le_bytes());
        bytes.extend(format.precision.to_le_bytes());
        let memory = self.guest.memory;
        memory.write(self.store, FORMATTER, &bytes).ok()?;
        let methods: Vec<u8> = methods.iter().flat_map(|word| word.to_le_bytes()).collect();
        memory.write(self.store, METHODS, &methods).ok()?;
        self.guest.set_metered(self.store, FORMATTING_INK);
        self.guest.set_stack_left(self.store, FORMATTING_STACK);
        let result = function.call(&mut *self.store, (value, FORMATTER));
        let written = written.lock().unwrap_or_else(PoisonError::into_inner);
        matches!(result, Ok(0)).then(|| written.clone())
    }

    /// A table of methods of `dyn Write` that write to `written`: drop, size, alignment, `write_str`, `write_char`, `write_fmt`. The first
    /// and the last are missing.
    fn methods(&mut self, table: Table, written: &Arc<Mutex<String>>) -> Option<[u32; 6]> {
        let memory = self.guest.memory;
        let text = written.clone();
        let write_str = Func::wrap(
            &mut *self.store,
            move |caller: Caller<'_, Frame>, _writer: u32, at: u32, len: u32| -> u32 {
                let read = memory.read(&caller, at, len);
                let read = read.ok().and_then(|bytes| std::str::from_utf8(bytes).ok());
                u32::from(read.and_then(|read| append(&text, read)).is_none())
            },
        );
        let text = written.clone();
        let write_char = Func::wrap(&mut *self.store, move |_writer: u32, code: u32| -> u32 {
            let read = char::from_u32(code);
            let read = read.map(|read| read.encode_utf8(&mut [0; 4]).to_owned());
            u32::from(read.and_then(|read| append(&text, &read)).is_none())
        });
        let first = table.grow(&mut *self.store, 2, Ref::Func(None)).ok()?;
        for (position, method) in (first..).zip([write_str, write_char]) {
            let method = Ref::Func(Some(method));
            table.set(&mut *self.store, position, method).ok()?;
        }
        let first = u32::try_from(first).ok()?;
        Some([0, 0, 1, first, first + 1, 0])
    }
}

/// Appends to a message, unless it would become too long.
fn append(text: &Mutex<String>, read: &str) -> Option<()> {
    let mut text = text.lock().unwrap_or_else(PoisonError::into_inner);
    if text.len() + read.len() > MOST_MESSAGE {
        return None;
    }
    text.push_str(read);
    Some(())
}

/// How a value is formatted.
#[derive(Clone, Copy)]
struct Format {
    flags: u32,
    width: u16,
    precision: u16,
}

impl Default for Format {
    fn default() -> Self {
        Self {
            flags: PLAIN,
            width: 0,
            precision: 0,
        }
    }
}
