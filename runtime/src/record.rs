//! Recording as users do it: the same `spawn`, in the scope that `record` gives.

use crate::access::{Access, Desk, is_kept};
use crate::captures::Captures;
use crate::codelet::Body;
use crate::engine::Frame;
use crate::error::ErrorKind;
use crate::id::CodeletId;
use crate::instead::Instead;
use crate::outcome::{End, Outcome};
use crate::panics;
use crate::recorded::{Fault, Recorded, Table};
use crate::recorder::Recorder;
use crate::scope::Scope;
use crate::spawn::Spec;
use crate::sync::UnsafeCell;
use std::cell::Cell;
use std::marker::PhantomData;
use std::mem::{MaybeUninit, offset_of};
use std::panic::Location;

/// What a recorded codelet carries.
#[repr(C)]
struct Kept<A, F, V> {
    table: &'static Table,
    access: A,
    body: F,
    /// First what readers see, so that its place is that of the value.
    value: V,
}

/// Where a recorded codelet leaves what it returned.
trait Place<R> {
    fn empty() -> Self;

    /// Puts a value in the place of the last one.
    ///
    /// # Safety
    /// Nobody else uses the value.
    unsafe fn replace(&self, value: R);

    /// Drops the value, if there is one.
    fn discard(self);
}

/// Nowhere: it returns nothing that others could look at.
struct Nowhere;

impl<R> Place<R> for Nowhere {
    fn empty() -> Self {
        Nowhere
    }

    #[inline]
    unsafe fn replace(&self, _: R) {}

    fn discard(self) {}
}

/// Beside what it captured: what the last run that ended well returned.
#[repr(C)]
struct Here<R> {
    value: UnsafeCell<MaybeUninit<R>>,
    is_there: Cell<bool>,
}

impl<R> Place<R> for Here<R> {
    fn empty() -> Self {
        Here {
            value: UnsafeCell::new(MaybeUninit::uninit()),
            is_there: Cell::new(false),
        }
    }

    #[inline]
    unsafe fn replace(&self, value: R) {
        let old = self.is_there.replace(false);
        self.value.with_mut(|place| {
            if old {
                // SAFETY: the caller's promise, and there is one: it is read once, and another one is put there.
                let old = unsafe { place.cast::<R>().read() };
                panics::drop_quietly(old);
            }
            // SAFETY: the caller's promise.
            unsafe { (*place).write(value) };
        });
        self.is_there.set(true);
    }

    fn discard(self) {
        if self.is_there.get() {
            self.value.with_mut(|place| {
                // SAFETY: there is one, and `self` has it alone: it is read once.
                let value = unsafe { place.cast::<R>().read() };
                panics::drop_quietly(value);
            });
        }
    }
}

/// The functions for a recorded codelet with these types, that leaves its value in a `V`.
struct Again<'s, A, F, O, V>(PhantomData<(&'s (), A, F, O, V)>);

impl<'s, A, F, O, V> Again<'s, A, F, O, V>
where
    A: Access,
    O: Outcome,
    F: for<'c, 'v> Fn(&'c Scope<'s>, A::View<'v>) -> O + Send + Sync + 's,
    V: Place<O::Value>,
{
    const TABLE: &'static Table = &Table {
        run: Self::run,
        discard: Self::discard,
        value: offset_of!(Kept<A, F, V>, value),
        is_ours: false,
    };

    /// Puts it away.
    fn keep(captures: &mut Captures, access: A, body: F) -> Recorded {
        let kept = Kept {
            table: Self::TABLE,
            access,
            body,
            value: V::empty(),
        };
        let captured = captures.put(kept).as_ptr().cast();
        // SAFETY: it begins with the table for its types, and stays as long as the captures.
        unsafe { Recorded::new(captured) }
    }

    /// See [`Run`](crate::recorded::Run).
    unsafe fn run(codelet: &Recorded, frame: *const (), desk: &Desk<'_>) -> Result<(), Box<Fault>> {
        // SAFETY: the premise of `Run`: it is there, and only shared references to it are made.
        let kept = unsafe { &*codelet.captured().cast::<Kept<A, F, V>>() };
        // SAFETY: the premise of `Run`: the frame outlives the body.
        let scope = unsafe { Scope::<'s>::new(frame.cast::<Frame<'_>>()) };
        // SAFETY: the premise of `Run`: the desk is the codelet's.
        let mut slots = unsafe { codelet.slots(desk) };
        // SAFETY: the premise of `Run`: the codelet holds what it is lent until the body ends.
        let view = unsafe { kept.access.view(&mut slots) };
        match (kept.body)(&scope, view).end() {
            End::Value(value) => {
                // SAFETY: the premise of `Run`: nobody reads the value, and nobody else runs the codelet.
                unsafe { kept.value.replace(value) };
                Ok(())
            }
            other => Err(fault(other)),
        }
    }

    /// See [`Table::discard`].
    unsafe fn discard(captured: *mut ()) {
        // SAFETY: the premise of `discard`: it is there, and is read once.
        let kept = unsafe { captured.cast::<Kept<A, F, V>>().read() };
        kept.value.discard();
        panics::drop_quietly((kept.access, kept.body));
    }
}

/// What a body said that did not end well.
#[cold]
fn fault<R>(end: End<R>) -> Box<Fault> {
    let (kind, message) = match end {
        End::Failed(error) => {
            let told = (error.kind(), error.to_string());
            panics::drop_quietly(error);
            told
        }
        _ => (
            ErrorKind::Graph,
            "a codelet of a graph returned another one's value as its own; return what is in it"
                .to_owned(),
        ),
    };
    Box::new(Fault {
        kind,
        message,
        panicked: false,
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
    let mut captured = Some((access, body));
    recorder.record(
        shared,
        spec,
        (name, spawned_at),
        &declared,
        kept,
        &mut |captures| {
            let (access, body) = captured.take().expect("it is recorded once");
            match kept {
                true => Again::<'s, A, F, O, Here<O::Value>>::keep(captures, access, body),
                false => Again::<'s, A, F, O, Nowhere>::keep(captures, access, body),
            }
        },
    )
}
