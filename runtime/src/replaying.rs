//! Replaying recorded graphs, as users do it.

use crate::error::{Error, ErrorKind, Result};
use crate::graph::Graph;
use crate::replay::{Arguments, Compiled, Held, Replay};
use crate::runtime::Runtime;
use std::panic::Location;

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
        let none = |_| Ok(Arguments::none());
        self.replay_from(&graph.inner, rounds, 0, Location::caller(), none)
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
    /// # Errors
    /// As [`Runtime::replay`]; then no more rounds are run.
    #[track_caller]
    pub fn replay_until(
        &self,
        graph: &Graph<'_>,
        mut done: impl FnMut(usize) -> bool,
    ) -> Result<()> {
        let at = Location::caller();
        for round in 0.. {
            self.replay_from(&graph.inner, 1, round as u64, at, |_| Ok(Arguments::none()))?;
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
        self.replay_from(&graph.inner, rounds, 0, Location::caller(), make)
    }

    fn replay_from(
        &self,
        graph: &Compiled,
        rounds: usize,
        first: u64,
        at: &'static Location<'static>,
        arguments: impl FnOnce(u32) -> Result<Arguments>,
    ) -> Result<()> {
        if graph.runtime != self.shared().id {
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
        let replay = Replay {
            graph,
            rounds,
            first,
            at,
            arguments: arguments(rounds)?,
        };
        // Taken in the scope, which says first if this thread may not wait, and held until it has ended.
        let mut held = None;
        self.finish(|s| {
            held = Some(Held::take(graph)?);
            if rounds > 0 && !graph.codelets().is_empty() {
                replay.spawn(s);
            }
            Ok(())
        })
    }
}
