//! The longest chain as the page has it: whole. If it has too many members each stretch of it stands for several, and no moment is left
//! out.

use crate::interval::Interval;
use crate::run::{Run, Sort, Task};

/// Some members of the chain, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    /// From the start of the first to the end of the last.
    pub(super) span: Interval,
    /// The kind of the longest.
    pub(super) kind: u16,
    /// Who ran that.
    pub(super) stream: u32,
}

/// The chain of these members in at most so many stretches.
pub(super) fn critical(run: &Run, members: &[u32], most: usize) -> Vec<Stretch> {
    let tasks = members.iter().map(|&at| &run.tasks[at as usize]);
    let tasks: Vec<&Task> = tasks.filter(|task| task.sort != Sort::Replay).collect();
    let (Some(first), Some(last)) = (tasks.first(), tasks.last()) else {
        return Vec::new();
    };
    let each = match tasks.len() <= most {
        true => 0,
        // So that there are no more than that; and one that is cut short at the end.
        false => last.end.saturating_sub(first.start) / (most.max(2) as u64 - 1) + 1,
    };
    let mut stretches: Vec<Stretch> = Vec::new();
    let mut longest = 0;
    for task in tasks {
        match stretches.last_mut() {
            Some(stretch) if stretch.span.length() < each => {
                stretch.span.end = stretch.span.end.max(task.end);
                if task.length() > longest {
                    longest = task.length();
                    (stretch.kind, stretch.stream) = (task.kind, task.stream);
                }
            }
            _ => {
                longest = task.length();
                stretches.push(Stretch {
                    span: task.interval(),
                    kind: task.kind,
                    stream: task.stream,
                });
            }
        }
    }
    stretches
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many tasks of ten, with a pause of five between them; each third on another engine, and of another kind, and longer.
    fn run(count: u64) -> Run {
        let task = |at: u64| Task {
            start: at * 15,
            end: at * 15 + if at.is_multiple_of(3) { 12 } else { 10 },
            kind: u16::from(at.is_multiple_of(3)),
            stream: u32::from(at.is_multiple_of(3)),
            ..Task::default()
        };
        Run {
            tasks: (0..count).map(task).collect(),
            ..Run::default()
        }
    }

    #[test]
    fn a_chain_that_is_not_too_long_is_told_member_by_member() {
        let run = run(100);
        let members: Vec<u32> = (0..100).collect();
        let chain = critical(&run, &members, 100);
        assert_eq!(chain.len(), 100);
        assert_eq!(chain[3].span, run.tasks[3].interval());
        assert!(critical(&run, &[], 100).is_empty());
    }

    #[test]
    fn no_moment_of_a_long_chain_is_left_out() {
        let run = run(10_000);
        let members: Vec<u32> = (0..10_000).collect();
        for most in [2, 10, 333, 9_999] {
            let chain = critical(&run, &members, most);
            assert!(chain.len() <= most, "{} of {most}", chain.len());
            assert!(
                chain.len() * 2 + 1 >= most.min(5_000),
                "{} of {most}",
                chain.len()
            );
            // Each task lies in a stretch, and stretches come one after the other.
            let mut at = 0;
            for task in &run.tasks {
                while chain[at].span.end < task.end {
                    at += 1;
                }
                assert!(
                    chain[at].span.start <= task.start,
                    "{task:?}: {:?}",
                    chain[at]
                );
            }
            let in_order = |pair: &[Stretch]| pair[0].span.end <= pair[1].span.start;
            assert!(chain.windows(2).all(in_order));
            // What is longest stands for the others.
            let many = chain.iter().filter(|one| one.span.length() > 60);
            assert!(many.clone().all(|one| (one.kind, one.stream) == (1, 1)));
        }
    }
}
