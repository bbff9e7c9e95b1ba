//! How numbers stand in a file. Those of events are told as what is different from the number of that sort before, so most are small or
//! zero: an event is a word that says which it is and how many bytes each of its numbers takes, and then these bytes. `encode.rs` writes them
//! and `decode.rs` reads them, in one order of fields. Elsewhere numbers are in groups of seven bits, the lowest first.

/// What the next event is told as a difference to. It begins anew with each chunk.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Before {
    pub(super) time: u64,
    pub(super) codelet: u32,
    pub(super) generation: u32,
    pub(super) parent: u32,
    pub(super) cost_ns: u32,
    pub(super) hint: u32,
    pub(super) cause: u32,
    pub(super) cause_generation: u32,
    pub(super) graph: u32,
    pub(super) kind: u16,
    /// Of a run: how it came there and how it ended.
    pub(super) how: u16,
    pub(super) block: u32,
    pub(super) block_generation: u32,
    pub(super) bytes: u64,
    /// Of an access: where and how.
    pub(super) at: u32,
}

impl Before {
    /// Differences begin at this time.
    pub(crate) fn at(time: u64) -> Self {
        Before {
            time,
            ..Before::default()
        }
    }
}

/// The bytes of the word that an event begins with: which it is in the first one, and then three bits for each of its numbers, at most
/// eight.
pub(super) const WORD: usize = 4;
/// The bytes that a number takes, by its three bits: it has all bytes but the highest ones that are zero; of seven it has eight.
pub(super) const LENGTHS: [usize; 8] = [0, 1, 2, 3, 4, 5, 6, 8];

/// A spawn that differs from what was before it in its time and its codelet alone is eight bytes: this, two bytes for the codelet and
/// [`SHORT_SPAWN`] bits for the time, as differences.
pub(super) const SPAWN_ALIKE: u8 = 17;
/// So is such a run: this, two bytes for the codelet, two for the start, and [`SHORT_RUN`] bits for how long it took.
pub(super) const RUN_ALIKE: u8 = 18;
/// See [`SPAWN_ALIKE`].
pub(super) const SHORT_SPAWN: u32 = 40;
/// See [`RUN_ALIKE`].
pub(super) const SHORT_RUN: u32 = 24;

/// Appends a number.
#[inline]
pub(crate) fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 128 {
        out.push(number as u8 | 128);
        number >>= 7;
    }
    out.push(number as u8);
}

/// A difference as a number that is small if the difference is.
#[inline]
pub(super) fn zigzag(difference: i64) -> u64 {
    ((difference << 1) ^ (difference >> 63)) as u64
}

#[inline]
pub(super) fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

/// Numbers out of bytes; `None` behind the last whole one.
#[derive(Clone, Debug)]
pub(crate) struct Numbers<'a>(pub(crate) &'a [u8]);

impl<'a> Numbers<'a> {
    #[inline]
    pub(crate) fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (first, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(first)
    }

    /// A number; `None` too if it has more than 64 bits.
    #[inline]
    pub(crate) fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 127);
            if shift == 63 && bits > 1 {
                return None;
            }
            number |= bits << shift;
            if byte < 128 {
                return Some(number);
            }
        }
        None
    }

    #[inline]
    pub(crate) fn small<T: TryFrom<u64>>(&mut self) -> Option<T> {
        T::try_from(self.number()?).ok()
    }

    #[inline]
    pub(crate) fn flag(&mut self) -> Option<bool> {
        match self.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}
