//! What activation requires of a module beyond validity: its names, imports, exports and counts.
//!
//! Lives here: every limit, with its value. Not here: which imports exist (`hostio`), limits on a function's frame and
//! operators (`instrument`).

use wasmparser::{ExternalKind, ValType};

use crate::config::{ArbOs, Config};
use crate::hostio;
use crate::instrument::{ADDED_GLOBALS, names};
use crate::module::Module;
use crate::pages::Pages;
use crate::refusal::{Refusal, shown};

/// The prefix of the VM's own names.
const RESERVED_PREFIX: &str = "stylus";

/// The most initial pages of any program, whatever the chain's own limit.
pub(crate) const MAX_PAGES: Pages = Pages(128);

/// Checks everything except function bodies. `page_limit` is what the chain leaves this transaction.
pub(crate) fn check(
    module: &Module<'_>,
    config: &Config,
    page_limit: Pages,
) -> Result<(), Refusal> {
    check_names(module)?;
    check_imports(module, config)?;
    check_exports(module)?;
    check_pages(module, page_limit)?;
    check_counts(module, config)?;
    check_locals(module)
}

/// Refuses an import repeated with another type, an export that resembles an import, and names that begin with
/// `stylus`.
fn check_names(module: &Module<'_>) -> Result<(), Refusal> {
    let mut seen = std::collections::HashMap::new();
    let mut fields = std::collections::HashSet::new();
    for import in &module.imports {
        let first = *seen
            .entry((import.module, import.name))
            .or_insert(import.type_index);
        if first != import.type_index {
            return Err(Refusal::ImportTwice {
                module: shown(import.module),
                name: shown(import.name),
            });
        }
        check_reserved(import.name)?;
        fields.insert(import.name);
    }
    // All exports count, including those dropped later.
    for export in &module.exports {
        let field = export
            .name
            .rsplit_once("__")
            .map_or(export.name, |(_, field)| field);
        if fields.contains(field) {
            return Err(Refusal::ExportsImport {
                export: shown(export.name),
                import: shown(field),
            });
        }
        check_reserved(field)?;
    }
    Ok(())
}

fn check_reserved(name: &str) -> Result<(), Refusal> {
    match name.starts_with(RESERVED_PREFIX) {
        true => Err(Refusal::ReservedName { name: shown(name) }),
        false => Ok(()),
    }
}

/// Checks that every import exists, with this type.
fn check_imports(module: &Module<'_>, config: &Config) -> Result<(), Refusal> {
    for import in &module.imports {
        let known = hostio::signature(import.module, import.name, config.debug);
        let Some(signature) = known else {
            return Err(Refusal::UnknownImport {
                module: shown(import.module),
                name: shown(import.name),
                offset: import.offset,
            });
        };
        let same = module
            .types
            .get(import.type_index as usize)
            .is_some_and(|ty| ty.params() == signature.params && ty.results() == signature.results);
        if !same {
            return Err(Refusal::ImportType {
                name: shown(import.name),
                offset: import.offset,
            });
        }
    }
    Ok(())
}

fn check_exports(module: &Module<'_>) -> Result<(), Refusal> {
    let entrypoint = module
        .export(names::ENTRYPOINT, ExternalKind::Func)
        .ok_or(Refusal::NoEntrypoint)?;
    let right = module
        .function_type(entrypoint)
        .is_some_and(|ty| ty.params() == [ValType::I32] && ty.results() == [ValType::I32]);
    if !right {
        return Err(Refusal::EntrypointType);
    }
    module
        .export(names::MEMORY, ExternalKind::Memory)
        .ok_or(Refusal::NoMemory)?;
    Ok(())
}

fn check_pages(module: &Module<'_>, page_limit: Pages) -> Result<(), Refusal> {
    let pages = module.memory.map_or(0, |memory| memory.initial);
    let limit = MAX_PAGES.min(page_limit);
    match pages > u64::from(limit.0) {
        true => Err(Refusal::TooManyPages {
            pages,
            limit,
            offset: module.memory_offset,
        }),
        false => Ok(()),
    }
}

fn check_counts(module: &Module<'_>, config: &Config) -> Result<(), Refusal> {
    for (what, count, limit) in counts(module, config) {
        if count > limit {
            return Err(Refusal::TooMany { what, count, limit });
        }
    }
    Ok(())
}

/// What is counted in a module, each with its limit, in the order of the checks.
pub(crate) fn counts(module: &Module<'_>, config: &Config) -> Vec<(&'static str, u64, u64)> {
    let table_entries = module.tables.iter().map(|table| table.initial).sum();
    let element_bytes = module
        .elements
        .iter()
        .map(|element| element.range.len() as u64)
        .sum();
    let name_bytes = module.name.map_or(0, |name| name.len() as u64);
    let mut limits = vec![
        ("data segments", module.data.len() as u64, 128),
        ("element segments", module.elements.len() as u64, 128),
        ("functions", module.functions.len() as u64, 4_096),
        (
            "globals",
            module.globals.len() as u64 + u64::from(ADDED_GLOBALS),
            32_768,
        ),
        ("table entries", table_entries, 4_096),
        ("bytes of element segments", element_bytes, 4_096),
        ("bytes of module name", name_bytes, 512),
    ];
    if config.debug {
        // Off debug chains, all but a handful are dropped before they are counted.
        let longest = module.exports.iter().map(|export| export.name.len());
        let longest = longest.max().unwrap_or(0) as u64;
        let exports = module.exports.len() as u64 + u64::from(ADDED_GLOBALS);
        limits.push(("exports", exports, 1_024));
        limits.push(("bytes in the name of an export", longest, 512));
    }
    if config.arbos >= ArbOs::CHARGING_FIXES {
        limits.push(("imports", module.imports.len() as u64, 513));
    }
    limits
}

/// The most locals that a function declares, without parameters.
pub(crate) const MAX_LOCALS: u32 = 348;

/// Checks the locals that each function declares.
fn check_locals(module: &Module<'_>) -> Result<(), Refusal> {
    for (position, body) in module.bodies.iter().enumerate() {
        let locals =
            crate::instrument::declared_locals(body).map_err(|error| Refusal::invalid(&error))?;
        if locals > MAX_LOCALS {
            return Err(Refusal::FunctionTooLarge {
                function: (module.imports.len() + position) as u32,
                what: "declared locals",
                count: locals.into(),
                limit: MAX_LOCALS.into(),
                offset: body.range().start,
            });
        }
    }
    Ok(())
}
