//! Licences and origins of what the workspace depends on, held to `.cargo/deny.toml`.
//!
//! Lives here: the part of `cargo deny check` that needs no network, read from the same file. Not here: advisories, which need one; asking
//! cargo which packages there are (`tests/tidy.rs`).

use serde::Deserialize;
use spdx::{Expression, LicenseReq, Licensee, ParseMode};

use crate::Finding;

const CONFIG: &str = ".cargo/deny.toml";

/// A crate as `cargo metadata` has it.
#[derive(Clone, Debug)]
pub struct Package<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its licences, as its manifest has them.
    pub licence: Option<&'a str>,
    /// Whether it comes from the crate registry, or is a member of the workspace.
    pub known: bool,
}

#[derive(Deserialize)]
struct Config {
    licenses: Licences,
}

#[derive(Deserialize)]
struct Licences {
    allow: Vec<String>,
    exceptions: Vec<Exception>,
}

#[derive(Deserialize)]
struct Exception {
    #[serde(rename = "crate")]
    name: String,
    allow: Vec<String>,
}

/// Every package may be used under licences that `config` allows, and comes from the registry; every exception is needed.
///
/// # Errors
///
/// If something is wrong with `config` itself.
pub fn check(config: &str, packages: &[Package<'_>]) -> Result<Vec<Finding>, String> {
    let Config { licenses } = toml::from_str(config).map_err(|error| error.to_string())?;
    let allowed = licensees(&licenses.allow)?;
    let mut findings = Vec::new();
    let mut find = |what| findings.push(Finding::new(CONFIG, 0, what));
    for package in packages {
        let Package { name, known, .. } = package;
        if !known {
            find(format!("{name} comes from elsewhere than the registry"));
        }
        let exception = licenses.exceptions.iter().find(|one| one.name == *name);
        let excepted = exception.map_or(Ok(Vec::new()), |one| licensees(&one.allow))?;
        let may = |licence: &LicenseReq| {
            let any = |of: &[Licensee]| of.iter().any(|one| one.satisfies(licence));
            any(&allowed) || any(&excepted)
        };
        let licence = package.licence.unwrap_or_default();
        match Expression::parse_mode(licence, ParseMode::LAX) {
            Err(_) => find(format!(
                "{name} has no licence that can be read: '{licence}'"
            )),
            Ok(licence) if !licence.evaluate(may) => {
                find(format!(
                    "{name} is under {licence}, which is not allowed: use another crate"
                ));
            }
            Ok(_) => {}
        }
    }
    for Exception { name, .. } in &licenses.exceptions {
        if !packages.iter().any(|package| package.name == name) {
            find(format!(
                "the exception for {name} has no use any more: remove it"
            ));
        }
    }
    Ok(findings)
}

fn licensees(names: &[String]) -> Result<Vec<Licensee>, String> {
    names
        .iter()
        .map(|name| Licensee::parse(name).map_err(|error| format!("{name}: {error}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Package, check};

    const CONFIG: &str = r#"
        [licenses]
        allow = ["MIT", "Apache-2.0 WITH LLVM-exception"]
        exceptions = [{ crate = "graph", allow = ["CDDL-1.0"] }]
    "#;

    /// Checks what is found for this crate and another that needs the exception.
    #[track_caller]
    fn found(name: &str, licence: Option<&str>, known: bool, what: &[&str]) {
        let graph = Package {
            name: "graph",
            licence: Some("CDDL-1.0"),
            known: true,
        };
        let one = Package {
            name,
            licence,
            known,
        };
        let findings = check(CONFIG, &[graph, one]).expect("the configuration is right");
        let found: Vec<_> = findings.iter().map(|one| one.what.as_str()).collect();
        assert_eq!(found, what);
    }

    #[test]
    fn licences_are_read_as_expressions() {
        found("a", Some("MIT"), true, &[]);
        found("a", Some("MIT/GPL-3.0"), true, &[]);
        found("a", Some("GPL-3.0-only OR MIT"), true, &[]);
        found("a", Some("Apache-2.0 WITH LLVM-exception"), true, &[]);
        found("a", None, true, &["a has no licence that can be read: ''"]);
        found(
            "a",
            Some("MIT AND CDDL-1.0"),
            true,
            &["a is under MIT AND CDDL-1.0, which is not allowed: use another crate"],
        );
        found(
            "a",
            Some("Apache-2.0"),
            true,
            &["a is under Apache-2.0, which is not allowed: use another crate"],
        );
    }

    #[test]
    fn origins_are_known() {
        found(
            "a",
            Some("MIT"),
            false,
            &["a comes from elsewhere than the registry"],
        );
    }

    #[test]
    fn exceptions_are_needed() {
        let findings = check(CONFIG, &[]).expect("the configuration is right");
        assert_eq!(findings.len(), 1, "{findings:?}");
    }
}
