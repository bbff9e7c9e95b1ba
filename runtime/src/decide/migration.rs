//! How a block goes to another region: its bytes are copied, or the kernel moves its pages under the address.

use super::alternates::{Choice, Trials};
use std::collections::BTreeMap;

/// One of the two ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To other memory, which must be there.
    Copying,
    /// Where it is, page by page.
    Pages,
}

/// What is known of a block that is to move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moving {
    /// How long its memory is.
    pub bytes: u64,
    /// Whether it has whole huge pages to itself, and both regions' memory is on one node each.
    pub owns_pages: bool,
    /// Whether its contents are wanted. Else there is nothing to copy, nor to move.
    pub contents: bool,
    /// Whether there is memory of this length in the other region that was used before.
    pub recycled: bool,
}

impl Moving {
    /// Whether there are two ways for it.
    pub fn is_open(&self) -> bool {
        self.owns_pages && self.contents && !self.recycled
    }
}

/// What both ways took so far, by the length of the memory.
///
/// Copying to memory that was used before was the faster way at each length that was measured (`docs/design/moves.md`), and is
/// taken as such. Where memory would be new, each page of it is zeroed first, and either way may be the faster one, by the kernel and the
/// length: so both are tried and timed where the program runs, and the faster one is kept to ([`Trials`]).
#[derive(Clone, Debug, Default)]
pub struct Ways {
    trials: BTreeMap<u64, Trials>,
    forbidden: bool,
}

impl Ways {
    /// The way for a block; and what to tell [`Ways::measured`] or [`Ways::failed`], if both are open.
    pub fn choose(&mut self, moving: Moving) -> (Way, Option<Choice>) {
        if self.forbidden || !moving.is_open() {
            return (Way::Copying, None);
        }
        let trials = self.trials.entry(moving.bytes);
        let choice = trials.or_insert_with(|| Trials::new(0b11)).choose();
        let way = match choice.which {
            0 => Way::Copying,
            _ => Way::Pages,
        };
        (way, Some(choice))
    }

    /// How long a move took, in nanoseconds.
    pub fn measured(&mut self, bytes: u64, choice: Choice, ns: u64) {
        if let Some(trials) = self.trials.get_mut(&bytes) {
            trials.measured(choice, ns);
        }
    }

    /// A move could not be made this way.
    pub fn failed(&mut self, bytes: u64, choice: Choice) {
        if let Some(trials) = self.trials.get_mut(&bytes) {
            trials.failed(choice);
        }
    }

    /// The system does not let this process move pages: never again.
    pub fn forbid(&mut self) {
        self.forbidden = true;
    }
}

#[cfg(test)]
mod tests {
    use super::super::alternates::TRIES;
    use super::*;

    const LARGE: Moving = Moving {
        bytes: 16 << 20,
        owns_pages: true,
        contents: true,
        recycled: false,
    };

    /// Moves so many blocks, of which each takes so long; the ways that were taken.
    fn taken(ways: &mut Ways, moving: Moving, copy_ns: u64, pages_ns: u64, times: u32) -> Vec<Way> {
        let mut one = || {
            let (way, choice) = ways.choose(moving);
            if let Some(choice) = choice {
                let ns = if way == Way::Copying {
                    copy_ns
                } else {
                    pages_ns
                };
                ways.measured(moving.bytes, choice, ns);
            }
            way
        };
        (0..times).map(|_| one()).collect()
    }

    #[test]
    fn both_ways_are_tried_and_the_faster_one_is_kept() {
        for (copy_ns, pages_ns, faster) in [(10, 30, Way::Copying), (30, 10, Way::Pages)] {
            let mut ways = Ways::default();
            let tried = taken(&mut ways, LARGE, copy_ns, pages_ns, 2 * TRIES);
            for way in [Way::Copying, Way::Pages] {
                let times = tried.iter().filter(|one| **one == way).count();
                assert_eq!(times, TRIES as usize);
            }
            let kept = taken(&mut ways, LARGE, copy_ns, pages_ns, 100);
            assert!(kept.iter().all(|way| *way == faster));
        }
    }

    #[test]
    fn pages_that_do_not_go_are_copied_from_then_on() {
        let mut ways = Ways::default();
        // The kernel was the faster one, and now refuses.
        taken(&mut ways, LARGE, 100, 10, 2 * TRIES);
        let refused = |ways: &mut Ways| {
            let (way, choice) = ways.choose(LARGE);
            match way {
                Way::Copying => ways.measured(LARGE.bytes, choice.unwrap(), 100),
                Way::Pages => ways.failed(LARGE.bytes, choice.unwrap()),
            }
            way
        };
        let asked = (0..100).filter(|_| refused(&mut ways) == Way::Pages);
        assert_eq!(asked.count(), 1 + TRIES as usize);
    }

    #[test]
    fn each_length_has_its_own_answer() {
        let mut ways = Ways::default();
        let larger = Moving {
            bytes: 64 << 20,
            ..LARGE
        };
        taken(&mut ways, LARGE, 10, 30, 2 * TRIES);
        taken(&mut ways, larger, 100, 30, 2 * TRIES);
        assert_eq!(taken(&mut ways, LARGE, 10, 30, 1), [Way::Copying]);
        assert_eq!(taken(&mut ways, larger, 100, 30, 1), [Way::Pages]);
    }

    #[test]
    fn pages_stay_where_copying_is_known_to_be_better_or_they_may_not_move() {
        let mut ways = Ways::default();
        // The kernel would be the faster one.
        taken(&mut ways, LARGE, 100, 10, 2 * TRIES);
        for moving in [
            Moving {
                owns_pages: false,
                ..LARGE
            },
            Moving {
                contents: false,
                ..LARGE
            },
            Moving {
                recycled: true,
                ..LARGE
            },
        ] {
            assert_eq!(ways.choose(moving), (Way::Copying, None));
        }
        assert_eq!(ways.choose(LARGE).0, Way::Pages);
        ways.forbid();
        assert_eq!(ways.choose(LARGE), (Way::Copying, None));
    }
}
