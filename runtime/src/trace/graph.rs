//! A graph, as a trace tells of it: its codelets with what they use and wait for.

use super::wire::{Numbers, put};

/// One use of a block by a codelet of a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GraphUse {
    /// The block's number.
    pub block: u32,
    /// Its generation.
    pub generation: u32,
    /// How many bytes of it.
    pub bytes: u64,
    /// Its home when the graph was first replayed, 65,535 if not known. Where it went later is told by [`Moved`](super::Moved).
    pub home: u16,
    /// A place in [`MODES`](super::MODES).
    pub mode: u8,
}

/// A codelet of a graph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GraphCodelet {
    /// What it is called.
    pub kind: u16,
    /// Codelets that it waits for, each with whether it is that one's run in the round before. (It waits for its own run in the
    /// round before, too.)
    pub before: Vec<(u32, bool)>,
    /// What it uses.
    pub uses: Vec<GraphUse>,
}

/// A graph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GraphDef {
    /// Its number in events.
    pub number: u32,
    /// In program order.
    pub codelets: Vec<GraphCodelet>,
}

impl GraphDef {
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        put(out, self.codelets.len() as u64);
        for codelet in &self.codelets {
            put(out, u64::from(codelet.kind));
            put(out, codelet.before.len() as u64);
            for &(before, last_round) in &codelet.before {
                put(out, u64::from(before) << 1 | u64::from(last_round));
            }
            put(out, codelet.uses.len() as u64);
            for one in &codelet.uses {
                put(out, u64::from(one.block));
                put(out, u64::from(one.generation));
                put(out, one.bytes);
                put(out, u64::from(one.home.wrapping_add(1)));
                out.push(one.mode);
            }
        }
    }

    /// `None` if it makes no sense.
    pub(crate) fn parse(number: u32, bytes: &[u8]) -> Option<Self> {
        let mut numbers = Numbers(bytes);
        let count = numbers.small::<u32>()?;
        let mut codelets = Vec::new();
        for _ in 0..count {
            let mut codelet = GraphCodelet {
                kind: numbers.small()?,
                ..GraphCodelet::default()
            };
            for _ in 0..numbers.small::<u32>()? {
                let both = numbers.number()?;
                let before = u32::try_from(both >> 1)
                    .ok()
                    .filter(|&before| before < count)?;
                codelet.before.push((before, both & 1 != 0));
            }
            // Each once, however often damage says it: who walks through them does so for each run of each codelet.
            codelet.before.sort_unstable();
            codelet.before.dedup();
            for _ in 0..numbers.small::<u32>()? {
                codelet.uses.push(GraphUse {
                    block: numbers.small()?,
                    generation: numbers.small()?,
                    bytes: numbers.number()?,
                    home: numbers.small::<u16>()?.wrapping_sub(1),
                    mode: numbers
                        .byte()
                        .filter(|&mode| usize::from(mode) < super::MODES.len())?,
                });
            }
            codelets.push(codelet);
        }
        numbers
            .0
            .is_empty()
            .then_some(GraphDef { number, codelets })
    }
}
