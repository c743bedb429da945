//! One transaction, line by line: how much ink each line of source took.
//!
//! Lives here: the data, and adding it up. Not here: counting blocks (`stylus_vm::explain`), requesting the counts (`cargo-gas-bench`),
//! words and rows (`content`).
//!
//! Theorem: nothing is lost and nothing counted twice. The ink of all lines, of code without a line, and what was forfeited, is the ink
//! of the program's run; so it is over all functions. Blocks are counted and operators have prices, so nothing is estimated.

use std::collections::BTreeMap;

use serde::Serialize;
use stylus_vm::Ink;
use stylus_vm::explain::{BlockPrices, Counts, Position};
use stylus_vm::lines::{Lines, SourceFrame};

/// The version of the JSON shape.
pub const LINES_SCHEMA: u32 = 1;

/// Where the ink of one call went, line by line.
#[derive(Clone, PartialEq, Eq, Serialize, Debug)]
pub struct LineProfile {
    /// [`LINES_SCHEMA`] at the time of writing.
    pub schema: u32,
    /// The name of the contract's package.
    pub contract: String,
    /// The call's name in the plan.
    pub call: String,
    /// Ink of the program's run.
    pub ink: Ink,
    /// What each line took, by file and line.
    pub lines: Vec<LineInk>,
    /// What each function took, inlined or not, by name.
    pub functions: Vec<FunctionInk>,
    /// What each chain of inlined functions took, in each module function.
    #[serde(skip)]
    pub stacks: Vec<InlineStack>,
    /// Ink of code without a known line.
    pub without_line: Ink,
    /// Ink taken without being spent, because it did not suffice for the next step.
    pub forfeited: Ink,
}

/// What a line took.
#[derive(Clone, PartialEq, Eq, Serialize, Debug)]
pub struct LineInk {
    /// The file: by the path the compiler was given, or relative to the working directory.
    pub file: String,
    /// The line number, from 1.
    pub line: u32,
    /// Whether the file is the contract's own.
    pub own: bool,
    /// How often code of the line was entered: the count of its most frequent piece of code.
    pub times: u64,
    /// What the line itself took.
    pub ink: Ink,
    /// How much of that host calls took.
    pub hostios: Ink,
    /// What it took including everything inlined into it.
    pub with_inlined: Ink,
}

/// What a function took, wherever it was inlined.
#[derive(Clone, PartialEq, Eq, Serialize, Debug)]
pub struct FunctionInk {
    /// Its name.
    pub name: String,
    /// What it took itself.
    pub ink: Ink,
    /// What it took including everything inlined into it.
    pub with_inlined: Ink,
}

/// What the code along one chain of inlining took.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InlineStack {
    /// The names of the functions, the module's own first: each is inlined into the one before it.
    pub functions: Vec<String>,
    /// The file and line of the code, if known.
    pub line: Option<(String, u32)>,
    /// The host call that took it, if it was one.
    pub hostio: Option<String>,
    /// What it took.
    pub ink: Ink,
}

/// Figures that do not add up.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LinesError {
    /// More ink was counted than spent.
    #[error(
        "the lines take {counted} ink and the program {spent} in all; please report this with the contract"
    )]
    Sum {
        /// Ink of all lines.
        counted: Ink,
        /// Ink of the run.
        spent: Ink,
    },
    /// A block was counted that the module does not have.
    #[error(
        "the chain counts a block at {0:?} that the module does not have; please report this with the contract"
    )]
    Block(Position),
}

/// What an operator took.
struct Taken {
    position: Position,
    times: u64,
    ink: Ink,
    is_hostio: bool,
}

/// Adds up a run that spent `ink`.
///
/// # Errors
/// If the parts do not add up to `ink`.
pub fn add_up(
    (contract, call): (&str, &str),
    ink: Ink,
    counts: &Counts,
    prices: &[BlockPrices],
    lines: &Lines,
    own: impl Fn(&str) -> bool,
) -> Result<LineProfile, LinesError> {
    let mut all: BTreeMap<(String, u32), LineInk> = BTreeMap::new();
    let mut functions: BTreeMap<String, FunctionInk> = BTreeMap::new();
    let mut stacks: BTreeMap<StackKey, Ink> = BTreeMap::new();
    let (mut without_line, mut counted) = (Ink::ZERO, Ink::ZERO);
    for taken in taken(counts, prices)? {
        counted += taken.ink;
        let frames = lines.frames(taken.position);
        let named = named(&frames, lines, taken.position);
        if !add_line(&mut all, &frames, &taken, &own) {
            without_line += taken.ink;
        }
        let hostio = taken.is_hostio.then(|| lines.import_called(taken.position));
        let hostio = hostio.flatten().map(str::to_owned);
        let outermost_first = named.iter().rev().cloned().collect();
        *stacks
            .entry((outermost_first, innermost_line(&frames), hostio))
            .or_insert(Ink::ZERO) += taken.ink;
        let mut seen: Vec<&str> = Vec::new();
        for (depth, name) in named.iter().enumerate() {
            let function = functions
                .entry(name.clone())
                .or_insert_with(|| FunctionInk {
                    name: name.clone(),
                    ink: Ink::ZERO,
                    with_inlined: Ink::ZERO,
                });
            if depth == 0 {
                function.ink += taken.ink;
            }
            if !seen.contains(&name.as_str()) {
                function.with_inlined += taken.ink;
                seen.push(name);
            }
        }
    }
    let forfeited = ink.checked_sub(counted).ok_or(LinesError::Sum {
        counted,
        spent: ink,
    })?;
    Ok(LineProfile {
        schema: LINES_SCHEMA,
        contract: contract.to_owned(),
        call: call.to_owned(),
        ink,
        lines: all.into_values().collect(),
        functions: functions.into_values().collect(),
        stacks: stacks.into_iter().map(stack).collect(),
        without_line,
        forfeited,
    })
}

/// The functions, line and host call of a stack.
type StackKey = (Vec<String>, Option<(String, u32)>, Option<String>);

fn stack(((functions, line, hostio), ink): (StackKey, Ink)) -> InlineStack {
    InlineStack {
        functions,
        line,
        hostio,
        ink,
    }
}

/// The innermost known line of some code.
fn innermost_line(frames: &[SourceFrame]) -> Option<(String, u32)> {
    let known = |frame: &SourceFrame| Some((frame.file.clone()?, frame.line?));
    frames.iter().find_map(known)
}

/// What each operator that ran took.
fn taken(counts: &Counts, prices: &[BlockPrices]) -> Result<Vec<Taken>, LinesError> {
    let prices: BTreeMap<Position, &BlockPrices> =
        prices.iter().map(|block| (block.first, block)).collect();
    let mut times: BTreeMap<Position, u64> = BTreeMap::new();
    let mut all = Vec::new();
    for runs in &counts.blocks {
        let block = prices
            .get(&runs.first)
            .ok_or(LinesError::Block(runs.first))?;
        for (operator, price) in (runs.first.operator..).zip(&block.operators) {
            let position = Position {
                operator,
                ..runs.first
            };
            times.insert(position, runs.count);
            all.push(Taken {
                position,
                times: runs.count,
                ink: Ink(price.0.saturating_mul(runs.count)),
                is_hostio: false,
            });
        }
    }
    let spent = counts.bulks.iter().map(|spent| (spent, false));
    let spent = spent.chain(counts.hostios.iter().map(|spent| (spent, true)));
    all.extend(spent.map(|(spent, is_hostio)| Taken {
        position: spent.position,
        times: times.get(&spent.position).copied().unwrap_or(1),
        ink: spent.ink,
        is_hostio,
    }));
    Ok(all)
}

/// The names of a position's frames, innermost first; at least one.
fn named(frames: &[SourceFrame], lines: &Lines, position: Position) -> Vec<String> {
    let names: Vec<_> = frames
        .iter()
        .filter_map(|frame| frame.function.clone())
        .collect();
    match names.is_empty() {
        false => names,
        true => {
            let name = lines.names().get(position.function).map(str::to_owned);
            vec![name.unwrap_or_else(|| format!("function[{}]", position.function))]
        }
    }
}

/// Adds what an operator took to its innermost known line, and to the lines around it. Returns whether there is one.
fn add_line(
    all: &mut BTreeMap<(String, u32), LineInk>,
    frames: &[SourceFrame],
    taken: &Taken,
    own: &impl Fn(&str) -> bool,
) -> bool {
    let mut seen = Vec::new();
    let known = frames
        .iter()
        .filter_map(|frame| Some((frame.file.clone()?, frame.line?)));
    for place in known {
        if seen.contains(&place) {
            continue;
        }
        let line = all.entry(place.clone()).or_insert_with(|| LineInk {
            own: own(&place.0),
            file: place.0.clone(),
            line: place.1,
            times: 0,
            ink: Ink::ZERO,
            hostios: Ink::ZERO,
            with_inlined: Ink::ZERO,
        });
        line.times = line.times.max(taken.times);
        line.with_inlined += taken.ink;
        if seen.is_empty() {
            line.ink += taken.ink;
            if taken.is_hostio {
                line.hostios += taken.ink;
            }
        }
        seen.push(place);
    }
    !seen.is_empty()
}

/// A source file with what each of its lines took.
#[derive(Clone, PartialEq, Eq, Serialize, Debug)]
pub struct AnnotatedSource {
    /// The file, relative to the working directory.
    pub file: String,
    /// All its lines.
    pub lines: Vec<AnnotatedLine>,
}

/// A line of an annotated source.
#[derive(Clone, PartialEq, Eq, Serialize, Debug)]
pub struct AnnotatedLine {
    /// The line number, from 1.
    pub line: u32,
    /// The line's text.
    pub text: String,
    /// What it took; `None` if none of its code ran.
    pub ink: Option<Ink>,
    /// How often its code was entered.
    pub times: Option<u64>,
}

impl LineProfile {
    /// Annotates the source `text` with what each of its lines took.
    pub fn annotate(&self, file: &str, shown: String, text: &str) -> AnnotatedSource {
        let taken: BTreeMap<u32, &LineInk> = self
            .lines
            .iter()
            .filter(|line| line.file == file)
            .map(|line| (line.line, line))
            .collect();
        let lines = (1..).zip(text.lines()).map(|(line, text)| AnnotatedLine {
            line,
            text: text.to_owned(),
            ink: taken.get(&line).map(|taken| taken.ink),
            times: taken.get(&line).map(|taken| taken.times),
        });
        AnnotatedSource {
            file: shown,
            lines: lines.collect(),
        }
    }

    /// The same with the files by other names.
    #[must_use]
    pub fn with_files(mut self, named: impl Fn(&str) -> String) -> Self {
        for line in &mut self.lines {
            line.file = named(&line.file);
        }
        for (file, _) in self.stacks.iter_mut().filter_map(|it| it.line.as_mut()) {
            *file = named(file);
        }
        self
    }

    /// The files of its lines, and whether each is the contract's own; those that took most come first.
    pub fn files(&self) -> Vec<(&str, bool)> {
        let mut files: BTreeMap<&str, (Ink, bool)> = BTreeMap::new();
        for line in &self.lines {
            let (ink, own) = files.entry(&line.file).or_insert((Ink::ZERO, line.own));
            *ink += line.ink;
            *own = line.own;
        }
        let mut files: Vec<_> = files.into_iter().collect();
        files.sort_by_key(|(file, (ink, _))| (std::cmp::Reverse(*ink), *file));
        files
            .into_iter()
            .map(|(file, (_, own))| (file, own))
            .collect()
    }
}
