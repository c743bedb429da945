//! Words and figures of the page.
//!
//! Lives here: text of other people's, figures, boxes that scroll. Not here: how figures are written (`render::text`).

use maud::{Markup, html};

use crate::words::{grouped, printable, shortened};

/// The most characters of a name or sentence in running text.
const LABEL_MAX: usize = 400;

/// The most characters of a name in a table.
const NAME_MAX: usize = 64;

/// The most characters of a value before it has to be opened, and of an open one.
const VALUE_MAX: usize = 72;
const OPEN_MAX: usize = 4_096;

/// Somebody's sentence, on one line.
pub(super) fn label(text: &str) -> String {
    shortened(&printable(text), LABEL_MAX)
}

/// Somebody's words, which are code or a version.
pub(super) fn foreign(text: &str) -> Markup {
    html! { span.foreign { (label(text)) } }
}

/// Somebody's name: all of it, where it is too long to be shown, for those who point at it.
pub(super) fn name(text: &str) -> Markup {
    let whole = printable(text);
    let short = shortened(&whole, NAME_MAX);
    html! {
        @if short == whole { (short) } @else { span title=(shortened(&whole, LABEL_MAX)) { (short) } }
    }
}

/// A function, as Solidity writes it, which may end a line after each comma.
pub(super) fn signature(text: &str) -> Markup {
    html! {
        code {
            @for (index, part) in label(text).split(',').enumerate() {
                @if index > 0 { "," wbr; }
                (part)
            }
        }
    }
}

/// Somebody's value: the beginning of a long one, and all of it once it is opened.
pub(super) fn value(text: &str) -> Markup {
    let whole = shortened(&printable(text), OPEN_MAX);
    let short = shortened(&whole, VALUE_MAX);
    html! {
        @if short == whole {
            code { (short) }
        } @else {
            details.value { summary { code { (short) } } code { (whole) } }
        }
    }
}

/// A number of things.
pub(super) fn count(number: usize, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", grouped(number as u64))
}

/// A figure with all its digits.
pub(super) fn figure(value: u64) -> String {
    grouped(value)
}

/// A box that scrolls where what is in it is wider than the screen, also by keys.
pub(super) fn scroll(about: &str, content: &Markup) -> Markup {
    html! { div.scroll role="region" aria-label=(about) tabindex="0" { (content) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_others_is_escaped_and_shortened() {
        let long = "x".repeat(100);
        for (markup, expected) in [
            (name("a<b>\"&'"), "a&lt;b&gt;&quot;&amp;'".to_owned()),
            (name("two\nlines"), "two\\nlines".to_owned()),
            (
                name(&long),
                format!("<span title=\"{long}\">{}…</span>", "x".repeat(63)),
            ),
            (signature("f(a,b)"), "<code>f(a,<wbr>b)</code>".to_owned()),
            (value("1"), "<code>1</code>".to_owned()),
            (
                value(&long),
                format!(
                    "<details class=\"value\"><summary><code>{}…</code></summary><code>{long}</code></details>",
                    "x".repeat(71)
                ),
            ),
        ] {
            assert_eq!(markup.into_string(), expected);
        }
    }

    #[test]
    fn things_are_counted() {
        for (number, text) in [(0, "0 calls"), (1, "1 call"), (1_200, "1,200 calls")] {
            assert_eq!(count(number, "call"), text);
        }
    }
}
