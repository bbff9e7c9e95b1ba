//! Programs as people read them.

use crate::program::{Level, Place, Program, Step};

/// A program as people read it: a line for each step.
impl std::fmt::Display for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "blocks of lengths {:?}", self.blocks)?;
        show(f, &self.steps, 1)
    }
}

fn show(f: &mut std::fmt::Formatter<'_>, steps: &[Step], depth: usize) -> std::fmt::Result {
    for step in steps {
        write!(f, "{:width$}", "", width = 2 * depth)?;
        match step {
            Step::Make { block, len } => writeln!(f, "b{block} = block({len})")?,
            Step::Destroy { block } => writeln!(f, "destroy(b{block})")?,
            Step::Pause => writeln!(f, "pause")?,
            Step::Event { id, holder } => writeln!(f, "e{id} = event held by {holder:?}")?,
            Step::Scope { id, steps } => {
                writeln!(f, "s{id} = scope")?;
                show(f, steps, depth + 1)?;
            }
            Step::Spawn(node) => {
                write!(f, "n{}", node.id)?;
                for (block, mode) in &node.accesses {
                    write!(f, " {mode:?}(b{block})")?;
                }
                for (what, list) in [
                    ("value n", &node.values),
                    ("unit n", &node.units),
                    ("after n", &node.after_ends),
                    ("after s", &node.after_scopes),
                    ("after e", &node.after_events),
                ] {
                    list.iter().try_for_each(|n| write!(f, " {what}{n}"))?;
                }
                if node.at_ready {
                    write!(f, " at_ready")?;
                }
                if !matches!(node.place, Place::Anywhere) {
                    write!(f, " {:?}", node.place)?;
                }
                if node.level != Level::Normal {
                    write!(f, " {:?}", node.level)?;
                }
                if let Some(wrong) = node.wrong {
                    write!(f, " wrong: {wrong:?}")?;
                }
                if !node.takes.is_empty() {
                    write!(f, " takes {:?}", node.takes)?;
                }
                if node.dawdle > 0 {
                    write!(f, " dawdles {}", node.dawdle)?;
                }
                if let Some(fail) = node.fail {
                    write!(f, " {fail:?}")?;
                }
                writeln!(f, " -> {:?}", node.kind)?;
                show(f, &node.steps, depth + 1)?;
            }
        }
    }
    Ok(())
}
