//! A binary tree of 500 boxed nodes, built, walked and dropped.

use workloads::{Random, mix};

workloads::workload!(run);

struct Node {
    key: u32,
    left: Option<Box<Self>>,
    right: Option<Box<Self>>,
}

fn run() -> u64 {
    let mut random = Random::new(5);
    let mut root = None;
    for _ in 0..500 {
        let key = random.below(65_536);
        let mut place = &mut root;
        while let Some(node) = place {
            let node: &mut Box<Node> = node;
            place = if key < node.key {
                &mut node.left
            } else {
                &mut node.right
            };
        }
        *place = Some(Box::new(Node {
            key,
            left: None,
            right: None,
        }));
    }
    walk(root.as_deref(), 0)
}

fn walk(node: Option<&Node>, sum: u64) -> u64 {
    node.map_or(sum, |node| {
        let sum = walk(node.left.as_deref(), sum);
        walk(node.right.as_deref(), mix(sum, u64::from(node.key)))
    })
}
