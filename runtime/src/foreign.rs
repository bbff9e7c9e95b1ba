//! What interfaces of other languages need beside: names as numbers, and codelets whose accesses are a list of any length.

use crate::access::{Access, AnyAccess, AnyList, AnyViews, Lent};
use crate::codelet::Body;
use crate::data_block::{Block, Data};
use crate::error::{Error, ErrorKind, Result};
use crate::glue::Glue;
use crate::group::Group;
use crate::id::{BlockId, CodeletId, RuntimeId};
use crate::options::{Options, Spawned};
use crate::outcome::Outcome;
use crate::record;
use crate::runtime::Runtime;
use crate::scope::Scope;
use crate::shared::Shared;
use crate::spawn::{Spec, Traits};
use crate::spawning::{spawn_bare, spawn_with};
use crate::trigger::Event;
use std::cell::Cell;
use std::panic::Location;

impl<T: Data> Block<T> {
    /// The block's name as a number: never 0.
    #[inline]
    pub fn to_bits(self) -> u64 {
        self.id.bits()
    }
}

impl Shared {
    /// The block with this name as bytes, if there may be one: whether there is shows when it is used.
    #[inline]
    fn block_from_bits(&self, bits: u64) -> Result<Block<u8>> {
        let id = BlockId::from_bits(bits);
        let ours = id.runtime() == self.id.number();
        match ours && self.blocks.slot_if_any(id.slot()).is_some() {
            true => Ok(Block::new(id)),
            false => Err(unknown()),
        }
    }
}

#[cold]
fn unknown() -> Error {
    Error::new(
        ErrorKind::Foreign,
        "a block that this runtime has not made; use it with the runtime that made it, and set it before it is used",
    )
}

impl Runtime {
    /// The block with the name that [`Block::to_bits`] gave, as a block of bytes, as which every block can be seen.
    ///
    /// # Errors
    /// [`ErrorKind::Foreign`] if it is none of this runtime, as far as one can see at once. One that is gone is noticed when it
    /// is used.
    pub fn block_from_bits(&self, bits: u64) -> Result<Block<u8>> {
        self.shared().block_from_bits(bits)
    }
}

impl Scope<'_> {
    /// See [`Runtime::block_from_bits`].
    ///
    /// # Errors
    /// As there.
    #[inline]
    pub fn block_from_bits(&self, bits: u64) -> Result<Block<u8>> {
        self.frame().engine.shared.block_from_bits(bits)
    }
}

impl Event {
    /// The name of the end of a codelet or scope as numbers, the second of which is below 2^62, or at least 2^63; `None` for
    /// events that somebody makes and satisfies, which are no names.
    #[inline]
    pub fn to_bits(&self) -> Option<[u64; 2]> {
        self.as_end().map(CodeletId::bits)
    }

    /// From what [`Event::to_bits`] gave. What did not come from there is mostly that of another runtime, and noticed.
    ///
    /// # Safety
    /// If the second number is that of a living runtime, then `to_bits` gave both.
    #[inline]
    pub unsafe fn from_bits(bits: [u64; 2]) -> Self {
        Event::end(CodeletId::from_bits(bits))
    }
}

impl Group {
    /// The group's name as numbers; the first is never 0.
    pub fn to_bits(self) -> [u64; 2] {
        [self.runtime.0, u64::from(self.number)]
    }

    /// From what [`Group::to_bits`] gave; `None` if it cannot have come from there.
    pub fn from_bits([runtime, number]: [u64; 2]) -> Option<Self> {
        let number = u16::try_from(number).ok()?;
        Group::with_number(RuntimeId(runtime), number)
    }
}

impl<'s> Scope<'s> {
    /// A word for whoever makes an interface of another language, null at first. It is the engine's that runs this body, which is for one thread
    /// as long as it is there: so what the thread has elsewhere, and would be looked for in each body, can be noted here.
    #[inline]
    pub fn guest(&self) -> &Cell<*const ()> {
        &self.frame().engine.guest
    }

    /// Spawns a codelet with a name and no other options, as `codelet(name).spawn_any(accesses, body)` does, in less time.
    #[track_caller]
    #[inline]
    pub fn spawn_any<O, F>(
        &self,
        name: &'static str,
        accesses: &[AnyAccess],
        body: F,
    ) -> Spawned<O::Value>
    where
        O: Outcome,
        F: for<'c, 'v> Fn(&'c Scope<'s>, &'v [Lent]) -> O + Send + Sync + 's,
    {
        if !record::spawns(self) {
            return self.codelet(name).spawn_any(accesses, body);
        }
        let about = (name, Location::caller());
        if accesses.is_empty() {
            return Spawned::new(spawn_alone(self, about, move |scope, ()| body(scope, &[])));
        }
        // SAFETY: the list is borrowed until this returns, and the codelet is not repeatable.
        let list = unsafe { AnyList::new(accesses) };
        Spawned::new(spawn_lent(self, about, list, body))
    }
}

/// A codelet's name, and where it is spawned.
type About = (&'static str, &'static Location<'static>);

/// Spawns a codelet without accesses and options.
#[inline]
fn spawn_alone<'s, O, F>(scope: &Scope<'s>, (name, spawned_at): About, body: F) -> CodeletId
where
    O: Outcome,
    F: for<'c> Fn(&'c Scope<'s>, ()) -> O + Send + Sync + 's,
{
    let vtable = Glue::<'s, (), F, O>::vtable();
    let about = Body {
        vtable,
        name,
        spawned_at,
    };
    spawn_bare(scope, about, Traits::NONE, |payload| {
        // SAFETY: this is the payload of a new record for this vtable.
        unsafe { Glue::<'s, (), F, O>::put(payload, (), body) }
    })
}

/// Spawns a codelet without options, whose body gets what is lent for these accesses.
#[inline(always)]
fn spawn_lent<'s, A, O, F>(
    scope: &Scope<'s>,
    (name, spawned_at): About,
    accesses: A,
    body: F,
) -> CodeletId
where
    A: for<'v> Access<View<'v> = &'v [Lent]>,
    O: Outcome,
    F: for<'c, 'v> Fn(&'c Scope<'s>, &'v [Lent]) -> O + Send + Sync + 's,
{
    let vtable = Glue::<'s, AnyViews, F, O>::vtable();
    let mut spec = Spec {
        name: Some(name),
        at: Some(spawned_at),
        ..Spec::default()
    };
    spawn_with(scope, &mut spec, accesses, vtable, |payload, _| {
        // SAFETY: `spawn_with` gives the payload of a new record for this vtable. Of the list all was declared, so its views are
        // all that there will be.
        unsafe { Glue::<'s, AnyViews, F, O>::put(payload, AnyViews, body) }
    })
}

impl<'s> Options<'_, 's> {
    /// Spawns it, with a list of accesses of any kinds, whose length is known only here. The body gets the memory of each, but for
    /// weak ones, in their order. See [`Scope::spawn`].
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// use sprat::{AnyAccess, Mode};
    ///
    /// let rt = sprat::Runtime::new()?;
    /// let blocks = rt.blocks::<u8>(3, 8)?;
    /// rt.finish(|s| {
    ///     let all: Vec<_> = blocks.iter().map(|&b| AnyAccess::whole(b, Mode::Write)).collect();
    ///     s.codelet("fill").spawn_any(&all, |_, lent| {
    ///         for memory in lent {
    ///             // SAFETY: the blocks are ours for writing, and as long as this.
    ///             unsafe { memory.start().write_bytes(7, memory.bytes()) };
    ///         }
    ///     });
    ///     Ok(())
    /// })?;
    /// assert_eq!(rt.read(blocks[2], |b| b[7])?, 7);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    #[inline]
    pub fn spawn_any<O, F>(self, accesses: &[AnyAccess], body: F) -> Spawned<O::Value>
    where
        O: Outcome,
        F: for<'c, 'v> Fn(&'c Scope<'s>, &'v [Lent]) -> O + Send + Sync + 's,
    {
        // SAFETY: the list is borrowed until this returns, and the codelet is not repeatable.
        let list = unsafe { AnyList::new(accesses) };
        self.spawn(list, body)
    }
}
