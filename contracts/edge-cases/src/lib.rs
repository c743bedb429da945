//! What a sequence of awkward requests costs under an allocator, and whether the allocator answers it correctly.
//!
//! ```solidity
//! interface IEdgeCases {
//!     function alloc(uint32 pageLimit, bool packed) external view returns (uint64 ink, uint32 pages, uint32 failed);
//!     function allocZeroed(uint32 pageLimit, bool packed) external view returns (uint64 ink, uint32 pages, uint32 failed);
//!     error PageLimitTooHigh(uint32 pageLimit, uint32 highest);
//! }
//! ```
//!
//! The sequence is that of the test `edge_cases`, published with the allocator of the Stylus SDK, made with `alloc` or
//! `alloc_zeroed`. A feature selects the allocator, see the crate `heap`; nothing here knows which it is.
//!
//! # The sequence
//!
//! Every request has alignment 1. The heap's *place* is its answer to an empty request, and *what is left* extends from there to
//! the end of linear memory. For a bump allocator these are its position and its free room. Others answer with a block of their
//! minimum size, or always with the dangling address 1, so that all of memory but a byte is left. The published test finds the
//! place in the same way, so its figures for other allocators stand for the same requests.
//!
//! 1. Nothing, twice.
//! 2. What is left from the first place: the rest of the first page. (The contract's stack, statics and calldata are in that
//!    page already.)
//! 3. One byte, which opens the second page.
//! 4. All from the end of that byte to the end of memory.
//! 5. Four pages.
//! 6. With `x` = 0 at first, as long as less than half of `pageLimit` is in use: `x` becomes 1664525·`x` + 1013904223 modulo
//!    2^32; the room from the place to 2^32 is noted; a size is chosen by `x mod 4`; the smaller of the two is requested.
//!
//! | `x mod 4` | size |
//! |---:|---|
//! | 0 | `x mod 1024` |
//! | 1 | `x mod 65536` |
//! | 2 | what is left is requested first, and the *address* of that block is the size: the heap about doubles |
//! | 3 | `x mod (200·pageLimit)`: below 200 pages where the limit is the whole address space, as published |
//!
//! Steps 2 and 4 name pages as a bump allocator fills them; others get the same requests, but not the same pages.
//!
//! With `packed`, the place and the size of memory are not the allocator's but those of a bump allocator whose heap begins in the
//! middle of the only page: every allocator gets the same requests, and their costs can be compared. Without it, as published, each
//! ends with a different number of pages.
//!
//! With `pageLimit` 65,536 and without `packed` this is the published sequence. Memory then ends above 2 GiB, which no chain
//! permits, so it needs a VM that does not charge for pages. An allocator that zeroes by writing writes gigabytes. With 64 and
//! `packed` it suits a real chain: half of 64 pages, doubled, stays below the 128 that the Stylus VM permits.
//!
//! A bump allocator can meet every request: before a round, less than 2^31 bytes of memory are in use and the place is inside; the
//! round fills memory and adds less than as much again, or else adds less than 200 pages. Others stay so far below 2^32 that none
//! has a reason to refuse, so a refusal fails a check for all.
//!
//! # The results
//!
//! - `ink`: what the sequence used, by the host call `evm_ink_left` before and after. The host call's own price, 8,400 ink, is
//!   subtracted; the few instructions between it and the sequence, and noting each block, are not.
//! - `pages`: the size of linear memory after the sequence.
//! - `failed`: the checks that did not hold, a set of bits; 0 if all held. They are made afterwards and cost no `ink`.
//!
//! | bit | a check for every allocator | holds if |
//! |---:|---|---|
//! | 1 | null | no request was refused |
//! | 2 | alignment | every address is a multiple of the alignment |
//! | 4 | zeroed | `allocZeroed`'s blocks are zero at both ends and at every page's distance from the beginning |
//! | 8 | disjoint | no two blocks share a byte |
//! | 32 | finished | half of the limit was in use before the record, of 256 blocks, might not have taken another round |
//! | 64 | inside | every block ends inside linear memory |
//!
//! | bit | a check for bump allocators | holds if |
//! |---:|---|---|
//! | 16 | packed | without `packed`: each block begins where the last one ended, and memory grew by exactly the pages needed |
//!
//! A limit above 65,536 pages reverts with `PageLimitTooHigh`.
//!
//! # The files
//!
//! `contract` is what the chain sees. `sequence`, `record`, `checks` and `units` are plain code that runs anywhere; `memory` is a
//! contract's linear memory, and `model` replaces it on the host.

pub mod checks;
pub mod contract;
#[cfg(target_arch = "wasm32")]
pub mod memory;
#[cfg(not(target_arch = "wasm32"))]
pub mod model;
pub mod record;
pub mod sequence;
pub mod units;
