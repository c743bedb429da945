//! The questions to z3: whether a path does what the rule says, and whether the rule is safe. It does not know how the paths came about.

use std::{
    fmt::Write as _,
    io::Write as _,
    iter,
    panic::resume_unwind,
    process::Stdio,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use crate::module::{Mutant, Program};
use crate::rule::{Block, Call, State, HEAP, SAFE};
use crate::support::tool;
use crate::translate::Path;

/// How much effort z3 may spend on a question that can still be divided, by its own count, which is the same on any machine.
const EFFORT: u32 = 1_000_000;

/// A case to look for, and conditions by which the search can be divided: the case is in one of the halves, or does not exist.
struct Question {
    script: String,
    divisions: Vec<String>,
}

/// Which paths to examine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paths {
    /// Those that z3 is asked about as a whole.
    Short,
    /// Those on which a block may grow in place, and memory with it: z3 is asked about them in parts.
    Long,
}

/// A function of a module, and what it must do.
pub(crate) struct Claim<'a> {
    pub(crate) name: &'static str,
    pub(crate) program: &'a Program,
    pub(crate) function: usize,
    pub(crate) call: Call,
    pub(crate) kind: State,
    /// The address of its word of state.
    pub(crate) state: u64,
}

impl<'a> Claim<'a> {
    /// The claim that the function exported as `name` answers `call` over a heap that keeps its state as `kind` says.
    pub(crate) fn new(program: &'a Program, name: &'static str, call: Call, kind: State) -> Self {
        Self::of(program, program.exported(name), name, call, kind)
    }

    /// The same claim for a function that is not exported.
    pub(crate) fn of(
        program: &'a Program,
        function: usize,
        name: &'static str,
        call: Call,
        kind: State,
    ) -> Self {
        let paths = program.paths(function, None);
        let state = paths.iter().find_map(|path| path.address);
        Self {
            name,
            program,
            function,
            call,
            kind,
            state: state.expect("the function reads its state"),
        }
    }

    /// Everything that is known before the call, and what must be true after it. `block` says which block changes its size.
    fn head(&self, block: Block) -> String {
        format!(
            "(set-logic QF_BV)\n(define-fun initial () (_ BitVec 32) #x{:08x})\n(define-fun base () (_ BitVec 32) #x{:08x})\n\
             (declare-const state (_ BitVec 32))\n(define-fun last () (_ BitVec 32) {})\n{HEAP}{}{}{}",
            self.program.initial_pages,
            self.program.heap_base(),
            self.kind.last("state"),
            self.call.before(block),
            self.kind.excluded(),
            self.call.rule(block),
        )
    }

    /// What must hold after a path: the answer, the last byte handed out, the memory's size, and what was copied.
    fn after(&self, path: &Path) -> Vec<String> {
        let Some(got) = &path.result else {
            // The path traps, or touches what is not its own.
            return vec!["false".to_owned()];
        };
        // A word of state elsewhere belongs to another heap; if growth is requested twice, it may be granted only once.
        let is_elsewhere = path.address.is_some_and(|address| address != self.state);
        if is_elsewhere || path.grows > 1 || path.copies.len() > 1 {
            return vec!["false".to_owned()];
        }
        let copies = match path.copies.first() {
            None => "(= copied #x00000000)".to_owned(),
            // Both places are then blocks, so that the copy does not trap once the memory has grown.
            Some(copy) if copy.pages == path.pages => format!(
                "(and (= {} copied) (= {} result) (= {} block))",
                copy.len, copy.to, copy.from
            ),
            Some(_) => return vec!["false".to_owned()],
        };
        let (last, pages) = (self.kind.last(&path.state), &path.pages);
        vec![
            format!("(= {got} result)"),
            format!("(= {last} last2)"),
            format!("(= {pages} pages2)"),
            copies,
        ]
    }

    fn is_long(&self, path: &Path) -> bool {
        self.call == Call::Resize && path.grows > 0
    }

    /// Looks for a case in which the function does not do what the rule says; also returns how many paths it examined.
    pub(crate) fn search(&self, which: Paths) -> (usize, Option<String>) {
        let mut paths = self.program.paths(self.function, None);
        paths.retain(|path| self.is_long(path) == (which == Paths::Long));
        let questions: Vec<_> = paths.iter().flat_map(|path| self.questions(path)).collect();
        let cases = side_by_side(&questions, |question| self.case(question));
        (paths.len(), cases.into_iter().flatten().next())
    }

    /// Looks for such a case in a mutant of a function that has none.
    pub(crate) fn search_mutant(&self, mutant: &Mutant) -> Option<String> {
        let proved = self.program.paths(self.function, None);
        let paths = self.program.paths(self.function, Some(mutant));
        // A path that has not changed breaks nothing.
        let changed = paths.iter().filter(|path| !proved.contains(path));
        let mut questions = changed.flat_map(|path| self.questions(path));
        questions.find_map(|question| self.case(&question))
    }

    /// The questions about a path.
    fn questions(&self, path: &Path) -> Vec<Question> {
        let script = |block: Block| {
            let mut script = self.head(block) + &path.script;
            for condition in &path.conditions {
                writeln!(script, "(assert {condition})").expect("a string takes anything");
            }
            script
        };
        let after = self.after(path);
        if !self.is_long(path) {
            let wanted = after.join(" ");
            return vec![Question {
                script: format!("{}(assert (not (and {wanted})))\n", script(Block::Any)),
                divisions: Vec::new(),
            }];
        }
        // Divided by whose memory is after the last byte's page, by whether the request is refused, and by each test that the function
        // makes.
        let divisions = ["own", "refused"].map(str::to_owned);
        let divisions: Vec<_> = divisions.into_iter().chain(path.tests()).collect();
        let mut questions = Vec::new();
        for block in [Block::Last, Block::NotLast] {
            let script = script(block);
            questions.extend(after.iter().map(|wanted| Question {
                script: format!("{script}(assert (not {wanted}))\n"),
                divisions: divisions.clone(),
            }));
        }
        questions
    }

    /// The case that a question looks for, if it exists.
    fn case(&self, question: &Question) -> Option<String> {
        let names = self.call.parameters().join(" ");
        question.case(&format!("{names} last pages granted"))
    }
}

impl Question {
    /// The values of `names` in the case that the question looks for, asked as a whole or else in parts.
    fn case(&self, names: &str) -> Option<String> {
        let mut open = vec![(self.script.clone(), self.divisions.as_slice())];
        while let Some((script, divisions)) = open.pop() {
            let effort = (!divisions.is_empty()).then_some(EFFORT);
            match (answer(&script, names, effort), divisions) {
                (Answer::None, _) => {}
                (Answer::Case(case), _) => return Some(case),
                (Answer::Unknown, []) => panic!("z3 has an answer if it has time"),
                (Answer::Unknown, [division, rest @ ..]) => {
                    open.push((format!("{script}(assert {division})\n"), rest));
                    open.push((format!("{script}(assert (not {division}))\n"), rest));
                }
            }
        }
        None
    }
}

/// The results of `ask` for each item, in order. z3 uses one processor, so several are asked at once.
pub(crate) fn side_by_side<T: Sync, R: Send>(items: &[T], ask: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let work = || {
        let numbers = iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed));
        let items = numbers.map_while(|number| Some((number, items.get(number)?)));
        items
            .map(|(number, item)| (number, ask(item)))
            .collect::<Vec<_>>()
    };
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let mut answers: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let answers = workers.into_iter().map(|worker| worker.join());
        answers
            .flat_map(|answers| answers.unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    });
    answers.sort_by_key(|(number, _)| *number);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

/// Looks for a case in which the rule for `call` is not safe, wherever the heap begins and however large the memory was at first.
pub(crate) fn search_rule(call: Call) -> Option<String> {
    let script = format!(
        "(set-logic QF_BV)\n(declare-const initial (_ BitVec 32))\n(declare-const base (_ BitVec 32))\n\
         (declare-const last (_ BitVec 32))\n{HEAP}(assert (distinct base #x00000000))\n{}{}(assert (not {SAFE}))\n",
        call.before(Block::Any),
        call.rule(Block::Any),
    );
    let names = call.parameters().join(" ");
    let question = Question {
        script,
        divisions: Vec::new(),
    };
    question.case(&format!("{names} base initial last pages granted"))
}

/// z3's answer to assertions.
enum Answer {
    /// Nothing satisfies them all.
    None,
    /// These values satisfy them all.
    Case(String),
    /// The effort was not enough.
    Unknown,
}

fn answer(assertions: &str, names: &str, effort: Option<u32>) -> Answer {
    let limit = effort.map_or_else(String::new, |effort| {
        format!("(set-option :rlimit {effort})\n")
    });
    let question = format!("{limit}{assertions}(check-sat)\n");
    let answers = z3(&question);
    match answers.first().map(String::as_str) {
        Some("unsat") => Answer::None,
        // Asked once more, since values can be requested only if there is a case.
        Some("sat") => {
            Answer::Case(z3(&format!("{question}(get-value ({names}))\n"))[1..].join(" "))
        }
        Some("unknown") => Answer::Unknown,
        _ => panic!("z3 says {answers:?}"),
    }
}

/// Runs z3 on a script, and returns the lines of its answer.
fn z3(script: &str) -> Vec<String> {
    let mut command = tool("z3");
    let mut child = command
        .args(["-in", "-smt2"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| {
            panic!("z3 does not run ({error}): scripts/setup --for-tests installs it")
        });
    let mut stdin = child.stdin.take().expect("it was asked for");
    let script = script.to_owned();
    let writer = thread::spawn(move || stdin.write_all(script.as_bytes()));
    let output = child.wait_with_output().expect("z3 ends");
    writer.join().expect("it does not panic").expect("z3 reads");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(str::to_owned)
        .collect()
}
