//! How many elements a chunk of a loop has.
//!
//! Smaller chunks cost more, larger ones leave engines idle at the end. A codelet costs about 0.1 microseconds, so chunks
//! of [`CHUNK_NS`] lose less than a percent; fewer than [`EACH`] for each engine could not even out what differs among
//! chunks, as long as they do not get shorter than [`LEAST_NS`] by that.

/// What a chunk should take, in nanoseconds.
pub const CHUNK_NS: u64 = 30_000;
/// With more chunks than engines, they do not get shorter than this, in nanoseconds.
pub const LEAST_NS: u64 = 5_000;
/// Chunks for each engine, if they do not get too short.
pub const EACH: usize = 4;
/// How long it is measured, in nanoseconds: long enough for a clock that takes some tens.
pub const PROBE_NS: u64 = 3_000;
/// How many chunks a reduction has whose grain is not given.
pub const REDUCED: usize = 256;

/// How many elements a chunk has when `tried` elements took `nanos`, `left` are left, and there are so many engines.
///
/// ```
/// use sprat::decide::grain::grain;
/// // An element takes 10 ns: 3,000 of them take 30 microseconds.
/// assert_eq!(grain(3_000, 300, 1_000_000, 2), 3_000);
/// // Four chunks for each of two engines.
/// assert_eq!(grain(3_000, 300, 16_000, 2), 2_000);
/// // But none shorter than 5 microseconds.
/// assert_eq!(grain(3_000, 300, 1_000, 2), 500);
/// ```
pub fn grain(nanos: u64, tried: usize, left: usize, engines: usize) -> usize {
    let in_time = |time: u64| {
        let elements = u128::from(time) * tried as u128 / u128::from(nanos.max(1));
        usize::try_from(elements).unwrap_or(usize::MAX).max(1)
    };
    let share = left.div_ceil(EACH * engines.max(1));
    in_time(CHUNK_NS).min(share.max(in_time(LEAST_NS)))
}

/// How many elements a chunk of a reduction over `len` elements has, if it is not given: of the length alone, so that the
/// result does not depend on time or on engines.
pub fn reduced(len: usize) -> usize {
    len.div_ceil(REDUCED).max(1)
}

/// Where the chunks `from..to` (two at least) of a reduction are split: the first half has a power of two of them.
///
/// ```
/// assert_eq!(sprat::decide::grain::split(0, 5), 4);
/// assert_eq!(sprat::decide::grain::split(4, 6), 5);
/// ```
pub fn split(from: usize, to: usize) -> usize {
    from + (to - from).next_power_of_two() / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_take_their_time_and_there_are_enough_of_them() {
        assert_eq!(grain(1_000_000, 1, 100, 8), 1, "long elements are alone");
        assert_eq!(grain(0, 1000, 1 << 40, 2), 30_000_000, "no time at all");
        assert_eq!(
            grain(1, usize::MAX, usize::MAX, 1),
            usize::MAX,
            "all at once"
        );
        for engines in 1..70 {
            for left in [1, 10, 1000, 100_000, 10_000_000] {
                let chunk = grain(3_000, 300, left, engines);
                assert!(
                    (500..=3000).contains(&chunk),
                    "between 5 and 30 microseconds"
                );
                assert!(chunk == 500 || left.div_ceil(chunk) >= (EACH * engines).min(left) / 2);
            }
        }
    }

    #[test]
    fn reductions_are_split_by_their_length_alone() {
        assert_eq!([0, 1, 256, 257, 1000].map(reduced), [1, 1, 1, 2, 4]);
        for count in 2..300 {
            let mid = split(0, count);
            assert!(mid < count && 2 * mid >= count && mid.is_power_of_two());
            assert_eq!(split(1000, 1000 + count), 1000 + mid);
        }
    }
}
