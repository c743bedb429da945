//! What is to be proved of `alloc(size, align)`, as formulas, and the question to z3. How the paths came about is not known here.

use std::{io::Write, process::Stdio};

use crate::support::tool;
use crate::translate::{Path, Program};

/// How a heap keeps the last byte that it handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// By its address.
    Last,
    /// By how many bytes lie between the heap's beginning and the one behind it, negated.
    Taken,
}

impl State {
    /// What it is before the first block, where the heap begins at `base`.
    pub(crate) const fn initial(self, base: u32) -> u32 {
        match self {
            Self::Last => base - 1,
            Self::Taken => 0,
        }
    }

    /// The last byte that `state` stands for. At the start it is the one before the heap.
    fn last(self, state: &str) -> String {
        match self {
            Self::Last => state.to_owned(),
            Self::Taken => format!("(bvsub (bvsub base #x00000001) {state})"),
        }
    }
}

/// What is known before: of the request what `Layout` promises, of the heap what `MiniAlloc` keeps.
///
/// `p0` is the size and `p1` the alignment; `last` is the last byte handed out. `wide` makes numbers that do not wrap.
const BEFORE: &str = "
(declare-const p0 (_ BitVec 32))
(declare-const p1 (_ BitVec 32))
(declare-const pages (_ BitVec 32))
(define-fun wide ((x (_ BitVec 32))) (_ BitVec 64) ((_ zero_extend 32) x))
(define-fun page ((x (_ BitVec 32))) (_ BitVec 32) (bvlshr x #x00000010))
(define-fun bytes ((x (_ BitVec 32))) (_ BitVec 64) (bvshl (wide x) #x0000000000000010))
; the alignment is a power of two, and the size rounded up to it is no more than isize::MAX
(assert (and (distinct p1 #x00000000) (= (bvand p1 (bvsub p1 #x00000001)) #x00000000)))
(assert (bvule (bvadd (wide p0) (wide p1)) #x0000000080000000))
; the memory never shrinks, and fits the address space
(assert (and (bvuge pages initial) (bvule pages #x00010000)))
; the last byte handed out lies in the memory, not before the heap, and not on the last page of the address space
(assert (bvuge last (bvsub base #x00000001)))
(assert (bvult (wide last) (bytes pages)))
(assert (bvult (page last) #x0000ffff))
; a block whose place is behind `from` ends there
(define-fun end ((from (_ BitVec 64))) (_ BitVec 64)
  (bvadd (bvadd (bvsub from (bvand from (bvsub (wide p1) #x0000000000000001)))
                (ite (= (bvand from (bvsub (wide p1) #x0000000000000001)) #x0000000000000000) #x0000000000000000 (wide p1)))
         (wide p0)))
";

/// What must hold after a path, with the names of its results put in.
fn after(path: &Path, kind: State) -> String {
    let Some(result) = &path.result else {
        // It traps, or touches what is not its own.
        return "false".to_owned();
    };
    let (state, pages) = (&path.state, &path.pages);
    let new = kind.last(state);
    format!(
        "(let ((new {new}) (top #x00000000ffff0000) (before (bvadd (wide last) #x0000000000000001)))
(ite (= {result} #x00000000)
  (and (= {state} state) (= {pages} pages)
    ; where the block would lie in the memory as it is, there is no such place below the last page
    (or (bvugt (end before) (bvshl (bvlshr (bvadd before #x000000000000ffff) #x0000000000000010) #x0000000000000010))
        (bvugt (end before) top)))
  (and
    ; aligned
    (= (bvand {result} (bvsub p1 #x00000001)) #x00000000)
    ; behind everything handed out before
    (bvugt {result} last)
    ; the state stands for the block's last byte
    (= (wide new) (bvsub (bvadd (wide {result}) (wide p0)) #x0000000000000001))
    ; in the memory, and below the last page
    (bvult (wide new) (bytes {pages}))
    (bvult (page new) #x0000ffff)
    ; the memory has grown by exactly the pages that the block needs
    (= {pages} (ite (bvuge (page new) pages) (bvadd (page new) #x00000001) pages))
    ; on no page that somebody else may have grown: on the last byte's, or behind the memory as it was, unless that ended with
    ; the last byte's page, or nobody had grown it
    (or (= (page new) (page last)) (bvuge (page {result}) pages)
        (= (page last) (bvsub pages #x00000001)) (= pages initial)))))"
    )
}

/// Looks for a case in which a path breaks the theorem.
pub(crate) fn search(program: &Program, paths: &[Path], kind: State, base: u32) -> Option<String> {
    let last = kind.last("state");
    let mut script = format!(
        "(set-logic QF_BV)\n(define-fun initial () (_ BitVec 32) #x{:08x})\n(define-fun base () (_ BitVec 32) #x{base:08x})\n\
         (declare-const state (_ BitVec 32))\n(define-fun last () (_ BitVec 32) {last})\n{BEFORE}",
        program.initial_pages
    );
    for path in paths {
        script += "(push)\n";
        script += &path.script;
        for condition in &path.conditions {
            script += &format!("(assert {condition})\n");
        }
        script += &format!("(assert (not {}))\n(check-sat)\n", after(path, kind));
        script += "(pop)\n";
    }
    let answers = z3(&script);
    assert_eq!(answers.len(), paths.len(), "{answers:?}");
    let broken = answers.iter().position(|answer| answer != "unsat")?;
    assert_eq!(answers[broken], "sat", "z3 has an answer");
    // The same question once more, alone, for the case itself.
    let path = &paths[broken];
    let conditions: String = path
        .conditions
        .iter()
        .map(|condition| format!("(assert {condition})\n"))
        .collect();
    let head = &script[..script.find("(push)").expect("there is a path")];
    let question = format!(
        "{head}{}{conditions}(assert (not {}))\n(check-sat)\n(get-value (p0 p1 state pages))\n",
        path.script,
        after(path, kind)
    );
    let case = z3(&question)[1..].join(" ");
    Some(case.replace("p0", "size").replace("p1", "align"))
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
    let writer = std::thread::spawn(move || stdin.write_all(script.as_bytes()));
    let output = child.wait_with_output().expect("z3 ends");
    writer.join().expect("it does not panic").expect("z3 reads");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(str::to_owned)
        .collect()
}
