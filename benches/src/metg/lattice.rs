//! The tasks of a graph with their dependences, numbered and laid out flat.

use super::pattern::Pattern;
use std::ops::Range;

/// A pattern spread out over its width and steps.
#[derive(Debug)]
pub struct Lattice {
    /// The pattern.
    pub pattern: Pattern,
    /// Tasks in the widest row.
    pub width: usize,
    /// Rows.
    pub steps: usize,
    rows: Vec<Range<usize>>,
    tasks: usize,
    before: Lists,
    after: Lists,
}

/// A list for each task, one behind the other.
#[derive(Debug)]
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

    #[inline]
    fn list(&self, task: usize) -> &[u32] {
        &self.items[self.starts[task] as usize..self.starts[task + 1] as usize]
    }
}

impl Lattice {
    /// Spreads a pattern out.
    pub fn new(pattern: Pattern, width: usize, steps: usize) -> Self {
        let rows: Vec<_> = (0..steps)
            .map(|step| pattern.row(width, steps, step))
            .collect();
        let mut before = vec![Vec::new(); width * steps];
        let mut after = vec![Vec::new(); width * steps];
        for step in 1..steps {
            let set = pattern.set(width, step);
            for column in rows[step].clone() {
                let task = step * width + column;
                let columns = pattern.dependences(width, set, column).into_iter();
                for column in columns.filter(|column| rows[step - 1].contains(column)) {
                    let from = (step - 1) * width + column;
                    before[task].push(from as u32);
                    after[from].push(task as u32);
                }
            }
        }
        Lattice {
            pattern,
            width,
            steps,
            tasks: rows.iter().map(Range::len).sum(),
            rows,
            before: Lists::of(&before),
            after: Lists::of(&after),
        }
    }

    /// How many tasks there are. Their numbers are `step * width + column`; where rows are narrow, some are left out.
    pub fn tasks(&self) -> usize {
        self.tasks
    }

    /// Numbers that tasks may have, all below this.
    pub fn numbers(&self) -> usize {
        self.width * self.steps
    }

    /// The tasks of a row.
    #[inline]
    pub fn row(&self, step: usize) -> Range<usize> {
        let row = &self.rows[step];
        step * self.width + row.start..step * self.width + row.end
    }

    /// All tasks, row by row.
    pub fn all(&self) -> impl Iterator<Item = usize> {
        (0..self.steps).flat_map(|step| self.row(step))
    }

    /// Both kinds of dependences, laid out flat: on what each task depends, and what depends on it.
    pub fn lists(&self) -> [&Lists; 2] {
        [&self.before, &self.after]
    }

    /// The tasks that this one depends on.
    #[inline]
    pub fn before(&self, task: usize) -> &[u32] {
        self.before.list(task)
    }

    /// The tasks that depend on this one.
    #[inline]
    pub fn after(&self, task: usize) -> &[u32] {
        self.after.list(task)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metg::pattern::PATTERNS;

    #[test]
    fn each_dependence_stands_in_both_lists_and_leads_one_row_back() {
        for (pattern, name, _) in PATTERNS {
            for (width, steps) in [(1, 1), (2, 9), (8, 20), (8, 3), (13, 30)] {
                let lattice = Lattice::new(pattern, width, steps);
                let all: Vec<usize> = lattice.all().collect();
                assert_eq!(all.len(), lattice.tasks(), "{name}");
                for task in lattice.all() {
                    for &from in lattice.before(task) {
                        assert_eq!(from as usize / width + 1, task / width, "{name}");
                        assert!(all.contains(&(from as usize)), "{name}: {from} is no task");
                        assert!(lattice.after(from as usize).contains(&(task as u32)));
                    }
                }
                assert_eq!(lattice.before.items.len(), lattice.after.items.len());
            }
        }
    }

    #[test]
    fn what_is_not_there_is_not_waited_for() {
        // Row 1 of the tree has two tasks, row 0 has one; the wave's last rows lose their west.
        let tree = Lattice::new(Pattern::Tree, 4, 4);
        assert_eq!(tree.tasks(), 1 + 2 + 4 + 4);
        assert_eq!(tree.before(5), [0]);
        assert_eq!(tree.after(4), [8, 9]);
        let dom = Lattice::new(Pattern::Dom, 3, 5);
        assert_eq!(dom.tasks(), 1 + 2 + 3 + 2 + 1);
        assert_eq!(dom.row(4), 14..15);
        assert_eq!(dom.before(4), [0]);
        assert_eq!(dom.before(14), [10, 11]);
        // Columns 1 and 2 of row 3, whose row before is whole.
        assert_eq!(dom.before(10), [6, 7]);
    }
}
