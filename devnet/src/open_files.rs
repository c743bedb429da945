//! How many files this process may have open, its connections among them.
//!
//! Lives here: the system's limit, and asking for more. Not here: how many connections that makes (`rpc::connections`).

/// All connections of a devnet, and as many files again. macOS refuses to allow more than 10,240.
#[cfg(unix)]
const ENOUGH: u64 = 2_048;

/// Lets this process have as many files open as a devnet's connections need, as far as the system permits: shells often allow fewer unless a
/// program asks, on macOS 256. Where they stay few, a devnet has fewer connections.
pub fn ask_for_more() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        let wanted = maximum.map_or(ENOUGH, |most| most.min(ENOUGH));
        if current.is_some_and(|current| current < wanted) {
            let limit = Rlimit {
                current: Some(wanted),
                maximum,
            };
            // Without it everything works, with fewer connections.
            let _ = setrlimit(Resource::Nofile, limit);
        }
    }
}

/// How many files the system allows this process to have open; `None` if it sets no limit, as outside Unix.
pub(crate) fn allowed() -> Option<u64> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit};
        getrlimit(Resource::Nofile).current
    }
    #[cfg(not(unix))]
    None
}
