//! Colours, for terminals only.
//!
//! Lives here: the style of each role. Not here: whether output is coloured; `anstream` decides that where text is
//! printed.

use std::fmt::Display;

use anstyle::{AnsiColor, Style};

/// Text that reports success.
pub(crate) fn good(text: impl Display) -> impl Display {
    in_style(AnsiColor::Green.on_default().bold(), text)
}

/// Text that reports an error.
pub(crate) fn error(text: impl Display) -> impl Display {
    in_style(AnsiColor::Red.on_default().bold(), text)
}

/// Text that advises.
pub(crate) fn hint(text: impl Display) -> impl Display {
    in_style(AnsiColor::Cyan.on_default().bold(), text)
}

fn in_style(style: Style, text: impl Display) -> impl Display {
    format!("{style}{text}{style:#}")
}
