//! What can be chosen about a runtime, and its start.

mod energy;

use crate::about::about;
use crate::check::Check;
use crate::config::{Seed, Settings};
use crate::decide::locality::Locality;
use crate::decide::plan::{self, CeMode, Plan, Wishes};
use crate::decide::policy::{Policy, Tuning};
use crate::decide::regrouping::Regrouping;
use crate::decide::throttle::Marks;
use crate::error::{Error, ErrorKind, Result};
use crate::homes::Homes;
use crate::id::RuntimeId;
use crate::ledger::{Ledgers, Mind};
use crate::live;
use crate::memory_region;
use crate::page::Place;
use crate::runtime::Runtime;
use crate::shared::Shared;
use crate::start::start;
use crate::start_thread::measure_wake_up;
use crate::sync::lock;
use crate::top::Top;
use crate::topology::{Source, Topology};
use crate::tracing::Trace;
use std::path::PathBuf;

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
    live_codelets: Option<usize>,
    stack_bytes: Option<usize>,
    check: Option<u64>,
    memory_report: Option<bool>,
    relieve: Option<bool>,
    replica_bytes: Option<usize>,
    policy: Option<Policy>,
    power_cap: Option<f64>,
    power_files: Option<PathBuf>,
    trace: Option<PathBuf>,
    top: Option<Place>,
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

/// The smallest stack of an engine: what the runtime itself needs, several times, also where nothing is optimised.
const LEAST_STACK: usize = 256 << 10;

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

    /// A topology of one's own instead of this machine's. Engines on one from a file are pinned only if [`Builder::pin`] says so,
    /// those on a synthetic one never.
    pub fn topology(mut self, topology: Topology) -> Self {
        self.topology = Some(topology);
        self
    }

    /// About how many codelets may live at a time before a host thread that spawns more in the body of a scope is held
    /// back: then it runs codelets itself, or sleeps, until there are fewer, or until nothing else can run. Codelets that
    /// spawn are never held back. So such a body must not hold what its codelets wait for (a lock, say) while it spawns.
    /// Default: as many as an eighth of the memory that the process may use has room for (at 256 bytes each), but at
    /// most 8,192 for each execution engine.
    ///
    /// 0 is an error of [`Builder::build`].
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// let rt = sprat::Runtime::builder().live_codelets(1000).build()?;
    /// rt.finish(|s| {
    ///     for _ in 0..100_000 {
    ///         s.spawn((), |_, ()| ());
    ///     }
    ///     Ok(())
    /// })?;
    /// assert!(rt.codelet_bytes() < 100_000 * 128);
    /// # Ok(())
    /// # }
    /// ```
    pub fn live_codelets(mut self, most: usize) -> Self {
        self.live_codelets = Some(most);
        self
    }

    /// So many bytes of stack for the thread of each execution engine: for bodies that keep large arrays there, as Fortran's
    /// often do. At least 256 KiB, since the runtime itself runs there. Default: that of Rust's threads, 2 MiB unless the variable `RUST_MIN_STACK` says otherwise. A host thread
    /// that helps in a scope has its own stack, which the system sets (`ulimit -s`).
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// let rt = sprat::Runtime::builder().stack_bytes(16 << 20).build()?;
    /// rt.finish(|s| {
    ///     s.codelet("large frame").spawn((), |_, ()| {
    ///         let table = std::hint::black_box([1u8; 100_000]);
    ///         assert_eq!(table[99_999], 1);
    ///     });
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn stack_bytes(mut self, bytes: usize) -> Self {
        self.stack_bytes = Some(bytes);
        self
    }

    /// The checking mode: finds what the type system cannot refuse, in `unsafe` code and in programs that depend on an
    /// order they did not ask for. Slow, for tests; `SPRAT_CHECK=1` turns it on from outside.
    ///
    /// - One execution engine runs all codelets, each time one of those that are ready, as a generator with this seed
    ///   says: the same seed replays the same schedule, as long as one host thread spawns and no other thread satisfies
    ///   events meanwhile. How many engines were asked for does not matter; [`Runtime::plan`] says so in its reason.
    /// - Blocks are accessible only while a body runs that declared them; destroyed ones never again (their addresses
    ///   are used again after 1 GiB or 32,768 other destroyed blocks). Whoever touches one all the same, through an
    ///   address that it kept, ends the process, with a message that names the codelet and the block.
    /// - What a `write` finds is overwritten before the body: not a number as `f32` or `f64`.
    /// - A body that changes a block which it declared for reading is told of, on the standard error stream and in the
    ///   scope's error ([`ErrorKind::Check`]); the contents are mended, and the program goes on.
    /// - When the last handle goes, blocks that codelets made and nobody destroyed, and events that nobody satisfied, are
    ///   told of: see [`Runtime::leftovers`].
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// let rt = sprat::Runtime::builder().check(7).build()?;
    /// let block = rt.block::<f64>(4)?;
    /// rt.finish(|s| {
    ///     // Wrong: what `write` finds is unspecified.
    ///     s.spawn(block.write(), |_, data| data[0] += 1.0);
    ///     Ok(())
    /// })?;
    /// assert!(rt.read(block, |data| data[0].is_nan())?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn check(mut self, seed: u64) -> Self {
        self.check = Some(seed);
        self
    }

    /// Keeps account of which codelets touch which blocks from which memory regions, for [`Runtime::memory_report`].
    /// Default: no. It costs each codelet with accesses some tens of nanoseconds; `SPRAT_MEMORY_REPORT=1` turns it on from
    /// outside.
    pub fn memory_report(mut self, kept: bool) -> Self {
        self.memory_report = Some(kept);
        self
    }

    /// Whether engines that limp (a quota, another program on their core) or do not move (frozen) are relieved of what others can run: see
    /// [`Runtime::relieved_xes`]. Default: no, since one that is relieved after a bad moment is tried again some seconds later only.
    /// `SPRAT_RELIEVE=1` turns it on from outside.
    pub fn relieve(mut self, relieved: bool) -> Self {
        self.relieve = Some(relieved);
        self
    }

    /// All copies of blocks together take so many bytes at most: see [`Scope::replicate`](crate::Scope::replicate). Default: an eighth of the memory
    /// that the process may use. With 0 nothing is copied.
    pub fn replica_bytes(mut self, most: usize) -> Self {
        self.replica_bytes = Some(most);
        self
    }

    /// What the runtime aims at. Default: [`Policy::Performance`]; `SPRAT_POLICY=locality` chooses from outside. In the checking mode it says nothing. It can be changed
    /// while the runtime runs: [`Runtime::set_policy`](crate::Runtime::set_policy).
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// use sprat::{Policy, Runtime};
    ///
    /// let rt = Runtime::builder().policy(Policy::Locality).build()?;
    /// // Blocks move to where they are used.
    /// println!("{:?}", rt.move_counts());
    /// # Ok(())
    /// # }
    /// ```
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// Keeps a trace in this file: who spawned what, what waited for what, who ran what and when, and which blocks it touched. The command
    /// `sprat report FILE` shows it. `SPRAT_TRACE=FILE` turns it on from outside. Default: no.
    ///
    /// `%p` in the name stands for the process's number. A further runtime of the process that is to write the same file takes
    /// the name with `-2`, `-3` and so on before its ending. Another process takes it with its number there while the first one runs, and
    /// says so on standard error.
    ///
    /// The file is written as the program goes, and ends when the last handle goes. So of a program that does not end well it has all but
    /// the last part.
    pub fn trace(mut self, file: impl Into<PathBuf>) -> Self {
        self.trace = Some(file.into());
        self
    }

    /// Shows what the runtime does now, for the command `sprat top`: a small page of shared memory, written ten times a second by a thread of
    /// its own. `SPRAT_TOP=1` or `SPRAT_TOP=FILE` turns it on from outside. Default: no. It costs each codelet some nanoseconds.
    pub fn top(mut self, place: Place) -> Self {
        self.top = Some(place);
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

    /// The stack of engines, if one was asked for.
    fn stack(&self) -> Result<Option<usize>> {
        match self.stack_bytes {
            Some(bytes) if bytes < LEAST_STACK => Err(Error::new(
                ErrorKind::Config,
                format!(
                    "a stack of {bytes} bytes, on which an engine would not get far; ask for at least {LEAST_STACK}"
                ),
            )),
            stack => Ok(stack),
        }
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
        let asked = self.xes.or(settings.xes);
        let checks = self.seed(settings).is_some();
        let wishes = Wishes {
            xes: if checks { Some(1) } else { asked },
            mode: if checks { Some(CeMode::Shared) } else { mode },
            oversubscribe: self
                .oversubscribe
                .or(settings.oversubscribe)
                .unwrap_or(false),
        };
        let mut plan = plan::plan(&topology, &wishes).map_err(|error| {
            match self.xes.is_none() && settings.xes.is_some() {
                true => Error::new(
                    error.kind(),
                    format!("the environment variable SPRAT_XES: {error}"),
                ),
                false => error,
            }
        })?;
        if checks {
            plan.reason = match asked {
                Some(xes) if xes != 1 => format!(
                    "the checking mode has one execution engine, whatever is asked for ({xes})"
                ),
                _ => "the checking mode has one execution engine".to_owned(),
            };
        }
        Ok((topology, plan))
    }

    /// What to aim at.
    fn aim(&self, settings: &Settings) -> Result<Policy> {
        match (self.policy, &settings.policy) {
            (Some(policy), _) => Ok(policy),
            (None, None) => Ok(Policy::default()),
            (None, Some(text)) => text.parse().map_err(|error| {
                Error::new(
                    ErrorKind::Config,
                    format!("the environment variable SPRAT_POLICY: {error}"),
                )
            }),
        }
    }

    /// The seed of the checking mode, if that is on.
    fn seed(&self, settings: &Settings) -> Option<Seed> {
        self.check.map(Seed::This).or(settings.check)
    }

    /// Where host threads that spawn are held back.
    fn marks(&self, settings: &Settings, xes: usize) -> Result<Marks> {
        let said = match self.live_codelets {
            Some(most) => Some((most, "live_codelets")),
            None => settings
                .live_codelets
                .map(|most| (most, "the environment variable SPRAT_LIVE_CODELETS")),
        };
        match said {
            None => Ok(Marks::by_memory(memory_region::usable_bytes(), xes)),
            Some((0, who)) => Err(Error::new(
                ErrorKind::Config,
                format!(
                    "{who} is 0, so nothing could be spawned; allow at least 1, better thousands"
                ),
            )),
            Some((most, _)) => Ok(Marks::at(most)),
        }
    }

    /// Starts the runtime.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if a choice makes no sense (zero engines, more than the machine has); the text says what
    /// does. [`ErrorKind::Topology`] if the topology makes none. [`ErrorKind::System`] if threads or memory are refused.
    pub fn build(self) -> Result<Runtime> {
        let settings = self.settings()?;
        let stack = self.stack()?;
        let (topology, plan) = self.plan_with(&settings)?;
        // A file's CPUs may be others than those here; a description's are numbers that were made up.
        let pin = self.pin.or(settings.pin);
        let pin = pin.unwrap_or(topology.source.is_this_machine())
            && !matches!(topology.source, Source::Synthetic(_));
        let mut tuning = match self.spin_us.or(settings.spin_us) {
            Some(us) => Tuning {
                spin_ns: us.saturating_mul(1000),
                ..Tuning::default()
            },
            None => {
                let far = plan.xes.iter().find(|xe| xe.core != plan.xes[0].core);
                let cpus = far.filter(|_| pin);
                let cpus = cpus.map(|far| [plan.xes[0].cpu, far.cpu]);
                Tuning::from_wake_up(measure_wake_up(cpus)?)
            }
        };
        tuning.live = self.marks(&settings, plan.xes.len())?;
        let check = self.seed(&settings).map(|seed| {
            Box::new(Check::new(match seed {
                Seed::This(seed) => seed,
                Seed::Any => any_seed(),
            }))
        });
        let copies = self
            .replica_bytes
            .map_or_else(default_replica_bytes, |bytes| bytes as u64);
        let policy = self.aim(&settings)?;
        let cap_uw = self.cap_uw(&settings)?;
        let mut homes = Homes::new(&topology, &plan, check.is_some(), copies)?;
        let id = RuntimeId::take().ok_or_else(|| {
            Error::new(
                ErrorKind::System,
                "65,535 runtimes live in this process; drop some",
            )
        })?;
        let reports = self.memory_report.or(settings.memory_report);
        // With one region there is nothing to bring together.
        let mind = (policy == Policy::Locality && check.is_none() && topology.regions.len() > 1)
            .then(|| mind(&plan, &homes));
        let reports = reports.unwrap_or(false);
        let ledgers =
            (reports || mind.is_some()).then(|| Ledgers::new(plan.xes.len(), reports, mind));
        let path = self.trace.or(settings.trace.map(PathBuf::from));
        let place = self.top.or(settings.top);
        let about = match path.is_some() || place.is_some() {
            true => about(&topology, &plan, pin),
            false => String::new(),
        };
        let trace = path.map(|path| {
            let distances = topology.regions.iter();
            let distances = distances.map(|region| region.distances.clone()).collect();
            Trace::create(&path, &about, distances)
        });
        let trace = trace.transpose().inspect_err(|_| id.release())?;
        let top = place.map(|place| Top::create(&place, &about));
        let top = top.transpose().inspect_err(|_| id.release())?;
        homes.moves.notes = trace.as_ref().map(|trace| trace.moves.clone());
        let shared = Shared::new(id, plan, tuning, homes, check, (ledgers, trace, top))
            .inspect_err(|_| id.release())?;
        if pin {
            let cpus = shared
                .plan
                .domains
                .iter()
                .flat_map(|domain| &domain.ce_cpus);
            shared.io.stay_on(cpus.copied().collect());
        }
        lock(&shared.cap).relieves = self.relieve.or(settings.relieve).unwrap_or(false);
        shared.tell_watchers();
        energy::survey(&shared, &topology, self.power_files.as_deref(), pin);
        shared.set_policy(policy);
        if cap_uw.is_some() {
            shared.set_power_cap(cap_uw)?;
        }
        let threads = start(&shared, pin, stack).inspect_err(|_| shared.stop())?;
        live::enter(&shared);
        Ok(Runtime::own(shared, topology, pin, threads))
    }
}

/// The mind of the policy `locality`, for this machine.
fn mind(plan: &Plan, homes: &Homes) -> Mind {
    let all = || 0..plan.regions as u16;
    let far: Vec<_> = all().map(|region| homes.far(region).to_vec()).collect();
    let can_hold = all().map(|region| homes.can_hold(region));
    let engines = |region| (plan.xes.iter()).filter(move |xe| xe.region == usize::from(region));
    let engines = all().map(|region| engines(region).count() as u64);
    Mind {
        blocks: Locality::new(far.clone(), can_hold.collect()),
        groups: Regrouping::new(far, engines.collect()),
    }
}

/// What copies of blocks may take if nobody says.
fn default_replica_bytes() -> u64 {
    memory_region::usable_bytes() as u64 / 8
}

/// A seed that is another one in each run, and short enough to be typed.
fn any_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0) % 1_000_000
}
