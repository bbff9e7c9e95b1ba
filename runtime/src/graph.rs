//! Recorded graphs as users hold them.

use crate::access::{AnyArgument, Param};
use crate::error::Result;
use crate::inspect::{Dot, Inspection};
use crate::instead::Instead;
use crate::recorder::Recorder;
use crate::replay::Compiled;
use crate::runtime::Runtime;
use crate::scope::Scope;
use crate::shared::Shared;
use std::marker::PhantomData;
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
///
/// `Q` is the type of the argument that each round gets: `()` if there is none, else as in
/// [`record_with`](Runtime::record_with).
pub struct Graph<'g, Q = ()> {
    pub(crate) inner: Compiled,
    /// Knows the blocks' names.
    pub(crate) shared: Weak<Shared>,
    /// Bytes of the argument that each round gets.
    pub(crate) argument: usize,
    /// Bodies borrow what lives for `'g`, and take a `Q`.
    marker: PhantomData<fn(&'g (), Q) -> &'g ()>,
}

impl<Q> Drop for Graph<'_, Q> {
    /// Nothing: but with this the compiler knows that what bodies borrow must outlive the graph, since dropping their captures
    /// may look at it.
    fn drop(&mut self) {}
}

impl<Q> std::fmt::Debug for Graph<'_, Q> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (codelets, blocks) = (self.inner.program.len(), self.inner.blocks.len());
        write!(f, "Graph({codelets} codelets, {blocks} blocks)")
    }
}

impl<Q> Graph<'_, Q> {
    /// How many codelets it has, those included that put [reductions](crate::Block::reduce) together.
    pub fn codelets(&self) -> usize {
        self.inner.program.len()
    }

    /// The engine that each codelet belongs to, in the order of their spawns. Another one runs it if that one does not come. If
    /// engines turn out to have more to do than others for their speed, or to be slower, replays share the codelets out anew, and these change.
    pub fn owners(&self) -> Vec<usize> {
        let owners = self.inner.owners();
        owners.iter().map(|owner| usize::from(owner.xe)).collect()
    }

    /// What was decided about it and what it was decided from, as text: engines, codelets and what they use, then the order of each
    /// engine's codelets and who waits for whom. `sprat_sim::decide_again` makes the same decisions from it, with equal bytes.
    pub fn decisions(&self) -> String {
        self.inner.decisions()
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
    /// Parts and tiles of blocks are ordered as anywhere, and cost a replay no more than blocks. A
    /// [reduction](crate::Block::reduce) is put together in the order that it has outside of graphs, by a codelet of the runtime's
    /// own with the name `reduction`, which is one of the graph's; it ends with the round at the latest.
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
    /// inside, events that are not ends of codelets of the graph, `destroy`, weak and repeatable codelets, and codelets
    /// outside of the graph; and the kinds that a spawn would fail with.
    ///
    /// # Panics
    /// If `body` panics, with its panic.
    pub fn record<'g, F>(&self, body: F) -> Result<Graph<'g>>
    where
        F: FnOnce(&Scope<'g>) -> Result<()>,
    {
        self.record_by(Recorder::new(0), body)
    }

    /// Like [`record`](Runtime::record), for a graph whose rounds get an argument each: a small number, a time, a place in a
    /// table. Those codelets that declare it, among their accesses, get a copy. It is given to
    /// [`replay_with`](Runtime::replay_with).
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// use sprat::{Param, Runtime};
    ///
    /// let rt = Runtime::new()?;
    /// let sum = rt.block::<f64>(1)?;
    /// let graph = rt.record_with(|s, time: Param<f64>| {
    ///     s.codelet("add").spawn((time, sum.read_write()), |_, (time, sum)| sum[0] += time);
    ///     Ok(())
    /// })?;
    /// rt.replay_with(&graph, 4, |round| 0.5 * round as f64)?;
    /// assert_eq!(rt.read(sum, |sum| sum[0])?, 0.0 + 0.5 + 1.0 + 1.5);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The compiler sees to it that what is passed is what the codelets take, and that no round goes without:
    ///
    /// ```compile_fail,E0308
    /// # fn main() -> sprat::Result<()> {
    /// # let rt = sprat::Runtime::new()?;
    /// let graph = rt.record_with(|s, step: sprat::Param<u32>| {
    ///     s.spawn(step, |_, step| println!("{step}"));
    ///     Ok(())
    /// })?;
    /// rt.replay(&graph, 10)
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`record`](Runtime::record). An argument in another recording than its own is
    /// [`ErrorKind::Foreign`](crate::ErrorKind::Foreign); in a codelet that is run and not recorded the codelet fails with
    /// [`ErrorKind::Graph`](crate::ErrorKind::Graph).
    ///
    /// # Panics
    /// If `body` panics, with its panic.
    pub fn record_with<'g, Q: Copy + Send + Sync + 'static, F>(
        &self,
        body: F,
    ) -> Result<Graph<'g, Q>>
    where
        F: FnOnce(&Scope<'g>, Param<Q>) -> Result<()>,
    {
        let recorder = Recorder::new(size_of::<Q>());
        let param = Param::new(recorder.number());
        self.record_by(recorder, |s| body(s, param))
    }

    /// Like [`record_with`](Runtime::record_with), for interfaces of other languages: arguments are so many bytes, and `body` is told
    /// the number by which [`AnyAccess::argument`](crate::AnyAccess::argument) names them. They are given to
    /// [`replay_any`](Runtime::replay_any).
    ///
    /// # Errors
    /// As [`record_with`](Runtime::record_with).
    ///
    /// # Panics
    /// If `body` panics, with its panic.
    pub fn record_any<'g, F>(&self, bytes: usize, body: F) -> Result<Graph<'g, AnyArgument>>
    where
        F: FnOnce(&Scope<'g>, u64) -> Result<()>,
    {
        let recorder = Recorder::new(bytes);
        let number = recorder.number();
        self.record_by(recorder, |s| body(s, number))
    }

    /// The caller says truly which type the argument of this recording has.
    fn record_by<'g, Q>(
        &self,
        recorder: Recorder,
        body: impl FnOnce(&Scope<'g>) -> Result<()>,
    ) -> Result<Graph<'g, Q>> {
        self.finish(|s: &Scope<'g>| {
            let _records = Records::begin(s, &recorder);
            body(s)
        })?;
        let argument = recorder.argument();
        let recording = recorder.finish()?;
        Ok(Graph {
            argument,
            inner: Compiled::new(self.shared(), recording),
            shared: Arc::downgrade(&self.shared().hold()),
            marker: PhantomData,
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
