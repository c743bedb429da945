//! Blocks on a fork whose node may not answer: a transaction that needs the node is set aside, and the others are not kept waiting.
//!
//! Lives here: who asks the node for transactions that wait for a block, and when. Not here: which of them need it (`chain::production`).
//!
//! Nobody holds the turn while the node is asked: a block is made of what is known. If that is too little for one of its transactions, they
//! run in a draft that is thrown away, which makes known what they need, and then the block is made anew.

use std::collections::HashSet;
use std::sync::{MutexGuard, PoisonError};
use std::thread::JoinHandle;

use alloy_primitives::B256;

use crate::chain::Aside;
use crate::evm::{Interrupt, Interrupted};
use crate::node::{Event, Node, STACK};
use crate::state::source::{SourceError, attempt};

/// For how many transactions of a block the node may fail to answer until it is asked for no others. It may lack one word and have all others;
/// but one that hangs takes its whole time for each.
const PATIENCE: usize = 2;

/// How often a block is begun anew because others have changed the chain while the node was asked.
const ROUNDS: u32 = 8;

/// What is known of the node not answering.
#[derive(Default)]
pub(super) struct Outage {
    /// Why it did not answer when it was asked for a block that is due at intervals. Until it does, no such block waits for it.
    why: Option<SourceError>,
    /// Asks it meanwhile.
    asking: Option<JoinHandle<()>>,
    /// Which waiting transactions the listener was told of.
    told: HashSet<B256>,
}

impl Node {
    /// Makes a block of the waiting transactions. Those that need what a forked chain's node does not say are set aside. The node is asked
    /// unless `outage` says why it did not answer before.
    ///
    /// # Errors
    /// If it was interrupted; no block is made then.
    pub(crate) fn mine(
        &self,
        interrupt: &Interrupt,
        outage: &mut Option<SourceError>,
    ) -> Result<(), Interrupted> {
        // What a transaction needs may depend on the time.
        let now = self.now();
        for round in 0.. {
            let turn = self.turn();
            let (mut draft, ready) = self.draft(now, interrupt);
            draft.add_all(ready, 0)?;
            if draft.aside().is_empty() || outage.is_some() || round == ROUNDS {
                let aside = draft.aside().to_vec();
                self.make(draft, turn);
                self.tell_waiting(&aside, outage.as_ref());
                break;
            }
            drop(turn);
            *outage = self.ask(now, interrupt, PATIENCE)?;
        }
        Ok(())
    }

    /// Makes a block that is due, without waiting for a node that did not answer for the one before.
    ///
    /// # Errors
    /// As for [`Self::mine`].
    pub(crate) fn mine_regularly(&self, interrupt: &Interrupt) -> Result<(), Interrupted> {
        let mut why = self.outage().why.clone();
        self.mine(interrupt, &mut why)?;
        let mut outage = self.outage();
        outage.why = why;
        let is_asking = outage.asking.as_ref().is_some_and(|it| !it.is_finished());
        if outage.why.is_some() && !is_asking {
            outage.asking = self.ask_meanwhile();
        }
        Ok(())
    }

    /// Asks the node for everything that the waiting transactions need, on a thread that nobody waits for.
    fn ask_meanwhile(&self) -> Option<JoinHandle<()>> {
        let run = self.lanes().begin()?;
        let node = self.clone();
        let work = move || {
            let asked = attempt(|| node.ask(node.now(), &run.interrupt, usize::MAX));
            if let Ok(Ok(why)) = asked {
                node.outage().why = why;
            }
        };
        let thread = std::thread::Builder::new().name("stylus-asker".into());
        thread.stack_size(STACK).spawn(work).ok()
    }

    /// Asks the node for what the waiting transactions need in a block made at `now`, unless it has not answered for `patience` others. Returns
    /// why it has not.
    ///
    /// # Errors
    /// If it was interrupted.
    fn ask(
        &self,
        now: u64,
        interrupt: &Interrupt,
        patience: usize,
    ) -> Result<Option<SourceError>, Interrupted> {
        let (mut draft, ready) = self.draft(now, interrupt);
        draft.add_all(ready, patience)?;
        Ok(draft.aside().first().map(|first| first.why.clone()))
    }

    /// Tells the listener which transactions wait for the node, once of each.
    pub(super) fn tell_waiting(&self, aside: &[Aside], outage: Option<&SourceError>) {
        let hashes = aside.iter().map(|it| it.transaction.hash).collect();
        let told = std::mem::replace(&mut self.outage().told, hashes);
        for Aside { transaction, why } in aside {
            let hash = transaction.hash;
            if !told.contains(&hash) {
                let why = outage.unwrap_or(why);
                self.tell(|| {
                    Event::Waiting(format!(
                        "transaction {hash} is in no block until the forked chain's node answers: {why}"
                    ))
                });
            }
        }
    }

    fn outage(&self) -> MutexGuard<'_, Outage> {
        let outage = &self.shared.outage;
        outage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
