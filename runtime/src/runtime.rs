//! The runtime: started by a builder, used through handles, shut down with the last of them.

use crate::counters::{CeCounts, XeCounts};
use crate::data_block::{Block, Data};
use crate::decide::plan::Plan;
use crate::decide::policy::Policy;
use crate::error::Result;
use crate::group::Group;
use crate::guard::Place;
use crate::host;
use crate::live;
use crate::memory_region::PoolStats;
use crate::scope::Scope;
use crate::shared::Shared;
use crate::sync::atomic::Ordering;
use crate::sync::{Mutex, lock, thread};
use crate::topology::Topology;
use crate::trigger::{Event, Trigger, with_trigger};
use std::collections::BTreeMap;
use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A running Sprat: engines on this machine's cores, and the data blocks they work on.
///
/// Handles are cloned freely; when the last one is dropped the engines stop and the blocks go.
///
/// ```
/// # fn main() -> sprat::Result<()> {
/// let rt = sprat::Runtime::new()?;
/// let squares = rt.block::<u64>(10)?;
/// rt.finish(|s| {
///     s.spawn(squares.write(), |_, out| {
///         for (i, x) in out.iter_mut().enumerate() {
///             *x = (i * i) as u64;
///         }
///     });
///     Ok(())
/// })?;
/// assert_eq!(rt.read(squares, |x| x[9])?, 81);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Runtime {
    owner: Arc<Owner>,
}

/// Stops the engines when the last handle goes.
struct Owner {
    shared: Arc<Shared>,
    topology: Topology,
    pin: bool,
    threads: Mutex<Vec<thread::JoinHandle<()>>>,
}

impl Runtime {
    pub(crate) fn own(
        shared: Arc<Shared>,
        topology: Topology,
        pin: bool,
        threads: Vec<thread::JoinHandle<()>>,
    ) -> Self {
        Runtime {
            owner: Arc::new(Owner {
                shared,
                topology,
                pin,
                threads: Mutex::new(threads),
            }),
        }
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.owner.shared
    }

    /// Runs `body`, which spawns codelets, and waits until all of them, and all that they spawned, have ended. The
    /// calling thread takes a seat if one is free, and helps when the body has returned. So the body itself must not wait
    /// for its own codelets (on a channel, say): they may have only this seat to run in.
    ///
    /// # Errors
    /// The first of these that is so:
    ///
    /// - [`ErrorKind::OnEngine`](crate::ErrorKind::OnEngine) when called by a codelet or in the body of a scope;
    /// - [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled) if the scope was [cancelled](Scope::canceller), with what was
    ///   left of it;
    /// - [`ErrorKind::Stuck`](crate::ErrorKind::Stuck) with those that wait for what can no longer come;
    /// - what `body` returns, if that is an error; if codelets failed as well, the text and
    ///   [`Error::failure`](crate::Error::failure) tell of the first of them, too;
    /// - [`ErrorKind::Failed`](crate::ErrorKind::Failed) with the first codelet that failed: the first in time, so if several
    ///   fail that do not depend on each other it may be another one in the next run.
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// use sprat::{Error, ErrorKind, Runtime};
    ///
    /// let rt = Runtime::new()?;
    /// let error = rt
    ///     .finish(|s| -> sprat::Result<()> {
    ///         s.codelet("load").spawn((), |_, ()| Err::<(), _>(Error::msg("no such file")));
    ///         Err(Error::msg("the arguments make no sense"))
    ///     })
    ///     .unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::User);
    /// assert!(error.to_string().starts_with("the arguments make no sense; besides, codelet `load`"));
    /// assert_eq!(error.failure().unwrap().cause, "no such file");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// If `body` panics, with its panic, after everything spawned has ended.
    pub fn finish<'s, F, R>(&self, body: F) -> Result<R>
    where
        F: FnOnce(&Scope<'s>) -> Result<R>,
    {
        host::finish(self.shared(), self.owner.pin, None, body)
    }

    /// Like [`finish`](Runtime::finish), with a deadline: if all has not ended `limit` after the call, the scope is
    /// [cancelled](crate::Canceller::cancel). So this returns at the latest when the deadline has passed and the bodies
    /// that ran then, its own among them, have ended (see there for the one other thing it may wait for); bodies that take
    /// long ask [`Scope::is_cancelled`]. A deadline is kept to about a millisecond while the machine is not overloaded; a
    /// limit of zero starts nothing.
    ///
    /// ```
    /// use sprat::{ErrorKind, Runtime};
    /// use std::time::Duration;
    ///
    /// # fn main() -> sprat::Result<()> {
    /// let rt = Runtime::new()?;
    /// let (answer, _trigger) = rt.event("an answer from another machine");
    /// let error = rt
    ///     .finish_within(Duration::from_millis(5), |s| {
    ///         s.codelet("use the answer").after(&answer).spawn((), |_, ()| ());
    ///         Ok(())
    ///     })
    ///     .unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Cancelled);
    /// let left = error.cancellation().unwrap();
    /// assert!(left.by_deadline && left.not_started == 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Runtime::finish`], and [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled) if the deadline passed.
    ///
    /// # Panics
    /// As [`Runtime::finish`].
    #[track_caller]
    pub fn finish_within<'s, F, R>(&self, limit: Duration, body: F) -> Result<R>
    where
        F: FnOnce(&Scope<'s>) -> Result<R>,
    {
        let limit = Some((limit, Location::caller()));
        host::finish(self.shared(), self.owner.pin, limit, body)
    }

    /// Gives a block a name, for error messages and stuck reports: `block u (3)`. No cost but there.
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// let rt = sprat::Runtime::new()?;
    /// let u = rt.block::<f64>(100)?;
    /// rt.name(u, "u")?;
    /// let wrong = rt.finish(|s| {
    ///     s.spawn(u.part(90..110).read(), |_, _| ());
    ///     Ok(())
    /// });
    /// let message = wrong.unwrap_err().to_string();
    /// assert!(message.contains("block u (0) has 100 elements, and [90..110] reaches behind them"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Stale`](crate::ErrorKind::Stale) or [`ErrorKind::Foreign`](crate::ErrorKind::Foreign) if this runtime
    /// does not have the block.
    pub fn name<T>(&self, block: Block<T>, name: &str) -> Result<()> {
        let shared = self.shared();
        shared.blocks.find(shared.id, block.id)?;
        shared.blocks.name(block.id, name);
        if let Some(trace) = &shared.trace {
            trace.name_block(block.id.slot(), block.id.generation(), name);
        }
        Ok(())
    }

    /// Lends a block's contents to `body`, in order with all accesses spawned before.
    ///
    /// # Errors
    /// As [`Runtime::finish`]; a poisoned block gives the failure that poisoned it.
    #[track_caller]
    pub fn read<T, R>(&self, block: Block<T>, body: impl FnOnce(&[T]) -> R + Send) -> Result<R>
    where
        T: Data,
        R: Send,
    {
        let (mut result, at) = (None, Location::caller());
        let place = &mut result;
        self.finish(|s| {
            s.codelet("read")
                .at(at)
                .spawn_once(block.read(), move |_, data| *place = Some(body(data)));
            Ok(())
        })?;
        Ok(result.expect("a scope that ended well has run all its codelets"))
    }

    /// Lends a block to `body` for reading and writing, in order with all accesses spawned before.
    ///
    /// It reads, whatever `body` does: so it fails on a poisoned block, like [`Runtime::read`], and never heals it. What
    /// heals a block is a codelet that declares it with [`write`](Block::write), and ends well.
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// use sprat::{Error, Runtime};
    ///
    /// let rt = Runtime::new()?;
    /// let b = rt.block::<u64>(1)?;
    /// let fails = rt.finish(|s| {
    ///     s.spawn(b.write(), |_, _| Err::<(), _>(Error::msg("no")));
    ///     Ok(())
    /// });
    /// assert!(fails.is_err() && rt.write(b, |b| b.fill(7)).is_err());
    /// rt.finish(|s| {
    ///     s.spawn(b.write(), |_, b| b.fill(7));
    ///     Ok(())
    /// })?;
    /// assert_eq!(rt.read(b, |b| b[0])?, 7);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Runtime::finish`]; a poisoned block gives the failure that poisoned it.
    #[track_caller]
    pub fn write<T, R>(&self, block: Block<T>, body: impl FnOnce(&mut [T]) -> R + Send) -> Result<R>
    where
        T: Data,
        R: Send,
    {
        let (mut result, at) = (None, Location::caller());
        let place = &mut result;
        self.finish(|s| {
            let body = move |_: &Scope<'_>, data: &mut [T]| *place = Some(body(data));
            s.codelet("write")
                .at(at)
                .spawn_once(block.read_write(), body);
            Ok(())
        })?;
        Ok(result.expect("a scope that ended well has run all its codelets"))
    }

    /// Destroys a block, in order with all accesses spawned before. Nobody may name it afterwards.
    ///
    /// # Errors
    /// As [`Runtime::finish`]: a block that was destroyed before, or is of another runtime, gives
    /// [`ErrorKind::Failed`](crate::ErrorKind::Failed) with a cause that says so.
    #[track_caller]
    pub fn destroy<T: Data>(&self, block: Block<T>) -> Result<()> {
        let at = Location::caller();
        self.finish(|s| {
            s.destroy_at(block, at);
            Ok(())
        })
    }

    /// An event that any thread may satisfy through its trigger. A scope with codelets that wait for it waits, too, as
    /// long as the trigger lives.
    #[track_caller]
    pub fn event(&self, name: &'static str) -> (Event, Trigger) {
        let shared = self.shared();
        with_trigger(shared, shared.new_event(name, true))
    }

    /// An event that comes after this time, not before, and soon after if the machine is not overloaded: a control engine
    /// satisfies it, at some tens of microseconds' accuracy. A scope with codelets that wait for it waits, too.
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// # use std::time::{Duration, Instant};
    /// let rt = sprat::Runtime::new()?;
    /// let begin = Instant::now();
    /// rt.finish(|s| {
    ///     let soon = rt.after(Duration::from_millis(5));
    ///     s.codelet("look again").after(&soon).spawn((), |_, ()| println!("again"));
    ///     Ok(())
    /// })?;
    /// assert!(begin.elapsed() >= Duration::from_millis(5));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Dropping the event cancels nothing that waits for it; a timer that nobody waits for costs nothing but a few words,
    /// for its time at most.
    pub fn after(&self, time: Duration) -> Event {
        Event::timer(self.shared(), Instant::now().checked_add(time))
    }

    /// An event that comes at this time; at once if that has passed. See [`Runtime::after`].
    pub fn at(&self, time: Instant) -> Event {
        Event::timer(self.shared(), Some(time))
    }

    /// Makes a group: see [`Scope::group`]. It can be used in all scopes of this runtime.
    pub fn group(&self) -> Group {
        self.shared().groups.make(self.shared().id)
    }

    /// The machine, as far as this runtime may use it.
    pub fn topology(&self) -> &Topology {
        &self.owner.topology
    }

    /// The engines, where they are, and the mode of the control engines with its reason.
    pub fn plan(&self) -> &Plan {
        &self.shared().plan
    }

    /// What it aims at: see [`Builder::policy`](crate::Builder::policy).
    pub fn policy(&self) -> Policy {
        self.shared().policy()
    }

    /// How many execution engines there are.
    pub fn xes(&self) -> usize {
        self.shared().seats.len()
    }

    /// What each execution engine did so far.
    pub fn xe_counts(&self) -> Vec<XeCounts> {
        let seats = self.shared().seats.iter();
        seats.map(|seat| seat.counters.read()).collect()
    }

    /// What each control engine decided so far.
    pub fn ce_counts(&self) -> Vec<CeCounts> {
        let domains = self.shared().domains.iter();
        domains
            .map(|domain| domain.control.counters.read())
            .collect()
    }

    /// How many codelets control engines moved from domain to domain so far, by the distance between the memory of the one that gave
    /// and the engines of the one that took, as the topology has it: 10 is within a memory region. What was pinned to an engine or a
    /// region never is among them.
    pub fn brokered(&self) -> BTreeMap<u64, u64> {
        let mut all = BTreeMap::new();
        for domain in &self.shared().domains {
            for (distance, codelets) in lock(&domain.control.brokered).iter() {
                *all.entry(*distance).or_default() += codelets;
            }
        }
        all
    }

    /// The memory of each region's pool, and last that of the pool of interleaved blocks.
    pub fn memory(&self) -> Vec<PoolStats> {
        let pools = self.shared().homes.pools().iter();
        pools.map(|pool| pool.stats()).collect()
    }

    /// How many codelets live: were spawned and are not gone, scopes included. Free records that engines keep at hand are
    /// counted, too, up to 128 for each engine and size of record, since counting exactly would cost each codelet
    /// something.
    ///
    /// A body of a scope on a host thread is held back above [`Builder::live_codelets`](crate::Builder::live_codelets).
    pub fn live_codelets(&self) -> usize {
        self.shared().arena.handed_out() as usize
    }

    /// Bytes that codelets' records take, with those that are free for new ones: what most of them at a time have taken,
    /// since it is kept as long as the runtime lives. Blocks and what bodies allocate are not in it.
    pub fn codelet_bytes(&self) -> usize {
        self.shared().arena.bytes()
    }

    /// What engines, control engines and memory regions did and have, as
    /// [OpenMetrics](https://prometheus.io/docs/specs/om/open_metrics_spec/) text: for a program that answers who gathers figures, such as
    /// Prometheus (`application/openmetrics-text; version=1.0.0; charset=utf-8`). While a graph is replayed its codelets are not counted
    /// as run; they are when an engine leaves it.
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// let rt = sprat::Runtime::new()?;
    /// let text = rt.metrics();
    /// assert!(text.contains("sprat_codelets_ran_total{xe=\"0\"} 0"));
    /// assert!(text.ends_with("# EOF\n"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn metrics(&self) -> String {
        self.shared().look(None).open_metrics()
    }

    /// The seed of the checking mode, if this runtime runs in it: see
    /// [`Builder::check`](crate::Builder::check).
    pub fn check_seed(&self) -> Option<u64> {
        self.shared().check.as_ref().map(|check| check.seed())
    }

    /// What the checking mode would tell if the last handle went now: blocks that codelets made and nobody destroyed, and
    /// events that nobody satisfied, a sentence each. Empty in other modes. Blocks that hosts made are theirs to keep.
    pub fn leftovers(&self) -> Vec<String> {
        let check = self.shared().check.as_ref();
        check.map_or_else(Vec::new, |check| check.leftovers())
    }

    /// For tests: the runtime panics when it comes to this place.
    #[doc(hidden)]
    pub fn panic_inside(&self, place: Place) {
        self.shared().trap.set(place);
    }

    /// For tests: control engines do nothing while paused. Results complete all the same.
    #[doc(hidden)]
    pub fn pause_control(&self, paused: bool) {
        for domain in &self.shared().domains {
            domain.control.paused.store(paused, Ordering::Relaxed);
        }
    }
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plan = self.plan();
        write!(f, "Runtime({} XEs, CE {})", plan.xes.len(), plan.mode)
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        live::leave(self.shared.id);
        self.shared.end_suspension();
        self.shared.stop();
        self.shared.io.stop();
        if self.shared.on_engine() {
            // The last handle went on an engine, which cannot wait for itself: the threads end by themselves, and the
            // last of them takes the rest along.
            return;
        }
        for thread in lock(&self.threads).drain(..) {
            // A panic of an engine was printed by the panic hook; it is too late to do anything about it.
            let _ = thread.join();
        }
        self.shared.io.join();
        self.shared.polls.clear();
        if let Some(trace) = &self.shared.trace {
            trace.end();
        }
        if let Some(check) = &self.shared.check {
            check.tell_leftovers();
        }
    }
}
