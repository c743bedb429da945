//! The programs that a block has called recently, which cost less to start (ArbOS 60).
//!
//! Lives here: the list and its only operation. Not here: what a start costs (`stylus_vm`).

use std::num::NonZeroUsize;

use alloy_primitives::B256;
use lru::LruCache;

/// Code hashes in the order of their last call. No revert undoes a call: even a failed one makes a program recent.
#[derive(Clone, Default)]
pub(crate) struct RecentPrograms(Option<LruCache<B256, ()>>);

impl RecentPrograms {
    /// Records a call of `program`, and returns whether it was already recent. `capacity` counts only for the first call in a block; zero
    /// means one.
    pub(crate) fn call(&mut self, program: B256, capacity: u16) -> bool {
        let capacity = NonZeroUsize::new(capacity.into()).unwrap_or(NonZeroUsize::MIN);
        let programs = self.0.get_or_insert_with(|| LruCache::new(capacity));
        programs.put(program, ()).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(capacity: u16, calls: &[(u8, bool)]) {
        let mut recent = RecentPrograms::default();
        for (call, (program, was_recent)) in calls.iter().enumerate() {
            let got = recent.call(B256::repeat_byte(*program), capacity);
            assert_eq!(
                got, *was_recent,
                "call {call} of {calls:?} at capacity {capacity}"
            );
        }
    }

    #[test]
    fn the_least_recent_goes_first() {
        check(
            2,
            &[
                (1, false),
                (1, true),
                (2, false),
                (1, true),
                (3, false),
                (2, false),
                (3, true),
            ],
        );
        check(1, &[(1, false), (2, false), (1, false), (1, true)]);
        check(0, &[(1, false), (1, true), (2, false)]);
    }
}
