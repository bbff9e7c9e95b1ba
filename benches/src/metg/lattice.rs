//! The tasks of a graph with their dependences, numbered and laid out flat.

use super::pattern::Pattern;
use crate::dag::Dag;
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
    /// The tasks. Their numbers are `step * width + column`; where rows are narrow, some are left out.
    pub dag: Dag,
}

impl Lattice {
    /// Spreads a pattern out.
    pub fn new(pattern: Pattern, width: usize, steps: usize) -> Self {
        let rows: Vec<_> = (0..steps)
            .map(|step| pattern.row(width, steps, step))
            .collect();
        let mut before = vec![Vec::new(); width * steps];
        for step in 1..steps {
            let set = pattern.set(width, step);
            for column in rows[step].clone() {
                let columns = pattern.dependences(width, set, column).into_iter();
                let columns = columns.filter(|column| rows[step - 1].contains(column));
                let from = columns.map(|column| ((step - 1) * width + column) as u32);
                before[step * width + column] = from.collect();
            }
        }
        let row = |(step, row): (usize, &Range<usize>)| {
            let first = step * width;
            first + row.start..first + row.end
        };
        Lattice {
            pattern,
            width,
            steps,
            dag: Dag::new(rows.iter().enumerate().map(row), &before),
        }
    }

    /// How many tasks there are.
    pub fn tasks(&self) -> usize {
        self.dag.tasks()
    }

    /// Numbers that tasks may have, all below this.
    pub fn numbers(&self) -> usize {
        self.dag.numbers()
    }

    /// The tasks of a row.
    #[inline]
    pub fn row(&self, step: usize) -> Range<usize> {
        self.dag.rows[step].clone()
    }

    /// All tasks, row by row.
    pub fn all(&self) -> impl Iterator<Item = usize> {
        self.dag.all()
    }

    /// The tasks that this one depends on.
    #[inline]
    pub fn before(&self, task: usize) -> &[u32] {
        self.dag.before.list(task)
    }

    /// The tasks that depend on this one.
    #[inline]
    pub fn after(&self, task: usize) -> &[u32] {
        self.dag.after.list(task)
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
                assert_eq!(
                    lattice.dag.before.items.len(),
                    lattice.dag.after.items.len()
                );
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
