//! Replaying recorded graphs, as users do it.

#[cfg(test)]
mod tests;

use crate::access::AnyArgument;
use crate::cancel::{Cancellable, Deadline};
use crate::canceller::Canceller;
use crate::decide::deadline::DeadlineId;
use crate::error::{Cancellation, Error, ErrorKind, Result};
use crate::graph::Graph;
use crate::replay::{Arguments, Compiled, Held, Replay};
use crate::runtime::Runtime;
use crate::shared::Shared;
use crate::stop::Stopped;
use std::panic::Location;
use std::time::Duration;

impl<Q> Graph<'_, Q> {
    /// The right to cancel the graph's replay, for any thread and any codelet: that which is under way when
    /// [`cancel`](Canceller::cancel) is called. If there is none that does nothing, and says so.
    ///
    /// A cancelled replay ends after the highest round that has begun: what is behind runs on to the end of that round, so
    /// all blocks are at the same round, and nothing is poisoned. The replay returns
    /// [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled), and
    /// [`Cancellation::rounds`](crate::error::Cancellation::rounds) says how many rounds ran. If the last round had begun
    /// already, all of it runs and nothing is said.
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// use std::sync::OnceLock;
    ///
    /// let rt = sprat::Runtime::new()?;
    /// let x = rt.block::<f64>(1)?;
    /// rt.write(x, |x| x[0] = 1.0)?;
    /// let canceller = OnceLock::new();
    /// let halve = rt.record(|s| {
    ///     s.codelet("halve").spawn(x.read_write(), |_, x| {
    ///         x[0] /= 2.0;
    ///         if x[0] < 1e-3 {
    ///             let replay: &sprat::Canceller = canceller.get().unwrap();
    ///             replay.cancel("it is small enough");
    ///         }
    ///     });
    ///     Ok(())
    /// })?;
    /// canceller.set(halve.canceller()).unwrap();
    /// let error = rt.replay(&halve, 1000).unwrap_err();
    /// assert_eq!(error.cancellation().unwrap().rounds, Some(10));
    /// # Ok(())
    /// # }
    /// ```
    pub fn canceller(&self) -> Canceller {
        Canceller {
            shared: self.shared.clone(),
            of: Cancellable::Replay(self.inner.stop().clone(), None),
        }
    }
}

impl Runtime {
    /// Runs a graph so many times, as if its codelets had been spawned anew in each round. The calling thread takes a seat and
    /// works, as in [`finish`](Runtime::finish), and the other engines come if they have time: a graph is finished by whoever
    /// is there.
    ///
    /// Rounds overlap as far as the data allow. The replay takes its place in the queues of all blocks of the graph at once, so it
    /// is ordered with codelets of other scopes, with the host's reads and writes and with other replays. Several
    /// graphs may be replayed at once; those with codelets for certain engines alone ([`on_xe`](crate::Options::on_xe),
    /// [`on_region`](crate::Options::on_region)) are run one after the other.
    ///
    /// An engine that has come stays until all rounds have ended. So what other threads ask of the runtime meanwhile, a
    /// [`read`](Runtime::read) of any block included, may wait as long as that: if that matters, replay fewer rounds at a
    /// time.
    ///
    /// # Errors
    /// - [`ErrorKind::Failed`](crate::ErrorKind::Failed) if codelets failed; the first failure's text names its round, counted from
    ///   0. What depends on it is skipped, and stays poisoned until it is written, as in `finish`; the rounds go on. If what
    ///   the graph reads is poisoned before, the replay is skipped as a whole.
    /// - [`ErrorKind::OnEngine`](crate::ErrorKind::OnEngine) when called by a codelet or in the body of a scope;
    /// - [`ErrorKind::Foreign`](crate::ErrorKind::Foreign) if another runtime recorded the graph;
    /// - [`ErrorKind::Graph`](crate::ErrorKind::Graph) if another thread is replaying this graph, or for 2^32 - 1 rounds or more.
    #[track_caller]
    pub fn replay(&self, graph: &Graph<'_>, rounds: usize) -> Result<()> {
        let call = Call::new(Location::caller());
        self.replay_as(&graph.inner, rounds, call, |_| Ok(Arguments::none()))
    }

    /// Runs a graph again and again until `done` says so, which is told the number of the round that has ended, from 0.
    ///
    /// Between two rounds nothing of the graph runs, so `done` may read blocks; rounds do not overlap. To look less often,
    /// record several steps as one graph.
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// let rt = sprat::Runtime::new()?;
    /// let x = rt.block::<f64>(1)?;
    /// rt.write(x, |x| x[0] = 100.0)?;
    /// let newton = rt.record(|s| {
    ///     s.spawn(x.read_write(), |_, x| x[0] = (x[0] + 2.0 / x[0]) / 2.0);
    ///     Ok(())
    /// })?;
    /// let root = |rt: &sprat::Runtime| rt.read(x, |x| x[0]).unwrap_or(0.0);
    /// rt.replay_until(&newton, |_| (root(&rt).powi(2) - 2.0).abs() < 1e-12)?;
    /// assert!((root(&rt) - 2f64.sqrt()).abs() < 1e-9);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A [canceller](Graph::canceller) ends the loop after the round that is under way, and
    /// [`Cancellation::rounds`](crate::error::Cancellation::rounds) counts all that ran. While `done` is asked nothing is under
    /// way: who wants to end it there says so.
    ///
    /// # Errors
    /// As [`Runtime::replay`], and [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled); then no more rounds are run.
    #[track_caller]
    pub fn replay_until(
        &self,
        graph: &Graph<'_>,
        mut done: impl FnMut(usize) -> bool,
    ) -> Result<()> {
        let call = Call::new(Location::caller());
        for round in 0.. {
            let call = Call {
                first: round as u64,
                goes_on: true,
                ..call
            };
            self.replay_as(&graph.inner, 1, call, |_| Ok(Arguments::none()))?;
            if done(round) {
                break;
            }
        }
        Ok(())
    }

    /// Runs a graph that [`record_with`](Runtime::record_with) made, as [`replay`](Runtime::replay) does, and gives each round an
    /// argument: `args` is told the round's number, from 0.
    ///
    /// All arguments are made before the first round begins, in the order of the rounds, on the calling thread; they take
    /// `rounds` times the size of one in memory. So a round pays nothing for its argument, and rounds overlap as without.
    ///
    /// # Errors
    /// As [`Runtime::replay`], and [`ErrorKind::System`](crate::ErrorKind::System) if there is no memory for the arguments.
    ///
    /// # Panics
    /// If `args` panics, with its panic; then nothing has run.
    #[track_caller]
    pub fn replay_with<Q: Copy + Send + Sync + 'static>(
        &self,
        graph: &Graph<'_, Q>,
        rounds: usize,
        args: impl FnMut(usize) -> Q,
    ) -> Result<()> {
        let mut list = Vec::new();
        let make = |rounds: u32| {
            let rounds = rounds as usize;
            list.try_reserve_exact(rounds).map_err(|_| {
                let bytes = rounds.saturating_mul(size_of::<Q>());
                Error::new(
                    ErrorKind::System,
                    format!("no memory for the arguments of {rounds} rounds, {bytes} bytes; replay fewer rounds at a time, or pass the number of a place in a table"),
                )
            })?;
            list.extend((0..rounds).map(args));
            Ok(Arguments::list(&list))
        };
        self.replay_as(&graph.inner, rounds, Call::new(Location::caller()), make)
    }

    /// Runs a graph that [`record_any`](Runtime::record_any) made, as [`replay`](Runtime::replay) does, and lends each round its argument:
    /// they stand one behind the other.
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// use sprat::{AnyAccess, Mode, Runtime};
    ///
    /// let rt = Runtime::new()?;
    /// let sum = rt.block::<u8>(1)?;
    /// let graph = rt.record_any(1, |s, round| {
    ///     let uses = [AnyAccess::argument(round), AnyAccess::whole(sum, Mode::ReadWrite)];
    ///     s.spawn_any("add", &uses, |_, lent| {
    ///         // SAFETY: the argument is a byte.
    ///         let one = unsafe { lent[0].start().read() };
    ///         // SAFETY: the block is a byte, and ours for reading and writing.
    ///         unsafe { *lent[1].start() += one };
    ///     });
    ///     Ok(())
    /// })?;
    /// rt.replay_any(&graph, 3, &[1, 2, 4])?;
    /// assert_eq!(rt.read(sum, |sum| sum[0])?, 7);
    /// assert!(rt.replay_any(&graph, 4, &[1, 2, 4]).is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Runtime::replay`], and [`ErrorKind::Graph`](crate::ErrorKind::Graph) if these are not the bytes of so many arguments.
    #[track_caller]
    pub fn replay_any(
        &self,
        graph: &Graph<'_, AnyArgument>,
        rounds: usize,
        arguments: &[u8],
    ) -> Result<()> {
        let (stride, given) = (graph.argument, arguments.len());
        if rounds.checked_mul(stride) != Some(given) {
            return Err(Error::new(
                ErrorKind::Graph,
                format!(
                    "{given} bytes of arguments for {rounds} rounds of {stride} bytes each; give one for each round"
                ),
            ));
        }
        let list = |_| Ok(Arguments::bytes(arguments, stride));
        self.replay_as(&graph.inner, rounds, Call::new(Location::caller()), list)
    }

    /// Like [`replay`](Runtime::replay), with a deadline: when `limit` has passed since the call, the replay is
    /// [cancelled](Graph::canceller). So this returns at the latest when the round that was the highest then has ended. A
    /// deadline is kept to about a millisecond while the machine is not overloaded; a limit of zero starts nothing.
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// use std::time::Duration;
    ///
    /// let rt = sprat::Runtime::new()?;
    /// let count = rt.block::<u64>(1)?;
    /// let graph = rt.record(|s| {
    ///     s.spawn(count.read_write(), |_, count| count[0] += 1);
    ///     Ok(())
    /// })?;
    /// let error = rt.replay_within(Duration::from_millis(20), &graph, 1 << 31).unwrap_err();
    /// assert_eq!(error.kind(), sprat::ErrorKind::Cancelled);
    /// let rounds = error.cancellation().unwrap().rounds.unwrap();
    /// // All that was done is there, and whole.
    /// assert_eq!(rt.read(count, |count| count[0])?, rounds as u64);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Runtime::replay`], and [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled) if the deadline passed before the last
    /// round had begun.
    #[track_caller]
    pub fn replay_within(&self, limit: Duration, graph: &Graph<'_>, rounds: usize) -> Result<()> {
        let at = Location::caller();
        let call = Call {
            limit: Some(limit),
            ..Call::new(at)
        };
        self.replay_as(&graph.inner, rounds, call, |_| Ok(Arguments::none()))
    }

    fn replay_as(
        &self,
        graph: &Compiled,
        rounds: usize,
        call: Call,
        arguments: impl FnOnce(u32) -> Result<Arguments>,
    ) -> Result<()> {
        let shared = self.shared();
        if graph.runtime != shared.id {
            return Err(Error::new(
                ErrorKind::Foreign,
                "a graph of another runtime; replay it with the runtime that recorded it",
            ));
        }
        let rounds = u32::try_from(rounds)
            .ok()
            .filter(|&rounds| rounds < u32::MAX);
        let Some(rounds) = rounds else {
            return Err(Error::new(
                ErrorKind::Graph,
                "a replay has at most 4,294,967,294 rounds; replay it several times",
            ));
        };
        let entry = shared.top.as_ref().map(|top| {
            let known = if call.goes_on { 0 } else { u64::from(rounds) };
            top.enter(call.at, (graph.program.len() as u64, call.first, known))
        });
        let replay = Replay {
            number: entry.as_ref().map_or(0, |entry| entry.number),
            graph,
            watch: &graph.poisons.watch,
            rounds,
            first: call.first,
            at: call.at,
            arguments: arguments(rounds)?,
        };
        // Taken in the scope, which says first if this thread may not wait, and held until it has ended.
        let mut held = None;
        let mut deadline = None;
        let ended = self.finish(|s| {
            held = Some(Held::take(graph)?);
            let number = graph.stop().open();
            if rounds > 0 && !graph.program.is_empty() {
                deadline = call
                    .limit
                    .map(|limit| set_deadline(shared, (graph, number), limit, call.at));
                replay.spawn(s);
            }
            Ok(())
        });
        if let Some(id) = deadline {
            shared.cancelling.remove_deadline(id);
        }
        let Some(stopped) = held.and_then(|_held| graph.stop().close()) else {
            return ended;
        };
        let ran = match stopped.rounds {
            Some(ran) => ran,
            // Too late for this replay, but others were to follow.
            None if call.goes_on && ended.is_ok() => rounds,
            None => return ended,
        };
        cancelled(graph, (call.first, ran, rounds), stopped, ended)
    }
}

/// How a replay was called.
#[derive(Clone, Copy)]
struct Call {
    at: &'static Location<'static>,
    /// The number of the first round in messages.
    first: u64,
    /// More rounds were to follow.
    goes_on: bool,
    limit: Option<Duration>,
}

impl Call {
    fn new(at: &'static Location<'static>) -> Self {
        Call {
            at,
            first: 0,
            goes_on: false,
            limit: None,
        }
    }
}

fn set_deadline(
    shared: &Shared,
    (graph, replay): (&Compiled, u64),
    limit: Duration,
    set_at: &'static Location<'static>,
) -> DeadlineId {
    let of = Cancellable::Replay(graph.stop().clone(), Some(replay));
    let id = (shared.cancelling).add_deadline(Deadline { of, limit, set_at });
    shared.look_at_deadlines();
    // Some control engine shall not sleep longer than that.
    shared.request(&shared.domains[0]);
    id
}

/// What is told of a replay that was stopped, and may have failed before: so many rounds ran in replays before it, and in itself,
/// of so many.
fn cancelled(
    graph: &Compiled,
    (before, ran, rounds): (u64, u32, u32),
    stopped: Stopped,
    ended: Result<()>,
) -> Result<()> {
    let failure = match ended {
        Ok(()) => None,
        Err(error) if error.kind() == ErrorKind::Failed => error.failure().cloned(),
        Err(error) => return Err(error),
    };
    let codelets = graph.program.len() as u64;
    let told = failure.as_ref().map_or((0, 0), |f| (f.failed, f.skipped));
    let cancellation = Cancellation {
        reason: stopped.reason,
        by_deadline: stopped.by_deadline,
        rounds: Some(before as usize + ran as usize),
        ran: (before + u64::from(ran)) * codelets - told.1,
        not_started: u64::from(rounds - ran) * codelets,
        failed: told.0,
        skipped: told.1,
    };
    Err(Error::cancelled(cancellation, failure, None))
}
