//! The running instance as host calls see it: its linear memory and its counters.
//!
//! Lives here: the only reads and writes of guest memory in the project, and of the globals that instrumentation added.
//! Not here: what anything means or costs.

use wasmtime::{
    AsContext, AsContextMut, Global, Instance, Memory, Module, ModuleExport, Table, Val,
};

use crate::ink::Ink;
use crate::instrument::{explained, names};
use crate::pages::Pages;

/// From this limit on, a program can take so many pages that preparing for them pays off.
#[cfg(target_os = "linux")]
const MANY: Pages = Pages(4_096);

/// The most ink that the meter counts by itself. Subtracting the highest price of a block, 2^63 − 1, from it leaves a negative
/// number.
const MOST_METERED: u64 = i64::MAX as u64 - 1;

/// A count that stands for the largest possible amount of ink; no other count starts as high.
const ALL: u64 = i64::MAX as u64;

/// A range of guest memory that is out of bounds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the program passed {len} bytes at {ptr:#x}, outside of its memory of {size} bytes")]
pub struct OutOfBounds {
    /// The guest's pointer.
    pub ptr: u32,
    /// Bytes to read or write there.
    pub len: u64,
    /// Bytes of memory the guest has.
    pub size: usize,
}

/// The ink that the meter's count does not hold: zero unless there is more than it can.
#[derive(Clone, Copy, Default)]
pub(crate) struct Reserve(u64);

impl Reserve {
    /// The meter's count of `ink`: as much as it can hold. The rest stays here for host calls to add. Metered code that spends
    /// 2^63 ink, 9·10^14 gas, without a host call is considered out of ink.
    pub(crate) fn split(ink: Ink) -> (u64, Self) {
        let metered = ink.0.min(MOST_METERED);
        (metered, Self(ink.0 - metered))
    }

    /// Like [`Self::split`], for a program whose first block costs 2^64 − 1, more than any other block can: exactly that much ink suffices
    /// and leaves nothing. The meter charges 2^63 − 1 for it, so the count holds that much.
    pub(crate) fn split_for_all(ink: Ink) -> (u64, Self) {
        match ink {
            Ink::MAX => (ALL, Self::default()),
            ink => Self::split(ink),
        }
    }

    /// The total when the meter counts `metered`. Meaningless once ink has run out.
    pub(crate) fn join(self, metered: u64) -> Ink {
        match metered {
            ALL => Ink::MAX,
            metered => Ink(metered.wrapping_add(self.0)),
        }
    }
}

/// The positions of a compiled module's exports; looked up once for all runs.
#[derive(Clone)]
pub(crate) struct Exports {
    memory: ModuleExport,
    ink_left: ModuleExport,
    stack_left: ModuleExport,
    pub(crate) entrypoint: ModuleExport,
    /// What only a program that is to be explained exports.
    record: Option<ModuleExport>,
    table: Option<ModuleExport>,
    stack_pointer: Option<ModuleExport>,
}

impl Exports {
    /// The exports that every instrumented module has, or `None` for any other module.
    pub(crate) fn of(module: &Module) -> Option<Self> {
        Some(Self {
            memory: module.get_export_index(names::MEMORY)?,
            ink_left: module.get_export_index(names::INK_LEFT)?,
            stack_left: module.get_export_index(names::STACK_LEFT)?,
            entrypoint: module.get_export_index(names::ENTRYPOINT)?,
            record: module.get_export_index(explained::RECORD),
            table: module.get_export_index(explained::TABLE),
            stack_pointer: module.get_export_index(explained::STACK_POINTER),
        })
    }

    /// The record of `instance`, if it keeps one.
    pub(crate) fn record(
        &self,
        instance: &Instance,
        store: impl AsContextMut,
    ) -> Option<GuestMemory> {
        let record = instance.get_module_export(store, self.record.as_ref()?)?;
        Some(GuestMemory(record.into_memory()?))
    }

    /// Where the stack of `instance` in memory ends, as a signed number, if it exports that.
    pub(crate) fn stack_pointer(
        &self,
        instance: &Instance,
        mut store: impl AsContextMut,
    ) -> Option<i32> {
        let pointer = self.stack_pointer.as_ref()?;
        let pointer = instance.get_module_export(&mut store, pointer)?;
        pointer.into_global()?.get(store).i32()
    }

    /// The table of `instance`, if it exports one.
    pub(crate) fn table(&self, instance: &Instance, store: impl AsContextMut) -> Option<Table> {
        let table = instance.get_module_export(store, self.table.as_ref()?)?;
        table.into_table()
    }
}

/// The memory of one instance.
#[derive(Clone, Copy)]
pub(crate) struct GuestMemory(Memory);

impl GuestMemory {
    /// The `len` bytes at `ptr`.
    pub(crate) fn read<'a, T: 'static>(
        &self,
        store: &'a impl AsContext<Data = T>,
        ptr: u32,
        len: u32,
    ) -> Result<&'a [u8], OutOfBounds> {
        let memory = self.0.data(store);
        let out_of_bounds = OutOfBounds {
            ptr,
            len: len.into(),
            size: memory.len(),
        };
        let start = ptr as usize;
        memory
            .get(start..)
            .and_then(|rest| rest.get(..len as usize))
            .ok_or(out_of_bounds)
    }

    /// The `N` bytes at `ptr`.
    pub(crate) fn read_array<const N: usize>(
        &self,
        store: &impl AsContext,
        ptr: u32,
    ) -> Result<[u8; N], OutOfBounds> {
        let memory = self.0.data(store);
        let out_of_bounds = OutOfBounds {
            ptr,
            len: N as u64,
            size: memory.len(),
        };
        memory
            .get(ptr as usize..)
            .and_then(|rest| rest.first_chunk())
            .copied()
            .ok_or(out_of_bounds)
    }

    /// The double word at `ptr`; zero outside of memory.
    pub(crate) fn read_long(&self, store: &impl AsContext, ptr: u32) -> u64 {
        self.read_array(store, ptr).map_or(0, u64::from_le_bytes)
    }

    /// Writes `bytes` at `ptr`.
    pub(crate) fn write(
        &self,
        store: &mut impl AsContextMut,
        ptr: u32,
        bytes: &[u8],
    ) -> Result<(), OutOfBounds> {
        let memory = self.0.data_mut(store);
        let out_of_bounds = OutOfBounds {
            ptr,
            len: bytes.len() as u64,
            size: memory.len(),
        };
        let room = memory
            .get_mut(ptr as usize..)
            .and_then(|rest| rest.get_mut(..bytes.len()));
        room.ok_or(out_of_bounds)?.copy_from_slice(bytes);
        Ok(())
    }

    /// Prepares for a program that can take up to `limit` pages: if these are gigabytes, asks the system to provide memory in large pieces,
    /// since one fault for every 4 KiB would take longer than the program. The limits of chains are far below.
    #[cfg(target_os = "linux")]
    #[expect(
        unsafe_code,
        reason = "the system takes advice on memory by its address alone"
    )]
    pub(crate) fn prepare_for(&self, store: &impl AsContext, limit: Pages) {
        use rustix::mm::{Advice, madvise};
        if limit < MANY {
            return;
        }
        let start = self.0.data_ptr(store).cast();
        let length = usize::from(limit.0) * Pages::BYTES as usize;
        // A system that has no large pieces provides small ones.
        // SAFETY: this advice changes no byte of any memory; for addresses that are not mapped, the system says so and does nothing.
        let _ = unsafe { madvise(start, length, Advice::LinuxHugepage) };
    }

    /// Elsewhere, systems decide for themselves.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn prepare_for(&self, _store: &impl AsContext, _limit: Pages) {}

    /// Pages of memory the guest has.
    pub(crate) fn pages(&self, store: &impl AsContext) -> u64 {
        self.0.size(store)
    }
}

/// Handles into one instance.
#[derive(Clone, Copy)]
pub(crate) struct Guest {
    pub(crate) memory: GuestMemory,
    ink_left: Global,
    stack_left: Global,
}

impl Guest {
    /// The handles of `instance`, or `None` if its module is not instrumented.
    pub(crate) fn of(
        instance: &Instance,
        exports: &Exports,
        mut store: impl AsContextMut,
    ) -> Option<Self> {
        let mut global = |export| {
            instance
                .get_module_export(&mut store, export)?
                .into_global()
        };
        let ink_left = global(&exports.ink_left)?;
        let stack_left = global(&exports.stack_left)?;
        let memory = instance
            .get_module_export(&mut store, &exports.memory)?
            .into_memory()?;
        Some(Self {
            memory: GuestMemory(memory),
            ink_left,
            stack_left,
        })
    }

    /// The meter's count. During a host call the call holds the count, and this one is stale.
    pub(crate) fn metered(&self, store: &mut impl AsContextMut) -> u64 {
        self.count(store, self.ink_left) as u64
    }

    /// Sets the meter's count.
    pub(crate) fn set_metered(&self, store: &mut impl AsContextMut, metered: u64) {
        self.set(store, self.ink_left, Val::I64(metered as i64));
    }

    /// Whether metered code ran out of ink.
    pub(crate) fn out_of_ink(&self, store: &mut impl AsContextMut) -> bool {
        self.count(store, self.ink_left) < 0
    }

    /// Remaining words of stack; zero means overflow.
    pub(crate) fn stack_left(&self, store: &mut impl AsContextMut) -> u32 {
        self.word(store, self.stack_left)
    }

    /// Sets the remaining words of stack.
    pub(crate) fn set_stack_left(&self, store: &mut impl AsContextMut, words: u32) {
        self.set(store, self.stack_left, Val::I32(words as i32));
    }

    fn count(&self, store: &mut impl AsContextMut, global: Global) -> i64 {
        match global.get(store) {
            Val::I64(count) => count,
            other => unreachable!("instrumentation declares this global as an i64, not {other:?}"),
        }
    }

    fn word(&self, store: &mut impl AsContextMut, global: Global) -> u32 {
        match global.get(store) {
            Val::I32(word) => word as u32,
            other => unreachable!("instrumentation declares this global as an i32, not {other:?}"),
        }
    }

    fn set(&self, store: &mut impl AsContextMut, global: Global, value: Val) {
        global
            .set(store, value)
            .expect("instrumentation declares its globals mutable, with the types set here");
    }
}
