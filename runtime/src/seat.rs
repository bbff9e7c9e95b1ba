//! Seats: an execution engine is a seat (a core, its queues, its state) and a thread that sits in it.
//!
//! Each seat has a thread of its own; a host thread that enters a scope sits down in a free seat instead, so that no core
//! has two busy threads and entering costs no wake-up. A seat is free when its own thread sleeps. Whoever claims
//! a sleeping seat's bit ([`crate::idle`]) is its next occupant, or wakes the present one.
//! Proof: `docs/design/seats.md`; model: `models/seat.rs`.

use crate::counters::XeCounters;
use crate::idle::{Idle, Parker};
use crate::lone::Lone;
use crate::marks::Marks;
use crate::mutants::mutant;
use crate::queue::{Inbox, insist};
use crate::run_times::own_number;
use crate::sync::atomic::{AtomicBool, AtomicU32, Ordering, fence};
use crate::sync::{Mutex, UnsafeCell, lock, thread};
use crossbeam_deque::Stealer;
use crossbeam_utils::CachePadded;

/// Who occupies a seat, and the two beds it may sleep in. The first three are written by the occupant, or by the host
/// that has just claimed the seat.
#[derive(Debug)]
pub(crate) struct Occupancy {
    /// A host thread sits here; else the seat's own thread.
    host: AtomicBool,
    own_bed: Parker,
    host_bed: Parker,
}

impl Occupancy {
    pub(crate) fn new() -> Self {
        Occupancy {
            host: AtomicBool::new(false),
            own_bed: Parker::new(),
            host_bed: Parker::new(),
        }
    }

    /// A host sits down, if the seat's own thread sleeps and nobody else claims it first.
    pub(crate) fn sit_down(&self, idle: &Idle, seat: usize) -> bool {
        // Relaxed: a first look; the claim decides.
        if self.host.load(Ordering::Relaxed) || !idle.claim(seat) {
            return false;
        }
        // The claim's Acquire pairs with the Release in `Idle::announce`: we see what the last occupant wrote here.
        if self.host.load(Ordering::Relaxed) && !mutant!("seat_no_second_look") {
            // Another host sat down and fell asleep between our two looks: the claim was meant for it.
            idle.begin_search();
            self.host_bed.wake();
            return false;
        }
        self.host.store(true, Ordering::Relaxed);
        self.host_bed.adopt();
        true
    }

    /// The host that sits here stands up, and wakes the seat's own thread if `has_work` finds something for it.
    pub(crate) fn stand_up(&self, idle: &Idle, seat: usize, has_work: impl FnOnce() -> bool) {
        self.host.store(false, Ordering::Relaxed);
        // S1, S2. Release in `announce`: the next claimer sees the store above, and the seat's state.
        idle.announce(seat, false);
        // S3, S4: what was posted here while the host sat has woken nobody.
        if !mutant!("seat_no_look_back") && has_work() && idle.retract(seat) {
            idle.begin_search();
            self.wake();
        }
    }

    /// Wakes the occupant. By whoever claimed the seat's bit.
    pub(crate) fn wake(&self) {
        // Relaxed: the claim has synchronised with the occupant's announcement.
        if self.host.load(Ordering::Relaxed) {
            self.host_bed.wake();
        } else {
            self.own_bed.wake();
        }
    }

    /// Whether a host sits here. Exact for the occupant, and for who tells the host that sat here something that it may not leave
    /// before it knows: a no means that it knows.
    pub(crate) fn has_host(&self) -> bool {
        self.host.load(Ordering::Relaxed)
    }

    /// The occupant's bed.
    pub(crate) fn bed(&self, host: bool) -> &Parker {
        if host { &self.host_bed } else { &self.own_bed }
    }
}

/// A seat. `S` is the state that only its occupant touches.
pub(crate) struct Seat<S> {
    pub(crate) occupancy: Occupancy,
    /// In lines of its own: what lies beside it is read by thieves at each look, and it is written for each codelet.
    state: CachePadded<UnsafeCell<S>>,
    /// What others posted here; others may take it.
    pub(crate) inbox: CachePadded<Inbox>,
    /// What only this engine may run.
    pub(crate) pinned: CachePadded<Inbox>,
    pub(crate) stealer: Stealer<u32>,
    /// The oldest of what its engine has made ready here, when that was alone; then the queue follows.
    pub(crate) lone: CachePadded<Lone>,
    pub(crate) counters: CachePadded<XeCounters>,
    /// What its engine does, if a page is kept.
    pub(crate) marks: CachePadded<Marks>,
    /// A host's body runs here, and no codelet. Written by the occupant; exact for who shuts the gate, a hint to others.
    pub(crate) in_body: AtomicBool,
    /// The seat's own thread and the host that sits here, for the check that codelets do not wait.
    threads: Mutex<[Option<thread::ThreadId>; 2]>,
    /// The kernel's numbers of the same, 0 for those that are not known. Hints, for who watches how fast they run.
    numbers: [AtomicU32; 2],
    pub(crate) region: u16,
    pub(crate) domain: u16,
    /// Its place among the domain's seats.
    pub(crate) place: u16,
    /// The operating system's number of the processor that it is for.
    pub(crate) cpu: u32,
}

// SAFETY: `state` is touched by the occupant only, and the occupant changes by the claim protocol, whose Release and
// Acquire hand the state over; the rest is made to be shared.
unsafe impl<S: Send> Sync for Seat<S> {}

impl<S> Seat<S> {
    pub(crate) fn new(
        state: S,
        stealer: Stealer<u32>,
        (region, domain, place): (u16, u16, u16),
        cpu: u32,
    ) -> Self {
        Seat {
            occupancy: Occupancy::new(),
            state: CachePadded::new(UnsafeCell::new(state)),
            inbox: CachePadded::new(Inbox::new()),
            pinned: CachePadded::new(Inbox::new()),
            stealer,
            lone: CachePadded::new(Lone::new()),
            counters: CachePadded::new(XeCounters::new()),
            marks: CachePadded::new(Marks::new()),
            in_body: AtomicBool::new(false),
            threads: Mutex::new([None; 2]),
            numbers: [AtomicU32::new(0), AtomicU32::new(0)],
            region,
            domain,
            place,
            cpu,
        }
    }

    /// The state, for its occupant.
    ///
    /// # Safety
    /// The caller is the occupant, and remains so while it uses the pointer.
    pub(crate) unsafe fn state(&self) -> *mut S {
        self.state.with_mut(|state| state)
    }

    /// How many codelets lie in the engine's queue and before it, for all to take.
    #[inline]
    pub(crate) fn queued(&self) -> usize {
        self.stealer.len() + usize::from(!self.lone.is_empty())
    }

    /// Whether there are none.
    #[inline]
    pub(crate) fn has_none(&self) -> bool {
        self.lone.is_empty() && self.stealer.is_empty()
    }

    /// Takes the oldest of them.
    pub(crate) fn steal(&self) -> Option<u32> {
        self.lone.take().or_else(|| insist(|| self.stealer.steal()))
    }

    /// A host's body begins here, or goes on after the host has helped. The engine then tells [`Gate::tell`](crate::gate::Gate::tell).
    pub(crate) fn begin_body(&self) {
        // Release pairs with the fence at the end of `Gate::shut`: what the host has run before is seen.
        self.in_body.store(true, Ordering::Release);
        // Pairs with the fence in `Gate::shut` (G2): either that sees the body, or we see that somebody waits for this.
        if !mutant!("seat_no_body_begin_fence") {
            fence(Ordering::SeqCst);
        }
    }

    /// The body ends, or the host helps: what runs here from now on are codelets.
    pub(crate) fn end_body(&self) {
        self.in_body.store(false, Ordering::Relaxed);
        // Pairs with the fence in `Gate::shut` (G2): either that sees that the body has ended, or we see the gate shut before the
        // next codelet.
        if !mutant!("seat_no_body_end_fence") {
            fence(Ordering::SeqCst);
        }
    }

    /// The calling thread is the seat's own, or a host that sits down.
    pub(crate) fn sign_in(&self, host: bool) {
        lock(&self.threads)[usize::from(host)] = Some(thread::current().id());
        self.numbers[usize::from(host)].store(own_number(), Ordering::Relaxed);
    }

    /// The kernel's number of the thread that occupies the seat, 0 if it is not known.
    pub(crate) fn thread(&self) -> u32 {
        let host = self.occupancy.has_host();
        self.numbers[usize::from(host)].load(Ordering::Relaxed)
    }

    /// The host that sat here leaves.
    pub(crate) fn sign_out(&self) {
        lock(&self.threads)[1] = None;
    }

    /// Whether the calling thread works here.
    pub(crate) fn is_mine(&self) -> bool {
        lock(&self.threads).contains(&Some(thread::current().id()))
    }
}
