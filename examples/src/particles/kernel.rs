//! The force of many particles on one.

use super::space::Vector;

/// Sums are kept in so many parts, added up at the end: always the same way, whatever the processor.
const LANES: usize = 8;

/// Lennard-Jones, cut off, and shifted so that the energy ends at zero there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Force {
    cutoff_squared: f64,
    /// The energy at the cutoff, before the shift.
    shift: f64,
}

/// What acts on a particle.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Acting {
    /// The force.
    pub force: Vector,
    /// The energy of the pairs it is in; each is counted from both sides.
    pub energy: f64,
}

impl Force {
    /// With a cutoff, in diameters.
    pub fn new(cutoff: f64) -> Force {
        let sixth = cutoff.powi(-6);
        Force {
            cutoff_squared: cutoff * cutoff,
            shift: 4.0 * sixth * (sixth - 1.0),
        }
    }

    /// What particles at `xs`, `ys` and `zs` do to one at a place. One at exactly that place is itself.
    #[inline(always)]
    pub fn on(&self, at: Vector, xs: &[f64], ys: &[f64], zs: &[f64]) -> Acting {
        let mut sums = [[0.0; LANES]; 4];
        let (x8, x1) = xs.as_chunks::<LANES>();
        let (y8, y1) = ys.as_chunks::<LANES>();
        let (z8, z1) = zs.as_chunks::<LANES>();
        for ((xs, ys), zs) in x8.iter().zip(y8).zip(z8) {
            for lane in 0..LANES {
                let pair = self.pair(at, [xs[lane], ys[lane], zs[lane]]);
                for (sums, part) in sums.iter_mut().zip(pair) {
                    sums[lane] += part;
                }
            }
        }
        for (lane, ((&x, &y), &z)) in x1.iter().zip(y1).zip(z1).enumerate() {
            let pair = self.pair(at, [x, y, z]);
            for (sums, part) in sums.iter_mut().zip(pair) {
                sums[lane] += part;
            }
        }
        let [x, y, z, energy] = sums.map(|lanes| lanes.iter().sum());
        Acting {
            force: [x, y, z],
            energy,
        }
    }

    /// The force of one particle on another, and the energy of the pair; zeros beyond the cutoff.
    #[inline(always)]
    fn pair(&self, at: Vector, other: Vector) -> [f64; 4] {
        let d = [at[0] - other[0], at[1] - other[1], at[2] - other[2]];
        let squared = d[0] * d[0] + d[1] * d[1] + d[2] * d[2];
        let acts = squared < self.cutoff_squared && squared > 0.0;
        let inverse = 1.0 / squared;
        let sixth = inverse * inverse * inverse;
        let strength = 24.0 * inverse * sixth * (2.0 * sixth - 1.0);
        let energy = 4.0 * sixth * (sixth - 1.0) - self.shift;
        let parts = [strength * d[0], strength * d[1], strength * d[2], energy];
        parts.map(|part| if acts { part } else { 0.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_particles() {
        let force = Force::new(2.5);
        let on = |x: f64| force.on([0.0; 3], &[x], &[0.0], &[0.0]);
        // The minimum of the energy is at the sixth root of two, with a depth of one.
        let rest = on(2f64.powf(1.0 / 6.0));
        assert!(rest.force[0].abs() < 1e-12);
        assert!((rest.energy + 1.0 + force.shift).abs() < 1e-12);
        assert!(on(1.0).force[0] < 0.0, "pushed away");
        assert!(on(1.5).force[0] > 0.0, "pulled");
        assert!(on(2.499_999).energy.abs() < 1e-6, "no step at the cutoff");
        assert_eq!(on(2.5), Acting::default());
        assert_eq!(on(0.0), Acting::default(), "not on itself");
    }

    #[test]
    fn the_force_is_the_slope_of_the_energy_and_many_add_up() {
        let force = Force::new(2.5);
        let xs: Vec<f64> = (0..21).map(|i| 1.0 + 0.1 * f64::from(i)).collect();
        let ys: Vec<f64> = (0..21).map(|i| 0.3 * f64::from(i % 5)).collect();
        let zs: Vec<f64> = (0..21).map(|i| 0.2 * f64::from(i % 7) - 0.5).collect();
        let on = |x: f64| force.on([x, 0.1, 0.2], &xs, &ys, &zs);
        let slope = (on(1e-6).energy - on(-1e-6).energy) / 2e-6;
        assert!((slope + on(0.0).force[0]).abs() < 1e-4 * slope.abs());
        let mut sum = 0.0;
        for i in 0..21 {
            sum += force
                .on([0.0, 0.1, 0.2], &xs[i..=i], &ys[i..=i], &zs[i..=i])
                .energy;
        }
        assert!((on(0.0).energy - sum).abs() < 1e-12 * sum.abs());
    }
}
