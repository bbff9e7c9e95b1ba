//! Making and destroying data blocks.

use super::{Measured, check, each};
use crate::system::{Entrant, System};
use crate::tally::Tally;
use sprat::{Block, Scope};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Elements of a block: a cache line.
const LEN: usize = 8;

fn make(s: &Scope<'_>, count: usize) -> sprat::Result<Vec<Block<u64>>> {
    (0..count).map(|_| s.block::<u64>(LEN)).collect()
}

fn boxed(fill: u64) -> Box<[u64]> {
    black_box(vec![fill; LEN].into_boxed_slice())
}

pub(super) fn create(entrant: &Entrant, size: usize) -> Measured {
    let mut time = Duration::ZERO;
    match &entrant.system {
        System::Sprat(rt) => {
            let blocks = rt.finish(|s| {
                let begin = Instant::now();
                let blocks = make(s, size);
                time = begin.elapsed();
                blocks
            })?;
            check("the number of blocks", blocks.len(), size)?;
            check_zeros(rt, &blocks)?;
            destroy_all(rt, &blocks)?;
        }
        System::Serial => {
            let begin = Instant::now();
            let blocks: Vec<_> = (0..size).map(|_| boxed(0)).collect();
            time = begin.elapsed();
            drop(black_box(blocks));
        }
        _ => return Ok(None),
    }
    each(time, size)
}

/// The last block, made by a reader: a new block reads as zeros, whatever its memory was before.
fn check_zeros(rt: &sprat::Runtime, blocks: &[Block<u64>]) -> sprat::Result<()> {
    let last = blocks[blocks.len() - 1];
    check(
        "the sum of a new block",
        rt.read(last, |x| x.iter().sum::<u64>())?,
        0,
    )
}

fn destroy_all(rt: &sprat::Runtime, blocks: &[Block<u64>]) -> sprat::Result<()> {
    rt.finish(|s| {
        blocks.iter().for_each(|&block| {
            s.destroy(block);
        });
        Ok(())
    })
}

pub(super) fn destroy(entrant: &Entrant, size: usize) -> Measured {
    let begin;
    match &entrant.system {
        System::Sprat(rt) => {
            let tally = &Tally::new();
            let blocks = rt.finish(|s| {
                let blocks = make(s, size)?;
                for &block in &blocks {
                    s.spawn(block.write(), move |_, x| {
                        x.fill(7);
                        tally.add(1);
                    });
                }
                Ok(blocks)
            })?;
            check("the number of blocks written", tally.total(), size as u64)?;
            begin = Instant::now();
            destroy_all(rt, &blocks)?;
            let time = begin.elapsed();
            check(
                "destroyed blocks that can be read",
                u32::from(rt.read(blocks[0], |_| ()).is_ok()),
                0,
            )?;
            return each(time, size);
        }
        System::Serial => {
            let blocks: Vec<_> = (0..size).map(|_| boxed(7)).collect();
            begin = Instant::now();
            drop(black_box(blocks));
        }
        _ => return Ok(None),
    }
    each(begin.elapsed(), size)
}

pub(super) fn life(entrant: &Entrant, size: usize) -> Measured {
    let tally = &Tally::new();
    let begin = Instant::now();
    match &entrant.system {
        System::Sprat(rt) => rt.finish(|s| {
            for _ in 0..size {
                let block = s.block::<u64>(LEN)?;
                s.spawn(block.write(), move |_, x| {
                    x.fill(7);
                    tally.add(1);
                });
                s.destroy(block);
            }
            Ok(())
        })?,
        System::Serial => {
            for _ in 0..size {
                drop(boxed(7));
                tally.add(1);
            }
        }
        _ => return Ok(None),
    }
    let time = begin.elapsed();
    check("the number of blocks written", tally.total(), size as u64)?;
    each(time, size)
}
