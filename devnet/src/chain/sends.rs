//! Messages to L1 as recorded in the chain's logs, and NodeInterface's `constructOutboxProof` over them.
//!
//! Lives here: the proof that a message is in the tree of the first `size` messages, which needs all blocks. Not here: the accumulator that
//! the chain keeps (`arbos::sends`), sending (`precompiles`).

use alloy_primitives::{B256, BloomInput, Bytes, TxKind, keccak256};
use alloy_sol_types::{Revert, SolCall as _, SolError as _, SolEvent as _};
use stylus_vm::Gas;

use crate::addresses::{ARB_SYS, NODE_INTERFACE};
use crate::chain::Chain;
use crate::chain::request::{Ending, Executed, Request};
use crate::precompiles::ArbSys::L2ToL1Tx;
use crate::precompiles::NodeInterface::{constructOutboxProofCall, constructOutboxProofReturn};

/// Why there is no proof.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
enum ProofError {
    #[error("leaf does not exist: {leaf} is not among the first {size} messages")]
    Leaf { leaf: u64, size: u64 },
    #[error(
        "the proof needs all messages, and {count} were sent before block {first}, where this chain was forked: ask its node"
    )]
    Forked { count: u64, first: u64 },
    #[error(
        "leaf does not exist: only {count} messages were sent, and the proof is to be over {size}"
    )]
    Size { size: u64, count: u64 },
}

impl Chain {
    /// Answers a call that asks for a proof; returns `None` for any other call.
    pub(crate) fn outbox_proof(&self, request: &Request) -> Option<Executed> {
        if request.to != TxKind::Call(NODE_INTERFACE) {
            return None;
        }
        let asked = constructOutboxProofCall::abi_decode(&request.input).ok()?;
        let proof = match self.blocks.first() {
            Some(first) if self.origin.is_some() && first.send_count() > 0 => {
                Err(ProofError::Forked {
                    count: first.send_count(),
                    first: first.header.number,
                })
            }
            _ => proof(&self.sends(), asked.size, asked.leaf),
        };
        let (ending, output) = match proof {
            Ok(proof) => {
                let output = constructOutboxProofCall::abi_encode_returns(&proof);
                (Ending::Success, output)
            }
            Err(error) => (Ending::Revert, Revert::from(error.to_string()).abi_encode()),
        };
        Some(Executed {
            ending,
            gas_used: Gas::ZERO,
            output: Bytes::from(output),
            logs: Vec::new(),
            reason: None,
        })
    }

    /// Returns the hashes of all messages to L1, in order.
    fn sends(&self) -> Vec<B256> {
        let is_sender = |block: &crate::chain::Block| {
            let bloom = &block.header.logs_bloom;
            bloom.contains_input(BloomInput::Raw(ARB_SYS.as_slice()))
        };
        self.blocks
            .iter()
            .filter(|block| is_sender(block))
            .flat_map(|block| &block.receipts)
            .flat_map(|receipt| &receipt.logs)
            .filter(|log| log.address == ARB_SYS)
            .filter_map(|log| L2ToL1Tx::decode_log_data(&log.data).ok())
            .map(|sent| sent.hash.into())
            .collect()
    }
}

/// Proves that message `leaf` is in the tree of the first `size`.
fn proof(sends: &[B256], size: u64, leaf: u64) -> Result<constructOutboxProofReturn, ProofError> {
    let count = sends.len() as u64;
    if size > count {
        return Err(ProofError::Size { size, count });
    }
    if leaf >= size {
        return Err(ProofError::Leaf { leaf, size });
    }
    // Both are at most the length of a slice.
    let (size, mut place) = (size as usize, leaf as usize);
    let send = sends[place];
    let mut nodes: Vec<B256> = sends[..size].iter().map(keccak256).collect();
    let mut siblings = Vec::new();
    while nodes.len() > 1 {
        siblings.push(nodes.get(place ^ 1).copied().unwrap_or_default());
        place /= 2;
        nodes = nodes
            .chunks(2)
            .map(|pair| {
                // A missing right sibling counts as zero.
                let right = pair.get(1).copied().unwrap_or_default();
                keccak256([pair[0].as_slice(), right.as_slice()].concat())
            })
            .collect();
    }
    Ok(constructOutboxProofReturn {
        send,
        root: nodes.first().copied().unwrap_or_default(),
        proof: siblings,
    })
}

#[cfg(test)]
mod tests {
    use alloy_primitives::U256;

    use super::*;

    /// Theorem: the root can be computed from a leaf and its siblings, for every leaf of trees of any size, and all leaves of a tree give
    /// the same root.
    #[test]
    fn a_proof_leads_to_the_root() {
        let sends: Vec<B256> = (1..=40_u64).map(|n| U256::from(n).into()).collect();
        for size in 1..=40 {
            let root = proof(&sends, size, 0).unwrap().root;
            for leaf in 0..size {
                let proof = proof(&sends, size, leaf).unwrap();
                let mut hash = keccak256(proof.send);
                let mut place = leaf;
                for sibling in &proof.proof {
                    let (left, right) = match place % 2 {
                        0 => (hash, *sibling),
                        _ => (*sibling, hash),
                    };
                    hash = keccak256([left.as_slice(), right.as_slice()].concat());
                    place /= 2;
                }
                assert_eq!(hash, root, "leaf {leaf} of {size}");
                assert_eq!(proof.root, root);
            }
        }
    }

    #[test]
    fn what_has_no_proof() {
        let sends = [B256::ZERO; 3];
        let check = |size, leaf, error| assert_eq!(proof(&sends, size, leaf), Err(error));
        check(4, 0, ProofError::Size { size: 4, count: 3 });
        check(2, 2, ProofError::Leaf { leaf: 2, size: 2 });
        check(
            u64::MAX,
            0,
            ProofError::Size {
                size: u64::MAX,
                count: 3,
            },
        );
    }
}
