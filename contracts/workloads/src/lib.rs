//! What the workloads in `examples/` share: the entry point of a Stylus program, and pseudo-random numbers.
//!
//! Each example is a program of its own, because the code that the compiler inlines there is half of an allocator's cost. It takes
//! no input and returns one number, which must not depend on the allocator. Not here: measuring, and any contract's logic beyond
//! its allocations.

// A reference that links the allocator.
pub use heap::provide;

/// Makes a function without arguments that returns a `u64` into a whole Stylus program. The floor never grows memory itself, so
/// this first grows it by `floor` pages, for programs that need more than they may start with.
#[macro_export]
macro_rules! workload {
    ($run:path, floor: $pages:expr) => {
        fn with_memory() -> u64 {
            $crate::provide($pages);
            $run()
        }

        $crate::workload!(with_memory);
    };
    ($run:path) => {
        /// The VM's entry point. It ignores the input.
        #[cfg(target_arch = "wasm32")]
        #[allow(
            unsafe_code,
            reason = "the VM finds the program's entry by its unmangled name"
        )]
        #[unsafe(no_mangle)]
        pub extern "C" fn user_entrypoint(_len: usize) -> usize {
            $crate::program::finish($run())
        }

        /// Elsewhere it is only compiled.
        #[cfg(not(target_arch = "wasm32"))]
        pub fn workload() -> u64 {
            $run()
        }
    };
}

/// The program's two imports.
#[cfg(target_arch = "wasm32")]
#[allow(
    unsafe_code,
    reason = "imports are foreign functions, and the VM asks for one by name"
)]
pub mod program {
    #[link(wasm_import_module = "vm_hooks")]
    unsafe extern "C" {
        fn write_result(data: *const u8, len: usize);
        fn pay_for_memory_grow(pages: u16);
    }

    /// Returns `number` from the program.
    pub fn finish(number: u64) -> usize {
        let bytes = number.to_be_bytes();
        // SAFETY: the pointer and the length are those of one array, which the VM only reads.
        unsafe { write_result(bytes.as_ptr(), bytes.len()) };
        0
    }

    /// Never called. The VM refuses programs without this import.
    #[unsafe(no_mangle)]
    pub extern "C" fn mark_used() {
        // SAFETY: it takes a number and touches no memory of the program.
        unsafe { pay_for_memory_grow(0) };
    }
}

/// Pseudo-random numbers, the same everywhere: the upper bits of a linear congruential generator.
#[derive(Clone, Debug)]
pub struct Random(u32);

impl Random {
    /// The generator that begins at `seed`.
    pub const fn new(seed: u32) -> Self {
        Self(seed)
    }

    /// A number below `bound`, which is at most 65,536.
    pub const fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((self.0 >> 16) * bound) >> 16
    }
}

/// Mixes `value` into a running sum, so that order matters.
pub const fn mix(sum: u64, value: u64) -> u64 {
    (sum.rotate_left(5) ^ value).wrapping_mul(0x517c_c1b7_2722_0a95)
}

/// Blocks allocated and dropped: the pattern that all churning workloads share.
pub mod churn {
    use super::{Random, mix};
    use std::collections::VecDeque;
    use std::hint::black_box;

    /// Which of the live blocks is dropped next.
    #[derive(Clone, Copy, Debug)]
    pub enum Order {
        /// The oldest.
        First,
        /// Batches are allocated, and dropped from the newest to the oldest.
        Last,
        /// Any of them, at random.
        Random,
    }

    /// Makes `count` blocks of `sizes(random)` bytes, keeps at most `alive` at a time, and drops them in `order`.
    #[inline(always)]
    pub fn run(
        count: usize,
        alive: usize,
        order: Order,
        sizes: impl Fn(&mut Random) -> usize,
    ) -> u64 {
        let mut random = Random::new(7);
        let mut sum = 0;
        let mut live = VecDeque::with_capacity(alive);
        for number in 0..count {
            if live.len() == alive {
                match order {
                    Order::First => sum = mix(sum, last(live.pop_front())),
                    Order::Last => {
                        while let Some(block) = live.pop_back() {
                            sum = mix(sum, last(Some(block)));
                        }
                    }
                    Order::Random => {
                        let index = random.below(alive as u32) as usize;
                        sum = mix(sum, last(live.swap_remove_back(index)));
                    }
                }
            }
            let mut block = Vec::<u8>::with_capacity(sizes(&mut random));
            block.push(number as u8);
            live.push_back(black_box(block));
        }
        sum
    }

    /// A byte that was written to a block.
    fn last(block: Option<Vec<u8>>) -> u64 {
        block
            .and_then(|block| block.last().copied())
            .map_or(0, u64::from)
    }
}
