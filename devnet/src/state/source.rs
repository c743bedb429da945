//! What lies beneath the state of a fork: another chain at one block, read word by word, each word once.
//!
//! Lives here: the trait for whatever is read, the answers so far, and what a failed read means for a run. Not here: how it is read
//! (`fork`), and what was changed on top (`state`).
//!
//! A state answers at once and without errors, as revm, ArbOS and everything else here expects. So a read that fails returns an empty value
//! and is recorded, and [`attempt`] around the whole run returns the error: the machine stops at its next check, none of its outcome is
//! used, and no account that could not be read is changed. The record is kept per thread, since a request runs on one.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use alloy_primitives::{Address, B256, Bytes, TxKind, U256, keccak256};
use revm::bytecode::Bytecode;

use crate::state::{Account, bytecode};

/// An account as found beneath.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Found {
    pub(crate) nonce: u64,
    /// Wei.
    pub(crate) balance: U256,
    pub(crate) code: Bytes,
}

/// Another chain at one block. Any number of threads can query it at once, and wait for the answer.
pub(crate) trait Source: Send + Sync {
    /// Returns accounts, one for each address; empty ones where none exist, and an error for each that is unavailable.
    fn accounts(&self, addresses: &[Address]) -> Vec<Result<Found, SourceError>>;

    /// Returns words of accounts' storage, one for each slot, and an error for each that is unavailable.
    fn slots(&self, slots: &[(Address, U256)]) -> Vec<Result<U256, SourceError>>;

    /// Returns the hash of a block, up to the one that is beneath.
    ///
    /// # Errors
    /// If it is unavailable.
    fn block_hash(&self, number: u64) -> Result<B256, SourceError>;

    /// Returns what a run probably needs, or nothing if that is unknown.
    fn touched(&self, run: &Run) -> Touched;
}

/// What a run needs from a chain.
#[derive(Clone, Debug, Default)]
pub(crate) struct Touched {
    pub(crate) accounts: Vec<Address>,
    pub(crate) slots: Vec<(Address, U256)>,
}

/// What is about to run, so that what it needs can be requested at once.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) from: Address,
    /// The address to call, or a creation.
    pub(crate) to: TxKind,
    /// Wei.
    pub(crate) value: U256,
    pub(crate) input: Bytes,
}

/// Something of the chain beneath is unavailable.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("cannot get {what} from {whom}: {why}")]
pub struct SourceError {
    /// What was requested.
    pub what: String,
    /// Where it was requested: a host's name, or a file.
    pub whom: String,
    /// Why there was no answer, and what to do about it.
    pub why: String,
}

/// Answers by what was requested.
type Answers<K, V> = RwLock<HashMap<K, Arc<OnceLock<Result<V, SourceError>>>>>;

/// The chain beneath, and everything read from it. All states of a fork share it, so it is never part of a block's changes.
pub(crate) struct Beneath {
    source: Box<dyn Source>,
    accounts: Answers<Address, Option<Arc<Account>>>,
    slots: Answers<(Address, U256), U256>,
    hashes: Answers<u64, B256>,
    codes: RwLock<HashMap<B256, Bytecode>>,
}

impl Beneath {
    pub(crate) fn new(source: Box<dyn Source>) -> Self {
        Self {
            source,
            accounts: Answers::default(),
            slots: Answers::default(),
            hashes: Answers::default(),
            codes: RwLock::default(),
        }
    }

    /// Returns an account, unless it is empty.
    pub(super) fn account(&self, address: Address) -> Option<Arc<Account>> {
        read(&self.accounts, address, || {
            let found = self.source.accounts(&[address]);
            let found = found.into_iter().next().transpose()?;
            Ok(found.and_then(|found| self.kept(found)))
        })
    }

    /// Converts an account for a state and keeps its code; `None` if it is empty.
    fn kept(&self, found: Found) -> Option<Arc<Account>> {
        if found == Found::default() {
            return None;
        }
        let mut account = Account {
            nonce: found.nonce,
            balance: found.balance,
            is_over: true,
            ..Account::default()
        };
        if !found.code.is_empty() {
            account.code_hash = keccak256(&found.code);
            let mut codes = self.codes.write().unwrap_or_else(PoisonError::into_inner);
            codes.insert(account.code_hash, bytecode(found.code));
        }
        Some(Arc::new(account))
    }

    /// Returns a word of an account's storage.
    pub(super) fn slot(&self, address: Address, slot: U256) -> U256 {
        self.look_ahead((address, slot));
        read(&self.slots, (address, slot), || {
            let found = self.source.slots(&[(address, slot)]);
            Ok(found.into_iter().next().transpose()?.unwrap_or_default())
        })
    }

    /// Requests more than one word, if a run has waited for several one after another.
    fn look_ahead(&self, slot: (Address, U256)) {
        let is_known = {
            let answers = self.slots.read().unwrap_or_else(PoisonError::into_inner);
            answers.contains_key(&slot)
        };
        if !is_known
            && !has_failed()
            && !must_not_ask()
            && let Some(run) = waited()
        {
            let touched = self.source.touched(&run);
            // A word that is unavailable is requested again when it is needed; only then does it matter.
            let _ = self.read_ahead(&touched.slots);
            let _ = self.read_accounts_ahead(&touched.accounts);
        }
    }

    /// Requests many words at once, so that reading them later takes no time.
    ///
    /// # Errors
    /// If one of them is unavailable.
    pub(crate) fn read_ahead(&self, slots: &[(Address, U256)]) -> Result<(), SourceError> {
        read_ahead(&self.slots, slots, |unknown| self.source.slots(unknown))
    }

    /// Requests many accounts at once.
    ///
    /// # Errors
    /// If one of them is unavailable.
    pub(crate) fn read_accounts_ahead(&self, addresses: &[Address]) -> Result<(), SourceError> {
        read_ahead(&self.accounts, addresses, |unknown| {
            let found = self.source.accounts(unknown).into_iter();
            found.map(|found| Ok(self.kept(found?))).collect()
        })
    }

    /// Requests at once the accounts and the word that are needed next, unless all the accounts are known. Whatever is unavailable ends the
    /// run, as it would when it is read.
    pub(crate) fn read_next(&self, accounts: &[Address], slot: Option<(Address, U256)>) {
        let are_known = {
            let answers = self.accounts.read().unwrap_or_else(PoisonError::into_inner);
            accounts.iter().all(|address| answers.contains_key(address))
        };
        if are_known || has_failed() || must_not_ask() {
            return;
        }
        let (slots, accounts) = std::thread::scope(|scope| {
            let accounts = scope.spawn(|| self.read_accounts_ahead(accounts));
            (self.read_ahead(slot.as_slice()), accounts.join())
        });
        let failed = [slots.err(), accounts.ok().and_then(Result::err)];
        failed.into_iter().flatten().for_each(fail);
    }

    /// Returns the hash of a block.
    pub(super) fn block_hash(&self, number: u64) -> B256 {
        read(&self.hashes, number, || self.source.block_hash(number))
    }

    /// Returns the code of an account that was read.
    pub(super) fn code(&self, hash: B256) -> Option<Bytecode> {
        let codes = self.codes.read().unwrap_or_else(PoisonError::into_inner);
        codes.get(&hash).cloned()
    }
}

/// Returns `ask`'s answer about `key`. Only the first caller asks, and again only after a failure.
fn read<K: Eq + Hash + Clone, V: Clone + Default>(
    answers: &Answers<K, V>,
    key: K,
    ask: impl FnOnce() -> Result<V, SourceError>,
) -> V {
    let known = {
        let answers = answers.read().unwrap_or_else(PoisonError::into_inner);
        answers.get(&key).cloned()
    };
    let cell = match known {
        Some(cell) => cell,
        // A run that can no longer have an outcome needs nothing from the chain beneath.
        None if has_failed() => return V::default(),
        None => {
            let mut answers = answers.write().unwrap_or_else(PoisonError::into_inner);
            answers.entry(key.clone()).or_default().clone()
        }
    };
    // Nor does one wait for the node that must not, even if somebody else is asking already.
    if cell.get().is_none() && must_not_ask() {
        fail(SourceError {
            what: "what is not known yet".into(),
            whom: "the node".into(),
            why: "it was not asked".into(),
        });
        return V::default();
    }
    match cell.get_or_init(ask) {
        Ok(value) => value.clone(),
        Err(error) => {
            fail(error.clone());
            let mut answers = answers.write().unwrap_or_else(PoisonError::into_inner);
            if answers.get(&key).is_some_and(|it| Arc::ptr_eq(it, &cell)) {
                answers.remove(&key);
            }
            V::default()
        }
    }
}

/// Requests at once all `keys` that `answers` does not have, and keeps those that are available.
fn read_ahead<K: Eq + Hash + Copy + Ord, V>(
    answers: &Answers<K, V>,
    keys: &[K],
    ask: impl FnOnce(&[K]) -> Vec<Result<V, SourceError>>,
) -> Result<(), SourceError> {
    let unknown: BTreeSet<K> = {
        let answers = answers.read().unwrap_or_else(PoisonError::into_inner);
        let unknown = keys.iter().filter(|key| !answers.contains_key(key));
        unknown.copied().collect()
    };
    let unknown: Vec<K> = unknown.into_iter().collect();
    // Whoever must not wait for the node misses what is needed when it is.
    if unknown.is_empty() || must_not_ask() {
        return Ok(());
    }
    let found = ask(&unknown);
    let mut answers = answers.write().unwrap_or_else(PoisonError::into_inner);
    let mut failed = None;
    for (key, value) in unknown.into_iter().zip(found) {
        match value {
            Ok(value) => {
                let known = || Arc::new(OnceLock::from(Ok(value)));
                answers.entry(key).or_insert_with(known);
            }
            Err(error) => {
                failed.get_or_insert(error);
            }
        }
    }
    failed.map_or(Ok(()), Err)
}

thread_local! {
    /// The first failed read within this thread's innermost attempt.
    static FAILURE: RefCell<Option<SourceError>> = const { RefCell::new(None) };
    /// How many attempts this thread is in.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

thread_local! {
    /// Whether this thread must not wait for a node, and whether it would have had to.
    static KNOWN_ONLY: Cell<Option<bool>> = const { Cell::new(None) };
}

/// Returns the result of `work` if it needs nothing of a chain beneath that is not known yet; `None` if it does.
pub(crate) fn from_what_is_known<T>(work: impl FnOnce() -> T) -> Option<T> {
    /// Restores what applied before, also after a panic.
    struct Around(Option<bool>);
    impl Drop for Around {
        fn drop(&mut self) {
            KNOWN_ONLY.set(self.0);
        }
    }
    let around = Around(KNOWN_ONLY.replace(Some(false)));
    let result = work();
    let is_known = KNOWN_ONLY.get() == Some(false);
    drop(around);
    is_known.then_some(result)
}

/// Whether this thread must not ask a node what it is about to ask. It then has no result.
pub(crate) fn must_not_ask() -> bool {
    let must_not_ask = KNOWN_ONLY.get().is_some();
    if must_not_ask {
        KNOWN_ONLY.set(Some(true));
    }
    must_not_ask
}

thread_local! {
    /// What runs on this thread, until it has waited for [`ENOUGH`] slots, and how many those are.
    static RUNNING: RefCell<Option<(Run, u32)>> = const { RefCell::new(None) };
}

/// How many slots a run waits for one by one before all it needs is requested: most runs need fewer.
const ENOUGH: u32 = 3;

/// Records what is about to run on this thread.
pub(crate) fn running(run: Run) {
    RUNNING.set(Some((run, 0)));
}

/// Records that a run waits for a slot. Returns the run once it has waited often enough.
fn waited() -> Option<Run> {
    RUNNING.with_borrow_mut(|running| {
        let (_, times) = running.as_mut()?;
        *times += 1;
        match *times > ENOUGH {
            true => running.take().map(|(run, _)| run),
            false => None,
        }
    })
}

/// Records that something is unavailable which this thread's innermost attempt needs.
pub(crate) fn fail(error: SourceError) {
    debug_assert!(
        DEPTH.get() > 0,
        "a read of a forked state that nobody looks after: {error}"
    );
    FAILURE.with_borrow_mut(|failure| {
        failure.get_or_insert(error);
    });
}

/// Whether a read of this attempt has failed, so that its result must not be used.
pub(crate) fn has_failed() -> bool {
    FAILURE.with_borrow(Option::is_some)
}

/// Returns the result of `work`, if every word that it read of a chain beneath was available.
///
/// # Errors
/// The first failed read.
pub(crate) fn attempt<T>(work: impl FnOnce() -> T) -> Result<T, SourceError> {
    /// Restores what was recorded before, also after a panic.
    struct Around(Option<SourceError>);
    impl Drop for Around {
        fn drop(&mut self) {
            DEPTH.set(DEPTH.get().saturating_sub(1));
            FAILURE.set(self.0.take());
        }
    }
    DEPTH.set(DEPTH.get() + 1);
    let around = Around(FAILURE.take());
    let result = work();
    let failure = FAILURE.take();
    drop(around);
    match failure {
        Some(error) => Err(error),
        None => Ok(result),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::state::State;

    /// Slot n holds n + 1; every account has one wei and nonce 1. It answers unless it is down.
    #[derive(Default)]
    struct Invented {
        asked: AtomicU64,
        is_down: Arc<std::sync::atomic::AtomicBool>,
    }

    impl Invented {
        fn ask<T>(&self, value: T) -> Result<T, SourceError> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            match self.is_down.load(Ordering::Relaxed) {
                false => Ok(value),
                true => Err(down()),
            }
        }
    }

    fn down() -> SourceError {
        SourceError {
            what: "a word".into(),
            whom: "nobody".into(),
            why: "it is down".into(),
        }
    }

    impl Source for Invented {
        fn accounts(&self, addresses: &[Address]) -> Vec<Result<Found, SourceError>> {
            let found = Found {
                nonce: 1,
                balance: U256::ONE,
                code: Bytes::from_static(&[0xfe]),
            };
            vec![self.ask(found); addresses.len()]
        }

        fn slots(&self, slots: &[(Address, U256)]) -> Vec<Result<U256, SourceError>> {
            // Those above all others are unavailable.
            let word = |(_, slot): &(Address, U256)| match *slot {
                U256::MAX => Err(down()),
                slot => self.ask(slot + U256::ONE),
            };
            slots.iter().map(word).collect()
        }

        fn block_hash(&self, _: u64) -> Result<B256, SourceError> {
            self.ask(B256::ZERO)
        }

        fn touched(&self, _: &Run) -> Touched {
            Touched::default()
        }
    }

    const SOMEBODY: Address = Address::repeat_byte(7);

    fn forked() -> (State, Arc<std::sync::atomic::AtomicBool>) {
        let source = Invented::default();
        let is_down = source.is_down.clone();
        (
            State::over(Arc::new(Beneath::new(Box::new(source)))),
            is_down,
        )
    }

    #[test]
    fn what_cannot_be_read_is_an_error_and_nothing_is_changed_or_kept() {
        let (mut state, is_down) = forked();
        is_down.store(true, Ordering::Relaxed);
        let changed = attempt(|| state.change(SOMEBODY, |account| account.nonce = 9));
        assert_eq!(changed.unwrap_err().why, "it is down");
        assert!(attempt(|| state.slot(SOMEBODY, U256::ZERO)).is_err());
        assert_eq!(state.accounts().count(), 0);
        is_down.store(false, Ordering::Relaxed);
        assert_eq!(attempt(|| state.slot(SOMEBODY, U256::ZERO)), Ok(U256::ONE));
        assert_eq!(attempt(|| state.nonce(SOMEBODY)), Ok(1));
        assert!(!has_failed());
    }

    #[test]
    fn what_was_read_is_no_difference() {
        let (before, _) = forked();
        let mut state = before.clone();
        let read = attempt(|| {
            state.change(SOMEBODY, |account| account.nonce = 1);
            (state.code(SOMEBODY), state.slot(SOMEBODY, U256::ZERO))
        });
        assert_eq!(read, Ok((Bytes::from_static(&[0xfe]), U256::ONE)));
        assert_eq!(state.account_changes(&before).count(), 0);
        assert_eq!(state.new_codes(&before).count(), 0);
    }

    #[test]
    fn what_is_gone_does_not_come_back_from_beneath() {
        let (mut state, _) = forked();
        let read = attempt(|| {
            state.set_slot(SOMEBODY, U256::ZERO, U256::ZERO);
            let cleared = state.slot(SOMEBODY, U256::ZERO);
            let other = state.slot(SOMEBODY, U256::ONE);
            state.change(SOMEBODY, |account| *account = Account::default());
            let gone = state.info(SOMEBODY).is_none();
            (cleared, other, gone, state.slot(SOMEBODY, U256::ONE))
        });
        assert_eq!(read, Ok((U256::ZERO, U256::from(2), true, U256::ZERO)));
    }

    #[test]
    fn what_was_read_ahead_is_not_asked_for_again() {
        let source = Invented::default();
        let is_down = source.is_down.clone();
        let beneath = Arc::new(Beneath::new(Box::new(source)));
        let others = [SOMEBODY, Address::repeat_byte(8), SOMEBODY];
        beneath.read_accounts_ahead(&others).unwrap();
        beneath.read_ahead(&[(SOMEBODY, U256::ZERO)]).unwrap();
        is_down.store(true, Ordering::Relaxed);
        let state = State::over(beneath.clone());
        let read = attempt(|| (state.code(others[1]), state.slot(SOMEBODY, U256::ZERO)));
        assert_eq!(read, Ok((Bytes::from_static(&[0xfe]), U256::ONE)));
        beneath.read_accounts_ahead(&others).unwrap();
        assert!(beneath.read_accounts_ahead(&[Address::ZERO]).is_err());
    }

    #[test]
    fn one_word_that_is_unavailable_costs_no_other() {
        let source = Invented::default();
        let is_down = source.is_down.clone();
        let beneath = Arc::new(Beneath::new(Box::new(source)));
        let slots = [U256::ZERO, U256::MAX, U256::ONE].map(|slot| (SOMEBODY, slot));
        assert_eq!(beneath.read_ahead(&slots).unwrap_err().why, "it is down");
        is_down.store(true, Ordering::Relaxed);
        let read = |slot| attempt(|| beneath.slot(SOMEBODY, slot));
        assert_eq!(read(U256::ZERO), Ok(U256::ONE));
        assert_eq!(read(U256::ONE), Ok(U256::from(2)));
        assert!(read(U256::MAX).is_err());
    }

    /// Theorem: whoever must not wait for the node asks it nothing, does not wait for anybody who does, and has a result exactly if all that
    /// it needs is known.
    #[test]
    fn what_is_known_needs_no_node() {
        let (state, is_down) = forked();
        is_down.store(true, Ordering::Relaxed);
        let known =
            |slot: u64| from_what_is_known(|| attempt(|| state.slot(SOMEBODY, U256::from(slot))));
        assert_eq!(known(0), None);
        is_down.store(false, Ordering::Relaxed);
        assert_eq!(known(0), None, "nothing was asked, so nothing is known");
        attempt(|| state.slot(SOMEBODY, U256::ZERO)).unwrap();
        is_down.store(true, Ordering::Relaxed);
        assert_eq!(known(0), Some(Ok(U256::ONE)));
        // Somebody who asks meanwhile.
        let asking: Answers<u64, u64> = Answers::default();
        read(&asking, 1, || {
            std::thread::scope(|scope| {
                let other = || from_what_is_known(|| attempt(|| read(&asking, 1, || Ok(1))));
                assert_eq!(scope.spawn(other).join().unwrap(), None);
            });
            Ok(2)
        });
        assert_eq!(read(&asking, 1, || Ok(1)), 2);
    }

    #[test]
    fn a_word_is_asked_for_once_however_many_ask() {
        let source = Box::new(Invented::default());
        let beneath = Beneath::new(source);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    attempt(|| beneath.slot(SOMEBODY, U256::from(3))).unwrap();
                });
            }
        });
        let cells = beneath.slots.read().unwrap().len();
        assert_eq!(cells, 1);
    }
}
