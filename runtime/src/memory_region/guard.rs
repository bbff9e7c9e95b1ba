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

/// Why a range is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum State {
    /// A block, which bodies that declared it may touch.
    Closed = 1,
    /// What a block held that is destroyed.
    Destroyed = 2,
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

/// A range of whole pages. While it is open its front is accessible, else nothing of it. Dropped, it is not told of any
/// more, but stays as it is: for when the pool goes.
pub(crate) struct Guard {
    entry: &'static Entry,
    /// Bytes of the front: the pages of what is in use.
    front: usize,
}

impl Guard {
    /// Guards the memory of a block, `bytes` long, closed at first.
    ///
    /// # Safety
    /// `start` begins a [`Chunk`](super::Chunk) of `whole` bytes of a pool with
    /// [`whole_pages`](super::PoolOptions::whole_pages), which outlives the guard. The chunk's user touches it only while
    /// it is open.
    pub(crate) unsafe fn new(
        start: NonNull<u8>,
        (bytes, whole): (usize, usize),
        block: u32,
        seed: u64,
    ) -> Guard {
        let entry = free_entry();
        entry
            .start
            .store(start.as_ptr().expose_provenance(), Ordering::Relaxed);
        entry.block.store(block, Ordering::Relaxed);
        entry.seed.store(seed, Ordering::Relaxed);
        entry.len.store(whole, Ordering::Relaxed);
        let front = bytes.next_multiple_of(os::page_bytes()).min(whole);
        let guard = Guard { entry, front };
        guard.close(State::Closed);
        guard
    }

    /// How many bytes it guards.
    pub(crate) fn len(&self) -> usize {
        self.entry.len.load(Ordering::Relaxed)
    }

    /// How many bytes are accessible while it is open.
    pub(crate) fn front(&self) -> usize {
        self.front
    }

    fn start(&self) -> NonNull<u8> {
        let start = self.entry.start.load(Ordering::Relaxed);
        NonNull::new(std::ptr::with_exposed_provenance_mut(start)).expect("set by `new`")
    }

    /// Makes its front accessible.
    ///
    /// Errors: if the system refuses.
    pub(crate) fn open(&self) -> io::Result<()> {
        self.let_in(self.front)
    }

    fn let_in(&self, bytes: usize) -> io::Result<()> {
        // SAFETY: whole pages of a chunk that outlives us (see `new`); more rights to pages take nothing from anybody.
        unsafe { os::protect(self.start(), bytes, true) }
    }

    /// Makes it inaccessible; it stays as it is if the system refuses.
    pub(crate) fn close(&self, state: State) {
        self.entry.state.store(state as u32, Ordering::Relaxed);
        // SAFETY: whole pages of a chunk that outlives us, whose user touches it only while it is open: see `new`.
        let _ = unsafe { os::protect(self.start(), self.len(), false) };
    }

    /// Makes all of it accessible for its next user. False if the system refuses: then nobody may have it.
    pub(crate) fn release(self) -> bool {
        self.let_in(self.len()).is_ok()
    }

    /// The block is destroyed: its contents go, and it is closed for good.
    pub(crate) fn destroy(&self) {
        // Where nothing can be closed, a pattern shows who reads it.
        const DEAD: u8 = 0xde;
        if os::PROTECTS {
            // SAFETY: whole pages of a chunk; the contents are nobody's any more. What fails keeps its pages.
            let _ = unsafe { os::discard(self.start(), self.len()) };
        } else {
            // SAFETY: accessible there, and long enough: see `new`; the contents are nobody's any more.
            unsafe { self.start().write_bytes(DEAD, self.front) };
        }
        self.close(State::Destroyed);
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.entry.len.store(0, Ordering::Relaxed);
        let mut free = FREE.lock().unwrap_or_else(|e| e.into_inner());
        free.push(self.entry);
    }
}
