//! Invented profiles: one that looks like a contract's, and any number of arbitrary shape.
//!
//! Lives here: building them so that they add up as the VM's do. Not here: what is tested with them.

use std::collections::{BTreeMap, BTreeSet};

use stylus_report::figures::profile::{CallProfile, PROFILE_SCHEMA};
use stylus_report::figures::{Hostio, Parts};
use stylus_vm::profile::{
    Allocations, Allocator, AllocatorCall, Callee, FunctionInk, HostioInk, MemorySize, Node,
    Profile,
};
use stylus_vm::{Gas, Ink};

/// The price of every profile here.
pub(crate) const INK_PER_GAS: u64 = 10_000;

/// A node of the call tree: who was called from where, how often, and the ink it spent itself.
pub(crate) struct Called {
    pub(crate) parent: Option<usize>,
    pub(crate) callee: Callee,
    pub(crate) calls: u64,
    pub(crate) ink: u64,
}

/// A run whose lists follow from the tree. `names` are those of all functions, each of which must be called.
pub(crate) fn run(names: &[&str], tree: Vec<Called>) -> Profile {
    let mut functions: Vec<_> = names
        .iter()
        .zip(20..)
        .map(|(name, index)| FunctionInk {
            index,
            name: (*name).to_owned(),
            calls: 0,
            self_ink: Ink::ZERO,
            total_ink: Ink::ZERO,
        })
        .collect();
    let mut hostios: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for called in &tree {
        match &called.callee {
            Callee::Function(position) => {
                functions[*position].calls += called.calls;
                functions[*position].self_ink += Ink(called.ink);
            }
            Callee::Hostio(name) => {
                let (calls, ink) = hostios.entry(name.to_string()).or_default();
                *calls += called.calls;
                *ink += called.ink;
            }
        }
        let mut around = BTreeSet::new();
        let mut place = Some(called);
        while let Some(inner) = place {
            if let Callee::Function(position) = inner.callee {
                around.insert(position);
            }
            place = inner.parent.map(|parent| &tree[parent]);
        }
        for position in around {
            functions[position].total_ink += Ink(called.ink);
        }
    }
    let hostios = hostios.into_iter().map(|(name, (calls, ink))| HostioInk {
        name: name.into(),
        calls,
        ink: Ink(ink),
    });
    let tree = tree.into_iter().map(|called| Node {
        callee: called.callee,
        parent: called.parent,
        calls: called.calls,
        self_ink: Ink(called.ink),
    });
    Profile {
        functions,
        hostios: hostios.collect(),
        tree: tree.collect(),
        ..Profile::default()
    }
}

/// A receipt around a run that pays `outside` for everything else.
pub(crate) fn receipt(profile: Profile, outside: Parts) -> CallProfile {
    let hostios = profile.hostios.iter().map(|hostio| {
        let Ink(ink) = hostio.ink;
        let calls = hostio.calls;
        (
            hostio.name.to_string(),
            Hostio {
                calls,
                ink: Ink(ink),
            },
        )
    });
    let mut parts = Parts {
        wasm: profile.functions.iter().map(|it| it.self_ink).sum(),
        hostios: hostios.collect(),
        forfeited: profile.forfeited,
        ..outside
    };
    // Receipts separate the price of pages from that of the host call.
    if let Some(grow) = parts.hostios.get_mut("pay_for_memory_grow") {
        parts.pages = Ink(grow.ink.0 / 2);
        grow.ink = grow.ink - parts.pages;
    }
    let spent = parts.program_ink().0;
    parts.rounding = Ink(spent.next_multiple_of(INK_PER_GAS) - spent);
    CallProfile {
        schema: PROFILE_SCHEMA,
        contract: "sort-and-map".to_owned(),
        call: "median".to_owned(),
        signature: "median(uint16)".to_owned(),
        arguments: vec!["300".to_owned()],
        ink_per_gas: INK_PER_GAS as u32,
        gas: parts.total(INK_PER_GAS as u32).unwrap(),
        parts,
        profile,
    }
}

/// A profile that looks like a contract's.
pub(crate) fn plausible() -> CallProfile {
    let host = |name: &'static str| Callee::Hostio(name.into());
    let function = Callee::Function;
    let tree = [
        (None, function(0), 1, 146_883),
        (Some(0), host("msg_reentrant"), 1, 8_400),
        (Some(0), host("read_args"), 1, 13_560),
        (Some(0), function(1), 1, 3_706_912),
        (Some(3), function(2), 7, 185_745),
        (Some(4), function(3), 7, 253_302),
        (Some(5), host("pay_for_memory_grow"), 2, 10_016_800),
        (Some(3), function(4), 1, 2_643_932),
        (Some(7), function(4), 14, 15_000_000),
        (Some(8), function(5), 28, 508_347),
        (Some(0), host("storage_load_bytes32"), 1, 21_123_456),
        (Some(0), function(6), 1, 8_851),
        (Some(11), host("write_result"), 1, 41_162),
    ];
    let tree = tree.map(|(parent, callee, calls, ink)| Called {
        parent,
        callee,
        calls,
        ink,
    });
    let names = [
        "user_entrypoint",
        "sort_and_map::SortAndMap::median",
        "alloc::raw_vec::RawVec<T,A>::grow_one",
        "__rustc::__rust_realloc",
        "core::slice::sort::unstable::quicksort::quicksort",
        "<[u8; 32] as core::convert::TryFrom<alloc::vec::Vec<u8, alloc::alloc::Global>>>::try_from",
        "<stylus_sdk::host::WasmVM as stylus_core::host::CalldataAccess>::write_result",
    ];
    let mut profile = run(&names, tree.into());
    profile.memory = [(0, 1), (4_500_000, 2), (14_600_000, 4)]
        .map(|(ink, pages)| MemorySize {
            ink_used: Ink(ink),
            pages,
        })
        .into();
    let asked = [
        (1, AllocatorCall::Deallocate, 1, 2_048),
        (2, AllocatorCall::Reallocate, 7, 4_064),
        (6, AllocatorCall::Allocate, 1, 36),
        (6, AllocatorCall::Deallocate, 1, 36),
    ];
    profile.allocations = Allocations {
        seen: vec![
            "__rustc::__rust_alloc".to_owned(),
            "__rustc::__rust_dealloc".to_owned(),
            "__rustc::__rust_realloc".to_owned(),
        ],
        unseen: vec![AllocatorCall::AllocateZeroed],
        calls: asked
            .map(|(caller, call, calls, bytes)| Allocator {
                caller,
                call,
                calls,
                bytes,
            })
            .into(),
        peak_bytes: 2_084,
        live_bytes: 0,
    };
    let outside = Parts {
        transaction: Gas(21_640),
        start: Gas(9_200),
        start_pages: Gas(2_000),
        ..Parts::default()
    };
    receipt(profile, outside)
}

/// Generates the same numbers for the same seed everywhere (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (word ^ (word >> 31)) % sides
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }

    /// Zero, little, or much.
    fn amount(&mut self) -> u64 {
        let most = self.pick(&[1, 10, 100_000, 1 << 40]);
        self.below(most)
    }
}

/// A profile of arbitrary shape, with untrustworthy names.
pub(crate) fn random(seed: u64) -> CallProfile {
    const NAMES: [&str; 9] = [
        "user_entrypoint",
        "<[u8; 32] as core::fmt::Debug>::fmt",
        "grow",
        "grow",
        "name with a number 42",
        "two\nlines;and <tags> & \"quotes\"",
        "# comment ",
        "--",
        "",
    ];
    const HOSTS: [&str; 4] = [
        "read_args",
        "pay_for_memory_grow",
        "storage_load_bytes32",
        "call contract; 7",
    ];
    let mut dice = Dice(seed);
    let mut names = Vec::new();
    let mut tree: Vec<Called> = Vec::new();
    for _ in 0..=dice.below(40) {
        let caller = tree.len().checked_sub(1).map(|last| {
            let place = dice.below(last as u64 + 1) as usize;
            match tree[place].callee {
                Callee::Function(_) => place,
                Callee::Hostio(_) => tree[place].parent.unwrap(),
            }
        });
        let known = dice.below(names.len() as u64 + 2) as usize;
        let callee = match caller {
            Some(_) if dice.below(3) == 0 => Callee::Hostio(dice.pick(&HOSTS).into()),
            Some(_) if known < names.len() => Callee::Function(known),
            _ => {
                names.push(dice.pick(&NAMES));
                Callee::Function(names.len() - 1)
            }
        };
        let mut others = tree.iter();
        if !others.any(|it| it.parent == caller && it.callee == callee) {
            tree.push(Called {
                parent: caller,
                callee,
                calls: 1 + dice.below(5),
                ink: dice.amount(),
            });
        }
    }
    let mut profile = run(&names, tree);
    profile.forfeited = Ink(dice.amount());
    for caller in 0..names.len() {
        let call = dice.pick(&AllocatorCall::ALL);
        profile.allocations.seen = vec!["grow".to_owned()];
        profile.allocations.calls.push(Allocator {
            caller,
            call,
            calls: 1 + (dice.amount() >> 20),
            bytes: dice.amount() >> 8,
        });
    }
    for _ in 0..dice.below(12) {
        profile.memory.push(MemorySize {
            ink_used: Ink(dice.amount()),
            pages: dice.below(65_536),
        });
    }
    let outside = Parts {
        transaction: Gas(21_000),
        l1: Gas(dice.amount() >> 20),
        start: Gas(dice.amount() >> 20),
        start_pages: Gas(dice.below(2_000)),
        floor: Gas(dice.below(2)),
        unseen: Gas(dice.below(2)),
        refund: Gas(dice.below(2) * 4_800),
        ..Parts::default()
    };
    receipt(profile, outside)
}
