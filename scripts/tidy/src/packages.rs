//! Packages as the registry wants them.
//!
//! Lives here: what the manifest of a published package says, and the files it takes along. Not here: packing them (`scripts/release`).

use toml::{Table, Value};

use crate::{Finding, Tree};

const WORKSPACE: &str = "Cargo.toml";

/// Keys without which a package is hard to find or may not be used, or which `scripts/release` fills in.
const KEYS: [&str; 7] = [
    "description",
    "readme",
    "license",
    "repository",
    "keywords",
    "categories",
    "version",
];

/// What the licences require to be passed on.
const LICENCES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];

/// Every published member of the workspace has what the registry shows, brings its licences, and is depended upon by its version. One
/// with a program can be fetched by cargo binstall.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let parse = |path: &str| tree.text(path)?.parse::<Table>().ok();
    let Some(workspace) = parse(WORKSPACE) else {
        return Vec::new();
    };
    let members = value(&workspace, &["workspace", "members"]).and_then(Value::as_array);
    let members = members.into_iter().flatten().filter_map(Value::as_str);
    let mut findings = Vec::new();
    for folder in members {
        let path = format!("{folder}/Cargo.toml");
        let Some(manifest) = parse(&path) else {
            continue;
        };
        let package = |key| value(&manifest, &["package", key]);
        if package("publish").and_then(Value::as_bool) == Some(false) {
            continue;
        }
        let mut find = |what: String| findings.push(Finding::new(&path, 0, what));
        for key in KEYS.iter().filter(|key| package(key).is_none()) {
            find(format!("is published and has no `{key}`"));
        }
        for licence in LICENCES {
            if !tree.contains(&format!("{folder}/{licence}")) {
                find(format!("is published and has no {licence} beside it"));
            }
        }
        let has_program = manifest.contains_key("bin");
        if has_program && value(&manifest, &["package", "metadata", "binstall"]).is_none() {
            find("has a program and no [package.metadata.binstall]".to_owned());
        }
        let name = package("name").and_then(Value::as_str).unwrap_or_default();
        let depended = value(&workspace, &["workspace", "dependencies", name, "version"]);
        let is_depended = value(&workspace, &["workspace", "dependencies", name]).is_some();
        if is_depended && depended != package("version") {
            find(format!(
                "its version is not the one that {WORKSPACE} depends on"
            ));
        }
    }
    findings
}

/// The value at the end of a path of keys.
fn value<'a>(table: &'a Table, keys: &[&str]) -> Option<&'a Value> {
    let (first, rest) = keys.split_first()?;
    rest.iter()
        .try_fold(table.get(*first)?, |value, key| value.get(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    const ROOT: &str = "[workspace]\nmembers = ['a']\n[workspace.dependencies]\na = { path = 'a', version = '1.0.0' }";

    const WHOLE: &str = "[package]\nname = 'a'\nversion = '1.0.0'\ndescription = 'it'\nreadme = 'README.md'\nlicense.workspace = true\n\
                         repository.workspace = true\nkeywords = []\ncategories = []\n";

    #[test]
    fn a_published_package_is_whole() {
        let check = |manifest: &str, files: &[&str], expected: &[&str]| {
            let files = files.iter().map(|path| (*path, ""));
            let manifests = [("Cargo.toml", ROOT), ("a/Cargo.toml", manifest)];
            let files: Vec<_> = manifests.into_iter().chain(files).collect();
            testing::check(check, &files, expected);
        };
        let licences = ["a/LICENSE-APACHE", "a/LICENSE-MIT"];
        let found = "a/Cargo.toml:0";
        check(WHOLE, &licences, &[]);
        check(WHOLE, &licences[..1], &[found]);
        check(&WHOLE.replace("keywords = []\n", ""), &licences, &[found]);
        check(&WHOLE.replace("1.0.0", "1.0.1"), &licences, &[found]);
        check(&format!("{WHOLE}[[bin]]\nname = 'a'"), &licences, &[found]);
        let fetched = "[package.metadata.binstall]\npkg-url = ''\n[[bin]]\nname = 'a'";
        check(&format!("{WHOLE}{fetched}"), &licences, &[]);
        check("[package]\nname = 'a'\npublish = false", &[], &[]);
    }
}
