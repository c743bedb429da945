//! What can be wrong with a block, and how that is told. Nothing is found out here.

use core::{alloc::Layout, fmt};

use super::platform::Origin;

/// Something that was done to a block and must not be.
pub struct Fault {
    /// What it is.
    pub kind: Kind,
    /// The address of the block's first byte, or what was taken for it.
    pub address: usize,
    /// What was asked for, or what the caller says of a block that does not exist.
    pub layout: Layout,
    /// Who asked for the block.
    pub(super) origin: Option<Origin>,
    /// Who gave it back, if somebody did.
    pub(super) freed: Option<Origin>,
}

impl Fault {
    /// Whether the block holds what was printed, which a test harness keeps.
    pub(super) fn is_output(&self) -> bool {
        self.origin.as_ref().is_some_and(Origin::is_output)
    }
}

/// The kinds of faults.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Bytes in front of the block were written to.
    Underrun,
    /// Bytes behind the block were written to.
    Overrun,
    /// The block was written to after it was given back.
    UseAfterFree,
    /// The block was given back before.
    DoubleFree,
    /// There is no such block.
    Foreign,
    /// The block was given back, or resized, with another layout than it was asked for with.
    WrongLayout(Layout),
    /// The block was not given back.
    Leak,
    /// The wrapped allocator's answer is not aligned as asked.
    Misaligned,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            Kind::Underrun => "was written to in front of its first byte",
            Kind::Overrun => "was written to behind its last byte",
            Kind::UseAfterFree => "was written to after it was freed",
            Kind::DoubleFree => "is freed a second time",
            Kind::Foreign => "is freed, but is not the heap's",
            Kind::WrongLayout(_) => "is freed as something else",
            Kind::Leak => "was not freed",
            Kind::Misaligned => "is not aligned: the wrapped allocator is broken",
        };
        let (size, align) = (self.layout.size(), self.layout.align());
        write!(
            f,
            "the block at {:#x} of {size} bytes, aligned to {align}, {what}",
            self.address
        )?;
        if let Kind::WrongLayout(given) = self.kind {
            write!(f, ": {} bytes, aligned to {}", given.size(), given.align())?;
        }
        if let Some(origin) = &self.origin {
            origin.tell(f, "allocated")?;
        }
        if let Some(freed) = &self.freed {
            freed.tell(f, "freed first")?;
        }
        Ok(())
    }
}
