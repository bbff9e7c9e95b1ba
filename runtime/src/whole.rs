//! Codelets of other languages' interfaces as most are: few whole blocks, whose number is known where this is compiled, no options, and
//! captures that are plain data. Their bodies run where they lie, and nothing is dropped.

use crate::access::{BlockKey, FEW, Lent, Mode};
use crate::codelet::{Body, Ran, Vtable, record_bytes};
use crate::engine::Frame;
use crate::error::Result;
use crate::glue::Place;
use crate::guard::{Spawn, guarded};
use crate::id::{BlockId, CodeletId};
use crate::outcome::Outcome;
use crate::record;
use crate::scope::Scope;
use crate::spawn::Traits;
use crate::trigger::Event;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};

/// A body that is plain data and runs where it lies: see [`Scope::spawn_whole`].
pub trait PlainBody<'s>: Copy + Send + Sync + 's {
    /// Runs it, with the memory of each access.
    ///
    /// # Errors
    /// With those that it gives its codelet fails.
    fn run(&self, scope: &Scope<'s>, lent: &[Lent]) -> Result<()>;
}

/// The functions for a body of this type.
struct InPlace<'s, B>(PhantomData<(&'s (), B)>);

impl<'s, B: PlainBody<'s>> InPlace<'s, B> {
    const SEEN: Vtable = Vtable {
        run: Self::run,
        discard: |_| (),
        drop_value: None,
        move_value: |_, _| (),
        value: None,
        payload: {
            assert!(align_of::<B>() <= 16 && size_of::<B>() <= 512);
            // Never empty: a forwarded child's id must fit.
            let least = if size_of::<B>() == 0 {
                16
            } else {
                size_of::<B>()
            };
            least.next_multiple_of(16)
        },
        has_value: false,
        unseen: false,
    };

    const UNSEEN: Vtable = Vtable {
        unseen: true,
        ..Self::SEEN
    };

    /// See [`Vtable::run`].
    unsafe fn run(payload: *mut u8, frame: *const (), lent: &[Lent]) -> Ran {
        // SAFETY: the premise of `run`; nobody writes to the payload of a codelet without a value as long as its body runs.
        let body = unsafe { &*payload.cast::<B>() };
        // SAFETY: the premise of `run`: the frame outlives the body.
        let scope = unsafe { Scope::new(frame.cast::<Frame<'_>>()) };
        let ended = catch_unwind(AssertUnwindSafe(|| body.run(&scope, lent).end()));
        // SAFETY: the body has ended, and there is nothing to drop: the payload is free.
        unsafe { Place::settle(payload, ended) }
    }
}

impl<'s> Scope<'s> {
    /// Spawns a codelet without options, for whole blocks with the names that [`Block::to_bits`](crate::Block::to_bits) gave, in the least
    /// time that there is: whoever makes an interface of another language calls it for what is spawned most. Only reading, writing, both,
    /// and changing in turn are possible so. `tell` is told of its end at last, which may have come by then;
    /// where there is none the end costs less, since nobody can wait for it alone. `fill` puts the body where it will lie.
    /// False if the codelet is not as simple as that (an unknown block, one named twice, a graph is recorded, …): then nothing is left of it,
    /// nobody is told, and [`Scope::spawn_any`] does it, or says what is wrong.
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// use sprat::{Lent, Mode, PlainBody, Result, Scope};
    ///
    /// #[derive(Clone, Copy)]
    /// struct Fill(u8);
    ///
    /// impl PlainBody<'_> for Fill {
    ///     fn run(&self, _: &Scope<'_>, lent: &[Lent]) -> Result<()> {
    ///         // SAFETY: the block is ours for writing, and as long as this.
    ///         unsafe { lent[0].start().write_bytes(self.0, lent[0].bytes()) };
    ///         Ok(())
    ///     }
    /// }
    ///
    /// let rt = sprat::Runtime::new()?;
    /// let block = rt.block::<u8>(8)?;
    /// rt.finish(|s| {
    ///     let names = [(block.to_bits(), Mode::Write)];
    ///     // SAFETY: a body is put there.
    ///     let spawned = unsafe {
    ///         s.spawn_whole("fill", names, None::<fn(_)>, |place: *mut Fill| place.write(Fill(7)))
    ///     };
    ///     assert!(spawned);
    ///     Ok(())
    /// })?;
    /// assert_eq!(rt.read(block, |b| b[7])?, 7);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Safety
    /// `fill` writes a body where it is told, and neither it nor `tell` unwinds.
    #[track_caller]
    #[inline(always)]
    pub unsafe fn spawn_whole<const N: usize, B: PlainBody<'s>>(
        &self,
        name: &'static str,
        blocks: [(u64, Mode); N],
        tell: Option<impl FnOnce(Event)>,
        fill: impl FnOnce(*mut B),
    ) -> bool {
        let is_plain = |mode| {
            matches!(
                mode,
                Mode::Read | Mode::Write | Mode::ReadWrite | Mode::Commute
            )
        };
        if !record::spawns(self) || !blocks.iter().all(|&(_, mode)| is_plain(mode)) {
            return false;
        }
        let frame = self.frame();
        let shared = frame.engine.shared;
        // Where the data is to be looked at it goes near it, and what is checked goes the general way.
        if N > 0 && (N > FEW || shared.loads.is_some() || shared.check.is_some()) {
            return false;
        }
        let vtable = match tell {
            Some(_) => &InPlace::<'s, B>::SEEN,
            None => &InPlace::<'s, B>::UNSEEN,
        };
        let about = Body {
            vtable,
            name,
            spawned_at: Location::caller(),
        };
        let accesses = blocks.map(
            #[inline(always)]
            |(bits, mode)| (BlockKey(BlockId::from_bits(bits)), mode),
        );
        frame.throttle();
        let room = (N, record_bytes(vtable.payload, N));
        let id = guarded(
            Spawn,
            #[inline(always)]
            || frame.begin_with(about, Traits::NONE, room),
        );
        // Without a record the scope has failed.
        let mut spawned = true;
        if id.record() != 0 {
            fill(frame.payload(id).cast());
            spawned = guarded(
                Spawn,
                #[inline(always)]
                // SAFETY: it was taken for them, and nobody else knows of it.
                || unsafe { frame.launch_whole(id, vtable, &accesses) },
            );
        }
        // Now, and not before: it may be told of in what the body was made of.
        if let Some(tell) = tell.filter(|_| spawned) {
            tell(Event::end(id));
        }
        spawned
    }
}

impl Frame<'_> {
    /// Publishes a record that is filled; or gives it back if the accesses are not plain, or not right.
    ///
    /// # Safety
    /// As for [`Frame::launch_plain`].
    #[inline(always)]
    unsafe fn launch_whole<const N: usize>(
        &self,
        id: CodeletId,
        vtable: &Vtable,
        accesses: &[(BlockKey, Mode); N],
    ) -> bool {
        if N == 0 {
            self.count_child(id.record(), vtable);
            self.engine.post_anywhere(id.record());
            return true;
        }
        // SAFETY: the caller's promise.
        let plain = unsafe { self.launch_plain(id, vtable, false, accesses) };
        if !plain {
            // Nobody knows of it.
            let record = self.engine.shared.arena.record(id.record());
            self.engine.recycle(id.record(), record);
        }
        plain
    }
}
