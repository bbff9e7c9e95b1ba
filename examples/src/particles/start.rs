//! How it begins: a lattice, and random velocities.

use rand_pcg::Pcg64Mcg;
use rand_pcg::rand_core::{Rng as _, SeedableRng as _};

use super::space::Vector;

/// A particle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Particle {
    /// Its number, from 0 on.
    pub id: u32,
    /// Where it is.
    pub place: Vector,
    /// How fast it moves.
    pub velocity: Vector,
}

/// Cells of the lattice in each direction for at least so many particles, four in each.
pub fn lattice_cells(particles: u32) -> u32 {
    (1..)
        .find(|n| 4 * u64::from(*n).pow(3) >= u64::from(particles))
        .unwrap_or(1)
}

/// The particles of a face-centred cubic lattice of so many cells in a box. Velocities are random, with no momentum in
/// all and this temperature.
pub fn particles(cells: u32, side: f64, temperature: f64, seed: u64) -> Vec<Particle> {
    const CORNERS: [Vector; 4] = [
        [0.25, 0.25, 0.25],
        [0.75, 0.75, 0.25],
        [0.75, 0.25, 0.75],
        [0.25, 0.75, 0.75],
    ];
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let mut even = || (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64 - 0.5;
    let length = side / f64::from(cells);
    let mut all = Vec::new();
    for z in 0..cells {
        for y in 0..cells {
            for x in 0..cells {
                for corner in CORNERS {
                    let at = [x, y, z].map(f64::from);
                    all.push(Particle {
                        id: all.len() as u32,
                        place: [0, 1, 2].map(|axis| (at[axis] + corner[axis]) * length),
                        // The sum of a few even numbers is nearly normal.
                        velocity: [0, 1, 2].map(|_| even() + even() + even() + even()),
                    });
                }
            }
        }
    }
    let count = all.len() as f64;
    for axis in 0..3 {
        let mean = all.iter().map(|p| p.velocity[axis]).sum::<f64>() / count;
        all.iter_mut().for_each(|p| p.velocity[axis] -= mean);
    }
    let squares: f64 = all.iter().flat_map(|p| p.velocity).map(|v| v * v).sum();
    let scale = (3.0 * count * temperature / squares).sqrt();
    all.iter_mut()
        .for_each(|p| p.velocity = p.velocity.map(|v| v * scale));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lattice_at_rest_as_a_whole_and_warm() {
        assert_eq!(
            [1, 4, 5, 32, 33, 4000].map(lattice_cells),
            [1, 1, 2, 2, 3, 10]
        );
        let all = particles(3, 6.0, 1.5, 1);
        assert_eq!(all.len(), 108);
        for axis in 0..3 {
            assert!(all.iter().map(|p| p.velocity[axis]).sum::<f64>().abs() < 1e-10);
            assert!(all.iter().all(|p| (0.0..6.0).contains(&p.place[axis])));
        }
        let squares: f64 = all.iter().flat_map(|p| p.velocity).map(|v| v * v).sum();
        assert!((squares / 324.0 - 1.5).abs() < 1e-12);
        let nearest = |p: &Particle| {
            let distance = |q: &Particle| {
                (0..3)
                    .map(|i| (p.place[i] - q.place[i]).powi(2))
                    .sum::<f64>()
            };
            all.iter()
                .filter(|q| q.id != p.id)
                .map(distance)
                .fold(f64::MAX, f64::min)
        };
        assert!(
            all.iter()
                .all(|p| (nearest(p).sqrt() - 2f64.sqrt()).abs() < 1e-9)
        );
    }
}
