//! What the workloads in `examples/` share: the entry of a Stylus program, and numbers that look random.
//!
//! Each example is a program of its own, because what the compiler inlines into it is half of what an allocator costs there.
//! It takes no input and returns one number, which must not depend on the allocator. Not here: measuring, and any contract's
//! logic beyond its allocations.

// The allocator is linked because something refers to it.
pub use heap::provide;

/// Makes a function without arguments, which returns a `u64`, the whole of a Stylus program. With the floor, which never grows its
/// memory, that is grown by `floor` pages at the beginning: more than a program may begin with.
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
        /// What the VM calls. The input is not read.
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

    /// Never called. The VM takes no program without this import.
    #[unsafe(no_mangle)]
    pub extern "C" fn mark_used() {
        // SAFETY: it takes a number and touches no memory of the program.
        unsafe { pay_for_memory_grow(0) };
    }
}

/// Pseudo-random numbers, the same everywhere: a linear congruential generator whose upper bits are used.
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

/// Blocks made and dropped: the shape that all churning workloads share.
pub mod churn {
    use super::{Random, mix};
    use std::collections::VecDeque;
    use std::hint::black_box;

    /// Which of the live blocks is dropped next.
    #[derive(Clone, Copy, Debug)]
    pub enum Order {
        /// The oldest.
        First,
        /// Batches are made and dropped from the newest to the oldest.
        Last,
        /// Any.
        Random,
    }

    /// Makes `count` blocks of `sizes(random)` bytes of which at most `alive` live at a time, and drops them in `order`.
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
