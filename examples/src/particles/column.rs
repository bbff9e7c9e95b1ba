//! What is done with a column of cells, on the slices of its blocks.
//!
//! Three numbers of each particle (place, velocity, force) are kept as all x, then all y, then all z, with room for
//! [`Room::most`]. The order is that of cells along x, and of ids within a cell. A block of whole numbers says where each
//! cell begins, then where the last one ends, and then the ids.

use sprat::{Error, Result};

use super::kernel::Force;
use super::space::{Space, Vector};
use super::start::Particle;

/// Numbers that a particle takes with it when it leaves a column: the column it goes to, its id, place and velocity.
const LUGGAGE: usize = 8;

/// How much a column's blocks hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Room {
    /// The box.
    pub space: Space,
    /// Particles at most.
    pub most: usize,
}

impl Room {
    /// Numbers for a vector of each particle.
    pub fn vectors(&self) -> usize {
        3 * self.most
    }

    /// Numbers for forces, and the energy of all.
    pub fn force_numbers(&self) -> usize {
        3 * self.most + 1
    }

    /// Whole numbers for cells and ids.
    pub fn cells(&self) -> usize {
        self.space.cells + 1 + self.most
    }

    /// Numbers for those that leave: how many, and their luggage.
    pub fn leavers(&self) -> usize {
        1 + LUGGAGE * self.most
    }

    /// Numbers that forces need for themselves: the places of all that is around a cell.
    pub fn around(&self) -> usize {
        3 * 9 * self.most
    }

    /// Particles in a column.
    pub fn count(&self, cells: &[u32]) -> usize {
        cells[self.space.cells] as usize
    }

    /// A particle's vector.
    pub fn vector(&self, all: &[f64], at: usize) -> Vector {
        [0, 1, 2].map(|axis| all[axis * self.most + at])
    }

    fn put(&self, all: &mut [f64], at: usize, vector: Vector) {
        for (axis, number) in vector.into_iter().enumerate() {
            all[axis * self.most + at] = number;
        }
    }

    /// Fills a column with particles, in any order.
    ///
    /// # Errors
    /// If there is not enough room.
    pub fn fill(
        &self,
        particles: &[Particle],
        places: &mut [f64],
        velocities: &mut [f64],
        cells: &mut [u32],
    ) -> Result<()> {
        if particles.len() > self.most {
            return Err(Error::msg(format!(
                "{} particles are in a column of cells with room for {}; they have gathered in one place, perhaps since the steps are too long: ask for a shorter --dt",
                particles.len(),
                self.most
            )));
        }
        let mut sorted: Vec<_> = (particles.iter())
            .map(|p| (self.space.cell(p.place[0]), p))
            .collect();
        sorted.sort_unstable_by_key(|(cell, p)| (*cell, p.id));
        let (starts, ids) = cells.split_at_mut(self.space.cells + 1);
        starts.fill(0);
        for (at, (cell, p)) in sorted.into_iter().enumerate() {
            self.put(places, at, p.place);
            self.put(velocities, at, p.velocity);
            ids[at] = p.id;
            starts[cell + 1] += 1;
        }
        for cell in 1..starts.len() {
            starts[cell] += starts[cell - 1];
        }
        Ok(())
    }

    /// A particle of a column.
    pub fn particle(
        &self,
        places: &[f64],
        velocities: &[f64],
        cells: &[u32],
        at: usize,
    ) -> Particle {
        Particle {
            id: cells[self.space.cells + 1 + at],
            place: self.vector(places, at),
            velocity: self.vector(velocities, at),
        }
    }

    /// Pushes each particle by its force for half a step, and moves it for a whole one. Those that leave the column are
    /// put in `leavers`; the others stay, in no good order.
    ///
    /// # Errors
    /// If a particle moves further than to the next column.
    pub fn drift(
        &self,
        (column, dt): (usize, f64),
        (places, velocities): (&mut [f64], &mut [f64]),
        forces: &[f64],
        cells: &mut [u32],
        leavers: &mut [f64],
    ) -> Result<()> {
        let space = &self.space;
        let around = space.around(column);
        let (mut stay, mut leave) = (0, 0);
        for at in 0..self.count(cells) {
            let mut p = self.particle(places, velocities, cells, at);
            advance(space, &mut p, self.vector(forces, at), dt);
            let to = space.column(p.place);
            if !p.place.iter().all(|x| x.is_finite()) || around.iter().all(|&(near, _)| near != to)
            {
                return Err(Error::msg(format!(
                    "particle {} moves further than a cell in one step; the steps are too long, ask for a shorter --dt",
                    p.id
                )));
            }
            if to == column {
                self.put(places, stay, p.place);
                self.put(velocities, stay, p.velocity);
                cells[space.cells + 1 + stay] = p.id;
                stay += 1;
            } else {
                let ([x, y, z], [u, v, w]) = (p.place, p.velocity);
                let luggage = [to as f64, f64::from(p.id), x, y, z, u, v, w];
                leavers[1 + leave * LUGGAGE..][..LUGGAGE].copy_from_slice(&luggage);
                leave += 1;
            }
        }
        cells[space.cells] = stay as u32;
        leavers[0] = leave as f64;
        Ok(())
    }

    /// Takes in what comes from the columns around, and puts all in order.
    ///
    /// # Errors
    /// If there is not enough room.
    pub fn settle(
        &self,
        column: usize,
        places: &mut [f64],
        velocities: &mut [f64],
        cells: &mut [u32],
        around: &[&[f64]],
    ) -> Result<()> {
        let mut all: Vec<_> = (0..self.count(cells))
            .map(|at| self.particle(places, velocities, cells, at))
            .collect();
        for leavers in around {
            let luggage = leavers[1..].chunks_exact(LUGGAGE).take(leavers[0] as usize);
            for luggage in luggage.filter(|luggage| luggage[0] == column as f64) {
                let &[_, id, x, y, z, u, v, w] = luggage else {
                    continue;
                };
                all.push(Particle {
                    id: id as u32,
                    place: [x, y, z],
                    velocity: [u, v, w],
                });
            }
        }
        self.fill(&all, places, velocities, cells)
    }

    /// The forces on all particles of a column, and a push by them for the time `push`. `places` and `cells` are those
    /// of the nine columns around, `memory` has [`Room::around`] numbers.
    #[inline(always)]
    pub fn forces(
        &self,
        (column, force, push): (usize, &Force, f64),
        forces: &mut [f64],
        velocities: &mut [f64],
        (places, cells): ([&[f64]; 9], [&[u32]; 9]),
        memory: &mut [f64],
    ) {
        let (space, most) = (&self.space, self.most);
        let around = space.around(column);
        let (xs, yzs) = memory.split_at_mut(9 * most);
        let (ys, zs) = yzs.split_at_mut(9 * most);
        let mut energy = 0.0;
        for cell in 0..space.cells {
            let mut count = 0;
            for ((places, cells), (_, [dy, dz])) in places.iter().zip(cells).zip(around) {
                for by in 0..3 {
                    let (near, dx) = space.near(cell, by);
                    let run = cells[near] as usize..cells[near + 1] as usize;
                    let to = count..count + run.len();
                    count = to.end;
                    let [x, y, z] = [0, 1, 2].map(|axis| &places[axis * most..][run.clone()]);
                    for (shared, own, shift) in
                        [(&mut *xs, x, dx), (&mut *ys, y, dy), (&mut *zs, z, dz)]
                    {
                        for (shared, own) in shared[to.clone()].iter_mut().zip(own) {
                            *shared = own + shift;
                        }
                    }
                }
            }
            for at in cells[4][cell] as usize..cells[4][cell + 1] as usize {
                let place = self.vector(places[4], at);
                let acting = force.on(place, &xs[..count], &ys[..count], &zs[..count]);
                energy += acting.energy;
                self.put(forces, at, acting.force);
                let mut velocity = self.vector(velocities, at);
                pushed(&mut velocity, acting.force, push);
                self.put(velocities, at, velocity);
            }
        }
        forces[3 * most] = energy;
    }

    /// What a column adds to the sums: kinetic and potential energy, and momentum.
    pub fn measure(&self, velocities: &[f64], forces: &[f64], cells: &[u32]) -> [f64; 5] {
        let mut sums = [0.0; 5];
        for at in 0..self.count(cells) {
            let velocity = self.vector(velocities, at);
            sums[0] += velocity.iter().map(|v| v * v).sum::<f64>() / 2.0;
            for (sum, v) in sums[2..].iter_mut().zip(velocity) {
                *sum += v;
            }
        }
        // Each pair is in it twice.
        sums[1] = forces[3 * self.most] / 2.0;
        sums
    }
}

/// Half a step's push, and a whole step's way.
pub fn advance(space: &Space, p: &mut Particle, force: Vector, dt: f64) {
    pushed(&mut p.velocity, force, dt / 2.0);
    for (x, v) in p.place.iter_mut().zip(p.velocity) {
        *x = space.wrapped(*x + dt * v);
    }
}

/// What a force does to a velocity in a time; the mass is one.
#[inline(always)]
pub fn pushed(velocity: &mut Vector, force: Vector, time: f64) {
    for (v, f) in velocity.iter_mut().zip(force) {
        *v += time * f;
    }
}
