//! What engines leave for who looks at the run from outside: two words for each seat, kept only if a page is. See
//! `docs/design/live.md`.

use crate::sync::Arc;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::tracing::{Names, Recent, Site};

/// The words of a seat. Written by its occupant, read by whoever looks; nothing is ordered by them.
#[derive(Debug)]
pub(crate) struct Marks {
    /// See [`Mark`].
    doing: AtomicU64,
    /// The number of the replay that the engine works on, above the round; 0 if it works on none.
    round: AtomicU64,
}

/// In the first word: how many bodies have begun, above whether one runs, above the number of its name.
const BEGUN: u32 = 17;
const RUNS: u64 = 1 << 16;

/// The first word, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Bodies that began so far.
    pub(crate) begun: u64,
    /// The number of the name of the body that runs.
    pub(crate) runs: Option<u16>,
}

impl Marks {
    pub(crate) fn new() -> Self {
        Marks {
            doing: AtomicU64::new(0),
            round: AtomicU64::new(0),
        }
    }

    #[inline]
    pub(crate) fn set(&self, word: u64) {
        self.doing.store(word, Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn set_round(&self, replay: u32, round: u32) {
        let word = u64::from(replay) << 32 | u64::from(round);
        self.round.store(word, Ordering::Relaxed);
    }

    /// What the engine does.
    pub(crate) fn mark(&self) -> Mark {
        let word = self.doing.load(Ordering::Relaxed);
        Mark {
            begun: word >> BEGUN,
            runs: (word & RUNS != 0).then_some(word as u16),
        }
    }

    /// The number of the replay that it works on, and the round there.
    pub(crate) fn round(&self) -> (u32, u32) {
        let word = self.round.load(Ordering::Relaxed);
        ((word >> 32) as u32, word as u32)
    }
}

/// What an engine keeps to leave marks.
pub(crate) struct Marker {
    names: Arc<Names>,
    recent: Recent,
    begun: u64,
}

impl Marker {
    pub(crate) fn new(names: Arc<Names>) -> Self {
        Marker {
            names,
            recent: Recent::new(),
            begun: 0,
        }
    }

    /// The word while a body with this name runs.
    #[inline]
    pub(crate) fn begins(&mut self, site: Site) -> u64 {
        self.begun += 1;
        let kind = self.recent.number(&self.names, site);
        self.begun << BEGUN | RUNS | u64::from(kind)
    }

    /// The word after it.
    #[inline]
    pub(crate) fn ended(&self) -> u64 {
        self.begun << BEGUN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_say_what_was_marked() {
        let (marks, names) = (Marks::new(), Arc::new(Names::new()));
        let mut marker = Marker::new(names.clone());
        let nothing = Mark {
            begun: 0,
            runs: None,
        };
        assert_eq!(marks.mark(), nothing);
        for begun in 1..4 {
            marks.set(marker.begins(("sweep", None)));
            let mark = marks.mark();
            assert_eq!(mark.begun, begun);
            assert_eq!(names.get(mark.runs.unwrap()), Some(("sweep", None)));
            marks.set(marker.ended());
            assert_eq!(marks.mark(), Mark { begun, runs: None });
        }
        marks.set_round(3, u32::MAX);
        assert_eq!(marks.round(), (3, u32::MAX));
    }
}
