//! Pictures that have their own scripts and identifiers, each in a separate frame.
//!
//! Lives here: how they are embedded in the page, isolated from each other. Not here: their contents.
//!
//! A frame's document is embedded in the page itself (`srcdoc`): it is complete when loaded from a file, and has the page's own origin,
//! without which browsers do not let it prompt for a search term.

use maud::{Markup, html};

use super::scroll;

/// What precedes a picture in its frame. A flame graph writes its zoom into its address; in a document without one, that is an error that
/// ends the script half-way.
const BEFORE: &str = "<!doctype html><meta name=\"color-scheme\" content=\"light dark\">\
                      <style>body{margin:0}svg{display:block;width:100%}</style>\
                      <script>history.replaceState=function(){}</script>";

/// A frame is at least as wide as its picture, up to this many CSS pixels: otherwise its text would shrink with it.
const NARROWEST: u32 = 960;

/// The size of a picture that does not state it, in CSS pixels.
const UNKNOWN: (u32, u32) = (NARROWEST, 540);

/// The SVG document `svg` in a frame of its height.
pub(super) fn picture(about: &str, svg: &str) -> Markup {
    let svg = svg.find("<svg").map_or(svg, |start| &svg[start..]);
    let (width, height) = size(svg);
    let style = format!("min-width:{}px;height:{height}px", width.min(NARROWEST));
    scroll(
        about,
        &html! { iframe title=(about) loading="lazy" style=(style) srcdoc={ (BEFORE) (svg) } {} },
    )
}

/// Width and height from the first tag of `svg`.
fn size(svg: &str) -> (u32, u32) {
    let tag = svg.split('>').next().unwrap_or_default();
    let number = |attribute: &str| {
        let (_, value) = tag.split_once(&format!(" {attribute}=\""))?;
        let digits = value.find(|c: char| !c.is_ascii_digit())?;
        value[..digits].parse().ok().filter(|number| *number > 0)
    };
    (
        number("width").unwrap_or(UNKNOWN.0),
        number("height").unwrap_or(UNKNOWN.1),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_as_large_as_its_picture() {
        for (svg, expected) in [
            ("<svg width=\"1200\" height=\"310\">", (1200, 310)),
            (
                "<svg height=\"310.5px\" viewBox=\"0 0 1 2\" width=\"9\">",
                (9, 310),
            ),
            (
                "<svg width=\"100%\" height=\"0\"><rect height=\"7\"/>",
                (100, 540),
            ),
            ("<svg viewBox=\"0 0 1 2\"><rect height=\"7\"/>", UNKNOWN),
            ("<svg width=\"99999999999\" height=\"", UNKNOWN),
            ("", UNKNOWN),
        ] {
            assert_eq!(size(svg), expected, "{svg}");
        }
    }
}
