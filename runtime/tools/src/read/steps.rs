//! Steps of graphs: the graph says what they are called, wait for and use.

use super::Reader;
use super::hash::Map;
use super::uses::share;
use crate::run::{Access, Sort};
use sprat::trace::{GraphCodelet, GraphDef};

impl Reader {
    /// What steps are called, what they waited for, and what they used.
    pub(super) fn steps(&mut self) {
        let mut places: Map<(u32, u32, u32), u32> = Map::default();
        for (task, at) in self.run.tasks.iter().zip(0..) {
            if task.sort == Sort::Step {
                places.insert((task.graph, task.round, task.codelet), at);
            }
        }
        let graphs = std::mem::take(&mut self.run.graphs);
        let nothing = GraphDef::default();
        // Steps of one codelet on one engine between two moves use the same blocks in the same places.
        let mut uses: Map<(u32, u32, u32, usize), (u64, f32)> = Map::default();
        for at in 0..self.run.tasks.len() {
            let task = self.run.tasks[at];
            if task.sort != Sort::Step {
                continue;
            }
            let graph = graphs.get(&task.graph).unwrap_or(&nothing);
            let Some(codelet) = graph.codelets.get(task.codelet as usize) else {
                continue;
            };
            let moves = self.stays.before(task.start);
            let used = uses
                .entry((task.graph, task.codelet, task.stream, moves))
                .or_insert_with(|| {
                    let region = self.region(task.stream);
                    let sum = self.uses(codelet, moves).fold((0.0, 0.0), |sum, one| {
                        let (all, away) = one.bytes(region);
                        (sum.0 + all, sum.1 + away)
                    });
                    (0, share(sum))
                });
            used.0 += 1;
            let away = used.1;
            let own = [(task.codelet, true)];
            let latest = codelet
                .before
                .iter()
                .chain(&own)
                .filter_map(|&(before, last)| {
                    let round = task.round.checked_sub(u32::from(last))?;
                    let at = *places.get(&(task.graph, round, before))?;
                    Some((self.run.tasks[at as usize].end, at))
                });
            let latest = latest.max();
            let task = &mut self.run.tasks[at];
            (task.kind, task.away) = (codelet.kind, away);
            if let Some((end, cause)) = latest {
                (task.cause, task.ready) = (cause, end.min(task.start));
                task.spawn = task.ready;
            }
        }
        let mut uses: Vec<_> = uses.into_iter().collect();
        // The last use of a block says where it is.
        uses.sort_unstable_by_key(|((graph, codelet, stream, moves), _)| {
            (*moves, *graph, *codelet, *stream)
        });
        for ((graph, codelet, stream, moves), (times, _)) in uses {
            let codelet = &graphs[&graph].codelets[codelet as usize];
            let list: Vec<Access> = self.uses(codelet, moves).collect();
            for one in list {
                self.used(&one, codelet.kind, stream, times);
            }
        }
        self.run.graphs = graphs;
    }

    /// What a codelet of a graph used after so many moves of blocks.
    fn uses(&self, codelet: &GraphCodelet, moves: usize) -> impl Iterator<Item = Access> {
        codelet.uses.iter().map(move |one| {
            let block = (one.block, one.generation);
            Access {
                block,
                bytes: one.bytes,
                home: self.stays.home(block, moves, one.home),
                mode: one.mode,
            }
        })
    }
}
