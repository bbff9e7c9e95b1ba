//! The entries of a codelet with many, in the order of their blocks' numbers: see [`crate::among`].

/// So many blocks are found by walks before a list is made, which takes about as long.
const WALKS: u32 = 4;

/// The first entry for all of each block of one codelet.
#[derive(Debug, Default)]
pub(crate) struct Wide {
    /// The codelet's record and generation.
    of: (u32, u32),
    /// How many blocks were looked for so far.
    looks: u32,
    /// Slots of blocks and nodes of entries; sorted.
    list: Vec<(u32, u32)>,
}

impl Wide {
    /// The node of the entry of the codelet `of` for the block with this slot, if there is one; `None` if it is to be found by a walk.
    /// `all` gives slots and nodes in the order of their declaration.
    #[expect(
        clippy::option_option,
        reason = "whether it is known, and then what is known"
    )]
    pub(crate) fn find<L>(
        &mut self,
        of: (u32, u32),
        slot: u32,
        all: impl FnOnce() -> L,
    ) -> Option<Option<u32>>
    where
        L: Iterator<Item = (u32, u32)>,
    {
        if self.of != of {
            (self.of, self.looks) = (of, 0);
        }
        if self.looks < WALKS {
            self.looks += 1;
            return None;
        }
        if self.looks == WALKS {
            self.looks += 1;
            self.list.clear();
            self.list.extend(all());
            // Stable: of several for one block the first stays the first.
            self.list.sort_by_key(|&(slot, _)| slot);
            self.list.dedup_by_key(|&mut (slot, _)| slot);
        }
        let place = self.list.binary_search_by_key(&slot, |&(slot, _)| slot);
        Some(place.ok().map(|place| self.list[place].1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_listed_once_for_a_codelet_and_the_first_one_counts() {
        let (mut wide, mut listed) = (Wide::default(), 0);
        let entries = [(7, 10), (3, 11), (7, 12), (5, 13)];
        for generation in 0..2 {
            for look in 0..100 {
                let mut find = |slot| {
                    let all = || {
                        listed += 1;
                        entries.into_iter()
                    };
                    wide.find((1, generation), slot, all)
                };
                match look < WALKS {
                    true => assert_eq!(find(7), None),
                    false => assert_eq!(
                        [7, 3, 5, 4].map(find),
                        [Some(Some(10)), Some(Some(11)), Some(Some(13)), Some(None)]
                    ),
                }
            }
        }
        assert_eq!(listed, 2);
    }
}
