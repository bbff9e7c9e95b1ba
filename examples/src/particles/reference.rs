//! The plain way: all cells in one list, sorted anew in each step, by one thread.

use super::column::{advance, pushed};
use super::kernel::Force;
use super::space::{Space, Vector};
use super::start::Particle;

/// Makes so many steps, and gives the particles by their ids. `done` hears of each step.
pub fn steps(
    space: &Space,
    force: &Force,
    mut particles: Vec<Particle>,
    dt: f64,
    steps: usize,
    mut done: impl FnMut(),
) -> Vec<Particle> {
    let mut forces = forces(space, force, &particles);
    for _ in 0..steps {
        for (p, &f) in particles.iter_mut().zip(&forces) {
            advance(space, p, f, dt);
        }
        forces = self::forces(space, force, &particles);
        for (p, &f) in particles.iter_mut().zip(&forces) {
            pushed(&mut p.velocity, f, dt / 2.0);
        }
        done();
    }
    particles
}

/// The forces on particles, which are in the order of their ids.
fn forces(space: &Space, force: &Force, particles: &[Particle]) -> Vec<Vector> {
    let n = space.cells;
    let mut cells = vec![Vec::new(); n * n * n];
    for p in particles {
        let at = space.column(p.place) * n + space.cell(p.place[0]);
        cells[at].push(p);
    }
    let mut forces = vec![[0.0; 3]; particles.len()];
    let (mut xs, mut ys, mut zs) = (Vec::new(), Vec::new(), Vec::new());
    for (at, cell) in cells.iter().enumerate() {
        let (x, y, z) = (at % n, at / n % n, at / n / n);
        for list in [&mut xs, &mut ys, &mut zs] {
            list.clear();
        }
        // z slowest, x fastest: the order of all sums.
        for by in 0..27 {
            let (z, dz) = space.near(z, by / 9);
            let (y, dy) = space.near(y, by / 3 % 3);
            let (x, dx) = space.near(x, by % 3);
            for p in &cells[(z * n + y) * n + x] {
                xs.push(p.place[0] + dx);
                ys.push(p.place[1] + dy);
                zs.push(p.place[2] + dz);
            }
        }
        for p in cell {
            forces[p.id as usize] = force.on(p.place, &xs, &ys, &zs).force;
        }
    }
    forces
}
