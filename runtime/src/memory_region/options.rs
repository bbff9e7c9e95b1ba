//! What can be set about a pool.

use super::os;

/// How a pool treats its memory.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PoolOptions {
    /// How many bytes of recycled memory to keep for later takers, in chunks of 64 KiB or more; what is above goes
    /// back to the system, the longest unused size first. Smaller chunks are always kept. A quarter of the machine's
    /// memory unless set: with one pool for each of several regions, set a quarter of the region's.
    pub keep_bytes: usize,
    /// Whether to ask for huge pages. Yes unless set.
    pub huge: bool,
    /// The system's nodes that the pages should come from. It is a wish: see [`super::PoolStats::unbound_bytes`].
    pub nodes: Nodes,
    /// Whether each chunk has pages of its own: at least four of 4096 bytes, so that it can be made inaccessible. For the
    /// checking mode; no unless set.
    pub whole_pages: bool,
}

/// Which of the system's nodes pages should come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Nodes {
    /// Each from the node whose core writes to it first.
    #[default]
    FirstTouch,
    /// All from this one, as long as it has free pages; then from those near it.
    One(u16),
    /// By turns from each of these: small pages, and huge ones where a mapping has several for each node. As many in turn as
    /// the system's weights say, where the system has weights (Linux from 6.9 on).
    Interleaved(Vec<u16>),
}

impl Default for PoolOptions {
    fn default() -> Self {
        const KEEP_IF_UNKNOWN: usize = 1 << 30;
        let keep_bytes = match os::ram_bytes() / 4 {
            0 => KEEP_IF_UNKNOWN,
            quarter => quarter,
        };
        PoolOptions {
            keep_bytes,
            huge: true,
            nodes: Nodes::FirstTouch,
            whole_pages: false,
        }
    }
}

/// How many bytes of memory this process may use: what the machine has, or the process's limits or a container's leave
/// of it; 0 if the system does not say.
pub(crate) fn usable_bytes() -> usize {
    let limits = [os::limit_bytes(), container_bytes()];
    let limits = limits.into_iter().flatten();
    match (os::ram_bytes(), limits.min()) {
        (ram, None) => ram,
        (0, Some(limit)) => limit,
        (ram, Some(limit)) => ram.min(limit),
    }
}

/// The limit of the container that we are in, as it sees itself: in version 2 of cgroups, or in version 1 (which says a
/// very large number for none).
fn container_bytes() -> Option<usize> {
    let files = [
        "/sys/fs/cgroup/memory.max",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    ];
    let said = files
        .iter()
        .find_map(|file| std::fs::read_to_string(file).ok());
    said?.trim().parse().ok()
}
