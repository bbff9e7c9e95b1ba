//! Recording as users do it: the same `spawn`, in the scope that `record` gives.

use crate::access::{Access, Lent, Slots, is_kept};
use crate::captures::Captures;
use crate::codelet::Body;
use crate::engine::Frame;
use crate::error::ErrorKind;
use crate::glue::Caught;
use crate::id::CodeletId;
use crate::instead::Instead;
use crate::outcome::{End, Outcome};
use crate::panics;
use crate::recorded::{Fault, Recorded, Run, Table};
use crate::recorder::Recorder;
use crate::scope::Scope;
use crate::spawn::Spec;
use crate::sync::UnsafeCell;
use std::marker::PhantomData;
use std::mem::offset_of;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};

/// What a recorded codelet carries.
#[repr(C)]
struct Kept<A, F, R> {
    table: &'static Table,
    access: A,
    body: F,
    /// What the last run that ended well returned. First what readers see, so that its place is that of the value.
    value: UnsafeCell<std::mem::MaybeUninit<R>>,
    has_value: std::cell::Cell<bool>,
}

/// The functions for a recorded codelet with these types.
struct Again<'s, A, F, O>(PhantomData<(&'s (), A, F, O)>);

impl<'s, A, F, O> Again<'s, A, F, O>
where
    A: Access,
    O: Outcome,
    F: for<'c, 'v> Fn(&'c Scope<'s>, A::View<'v>) -> O + Send + Sync + 's,
{
    const TABLE: &'static Table = &Table {
        discard: Self::discard,
        value: offset_of!(Kept<A, F, O::Value>, value),
    };

    /// Puts it away.
    fn keep(captures: &mut Captures, access: A, body: F) -> Recorded {
        let kept = Kept::<A, F, O::Value> {
            table: Self::TABLE,
            access,
            body,
            value: UnsafeCell::new(std::mem::MaybeUninit::uninit()),
            has_value: std::cell::Cell::new(false),
        };
        let run: Run = Self::run;
        Recorded::new(run, captures.put(kept).as_ptr().cast())
    }

    /// See [`Run`].
    unsafe fn run(captured: *mut (), frame: *const (), lent: &[Lent]) -> Result<(), Box<Fault>> {
        // SAFETY: the premise of `Run`: it is there, and only shared references to it are made.
        let kept = unsafe { &*captured.cast::<Kept<A, F, O::Value>>() };
        // SAFETY: the premise of `Run`: the frame outlives the body.
        let scope = unsafe { Scope::<'s>::new(frame.cast::<Frame<'_>>()) };
        let ended: Caught<O::Value> = catch_unwind(AssertUnwindSafe(|| {
            // SAFETY: the premise of `Run`: the codelet holds what `lent` describes until the body ends.
            let view = unsafe { kept.access.view(&mut Slots::new(lent)) };
            (kept.body)(&scope, view).end()
        }));
        match ended {
            Ok(End::Value(value)) => {
                if is_kept::<O::Value>() {
                    // SAFETY: the premise of `Run`: nobody reads the value, and nobody else runs the codelet.
                    unsafe { Self::replace(kept, value) };
                }
                Ok(())
            }
            other => Err(fault(other)),
        }
    }

    /// Puts a value in the place of the last one.
    ///
    /// # Safety
    /// Nobody else uses the value.
    unsafe fn replace(kept: &Kept<A, F, O::Value>, value: O::Value) {
        let old = kept.has_value.replace(false);
        kept.value.with_mut(|place| {
            if old {
                // SAFETY: the caller's promise, and there is one: it is read once, and another one is put there.
                let old = unsafe { place.cast::<O::Value>().read() };
                panics::drop_quietly(old);
            }
            // SAFETY: the caller's promise.
            unsafe { (*place).write(value) };
        });
        kept.has_value.set(true);
    }

    /// See [`Table::discard`].
    unsafe fn discard(captured: *mut ()) {
        // SAFETY: the premise of `discard`: it is there, and is read once.
        let kept = unsafe { captured.cast::<Kept<A, F, O::Value>>().read() };
        if kept.has_value.get() {
            kept.value.with_mut(|place| {
                // SAFETY: there is one, and nobody else has it: it is read once.
                let value = unsafe { place.cast::<O::Value>().read() };
                panics::drop_quietly(value);
            });
        }
        panics::drop_quietly((kept.access, kept.body));
    }
}

/// What a body said, or threw, that did not end well.
#[cold]
fn fault<R>(ended: Caught<R>) -> Box<Fault> {
    let (kind, message, panicked) = match ended {
        Ok(End::Failed(error)) => {
            let told = (error.kind(), error.to_string(), false);
            panics::drop_quietly(error);
            told
        }
        Ok(_) => (
            ErrorKind::Graph,
            "a codelet of a graph returned another one's value as its own; return what is in it"
                .to_owned(),
            false,
        ),
        Err(panic) => {
            let message = panics::message(&*panic);
            panics::drop_quietly(panic);
            (ErrorKind::User, message, true)
        }
    };
    Box::new(Fault {
        kind,
        message,
        panicked,
    })
}

/// Whether spawns on this scope's engine make codelets.
#[inline]
pub(crate) fn spawns(scope: &Scope<'_>) -> bool {
    let engine = scope.frame().engine;
    engine.local(|local| matches!(local.instead, Instead::Spawn))
}

/// What a spawn does that makes no codelet: records it, or refuses it.
#[cold]
#[inline(never)]
#[track_caller]
pub(crate) fn instead_of<'s, A, F, O>(
    scope: &Scope<'s>,
    spec: &mut Spec,
    access: A,
    body: F,
) -> CodeletId
where
    A: Access,
    O: Outcome,
    F: for<'c, 'v> Fn(&'c Scope<'s>, A::View<'v>) -> O + Send + Sync + 's,
{
    let frame = scope.frame();
    let name = spec.name.unwrap_or("codelet");
    let spawned_at = spec.at.unwrap_or(Location::caller());
    let Instead::Record(recorder) = frame.engine.local(|local| local.instead) else {
        let refused = frame.refuses(Body::unnamed(name), "");
        return refused.expect("it is not a codelet");
    };
    // SAFETY: it stays as long as the engine says so, on this thread.
    let recorder = unsafe { &*recorder.cast::<Recorder>() };
    let mut declared = Vec::new();
    access.declare(&mut declared);
    let kept = is_kept::<O::Value>();
    let shared = frame.engine.shared;
    recorder.record(
        shared,
        spec,
        (name, spawned_at),
        &declared,
        kept,
        |captures| Again::<'s, A, F, O>::keep(captures, access, body),
    )
}
