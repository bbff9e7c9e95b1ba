//! A cache: copies of blocks, in the order in which they were used.

/// The end of a list.
const END: u32 = u32::MAX;

/// A copy of a block, between the one that was used before and the one that was used after it.
#[derive(Clone, Copy, Debug)]
struct Place {
    block: u32,
    older: u32,
    newer: u32,
    bytes: u64,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Cache {
    places: Vec<Place>,
    free: Vec<u32>,
    oldest: u32,
    newest: u32,
    bytes: u64,
    filled: u64,
    left: u64,
}

impl Default for Cache {
    fn default() -> Self {
        Cache {
            places: Vec::new(),
            free: Vec::new(),
            oldest: END,
            newest: END,
            bytes: 0,
            filled: 0,
            left: 0,
        }
    }
}

impl Cache {
    /// What is in it.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// All that ever came in.
    pub(crate) fn filled(&self) -> u64 {
        self.filled
    }

    /// All that ever left.
    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    /// How many bytes of its block the copy at a place has.
    pub(crate) fn held(&self, place: u32) -> u64 {
        self.places[place as usize].bytes
    }

    /// The copy that was not used for the longest time: its place and its block.
    pub(crate) fn oldest(&self) -> Option<(u32, u32)> {
        let place = self.places.get(self.oldest as usize)?;
        Some((self.oldest, place.block))
    }

    /// A copy comes in, and is the one that was used last. Its place.
    pub(crate) fn enter(&mut self, block: u32, bytes: u64) -> u32 {
        self.bytes += bytes;
        self.filled += bytes;
        let copy = Place {
            block,
            older: END,
            newer: END,
            bytes,
        };
        let place = match self.free.pop() {
            Some(place) => {
                self.places[place as usize] = copy;
                place
            }
            None => {
                self.places.push(copy);
                self.places.len() as u32 - 1
            }
        };
        self.link(place);
        place
    }

    /// A copy is used.
    pub(crate) fn used(&mut self, place: u32) {
        if self.newest != place {
            self.unlink(place);
            self.link(place);
        }
    }

    /// A copy leaves. How many bytes it had.
    pub(crate) fn leave(&mut self, place: u32) -> u64 {
        self.unlink(place);
        self.free.push(place);
        let bytes = self.held(place);
        self.bytes -= bytes;
        self.left += bytes;
        bytes
    }

    fn link(&mut self, place: u32) {
        let before = std::mem::replace(&mut self.newest, place);
        match before {
            END => self.oldest = place,
            before => self.places[before as usize].newer = place,
        }
        let copy = &mut self.places[place as usize];
        (copy.older, copy.newer) = (before, END);
    }

    fn unlink(&mut self, place: u32) {
        let Place { older, newer, .. } = self.places[place as usize];
        match older {
            END => self.oldest = newer,
            older => self.places[older as usize].newer = newer,
        }
        match newer {
            END => self.newest = older,
            newer => self.places[newer as usize].older = older,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_the_one_that_was_not_used() {
        let mut cache = Cache::default();
        let [a, b, c] = [10, 20, 30].map(|block| cache.enter(block, u64::from(block)));
        cache.used(a);
        cache.used(a);
        assert_eq!(cache.oldest(), Some((b, 20)));
        assert_eq!(cache.leave(c), 30);
        assert_eq!(cache.enter(40, 40), c);
        cache.used(b);
        let mut order = Vec::new();
        while let Some((place, block)) = cache.oldest() {
            order.push(block);
            cache.leave(place);
        }
        assert_eq!(order, [10, 40, 20]);
        assert_eq!((cache.bytes(), cache.filled(), cache.left()), (0, 100, 100));
    }
}
