//! Measuring: in each repetition, and at each task length, all systems take their turns, so that what changes with the
//! hour changes for all.

use super::case::Case;
use super::curve::Curve;
use super::lattice::Lattice;
use super::pattern::Pattern;
use super::sweep::{Point, Sweep};
use super::systems::{Runner, Setup, System};
use super::work::{Kernel, Work};
use crate::kernels::median;
use crate::system;
use crate::team::Team;
use crate::{Error, Result};
use indicatif::{ProgressBar, ProgressStyle};
use sprat::CeMode;
use std::thread;
use std::time::Duration;

/// How long the tasks are with which each sweep begins, in seconds.
const FIRST_TASK: f64 = 20e-6;
/// Tasks that take this many microseconds are not made longer.
const LONGEST: f64 = 1000.0;
/// A run that took so long is measured once, a shorter one again and again.
const LONG: Duration = Duration::from_millis(20);
/// So often; the median counts. A run for warming up goes before them.
const TURNS: usize = 3;
/// How long each worker computes when the peak is measured, in seconds, about.
const PEAK: f64 = 20e-3;

/// What to measure.
pub struct Plan {
    /// These systems.
    pub systems: Vec<&'static System>,
    /// On these patterns.
    pub patterns: Vec<Pattern>,
    /// With these kernels' tasks.
    pub kernel: Kernel,
    /// With so many workers.
    pub workers: Vec<usize>,
    /// With rows of so many tasks.
    pub widths: Vec<usize>,
    /// So many rows.
    pub steps: usize,
    /// Shares of the peak.
    pub efficiencies: Vec<f64>,
    /// So many sweeps of each system.
    pub runs: usize,
    /// The mode of our control engines.
    pub ce: CeMode,
    /// Who does not reach an efficiency is not given longer tasks when a run took so long.
    pub patience: Duration,
}

/// What was measured.
pub struct Outcome {
    /// A curve for each system in each cell of the table.
    pub curves: Vec<Curve>,
    /// What a reader must know.
    pub notes: Vec<String>,
}

/// Measures.
///
/// # Errors
/// What a system says, or a wrong result, with the system and the pattern.
pub fn run(plan: &Plan) -> Result<Outcome> {
    let cells = plan.workers.len() * plan.widths.len() * plan.patterns.len();
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg} (about {eta} left)");
    let bar = ProgressBar::new((cells * plan.runs) as u64)
        .with_style(style.map_err(|why| Error::msg(why.to_string()))?);
    let (mut curves, mut notes) = (Vec::new(), Vec::new());
    for &workers in &plan.workers {
        let setup = Setup {
            cpus: system::cpus(workers)?,
            ce: plan.ce,
        };
        let mut runners = Vec::new();
        for system in &plan.systems {
            let told = |why| Error::msg(format!("{} did not start: {why}", system.name));
            runners.push(system.start(&setup).map_err(told)?);
        }
        for &width in &plan.widths {
            for &pattern in &plan.patterns {
                let mut cell = Cell::new(plan, &setup, pattern, width)?;
                for (runner, curve) in runners.iter_mut().zip(&cell.curves) {
                    let told = |why| Error::msg(format!("{}: {why}", curve.name()));
                    runner.prepare(&cell.lattice).map_err(told)?;
                }
                for _ in 0..plan.runs {
                    cell.sweep(plan, &mut runners, &bar)?;
                    bar.inc(1);
                }
                notes.push(cell.note(workers));
                curves.extend(cell.curves);
            }
        }
    }
    bar.finish_and_clear();
    Ok(Outcome { curves, notes })
}

/// A pattern at a width, with some workers.
struct Cell {
    lattice: Lattice,
    kernel: Kernel,
    team: Team,
    /// What all workers do in a second when nothing comes between: the most that was seen.
    peak: f64,
    /// Iterations of the tasks with which sweeps begin.
    base: u32,
    curves: Vec<Curve>,
}

impl Cell {
    fn new(plan: &Plan, setup: &Setup, pattern: Pattern, width: usize) -> Result<Self> {
        let curve = |system: &&'static System| Curve {
            system,
            pattern,
            workers: setup.cpus.len(),
            width,
            sweeps: Vec::new(),
            empty: Vec::new(),
        };
        let mut cell = Cell {
            lattice: Lattice::new(pattern, width, plan.steps),
            kernel: plan.kernel,
            team: Team::new(setup.cpus.clone()),
            peak: 0.0,
            base: 1,
            curves: plan.systems.iter().map(curve).collect(),
        };
        // The first warms up: memory, and the processor's clock.
        cell.measure_peak()?;
        cell.measure_peak()?;
        cell.base = cell.iterations(FIRST_TASK).round() as u32;
        Ok(cell)
    }

    /// Iterations that a worker does in so many seconds, at the peak.
    fn iterations(&self, seconds: f64) -> f64 {
        let each = Work::new(self.kernel, 1).per_iteration() * self.team.len() as f64;
        self.peak / each * seconds
    }

    /// For about [`PEAK`] seconds; the first time a few times for less, until it is known how much that is.
    fn measure_peak(&mut self) -> Result<()> {
        if self.peak == 0.0 {
            let mut iterations = 10_000;
            while self.compute(iterations)? < PEAK / 4.0 {
                iterations *= 4;
            }
        }
        self.compute(self.iterations(PEAK) as u32)?;
        Ok(())
    }

    /// All compute so many iterations. The seconds that it took.
    fn compute(&mut self, iterations: u32) -> Result<f64> {
        // The imbalanced kernel's peak is that of what it computes.
        let kernel = match self.kernel {
            Kernel::Imbalanced => Kernel::Compute,
            kernel => kernel,
        };
        let work = Work::new(kernel, iterations);
        let seconds = self.team.run(|me| work.run(me))?.as_secs_f64();
        let amount = f64::from(iterations) * work.per_iteration() * self.team.len() as f64;
        self.peak = self.peak.max(amount / seconds);
        Ok(seconds)
    }

    /// One repetition: each system goes along its whole curve, step by step, all at the same pace.
    fn sweep(
        &mut self,
        plan: &Plan,
        runners: &mut [Box<dyn Runner>],
        bar: &ProgressBar,
    ) -> Result<()> {
        self.measure_peak()?;
        let mut case = Case::new(&self.lattice, self.kernel);
        let scale = self.team.len() as f64 * 1e6 / self.lattice.tasks() as f64;
        let longest = LONGEST.min(plan.patience.as_secs_f64() * scale);
        let sweep = |_: &Curve| Sweep::new(self.base, &plan.efficiencies, longest);
        let mut sweeps: Vec<Sweep> = self.curves.iter().map(sweep).collect();
        loop {
            let mut is_done = true;
            for ((sweep, runner), curve) in sweeps.iter_mut().zip(&mut *runners).zip(&self.curves) {
                let Some(level) = sweep.next() else {
                    continue;
                };
                is_done = false;
                let iterations = sweep.iterations(level);
                bar.set_message(format!("{} {iterations}", curve.name()));
                let time = time(runner, &mut case, iterations, curve)?;
                sweep.add(
                    level,
                    Point {
                        iterations,
                        task_us: time * scale,
                        efficiency: case.amount() / time / self.peak,
                    },
                );
            }
            if is_done {
                break;
            }
        }
        for (curve, (sweep, runner)) in self.curves.iter_mut().zip(sweeps.into_iter().zip(runners))
        {
            let time = time(runner, &mut case, 0, curve)?;
            curve.empty.push(self.lattice.tasks() as f64 / time / 1e6);
            curve.sweeps.push(sweep.points().collect());
        }
        Ok(())
    }

    fn note(&self, workers: usize) -> String {
        let (peak, unit) = match self.kernel {
            Kernel::Memory => (self.peak / 1e9, "GB/s read and written"),
            _ => (self.peak / 1e9, "Gflop/s"),
        };
        format!(
            "{}, width {}, {workers} worker(s): peak {peak:.1} {unit}",
            self.lattice.pattern.name(),
            self.lattice.width
        )
    }
}

/// The time of a run in seconds: the median of a few, after one to warm up, so that threads that sleep between runs were
/// just awake; each is checked.
fn time(
    runner: &mut Box<dyn Runner>,
    case: &mut Case,
    iterations: u32,
    curve: &Curve,
) -> Result<f64> {
    let mut once = || {
        case.reset(case.work.with(iterations));
        let time = runner.run(case)?;
        case.check()?;
        runner.check(case)?;
        Ok(time)
    };
    let mut turn = || {
        let first = once()?;
        if first >= LONG {
            return Ok(first.as_secs_f64());
        }
        let times = (0..TURNS).map(|_| once().map(|time| time.as_secs_f64()));
        let mut times = times.collect::<Result<Vec<f64>>>()?;
        times.sort_by(f64::total_cmp);
        Ok(median(&times))
    };
    let time = turn().map_err(|why: Error| Error::msg(format!("{}: {why}", curve.name())));
    thread::sleep(curve.system.lingers);
    time
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metg::systems::{self, Start, Timed};

    fn plan(system: &'static System) -> Plan {
        Plan {
            systems: vec![system],
            patterns: vec![Pattern::Stencil1d],
            kernel: Kernel::Compute,
            workers: vec![1],
            widths: vec![4],
            steps: 10,
            efficiencies: vec![0.5],
            runs: 2,
            ce: CeMode::Shared,
            patience: Duration::from_secs(1),
        }
    }

    /// Runs the tasks in an order that it is given by number.
    struct Wrong(fn(usize) -> usize);

    impl Runner for Wrong {
        fn prepare(&mut self, _: &Lattice) -> Result<()> {
            Ok(())
        }

        fn run(&mut self, case: &Case) -> Result<Duration> {
            case.lattice.all().for_each(|task| case.run((self.0)(task)));
            Ok(Duration::from_micros(10))
        }
    }

    const fn wrong(start: fn(&Setup) -> Result<Box<dyn Runner>>) -> System {
        System {
            name: "wrong",
            about: "for tests",
            timed: Timed::Bound,
            lingers: Duration::ZERO,
            start: Start::Own(start),
        }
    }

    static REVERSED: System = wrong(|_| Ok(Box::new(Wrong(|task| 39 - task))));
    static TWICE: System = wrong(|_| Ok(Box::new(Wrong(|task| task.min(38)))));
    static ABSENT: System = wrong(|_| Err(Error::msg("it is not here")));

    fn said(system: &'static System) -> String {
        run(&plan(system)).err().expect("it is wrong").to_string()
    }

    #[test]
    fn a_wrong_system_gets_no_figure() {
        let reversed = said(&REVERSED);
        assert!(
            reversed.starts_with("wrong stencil_1d 4@1: wrong result"),
            "{reversed}"
        );
        let twice = said(&TWICE);
        assert!(
            twice.contains("nothing stands where the output of step 9, column 3"),
            "{twice}"
        );
        assert!(said(&ABSENT).contains("wrong did not start: it is not here"));
    }

    #[test]
    fn one_thread_in_program_order_is_near_the_peak_of_one() {
        let outcome = run(&plan(systems::find("serial").unwrap())).unwrap();
        let curve = &outcome.curves[0];
        assert_eq!((curve.sweeps.len(), curve.empty.len()), (2, 2));
        let points = curve.sweeps.concat();
        assert!(
            points.iter().any(|point| point.efficiency > 0.5),
            "{points:?}"
        );
        assert!(points.iter().all(|point| point.task_us > 0.0));
        assert!(curve.metg(0.5).is_some());
    }
}
