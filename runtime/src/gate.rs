//! The gate before each codelet, which somebody shuts to have the cores for himself: engines stop there, with the codelet that
//! they were about to begin, and go on with it when the gate opens. To all others such an engine looks like one in a long codelet.
//!
//! Protocol and proof: `docs/design/suspending.md`, whose step names (G1.. for who shuts, E1.. for an engine) stand here; the
//! model is `models/gate.rs`.

use crate::idle::Parker;
use crate::mutants::mutant;
use crate::sync::atomic::{AtomicBool, AtomicU8, Ordering, fence};
use crate::sync::{Mutex, lock, thread};
use crossbeam_utils::CachePadded;
use std::sync::Arc;

/// See the module.
pub(crate) struct Gate {
    shut: AtomicBool,
    /// Whoever shuts or opens has this lock.
    pub(crate) changes: Mutex<()>,
    /// The threads that have shut it and have not opened it again, one entry for each time. Nobody waits for codelets with this lock.
    pub(crate) holders: Mutex<Vec<thread::ThreadId>>,
    seats: Box<[CachePadded<Stopped>]>,
    /// Who shuts the gate waits here.
    bed: Parker,
    /// Graphs that are replayed: who runs their codelets looks there, not here.
    watches: Mutex<Vec<Arc<Watch>>>,
}

/// An engine at the gate.
struct Stopped {
    /// It stands there, and begins no codelet. Written by the seat's occupant.
    stopped: AtomicBool,
    bed: Parker,
}

/// Why who runs codelets of a graph takes care before each: one byte, so that all reasons cost one look.
pub(crate) struct Watch(AtomicU8);

/// Some cell of the graph is poisoned, or was.
pub(crate) const POISON: u8 = 1;
/// The gate is shut.
pub(crate) const GATE: u8 = 2;

impl Watch {
    pub(crate) fn new() -> Self {
        Watch(AtomicU8::new(0))
    }

    /// The reasons. What a reason needs to be seen together with is ordered by who gives it.
    #[inline]
    pub(crate) fn reasons(&self) -> u8 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, reason: u8) {
        self.0.fetch_or(reason, Ordering::Relaxed);
    }

    pub(crate) fn remove(&self, reason: u8) {
        self.0.fetch_and(!reason, Ordering::Relaxed);
    }
}

impl Gate {
    pub(crate) fn new(seats: usize) -> Self {
        let seat = |_| {
            CachePadded::new(Stopped {
                stopped: AtomicBool::new(false),
                bed: Parker::new(),
            })
        };
        Gate {
            shut: AtomicBool::new(false),
            changes: Mutex::new(()),
            holders: Mutex::new(Vec::new()),
            seats: (0..seats).map(seat).collect(),
            bed: Parker::new(),
            watches: Mutex::new(Vec::new()),
        }
    }

    /// Between two codelets of an engine at work.
    #[inline]
    pub(crate) fn is_shut(&self) -> bool {
        self.shut.load(Ordering::Relaxed)
    }

    /// The same for an engine that has been at rest, before its first codelet.
    #[inline]
    pub(crate) fn is_shut_after_rest(&self) -> bool {
        // Acquire pairs with the Release in `open`: the gate may have been shut and opened while the engine was at rest, and then
        // what was done meanwhile comes before its codelets.
        let order = match mutant!("gate_rested_relaxed") {
            true => Ordering::Relaxed,
            false => Ordering::Acquire,
        };
        self.shut.load(order)
    }

    /// G1 to G3: shuts the gate, tells those who look elsewhere by `mark`, and waits until no seat runs a codelet: its engine
    /// stands at the gate, or the seat `rests` since it sleeps or a host's body is open there. By who holds `changes`.
    pub(crate) fn shut(&self, mark: impl FnOnce(), rests: impl Fn(usize) -> bool) {
        self.bed.adopt();
        self.shut.store(true, Ordering::Relaxed);
        mark();
        lock(&self.watches).iter().for_each(|watch| watch.add(GATE));
        // G2. Pairs with the fences in `wait` (E3), `Idle::claim`, `Idle::announce`, `Seat::end_body` and `Seat::begin_body`: either
        // we see that the seat is no longer at rest, or its engine sees the gate shut before it begins a codelet.
        if !mutant!("gate_no_shutting_fence") {
            fence(Ordering::SeqCst);
        }
        let waited_for = match mutant!("gate_first_seat_alone") {
            true => 1,
            false => self.seats.len(),
        };
        for (number, seat) in self.seats.iter().enumerate().take(waited_for) {
            // G3.
            while !seat.stopped.load(Ordering::Relaxed) && !rests(number) {
                self.bed.wait();
            }
        }
        // Pairs with the Releases in `wait` (E1), `Idle::announce` and `Seat::begin_body`: what codelets did there is seen.
        if !mutant!("gate_no_last_fence") {
            fence(Ordering::Acquire);
        }
    }

    /// G4: opens it, and wakes who stands there. The hints go last: who takes a look at a graph meanwhile finds the gate open.
    pub(crate) fn open(&self, unmark: impl FnOnce()) {
        // Release pairs with the Acquire in `wait`: codelets come after what was done while the gate was shut.
        let order = match mutant!("gate_open_relaxed") {
            true => Ordering::Relaxed,
            false => Ordering::Release,
        };
        self.shut.store(false, order);
        unmark();
        (lock(&self.watches).iter()).for_each(|watch| watch.remove(GATE));
        self.seats.iter().for_each(|seat| seat.bed.wake());
    }

    /// A seat has come to rest, otherwise than at the gate: whoever waits for that hears of it. After a fence that pairs with G2.
    #[inline]
    pub(crate) fn tell(&self) {
        if self.is_shut() && !mutant!("gate_rests_in_silence") {
            self.bed.wake();
        }
    }

    /// E1 to E4: the engine of a seat stands at the gate until that is open. It has a codelet in hand, or none; `sleep` sleeps
    /// in the bed until it is woken.
    pub(crate) fn wait(&self, seat: usize, sleep: impl Fn(&Parker)) {
        let seat = &self.seats[seat];
        seat.bed.adopt();
        // Acquire pairs with the Release in `open`.
        let shut = || self.shut.load(Ordering::Acquire);
        loop {
            // E1. Release pairs with the Acquire in `shut`.
            seat.stopped.store(true, Ordering::Release);
            self.bed.wake();
            // E2.
            while shut() {
                sleep(&seat.bed);
            }
            // E3. Pairs with the fence in `shut` (G2): somebody may have shut the gate again, and have seen us stand here.
            seat.stopped.store(false, Ordering::Relaxed);
            if !mutant!("gate_no_leaving_fence") {
                fence(Ordering::SeqCst);
            }
            // E4.
            if !shut() {
                return;
            }
        }
    }

    /// Whether some graph is being replayed.
    pub(crate) fn is_any_replayed(&self) -> bool {
        !lock(&self.watches).is_empty()
    }

    /// Who runs codelets of a graph looks here, from now on until the end of what is given back.
    pub(crate) fn watch<'a>(&'a self, watch: &Arc<Watch>) -> Watched<'a> {
        let mut watches = lock(&self.watches);
        // Who shuts the gate does so before it takes this lock, and goes through the list then.
        match self.is_shut() {
            true => watch.add(GATE),
            false => watch.remove(GATE),
        }
        watches.push(watch.clone());
        Watched(self, watch.clone())
    }
}

/// A graph that is replayed.
pub(crate) struct Watched<'a>(&'a Gate, Arc<Watch>);

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        let mut watches = lock(&self.0.watches);
        if let Some(at) = watches.iter().position(|one| Arc::ptr_eq(one, &self.1)) {
            watches.swap_remove(at);
        }
    }
}
