//! What can be chosen about a runtime, and its start.

use crate::config::Settings;
use crate::decide::plan::{self, CeMode, Plan, Wishes};
use crate::decide::policy::Tuning;
use crate::error::{Error, ErrorKind, Result};
use crate::id::RuntimeId;
use crate::idle::Parker;
use crate::memory_region::{Pool, PoolOptions};
use crate::runtime::Runtime;
use crate::shared::Shared;
use crate::sync::atomic::Ordering;
use crate::sync::{Arc, thread};
use crate::topology::{self, CpuSet, Source, Topology};
use std::time::Instant;

/// What can be chosen about a runtime. What is said here goes before `SPRAT_*` variables, and those before what the
/// topology suggests.
#[derive(Clone, Debug, Default)]
#[must_use = "a builder does nothing until `build`"]
pub struct Builder {
    xes: Option<usize>,
    mode: Option<CeMode>,
    pin: Option<bool>,
    spin_us: Option<u64>,
    oversubscribe: Option<bool>,
    topology: Option<Topology>,
    ignores_environment: bool,
}

impl Runtime {
    /// Finds the machine, plans the engines and starts them. `SPRAT_*` variables apply: see `docs/configuration.md`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if a variable makes no sense;
    /// [`ErrorKind::System`](crate::ErrorKind::System) if threads or memory are refused.
    pub fn new() -> Result<Self> {
        Self::builder().build()
    }

    /// A builder, for everything that can be chosen.
    pub fn builder() -> Builder {
        Builder::new()
    }
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// So many execution engines. Default: one for each core that this process may use.
    pub fn xes(mut self, xes: usize) -> Self {
        self.xes = Some(xes);
        self
    }

    /// How much of a core each control engine owns. Default: chosen from the topology.
    pub fn ce(mut self, mode: CeMode) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Whether engines are pinned to their processors. Default: yes, on machines that exist.
    pub fn pin(mut self, pin: bool) -> Self {
        self.pin = Some(pin);
        self
    }

    /// How long an engine without work looks on before it parks, in microseconds. Default: measured at the start.
    pub fn spin_us(mut self, spin_us: u64) -> Self {
        self.spin_us = Some(spin_us);
        self
    }

    /// Allows more engines than hardware threads: for tests, not for speed.
    pub fn oversubscribe(mut self, allowed: bool) -> Self {
        self.oversubscribe = Some(allowed);
        self
    }

    /// A topology of one's own instead of this machine's. Engines on a synthetic one are not pinned.
    pub fn topology(mut self, topology: Topology) -> Self {
        self.topology = Some(topology);
        self
    }

    /// `SPRAT_*` variables do not apply.
    pub fn ignore_environment(mut self) -> Self {
        self.ignores_environment = true;
        self
    }

    /// The plan that [`Builder::build`] would carry out, and the topology it is for.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] and [`ErrorKind::Topology`], as for `build`.
    pub fn plan(&self) -> Result<(Topology, Plan)> {
        let settings = self.settings()?;
        self.plan_with(&settings)
    }

    fn settings(&self) -> Result<Settings> {
        if self.ignores_environment {
            Ok(Settings::default())
        } else {
            Settings::from_environment()
        }
    }

    fn plan_with(&self, settings: &Settings) -> Result<(Topology, Plan)> {
        let topology = match (&self.topology, &settings.topology) {
            (Some(topology), _) => topology.clone(),
            (None, Some(description)) => Topology::synthetic(description)?,
            (None, None) => Topology::detect()?,
        };
        let mode = match (self.mode, &settings.ce) {
            (Some(mode), _) => Some(mode),
            (None, Some(text)) => Some(text.parse::<CeMode>().map_err(|error| {
                Error::new(
                    ErrorKind::Config,
                    format!("the environment variable SPRAT_CE: {error}"),
                )
            })?),
            (None, None) => None,
        };
        let wishes = Wishes {
            xes: self.xes.or(settings.xes),
            mode,
            oversubscribe: self
                .oversubscribe
                .or(settings.oversubscribe)
                .unwrap_or(false),
        };
        let plan = plan::plan(&topology, &wishes).map_err(|error| {
            match self.xes.is_none() && settings.xes.is_some() {
                true => Error::new(
                    error.kind(),
                    format!("the environment variable SPRAT_XES: {error}"),
                ),
                false => error,
            }
        })?;
        Ok((topology, plan))
    }

    /// Starts the runtime.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if a choice makes no sense (zero engines, more than the machine has); the text says what
    /// does. [`ErrorKind::Topology`] if the topology makes none. [`ErrorKind::System`] if threads or memory are refused.
    pub fn build(self) -> Result<Runtime> {
        let settings = self.settings()?;
        let (topology, plan) = self.plan_with(&settings)?;
        let real = !matches!(topology.source, Source::Synthetic(_));
        let pin = self.pin.or(settings.pin).unwrap_or(true) && real;
        let tuning = match self.spin_us.or(settings.spin_us) {
            Some(us) => Tuning {
                spin_ns: us.saturating_mul(1000),
                ..Tuning::default()
            },
            None => Tuning::from_wake_up(measure_wake_up()?),
        };
        let pools = (0..plan.regions)
            .map(|region| Ok(Arc::new(Pool::new(region as u16, PoolOptions::default())?)));
        let pools = pools.collect::<Result<Box<[_]>>>()?;
        let id = RuntimeId::take().ok_or_else(|| {
            Error::new(
                ErrorKind::System,
                "65,535 runtimes live in this process; drop some",
            )
        })?;
        let shared = Shared::new(id, plan, tuning, pools).inspect_err(|_| id.release())?;
        if pin {
            let cpus = shared
                .plan
                .domains
                .iter()
                .flat_map(|domain| &domain.ce_cpus);
            shared.io.stay_on(cpus.copied().collect());
        }
        let threads = start(&shared, pin).inspect_err(|_| shared.stop())?;
        Ok(Runtime::own(shared, topology, pin, threads))
    }
}

/// Starts a thread for each seat and each control engine that is not one of them.
fn start(shared: &std::sync::Arc<Shared>, pin: bool) -> Result<Vec<thread::JoinHandle<()>>> {
    let mut threads = Vec::new();
    for (xe, plan) in shared.plan.xes.iter().enumerate() {
        let (engine, cpus) = (shared.clone(), CpuSet::from_iter([plan.cpu]));
        threads.push(spawn(
            format!("sprat-xe{xe}"),
            pin.then_some(cpus),
            move || {
                engine.seat_loop(xe as u16);
            },
        )?);
    }
    if shared.plan.mode != CeMode::Elastic {
        for (domain, plan) in shared.plan.domains.iter().enumerate() {
            let (engine, cpus) = (shared.clone(), plan.ce_cpus.iter().copied().collect());
            threads.push(spawn(
                format!("sprat-ce{domain}"),
                pin.then_some(cpus),
                move || {
                    engine.control_loop(&engine.domains[domain], engine.plan.polls(domain));
                },
            )?);
        }
    }
    Ok(threads)
}

fn spawn(
    name: String,
    cpus: Option<CpuSet>,
    work: impl FnOnce() + Send + 'static,
) -> Result<thread::JoinHandle<()>> {
    let text = format!(
        "the thread {name} could not be started; ask for fewer engines, or raise the limit on threads"
    );
    let started = thread::Builder::new().name(name).spawn(move || {
        if let Some(cpus) = cpus {
            // Refused inside some containers: then the engine works wherever it is put.
            let _ = topology::set_affinity(&cpus);
        }
        work();
    });
    started.map_err(|error| Error::system(text, error))
}

/// How long a parked thread takes from being woken until it runs, in nanoseconds: the median of a few.
fn measure_wake_up() -> Result<u64> {
    const ROUNDS: usize = 5;
    let beds = std::sync::Arc::new((Parker::new(), Parker::new()));
    let theirs = beds.clone();
    beds.1.adopt();
    let sleeper = spawn("sprat-measure".to_owned(), None, move || {
        theirs.0.adopt();
        for _ in 0..=ROUNDS {
            theirs.0.wait();
            theirs.1.wake();
        }
    })?;
    let mut times: Vec<u64> = (0..=ROUNDS)
        .map(|_| {
            // Until the other is likely to sleep; a first trip that finds it awake is dropped below.
            let pause = Instant::now();
            while pause.elapsed().as_micros() < 30 {
                crate::sync::spin_hint();
            }
            let begin = Instant::now();
            beds.0.wake();
            beds.1.wait();
            begin.elapsed().as_nanos() as u64 / 2
        })
        .skip(1)
        .collect();
    // It ends by itself; its result says nothing.
    let _ = sleeper.join();
    times.sort_unstable();
    Ok(times[times.len() / 2])
}

impl Shared {
    /// Sends the engines home.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        for domain in &self.domains {
            domain.control.bed.wake();
        }
        for seat in &self.seats {
            let idle = &self.domains[usize::from(seat.domain)].idle;
            if idle.claim(usize::from(seat.place)) {
                idle.begin_search();
            }
            seat.occupancy.bed(false).wake();
        }
    }
}
