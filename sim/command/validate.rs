//! `sprat-sim validate`: simulations beside real runs on this machine, of cases that calibration has not seen.

use crate::calibrate::{Measured, runtime_xes};
use crate::options::{print, write};
use crate::real::{Real, reference};
use crate::report::json;
use clap::Args;
use serde::Serialize;
use sprat::decide::plan::Wishes;
use sprat::decide::policy::Tuning;
use sprat::topology::Topology;
use sprat::{Result, Runtime};
use sprat_sim::machine::units;
use sprat_sim::workload::{Workload, named};
use sprat_sim::{Affinity, Machine, simulate};
use std::path::PathBuf;

#[derive(Args)]
pub(crate) struct Validate {
    /// Where the held-out cases come from
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Also writes the summary to FILE: an array of {"workload", "cases", "median_error", "worst_error", "right_winner"}
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Also writes all cases to FILE, as a page
    #[arg(long, value_name = "FILE")]
    page: Option<PathBuf>,
    /// Pairs of cases of each workload
    #[arg(long, value_name = "N", default_value_t = 6)]
    pairs: usize,
}

/// What the JSON file has for each workload.
#[derive(Serialize)]
struct Summary {
    workload: &'static str,
    cases: usize,
    median_error: f64,
    worst_error: f64,
    /// Of the pairs whose measured gap exceeds the noise; `null` if there are none.
    right_winner: Option<f64>,
}

/// A prediction and what came of it.
struct Case {
    told: String,
    xes: usize,
    predicted_ns: u64,
    measured_ns: u64,
    /// Between the quarters of the measured runs, as a part of their median.
    noise: f64,
}

impl Case {
    fn error(&self) -> f64 {
        (self.predicted_ns as f64 / self.measured_ns as f64 - 1.0).abs()
    }
}

/// Two ways to do the same.
struct Pair {
    cases: [Case; 2],
    /// Whether the simulation named the faster one, if the measured gap exceeds the noise.
    right: Option<bool>,
}

const FAMILIES: [&str; 5] = ["stencil2d", "cholesky", "wavefront", "pagerank", "random"];

/// Runs that the median is taken of.
const RUNS: usize = 11;
/// A gap below this is noise on any machine.
const LEAST_NOISE: f64 = 0.03;

/// A number from a seed: splitmix64.
struct Seed(u64);

impl Seed {
    fn from(&mut self, low: u64, high: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        low + (z ^ (z >> 31)) % (high - low + 1)
    }
}

/// Two ways to do one thing: with other tiles, or with and without a wish for an engine.
fn pair(family: &str, seed: &mut Seed) -> [(String, bool); 2] {
    let mut two = |tiles: [u64; 2], edge: [u64; 2], more: fn(u64) -> String| {
        let tiles = seed.from(tiles[0], tiles[1]);
        let edge = seed.from(edge[0], edge[1]) / 2 * 2;
        let steps = seed.from(4, 12);
        let one =
            |tiles: u64, edge: u64| format!("{family}:tiles={tiles},edge={edge}{}", more(steps));
        match seed.from(0, 1) {
            0 => [(one(tiles, edge), true), (one(2 * tiles, edge / 2), true)],
            _ => [(one(tiles, edge), true), (one(tiles, edge), false)],
        }
    };
    match family {
        "stencil2d" => two([3, 8], [70, 200], |steps| format!(",steps={steps}")),
        "cholesky" => two([3, 7], [40, 90], |_| String::new()),
        "wavefront" => two([4, 12], [70, 120], |_| String::new()),
        "pagerank" => {
            let (scale, parts, steps) = (seed.from(12, 14), seed.from(10, 24), seed.from(3, 8));
            let one = |parts: u64| {
                format!(
                    "pagerank:scale={scale},parts={parts},steps={steps},seed={}",
                    scale + parts
                )
            };
            match seed.from(0, 1) {
                0 => [
                    (one(parts), true),
                    (
                        format!(
                            "pagerank:scale={scale},parts={},steps={steps},seed={}",
                            2 * parts,
                            scale + parts
                        ),
                        true,
                    ),
                ],
                _ => [(one(parts), true), (one(parts), false)],
            }
        }
        _ => {
            let (count, blocks, operations) = (
                seed.from(400, 3000),
                seed.from(8, 300),
                seed.from(1500, 40_000),
            );
            let one = |blocks: u64| {
                format!(
                    "random:count={count},blocks={blocks},operations={operations},seed={}",
                    seed.0 % 1000
                )
            };
            [(one(blocks), true), (one(2 + blocks / 8), true)]
        }
    }
}

impl Validate {
    pub(crate) fn run(&self) -> Result<()> {
        let most = runtime_xes()?.min(2);
        eprintln!("measuring for some seconds; what else runs on this machine is measured, too");
        let measured = Measured::new(most)?;
        let topology = Topology::detect()?;
        let mut seed = Seed(self.seed);
        let mut all = Vec::new();
        for family in FAMILIES {
            let mut pairs = Vec::new();
            for number in 0..self.pairs.max(1) {
                let xes = most - number % 3 / 2 * (most - 1);
                let [a, b] =
                    pair(family, &mut seed).map(|told| case(&topology, &measured, xes, told));
                pairs.push(judged([a?, b?]));
            }
            all.push((family, pairs));
        }
        let summaries: Vec<Summary> = all
            .iter()
            .map(|(family, pairs)| summary(family, pairs))
            .collect();
        if let Some(file) = &self.json {
            write(file, &json(&summaries))?;
        }
        if let Some(file) = &self.page {
            write(file, &self.page(&all, &summaries, &measured))?;
        }
        print(&(text(&summaries) + &together(&all)));
        Ok(())
    }

    fn page(
        &self,
        all: &[(&'static str, Vec<Pair>)],
        summaries: &[Summary],
        measured: &Measured,
    ) -> String {
        let costs = &measured.costs;
        let mut page = format!(
            "# Validation of the simulator

Simulations beside real runs of the runtime on one machine, by `cargo run --release -p sprat-sim -- validate --seed {} --page sim/VALIDATION.md`. The
bodies' times and the runtime's costs come from fixed calibration cases (`sim/command/calibrate.rs`); the cases below have other sizes, drawn from the
seed. A virtual machine's clock changes from minute to minute, so a small fixed body of the same kind is timed around each measurement, and bodies' times count in times of that one.
A run in which the kernel took a core away from the runtime is made again, up to 40 times; then the last one counts.
Each case was run {RUNS} times; the median counts, and the noise is the distance between the quarters. A pair is judged if its measured gap exceeds the noise of both,
and {:.0} %.

The target is a median error of at most 10 % and the right winner in at least 90 % of the judged pairs. The lines below say what was reached,
for each workload; pairs that were too close to judge count for neither.

```text
{}```

Costs that were measured: a spawn {} ns and {} ns for each access, a codelet {} ns and {} ns for each access, a wake-up {} ns.

| case | engines | measured | predicted | error | noise | winner |
|---|---|---|---|---|---|---|
",
            self.seed,
            100.0 * LEAST_NOISE,
            text(summaries) + &together(all),
            costs.spawn_ns,
            costs.enter_ns,
            costs.codelet_ns,
            costs.access_ns,
            costs.wake_ns,
        );
        for pair in all.iter().flat_map(|(_, pairs)| pairs) {
            for (at, case) in pair.cases.iter().enumerate() {
                let winner = match (at, pair.right) {
                    (0, _) => "",
                    (_, None) => "too close",
                    (_, Some(true)) => "right",
                    (_, Some(false)) => "wrong",
                };
                page += &format!(
                    "| {} | {} | {} | {} | {:.1} % | {:.1} % | {winner} |\n",
                    case.told,
                    case.xes,
                    units::time(case.measured_ns as f64),
                    units::time(case.predicted_ns as f64),
                    100.0 * case.error(),
                    100.0 * case.noise,
                );
            }
        }
        page
    }
}

fn case(
    topology: &Topology,
    measured: &Measured,
    xes: usize,
    (told, with_wishes): (String, bool),
) -> Result<Case> {
    let mut workload = named(&told, xes as u16)?;
    if !with_wishes {
        workload
            .codelets
            .iter_mut()
            .for_each(|codelet| codelet.affinity = Affinity::Anywhere);
    }
    let runtime = Runtime::builder().xes(xes).ignore_environment().build()?;
    let real = Real::new(&runtime, &workload)?;
    real.run(None)?;
    let name = workload.codelets.last().map_or("", |codelet| codelet.name);
    let before_ns = reference(name);
    let mut times = (0..RUNS)
        .map(|_| real.run_calmly(None))
        .collect::<Result<Vec<u64>>>()?;
    let reference_ns = (before_ns + reference(name)) / 2.0;
    let predicted_ns = predict(topology, measured, xes, &workload, reference_ns)?;
    times.sort_unstable();
    let measured_ns = times[RUNS / 2];
    Ok(Case {
        told: if with_wishes {
            told
        } else {
            told + ", no wishes"
        },
        xes,
        predicted_ns,
        measured_ns,
        noise: (times[RUNS * 3 / 4] - times[RUNS / 4]) as f64 / measured_ns as f64,
    })
}

fn predict(
    topology: &Topology,
    measured: &Measured,
    xes: usize,
    workload: &Workload,
    reference_ns: f64,
) -> Result<u64> {
    let wishes = Wishes {
        xes: Some(xes),
        ..Wishes::default()
    };
    let mut machine = Machine::new(topology, &wishes)?;
    machine.costs = measured.costs.clone();
    machine.tuning = Tuning::from_wake_up(measured.costs.wake_ns);
    let timed = measured.timed(workload, xes, reference_ns);
    Ok(simulate(&machine, &timed)?.makespan_ns)
}

fn judged(cases: [Case; 2]) -> Pair {
    let [a, b] = &cases;
    let gap = a.measured_ns as f64 / b.measured_ns as f64;
    let noise = (a.noise + b.noise).max(LEAST_NOISE);
    let right =
        ((gap - 1.0).abs() > noise).then_some((gap > 1.0) == (a.predicted_ns > b.predicted_ns));
    Pair { cases, right }
}

fn summary(workload: &'static str, pairs: &[Pair]) -> Summary {
    let mut errors: Vec<f64> = pairs
        .iter()
        .flat_map(|pair| &pair.cases)
        .map(Case::error)
        .collect();
    errors.sort_by(f64::total_cmp);
    let judged: Vec<bool> = pairs.iter().filter_map(|pair| pair.right).collect();
    let right = judged.iter().filter(|right| **right).count();
    Summary {
        workload,
        cases: errors.len(),
        median_error: errors[errors.len() / 2],
        worst_error: errors[errors.len() - 1],
        right_winner: (!judged.is_empty()).then(|| right as f64 / judged.len() as f64),
    }
}

/// The line for all cases.
fn together(all: &[(&'static str, Vec<Pair>)]) -> String {
    let pairs = || all.iter().flat_map(|(_, pairs)| pairs);
    let mut errors: Vec<f64> = pairs()
        .flat_map(|pair| &pair.cases)
        .map(Case::error)
        .collect();
    errors.sort_by(f64::total_cmp);
    let judged = pairs().filter_map(|pair| pair.right);
    let (count, right) = (
        judged.clone().count(),
        judged.filter(|right| *right).count(),
    );
    format!(
        "{:<12} {:>6} {:>11.1} % {:>10.1} % {:>13}\n",
        "all",
        errors.len(),
        100.0 * errors[errors.len() / 2],
        100.0 * errors[errors.len() - 1],
        format!("{right} of {count}"),
    )
}

fn text(summaries: &[Summary]) -> String {
    let mut text = format!(
        "{:<12} {:>6} {:>13} {:>12} {:>13}\n",
        "workload", "cases", "median error", "worst error", "right winner"
    );
    for one in summaries {
        let winner = one.right_winner.map_or("none judged".to_owned(), |right| {
            format!("{:.0} %", 100.0 * right)
        });
        text += &format!(
            "{:<12} {:>6} {:>11.1} % {:>10.1} % {winner:>13}\n",
            one.workload,
            one.cases,
            100.0 * one.median_error,
            100.0 * one.worst_error
        );
    }
    text
}
