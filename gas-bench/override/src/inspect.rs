//! Which allocator a module carries, and whether it can be taken out.
//!
//! Lives here: telling the allocator's functions and data from all others. Not here: reading the module (`module`), and taking anything out
//! (`graft`).
//!
//! The functions by which an allocator is called are known by name; what only they reach is the allocator's own. A static variable of the
//! allocator is an address that its own functions use. If other functions use such an address, or a function named after the allocator's
//! crate, the compiler has inlined a part of the allocator into them, and that part cannot be found.

use std::collections::{BTreeMap, BTreeSet};

use crate::module::{Function, Module};
use crate::role::{Family, Role};
use crate::{Inlined, Refusal};
use stylus_vm::Bytes;

/// The name of the SDK's allocator, which never hands out a byte twice.
const MINI: &str = "mini-alloc";

/// Allocators: what their functions' names begin with, and what they are called. If several fit, the first counts.
const CRATES: [(&str, &str); 10] = [
    ("dlmalloc::", "dlmalloc, the standard library's"),
    ("dlmalloc", "dlmalloc, the C library's"),
    ("wee_alloc::", "wee_alloc"),
    ("mini_alloc::", MINI),
    ("talc::", "talc"),
    ("lol_alloc::", "lol_alloc"),
    ("rlsf::", "rlsf"),
    ("wasmalloc::", "wasmalloc"),
    ("picoalloc::", "picoalloc"),
    ("emmalloc", "emmalloc"),
];

/// An allocator, as it was found in a module.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Inspection {
    /// Its name, if anything in the module shows it.
    pub allocator: Option<&'static str>,
    /// The functions by which it is called, by index.
    pub entries: BTreeMap<u32, Entry>,
    /// All of its functions, including those.
    pub functions: BTreeMap<u32, String>,
    /// Bytes of these functions, as deployed.
    pub code: Bytes,
    /// Its static variables, from the first to the last address that is used: an address and a length.
    pub data: Option<(u32, Bytes)>,
    /// Its parts that are in other functions.
    pub inlined: Vec<Inlined>,
    /// Other functions that grow memory.
    pub growers: Vec<String>,
    /// Functions of C's allocator that are used and cannot be replaced.
    pub meddlers: Vec<String>,
    /// Where the heap begins, if the module says so.
    pub heap_base: Option<u32>,
    /// Whether memory can grow.
    pub can_grow: bool,
}

/// A function by which an allocator is called.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// What it is for.
    pub role: Role,
    /// Its name in the module.
    pub name: String,
    /// How many functions outside the allocator call it.
    pub callers: usize,
}

impl Inspection {
    /// The languages whose functions they are.
    pub fn families(&self) -> BTreeSet<Family> {
        self.entries
            .values()
            .map(|entry| entry.role.family())
            .collect()
    }

    /// Why the allocator cannot be taken out, if it cannot.
    pub fn refusal(&self) -> Option<Refusal> {
        if !self.inlined.is_empty() {
            return Some(Refusal::Inlined(self.inlined.clone()));
        }
        if let Some(name) = self.meddlers.first() {
            return Some(Refusal::Meddler(name.clone()));
        }
        if let Some(name) = self.growers.first() {
            return Some(Refusal::Growers(name.clone()));
        }
        (!self.can_grow).then_some(Refusal::FixedMemory)
    }

    /// The function that gets memory both for callers that want zeros and for others, if no function serves the former alone: an allocator
    /// that never hands out a byte twice has one function for both.
    pub(crate) fn hands_out_zeros(&self) -> Option<&str> {
        use stylus_vm::profile::AllocatorCall::{Allocate, AllocateZeroed};
        let of = |call| {
            let roles = [Role::Rust(call), Role::Method(call), Role::Bare(call)];
            let mut entries = self.entries.values();
            entries.find(|entry| roles.contains(&entry.role))
        };
        let is_fresh = self.allocator == Some(MINI);
        let gets = of(Allocate).filter(|_| is_fresh && of(AllocateZeroed).is_none())?;
        Some(&gets.name)
    }

    /// A function that frees and ignores the size of the block, if others call it and may pass anything as a size: the compiler replaces
    /// what is ignored in those calls that it sees together with the function. It replaces the alignment as well, so a constant one shows
    /// that the size is right.
    pub(crate) fn ignores_sizes(&self, module: &Module) -> Option<&str> {
        use stylus_vm::profile::AllocatorCall::Deallocate;
        let is_told = |callee: u32| {
            let mut others = module.own().filter(|(index, function)| {
                function.calls.contains(&callee) && !self.functions.contains_key(index)
            });
            others.all(|(index, _)| module.ends_with_alignment(index, callee))
        };
        let ignores = |index: u32, entry: &Entry| match entry.role {
            Role::Rust(Deallocate) => !module.uses(index, 1) && !is_told(index),
            Role::Bare(Deallocate) => !module.uses(index, 2),
            Role::Method(Deallocate) => !module.uses(index, 3),
            _ => false,
        };
        let mut entries = self.entries.iter();
        let found = entries.find(|(index, entry)| entry.callers > 0 && ignores(**index, entry))?;
        Some(&found.1.name)
    }

    /// Looks for the allocator of a module.
    pub(crate) fn of(module: &Module) -> Result<Self, Refusal> {
        let roles = roles(module)?;
        let allocator = allocator(module, &roles);
        let prefix = allocator.map(|(prefix, _)| *prefix);
        let callers = callers(module);
        let own = own(module, &roles, prefix, &callers);
        let variables = Variables::of(module, &own);
        let inlined = inlined(module, &own, &roles, &variables, prefix);
        let used = module.reached(
            module.exported.iter().chain(&module.in_table).copied(),
            |_| false,
        );
        let others = || used.iter().filter(|index| !own.contains(index));
        let growers = others().filter(|index| {
            module
                .function(**index)
                .is_some_and(|function| function.grows_memory)
        });
        let meddlers = others()
            .map(|index| module.name(*index))
            .filter(|name| Role::is_meddler(name));
        let has_c = roles.values().any(|role| role.family() == Family::C);
        let others_calling = |entry: u32| {
            callers
                .get(&entry)
                .map_or(0, |it| it.difference(&own).count())
        };
        let entries = roles.iter().map(|(&index, &role)| {
            let entry = Entry {
                role,
                name: module.name(index),
                callers: others_calling(index),
            };
            (index, entry)
        });
        let bytes = own.iter().filter_map(|index| module.function(*index));
        Ok(Self {
            allocator: allocator.map(|(_, name)| *name),
            entries: entries.collect(),
            functions: own
                .iter()
                .map(|index| (*index, module.name(*index)))
                .collect(),
            code: Bytes(bytes.map(|function| function.bytes).sum()),
            data: variables.extent(),
            inlined,
            growers: growers.map(|index| module.name(*index)).collect(),
            meddlers: if has_c {
                meddlers.collect()
            } else {
                Vec::new()
            },
            heap_base: module.heap_base.and_then(|base| u32::try_from(base).ok()),
            can_grow: module.memory.maximum != Some(module.memory.initial),
        })
    }
}

/// The functions by which the allocator is called, by index.
fn roles(module: &Module) -> Result<BTreeMap<u32, Role>, Refusal> {
    let mut roles = BTreeMap::new();
    let mut reshaped = None;
    for (index, _) in module.own() {
        let Some(named) = module.names.get(index).and_then(Role::of) else {
            continue;
        };
        match (module.ty(index).and_then(|ty| named.with_type(ty)), named) {
            (Some(role), _) => drop(roles.insert(index, role)),
            // Which of its parameters are left is anybody's guess.
            (None, Role::Method(_) | Role::Rust(_)) => drop(reshaped.get_or_insert(index)),
            (None, _) => return Err(Refusal::Signature(module.name(index))),
        }
    }
    check_order(module, &roles)?;
    let is_told = |(index, role): (&u32, &Role)| match role {
        Role::Bare(_) => shows_order(module, *index, *role),
        _ => true,
    };
    let untold = roles.iter().filter(|(_, role)| role.gets());
    let untold = untold
        .map(|it| *it.0)
        .find(|index| !is_told((index, &roles[index])));
    if let Some(index) = untold.or(reshaped) {
        return Err(Refusal::Reshaped(module.name(index)));
    }
    // Only a function that gets memory makes an allocator.
    if roles.values().any(|role| role.gets()) {
        return Ok(roles);
    }
    let growers = module.own().filter(|(_, function)| function.grows_memory);
    let growers: Vec<_> = growers.map(|(index, _)| module.name(index)).collect();
    let is_known = |name: &String| CRATES.iter().any(|(prefix, _)| is_of(name, prefix));
    let is_unknown = roles.is_empty() && !growers.iter().any(is_known);
    // An allocator grows memory in one place, which its other functions call; cargo's optimiser has inlined it.
    Err(match growers.len() {
        0 => Refusal::NoAllocator,
        1 if is_unknown => Refusal::Unknown(growers),
        _ if is_unknown && !is_rust(module) => Refusal::Unknown(growers),
        _ => Refusal::Merged(growers),
    })
}

/// Whether Rust's compiler made a module: it has a function of the standard library.
fn is_rust(module: &Module) -> bool {
    const LIBRARY: [&str; 4] = ["core::", "alloc::", "std::", "__rustc::"];
    let mut own = module.own().map(|(index, _)| module.name(index));
    own.any(|name| LIBRARY.iter().any(|prefix| is_of(&name, prefix)))
}

/// Whether calls of a method that gets memory, and has lost its parameter for the allocator itself, show that an alignment and a size are
/// left, in this order: some pass a constant power of two first and anything else second, and none does the opposite.
fn shows_order(module: &Module, index: u32, role: Role) -> bool {
    let is_alignment = |argument: Option<u32>| argument.is_some_and(u32::is_power_of_two);
    let calls = module.passed(index, role.ty().params().len());
    let with = |first: usize, second: usize| {
        let mut calls = calls.iter();
        calls.any(|it| is_alignment(it[first]) && !is_alignment(it[second]))
    };
    with(0, 1) && !with(1, 0)
}

/// Checks that the module's compiler passes a layout as alignment and size, as the donor's methods take it: Rust's own function that calls
/// a method shows the order.
fn check_order(module: &Module, roles: &BTreeMap<u32, Role>) -> Result<(), Refusal> {
    use stylus_vm::profile::AllocatorCall::Allocate;
    let of = |wanted: Role| roles.iter().filter(move |(_, role)| **role == wanted);
    for (front, _) in of(Role::Rust(Allocate)) {
        for (method, _) in of(Role::Method(Allocate)) {
            // The front's parameters are a size and an alignment.
            if module.hands_on(*front, *method) == Some([0, 1]) {
                return Err(Refusal::Signature(module.name(*method)));
            }
        }
    }
    Ok(())
}

/// The crate of the functions reached from those with a role: what their names begin with, and what it is called.
fn allocator(
    module: &Module,
    roles: &BTreeMap<u32, Role>,
) -> Option<&'static (&'static str, &'static str)> {
    let behind = module.reached(roles.keys().copied(), |_| false);
    CRATES.iter().find(|(prefix, _)| {
        behind
            .iter()
            .any(|index| is_of(&module.name(*index), prefix))
    })
}

/// The functions with a role, and those reached only through them. A function in a table is among these only if it is named after the
/// allocator's crate: then so is whatever looks it up there.
fn own(
    module: &Module,
    roles: &BTreeMap<u32, Role>,
    prefix: Option<&str>,
    callers: &BTreeMap<u32, BTreeSet<u32>>,
) -> BTreeSet<u32> {
    let named = |index: &u32| prefix.is_some_and(|prefix| is_of(&module.name(*index), prefix));
    let in_table = module.in_table.iter().copied().filter(named);
    let mut own = module.reached(roles.keys().copied().chain(in_table), |_| false);
    own.retain(|index| module.function(*index).is_some());
    // What another function reaches is not the allocator's alone, and neither is what only such a function calls.
    loop {
        let is_shared = |index: &u32| {
            let is_called = callers
                .get(index)
                .is_some_and(|callers| !callers.is_subset(&own));
            let is_reached = module.exported.contains(index)
                || (module.in_table.contains(index) && !named(index));
            !roles.contains_key(index) && (is_called || is_reached)
        };
        let shared: Vec<_> = own.iter().copied().filter(is_shared).collect();
        if shared.is_empty() {
            return own;
        }
        for index in shared {
            own.remove(&index);
        }
    }
}

/// Addresses that the allocator's own functions use.
struct Variables {
    accessed: BTreeSet<u32>,
    /// Addresses that are passed on. A variable without a size may have the address of the next variable, which belongs to something else:
    /// an address right after an accessed word does not count.
    passed: BTreeSet<u32>,
}

impl Variables {
    fn of(module: &Module, own: &BTreeSet<u32>) -> Self {
        let functions = || own.iter().filter_map(|index| module.function(*index));
        let accessed: BTreeSet<u32> = functions()
            .flat_map(|it| it.accessed.iter().copied())
            .collect();
        let is_end = |address: &u32| {
            !accessed.contains(address)
                && [1, 4, 8]
                    .iter()
                    .any(|size| accessed.contains(&address.wrapping_sub(*size)))
        };
        let passed = functions()
            .flat_map(|it| it.constants.iter().copied())
            .filter(|address| !is_end(address))
            .collect();
        Self { accessed, passed }
    }

    /// A variable of the allocator that a function accesses.
    fn accessed_by(&self, function: &Function) -> Option<u32> {
        let mut accessed = function.accessed.intersection(&self.accessed);
        accessed.next().copied()
    }

    /// A variable whose address is a number in a function, other than for passing the allocator `itself`, and other than for the end of a
    /// table.
    fn named_by(&self, function: &Function, itself: Option<u32>) -> Option<u32> {
        let numbers = function.constants.difference(&function.ends);
        let mut named = numbers
            .filter(|address| itself != Some(**address))
            .filter(|address| self.accessed.contains(address) || self.passed.contains(address));
        named.next().copied()
    }

    /// The address of the first, and the length up to the end of the last.
    fn extent(&self) -> Option<(u32, Bytes)> {
        let first = *self.accessed.iter().chain(&self.passed).min()?;
        let last = *self.accessed.iter().chain(&self.passed).max()?;
        Some((first, Bytes(u64::from(last - first) + 4)))
    }
}

/// The address of the allocator, if a function has it only to pass it to methods: an allocator without a size may well have the address of
/// the next variable. A function that has it more often contains an inlined part of a method, which finds the variables from there.
fn of_method(module: &Module, index: u32, function: &Function) -> Option<u32> {
    let is_method = |index: u32| {
        let role = module.names.get(index).and_then(Role::of);
        matches!(role, Some(Role::Method(_)))
    };
    // Rust's own function that calls the method has no other constant.
    let front = module.own().find_map(|(index, front)| {
        let role = module.names.get(index).and_then(Role::of)?;
        let is_front = matches!(
            role,
            Role::Rust(stylus_vm::profile::AllocatorCall::Allocate)
        );
        let is_plain = is_front && front.calls.iter().any(|callee| is_method(*callee));
        front.constants.iter().next().filter(|_| is_plain).copied()
    });
    let is_passed = |address: &u32| !module.has_more(index, *address, is_method);
    front
        .filter(|address| function.constants.contains(address))
        .filter(is_passed)
}

/// The callers of each function.
fn callers(module: &Module) -> BTreeMap<u32, BTreeSet<u32>> {
    let mut callers: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for (caller, function) in module.own() {
        for callee in &function.calls {
            callers.entry(*callee).or_default().insert(caller);
        }
    }
    callers
}

/// Other functions that have a part of the allocator in them: they call what is named after its crate, or use its variables.
fn inlined(
    module: &Module,
    own: &BTreeSet<u32>,
    roles: &BTreeMap<u32, Role>,
    variables: &Variables,
    prefix: Option<&str>,
) -> Vec<Inlined> {
    let mut found = Vec::new();
    for (index, function) in module.own().filter(|(index, _)| !own.contains(index)) {
        let name = module.name(index);
        let calls = prefix.and_then(|prefix| {
            function
                .calls
                .iter()
                .filter(|callee| !roles.contains_key(callee))
                .map(|callee| module.name(*callee))
                .find(|callee| is_of(callee, prefix) && !is_of(&name, prefix))
        });
        if let Some(callee) = calls {
            found.push(Inlined::Call { name, callee });
        } else if let Some(address) = variables.accessed_by(function) {
            found.push(Inlined::Variable { name, address });
        } else if let Some(address) =
            variables.named_by(function, of_method(module, index, function))
        {
            found.push(Inlined::Number { name, address });
        }
    }
    found
}

/// Whether a function belongs to a crate: it is one of its own, or a method of one of its types.
fn is_of(name: &str, prefix: &str) -> bool {
    let name = name.trim_start_matches(['<', '&']);
    name.starts_with(prefix)
}
