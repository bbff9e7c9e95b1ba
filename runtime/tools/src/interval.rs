//! Spans of time.

/// From `start` on until before `end`, in nanoseconds since the start of the trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interval {
    /// The first nanosecond.
    pub start: u64,
    /// The first one behind it.
    pub end: u64,
}

impl Interval {
    /// How long it is.
    pub fn length(self) -> u64 {
        self.end.saturating_sub(self.start)
    }
}

/// The same time without overlaps, in order.
pub fn union(mut list: Vec<Interval>) -> Vec<Interval> {
    list.retain(|one| one.length() > 0);
    list.sort_unstable();
    let mut merged: Vec<Interval> = Vec::new();
    for one in list {
        match merged.last_mut() {
            Some(last) if one.start <= last.end => last.end = last.end.max(one.end),
            _ => merged.push(one),
        }
    }
    merged
}

/// How long disjoint ones are together.
pub fn total(list: &[Interval]) -> u64 {
    list.iter().map(|one| one.length()).sum()
}

/// How long several times are together. Those of a damaged trace may be more than fits, and are that much then.
pub fn sum(times: impl IntoIterator<Item = u64>) -> u64 {
    times.into_iter().fold(0, u64::saturating_add)
}

/// What lies in both of two lists, each in order and without overlaps.
pub fn both(a: &[Interval], b: &[Interval]) -> Vec<Interval> {
    let (mut at, mut other, mut out) = (0, 0, Vec::new());
    while at < a.len() && other < b.len() {
        let start = a[at].start.max(b[other].start);
        let end = a[at].end.min(b[other].end);
        if start < end {
            out.push(Interval { start, end });
        }
        if a[at].end < b[other].end {
            at += 1;
        } else {
            other += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(pairs: &[(u64, u64)]) -> Vec<Interval> {
        let one = |&(start, end)| Interval { start, end };
        pairs.iter().map(one).collect()
    }

    #[test]
    fn overlaps_are_counted_once() {
        let merged = union(list(&[(5, 7), (0, 2), (1, 3), (3, 4), (9, 9)]));
        assert_eq!(merged, list(&[(0, 4), (5, 7)]));
        assert_eq!(total(&merged), 6);
    }

    #[test]
    fn sums_of_damaged_times_end_at_the_most_that_there_is() {
        assert_eq!(sum([1, 2, 3]), 6);
        assert_eq!(sum([u64::MAX, 1]), u64::MAX);
    }

    #[test]
    fn what_is_in_both() {
        let (a, b) = (list(&[(0, 4), (6, 9)]), list(&[(2, 7), (8, 20)]));
        assert_eq!(both(&a, &b), list(&[(2, 4), (6, 7), (8, 9)]));
        assert_eq!(both(&b, &a), both(&a, &b));
    }
}
