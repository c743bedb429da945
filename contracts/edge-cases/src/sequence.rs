//! The sequence of requests, over any heap; the crate's documentation describes it step by step.
//!
//! Not here: the allocator, ink, or checks of the answers.

use crate::{
    record::Record,
    units::{Address, Bytes, PAGE, Pages},
};

/// The alignment of every request, in bytes.
pub const ALIGNMENT: usize = 1;

/// The most requests that one round of the sequence makes.
pub const REQUESTS_PER_ROUND: usize = 4;

/// What the sequence needs of a heap.
pub trait Heap {
    /// Requests a block of `size` bytes aligned to [`ALIGNMENT`] and records it; null if the request is refused.
    fn request(&mut self, size: Bytes) -> Address;

    /// The size of linear memory.
    fn in_use(&self) -> Pages;

    /// Every block requested.
    fn record(&self) -> &Record;
}

/// The assumed maximum of the heap in pages: the sequence stops when half of them are in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageLimit(Pages);

impl PageLimit {
    /// The pages of a 32-bit address space.
    pub const HIGHEST: Pages = Pages(65_536);

    /// A limit of `pages`, if that many exist.
    pub fn new(pages: Pages) -> Option<Self> {
        (pages <= Self::HIGHEST).then_some(Self(pages))
    }

    /// The size of memory at which the sequence stops.
    pub const fn half(self) -> Pages {
        Pages(self.0.0 / 2)
    }

    /// The bound of the largest pseudo-random requests: 200 bytes for each page of the limit, which for the whole address space is
    /// 200 pages, as published. At least one byte.
    pub const fn largest(self) -> Bytes {
        Bytes(if self.0.0 == 0 { 1 } else { 200 * self.0.0 })
    }
}

/// The pseudo-random number after `x`, by a linear congruential generator.
pub const fn next_random(x: u32) -> u32 {
    x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223)
}

/// Makes the requests until half of `limit` is in use (returns true), or until the record may not hold another round.
pub fn run(heap: &mut impl Heap, limit: PageLimit) -> bool {
    let half = limit.half();
    let largest = limit.largest();

    let start = place(heap);
    place(heap);
    heap.request(start.left_of(heap.in_use()));
    let opener = Bytes(1);
    let opened = heap.request(opener);
    heap.request(opened.after(opener).left_of(heap.in_use()));
    heap.request(Bytes(4 * PAGE.0));

    let mut x = 0;
    while heap.in_use() < half && heap.record().has_room(REQUESTS_PER_ROUND) {
        x = next_random(x);
        let room = place(heap).room();
        let size = match x % 4 {
            0 => Bytes(x % 1024),
            1 => Bytes(x % PAGE.0),
            2 => {
                let left = place(heap).left_of(heap.in_use());
                Bytes(heap.request(left).0)
            }
            _ => Bytes(x % largest.0),
        };
        heap.request(size.min(room));
    }
    heap.in_use() >= half
}

/// A heap that passes each request to another one, but answers as a bump allocator would whose heap begins in the middle of the
/// only page: so every allocator gets the same requests.
pub struct Packed<'a, H> {
    heap: &'a mut H,
    next: Address,
    memory: Pages,
}

impl<'a, H: Heap> Packed<'a, H> {
    /// Starts before the first request.
    pub const fn new(heap: &'a mut H) -> Self {
        Self {
            heap,
            next: Address(PAGE.0 / 2),
            memory: Pages(1),
        }
    }
}

impl<H: Heap> Heap for Packed<'_, H> {
    fn request(&mut self, size: Bytes) -> Address {
        self.heap.request(size);
        let address = self.next;
        self.next = Address(address.0.wrapping_add(size.0));
        self.memory = self.memory.max(Pages(self.next.0.div_ceil(PAGE.0)));
        address
    }

    fn in_use(&self) -> Pages {
        self.memory
    }

    fn record(&self) -> &Record {
        self.heap.record()
    }
}

/// The heap's position: its answer to an empty request.
fn place(heap: &mut impl Heap) -> Address {
    heap.request(Bytes(0))
}
