//! What engines note in a trace, and when: [`crate::tracing`].
//!
//! Where codelets are fast nothing asks whether a trace is kept: an engine that keeps one runs codelets by another instance of the
//! same functions, and what it spawns carries a mark that leads to [`Engine::trace_ready`].

use crate::access::Mode;
use crate::affinity::{self, Affinity, Errand, Priority, TRACED};
use crate::bounds::Bounds;
use crate::codelet::{Ran, Record, flag};
use crate::engine::Engine;
use crate::entry::EntryKind;
use crate::local::Via;
use crate::sync::atomic::Ordering;
use crate::trace::{Event, NOWHERE};
use crate::tracing::{Laid, TOGETHER, Tracer};

impl Engine<'_> {
    /// Whether this engine notes anything.
    #[inline]
    pub(crate) fn is_traced(&self) -> bool {
        self.local(|local| local.tracer.is_some())
    }

    /// Whether it notes what it runs, or leaves marks of that.
    #[inline]
    pub(crate) fn notes(&self) -> bool {
        self.local(|local| local.notes)
    }

    /// Works on the tracer, if there is one.
    #[inline]
    pub(crate) fn tracer<R>(&self, f: impl FnOnce(&mut Tracer) -> R) -> Option<R> {
        self.local(|local| local.tracer.as_deref_mut().map(f))
    }

    /// Notes one event, if a trace is kept.
    #[inline]
    pub(crate) fn trace(&self, event: impl FnOnce(&mut Tracer) -> Event) {
        let full = self.tracer(|tracer| {
            let event = event(tracer);
            tracer.note(&[event])
        });
        if full == Some(true) {
            self.call_drain();
        }
    }

    /// Time for the control engine to empty rings.
    #[cold]
    fn call_drain(&self) {
        if let Some(trace) = &self.shared.trace {
            trace.call();
        }
        let domain = self.local(|local| local.domain);
        self.shared
            .request(&self.shared.domains[usize::from(domain)]);
    }

    /// The time; `None` if no trace is kept.
    #[inline]
    pub(crate) fn trace_now(&self) -> Option<u64> {
        self.tracer(Tracer::now)
    }

    /// A codelet was begun here that nobody else knows yet.
    #[cold]
    #[inline(never)]
    pub(crate) fn trace_spawn(&self, id: u32, parent: u32) {
        let record = self.shared.arena.record(id);
        // SAFETY: we spawn it.
        let body = unsafe { record.body() };
        let generation = record.ended.generation();
        let word = record.affinity.load(Ordering::Relaxed);
        record.affinity.store(word | TRACED, Ordering::Relaxed);
        self.trace(|tracer| {
            let kind = tracer.kind((body.name, Some(body.spawned_at)));
            record.set_kind(kind);
            Event::Spawn {
                time: tracer.time(),
                codelet: id,
                generation,
                parent,
                cost_ns: std::mem::take(&mut tracer.next_cost),
                hint: hint(word),
                kind,
            }
        });
    }

    /// The codelet that is spawned next has this declared cost.
    #[cold]
    pub(crate) fn trace_cost(&self, cost_ns: u32) {
        self.tracer(|tracer| tracer.next_cost = cost_ns);
    }

    /// A codelet that carries the mark became ready.
    #[cold]
    #[inline(never)]
    pub(crate) fn trace_ready(&self, id: u32, word: u32) {
        let generation = self.shared.arena.record(id).ended.generation();
        self.trace(|tracer| Event::Ready {
            time: tracer.time(),
            codelet: id,
            generation,
            cause: tracer.cause.0,
            cause_generation: tracer.cause.1,
            hint: hint(word),
        });
    }

    /// An open codelet has all that it waited for, and is posted.
    #[inline]
    pub(crate) fn trace_launched(&self, id: u32) {
        let word = (self.shared.arena.record(id).affinity).load(Ordering::Relaxed);
        if word & TRACED != 0 {
            self.trace_ready(id, word);
        }
    }

    /// A body begins; where it lay before.
    #[inline]
    pub(crate) fn trace_begin(&self, id: u32) -> Via {
        let record = self.shared.arena.record(id);
        self.mark_begins(|| {
            // SAFETY: it runs here: it lives, and was published to us.
            let body = unsafe { record.body() };
            (body.name, Some(body.spawned_at))
        });
        #[cfg(feature = "tracing")]
        self.spans_begin();
        let generation = record.ended.generation();
        // What comes next is from the own queue, unless it is said where else it was found.
        let via = self.local(|local| std::mem::replace(&mut local.via, Via::Own));
        self.tracer(|tracer| {
            tracer.cause = (id, generation);
            tracer.begins(matches!(via, Via::Own | Via::Next));
        });
        via
    }

    /// A body has ended that lay there before; it still holds its blocks.
    #[inline(never)]
    pub(crate) fn trace_ran(&self, id: u32, via: Via, payload: usize, ran: &Ran) {
        #[cfg(feature = "tracing")]
        self.spans_end();
        self.mark_ended();
        let record = self.shared.arena.record(id);
        // What destroys a block does not touch it; a replay's codelets are noted themselves, and not who holds blocks for them.
        let only_holds = || self.local(|local| local.only_holds);
        let has_accesses =
            record.count() != 0 && record.flags() & flag::DESTROYS == 0 && !only_holds();
        let full = self.tracer(|tracer| {
            let (start, end) = tracer.ends();
            let generation = tracer.cause.1;
            // SAFETY: it ran here: it lives, and was published to us.
            let kind = unsafe { kind_of(record, tracer) };
            let event = match tracer.replays.take() {
                Some(graph) => Event::Replay {
                    start,
                    end,
                    codelet: id,
                    generation,
                    graph,
                },
                None => Event::Run {
                    start,
                    end,
                    codelet: id,
                    generation,
                    kind,
                    via: via as u8,
                    ended: match ran {
                        Ran::Done | Ran::Forward(_) => 0,
                        Ran::Failed(_) => 1,
                        Ran::Panicked(_) => 2,
                    },
                },
            };
            if has_accesses {
                tracer.together.push(event);
                return false;
            }
            tracer.note_end(&[event])
        });
        let full = match has_accesses {
            true => self.trace_accesses(id, payload),
            false => full,
        };
        if full == Some(true) {
            self.call_drain();
        }
    }

    /// Notes what a body used, with the event of the body that lies ready.
    fn trace_accesses(&self, id: u32, payload: usize) -> Option<bool> {
        let mut together = self.tracer(|tracer| std::mem::take(&mut tracer.together))?;
        self.list_accesses(id, payload, &mut together);
        self.tracer(|tracer| {
            let full = tracer.note_end(&together);
            together.clear();
            tracer.together = together;
            full
        })
    }

    fn list_accesses(&self, id: u32, payload: usize, list: &mut Vec<Event>) {
        let (arena, blocks) = (&self.shared.arena, &self.shared.blocks);
        let region = self.local(|local| local.here).map(|here| here.region);
        let mut entries = arena.entries(id, payload);
        while let Some((_, entry)) = entries.next() {
            let (mode, part) = match entry.kind() {
                EntryKind::Block(mode) => (mode, None),
                EntryKind::Part(mode) => (mode, Some(Bounds::take(&mut entries).extent)),
                _ => continue,
            };
            let cell = Self::queue_of(entry);
            let slot = blocks.slot(cell.slot);
            let home = match (&part, region) {
                (None, Some(region)) => self.home_of_whole((cell, mode), region),
                _ => self.shared.homes.region_of(slot.place()),
            };
            list.push(Event::Access {
                bytes: part.map_or(slot.bytes() as u64, |extent| extent.bytes()),
                block: cell.slot,
                generation: slot.generation(),
                home: home.unwrap_or(NOWHERE),
                mode: mode_number(mode),
            });
            if list.len() == TOGETHER {
                return;
            }
        }
    }

    /// A codelet is not run.
    #[cold]
    pub(crate) fn trace_skip(&self, id: u32, cancelled: bool) {
        let record = self.shared.arena.record(id);
        let generation = record.ended.generation();
        let poison = record.cause.load(Ordering::Relaxed);
        let blame = (!cancelled).then(|| self.shared.failures.cause(poison));
        self.trace(|tracer| {
            let time = tracer.now();
            // What follows from it follows from this.
            tracer.cause = (id, generation);
            tracer.ended = Some(time);
            Event::Skip {
                time,
                codelet: id,
                generation,
                // SAFETY: we would run it: it lives, and was published to us.
                kind: unsafe { kind_of(record, tracer) },
                cancelled,
                blame: blame.map_or(0, |one| tracer.kind((one.codelet, Some(one.spawned_at)))),
            }
        });
    }

    /// A codelet was taken from another engine's queue.
    pub(crate) fn trace_steal(&self, codelet: u32, victim: u16) {
        let Some(trace) = &self.shared.trace else {
            return;
        };
        let region = |xe| self.shared.homes.region_of_xe(xe);
        let distance = trace.distance(region(self.xe()), region(victim));
        self.trace(|tracer| Event::Steal {
            time: tracer.now(),
            codelet,
            victim,
            distance,
        });
    }

    /// Between two runs of codelets, where the engine looks around: what lies in queues, if that is something else than what was noted last, and that is a while ago.
    #[inline]
    pub(crate) fn trace_queues(&self) {
        let due = self.tracer(|tracer| {
            tracer.turns_aside();
            let time = tracer.time();
            (time.wrapping_sub(tracer.queued.0) >= tracer.clock.pause()).then_some(time)
        });
        if let Some(Some(time)) = due {
            self.look_at_queues(time);
        }
    }

    #[cold]
    #[inline(never)]
    fn look_at_queues(&self, time: u64) {
        let Some(seat) = self.seat else { return };
        let domain = &self.shared.domains[usize::from(seat.domain)];
        let own = seat.queued() + self.shared.levelled_own(usize::from(self.xe()));
        let seen = [
            own,
            domain.injector.len(),
            usize::from(!seat.inbox.is_empty()),
        ];
        let seen = seen.map(|count| u32::try_from(count).unwrap_or(u32::MAX));
        let before = self.tracer(|tracer| std::mem::replace(&mut tracer.queued, (time, seen)));
        if before.is_some_and(|before| before.1 != seen) {
            let [own, domain, posted] = seen;
            self.trace(|_| Event::Queued {
                time,
                own,
                domain,
                posted: posted != 0,
            });
        }
    }

    /// The engine does something between two codelets that few are followed by: the next start is read from the clock.
    #[inline]
    pub(crate) fn trace_turns_aside(&self) {
        self.tracer(Tracer::turns_aside);
    }

    /// The body of a host's scope begins; when.
    pub(crate) fn trace_body_begins(&self, scope: u32) -> Option<u64> {
        #[cfg(feature = "tracing")]
        self.spans_begin();
        self.shared.trace_opens();
        let generation = self.shared.arena.record(scope).ended.generation();
        self.tracer(|tracer| {
            tracer.cause = (scope, generation);
            tracer.ended = None;
            tracer.now()
        })
    }

    /// It has ended.
    pub(crate) fn trace_body_ended(&self, scope: u32, start: Option<u64>) {
        #[cfg(feature = "tracing")]
        self.spans_end();
        let Some(start) = start else { return };
        let generation = self.shared.arena.record(scope).ended.generation();
        self.trace(|tracer| {
            let end = tracer.now();
            tracer.ended = Some(end);
            Event::Body {
                start,
                end,
                scope,
                generation,
            }
        });
    }

    /// The engine slept from then on, if it has noted that.
    #[inline]
    pub(crate) fn trace_parked(&self, start: Option<u64>, host: bool) {
        if let Some(start) = start {
            self.trace(|tracer| Event::Parked {
                start,
                end: tracer.now(),
                host,
            });
        }
    }

    /// It looked for work from then on.
    #[inline]
    pub(crate) fn trace_searched(&self, start: Option<u64>) {
        if let Some(start) = start {
            self.trace(|tracer| Event::Searched {
                start,
                end: tracer.now(),
            });
        }
    }

    /// In the middle of a body, others run here.
    pub(crate) fn trace_aside(&self) -> Option<Laid> {
        #[cfg(feature = "tracing")]
        self.spans_end();
        self.tracer(Tracer::lays_aside)
    }

    /// The body goes on.
    pub(crate) fn trace_back(&self, aside: Option<Laid>) {
        if let Some(laid) = aside {
            #[cfg(feature = "tracing")]
            self.spans_begin();
            self.tracer(|tracer| tracer.takes_back(laid));
        }
    }
}

/// What a codelet is called that is run or dropped here. Its record forgets the number.
///
/// # Safety
/// It lives, and was published to the caller.
#[inline]
unsafe fn kind_of(record: &Record, tracer: &mut Tracer) -> u16 {
    record.take_kind().unwrap_or_else(|| {
        // SAFETY: the caller's promise.
        let body = unsafe { record.body() };
        tracer.kind((body.name, Some(body.spawned_at)))
    })
}

/// A codelet's hints as events have them.
#[inline]
fn hint(word: u32) -> u32 {
    match affinity::is_anybodys(word) {
        true => 0,
        false => asked(word),
    }
}

/// The same of one that has any.
fn asked(word: u32) -> u32 {
    let (affinity, number) = match Affinity::decode(word) {
        Affinity::Anywhere => (0, 0),
        Affinity::Prefer(xe) => (1, xe),
        Affinity::Only(xe) => (2, xe),
        Affinity::Region(region) => (3, region),
        Affinity::Control => (4, 0),
        Affinity::Group(group) => (5, group),
        Affinity::NearData => (6, 0),
    };
    let priority = match affinity::priority(word) {
        Priority::Normal => 0,
        Priority::Low => 1,
        Priority::High => 2,
    };
    let hint = Event::hint(affinity, number, priority);
    match affinity::has_errand(word, Errand::Moves) {
        true => Event::moving(hint),
        false => hint,
    }
}

/// A mode's place in [`MODES`](crate::trace::MODES).
pub(crate) fn mode_number(mode: Mode) -> u8 {
    match mode {
        Mode::Read => 0,
        Mode::Write => 1,
        Mode::ReadWrite => 2,
        Mode::Commute => 3,
        Mode::Reduce(_) => 4,
        Mode::SharedWrite => 5,
        Mode::Exclusive => 6,
    }
}
