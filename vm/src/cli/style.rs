//! Colours, which only a terminal gets to see.
//!
//! Lives here: which role looks how. Not here: whether anything is shown in colour; `anstream` decides that where text is
//! printed.

use std::fmt::Display;

use anstyle::{AnsiColor, Style};

/// Something is as it should be.
pub(crate) fn good(text: impl Display) -> impl Display {
    in_style(AnsiColor::Green.on_default().bold(), text)
}

/// Something is wrong.
pub(crate) fn error(text: impl Display) -> impl Display {
    in_style(AnsiColor::Red.on_default().bold(), text)
}

/// What can be done about it.
pub(crate) fn hint(text: impl Display) -> impl Display {
    in_style(AnsiColor::Cyan.on_default().bold(), text)
}

fn in_style(style: Style, text: impl Display) -> impl Display {
    format!("{style}{text}{style:#}")
}
