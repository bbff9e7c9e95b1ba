//! What will happen, in the order of virtual time.

/// Events by time; of those at one time, the one that was entered first. So a simulation is deterministic.
///
/// A heap of four at each knot. What was taken last leaves its place at the root open: most events enter another one, which goes
/// down from there instead of up from the end, and nothing else has to move.
pub(crate) struct Calendar<E> {
    heap: Vec<Entry<E>>,
    /// The root was taken.
    open: bool,
    entered: u64,
}

#[derive(Clone, Copy)]
struct Entry<E> {
    at_ns: u64,
    number: u64,
    event: E,
}

impl<E> Entry<E> {
    fn key(&self) -> u128 {
        u128::from(self.at_ns) << 64 | u128::from(self.number)
    }
}

/// Children of a knot.
const WIDE: usize = 4;

/// Which of a knot's children comes first: in two rounds, so that the processor need not guess.
fn least_of<E>(children: &[Entry<E>; WIDE]) -> usize {
    let keys = [0, 1, 2, 3].map(|child: usize| children[child].key());
    let (left, right) = (
        usize::from(keys[1] < keys[0]),
        2 + usize::from(keys[3] < keys[2]),
    );
    match keys[0].min(keys[1]) <= keys[2].min(keys[3]) {
        true => left,
        false => right,
    }
}

impl<E: Copy> Calendar<E> {
    pub(crate) fn new() -> Self {
        Calendar {
            heap: Vec::new(),
            open: false,
            entered: 0,
        }
    }

    /// Enters an event.
    pub(crate) fn enter(&mut self, at_ns: u64, event: E) {
        let number = self.entered;
        self.entered += 1;
        let entry = Entry {
            at_ns,
            number,
            event,
        };
        if std::mem::take(&mut self.open) {
            return self.go_down(entry);
        }
        let mut at = self.heap.len();
        self.heap.push(entry);
        while at > 0 {
            let above = (at - 1) / WIDE;
            if self.heap[above].key() <= entry.key() {
                break;
            }
            self.heap[at] = self.heap[above];
            at = above;
        }
        self.heap[at] = entry;
    }

    /// The next event and its time.
    pub(crate) fn next(&mut self) -> Option<(u64, E)> {
        if std::mem::take(&mut self.open)
            && let Some(last) = self.heap.pop()
            && !self.heap.is_empty()
        {
            self.go_down(last);
        }
        let first = self.heap.first()?;
        self.open = true;
        Some((first.at_ns, first.event))
    }

    /// Puts an entry where the root was.
    fn go_down(&mut self, entry: Entry<E>) {
        let mut at = 0;
        loop {
            let first = at * WIDE + 1;
            let children = self.heap.get(first..).unwrap_or_default();
            let least = match children.first_chunk::<WIDE>() {
                Some(children) => first + least_of(children),
                None => match (0..children.len()).min_by_key(|child| children[*child].key()) {
                    Some(child) => first + child,
                    None => break,
                },
            };
            if self.heap[least].key() >= entry.key() {
                break;
            }
            self.heap[at] = self.heap[least];
            at = least;
        }
        self.heap[at] = entry;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;
    use std::collections::BTreeMap;

    #[test]
    fn by_time_then_by_entrance() {
        let mut calendar = Calendar::new();
        for (at, event) in [(5, 'c'), (1, 'a'), (5, 'd'), (1, 'b')] {
            calendar.enter(at, event);
        }
        let order: String = std::iter::from_fn(|| calendar.next())
            .map(|e| e.1)
            .collect();
        assert_eq!(order, "abcd");
    }

    /// Beside a map that is in order by itself, with more entered than taken at first, then less.
    #[test]
    fn nothing_is_lost_or_out_of_order() {
        let (mut random, mut calendar, mut map) =
            (Random::new(3), Calendar::new(), BTreeMap::new());
        let mut now_ns = 0;
        for number in 0..4_000u64 {
            for _ in 0..random.below(if number < 2_000 { 4 } else { 2 }) {
                let at_ns = now_ns + random.below(20);
                calendar.enter(at_ns, map.len());
                map.insert((at_ns, calendar.entered), map.len());
            }
            let expected = map.pop_first().map(|((at_ns, _), event)| (at_ns, event));
            now_ns = expected.map_or(now_ns, |(at_ns, _)| at_ns);
            assert_eq!(calendar.next(), expected);
        }
    }
}
