//! Codelets without blocks: many, one after the other, and unbalanced trees.

use super::named::Parameters;
use super::{Codelet, Cost, Workload};
use crate::random::Random;
use sprat::Result;
use sprat::decide::dependence::Mode;

pub(super) fn flat(p: &Parameters) -> Result<Workload> {
    let one = Codelet::new("flat", Cost::Operations(p.get("operations")));
    Ok(Workload::from(vec![one; p.u32("count")? as usize]))
}

pub(super) fn chain(p: &Parameters) -> Result<Workload> {
    let one = Codelet {
        accesses: vec![(0, Mode::ReadWrite).into()],
        ..Codelet::new("link", Cost::Operations(p.get("operations")))
    };
    Ok(Workload::from(vec![one; p.u32("count")? as usize]))
}

/// A tree whose nodes have children or not at random, so that subtrees differ by orders of magnitude (the binomial trees of Olivier et al.,
/// "UTS: an unbalanced tree search benchmark", LCPC 2006).
pub(super) fn tree(p: &Parameters) -> Result<Workload> {
    let (roots, children) = (p.some("roots")?, p.some("children")?);
    let (percent, most) = (p.get("percent"), p.some("most")? as usize);
    if percent > 100 {
        return Err(p.wrong("percent", "at most 100"));
    }
    let mut random = Random::new(p.get("seed"));
    let node = Codelet::new("node", Cost::Operations(p.get("operations")));
    let mut codelets = vec![node.clone()];
    let mut at = 0;
    while at < codelets.len() && codelets.len() < most {
        let count = match at {
            0 => roots,
            _ if random.below(100) < percent => children,
            _ => 0,
        };
        let child = Codelet {
            parent: Some(at as u32),
            ..node.clone()
        };
        let room = most - codelets.len();
        codelets.extend(std::iter::repeat_n(child, room.min(count as usize)));
        at += 1;
    }
    Ok(Workload::from(codelets))
}
