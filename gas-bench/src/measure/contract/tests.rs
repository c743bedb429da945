//! One contract on a devnet: a program in WebAssembly text under plans that succeed and plans that fail.

use stylus_vm::{ArbOs, InkPrice};

use super::*;
use crate::chain::Target;

/// Counts its calls in a slot, grows by as many pages as the last byte of its input says and returns its input; reverts if that byte is
/// 99, and never ends if it is 98.
const PROGRAM: &str = r#"(module
    (import "vm_hooks" "read_args" (func $read_args (param i32)))
    (import "vm_hooks" "write_result" (func $write_result (param i32 i32)))
    (import "vm_hooks" "storage_load_bytes32" (func $load (param i32 i32)))
    (import "vm_hooks" "storage_cache_bytes32" (func $cache (param i32 i32)))
    (import "vm_hooks" "storage_flush_cache" (func $flush (param i32)))
    (import "vm_hooks" "pay_for_memory_grow" (func $pay_for_memory_grow (param i32)))
    (memory (export "memory") 1)
    (func (export "user_entrypoint") (param $len i32) (result i32) (local $byte i32)
        (call $pay_for_memory_grow (i32.const 0))
        (call $read_args (i32.const 1024))
        (local.set $byte (i32.load8_u (i32.add (i32.const 1023) (local.get $len))))
        (if (i32.eq (local.get $byte) (i32.const 98)) (then (loop $forever (br $forever))))
        (call $load (i32.const 0) (i32.const 32))
        (i32.store8 (i32.const 63) (i32.add (i32.const 1) (i32.load8_u (i32.const 63))))
        (call $cache (i32.const 0) (i32.const 32))
        (call $flush (i32.const 0))
        (drop (memory.grow (local.get $byte)))
        (call $write_result (i32.const 1028) (i32.sub (local.get $len) (i32.const 4)))
        (i32.eq (local.get $byte) (i32.const 99))))"#;

fn artifact(wat: &str) -> Artifact {
    Artifact::of_named(&wat::parse_str(wat).unwrap()).unwrap()
}

fn plan_of(text: &str) -> Plan {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(stylus_plan::FILE);
    std::fs::write(&path, text).unwrap();
    stylus_plan::load(&path).unwrap().unwrap()
}

fn measure(sight: Option<Sight>, wat: &str, plan: &str) -> Contract {
    let node = Node::connect(&Target::Embedded(ArbOs::ARBITRUM_ONE)).unwrap();
    let bench = Bench::new(&node).unwrap();
    bench.sight.set(sight);
    bench.measure("it", &artifact(wat), &plan_of(plan), None).0
}

const PLAN: &str = r#"
    [[setup]]
    call = "grow(uint256)"
    args = [1]
    from = "alice"
    [[call]]
    call = "grow(uint256) returns (uint256)"
    args = ["{n}"]
    from = "bob"
    for = { n = "0..8 step 3" }
    repeat = 2
    [[call]]
    name = "from an address"
    call = "grow(uint256)"
    args = [5]
    from = "0x00000000000000000000000000000000000000aa"
    [[call]]
    name = "reverting"
    call = "grow(uint256)"
    args = [99]
    reverts = true
"#;

/// Theorem: nodes that report less agree with the others in what they do report, and parts add up to the receipt on every node.
#[test]
fn nodes_that_tell_less_tell_the_same() {
    let whole = measure(Some(Sight::Everything), PROGRAM, PLAN);
    let hostios = measure(Some(Sight::Hostios), PROGRAM, PLAN);
    let receipts = measure(Some(Sight::Receipts), PROGRAM, PLAN);
    for contract in [&whole, &hostios, &receipts] {
        assert_eq!(contract.failures().collect::<Vec<_>>(), [""; 0]);
    }
    let price = InkPrice::DEFAULT.ink_per_gas();
    let mut runs = 0;
    for (index, call) in whole.calls.iter().enumerate() {
        for (run, of_whole) in call.runs().iter().enumerate() {
            runs += 1;
            let of_hostios = &hostios.calls[index].runs()[run];
            let of_receipts = &receipts.calls[index].runs()[run];
            // There, the loss from converting ink to whole gas cannot be told from instructions.
            let mut of_hostios = of_hostios.clone();
            let parts = &mut of_hostios.parts;
            parts.rounding = of_whole.parts.rounding;
            parts.wasm = parts.wasm - parts.rounding;
            assert_eq!(&of_hostios, of_whole, "{}", call.name);
            assert_eq!(of_receipts.gas, of_whole.gas);
            assert!(of_receipts.parts.unseen > Gas::ZERO);
            for told in [of_whole, &of_hostios, of_receipts] {
                assert_eq!(told.parts.total(price), Some(told.gas));
            }
        }
    }
    assert_eq!(runs, 6 + 1 + 1);
}

#[test]
fn calls_start_anew_and_their_runs_follow_each_other() {
    let contract = measure(None, PROGRAM, PLAN);
    let grow = &contract.calls[0];
    let outputs: Vec<_> = grow.runs().iter().map(|run| run.output.as_str()).collect();
    assert_eq!(outputs, ["0", "0", "3", "3", "6", "6"]);
    let peaks: Vec<_> = grow.runs().iter().map(|run| run.peak_pages.0).collect();
    assert_eq!(peaks, [1, 1, 4, 4, 7, 7]);
    // The setup has already written the slot: no run pays for the first write.
    let flush = |run: &Run| run.parts.hostios["storage_flush_cache"].ink;
    assert!(
        grow.runs()
            .iter()
            .all(|run| flush(run) == flush(&grow.runs()[0]))
    );
    assert!(contract.calls[2].runs()[0].reverted);
    let start = contract.deployment.unwrap().start;
    assert_eq!(start.repeated, Some(start.cached));
    assert!(
        grow.runs()
            .iter()
            .all(|run| run.parts.start == start.uncached)
    );
}

fn check_failure(plan: &str, expected: &str) {
    let contract = measure(None, PROGRAM, plan);
    let failures: Vec<_> = contract.failures().collect();
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert!(
        failures[0].contains(expected),
        "{} has no {expected}",
        failures[0]
    );
    assert!(!failures[0].contains('\n'), "{}", failures[0]);
}

#[test]
fn what_goes_wrong_is_said_with_its_line() {
    let call = "[[call]]\ncall = \"grow(uint256)\"\n";
    check_failure(
        &format!("{call}args = [99]\n"),
        "it, grow: the call reverts (gas-bench.toml line 1): ",
    );
    check_failure(
        &format!("{call}args = [1]\nreverts = true\n"),
        "the call should revert (gas-bench.toml line 1) but does not",
    );
    check_failure(
        &format!("{call}args = [\"{{n}}\"]\nfor = {{ n = [1, 98] }}\n"),
        "the call runs out of its 32,000,000 gas (gas-bench.toml line 1, n = 98)",
    );
    check_failure(
        &format!("[[setup]]\ncall = \"grow(uint256)\"\nargs = [99]\n{call}args = [1]\n"),
        "the setup call grow(uint256) fails (gas-bench.toml line 1): ",
    );
    let constructor = "[constructor]\nsignature = \"constructor(uint256)\"\nargs = [99]\n";
    let contract = measure(None, PROGRAM, &format!("{constructor}{call}args = [1]\n"));
    let [failed, called] = &contract.failures().collect::<Vec<_>>()[..] else {
        panic!("the constructor and the call");
    };
    let begins = "it, constructor: the constructor fails (gas-bench.toml line 1): ";
    assert!(failed.starts_with(begins), "{failed}");
    // The file has no key that allows it.
    assert!(!failed.contains("reverts = true"), "{failed}");
    assert_eq!(called, "it, grow: the constructor has failed");
    let refused = measure(None, "(module (memory (export \"memory\") 1))", PLAN);
    let refused: Vec<_> = refused.failures().collect();
    assert!(
        refused[0].starts_with("it: the chain refuses the program: "),
        "{refused:?}"
    );
}

/// So many bytes that no compression makes fewer, as digits in text.
fn noise(bytes: u32) -> String {
    let mut state = 1_u64;
    (0..bytes)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            format!("\\{:02x}", state >> 56)
        })
        .collect()
}

/// Theorem: a program of more than 24 KB is split into fragments, and runs like any other.
#[test]
fn large_programs_are_cut_into_fragments() {
    // The segment is never read.
    let data = format!("(data (i32.const 4096) \"{}\"))", noise(30_000));
    let large = PROGRAM.trim_end().strip_suffix(')').unwrap().to_owned() + &data;
    let contract = measure(None, &large, PLAN);
    assert_eq!(contract.failures().collect::<Vec<_>>(), [""; 0]);
    assert_eq!(contract.deployment.unwrap().sizes.accounts, 2);
}

/// Theorem: what a call answers about the chain does not depend on how many accounts hold the program.
#[test]
fn fragments_take_no_time_and_no_address() {
    let told = |bytes: u32| {
        let wat = format!(
            r#"(module
                (import "vm_hooks" "contract_address" (func $contract_address (param i32)))
                (import "vm_hooks" "block_timestamp" (func $block_timestamp (result i64)))
                (import "vm_hooks" "block_number" (func $block_number (result i64)))
                (import "vm_hooks" "write_result" (func $write_result (param i32 i32)))
                (memory (export "memory") 2 2)
                (data (i32.const 1024) "{}")
                (func (export "user_entrypoint") (param i32) (result i32)
                    (call $contract_address (i32.const 0))
                    (i64.store (i32.const 20) (call $block_timestamp))
                    (i64.store (i32.const 28) (call $block_number))
                    (call $write_result (i32.const 0) (i32.const 36))
                    (i32.const 0)))"#,
            noise(bytes)
        );
        let contract = measure(None, &wat, "[[call]]\ncall = 'f()'\n");
        assert_eq!(contract.failures, [""; 0]);
        let deployment = contract.deployment.unwrap();
        let output = contract.calls[0].runs()[0].output.clone();
        (deployment.sizes.accounts, output, deployment.deploy_gas)
    };
    let (one, answer, gas) = told(1);
    let (several, same, more) = told(60_000);
    assert_eq!((one, several), (1, 3));
    assert_eq!(answer, same);
    // Each byte of code costs 200 gas.
    assert!(more > gas + Gas(60_000 * 200));
}
