//! Runs the same work on several items at once.
//!
//! Lives here: how many at once, and keeping their order. Not here: the work.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use sysinfo::System;

/// The most memory one measurement can take: the whole address space of a 32-bit memory, which zeroing allocators do touch.
const BYTES_EACH: u64 = 4 << 30;

/// Does `work` on every item, several at a time; the results are in the order of `items`.
pub(crate) fn map<T: Send, R: Send>(items: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let workers = workers(items.len());
    map_with(workers, items, work)
}

fn map_with<T: Send, R: Send>(
    workers: usize,
    items: Vec<T>,
    work: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let queue = Mutex::new(items.into_iter().enumerate());
    // A closure, because as the condition of the loop, the lock would be held during the work.
    let next = || lock(&queue).next();
    let done = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some((index, item)) = next() {
                    let result = work(item);
                    lock(&done).push((index, result));
                }
            });
        }
    });
    let mut results = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|&(index, _)| index);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Locks `mutex`, even after a worker panicked: the scope propagates the panic, so nobody sees what it left.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// As many workers as there are cores, and as fit into memory.
pub(crate) fn workers(items: usize) -> usize {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let fit = usize::try_from(available() / BYTES_EACH).unwrap_or(cores);
    cores.min(fit).min(items).max(1)
}

/// The memory in bytes that this process can still take, also in a container that may not have all of the machine's; none where the system
/// does not say.
fn available() -> u64 {
    System::new().map_or(0, |mut system| {
        system.refresh_memory();
        let granted = system.cgroup_limits().map(|limits| limits.free_memory);
        system.available_memory().min(granted.unwrap_or(u64::MAX))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn results_keep_the_order_of_items() {
        for count in [0, 1, 2, 100] {
            let items: Vec<usize> = (0..count).collect();
            let doubled: Vec<usize> = items.iter().map(|item| item * 2).collect();
            assert_eq!(map(items, |item| item * 2), doubled);
        }
    }

    /// Theorem: as many items are worked on at once as there are workers; each waits until the others have begun.
    #[test]
    fn workers_overlap() {
        let begun = Barrier::new(3);
        let leaders = map_with(3, vec![(); 9], |()| begun.wait().is_leader());
        assert_eq!(leaders.iter().filter(|&&leader| leader).count(), 3);
    }

    /// Theorem: the system says how much memory there is. Otherwise everything would run one by one.
    #[test]
    fn there_is_memory() {
        assert!(available() > 0);
    }
}
