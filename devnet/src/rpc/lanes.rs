//! Where requests run: each kind on a lane of its own, so that none waits behind another kind's long ones.
//!
//! Lives here: how many run at once, how many may wait, until when, and who ends them. Not here: which method goes where
//! (`methods`), and how a run ends in the middle (`evm`).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::evm::{Interrupt, Interrupted};
use crate::rpc::error::RpcError;

/// How much longer than a question a change of the chain may take: it is bounded by its gas, which an owner may have made cheap.
const PATIENCE: u32 = 12;

/// How many questions run at once: far more than there are processors, so that a short one has its turn among dozens of endless ones.
/// Each may hold what its memory limit allows, so there are not hundreds.
const QUESTIONS: usize = 48;

/// A kind of request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Lane {
    /// Reads what may be long.
    Lookups,
    /// Runs something on a state.
    Questions,
    /// Changes the chain.
    Changes,
}

/// All lanes; cheap to clone.
#[derive(Clone)]
pub(crate) struct Lanes(Arc<Inner>);

struct Inner {
    /// Where questions run, from the first one on: threads that give way to all others. `None` where they cannot be had; questions then
    /// run where the rest does.
    humble: OnceLock<Option<Runtime>>,
    lookups: Places,
    questions: Places,
    changes: Places,
    /// Until when a question may take.
    limit: Option<Duration>,
    active: Mutex<Active>,
}

/// A lane's room.
struct Places {
    name: &'static str,
    /// One for each that runs.
    running: Arc<Semaphore>,
    /// One for each that runs or waits.
    all: Arc<Semaphore>,
    at_once: usize,
    waiting: usize,
}

/// What runs or waits, to be ended all at once.
#[derive(Default)]
struct Active {
    next: u64,
    interrupts: BTreeMap<u64, Interrupt>,
    is_stopping: bool,
}

/// Threads of a low priority, so that a devnet whose processors are all taken by long questions still answers the short ones and
/// mines. The runtime is for its blocking threads; nothing asynchronous runs there.
fn humble(threads: usize) -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(threads)
        .thread_name("stylus-question")
        .on_thread_start(give_way)
        .build()
}

/// From now on the calling thread runs when others leave it a processor.
fn give_way() {
    // Elsewhere a priority is the whole process's. Where it cannot be set, things work as before.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, 10);
}

impl Drop for Inner {
    fn drop(&mut self) {
        // The last one who speaks to the devnet may be a task, which must not wait.
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

    /// A place to wait in.
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
    /// Lanes on which a question may take until `limit`.
    pub(crate) fn new(limit: Option<Duration>) -> Self {
        let processors = std::thread::available_parallelism().map_or(4, usize::from);
        Self(Arc::new(Inner {
            humble: OnceLock::new(),
            lookups: Places::new("lookups", processors.max(4), 1_024),
            questions: Places::new("calls and traces", QUESTIONS, 1_024),
            // They take turns anyway, once what they prepare is done.
            changes: Places::new("changes of the chain", processors.max(4), 8_192),
            limit,
            active: Mutex::default(),
        }))
    }

    /// Ends everything that runs or waits; what comes later is refused.
    pub(crate) fn stop(&self) {
        let mut active = self.active();
        active.is_stopping = true;
        for interrupt in active.interrupts.values() {
            interrupt.raise(Interrupted::Stopping);
        }
    }

    /// Runs `work`, which arrived at `arrived`, on its lane and waits for what it comes to. Where the caller gives up waiting, a
    /// question ends; a change is carried out all the same, as whoever has sent it may count on it.
    ///
    /// # Errors
    /// Those of `work`; where there is no room for it, and where its time is over.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        lane: Lane,
        arrived: Instant,
        work: impl FnOnce(&Interrupt) -> Result<T, RpcError> + Send + 'static,
    ) -> Result<T, RpcError> {
        let (places, limit) = match lane {
            Lane::Lookups => (&self.0.lookups, self.0.limit),
            Lane::Questions => (&self.0.questions, self.0.limit),
            Lane::Changes => (&self.0.changes, self.0.limit.map(|limit| PATIENCE * limit)),
        };
        let place = places.enter()?;
        let guard = self
            .begin()
            .ok_or_else(|| RpcError::refused(Interrupted::Stopping))?;
        let running = places.running.clone();
        let humble = || self.0.humble.get_or_init(|| humble(QUESTIONS).ok());
        let threads = match lane {
            Lane::Questions => humble().as_ref().map(|it| it.handle().clone()),
            Lane::Lookups | Lane::Changes => None,
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
            let ended = match limit {
                Some(limit) => tokio::time::timeout_at(arrived + limit, run).await,
                None => Ok(run.await),
            };
            match ended {
                Ok(Ok(result)) => result,
                Ok(Err(panic)) => Err(RpcError::internal(panic)),
                Err(_) => {
                    guard.interrupt.raise(Interrupted::Deadline);
                    Err(RpcError::timeout(limit.unwrap_or_default()))
                }
            }
        };
        match lane {
            Lane::Changes => tokio::spawn(whole)
                .await
                .unwrap_or_else(|panic| Err(RpcError::internal(panic))),
            Lane::Lookups | Lane::Questions => whole.await,
        }
    }

    /// A flag that goes up when the devnet stops; `None` where it does already.
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

/// A request's flag, which goes up when nobody waits for it any more.
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

    /// Until the flag goes up; then why.
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
