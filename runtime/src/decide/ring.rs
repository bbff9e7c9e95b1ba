//! A queue of small things in a ring of memory: what the standard library's does, in 24 bytes instead of 32, so that a
//! block's access queue fits a cache line.

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Ring<T> {
    /// Empty, or as many places as a power of two.
    places: Box<[T]>,
    head: u32,
    count: u32,
}

impl<T> Default for Ring<T> {
    fn default() -> Self {
        Ring {
            places: Box::default(),
            head: 0,
            count: 0,
        }
    }
}

/// Places of the first ring.
const FIRST: usize = 4;

impl<T: Copy> Ring<T> {
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    #[inline]
    pub(crate) fn capacity(&self) -> usize {
        self.places.len()
    }

    /// Where the thing that is `index` behind the first lies. There are places.
    #[inline]
    fn place(&self, index: u32) -> usize {
        self.head.wrapping_add(index) as usize & (self.places.len() - 1)
    }

    #[inline]
    pub(crate) fn front(&self) -> Option<&T> {
        match self.count {
            0 => None,
            _ => Some(&self.places[self.place(0)]),
        }
    }

    /// # Panics
    /// With more than two thousand million things in it.
    #[inline]
    pub(crate) fn push_back(&mut self, thing: T) {
        if self.count as usize == self.places.len() {
            self.grow(thing);
        }
        let place = self.place(self.count);
        self.places[place] = thing;
        self.count += 1;
    }

    #[inline]
    pub(crate) fn pop_front(&mut self) -> Option<T> {
        let first = *self.front()?;
        self.drop_front();
        Some(first)
    }

    /// The first one goes. There is one.
    #[inline]
    pub(crate) fn drop_front(&mut self) {
        self.head = self.head.wrapping_add(1);
        self.count -= 1;
    }

    pub(crate) fn pop_back(&mut self) -> Option<T> {
        let last = self.count.checked_sub(1)?;
        self.count = last;
        Some(self.places[self.place(last)])
    }

    /// From the first to the last.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> + ExactSizeIterator {
        (0..self.count as usize).map(|index| &self.places[self.place(index as u32)])
    }

    /// Twice the places of a full one; the free ones are filled with anything.
    #[cold]
    fn grow(&mut self, anything: T) {
        let places = (2 * self.places.len()).max(FIRST);
        assert!(
            places <= 1 << 31,
            "more accesses wait for one block than can be counted"
        );
        let first = match self.places.is_empty() {
            true => 0,
            false => self.place(0),
        };
        let (later, sooner) = self.places.split_at(first);
        let mut all: Vec<T> = Vec::with_capacity(places);
        all.extend_from_slice(sooner);
        all.extend_from_slice(later);
        all.resize(places, anything);
        (self.places, self.head) = (all.into(), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    proptest! {
        #[test]
        fn it_does_what_the_standard_librarys_does(steps in prop::collection::vec(0..5u8, 0..200)) {
            let (mut ring, mut model) = (Ring::default(), VecDeque::new());
            for (number, step) in steps.into_iter().enumerate() {
                match step {
                    0..=2 => {
                        ring.push_back(number);
                        model.push_back(number);
                    }
                    3 => prop_assert_eq!(ring.pop_front(), model.pop_front()),
                    _ => prop_assert_eq!(ring.pop_back(), model.pop_back()),
                }
                prop_assert_eq!(ring.front(), model.front());
                prop_assert_eq!(ring.is_empty(), model.is_empty());
                prop_assert!(ring.iter().eq(model.iter()));
                prop_assert!(ring.iter().rev().eq(model.iter().rev()));
            }
        }
    }
}
