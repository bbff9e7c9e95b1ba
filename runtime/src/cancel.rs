//! Cancelled scopes: what each host's scope, and the runtime, keep about them. Who acts on it is in `sweep.rs`; protocol and
//! proof: `docs/design/cancellation.md`.

use crate::decide::deadline::{DeadlineId, Deadlines, NEVER};
use crate::error::Cancellation;
use crate::event::EventRef;
use crate::stop::Stop;
use crate::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use crate::sync::{Mutex, lock};
use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a runtime keeps. The first two are looked at by everybody, and change when a scope becomes cancellable or ends.
pub(crate) struct Cancelling {
    /// Open host's scopes that can be cancelled: those with a canceller or a deadline. And [`SUSPENDED`] and [`CAPPED`], so that one
    /// look before each codelet tells of all.
    pub(crate) watched: AtomicU32,
    /// The earliest deadline: nanoseconds since `began`, or [`NEVER`].
    pub(crate) earliest: AtomicU64,
    /// Open host's scopes that are cancelled, or have a cancelled scope inside.
    pub(crate) cut: AtomicU32,
    pub(crate) deadlines: Mutex<Deadlines<Deadline>>,
    pub(crate) outside: Mutex<OutsideEvents>,
    began: Instant,
}

/// Beside the count of scopes that can be cancelled: the runtime is suspended.
pub(crate) const SUSPENDED: u32 = 1 << 31;
/// And: some seats are shut.
pub(crate) const CAPPED: u32 = 1 << 30;
/// The count alone.
pub(crate) const SCOPES: u32 = CAPPED - 1;

impl Cancelling {
    pub(crate) fn new() -> Self {
        Cancelling {
            watched: AtomicU32::new(0),
            earliest: AtomicU64::new(NEVER),
            cut: AtomicU32::new(0),
            deadlines: Mutex::new(Deadlines::default()),
            outside: Mutex::new(OutsideEvents::default()),
            began: Instant::now(),
        }
    }

    /// Nanoseconds since the runtime's start.
    pub(crate) fn now_ns(&self) -> u64 {
        self.began.elapsed().as_nanos() as u64
    }

    /// A deadline from now on. The caller sees to it that somebody looks at it.
    pub(crate) fn add_deadline(&self, deadline: Deadline) -> DeadlineId {
        let limit_ns = u64::try_from(deadline.limit.as_nanos()).unwrap_or(NEVER);
        let mut deadlines = lock(&self.deadlines);
        let id = deadlines.add(self.now_ns().saturating_add(limit_ns), deadline);
        self.earliest.store(deadlines.earliest(), Ordering::Relaxed);
        id
    }

    /// What had this deadline has ended.
    pub(crate) fn remove_deadline(&self, id: DeadlineId) {
        let mut deadlines = lock(&self.deadlines);
        deadlines.remove(id);
        self.earliest.store(deadlines.earliest(), Ordering::Relaxed);
    }

    /// Whether the runtime is suspended, or some seats are shut: a hint.
    #[inline]
    pub(crate) fn holds_engines(&self) -> bool {
        self.watched.load(Ordering::Relaxed) & !SCOPES != 0
    }

    /// Whether a control engine must not sleep until it is asked: some scope can be cancelled, or there is a deadline.
    pub(crate) fn needs_a_watch(&self) -> bool {
        self.watched.load(Ordering::Relaxed) & SCOPES != 0
            || self.earliest.load(Ordering::Relaxed) != NEVER
    }

    /// How long until the earliest deadline, if there is one.
    #[inline]
    pub(crate) fn until_deadline(&self) -> Option<Duration> {
        // Relaxed: a deadline that comes just now asks for a decision afterwards.
        match self.earliest.load(Ordering::Relaxed) {
            NEVER => None,
            at => Some(Duration::from_nanos(at.saturating_sub(self.now_ns()))),
        }
    }
}

/// A scope inside a host's scope, or that one itself: the record that its children belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ScopeId {
    pub(crate) record: u32,
    pub(crate) generation: u32,
    /// It is the host's scope.
    pub(crate) whole: bool,
}

/// What can be cancelled from outside.
#[derive(Clone)]
pub(crate) enum Cancellable {
    Scope(Arc<Link>, ScopeId),
    /// The replay of a graph: the one with this number, or whichever is under way.
    Replay(Arc<Stop>, Option<u64>),
}

/// The deadline of a scope or a replay.
pub(crate) struct Deadline {
    pub(crate) of: Cancellable,
    pub(crate) limit: Duration,
    pub(crate) set_at: &'static Location<'static>,
}

/// What leads from outside to a host's scope, while that is open.
pub(crate) struct Link {
    open: Mutex<Option<Address>>,
}

struct Address(*const Cancels);

// SAFETY: only an address, used as `Link::with` says; what it points to is made of atomics and locks.
unsafe impl Send for Address {}

impl Link {
    /// One that leads nowhere.
    pub(crate) fn closed() -> Self {
        Link {
            open: Mutex::new(None),
        }
    }

    /// Works on what the host's scope keeps, if it is still open. `f` does not come back here.
    pub(crate) fn with<R>(&self, f: impl FnOnce(&Cancels) -> R) -> Option<R> {
        let open = lock(&self.open);
        let address = open.as_ref()?.0;
        // SAFETY: the host takes the address away, under this lock, before what it points to goes.
        Some(f(unsafe { &*address }))
    }
}

/// What a host's scope keeps: part of its root.
pub(crate) struct Cancels {
    /// Codelets are counted, and may be cut off.
    watched: AtomicBool,
    /// The whole scope is cancelled: the number of the failure that its codelets leave behind; else 0.
    whole: AtomicU32,
    /// Something in it is cancelled.
    some: AtomicBool,
    pub(crate) ran: AtomicU64,
    pub(crate) not_started: AtomicU64,
    cuts: Mutex<Cuts>,
    link: Mutex<Option<(Arc<Link>, Option<DeadlineId>)>>,
}

#[derive(Default)]
struct Cuts {
    /// Each cancelled scope with the number of its failure.
    scopes: Vec<(ScopeId, u32)>,
    /// Why the whole scope was cancelled, and whether by its deadline.
    why: Option<(String, bool)>,
}

impl Cancels {
    pub(crate) fn new() -> Self {
        Cancels {
            watched: AtomicBool::new(false),
            whole: AtomicU32::new(0),
            some: AtomicBool::new(false),
            ran: AtomicU64::new(0),
            not_started: AtomicU64::new(0),
            cuts: Mutex::new(Cuts::default()),
            link: Mutex::new(None),
        }
    }

    /// Makes the scope cancellable. It stays where it is until [`Cancels::close`].
    pub(crate) fn link(&self, all: &Cancelling) -> Arc<Link> {
        let mut link = lock(&self.link);
        if let Some((link, _)) = &*link {
            return link.clone();
        }
        // Relaxed: who is spawned after this is published after it, and so sees both.
        self.watched.store(true, Ordering::Relaxed);
        all.watched.fetch_add(1, Ordering::Relaxed);
        let open = Mutex::new(Some(Address(std::ptr::from_ref(self))));
        let made = Arc::new(Link { open });
        *link = Some((made.clone(), None));
        made
    }

    /// Gives the whole scope a deadline.
    pub(crate) fn add_deadline(
        &self,
        all: &Cancelling,
        scope: ScopeId,
        limit: Duration,
        set_at: &'static Location<'static>,
    ) {
        let of = Cancellable::Scope(self.link(all), scope);
        let id = all.add_deadline(Deadline { of, limit, set_at });
        if let Some((_, set)) = &mut *lock(&self.link) {
            *set = Some(id);
        }
    }

    /// All of the scope has ended: nobody comes here from outside any more.
    pub(crate) fn close(&self, all: &Cancelling) {
        // Relaxed: whoever made it cancellable did so before the scope's end.
        if !self.watched.load(Ordering::Relaxed) {
            return;
        }
        let Some((link, deadline)) = lock(&self.link).take() else {
            return;
        };
        *lock(&link.open) = None;
        if let Some(id) = deadline {
            all.remove_deadline(id);
        }
        all.watched.fetch_sub(1, Ordering::Relaxed);
        if self.some.load(Ordering::Relaxed) {
            all.cut.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Cancels a scope; false if it is cancelled already. `ended` tells which scopes have ended, to forget them, and
    /// `poison` gives the number of the failure.
    pub(crate) fn cut(
        &self,
        all: &Cancelling,
        scope: ScopeId,
        why: (String, bool),
        ended: impl Fn(ScopeId) -> bool,
        poison: impl FnOnce() -> u32,
    ) -> bool {
        let mut cuts = lock(&self.cuts);
        cuts.scopes.retain(|&(other, _)| !ended(other));
        if ended(scope) || cuts.scopes.iter().any(|&(other, _)| other == scope) {
            return false;
        }
        let poison = poison();
        cuts.scopes.push((scope, poison));
        if scope.whole {
            cuts.why = Some(why);
            // Release pairs with the Acquire in `poison_of`: the failure's entry in the log.
            self.whole.store(poison, Ordering::Release);
        }
        if !self.some.swap(true, Ordering::Release) {
            all.cut.fetch_add(1, Ordering::Relaxed);
        }
        true
    }

    /// Whether codelets of this scope are counted, and may be cut off.
    #[inline]
    pub(crate) fn is_watched(&self) -> bool {
        self.watched.load(Ordering::Relaxed)
    }

    /// The failure with which a scope or one of those around it was cancelled, or 0. `around` gives these scopes' records
    /// with their generations, from inside out.
    pub(crate) fn poison_of(&self, around: impl Iterator<Item = (u32, u32)>) -> u32 {
        // Acquire pairs with the Releases in `cut`.
        let whole = self.whole.load(Ordering::Acquire);
        if whole != 0 || !self.some.load(Ordering::Acquire) {
            return whole;
        }
        let cuts = lock(&self.cuts);
        let poison = |(record, generation)| {
            let is = |id: &ScopeId| id.record == record && id.generation == generation;
            let found = cuts.scopes.iter().find(|(id, _)| is(id));
            found.map(|&(_, poison)| poison)
        };
        around.into_iter().find_map(poison).unwrap_or(0)
    }

    /// After the end, if the whole scope was cancelled: how it ended, with these counts of failed and skipped codelets.
    pub(crate) fn verdict(&self, failed: u64, skipped: u64) -> Option<Cancellation> {
        let (reason, by_deadline) = lock(&self.cuts).why.take()?;
        Some(Cancellation {
            reason,
            by_deadline,
            rounds: None,
            ran: self.ran.load(Ordering::Relaxed),
            not_started: self.not_started.load(Ordering::Relaxed),
            failed,
            skipped,
        })
    }
}

/// The runtime's events that threads outside may satisfy: a cancelled scope's codelets may wait for them.
pub(crate) struct OutsideEvents {
    list: Vec<EventRef>,
    /// Those that are gone are forgotten when there are so many.
    full: usize,
}

impl Default for OutsideEvents {
    fn default() -> Self {
        OutsideEvents {
            list: Vec::new(),
            full: 64,
        }
    }
}

impl OutsideEvents {
    /// One was made.
    pub(crate) fn add(&mut self, event: EventRef) {
        if self.list.len() >= self.full {
            // Those that nobody else refers to are gone, and those that have fired are waited for no more.
            self.list
                .retain(|event| event.is_shared(1) && !event.has_fired());
            self.full = 64.max(2 * self.list.len());
        }
        self.list.push(event);
    }

    /// Those that may come.
    pub(crate) fn there(&self) -> Vec<EventRef> {
        let may_come = |event: &&EventRef| !event.has_fired();
        self.list.iter().filter(may_come).cloned().collect()
    }
}
