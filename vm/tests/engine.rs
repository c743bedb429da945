//! Engines and their caches: compiled programs on disk are found again, harmless when damaged, and shared by many
//! processes.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use alloy_primitives::{Address, B256, Bytes};
use stylus_vm::profile::Names;
use stylus_vm::{
    Access, Account, ArbOs, Call, CallReply, CallRequest, CompileError, Config, CreateReply,
    CreateRequest, EmptyHost, Engine, Host, HostFault, Ink, InkPrice, Outcome, PageCounters, Pages,
    Program, StackDepth, Stored, check_compiles,
};

fn wasm() -> Vec<u8> {
    wat::parse_str(
        r#"(module (memory (export "memory") 1 1)
            (func (export "user_entrypoint") (param i32) (result i32) i32.const 0))"#,
    )
    .unwrap()
}

/// Compiles and runs the module in a new engine, as another process would.
fn run(folder: &Path) -> Ink {
    let config = Config::default();
    let engine = Engine::with_cache(&config, folder).unwrap();
    let program = engine.compile(&wasm(), &config).unwrap();
    let call = Call {
        ink: Ink(1_000_000),
        ..Call::default()
    };
    let mut host = EmptyHost::with_footprint(Pages(1));
    program.run(&mut host, call).unwrap().ink_used
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found
}

/// The file of the only compiled program, which is written while it runs.
fn stored(folder: &Path) -> PathBuf {
    let is_program = |path: &PathBuf| path.extension().is_none();
    for _ in 0..6_000 {
        if let Some(path) = files(folder).into_iter().find(is_program) {
            return path;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("nothing was stored in {:?}", files(folder));
}

#[test]
fn a_damaged_program_is_compiled_anew() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run(folder.path()), Ink(2_452));
    let path = stored(folder.path());
    assert_eq!(run(folder.path()), Ink(2_452), "from disk");

    let whole = fs::read(&path).unwrap();
    for damaged in [&b""[..], b"not a program", &whole[..whole.len() / 2]] {
        fs::write(&path, damaged).unwrap();
        assert_eq!(run(folder.path()), Ink(2_452), "{} bytes", damaged.len());
    }
}

#[test]
fn many_engines_share_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..8).map(|_| scope.spawn(|| run(folder.path()))).collect();
        for ink in runs {
            assert_eq!(ink.join().unwrap(), Ink(2_452));
        }
    });
}

/// Theorem: engines do not run out. Without address space for another pool, an engine works without one.
#[test]
fn many_engines_live_side_by_side() {
    let config = Config::default();
    let engines: Vec<_> = (0..64).map(|_| Engine::new(&config).unwrap()).collect();
    for engine in &engines {
        let program = engine.compile(&wasm(), &config).unwrap();
        let call = Call {
            ink: Ink(1_000_000),
            ..Call::default()
        };
        let mut host = EmptyHost::with_footprint(Pages(1));
        let report = program.run(&mut host, call).unwrap();
        assert_eq!(report.ink_used, Ink(2_452));
    }
}

/// A program whose function carries `values` through each of `blocks` nested blocks, and returns zero.
fn carrying(values: usize, blocks: usize) -> Vec<u8> {
    let i64s = "i64 ".repeat(values);
    let wat = format!(
        r#"(module
            (type $values (func (param {i64s})))
            (func $source (result {i64s}) {source})
            (func $sink (param {i64s}))
            (func $carry {open} {close})
            (memory (export "memory") 1 1)
            (func (export "user_entrypoint") (param i32) (result i32) call $carry i32.const 0))"#,
        source = "i64.const 1 ".repeat(values),
        open = "call $source block (type $values) ".repeat(blocks),
        close = "call $sink end ".repeat(blocks),
    );
    wat::parse_str(wat).unwrap()
}

/// Theorem: no module takes minutes to compile. One that would is compiled with more care, up to a reported limit.
#[test]
fn code_made_to_keep_a_compiler_busy() {
    // The last version that accepts blocks with parameters.
    let config = Config::at(ArbOs::new(58).unwrap());
    let engine = Engine::new(&config).unwrap();
    for (values, blocks) in [(2, 10), (20, 200), (200, 20)] {
        let program = engine.compile(&carrying(values, blocks), &config).unwrap();
        let call = Call {
            ink: Ink(1_000_000_000),
            ..Call::default()
        };
        let mut host = EmptyHost::with_footprint(Pages(1));
        let report = program.run(&mut host, call).unwrap();
        assert_eq!(report.outcome, Outcome::Success, "{values} values");
    }
    let refused = engine.compile(&carrying(200, 1_600), &config).err();
    let sentence = refused.map(|error| error.to_string()).unwrap_or_default();
    assert!(
        sentence.starts_with("a function carries 320000 values"),
        "{sentence}"
    );
}

/// `count` functions of 347 locals, each with the same body, and an entry point that returns zero.
fn functions(count: usize, body: &str) -> Vec<u8> {
    let locals = "i64 ".repeat(346);
    let function = format!("(func (param i32) (local {locals}) {body})");
    let wat = format!(
        r#"(module {} (memory (export "memory") 1 1)
            (func (export "user_entrypoint") (param i32) (result i32) i32.const 0))"#,
        function.repeat(count)
    );
    wat::parse_str(wat).unwrap()
}

/// Theorem: what one function may ask of a compiler bounds what all functions of a module may ask together.
#[test]
fn many_functions_made_to_keep_a_compiler_busy() {
    let config = Config::default();
    let branches = format!("block {} end", "(br_if 0 (local.get 0)) ".repeat(754));
    let table = format!("(br_table {} 0 (local.get 0))", "0 ".repeat(16_000));
    let loops = |count| {
        let ends = "(br_if 0 (local.get 0)) end ".repeat(count);
        "loop ".repeat(count) + &ends
    };
    for (count, body, refusal) in [
        (4, &branches, None),
        (64, &branches, None),
        (
            65,
            &branches,
            Some("the functions together have 17029025 locals times paths"),
        ),
        (2, &table, None),
        (
            4,
            &table,
            Some("the functions together have 22209388 locals times paths"),
        ),
        (1, &loops(1_000), None),
        (
            1,
            &loops(1_300),
            Some("a function has 293440550 locals times nested loops"),
        ),
        (24, &loops(250), None),
        (
            25,
            &loops(250),
            Some("the functions together have 272178125 locals times nested loops"),
        ),
    ] {
        let checked = check_compiles(&functions(count, body), &config);
        match (checked.map_err(|error| error.to_string()), refusal) {
            (Ok(()), None) => {}
            (Err(error), Some(part)) => assert!(error.contains(part), "{error} lacks {part:?}"),
            (checked, _) => panic!("{count} functions, {refusal:?}: {checked:?}"),
        }
    }
}

/// Theorem: profiling a program again uses the newly given names, even if it was cached.
#[test]
fn profiled_programs_are_kept_with_their_names() {
    let config = Config::default();
    let engine = Engine::new(&config).unwrap();
    let bare = wasm();
    let named = |name: &str| {
        let wat = format!(
            r#"(module (memory (export "memory") 1 1)
                (func ${name} (export "user_entrypoint") (param i32) (result i32) i32.const 0))"#
        );
        Names::of_module(&wat::parse_str(wat).unwrap())
    };
    for (names, shown) in [
        (None, "function[0]"),
        (Some(named("one")), "one"),
        (Some(named("one")), "one"),
        (Some(named("other")), "other"),
        (None, "function[0]"),
    ] {
        let program = engine.compile_for_profile(&bare, &config, names).unwrap();
        let call = Call {
            ink: Ink(1_000_000),
            ..Call::default()
        };
        let mut host = EmptyHost::with_footprint(Pages(1));
        let (_, profile) = program.run(&mut host, call).unwrap();
        let got: Vec<_> = profile.functions.iter().map(|it| &*it.name).collect();
        assert_eq!(got, [shown]);
    }
}

/// Theorem: a module that activation refuses is not compiled, even if only an estimate is too high.
#[test]
fn a_start_that_costs_too_much_is_refused() {
    let function = format!("(func (param {}))", "i32 ".repeat(999));
    let wat = format!(
        r#"(module {} (memory (export "memory") 1 1)
            (func (export "user_entrypoint") (param i32) (result i32) i32.const 0))"#,
        function.repeat(70)
    );
    let config = Config::default();
    let engine = Engine::new(&config).unwrap();
    let wasm = wat::parse_str(wat).unwrap();
    let refused = engine.compile(&wasm, &config).err();
    let sentence = refused.map(|error| error.to_string()).unwrap_or_default();
    assert!(sentence.ends_with("does not fit 16 bits"), "{sentence}");
}

#[test]
fn a_folder_that_cannot_be_used_is_said_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, b"").unwrap();
    let error = Engine::with_cache(&Config::default(), &file.join("below")).err();
    let sentence = error.map(|error| error.to_string()).unwrap_or_default();
    assert!(
        sentence.starts_with("the cache of compiled programs cannot be used"),
        "{sentence}"
    );
}

/// Returns the price of ink, as a number of four bytes.
const PRICE: &str = r#"(module
    (import "vm_hooks" "tx_ink_price" (func $price (result i32)))
    (import "vm_hooks" "write_result" (func $result (param i32 i32)))
    (memory (export "memory") 1 1)
    (func (export "user_entrypoint") (param i32) (result i32)
        (i32.store (i32.const 0) (call $price))
        (call $result (i32.const 0) (i32.const 4))
        i32.const 0))"#;

/// Theorem: a program runs under the configuration that it was compiled for, or was put under since, whatever its engine has compiled
/// besides.
#[test]
fn programs_carry_their_configuration() {
    let wasm = wat::parse_str(PRICE).unwrap();
    let priced = |price| {
        let mut config = Config::default();
        config.stylus.ink_price = InkPrice::new(price).unwrap();
        config
    };
    let engine = Engine::new(&Config::default()).unwrap();
    let check = |program: &stylus_vm::Program, price: u32| {
        let call = Call {
            ink: Ink(1_000_000),
            ..Call::default()
        };
        let report = program.run(&mut EmptyHost::with_footprint(Pages(1)), call);
        assert_eq!(report.unwrap().output, price.to_le_bytes());
    };
    let cheap = engine.compile(&wasm, &priced(100)).unwrap();
    let dear = engine.compile(&wasm, &priced(7)).unwrap();
    check(&cheap, 100);
    check(&dear, 7);
    check(&cheap.under(&priced(9)).unwrap(), 9);
    let profiled = |price| {
        let program = engine.compile_for_profile(&wasm, &priced(price), None);
        let call = Call {
            ink: Ink(1_000_000),
            ..Call::default()
        };
        let mut host = EmptyHost::with_footprint(Pages(1));
        program.unwrap().run(&mut host, call).unwrap().0.output
    };
    assert_eq!(
        [5u32, 6].map(profiled),
        [5u32, 6].map(|it| it.to_le_bytes())
    );
}

/// Theorem: a configuration that asks for more depth than the engine has native stack for is refused before anything runs.
#[test]
fn more_depth_than_there_is_stack_for_is_refused() {
    let shallow = Config::default();
    let mut deep = Config::default();
    deep.stylus.max_stack_depth += 1;
    let engine = Engine::new(&shallow).unwrap();
    let told = StackDepth {
        available: shallow.stylus.max_stack_depth,
        wanted: deep.stylus.max_stack_depth,
    };
    let refused = |error| matches!(error, Some(CompileError::StackDepth(it)) if it == told);
    assert!(refused(engine.compile(&wasm(), &deep).err()));
    let program = engine.compile(&wasm(), &shallow).unwrap();
    assert!(
        refused(engine.compile(&wasm(), &deep).err()),
        "compiled already"
    );
    assert_eq!(program.under(&deep).err(), Some(told));
    let named = engine.compile_to_explain(&wasm(), &deep, None);
    assert!(refused(named.err()));
}

/// A chain on which every call runs the same program again, down to a depth.
struct Nested {
    inner: EmptyHost,
    program: Program,
    deeper: u32,
}

impl Nested {
    fn run(&mut self) -> Outcome {
        let call = Call {
            ink: Ink(1 << 50),
            ..Call::default()
        };
        let program = self.program.clone();
        program.run(self, call).unwrap().outcome
    }
}

impl Host for Nested {
    fn page_counters(&mut self) -> &mut PageCounters {
        self.inner.page_counters()
    }

    fn load_storage(&mut self, key: B256) -> Result<Access<B256>, HostFault> {
        self.inner.load_storage(key)
    }

    fn store_storage(&mut self, key: B256, value: B256) -> Result<Stored, HostFault> {
        self.inner.store_storage(key, value)
    }

    fn refund(&mut self, _gas: i64) {}

    fn load_transient(&mut self, key: B256) -> Result<B256, HostFault> {
        self.inner.load_transient(key)
    }

    fn store_transient(&mut self, key: B256, value: B256) -> Result<(), HostFault> {
        self.inner.store_transient(key, value)
    }

    fn load_account(&mut self, address: Address) -> Result<Access<Account>, HostFault> {
        self.inner.load_account(address)
    }

    fn code(&mut self, address: Address) -> Result<Bytes, HostFault> {
        self.inner.code(address)
    }

    fn call(&mut self, request: CallRequest) -> Result<CallReply, HostFault> {
        let goes_on = self.deeper > 0;
        self.deeper = self.deeper.saturating_sub(1);
        Ok(CallReply {
            success: !goes_on || self.run() == Outcome::Success,
            gas_left: request.gas,
            output: Bytes::new(),
        })
    }

    fn create(&mut self, request: CreateRequest) -> Result<CreateReply, HostFault> {
        self.inner.create(request)
    }

    fn log(&mut self, _topics: Vec<B256>, _data: Bytes) -> Result<(), HostFault> {
        Ok(())
    }
}

/// Programs that wait for others keep their instances, and some chains let one begin all the same.
#[test]
fn more_programs_run_at_once_than_the_pool_holds() {
    let wasm = wat::parse_str(
        r#"(module
            (import "vm_hooks" "call_contract" (func $call (param i32 i32 i32 i32 i64 i32) (result i32)))
            (memory (export "memory") 1 1)
            (func (export "user_entrypoint") (param i32) (result i32)
                (call $call (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 32) (i64.const -1) (i32.const 64))))"#,
    );
    let config = Config::default();
    let engine = Engine::new(&config).unwrap();
    let program = engine.compile(&wasm.unwrap(), &config).unwrap();
    let mut host = Nested {
        inner: EmptyHost::with_footprint(Pages(1)),
        program,
        deeper: 1_500,
    };
    assert_eq!(host.run(), Outcome::Success);
}
