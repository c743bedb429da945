//! What the tests of the algorithm share: two subjects that run it, one session that checks every block of either, and
//! the scripts and the model that drive a session. No test lives here.
#![allow(dead_code, reason = "each test binary uses a part of this")]
#![allow(
    clippy::incompatible_msrv,
    reason = "only the library promises that version; the tests run on the pinned toolchain"
)]

pub(crate) mod bound;
pub(crate) mod churn;
pub(crate) mod model;
pub(crate) mod script;
pub(crate) mod session;
pub(crate) mod sim;

/// A heap in a 32-bit linear memory, wherever it runs. Addresses, sizes and alignments are in bytes.
pub(crate) trait Subject {
    /// Where the heap begins.
    fn heap_base(&mut self) -> u32;
    /// Whether it hands out freed memory again.
    fn reuses(&self) -> bool;
    /// Whether its last block grows in place.
    fn grows_in_place(&self) -> bool;
    /// How large the memory is now, in pages.
    fn pages(&mut self) -> u32;
    /// `alloc`, or `alloc_zeroed`; `None` for null.
    fn alloc(&mut self, size: u32, align: u32, zeroed: bool) -> Option<u32>;
    /// `dealloc`.
    fn dealloc(&mut self, at: u32, size: u32, align: u32);
    /// `realloc`; `None` for null.
    fn realloc(&mut self, at: u32, size: u32, align: u32, new_size: u32) -> Option<u32>;
    /// Grows the memory after the allocator's back, and returns whether that succeeded.
    fn foreign_grow(&mut self, pages: u32) -> bool;
    /// Refuses all growth beyond a size in pages.
    fn limit(&mut self, pages: u32);
    /// Refuses the heap's growth that comes after `nth` others from now, refused ones included, and no other.
    fn refuse(&mut self, nth: Option<u32>);
    /// How often the heap has asked for growth.
    fn grows(&mut self) -> u32;
    /// Reads bytes, which must be inside the memory.
    fn read(&mut self, at: u32, len: u32) -> Vec<u8>;
    /// Writes bytes, which must be inside the memory.
    fn fill(&mut self, at: u32, len: u32, byte: u8);
}

/// Plays `data` with a model's `run`, once with nothing refused and then with each growth refused in turn, every time on a fresh subject.
pub(crate) fn run_with_refusals<S: Subject>(
    run: fn(&[u8], &mut dyn Subject, u32, Option<u32>) -> u32,
    data: &[u8],
    max: u32,
    mut subject: impl FnMut() -> S,
) {
    let grows = run(data, &mut subject(), max, None);
    for refused in 0..grows {
        run(data, &mut subject(), max, Some(refused));
    }
}

/// A program that scripts/setup installs for tests: the one it unpacked, or the system's.
pub(crate) fn tool(name: &str) -> std::process::Command {
    let own = std::env::var_os("STYLUS_KIT_TOOLS")
        .map(|tools| std::path::PathBuf::from(tools).join("bin").join(name));
    std::process::Command::new(
        own.filter(|own| own.exists())
            .unwrap_or_else(|| name.into()),
    )
}

/// The size of a WebAssembly page in bytes.
pub(crate) const PAGE: u32 = 65_536;

/// The most pages a memory can have, whoever grows it, so that no limit needs to refuse more.
pub(crate) const ADDRESS_SPACE: u32 = 65_536;

/// Which growth is allowed, for either subject.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) max_pages: u32,
    pub(crate) refuse: Option<u32>,
    pub(crate) grows: u32,
}

impl Limits {
    /// Refuses nothing up to a size in pages.
    pub(crate) const fn up_to(max_pages: u32) -> Self {
        Self {
            max_pages,
            refuse: None,
            grows: 0,
        }
    }

    /// Counts a growth of the heap to a size in pages, and returns whether it is allowed.
    pub(crate) fn heap_grows_to(&mut self, pages: u32) -> bool {
        let refused = self.refuse == Some(self.grows);
        self.grows += 1;
        !refused && pages <= self.max_pages
    }
}
