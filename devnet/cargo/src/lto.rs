//! Whether a contract is optimised across crates when it is linked.
//!
//! Lives here: cargo's rule, and what a contract's author asks for. Not here: what it costs to do without (`measure::lto`).
//!
//! Cargo hands rustc `-C lto` for a library if all of its crate types can be optimised so, which `cdylib`, `staticlib` and `bin` can and
//! `lib`, `rlib`, `dylib` and `proc-macro` cannot. It says nothing when it leaves the flag out. That was found with cargo 1.80 to 1.97;
//! `contracts/README.md` has the command.

use std::fmt;
use std::path::Path;

use cargo_metadata::{CrateType, Package};
use serde::{Deserialize, Serialize};

use super::{ContractPackage, Project, release};

/// Why cargo leaves link-time optimisation out. At least one of the reasons is given.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Hindrance {
    /// Crate types of the library that cannot be optimised so. One is enough: cargo then does not ask for it at all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub crate_types: Vec<String>,
    /// The member's manifest that asks for it, relative to the workspace's folder, if cargo ignores that: it reads only the workspace's
    /// profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignored_profile: Option<String>,
}

/// The kinds of library that a contract is built as, whatever its manifest says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CrateTypes {
    /// The contract alone, with link-time optimisation if its profile asks for it.
    Cdylib,
    /// The contract and a library, as `cargo stylus new` has it, without link-time optimisation.
    LibAndCdylib,
}

impl CrateTypes {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Cdylib, Self::LibAndCdylib];

    /// As cargo's `--crate-type` names them.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cdylib => "cdylib",
            Self::LibAndCdylib => "lib,cdylib",
        }
    }
}

impl fmt::Display for CrateTypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The crate types of a package's library that keep cargo from optimising it across crates.
pub(super) fn unoptimised(package: &Package) -> Vec<String> {
    let library = package.targets.iter().find(|target| {
        let is_contract = target.crate_types.contains(&CrateType::CDyLib);
        // An example can be one, too, and is not what is deployed.
        is_contract && !target.is_example()
    });
    let cannot = |kind: &&CrateType| {
        !matches!(
            kind,
            CrateType::CDyLib | CrateType::StaticLib | CrateType::Bin
        )
    };
    let types = library.iter().flat_map(|target| &target.crate_types);
    types.filter(cannot).map(ToString::to_string).collect()
}

impl Project {
    /// Why cargo does not optimise a contract across crates although its author asks for that. `None` if it does, or if nobody asks.
    pub fn lto_hindrance(&self, contract: &ContractPackage) -> Option<Hindrance> {
        let of_workspace = release::setting(&self.root, &contract.folder, LTO);
        let own = contract.folder.join("Cargo.toml");
        let is_ignored = of_workspace.is_none()
            && contract.folder != self.root
            && release::in_manifest(&own, LTO).is_some_and(|value| release::is_lto(&value));
        let hindrance = Hindrance {
            crate_types: contract.unoptimised.clone(),
            ignored_profile: is_ignored.then(|| relative(&own, &self.root)),
        };
        let is_asked = is_ignored || of_workspace.is_some_and(|value| release::is_lto(&value));
        (is_asked && hindrance != Hindrance::default()).then_some(hindrance)
    }
}

/// The setting's name.
const LTO: &str = "lto";

fn relative(path: &Path, root: &Path) -> String {
    path.strip_prefix(root)
        .unwrap_or(path)
        .display()
        .to_string()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A workspace with the profile `of_workspace` and a member whose manifest has `library` and `own`.
    #[track_caller]
    fn check(of_workspace: &str, library: &str, own: &str, expected: Option<Hindrance>) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("it/src")).unwrap();
        let workspace = format!("[workspace]\nmembers = ['it']\nresolver = '2'\n{of_workspace}");
        fs::write(root.join("Cargo.toml"), workspace).unwrap();
        let package = format!(
            "[package]\nname = 'it'\nversion = '0.1.0'\n[lib]\ncrate-type = [{library}]\n{own}"
        );
        fs::write(root.join("it/Cargo.toml"), package).unwrap();
        fs::write(root.join("it/src/lib.rs"), "").unwrap();
        fs::write(root.join("it/Stylus.toml"), "[contract]\n").unwrap();
        let project = Project::find(Some(&root.join("it/Cargo.toml")), &[]).unwrap();
        let found = project.lto_hindrance(&project.contracts[0]);
        assert_eq!(found, expected, "{of_workspace} {library} {own}");
    }

    #[test]
    fn cargo_leaves_it_out_beside_a_library_and_for_a_members_profile() {
        const LTO: &str = "[profile.release]\nlto = true\n";
        let types = |types: &[&str]| Hindrance {
            crate_types: types.iter().map(|it| (*it).to_owned()).collect(),
            ignored_profile: None,
        };
        let ignored = |hindrance: Hindrance| Hindrance {
            ignored_profile: Some("it/Cargo.toml".to_owned()),
            ..hindrance
        };
        check(LTO, "'cdylib'", "", None);
        check(LTO, "'cdylib', 'staticlib'", "", None);
        check(LTO, "'lib', 'cdylib'", "", Some(types(&["lib"])));
        check(LTO, "'cdylib', 'rlib'", "", Some(types(&["rlib"])));
        let thin = "[profile.release]\nlto = 'thin'\n";
        check(thin, "'lib', 'cdylib'", "", Some(types(&["lib"])));
        // Nobody asks for it.
        check("", "'lib', 'cdylib'", "", None);
        check(
            "[profile.release]\nlto = false\n",
            "'lib', 'cdylib'",
            "",
            None,
        );
        check(
            "[profile.release]\nlto = 'off'\n",
            "'lib', 'cdylib'",
            LTO,
            None,
        );
        // Cargo ignores who asks.
        check("", "'cdylib'", LTO, Some(ignored(types(&[]))));
        check("", "'lib', 'cdylib'", LTO, Some(ignored(types(&["lib"]))));
        check(LTO, "'cdylib'", LTO, None);
    }
}
