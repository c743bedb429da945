//! One transaction, function by function: the profile of its run, and around it what the receipt says.
//!
//! Lives here: the data, the version of its shape, and what must be true of it. Not here: how the run is recorded
//! (`stylus_vm::profile`) and made, words and rows (`content`), pictures (`picture`).
//!
//! Theorem: nothing is lost and nothing counted twice. Over all places of the call tree, what each spent itself, plus what
//! was forfeited, is the ink of the receipt's parts; so it is over all functions and host calls. [`CallProfile::check`] holds it.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use stylus_vm::profile::{Callee, Profile};
use stylus_vm::{Gas, Ink};

use crate::figures::Parts;

/// The version of [`CallProfile`]'s JSON shape: raised whenever a key changes its meaning or disappears.
pub const PROFILE_SCHEMA: u32 = 1;

/// Where the gas of one call went.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CallProfile {
    /// [`PROFILE_SCHEMA`] at the time of writing.
    pub schema: u32,
    /// The name of the contract's package.
    pub contract: String,
    /// The call's name in the plan.
    pub call: String,
    /// The function, as Solidity writes it.
    pub signature: String,
    /// The arguments, as the plan writes them.
    pub arguments: Vec<String>,
    /// Ink per gas.
    pub ink_per_gas: u32,
    /// Gas of the receipt.
    pub gas: Gas,
    /// Where the gas went, as the receipt breaks it down.
    pub parts: Parts,
    /// Where the program's ink went, function by function.
    pub profile: Profile,
}

/// A profile that cannot be true: it was edited, or the profiler is wrong.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ProfileError {
    /// A different version of this program wrote it.
    #[error(
        "the profile has schema {0}, this program reads schema {PROFILE_SCHEMA}: profile the call again"
    )]
    Schema(u32),
    /// A node of the call tree precedes its caller, or names a callee that is not listed.
    #[error(
        "place {0} of the profile's call tree belongs to no listed function: profile the call again"
    )]
    Place(usize),
    /// An allocation names a function that is not listed.
    #[error("function {0} of the profile allocates but is not listed: profile the call again")]
    Allocator(usize),
    /// The ink does not add up.
    #[error(
        "the profile's {what} add up to {counted} ink, but the program spent {spent}: profile the call again"
    )]
    Sum {
        /// What was added up.
        what: &'static str,
        /// The sum.
        counted: u128,
        /// What the sum should be.
        spent: u128,
    },
    /// The list and the tree disagree about one function or host call.
    #[error(
        "the profile's call tree and list disagree about {0}, in calls or in ink: profile the call again"
    )]
    Callee(String),
    /// The receipt is not the sum of its parts.
    #[error("the profile's parts do not add up to the receipt's gas: profile the call again")]
    Receipt,
}

impl CallProfile {
    /// Checks whether the profile can be true: it has this version's shape, its places and positions exist, tree and lists add up to the
    /// ink of the parts and agree about every callee, and the parts add up to the receipt.
    ///
    /// If the tree was too large to be kept whole (`truncated`), callees beyond its bound count there as their callers' own. All sums
    /// hold as before; what such a callee spent appears only in the lists, so tree and lists are not compared.
    ///
    /// # Errors
    /// If any of that is false.
    pub fn check(&self) -> Result<(), ProfileError> {
        if self.schema != PROFILE_SCHEMA {
            return Err(ProfileError::Schema(self.schema));
        }
        self.check_positions()?;
        self.check_sums()?;
        if !self.profile.truncated {
            self.check_callees()?;
        }
        self.check_receipt()
    }

    fn check_positions(&self) -> Result<(), ProfileError> {
        let profile = &self.profile;
        for (place, node) in profile.tree.iter().enumerate() {
            let has_callee = match &node.callee {
                Callee::Function(position) => *position < profile.functions.len(),
                Callee::Hostio(name) => profile.hostios.iter().any(|hostio| hostio.name == *name),
            };
            if !has_callee || node.parent.is_some_and(|parent| parent >= place) {
                return Err(ProfileError::Place(place));
            }
        }
        let mut callers = profile.allocations.calls.iter().map(|by| by.caller);
        match callers.find(|caller| *caller >= profile.functions.len()) {
            Some(caller) => Err(ProfileError::Allocator(caller)),
            None => Ok(()),
        }
    }

    fn check_sums(&self) -> Result<(), ProfileError> {
        let profile = &self.profile;
        let spent = self.spent();
        let tree = total(profile.tree.iter().map(|node| node.self_ink));
        let functions = total(profile.functions.iter().map(|function| function.self_ink));
        let hostios = total(profile.hostios.iter().map(|hostio| hostio.ink));
        for (what, counted) in [
            ("places", tree),
            ("functions and host calls", functions + hostios),
        ] {
            let counted = counted + u128::from(profile.forfeited.0);
            if counted != spent {
                return Err(ProfileError::Sum {
                    what,
                    counted,
                    spent,
                });
            }
        }
        Ok(())
    }

    fn check_callees(&self) -> Result<(), ProfileError> {
        let profile = &self.profile;
        let mut in_tree: HashMap<&Callee, (u128, u128)> = HashMap::new();
        for node in &profile.tree {
            let (calls, ink) = in_tree.entry(&node.callee).or_default();
            *calls += u128::from(node.calls);
            *ink += u128::from(node.self_ink.0);
        }
        let functions = profile
            .functions
            .iter()
            .enumerate()
            .map(|(position, function)| {
                let callee = Callee::Function(position);
                (callee, &*function.name, function.calls, function.self_ink)
            });
        let hostios = profile.hostios.iter().map(|hostio| {
            let callee = Callee::Hostio(hostio.name.clone());
            (callee, &*hostio.name, hostio.calls, hostio.ink)
        });
        for (callee, name, calls, ink) in functions.chain(hostios) {
            let listed = (u128::from(calls), u128::from(ink.0));
            if in_tree.get(&callee) != Some(&listed) {
                return Err(ProfileError::Callee(name.to_owned()));
            }
        }
        Ok(())
    }

    fn check_receipt(&self) -> Result<(), ProfileError> {
        // `Parts` are added up in 64 bits.
        let fits = u64::try_from(self.spent() + u128::from(self.parts.rounding.0)).is_ok();
        if fits && self.parts.total(self.ink_per_gas) == Some(self.gas) {
            Ok(())
        } else {
            Err(ProfileError::Receipt)
        }
    }

    /// Ink of the program by the receipt's parts, even if they exceed 64 bits.
    fn spent(&self) -> u128 {
        let parts = &self.parts;
        let hostios = parts.hostios.values().map(|hostio| hostio.ink);
        total(
            hostios
                .chain([parts.wasm, parts.pages, parts.forfeited])
                .collect::<Vec<_>>(),
        )
    }
}

/// The sum, in more bits than any file can fill.
fn total(inks: impl IntoIterator<Item = Ink>) -> u128 {
    inks.into_iter().map(|ink| u128::from(ink.0)).sum()
}
