//! Memory that goes from pool to pool and keeps its address: the kernel moves its pages.

use super::chunk::Chunk;
use super::class::Class;
use super::os;
use super::pages::MoveFn;
use super::pool::Pool;
use std::ptr::NonNull;

/// Which memory a chunk is, without the right to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Which {
    pub(super) ptr: NonNull<u8>,
    pub(super) class: Class,
}

impl Chunk {
    /// Which memory it is.
    pub(crate) fn which(&self) -> Which {
        Which {
            ptr: self.ptr(),
            class: self.class(),
        }
    }
}

/// What became of it.
#[derive(Debug)]
pub(crate) enum Transfer {
    /// It is the other pool's now, at the same address, with its contents.
    Gone(Chunk),
    /// It has stayed: there was no room, or the kernel did not move all of it.
    Stayed,
    /// It has stayed, and will: the system does not let this process move pages.
    Forbidden,
}

impl Pool {
    /// Whether a chunk of this pool's can go to another one under its address: it has whole huge pages to itself, and both pools'
    /// memory is on one node.
    pub(crate) fn can_transfer(&self, chunk: &Chunk, to: &Pool) -> bool {
        chunk.class().is_direct() && self.node().is_some() && to.node().is_some()
    }

    /// Whether a chunk of at least `bytes` bytes waits here that was used before.
    pub(crate) fn has_used(&self, chunk: &Chunk) -> bool {
        self.with_store(|store| store.has_used(chunk.class()))
    }

    /// Has the kernel move a chunk's pages to another pool's node, if there is room. If it stays, the chunk is as it was; if
    /// not, what is given is to be used in its place.
    ///
    /// # Safety
    /// The chunk is this pool's and out of it, [`Pool::can_transfer`] said yes, and who calls has it alone.
    pub(crate) unsafe fn transfer(&self, which: Which, to: &Pool) -> Transfer {
        // SAFETY: by this function's premise.
        unsafe { self.transfer_by(which, to, os::move_pages) }
    }

    /// # Safety
    /// As [`Pool::transfer`].
    pub(super) unsafe fn transfer_by(&self, which: Which, to: &Pool, by: MoveFn) -> Transfer {
        let (Some(here), Some(there)) = (self.node(), to.node()) else {
            return Transfer::Stayed;
        };
        if to.with_room(which.class, 1) == 0 {
            return Transfer::Stayed;
        }
        let Some(pages) = self.with_store(|store| store.leave(which)) else {
            return Transfer::Stayed;
        };
        let said = pages.move_to(here, there, by);
        let home = if let Ok(true) = said { to } else { self };
        let chunk = home.with_store(|store| store.enter(which.class, pages));
        match said {
            Ok(true) => Transfer::Gone(chunk),
            Ok(false) => Transfer::Stayed,
            Err(_) => Transfer::Forbidden,
        }
    }
}
