//! The questions to z3: whether a path does what the rule says, and whether the rule is safe. How the paths came about is not known here.

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
use crate::rule::{Call, State, HEAP, SAFE};
use crate::support::tool;
use crate::translate::Path;

/// The question. What z3 does by default, which is made for many kinds of them, takes ten times as long for these.
const CHECK: &str =
    "(check-sat-using (then simplify propagate-values solve-eqs simplify bit-blast sat))\n";

/// A function of a module, and what it is to be.
pub(crate) struct Claim<'a> {
    pub(crate) name: &'static str,
    pub(crate) program: &'a Program,
    pub(crate) function: usize,
    pub(crate) call: Call,
    pub(crate) kind: State,
    /// Where its word of state lies.
    pub(crate) state: u64,
}

impl<'a> Claim<'a> {
    /// The claim that the function exported as `name` answers `call` over a heap that keeps its state like that.
    pub(crate) fn new(program: &'a Program, name: &'static str, call: Call, kind: State) -> Self {
        Self::of(program, program.exported(name), name, call, kind)
    }

    /// The same for a function that is not exported.
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

    /// All that is known before the call, and what must come of it.
    fn head(&self) -> String {
        format!(
            "(set-logic QF_BV)\n(define-fun initial () (_ BitVec 32) #x{:08x})\n(define-fun base () (_ BitVec 32) #x{:08x})\n\
             (declare-const state (_ BitVec 32))\n(define-fun last () (_ BitVec 32) {})\n{HEAP}{}{}",
            self.program.initial_pages,
            self.program.heap_base(),
            self.kind.last("state"),
            self.call.before(),
            self.call.rule(),
        )
    }

    /// What must hold after a path.
    fn after(&self, path: &Path) -> String {
        let Some(got) = &path.result else {
            // It traps, or touches what is not its own.
            return "false".to_owned();
        };
        // A word of state elsewhere is another heap; growth asked for twice may be granted once.
        let is_elsewhere = path.address.is_some_and(|address| address != self.state);
        if is_elsewhere || path.grows > 1 || path.copies.len() > 1 {
            return "false".to_owned();
        }
        let copies = match path.copies.first() {
            None => "(= copied #x00000000)".to_owned(),
            // Both places are blocks then, so that it does not trap once the memory has grown.
            Some(copy) if copy.pages == path.pages => format!(
                "(= {} copied) (= {} result) (= {} block)",
                copy.len, copy.to, copy.from
            ),
            Some(_) => return "false".to_owned(),
        };
        let (last, pages) = (self.kind.last(&path.state), &path.pages);
        format!("(and (= {got} result) (= {last} last2) (= {pages} pages2) {copies})")
    }

    /// The paths that are looked at.
    fn paths(&self, mutant: Option<&Mutant>) -> Vec<Path> {
        let mut paths = self.program.paths(self.function, mutant);
        if self.call == Call::Resize {
            // Those on which the block leaves the page are too much for z3.
            paths.retain(|path| path.grows == 0);
        }
        paths
    }

    /// Looks for a case in which the function does something else than the rule says, and tells how many paths were looked at.
    pub(crate) fn search(&self) -> (usize, Option<String>) {
        let paths = self.paths(None);
        let cases = side_by_side(&paths, |path| self.case(path));
        (paths.len(), cases.into_iter().flatten().next())
    }

    /// The same for a mutant of a function in which there is none.
    pub(crate) fn search_mutant(&self, mutant: &Mutant) -> Option<String> {
        let proved = self.paths(None);
        let paths = self.paths(Some(mutant));
        // A path that has not changed breaks nothing.
        let mut changed = paths.iter().filter(|path| !proved.contains(path));
        changed.find_map(|path| self.case(path))
    }

    /// A case in which a path does something else than the rule says.
    fn case(&self, path: &Path) -> Option<String> {
        let mut question = self.head() + &path.script;
        for condition in &path.conditions {
            writeln!(question, "(assert {condition})").expect("a string takes anything");
        }
        writeln!(question, "(assert (not {}))", self.after(path)).expect("a string takes anything");
        let names = self.call.parameters().join(" ");
        answer(&question, &format!("{names} last pages granted"))
    }
}

/// What `ask` makes of each item. z3 takes one processor, so that several are asked about at once.
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
    let question = format!(
        "(set-logic QF_BV)\n(declare-const initial (_ BitVec 32))\n(declare-const base (_ BitVec 32))\n\
         (declare-const last (_ BitVec 32))\n{HEAP}(assert (distinct base #x00000000))\n{}{}(assert (not {SAFE}))\n",
        call.before(),
        call.rule(),
    );
    let names = call.parameters().join(" ");
    answer(
        &question,
        &format!("{names} base initial last pages granted"),
    )
}

/// The values of `names` in a case that fulfils all assertions; `None` if there is no such case.
fn answer(assertions: &str, names: &str) -> Option<String> {
    let question = format!("{assertions}{CHECK}");
    let answers = z3(&question);
    if answers == ["unsat"] {
        return None;
    }
    assert_eq!(answers, ["sat"], "z3 has an answer");
    // The same question once more, since there are no values to ask for where there is no case.
    Some(z3(&format!("{question}(get-value ({names}))\n"))[1..].join(" "))
}

/// The lines that z3 answers with.
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
