//! Changes that turn one module into another, or into none.
//!
//! Lives here: mutants and how they are made. Not here: what must hold of them.

use wasmparser::{Parser, Payload};

use super::entropy::Choices;

/// `module` with one or two changes, chosen by `choices`; `other` lends sections.
pub(crate) fn mutant(mut module: Vec<u8>, other: &[u8], choices: &mut Choices<'_>) -> Vec<u8> {
    for _ in 0..1 + choices.below(2) {
        if module.is_empty() {
            break;
        }
        let at = choices.below(module.len());
        let len = choices.below(12).min(module.len() - at);
        match choices.below(12) {
            0..5 => module[at] ^= 1 << choices.below(8),
            5..8 => module[at] = choices.pick(&[0, 1, 0x0b, 0x40, 0x41, 0x7f, 0x80, 0xff]),
            8 => module.truncate(at),
            9 => drop(module.drain(at..at + len)),
            10 => {
                let again = module[at..at + len].to_vec();
                module.splice(at..at, again);
            }
            _ => module = spliced(&module, other, choices),
        }
    }
    module
}

/// `module` with one section of `other`, as a replacement or an addition.
fn spliced(module: &[u8], other: &[u8], choices: &mut Choices<'_>) -> Vec<u8> {
    let mut sections = sections(module);
    let others = self::sections(other);
    if sections.is_empty() || others.is_empty() {
        return module.to_vec();
    }
    let section = choices.pick(&others);
    let at = choices.below(sections.len());
    match sections.iter().position(|(id, _)| *id == section.0) {
        Some(same) if !choices.once_in(4) => sections[same] = section,
        _ => sections.insert(at, section),
    }
    let mut spliced = module[..8].to_vec();
    for (id, contents) in sections {
        wasm_encoder::Section::append_to(
            &wasm_encoder::RawSection { id, data: contents },
            &mut spliced,
        );
    }
    spliced
}

/// Identifier and contents of the sections up to the first unreadable one.
fn sections(module: &[u8]) -> Vec<(u8, &[u8])> {
    Parser::new(0)
        .parse_all(module)
        .map_while(Result::ok)
        .filter(|payload| !matches!(payload, Payload::CodeSectionEntry(_)))
        .filter_map(|payload| payload.as_section())
        .filter_map(|(id, range)| Some((id, module.get(range)?)))
        .collect()
}
