//! The dependences of a flow, ready made, and their counters: what its rivals run.

use crate::flow::{Flow, State, Target};
use std::sync::atomic::{AtomicU32, Ordering};

const NONE: u32 = u32::MAX;

/// The dependences of a flow: each task's successors, and how many predecessors it has.
pub(crate) struct Graph {
    starts: Vec<u32>,
    successors: Vec<u32>,
    predecessors: Vec<u32>,
    /// Those that wait for nobody.
    pub(crate) sources: Vec<u32>,
}

impl Graph {
    pub(crate) fn new(flow: &Flow) -> Self {
        let mut edges = Vec::new();
        // Of each cell: who wrote it last, and who has read it since.
        let mut cells: Vec<(u32, Vec<u32>)> = vec![(NONE, Vec::new()); flow.cells];
        for (number, task) in flow.tasks.iter().enumerate() {
            let number = number as u32;
            for &cell in flow.reads_of(task) {
                let (writer, readers) = &mut cells[cell as usize];
                if *writer != NONE {
                    edges.push((*writer, number));
                }
                readers.push(number);
            }
            let (Target::Write(to) | Target::ReadWrite(to)) = task.target else {
                continue;
            };
            let (writer, readers) = &mut cells[to as usize];
            if readers.is_empty() && *writer != NONE {
                edges.push((*writer, number));
            }
            edges.extend(readers.drain(..).map(|reader| (reader, number)));
            *writer = number;
        }
        let mut predecessors = vec![0; flow.len()];
        let mut starts = vec![0; flow.len() + 1];
        for &(from, to) in &edges {
            starts[from as usize + 1] += 1;
            predecessors[to as usize] += 1;
        }
        (1..starts.len()).for_each(|at| starts[at] += starts[at - 1]);
        let mut free = starts.clone();
        let mut successors = vec![0; edges.len()];
        for &(from, to) in &edges {
            successors[free[from as usize] as usize] = to;
            free[from as usize] += 1;
        }
        let is_source = |&task: &u32| predecessors[task as usize] == 0;
        Graph {
            sources: (0..flow.len() as u32).filter(is_source).collect(),
            starts,
            successors,
            predecessors,
        }
    }
}

/// One run of a graph.
pub(crate) struct Run<'a> {
    flow: &'a Flow,
    graph: &'a Graph,
    state: &'a State,
    missing: Vec<AtomicU32>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(flow: &'a Flow, graph: &'a Graph, state: &'a State) -> Self {
        let missing = graph
            .predecessors
            .iter()
            .map(|&count| AtomicU32::new(count));
        Run {
            flow,
            graph,
            state,
            missing: missing.collect(),
        }
    }

    /// Runs a task and counts down its successors; gives one that became ready, and the others to `post`.
    #[inline]
    pub(crate) fn settle(&self, task: u32, mut post: impl FnMut(u32)) -> Option<u32> {
        self.state.run(self.flow, task as usize);
        let mut next = None;
        let (from, to) = (
            self.graph.starts[task as usize],
            self.graph.starts[task as usize + 1],
        );
        for &successor in &self.graph.successors[from as usize..to as usize] {
            if self.missing[successor as usize].fetch_sub(1, Ordering::AcqRel) == 1
                && let Some(ready) = next.replace(successor)
            {
                post(ready);
            }
        }
        next
    }

    pub(crate) fn on_rayon<'s>(&'s self, s: &rayon::Scope<'s>, mut task: u32) {
        while let Some(next) = self.settle(task, |ready| s.spawn(move |s| self.on_rayon(s, ready)))
        {
            task = next;
        }
    }
}
