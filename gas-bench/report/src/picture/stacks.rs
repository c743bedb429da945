//! The whole transaction as one tree of frames, for pictures.
//!
//! Lives here: the program's call tree, with the rest of the receipt beside it, and its traversal. Not here: how a picture is drawn
//! (`flame`, `speedscope`).
//!
//! Theorem: over all places, the sum of what each has of its own is the receipt's gas in ink, before a refund.

use stylus_vm::Ink;
use stylus_vm::profile::{Callee, Profile};

use std::collections::BTreeMap;

use super::{names, outside};
use crate::figures::lines::LineProfile;
use crate::figures::profile::CallProfile;

/// What a frame stands for.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// The transaction.
    Call,
    /// A function of the program.
    Function,
    /// A function of its allocator.
    Allocator,
    /// A line of a source.
    Line,
    /// A host call.
    Host,
    /// What is paid apart from the program's run.
    Outside,
}

/// A label that can occur in any number of places.
pub(super) struct Frame {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// The file and the line, if it is a line.
    pub(super) line: Option<(String, u32)>,
}

/// A frame, reached by one path.
pub(super) struct Place {
    /// Its position in [`Stacks::frames`].
    pub(super) frame: usize,
    /// The position of the enclosing place, which precedes its own; `None` for the first place.
    pub(super) parent: Option<usize>,
    /// Ink spent here, excluding places within.
    pub(super) own: u128,
    /// Ink spent here and in all places within.
    pub(super) total: u128,
    /// The places within, in the order in which they were first reached.
    children: Vec<usize>,
}

/// The tree. Its first place is the transaction; each other place lies within one that precedes it.
pub(super) struct Stacks {
    pub(super) frames: Vec<Frame>,
    pub(super) places: Vec<Place>,
}

/// A step of the traversal.
pub(super) enum Step {
    /// Enters a place.
    Enter(usize),
    /// Leaves it, after all places within.
    Leave(usize),
}

impl Stacks {
    pub(super) fn of(profile: &CallProfile) -> Self {
        let (mut stacks, call) = Self::begin(&profile.contract, &profile.call);
        for part in outside::before(profile) {
            stacks.outside(part.label, outside::in_ink(profile, part.gas), call);
        }
        stacks.run(&profile.profile, call);
        stacks.outside("forfeited", profile.profile.forfeited, call);
        stacks.outside("rounding to whole gas", profile.parts.rounding, call);
        for part in outside::after(profile) {
            stacks.outside(part.label, outside::in_ink(profile, part.gas), call);
        }
        stacks.add_up();
        stacks
    }

    /// A program's run alone, with the functions inlined into each of its own, and lines.
    pub(super) fn of_lines(profile: &LineProfile) -> Self {
        let (mut stacks, call) = Self::begin(&profile.contract, &profile.call);
        let (mut frames, mut places) = (BTreeMap::new(), BTreeMap::new());
        for stack in &profile.stacks {
            let functions = stack.functions.iter();
            let functions = functions.map(|name| (names::shown(name), Kind::Function, None));
            let line = stack.line.as_ref().map(|(file, line)| {
                let short = file.rsplit('/').next().unwrap_or(file);
                let name = names::shown(&format!("{short}:{line}"));
                (name, Kind::Line, Some((file.clone(), *line)))
            });
            let host = stack.hostio.as_ref();
            let host = host.map(|name| (names::host(name), Kind::Host, None));
            let mut around = call;
            for (name, kind, line) in functions.chain(line).chain(host) {
                let key = (name.clone(), line.clone());
                let frame = *frames.entry(key).or_insert_with(|| {
                    stacks.frames.push(Frame { name, kind, line });
                    stacks.frames.len() - 1
                });
                let place = places.entry((around, frame));
                around = *place.or_insert_with(|| stacks.place(frame, Some(around), 0));
            }
            let own = u128::from(stack.ink.0);
            stacks.places[around].own += own;
            stacks.places[around].total += own;
        }
        stacks.outside("forfeited", profile.forfeited, call);
        stacks.add_up();
        stacks
    }

    /// A tree with only a call, and the call's place.
    fn begin(contract: &str, call: &str) -> (Self, usize) {
        let mut stacks = Self {
            frames: Vec::new(),
            places: Vec::new(),
        };
        let call = names::shown(&format!("{contract}::{call}"));
        let call = stacks.frame(call, Kind::Call);
        let call = stacks.place(call, None, 0);
        (stacks, call)
    }

    /// Adds to each place what lies within it.
    fn add_up(&mut self) {
        for place in (0..self.places.len()).rev() {
            let total = self.places[place].total;
            if let Some(parent) = self.places[place].parent {
                self.places[parent].total += total;
            }
        }
    }

    /// Traverses all places from the first. Not recursive: a tree can be deeper than a thread's stack.
    pub(super) fn walk(&self) -> impl Iterator<Item = Step> {
        let mut ahead: Vec<_> = self
            .places
            .first()
            .map(|_| Step::Enter(0))
            .into_iter()
            .collect();
        std::iter::from_fn(move || {
            let step = ahead.pop()?;
            if let Step::Enter(place) = step {
                ahead.push(Step::Leave(place));
                let children = self.places[place].children.iter().rev();
                ahead.extend(children.map(|child| Step::Enter(*child)));
            }
            Some(step)
        })
    }

    fn run(&mut self, profile: &Profile, call: usize) {
        let seen = &profile.allocations.seen;
        let first_function = self.frames.len();
        for (function, name) in profile.functions.iter().zip(names::functions(profile)) {
            let kind = if seen.contains(&function.name) {
                Kind::Allocator
            } else {
                Kind::Function
            };
            self.frame(name, kind);
        }
        let first_host = self.frames.len();
        for hostio in &profile.hostios {
            self.frame(names::host(&hostio.name), Kind::Host);
        }
        let first_place = self.places.len();
        for (position, node) in profile.tree.iter().enumerate() {
            let frame = match &node.callee {
                Callee::Function(function) => {
                    (*function < profile.functions.len()).then(|| first_function + function)
                }
                Callee::Hostio(name) => profile
                    .hostios
                    .iter()
                    .position(|hostio| hostio.name == *name)
                    .map(|host| first_host + host),
            };
            // A file can be wrong (see the profile's check); its ink is shown nevertheless.
            let frame =
                frame.unwrap_or_else(|| self.frame("(not listed)".to_owned(), Kind::Function));
            let parent = node.parent.filter(|parent| *parent < position);
            let parent = parent.map_or(call, |parent| first_place + parent);
            self.place(frame, Some(parent), node.self_ink.0.into());
        }
    }

    fn outside(&mut self, label: &str, ink: Ink, call: usize) {
        if ink > Ink::ZERO {
            let frame = self.frame(format!("outside: {label}"), Kind::Outside);
            self.place(frame, Some(call), ink.0.into());
        }
    }

    fn frame(&mut self, name: String, kind: Kind) -> usize {
        self.frames.push(Frame {
            name,
            kind,
            line: None,
        });
        self.frames.len() - 1
    }

    fn place(&mut self, frame: usize, parent: Option<usize>, own: u128) -> usize {
        let position = self.places.len();
        self.places.push(Place {
            frame,
            parent,
            own,
            total: own,
            children: Vec::new(),
        });
        if let Some(parent) = parent {
            self.places[parent].children.push(position);
        }
        position
    }
}
