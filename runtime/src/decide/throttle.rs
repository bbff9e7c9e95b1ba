//! How many codelets may live at a time before a host thread that spawns more is held back.
//!
//! A body of a scope that spawns faster than engines run would fill the memory with records that wait. Above a high mark
//! it helps: it runs codelets itself, the newest first, whose records are still in its cache. Where there is nothing for
//! it to run it sleeps, until the count is down to a low mark. It is let go when nothing else can run either: then all
//! that live wait for something that the body itself may bring later, or that another host's body waits for. Codelets that spawn are never held back: what they
//! have to do before others can go on may be just that spawn.

/// Records are about this large: a header, a small capture, a few accesses.
const TYPICAL_RECORD: usize = 256;
/// At most this part of the memory for records, unless somebody says otherwise.
const SHARE_OF_MEMORY: usize = 8;
/// So many for each engine are enough to choose from, wherever memory would allow more: what is spawned further ahead
/// only drives out of the caches what runs now. Eight times as many take a codelet a third longer.
const MOST_FOR_EACH_ENGINE: usize = 1 << 13;
/// How many spawns there are between two looks, at most.
const SPAWNS_BETWEEN_LOOKS: usize = 256;
/// How far the low mark is below the high one, at most: more than the free records that an engine keeps, and few enough
/// to stay in its cache.
const GAP: usize = 1024;

/// Where a spawning host thread is held back, and let go again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marks {
    /// Above this many live codelets it is held back.
    pub high: u64,
    /// At this many or fewer it spawns on.
    pub low: u64,
    /// After so many spawns it looks again.
    pub every: u32,
}

impl Default for Marks {
    /// Nobody is held back.
    fn default() -> Self {
        Marks {
            high: u64::MAX,
            low: u64::MAX,
            every: u32::MAX,
        }
    }
}

impl Marks {
    /// For a bound that somebody chose: at least 1.
    pub fn at(most: usize) -> Self {
        let most = most.max(1);
        Marks {
            high: most as u64,
            low: (most - (most / 4).clamp(1, GAP)) as u64,
            every: (most / 4).clamp(1, SPAWNS_BETWEEN_LOOKS) as u32,
        }
    }

    /// For a process that may use so many `bytes` of memory (0: not known), with so many engines.
    pub fn by_memory(bytes: usize, engines: usize) -> Self {
        let enough = MOST_FOR_EACH_ENGINE * engines.max(1);
        Marks::at(match bytes / SHARE_OF_MEMORY / TYPICAL_RECORD {
            0 => enough,
            fits => fits.min(enough),
        })
    }

    /// Whether a host thread is held back while so many codelets live; `held` says whether it is already.
    pub fn hold(&self, live: u64, held: bool) -> bool {
        live > if held { self.low } else { self.high }
    }
}

/// What a host thread does that is held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It runs a codelet that it found.
    Help,
    /// It looks again a little later.
    Sleep,
    /// It spawns on, over the mark: nobody else can do anything.
    LetGo,
}

/// What a host thread sees that is held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// It found a codelet that it may run (a thread outside of all seats never does).
    pub found: bool,
    /// An engine runs codelets or looks for one.
    pub engines_at_work: bool,
    /// A codelet is ready, somewhere.
    pub queued: bool,
    /// How often it has slept since it last found something.
    pub naps: u32,
}

/// How often it sleeps while something is ready and no engine is at work: bodies of other hosts have the seats. They
/// will most likely end or help soon, but they may also wait for this one.
const PATIENCE: u32 = 6;

/// The next step of a host thread that is held back.
pub fn step(seen: Seen) -> Step {
    match seen {
        Seen { found: true, .. } => Step::Help,
        Seen {
            engines_at_work: true,
            ..
        } => Step::Sleep,
        Seen {
            queued: true, naps, ..
        } if naps < PATIENCE => Step::Sleep,
        _ => Step::LetGo,
    }
}

/// How long the `nth` sleep in a row lasts, in nanoseconds: short at first, since codelets are; never so long that the
/// engines run dry of much.
pub fn nap_ns(nth: u32) -> u64 {
    const FIRST: u64 = 50_000;
    FIRST << nth.min(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn held_back_above_the_high_mark_until_the_low_one() {
        let marks = Marks::at(10_000);
        assert!(!marks.hold(10_000, false));
        assert!(marks.hold(10_001, false));
        assert!(marks.hold(9_999, true));
        assert!(marks.hold(marks.low + 1, true));
        assert!(!marks.hold(marks.low, true));
        assert!(marks.low < marks.high && marks.low >= 7_500);
    }

    #[test]
    fn any_bound_works() {
        for most in [0, 1, 2, 3, 5, 100, 1 << 20, usize::MAX] {
            let marks = Marks::at(most);
            assert!(marks.low < marks.high && marks.every >= 1, "{marks:?}");
            assert!(u64::from(marks.every) <= marks.high.max(4) / 4);
        }
    }

    #[test]
    fn nobody_is_held_back_unless_it_is_asked_for() {
        assert!(!Marks::default().hold(u64::MAX, false));
        assert!(!Marks::default().hold(u64::MAX, true));
    }

    #[test]
    fn memory_decides_where_it_is_scarce_and_engines_where_it_is_not() {
        assert_eq!(Marks::by_memory(16 << 20, 4).high, 8_192);
        assert_eq!(Marks::by_memory(64 << 30, 4).high, 32_768);
        assert_eq!(Marks::by_memory(0, 2), Marks::by_memory(1 << 40, 2));
        assert_eq!(Marks::by_memory(1 << 40, 0).high, 8_192);
    }

    #[test]
    fn it_helps_if_it_can_sleeps_while_others_work_and_goes_on_when_nobody_does() {
        let seen = |found, engines_at_work, queued, naps| {
            step(Seen {
                found,
                engines_at_work,
                queued,
                naps,
            })
        };
        assert_eq!(seen(true, true, true, 0), Step::Help);
        assert_eq!(seen(true, false, false, 99), Step::Help);
        assert_eq!(seen(false, true, false, 99), Step::Sleep);
        assert_eq!(seen(false, false, false, 0), Step::LetGo);
        // Ready, but all seats are other hosts' bodies'.
        assert_eq!(seen(false, false, true, 0), Step::Sleep);
        assert_eq!(seen(false, false, true, PATIENCE - 1), Step::Sleep);
        assert_eq!(seen(false, false, true, PATIENCE), Step::LetGo);
    }

    #[test]
    fn naps_grow_to_less_than_a_millisecond() {
        let naps: Vec<u64> = (0..6).map(|nth| nap_ns(nth) / 1000).collect();
        assert_eq!(naps, [50, 100, 200, 400, 800, 800]);
    }
}
