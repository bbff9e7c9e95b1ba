//! A host thread in a scope: it takes a seat if one is free, and helps until its scope has ended.

use crate::binding::Binding;
use crate::cancel::ScopeId;
use crate::check;
use crate::codelet::{HEADER, flag};
use crate::engine::{Engine, Followers, Frame};
use crate::error::{Error, ErrorKind, Result};
use crate::guard::guarded;
use crate::local::Local;
use crate::root::Root;
use crate::scope::Scope;
use crate::seat::Seat;
use crate::shared::Shared;
use crate::sync::atomic::Ordering;
use crate::sync::{lock, thread};
use crate::topology;
use crate::trace::Event;
use crate::tracing::Trace;
use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::time::Duration;

/// What a scope's body said, or its panic.
type Ended = Result<Result<()>, Box<dyn Any + Send>>;

/// A scope's body, and what it gave. Behind a pointer, so that the rest of this file is compiled once and not for each body.
trait Body<'s> {
    fn run(&mut self, scope: &Scope<'s>) -> Result<()>;

    /// Drops the body if it has not run, and what it gave if it has.
    fn discard(&mut self);
}

struct Once<F, R> {
    body: Option<F>,
    given: Option<R>,
}

impl<'s, F: FnOnce(&Scope<'s>) -> Result<R>, R> Body<'s> for Once<F, R> {
    fn run(&mut self, scope: &Scope<'s>) -> Result<()> {
        let body = self.body.take().expect("a scope's body runs once");
        self.given = Some(body(scope)?);
        Ok(())
    }

    fn discard(&mut self) {
        self.body = None;
        self.given = None;
    }
}

/// A scope's deadline: how long it may take, and where that was said.
pub(crate) type Limit = (Duration, &'static Location<'static>);

/// Runs `body` in a new scope and waits until all of it has ended.
pub(crate) fn finish<'s, R>(
    shared: &Shared,
    pin: bool,
    limit: Option<Limit>,
    body: impl FnOnce(&Scope<'s>) -> Result<R>,
) -> Result<R> {
    let mut body = Once {
        body: Some(body),
        given: None,
    };
    finish_any(shared, pin, limit, &mut body)?;
    Ok(body.given.expect("a body that ended well gave something"))
}

fn finish_any<'s>(
    shared: &Shared,
    pin: bool,
    limit: Option<Limit>,
    body: &mut dyn Body<'s>,
) -> Result<()> {
    if shared.on_engine() {
        return Err(Error::new(
            ErrorKind::OnEngine,
            "`finish`, `read` and `write` wait, and codelets and scopes' bodies never do; spawn codelets, or open a nested `scope` and go on from its event",
        ));
    }
    shared.refuse_the_suspender()?;
    // The body's panics are caught inside, and what it gave is dropped after.
    let (result, root) = guarded("the engine of a host thread", || match sit_down(shared) {
        Some(xe) => in_seat(shared, pin, xe, limit, body),
        None => outside(shared, limit, body),
    });
    if shared.open_scopes.load(Ordering::SeqCst) > 0 {
        // Other hosts' scopes may have been waiting for this one, and nobody else moves: somebody must look.
        shared.request(&shared.domains[0]);
    }
    let result = result.map(|said| match shared.check.is_some() {
        true => checked_verdict(&root, said, body),
        false => verdict(&root, said, body),
    });
    if let Some(check) = &shared.check
        && !matches!(result, Ok(Ok(())))
    {
        check.scope_failed();
    }
    // The body's panic goes on only now, when all is in order again; so does one of a drop of what it gave.
    result.unwrap_or_else(|panic| resume_unwind(panic))
}

impl Shared {
    /// Whether the calling thread works for this runtime right now.
    #[inline]
    pub(crate) fn on_engine(&self) -> bool {
        self.seats.iter().any(Seat::is_mine)
            || lock(&self.outside).contains(&thread::current().id())
    }
}

/// A free seat, the one of the processor that we are on if possible.
fn sit_down(shared: &Shared) -> Option<u16> {
    let cpu = topology::current_cpu();
    let sits = |seat: &Seat<Local>| {
        let idle = &shared.domains[usize::from(seat.domain)].idle;
        let place = usize::from(seat.place);
        !idle.is_shut(place) && seat.occupancy.sit_down(idle, place)
    };
    let here = shared.seats.iter().position(|seat| Some(seat.cpu) == cpu);
    let order = here.into_iter().chain(0..shared.seats.len());
    order
        .into_iter()
        .find(|&xe| sits(&shared.seats[xe]))
        .map(|xe| xe as u16)
}

fn in_seat<'s>(
    shared: &Shared,
    pin: bool,
    xe: u16,
    limit: Option<Limit>,
    body: &mut dyn Body<'s>,
) -> (Ended, Root) {
    let seat = &shared.seats[usize::from(xe)];
    shared.wait_for_inspection();
    seat.sign_in(true);
    // SAFETY: this thread has sat down: it is the occupant until it stands up.
    let local = unsafe { seat.state() };
    // SAFETY: as above.
    let engine = unsafe { Engine::new(shared, Some(seat), local) };
    if pin {
        let later = Binding::later(seat.cpu);
        engine.local(|local| local.binding = later);
    }
    let root = Root::new(Some(xe));
    // Open only while we sit: else every scope's two ends would look as if all slept though one is open.
    shared.open_scopes.fetch_add(1, Ordering::SeqCst);
    engine.local(|local| local.host = true);
    seat.begin_body();
    shared.gate.tell();
    let result = run(&engine, &root, limit, body, |engine| {
        seat.end_body();
        engine.local(|local| local.host = false);
        if !root.has_ended() {
            engine.stop_after_rest();
        }
        engine.work(seat, true, false, || root.has_ended());
    });
    shared.open_scopes.fetch_sub(1, Ordering::SeqCst);
    let binding = engine.local(|local| std::mem::take(&mut local.binding));
    stand_up(shared, &engine, seat);
    drop(binding);
    (result, root)
}

fn stand_up(shared: &Shared, engine: &Engine<'_>, seat: &Seat<Local>) {
    engine.put_back_pinned(seat);
    if shared.check.is_some() {
        engine.put_back_ready(seat);
    }
    seat.sign_out();
    let domain = &shared.domains[usize::from(seat.domain)];
    let place = usize::from(seat.place);
    (seat.occupancy).stand_up(&domain.idle, place, || {
        shared.gate.tell();
        shared.has_work(seat)
    });
}

/// A host thread for which no seat is free: it spawns, and sleeps until its scope has ended. (Its body cannot be shipped
/// to an engine, since it need not be `Send`.)
fn outside<'s>(shared: &Shared, limit: Option<Limit>, body: &mut dyn Body<'s>) -> (Ended, Root) {
    let mut local = Local::new(None, 0, shared.homes.outside_pool().clone());
    local.tracer = shared.trace.as_ref().map(Trace::join);
    lock(&shared.outside).push(thread::current().id());
    shared.outside_bodies.fetch_add(1, Ordering::SeqCst);
    shared.open_scopes.fetch_add(1, Ordering::SeqCst);
    shared.wait_for_inspection();
    // SAFETY: the state is ours, and lives until the end of this function.
    let engine = unsafe { Engine::new(shared, None, &raw mut local) };
    let root = Root::new(None);
    root.bed().adopt();
    let result = run(&engine, &root, limit, body, |engine| {
        engine.settle_ended();
        shared.outside_bodies.fetch_sub(1, Ordering::SeqCst);
        if !root.has_ended() {
            // Everybody may have gone to sleep while the body was open, and nobody would look whether we are stuck.
            shared.looked_at.store(u64::MAX, Ordering::Relaxed);
            shared.request(&shared.domains[0]);
        }
        while !root.has_ended() {
            shared.sleep_in(&root.bed());
        }
    });
    engine.retire();
    if let (Some(trace), Some(tracer)) = (&shared.trace, local.tracer.take()) {
        trace.leave(tracer);
    }
    shared.open_scopes.fetch_sub(1, Ordering::SeqCst);
    let me = thread::current().id();
    lock(&shared.outside).retain(|&thread| thread != me);
    (result, root)
}

/// Opens the scope, runs the body, waits by `wait`, closes the scope.
fn run<'s>(
    engine: &Engine<'_>,
    root: &Root,
    limit: Option<Limit>,
    body: &mut dyn Body<'s>,
    wait: impl FnOnce(&Engine<'_>),
) -> Ended {
    let arena = &engine.shared.arena;
    let bytes = HEADER + size_of::<*const Root>();
    let id = match engine.local(|local| local.records.take(arena, bytes)) {
        Ok(id) => id,
        Err(error) => {
            // SAFETY: it is ours, and nothing was spawned in it.
            unsafe { Root::end(root, engine.shared, None) };
            wait(engine);
            let dropped = catch_unwind(AssertUnwindSafe(|| body.discard()));
            return dropped.map(|()| Err(error));
        }
    };
    let record = arena.record(id);
    record.begin(0, flag::ROOT, 0, 0);
    // SAFETY: the record is ours, and was taken with room for the address.
    unsafe { arena.payload(id).cast::<*const Root>().write(root) };
    let frame = Frame {
        engine,
        record: id,
        codelet: 0,
        top: id,
        children: Cell::new(0),
    };
    if let Some((limit, set_at)) = limit {
        let scope = ScopeId {
            record: id,
            generation: record.ended.generation(),
            whole: true,
        };
        let all = &engine.shared.cancelling;
        root.cancels.add_deadline(all, scope, limit, set_at);
        engine.shared.look_at_deadlines();
        // Some control engine shall not sleep longer than that.
        engine.shared.request(&engine.shared.domains[0]);
    }
    engine.shared.health_opens();
    let begun = engine.trace_body_begins(id);
    let result = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: the frame outlives the scope, which is borrowed by the body only.
        let scope = unsafe { Scope::new(&raw const frame) };
        body.run(&scope)
    }));
    engine.trace_body_ended(id, begun);
    if record.live.body_ended(frame.children.get()) {
        engine.end(id, &mut Followers::posted());
    }
    wait(engine);
    if let Some(start) = begun {
        engine.trace(|tracer| Event::Seated {
            start,
            end: tracer.now(),
            scope: id,
        });
    }
    root.cancels.close(&engine.shared.cancelling);
    engine.end_adopted(record);
    record.set_flags(0);
    if record.ended.recycle() {
        engine.local(|local| local.records.give(arena, id));
    }
    result
}

/// The scope's result, and before it what the checking mode found.
#[cold]
fn checked_verdict(root: &Root, said: Result<()>, body: &mut dyn Body<'_>) -> Result<()> {
    let own = verdict(root, said, body);
    let findings = std::mem::take(&mut *lock(&root.findings));
    if findings.is_empty() {
        return own;
    }
    Err(check::found(findings, own.err()))
}

/// The scope's result: what kept it from ending well comes before what its body says. What the body gave is dropped before
/// the error is made: if the drop panics, an error that is there already would be lost.
fn verdict(root: &Root, said: Result<()>, body: &mut dyn Body<'_>) -> Result<()> {
    let stuck = root.take_stuck();
    if let Some(cancellation) = root.cancellation() {
        let said = said.err();
        body.discard();
        return Err(Error::cancelled(cancellation, root.failure(), said));
    }
    if !stuck.is_empty() {
        body.discard();
        return Err(Error::stuck_scope(stuck));
    }
    match (said, root.failure()) {
        (Ok(()), None) => Ok(()),
        (Ok(()), Some(failure)) => {
            body.discard();
            Err(Error::failed(failure))
        }
        (Err(said), None) => Err(said),
        (Err(said), Some(failure)) => Err(said.beside(failure)),
    }
}
