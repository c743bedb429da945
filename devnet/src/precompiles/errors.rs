//! Text for errors of precompiles and of Solidity, as in Nitro's JSON-RPC messages.
//!
//! Lives here: the conversion of revert data to text. Not here: the errors themselves (each in its precompile's file).

use alloy_primitives::U256;
use alloy_sol_types::{Panic, Revert, SolError, SolInterface as _};

use crate::precompiles::arb_debug::ArbDebug::ArbDebugErrors;
use crate::precompiles::arb_retryable_tx::ArbRetryableTx::ArbRetryableTxErrors;
use crate::precompiles::arb_sys::ArbSys::ArbSysErrors;
use crate::precompiles::arb_wasm::ArbWasm::ArbWasmErrors;
use crate::precompiles::arbos_acts::ArbosActs::ArbosActsErrors;

/// The text of revert data: Solidity's `Error` and `Panic`, and the custom errors of precompiles; `None` for anything
/// else.
pub(crate) fn error_text(data: &[u8]) -> Option<String> {
    if let Ok(revert) = Revert::abi_decode(data) {
        return Some(revert.reason);
    }
    if let Ok(panic) = Panic::abi_decode(data) {
        return Some(panic_text(panic.code));
    }
    let known = [wasm, sys, retryable, acts, debug];
    known.iter().find_map(|known| known(data))
}

/// What to do about an error of ArbWasm; `None` for anything else.
pub(crate) fn advice(data: &[u8]) -> Option<String> {
    use ArbWasmErrors as Errors;
    Some(match Errors::abi_decode(data).ok()? {
        Errors::ProgramNotWasm(_) => {
            "no program is at that address: its code has to begin with 0xeff000, as `cargo stylus deploy` sends it".into()
        }
        Errors::ProgramNotActivated(_) => {
            "activate it first, with `cargo stylus activate` or ArbWasm.activateProgram".into()
        }
        Errors::ProgramNeedsUpgrade(_) => {
            "activate it again, since the chain has a newer Stylus version".into()
        }
        Errors::ProgramExpired(_) => "activate it again".into(),
        Errors::ProgramUpToDate(_) => "it is active, and nothing has to be done".into(),
        Errors::ProgramKeepaliveTooSoon(_) => "its activation still lasts too long to be extended".into(),
        Errors::ProgramInsufficientValue(it) => {
            format!("send at least {} wei along; what is not needed comes back", it.want)
        }
    })
}

fn wasm(data: &[u8]) -> Option<String> {
    use ArbWasmErrors as Errors;
    Some(match Errors::abi_decode(data).ok()? {
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

fn sys(data: &[u8]) -> Option<String> {
    let ArbSysErrors::InvalidBlockNumber(it) = ArbSysErrors::abi_decode(data).ok()?;
    Some(custom(
        "InvalidBlockNumber",
        &[it.requested.to_string(), it.current.to_string()],
    ))
}

fn retryable(data: &[u8]) -> Option<String> {
    Some(match ArbRetryableTxErrors::abi_decode(data).ok()? {
        ArbRetryableTxErrors::NoTicketWithID(_) => custom("NoTicketWithID", &[]),
        ArbRetryableTxErrors::NotCallable(_) => custom("NotCallable", &[]),
    })
}

fn acts(data: &[u8]) -> Option<String> {
    let ArbosActsErrors::CallerNotArbOS(_) = ArbosActsErrors::abi_decode(data).ok()?;
    Some(custom("CallerNotArbOS", &[]))
}

fn debug(data: &[u8]) -> Option<String> {
    Some(match ArbDebugErrors::abi_decode(data).ok()? {
        ArbDebugErrors::Custom(it) => custom(
            "Custom",
            &[it.number.to_string(), it.message, it.isHeads.to_string()],
        ),
        ArbDebugErrors::Unused(_) => custom("Unused", &[]),
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
        check("80698456", Some("error NoTicketWithID()"));
        check(
            &format!("d5dc642d{}{}", word(5), word(2)),
            Some("error InvalidBlockNumber(5, 2)"),
        );
        check("", None);
        check("010203", None);
        check("08c379a0", None);
    }
}
