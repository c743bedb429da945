//! The compiler's object file: functions and data, and what every number in them stands for.
//!
//! Lives here: reading one, by WebAssembly's tool conventions (<https://github.com/WebAssembly/tool-conventions/blob/main/Linking.md>).
//! Not here: where anything is put (`graft`), nor what made the file (`donor`).

use std::collections::BTreeMap;
use std::ops::Range;

use stylus_vm::profile::AllocatorCall;
use wasmparser::{
    DefinedDataSymbol, FuncType, KnownCustom, Linking, LinkingSectionReader, Parser, Payload,
    RelocSectionReader, RelocationEntry, RelocationType, SymbolInfo, TypeRef,
};

use crate::role::{Family, Role};

/// The object file has something that cannot be put into another module.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// Not an object file.
    #[error("it is not an object file ({0})")]
    Malformed(#[from] wasmparser::Error),
    /// A number that refers to nothing.
    #[error("it refers to something that is not in it")]
    Dangling,
    /// A function of the allocator is missing, or has another type.
    #[error("it has no `{0}`")]
    Missing(Role),
    /// An unknown kind of reference.
    #[error("it has a reference of the kind {0:?}")]
    Reference(RelocationType),
}

/// What the file holds.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) functions: Vec<Code>,
    pub(crate) segments: Vec<Segment>,
    /// Functions by role.
    roles: BTreeMap<Role, usize>,
    /// What it refers to and does not have: the older a compiler is, the more it leaves to the linker. Often nothing that is needed refers
    /// to it.
    missing: Vec<String>,
}

/// A function.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) ty: FuncType,
    /// Locals and instructions. Each reference takes five bytes.
    pub(crate) body: Vec<u8>,
    pub(crate) references: Vec<Reference>,
}

/// Static data.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    /// Alignment in bytes, a power of two.
    pub(crate) align: u32,
    pub(crate) bytes: Vec<u8>,
    pub(crate) references: Vec<Reference>,
}

/// A number that depends on where things are put.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Reference {
    /// Where it stands, in bytes from the beginning of the body or the segment.
    pub(crate) at: usize,
    pub(crate) slot: Slot,
}

/// What stands there, and how it is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Slot {
    /// A function's index, unsigned, in five bytes.
    Function(usize),
    /// An address, unsigned, in five bytes.
    Offset(Address),
    /// An address, signed, in five bytes.
    Constant(Address),
    /// An address in four bytes, the least significant first.
    Word(Address),
    /// Something missing, by its position in the list of what is missing.
    Missing(usize),
}

/// An address: a place, and an offset from it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Address {
    /// In a segment.
    Data(usize, i64),
    /// From the first byte of the heap.
    HeapBase(i64),
    /// From the first byte after the memory that the module begins with.
    HeapEnd(i64),
}

impl Code {
    /// A function that traps.
    pub(crate) fn that_ends() -> Self {
        Self::plain(vec![0, 0x00, 0x0b]) // no locals; unreachable, end
    }

    /// A function that does nothing.
    fn that_returns() -> Self {
        Self::plain(vec![0, 0x0b]) // no locals; end
    }

    fn plain(body: Vec<u8>) -> Self {
        Self {
            ty: FuncType::new([], []),
            body,
            references: Vec::new(),
        }
    }
}

impl Object {
    /// Reads the file.
    pub(super) fn parse(file: &[u8]) -> Result<Self, ObjectError> {
        let raw = Raw::read(file)?;
        let symbols = raw.symbols()?;
        let mut object = Self {
            functions: Vec::new(),
            segments: Vec::new(),
            roles: symbols.roles,
            missing: symbols.missing,
        };
        if raw.function_types.len() != raw.bodies.len()
            || raw.alignments.len() != raw.segments.len()
        {
            return Err(ObjectError::Dangling);
        }
        for (ty, range) in raw.function_types.iter().zip(&raw.bodies) {
            let ty = raw.types.get(*ty as usize).ok_or(ObjectError::Dangling)?;
            object.functions.push(Code {
                ty: ty.clone(),
                body: file
                    .get(range.clone())
                    .ok_or(ObjectError::Dangling)?
                    .to_vec(),
                references: Vec::new(),
            });
        }
        object.functions.extend(symbols.does_nothing);
        for (range, align) in raw.segments.iter().zip(&raw.alignments) {
            let align = 1_u32.checked_shl(*align).ok_or(ObjectError::Dangling)?;
            let bytes = file.get(range.clone()).ok_or(ObjectError::Dangling)?;
            object.segments.push(Segment {
                align,
                bytes: bytes.to_vec(),
                references: Vec::new(),
            });
        }
        for (base, entries) in &raw.relocations {
            for entry in entries {
                let target = symbols.meaning.get(entry.index as usize);
                let slot = slot(entry, *target.ok_or(ObjectError::Dangling)?)?;
                object.place(&raw, base + entry.offset as usize, entry.ty.extent(), slot)?;
            }
        }
        for role in Role::ALL {
            let code = object.function(role).map(|index| &object.functions[index]);
            if code.is_none_or(|code| code.ty != role.ty()) {
                return Err(ObjectError::Missing(role));
            }
        }
        Ok(object)
    }

    /// Adds a reference, at a place in the file, to the function or segment that contains it.
    fn place(
        &mut self,
        raw: &Raw,
        at: usize,
        length: usize,
        slot: Slot,
    ) -> Result<(), ObjectError> {
        let within = |ranges: &[Range<usize>]| {
            ranges
                .iter()
                .position(|range| range.start <= at && at + length <= range.end)
                .map(|index| (index, at - ranges[index].start))
        };
        if let Some((index, at)) = within(&raw.bodies) {
            self.functions[index]
                .references
                .push(Reference { at, slot });
        } else if let Some((index, at)) = within(&raw.segments) {
            self.segments[index].references.push(Reference { at, slot });
        } else {
            return Err(ObjectError::Dangling);
        }
        Ok(())
    }

    /// What is missing, by its position.
    pub(crate) fn missing(&self, position: usize) -> &str {
        self.missing.get(position).map_or("", String::as_str)
    }

    /// The function in a role.
    pub(crate) fn function(&self, role: Role) -> Option<usize> {
        self.roles.get(&role).copied()
    }
}

/// The sections, as far as they matter here. Ranges are those of the file.
#[derive(Default)]
struct Raw<'a> {
    types: Vec<FuncType>,
    /// Names of imported functions, which have the first indices.
    imported: Vec<&'a str>,
    function_types: Vec<u32>,
    bodies: Vec<Range<usize>>,
    segments: Vec<Range<usize>>,
    /// The alignment of each segment, as a power of two.
    alignments: Vec<u32>,
    symbols: Vec<SymbolInfo<'a>>,
    /// References to symbols, each list with the start of the section that its offsets count from.
    relocations: Vec<(usize, Vec<RelocationEntry>)>,
}

impl<'a> Raw<'a> {
    fn read(file: &'a [u8]) -> Result<Self, ObjectError> {
        let mut raw = Self::default();
        // Where each section begins, custom ones included: references name their section by number.
        let mut begins = Vec::new();
        for payload in Parser::new(0).parse_all(file) {
            let payload = payload?;
            if let Some((_, range)) = payload.as_section() {
                begins.push(range.start);
            }
            match payload {
                Payload::TypeSection(section) => {
                    for ty in section.into_iter_err_on_gc_types() {
                        raw.types.push(ty?);
                    }
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import?;
                        if let TypeRef::Func(_) = import.ty {
                            raw.imported.push(import.name);
                        }
                    }
                }
                Payload::FunctionSection(section) => {
                    for ty in section {
                        raw.function_types.push(ty?);
                    }
                }
                Payload::CodeSectionEntry(body) => raw.bodies.push(body.range()),
                Payload::DataSection(section) => {
                    for data in section {
                        let data = data?;
                        raw.segments
                            .push(data.range.end - data.data.len()..data.range.end);
                    }
                }
                Payload::CustomSection(section) => match section.as_known() {
                    KnownCustom::Linking(linking) => raw.link(linking)?,
                    KnownCustom::Reloc(reloc) => raw.relocate(&reloc, &begins)?,
                    _ => {}
                },
                _ => {}
            }
        }
        Ok(raw)
    }

    fn link(&mut self, section: LinkingSectionReader<'a>) -> Result<(), ObjectError> {
        for subsection in section.subsections() {
            match subsection? {
                Linking::SegmentInfo(segments) => {
                    for segment in segments {
                        self.alignments.push(segment?.alignment);
                    }
                }
                Linking::SymbolTable(symbols) => {
                    for symbol in symbols {
                        self.symbols.push(symbol?);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn relocate(
        &mut self,
        section: &RelocSectionReader<'a>,
        begins: &[usize],
    ) -> Result<(), ObjectError> {
        let begin = begins.get(section.section_index() as usize);
        let begin = *begin.ok_or(ObjectError::Dangling)?;
        let entries = section.entries().into_iter().collect::<Result<_, _>>()?;
        self.relocations.push((begin, entries));
        Ok(())
    }

    fn symbols(&self) -> Result<Symbols, ObjectError> {
        let mut symbols = Symbols::default();
        // The position of a function among those that are not imported, if it is one of them.
        let defined = |index: u32| match (index as usize).checked_sub(self.imported.len()) {
            Some(function) if function >= self.bodies.len() => Err(ObjectError::Dangling),
            function => Ok(function),
        };
        for symbol in &self.symbols {
            if let SymbolInfo::Func { index, name, .. } = symbol
                && let (Some(function), Some(role)) = (defined(*index)?, name.and_then(role))
            {
                symbols.roles.insert(role, function);
            }
        }
        for symbol in &self.symbols {
            let meaning = match *symbol {
                SymbolInfo::Func { index, name, .. } => match defined(index)? {
                    Some(function) => Meaning::Function(function),
                    None => {
                        let name = name.or(self.imported.get(index as usize).copied());
                        self.undefined(name.unwrap_or_default(), &mut symbols)
                    }
                },
                SymbolInfo::Data { name, symbol, .. } => match (symbol, name) {
                    (Some(DefinedDataSymbol { index, .. }), _)
                        if index as usize >= self.segments.len() =>
                    {
                        return Err(ObjectError::Dangling);
                    }
                    (Some(DefinedDataSymbol { index, offset, .. }), _) => {
                        Meaning::Address(Address::Data(index as usize, offset.into()))
                    }
                    (None, "__heap_base") => Meaning::Address(Address::HeapBase(0)),
                    (None, "__heap_end") => Meaning::Address(Address::HeapEnd(0)),
                    // To older compilers the mark is a byte that is read and ignored: any will do.
                    (None, name) if is_mark(name) => Meaning::Address(Address::HeapBase(0)),
                    (None, name) => symbols.missing(name),
                },
                _ => Meaning::Other,
            };
            symbols.meaning.push(meaning);
        }
        Ok(symbols)
    }

    /// Resolves a function that the linker would have supplied: the compiler's own names for the global allocator, and the one that only
    /// marks that there is one.
    fn undefined(&self, name: &str, symbols: &mut Symbols) -> Meaning {
        let plain = format!("{:#}", rustc_demangle::demangle(name));
        if let Some(function) = Role::of(&plain).and_then(|role| symbols.roles.get(&role)) {
            return Meaning::Function(*function);
        }
        if !is_mark(&plain) {
            return symbols.missing(&plain);
        }
        symbols.does_nothing.get_or_insert_with(Code::that_returns);
        Meaning::Function(self.bodies.len())
    }
}

/// The symbol table, interpreted.
#[derive(Default)]
struct Symbols {
    meaning: Vec<Meaning>,
    roles: BTreeMap<Role, usize>,
    /// A function that does nothing, placed after all others, if anything calls it.
    does_nothing: Option<Code>,
    missing: Vec<String>,
}

impl Symbols {
    fn missing(&mut self, name: &str) -> Meaning {
        self.missing.push(name.to_owned());
        Meaning::Missing(self.missing.len() - 1)
    }
}

#[derive(Clone, Copy)]
enum Meaning {
    Function(usize),
    Address(Address),
    Missing(usize),
    /// A table or a global: without meaning until something refers to it.
    Other,
}

/// Whether a name is that of the compiler's mark that there is a global allocator.
fn is_mark(name: &str) -> bool {
    name.contains("__rust_no_alloc_shim_is_unstable")
}

fn role(name: &str) -> Option<Role> {
    Some(match name {
        "donor_alloc" => Role::Rust(AllocatorCall::Allocate),
        "donor_alloc_zeroed" => Role::Rust(AllocatorCall::AllocateZeroed),
        "donor_realloc" => Role::Rust(AllocatorCall::Reallocate),
        "donor_dealloc" => Role::Rust(AllocatorCall::Deallocate),
        "donor_method_alloc" => Role::Method(AllocatorCall::Allocate),
        "donor_method_alloc_zeroed" => Role::Method(AllocatorCall::AllocateZeroed),
        "donor_method_realloc" => Role::Method(AllocatorCall::Reallocate),
        "donor_method_dealloc" => Role::Method(AllocatorCall::Deallocate),
        "donor_bare_alloc" => Role::Bare(AllocatorCall::Allocate),
        "donor_bare_alloc_zeroed" => Role::Bare(AllocatorCall::AllocateZeroed),
        "donor_bare_realloc" => Role::Bare(AllocatorCall::Reallocate),
        "donor_bare_dealloc" => Role::Bare(AllocatorCall::Deallocate),
        "donor_forget" => Role::Forget,
        // The compiler's own functions have Rust's names, and are the same.
        name => return Role::of(name).filter(|role| role.family() != Family::Rust),
    })
}

fn slot(entry: &RelocationEntry, meaning: Meaning) -> Result<Slot, ObjectError> {
    let with = |address: Address| match address {
        Address::Data(segment, offset) => Address::Data(segment, offset + entry.addend),
        Address::HeapBase(offset) => Address::HeapBase(offset + entry.addend),
        Address::HeapEnd(offset) => Address::HeapEnd(offset + entry.addend),
    };
    Ok(match (entry.ty, meaning) {
        (RelocationType::FunctionIndexLeb, Meaning::Function(function)) => Slot::Function(function),
        (RelocationType::MemoryAddrLeb, Meaning::Address(address)) => Slot::Offset(with(address)),
        (RelocationType::MemoryAddrSleb, Meaning::Address(address)) => {
            Slot::Constant(with(address))
        }
        (RelocationType::MemoryAddrI32, Meaning::Address(address)) => Slot::Word(with(address)),
        (_, Meaning::Missing(name)) => Slot::Missing(name),
        (kind, _) => return Err(ObjectError::Reference(kind)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_object_is_an_error() {
        for bytes in [
            &b""[..],
            b"\0asm",
            b"hello, world",
            b"\0asm\x01\0\0\0\x01\x7f",
        ] {
            assert!(matches!(
                Object::parse(bytes),
                Err(ObjectError::Malformed(_))
            ));
        }
    }

    /// A module without a symbol table has its functions, but none in a role.
    #[test]
    fn a_linked_module_fills_no_role() {
        let module = wat::parse_str(
            r#"(module (func (export "malloc") (param i32) (result i32) local.get 0))"#,
        );
        let sentence = Object::parse(&module.unwrap()).unwrap_err().to_string();
        assert_eq!(sentence, "it has no `__rust_alloc`");
    }
}
