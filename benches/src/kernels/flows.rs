//! Kernels whose codelets depend on each other through blocks.

use super::{Measured, each};
use crate::flow::{Flow, Target};
use crate::system::Entrant;

/// How many read in a fan-out, and write in a fan-in.
const WIDTH: u32 = 1000;
/// Blocks of `two_blocks`.
const POOL: u64 = 1024;

fn run(entrant: &Entrant, flow: &Flow) -> Measured {
    match flow.run(entrant)? {
        Some(time) => each(time, flow.len()),
        None => Ok(None),
    }
}

pub(super) fn chain_block(entrant: &Entrant, size: usize) -> Measured {
    let mut flow = Flow::new(1);
    (0..size).for_each(|_| flow.task([], Target::ReadWrite(0)));
    run(entrant, &flow)
}

pub(super) fn fan_out(entrant: &Entrant, size: usize) -> Measured {
    let (width, rounds) = fan(size);
    let mut flow = Flow::new(1);
    for _ in 0..rounds {
        flow.task([], Target::Write(0));
        (0..width).for_each(|_| flow.task([0], Target::Sum));
    }
    run(entrant, &flow)
}

pub(super) fn fan_in(entrant: &Entrant, size: usize) -> Measured {
    let (width, rounds) = fan(size);
    let mut flow = Flow::new(width as usize + 1);
    for _ in 0..rounds {
        (0..width).for_each(|cell| flow.task([], Target::Write(cell)));
        flow.task(0..width, Target::Write(width));
    }
    run(entrant, &flow)
}

/// Width and number of fans; with few codelets one narrow fan.
fn fan(size: usize) -> (u32, usize) {
    let width = WIDTH.min(size as u32).max(3);
    (width, (size / (width as usize + 1)).max(1))
}

pub(super) fn wavefront(entrant: &Entrant, size: usize) -> Measured {
    let side = size.isqrt().max(2) as u32;
    let mut flow = Flow::new((side * side) as usize);
    for row in 0..side {
        for column in 0..side {
            let here = row * side + column;
            let west = (column > 0).then(|| here - 1);
            let north = (row > 0).then(|| here - side);
            flow.task(west.into_iter().chain(north), Target::Write(here));
        }
    }
    run(entrant, &flow)
}

pub(super) fn random_dag(entrant: &Entrant, size: usize) -> Measured {
    let mut random = Random(1);
    let mut flow = Flow::new(size);
    for here in 0..size as u64 {
        let reads = (0..here.min(2)).map(|_| random.below(here));
        let reads: Vec<u32> = reads.collect();
        flow.task(reads, Target::Write(here as u32));
    }
    run(entrant, &flow)
}

pub(super) fn two_blocks(entrant: &Entrant, size: usize) -> Measured {
    let mut random = Random(2);
    let mut flow = Flow::new(POOL as usize);
    for _ in 0..size {
        let a = random.below(POOL);
        // Another one: the same block cannot be declared twice.
        let b = (u64::from(a) + 1 + u64::from(random.below(POOL - 1))) % POOL;
        flow.task([a], Target::ReadWrite(b as u32));
    }
    run(entrant, &flow)
}

/// Steele, Lea and Flood's SplitMix64: the same numbers in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % bound) as u32
    }
}
