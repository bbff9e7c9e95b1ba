//! A report for the terminal.

use crate::analyse::{Analysis, REASONS};
use crate::units::{bytes, count, share, time, utc};
use std::fmt::Write;

/// The report.
pub fn text(analysis: &Analysis) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write(&mut out, analysis);
    out
}

fn write(out: &mut String, a: &Analysis) -> std::fmt::Result {
    let about = |key: &str| a.about.get(key).map_or("?", |value| value);
    writeln!(
        out,
        "{} {}: {} codelets on {} engines in {} (trace of {})",
        about("program"),
        about("arguments"),
        count(a.codelets),
        a.xes,
        time(a.in_scopes_ns as f64),
        time(a.wall_ns as f64)
    )?;
    let started = about("started").parse().unwrap_or(0);
    writeln!(out, "date: {}", utc(started))?;
    writeln!(out, "machine: {}", about("machine"))?;
    let places = (0..a.xes).map(|xe| format!("{xe}: {}", about(&format!("xe {xe}"))));
    let places: Vec<String> = places.collect();
    let planned = if about("pinned") == "no" {
        "not pinned, planned as "
    } else {
        ""
    };
    writeln!(out, "engines: {planned}{}", places.join("; "))?;
    writeln!(
        out,
        "control engines: {} ({})",
        about("ce mode"),
        about("ce reason")
    )?;
    writeln!(out, "version: {}", about("version"))?;
    writeln!(out, "\nFindings")?;
    for (finding, number) in a.findings.iter().zip(1..) {
        writeln!(out, " {number}. {}.", finding.text)?;
        writeln!(out, "    Next: {}.", finding.next)?;
    }
    engines(out, a)?;
    writeln!(
        out,
        "\nBounds: {} by work, {} by path; it took {}",
        time(a.bounds.by_work_ns as f64),
        time(a.bounds.by_path_ns as f64),
        time(a.bounds.took_ns as f64)
    )?;
    writeln!(out, "\nKinds")?;
    writeln!(
        out,
        " {:<24} {:>12} {:>10} {:>10} {:>10} {:>10} {:>10}  spawned at",
        "name", "count", "total", "median", "p99", "queued", "if free"
    )?;
    for row in &a.kinds {
        let free = a.free.iter().find(|free| free.kind == row.kind);
        writeln!(
            out,
            " {:<24} {:>12} {:>10} {:>10} {:>10} {:>10} {:>10}  {}",
            row.name,
            count(row.count),
            time(row.total_ns as f64),
            time(row.median_ns as f64),
            time(row.p99_ns as f64),
            time(row.queued_ns as f64 / row.count.max(1) as f64),
            free.map_or(String::new(), |free| time(free.takes_ns as f64)),
            row.place
        )?;
    }
    waits(out, a)?;
    memory(out, a)?;
    if !a.blocks.is_empty() {
        writeln!(out, "\nBlocks that were used most")?;
        for row in a.blocks.iter().take(8) {
            writeln!(
                out,
                " {:<24} {:>12} times, {} read, {} written, {} of both from another region",
                row.name,
                count(row.times),
                bytes(row.read_bytes as f64),
                bytes(row.written_bytes as f64),
                bytes(row.remote_bytes as f64)
            )?;
        }
    }
    moves(out, a)?;
    users(out, a)?;
    for flaw in &a.flaws {
        writeln!(out, "\nnote: {flaw}")?;
    }
    Ok(())
}

/// Each engine's time.
fn engines(out: &mut String, a: &Analysis) -> std::fmt::Result {
    writeln!(
        out,
        "\nEngines (shares of the time in which scopes were open; from `for others` on they had nothing to run, and waited for that)"
    )?;
    let heads = [
        "running",
        "runtime",
        "spawning",
        "for others",
        "for data",
        "for the CE",
        "nothing",
        "(asleep)",
    ];
    write!(out, " {:>4}", "xe")?;
    for head in heads {
        write!(out, " {head:>10}")?;
    }
    writeln!(out)?;
    for split in &a.engines {
        let why = &split.why;
        let parts = [
            split.running,
            split.runtime,
            split.body,
            why.dependences,
            why.data,
            why.ready_elsewhere,
            why.nothing,
            split.parked,
        ];
        write!(out, " {:>4}", split.xe)?;
        for part in parts {
            write!(
                out,
                " {:>10}",
                share(part as f64 / split.total().max(1) as f64)
            )?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// How long codelets waited, by kinds and reasons.
fn waits(out: &mut String, a: &Analysis) -> std::fmt::Result {
    writeln!(out, "\nWaits of one codelet, on average, by reasons")?;
    write!(out, " {:<24}", "name")?;
    for reason in REASONS {
        write!(out, " {reason:>12}")?;
    }
    writeln!(out)?;
    for row in &a.kinds {
        write!(out, " {:<24}", row.name)?;
        for wait in row.waits.each() {
            write!(out, " {:>12}", time(wait as f64 / row.count.max(1) as f64))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn memory(out: &mut String, a: &Analysis) -> std::fmt::Result {
    if a.memory.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nMemory regions")?;
    for row in &a.memory {
        writeln!(
            out,
            " {:>3} {:>10} blocks of {}, {} read, {} written, {} of both from another region",
            region(row.region),
            count(row.blocks),
            bytes(row.bytes as f64),
            bytes(row.read_bytes as f64),
            bytes(row.written_bytes as f64),
            bytes(row.remote_bytes as f64)
        )?;
    }
    Ok(())
}

fn region(region: u16) -> String {
    match region {
        u16::MAX => "?".to_owned(),
        region => region.to_string(),
    }
}

fn moves(out: &mut String, a: &Analysis) -> std::fmt::Result {
    if a.moves.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nBlocks that moved between regions")?;
    for row in &a.moves {
        writeln!(
            out,
            " {:>3} to {:<3} {:>10} moved with {}, {} copied with {}",
            region(row.from),
            region(row.to),
            count(row.moved),
            bytes(row.moved_bytes as f64),
            count(row.copied),
            bytes(row.copied_bytes as f64)
        )?;
    }
    Ok(())
}

/// What the program's user has added to its trace.
fn users(out: &mut String, a: &Analysis) -> std::fmt::Result {
    if !a.counters.is_empty() {
        writeln!(out, "\nCounters")?;
    }
    for row in &a.counters {
        writeln!(
            out,
            " {:<24} {:>12} values from {} to {}, {:.6} on average, {} at last",
            row.name,
            count(row.samples),
            row.least,
            row.most,
            row.mean,
            row.last
        )?;
    }
    if !a.spans.is_empty() {
        writeln!(out, "\nSpans")?;
    }
    for row in &a.spans {
        writeln!(
            out,
            " {:<24} {:>12} times, {} in all, {} at the median, {} at most",
            row.name,
            count(row.count),
            time(row.total_ns as f64),
            time(row.median_ns as f64),
            time(row.max_ns as f64)
        )?;
    }
    Ok(())
}
