//! One allocator out, another in.
//!
//! Lives here: writing the new module. Not here: whether that may be done (`inspect`).
//!
//! - Every index of a function with a role becomes that of the donor's function in the role, wherever it occurs: in a call, in an export,
//!   in a table.
//! - Functions that nothing reaches any more are left out; those of the donor that are reached come last.
//! - The donor's static data lies where the module's heap began, and its heap begins after it. Nothing else can lie there: the linker put
//!   nothing there, and the old allocator is gone.

use std::collections::{BTreeMap, BTreeSet};

use wasm_encoder::reencode::{self, Reencode, utils};
use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, FunctionSection, MemoryType, SectionId, TypeSection,
};
use wasmparser::{
    CodeSectionReader, DataSectionReader, FuncType, FunctionSectionReader, Parser,
    TypeSectionReader,
};

use crate::donor::{Address, Code, Donor, Object, Reference, Slot};
use crate::module::{Module, PAGE, refusal};
use crate::{Inspection, Refusal, Transplant};
use stylus_vm::Bytes;
use stylus_vm::process::process;

/// The linker's alignment of `__heap_base`.
const HEAP_ALIGN: u64 = 16;

/// Replaces what `inspection` found with `donor`.
pub(crate) fn graft(
    module: Module,
    inspection: Inspection,
    donor: &Donor,
) -> Result<Transplant, Refusal> {
    let object = &donor.object;
    let plan = Plan::new(&module, &inspection, object);
    if let Some(name) = plan.missing(object) {
        return Err(Refusal::Missing(name.to_owned()));
    }
    let layout = Layout::new(&module, object, &plan.added)?;
    let ended = Code::that_ends();
    let functions: Vec<&Code> = plan
        .added
        .iter()
        .map(|index| &object.functions[*index])
        .chain((!plan.dead.is_empty()).then_some(&ended))
        .collect();
    let types = Types::new(&module, &functions);
    let mut graft = Graft {
        indices: plan.indices(&module),
        positions: plan.positions(&module),
        functions,
        object,
        layout,
        types,
        imports: module.imports,
        plan: &plan,
    };
    let mut out = wasm_encoder::Module::new();
    graft
        .parse_core_module(&mut out, Parser::new(0), &module.deployed)
        .map_err(|error| Refusal::Rejected(error.to_string()))?;
    let wasm = process(&out.finish()).map_err(|error| Refusal::Rejected(error.to_string()))?;
    if let Some(reason) = refusal(&wasm) {
        return Err(Refusal::Rejected(reason));
    }
    let added = graft.functions.iter().map(|code| code.body.len() as u64);
    Ok(Transplant {
        wasm,
        removed_functions: module.functions.len() - plan.kept.range(module.imports..).count(),
        added: Bytes(added.sum()),
        state: graft.layout.state,
        heap_base: graft.layout.heap_base,
        original: module.deployed,
        removed: inspection,
    })
}

/// Which functions stay, which go, and which are added.
struct Plan {
    /// Functions with a role, and the donor's functions that replace them.
    replaced: BTreeMap<u32, usize>,
    /// Functions of the old allocator in tables. A table keeps its length: a function that ends the program takes their place.
    dead: BTreeSet<u32>,
    /// Functions that are still reached, including imported ones.
    kept: BTreeSet<u32>,
    /// The donor's functions that are reached, and what those call, in the order of the object.
    added: BTreeSet<usize>,
}

impl Plan {
    fn new(module: &Module, inspection: &Inspection, object: &Object) -> Self {
        let replaced: BTreeMap<u32, usize> = inspection
            .entries
            .iter()
            .filter_map(|(index, entry)| Some((*index, object.function(entry.role)?)))
            .collect();
        let is_replaced = |index: u32| replaced.contains_key(&index);
        let dead: BTreeSet<u32> = module
            .in_table
            .iter()
            .copied()
            .filter(|index| inspection.functions.contains_key(index) && !is_replaced(*index))
            .collect();
        let roots = || {
            module
                .exported
                .iter()
                .chain(module.in_table.difference(&dead))
        };
        let kept = module.reached(roots().copied(), is_replaced);
        let mut open: Vec<usize> = kept
            .iter()
            .filter_map(|index| module.function(*index))
            .flat_map(|function| &function.calls)
            .chain(roots())
            .filter_map(|index| replaced.get(index).copied())
            .collect();
        let mut added = BTreeSet::new();
        while let Some(index) = open.pop() {
            if added.insert(index) {
                let references = object.functions[index].references.iter();
                open.extend(references.filter_map(|reference| match reference.slot {
                    Slot::Function(callee) => Some(callee),
                    _ => None,
                }));
            }
        }
        Self {
            replaced,
            dead,
            kept,
            added,
        }
    }

    /// Something that the added functions need and that is missing.
    fn missing<'o>(&self, object: &'o Object) -> Option<&'o str> {
        let references = self
            .added
            .iter()
            .flat_map(|index| &object.functions[*index].references);
        references
            .filter_map(|reference| match reference.slot {
                Slot::Missing(position) => Some(object.missing(position)),
                _ => None,
            })
            .next()
    }

    /// The index of the first added function: imports keep theirs, and the functions that stay follow.
    fn first(&self, module: &Module) -> u32 {
        module.imports + self.kept.range(module.imports..).count() as u32
    }

    /// The index of each added function.
    fn positions(&self, module: &Module) -> BTreeMap<usize, u32> {
        self.added
            .iter()
            .copied()
            .zip(self.first(module)..)
            .collect()
    }

    /// The new index of each function that is still referred to.
    fn indices(&self, module: &Module) -> BTreeMap<u32, u32> {
        let imports = (0..module.imports).map(|index| (index, index));
        let own = self
            .kept
            .range(module.imports..)
            .copied()
            .zip(module.imports..);
        let positions = self.positions(module);
        let replaced = self
            .replaced
            .iter()
            .filter_map(|(index, function)| Some((*index, *positions.get(function)?)));
        let end = self.first(module) + self.added.len() as u32;
        let dead = self.dead.iter().map(|index| (*index, end));
        imports.chain(own).chain(replaced).chain(dead).collect()
    }
}

/// Where the donor's data and heap lie.
struct Layout {
    /// Where each segment of the donor that is needed lies.
    segments: BTreeMap<usize, u32>,
    state: u32,
    heap_base: u32,
    /// Pages that the module begins with.
    pages: u64,
}

impl Layout {
    fn new(module: &Module, object: &Object, functions: &BTreeSet<usize>) -> Result<Self, Refusal> {
        // If the module does not say where the heap begins, only what lies beyond all memory is certainly free.
        let state = module.heap_base.unwrap_or_else(|| module.memory_end());
        let state = state.next_multiple_of(HEAP_ALIGN);
        let mut end = state;
        let mut segments = BTreeMap::new();
        for index in data(object, functions) {
            let segment = &object.segments[index];
            let begin = end.next_multiple_of(segment.align.into());
            segments.insert(index, u32::try_from(begin).map_err(|_| Refusal::NoRoom)?);
            end = begin + segment.bytes.len() as u64;
        }
        let heap_base = end.next_multiple_of(HEAP_ALIGN);
        let pages = module.memory.initial.max(heap_base.div_ceil(PAGE));
        let most = module.memory.maximum.unwrap_or(u64::from(u16::MAX));
        if pages > most.min(u64::from(u16::MAX)) {
            return Err(Refusal::NoRoom);
        }
        let address = |address: u64| u32::try_from(address).map_err(|_| Refusal::NoRoom);
        Ok(Self {
            segments,
            state: address(state)?,
            heap_base: address(heap_base)?,
            pages,
        })
    }

    /// The number that an address becomes. Addresses in segments that are left out do not occur.
    fn address(&self, address: Address) -> u32 {
        let (base, offset) = match address {
            Address::Data(segment, offset) => {
                (self.segments.get(&segment).copied().unwrap_or(0), offset)
            }
            Address::HeapBase(offset) => (self.heap_base, offset),
            // The end of a memory of all 65,536 pages would be 0 again.
            Address::HeapEnd(offset) => ((self.pages * PAGE) as u32, offset),
        };
        base.wrapping_add(offset as u32)
    }
}

/// The donor's segments that the functions refer to, directly or through other segments.
fn data(object: &Object, functions: &BTreeSet<usize>) -> BTreeSet<usize> {
    let of = |references: &[Reference]| -> Vec<usize> {
        let segments = references
            .iter()
            .filter_map(|reference| match reference.slot {
                Slot::Offset(Address::Data(segment, _))
                | Slot::Constant(Address::Data(segment, _))
                | Slot::Word(Address::Data(segment, _)) => Some(segment),
                _ => None,
            });
        segments.collect()
    };
    let mut open: Vec<usize> = functions
        .iter()
        .flat_map(|index| of(&object.functions[*index].references))
        .collect();
    let mut found = BTreeSet::new();
    while let Some(segment) = open.pop() {
        if found.insert(segment) {
            open.extend(of(&object.segments[segment].references));
        }
    }
    found
}

/// The types of the donor's functions, as indices of the new module.
struct Types {
    /// Those that the module does not have.
    new: Vec<FuncType>,
    /// One for each added function.
    indices: Vec<u32>,
}

impl Types {
    fn new(module: &Module, functions: &[&Code]) -> Self {
        let mut all = module.types.clone();
        let indices = functions
            .iter()
            .map(|code| {
                let ty = &code.ty;
                let known = all.iter().position(|known| known == ty);
                known.unwrap_or_else(|| {
                    all.push(ty.clone());
                    all.len() - 1
                }) as u32
            })
            .collect();
        Self {
            new: all.split_off(module.types.len()),
            indices,
        }
    }
}

/// Writes the new module from the old.
struct Graft<'a> {
    plan: &'a Plan,
    imports: u32,
    indices: BTreeMap<u32, u32>,
    object: &'a Object,
    /// The added functions, in order.
    functions: Vec<&'a Code>,
    /// The new index of each of the donor's functions.
    positions: BTreeMap<usize, u32>,
    layout: Layout,
    types: Types,
}

/// A reference to a function that was left out.
#[derive(Debug, thiserror::Error)]
#[error("function {0} is referred to and was left out")]
struct Lost(u32);

type Reencoded<T> = Result<T, reencode::Error<Lost>>;

impl Graft<'_> {
    /// A function or a segment of the donor with every reference filled in.
    fn resolved(&self, bytes: &[u8], references: &[Reference]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for reference in references {
            let value = match reference.slot {
                Slot::Function(index) => {
                    unsigned(self.positions.get(&index).copied().unwrap_or(0)).to_vec()
                }
                Slot::Offset(address) => unsigned(self.layout.address(address)).to_vec(),
                Slot::Constant(address) => signed(self.layout.address(address)).to_vec(),
                Slot::Word(address) => self.layout.address(address).to_le_bytes().to_vec(),
                // This does not occur: the graft would have been refused.
                Slot::Missing(_) => continue,
            };
            // Reading the object has checked that it lies within.
            if let Some(place) = bytes.get_mut(reference.at..reference.at + value.len()) {
                place.copy_from_slice(&value);
            }
        }
        bytes
    }

    fn data(&self, data: &mut DataSection) {
        for (index, address) in &self.layout.segments {
            let segment = &self.object.segments[*index];
            let bytes = self.resolved(&segment.bytes, &segment.references);
            // Memory is zero anyway.
            if bytes.iter().any(|byte| *byte != 0) {
                data.active(0, &ConstExpr::i32_const(address.cast_signed()), bytes);
            }
        }
    }
}

impl Reencode for Graft<'_> {
    type Error = Lost;

    fn function_index(&mut self, index: u32) -> Reencoded<u32> {
        let new = self.indices.get(&index).copied();
        new.ok_or(reencode::Error::UserError(Lost(index)))
    }

    fn parse_type_section(
        &mut self,
        types: &mut TypeSection,
        section: TypeSectionReader<'_>,
    ) -> Reencoded<()> {
        utils::parse_type_section(self, types, section)?;
        for ty in self.types.new.clone() {
            let ty = self.func_type(ty)?;
            types.ty().func_type(&ty);
        }
        Ok(())
    }

    fn memory_type(&mut self, memory: wasmparser::MemoryType) -> Reencoded<MemoryType> {
        let memory = utils::memory_type(self, memory);
        Ok(MemoryType {
            minimum: self.layout.pages,
            ..memory
        })
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Reencoded<()> {
        for (index, ty) in (self.imports..).zip(section) {
            let ty = ty?;
            if self.plan.kept.contains(&index) {
                functions.function(ty);
            }
        }
        for ty in &self.types.indices {
            functions.function(*ty);
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: CodeSectionReader<'_>,
    ) -> Reencoded<()> {
        for (index, body) in (self.imports..).zip(section) {
            let body = body?;
            if self.plan.kept.contains(&index) {
                self.parse_function_body(code, body)?;
            }
        }
        for function in &self.functions {
            code.raw(&self.resolved(&function.body, &function.references));
        }
        Ok(())
    }

    fn parse_data_section(
        &mut self,
        data: &mut DataSection,
        section: DataSectionReader<'_>,
    ) -> Reencoded<()> {
        utils::parse_data_section(self, data, section)?;
        self.data(data);
        Ok(())
    }

    /// Adds a data section for the donor's data to a module without one.
    fn intersperse_section_hook(
        &mut self,
        module: &mut wasm_encoder::Module,
        after: Option<SectionId>,
        before: Option<SectionId>,
    ) -> Reencoded<()> {
        if before.is_none() && after != Some(SectionId::Data) {
            let mut data = DataSection::new();
            self.data(&mut data);
            module.section(&data);
        }
        Ok(())
    }
}

/// Encodes a number in the five bytes that the compiler leaves for it, whatever its value.
fn unsigned(value: u32) -> [u8; 5] {
    let byte = |index: u32| (value >> (7 * index)) as u8 & 0x7f;
    [
        byte(0) | 0x80,
        byte(1) | 0x80,
        byte(2) | 0x80,
        byte(3) | 0x80,
        byte(4),
    ]
}

/// Like [`unsigned`], for a number that is read as signed.
fn signed(value: u32) -> [u8; 5] {
    let mut bytes = unsigned(value);
    // The last byte's upper bits repeat the sign.
    bytes[4] = (value.cast_signed() >> 28) as u8 & 0x7f;
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Theorem: a number that is written in five bytes is read back as the same number.
    #[test]
    fn numbers_are_what_they_were() {
        for value in [
            0,
            1,
            63,
            64,
            127,
            128,
            65_536,
            i32::MAX as u32,
            1 << 31,
            u32::MAX,
        ] {
            let read = |bytes: &[u8]| {
                let bytes = bytes.to_vec();
                (
                    wasmparser::BinaryReader::new(&bytes, 0).read_var_u32().ok(),
                    wasmparser::BinaryReader::new(&bytes, 0).read_var_i32().ok(),
                )
            };
            assert_eq!(read(&unsigned(value)).0, Some(value));
            assert_eq!(read(&signed(value)).1, Some(value.cast_signed()));
        }
    }
}
