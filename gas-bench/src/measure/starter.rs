//! A starter plan: what a contract answers, tried out and written down.
//!
//! Lives here: which plan is tried, and the file that results. Not here: generating arguments (`stylus-plan`), measuring (`contract`).

use stylus_cargo::{BuildSettings, ContractPackage, Project};
use stylus_plan::{Interface, Plan, PlannedCall, Step, dispatch};
use stylus_report::figures::{Call, Contract};

use super::prepare::{self, PrepareError};
use super::{Observer, measure_module};
use crate::chain::Target;

/// The most selectors that an error lists.
const MOST_SELECTORS: usize = 12;

/// Why there is no starter plan.
#[derive(Debug, thiserror::Error)]
pub enum StarterError {
    /// The contract does not build, or does not export its interface.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// The contract does not reach a chain.
    #[error("{0}")]
    Measure(String),
    /// The contract answers nothing known.
    #[error(
        "nothing is known to call: it exports no ABI and answers no function of a standard{}; write a {file} by hand",
        only(.selectors),
        file = stylus_plan::FILE
    )]
    Nothing {
        /// What it answers.
        selectors: Vec<String>,
    },
    /// No call has figures, and a plan without a call is none.
    #[error("no call can be measured with made-up arguments ({name}: {reason}); write a {file} by hand", file = stylus_plan::FILE)]
    Unmeasured {
        /// The last call.
        name: String,
        /// Why it has no figures.
        reason: String,
    },
}

/// Writes a plan for a contract: its constructor, every function that it answers, with generated arguments, and which calls revert with
/// them and why. A report with this plan succeeds.
///
/// # Errors
/// If the contract does not reach a chain, or nothing is known of it.
pub fn starter(
    project: &Project,
    contract: &ContractPackage,
    settings: &BuildSettings,
    target: &Target,
    observer: Observer<'_>,
) -> Result<String, StarterError> {
    let interface = match contract.exports_abi {
        true => prepare::interface_of(project, contract, settings)?,
        false => Interface::default(),
    };
    let ready = prepare::prepare_with(project, contract, settings, interface.clone(), observer)?;
    let mut plan = ready.plan;
    let declared = interface.constructor.as_ref();
    plan.constructor = declared.and_then(stylus_plan::constructor_with_made_up_arguments);
    let measure = |plan: &Plan| measure_module(target, &contract.name, &ready.named, plan);
    let mut measured = measure(&plan);
    let mut refused = None;
    let of_constructor = measured
        .calls
        .first()
        .filter(|_| plan.constructor.is_some());
    if let Some(reason) = of_constructor.and_then(Call::failure) {
        refused = plan
            .constructor
            .take()
            .map(|step| (step, reason.to_owned()));
        measured = measure(&plan);
    }
    if let Some(reason) = measured.failures.first() {
        return Err(StarterError::Measure(reason.clone()));
    }
    if plan.calls.is_empty() {
        let selectors = plan.left_out.into_iter().map(|it| it.signature);
        let selectors = selectors.filter(|it| it.starts_with("0x")).collect();
        return Err(StarterError::Nothing { selectors });
    }
    let failed = |planned: &PlannedCall| {
        let call = measured.calls.iter().find(|it| it.name == planned.name)?;
        Some((call.name.clone(), call.failure()?.to_owned()))
    };
    let failed: Vec<_> = plan.calls.iter().filter_map(failed).collect();
    match failed.into_iter().nth(plan.calls.len() - 1) {
        Some((name, reason)) => Err(StarterError::Unmeasured { name, reason }),
        None => Ok(written(&contract.name, &plan, refused, &measured)),
    }
}

/// What a contract answers besides functions of a standard.
fn only(selectors: &[String]) -> String {
    match selectors {
        [] => String::new(),
        [one] => format!(", only the selector {one}"),
        all if all.len() > MOST_SELECTORS => format!(
            ", only the selectors {} and {} more",
            all[..MOST_SELECTORS].join(", "),
            all.len() - MOST_SELECTORS
        ),
        all => format!(", only the selectors {}", all.join(", ")),
    }
}

/// The text of the plan file.
fn written(
    name: &str,
    plan: &Plan,
    refused: Option<(Step, String)>,
    measured: &Contract,
) -> String {
    let mut text = format!(
        "# What `cargo gas-bench report` calls in {name}. The arguments are made up: change them to what you want to measure.\n# Every \
         [[call]] begins on a contract of its own, made by [constructor] and the [[setup]] steps.\n"
    );
    let mut line = |line: String| {
        text.push_str(&line);
        text.push('\n');
    };
    if let Some(step) = &plan.constructor {
        line("\n[constructor]".to_owned());
        line(format!("signature = {}", quoted(&step.signature())));
        if let Some(arguments) = step.toml_arguments() {
            line(format!("args = {arguments}"));
        }
    }
    if let Some((step, reason)) = refused {
        line(format!(
            "\n# With these arguments it fails: {}",
            comment(&reason)
        ));
        line("# [constructor]".to_owned());
        line(format!("# signature = {}", quoted(&step.signature())));
        line(format!(
            "# args = {}",
            step.toml_arguments().unwrap_or_default()
        ));
    }
    line("\n# [[setup]]                          # sent before each call".to_owned());
    line("# call = \"mint(address,uint256)\"".to_owned());
    // A numbered token must belong to the sender of the calls below, which use the first token.
    let called = plan.functions(None).map(stylus_plan::selector).collect();
    let given = match dispatch::is_nft(&called) {
        true => ["{deployer}", "1"],
        false => ["{alice}", "1 ether"],
    };
    line(format!("# args = [{}]", given.map(quoted).join(", ")));
    for planned in &plan.calls {
        let outcome = measured.calls.iter().find(|call| call.name == planned.name);
        of_call(planned, outcome, &mut line);
    }
    for left in &plan.left_out {
        if !left.signature.starts_with("constructor") {
            line(format!(
                "\n# {}: {}",
                comment(&left.signature),
                comment(&left.reason)
            ));
        }
    }
    text
}

fn of_call(planned: &PlannedCall, outcome: Option<&Call>, line: &mut dyn FnMut(String)) {
    let step = &planned.step;
    let own_name =
        (planned.name != step.name()).then(|| format!("name = {}", quoted(&planned.name)));
    let keys = ["[[call]]".to_owned()]
        .into_iter()
        .chain(own_name)
        .chain(step.toml());
    line(String::new());
    if let Some(reason) = outcome.and_then(Call::failure) {
        // A report with it would fail.
        line(format!(
            "# With these arguments it has no figures: {}",
            comment(reason)
        ));
        keys.for_each(|key| line(format!("# {key}")));
        return;
    }
    keys.for_each(&mut *line);
    let run = outcome.and_then(|call| call.runs().first());
    if let Some(run) = run.filter(|run| run.reverted) {
        line(format!(
            "reverts = true                       # {}; give it a setup with which it succeeds",
            comment(&run.said())
        ));
    }
}

/// A text as a TOML string, which is written as in JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A text for a comment: no character in it ends the line.
fn comment(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect()
}
