//! Which words may stand where: the seams of the project, as one table. Words that no file may hold because they reveal somebody's machine
//! are in [`crate::privacy`].

use crate::rust::{is_word, split};
use crate::{Finding, Tree};

/// Where in a file to look for a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum In {
    /// The code of a Rust file: neither comments nor literals.
    Code,
    /// Code and comments of a Rust file, and all of any other text.
    Prose,
}

/// One rule: within `within`, the `words` may stand only in `allowed`.
#[derive(Debug)]
struct Rule {
    words: &'static [&'static str],
    looked_for: In,
    within: &'static [&'static str],
    allowed: &'static [&'static str],
    reason: &'static str,
}

/// Paths are prefixes; those that begin with `*` are endings.
const RULES: &[Rule] = &[
    Rule {
        words: &[
            "core::arch",
            "std::arch",
            "__heap_base",
            "memory_grow",
            "memory_size",
        ],
        looked_for: In::Code,
        within: &["*.rs"],
        allowed: &[
            "allocator/src/wasm.rs",
            "allocator/tests/",
            "contracts/edge-cases/",
            // The baseline of the allocators is an allocator itself.
            "contracts/heap/src/floor.rs",
            // A field of geth's struct log has one of the names.
            "devnet/src/trace/structs.rs",
        ],
        reason: "one file of the allocator knows that it is on wasm, the rest runs on the host; only what looks at it \
                 from outside, the tests and the benchmark, may know too",
    },
    Rule {
        words: &["wasmtime::"],
        looked_for: In::Code,
        within: &["*.rs"],
        allowed: &["vm/src/", "vm/benches/", "allocator/tests/"],
        reason: "the engine is behind stylus-vm, which is benchmarked against it; the allocator, which must not know that \
                 crate, tests its wasm directly",
    },
    Rule {
        words: &["into_memory", "get_memory"],
        looked_for: In::Code,
        within: &["vm/"],
        allowed: &["vm/src/guest.rs"],
        reason: "guest memory is read and written in one file, where every access is checked",
    },
    Rule {
        words: &["f32", "f64"],
        looked_for: In::Code,
        within: &["*.rs"],
        allowed: &[
            // Percentiles are what clients send, and nothing is computed from them.
            "devnet/src/rpc/read.rs",
            "gas-bench/report/src/content",
            "gas-bench/report/src/document",
            "gas-bench/report/src/picture",
            "gas-bench/report/src/words.rs",
            "vm/src/hostio",
            "vm/tests/theorems/oracle/tariff.rs",
        ],
        reason: "what is measured is integers, the same on every machine; ratios are made where they are shown, the VM \
                 only hands on the values of imports that have these types, and its oracle knows the price of memory as \
                 the formula it comes from",
    },
    Rule {
        words: &["Instant", "SystemTime"],
        looked_for: In::Code,
        within: &["allocator/", "contracts/", "vm/", "gas-bench/"],
        // How long a proof took is printed, and nothing more.
        allowed: &["allocator/tests/proof/main.rs"],
        reason: "the same inputs give the same integers at any time, and no test depends on how fast a machine is",
    },
    Rule {
        words: &["Instant", "SystemTime"],
        looked_for: In::Code,
        within: &["devnet/src/"],
        // Deadlines of requests and of questions to a node, and how long a write may wait, are not the chain's.
        allowed: &[
            "devnet/src/fork/",
            "devnet/src/node.rs",
            "devnet/src/rpc/",
            "devnet/src/store.rs",
        ],
        reason: "the chain is told the time, so that the same requests make the same chain",
    },
    Rule {
        words: &["jsonrpsee", "tokio", "async", "reqwest"],
        looked_for: In::Code,
        within: &["devnet/src/"],
        allowed: &[
            "devnet/src/fork/",
            "devnet/src/rpc/",
            "devnet/src/node.rs",
            "devnet/src/devnet.rs",
            "devnet/src/main.rs",
            "devnet/src/signals.rs",
        ],
        reason: "the chain is synchronous and knows nothing of who asks it",
    },
    Rule {
        words: &["crate::rpc", "crate::node"],
        looked_for: In::Code,
        within: &["devnet/src/"],
        allowed: &[
            "devnet/src/rpc/",
            "devnet/src/node.rs",
            "devnet/src/node/",
            "devnet/src/devnet.rs",
            // What is public takes turns with the server's requests.
            "devnet/src/builder.rs",
            "devnet/src/testing/",
        ],
        reason: "the chain does not know the server in front of it",
    },
    Rule {
        words: &["crate::fork"],
        looked_for: In::Code,
        within: &["devnet/src/"],
        allowed: &[
            "devnet/src/fork/",
            "devnet/src/rpc/",
            "devnet/src/node.rs",
            "devnet/src/devnet.rs",
            "devnet/src/replay.rs",
            // Whether a URL leads to this machine decides what is set by default.
            "devnet/src/config.rs",
        ],
        reason: "the chain asks for what is beneath it, and does not know how that comes from a network",
    },
    Rule {
        words: &["crate::chain"],
        looked_for: In::Code,
        within: &[
            "devnet/src/evm/",
            "devnet/src/arbos/",
            "devnet/src/natives/",
        ],
        allowed: &[],
        reason: "the machine runs what it is given, on the state that it is given",
    },
    Rule {
        words: &["TcpStream", "TcpListener", "UdpSocket", "UnixStream"],
        looked_for: In::Code,
        within: &["*.rs"],
        allowed: &["devnet/src/rpc/", "devnet/tests/", "devnet/benches/"],
        reason: "nothing here speaks to a network but the devnet, and that by its server; its tests and benchmarks speak to \
                 it in bytes, too",
    },
    Rule {
        words: &["stylus_devnet::", "gas_bench::", "Program", "Engine"],
        looked_for: In::Code,
        within: &["gas-bench/report/"],
        allowed: &[],
        reason: "rendering never measures",
    },
    Rule {
        words: &["revm", "jsonrpsee", "tokio"],
        looked_for: In::Code,
        within: &["vm/", "allocator/"],
        allowed: &[],
        reason: "the VM runs one program and knows no chain",
    },
    Rule {
        words: &[
            "global_allocator",
            "MiniAlloc",
            "mini_alloc",
            "WeeAlloc",
            "wee_alloc",
            "talc",
            "lol_alloc",
            "dlmalloc",
        ],
        looked_for: In::Code,
        within: &["contracts/"],
        allowed: &["contracts/heap/"],
        reason: "a contract's source is the same under every allocator; contracts/heap chooses",
    },
    Rule {
        words: &["FIXME", "TODO", "XXX", "dbg!"],
        looked_for: In::Prose,
        within: &["*.rs", "*.md", "*.toml", "*.yml", "scripts/", ".ci/"],
        allowed: &[],
        reason: "unfinished work is an issue, not a comment",
    },
];

/// Finds every place where a word stands although the table does not allow it.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts("") {
        let mut readings: Option<(String, String)> = None;
        for rule in RULES
            .iter()
            .filter(|r| matches(r.within, path) && !matches(r.allowed, path))
        {
            let (code, prose) = readings.get_or_insert_with(|| readings_of(path, text));
            let reading = if rule.looked_for == In::Code {
                &*code
            } else {
                &*prose
            };
            for (number, line) in reading.lines().enumerate() {
                for word in rule.words.iter().filter(|word| has_word(line, word)) {
                    let what = format!("`{word}` may not stand here: {}", rule.reason);
                    findings.push(Finding::new(path, number + 1, what));
                }
            }
        }
    }
    findings
}

/// The code of a file and its prose, in the senses of [`In`].
fn readings_of(path: &str, text: &str) -> (String, String) {
    if !path.ends_with(".rs") {
        return (String::new(), text.to_owned());
    }
    let parts = split(text);
    let both = |(code, comment)| if code == ' ' { comment } else { code };
    let prose = parts
        .code
        .chars()
        .zip(parts.comments.chars())
        .map(both)
        .collect();
    (parts.code, prose)
}

fn matches(paths: &[&str], path: &str) -> bool {
    paths.iter().any(|p| {
        p.strip_prefix('*')
            .map_or(path.starts_with(p), |e| path.ends_with(e))
    })
}

/// Whether `word` stands in `line` as a whole word. `f64` does not stand in `f64.const`, which is an operator of wasm.
pub(crate) fn has_word(line: &str, word: &str) -> bool {
    let joins = |inner: Option<char>, outer: Option<char>| {
        inner.is_some_and(is_word) && outer.is_some_and(is_word)
    };
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let operator = matches!(word, "f32" | "f64") && after == Some('.');
        !joins(word.chars().next(), before) && !joins(word.chars().next_back(), after) && !operator
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn check(path: &str, text: &str, lines: &[usize]) {
        let expected: Vec<String> = lines.iter().map(|line| format!("{path}:{line}")).collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        testing::check(super::check, &[(path, text)], &expected);
    }

    #[test]
    fn words_stand_whole_or_not_at_all() {
        for (line, word, expected) in [
            ("let x: f64 = y;", "f64", true),
            ("f64::from(x)", "f64", true),
            ("f64.const", "f64", false),
            ("Cf64", "f64", false),
            ("f64x2", "f64", false),
            ("wasmtime::Engine", "wasmtime::", true),
            ("my_wasmtime::Engine", "wasmtime::", false),
            ("dbg!(x)", "dbg!", true),
            ("xdbg!(x) dbg!(y)", "dbg!", true),
        ] {
            assert_eq!(has_word(line, word), expected, "{word} in {line}");
        }
    }

    #[test]
    fn the_platform_is_known_in_one_file() {
        let arch = "//! d\nuse core::arch::wasm32;\n";
        check("allocator/src/wasm.rs", arch, &[]);
        check("allocator/src/bump.rs", arch, &[2]);
        check(
            "allocator/src/bump.rs",
            "// core::arch\nlet s = \"core::arch\";",
            &[],
        );
    }

    #[test]
    fn the_engine_stays_in_its_crate() {
        let engine = "use wasmtime::Engine;";
        check("vm/src/engine.rs", engine, &[]);
        check("allocator/tests/wasm.rs", engine, &[]);
        check("gas-bench/src/measure.rs", engine, &[1]);
        check("vm/tests/vectors.rs", engine, &[1]);
    }

    #[test]
    fn guest_memory_is_reached_in_one_file() {
        let memory = "instance.get_memory(&mut store, name)";
        check("vm/src/guest.rs", memory, &[]);
        check("vm/src/hostio/io.rs", memory, &[1]);
    }

    #[test]
    fn floats_are_for_rendering() {
        check("vm/src/hostio/console.rs", "fn log(value: f32) {}", &[]);
        check(
            "gas-bench/report/src/document/markdown.rs",
            "let x: f64;",
            &[],
        );
        check(
            "gas-bench/src/measure.rs",
            "let x: f64;\nlet y: f32;",
            &[1, 2],
        );
        check("vm/src/prices.rs", "price! { f64.const 1 } // an f64", &[]);
    }

    #[test]
    fn the_vm_knows_no_chain() {
        check("vm/src/host.rs", "use revm::Context;", &[1]);
        check("devnet/src/lib.rs", "use revm::Context;", &[]);
    }

    #[test]
    fn figures_depend_on_no_clock_and_no_network() {
        check(
            "vm/src/run.rs",
            "let now = std::time::Instant::now();",
            &[1],
        );
        check("vm/tests/it.rs", "use std::net::TcpStream;", &[1]);
        check(
            "vm/src/run.rs",
            "// An Instant is never asked for.\nlet instant = 1;",
            &[],
        );
    }

    #[test]
    fn rendering_never_measures() {
        check(
            "gas-bench/report/src/document/json.rs",
            "use gas_bench::measure::run;\nuse stylus_vm::Engine;",
            &[1, 2],
        );
        check(
            "gas-bench/report/src/document/json.rs",
            "use crate::figures::Report;",
            &[],
        );
    }

    #[test]
    fn contracts_name_no_allocator() {
        check(
            "contracts/heap/src/lib.rs",
            "#[global_allocator]\nuse talc::Talc;",
            &[],
        );
        check(
            "contracts/edge-cases/src/lib.rs",
            "#[global_allocator]\nuse talc::Talc; // not WeeAlloc\n// as talc does\n",
            &[1, 2],
        );
        check("contracts/edge-cases/Cargo.toml", "mini-alloc = \"1\"", &[]);
        check("contracts/README.md", "WeeAlloc is dearer", &[]);
        check("gas-bench/src/measure.rs", "// WeeAlloc is dearer", &[]);
    }

    #[test]
    fn leftovers_are_found_in_code_and_comments() {
        check(
            "vm/src/a.rs",
            "// FIXME: later\ndbg!(x);\nlet s = \"TODO\";",
            &[1, 2],
        );
        check("README.md", "TODO: write", &[1]);
        check("scripts/test", "# XXX\n", &[1]);
        check("vm/src/a.rs", "todo = 1", &[]);
    }
}
