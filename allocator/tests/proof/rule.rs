//! What a heap that only grows must do, and what is known beforehand, as formulas. It knows no module, and asks no question.
//!
//! A call is answered with an address, or with null; the rule also says what the last byte handed out and the memory's size then are. All
//! numbers that could wrap around are 34 bits wide, which holds any sum of an address, an alignment and a size.

/// How a heap keeps the last byte that it handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// By its address: with the feature `in-place`.
    Last,
    /// By how many bytes there are from the heap's beginning to the byte after it, negated: the default.
    Taken,
}

impl State {
    /// The state before the first block, if the heap begins at `base`.
    pub(crate) const fn initial(self, base: u32) -> u32 {
        match self {
            Self::Last => base - 1,
            Self::Taken => 0,
        }
    }

    /// What such a heap need not answer: an empty request where somebody else's memory fills the address space.
    pub(crate) const fn excluded(self) -> &'static str {
        match self {
            Self::Last => "",
            Self::Taken => "(assert (not (and (= size #x00000000) (= pages #x00010000))))\n",
        }
    }

    /// The last byte that `state` stands for. At the start it is the one before the heap.
    pub(crate) fn last(self, state: &str) -> String {
        match self {
            Self::Last => state.to_owned(),
            Self::Taken => format!("(bvsub (bvsub base #x00000001) {state})"),
        }
    }
}

/// What is asked of the heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// `alloc(size, align)`, or `alloc_zeroed`.
    Alloc,
    /// The function that these call, which takes the alignment first.
    Take,
    /// `realloc(block, old size, align, size)`, which moves every block.
    Move,
    /// The same, except that a block stays where it is if it shrinks, or if it grows, is the last one and has room after it.
    Resize,
}

/// Which block changes its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Block {
    /// Any.
    Any,
    /// The one that ends with the last byte handed out, so that its size follows from its place.
    Last,
    /// Any other.
    NotLast,
}

impl Call {
    /// The names of the parameters.
    pub(crate) const fn parameters(self) -> &'static [&'static str] {
        match self {
            Self::Alloc => &["size", "align"],
            Self::Take => &["align", "size"],
            Self::Move | Self::Resize => &["block", "old", "align", "size"],
        }
    }

    /// Declares the parameters, `p0` and so on, and asserts what `Layout` promises of the request, and that a block that changes its size
    /// was handed out.
    pub(crate) fn before(self, block: Block) -> String {
        let mut text = String::new();
        for (number, &name) in self.parameters().iter().enumerate() {
            let parameter = match (block, name) {
                // The sum of `extends`, in 32 bits.
                (Block::Last, "old") => {
                    format!("(define-fun p{number} () (_ BitVec 32) (bvsub (bvadd last #x00000001) block))")
                }
                _ => format!("(declare-const p{number} (_ BitVec 32))"),
            };
            text += &format!("{parameter}\n(define-fun {name} () (_ BitVec 32) p{number})\n");
        }
        let is_new = matches!(self, Self::Alloc | Self::Take);
        if is_new {
            text += "(define-fun block () (_ BitVec 32) #x00000000)\n(define-fun old () (_ BitVec 32) #x00000000)\n";
        }
        text += REQUEST;
        if !is_new {
            text += OLD_BLOCK;
        }
        text
    }

    /// What the outcome must be: `result`, `last2`, `pages2`, and how many bytes are `copied`.
    pub(crate) fn rule(self, block: Block) -> String {
        let in_place = self == Self::Resize;
        let which = match block {
            Block::Any => "",
            Block::Last => "(assert extends)",
            Block::NotLast => "(assert (not extends))",
        };
        format!(
            "(define-fun extends () Bool (and {in_place} (= (bvadd (wide block) (wide old)) after)))
(define-fun stays () Bool (and {in_place} (bvule size old)))
{which}{RULE}"
        )
    }
}

/// What is known of the heap and the memory; `last`, which is what `state` means, is already defined.
pub(crate) const HEAP: &str = "
(define-fun wide ((x (_ BitVec 32))) (_ BitVec 34) ((_ zero_extend 2) x))
(define-fun low ((x (_ BitVec 34))) (_ BitVec 32) ((_ extract 31 0) x))
(define-fun page ((x (_ BitVec 34))) (_ BitVec 34) (bvlshr x (wide #x00000010)))
(define-fun bytes ((x (_ BitVec 32))) (_ BitVec 34) (bvshl (wide x) (wide #x00000010)))
(define-fun one () (_ BitVec 34) (wide #x00000001))
; after this address no block may end: the last page is left out
(define-fun top () (_ BitVec 34) (wide #xffff0000))
(declare-const pages (_ BitVec 32))
; whether memory may grow, if it is asked to
(declare-const granted Bool)
; the memory never shrinks, and fits the address space
(assert (and (bvuge pages initial) (bvule pages #x00010000)))
; the last byte handed out lies in the memory, not before the heap, and not on the last page of the address space
(assert (bvuge last (bvsub base #x00000001)))
(assert (bvult (wide last) (bytes pages)))
(assert (bvule (bvadd (wide last) one) top))
(define-fun after () (_ BitVec 34) (bvadd (wide last) one))
";

const REQUEST: &str = "
; the alignment is a power of two, and the size rounded up to it is no more than isize::MAX
(assert (and (distinct align #x00000000) (= (bvand align (bvsub align #x00000001)) #x00000000)))
(assert (bvule (bvadd (wide size) (wide align)) (wide #x80000000)))
(define-fun up ((x (_ BitVec 34))) (_ BitVec 34)
  (bvneg (bvand (bvneg x) (bvneg (wide align)))))
";

const OLD_BLOCK: &str = "
; the block was handed out with this alignment: it lies in the heap, and ends at the last byte or before
(assert (bvule (bvadd (wide old) (wide align)) (wide #x80000000)))
(assert (and (bvuge block base) (= (bvand block (bvsub align #x00000001)) #x00000000)))
(assert (bvule (bvadd (wide block) (wide old)) after))
";

const RULE: &str = "
; where the memory goes on past the last byte's page, somebody else has grown it, if it did not begin like that
(define-fun own () Bool (or (= (bvadd (page (wide last)) one) (wide pages)) (= pages initial)))
(define-fun here () (_ BitVec 34) (ite extends (wide block) (up after)))
(define-fun settles () Bool (= (page (bvsub (bvadd here (wide size)) one)) (page (wide last))))
(define-fun first () (_ BitVec 34) (ite (or settles own) here (up (bytes pages))))
(define-fun end () (_ BitVec 34) (bvadd first (wide size)))
(define-fun refused () Bool
  (and (not stays) (not settles) (or (bvugt end top) (and (bvugt end (bytes pages)) (not granted)))))
(define-fun result () (_ BitVec 32) (ite refused #x00000000 (ite stays block (low first))))
(define-fun last2 () (_ BitVec 32) (ite (or refused stays) last (low (bvsub end one))))
(define-fun pages2 () (_ BitVec 32)
  (ite (or refused stays settles (bvule end (bytes pages))) pages (bvadd (bvlshr last2 #x00000010) #x00000001)))
; whether the block is where it was
(define-fun kept () Bool (or stays (and extends (or settles own) (not refused))))
(define-fun copied () (_ BitVec 32) (ite (or refused kept) #x00000000 (ite (bvult old size) old size)))
";

/// What the rule must guarantee to Rust and to others in the memory.
pub(crate) const SAFE: &str = "
(and
  ; null: nothing has changed, and there was no room, or growth was refused
  (=> (= result #x00000000)
    (and (= last2 last) (= pages2 pages) (or (bvugt end top) (not granted))))
  (=> (distinct result #x00000000)
    (let ((past (bvadd (wide result) (wide size)))
          ; from here on the block is new
          (fresh (ite kept after first)))
      (and
        (= (bvand result (bvsub align #x00000001)) #x00000000)
        ; in the heap, in the memory, and below the last page
        (bvuge result base) (bvule past (bytes pages2)) (bvule past top)
        ; what is handed out goes up to the block's end at least, and the state is one that a heap can be in
        (bvuge last2 last) (bvule past (bvadd (wide last2) one))
        (bvult (wide last2) (bytes pages2)) (bvule (bvadd (wide last2) one) top)
        ; the memory has grown by the pages that lack for the block, and by no more
        (= pages2 (ite (bvugt past (bytes pages)) (low (bvadd (page (bvsub past one)) one)) pages))
        (=> kept (= result block))
        (ite stays (bvule size old)
          (and
            ; after everything handed out before, which a block that grows in place is the end of
            (bvugt fresh (wide last)) (=> kept (= (bvadd (wide block) (wide old)) after))
            ; on no page that somebody else may have grown: on the last byte's, or after the memory as it was, unless that
            ; ended with the last byte's page, or nobody had grown it
            (or (= (page (bvsub past one)) (page (wide last))) (bvuge fresh (bytes pages)) own)))))))
";
