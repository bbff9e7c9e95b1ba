//! The sizes that memory comes in.
//!
//! Multiples of 64 bytes up to 256, then four sizes for each doubling (320, 384, 448, 512, 640, ...), so that rounding
//! up adds at most a quarter (from 256 bytes on). Sizes that are whole pages are aligned to pages, sizes that are whole huge pages
//! to those: all from 16 KiB and from 8 MiB on, respectively.

use super::pages::HUGE;
use crate::error::{Error, ErrorKind, Result};

/// The smallest size, of which all others are multiples, and the least alignment: a cache line.
pub(crate) const LINE: usize = 64;
/// The largest size: 64 TiB, half the addresses that a program has on the machines of today.
pub(super) const MAX_BYTES: usize = 1 << 46;
/// How many sizes there are.
pub(super) const CLASSES: usize = 4 + 4 * (46 - 8);

/// All sizes from this one on are whole pages.
pub(super) const PAGED_BYTES: usize = 16 << 10;

const PAGE: usize = 4096;
/// Below this a size is below the first doubling that has four sizes.
const FINE_BYTES: usize = 256;

/// The index of a size, in order of size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Class(u8);

impl Class {
    /// The smallest size that holds so many bytes. Errors: `BlockSize` for none, or more than [`MAX_BYTES`].
    #[inline]
    pub(super) fn of(bytes: usize) -> Result<Class> {
        if bytes.wrapping_sub(1) >= MAX_BYTES {
            return Err(no_such_size(bytes));
        }
        let last = bytes - 1;
        Ok(Class(if bytes <= FINE_BYTES {
            (last / LINE) as u8
        } else {
            let doubling = last.ilog2();
            let quarter = (last >> (doubling - 2)) & 3;
            (4 + 4 * (doubling as usize - 8) + quarter) as u8
        }))
    }

    /// The size in bytes.
    #[inline]
    pub(super) fn bytes(self) -> usize {
        let index = usize::from(self.0);
        if index < 4 {
            return (index + 1) * LINE;
        }
        let (doubling, quarter) = ((index - 4) / 4 + 8, (index - 4) % 4);
        (5 + quarter) << (doubling - 2)
    }

    /// Its place in a list of [`CLASSES`].
    #[inline]
    pub(super) fn index(self) -> usize {
        usize::from(self.0)
    }

    /// The class with that index.
    #[inline]
    pub(super) fn at(index: u8) -> Class {
        debug_assert!(usize::from(index) < CLASSES);
        Class(index)
    }

    /// All of them, from the smallest on.
    pub(super) fn all() -> impl Iterator<Item = Class> {
        (0..CLASSES as u8).map(Class)
    }

    /// What its addresses are multiples of: a huge page, a page, or a cache line.
    pub(super) fn align(self) -> usize {
        let bytes = self.bytes();
        [HUGE, PAGE]
            .into_iter()
            .find(|a| bytes.is_multiple_of(*a))
            .unwrap_or(LINE)
    }

    /// Whether its chunks are mapped one by one, in whole huge pages, rather than cut from slabs. All others are below 8 MiB.
    pub(super) fn is_direct(self) -> bool {
        self.align() == HUGE
    }
}

#[cold]
fn no_such_size(bytes: usize) -> Error {
    let what = if bytes == 0 {
        "a data block of no bytes; ask for at least one element".to_string()
    } else {
        format!(
            "a data block of {bytes} bytes is more than the {MAX_BYTES} that can be addressed; use smaller blocks"
        )
    };
    Error::new(ErrorKind::BlockSize, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_grow_and_each_holds_what_it_says() {
        let mut before = 0;
        for class in Class::all() {
            let bytes = class.bytes();
            assert!(bytes > before && bytes % LINE == 0);
            assert_eq!(Class::of(bytes).unwrap(), class);
            assert_eq!(Class::of(before + 1).unwrap(), class);
            if before >= FINE_BYTES {
                assert!(
                    bytes - before <= before / 4,
                    "{before} is rounded up to {bytes}"
                );
            }
            assert!(bytes < PAGED_BYTES || class.align() >= PAGE);
            assert_eq!(class.is_direct(), bytes % HUGE == 0);
            assert!(bytes < 8 << 20 || class.is_direct());
            before = bytes;
        }
        assert_eq!(before, MAX_BYTES);
    }

    #[test]
    fn nothing_and_too_much_are_refused() {
        for bytes in [0, MAX_BYTES + 1, isize::MAX as usize, usize::MAX] {
            let error = Class::of(bytes).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::BlockSize, "{error}");
        }
    }
}
