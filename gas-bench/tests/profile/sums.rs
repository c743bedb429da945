//! The sums of rendered profiles, read back from their text.
//!
//! Lives here: just enough of each format to find the figures. Not here: what they should be, except for frames.

use std::collections::BTreeMap;

use serde_json::Value;
use stylus_report::figures::profile::CallProfile;

/// Sums the first column of the table `number`: all rows but the last, and the last. `None` if there is no such table.
pub(crate) fn of_table(text: &str, number: usize) -> Option<(u64, u64)> {
    // A table has a line above its rows, and the text below it does not begin with a space.
    let rows = text.split("─\n").nth(1 + number)?.lines();
    let rows = rows.take_while(|row| row.starts_with(' '));
    Some(sum(rows.filter_map(|row| row.split_whitespace().next())))
}

/// The same sums of Markdown.
pub(crate) fn of_markdown(text: &str) -> (u64, u64) {
    let rows = text.lines().skip_while(|line| !line.starts_with("|---"));
    let rows = rows.skip(1).take_while(|line| line.starts_with('|'));
    sum(rows.map(|row| row.split('|').nth(1).unwrap()))
}

/// Sums figures, which can have commas, be bold, or be dashes for zero: all but the last, and the last.
fn sum<'a>(figures: impl Iterator<Item = &'a str>) -> (u64, u64) {
    let figures = figures.map(
        |figure| match figure.replace([',', '*', ' '], "").as_str() {
            "–" => 0,
            digits => digits.parse().unwrap(),
        },
    );
    let figures: Vec<u64> = figures.collect();
    let (total, parts) = figures.split_last().unwrap();
    (parts.iter().sum(), *total)
}

/// Sums the column `self_ink`.
pub(crate) fn of_csv(text: &str) -> u64 {
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    let rows = reader.deserialize();
    rows.map(|row| {
        let row: BTreeMap<String, String> = row.unwrap();
        row["self_ink"].parse::<u64>().unwrap()
    })
    .sum()
}

/// The ink of every frame that pictures should have, sorted: of functions, of host calls, and of what is paid outside the program.
pub(crate) fn frames(profile: &CallProfile) -> Vec<u64> {
    let (run, parts) = (&profile.profile, &profile.parts);
    let functions = run.functions.iter().map(|it| it.self_ink.0);
    let hostios = run.hostios.iter().map(|it| it.ink.0);
    let gas = [
        parts.transaction,
        parts.l1,
        parts.start,
        parts.start_pages,
        parts.floor,
        parts.unseen,
    ];
    let gas = gas.map(|gas| gas.0 * u64::from(profile.ink_per_gas));
    let ink = [run.forfeited.0, parts.rounding.0];
    sorted(functions.chain(hostios).chain(gas).chain(ink))
}

fn sorted(frames: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut frames: Vec<_> = frames.filter(|ink| *ink > 0).collect();
    frames.sort_unstable();
    frames
}

/// A frame of a flame graph.
struct Drawn<'a> {
    name: &'a str,
    left: u64,
    width: u64,
    top: u64,
}

/// The own width of each name in a flame graph: the parts of its frames with nothing above.
pub(crate) fn of_graph(svg: &str) -> Vec<u64> {
    let drawn: Vec<_> = svg.split("<title>").skip(1).map(drawn).collect();
    let mut levels: BTreeMap<u64, Vec<&Drawn<'_>>> = BTreeMap::new();
    for frame in &drawn {
        levels.entry(frame.top).or_default().push(frame);
    }
    let mut own: BTreeMap<&str, u64> = BTreeMap::new();
    for frame in &drawn {
        let above = frame
            .top
            .checked_sub(HEIGHT)
            .and_then(|top| levels.get(&top));
        let inside = |it: &&&Drawn<'_>| (frame.left..frame.left + frame.width).contains(&it.left);
        let above = above
            .into_iter()
            .flatten()
            .filter(inside)
            .map(|it| it.width);
        *own.entry(frame.name).or_default() += frame.width - above.sum::<u64>();
    }
    sorted(own.into_values())
}

/// The height of one level in pixels.
const HEIGHT: u64 = 16;

fn drawn(text: &str) -> Drawn<'_> {
    let (title, rest) = text.split_once("</title>").unwrap();
    let attribute = |name: &str| {
        let (_, value) = rest.split_once(&format!(" {name}=\"")).unwrap();
        value.split('"').next().unwrap().parse().unwrap()
    };
    Drawn {
        name: title.rsplit_once(" (").unwrap().0,
        left: attribute("fg:x"),
        width: attribute("fg:w"),
        top: attribute("y"),
    }
}

/// The own ink of each frame in a file for speedscope: for how long it is the innermost.
pub(crate) fn of_speedscope(text: &str) -> Vec<u64> {
    let file: Value = serde_json::from_str(text).unwrap();
    let profile = &file["profiles"][0];
    let mut own = vec![0; file["shared"]["frames"].as_array().unwrap().len()];
    let mut open: Vec<usize> = Vec::new();
    let mut last = profile["startValue"].as_u64().unwrap();
    for event in profile["events"].as_array().unwrap() {
        let at = event["at"].as_u64().unwrap();
        let frame = event["frame"].as_u64().unwrap() as usize;
        if let Some(innermost) = open.last() {
            own[*innermost] += at - last;
        }
        last = at;
        match event["type"].as_str().unwrap() {
            "O" => open.push(frame),
            _ => assert_eq!(open.pop(), Some(frame)),
        }
    }
    assert!(open.is_empty());
    assert_eq!(last, profile["endValue"].as_u64().unwrap());
    sorted(own.into_iter())
}
