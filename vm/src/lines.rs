//! Source lines of a program, from the debug information that its compiler wrote.
//!
//! Lives here: from a position in a module to its Rust frames, including inlined ones, and finding the module that belongs to another. Not
//! here: what is at a position (`explain`), where files are kept, and any rendering.
//!
//! A chain's module has no debug information. The file that it was made from has it, and the same operators in the same order: two
//! modules belong together if their code sections, encoded in their shortest form, are the same bytes ([`code_hash`]).
//!
//! Debug information is not trusted: whatever is wrong with it makes lines unknown, and nothing else.

use std::ops::Range;
use std::sync::Arc;

use addr2line::Context;
use alloy_primitives::{B256, keccak256};
use gimli::{Dwarf, EndianArcSlice, LittleEndian, SectionId};
use wasmparser::{BinaryReader, FunctionBody, Operator, Parser, Payload};

use crate::explain::Position;
use crate::instrument::ends_block;
use crate::process::{Kept, ProcessError};
use crate::profile::{Names, demangle};

/// The most bytes of debug information that are read: ten times what rustc writes for the largest program.
const MOST_BYTES: usize = 64 << 20;

/// The most frames of one position.
const MOST_INLINED: usize = 64;

/// A module's debug information cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LinesError {
    /// The bytes are not a module.
    #[error("it is not a wasm module: {0}")]
    NotWasm(Box<str>),
    /// The compiler wrote no debug information.
    #[error("it has no debug information; build it with -C debuginfo=1 -C strip=none")]
    Nothing,
    /// More debug information than any real program has.
    #[error("it has {bytes} bytes of debug information; the limit is {MOST_BYTES}")]
    TooLarge {
        /// How many bytes it has.
        bytes: usize,
    },
    /// The debug information makes no sense.
    #[error("its debug information cannot be read: {0}")]
    Malformed(gimli::Error),
}

/// Where in its source some code is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SourceFrame {
    /// The function, demangled. For an inlined one it may be the bare name, without its module.
    pub function: Option<String>,
    /// The file, as the compiler was given it.
    pub file: Option<String>,
    /// The line, from 1; `None` where the compiler merged code of several lines.
    pub line: Option<u32>,
    /// The column, from 1.
    pub column: Option<u32>,
}

/// An operator, and the source that it was compiled from.
#[derive(Clone, Debug)]
pub struct SourceOperator {
    /// Its place in the module.
    pub position: Position,
    /// Its frames, as [`Lines::frames`] returns them.
    pub frames: Vec<SourceFrame>,
    /// Whether a metered block ends with it.
    pub ends_block: bool,
    /// Whether it goes one of two ways, one of them to the next operator: a conditional branch, or the head of an `if`.
    pub forks: bool,
}

type Section = EndianArcSlice<LittleEndian>;

/// The lines of one module.
pub struct Lines {
    context: Context<Section>,
    module: Arc<[u8]>,
    names: Names,
    /// The names of the functions that the module imports.
    imports: Vec<String>,
    /// Where the code section's contents begin, which addresses count from.
    code: usize,
    bodies: Vec<Range<usize>>,
}

impl Lines {
    /// The lines of a module with debug information.
    ///
    /// # Errors
    /// If it is not a module, or has no debug information that makes sense.
    pub fn of_module(module: &[u8]) -> Result<Self, LinesError> {
        let malformed = |error: wasmparser::Error| LinesError::NotWasm(error.to_string().into());
        let module: Arc<[u8]> = module.into();
        let (mut imports, mut code, mut bodies) = (Vec::new(), 0, Vec::new());
        let mut sections: Vec<(String, Range<usize>)> = Vec::new();
        for payload in Parser::new(0).parse_all(&module) {
            match payload.map_err(malformed)? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import.map_err(malformed)?;
                        if let wasmparser::TypeRef::Func(_) = import.ty {
                            imports.push(import.name.to_owned());
                        }
                    }
                }
                Payload::CodeSectionStart { range, .. } => code = range.start,
                Payload::CodeSectionEntry(body) => bodies.push(body.range()),
                Payload::CustomSection(section) if section.name().starts_with(".debug_") => {
                    let end = section.data_offset() + section.data().len();
                    sections.push((section.name().to_owned(), section.data_offset()..end));
                }
                _ => {}
            }
        }
        let bytes: usize = sections.iter().map(|(_, range)| range.len()).sum();
        match bytes {
            0 => return Err(LinesError::Nothing),
            MOST_BYTES.. => return Err(LinesError::TooLarge { bytes }),
            _ => {}
        }
        let names = Names::of_module(&module);
        let section = |id: SectionId| -> Result<Section, gimli::Error> {
            let found = sections.iter().find(|(name, _)| name == id.name());
            let bytes = found.map_or(&[][..], |(_, range)| &module[range.clone()]);
            Ok(EndianArcSlice::new(bytes.into(), LittleEndian))
        };
        let dwarf = Dwarf::load(section).map_err(LinesError::Malformed)?;
        let context = Context::from_dwarf(dwarf).map_err(LinesError::Malformed)?;
        Ok(Self {
            context,
            module,
            names,
            imports,
            code,
            bodies,
        })
    }

    /// The names of the module's functions.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The frames of the code at `position`, the innermost inlined one first; the last is of the function itself. Empty if nothing is
    /// known, except perhaps the function's name.
    pub fn frames(&self, position: Position) -> Vec<SourceFrame> {
        match self.offset(position) {
            Some(offset) => self.frames_of(position.function, offset),
            None => Vec::new(),
        }
    }

    /// The indices of the module's own functions, counting imports.
    pub fn functions(&self) -> Range<u32> {
        let count = |all: usize| u32::try_from(all).unwrap_or(u32::MAX);
        let imports = count(self.imports.len());
        imports..imports.saturating_add(count(self.bodies.len()))
    }

    /// All operators of a function, in order.
    pub fn function(&self, function: u32) -> impl Iterator<Item = SourceOperator> + '_ {
        let operators = self.operators(function).into_iter().flatten();
        let source =
            move |(operator, (kind, offset)): (u32, (Operator<'_>, usize))| SourceOperator {
                position: Position { function, operator },
                frames: self.frames_of(function, offset),
                ends_block: ends_block(&kind),
                forks: matches!(kind, Operator::If { .. } | Operator::BrIf { .. }),
            };
        (0..).zip(operators).map(source)
    }

    /// The name of the import that the operator at `position` calls, if it calls one.
    pub fn import_called(&self, position: Position) -> Option<&str> {
        let mut operators = self.operators(position.function)?;
        match operators.nth(position.operator as usize)? {
            (Operator::Call { function_index }, _) => {
                let name = self.imports.get(function_index as usize);
                name.map(String::as_str)
            }
            _ => None,
        }
    }

    /// All operators of the metered block that begins at `first`.
    pub fn block(&self, first: Position) -> Vec<Position> {
        let operators = self.operators(first.function).into_iter().flatten();
        let mut block = Vec::new();
        for (operator, (kind, _)) in (0..).zip(operators).skip(first.operator as usize) {
            block.push(Position { operator, ..first });
            if ends_block(&kind) {
                break;
            }
        }
        block
    }

    /// The operators of a function with their offsets in the file, up to where it is malformed.
    fn operators(&self, function: u32) -> Option<impl Iterator<Item = (Operator<'_>, usize)>> {
        let local = (function as usize).checked_sub(self.imports.len())?;
        let range = self.bodies.get(local)?.clone();
        let bytes = self.module.get(range.clone())?;
        let body = FunctionBody::new(BinaryReader::new(bytes, range.start));
        let operators = body.get_operators_reader().ok()?.into_iter_with_offsets();
        Some(operators.map_while(Result::ok))
    }

    /// The offset in the file of an operator.
    fn offset(&self, position: Position) -> Option<usize> {
        let mut operators = self.operators(position.function)?;
        let (_, offset) = operators.nth(position.operator as usize)?;
        Some(offset)
    }

    /// The frames of the code at an offset in the file, in a function.
    fn frames_of(&self, function: u32, offset: usize) -> Vec<SourceFrame> {
        let mut frames = match offset.checked_sub(self.code) {
            Some(address) => self.frames_at(address as u64),
            None => Vec::new(),
        };
        // Debug information may lack the namespace of a name, and the name section never does.
        if let (Some(last), Some(name)) = (frames.last_mut(), self.names.get(function)) {
            last.function = Some(name.to_owned());
        }
        frames
    }

    fn frames_at(&self, address: u64) -> Vec<SourceFrame> {
        let mut frames = Vec::new();
        let Ok(mut found) = self.context.find_frames(address).skip_all_loads() else {
            return frames;
        };
        while frames.len() < MOST_INLINED {
            let Ok(Some(frame)) = found.next() else {
                break;
            };
            let name = frame.function.as_ref();
            let name = name.and_then(|name| Some(demangle(&name.raw_name().ok()?)));
            let place = frame.location.as_ref();
            let known = |number: Option<u32>| number.filter(|number| *number > 0);
            frames.push(SourceFrame {
                function: name,
                file: place.and_then(|place| place.file).map(str::to_owned),
                line: known(place.and_then(|place| place.line)),
                column: known(place.and_then(|place| place.column)),
            });
        }
        frames
    }
}

/// Identifies a module's code, whatever else its compiler wrote: the hash of its code section in the shortest encoding.
///
/// # Errors
/// If `module` is not a wasm module.
pub fn code_hash(module: &[u8]) -> Result<B256, ProcessError> {
    let shortest = Kept::Nothing.of(module)?;
    let code = Parser::new(0)
        .parse_all(&shortest)
        .find_map(|payload| match payload {
            Ok(Payload::CodeSectionStart { range, .. }) => shortest.get(range),
            _ => None,
        });
    Ok(keccak256(code.unwrap_or_default()))
}
