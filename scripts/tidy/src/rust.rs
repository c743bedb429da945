//! Tells code, comments and literals of a Rust source apart, so that a rule about code is not set off by prose. Knows
//! tokens only as far as that needs; what words mean is not decided here.

/// One source in two readings of the same length and the same lines: what does not belong to a reading is blank there.
/// String and character literals are blank in both.
#[derive(Debug)]
pub(crate) struct Split {
    /// Identifiers, keywords, operators, numbers.
    pub(crate) code: String,
    /// Comments of every kind, documentation among them.
    pub(crate) comments: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Code,
    Comment,
    Literal,
}

/// Splits a source that rustc accepts; for any other the result is harmless.
pub(crate) fn split(source: &str) -> Split {
    let chars: Vec<char> = source.chars().collect();
    let mut split = Split {
        code: String::new(),
        comments: String::new(),
    };
    let mut at = 0;
    while at < chars.len() {
        let (part, length) = next_part(&chars, at);
        for &c in &chars[at..at + length] {
            let blank = if c == '\n' { '\n' } else { ' ' };
            split.code.push(if part == Part::Code { c } else { blank });
            split
                .comments
                .push(if part == Part::Comment { c } else { blank });
        }
        at += length;
    }
    split
}

/// What begins at `at`, and its length in characters, which is at least one.
fn next_part(chars: &[char], at: usize) -> (Part, usize) {
    let rest = &chars[at..];
    let inside_word = at > 0 && is_word(chars[at - 1]);
    match rest {
        ['/', '/', ..] => (
            Part::Comment,
            find(rest, |tail| tail[0] == '\n').unwrap_or(rest.len()),
        ),
        ['/', '*', ..] => (Part::Comment, block_comment(rest)),
        ['"', ..] => (Part::Literal, quoted(rest, '"')),
        ['\'', '\\', ..] | ['\'', _, '\'', ..] => (Part::Literal, quoted(rest, '\'')),
        ['r', '"' | '#', ..] if !inside_word || prefixed(chars, at) => match raw_string(rest) {
            Some(length) => (Part::Literal, length),
            None => (Part::Code, 1),
        },
        _ => (Part::Code, 1),
    }
}

/// Whether the letter before `at` is the `b` or `c` of a raw string's prefix rather than the end of a word.
fn prefixed(chars: &[char], at: usize) -> bool {
    at > 0 && matches!(chars[at - 1], 'b' | 'c') && (at == 1 || !is_word(chars[at - 2]))
}

fn block_comment(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match rest[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn quoted(rest: &[char], quote: char) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != quote {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    rest.len().min(at + 1)
}

/// The length of the raw string that begins here; `None` for a raw identifier.
fn raw_string(rest: &[char]) -> Option<usize> {
    let hashes = rest[1..].iter().take_while(|c| **c == '#').count();
    let body = 1 + hashes + 1;
    if rest.get(body - 1) != Some(&'"') {
        return None;
    }
    let closes = |tail: &[char]| {
        tail[0] == '"' && tail.len() > hashes && tail[1..=hashes].iter().all(|c| *c == '#')
    };
    Some(find(&rest[body..], closes).map_or(rest.len(), |end| body + end + 1 + hashes))
}

fn find(chars: &[char], matches: impl Fn(&[char]) -> bool) -> Option<usize> {
    (0..chars.len()).find(|at| matches(&chars[*at..]))
}

/// Whether the character can be a part of an identifier.
pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, code: &str, comments: &str) {
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let split = split(source);
        assert_eq!(words(&split.code), code, "code of {source}");
        assert_eq!(words(&split.comments), comments, "comments of {source}");
        assert_eq!(
            split.code.lines().count(),
            source.lines().count(),
            "lines of {source}"
        );
    }

    #[test]
    fn code_comments_and_literals_part() {
        check("a // b \" c\nd", "a d", "// b \" c");
        check("a /* b /* c */ d */ e", "a e", "/* b /* c */ d */");
        check("a \"b \\\" // c\" d", "a d", "");
        check("a r\"b\\\" c", "a c", "");
        check("a r#\"b \" c\"# d", "a d", "");
        check("a br##\"b \"# c\"## d", "a b d", "");
        check("r#type r#\"x\"#", "r#type", "");
        check("for\"x\"", "for", "");
        check("'\"' a '\\'' b 'x'", "a b", "");
        check("fn f<'a>(x: &'a str) {}", "fn f<'a>(x: &'a str) {}", "");
        check("\"a\n// b\nc\" d", "d", "");
        check("//! x\n/// y", "", "//! x /// y");
        check("\"never closed", "", "");
        check("/* never closed", "", "/* never closed");
    }
}
