//! Programs with allocators, as text.
//!
//! Lives here: a working allocator in WebAssembly under the names that compilers give theirs, and programs that use one in any order.
//! Not here: what is to become of them (`theorems`, `refusals`).

use std::fmt::Write as _;

use super::entropy::Choices;

/// Where the allocator keeps its state.
pub(crate) const STATE: u32 = 1_040;

/// What every program has: host calls, a memory, and functions that use what is called `$alloc` and so on.
///
/// A slot is twelve bytes at 2,048: a block's address, size and alignment. The answer is four bytes at 2,040 that all blocks are added
/// up in, so that it depends on what is in them and not on where they are.
const COMMON: &str = r#"
  (import "vm_hooks" "write_result" (func $write_result (param i32 i32)))
  (import "vm_hooks" "emit_log" (func $emit_log (param i32 i32 i32)))
  (import "vm_hooks" "pay_for_memory_grow" (func $pay (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 1024) "constant")
  (func $slot (param i32) (result i32) (i32.add (i32.const 2048) (i32.mul (local.get 0) (i32.const 12))))
  (func $mix (param i32)
    (i32.store (i32.const 2040)
      (i32.add (i32.mul (i32.load (i32.const 2040)) (i32.const 31)) (local.get 0))))
  (func $fill (param $at i32) (param $size i32) (param $with i32)
    (block $done (loop $more
      (br_if $done (i32.eqz (local.get $size)))
      (local.set $size (i32.sub (local.get $size) (i32.const 1)))
      (i32.store8 (i32.add (local.get $at) (local.get $size)) (i32.add (local.get $with) (local.get $size)))
      (br $more))))
  (func $read (param $slot i32) (local $at i32) (local $size i32)
    (local.set $at (i32.load (call $slot (local.get $slot))))
    (local.set $size (i32.load offset=4 (call $slot (local.get $slot))))
    (block $done (loop $more
      (br_if $done (i32.eqz (local.get $size)))
      (local.set $size (i32.sub (local.get $size) (i32.const 1)))
      (call $mix (i32.load8_u (i32.add (local.get $at) (local.get $size))))
      (br $more))))
  (func $keep (param $slot i32) (param $at i32) (param $size i32) (param $align i32)
    (if (i32.eqz (local.get $at)) (then unreachable))
    (call $mix (i32.rem_u (local.get $at) (local.get $align)))
    (i32.store (call $slot (local.get $slot)) (local.get $at))
    (i32.store offset=4 (call $slot (local.get $slot)) (local.get $size))
    (i32.store offset=8 (call $slot (local.get $slot)) (local.get $align)))
"#;

/// A bump allocator with Rust's interface. It ignores the alignment of what is freed, and gets anything, as compilers pass it then.
const RUST: &str = r#"
  (func $"__rust_alloc" (param $size i32) (param $align i32) (result i32) (local $at i32) (local $end i32)
    (local.set $at (i32.load (i32.const STATE)))
    (if (i32.eqz (local.get $at)) (then (local.set $at (i32.shl (memory.size) (i32.const 16)))))
    (local.set $at (i32.and (i32.sub (i32.add (local.get $at) (local.get $align)) (i32.const 1))
      (i32.sub (i32.const 0) (local.get $align))))
    (local.set $end (i32.add (local.get $at) (local.get $size)))
    (if (i32.gt_u (local.get $end) (i32.shl (memory.size) (i32.const 16)))
      (then (if (i32.eq (i32.const -1) (call $"wee_alloc::grow" (i32.shr_u
          (i32.add (i32.sub (local.get $end) (i32.shl (memory.size) (i32.const 16))) (i32.const 65535)) (i32.const 16))))
        (then (return (i32.const 0))))))
    (i32.store (i32.const STATE) (local.get $end))
    (local.get $at))
  (func $"wee_alloc::grow" (param i32) (result i32) (memory.grow (local.get 0)))
  (func $"__rust_alloc_zeroed" (param i32 i32) (result i32)
    (call $"__rust_alloc" (local.get 0) (local.get 1)))
  (func $"__rust_dealloc" (param i32 i32 i32) (memory.fill (local.get 0) (i32.const 221) (local.get 1)))
  (func $"__rust_realloc" (param $at i32) (param $size i32) (param $align i32) (param $new i32) (result i32)
    (local $to i32)
    (local.set $to (call $"__rust_alloc" (local.get $new) (local.get $align)))
    (if (local.get $to) (then (memory.copy (local.get $to) (local.get $at)
      (select (local.get $size) (local.get $new) (i32.lt_u (local.get $size) (local.get $new))))))
    (local.get $to))
  (func $put (param $slot i32) (param $size i32) (param $align i32) (local $at i32)
    (local.set $at (call $"__rust_alloc" (local.get $size) (local.get $align)))
    (call $fill (local.get $at) (local.get $size) (local.get $slot))
    (call $keep (local.get $slot) (local.get $at) (local.get $size) (local.get $align)))
  (func $zero (param $slot i32) (param $size i32) (param $align i32)
    (call $keep (local.get $slot) (call $"__rust_alloc_zeroed" (local.get $size) (local.get $align))
      (local.get $size) (local.get $align)))
  (func $drop (param $slot i32) (local $it i32)
    (local.set $it (call $slot (local.get $slot)))
    (if (i32.eqz (i32.load (local.get $it))) (then return))
    (call $"__rust_dealloc" (i32.load (local.get $it)) (i32.load offset=4 (local.get $it)) (local.get $it))
    (memory.fill (local.get $it) (i32.const 0) (i32.const 12)))
  (func $resize (param $slot i32) (param $size i32) (local $it i32) (local $kept i32)
    (local.set $it (call $slot (local.get $slot)))
    (if (i32.eqz (i32.load (local.get $it))) (then return))
    (local.set $kept (i32.load offset=4 (local.get $it)))
    (call $keep (local.get $slot) (call $"__rust_realloc" (i32.load (local.get $it)) (local.get $kept)
      (i32.load offset=8 (local.get $it)) (local.get $size)) (local.get $size) (i32.load offset=8 (local.get $it)))
    (if (i32.gt_u (local.get $size) (local.get $kept)) (then
      (call $fill (i32.add (i32.load (local.get $it)) (local.get $kept)) (i32.sub (local.get $size) (local.get $kept))
        (i32.const 7)))))
"#;

/// The same with C's interface, which aligns every block to 16 bytes and is not told sizes.
const C: &str = r#"
  (func $malloc (param $size i32) (result i32) (local $at i32) (local $end i32)
    (local.set $at (i32.load (i32.const STATE)))
    (if (i32.eqz (local.get $at)) (then (local.set $at (i32.shl (memory.size) (i32.const 16)))))
    (local.set $end (i32.add (local.get $at)
      (i32.and (i32.add (local.get $size) (i32.const 31)) (i32.const -16))))
    (if (i32.gt_u (local.get $end) (i32.shl (memory.size) (i32.const 16)))
      (then (if (i32.eq (i32.const -1) (memory.grow (i32.shr_u
          (i32.add (i32.sub (local.get $end) (i32.shl (memory.size) (i32.const 16))) (i32.const 65535)) (i32.const 16))))
        (then (return (i32.const 0))))))
    (i32.store (i32.const STATE) (local.get $end))
    (i32.store (local.get $at) (local.get $size))
    (i32.add (local.get $at) (i32.const 16)))
  (func $calloc (param i32 i32) (result i32) (call $malloc (i32.mul (local.get 0) (local.get 1))))
  (func $free (param i32))
  (func $realloc (param $at i32) (param $new i32) (result i32) (local $to i32) (local $size i32)
    (local.set $to (call $malloc (local.get $new)))
    (if (i32.eqz (local.get $at)) (then (return (local.get $to))))
    (local.set $size (i32.load (i32.sub (local.get $at) (i32.const 16))))
    (if (local.get $to) (then (memory.copy (local.get $to) (local.get $at)
      (select (local.get $size) (local.get $new) (i32.lt_u (local.get $size) (local.get $new))))))
    (local.get $to))
  (func $put (param $slot i32) (param $size i32) (param $align i32) (local $at i32)
    (local.set $at (call $malloc (local.get $size)))
    (call $fill (local.get $at) (local.get $size) (local.get $slot))
    (call $keep (local.get $slot) (local.get $at) (local.get $size) (i32.const 16)))
  (func $zero (param $slot i32) (param $size i32) (param $align i32)
    (call $keep (local.get $slot) (call $calloc (local.get $size) (i32.const 1)) (local.get $size) (i32.const 16)))
  (func $drop (param $slot i32) (local $it i32)
    (local.set $it (call $slot (local.get $slot)))
    (call $free (i32.load (local.get $it)))
    (memory.fill (local.get $it) (i32.const 0) (i32.const 12)))
  (func $resize (param $slot i32) (param $size i32) (local $it i32) (local $kept i32)
    (local.set $it (call $slot (local.get $slot)))
    (local.set $kept (i32.load offset=4 (local.get $it)))
    (call $keep (local.get $slot) (call $realloc (i32.load (local.get $it)) (local.get $size)) (local.get $size) (i32.const 16))
    (if (i32.gt_u (local.get $size) (local.get $kept)) (then
      (call $fill (i32.add (i32.load (local.get $it)) (local.get $kept)) (i32.sub (local.get $size) (local.get $kept))
        (i32.const 7)))))
"#;

/// How compilers have written the names of Rust's functions, from the oldest to today's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mangling {
    None,
    Legacy,
    V0,
    Demangled,
    DemangledInFull,
}

impl Mangling {
    pub(crate) const ALL: [Self; 5] = [
        Self::None,
        Self::Legacy,
        Self::V0,
        Self::Demangled,
        Self::DemangledInFull,
    ];

    pub(crate) fn of(self, name: &str) -> String {
        let length = name.len();
        match self {
            Self::None => name.to_owned(),
            Self::Legacy => format!("_ZN7__rustc{length}{name}17h0123456789abcdefE"),
            Self::V0 => format!("_RNvCsfLfy6EI15iL_7___rustc{length}_{name}"),
            Self::Demangled => format!("__rustc::{name}"),
            Self::DemangledInFull => format!("__rustc[5224e6b81cd82a8f]::{name}"),
        }
    }
}

/// The parts of a program that tests change.
pub(crate) struct Program {
    /// The allocator, and the functions that use it.
    pub(crate) allocator: String,
    /// What the entry point does.
    pub(crate) body: String,
    /// What there is besides.
    pub(crate) more: String,
}

impl Program {
    /// One that gets a block with Rust's interface and answers what is in it.
    pub(crate) fn rust(mangling: Mangling) -> Self {
        Self::of(rust(mangling))
    }

    /// The same with C's.
    pub(crate) fn c() -> Self {
        Self::of(c())
    }

    fn of(allocator: String) -> Self {
        Self {
            allocator,
            body:
                "(call $put (i32.const 0) (i32.const 5) (i32.const 1)) (call $read (i32.const 0))"
                    .to_owned(),
            more: String::new(),
        }
    }

    pub(crate) fn text(&self) -> String {
        let Self {
            allocator,
            body,
            more,
        } = self;
        format!(
            "(module {COMMON} {allocator} {more}\n  (func $main (export \"user_entrypoint\") (param i32) (result i32)\n    {body}\n    \
             (call $write_result (i32.const 2040) (i32.const 4))\n    (i32.const 0)))"
        )
    }

    pub(crate) fn wasm(&self) -> Vec<u8> {
        wat::parse_str(self.text()).unwrap_or_else(|error| panic!("{error}\n{}", self.text()))
    }
}

fn rust(mangling: Mangling) -> String {
    let text = RUST.replace("STATE", &STATE.to_string());
    ["alloc_zeroed", "alloc", "dealloc", "realloc"]
        .iter()
        .fold(text, |text, name| {
            let name = format!("__rust_{name}");
            text.replace(
                &format!("\"{name}\""),
                &format!("\"{}\"", mangling.of(&name)),
            )
        })
}

fn c() -> String {
    C.replace("STATE", &STATE.to_string())
}

/// A program that uses its allocator in an order that `choices` make.
pub(crate) fn program(choices: &mut Choices<'_>) -> Program {
    let is_rust = !choices.once_in(4);
    let mangling = choices.pick(&Mangling::ALL);
    let mut program = Program {
        allocator: if is_rust { rust(mangling) } else { c() },
        body: String::new(),
        more: String::new(),
    };
    if choices.once_in(2) {
        program.more += "\n  (global (export \"__heap_base\") i32 (i32.const 4096))";
    }
    // The allocator may be reached by other ways than calls.
    let get = if is_rust {
        mangling.of("__rust_alloc")
    } else {
        "malloc".to_owned()
    };
    if choices.once_in(3) {
        let _ = write!(
            program.more,
            "\n  (table 3 3 funcref) (elem (i32.const 1) func $read $\"{get}\")"
        );
        if is_rust {
            program.body += "(call $mix (i32.rem_u (call_indirect (param i32 i32) (result i32) (i32.const 3) (i32.const 8) \
                             (i32.const 2)) (i32.const 8)))\n    ";
        }
    }
    if choices.once_in(4) {
        let _ = write!(program.more, "\n  (export \"get\" (func $\"{get}\"))");
    }
    if choices.once_in(3) {
        program.more +=
            "\n  (func $nobody (param i64) (result i64) (i64.add (local.get 0) (i64.const 1)))";
    }
    while !choices.is_over() {
        let slot = choices.below(4);
        let size = match choices.below(8) {
            0 => 70_000 + choices.below(200),
            1 => 1_000 + choices.below(3_000),
            _ => choices.below(60),
        } + 1;
        let align = choices.pick(&[1, 4, 8, 16, 64]);
        let line = match choices.below(8) {
            0 | 1 => {
                format!("(call $put (i32.const {slot}) (i32.const {size}) (i32.const {align}))")
            }
            2 => format!("(call $zero (i32.const {slot}) (i32.const {size}) (i32.const {align}))"),
            3 => format!("(call $drop (i32.const {slot}))"),
            4 | 5 => format!("(call $resize (i32.const {slot}) (i32.const {size}))"),
            6 => format!("(call $read (i32.const {slot}))"),
            _ => "(call $emit_log (i32.const 2040) (i32.const 4) (i32.const 0))".to_owned(),
        };
        program.body += &line;
        program.body += "\n    ";
    }
    program
}
