//! What a decision was made from, as numbers: logged so, and read again by whoever decides again.

/// What can be written as numbers, and read from them.
pub(super) trait Words: Sized {
    fn put(&self, out: &mut Vec<u64>);

    /// Takes its numbers from the front; `None` if they make no sense.
    fn take(from: &mut &[u64]) -> Option<Self>;
}

impl Words for u64 {
    fn put(&self, out: &mut Vec<u64>) {
        out.push(*self);
    }

    fn take(from: &mut &[u64]) -> Option<Self> {
        let (first, rest) = from.split_first()?;
        *from = rest;
        Some(*first)
    }
}

macro_rules! narrower {
    ($($number:ty),*) => {$(
        impl Words for $number {
            fn put(&self, out: &mut Vec<u64>) {
                out.push(*self as u64);
            }

            fn take(from: &mut &[u64]) -> Option<Self> {
                u64::take(from)?.try_into().ok()
            }
        }
    )*};
}

narrower!(u32, usize);

impl Words for bool {
    fn put(&self, out: &mut Vec<u64>) {
        out.push(u64::from(*self));
    }

    fn take(from: &mut &[u64]) -> Option<Self> {
        match u64::take(from)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl Words for u128 {
    fn put(&self, out: &mut Vec<u64>) {
        ((self >> 64) as u64, *self as u64).put(out);
    }

    fn take(from: &mut &[u64]) -> Option<Self> {
        let (high, low) = <(u64, u64)>::take(from)?;
        Some(u128::from(high) << 64 | u128::from(low))
    }
}

impl<T: Words> Words for Option<T> {
    fn put(&self, out: &mut Vec<u64>) {
        self.is_some().put(out);
        if let Some(some) = self {
            some.put(out);
        }
    }

    fn take(from: &mut &[u64]) -> Option<Self> {
        Some(match bool::take(from)? {
            true => Some(T::take(from)?),
            false => None,
        })
    }
}

impl<T: Words> Words for Vec<T> {
    fn put(&self, out: &mut Vec<u64>) {
        self.len().put(out);
        self.iter().for_each(|one| one.put(out));
    }

    fn take(from: &mut &[u64]) -> Option<Self> {
        // What is announced need not come: nothing is reserved for it.
        (0..usize::take(from)?).map(|_| T::take(from)).collect()
    }
}

macro_rules! tuples {
    ($(($($name:ident $at:tt),*))*) => {$(
        impl<$($name: Words),*> Words for ($($name,)*) {
            fn put(&self, out: &mut Vec<u64>) {
                $(self.$at.put(out);)*
            }

            fn take(from: &mut &[u64]) -> Option<Self> {
                Some(($($name::take(from)?,)*))
            }
        }
    )*};
}

tuples! {
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_nonsense_is_not() {
        type All = (u128, Option<u64>, Option<u32>, Vec<(usize, bool)>);
        let all: All = (u128::MAX - 7, None, Some(3), vec![(4, true), (5, false)]);
        let mut words = Vec::new();
        all.put(&mut words);
        let mut from = &words[..];
        assert_eq!((All::take(&mut from), from), (Some(all), &[][..]));
        for short in 0..words.len() {
            assert_eq!(All::take(&mut &words[..short]), None, "{short}");
        }
        assert_eq!(bool::take(&mut &[2][..]), None);
        assert_eq!(u32::take(&mut &[1 << 32][..]), None);
        assert_eq!(Vec::<u64>::take(&mut &[u64::MAX, 1][..]), None);
    }
}
