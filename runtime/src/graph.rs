//! Recorded graphs as users hold them.

use crate::error::{Error, ErrorKind, Result};
use crate::inspect::{Dot, Inspection};
use crate::instead::Instead;
use crate::recorder::Recorder;
use crate::replay::{Compiled, Held, Replay};
use crate::runtime::Runtime;
use crate::scope::Scope;
use crate::shared::Shared;
use std::marker::PhantomData;
use std::panic::Location;
use std::sync::{Arc, Weak};

/// Codelets that were recorded with their dependences, to be replayed many times: see [`Runtime::record`].
///
/// It lives no longer than what its codelets borrow:
///
/// ```compile_fail
/// # fn main() -> sprat::Result<()> {
/// let rt = sprat::Runtime::new()?;
/// let graph;
/// {
///     let table = [1.0, 2.0];
///     graph = rt.record(|s| {
///         s.spawn((), |_, ()| println!("{}", table[0]));
///         Ok(())
///     })?;
/// }
/// rt.replay(&graph, 1)
/// # }
/// ```
///
/// ```compile_fail
/// # fn main() -> sprat::Result<()> {
/// let rt = sprat::Runtime::new()?;
/// let (graph, table);
/// table = vec![1.0, 2.0];
/// // The table goes before the graph.
/// graph = rt.record(|s| {
///     s.spawn((), |_, ()| println!("{}", table[0]));
///     Ok(())
/// })?;
/// # Ok(())
/// # }
/// ```
pub struct Graph<'g> {
    inner: Compiled,
    /// Knows the blocks' names.
    shared: Weak<Shared>,
    /// Bodies borrow what lives for `'g`.
    marker: PhantomData<fn(&'g ()) -> &'g ()>,
}

impl Drop for Graph<'_> {
    /// Nothing: but with this the compiler knows that what bodies borrow must outlive the graph, since dropping their captures
    /// may look at it.
    fn drop(&mut self) {}
}

impl std::fmt::Debug for Graph<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (codelets, blocks) = (self.inner.codelets().len(), self.inner.blocks.len());
        write!(f, "Graph({codelets} codelets, {blocks} blocks)")
    }
}

impl Graph<'_> {
    /// How many codelets it has.
    pub fn codelets(&self) -> usize {
        self.inner.codelets().len()
    }

    /// The engine that each codelet belongs to, in the order of their spawns. Another one runs it if that one does not come.
    pub fn owners(&self) -> Vec<usize> {
        let owners = self.inner.owners();
        owners.iter().map(|owner| usize::from(owner.xe)).collect()
    }

    /// What is in it: its codelets, who waits for whom, its blocks.
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// let rt = sprat::Runtime::new()?;
    /// let (a, b) = (rt.block::<u64>(1)?, rt.block::<u64>(1)?);
    /// let graph = rt.record(|s| {
    ///     s.codelet("count").spawn(a.read_write(), |_, a| a[0] += 1);
    ///     s.codelet("copy").spawn((a.read(), b.write()), |_, (a, b)| b[0] = a[0]);
    ///     Ok(())
    /// })?;
    /// let inside = graph.inspect();
    /// assert_eq!(inside.codelets[1].name, "copy");
    /// assert_eq!(inside.blocks[0].readers, [1]);
    /// // The next round's count waits for this round's copy.
    /// let back = inside.dependences.iter().find(|one| one.from_last_round).unwrap();
    /// assert_eq!((back.before, back.after), (1, 0));
    /// # Ok(())
    /// # }
    /// ```
    pub fn inspect(&self) -> Inspection {
        let shared = self.shared.upgrade();
        Inspection::new(&self.inner, shared.as_deref())
    }

    /// The graph in the DOT language, to be printed with `{}` and drawn by Graphviz (`dot -Tsvg`): codelets with their names,
    /// those of an engine in one box, dependences as lines, and dashed from a round to the next one.
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// # let rt = sprat::Runtime::new()?;
    /// # let a = rt.block::<u64>(1)?;
    /// let graph = rt.record(|s| {
    ///     s.codelet("count").spawn(a.read_write(), |_, a| a[0] += 1);
    ///     Ok(())
    /// })?;
    /// let text = graph.dot().to_string();
    /// assert!(text.starts_with("digraph") && text.contains("label=\"count\""));
    /// # Ok(())
    /// # }
    /// ```
    pub fn dot(&self) -> Dot {
        Dot(self.inspect())
    }
}

impl Runtime {
    /// Records what `body` spawns, without running it, as a graph that [`replay`](Runtime::replay) runs as often as one likes:
    /// for codes that do the same in each step. The body is that of [`finish`](Runtime::finish), so one function serves for
    /// both.
    ///
    /// Dependences are found once, and each codelet gets an engine: the one that it asks for by
    /// [`near`](crate::Options::near), [`on_xe`](crate::Options::on_xe), [`on_region`](crate::Options::on_region) or
    /// [`with`](crate::Options::with), or that of the block that it writes; if all blocks belong to few engines, they
    /// are shared out in the order in which the codelets write them. So a replay pays nothing for a dependence between two
    /// codelets of an engine, and a look at a number for one between two engines.
    ///
    /// A graph means what its codelets mean in program order, round after round; a codelet that commutes takes its turn in that
    /// order, too, and [levels](crate::Options::priority) change nothing. Codelets may return values for
    /// others of the graph, and wait for each other's [ends](crate::Spawned::event). They spawn nothing.
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// use sprat::{Block, Runtime, Scope};
    ///
    /// fn sweep(s: &Scope<'_>, from: &[Block<f64>], to: &[Block<f64>]) -> sprat::Result<()> {
    ///     for i in 0..from.len() {
    ///         let (west, east) = (from[i.saturating_sub(1)], from[(i + 1).min(from.len() - 1)]);
    ///         s.codelet("sweep").near(to[i]).spawn(
    ///             (west.read(), east.read(), to[i].write()),
    ///             |_, (west, east, to)| to[0] = (west[0] + east[0]) / 2.0,
    ///         );
    ///     }
    ///     Ok(())
    /// }
    ///
    /// let rt = Runtime::new()?;
    /// let (a, b) = (rt.blocks::<f64>(8, 1)?, rt.blocks::<f64>(8, 1)?);
    /// rt.write(a[0], |x| x[0] = 1.0)?;
    /// let two_sweeps = rt.record(|s| sweep(s, &a, &b).and_then(|()| sweep(s, &b, &a)))?;
    /// rt.replay(&two_sweeps, 500)?;
    /// assert!(rt.read(a[7], |x| x[0] > 0.0)?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What `body` returns, if that is an error. Else [`ErrorKind::Graph`](crate::ErrorKind::Graph) for the first thing that
    /// cannot be recorded, with what to do instead: bodies that run [once](Scope::spawn_once) (loops, files), scopes
    /// inside, events that are not ends of codelets of the graph, `destroy`, weak and repeatable codelets, reductions, parts and
    /// tiles of blocks, and codelets outside of the graph; and the kinds that a spawn would fail with.
    ///
    /// # Panics
    /// If `body` panics, with its panic.
    pub fn record<'g, F>(&self, body: F) -> Result<Graph<'g>>
    where
        F: FnOnce(&Scope<'g>) -> Result<()>,
    {
        let recorder = Recorder::new();
        self.finish(|s: &Scope<'g>| {
            let _records = Records::begin(s, &recorder);
            body(s)
        })?;
        let recording = recorder.finish()?;
        Ok(Graph {
            inner: Compiled::new(self.shared(), recording),
            shared: Arc::downgrade(&self.shared().hold()),
            marker: PhantomData,
        })
    }

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
        self.replay_from(&graph.inner, rounds, 0, Location::caller())
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
            self.replay_from(&graph.inner, 1, round as u64, at)?;
            if done(round) {
                break;
            }
        }
        Ok(())
    }

    fn replay_from(
        &self,
        graph: &Compiled,
        rounds: usize,
        first: u64,
        at: &'static Location<'static>,
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

/// While it is there, spawns of the scope's engine are recorded.
struct Records<'a, 's>(&'a Scope<'s>);

impl<'a, 's> Records<'a, 's> {
    fn begin(scope: &'a Scope<'s>, recorder: &Recorder) -> Self {
        let recorder = Instead::Record(std::ptr::from_ref(recorder).cast());
        (scope.frame().engine).local(|local| local.instead = recorder);
        Records(scope)
    }
}

impl Drop for Records<'_, '_> {
    fn drop(&mut self) {
        let engine = self.0.frame().engine;
        engine.local(|local| local.instead = Instead::Spawn);
    }
}
