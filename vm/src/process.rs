//! What `cargo stylus` does to a module between the compiler and the chain.
//!
//! Lives here: the rewriting of one module's bytes. Not here: compression and the code prefix (`code`), nor any judgement whether
//! the result can be activated (`activate`).

use std::convert::Infallible;

use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{CustomSection, Module, RawSection};
use wasmparser::{BinaryReader, CustomSectionReader, Operator, Parser, Payload};

use crate::refusal::reader_words;

/// The custom section in which a deployment identifies its sources.
const PROJECT_HASH: &str = "project_hash";

/// The hash of no sources, as when deploying a wasm file directly: a real hash would make the same contract differ from folder to folder.
pub const NO_PROJECT: [u8; 32] = [0; 32];

/// The bytes are not a wasm module.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// Malformed at the beginning or before the end.
    #[error("it is not a wasm module: {0}")]
    NotWasm(Box<str>),
    /// Malformed in a custom section, which a chain ignores.
    #[error(
        "its custom section at byte {at} is malformed: {what}; build without whatever wrote it, or remove it"
    )]
    Custom {
        /// Offset of the section.
        at: usize,
        /// What is wrong with it.
        what: &'static str,
    },
}

impl From<reencode::Error> for ProcessError {
    fn from(error: reencode::Error) -> Self {
        Self::NotWasm(match error {
            // The encoder reports only that there was an error.
            reencode::Error::ParseError(error) => {
                format!("{} (at byte {:#x})", reader_words(&error), error.offset()).into()
            }
            other => other.to_string().into(),
        })
    }
}

/// The module as `cargo stylus` would deploy it.
///
/// - Re-encodes everything in its shortest form, because a compiler with reference types writes the table index of `call_indirect`
///   in five bytes and the VM accepts one.
/// - Drops every custom section, and an unneeded data count, because the VM refuses that section.
/// - Appends the project hash.
///
/// # Errors
/// If `built` is not a wasm module.
pub fn process(built: &[u8]) -> Result<Vec<u8>, ProcessError> {
    let shortest = encode_anew(built)?;
    let keep_data_count = needs_data_count(&shortest)?;
    let bare = filtered(&shortest, &|payload| match payload {
        Payload::CustomSection(_) => false,
        Payload::DataCountSection { .. } => keep_data_count,
        _ => true,
    })?;
    with_project(&bare, NO_PROJECT)
}

/// The module with its custom sections replaced by the project hash, otherwise unchanged.
///
/// # Errors
/// If `module` is not a wasm module.
pub fn with_project(module: &[u8], hash: [u8; 32]) -> Result<Vec<u8>, ProcessError> {
    let mut bare = Kept::Nothing.sections(module)?;
    bare.section(&CustomSection {
        name: PROJECT_HASH.into(),
        data: hash.as_slice().into(),
    });
    Ok(bare.finish())
}

/// Which custom sections of a module to keep.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kept {
    /// No custom section.
    Nothing,
    /// Function names.
    Names,
    /// The target features of WebAssembly.
    Features,
    /// Function names and target features.
    FeaturesAndNames,
}

impl Kept {
    /// The module re-encoded, as `cargo stylus` passes it on, with these custom sections.
    ///
    /// # Errors
    /// If `module` is not a wasm module.
    pub fn of(self, module: &[u8]) -> Result<Vec<u8>, ProcessError> {
        let shortest = encode_anew(module)?;
        Ok(self.sections(&shortest)?.finish())
    }

    fn sections(self, module: &[u8]) -> Result<Module, ProcessError> {
        Ok(filter(module, &|payload| match payload {
            Payload::CustomSection(section) => match section.name() {
                "name" => matches!(self, Self::Names | Self::FeaturesAndNames),
                "target_features" | "producers" => {
                    matches!(self, Self::Features | Self::FeaturesAndNames)
                }
                _ => false,
            },
            _ => true,
        })?)
    }
}

fn filtered(
    module: &[u8],
    is_kept: &dyn Fn(&Payload<'_>) -> bool,
) -> Result<Vec<u8>, reencode::Error> {
    Ok(filter(module, is_kept)?.finish())
}

/// Keeps only some sections of a module.
fn filter(
    module: &[u8],
    is_kept: &dyn Fn(&Payload<'_>) -> bool,
) -> Result<Module, reencode::Error> {
    let mut kept = Module::new();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        if let Some((id, range)) = payload.as_section().filter(|_| is_kept(&payload)) {
            kept.section(&RawSection {
                id,
                data: &module[range],
            });
        }
    }
    Ok(kept)
}

/// The size of a module without its custom sections.
///
/// # Errors
/// If `module` is not a wasm module.
pub fn size_without_custom(module: &[u8]) -> Result<usize, ProcessError> {
    let mut size = module.len();
    let mut begin = Module::HEADER.len();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload.map_err(|error| why(module, error.into()))?;
        if let Some((_, range)) = payload.as_section() {
            if let Payload::CustomSection(_) = payload {
                size -= range.end - begin;
            }
            begin = range.end;
        }
    }
    Ok(size)
}

/// The module without debug information; every other byte stays as it is.
///
/// # Errors
/// If `module` is not a wasm module.
pub fn without_debug(module: &[u8]) -> Result<Vec<u8>, ProcessError> {
    let mut kept = Vec::new();
    let mut begin = 0;
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload.map_err(|error| why(module, error.into()))?;
        if let Some((_, range)) = payload.as_section() {
            let is_debug = match &payload {
                Payload::CustomSection(section) => section.name().starts_with(".debug_"),
                _ => false,
            };
            if !is_debug {
                kept.extend_from_slice(&module[begin..range.end]);
            } else if begin == 0 {
                kept.extend_from_slice(&module[..Module::HEADER.len()]);
            }
            begin = range.end;
        }
    }
    kept.extend_from_slice(&module[begin..]);
    Ok(kept)
}

fn encode_anew(module: &[u8]) -> Result<Vec<u8>, ProcessError> {
    let mut shortest = Module::new();
    let encoded = Anew.parse_core_module(&mut shortest, Parser::new(0), module);
    encoded.map_err(|error| why(module, error))?;
    Ok(shortest.finish())
}

/// Why `module` cannot be read, given the `error` that ended the reading.
fn why(module: &[u8], error: reencode::Error) -> ProcessError {
    // What does not begin like a module has no sections.
    let is_module = module.starts_with(&Module::HEADER);
    match is_module.then(|| malformed_custom(module)).flatten() {
        Some((at, what)) => ProcessError::Custom { at, what },
        None => error.into(),
    }
}

/// Re-encodes what a chain reads; copies custom sections unchanged, whether or not they make sense.
struct Anew;

impl Reencode for Anew {
    type Error = Infallible;

    fn parse_custom_section(
        &mut self,
        module: &mut Module,
        section: CustomSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        module.section(&CustomSection {
            name: section.name().into(),
            data: section.data().into(),
        });
        Ok(())
    }
}

/// The offset of the first custom section whose extent or name is malformed, and what is wrong with it.
fn malformed_custom(module: &[u8]) -> Option<(usize, &'static str)> {
    let mut reader = BinaryReader::new(module, 0);
    reader.read_bytes(Module::HEADER.len()).ok()?;
    while !reader.eof() {
        let at = reader.original_position();
        let is_custom = reader.read_u8().ok()? == 0;
        let size = reader.read_var_u32().ok()?;
        let Ok(content) = reader.read_bytes(size as usize) else {
            return is_custom.then_some((at, "the module ends before it does"));
        };
        let mut content = BinaryReader::new(content, 0);
        if is_custom {
            let length = content.read_var_u32().ok();
            let name = length.and_then(|length| content.read_bytes(length as usize).ok());
            match name.map(str::from_utf8) {
                Some(Ok(_)) => {}
                Some(Err(_)) => return Some((at, "its name is not in UTF-8")),
                None => return Some((at, "the name does not fit into the section")),
            }
        }
    }
    None
}

/// Whether the module has an instruction that is invalid without a data count.
fn needs_data_count(module: &[u8]) -> Result<bool, reencode::Error> {
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::CodeSectionEntry(body) = payload? {
            for operator in body.get_operators_reader()? {
                if matches!(
                    operator?,
                    Operator::MemoryInit { .. } | Operator::DataDrop { .. }
                ) {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Theorem: post-processing does the same as printing a module to text and assembling it again, less the custom sections, plus
    /// the project hash. That round trip is how cargo stylus does it.
    fn check(built: &[u8]) -> Vec<u8> {
        let processed = process(built).unwrap();
        let text = wasmprinter::print_bytes(built).unwrap();
        let assembled = wat::parse_str(text).unwrap();
        let mut expected = assembled[..8].to_vec();
        for section in sections(&assembled)
            .into_iter()
            .filter(|section| section.id != CUSTOM)
        {
            expected.extend_from_slice(section.bytes);
        }
        let hash: Vec<u8> = [&[CUSTOM, 45, 12], PROJECT_HASH.as_bytes(), &[0; 32]].concat();
        expected.extend_from_slice(&hash);
        assert_eq!(processed, expected);
        assert_eq!(
            process(&processed).unwrap(),
            processed,
            "a second time changes nothing"
        );
        processed
    }

    const CUSTOM: u8 = 0;
    const DATA_COUNT: u8 = 12;

    struct Section<'a> {
        id: u8,
        bytes: &'a [u8],
    }

    /// The sections of a module whose sizes all take one byte.
    fn sections(module: &[u8]) -> Vec<Section<'_>> {
        let mut rest = &module[8..];
        let mut sections = Vec::new();
        while let [id, size, ..] = *rest {
            assert!(size < 0x80, "a small module");
            let (bytes, after) = rest.split_at(2 + usize::from(size));
            sections.push(Section { id, bytes });
            rest = after;
        }
        sections
    }

    fn ids(module: &[u8]) -> Vec<u8> {
        sections(module).iter().map(|section| section.id).collect()
    }

    #[test]
    fn modules_are_encoded_as_from_text() {
        for text in [
            "(module)",
            r#"(module (memory (export "memory") 1) (data (i32.const 8) "x"))"#,
            r#"(module (memory 1) (data "x") (func (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 1))))"#,
            r#"(module (memory 1) (data "x") (func (data.drop 0)))"#,
            r#"(module (import "vm_hooks" "read_args" (func (param i32))) (func (export "user_entrypoint") (param i32)
                (result i32) (local i32 i64 i64) (call 0 (i32.const 1024)) (i32.const -1)) (memory 0 7)
                (global (mut i32) (i32.const 1048576)))"#,
            "(module (table 2 2 funcref) (elem (i32.const 1) func 0) (func $f (call_indirect (param i32) (i32.const 1)
                (i32.const 0))) (func (block (loop (br_table 0 1 (i32.const 0))))) (start 0))",
            "(module (memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 9))
                (memory.copy (i32.const 0) (i32.const 0) (i32.const 9)) (drop (i32.load offset=65536 (i32.const 0)))))",
        ] {
            check(&wat::parse_str(text).unwrap());
        }
    }

    #[test]
    fn only_debug_information_is_taken_away() {
        let text = r#"(module (@custom ".debug_line" (before type) "0123") (func $f (nop)) (@custom ".debug_str" "45")
            (@custom "producers" "6") (@custom ".debug_abbrev" (after code) "78"))"#;
        let bare = r#"(module (func $f (nop)) (@custom "producers" "6"))"#;
        let module = wat::parse_str(text).unwrap();
        let bare = wat::parse_str(bare).unwrap();
        assert_eq!(without_debug(&module).unwrap(), bare);
        assert_eq!(without_debug(&bare).unwrap(), bare);
        assert!(without_debug(&module[..module.len() - 1]).is_err());
    }

    /// With reference types, a compiler may write the table index, and any other index, in more bytes than needed.
    #[test]
    fn overlong_indices_become_one_byte() {
        let module = wat::parse_str(
            "(module (type (func)) (table 1 funcref) (func (i32.const 0) (call_indirect (type 0))))",
        )
        .unwrap();
        // The code section: one body of seven bytes, no locals, i32.const 0, call_indirect type 0 table 0, end.
        let short = [10, 9, 1, 7, 0, 0x41, 0, 0x11, 0, 0, 0x0b];
        let long = [
            10, 13, 1, 11, 0, 0x41, 0, 0x11, 0, 0x80, 0x80, 0x80, 0x80, 0, 0x0b,
        ];
        let start = module.len() - short.len();
        assert_eq!(module[start..], short);
        let overlong = [&module[..start], &long].concat();
        assert_eq!(check(&overlong), check(&module));
    }

    #[test]
    fn data_count_stays_only_where_an_instruction_needs_it() {
        // A compiler with bulk memory counts segments whether or not an instruction needs the count; this inserts the count between
        // the export section, or what comes before it, and the code.
        for (function, needed) in [("", false), ("(func (data.drop 0))", true)] {
            let text = format!(r#"(module (memory 1) {function} (data (i32.const 0) "x"))"#);
            let assembled = wat::parse_str(text).unwrap();
            let mut counted = assembled[..8].to_vec();
            for section in sections(&assembled)
                .into_iter()
                .filter(|section| section.id != DATA_COUNT)
            {
                if section.id == if needed { 10 } else { 11 } {
                    counted.extend_from_slice(&[DATA_COUNT, 1, 1]);
                }
                counted.extend_from_slice(section.bytes);
            }
            assert!(ids(&counted).contains(&DATA_COUNT));
            assert_eq!(
                ids(&check(&counted)).contains(&DATA_COUNT),
                needed,
                "{function:?}"
            );
        }
    }

    #[test]
    fn custom_sections_give_way_to_the_project_hash() {
        let text = r#"(module $named (@custom "producers" "x") (memory $m 1) (@custom "target_features" (after last) "y"))"#;
        let processed = check(&wat::parse_str(text).unwrap());
        assert_eq!(ids(&processed), [5, CUSTOM]);
    }

    /// Theorem: the size without custom sections is the size of the module encoded without them.
    #[test]
    fn custom_sections_are_not_counted() {
        let text = r#"(module $named (@custom "a" "x") (memory $m 1) (func $f (unreachable)) (@custom "b" (after last) "yyy"))"#;
        let named = wat::parse_str(text).unwrap();
        let bare = wat::parse_str("(module (memory 1) (func (unreachable)))").unwrap();
        let bare: usize = 8 + sections(&bare)
            .iter()
            .filter(|section| section.id != CUSTOM)
            .map(|section| section.bytes.len())
            .sum::<usize>();
        assert_eq!(size_without_custom(&named).unwrap(), bare);
    }

    /// Theorem: the contents of a custom section are never read; one without a name is identified by its place.
    #[test]
    fn custom_sections_are_not_a_modules_fault() {
        let sound = wat::parse_str("(module (func $f))").unwrap();
        // Names that promise more bytes than there are.
        let nonsense = [&[CUSTOM, 7, 4], &b"name"[..], &[1, 99]].concat();
        let module = [&sound[..], &nonsense].concat();
        assert_eq!(process(&module).unwrap(), process(&sound).unwrap());
        let kept = Kept::Names.of(&module).unwrap();
        assert!(kept.ends_with(&nonsense));

        for (section, what) in [
            (
                &[CUSTOM, 2, 9, b'x'][..],
                "the name does not fit into the section",
            ),
            (&[CUSTOM, 0], "the name does not fit into the section"),
            (&[CUSTOM, 2, 1, 0xff], "its name is not in UTF-8"),
            (&[CUSTOM, 9, 1, b'x'], "the module ends before it does"),
        ] {
            let module = [&sound[..], section].concat();
            let sentence = process(&module).unwrap_err().to_string();
            let place = format!(
                "its custom section at byte {} is malformed: {what}; ",
                sound.len()
            );
            assert!(sentence.starts_with(&place), "{sentence}");
            let sized = size_without_custom(&module).unwrap_err();
            assert_eq!(sized.to_string(), sentence);
        }
    }

    #[test]
    fn what_is_no_module_is_an_error() {
        for (bytes, cause) in [
            (&b""[..], "unexpected end-of-file (at byte 0x0)"),
            (b"\0asm", "unexpected end-of-file (at byte 0x4)"),
            (
                b"\0asm\x0d\0\x01\0",
                "There was a section that does not belong in a core wasm module",
            ),
            (
                b"\0asm\x01\0\0\0\x01\x7f",
                "unexpected end-of-file (at byte 0xa)",
            ),
            (
                b"hello, world",
                "magic header not detected: bad magic number (at byte 0x0)",
            ),
        ] {
            let sentence = process(bytes).unwrap_err().to_string();
            assert_eq!(sentence, format!("it is not a wasm module: {cause}"));
        }
    }
}
