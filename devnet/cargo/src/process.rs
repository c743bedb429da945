//! Other programs that work for this one: cargo, compilers, `wasm-opt`.
//!
//! Lives here: starting one, and leaving none behind when this process ends. Not here: which ones run, and what they say.
//!
//! A program can have children of its own, such as cargo's build scripts. So each is started in a process group of its own, and ended with
//! it.

use std::collections::BTreeSet;
use std::env;
use std::io;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Variables that hold a folder, which cargo resolves from where it is started.
const FOLDERS: [&str; 3] = [
    "CARGO_TARGET_DIR",
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_BUILD_BUILD_DIR",
];

/// How often to check whether a program has ended.
const GLANCE: Duration = Duration::from_millis(50);

/// How many checks follow an interrupt before a program is killed.
const GRACE: u32 = 100;

/// The process groups at work.
static RUNNING: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// Whether this process is about to end.
static ENDING: AtomicBool = AtomicBool::new(false);

/// A running program. Dropping this ends it if it has not ended by then.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
}

/// A command for `program` in `folder`. Variables that hold folders keep their meaning from here.
pub fn command(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).envs(folders());
    command
}

/// The variables whose folders are relative, with the absolute folders that they mean here.
pub(crate) fn folders() -> impl Iterator<Item = (&'static str, std::path::PathBuf)> {
    FOLDERS.into_iter().filter_map(|name| {
        let value = env::var_os(name).filter(|value| !value.is_empty())?;
        let folder = Path::new(&value);
        let is_relative = folder.is_relative();
        let absolute = is_relative.then(|| Some(env::current_dir().ok()?.join(folder)));
        Some((name, absolute??))
    })
}

/// Runs a program to its end and returns what it wrote.
///
/// # Errors
/// If it cannot be run.
pub fn output(command: &mut Command) -> io::Result<Output> {
    let running = Running::start(
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped()),
    )?;
    running.output()
}

/// Runs a program to its end, and returns how it ended. Once `is_interrupted`, the program and its children are told to end, and soon
/// killed, so that none of them outlives this.
///
/// # Errors
/// If it cannot be run.
pub fn run_until(
    command: &mut Command,
    is_interrupted: &mut dyn FnMut() -> bool,
) -> io::Result<ExitStatus> {
    let mut running = Running::start(command)?;
    let group = running.child.id();
    let mut patience = None;
    loop {
        let status = running.child.try_wait()?;
        if let Some(status) = status {
            if patience.is_some() {
                end(group, Signal::Kill);
            }
            return Ok(status);
        }
        match &mut patience {
            Some(0) => end(group, Signal::Kill),
            Some(patience) => *patience -= 1,
            None if is_interrupted() => {
                end(group, Signal::Terminate);
                patience = Some(GRACE);
            }
            None => {}
        }
        thread::sleep(GLANCE);
    }
}

/// Ends every program at work, and its children, for a process that is about to end itself. From then on nothing can be started, and
/// threads that wait for a program go on waiting: otherwise they would report a failure that is none, or start the next program.
pub fn end_all() {
    let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    ENDING.store(true, Ordering::SeqCst);
    for group in running.iter() {
        end(*group, Signal::Terminate);
    }
}

/// Waits for the end of this process, if it is about to end.
pub(crate) fn halt_if_ending() {
    if ENDING.load(Ordering::SeqCst) {
        halt();
    }
}

/// Waits for this process to end.
fn halt() -> ! {
    loop {
        thread::park();
    }
}

impl Running {
    /// Starts a program in a process group of its own.
    pub(super) fn start(command: &mut Command) -> io::Result<Self> {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        // No one may end all of them between the start and its entry in the list.
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        if ENDING.load(Ordering::SeqCst) {
            drop(running);
            halt();
        }
        let child = command.spawn()?;
        running.insert(child.id());
        Ok(Self { child })
    }

    /// The program, for its pipes.
    pub(super) const fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Waits for its end.
    pub(super) fn wait(mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait();
        halt_if_ending();
        status
    }

    fn output(mut self) -> io::Result<Output> {
        let (stdout, stderr) = (self.child.stdout.take(), self.child.stderr.take());
        let read = |pipe: Option<&mut dyn io::Read>| {
            let mut bytes = Vec::new();
            pipe.map_or(Ok(0), |pipe| pipe.read_to_end(&mut bytes))
                .map(|_| bytes)
        };
        // Both pipes are drained at once: a program stalls as soon as the neglected one is full.
        let (stdout, stderr) = thread::scope(|scope| {
            let stderr =
                scope.spawn(|| read(stderr.map(Box::new).as_deref_mut().map(|it| it as _)));
            let stdout = read(stdout.map(Box::new).as_deref_mut().map(|it| it as _));
            let stderr = stderr
                .join()
                .unwrap_or_else(|_| Err(io::ErrorKind::Other.into()));
            (stdout, stderr)
        });
        Ok(Output {
            status: self.wait()?,
            stdout: stdout?,
            stderr: stderr?,
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let group = self.child.id();
        let is_over = matches!(self.child.try_wait(), Ok(Some(_)));
        if !is_over {
            end(group, Signal::Terminate);
            // It has been told to end; whatever it leaves behind is up to the system.
            let _ = self.child.wait();
        }
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        running.remove(&group);
    }
}

/// How a process group is ended.
#[derive(Clone, Copy)]
enum Signal {
    Terminate,
    Kill,
}

/// Ends a process group.
fn end(group: u32, signal: Signal) {
    // Not by a shell: while it starts it is in this process's own group, and a second Ctrl-C ends it before it has ended anything.
    #[cfg(unix)]
    {
        use rustix::process::{Pid, Signal as Number, kill_process_group};

        let number = match signal {
            Signal::Terminate => Number::TERM,
            Signal::Kill => Number::KILL,
        };
        let group = i32::try_from(group).ok().and_then(Pid::from_raw);
        // It may have ended in the meantime.
        let _ = group.map(|group| kill_process_group(group, number));
    }
    #[cfg(not(unix))]
    {
        // There is but one way.
        let (Signal::Terminate | Signal::Kill) = signal;
        let mut kill = Command::new("taskkill");
        kill.args(["/T", "/F", "/PID", &group.to_string()]);
        // It may have ended in the meantime.
        let _ = kill
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}
