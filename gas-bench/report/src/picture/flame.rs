//! The flame graph: an SVG that can be searched and zoomed in a browser.
//!
//! Lives here: which places are drawn, folded stacks, colours. Not here: the drawing, which inferno does, and the tree (`stacks`).
//!
//! Theorem: the graph is as wide as the receipt's gas in ink, before a refund, however much of the tree is too small or too deep to be
//! drawn.

use std::cmp::Reverse;
use std::fmt::Write as _;
use std::io;

use inferno::flamegraph::color::{BackgroundColor, Color, PaletteMap};
use inferno::flamegraph::{self, Options};
use stylus_vm::Gas;

use super::names;
use super::stacks::{Frame, Kind, Stacks, Step};
use crate::figures::lines::LineProfile;
use crate::figures::profile::CallProfile;
use crate::words::{grouped, grouped_wide};

/// The most places drawn, the widest first: as many as a browser moves smoothly.
const PLACES_MAX: usize = 5_000;

/// The deepest stack of frames: as deep as can be scrolled.
const DEPTH_MAX: usize = 400;

/// Placeholders for semicolon and space in names until the graph is drawn. Folded stacks give both a special meaning; these two occur in
/// no name, as control characters are never shown.
const SEMICOLON: char = '\u{1}';
const SPACE: char = '\u{2}';

/// Where inferno's style ends.
const STYLE_END: &str = "</style>";

/// Additions to the style: visible buttons, and a dark mode. Frames stay dark text on a bright ground.
const STYLE: &str = "#search { opacity:0.5; }
#program { cursor:pointer; }
@media (prefers-color-scheme: dark) {
#background stop { stop-color:#0d1117; }
#title, #subtitle, #details, #unzoom, #program, #search, #matched { fill:#e6edf3; }
#frames > *:hover { stroke:white; }
#frames text { stroke:none; }
}
";

/// Where the graph ends.
const END: &str = "</svg>";

/// A button beside inferno's that zooms to the program, which can be too narrow to click: few calls cost more than the fixed costs of
/// making them. Above the frame of everything and that of the call are the parts of the transaction.
const PROGRAM_BUTTON: &str = r#"<text id="program" x="100" y="24">Zoom to the program</text><script><![CDATA[
window.addEventListener("click", function(e) {
    if (e.target.id != "program") return;
    var top = function(frame) { return parseFloat(find_child(frame, "rect").attributes.y.value); };
    var all = Array.from(frames.children);
    var levels = Array.from(new Set(all.map(top))).sort(function(a, b) { return b - a; });
    var program = all.find(function(frame) { return top(frame) == levels[2] && !g_to_text(frame).startsWith("outside: "); });
    if (!program) return;
    unzoom();
    zoom(program);
}, false);
]]></script>"#;

/// Bright enough for dark text.
const CALL: Color = Color::new(224, 216, 196);
const FUNCTIONS: [Color; 5] = [
    Color::new(255, 178, 102),
    Color::new(250, 200, 120),
    Color::new(246, 160, 110),
    Color::new(255, 214, 136),
    Color::new(240, 184, 142),
];
const ALLOCATOR: [Color; 3] = [
    Color::new(126, 200, 132),
    Color::new(146, 212, 150),
    Color::new(108, 188, 116),
];
const HOSTS: [Color; 3] = [
    Color::new(138, 180, 248),
    Color::new(158, 196, 255),
    Color::new(118, 164, 236),
];
const LINES: [Color; 3] = [
    Color::new(250, 236, 210),
    Color::new(246, 228, 198),
    Color::new(252, 242, 222),
];
const OUTSIDE: [Color; 3] = [
    Color::new(190, 190, 190),
    Color::new(206, 206, 206),
    Color::new(174, 174, 174),
];

/// Why there is no flame graph.
#[derive(Debug, thiserror::Error)]
pub enum FlameError {
    /// No ink was spent on anything.
    #[error("the profile has no ink in it, so there is nothing to draw: profile a call that ran")]
    Nothing,
    /// The sum exceeds what a graph can count.
    #[error(
        "the profile adds up to {0} ink, more than a flame graph can count: profile the call again"
    )]
    TooMuch(u128),
    /// The graph could not be written.
    #[error("the flame graph cannot be drawn ({0}): take the speedscope file instead")]
    Drawing(#[source] io::Error),
}

/// A flame graph as SVG, in which the program stands beside everything else the transaction pays for: together they are the receipt's gas
/// in ink, before a refund.
///
/// # Errors
/// If the profile is empty, or adds up to more than a graph can count.
pub fn flame_graph(profile: &CallProfile) -> Result<String, FlameError> {
    let refund = profile.parts.refund;
    let mut about = format!("for {} gas", grouped(profile.gas.0));
    if refund > Gas::ZERO {
        let _ = write!(about, " and a refund of {}", grouped(refund.0));
    }
    about.push_str(" · host calls blue, allocator green, outside the program grey");
    draw(&Stacks::of(profile), title(profile), &about)
}

/// A flame graph of a program's run alone, by line: the functions inlined into each of its own, and the lines of their code.
///
/// # Errors
/// As for [`flame_graph`].
pub fn flame_graph_of_lines(profile: &LineProfile) -> Result<String, FlameError> {
    let title = names::shown(&format!("{}: {}, by line", profile.contract, profile.call));
    let about = "in the program's run · inlined functions are above those that they are part of, lines pale, host calls blue";
    draw(&Stacks::of_lines(profile), title, about)
}

fn draw(stacks: &Stacks, title: String, about: &str) -> Result<String, FlameError> {
    let total = stacks.places.first().map_or(0, |place| place.total);
    if total == 0 {
        return Err(FlameError::Nothing);
    }
    if u64::try_from(total).is_err() {
        return Err(FlameError::TooMuch(total));
    }
    let drawn = drawn(stacks);
    let folded = folded(stacks, &drawn);
    let mut colours = palette(&stacks.frames);
    let mut options = Options::default();
    options.title = title;
    options.subtitle = Some(subtitle(about, total, &drawn));
    options.count_name = "ink".to_owned();
    options.name_type = "Frame:".to_owned();
    options.bgcolors = Some(BackgroundColor::Grey);
    options.palette_map = Some(&mut colours);
    // Inferno itself leaves nothing out.
    options.min_width = 0.0;
    // Keeps the order in which the program made its calls; this option expects the lines in reverse.
    options.flame_chart = true;
    let mut svg = Vec::new();
    flamegraph::from_lines(&mut options, folded.lines().rev(), &mut svg)
        .map_err(FlameError::Drawing)?;
    let svg = String::from_utf8(svg)
        .map_err(|error| FlameError::Drawing(io::Error::other(error)))?
        .replace(SEMICOLON, ";")
        .replace(SPACE, " ");
    let svg = svg.replacen(STYLE_END, &format!("{STYLE}{STYLE_END}"), 1);
    let content = svg.trim_end().strip_suffix(END).unwrap_or(&svg);
    Ok(format!("{content}{PROGRAM_BUTTON}{END}\n"))
}

/// Which places are drawn: the widest that are not too deep. A place is never wider than the one around it and comes later in order, so
/// the place around it is drawn, too.
fn drawn(stacks: &Stacks) -> Vec<bool> {
    let places = &stacks.places;
    let mut depths = vec![0; places.len()];
    for (position, place) in places.iter().enumerate() {
        depths[position] = place.parent.map_or(0, |parent| depths[parent] + 1);
    }
    let mut widest: Vec<_> = (0..places.len())
        .filter(|position| depths[*position] < DEPTH_MAX)
        .collect();
    widest.sort_by_key(|position| (Reverse(places[*position].total), *position));
    let mut drawn = vec![false; places.len()];
    for position in widest.into_iter().take(PLACES_MAX) {
        drawn[position] = true;
    }
    drawn
}

/// A line for each place that is drawn and has its own ink: the names from the outermost to its own, and the ink. The ink of places that
/// are not drawn counts as their caller's own.
fn folded(stacks: &Stacks, drawn: &[bool]) -> String {
    let mut own: Vec<_> = stacks.places.iter().map(|place| place.own).collect();
    for (position, place) in stacks.places.iter().enumerate().rev() {
        if let Some(parent) = place.parent.filter(|_| !drawn[position]) {
            own[parent] += own[position];
        }
    }
    let mut lines = String::new();
    let mut path: Vec<String> = Vec::new();
    for step in stacks.walk() {
        match step {
            Step::Enter(place) if drawn[place] => {
                path.push(coded(&stacks.frames[stacks.places[place].frame].name));
            }
            Step::Leave(place) if drawn[place] => {
                if own[place] > 0 {
                    let _ = writeln!(lines, "{} {}", path.join(";"), own[place]);
                }
                path.pop();
            }
            Step::Enter(_) | Step::Leave(_) => {}
        }
    }
    lines
}

/// `name` as a single word without semicolons.
fn coded(name: &str) -> String {
    let code = |character: char| match character {
        ';' => SEMICOLON,
        _ if character.is_whitespace() => SPACE,
        _ => character,
    };
    name.chars().map(code).collect()
}

fn title(profile: &CallProfile) -> String {
    names::shown(&format!("{}: {}", profile.contract, profile.signature))
}

fn subtitle(about: &str, total: u128, drawn: &[bool]) -> String {
    let mut text = format!("{} ink {about}", grouped_wide(total));
    let shown = drawn.iter().filter(|is_drawn| **is_drawn).count();
    if shown < drawn.len() {
        let _ = write!(
            text,
            " · {} of {} frames drawn",
            grouped(shown as u64),
            grouped(drawn.len() as u64)
        );
    }
    text
}

/// A colour for each name, so that nothing is left to chance: the hue by kind, and the shade by name, so that a frame looks the same in
/// every graph.
fn palette(frames: &[Frame]) -> PaletteMap {
    let mut palette = PaletteMap::default();
    // Inferno puts a frame without a name around everything.
    palette.insert("", CALL);
    for frame in frames {
        let shades: &[Color] = match frame.kind {
            Kind::Call => &[CALL],
            Kind::Function => &FUNCTIONS,
            Kind::Allocator => &ALLOCATOR,
            Kind::Line => &LINES,
            Kind::Host => &HOSTS,
            Kind::Outside => &OUTSIDE,
        };
        let shade = frame.name.bytes().map(usize::from).sum::<usize>() % shades.len();
        palette.insert(coded(&frame.name), shades[shade]);
    }
    palette
}
