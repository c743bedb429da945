//! Interfaces that are Solidity but for some of their functions.
//!
//! Lives here: telling these functions from all else, and saying where they stand. Not here: what all else declares (`interface`).
//!
//! The SDK writes Rust tuples as if Solidity had any, such as `returns (address,string)[] memory`, and a parser refuses the whole text.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn_solidity::File;

use super::{Declared, InterfaceError, MARK};

/// How many characters of a declaration are shown.
const SHOWN: usize = 200;

/// Parses `tokens`, which are those of `text`, without the functions that no parser takes, and returns these, too.
///
/// # Errors
/// If that is no interface for another reason.
pub(super) fn read(
    text: &str,
    tokens: TokenStream,
) -> Result<(File, Vec<Declared>), InterfaceError> {
    let refused = match syn_solidity::parse2(tokens.clone()) {
        Ok(file) => return Ok((file, Vec::new())),
        Err(error) => error,
    };
    let mut source = Source {
        text,
        line: 1,
        at: 0,
    };
    let mut unread = Vec::new();
    let without = tokens.into_iter().map(|tree| match tree {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
            let kept = pieces(group.stream()).into_iter().filter(|piece| {
                let declared = unreadable(piece, &mut source);
                let is_kept = declared.is_none();
                unread.extend(declared);
                is_kept
            });
            Group::new(Delimiter::Brace, kept.flatten().collect()).into()
        }
        tree => tree,
    });
    let file = syn_solidity::parse2(without.collect());
    file.map(|file| (file, unread))
        .map_err(|_| InterfaceError::Solidity(refused.to_string()))
}

/// The declarations of a contract, one by one.
fn pieces(body: TokenStream) -> Vec<Vec<TokenTree>> {
    let mut pieces = vec![Vec::new()];
    for tree in body {
        let is_end = match &tree {
            TokenTree::Punct(it) => it.as_char() == ';',
            TokenTree::Group(it) => it.delimiter() == Delimiter::Brace,
            _ => false,
        };
        pieces
            .last_mut()
            .into_iter()
            .for_each(|it| it.push(tree.clone()));
        if is_end {
            pieces.push(Vec::new());
        }
    }
    pieces
}

/// The function that these tokens are, if it is one that no parser takes.
fn unreadable(piece: &[TokenTree], source: &mut Source<'_>) -> Option<Declared> {
    let [TokenTree::Ident(keyword), TokenTree::Ident(name), ..] = piece else {
        return None;
    };
    if keyword != "function" {
        return None;
    }
    let tokens: TokenStream = piece.iter().cloned().collect();
    let error = syn_solidity::parse2(tokens.clone()).err()?;
    let place = source.find(&tokens.to_string());
    let (line, shown) = place.map_or_else(
        || (String::new(), tokens.to_string()),
        |(line, text)| (format!(" in line {line}"), text.to_owned()),
    );
    let words: Vec<_> = shown.split_whitespace().collect();
    let mut shown = words.join(" ");
    if let Some((end, _)) = shown.char_indices().nth(SHOWN) {
        shown.truncate(end);
        shown.push('…');
    }
    Some(Declared {
        signature: format!("{}(…)", name.to_string().trim_end_matches(MARK)),
        function: Err(format!(
            "the ABI declares it{line} as `{shown}`, which is not Solidity: {error}; call it in a plan, with structs as tuples"
        )),
    })
}

/// A text, as far as it has been searched.
struct Source<'a> {
    text: &'a str,
    /// The line that the rest begins in.
    line: usize,
    at: usize,
}

impl<'a> Source<'a> {
    /// Finds the next place where `tokens` stand, and returns its line and its text: tokens are written with white space of their own.
    fn find(&mut self, tokens: &str) -> Option<(usize, &'a str)> {
        let is_letter = |letter: &char| !letter.is_whitespace() && *letter != MARK;
        let wanted: Vec<char> = tokens.chars().filter(is_letter).collect();
        let rest = &self.text[self.at..];
        let (start, end) = rest
            .match_indices(*wanted.first()?)
            .find_map(|(start, _)| {
                let letters = rest[start..].char_indices();
                let mut letters = letters.filter(|(_, letter)| is_letter(letter));
                let mut end = start;
                for wanted in &wanted {
                    let (at, _) = letters.next().filter(|(_, letter)| letter == wanted)?;
                    end = start + at + wanted.len_utf8();
                }
                Some((start, end))
            })?;
        let line = self.line + rest[..start].matches('\n').count();
        self.line += rest[..end].matches('\n').count();
        self.at += end;
        Some((line, &rest[start..end]))
    }
}
