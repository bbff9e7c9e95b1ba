//! Events: the ends of codelets, whose names say all, and those that somebody makes, which are in a table.

use crate::fault::{Fault, ended};
use crate::live::{self, sprat_scope};
use crate::loops::aside;
use crate::runtime::{runtime, seconds, sprat_runtime, still_there};
use crate::table::Table;
use crate::text::{forever, text};
use crate::types::*;
use sprat::{Error, Event, Latch, Runtime, Scope, SharedTrigger, Trigger};
use std::ffi::{c_char, c_void};
use std::sync::{Arc, Mutex, PoisonError};

/// An event that somebody made.
#[derive(Debug)]
struct Made {
    event: Event,
    by: By,
    /// The handle of its runtime; 0 if it was made in a scope.
    runtime: u64,
}

/// What makes it come.
#[derive(Debug)]
pub(crate) enum By {
    /// Somebody who has the trigger, if it was not used yet.
    Trigger(Mutex<Option<Trigger>>),
    /// The first of all who satisfy it.
    Shared(SharedTrigger),
    Latch(Latch),
    /// A timer, a function that is polled, or a channel.
    Itself,
}

static EVENTS: Table<Arc<Made>> = Table::new(2);

/// In a name's second number: it is one of the table's.
const MADE: u64 = 1 << 62;

/// The event with this name.
pub(crate) fn event(name: sprat_event) -> Result<Event, Fault> {
    match name.id {
        [0, 0] => Err(Fault::nameless("an event")),
        [handle, MADE] => Ok(made(handle)?.event.clone()),
        // SAFETY: `sprat.h` asks that events come from Sprat; what does not is noticed by its second number, unless that is a
        // living runtime's by chance.
        end => Ok(unsafe { Event::from_bits(end) }),
    }
}

fn made(handle: u64) -> Result<Arc<Made>, Fault> {
    EVENTS.get(handle, "the event")
}

/// One of the table's, by its name.
fn one_made(name: sprat_event) -> Result<Arc<Made>, Fault> {
    match name.id {
        [0, 0] => Err(Fault::nameless("an event")),
        [handle, MADE] => made(handle),
        _ => Err(Fault::new(
            SPRAT_EVENT,
            "the end of a codelet or scope was to be satisfied or destroyed; it comes by itself, and goes with its scope",
        )),
    }
}

/// Puts an event into the table, and its name where the caller wants it.
///
/// # Safety
/// The place is null or can be written to.
pub(crate) unsafe fn keep(
    event: Event,
    by: By,
    runtime: u64,
    place: *mut sprat_event,
) -> Result<(), Fault> {
    let handle = EVENTS.put(Arc::new(Made { event, by, runtime }))?;
    // If the runtime was destroyed meanwhile, its events went without this one.
    still_there(runtime).inspect_err(|_| drop(EVENTS.take(handle, "the event")))?;
    let id = [handle, MADE];
    // SAFETY: the caller's promise; whether it is null was looked at before.
    unsafe { place.write(sprat_event { id }) };
    Ok(())
}

pub(crate) fn there(place: *mut sprat_event) -> Result<(), Fault> {
    match place.is_null() {
        true => Err(Fault::null("the place for the event")),
        false => Ok(()),
    }
}

/// The runtime with this handle goes: so do its events, and those that nobody satisfied are poisoned.
pub(crate) fn forget_those_of(runtime: u64) {
    drop(EVENTS.take_all(|made| made.runtime == runtime));
}

/// Makes an event of a runtime's.
///
/// # Safety
/// `name` is null or a C string, `event` is null or can be written to.
unsafe fn create(
    runtime: *mut sprat_runtime,
    name: *const c_char,
    event: *mut sprat_event,
    make: impl FnOnce(&Runtime, &'static str) -> (Event, By),
) -> sprat_status {
    let create = || {
        let of = self::runtime(runtime)?;
        there(event)?;
        // SAFETY: the caller's promise.
        let name = unsafe { text(name, "the name of an event") }?;
        let (made, by) = make(&of, forever(name));
        // SAFETY: the caller's promise.
        unsafe { keep(made, by, runtime.addr() as u64, event) }
    };
    ended(create())
}

/// Makes an event of a scope's.
///
/// # Safety
/// As for `create`.
unsafe fn create_in(
    scope: *mut sprat_scope,
    name: *const c_char,
    event: *mut sprat_event,
    make: impl FnOnce(&Scope<'static>, &'static str) -> (Event, By),
) -> sprat_status {
    ended(live::with(scope, |live| {
        there(event)?;
        // SAFETY: the caller's promise.
        let name = unsafe { text(name, "the name of an event") }?;
        let (made, by) = make(live.scope(), forever(name));
        // SAFETY: the caller's promise.
        unsafe { keep(made, by, 0, event) }
    }))
}

/// Makes an event that any thread satisfies.
///
/// # Safety
/// `name` is null or a C string, `event` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_event_create(
    runtime: *mut sprat_runtime,
    name: *const c_char,
    event: *mut sprat_event,
) -> sprat_status {
    // SAFETY: the caller's promise.
    unsafe {
        create(runtime, name, event, |runtime, name| {
            let (event, by) = runtime.event(name);
            (event, By::Trigger(Mutex::new(Some(by))))
        })
    }
}

/// Makes an event that codelets of a scope satisfy.
///
/// # Safety
/// `name` is null or a C string, `event` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_event_create_in(
    scope: *mut sprat_scope,
    name: *const c_char,
    event: *mut sprat_event,
) -> sprat_status {
    // SAFETY: the caller's promise.
    unsafe {
        create_in(scope, name, event, |scope, name| {
            let (event, by) = scope.event(name);
            (event, By::Trigger(Mutex::new(Some(by))))
        })
    }
}

/// Makes an event that the first of several threads satisfies.
///
/// # Safety
/// `name` is null or a C string, `event` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_event_create_shared(
    runtime: *mut sprat_runtime,
    name: *const c_char,
    event: *mut sprat_event,
) -> sprat_status {
    // SAFETY: the caller's promise.
    unsafe {
        create(runtime, name, event, |runtime, name| {
            let (event, by) = runtime.shared_event(name);
            (event, By::Shared(by))
        })
    }
}

/// Makes an event that the first of several codelets of a scope satisfies.
///
/// # Safety
/// `name` is null or a C string, `event` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_event_create_shared_in(
    scope: *mut sprat_scope,
    name: *const c_char,
    event: *mut sprat_event,
) -> sprat_status {
    // SAFETY: the caller's promise.
    unsafe {
        create_in(scope, name, event, |scope, name| {
            let (event, by) = scope.shared_event(name);
            (event, By::Shared(by))
        })
    }
}

/// Makes an event that comes when a counter gets to zero.
///
/// # Safety
/// `name` is null or a C string, `event` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_latch_create(
    runtime: *mut sprat_runtime,
    name: *const c_char,
    count: u32,
    event: *mut sprat_event,
) -> sprat_status {
    // SAFETY: the caller's promise.
    unsafe {
        create(runtime, name, event, |runtime, name| {
            let (event, by) = runtime.latch(name, count);
            (event, By::Latch(by))
        })
    }
}

/// Makes such an event for the codelets of a scope.
///
/// # Safety
/// `name` is null or a C string, `event` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_latch_create_in(
    scope: *mut sprat_scope,
    name: *const c_char,
    count: u32,
    event: *mut sprat_event,
) -> sprat_status {
    // SAFETY: the caller's promise.
    unsafe {
        create_in(scope, name, event, |scope, name| {
            let (event, by) = scope.latch(name, count);
            (event, By::Latch(by))
        })
    }
}

/// Makes an event that comes after a time.
///
/// # Safety
/// `event` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_event_after(
    runtime: *mut sprat_runtime,
    after_seconds: f64,
    event: *mut sprat_event,
) -> sprat_status {
    let create = || {
        let of = self::runtime(runtime)?;
        there(event)?;
        let made = of.after(seconds(after_seconds)?);
        // SAFETY: the caller's promise.
        unsafe { keep(made, By::Itself, runtime.addr() as u64, event) }
    };
    ended(create())
}

/// Says whether something has come: 0 if not yet, above 0 if it has, below 0 if it never will.
pub type sprat_poll = Option<unsafe extern "C-unwind" fn(argument: *mut c_void) -> i32>;

/// What is asked, and its argument.
struct Asked {
    poll: unsafe extern "C-unwind" fn(*mut c_void) -> i32,
    argument: *mut c_void,
}

// SAFETY: `sprat.h` says that the function is called on any thread, one at a time; it does with its argument what it may.
unsafe impl Send for Asked {}

impl Asked {
    fn of(poll: sprat_poll, argument: *mut c_void) -> Result<Self, Fault> {
        let poll = poll.ok_or_else(|| Fault::null("the function that is polled"))?;
        Ok(Asked { poll, argument })
    }

    /// Asks once.
    fn ask(&self) -> sprat::Result<bool> {
        let answer = aside(|| {
            // SAFETY: who gave us the function and the argument promised that they go together.
            unsafe { (self.poll)(self.argument) }
        });
        match answer {
            0 => Ok(false),
            1.. => Ok(true),
            failed => Err(Error::msg(format!(
                "the function that is polled for it returned {failed}"
            ))),
        }
    }

    /// What asks each time.
    fn asking(self) -> impl FnMut() -> sprat::Result<bool> + Send {
        move || self.ask()
    }
}

/// Makes an event that comes when a function says so, which the runtime calls now and then.
///
/// # Safety
/// `name` is null or a C string, `event` is null or can be written to; the function may be called with `argument` by any
/// thread until it returns something else than 0, or the runtime is gone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_event_poll(
    runtime: *mut sprat_runtime,
    name: *const c_char,
    poll: sprat_poll,
    argument: *mut c_void,
    event: *mut sprat_event,
) -> sprat_status {
    let asked = match Asked::of(poll, argument) {
        Ok(asked) => asked,
        Err(fault) => return ended(Err(fault)),
    };
    // SAFETY: the caller's promise.
    unsafe {
        create(runtime, name, event, |runtime, name| {
            (runtime.poll_event(name, asked.asking()), By::Itself)
        })
    }
}

/// The same where a scope is at hand.
///
/// # Safety
/// As for `sprat_event_poll`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_event_poll_in(
    scope: *mut sprat_scope,
    name: *const c_char,
    poll: sprat_poll,
    argument: *mut c_void,
    event: *mut sprat_event,
) -> sprat_status {
    let asked = match Asked::of(poll, argument) {
        Ok(asked) => asked,
        Err(fault) => return ended(Err(fault)),
    };
    // SAFETY: the caller's promise.
    unsafe {
        create_in(scope, name, event, |scope, name| {
            (scope.poll_event(name, asked.asking()), By::Itself)
        })
    }
}

/// Satisfies an event, from any thread.
#[unsafe(no_mangle)]
pub extern "C" fn sprat_event_satisfy(event: sprat_event) -> sprat_status {
    let satisfy = || {
        let made = one_made(event)?;
        let trigger = match &made.by {
            By::Trigger(trigger) => trigger,
            By::Shared(trigger) => {
                trigger.satisfy();
                return Ok(());
            }
            By::Latch(_) | By::Itself => {
                return Err(Fault::new(
                    SPRAT_EVENT,
                    "a latch, a timer or a polled event was to be satisfied; a latch is counted down, and the others come by themselves",
                ));
            }
        };
        let trigger = trigger
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let trigger = trigger.ok_or_else(|| {
            Fault::new(
                SPRAT_EVENT,
                "an event was satisfied a second time; it comes once",
            )
        })?;
        trigger.satisfy();
        Ok(())
    };
    ended(satisfy())
}

fn count(event: sprat_event, step: impl FnOnce(&Latch) -> Result<(), Fault>) -> sprat_status {
    let count = || {
        let made = one_made(event)?;
        let By::Latch(latch) = &made.by else {
            return Err(Fault::new(
                SPRAT_EVENT,
                "an event that is no latch was to be counted; make it with sprat_latch_create",
            ));
        };
        step(latch)
    };
    ended(count())
}

/// One more is to be waited for.
#[unsafe(no_mangle)]
pub extern "C" fn sprat_latch_up(event: sprat_event) -> sprat_status {
    count(event, |latch| Ok(latch.up()?))
}

/// One has come.
#[unsafe(no_mangle)]
pub extern "C" fn sprat_latch_down(event: sprat_event) -> sprat_status {
    count(event, |latch| Ok(latch.down()?))
}

/// Tells how many a latch still waits for.
///
/// # Safety
/// `left` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_latch_count(event: sprat_event, left: *mut u64) -> sprat_status {
    count(event, |latch| {
        if left.is_null() {
            return Err(Fault::null("the place for the count"));
        }
        // SAFETY: the caller's promise, and it is not null.
        unsafe { left.write(latch.count()) };
        Ok(())
    })
}

/// Gives an event's handle back. One that has not come, and that nobody can make come any more, is poisoned.
#[unsafe(no_mangle)]
pub extern "C" fn sprat_event_destroy(event: sprat_event) -> sprat_status {
    let destroy = || {
        one_made(event)?;
        let [handle, _] = event.id;
        drop(EVENTS.take(handle, "the event")?);
        Ok(())
    };
    ended(destroy())
}
