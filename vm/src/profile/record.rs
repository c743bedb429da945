//! Recording a profiled run: the growing call tree, and the events from the program's hooks.
//!
//! Lives here: the recorder, and the functions behind the hooks. Not here: the data it becomes (`profile`).

use std::collections::HashMap;

use wasmtime::{Caller, Linker};

use super::{
    Allocations, Allocator, AllocatorCall, Callee, FunctionInk, HostioInk, MemorySize, Names, Node,
    Profile,
};
use crate::frame::Frame;
use crate::guest::GuestMemory;
use crate::ink::Ink;
use crate::instrument::hooks;

/// The most nodes of a call tree, which a program could grow without limit. Beyond them, new callees' ink counts as their callers' own, and
/// [`Profile::truncated`] says so.
const MOST_NODES: usize = 1 << 18;

/// The most changes of the memory's size that are kept: more than a program can pay for on any chain.
const MOST_SIZES: usize = 1 << 16;

/// Adds the hooks to `linker`. No module can import them itself: activation does not know their names.
pub(crate) fn link(linker: &mut Linker<Frame>) -> wasmtime::Result<()> {
    linker.func_wrap(
        hooks::MODULE,
        hooks::ENTER,
        |caller: Caller<'_, Frame>, function: u32, metered: u64| {
            record(caller, metered, |recorder, ink_left| {
                recorder.enter(function, ink_left)
            });
        },
    )?;
    linker.func_wrap(
        hooks::MODULE,
        hooks::LEAVE,
        |caller: Caller<'_, Frame>, metered: u64| record(caller, metered, Recorder::leave),
    )?;
    linker.func_wrap(
        hooks::MODULE,
        hooks::ALLOCATOR,
        |mut caller: Caller<'_, Frame>, first: u32, second: u32, third: u32, fourth: u32| {
            if let Some(recorder) = caller.data_mut().recorder() {
                recorder.allocator([first, second, third, fourth]);
            }
        },
    )?;
    Ok(())
}

fn record(mut caller: Caller<'_, Frame>, metered: u64, event: impl FnOnce(&mut Recorder, Ink)) {
    let Frame { guest, reserve, .. } = caller.data();
    if let Some(guest) = guest {
        let now = Moment::of(reserve.join(metered), guest.memory, &caller);
        if let Some(recorder) = caller.data_mut().recorder() {
            recorder.memory(now);
            event(recorder, now.ink_left);
        }
    }
}

/// The guest's counters at an event.
#[derive(Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) ink_left: Ink,
    pub(crate) pages: u64,
}

impl Moment {
    pub(crate) fn of(ink_left: Ink, memory: GuestMemory, caller: &Caller<'_, Frame>) -> Self {
        Self {
            ink_left,
            pages: memory.pages(caller),
        }
    }
}

/// The record so far of a profiled run.
pub(crate) struct Recorder {
    names: Names,
    initial: Ink,
    /// Ink left at the last event.
    last: Ink,
    tree: Vec<Node>,
    /// The tree's edges.
    children: HashMap<(Option<usize>, Key), usize>,
    /// The current path: nodes from the entry point down, and the ink left when each function was entered.
    path: Vec<Step>,
    memory: Vec<MemorySize>,
    allocations: HashMap<(u32, AllocatorCall), (u64, u64)>,
    live_bytes: u64,
    peak_bytes: u64,
    totals: HashMap<Key, Total>,
    truncated: bool,
}

/// A callee, as identified while running.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Function(u32),
    Hostio(&'static str),
}

#[derive(Clone, Copy)]
struct Step {
    key: Key,
    /// The node that ink spent here counts for; the caller's if the tree is full.
    node: Option<usize>,
    entered_with: Ink,
}

#[derive(Clone, Copy, Default)]
struct Total {
    calls: u64,
    self_ink: Ink,
    total_ink: Ink,
    /// How many calls of it are now on the path.
    active: u32,
}

impl Recorder {
    pub(crate) fn new(names: Names, ink: Ink) -> Self {
        Self {
            names,
            initial: ink,
            last: ink,
            tree: Vec::new(),
            children: HashMap::new(),
            path: Vec::new(),
            memory: Vec::new(),
            allocations: HashMap::new(),
            live_bytes: 0,
            peak_bytes: 0,
            totals: HashMap::new(),
            truncated: false,
        }
    }

    /// A function of the program begins.
    pub(crate) fn enter(&mut self, function: u32, ink_left: Ink) {
        self.push(Key::Function(function), ink_left);
    }

    /// A host call begins.
    pub(crate) fn enter_hostio(&mut self, name: &'static str, ink_left: Ink) {
        self.push(Key::Hostio(name), ink_left);
    }

    /// The innermost function or host call ends.
    pub(crate) fn leave(&mut self, ink_left: Ink) {
        self.spend(ink_left);
        if let Some(step) = self.path.pop() {
            let total = self.totals.entry(step.key).or_default();
            total.active -= 1;
            if total.active == 0 {
                total.total_ink += step.entered_with - ink_left;
            }
        }
    }

    /// Records the size of memory if it has changed since the last event.
    pub(crate) fn memory(&mut self, now: Moment) {
        let Moment { ink_left, pages } = now;
        let changed = self.memory.last().is_none_or(|last| last.pages != pages);
        if changed && self.memory.len() < MOST_SIZES {
            let ink_used = self.initial - ink_left;
            self.memory.push(MemorySize { ink_used, pages });
        }
    }

    /// The innermost function is an allocator's, called with `parameters`.
    pub(crate) fn allocator(&mut self, parameters: [u32; 4]) {
        let function = |key| match key {
            Key::Function(index) => Some(index),
            Key::Hostio(_) => None,
        };
        let mut functions = self.path.iter().rev().filter_map(|step| function(step.key));
        let called = |index: u32| AllocatorCall::seen(self.names.get(index)?);
        let Some(call) = functions.next().and_then(called) else {
            return;
        };
        let callers: Vec<u32> = functions.collect();
        // A request that one of the allocator's functions passes to another has been counted already.
        if callers
            .first()
            .is_some_and(|index| called(*index).is_some())
        {
            return;
        }
        // Vectors and maps allocate on behalf of their users.
        let is_own = |index: &&u32| !self.names.get(**index).is_some_and(is_plumbing);
        let caller = callers.iter().find(is_own).or_else(|| callers.first());
        let caller = caller.copied().unwrap_or(u32::MAX);
        // By the signatures of Rust's functions: (size, align), (old block, old size, align, new size), (block, size, align).
        let (freed, asked) = match call {
            AllocatorCall::Allocate | AllocatorCall::AllocateZeroed => (0, parameters[0]),
            AllocatorCall::Reallocate => (parameters[1], parameters[3]),
            AllocatorCall::Deallocate => (parameters[1], 0),
        };
        self.live_bytes = self.live_bytes.saturating_sub(freed.into()) + u64::from(asked);
        self.peak_bytes = self.peak_bytes.max(self.live_bytes);
        let (calls, bytes) = self.allocations.entry((caller, call)).or_default();
        *calls += 1;
        *bytes += u64::from(if call == AllocatorCall::Deallocate {
            freed
        } else {
            asked
        });
    }

    fn push(&mut self, key: Key, ink_left: Ink) {
        self.spend(ink_left);
        let parent = self.path.last().and_then(|step| step.node);
        let known = self.children.get(&(parent, key)).copied();
        let node = match known {
            Some(node) => Some(node),
            None if self.tree.len() < MOST_NODES => {
                let node = self.tree.len();
                // Positions in `functions` are known only at the end; until then a node holds the index.
                let callee = match key {
                    Key::Function(index) => Callee::Function(index as usize),
                    Key::Hostio(name) => Callee::Hostio(name.into()),
                };
                self.tree.push(Node {
                    callee,
                    parent,
                    calls: 0,
                    self_ink: Ink::ZERO,
                });
                self.children.insert((parent, key), node);
                Some(node)
            }
            None => {
                self.truncated = true;
                parent
            }
        };
        if let Some(node) = node.filter(|_| node != parent) {
            self.tree[node].calls += 1;
        }
        let total = self.totals.entry(key).or_default();
        total.calls += 1;
        total.active += 1;
        self.path.push(Step {
            key,
            node,
            entered_with: ink_left,
        });
    }

    /// Attributes the ink spent since the last event to the current node.
    fn spend(&mut self, ink_left: Ink) {
        let spent = self.last - ink_left;
        self.last = ink_left;
        if let Some(step) = self.path.last() {
            if let Some(node) = step.node {
                self.tree[node].self_ink += spent;
            }
            self.totals.entry(step.key).or_default().self_ink += spent;
        }
    }

    /// Ends the run, with `metered` left on the meter and `left` for the caller: if ink ran out, all that the meter had left is forfeited.
    /// (Ink that a function spent after the last call before that counts as forfeited too, because the meter then has no count of it.)
    pub(crate) fn finish(mut self, metered: Ink, left: Ink) -> Profile {
        let metered = metered.min(self.last);
        while !self.path.is_empty() {
            self.leave(metered);
        }
        let mut functions: Vec<_> = Vec::new();
        let mut hostios: Vec<_> = Vec::new();
        for (key, total) in &self.totals {
            let Total {
                calls,
                self_ink,
                total_ink,
                ..
            } = *total;
            match *key {
                Key::Function(index) => {
                    let name = self
                        .names
                        .get(index)
                        .map_or_else(|| format!("function[{index}]"), str::to_owned);
                    functions.push(FunctionInk {
                        index,
                        name,
                        calls,
                        self_ink,
                        total_ink,
                    });
                }
                Key::Hostio(name) => hostios.push(HostioInk {
                    name: name.into(),
                    calls,
                    ink: self_ink,
                }),
            }
        }
        functions.sort_by_key(|function| function.index);
        hostios.sort_by(|one: &HostioInk, other| one.name.cmp(&other.name));
        let position =
            |index: u32| functions.binary_search_by_key(&index, |function| function.index);
        for node in &mut self.tree {
            if let Callee::Function(index) = node.callee {
                node.callee = Callee::Function(position(index as u32).unwrap_or_default());
            }
        }
        let mut calls: Vec<_> = self
            .allocations
            .iter()
            .filter_map(|(&(caller, call), &(calls, bytes))| {
                Some(Allocator {
                    caller: position(caller).ok()?,
                    call,
                    calls,
                    bytes,
                })
            })
            .collect();
        calls.sort_by_key(|allocator| (allocator.caller, allocator.call));
        let exists = |call: AllocatorCall| {
            let mut names = self.names.names.values();
            names.any(|name| AllocatorCall::seen(name) == Some(call))
        };
        let mut seen: Vec<_> = self
            .names
            .names
            .values()
            .filter(|name| AllocatorCall::seen(name).is_some())
            .cloned()
            .collect();
        seen.sort();
        Profile {
            functions,
            hostios,
            tree: self.tree,
            forfeited: metered - left,
            memory: self.memory,
            allocations: Allocations {
                seen,
                unseen: AllocatorCall::ALL
                    .into_iter()
                    .filter(|call| !exists(*call))
                    .collect(),
                calls,
                peak_bytes: self.peak_bytes,
                live_bytes: self.live_bytes,
            },
            truncated: self.truncated,
        }
    }
}

/// Whether a function belongs to the standard library, by its demangled name: to one of its crates, to one of its types, or to one of its
/// traits, implemented for a primitive type or for any type.
fn is_plumbing(name: &str) -> bool {
    let is_standard = |path: &str| {
        ["alloc::", "core::", "std::", "__rust", "hashbrown::"]
            .iter()
            .any(|prefix| path.starts_with(prefix))
    };
    let name = name.trim_start_matches(['<', '&', '[', '(']);
    let name = name.strip_prefix("mut ").unwrap_or(name);
    // Any other type has a path.
    let is_blanket = name
        .split_once(" as ")
        .is_some_and(|(subject, behind)| !subject.contains("::") && is_standard(behind));
    is_standard(name) || is_blanket
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plumbing_is_the_standard_librarys() {
        let check = |name, expected| assert_eq!(is_plumbing(name), expected, "{name}");
        check("alloc::vec::Vec<T>::push", true);
        check("<alloc::string::String as core::clone::Clone>::clone", true);
        check("<u8 as alloc::slice::hack::ConvertVec>::to_vec", true);
        check("<T as alloc::string::ToString>::to_string", true);
        check("<[T] as core::slice::index::SliceIndex>::get", true);
        check("vault::Vault::shares", false);
        check("<vault::Vault as core::fmt::Display>::fmt", false);
        check("<T as vault::Shares>::of", false);
    }
}
