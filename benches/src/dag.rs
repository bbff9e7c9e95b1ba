//! Tasks and what each depends on, numbered and laid out flat: what systems get that run tasks of any kind.

use std::ops::Range;

/// A graph of tasks. Each depends on tasks with lower numbers only.
#[derive(Clone, Debug)]
pub struct Dag {
    /// The tasks in program order, in rows. Numbers may be left out.
    pub rows: Vec<Range<usize>>,
    /// On which tasks each depends.
    pub before: Lists,
    /// Which tasks depend on each.
    pub after: Lists,
}

/// A list for each task, one behind the other.
#[derive(Clone, Debug)]
pub struct Lists {
    /// List `t` is `items[starts[t]..starts[t + 1]]`.
    pub starts: Vec<u32>,
    /// What is in the lists.
    pub items: Vec<u32>,
}

impl Lists {
    fn of(lists: &[Vec<u32>]) -> Self {
        let mut starts = vec![0];
        for list in lists {
            starts.push(starts[starts.len() - 1] + list.len() as u32);
        }
        Lists {
            starts,
            items: lists.concat(),
        }
    }

    /// The list of this task.
    #[inline]
    pub fn list(&self, task: usize) -> &[u32] {
        &self.items[self.starts[task] as usize..self.starts[task + 1] as usize]
    }
}

impl Dag {
    /// Tasks in rows, and on which tasks each depends: a list for each number below the greatest, also where it is left
    /// out.
    pub fn new(rows: impl IntoIterator<Item = Range<usize>>, before: &[Vec<u32>]) -> Self {
        let mut after = vec![Vec::new(); before.len()];
        for (task, before) in before.iter().enumerate() {
            for &from in before {
                after[from as usize].push(task as u32);
            }
        }
        Dag {
            rows: rows.into_iter().collect(),
            before: Lists::of(before),
            after: Lists::of(&after),
        }
    }

    /// Numbers that tasks may have, all below this.
    pub fn numbers(&self) -> usize {
        self.before.starts.len() - 1
    }

    /// How many tasks there are.
    pub fn tasks(&self) -> usize {
        self.rows.iter().map(Range::len).sum()
    }

    /// All tasks, row by row.
    pub fn all(&self) -> impl Iterator<Item = usize> {
        self.rows.iter().cloned().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::Dag;

    #[test]
    fn lists_of_both_ways() {
        let dag = Dag::new([0..2, 3..4], &[vec![], vec![0], vec![], vec![0, 1]]);
        assert_eq!((dag.tasks(), dag.numbers()), (3, 4));
        assert_eq!(dag.all().collect::<Vec<_>>(), [0, 1, 3]);
        assert_eq!(dag.before.list(3), [0, 1]);
        assert_eq!([0, 1, 2].map(|task| dag.after.list(task).len()), [2, 1, 0]);
    }
}
