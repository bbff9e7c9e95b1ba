//! Recorded graphs as users hold them.

use crate::error::{Error, ErrorKind, Result};
use crate::instead::Instead;
use crate::recorder::Recorder;
use crate::replay::{Compiled, Held, Replay};
use crate::runtime::Runtime;
use crate::scope::Scope;
use std::marker::PhantomData;
use std::panic::Location;

/// Codelets that were recorded with their dependences, to be replayed many times: see [`Runtime::record`].
pub struct Graph<'g> {
    inner: Compiled,
    /// Bodies borrow what lives for `'g`.
    marker: PhantomData<fn(&'g ()) -> &'g ()>,
}

impl std::fmt::Debug for Graph<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (codelets, blocks) = (self.inner.codelets.len(), self.inner.blocks.len());
        write!(f, "Graph({codelets} codelets, {blocks} blocks)")
    }
}

impl Graph<'_> {
    /// How many codelets it has.
    pub fn codelets(&self) -> usize {
        self.inner.codelets.len()
    }

    /// The engine that each codelet belongs to, in the order of their spawns. Another one runs it if that one does not come.
    pub fn owners(&self) -> Vec<usize> {
        let mut owners = vec![0; self.codelets()];
        for lane in &self.inner.schedule.lanes {
            for step in &lane.steps {
                owners[step.codelet as usize] = usize::from(lane.owner.xe);
            }
        }
        owners
    }
}

impl Runtime {
    /// Records what `body` spawns, without running it, as a graph that [`replay`](Runtime::replay) runs as often as one likes.
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
            marker: PhantomData,
        })
    }

    /// Runs a graph so many times.
    #[track_caller]
    pub fn replay(&self, graph: &Graph<'_>, rounds: usize) -> Result<()> {
        self.replay_from(&graph.inner, rounds, 0, Location::caller())
    }

    /// Runs a graph again and again until `done`, which is told the number of the round that has ended, from 0, says so.
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
        let _held = Held::take(graph)?;
        if rounds == 0 || graph.codelets.is_empty() {
            return Ok(());
        }
        let replay = Replay {
            graph,
            rounds,
            first,
            at,
        };
        self.finish(|s| {
            replay.spawn(s);
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
