//! Compares a plan with what its modules answer.
//!
//! Lives here: reporting what a module answers but a plan does not call, and what a plan calls but no function answers. Not here: reading
//! modules (`dispatch`), making plans (`stylus-plan`).

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Selector, hex};

use stylus_plan::{
    self, Interface, LeftOut, Plan, PlannedCall,
    dispatch::{self, CONSTRUCTOR, Dispatch},
    selector,
};

/// Stands for functions whose names are unknown.
const OTHERS: &str = "other functions";

/// Compares a plan, derived from `interface` or read from a file, with what the measured module answers.
pub(super) fn hold(plan: &mut Plan, interface: &Interface, is_file: bool, deployed: &[u8]) {
    let known = plan.functions(None).map(selector).collect();
    match dispatch::read(deployed, &known) {
        Ok(dispatch) => {
            match is_file {
                true => hold_plan(plan, interface, &dispatch, &known),
                false => hold_interface(plan, interface, &dispatch, &known),
            }
            hold_receive(plan, &dispatch);
            hold_fallback(plan, &dispatch);
            if dispatch.may_answer_more {
                plan.left_out.push(LeftOut {
                    signature: OTHERS.to_owned(),
                    reason: "the module's selectors are neither in its code nor in a table, so there may be more of them".to_owned(),
                });
            }
            plan.debug_only = dispatch.debug_only;
        }
        Err(error) => plan.left_out.push(LeftOut {
            signature: OTHERS.to_owned(),
            reason: format!("what else the module answers is unknown: {error}"),
        }),
    }
}

/// What the plan calls in its other contract `name` although no function of that module answers. Empty if the module does not show what
/// it answers.
pub(super) fn unanswered_by(plan: &Plan, name: &str, deployed: &[u8]) -> Vec<LeftOut> {
    let known = plan.functions(Some(name)).map(selector).collect();
    match dispatch::read(deployed, &known) {
        Ok(dispatch) => unanswered(plan, Some(name), &dispatch),
        Err(_) => Vec::new(),
    }
}

/// Why a call might not reach the function it names.
pub(super) fn unmeant_by(call: &PlannedCall, deployed: &[u8]) -> Vec<LeftOut> {
    let mut plan = Plan {
        calls: vec![call.clone()],
        ..Plan::default()
    };
    let known = plan.functions(None).map(selector).collect();
    let Ok(dispatch) = dispatch::read(deployed, &known) else {
        return Vec::new();
    };
    hold_receive(&mut plan, &dispatch);
    hold_fallback(&mut plan, &dispatch);
    let mut unmeant = unanswered(&plan, None, &dispatch);
    unmeant.append(&mut plan.left_out);
    unmeant
}

/// What the plan calls in a contract, the measured one if `on` is `None`, although no function of the module answers.
fn unanswered(plan: &Plan, on: Option<&str>, dispatch: &Dispatch) -> Vec<LeftOut> {
    if dispatch.selectors.is_empty() || dispatch.may_answer_more {
        return Vec::new();
    }
    let instead = match dispatch.answers_anything || dispatch.answers_arguments {
        true => "its fallback",
        false => "its refusal",
    };
    let module = on.map_or_else(|| "the module".to_owned(), |name| format!("`{name}`"));
    let measured = plan
        .calls
        .iter()
        .filter(|call| call.step.on.as_deref() == on);
    let measured = measured.filter_map(|call| call.step.function());
    let measured: BTreeSet<_> = measured.map(selector).collect();
    let unanswered: BTreeMap<_, _> = plan
        .functions(on)
        .filter(|function| !dispatch.selectors.contains(&selector(function)))
        .map(|function| (function.signature(), selector(function)))
        .collect();
    let says = |(signature, selector): (String, Selector)| {
        let what = match measured.contains(&selector) {
            true => "what is measured",
            false => "what the set-up runs",
        };
        LeftOut {
            signature: signature.replacen("stylus_constructor", "constructor", 1),
            reason: format!("no function of {module} has this selector: {what} is {instead}"),
        }
    };
    unanswered.into_iter().map(says).collect()
}

/// How an answered selector is shown: by the name that standards give it, if any.
fn shown(selector: Selector, answered: &BTreeSet<Selector>) -> String {
    match dispatch::standard(selector, answered) {
        Some(function) => function.signature(),
        None => hex::encode_prefixed(selector),
    }
}

/// Reports what the module answers but a plan's file does not call, and what the file calls but the module does not answer.
fn hold_plan(
    plan: &mut Plan,
    interface: &Interface,
    dispatch: &Dispatch,
    known: &BTreeSet<Selector>,
) {
    let declared = interface.functions.iter();
    let declared = declared.filter_map(|declared| declared.function.as_ref().ok());
    let declared: BTreeMap<_, _> = declared
        .map(|function| (selector(function), function.signature()))
        .collect();
    let named = |it: &Selector| declared.get(it).cloned();
    let sent: BTreeSet<_> = known.iter().copied().chain(plan.raw_selectors()).collect();
    let more = dispatch.selectors.difference(&sent);
    let more: Vec<_> = more
        .filter(|it| **it != CONSTRUCTOR)
        .map(|it| named(it).unwrap_or_else(|| shown(*it, &dispatch.selectors)))
        .collect();
    if !more.is_empty() {
        plan.left_out.push(LeftOut {
            signature: more.join(", "),
            reason: "the module answers this, but the plan does not call it".to_owned(),
        });
    }
    leave_constructor(plan, dispatch, None);
    if dispatch.selectors.is_empty() {
        if !known.is_empty() {
            plan.left_out.push(unread());
        }
        return;
    }
    let unanswered = unanswered(plan, None, dispatch);
    plan.left_out.extend(unanswered);
}

/// Reports that the module can have further functions.
fn unread() -> LeftOut {
    LeftOut {
        signature: OTHERS.to_owned(),
        reason: "the module does not show which selectors it answers, so there may be more"
            .to_owned(),
    }
}

/// Calls what the module answers but its interface lacks, if standards define it, and reports the rest; leaves out what the module does
/// not answer.
fn hold_interface(
    plan: &mut Plan,
    interface: &Interface,
    dispatch: &Dispatch,
    known: &BTreeSet<Selector>,
) {
    let is_known = |selector: &Selector| known.contains(selector);
    if !dispatch.selectors.iter().any(is_known) && !known.is_empty() {
        let is_read = !dispatch.selectors.is_empty();
        if !is_read {
            plan.left_out.push(unread());
            return;
        }
    }
    plan.leave_out(&|function| {
        let is_answered = dispatch.selectors.contains(&selector(function));
        (!is_answered).then(|| "the module does not answer its selector".to_owned())
    });
    let bases = match interface.absent.as_slice() {
        [] => String::new(),
        bases => format!(", which builds on {}", bases.join(", ")),
    };
    let is_whole = interface.functions.iter().all(|it| it.function.is_ok());
    let unknown = match *interface == Interface::default() {
        true => "and its function is unknown".to_owned(),
        false if is_whole => format!("and the ABI{bases} does not have it"),
        false => format!("and no function that the ABI{bases} fully declares has it"),
    };
    for more in dispatch.selectors.difference(known) {
        if *more == CONSTRUCTOR {
            continue;
        }
        match dispatch::standard(*more, &dispatch.selectors) {
            Some(function) => plan.call_besides(function),
            None => plan.left_out.push(LeftOut {
                signature: hex::encode_prefixed(more),
                reason: format!(
                    "the module answers this selector, {unknown}; write its signature into a plan"
                ),
            }),
        }
    }
    plan.call_entries(
        dispatch.answers_nothing && !interface.receive,
        dispatch.answers_anything && !interface.fallback,
    );
    // Without an interface, what it does for any calldata is not all that it does: a selector can be compared in a way that hides it.
    let is_unknown = *interface == Interface::default() && dispatch.selectors.is_empty();
    if is_unknown && !plan.calls.is_empty() {
        plan.left_out.push(unread());
    }
    leave_constructor(plan, dispatch, interface.constructor.as_ref());
    plan.give_names();
}

/// Reports what a call of `receive` measures if the module might not have one.
fn hold_receive(plan: &mut Plan, dispatch: &Dispatch) {
    let is_receive = |call: &PlannedCall| call.step.on.is_none() && call.step.is_receive();
    if !plan.calls.iter().any(is_receive) {
        return;
    }
    let reason = match (dispatch.answers_nothing, dispatch.nothing_is_anything) {
        (false, _) => {
            "the module does nothing without calldata: the figures are those of its refusal"
        }
        (true, true) => {
            "the module makes the same host calls for calldata that matches no function: the figures may be those of its fallback"
        }
        (true, false) => return,
    };
    plan.left_out.push(LeftOut {
        signature: "receive()".to_owned(),
        reason: reason.to_owned(),
    });
}

/// Reports what a call of `fallback` measures if there is no fallback, or if a function answers its calldata.
fn hold_fallback(plan: &mut Plan, dispatch: &Dispatch) {
    let answered: Vec<_> = plan
        .calls
        .iter()
        .filter(|call| call.step.on.is_none())
        .filter_map(|call| call.step.fallback_selector())
        .filter(|selector| dispatch.selectors.contains(selector))
        .collect();
    plan.left_out
        .extend(answered.into_iter().map(|selector| LeftOut {
            signature: "fallback()".to_owned(),
            reason: format!(
                "the module has a function for {}: the figures are that function's",
                shown(selector, &dispatch.selectors)
            ),
        }));
    let is_fallback = |call: &PlannedCall| call.step.on.is_none() && call.step.is_fallback();
    if !dispatch.answers_anything && plan.calls.iter().any(is_fallback) {
        plan.left_out.push(LeftOut {
            signature: "fallback()".to_owned(),
            reason: "the module does nothing for a selector that no function has: the figures are those of its refusal".to_owned(),
        });
    }
}

/// Reports a constructor that is not run.
fn leave_constructor(
    plan: &mut Plan,
    dispatch: &Dispatch,
    declared: Option<&stylus_plan::Declared>,
) {
    let has_one = declared.is_some() || dispatch.selectors.contains(&CONSTRUCTOR);
    if has_one && plan.constructor.is_none() {
        plan.left_out.push(LeftOut {
            signature: declared.map_or_else(
                || "constructor".to_owned(),
                |it| {
                    it.signature
                        .replacen("stylus_constructor", "constructor", 1)
                },
            ),
            reason:
                "it does not run, so the contract is as deployed; write it as [constructor] in a plan"
                    .to_owned(),
        });
    }
}
