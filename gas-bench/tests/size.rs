//! Size reports in every format, with and without a baseline, on invented figures.
//!
//! Lives here: snapshots under `tests/snapshots/size`, which `BLESS=1 cargo test` rewrites, and what must hold of any report.
//! Not here: anything that builds a contract or takes a module apart.

use std::collections::BTreeMap;

use stylus_report::content::SizeContent;
use stylus_report::document::{Colour, Content as _, Format};
use stylus_report::figures::size::{
    ContractSize, CrateSize, Function, MadeWith, Section, Segment, SizeDiff, SizeReport, UNNAMED,
    diff, origin,
};
use stylus_report::figures::{Bytes, Sizes};
use stylus_report::picture::treemap;

use crate::expected::{self, check_width};

/// A name that contains everything with a meaning in one of the formats.
const NASTY: &str = "<a::B<'x', \"y\"> as c::D|E>::f`g`&\u{1b}[31m\u{202e}\u{ffff}größe\n";

/// Checks that `text` is the snapshot `name`.
fn check(name: &str, text: &str) {
    expected::check(&format!("tests/snapshots/size/{name}"), text);
}

fn table(report: &SizeReport, diff: Option<&SizeDiff>, top: usize, colour: Colour) -> String {
    SizeContent { report, diff, top }.write(Format::Table, colour)
}

fn written(report: &SizeReport, diff: Option<&SizeDiff>, top: usize, format: Format) -> String {
    SizeContent { report, diff, top }.write(format, Colour::Never)
}

fn markdown(report: &SizeReport, diff: Option<&SizeDiff>, top: usize) -> String {
    written(report, diff, top, Format::Markdown)
}

fn json(report: &SizeReport, diff: Option<&SizeDiff>) -> String {
    written(report, diff, 0, Format::Json)
}

fn csv(report: &SizeReport, diff: Option<&SizeDiff>) -> String {
    written(report, diff, 0, Format::Csv)
}

/// Checks that no line of `table` is wider than a terminal of 100 columns, and that none contains control characters.
fn check_table(table: &str) {
    check_width(table);
    for line in table.lines() {
        assert!(!line.contains(char::is_control), "steers: {line:?}");
    }
}

/// A module of these functions and some other parts, `code` bytes compressed.
fn contract(functions: &[(&str, u64)], rodata: u64, code: u64) -> ContractSize {
    let function = |&(name, bytes): &(&str, u64)| Function {
        name: name.to_owned(),
        origin: match name.strip_prefix("function[") {
            Some(_) => UNNAMED,
            None => origin(name),
        }
        .to_owned(),
        bytes: Bytes(bytes),
    };
    let mut functions: Vec<_> = functions.iter().map(function).collect();
    functions.sort_by_key(|it| std::cmp::Reverse(it.bytes));
    let mut crates = BTreeMap::<&str, (u64, u64)>::new();
    for function in &functions {
        let (count, bytes) = crates.entry(&function.origin).or_default();
        *count += 1;
        *bytes += function.bytes.0;
    }
    let crates = crates
        .into_iter()
        .map(|(name, (functions, bytes))| CrateSize {
            name: name.to_owned(),
            functions,
            bytes: Bytes(bytes),
        });
    let mut crates: Vec<_> = crates.collect();
    crates.sort_by_key(|it| std::cmp::Reverse(it.bytes));
    let section = |name: &str, custom, bytes| Section {
        name: name.to_owned(),
        custom,
        bytes: Bytes(bytes),
    };
    let all: u64 = functions.iter().map(|it| it.bytes.0).sum();
    let standard = [
        section("type", false, 94),
        section("import", false, 292),
        section("export", false, 73),
        section("code", false, all + 6),
        section("data", false, rodata + 11 + 5),
    ];
    let named = [section("name", true, 7_641), section("producers", true, 79)];
    let deployed = [section("project_hash", true, 47)];
    let processed = 8 + 94 + 292 + 73 + all + 6 + rodata + 11 + 5 + 47;
    let contract = ContractSize {
        sizes: Sizes {
            built: Bytes(processed - 47),
            processed: Bytes(processed),
            code: Bytes(code),
            account_limit: Bytes(24_576),
            fragments_limit: Bytes(98_304),
            processed_limit: Bytes(131_072),
            accounts: u32::try_from(code.div_ceil(24_576)).unwrap(),
        },
        built: [&standard[..], &named].concat(),
        deployed: [&standard[..], &deployed].concat(),
        crates,
        functions,
        data: vec![
            Segment {
                name: ".rodata".to_owned(),
                bytes: Bytes(rodata),
            },
            Segment {
                name: ".data".to_owned(),
                bytes: Bytes(11),
            },
        ],
    };
    assert!(contract.adds_up(), "{contract:#?}");
    contract
}

fn report(
    toolchain: &str,
    contracts: &[(&str, ContractSize)],
    failures: &[(&str, &str)],
) -> SizeReport {
    let made_with = MadeWith {
        gas_bench: "0.1.0".to_owned(),
        toolchain: toolchain.to_owned(),
    };
    let contracts = contracts.iter().cloned();
    let contracts = contracts.map(|(name, contract)| (name.to_owned(), contract));
    let failures = failures.iter();
    let failures = failures.map(|&(name, reason)| (name.to_owned(), reason.to_owned()));
    SizeReport::new(made_with, contracts.collect(), failures.collect())
}

/// One contract with several crates, one that needs fragments and has names of every kind, and one that does not build.
fn after() -> SizeReport {
    let erc20 = [
        ("user_entrypoint", 3_963),
        (
            "<erc20::Erc20 as stylus_core::host::ValueDenier>::deny_value",
            101,
        ),
        ("erc20::Erc20::transfer", 2_040),
        ("core::ptr::drop_in_place::<alloc::string::String>", 40),
        ("core::ptr::drop_in_place::<alloc::string::String>", 40),
        ("<&T as core::fmt::Display>::fmt", 297),
        ("__rustc::__rust_alloc", 12),
        ("memcpy", 480),
        ("alloy_sol_types::abi::encoder::encode_sequence", 750),
    ];
    let long = format!("a::{}::end", "module::".repeat(40));
    let huge = [
        (NASTY, 60_000),
        (&*long, 40_000),
        ("größe::größer::am_größten", 20_000),
        ("function[7]", 15_000),
        ("function[8]", 5),
    ];
    report(
        "rustc 1.95.0 (0123456789 2026-04-14)",
        &[
            ("erc20", contract(&erc20, 1_900, 8_986)),
            ("huge", contract(&huge, 90, 50_000)),
        ],
        &[("broken", "it does not build: expected `Vec<u8>`, found a|b")],
    )
}

fn before() -> SizeReport {
    let erc20 = [
        ("user_entrypoint", 3_963),
        ("erc20::Erc20::transfer", 2_100),
        ("erc20::Erc20::burn", 700),
        ("core::ptr::drop_in_place::<alloc::string::String>", 40),
        ("<&T as core::fmt::Display>::fmt", 300),
        ("__rustc::__rust_alloc", 12),
        ("memcpy", 470),
        ("alloy_sol_types::abi::encoder::encode_sequence", 650),
        ("ruint::div", 540),
    ];
    let small = [("small::f", 10)];
    report(
        "rustc 1.94.0 (abcdef0123 2026-03-05)",
        &[
            ("erc20", contract(&erc20, 1_900, 8_900)),
            ("old", contract(&small, 1, 200)),
            ("broken", contract(&small, 1, 200)),
        ],
        &[],
    )
}

#[test]
fn every_format_tells_all_of_it() {
    let report = after();
    let text = table(&report, None, 4, Colour::Never);
    check_table(&text);
    check("table.txt", &text);
    check("report.md", &markdown(&report, None, 4));
    check("report.json", &json(&report, None));
    check("report.csv", &csv(&report, None));
    check("report.html", &written(&report, None, 4, Format::Html));
}

#[test]
fn every_format_tells_what_has_changed() {
    let report = after();
    let diff = diff(&before(), &report);
    let text = table(&report, Some(&diff), 2, Colour::Never);
    check_table(&text);
    check("diff.txt", &text);
    check("diff.md", &markdown(&report, Some(&diff), 2));
    check("diff.json", &json(&report, Some(&diff)));
    check("diff.csv", &csv(&report, Some(&diff)));
    check("diff.html", &written(&report, Some(&diff), 2, Format::Html));
}

#[test]
fn a_report_is_a_baseline_in_json_with_or_without_a_diff() {
    let report = after();
    let same = diff(&report, &report);
    for text in [json(&report, None), json(&report, Some(&same))] {
        assert_eq!(SizeReport::from_json(text.as_bytes()).unwrap(), report);
    }
}

#[test]
fn nothing_is_told_as_nothing() {
    let empty = report("rustc", &[], &[]);
    let none = diff(&empty, &empty);
    for diff in [None, Some(&none)] {
        check_table(&table(&empty, diff, 20, Colour::Never));
        assert!(markdown(&empty, diff, 20).starts_with("## Size of 0 contracts, rustc\n"));
        assert_eq!(csv(&empty, diff).lines().count(), 1);
    }
    let report = after();
    let same = diff(&report, &report);
    let text = table(&report, Some(&same), 20, Colour::Never);
    assert_eq!(text.matches(": no change").count(), 2);
    assert!(!text.contains('+'), "{text}");
}

/// Theorem: colour adds escape sequences and changes nothing else.
#[test]
fn colour_only_adds_escapes() {
    let report = after();
    let diff = diff(&before(), &report);
    let coloured = table(&report, Some(&diff), 2, Colour::Ansi);
    let mut plain = coloured.clone();
    for escape in ["\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[0m"] {
        assert!(coloured.contains(escape), "{escape:?}");
        plain = plain.replace(escape, "");
    }
    assert_eq!(plain, table(&report, Some(&diff), 2, Colour::Never));
}

/// Theorem: whatever the names are and however many functions are listed, a table fits a terminal and a comment fits GitHub.
#[test]
fn any_report_fits() {
    let names: Vec<_> = (0..400)
        .map(|number| format!("{NASTY}::f{number}{}", "x".repeat(number)))
        .collect();
    let functions: Vec<_> = names.iter().map(|name| (&**name, 250)).collect();
    let large = contract(&functions, 100, 60_000);
    let contracts: Vec<_> = names[..20]
        .iter()
        .map(|name| (&**name, large.clone()))
        .collect();
    let word = "word".repeat(100);
    let report = report("rustc", &contracts, &[(&*word, &*word), (NASTY, NASTY)]);
    let diff = diff(&before(), &report);
    for top in [0, 1, usize::MAX] {
        for diff in [None, Some(&diff)] {
            check_table(&table(&report, diff, top, Colour::Never));
            let text = markdown(&report, diff, top);
            assert!(text.chars().count() < 65_536, "{}", text.chars().count());
        }
    }
    assert!(
        markdown(&report, None, usize::MAX).contains("Left out here, but in the other formats: ")
    );
}

/// Checks the theorem that `csv` states.
#[test]
fn rows_add_up() {
    let text = csv(&after(), None);
    let mut sums = BTreeMap::<(String, String), u64>::new();
    for row in csv::Reader::from_reader(text.as_bytes()).records() {
        let row = row.unwrap();
        let key = match &row[0] {
            "step" => &row[2],
            kind => kind,
        };
        let bytes: u64 = row[4].parse().unwrap_or(0);
        *sums.entry((row[1].to_owned(), key.to_owned())).or_default() += bytes;
    }
    for contract in ["erc20", "huge"] {
        let sum = |key: &str| sums[&(contract.to_owned(), key.to_owned())];
        assert_eq!(sum("section"), sum("processed"));
        assert_eq!(sum("built_section"), sum("with_names"));
        assert_eq!(sum("crate"), sum("function"));
    }
}

/// The quoted values of each ` name=`.
fn attributes<'a>(svg: &'a str, name: &str) -> Vec<&'a str> {
    let mark = format!(" {name}=\"");
    let values = svg.split(&mark).skip(1);
    values.filter_map(|rest| rest.split('"').next()).collect()
}

/// Theorem: a treemap is well-formed XML with integer coordinates, and every rectangle is within the picture.
fn check_treemap(svg: &str) {
    let mut open = Vec::new();
    for (number, piece) in svg.split('<').enumerate() {
        let (tag, text) = match number {
            0 => ("", piece),
            _ => piece.split_once('>').unwrap(),
        };
        for character in text.chars() {
            let allowed = character == '\n' || !character.is_control();
            assert!(
                allowed && !"\u{fffe}\u{ffff}".contains(character),
                "{text:?}"
            );
        }
        for entity in text.split('&').skip(1) {
            let known = ["amp;", "lt;", "gt;", "quot;"];
            assert!(known.iter().any(|it| entity.starts_with(it)), "{text}");
        }
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{piece}");
        } else if !tag.is_empty() && !tag.ends_with('/') {
            open.push(tag.split(' ').next().unwrap());
        }
    }
    assert_eq!(open, [""; 0]);
    let numbers = |name: &str| -> Vec<u32> {
        let values = attributes(svg, name).into_iter();
        values.map(|value| value.parse().unwrap()).collect()
    };
    // The first width and height are the picture's own.
    let (widths, heights) = (numbers("width"), numbers("height"));
    let rectangles = svg.matches("<rect ").count();
    assert_eq!(widths.len(), 1 + rectangles);
    let all = svg.split("<rect ").skip(1);
    for rectangle in all {
        let rectangle = format!(" {}", rectangle.split('>').next().unwrap());
        let [x, y, width, height] = ["x", "y", "width", "height"]
            .map(|name| attributes(&rectangle, name)[0].parse::<u32>().unwrap());
        assert!(
            x + width <= widths[0] && y + height <= heights[0],
            "{rectangle}"
        );
    }
}

#[test]
fn treemaps_are_sound() {
    let report = after();
    for (name, contract) in &report.contracts {
        check_treemap(&treemap(name, contract));
        check_treemap(&treemap(NASTY, contract));
    }
    check("erc20.svg", &treemap("erc20", &report.contracts["erc20"]));
    check_treemap(&treemap("empty", &contract(&[], 0, 200)));
    let many: Vec<_> = (0..3_000)
        .map(|number| format!("crate{}::f", number % 300))
        .collect();
    let many: Vec<_> = many.iter().map(|name| (&**name, 7)).collect();
    check_treemap(&treemap("many", &contract(&many, 1, 9_000)));
}

/// Theorem: every function, segment and section has a tooltip with its whole name and its bytes.
#[test]
fn treemaps_name_everything() {
    let report = after();
    let contract = &report.contracts["erc20"];
    let svg = treemap("erc20", contract);
    for function in &contract.functions {
        let name = function
            .name
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        assert!(svg.contains(&format!("<title>{name}\n")), "{name}");
    }
    for (name, bytes) in [(".rodata", "1,900"), ("header", "8"), ("import", "292")] {
        assert!(
            svg.contains(&format!("<title>{name}\n{bytes} bytes, ")),
            "{name}"
        );
    }
    assert!(svg.contains("aria-label=\"erc20: "));
}
