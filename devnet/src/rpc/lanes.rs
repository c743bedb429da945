//! Where requests run: each kind has its own lane, so that no kind waits behind another's long ones.
//!
//! Lives here: how many run at once, how many may wait, their deadlines, and stopping them. Not here: which method uses which lane
//! (`methods`), and how a run stops halfway (`evm`).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::evm::{Interrupt, Interrupted};
use crate::node::STACK;
use crate::rpc::error::RpcError;
use crate::rpc::tries::{Tries, processors};

/// How much longer a change of the chain can take than a question: its gas bounds it, but an owner may have made gas cheap.
const PATIENCE: u32 = 12;

/// How much longer a change of the chain is waited for after it was told to end: it may have been made, and its sender must know.
const GRACE: Duration = Duration::from_secs(2);

/// How many changes run at once. They take turns, once they have prepared, but on a fork each may wait for the node first.
const CHANGES: usize = 32;

/// How many reads wait for a forked chain's node at once, which takes no processor.
const UPSTREAM: usize = 256;

/// How many questions run at once: far more than there are processors, so that a short one gets its turn among dozens of endless
/// ones. Each may use its memory limit in full, so there are not hundreds.
const QUESTIONS: usize = 48;

/// How many requests can wait at once for a transaction's block. Each holds a connection meanwhile, and most connections should stay free
/// for others.
pub(super) const MOST_AWAITED: usize = 256;

/// A kind of request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Lane {
    /// Reads of a block, a transaction or an account, which are short even where their answers are not.
    Lookups,
    /// Reads that go through the chain, its state or its pool.
    Searches,
    /// Runs on a state.
    Questions,
    /// Reads that wait for the node of a forked chain.
    UpstreamReads,
    /// Runs that do.
    UpstreamQuestions,
    /// Changes of the chain.
    Changes,
}

impl Lane {
    /// Where a request goes on once it has to wait for the node of a forked chain.
    pub(super) fn upstream(self) -> Self {
        match self {
            Self::Lookups | Self::Searches | Self::UpstreamReads => Self::UpstreamReads,
            Self::Questions | Self::UpstreamQuestions => Self::UpstreamQuestions,
            Self::Changes => Self::Changes,
        }
    }
}

/// All lanes; cheap to clone.
#[derive(Clone)]
pub(crate) struct Lanes(Arc<Inner>);

struct Inner {
    /// Where questions run, created with the first one: on threads of lower priority. `None` if such threads are unavailable; questions
    /// then run where everything else does.
    humble: OnceLock<Option<Runtime>>,
    lookups: Places,
    searches: Places,
    questions: Places,
    upstream_reads: Places,
    upstream_questions: Places,
    changes: Places,
    /// One permit for each request that can wait for a block.
    awaited: Arc<Semaphore>,
    tries: Tries,
    /// The time limit of a question.
    limit: Option<Duration>,
    active: Mutex<Active>,
}

/// A lane's room.
struct Places {
    name: &'static str,
    /// One permit for each that runs.
    running: Arc<Semaphore>,
    /// One permit for each that runs or waits.
    all: Arc<Semaphore>,
    at_once: usize,
    waiting: usize,
}

/// Everything that runs or waits, to be stopped all at once.
#[derive(Default)]
struct Active {
    next: u64,
    interrupts: BTreeMap<u64, Interrupt>,
    is_stopping: bool,
}

/// Starts threads of low priority, so that a devnet whose processors are all busy with long questions still answers short ones and makes
/// blocks. Only the runtime's blocking threads are used; nothing asynchronous runs on it.
fn humble(threads: usize) -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(threads)
        .thread_name("stylus-question")
        .thread_stack_size(STACK)
        .on_thread_start(give_way)
        .build()
}

/// Lowers the calling thread's priority from now on.
pub(crate) fn give_way() {
    // Elsewhere a priority applies to the whole process. If it cannot be set, nothing changes.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, 10);
}

impl Drop for Inner {
    fn drop(&mut self) {
        // The last reference may be dropped by a task, which must not block.
        if let Some(humble) = self.humble.take().flatten() {
            humble.shutdown_background();
        }
    }
}

impl Places {
    fn new(name: &'static str, at_once: usize, waiting: usize) -> Self {
        Self {
            name,
            running: Arc::new(Semaphore::new(at_once)),
            all: Arc::new(Semaphore::new(at_once + waiting)),
            at_once,
            waiting,
        }
    }

    /// A permit to wait.
    fn enter(&self) -> Result<OwnedSemaphorePermit, RpcError> {
        self.all.clone().try_acquire_owned().map_err(|_| {
            RpcError::busy(format!(
                "the devnet is busy: {} {} run and {} wait already; ask again later",
                self.at_once, self.name, self.waiting
            ))
        })
    }
}

impl Lanes {
    /// Lanes on which a question may take up to `limit`.
    pub(crate) fn new(limit: Option<Duration>) -> Self {
        let processors = processors();
        Self(Arc::new(Inner {
            humble: OnceLock::new(),
            lookups: Places::new("lookups", processors.max(4), 1_024),
            searches: Places::new("searches", processors.max(4), 1_024),
            questions: Places::new("calls and traces", QUESTIONS, 1_024),
            upstream_reads: Places::new("reads of the forked chain", UPSTREAM, 1_024),
            upstream_questions: Places::new("calls on the forked chain", QUESTIONS, 1_024),
            changes: Places::new("changes of the chain", CHANGES, 8_192),
            awaited: Arc::new(Semaphore::new(MOST_AWAITED)),
            tries: Tries::default(),
            limit,
            active: Mutex::default(),
        }))
    }

    /// A permit to wait for a transaction's block; `None` if the maximum is reached.
    pub(super) fn wait(&self) -> Option<OwnedSemaphorePermit> {
        self.0.awaited.clone().try_acquire_owned().ok()
    }

    /// Interrupts everything that runs or waits, and refuses new requests.
    pub(crate) fn stop(&self) {
        let mut active = self.active();
        active.is_stopping = true;
        for interrupt in active.interrupts.values() {
            interrupt.raise(Interrupted::Stopping);
        }
    }

    /// The budget for requests tried without a lane; `None` if the devnet is stopping.
    pub(super) fn tries(&self) -> Option<&Tries> {
        (!self.active().is_stopping).then_some(&self.0.tries)
    }

    /// Runs `work`, which arrived at `arrived`, on its lane and waits for the result. If the caller stops waiting, a question
    /// stops; a change completes all the same, because its sender may rely on it.
    ///
    /// # Errors
    /// Those of `work`; also if there is no room for it, or its time is up.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        lane: Lane,
        arrived: Instant,
        work: impl FnOnce(&Interrupt) -> Result<T, RpcError> + Send + 'static,
    ) -> Result<T, RpcError> {
        let (places, limit) = match lane {
            Lane::Lookups => (&self.0.lookups, self.0.limit),
            Lane::Searches => (&self.0.searches, self.0.limit),
            Lane::Questions => (&self.0.questions, self.0.limit),
            Lane::UpstreamReads => (&self.0.upstream_reads, self.0.limit),
            Lane::UpstreamQuestions => (&self.0.upstream_questions, self.0.limit),
            Lane::Changes => (&self.0.changes, self.0.limit.map(|limit| PATIENCE * limit)),
        };
        let place = places.enter()?;
        let guard = self
            .begin()
            .ok_or_else(|| RpcError::refused(Interrupted::Stopping))?;
        let running = places.running.clone();
        let humble = || self.0.humble.get_or_init(|| humble(2 * QUESTIONS).ok());
        let threads = match lane {
            Lane::Questions | Lane::UpstreamQuestions => {
                humble().as_ref().map(|it| it.handle().clone())
            }
            Lane::Lookups | Lane::Searches | Lane::UpstreamReads | Lane::Changes => None,
        };
        let threads = threads.unwrap_or_else(tokio::runtime::Handle::current);
        let whole = async move {
            let interrupt = guard.interrupt.clone();
            let run = async move {
                // The semaphore is never closed.
                let turn = running.acquire_owned().await;
                let run = move || {
                    let _until_the_end = (place, turn);
                    interrupt.check().map_err(RpcError::refused)?;
                    work(&interrupt)
                };
                threads.spawn_blocking(run).await
            };
            tokio::pin!(run);
            let ended = match limit {
                Some(limit) => tokio::time::timeout_at(arrived + limit, &mut run).await,
                None => Ok(run.as_mut().await),
            };
            match ended {
                Ok(Ok(result)) => result,
                Ok(Err(panic)) => Err(RpcError::internal(panic)),
                Err(_) => {
                    guard.interrupt.raise(Interrupted::Deadline);
                    let outcome = match lane {
                        Lane::Changes => tokio::time::timeout(GRACE, run).await.ok(),
                        _ => None,
                    };
                    match outcome {
                        Some(Ok(Ok(result))) => Ok(result),
                        _ => Err(RpcError::timeout(limit.unwrap_or_default())),
                    }
                }
            }
        };
        match lane {
            Lane::Changes => tokio::spawn(whole)
                .await
                .unwrap_or_else(|panic| Err(RpcError::internal(panic))),
            _ => whole.await,
        }
    }

    /// A flag that is raised when the devnet stops; `None` if it is already stopping.
    pub(crate) fn begin(&self) -> Option<Guard> {
        let mut active = self.active();
        if active.is_stopping {
            return None;
        }
        let id = active.next;
        active.next += 1;
        let interrupt = Interrupt::default();
        active.interrupts.insert(id, interrupt.clone());
        Some(Guard {
            id,
            interrupt,
            lanes: self.clone(),
        })
    }

    fn active(&self) -> MutexGuard<'_, Active> {
        self.0.active.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request's flag, which is raised when nobody waits for it any more.
pub(crate) struct Guard {
    id: u64,
    pub(crate) interrupt: Interrupt,
    lanes: Lanes,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.interrupt.raise(Interrupted::Abandoned);
        self.lanes.active().interrupts.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block_on<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap()
            .block_on(work)
    }

    /// Waits until the flag is raised; returns why.
    fn endless(interrupt: &Interrupt) -> Result<Interrupted, RpcError> {
        loop {
            match interrupt.check() {
                Ok(()) => std::thread::sleep(Duration::from_millis(1)),
                Err(why) => return Ok(why),
            }
        }
    }

    #[test]
    fn time_is_up_some_time() {
        let lanes = Lanes::new(Some(Duration::from_millis(500)));
        let (sender, receiver) = std::sync::mpsc::channel();
        let work = move |interrupt: &Interrupt| {
            sender.send(endless(interrupt)?).unwrap();
            Ok(())
        };
        let error = block_on(lanes.run(Lane::Questions, Instant::now(), work)).unwrap_err();
        assert_eq!(error.message(), "execution aborted (timeout = 500ms)");
        assert_eq!(receiver.recv().unwrap(), Interrupted::Deadline);
    }

    /// Theorem: a change that was made is told, even if its time was up.
    #[test]
    fn what_was_changed_is_told() {
        let check = |lane: Lane, is_told: bool| {
            let lanes = Lanes::new(Some(Duration::from_millis(20)));
            let told = block_on(lanes.run(lane, Instant::now(), endless));
            assert_eq!(told.is_ok(), is_told, "{lane:?}");
        };
        check(Lane::Changes, true);
        check(Lane::Questions, false);
    }

    #[test]
    fn nothing_runs_for_nobody() {
        let lanes = Lanes::new(None);
        let (sender, receiver) = std::sync::mpsc::channel();
        let work = move |interrupt: &Interrupt| {
            sender.send(endless(interrupt)?).unwrap();
            Ok(())
        };
        block_on(async {
            let run = lanes.run(Lane::Questions, Instant::now(), work);
            let _ = tokio::time::timeout(Duration::from_millis(20), run).await;
        });
        assert_eq!(receiver.recv().unwrap(), Interrupted::Abandoned);
    }

    #[test]
    fn a_full_lane_says_so() {
        let lanes = Lanes::new(None);
        let places = &lanes.0.questions;
        let all: Vec<_> = (0..places.at_once + places.waiting)
            .map(|_| places.enter().unwrap())
            .collect();
        let run = lanes.run(Lane::Questions, Instant::now(), |_| Ok(()));
        let error = block_on(run).unwrap_err();
        assert!(error.message().contains("busy"), "{}", error.message());
        drop(all);
        block_on(lanes.run(Lane::Questions, Instant::now(), |_| Ok(()))).unwrap();
    }

    /// Theorem: whatever runs or waits on other lanes, a short read gets its turn.
    #[test]
    fn long_reads_hold_up_no_short_ones() {
        let lanes = Lanes::new(None);
        let full: Vec<_> = [&lanes.0.searches, &lanes.0.questions, &lanes.0.changes]
            .into_iter()
            .flat_map(|places| {
                let all = u32::try_from(places.at_once).unwrap();
                let running = places.running.clone().try_acquire_many_owned(all);
                [running.unwrap(), places.enter().unwrap()]
            })
            .collect();
        block_on(lanes.run(Lane::Lookups, Instant::now(), |_| Ok(()))).unwrap();
        drop(full);
        block_on(lanes.run(Lane::Searches, Instant::now(), |_| Ok(()))).unwrap();
    }

    #[test]
    fn a_stop_ends_everything() {
        let lanes = Lanes::new(None);
        let stopping = lanes.clone();
        let run = lanes.run(Lane::Changes, Instant::now(), move |interrupt| {
            stopping.stop();
            endless(interrupt)
        });
        assert_eq!(block_on(run).unwrap(), Interrupted::Stopping);
        let run = lanes.run(Lane::Changes, Instant::now(), |_| Ok(()));
        assert_eq!(
            block_on(run).unwrap_err().message(),
            "the devnet is stopping"
        );
    }
}
