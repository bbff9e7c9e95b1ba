//! Which of the codelets that are ready runs next in the checking mode: any of them may, so a seeded generator says. The
//! same seed gives the same choices.

/// A generator: SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shuffle {
    state: u64,
}

impl Shuffle {
    /// One that begins with this seed.
    pub fn new(seed: u64) -> Self {
        Shuffle { state: seed }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// A place in a list of so many: which codelet runs next. None in an empty list.
    pub fn pick(&mut self, of: usize) -> Option<usize> {
        if of == 0 {
            return None;
        }
        // The high half of the product: below `of`, and as even as 64 bits allow.
        Some(((u128::from(self.next()) * of as u128) >> 64) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picks(seed: u64) -> Vec<usize> {
        let mut shuffle = Shuffle::new(seed);
        (1..50).filter_map(|of| shuffle.pick(of)).collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_choices_and_others_give_others() {
        assert_eq!(picks(7), picks(7));
        let distinct: std::collections::BTreeSet<_> = (0..20).map(picks).collect();
        assert_eq!(distinct.len(), 20);
    }

    #[test]
    fn each_place_is_picked_about_as_often() {
        let mut shuffle = Shuffle::new(1);
        let mut counts = [0; 7];
        for _ in 0..7000 {
            counts[shuffle.pick(7).unwrap()] += 1;
        }
        assert!(
            counts.iter().all(|count| (850..1150).contains(count)),
            "{counts:?}"
        );
    }

    #[test]
    fn nothing_is_picked_from_nothing() {
        assert_eq!(Shuffle::new(3).pick(0), None);
        assert_eq!(Shuffle::new(3).pick(1), Some(0));
    }
}
