//! Affinity: where a codelet would like to run, in a word that travels with it.

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
    /// On no execution engine: it waits for the world outside, and a thread of the control engine's does that.
    Control,
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
        }
    }

    /// From a word that [`Affinity::encode`] made.
    #[inline]
    pub fn decode(word: u32) -> Self {
        let index = word as u16;
        match word >> 16 {
            1 => Affinity::Prefer(index),
            2 => Affinity::Only(index),
            3 => Affinity::Region(index),
            4 => Affinity::Control,
            _ => Affinity::Anywhere,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Affinity::{self, *};

    #[test]
    fn words_and_back() {
        for a in [
            Anywhere,
            Prefer(0),
            Prefer(7),
            Only(65535),
            Region(73),
            Control,
        ] {
            assert_eq!(Affinity::decode(a.encode()), a);
        }
    }
}
