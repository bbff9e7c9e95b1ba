//! Codelets whose bodies may run again when they fail, each time on what they found the first time.

use crate::access::{Access, Declared, Lent, Mode, Slots};
use crate::codelet::{Body, Ran, Vtable};
use crate::engine::{Engine, Frame};
use crate::error::{Error, Result};
use crate::glue::{Caught, Glue, Place};
use crate::memory_region::Chunk;
use crate::options::{Options, Spawned};
use crate::outcome::Outcome;
use crate::panics::drop_quietly;
use crate::scope::Scope;
use crate::spawn::Spec;
use crate::spawning::{UNNAMED, spawn_with};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The options of a codelet that may run again: see [`Options::repeatable`].
#[must_use = "a codelet's options do nothing until `spawn`"]
pub struct Repeatable<'x, 's> {
    scope: &'x Scope<'s>,
    spec: Spec,
    times: u32,
}

impl std::fmt::Debug for Repeatable<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.spec.show(f, "Repeatable")?;
        write!(f, " up to {} times more", self.times)
    }
}

impl<'x, 's> Options<'x, 's> {
    /// The body may run again, up to `times` times more, when it returns an error or panics. The last of the options.
    ///
    /// Each run finds what the first one found: the contents of blocks that it reads and writes, alone or in turn, and of its
    /// part of a reduction are copied before the first run and put back before each other one. (What a `write` finds is
    /// unspecified, as always; what is written together with others stays.) The first run that ends well counts; if none
    /// does, the codelet fails with what the last one said.
    ///
    /// A body that has spawned something, a codelet or a scope, or has released a block, is not run again: its children
    /// have begun to do what they do, and that cannot be taken back. Nor is one whose scope is [cancelled](crate::Canceller::cancel). What else
    /// it did (to atomics and locks that it captured, to the world outside) is its own to care for; blocks that it made
    /// stay.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU32, Ordering};
    ///
    /// # fn main() -> sprat::Result<()> {
    /// let rt = sprat::Runtime::new()?;
    /// let (sum, tries) = (rt.block::<u64>(1)?, AtomicU32::new(0));
    /// rt.finish(|s| {
    ///     s.spawn(sum.write(), |_, sum| sum[0] = 40);
    ///     s.codelet("shaky").repeatable(3).spawn(sum.read_write(), |_, sum| {
    ///         sum[0] += 2;
    ///         match tries.fetch_add(1, Ordering::Relaxed) {
    ///             0 | 1 => Err(sprat::Error::msg("not this time")),
    ///             _ => Ok(()),
    ///         }
    ///     });
    ///     Ok(())
    /// })?;
    /// assert_eq!(rt.read(sum, |sum| sum[0])?, 42);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A body that can run only once is refused:
    ///
    /// ```compile_fail
    /// # let rt = sprat::Runtime::new().unwrap();
    /// # rt.finish(|s| {
    /// s.codelet("once").repeatable(1).spawn_once((), |_, ()| ());
    /// # Ok(()) }).unwrap();
    /// ```
    pub fn repeatable(self, times: u32) -> Repeatable<'x, 's> {
        let (scope, spec) = self.into_parts();
        Repeatable { scope, spec, times }
    }
}

impl<'s> Repeatable<'_, 's> {
    /// Spawns it. See [`Scope::spawn`].
    #[track_caller]
    pub fn spawn<A, F, O>(mut self, access: A, body: F) -> Spawned<O::Value>
    where
        A: Access,
        O: Outcome,
        F: for<'c, 'v> Fn(&'c Scope<'s>, A::View<'v>) -> O + Send + Sync + 's,
    {
        let times = self.times;
        let name = self.spec.name.unwrap_or(UNNAMED);
        let refused = self.scope.frame().refuses(Body::unnamed(name), REPEATABLE);
        if let Some(id) = refused {
            return Spawned::new(id);
        }
        let vtable = Again::<'s, A, F, O>::vtable();
        Spawned::new(spawn_with(
            self.scope,
            &mut self.spec,
            access,
            vtable,
            |payload, access| {
                let captured = Captured {
                    access,
                    body,
                    times,
                };
                // SAFETY: `spawn_with` gives the payload of a new record for this vtable.
                unsafe { Place::put(payload, captured) }
            },
        ))
    }
}

/// Why such a codelet is not recorded.
const REPEATABLE: &str =
    "repeatable codelets are not compiled into graphs; repeat in the body what may fail";

/// What such a codelet carries until it runs.
struct Captured<A, F> {
    access: A,
    body: F,
    times: u32,
}

/// The functions for such a codelet with these types. Values are handled as those of other codelets.
struct Again<'s, A, F, O>(PhantomData<(&'s (), A, F, O)>);

impl<'s, A, F, O> Again<'s, A, F, O>
where
    A: Access,
    O: Outcome,
    F: for<'c, 'v> Fn(&'c Scope<'s>, A::View<'v>) -> O + Send + Sync + 's,
{
    const PAYLOAD: usize = {
        let captured = Place::<Captured<A, F>>::BYTES.next_multiple_of(16);
        let other = Glue::<'s, A, F, O>::KEPT.payload;
        if captured > other { captured } else { other }
    };

    const KEPT: Vtable = Vtable {
        run: Self::run,
        discard: Self::discard,
        payload: Self::PAYLOAD,
        ..Glue::<'s, A, F, O>::KEPT
    };

    const UNIT: Vtable = Vtable {
        run: Self::run,
        discard: Self::discard,
        payload: Self::PAYLOAD,
        ..Glue::<'s, A, F, O>::UNIT
    };

    fn vtable() -> &'static Vtable {
        match Glue::<'s, A, F, O>::vtable().has_value {
            true => &Self::KEPT,
            false => &Self::UNIT,
        }
    }

    /// See [`Vtable::run`].
    unsafe fn run(payload: *mut u8, frame: *const (), lent: &[Lent]) -> Ran {
        // SAFETY: the premise of `run`.
        let captured = unsafe { Place::<Captured<A, F>>::take(payload) };
        let frame = frame.cast::<Frame<'_>>();
        // SAFETY: the premise of `run`: the frame outlives the body.
        let engine = unsafe { (*frame).engine };
        let mut left = captured.times;
        // SAFETY: as above.
        let held = unsafe { Self::held(frame) };
        let ran = match Copies::take(engine, &captured.access, lent, left > 0) {
            Err(error) => Ran::Failed(error),
            Ok(copies) => {
                let ran = loop {
                    // SAFETY: the premises of `run`; the captures are gone, so the payload is free.
                    let ran = unsafe { Self::run_once(&captured, payload, frame, lent) };
                    let failed = matches!(ran, Ran::Failed(_) | Ran::Panicked(_));
                    // SAFETY: as above.
                    if !failed || left == 0 || !unsafe { Self::may_repeat(frame, held) } {
                        break ran;
                    }
                    left -= 1;
                    // SAFETY: the body has ended, so its views are gone.
                    unsafe { copies.put_back(lent) };
                    if let Some(seat) = engine.seat {
                        seat.counters.repeated.add(1);
                    }
                };
                copies.give_back(engine);
                ran
            }
        };
        let runs = captured.times - left + 1;
        drop_quietly(captured);
        let told = |message: String| match runs {
            1 => message,
            _ => format!("{message} (in the last of {runs} runs)"),
        };
        match ran {
            Ran::Failed(error) => Ran::Failed(Error::new(error.kind(), told(error.to_string()))),
            Ran::Panicked(message) => Ran::Panicked(told(message)),
            other => other,
        }
    }

    /// Runs the body.
    ///
    /// # Safety
    /// The premises of [`Vtable::run`], but that the payload is free.
    unsafe fn run_once(
        captured: &Captured<A, F>,
        payload: *mut u8,
        frame: *const Frame<'_>,
        lent: &[Lent],
    ) -> Ran {
        // SAFETY: the caller's promise: the frame outlives the body.
        let scope = unsafe { Scope::<'s>::new(frame) };
        let ended: Caught<O::Value> = catch_unwind(AssertUnwindSafe(|| {
            // SAFETY: the caller's promise: the engine holds what `lent` describes, and no other view of it is left.
            let view = unsafe { captured.access.view(&mut Slots::new(lent)) };
            (captured.body)(&scope, view).end()
        }));
        // SAFETY: the caller's promise.
        unsafe { Place::settle(payload, ended) }
    }

    /// Whether a body that failed may run again.
    ///
    /// # Safety
    /// The frame is the body's.
    unsafe fn may_repeat(frame: *const Frame<'_>, held: usize) -> bool {
        // SAFETY: the caller's promise.
        let scope = unsafe { Scope::<'s>::new(frame) };
        let spawned = scope.frame().children.get() != 0;
        // SAFETY: the caller's promise.
        let released = unsafe { Self::held(frame) } != held;
        !spawned && !released && !scope.is_cancelled()
    }

    /// How many blocks the codelet holds: fewer when its body has released some.
    ///
    /// # Safety
    /// The frame is the body's.
    unsafe fn held(frame: *const Frame<'_>) -> usize {
        // SAFETY: the caller's promise.
        let frame = unsafe { &*frame };
        let arena = &frame.engine.shared.arena;
        let entries = arena.entries(frame.codelet, Self::PAYLOAD);
        entries.filter(|(_, entry)| entry.kind().is_block()).count()
    }

    /// See [`Vtable::discard`].
    unsafe fn discard(payload: *mut u8) {
        // SAFETY: the premise of `discard`.
        drop_quietly(unsafe { Place::<Captured<A, F>>::take(payload) });
    }
}

/// What a body finds in the blocks that it reads and writes, with their places among what it is lent.
struct Copies(Vec<(usize, Chunk)>);

impl Copies {
    /// Copies them into memory of the engine's region.
    fn take(
        engine: &Engine<'_>,
        access: &impl Access,
        lent: &[Lent],
        needed: bool,
    ) -> Result<Copies> {
        let mut copies = Copies(Vec::new());
        if !needed {
            return Ok(copies);
        }
        let mut declared = Vec::new();
        access.declare(&mut declared);
        declared.retain(|one| !matches!(one, Declared::Weak(..) | Declared::Bounds(..)));
        for (at, (one, lent)) in declared.iter().zip(lent).enumerate() {
            let mode = match one {
                Declared::Block(_, mode) => mode,
                // A range, which is in one piece, or nothing to copy.
                Declared::Part(key) if key.leading == usize::MAX || key.mode != Mode::ReadWrite => {
                    &key.mode
                }
                Declared::Part(_) => {
                    copies.give_back(engine);
                    return Err(crate::error::Error::new(
                        crate::error::ErrorKind::Access,
                        "a repeatable codelet cannot read and write a tile, which lies in pieces; declare its rows as parts",
                    ));
                }
                _ => continue,
            };
            // What others write at the same time cannot be put back; what is only read, or unspecified, need not be.
            if matches!(mode, Mode::Read | Mode::Write | Mode::SharedWrite) {
                continue;
            }
            match engine.local(|local| local.magazine.take(lent.bytes.max(1))) {
                Ok(chunk) => {
                    let to = chunk.ptr().as_ptr();
                    // SAFETY: the codelet holds these bytes alone, the block's or those of a reduction's lane, and the chunk, ours
                    // alone, has room for them.
                    unsafe { to.copy_from_nonoverlapping(lent.start, lent.bytes) };
                    copies.0.push((at, chunk));
                }
                Err(error) => {
                    copies.give_back(engine);
                    return Err(error);
                }
            }
        }
        Ok(copies)
    }

    /// Puts them back where they came from.
    ///
    /// # Safety
    /// The codelet holds what `lent` describes, the same as when they were taken, and there are no views of it.
    unsafe fn put_back(&self, lent: &[Lent]) {
        for (at, chunk) in &self.0 {
            let Lent { start, bytes } = lent[*at];
            // SAFETY: the caller's promise; as many bytes were copied from there.
            unsafe { start.copy_from_nonoverlapping(chunk.ptr().as_ptr(), bytes) };
        }
    }

    fn give_back(self, engine: &Engine<'_>) {
        for (_, chunk) in self.0 {
            let given = engine.local(|local| local.magazine.give(chunk));
            given.expect("the memory came from this engine's pool");
        }
    }
}
