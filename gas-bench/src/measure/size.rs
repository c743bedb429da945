//! Derives a contract's size figures from the two forms of its module.
//!
//! Lives here: which name belongs to which part, and what must be true of the two modules for that. Not here: reading either of them
//! (`size::module`), whose code a function is (`stylus_report::figures`), making them (`stylus-cargo`).

mod module;

use std::fmt;

use wasmparser::{BinaryReaderError, Parser};

use module::{Parts, take_apart};
use stylus_report::figures::size::{
    CONTRACT, ContractSize, Function, Segment, UNNAMED, crates, demangled, origin,
};
use stylus_report::figures::{Bytes, Sizes};
use stylus_report::words::grouped;

/// One of the two forms of a module.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// As cargo built it, with its names.
    Built,
    /// As it is deployed.
    Deployed,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Built => "the module that cargo built",
            Self::Deployed => "the module that is deployed",
        })
    }
}

/// Why a contract's bytes cannot be attributed.
#[derive(Debug, thiserror::Error)]
pub enum SizeError {
    /// The bytes are not a module.
    #[error("{0} is not a wasm module; check the crate's `crate-type`")]
    NotAModule(Stage),
    /// A part of the module is malformed.
    #[error("{stage} is malformed: {source}; build it again")]
    Malformed {
        /// Which of the two modules.
        stage: Stage,
        /// What is wrong, and at which byte.
        source: BinaryReaderError,
    },
    /// The two modules come from different builds, so the names of one do not fit the other.
    #[error(
        "the module that cargo built has {built} {what}, the deployed one {deployed}; measure both from one build"
    )]
    Different {
        /// The kind of part whose count differs.
        what: &'static str,
        /// How many the built module has.
        built: usize,
        /// How many the deployed module has.
        deployed: usize,
    },
    /// The sizes belong to a different module.
    #[error(
        "the deployed module has {} bytes, but its sizes say {}; measure both from one build",
        grouped(found.0),
        grouped(said.0)
    )]
    Sizes {
        /// How large the module is.
        found: Bytes,
        /// The size it should have.
        said: Bytes,
    },
}

/// Computes the figures of one contract: the parts of `deployed`, under their names in `named`. `named` is the module as cargo built it,
/// including its name section if it has one; `deployed` is the same module after post-processing, with the same functions and data
/// segments in the same order; `sizes` are those of `deployed`.
///
/// # Errors
/// If one of them is not a well-formed module, or they do not belong together.
pub fn measure(named: &[u8], deployed: &[u8], sizes: Sizes) -> Result<ContractSize, SizeError> {
    let found = Bytes::of(deployed);
    if found != sizes.processed {
        return Err(SizeError::Sizes {
            found,
            said: sizes.processed,
        });
    }
    let built = parts(named, Stage::Built)?;
    let deployed = parts(deployed, Stage::Deployed)?;
    for (what, built, deployed) in [
        (
            "imported functions",
            built.imported as usize,
            deployed.imported as usize,
        ),
        ("functions", built.functions.len(), deployed.functions.len()),
        ("data segments", built.data.len(), deployed.data.len()),
    ] {
        if built != deployed {
            return Err(SizeError::Different {
                what,
                built,
                deployed,
            });
        }
    }
    let contract = built.names.module.map_or(CONTRACT, crate_of_file);
    let functions = deployed.functions.iter().zip(deployed.imported..);
    let functions = functions.map(|(&bytes, index)| match built.names.functions.get(&index) {
        None => Function {
            name: format!("function[{index}]"),
            origin: UNNAMED.to_owned(),
            bytes,
        },
        Some(symbol) => {
            let name = demangled(symbol);
            let origin = match origin(&name) {
                CONTRACT => contract,
                origin => origin,
            };
            Function {
                origin: origin.to_owned(),
                name,
                bytes,
            }
        }
    });
    let mut functions: Vec<_> = functions.collect();
    functions.sort_by(|one, other| {
        let larger = other.bytes.cmp(&one.bytes);
        larger.then_with(|| one.name.cmp(&other.name))
    });
    let data = deployed.data.iter().zip(0..);
    let data = data.map(|(&bytes, index)| Segment {
        name: match built.names.data.get(&index) {
            None => format!("data[{index}]"),
            Some(&name) => name.to_owned(),
        },
        bytes,
    });
    Ok(ContractSize {
        sizes,
        crates: crates(&functions),
        data: data.collect(),
        functions,
        built: built.sections,
        deployed: deployed.sections,
    })
}

fn parts(module: &[u8], stage: Stage) -> Result<Parts<'_>, SizeError> {
    if !Parser::is_core_wasm(module) {
        return Err(SizeError::NotAModule(stage));
    }
    take_apart(module).map_err(|source| SizeError::Malformed { stage, source })
}

/// The crate that was linked into `file`, the linker's name for the module.
fn crate_of_file(file: &str) -> &str {
    let stem = file.strip_suffix(".wasm").unwrap_or(file);
    if stem.is_empty() { CONTRACT } else { stem }
}

#[cfg(test)]
mod tests {
    use stylus_cargo::postprocess;
    use stylus_report::figures::size::{COMPILER_BUILTINS, FRAME, HEADER};

    use super::*;

    /// A contract as a compiler emits it: with an import, names in both manglings, a function and a segment without a name, and sections
    /// that are not deployed.
    const TEXT: &str = r#"(module $erc20.wasm
        (import "vm_hooks" "read_args" (func $read_args (param i32)))
        (memory (export "memory") 1)
        (func $user_entrypoint (export "user_entrypoint") (param i32) (result i32) (i32.const 0))
        (func $_ZN5erc205Erc208transfer17hd50f5ebff3111b93E (call $read_args (i32.const 1024)))
        (func $memcpy (nop) (nop))
        (func (nop))
        (data $.rodata (i32.const 8) "abc")
        (data (i32.const 16) "")
        (@custom "producers" "x")
        (@custom "producers" "yz"))"#;

    fn sizes(deployed: &[u8]) -> Sizes {
        Sizes {
            built: Bytes::of(deployed),
            processed: Bytes::of(deployed),
            code: Bytes::of(deployed),
            account_limit: Bytes(24_576),
            fragments_limit: Bytes(98_304),
            processed_limit: Bytes(131_072),
            accounts: 1,
        }
    }

    /// Theorem: the parts add up to the two files, whatever their contents.
    fn check(named: &[u8]) -> ContractSize {
        let deployed = postprocess(named).unwrap();
        let contract = measure(named, &deployed, sizes(&deployed)).unwrap();
        assert!(contract.adds_up(), "{contract:#?}");
        assert_eq!(contract.with_names(), Bytes::of(named));
        contract
    }

    fn check_text(text: &str) -> ContractSize {
        check(&wat::parse_str(text).unwrap())
    }

    #[test]
    fn parts_have_their_names_and_bytes() {
        let contract = check_text(TEXT);
        let functions = contract.functions.iter();
        let functions = functions.map(|it| (&*it.name, &*it.origin, it.bytes.0));
        // A body is the number of groups of locals, its instructions and an end; its length precedes it.
        assert_eq!(
            functions.collect::<Vec<_>>(),
            [
                ("erc20::Erc20::transfer", "erc20", 1 + 1 + 3 + 2 + 1),
                ("memcpy", COMPILER_BUILTINS, 1 + 1 + 2 + 1),
                ("user_entrypoint", "erc20", 1 + 1 + 2 + 1),
                ("function[4]", UNNAMED, 1 + 1 + 1 + 1),
            ]
        );
        let data: Vec<_> = contract
            .data
            .iter()
            .map(|it| (&*it.name, it.bytes.0))
            .collect();
        // A segment is its kind, its offset expression, its length, and its content.
        assert_eq!(data, [(".rodata", 1 + 3 + 1 + 3), ("data[1]", 1 + 3 + 1)]);
        let crates = contract.crates.iter();
        let crates = crates.map(|it| (&*it.name, it.functions, it.bytes.0));
        assert_eq!(
            crates.collect::<Vec<_>>(),
            [("erc20", 2, 13), (COMPILER_BUILTINS, 1, 5), (UNNAMED, 1, 4)]
        );
    }

    #[test]
    fn sections_are_named_in_both_modules() {
        let contract = check_text(TEXT);
        let titles = |sections: &[stylus_report::figures::size::Section]| -> Vec<_> {
            sections
                .iter()
                .map(stylus_report::figures::size::Section::title)
                .collect()
        };
        let standard = [
            "type", "import", "function", "memory", "export", "code", "data",
        ];
        assert_eq!(
            titles(&contract.built),
            [
                &standard[..],
                &["custom producers", "custom producers", "custom name"]
            ]
            .concat()
        );
        assert_eq!(
            titles(&contract.deployed),
            [&standard[..], &["custom project_hash"]].concat()
        );
    }

    #[test]
    fn large_and_small_modules_add_up() {
        let nops = "(nop) ".repeat(200);
        let functions = format!("(func {nops})").repeat(200);
        let long = "x".repeat(20_000);
        for text in [
            "(module)".to_owned(),
            "(module (memory 1) (data (i32.const 0) \"\"))".to_owned(),
            "(module (memory 1) (data $passive \"x\") (func (data.drop 0)))".to_owned(),
            format!("(module {functions})"),
            format!("(module (memory 1) (data (i32.const 0) \"{long}\"))"),
        ] {
            let contract = check_text(&text);
            let parts = [contract.code(), contract.segments(), contract.rest()];
            let parts: u64 = parts.iter().map(|part| part.0).sum();
            assert_eq!(Bytes(parts), contract.sizes.processed);
        }
    }

    /// A linker can write a number in more bytes than needed, so that it can fill it in later.
    #[test]
    fn overlong_numbers_are_part_of_the_frame() {
        let module = wat::parse_str("(module (func) (func))").unwrap();
        let code = [10, 7, 2, 2, 0, 0x0b, 2, 0, 0x0b];
        let start = module.len() - code.len();
        assert_eq!(module[start..], code);
        let overlong = [
            10, 0x8d, 0x80, 0x80, 0x80, 0, 0x82, 0x80, 0x80, 0x80, 0, 0x82, 0x80, 0, 0, 0x0b, 2, 0,
            0x0b,
        ];
        let overlong = [&module[..start], &overlong].concat();
        check(&overlong);
        let contract = measure(&overlong, &overlong, sizes(&overlong)).unwrap();
        assert!(contract.adds_up());
        let bytes: Vec<_> = contract.functions.iter().map(|it| it.bytes.0).collect();
        assert_eq!(bytes, [5, 3]);
        assert!(FRAME.contains(&(1 + 5 + 5)), "the largest frame there is");
    }

    #[test]
    fn a_module_without_names_has_parts_without_names() {
        let contract = check(&postprocess(&wat::parse_str(TEXT).unwrap()).unwrap());
        let all = contract.functions.iter();
        assert!(all.clone().all(|it| it.origin == UNNAMED));
        assert!(all.clone().any(|it| it.name == "function[1]"));
        assert_eq!(contract.data[0].name, "data[0]");
    }

    #[test]
    fn the_entry_is_in_the_crate_that_was_linked() {
        for (module, from) in [
            ("$merkle_airdrop.wasm", "merkle_airdrop"),
            ("$token", "token"),
            ("$.wasm", CONTRACT),
            ("", CONTRACT),
        ] {
            let contract = check_text(&format!("(module {module} (func $user_entrypoint))"));
            assert_eq!(contract.functions[0].origin, from);
        }
    }

    fn check_error(named: &[u8], deployed: &[u8], expected: &str) {
        let error = measure(named, deployed, sizes(deployed)).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
    }

    #[test]
    fn what_does_not_belong_together_is_an_error() {
        let module = |text: &str| wat::parse_str(text).unwrap();
        let one = module("(module (func))");
        let two = module("(module (func) (func))");
        let import = module(r#"(module (import "a" "b" (func)) (func))"#);
        let data = module(r#"(module (memory 1) (func) (data (i32.const 0) "x"))"#);
        check_error(
            &two,
            &one,
            "the module that cargo built has 2 functions, the deployed one 1; ",
        );
        check_error(
            &import,
            &one,
            "the module that cargo built has 1 imported functions, the deployed one 0; ",
        );
        check_error(
            &one,
            &data,
            "the module that cargo built has 0 data segments, the deployed one 1; ",
        );
        check_error(
            b"",
            &one,
            "the module that cargo built is not a wasm module; ",
        );
        check_error(
            &one,
            b"\0asm",
            "the module that is deployed is not a wasm module; ",
        );
        check_error(
            &one[..one.len() - 1],
            &one,
            "the module that cargo built is malformed: unexpected end-of-file",
        );
        check_error(
            &one,
            b"\0asm\x0d\0\x01\0",
            "the module that is deployed is not a wasm module; ",
        );
        let wrong = Sizes {
            processed: HEADER,
            ..sizes(&one)
        };
        let error = measure(&one, &one, wrong).unwrap_err().to_string();
        let expected = format!(
            "the deployed module has {} bytes, but its sizes say 8; ",
            one.len()
        );
        assert!(error.starts_with(&expected), "{error}");
    }

    /// Theorem: no bytes cause a panic. Whatever is cut off or changed, the result is figures that add up, or an error of one line.
    #[test]
    fn damaged_modules_are_figures_or_errors() {
        let named = wat::parse_str(TEXT).unwrap();
        let deployed = postprocess(&named).unwrap();
        let mut outcomes = [0, 0];
        let mut check =
            |named: &[u8], deployed: &[u8]| match measure(named, deployed, sizes(deployed)) {
                Ok(contract) => {
                    assert!(contract.adds_up(), "{contract:#?}");
                    assert_eq!(contract.with_names(), Bytes::of(named));
                    outcomes[0] += 1;
                }
                Err(error) => {
                    assert!(!error.to_string().contains('\n'), "{error}");
                    outcomes[1] += 1;
                }
            };
        for damaged in damaged(&named) {
            check(&damaged, &deployed);
            check(&damaged, &damaged);
        }
        for damaged in damaged(&deployed) {
            check(&named, &damaged);
        }
        assert!(outcomes.iter().all(|&count| count > 100), "{outcomes:?}");
    }

    /// Every prefix of `module`, and every change of one of its bytes in each of several ways.
    fn damaged(module: &[u8]) -> Vec<Vec<u8>> {
        let beginnings = (0..module.len()).map(|length| module[..length].to_vec());
        let changes = (0..module.len()).flat_map(|at| {
            [0x01, 0x02, 0x10, 0x40, 0x7f, 0x80, 0xff].map(|bits| {
                let mut changed = module.to_vec();
                changed[at] ^= bits;
                changed
            })
        });
        beginnings.chain(changes).collect()
    }
}
