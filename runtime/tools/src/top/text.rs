//! A page as text: the program, its engines, memory, replays, and who waits.

use super::about;
use crate::units::{bytes, count, share, time};
use sprat::page::{Doing, Engine, Page, Replay, Still};
use std::fmt::Write;

/// From how long on a body is told of as one that may hang.
const LONG: u64 = 1_000_000_000;

/// How many codelets are named that wait.
const NAMED: usize = 12;

/// What a program shows now, compared with what it showed before.
pub fn text(page: &Page, before: Option<&Page>, alive: bool) -> String {
    let mut out = String::new();
    let before = before.filter(|before| before.time_ns < page.time_ns);
    // Writing to a string does not fail.
    let _ = head(&mut out, page, alive);
    let _ = rates(&mut out, page, before);
    let _ = engines(&mut out, page, before);
    let _ = regions(&mut out, page);
    for replay in &page.replays {
        let _ = progress(&mut out, replay, alive);
    }
    let _ = waits(&mut out, page);
    out
}

/// One line for a list of programs.
pub fn line(page: &Page, alive: bool) -> String {
    let busy = page.engines.iter().filter(|xe| is_busy(xe)).count();
    let state = match (alive, page.open_scopes, &page.still) {
        (false, _, _) => "died".to_owned(),
        (true, _, _) if page.suspended != 0 => "suspended".to_owned(),
        (true, 0, _) => "between scopes".to_owned(),
        (true, _, Some(_)) => "nothing moves".to_owned(),
        (true, _, None) => format!("{busy} of {} engines busy", page.engines.len()),
    };
    format!(
        "{:>8}  {:>9}  {:<24} {} {}\n",
        about(page, "process"),
        time(page.time_ns as f64),
        state,
        about(page, "program"),
        about(page, "arguments"),
    )
}

/// Of all engines. No number on a page can be relied upon.
fn sum(page: &Page, of: impl Fn(&Engine) -> u64) -> u64 {
    page.engines.iter().map(of).fold(0, u64::saturating_add)
}

fn is_busy(xe: &Engine) -> bool {
    matches!(xe.doing, Doing::Runs | Doing::Hosts)
}

fn head(out: &mut String, page: &Page, alive: bool) -> std::fmt::Result {
    let (program, arguments) = (about(page, "program"), about(page, "arguments"));
    let process = about(page, "process");
    writeln!(
        out,
        "{program} {arguments} (process {process}), {} after its start",
        time(page.time_ns as f64)
    )?;
    if !alive {
        writeln!(out, "THE PROGRAM DIED; this is the last that it did.")?;
    }
    writeln!(
        out,
        "{}; control engines {}",
        about(page, "machine"),
        about(page, "ce mode")
    )?;
    if page.suspended != 0 {
        writeln!(out, "SUSPENDED: no codelet begins until `resume`.")?;
    }
    let (open, all) = (page.open_xes, page.engines.len());
    if open < all as u64 {
        writeln!(
            out,
            "{open} of {all} engines may work, as `set_xes` said last."
        )?;
    }
    Ok(())
}

fn rates(out: &mut String, page: &Page, before: Option<&Page>) -> std::fmt::Result {
    let begun = |page: &Page| sum(page, |xe| xe.begun);
    write!(
        out,
        "{} open, {} live, {} begun",
        plural(page.open_scopes, "scope"),
        plural(page.live_codelets, "codelet"),
        count(begun(page))
    )?;
    let failed: [u64; 2] = [
        sum(page, |xe| xe.counts.skipped),
        sum(page, |xe| xe.counts.cancelled),
    ];
    for (number, what) in failed.into_iter().zip(["skipped", "cancelled"]) {
        if number > 0 {
            write!(out, ", {} {what}", count(number))?;
        }
    }
    if let Some(before) = before {
        let seconds = (page.time_ns - before.time_ns) as f64 / 1e9;
        let rate = begun(page).saturating_sub(begun(before)) as f64 / seconds;
        write!(out, ", {} a second", count(rate as u64))?;
        // What is still to be spawned is in nobody's count: so this is told only while there are fewer and fewer.
        let fell = before.live_codelets.saturating_sub(page.live_codelets);
        let spawns = page.engines.iter().any(|xe| xe.doing == Doing::Hosts);
        if fell > 0 && page.replays.is_empty() && page.open_scopes > 0 && !spawns {
            let left = page.live_codelets as f64 / fell as f64 * seconds * 1e9;
            write!(out, "; at that pace all have ended in {}", time(left))?;
        }
    }
    writeln!(out)
}

fn engines(out: &mut String, page: &Page, before: Option<&Page>) -> std::fmt::Result {
    writeln!(
        out,
        "\n{:>4} {:>4} {:>6} {:>5} {:>7} {:>12} {:>10} {:>9}  now",
        "XE", "cpu", "region", "busy", "queued", "begun", "a second", "stolen"
    )?;
    for (number, xe) in page.engines.iter().enumerate() {
        let last = before.and_then(|before| Some((before, before.engines.get(number)?)));
        let (busy, rate) = match last {
            Some((before, last)) => {
                let looks = xe.looks.0.saturating_sub(last.looks.0);
                let found = xe.looks.1.saturating_sub(last.looks.1);
                let seconds = (page.time_ns - before.time_ns) as f64 / 1e9;
                let rate = xe.begun.saturating_sub(last.begun) as f64 / seconds;
                (found as f64 / looks.max(1) as f64, count(rate as u64))
            }
            None => (xe.looks.1 as f64 / xe.looks.0.max(1) as f64, "-".to_owned()),
        };
        writeln!(
            out,
            "{number:>4} {:>4} {:>6} {:>5} {:>7} {:>12} {rate:>10} {:>9}  {}",
            xe.cpu,
            xe.region,
            share(busy),
            count(xe.queued),
            count(xe.begun),
            count(xe.counts.stolen),
            doing(xe, page.suspended != 0)
        )?;
    }
    for (number, ce) in page.controls.iter().enumerate() {
        let ran = count(ce.counts.rounds);
        write!(out, "  CE {number}: its routine ran {ran} times")?;
        if ce.queued > 0 {
            write!(out, ", {} came from outside and wait", count(ce.queued))?;
        }
        if ce.silent_ns > LONG {
            let silent = time(ce.silent_ns as f64);
            write!(out, "; it was asked {silent} ago and has not answered")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn doing(xe: &Engine, suspended: bool) -> String {
    let long = match xe.for_ns > LONG {
        true => format!(", for {}", time(xe.for_ns as f64)),
        false => String::new(),
    };
    match xe.doing {
        Doing::Sleeps => format!("sleeps{long}"),
        Doing::Looks | Doing::WaitsInReplay if suspended => format!("waits for `resume`{long}"),
        Doing::Looks => format!("looks for work{long}"),
        Doing::WaitsInReplay => format!("waits for other lanes of a replay{long}"),
        Doing::Hosts => format!("the body of a scope{long}"),
        Doing::Runs if long.is_empty() => format!("`{}`", xe.name),
        // Somebody will want to know which one that is.
        Doing::Runs => format!("`{}`{long}, spawned at {}", xe.name, xe.spawned_at),
    }
}

fn regions(out: &mut String, page: &Page) -> std::fmt::Result {
    writeln!(out)?;
    let last = page.regions.len().saturating_sub(1);
    for (number, region) in page.regions.iter().enumerate() {
        let name = match number == last {
            true if region.mapped_bytes == 0 => continue,
            true => "interleaved".to_owned(),
            false => format!("region {number}"),
        };
        writeln!(
            out,
            "  {name}: {}, {}; the pool has {} out, {} to recycle, {} mapped",
            plural(region.blocks, "block"),
            bytes(region.block_bytes as f64),
            bytes(region.in_use_bytes as f64),
            bytes(region.recycled_bytes as f64),
            bytes(region.mapped_bytes as f64)
        )?;
    }
    let moves = &page.moves;
    if moves.moved > 0 || moves.copied > 0 || moves.refused > 0 {
        writeln!(
            out,
            "  moved: {} ({}); copied: {} ({}), which take {} now; refused: {}",
            count(moves.moved),
            bytes(moves.moved_bytes as f64),
            count(moves.copied),
            bytes(moves.copied_bytes as f64),
            bytes(moves.replica_bytes as f64),
            count(moves.refused)
        )?;
    }
    Ok(())
}

/// How long a replay will still take, in nanoseconds, if its rounds go on as they did.
pub fn left_ns(replay: &Replay) -> Option<f64> {
    // The highest round has begun and is not over.
    let done = replay.round.saturating_sub(1);
    let left = replay.rounds.checked_sub(done).filter(|_| done > 0)?;
    Some(replay.for_ns as f64 / done as f64 * left as f64)
}

fn progress(out: &mut String, replay: &Replay, alive: bool) -> std::fmt::Result {
    let (at, codelets) = (&replay.called_at, plural(replay.codelets, "codelet"));
    write!(out, "\n  replay of {codelets}, called at {at}:\n    ")?;
    let since = time(replay.for_ns as f64);
    if replay.round == 0 && replay.rounds > 0 {
        return writeln!(out, "waits for its blocks, for {since}");
    }
    let round = count(replay.before.saturating_add(replay.round));
    if replay.rounds == 0 {
        return writeln!(out, "round {round}, until the program is content");
    }
    let part = replay.round.saturating_sub(1) as f64 / replay.rounds as f64;
    let full = (part.min(1.0) * 30.0) as usize;
    let bar = ["#".repeat(full), ".".repeat(30 - full)].concat();
    let rounds = count(replay.rounds);
    write!(out, "[{bar}] round {round} of {rounds} after {since}")?;
    match left_ns(replay).filter(|_| alive) {
        Some(left) => writeln!(out, ", about {} left", time(left)),
        None => writeln!(out),
    }
}

fn waits(out: &mut String, page: &Page) -> std::fmt::Result {
    let busy = page.engines.iter().any(|xe| xe.doing != Doing::Sleeps);
    let Some(still) = &page.still else {
        let long = page
            .engines
            .iter()
            .filter(|xe| xe.doing == Doing::Runs && xe.for_ns > LONG);
        let (long, others) = (long.count() as u64, page.live_codelets);
        return match busy && long > 0 && others > long {
            true => writeln!(
                out,
                "\n  {} for more than a second. Who waits for that is told when nothing moves any more.",
                match long {
                    1 => "One engine has run the same body".to_owned(),
                    more => format!("{more} engines have run the same bodies"),
                }
            ),
            false => Ok(()),
        };
    };
    told(out, still)
}

fn told(out: &mut String, still: &Still) -> std::fmt::Result {
    let since = time(still.for_ns as f64);
    writeln!(
        out,
        "\n  NOTHING MOVES, for {since}. {} wait:",
        plural(still.count, "codelet")
    )?;
    for one in still.waiting.iter().take(NAMED) {
        writeln!(
            out,
            "    `{}`, spawned at {}, waits for {}",
            one.name,
            one.spawned_at,
            one.waits_for.join("; for ")
        )?;
    }
    match still
        .count
        .saturating_sub(still.waiting.len().min(NAMED) as u64)
    {
        0 => Ok(()),
        more => writeln!(out, "    and {}", plural(more, "more")),
    }
}

/// `1 codelet`, `7 codelets`.
fn plural(number: u64, what: &str) -> String {
    match (number, what) {
        (1, _) | (_, "more") => format!("{} {what}", count(number)),
        _ => format!("{} {what}s", count(number)),
    }
}

#[cfg(test)]
mod tests;
