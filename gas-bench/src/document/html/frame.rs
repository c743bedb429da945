//! Pictures that have scripts and identifiers of their own, each in a frame of its own.
//!
//! Lives here: how they are put into the page, so that none meets another. Not here: what is in them.
//!
//! A frame's document stands in the page itself (`srcdoc`): it is complete from a file, and of the page's own origin, without
//! which browsers do not let it ask for a word to search for.

use maud::{Markup, html};

use super::scroll;

/// What stands before a picture in its frame. A flame graph writes its zoom into its address, which a document without one
/// answers with an error that ends the script half-way.
const BEFORE: &str = "<!doctype html><meta name=\"color-scheme\" content=\"light dark\">\
                      <style>body{margin:0}svg{display:block;width:100%}</style>\
                      <script>history.replaceState=function(){}</script>";

/// A frame is no narrower than its picture, up to this many CSS pixels: what is read in it would shrink with it.
const NARROWEST: u32 = 960;

/// The size of a picture that does not tell it, in CSS pixels.
const UNKNOWN: (u32, u32) = (NARROWEST, 540);

/// The SVG document `svg`, in a frame as high as it is.
pub(super) fn picture(about: &str, svg: &str) -> Markup {
    let svg = svg.find("<svg").map_or(svg, |start| &svg[start..]);
    let (width, height) = size(svg);
    let style = format!("min-width:{}px;height:{height}px", width.min(NARROWEST));
    scroll(
        about,
        &html! { iframe title=(about) loading="lazy" style=(style) srcdoc={ (BEFORE) (svg) } {} },
    )
}

/// Width and height as the first tag of `svg` has them.
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
