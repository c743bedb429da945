//! Figures and words as every format writes them.
//!
//! Lives here: digits, signs and percentages, and foreign text made safe to show. Not here: what is shown, nor where.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Percentages from here on are shown to a few digits: nobody reads them all.
const MANY: u128 = 1_000_000;

/// `amount` divided by `by`, rounding half up; `None` if `by` is zero.
pub(crate) fn divided(amount: u128, by: u128) -> Option<u128> {
    let rest = amount.checked_rem(by)?;
    // In this order, nothing is doubled that could overflow.
    Some(amount / by + u128::from(rest >= by - rest))
}

/// `value` with a comma after every thousand.
pub fn grouped(value: u64) -> String {
    grouped_wide(value.into())
}

/// [`grouped`] for more than 64 bits.
pub(crate) fn grouped_wide(value: u128) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `count` items, in words.
pub(crate) fn counted(count: u64, what: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{} {what}{ending}", grouped(count))
}

/// The sign of a difference, shown even if positive, so that it reads as a difference without colour.
pub(crate) const fn sign(difference: i128) -> &'static str {
    match difference {
        ..0 => "−",
        0 => "",
        1.. => "+",
    }
}

/// The increase from `before` to `after`, to a hundredth of one per cent, with its sign; `None` if `before` is zero.
pub(crate) fn percent(before: u64, after: u64) -> Option<String> {
    let sign = sign(i128::from(after) - i128::from(before));
    Some(format!("{sign}{}", share(after.abs_diff(before), before)?))
}

/// The share of `whole` that `part` takes, to a hundredth of one per cent; `None` if `whole` is zero.
#[expect(clippy::cast_precision_loss, reason = "few digits are shown")]
pub(crate) fn share(part: u64, whole: u64) -> Option<String> {
    let hundredths = divided(u128::from(part) * 10_000, whole.into())?;
    let percent = hundredths / 100;
    Some(if percent < MANY {
        format!("{}.{:02}%", grouped_wide(percent), hundredths % 100)
    } else {
        format!("{:.2e}%", percent as f64)
    })
}

/// Compilers by version, where whole names would only widen a line: `rustc 1.95.0 (59807616e 2026-04-14), rustc 1.91.0 (…)` becomes
/// `rustc 1.95.0, rustc 1.91.0`.
pub(crate) fn compilers(names: &str) -> String {
    let short = names
        .split(", ")
        .map(|name| name.split(" (").next().unwrap_or(name));
    short.collect::<Vec<_>>().join(", ")
}

/// How many columns of a terminal `text` takes: wide characters, such as Chinese ones, take two.
pub(crate) fn columns(text: &str) -> usize {
    text.width()
}

/// As many of these characters as fit `columns`.
fn fitting(letters: impl Iterator<Item = char>, columns: usize) -> impl Iterator<Item = char> {
    let mut left = columns;
    letters.map_while(move |letter| {
        left = left.checked_sub(letter.width().unwrap_or(0))?;
        Some(letter)
    })
}

/// At most `room` columns of `text`; if it is longer, it ends with an ellipsis.
pub(crate) fn shortened(text: &str, room: usize) -> String {
    if columns(text) <= room {
        return text.to_owned();
    }
    let kept = fitting(text.chars(), room.saturating_sub(1));
    kept.chain(['…']).collect()
}

/// At most `room` columns of `text`. If it is longer, the middle is left out: a path begins with the crate of its function and ends with
/// the function's name.
pub(crate) fn ellipsised(text: &str, room: usize) -> String {
    if columns(text) <= room {
        return text.to_owned();
    }
    let kept = room.saturating_sub(1);
    let tail = kept / 2;
    let head = fitting(text.chars(), kept - tail);
    let tail: Vec<_> = fitting(text.chars().rev(), tail).collect();
    head.chain(['…']).chain(tail.into_iter().rev()).collect()
}

/// `text` on one line, without characters that control a terminal or change the writing direction.
pub fn printable(text: &str) -> String {
    let mut printable = String::new();
    for character in text.chars() {
        // Line ends, directional marks and overrides, zero-width characters, and characters that only machines see.
        let steers = matches!(
            character,
            '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        );
        if character.is_control() || steers {
            printable.extend(character.escape_default());
        } else {
            printable.push(character);
        }
    }
    printable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_grouped() {
        for (value, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (65_536, "65,536"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(value), text);
        }
    }

    #[test]
    fn compilers_are_told_by_their_versions() {
        for (names, versions) in [
            ("rustc 1.95.0 (59807616e 2026-04-14)", "rustc 1.95.0"),
            (
                "rustc 1.95.0 (5 2026), rustc 1.91.0 (f 2025)",
                "rustc 1.95.0, rustc 1.91.0",
            ),
            ("", ""),
        ] {
            assert_eq!(compilers(names), versions);
        }
    }

    #[test]
    fn per_cents_are_exact_and_never_of_nothing() {
        for (before, after, text) in [
            (100, 100, Some("0.00%")),
            (27_000, 27_204, Some("+0.76%")),
            (200, 199, Some("−0.50%")),
            (20_000, 20_001, Some("+0.01%")),
            (1, 1_001, Some("+100,000.00%")),
            (1, 10_001, Some("+1.00e6%")),
            (u64::MAX, 0, Some("−100.00%")),
            (0, 0, None),
            (0, 1, None),
        ] {
            assert_eq!(
                percent(before, after).as_deref(),
                text,
                "{before} to {after}"
            );
        }
        for (part, whole, text) in [
            (24_576, 98_304, Some("25.00%")),
            (1, 3, Some("33.33%")),
            (2, 3, Some("66.67%")),
            (1, 0, None),
        ] {
            assert_eq!(share(part, whole).as_deref(), text, "{part} of {whole}");
        }
    }

    #[test]
    fn long_names_lose_their_middle() {
        for (text, room, short) in [
            ("core::fmt::write", 16, "core::fmt::write"),
            ("core::fmt::write", 15, "core::f…::write"),
            ("core::fmt::write", 4, "co…e"),
            ("größer", 5, "gr…er"),
            ("余额查询", 8, "余额查询"),
            ("余额查询", 7, "余…询"),
            ("余额查询", 2, "…"),
            ("name", 1, "…"),
            ("name", 0, "…"),
        ] {
            assert_eq!(ellipsised(text, room), short);
        }
    }

    #[test]
    fn text_of_others_is_one_short_line() {
        for (text, room, short) in [
            ("name", 4, "name"),
            ("names", 4, "nam…"),
            ("größer", 4, "grö…"),
            ("余额查询", 6, "余额…"),
            ("", 4, ""),
        ] {
            assert_eq!(shortened(text, room), short);
        }
        for (text, shown) in [
            ("a|b 'c'", "a|b 'c'"),
            ("two\nlines", "two\\nlines"),
            ("\x1b[31mred", "\\u{1b}[31mred"),
            ("\u{202e}txt", "\\u{202e}txt"),
            ("\u{200f}a\u{200b}\u{feff}", "\\u{200f}a\\u{200b}\\u{feff}"),
        ] {
            assert_eq!(printable(text), shown);
        }
    }
}
