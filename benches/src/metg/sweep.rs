//! Which task length is measured next, and where the curve crosses an efficiency. Pure: no clock.

/// Task lengths are `2^(-level / STEPS)` of the longest but one, so neighbours are close enough to interpolate.
const STEPS: f64 = 2.0;
/// A level up, where the first was too fine: twice as long.
const UP: i32 = 2;
/// Twice the length must bring so much, or the curve is flat: longer tasks would not help.
const WORTH: f64 = 1.01;
/// Below this part of the least efficiency wanted, nothing is of interest.
const BELOW: f64 = 0.6;

/// One measured point of a curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Iterations in each task.
    pub iterations: u32,
    /// Wall time x workers / tasks, in microseconds.
    pub task_us: f64,
    /// Share of the machine's peak.
    pub efficiency: f64,
}

/// One system's way along its curve, from long tasks to short ones.
#[derive(Debug)]
pub struct Sweep {
    /// Iterations at level 0.
    base: u32,
    /// Efficiencies wanted, from the least to the greatest.
    wanted: Vec<f64>,
    /// Tasks that took so many microseconds are not made longer.
    longest: f64,
    /// What was measured, from the longest task to the shortest, each with its level.
    points: Vec<(i32, Point)>,
}

impl Sweep {
    /// Begins at so many iterations; tasks that took this many microseconds are not made longer. The efficiencies must not
    /// be empty.
    pub fn new(base: u32, efficiencies: &[f64], longest: f64) -> Self {
        let mut wanted = efficiencies.to_vec();
        wanted.sort_by(f64::total_cmp);
        Sweep {
            base: base.max(1),
            wanted,
            longest,
            points: Vec::new(),
        }
    }

    /// The level to be measured next, if any.
    pub fn next(&self) -> Option<i32> {
        let (Some((longest, point)), Some((shortest, last))) =
            (self.points.first(), self.points.last())
        else {
            return Some(0);
        };
        // Twice in a row, since noise alone can make it so once.
        let is_flat = self.points.len() > 2
            && self.points[..3].windows(2).all(|pair| {
                let [(longer, high), (shorter, low)] = [pair[0], pair[1]];
                shorter - longer == UP && high.efficiency < low.efficiency * WORTH
            });
        if point.efficiency < self.wanted[self.wanted.len() - 1]
            && point.task_us < self.longest
            && !is_flat
        {
            return Some(longest - UP);
        }
        // On the way up a level is left out; where the curve crosses, it is measured too.
        let gap = self.points.windows(2).find(|pair| {
            let [(longer, high), (shorter, low)] = [pair[0], pair[1]];
            let crosses = |&wanted: &f64| low.efficiency < wanted && wanted <= high.efficiency;
            shorter - longer == UP && longer < 0 && self.wanted.iter().any(crosses)
        });
        if let Some(pair) = gap {
            return Some(pair[0].0 + 1);
        }
        let goes_on = last.efficiency >= self.wanted[0] * BELOW && last.iterations > 1;
        goes_on.then(|| {
            // Short tasks have whole numbers of iterations: levels with the same number are one.
            let mut finer = (shortest + 1)..;
            finer
                .find(|&level| self.iterations(level) < last.iterations)
                .expect("there are numbers below")
        })
    }

    /// Iterations at this level.
    pub fn iterations(&self, level: i32) -> u32 {
        let scale = (-f64::from(level) / STEPS).exp2();
        ((f64::from(self.base) * scale).round() as u32).max(1)
    }

    /// Adds what was measured at this level.
    pub fn add(&mut self, level: i32, point: Point) {
        let at = self.points.partition_point(|(other, _)| *other < level);
        self.points.insert(at, (level, point));
    }

    /// The curve, from the longest task to the shortest.
    pub fn points(&self) -> impl DoubleEndedIterator<Item = Point> + Clone {
        self.points.iter().map(|(_, point)| *point)
    }
}

/// METG: the smallest task time at which the curve, from the longest task to the shortest, still reaches this efficiency,
/// interpolated in log scale between the two points around it. `None` if it never does. If the shortest task
/// that there is reaches it, that one's time.
pub fn metg(points: impl DoubleEndedIterator<Item = Point>, efficiency: f64) -> Option<f64> {
    let mut finer: Option<Point> = None;
    for point in points.rev() {
        if point.efficiency >= efficiency {
            return Some(match finer {
                None => point.task_us,
                Some(finer) => between(finer, point, efficiency),
            });
        }
        finer = Some(point);
    }
    None
}

/// Where the straight line through two points, both axes logarithmic, has this efficiency.
fn between(low: Point, high: Point, efficiency: f64) -> f64 {
    let part = (efficiency / low.efficiency).ln() / (high.efficiency / low.efficiency).ln();
    // Noise may have it that the finer grain took longer: the crossing is between them all the same.
    (low.task_us.ln() + part * (high.task_us.ln() - low.task_us.ln())).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A system with so many microseconds of overhead a task, at 100 iterations a microsecond, and at best this share
    /// of the peak.
    fn curve(overhead: f64, best: f64, efficiencies: &[f64]) -> Sweep {
        let mut sweep = Sweep::new(2000, efficiencies, 1000.0);
        for _ in 0..100 {
            let Some(level) = sweep.next() else {
                return sweep;
            };
            let iterations = sweep.iterations(level);
            let work = f64::from(iterations) / 100.0;
            let task_us = work / best + overhead;
            sweep.add(
                level,
                Point {
                    iterations,
                    task_us,
                    efficiency: work / task_us,
                },
            );
        }
        panic!("the sweep does not end: {sweep:?}");
    }

    fn near(found: f64, expected: f64) -> bool {
        (found / expected - 1.0).abs() < 0.01
    }

    #[test]
    fn the_crossing_is_where_overhead_takes_its_share() {
        for overhead in [0.07, 0.3, 5.0, 60.0] {
            let sweep = curve(overhead, 1.0, &[0.8, 0.5]);
            // work / (work + overhead) = 1/2 at work = overhead, 4/5 at work = 4 x overhead.
            let half = metg(sweep.points(), 0.5).unwrap();
            assert!(near(half, 2.0 * overhead), "{overhead}: {half}");
            let most = metg(sweep.points(), 0.8).unwrap();
            assert!(near(most, 5.0 * overhead), "{overhead}: {most}");
        }
    }

    #[test]
    fn who_never_gets_there_stops_early_and_has_none() {
        let sweep = curve(0.1, 0.5, &[0.8]);
        assert_eq!(metg(sweep.points(), 0.8), None);
        let longest = sweep.points().next().unwrap().task_us;
        assert!(longest < 200.0, "{longest}");
        // 0.5 is never reached from below either.
        assert_eq!(metg(curve(0.1, 0.5, &[0.5]).points(), 0.5), None);
        assert!(metg(curve(0.1, 0.5, &[0.4]).points(), 0.4).is_some());
    }

    #[test]
    fn who_is_too_slow_for_the_longest_task_has_none() {
        assert_eq!(metg(curve(5000.0, 1.0, &[0.5]).points(), 0.5), None);
    }

    #[test]
    fn the_shortest_task_ends_the_sweep() {
        let sweep = curve(0.0, 1.0, &[0.5]);
        let last = sweep.points().next_back().unwrap();
        assert_eq!(last.iterations, 1);
        assert_eq!(metg(sweep.points(), 0.5), Some(last.task_us));
    }

    #[test]
    fn no_level_is_measured_twice() {
        let sweep = curve(0.01, 1.0, &[0.5, 0.8]);
        let iterations: Vec<u32> = sweep.points().map(|point| point.iterations).collect();
        assert!(iterations.is_sorted_by(|a, b| a > b), "{iterations:?}");
    }

    #[test]
    fn a_dent_in_the_curve_is_passed_over() {
        let point = |task_us, efficiency| Point {
            iterations: 1,
            task_us,
            efficiency,
        };
        let points = [
            point(8.0, 0.9),
            point(4.0, 0.4),
            point(2.0, 0.8),
            point(1.0, 0.2),
        ];
        let found = metg(points.into_iter(), 0.4).unwrap();
        // Half-way between 0.2 and 0.8 in log scale.
        assert!(near(found, 2.0_f64.sqrt()), "{found}");
        assert_eq!(metg(points.into_iter(), 0.95), None);
    }
}
