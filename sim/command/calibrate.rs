//! `sprat-sim calibrate`: what things cost on this machine.

use crate::options::{print, write};
use crate::real::Real;
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
    "stencil2d:tiles=8,edge=32,steps=12",
    "stencil2d:tiles=8,edge=64,steps=8",
    "stencil2d:tiles=8,edge=128,steps=4",
    "stencil2d:tiles=6,edge=256,steps=4",
    "cholesky:tiles=8,edge=16",
    "cholesky:tiles=8,edge=32",
    "cholesky:tiles=8,edge=64",
    "cholesky:tiles=6,edge=96",
    "wavefront:tiles=16,edge=32",
    "wavefront:tiles=12,edge=64",
    "wavefront:tiles=8,edge=128",
    "pagerank:scale=12,parts=16,steps=4",
    "pagerank:scale=14,parts=16,steps=3",
    "pagerank:scale=13,parts=48,steps=4",
    "random:count=1000,blocks=64,operations=1000",
    "random:count=1000,blocks=64,operations=8000",
    "random:count=500,blocks=64,operations=64000",
];

/// What was measured: the runtime's costs, and for each codelet's name, on so many engines, what an operation takes in bodies of
/// several sizes: `(operations, nanoseconds of one)`, the small ones first.
pub(crate) struct Measured {
    pub(crate) costs: Costs,
    rates: BTreeMap<(&'static str, usize), Vec<(f64, f64)>>,
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
        let mut rates: BTreeMap<_, Vec<(f64, f64, f64)>> = BTreeMap::new();
        for xes in 1..=xes {
            let runtime = runtime(xes)?;
            for text in MEASURED {
                let workload = named(text, xes as u16)?;
                let real = Real::new(&runtime, &workload)?;
                real.run(None)?;
                let times: Vec<AtomicU64> = workload
                    .codelets
                    .iter()
                    .map(|_| AtomicU64::new(0))
                    .collect();
                for _ in 0..5 {
                    real.run(Some(&times))?;
                    for (codelet, time) in workload.codelets.iter().zip(&times) {
                        let Cost::Operations(operations) = codelet.cost else {
                            continue;
                        };
                        // Bodies of about the same size are put together: four sizes in each power of two.
                        let size = (operations.max(1) as f64).log2();
                        let group = rates
                            .entry((codelet.name, xes, (size * 4.0) as u64))
                            .or_default();
                        group.push((time.load(Relaxed) as f64, operations as f64, size));
                    }
                }
            }
        }
        let mut all: BTreeMap<_, Vec<(f64, f64)>> = BTreeMap::new();
        for ((name, xes, _), mut group) in rates {
            // Who was interrupted says nothing about the body: the slowest tenth is cut to what comes before it.
            group.sort_by(|a, b| a.0.total_cmp(&b.0));
            let most = group[group.len() * 9 / 10].0;
            let sum =
                |value: &dyn Fn(&(f64, f64, f64)) -> f64| group.iter().map(value).sum::<f64>();
            let (ns, operations) = (sum(&|one| one.0.min(most)), sum(&|one| one.1));
            let size = operations / group.len() as f64;
            all.entry((name, xes))
                .or_default()
                .push((size, ns / operations.max(1.0)));
        }
        Ok(Measured {
            costs: costs(xes)?,
            rates: all,
        })
    }

    /// How long a body takes on so many engines: on a line between the sizes that were measured.
    pub(crate) fn ns(&self, name: &'static str, xes: usize, operations: u64) -> Option<u64> {
        let rates = self.rates.get(&(name, xes))?;
        let size = operations.max(1) as f64;
        let after = rates.iter().position(|(known, _)| *known >= size);
        let rate = match after {
            None => rates.last()?.1,
            Some(0) => rates[0].1,
            Some(at) => {
                let ((a, low), (b, high)) = (rates[at - 1], rates[at]);
                let share = (size.ln() - a.ln()) / (b.ln() - a.ln());
                low + share * (high - low)
            }
        };
        Some((rate * size).round() as u64)
    }

    /// The workload with measured times.
    pub(crate) fn timed(&self, workload: &Workload, xes: usize) -> Workload {
        let mut timed = workload.clone();
        for codelet in &mut timed.codelets {
            if let Cost::Operations(operations) = codelet.cost
                && let Some(ns) = self.ns(codelet.name, xes, operations)
            {
                codelet.cost = Cost::Ns(ns);
            }
        }
        timed
    }

    /// Operations a nanosecond of a codelet, in the largest bodies that were measured.
    fn rate(&self, name: &'static str) -> f64 {
        let rates = self.rates.get(&(name, 1));
        rates
            .and_then(|rates| rates.last())
            .map_or(1.0, |(_, ns)| 1.0 / ns)
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
        let xes = runtime_xes()?;
        eprintln!("measuring for some seconds; what else runs on this machine is measured, too");
        let measured = Measured::new(xes.min(2))?;
        let text = file(&topology, xes, &measured, bandwidth(xes)?);
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
fn file(topology: &Topology, xes: usize, measured: &Measured, (one, all): (f64, f64)) -> String {
    let costs = &measured.costs;
    let rate = measured.rate("gemm");
    let cache = |level: u32| {
        topology
            .caches
            .iter()
            .find(|cache| cache.level == level)
            .map_or(1 << 20, |cache| cache.bytes)
    };
    let regions = topology.regions.len().max(1);
    let memory: u64 = topology
        .regions
        .iter()
        .map(|region| region.bytes)
        .sum::<u64>()
        / regions as u64;
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
bandwidth = \"{all:.1} GB/s\" # measured: {one:.1} with one engine
latency = \"100 ns\"      # assumed

[group.node]
holds = [\"{regions} region\"]

[group.region]
holds = [\"{} core\"]
memory = [\"ram\"]
domain = true
",
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
        xes / regions,
    )
}
