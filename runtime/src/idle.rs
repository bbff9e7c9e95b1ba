//! How engines that find no work stop, and how work wakes them. The proof is in `docs/design/parking.md`, whose step
//! names (S1..S4 for the sleeper, P1..P3 for the producer) stand here; the model is `models/idle.rs`.
//!
//! | state | who may change it |
//! |---|---|
//! | a seat's bit in `asleep` | set by the seat's occupant (S1); cleared by whoever claims the seat: a producer (P3), a host that wants to sit down, or the occupant itself (S4) |
//! | `searching` | up: an engine that begins to look, or a claimer on behalf of the engine it wakes; down: the engine |
//!
//! Whoever clears a bit owns the wake-up, so no seat is woken twice for one sleep.

use crate::mutants::mutant;
use crate::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};
use crate::sync::{Mutex, lock, park, thread};
use crossbeam_utils::CachePadded;

/// The sleepers and searchers of one domain. Seats are numbered from 0 within it.
#[derive(Debug)]
pub(crate) struct Idle {
    asleep: Box<[CachePadded<AtomicU64>]>,
    searching: CachePadded<AtomicUsize>,
    /// A producer has called those who search: they look at once. A hint, in a line of its own, which those who search
    /// read all the time.
    called: CachePadded<AtomicBool>,
    /// Claims so far.
    claims: AtomicU64,
    /// Seats that run only what nobody else may, a bit each: see `docs/design/suspending.md`, "A cap". Written by who has the lock
    /// `Shared::cap`.
    shut: Box<[CachePadded<AtomicU64>]>,
    seats: usize,
}

impl Idle {
    pub(crate) fn new(seats: usize) -> Self {
        let bits = || {
            let words = 0..seats.div_ceil(64);
            words.map(|_| CachePadded::new(AtomicU64::new(0))).collect()
        };
        Idle {
            asleep: bits(),
            searching: CachePadded::new(AtomicUsize::new(0)),
            called: CachePadded::new(AtomicBool::new(false)),
            claims: AtomicU64::new(0),
            shut: bits(),
            seats,
        }
    }

    #[inline]
    fn bit(&self, seat: usize) -> (&AtomicU64, u64) {
        (&self.asleep[seat / 64], 1 << (seat % 64))
    }

    /// An engine begins to look for work.
    #[inline]
    pub(crate) fn begin_search(&self) {
        self.searching.fetch_add(1, Ordering::Relaxed);
    }

    /// An engine has found work. True if nobody is looking any more: then the caller calls [`Idle::notify`] if there
    /// is more, since producers counted on it.
    #[inline]
    pub(crate) fn end_search(&self) -> bool {
        let last = self.searching.fetch_sub(1, Ordering::Relaxed) == 1;
        // Pairs with the fence in `notify` (P2): either the producer sees that nobody searches, or the caller's next
        // look sees the producer's work.
        if last && !mutant!("idle_no_finder_fence") {
            fence(Ordering::SeqCst);
        }
        last
    }

    /// S1 to S4 for a seat that searches: announces it; true if its occupant shall sleep until it is woken. False if
    /// `stays` found, after the announcement, a reason not to, and nobody had claimed the seat meanwhile. Either way
    /// the occupant counts as searching when it goes on.
    pub(crate) fn lie_down(&self, seat: usize, stays: impl FnOnce() -> bool) -> bool {
        self.announce(seat, true);
        if !mutant!("idle_no_second_look") && stays() && self.retract(seat) {
            self.begin_search();
            return false;
        }
        true
    }

    /// The same for a seat that is shut: producers may have counted on it while it searched, and it can take nothing. So it looks
    /// once more, if there is `more`, and hands on what they relied on: `wake` wakes another seat.
    pub(crate) fn lie_down_shut(
        &self,
        seat: usize,
        stays: impl FnOnce() -> bool,
        more: impl FnOnce() -> bool,
        wake: impl FnOnce(usize),
    ) -> bool {
        self.lie_down(seat, || {
            if !mutant!("cap_keeps_the_wake_up")
                && more()
                && let Some(other) = self.notify()
            {
                wake(other);
            }
            stays()
        })
    }

    /// From now on these seats are shut, and the others open. Who opens seats claims them afterwards, and wakes them to look.
    pub(crate) fn shut(&self, is_shut: impl Fn(usize) -> bool) {
        for (index, word) in self.shut.iter().enumerate() {
            let places = index * 64..self.seats.min(index * 64 + 64);
            let shut = places.filter(|place| is_shut(*place));
            let bits = shut.fold(0, |bits, place| bits | 1 << (place % 64));
            // Relaxed: the claim has a fence, which pairs with that of `notify` (P2).
            word.store(bits, Ordering::Relaxed);
        }
    }

    /// How many seats are open.
    #[inline]
    pub(crate) fn open(&self) -> usize {
        let shut = self.shut.iter();
        let shut = shut.map(|word| word.load(Ordering::Relaxed).count_ones() as usize);
        self.seats - shut.sum::<usize>()
    }

    /// Whether a seat runs only what nobody else may.
    #[inline]
    pub(crate) fn is_shut(&self, seat: usize) -> bool {
        let word = self.shut[seat / 64].load(Ordering::Relaxed);
        word & 1 << (seat % 64) != 0 && !mutant!("cap_shuts_nobody")
    }

    /// The open seats that sleep, 64 a word.
    #[inline]
    fn open_sleepers(&self) -> impl Iterator<Item = u64> {
        let words = self.asleep.iter().zip(&self.shut);
        words.map(|(asleep, shut)| asleep.load(Ordering::Relaxed) & !shut.load(Ordering::Relaxed))
    }

    /// S1, S2: the seat announces that it is about to sleep, and no longer searches. After this the occupant looks
    /// at all queues once more (S3), then calls [`Idle::retract`] or waits on its [`Parker`].
    #[inline]
    pub(crate) fn announce(&self, seat: usize, searching: bool) {
        let (word, bit) = self.bit(seat);
        // Release: who claims the seat sees what its occupant did (a host may sit down next).
        let order = if mutant!("idle_announce_relaxed") {
            Ordering::Relaxed
        } else {
            Ordering::Release
        };
        word.fetch_or(bit, order);
        if searching {
            self.searching.fetch_sub(1, Ordering::Relaxed);
        }
        // S2. Pairs with the fence in `notify` (P2): either the producer sees this seat asleep (and nobody searching),
        // or this seat sees the producer's work in S3.
        if !mutant!("idle_no_sleeper_fence") {
            fence(Ordering::SeqCst);
        }
    }

    /// S4: the seat takes its announcement back. False if somebody has claimed it and will wake it.
    #[inline]
    pub(crate) fn retract(&self, seat: usize) -> bool {
        self.claim(seat)
    }

    /// Claims one seat: true for the one caller that turned its bit off.
    #[inline]
    pub(crate) fn claim(&self, seat: usize) -> bool {
        let (word, bit) = self.bit(seat);
        // Acquire pairs with the Release in `announce`.
        let claimed = word.load(Ordering::Relaxed) & bit != 0
            && word.fetch_and(!bit, Ordering::Acquire) & bit != 0;
        if claimed {
            if !mutant!("idle_claims_uncounted") {
                self.claims.fetch_add(1, Ordering::Relaxed);
            }
            // Pairs with the fences in `Shared::stands_still`: who sees what the claimed engine did sees the claim. And with that in
            // `Gate::shut` (G2): either that sees the seat awake, or its engine sees the gate shut.
            if !mutant!("idle_no_claim_fence") {
                fence(Ordering::SeqCst);
            }
        }
        claimed
    }

    /// How many claims there were.
    #[inline]
    pub(crate) fn claims(&self) -> u64 {
        self.claims.load(Ordering::Relaxed)
    }

    /// P2, P3, after work was made visible (P1): claims a sleeper if nobody searches. The caller wakes the seat, which
    /// counts as searching from now on.
    #[inline]
    pub(crate) fn notify(&self) -> Option<usize> {
        // P2. Pairs with the fence in `announce` (S2).
        if !mutant!("idle_no_producer_fence") {
            fence(Ordering::SeqCst);
        }
        if self.searching.load(Ordering::Relaxed) > 0 {
            self.call();
            return None;
        }
        self.claim_any()
    }

    /// Tells those who search not to wait for their next look. No promise rests on it: they look again anyway, soon.
    #[inline]
    fn call(&self) {
        // Looked at first, so that the line stays where it is while they are on their way.
        if !self.called.load(Ordering::Relaxed) {
            self.called.store(true, Ordering::Relaxed);
        }
    }

    /// Whether those who search were called since somebody asked last.
    #[inline]
    pub(crate) fn take_call(&self) -> bool {
        let called = self.called.load(Ordering::Relaxed);
        if called {
            self.called.store(false, Ordering::Relaxed);
        }
        called
    }

    /// P3 for a certain seat, after work was posted to it: claims it if it sleeps.
    #[inline]
    pub(crate) fn notify_seat(&self, seat: usize) -> bool {
        // P2, as in `notify`.
        if !mutant!("idle_no_poster_fence") {
            fence(Ordering::SeqCst);
        }
        if self.claim_search(seat) {
            return true;
        }
        if self.searching.load(Ordering::Relaxed) > 0 {
            self.call();
        }
        false
    }

    /// Of open seats; where none is, one of the others, which hands on what lies in the domain.
    #[inline]
    fn claim_any(&self) -> Option<usize> {
        self.claim_open().or_else(|| match self.open() {
            0 => (0..self.seats).find(|seat| self.claim_search(*seat)),
            _ => None,
        })
    }

    #[inline]
    fn claim_open(&self) -> Option<usize> {
        for (index, mut bits) in self.open_sleepers().enumerate() {
            while bits != 0 {
                let seat = index * 64 + bits.trailing_zeros() as usize;
                if self.claim_search(seat) {
                    return Some(seat);
                }
                bits &= bits - 1;
            }
        }
        None
    }

    /// Claims a seat, which counts as searching from now on.
    #[inline]
    fn claim_search(&self, seat: usize) -> bool {
        let claimed = self.claim(seat);
        if claimed {
            self.begin_search();
        }
        claimed
    }

    /// Whether this seat sleeps.
    #[inline]
    pub(crate) fn is_asleep(&self, seat: usize) -> bool {
        let (word, bit) = self.bit(seat);
        word.load(Ordering::Relaxed) & bit != 0
    }

    /// How many seats sleep.
    #[inline]
    pub(crate) fn asleep(&self) -> usize {
        let words = self.asleep.iter();
        words
            .map(|word| word.load(Ordering::Relaxed).count_ones() as usize)
            .sum()
    }

    /// How many open seats sleep.
    #[inline]
    pub(crate) fn asleep_open(&self) -> usize {
        let sleepers = self.open_sleepers();
        sleepers.map(|word| word.count_ones() as usize).sum()
    }

    /// Whether any open seat sleeps.
    #[inline]
    pub(crate) fn is_any_asleep(&self) -> bool {
        self.open_sleepers().any(|word| word != 0)
    }

    /// How many engines look for work.
    #[inline]
    pub(crate) fn searching(&self) -> usize {
        self.searching.load(Ordering::Relaxed)
    }

    /// How many seats there are.
    #[inline]
    pub(crate) fn seats(&self) -> usize {
        self.seats
    }
}

/// A thread's bed: one sleeper, any number of wakers; a wake-up before the sleep is not lost.
#[derive(Debug)]
pub(crate) struct Parker {
    woken: AtomicBool,
    sleeper: Mutex<Option<crate::sync::Thread>>,
}

impl Parker {
    pub(crate) fn new() -> Self {
        Parker {
            woken: AtomicBool::new(false),
            sleeper: Mutex::new(None),
        }
    }

    /// The calling thread will sleep here from now on.
    #[inline]
    pub(crate) fn adopt(&self) {
        *lock(&self.sleeper) = Some(thread::current());
    }

    /// Sleeps until woken. What the waker did before is seen after.
    #[inline]
    pub(crate) fn wait(&self) {
        // Acquire pairs with the Release in `wake`.
        let order = if mutant!("parker_wait_relaxed") {
            Ordering::Relaxed
        } else {
            Ordering::Acquire
        };
        while !self.woken.swap(false, order) {
            park();
        }
    }

    /// Sleeps until woken (true), or until `other` holds (false); who makes it hold unparks this thread some other way.
    #[inline]
    pub(crate) fn wait_or(&self, other: impl Fn() -> bool) -> bool {
        loop {
            if self.woken.swap(false, Ordering::Acquire) {
                return true;
            }
            if other() {
                return false;
            }
            park();
        }
    }

    /// Sleeps until woken, or about this long. True if woken.
    #[inline]
    pub(crate) fn wait_for(&self, time: std::time::Duration) -> bool {
        if self.woken.swap(false, Ordering::Acquire) {
            return true;
        }
        crate::sync::park_for(time);
        self.woken.swap(false, Ordering::Acquire)
    }

    /// Wakes the sleeper, or lets its next sleep end at once.
    #[inline]
    pub(crate) fn wake(&self) {
        // Release pairs with the Acquire in `wait`.
        let order = if mutant!("parker_wake_relaxed") {
            Ordering::Relaxed
        } else {
            Ordering::Release
        };
        // A swap where a store would do: loom does not know that a store which a swap has not seen comes after it.
        self.woken.swap(true, order);
        if let Some(thread) = &*lock(&self.sleeper) {
            thread.unpark();
        }
    }
}
