//! A Merkle tree over 64 leaves, level by level, and the proof of each leaf made and followed. The hash is a stand-in of a few
//! instructions: what a real one costs is not the allocator's.

use std::hint::black_box;

workloads::workload!(run);

type Hash = [u64; 4];

fn run() -> u64 {
    let leaves: Vec<Hash> = (0..64).map(|leaf| [leaf, 1, 2, 3]).collect();
    let mut levels = vec![leaves];
    while let Some(below) = levels.last().filter(|level| level.len() > 1) {
        let above = below.chunks(2).map(|pair| hash(pair[0], pair[1])).collect();
        levels.push(above);
    }
    let root = levels[levels.len() - 1][0];
    for leaf in 0..64 {
        let proof = black_box(prove(&levels, leaf));
        assert!(follow(levels[0][leaf], leaf, &proof) == root);
    }
    root[0]
}

fn prove(levels: &[Vec<Hash>], leaf: usize) -> Vec<Hash> {
    let mut proof = Vec::new();
    for (height, level) in levels[..levels.len() - 1].iter().enumerate() {
        proof.push(level[(leaf >> height) ^ 1]);
    }
    proof
}

fn follow(leaf: Hash, index: usize, proof: &[Hash]) -> Hash {
    proof
        .iter()
        .enumerate()
        .fold(leaf, |node, (height, &other)| {
            if (index >> height) & 1 == 0 {
                hash(node, other)
            } else {
                hash(other, node)
            }
        })
}

fn hash(left: Hash, right: Hash) -> Hash {
    let mut out = left;
    for (word, other) in out.iter_mut().zip(right) {
        *word = workloads::mix(*word, other);
    }
    out
}
