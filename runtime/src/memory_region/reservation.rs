//! A long range of addresses, with memory behind only as much of it as was asked for, from the start: so that something
//! can grow and its parts still be found by adding to one address.

use super::os;
use super::pages::HUGE;
use crate::error::{Error, Result};
use std::ptr::NonNull;

/// See the module. Given back on drop.
#[derive(Debug)]
pub(crate) struct Reservation {
    mapped: NonNull<u8>,
    mapped_bytes: usize,
    start: NonNull<u8>,
    bytes: usize,
}

// SAFETY: the range belongs to this value, and the system lets any thread use and unmap it.
unsafe impl Send for Reservation {}
// SAFETY: its methods only hand out addresses and ask the system.
unsafe impl Sync for Reservation {}

impl Reservation {
    /// Reserves `most` bytes of addresses, or half of that, and so on, where limits are set (`ulimit -v`); at least
    /// `least`. Both are multiples of 2 MiB, and the range starts at one.
    ///
    /// Errors: `System` if not even `least` can be had.
    pub(crate) fn new(most: usize, least: usize) -> Result<Self> {
        let mut bytes = os::reserved(most);
        loop {
            match os::reserve(bytes + HUGE) {
                Ok(mapped) => {
                    let skip = mapped.addr().get().next_multiple_of(HUGE) - mapped.addr().get();
                    // SAFETY: skip < HUGE, so this points into the range.
                    let start = unsafe { mapped.add(skip) };
                    return Ok(Reservation {
                        mapped,
                        mapped_bytes: bytes + HUGE,
                        start,
                        bytes,
                    });
                }
                Err(_) if bytes / 2 >= least => bytes = (bytes / 2).next_multiple_of(HUGE),
                Err(error) => {
                    return Err(Error::system(
                        format!(
                            "the system refuses {bytes} bytes of addresses for codelets; raise the limit on virtual memory (`ulimit -v`)"
                        ),
                        error,
                    ));
                }
            }
        }
    }

    /// Where it starts.
    #[inline]
    pub(crate) fn start(&self) -> NonNull<u8> {
        self.start
    }

    /// How long it is.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Puts zeroed memory, in huge pages where the system gives them, behind 2 MiB times `count` from 2 MiB times `first`.
    ///
    /// Errors: `System` if the system refuses the memory.
    ///
    /// # Panics
    /// If that is not inside.
    pub(crate) fn commit(&self, first: usize, count: usize) -> Result<()> {
        assert!(
            (first + count) * HUGE <= self.bytes,
            "beyond the reservation"
        );
        let len = count * HUGE;
        // SAFETY: inside the range, by the assertion.
        let at = unsafe { self.start.add(first * HUGE) };
        // SAFETY: whole pages of the range.
        unsafe { os::commit(at, len) }.map_err(|error| {
            Error::system(
                format!(
                    "the system refuses {len} bytes of memory for codelets; spawn fewer at a time"
                ),
                error,
            )
        })?;
        if os::huge_allowed() {
            // SAFETY: whole pages of the range.
            unsafe { os::advise_huge(at, len) };
        }
        Ok(())
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        // SAFETY: all of what `reserve` gave, and nobody uses it any more.
        unsafe { os::unmap(self.mapped, self.mapped_bytes) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_committed_is_zero_and_can_be_written() {
        let range = Reservation::new(1 << 32, HUGE).unwrap();
        assert!(range.start().addr().get().is_multiple_of(HUGE));
        range.commit(0, 1).unwrap();
        range.commit(3, 1).unwrap();
        for place in [0, HUGE - 1, 3 * HUGE] {
            // SAFETY: committed above, and nobody else knows the range.
            let at = unsafe { range.start().add(place) };
            // SAFETY: as above.
            assert_eq!(unsafe { at.read() }, 0);
            // SAFETY: as above.
            unsafe { at.write(7) };
        }
    }

    #[test]
    fn too_much_is_halved_until_it_can_be_had() {
        let range = Reservation::new(1 << 60, HUGE).unwrap();
        assert!(range.bytes() < 1 << 60 && range.bytes() >= HUGE);
    }
}
