//! The glue between the types of the interface and the runtime's records: how a body of some type is stored and run.

use crate::access::{Access, Lent, Slots, is_kept};
use crate::codelet::{Ran, Vtable};
use crate::engine::Frame;
use crate::error::Error;
use crate::outcome::{End, Outcome};
use crate::panics;
use crate::scope::Scope;
use std::any::Any;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Things larger than this are boxed.
const INLINE: usize = 512;

/// A place in a payload for a `T`, or for a box of it if it is large.
pub(crate) struct Place<T>(PhantomData<T>);

impl<T> Place<T> {
    const BOXED: bool = size_of::<T>() > INLINE || align_of::<T>() > 16;
    /// Whether taking it away is more than forgetting it.
    const DROPS: bool = Self::BOXED || std::mem::needs_drop::<T>();
    pub(crate) const BYTES: usize = if Self::BOXED { 8 } else { size_of::<T>() };

    /// # Safety
    /// The payload is free and has `BYTES` bytes, aligned to 16.
    pub(crate) unsafe fn put(payload: *mut u8, thing: T) {
        if Self::BOXED {
            let address = Box::into_raw(Box::new(thing));
            // SAFETY: the caller's promise.
            unsafe { payload.cast::<*mut T>().write(address) };
        } else {
            // SAFETY: the caller's promise, and `T` asks for no more than 16.
            unsafe { payload.cast::<T>().write(thing) };
        }
    }

    /// # Safety
    /// `put` was called on this payload, and the thing has not been taken.
    unsafe fn address(payload: *mut u8) -> *mut T {
        if Self::BOXED {
            // SAFETY: the caller's promise.
            unsafe { payload.cast::<*mut T>().read() }
        } else {
            payload.cast()
        }
    }

    /// # Safety
    /// As for `address`; the payload is free afterwards.
    pub(crate) unsafe fn take(payload: *mut u8) -> T {
        // SAFETY: the caller's promise.
        let address = unsafe { Self::address(payload) };
        if Self::BOXED {
            // SAFETY: made by `Box::into_raw` in `put`, and taken once.
            *unsafe { Box::from_raw(address) }
        } else {
            // SAFETY: the caller's promise: it is there, and taken once.
            unsafe { address.read() }
        }
    }
}

/// How a body ended, or what it threw.
pub(crate) type Caught<R> = Result<End<R>, Box<dyn Any + Send>>;

/// What a codelet carries until it runs.
struct Captured<A, F> {
    access: A,
    body: F,
}

/// The functions for a codelet with these types.
pub(crate) struct Glue<'s, A, F, O>(PhantomData<(&'s (), A, F, O)>);

impl<'s, A, F, O> Glue<'s, A, F, O>
where
    A: Access,
    O: Outcome,
    F: for<'c, 'v> FnOnce(&'c Scope<'s>, A::View<'v>) -> O + Send + 's,
{
    const PAYLOAD: usize = {
        let captured = Place::<Captured<A, F>>::BYTES;
        let value = Place::<O::Value>::BYTES;
        let most = if value > captured { value } else { captured };
        // Never empty: a forwarded child's id must fit.
        (if most < 16 { 16 } else { most }).next_multiple_of(16)
    };

    pub(crate) const KEPT: Vtable = Vtable {
        run: Self::run,
        discard: Self::discard,
        drop_value: if Place::<O::Value>::DROPS {
            Some(Place::<O::Value>::drop_value)
        } else {
            None
        },
        move_value: Place::<O::Value>::move_value,
        value: if Place::<O::Value>::BOXED {
            Some(Place::<O::Value>::value)
        } else {
            None
        },
        payload: Self::PAYLOAD,
        has_value: true,
        unseen: false,
    };

    pub(crate) const UNIT: Vtable = Vtable {
        drop_value: None,
        value: None,
        has_value: false,
        unseen: false,
        ..Self::KEPT
    };

    /// How to handle a payload of these types.
    #[inline]
    pub(crate) fn vtable() -> &'static Vtable {
        match is_kept::<O::Value>() {
            true => &Self::KEPT,
            false => &Self::UNIT,
        }
    }

    /// Puts the captures into a new record's payload.
    ///
    /// # Safety
    /// The payload belongs to a record begun with [`Glue::vtable`], and is free.
    #[inline]
    pub(crate) unsafe fn put(payload: *mut u8, access: A, body: F) {
        // SAFETY: the caller's promise.
        unsafe { Place::put(payload, Captured { access, body }) };
    }

    /// See [`Vtable::run`].
    unsafe fn run(payload: *mut u8, frame: *const (), lent: &[Lent]) -> Ran {
        // SAFETY: the premise of `run`.
        let Captured { access, body } = unsafe { Place::<Captured<A, F>>::take(payload) };
        // SAFETY: the premise of `run`: the frame outlives the body.
        let scope = unsafe { Scope::new(frame.cast::<Frame<'_>>()) };
        let ended = catch_unwind(AssertUnwindSafe(|| {
            // SAFETY: the premise of `run`: the engine holds what `lent` describes until the codelet ends.
            let view = unsafe { access.view(&mut Slots::new(lent)) };
            body(&scope, view).end()
        }));
        // SAFETY: the captures are gone, so the payload is free.
        unsafe { Place::settle(payload, ended) }
    }

    /// See [`Vtable::discard`].
    unsafe fn discard(payload: *mut u8) {
        // SAFETY: the premise of `discard`.
        let captured = unsafe { Place::<Captured<A, F>>::take(payload) };
        panics::drop_quietly(captured);
    }
}

/// What is done with the values that bodies return.
impl<R: Send + Sync + 'static> Place<R> {
    /// Leaves the value of a body that ended in the payload, or gives what it said.
    ///
    /// # Safety
    /// The payload is free, and that of a record with room for the value.
    #[inline]
    pub(crate) unsafe fn settle(payload: *mut u8, ended: Caught<R>) -> Ran {
        match ended {
            Ok(End::Value(value)) => {
                if is_kept::<R>() {
                    // SAFETY: the caller's promise.
                    unsafe { Self::put(payload, value) };
                }
                Ran::Done
            }
            Ok(End::Forward(value)) => Ran::Forward(value.id),
            Ok(End::Failed(error)) => failed(error),
            Err(panic) => panicked(panic),
        }
    }

    /// See [`Vtable::drop_value`].
    unsafe fn drop_value(payload: *mut u8) {
        // SAFETY: the premise of `drop_value`.
        let value = unsafe { Self::take(payload) };
        panics::drop_quietly(value);
    }

    /// See [`Vtable::move_value`].
    unsafe fn move_value(from: *mut u8, to: *mut u8) {
        if is_kept::<R>() {
            // SAFETY: the premise of `move_value`.
            let value = unsafe { Self::take(from) };
            // SAFETY: the premise of `move_value`.
            unsafe { Self::put(to, value) };
        }
    }

    /// See [`Vtable::value`].
    unsafe fn value(payload: *mut u8) -> *mut u8 {
        // SAFETY: the premise of `value`.
        unsafe { Self::address(payload) }.cast()
    }
}

#[cold]
fn failed(error: Error) -> Ran {
    // Without what the user put into it, which may do anything when it is dropped.
    let told = Error::new(error.kind(), error.to_string());
    panics::drop_quietly(error);
    Ran::Failed(told)
}

#[cold]
fn panicked(panic: Box<dyn Any + Send>) -> Ran {
    let message = panics::message(&*panic);
    panics::drop_quietly(panic);
    Ran::Panicked(message)
}
