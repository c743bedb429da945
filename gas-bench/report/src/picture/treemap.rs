//! A contract's bytes as a picture: the crates as rectangles, their functions inside.
//!
//! Lives here: SVG only. Not here: dividing a rectangle (`squarify`). The picture works in light and dark mode, has integer coordinates,
//! no identifiers and no scripts. What a colour says, a label or a tooltip says, too.

use std::cmp::Reverse;

use maud::{Markup, PreEscaped, html};

use super::sound;
use super::squarify::{Rectangle, squarified};
use crate::figures::Bytes;

use crate::figures::size::{CODE, ContractSize, DATA, HEADER, Section, last_segment};
use crate::words::{counted, ellipsised, grouped, share, shortened};

const WIDTH: u32 = 1_200;
const HEIGHT: u32 = 800;

/// Where the rectangles begin, below the title.
const TOP: u32 = 32;

/// The room for the name of a crate.
const LABEL: u32 = 17;

/// The room between a crate's edge and its functions.
const EDGE: u32 = 2;

/// The widest a character can be, in the font and size requested.
const CHARACTER: u32 = 7;

/// The height of a line of text.
const LINE: u32 = 13;

/// The fewest characters that are still informative.
const CHARACTERS_MIN: usize = 4;

/// The longest name in a tooltip, in characters.
const NAME_MAX: usize = 240;

/// The colours of crates, from the largest on; any further crates share the last one.
const COLOURS: usize = 9;

const STYLE: &str = include_str!("treemap.css");

/// One rectangle and its contents.
struct Group {
    title: String,
    bytes: Bytes,
    /// What its items are called.
    item: &'static str,
    items: Vec<(String, Bytes)>,
    class: String,
}

/// The deployed module of the contract `name`: rectangles sized by their bytes, crates outside and their functions inside.
pub fn treemap(name: &str, contract: &ContractSize) -> String {
    let name = sound(name);
    let whole = contract.sizes.processed;
    let title = format!(
        "{}: {} bytes post-processed, {} compressed",
        ellipsised(&name, 60),
        grouped(whole.0),
        grouped(contract.sizes.code.0),
    );
    let groups = groups(contract);
    let area = Rectangle {
        x: 0,
        y: TOP,
        width: WIDTH,
        height: HEIGHT - TOP,
    };
    let weights: Vec<_> = groups.iter().map(|group| group.bytes.0).collect();
    let places = squarified(&weights, area);
    let label = format!("{title}, by crate and function: a larger rectangle has more bytes");
    let svg = html! {
        svg.treemap xmlns="http://www.w3.org/2000/svg" width=(WIDTH) height=(HEIGHT)
            viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(label) {
            style { (PreEscaped(STYLE)) }
            text.title x="4" y="21" { (title) }
            @for (group, place) in groups.iter().zip(places) { (drawn(group, place, whole)) }
        }
    };
    let mut text = svg.into_string();
    text.push('\n');
    text
}

/// The crates, the data segments, and the rest of the module, in descending order of size.
fn groups(contract: &ContractSize) -> Vec<Group> {
    let crates = contract.crates.iter().zip(0..).map(|(it, rank)| {
        let functions = contract.functions.iter();
        let own = functions.filter(|function| function.origin == it.name);
        Group {
            title: sound(&it.name),
            bytes: it.bytes,
            item: "function",
            items: own.map(|it| (sound(&it.name), it.bytes)).collect(),
            class: format!("c{}", rank.min(COLOURS - 1)),
        }
    });
    let data = contract.data.iter();
    let data = Group {
        title: "data segments".to_owned(),
        bytes: contract.segments(),
        item: "data segment",
        items: data.map(|it| (sound(&it.name), it.bytes)).collect(),
        class: "data".to_owned(),
    };
    let header = ("header".to_owned(), HEADER);
    let sections = contract.deployed.iter().map(|it| rest(contract, it));
    let rest = Group {
        title: "everything else".to_owned(),
        bytes: contract.rest(),
        item: "part",
        items: [header].into_iter().chain(sections).collect(),
        class: "rest".to_owned(),
    };
    let mut groups: Vec<_> = crates.chain([data, rest]).collect();
    groups.sort_by_key(|group| Reverse(group.bytes));
    for group in &mut groups {
        group.items.sort_by_key(|&(_, bytes)| Reverse(bytes));
    }
    groups
}

/// What a section contains beyond the items shown elsewhere.
fn rest(contract: &ContractSize, section: &Section) -> (String, Bytes) {
    let (title, items) = match &*section.name {
        CODE if !section.custom => ("code, without functions", contract.code()),
        DATA if !section.custom => ("data, without segments", contract.segments()),
        _ => return (sound(&section.title()), section.bytes),
    };
    let rest = section.bytes.0.saturating_sub(items.0);
    (title.to_owned(), Bytes(rest))
}

/// A part smaller than a pixel is not drawn.
fn drawn(group: &Group, place: Rectangle, whole: Bytes) -> Markup {
    let amount = amount(group.bytes, whole);
    let items = counted(group.items.len() as u64, group.item);
    let title = shortened(&group.title, NAME_MAX);
    let label = label(group, &amount, place);
    let mut inner = inset(place, EDGE);
    if label.is_some() {
        inner.y += LABEL - EDGE;
        inner.height = inner.height.saturating_sub(LABEL - EDGE);
    }
    let weights: Vec<_> = group.items.iter().map(|(_, bytes)| bytes.0).collect();
    let places = squarified(&weights, inner);
    html! {
        @if !place.is_empty() {
            g class=(group.class) {
                g.group {
                    title { (title) "\n" (amount) " in " (items) }
                    (rectangle(place))
                    @if let Some(label) = label { text.label x=(place.x + 4) y=(place.y + LINE) { (label) } }
                }
                @for ((name, bytes), place) in group.items.iter().zip(places) {
                    (drawn_item(name, *bytes, &title, place, whole))
                }
            }
        }
    }
}

/// A group's name and size, or as much of that as fits.
fn label(group: &Group, amount: &str, place: Rectangle) -> Option<String> {
    if place.height < LABEL + 2 * LINE {
        return None;
    }
    let all = format!("{}: {amount}", group.title);
    if fits(&all, place.width) {
        return Some(all);
    }
    fitted(&group.title, place.width)
}

fn drawn_item(name: &str, bytes: Bytes, group: &str, place: Rectangle, whole: Bytes) -> Markup {
    let label = fitted(last_segment(name), place.width).filter(|_| place.height >= LINE + 4);
    let figure = Some(grouped(bytes.0));
    let has_room = |figure: &String| place.height >= 2 * LINE + 4 && fits(figure, place.width);
    let figure = figure.filter(|figure| label.is_some() && has_room(figure));
    html! {
        @if !place.is_empty() {
            g {
                title { (ellipsised(name, NAME_MAX)) "\n" (amount(bytes, whole)) "\n" (group) }
                (rectangle(place))
                @if let Some(label) = label { text x=(place.x + 4) y=(place.y + LINE) { (label) } }
                @if let Some(figure) = figure { text.small x=(place.x + 4) y=(place.y + 2 * LINE) { (figure) } }
            }
        }
    }
}

fn amount(bytes: Bytes, whole: Bytes) -> String {
    let share = share(bytes.0, whole.0).unwrap_or_default();
    format!("{} bytes, {share}", grouped(bytes.0))
}

fn rectangle(place: Rectangle) -> Markup {
    html! { rect x=(place.x) y=(place.y) width=(place.width) height=(place.height) {} }
}

/// `place` reduced by a margin of `edge` on every side.
fn inset(place: Rectangle, edge: u32) -> Rectangle {
    Rectangle {
        x: place.x + edge.min(place.width / 2),
        y: place.y + edge.min(place.height / 2),
        width: place.width.saturating_sub(2 * edge),
        height: place.height.saturating_sub(2 * edge),
    }
}

/// As much of `label` as fits, if that is still informative.
fn fitted(label: &str, width: u32) -> Option<String> {
    let characters = label.chars().count();
    let fitting = (CHARACTERS_MIN..=characters).rev();
    let mut labels = fitting.map(|characters| shortened(label, characters));
    if characters < CHARACTERS_MIN {
        return fits(label, width).then(|| label.to_owned());
    }
    labels.find(|label| fits(label, width))
}

/// Whether `label` fits a rectangle of this width. Characters of other scripts can be twice as wide.
fn fits(label: &str, width: u32) -> bool {
    let columns = label
        .chars()
        .map(|it| if it.is_ascii() || it == '…' { 1 } else { 2 });
    let columns: u32 = columns.sum();
    columns.saturating_mul(CHARACTER) + 8 <= width
}
