//! Copies of invented workspaces, and what is built in them.
//!
//! Lives here: contracts of a few lines, and cargo. Not here: what happens to modules (`run`), the SDK.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use gas_bench::measure::compare::compare;
use stylus_cargo::{
    Allocator, BuildSettings, BuildTarget, Copies, FindError, Lto, Mode, OptLevel, ShimError,
    Subject, Toolchain, Variant, VariantError, Variations, postprocess,
};
use stylus_vm::Outcome;
use tempfile::TempDir;

use super::{contract, runs};
use crate::support::{call, cargo, mentions};

const PROFILE: &str = "
[profile.release]
opt-level = 's'
lto = true
codegen-units = 1
panic = 'abort'
strip = true
";

/// Asks for `EXTRA` bytes more than its calldata has, and reverts if it does not get them.
const CONTRACT: &str = r#"
#![no_std]
extern crate alloc;

#[global_allocator]
static HEAP: mini_alloc::MiniAlloc = mini_alloc::MiniAlloc::INIT;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}

#[link(wasm_import_module = "vm_hooks")]
extern "C" {
    fn pay_for_memory_grow(pages: u16);
}

#[no_mangle]
pub extern "C" fn user_entrypoint(bytes: usize) -> i32 {
    // A module that grows must know this.
    unsafe { pay_for_memory_grow(0) };
    let layout = core::alloc::Layout::from_size_align(EXTRA + bytes, 8).unwrap();
    let block = unsafe { alloc::alloc::alloc(layout) };
    i32::from(core::hint::black_box(block).is_null())
}
"#;

/// An allocator that never has any memory.
const MISER: &str = r"
#![no_std]
use core::alloc::{GlobalAlloc, Layout};

pub struct MiniAlloc;

impl MiniAlloc {
    pub const INIT: Self = MiniAlloc;
}

unsafe impl GlobalAlloc for MiniAlloc {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        core::ptr::null_mut()
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}
";

fn package(name: &str, more: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"1.2.3\"\nedition = \"2021\"\n{more}")
}

fn put(root: &Path, files: &[(&str, &str)]) {
    for (path, content) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}

/// A workspace whose contract depends on three folders outside it, one of which inherits from a workspace of its own, and on settings in a
/// folder above.
fn scattered() -> TempDir {
    let above = tempfile::tempdir().unwrap();
    let source = CONTRACT.replace("EXTRA", "outside::extra()")
        + "#[cfg(not(above))] compile_error!(\"settings are lost\");";
    put(
        above.path(),
        &[
            (
                ".cargo/config.toml",
                "[build]\nrustflags = ['--cfg', 'above']\n",
            ),
            (
                "project/Cargo.toml",
                &format!(
                    "[workspace]\nmembers = ['contract']\nresolver = '2'\n{PROFILE}\n[patch.crates-io]\ncfg-if = {{ path = '../patched' }}"
                ),
            ),
            (
                "project/contract/Cargo.toml",
                &package(
                    "contract",
                    "[lib]\ncrate-type = ['cdylib']\n[dependencies]\nmini-alloc = { path = '../../allocator' }\n\
                     outside = { path = '../../shared/outside' }\n",
                ),
            ),
            ("project/contract/src/lib.rs", &source),
            ("allocator/Cargo.toml", &package("mini-alloc", "")),
            ("allocator/src/lib.rs", MISER),
            (
                "patched/Cargo.toml",
                &package("cfg-if", "").replace("1.2.3", "1.0.99"),
            ),
            ("patched/src/lib.rs", "#![no_std]"),
            (
                "shared/Cargo.toml",
                "[workspace]\nmembers = ['outside', 'other']\nresolver = '2'\n[workspace.package]\nedition = '2021'\n",
            ),
            (
                "shared/outside/Cargo.toml",
                "[package]\nname = 'outside'\nversion = '0.1.0'\nedition.workspace = true\n[dependencies]\n\
                 cfg-if = '1'\n",
            ),
            (
                "shared/outside/src/lib.rs",
                "#![no_std]\n/// The path of this file, so that it is in the module.\npub fn extra() -> usize {\n    \
                 core::hint::black_box(file!()).len()\n}\n",
            ),
            ("shared/other/Cargo.toml", &package("other", "")),
            ("shared/other/src/lib.rs", ""),
        ],
    );
    cargo(
        &above.path().join("project"),
        &["generate-lockfile", "--offline"],
    );
    above
}

/// A single package on the registry's `mini-alloc`, with the versions of this repository's contracts.
fn on_the_registry() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let lockfile = Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts/Cargo.lock");
    fs::copy(lockfile, folder.path().join("Cargo.lock")).unwrap();
    let more =
        format!("[lib]\ncrate-type = ['cdylib']\n[dependencies]\nmini-alloc = '1.0.0'\n{PROFILE}");
    put(
        folder.path(),
        &[
            ("Cargo.toml", &package("contract", &more)),
            ("src/lib.rs", &CONTRACT.replace("EXTRA", "1")),
        ],
    );
    cargo(folder.path(), &["update", "--workspace"]);
    folder
}

/// The author's own build, but with `allocator`.
fn with(allocator: Option<Allocator>) -> Variant {
    Variant {
        allocator,
        ..Variant::TODAY
    }
}

fn subject(folder: PathBuf) -> Subject {
    Subject {
        folder,
        package: "contract".to_owned(),
        target: BuildTarget::Library("contract".to_owned()),
        settings: BuildSettings::default(),
        lto_hindrance: None,
        toolchain: Toolchain::default(),
    }
}

/// Every file below a folder, except what cargo builds, with its content.
fn tree(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                files.insert(path.clone(), fs::read(&path).unwrap());
            } else if path.file_name().unwrap() != "target" {
                folders.push(path);
            }
        }
    }
    files
}

/// Whether the contract gets its bytes.
fn gets_bytes(module: &[u8]) -> bool {
    match call(module, Vec::new()).outcome {
        Outcome::Success => true,
        Outcome::Revert => false,
        other => panic!("{other:?}"),
    }
}

/// Theorem: whatever is built in a copy, the author's files stay as they were.
/// Theorem: a copy produces the same modules each time, and nothing in them tells where it was.
#[test]
fn folders_out_of_the_workspace_are_copied_and_their_allocator_replaced() {
    let author = scattered();
    let before = tree(author.path());
    let subject = subject(author.path().join("project/contract"));
    let build = |order: [Option<Allocator>; 4]| {
        let builds = Copies::prepare(&subject).unwrap();
        assert_eq!(builds.level(), "s");
        order.map(|allocator| builds.build(with(allocator)).unwrap())
    };
    let (mini, reclaim) = (Some(Allocator::Mini), Some(Allocator::Reclaim));
    let [own, with_mini, with_reclaim, own_again] = build([None, mini, reclaim, None]);
    assert!(!gets_bytes(&own), "the author's own allocator");
    assert!(gets_bytes(&with_mini) && gets_bytes(&with_reclaim));
    assert_ne!(
        postprocess(&with_mini).unwrap(),
        postprocess(&with_reclaim).unwrap()
    );
    assert_eq!(own, own_again, "the author's own allocator is put back");
    let file = author
        .path()
        .canonicalize()
        .unwrap()
        .join("shared/outside/src/lib.rs");
    assert!(
        mentions(&own, file.to_str().unwrap()),
        "as the author's own build"
    );
    assert!(!mentions(&own, "gas-bench-compare"), "where the copy was");
    assert_eq!(
        build([reclaim, None, mini, reclaim]),
        [with_reclaim.clone(), own, with_mini, with_reclaim]
    );
    assert_eq!(tree(author.path()), before);
}

#[test]
fn the_registrys_allocator_is_patched() {
    let author = on_the_registry();
    let before = tree(author.path());
    let builds = Copies::prepare(&subject(author.path().to_owned())).unwrap();
    let own = builds.build(Variant::TODAY).unwrap();
    let upstream = builds.build(with(Some(Allocator::MiniUpstream))).unwrap();
    assert_eq!(own, upstream, "it is what is there already");
    let mini = builds.build(with(Some(Allocator::Mini))).unwrap();
    let at_z = Variant {
        level: Some(OptLevel::Z),
        ..Variant::TODAY
    };
    assert!(gets_bytes(&own) && gets_bytes(&mini));
    assert_ne!(postprocess(&own).unwrap(), postprocess(&mini).unwrap());
    assert!(builds.build(at_z).is_ok());
    assert_eq!(tree(author.path()), before);
}

/// Theorem: a contract that is a program is built in every way that a library is.
#[test]
fn programs_are_built_in_every_way() {
    let author = on_the_registry();
    let path = |name: &str| author.path().join(name);
    let manifest = fs::read_to_string(path("Cargo.toml")).unwrap();
    let manifest = manifest.replace("[lib]\ncrate-type = ['cdylib']\n", "");
    fs::write(path("Cargo.toml"), manifest).unwrap();
    let source = fs::read_to_string(path("src/lib.rs")).unwrap();
    fs::write(path("src/main.rs"), format!("#![no_main]\n{source}")).unwrap();
    fs::remove_file(path("src/lib.rs")).unwrap();
    let subject = Subject {
        target: BuildTarget::Program("contract".to_owned()),
        ..subject(author.path().to_owned())
    };
    let builds = Copies::prepare(&subject).unwrap();
    let modules = [None, Some(Allocator::Reclaim)].map(|it| builds.build(with(it)).unwrap());
    assert!(modules.iter().all(|module| gets_bytes(module)));
    assert_ne!(modules[0], modules[1]);
}

/// Theorem: if cargo cannot put another allocator in every place, no variant with one is built, and the error says what can be compared.
#[test]
fn two_allocators_of_which_one_is_older_are_said_to_be() {
    let author = on_the_registry();
    let path = author.path().join("Cargo.toml");
    let manifest = fs::read_to_string(&path).unwrap();
    let older = "[dependencies]\nolder = { package = 'mini-alloc', version = '=0.9.2' }\n";
    fs::write(&path, manifest.replace("[dependencies]\n", older)).unwrap();
    cargo(author.path(), &["update", "--workspace"]);
    let builds = Copies::prepare(&subject(author.path().to_owned())).unwrap();
    assert!(builds.build(Variant::TODAY).is_ok());
    let error = builds.build(with(Some(Allocator::Mini))).unwrap_err();
    let error = error.to_string();
    for words in [
        "mini-alloc@0.9.2",
        "only opt-levels and wasm-opt can be compared",
    ] {
        assert!(error.contains(words), "{error}");
    }
}

/// Theorem: with and without link-time optimisation, a module is the one that the author's manifest would produce with other crate types.
#[test]
fn link_time_optimisation_is_what_another_manifest_would_bring() {
    let author = on_the_registry();
    let manifest = author.path().join("Cargo.toml");
    let with_types = |types: &str| {
        let text = fs::read_to_string(&manifest).unwrap();
        let line = text
            .lines()
            .find(|line| line.starts_with("crate-type"))
            .unwrap();
        let line = line.to_owned();
        fs::write(
            &manifest,
            text.replace(&line, &format!("crate-type = [{types}]")),
        )
        .unwrap();
        let builds = Copies::prepare(&subject(author.path().to_owned())).unwrap();
        [None, Some(Lto::On), Some(Lto::Off)].map(|lto| {
            let variant = Variant {
                lto,
                ..Variant::TODAY
            };
            builds.build(variant).unwrap()
        })
    };
    let [own, on, off] = with_types("'lib', 'cdylib'");
    assert!(postprocess(&on).unwrap().len() < postprocess(&own).unwrap().len());
    assert_eq!(off, own);
    assert_eq!(with_types("'cdylib'"), [on.clone(), on, off]);
}

/// Theorem: files named by absolute paths are read and never written.
#[test]
fn what_is_named_by_its_whole_path_stays_what_it_is() {
    let author = tempfile::tempdir().unwrap();
    let miser = author.path().join("miser");
    let path = format!(
        "mini-alloc = {{ path = {:?} }}\n",
        miser.display().to_string()
    );
    let source = CONTRACT.replace("EXTRA", "1");
    put(
        author.path(),
        &[
            ("miser/Cargo.toml", &package("mini-alloc", "")),
            ("miser/src/lib.rs", MISER),
        ],
    );
    for (name, dependency, patch) in [
        ("direct", path.as_str(), String::new()),
        (
            "patched",
            "mini-alloc = '1'\n",
            format!("[patch.crates-io]\n{path}"),
        ),
    ] {
        let more =
            format!("[lib]\ncrate-type = ['cdylib']\n[dependencies]\n{dependency}{patch}{PROFILE}");
        let folder = author.path().join(name);
        put(
            &folder,
            &[
                ("Cargo.toml", &package("contract", &more)),
                ("src/lib.rs", &source),
            ],
        );
        cargo(&folder, &["generate-lockfile"]);
    }
    let before = tree(author.path());
    let build = |name: &str| {
        let builds = Copies::prepare(&subject(author.path().join(name))).unwrap();
        builds.build(with(Some(Allocator::Mini)))
    };
    let error = build("direct").unwrap_err();
    assert!(
        matches!(error, VariantError::Shim(ShimError::Unreachable(_))),
        "{error}"
    );
    assert!(
        gets_bytes(&build("patched").unwrap()),
        "the patch goes before the author's"
    );
    assert_eq!(tree(author.path()), before);
}

/// A contract that has no allocator to replace, with `mistake` at the end of its source.
fn without_allocator(mistake: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let source = "#![no_std]\n#[panic_handler]\nfn panic(_: &core::panic::PanicInfo) -> ! { loop {} }\n\
                  #[no_mangle]\npub extern \"C\" fn user_entrypoint(_: usize) -> i32 { 0 }\n";
    let more = format!("[lib]\ncrate-type = ['cdylib']\n{PROFILE}");
    put(
        folder.path(),
        &[
            ("Cargo.toml", &package("contract", &more)),
            ("src/lib.rs", &format!("{source}{mistake}")),
        ],
    );
    folder
}

#[test]
fn what_cannot_be_varied_is_left_out_and_said() {
    let author = without_allocator("");
    let settings = Variations {
        allocators: vec![Allocator::Mini],
        levels: vec![OptLevel::S],
        lto: Vec::new(),
        modes: vec![Mode::O3],
    };
    let comparison = compare(
        &subject(author.path().to_owned()),
        &settings,
        || Err(FindError::NotFound("/cache".into())),
        &|_| contract(1_000, vec![runs("f", &[(1, "")])]),
        &|_| {},
    )
    .unwrap();
    // It already has opt-level s.
    let variants: Vec<_> = comparison.variants.iter().map(|it| it.variant).collect();
    assert_eq!(variants, [Variant::TODAY]);
    assert!(comparison.today().is_some(), "{:?}", comparison.variants);
    assert_eq!(
        comparison.left_out,
        [
            "contract does not use mini-alloc, so no other allocator can take its place: only build variants are compared",
            "there is no wasm-opt on PATH or in /cache: install Binaryen (Debian: apt install binaryen), or name the program",
        ]
    );
    assert!(
        !author.path().join("Cargo.lock").exists(),
        "not even a lockfile is made"
    );
}

#[test]
fn what_does_not_build_says_why() {
    let author = without_allocator("fn f() -> u8 { \"\" }");
    let builds = Copies::prepare(&subject(author.path().to_owned())).unwrap();
    let error = builds.build(Variant::TODAY).unwrap_err();
    assert_eq!(
        error.to_string(),
        "it does not build: mismatched types (src/lib.rs line 6); correct that, or leave this variant out"
    );
    let error = builds.build(with(Some(Allocator::Mini))).unwrap_err();
    assert!(matches!(error, VariantError::Shim(_)), "{error}");
}
