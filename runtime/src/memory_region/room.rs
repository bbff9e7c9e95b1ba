//! Which nodes may be used, and whether they have room. Both are asked of the system, which may forbid to ask.

use super::options::Nodes;
use super::os;
use super::pages::Pages;
use std::io;

/// So much of a node is left to others, who take some between the question and the first touch.
const LEFT: usize = 8 << 20;

/// What a pool knows of the room on its nodes. Asking the system each time would cost more than small chunks do.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// What was free when the system was asked last.
    free: usize,
    /// Handed out since, or before and perhaps not touched yet: then the system still counts it as free.
    handed: usize,
    /// What may be handed out before the system must be asked again.
    allowance: usize,
}

impl Room {
    /// Whether there is room for so many untouched bytes, which then are handed out. `free` asks how much the system has;
    /// if nobody knows, there is room.
    pub(super) fn take(&mut self, bytes: usize, free: impl FnOnce() -> Option<usize>) -> bool {
        if let Some(left) = self.allowance.checked_sub(bytes) {
            self.allowance = left;
            self.handed += bytes;
            return true;
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
        let fits = |bytes| Room::default().take(bytes, || Some(100 * MIB));
        assert!(fits(92 * MIB) && !fits(92 * MIB + 1));
        assert!(!Room::default().take(1, || Some(4 * MIB)));
    }

    #[test]
    fn what_is_handed_out_and_not_touched_does_not_count_as_free() {
        let mut room = Room::default();
        assert!(room.take(60 * MIB, || Some(100 * MIB)));
        // The first is not touched yet.
        assert!(!room.take(40 * MIB, || Some(100 * MIB)));
        // Now it is.
        assert!(room.take(20 * MIB, || Some(40 * MIB)));
    }

    #[test]
    fn what_others_give_back_counts_soon() {
        let mut room = Room::default();
        assert!(room.take(60 * MIB, || Some(100 * MIB)));
        let tries = (1..).find(|_| room.take(90 * MIB, || Some(100 * MIB)));
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
            assert!(room.take(64 * 1024, free));
        }
        assert!((2..20).contains(&asked), "asked {asked} times");
    }

    #[test]
    fn where_nobody_knows_there_is_room() {
        assert!(Room::default().take(usize::MAX, || None));
        assert_eq!(free_bytes(&Nodes::FirstTouch), None);
        assert_eq!(free_bytes(&Nodes::One(u16::MAX)), None);
    }
}
