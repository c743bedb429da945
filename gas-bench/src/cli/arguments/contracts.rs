//! The options shared by all commands about contracts.
//!
//! Lives here: which contracts, how they are built, on which chain. Not here: options of a single command.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use gas_bench::chain::Target;
use stylus_cargo::{BuildSettings, CrateTypes, Project};
use stylus_devnet::Config;
use stylus_vm::ArbOs;

/// Which contracts, and how they are built.
#[derive(Args, Debug)]
pub(crate) struct ProjectArguments {
    /// The Cargo.toml of a contract, or of a workspace of contracts [default: the current folder's]
    #[arg(long, value_name = "FILE")]
    manifest_path: Option<PathBuf>,

    /// Only the contract NAME; several with commas
    #[arg(
        long = "package",
        short = 'p',
        value_name = "NAME",
        value_delimiter = ','
    )]
    packages: Vec<String>,

    /// Build with these features, separated by commas
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    features: Vec<String>,

    /// Build without the default features
    #[arg(long)]
    no_default_features: bool,

    /// Build as TYPE, whatever the manifest says: `cdylib` gets the link-time optimisation that a profile asks for, `lib,cdylib` does not
    #[arg(long, value_name = "TYPE", value_parser = crate_types)]
    crate_type: Option<CrateTypes>,

    /// Strip source paths, so that the figures are the same in every folder; what `cargo stylus` deploys contains them, and differs by a
    /// few bytes and their cost
    #[arg(long)]
    reproducible: bool,
}

/// The chain to measure on.
#[derive(Args, Debug)]
pub(crate) struct ChainArguments {
    /// The ArbOS version of the embedded devnet; by default what Arbitrum One runs
    #[arg(long, value_name = "VERSION", conflicts_with = "endpoint", value_parser = arbos)]
    arbos: Option<ArbOs>,

    /// Deploy to the node at URL and measure there, instead of on an embedded devnet
    #[arg(long, value_name = "URL", requires = "private_key_path")]
    endpoint: Option<String>,

    /// The file with the private key of the account that pays there, in hexadecimal digits
    #[arg(long, value_name = "FILE", requires = "endpoint")]
    private_key_path: Option<PathBuf>,
}

impl ProjectArguments {
    /// Whether a manifest or a package is named.
    pub(crate) fn is_named(&self) -> bool {
        self.manifest_path.is_some() || !self.packages.is_empty()
    }

    /// Finds the contracts.
    ///
    /// # Errors
    /// If there are none.
    pub(crate) fn project(&self) -> anyhow::Result<Project> {
        Ok(Project::find(
            self.manifest_path.as_deref(),
            &self.packages,
        )?)
    }

    /// How they are built.
    pub(crate) fn settings(&self) -> BuildSettings {
        BuildSettings {
            features: self.features.clone(),
            no_default_features: self.no_default_features,
            crate_types: self.crate_type,
            reproducible: self.reproducible,
            ..BuildSettings::default()
        }
    }
}

impl ChainArguments {
    /// The file with the private key, if one is given.
    pub(crate) fn key_file(&self) -> Option<&Path> {
        self.private_key_path.as_deref()
    }

    /// The chain; an embedded one is like Arbitrum One unless another version is requested.
    ///
    /// # Errors
    /// If the file contains no key.
    pub(crate) fn target(&self) -> anyhow::Result<Target> {
        let (Some(url), Some(path)) = (&self.endpoint, &self.private_key_path) else {
            return Ok(Target::Embedded(self.arbos.unwrap_or(ArbOs::ARBITRUM_ONE)));
        };
        let shown = path.display();
        let text = stylus_cargo::input::text(path)
            .with_context(|| format!("the private key cannot be read from {shown}"))?;
        let key = text.trim().parse().ok();
        let key = key.with_context(|| {
            format!("{shown} holds no private key: it has to be 32 bytes in hexadecimal digits")
        })?;
        Ok(Target::Endpoint {
            url: url.clone(),
            key,
        })
    }
}

fn crate_types(name: &str) -> Result<CrateTypes, String> {
    let found = CrateTypes::ALL.into_iter().find(|it| it.name() == name);
    found.ok_or_else(|| {
        "a contract is a `cdylib`, with or without a library: `lib,cdylib`".to_owned()
    })
}

/// Parses the number of an ArbOS version that a devnet can begin with.
pub(crate) fn arbos(text: &str) -> Result<ArbOs, String> {
    let number: u16 = text
        .parse()
        .map_err(|_| "it is a number, such as 61".to_owned())?;
    let version = ArbOs::new(number).ok();
    let version = version.filter(|version| *version >= Config::FIRST_ARBOS);
    version.ok_or_else(|| {
        format!(
            "choose an ArbOS version from {} to {}",
            Config::FIRST_ARBOS.number(),
            ArbOs::LAST.number()
        )
    })
}
