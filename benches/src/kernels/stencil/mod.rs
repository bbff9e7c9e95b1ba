//! Heat in two dimensions, by the code of the program `jacobi`: plain sweeps, sweeps in time, and copying, which bounds the
//! plain ones.
//!
//! All systems have the same bands of whole rows in memory of the same kind, and call the same functions on them.

mod by_hand;
mod heat;
mod in_time;

use super::{Measured, check};
use crate::system::{Entrant, System};
use crate::{Result, regions};
use by_hand::{Sets, with_sets};
use sprat::Runtime;
use sprat_examples::jacobi::field::{Field, fill};
use sprat_examples::jacobi::reference;
use sprat_examples::jacobi::sweeps::Way;
use sprat_examples::jacobi::tiling::{Extent, Tiling};
use sprat_examples::png_file::Picture;
use sprat_examples::simd;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Work in steps, each made of parts.
trait Work: Sync {
    fn tiling(&self) -> &Tiling;
    fn sweeps(&self) -> usize;
    fn steps(&self) -> usize;
    /// Parts of a step that may run at once; then those that follow them.
    fn phases(&self) -> Vec<Range<usize>>;
    /// What a part waits for: another part, and in how many steps that must have ended.
    fn waits(&self, step: usize, part: usize) -> Vec<(usize, usize)>;
    /// The parts of one of so many threads, in its order.
    fn order(&self, step: usize, me: usize, threads: usize) -> Vec<usize>;
    fn run(&self, step: usize, part: usize, sets: &Sets<'_>);
}

/// A step goes down the grid, the next one up: so what a thread begins with has long been left by the one beside it.
fn in_turns(step: usize, parts: Range<usize>) -> Vec<usize> {
    match step % 2 {
        0 => parts.collect(),
        _ => parts.rev().collect(),
    }
}

/// One thread's share, in one piece.
fn share(count: usize, me: usize, threads: usize) -> Range<usize> {
    count * me / threads..count * (me + 1) / threads
}

fn square(side: usize) -> Extent {
    Extent {
        width: side,
        height: side,
    }
}

pub(super) fn heat(entrant: &Entrant, size: usize) -> Measured {
    measure(entrant, &heat::Heat::new(square(size)), None)
}

pub(super) fn in_time(entrant: &Entrant, size: usize) -> Measured {
    let work = in_time::InTime::new(square(size));
    measure(entrant, &work, Some(in_time::TURN))
}

/// Cells that are copied from one set to the other, by streaming stores where there are any: by hand, since it is a bound.
pub(super) fn copy(entrant: &Entrant, size: usize) -> Measured {
    const ROUNDS: usize = 4;
    let tiling = *heat::Heat::new(square(size)).tiling();
    let System::Regions(system) = &entrant.system else {
        return Ok(None);
    };
    let Some(team) = system.team() else {
        return Ok(None);
    };
    let round = |sets: &Sets<'_>| {
        team.run(|me| share(tiling.count(), me, team.len()).for_each(|band| sets.copy(band)))
    };
    let rounds = |sets: &Sets<'_>| (0..ROUNDS).map(|_| round(sets)).sum::<Result<Duration>>();
    let time = with_sets(&tiling, rounds)??;
    rate(&tiling, ROUNDS, time)
}

fn rate(tiling: &Tiling, sweeps: usize, time: Duration) -> Measured {
    let cells = tiling.grid.cells() as f64 * sweeps as f64;
    Ok(Some(cells / time.as_secs_f64() / 1e9))
}

fn measure(entrant: &Entrant, work: &impl Work, time_tile: Option<usize>) -> Measured {
    let way = |dynamic| Way { time_tile, dynamic };
    let (time, found) = match &entrant.system {
        System::Sprat(rt) => on_sprat(rt, work, way(true))?,
        System::Replay(rt) => on_sprat(rt, work, way(false))?,
        System::Rayon(pool) => {
            by_hand::in_rows(work, |rows, body| Ok(regions::rows_on(pool, rows, body)))?
        }
        System::Regions(system) => match system.team() {
            Some(team) => by_hand::by_flags(work, team)?,
            None => by_hand::in_rows(work, |rows, body| system.rows(rows, body))?,
        },
        System::Serial => by_hand::in_rows(work, |rows, body| {
            let begin = Instant::now();
            rows.iter().cloned().flatten().for_each(body);
            Ok(begin.elapsed())
        })?,
        System::Deque(_) | System::Tasks(_) => return Ok(None),
    };
    let expected = expected(work.tiling().grid, work.sweeps());
    check("the checksum of the grid", found, expected)?;
    rate(work.tiling(), work.sweeps(), time)
}

/// The program's own sweeps; recording is timed.
fn on_sprat(rt: &Runtime, work: &impl Work, way: Way) -> Result<(Duration, u64)> {
    let mut field = Field::new(rt, *work.tiling(), &PICTURE)?;
    let time = field.sweep(way, work.sweeps(), |_| ())?;
    let sum = checksum(&field.grid()?);
    field.destroy()?;
    Ok((time, sum))
}

/// The heat at the start: a hot disc, colder rings, nothing that repeats.
static PICTURE: LazyLock<Picture> = LazyLock::new(|| {
    const SIDE: usize = 256;
    let half = SIDE as f32 / 2.0;
    let pixel = |at: usize| {
        let (x, y) = ((at % SIDE) as f32 - half, (at / SIDE) as f32 - half);
        1.0 / (1.0 + (x * x + y * y) / (half + 1.0))
    };
    Picture {
        width: SIDE,
        height: SIDE,
        pixels: (0..SIDE * SIDE).map(pixel).collect(),
    }
});

/// Depends on each bit of each cell, and on where it is.
fn checksum(cells: &[f64]) -> u64 {
    cells.iter().fold(0, |sum: u64, cell| {
        (sum ^ cell.to_bits())
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .rotate_left(23)
    })
}

/// The checksum of the plain serial sweeps' result, computed once for each grid and number of sweeps.
fn expected(grid: Extent, sweeps: usize) -> u64 {
    type Known = HashMap<[usize; 3], u64>;
    static KNOWN: Mutex<Option<Known>> = Mutex::new(None);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let known = known.get_or_insert_default();
    *known
        .entry([grid.width, grid.height, sweeps])
        .or_insert_with(|| {
            // Whole: another way than the one that is checked.
            let whole = Tiling::new(grid, grid);
            let mut cells = vec![0.0; whole.block_cells()];
            fill(&whole.place(0), &mut cells, grid, &PICTURE);
            let rows = cells.chunks_exact(whole.stride);
            let start = rows.flat_map(|row| row[..grid.width].to_vec()).collect();
            checksum(&reference::sweeps(grid, start, sweeps, || ()))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::team::Team;

    /// By hand in both ways, and by the runtime in both.
    fn check(work: &impl Work, time_tile: Option<usize>) {
        let expected = expected(work.tiling().grid, work.sweeps());
        let (_, rows) = by_hand::in_rows(work, |rows, body| {
            rows.iter().cloned().flatten().for_each(body);
            Ok(Duration::ZERO)
        })
        .unwrap();
        assert_eq!(rows, expected);
        for threads in [1, 2, 3] {
            let team = Team::new(vec![0; threads]);
            let (_, flags) = by_hand::by_flags(work, &team).unwrap();
            assert_eq!(flags, expected, "{threads} threads");
        }
        let rt = Runtime::builder().xes(1).build().unwrap();
        for dynamic in [false, true] {
            let way = Way { time_tile, dynamic };
            assert_eq!(on_sprat(&rt, work, way).unwrap().1, expected);
        }
    }

    #[test]
    fn bands_give_what_the_whole_gives() {
        for (width, height, rows) in [(3, 3, 1), (7, 9, 2), (16, 16, 16), (33, 20, 5), (1, 4, 1)] {
            check(&heat::Heat::with_rows(Extent { width, height }, rows), None);
        }
    }

    #[test]
    fn bands_in_time_give_what_the_whole_gives() {
        for (width, height, rows) in [(9, 90, 17), (300, 120, 20), (20, 10, 40), (5, 68, 17)] {
            let work = in_time::InTime::with_rows(Extent { width, height }, rows);
            check(&work, Some(in_time::TURN));
        }
    }

    #[test]
    fn the_checksum_sees_one_bit_and_its_place() {
        let sum = checksum(&[1.0, 2.0]);
        assert_ne!(sum, checksum(&[2.0, 1.0]));
        let other = f64::from_bits(2.0_f64.to_bits() ^ 1);
        assert_ne!(sum, checksum(&[1.0, other]));
    }
}
