//! The rules that placement and waking follow.

use super::throttle::Marks;

pub use super::power::Policy;

/// The numbers that decisions use, tuned at start and published by the control engine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tuning {
    /// How long an engine that finds nothing looks on before it parks, in nanoseconds: about what a wake-up costs
    /// here, since then waiting never costs more than twice what the better choice would have (the ski-rental
    /// argument: Karlin, Manasse, McGeoch and Owicki, "Competitive randomized algorithms for nonuniform problems",
    /// SODA 1990).
    pub spin_ns: u64,
    /// How many codelets an engine runs back to back, as successors of each other or from its own queue, before it looks
    /// elsewhere.
    pub next_run: u32,
    /// After how many codelets an engine looks at what was posted to it, though its own queue is not empty.
    pub look_around: u32,
    /// How often a thief must see the same lone codelet before it takes it: a lone one is mostly about to be run by
    /// its owner, and moving it costs more than an empty codelet.
    pub patience: u32,
    /// From how long on the codelets of an engine take so long that one which waits behind them is worth its move to another
    /// engine, in nanoseconds: a few times what the lines of a codelet and its data take from core to core.
    pub move_ns: u64,
    /// How long a request to a control engine may stay unanswered before an idle engine answers it, in nanoseconds.
    pub silence_ns: u64,
    /// Where host threads that spawn are held back.
    pub live: Marks,
}

impl Default for Tuning {
    fn default() -> Self {
        Tuning {
            spin_ns: 50_000,
            next_run: 64,
            look_around: 61,
            patience: 2,
            move_ns: 500,
            silence_ns: 2_000_000,
            live: Marks::default(),
        }
    }
}

impl Tuning {
    /// From a measured wake-up (time from waking a parked engine until it runs, in nanoseconds).
    pub fn from_wake_up(wake_up_ns: u64) -> Self {
        Tuning {
            // Never so long that an idle runtime is visible in the processor's load.
            spin_ns: wake_up_ns.clamp(5_000, 200_000),
            ..Self::default()
        }
    }
}

/// How many threads there shall be for `live` file accesses that have been spawned and have not ended: each may block for
/// long, and another one may be what it waits for (the two ends of a pipe); beyond a few they would only fight for the
/// same disk.
pub fn io_threads(live: usize) -> usize {
    live.min(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accesses_to_files_have_threads_of_their_own_up_to_a_few() {
        assert_eq!([0, 1, 3, 4, 1000].map(io_threads), [0, 1, 3, 4, 4]);
    }

    #[test]
    fn the_spin_budget_follows_the_wake_up_within_bounds() {
        assert_eq!(Tuning::from_wake_up(40_000).spin_ns, 40_000);
        assert_eq!(Tuning::from_wake_up(1).spin_ns, 5_000);
        assert_eq!(Tuning::from_wake_up(u64::MAX).spin_ns, 200_000);
    }
}
