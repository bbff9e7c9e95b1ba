//! An owned range of the address space.

use std::fmt;
use std::io;
use std::ptr::NonNull;

use super::options::Nodes;
use super::os;
use crate::error::{Error, ErrorKind, Result};

/// The size of a huge page in bytes.
pub(super) const HUGE: usize = 2 << 20;

/// [`os::move_pages`], or what a test puts in its place.
pub(super) type MoveFn = unsafe fn(NonNull<u8>, usize, bool, u16) -> io::Result<usize>;

/// Whole pages, zeroed and untouched when they come, unmapped on drop. Ranges of [`HUGE`] bytes or more start at a
/// multiple of it.
pub(super) struct Pages {
    ptr: NonNull<u8>,
    len: usize,
    huge: bool,
    unbound: bool,
    unweighted: bool,
}

// SAFETY: the range belongs to this value alone, and the system lets any thread use and unmap it.
unsafe impl Send for Pages {}

impl Pages {
    /// Maps `bytes`, rounded up to whole pages: in huge pages if wanted and allowed, on nodes if some are named and the
    /// system lets us. Neither wish fails the call; see [`Pages::huge`] and [`Pages::unbound`].
    ///
    /// Errors: `BlockSize` for no bytes, or more than there are addresses; `System` if the system refuses.
    pub(super) fn map(bytes: usize, huge: bool, nodes: &Nodes) -> Result<Pages> {
        let page = os::page_bytes();
        let align = if bytes >= HUGE { HUGE } else { page };
        let len = match bytes.checked_next_multiple_of(page) {
            Some(len) if len > 0 && len <= isize::MAX as usize - align => len,
            _ => {
                return Err(Error::new(
                    ErrorKind::BlockSize,
                    format!(
                        "cannot map {bytes} bytes of memory; ask for at least one, and for less than there are addresses"
                    ),
                ));
            }
        };
        let ptr = os::map(len, align).map_err(|e| refused(len, e))?;
        let huge = huge && len >= least_in_huge_pages(nodes);
        // SAFETY: the range was mapped above.
        let huge = huge && unsafe { os::advise_huge(ptr, len) };
        if !huge && matches!(nodes, Nodes::Interleaved(_)) {
            // SAFETY: as above. Else the system may take huge pages all the same, and few pages are few turns.
            unsafe { os::advise_small(ptr, len) };
        }
        let (mut unbound, mut unweighted) = (false, false);
        match nodes {
            Nodes::FirstTouch => (),
            // SAFETY: as above.
            Nodes::One(node) => unbound = !unsafe { os::prefer_node(ptr, len, *node) },
            // SAFETY: as above.
            Nodes::Interleaved(nodes) => match unsafe { os::interleave(ptr, len, nodes) } {
                Some(weighted) => unweighted = !weighted,
                None => unbound = true,
            },
        }
        Ok(Pages {
            ptr,
            len,
            huge,
            unbound,
            unweighted,
        })
    }

    /// Binds the pages to another node and moves them there; whether all have gone. If not, they are bound to `from` again, and
    /// those that had gone are moved back.
    ///
    /// Errors: what the system says; it may be that it does not let this process do so. All is where it was, as above.
    pub(super) fn move_to(&self, from: u16, to: u16, move_pages: MoveFn) -> io::Result<bool> {
        let go = |node| {
            // SAFETY: the range came from `map`.
            let bound = unsafe { os::prefer_node(self.ptr, self.len, node) };
            // SAFETY: as above.
            let strays = unsafe { move_pages(self.ptr, self.len, self.huge, node) };
            strays.map(|strays| bound && strays == 0)
        };
        let gone = go(to);
        if !matches!(gone, Ok(true)) {
            // What does not come back is where it was bound to be when it was untouched: nobody can do more.
            let _ = go(from);
        }
        gone
    }

    /// Its length in bytes.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Whether the kernel was asked for huge pages and agreed to try.
    pub(super) fn huge(&self) -> bool {
        self.huge
    }

    /// Whether a node was named for these pages, but the kernel would not see to it.
    pub(super) fn unbound(&self) -> bool {
        self.unbound
    }

    /// Whether these pages are interleaved, but in equal shares, since the kernel has no weights.
    pub(super) fn unweighted(&self) -> bool {
        self.unweighted
    }

    /// Where its first byte is.
    pub(super) fn start(&self) -> NonNull<u8> {
        self.ptr
    }

    /// Where its byte `offset` is. Panics unless `offset` is less than its length.
    pub(super) fn at(&self, offset: usize) -> NonNull<u8> {
        assert!(
            offset < self.len,
            "byte {offset} of {} is asked for",
            self.len
        );
        // SAFETY: inside the range, as was just checked.
        unsafe { self.ptr.add(offset) }
    }
}

/// From how many bytes on a mapping may have huge pages: when interleaved, if each node gets several.
fn least_in_huge_pages(nodes: &Nodes) -> usize {
    const TURNS: usize = 4;
    match nodes {
        Nodes::Interleaved(nodes) => HUGE * TURNS * nodes.len(),
        _ => HUGE,
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: the range came from `map`, and whoever drops its owner is done with it.
        unsafe { os::unmap(self.ptr, self.len) };
    }
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pages({:p}, {} bytes)", self.ptr, self.len)
    }
}

fn refused(len: usize, source: io::Error) -> Error {
    let what = format!(
        "the system refused {len} bytes of memory for data blocks; use smaller or fewer blocks, or look at `ulimit -v`, \
         the limits of the container or batch job, and vm.overcommit_memory"
    );
    Error::system(what, source)
}
