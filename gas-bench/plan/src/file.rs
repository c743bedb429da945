//! A plan's file: `gas-bench.toml` beside the contract.
//!
//! Lives here: the shape of the file, and where in it an error is. Not here: what a plan means (`lib.rs`).

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use alloy_dyn_abi::DynSolType;
use alloy_primitives::{Bytes, U256, hex};
use serde::Deserialize;
use stylus_cargo::input::{self, TableError};
use toml::{Spanned, Value};

use super::step::function;
use super::value::Argument;
use super::{
    CONSTRUCTOR, CONTRACT, DEPLOYER, Fork, MadeOf, NOW, Other, Plan, PlanError, PlannedCall,
    Problem, Reverts, Sender, Sends, Step,
};

/// The name of the file.
pub const FILE: &str = "gas-bench.toml";

/// The longest time a step can wait, in seconds: a hundred years.
const MOST_WAIT: u64 = 100 * 366 * 86_400;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    contract: Vec<Spanned<OtherTable>>,
    fork: Option<Spanned<ForkTable>>,
    record: Option<Spanned<PathBuf>>,
    constructor: Option<Spanned<ConstructorTable>>,
    #[serde(default)]
    setup: Vec<Spanned<StepTable>>,
    #[serde(default)]
    call: Vec<Spanned<CallTable>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConstructorTable {
    /// The types of its arguments: `constructor(address,uint256)`.
    signature: Option<Spanned<String>>,
    #[serde(default)]
    args: Vec<Spanned<Value>>,
    value: Option<Spanned<Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ForkTable {
    url: String,
    block: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OtherTable {
    name: String,
    package: Option<String>,
    wasm: Option<PathBuf>,
    bytecode: Option<PathBuf>,
    constructor: Option<Spanned<ConstructorTable>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepTable {
    call: Option<Spanned<String>>,
    #[serde(default)]
    args: Vec<Spanned<Value>>,
    calldata: Option<Spanned<String>>,
    on: Option<Spanned<String>>,
    from: Option<Spanned<String>>,
    value: Option<Spanned<Value>>,
    wait: Option<Spanned<Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallTable {
    name: Option<Spanned<String>>,
    call: Option<Spanned<String>>,
    #[serde(default)]
    args: Vec<Spanned<Value>>,
    calldata: Option<Spanned<String>>,
    on: Option<Spanned<String>>,
    from: Option<Spanned<String>>,
    value: Option<Spanned<Value>>,
    wait: Option<Spanned<Value>>,
    #[serde(default, rename = "for")]
    variables: BTreeMap<String, Spanned<Value>>,
    repeat: Option<Spanned<u32>>,
    #[serde(default)]
    reverts: bool,
    #[serde(default)]
    setup: Vec<Spanned<StepTable>>,
}

/// A problem, and where in the file it is, in bytes.
type Located = (Range<usize>, Problem);

/// Loads the plan at `path`; `None` if the file does not exist.
///
/// # Errors
/// If the file cannot be read, or something in it is wrong.
pub fn load(path: &Path) -> Result<Option<Plan>, PlanError> {
    let text = match input::text(path) {
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
    // The files that a plan names are relative to it.
    let folder = path.parent().unwrap_or(path);
    for other in &mut plan.others {
        if let MadeOf::Wasm(file) | MadeOf::Bytecode(file) = &mut other.made_of {
            *file = folder.join(&*file);
        }
    }
    if let Some(Fork::Recording(file)) = &mut plan.fork {
        *file = folder.join(&*file);
    }
    plan.path = Some(path.to_owned());
    Ok(Some(plan))
}

fn line_of(text: &str, at: usize) -> usize {
    let before = text.as_bytes().get(..at).unwrap_or(text.as_bytes());
    1 + before.iter().filter(|&&byte| byte == b'\n').count()
}

/// The tables of a file.
fn tables(text: &str) -> Result<File, Located> {
    input::tables(text).map_err(|error| match error {
        TableError::Brackets { at } => (at..at, Problem::Brackets),
        TableError::Wrong { place, message } => (place, Problem::Syntax(message)),
    })
}

fn parse(text: &str) -> Result<Plan, Located> {
    let file = tables(text)?;
    if file.call.is_empty() {
        return Err((0..0, Problem::Empty));
    }
    let line = |span: Range<usize>| line_of(text, span.start);
    let setup = |steps: Vec<Spanned<StepTable>>| {
        let steps = steps.into_iter().map(|step| {
            let span = step.span();
            self::step(step.into_inner(), span.clone(), line(span))
        });
        steps.collect::<Result<Vec<_>, _>>()
    };
    let made_with = |table: Spanned<ConstructorTable>| {
        let line = line(table.span());
        constructor(table.into_inner(), line)
    };
    let fork = match (file.fork, file.record) {
        (Some(_), Some(record)) => return Err((record.span(), Problem::TwoForks)),
        (Some(fork), None) => {
            let ForkTable { url, block } = fork.into_inner();
            Some(Fork::Node { url, block })
        }
        (None, record) => record.map(|file| Fork::Recording(file.into_inner())),
    };
    let mut names = BTreeSet::new();
    let others = file.contract.into_iter().map(|table| {
        let span = table.span();
        let table = table.into_inner();
        let made_of = [
            table.package.map(MadeOf::Package),
            table.wasm.map(MadeOf::Wasm),
            table.bytecode.map(MadeOf::Bytecode),
        ];
        match <[_; 1]>::try_from(made_of.into_iter().flatten().collect::<Vec<_>>()) {
            Ok([made_of]) if is_free(&table.name) => {
                if !names.insert(table.name.clone()) {
                    return Err((span, Problem::ContractTwice(table.name)));
                }
                Ok(Other {
                    name: table.name,
                    made_of,
                    constructor: table.constructor.map(made_with).transpose()?,
                    code: None,
                })
            }
            _ => Err((span, Problem::Contract)),
        }
    });
    let calls = file.call.into_iter().map(|table| {
        let span = table.span();
        let table = table.into_inner();
        let step = StepTable {
            call: table.call,
            args: table.args,
            calldata: table.calldata,
            on: table.on,
            from: table.from,
            value: table.value,
            wait: table.wait,
        };
        let step = self::step(step, span.clone(), line(span))?;
        let variables = table
            .variables
            .into_iter()
            .map(|(name, values)| variable(name, &values, &step))
            .collect::<Result<_, _>>()?;
        let name = match table.name {
            Some(name) => name.into_inner(),
            None => step.name(),
        };
        Ok(PlannedCall {
            name,
            step,
            variables,
            repeat: table.repeat.map_or(Ok(1), repeat)?,
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
        others: others.collect::<Result<_, Located>>()?,
        constructor: file.constructor.map(made_with).transpose()?,
        setup: setup(file.setup)?,
        calls: calls.collect::<Result<_, Located>>()?,
        left_out: Vec::new(),
        debug_only: None,
        errors: Vec::new(),
        fork,
    })
}

fn step(table: StepTable, place: Range<usize>, line: usize) -> Result<Step, Located> {
    let arguments = table.args.into_iter().map(argument);
    let arguments = arguments.collect::<Result<Vec<_>, _>>()?;
    let data = table.calldata.map(calldata).transpose()?;
    let both = |place: Range<usize>| Err((place, Problem::Both));
    let sends = match (table.call, data) {
        (None, None) => return Err((place, Problem::Neither)),
        (None, Some(_)) if !arguments.is_empty() => return both(place),
        (None, Some(data)) => Sends::Raw(data),
        (Some(call), data) => {
            let span = call.span();
            let sends = Sends::of(call.get_ref(), arguments);
            match (sends.map_err(|problem| (span.clone(), problem))?, data) {
                (Sends::Fallback(_), Some(data)) => Sends::Fallback(data),
                (_, Some(_)) => return both(span),
                (sends, None) => sends,
            }
        }
    };
    Ok(Step {
        on: table.on.map(Spanned::into_inner),
        from: table.from.map(sender).transpose()?.unwrap_or_default(),
        value: table.value.map(amount).transpose()?.unwrap_or_default(),
        wait: table.wait.map(wait).transpose()?.unwrap_or_default(),
        line,
        ..Step::new(sends)
    })
}

fn calldata(text: Spanned<String>) -> Result<Bytes, Located> {
    let span = text.span();
    let digits = text.get_ref().strip_prefix("0x");
    let bytes = digits.and_then(|digits| hex::decode(digits).ok());
    bytes
        .map(Bytes::from)
        .ok_or_else(|| (span, Problem::Calldata(text.into_inner())))
}

/// Parses seconds: a number, or one followed by a unit of Solidity's.
fn wait(value: Spanned<Value>) -> Result<u64, Located> {
    const UNITS: [(&str, u64); 5] = [
        ("second", 1),
        ("minute", 60),
        ("hour", 3_600),
        ("day", 86_400),
        ("week", 604_800),
    ];
    let span = value.span();
    let text = match value.into_inner() {
        Value::String(text) => text,
        other => other.to_string(),
    };
    let seconds = || {
        let (number, unit) = text.trim().split_once(' ').unwrap_or((&text, "seconds"));
        let unit = unit.trim();
        let unit = unit.strip_suffix('s').unwrap_or(unit);
        let (_, seconds) = UNITS.iter().find(|(name, _)| *name == unit)?;
        number
            .trim()
            .parse::<u64>()
            .ok()?
            .checked_mul(*seconds)
            .filter(|it| *it <= MOST_WAIT)
    };
    seconds().ok_or_else(|| (span, Problem::Wait(text.clone())))
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
    let arguments = table.args.into_iter().map(argument);
    let sends = Sends::Function(Box::new(function), arguments.collect::<Result<_, _>>()?);
    Ok(Step {
        value: table.value.map(amount).transpose()?.unwrap_or_default(),
        line,
        ..Step::new(sends)
    })
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
    match is_free(&text) {
        true => Ok(Sender::Named(text)),
        false => Err((span, Problem::Sender(text))),
    }
}

/// Whether a plan can use a name as its own.
fn is_free(text: &str) -> bool {
    is_word(text) && ![CONTRACT, DEPLOYER, NOW].contains(&text)
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

fn repeat(times: Spanned<u32>) -> Result<u32, Located> {
    match times.get_ref() {
        0 => Err((times.span(), Problem::NoRun)),
        _ => Ok(times.into_inner()),
    }
}

/// Parses a variable of `step`.
fn variable(
    name: String,
    values: &Spanned<Value>,
    step: &Step,
) -> Result<(String, Vec<String>), Located> {
    let span = values.span();
    let refuse = |problem| (span.clone(), problem);
    if !is_free(&name) {
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
    if texts.is_empty() {
        return Err(refuse(Problem::Range(values.get_ref().to_string())));
    }
    match step.words().any(|word| word == name) {
        true => Ok((name, texts)),
        false => Err(refuse(Problem::Unused(name))),
    }
}

/// The numbers of `a..b` or `a..=b`, optionally followed by ` step k`.
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
    // One more than a call can have, so that too many remain too many.
    let most = usize::try_from(super::MOST_RUNS).ok()?.checked_add(1)?;
    let numbers = (from..end).step_by(step).take(most);
    Some(numbers.map(|number| number.to_string()).collect())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use stylus_cargo::input::MOST_BRACKETS;

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
            call = "transfer(address to, uint256 value, uint8 more) external returns (bool)"
            args = ["{bob}", "{n}", "{m}"]
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
        check(
            "[[call]]\nargs = []\n",
            Err("line 1: it says neither what to `call`"),
        );
        check(
            "[[call]]\ncall = \"f(uint8)\"\nargs = [1]\ncalldata = \"0x12\"\n",
            Err("line 2: `calldata` is sent as it stands"),
        );
        check(
            "[[call]]\ncalldata = \"12\"\n",
            Err("line 2: `12` is not calldata"),
        );
        check(
            "[[call]]\ncall = \"receive()\"\nargs = [1]\n",
            Err("line 2: `receive()` takes no argument"),
        );
        check(
            "[[call]]\ncall = \"f()\"\nwait = \"a while\"\n",
            Err("line 3: `a while` is not a span of time"),
        );
        check(
            "[[call]]\ncall = \"f()\"\non = \"asset\"\n",
            Err("line 1: there is no [[contract]] `asset`"),
        );
        check(
            "[[contract]]\nname = \"asset\"\n[[call]]\ncall = \"f()\"\n",
            Err("line 1: a [[contract]] has a `name`"),
        );
        let asset = "[[contract]]\nname = \"asset\"\nwasm = \"a.wasm\"\n";
        check(
            &format!("{asset}{asset}[[call]]\ncall = \"f()\"\n"),
            Err("line 4: there are two [[contract]] `asset`"),
        );
        check(
            &format!("{asset}[[call]]\ncall = \"f()\"\nfrom = \"asset\"\n"),
            Err("line 4: `asset` is not a sender"),
        );
        // A word stands for one thing, whoever uses it.
        let runs = "[[call]]\ncall = \"f(uint256)\"\nargs = [\"{n}\"]\nfor = { n = [1, 2] }\n";
        for other in [
            "from = \"n\"\n".to_owned(),
            "setup = [{ call = \"f(uint256)\", args = [\"{n}\"] }]\n".to_owned(),
            "[[call]]\nname = \"g\"\ncall = \"f(uint256)\"\nargs = [\"{n}\"]\n".to_owned(),
            asset.replace("asset", "n"),
        ] {
            check(
                &format!("{runs}{other}"),
                Err("line 1: `n` cannot be a variable's name"),
            );
        }
        check(
            "[[call]]\ncall = \"fallback(bytes calldata) external returns (bytes memory)\"\nargs = [\"0x12\"]\n",
            Err("line 2: `fallback(bytes)` takes no argument"),
        );
        for ty in ["uint256[100000000]", "uint8[1000][1000][1000]"] {
            check(
                &format!("[[call]]\ncall = \"f({ty})\"\nargs = [[1]]\n"),
                Err(&format!(
                    "line 2: `f({ty})` is not a function: `{ty}` has more than"
                )),
            );
        }
        let deep = |bracket: &str| bracket.repeat(100_000);
        for call in [deep("("), format!("f(uint8{})", deep("[]"))] {
            let text = format!("[[call]]\ncall = \"{call}\"\n");
            assert!(parse(&text).is_err());
        }
        for text in [format!("x = {}", deep("[")), deep("{ n x = ")] {
            let (_, problem) = parse(&text).unwrap_err();
            assert!(matches!(problem, Problem::Brackets), "{problem}");
        }
        for bracket in ["[", "{", "{ n x = ", "{ x = [", "[[{"] {
            let times = MOST_BRACKETS / bracket.matches(['[', '{']).count();
            assert!(parse(&format!("x = {}", bracket.repeat(times))).is_err());
        }
        check(
            "[[call]]\n\ncall = \"f(adress)\"\n",
            Err("line 3: `f(adress)` is not a function: "),
        );
        check(
            "\n[[call]]\ncall = \"f(\"\n",
            Err("line 3: `f(` is not a function: "),
        );
        check(
            "[[call]]\ncall = \"f(uint8)\"\nargs = [256]\n",
            Err("line 1: `256` does not fit uint8: "),
        );
        check(
            "[[call]]\ncall = \"f(uint8)\"\n",
            Err("line 1: `f(uint8)` takes 1 argument but is given 0"),
        );
        check(
            "[[call]]\ncall = \"f()\"\n[[call]]\ncall = \"f()\"\n",
            Err("line 3: there are two calls `f`"),
        );
        check(
            "[[call]]\ncall = \"f()\"\nfrom = \"Alice!\"\n",
            Err("line 3: `Alice!` is not a sender"),
        );
        check(
            "[[call]]\ncall = \"f()\"\nvalue = \"a lot\"\n",
            Err("line 3: `a lot` is not an amount"),
        );
        check(
            "[[call]]\ncall = \"f(uint8)\"\nargs = [\"{n}\"]\nfor = { n = \"1-3\" }\n",
            Err("line 4: `1-3` is not a range"),
        );
        check(
            "[[call]]\ncall = \"f(uint8)\"\nargs = [\"{n}\"]\nfor = { n = \"1..=300\" }\n",
            Err("line 1: `256` does not fit uint8: "),
        );
        check(
            "[[call]]\ncall = \"f(uint64)\"\nargs = [\"{n}\"]\nfor = { n = \"0..99999\" }\n",
            Err("line 1: `f` makes more than 1000 runs; "),
        );
        check(
            "[[call]]\ncall = \"f(uint64)\"\nargs = [1]\nfor = { n = \"0..9\" }\n",
            Err("line 4: no argument of the call has the variable `n`"),
        );
        check(
            "[[call]]\ncall = \"f()\"\n\nrepeat = 0\n",
            Err("line 4: `repeat = 0` makes no run"),
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

    /// The SDK's dispatcher identifies constructors by one selector (keccak of `stylus_constructor()`), whatever their parameters.
    #[test]
    fn a_constructor_is_called_as_the_sdk_has_it() {
        let plan = parse(
            "[constructor]\nsignature = \"constructor(uint256)\"\nargs = [7]\n[[call]]\ncall = \"f()\"\n",
        )
        .unwrap();
        let step = plan.constructor.unwrap();
        let input = step.input(&crate::Words::default()).unwrap();
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
