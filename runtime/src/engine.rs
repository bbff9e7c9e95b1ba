//! An engine at work: what it holds on to while it runs one codelet after another.
//!
//! The same for the thread of a seat, a host that sits in one, and a thread outside of all seats (which spawns and
//! satisfies, but does not run codelets).

use crate::access::{Lent, Mode, Shape};
use crate::codelet::{Ran, Record, Vtable, flag};
use crate::entry::EntryKind;
use crate::error::{Error, ErrorKind, Origin, Result};
use crate::failure::Cause;
use crate::lendings::Lendings;
use crate::local::{Local, Via};
use crate::memory_region::LEAST_ALIGNMENT;
use crate::seat::Seat;
use crate::shared::Shared;
use crate::sync::atomic::Ordering;
use std::cell::Cell;

/// See the module.
pub(crate) struct Engine<'a> {
    pub(crate) shared: &'a Shared,
    /// The seat, if any.
    pub(crate) seat: Option<&'a Seat<Local>>,
    local: *mut Local,
    /// See `Scope::guest`.
    pub(crate) guest: Cell<*const ()>,
}

/// What a body runs in: its engine, and whose children it spawns.
pub(crate) struct Frame<'a> {
    pub(crate) engine: &'a Engine<'a>,
    /// The record that children belong to: the codelet, or a scope in its body.
    pub(crate) record: u32,
    /// The codelet whose declared accesses children may use; 0 in a host's scope.
    pub(crate) codelet: u32,
    /// That codelet, or in a host's scope the root's record: where the scopes around `record` end.
    pub(crate) top: u32,
    /// Children spawned so far.
    pub(crate) children: Cell<u64>,
}

/// Codelets that became ready: one may be kept to run next, the others are posted as they come.
#[derive(Default)]
pub(crate) struct Followers {
    pub(crate) next: Option<u32>,
    /// Nobody will run `next`: post all.
    pub(crate) none: bool,
}

impl Followers {
    /// For threads and moments that run nothing next.
    #[inline]
    pub(crate) fn posted() -> Self {
        Followers {
            next: None,
            none: true,
        }
    }
}

/// How the at-ready door was passed.
pub(crate) enum AtReady {
    /// The codelet holds all its blocks, or has failed.
    Go,
    /// It waits for blocks; it may run elsewhere already.
    Wait,
    /// It holds its block, and waits for its turn there alone.
    InTurn,
}

/// What few codelets have that needs a look before their bodies.
const SPECIAL: u16 = flag::AT_READY | flag::COMMUTES | flag::ENDS | flag::GROUPED;

impl<'a> Engine<'a> {
    /// # Safety
    /// `local` is the state of `seat` and the caller is its occupant, or it is the caller's own; either way nobody
    /// else touches it while the engine exists.
    pub(crate) unsafe fn new(
        shared: &'a Shared,
        seat: Option<&'a Seat<Local>>,
        local: *mut Local,
    ) -> Self {
        Engine {
            shared,
            seat,
            local,
            guest: Cell::new(std::ptr::null()),
        }
    }

    /// Works on the engine's own state. `f` is our code, short, and does not come back here.
    #[inline]
    pub(crate) fn local<R>(&self, f: impl FnOnce(&mut Local) -> R) -> R {
        // SAFETY: the state is ours (see `new`), engines are not shared between threads, and calls do not nest.
        f(unsafe { &mut *self.local })
    }

    /// Runs a codelet that is ready, then its successors and what was kept, as long as they belong here, then what lies in the
    /// engine's own queue unless something `ends` that: up to the tuned run.
    pub(crate) fn run(&self, first: u32, ends: &dyn Fn() -> bool) {
        match self.notes() {
            false => self.run_as::<false>(first, ends),
            true => self.run_as::<true>(first, ends),
        }
    }

    /// The same; if `TRACED`, what runs is noted: in a trace, by marks, or both.
    fn run_as<const TRACED: bool>(&self, first: u32, ends: &dyn Fn() -> bool) {
        let most = self.shared.tuning.next_run;
        let outer = self.local(|local| {
            local.runs = !local.checks();
            std::mem::replace(&mut local.left, most)
        });
        let mut at = first;
        while at != 0 {
            let next = self.execute::<TRACED>(at).unwrap_or(0);
            let (kept, urgent, left) = self.local(|local| {
                local.left -= 1;
                (std::mem::take(&mut local.kept), local.urgent, local.left)
            });
            at = match (next, kept) {
                (0, kept) => kept,
                (next, 0) => next,
                (next, kept) => {
                    self.put_in_queue(kept);
                    next
                }
            };
            if TRACED {
                let via = if at != 0 { Via::Next } else { Via::Own };
                self.local(|local| local.via = via);
            }
            if left == 0 {
                break;
            }
            if at == 0 {
                at = self.take_own(ends).unwrap_or(0);
            }
            if urgent && at != 0 && self.gives_way(at) {
                break;
            }
        }
        self.local(|local| {
            local.runs = false;
            local.since += most - std::mem::replace(&mut local.left, outer);
        });
        if TRACED {
            self.local(|local| local.via = Via::Own);
            self.trace_queues();
        }
        if at != 0 {
            self.post(at);
        }
    }

    /// Runs one codelet that is ready, and those who have their turns right after it; the successor to run next, if one became ready
    /// and belongs here.
    fn execute<const TRACED: bool>(&self, id: u32) -> Option<u32> {
        let arena = &self.shared.arena;
        let record = arena.record(id);
        let mut followers = Followers::default();
        // Posted, not kept to run next: the body of this codelet may be long.
        let parent = record.parent.load(Ordering::Relaxed);
        self.settle_ended_unless(parent, &mut Followers::posted());
        // SAFETY: it is ready, so it lives, and the queue it came through published it to us.
        let vtable = unsafe { record.vtable() };
        let flags = record.flags();
        if flags & SPECIAL != 0 {
            match self.before_body(id, vtable.payload, flags, &mut followers) {
                AtReady::Go => (),
                AtReady::Wait => return followers.next,
                AtReady::InTurn => {
                    self.in_turn::<TRACED>(id, &mut followers);
                    return followers.next;
                }
            }
        }
        let mut children = self.run_body::<TRACED>(id, record, vtable);
        if flags & flag::WEAK != 0 {
            children += self.weak_places(id, vtable.payload);
        }
        self.body_ended(id, record, children, &mut followers);
        followers.next
    }

    /// What few codelets need before their bodies. They do not run now if they wait for something, or if nothing but their end
    /// was left to do.
    #[cold]
    fn before_body(
        &self,
        id: u32,
        payload: usize,
        flags: u16,
        followers: &mut Followers,
    ) -> AtReady {
        if flags & flag::ENDS != 0 {
            self.end(id, followers);
            return AtReady::Wait;
        }
        if flags & flag::AT_READY != 0
            && let AtReady::Wait = self.enter_at_ready(id, payload)
        {
            return AtReady::Wait;
        }
        if flags & flag::COMMUTES != 0 {
            let record = self.shared.arena.record(id);
            if record.cause.load(Ordering::Relaxed) == 0 && self.runs_in_turn(record) {
                return AtReady::InTurn;
            }
            if !self.take_turns(id, payload, followers) {
                return AtReady::Wait;
            }
        }
        if flags & flag::GROUPED != 0 {
            self.bring_group(id);
        }
        AtReady::Go
    }

    /// Runs the body, or drops it if what it reads is poisoned. Gives the number of children it spawned.
    #[inline(always)]
    pub(crate) fn run_body<const TRACED: bool>(
        &self,
        id: u32,
        record: &Record,
        vtable: &Vtable,
    ) -> u64 {
        let payload = self.shared.arena.payload(id);
        let flags = record.flags();
        record.set_flags(flags & !(flag::CAPTURES | flag::WAITS));
        let cut = self.shared.cancelling.watched.load(Ordering::Relaxed) != 0
            && self.stop_or_cut_off(record, flags & flag::CAPTURES != 0);
        if record.cause.load(Ordering::Relaxed) != 0 {
            if flags & flag::CAPTURES != 0 {
                // SAFETY: the flag said that the payload holds the captures.
                unsafe { (vtable.discard)(payload) };
                if !cut {
                    self.count_skipped(id);
                }
                if TRACED {
                    self.trace_skip(id, cut);
                }
            }
            return 0;
        }
        let frame = Frame {
            engine: self,
            record: id,
            codelet: id,
            top: id,
            children: Cell::new(0),
        };
        let at = (&raw const frame).cast();
        self.local(|local| (local.made_blocks, local.only_holds) = (false, false));
        let via = TRACED.then(|| self.trace_begin(id));
        let ran = match record.count() {
            // SAFETY: the codelet is ready, and holds its captures; it has no accesses.
            0 => unsafe { (vtable.run)(payload, at, &[]) },
            _ => {
                let ran = match record.shape() {
                    Shape::Other => self.run_with_views(id, vtable, payload, at),
                    Shape::Blocks(count) => self.run_plain(id, vtable, payload, at, count),
                    Shape::Values(count) => self.run_reader(id, vtable, payload, at, count),
                };
                if let Some(ledgers) = &self.shared.ledgers {
                    self.enter_in_ledger(ledgers, id, vtable.payload);
                }
                ran
            }
        };
        if let Some(via) = via {
            self.trace_ran(id, via, vtable.payload, &ran);
        }
        if let Some(seat) = self.seat {
            seat.counters.ran.add(1);
        }
        match ran {
            Ran::Done if vtable.has_value => {
                record.set_flags(record.flags() | flag::VALUE);
            }
            Ran::Done => (),
            otherwise => self.ended_otherwise(id, record, otherwise),
        }
        frame.children.get()
    }

    /// The body has ended, but not with a value of its own.
    #[inline(never)]
    fn ended_otherwise(&self, id: u32, record: &Record, ran: Ran) {
        match ran {
            Ran::Done => (),
            Ran::Forward(child) => self.forward(id, record, child),
            Ran::Failed(error) => self.record_failure(id, &error),
            Ran::Panicked(message) => self.record_panic(id, message),
        }
    }

    /// Runs a body that has accesses.
    #[inline(never)]
    fn run_with_views(&self, id: u32, vtable: &Vtable, payload: *mut u8, frame: *const ()) -> Ran {
        let mut lent = Lendings::default();
        let mut views = self.lend(id, vtable.payload, &mut lent);
        let mut opened = Vec::new();
        if self.shared.check.is_some() && views.is_ok() {
            views = self
                .open_blocks(id, vtable.payload, lent.list())
                .map(|blocks| opened = blocks);
        }
        let ran = match views {
            // SAFETY: the codelet is ready: it holds its accesses, which `lent` describes, and its captures.
            Ok(()) => unsafe { (vtable.run)(payload, frame, lent.list()) },
            Err(error) => {
                // SAFETY: the payload still holds the captures.
                unsafe { (vtable.discard)(payload) };
                Ran::Failed(error)
            }
        };
        if !opened.is_empty() {
            self.close_blocks(id, &opened);
        }
        if !lent.scratch.is_empty() {
            self.give_scratch_back(&mut lent);
        }
        ran
    }

    #[cold]
    fn give_scratch_back(&self, lent: &mut Lendings) {
        for chunk in lent.scratch.drain(..) {
            self.give_chunk(chunk);
        }
    }

    /// Lists the memory that a codelet's accesses name, in the order of their declaration.
    fn lend(&self, id: u32, payload: usize, lent: &mut Lendings) -> Result<()> {
        let arena = &self.shared.arena;
        let (record, mut entries) = (arena.record(id), arena.entries(id, payload));
        while let Some((_, entry)) = entries.next() {
            match entry.kind() {
                EntryKind::Unit => lent.push(Lent {
                    start: std::ptr::dangling_mut(),
                    bytes: 0,
                }),
                // What destroys a block does not look at it, and memory that was never taken stays untaken.
                EntryKind::Block(_) if record.flags() & flag::DESTROYS != 0 => lent.push(Lent {
                    start: std::ptr::without_provenance_mut(LEAST_ALIGNMENT),
                    bytes: 0,
                }),
                EntryKind::Block(Mode::Reduce(operator)) => {
                    lent.push(self.lane(Self::queue_of(entry), id, operator)?);
                }
                EntryKind::Block(_) => {
                    let slot = self.shared.blocks.slot(Self::queue_of(entry).slot);
                    let start = self.local(|local| {
                        (self.shared).memory_of_entry(slot, entry, record.holds(), local)
                    })?;
                    let bytes = slot.bytes();
                    lent.push(Lent { start, bytes });
                }
                EntryKind::Part(_) => lent.push(self.lend_part(entry, &mut entries)?),
                EntryKind::Value => lent.push(self.lend_value(entry)),
                EntryKind::Scratch => {
                    let bytes = entry.scratch_bytes();
                    let chunk = self.local(|local| local.magazine.take(bytes.max(1)))?;
                    let start = chunk.ptr().as_ptr();
                    lent.scratch.push(chunk);
                    lent.push(Lent { start, bytes });
                }
                _ => (),
            }
        }
        Ok(())
    }

    /// A codelet whose declaration is wrong: it counts as failed, and takes its place with what is right of it, but will
    /// not run: so all that it was to write is poisoned in order, and who waits for it hears of it.
    #[cold]
    pub(crate) fn refuse(&self, id: u32, record: &Record, error: &Error) {
        let flags = record.flags();
        record.set_flags(flags & !(flag::CAPTURES | flag::DESTROYS));
        if flags & flag::CAPTURES != 0 {
            // SAFETY: it lives: we spawn it, or are about to run it.
            let vtable = unsafe { record.vtable() };
            // SAFETY: the payload holds the captures, as the flag said until now.
            unsafe { (vtable.discard)(self.shared.arena.payload(id)) };
        }
        self.record_failure(id, error);
    }

    /// Logs a failure and poisons the codelet with it.
    #[cold]
    pub(crate) fn record_failure(&self, id: u32, error: &Error) {
        self.record_cause(id, error.to_string(), error.kind(), false);
    }

    #[cold]
    fn record_panic(&self, id: u32, message: String) {
        self.record_cause(id, message, ErrorKind::User, true);
    }

    fn record_cause(&self, id: u32, message: String, kind: ErrorKind, panicked: bool) {
        self.trace_turns_aside();
        let record = self.shared.arena.record(id);
        // SAFETY: it lives: we spawn it or run it.
        let body = unsafe { record.body() };
        let cause = Cause {
            codelet: body.name,
            spawned_at: body.spawned_at,
            message,
            panicked,
            kind,
            origin: Origin::Codelet,
        };
        let poison = self.shared.failures.add(cause.clone());
        record.poison(poison.get());
        self.with_root(id, |root| root.failed(cause));
    }
}
