//! Patterns of dependences: those of Task Bench, and one at random.

use super::named::Parameters;
use super::{Affinity, Codelet, Cost, Workload};
use crate::random::Random;
use sprat::Result;
use sprat::decide::dependence::Mode;
use sprat::decide::placement::owner;

/// The patterns of Task Bench, by number.
pub const PATTERNS: [&str; 11] = [
    "trivial",
    "no_comm",
    "stencil_1d",
    "stencil_1d_periodic",
    "dom",
    "tree",
    "fft",
    "all_to_all",
    "nearest",
    "spread",
    "random_nearest",
];

/// How many points `nearest`, `spread` and `random_nearest` look at.
const RADIX: i64 = 5;

/// The points of the step before that a point needs.
fn needs(pattern: u64, width: i64, step: u32, x: i64, random: &mut Random) -> Vec<i64> {
    let inside = |x: &i64| (0..width).contains(x);
    let near = x - RADIX / 2..=x + RADIX / 2;
    match pattern {
        0 => Vec::new(),
        1 => vec![x],
        2 => (x - 1..=x + 1).filter(inside).collect(),
        3 => (x - 1..=x + 1).map(|x| x.rem_euclid(width)).collect(),
        4 => (x - 1..=x).filter(inside).collect(),
        5 => vec![x / 2],
        6 => {
            let bits = (width as u64).next_power_of_two().trailing_zeros().max(1);
            let far = 1i64 << ((step - 1) % bits);
            [x - far, x, x + far].into_iter().filter(inside).collect()
        }
        7 => (0..width).collect(),
        8 => near.filter(inside).collect(),
        9 => (0..RADIX)
            .map(|i| (x + i * width / RADIX + i * i64::from(step)).rem_euclid(width))
            .collect(),
        _ => near
            .filter(inside)
            .filter(|other| *other == x || random.below(2) == 0)
            .collect(),
    }
}

pub(super) fn task_bench(p: &Parameters) -> Result<Workload> {
    let (width, steps) = (p.some("width")?, p.u32("steps")?);
    let pattern = p.get("pattern");
    let Some(name) = PATTERNS.get(pattern as usize) else {
        return Err(p.wrong("pattern", "from 0 to 10"));
    };
    let mut random = Random::new(p.get("seed"));
    let mut codelets = Vec::new();
    for step in 0..steps {
        let (now, next) = (step % 2 * width, (step + 1) % 2 * width);
        for x in 0..width {
            let mut from = match step {
                0 => Vec::new(),
                _ => needs(pattern, i64::from(width), step, i64::from(x), &mut random),
            };
            from.sort_unstable();
            from.dedup();
            let reads = from
                .into_iter()
                .map(|other| (now + other as u32, Mode::Read).into());
            codelets.push(Codelet {
                accesses: reads.chain([(next + x, Mode::Write).into()]).collect(),
                affinity: Affinity::Prefer(owner(x as usize, width as usize, p.xes)),
                ..Codelet::new(name, Cost::Operations(p.get("operations")))
            });
        }
    }
    Ok(Workload {
        codelets,
        sizes: vec![p.get("bytes"); 2 * width as usize],
        ..Workload::default()
    })
}

pub(super) fn random(p: &Parameters) -> Result<Workload> {
    let (count, blocks) = (p.u32("count")?, p.some("blocks")?);
    let mut random = Random::new(p.get("seed"));
    let codelet = |_| {
        let mut accesses: Vec<super::Access> = Vec::new();
        for _ in 0..1 + random.below(3) {
            let block = random.below(blocks.into()) as u32;
            let mode = [Mode::Read, Mode::Read, Mode::ReadWrite][random.below(3) as usize];
            if accesses.iter().all(|access| access.block != block) {
                accesses.push((block, mode).into());
            }
        }
        Codelet {
            accesses,
            ..Codelet::new(
                "random",
                Cost::Operations(
                    p.get("operations") / 2 + random.below(p.get("operations").max(1)),
                ),
            )
        }
    };
    Ok(Workload {
        codelets: (0..count).map(codelet).collect(),
        sizes: vec![p.get("bytes"); blocks as usize],
        ..Workload::default()
    })
}
