//! The particles as data blocks, a few for each column of cells, and the codelets that move them.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use sprat::{Block, Read, ReadWrite, Result, Runtime, Scope, Scratch, Sum, Write, scratch};

use super::column::Room;
use super::kernel::Force;
use super::space::Space;
use super::start::Particle;

/// So many codelets are spawned before the host waits for their end: enough to keep engines busy for long, few enough
/// that a run of any length needs little memory.
const WINDOW: usize = 1 << 13;

type Accesses = (
    Write<f64>,
    ReadWrite<f64>,
    ([Read<f64>; 9], [Read<u32>; 9]),
    Scratch<f64>,
);

/// What the codelet for forces is given beside its blocks.
#[derive(Clone, Copy, Debug)]
struct Push {
    room: Room,
    force: Force,
    column: usize,
    time: f64,
}

sprat::codelet! {
    /// The forces on a column, and a push by them.
    static FORCES: Codelet<Push, Accesses> = |_s, p, (forces, velocities, around, memory)| {
        p.room.forces((p.column, &p.force, p.time), forces, velocities, around, memory);
    }, also for Avx2, Avx512f, Neon;
}

/// The blocks of a column.
#[derive(Clone, Copy, Debug)]
struct Column {
    places: Block<f64>,
    velocities: Block<f64>,
    forces: Block<f64>,
    cells: Block<u32>,
    leavers: Block<f64>,
}

/// What is conserved, of all particles together.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sums {
    /// The energy of motion.
    pub kinetic: f64,
    /// The energy of pairs.
    pub potential: f64,
    /// The momentum.
    pub momentum: [f64; 3],
}

/// How steps are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By all engines, recorded once.
    Replayed,
    /// By all engines, spawned anew for each step.
    Dynamic,
    /// By one engine, spawned anew for each step.
    Alone,
}

/// All particles.
#[derive(Debug)]
pub struct World<'r> {
    runtime: &'r Runtime,
    room: Room,
    force: Force,
    dt: f64,
    columns: Vec<Column>,
}

impl<'r> World<'r> {
    /// Makes the blocks, fills them, and computes the first forces.
    ///
    /// # Errors
    /// The runtime's.
    pub fn new(
        runtime: &'r Runtime,
        space: Space,
        force: Force,
        dt: f64,
        particles: &[Particle],
    ) -> Result<World<'r>> {
        let mut shares = vec![Vec::new(); space.columns()];
        for p in particles {
            shares[space.column(p.place)].push(*p);
        }
        let fullest = shares.iter().map(Vec::len).max().unwrap_or(0);
        // A liquid has nearly the same density everywhere.
        let most = fullest + fullest / 2 + 64;
        let room = Room { space, most };
        let count = space.columns();
        let blocks = |numbers| runtime.blocks::<f64>(count, numbers);
        let places = blocks(room.vectors())?;
        let velocities = blocks(room.vectors())?;
        let forces = blocks(room.force_numbers())?;
        let cells = runtime.blocks(count, room.cells())?;
        let leavers = blocks(room.leavers())?;
        let columns = (0..count).map(|at| Column {
            places: places[at],
            velocities: velocities[at],
            forces: forces[at],
            cells: cells[at],
            leavers: leavers[at],
        });
        let world = World {
            runtime,
            room,
            force,
            dt,
            columns: columns.collect(),
        };
        runtime.finish(|s| {
            for (column, share) in world.columns.iter().zip(shares) {
                let access = (
                    column.places.write(),
                    column.velocities.write(),
                    column.cells.write(),
                );
                s.codelet("fill").near(column.places).spawn(
                    access,
                    move |_, (places, velocities, cells)| {
                        room.fill(&share, places, velocities, cells)
                    },
                );
            }
            (0..count).for_each(|at| world.spawn_forces(s, at, 0.0, false));
            Ok(())
        })?;
        Ok(world)
    }

    /// Bytes of a column's blocks.
    pub fn column_bytes(&self) -> usize {
        let room = &self.room;
        let numbers = 2 * room.vectors() + room.force_numbers() + room.leavers();
        numbers * size_of::<f64>() + room.cells() * size_of::<u32>()
    }

    /// Whether a step can be recorded: a graph has at most 65,535 blocks, and a column has five.
    pub fn recordable(&self) -> bool {
        5 * self.columns.len() <= 65_535
    }

    /// Steps, and gives the time it took, recording included. A step is recorded and replayed, or spawned anew each time.
    /// `stepped` hears how many have ended.
    ///
    /// # Errors
    /// If particles move too far in a step, or what was asked for cannot be recorded; the runtime's.
    pub fn steps(
        &self,
        steps: usize,
        way: Way,
        mut stepped: impl FnMut(usize),
    ) -> Result<Duration> {
        let window = (WINDOW / (3 * self.columns.len())).max(1);
        let begin = Instant::now();
        let graph = match way {
            Way::Replayed => Some(self.runtime.record(|s| {
                self.spawn_step(s, false);
                Ok(())
            })?),
            Way::Alone | Way::Dynamic => None,
        };
        let mut done = 0;
        while done < steps {
            let these = window.min(steps - done);
            match &graph {
                Some(graph) => self.runtime.replay(graph, these)?,
                None => self.runtime.finish(|s| {
                    (0..these).for_each(|_| self.spawn_step(s, way == Way::Alone));
                    Ok(())
                })?,
            }
            done += these;
            stepped(done);
        }
        Ok(begin.elapsed())
    }

    /// Three codelets for each column. Their accesses say all that there is to say about order.
    fn spawn_step(&self, s: &Scope<'_>, alone: bool) {
        let (room, dt) = (self.room, self.dt);
        let options = |name, column: &Column| match alone {
            true => s.codelet(name).on_xe(0),
            false => s.codelet(name).near(column.places),
        };
        for (at, column) in self.columns.iter().enumerate() {
            let own = (column.places.read_write(), column.velocities.read_write());
            let access = (
                own,
                column.forces.read(),
                column.cells.read_write(),
                column.leavers.write(),
            );
            options("drift", column).spawn(access, move |_, (own, forces, cells, leavers)| {
                room.drift((at, dt), own, forces, cells, leavers)
            });
        }
        for (at, column) in self.columns.iter().enumerate() {
            let around = self.room.space.around(at);
            let around = around.iter().filter(|(near, _)| *near != at);
            let around: Vec<_> = (around)
                .map(|&(near, _)| self.columns[near].leavers.read())
                .collect();
            let access = (
                column.places.read_write(),
                column.velocities.read_write(),
                column.cells.read_write(),
                around,
            );
            options("settle", column).spawn(
                access,
                move |_, (places, velocities, cells, around)| {
                    room.settle(at, places, velocities, cells, &around)
                },
            );
        }
        for at in 0..self.columns.len() {
            self.spawn_forces(s, at, dt / 2.0, alone);
        }
    }

    fn spawn_forces(&self, s: &Scope<'_>, at: usize, time: f64, alone: bool) {
        let column = &self.columns[at];
        let around = self
            .room
            .space
            .around(at)
            .map(|(near, _)| &self.columns[near]);
        let access = (
            column.forces.write(),
            column.velocities.read_write(),
            (
                around.map(|column| column.places.read()),
                around.map(|column| column.cells.read()),
            ),
            scratch(self.room.around()),
        );
        let push = Push {
            room: self.room,
            force: self.force,
            column: at,
            time,
        };
        let options = s.codelet("forces");
        let options = match alone {
            true => options.on_xe(0),
            false => options.near(column.places),
        };
        options.call(&FORCES, push, access);
    }

    /// One engine alone computes the forces on the first column, whose blocks stay in its cache: so many times, each the
    /// mean of a few in a row. Also says how many particles are in it.
    ///
    /// # Errors
    /// The runtime's.
    pub fn force_times(&self, rounds: usize) -> Result<(usize, Vec<Duration>)> {
        const FEW: u32 = 16;
        let time = |_| {
            let begin = Instant::now();
            self.runtime.finish(|s| {
                // A push of no time changes nothing.
                (0..FEW).for_each(|_| self.spawn_forces(s, 0, 0.0, true));
                Ok(())
            })?;
            Ok(begin.elapsed() / FEW)
        };
        let times = (0..rounds).map(time).collect::<Result<_>>()?;
        let cells = self.columns[0].cells;
        let count = self.runtime.read(cells, |cells| self.room.count(cells))?;
        Ok((count, times))
    }

    /// What is conserved. Columns are added up in a fixed tree.
    ///
    /// # Errors
    /// The runtime's.
    pub fn sums(&self) -> Result<Sums> {
        let (room, sums) = (self.room, self.runtime.block::<f64>(5)?);
        self.runtime.finish(|s| {
            for column in &self.columns {
                let access = (
                    column.velocities.read(),
                    column.forces.read(),
                    column.cells.read(),
                    sums.reduce(Sum),
                );
                s.codelet("measure").near(column.places).spawn(
                    access,
                    move |_, (velocities, forces, cells, sums)| {
                        let parts = room.measure(velocities, forces, cells);
                        sums.iter_mut()
                            .zip(parts)
                            .for_each(|(sum, part)| *sum += part);
                    },
                );
            }
            Ok(())
        })?;
        let all = self.runtime.read(sums, |sums| Sums {
            kinetic: sums[0],
            potential: sums[1],
            momentum: [sums[2], sums[3], sums[4]],
        })?;
        self.runtime.destroy(sums)?;
        Ok(all)
    }

    /// All particles, by their ids.
    ///
    /// # Errors
    /// The runtime's.
    pub fn particles(&self) -> Result<Vec<Particle>> {
        let (room, all) = (self.room, Mutex::new(Vec::new()));
        self.runtime.finish(|s| {
            for column in &self.columns {
                let access = (
                    column.places.read(),
                    column.velocities.read(),
                    column.cells.read(),
                );
                let all = &all;
                s.codelet("collect")
                    .spawn(access, move |_, (places, velocities, cells)| {
                        let here = (0..room.count(cells))
                            .map(|at| room.particle(places, velocities, cells, at));
                        all.lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .extend(here);
                    });
            }
            Ok(())
        })?;
        let mut all = all.into_inner().unwrap_or_else(PoisonError::into_inner);
        all.sort_unstable_by_key(|p| p.id);
        Ok(all)
    }
}
