//! The tree of squares as codelets.

use std::time::{Duration, Instant};

use sprat::{Error, Result, Runtime, Scope, Value};

use super::square::{self, Square, Sum, Task};

/// Integrates over a square: looks at it, and cuts it if that is not enough. `grain` says how many levels above the
/// deepest a codelet does all the rest by itself.
///
/// A codelet never waits: it spawns its quarters, spawns one more that reads their sums, and ends. What that one returns
/// is its own value, too.
fn integrate(s: &Scope<'_>, task: Task, square: Square, grain: u32) -> Value<Sum> {
    if square.level + grain >= task.deepest {
        return s
            .codelet("leaf")
            .spawn((), move |_, ()| Ok(square::serial(&task, square)))
            .value();
    }
    s.codelet("square")
        .spawn((), move |s, ()| {
            let (sum, enough) = square.look(&task);
            if enough {
                return s.spawn_once((), |_, ()| Ok(sum)).value();
            }
            let calls = sum.calls;
            let quarters = square.quarters();
            let sums = quarters.map(|quarter| integrate(s, task, quarter, grain).read());
            s.codelet("add")
                .spawn(sums, move |_, sums| Ok(Sum::of(calls, sums)))
                .value()
        })
        .value()
}

/// Integrates over the whole square, and gives the time it took.
///
/// # Errors
/// The runtime's.
pub fn run(runtime: &Runtime, task: Task, grain: u32) -> Result<(Sum, Duration)> {
    let mut answer = None;
    let begin = Instant::now();
    runtime.finish(|s| {
        let value = integrate(s, task, Square::WHOLE, grain);
        s.spawn_once(value.read(), |_, sum| answer = Some(sum.clone()));
        Ok(())
    })?;
    let time = begin.elapsed();
    let sum = answer.ok_or_else(|| Error::msg("a codelet that ended has not run"))?;
    Ok((sum, time))
}
