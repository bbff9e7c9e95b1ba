//! Acting on cancellation: codelets that are ready are cut off at their start, those that wait for events from outside are
//! swept out of the lists they wait in, deadlines are looked at. See `docs/design/cancellation.md`.

use crate::cancel::{Cancellable, Cancels, Deadline, Link, SCOPES, ScopeId};
use crate::codelet::{Record, flag};
use crate::engine::{Engine, Followers};
use crate::entry::EntryKind;
use crate::error::{ErrorKind, Origin};
use crate::event::{EventCell, Registered};
use crate::failure::Cause;
use crate::shared::Shared;
use crate::sync::atomic::Ordering;
use crate::sync::lock;
use std::panic::Location;
use std::time::Duration;

impl Engine<'_> {
    /// A codelet is about to start while the runtime is suspended, or some scope of it can be cancelled: the engine waits until it
    /// is resumed; then, whether the codelet is cut off.
    #[cold]
    #[inline(never)]
    pub(crate) fn stop_or_cut_off(&self, record: &Record, holds: bool) -> bool {
        self.stop_if_shut();
        if self.is_shut_out() {
            // The run ends behind this codelet: see `gives_way`.
            self.local(|local| local.urgent = true);
        }
        self.shared.cancelling.watched.load(Ordering::Relaxed) & SCOPES != 0
            && self.cut_off(record, holds)
    }

    /// Some scope can be cancelled: whether this codelet is cut off. If it holds its captures, it counts in its scope as one that
    /// was not started, or runs now.
    fn cut_off(&self, record: &Record, holds: bool) -> bool {
        let parent = record.parent.load(Ordering::Relaxed);
        self.with_root(parent, |root| {
            let cancels = &root.cancels;
            if !holds || !cancels.is_watched() {
                return false;
            }
            let poison = self.poison_of(cancels, parent);
            let cause = record.cause.load(Ordering::Relaxed);
            if poison == 0 {
                if cause == 0 {
                    cancels.ran.fetch_add(1, Ordering::Relaxed);
                }
                return false;
            }
            if cause == 0 {
                record.poison(poison);
            }
            cancels.not_started.fetch_add(1, Ordering::Relaxed);
            if let Some(seat) = self.seat {
                seat.counters.cancelled.add(1);
            }
            true
        })
    }

    /// A codelet was skipped, since it depends on what a failed one was to write.
    #[cold]
    pub(crate) fn count_skipped(&self, id: u32) {
        if let Some(seat) = self.seat {
            seat.counters.skipped.add(1);
        }
        let cause = self.shared.arena.record(id).cause.load(Ordering::Relaxed);
        let cause = || self.shared.failures.cause(cause);
        self.with_root(id, |root| root.skipped(cause));
    }

    /// The failure with which the scope of this record's children, or one around it, was cancelled; 0 if none was.
    #[cold]
    pub(crate) fn cut_in(&self, record: u32) -> u32 {
        self.with_root(record, |root| self.poison_of(&root.cancels, record))
    }

    fn poison_of(&self, cancels: &Cancels, record: u32) -> u32 {
        let arena = &self.shared.arena;
        let up = |&at: &u32| {
            let record = arena.record(at);
            (record.flags() & flag::ROOT == 0).then(|| record.parent.load(Ordering::Relaxed))
        };
        // They live, since somebody in them asks: their generations are exact.
        let around = std::iter::successors(Some(record), up);
        cancels.poison_of(around.map(|at| (at, arena.record(at).ended.generation())))
    }

    /// Takes the waiters that belong to cancelled scopes out of an event's list, and lets them go on; whether there were any.
    fn cut_out(&self, cell: &EventCell, followers: &mut Followers) -> bool {
        let mut any = false;
        let arena = &self.shared.arena;
        let waiter = |node: u32| arena.owner_of_entry(node, arena.entry(node).distance());
        let cut = |node: u32| {
            // It lives: it waits for this entry.
            let waiter = waiter(node);
            let record = arena.record(waiter);
            let poison = self.cut_in(record.parent.load(Ordering::Relaxed));
            if poison != 0 {
                record.poison(poison);
            }
            poison != 0
        };
        let told = |node: u32, registered: Registered| {
            any = true;
            let entry = arena.entry(node);
            let waiter = waiter(node);
            let record = arena.record(waiter);
            if entry.kind() == EntryKind::Event {
                entry.forget_target();
            }
            if registered == Registered::Poisoned {
                record.poison(cell.cause.load(Ordering::Relaxed));
            }
            if record.pending.arrive(1) {
                self.ready(waiter, followers);
            }
        };
        cell.one_shot.cut_out(0, arena, cut, told);
        any
    }
}

impl Shared {
    /// Cancels a scope or a replay. False if it has ended, or is cancelled already.
    pub(crate) fn cancel(
        &self,
        what: &Cancellable,
        (reason, by_deadline): (String, bool),
        at: &'static Location<'static>,
    ) -> bool {
        match what {
            Cancellable::Scope(link, scope) => {
                self.cancel_scope(link, *scope, (reason, by_deadline), at)
            }
            // Engines at work on it look now and then, and never sleep for long.
            Cancellable::Replay(stop, replay) => stop.ask(*replay, &reason, by_deadline),
        }
    }

    fn cancel_scope(
        &self,
        link: &Link,
        scope: ScopeId,
        (reason, by_deadline): (String, bool),
        at: &'static Location<'static>,
    ) -> bool {
        let ended = |scope: ScopeId| {
            let ended = &self.arena.record(scope.record).ended;
            let over = ended.generation() != scope.generation;
            !scope.whole && (over || ended.verdict(scope.generation).is_some())
        };
        let cause = || Cause {
            codelet: "scope",
            spawned_at: at,
            message: format!("cancelled: {reason}"),
            panicked: false,
            kind: ErrorKind::Cancelled,
            origin: Origin::Scope,
        };
        let poison = || self.failures.add(cause()).get();
        let why = (reason.clone(), by_deadline);
        let cut = link.with(|cancels| cancels.cut(&self.cancelling, scope, why, ended, poison));
        if cut != Some(true) {
            return false;
        }
        self.sweep();
        // From now on it sweeps, until the scope has ended.
        self.request(&self.domains[0]);
        true
    }

    /// Ends the waiting of cancelled scopes' codelets for events from outside.
    pub(crate) fn sweep(&self) {
        if self.cancelling.cut.load(Ordering::Relaxed) == 0 {
            return;
        }
        let events = lock(&self.cancelling.outside).there();
        if events.is_empty() {
            return;
        }
        // Waiters are in nobody's list for a moment: not while somebody looks whether scopes are stuck.
        let mut stranger = lock(&self.stranger);
        // SAFETY: the lock's guard is ours until the end.
        let engine = unsafe { Engine::new(self, None, &raw mut *stranger) };
        for event in &events {
            if engine.cut_out(event, &mut Followers::posted()) {
                // Perhaps nobody became ready by that, and a scope has lost its last hope.
                self.looked_at.store(u64::MAX, Ordering::Relaxed);
            }
        }
    }

    /// Cancels the scopes whose deadlines have passed.
    #[inline]
    pub(crate) fn look_at_deadlines(&self) {
        if self.cancelling.until_deadline() == Some(Duration::ZERO) {
            self.fire_deadlines();
        }
    }

    #[cold]
    fn fire_deadlines(&self) {
        let all = &self.cancelling;
        let passed = {
            let mut deadlines = lock(&all.deadlines);
            let passed = deadlines.passed(all.now_ns());
            all.earliest.store(deadlines.earliest(), Ordering::Relaxed);
            passed
        };
        for deadline in passed {
            let Deadline { of, limit, set_at } = deadline;
            let reason = format!("its deadline of {limit:?} has passed");
            self.cancel(&of, (reason, true), set_at);
        }
    }
}
