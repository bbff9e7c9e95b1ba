//! How events stand in a file: a byte that says which, and then numbers in groups of seven bits, the lowest first. Times are
//! differences to the time before, codelets to the codelet before: most fit in one or two bytes. `encode.rs` writes them and
//! `decode.rs` reads them, in one order of fields.

/// What the next event is told as a difference to. It begins anew with each chunk.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Before {
    pub(super) time: u64,
    pub(super) codelet: u32,
    pub(super) generation: u32,
    pub(super) block: u32,
}

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

    /// A number of 32 bits that stands as a difference to another one.
    #[inline]
    pub(super) fn near(&mut self, other: u32) -> Option<u32> {
        let number = i64::from(other).checked_add(unzigzag(self.number()?))?;
        u32::try_from(number).ok()
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
