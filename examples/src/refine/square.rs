//! One square: its integral by two rules, and whether it is to be cut.

use super::function::Function;

/// Points and weights of Gauss' rule with three points, on the interval from -1 to 1.
const THREE: [(f64, f64); 3] = [
    (-0.774_596_669_241_483_4, 0.555_555_555_555_555_6),
    (0.0, 0.888_888_888_888_888_8),
    (0.774_596_669_241_483_4, 0.555_555_555_555_555_6),
];
/// The same with five.
const FIVE: [(f64, f64); 5] = [
    (-0.906_179_845_938_664, 0.236_926_885_056_189_08),
    (-0.538_469_310_105_683_1, 0.478_628_670_499_366_47),
    (0.0, 0.568_888_888_888_888_9),
    (0.538_469_310_105_683_1, 0.478_628_670_499_366_47),
    (0.906_179_845_938_664, 0.236_926_885_056_189_08),
];

/// A square of the mesh: one of 4 to the power of `level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Square {
    /// How many times the whole was cut.
    pub level: u32,
    /// Its column among squares of its size.
    pub x: u32,
    /// Its row.
    pub y: u32,
}

/// What a square, with all that it was cut into, comes to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sum {
    /// The integral.
    pub integral: f64,
    /// How far it may be off.
    pub error: f64,
    /// How often the function was asked.
    pub calls: u64,
    /// The squares that were not cut, in the order of their quarters.
    pub leaves: Vec<Square>,
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Task {
    /// What is integrated.
    pub function: Function,
    /// How far the whole integral may be off.
    pub tolerance: f64,
    /// Squares of this level are not cut any more.
    pub deepest: u32,
}

impl Square {
    /// The whole.
    pub const WHOLE: Square = Square {
        level: 0,
        x: 0,
        y: 0,
    };

    /// Its four quarters.
    pub fn quarters(self) -> [Square; 4] {
        [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(x, y)| Square {
            level: self.level + 1,
            x: 2 * self.x + x,
            y: 2 * self.y + y,
        })
    }

    /// The length of its side.
    pub fn side(self) -> f64 {
        1.0 / f64::from(1u32 << self.level)
    }

    fn gauss(self, function: Function, rule: &[(f64, f64)]) -> f64 {
        let half = self.side() / 2.0;
        let middle = |at: u32| (2.0 * f64::from(at) + 1.0) * half;
        let (x, y) = (middle(self.x), middle(self.y));
        let mut sum = 0.0;
        for &(v, weight_v) in rule {
            for &(u, weight_u) in rule {
                sum += weight_u * weight_v * function.at(x + u * half, y + v * half);
            }
        }
        sum * half * half
    }

    /// Looks at it alone: its sum, and whether that will do.
    pub fn look(self, task: &Task) -> (Sum, bool) {
        let coarse = self.gauss(task.function, &THREE);
        let fine = self.gauss(task.function, &FIVE);
        let error = (fine - coarse).abs();
        let share = task.tolerance * self.side() * self.side();
        let sum = Sum {
            integral: fine,
            error,
            calls: (THREE.len() * THREE.len() + FIVE.len() * FIVE.len()) as u64,
            leaves: vec![self],
        };
        (sum, error <= share || self.level >= task.deepest)
    }
}

impl Sum {
    /// The sum of four quarters, and the calls that looked at the whole before.
    pub fn of(looked: u64, quarters: [&Sum; 4]) -> Sum {
        let [a, b, c, d] = quarters;
        Sum {
            integral: (a.integral + b.integral) + (c.integral + d.integral),
            error: (a.error + b.error) + (c.error + d.error),
            calls: looked + quarters.iter().map(|q| q.calls).sum::<u64>(),
            leaves: quarters.iter().flat_map(|q| &q.leaves).copied().collect(),
        }
    }
}

/// The plain way: one thread, down and up again.
pub fn serial(task: &Task, square: Square) -> Sum {
    let (sum, enough) = square.look(task);
    if enough {
        return sum;
    }
    let [a, b, c, d] = square.quarters().map(|quarter| serial(task, quarter));
    Sum::of(sum.calls, [&a, &b, &c, &d])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_exact_for_what_they_should() {
        for rule in [&THREE[..], &FIVE[..]] {
            let weights: f64 = rule.iter().map(|(_, weight)| weight).sum();
            assert!((weights - 2.0).abs() < 1e-14);
            // Even powers up to twice the number of points: 2 / (n + 1).
            for power in (0..2 * rule.len() as i32).step_by(2) {
                let sum: f64 = rule
                    .iter()
                    .map(|(at, weight)| weight * at.powi(power))
                    .sum();
                assert!((sum - 2.0 / f64::from(power + 1)).abs() < 1e-14, "{power}");
            }
        }
    }

    #[test]
    fn leaves_cover_the_square_and_the_area_of_a_disc_comes_out() {
        let task = Task {
            function: Function::Disc,
            tolerance: 1e-4,
            deepest: 10,
        };
        let sum = serial(&task, Square::WHOLE);
        let area: f64 = sum
            .leaves
            .iter()
            .map(|leaf| leaf.side() * leaf.side())
            .sum();
        assert_eq!(area, 1.0);
        let exact = Function::Disc.integral().unwrap();
        // Where a step just misses all points of both rules, nobody notices.
        assert!((sum.integral - exact).abs() < 1e-3, "{}", sum.integral);
        let levels = sum.leaves.iter().map(|leaf| leaf.level);
        assert_eq!(levels.clone().max(), Some(10));
        assert!(levels.min() < Some(5), "not all are cut as deep");
        let squares = (4 * sum.leaves.len() as u64 - 1) / 3;
        assert_eq!(sum.calls, 34 * squares);
    }

    #[test]
    fn smooth_functions_are_not_cut_as_deep() {
        let task = |function| Task {
            function,
            tolerance: 1e-8,
            deepest: 20,
        };
        let waves = serial(&task(Function::Waves), Square::WHOLE);
        assert!(waves.error <= 1e-8);
        let finer = Task {
            tolerance: 1e-12,
            ..task(Function::Waves)
        };
        let finer = serial(&finer, Square::WHOLE);
        assert!((waves.integral - finer.integral).abs() < 1e-8);
        assert!(finer.leaves.len() > waves.leaves.len());
    }
}
