//! Hints of a codelet: where it would like to run, how urgent it is, whether it is long; in a word that travels with it.
//!
//! A word of 0 means that nothing was asked for, which is what the fast paths look at.

/// How urgent a codelet is: see [`Options::priority`](crate::Options::priority).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// After all others.
    Low,
    /// What codelets are that say nothing.
    #[default]
    Normal,
    /// Before all others.
    High,
}

/// A hint, as stored in a codelet's record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Affinity {
    /// Wherever it becomes ready.
    #[default]
    Anywhere,
    /// On this execution engine if that is not much trouble: another one may take it.
    Prefer(u16),
    /// On this execution engine and no other.
    Only(u16),
    /// On an execution engine of this memory region; engines of others do not take it.
    Region(u16),
    /// Where the other members of this group run.
    Group(u16),
    /// Where the bytes of its accesses are near: decided when it is ready. What says nothing has it under the policy `locality`.
    NearData,
    /// On no execution engine: it waits for the world outside, and a thread of the control engine's does that.
    Control,
}

/// In a word: the kind of affinity, above its number.
const KIND: u32 = 0xff << 16;
/// In a word: the number that belongs to the kind.
const NUMBER: u32 = 0xffff;
/// The kind of [`Affinity::Group`]: a bit of its own.
const GROUP: u32 = 0x80 << 16;
/// The kind of [`Affinity::NearData`]: likewise.
const DATA: u32 = 0x40 << 16;
/// In a word: the codelet is of the high level. May be set later than the rest, by who waits for the codelet.
pub(crate) const HIGH: u32 = 1 << 24;
/// In a word: it is of the low level, unless it is of the high one.
const LOW: u32 = 1 << 25;
/// In a word: its declared cost is longer than a wake-up.
const LONG: u32 = 1 << 26;
/// In a word: a trace is kept, and is told when the codelet becomes ready.
pub(crate) const TRACED: u32 = 1 << 28;

/// What a codelet of the runtime's own does with its blocks, other than to use them. Its number is its place in a word, from
/// [`ERRAND`] on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Errand {
    /// It uses them.
    #[default]
    None = 0,
    /// It moves them, and leaves their contents as they are, run or skipped.
    Moves = 1,
    /// It holds them for others, who may never come: so what it may write it may also leave as it is.
    Holds = 4,
}

/// Where in a word the errand is, which no hint is.
const ERRAND: u32 = 27;

/// The errand as it is in a word.
#[inline]
pub(crate) fn errand(errand: Errand) -> u32 {
    u32::from(errand as u8) << ERRAND
}

/// Whether a word says so.
#[inline]
pub(crate) fn has_errand(word: u32, asked: Errand) -> bool {
    word & errand(asked) != 0
}

/// All hints as a word.
#[inline]
pub(crate) fn word(affinity: Affinity, priority: Priority, long: bool) -> u32 {
    let level = match priority {
        Priority::Low => LOW,
        Priority::Normal => 0,
        Priority::High => HIGH,
    };
    affinity.encode() | level | if long { LONG } else { 0 }
}

/// The same word in a group, whatever place it named.
#[inline]
pub(crate) fn in_group(word: u32, group: u16) -> u32 {
    word & !(KIND | NUMBER) | Affinity::Group(group).encode()
}

/// The level in a word.
#[inline]
pub(crate) fn priority(word: u32) -> Priority {
    match word & (HIGH | LOW) {
        0 => Priority::Normal,
        LOW => Priority::Low,
        _ => Priority::High,
    }
}

/// Whether a word says that the codelet is long.
#[inline]
pub(crate) fn is_long(word: u32) -> bool {
    word & LONG != 0
}

/// Whether it may run anywhere, at any time: no place, group or level is wished.
#[inline]
pub(crate) fn is_anybodys(word: u32) -> bool {
    word & !TRACED == 0
}

/// Whether a word has a level that is not normal, or the mark of a trace, or says what must be looked up: then the usual choice of
/// what runs next is not enough.
#[inline]
pub(crate) fn is_special(word: u32) -> bool {
    word & (HIGH | LOW | GROUP | DATA | TRACED) != 0
}

impl Affinity {
    /// As a word.
    #[inline]
    pub fn encode(self) -> u32 {
        match self {
            Affinity::Anywhere => 0,
            Affinity::Prefer(xe) => 1 << 16 | u32::from(xe),
            Affinity::Only(xe) => 2 << 16 | u32::from(xe),
            Affinity::Region(region) => 3 << 16 | u32::from(region),
            Affinity::Control => 4 << 16,
            Affinity::NearData => DATA,
            Affinity::Group(group) => GROUP | u32::from(group),
        }
    }

    /// From a word that [`Affinity::encode`] made.
    #[inline]
    pub fn decode(word: u32) -> Self {
        let index = word as u16;
        match (word & KIND) >> 16 {
            1 => Affinity::Prefer(index),
            2 => Affinity::Only(index),
            3 => Affinity::Region(index),
            4 => Affinity::Control,
            0x40 => Affinity::NearData,
            0x80 => Affinity::Group(index),
            _ => Affinity::Anywhere,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Affinity::{self, *};
    use super::Priority::{self, *};
    use super::{Errand, HIGH, errand, has_errand, in_group, is_long, is_special, priority, word};

    const ALL: [Affinity; 9] = [
        Anywhere,
        Prefer(0),
        Prefer(7),
        Only(65535),
        Affinity::Region(73),
        Group(0),
        Group(65535),
        Control,
        NearData,
    ];

    #[test]
    fn words_and_back() {
        for a in ALL {
            assert_eq!(Affinity::decode(a.encode()), a);
            for p in [Low, Normal, High] {
                for long in [false, true] {
                    let word = word(a, p, long);
                    let back = (Affinity::decode(word), priority(word), is_long(word));
                    assert_eq!(back, (a, p, long));
                }
            }
        }
        assert_eq!(word(Anywhere, Normal, false), 0);
    }

    #[test]
    fn a_raised_word_is_high_and_otherwise_the_same() {
        for a in ALL {
            for p in [Low, Normal, High] {
                let raised = word(a, p, true) | HIGH;
                let back = (Affinity::decode(raised), priority(raised), is_long(raised));
                assert_eq!(back, (a, Priority::High, true));
            }
        }
    }

    #[test]
    fn who_joins_a_group_keeps_all_but_its_place() {
        for a in ALL {
            let joined = in_group(word(a, Low, true) | errand(Errand::Moves), 7);
            let back = (Affinity::decode(joined), priority(joined), is_long(joined));
            assert_eq!(back, (Group(7), Low, true));
            assert!(has_errand(joined, Errand::Moves) && is_special(joined));
        }
    }

    #[test]
    fn levels_and_groups_are_special() {
        assert!(!is_special(word(Only(3), Normal, true)));
        assert!(is_special(word(Anywhere, Low, false)));
        assert!(is_special(word(Anywhere, High, false)));
        assert!(is_special(word(Group(0), Normal, false)));
    }
}
