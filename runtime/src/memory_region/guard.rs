//! For the checking mode: memory of blocks that nobody may touch now is made inaccessible, and whoever touches it all the
//! same is told which block it was before the system ends the process.
//!
//! Guarded ranges stand in a table that is never freed and has no locks, since a signal handler reads it.

use super::os;
use crate::sync::plain::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Mutex, Ordering};
use std::io;
use std::ptr::NonNull;

#[cfg(all(target_os = "linux", not(miri)))]
mod fault;
#[cfg(not(all(target_os = "linux", not(miri))))]
mod fault {
    /// Touches are not noticed here.
    pub(super) fn install() {}
}

/// What a range holds now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum State {
    /// A block that a body which runs has declared.
    Open = 1,
    /// A block that no body which runs has declared.
    Closed = 2,
    /// What a block held that is destroyed.
    Destroyed = 3,
}

/// Where code runs: for the message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Running {
    pub(crate) codelet: &'static str,
    pub(crate) spawned_at: &'static std::panic::Location<'static>,
}

thread_local! {
    // Without a destructor, and there from the start: so the handler may read it.
    static RUNNING: std::cell::Cell<Option<Running>> = const { std::cell::Cell::new(None) };
}

/// Says which codelet the calling thread runs from now on.
pub(crate) fn runs(running: Option<Running>) {
    RUNNING.set(running);
}

/// One range in the table. One without a length is free. All relaxed: who touches a range of another thread's without
/// having synchronised with it gets a message with what was there before, at worst.
struct Entry {
    start: AtomicUsize,
    len: AtomicUsize,
    block: AtomicU32,
    state: AtomicU32,
    seed: AtomicU64,
}

impl Entry {
    fn free() -> Self {
        Entry {
            start: AtomicUsize::new(0),
            len: AtomicUsize::new(0),
            block: AtomicU32::new(0),
            state: AtomicU32::new(0),
            seed: AtomicU64::new(0),
        }
    }
}

const ENTRIES: usize = 256;

struct Segment {
    entries: [Entry; ENTRIES],
    next: AtomicPtr<Segment>,
}

static FIRST: AtomicPtr<Segment> = AtomicPtr::new(std::ptr::null_mut());
static FREE: Mutex<Vec<&'static Entry>> = Mutex::new(Vec::new());

/// The table's entries.
fn entries() -> impl Iterator<Item = &'static Entry> {
    let segment = |at: &AtomicPtr<Segment>| {
        // Acquire pairs with the Release in `free_entry`.
        // SAFETY: null, or a segment that was leaked there.
        unsafe { at.load(Ordering::Acquire).as_ref::<'static>() }
    };
    std::iter::successors(segment(&FIRST), move |now| segment(&now.next))
        .flat_map(|segment| &segment.entries)
}

fn free_entry() -> &'static Entry {
    let mut free = FREE.lock().unwrap_or_else(|e| e.into_inner());
    if let Some(entry) = free.pop() {
        return entry;
    }
    fault::install();
    let segment = Box::leak(Box::new(Segment {
        entries: std::array::from_fn(|_| Entry::free()),
        next: AtomicPtr::new(FIRST.load(Ordering::Relaxed)),
    }));
    // Release pairs with the Acquire in `entries`; under the lock, so no other segment comes between.
    FIRST.store(segment, Ordering::Release);
    free.extend(&segment.entries[1..]);
    &segment.entries[0]
}

/// A range of whole pages that is open or not. Dropped, it is open, and not guarded any more.
pub(crate) struct Guard {
    entry: &'static Entry,
}

impl Guard {
    /// Guards the memory of a block, open at first.
    ///
    /// # Safety
    /// `start` begins `bytes` bytes of a [`Chunk`](super::Chunk) of a pool with
    /// [`whole_pages`](super::PoolOptions::whole_pages), which outlive the guard.
    pub(crate) unsafe fn new(start: NonNull<u8>, bytes: usize, block: u32, seed: u64) -> Guard {
        let entry = free_entry();
        entry
            .start
            .store(start.as_ptr().expose_provenance(), Ordering::Relaxed);
        entry.block.store(block, Ordering::Relaxed);
        entry.seed.store(seed, Ordering::Relaxed);
        entry.state.store(State::Open as u32, Ordering::Relaxed);
        let len = bytes.next_multiple_of(os::page_bytes());
        entry.len.store(len, Ordering::Relaxed);
        Guard { entry }
    }

    /// How many bytes it guards.
    pub(crate) fn len(&self) -> usize {
        self.entry.len.load(Ordering::Relaxed)
    }

    fn start(&self) -> NonNull<u8> {
        let start = self.entry.start.load(Ordering::Relaxed);
        NonNull::new(std::ptr::with_exposed_provenance_mut(start)).expect("set by `new`")
    }

    /// Opens or closes it. If the system refuses to close it stays open.
    ///
    /// Errors: if the system refuses to open it.
    pub(crate) fn set(&self, state: State) -> io::Result<()> {
        let open = state == State::Open;
        self.entry.state.store(state as u32, Ordering::Relaxed);
        // SAFETY: whole pages of a chunk that outlives us (see `new`); those who may use its contents have it opened before.
        match unsafe { os::protect(self.start(), self.len(), open) } {
            Err(error) if open => Err(error),
            _ => Ok(()),
        }
    }

    /// The block is destroyed: its contents go, and it is closed for good.
    pub(crate) fn destroy(&self) {
        // Where nothing can be closed, a pattern shows who reads it.
        const DEAD: u8 = 0xde;
        if self.set(State::Open).is_ok() {
            if os::PROTECTS {
                // SAFETY: whole pages of a chunk; the contents are nobody's any more. What fails keeps its pages.
                let _ = unsafe { os::discard(self.start(), self.len()) };
            } else {
                // SAFETY: open, and long enough: see `new`; the contents are nobody's any more.
                unsafe { self.start().write_bytes(DEAD, self.len()) };
            }
        }
        // It cannot fail: closing does not.
        let _ = self.set(State::Destroyed);
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // If it cannot be opened, its next user's touch says so.
        if self.set(State::Open).is_ok() {
            self.entry.len.store(0, Ordering::Relaxed);
            let mut free = FREE.lock().unwrap_or_else(|e| e.into_inner());
            free.push(self.entry);
        }
    }
}
