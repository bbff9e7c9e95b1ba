//! Memory that goes from pool to pool and keeps its address: the kernel moves its pages.

use super::chunk::Chunk;
use super::class::Class;
use super::os;
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

impl Which {
    /// How long it is.
    pub(crate) fn bytes(self) -> usize {
        self.class.bytes()
    }
}

/// What became of it.
#[derive(Debug)]
pub(crate) enum Transfer {
    /// It is the other pool's now, at the same address, with its contents.
    Gone(Chunk),
    /// It has stayed: the other pool's node has no room.
    NoRoom,
    /// It has stayed: the kernel did not move all of it. Others have some of its pages, or there was no room in the end.
    Stuck,
    /// It has stayed, and will: the system does not let this process move pages.
    Forbidden,
}

impl Pool {
    /// Whether a chunk of this pool's can go to another one under its address: it has whole huge pages to itself, and both pools'
    /// memory is on one node.
    pub(crate) fn can_transfer(&self, which: Which, to: &Pool) -> bool {
        which.class.is_direct() && self.node().is_some() && to.node().is_some()
    }

    /// Whether a chunk that is as long waits here that was used before.
    pub(crate) fn has_used(&self, which: Which) -> bool {
        self.with_store(|store| store.has_used(which.class))
    }

    /// Has the kernel move a chunk's pages to another pool's node, if there is room. If it stays, the chunk is as it was; if
    /// not, what is given is to be used in its place.
    ///
    /// # Safety
    /// The chunk is this pool's and out of it, [`Pool::can_transfer`] said yes, and who calls has it alone.
    pub(crate) unsafe fn transfer(&self, which: Which, to: &Pool) -> Transfer {
        let (Some(here), Some(there)) = (self.node(), to.node()) else {
            return Transfer::Stuck;
        };
        if to.with_room(which.class, 1) == 0 {
            return Transfer::NoRoom;
        }
        let Some(pages) = self.with_store(|store| store.leave(which)) else {
            return Transfer::Stuck;
        };
        let said = pages.move_to(here, there, self.move_pages);
        let home = if let Ok(true) = said { to } else { self };
        let chunk = home.with_store(|store| store.enter(which.class, pages));
        match said {
            Ok(true) => Transfer::Gone(chunk),
            Err(error) if os::is_forbidden(&error) => Transfer::Forbidden,
            // Other errors are this range's or this moment's.
            Ok(false) | Err(_) => Transfer::Stuck,
        }
    }
}
