//! The allocator's promises in compiled wasm: the scripts and the model of `support` replayed on the probe, which is built like a contract
//! and runs in wasmtime, and what only wasm has. Miri cannot run wasmtime, so it skips this file.
#![cfg(not(any(target_arch = "wasm32", miri)))]

#[path = "support/probe.rs"]
mod probe;
mod support;

use std::{cell::Cell, rc::Rc, sync::OnceLock};

use support::{churn, model, run_with_refusals, script, Limits, Subject};
use wasmtime::{
    Engine, Instance, Memory, Module, ResourceLimiter, Store, TypedFunc, WasmParams, WasmResults,
};

/// The optimisation levels contracts are built with.
const LEVELS: [&str; 3] = ["3", "s", "z"];

/// A compiled probe.
struct Probe {
    engine: Engine,
    module: Module,
    reuses: bool,
    in_place: bool,
    traps: bool,
}

/// The compiled probes of each level, built once for all tests: `MiniAlloc` without features, with `in-place`, and with `outlined` and
/// `trap-on-oom`; and `ReclaimAlloc`.
fn probes() -> &'static [[Probe; 4]] {
    static PROBES: OnceLock<Vec<[Probe; 4]>> = OnceLock::new();
    PROBES.get_or_init(|| {
        let compile = |level| {
            let probe = |wasm, reuses, in_place, traps| {
                let engine = Engine::default();
                let module = Module::new(&engine, wasm).expect("the probe is valid wasm");
                Probe {
                    engine,
                    module,
                    reuses,
                    in_place,
                    traps,
                }
            };
            [
                probe(probe::build("probe", level), false, false, false),
                probe(probe::build_in_place(level), false, true, false),
                probe(probe::build_trapping(level), false, false, true),
                probe(probe::build("probe-reclaim", level), true, true, false),
            ]
        };
        LEVELS.map(compile).into()
    })
}

/// The probes of `MiniAlloc`.
fn modules() -> impl Iterator<Item = &'static Probe> {
    probes()
        .iter()
        .flat_map(|[compact, in_place, trapping, _]| [compact, in_place, trapping])
}

/// What the engine asks before a memory grows, whoever grows it.
struct Host {
    limits: Limits,
    foreign: bool,
}

impl ResourceLimiter for Host {
    fn memory_growing(
        &mut self,
        old_bytes: usize,
        bytes: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let pages = (bytes / support::PAGE as usize) as u32;
        if pages > support::ADDRESS_SPACE {
            return Ok(false);
        }
        Ok(if self.foreign {
            pages <= self.limits.max_pages
        } else {
            // Growing by nothing is never refused.
            bytes == old_bytes || self.limits.heap_grows_to(pages)
        })
    }

    fn table_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(true)
    }
}

/// One instance of the probe.
struct Wasm {
    reuses: bool,
    in_place: bool,
    traps: bool,
    store: Store<Host>,
    instance: Instance,
    memory: Memory,
    /// The number of requests to the allocator.
    requests: Rc<Cell<u64>>,
}

impl Wasm {
    /// A fresh instance whose memory may grow by at most `more` pages.
    fn new(probe: &Probe, more: u32) -> Self {
        let Probe {
            engine,
            module,
            reuses,
            in_place,
            traps,
        } = probe;
        // The initial memory is not growth, so it is allowed whatever the limit is.
        let host = Host {
            limits: Limits::up_to(u32::MAX),
            foreign: true,
        };
        let mut store = Store::new(engine, host);
        store.limiter(|host| host);
        let instance = Instance::new(&mut store, module, &[]).expect("the probe imports nothing");
        let memory = instance
            .get_memory(&mut store, "memory")
            .expect("the probe exports its memory");
        let mut wasm = Self {
            reuses: *reuses,
            in_place: *in_place,
            traps: *traps,
            store,
            instance,
            memory,
            requests: Rc::default(),
        };
        wasm.store.data_mut().foreign = false;
        let pages = wasm.pages();
        wasm.limit((pages + more).min(65_536));
        wasm
    }

    /// The same instance, which adds its requests to `requests`.
    fn counting(self, requests: &Rc<Cell<u64>>) -> Self {
        Self {
            requests: Rc::clone(requests),
            ..self
        }
    }

    fn request<P: WasmParams, R: WasmResults>(
        &mut self,
        name: &str,
        params: P,
    ) -> wasmtime::Result<R> {
        self.requests.set(self.requests.get() + 1);
        self.try_call(name, params)
    }

    /// The block of a request; none if it is refused, by null or by a trap.
    fn block<P: WasmParams>(&mut self, name: &str, params: P) -> Option<u32> {
        let answer = self.request(name, params);
        if self.traps {
            assert_ne!(answer.as_ref().ok(), Some(&0), "it traps instead");
            answer.ok()
        } else {
            Some(answer.expect("the probe does not trap")).filter(|&at| at != 0)
        }
    }

    fn call<P: WasmParams, R: WasmResults>(&mut self, name: &str, params: P) -> R {
        self.try_call(name, params)
            .expect("the probe does not trap")
    }

    fn try_call<P: WasmParams, R: WasmResults>(
        &mut self,
        name: &str,
        params: P,
    ) -> wasmtime::Result<R> {
        let function: TypedFunc<P, R> = self
            .instance
            .get_typed_func(&mut self.store, name)
            .expect("the probe exports it");
        function.call(&mut self.store, params)
    }
}

impl Subject for Wasm {
    fn reuses(&self) -> bool {
        self.reuses
    }

    fn grows_in_place(&self) -> bool {
        self.in_place
    }

    fn heap_base(&mut self) -> u32 {
        self.call("heap_base", ())
    }

    fn pages(&mut self) -> u32 {
        self.memory.size(&self.store) as u32
    }

    fn alloc(&mut self, size: u32, align: u32, zeroed: bool) -> Option<u32> {
        let name = if zeroed { "alloc_zeroed" } else { "alloc" };
        self.block(name, (size, align))
    }

    fn dealloc(&mut self, at: u32, size: u32, align: u32) {
        self.request("dealloc", (at, size, align))
            .expect("the probe does not trap")
    }

    fn realloc(&mut self, at: u32, size: u32, align: u32, new_size: u32) -> Option<u32> {
        self.block("realloc", (at, size, align, new_size))
    }

    fn foreign_grow(&mut self, pages: u32) -> bool {
        self.store.data_mut().foreign = true;
        let grown: u32 = self.call("foreign_grow", pages);
        self.store.data_mut().foreign = false;
        grown != 0
    }

    fn limit(&mut self, pages: u32) {
        self.store.data_mut().limits.max_pages = pages;
    }

    fn refuse(&mut self, nth: Option<u32>) {
        let limits = &mut self.store.data_mut().limits;
        limits.refuse = nth.map(|nth| limits.grows + nth);
    }

    fn grows(&mut self) -> u32 {
        self.store.data().limits.grows
    }

    fn read(&mut self, at: u32, len: u32) -> Vec<u8> {
        self.memory.data(&self.store)[at as usize..][..len as usize].to_vec()
    }

    fn fill(&mut self, at: u32, len: u32, byte: u8) {
        self.memory.data_mut(&mut self.store)[at as usize..][..len as usize].fill(byte);
    }
}

#[test]
fn scripts() {
    for module in modules() {
        let own = if module.in_place {
            script::IN_PLACE_SCRIPTS
        } else {
            script::COMPACT_SCRIPTS
        };
        for (name, steps) in script::SCRIPTS.iter().chain(own) {
            script::check(name, steps, &mut Wasm::new(module, 23));
        }
    }
}

#[test]
fn scripts_next_to_4_gib() {
    for module in modules() {
        let own = if module.in_place {
            script::HIGH_IN_PLACE_SCRIPTS
        } else {
            &[]
        };
        for (name, steps) in script::HIGH_SCRIPTS.iter().chain(own) {
            script::check(name, steps, &mut Wasm::new(module, u32::from(u16::MAX)));
        }
    }
}

/// The theorem of `support/model.rs`, on what the compiler made of the allocator.
#[test]
fn model() {
    for module in modules() {
        for seed in 0..20 {
            let max = Wasm::new(module, 0).pages() + 20;
            run_with_refusals(model::run, &model::bytes(seed, 400), max, || {
                Wasm::new(module, 20)
            });
        }
    }
}

/// The theorem of `support/churn.rs`, likewise.
#[test]
fn reuse() {
    for [.., probe] in probes() {
        for seed in 0..20 {
            let max = Wasm::new(probe, 0).pages() + 20;
            run_with_refusals(churn::run, &model::bytes(seed, 400), max, || {
                Wasm::new(probe, 20)
            });
        }
        churn::steady(&mut Wasm::new(probe, 100), 64, 4096, 1000);
    }
}

/// Both theorems over a million requests to each probe, with each growth refused in turn.
#[test]
#[ignore = "long: twelve million requests; scripts/test --long runs it"]
fn long_a_million_requests() {
    for probe in probes().iter().flatten() {
        let run = if probe.reuses { churn::run } else { model::run };
        let max = Wasm::new(probe, 0).pages() + 20;
        let requests = Rc::<Cell<u64>>::default();
        // Other seeds than above.
        let mut seed = 1000;
        while requests.get() < 1_000_000 {
            run_with_refusals(run, &model::bytes(seed, 2000), max, || {
                Wasm::new(probe, 20).counting(&requests)
            });
            seed += 1;
        }
    }
}

#[test]
fn try_reserve_fails_and_a_smaller_request_then_succeeds() {
    for module in modules().filter(|module| !module.traps) {
        let mut wasm = Wasm::new(module, 1);
        for (bytes, got) in [
            (1 << 30, 0),
            (3 << 16, 0),
            (1 << 16, 1),
            (1 << 16, 0),
            (1, 1),
        ] {
            assert_eq!(
                wasm.call::<u32, u32>("try_reserve", bytes),
                got,
                "{bytes} bytes"
            );
        }
    }
}

#[test]
fn checked_says_what_was_wrong_and_traps() {
    let engine = Engine::default();
    let module =
        Module::new(&engine, probe::build("probe-checked", "3")).expect("it is valid wasm");
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).expect("it imports nothing");
    let right = instance
        .get_typed_func::<(), u32>(&mut store, "right")
        .expect("it is exported");
    assert_eq!(right.call(&mut store, ()).expect("nothing is wrong"), 0);
    let wrong = instance
        .get_typed_func::<(), ()>(&mut store, "wrong")
        .expect("it is exported");
    wrong.call(&mut store, ()).expect_err("it traps");
    let fault = instance
        .get_typed_func::<(), u32>(&mut store, "checked_fault")
        .expect("it is exported");
    let at = fault
        .call(&mut store, ())
        .expect("it only tells an address") as usize;
    let memory = instance
        .get_memory(&mut store, "memory")
        .expect("it is exported");
    let text = memory.data(&store)[at..].split(|&byte| byte == 0).next();
    let text = String::from_utf8_lossy(text.unwrap_or_default());
    assert!(
        text.ends_with("of 24 bytes, aligned to 1, is freed a second time"),
        "{text:?}"
    );
}
