//! Every contract of the folder, on a chain of its own for each test: what its functions answer, and how much gas they use.
//!
//! `BLESS=1 cargo test --test contracts` writes the gas into `gas.toml`; see `stylus_devnet::testing`.

mod churn;
mod codec;
mod counter;
mod edge_cases;
mod erc20;
mod erc721;
mod growth;
mod merkle_airdrop;
#[rustfmt::skip]
mod readme;
mod signatures;
mod sort_and_map;
mod strings;

/// Theorem: the README shows a test that passes, except for the folder of its contract.
#[test]
fn the_readme_shows_a_test() {
    let shown = include_str!("readme.rs").replace(r#"build!("../erc20")"#, "build!()");
    let (_, shown) = shown
        .split_once("\n\n")
        .expect("it begins with its purpose");
    assert!(
        include_str!("../../../devnet/README.md").contains(shown),
        "{shown}"
    );
}
