//! Takes a module apart: the size of each of its parts, to the byte.
//!
//! Lives here: reading sections, functions, data segments and names. Not here: what a report calls them (`size`, `figures::size`). No
//! bytes make this panic.

use std::collections::BTreeMap;
use std::ops::Range;

use wasmparser::{
    BinaryReader, BinaryReaderError, KnownCustom, Name, NameSectionReader, Parser, Payload, TypeRef,
};

use stylus_report::figures::Bytes;
use stylus_report::figures::size::{CODE, DATA, Section};

/// The parts of a module.
#[derive(Default)]
pub(super) struct Parts<'a> {
    /// The sections, in module order.
    pub(super) sections: Vec<Section>,
    /// How many functions are imported; the indices of the module's own functions continue from here.
    pub(super) imported: u32,
    /// The module's own functions, in module order.
    pub(super) functions: Vec<Bytes>,
    /// The data segments, in module order.
    pub(super) data: Vec<Bytes>,
    /// Their names.
    pub(super) names: Names<'a>,
}

/// The names in a module's name section, if it has one.
#[derive(Default)]
pub(super) struct Names<'a> {
    /// The module's name.
    pub(super) module: Option<&'a str>,
    /// Function names by index, including imported functions.
    pub(super) functions: BTreeMap<u32, &'a str>,
    /// Names of data segments, by index.
    pub(super) data: BTreeMap<u32, &'a str>,
}

/// Takes `module` apart.
///
/// # Errors
/// If it is not a module, or a section is malformed.
pub(super) fn take_apart(module: &[u8]) -> Result<Parts<'_>, BinaryReaderError> {
    let mut parts = Parts::default();
    // Where the previous part ends: a part's id and length lie between there and its content.
    let mut section_end = 0;
    let mut item_end = 0;
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        match &payload {
            Payload::Version { range, .. } => section_end = range.end,
            Payload::ImportSection(imports) => {
                for import in imports.clone().into_imports() {
                    if let TypeRef::Func(_) | TypeRef::FuncExact(_) = import?.ty {
                        parts.imported = parts.imported.saturating_add(1);
                    }
                }
            }
            Payload::CodeSectionStart { range, .. } => {
                item_end = after_count(module, range)?;
            }
            Payload::CodeSectionEntry(body) => {
                let end = body.range().end;
                parts.functions.push(distance(item_end, end));
                item_end = end;
            }
            Payload::DataSection(segments) => {
                for segment in segments.clone() {
                    let Range { start, end } = segment?.range;
                    parts.data.push(distance(start, end));
                }
            }
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(names) = section.as_known() {
                    parts.names.read(names)?;
                }
            }
            _ => {}
        }
        if let Some((id, content)) = payload.as_section() {
            let custom = match &payload {
                Payload::CustomSection(section) => Some(section.name()),
                _ => None,
            };
            parts.sections.push(Section {
                name: custom.unwrap_or_else(|| standard(id)).to_owned(),
                custom: custom.is_some(),
                bytes: distance(section_end, content.end),
            });
            section_end = content.end;
        }
    }
    Ok(parts)
}

/// Where the first item of a section with this `content` begins: behind the item count, which can be encoded longer than necessary.
fn after_count(module: &[u8], content: &Range<usize>) -> Result<usize, BinaryReaderError> {
    let bytes = module.get(content.clone()).unwrap_or_default();
    let mut reader = BinaryReader::new(bytes, content.start);
    reader.read_var_u32()?;
    Ok(reader.original_position())
}

const fn distance(start: usize, end: usize) -> Bytes {
    Bytes(end.saturating_sub(start) as u64)
}

/// What the specification calls the section `id`.
const fn standard(id: u8) -> &'static str {
    match id {
        1 => "type",
        2 => "import",
        3 => "function",
        4 => "table",
        5 => "memory",
        6 => "global",
        7 => "export",
        8 => "start",
        9 => "element",
        10 => CODE,
        11 => DATA,
        12 => "data count",
        13 => "tag",
        _ => "unknown",
    }
}

impl<'a> Names<'a> {
    fn read(&mut self, section: NameSectionReader<'a>) -> Result<(), BinaryReaderError> {
        for names in section {
            match names? {
                Name::Module { name, .. } => self.module = Some(name),
                Name::Function(names) => {
                    for name in names {
                        let name = name?;
                        self.functions.insert(name.index, name.name);
                    }
                }
                Name::Data(names) => {
                    for name in names {
                        let name = name?;
                        self.data.insert(name.index, name.name);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}
