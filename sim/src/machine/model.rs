//! The machine beside its plan: what computes how fast, where data are and which way they take, what is drawn.

use super::description::{EngineKind, Failure, State};

/// What a simulation knows of the machine besides the runtime's plan for it.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// Each execution engine of the plan.
    pub(crate) engines: Vec<Engine>,
    pub(crate) kinds: Vec<EngineKind>,
    /// The kind of the control engines' own cores.
    pub(crate) control: Option<usize>,
    pub(crate) memories: Vec<Memory>,
    /// The memories of the regions, by region.
    pub(crate) regions: Vec<u32>,
    pub(crate) groups: Vec<Group>,
    /// Ways that data take at a time: each memory, then each group's link.
    pub(crate) ways: Vec<Way>,
    /// Names of what data are counted by; `Way::level` counts here.
    pub(crate) levels: Vec<String>,
    pub(crate) overlap: bool,
    pub(crate) fair: bool,
    pub(crate) failures: Vec<Failure>,
    pub(crate) cap_uw: Option<u64>,
    /// Who asks whom among control engines, if they form a hierarchy.
    pub(crate) hierarchy: Option<sprat::decide::hierarchy::Hierarchy>,
    /// How often control engines look at the health of their engines.
    pub(crate) watch_ns: Option<u64>,
    /// For each region the others in order of preference.
    pub(crate) preferences: Option<sprat::decide::placement::Regions>,
}

/// An execution engine's place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Engine {
    pub(crate) kind: u32,
    pub(crate) group: u32,
    /// Caches and scratchpads between it and the root, the nearest first.
    pub(crate) caches: Vec<u32>,
}

/// A memory's place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Memory {
    pub(crate) group: u32,
    pub(crate) capacity: u64,
    /// Where it gives to what has no room.
    pub(crate) up: Up,
}

/// Where a memory writes back what it has to give up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Up {
    /// Into this cache.
    Cache(u32),
    /// To the block's home.
    Home,
    /// Nothing is given up: it is a home itself.
    Never,
}

/// A place in the tree.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Group {
    pub(crate) parent: Option<u32>,
    pub(crate) depth: u32,
    /// The way up from here.
    pub(crate) link: Option<u32>,
}

/// Something that data pass through.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Way {
    pub(crate) level: u32,
    pub(crate) latency_ns: f64,
    pub(crate) bandwidth: f64,
    /// Femtojoules a bit.
    pub(crate) energy: u64,
}

impl Model {
    /// So many equal engines that do an operation a nanosecond and draw nothing, and no memory.
    pub(crate) fn plain(xes: usize) -> Self {
        let state = State {
            name: "only".to_owned(),
            speed: 1.0,
            active_uw: 0,
            searching_uw: 0,
            leakage_uw: 0,
        };
        let kind = EngineKind {
            rate: 1.0,
            memory: None,
            asleep_uw: 0,
            wake_ns: 0,
            states: vec![state],
        };
        let engine = Engine {
            kind: 0,
            group: 0,
            caches: Vec::new(),
        };
        Model {
            engines: vec![engine; xes],
            kinds: vec![kind],
            ..Model::default()
        }
    }

    /// Calls `with` for each link between two groups of the tree.
    pub(crate) fn links(&self, from: u32, to: u32, mut with: impl FnMut(u32)) {
        self.climb(from, to, |group| {
            if let Some(link) = group.link {
                with(link);
            }
        });
    }

    /// Whether a group is another one or lies in it.
    pub(crate) fn is_inside(&self, mut group: u32, other: u32) -> bool {
        loop {
            match self.groups[group as usize].parent {
                _ if group == other => return true,
                Some(parent) => group = parent,
                None => return false,
            }
        }
    }

    /// How many steps there are in the tree between two groups.
    pub(crate) fn hops(&self, from: u32, to: u32) -> u32 {
        let mut hops = 0;
        self.climb(from, to, |_| hops += 1);
        hops
    }

    /// Calls `with` for each group that is left on the way up from both until they meet.
    fn climb(&self, mut a: u32, mut b: u32, mut with: impl FnMut(&Group)) {
        while a != b {
            let is_deeper = self.groups[a as usize].depth >= self.groups[b as usize].depth;
            let deeper = if is_deeper { &mut a } else { &mut b };
            let group = &self.groups[*deeper as usize];
            with(group);
            *deeper = group.parent.expect("all groups meet at the root");
        }
    }

    /// Whether there are memories, so that blocks have places.
    pub(crate) fn has_memory(&self) -> bool {
        !self.regions.is_empty()
    }
}
