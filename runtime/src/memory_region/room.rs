//! Which nodes may be used, and whether they have room. Both are asked of the system, which may forbid to ask.

use super::options::Nodes;
use super::os;
use super::pages::Pages;
use std::io;
use std::time::{Duration, Instant};

/// So much of a node is left to others, who take some between the question and the first touch.
const LEFT: usize = 8 << 20;

/// How long a refusal is remembered: on a full node each block would ask otherwise, which takes long where there are many processors.
const REMEMBERED: Duration = Duration::from_millis(10);

/// What a pool knows of the room on its nodes. Asking the system each time would cost more than small chunks do.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// What was free when the system was asked last.
    free: usize,
    /// Handed out since, or before and perhaps not touched yet: then the system still counts it as free.
    handed: usize,
    /// What may be handed out before the system must be asked again.
    allowance: usize,
    /// So many bytes had no room, and until when that is believed.
    refused: Option<(usize, Instant)>,
}

impl Room {
    /// Whether there is room for so many untouched bytes, which then are handed out. `free` asks how much the system has;
    /// if nobody knows, there is room. `now` asks what time it is.
    pub(super) fn take(
        &mut self,
        bytes: usize,
        free: impl FnOnce() -> Option<usize>,
        now: impl Fn() -> Instant,
    ) -> bool {
        if let Some(left) = self.allowance.checked_sub(bytes) {
            self.allowance = left;
            self.handed += bytes;
            return true;
        }
        if let Some((least, until)) = self.refused
            && bytes >= least
        {
            if now() < until {
                return false;
            }
            self.refused = None;
        }
        let Some(free) = free() else {
            return true;
        };
        // What was handed out and did not go from what is free.
        let untouched = (free + self.handed)
            .saturating_sub(self.free)
            .min(self.handed);
        let left = free
            .checked_sub(LEFT)
            .and_then(|room| room.checked_sub(untouched)?.checked_sub(bytes));
        self.free = free;
        // Or others gave as much back as was touched; so it is believed less each time.
        self.handed = untouched / 2 + left.map_or(0, |_| bytes);
        // Others use the node as well, so that it is asked again long before it should be full.
        self.allowance = left.unwrap_or(0) / 4;
        if left.is_none() {
            self.refused = Some((bytes, now() + REMEMBERED));
        }
        left.is_some()
    }
}

/// How many bytes these nodes have to give, if each gives the same; `None` if no node was chosen, or the system does not say.
pub(super) fn free_bytes(nodes: &Nodes) -> Option<usize> {
    match nodes {
        Nodes::FirstTouch => None,
        Nodes::One(node) => os::free_bytes(*node),
        Nodes::Interleaved(nodes) => {
            let least = nodes.iter().filter_map(|node| os::free_bytes(*node)).min();
            least.map(|free| free.saturating_mul(nodes.len()))
        }
    }
}

/// The system's nodes on which this process can choose to have memory. Errors if it cannot choose at all: the system has no
/// nodes, or a container forbids it.
pub(crate) fn usable_nodes() -> io::Result<Vec<u16>> {
    let allowed = os::allowed_nodes()?;
    let first = allowed.first().copied().unwrap_or(0);
    let refused = || io::ErrorKind::PermissionDenied.into();
    match Pages::map(1, false, &Nodes::One(first)) {
        Ok(page) if !page.unbound() => Ok(allowed),
        _ => Err(refused()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    #[test]
    fn some_is_left_to_others() {
        let fits = |bytes| Room::default().take(bytes, || Some(100 * MIB), Instant::now);
        assert!(fits(92 * MIB) && !fits(92 * MIB + 1));
        assert!(!Room::default().take(1, || Some(4 * MIB), Instant::now));
    }

    #[test]
    fn what_is_handed_out_and_not_touched_does_not_count_as_free() {
        let mut room = Room::default();
        assert!(room.take(60 * MIB, || Some(100 * MIB), Instant::now));
        // The first is not touched yet.
        assert!(!room.take(40 * MIB, || Some(100 * MIB), Instant::now));
        // Now it is.
        assert!(room.take(20 * MIB, || Some(40 * MIB), Instant::now));
    }

    #[test]
    fn what_others_give_back_counts_soon() {
        let mut room = Room::default();
        assert!(room.take(60 * MIB, || Some(100 * MIB), Instant::now));
        let later = Instant::now();
        let tries = (1..).find(|tries| {
            let now = || later + *tries * 2 * REMEMBERED;
            room.take(90 * MIB, || Some(100 * MIB), now)
        });
        assert!(tries.unwrap() < 8);
    }

    #[test]
    fn small_ones_do_not_ask_each_time() {
        let (mut room, mut asked) = (Room::default(), 0);
        for taken in 0..1000 {
            let free = || {
                asked += 1;
                Some(100 * MIB - taken * 64 * 1024)
            };
            assert!(room.take(64 * 1024, free, Instant::now));
        }
        assert!((2..20).contains(&asked), "asked {asked} times");
    }

    #[test]
    fn a_refusal_is_remembered_for_a_while_and_for_as_much() {
        let (mut room, asked, begin) = (Room::default(), std::cell::Cell::new(0), Instant::now());
        let mut take = |bytes: usize, at: Duration| {
            let free = || {
                asked.set(asked.get() + 1);
                Some(LEFT + 100)
            };
            let taken = room.take(bytes, free, || begin + at);
            (taken, asked.get())
        };
        assert_eq!(take(200, Duration::ZERO), (false, 1));
        assert_eq!(take(300, REMEMBERED / 2), (false, 1));
        // Less may have room, and has not.
        assert_eq!(take(150, REMEMBERED / 2), (false, 2));
        assert_eq!(take(200, REMEMBERED), (false, 2));
        assert_eq!(take(200, 2 * REMEMBERED), (false, 3));
        assert_eq!(take(50, 2 * REMEMBERED), (true, 4));
    }

    #[test]
    fn where_nobody_knows_there_is_room() {
        assert!(Room::default().take(usize::MAX, || None, Instant::now));
        assert_eq!(free_bytes(&Nodes::FirstTouch), None);
        assert_eq!(free_bytes(&Nodes::One(u16::MAX)), None);
    }
}
