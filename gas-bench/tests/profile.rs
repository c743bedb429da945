//! A call's profile in every format, on invented runs.
//!
//! Lives here: snapshots under `tests/snapshots/profile`, which `BLESS=1 cargo test` rewrites, and sums over rendered output. Not here:
//! profiling a contract.
//!
//! Theorem: whatever the profile, and however it is shown, nothing is lost and nothing counted twice.

mod invented;
mod sums;

use stylus_report::content::ProfileContent;
use stylus_report::document::{Colour, Content as _, Format};
use stylus_report::figures::Parts;
use stylus_report::figures::profile::{CallProfile, ProfileError};
use stylus_report::picture::{FlameError, flame_graph, speedscope};
use stylus_vm::profile::{AllocatorCall, Callee, Profile};
use stylus_vm::{Gas, Ink};

use invented::{Called, plausible, random, receipt, run};

use crate::expected::{self, check_width};

/// Checks that `text` is the snapshot `name`.
fn check(name: &str, text: &str) {
    expected::check(&format!("tests/snapshots/profile/{name}"), text);
}

fn table(profile: &CallProfile, top: usize, colour: Colour) -> String {
    ProfileContent { profile, top }.write(Format::Table, colour)
}

fn written(profile: &CallProfile, top: usize, format: Format) -> String {
    ProfileContent { profile, top }.write(format, Colour::Never)
}

fn markdown(profile: &CallProfile, top: usize) -> String {
    written(profile, top, Format::Markdown)
}

fn csv(profile: &CallProfile) -> String {
    written(profile, 0, Format::Csv)
}

fn json(profile: &CallProfile) -> String {
    written(profile, 0, Format::Json)
}

#[test]
fn every_format_is_as_expected() {
    let profile = plausible();
    let text = table(&profile, 8, Colour::Never);
    check_width(&text);
    check("table.txt", &text);
    check("report.md", &markdown(&profile, 8));
    check("profile.csv", &csv(&profile));
    check("profile.json", &json(&profile));
    check("page.html", &written(&profile, 8, Format::Html));
    let version = concat!("cargo-gas-bench ", env!("CARGO_PKG_VERSION"));
    let file = speedscope(&profile).replace(version, "cargo-gas-bench VERSION");
    check("speedscope.json", &file);
}

#[test]
fn what_is_not_seen_is_said() {
    let mut profile = plausible();
    profile.call = "median, of 300".to_owned();
    profile.profile.truncated = true;
    profile.profile.forfeited = Ink(2_000);
    profile.profile.allocations = Default::default();
    let text = table(&profile, 3, Colour::Never);
    check_width(&text);
    check("unseen.txt", &text);
}

/// Theorem: colour adds escape sequences and changes nothing else.
#[test]
fn colour_only_adds_escapes() {
    let profile = plausible();
    let coloured = table(&profile, 8, Colour::Ansi);
    let mut plain = coloured.clone();
    for escape in ["\x1b[1m", "\x1b[2m", "\x1b[0m"] {
        assert!(coloured.contains(escape), "{escape:?}");
        plain = plain.replace(escape, "");
    }
    assert_eq!(plain, table(&profile, 8, Colour::Never));
}

/// Theorem: what is written as JSON is read back unchanged.
#[test]
fn json_holds_everything() {
    for profile in [plausible(), random(7)] {
        let read: CallProfile = serde_json::from_str(&json(&profile)).unwrap();
        assert_eq!(read, profile);
    }
}

/// Theorem: the figures of every format add up to the same ink, and in pictures each frame is as wide as what it represents.
#[test]
fn every_format_adds_up() {
    for seed in 0..300 {
        let profile = random(seed);
        profile.check().unwrap();
        let spent = profile.parts.program_ink().0;
        let rows = profile.profile.functions.len() + profile.profile.hostios.len();
        let asked = &profile.profile.allocations.calls;
        let asked = asked
            .iter()
            .filter(|by| by.call != AllocatorCall::Deallocate)
            .map(|by| by.bytes)
            .sum();
        for top in [0, 1, 3, rows, usize::MAX] {
            let text = table(&profile, top, Colour::Never);
            check_width(&text);
            let sums = sums::of_table(&text, 0);
            assert_eq!(sums, Some((spent, spent)), "{seed}: the table of {top}");
            let sums = sums::of_table(&text, 1);
            assert_eq!(sums, Some((asked, asked)), "{seed}: who allocated");
            let (parts, total) = sums::of_markdown(&markdown(&profile, top));
            assert_eq!((parts, total), (spent, spent), "{seed}: Markdown of {top}");
        }
        assert_eq!(sums::of_csv(&csv(&profile)), spent, "{seed}: CSV");

        let expected = sums::frames(&profile);
        let paid = profile.gas + profile.parts.refund;
        let whole = paid.0 * invented::INK_PER_GAS;
        assert_eq!(expected.iter().sum::<u64>(), whole, "{seed}: the receipt");
        let graph = flame_graph(&profile).unwrap();
        assert_eq!(sums::of_graph(&graph), expected, "{seed}: the flame graph");
        let file = speedscope(&profile);
        assert_eq!(sums::of_speedscope(&file), expected, "{seed}: speedscope");
    }
}

/// Theorem: what is too deep or too small to be drawn still counts.
#[test]
fn trees_without_end_are_drawn_in_part() {
    let called = |parent, position, ink| Called {
        parent,
        callee: Callee::Function(position),
        calls: 1,
        ink,
    };
    let deep = (0..2_000_usize).map(|place| called(place.checked_sub(1), 0, 100));
    let deep = receipt(run(&["down"], deep.collect()), Parts::default());
    let names: Vec<_> = (0..20_000).map(|number| format!("f{number}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let wide = (0..20_000).map(|place| called((place > 0).then_some(0), place, 100));
    let wide = receipt(run(&names, wide.collect()), Parts::default());
    for profile in [deep, wide] {
        profile.check().unwrap();
        let graph = flame_graph(&profile).unwrap();
        let drawn = graph.matches("<title>").count();
        assert!((300..=5_001).contains(&drawn), "{drawn} frames");
        let whole = sums::of_graph(&graph).iter().sum::<u64>();
        assert_eq!(whole, profile.gas.0 * invented::INK_PER_GAS);
        assert!(graph.contains(" frames drawn"));
        let in_full = sums::of_speedscope(&speedscope(&profile));
        assert_eq!(in_full, sums::frames(&profile));
    }
}

#[test]
fn a_graph_is_the_same_each_time_and_says_what_it_shows() {
    let profile = plausible();
    let graph = flame_graph(&profile).unwrap();
    assert_eq!(graph, flame_graph(&profile).unwrap());
    for text in [
        "&lt;[u8; 32] as core::convert::TryFrom&lt;alloc::vec::Vec&lt;u8, alloc::alloc::Global&gt;&gt;&gt;::try_from (508,347 ink",
        "<title>host: storage_load_bytes32 (21,123,456 ink",
        "<title>outside: starting the program (92,000,000 ink",
        "<title>all (382,060,000 ink, 100%)</title>",
        "382,060,000 ink for 38,206 gas",
        "@media (prefers-color-scheme: dark)",
        ">Zoom to the program</text>",
    ] {
        assert!(graph.contains(text), "{text}");
    }
    let mark = |character: char| character.is_control() && character != '\n';
    assert!(!graph.contains(mark), "marks of our own are left");
    // In one colour, neighbours would look like one frame: frames of different kinds have different colours.
    let colour = |name: &str| {
        let frame = graph
            .split("<title>")
            .find(|it| it.starts_with(name))
            .unwrap();
        let (_, fill) = frame.split_once("fill=\"").unwrap();
        fill.split('"').next().unwrap().to_owned()
    };
    let kinds = [
        "user_entrypoint",
        "host: read_args",
        "outside: ",
        "__rustc::__rust_realloc",
    ];
    let colours: std::collections::BTreeSet<_> = kinds.map(colour).into();
    assert_eq!(colours.len(), kinds.len());
}

/// Checks that a function called `name` appears in the graph as `title`.
fn check_name(name: &str, title: &str) {
    let main = Called {
        parent: None,
        callee: Callee::Function(0),
        calls: 1,
        ink: 7,
    };
    let graph = flame_graph(&receipt(run(&[name], vec![main]), Parts::default())).unwrap();
    let frame = format!("<title>{title} (7 ink, ");
    assert!(graph.contains(&frame), "{frame}");
}

#[test]
fn names_stay_names() {
    check_name("main", "main");
    check_name("[u8; 32]", "[u8; 32]");
    check_name("of 2 42", "of 2 42");
    check_name("# of", "# of");
    check_name("of ", "of ");
    check_name("", "(no name)");
    check_name("two\nlines", "two\\nlines");
    check_name("<a & \"b\">", "&lt;a &amp; &quot;b&quot;&gt;");
    check_name("\u{1}\u{2}", "\\u{1}\\u{2}");
    let long = "x".repeat(1_000);
    check_name(&long, &format!("{}…{}", &long[..120], &long[..119]));
}

#[test]
fn there_is_no_graph_of_nothing_or_of_too_much() {
    let empty = receipt(Profile::default(), Parts::default());
    assert!(matches!(flame_graph(&empty), Err(FlameError::Nothing)));
    let mut endless = plausible();
    endless.parts.transaction = Gas(u64::MAX);
    assert!(matches!(flame_graph(&endless), Err(FlameError::TooMuch(_))));
}

/// Checks that a profile with `change` is refused with a sentence that contains `reason`, and that it is rendered nevertheless.
fn check_refused(change: impl FnOnce(&mut CallProfile), reason: &str) {
    let mut profile = plausible();
    profile.check().unwrap();
    change(&mut profile);
    let error: ProfileError = profile.check().unwrap_err();
    assert!(error.to_string().contains(reason), "{error}");
    for text in [
        table(&profile, 3, Colour::Ansi),
        markdown(&profile, 3),
        csv(&profile),
        json(&profile),
        speedscope(&profile),
    ] {
        assert!(text.ends_with('\n'), "{text}");
    }
    match flame_graph(&profile) {
        Ok(graph) => assert!(graph.ends_with("</svg>\n")),
        Err(error) => assert!(matches!(error, FlameError::TooMuch(_)), "{error}"),
    }
}

#[test]
fn what_cannot_be_true_is_refused() {
    check_refused(|it| it.schema += 1, "schema 2");
    check_refused(|it| it.profile.tree[3].parent = Some(3), "place 3 ");
    check_refused(
        |it| it.profile.tree[3].callee = Callee::Function(usize::MAX),
        "place 3 ",
    );
    check_refused(
        |it| it.profile.tree[3].callee = Callee::Hostio("absent".into()),
        "place 3 ",
    );
    check_refused(
        |it| it.profile.allocations.calls[0].caller = 7,
        "function 7 ",
    );
    check_refused(|it| it.profile.tree[0].self_ink += Ink(1), "places add up");
    check_refused(|it| it.profile.tree[0].self_ink = Ink::MAX, "places add up");
    check_refused(
        |it| it.profile.hostios[0].ink += Ink(1),
        "host calls add up",
    );
    check_refused(|it| it.profile.forfeited = Ink(1), "places add up");
    check_refused(|it| it.parts.wasm = Ink::MAX, "places add up");
    check_refused(|it| it.profile.tree[0].calls += 1, "user_entrypoint");
    check_refused(|it| it.profile.hostios[0].calls += 1, "msg_reentrant");
    check_refused(|it| it.gas = Gas(1), "receipt");
    check_refused(|it| it.parts.rounding = Ink::MAX, "receipt");
    check_refused(|it| it.ink_per_gas = 0, "receipt");
}

/// Theorem: in a truncated tree the sums hold, although it disagrees with the lists.
#[test]
fn a_tree_may_be_cut() {
    let mut profile = plausible();
    let cut = profile.profile.tree.pop().unwrap();
    profile.profile.tree[cut.parent.unwrap()].self_ink += cut.self_ink;
    assert!(matches!(profile.check(), Err(ProfileError::Callee(_))));
    profile.profile.truncated = true;
    assert_eq!(profile.check(), Ok(()));
}
