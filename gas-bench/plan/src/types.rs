//! How large and how deep a type in a plan or interface can be.
//!
//! Lives here: the bounds, and checking a type's text before anything is built from it. Not here: values (`value`), functions
//! (`interface`, `file`).
//!
//! A type is a few characters, yet its value can be larger than memory: `uint8[1000][1000][1000]`. Such types are refused here, before
//! anything is allocated for them.

use alloy_dyn_abi::{DynSolType, Specifier as _};
use alloy_json_abi::{Function, Param};

/// The deepest nesting of lists and tuples.
pub(super) const MOST_DEPTH: usize = 16;

/// The most words a value can have, counting two for each list without a length. This is 128 KiB of calldata, more than any chain's call
/// has.
const MOST_WORDS: u64 = 4_096;

/// The longest signature, in bytes.
const MOST_BYTES: usize = 8_192;

/// A type for which no value is built here.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum TypeError {
    /// The type does not exist.
    #[error("`{0}` is not a type")]
    Unknown(String),
    /// The type nests too deeply.
    #[error("its types are nested more than {MOST_DEPTH} deep")]
    TooDeep,
    /// The type has too many words.
    #[error("`{0}` has more than {MOST_WORDS} words")]
    TooLarge(String),
    /// The text is too long.
    #[error("it is longer than {MOST_BYTES} bytes")]
    TooLong,
}

/// Resolves the type of a parameter.
pub(super) fn resolve(param: &Param) -> Result<DynSolType, TypeError> {
    check_param(param, 0)?;
    let unknown = |_| TypeError::Unknown(first_unknown(param));
    let ty = param.resolve().map_err(unknown)?;
    match words(&ty) {
        0..=MOST_WORDS => Ok(ty),
        _ => Err(TypeError::TooLarge(param.ty.clone())),
    }
}

/// Checks that everything a function takes and returns is a type.
pub(super) fn check_function(function: &Function) -> Result<(), TypeError> {
    let mut params = function.inputs.iter().chain(&function.outputs);
    params.try_for_each(|param| resolve(param).map(drop))
}

/// Checks a signature before it is parsed: parsers recurse as deep as their text.
pub(super) fn check_text(text: &str) -> Result<(), TypeError> {
    if text.len() > MOST_BYTES {
        return Err(TypeError::TooLong);
    }
    let (mut depth, mut lists) = (0_usize, 0_usize);
    for character in text.chars() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '[' => lists += 1,
            ',' => lists = 0,
            _ => {}
        }
        // The parameters have a pair of parentheses of their own, and so do the outputs.
        if depth > MOST_DEPTH + 1 || lists > MOST_DEPTH {
            return Err(TypeError::TooDeep);
        }
    }
    Ok(())
}

fn check_param(param: &Param, depth: usize) -> Result<(), TypeError> {
    check_text(&param.ty)?;
    if depth > MOST_DEPTH {
        return Err(TypeError::TooDeep);
    }
    let mut components = param.components.iter();
    components.try_for_each(|component| check_param(component, depth + 1))
}

/// The part of a type that is unknown.
fn first_unknown(param: &Param) -> String {
    let within = param
        .components
        .iter()
        .find(|component| component.resolve().is_err());
    within.map_or_else(|| param.ty.clone(), first_unknown)
}

/// The least words a value has, counting two elements wherever there can be several.
fn words(ty: &DynSolType) -> u64 {
    match ty {
        DynSolType::Array(inner) => words(inner).saturating_mul(2).saturating_add(2),
        DynSolType::FixedArray(inner, length) => {
            // An empty list has a length, too.
            words(inner).max(1).saturating_mul(*length as u64)
        }
        DynSolType::Tuple(types) => types.iter().map(words).fold(0, u64::saturating_add),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ty: &str, expected: Result<(), &str>) {
        let param = Param {
            ty: ty.to_owned(),
            name: String::new(),
            components: Vec::new(),
            internal_type: None,
        };
        let found = resolve(&param).map(drop).map_err(|error| error.to_string());
        match (found, expected) {
            (Ok(()), Ok(())) => {}
            (Err(error), Err(part)) => assert!(error.contains(part), "{error}"),
            (found, _) => panic!("{ty}: {found:?}"),
        }
    }

    #[test]
    fn a_type_is_refused_before_anything_has_its_size() {
        check("uint256", Ok(()));
        check("uint256[4096]", Ok(()));
        check("uint256[4097]", Err("more than 4096 words"));
        check("uint256[100000000]", Err("more than 4096 words"));
        check("uint256[18446744073709551615]", Err("more than 4096 words"));
        check("uint8[1000][1000][1000]", Err("more than 4096 words"));
        check(&format!("uint8{}", "[]".repeat(10)), Ok(()));
        check(&format!("uint8{}", "[]".repeat(16)), Err("4096 words"));
        check(
            &format!("uint8{}", "[]".repeat(30)),
            Err("more than 16 deep"),
        );
        check(&format!("uint8{}", "[]".repeat(100_000)), Err("8192 bytes"));
        check(
            &format!("uint8{}", "[".repeat(1_000)),
            Err("more than 16 deep"),
        );
        check("Order", Err("`Order` is not a type"));
    }

    #[test]
    fn a_signature_is_looked_at_before_it_is_parsed() {
        let deep = |times: usize| format!("f({}uint8{})", "(".repeat(times), ")".repeat(times));
        assert_eq!(check_text(&deep(16)), Ok(()));
        assert_eq!(check_text(&deep(17)), Err(TypeError::TooDeep));
        assert_eq!(check_text(&"(".repeat(100_000)), Err(TypeError::TooLong));
        let many = format!("f({})", vec!["uint8[][2]"; 100].join(","));
        assert_eq!(check_text(&many), Ok(()));
    }
}
