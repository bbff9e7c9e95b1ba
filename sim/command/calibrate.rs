//! `sprat-sim calibrate`: what things cost on this machine.

use crate::options::{print, write};
use crate::real::{Real, reference};
use clap::Args;
use sprat::topology::Topology;
use sprat::{Result, Runtime};
use sprat_sim::workload::named;
use sprat_sim::{Cost, Costs, Workload};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

#[derive(Args)]
pub(crate) struct Calibrate {
    /// Writes the machine file to FILE instead of printing it
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Workloads whose bodies are measured, for all that is validated; held-out cases have other sizes.
const MEASURED: &[&str] = &[
    "stencil2d:tiles=3,edge=64,steps=5",
    "stencil2d:tiles=6,edge=64,steps=5",
    "stencil2d:tiles=12,edge=64,steps=5",
    "stencil2d:tiles=3,edge=96,steps=5",
    "stencil2d:tiles=6,edge=96,steps=5",
    "stencil2d:tiles=12,edge=90,steps=5",
    "stencil2d:tiles=4,edge=128,steps=5",
    "stencil2d:tiles=8,edge=128,steps=5",
    "stencil2d:tiles=12,edge=128,steps=5",
    "stencil2d:tiles=3,edge=180,steps=5",
    "stencil2d:tiles=6,edge=180,steps=5",
    "stencil2d:tiles=8,edge=200,steps=5",
    "stencil2d:tiles=12,edge=48,steps=5",
    "stencil2d:tiles=6,edge=48,steps=5",
    "stencil2d:tiles=16,edge=34,steps=5",
    "stencil2d:tiles=8,edge=150,steps=5",
    "cholesky:tiles=4,edge=20",
    "cholesky:tiles=8,edge=20",
    "cholesky:tiles=14,edge=20",
    "cholesky:tiles=4,edge=30",
    "cholesky:tiles=8,edge=30",
    "cholesky:tiles=8,edge=36",
    "cholesky:tiles=12,edge=36",
    "cholesky:tiles=4,edge=42",
    "cholesky:tiles=8,edge=42",
    "cholesky:tiles=14,edge=42",
    "cholesky:tiles=4,edge=58",
    "cholesky:tiles=6,edge=58",
    "cholesky:tiles=4,edge=72",
    "cholesky:tiles=6,edge=72",
    "cholesky:tiles=4,edge=84",
    "cholesky:tiles=7,edge=84",
    "cholesky:tiles=5,edge=90",
    "wavefront:tiles=4,edge=70",
    "wavefront:tiles=8,edge=70",
    "wavefront:tiles=12,edge=70",
    "wavefront:tiles=4,edge=100",
    "wavefront:tiles=12,edge=100",
    "wavefront:tiles=8,edge=36",
    "wavefront:tiles=24,edge=36",
    "wavefront:tiles=16,edge=50",
    "wavefront:tiles=6,edge=120",
    "wavefront:tiles=8,edge=46",
    "pagerank:scale=12,parts=10,steps=4",
    "pagerank:scale=12,parts=20,steps=4",
    "pagerank:scale=12,parts=44,steps=4",
    "pagerank:scale=13,parts=14,steps=4",
    "pagerank:scale=13,parts=30,steps=4",
    "pagerank:scale=14,parts=10,steps=4",
    "pagerank:scale=14,parts=20,steps=4",
    "pagerank:scale=14,parts=48,steps=4",
    "random:count=600,blocks=100,operations=1500",
    "random:count=600,blocks=100,operations=6000",
    "random:count=600,blocks=100,operations=20000",
    "random:count=600,blocks=100,operations=40000",
];

/// Runs of each; the median of what bodies take in them counts.
const RUNS: usize = 9;

/// What was measured.
pub(crate) struct Measured {
    pub(crate) costs: Costs,
    /// By the codelet's name and the number of engines.
    bodies: BTreeMap<(&'static str, usize), Vec<Body>>,
}

/// Bodies of about one size in one workload.
struct Body {
    /// The logarithms of their operations, and of the bytes of all the workload's blocks.
    place: [f64; 2],
    /// What an operation takes, in times of the [`reference`] at that moment.
    rate: f64,
}

fn footprint(workload: &Workload) -> f64 {
    (workload.sizes.iter().sum::<u64>().max(1) as f64).ln()
}

fn runtime(xes: usize) -> Result<Runtime> {
    Runtime::builder().xes(xes).ignore_environment().build()
}

fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values[values.len() / 2]
}

impl Measured {
    /// Measures this machine with 1 to so many engines: several seconds.
    pub(crate) fn new(xes: usize) -> Result<Self> {
        let mut bodies: BTreeMap<_, Vec<Body>> = BTreeMap::new();
        for xes in 1..=xes {
            let runtime = runtime(xes)?;
            for text in MEASURED {
                let workload = named(text, xes as u16)?;
                let name = workload.codelets.last().map_or("", |codelet| codelet.name);
                let before_ns = reference(name);
                let times = times(&runtime, &workload)?;
                let reference_ns = (before_ns + reference(name)) / 2.0;
                for ((name, _), times) in times {
                    let body = Body::new(&times, footprint(&workload), reference_ns);
                    bodies.entry((name, xes)).or_default().push(body);
                }
            }
        }
        Ok(Measured {
            costs: costs(xes)?,
            bodies,
        })
    }

    /// How long a body takes on so many engines, in times of the reference: between those that were measured, the nearest by size and footprint count most
    /// (inverse distances; Shepard, "A two-dimensional interpolation function for irregularly-spaced data", 1968).
    fn takes(
        &self,
        name: &'static str,
        xes: usize,
        operations: u64,
        footprint: f64,
    ) -> Option<f64> {
        let bodies = self.bodies.get(&(name, xes))?;
        let size = operations.max(1) as f64;
        let place = [size.ln(), footprint];
        let weight = |body: &Body| {
            let far: f64 = place
                .iter()
                .zip(&body.place)
                .map(|(a, b)| (a - b).powi(2))
                .sum();
            (far + 0.01).powi(-2)
        };
        let weights: f64 = bodies.iter().map(weight).sum();
        let rates: f64 = bodies.iter().map(|body| weight(body) * body.rate).sum();
        Some(size * rates / weights)
    }

    /// The workload with measured times, on a machine that takes so long for the reference now.
    pub(crate) fn timed(&self, workload: &Workload, xes: usize, reference_ns: f64) -> Workload {
        let footprint = footprint(workload);
        let mut timed = workload.clone();
        for codelet in &mut timed.codelets {
            if let Cost::Operations(operations) = codelet.cost
                && let Some(takes) = self.takes(codelet.name, xes, operations, footprint)
            {
                codelet.cost = Cost::Ns((takes * reference_ns).round() as u64);
            }
        }
        timed
    }

    /// Operations a nanosecond of a codelet, at best, as the clock is now.
    fn rate(&self, name: &'static str) -> f64 {
        let bodies = self.bodies.get(&(name, 1)).map_or(&[][..], |bodies| bodies);
        let rates = bodies.iter().map(|body| 1.0 / body.rate);
        rates.fold(0.0, f64::max) / reference(name)
    }
}

/// What bodies took in a run `(nanoseconds, operations, bodies)` in all, by name and about by size: four sizes in each power of two.
type Sums = BTreeMap<(&'static str, u32), Vec<(f64, f64, f64)>>;

fn times(runtime: &Runtime, workload: &Workload) -> Result<Sums> {
    let real = Real::new(runtime, workload)?;
    real.run(None)?;
    let last: Vec<AtomicU64> = workload
        .codelets
        .iter()
        .map(|_| AtomicU64::new(0))
        .collect();
    let mut all = Sums::new();
    for run in 0..RUNS {
        real.run_calmly(Some(&last))?;
        for (codelet, time) in workload.codelets.iter().zip(&last) {
            if let Cost::Operations(operations) = codelet.cost {
                let operations = operations.max(1) as f64;
                let sums = all
                    .entry((codelet.name, (operations.log2() * 4.0) as u32))
                    .or_default();
                sums.resize(run + 1, (0.0, 0.0, 0.0));
                let sum = &mut sums[run];
                *sum = (
                    sum.0 + time.load(Relaxed) as f64,
                    sum.1 + operations,
                    sum.2 + 1.0,
                );
            }
        }
    }
    Ok(all)
}

impl Body {
    fn new(runs: &[(f64, f64, f64)], footprint: f64, reference_ns: f64) -> Self {
        let mut rates: Vec<f64> = runs
            .iter()
            .map(|(ns, operations, _)| ns / operations)
            .collect();
        rates.sort_by(f64::total_cmp);
        let (_, operations, count) = runs[0];
        Body {
            place: [(operations / count).ln(), footprint],
            rate: rates[rates.len() / 2] / reference_ns,
        }
    }
}

/// Empty codelets with so many accesses each on blocks of their own: nanoseconds of a spawn, and of all else, for each.
fn empty(runtime: &Runtime, accesses: usize) -> Result<(f64, f64)> {
    const COUNT: usize = 4_000;
    let blocks = runtime.blocks::<f64>(COUNT * accesses.max(1), 1)?;
    let (mut spawns, mut all) = (Vec::new(), Vec::new());
    for _ in 0..15 {
        let begin = Instant::now();
        let mut spawned = 0;
        runtime.finish(|s| {
            for number in 0..COUNT {
                let own = &blocks[number * accesses..(number + 1) * accesses];
                let writes: Vec<_> = own.iter().map(|block| block.read_write()).collect();
                let none: Vec<sprat::Read<f64>> = Vec::new();
                s.spawn((none, (Vec::<sprat::Write<f64>>::new(), writes)), |_, _| ());
            }
            spawned = begin.elapsed().as_nanos() as u64;
            Ok(())
        })?;
        spawns.push(spawned);
        all.push(begin.elapsed().as_nanos() as u64);
    }
    let (spawn, all) = (median(spawns) as f64, median(all) as f64);
    Ok((spawn / COUNT as f64, (all - spawn).max(0.0) / COUNT as f64))
}

/// From a spawn for an engine that sleeps to its body's begin.
fn wake(runtime: &Runtime) -> Result<u64> {
    let woke = AtomicU64::new(0);
    let mut times = Vec::new();
    for _ in 0..25 {
        std::thread::sleep(Duration::from_millis(2));
        let begin = Instant::now();
        runtime.finish(|s| {
            s.codelet("wake")
                .on_xe(runtime.xes() - 1)
                .spawn((), |_, ()| {
                    woke.store(begin.elapsed().as_nanos() as u64, Relaxed);
                });
            Ok(())
        })?;
        times.push(woke.load(Relaxed));
    }
    Ok(median(times))
}

fn costs(xes: usize) -> Result<Costs> {
    let one = runtime(1)?;
    let (none, some) = (empty(&one, 0)?, empty(&one, 4)?);
    let each = |none: f64, some: f64| ((some - none) / 4.0).max(0.0).round() as u64;
    Ok(Costs {
        spawn_ns: none.0.round() as u64,
        enter_ns: each(none.0, some.0),
        codelet_ns: none.1.round() as u64,
        access_ns: each(none.1, some.1),
        wake_ns: if xes > 1 { wake(&runtime(xes)?)? } else { 0 },
        ..Costs::default()
    })
}

/// Bytes a nanosecond that one engine copies, and that all copy together.
fn bandwidth(xes: usize) -> Result<(f64, f64)> {
    /// Larger than caches.
    const CELLS: usize = 8 << 20;
    let copy = |xes: usize| {
        let runtime = runtime(xes)?;
        let (from, to) = (
            runtime.blocks::<f64>(xes, CELLS)?,
            runtime.blocks::<f64>(xes, CELLS)?,
        );
        let mut times = Vec::new();
        for _ in 0..5 {
            let begin = Instant::now();
            runtime.finish(|s| {
                for xe in 0..xes {
                    let pinned = s.codelet("copy").on_xe(xe);
                    pinned.spawn((from[xe].read(), to[xe].write()), |_, (from, to)| {
                        to.copy_from_slice(from)
                    });
                }
                Ok(())
            })?;
            times.push(begin.elapsed().as_nanos() as u64);
        }
        Ok::<_, sprat::Error>((xes * CELLS * 16) as f64 / median(times) as f64)
    };
    Ok((copy(1)?, copy(xes)?))
}

impl Calibrate {
    pub(crate) fn run(&self) -> Result<()> {
        let topology = Topology::detect()?;
        let plan = Runtime::builder().ignore_environment().plan()?.1;
        let xes = plan.xes.len();
        let mut engines = vec![0; topology.regions.len().max(1)];
        plan.xes.iter().for_each(|xe| engines[xe.region] += 1);
        eprintln!("measuring for some seconds; what else runs on this machine is measured, too");
        let measured = Measured::new(xes.min(2))?;
        let text = file(&topology, &engines, &measured, bandwidth(xes)?);
        match &self.output {
            Some(path) => write(path, &text),
            None => {
                print(&text);
                Ok(())
            }
        }
    }
}

/// How many engines a runtime has here.
pub(crate) fn runtime_xes() -> Result<usize> {
    Ok(Runtime::builder().ignore_environment().build()?.xes())
}

/// This machine as a file. What cannot be measured here is said to be assumed.
fn file(
    topology: &Topology,
    engines: &[usize],
    measured: &Measured,
    (one, all): (f64, f64),
) -> String {
    let xes: usize = engines.iter().sum();
    let (groups, regions) = groups(engines);
    let costs = &measured.costs;
    let rate = measured.rate("gemm");
    let cache = |level: u32| {
        topology
            .caches
            .iter()
            .find(|cache| cache.level == level)
            .map_or(1 << 20, |cache| cache.bytes)
    };
    let with_engines = topology.regions.iter().zip(engines);
    let with_engines = with_engines.filter(|(_, engines)| **engines > 0);
    let memory: u64 = with_engines.map(|(region, _)| region.bytes).sum::<u64>() / regions;
    // What all copied together went through the memories of all regions.
    let each = all / regions as f64;
    format!(
        "# This machine, as `sprat-sim calibrate` found it. Engines draw what nobody measured: no energies are given.
name = \"this machine, {xes} cores\"
root = \"node\"
overlap = true

[control]
mode = \"shared\"
routine = \"2 us\"        # assumed

[cost]
spawn = \"{} ns\"         # measured
enter = \"{} ns\"         # measured
codelet = \"{} ns\"       # measured
access = \"{} ns\"        # measured
steal = \"{} ns\"         # assumed
look = \"{} ns\"          # assumed
wake = \"{} ns\"          # measured

[engine.core]
rate = \"{rate:.2} Gop/s\"   # measured: updates of tiles in the Cholesky factorisation
memory = \"l2\"

[memory.l2]
capacity = \"{} KiB\"     # source: the operating system
bandwidth = \"{:.1} GB/s\" # assumed: four times what memory gives to one core
latency = \"5 ns\"        # assumed

[memory.ram]
home = true
capacity = \"{} MiB\"     # source: the operating system
bandwidth = \"{each:.1} GB/s\" # measured: {one:.1} with one engine, {all:.1} with all in {regions} region(s)
latency = \"100 ns\"      # assumed

{groups}",
        costs.spawn_ns,
        costs.enter_ns,
        costs.codelet_ns,
        costs.access_ns,
        costs.steal_ns,
        costs.look_ns,
        costs.wake_ns,
        cache(2) >> 10,
        4.0 * one,
        memory >> 20,
    )
}

/// The groups of a machine whose regions have so many engines, as its file tells of them, and how many regions have some. Memory where no
/// engine is near is left out, which is said.
fn groups(engines: &[usize]) -> (String, u64) {
    let mut sizes: BTreeMap<usize, u64> = BTreeMap::new();
    for &engines in engines {
        *sizes.entry(engines).or_default() += 1;
    }
    let mut text = String::new();
    if let Some(left_out) = sizes.remove(&0) {
        text += &format!("# {left_out} memory region(s) without an engine are left out.\n");
    }
    // Regions of equal size are of one kind.
    let holds = sizes
        .iter()
        .map(|(engines, count)| format!("\"{count} region{engines}\""));
    let holds = holds.collect::<Vec<_>>().join(", ");
    text += &format!("[group.node]\nholds = [{holds}]\n");
    for engines in sizes.keys() {
        text += &format!(
            "\n[group.region{engines}]\nholds = [\"{engines} core\"]\nmemory = [\"ram\"]\ndomain = true\n"
        );
    }
    (text, sizes.values().sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sprat_sim::Description;

    /// What is written can be read, and has the engines and the bandwidth of the machine, whatever its regions are like.
    #[test]
    fn a_machine_of_several_regions_is_written_as_it_is() {
        let mut topology = Topology::synthetic("region:4 core:2").unwrap();
        topology
            .regions
            .iter_mut()
            .for_each(|region| region.bytes = 1 << 30);
        let measured = Measured {
            costs: Costs::default(),
            bodies: [(
                ("gemm", 1),
                vec![Body {
                    place: [0.0, 0.0],
                    rate: 1e-7,
                }],
            )]
            .into(),
        };
        for (engines, domains, bandwidth) in [
            (&[2, 2, 2, 2][..], 4, "10.0"),
            (&[2, 1, 2, 0], 3, "13.3"),
            (&[1, 0, 0, 0], 1, "40.0"),
        ] {
            let text = file(&topology, engines, &measured, (12.0, 40.0));
            let machine = Description::read("calibrated", &text).unwrap();
            let machine = machine.build(None).unwrap();
            let xes: usize = engines.iter().sum();
            assert_eq!(usize::from(machine.xes()), xes, "{text}");
            assert_eq!(machine.plan.domains.len(), domains);
            let (_, ram) = text.split_once("[memory.ram]").unwrap();
            assert!(
                ram.contains(&format!("bandwidth = \"{bandwidth} GB/s\"")),
                "{text}"
            );
            assert!(ram.contains("capacity = \"1024 MiB\""), "{text}");
        }
    }
}
