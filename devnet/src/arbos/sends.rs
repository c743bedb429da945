//! Messages to L1: the Merkle accumulator over them.
//!
//! Lives here: appending to it, its root and its partial trees, in Nitro's layout. Not here: what a message is
//! (`precompiles::arb_sys`), and proofs (`chain::sends`).
//!
//! A level of the accumulator holds a complete subtree or nothing. A missing right sibling counts as zero, so the tree has a
//! root at any size.

use alloy_primitives::{B256, U256, keccak256};

use crate::arbos::Store;
use crate::arbos::field::Field;
use crate::arbos::slots::{Slot, sends};

/// A node that an append completed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Node {
    /// Its height above the leaves.
    pub(crate) level: u64,
    /// The last leaf under it.
    pub(crate) leaf: u64,
    pub(crate) hash: B256,
}

impl Node {
    /// Level and leaf as one number, as in events: the level in the upper 64 bits.
    pub(crate) fn position(&self) -> U256 {
        (U256::from(self.level) << 192_usize) + U256::from(self.leaf)
    }
}

/// The number of messages.
pub(crate) fn size() -> Field<u64> {
    Field::at(sends(), 0)
}

/// Appends a message's hash and returns the nodes that it completed, the lowest first.
///
/// # Errors
/// If the store refuses.
pub(crate) fn append<S: Store>(store: &mut S, message: B256) -> Result<Vec<Node>, S::Refused> {
    let leaf = size().increment(store)? - 1;
    let mut nodes = Vec::new();
    // Hashed once more, so that no message can pass for a branch. Nitro does not charge for this.
    let mut hash = keccak256(message);
    for level in 0.. {
        if level == levels(leaf) {
            store.write(partial_at(level), hash.into())?;
            break;
        }
        let left = partial(store, level)?;
        if left.is_zero() {
            store.write(partial_at(level), hash.into())?;
            break;
        }
        hash = store.keccak(&[left.as_slice(), hash.as_slice()])?;
        store.write(partial_at(level), U256::ZERO)?;
        nodes.push(Node {
            level: level + 1,
            leaf,
            hash,
        });
    }
    Ok(nodes)
}

/// The root over all messages; zero if there are none.
///
/// # Errors
/// If the store refuses.
pub(crate) fn root<S: Store>(store: &mut S) -> Result<B256, S::Refused> {
    let size = size().get(store)?;
    let mut root: Option<(B256, u64)> = None;
    for level in 0..levels(size) {
        let left = partial(store, level)?;
        if left.is_zero() {
            continue;
        }
        root = Some(match root {
            None => (left, level),
            Some((mut right, from)) => {
                for _ in from..level {
                    right = store.keccak(&[right.as_slice(), B256::ZERO.as_slice()])?;
                }
                let both = store.keccak(&[left.as_slice(), right.as_slice()])?;
                (both, level + 1)
            }
        });
    }
    Ok(root.map(|(root, _)| root).unwrap_or_default())
}

/// The complete subtrees, the smallest first; zero at levels without one.
///
/// # Errors
/// If the store refuses.
pub(crate) fn partials<S: Store>(store: &mut S) -> Result<Vec<B256>, S::Refused> {
    let size = size().get(store)?;
    (0..levels(size))
        .map(|level| partial(store, level))
        .collect()
}

/// The number of levels of a tree with `size` leaves.
fn levels(size: u64) -> u64 {
    u64::from(u64::BITS - size.leading_zeros())
}

fn partial<S: Store>(store: &mut S, level: u64) -> Result<B256, S::Refused> {
    store.read(partial_at(level)).map(B256::from)
}

fn partial_at(level: u64) -> Slot {
    sends().at(2 + level)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::State;

    /// The root by its definition: pairs, level by level; an unpaired last node is paired with zero.
    fn model(messages: &[B256]) -> B256 {
        let mut nodes: Vec<B256> = messages.iter().map(keccak256).collect();
        while nodes.len() > 1 {
            nodes = nodes
                .chunks(2)
                .map(|pair| {
                    let right = pair.get(1).copied().unwrap_or_default();
                    keccak256([pair[0].as_slice(), right.as_slice()].concat())
                })
                .collect();
        }
        nodes.first().copied().unwrap_or_default()
    }

    /// Theorem: at any size the root is that of the tree over all messages, and the returned nodes are the newly completed
    /// ones.
    #[test]
    fn the_root_is_that_of_the_tree() {
        let mut state = State::default();
        let mut messages = Vec::new();
        for n in 0..70_u64 {
            let Ok(got) = root(&mut state);
            assert_eq!(got, model(&messages), "{n} messages");
            let Ok(trees) = partials(&mut state);
            assert_eq!(trees.len() as u64, levels(n));
            let message = B256::from(U256::from(n * n + 1));
            messages.push(message);
            let Ok(nodes) = append(&mut state, message);
            assert_eq!(nodes.len() as u32, (n + 1).trailing_zeros(), "{n}");
            for node in nodes {
                let first = (n + 1 - (1 << node.level)) as usize;
                assert_eq!(node.hash, model(&messages[first..]), "{node:?}");
                assert_eq!(node.leaf, n);
            }
        }
    }
}
