//! The state of one running invocation: what the engine carries from one host call to the next.
//!
//! Lives here: the store data and its borrow of the host. Not here: what host calls do with it (`hostio`), how a run begins
//! and ends (`run`).

#![expect(
    unsafe_code,
    reason = "store data is 'static and the host is borrowed: the one erased lifetime of this crate"
)]

use alloy_primitives::{Address, Bytes};

use crate::config::Config;
use crate::explain::calls::Calls;
use crate::guest::{Guest, OutOfBounds, Reserve};
use crate::host::{Environment, Host, HostFault};
use crate::profile::record::Recorder;
use crate::storage::StorageCache;

/// Why a host call ends the program.
#[derive(Debug)]
pub(crate) enum Stop {
    /// `exit_early` with a status.
    Exit(u32),
    /// Ink ran out in a host call.
    OutOfInk,
    /// The call is impossible; the program fails and keeps its remaining gas.
    Failure(Failure),
    /// The host is broken; there is no outcome.
    Fault(HostFault),
}

/// What a program did wrong in a host call.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Failure {
    /// A pointer outside memory.
    #[error(transparent)]
    OutOfBounds(#[from] OutOfBounds),
    /// A write in a static call.
    #[error("the program tried to write in a static call")]
    Static,
    /// A log of more than four topics, or of fewer bytes than its topics take.
    #[error("the program emitted a log with {topics} topics in {len} bytes")]
    Log {
        /// Topics requested.
        topics: u32,
        /// Bytes given.
        len: u32,
    },
    /// Not enough gas to create a contract at all.
    #[error("the program created a contract with less gas than a create costs")]
    CreateGas,
    /// Out of gas in a flush, before ArbOS 50.
    #[error("the program ran out of gas while flushing its storage cache")]
    FlushGas,
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<OutOfBounds> for Stop {
    fn from(out_of_bounds: OutOfBounds) -> Self {
        Self::Failure(out_of_bounds.into())
    }
}

impl From<HostFault> for Stop {
    fn from(fault: HostFault) -> Self {
        Self::Fault(fault)
    }
}

/// The store data of one invocation.
pub(crate) struct Frame {
    host: HostRef,
    /// The instance, from just before its first instruction.
    pub(crate) guest: Option<Guest>,
    pub(crate) reserve: Reserve,
    pub(crate) config: Config,
    pub(crate) environment: Environment,
    pub(crate) calldata: Bytes,
    /// The last `write_result`.
    pub(crate) output: Vec<u8>,
    /// Return data of the last call or create.
    pub(crate) return_data: Bytes,
    pub(crate) storage: StorageCache,
    /// The last account whose code was read, which is free to read again.
    pub(crate) last_code: Option<(Address, Bytes)>,
    /// Why a host call ended the program, if one did.
    pub(crate) stop: Option<Stop>,
    /// Whether the host wants to trace every host call.
    pub(crate) is_tracing: bool,
    /// Words of depth that the run began with.
    pub(crate) words: u32,
    /// The most native stack, in bytes, that each of these words can take.
    pub(crate) bytes_per_word: u64,
    /// What watches the run, if anything does.
    pub(crate) watcher: Option<Watcher>,
}

/// What watches a run.
pub(crate) enum Watcher {
    /// Records where the ink goes.
    Recorder(Box<Recorder>),
    /// Keeps the last host calls.
    Calls(Box<Calls>),
}

impl Frame {
    /// The state of an invocation before its first instruction.
    ///
    /// # Safety
    /// * The frame must be dropped before `'h` ends: `host` is used for as long as the frame is.
    /// * `host` must not be used through anything but the frame until then.
    pub(crate) unsafe fn new<'h>(
        host: &'h mut (dyn Host + 'h),
        config: &Config,
        environment: Environment,
        calldata: Bytes,
    ) -> Self {
        let is_tracing = host.is_tracing();
        // SAFETY: the caller promises what `HostRef::new` requires.
        let host = unsafe { HostRef::new(host) };
        Self {
            host,
            guest: None,
            reserve: Reserve::default(),
            config: *config,
            environment,
            calldata,
            output: Vec::new(),
            return_data: Bytes::new(),
            storage: StorageCache::default(),
            last_code: None,
            stop: None,
            is_tracing,
            words: 0,
            bytes_per_word: 0,
            watcher: None,
        }
    }

    /// The recorder of where the ink goes, in a profiled run.
    pub(crate) fn recorder(&mut self) -> Option<&mut Recorder> {
        match &mut self.watcher {
            Some(Watcher::Recorder(recorder)) => Some(recorder),
            Some(Watcher::Calls(_)) | None => None,
        }
    }

    /// The chain around the program.
    pub(crate) fn host(&mut self) -> &mut dyn Host {
        // SAFETY: `HostRef::new` was promised that the host outlives the frame and is used through it alone; the result
        // borrows the whole frame mutably, so there is no second reference.
        unsafe { self.host.0.as_mut() }
    }
}

/// A borrow of the host with a lifetime that the store cannot express: wasmtime requires store data to be `'static`.
struct HostRef(std::ptr::NonNull<dyn Host>);

impl HostRef {
    /// # Safety
    /// As for [`Frame::new`].
    unsafe fn new<'h>(host: &'h mut (dyn Host + 'h)) -> Self {
        let host: std::ptr::NonNull<dyn Host + 'h> = host.into();
        // SAFETY: only the lifetime bound of the trait object changes, which has no representation; the caller promises
        // that the pointer is not used beyond it.
        Self(unsafe {
            std::mem::transmute::<std::ptr::NonNull<dyn Host + 'h>, std::ptr::NonNull<dyn Host>>(
                host,
            )
        })
    }
}
