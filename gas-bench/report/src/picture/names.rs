//! How functions and host calls are named wherever they are shown.
//!
//! Lives here: names made distinct, short and safe to show. Not here: how a format escapes them.

use std::collections::HashMap;

use stylus_vm::profile::Profile;

use crate::words::{ellipsised, printable};

/// The longest name shown anywhere, in characters.
const NAME_MAX: usize = 240;

/// A name for each of the profile's functions, by position. Functions with the same name, such as instances of one generic function, are
/// distinguished by their indices.
pub(crate) fn functions(profile: &Profile) -> Vec<String> {
    let functions = &profile.functions;
    let names: Vec<_> = functions.iter().map(|it| shown(&it.name)).collect();
    let mut namesakes: HashMap<&str, u32> = HashMap::new();
    for name in &names {
        *namesakes.entry(name).or_default() += 1;
    }
    let distinct = names.iter().zip(functions).map(|(name, function)| {
        if namesakes.get(&**name) == Some(&1) {
            name.clone()
        } else {
            format!("{name} [{}]", function.index)
        }
    });
    distinct.collect()
}

/// A host call's name, marked as what it is.
pub(crate) fn host(name: &str) -> String {
    format!("host: {}", shown(name))
}

/// A foreign `name` on one line, and of a length that lines and pictures can hold.
pub(crate) fn shown(name: &str) -> String {
    let name = printable(name);
    ellipsised(if name.is_empty() { "(no name)" } else { &name }, NAME_MAX)
}

#[cfg(test)]
mod tests {
    use stylus_vm::Ink;
    use stylus_vm::profile::FunctionInk;

    use super::*;

    fn check(given: &[&str], expected: &[&str]) {
        let functions = given.iter().zip(7..).map(|(name, index)| FunctionInk {
            index,
            name: (*name).to_owned(),
            calls: 1,
            self_ink: Ink::ZERO,
            total_ink: Ink::ZERO,
        });
        let profile = Profile {
            functions: functions.collect(),
            ..Profile::default()
        };
        assert_eq!(super::functions(&profile), expected);
    }

    #[test]
    fn names_are_distinct_and_printable() {
        check(&["main", "<[u8; 32]>::fmt"], &["main", "<[u8; 32]>::fmt"]);
        check(&["grow", "main", "grow"], &["grow [7]", "main", "grow [9]"]);
        check(&["two\nlines", ""], &["two\\nlines", "(no name)"]);
    }
}
