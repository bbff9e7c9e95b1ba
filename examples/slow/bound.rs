//! Deliberately bad: all codelets insist on the first engine, and the others have nothing to run. What the first finding of the report
//! says. `SPRAT_TRACE=bound.sprat cargo run --release --bin bound`, and then `sprat report bound.sprat`.
//! Better: no `on_xe` at all, or `near(block)`, which others may overrule.

use sprat::Runtime;
use std::sync::atomic::{AtomicU64, Ordering};

fn main() -> sprat::Result<()> {
    let rt = Runtime::new()?;
    let longest = AtomicU64::new(0);
    rt.finish(|s| {
        for first in 0..1_000_u64 {
            let longest = &longest;
            s.codelet("count steps").on_xe(0).spawn((), move |_, ()| {
                let numbers = first * 300 + 1..first * 300 + 301;
                let most = numbers.map(steps).max().unwrap_or(0);
                longest.fetch_max(most, Ordering::Relaxed);
            });
        }
        Ok(())
    })?;
    println!(
        "the longest way down to 1 has {} steps",
        longest.into_inner()
    );
    Ok(())
}

/// How many steps it takes from a number to 1: half of it if it is even, else three times as much and one.
fn steps(number: u64) -> u64 {
    let next = |n: &u64| {
        (*n != 1).then(|| {
            if n.is_multiple_of(2) {
                n / 2
            } else {
                3 * n + 1
            }
        })
    };
    std::iter::successors(Some(number), next).count() as u64 - 1
}
