//! A plan's file: `gas-bench.toml` beside the contract.
//!
//! Lives here: the shape of the file, and where in it something is wrong. Not here: what the plan comes to (`plan`).

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::Path;

use alloy_dyn_abi::DynSolType;
use alloy_json_abi::Function;
use alloy_primitives::U256;
use serde::Deserialize;
use toml::{Spanned, Value};

use super::value::Argument;
use super::{
    CONSTRUCTOR, CONTRACT, DEPLOYER, Plan, PlanError, PlannedCall, Problem, Reverts, Sender, Step,
};

/// The name of the file.
pub const FILE: &str = "gas-bench.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    constructor: Option<Spanned<ConstructorTable>>,
    #[serde(default)]
    setup: Vec<Spanned<StepTable>>,
    #[serde(default)]
    call: Vec<Spanned<CallTable>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConstructorTable {
    /// How its arguments are typed: `constructor(address,uint256)`.
    signature: Option<Spanned<String>>,
    #[serde(default)]
    args: Vec<Spanned<Value>>,
    value: Option<Spanned<Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepTable {
    call: Spanned<String>,
    #[serde(default)]
    args: Vec<Spanned<Value>>,
    from: Option<Spanned<String>>,
    value: Option<Spanned<Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallTable {
    name: Option<Spanned<String>>,
    call: Spanned<String>,
    #[serde(default)]
    args: Vec<Spanned<Value>>,
    from: Option<Spanned<String>>,
    value: Option<Spanned<Value>>,
    #[serde(default, rename = "for")]
    variables: BTreeMap<String, Spanned<Value>>,
    repeat: Option<u32>,
    #[serde(default)]
    reverts: bool,
    #[serde(default)]
    setup: Vec<Spanned<StepTable>>,
}

/// Where in the file a problem is, in bytes.
type Located = (Range<usize>, Problem);

/// The plan in `path`; `None` where there is no such file.
///
/// # Errors
/// Where the file cannot be read, or something in it is wrong.
pub fn load(path: &Path) -> Result<Option<Plan>, PlanError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            return Err(PlanError::Unreadable {
                path: path.to_owned(),
                source,
            });
        }
    };
    let refuse = |line, problem| PlanError::Line {
        path: path.to_owned(),
        line,
        problem,
    };
    let mut plan =
        parse(&text).map_err(|(span, problem)| refuse(line_of(&text, span.start), problem))?;
    plan.check()
        .map_err(|(line, problem)| refuse(line.max(1), problem))?;
    plan.path = Some(path.to_owned());
    Ok(Some(plan))
}

fn line_of(text: &str, at: usize) -> usize {
    let before = text.as_bytes().get(..at).unwrap_or(text.as_bytes());
    1 + before.iter().filter(|&&byte| byte == b'\n').count()
}

fn parse(text: &str) -> Result<Plan, Located> {
    let file: File = toml::from_str(text).map_err(|error| {
        let message = error.message().lines().collect::<Vec<_>>().join(" ");
        (error.span().unwrap_or_default(), Problem::Syntax(message))
    })?;
    if file.call.is_empty() {
        return Err((0..0, Problem::Empty));
    }
    let line = |span: Range<usize>| line_of(text, span.start);
    let setup = |steps: Vec<Spanned<StepTable>>| {
        let steps = steps.into_iter().map(|step| {
            let line = line(step.span());
            let StepTable {
                call,
                args,
                from,
                value,
            } = step.into_inner();
            self::step(call, args, from, value, line)
        });
        steps.collect::<Result<Vec<_>, _>>()
    };
    let constructor = file.constructor.map(|table| {
        let line = line(table.span());
        constructor(table.into_inner(), line)
    });
    let calls = file.call.into_iter().map(|table| {
        let line = line(table.span());
        let table = table.into_inner();
        let step = step(table.call, table.args, table.from, table.value, line)?;
        let variables = table
            .variables
            .into_iter()
            .map(|(name, values)| variable(name, &values))
            .collect::<Result<_, _>>()?;
        let name = match table.name {
            Some(name) => name.into_inner(),
            None => step.function.name.clone(),
        };
        Ok(PlannedCall {
            name,
            step,
            variables,
            repeat: table.repeat.unwrap_or(1).max(1),
            reverts: if table.reverts {
                Reverts::Always
            } else {
                Reverts::Never
            },
            setup: setup(table.setup)?,
            generated: false,
        })
    });
    Ok(Plan {
        path: None,
        constructor: constructor.transpose()?,
        setup: setup(file.setup)?,
        calls: calls.collect::<Result<_, Located>>()?,
        left_out: Vec::new(),
    })
}

fn step(
    call: Spanned<String>,
    args: Vec<Spanned<Value>>,
    from: Option<Spanned<String>>,
    value: Option<Spanned<Value>>,
    line: usize,
) -> Result<Step, Located> {
    let span = call.span();
    let function = function(call.get_ref()).map_err(|problem| (span, problem))?;
    Ok(Step {
        function,
        arguments: args.into_iter().map(argument).collect::<Result<_, _>>()?,
        from: from.map(sender).transpose()?.unwrap_or_default(),
        value: value.map(amount).transpose()?.unwrap_or_default(),
        line,
    })
}

fn constructor(table: ConstructorTable, line: usize) -> Result<Step, Located> {
    let (span, signature) = match (table.signature, table.args.first()) {
        (Some(signature), _) => (signature.span(), signature.into_inner()),
        (None, None) => (0..0, "constructor()".to_owned()),
        (None, Some(first)) => return Err((first.span(), Problem::ConstructorTypes)),
    };
    let text = signature.replacen("constructor", CONSTRUCTOR, 1);
    let mut function = function(&text).map_err(|problem| (span, problem))?;
    function.name = CONSTRUCTOR.to_owned();
    Ok(Step {
        function,
        arguments: table
            .args
            .into_iter()
            .map(argument)
            .collect::<Result<_, _>>()?,
        from: Sender::Deployer,
        value: table.value.map(amount).transpose()?.unwrap_or_default(),
        line,
    })
}

/// A function as Solidity writes it.
pub(super) fn function(text: &str) -> Result<Function, Problem> {
    let refuse = |reason: String| Problem::Signature {
        text: text.to_owned(),
        reason,
    };
    let function = Function::parse(text).map_err(|error| {
        let error = error.to_string();
        let first = error.lines().rfind(|line| {
            let line = line.trim();
            !line.is_empty() && line.chars().any(char::is_alphabetic)
        });
        refuse(first.unwrap_or("it cannot be read").trim().to_owned())
    })?;
    for param in function.inputs.iter().chain(&function.outputs) {
        use alloy_dyn_abi::Specifier as _;
        param.resolve().map_err(|error| refuse(error.to_string()))?;
    }
    Ok(function)
}

fn argument(value: Spanned<Value>) -> Result<Argument, Located> {
    let span = value.span();
    to_argument(value.into_inner()).map_err(|problem| (span, problem))
}

fn to_argument(value: Value) -> Result<Argument, Problem> {
    Ok(match value {
        Value::String(text) => Argument::Text(text),
        Value::Integer(number) => Argument::Text(number.to_string()),
        Value::Boolean(truth) => Argument::Text(truth.to_string()),
        Value::Array(items) => Argument::List(
            items
                .into_iter()
                .map(to_argument)
                .collect::<Result<_, _>>()?,
        ),
        Value::Float(_) | Value::Datetime(_) | Value::Table(_) => {
            return Err(Problem::Syntax(
                "an argument is a text, a whole number, true, false, or a list of them".to_owned(),
            ));
        }
    })
}

fn sender(text: Spanned<String>) -> Result<Sender, Located> {
    let span = text.span();
    let text = text.into_inner();
    if text == DEPLOYER {
        return Ok(Sender::Deployer);
    }
    if text.starts_with("0x")
        && let Ok(address) = text.parse()
    {
        return Ok(Sender::Address(address));
    }
    match is_word(&text) && text != CONTRACT {
        true => Ok(Sender::Named(text)),
        false => Err((span, Problem::Sender(text))),
    }
}

fn is_word(text: &str) -> bool {
    let mut letters = text.chars();
    letters
        .next()
        .is_some_and(|first| first.is_ascii_lowercase())
        && letters
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
}

fn amount(value: Spanned<Value>) -> Result<U256, Located> {
    let span = value.span();
    let text = match value.into_inner() {
        Value::String(text) => text,
        other => other.to_string(),
    };
    let parsed = DynSolType::Uint(256).coerce_str(&text);
    let amount = parsed.ok().and_then(|value| value.as_uint());
    amount
        .map(|(amount, _)| amount)
        .ok_or((span, Problem::Amount(text)))
}

fn variable(name: String, values: &Spanned<Value>) -> Result<(String, Vec<String>), Located> {
    let span = values.span();
    let refuse = |problem| (span.clone(), problem);
    if !is_word(&name) || name == CONTRACT || name == DEPLOYER {
        return Err(refuse(Problem::Variable(name)));
    }
    let texts = match values.get_ref() {
        Value::Array(items) => items
            .iter()
            .map(|item| match to_argument(item.clone()) {
                Ok(Argument::Text(text)) => Ok(text),
                _ => Err(refuse(Problem::Range(item.to_string()))),
            })
            .collect::<Result<Vec<_>, _>>()?,
        Value::String(text) => range(text).ok_or_else(|| refuse(Problem::Range(text.clone())))?,
        other => return Err(refuse(Problem::Range(other.to_string()))),
    };
    match texts.is_empty() {
        true => Err(refuse(Problem::Range(values.get_ref().to_string()))),
        false => Ok((name, texts)),
    }
}

/// The numbers of `a..b`, `a..=b`, and with ` step k` behind.
fn range(text: &str) -> Option<Vec<String>> {
    let (bounds, step) = text.split_once("step").unwrap_or((text, "1"));
    let step: usize = step.trim().parse().ok().filter(|step| *step > 0)?;
    let (from, to) = bounds.split_once("..")?;
    let from: u128 = from.trim().parse().ok()?;
    let to = to.trim();
    let end: u128 = match to.strip_prefix('=') {
        Some(to) => to.trim().parse::<u128>().ok()?.checked_add(1)?,
        None => to.parse().ok()?,
    };
    // One more than a call may have, so that too many are still too many.
    let most = usize::try_from(super::MOST_RUNS).ok()?.checked_add(1)?;
    let numbers = (from..end).step_by(step).take(most);
    Some(numbers.map(|number| number.to_string()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&[&str], &str>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        fs::write(&path, text).unwrap();
        match (load(&path), expected) {
            (Ok(plan), Ok(names)) => {
                let calls = plan.unwrap().calls;
                let found: Vec<_> = calls.iter().map(|call| call.name.as_str()).collect();
                assert_eq!(found, names, "{text}");
            }
            (Err(error), Err(part)) => {
                let error = error.to_string();
                let told = error.strip_prefix(&format!("{} ", path.display()));
                let told = told.unwrap_or_else(|| panic!("{error}"));
                assert!(told.starts_with(part), "{told} does not begin with {part}");
                assert!(!told.contains('\n'), "{told}");
            }
            (found, _) => panic!("{text}: {found:?}"),
        }
    }

    #[test]
    fn a_plan_is_read() {
        check(
            "[[call]]\ncall = \"number() returns (uint256)\"\n",
            Ok(&["number"]),
        );
        check(
            r#"
            [constructor]
            signature = "constructor(address,string)"
            args = ["{deployer}", "a name"]
            value = "1 ether"

            [[setup]]
            call = "mint(address,uint256)"
            args = ["{alice}", 1000]
            from = "minter"

            [[call]]
            name = "transfer, several"
            call = "transfer(address to, uint256 value) external returns (bool)"
            args = ["{bob}", "{n}"]
            from = "alice"
            for = { n = "1..=10 step 3", m = [1, "2"] }
            repeat = 2
            setup = [ { call = "approve(address,uint256)", args = ["{bob}", "9"] } ]

            [[call]]
            call = "orders((address,(uint256,string)[])[])"
            args = [[["{contract}", [[1, "x"]]]]]
            from = "0x00000000000000000000000000000000000000aa"
            reverts = true
            "#,
            Ok(&["transfer, several", "orders"]),
        );
    }

    #[test]
    fn problems_are_told_with_their_line() {
        check("", Err("line 1: there is no [[call]]"));
        check("[[call]\n", Err("line 1: "));
        check(
            "[[call]]\ncall = \"f()\"\nargz = []\n",
            Err("line 3: unknown field `argz`"),
        );
        check("[[call]]\nargs = []\n", Err("line 1: missing field `call`"));
        check(
            "[[call]]\n\ncall = \"f(adress)\"\n",
            Err("line 3: `f(adress)` is no function: "),
        );
        check(
            "\n[[call]]\ncall = \"f(\"\n",
            Err("line 3: `f(` is no function: "),
        );
        check(
            "[[call]]\ncall = \"f(uint8)\"\nargs = [256]\n",
            Err("line 1: `256` is no uint8: "),
        );
        check(
            "[[call]]\ncall = \"f(uint8)\"\n",
            Err("line 1: `f(uint8)` takes 1 argument and is given 0"),
        );
        check(
            "[[call]]\ncall = \"f()\"\n[[call]]\ncall = \"f()\"\n",
            Err("line 3: there are two calls `f`"),
        );
        check(
            "[[call]]\ncall = \"f()\"\nfrom = \"Alice!\"\n",
            Err("line 3: `Alice!` is no sender"),
        );
        check(
            "[[call]]\ncall = \"f()\"\nvalue = \"a lot\"\n",
            Err("line 3: `a lot` is no amount"),
        );
        check(
            "[[call]]\ncall = \"f(uint8)\"\nargs = [\"{n}\"]\nfor = { n = \"1-3\" }\n",
            Err("line 4: `1-3` is no range"),
        );
        check(
            "[[call]]\ncall = \"f(uint8)\"\nargs = [\"{n}\"]\nfor = { n = \"1..=300\" }\n",
            Err("line 1: `256` is no uint8: "),
        );
        check(
            "[[call]]\ncall = \"f(uint64)\"\nargs = [\"{n}\"]\nfor = { n = \"0..99999\" }\n",
            Err("line 1: `f` makes 1001 runs, of 1000 at most"),
        );
        check(
            "[constructor]\nargs = [1]\n[[call]]\ncall = \"f()\"\n",
            Err("line 2: the constructor's arguments have no types"),
        );
        check(
            "[[call]]\ncall = \"f(uint8)\"\nargs = [1.5]\n",
            Err("line 3: an argument is a text"),
        );
    }

    /// The SDK's dispatcher knows constructors by one selector (keccak of `stylus_constructor()`), whatever they take.
    #[test]
    fn a_constructor_is_called_as_the_sdk_has_it() {
        let plan = parse(
            "[constructor]\nsignature = \"constructor(uint256)\"\nargs = [7]\n[[call]]\ncall = \"f()\"\n",
        )
        .unwrap();
        let step = plan.constructor.unwrap();
        let input = step.input(&crate::plan::Words::default()).unwrap();
        assert_eq!(input[..4], alloy_primitives::hex!("5585258d"));
        assert_eq!((input.len(), input[35]), (36, 7));
        assert_eq!(step.signature(), "constructor(uint256)");
    }

    #[test]
    fn runs_are_all_combinations_in_order() {
        let plan = parse(
            "[[call]]\ncall = \"f(uint8,uint8)\"\nargs = [\"{b}\", \"{a}\"]\nfor = { b = \"0..2\", a = [7, 8] }\nrepeat = 2\n",
        )
        .unwrap();
        let runs: Vec<_> = plan.calls[0]
            .runs()
            .iter()
            .map(|run| format!("{}{}", run["a"], run["b"]))
            .collect();
        assert_eq!(runs, ["70", "70", "71", "71", "80", "80", "81", "81"]);
    }
}
