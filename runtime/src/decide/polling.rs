//! How often functions are polled that tell whether something outside has come. Times are in nanoseconds.

/// The shortest pause between two looks while engines idle.
pub const EAGER_NS: u64 = 2_000;
/// The shortest pause while all engines work: each look may take an engine's core.
pub const BUSY_NS: u64 = 200_000;
/// The longest pause, but for functions that take long themselves.
pub const MOST_NS: u64 = 1_000_000;

/// What is known after a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Looked {
    /// Some engine has nothing to do.
    pub idle: bool,
    /// So long ago the last of what is polled came or was added.
    pub quiet_ns: u64,
    /// So long the look took.
    pub took_ns: u64,
}

/// How long nobody looks after a look.
///
/// The pause grows with the time waited: an eighth of it, so what comes is noticed after an eighth more than it took, and the number
/// of looks grows with that time's logarithm. Functions that take long take half of one core at most, and an
/// eighth of one while there is other work.
pub fn pause_ns(looked: Looked) -> u64 {
    let (least, rest) = match looked.idle {
        true => (EAGER_NS, looked.took_ns),
        false => (BUSY_NS, looked.took_ns.saturating_mul(7)),
    };
    (looked.quiet_ns / 8).clamp(least, MOST_NS).max(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pause(idle: bool, quiet_ns: u64, took_ns: u64) -> u64 {
        pause_ns(Looked {
            idle,
            quiet_ns,
            took_ns,
        })
    }

    #[test]
    fn pauses_grow_with_the_wait_between_two_bounds() {
        assert_eq!(pause(true, 0, 100), EAGER_NS);
        assert_eq!(pause(true, 800_000, 100), 100_000);
        assert_eq!(pause(true, u64::MAX, 100), MOST_NS);
        assert_eq!(pause(false, 0, 100), BUSY_NS);
        assert_eq!(pause(false, 4_000_000, 100), 500_000);
        assert_eq!(pause(false, u64::MAX, 100), MOST_NS);
    }

    #[test]
    fn a_second_of_waiting_costs_about_a_thousand_looks_and_ten_milliseconds_about_a_hundred() {
        let looks = |until: u64| {
            let (mut now, mut looks) = (0, 0);
            while now < until {
                now += pause(true, now, 0);
                looks += 1;
            }
            looks
        };
        assert!(
            (50..150).contains(&looks(10_000_000)),
            "{}",
            looks(10_000_000)
        );
        assert!(
            (1000..1200).contains(&looks(1_000_000_000)),
            "{}",
            looks(1_000_000_000)
        );
    }

    #[test]
    fn functions_that_take_long_leave_the_core_to_others() {
        assert_eq!(pause(true, 0, 5_000_000), 5_000_000);
        assert_eq!(pause(false, 0, 5_000_000), 35_000_000);
        assert_eq!(pause(false, 0, u64::MAX), u64::MAX);
    }
}
