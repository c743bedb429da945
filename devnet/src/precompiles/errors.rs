//! Errors of precompiles and of Solidity in words, as Nitro puts them into JSON-RPC messages.
//!
//! Lives here: from revert data to text. Not here: the errors themselves (each in its precompile's file).

use alloy_primitives::U256;
use alloy_sol_types::{Panic, Revert, SolError, SolInterface as _};

use crate::precompiles::arb_wasm::ArbWasm::ArbWasmErrors as Errors;

/// What revert data says: Solidity's `Error` and `Panic`, and the custom errors of precompiles; `None` for anything else.
pub(crate) fn error_text(data: &[u8]) -> Option<String> {
    if let Ok(revert) = Revert::abi_decode(data) {
        return Some(revert.reason);
    }
    if let Ok(panic) = Panic::abi_decode(data) {
        return Some(panic_text(panic.code));
    }
    let known = Errors::abi_decode(data).ok()?;
    Some(match known {
        Errors::ProgramNotWasm(_) => custom("ProgramNotWasm", &[]),
        Errors::ProgramNotActivated(_) => custom("ProgramNotActivated", &[]),
        Errors::ProgramNeedsUpgrade(it) => custom(
            "ProgramNeedsUpgrade",
            &[it.version.to_string(), it.stylusVersion.to_string()],
        ),
        Errors::ProgramExpired(it) => custom("ProgramExpired", &[it.ageInSeconds.to_string()]),
        Errors::ProgramUpToDate(_) => custom("ProgramUpToDate", &[]),
        Errors::ProgramKeepaliveTooSoon(it) => {
            custom("ProgramKeepaliveTooSoon", &[it.ageInSeconds.to_string()])
        }
        Errors::ProgramInsufficientValue(it) => custom(
            "ProgramInsufficientValue",
            &[it.have.to_string(), it.want.to_string()],
        ),
    })
}

fn custom(name: &str, arguments: &[String]) -> String {
    format!("error {name}({})", arguments.join(", "))
}

/// Solidity's panics in geth's words.
fn panic_text(code: U256) -> String {
    let code: u64 = code.saturating_to();
    let text = match code {
        0x00 => "generic panic",
        0x01 => "assert(false)",
        0x11 => "arithmetic underflow or overflow",
        0x12 => "division or modulo by zero",
        0x21 => "enum overflow",
        0x22 => "invalid encoded storage byte array accessed",
        0x31 => "out-of-bounds array access; popping on an empty array",
        0x32 => "out-of-bounds access of an array or bytesN",
        0x41 => "out of memory",
        0x51 => "uninitialized function",
        _ => return format!("unknown panic code: {code:#x}"),
    };
    text.into()
}

#[cfg(test)]
mod tests {
    use alloy_primitives::hex;

    use super::*;

    fn check(data: &str, text: Option<&str>) {
        let data = hex::decode(data).unwrap();
        assert_eq!(error_text(&data).as_deref(), text);
    }

    #[test]
    fn revert_data_in_words() {
        check("cc944bf2", Some("error ProgramUpToDate()"));
        check("6f809c4e", Some("error ProgramNotActivated()"));
        let word = |n: u8| format!("{n:064x}");
        check(
            &format!("637d968f{}{}", word(1), word(2)),
            Some("error ProgramNeedsUpgrade(1, 2)"),
        );
        check(
            &format!("4e487b71{}", word(0x11)),
            Some("arithmetic underflow or overflow"),
        );
        check("", None);
        check("010203", None);
        check("08c379a0", None);
    }
}
