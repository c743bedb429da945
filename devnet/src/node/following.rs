//! Blocks of transactions that waited for another one: each has its own, in a turn of its own.
//!
//! Lives here: who makes these blocks, and how long the sender of the other transaction waits for them. Not here: which transactions are
//! ready (`chain::pool`).
//!
//! There may be thousands. A thread of its own makes their blocks, so that others get their turns in between, and so that the transaction
//! before them is answered by its own outcome.

use std::collections::HashSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use alloy_primitives::Address;

use crate::chain::{Aside, Transaction};
use crate::evm::{Interrupt, Invalid};
use crate::node::{Node, STACK};
use crate::state::source::{SourceError, attempt};

/// How long a sender waits for the blocks that follow: mostly they are few, and many clients expect them at once.
const PATIENCE: Duration = Duration::from_secs(1);

/// Whether such blocks are being made.
#[derive(Default)]
pub(super) struct Following {
    is_busy: Mutex<bool>,
    is_over: Condvar,
}

impl Following {
    fn is_busy(&self) -> MutexGuard<'_, bool> {
        self.is_busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until all blocks are made, but not for long.
    pub(super) fn wait(&self) {
        let is_busy = self.is_busy();
        // Those that take longer are made all the same.
        let _ = self
            .is_over
            .wait_timeout_while(is_busy, PATIENCE, |is_busy| *is_busy);
    }
}

/// The making of these blocks, which ends when this is dropped.
struct Run {
    node: Node,
    /// Transactions for which a forked chain's node does not answer.
    aside: Vec<Aside>,
    /// Their senders.
    late: HashSet<Address>,
}

impl Run {
    /// Begins, unless somebody is making them already.
    fn begin(node: &Node) -> Option<Self> {
        let was_busy = std::mem::replace(&mut *node.shared.following.is_busy(), true);
        (!was_busy).then(|| Self {
            node: node.clone(),
            aside: Vec::new(),
            late: HashSet::new(),
        })
    }

    fn set_aside(&mut self, transaction: Arc<Transaction>, why: SourceError) {
        self.late.insert(transaction.sender);
        self.aside.push(Aside { transaction, why });
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.node.tell_waiting(&self.aside, None);
        let following = &self.node.shared.following;
        *following.is_busy() = false;
        following.is_over.notify_all();
    }
}

impl Node {
    /// Makes blocks of the transactions that are ready, if one is made of each at once; waits for them, but not for long.
    pub(crate) fn catch_up(&self) {
        let turn = self.turn();
        let has_begun = self.follow();
        drop(turn);
        if has_begun {
            self.shared.following.wait();
        }
    }

    /// Begins to make blocks of the transactions that are ready, if there are any and blocks are made at once; for the holder of the
    /// turn. Returns whether it did.
    pub(super) fn follow(&self) -> bool {
        let is_due = {
            let chain = self.chain();
            chain.automine() && chain.has_ready()
        };
        if !is_due {
            return false;
        }
        let (Some(guard), Some(run)) = (self.lanes().begin(), Run::begin(self)) else {
            return false;
        };
        let work = move || {
            let interrupt = guard.interrupt.clone();
            // What a forked chain does not say stays undone, until the next transaction.
            let _ = attempt(|| make_all(run, &interrupt));
        };
        let thread = std::thread::Builder::new().name("stylus-follower".into());
        thread.stack_size(STACK).spawn(work).is_ok()
    }
}

/// Makes a block of each transaction that is ready, until there are none. One that has become impossible is dropped, as everywhere. One that
/// needs what a forked chain's node does not say keeps waiting, and only its sender's do so with it.
fn make_all(mut run: Run, interrupt: &Interrupt) {
    let node = run.node.clone();
    let mut asked = HashSet::new();
    let mut ready: std::vec::IntoIter<Arc<Transaction>> = Vec::new().into_iter();
    loop {
        let mut turn = node.turn();
        let next = {
            let chain = node.chain();
            // Others had their turns since they were listed.
            let listed = ready.find(|it| chain.is_ready(it) && !run.late.contains(&it.sender));
            listed.or_else(|| {
                ready = chain.ready().into_iter();
                ready.find(|it| !run.late.contains(&it.sender))
            })
        };
        let next = next.filter(|_| node.chain().automine() && interrupt.reason().is_none());
        // During this turn, so that the next sender either leaves its followers to this run or begins another.
        let Some(transaction) = next else {
            drop(run);
            return;
        };
        let draft = || node.chain().draft(node.now(), interrupt);
        let mut alone = draft();
        // If what it needs has changed since it was asked for, that is asked for in this turn, so that this comes to an end.
        let asks = asked.contains(&transaction.hash);
        match alone.try_to_add(transaction.clone(), asks) {
            Ok(Ok(())) => node.make_alone(alone, transaction),
            Ok(Err(Invalid::Interrupted(_))) => {
                drop(run);
                return;
            }
            Ok(Err(_)) => node.chain_mut().forget(&transaction),
            Err(_) if !asks => {
                drop(turn);
                asked.insert(transaction.hash);
                match draft().try_to_add(transaction.clone(), true) {
                    // It is still the first.
                    Ok(_) => ready = Vec::new().into_iter(),
                    Err(why) => run.set_aside(transaction, why),
                }
                continue;
            }
            Err(why) => run.set_aside(transaction, why),
        }
        node.keep(&mut turn);
        parking_lot::MutexGuard::unlock_fair(turn);
    }
}
