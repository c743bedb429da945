//! Comparisons for tests.
//!
//! Lives here: building one from few words. Not here: any test.

use stylus_cargo::{Lto, Mode, OptLevel, Variant};
use stylus_vm::{Gas, Ink};

use crate::figures::Bytes;
use crate::figures::comparison::{CallFigures, Comparison, Measured, Total, VariantFigures};

/// A comparison of these variants, the author's own build first.
pub(super) fn comparison(variants: Vec<Measured>) -> Comparison {
    Comparison {
        contract: "erc20".to_owned(),
        own_level: "3".to_owned(),
        lto_hindrance: None,
        wasm_opt: Some("wasm-opt version 108".to_owned()),
        variants,
        left_out: Vec::new(),
        advice: std::collections::BTreeSet::new(),
    }
}

/// A variant by its changes, such as `mini s O3`, with bytes of code and gas of the calls `call 0`, `call 1` and so on, or a failure.
pub(super) fn variant(name: &str, code: u64, gas: &[Option<u64>]) -> Measured {
    let call = |(index, gas): (usize, &Option<u64>)| CallFigures {
        name: format!("call {index}"),
        total: gas
            .map(|gas| Total {
                gas: Gas(gas),
                cached_gas: Gas(gas / 2),
                ink: Ink(gas * 9_000),
                runs: 1,
            })
            .ok_or_else(|| "it ran out of gas".to_owned()),
    };
    let figures = VariantFigures {
        code: Bytes(code),
        account_limit: Bytes(24_576),
        accounts: u32::try_from(code.div_ceil(24_576)).unwrap(),
        deploy_gas: Gas(200 * code),
        activation_gas: Gas(100 * code),
        calls: gas.iter().enumerate().map(call).collect(),
    };
    Measured {
        variant: named(name),
        outcome: Ok(figures),
        same_as: None,
    }
}

/// A variant without figures.
pub(super) fn failed(name: &str, reason: &str) -> Measured {
    Measured {
        variant: named(name),
        outcome: Err(reason.to_owned()),
        same_as: None,
    }
}

fn named(name: &str) -> Variant {
    let mut variant = Variant::TODAY;
    for word in name.split(' ').filter(|&word| word != "today") {
        let level = OptLevel::ALL.iter().find(|level| level.name() == word);
        if let Some(level) = level {
            variant.level = Some(*level);
        } else if word == "lto" {
            variant.lto = Some(Lto::On);
        } else if let Ok(mode) = word.parse::<Mode>() {
            variant.wasm_opt = mode;
        } else {
            let mut allocators = stylus_cargo::replaceable().into_iter();
            let allocator = allocators.find(|allocator| allocator.name() == word);
            variant.allocator = Some(allocator.unwrap());
        }
    }
    variant
}
