//! Kernels whose codelets depend on each other through blocks.

use super::{Measured, each};
use crate::flow::{Flow, Target};
use crate::system::Entrant;

/// How many read in a fan-out, and write in a fan-in.
const WIDTH: u32 = 1000;
/// Blocks of `two_blocks`.
const POOL: u64 = 1024;
/// Blocks of `random`, rewritten one after the other.
const MANY: u64 = 1 << 14;
/// Columns of `stencil`.
const COLUMNS: u32 = 1024;
/// Rows of blocks of `wavefront_rows` and `stencil`, which take turns.
const ROWS: u32 = 2;

fn run(entrant: &Entrant, flow: &Flow) -> Measured {
    match flow.run(entrant)? {
        Some(time) => each(time.run, flow.len()),
        None => Ok(None),
    }
}

/// What it takes until the flow is a graph; of a system that records none, until it has run.
fn record(entrant: &Entrant, flow: &Flow) -> Measured {
    match flow.run(entrant)? {
        Some(time) => each(time.record.unwrap_or(time.run), flow.len()),
        None => Ok(None),
    }
}

pub(super) fn chain_block(entrant: &Entrant, size: usize) -> Measured {
    run(entrant, &chain_flow(size))
}

pub(super) fn record_chain(entrant: &Entrant, size: usize) -> Measured {
    record(entrant, &chain_flow(size))
}

fn chain_flow(size: usize) -> Flow {
    let mut flow = Flow::new(1);
    (0..size).for_each(|_| flow.task([], Target::ReadWrite(0)));
    flow
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
    run(entrant, &two_blocks_flow(size))
}

pub(super) fn record_two_blocks(entrant: &Entrant, size: usize) -> Measured {
    record(entrant, &two_blocks_flow(size))
}

fn two_blocks_flow(size: usize) -> Flow {
    let mut random = Random(2);
    let mut flow = Flow::new(POOL as usize);
    for _ in 0..size {
        let a = random.below(POOL);
        // Another one: the same block cannot be declared twice.
        let b = (u64::from(a) + 1 + u64::from(random.below(POOL - 1))) % POOL;
        flow.task([a], Target::ReadWrite(b as u32));
    }
    flow
}

pub(super) fn wavefront_rows(entrant: &Entrant, size: usize) -> Measured {
    let side = size.isqrt().max(2) as u32;
    let mut flow = Flow::new((ROWS * side) as usize);
    let cell = |row: u32, column: u32| row % ROWS * side + column;
    for row in 0..side {
        for column in 0..side {
            let west = (column > 0).then(|| cell(row, column - 1));
            let north = (row > 0).then(|| cell(row - 1, column));
            let reads = west.into_iter().chain(north);
            flow.task(reads, Target::Write(cell(row, column)));
        }
    }
    run(entrant, &flow)
}

pub(super) fn random_rows(entrant: &Entrant, size: usize) -> Measured {
    let mut random = Random(3);
    let cells = MANY.min(size as u64).max(3);
    let mut flow = Flow::new(cells as usize);
    for number in 0..size as u64 {
        let to = number % cells;
        // Of those before it, as far as they have been written and not rewritten.
        let mut read = || (to + cells - 1 - u64::from(random.below(number.min(cells - 1)))) % cells;
        let (a, b) = match number {
            0 => (None, None),
            1 => (Some(read()), None),
            _ => (Some(read()), Some(read())),
        };
        let b = b.filter(|_| a != b);
        let reads = a.into_iter().chain(b).map(|cell| cell as u32);
        flow.task(reads, Target::Write(to as u32));
    }
    run(entrant, &flow)
}

pub(super) fn stencil(entrant: &Entrant, size: usize) -> Measured {
    run(entrant, &stencil_flow(size))
}

pub(super) fn record_stencil(entrant: &Entrant, size: usize) -> Measured {
    record(entrant, &stencil_flow(size))
}

/// Each codelet reads its neighbours and itself of the row before; there are no rims.
fn stencil_flow(size: usize) -> Flow {
    let columns = COLUMNS.min(size as u32 / 2).max(3);
    let mut flow = Flow::new((ROWS * columns) as usize);
    for row in 0..(size as u32 / columns).max(1) {
        let cell = |row: u32, column: u32| (row % ROWS) * columns + column % columns;
        for column in 0..columns {
            let before = [column + columns - 1, column, column + 1];
            let reads = before.map(|column| cell(row + ROWS - 1, column));
            flow.task(reads, Target::Write(cell(row, column)));
        }
    }
    flow
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
