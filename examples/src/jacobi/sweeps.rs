//! Sweeps over the field: recorded and replayed, or spawned anew each time.

use std::time::{Duration, Instant};

use sprat::{Read, Result, Scope, Write};

use super::field::{Field, Set};
use super::tiling::{Place, Tiling};
use super::time_tiles;
use crate::simd;

/// So many codelets are spawned before the host waits for their end: enough to keep engines busy for long, few enough
/// that a run of any length needs little memory.
const WINDOW: usize = 1 << 14;

/// How the field is swept.
#[derive(Clone, Copy, Debug, Default)]
pub struct Way {
    /// So many sweeps of a tile follow each other while it is in a cache; none: one.
    pub time_tile: Option<usize>,
    /// Codelets are spawned anew for all sweeps.
    pub dynamic: bool,
}

impl Way {
    /// Sweeps of a codelet.
    fn step(self) -> usize {
        self.time_tile.unwrap_or(1)
    }

    /// Sweeps of a recorded graph: two steps, since after two of them the values are where they were.
    pub fn graph(self) -> usize {
        2 * self.step()
    }
}

impl Field<'_> {
    /// Sweeps, and gives the time it took, recording included. `swept` hears how many sweeps have ended.
    ///
    /// What is left when all sweeps of graphs are done is spawned anew.
    ///
    /// # Errors
    /// The runtime's.
    pub fn sweep(
        &mut self,
        way: Way,
        sweeps: usize,
        mut swept: impl FnMut(usize),
    ) -> Result<Duration> {
        let begin = Instant::now();
        let rounds = match way.dynamic {
            true => 0,
            false => sweeps / way.graph(),
        };
        if rounds > 0 {
            let graph = self.runtime.record(|s| {
                let mut sets = [&self.now, &self.next];
                for down in [true, false] {
                    spawn_step(s, &self.tiling, &mut sets, way, way.step(), down);
                }
                Ok(())
            })?;
            self.runtime.replay(&graph, rounds)?;
        }
        let mut done = rounds * way.graph();
        swept(done);
        let window = (WINDOW / self.tiling.count()).max(1) * way.step();
        while done < sweeps {
            let end = sweeps.min(done + window);
            let mut sets = [&self.now, &self.next];
            let mut down = true;
            self.runtime.finish(|s| {
                while done < end {
                    let these = way.step().min(end - done);
                    spawn_step(s, &self.tiling, &mut sets, way, these, down);
                    done += these;
                    down = !down;
                }
                Ok(())
            })?;
            if std::ptr::eq(sets[0], &self.next) {
                std::mem::swap(&mut self.now, &mut self.next);
            }
            swept(done);
        }
        Ok(begin.elapsed())
    }

    /// Sweeps with one engine and one codelet for each row of tiles, again and again from the same field, and gives the
    /// time of each sweep: the same kernel on the same blocks, without tasks worth the name.
    ///
    /// # Errors
    /// The runtime's.
    pub fn serial_sweeps(&self, sweeps: usize) -> Result<Vec<Duration>> {
        let sweep = |_| {
            let begin = Instant::now();
            self.runtime.finish(|s| {
                for row in 0..self.tiling.tiles.height {
                    spawn_serial_row(s, &self.tiling, row, &self.now, &self.next);
                }
                Ok(())
            })?;
            Ok(begin.elapsed())
        };
        (0..sweeps).map(sweep).collect()
    }
}

/// Spawns a step of so many sweeps. Steps go down and up the grid in turns: then what an engine begins with has long been left
/// by the one beside it.
fn spawn_step(
    s: &Scope<'_>,
    tiling: &Tiling,
    sets: &mut [&Set; 2],
    way: Way,
    sweeps: usize,
    down: bool,
) {
    match way.time_tile {
        Some(_) => time_tiles::spawn(s, tiling, *sets, sweeps, down),
        None => spawn_sweep(s, tiling, *sets, down),
    }
    if sweeps % 2 == 1 {
        sets.swap(0, 1);
    }
}

/// What a tile of the next sweep reads: itself and the four around it. Where the grid ends it names itself once more,
/// so that all codelets have one shape; the kernel does not look at it then.
fn reads(place: &Place, index: usize, now: &Set) -> ([Read<f64>; 4], Read<f64>) {
    let around = place
        .neighbours
        .map(|n| now.blocks[n.unwrap_or(index)].read());
    (around, now.blocks[index].read())
}

/// One codelet for each tile. Their accesses say all that there is to say about order.
fn spawn_sweep(s: &Scope<'_>, tiling: &Tiling, [now, next]: [&Set; 2], down: bool) {
    let (read, write) = (now.lead, next.lead);
    let count = tiling.count();
    for at in 0..count {
        let index = if down { at } else { count - 1 - at };
        let place = tiling.place(index);
        let out = next.blocks[index];
        let (around, here) = reads(&place, index, now);
        s.codelet("sweep").near(out).spawn(
            (out.write(), here, around),
            move |_, (out, here, around)| {
                simd::sweep(
                    &place,
                    &mut out[write..],
                    &here[read..],
                    around.map(|b| &b[read..]),
                );
            },
        );
    }
}

/// One codelet for a row of tiles, on one engine: lists of accesses, whose length is known only now.
fn spawn_serial_row(s: &Scope<'_>, tiling: &Tiling, row: usize, now: &Set, next: &Set) {
    let (read, write) = (now.lead, next.lead);
    let columns = tiling.tiles.width;
    let first = row * columns;
    let places: Vec<Place> = (first..first + columns)
        .map(|index| tiling.place(index))
        .collect();
    let here: Vec<_> = (places.iter().enumerate())
        .map(|(column, place)| reads(place, first + column, now))
        .collect();
    let (around, here): (Vec<_>, Vec<_>) = here.into_iter().unzip();
    let out: Vec<Write<f64>> = next.blocks[first..first + columns]
        .iter()
        .map(|b| b.write())
        .collect();
    s.codelet("serial row")
        .on_xe(0)
        .spawn((out, here, around), move |_, (out, here, around)| {
            for (((place, out), here), around) in places.iter().zip(out).zip(here).zip(around) {
                simd::sweep(
                    place,
                    &mut out[write..],
                    &here[read..],
                    around.map(|b| &b[read..]),
                );
            }
        });
}
