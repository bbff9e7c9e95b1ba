//! What codelets, counters and spans are called: a number for each name and place, which events carry.

use crate::sync::{Mutex, lock};
use std::collections::HashMap;
use std::panic::Location;

/// A name, and where what has it is spawned.
pub(crate) type Site = (&'static str, Option<&'static Location<'static>>);

/// All names of a trace. The number 0 is for those that came when there were too many.
pub(crate) struct Names {
    all: Mutex<(HashMap<Site, u16>, Vec<Site>)>,
}

/// What has no number of its own.
const OTHERS: Site = ("(others)", None);

impl Names {
    pub(crate) fn new() -> Self {
        Names {
            all: Mutex::new((HashMap::new(), vec![OTHERS])),
        }
    }

    /// The number of a name.
    #[cold]
    pub(crate) fn number(&self, site: Site) -> u16 {
        let (numbers, list) = &mut *lock(&self.all);
        *numbers.entry(site).or_insert_with(|| {
            let Ok(number) = u16::try_from(list.len()) else {
                return 0;
            };
            list.push(site);
            number
        })
    }

    /// What has this number.
    pub(crate) fn get(&self, number: u16) -> Option<Site> {
        lock(&self.all).1.get(usize::from(number)).copied()
    }

    /// Gives those from this number on with their numbers.
    pub(crate) fn since(&self, first: usize, mut take: impl FnMut(u16, Site)) -> usize {
        let (_, list) = &*lock(&self.all);
        for (&site, number) in list[first..].iter().zip(first..) {
            take(number as u16, site);
        }
        list.len()
    }
}

/// Those that an engine used last, found without a lock.
pub(crate) struct Recent {
    places: [Place; PLACES],
}

/// A name's address, length and place, and its number; that is 0 where nothing is.
#[derive(Clone, Copy)]
struct Place {
    key: (usize, usize, usize),
    number: u16,
}

const PLACES: usize = 64;

impl Recent {
    pub(crate) fn new() -> Self {
        Recent {
            places: [Place {
                key: (0, 0, 0),
                number: 0,
            }; PLACES],
        }
    }

    /// The number of a name. Names are told apart by where they are, which costs nothing; the same text elsewhere is found
    /// by `names`.
    #[inline]
    pub(crate) fn number(&mut self, names: &Names, site: Site) -> u16 {
        let (text, spawned_at) = site;
        let key = (
            text.as_ptr().addr(),
            text.len(),
            spawned_at.map_or(0, |at| std::ptr::from_ref(at).addr()),
        );
        let mixed =
            (key.0 ^ key.2.rotate_left(20)).wrapping_mul(0x9e37_79b9_7f4a_7c15_u64 as usize);
        let place = &mut self.places[mixed >> (usize::BITS - PLACES.ilog2())];
        if place.key != key || place.number == 0 {
            *place = Place {
                key,
                number: names.number(site),
            };
        }
        place.number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_begin_at_one_address_are_told_apart() {
        let (names, mut recent) = (Names::new(), Recent::new());
        let text = "stage-two";
        let mut number = |length| recent.number(&names, (&text[..length], None));
        let (short, long) = (number(5), number(9));
        assert_ne!(short, long);
        assert_eq!((number(5), number(9)), (short, long));
        assert_eq!(names.number(("stage", None)), short);
    }
}
