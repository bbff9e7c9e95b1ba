//! A chain of codelets, each of which spawns its successor.

use super::{Measured, check, each};
use crate::system::{Entrant, System, replay};
use crate::tally::Tally;
use sprat::Event;
use std::hint::black_box;
use std::time::Instant;

/// Nested: a codelet ends when all that it spawned has ended, so the whole chain ends at once, backwards, when its
/// last link has run, and as many records as there are codelets live at that moment. That is part of the price of
/// this kernel, and so is the memory that they take; rayon's scope and the executor by hand keep none. Codelets of a graph
/// spawn nothing: there each waits for the end of the one before.
pub(super) fn chain(entrant: &Entrant, size: usize) -> Measured {
    let tally = &Tally::new();
    let begin = Instant::now();
    let time = match &entrant.system {
        System::Sprat(rt) => {
            rt.finish(|s| {
                s.spawn((), move |s, ()| sprat_link(s, size - 1, tally));
                Ok(())
            })?;
            begin.elapsed()
        }
        System::Replay(rt) => {
            let graph = rt.record(|s| {
                let mut last: Option<Event> = None;
                for _ in 0..size {
                    let link = s.codelet("link");
                    let link = match &last {
                        Some(last) => link.after(last),
                        None => link,
                    };
                    last = Some(link.spawn((), |_, ()| tally.add(1)).event());
                }
                Ok(())
            })?;
            replay(rt, &graph)?
        }
        System::Rayon(pool) => {
            pool.scope(|s| rayon_link(s, size, tally));
            begin.elapsed()
        }
        System::Deque(deque) => deque.run(
            size,
            |hand| hand.push(size as u64 - 1),
            |hand, left| {
                tally.add(1);
                if left > 0 {
                    // Through the queue, as a spawn is, not returned.
                    hand.push(left - 1);
                }
                None
            },
        )?,
        System::Serial => {
            (0..size).for_each(|_| black_box(tally).add(1));
            begin.elapsed()
        }
        System::Regions(_) | System::Tasks(_) => return Ok(None),
    };
    check("the number of executions", tally.total(), size as u64)?;
    each(time, size)
}

fn sprat_link<'s>(s: &sprat::Scope<'s>, left: usize, tally: &'s Tally) {
    tally.add(1);
    if left > 0 {
        s.spawn((), move |s, ()| sprat_link(s, left - 1, tally));
    }
}

/// Spawns `left` links.
fn rayon_link<'s>(s: &rayon::Scope<'s>, left: usize, tally: &'s Tally) {
    if left > 0 {
        s.spawn(move |s| {
            tally.add(1);
            rayon_link(s, left - 1, tally);
        });
    }
}
