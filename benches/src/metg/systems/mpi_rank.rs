//! What a rank of MPI does: columns are dealt out as for `spmd`; an output goes once to each other rank that has a task
//! which depends on it, and is received just before the first of these.

use super::spmd::{orders, owner};
use crate::metg::case::{Case, Output, POISON};
use crate::metg::lattice::Lattice;
use crate::metg::pattern::Pattern;
use crate::metg::work::{KERNELS, Kernel, Work};
use crate::rivals::mpi::Rank;
use crate::team::pin;
use crate::{Error, Result};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Instant;

/// A rank's tasks in its order, with what it receives before each, and to whom it sends afterwards.
#[derive(Debug, Default, PartialEq, Eq)]
struct Order {
    turns: Vec<Turn>,
}

#[derive(Debug, PartialEq, Eq)]
struct Turn {
    /// Tasks, and whose.
    receives: Vec<(u32, usize)>,
    task: u32,
    sends: Vec<usize>,
}

/// The order of one of the ranks.
fn order(lattice: &Lattice, me: usize, ranks: usize) -> Order {
    let owner = |task: u32| owner(task as usize % lattice.width, lattice.width, ranks);
    let mut is_here = vec![false; lattice.numbers()];
    let turn = |&task: &u32| {
        let before = lattice.before(task as usize).iter();
        let foreign = before.filter(|&&from| owner(from) != me);
        let new = foreign.filter(|&&from| !std::mem::replace(&mut is_here[from as usize], true));
        let receives = new.map(|&from| (from, owner(from))).collect();
        let after = lattice.after(task as usize).iter();
        let mut sends: Vec<usize> = after.map(|&to| owner(to)).filter(|&to| to != me).collect();
        sends.sort_unstable();
        sends.dedup();
        Turn {
            receives,
            task,
            sends,
        }
    };
    Order {
        turns: orders(lattice, ranks)[me].iter().map(turn).collect(),
    }
}

/// Runs the tasks of an order.
fn run(rank: &Rank, case: &Case, order: &Order, kept: &mut [Output]) {
    let width = case.lattice.width;
    for turn in &order.turns {
        for &(from, owner) in &turn.receives {
            // Messages with the same tag stay in order, and a column's outputs are sent and received step by step.
            rank.receive(&mut kept[from as usize], owner, from as usize % width);
        }
        let task = turn.task as usize;
        let inputs = case.lattice.before(task).iter();
        let output = case.compute(task, inputs.map(|&from| kept[from as usize]));
        kept[task] = output;
        for &to in &turn.sends {
            rank.send(&output, to, task % width);
        }
    }
}

/// Is a rank: does what is said at the socket until it is closed, on that of the processors which is the rank's.
///
/// # Errors
/// If the socket cannot be used.
pub fn serve(socket: &Path, cpus: &[u32]) -> Result<()> {
    let rank = Rank::start();
    pin(cpus[rank.me]);
    let mut reader = BufReader::new(UnixStream::connect(socket)?);
    writeln!(reader.get_mut(), "{}", rank.me)?;
    let mut lattice = None;
    let mut line = String::new();
    while reader.read_line(&mut line)? > 0 {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["graph", pattern, width, steps] => {
                let pattern = Pattern::named(pattern);
                let pattern = pattern.ok_or_else(|| Error::msg("no such pattern"))?;
                let made = Lattice::new(pattern, number(width)?, number(steps)?);
                let order = order(&made, rank.me, rank.ranks);
                lattice = Some((made, order));
            }
            ["run", kernel, iterations] => {
                let kernel = KERNELS.iter().find(|it| it.1 == kernel);
                let (kernel, _) = *kernel.ok_or_else(|| Error::msg("no such kernel"))?;
                let (lattice, order) = lattice.as_ref().expect("prepared before it is run");
                let work = Work::new(kernel, number(iterations)? as u32);
                let told = timed(&rank, lattice, order, (kernel, work));
                let told = told.unwrap_or_else(|why| why.to_string());
                writeln!(reader.get_mut(), "{told}")?;
            }
            _ => return Err(Error::msg(format!("no such command: {line}"))),
        }
        line.clear();
    }
    Ok(())
}

fn number(word: &str) -> Result<usize> {
    word.parse()
        .map_err(|why| Error::msg(format!("{word} is no number: {why}")))
}

/// One run: the nanoseconds from when all were here until all were done, and how many tasks this rank has run.
fn timed(
    rank: &Rank,
    lattice: &Lattice,
    order: &Order,
    (kernel, work): (Kernel, Work),
) -> Result<String> {
    let mut case = Case::new(lattice, kernel);
    case.reset(work);
    let mut kept = vec![POISON; lattice.numbers()];
    rank.barrier();
    let begin = Instant::now();
    run(rank, &case, order, &mut kept);
    rank.barrier();
    let time = begin.elapsed().as_nanos();
    case.check_inputs()?;
    for turn in &order.turns {
        case.check_output(turn.task as usize, kept[turn.task as usize])?;
    }
    Ok(format!("{time} {}", case.ran()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_travels_once_to_each_rank_that_awaits_it() {
        let lattice = Lattice::new(Pattern::Stencil1d, 4, 2);
        let turn = |receives: &[(u32, usize)], task, sends: &[usize]| Turn {
            receives: receives.to_vec(),
            task,
            sends: sends.to_vec(),
        };
        // Column 1 is awaited by column 2 of the other rank, and goes first.
        assert_eq!(
            order(&lattice, 0, 2).turns,
            [
                turn(&[], 1, &[1]),
                turn(&[], 0, &[]),
                turn(&[], 4, &[]),
                turn(&[(2, 1)], 5, &[]),
            ]
        );
    }

    #[test]
    fn what_is_sent_is_received_for_all_patterns() {
        for (pattern, name, _) in crate::metg::pattern::PATTERNS {
            let lattice = Lattice::new(pattern, 8, 12);
            let orders: Vec<Order> = (0..3).map(|me| order(&lattice, me, 3)).collect();
            let mut sent = Vec::new();
            let mut received = Vec::new();
            for (me, order) in orders.iter().enumerate() {
                for turn in &order.turns {
                    sent.extend(turn.sends.iter().map(|&to| (turn.task, me, to)));
                    let from = turn.receives.iter();
                    received.extend(from.map(|&(task, from)| (task, from, me)));
                }
            }
            sent.sort_unstable();
            received.sort_unstable();
            assert_eq!(sent, received, "{name}");
        }
    }
}
