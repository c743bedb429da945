//! What can be wrong with a block, and how it is reported. Nothing is detected here.

use core::{alloc::Layout, fmt};

use super::platform::Origin;

/// A forbidden use of a block.
pub struct Fault {
    /// What it is.
    pub kind: Kind,
    /// The address of the block's first byte, or what was passed as one.
    pub address: usize,
    /// The layout requested, or the one the caller claims for a block that does not exist.
    pub layout: Layout,
    /// Who requested the block.
    pub(super) origin: Option<Origin>,
    /// Who freed it, if anybody did.
    pub(super) freed: Option<Origin>,
}

impl Fault {
    /// Whether the block holds printed output, which a test harness keeps.
    pub(super) fn is_output(&self) -> bool {
        self.origin.as_ref().is_some_and(Origin::is_output)
    }
}

/// The kinds of faults.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Bytes before the block were overwritten.
    Underrun,
    /// Bytes after the block were overwritten.
    Overrun,
    /// The block was written to after it was freed.
    UseAfterFree,
    /// The block had already been freed.
    DoubleFree,
    /// There is no such block.
    Foreign,
    /// The block was freed or resized with a layout other than the one requested.
    WrongLayout(Layout),
    /// The block was never freed.
    Leak,
    /// The wrapped allocator's block is not aligned as requested.
    Misaligned,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            Kind::Underrun => "was written to before its first byte",
            Kind::Overrun => "was written to after its last byte",
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
