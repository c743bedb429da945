//! The profile as a file for the profile viewer speedscope (<https://www.speedscope.app/file-format-schema.json>).
//!
//! Lives here: the keys of that format. Not here: the tree (`stacks`).
//!
//! Theorem: between the first event and the last lies the receipt's gas in ink, before a refund, and each frame is innermost for exactly
//! as long as it has ink of its own.

use serde::Serialize;

use super::names;
use super::stacks::{Kind, Stacks, Step};
use crate::figures::lines::LineProfile;
use crate::figures::profile::CallProfile;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    exporter: &'static str,
    name: &'a str,
    active_profile_index: usize,
    shared: Shared<'a>,
    profiles: [Evented<'a>; 1],
}

#[derive(Serialize)]
struct Shared<'a> {
    frames: Vec<Frame<'a>>,
}

#[derive(Serialize)]
struct Frame<'a> {
    name: &'a str,
    /// Frames from one file share a colour.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
}

/// Frames that open and close. The sampled form would repeat the whole path at every place, and there can be many deep ones.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Evented<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    name: &'a str,
    /// Ink is not among the units that the format defines.
    unit: &'static str,
    start_value: u128,
    end_value: u128,
    events: Vec<Event>,
}

#[derive(Serialize)]
struct Event {
    #[serde(rename = "type")]
    kind: &'static str,
    frame: usize,
    /// The ink spent before it.
    at: u128,
}

/// The whole profile as a file for speedscope.
pub fn speedscope(profile: &CallProfile) -> String {
    let name = format!("{}: {}, in ink", profile.contract, profile.signature);
    written(&Stacks::of(profile), &names::shown(&name))
}

/// The profile of a program's run alone, by line.
pub fn speedscope_of_lines(profile: &LineProfile) -> String {
    let name = format!("{}: {}, in ink by line", profile.contract, profile.call);
    written(&Stacks::of_lines(profile), &names::shown(&name))
}

fn written(stacks: &Stacks, name: &str) -> String {
    let frames = stacks.frames.iter().map(|frame| Frame {
        name: &frame.name,
        file: match frame.kind {
            Kind::Call | Kind::Function => None,
            Kind::Line => frame.line.as_ref().map(|(file, _)| file.as_str()),
            Kind::Allocator => Some("allocator"),
            Kind::Host => Some("host calls"),
            Kind::Outside => Some("outside the program"),
        },
        line: frame.line.as_ref().map(|(_, line)| *line),
    });
    let mut at = 0;
    let events = stacks.walk().map(|step| match step {
        Step::Enter(place) => Event {
            kind: "O",
            frame: stacks.places[place].frame,
            at,
        },
        Step::Leave(place) => {
            at += stacks.places[place].own;
            Event {
                kind: "C",
                frame: stacks.places[place].frame,
                at,
            }
        }
    });
    let events: Vec<_> = events.collect();
    let document = Document {
        schema: "https://www.speedscope.app/file-format-schema.json",
        exporter: concat!("cargo-gas-bench ", env!("CARGO_PKG_VERSION")),
        name,
        active_profile_index: 0,
        shared: Shared {
            frames: frames.collect(),
        },
        profiles: [Evented {
            kind: "evented",
            name,
            unit: "none",
            start_value: 0,
            end_value: at,
            events,
        }],
    };
    let mut text = serde_json::to_string(&document).expect("it is all text and whole numbers");
    text.push('\n');
    text
}
