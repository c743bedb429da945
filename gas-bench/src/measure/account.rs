//! Breaks a transaction's gas down into parts that add up, from what a node reports.
//!
//! Lives here: the arithmetic of one transaction's gas. Not here: querying the node (`chain`), running anything (`contract`).
//!
//! Theorem: if [`account`] succeeds, the parts' total is the receipt's gas. What a devnet reports is checked against what is known
//! without it: the transaction's own gas follows from its bytes, the host calls from their own trace.

use std::collections::BTreeMap;

use stylus_report::figures::{Hostio, Parts, StartGas};
use stylus_vm::profile::{HostioInk, Profile};
use stylus_vm::{Gas, Ink, InkPrice, Pages};

use crate::chain::{GasTrace, ProgramTrace, Receipt, Step};

/// What every transaction pays (the Ethereum Yellow Paper's G_transaction).
const TRANSACTION: Gas = Gas(21_000);

/// Gas for a zero byte of calldata, and for a non-zero one (EIP-2028).
const CALLDATA: [Gas; 2] = [Gas(4), Gas(16)];

/// The host call that pays for memory. Its argument decides the price: for zero pages its own price alone, otherwise that of the pages
/// alone.
const PAY_FOR_PAGES: &str = "pay_for_memory_grow";

/// What is known of a transaction.
pub(super) struct Told<'a> {
    pub(super) receipt: &'a Receipt,
    pub(super) calldata: &'a [u8],
    /// The gas that the transaction offered.
    pub(super) offered: Gas,
    /// `None` if the node does not trace programs.
    pub(super) steps: Option<&'a [Step]>,
    /// `None` if the node is not a devnet.
    pub(super) trace: Option<&'a GasTrace>,
    pub(super) start: StartGas,
    pub(super) ink_price: InkPrice,
}

/// A transaction's parts, and its pages.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Account {
    pub(super) parts: Parts,
    pub(super) start_pages: Pages,
    pub(super) peak_pages: Pages,
}

/// The parts do not add up to the whole.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum AccountError {
    #[error(
        "the parts of the call add up to {parts:?}, but the receipt says {receipt}; please report this with the contract"
    )]
    Sum { parts: Option<Gas>, receipt: Gas },
    #[error(
        "the host calls take {hostios}, but the whole program only {program}; please report this with the contract"
    )]
    Hostios { hostios: Ink, program: Ink },
}

/// Breaks down a transaction that called a program.
pub(super) fn account(told: &Told<'_>) -> Result<Account, AccountError> {
    let account = match told
        .trace
        .and_then(|trace| Some((trace, trace.program.as_ref()?)))
    {
        Some((trace, program)) => by_trace(told, trace, program)?,
        None => by_receipt(told)?,
    };
    let receipt = told.receipt.gas();
    let total = account.parts.total(told.ink_price.ink_per_gas());
    match total == Some(receipt) {
        true => Ok(account),
        false => Err(AccountError::Sum {
            parts: total,
            receipt,
        }),
    }
}

/// The gas of a transaction before anything is run.
fn intrinsic(calldata: &[u8]) -> Gas {
    let bytes = calldata
        .iter()
        .map(|byte| CALLDATA[usize::from(*byte != 0)]);
    TRANSACTION + bytes.sum()
}

/// The breakdown if the node reports everything.
fn by_trace(
    told: &Told<'_>,
    trace: &GasTrace,
    program: &ProgramTrace,
) -> Result<Account, AccountError> {
    let steps = told.steps.unwrap_or(&[]);
    let mut parts = program_parts(program.ink_used, steps)?;
    parts.transaction = intrinsic(told.calldata);
    parts.l1 = told.receipt.l1_gas();
    parts.start = program.start_gas;
    parts.start_pages = program.start_page_gas;
    (parts.floor, parts.rounding) = after_start(program, told.ink_price);
    // The refund first, then the minimum for the transaction's bytes.
    let spent = trace.gas_spent.saturating_sub(trace.refund);
    parts.refund = trace.refund;
    parts.floor += trace.floor_gas.saturating_sub(spent);
    Ok(Account {
        parts,
        start_pages: program.start_pages,
        peak_pages: Pages(u16::try_from(program.pages).unwrap_or(u16::MAX)),
    })
}

/// What a frame paid after its start on top of its ink: the extra gas if its return data costs more, and what rounding to whole gas
/// loses.
fn after_start(program: &ProgramTrace, price: InkPrice) -> (Gas, Ink) {
    let paid = frame_gas(program).saturating_sub(program.start_gas + program.start_page_gas);
    let (whole, rounding) = whole_gas(program.ink_used, price);
    (paid.saturating_sub(whole), rounding)
}

/// All that a program's frame paid.
pub(super) fn frame_gas(program: &ProgramTrace) -> Gas {
    program.given.saturating_sub(program.gas_back)
}

/// The parts of a program's frame, by the profile of its run: they add up to what the frame paid.
pub(super) fn frame(program: &ProgramTrace, run: &Profile, price: InkPrice) -> Parts {
    let has_grown = run.memory.len() > 1;
    let is_page = |name: &str| has_grown && name == PAY_FOR_PAGES;
    let (pages, hostios): (Vec<_>, Vec<_>) = run.hostios.iter().partition(|it| is_page(&it.name));
    let hostios = hostios.into_iter().map(|it| {
        let HostioInk { name, calls, ink } = it.clone();
        (name.into_owned(), Hostio { calls, ink })
    });
    let (floor, rounding) = after_start(program, price);
    Parts {
        start: program.start_gas,
        start_pages: program.start_page_gas,
        wasm: run.functions.iter().map(|it| it.self_ink).sum(),
        hostios: hostios.collect(),
        pages: pages.into_iter().map(|it| it.ink).sum(),
        forfeited: run.forfeited,
        rounding,
        floor,
        ..Parts::default()
    }
}

/// The breakdown from a receipt and possibly host calls. Nitro's trace reports the ink with which the program started but not the ink
/// left at the end, so whatever the receipt has beyond the host calls counts as instructions.
fn by_receipt(told: &Told<'_>) -> Result<Account, AccountError> {
    let receipt = told.receipt.gas();
    let mut parts = Parts {
        transaction: intrinsic(told.calldata),
        l1: told.receipt.l1_gas(),
        ..Parts::default()
    };
    let outside = parts.transaction + parts.l1;
    let begin = told
        .steps
        .and_then(|steps| Some((steps, steps.first()?.start_ink)));
    let Some((steps, ink)) = begin else {
        parts.unseen = receipt.saturating_sub(outside);
        return Ok(Account {
            parts,
            start_pages: told.start.pages,
            peak_pages: told.start.pages,
        });
    };
    let given = told.offered.saturating_sub(outside);
    let start = given.saturating_sub(told.ink_price.ink_to_gas(ink));
    parts.start_pages = told.start.page_gas;
    parts.start = start.saturating_sub(parts.start_pages);
    let paid = receipt.saturating_sub(outside + start);
    let least = by_hostios(steps).2;
    // The receipt has the refund subtracted; all that can be said of it is by how much it makes the program too cheap.
    let (whole, _) = whole_gas(least, told.ink_price);
    parts.refund = whole.saturating_sub(paid);
    let used = told.ink_price.gas_to_ink(paid + parts.refund);
    let program = program_parts(used, steps)?;
    let grown: u16 = steps.iter().filter_map(grown_pages).sum();
    Ok(Account {
        parts: Parts {
            wasm: program.wasm,
            hostios: program.hostios,
            pages: program.pages,
            ..parts
        },
        start_pages: told.start.pages,
        peak_pages: told.start.pages.saturating_add(Pages(grown)),
    })
}

/// Ink as whole gas, rounded up, and what the rounding adds in ink.
fn whole_gas(ink: Ink, price: InkPrice) -> (Gas, Ink) {
    let down = price.ink_to_gas(ink);
    let exact = price.gas_to_ink(down) == ink;
    let up = if exact { down } else { down + Gas(1) };
    (up, price.gas_to_ink(up).saturating_sub(ink))
}

/// The spending, by kind, of a program that used `used` ink.
fn program_parts(used: Ink, steps: &[Step]) -> Result<Parts, AccountError> {
    let (hostios, pages, sum) = by_hostios(steps);
    let wasm = used.checked_sub(sum).ok_or(AccountError::Hostios {
        hostios: sum,
        program: used,
    })?;
    Ok(Parts {
        wasm,
        hostios,
        pages,
        ..Parts::default()
    })
}

/// Host calls by name, the ink for pages, and both together.
fn by_hostios(steps: &[Step]) -> (BTreeMap<String, Hostio>, Ink, Ink) {
    let mut hostios: BTreeMap<String, Hostio> = BTreeMap::new();
    let mut pages = Ink::ZERO;
    for step in steps {
        let ink = step.start_ink.saturating_sub(step.end_ink);
        if grown_pages(step).is_some() {
            pages += ink;
        } else if is_hostio(&step.name) {
            let hostio = hostios.entry(step.name.clone()).or_default();
            hostio.calls += 1;
            hostio.ink += ink;
        }
    }
    let sum = pages + hostios.values().map(|hostio| hostio.ink).sum();
    (hostios, pages, sum)
}

/// The tracer's own marks and EVM frames are not host calls.
fn is_hostio(name: &str) -> bool {
    name != "user_entrypoint"
        && name != "user_returned"
        && !name.starts_with("evm_call_")
        && !name.starts_with("evm_delegate_call_")
        && !name.starts_with("evm_static_call_")
        && !name.starts_with("evm_create")
        && name != "evm_self_destruct"
}

/// How many pages a step pays for, if it pays for any.
fn grown_pages(step: &Step) -> Option<u16> {
    let argument = step.args.as_ref().try_into().ok()?;
    let pages = u16::from_be_bytes(argument);
    (step.name == PAY_FOR_PAGES && pages > 0).then_some(pages)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(name: &str, args: &[u8], start: u64, end: u64) -> Step {
        Step {
            name: name.to_owned(),
            args: args.to_vec().into(),
            start_ink: Ink(start),
            end_ink: Ink(end),
        }
    }

    #[test]
    fn ink_is_told_apart_by_kind() {
        let steps = [
            step("user_entrypoint", &[0, 0, 0, 4], 1_000_000, 1_000_000),
            step(PAY_FOR_PAGES, &[0, 0], 999_000, 990_600),
            step(PAY_FOR_PAGES, &[0, 3], 990_000, 890_000),
            step("read_args", &[], 890_000, 880_000),
            step("read_args", &[], 879_000, 878_000),
            step("user_returned", &[0, 0, 0, 0], 1_000_000, 1_000_000),
        ];
        let used = Ink(130_000);
        let parts = program_parts(used, &steps).unwrap();
        assert_eq!(parts.pages, Ink(100_000));
        let of = |name: &str| (parts.hostios[name].calls, parts.hostios[name].ink);
        assert_eq!(of("read_args"), (2, Ink(11_000)));
        assert_eq!(of(PAY_FOR_PAGES), (1, Ink(8_400)));
        assert_eq!(parts.wasm, Ink(130_000 - 100_000 - 11_000 - 8_400));
        assert_eq!(parts.program_ink(), used);
        let error = program_parts(Ink(1), &steps).unwrap_err();
        assert!(matches!(error, AccountError::Hostios { .. }));
    }

    #[test]
    fn ink_becomes_whole_gas_upwards() {
        let price = InkPrice::DEFAULT;
        for (ink, gas, rounding) in [(0, 0, 0), (1, 1, 9_999), (10_000, 1, 0), (10_001, 2, 9_999)] {
            assert_eq!(
                whole_gas(Ink(ink), price),
                (Gas(gas), Ink(rounding)),
                "{ink}"
            );
        }
    }

    #[test]
    fn calldata_is_paid_by_the_byte() {
        assert_eq!(intrinsic(&[]), Gas(21_000));
        assert_eq!(intrinsic(&[0, 1, 255, 0]), Gas(21_000 + 2 * 4 + 2 * 16));
    }
}
